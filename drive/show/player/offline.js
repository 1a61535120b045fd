// What a page does for the player, where there is none: everything that is told lies in the file itself.

function startOffline() {
  const element = document.querySelector("#wo-player"), props = { value: null };
  const told = JSON.parse(document.querySelector("#wo-told").textContent);
  const step = new URLSearchParams(location.search).get("step");
  if (/^\d{1,9}$/.test(step)) told[0].at = Number(step);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const shade = () => document.body.classList.toggle("dark", dark.matches);
  const server = { logged: () => Promise.reject(new Error("there is no server")) };
  let hear = () => {};
  shade();
  dark.addEventListener("change", shade);
  player(element, () => {}, props, (_, listener) => { hear = listener; }, server);
  for (const message of told) {
    props.value = JSON.stringify(message);
    hear();
  }
}

startOffline();
