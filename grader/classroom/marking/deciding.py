"""What a person wants to decide, held against the class: which student, which exercise, how many points there are."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from grader.classroom.intake.columns import naming
from grader.classroom.intake.roster import Names, Student
from grader.classroom.intake.sheets import number
from grader.classroom.marking import clock
from grader.classroom.marking.store import Store
from grader.classroom.marking.typed_rows import rows_of, shown_name
from grader.errors import GraderError, did_you_mean
from grader.frozen import frozen
from grader.record import Decision, Kind
from grader.text import one_line

LONGEST = 4000  # characters of a text
YES, NO = ("yes", "y", "x", "1", "true", "ja", "oui", "si", "sí"), ("", "no", "n", "0", "false", "nein", "non")
SAID = ("points", "comment", "due")  # columns whose cells are what is decided; in the others it is yes or no
COLUMNS = {"points": Kind.POINTS, "comment": Kind.COMMENT, "hold": Kind.HOLD, "excuse": Kind.EXCUSE, "due": Kind.DUE}


@frozen
class Roll:
    """The class: its students, the points of each exercise by unit, and those of each student's units."""

    students: Sequence[Student]
    worth: Mapping[str, Mapping[str, int]]
    most: Mapping[tuple[str, str], int]

    def student(self, name: str) -> str:
        """The id of the student who is called so; GraderError if nobody is, or if two are."""
        found = Names(self.students).find(name)
        if found is None:
            known = [student.id for student in self.students]
            near = did_you_mean(name, known) if len(known) > 12 or name in known else f"; there is {', '.join(known)}"
            raise GraderError(f"no one student of the class is called {one_line(name, 60)}{near}")
        return found

    def target(self, word: str) -> tuple[str, str]:
        """(unit, exercise or empty) of `unit` or `unit.exercise`; GraderError if the class has no such."""
        unit, _, exercise = word.partition(".")
        if unit not in self.worth:
            raise GraderError(f"the class has no unit {one_line(unit, 60)}{did_you_mean(unit, [*self.worth])}")
        if exercise and exercise not in self.worth[unit]:
            raise GraderError(
                f"{unit} has no exercise {one_line(exercise, 60)}{did_you_mean(exercise, [*self.worth[unit]])}"
            )
        return unit, exercise


def roll_of(store: Store, units: Sequence[str] = ()) -> Roll:
    """The class as the store knows it; `units` are known even where nothing was marked yet."""
    most = {
        (student, unit): points
        for student, unit, points in store.database.execute("SELECT student, unit, max_points FROM records")
    }
    worth: dict[str, dict[str, int]] = {unit: {} for unit in [*units, *(unit for _, unit in most)]}
    for unit in worth:
        one = "SELECT report FROM records WHERE unit = ? AND report IS NOT NULL ORDER BY written DESC LIMIT 1"
        for (report,) in store.database.execute(one, (unit,)):
            exercises = json.loads(report)["exercises"]
            worth[unit] = {item["id"].partition(".")[2]: item["max_points"] for item in exercises}
    students = store.students()
    listed = {student.id for student in students}
    others = dict.fromkeys(who for who, _ in most if who not in listed)
    return Roll([*students, *(Student(who) for who in others)], worth, most)


