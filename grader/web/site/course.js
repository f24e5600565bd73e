// The course as the site has it: site.json, and a file for each unit, read once.

export class Course {
  constructor(site) {
    this.site = site;
    this.reading = new Map();
  }

  static async open() {
    return new Course(await json("site.json"));
  }

  get names() {
    return this.site.units.map(({ name }) => name);
  }

  /** What site.json says of a unit; undefined for another name. */
  entry(name) {
    return this.site.units.find((each) => each.name === name);
  }

  /** A unit with its exercises. */
  unit(name) {
    if (!this.reading.has(name)) {
      const found = json(this.entry(name).path);
      this.reading.set(name, found);
      found.catch(() => this.reading.delete(name)); // the next try may be luckier
    }
    return this.reading.get(name);
  }
}

async function json(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path} did not come (${response.status})`);
  return response.json();
}

/** Whether a unit or an exercise needs what a browser has not. */
export function needsTorch({ needs }) {
  return Boolean(needs?.includes("torch"));
}

/** An exercise in a sentence: its summary begins with how it is called, then says what it does. */
export function sentenceOf({ title }) {
  const lines = title.split("\n").map((line) => line.trim()).filter(Boolean);
  return lines.find((line) => !/^(def|class) /.test(line)) ?? title;
}
