"""Whose entry goes to whom on a platform, and which entries are sent: what a person wrote there stays unless we are told."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum

from grader.classroom.gradebooks.filling import Entry, scaled
from grader.classroom.intake.roster import Names, Student
from grader.classroom.platforms.entering import Assignment, Person, Platform, Standing, Wanted, plain
from grader.classroom.platforms.sent import Ours, is_met
from grader.frozen import frozen


class Kind(StrEnum):
    """What becomes of an entry; the first four are sent."""

    NEW = "new"
    CHANGED = "changed"
    OVERWRITTEN = "overwritten"  # a person's, with --yes
    EXCUSED = "excused"
    SAME = "same"
    KEPT = "kept"  # a person's
    HELD = "held"
    UNKNOWN = "unknown"  # nobody of the platform's course, or two
    NO_EXCUSES = "no excuses"  # the platform knows none


SENT = (Kind.NEW, Kind.CHANGED, Kind.OVERWRITTEN, Kind.EXCUSED)


@frozen
class Item:
    """One student's entry: what becomes of it, what stands there and what is wanted. `person` is None where UNKNOWN."""

    student: str
    kind: Kind
    person: Person | None = None
    there: Standing | None = None
    wanted: Wanted | None = None
    note: str = ""


@frozen
class Wish:
    """What is to be entered for a student, the comment that goes with it, and whether a person's word may be overwritten."""

    entry: Entry
    comment: str = ""
    may_overwrite: bool = False


def plan(
    platform: Platform,
    assignment: Assignment,
    wishes: Mapping[str, Wish],
    students: Sequence[Student],
    ours: Mapping[str, Ours],
) -> list[Item]:
    """What becomes of each wish, in their order."""
    people, doubts = matched(assignment.people, students)
    found = []
    for student, wish in wishes.items():
        if wish.entry.is_held:
            found.append(Item(student, Kind.HELD))
        elif student not in people:
            found.append(Item(student, Kind.UNKNOWN, note=doubts.get(student, "nobody there is called so")))
        else:
            there = assignment.standing.get(people[student].id)
            item = Item(student, Kind.NEW, people[student], there)
            found.append(decided(item, wish, assignment.out_of, ours.get(student, Ours()), platform))
    return found


def decided(item: Item, wish: Wish, out_of: float, ours: Ours, platform: Platform) -> Item:
    """The item with what becomes of it, by what stands there and what we sent."""
    there, wanted, kind = item.there or Standing(), _wanted(wish, out_of), Kind.CHANGED
    if wanted.is_excused and not platform.can_excuse:
        return replace(item, kind=Kind.NO_EXCUSES, wanted=wanted)
    is_there = is_met(wanted, there)
    if item.there is None and ours.last:  # the platform does not tell, but it acknowledged this
        is_there = is_met(wanted, Standing(ours.last.points, ours.last.out_of, ours.last.is_excused))
    is_said = not wanted.comment or _is_said(wanted.comment, there, ours)
    if is_there and is_said:
        return replace(item, kind=Kind.SAME, wanted=wanted)
    if _is_a_persons(there, ours, is_there, platform):
        kind = Kind.OVERWRITTEN if wish.may_overwrite else Kind.KEPT
    elif wanted.is_excused:
        kind = Kind.EXCUSED
    elif there.points is None and not there.is_excused:
        kind = Kind.NEW
    comment = wanted.comment
    if platform.adds_comments:
        comment = "" if is_said else comment  # else it would stand there twice
    elif not comment and kind is not Kind.OVERWRITTEN:
        comment = "\n".join(map(plain, there.comments))  # ours from before: it stays
    return replace(item, kind=kind, wanted=replace(wanted, comment=comment))


def _wanted(wish: Wish, out_of: float) -> Wanted:
    entry = wish.entry
    if entry.is_excused:
        return Wanted(is_excused=True, comment=wish.comment)
    return Wanted(float(scaled(entry.points, entry.most, out_of)), out_of or entry.most, comment=wish.comment)


def _is_said(comment: str, there: Standing, ours: Ours) -> bool:
    """Whether a comment stands there, or was acknowledged and a person took it away."""
    before = (ours.last.comment,) if ours.last else ()
    return plain(comment) in map(plain, (*there.comments, *before))


def _is_a_persons(there: Standing, ours: Ours, is_there: bool, platform: Platform) -> bool:
    """Whether a person wrote what would be replaced: another grade or excuse than we sent, or another comment."""
    has_grade = there.is_excused or there.points is not None
    has_words = not platform.adds_comments and not all(map(ours.said, there.comments))
    return (has_grade and not is_there and not ours.has(there)) or has_words


def matched(people: Sequence[Person], students: Sequence[Student]) -> tuple[dict[str, Person], dict[str, str]]:
    """(each student's person, why others have none). Two people for one student are none.

    The platform's own number counts only where the name agrees, because a roster's numbers may be of another kind.
    """
    known, called = Names(students), {student.id: student for student in students}
    found: dict[str, list[Person]] = {}
    for person in people:
        student = known.find(*person.ids, *person.names)
        if student is None and (by_number := known.find(person.id)):
            name = called[by_number].name
            student = by_number if name and Names([called[by_number]]).find(*person.names) else None
        if student is not None:
            found.setdefault(student, []).append(person)
    doubts = {
        student: f"{len(those)} people there are called so ({', '.join(_called(those))})"
        for student, those in found.items()
        if len(those) > 1
    }
    return {student: those[0] for student, those in found.items() if len(those) == 1}, doubts


def _called(people: Sequence[Person]) -> Iterator[str]:
    for person in people:
        yield next(iter(person.ids), person.id)
