"""`grade hint`, `grade explain`, `grade reset`: show what a key has on an exercise, or put its stub back."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.markdown import Markdown
from rich.padding import Padding
from rich.text import Text

from grader.commands.courses import the_course
from grader.course.course import Course
from grader.course.other_ways import other_ways
from grader.errors import CourseError, GraderError
from grader.files import cannot_write, kept_aside, replacing
from grader.key import ExerciseKey
from grader.practice.hints import next_hint
from grader.practice.progress import has_passed
from grader.render.maths import plain
from grader.render.terminal import WIDTH, indented, make_console

PICTURE = re.compile(r"!\[[^\]]*\]\((?P<file>[\w.-]+)\)\n\n\*")

FOLDED = re.compile(r"(?<=\S)\n(?=[^\s*-])")  # a line break inside a paragraph, which a terminal makes anew


def hint(course_dir: str | None, name: str, step: int | None) -> None:
    """Print one hint of an exercise: the one asked for, or one more than last time."""
    course, unit, exercise = find_exercise(the_course(course_dir), name)
    name = f"{unit}.{exercise.name}"
    step = next_hint(course.root, name, step, len(exercise.hints))
    console = make_console()
    console.print(Text(exercise.hints[step - 1]), width=min(console.width, WIDTH))
    if step < len(exercise.hints):
        console.print(Text(f"\nhint {step} of {len(exercise.hints)}; one more: grade hint {name}", "dim"))
    else:
        console.print(Text(f"\nhint {step} of {step}; the handout: grade explain {name}", "dim"))


def explain(course_dir: str | None, name: str) -> None:
    """Print an exercise's signature, handout, claims and points, and the exercises that it builds on.

    After a pass there are all its hints and, where the course's solutions are, other ways to write it.
    """
    course, unit, exercise = find_exercise(the_course(course_dir), name)
    console = make_console()
    width = min(console.width, WIDTH)
    _explained(course, unit, exercise, console, width)
    if has_passed(course.root, f"{unit}.{exercise.name}"):
        _looked_back(exercise, other_ways(course.root / "solutions" / unit, exercise.name), console, width)


def _explained(course: Course, unit: str, exercise: ExerciseKey, console: Console, width: int) -> None:
    signature, _, rest = exercise.summary.partition("\n")
    console.print(Text(f"{unit}.{exercise.name}", "bold").append(f"  {exercise.points} points", "dim"))
    console.print()
    console.print(Text(signature, "cyan"), soft_wrap=True)
    console.print(Padding(Text(FOLDED.sub(" ", rest.strip())), (0, 0, 1, 4)), width=width)
    handout = _without_pictures(_readable(exercise.handout), course.assignment(unit).parent)
    console.print(Markdown(handout), width=width)
    console.print(Text("\nWhat is checked", "bold"))
    for check in exercise.checks:
        console.print(Padding(Text(f"{check.points}  {check.claim}"), (0, 0, 0, 2)), width=width)
    labels = "; ".join(
        dict.fromkeys(exercise.questions[group[0]].label for check in exercise.checks for group in check.groups)
    )
    console.print(Text(f"\nCases: {labels}", "dim"), width=width)
    for words, names in course.settings.links(f"{unit}.{exercise.name}").items():
        console.print(Text(f"{words}: {', '.join(names)}", "dim"), width=width)


def _looked_back(exercise: ExerciseKey, ways: Mapping[str, str], console: Console, width: int) -> None:
    """What somebody may read who has found an answer."""
    console.print(Text("\nYou have passed it. Its hints", "bold"))
    for number, hint in enumerate(exercise.hints, 1):
        console.print(indented(Text(hint), 5, width, Text(str(number))))
    for how, text in ways.items():
        console.print(Text(f"\nAnother way to write it: {how}", "bold"))
        console.print(Padding(Text(text, "cyan"), (0, 0, 0, 2)), soft_wrap=True)


def _readable(markdown: str) -> str:
    """The handout with its formulas as Unicode text; unchanged if one of them cannot be converted."""
    try:
        return plain(markdown)
    except ValueError:
        return markdown


def _without_pictures(markdown: str, folder: Path) -> str:
    """The handout with each picture replaced by its caption and path, because a terminal shows no pictures."""
    place = f"{os.path.relpath(folder)}{os.sep}"
    return PICTURE.sub(lambda found: f"*{place}{found['file']}:* *", markdown)


def reset(course_dir: str | None, name: str) -> None:
    """Put an exercise's stub back into the student's file and keep a copy of the file as it was."""
    course, unit, exercise = find_exercise(the_course(course_dir), name)
    path = course.assignment(unit)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise GraderError(f"cannot read {path}: {error}") from None
    try:
        with replacing(path) as file:  # refuses what it cannot replace before a copy is made
            backup = kept_aside(path, ".bak")
            file.write(with_stub(text, exercise.name, exercise.stub).encode())
    except OSError as error:
        raise cannot_write(path, error, "it is as it was") from None
    make_console().print(Text(f"{unit}.{exercise.name} is a stub again; your file as it was: {backup}"), soft_wrap=True)


def with_stub(text: str, name: str, stub: str) -> str:
    """The text with the top-level definition of `name` replaced by its stub, or the stub added at the end.

    It goes by lines, not by syntax: what is reset is often what does not parse.
    """
    from grader.sandbox.inside.reading import block

    lines = text.split("\n")
    heads = [i for i, line in enumerate(lines) if re.match(rf"(?:async\s+)?(?:def|class)\s+{re.escape(name)}\b", line)]
    if not heads:
        return f"{text.rstrip()}\n\n\n{stub}"
    first, last = block(lines, heads[-1] + 1)
    while last > first and (not lines[last - 1].strip() or lines[last - 1].startswith("#")):
        last -= 1
    return "\n".join([*lines[:first], *stub.rstrip("\n").split("\n"), *lines[last:]])


def find_exercise(course: Course, name: str) -> tuple[Course, str, ExerciseKey]:
    """(the course, the unit, the exercise) of `unit.exercise`; CourseError for another name, and for a unit's."""
    unit, exercise = course.resolve(name)
    if not exercise:
        names = ", ".join(course.exercises(unit))
        raise CourseError(f"{name} is a unit; name one of its exercises, as {unit}.NAME: {names}")
    return course, unit, course.key(unit, [exercise]).exercise(exercise)
