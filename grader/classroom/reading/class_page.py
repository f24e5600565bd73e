"""The class report as one HTML page: what the class has not understood, and which submissions need a look.

The page's script builds the table of students from data, so that a thousand students load quickly; everything else
works without scripts.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from grader.classroom.gradebooks.by_hand import what
from grader.classroom.reading import chart, pages
from grader.classroom.reading import statistics as figures
from grader.classroom.reading.called import called
from grader.classroom.reading.cells import cells
from grader.classroom.reading.looks import Look, needs_a_look
from grader.classroom.reading.pages import text
from grader.classroom.reading.statistics import ExerciseFigures, NamedMistake, SameAnswer, percent
from grader.frozen import frozen
from grader.record import Record

MAX_RETEACH, MAX_MISTAKES, MAX_GROUPS, MAX_LOOKS = 5, 15, 12, 100
DEFINITIONS = (
    "Difficulty is the mean share of an exercise's points among all who handed in: 1 is easy, 0 is hard. Discrimination is "
    "the correlation of an exercise's points with the points for the rest of its unit: near 0 or below, the exercise does not "
    "tell those who know the unit from those who do not, and deserves a look itself. Shares of a mistake are of those "
    "who wrote something for the exercise."
)


@frozen
class Sets:
    """Groups of students that a click on the page selects; each is a list of indices into the table of students."""

    places: dict[str, int]
    found: list[list[int]]

    def button(self, students: Sequence[str], label: str, shown: str) -> str:
        """A button that shows only these students."""
        self.found.append(sorted(self.places[student] for student in set(students)))
        number = len(self.found) - 1
        return (
            f'<button type="button" class="link" data-set="{number}" data-label="{text(label, 120)}">{shown}</button>'
        )


def render(records: Sequence[Record], title: str, made: str = "") -> str:
    """The page. `title` is the course's; `made` says when and from what, and may be empty."""
    by_student = figures.by_student(records)
    exercises = figures.exercise_figures(records)
    mistakes = figures.named_mistakes(records)
    looks, names = needs_a_look(records), called(records)
    sets = Sets({student: place for place, student in enumerate(by_student)}, [])
    numbers = _numbers(exercises)
    body = [
        _header(records, title, made),
        _facts(records, by_student, looks),
        _first_view(records, exercises, mistakes),
        _exercises(exercises, numbers),
        _mistakes(mistakes, sets),
        _same_answers(figures.same_answers(records), sets),
        _looks(looks, sets, names),
        _decided(records, names),
        _students(exercises),
        _footer(records, names),
    ]
    data = cells(by_student, exercises, looks, sets.found, names)
    return pages.document(title, "\n".join(body), pages.asset("pages.css"), pages.asset("students_table.js"), data)


def write(records: Iterable[Record], path: Path, title: str = "Class report", made: str = "") -> None:
    """Put the page into a file, whole or not at all."""
    pages.write(path, render(list(records), title, made))


def _numbers(items: Sequence[ExerciseFigures]) -> dict[str, int]:
    """Each exercise's number in its unit: the heading of its column in the students' table."""
    counts: dict[str, int] = {}
    numbers = {}
    for item in items:
        unit = item.id.partition(".")[0]
        numbers[item.id] = counts[unit] = counts.get(unit, 0) + 1
    return numbers


def _header(records: Sequence[Record], title: str, made: str) -> str:
    units = ", ".join(dict.fromkeys(record.unit for record in records))
    parts = [item for item in (text(units), text(made)) if item]
    return f'<header><h1>{text(title)}</h1><p class="meta">{" · ".join(parts)}</p></header>'


def _facts(records: Sequence[Record], by_student: dict[str, list[Record]], looks: Sequence[Look]) -> str:
    spread = figures.distribution(records)
    handed = sum(any(record.report for record in items) for items in by_student.values())
    full = sum(share == 1 for share in spread.shares)
    facts = [
        ("Handed in", f"{handed} <small>of {len(by_student)}</small>"),
        ("Median", _share(spread.median)),
        ("Mean", f"{_share(spread.mean)} <small>{_spread(spread.deviation)}</small>"),
        ("Middle half", f"{_share(spread.quartiles[0])} <small>to</small> {_share(spread.quartiles[2])}" if spread.quartiles else "–"),
        ("All points", str(full)),
        ("Need a look", str(len({look.student for look in looks}))),
    ]  # fmt: skip
    return (
        '<dl class="facts">' + "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts) + "</dl>"
    )


def _share(value: float | None) -> str:
    return "–" if value is None else percent(value)


