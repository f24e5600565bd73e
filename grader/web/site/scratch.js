// The scratch console: a few lines that use one's own functions, run beside them and away from any answer.
import { announce, button, make } from "./dom.js";
import { makeEditor } from "./editing.js";
import { saidOf } from "./checking.js";

const LONGEST = 100_000; // characters of output that are shown

/** The console of an exercise: {root, put(code), destroy()}. `source()` gives the student's file as it is. */
export function scratchOf(unit, exercise, { checking, storage, source }) {
  const key = `scratch ${unit.name}.${exercise.name}`;
  const place = make("div", { class: "small-editor" });
  const output = make("pre", { class: "output", role: "log", "aria-label": "Output of the console", tabindex: "0", hidden: true });
  const go = button("Run", () => (running ? checking.stop() : run()));
  const root = make(
    "details",
    { class: "scratch" },
    make("summary", {}, "Console"),
    make("p", { class: "faint" }, `Try your functions: all of ${unit.file} is there, and NumPy as np. The last line's value is shown.`),
    place,
    make("div", { class: "row" }, go, make("span", { class: "faint keys" }, "Ctrl+Enter in the console")),
    output,
  );
  let [running, timer] = [false, 0];
  const editor = makeEditor(place, { text: "", label: "Console: Python to run with your functions", isSmall: true, check: () => running || run(), changed: keep });
  storage.get("kept", key).then((code) => code && !editor.text && editor.replace(code));

  function keep(code) {
    clearTimeout(timer);
    timer = setTimeout(() => storage.put("kept", code, key), 300);
  }

  function print(text, kind = "") {
    if (!text || output.textContent.length > LONGEST) return;
    output.append(make("span", { class: kind }, text.slice(0, LONGEST)));
    output.scrollTop = output.scrollHeight;
  }

  async function run() {
    running = true;
    go.textContent = "Stop";
    output.replaceChildren();
    output.hidden = false;
    let isTold = false;
    try {
      const found = await checking.run(unit.name, source(), editor.text, { onoutput: (text) => ((isTold = true), print(text)) });
      if (!isTold) print(found.printed);
      print(found.value && `${found.value}\n`, "value");
      print(found.error, "error");
      announce(found.error ? "The console stopped with an error." : "The console has run.");
      if (!output.textContent) print("(nothing printed, and no value)", "faint");
    } catch (error) {
      print(saidOf(error), "error");
    }
    running = false;
    go.textContent = "Run";
  }

  function put(code) {
    root.open = true;
    editor.replace(code);
    editor.focus();
    root.scrollIntoView({ block: "nearest" });
  }

  return { root, put, destroy: () => editor.destroy() };
}
