"use strict";
// The students' table: built from data, sorted and filtered. All text goes in as text.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const table = document.getElementById("students-table");
  const find = document.getElementById("find");
  const which = document.getElementById("which");
  const view = document.getElementById("view");
  const count = document.getElementById("count");
  const chip = document.getElementById("chip");
  const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  const STATES = ["full", "part", "none", "missing", "ended", "open"];
  let order = { column: 0, up: true };
  let chosen = null; // the students of a mistake, or null for all
  let columns = [];
  let rows = [];

  const part = (unit, student) => student.units[unit];
  const ratio = (points, most) => (points === null || !most ? null : points / most);

  // What stands in a column: its heading, a longer title, the value to sort by and how a cell is filled.
  function plain(heading, value, shown, css) {
    return { heading, title: "", css, value, fill: (cell, student) => { cell.textContent = shown(student); } };
  }

  // A student's name, and the id where it is another.
  function named(cell, student) {
    cell.textContent = student.name;
    if (student.name === student.id || student.name.endsWith(`(${student.id})`)) return;
    const id = document.createElement("small");
    id.className = "soft";
    id.textContent = ` ${student.id}`;
    cell.append(id);
  }

  function score(heading, title, get) {
    const fill = (cell, student) => {
      const found = get(student);
      if (!found) return;
      const [points, state, word] = found;
      cell.classList.add(STATES[state]);
      cell.textContent = state === 3 ? "·" : state === 5 ? "?" : String(points);
      cell.title = word;
    };
    return { heading, title, css: "cell", fill, value: (student) => { const found = get(student); return found ? found[0] : null; } };
  }

  function ofExercise(unit, index) {
    return (student) => {
      const mine = part(unit, student);
      if (!mine || !mine.points) return null;
      return [mine.points[index], mine.states[index], data.words[mine.words[index]]];
    };
  }

  function ofUnit(unit) {
    const most = data.units[unit].most;
    return (student) => {
      const mine = part(unit, student);
      if (!mine || !mine.points) return null;
      const sum = mine.whole === null ? mine.points.reduce((total, points) => total + points, 0) : mine.whole;
      return [sum, sum === most ? 0 : sum > 0 ? 1 : 2, `${sum} of ${most}`];
    };
  }

  function columnsFor(unit) {
    const some = unit === null ? data.units.map((item, index) => score(item.name, `${item.most} points`, ofUnit(index)))
      : data.units[unit].exercises.map(([name, most], index) => score(String(index + 1), `${name}, ${most} points`, ofExercise(unit, index)));
    return [
      { ...plain("Student", (student) => student.name, null, ""), fill: named },
      plain("Points", (student) => student.points, (student) => (student.points === null ? "–" : String(student.points)), "num"),
      plain("Share", (student) => ratio(student.points, student.most), (student) => (student.points === null ? "–" : `${Math.round(100 * student.points / (student.most || 1))} %`), "num"),
      ...some,
      plain("Seconds", (student) => student.seconds, (student) => (student.seconds === null ? "–" : student.seconds.toFixed(2)), "num"),
      plain("Look", (student) => student.look || null, (student) => student.look, "soft"),
    ];
  }

  function build() {
    columns = columnsFor(view && view.value !== "" ? Number(view.value) : data.units.length === 1 ? 0 : null);
    if (order.column >= columns.length) order = { column: 0, up: true };
    const head = document.createElement("tr");
    columns.forEach((column, index) => {
      const cell = document.createElement("th");
      const button = document.createElement("button");
      cell.scope = "col";
      cell.className = column.css;
      button.type = "button";
      button.textContent = column.heading;
      button.title = column.title;
      button.addEventListener("click", () => {
        order = { column: index, up: order.column === index ? !order.up : true };
        sort();
      });
      cell.append(button);
      head.append(cell);
    });
    table.tHead.replaceChildren(head);
    rows = data.students.map((student, index) => {
      const row = document.createElement("tr");
      for (const column of columns) {
        const cell = document.createElement("td");
        cell.className = column.css;
        column.fill(cell, student);
        row.append(cell);
      }
      return { row, student, index };
    });
    sort();
    filter();
  }

  function sort() {
    const { value } = columns[order.column];
    const sign = order.up ? 1 : -1;
    rows.sort((a, b) => {
      const x = value(a.student), y = value(b.student);
      if (x === null || y === null) return x === y ? a.index - b.index : x === null ? 1 : -1; // what is not there comes last
      const way = typeof x === "string" ? collator.compare(x, y) : x - y;
      return way * sign || a.index - b.index;
    });
    table.tBodies[0].replaceChildren(...rows.map((item) => item.row));
    [...table.tHead.rows[0].cells].forEach((cell, index) => {
      if (index === order.column) cell.setAttribute("aria-sort", order.up ? "ascending" : "descending");
      else cell.removeAttribute("aria-sort");
    });
  }

  const FILTERS = {
    all: () => true,
    look: (student) => student.look !== "",
    absent: (student) => student.points === null,
    below: (student) => student.points !== null && student.points * 2 < student.most,
    full: (student) => student.points !== null && student.points === student.most,
  };

  function filter() {
    const wanted = find.value.trim().toLocaleLowerCase();
    const fits = FILTERS[which.value] || FILTERS.all;
    let shown = 0;
    for (const { row, student, index } of rows) {
      const hidden = !fits(student) || (chosen && !chosen.has(index)) || !`${student.name} ${student.id}`.toLocaleLowerCase().includes(wanted);
      row.hidden = Boolean(hidden);
      if (!hidden) shown += 1;
    }
    count.textContent = shown === rows.length ? `${shown} students` : `${shown} of ${rows.length} students`;
  }

  function choose(set, label) {
    chosen = set === null ? null : new Set(data.sets[set]);
    chip.hidden = chosen === null;
    chip.textContent = chosen === null ? "" : `${label}  ×`;
    filter();
  }

  find.addEventListener("input", filter);
  which.addEventListener("change", filter);
  if (view) view.addEventListener("change", build);
  chip.addEventListener("click", () => choose(null, ""));
  document.querySelectorAll("button[data-set]").forEach((button) => {
    button.addEventListener("click", () => {
      choose(Number(button.dataset.set), button.dataset.label);
      document.getElementById("students").scrollIntoView({ behavior: "smooth" });
    });
  });
  build();
  document.documentElement.dataset.ready = "yes";
})();
