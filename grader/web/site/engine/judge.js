// The judge's worker: it holds the keys, and no code of a student's ever runs in it. Waiting is done here, judging in Python,
// which stops where it needs what has not come, and runs again when it has (see grader/web/replay.py).
"use strict";

const QUIET = 10; // ms to wait for more answers when one has come: each run of the judge then gets further
const SLICE = 250; // ms: time in which the machine slept is not counted as the student's
const START = 120; // seconds for a worker to start
const MOST_MESSAGES = 100_000;
const MOST_BYTES = 256 << 20; // that nobody has asked for
const MOST_PRINTED = 64 << 20; // characters, in all

const lines = new Map(); // by number: what is known of a student's worker
let judge = null;
let running = null; // the check under way: {id, isStopped}

const tell = (message, moved = []) => globalThis.postMessage(message, moved);

const outside = {
  want(number) {
    lines.set(number, { number, port: null, queue: [], bytes: 0, printed: 0, isOver: false, wake: () => {} });
    tell({ want: number });
  },
  post(number, frames) {
    const bytes = ownBytes(frames);
    const line = lines.get(number);
    if (line && line.port) line.port.postMessage(bytes, [bytes]);
  },
  end(number) {
    const line = lines.get(number);
    lines.delete(number);
    if (line && line.port) line.port.close();
    tell({ end: number });
  },
};

function add(line, event) {
  if (line.isOver) return;
  line.isOver = event.kind === "ended";
  line.queue.push(event);
  line.wake();
}

// Everything here comes from a worker in which a student's code runs.
function heard(line, data) {
  if (line.isOver) return;
  if (data instanceof ArrayBuffer) {
    line.bytes += data.byteLength;
    add(line, { kind: "frame", frame: new Uint8Array(data) });
  } else if (typeof data === "string") {
    line.printed += data.length;
    add(line, { kind: "printed", text: data });
  } else if (data && data.ready === true) {
    add(line, { kind: "ready" });
  } else if (data && (data.ended === "crash" || data.ended === "output")) {
    const flooded = `it printed more than ${MOST_PRINTED >> 20} MB`;
    add(line, { kind: "ended", how: data.ended, text: data.ended === "output" ? flooded : String(data.text).slice(0, 300) });
  }
  if (line.printed > MOST_PRINTED) add(line, { kind: "ended", how: "output", text: `it printed more than ${MOST_PRINTED >> 20} MB` });
  if (line.queue.length > MOST_MESSAGES || line.bytes > MOST_BYTES) {
    add(line, { kind: "ended", how: "crash", text: "it sent far more answers than it was asked for" });
  }
}

const answers = (line) => line.queue.filter((event) => event.kind !== "printed").length;

// A promise of the next news of a line, or of the end of some ms; returns the ms that passed, each slice at most twice its length.
async function slice(line, ms) {
  const before = performance.now();
  await new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    line.wake = () => {
      clearTimeout(timer);
      resolve();
    };
  });
  line.wake = () => {};
  return Math.min(performance.now() - before, 2 * SLICE);
}

// Wait for an answer of a worker, and hand over all that has come; where the time is up, that the worker has ended.
async function arrival(number, seconds, due) {
  const line = lines.get(number);
  const limit = 1000 * (seconds === null ? START : Math.max(seconds, 0.001));
  let waited = 0;
  while (!answers(line) && waited < limit && !running.isStopped) {
    waited += await slice(line, Math.min(limit - waited, SLICE));
  }
  if (running.isStopped) return;
  let quiet = 0;
  while (answers(line) < due && quiet < QUIET && !line.isOver) quiet += await slice(line, QUIET - quiet);
  if (!answers(line)) add(line, { kind: "ended", how: "timeout", text: "" });
  for (const event of line.queue.splice(0)) {
    const isFirst = event.kind !== "printed" && waited;
    judge.came(number, event.kind, isFirst ? waited / 1000 : 0, event.frame || new Uint8Array(), event.text || "", event.how || "");
    if (isFirst) waited = 0;
  }
  line.bytes = 0;
}

async function check({ id, unit, file, source, exercises, seconds }) {
  running = { id, isStopped: false };
  const words = {};
  try {
    const names = JSON.parse(judge.begin(unit, file, source, JSON.stringify(exercises), seconds));
    for (const name of names) {
      tell({ id, begun: name });
      const found = await judged();
      if (running.isStopped) return tell({ id, stopped: true });
      words[name] = found.words;
      tell({ id, exercise: found.exercise, words: found.words });
    }
    tell({ id, report: JSON.parse(judge.report()), words });
  } catch (error) {
    tell({ id, error: inOneLine(error) });
  } finally {
    judge.end();
    running = null;
  }
}

async function judged() {
  while (!running.isStopped) {
    const found = JSON.parse(judge.step());
    if (found.exercise) return found;
    await arrival(found.worker, found.seconds, found.due);
  }
  return null;
}

// The last line of a Python traceback, which holds the sentence.
function inOneLine(error) {
  const said = String((error && error.message) || error).trim().split("\n");
  return said[said.length - 1].replace(/^[\w.]+(Error|Exception): /, "").slice(0, 500);
}

async function take(data) {
  if (data.files) {
    try {
      const { pyodide, packed } = await startFirst(data.files);
      tell({ packed });
      pyodide.runPython(JUDGE);
      judge = pyodide.globals.get("make")(outside);
      tell({ ready: true });
    } catch (error) {
      tell({ failed: inOneLine(error) });
    }
  } else if (data.key) {
    try {
      tell({ id: data.id, opened: JSON.parse(judge.open(data.unit, new Uint8Array(data.key))) });
    } catch (error) {
      tell({ id: data.id, error: inOneLine(error) });
    }
  } else if (data.snippet) {
    const { unit, exercise, label } = data.snippet;
    try {
      tell({ id: data.id, snippet: judge.snippet(unit, exercise, label) });
    } catch (error) {
      tell({ id: data.id, error: inOneLine(error) });
    }
  } else if (data.check) {
    check(data.check);
  } else if (data.worker) {
    const line = lines.get(data.worker);
    if (!line) return;
    line.port = data.port;
    line.port.onmessage = (event) => heard(line, event.data);
  } else if (data.gone) {
    const line = lines.get(data.gone);
    if (line) add(line, { kind: "ended", how: "crash", text: String(data.text).slice(0, 300) });
  } else if (data.stop && running) {
    running.isStopped = true;
    for (const line of lines.values()) line.wake();
  }
}

// What JavaScript hands over becomes Python's own, and what goes out JavaScript's.
const JUDGE = `
import json
from grader.web.page_judge import PageJudge

class Near:
    def __init__(self, judge):
        self.judge = judge
        self.step, self.report, self.snippet, self.end = judge.step, judge.report, judge.snippet, judge.end

    def open(self, unit, key):
        return self.judge.open(unit, key.to_bytes())

    def begin(self, unit, file, source, names, seconds):
        return self.judge.begin(unit, file, source.to_bytes(), names, seconds)

    def came(self, worker, kind, waited, frame, text, how):
        self.judge.came(worker, kind, waited, frame.to_bytes(), text, how)

def make(outside):
    return Near(PageJudge(outside))
`;

globalThis.onmessage = ({ data }) => take(data);
