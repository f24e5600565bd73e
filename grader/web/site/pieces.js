// A student's file as pieces: the functions and classes at its top. Python's own grammar finds them, also in a file that is
// being written.
import { pythonLanguage } from "./editor/editor.js";

const NAMED = new Set(["FunctionDefinition", "ClassDefinition"]);

/** The definitions at the top of a text, in order: {name, from, to}. Of a name that is defined twice, the last one counts. */
export function definitions(text) {
  const found = new Map();
  const top = pythonLanguage.parser.parse(text).topNode;
  for (let node = top.firstChild; node; node = node.nextSibling) {
    const inner = node.name === "DecoratedStatement" ? [...children(node)].find((each) => NAMED.has(each.name)) : node;
    if (!inner || !NAMED.has(inner.name)) continue;
    const name = inner.getChild("VariableName");
    if (name) found.set(text.slice(name.from, name.to), { from: node.from, to: lastLine(text, node.from, node.to) });
  }
  return [...found].map(([name, place]) => ({ name, ...place })).sort((one, other) => one.from - other.from);
}

function* children(node) {
  for (let child = node.firstChild; child; child = child.nextSibling) yield child;
}

/** Where a definition ends: without the empty lines and the comments at the margin that follow it. */
function lastLine(text, from, to) {
  const lines = text.slice(from, to).split("\n");
  while (lines.length > 1 && (!lines.at(-1).trim() || lines.at(-1).startsWith("#"))) lines.pop();
  return from + lines.join("\n").trimEnd().length;
}

/** The definition of a name, or undefined. */
export function definition(text, name) {
  return definitions(text).find((each) => each.name === name);
}

/** The change that puts the stub of an exercise back: {from, to, insert}; null where the stub has no such name. */
export function resetting(text, stub, name) {
  const fresh = definition(stub, name);
  if (!fresh) return null;
  const insert = stub.slice(fresh.from, fresh.to);
  const mine = definition(text, name);
  if (mine) return { from: mine.from, to: mine.to, insert };
  const gap = text.trim() ? "\n\n\n" : "";
  return { from: text.trimEnd().length, to: text.length, insert: `${gap}${insert}\n` };
}

/** Whether an exercise's piece is as the stub has it. */
export function isUntouched(text, stub, name) {
  const [mine, given] = [definition(text, name), definition(stub, name)];
  return Boolean(mine && given) && text.slice(mine.from, mine.to) === stub.slice(given.from, given.to);
}

/** A student's text after the course's stubs changed from `old` to `fresh`: what they wrote stays letter for letter; what they
 * have not touched becomes new; what is new is added at the end. */
export function renewed(text, old, fresh) {
  if (text === old) return fresh;
  const source = (whole, piece) => whole.slice(piece.from, piece.to);
  const before = new Map(definitions(old).map((each) => [each.name, source(old, each)]));
  const after = new Map(definitions(fresh).map((each) => [each.name, source(fresh, each)]));
  const mine = definitions(text);
  let result = text;
  for (const piece of mine.toReversed()) {
    const [was, is] = [before.get(piece.name), after.get(piece.name)];
    if (is !== undefined && source(text, piece) === was) result = result.slice(0, piece.from) + is + result.slice(piece.to);
  }
  const [was, is] = [head(old), head(fresh)];
  if (was && result.startsWith(was)) result = is + result.slice(was.length);
  const names = new Set(mine.map((each) => each.name));
  const added = [...after].filter(([name]) => !names.has(name) && !before.has(name)).map(([, each]) => each);
  return added.length ? `${[result.trimEnd(), ...added].filter(Boolean).join("\n\n\n")}\n` : result;
}

/** What stands above the first definition: the title and the imports. */
function head(text) {
  return text.slice(0, definitions(text)[0]?.from ?? 0);
}
