// Hints, one more each time; how many were seen is remembered.
import { announce, button, make, prose } from "./dom.js";

/** The hints of an exercise as an element. */
export function hintsOf(unit, exercise, storage) {
  const key = `hints ${unit}.${exercise.name}`;
  const list = make("ol", { class: "hints" });
  const more = button("", () => reveal(shown + 1));
  const root = make("div", { class: "hinting" }, list, more);
  const all = exercise.hints;
  let shown = 0;

  function draw(number) {
    while (shown < Math.min(number, all.length)) list.append(make("li", {}, make("p", {}, prose(all[shown++]))));
    more.textContent = shown ? `One more hint (${shown} of ${all.length} shown)` : `Hint (${all.length})`;
    more.hidden = shown >= all.length;
  }

  async function reveal(number) {
    const hadFocus = document.activeElement === more;
    draw(number);
    announce(`Hint ${shown} of ${all.length}: ${all[shown - 1]}`);
    if (more.hidden && hadFocus) {
      list.lastElementChild.tabIndex = -1;
      list.lastElementChild.focus();
    }
    await storage.put("kept", shown, key);
  }

  draw(0);
  storage.get("kept", key).then((number) => draw(number ?? 0));
  return all.length ? root : null;
}
