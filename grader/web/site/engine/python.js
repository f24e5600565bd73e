// Start Python in a worker from files that the page has loaded and checked: nothing is fetched here.
// The worker's script is Pyodide's own two files, this one, and `judge.js` or `student.js`, in one text.
"use strict";

// `files`: {"pyodide.asm.wasm": a WebAssembly.Module or bytes, "python_stdlib.zip", "numpy": bytes, "code": a zip of ours,
// "lock": text}. In node, `files.folder` is Pyodide's folder instead of what is its own.
async function startPython(files, printed = () => {}) {
  const options = { stdout: printed, stderr: printed, env: { HOME: "/home/student", PYTHONHASHSEED: "0" }, checkAPIVersion: true };
  const pyodide = files.folder ? await loadPyodide({ ...options, indexURL: files.folder }) : await withFiles(files, options);
  pyodide.unpackArchive(files.numpy, "wheel");
  pyodide.FS.mkdir("/engine");
  pyodide.unpackArchive(files.code, "zip", { extractDir: "/engine" });
  pyodide.runPython("import sys; sys.path.insert(0, '/engine'); sys.argv[:] = ['submission']");
  return pyodide;
}

async function withFiles(files, options) {
  const { fetch } = globalThis;
  const { instantiateStreaming } = WebAssembly;
  globalThis.fetch = async (url) => {
    const name = String(url).split("/").pop();
    return new Response(name === "pyodide-lock.json" ? files.lock : name === "pyodide.asm.wasm" ? null : files[name]);
  };
  WebAssembly.instantiateStreaming = async (response, imports) => {
    const wasm = files["pyodide.asm.wasm"];
    if (!(wasm instanceof WebAssembly.Module)) return WebAssembly.instantiate(wasm, imports);
    return { module: wasm, instance: await WebAssembly.instantiate(wasm, imports) };
  };
  try {
    return await loadPyodide({ ...options, indexURL: "https://pyodide.invalid/" });
  } finally {
    globalThis.fetch = fetch;
    WebAssembly.instantiateStreaming = instantiateStreaming;
  }
}

// Bytes of Python's, as an ArrayBuffer of JavaScript's own.
function ownBytes(proxy) {
  const bytes = proxy.toJs();
  proxy.destroy();
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
}
