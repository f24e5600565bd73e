// What a student has reached: the last result of each exercise, beside their files.

export class Progress extends EventTarget {
  constructor(storage) {
    super();
    this.storage = storage;
    this.results = new Map();
  }

  async load() {
    for (const [key, value] of await this.storage.entries("kept")) if (key.startsWith("result ")) this.results.set(key.slice(7), value);
    return this;
  }

  /** The last result of an exercise, {points, max_points, status}, or undefined. */
  of(unit, exercise) {
    return this.results.get(`${unit}.${exercise}`);
  }

  /** Note an exercise as a report has it. */
  async note({ id, points, max_points, status }) {
    const result = { points, max_points, status, time: Date.now() };
    this.results.set(id, result);
    this.dispatchEvent(new CustomEvent("noted", { detail: id }));
    await this.storage.put("kept", result, `result ${id}`);
  }

  /** {points, passed} of some exercises of a unit. */
  sum(unit, exercises) {
    const found = exercises.map(({ name }) => this.of(unit, name)).filter(Boolean);
    return {
      points: found.reduce((sum, each) => sum + each.points, 0),
      passed: found.filter((each) => each.status === "passed").length,
    };
  }
}

/** A word for how an exercise stands: passed, begun or open. */
export function standing(result) {
  if (!result || ["missing", "skipped", "pending", "grader_error"].includes(result.status)) return "open";
  return result.status === "passed" ? "passed" : "begun";
}

export const GLYPHS = { passed: "✓", begun: "✗", open: "·" };
export const SAID = { passed: "right", begun: "not right yet", open: "not checked yet" };
