// What a policy that thinks in words was shown and thought at the decision that is shown; a word is changed, and it thinks again.

const STILL = 120; // [ms] that a decision is shown before its thoughts are asked for

// begun, show, reshow, leave: a future is about to be driven; plays it beside
// what was driven; names it anew; ends that.
function startThinking({ root, find, server, begun, show, reshow, leave }) {
  const panel = find(".wd-mind"), cameras = find(".wd-cameras");
  const links = root.querySelectorAll(".wd-other"); // to a policy that thinks; the one in the help is for the keyboard
  let at = null, told = null, given = {}, turn = 0, playing = false, later = 0; // at: {episode, index}; told: as it was

  // A decision is shown.
  function look(episode, index) {
    const thinks = Boolean(server.thought && episode.steps[index].thinks);
    for (const link of links) link.hidden = thinks || !server.thought;
    root.toggleAttribute("data-thinks", thinks);
    panel.hidden = cameras.hidden = !thinks;
    if (!thinks || (at?.episode === episode && at.index === index)) return;
    stop();
    at = { episode, index };
    clearTimeout(later);
    later = setTimeout(recall, STILL);
  }

  // What was thought there, in the language that is spoken by now.
  async function recall() {
    const mine = ++turn, answer = await ask({}, 0);
    if (mine !== turn || !at) return;
    if (answer.problem) return say_(answer.problem);
    told = answer;
    showCameras(cameras, told.cameras);
    showThoughts(panel, told, told);
  }

  function ask(words, decisions) {
    const { episode, index } = at;
    return server.thought([...episode.header.id, index, words, decisions, tongue]).then(JSON.parse).catch(() => SILENCE);
  }

  // Another word at a place: what comes after it is thought anew, at once; then the future is driven.
  async function change(place, name) {
    const word = told.words.find((each) => each.place === place);
    delete given[place];
    if (word.words[saidAt(word)].name !== name) given[place] = name;
    if (!Object.keys(given).length) return undo();
    const mine = ++turn, { episode, index } = at;
    begun();
    playing = true;
    panel.dataset.busy = true;
    const now = await ask(given, 0);
    if (mine !== turn) return;
    delete panel.dataset.busy;
    if (now.problem) return say_(now.problem);
    showThoughts(panel, told, now);
    focusOn(place);
    const step = episode.steps[index], period = Math.max(step.times.at(-1) - step.time, 0.1);
    const more = await ask(given, Math.ceil(LOOK_AHEAD / period));
    if (mine !== turn || !playing) return;
    if (more.problem) return say_(more.problem);
    showThoughts(panel, told, more);
    focusOn(place);
    show({ branch: more.branch, asked: labelOf(more) }, episode, index);
    find(".wd-scene").scrollIntoView({ block: "nearest", behavior: "instant" });
  }

  function labelOf(now) {
    const changed = now.words.find((word) => word.by_hand);
    return say("mind.label", { word: changed.words[saidAt(changed)].text });
  }

  function focusOn(place) {
    panel.querySelector(`[data-place="${place}"] select`)?.focus({ preventScroll: true });
  }

  function say_(sentence) {
    panel.querySelector(".wd-then").textContent = sentence;
  }

  // The words as they were; the future is over.
  function undo() {
    const place = Object.keys(given)[0];
    stop();
    if (place) focusOn(place);
  }

  function stop() {
    const was = playing;
    turn++;
    given = {};
    playing = false;
    delete panel.dataset.busy;
    if (told && was) showThoughts(panel, told, told);
    if (was) leave();
  }

  function close() {
    clearTimeout(later);
    stop();
    at = told = null;
    panel.hidden = cameras.hidden = true;
    root.removeAttribute("data-thinks");
  }

  async function resay() {
    if (panel.hidden || !at) return;
    const mine = ++turn, [was, now] = await Promise.all([ask({}, 0), playing ? ask(given, 1) : null]);
    if (mine !== turn || was.problem) return;
    told = was;
    showCameras(cameras, told.cameras);
    showThoughts(panel, told, now ?? told);
    if (now) reshow({ branch: now.branch, asked: labelOf(now) }, at.episode, at.index);
  }

  panel.addEventListener("change", ({ target }) => {
    const place = target.closest("[data-place]")?.dataset.place;
    if (place) change(place, target.value);
  });
  root.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && playing) undo();
  });
  return { look, resay, undo, stop, close, isPlaying: () => playing };
}

// Where the word that is said stands among those that are offered.
function saidAt({ words, name }) {
  return words.findIndex((word) => word.name === name);
}

// Cars ahead stand above those behind, and each on its side.
function placeOf(at) {
  return 3 * at.startsWith("behind") + (at.endsWith("left") ? 0 : at.endsWith("right") ? 2 : 1);
}

