// An exercise: its handout beside the file, Check below it, and what was found.
import { announce, button, counted, make, ours, prose, scrollable } from "./dom.js";
import { needsTorch, sentenceOf } from "./course.js";
import { makeEditor } from "./editing.js";
import { exportFile } from "./files.js";
import { hintsOf } from "./hints.js";
import { notice } from "./notices.js";
import { definition, isUntouched, resetting } from "./pieces.js";
import { address } from "./router.js";
import { scratchOf } from "./scratch.js";
import { verdictOf } from "./verdict.js";

/** The screen of an exercise, or null where the unit has no such exercise. */
export async function exerciseScreen(page, unitName, name) {
  const unit = await page.course.unit(unitName);
  const exercise = unit.exercises.find((each) => each.name === name);
  if (!exercise) return null;
  const answer = await page.answers.of(unitName);
  const place = make("div", { class: "editor" });
  const editor = makeEditor(place, {
    text: answer.text,
    label: `${unit.file}, Python. Ctrl+Enter checks; Escape, then Tab leaves the editor`,
    changed: (text) => answer.write(text),
    check: () => verdict.check(),
  });
  const follows = () => editor.replace(answer.text);
  answer.addEventListener("changed", follows);
  const scratch = needsTorch(exercise) ? null : scratchOf(unit, exercise, { ...page, source: () => editor.text });
  const verdict = verdictOf(unit, exercise, { ...page, answer, editor, scratch });
  const root = make(
    "div",
    { class: "exercise" },
    reading(page, unit, exercise),
    make(
      "section",
      { class: "work", "aria-label": "Your file" },
      place,
      toolbar({ unit, exercise, answer, editor, verdict }),
      make("div", { class: "below" }, verdict.root, hintsOf(unitName, exercise, page.storage), scratch?.root),
    ),
  );
  scrollable(root);
  requestAnimationFrame(() => {
    const mine = definition(editor.text, name) ?? (exercise.pieces ?? []).map((piece) => definition(editor.text, piece)).find(Boolean);
    if (mine) editor.show(mine.from);
  });
  const leave = () => {
    answer.removeEventListener("changed", follows);
    verdict.leave();
    scratch?.destroy();
    editor.destroy();
    return answer.save();
  };
  return { title: `${name} · ${unit.title.split(":")[0]}`, root, leave };
}

function reading(page, unit, exercise) {
  return make(
    "article",
    { class: "reading", tabindex: "0", "aria-label": `Handout of ${exercise.name}` },
    make("p", { class: "crumb" }, make("a", { href: address(unit.name) }, unit.title.split(":")[0])),
    make("h1", {}, make("code", {}, exercise.name)),
    make("p", { class: "worth" }, prose(sentenceOf(exercise)), " ", make("span", { class: "faint" }, counted(exercise.points, "point"))),
    needsTorch(exercise) && torchNote(unit, exercise),
    ours(exercise.handout, { class: "handout" }),
    make("h2", {}, "What is checked"),
    make("ul", { class: "asked" }, exercise.claims.map(({ claim, points }) => make("li", {}, make("span", {}, prose(claim)), make("span", { class: "points" }, counted(points, "point"))))),
    linksOf(page, exercise),
    make("nav", { class: "row steps", "aria-label": "Before and after" }, steps(unit, exercise)),
  );
}

/** What an exercise builds on, and what builds on it: each a link, where the course has it. */
function linksOf(page, exercise) {
  const lines = Object.entries(exercise.links ?? {}).map(([words, names]) => {
    const places = names.map((name) => name.split(".")).filter(([unit]) => page.course.entry(unit));
    const links = places.map(([unit, name], at) => [at ? ", " : "", make("a", { href: address(unit, name) }, make("code", {}, name))]);
    return places.length > 0 && make("p", { class: "faint" }, `${words} `, ...links.flat());
  });
  return lines.some(Boolean) && make("nav", { "aria-label": "What belongs together" }, lines);
}

function torchNote(unit, exercise) {
  return make(
    "p",
    { class: "practice" },
    make("strong", {}, "This exercise needs PyTorch, "),
    "which does not run in a browser. You can write it here. To check it, export the file and run ",
    make("code", {}, `grade ${unit.name}.${exercise.name}`),
    " where Python and PyTorch are installed.",
  );
}

function steps(unit, exercise) {
  const at = unit.exercises.indexOf(exercise);
  const [before, after] = [unit.exercises[at - 1], unit.exercises[at + 1]];
  return [
    before && make("a", { class: "button", href: address(unit.name, before.name), rel: "prev" }, `← ${before.name}`),
    after && make("a", { class: "button", href: address(unit.name, after.name), rel: "next" }, `${after.name} →`),
  ];
}

function toolbar({ unit, exercise, answer, editor, verdict }) {
  const reset = async () => {
    const change = resetting(editor.text, unit.stub, exercise.name);
    if (!change || isUntouched(editor.text, unit.stub, exercise.name)) {
      return void notice("reset", `${exercise.name} is as the course gave it.`);
    }
    const text = editor.text.slice(0, change.from) + change.insert + editor.text.slice(change.to);
    await answer.replace(text, `before a reset of ${exercise.name}`);
    const undo = async () => (await answer.undo()) && announce("Your text is back.");
    notice("reset", `${exercise.name} is a stub again; the rest of the file is as it was.`, { actions: [["Undo", undo]] });
  };
  const hasStub = Boolean(definition(unit.stub, exercise.name));
  return make(
    "div",
    { class: "toolbar row", role: "toolbar", "aria-label": "For this exercise" },
    verdict.button,
    verdict.status,
    make("span", { class: "gap" }),
    hasStub && button("Reset", reset, { title: "Put this exercise's stub back" }),
    button("Export", () => exportFile(unit.name, editor.text), { title: `Save ${unit.file}` }),
  );
}
