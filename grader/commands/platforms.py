"""`grade release actions|gitlab|gradescope|classroom50|keys`: what other platforms are given."""

import re
import secrets
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click

from grader.classroom import platforms, wheels
from grader.classroom.platforms import Platform
from grader.commands.check import fresh_key
from grader.commands.options import chosen, course_option, units_argument
from grader.course import Course
from grader.errors import GraderError
from grader.key import Key
from grader.sandbox.server import LEVELS

NAME = re.compile(r"[\w.-]+(/[\w.-]+)+", re.ASCII)
SEED_BITS = 64

to_folder = click.option("--to", required=True, metavar="DIR", help="A new folder.")
WITHOUT_TORCH = (
    "{unit} has exercises that take PyTorch, and what is installed there is what NumPy needs: their points stay pending "
    "until you add torch to the constraints and the wheels."
)
python_option = click.option(
    "--python", type=click.Choice(["3.11", "3.12", "3.13"]), default="3.12", show_default=True, help="Python there."
)
isolation_option = click.option(
    "--isolation", type=click.Choice(LEVELS), default="landlock", show_default=True, help="Mark at this level or above."
)
seed_option = click.option(
    "--seed",
    type=click.IntRange(min=0),
    envvar="GRADE_SEED",
    help="Draw the questions with this seed; GRADE_SEED names it where others read command lines. Random by default.",
)


@click.command()
@units_argument
@to_folder
@click.option("--repository", default="", metavar="OWNER/NAME", help="Where the template repository will be.")
@python_option
@isolation_option
@course_option
def actions(units, to, repository, python, isolation, course_dir) -> None:
    """GitHub Actions: a template repository for students, and a private repository that marks."""
    platform = _platform(course_dir, units, python, isolation, repository)
    _write(platforms.actions(platform), to)


@click.command()
@units_argument
@to_folder
@click.option("--project", "repository", default="", metavar="GROUP/NAME", help="Where the course's project will be.")
@python_option
@isolation_option
@course_option
def gitlab(units, to, repository, python, isolation, course_dir) -> None:
    """GitLab CI: a template project, the course's project with the pipeline, and a private project that marks."""
    platform = _platform(course_dir, units, python, isolation, repository)
    _write(platforms.gitlab(platform), to)


@click.command()
@units_argument
@click.option("--to", required=True, metavar="FILE.zip", help="The autograder's zip.")
@click.option("--wheels", "folder", metavar="DIR", help="Take the wheels from there; downloaded by pip by default.")
@seed_option
@python_option
@isolation_option
@course_option
def gradescope(units, to, folder, seed, python, isolation, course_dir) -> None:
    """Gradescope: an autograder's zip that installs and grades without a network."""
    platform = _platform(course_dir, units, python, isolation)
    target = Path(to)
    if target.suffix != ".zip" or target.is_dir():
        raise GraderError(f"{to} is no name for a zip; name one with --to FILE.zip")
    keys = _keys(platform.course, seed)
    with tempfile.TemporaryDirectory() as place:
        needed = wheels.in_folder(Path(folder)) if folder else wheels.needed(python, Path(place))
    try:
        target.write_bytes(wheels.zipped(platforms.gradescope(platform, keys, needed), platforms.SCRIPTS))
    except OSError as error:
        raise GraderError(f"cannot write {to}: {error.strerror}") from None
    click.echo(f"{to}: upload it as the autograder; README.md in it says the rest.")


@click.command()
@units_argument
@to_folder
@seed_option
@python_option
@isolation_option
@course_option
def classroom50(units, to, seed, python, isolation, course_dir) -> None:
    """Classroom 50: an assignment's autograder bundle and its template repository."""
    platform = _platform(course_dir, units, python, isolation)
    _write(platforms.classroom50(platform, _keys(platform.course, seed)), to)


@click.command()
@units_argument
@to_folder
@seed_option
@course_option
def keys(units, to, seed, course_dir) -> None:
    """Keys drawn from a seed, as a folder for --course: what marking reads where the solutions must not be."""
    platforms.write_tree(platforms.keyed(_keys(chosen(course_dir, units), seed)), Path(to))


def _platform(
    course_dir: str | None, units: Sequence[str], python: str, isolation: str, repository: str = ""
) -> Platform:
    course = chosen(course_dir, units)
    if repository and not NAME.fullmatch(repository):
        raise GraderError(f"{repository} is no name of a repository; it looks like owner/name")
    for unit in course.units:
        if any(exercise.torch for exercise in course.key(unit).exercises):
            click.echo(WITHOUT_TORCH.format(unit=unit), err=True)
    return Platform(course, course.units, python, isolation, repository)


def _keys(course: Course, seed: int | None) -> list[Key]:
    if seed is None:
        seed = secrets.randbits(SEED_BITS)
        click.echo(f"The seed is {seed}: it makes the same questions again. Keep it from those who hand in.", err=True)
    return [fresh_key(course.solutions(unit), seed, ()) for unit in course.units]


def _write(tree: platforms.Tree, to: str) -> None:
    platforms.write_tree(tree, Path(to))
    click.echo(f"{Path(to) / 'README.md'} says what to do with what is beside it.")
