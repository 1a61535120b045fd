// The page's own words, from TABLES: one for each language (drive/language/page.py). Markup and scripts name them by key.

const SAYS = { sayTitle: "title", sayLabel: "aria-label", sayPlaceholder: "placeholder", sayDrop: "data-drop" };
let tongue = firstLanguage(Object.keys(TABLES), STARTED); // the language that is spoken

// A word with its values; {count} chooses the form where a number decides it.
function say(key, values = {}) {
  const word = TABLES[tongue][key];
  const text = typeof word === "object" ? word[new Intl.PluralRules(tongue).select(values.count)] ?? word.other : word;
  return (text ?? key).replace(/\{([^{}]+)\}/g, (slot, name) => values[name] ?? slot);
}

// A number as the language writes it, and with its unit.
function digits(value, decimals) {
  return value.toFixed(decimals).replace(".", TABLES[tongue].decimal);
}

function amount(value, decimals, unit) {
  return digits(value, decimals) + say(`unit.${unit}`);
}

// Fills in the words that markup names: data-say its text; data-say-title, -label, -placeholder, -drop its attributes.
function sayAll(root) {
  for (const node of [root, ...root.querySelectorAll("*")]) {
    if (node.dataset?.say) node.textContent = say(node.dataset.say);
    for (const [name, attribute] of Object.entries(SAYS))
      if (node.dataset?.[name]) node.setAttribute(attribute, say(node.dataset[name]));
  }
}
