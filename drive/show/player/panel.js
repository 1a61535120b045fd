// The rationale and the options beside the picture. Text from a log enters as textContent only.

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

// `said` is the step at which the text was said; `held` [s] how long it holds, or null.
function showRationale(root, step, said, held, cited) {
  const when = root.querySelector(".wd-when");
  when.replaceChildren(
    make("b", "wd-act", step.done),
    ...said.decision.map((word) => make("span", "wd-chip", word)),
    ...(step.fallback ? [make("span", "wd-chip wd-fallback", step.fallback)] : []),
    ...(held === null ? [] : [make("span", "wd-held", heldText(said, held))]),
  );
  const text = root.querySelector(".wd-text");
  text.replaceChildren(...said.phrases.flatMap((phrase, k) => saidNodes(phrase, k, said, cited)));
  for (const node of text.querySelectorAll(".wd-phrase"))
    Object.assign(node, { role: "button", tabIndex: 0 });
  const notes = root.querySelector(".wd-notes");
  notes.replaceChildren(...step.notes.map((note) => make("li", "", note)));
  notes.hidden = !step.notes.length;
  root.querySelector(".wd-tie").textContent = said.tie;
}

// One phrase, in the headline or after it, and the blanks after it; verdicts are put at its end.
function saidNodes(phrase, number, said, cited) {
  const node = make("span", number < said.headline ? "wd-head" : "wd-rest"), { text, cars } = phrase;
  const bare = text.trimEnd();
  node.dataset.phrase = number;
  node.classList.toggle("wd-last", number === said.headline - 1 && number < said.phrases.length - 1);
  node.append(...phraseNodes({ text: bare, cars }, cited));
  return [node, document.createTextNode(text.slice(bare.length))];
}

function heldText(said, held) {
  return `said at ${said.time.toFixed(1)} s, holds for ${held.toFixed(1)} s`;
}

// Nodes of a phrase; spaces at its end stay outside of what is marked.
function phraseNodes({ text, cars }, cited) {
  if (cars.length === 0) return [document.createTextNode(text)];
  const bare = text.trimEnd(), node = make("span", "wd-phrase", bare);
  node.dataset.car = cars[0];
  if (cited.has(cars[0]))
    node.style.setProperty("--cite", `var(--wd-cited-${cited.get(cars[0])})`);
  return [node, document.createTextNode(text.slice(bare.length))];
}

function showOptions(root, step, cited) {
  const scored = step.options.some((option) => option.score !== null);
  const most = Math.max(...step.options.map(weightOf), 1e-9);
  root.querySelector("table").classList.toggle("wd-unscored", !scored);
  root.querySelector("tbody").replaceChildren(
    ...step.options.map((option) => optionRow(option, cited, step.fallback, most)));
}

// The weight of an option: what its terms add, or take away, in all; the widest bar is the largest.
function weightOf(option) {
  return Math.max(...[1, -1].map((sign) => option.terms
    .filter((term) => term.worth * sign > 0)
    .reduce((sum, term) => sum + Math.abs(term.worth), 0)));
}

// One piece for each term: to the right from the middle what it adds, to the left what it takes away; a
// mark where they sum to the score.
function worthBar(option, most) {
  const bar = make("div", "wd-worth"), share = (worth) => 50 * worth / most;
  const ends = new Map([[1, 0], [-1, 0]]);
  for (const term of option.terms.filter((each) => each.worth)) {
    const sign = Math.sign(term.worth), begin = ends.get(sign), end = begin + term.worth;
    const piece = make("span", sign > 0 ? "wd-for" : "wd-against");
    ends.set(sign, end);
    piece.style.left = `${50 + share(Math.min(begin, end))}%`;
    piece.style.width = `${share(Math.abs(term.worth))}%`;
    piece.title = `${termText(term)}: ${signed(term.worth)}`;
    bar.append(piece);
  }
  const sum = make("b", "wd-sum");
  sum.style.left = `${50 + share(ends.get(1) + ends.get(-1))}%`;
  bar.append(sum);
  return bar;
}

function signed(number) {
  return `${number < 0 ? "−" : "+"}${Math.abs(number).toFixed(2)}`;
}

function optionRow(option, cited, fallback, most) {
  const row = make("tr");
  row.dataset.option = option.action;
  row.classList.toggle("wd-chosen", option.chosen);
  const name = make("td", "wd-option");
  name.append(make("span", "", option.words));
  const rank = rankOf(option, fallback);
  if (rank) name.append(make("small", "", rank));
  const terms = make("td");
  const list = make("ul", "wd-terms");
  list.append(...option.terms.map((term) => termNode(term, cited)));
  if (option.terms.some((term) => term.worth)) terms.append(worthBar(option, most));
  terms.append(list);
  const score = option.score === null ? "" : option.score.toFixed(2).replace("-", "−");
  row.append(name, terms, make("td", "wd-number", score));
  return row;
}

function termNode(term, cited) {
  const node = make("li", term.counts === "for" ? "wd-for" : "wd-against");
  node.append(...term.phrases.flatMap((phrase) => phraseNodes(phrase, cited)));
  if (term.worth) node.append(make("small", "wd-adds", signed(term.worth)));
  return node;
}

function termText(term) {
  return term.phrases.map((phrase) => phrase.text).join("");
}
