// A student's files. Each change is kept within a moment; nothing that was written is ever dropped without a copy.
import { renewed } from "./pieces.js";

const MOMENT = 200; // ms between the last key and the write
const COPIES = 30; // of a unit's earlier texts
const DRAFT = "draft "; // what a page that is being closed writes at once, before each key in localStorage

/** All files of a course. */
export class Answers {
  /** `units` are the site's, `stubOf(unit)` gives the text of a unit's stub file, `name` is the storage's. */
  constructor(storage, name, stubOf) {
    Object.assign(this, { storage, name, stubOf });
    this.open = new Map();
    this.channel = "BroadcastChannel" in globalThis ? new BroadcastChannel(name) : null;
    this.channel?.addEventListener("message", ({ data }) => this.open.get(data.unit)?.hear(data.version));
    for (const event of ["pagehide", "freeze"]) addEventListener(event, () => this.leave());
    document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && this.leave());
  }

  /** The file of a unit, opened once. */
  async of(unit) {
    if (!this.open.has(unit)) this.open.set(unit, new Answer(this, unit, await this.stubOf(unit)));
    const answer = this.open.get(unit);
    await (answer.loading ??= answer.load());
    return answer;
  }

  /** The texts that differ from what the course gave: [unit, text]. */
  async written() {
    await Promise.all([...this.open.values()].map((answer) => answer.save()));
    const stored = new Map((await this.storage.entries("answers")).map(([unit, { text, base }]) => [unit, { text, base }]));
    for (const [unit, { text, base }] of this.open) stored.set(unit, { text, base });
    return [...stored].filter(([, { text, base }]) => text !== base).map(([unit, { text }]) => [unit, text]);
  }

  /** Write what is not written yet: at once into localStorage, which needs no time, then into the database. */
  leave() {
    for (const answer of this.open.values()) answer.leave();
  }
}

/** One unit's file. It tells `saved`, `changed` (by others than the editor), `followed`,
 * `conflict` and `failed`. `isRenewed` says that the course's stubs changed since it was written. */
class Answer extends EventTarget {
  constructor(answers, unit, stub) {
    super();
    Object.assign(this, { answers, unit, stub, text: stub, base: stub, version: 0, isDirty: false, theirs: null });
    this.timer = 0;
    this.writing = Promise.resolve();
  }

  get storage() {
    return this.answers.storage;
  }

  get draftKey() {
    return `${DRAFT}${this.answers.name} ${this.unit}`;
  }

  async load() {
    const record = await this.storage.get("answers", this.unit);
    if (record) this.#take(record);
    await this.#recover();
    if (this.base === this.stub) return;
    const text = renewed(this.text, this.base, this.stub);
    const isTold = text !== this.text && this.text !== this.base;
    await this.replace(text, "before the course's file changed", { base: this.stub });
    this.isRenewed = isTold;
  }

  /** A draft that a closing page left is newer than what is stored, if it began from that. */
  async #recover() {
    const draft = readDraft(this.draftKey);
    if (!draft || draft.text === this.text) return forgetDraft(this.draftKey);
    if (draft.version !== this.version) return this.#copy(draft.text, "of a page that was closed");
    this.text = draft.text;
    this.isDirty = true;
    await this.save();
  }

  #take({ text, base, version }) {
    Object.assign(this, { text, base, version, isDirty: false });
  }

  tell(what) {
    this.dispatchEvent(new Event(what));
  }

  /** What the editor has now. */
  write(text) {
    if (text === this.text) return;
    this.text = text;
    this.isDirty = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), MOMENT);
  }

  /** Put another text in the file's place; a copy of the old one is kept. */
  async replace(text, why, { base = this.base } = {}) {
    if (text !== this.text) await this.#copy(this.text, why);
    Object.assign(this, { text, base, isDirty: true });
    this.tell("changed");
    await this.save();
  }

  /** The last text before the file was replaced comes back, and the one of now is a copy. False if there is none. */
  async undo() {
    const mine = (await this.storage.entries("past")).filter(([, copy]) => copy.unit === this.unit);
    if (!mine.length) return false;
    const [key, copy] = mine.at(-1);
    await this.storage.remove("past", key);
    Object.assign(this, { text: copy.text, isDirty: true });
    this.tell("changed");
    await this.save();
    return true;
  }

  async #copy(text, why) {
    await this.storage.put("past", { unit: this.unit, text, why, time: Date.now() });
    const mine = (await this.storage.entries("past")).filter(([, copy]) => copy.unit === this.unit);
    for (const [key] of mine.slice(0, -COPIES)) await this.storage.remove("past", key);
  }

  /** Write the text, one write after the other. */
  save() {
    clearTimeout(this.timer);
    this.writing = this.writing.then(() => this.#write()).catch((error) => {
      this.error = error;
      this.tell("failed");
    });
    return this.writing;
  }

  /** What another tab has written since is not overwritten: both texts are kept, and a person chooses. */
  async #write() {
    if (!this.isDirty || this.theirs) return;
    const { unit, text, base } = this;
    const next = { unit, text, base, version: this.version + 1, time: Date.now() };
    const { old, value } = await this.storage.change("answers", unit, (found) =>
      (found?.version ?? 0) === this.version ? next : undefined,
    );
    if (!value) return this.#collide(old);
    this.version = next.version;
    if (this.text === text) this.isDirty = false;
    forgetDraft(this.draftKey);
    this.answers.channel?.postMessage({ unit, version: next.version });
    this.tell("saved");
  }

  async #collide(theirs) {
    if (theirs.text === this.text) return this.#take(theirs);
    this.theirs = theirs;
    await this.#copy(this.text, "of another tab");
    this.tell("conflict");
  }

  /** Another tab has written. A tab with nothing of its own follows. */
  async hear(version) {
    await this.writing;
    if (version <= this.version || this.theirs) return;
    if (this.isDirty) return this.save();
    const record = await this.storage.get("answers", this.unit);
    if (!record || this.isDirty) return;
    this.#take(record);
    this.tell("changed");
    this.tell("followed");
  }

  /** End a conflict: with this tab's text, or the other's. The one that is not taken is a copy. */
  async settle(isMine) {
    const theirs = this.theirs;
    const mine = this.text;
    this.theirs = null;
    if (isMine) await this.#copy(theirs.text, "of another tab");
    this.#take(theirs);
    if (isMine) Object.assign(this, { text: mine, isDirty: true });
    this.tell("changed");
    await this.save();
  }

  leave() {
    if (!this.isDirty) return;
    try {
      localStorage.setItem(this.draftKey, JSON.stringify({ text: this.text, version: this.version }));
    } catch {
      // no room, or refused: the database is written all the same
    }
    this.save();
  }
}

function readDraft(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}

function forgetDraft(key) {
  try {
    localStorage.removeItem(key);
  } catch {
    // refused: there is none
  }
}
