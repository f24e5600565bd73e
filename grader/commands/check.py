"""`grade [TARGET]...`: find the files and their keys, grade, show."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from grader import report as reports
from grader import submission
from grader.commands.plot import plot as draw
from grader.commands.progress import Done, record
from grader.commands.watching import watching
from grader.commands.writing import append, destination
from grader.course import Course, CourseError, find
from grader.errors import GraderError, OurFault, did_you_mean
from grader.grading import grade
from grader.key import Key, load, load_index
from grader.render import formats, terminal
from grader.render.overview import render_overview
from grader.render.places import Places, knows_links
from grader.report import Finding, Report, Status
from grader.sandbox.server import Sandbox
from grader.submission import SubmissionError
from grader.training import ON_CPU, Training

if TYPE_CHECKING:
    from grader.unit import Unit

SUFFIXES = (".py", ".ipynb")
NO_COURSE = "this is no course: go into its folder, name it with --course DIR, or make one with `grade init DIR`"


@dataclass(frozen=True)
class Target:
    """A file to grade, its unit, the exercises that were asked for (empty: all), and the folder that was named."""

    file: Path
    unit: str
    only: tuple[str, ...] = ()
    root: Path | None = None


@dataclass(frozen=True)
class Keys:
    """Where keys come from: one file for everything, a fresh seed, or the course's public ones."""

    course: Course | None
    file: str | None = None
    seed: int | None = None

    def of(self, unit: str, only: Sequence[str]) -> Key:
        """The key for some of a unit's exercises, empty for all."""
        if self.file:
            return load(Path(self.file), only)
        if self.course is None:
            raise CourseError(
                "this is no course: go into its folder, or name it with --course DIR, or a key with --key FILE"
            )
        if self.seed is not None:
            return fresh_key(self.course.solutions(unit), self.seed, only)
        return self.course.key(unit, only)


def fresh_key(unit: "Unit", seed: int, only: Sequence[str]) -> Key:
    """A key for a seed, after the reference has earned every point with it: a broken exercise costs nobody anything."""
    from grader.authoring.proof import first_finding, report_on  # a student's run never loads what runs references
    from grader.compile import compile_key

    key = compile_key(unit, seed, only)
    for exercise in key.exercises:
        report = report_on(unit.pieces(exercise.name), exercise, unit, diagnoses=False)
        if report.points < exercise.points:
            why = first_finding(report)
            raise OurFault(
                f"{report.id} is broken: its own reference fails with seed {seed} ({why}); take another seed"
            )
    return key


def check(
    sandbox: Sandbox,
    names: Sequence[str],
    unit: str | None,
    seed: int | None,
    key_file: str | None,
    form: str,
    output: str | None,
    course_dir: str | None,
    surroundings: formats.Surroundings,
    also: Sequence[str] = (),
    fail_under: int | None = None,
    expected: Sequence[str] = (),
    training: Training = ON_CPU,
    plot: str | None = None,
) -> int:
    """Grade the targets and show their reports; returns the exit status.

    `also` are more formats to write, each as FORMAT=FILE. Where units are `expected`, the one name is a folder.
    """
    more = [_also(item) for item in also]  # a misspelt one is told before the work, not after it
    done: list[Done] = []
    if expected:
        keys = Keys(open_course(course_dir, *names), key_file, seed)
        graded = _graded_as_expected(sandbox, names, keys, expected, training)
    else:
        course, targets = targets_of(names, unit, key_file, course_dir)
        keys, graded = Keys(course, key_file, seed), []
        for target in targets:
            try:
                done.append(found := _graded(target, keys, sandbox, form, training))
                graded.append((found[1].title, found[2]))
            except SubmissionError as error:  # the others are marked
                graded.append(_unread(target, keys, sandbox, error, len(targets) == 1))
    for each, place in [(form, output), *more]:
        with destination(place) as file:
            _show(graded, each, file, not names, surroundings)
        append(formats.appended(each, graded, surroundings) if each != "text" else ())
    is_told = form == "text" and not output
    if plot:
        print(draw([item for _, item in graded], plot), file=sys.stdout if is_told else sys.stderr)
    if not key_file and seed is None:  # the questions that are the student's own to practise with
        record(keys.course, done, is_told)
    return _status(graded, fail_under)


def _graded(target: Target, keys: Keys, sandbox: Sandbox, form: str, training: Training) -> Done:
    key = keys.of(target.unit, target.only)
    # a file that is named after its unit is the student's own copy, in a folder of the student's own
    handed_in = submission.read(target.file, with_helpers=target.file.stem == target.unit, root=target.root)
    with watching(form == "text") as (progress, watch):
        return handed_in, key, grade(handed_in, key, sandbox, target.only, progress, training.watched(watch))


def _unread(target: Target, keys: Keys, sandbox: Sandbox, why: SubmissionError, alone: bool) -> tuple[str, Report]:
    """A title and a report of 0 points for one of several files, which cannot be read; the error where it is alone."""
    from grader.commands.expected import refused

    if alone:
        raise why
    key = keys.of(target.unit, target.only)
    return key.title, refused(str(target.file), key, sandbox, Status.UNREADABLE, Finding("exception", str(why)))


def _graded_as_expected(
    sandbox: Sandbox, names: Sequence[str], keys: Keys, expected: Sequence[str], training: Training
) -> list[tuple[str, Report]]:
    from grader.commands import expected as looking  # for platforms; a student's run does without

    if len(names) != 1:
        raise GraderError("--expect takes one folder, the one with what was handed in: grade FOLDER --expect UNIT")
    graded = []
    for unit in dict.fromkeys(expected):
        key = keys.of(unit, ())
        if key.unit != unit:
            raise GraderError(f"the key is for {key.unit}, and {unit} is expected; name the course with --course DIR")
        graded.append((key.title, looking.report(Path(names[0]), key, sandbox, training)))
    return graded


