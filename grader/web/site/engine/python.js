// Start Python in a worker from files that the page has loaded and checked: nothing is fetched here.
// The worker's script is Pyodide's own two files, this one, and `judge.js` or `student.js`, in one text.
"use strict";

// `files`: {"pyodide.asm.wasm": a WebAssembly.Module or bytes, "python_stdlib.zip", "numpy": bytes, "code": a zip of ours,
// "lock": text}. In node, `files.folder` is Pyodide's folder instead of what is its own.
async function startPython(files, printed = () => {}) {
  const options = { stdout: printed, stderr: printed, env: { HOME: "/home/student", PYTHONHASHSEED: "0" }, checkAPIVersion: true };
  const pyodide = await withFiles(files, options);
  pyodide.unpackArchive(files.numpy, "wheel");
  pyodide.FS.mkdir("/engine");
  pyodide.unpackArchive(files.code, "zip", { extractDir: "/engine" });
  pyodide.runPython("import sys; sys.path.insert(0, '/engine'); sys.argv[:] = ['submission']");
  return pyodide;
}

// Pyodide asks for its files by address; here it gets those that are there. Its wasm may be compiled already.
async function withFiles(files, options) {
  const wasm = files["pyodide.asm.wasm"];
  const { fetch } = globalThis;
  const { instantiate, instantiateStreaming } = WebAssembly;
  const made = async (_, imports) => {
    if (!(wasm instanceof WebAssembly.Module)) return instantiate(wasm, imports);
    return { module: wasm, instance: await instantiate(wasm, imports) };
  };
  globalThis.fetch = async (url) => {
    const name = String(url).split("/").pop();
    return new Response(name === "pyodide-lock.json" ? files.lock : name === "pyodide.asm.wasm" ? null : files[name]);
  };
  WebAssembly.instantiateStreaming = made;
  if (files.folder) WebAssembly.instantiate = made; // in node, which reads the bytes first
  try {
    return await loadPyodide({ ...options, indexURL: files.folder || "https://pyodide.invalid/" });
  } finally {
    globalThis.fetch = fetch;
    Object.assign(WebAssembly, { instantiate, instantiateStreaming });
  }
}

// Bytes of Python's, as an ArrayBuffer of JavaScript's own.
function ownBytes(proxy) {
  const bytes = proxy.toJs();
  proxy.destroy();
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
}