function shareText(share) {
  return share && share < 0.01 ? "<1 %" : `${digits(100 * share, 0)} %`;
}

// ----------------------------------------------------------------------------------- the pictures

function showCameras(node, all) {
  node.replaceChildren(...all.map(({ name, moments }) => {
    const figure = make("figure"), said = say(`mind.${name}`);
    const pictures = moments.map(([ago, address]) => {
      const picture = make("img"), when = ago ? say("mind.ago", { seconds: digits(ago, 1) }) : say("mind.now");
      Object.assign(picture, { src: address, width: 96, height: 32, alt: `${said}, ${when}`, title: `${said}, ${when}` });
      return picture;
    });
    figure.append(...pictures, make("figcaption", "", said));
    return figure;
  }));
}

// -------------------------------------------------------------------------------------- the words

// was: as it thought; now: as it thinks with the words that were put in by hand.
function showThoughts(panel, was, now) {
  const before = new Map(was.words.map((word) => [word.place, word]));
  const node = (word) => wordNode(word, before.get(word.place));
  const of = (...kinds) => now.words.filter(({ kind }) => kinds.includes(kind));
  const grid = make("div", "wd-around");
  const around = of("gap", "closing");
  grid.append(...[...new Set(around.map(({ at }) => at))].sort((a, b) => placeOf(a) - placeOf(b)).map((at) => {
    const cell = make("div"), here = around.filter((word) => word.at === at);
    cell.append(make("b", "", say(`mind.${at}`)), ...here.map(node));
    return cell;
  }));
  const rest = make("div", "wd-row"), grades = make("div", "wd-grades");
  rest.append(...of("lanes").map(node));
  grades.append(...of("grade").map(node));
  const changed = now.words.some((word) => word.by_hand);
  const then = panel.querySelector(".wd-then"), { likely } = now.shares[0];
  then.replaceChildren(
    document.createTextNode(say(changed ? "mind.then" : "mind.did", { act: now.act, share: shareText(likely) })),
    ...changeNodes(changed ? now.changed : null),
    ...(now.branch?.steps[0]?.takeover ? [make("span", "wd-would", now.branch.steps[0].takeover.title)] : []));
  panel.querySelector(".wd-undo").hidden = !changed;
  const stages = [["mind.scene", grid, rest], ["mind.verdict", grades], ["mind.choice", sharesNode(now.shares)]];
  panel.querySelector(".wd-stages").replaceChildren(...stages.map(([key, ...parts]) => {
    const stage = make("section");
    stage.append(make("h4", "", say(key)), ...parts);
    return stage;
  }));
}

// A place: what stands there, how likely that was, and the next best word; another one may be chosen.
function wordNode(word, was) {
  const node = make("label", "wd-word-of"), choices = make("select"), { words, kind, label, by_hand } = word;
  const now = words[saidAt(word)], before = was.words[saidAt(was)], next = bestOf(words, now);
  const name = label || say(`mind.${kind === "lanes" ? word.at : kind}`);
  choices.append(...words.map(({ name: value, text, likely }) => {
    const option = make("option", "", say("mind.word", { word: text, share: shareText(likely) }));
    Object.assign(option, { value, selected: value === now.name });
    return option;
  }));
  choices.setAttribute("aria-label", [word.at && kind !== "lanes" && kind !== "grade" ? say(`mind.${word.at}`) : "", name].filter(Boolean).join(", "));
  const bar = make("i", "wd-likely"), other = now.name !== before.name;
  bar.style.setProperty("--share", `${100 * now.likely}%`);
  const more = by_hand ? say("mind.hand") : other ? say("mind.anew", { word: before.text })
    : next ? say("mind.next", { word: next.text, share: shareText(next.likely) }) : "";
  choices.setAttribute("aria-description", more);
  const told = make("small", "", more);
  told.title = more;
  node.append(make("span", "", name), choices, bar, told);
  node.dataset.place = word.place;
  node.toggleAttribute("data-hand", by_hand);
  node.toggleAttribute("data-anew", other && !by_hand);
  return node;
}

function bestOf(words, now) {
  const others = words.filter((each) => each !== now && each.likely > 0);
  return others.sort((a, b) => b.likely - a.likely)[0];
}

function sharesNode(shares) {
  const list = make("ul", "wd-shares");
  list.append(...shares.map(({ act, likely }) => {
    const row = make("li"), bar = make("i", "wd-likely");
    bar.style.setProperty("--share", `${100 * likely}%`);
    row.append(make("span", "", act), bar, make("b", "", shareText(likely)));
    return row;
  }));
  return list;
}
