// A student's files as a whole: out, in, and back.
import { archive, download, read } from "./transfer.js";
import { notice } from "./notices.js";

/** Save one unit's file. */
export function exportFile(unit, text) {
  navigator.storage?.persist?.(); // who exports has work to lose: the browser is asked to keep it
  download(`${unit}.py`, text);
}

/** Save all files that were written, as a zip. */
export async function exportAll(answers) {
  const files = await answers.written();
  if (!files.length) return void notice("files", "You have not written anything yet: there is nothing to export.");
  navigator.storage?.persist?.();
  download("answers.zip", archive(files));
}

/** Take files that a person chose, in place of what is here; a copy of that is kept. */
export async function importFiles(chosen, answers, names) {
  const { taken, refused } = await read(chosen, names);
  for (const [unit, text] of taken) await (await answers.of(unit)).replace(text, "before an import");
  const undo = async () => {
    for (const [unit] of taken) await (await answers.of(unit)).undo();
    notice("files", "The files are as they were before the import.");
  };
  if (taken.length) notice("files", `Imported: ${taken.map(([unit]) => `${unit}.py`).join(", ")}.`, { actions: [["Undo", undo]] });
  if (refused.length) notice("refused", refused.join(" "), { kind: "warning" });
  return taken.map(([unit]) => unit);
}
