// Files leave and come: the same names and letters as `grade attention.py` and `grade class` take.
import { unzipped, zipped } from "./zip.js";

const LARGEST = 1 << 20; // bytes of a student's file
const JUNK = /(^|\/)(__MACOSX|__pycache__|\.[^/]*)(\/|$)/;

/** Hand a file to the browser's downloads. */
export function download(name, content) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type: "text/x-python" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** All files that differ from the course's, as a zip. `files` are [unit, text]. */
export function archive(files) {
  return zipped(files.map(([unit, text]) => [`${unit}.py`, text]));
}

/** What files that a person chose hold: {taken: [unit, text][], refused: sentences}. `units` are the course's names. */
export async function read(files, units) {
  const [taken, refused] = [new Map(), []];
  const refuse = ({ name }, { message }) => refused.push(message.startsWith(name) ? message : `${name}: ${message}`);
  for (const file of files) {
    const found = await members(file).catch((error) => {
      refuse(file, error);
      return [];
    });
    for (const [name, bytes] of found) {
      try {
        taken.set(unitOf(name, units), text(bytes, name));
      } catch (error) {
        refuse(file, error); // the others are taken all the same
      }
    }
  }
  return { taken: [...taken], refused };
}

/** The Python files of a file: itself, or those in it. */
async function members(file) {
  const buffer = await file.arrayBuffer();
  if (!/\.zip$/i.test(file.name)) return [[file.name, new Uint8Array(buffer)]];
  const found = (await unzipped(buffer)).filter(([name]) => /\.py$/i.test(name) && !JUNK.test(name));
  if (!found.length) throw new Error("There is no .py file in this archive.");
  return found;
}

/** The unit that a file belongs to by its name: attention.py, also as browsers rename it, attention (1).py. */
export function unitOf(name, units) {
  if (!/\.py$/i.test(name)) throw new Error("Only .py files, and a .zip of them, can be imported; a notebook is checked with `grade`.");
  const stem = name.split(/[/\\]/).at(-1).replace(/\.py$/i, "").replace(/\s*\(\d+\)$/, "");
  const unit = units.find((each) => each.toLowerCase() === stem.toLowerCase());
  if (!unit) throw new Error(`${stem}.py belongs to no unit of this course; its files are ${units.map((each) => `${each}.py`).join(", ")}.`);
  return unit;
}

function text(bytes, name) {
  if (bytes.length > LARGEST) throw new Error(`${name} is larger than 1 MB.`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes).replace(/\r\n?/g, "\n");
  } catch {
    throw new Error(`${name} is not in UTF-8.`);
  }
}
