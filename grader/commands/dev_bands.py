"""`grade dev bands`: measure the losses that correct code reaches, for the band behind students' loss curves."""

from collections.abc import Sequence

from grader.authoring import bands
from grader.commands.courses import the_course
from grader.commands.dev_author import exercises_of
from grader.course.unit import BANDS
from grader.render.terminal import make_console
from grader.sandbox.opening import open_sandbox


def measure(course_dir: str | None, targets: Sequence[str], seeds: int) -> None:
    """Measure the runs among the exercises that are named, all of them by default, and write each unit's file."""
    course = the_course(course_dir)
    console = make_console()
    with open_sandbox() as sandbox:
        for name, run in exercises_of(course, targets):
            unit = course.solutions(name)  # read anew: what was measured of it before is kept
            if not unit.exercises[run].is_run:
                continue
            band = bands.measure(unit, run, range(seeds), sandbox)
            if band or run in unit.bands:
                bands.write(unit, {run: band})
            told = f"kept in solutions/{name}/{BANDS}" if band else "it tells no loss, so it has no band"
            console.print(f"{name}.{run}: {told}", soft_wrap=True)
