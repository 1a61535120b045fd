// The bird's-eye view. World frame: x right, y up, metres; one transform turns it into pixels.

const DASH = 3, DASH_PERIOD = 8; // [m] of a striped line
const LEAST = 5; // [px/m] on a narrow page: ids stay readable, less road is seen
const ROAD = { span: 80, low: 84, high: 240 }; // [m] of a straight road that are seen; [px] of its picture
const ARROWS = 40, ARROW = 2.2; // [m] between two arrows along a lane; their length

function fitCanvas(canvas) {
  const ratio = canvas.ratio || window.devicePixelRatio || 1;
  const width = canvas.clientWidth, height = canvas.clientHeight;
  const w = Math.round(width * ratio), h = Math.round(height * ratio);
  if (canvas.width !== w || canvas.height !== h) { canvas.width = w; canvas.height = h; }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return { context, width, height, ratio };
}

// The view that follows the ego: world centre, rotation, scale [px/m]. A straight road stays put.
function viewOf(header, ego, width, height, zoom, turn) {
  const scale = zoom * Math.max(fitted(header, width, height), LEAST);
  const along = ego.heading, still = header.middle !== null && !turn;
  const reach = header.ahead * (turn ? width : 1) / scale;
  const x = ego.x + reach * (turn ? 1 : width) * Math.cos(along);
  const y = ego.y + (still ? 0 : reach * (turn ? 1 : height) * Math.sin(along));
  const room = Math.max(height / scale / 2 - header.edge, 0);
  return { x, y: still ? Math.min(Math.max(header.middle, y - room), y + room) : y,
           straight: header.middle !== null, rotation: turn ? -along : 0, scale, width, height,
           reach: Math.hypot(width, height) / 2 / scale };
}

// [px/m] at which the road fills the picture: a straight one from bottom to top, seen less far.
function fitted(header, width, height) {
  const span = header.middle === null ? header.span : ROAD.span;
  return Math.min(width / span, height / header.rise);
}

// [px] The height at which a straight road fills a picture of that width; null: as the style sheet says.
function heightFor(header, width) {
  if (header.middle === null) return null;
  return Math.round(Math.min(Math.max(Math.max(width / ROAD.span, LEAST) * header.rise, ROAD.low), ROAD.high));
}

function toPixels(view, x, y) {
  const dx = x - view.x, dy = y - view.y;
  const cos = Math.cos(view.rotation), sin = Math.sin(view.rotation);
  return [view.width / 2 + (dx * cos - dy * sin) * view.scale,
          view.height / 2 - (dx * sin + dy * cos) * view.scale];
}

function enterWorld(context, view) {
  context.translate(view.width / 2, view.height / 2);
  context.scale(view.scale, -view.scale);
  context.rotate(view.rotation);
  context.translate(-view.x, -view.y);
}

// The part of a polyline in view, and the dash phase [m] at which it begins.
function clipLine(line, view) {
  if (line.length > 4) return { line, phase: 0 };
  const [x0, y0, x1, y1] = line;
  const length = Math.hypot(x1 - x0, y1 - y0), ux = (x1 - x0) / length, uy = (y1 - y0) / length;
  const along = (view.x - x0) * ux + (view.y - y0) * uy;
  const low = Math.min(Math.max(along - view.reach, 0), length);
  const high = Math.min(Math.max(along + view.reach, 0), length);
  return { line: [x0 + ux * low, y0 + uy * low, x0 + ux * high, y0 + uy * high],
           phase: low % DASH_PERIOD };
}

function trace(context, line, begin = true) {
  for (let i = 0; i < line.length; i += 2)
    i === 0 && begin ? context.moveTo(line[0], line[1]) : context.lineTo(line[i], line[i + 1]);
}

function reversed(line) {
  const back = [];
  for (let i = line.length - 2; i >= 0; i -= 2) back.push(line[i], line[i + 1]);
  return back;
}

function drawRoad(context, view, lanes, theme) {
  context.fillStyle = context.strokeStyle = theme.asphalt;
  context.lineWidth = 0.08; // hides the seams between lanes
  context.lineJoin = "round";
  for (const lane of lanes) {
    context.beginPath();
    trace(context, clipLine(lane.left, view).line);
    trace(context, reversed(clipLine(lane.right, view).line), false);
    context.closePath();
    context.fill();
    context.stroke();
  }
  context.strokeStyle = theme.line;
  context.lineWidth = Math.max(0.16, 1 / view.scale);
  for (const lane of lanes) {
    drawLine(context, view, lane.left, lane.left_line);
    drawLine(context, view, lane.right, lane.right_line);
  }
  context.setLineDash([]);
}

