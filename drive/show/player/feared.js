// What a policy feared: the cars as it imagined them in one hypothesis, as outlines under the clock. All of it is told.

const OUTLINE_APART = 3; // [m] from a car at which its outline has its id as well

// Everyone in a hypothesis at a time after the decision: [{id, x, y, heading, length, width, about}], the ego with id 0.
function outlinesAt({ times, ego, cars, about }, sizes, seconds) {
  const place = placeIn(times, Math.min(Math.max(seconds, 0), times.at(-1)));
  return Object.entries({ ...cars, 0: ego }).map(([name, rows]) => {
    const id = Number(name), [x, y, heading] = between(rows, place, 2), [length, width] = sizes[id] || [5, 2];
    return { id, x, y, heading, length, width, about: about.includes(id) };
  });
}

function outlineColour({ id, about }, theme) {
  return about ? theme.wreck : id === 0 ? theme.ego : theme.ink;
}

// In the bird's eye, in a context that stands in the world.
function drawOutlines(context, view, outlines, theme) {
  for (const each of outlines) drawGhost(context, view, each, outlineColour(each, theme));
}

// The ids of those that are not where the cars themselves are.
function labelOutlines(context, view, outlines, { cars }, theme) {
  const apart = ({ id, x, y }) => !cars.some((car) => car.id === id && Math.hypot(car.x - x, car.y - y) < OUTLINE_APART);
  const size = Math.max(9.5, Math.min(14, 1.4 * view.scale));
  context.save();
  context.font = `600 ${size}px ${theme.font}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (const each of outlines.filter((one) => one.id && apart(one))) {
    const [x, y] = toPixels(view, each.x, each.y);
    context.fillStyle = outlineColour(each, theme);
    context.fillText(String(each.id), x, y + 0.5);
  }
  context.restore();
}

// In the driver's eye: solids that one looks through, with their frames.
function outlinesAhead(canvas, moment, outlines, theme) {
  const { context, width, height } = fitCanvas(canvas), eye = eyeOf(moment.ego, width, height);
  for (const car of outlines.filter(({ id }) => id)) {
    const colour = outlineColour(car, theme), tall = TALL[kindOf(car)];
    for (const face of boxFaces(car, 0.25, tall, 1)) {
      if (!isFacing(eye, face)) continue;
      context.globalAlpha = 0.16;
      if (!fillSeen(context, eye, face.points, colour)) continue;
      context.globalAlpha = 1;
      context.setLineDash([5, 3]);
      context.strokeStyle = colour;
      context.lineWidth = car.about ? 2 : 1;
      context.stroke();
      context.setLineDash([]);
    }
  }
  context.globalAlpha = 1;
}
