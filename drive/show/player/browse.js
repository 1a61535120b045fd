// Every episode on the shelf: a table to sort, filter and search, charts, and evaluations that are started here.
// Receives messages (props.value, JSON) on the evaluation that this visitor asked for. Asks the server by id only.

const DASH = "–";
const TYPED = 250; // [ms] after the last letter until it is searched for
const AGAIN = 400; // [ms] until what could not be read in time is asked for once more
const SHOWN = 100; // rows that are laid out; more when the end of the list is near
const EDGE = 600; // [px] before a picture or the list's end comes into sight
const AT_ONCE = 12; // pictures that are asked for together
const RANK = { bad: 0, lied: 1, unread: 2, over: 3, good: 4 }; // lied: it said what is false, whatever it drove
const OUTCOMES = { "": "browse.any outcome", bad: "browse.bad", good: "browse.good", over: "browse.over", unread: "browse.unread" };
const fixed = (decimals, unit = "") => (value) => amount(value, decimals, unit);
// Columns: the word for it, what a row is sorted by, how it is shown, which way is first where it is pressed, and whether
// its word is explained.
const COLUMNS = [
  { name: "", key: "picture" },
  { name: "scenario", key: "scenario" },
  { name: "policy", key: "policy" },
  { name: "seed", key: "seed", number: true, shown: String },
  { name: "outcome", key: "rank" },
  { name: "done", key: "success", number: true, shown: (value) => say(value ? "yes" : "no"), about: true },
  { name: "speed", key: "speed", number: true, down: true, shown: fixed(1, "m/s"), about: true },
  { name: "headway", key: "headway", number: true, shown: fixed(2, "s"), about: true },
  { name: "ttc", key: "ttc", number: true, shown: fixed(1, "s"), about: true },
  { name: "false", key: "false", number: true, down: true, about: true },
  { name: "words", key: "words", number: true, shown: String, about: true },
];

