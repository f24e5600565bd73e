// What the engine found, in the engine's own words: each line keeps its letters, and its beginning says what it is.
import { button, make, scrollable, unseen } from "./dom.js";
import { GLYPHS, standing } from "./progress.js";

const CLAIM = /^  ([✓✗·]) (.*)  (\d+)\/(\d+)$/;
const HINT = /^ {6}→ (.*)$/;
const MAP = /^ {8}(.*\|yours − expected\|.*)$/;
const CASE = /\(case: (.*)\)$/;
const LINE = /\bline (\d+)\b/;
const CURVE = /^ {4}(loss .*)$/;
const PRINTED = /^ {4}your code printed:$/;
const HOLDS = { "✓": "holds: ", "✗": "does not hold: ", "·": "not asked: " };

/** The lines of an exercise as parts: {claims: [{mark, claim, points, of, said, hint, map}], word, curve, printed}. */
export function parts(words) {
  const found = { claims: [], word: "", curve: "", printed: null };
  for (const line of words.flatMap((each) => each.split("\n"))) {
    const last = found.claims.at(-1);
    const [claim, hint, map, curve] = [CLAIM, HINT, MAP, CURVE].map((form) => line.match(form));
    if (found.printed) found.printed.push(line.slice(8));
    else if (PRINTED.test(line)) found.printed = [];
    else if (claim) found.claims.push({ mark: claim[1], claim: claim[2], points: claim[3], of: claim[4], said: [], hint: "", map: [] });
    else if (curve) found.curve = curve[1];
    else if (!last) found.word = [found.word, line.trim()].filter(Boolean).join(" ");
    else if (hint) last.hint = hint[1];
    else if (map || last.map.length) last.map.push(line.slice(8));
    else last.said.push(line.trim());
  }
  return found;
}

/** An exercise's report as an element. `goTo(line)` shows a line of the file; `show(label)` gives a failing case's code. */
export function reportOf(exercise, words, { goTo, show } = {}) {
  const found = parts(words);
  const stands = standing(exercise);
  const claims = found.claims.length ? found.claims : exercise.checks.map(plain);
  const isWaiting = stands === "open";
  const root = make(
    "div",
    { class: `report ${stands}` },
    make("p", { class: "verdict" }, make("span", { class: "mark", "aria-hidden": "true" }, GLYPHS[stands]), sentence(exercise, found.word)),
    isWaiting ? null : make("ul", { class: "claims" }, claims.map((claim) => claimOf(claim, { goTo, show }))),
    found.curve && make("pre", { class: "curve" }, found.curve),
    found.printed && printed(found.printed),
    words.length > 1 && make("details", { class: "terminal" }, make("summary", {}, "As the terminal prints it"), make("pre", {}, words.join("\n"))),
  );
  scrollable(root);
  return root;
}

/** One sentence on how an exercise went, for eyes and for a screen reader. */
export function sentence({ points, max_points, status, checks }, word) {
  const score = `${points} of ${max_points} points`;
  if (status === "passed") return `Right. ${score}.`;
  const wrong = checks.filter((check) => check.status === "failed").length;
  if (word) return `${word[0].toUpperCase()}${word.slice(1)}. ${score}.`;
  return `${score}. ${wrong === 1 ? "One claim does" : `${wrong} of ${checks.length} claims do`} not hold yet.`;
}

function plain({ claim, status, points, max_points }) {
  const mark = { passed: "✓", failed: "✗" }[status] ?? "·";
  return { mark, claim, points, of: max_points, said: [], hint: "", map: [] };
}

function claimOf({ mark, claim, points, of, said, hint, map }, { goTo, show }) {
  const text = said.join("\n");
  const [label, line] = [text.match(CASE)?.[1], text.match(LINE)?.[1]];
  const actions = [
    line && goTo && button(`Go to line ${line}`, () => goTo(Number(line)), { class: "link" }),
    label && show && button("Show the failing case", (event) => show(label, event.target), { class: "link case" }),
  ].filter(Boolean);
  return make(
    "li",
    { class: { "✓": "holds", "✗": "fails", "·": "unasked" }[mark] },
    make("span", { class: "mark", "aria-hidden": "true" }, mark),
    make("span", { class: "claim" }, unseen(HOLDS[mark]), claim),
    make("span", { class: "points" }, `${points}/${of}`, unseen(" points")),
    said.length ? make("p", { class: "said" }, text) : null,
    hint && make("p", { class: "why" }, make("span", { "aria-hidden": "true" }, "→ "), make("span", {}, hint)),
    map.length ? drawing(map) : null,
    actions.length ? make("div", { class: "row" }, actions) : null,
  );
}

/** The map of an array: its caption says in words what its characters draw. */
function drawing([caption, ...rows]) {
  const shades = { "·": "m0", "░": "m1", "▒": "m2", "▓": "m3", "█": "m4", "!": "m4" };
  const legend = rows.pop() ?? "";
  const lines = rows.map((row) => {
    const [, number, cells] = row.match(/^( *\d+ {2})(.*)$/) ?? [null, "", row];
    return [number, [...cells].map((cell) => (shades[cell] ? make("span", { class: shades[cell] }, cell) : cell)), "\n"];
  });
  return make(
    "figure",
    { class: "map" },
    make("figcaption", {}, caption),
    make("pre", { role: "img", "aria-label": `A map of the array: ${caption}` }, lines.flat(2)),
    make("p", { class: "legend", "aria-hidden": "true" }, legend.trim()),
  );
}

function printed(lines) {
  return [make("p", { class: "label" }, "Your code printed"), make("pre", { class: "printed" }, lines.join("\n"))];
}
