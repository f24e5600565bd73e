"""The `grade` command: arguments in, exit code out, no logic. Whatever is heavy is imported where it is used."""

from grader.ctrl_c import ends_at_once, stoppable

WITHIN_REACH = ends_at_once()  # while imports are made, nothing is under way

import atexit
import gc

gc.set_threshold(100_000)  # what imports make stays; looking through it for garbage takes a tenth of a student's wait
atexit.register(gc.freeze)  # and once more as much at the end

import contextlib
import importlib
import os
import sys
from datetime import UTC, datetime

import click

from grader.commands.options import course_option, not_empty
from grader.commands.wording import inert_errors, or_a_command
from grader.render.formats import FORMATS, Surroundings
from grader.sandbox.walls.levels import LEVELS, WEAKEST
from grader.version import __version__

USAGE, OURS = 2, 3  # exit statuses; 0 is all points, 1 is some missing
# Commands with many options of their own: each of these modules has a click command called `command`, and imports
# nothing heavy until it is called.
ELSEWHERE: dict[str, str] = {
    "class": "grader.commands.class_words",
    "completion": "grader.commands.completion",
    "demo": "grader.commands.demo",
    "dev": "grader.commands.dev",
    "release": "grader.commands.release",
}


class Commands(click.Group):
    """A group whose first word may be a target instead of a command: `grade attention` is `grade check attention`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.list_commands(ctx) and args[0] not in ("--help", "-h", "--version")):
            args = ["check", *args]
        return super().parse_args(ctx, args)

    def make_context(self, *args, **more) -> click.Context:
        with inert_errors(sys.argv[1:]), stoppable():
            return super().make_context(*args, **more)

    def invoke(self, ctx: click.Context):
        with inert_errors(sys.argv[1:]), stoppable():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*self.commands, *ELSEWHERE])

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name in ELSEWHERE:
            return importlib.import_module(ELSEWHERE[name]).command
        return super().get_command(ctx, name)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage("grade", "[TARGET]... | COMMAND [ARGS]...")


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="grade")
def grade() -> None:
    """Check your answers to the course's exercises, and learn what is wrong, where, and what to try.

    \b
    grade                             where you are: every unit, points, what is next
    grade attention                   check a unit
    grade attention.self_attention    check one exercise
    grade my/attention.py             check a file, or a folder of them

    Exit status: 0 all points, 1 some missing, 2 wrong usage, 3 the grader's own fault (never costs points).
    """


def complete(name: str):
    """A completion, imported when a shell asks for it."""
    return lambda *args: getattr(importlib.import_module("grader.commands.completion"), name)(*args)


@grade.command(hidden=True)
@click.argument("targets", nargs=-1, metavar="[TARGET]...", shell_complete=complete("complete_targets"))
@click.option("--unit", metavar="UNIT", help="The unit of a file whose name does not tell.")
@click.option("--seed", type=click.IntRange(min=0), help="Draw fresh inputs with this seed (needs the solutions).")
@click.option("--key", "key_file", metavar="FILE", callback=not_empty, help="Grade against this key.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("-o", "--output", metavar="FILE", help="Write the report there.")
@click.option("--also", multiple=True, metavar="FORMAT=FILE", help="Write the report to a file in that format, too.")
@click.option(
    "--expect",
    "expected",
    multiple=True,
    metavar="UNIT",
    help="Find this unit in the folder; 0 points if it is not there.",
)
@click.option("--fail-under", type=click.IntRange(min=0), metavar="POINTS", help="Exit with 0 from so many points on.")
@click.option("--watch", is_flag=True, help="Grade what changes, as soon as it is saved.")
@click.option("--plot", metavar="DIR", help="Write pictures there: where arrays are wrong, how losses went.")
@click.option("--timeout", type=click.FloatRange(min=0.1), help="Seconds for an exercise; 10, or what the course says.")
@click.option("--isolation", type=click.Choice(LEVELS), default=WEAKEST, help="Refuse to grade below this level.")
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda", "mps"]),
    default="auto",
    show_default=True,
    help="Where training runs compute.",
)
@click.option("--no-train", is_flag=True, help="Leave training runs out; their points are pending, not lost.")
@course_option
def check(**words) -> None:
    """Check units, exercises, files or folders."""
    from grader.commands.check_options import Options

    options = Options(**words)
    device = "cpu" if options.no_train else options.device
    with (
        sandboxed(options.timeout or 10.0, options.isolation) as sandbox,  # started before any key or solution is read
        training_on(device, sandbox, options.isolation) as (where, sandbox),
    ):
        from grader.commands.check import check as run

        around = Surroundings(os.environ, datetime.now(UTC), os.urandom(16).hex())
        status = run(options, sandbox, where, around)
    sys.exit(status)


@contextlib.contextmanager
def training_on(device: str, sandbox, isolation: str):
    """The device for training runs that works, with a sandbox whose workers reach it; a line on standard error if asked."""
    if device == "cpu" or (device == "auto" and not (sys.platform == "darwin" or os.path.exists("/dev/nvidiactl"))):
        yield "cpu", sandbox
        return
    from grader.grading.devices import choose

    choice = choose(sandbox, device, isolation)
    if choice.line:
        click.echo(choice.line, err=True)
    with contextlib.closing(choice.sandbox):
        yield choice.device, choice.sandbox


def sandboxed(seconds: float = 10.0, isolation: str = WEAKEST):
    """A sandbox that holds at least at a level; whoever asks closes it."""
    from grader.sandbox.opening import open_sandbox
    from grader.sandbox.walls.limits import Limits

    return open_sandbox(Limits(seconds=seconds), least=isolation)


@grade.command()
@click.option("--report", metavar="FILE", help="Write what a teacher needs to help you; none of your code.")
@click.option(
    "--with-code", "code", multiple=True, metavar="UNIT", help="Put your file of a unit into the report, too."
)
@course_option
def doctor(report, code, course_dir) -> None:
    """Look at what this machine can do, and say how to mend what it cannot."""
    if code and not report:
        raise click.UsageError("--with-code goes with --report FILE")
    with sandboxed() as sandbox:
        from grader.commands import doctor as run

        status = run.doctor(sandbox, course_dir, report, code)
    sys.exit(status)


@grade.command()
@click.argument("exercise", shell_complete=complete("complete_exercises"))
@click.argument("step", type=click.IntRange(min=1), required=False)
@course_option
def hint(exercise, step, course_dir) -> None:
    """Give a hint for an exercise, and one that says more each time; STEP 1 is the first."""
    from grader.commands import read

    read.hint(course_dir, exercise, step)


@grade.command()
@click.argument("exercise", shell_complete=complete("complete_exercises"))
@course_option
def explain(exercise, course_dir) -> None:
    """Show an exercise's handout, what it promises, and its points."""
    from grader.commands import read

    read.explain(course_dir, exercise)


