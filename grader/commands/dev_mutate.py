"""`grade dev mutate`: do the checks catch every small slip in a reference?"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from grader.authoring import survivors
from grader.authoring.mutation import EQUIVALENT, KILLED, SURVIVED, Verdict
from grader.authoring.survivors import Change
from grader.authoring.trials import tried
from grader.commands.courses import the_course
from grader.commands.dev_author import TABLE_WIDTH, exercises_of
from grader.commands.writing import destination
from grader.course.course import Course
from grader.render.terminal import make_console

LEAST = 0.97  # of the mutants that change an answer must lose points


def mutate(course_dir: str | None, targets: Sequence[str], seeds: int, jobs: int, record: str | None) -> int:
    """Try every mutant and print the table and the survivors; returns the exit status."""
    course = the_course(course_dir)
    known, chosen = known_survivors(record), without_runs(course, targets)
    verdicts = tried_all(course.root, chosen, range(seeds), jobs)
    reasons = survivors.updated(known, verdicts)
    if record:
        with destination(record) as file:
            file.write(survivors.dump(reasons))
    console = make_console(least=TABLE_WIDTH)
    console.print(_table(verdicts))
    surviving = [verdict for verdict in verdicts if verdict.fate == SURVIVED]
    for verdict in surviving:
        console.print(_told(verdict, reasons), soft_wrap=True)
    return _status(console, verdicts, surviving, reasons)


def known_survivors(record: str | None) -> dict[Change, str]:
    """The reasons for survivors that a file has; none without a file."""
    return survivors.load(Path(record)) if record else {}


def without_runs(course: Course, targets: Sequence[str]) -> list[tuple[str, str]]:
    """The exercises that are asked for, but for training runs, which have no single right answer."""
    found = exercises_of(course, targets)
    return [(unit, name) for unit, name in found if not course.solutions(unit).exercises[name].is_run]


def tried_all(
    root: Path, chosen: Sequence[tuple[str, str]], seeds: range, jobs: int, tells: bool = False
) -> list[Verdict]:
    """The verdicts on all mutants of the chosen exercises, in their order, with a bar while they are tried."""
    columns = [TextColumn("mutating"), BarColumn(), MofNCompleteColumn()]
    console = make_console(stderr=True)
    found = {}
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("mutating", total=len(chosen))
        for exercise, verdicts in tried(root, chosen, seeds, jobs, tells):
            found[exercise] = verdicts
            progress.advance(bar)
    return [verdict for exercise in chosen for verdict in found[exercise]]


def _table(verdicts: Sequence[Verdict]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("exercise")
    for head in ("mutants", "equivalent", "killed", "survivors", "of those that change an answer"):
        table.add_column(head, justify="right")
    exercises = list(dict.fromkeys(verdict.exercise for verdict in verdicts))
    groups = {name: [name] for name in exercises}
    for unit in dict.fromkeys(name.partition(".")[0] for name in exercises):
        groups[f"{unit}, all"] = [name for name in exercises if name.startswith(f"{unit}.")]
    for label, names in (groups | {"all": exercises}).items():
        fates = [verdict.fate for verdict in verdicts if verdict.exercise in names]
        counts = [fates.count(fate) for fate in (EQUIVALENT, KILLED, SURVIVED)]
        table.add_row(
            Text(label, "red" if counts[2] and label in exercises else ""),
            *(str(n) for n in (len(fates), *counts)),
            f"{_share(fates):.1%} killed",
        )
    return table


def _share(fates: Sequence[str]) -> float:
    changing = len(fates) - fates.count(EQUIVALENT)
    return fates.count(KILLED) / changing if changing else 1.0


def _told(verdict: Verdict, reasons: Mapping[Change, str]) -> Text:
    mutant, reason = verdict.mutant, reasons.get(verdict.change, "")
    text = (
        f"{verdict.exercise}, line {mutant.line} ({mutant.kind}): {mutant.before} → {mutant.after}\n    {verdict.why}"
    )
    return Text(f"· {text}\n    left: {reason}") if reason else Text(f"✗ {text}", "red")


def _status(console, verdicts: Sequence[Verdict], surviving: Sequence[Verdict], reasons: Mapping[Change, str]) -> int:
    share = _share([verdict.fate for verdict in verdicts])
    unexplained = sum(not reasons.get(verdict.change) for verdict in surviving)
    if unexplained:
        console.print(Text(f"✗ {unexplained} survivors without a reason", "red"))
    if share < LEAST:
        console.print(
            Text(f"✗ {share:.1%} of the mutants that change an answer lose points, {LEAST:.0%} are asked", "red")
        )
    if unexplained or share < LEAST:
        return 1
    console.print(Text(f"✓ {share:.1%} of the mutants that change an answer lose points", "green"))
    return 0
