// What the player says in words of its own: how it ended, how a claim was tested, what a picture shows.

const DONE = ["cruise", "lane keeping", "pass", "exit", "destination", "laps"]; // tasks whose success has words
const MISSED = ["pass", "exit", "destination", "laps"]; // ... and whose failure
const MARKS = { true: "✓", false: "✗", untestable: "?" };
const RESULTS = ["false", "untestable", "true"]; // the worst first


// What a curve is held against, and a curve in words; wish: {value, own}, least: {value, time}.
function wishText(top, wish) {
  const scale = `0–${top >= 1000 ? top.toExponential(0) : String(top).replace(".", say("decimal"))}`;
  return wish ? say(wish.own ? "curve.wish" : "curve.close", { scale, wish: digits(wish.value, 1) }) : scale;
}

function valueText(value, most) {
  return value === null ? "–" : most === 6 && value >= 20 ? "≥20" : Math.abs(value) >= 1000 ? value.toExponential(0) : digits(value, 1);
}

function curveText(name, { pick, unit, most }, step, wish, least) {
  const with_ = (value) => `${valueText(value, most)} ${unit(step)}`.trim();
  const now = pick(step, 0), parts = [now === null ? say("curve.none") : say("curve.now", { value: with_(now) })];
  if (least) parts.push(say("curve.least", { value: with_(least.value), at: digits(least.time, 1) }));
  if (wish) parts.push(say(wish.own ? "curve.wished" : "curve.below", { value: with_(wish.value) }));
  return say("curve.told", { name: say(`curve.${name}`), what: parts.join(", ") });
}

// What the outlines in the picture are, at a time after the decision.
function fearedText({ number, of, worst }, seconds) {
  const at = seconds >= worst - 0.05 ? say("feared.worst")
    : say("feared.at", { at: digits(Math.max(seconds, 0), 1), worst: digits(worst, 1) });
  return say("feared", { number, of, at });
}

// A moment in words, by its kind: {value, unit, about, after}.
function momentText({ kind, value, unit, about, after }) {
  if (kind === "failed") return say("worst.false", { count: value });
  if (kind === "margin" && value < 0.005) return say("worst.even", { about });
  const shown = digits(value ?? 0, { risk: 1, surprise: 0 }[kind] ?? 2);
  return say(`worst.${kind}`, { value: `${shown} ${unit ?? ""}`.trim(), about, after });
}

// How an episode ended, with its task first: a drive that broke nothing may have failed all the same.
function outcomeText(end, task) {
  const values = { time: digits(end.time, 0), laps: digits(end.laps, 1), count: end.off };
  if (end.success && DONE.includes(task)) return say(`done.${task}`, values);
  const missed = end.success === false && ["time is up", "arrived"].includes(end.reason);
  if (!missed || !MISSED.includes(task)) return end.text;
  return say("missed", { what: say(task === "exit" && end.off ? "missed.exit by" : `missed.${task}`, values) });
}

function testedText(finding) {
  const { result, why, test, measured, unit, tolerance } = finding;
  return say("proof.finding", {
    result: say(`proof.${result}`), test: TABLES[tongue][`test.${test}`] ?? test,
    why: why ? say("proof.why", { why }) : "",
    measured: measured === null ? "" : say("proof.measured", { value: shownValue(measured) + (TABLES[tongue][`unit.${unit}`] ?? ` ${unit}`) }),
    within: tolerance === null || typeof measured === "string" ? "" : say("proof.within", { value: shownValue(tolerance) }),
  });
}

function shownValue(value) {
  return typeof value === "number" ? String(Number(value.toFixed(2))).replace(".", TABLES[tongue].decimal) : value;
}

function proofText(proofs, episode) {
  if (proofs.problem) return say("proof.problem", { problem: proofs.problem });
  if (proofs.place) return say("proof.place", { place: proofs.place });
  const count = countsOf(proofs), all = RESULTS.reduce((sum, result) => sum + count[result], 0);
  const said = say("proof.count", { count: all, ...count });
  return proofs.steps.length < proofs.of
    ? say("proof.testing", { number: proofs.steps.length + 1, of: episode.steps.length, said }) : said;
}

// Where someone is, as the ego sees it.
function whereText(car, ego) {
  const dx = car.x - ego.x, dy = car.y - ego.y;
  const cos = Math.cos(ego.heading), sin = Math.sin(ego.heading);
  const ahead = dx * cos + dy * sin, left = dy * cos - dx * sin;
  const parts = [say(ahead >= 0 ? "picture.ahead" : "picture.behind", { far: amount(Math.abs(ahead), 0, "m") })];
  if (Math.abs(left) > 1.5)
    parts.push(say(left > 0 ? "picture.left" : "picture.right", { far: amount(Math.abs(left), 0, "m") }));
  return [...parts, amount(car.speed, 1, "m/s")].join(say("picture.and"));
}

// A picture in words: the ego, then the cars that the rationale names, or else the nearest ones.
function pictureText(moment, cited) {
  const { ego, cars } = moment, away = (car) => Math.hypot(car.x - ego.x, car.y - ego.y);
  const near = [...cars].sort((a, b) => away(a) - away(b));
  const named = near.filter((car) => cited.has(car.id));
  const told = (named.length ? named : near.slice(0, 3))
    .map((car) => say("picture.car", { car: say("car", { car: car.id }), where: whereText(car, ego) }));
  return say("picture.whole", { what: [say("picture.ego", { speed: amount(ego.speed, 1, "m/s") }), ...told,
    say("picture.all", { count: cars.length })].join(say("picture.between")) });
}

function countText(index, episode) {
  return say("time line.count", { number: index + 1, count: episode.steps.length });
}

function plotText(moment, step) {
  const gap = step.gap[0] === null ? say("plot.nobody") : say("plot.gap", { gap: amount(step.gap[0], 1, "m") });
  return say("plot.told", { speed: amount(moment.ego.speed, 1, "m/s"), gap });
}

function riskText(step) {
  return step.closest === null ? say("risk.none") : say("risk.contact", { seconds: digits(step.closest, 1) });
}

// What an option was, beside the chosen one; hand: the words where a person drove.
function rankOf(option, fallback, takeover) {
  if (takeover && (option.chosen || option.driven))
    return [option.driven && takeover.name, option.chosen && takeover.speaker].filter(Boolean).join(", ");
  if (option.chosen) return fallback || say("options.chosen");
  if (option.without.length) return say("options.without", { cars: say("car", { car: option.without.join(", ") }) });
  return option.rival ? say("options.rival") : "";
}