function startBrowsing({ element, trigger, props, watch, server }) {
  const root = element.querySelector(".wdg"), find = (name) => root.querySelector(name);
  const body = find("tbody"), filters = find(".wdg-filters"), trial = find(".wdg-trial");
  const state = { rows: [], matches: null, sort: { key: "", down: false }, tab: "table", drawn: 0, chosen: [],
                  pictures: new Map(), wanted: [], typed: 0, evaluated: 0, told: null, trial: null, only: "", older: 0, unread: 0, chart: null };

  async function ask(...asked) {
    const told = await Promise.resolve(server.browsed([tongue, ...asked])).then(JSON.parse).catch(() => ({ problem: say("browse.silence") }));
    complain(told.problem);
    return told.problem ? null : told.told;
  }

  function complain(problem) {
    find(".wdg-problem").textContent = problem || "";
    find(".wdg-problem").hidden = !problem;
  }

  // ------------------------------------------------------------------------------------ rows

  async function load() {
    const told = await ask("rows", tongue);
    if (!told) return;
    state.rows = told.rows.map((row, age) => ({ ...row, age, rank: RANK[rankOf(row)] }));
    Object.assign(state, { older: told.older, unread: told.unread });
    fillFilters();
    show();
    if (told.unread) setTimeout(load, AGAIN);
    if (state.tab === "charts") showCharts();
  }

  function rankOf(row) {
    return row.problem ? "unread" : row.false && row.kind !== "bad" ? "lied" : row.kind;
  }

  function fillFilters() {
    for (const [name, all] of [["scenario", say("browse.any scenario")], ["policy", say("browse.any policy")]]) {
      const list = filters.elements[name], chosen = list.value;
      const names = [...new Set(state.rows.map((row) => row[name]).filter(Boolean))].sort();
      list.replaceChildren(new Option(all, ""), ...names.map((each) => new Option(each, each)));
      list.value = names.includes(chosen) ? chosen : "";
    }
  }

  function picked() {
    const { scenario, policy, outcome } = filters.elements;
    return state.rows.filter((row) => (!state.only || row.id[0] === state.only) && (!scenario.value || row.scenario === scenario.value)
      && (!policy.value || row.policy === policy.value)
      && (!outcome.value || outcome.value === (row.problem ? "unread" : row.kind))
      && (!state.matches || state.matches.has(String(row.id))));
  }

  // Failures first, then what said something false, the newest first among equals; else by the column that was pressed, what is missing last.
  function sorted(rows) {
    const { key, down } = state.sort, way = down ? -1 : 1;
    if (!key) return rows.sort((a, b) => a.rank - b.rank || a.age - b.age);
    const missing = (value) => value === null || value === undefined;
    return rows.sort((a, b) => {
      const [x, y] = [a[key], b[key]];
      if (missing(x) || missing(y)) return missing(x) - missing(y) || a.age - b.age;
      return way * (typeof x === "string" ? x.localeCompare(y) : x - y) || a.age - b.age;
    });
  }

  function show() {
    state.chosen = sorted(picked());
    state.drawn = 0;
    body.replaceChildren();
    more();
    for (const head of root.querySelectorAll("th[data-key]")) {
      const mine = head.dataset.key === state.sort.key;
      head.setAttribute("aria-sort", mine ? state.sort.down ? "descending" : "ascending" : "none");
    }
    find(".wdg-count").textContent = counted();
  }

  function counted() {
    const { rows, chosen, older, unread } = state, bad = chosen.filter((row) => row.kind === "bad").length;
    const few = chosen.length < rows.length ? say("browse.of", { part: chosen.length, whole: rows.length }) : rows.length;
    return say("browse.count", { few, bad, count: rows.length, unread: unread ? say("browse.reading", { number: unread }) : "",
                                 older: older ? say("browse.older", { number: older }) : "" });
  }

  function more() {
    const { chosen, drawn } = state, next = chosen.slice(drawn, drawn + SHOWN);
    body.append(...next.map(rowNode));
    state.drawn += next.length;
    if (!chosen.length) body.append(emptyNode());
    else if (state.drawn < chosen.length) ends.observe(body.lastElementChild);
  }

  function emptyNode() {
    const node = make("tr"), cell = make("td", "wdg-none");
    cell.colSpan = COLUMNS.length;
    cell.textContent = say(state.rows.length ? "browse.none" : "browse.empty");
    node.append(cell);
    return node;
  }

  function rowNode(row) {
    const node = make("tr"), match = state.matches?.get(String(row.id));
    node.dataset.kind = row.problem ? "unread" : row.kind;
    node.toggleAttribute("data-false", row.false > 0);
    [node.dataset.run, node.dataset.episode] = row.id;
    node.append(...COLUMNS.map((column) => cellNode(row, column, match)));
    return node;
  }

  function cellNode(row, column, match) {
    const cell = make("td", column.number ? "wdg-number" : "");
    cell.dataset.key = column.key;
    cell.dataset.name = column.name && say(`browse.${column.name}`);
    if (column.key === "picture") cell.append(pictureNode(row));
    else if (column.key === "scenario") cell.append(openNode(row));
    else if (column.key === "rank") cell.append(...outcomeNodes(row, match));
    else if (column.key === "policy") cell.textContent = row.policy ?? DASH;
    else cell.textContent = figure(row, column);
    return cell;
  }

  function figure(row, { key, shown }) {
    const value = row[key];
    if (value === null || value === undefined) return DASH;
    return key === "false" ? say("browse.of", { part: value, whole: row.claims }) : shown(value);
  }

  function openNode(row) {
    const button = make("button", "wdg-open", row.scenario ?? row.id[1]);
    button.type = "button";
    button.title = say("browse.open", { name: row.id[1] });
    return button;
  }

  function outcomeNodes(row, match) {
    const nodes = [make("span", "wdg-outcome", row.outcome)];
    if (row.problem) nodes.push(make("small", "", row.problem));
    else if (!row.plain) nodes.push(make("small", "", say(row.hand ? "browse.person" : "browse.branch")));
    if (row.notes) nodes.push(make("small", "wdg-noted", say("browse.noted", { count: row.notes })));
    if (match) nodes.push(make("small", "wdg-around", say("browse.quote", { text: match.around })));
    return nodes;
  }

  // -------------------------------------------------------------------------------- pictures

  function pictureNode(row) {
    const image = make("img", "wdg-picture");
    image.alt = "";
    image.width = 264;
    image.height = 96;
    image.row = row;
    if (row.problem) image.hidden = true;
    else pictured.observe(image);
    return image;
  }

  const pictured = new IntersectionObserver((seen) => {
    for (const { isIntersecting, target } of seen) {
      if (!isIntersecting) continue;
      pictured.unobserve(target);
      state.wanted.push(target);
    }
    draw();
  }, { rootMargin: `${EDGE}px` });

  const ends = new IntersectionObserver((seen) => {
    for (const { isIntersecting, target } of seen) {
      if (!isIntersecting) continue;
      ends.unobserve(target);
      more();
    }
  }, { rootMargin: `${EDGE}px` });

  // A few at a time, those first that came into sight first; each is asked for once.
  async function draw() {
    if (draw.busy) return;
    draw.busy = true;
    while (state.wanted.length) {
      const dark = document.body.classList.contains("dark"), some = state.wanted.splice(0, AT_ONCE);
      const fresh = some.filter((image) => image.isConnected && !state.pictures.has(nameOf(image.row, dark)));
      const told = fresh.length ? await ask("pictures", fresh.map((image) => image.row.id), dark) : [];
      fresh.forEach((image, k) => told?.[k] && state.pictures.set(nameOf(image.row, dark), told[k]));
      for (const image of some) image.src = state.pictures.get(nameOf(image.row, dark)) || "data:,";
    }
    draw.busy = false;
  }

  function nameOf(row, dark) {
    return JSON.stringify([...row.id, row.decisions, dark]);
  }

  // ---------------------------------------------------------------------------------- charts

  async function showCharts() {
    const told = await ask("charts", filters.elements.scenario.value, tongue), place = find(".wdg-charts");
    if (!told || state.tab !== "charts") return;
    state.chart = told;
    if (!told.n) return place.replaceChildren(make("p", "wdg-note", say("browse.chartless")));
    const legend = make("ul", "wdg-legend");
    legend.append(...told.policies.map(policyNode));
    const row = make("div", "wdg-pair");
    row.append(...told.charts.map(chartNode));
    place.replaceChildren(make("h3", "", told.scenario), legend, row, make("p", "wdg-note", say("browse.chart note")));
  }

  function policyNode({ name, n, kind, mark }) {
    const node = make("li"), button = make("button", `wdg-only k${kind % 6}`, "");
    button.type = "button";
    button.dataset.policy = name;
    button.append(drawing(`<svg xmlns="http://www.w3.org/2000/svg" class="sign" viewBox="0 0 16 16" aria-hidden="true">${mark}</svg>`),
                  make("span", "", say("browse.n", { name, n })));
    node.append(button);
    return node;
  }

  function chartNode(text) {
    const node = make("div", "chart"), chart = drawing(text.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" '));
    for (const dot of chart.querySelectorAll("[data-name]")) {
      dot.dataset.policy = dot.dataset.name;
      dot.setAttribute("tabindex", "0");
      dot.setAttribute("role", "button");
      dot.setAttribute("aria-label", say("browse.dot", { title: dot.querySelector("title").textContent }));
    }
    chart.setAttribute("role", "group"); // with buttons in it, it is no mere picture
    node.append(chart);
    return node;
  }

  // A drawing of ours, read as a drawing: what is no element of one is dropped.
  function drawing(text) {
    const read = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
    const kinds = ["svg", "g", "title", "line", "text", "circle", "polygon"];
    for (const node of [read, ...read.querySelectorAll("*")]) {
      if (!kinds.includes(node.localName)) node.remove();
      for (const { name } of [...node.attributes]) if (name.startsWith("on") || name.endsWith("href")) node.removeAttribute(name);
    }
    return document.importNode(read, true);
  }

  function only(policy) {
    filters.elements.scenario.value = state.chart.scenario;
    filters.elements.policy.value = policy;
    tab("table");
    show();
    body.querySelector(".wdg-open")?.focus();
  }

  function tab(name) {
    state.tab = name;
    for (const button of root.querySelectorAll("[data-tab]")) button.setAttribute("aria-pressed", button.dataset.tab === name);
    find(".wdg-rows").hidden = name !== "table";
    find(".wdg-charts").hidden = name !== "charts";
    if (name === "charts") showCharts();
  }

  // ---------------------------------------------------------------------------- evaluation

  // Where Gradio lost the message before, it hands over the edit: the whole message, at its end.
  function hear(value) {
    const told = Array.isArray(value) ? value.at(-1)?.at(-1) : value;
    if (told?.startsWith("{")) takeTrial(JSON.parse(told));
  }

  function takeTrial(told) {
    if (told.wish < state.evaluated) return;
    state.evaluated = told.wish;
    const { done = 0, of = 0, place, problem, over } = told, bar = trial.querySelector("progress");
    state.trial = told;
    complain(problem);
    bar.hidden = !of || Boolean(problem);
    [bar.max, bar.value] = [of || 1, done];
    trial.querySelector(".wdg-told").textContent = trialText(told);
    trial.querySelector(".wdg-stop").hidden = Boolean(over);
    trial.querySelector(".wdg-go").disabled = !over;
    trial.querySelector(".wdg-these").hidden = !done;
    if (done && done !== state.told?.done) load();
    if (place === undefined) state.told = told;
  }

  function trialText({ place, done, of, failed, over, stopped, problem }) {
    if (problem) return "";
    if (place !== undefined) return place ? say("browse.place", { place }) : say("browse.begun");
    if (stopped) return of ? say("browse.stopped after", { done, of }) : say("browse.stopped");
    const bad = failed ? say("browse.failed", { number: failed }) : "";
    if (!done) return say("browse.beginning", { of });
    return say(over ? "browse.driven" : "browse.driving", { done, of, failed: bad });
  }

  // Only what that evaluation drove, or all again.
  function these() {
    state.only = state.only ? "" : state.told?.run ?? "";
    const button = trial.querySelector(".wdg-these");
    button.setAttribute("aria-pressed", Boolean(state.only));
    nameThese();
    tab("table");
    show();
  }

  function nameThese() {
    trial.querySelector(".wdg-these").textContent = say(state.only ? "browse.all" : "browse.these");
  }

  async function offer() {
    const names = await ask("policies", trial.elements.scenario.value), chosen = trial.elements.policy.value;
    if (!names) return;
    trial.elements.policy.replaceChildren(...names.map((each) => new Option(each, each)));
    trial.elements.policy.value = names.includes(chosen) ? chosen : names.includes("planner") ? "planner" : names[0];
  }

  function evaluate(event) {
    event.preventDefault();
    const { scenario, policy, episodes } = trial.elements;
    root.dataset.asked = JSON.stringify([scenario.value, policy.value, episodes.value]);
    trial.querySelector(".wdg-go").disabled = true;
    trial.querySelector(".wdg-told").textContent = say("browse.asked");
    trigger("submit");
  }

  // ------------------------------------------------------------------------------- events

  function open(on) {
    root.hidden = !on;
    const player = document.querySelector(".wd");
    if (player) player.style.display = on ? "none" : "";
    root.classList.toggle("wd-dark", document.body.classList.contains("dark"));
    if (!on) return document.querySelector("#wd-browse")?.focus();
    load();
    if (!trial.elements.policy.options.length) offer();
    root.focus({ preventScroll: true });
    root.scrollIntoView({ block: "nearest" });
  }

  function go(row) {
    const step = state.matches?.get(String([row.dataset.run, row.dataset.episode]))?.step;
    Object.assign(root.dataset, { run: row.dataset.run, episode: row.dataset.episode, step: step ?? "" });
    open(false);
    trigger("select");
  }

  function onClick(event) {
    const head = event.target.closest("th[data-key]"), row = event.target.closest("tr[data-run]");
    const tabs = event.target.closest("[data-tab]"), dot = event.target.closest("[data-policy]");
    if (event.target.closest(".wdg-shut")) open(false);
    else if (event.target.closest(".wdg-stop")) trigger("stop");
    else if (event.target.closest(".wdg-these")) these();
    else if (tabs) tab(tabs.dataset.tab);
    else if (dot) only(dot.dataset.policy);
    else if (head) order(head.dataset.key);
    else if (row && row.dataset.kind !== "unread") go(row);
  }

  // Once: the way that tells most; again: the other; a third time: as at first.
  function order(key) {
    const { sort } = state, first = Boolean(COLUMNS.find((column) => column.key === key).down);
    if (sort.key !== key) state.sort = { key, down: first };
    else state.sort = sort.down === first ? { key, down: !first } : { key: "", down: false };
    show();
  }

  function onKey(event) {
    event.stopPropagation(); // the episode behind it does not hear these keys
    const dot = event.target.closest("g[data-policy]");
    if (event.key === "Escape") return open(false);
    if (dot && (event.key === "Enter" || event.key === " ")) { event.preventDefault(); return only(dot.dataset.policy); }
    if (event.target.closest("input, select") || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
    const buttons = [...body.querySelectorAll(".wdg-open")], at = buttons.indexOf(document.activeElement);
    const next = buttons[at < 0 ? 0 : at + (event.key === "ArrowDown" ? 1 : -1)];
    if (!next) return;
    event.preventDefault();
    next.focus();
  }

  async function search() {
    const words = filters.elements.words.value.trim(), mine = ++state.typed;
    const told = words ? await ask("words", words) : null;
    if (mine !== state.typed) return;
    state.matches = told && new Map(told.map((match) => [String(match.id), match]));
    show();
  }

  // All words, in the language that is spoken by now.
  function speak() {
    sayAll(root);
    const list = filters.elements.outcome, chosen = list.value;
    list.replaceChildren(...Object.entries(OUTCOMES).map(([value, key]) => new Option(say(key), value)));
    list.value = chosen;
    find("thead tr").replaceChildren(...COLUMNS.map(headNode));
    nameThese();
    if (state.trial) trial.querySelector(".wdg-told").textContent = trialText(state.trial);
    if (!root.hidden) load();
  }

  function listen() {
    document.addEventListener("wd-language", ({ detail }) => {
      if (!root.isConnected || detail === tongue) return;
      tongue = detail;
      speak();
    });
        filters.addEventListener("submit", (event) => event.preventDefault());
    filters.addEventListener("change", (event) => {
      if (event.target.name === "words") return;
      show();
      if (state.tab === "charts") showCharts();
    });
    filters.elements.words.addEventListener("input", () => {
      clearTimeout(search.later);
      search.later = setTimeout(search, TYPED);
    });
    trial.addEventListener("submit", evaluate);
    trial.elements.scenario.addEventListener("change", offer);
    root.addEventListener("click", onClick);
    root.addEventListener("keydown", onKey);
    root.addEventListener("wd-browse", () => open(root.hidden));
    new MutationObserver(() => {
      const dark = document.body.classList.contains("dark");
      if (dark === root.classList.contains("wd-dark")) return;
      root.classList.toggle("wd-dark", dark);
      show();
    }).observe(document.body, { attributeFilter: ["class"] });
  }

  function headNode({ name, key, number, about }) {
    const node = make("th", number ? "wdg-number" : "");
    node.scope = "col";
    if (key === "picture") return node;
    node.dataset.key = key;
    const button = make("button", "", say(`browse.${name}`));
    button.type = "button";
    if (about) button.title = say(`browse.${name} about`);
    node.append(button);
    return node;
  }

  const scenarios = JSON.parse(root.dataset.scenarios);
  trial.elements.scenario.replaceChildren(...scenarios.map((each) => new Option(each, each)));
  trial.elements.scenario.value = "highway-fast";
  trial.elements.episodes.max = root.dataset.most;
  speak();
  listen();
  watch("value", () => hear(props.value));
  hear(props.value);
}

startBrowsing({ element, trigger, props, watch, server });
