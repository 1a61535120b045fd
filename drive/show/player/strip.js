// Speed and gap over time, a tick per decision, and the playhead: one time axis for all three.

const GLYPHS = { FASTER: "+", SLOWER: "−" };
const SIDES = { LANE_LEFT: "tick.left", LANE_RIGHT: "tick.right" };
const GUTTER = { left: 84, right: 84 }; // [px] for names and for the present values

const CALM_SHARE = 0.3; // of a tick's bar, where nothing is near

function axis(episode, width) {
  const length = duration(episode), inner = width - GUTTER.left - GUTTER.right;
  return { x: (time) => GUTTER.left + time / length * inner,
           time: (x) => Math.min(Math.max((x - GUTTER.left) / inner, 0), 1) * length };
}

// [time, value] pairs over the whole episode; value null where there is none.
function series(episode, pick) {
  return episode.steps.flatMap((step, index) =>
    step.times.map((time, k) => [time, pick(step, k, episode.steps[index + 1])]));
}

function drawPlots(canvas, episode, moment, theme) {
  const { context, width, height } = fitCanvas(canvas);
  context.clearRect(0, 0, width, height);
  drawContact(context, episode, { width, height }, theme);
  const half = height / 2;
  const place = placeIn(moment.step.times, moment.time);
  const gap = between(moment.step.gap.map((g) => g === null ? null : [g]), place);
  plotOne(context, episode, { top: 0, height: half - 6, width }, theme, {
    name: say("plot.speed"), unit: say("unit.m/s").trim(), colour: theme.ego, least: 10, now: moment.ego.speed,
    values: series(episode, (step, k) => step.ego[k][3]),
    wanted: series(episode, (step, k, next) => next ? next.wanted : null), // as set by the decision
  });
  plotOne(context, episode, { top: half + 2, height: half - 6, width }, theme, {
    name: say("plot.ahead"), unit: say("unit.m").trim(), colour: theme.ink, least: 30, most: 100, now: gap && gap[0],
    values: series(episode, (step, k) => step.gap[k]),
  });
}

function drawContact(context, episode, box, theme) {
  if (!episode.end || episode.end.contact === null) return;
  const x = axis(episode, box.width).x(episode.end.contact);
  context.strokeStyle = theme.wreck;
  context.lineWidth = 1.5;
  context.beginPath();
  context.moveTo(x, 0);
  context.lineTo(x, box.height);
  context.stroke();
}

function plotOne(context, episode, box, theme, plot) {
  const present = plot.values.map(([, value]) => value).filter((value) => value !== null);
  const top = Math.min(plot.most || Infinity, niceTop(Math.max(plot.least, ...present)));
  const y = (value) => box.top + box.height * (1 - Math.min(value / top, 1) * 0.92) - 1;
  const { x } = axis(episode, box.width);
  context.font = `12px ${theme.font}`;
  context.textBaseline = "middle";
  drawAxis(context, box, theme, plot, top, y);
  if (plot.wanted) drawSeries(context, plot.wanted, x, y, theme.rival, 1, [2, 3]);
  drawSeries(context, plot.values, x, y, plot.colour, 1.75, []);
  context.textAlign = "right";
  context.fillStyle = theme.ink;
  context.font = `600 15px ${theme.font}`;
  const text = plot.now === null ? "–" : digits(plot.now, 1);
  context.fillText(text, box.width - 34, box.top + box.height / 2);
  context.textAlign = "left";
  context.fillStyle = theme.faint;
  context.font = `12px ${theme.font}`;
  context.fillText(plot.unit, box.width - 29, box.top + box.height / 2);
}

function niceTop(value) {
  const step = value > 60 ? 20 : value > 24 ? 10 : 5;
  return Math.ceil(value / step) * step;
}

