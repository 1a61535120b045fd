// Verdicts: marks on the words of a rationale, what a mark says, and the card of all claims of an episode.

const SHOWN = 60; // rows of the card at most

function newProofs() {
  return { steps: [], of: 0, place: 0, problem: "" };
}

// Adds what a message tells of verdicts; those of a step that was lost come with the last message.
function receiveProof(proofs, told) {
  if (told.steps && told.from <= proofs.steps.length)
    proofs.steps.splice(told.from, Infinity, ...told.steps);
  Object.assign(proofs, { of: told.of ?? proofs.of, place: told.place ?? 0,
                          problem: told.problem ?? "" });
}

function countsOf(proofs) {
  const counts = { false: 0, untestable: 0, true: 0 };
  for (const findings of proofs.steps) for (const finding of findings) counts[finding.result]++;
  return counts;
}

function worstOf(findings) {
  return RESULTS.find((result) => findings.some((finding) => finding.result === result));
}

// A mark after each phrase that claims are about, and one after the text for what is about all of it.
function showMarks(text, findings, open) {
  for (const mark of text.querySelectorAll(".wd-mark")) mark.remove();
  for (const node of [...text.querySelectorAll("[data-phrase]"), text]) {
    const about = findings.filter((one) => String(one.phrase ?? "") === (node.dataset.phrase ?? ""));
    if (about.length) node.append(markOf(about, node.dataset.phrase ?? "", open));
  }
}

function markOf(about, phrase, open) {
  const result = worstOf(about), mark = make("button", "wd-mark", MARKS[result]);
  mark.type = "button";
  mark.dataset.result = result;
  mark.dataset.about = phrase;
  mark.title = about.map((one) => say("proof.said", { claim: one.claim, tested: testedText(one) })).join("\n");
  mark.setAttribute("aria-label", mark.title);
  mark.setAttribute("aria-expanded", open === phrase);
  return mark;
}

// How the claims of one phrase were tested; null closes it.
function showTested(list, findings, open) {
  const about = open === null ? [] : findings.filter((one) => String(one.phrase ?? "") === open);
  list.hidden = about.length === 0;
  list.replaceChildren(...about.map((one) => findingNode(one)));
}

function findingNode(finding) {
  const node = make("li", "wd-finding");
  node.dataset.result = finding.result;
  node.append(make("b", "", `${MARKS[finding.result]} `), make("span", "wd-claim", finding.claim),
              make("small", "", testedText(finding)));
  return node;
}

// All claims of the episode, false ones first; `failed`: nothing but what failed.
function showCard(card, episode, failed) {
  const { proofs } = episode, list = card.querySelector("ul");
  card.querySelector(".wd-proved").textContent = proofText(proofs, episode);
  const bar = card.querySelector("progress"), going = proofs.of > proofs.steps.length;
  bar.hidden = !going;
  bar.max = Math.max(proofs.of, 1);
  bar.value = proofs.steps.length;
  const rows = proofs.steps.flatMap((findings, step) => findings.map((one) => ({ one, step })));
  const order = ({ one }) => RESULTS.indexOf(one.result);
  const wanted = rows.filter(({ one }) => !failed || one.result === "false");
  wanted.sort((a, b) => order(a) - order(b) || a.step - b.step);
  list.replaceChildren(...wanted.slice(0, SHOWN).map(({ one, step }) => rowOf(one, step, episode)));
  if (failed && !wanted.length && !going) list.append(make("li", "wd-none", say("proof.nothing")));
  if (wanted.length > SHOWN) list.append(make("li", "wd-none", say("proof.more", { count: wanted.length - SHOWN })));
}

// The figures of an episode that has ended, as an instructor would note them.
function showSheet(node, end) {
  const rows = end?.sheet || [];
  node.hidden = !rows.length;
  node.replaceChildren(...rows.flatMap(([what, value]) => [make("dt", "", what), make("dd", "", value)]));
}

function rowOf(finding, step, episode) {
  const row = findingNode(finding), go = make("button", "wd-go", amount(episode.steps[step]?.time ?? 0, 1, "s"));
  go.type = "button";
  go.dataset.go = step;
  go.setAttribute("aria-label", say("proof.go", { number: step + 1 }));
  row.prepend(go);
  return row;
}
