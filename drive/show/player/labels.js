// What the player says in words of its own: how it ended, how a claim was tested, what a picture shows.

const DONE = {
  cruise: (end) => `done: no collision in ${end.time.toFixed(0)} s`,
  "lane keeping": (end) => `done: in its lane for ${end.time.toFixed(0)} s`,
  pass: () => "done: past the junction",
  exit: () => "done: left at the exit",
  destination: () => "done: at the destination",
  laps: (end) => `done: ${end.laps.toFixed(1)} laps`,
};
const MISSED = {
  pass: () => "the junction was not passed in time",
  exit: (end) => end.off ? `exit missed by ${counted(end.off, "lane")}` : "exit missed",
  destination: () => "the destination was not reached in time",
  laps: (end) => `only ${end.laps.toFixed(1)} laps`,
};
const TESTS = {
  clock: "recorded times held against distances and speeds",
  scene: "recomputed from what was perceived",
  trajectory: "held against the planned path",
  text: "the words held against the claims",
  driven: "held against what was then driven",
  "driven out": "this option was driven out from the same moment",
  "asked again": "the policy was asked again without it",
  replay: "the episode was driven again",
};
const MARKS = { true: "✓", false: "✗", untestable: "?" };
const RESULTS = ["false", "untestable", "true"]; // the worst first

// Words of the parts that are watched: the way driven, the moments, the curves, what was feared, what is put onto the road.
const WATCHED = {
  driven: "driven afterwards, a bar per second",
  imagined: "as imagined; red: what was feared",
  worst: "worst moments",
  debris: "debris that lies there",
  curves: "curves",
  headway: "headway",
  ttc: "time to collision",
  "ttc row": "to collision",
  margin: "score margin",
};

// What a curve is held against, and a curve in words; wish: {value, own}, least: {value, time}.
function wishText(top, wish) {
  const line = wish ? wish.own ? `, wish ${wish.value.toFixed(1)}` : `, close ${wish.value.toFixed(1)}` : "";
  return `0–${top >= 1000 ? top.toExponential(0) : top}${line}`;
}

function valueText(value, most) {
  return value === null ? "–" : most === 6 && value >= 20 ? "≥20" : Math.abs(value) >= 1000 ? value.toExponential(0) : value.toFixed(1);
}

function curveText(name, { pick, unit, most }, step, wish, least) {
  const with_ = (value) => `${valueText(value, most)} ${unit(step)}`.trim();
  const now = pick(step, 0), parts = [`now ${now === null ? "none" : with_(now)}`];
  if (least) parts.push(`least ${with_(least.value)} at ${least.time.toFixed(1)} s`);
  if (wish) parts.push(wish.own ? `wished ${with_(wish.value)}` : `below ${with_(wish.value)} counts as close`);
  return `${name} over time: ${parts.join(", ")}.`;
}

// What the outlines in the picture are, at a time after the decision.
function fearedText({ number, of, worst }, seconds) {
  const at = seconds >= worst - 0.05 ? "worst" : `${Math.max(seconds, 0).toFixed(1)} of ${worst.toFixed(1)} s`;
  return `imagined, hypothesis ${number} of ${of}: ${at}`;
}

// A moment in words, by its kind: {value, unit, about, after}.
const MOMENTS = {
  contact: () => "contact",
  failed: ({ value }) => counted(value, "false claim"),
  fallback: () => "a fallback decided",
  takeover: () => "driven otherwise than the policy would",
  risk: ({ value, unit }) => `${value.toFixed(1)} ${unit} to contact`,
  surprise: ({ value, unit, after }) => `surprise, ${value.toFixed(0)} ${unit} off its plan after ${after} s`,
  margin: ({ value, unit, about }) =>
    value < 0.005 ? `close call, as good as ${about}` : `close call, ${`${value.toFixed(2)} ${unit}`.trim()} above ${about}`,
};

