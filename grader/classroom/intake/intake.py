"""Intake: who handed in what for which unit. Each student gets exactly one submission for each unit."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from grader.classroom.intake.archives import entries
from grader.classroom.intake.codepages import other_readings
from grader.classroom.intake.handed_in import HandIn
from grader.classroom.intake.kept import Shelf
from grader.classroom.intake.naming import places
from grader.classroom.intake.of_units import Units
from grader.classroom.intake.place import Place, shown
from grader.classroom.intake.roster import Names, Student, compact
from grader.classroom.intake.sorting import hand_in, sort
from grader.errors import GraderError
from grader.frozen import frozen
from grader.text import listed, one_line


@frozen
class Intake:
    """What a class handed in. `strays` are files that are nobody's, `lost` archive members without a usable name.

    `strangers` handed in and are not on the roster, which has `expected` students; there is none where that is 0.
    """

    hand_ins: list[HandIn]
    students: list[Student]
    units: list[str]
    strays: list[str]
    lost: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()
    expected: int = 0

    @property
    def unread(self) -> list[str]:
        """Everything that was handed in and could not be read, each once, with the reason."""
        return list(dict.fromkeys([*self.lost, *(words for hand_in in self.hand_ins for words in hand_in.unread)]))


def take(
    source: Path, course: Units, scratch: Path, roster: Sequence[Student] = (), only: Collection[str] = ()
) -> Intake:
    """Take in a folder or an archive: one hand-in for each student and unit, in the order of the roster.

    `only` names the units to take, by default those for which somebody handed something in. `scratch` is an empty
    folder for the bytes until they are graded.
    """
    known = Names(roster)
    units = {unit: course.exercises[unit] for unit in only or course.exercises}
    everything = entries(source, scratch)
    usable = [entry for entry in everything if not entry.is_nobodys]
    found = list(places(usable, _plain_name(source), course.exercises, lambda name: bool(known.find(name))))
    people, theirs = _owned(found, roster, known)
    shelves = {name: sort(theirs[name], course, only) for name in people}
    wanted = [unit for unit in units if only or any(unit in shelf.files for shelf in shelves.values())]
    if not wanted:
        unread = [broken.words for shelf in shelves.values() for each in shelf.broken.values() for broken in each]
        raise GraderError(
            f"nothing in {source} is for a unit of this course; name the unit with --unit, one of {', '.join(units)}"
            + (f"; what could not be read: {listed(unread, 3)}" if unread else "")
        )
    on_roster, kept = {student.id for student in roster}, Shelf(scratch)
    return Intake(
        [
            hand_in(name, unit, shelves[name], str(source), bool(roster) and name not in on_roster, kept, only)
            for name in people
            for unit in wanted
        ],
        list(people.values()),
        wanted,
        [shown(place.entry) for place in found if not place.owners],
        tuple(f"{shown(entry)}: {entry.problem}" for entry in everything if entry.is_nobodys),
        tuple(name for name in people if roster and name not in on_roster),
        len(roster),
    )


def _owned(
    found: Sequence[Place], roster: Sequence[Student], known: Names
) -> tuple[dict[str, Student], dict[str, list[Place]]]:
    """(all students, those on the roster first and in its order; the files of each)."""
    people: dict[str, Student] = {student.id: student for student in roster}
    theirs: dict[str, list[Place]] = defaultdict(list)
    for place in found:
        for owner in place.owners:
            name, page = known.find(owner.id, *owner.others), place.entry.page
            if page and not name:  # the roster decides between the possible readings
                name = known.find(*other_readings(owner.id, page))
                note = "" if name else f"its name is not in UTF-8; it was read as code page {page}"
                place = replace(place, note="; ".join(filter(None, [place.note, note])))
            place = _told_of(place, owner, name, people)
            name = name or owner.id
            old = people.get(name, Student(name))
            people[name] = replace(old, others=tuple(dict.fromkeys([*old.others, owner.id, *owner.others])))
            theirs[name].append(place)
    return people, theirs


def _told_of(place: Place, owner: Student, name: str | None, people: dict[str, Student]) -> Place:
    """The place with a note where the platform's number led to a student whom the roster calls quite differently."""
    if not name or not place.number or not people[name].name:
        return place
    if Names([people[name]]).find(owner.id) or any(
        compact(word) in compact(owner.id) for word in people[name].name.split()
    ):
        return place
    words = f"found by the number {place.number}: the download calls this student {one_line(owner.id, 60)}"
    return replace(place, note="; ".join(filter(None, [place.note, words])))


def _plain_name(source: Path) -> str:
    name = source.resolve().name
    return name if source.is_dir() else name.partition(".")[0] or name
