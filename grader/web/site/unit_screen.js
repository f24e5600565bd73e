// A unit: what it is about, and its exercises.
import { announce, button, counted, make, ours, prose, scrollable, unseen } from "./dom.js";
import { saidOf } from "./checking.js";
import { needsTorch, sentenceOf } from "./course.js";
import { exportFile } from "./files.js";
import { notice } from "./notices.js";
import { GLYPHS, SAID, standing } from "./progress.js";
import { address } from "./router.js";
import { short } from "./outline.js";

export async function unitScreen({ course, progress, answers, checking }, name) {
  const unit = await course.unit(name);
  const list = make("ol", { class: "exercises" });
  const draw = () => list.replaceChildren(...unit.exercises.map((each) => row(unit, each, progress)));
  progress.addEventListener("noted", draw);
  draw();
  const all = button("Check all", () => checkAll({ unit, answers, checking, progress, all }), { class: "primary" });
  const about = ours(unit.about, { class: "handout" });
  const root = make(
    "div",
    { class: "unit" },
    make("h1", {}, short(unit.title)),
    about,
    make("h2", {}, "Exercises"),
    list,
    make(
      "div",
      { class: "row" },
      all,
      button(`Export ${unit.file}`, async () => exportFile(name, (await answers.of(name)).text)),
    ),
  );
  scrollable(root);
  return { title: short(unit.title), root, leave: () => progress.removeEventListener("noted", draw) };
}

function row(unit, exercise, progress) {
  const result = progress.of(unit.name, exercise.name);
  const stands = standing(result);
  const points = result ? `${result.points}/${exercise.points}` : counted(exercise.points, "point");
  return make(
    "li",
    { class: stands },
    make(
      "a",
      { href: address(unit.name, exercise.name) },
      make("span", { class: `mark ${stands}`, "aria-hidden": "true" }, GLYPHS[stands]),
      make("span", { class: "exercise-name" }, make("code", {}, exercise.name), make("span", { class: "faint" }, prose(sentenceOf(exercise)))),
      unseen(`, ${SAID[stands]}, `),
      make("span", { class: "points" }, points, needsTorch(exercise) ? make("span", { class: "tag" }, "PyTorch") : null),
    ),
  );
}

async function checkAll({ unit, answers, checking, progress, all }) {
  const answer = await answers.of(unit.name);
  all.disabled = true;
  all.textContent = "Checking …";
  try {
    const { report } = await checking.check(unit.name, answer.text, { onexercise: (exercise) => progress.note(exercise) });
    announce(`${report.points} of ${report.max_points} points`);
  } catch (error) {
    notice("check", saidOf(error), { kind: "warning" });
  }
  all.disabled = false;
  all.textContent = "Check all";
}
