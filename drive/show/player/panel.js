// The rationale and the options beside the picture.

// A term of art with what it means, for those that point at it or have it read to them.
function explained(node, means) {
  if (!means) return node;
  node.title = means;
  node.classList.add("wd-means");
  node.setAttribute("aria-description", means);
  return node;
}

// `said` is the step at which the text was said; `held` [s] how long it holds, or null.
function showRationale(root, step, said, held, cited) {
  const when = root.querySelector(".wd-when"), { takeover } = step;
  when.classList.toggle("wd-took", Boolean(takeover));
  when.replaceChildren(
    make("b", "wd-act", takeover ? `${takeover.name}: ${step.done}` : step.done),
    ...(takeover ? [make("b", "wd-would", takeover.said)] : []),
    ...(step.back ? [make("span", "wd-chip wd-given", step.back)] : []),
    ...said.decision.map((word, k) => explained(make("span", "wd-chip", word), k ? "" : said.means)),
    ...(step.fallback ? [make("span", "wd-chip wd-fallback", step.fallback)] : []),
    ...(held === null ? [] : [make("span", "wd-held", heldText(said, held))]),
  );
  const watch = root.querySelector(".wd-watch"), text = root.querySelector(".wd-text");
  watch.replaceChildren(...(takeover?.why ?? []).flatMap((phrase) => phraseNodes(phrase, cited)));
  watch.hidden = !watch.hasChildNodes();
  const speaker = takeover ? [make("span", "wd-speaker", `${takeover.speaker}: `)] : [];
  text.replaceChildren(...speaker, ...said.phrases.flatMap((phrase, k) => saidNodes(phrase, k, said, cited)));
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
  return say("why.held", { at: digits(said.time, 1), for: digits(held, 1) });
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
  const scale = scaleOf(step.options);
  root.querySelector("table").classList.toggle("wd-unscored", !scored);
  root.querySelector("tbody").replaceChildren(
    ...step.options.map((option) => optionRow(option, cited, step.fallback, scale, step.takeover)));
}

const BELOW = 3, WORSE = 1.5; // how far below zero is shown, as a part of the most above it, or times the chosen score

// What the terms of an option add or take away, by sign.
function worthOf(option, sign) {
  return option.terms.reduce((sum, term) => sum + (term.worth * sign > 0 ? term.worth : 0), 0);
}

function sumOf(option) {
  return worthOf(option, 1) + worthOf(option, -1);
}

// Worths at the two ends of every bar. What lies far below zero is beyond it, for a contact costs so much
// that nothing would be seen of all other terms.
function scaleOf(options) {
  const most = Math.max(0, ...options.map((option) => worthOf(option, 1)));
  const chosen = options.filter((option) => option.chosen).map(sumOf);
  const least = Math.max(Math.min(0, ...options.map(sumOf)), Math.min(-most / BELOW, ...chosen.map((sum) => WORSE * sum)));
  return { least, most, wide: most - least || 1 };
}

// One piece for each term: above what it adds, from zero to the right; below what it takes away, from there
// to the left. Where that ends is the score, and a mark. What is beyond the scale is cut off, and looks it.
function worthBar(option, { least, wide }) {
  const bar = make("div", "wd-worth"), place = (worth) => 100 * Math.max(worth - least, 0) / wide;
  let end = 0;
  for (const sign of [1, -1])
    for (const term of option.terms.filter((each) => each.worth * sign > 0)) {
      const piece = make("span", sign > 0 ? "wd-for" : "wd-against"), [begin] = [end, end += term.worth];
      piece.style.left = `${place(Math.min(begin, end))}%`;
      piece.style.width = `${Math.abs(place(end) - place(begin))}%`;
      piece.title = `${termText(term)}: ${signed(term.worth)}`;
      bar.append(piece);
    }
  const sum = make("b", "wd-sum");
  sum.style.left = `${place(end)}%`;
  bar.append(sum);
  bar.style.setProperty("--zero", `${place(0)}%`);
  bar.classList.toggle("wd-cut", end < least);
  return bar;
}

function signed(number) {
  return `${number < 0 ? "−" : "+"}${digits(Math.abs(number), 2)}`;
}

function optionRow(option, cited, fallback, scale, takeover) {
  const row = make("tr");
  row.dataset.option = option.action;
  row.classList.toggle("wd-chosen", option.chosen);
  const name = make("td", "wd-option");
  name.append(make("span", "", option.words));
  const rank = rankOf(option, fallback, takeover);
  if (rank) name.append(make("small", "", rank));
  const terms = make("td");
  const list = make("ul", "wd-terms");
  list.append(...option.terms.map((term) => termNode(term, cited)));
  if (option.terms.some((term) => term.worth)) terms.append(worthBar(option, scale));
  terms.append(list);
  const score = option.score === null ? "" : digits(option.score, 2).replace("-", "−");
  row.append(name, terms, make("td", "wd-number", score));
  return row;
}

function termNode(term, cited) {
  const node = make("li", term.counts === "for" ? "wd-for" : "wd-against");
  node.append(...term.phrases.flatMap((phrase) => phraseNodes(phrase, cited)));
  explained(node, term.about);
  if (term.worth) node.append(make("small", "wd-adds", signed(term.worth)));
  return node;
}

function termText(term) {
  return term.phrases.map((phrase) => phrase.text).join("");
}
