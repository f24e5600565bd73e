"""Run a unit's demo with a student's file, in a process of its own; its pieces arrive as they are made."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from grader.demos.shown import LONGEST, Printed, Shown, Stopped, read
from grader.errors import GraderError
from grader.files import NEW
from grader.frozen import frozen
from grader.sandbox.inside.reading import parse
from grader.scratch import Scratch
from grader.text import inert, listed

FOLDER, SCRIPT = "demo", "demo.py"
MOST_PRINTED = 20_000  # characters that are shown of what was printed


class DemoError(GraderError):
    """There is no demo, or it cannot be run as things are; the message says what to do."""


@frozen
class Demo:
    """A unit's demo: its script, and the student's functions and classes that it needs."""

    unit: str
    script: Path
    title: str
    needs: tuple[str, ...]


def find(unit: str, folder: Path) -> Demo:
    """The demo in a unit's folder; DemoError where the unit has none, or where it is damaged."""
    script = folder / FOLDER / SCRIPT
    if not script.is_file():
        raise DemoError(f"{unit} has no demo; a unit with one has a folder {FOLDER} beside its handout")
    try:
        tree = ast.parse(script.read_text(encoding="utf-8"))
        return Demo(unit, script, title(tree), needs(tree))
    except (OSError, ValueError, SyntaxError) as error:
        raise DemoError(f"{script} cannot be read ({error}); `grade update` brings it again") from None


def title(tree: ast.Module) -> str:
    """What a demo shows, in its author's words: the first line of its docstring."""
    return (ast.get_docstring(tree) or "").partition("\n")[0]


def needs(tree: ast.Module) -> tuple[str, ...]:
    """The names in a demo's NEEDS; ValueError where it has none."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["NEEDS"]:
            found = ast.literal_eval(node.value)
            if isinstance(found, tuple) and found and all(isinstance(name, str) for name in found):
                return found
    raise ValueError("a demo has a line NEEDS = (…) with the names of what it uses of a student's")


def run(demo: Demo, source: bytes, file: str) -> Iterator[Shown]:
    """The pieces of a demo that is made of a student's file (`source`, under the name `file`), each as it is made.

    The last is a `Stopped` where it did not come to its end. The student's code runs as the user's own, with the user's
    rights: nothing is graded here. DemoError where a function that it needs is not written yet. Closing the iterator ends it.
    """
    tree, reading = parse(source, file)
    if reading.problems:
        problem = reading.problems[0]
        raise DemoError(f"{file}, line {problem['line']}: {inert(problem['message'], 300)}")
    if gone := unwritten(tree, demo.needs):
        them = "it is" if len(gone) == 1 else "they are"
        raise DemoError(
            f"the demo of {demo.unit} is made of what you write, and needs {listed(gone, 20)}; run it again when {them} written"
        )
    asked = {"file": os.path.abspath(file), "source": source.decode("latin-1"), "demo": str(demo.script.resolve())}
    with Scratch() as folder:
        printed = Path(folder) / "printed"
        with os.fdopen(os.open(printed, NEW, 0o600), "wb") as out:
            yield from _pieces(asked, out)
        with printed.open("rb") as text:
            found = inert(text.read(4 * MOST_PRINTED).decode(errors="replace"), MOST_PRINTED).strip()
    if found:
        yield Printed(found)


def unwritten(tree: ast.Module, names: Sequence[str]) -> list[str]:
    """Those of some functions and classes that a file does not define, or that still are as the stub is."""
    defined = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    others = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return [name for name in names if (_is_stub(defined[name]) if name in defined else name not in others)]


def _is_stub(node: ast.FunctionDef | ast.ClassDef) -> bool:
    if isinstance(node, ast.ClassDef):
        return any(_is_stub(each) for each in node.body if isinstance(each, ast.FunctionDef))
    last = node.body[-1]
    return isinstance(last, ast.Raise) and last.exc is not None and "NotImplementedError" in ast.unparse(last.exc)


def _pieces(asked: dict[str, str], printed: BinaryIO) -> Iterator[Shown]:
    command = [sys.executable, "-P", "-m", "grader.demos.process"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONDONTWRITEBYTECODE": "1"}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=printed, env=environment
    ) as process:
        try:
            process.stdin.write(json.dumps(asked).encode())
            process.stdin.close()
            yield from _received(process)
        finally:
            process.kill()


def _received(process: subprocess.Popen) -> Iterator[Shown]:
    is_told = False
    while line := process.stdout.readline(LONGEST + 1):
        try:
            piece = read(line)
        except ValueError as error:
            yield Stopped(f"the demo's process sent {error}")
            return
        is_told = isinstance(piece, Stopped)
        yield piece
    if process.wait() and not is_told:
        how = (
            f"ended with status {process.returncode}"
            if process.returncode > 0
            else f"died of signal {-process.returncode}"
        )
        yield Stopped(f"the demo's process {how}")
