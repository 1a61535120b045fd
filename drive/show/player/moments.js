// The worst moments of an episode: those that the server ranks, and what verdicts add to them when they come.

const WORST = 9, OF_A_KIND = 3; // moments that are told at most, in all and of one kind
const FAILED = 4; // rank of what was said and is false: below a contact, above all else

// [{index, kind, words, rank}], the worst first, in an episode as far as it is driven and tested.
function worstMoments(episode) {
  const told = episode.steps.flatMap((step, index) => [...step.moments, ...failedIn(episode, index)].map((one) => ({ ...one, index })));
  const whole = episode.moments.map((one) => ({ ...one, index: one.step }));
  const ranked = [...told, ...whole].sort((a, b) => b.rank - a.rank || a.index - b.index), kinds = {};
  const few = ranked.filter(({ kind }) => (kinds[kind] = (kinds[kind] ?? 0) + 1) <= OF_A_KIND);
  return few.slice(0, WORST).map((one) => ({ ...one, words: momentText(one) }));
}

function failedIn(episode, index) {
  const failed = (episode.proofs.steps[index] || []).filter((one) => one.result === "false").length;
  return failed ? [{ kind: "failed", value: failed, rank: FAILED }] : [];
}

// One chip for each, in a line that scrolls; each goes there.
function showWorst(node, episode) {
  const rows = worstMoments(episode);
  episode.worst = [...new Set(rows.map((row) => row.index))].sort((a, b) => a - b);
  node.hidden = !rows.length;
  const title = make("span");
  title.dataset.say = "worst.moments";
  title.textContent = say("worst.moments");
  node.replaceChildren(title, ...rows.map(({ index, kind, words }) => {
    const button = make("button", "wd-go wd-bad", say("worst.row", { at: digits(episode.steps[index].time, 1), why: words }));
    button.type = "button";
    button.dataset.go = index;
    button.dataset.kind = kind;
    return button;
  }));
}

function markWorst(node, index) {
  for (const button of node.querySelectorAll("[data-go]"))
    Number(button.dataset.go) === index ? button.setAttribute("aria-current", "step") : button.removeAttribute("aria-current");
}

// The decisions that the keys n and p stop at: the worst moments, or where there are none, what is new.
function stops(episode) {
  if (episode.worst?.length) return episode.worst;
  return episode.steps.flatMap((step, index) => step.interesting ? [index] : []);
}
