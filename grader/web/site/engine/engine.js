// The engine of the page: a judge's worker with the keys, students' workers with the code, and what goes between them.
// Students' workers speak to the judge's alone, on a channel of their own; this page makes and ends them.
import * as browser from "./browser.js";

export const EngineError = browser.EngineError;

const RUN_SECONDS = 60; // of code that is tried out
const SPARE = 1500; // ms after which a worker is made for the next check, so that it need not wait

export class Engine {
  #host;
  #site;
  #base;
  #judge = null;
  #room = null;
  #calls = new Map(); // by id: {resolve, reject, hear} of what was asked of the judge
  #workers = new Map(); // by our number: {port, judged: the judge's number or 0, gone}
  #spare = 0;
  #timer = 0;
  #last = 0;
  #turn = Promise.resolve(); // one check or run at a time
  #abort = null;
  #units = new Map();

  // `base` is the site's folder, `site` its parsed site.json. `host` stands for the browser where there is none.
  constructor({ base, site, host = browser }) {
    this.#base = base;
    this.#site = site;
    this.#host = host;
  }

  // Load all that is needed and start both sides. `onprogress({loaded, total, what})` counts bytes.
  async start(onprogress = () => {}) {
    const { runtime, engine } = this.#site;
    const total = [...runtime.files, ...engine.files].reduce((sum, file) => sum + file.bytes, 0);
    let loaded = 0;
    const take = async (base, file) => {
      const onbytes = (bytes) => onprogress({ loaded: (loaded += bytes), total, what: file.path });
      return [file.path.split("/").pop(), await this.#host.load(new URL(file.path, base), file.sha256, onbytes)];
    };
    const from = new URL(runtime.base, this.#base);
    const found = await Promise.all([
      ...runtime.files.map((file) => take(from, file)),
      ...engine.files.map((file) => take(this.#base, file)),
    ]);
    onprogress({ loaded: total, total, what: "Python starts" });
    await this.#begin(Object.fromEntries(found));
  }

  async #begin(bytes) {
    const text = (name) => new TextDecoder().decode(bytes[name]);
    const script = (last) => ["pyodide.js", "pyodide.asm.js", "python.js", last].map(text).join("\n;\n");
    const { runtime, engine } = this.#site;
    const shared = Object.fromEntries(["pyodide.asm.wasm", "python_stdlib.zip"].map((name) => [name, bytes[name]]));
    shared.lock = runtime.lock;
    const first = { ...shared, numpy: bytes[runtime.numpy], judge: bytes["judge.zip"], student: bytes["student.zip"] };
    const heard = (name) => new Promise((resolve, reject) => this.#calls.set(name, { resolve, reject }));
    const [ready, packed] = [heard("start"), heard("packed")];
    this.#judge = await this.#host.judge(script("judge.js"), first, (data) => this.#hear(data));
    const again = { ...shared, ...(await Promise.race([packed, ready])) };
    const gone = (number, said) => this.#gone(number, said);
    this.#room = await this.#host.room(script("student.js"), again, text("room.js"), engine.room, gone);
    this.#makeSpare();
    await ready;
  }

  // Load a unit's key into the judge; gives {allows, exercises}: what it may import, and what needs no PyTorch.
  async open(unit) {
    if (!this.#units.has(unit)) {
      const { key } = this.#site.units.find(({ name }) => name === unit) || {};
      const file = this.#site.files.find(({ path }) => path === key);
      if (!file) throw new EngineError(`This page has no unit ${unit}.`);
      const bytes = await this.#host.load(new URL(key, this.#base), file.sha256);
      this.#units.set(unit, await this.#ask((id) => ({ id, unit, key: bytes })));
    }
    return this.#units.get(unit);
  }

  // Grade a file's text. `exercises` are names, null for all that need no PyTorch. `onexercise(report, words)` is called as each
  // is judged, `onbegin(name)` as its turn comes. `seconds` is an exercise's time limit, 0 for the usual one.
  // Gives {report, words: {exercise: lines}}.
  async check(unit, source, { exercises = null, onexercise = null, onbegin = null, signal = null, seconds = 0 } = {}) {
    const { exercises: plain } = await this.open(unit);
    const wanted = exercises === null ? plain : exercises;
    return this.#inTurn(signal, async (aborted) => {
      const bytes = new TextEncoder().encode(source);
      const call = (id) => ({ check: { id, unit, file: `${unit}.py`, source: bytes, exercises: wanted, seconds } });
      const hear = (data) => {
        if (data.begun && onbegin) onbegin(data.begun);
        if (data.exercise && onexercise) onexercise(data.exercise, data.words);
      };
      aborted.then(() => this.#judge.post({ stop: true }));
      return this.#ask(call, hear);
    });
  }

  // Run a file, then some code with its names, in a worker of its own. Gives {value, error, printed}; `onoutput(text)` is called
  // with what is printed, as it is printed.
  async run(unit, source, code, { onoutput = null, signal = null } = {}) {
    const { allows } = await this.open(unit);
    return this.#inTurn(signal, (aborted) => this.#try({ file: `${unit}.py`, source, code, allows }, onoutput, aborted));
  }

  // The lines of Python that ask one case of an exercise and show what is expected: see grader/snippets.
  async snippet(unit, exercise, label) {
    await this.open(unit);
    return this.#ask((id) => ({ id, snippet: { unit, exercise, label } }));
  }

  // End what runs; the next check has a new worker.
  stop() {
    if (this.#abort) this.#abort();
  }

  #inTurn(signal, work) {
    const done = this.#turn.then(async () => {
      if (signal?.aborted) throw stopped();
      const aborted = new Promise((resolve) => (this.#abort = resolve));
      signal?.addEventListener("abort", this.#abort, { once: true });
      try {
        return await work(aborted);
      } finally {
        this.#abort = null;
        this.#spareSoon(0);
      }
    });
    this.#turn = done.catch(() => {});
    return done;
  }

  #ask(message, hear = () => {}) {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve, reject, hear });
      this.#judge.post(message(id));
    });
  }

  #hear(data) {
    if (data.want) return this.#give(data.want);
    if (data.end) return this.#end(data.end);
    const id = data.packed ? "packed" : data.ready || data.failed ? "start" : data.id;
    const call = this.#calls.get(id);
    if (!call) return;
    if (data.begun || (data.exercise && !data.report)) return call.hear(data);
    this.#calls.delete(id);
    if (data.failed) call.reject(new EngineError(`The grader did not start (${data.failed}). Load the page again.`));
    else if (data.error) call.reject(new EngineError(data.error));
    else if (data.stopped) call.reject(stopped());
    else call.resolve(data.packed || data.opened || data.snippet || (data.report && { report: data.report, words: data.words }));
  }

