// Stands for the browser under node: files from a site's folder, and node's worker threads. Node's threads can reach files and
// the network, so nothing here shows how a browser holds a student's code.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";

const NEAR = `
const { parentPort } = require("node:worker_threads");
globalThis.postMessage = (message, moved) => parentPort.postMessage(message, moved);
`;
const HEARS = `
;parentPort.on("message", (data) => globalThis.onmessage({ data }));
`;

export function nodeHost(pyodide) {
  const folder = path.resolve(pyodide) + path.sep;
  let wasm = null; // compiled once
  return {
    async load(url, sha256, onbytes = () => {}) {
      const bytes = new Uint8Array(readFileSync(fileURLToPath(url)));
      if (createHash("sha256").update(bytes).digest("hex") !== sha256) throw new Error(`${url} is another file`);
      onbytes(bytes.length);
      return bytes;
    },
    async judge(script, files, hear) {
      const worker = made(script, hear);
      worker.postMessage({ files: await near(files) });
      return { post: (message, moved) => worker.postMessage(message, moved), end: () => worker.terminate() };
    },
    async room(script, files, text, hash, gone) {
      const workers = new Map();
      const beside = await near(files);
      return {
        make(number, port) {
          const worker = made(script, () => {}, (said) => workers.has(number) && gone(number, said));
          workers.set(number, worker);
          worker.postMessage({ files: beside, port }, [port]);
        },
        end(number) {
          const worker = workers.get(number);
          workers.delete(number);
          worker?.terminate();
        },
      };
    },
  };

  async function near(files) {
    wasm ??= WebAssembly.compile(files["pyodide.asm.wasm"]);
    return { ...files, folder, "pyodide.asm.wasm": await wasm };
  }
}

function made(script, hear, gone = () => {}) {
  const worker = new Worker(NEAR + script + HEARS, { eval: true });
  worker.on("message", hear);
  worker.on("error", (error) => gone(`its worker stopped (${error.message})`));
  worker.on("exit", () => gone("its worker stopped"));
  return worker;
}
