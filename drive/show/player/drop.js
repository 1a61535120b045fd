// A log that is dropped onto the page goes the way of one that is chosen with the button for it.

const DROPPED = "dropped"; // the run of a log that a visitor brought: no link leads to it
const LARGEST_LOG = 16; // [MB] that the server takes

// `tell`: says a sentence to the visitor. Where a page takes no logs, nothing is listened to.
function listenForDrops(root, tell) {
  const input = () => document.querySelector("#wd-take input[type=file]");
  const carries = (event) => root.isConnected && input() && [...event.dataTransfer?.types ?? []].includes("Files");
  const over = (on) => root.classList.toggle("wd-dropping", on);
  let depth = 0; // entering a part of the page is told before leaving the part before
  const enter = (event) => { if (carries(event)) { depth++; over(true); } };
  const leave = (event) => { if (carries(event) && --depth <= 0) { depth = 0; over(false); } };
  const hold = (event) => { if (carries(event)) event.preventDefault(); };
  const drop = (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    depth = 0;
    over(false);
    bring(input(), [...event.dataTransfer.files], tell);
  };
  for (const [name, listener] of Object.entries({ dragenter: enter, dragleave: leave, dragover: hold, drop }))
    document.addEventListener(name, listener);
}

function bring(input, files, tell) {
  if (files.length !== 1) return tell(say("drop.one"));
  if (files[0].size > LARGEST_LOG * 2 ** 20) return tell(say("drop.large", { size: LARGEST_LOG }));
  const carrier = new DataTransfer();
  carrier.items.add(files[0]);
  input.files = carrier.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}