  #makeSpare() {
    if (!this.#spare && this.#room) this.#spare = this.#make();
  }

  #spareSoon(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#makeSpare(), ms);
    this.#timer.unref?.();
  }

  #make() {
    const { port1, port2 } = new MessageChannel();
    const number = ++this.#last;
    this.#workers.set(number, { port: port1, judged: 0, gone: "" });
    this.#room.make(number, port2);
    return number;
  }

  #taken() {
    const number = this.#spare || this.#make();
    this.#spare = 0;
    this.#spareSoon(SPARE);
    return number;
  }

  #give(judged) {
    const number = this.#taken();
    const worker = this.#workers.get(number);
    worker.judged = judged;
    this.#judge.post({ worker: judged, port: worker.port }, [worker.port]);
    if (worker.gone) this.#judge.post({ gone: judged, text: worker.gone });
  }

  #end(judged) {
    for (const [number, worker] of this.#workers) if (worker.judged === judged) this.#drop(number);
  }

  #drop(number) {
    this.#workers.delete(number);
    this.#room.end(number);
  }

  #gone(number, text) {
    const worker = this.#workers.get(number);
    if (!worker) return;
    worker.gone = text;
    if (worker.judged) this.#judge.post({ gone: worker.judged, text });
    worker.onover?.({ ended: "crash", text });
  }

  async #try(request, onoutput, aborted) {
    const number = this.#taken();
    const worker = this.#workers.get(number);
    let printed = "";
    try {
      const over = new Promise((resolve) => {
        worker.onover = resolve;
        worker.port.onmessage = ({ data }) => {
          if (data && data.ready === true) worker.port.postMessage({ tryOut: request });
          else if (typeof data === "string") {
            printed = (printed + data).slice(0, 1 << 20);
            if (onoutput) onoutput(data);
          } else if (data && (typeof data.tried === "string" || data.ended)) resolve(data);
        };
        if (worker.gone) resolve({ ended: "crash", text: worker.gone });
        aborted.then(() => resolve({ ended: "stopped" }));
        const late = setTimeout(() => resolve({ ended: "timeout", text: `no answer after ${RUN_SECONDS} s` }), 1000 * RUN_SECONDS);
        late.unref?.();
      });
      const found = await over;
      if (found.ended === "stopped") throw stopped();
      if (found.ended === "output") found.text = "it printed more than 64 MB";
      const { value = "", error = "" } = found.ended ? { error: String(found.text) } : JSON.parse(found.tried);
      return { value: String(value), error: String(error), printed };
    } finally {
      this.#drop(number);
    }
  }
}

const stopped = () => new EngineError("It was stopped.", true);
