// The episode as received, and where everyone is at a time. Draws nothing.

function newEpisode(header) {
  return { header, steps: [], end: null, moments: [], proofs: newProofs() };
}

// Adds a message's steps where they belong; false if earlier ones are missing.
function receive(episode, message) {
  if (message.steps) {
    if (message.from > episode.steps.length) return false;
    episode.steps.splice(message.from, Infinity, ...message.steps);
  }
  if (message.end) {
    if (message.end.steps !== episode.steps.length) return false;
    episode.end = message.end;
    episode.moments = message.moments || [];
    const last = episode.steps.at(-1);
    if (message.end.contact !== null && last) Object.assign(last, { risk: 1, interesting: true });
  }
  return true;
}

// The same episode, said in another language: what is told is put in place of what was; what it does not reach yet stays.
function sayAgain(episode, { header, steps = [], end }) {
  Object.assign(episode.header, header);
  episode.steps.splice(0, Math.min(steps.length, episode.steps.length), ...steps.slice(0, episode.steps.length));
  const last = episode.steps.at(-1);
  if (end && episode.end) episode.end = end;
  if (episode.end && episode.end.contact !== null && last) Object.assign(last, { risk: 1, interesting: true });
}

function lastTime(episode) {
  const step = episode.steps.at(-1);
  return step ? step.times.at(-1) : 0;
}

// The whole time axis: the deadline while driving, the true end afterwards.
function duration(episode) {
  const driven = lastTime(episode);
  return Math.max(driven, episode.end ? driven : episode.header.deadline, 0.1);
}

function indexAt(episode, time) {
  const steps = episode.steps;
  let low = 0, high = steps.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (steps[middle].time <= time + 1e-9) low = middle; else high = middle - 1;
  }
  return low;
}

// The run of unchanged decisions around one, [first, last]: what was said at its first holds for all.
function runAround(episode, index) {
  const steps = episode.steps;
  let first = index, last = index;
  while (first > 0 && steps[first].same) first--;
  while (last + 1 < steps.length && steps[last + 1].same) last++;
  return [first, last];
}

function wrap(angle) {
  return angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI));
}

// Index and part of the sub-step that holds a time.
function placeIn(times, time) {
  let k = 0;
  while (k < times.length - 2 && times[k + 1] <= time) k++;
  const part = (time - times[k]) / (times[k + 1] - times[k]);
  return [k, Math.min(Math.max(part, 0), 1)];
}

// A row of numbers between two sub-steps; null where either is missing and the time lies between.
function between(rows, [k, part], angle = -1) {
  const a = rows[k], b = rows[k + 1];
  if (!a || !b || part === 0) return part > 0.5 ? b : a;
  return a.map((value, i) =>
    value + part * (i === angle ? wrap(b[i] - value) : b[i] - value));
}

const BRAKING = 0.6; // [m/s2] of slowing down at which brake lights are lit

function isBraking(rows, times, [k]) {
  const a = rows[k], b = rows[k + 1];
  return Boolean(a && b) && (a[3] - b[3]) / (times[k + 1] - times[k]) > BRAKING;
}

// Everyone at a time: {step, said, ego, cars: [{id, x, y, heading, speed, length, width, seen, crashed}]}.
function momentAt(episode, time) {
  const index = indexAt(episode, time), step = episode.steps[index];
  const said = episode.steps[runAround(episode, index)[0]];
  const place = placeIn(step.times, time);
  const over = episode.end && time >= lastTime(episode) - 1e-6;
  const wrecks = new Set(over ? episode.end.crashed : step.crashed);
  const body = (id, rows) => {
    const row = between(rows, place, 2);
    if (!row) return null;
    const [length, width] = step.sizes[id] || [5, 2];
    const [x, y, heading, speed] = row;
    return { id, x, y, heading, speed, length, width, braking: isBraking(rows, step.times, place),
             seen: id === 0 || step.seen.includes(id), crashed: wrecks.has(id) };
  };
  const cars = Object.entries(step.cars).map(([id, rows]) => body(Number(id), rows));
  return { step, said, time, ego: body(0, step.ego), cars: cars.filter(Boolean) };
}

const TRAIL = 6.4; // [s] after a decision: as far as a plan reaches
const GAUGE = 0.8; // [m] from the middle of a car to the track of its wheels

// Where the ego went after the decision at a time: {points: [[x, y, heading], ...], sides: the tracks of its
// wheels, bars: a point for each second}. Made once for a decision, and again while it is driven on.
function trailAt(episode, time) {
  const { steps } = episode, index = indexAt(episode, time), known = episode.trail;
  if (known?.step === steps[index] && known.last === steps.at(-1)) return known;
  const begin = steps[index].time, points = [], bars = [];
  for (let k = index; k < steps.length && steps[k].time < begin + TRAIL; k++) {
    const { times, ego } = steps[k], upTo = Math.min(times.at(-1), begin + TRAIL);
    ego.forEach((row, i) => row && (i || k === index) && times[i] <= upTo + 1e-6 && points.push(row.slice(0, 3)));
    for (let second = bars.length + 1; begin + second <= upTo + 1e-6; second++)
      bars.push(between(ego, placeIn(times, begin + second), 2).slice(0, 3));
  }
  const sides = [GAUGE, -GAUGE].map((side) => points.map((point) => asideOf(point, side)));
  return episode.trail = { step: steps[index], last: steps.at(-1), points, sides, bars };
}

// A place so many metres to the left of [x, y, heading].
function asideOf([x, y, heading], left) {
  return [x - left * Math.sin(heading), y + left * Math.cos(heading)];
}

// Cars that a decision's rationale names, in the order of naming: Map id -> colour number.
function citedIn(step) {
  const cited = new Map();
  for (const phrase of step.phrases)
    for (const id of phrase.cars) if (!cited.has(id)) cited.set(id, cited.size % 5);
  return cited;
}
