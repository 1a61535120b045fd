// A visitor's notes, thumbs and named moments: buttons beside the rationale, what was noted at the decision, a list under
// the time line. They lie beside the log; their texts are anybody's and enter as textContent only.

const REMARK_MOST = { note: 500, bookmark: 80 }; // characters
const REMARK_BRIEF = 48; // characters of a note in the list
const THUMBS = ["up", "down"];
const REMARK_SHAPES = {
  up: "M2 7h2.6v7H2zM5.8 7.2 8.3 1.6c1.1 0 1.9.8 1.9 1.9L9.7 6h3.2c1 0 1.7.9 1.5 1.9l-1 4.7c-.2.8-.8 1.4-1.7 1.4H5.8z",
  down: "M14 9h-2.6V2H14zM10.2 8.8 7.7 14.4c-1.1 0-1.9-.8-1.9-1.9L6.3 10H3.1c-1 0-1.7-.9-1.5-1.9l1-4.7C2.8 2.6 3.4 2 4.3 2h5.9z",
  note: "M2 2.5h12v8.5H8L4.6 14v-3H2z",
  bookmark: "M4 2h8v12l-4-3.4L4 14z",
};

function remarkShape(kind) {
  const name = "http://www.w3.org/2000/svg", shape = document.createElementNS(name, "svg");
  shape.setAttribute("viewBox", "0 0 16 16");
  shape.setAttribute("aria-hidden", "true");
  shape.append(document.createElementNS(name, "path"));
  shape.firstChild.setAttribute("d", REMARK_SHAPES[kind]);
  return shape;
}