// Which way each lane is driven; an oncoming one, seen from the ego, has another colour.
function drawDirections(context, view, lanes, ego, theme) {
  context.lineWidth = Math.max(0.25, 1.6 / view.scale);
  for (const lane of lanes)
    for (const { x, y, heading } of lane.arrows ||= arrowsOf(middleOf(lane))) {
      if (Math.abs(x - view.x) > view.reach || Math.abs(y - view.y) > view.reach) continue;
      const against = view.straight && Math.cos(heading - ego.heading) < -0.5;
      context.strokeStyle = against ? theme.wreck : theme.line;
      drawArrow(context, x, y, heading);
    }
}

// Where the arrows of a lane stand, made once: a line between them each ARROWS metres.
function arrowsOf(line) {
  const arrows = [];
  let along = 0;
  for (let i = 0; i + 3 < line.length; i += 2) {
    const dx = line[i + 2] - line[i], dy = line[i + 3] - line[i + 1], length = Math.hypot(dx, dy);
    for (let s = ARROWS * Math.ceil(along / ARROWS + 0.5) - ARROWS / 2 - along; s < length; s += ARROWS)
      if (s >= 0) arrows.push({ x: line[i] + dx * s / length, y: line[i + 1] + dy * s / length, heading: Math.atan2(dy, dx) });
    along += length;
  }
  return arrows;
}

function hasOncoming(lanes, ego, view) {
  if (!view?.straight) return false;
  return lanes.some(({ left }) => Math.cos(Math.atan2(left[3] - left[1], left[2] - left[0]) - ego.heading) < -0.5);
}

function middleOf(lane) {
  return lane.middle ||= lane.left.length === lane.right.length
    ? lane.left.map((value, i) => (value + lane.right[i]) / 2) : lane.left;
}

function drawArrow(context, x, y, heading) {
  const cos = Math.cos(heading), sin = Math.sin(heading), half = ARROW / 2;
  const at = (a, b) => [x + a * cos - b * sin, y + a * sin + b * cos];
  context.beginPath();
  trace(context, [...at(-half, half), ...at(half * 0.4, 0), ...at(-half, -half)]);
  context.stroke();
}

// Where the task ends: a checkered area, with a flag above it.
function drawGoal(context, view, areas, theme) {
  for (const area of areas) {
    context.beginPath();
    trace(context, area);
    context.closePath();
    context.fillStyle = context.strokeStyle = theme.goal;
    context.globalAlpha = 0.3;
    context.fill();
    context.globalAlpha = 1;
    context.lineWidth = 1.5 / view.scale;
    context.stroke();
  }
}

function labelGoal(context, view, areas, theme) {
  for (const area of areas.slice(0, 1)) {
    const count = area.length / 2, xs = area.filter((_, i) => i % 2 === 0), ys = area.filter((_, i) => i % 2);
    const mean = (values) => values.reduce((sum, value) => sum + value, 0) / count;
    const [px, py] = toPixels(view, mean(xs), mean(ys));
    const x = Math.min(Math.max(px, 30), view.width - 30), y = Math.min(Math.max(py, 14), view.height - 14);
    const way = px > x ? " →" : px < x ? " ←" : py > y ? " ↓" : py < y ? " ↑" : "";
    drawPlate(context, x, y, `${say("road.goal")}${way}`, theme.goal, theme);
  }
}

