"""`grade class … --extensions CSV`: single students' own due dates, which are decisions by a person like all others."""

from collections.abc import Sequence

from rich.console import Console

from grader.classroom.marking.deciding import read_decisions, roll_of
from grader.classroom.marking.decisions import decide, every, standing
from grader.classroom.marking.store import Store
from grader.commands.class_options import Options
from grader.commands.class_wishes import login
from grader.commands.told import say
from grader.errors import GraderError
from grader.record import Kind
from grader.text import listed


def extend(store: Store, units: Sequence[str], options: Options, console: Console) -> None:
    """Decide what the table says, once; GraderError if it decides anything else, or nothing that can be meant so."""
    if not options.extensions:
        return
    found, strangers = read_decisions(options.extensions, roll_of(store, units), login() or "a table", "an extension")
    if other := next((one for one in found if one.kind is not Kind.DUE), None):
        raise GraderError(
            f"{options.extensions} decides more than due dates ({other.kind}); `grade class adjust --from` takes such a table"
        )
    log = every(store)
    before = {(one.student, one.unit, one.value) for one in log if one.kind is Kind.DUE}
    stands = {(one.student, one.unit, one.value) for those in standing(log).values() for one in those}
    told = [(one.student, one.unit, one.value) for one in found]
    # the same command is given for every run: what somebody decided since must not be decided anew by it
    new = decide(store, [one for one, what in zip(found, told, strict=True) if what not in before])
    if since := sum(what in before - stands for what in told):
        say(
            console,
            f"{since} due date{'s' * (since != 1)} in {options.extensions} were changed by hand since; that stays.",
        )
    if new:
        say(console, f"{len(new)} due date{'s' * (len(new) != 1)} of single students noted from {options.extensions}.")
    if strangers:
        say(console, f"{options.extensions} has due dates of nobody here: {listed(strangers)}")
