// Start Python in a worker from files that the page has loaded and checked: nothing is fetched here.
// The worker's script is Pyodide's own two files, this one, and `judge.js` or `student.js`, in one text.
//
// The judge's worker starts from nothing. What it has then, memory as it was before any package was loaded and NumPy's files
// with their compiled code, is given to the students' workers, which so start in a fifth of the time.
"use strict";

const OPTIONS = { stdout: () => {}, stderr: () => {}, env: { HOME: "/home/student", PYTHONHASHSEED: "0" } };
const SITE = "/lib/python3.12/site-packages";
const INSIDE = "/inside"; // our own code in a student's worker
// What NumPy and our code take of the standard library, whose text would be compiled in each worker anew.
const LIBRARY = "ctypes, dataclasses, datetime, fractions, hmac, inspect, json, pickle, platform, secrets, statistics, tokenize";

// `files`: {"pyodide.asm.wasm": a WebAssembly.Module or bytes, "python_stdlib.zip", "lock", "numpy", "judge", "student"}; in node
// `files.folder` is where Pyodide's lie. Gives {pyodide, packed}, what `startAgain` takes besides.
async function startFirst(files) {
  const pyodide = await withFiles(files, { ...OPTIONS, _makeSnapshot: true });
  pyodide.runPython(`import ${LIBRARY}`);
  const snapshot = pyodide.makeMemorySnapshot();
  pyodide.unpackArchive(files.numpy, "wheel", { extractDir: SITE });
  pyodide.unpackArchive(files.judge, "zip", { extractDir: "/engine" });
  pyodide.unpackArchive(files.student, "zip", { extractDir: INSIDE });
  pyodide.runPython(COMPILE);
  return { pyodide, packed: { snapshot, tree: [...tree(pyodide.FS, SITE), ...tree(pyodide.FS, INSIDE)] } };
}

// `files`: as above, with `snapshot` and `tree` in the place of all zips but the standard library's.
async function startAgain(files) {
  const pyodide = await withFiles(files, { ...OPTIONS, _loadSnapshot: files.snapshot });
  for (const [path, bytes] of files.tree) {
    pyodide.FS.mkdirTree(path.slice(0, path.lastIndexOf("/")));
    pyodide.FS.writeFile(path, bytes, { canOwn: true });
  }
  pyodide.runPython(`import importlib, sys; importlib.invalidate_caches(); sys.path.insert(0, '${INSIDE}'); sys.argv[:] = ['submission']`);
  return pyodide;
}

// NumPy is loaded, which compiles what it takes; what was compiled holds for copies of its files, too, whatever their time.
const COMPILE = `
import compileall, os, py_compile, sys
sys.path.insert(0, "/engine")
sys.dont_write_bytecode = False
import numpy.random
compileall.compile_dir("${INSIDE}", quiet=2, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
for folder, _, names in os.walk("${SITE}"):
    for name in names:
        if name.endswith(".pyc"):
            with open(os.path.join(folder, name), "r+b") as file:
                file.seek(4)
                file.write((1).to_bytes(4, "little") + bytes(8))
`;

function tree(FS, folder) {
  const found = [];
  for (const name of FS.readdir(folder)) {
    const path = `${folder}/${name}`;
    if (name === "." || name === "..") continue;
    if (FS.isDir(FS.stat(path).mode)) found.push(...tree(FS, path));
    else found.push([path, FS.readFile(path)]);
  }
  return found;
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
