// The student's worker: it holds one submission, and no answer. What it posts on its port is data for the judge, which trusts
// none of it: an ArrayBuffer is a reply, a text was printed, an object says that it is ready or has ended.
"use strict";

// What a student's code has no use for. The page's frame forbids storage and network by itself; this is a second wall.
const TAKEN = [
  "fetch", "XMLHttpRequest", "WebSocket", "WebSocketStream", "EventSource", "WebTransport", "RTCPeerConnection", "FontFace",
  "indexedDB", "caches", "cookieStore", "localStorage", "sessionStorage", "BroadcastChannel", "SharedWorker", "Worker",
  "importScripts", "Notification", "navigator", "close", "postMessage", "createImageBitmap", "FileSystemObserver",
  "requestAnimationFrame", "MessageChannel", "onmessage", "Request", "loadPyodide", "_createPyodideModule", "fonts",
];

function takeAway(scope) {
  for (const name of TAKEN) {
    for (let owner = scope; owner && owner !== Object.prototype; owner = Object.getPrototypeOf(owner)) {
      try {
        delete owner[name];
      } catch {
        // what cannot be deleted is covered below
      }
    }
    if (name in scope) {
      try {
        Object.defineProperty(scope, name, { value: undefined, configurable: false, writable: false });
      } catch {
        // it stays: the frame around the worker is what holds
      }
    }
  }
}

async function serve(files, port) {
  let isFlooded = false;
  const say = (text) => port.postMessage(String(text));
  const flood = () => {
    if (!isFlooded) port.postMessage({ ended: "output", text: "" });
    isFlooded = true;
  };
  const end = (error) => port.postMessage({ ended: "crash", text: howItEnded(error) });
  try {
    const pyodide = await startAgain(files);
    const inside = pyodide.pyimport("grader.sandbox.inside.in_page");
    const page = inside.begin((frame) => {
      const bytes = ownBytes(frame);
      port.postMessage(bytes, [bytes]);
    }, say, flood);
    const { toPy } = pyodide;
    takeAway(globalThis);
    port.onmessage = ({ data }) => {
      try {
        if (data instanceof ArrayBuffer) page.take(toPy(new Uint8Array(data)));
        else port.postMessage({ tried: page.try_out(JSON.stringify(data.tryOut)) });
      } catch (error) {
        end(error);
      }
    };
    port.postMessage({ ready: true });
  } catch (error) {
    end(error);
  }
}

function howItEnded(error) {
  const status = /exit\((\d+)\)|status (\d+)/.exec(String(error && error.message));
  if (status) return `it ended the process with exit status ${status[1] || status[2]}`;
  if (error instanceof RangeError || /call stack/.test(String(error))) return "it called itself too deeply, and Python stopped";
  const said = String((error && error.message) || error).trim().split("\n");
  return `Python itself stopped (${said[said.length - 1].slice(0, 160)})`; // of a traceback the last line says why
}

globalThis.onmessage = ({ data }) => serve(data.files, data.port);
