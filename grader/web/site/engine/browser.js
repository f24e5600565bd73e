// What the engine needs of a browser: files whose bytes are checked, a worker for the judge, a frame for students' workers.

// An error whose message a person should read. `isStopped` says that it is none: somebody has stopped what ran.
export class EngineError extends Error {
  constructor(message, isStopped = false) {
    super(message);
    this.name = "EngineError";
    this.isStopped = isStopped;
  }
}

// The policy of the frame in which students' workers live, besides the page's own: scripts that it is given, and nothing else.
const POLICY = "default-src 'none'; script-src 'HASH' 'wasm-unsafe-eval'; worker-src blob:";

const hex = (buffer) => Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");

const base64 = (digest) => btoa(String.fromCharCode(...digest.match(/../g).map((pair) => parseInt(pair, 16))));

// A file's bytes; EngineError where it cannot be had, or is not the one that the site was made with.
export async function load(url, sha256, onbytes = () => {}) {
  const name = String(url).split("/").pop();
  let response;
  try {
    // where nothing here can hash, the browser checks it, and tells no progress on the way
    response = await fetch(url, globalThis.crypto?.subtle ? {} : { integrity: `sha256-${base64(sha256)}` });
  } catch {
    throw new EngineError(`${name} cannot be loaded. Is there a connection? Then load the page again.`);
  }
  if (!response.ok) throw new EngineError(`${name} cannot be loaded (${response.status}). Load the page again in a while.`);
  const bytes = await read(response, onbytes);
  if (globalThis.crypto?.subtle && hex(await crypto.subtle.digest("SHA-256", bytes)) !== sha256) {
    throw new EngineError(`${name} is not the file that this page was made with. Load the page again.`);
  }
  return bytes;
}

async function read(response, onbytes) {
  if (!response.body) {
    const whole = new Uint8Array(await response.arrayBuffer());
    onbytes(whole.length);
    return whole;
  }
  const parts = [];
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    onbytes(value.length);
  }
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => (bytes.set(part, at), at + part.length), 0);
  return bytes;
}

// The judge's worker: {post, end}, and `hear` gets its messages.
export async function judge(script, files, hear) {
  const worker = new Worker(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
  worker.onmessage = ({ data }) => hear(data);
  worker.onerror = (event) => hear({ failed: String(event.message) });
  worker.postMessage({ files });
  return { post: (message, moved) => worker.postMessage(message, moved), end: () => worker.terminate() };
}

// The frame of students' workers: {make(number, port), end(number)}; `gone(number, text)` is called where one stops by itself.
export async function room(script, files, text, hash, gone) {
  const frame = document.createElement("iframe");
  frame.setAttribute("sandbox", "allow-scripts");
  frame.setAttribute("aria-hidden", "true");
  frame.tabIndex = -1;
  frame.hidden = true;
  frame.title = "where your code runs";
  const policy = POLICY.replace("HASH", hash);
  frame.srcdoc = `<!doctype html><meta http-equiv="Content-Security-Policy" content="${policy}"><script>${text}</script>`;
  await new Promise((resolve, reject) => {
    addEventListener("message", ({ source, data }) => {
      if (source !== frame.contentWindow) return;
      if (data.here) source.postMessage({ script, files }, "*");
      else if (data.ready) resolve();
      else if (data.failed) reject(new EngineError(`Your browser cannot run Python here (${String(data.failed).slice(0, 200)}).`));
      else if (data.gone) gone(data.gone, String(data.text));
    });
    document.body.append(frame);
    setTimeout(() => reject(new EngineError("Your browser does not let this page run your code in a frame of its own.")), 60_000);
  });
  const post = (message, moved) => frame.contentWindow.postMessage(message, "*", moved);
  return { make: (number, port) => post({ make: number, port }, [port]), end: (number) => post({ end: number }) };
}
