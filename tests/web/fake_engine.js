// Plays the engine: see fake_site.py.
class EngineError extends Error {
  name = "EngineError";
}

const MAP = [
  "        encoding (3 × 4): |yours − expected|; wrong: column 2",
  "           0  · · █ ·",
  "           1  · · ▒ ·",
  "           2  · · ░ ·",
  "              · right   ░ ▒ ▓ █ wrong by up to 0.9",
];

export class Engine {
  constructor({ base, site }) {
    Object.assign(this, { base, site, waiting: [] });
  }
  async start(onprogress) {
    for (let loaded = 1; loaded <= 4; loaded++) {
      onprogress({ loaded, total: 4, what: "Starting Python" });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  async open(unit) {
    this.unit = await (await fetch(`units/${unit}.json`)).json();
    await fetch(`units/${unit}.key`);
  }
  async check(unit, source, { exercises = null, onexercise, signal } = {}) {
    const found = { report: { schema: 1, unit, points: 0, max_points: 0, exercises: [] }, words: {} };
    if (signal?.aborted) throw new EngineError("stopped");
    for (const each of this.unit.exercises) {
      if (exercises ? !exercises.includes(each.name) : each.needs.length) continue;
      const [exercise, words] = await this.judge(unit, source, each, signal);
      found.report.exercises.push(exercise);
      found.report.points += exercise.points;
      found.report.max_points += exercise.max_points;
      found.words[each.name] = words;
      onexercise?.(exercise, words);
    }
    return found;
  }
  async judge(unit, source, { name, points, claims: asked }, signal) {
    const claims = asked.map(({ claim }) => claim);
    const piece = source.split(`def ${name}(`)[1]?.split("\ndef ")[0] ?? "";
    if (piece.includes("CRASH")) throw new EngineError("The worker has ended.");
    if (piece.includes("LOOP")) await new Promise((_, reject) => signal.addEventListener("abort", () => reject(new EngineError("stopped"))));
    const status = piece.includes("RIGHT") ? "passed" : piece.includes("WRONG") ? "failed" : "missing";
    const checks = claims.map((claim) => ({ claim, status: status === "passed" ? "passed" : "failed", points: 0, max_points: 1 }));
    const words = { passed: [], missing: ["not written yet"], failed: this.failed(claims, piece) }[status];
    return [{ id: `${unit}.${name}`, status, points: status === "passed" ? points : 0, max_points: points, checks }, words];
  }
  failed(claims, piece) {
    const printed = piece.match(/print\("(.*)"\)/)?.[1];
    const lines = claims.flatMap((claim, at) => [
      `  ✗ ${claim}  0/1`,
      "        out[0, 1] is -0.15, expected -0.63; all 48 entries differ (case: four queries)",
      `      → ${at ? "the same cause as above" : "You divide the scores by d instead of √d. See line 3."}`,
      ...(at ? [] : MAP),
    ]);
    return printed ? [...lines, "    your code printed:", `        ${printed}`] : lines;
  }
  async run(unit, source, code, { onoutput }) {
    onoutput(`${code.length} letters\n`);
    return { value: "42", error: code.includes("raise") ? "ValueError: no" : "", printed: "" };
  }
  async snippet(unit, exercise, label) {
    return `# ${unit}.${exercise}, case: ${label}\n`;
  }
  stop() {}
}
