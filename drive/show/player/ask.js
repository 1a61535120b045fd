// Questions about the decision that is shown: a box, what is worth asking, a menu at a car or at a place
// on the road, and the answers. Text from a log or an answer enters as textContent only.

const LOOK_AHEAD = 6; // [s] of a supposed future that are driven and played
const TOLD = 5; // differences that are told one by one, beside those that decided
const DRAGGED = 6; // [px] from which a press is a drag

// where: () => what is asked about, {episode, index}; begun, show, leave: an
// answer is about to come; plays its futures; names them anew; ends that.
function startAsking({ root, find, server, where, begun, show, reshow, leave }) {
  const form = find(".wd-ask"), box = find(".wd-question"), panel = find(".wd-answer"), menu = find(".wd-menu");
  let turn = 0, open = false, asked = null; // asked: {text, language, episode, index} of the answer that is shown
  form.hidden = !server.answered; // a page without a server answers nothing

  async function ask(text) {
    const { episode, index } = where(), id = episode.header.id, mine = ++turn;
    asked = { text, language: tongue, episode, index };
    const about = (decisions) => server.answered([...id, index, text, decisions, tongue, tongue]).then(JSON.parse).catch(() => SILENCE);
    const mayShow = () => mine === turn && root.dataset.run === id[0] && root.dataset.episode === id[1];
    box.value = text;
    if (!open) begun();
    open = true;
    showAnswer(panel, { asked: text, problem: say("ask.busy") });
    panel.dataset.busy = true;
    const told = await about(1);
    if (!mayShow()) return;
    delete panel.dataset.busy;
    showAnswer(panel, told);
    if (told.problem) return;
    show(told, episode, index);
    if (!told.branch || told.branch.end) return;
    const step = episode.steps[index], period = Math.max(step.times.at(-1) - step.time, 0.1);
    const more = await about(Math.ceil(LOOK_AHEAD / period));
    if (mayShow() && !more.problem) show(more, episode, index, true);
  }

  // The answer that is shown, in the language that is spoken by now.
  async function resay() {
    menu.hidden = true;
    if (!open || !asked) return;
    const mine = turn, { text, language, episode, index } = asked;
    const told = await server.answered([...episode.header.id, index, text, 1, tongue, language]).then(JSON.parse).catch(() => SILENCE);
    if (mine !== turn || !open || told.problem) return;
    box.value = told.asked;
    showAnswer(panel, told);
    reshow(told, episode, index);
  }

  function close() {
    turn++;
    menu.hidden = true;
    if (!open) return;
    open = false;
    panel.hidden = true;
    panel.replaceChildren();
    leave();
  }

  // Beside the box, what is worth asking about a decision.
  function offer(questions) {
    find(".wd-offers").replaceChildren(...(questions || []).map((text) => asksFor(text, "wd-offer")));
  }

  function asksFor(text, style) {
    const button = make("button", style, text);
    button.type = "button";
    button.dataset.asks = text;
    return button;
  }

  // A menu of questions about a car, or of what may be put onto the road.
  function openMenu(title, questions, x, y) {
    menu.replaceChildren(make("b", "", title), ...questions.map(({ words, text }) => {
      const button = asksFor(text, "");
      button.textContent = words;
      return button;
    }));
    menu.hidden = false;
    find(".wd-tip").hidden = true;
    const box = root.getBoundingClientRect(), from = find(".wd-map").getBoundingClientRect();
    menu.style.left = `${Math.min(Math.max(x + from.x - box.x, 8), Math.max(box.width - 268, 8))}px`;
    menu.style.top = `${y + from.y - box.y + 10}px`;
    menu.querySelector("button").focus({ preventScroll: true });
  }

  function aboutCar(id, x, y) {
    if (form.hidden) return;
    const asked = where().episode.header.questions.map((each) => each.replace("{car}", id));
    openMenu(say("car", { car: id }), asked.map((text) => ({ words: text, text })), x, y);
  }

  function aboutPlace([px, py], speed, x, y) {
    if (form.hidden) return;
    const place = `${px.toFixed(1)} ${py.toFixed(1)}`;
    openMenu(say("place"), [
      { words: say("place.car", { speed: amount(speed, 0, "m/s") }), text: `add car ${place} ${speed.toFixed(1)}` },
      { words: say("place.still"), text: `add car ${place} 0` },
      { words: say("place.debris"), text: `obstruct ${place}` },
      { words: say("place.truck"), text: `add truck ${place} ${(speed / 2).toFixed(1)}` },
    ], x, y);
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (box.value.trim() && where()) ask(box.value.trim());
  });
  root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-asks]");
    if (button && where()) {
      menu.hidden = true;
      ask(button.dataset.asks);
    } else if (!event.target.closest(".wd-menu, .wd-map")) menu.hidden = true;
  });
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    if (!menu.hidden) menu.hidden = true;
    else close();
  });
  return { ask, resay, close, offer, aboutCar, aboutPlace, focus: () => box.focus(), isOpen: () => open };
}

// ------------------------------------------------------------------------------------ the answer

function showAnswer(panel, told) {
  const shut = make("button", "wd-shut", "×");
  shut.type = "button";
  shut.dataset.do = "dismiss";
  shut.title = say("ask.back");
  shut.setAttribute("aria-label", shut.title);
  const head = make("p", "wd-back");
  head.append(make("b", "", told.asked || ""), ...changeNodes(told.changed));
  const said = make("p", "wd-says");
  if (told.problem) said.textContent = told.problem;
  else said.append(...told.phrases.flatMap((phrase) => phraseNodes(phrase, new Map())));
  panel.replaceChildren(shut, head, said, ...(told.against ? [contestNode(told.against)] : []));
  panel.hidden = false;
}

