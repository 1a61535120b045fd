// The language that a visitor meets: what the link says, else what was chosen here before, else what the page was started
// in, else the browser's own where there is a table for it.

const CHOSEN = "whydrive language"; // under which the browser keeps it

function firstLanguage(tables, started) {
  const link = new URLSearchParams(location.search).get("language");
  const own = navigator.language.split("-")[0];
  return [link, kept(CHOSEN), started, own].find((one) => tables.includes(one)) ?? tables[0];
}

// What the browser keeps under a name; null where it keeps nothing, as for a file.
function kept(name) {
  try { return localStorage.getItem(name); } catch { return null; }
}

function keep(name, text) {
  try { localStorage.setItem(name, text); } catch { /* a file, or a browser that keeps nothing */ }
}
