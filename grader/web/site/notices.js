// What the page has to say, above the content: it stays until it is closed or replaced.
import { announce, button, make } from "./dom.js";

/** Show a notice. `kind` is plain or warning; a notice of the same `name` replaces it. `actions` are [words, function]. */
export function notice(name, words, { kind = "plain", actions = [], stays = false } = {}) {
  dismiss(name);
  const close = () => shown.remove();
  const buttons = actions.map(([text, act]) => button(text, () => (close(), act())));
  if (!stays) buttons.push(button("Close", close, { class: "quiet" }));
  const shown = make("div", { class: `notice ${kind}`, "data-name": name }, make("p", {}, words), make("div", { class: "row" }, buttons));
  document.getElementById("notices").append(shown);
  announce(words);
  return shown;
}

/** Take a notice away, if it is there. */
export function dismiss(name) {
  for (const each of document.querySelectorAll("#notices .notice")) if (each.dataset.name === name) each.remove();
}
