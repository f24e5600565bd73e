// Elements are made here and nowhere else. A string becomes text, never HTML: what a student prints or names is inert.

/** An element with attributes and children. `on` has listeners by event; an attribute that is false or null is left out. */
export function make(tag, { on = {}, ...attributes } = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  for (const [name, listener] of Object.entries(on)) element.addEventListener(name, listener);
  element.append(...children.flat().filter((child) => child != null && child !== false));
  return element;
}

/** A button with words on it. */
export function button(words, click, attributes = {}) {
  return make("button", { type: "button", on: { click }, ...attributes }, words);
}

/** Text for those who do not see the page. */
export function unseen(words) {
  return make("span", { class: "hidden-text" }, words);
}

/** Tell a screen reader something that has happened; the same words again are told again. */
export function announce(words) {
  const live = document.getElementById("live");
  live.textContent = live.textContent === words ? `${words}\u00a0` : words;
}

/** HTML of the site's own: a handout, made and made safe when the site was built. */
export function ours(html, attributes = {}) {
  const element = make("div", attributes);
  element.innerHTML = html;
  return element;
}

/** A sentence whose names in backticks are set as code. */
export function prose(text) {
  return text.split(/`([^`]+)`/).map((part, at) => (at % 2 ? make("code", {}, part) : part));
}

/** A number of things: "1 point", "2 points". */
export function counted(number, thing) {
  return `${number} ${thing}${number === 1 ? "" : "s"}`;
}

const sizes = new ResizeObserver((entries) => entries.forEach(({ target }) => reach(target)));

function reach(element) {
  const isHigher = element.tagName === "PRE" && element.scrollHeight > element.clientHeight + 1;
  const isLarger = isHigher || element.scrollWidth > element.clientWidth + 1;
  if (isLarger) element.setAttribute("tabindex", "0");
  else element.removeAttribute("tabindex");
}

/** Let the keyboard scroll what is wider or higher than its place, whenever it is; the rest is no stop on the way. */
export function scrollable(root) {
  for (const each of root.querySelectorAll("pre:not([role=log]), .scrolls, math[display=block]")) sizes.observe(each);
}
