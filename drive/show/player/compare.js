// Another policy on the same road and seed: driven while this one is shown, in the other picture, under the same clock.

const NONE = "–"; // where there is no figure

function startComparing({ root, find, trigger, server, where, show, leave }) {
  const choice = find(".wd-with"), panel = find(".wd-compare");
  let other = null;

  // Whom an episode may be compared with; where nothing answers, nobody.
  async function offer(id) {
    choice.replaceChildren(new Option(say("with"), ""));
    choice.hidden = true;
    const { rivals } = await Promise.resolve(server.compared?.(id)).then(JSON.parse).catch(() => ({ rivals: [] }));
    if (String(where().episode.header.id) !== String(id) || !rivals.length) return;
    choice.replaceChildren(new Option(say("with"), ""), ...rivals.map((name) => new Option(name, name)));
    choice.hidden = false;
  }

  function close() {
    choice.value = "";
    if (!other) return;
    other = null;
    panel.hidden = true;
    leave();
  }

  function begin() {
    const policy = choice.value;
    if (!policy) return close();
    const { episode } = where();
    other = { policy, own: episode.header.policy, of: episode, episode: newEpisode({ ...episode.header, policy }),
              figures: [], at: null, tongue, said: say("with.driving", { policy }) };
    root.dataset.with = policy;
    trigger("apply");
    render();
  }

  // What is driven of it; where a message was lost, all of it from its log.
  async function take(told) {
    if (!other || told.policy && told.policy !== other.policy) return;
    if (told.problem || told.place) {
      other.said = told.problem || say("asked.place", { place: told.place });
      return render();
    }
    if (told.at) other.at = told.at;
    if ((told.from ?? 0) > other.episode.steps.length && other.at) {
      const mine = other, whole = await server.logged([...other.at, tongue]).then(JSON.parse).catch(() => SILENCE);
      if (mine !== other || whole.problem) return;
      other.episode.steps = whole.steps;
    } else if (told.steps) other.episode.steps.splice(told.from, Infinity, ...told.steps);
    if (told.end) {
      other.episode.end = told.end;
      other.figures = told.figures;
    }
    other.said = "";
    if (other.episode.steps.length) show(other.episode, other.policy, other.own);
    if (other.tongue !== tongue) return resay();
    render();
  }

  // The first decision that differs; null where none does as far as both are driven.
  function parting() {
    const ours = other.of.steps, theirs = other.episode.steps;
    for (let k = 0; k < Math.min(ours.length, theirs.length); k++)
      if (ours[k].action !== theirs[k].action) return k;
    return null;
  }

  // Whenever time has gone on; what stays as it is is left alone, so that it can be pressed.
  function refresh() {
    if (other && shownNow() !== other.shown) render();
  }

  function shownNow() {
    const { time } = where(), of = [other.of, other.episode];
    return of.map((each) => each.steps.length ? `${indexAt(each, time)} ${isOver(each, time)}` : "").join();
  }

  function isOver(episode, time) {
    return Boolean(episode.end) && time > lastTime(episode) + 1e-6;
  }

  function render() {
    if (!other) return;
    other.shown = shownNow();
    const head = make("p", "wd-back"), at = parting(), { own, policy, episode, said } = other;
    head.append(make("b", "", say("with.head", { own, policy })));
    if (said) head.append(make("span", "", said));
    else if (at === null) head.append(make("span", "", say(episode.end ? "with.alike" : "with.so far")));
    else {
      const go = make("button", "wd-go wd-parted", say("with.part", { at: digits(other.of.steps[at].time, 1) }));
      go.type = "button";
      go.dataset.go = at;
      head.append(go);
    }
    const shut = make("button", "wd-shut", "×");
    shut.type = "button";
    shut.dataset.do = "alone";
    shut.setAttribute("aria-label", say("with.end"));
    const both = make("div", "wd-both");
    both.append(...[[own, other.of], [policy, episode]].map(([name, of]) => sideOf(name, of)));
    panel.replaceChildren(shut, head, both, ...(other.figures.length ? [figuresOf(other)] : []));
    panel.hidden = false;
  }

  // What one of both says at the time that is shown.
  function sideOf(name, episode) {
    const side = make("div"), { time } = where();
    side.append(make("b", "", name));
    if (!episode.steps.length) return side;
    const index = indexAt(episode, time), step = episode.steps[index];
    const gone = isOver(episode, time);
    const text = gone ? outcomeText(episode.end, episode.header.task)
      : episode.steps[runAround(episode, index)[0]].phrases.map((phrase) => phrase.text).join("");
    side.append(make("span", "wd-chip", gone ? say("with.over") : step.done), make("p", "", text));
    return side;
  }

  function figuresOf({ own, policy, figures }) {
    const table = make("table"), head = make("tr");
    head.append(...["", own, policy].map((name) => make("th", "", name)));
    table.append(head, ...figures.map((row) => {
      const line = make("tr");
      line.append(...row.map((cell) => make("td", "", cell)));
      return line;
    }));
    return table;
  }

  // What the other one says, in the language that is spoken by now.
  async function resay() {
    for (const option of choice.options) if (!option.value) option.textContent = say("with");
    if (!other) return;
    const mine = other, { episode, at } = other;
    other.said = other.episode.steps.length ? "" : say("with.driving", { policy: other.policy });
    const told = at ? await server.logged([...at, tongue]).then(JSON.parse).catch(() => SILENCE) : SILENCE;
    if (mine !== other) return;
    if (!told.problem) {
      sayAgain(episode, told);
      if (other.figures.length) other.figures = figuresBeside(other.of.end, episode.end);
    }
    render();
  }

  // The figures of both: rows of what, ours, theirs.
  function figuresBeside(ours, theirs) {
    const of = (end) => new Map(end?.sheet ?? []), mine = of(ours), their = of(theirs);
    return [...new Set([...their.keys(), ...mine.keys()])].map((what) => [what, mine.get(what) ?? NONE, their.get(what) ?? NONE]);
  }

  choice.addEventListener("change", begin);
  return { resay, offer, take, close, refresh, isOpen: () => other !== null };
}
