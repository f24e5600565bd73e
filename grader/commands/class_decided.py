"""The steps of `grade class adjust`: read what is wanted, check it against the class, append it, say it."""

import os
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from grader.classroom.gradebooks.by_hand import sentence
from grader.classroom.marking.deciding import Roll, checked, read_decisions, roll_of
from grader.classroom.marking.decisions import decide, every, standing, undo
from grader.classroom.marking.store import Store
from grader.commands.class_wishes import Wish
from grader.errors import GraderError
from grader.record import Decision, Kind
from grader.render.terminal import make_console
from grader.text import listed, one_line

FOLDER = "`adjust` is a word of `grade class`; to mark the folder of that name, write `grade class ./adjust`."


def adjust(wish: Wish) -> None:
    """Run the command; GraderError if anything cannot be meant so, and then nothing was decided."""
    console = make_console()
    with Store(wish.db, is_new=False) as store:
        if not _is_wanted(wish):
            if wish.student:
                raise GraderError("say what is decided: --points, --comment, --hold, --excuse or --due; see --help")
            _list(store, console)
            return
        wanted = _wanted(wish, roll_of(store))
        new = decide(store, wanted)
    for one in new:
        console.print(Text(line(one)), soft_wrap=True)
    if same := len(wanted) - len(new):
        console.print(f"{same} stood already; nothing was decided twice.")


def line(one: Decision) -> str:
    """A decision on one line, with the number that undoes it."""
    return f"{one.number:>4}  {one_line(one.student, 60)}: {one_line(sentence(one), 400)}"


def _is_wanted(wish: Wish) -> bool:
    return any((wish.points, wish.comment is not None, wish.hold, wish.excuse, wish.due, wish.table, wish.undo))


def _wanted(wish: Wish, roll: Roll) -> list[Decision]:
    """Every decision that was asked for, checked."""
    found = [checked(undo(number, wish.by, wish.why), roll) for number in wish.undo]
    if wish.table:
        if wish.student:
            raise GraderError("name one student, or a table with --from, not both")
        rows, strangers = read_decisions(wish.table, roll, wish.by, wish.why, wish.yes)
        if strangers:
            raise GraderError(f"{wish.table} names nobody of the class: {listed(strangers)}; nothing was decided")
        return [*found, *rows]
    return [*found, *_one_by_one(wish, roll)]


def _one_by_one(wish: Wish, roll: Roll) -> list[Decision]:
    wanted = [
        (Kind.POINTS, wish.points),
        (Kind.COMMENT, wish.comment),
        (Kind.HOLD, "" if wish.hold else None),
        (Kind.EXCUSE, "" if wish.excuse else None),
        (Kind.DUE, wish.due),
    ]
    kinds = [(kind, value) for kind, value in wanted if value is not None]
    if not kinds:
        return []
    if not wish.student or not wish.target:
        raise GraderError(
            'name the student and the unit or exercise: grade class adjust "Ada Abebe" attention.softmax …'
        )
    student, (unit, exercise) = roll.student(wish.student), roll.target(wish.target)
    return [
        checked(Decision(student, unit, kind, value, exercise, wish.by, wish.why), roll, wish.yes)
        for kind, value in kinds
    ]


def _list(store: Store, console: Console) -> None:
    """Print what stands, in the order of deciding."""
    if Path("adjust").is_dir() and not os.path.islink("adjust"):
        console.print(FOLDER, soft_wrap=True)
    stands: Sequence[Decision] = [one for those in standing(every(store)).values() for one in those]
    for one in sorted(stands, key=lambda one: one.number):
        console.print(Text(f"{line(one)}  ({one.at})"), soft_wrap=True)
    count = len(stands)
    console.print(f"{count} decision{'s' * (count != 1)} stand{'s' * (count == 1)} in {store.database.name}.")
