// The road as the driver sees it: perspective from the same moment as the bird's eye, solids for cars.

const EYE = { height: 1.45, forward: 0.3, near: 1.2, far: 130, tilt: 0.4 }; // [m], horizon as a share of the height
const HALF_ANGLE = Math.PI * 27 / 180; // half of what is seen from left to right
const TALL = { truck: 3.3, car: 1.45, motorcycle: 1.3 }; // [m]
const SHADE = { top: 0, rear: 0.12, front: 0.2, side: 0.3 }; // part of black

function kindOf(car) {
  return car.length > 8 ? "truck" : car.length < 3 ? "motorcycle" : "car";
}

function eyeOf(ego, width, height) {
  const cos = Math.cos(ego.heading), sin = Math.sin(ego.heading);
  return { x: ego.x + EYE.forward * cos, y: ego.y + EYE.forward * sin, cos, sin, width, height,
           focal: width / 2 / Math.tan(HALF_ANGLE), horizon: EYE.tilt * height,
           reach: EYE.far };
}

// [forward, right] of a place, as the eye sees it.
function before(eye, x, y) {
  const dx = x - eye.x, dy = y - eye.y;
  return [dx * eye.cos + dy * eye.sin, dx * eye.sin - dy * eye.cos];
}

function onGlass(eye, [forward, right, z]) {
  return [eye.width / 2 + eye.focal * right / forward,
          eye.horizon + eye.focal * (EYE.height - z) / forward];
}

// A polygon of [x, y, z] on the glass, cut off just before the eye; no points where it lies behind.
function seen(eye, points) {
  const placed = points.map(([x, y, z]) => [...before(eye, x, y), z]), kept = [];
  placed.forEach((point, k) => {
    const last = placed[(k + placed.length - 1) % placed.length];
    if ((point[0] < EYE.near) !== (last[0] < EYE.near)) {
      const part = (EYE.near - last[0]) / (point[0] - last[0]);
      kept.push(last.map((value, i) => value + part * (point[i] - value)));
    }
    if (point[0] >= EYE.near) kept.push(point);
  });
  return kept.map((point) => onGlass(eye, point));
}

function outline(context, pixels) {
  context.beginPath();
  pixels.forEach(([x, y], k) => k ? context.lineTo(x, y) : context.moveTo(x, y));
  context.closePath();
}

function fillSeen(context, eye, points, colour) {
  const pixels = seen(eye, points);
  if (pixels.length < 3) return false;
  outline(context, pixels);
  context.fillStyle = colour;
  context.fill();
  return true;
}

// Points of a line within reach, [[x, y], ...]; none where no part of it is.
function within(eye, line) {
  const near = clipLine(line, eye).line;
  if (near.length === 4) return pairs(near);
  return pairs(near).filter(([x, y]) => isWithin(eye, x, y));
}

function isWithin(eye, x, y) {
  return Math.abs(x - eye.x) < eye.reach && Math.abs(y - eye.y) < eye.reach;
}