def _status(graded: formats.Graded, fail_under: int | None) -> int:
    """0 for all points, or for as many as were asked for; 1 for fewer; 3 if something failed that is ours."""
    if any(item.is_our_fault for _, item in graded):
        return 3
    if fail_under is not None:
        return 0 if sum(item.points for _, item in graded) >= fail_under else 1
    return 0 if all(item.is_perfect for _, item in graded) else 1


def targets_of(
    names: Sequence[str], unit: str | None, key_file: str | None, course_dir: str | None
) -> tuple[Course | None, list[Target]]:
    """The course, and what is to be graded: what was named, or all of the course."""
    course = open_course(course_dir, *names)
    if key_file and not unit:
        unit = load_index(Path(key_file)).unit
    return course, list(_targets(names, unit, course)) if names else list(_everything(course))


def _also(item: str) -> tuple[str, str]:
    form, equals, file = item.partition("=")
    if form not in formats.FORMATS or not equals or not file:
        known = did_you_mean(form, formats.FORMATS) if form not in formats.FORMATS else ""
        raise GraderError(f"--also {item} is not FORMAT=FILE{known}; for example --also junit=report.xml")
    return form, file


def hold_to(sandbox: Sandbox, course: Course | None, timeout: float | None = None) -> None:
    """Give the workers to come the limits of the course; a number of seconds that was asked for goes before them."""
    if course:
        sandbox.limits = course.settings.limits(sandbox.limits)
    if timeout is not None:
        sandbox.limits = replace(sandbox.limits, seconds=timeout)


def open_course(course_dir: str | None, *near: str) -> Course | None:
    """The course that was named, or the one around here, around a target, or beside the grader's own files."""
    if course_dir:
        course = Course(Path(course_dir))
        course.units  # noqa: B018  says at once if it is none
        return course
    places = [Path.cwd(), *(Path(name).resolve() for name in near), Path(__file__).resolve().parents[2]]
    return next(filter(None, map(find, places)), None)


def the_course(course_dir: str | None) -> Course:
    """The course, where a command cannot do without one; CourseError if there is none."""
    return _required(open_course(course_dir))


def _required(course: Course | None) -> Course:
    if course is None:
        raise CourseError(NO_COURSE)
    return course


def _targets(names: Sequence[str], unit: str | None, course: Course | None) -> Iterator[Target]:
    """What each name means, one target a file; exercises of one unit are asked together."""
    wanted: dict[Path, Target] = {}
    for name in names:
        for target in _resolve(name, unit, course):
            known = wanted.get(target.file)
            both = known and known.only and target.only
            wanted[target.file] = replace(target, only=known.only + target.only) if both else target
    yield from wanted.values()


def _resolve(name: str, unit: str | None, course: Course | None) -> Iterator[Target]:
    path = Path(name)
    is_name = os.sep not in name and path.suffix not in SUFFIXES
    if course and is_name and name.partition(".")[0] in course.units:
        found, exercise = course.resolve(name)
        yield Target(course.assignment(found), found, (exercise,) if exercise else ())
    elif path.is_dir():
        files = _files_in(path, course)
        if not files:
            raise GraderError(
                f"{name} holds no file named after a unit; name a file, with --unit if its name does not tell"
            )
        for file in files:
            yield Target(file, unit or file.stem, root=path)
    elif path.exists():
        yield Target(path, unit or _unit_of(path, course))
    elif course and is_name:
        course.resolve(name)  # says what there is instead
    else:
        near = sorted(path.parent.glob("*.py")) if path.parent.is_dir() else []
        raise GraderError(f"there is no file {name}{did_you_mean(name, [str(item) for item in near][:20])}")


def _files_in(folder: Path, course: Course | None) -> list[Path]:
    """The files below a folder that are named after a unit; of a file and a notebook side by side, the file."""
    found = {file for suffix in SUFFIXES for file in folder.rglob(f"*{suffix}") if _unit_by_name(file, course)}
    return sorted(file for file in found if file.suffix == ".py" or file.with_suffix(".py") not in found)


def _unit_by_name(path: Path, course: Course | None) -> bool:
    return course is not None and path.stem in course.units


def _unit_of(path: Path, course: Course | None) -> str:
    """The unit of a file: by its name, else by what it defines most of."""
    if course is None or _unit_by_name(path, course):
        return path.stem
    handed_in = submission.read(path)
    counts = {unit: sum(handed_in.defines(name) for name in course.exercises(unit)) for unit in course.units}
    best = max(counts, key=lambda unit: counts[unit], default="")
    if not best or not counts[best]:
        units = ", ".join(course.units)
        raise GraderError(f"cannot tell which unit {path} belongs to; add --unit UNIT, one of {units}")
    return best


def _everything(course: Course | None) -> Iterator[Target]:
    course = _required(course)
    for unit in course.units:
        yield Target(course.assignment(unit), unit)


def _show(
    graded: formats.Graded, form: str, file: TextIO | None, overview: bool, surroundings: formats.Surroundings
) -> None:
    if form == "json" and overview:  # a list for the course, even if it has a single unit
        data = {"schema": reports.SCHEMA, "reports": [reports.to_json(item) for _, item in graded]}
        print(json.dumps(data, indent=2), file=file)
        return
    if form != "text":
        (file or sys.stdout).write(formats.write(form, graded, surroundings))
        return
    console = terminal.make_console(file)
    if overview:
        render_overview(graded, console, Path.cwd())
        return
    places = Places(os.getcwd(), console.is_terminal and knows_links(os.environ))
    for number, (title, item) in enumerate(graded):
        if number:
            console.print()
        terminal.render(item, title, console, places)
