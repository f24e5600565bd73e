"""`grade release actions|gitlab|gradescope|classroom50|keys`: write what other platforms need."""

import re
import secrets
from collections.abc import Sequence
from pathlib import Path

import click

from grader.classroom.marking.keys import STUBS, stubs_of
from grader.commands.fresh_keys import fresh_key
from grader.commands.options import chosen, course_option, units_argument
from grader.course.course import Course
from grader.errors import GraderError
from grader.files import cannot_write, write_whole
from grader.frozen import frozen
from grader.key import Key
from grader.releases import platforms, pytorch, wheels
from grader.releases.platforms import Platform
from grader.sandbox.walls.levels import FOR_STRANGERS, LEVELS
from grader.scratch import Scratch

NAME = re.compile(r"[\w.-]+(/[\w.-]+)+", re.ASCII)
SEED_BITS = 64

to_folder = click.option("--to", required=True, metavar="DIR", help="A new folder.")
TAKES_TORCH = "{units} {have} exercises that take PyTorch, "
WITHOUT_TORCH = (
    TAKES_TORCH
    + "and what is installed there is what NumPy needs: their points stay pending until a release brings it "
    "with --torch."
)
LARGE_TORCH = (
    TAKES_TORCH
    + "and torch {version} is installed there from the platform's own index, for Linux some gigabytes with CUDA; "
    "--torch URL names an index of smaller builds."
)
MARKS_WITH_TORCH = (
    "What marks installs torch {version} from the platform's own index all the same: references that import it draw the "
    "questions."
)
IN_A_REPOSITORY = (
    "{said} cannot be packed: a wheel of PyTorch is larger than a repository takes (100 MB a file on GitHub, 10 MB in all "
    "in Classroom 50); name an index's address"
)
LARGE_ZIP = (
    "{to} has {size} MB, and Gradescope may refuse uploads above 100 MB; if it does, make the zip again with --torch URL, "
    "an index that PyTorch is then installed from when Gradescope builds the image."
)
torch_option = click.option(
    "--torch",
    default="",
    metavar="URL|DIR|none",
    help="Take PyTorch, where exercises need it, from this index; for Gradescope, from a folder of wheels, too.",
)
python_option = click.option(
    "--python",
    type=click.Choice(["3.11", "3.12", "3.13", "3.14"]),
    default="3.12",
    show_default=True,
    help="Python there.",
)
isolation_option = click.option(
    "--isolation",
    type=click.Choice(LEVELS),
    default=FOR_STRANGERS,
    show_default=True,
    help="Mark at this level or above.",
)
seed_option = click.option(
    "--seed",
    type=click.IntRange(min=0),
    envvar="GRADE_SEED",
    help="Draw the questions with this seed; GRADE_SEED names it where others read command lines. Random by default.",
)


@frozen
class Options:
    """What all these releases but `keys` are asked for."""

    course_dir: str | None
    units: Sequence[str]
    python: str
    isolation: str
    torch: str
    repository: str = ""


@click.command()
@units_argument
@to_folder
@click.option("--repository", default="", metavar="OWNER/NAME", help="Where the template repository will be.")
@python_option
@torch_option
@isolation_option
@course_option
def actions(to, **words) -> None:
    """GitHub Actions: a template repository for students, and a private repository that marks."""
    _write(platforms.actions(_platform(Options(**words), draws=True)), to)


@click.command()
@units_argument
@to_folder
@click.option("--project", "repository", default="", metavar="GROUP/NAME", help="Where the course's project will be.")
@python_option
@torch_option
@isolation_option
@course_option
def gitlab(to, **words) -> None:
    """GitLab CI: a template project, the course's project with the pipeline, and a private project that marks."""
    _write(platforms.gitlab(_platform(Options(**words), draws=True)), to)


