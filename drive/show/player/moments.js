// The worst moments of an episode, ranked: what went wrong first, then how near contact was.

const WORST = 5; // moments that are told at most
const NEAR_CONTACT = 0.6; // risk from which a moment is worth telling

// [{index, why, weight}], the worst first, in an episode as far as it is driven and tested.
function worstMoments(episode) {
  const rows = episode.steps.map((step, index) => ({ index, ...whyBad(episode, step, index) }));
  return rows.filter((row) => row.weight > 0).sort((a, b) => b.weight - a.weight || a.index - b.index).slice(0, WORST);
}

function whyBad(episode, step, index) {
  const { end, proofs } = episode, last = index === episode.steps.length - 1;
  const failed = (proofs.steps[index] || []).filter((one) => one.result === "false").length;
  if (last && end?.contact !== null && end?.contact !== undefined) return { weight: 5, why: say("worst.contact") };
  if (failed) return { weight: 4, why: say("worst.false", { count: failed }) };
  if (step.fallback) return { weight: 3, why: say("worst.fallback") };
  if (step.differs) return { weight: 2, why: say("worst.hand") };
  if (step.risk >= NEAR_CONTACT) return { weight: step.risk, why: riskText(step) };
  return { weight: 0, why: "" };
}

function showWorst(node, episode) {
  const rows = worstMoments(episode);
  node.hidden = !rows.length;
  node.replaceChildren(document.createTextNode(say("worst.moments")), ...rows.map(({ index, why }) => {
    const button = make("button", "wd-go wd-bad", say("worst.row", { at: digits(episode.steps[index].time, 1), why }));
    button.type = "button";
    button.dataset.go = index;
    return button;
  }));
}
