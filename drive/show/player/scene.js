// The bird's-eye view. World frame: x right, y up, metres; one transform turns it into pixels.

const DASH = 3, DASH_PERIOD = 8; // [m] of a striped line
const LEAST = 5; // [px/m] on a narrow page: ids stay readable, less road is seen

function fitCanvas(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const width = canvas.clientWidth, height = canvas.clientHeight;
  const w = Math.round(width * ratio), h = Math.round(height * ratio);
  if (canvas.width !== w || canvas.height !== h) { canvas.width = w; canvas.height = h; }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return { context, width, height, ratio };
}

// The view that follows the ego: world centre, rotation, scale [px/m]. A straight road stays put.
function viewOf(header, ego, width, height, zoom, turn) {
  const scale = zoom * Math.max(Math.min(width / header.span, height / header.rise), LEAST);
  const along = ego.heading, still = header.middle !== null && !turn;
  const reach = header.ahead * (turn ? width : 1) / scale;
  const x = ego.x + reach * (turn ? 1 : width) * Math.cos(along);
  const y = ego.y + (still ? 0 : reach * (turn ? 1 : height) * Math.sin(along));
  const room = Math.max(height / scale / 2 - header.edge, 0);
  return { x, y: still ? Math.min(Math.max(header.middle, y - room), y + room) : y,
           rotation: turn ? -along : 0, scale, width, height,
           reach: Math.hypot(width, height) / 2 / scale };
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
  const chosenLast = [...moment.step.options].sort((a, b) => a.chosen - b.chosen);
  for (const option of chosenLast) drawOption(context, view, option, look, theme);
  moment.step.objects.forEach((thing) => drawObject(context, thing, theme));
  for (const car of moment.cars) {
    const colour = cited.has(car.id) ? theme.cited[cited.get(car.id)] : theme.car;
    if (cited.has(car.id)) drawRing(context, view, car, colour, car.id === look.car ? 1 : 0.45);
    drawCar(context, view, car, theme, colour);
  }
  drawCar(context, view, moment.ego, theme, theme.ego);
  if (look.car && !cited.has(look.car)) ringAround(context, view, moment, look.car, theme.ink);
  context.restore();
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
  const style = option.chosen
    ? { dashed: false, alpha: 1, width: 0.34 }
    : { dashed: true, alpha: near ? 1 : 0.6, width: near ? 0.42 : 0.24 };
  drawPath(context, view, option.path, option.chosen ? theme.ego : theme.rival, style);
}

// What lies under a pixel: {car} or {option} or null.
function underPointer(view, moment, x, y) {
  for (const car of [...moment.cars, moment.ego]) {
    const [cx, cy] = toPixels(view, car.x, car.y);
    if (Math.hypot(x - cx, y - cy) < Math.max(9, 0.5 * car.length * view.scale)) return { car };
  }
  for (const option of moment.step.options)
    if (!option.chosen && nearLine(view, option.path, x, y)) return { option };
  return null;
}

function nearLine(view, path, x, y) {
  for (let i = 0; i < path.length; i += 2) {
    const [px, py] = toPixels(view, path[i], path[i + 1]);
    if (Math.hypot(x - px, y - py) < 9) return true;
  }
  return false;
}
