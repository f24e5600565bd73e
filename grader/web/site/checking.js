// The engine as the page uses it: loaded once, one thing after the other, stopped when asked.

/** Loads the engine when it is first needed, and tells `progress` ({loaded, total, what}), `ready` and `failed`. */
export class Checking extends EventTarget {
  constructor(engine, { isReadyToLoad = Promise.resolve() } = {}) {
    super();
    Object.assign(this, { engine, isReadyToLoad, state: "asleep", starting: null, opened: new Map() });
    this.turn = Promise.resolve();
  }

  /** Load Python; a second call waits for the first. After a failure it tries again. */
  start() {
    this.starting ??= this.#start().catch((error) => {
      this.starting = null;
      this.#become("failed", { error });
      throw error;
    });
    return this.starting;
  }

  async #start() {
    this.#become("loading", { loaded: 0, total: 0, what: "" });
    await this.isReadyToLoad;
    await this.engine.start((progress) => this.#become("loading", progress));
    this.#become("ready", {});
  }

  #become(state, detail) {
    this.state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: { state, ...detail } }));
  }

  /** Do something with the engine, its unit's key open, after all that was asked before. */
  #next(unit, work) {
    const done = this.turn.then(async () => {
      await this.start();
      if (unit && !this.opened.has(unit)) await this.engine.open(unit);
      this.opened.set(unit, true);
      return work();
    });
    this.turn = done.catch(() => {});
    return done;
  }

  /** Check exercises of a file: see Engine.check. */
  check(unit, source, options) {
    return this.#next(unit, () => this.engine.check(unit, source, options));
  }

  /** Run a few lines with a file's functions: see Engine.run. */
  run(unit, source, code, options) {
    return this.#next(unit, () => this.engine.run(unit, source, code, options));
  }

  /** The code of a failing case: see Engine.snippet. */
  snippet(unit, exercise, label) {
    return this.#next(unit, () => this.engine.snippet(unit, exercise, label));
  }

  /** End what runs now. */
  stop() {
    this.engine.stop();
  }
}

/** What went wrong, as a sentence: the engine's own errors are sentences already. */
export function saidOf(error) {
  if (error?.name === "EngineError") return error.message;
  return `The page could not do this (${error?.message || error}). Reload it and try again; what you wrote is kept.`;
}
