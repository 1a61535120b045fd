// Text from a log, a policy or a model enters as textContent only; nothing that it holds becomes markup.

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}