function drawAxis(context, box, theme, plot, top, y) {
  context.strokeStyle = theme.rule;
  context.lineWidth = 1;
  for (const value of [0, top]) {
    context.beginPath();
    context.moveTo(GUTTER.left, Math.round(y(value)) + 0.5);
    context.lineTo(box.width - GUTTER.right, Math.round(y(value)) + 0.5);
    context.stroke();
  }
  context.fillStyle = theme.faint;
  context.textAlign = "left";
  context.fillText(plot.name, 0, box.top + box.height / 2 + 1);
  context.textAlign = "right";
  context.font = `10.5px ${theme.font}`;
  context.fillText(plot.most === top ? `≥${top}` : String(top), GUTTER.left - 6, y(top) + 4);
}

function drawSeries(context, values, x, y, colour, width, dash) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.setLineDash(dash);
  context.beginPath();
  let pen = false;
  for (const [time, value] of values) {
    if (value === null) { pen = false; continue; }
    pen ? context.lineTo(x(time), y(value)) : context.moveTo(x(time), y(value));
    pen = true;
  }
  context.stroke();
  context.setLineDash([]);
}

// ------------------------------------------------------------------------------------------ ticks

function mixed(theme, risk) {
  const [calm, warm, hot] = theme.risk;
  const part = Math.round(100 * (risk < 0.5 ? 2 * risk : 2 * risk - 1));
  const [from, to] = risk < 0.5 ? [calm, warm] : [warm, hot];
  return `color-mix(in oklab, ${to} ${part}%, ${from})`;
}

function newTick(step, index) {
  const tick = document.createElement("button");
  tick.type = "button";
  tick.className = "wd-tick";
  tick.tabIndex = -1;
  tick.dataset.step = index;
  const what = [step.done, step.takeover?.title, step.fallback, step.closest !== null && riskText(step)].filter(Boolean);
  tick.title = say("tick", { number: index + 1, at: digits(step.time, 1), what: what.join(say("picture.and")) });
  tick.append(make("i", "wd-glyph"), make("i", "wd-bar"));
  tick.setAttribute("aria-label", tick.title);
  return tick;
}

function glyphOf({ action, takeover }) {
  return GLYPHS[action] ?? (SIDES[action] ? say(SIDES[action]) : takeover ? "·" : "");
}

// Brings the ticks up to date with the episode; the axis may have changed.
function layTicks(box, episode, theme, from = 0) {
  const { x } = axis(episode, box.clientWidth);
  while (box.children.length > episode.steps.length) box.lastChild.remove();
  episode.steps.slice(from).forEach((step, k) => {
    const index = from + k, tick = box.children[index] || box.appendChild(newTick(step, index));
    const left = x(step.time), width = x(step.times.at(-1)) - left;
    tick.style.left = `${left}px`;
    const joined = episode.steps[index + 1]?.same, gap = joined ? -0.3 : Math.min(1.5, width / 4);
    tick.style.width = `${Math.max(width - gap, 1)}px`;
    const [glyph, bar] = tick.children, failed = hasFailed(episode, index);
    bar.style.borderRadius = joined || step.same || width < 6 ? "0" : "2px";
    bar.style.background = mixed(theme, step.risk);
    bar.style.height = `${(CALM_SHARE + (1 - CALM_SHARE) * step.risk) * 100}%`; // taller: nearer to contact
    glyph.textContent = width > 11 ? (failed ? "✗" : glyphOf(step)) : "";
    tick.classList.toggle("wd-hot", step.risk > 0.6);
    tick.classList.toggle("wd-failed", failed);
    tick.classList.toggle("wd-fell", Boolean(step.fallback));
    tick.classList.toggle("wd-taken", Boolean(step.takeover));
    tick.classList.toggle("wd-differs", Boolean(step.takeover?.differs));
  });
}

// Was anything said there that is false?
function hasFailed(episode, index) {
  return (episode.proofs.steps[index] || []).some((finding) => finding.result === "false");
}

function markTick(box, index) {
  for (const tick of box.querySelectorAll("[aria-current]")) tick.removeAttribute("aria-current");
  box.children[index]?.setAttribute("aria-current", "step");
}