def _spread(value: float | None) -> str:
    return "" if value is None else f"± {percent(value)}"


def _first_view(records: Sequence[Record], items: Sequence[ExerciseFigures], mistakes: Sequence[NamedMistake]) -> str:
    spread = figures.distribution(records)
    note = f"{len(spread.shares)} students who handed in, by their share of all points."
    left = pages.section("Distribution", chart.histogram(spread), "distribution", note)
    found = figures.reteach(items, mistakes)
    shown = "".join(
        f"<li><b>{text(item.exercise)}</b>{''.join(f'<p>{text(reason)}</p>' for reason in item.reasons)}</li>"
        for item in found[:MAX_RETEACH]
    )
    more = f'<p class="note">and {len(found) - MAX_RETEACH} more, less costly</p>' if len(found) > MAX_RETEACH else ""
    body = (
        f'<ol class="reteach">{shown}</ol>{more}'
        if found
        else "<p>Nothing stands out: no exercise cost the class much.</p>"
    )
    right = pages.section(
        "Worth teaching again", body, "reteach", "Where the class lost most points, the costliest first."
    )
    return f'<div class="pair">{left}{right}</div>'


def _exercises(items: Sequence[ExerciseFigures], numbers: dict[str, int]) -> str:
    columns = [("num", "No."), ("", "Exercise"), ("num", "Points"), ("wide", "Outcomes"), ("num", "Difficulty"), ("num", "Discrimination"), ("num", "Median time")]  # fmt: skip
    rows, units = [], figures.units_of(items)
    for unit in units:
        if len(units) > 1:
            rows.append(f'<tr><td colspan="{len(columns)}" class="unit">{text(unit)}</td></tr>')
        rows += [_exercise(item, numbers[item.id]) for item in items if item.id.partition(".")[0] == unit]
    names = [("full", "all points"), ("part", "some"), ("none", "tried, none"), ("missing", "not written")]
    key = "".join(
        f'<li><svg aria-hidden="true"><rect class="{css}" width="100%" height="100%"/></svg>{words}</li>'
        for css, words in names
    )
    return pages.section(
        "Exercises", pages.table(columns, rows, "exercises") + f'<ul class="key">{key}</ul>', "exercises", DEFINITIONS
    )


def _exercise(item: ExerciseFigures, number: int) -> str:
    mean = "–" if item.mean is None else f"{item.mean:.1f}"
    time = "–" if item.seconds is None else f"{item.seconds * 1000:.0f} ms"
    odd = item.discrimination is not None and item.discrimination < 0.1 and item.asked >= 4 * figures.FEW
    return (
        f'<tr{" class=flagged" if odd else ""}><td class="num">{number}</td><td>{text(item.id.partition(".")[2])}</td>'
        f'<td class="num">{mean} <span class="soft">of {item.max_points}</span></td><td class="wide">{chart.outcome_bar(item)}</td>'
        f'<td class="num" data-name="Difficulty">{_number(item.difficulty)}</td>'
        f'<td class="num flag" data-name="Discrimination">{_number(item.discrimination)}</td>'
        f'<td class="num" data-name="Median time">{time}</td></tr>'
    )


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}".replace("-", "−")


def _mistakes(items: Sequence[NamedMistake], sets: Sets) -> str:
    def row(item: NamedMistake) -> str:
        count = sets.button(item.students, item.sentence, f"{len(item.students)} of {item.tried}")
        return (
            f'<tr><td class="num">{count}</td><td class="num">{percent(item.share)}</td><td class="bars">{chart.share_bar(item.share)}</td>'
            f'<td><p>{text(item.sentence)}</p><span class="soft">{text(item.exercise)}</span></td></tr>'
        )

    columns = [("num", "Students"), ("num", "Share"), ("bars", ""), ("", "What they were told")]
    body = (
        pages.some(list(items), MAX_MISTAKES, row, columns, "stacked")
        if items
        else "<p>Nobody made a mistake that has a name.</p>"
    )
    return pages.section(
        "Mistakes with a name", body, "mistakes", "Each diagnosis fits every answer that it was made from."
    )


