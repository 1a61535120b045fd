// A look back at a collision or a task that was not done: until when it could be avoided, and what avoids it, played beside.

// show: plays a future beside what was driven; reshow: names it anew; leave: ends that; begun: it is about to begin.
function startLookingBack({ root, find, server, where, begun, show, reshow, leave }) {
  const panel = find(".wd-incident"), offered = find(".wd-lookback");
  let told = null, playing = false;

  // Where an episode ended badly, and something answers.
  function offer(episode) {
    const { end } = episode, bad = end?.kind === "bad" && end.reason !== "policy failed";
    offered.hidden = !(server.lookedback && bad && episode.steps.length);
  }

  async function open() {
    const { episode } = where(), id = episode.header.id;
    begun();
    render([say("back.busy")]);
    panel.dataset.busy = true;
    const answer = await server.lookedback([...id, tongue]).then(JSON.parse).catch(() => SILENCE);
    if (String(where()?.episode.header.id) !== String(id) || panel.hidden) return;
    delete panel.dataset.busy;
    told = answer.problem ? null : answer;
    render(answer.problem ? [answer.problem] : answer.sentences);
    panel.querySelector("button:not(.wd-shut)")?.focus({ preventScroll: true });
  }

  // The report that is shown, in the language that is spoken by now.
  async function resay() {
    if (panel.hidden) return;
    const { episode } = where(), before = told;
    const answer = await server.lookedback([...episode.header.id, tongue]).then(JSON.parse).catch(() => SILENCE);
    if (panel.hidden || told !== before || answer.problem) return;
    told = answer;
    render(answer.sentences);
    panel.querySelector(".wd-saving")?.setAttribute("aria-pressed", playing);
    if (playing) reshow({ branch: told.branch, asked: told.branch.label }, episode, told.step);
  }

  function render(sentences) {
    const shut = make("button", "wd-shut", "×");
    shut.type = "button";
    shut.dataset.do = "forget";
    shut.setAttribute("aria-label", say("back.close"));
    const list = make("ul");
    list.append(...sentences.map((sentence) => make("li", "", sentence)));
    const head = make("p", "wd-back");
    head.append(make("b", "", say("back")), ...(told ? buttons() : []));
    panel.replaceChildren(shut, head, list);
    panel.hidden = false;
  }

  function buttons() {
    const made = [];
    if (told.branch) made.push(buttonOf("beside", say(playing ? "back.stop" : "back.play")));
    if (told.step !== null) {
      const go = make("button", "wd-go wd-parted", say("back.go"));
      go.type = "button";
      go.dataset.go = told.step;
      made.push(go);
    }
    return made;
  }

  function buttonOf(command, words) {
    const button = make("button", "wd-word wd-saving", words);
    button.type = "button";
    button.dataset.do = command;
    button.setAttribute("aria-pressed", playing);
    return button;
  }

  function beside() {
    if (!told?.branch) return;
    if (playing) {
      stop();
      leave();
      return;
    }
    begun();
    playing = true;
    show({ branch: told.branch, asked: told.branch.label }, where().episode, told.step);
    refresh();
    find(".wd-scene").scrollIntoView({ block: "nearest", behavior: "instant" });
  }

  // It plays no more; the report stays.
  function stop() {
    if (!playing) return;
    playing = false;
    refresh();
  }

  function refresh() {
    const button = panel.querySelector(".wd-saving");
    panel.toggleAttribute("data-playing", playing);
    if (!button) return;
    button.textContent = say(playing ? "back.stop" : "back.play");
    button.setAttribute("aria-pressed", playing);
  }

  function close() {
    const wasPlaying = playing;
    told = null;
    playing = false;
    panel.hidden = true;
    panel.replaceChildren();
    if (wasPlaying) leave();
  }

  return { offer, resay, open, beside, stop, close, isPlaying: () => playing };
}
