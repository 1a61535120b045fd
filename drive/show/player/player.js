// One clock drives everything: the map, the plots, the playhead and the words show the same time.
// Receives messages (props.value, JSON): {header, at?, fill?} {from, steps} {end} {proof} {asked} {problem}, in any mixture.

const RATES = [0.1, 0.25, 0.5, 1, 2, 4];
const LOOKS = ["both", "driver", "bird"]; // eyes: side by side, or one of them
const LOOK_NAMES = { both: "road.both views", driver: "road.driver's eye", bird: "road.bird's eye" };
const CARD_PAUSE = 500; // [ms] between two looks of the card while claims are tested
const NARROW = 760; // [px] a page on which one picture is enough
const PATIENCE = 8000; // [ms] without a word after which a page that was opened asks again
const LOOP = 5; // [s] that are played over and over
const BESIDE = 0.55; // of a picture's height that two, one above the other, have each
const RANGE_PAUSE = 0.6; // [s] that a range that is played over and over stands still at its end
const SILENCE = { get problem() { return say("silence"); } };

function startPlayer({ element, trigger, props, watch, server }) {
  const root = element.querySelector(".wd");
  const find = (name) => root.querySelector(name);
  const map = find(".wd-map"), plot = find(".wd-plot"), ticks = find(".wd-ticks");
  const eye = find(".wd-eye"), tracks = find(".wd-tracks"), playhead = find(".wd-playhead");
  const state = { episode: null, heard: false, wish: 0, missed: null, fetching: false,
                  time: 0, playing: false, rate: 1, shown: -1, driving: false,
                  carded: -Infinity, supply: newSupply(0), at: null, asker: null, tested: null, said: tongue, stale: false, resaying: false, failed: false,
                  look: { zoom: 1, turn: false, car: null, option: null }, view: null,
                  beside: null, ghost: null, feared: null, range: null, pinned: null, drag: null,
                  moment: null, dirty: true, last: 0, theme: readTheme(root) };

  // ------------------------------------------------------------------------------- messages

  // A message. Where Gradio lost the one before, it hands over the edit that was to make this of that: the
  // whole message, at the end of its last part, but for a message that only adds to the one before.
  function hear(value) {
    const told = Array.isArray(value) ? value.at(-1)?.at(-1) : value;
    if (!told?.startsWith("{")) return;
    state.heard = true;
    take(JSON.parse(told));
  }

  // What is sent may be lost before the page hears anything.
  function insist() {
    if (state.heard || !root.isConnected) return;
    trigger("retry");
    setTimeout(insist, PATIENCE);
  }

  function take(message) {
    if (message.wish < state.wish) return; // of something that was asked for before
    state.wish = message.wish ?? state.wish;
    if (message.header) state.said = message.header.language ?? tongue;
    if (!message.proof) notice(message.problem);
    if ("wish" in message) asked(message.asked, message.preparing); // else it is about a file
    if (message.header) begin(message);
    if (!message.id) return;
    const episode = state.episode, before = episode?.steps.length;
    if (!isShown(message.id) || !receive(episode, message)) return fetchAgain(message);
    if (message.beside) return comparing.take(message.beside);
    if ((message.said ?? state.said) !== tongue) resay();
    if (message.proof) return takeProof(message.proof);
    if (message.notes) return remarks.take(message.notes);
    if (episode.steps.length > before)
      supplied(state.supply, performance.now(), lastTime(episode) - state.time);
    if (!before && episode.steps.length) comparing.offer(message.id);
    if (message.end) state.driving = false;
    if (message.end || message.steps?.length > 1) hand.list();
    worst();
    showStatus();
    goWhereAsked();
    layout(Math.max(before - 1, 0));
  }

  // A link may name a step that is not driven yet.
  function goWhereAsked() {
    const { at, episode } = state;
    if (at === null || !episode.steps.length) return;
    if (episode.steps.length <= at && !episode.end) return;
    state.at = null;
    seek(episode.steps[at]?.time ?? lastTime(episode));
  }

  function takeProof(told) {
    receiveProof(state.episode.proofs, told);
    layTicks(ticks, state.episode, state.theme, told.from ?? 0);
    markTick(ticks, state.shown);
    showMarked();
    const { steps, of } = state.episode.proofs, now = performance.now();
    if (steps.length < of && now - state.carded < CARD_PAUSE) return; // more is to come
    state.carded = now;
    showCard(find(".wd-proof"), state.episode, state.failed);
    worst();
  }

  function worst() {
    showWorst(find(".wd-worst"), state.episode);
    markWorst(find(".wd-worst"), state.shown);
  }

  function showVerdicts() {
    showCard(find(".wd-proof"), state.episode, state.failed);
    showMarked();
  }

  function showMarked() {
    const { shown } = state;
    if (shown < 0) return;
    const findings = findingsAt(shown);
    showMarks(find(".wd-text"), findings, state.tested);
    showTested(find(".wd-tested"), findings, state.tested);
  }

  // Verdicts on what is said now: it was said at the first decision of a run.
  function findingsAt(index) {
    return state.episode.proofs.steps[runAround(state.episode, index)[0]] || [];
  }

  function begin(message) {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    state.episode = newEpisode(message.header);
    const going = !message.header.by_hand || Boolean(message.seat);
    Object.assign(state, { time: 0, shown: -1, driving: going, view: null, moment: null,
                           at: message.at ?? null, tested: null,
                           supply: newSupply(performance.now()) });
    state.playing = message.at === undefined && !still;
    root.classList.toggle("wd-playing", state.playing);
    state.look.car = state.look.option = null;
    root.classList.remove("wd-empty");
    root.dataset.layout = message.header.shape;
    asking.close();
    comparing.close();
    lookingBack.close();
    thinking.close();
    nameEpisode();
    hand.begin(message);
    showStatus();
    ticks.replaceChildren();
    clear();
    [root.dataset.run, root.dataset.episode] = message.id;
    root.dataset.fill = message.fill ?? true;
    trigger("select");
    remarks.begin(message.id);
    showVerdicts();
    worst();
    newLink(state.wish > 0);
    const on = document.activeElement; // a list or field that one types in is not left
    if (!on || on === document.body || (on === state.asker && !isTyping(on)))
      root.focus({ preventScroll: true });
  }

  // Nothing of the episode before stays under the new one's name.
  function clear() {
    for (const canvas of [map, eye, plot])
      canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
    for (const part of [".wd-when", ".wd-text", ".wd-notes", ".wd-tie", ".wd-count", "tbody"])
      find(part).replaceChildren();
  }

  function isShown(id) {
    return state.episode !== null && String(id) === String(state.episode.header.id);
  }

  // What came before a message was lost on the way, the header or a step: the log has everything.
  async function fetchAgain(message) {
    state.missed = message;
    if (state.fetching) return;
    state.fetching = true;
    try {
      while (state.missed) {
        const { id, wish, proof } = state.missed;
        state.missed = null;
        const found = await server.logged([...id, tongue]).then(JSON.parse).catch(() => SILENCE);
        const later = state.missed; // what came meanwhile, and could not be added either
        state.missed = null;
        take({ ...(wish === 0 && linked()), ...found, ...(isShown(id) && { header: undefined }), wish });
        if (proof && isShown(id)) take({ id, wish, proof });
        if (later) take(later);
      }
    } finally {
      state.fetching = false;
    }
  }

  // Where a link leads to.
  function linked() {
    const step = new URLSearchParams(location.search).get("step");
    return step === null ? {} : { at: Number(step) };
  }

  // ------------------------------------------------------------------------------- language

  // Everything that is seen, in another language: the page at once, the episode as soon as the server has said it again.
  function speak(language) {
    if (!(language in TABLES) || language === tongue) return;
    keep(CHOSEN, tongue = language);
    const query = new URLSearchParams(location.search);
    if (query.has("language")) {
      query.set("language", language);
      history.replaceState(history.state, "", `${location.pathname}?${query}`);
    }
    document.dispatchEvent(new CustomEvent("wd-language", { detail: language }));
    sayPage();
    trigger("edit");
    resay();
  }

  // The words that the player says by itself.
  function sayPage() {
    document.documentElement.lang = root.lang = tongue;
    sayAll(root);
    sayTitle();
    find(".wd-look").textContent = say(LOOK_NAMES[root.dataset.look] ?? LOOK_NAMES.both);
    find(".wd-unfold").textContent = say(root.classList.contains("wd-unfolded") ? "why.head" : "why.whole");
    find(".wd-play").title = say(state.playing ? "go.pause" : "go.play");
    tour.resay();
    notice();
    if (state.episode) nameEpisode();
  }

  // What stands above the player, and may be made after it.
  function sayTitle() {
    const title = document.querySelector("#wd-title");
    if (title) sayAll(title);
    for (const button of document.querySelectorAll("[data-language]"))
      button.setAttribute("aria-pressed", button.dataset.language === tongue);
  }

  function nameEpisode() {
    sayTitle();
    const { scenario, policy, seed, risk, by_hand, hand: words } = state.episode.header;
    find(".wd-text").lang = state.episode.header.language ?? tongue;
    find(".wd-name").textContent = say("road.name", { scenario, driver: by_hand ? words.name : policy, seed });
    find(".wd-calm").textContent = say("risk.calm", { seconds: risk[0] });
    find(".wd-alarm").textContent = say("risk.alarm", { seconds: risk[1] });
  }

  // The same claims, said again: nothing is driven, and the place stays.
  async function resay() {
    state.stale = true; // also while an answer is on its way
    if (state.resaying) return;
    state.resaying = true;
    while (state.stale) {
      state.stale = false;
      if (state.episode) await resayOnce(state.episode);
    }
    state.resaying = false;
  }

  async function resayOnce(episode) {
    const told = await server.resaid([...episode.header.id, tongue]).then(JSON.parse).catch(() => SILENCE);
    if (state.stale || episode !== state.episode) return;
    if (told.problem) return notice(told.problem);
    sayAgain(episode, told);
    if (told.proof) receiveProof(episode.proofs, told.proof);
    showAnew();
    await Promise.all([asking.resay(), comparing.resay(), lookingBack.resay(), hand.resay(), thinking.resay()]);
  }

  // What is shown of the episode, drawn again.
  function showAnew() {
    const { tested } = state, { car, option } = state.look;
    nameEpisode();
    ticks.replaceChildren();
    if (state.shown >= 0) showStep(state.shown);
    Object.assign(state, { tested });
    Object.assign(state.look, { car, option });
    showWorst(find(".wd-worst"), state.episode);
    showStatus();
    showVerdicts();
    remarks.resay();
    layout();
  }

  // A future that is played beside goes on under its new name.
  function nameFuture(told, episode, index) {
    const option = episode.steps[index].options.find((each) => each.action === told.against?.option);
    if (state.beside && told.branch) {
      state.beside.label = told.asked;
      state.beside.actual = say("ask.was");
    }
    if (state.ghost && option) state.ghost.label = say("ask.dashed", { option: option.words });
    state.dirty = true;
  }

  function notice(text) {
    if (text === undefined) text = "";
    find(".wd-notice").textContent = text;
    find(".wd-notice").hidden = !text;
  }

  // What is shown is no longer what is asked for: it stands still until the answer comes.
  function asked(place, preparing) {
    const waiting = place !== undefined, node = find(".wd-asked");
    root.classList.toggle("wd-waiting", waiting);
    node.hidden = !waiting;
    const told = preparing ? say("asked.preparing", { what: preparing }) : place ? say("asked.place", { place })
      : say(place === 0 ? "asked.begun" : "asked");
    node.textContent = waiting ? told : "";
    if (waiting && state.playing) setPlaying(false);
  }

  // ---------------------------------------------------------------------------------- clock

  function frame(now) {
    if (!root.isConnected) return;
    const passed = Math.min((now - state.last) / 1000, 0.1);
    state.last = now;
    if (state.episode?.steps.length) advance(passed);
    requestAnimationFrame(frame);
  }

  function advance(passed) {
    const end = lastTime(state.episode);
    if (state.playing && state.range) {
      const [from, to] = state.range, next = state.time + passed * state.rate;
      state.time = next > to + RANGE_PAUSE ? from : next;
      state.dirty = true;
    } else if (state.playing && state.time < end) {
      const rate = hand.isDriving() ? hand.rate() : paceOf(state.supply, state.episode, state.rate);
      state.time = Math.min(state.time + passed * rate, end);
      state.dirty = true;
    } else if (state.playing && state.episode.end) {
      setPlaying(false);
      hand.list();
    }
    if (state.playing) hand.tick(end - state.time);
    if (state.dirty) draw();
  }

  function draw() {
    const { episode, look, theme } = state;
    state.dirty = false;
    state.moment = momentAt(episode, state.time);
    if (look.seen) state.moment.cars = state.moment.cars.filter((car) => car.seen);
    if (map.clientWidth) state.view = drawScene(map, episode, state.moment, look, theme);
    if (state.beside) drawBeside();
    else if (eye.clientWidth) drawDriver(eye, episode, state.moment, look, theme);
    drawSupposed();
    drawPlots(plot, episode, state.moment, theme);
    curves.follow();
    const { x } = axis(episode, ticks.clientWidth);
    playhead.style.transform = `translateX(${x(Math.min(state.time, duration(episode)))}px)`;
    find(".wd-time b").textContent = digits(state.time, 1);
    playhead.setAttribute("aria-valuenow", state.time.toFixed(1));
    find(".wd-time i").textContent = `/ ${amount(duration(episode), 1, "s")}`;
    const index = state.pinned ?? indexAt(episode, state.time);
    if (index !== state.shown) showStep(index);
    comparing.refresh();
  }

  // The other future, in the other picture, under the same clock.
  function drawBeside() {
    const { episode, label, actual } = state.beside, { theme, look } = state;
    drawScene(eye, episode, momentAt(episode, Math.min(state.time, lastTime(episode))), look, theme);
    labelPicture(eye.getContext("2d"), label, theme);
    labelPicture(map.getContext("2d"), actual, theme);
  }

  // An option's imagined future, and a car that is being dragged.
  function drawSupposed() {
    const { ghost, feared, drag, moment, view, theme, time } = state;
    if (feared) drawFeared();
    if (!view || (!ghost && !drag?.place)) return;
    const context = map.getContext("2d");
    context.save();
    enterWorld(context, view);
    if (ghost) drawGhost(context, view, ghostAt(ghost.path, time - ghost.from, { length: moment.ego.length, width: moment.ego.width }), theme.wreck);
    if (drag?.place) drawGhost(context, view, { ...drag.car, x: drag.place[0], y: drag.place[1] }, theme.ink);
    context.restore();
    if (ghost) labelPicture(context, ghost.label, theme);
  }

  // The cars as the policy imagined them, beside where they are.
  function drawFeared() {
    const { feared, moment, view, theme, time } = state, context = map.getContext("2d");
    const outlines = outlinesAt(feared.told, feared.sizes, time - feared.from);
    if (!state.beside && eye.clientWidth) outlinesAhead(eye, moment, outlines, theme);
    if (!view || !map.clientWidth) return;
    context.save();
    enterWorld(context, view);
    drawOutlines(context, view, outlines, theme);
    context.restore();
    labelOutlines(context, view, outlines, moment, theme);
    labelPicture(context, fearedText(feared.told, time - feared.from), theme);
  }

  // ---------------------------------------------------------------------------------- answers

  function showFuture(told, episode, index, isLonger = false) {
    const step = episode.steps[index], option = step.options.find((each) => each.action === told.against?.option);
    const beside = told.branch && besideOf(episode, told.branch);
    if (beside) state.beside = { episode: beside, label: told.asked, actual: say("ask.was") };
    if (told.imagined) state.feared = { told: told.imagined, from: step.time, sizes: step.sizes };
    else if (option?.path.length && !option.driven)
      state.ghost = { path: option.path, from: step.time, label: say("ask.dashed", { option: option.words }) };
    if (!state.beside && !state.ghost && !state.feared) return;
    root.toggleAttribute("data-beside", Boolean(state.beside));
    const end = state.beside ? lastTime(state.beside.episode) : state.feared ? step.time + told.imagined.worst
      : Math.min(step.time + 4, lastTime(episode));
    state.pinned = index;
    state.range = [step.time, Math.max(end, step.time + 0.5)];
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (!isLonger) state.time = state.feared && still ? end : step.time; // at its worst, where nothing moves
    layout();
    setPlaying(!still);
  }

  // Another policy's drive, in the other picture, for as long as it is wanted.
  function showOther(episode, label, actual) {
    if (asking.isOpen() || lookingBack.isPlaying() || thinking.isPlaying()) return;
    state.beside = { episode, label, actual };
    root.toggleAttribute("data-beside", true);
    layout();
  }

  // A question takes the other picture.
  function besideNothing() {
    comparing.close();
    endSaving();
  }

  function leaveFuture() {
    const from = state.range?.[0];
    Object.assign(state, { beside: null, ghost: null, feared: null, range: null, pinned: null });
    root.removeAttribute("data-beside");
    if (from === undefined) return;
    setPlaying(false);
    state.time = Math.min(from, lastTime(state.episode));
    layout();
  }

  function showStep(index) {
    state.shown = index;
    state.look.car = state.look.option = state.tested = null;
    showWords();
    thinking.look(state.episode, index);
    markTick(ticks, index);
    markWorst(find(".wd-worst"), index);
    remarks.show();
    count();
    announce();
    if (!state.playing) writeLink();
  }

  // What is seen, for those that do not see it; while it plays, only decisions that stand out.
  function announce() {
    const { episode, moment, shown } = state, step = episode.steps[shown];
    const said = episode.steps[runAround(episode, shown)[0]], cited = citedIn(said);
    const what = pictureText(moment, cited);
    map.setAttribute("aria-label", say("picture.of", { view: say("road.bird"), what }));
    eye.setAttribute("aria-label", say("picture.of", { view: say("road.eye"), what }));
    plot.setAttribute("aria-label", plotText(moment, step));
    curves.tell();
    playhead.setAttribute("aria-valuemax", duration(episode).toFixed(1));
    playhead.setAttribute("aria-valuetext", say("time line.now",
      { at: digits(step.time, 1), number: shown + 1, count: episode.steps.length, risk: riskText(step) }));
    if (state.playing && !step.interesting) return;
    const head = said.phrases.slice(0, said.headline).map((phrase) => phrase.text).join("");
    const taken = step.takeover ? ` (${step.takeover.title})` : "";
    find(".wd-live").textContent = say("live", { number: shown + 1, done: step.done, taken, head });
  }

  function showWords() {
    const { episode, shown } = state, step = episode.steps[shown];
    const [first, last] = runAround(episode, shown), said = episode.steps[first];
    const held = last > first ? episode.steps[last].times.at(-1) - said.time : null;
    showRationale(root, step, said, held, citedIn(said));
    showOptions(root, step, citedIn(said));
    asking.offer(step.questions);
    showMarked();
  }

  function count() {
    const { end } = state.episode;
    find(".wd-count").textContent = countText(state.shown, state.episode) + (end ? "" : "…");
    showLegend();
    showStatus();
  }

  function showStatus() {
    showSheet(find(".wd-sheet"), state.episode.end);
    const status = find(".wd-status"), end = state.episode.end;
    status.textContent = end ? outcomeText(end, state.episode.header.task) : hand.status() || (state.driving ? say("driving") : "");
    status.title = end ? end.text : "";
    status.dataset.kind = end ? end.kind : "driving";
    lookingBack.offer(state.episode);
  }

  // The run of unchanged decisions may have grown while driving.
  function showHeld() {
    const [first, last] = runAround(state.episode, state.shown), steps = state.episode.steps;
    const node = find(".wd-held");
    if (node) node.textContent = heldText(steps[first], steps[last].times.at(-1) - steps[first].time);
    else if (last > first) showWords();
  }

  // Only what is in the picture is explained.
  function showLegend() {
    const { step, said, ego, cars } = state.moment, reach = state.view?.reach ?? EYE.far;
    const near = (car) => Math.hypot(car.x - ego.x, car.y - ego.y) < reach;
    const { header } = state.episode, way = new Set(step.way);
    const shown = { imagined: Boolean(state.feared), driven: trailAt(state.episode, state.time).points.length > 1, goal: header.goal.length > 0, oncoming: hasOncoming(header.lanes, ego, state.view),
                    meeting: header.meetings.some(([, , a, b]) => way.has(a) !== way.has(b)),
                    rival: step.options.length > 1, cited: citedIn(said).size > 0,
                    unseen: cars.some((car) => !car.seen && near(car)),
                    object: [step, ...(state.beside?.episode.steps ?? [])].some((each) => each.objects.length > 0), fallback: Boolean(step.fallback), hand: step.takeover?.by === "person", monitor: step.takeover?.by === "monitor" };
    for (const [mark, on] of Object.entries(shown))
      find(`.wd-legend [data-mark=${mark}]`).hidden = !on;
  }

  // From a decision on; those before it stay where they are while the axis does.
  function layout(from = 0) {
    if (!state.episode) return;
    const height = heightFor(state.episode.header, map.clientWidth * (state.beside ? BESIDE : 1));
    root.style.setProperty("--wd-road", height ? `${height}px` : "");
    layTicks(ticks, state.episode, state.theme, state.episode.end ? 0 : from);
    curves.layout();
    state.dirty = true;
    if (state.shown >= 0) { markTick(ticks, state.shown); count(); showHeld(); }
  }

  // ------------------------------------------------------------------------------- commands

  function setPlaying(on) {
    if (on && !state.range && state.episode.end && state.time >= lastTime(state.episode) - 1e-6) state.time = 0;
    state.playing = on;
    root.classList.toggle("wd-playing", on);
    find(".wd-play").title = say(on ? "go.pause" : "go.play");
    if (!on) writeLink();
    state.dirty = true;
  }

  function seek(time) {
    asking.close();
    endSaving();
    if (state.range) loop();
    setPlaying(false);
    state.time = Math.min(Math.max(time, 0), lastTime(state.episode));
    state.dirty = true;
  }

  function endSaving() {
    thinking.stop();
    if (!lookingBack.isPlaying()) return;
    lookingBack.stop();
    leaveFuture();
  }

  function moments(count) {
    const times = state.episode.steps.flatMap((s, i) => (i ? s.times.slice(1) : s.times));
    const near = times.findLastIndex((time) => time <= state.time + 1e-6);
    const off = count < 0 && state.time - times[near] > 1e-6 ? 1 : 0;
    seek(times[Math.min(Math.max(near + count + off, 0), times.length - 1)]);
  }

  function decisions(count) {
    const index = indexAt(state.episode, state.time);
    const within = state.time - state.episode.steps[index].time > 0.05;
    goTo(index + (count < 0 && within ? 0 : count));
  }

  function goTo(index) {
    const steps = state.episode.steps;
    if (index >= steps.length) return seek(lastTime(state.episode));
    seek(steps[Math.max(index, 0)].time);
  }

  function notable(way) {
    const here = indexAt(state.episode, state.time), all = stops(state.episode);
    const next = way > 0 ? all.find((index) => index > here) : all.findLast((index) => index < here);
    if (next !== undefined) goTo(next);
  }

  // Five seconds from here, over and over; once more, on to the end.
  function loop() {
    asking.close();
    endSaving();
    const from = state.time, to = Math.min(from + LOOP, lastTime(state.episode));
    state.range = state.range ? null : [Math.min(from, to - 0.5), to];
    setPlaying(Boolean(state.range));
    notice(state.range ? say("loop.on", { from: digits(from, 1), to: digits(to, 1) }) : "");
  }

  function onlySeen() {
    state.look.seen = !state.look.seen;
    notice(state.look.seen ? say("seen.only") : "");
    state.dirty = true;
  }

  function onWheel(event) {
    if (!event.ctrlKey) return; // a pinch, or the wheel with Ctrl; else the page scrolls
    event.preventDefault();
    zoom(Math.exp(-event.deltaY / 150));
  }

  function rate(way) {
    const wrapped = (RATES.indexOf(state.rate) + way + RATES.length) % RATES.length;
    state.rate = RATES[wrapped];
    find(".wd-rate").textContent = `${state.rate}×`;
  }

  function zoom(factor) {
    state.look.zoom = Math.min(Math.max(state.look.zoom * factor, 0.4), 4);
    state.dirty = true;
  }

  function lookFrom() {
    const narrow = root.clientWidth < NARROW, choices = LOOKS.filter((one) => !(narrow && one === "both"));
    setLook(choices[(choices.indexOf(root.dataset.look) + 1) % choices.length]);
  }

  function setLook(look) {
    root.dataset.look = look;
    find(".wd-look").textContent = say(LOOK_NAMES[look]);
    layout();
  }

  function unfold() {
    const on = root.classList.toggle("wd-unfolded");
    find(".wd-unfold").setAttribute("aria-expanded", on);
    find(".wd-unfold").textContent = say(on ? "why.head" : "why.whole");
    layout();
  }

  function failed() {
    state.failed = !state.failed;
    find("[data-do=failed]").setAttribute("aria-pressed", state.failed);
    showVerdicts();
  }

  function test(phrase) {
    state.tested = state.tested === phrase ? null : phrase;
    showMarked();
    find(`.wd-mark[data-about="${phrase}"]`)?.focus();
  }

  // To a decision of which something false was said: the words are unfolded, and how the first was tested.
  function accuse(index) {
    goTo(index);
    draw();
    const found = findingsAt(index).find((one) => one.result === "false");
    if (!found) return;
    if (!root.classList.contains("wd-unfolded")) unfold();
    state.tested = String(found.phrase ?? "");
    showMarked();
  }

  function turn() {
    state.look.turn = !state.look.turn;
    find("[data-do=turn]").setAttribute("aria-pressed", state.look.turn);
    state.dirty = true;
  }

  function picture() {
    if (state.dirty) draw();
    savePicture({ root, ...state, index: state.shown, findings: findingsAt(state.shown) });
  }

  function help() {
    const dialog = find(".wd-help");
    dialog.open ? dialog.close() : dialog.showModal();
  }

  const COMMANDS = {
    play: () => setPlaying(!state.playing),
    start: () => seek(0),
    last: () => seek(lastTime(state.episode)),
    previous: () => decisions(-1),
    next: () => decisions(1),
    before: () => notable(-1),
    after: () => notable(1),
    speed: () => rate(1),
    in: () => zoom(1.25),
    out: () => zoom(0.8),
    look: lookFrom,
    turn, help, unfold, failed, picture,
    dismiss: () => asking.close(),
    alone: () => comparing.close(),
    wheel: () => hand.want(state.shown),
    together: () => hand.close(),
    lookback: () => lookingBack.open(),
    beside: () => lookingBack.beside(),
    forget: () => lookingBack.close(),
    unsay: () => thinking.undo(),
  };

  const KEYS = {
    " ": COMMANDS.play,
    ArrowLeft: (event) => moments(event.shiftKey ? -10 : -1),
    ArrowRight: (event) => moments(event.shiftKey ? 10 : 1),
    ArrowUp: COMMANDS.previous,
    ArrowDown: COMMANDS.next,
    "[": () => state.rate > RATES[0] && rate(-1),
    "]": () => state.rate < RATES.at(-1) && rate(1),
    Home: COMMANDS.start,
    End: COMMANDS.last,
    n: COMMANDS.after,
    p: COMMANDS.before,
    "+": COMMANDS.in,
    "-": COMMANDS.out,
    r: turn,
    v: lookFrom,
    a: () => asking.focus(),
    l: loop,
    o: onlySeen,
    w: unfold,
    f: failed,
    s: picture,
    u: () => remarks.thumb("up"),
    d: () => remarks.thumb("down"),
    m: () => remarks.write("note"),
    b: () => remarks.write("bookmark"),
    t: () => hand.isDriving() || COMMANDS.wheel(),
    "?": help,
  };

  // --------------------------------------------------------------------------------- events

  function isTyping(target) {
    return target.closest?.("input, textarea, select, [contenteditable], [role=listbox]");
  }

  function onKey(event) {
    if (!root.isConnected) return document.removeEventListener("keydown", onKey);
    if (root.style.display === "none") return; // the gallery is open
    const command = KEYS[event.key];
    if (!command || !state.episode?.steps.length) return;
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (event.key === " " && event.target.closest?.("button, a, [role=button]")) return;
    if (find(".wd-help").open && event.key !== "?") return;
    event.preventDefault();
    if (!hand.onKey(event)) command(event);
  }

  function onClick(event) {
    if (event.target.closest(".wd-menu, [data-asks]")) return;
    const button = event.target.closest("[data-do]");
    if (button && state.episode?.steps.length) return COMMANDS[button.dataset.do]();
    const mark = event.target.closest(".wd-mark"), go = event.target.closest("[data-go]");
    if (mark) return test(mark.dataset.about);
    if (go) return go.dataset.kind === "failed" ? accuse(Number(go.dataset.go)) : goTo(Number(go.dataset.go));
    const tick = event.target.closest(".wd-tick");
    if (tick) return goTo(Number(tick.dataset.step));
    const phrase = event.target.closest(".wd-phrase");
    if (!phrase) return;
    goTo(state.shown);
    state.look.car = Number(phrase.dataset.car);
  }

  function onLanguage(event) {
    if (!root.isConnected) return document.removeEventListener("click", onLanguage);
    const button = event.target.closest?.("[data-language]");
    if (button) speak(button.dataset.language);
  }

  function onEnter(event) {
    if (event.key !== "Enter" && event.key !== " ") return;
    if (event.target.matches(".wd-phrase")) event.target.click();
  }

  function onHover(event) {
    const car = event.target.closest("[data-car]"), option = event.target.closest("[data-option]");
    highlight(car ? Number(car.dataset.car) : null, option ? option.dataset.option : null);
  }

  function highlight(car, option) {
    if (state.look.car === car && state.look.option === option) return;
    Object.assign(state.look, { car, option });
    for (const node of root.querySelectorAll(".wd-phrase"))
      node.classList.toggle("wd-lit", Number(node.dataset.car) === car);
    for (const row of root.querySelectorAll("[data-option]"))
      row.classList.toggle("wd-lit", row.dataset.option === option);
    state.dirty = true;
  }

  function onMap(event) {
    if (!state.view) return;
    const x = event.offsetX, y = event.offsetY;
    if (state.drag) return drag(x, y);
    const found = underPointer(state.view, state.moment, x, y);
    highlight(found?.car?.id ?? null, found?.option?.action ?? null);
    tip(found, x + map.offsetLeft, y + map.offsetTop, map.clientWidth);
  }

  // A press on the map: on a car that stays, its menu; moved, the car is dragged; on the road, what may be put there.
  function onPress(event) {
    if (!state.view || !state.episode?.steps.length || event.button) return;
    const x = event.offsetX, y = event.offsetY, hit = underPointer(state.view, state.moment, x, y);
    state.drag = { x, y, car: hit?.car?.id ? hit.car : null, place: null };
    if (hit?.car?.id) map.setPointerCapture(event.pointerId);
  }

  function drag(x, y) {
    const { drag, view } = state;
    if (drag.car && (drag.place || Math.hypot(x - drag.x, y - drag.y) > DRAGGED)) {
      drag.place = fromPixels(view, x, y);
      tip(null);
      state.dirty = true;
    }
  }

  function onRelease(event) {
    const pressed = state.drag, { view } = state;
    state.drag = null;
    if (!pressed || state.driving) return;
    const { x, y, car, place } = pressed;
    state.dirty = true;
    if (car && place && state.time - state.episode.steps[state.shown].time < 0.05)
      return asking.ask(`move ${car.id} ${place[0].toFixed(1)} ${place[1].toFixed(1)}`);
    if (Math.hypot(event.offsetX - x, event.offsetY - y) > DRAGGED) return;
    if (state.pinned === null) seek(state.episode.steps[state.shown].time);
    if (car) asking.aboutCar(car.id, x, y);
    else asking.aboutPlace(fromPixels(view, x, y), state.moment.ego.speed, x, y);
  }

  function tip(found, x, y, width) {
    const node = find(".wd-tip");
    node.hidden = !found;
    if (!found) return;
    node.replaceChildren(...(found.car ? aboutCar(found.car) : aboutOption(found.option)));
    node.style.left = `${Math.min(Math.max(x, 120), width - 120)}px`;
    node.style.top = `${y}px`;
    node.classList.toggle("wd-below", y < 90);
  }

  function aboutCar(car) {
    const name = car.id === 0 ? say("road.ego") : say("car", { car: car.id });
    const more = car.crashed ? say("road.crashed") : car.seen ? "" : say("road.hidden");
    return [make("b", "", name), document.createTextNode(` ${amount(car.speed, 1, "m/s")}${more}`)];
  }

  function aboutOption(option) {
    const against = option.terms.filter((term) => term.counts === "against");
    return [make("b", "", option.words),
            ...(against.length ? against : option.terms).map((term) => make("span", "", `${term.counts === "for" ? "+" : "−"} ${termText(term)}`))];
  }

  function onScrub(event) {
    if (!state.episode?.steps.length || event.target.closest(".wd-tick")) return;
    const on = event.currentTarget, box = on.getBoundingClientRect();
    const go = (moved) => seek(axis(state.episode, box.width).time(moved.clientX - box.left));
    const stop = () => on.removeEventListener("pointermove", go);
    on.setPointerCapture(event.pointerId);
    on.addEventListener("pointermove", go);
    on.addEventListener("pointerup", stop, { once: true });
    on.addEventListener("pointercancel", stop, { once: true });
    go(event);
  }

  // Where this is driven or read again: by what it is, and only where that is not enough by its log.
  function linkTo(step) {
    const { id: [run, episode], anywhere, scenario, policy, seed } = state.episode.header;
    const query = new URLSearchParams(location.search);
    for (const name of ["scenario", "policy", "seed", "run", "episode", "step", "tour"]) query.delete(name);
    if (run === DROPPED) return location.pathname;
    const names = anywhere ? { scenario, policy, seed } : { run, episode };
    for (const [name, value] of Object.entries(names)) query.set(name, value);
    if (step !== null) query.set("step", step);
    return `${location.pathname}?${query}`;
  }

  // The address tells what is shown from its beginning; what was asked for is a page to come back from.
  function newLink(isAsked) {
    clearTimeout(writeLink.later);
    if (location.origin === "null" || !isAsked) return;
    history.pushState({ wd: true }, "", linkTo(null));
  }

  function writeLink() {
    if (state.shown < 0 || location.origin === "null") return;
    const link = linkTo(state.shown);
    clearTimeout(writeLink.later);
    writeLink.later = setTimeout(() => history.replaceState(history.state, "", link), 250);
  }

  function listen() {
    document.addEventListener("keydown", onKey);
    document.addEventListener("click", onLanguage);
    root.addEventListener("click", onClick);
    root.addEventListener("wd-asked", ({ detail }) => {
      state.asker = document.activeElement;
      hand.leave();
      take({ asked: null, wish: detail });
    });
    window.addEventListener("popstate", () => root.isConnected && location.reload());
    root.addEventListener("keydown", onEnter);
    root.addEventListener("mousedown", (event) => {
      if (event.target.closest("button") && !event.target.closest("dialog")) event.preventDefault();
    });
    for (const part of [find(".wd-why"), find(".wd-options")]) {
      part.addEventListener("pointerover", onHover);
      part.addEventListener("pointerleave", () => highlight(null, null));
    }
    find(".wd-why").addEventListener("focusin", onHover);
    map.addEventListener("pointermove", onMap);
    for (const canvas of [map, eye]) canvas.addEventListener("wheel", onWheel, { passive: false });
    map.addEventListener("pointerdown", onPress);
    map.addEventListener("pointerup", onRelease);
    map.addEventListener("pointercancel", () => { state.drag = null; });
    map.addEventListener("pointerleave", () => { tip(null); highlight(null, null); });
    for (const strip of [plot, find(".wd-curves")]) strip.addEventListener("pointerdown", onScrub);
    listenForDrops(root, (problem) => take({ problem }));
    new ResizeObserver(() => layout()).observe(root);
    const recolour = () => { state.theme = readTheme(root); layout(); };
    new MutationObserver(recolour).observe(document.body, { attributeFilter: ["class"] });
  }

  const curves = startCurves({ root, find, where: () => state });
  const asking = startAsking({
    root, find, server, begun: besideNothing, show: showFuture, reshow: nameFuture, leave: leaveFuture,
    where: () => state.shown < 0 ? null : { episode: state.episode, index: state.shown },
  });
  const comparing = startComparing({
    root, find, trigger, server, show: showOther, leave: leaveFuture,
    where: () => ({ episode: state.episode, time: state.time }),
  });
  const hand = startHand({
    root, find, trigger, server, take,
    where: () => ({ episode: state.episode, index: state.shown, wish: state.wish, playing: state.playing }),
    play: (on) => on === state.playing || setPlaying(on),
    renew: (index) => { ticks.children[index]?.remove(); state.shown = -1; state.dirty = true; },
    ended: () => { state.driving = false; state.shown = -1; layout(); showStatus(); },
  });
  const remarks = startRemarks({
    root, find, server, seek, pause: () => state.playing && setPlaying(false),
    where: () => state.episode && { episode: state.episode, index: state.shown, time: state.time },
  });
  const lookingBack = startLookingBack({
    root, find, server, show: showFuture, reshow: nameFuture, leave: leaveFuture,
    begun: () => { asking.close(); comparing.close(); },
    where: () => state.episode && { episode: state.episode },
  });
  const thinking = startThinking({
    root, find, server, show: showFuture, reshow: nameFuture, leave: leaveFuture,
    begun: () => { asking.close(); comparing.close(); lookingBack.close(); },
  });
  const tour = startTour({ root, find, isOffered: Boolean(server.answered) });
  setLook(root.clientWidth < NARROW ? "bird" : "both");
  sayPage();
  listen();
  tour.invite();
  watch("value", () => hear(props.value));
  hear(props.value);
  setTimeout(insist, PATIENCE);
  requestAnimationFrame(frame);
}

// Colours and typeface for the canvases, from the style sheet.
function readTheme(root) {
  root.classList.toggle("wd-dark", document.body.classList.contains("dark"));
  const style = getComputedStyle(root);
  const colour = (name) => style.getPropertyValue(`--wd-${name}`).trim();
  const names = ["page", "sky", "goal", "ground", "asphalt", "line", "car", "car-label", "unseen", "ego", "rival", "wreck",
                 "barrier", "ink", "faint", "rule", "glass"];
  const theme = Object.fromEntries(names.map((name) => [name, colour(name)]));
  return { ...theme, label: theme["car-label"], font: style.fontFamily,
           cited: [0, 1, 2, 3, 4].map((k) => colour(`cited-${k}`)),
           risk: [0, 1, 2].map((k) => colour(`risk-${k}`)) };
}

startPlayer({ element, trigger, props, watch, server });
