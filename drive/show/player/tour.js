// A tour in five steps for a first visitor: an invitation that is in nobody's way, and a mark at each thing that it is about.

const TOURED = "whydrive tour"; // under which the browser keeps that the invitation was seen
const STOPS = [ // what is said, and what it is about: the first that is there of each
  { key: "road", about: [".wd .wd-pictures"] },
  { key: "sentence", about: [".wd .wd-text"] },
  { key: "verdicts", about: [".wd .wd-text .wd-mark, .wd .wd-proved"] },
  { key: "ask", about: [".wd .wd-ask"] },
  { key: "browse", about: ["#wd-browse", ".wd .wd-with"] },
];
const RING = 4, APART = 12, EDGE_OF_COACH = 8; // [px] around what is shown; from it to the words; from the page's edge

// isOffered: is anything here that answers? A page in a file has no tour.
function startTour({ root, find, isOffered }) {
  const invitation = find(".wd-invite"), coach = find(".wd-coach"), rings = find(".wd-rings");
  let at = null, before = null;
  find(".wd-help [data-tour]").hidden = !isOffered;

  // Once, to a person; to a program that drives the browser only where the link asks for it.
  function invite() {
    const wanted = new URLSearchParams(location.search).has("tour");
    if (!isOffered || !wanted && (navigator.webdriver || kept(TOURED))) return;
    keep(TOURED, "seen");
    invitation.hidden = false;
  }

  function begin() {
    invitation.hidden = true;
    find(".wd-help").close();
    before = document.activeElement;
    go(0);
    requestAnimationFrame(follow);
  }

  function go(number) {
    if (number >= STOPS.length) return end();
    at = Math.max(number, 0);
    const { key } = STOPS[at], isLast = at === STOPS.length - 1;
    find(".wd-coach-at").textContent = say("tour.at", { number: at + 1, count: STOPS.length });
    find(".wd-coach-head").textContent = say(`tour.${key}`);
    find(".wd-coach-text").textContent = say(`tour.${key} text`);
    find("[data-tour=back]").disabled = at === 0;
    find("[data-tour=next]").textContent = say(isLast ? "tour.done" : "tour.next");
    rings.hidden = coach.hidden = false;
    shown()[0]?.scrollIntoView({ block: "nearest", behavior: "instant" });
    place();
    coach.scrollIntoView({ block: "nearest", behavior: "instant" });
    coach.focus({ preventScroll: true });
  }

  function end() {
    if (at === null) return;
    at = null;
    rings.hidden = coach.hidden = true;
    if (before?.isConnected) before.focus({ preventScroll: true });
  }

  // What the present stop is about, as far as it is seen.
  function shown() {
    const seen = STOPS[at].about.map((name) => [...document.querySelectorAll(name)].find((node) => node.offsetWidth));
    return seen.filter(Boolean);
  }

  // What is shown may move, for the episode plays on.
  function follow() {
    if (at === null || !root.isConnected) return;
    place();
    requestAnimationFrame(follow);
  }

  function place() {
    const from = root.getBoundingClientRect(), nodes = shown(), boxes = nodes.map((node) => node.getBoundingClientRect());
    while (rings.children.length > boxes.length) rings.lastChild.remove();
    boxes.forEach((box, k) => {
      const ring = rings.children[k] || rings.appendChild(make("i"));
      Object.assign(ring.style, { left: `${box.left - from.left - RING}px`, top: `${box.top - from.top - RING}px`,
                                  width: `${box.width + 2 * RING}px`, height: `${box.height + 2 * RING}px` });
    });
    if (!boxes.length) return;
    const [box] = boxes, low = box.bottom + APART, high = box.top - APART - coach.offsetHeight;
    const top = low + coach.offsetHeight < innerHeight || high < 0 ? low : high;
    const right = document.documentElement.clientWidth - EDGE_OF_COACH - coach.offsetWidth;
    coach.style.top = `${top - from.top}px`;
    const beside = boxes.slice(1).find((one) => one.bottom + APART > top && one.top - APART < top + coach.offsetHeight);
    const left = Math.min(box.left, right, beside ? beside.left - APART - coach.offsetWidth : Infinity);
    coach.style.left = `${Math.max(left, EDGE_OF_COACH) - from.left}px`;
  }

  function onKey(event) {
    if (event.key === "Escape") {
      if (at === null) invitation.hidden = true;
      return end();
    }
    const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (at === null || !way || !coach.contains(event.target)) return;
    event.stopPropagation(); // else the episode would hear it
    event.preventDefault();
    if (at + way < STOPS.length) go(at + way);
  }

  const COMMANDS_OF_TOUR = { start: begin, no: () => { invitation.hidden = true; }, back: () => go(at - 1), next: () => go(at + 1), end };
  root.addEventListener("click", (event) => {
    const command = event.target.closest("[data-tour]")?.dataset.tour;
    if (command) COMMANDS_OF_TOUR[command]();
  });
  root.addEventListener("keydown", onKey);
  document.addEventListener("pointerdown", (event) => {
    if (at !== null && !coach.contains(event.target)) {
      before = null; // what was pressed has the focus
      end();
    }
  }, true);
  return { invite, resay: () => at === null || go(at) };
}
