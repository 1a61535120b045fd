// Small curves below the time line, one axis with it: headway, time to collision, and by how much the choice won.
// They are drawn when the episode or the page changes, not with each frame; only the present value follows the clock.

const CURVES = { // as the server tells them: a value for each simulated moment, or one for a decision
  headway: { most: 3, pick: (step, k) => step.headway[k], unit: () => "s", wish: "headway" },
  ttc: { most: 6, pick: (step, k) => step.ttc[k], unit: () => "s", wish: "ttc" },
  margin: { most: null, pick: (step) => step.margin, unit: (step) => step.unit, wish: null },
};
const ROOMY = { width: 980, height: 860 }; // [px] a page on which all are shown from the beginning

// where: () => {episode, moment, theme}.
function startCurves({ root, find, where }) {
  const box = find(".wd-curves"), choice = find(".wd-choose");
  const roomy = root.clientWidth > ROOMY.width && innerHeight >= ROOMY.height;
  choice.append(named("span", "", "curves"));
  const rows = Object.entries(CURVES).map(([name, curve]) => rowFor(name, curve));

  function rowFor(name, curve) {
    const row = make("div", "wd-curve"), canvas = make("canvas"), now = make("b"), unit = make("i"), wish = make("small");
    const title = make("span"), button = named("button", "wd-word", `curve.${name}`);
    canvas.setAttribute("role", "img");
    title.append(named("span", "", `curve.${name} row`), wish);
    row.append(title, canvas, now, unit);
    row.hidden = !roomy;
    button.type = "button";
    button.setAttribute("aria-pressed", roomy);
    button.addEventListener("click", () => {
      row.hidden = !row.hidden;
      button.setAttribute("aria-pressed", !row.hidden);
      layout();
    });
    box.append(row);
    choice.append(button);
    return { name, curve, row, canvas, now, unit, wish, drawn: null };
  }

  function layout() {
    const { episode, theme } = where();
    if (!episode?.steps.length) return;
    for (const each of rows)
      if (!each.row.hidden) each.drawn = drawCurve(each.canvas, episode, theme, each.curve);
    if (where().shown >= 0 && where().moment) tell();
    follow();
  }

  // The present values.
  function follow() {
    const { moment } = where();
    if (!moment) return;
    const [k, part] = placeIn(moment.step.times, moment.time);
    for (const { curve, row, now, unit } of rows) {
      if (row.hidden) continue;
      const value = curve.pick(moment.step, part > 0.5 ? k + 1 : k);
      write(now, valueText(value, curve.most));
      write(unit, value === null ? "" : curve.unit(moment.step));
    }
  }

  // What the curves show, for those that do not see them, and the wish that holds now.
  function tell() {
    const { episode, moment } = where(), index = episode.steps.indexOf(moment.step);
    for (const { name, curve, row, canvas, drawn, wish } of rows) {
      if (row.hidden || !drawn || index < 0) continue;
      const wished = wishAt(episode, curve, index);
      write(wish, wishText(drawn.top, wished));
      canvas.setAttribute("aria-label", curveText(name, curve, moment.step, wished, drawn.least));
    }
  }

  return { layout, follow, tell };
}

// A node with a word that is said anew where another language is chosen.
function named(kind, style, key) {
  const node = make(kind, style, say(key));
  node.dataset.say = key;
  return node;
}

function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// {value, own}: the wish that was told last, at a decision or before it; where there is none, what counts as close.
function wishAt(episode, { wish }, index) {
  if (!wish) return null;
  for (let k = index; k >= 0; k--)
    if (episode.steps[k].wishes[wish] !== null) return { value: episode.steps[k].wishes[wish], own: true };
  const later = episode.steps.find((step) => step.wishes[wish] !== null);
  return later ? { value: later.wishes[wish], own: true } : { value: episode.header.close[wish], own: false };
}

// Draws one curve with its wish; what lies below the wish is filled. Returns the value at its top, and where it is
// least: {top, least: {value, time}}.
function drawCurve(canvas, episode, theme, curve) {
  const { context, width, height } = fitCanvas(canvas), { x } = axis(episode, width);
  const values = series(episode, (step, k) => curve.pick(step, k)), present = values.filter(([, value]) => value !== null);
  const wishes = episode.steps.flatMap((step, index) => {
    const wish = wishAt(episode, curve, index);
    return wish ? [[step.time, wish.value], [step.times.at(-1), wish.value]] : [];
  });
  const top = curve.most ?? usual(present.map(([, value]) => value));
  const y = (value) => 2 + (height - 4) * (1 - Math.min(Math.max(value / top, 0), 1));
  context.clearRect(0, 0, width, height);
  for (const value of [0, top]) drawSeries(context, [[0, value], [duration(episode), value]], x, y, theme.rule, 1, []);
  if (wishes.length) {
    fillBelow(context, values, wishes, x, y, theme.risk[2]);
    drawSeries(context, wishes, x, y, theme.faint, 1, [3, 3]);
  }
  drawSeries(context, values, x, y, theme.ink, 1.5, []);
  const least = present.reduce((best, [time, value]) => !best || value < best.value ? { value, time } : best, null);
  return { top, least };
}

function fillBelow(context, values, wishes, x, y, colour) {
  let at = 0;
  context.save();
  context.globalAlpha = 0.35;
  context.fillStyle = colour;
  for (let i = 0; i + 1 < values.length; i++) {
    const [[time, value], [later, next]] = [values[i], values[i + 1]];
    while (at + 2 < wishes.length && wishes[at + 2][0] <= time + 1e-6) at += 2;
    const wish = wishes[at][1];
    if (value === null || next === null || value >= wish || later <= time) continue;
    context.fillRect(x(time), y(wish), x(later) - x(time) + 0.3, y(value) - y(wish));
  }
  context.restore();
}

// The top of a curve whose values may lie far apart: what is beyond the usual ones is cut off.
function usual(values) {
  const sorted = [...values].sort((a, b) => a - b), typical = sorted[Math.floor(0.75 * sorted.length)] ?? 1;
  const step = 10 ** Math.floor(Math.log10(Math.max(typical, 0.1)));
  return Math.ceil(Math.max(typical, 0.1) / step) * step;
}