// Puts each of these words where the page has a place for it.
function fillWords(root) {
  for (const node of root.querySelectorAll("[data-word]")) node.textContent = WATCHED[node.dataset.word];
}

function counted(number, what) {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

// How an episode ended, with its task first: a drive that broke nothing may have failed all the same.
function outcomeText(end, task) {
  if (end.success && DONE[task]) return DONE[task](end);
  const missed = end.success === false && ["time is up", "arrived"].includes(end.reason);
  return missed && MISSED[task] ? `not done: ${MISSED[task](end)}` : end.text;
}

function testedText(finding) {
  const measured = finding.measured === null ? ""
    : `, measured ${shownValue(finding.measured)}${finding.unit ? ` ${finding.unit}` : ""}`;
  const within = finding.tolerance === null || typeof finding.measured === "string" ? ""
    : ` (within ${shownValue(finding.tolerance)})`;
  const why = finding.why ? `: ${finding.why}` : "";
  return `${finding.result}${why}; ${TESTS[finding.test] || finding.test}${measured}${within}`;
}

function shownValue(value) {
  return typeof value === "number" ? String(Number(value.toFixed(2))) : value;
}

function proofText(proofs, episode) {
  if (proofs.problem) return `the claims were not tested: ${proofs.problem}`;
  if (proofs.place) return `claims to be tested, place ${proofs.place} in the queue`;
  const count = countsOf(proofs), all = RESULTS.reduce((sum, result) => sum + count[result], 0);
  const said = `${counted(all, "claim")} tested: ${count.false} false, ${count.untestable} untestable, ${count.true} true`;
  return proofs.steps.length < proofs.of
    ? `testing decision ${proofs.steps.length + 1} of ${episode.steps.length}… ${said}` : said;
}

// Where someone is, as the ego sees it.
function whereText(car, ego) {
  const dx = car.x - ego.x, dy = car.y - ego.y;
  const cos = Math.cos(ego.heading), sin = Math.sin(ego.heading);
  const ahead = dx * cos + dy * sin, left = dy * cos - dx * sin;
  const parts = [`${Math.abs(ahead).toFixed(0)} m ${ahead >= 0 ? "ahead" : "behind"}`];
  if (Math.abs(left) > 1.5) parts.push(`${Math.abs(left).toFixed(0)} m to the ${left > 0 ? "left" : "right"}`);
  return `${parts.join(", ")}, ${car.speed.toFixed(1)} m/s`;
}

// A picture in words: the ego, then the cars that the rationale names, or else the nearest ones.
function pictureText(moment, cited) {
  const { ego, cars } = moment, away = (car) => Math.hypot(car.x - ego.x, car.y - ego.y);
  const near = [...cars].sort((a, b) => away(a) - away(b));
  const named = near.filter((car) => cited.has(car.id));
  const told = (named.length ? named : near.slice(0, 3)).map((car) => `car ${car.id} ${whereText(car, ego)}`);
  return [`Ego at ${ego.speed.toFixed(1)} m/s`, ...told, `${counted(cars.length, "car")} in all`].join("; ") + ".";
}

function plotText(moment, step) {
  const gap = step.gap[0] === null ? "nobody ahead" : `gap ahead ${step.gap[0].toFixed(1)} m`;
  return `Speed ${moment.ego.speed.toFixed(1)} m/s, ${gap}.`;
}

function riskText(step) {
  return step.closest === null ? "nothing near" : `${step.closest.toFixed(1)} s to contact`;
}

// What an option was, beside the chosen one; hand: the words where a person drove.
function rankOf(option, fallback, hand) {
  if (hand && (option.chosen || option.driven))
    return [option.driven && hand.yours, option.chosen && hand.chosen].filter(Boolean).join(", ");
  if (option.chosen) return fallback || "chosen";
  if (option.without.length) return `without car ${option.without.join(", ")}`;
  return option.rival ? "strongest rival" : "";
}
