// The frame in which students' workers live. It has no origin, no storage and no network: the page makes it with
// `sandbox="allow-scripts"` and a policy of its own, and browsers give its workers no more than it has itself.
"use strict";

const workers = new Map();
let script = "";
let files = null;

async function take(data) {
  if (data.script) {
    script = URL.createObjectURL(new Blob([data.script], { type: "text/javascript" }));
    files = { ...data.files, "pyodide.asm.wasm": await WebAssembly.compile(data.files["pyodide.asm.wasm"]) };
    parent.postMessage({ ready: true }, "*");
  } else if (data.make) {
    const worker = new Worker(script);
    const gone = (text) => parent.postMessage({ gone: data.make, text }, "*");
    worker.onerror = (event) => gone(`its worker stopped (${String(event.message).slice(0, 120)})`);
    worker.onmessageerror = () => gone("its worker could not be reached");
    workers.set(data.make, worker);
    worker.postMessage({ files, port: data.port }, [data.port]);
  } else if (data.end) {
    const worker = workers.get(data.end);
    workers.delete(data.end);
    if (worker) worker.terminate();
  }
}

onmessage = ({ source, data }) => {
  if (source === parent) take(data).catch((error) => parent.postMessage({ failed: String(error) }, "*"));
};
parent.postMessage({ here: true }, "*");
