"""`grade [TARGET]...`: find the files and their keys, grade, show."""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from grader import report as reports
from grader import submission
from grader.commands.live_line import watching
from grader.commands.plot import plot as draw
from grader.commands.remember import Done, record
from grader.commands.targets import Target, is_of_course, targets_of
from grader.commands.writing import append, destination, refuse_inputs
from grader.course.course import Course
from grader.course.sides import NO_COURSE, Found, hold_solutions, look, required
from grader.errors import CourseError, GraderError, OurFault, did_you_mean
from grader.grading.grading import grade
from grader.grading.training import ON_CPU, Training
from grader.judging.kinds.registry import known
from grader.key import Key, load
from grader.render import formats, terminal
from grader.render.overview import render_overview
from grader.render.places import Places, knows_links
from grader.report import Finding, Report, Status
from grader.sandbox.server import Sandbox
from grader.submission import SubmissionError

if TYPE_CHECKING:
    from grader.course.unit import Unit

GRADER = Path(__file__).resolve().parents[2]  # where the grader lies: in a clone, beside its own course


@dataclass(frozen=True)
class Keys:
    """Where keys come from: one file for everything, a fresh seed, or the course's public ones."""

    course: Course | None
    file: str | None = None
    seed: int | None = None

    def of(self, unit: str, only: Sequence[str]) -> Key:
        """The key for some of a unit's exercises, empty for all."""
        if self.file:
            return known(load(Path(self.file), only), self.file)
        if self.course is None:
            raise CourseError(NO_COURSE)
        if self.seed is not None:
            return fresh_key(self.course.solutions(unit), self.seed, only)
        return self.course.key(unit, only)


def fresh_key(unit: "Unit", seed: int, only: Sequence[str]) -> Key:
    """A key for a seed, after the reference has earned every point with it: a broken exercise costs nobody anything."""
    from grader.authoring.proof import first_finding, report_on  # a student's run never loads what runs references
    from grader.compiling.compile import compile_key

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
    found: Found | None,
    surroundings: formats.Surroundings,
    also: Sequence[str] = (),
    fail_under: int | None = None,
    expected: Sequence[str] = (),
    training: Training = ON_CPU,
    plot: str | None = None,
) -> int:
    """Grade the targets and show their reports; returns the exit status. `found` is what `settle` gives.

    `also` are more formats to write, each as FORMAT=FILE. Where units are `expected`, the one name is a folder.
    """
    more = [_also(item) for item in also]  # a misspelt one is told before the work, not after it
    done: list[Done] = []
    if expected:
        keys = Keys(found and found.course, key_file, seed)
        if seed is not None and not key_file:
            hold_solutions(found, [Path(name) for name in names])
        graded = _graded_as_expected(sandbox, names, keys, expected, training)
    else:
        targets = targets_of(found, names, unit, key_file, seed)
        refuse_inputs([output, *(place for _, place in more)], [key_file, *(target.file for target in targets)])
        keys, graded = Keys(found and found.course, key_file, seed), []
        for target in targets:
            try:
                done.append(one := _graded(target, keys, sandbox, form, training))
                graded.append((one[1].title, one[2]))
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


def _also(item: str) -> tuple[str, str]:
    form, equals, file = item.partition("=")
    if form not in formats.FORMATS or not equals or not file:
        known = did_you_mean(form, formats.FORMATS) if form not in formats.FORMATS else ""
        raise GraderError(f"--also {item} is not FORMAT=FILE{known}; for example --also junit=report.xml")
    return form, file


def hold_to(sandbox: Sandbox, found: Found | None, timeout: float | None = None) -> None:
    """Give the workers to come the limits of the course; a number of seconds that was asked for goes before them."""
    if found:
        sandbox.limits = found.course.settings.limits(sandbox.limits)
    if timeout is not None:
        sandbox.limits = replace(sandbox.limits, seconds=timeout)


def settle(course_dir: str | None, names: Sequence[str], seed: int | None = None) -> Found | None:
    """The course that targets are graded by, None where there is none; the line that says which goes to standard error.

    Names of units and exercises are words of the course that one is in; what else is named is held against it.
    """
    found = look(course_dir, Path.cwd(), GRADER)
    course = found and found.course
    if paths := [name for name in names if os.path.lexists(name) and not is_of_course(name, course)]:
        found = look(course_dir, Path.cwd(), GRADER, paths)
    if found and (said := replace(found, runs=seed is not None).said):
        print(said, file=sys.stderr, flush=True)
    return found


def open_course(course_dir: str | None, *graded: str) -> Course | None:
    """The course that was named, or the one around here; None if there is none. CourseError if it lies in what is `graded`."""
    found = look(course_dir, Path.cwd(), GRADER, graded)
    return found and found.course


def the_course(course_dir: str | None, *graded: str) -> Course:
    """The course, where a command cannot do without one; CourseError if there is none."""
    return required(open_course(course_dir, *graded))


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
