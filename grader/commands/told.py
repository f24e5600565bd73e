"""Print the messages of a class run, one line each, on the terminal of whoever started it."""

from collections import Counter
from collections.abc import Sequence

from rich.console import Console

from grader.classroom.gradebooks import exports
from grader.classroom.marking import lateness
from grader.classroom.marking.counting import counted
from grader.classroom.marking.decisions import every, standing
from grader.classroom.marking.running import Change, Plan
from grader.classroom.marking.store import Store
from grader.record import Kind, Outcome
from grader.text import one_line

MOST_SHOWN = 40  # lines of one kind; --csv has all


def tell_late(store: Store, console: Console) -> None:
    if not any(lateness.known(store).times.values()):
        return  # reading every report takes a while, and nobody can be late
    counts = [(record.penalty, record.slip_days) for record in counted(store)]
    late = [lost for lost, _ in counts if lost]
    if slips := sum(days for _, days in counts):
        say(console, f"{slips} slip day{'s' * (slips != 1)} used up.")
    if late:
        lost = exports.decimal(sum(late))
        say(
            console,
            f"{len(late)} handed in late; that takes {lost} points off, which --csv has in a column of its own.",
        )


def tell_records(store: Store, console: Console) -> None:
    lines = store.lines().values()
    counts = Counter(str(line.outcome) for line in lines)
    how = ", ".join(f"{counts[outcome]} {outcome}" for outcome in Outcome if counts[outcome])
    say(console, f"{len(lines)} record{'s' * (len(lines) != 1)} in {store.database.name}: {how}.")
    tell_decisions(store, console)


def tell_decisions(store: Store, console: Console) -> None:
    """Remind whoever marks that people decided about some, and of what goes to nobody; nothing where nobody did."""
    decided = [one for those in standing(every(store)).values() for one in those]
    held = sum(one.kind is Kind.HOLD for one in decided)
    if decided:
        what = f"{len(decided)} decision{'s' * (len(decided) != 1)} by hand stand{'s' * (len(decided) == 1)}"
        say(console, what + (f"; {held} of them hold{'s' * (held == 1)} a result back." if held else "."))


def told_stale(planned: Plan, console: Console) -> int:
    if count := len(planned.stale):
        why = " and ".join(f"the {reason}" for reason in planned.reasons)
        say(console, f"{count} records are stale: {why} changed since. --regrade shows whose points that would change.")
    return 0


def told_unread(unread: Sequence[str], console: Console) -> int:
    """Name what could not be read; 1 if there is any of it."""
    if not unread:
        return 0
    say(console, f"{len(unread)} could not be read; the next run tries again:")
    say_some(console, [one_line(words, 200) for words in unread])
    return 1


def as_line(change: Change) -> str:
    difference = change.after - change.before
    return f"{one_line(change.name or change.student, 60)}  {change.unit}  {change.before} → {change.after}  ({difference:+})"


def say_some(console: Console, lines: Sequence[str]) -> None:
    """A line below the last one for each, and how many more there are."""
    for line in lines[:MOST_SHOWN]:
        say(console, f"  {line}")
    if len(lines) > MOST_SHOWN:
        say(console, f"  … and {len(lines) - MOST_SHOWN} more")


def say(console: Console, text: str) -> None:
    console.print(text, soft_wrap=True)
