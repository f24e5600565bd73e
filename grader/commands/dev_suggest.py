"""`grade dev suggest`: which cases and which mistakes does an exercise lack?"""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.text import Text

from grader.authoring.mutation import Verdict
from grader.authoring.proposals import Proposals, entry, proposals
from grader.authoring.survivors import Change
from grader.commands.courses import the_course
from grader.commands.dev_author import TABLE_WIDTH
from grader.commands.dev_mutate import known_survivors, tried_all, without_runs
from grader.course.course import Course
from grader.render.terminal import make_console

SEEDS = range(1)
SURVIVORS = "keeps every point: add a case in which its answer differs"
UNTOLD = "loses points, and is told nothing: add it as a mistake, if people make it"
GENERAL = "loses points, and gets a general hint: a name of its own says more"


def suggest(
    course_dir: str | None, targets: Sequence[str], jobs: int, shows_general: bool, reasons: str | None
) -> None:
    """Try every mutant, and print what to add for those that keep their points or lose them without a name."""
    course = the_course(course_dir)
    known, chosen = known_survivors(reasons), without_runs(course, targets)
    verdicts = tried_all(course.root, chosen, SEEDS, jobs, tells=True)
    console = make_console(least=TABLE_WIDTH)
    for unit, name in chosen:
        found = proposals(name, [verdict for verdict in verdicts if verdict.exercise == f"{unit}.{name}"])
        _print(console, course, unit, found, known, shows_general)


def _print(
    console: Console, course: Course, unit: str, found: Proposals, known: Mapping[Change, str], shows_general: bool
) -> None:
    unexplained = [verdict for verdict in found.survivors if not known.get(verdict.change)]
    counts = f"{found.changing} slips change an answer: {len(unexplained)} keep every point, {len(found.untold)} are told nothing, {len(found.general)} only in general"
    console.print(Text(f"{unit}.{found.exercise}", "bold").append(f"  {counts}", "not bold"), soft_wrap=True)
    text = course.solutions(unit).text
    _print_group(console, SURVIVORS, unexplained, text, found.exercise)
    _print_group(console, UNTOLD, found.untold, text, found.exercise)
    if shows_general:
        _print_group(console, GENERAL, found.general, text, found.exercise)


def _print_group(console: Console, title: str, verdicts: Sequence[Verdict], text: str, exercise: str) -> None:
    if verdicts:
        console.print(Text(f"  {title}", "dim"))
    for verdict in verdicts:
        mutant, told = verdict.mutant, verdict.told
        console.print(Text(f"  line {mutant.line}: {mutant.before} → {mutant.after}", "bold"), soft_wrap=True)
        console.print(Text(f"      {told.message if told else verdict.why}"), soft_wrap=True)
        if told and told.hint:
            console.print(Text(f"      → {told.hint}"), soft_wrap=True)
        if told and (line := entry(text, exercise, mutant)):
            console.print(Text(f"      {line}", "cyan"), soft_wrap=True)
