// Grade files in the page's engine under node: `node grade_in_node.mjs SITE PYODIDE`, requests on standard input, one a line:
// {"unit", "source", "exercises", "seconds"}, or "code" to try out, or the "label" of a case; the answers, one a line, on standard output.
import { createInterface } from "node:readline";
import { readFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { nodeHost } from "./node_host.mjs";

const [site, pyodide] = process.argv.slice(2).map((each) => path.resolve(each));
const { Engine } = await import(pathToFileURL(path.join(site, "engine", "engine.js")));
const base = pathToFileURL(site + path.sep);
const engine = new Engine({ base, site: JSON.parse(readFileSync(path.join(site, "site.json"), "utf-8")), host: nodeHost(pyodide) });
await engine.start();
for await (const line of createInterface({ input: process.stdin })) {
  const { unit, source, exercises = null, code = null, label = null, seconds = 0 } = JSON.parse(line);
  const began = performance.now();
  let answer;
  try {
    if (label !== null) answer = { snippet: await engine.snippet(unit, exercises[0], label) };
    else if (code !== null) answer = await engine.run(unit, source, code);
    else answer = await engine.check(unit, source, { exercises, seconds });
  } catch (error) {
    answer = { error: String(error.message), name: error.name };
  }
  process.stdout.write(JSON.stringify({ ...answer, milliseconds: performance.now() - began }) + "\n");
}
process.exit(0);