@grade.command()
@click.argument("exercise", shell_complete=complete("complete_exercises"))
@course_option
def reset(exercise, course_dir) -> None:
    """Put one exercise's stub back; what you wrote is kept in a backup beside it."""
    from grader.commands import read

    read.reset(course_dir, exercise)


@grade.command()
@click.argument("exercise", shell_complete=complete("complete_exercises"))
@click.argument("label", metavar='["CASE"]', required=False)
@click.option("--debug", is_flag=True, help="Stop there in Python's debugger: your code runs in your own shell.")
@course_option
def case(exercise, label, debug, course_dir) -> None:
    """Show a case as lines to paste into Python: its inputs, the call, expected and got.

    Without a label it is the first case that fails.
    """
    with sandboxed() as sandbox:
        from grader.commands import case as run

        run.case(course_dir, exercise, label, debug, sandbox)


@grade.command()
@click.argument("folder", metavar="DIR")
@click.option("--course", "name", metavar="NAME", callback=not_empty, help="An installed course, not the grader's own.")
def init(folder, name) -> None:
    """Make a student's folder: handouts, stubs, and the questions to practise with."""
    from grader.commands import init as run

    run.init(folder, name)


@grade.command()
@click.option("--from", "source", metavar="DIR|ARCHIVE", callback=not_empty, help="A newer release of your course.")
@click.option("--look", is_flag=True, help="Show what would change, and change nothing.")
@course_option
def update(source, look, course_dir) -> None:
    """Bring a newer course into your folder, and keep every answer. It is the installed package's, or a release."""
    from grader.commands import update as run

    run.update(course_dir, source, look)


def told(text: str, limit: int = 2000) -> str:
    """What is said of an error: nothing that a terminal obeys, and no password of an address that was typed."""
    from grader.passwords import without_passwords
    from grader.text import inert

    return inert(without_passwords(text, sys.argv[1:]), limit)


def keep(error: Exception) -> None:
    """Keep an error for `grade doctor --report`."""
    from grader.commands.support import keep_error

    keep_error(sys.argv[1:], error)


def main() -> None:
    """The console script."""
    from grader.errors import GraderError, OurFault

    os.environ["PYTHONSAFEPATH"] = "1"  # no interpreter that is started here looks for modules in the current directory
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
        # arrays here are small, and threads that wait for work burn the cores on which others grade
        os.environ.setdefault(name, "1")
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # a terminal of another encoding shows escapes, not a traceback
        if sys.platform == "win32" and not stream.isatty() and "PYTHONIOENCODING" not in os.environ:
            stream.reconfigure(encoding="utf-8")  # as CI logs and editors read it; a console is told in Unicode anyway
    try:
        WITHIN_REACH()
        grade(prog_name="grade")
    except (GraderError, OurFault) as error:
        keep(error)
        click.echo(f"Error: {told(or_a_command(str(error), sys.argv[1:], [*grade.commands, *ELSEWHERE]))}", err=True)
        sys.exit(USAGE if isinstance(error, GraderError) else OURS)
    except Exception as error:
        keep(error)
        if os.environ.get("GRADE_DEBUG"):
            import traceback

            click.echo(told(traceback.format_exc(), 100_000), err=True)
            sys.exit(OURS)
        text = told(" ".join(f"{type(error).__name__}: {error}".split()))
        click.echo(
            f"Error: the grader itself failed ({text}). No points are lost; please report it, with GRADE_DEBUG=1.",
            err=True,
        )
        sys.exit(OURS)


if __name__ == "__main__":
    main()