def checked(one: Decision, roll: Roll, may_exceed: bool = False) -> Decision:
    """The decision as it is kept; GraderError if it cannot be meant so. `may_exceed` lets points exceed the maximum."""
    if not one.by.strip():
        raise GraderError("a decision needs whose it is; say --by NAME")
    if one.kind is not Kind.COMMENT and not one.why.strip():
        raise GraderError(
            f"a decision about {one.target or 'points'} needs a reason, which is kept with it; say --why TEXT"
        )
    if any(len(text) > LONGEST for text in (one.value, one.why, one.by)):
        raise GraderError(f"a text has more than {LONGEST} characters; write a shorter one")
    if one.kind is Kind.UNDO:
        return one
    if one.exercise and one.kind in (Kind.HOLD, Kind.EXCUSE, Kind.DUE):
        raise GraderError(f"{one.kind} is for a whole unit; name {one.unit} instead of {one.target}")
    if one.kind is not Kind.DUE and (one.student, one.unit) not in roll.most:
        raise GraderError(
            f"{one.student} has no record for {one.unit}; mark the class with a roster first, so that everybody has one"
        )
    if one.kind is Kind.DUE and clock.due(one.value) is None:
        raise GraderError(f"{one_line(one.value, 60)} is no due date; write 2026-11-27, or 2026-11-27T18:00:00+01:00")
    if one.kind is Kind.COMMENT and not one.value.strip():
        raise GraderError("the comment is empty; write what the student shall read")
    if one.kind is Kind.POINTS:
        return replace(one, value=_points(one, roll, may_exceed))
    return replace(one, value=one.value.strip())


def _points(one: Decision, roll: Roll, may_exceed: bool) -> str:
    points = number(one.value)
    if points is None or not 0 <= points <= 10**6:
        raise GraderError(f"{one_line(one.value, 60)} is no number of points; write one such as 7 or 7.5")
    most = roll.worth[one.unit][one.exercise] if one.exercise else roll.most[one.student, one.unit]
    if points > most and not may_exceed:
        raise GraderError(f"{one.target} has {most} points, and {points:g} are more; say --yes if you mean it")
    return f"{points:.6f}".rstrip("0").rstrip(".")


def read_decisions(
    path: Path, roll: Roll, by: str, why: str, may_exceed: bool = False
) -> tuple[list[Decision], list[str]]:
    """(decisions, unknown names) of a CSV file with a column for the student, `unit` or `exercise`, and what is decided.

    That is any of points, comment, hold, excuse and due; an empty cell decides nothing. Columns `by` and `why` go
    before the arguments of these names. GraderError, which names the line, for a row that cannot be meant so.
    """
    header, rows = rows_of(path, "decisions")
    names_in, kinds = naming(header), [name for name in COLUMNS if name in header]
    if names_in is None or not kinds:
        raise GraderError(f"{path} needs a column that names a student, and one of {', '.join(COLUMNS)}")
    known, found, strangers = Names(roll.students), [], []
    for line, cells in rows:
        row = dict(zip(header, cells, strict=False))
        try:
            student = known.find(*names_in(cells))
            if student is None:
                strangers.append(shown_name(names_in(cells)))
                continue
            unit, exercise = roll.target(_word(row, roll))
            said = {"by": row.get("by") or by, "why": row.get("why") or why}
            for name in kinds:
                if _is_meant(name, row[name]):
                    value = row[name] if name in SAID else ""
                    one = Decision(student, unit, COLUMNS[name], value, exercise, **said)
                    found.append(checked(one, roll, may_exceed))
        except GraderError as error:
            raise GraderError(f"{path}, line {line}: {error}") from None
    return found, strangers


def _word(row: Mapping[str, str], roll: Roll) -> str:
    """A row's target as one word: from `unit`, `exercise`, or both; the class's only unit where neither says one."""
    unit, exercise = row.get("unit", ""), row.get("exercise", "")
    if exercise.partition(".")[0] in roll.worth and ("." in exercise or not unit):
        return exercise
    if not unit and len(roll.worth) != 1:
        raise GraderError(f"it names no unit, and there are several: {', '.join(roll.worth)}; add a column unit")
    unit = unit or next(iter(roll.worth))
    return f"{unit}.{exercise}" if exercise else unit


def _is_meant(name: str, cell: str) -> bool:
    if name in SAID:
        return bool(cell)
    if cell.casefold() in NO:
        return False
    if cell.casefold() not in YES:
        raise GraderError(f"{one_line(cell, 60)} in the column {name} is neither yes nor no")
    return True
