// How fast a drive is decided, so that what plays it does not run out of it and stand still.

const SLACK = 1.15; // the next decision may take so much longer than the last ones
const HARDLY = 0.05; // [s] decisions that come faster than this set no pace

function newSupply(now) {
  return { at: now, wait: null, pace: Infinity };
}

// A decision came, with `ahead` [s] of driving not yet played: the pace at which the next finds it just played.
function supplied(supply, now, ahead) {
  const waited = Math.max((now - supply.at) / 1000, HARDLY);
  supply.wait = supply.wait === null ? waited : (supply.wait + waited) / 2;
  supply.at = now;
  supply.pace = ahead / (SLACK * Math.max(supply.wait, waited));
}

// The rate [s/s] to play at: as wished, and while it is still driven no faster than it is decided.
function paceOf(supply, episode, wished) {
  return episode.end ? wished : Math.min(wished, supply.pace);
}
