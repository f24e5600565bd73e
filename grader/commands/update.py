"""`grade update`: a newer course comes into a student's folder, and every answer stays."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from grader.commands.courses import the_course
from grader.commands.init import brought
from grader.course.course import Course
from grader.errors import CourseError
from grader.files import data_folder, locked
from grader.render.terminal import make_console
from grader.text import inert
from grader.updating import came
from grader.updating.newer import files_of, of_folder
from grader.updating.steps import Plan, Step, carry_out, plan

AUTHORS = "{root} has the course's solutions: what lies under assignments/ is built there, with `grade dev build`"
RELEASED = "this folder came as a release of your course: name the newer one with --from DIR, or --from ARCHIVE"
PART = (
    "Whether this folder has been given all units is not known: the units that it has are brought up to date, no others, and "
    "course.toml stays. --from names a release of your course."
)


def update(course_dir: str | None, source: str | None, look: bool) -> None:
    """Bring a newer course into the student's folder, or with `look` say what would change; says what was done."""
    course, console = the_course(course_dir), make_console()
    if (course.root / "solutions").is_dir():
        raise CourseError(AUTHORS.format(root=course.root))
    if look:
        _tell(_planned(course, source, console), [], look=True, console=console)
        return
    folder = data_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / "update.lock"):
        planned = _planned(course, source, console)
        done = carry_out(planned)
    _tell(
        planned,
        [(step.name, aside) for step, aside in done if aside],
        look=False,
        console=console,
        done=[step for step, _ in done],
    )


def _planned(course: Course, source: str | None, console: Console) -> Plan:
    assignments = course.root / "assignments"
    if source is not None:
        return plan(assignments, files_of(Path(source)), came.RELEASE)
    before = came.load(assignments)
    if before.origin == came.RELEASE:
        raise CourseError(RELEASED)
    if before.is_packaged:
        return plan(assignments, of_folder(brought(before.course)), before.origin)
    console.print(Text(PART, "dim"))
    return plan(assignments, of_folder(brought()), "", course.units)


def _tell(
    planned: Plan, kept: Sequence[tuple[str, Path]], look: bool, console: Console, done: Sequence[Step] | None = None
) -> None:
    """A line for each unit that changes, what somebody should look at, and where copies are."""
    changed = planned.changes if done is None else done
    by_unit: dict[str, list[Step]] = defaultdict(list)
    for step in changed:
        unit, is_inside, _ = step.name.partition("/")
        by_unit[unit if is_inside else "the course"].append(step)
    for unit, steps in by_unit.items():
        words = "; ".join(_words(steps, look))
        console.print(Text(unit, "bold").append(f"  {words}", ""), soft_wrap=True)
    for text in dict.fromkeys(text for step in changed for text in step.told):
        console.print(Text(f"  {inert(text)}", "yellow"), soft_wrap=True)
    for name, aside in kept:
        console.print(Text(f"  {name} as it was: {inert(str(aside))}", "dim"), soft_wrap=True)
    if not changed:
        console.print("Everything is up to date.")
    elif look:
        console.print(Text("Nothing was changed. Without --look, this is done.", "dim"))


def _words(steps: Iterable[Step], look: bool) -> list[str]:
    words, files = [], []
    for step in steps:
        if not step.merged:
            files.append(step.name.rpartition("/")[2])
            continue
        for names, what in (
            (step.merged.carried, "answers under a newer heading"),
            (step.merged.new, "new"),
            (step.merged.reworded, "newer stubs of what is not written yet"),
        ):
            if names:
                words.append(f"{what}: {', '.join(names)}")
    if files:
        words.append(f"{'to be replaced' if look else 'replaced'}: {', '.join(files)}")
    return words or ["its file is brought up to date"]