@click.command()
@units_argument
@click.option("--to", required=True, metavar="FILE.zip", help="The autograder's zip.")
@click.option("--wheels", "folder", metavar="DIR", help="Take the wheels from there; downloaded by pip by default.")
@seed_option
@python_option
@torch_option
@isolation_option
@course_option
def gradescope(to, folder, seed, **words) -> None:
    """Gradescope: an autograder's zip that installs and grades without a network."""
    platform = _platform(Options(**words), packs=True)
    target = Path(to)
    if target.suffix != ".zip" or target.is_dir():
        raise GraderError(f"{to} is no name for a zip; name one with --to FILE.zip")
    keys = _keys(platform.course, seed)
    with Scratch() as place:
        pins = platform.constraints.decode()
        needed = wheels.in_folder(Path(folder), pins) if folder else wheels.needed(platform.python, Path(place), pins)
    try:
        write_whole(target, wheels.zipped(platforms.gradescope(platform, keys, needed), platforms.SCRIPTS))
    except OSError as error:
        raise cannot_write(to, error) from None
    if (size := target.stat().st_size) > platforms.GRADESCOPE_LIMIT:
        click.echo(LARGE_ZIP.format(to=to, size=size // 1_000_000), err=True)
    click.echo(f"{to}: upload it as the autograder; README.md in it says the rest.")


@click.command()
@units_argument
@to_folder
@seed_option
@python_option
@torch_option
@isolation_option
@course_option
def classroom50(to, seed, **words) -> None:
    """Classroom 50: an assignment's autograder bundle and its template repository."""
    platform = _platform(Options(**words))
    _write(platforms.classroom50(platform, _keys(platform.course, seed)), to)


@click.command()
@units_argument
@to_folder
@seed_option
@course_option
def keys(units, to, seed, course_dir) -> None:
    """Keys drawn from a seed, as a folder for --course: what marking reads where the solutions must not be."""
    course = chosen(course_dir, units)
    stubs = {f"assignments/{unit}/{STUBS}": "\n".join(stubs_of(course, unit)).encode() for unit in course.units}
    platforms.write_tree(platforms.keyed(_keys(course, seed), course.settings) | stubs, Path(to))


def _platform(options: Options, packs: bool = False, draws: bool = False) -> Platform:
    """`packs`: what is released brings all wheels. `draws`: it asks the references, which may import PyTorch."""
    course = chosen(options.course_dir, options.units)
    if options.repository and not NAME.fullmatch(options.repository):
        raise GraderError(f"{options.repository} is no name of a repository; it looks like owner/name")
    takers = [unit for unit in course.units if any(exercise.torch for exercise in course.key(unit).exercises)]
    source = _torch(takers, options.torch, options.python, packs) if takers else None
    drawing = source or pytorch.Source(pytorch.version()) if takers and draws else None
    if drawing and not source:
        click.echo(MARKS_WITH_TORCH.format(version=drawing.version), err=True)
    named = (options.python, options.isolation, options.repository)
    return Platform(course, course.units, *named, torch=source, drawing=drawing)


def _torch(units: Sequence[str], said: str, python: str, packs: bool) -> pytorch.Source | None:
    """Where PyTorch comes from there. What packs its wheels needs no network, so that PyTorch is not fetched unasked."""
    source = pytorch.source(said or (pytorch.NOWHERE if packs else ""), python)
    if source and source.wheels and not packs:
        raise GraderError(IN_A_REPOSITORY.format(said=said))
    if not source or not said:
        sentence, have = LARGE_TORCH if source else WITHOUT_TORCH, "has" if len(units) == 1 else "have"
        click.echo(sentence.format(units=", ".join(units), have=have, version=source and source.version), err=True)
    return source


def _keys(course: Course, seed: int | None) -> list[Key]:
    if seed is None:
        seed = secrets.randbits(SEED_BITS)
        click.echo(f"The seed is {seed}: it makes the same questions again. Keep it from those who hand in.", err=True)
    return [fresh_key(course.solutions(unit), seed, ()) for unit in course.units]


def _write(tree: platforms.Tree, to: str) -> None:
    platforms.write_tree(tree, Path(to))
    click.echo(f"{Path(to) / 'README.md'} says what to do with what is beside it.")
