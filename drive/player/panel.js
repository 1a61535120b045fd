// The rationale and the options beside the picture. Text from a log enters as textContent only.

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function showRationale(root, step, index, cited) {
  const when = root.querySelector(".wd-when");
  when.replaceChildren(
    make("b", "wd-act", step.done),
    ...step.decision.map((word) => make("span", "wd-chip", word)),
  );
  const text = root.querySelector(".wd-text");
  text.replaceChildren(...step.phrases.map((phrase) => phraseNode(phrase, cited)));
  root.querySelector(".wd-tie").textContent = step.tie;
}

function phraseNode(phrase, cited) {
  if (phrase.cars.length === 0) return document.createTextNode(phrase.text);
  const node = make("button", "wd-phrase", phrase.text);
  node.type = "button";
  node.dataset.car = phrase.cars[0];
  node.style.setProperty("--cite", `var(--wd-cited-${cited.get(phrase.cars[0])})`);
  return node;
}

function showOptions(root, step, cited) {
  const scored = step.options.some((option) => option.score !== null);
  root.querySelector("table").classList.toggle("wd-unscored", !scored);
  root.querySelector("tbody").replaceChildren(
    ...step.options.map((option) => optionRow(option, cited)));
}

function optionRow(option, cited) {
  const row = make("tr");
  row.dataset.option = option.action;
  row.classList.toggle("wd-chosen", option.chosen);
  const name = make("td", "wd-option");
  name.append(make("span", "", option.words));
  const rank = option.chosen ? "chosen" : option.rival ? "strongest rival" : "";
  if (rank) name.append(make("small", "", rank));
  const terms = make("td");
  const list = make("ul", "wd-terms");
  list.append(...option.terms.map((term) => termNode(term, cited)));
  terms.append(list);
  const score = option.score === null ? "" : option.score.toFixed(2);
  row.append(name, terms, make("td", "wd-number", score));
  return row;
}

function termNode(term, cited) {
  const node = make("li", term.counts === "for" ? "wd-for" : "wd-against", term.text);
  const car = term.cars.find((id) => cited.has(id));
  if (car !== undefined) node.style.setProperty("--cite", `var(--wd-cited-${cited.get(car)})`);
  if (term.cars.length) node.dataset.car = term.cars[0];
  return node;
}
