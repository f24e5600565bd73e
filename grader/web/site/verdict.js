// Check: the button, how far Python is, and the report.
import { announce, button, make } from "./dom.js";
import { saidOf } from "./checking.js";
import { needsTorch } from "./course.js";
import { parts, reportOf, sentence } from "./report.js";
import { standing } from "./progress.js";
import { address } from "./router.js";

/** {root, button, status, check(), leave()} of an exercise. */
export function verdictOf(unit, exercise, { checking, progress, offline, answer, editor, scratch }) {
  const isPossible = !needsTorch(exercise);
  const root = make("section", { class: "verdict-place", "aria-label": "Report" });
  const words = make("span", {});
  const bar = make("progress", { max: 1, value: 0, "aria-label": "Loading", hidden: true });
  const status = make("span", { class: "status" }, bar, words);
  const go = button("Check", () => (stopping ? stopping.abort() : check()), { class: "primary", "aria-keyshortcuts": "Control+Enter", disabled: !isPossible });
  let [stopping, isLeft] = [null, false];

  function say(text, share = null) {
    words.textContent = text;
    bar.hidden = share === null;
    if (share !== null) bar.value = share;
  }

  function engine({ detail: { state, loaded, total, error } }) {
    if (state === "failed") say(saidOf(error));
    else if (state === "ready") say(stopping ? "Checking …" : "");
    else if (total) say("Starting Python", loaded / total);
    else say("Starting Python …", 0);
  }

  function downloads({ detail: { loaded, total, isWhole } }) {
    if (!isWhole && checking.state === "loading") say(`Loading once: ${megabytes(loaded)} of ${megabytes(total)} MB`, loaded / total);
  }

  async function check() {
    if (!isPossible || stopping) return;
    stopping = new AbortController();
    const { signal } = stopping;
    const source = editor.text;
    go.textContent = "Stop";
    root.setAttribute("aria-busy", "true");
    if (checking.state === "ready") say("Checking …");
    try {
      await answer.save();
      const found = await checking.check(unit.name, source, { exercises: [exercise.name], signal });
      const report = found.report.exercises.find(({ id }) => id === `${unit.name}.${exercise.name}`);
      if (report && !isLeft) show(report, found.words[exercise.name] ?? []);
      else if (report) await progress.note(report);
      say("");
    } catch (error) {
      say(signal.aborted ? "Stopped." : "");
      if (!signal.aborted) root.replaceChildren(make("p", { class: "notice warning" }, saidOf(error)));
      announce(signal.aborted ? "Stopped." : saidOf(error));
    }
    root.removeAttribute("aria-busy");
    go.textContent = "Check";
    stopping = null;
  }

  function show(report, lines) {
    const stands = standing(report);
    const next = unit.exercises[unit.exercises.indexOf(exercise) + 1];
    root.replaceChildren(
      reportOf(report, lines, { goTo: (line) => editor.line(line), show: showCase }),
      stands === "passed" && next ? make("p", {}, make("a", { class: "button primary", href: address(unit.name, next.name) }, `Next: ${next.name}`)) : "",
    );
    announce(`${exercise.name}: ${sentence(report, parts(lines).word)}`);
    progress.note(report);
    root.scrollIntoView({ block: "nearest" });
  }

  /** The code of a failing case, to read and to run. */
  async function showCase(label, from) {
    try {
      const code = await checking.snippet(unit.name, exercise.name, label);
      const shown = make("div", { class: "snippet" }, make("pre", { tabindex: "0" }, code), scratch && button("Put it into the console", () => scratch.put(code)));
      from.replaceWith(shown);
      announce("The failing case is shown.");
    } catch (error) {
      from.replaceWith(saidOf(error));
    }
  }

  checking.addEventListener("state", engine);
  offline.addEventListener("progress", downloads);
  if (isPossible) checking.start().catch(() => {});
  else say("needs PyTorch");
  const leave = () => {
    isLeft = true;
    stopping?.abort();
    checking.removeEventListener("state", engine);
    offline.removeEventListener("progress", downloads);
  };
  return { root, button: go, status, check, leave };
}

function megabytes(bytes) {
  return (bytes / 1e6).toFixed(1);
}
