// The list of units and exercises: a column where there is room, else a drawer.
import { make, unseen } from "./dom.js";
import { GLYPHS, SAID, standing } from "./progress.js";
import { address } from "./router.js";

export class Outline {
  constructor({ course, progress }) {
    Object.assign(this, { course, progress, place: { unit: "", exercise: "" } });
    this.root = document.getElementById("outline");
    this.menu = document.getElementById("menu");
    this.menu.addEventListener("click", () => this.toggle(!this.isOpen));
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.isOpen && (this.toggle(false), this.menu.focus()));
    document.addEventListener("click", (event) => {
      if (this.isOpen && !this.root.contains(event.target) && !this.menu.contains(event.target)) this.toggle(false);
    });
    progress.addEventListener("noted", () => this.draw());
  }

  get isOpen() {
    return this.root.classList.contains("open");
  }

  toggle(isOpen) {
    this.root.classList.toggle("open", isOpen);
    this.menu.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) this.root.querySelector("[aria-current], a")?.focus();
  }

  async show(place) {
    this.place = place;
    this.toggle(false);
    await this.draw();
  }

  async draw() {
    const { unit } = this.place;
    const open = unit && this.course.entry(unit) ? await this.course.unit(unit).catch(() => null) : null;
    const items = this.course.site.units.map((entry) => this.#unit(entry, entry.name === unit ? open : null));
    this.root.replaceChildren(make("ul", {}, items));
    this.root.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  }

  #unit({ name, title }, open) {
    const isHere = name === this.place.unit;
    const link = make("a", { href: address(name), "aria-current": isHere && !this.place.exercise ? "page" : null }, short(title));
    return make("li", { class: isHere ? "here" : "" }, link, open && make("ul", {}, open.exercises.map((each) => this.#exercise(name, each))));
  }

  #exercise(unit, { name }) {
    const stands = standing(this.progress.of(unit, name));
    const mark = make("span", { class: `mark ${stands}`, "aria-hidden": "true" }, GLYPHS[stands]);
    const current = name === this.place.exercise ? "page" : null;
    return make("li", {}, make("a", { href: address(unit, name), "aria-current": current }, mark, make("code", {}, name), unseen(`, ${SAID[stands]}`)));
  }
}

/** A unit's title without what follows its colon. */
export function short(title) {
  return title.split(":")[0];
}