// What is drawn of a lane or line again and again, made once: the smallest box around it.
function boundsOf(line) {
  const xs = line.filter((_, i) => i % 2 === 0), ys = line.filter((_, i) => i % 2);
  return [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
}

function isNear(eye, lane) {
  const [left, right, low, high] = lane.bounds ||= boundsOf([...lane.left, ...lane.right]);
  return eye.x > left - eye.reach && eye.x < right + eye.reach &&
         eye.y > low - eye.reach && eye.y < high + eye.reach;
}

function groundLane(context, eye, lane, theme) {
  const left = within(eye, lane.left), right = within(eye, lane.right);
  if (left.length > 1 && right.length > 1)
    fillSeen(context, eye, [...left, ...right.reverse()].map(([x, y]) => [x, y, 0]), theme.asphalt);
}

// A strip of a width [m] along a line.
function strip(context, eye, points, width, colour) {
  if (points.length > 1) fillSeen(context, eye, stripOf(points, width / 2), colour);
}

function stripOf(points, half) {
  const left = [], right = [];
  points.forEach(([x, y], i) => {
    const [x0, y0] = points[Math.max(i - 1, 0)], [x1, y1] = points[Math.min(i + 1, points.length - 1)];
    const length = Math.hypot(x1 - x0, y1 - y0) || 1, ux = (x1 - x0) / length, uy = (y1 - y0) / length;
    left.push([x - uy * half, y + ux * half, 0]);
    right.push([x + uy * half, y - ux * half, 0]);
  });
  return [...left, ...right.reverse()];
}

const PAINT = 0.18; // [m] width of a line on the road
const TREAD = 0.1, BAR = 0.6; // [m] width of a wheel's track; along the road, of the bar of a second: it is seen from afar

// The dashes of a line as strips, made once.
function dashesOf(line) {
  const dashes = [], points = pairs(line);
  let along = 0;
  for (let i = 0; i + 1 < points.length; i++) {
    const [x0, y0] = points[i], [x1, y1] = points[i + 1];
    const length = Math.hypot(x1 - x0, y1 - y0), ux = (x1 - x0) / length, uy = (y1 - y0) / length;
    const first = Math.ceil((along - DASH) / DASH_PERIOD) * DASH_PERIOD;
    for (let s = first; s < along + length; s += DASH_PERIOD) {
      const [low, high] = [Math.max(s - along, 0), Math.min(s + DASH - along, length)];
      if (low < high)
        dashes.push(stripOf([[x0 + low * ux, y0 + low * uy], [x0 + high * ux, y0 + high * uy]], PAINT / 2));
    }
    along += length;
  }
  return dashes;
}

function groundLine(context, eye, lane, side, theme) {
  const kind = lane[`${side}_line`];
  if (kind === "none") return;
  if (kind !== "striped") return strip(context, eye, within(eye, lane[side]), PAINT, theme.line);
  const dashes = lane[`${side}_dashes`] ||= dashesOf(lane[side]);
  for (const dash of dashes)
    if (isWithin(eye, dash[0][0], dash[0][1]) && before(eye, dash[0][0], dash[0][1])[0] > -DASH)
      fillSeen(context, eye, dash, theme.line);
}

function boxFaces(car, low, high, inset) {
  const l = car.length / 2 * inset, w = car.width / 2 * (inset < 1 ? 0.86 : 1);
  const shift = inset < 1 ? -0.06 * car.length : 0, cos = Math.cos(car.heading), sin = Math.sin(car.heading);
  const at = (a, b, z) => [car.x + (a + shift) * cos - b * sin, car.y + (a + shift) * sin + b * cos, z];
  const side = (a0, b0, a1, b1) => [at(a0, b0, low), at(a1, b1, low), at(a1, b1, high), at(a0, b0, high)];
  return [
    { kind: "front", out: [cos, sin], points: side(l, -w, l, w) },
    { kind: "rear", out: [-cos, -sin], points: side(-l, w, -l, -w) },
    { kind: "side", out: [-sin, cos], points: side(l, w, -l, w) },
    { kind: "side", out: [sin, -cos], points: side(-l, -w, l, -w) },
    { kind: "top", out: null, points: [at(-l, -w, high), at(l, -w, high), at(l, w, high), at(-l, w, high)] },
  ];
}

function isFacing(eye, face) {
  if (face.kind === "top") return face.points[0][2] < EYE.height;
  const [x, y] = face.points[0];
  return (eye.x - x) * face.out[0] + (eye.y - y) * face.out[1] > 0;
}

function solid(context, eye, faces, colour, theme) {
  for (const face of faces.filter((one) => isFacing(eye, one))) {
    if (!fillSeen(context, eye, face.points, colour)) continue;
    context.globalAlpha = SHADE[face.kind];
    context.fillStyle = "#000";
    context.fill();
    context.globalAlpha = 1;
    context.strokeStyle = theme.glass;
    context.lineWidth = 0.75;
    context.stroke();
  }
}

// Two lamps at the back: bright where it brakes.
function lamps(context, eye, car) {
  const rear = boxFaces(car, 0.55, 0.75, 1)[1];
  if (!isFacing(eye, rear)) return;
  const [a, b, c, d] = rear.points, mix = (p, q, t) => p.map((value, i) => value + t * (q[i] - value));
  for (const [from, to] of [[0.04, 0.26], [0.74, 0.96]])
    fillSeen(context, eye, [mix(a, b, from), mix(a, b, to), mix(d, c, to), mix(d, c, from)],
             car.braking ? "#ff2a1a" : "#6d1a14");
}

function drawSolid(context, eye, car, colour, theme) {
  const tall = TALL[kindOf(car)], truck = kindOf(car) === "truck";
  context.save();
  if (!car.seen) context.globalAlpha = 0.35;
  solid(context, eye, boxFaces(car, 0.25, truck ? tall : 0.62 * tall, 1), colour, theme);
  if (!truck) solid(context, eye, boxFaces(car, 0.62 * tall, tall, 0.52), colour, theme);
  lamps(context, eye, car);
  context.restore();
}

// The frame of a cited car and its id above it.
function frameSolid(context, eye, car, colour, theme, strong) {
  const tall = TALL[kindOf(car)], corners = boxFaces(car, 0, tall, 1).flatMap((face) => face.points);
  const pixels = corners.map(([x, y, z]) => [...before(eye, x, y), z])
    .filter(([forward]) => forward >= EYE.near).map((point) => onGlass(eye, point));
  if (pixels.length < corners.length) return;
  const xs = pixels.map(([x]) => x), ys = pixels.map(([, y]) => y);
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  context.strokeStyle = colour;
  context.lineWidth = strong ? 3.5 : 2;
  context.strokeRect(left - 3, top - 3, right - left + 6, bottom - top + 6);
  context.fillStyle = colour;
  const text = String(car.id), wide = 8 * text.length + 10;
  context.fillRect((left + right - wide) / 2, top - 22, wide, 17);
  context.fillStyle = theme.label;
  context.fillText(text, (left + right) / 2, top - 13);
}

function drawDriver(canvas, episode, moment, look, theme) {
  const { context, width, height } = fitCanvas(canvas);
  if (!width) return;
  const eye = eyeOf(moment.ego, width, height), cited = citedIn(moment.said);
  context.fillStyle = theme.sky;
  context.fillRect(0, 0, width, eye.horizon + 1);
  context.fillStyle = theme.ground;
  context.fillRect(0, eye.horizon, width, height);
  const { goal } = episode.header, lanes = episode.header.lanes.filter((lane) => isNear(eye, lane));
  for (const lane of lanes) groundLane(context, eye, lane, theme);
  context.globalAlpha = 0.35;
  for (const area of goal) fillSeen(context, eye, pairs(area).map(([x, y]) => [x, y, 0]), theme.goal);
  context.globalAlpha = 1;
  for (const lane of lanes) {
    groundLine(context, eye, lane, "left", theme);
    groundLine(context, eye, lane, "right", theme);
  }
  const driven = moment.step.options.find((option) => option.driven);
  context.globalAlpha = 0.5;
  if (driven?.path.length) strip(context, eye, pairs(driven.path), 1.5, theme.ego);
  context.globalAlpha = 1;
  groundTrail(context, eye, trailAt(episode, moment.time), theme);
  drawTraffic(context, eye, moment, cited, look, theme);
}

// Where the ego went afterwards, as in the bird's eye: the tracks of its wheels, a bar across for each second.
function groundTrail(context, eye, trail, theme) {
  if (trail.points.length < 2) return;
  trail.treads ||= trail.sides.map((side) => stripOf(side, TREAD / 2));
  for (const tread of trail.treads) fillSeen(context, eye, tread, theme.ink);
  for (const bar of trail.bars) {
    const across = { x: bar[0], y: bar[1], heading: bar[2], length: BAR, width: 2 * SLEEPER };
    fillSeen(context, eye, boxFaces(across, 0, 0, 1).at(-1).points, theme.ink);
  }
}

function drawTraffic(context, eye, moment, cited, look, theme) {
  const things = moment.step.objects.map((thing) => ({ ...thing, thing: true, seen: true }));
  const all = [...moment.cars, ...things].map((car) => ({ car, away: before(eye, car.x, car.y)[0] }));
  const shown = all.filter(({ car, away }) => away > -car.length && away < eye.reach);
  shown.sort((a, b) => b.away - a.away);
  for (const { car } of shown) {
    const colour = car.thing ? theme.barrier : cited.has(car.id) ? theme.cited[cited.get(car.id)] : theme.car;
    if (car.thing) solid(context, eye, boxFaces(car, 0, 1, 1), colour, theme);
    else drawSolid(context, eye, car, colour, theme);
  }
  context.font = `600 12px ${theme.font}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (const { car } of shown)
    if (!car.thing && (cited.has(car.id) || car.id === look.car))
      frameSolid(context, eye, car, cited.has(car.id) ? theme.cited[cited.get(car.id)] : theme.ink, theme, car.id === look.car);
}

function pairs(flat) {
  const points = [];
  for (let i = 0; i < flat.length; i += 2) points.push([flat[i], flat[i + 1]]);
  return points;
}
