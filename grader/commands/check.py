"""`grade [TARGET]...`: find the files and their keys, grade, show."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

from grader import report as reports
from grader import submission
from grader.commands.check_options import Options
from grader.commands.check_setup import Setup, set_up
from grader.commands.live_line import watching
from grader.commands.plot import plot as draw
from grader.commands.remember import Done, record
from grader.commands.targets import Target
from grader.commands.writing import append, destination, refuse_inputs
from grader.course.sides import hold_solutions
from grader.errors import GraderError, did_you_mean
from grader.grading import grade
from grader.render import formats, terminal
from grader.render.overview import render_overview
from grader.render.places import Places, knows_links
from grader.report import Finding, Report, Status
from grader.sandbox.server import Sandbox
from grader.submission import SubmissionError


def check(options: Options, sandbox: Sandbox, device: str, surroundings: formats.Surroundings) -> int:
    """Grade the targets and show their reports, or watch them; returns the exit status.

    `device` is where training runs compute. GraderError and its kin say in one sentence what was asked wrongly.
    """
    setup = set_up(options, sandbox, device)
    if options.watch:
        from grader.commands.watch import watch

        return watch(setup)
    needs = None if options.targets or not setup.course else setup.course.settings.needs
    forms = [(options.form, options.output), *map(_also, options.also)]  # a misspelt one is told before the work
    done, graded = ([], _graded_as_expected(setup)) if options.expected else _graded_targets(setup, forms)
    sandbox.part()  # while reports are written
    for form, place in forms:
        with destination(place) as file:
            _show(graded, form, file, needs, surroundings)
        append(formats.appended(form, graded, surroundings) if form != "text" else ())
    is_told = options.form == "text" and not options.output
    if options.plot:
        print(draw([item for _, item in graded], options.plot), file=sys.stdout if is_told else sys.stderr)
    if options.practises:
        record(setup.course, done, is_told)
    return _status(graded, options.fail_under)


def _graded_targets(
    setup: Setup, forms: Sequence[tuple[str, str | None]]
) -> tuple[list[Done], list[tuple[str, Report]]]:
    """(what could be read and was graded, a title and a report for each target)."""
    done: list[Done] = []
    graded: list[tuple[str, Report]] = []
    targets = setup.targets()
    refuse_inputs([place for _, place in forms], [setup.options.key_file, *(target.file for target in targets)])
    for target in targets:
        try:
            done.append(one := _graded(target, setup))
            graded.append((one[1].title, one[2]))
        except SubmissionError as error:
            if len(targets) == 1:
                raise
            graded.append(_unread(target, setup, error))  # the others are marked
    return done, graded


def _graded(target: Target, setup: Setup) -> Done:
    key = setup.key(target.unit, target.only)
    # a file that is named after its unit is the student's own copy, in a folder of the student's own
    handed_in = submission.read(target.file, with_helpers=target.file.stem == target.unit, root=target.root)
    with watching(setup.options.form == "text") as (progress, watch):
        training = setup.training.watched(watch)
        return handed_in, key, grade(handed_in, key, setup.sandbox, target.only, progress, training)


def _unread(target: Target, setup: Setup, why: SubmissionError) -> tuple[str, Report]:
    """A title and a report of 0 points for one of several files, which cannot be read."""
    from grader.commands.expected import refused

    key = setup.key(target.unit, target.only)
    return key.title, refused(str(target.file), key, setup.sandbox, Status.UNREADABLE, Finding("exception", str(why)))


def _graded_as_expected(setup: Setup) -> list[tuple[str, Report]]:
    """A title and a report for each unit that is expected in the one folder which was named."""
    from grader.commands import expected as looking  # for platforms; a student's run does without

    folders = [Path(name) for name in setup.options.targets]
    if setup.options.runs_solutions:
        hold_solutions(setup.found, folders)
    if len(folders) != 1:
        raise GraderError("--expect takes one folder, the one with what was handed in: grade FOLDER --expect UNIT")
    graded = []
    for unit in dict.fromkeys(setup.options.expected):
        key = setup.key(unit, ())
        if key.unit != unit:
            raise GraderError(f"the key is for {key.unit}, and {unit} is expected; name the course with --course DIR")
        graded.append((key.title, looking.report(folders[0], key, setup)))
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


def _show(
    graded: formats.Graded,
    form: str,
    file: TextIO | None,
    needs: Mapping[str, Sequence[str]] | None,
    surroundings: formats.Surroundings,
) -> None:
    """Write the reports; `needs` are those of the whole course's units, None where a part was asked for."""
    if form == "json" and needs is not None:  # a list for the course, even if it has a single unit
        data = {"schema": reports.SCHEMA, "reports": [reports.to_json(item) for _, item in graded]}
        print(json.dumps(data, indent=2), file=file)
        return
    if form != "text":
        (file or sys.stdout).write(formats.write(form, graded, surroundings))
        return
    console = terminal.make_console(file)
    if needs is not None:
        render_overview(graded, console, Path.cwd(), needs)
        return
    places = Places(os.getcwd(), console.is_terminal and knows_links(os.environ))
    for number, (title, item) in enumerate(graded):
        if number:
            console.print()
        terminal.render(item, title, console, places)