// where: () => {episode, index, time}; pause: it stands still; seek: it goes to a time.
function startRemarks({ root, find, server, where, pause, seek }) {
  const judge = find(".wd-judge"), panel = find(".wd-remarks"), listed = find(".wd-noted");
  const canNote = Boolean(server.noted), called = (kind) => say(`remark.kind.${kind}`);
  let id = null, rows = [], form = null, rename = null, asker = null, shown = ""; // rename: says the form's words

  async function begin(here) {
    Object.assign(panel, { hidden: true });
    [id, rows, form, shown] = [here, [], null, ""];
    listed.hidden = true;
    judge.hidden = true;
    if (canNote) await ask();
  }

  // Asks for the notes, after a change if one is given; what was wrong, or nothing.
  async function ask(...does) {
    const asked = id, told = await Promise.resolve(server.noted([tongue, ...asked, ...does])).then(JSON.parse).catch(() => SILENCE);
    if (String(asked) !== String(id)) return "";
    if (told.notes) take(told.notes);
    else if (!does.length) judge.hidden = true;
    return told.problem || "";
  }

  function take(told) {
    rows = told.rows;
    judge.hidden = !canNote;
    listed.dataset.problem = told.problem;
    shown = "";
    show();
    list();
  }

  // ------------------------------------------------------------------------- at the decision

  function around() {
    const { episode, index } = where();
    return index < 0 ? null : runAround(episode, index);
  }

  function at([first, last]) {
    return rows.filter((row) => row.step >= first && row.step <= last);
  }

  function show() {
    const run = where() && around();
    if (!run) return;
    mark();
    const here = at(run), key = JSON.stringify([run, here, Boolean(form)]);
    if (key === shown) return;
    shown = key;
    const thumb = here.find((row) => row.mine && THUMBS.includes(row.kind));
    for (const button of judge.children)
      if (THUMBS.includes(button.dataset.remark)) button.setAttribute("aria-pressed", thumb?.kind === button.dataset.remark);
    const told = here.filter((row) => !(canNote && row.mine && THUMBS.includes(row.kind)));
    const items = make("ul");
    items.setAttribute("aria-label", say("remark.here"));
    items.tabIndex = 0; // many notes scroll
    items.append(...told.map(itemNode));
    panel.replaceChildren(...(form ? [form] : []), ...(told.length ? [items] : []));
    panel.hidden = !panel.childElementCount;
  }

  function itemNode(row) {
    const node = make("li"), words = make("span", "wd-remark-text", row.text || called(row.kind));
    node.dataset.kind = row.kind;
    node.append(remarkShape(row.kind));
    if (row.kind === "bookmark") node.append(make("b", "", amount(row.time, 1, "s")));
    node.append(words);
    if (!canNote) return node;
    if (!row.mine) node.append(make("small", "", say("remark.shared")));
    else node.append(buttonOf("×", say("remark.remove", { what: row.text || called(row.kind) }), () => remove(row)));
    return node;
  }

  function buttonOf(text, title, does) {
    const button = make("button", "wd-remark-do", text);
    button.type = "button";
    button.title = title;
    button.setAttribute("aria-label", title);
    button.addEventListener("click", does);
    return button;
  }

  function mark() {
    const ticks = find(".wd-ticks").children, count = new Map();
    for (const row of rows) count.set(row.step, [...(count.get(row.step) || []), called(row.kind)]);
    for (const [step, tick] of [...ticks].entries()) {
      const those = count.get(step), title = tick.dataset.title ??= tick.title;
      if (tick.classList.contains("wd-remarked") === Boolean(those) && !those) continue;
      tick.classList.toggle("wd-remarked", Boolean(those));
      tick.title = [title, ...(those || [])].join(", ");
      tick.setAttribute("aria-label", tick.title);
    }
  }

  // --------------------------------------------------------------------------- what is done

  function announce(words) {
    find(".wd-live").textContent = words;
  }

  async function thumb(kind) {
    const run = canNote && !judge.hidden && around();
    if (!run) return;
    const before = at(run).find((row) => row.mine && THUMBS.includes(row.kind));
    const problem = before?.kind === kind ? await ask("remove", before.id) : await ask("add", kind, run[0], 0, "");
    announce(problem || say(before?.kind === kind ? "remark.removed" : "remark.kept", { what: called(kind) }));
    if (problem) complain(problem);
  }

  async function remove(row) {
    const problem = await ask("remove", row.id);
    announce(problem || say("remark.removed", { what: row.text || called(row.kind) }));
    root.focus({ preventScroll: true });
  }

  function complain(problem) {
    const node = make("p", "wd-remark-problem", problem);
    node.setAttribute("role", "alert");
    panel.querySelector(".wd-remark-problem")?.remove();
    panel.prepend(node);
    panel.hidden = false;
    shown = "";
  }

  // The form for a note on the decision, or for the name of the moment, that is shown now.
  function write(kind) {
    if (!canNote || judge.hidden || !around()) return;
    pause();
    const { index, time } = where();
    asker = judge.querySelector(`[data-remark=${kind}]`);
    form = make("form", "wd-remark-form");
    const label = make("label"), box = make(kind === "note" ? "textarea" : "input"), count = make("small");
    label.append(make("span"), box);
    box.maxLength = REMARK_MOST[kind];
    if (kind === "note") box.rows = 2;
    box.autocomplete = "off";
    const tell = () => { count.textContent = say("remark.of", { n: box.value.length, most: box.maxLength }); };
    box.addEventListener("input", tell);
    const keep = make("button", "wd-word wd-keep"), cancel = make("button", "wd-word");
    cancel.type = "button";
    rename = () => {
      label.firstChild.textContent = say(kind === "note" ? "remark.note at" : "remark.name at", { time: digits(time, 1) });
      keep.textContent = say("remark.keep");
      cancel.textContent = say("remark.cancel");
      tell();
    };
    rename();
    cancel.addEventListener("click", close);
    const row = make("div", "wd-remark-row");
    row.append(keep, cancel, count);
    form.append(label, row);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      keep.disabled = true;
      const mine = form, problem = await ask("add", kind, index, time, box.value);
      keep.disabled = false;
      if (mine !== form) return;
      if (problem) return complain(problem);
      announce(say("remark.kept", { what: box.value }));
      close();
    });
    form.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Escape") close();
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    });
    show();
    box.focus({ preventScroll: false });
  }

  function close() {
    form = null;
    show();
    asker?.focus({ preventScroll: true });
  }

  // ---------------------------------------------------------------------------------- the list

  function list() {
    const { problem } = listed.dataset;
    listed.hidden = !rows.length && !problem;
    const nodes = rows.map(chip);
    if (rows.length && canNote) nodes.unshift(...["json", "csv"].map(away));
    if (problem) nodes.push(make("span", "wd-remark-problem", problem));
    listed.replaceChildren(make("span", "", say("remark.list")), ...nodes);
  }

  function chip(row) {
    const text = row.text.replace(/\s+/g, " "), brief = [...text].slice(0, REMARK_BRIEF).join("");
    const words = text ? `${brief}${brief.length < text.length ? "…" : ""}` : called(row.kind);
    const button = make("button", "wd-go wd-bad wd-remark-chip");
    button.type = "button";
    button.dataset.kind = row.kind;
    button.title = row.text || called(row.kind);
    button.append(remarkShape(row.kind), make("span", "", amount(row.time, 1, "s")), make("span", "wd-remark-text", words));
    button.addEventListener("click", () => seek(row.time));
    return button;
  }

  function away(form) {
    const button = buttonOf(form.toUpperCase(), say("remark.take", { form: form.toUpperCase() }), async () => {
      const told = await Promise.resolve(server.noted([tongue, ...id, "file", form])).then(JSON.parse).catch(() => SILENCE);
      if (told.problem) return complain(told.problem);
      const link = make("a");
      link.href = URL.createObjectURL(new Blob([told.file], { type: form === "csv" ? "text/csv" : "application/json" }));
      link.download = told.name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    });
    button.classList.add("wd-remark-away");
    return button;
  }

  for (const kind of ["up", "down", "note", "bookmark"]) {
    const isThumb = THUMBS.includes(kind), button = buttonOf("", say(`remark.${kind}`), () => isThumb ? thumb(kind) : write(kind));
    button.dataset.remark = kind;
    button.dataset.sayTitle = button.dataset.sayLabel = `remark.${kind}`;
    if (isThumb) button.setAttribute("aria-pressed", "false");
    button.append(remarkShape(kind));
    judge.append(button);
  }
  // What it says of what is noted, and what is being written, in another language.
  function resay() {
    shown = "";
    if (form) rename();
    show();
    list();
  }

  return { begin, take, show, thumb, write, resay };
}
