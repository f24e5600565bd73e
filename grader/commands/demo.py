"""`grade demo UNIT`: what a unit leads to, made by the functions that the student has written."""

import os
import sys
from pathlib import Path

import click

from grader.commands.options import course_option
from grader.course.names import completions


@click.command()
@click.argument("unit", required=False, shell_complete=lambda _ctx, _param, typed: completions(typed, Path.cwd()))
@click.option("-o", "--output", metavar="FILE", help="Write it as a page, too.")
@course_option
def command(unit, output, course_dir) -> None:
    """Show what a unit leads to, made by your own functions; without UNIT, which units have a demo.

    Your code runs as yours, in your own shell: nothing is graded, and no points depend on it.
    """
    from grader.commands.courses import the_course

    course = the_course(course_dir)
    if not unit:
        _list(course)
        return
    sys.exit(_show(course, course.resolve(unit)[0], output))


def _list(course) -> None:
    from rich.text import Text

    from grader.demos.playing import DemoError, find
    from grader.render.terminal import make_console

    console, found = make_console(), False
    for unit in course.units:
        try:
            demo = find(unit, course.assignment(unit).parent)
        except DemoError:
            continue
        found = True
        console.print(Text(f"grade demo {unit}", "bold").append(f"  {demo.title}", "not bold"), soft_wrap=True)
    if not found:
        console.print(Text("No unit of this course has a demo."))


def _show(course, unit: str, output: str | None) -> int:
    """Print a demo as it is made; 0 where it came to its end, 1 where it stopped."""
    from grader import submission
    from grader.commands.writing import destination, refuse_inputs
    from grader.demos.playing import find, run
    from grader.demos.shown import Stopped
    from grader.render.demo_page import fragment
    from grader.render.demo_terminal import printing
    from grader.render.html import page
    from grader.render.terminal import make_console

    file = course.assignment(unit)
    demo = find(unit, file.parent)
    refuse_inputs([output], [file, demo.script])
    pieces = []
    with printing(make_console()) as show:
        for piece in run(demo, submission.read(file).source, os.path.relpath(file)):
            pieces.append(piece)
            show(piece)
    if output:
        with destination(output) as page_file:
            page_file.write(page(demo.title, fragment(demo.title, pieces)))
    return int(any(isinstance(piece, Stopped) for piece in pieces))