function drawPlate(context, x, y, text, colour, theme) {
  context.font = `600 12px ${theme.font}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  const wide = context.measureText(text).width + 12;
  context.fillStyle = colour;
  context.beginPath();
  context.roundRect(x - wide / 2, y - 9, wide, 18, 4);
  context.fill();
  context.fillStyle = theme.page;
  context.fillText(text, x, y + 0.5);
}

// Where the ego's way meets others: a diamond, with a bar of teeth before it where one has to give way.
function drawMeetings(context, view, { meetings }, step, theme) {
  const way = new Set(step.way);
  for (const [x, y, first, second, yields] of meetings) {
    if (way.has(first) === way.has(second)) continue;
    const ours = way.has(first) ? first : second, size = 1.1;
    context.beginPath();
    trace(context, [x - size, y, x, y + size, x + size, y, x, y - size]);
    context.closePath();
    context.lineWidth = 0.3;
    context.strokeStyle = context.fillStyle = yields === ours ? theme.wreck : yields < 0 ? theme.barrier : theme.goal;
    if (yields === ours) context.fill(); // filled: the ego gives way
    context.stroke();
  }
}

// The speed limit where the ego is, as a sign in the corner.
function drawLimit(context, view, limit, theme) {
  if (limit === null) return;
  const part = view.height < 130 ? 0.75 : 1, x = 26 * part, y = view.height - 26 * part;
  context.save();
  context.translate(x, y);
  context.scale(part, part);
  context.beginPath();
  context.arc(0, 0, 17, 0, 7);
  context.fillStyle = "#fff";
  context.fill();
  context.lineWidth = 4;
  context.strokeStyle = "#c4372c";
  context.stroke();
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillStyle = "#1c2430";
  context.font = `700 13px ${theme.font}`;
  context.fillText(String(Math.round(limit)), 0, -2);
  context.font = `600 7.5px ${theme.font}`;
  context.fillText(say("unit.m/s").trim(), 0, 8);
  context.restore();
}

function drawLine(context, view, edge, kind) {
  if (kind === "none") return;
  const { line, phase } = clipLine(edge, view);
  context.setLineDash(kind === "striped" ? [DASH, DASH_PERIOD - DASH] : []);
  context.lineDashOffset = phase;
  context.beginPath();
  trace(context, line);
  context.stroke();
}

function drawPath(context, view, path, colour, { dashed, alpha, width }) {
  context.save();
  context.globalAlpha = alpha;
  context.strokeStyle = context.fillStyle = colour;
  context.lineCap = dashed ? "butt" : "round";
  context.lineWidth = Math.max(width, 1.4 / view.scale);
  if (dashed) context.setLineDash([1.6, 1.2]);
  context.beginPath();
  trace(context, path);
  context.stroke();
  if (!dashed) drawSeconds(context, view, path);
  context.restore();
}

function drawSeconds(context, view, path) {
  const radius = Math.max(0.42, 2.6 / view.scale);
  for (let i = 18; i < path.length; i += 20) { // every tenth waypoint: a second
    context.beginPath();
    context.arc(path[i], path[i + 1], radius, 0, 7);
    context.fill();
  }
}

const SLEEPER = 1.15; // [m] from the middle of the way to the end of the bar of a second

// Where the ego went afterwards: the tracks of its wheels, with a bar across for each second.
function drawTrail(context, view, { points, sides, bars }, theme) {
  if (points.length < 2) return;
  context.save();
  context.strokeStyle = theme.ink;
  context.lineWidth = Math.max(0.09, 1 / view.scale);
  context.beginPath();
  for (const side of sides) side.forEach(([x, y], i) => i ? context.lineTo(x, y) : context.moveTo(x, y));
  context.stroke();
  context.lineWidth = Math.max(0.22, 2 / view.scale);
  context.beginPath();
  for (const bar of bars) {
    context.moveTo(...asideOf(bar, SLEEPER));
    context.lineTo(...asideOf(bar, -SLEEPER));
  }
  context.stroke();
  context.restore();
}

function roundRectangle(context, length, width, radius) {
  context.beginPath();
  context.roundRect(-length / 2, -width / 2, length, width, radius);
}

function drawCar(context, view, car, theme, colour) {
  context.save();
  context.translate(car.x, car.y);
  context.rotate(car.heading);
  roundRectangle(context, car.length, car.width, 0.22 * car.width);
  if (!car.seen) {
    context.setLineDash([0.7, 0.5]);
    context.lineWidth = Math.max(0.2, 1.2 / view.scale);
    context.strokeStyle = theme.unseen;
    context.stroke();
  } else {
    context.fillStyle = colour;
    context.fill();
    context.fillStyle = theme.glass;
    context.fillRect(0.17 * car.length, -0.36 * car.width, 0.14 * car.length, 0.72 * car.width);
    if (car.crashed) drawCross(context, car, theme);
  }
  context.restore();
}

function drawCross(context, car, theme) {
  const l = car.length / 2, w = car.width / 2;
  context.strokeStyle = theme.wreck;
  context.lineWidth = 0.4;
  context.beginPath();
  trace(context, [-l, -w, l, w]);
  context.moveTo(-l, w);
  context.lineTo(l, -w);
  context.stroke();
}

function drawRing(context, view, car, colour, strength) {
  context.save();
  context.translate(car.x, car.y);
  context.rotate(car.heading);
  context.globalAlpha = strength;
  context.strokeStyle = colour;
  context.lineWidth = 2 / view.scale;
  const margin = 5 / view.scale;
  roundRectangle(context, car.length + 2 * margin, car.width + 2 * margin, 0.3 * car.width + margin);
  context.stroke();
  context.restore();
}

function drawObject(context, thing, theme) {
  context.save();
  context.translate(thing.x, thing.y);
  context.rotate(thing.heading);
  context.fillStyle = theme.barrier;
  roundRectangle(context, thing.length, thing.width, 0.2);
  context.fill();
  context.restore();
}

function drawLabels(context, view, moment, theme) {
  const size = Math.max(9.5, Math.min(15, 1.5 * view.scale));
  context.font = `600 ${size}px ${theme.font}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (const car of moment.cars) {
    const [x, y] = toPixels(view, car.x, car.y);
    context.fillStyle = car.seen ? theme.label : theme.faint;
    context.fillText(String(car.id), x, y + 0.5);
  }
}

