// The first screen: what this is, the units with what was reached in each, and the files.
import { button, counted, make } from "./dom.js";
import { exportAll, importFiles } from "./files.js";
import { needsTorch } from "./course.js";
import { address } from "./router.js";
import { short } from "./outline.js";

export function overview({ course, progress, answers, offline, storage }) {
  const units = make("ul", { class: "units" }, course.site.units.map((entry) => card(entry, progress)));
  return {
    title: course.site.title,
    root: make(
      "div",
      { class: "overview" },
      make("h1", {}, course.site.title),
      make("p", { class: "lead" }, "Read, write, press Ctrl+Enter: Python runs in this page, and tells you what is right, what is not, and why."),
      make(
        "p",
        { class: "practice" },
        make("strong", {}, "Practice, not marks. "),
        "Everything here happens in your browser, and nothing is sent anywhere. What counts is the file that you hand in: export it here, " +
          "and it is checked again with other numbers.",
      ),
      make("h2", {}, "Units"),
      units,
      make("h2", {}, "Your files"),
      files({ course, answers, storage }),
      make("h2", {}, "Without a network"),
      kept(offline),
    ),
  };
}

function card(entry, progress) {
  const names = [...progress.results.keys()].filter((id) => id.startsWith(`${entry.name}.`));
  const { points, passed } = progress.sum(entry.name, names.map((id) => ({ name: id.slice(entry.name.length + 1) })));
  const words = passed ? `${points} of ${entry.points} points, ${counted(passed, "exercise")} right` : points ? `${points} of ${entry.points} points` : counted(entry.points, "point");
  const about = entry.title.includes(":") ? entry.title.split(":").slice(1).join(":").trim() : "";
  return make(
    "li",
    {},
    make(
      "a",
      { href: address(entry.name), class: "card" },
      make("span", { class: "card-title" }, short(entry.title)),
      about && make("span", { class: "card-about" }, about),
      make("progress", { max: entry.points, value: points, "aria-hidden": "true" }),
      make("span", { class: "card-points" }, words, needsTorch(entry) ? " · some need PyTorch" : ""),
    ),
  );
}

function files({ course, answers, storage }) {
  const input = make("input", { type: "file", accept: ".py,.zip", multiple: true, id: "import", class: "hidden-text" });
  input.addEventListener("change", async () => {
    await importFiles([...input.files], answers, course.names);
    input.value = "";
  });
  return make(
    "div",
    {},
    make(
      "p",
      {},
      storage.isKept
        ? "What you write is kept in this browser, on this device, as you type. Browsers can forget: export now and then."
        : "This browser keeps nothing for this page. What you write is lost when you close it: export before you leave.",
    ),
    make(
      "div",
      { class: "row" },
      button("Export all (.zip)", () => exportAll(answers)),
      make("label", { class: "button", for: "import" }, "Import .py or .zip", input),
    ),
  );
}

function kept(offline) {
  const words = make("p", {});
  const bar = make("progress", { max: 1, value: 0, "aria-label": "Kept for working without a network", hidden: true });
  const more = button("Keep all units", () => offline.complete());
  const draw = () => {
    words.textContent = !offline.isPossible
      ? "This browser does not let the page be kept; it needs a network each time."
      : offline.isWhole
        ? "The whole course is kept: it works without a network."
        : "Units that you have opened work without a network. The others are loaded when Python is ready.";
    more.hidden = !offline.isPossible || offline.isWhole;
  };
  offline.ready.then(draw);
  offline.addEventListener("progress", ({ detail: { loaded, total, isWhole } }) => {
    Object.assign(bar, { max: total, value: loaded, hidden: !isWhole || loaded === total });
    draw();
  });
  draw();
  return make("div", {}, words, bar, make("div", { class: "row" }, more));
}
