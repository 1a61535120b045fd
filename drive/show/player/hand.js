// Driving by hand: a visitor's keys, one decision at a time, and afterwards where visitor and policy differed.
// The clock is the player's: what is driven is played, and at its end the next decision is asked for.

const WHEEL = { ArrowLeft: "LANE_LEFT", ArrowRight: "LANE_RIGHT", ArrowUp: "FASTER", ArrowDown: "SLOWER" };
const EARLY = 0.1; // [s] before what is driven is played to its end, at which the next decision is asked for
const LONG = 1; // [s] that a decision takes at least to play, however short it is

// where: () => what is shown, {episode, index, wish, playing}; take: hears a message; play: (on) lets time go on, or stops it;
// renew: (index) what is shown of a decision is no longer so; ended: nothing more is driven.
function startHand({ root, find, trigger, server, where, take, play, renew, ended }) {
  const pad = find(".wd-pad"), panel = find(".wd-differed"), wheel = find(".wd-wheel");
  let seat = null, looked = new Map(), round = 0, late = false, shut = false;

  // The wheel at what is shown, or on the form's road.
  function want(step) {
    root.dataset.wheel = step ?? "new";
    trigger("play");
  }

  function begin(message) {
    leave();
    looked = new Map();
    late = shut = false;
    round++;
    panel.hidden = true;
    const { by_hand } = where().episode.header;
    root.toggleAttribute("data-by-hand", by_hand);
    wheel.hidden = !server.steered || Boolean(message.seat);
    if (!message.seat) return speak();
    seat = { ...message.seat, first: message.seat.step, key: null, free: false, asking: false };
    root.focus({ preventScroll: true }); // the keys are for the wheel
    speak();
    show();
  }

  function speak() {
    const { hand } = where().episode.header;
    wheel.textContent = hand.take;
    for (const button of pad.querySelectorAll("[data-hand]"))
      if (hand[button.dataset.hand]) name(button, hand[button.dataset.hand]);
  }

  // The wheel, and what is looked back at, in the language that is spoken by now; the moment that waits lies in no log.
  async function resay() {
    speak();
    show();
    looked = new Map();
    delete panel.dataset.taken;
    if (!seat) return list();
    if (seat.step !== seat.first) return;
    const { episode } = where(), mine = seat;
    const told = await server.seated([seat.token, tongue]).then(JSON.parse).catch(() => SILENCE);
    if (mine !== seat || told.problem || seat.step !== seat.first) return;
    sayAgain(episode, told);
    renew(seat.first);
  }

  function name(button, words) {
    (button.querySelector("span") ?? button).textContent = words;
    button.setAttribute("aria-label", words);
  }

  // A key holds until the next decision; then, without another, the car carries on. What cannot be done is not taken.
  function press(action) {
    if (!seat) return;
    seat.free = false;
    if (seat.legal.includes(action)) seat.key = action;
    play(true);
    show();
  }

  function tick(left) {
    if (seat && !seat.asking && left <= EARLY) drive();
  }

  async function drive() {
    const mine = seat, number = seat.step, action = seat.free ? null : seat.key ?? "IDLE";
    Object.assign(seat, { asking: true, key: null });
    const told = await server.steered([mine.token, number, action, tongue]).then(JSON.parse).catch(() => SILENCE);
    if (seat !== mine) return;
    if (told.problem) {
      finish();
      return take({ problem: told.problem });
    }
    if (number === seat.first) renew(number);
    Object.assign(seat, { asking: false, step: number + told.steps.length, legal: told.legal ?? [] });
    take({ ...told, wish: where().wish, said: tongue });
    show();
    if (told.end) finish(true);
  }

  function give() {
    seat.free = !seat.free;
    seat.key = null;
    play(true);
    show();
  }

  // What was driven stays; a moment that was only waited at goes.
  function stop() {
    const { episode } = where(), { token, step, first } = seat;
    server.left(token);
    if (first && step === first) episode.steps.splice(first);
    finish();
  }

  // What was driven last is played to its end before anything is told of it.
  function finish(isPlayed = false) {
    seat = null;
    late = isPlayed && where().playing;
    if (!isPlayed) play(false);
    show();
    ended();
    list();
  }

  function leave() {
    if (seat) server.left(seat.token);
    seat = null;
    show();
  }

  function show() {
    pad.hidden = !seat;
    delete root.dataset.handOn;
    if (!seat) return;
    root.dataset.handOn = seat.step === seat.first ? "waiting" : "driving";
    const { hand } = where().episode.header;
    for (const button of pad.querySelectorAll(".wd-steer button")) {
      button.setAttribute("aria-pressed", button.dataset.hand === seat.key);
      button.setAttribute("aria-disabled", !seat.legal.includes(button.dataset.hand));
    }
    name(pad.querySelector("[data-hand=give]"), seat.free ? hand.back : hand.give);
    pad.querySelector("[data-hand=new]").hidden = seat.step !== seat.first;
  }

  function status() {
    const { header: { hand, by_hand }, end } = where().episode;
    if (!seat) return by_hand && !end ? hand.left : "";
    return seat.free ? hand.given : seat.step === seat.first ? hand.waiting : hand.driving;
  }

  // ------------------------------------------------------------------------------ afterwards

  // Where both differed, once nothing more is driven; a row at a time is looked back at.
  function list() {
    const { episode } = where(), { steps, header } = episode;
    wheel.hidden = !server.steered || Boolean(seat);
    const taken = steps.filter((step) => step.takeover?.by === "person");
    late = late && where().playing;
    if (seat || late || shut || !taken.length) return;
    if (!panel.hidden && panel.dataset.taken === String(taken.length)) return; // it stands there
    panel.dataset.taken = taken.length;
    const parted = steps.flatMap((step, k) => step.takeover?.by === "person" && step.takeover.differs ? [k] : []);
    const head = (parted.length ? header.hand.differed : header.hand.nowhere)
      .replace("{count}", parted.length).replace("{of}", taken.length);
    const title = make("p", "wd-back"), close = make("button", "wd-shut", "×");
    title.append(make("b", "", head));
    Object.assign(close, { type: "button" }).dataset.do = "together";
    close.setAttribute("aria-label", say("hand.close"));
    panel.replaceChildren(close, title, ...(parted.length ? [table(parted, episode)] : []));
    panel.hidden = false;
    if (server.hindsight) lookBack(parted, episode, ++round);
  }

  function table(parted, { steps, header }) {
    const node = make("table"), head = make("tr");
    const columns = header.hand.head.split(";").slice(0, server.hindsight ? 5 : 4);
    head.append(...columns.map((word) => make("th", "", word)));
    node.append(head, ...parted.map((k) => row(k, steps[k], header.hand)));
    return node;
  }

  function row(index, step, hand) {
    const line = make("tr"), at = make("td"), go = make("button", "wd-go", amount(step.time, 1, "s"));
    line.dataset.parted = index;
    Object.assign(go, { type: "button" }).dataset.go = index;
    at.append(go);
    const why = make("td", "wd-their", step.phrases.map((phrase) => phrase.text).join(""));
    line.append(at, make("td", "", step.done), make("td", "", step.takeover.would), why);
    if (server.hindsight) line.append(make("td", "wd-after", hand.looking));
    if (looked.has(index)) judge(line.lastChild, looked.get(index));
    return line;
  }

  async function lookBack(parted, episode, mine) {
    for (const index of parted) {
      if (looked.has(index)) continue;
      const told = await server.hindsight([...episode.header.id, index, tongue]).then(JSON.parse).catch(() => SILENCE);
      if (mine !== round || where().episode !== episode) return;
      looked.set(index, told);
      const cell = panel.querySelector(`[data-parted="${index}"] .wd-after`);
      if (cell) judge(cell, told);
      if (told.how && !panel.querySelector(".wd-how")) panel.append(make("p", "wd-how", told.how));
    }
  }

  // The sentence, and below it what was measured of both.
  function judge(cell, told) {
    cell.dataset.better = told.better ?? "";
    cell.replaceChildren(make("span", "", told.problem ?? told.text));
    if (!told.figures) return;
    const { hand } = where().episode.header;
    const [ours, theirs] = told.figures;
    cell.append(make("small", "", `${hand.you}: ${ours}`), make("small", "", `${hand.it}: ${theirs}`));
  }

  // --------------------------------------------------------------------------------- events

  function onKey(event) {
    const action = WHEEL[event.key];
    if (!seat || !action || event.shiftKey) return false;
    press(action);
    return true;
  }

  pad.addEventListener("click", (event) => {
    const what = event.target.closest("[data-hand]")?.dataset.hand;
    if (!what || !seat) return;
    if (what === "give") give();
    else if (what === "stop") stop();
    else if (what === "new") want(null);
    else press(what);
  });

  return { want, begin, resay, tick, onKey, list, leave, status, isDriving: () => seat !== null,
           close: () => { panel.hidden = shut = true; },
           rate: () => Math.min(1, (seat?.period ?? LONG) / LONG) };
}