// A cited car beyond the picture: its id at the edge, on the side where it is.
function drawBeacon(context, view, car, theme, colour) {
  const [px, py] = toPixels(view, car.x, car.y), margin = 14;
  const x = Math.min(Math.max(px, margin), view.width - margin);
  const y = Math.min(Math.max(py, margin), view.height - margin);
  const away = Math.hypot(px - x, py - y);
  if (away < margin) return;
  const ux = (px - x) / away, uy = (py - y) / away;
  context.fillStyle = colour;
  context.beginPath();
  context.arc(x, y, 9, 0, 7);
  context.moveTo(x + 13 * ux, y + 13 * uy);
  context.lineTo(x + 6 * ux - 6 * uy, y + 6 * uy + 6 * ux);
  context.lineTo(x + 6 * ux + 6 * uy, y + 6 * uy - 6 * ux);
  context.fill();
  context.fillStyle = theme.label;
  context.font = `600 10.5px ${theme.font}`;
  context.fillText(String(car.id), x, y + 0.5);
}

// Draws everything; returns the view, for what lies under the pointer.
function drawScene(canvas, episode, moment, look, theme) {
  const { context, width, height } = fitCanvas(canvas);
  const view = viewOf(episode.header, moment.ego, width, height, look.zoom, look.turn);
  const cited = citedIn(moment.said);
  context.fillStyle = theme.ground;
  context.fillRect(0, 0, width, height);
  context.save();
  enterWorld(context, view);
  drawRoad(context, view, episode.header.lanes, theme);
  drawGoal(context, view, episode.header.goal, theme);
  drawDirections(context, view, episode.header.lanes, moment.ego, theme);
  drawMeetings(context, view, episode.header, moment.step, theme);
  const drivenLast = [...moment.step.options].sort((a, b) => a.driven - b.driven);
  for (const option of drivenLast) drawOption(context, view, option, look, theme);
  drawTrail(context, view, trailAt(episode, moment.time), theme);
  moment.step.objects.forEach((thing) => drawObject(context, thing, theme));
  for (const car of moment.cars) {
    const colour = cited.has(car.id) ? theme.cited[cited.get(car.id)] : theme.car;
    if (cited.has(car.id)) drawRing(context, view, car, colour, car.id === look.car ? 1 : 0.45);
    drawCar(context, view, car, theme, colour);
  }
  drawCar(context, view, moment.ego, theme, theme.ego);
  if (look.car && !cited.has(look.car)) ringAround(context, view, moment, look.car, theme.ink);
  context.restore();
  labelGoal(context, view, episode.header.goal, theme);
  drawLimit(context, view, moment.step.limit, theme);
  drawLabels(context, view, moment, theme);
  for (const car of moment.cars)
    if (cited.has(car.id)) drawBeacon(context, view, car, theme, theme.cited[cited.get(car.id)]);
  return view;
}

function ringAround(context, view, moment, id, colour) {
  const car = moment.cars.find((other) => other.id === id);
  if (car) drawRing(context, view, car, colour, 0.8);
}

function drawOption(context, view, option, look, theme) {
  const near = look.option === option.action;
  if (option.path.length === 0) return;
  const style = option.driven
    ? { dashed: false, alpha: 1, width: 0.34 }
    : { dashed: true, alpha: near ? 1 : 0.6, width: near ? 0.42 : 0.24 };
  drawPath(context, view, option.path, option.driven ? theme.ego : theme.rival, style);
}

// What lies under a pixel: {car} or {option} or null.
function underPointer(view, moment, x, y) {
  for (const car of [...moment.cars, moment.ego]) {
    const [cx, cy] = toPixels(view, car.x, car.y);
    if (Math.hypot(x - cx, y - cy) < Math.max(9, 0.5 * car.length * view.scale)) return { car };
  }
  for (const option of moment.step.options)
    if (!option.driven && nearLine(view, option.path, x, y)) return { option };
  return null;
}

function nearLine(view, path, x, y) {
  for (let i = 0; i < path.length; i += 2) {
    const [px, py] = toPixels(view, path[i], path[i + 1]);
    if (Math.hypot(x - px, y - py) < 9) return true;
  }
  return false;
}
