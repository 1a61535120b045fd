// The moment as one picture to keep: what the canvases show, with its sentence, its time and its episode's name.

const SHEET = { margin: 24, gap: 12, line: 1.4, sentence: 20, most: 8 }; // [px]; lines of a sentence at most
const FINE = 2; // pixels of the picture for one of the page

// Parts of a canvas element as they lie on the page, from the corner of what holds them.
function placedIn(holder, nodes) {
  const from = holder.getBoundingClientRect();
  return nodes.map((node) => {
    const box = node.getBoundingClientRect();
    return { node, x: box.left - from.left, y: box.top - from.top, width: box.width, height: box.height };
  }).filter((part) => part.width > 0 && part.height > 0);
}

// A canvas of that size that is on no page, as the player's painters take it; fine enough for print.
function finer(width, height) {
  const canvas = document.createElement("canvas");
  Object.defineProperties(canvas, { clientWidth: { value: width }, clientHeight: { value: height },
                                    ratio: { value: FINE } });
  return canvas;
}

// The sentence's words in order: {text, colour}; the mark of a verdict is a word of its own.
function wordsOf(said, findings, cited, theme) {
  const mark = (about) => {
    const result = worstOf(about), colours = { true: theme.goal, false: theme.wreck, untestable: theme.faint };
    return result ? [{ text: ` ${MARKS[result]}`, colour: colours[result] }] : [];
  };
  const words = said.phrases.flatMap(({ text, cars }, number) => {
    const colour = cited.has(cars[0]) ? theme.cited[cited.get(cars[0])] : theme.ink;
    const parts = text.split(/(\s+|(?<=[\u2e80-\u9fff\uff00-\uffef]))/).filter(Boolean)
      .map((word) => ({ text: word.replace(/\s+/g, " "), colour }));
    const blank = parts.at(-1)?.text === " " ? [parts.pop()] : [];
    return [...parts, ...mark(findings.filter((one) => one.phrase === number)), ...blank];
  });
  return [...words, ...mark(findings.filter((one) => one.phrase === null))];
}

// Words in lines that are no wider; the last line that is shown says where words are left out.
function linesOf(context, words, width, most) {
  const lines = [[]];
  let x = 0;
  for (const word of words) {
    const wide = context.measureText(word.text).width;
    if (x + wide > width && lines.at(-1).length && word.text !== " ") { lines.push([]); x = 0; }
    if (word.text === " " && !lines.at(-1).length) continue;
    lines.at(-1).push({ ...word, x });
    x += wide;
  }
  if (lines.length > most) lines[most - 1].push({ text: " …", colour: words[0].colour, x: width });
  return lines.slice(0, most);
}

// The picture. `shown`: {root, episode, moment, index, findings, look, theme}.
function sheetOf(shown) {
  const { root, episode, moment, findings, theme } = shown, find = (name) => root.querySelector(name);
  const views = placedIn(find(".wd-pictures"), [find(".wd-map"), find(".wd-eye")]);
  const tracks = placedIn(find(".wd-tracks"), [find(".wd-plot"), ...root.querySelectorAll(".wd-tick .wd-bar")]);
  const wide = Math.max(...views.map((view) => view.x + view.width));
  const sheet = document.createElement("canvas"), context = sheet.getContext("2d");
  context.font = `600 ${SHEET.sentence}px ${theme.font}`;
  const words = wordsOf(moment.said, findings, citedIn(moment.said), theme);
  const lines = linesOf(context, words, wide, SHEET.most), low = (parts) => Math.max(...parts.map((part) => part.y + part.height));
  const tall = { head: 30, text: 24 + lines.length * SHEET.sentence * SHEET.line + SHEET.gap,
                 views: low(views) + SHEET.gap, tracks: low(tracks) };
  sheet.width = Math.round((wide + 2 * SHEET.margin) * FINE);
  sheet.height = Math.round((2 * SHEET.margin + tall.head + tall.text + tall.views + tall.tracks) * FINE);
  context.scale(FINE, FINE);
  context.fillStyle = theme.page;
  context.fillRect(0, 0, sheet.width, sheet.height);
  context.translate(SHEET.margin, SHEET.margin);
  drawHead(context, shown, wide);
  context.translate(0, tall.head);
  drawSentence(context, moment.step, lines, theme);
  context.translate(0, tall.text);
  drawViews(context, views, shown);
  context.translate(0, tall.views);
  drawTracks(context, tracks, tall.tracks, shown);
  return sheet;
}

function drawHead(context, { root, episode, moment, index, theme }, width) {
  const when = `${amount(moment.time, 1, "s")} · ${countText(index, episode)}`;
  context.textBaseline = "top";
  context.fillStyle = theme.ink;
  context.font = `700 15px ${theme.font}`;
  context.fillText(root.querySelector(".wd-name").textContent, 0, 0, width * 0.62);
  context.textAlign = "right";
  context.fillStyle = theme.faint;
  context.font = `400 14px ${theme.font}`;
  context.fillText(when, width, 0, width * 0.36);
  context.textAlign = "left";
}

function drawSentence(context, step, lines, theme) {
  context.fillStyle = theme.faint;
  context.font = `400 14px ${theme.font}`;
  context.fillText([step.done, ...step.decision, step.fallback].filter(Boolean).join(" · "), 0, 0);
  context.font = `600 ${SHEET.sentence}px ${theme.font}`;
  lines.forEach((line, k) => line.forEach(({ text, colour, x }) => {
    context.fillStyle = colour;
    context.fillText(text, x, 24 + k * SHEET.sentence * SHEET.line);
  }));
}

function drawViews(context, views, { episode, moment, look, theme }) {
  for (const { node, x, y, width, height } of views) {
    const canvas = finer(width, height), paint = node.matches(".wd-map") ? drawScene : drawDriver;
    paint(canvas, episode, moment, look, theme);
    context.drawImage(canvas, x, y, width, height);
  }
}

function drawTracks(context, parts, height, { episode, moment, theme }) {
  for (const { node, x, y, width, height } of parts) {
    if (node.matches("canvas")) {
      const canvas = finer(width, height);
      drawPlots(canvas, episode, moment, theme);
      context.drawImage(canvas, x, y, width, height);
      continue;
    }
    context.fillStyle = getComputedStyle(node).backgroundColor;
    context.fillRect(x, y, width, height);
  }
  const [{ width }] = parts;
  context.fillStyle = theme.ink;
  context.fillRect(axis(episode, width).x(moment.time) - 1, 0, 2, height);
}

function pictureName({ scenario, policy, seed }, time) {
  return `${[scenario, policy, seed].join("-")}-${time.toFixed(1)}s`.replace(/[^\w.-]+/g, "_") + ".png";
}

// Hands the picture to the browser, as a file.
function savePicture(shown) {
  sheetOf(shown).toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = pictureName(shown.episode.header, shown.moment.time);
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }, "image/png");
}