function changeNodes(changed) {
  if (changed === null || changed === undefined) return [];
  const chip = make("span", "wd-chip wd-change", say(changed ? "ask.changes" : "ask.stays"));
  chip.dataset.changed = changed;
  return [chip];
}

// What each difference is worth, for the choice to the right, for the other option to the left; they sum to the margin.
function contestNode({ words, margin, unit, rows }) {
  const list = make("ul", "wd-contest"), scale = contestScale(rows);
  const told = rows.filter((row, k) => row.decided || k < TOLD), rest = rows.filter((row) => !told.includes(row));
  for (const row of told) list.append(contestRow(row, words, scale));
  if (rest.length) list.append(restRow(rest, scale));
  const sum = make("li", "wd-total"), bar = barOf(margin, scale);
  sum.append(make("span", "", say("ask.sum", { option: words[0] })), bar, make("b", "", signed(margin)));
  list.append(sum);
  const title = make("p", "wd-versus");
  title.append(make("span", "", `← ${words[1]}`), make("span", "", `${unit}`), make("span", "", `${words[0]} →`));
  const whole = make("div", "wd-duel");
  whole.append(title, list);
  return whole;
}

// The most that a bar shows; one difference that is far larger than all others is cut off, and looks it.
function contestScale(rows) {
  const sizes = rows.map((row) => Math.abs(row.worth)).sort((a, b) => b - a);
  const [first = 1, second = first] = sizes;
  return first > 20 * second ? Math.max(2 * second, 1e-6) : Math.max(first, 1e-6);
}

function restRow(rows, scale) {
  const node = make("li"), sum = rows.reduce((all, row) => all + row.worth, 0);
  node.append(make("span", "", say("ask.rest", { count: rows.length })), barOf(sum, scale), make("b", "", signed(sum)));
  node.title = rows.map((row) => `${termText(row)}: ${signed(row.worth)}`).join("\n");
  return node;
}

function contestRow(row, words, scale) {
  const node = make("li", row.decided ? "wd-decided" : "");
  const about = make("span");
  about.append(...row.phrases.flatMap((phrase) => phraseNodes(phrase, new Map())), make("small", "", ` ${words[row.whose]}`));
  node.append(about, barOf(row.worth, scale), make("b", "", signed(row.worth)));
  return node;
}

function barOf(worth, scale) {
  const bar = make("i", "wd-part"), share = 50 * Math.min(Math.abs(worth) / scale, 1);
  const piece = make("i", worth > 0 ? "wd-for" : "wd-against");
  piece.style.width = `${share}%`;
  piece.style.left = worth > 0 ? "50%" : `${50 - share}%`;
  bar.classList.toggle("wd-cut", Math.abs(worth) > scale * 1.0001);
  bar.append(piece);
  return bar;
}

// ------------------------------------------------------------------------------ the futures

// The episode as it would have gone on: what came before is the same.
function besideOf(episode, branch) {
  const other = newEpisode(episode.header);
  other.steps = [...episode.steps.slice(0, branch.from), ...branch.steps];
  other.end = branch.end;
  return other;
}

// Where an option would have led, at a time after the decision: a place on its path, a waypoint each 0.1 s.
function ghostAt(path, seconds, size) {
  const last = path.length / 2 - 1, at = Math.min(Math.max(seconds * 10, 0), last - 1e-6);
  const k = Math.floor(at), part = at - k;
  const [x0, y0, x1, y1] = path.slice(2 * k, 2 * k + 4);
  const before = k ? path.slice(2 * k - 2, 2 * k) : [x0, y0];
  return { x: x0 + part * (x1 - x0), y: y0 + part * (y1 - y0), heading: Math.atan2(y1 - before[1], x1 - before[0]), ...size };
}

function drawGhost(context, view, ghost, colour) {
  context.save();
  context.translate(ghost.x, ghost.y);
  context.rotate(ghost.heading);
  roundRectangle(context, ghost.length, ghost.width, 0.22 * ghost.width);
  context.globalAlpha = 0.25;
  context.fillStyle = colour;
  context.fill();
  context.globalAlpha = 1;
  context.strokeStyle = colour;
  context.lineWidth = 2 / view.scale;
  context.setLineDash([0.8, 0.5]);
  context.stroke();
  context.restore();
}

// The world's point at a pixel.
function fromPixels(view, px, py) {
  const dx = (px - view.width / 2) / view.scale, dy = (view.height / 2 - py) / view.scale;
  const cos = Math.cos(view.rotation), sin = Math.sin(view.rotation);
  return [view.x + dx * cos + dy * sin, view.y - dx * sin + dy * cos];
}

function labelPicture(context, text, theme) {
  context.save();
  context.font = `600 12px ${theme.font}`;
  context.textAlign = "left";
  context.textBaseline = "middle";
  const wide = context.measureText(text).width + 14;
  context.fillStyle = theme.ink;
  context.globalAlpha = 0.82;
  context.beginPath();
  context.roundRect(8, 8, wide, 20, 5);
  context.fill();
  context.globalAlpha = 1;
  context.fillStyle = theme.page;
  context.fillText(text, 15, 18.5);
  context.restore();
}
