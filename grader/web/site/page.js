// The page begins here: the course, the student's files and the engine are opened, then the address says what to show.
import { Engine } from "./engine/engine.js";
import { Answers } from "./answers.js";
import { Checking } from "./checking.js";
import { Course } from "./course.js";
import { announce, make } from "./dom.js";
import { exerciseScreen } from "./exercise_screen.js";
import { dismiss, notice } from "./notices.js";
import { Offline } from "./offline.js";
import { Outline } from "./outline.js";
import { overview } from "./overview.js";
import { Progress } from "./progress.js";
import { address, follow } from "./router.js";
import { openStorage } from "./storage.js";
import { exportAll } from "./files.js";
import { unitScreen } from "./unit_screen.js";

const BASE = new URL(".", location.href);
const main = document.getElementById("main");

async function begin() {
  const course = await Course.open();
  const name = `deep-grade ${BASE.pathname}`; // another course of the same host has another path
  const storage = await openStorage(name);
  const progress = await new Progress(storage).load();
  const answers = new Answers(storage, name, async (unit) => (await course.unit(unit)).stub);
  const offline = new Offline(course.site, { beforeReload: () => answers.leave() });
  const checking = new Checking(new Engine({ base: BASE.href, site: course.site }), { isReadyToLoad: offline.ready });
  const page = { course, storage, progress, answers, offline, checking, outline: new Outline({ course, progress }) };
  document.getElementById("home").textContent = course.site.title;
  watch(page);
  let screens = Promise.resolve();
  let isFirst = true;
  follow((place) => {
    const keepsFocus = isFirst;
    isFirst = false;
    screens = screens.then(() => show(page, place, keepsFocus));
  });
}

let leave = null;

/** Put the screen of a place into the page. */
async function show(page, place, keepsFocus) {
  await leave?.();
  leave = null;
  const screen = await screenOf(page, place).catch((error) => trouble(error));
  leave = screen.leave ?? null;
  main.replaceChildren(screen.root);
  document.body.dataset.screen = screen.root.className;
  document.title = place.unit ? `${screen.title} · ${page.course.site.title}` : screen.title;
  await page.outline.show(place);
  scrollTo(0, 0);
  if (keepsFocus) return;
  main.focus({ preventScroll: true });
  announce(screen.title);
}

async function screenOf(page, { unit, exercise }) {
  if (!unit) return overview(page);
  if (!page.course.entry(unit)) return nothing("There is no such unit in this course.");
  await watchFile(page, unit);
  if (!exercise) return unitScreen(page, unit);
  return (await exerciseScreen(page, unit, exercise)) ?? nothing("There is no such exercise in this unit.");
}

function nothing(words) {
  return { title: "Not found", root: make("div", { class: "overview" }, make("h1", {}, words), make("p", {}, make("a", { href: address() }, "All units"))) };
}

function trouble(error) {
  console.error(error);
  const words = navigator.onLine ? "This could not be loaded." : "You are offline, and this unit was not loaded before.";
  return nothing(words);
}

const watched = new Set();

/** Say what happens to a unit's file. */
async function watchFile({ answers }, unit) {
  if (watched.has(unit)) return;
  watched.add(unit);
  const answer = await answers.of(unit);
  const saved = document.getElementById("saved");
  const on = (event, act) => answer.addEventListener(event, act);
  const tellSaved = () => {
    dismiss("failed");
    saved.textContent = answers.storage.isKept ? "Saved in this browser" : "Not kept: export it";
  };
  on("saved", tellSaved);
  if (answer.version) tellSaved();
  on("followed", () => notice("tabs", `${unit}.py was changed in another tab; this one shows the same.`));
  on("failed", () => {
    saved.textContent = "Not saved";
    const why = answer.error?.name === "QuotaExceededError" ? "this browser has no room left" : answer.error?.message;
    notice("failed", `${unit}.py could not be saved (${why}). Export it before you leave.`, { kind: "warning", stays: true, actions: [["Export all", () => exportAll(answers)]] });
  });
  on("conflict", () => conflict(answer));
  const renewed = () => notice("renewed", `The course has a new ${unit}.py. Your answers were kept; what you had not touched is new.`, { actions: [["Undo", () => answer.undo()]] });
  if (answer.theirs) conflict(answer);
  if (answer.isRenewed) renewed();
}

function conflict(answer) {
  notice("conflict", `${answer.unit}.py was changed here and in another tab. Which one goes on? A copy of the other is kept.`, {
    kind: "warning",
    stays: true,
    actions: [["This tab's", () => answer.settle(true)], ["The other tab's", () => answer.settle(false)]],
  });
}

/** What the page says of itself. */
function watch({ storage, answers, offline, checking }) {
  if (!storage.isKept) {
    notice("storage", `This browser does not keep what you write here (${storage.reason}). Export it before you leave.`, { kind: "warning", actions: [["Export all", () => exportAll(answers)]], stays: true });
    addEventListener("beforeunload", (event) => [...answers.open.values()].some((each) => each.text !== each.base) && event.preventDefault());
  }
  const offer = (words) => ({ detail }) => notice("update", words, { actions: [["Reload", detail.take]] });
  offline.addEventListener("update", offer("There is a new version of this course."));
  offline.addEventListener("late", offer("The new version could not take over yet. Close the other tabs of this course, then try again."));
  checking.addEventListener("state", ({ detail }) => {
    if (detail.state !== "ready") return;
    dismiss("engine");
    // nothing is asked of a worker that is to go: it would begin again, and the new build wait until it rests
    if (!navigator.connection?.saveData && !offline.isLeaving) offline.complete();
  });
}

begin().catch((error) => {
  console.error(error);
  main.replaceChildren(make("p", { class: "loading" }, `The course could not be loaded (${error.message}). Reload the page to try again.`));
});
