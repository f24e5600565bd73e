"""Which hint is next: one more than last time, remembered in a course's progress."""

from dataclasses import replace
from pathlib import Path

from grader.errors import GraderError
from grader.files import data_folder
from grader.practice.progress import Progress, file_of, load, update


def next_hint(course: Path, exercise: str, asked: int | None, most: int) -> int:
    """The number of the hint to show, which is remembered: the one asked for, or one more than last time, up to the last.

    GraderError for a number that there is not.
    """
    if asked is not None and not 1 <= asked <= most:
        raise GraderError(f"{exercise} has {most} hints; STEP goes from 1 to {most}")
    path = file_of(data_folder(), course)
    step = asked or min(load(path).of(exercise).hints + 1, most)

    def with_hints(progress: Progress) -> Progress:
        memory = progress.of(exercise)
        return progress.with_memory(exercise, replace(memory, hints=max(memory.hints, step)))

    update(path, course, with_hints)
    return step