def _same_answers(items: Sequence[SameAnswer], sets: Sets) -> str:
    def row(item: SameAnswer) -> str:
        claim, message = item.findings[0]
        rest = f' <span class="soft">and {len(item.findings) - 1} more</span>' if len(item.findings) > 1 else ""
        hint = f'<p class="soft">{text(item.hint)}</p>' if item.hint else ""
        return (
            f'<tr><td class="num">{sets.button(item.students, f"the same answer to {item.exercise}", str(len(item.students)))}</td>'
            f'<td><p>{text(message)}{rest}</p>{hint}<span class="soft">{text(item.exercise)}: {text(claim)}</span></td></tr>'
        )

    nameless = [item for item in items if not item.mistake]
    named = len(items) - len(nameless)
    note = "Wrong answers equal to the last digit that no named mistake explains: perhaps one that deserves a name."
    if named:
        note += f" {named} more group{'' if named == 1 else 's'} made a mistake that is named above."
    body = (
        pages.some(nameless, MAX_GROUPS, row, [("num", "Students"), ("", "Finding")], "stacked")
        if nameless
        else "<p>None.</p>"
    )
    return pages.section("The same wrong answer", body, "same", note)


def _looks(items: Sequence[Look], sets: Sets, names: Mapping[str, str]) -> str:
    def row(look: Look) -> str:
        reasons = "".join(
            f'<p>{reason.words}{_places(reason.exercises)}<br><span class="soft">{text(reason.message)}</span></p>'
            if reason.message
            else f"<p>{reason.words}{_places(reason.exercises)}</p>"
            for reason in look.reasons
        )
        name = sets.button([look.student], names[look.student], text(names[look.student], 60))
        return f'<tr><td>{name}</td><td class="soft">{text(look.unit)}</td><td>{reasons}</td></tr>'

    body = (
        pages.some(list(items), MAX_LOOKS, row, [("", "Student"), ("", "Unit"), ("", "Why")], "looks")
        if items
        else "<p>Nobody.</p>"
    )
    note = "What ended early, was not allowed, or was not there; the worst first. None of it says what somebody meant."
    return pages.section("Needs a look", body, "look", note)


def _places(exercises: Sequence[str]) -> str:
    if not exercises:
        return ""
    more = f" and {len(exercises) - 1} more" if len(exercises) > 1 else ""
    return f" in {text(exercises[0].partition('.')[2])}{more}"


def _decided(records: Sequence[Record], names: Mapping[str, str]) -> str:
    """What people decided and stands, in the order of the class; empty where nothing is."""
    found = [one for record in records for one in record.decided]
    columns = [("", "Student"), ("", "Decision"), ("", "By"), ("", "Why"), ("num", "Number")]
    rows = [
        f"<tr><td>{text(names.get(one.student, one.student), 80)}</td><td>{text(what(one), 400)}</td><td>{text(one.by, 80)}</td>"
        f'<td class="soft">{text(one.why, 400)}</td><td class="num">{one.number}</td></tr>'
        for one in found
    ]
    note = (
        "Made by people, and changed by no later run. Points in this report count them; --undo NUMBER takes one back."
    )
    return pages.section("Decided by hand", pages.table(columns, rows), "decided", note) if found else ""


def _students(items: Sequence[ExerciseFigures]) -> str:
    units = figures.units_of(items)
    view = ""
    if len(units) > 1:
        options = "".join(f'<option value="{place}">{text(unit)}</option>' for place, unit in enumerate(units))
        view = f'<select id="view" aria-label="Columns"><option value="">All units</option>{options}</select>'
    choices = [("all", "Everybody"), ("look", "Needs a look"), ("absent", "Nothing to mark"), ("below", "Below half"), ("full", "All points")]  # fmt: skip
    which = "".join(f'<option value="{value}">{words}</option>' for value, words in choices)
    controls = (
        '<div class="controls"><input id="find" type="search" placeholder="Find a student" aria-label="Find a student">'
        f'<select id="which" aria-label="Which students">{which}</select>{view}'
        '<button type="button" id="chip" class="chip" hidden></button><output id="count" aria-live="polite"></output></div>'
    )
    empty = (
        '<div class="scroll"><table class="students" id="students-table"><thead></thead><tbody></tbody></table></div>'
    )
    script = "<noscript><p>This table needs the page's own script.</p></noscript>"
    note = "Columns are the exercises' numbers above; a click on a heading sorts. A dot is an exercise that was not written."
    return pages.section("Students", controls + empty + script, "students", note)


def _footer(records: Sequence[Record], names: Mapping[str, str]) -> str:
    spent = figures.timing(records)
    if spent.median is None:
        return "<footer></footer>"
    slowest = ", ".join(
        f"{text(names[student], 60)} ({unit}, {seconds:.2f} s)" for student, unit, seconds in spent.slowest
    )
    return (
        f"<footer><p>Grading took {spent.total:.1f} s of one core in all: half of the submissions at most {spent.median:.2f} s, "
        f"95 % at most {spent.most:.2f} s. The slowest: {slowest}.</p></footer>"
    )
