"""Follow the manual's pages as a reader does: run the commands, compare their output, write the files.

A page's ```console blocks hold `$ command` lines (`> ` where a command goes on), and beneath each what it prints. `…` stands for anything: alone on a line
for any number of lines, else for a part of one. Times, hashes and the folder in which a page is run are the same everywhere.
A block with a title, ```python title="FILE", is what the reader writes there: definitions replace those of the same
names, and what is no Python, or a new file, is written whole. A file of the repository's tests/ is not written but quoted, with … for lines
left out; a test holds that it says so. A comment before a block says what must be there for it:

    <!-- needs: grade release students -->     a command, or one with an option: grade check --watch
    <!-- needs: nbgrader, grade release nbgrader -->   an installed program, too
    <!-- needs: import jax -->                an installed package

A page's front matter says where it begins: `begins: folder` (an empty one, the default) or `begins: clone` (the course).

    python -m grader.manual.follow PAGE…      shows what has drifted
    python -m grader.manual.follow --write …  puts down what is printed now; then read the difference
"""

import argparse
import ast
import difflib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from grader.frozen import frozen
from grader.statement import as_written, first_line

ROOT = Path(__file__).resolve().parents[2]
PAGES = Path(__file__).parent / "pages"
CLONED = ("assignments", "solutions", "tests/samples", "pyproject.toml")  # of a clone, what the pages use
QUOTED = "tests/"  # files that pages show and no reader writes
HOME = "/home/ada"  # how pages spell the folder in which they are run
LIMIT = 300  # seconds for a command; the longest takes a few, on a machine that has time

BLOCK = re.compile(
    r"^(?P<indent>[ ]*)(?:<!-- needs: (?P<needs>[^>]*?) -->\s*\n\s*)?(?P<fence>```+)(?P<kind>console|\w+(?= title=))"
    r'(?: title="(?P<title>[^"]+)")?[^\n]*\n(?P<body>.*?)^(?P=indent)(?P=fence)[ ]*$',
    re.MULTILINE | re.DOTALL,
)
BEGINS = re.compile(r"\A---\n(?:.*\n)*?begins: *(\w+)")
NOISE = (
    (re.compile(r"\b\d+(?:\.\d+)? (?:ms|s|min|h)\b"), "0 s"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "0" * 64),
    (re.compile(r"[ \t]+$", re.MULTILINE), ""),
)


@frozen
class Step:
    """A command with what it should print (`file` empty), or a file to write."""

    line: int
    text: str
    prints: str = ""
    file: str = ""
    needs: str = ""


def steps(page: str) -> Iterator[Step]:
    """What a reader of a page does, in order."""
    for block in BLOCK.finditer(page):
        first = page.count("\n", 0, block.start("body")) + 1
        cut = len(block["indent"])
        lines = [line[cut:] for line in block["body"].split("\n")[:-1]]
        needs = block["needs"] or ""
        if block["kind"] != "console":
            if block["title"]:
                yield Step(first, "\n".join(lines) + "\n", file=block["title"], needs=needs)
            continue
        starts = [number for number, line in enumerate(lines) if line.startswith("$ ")]
        for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
            more = start + 1
            while more < end and (lines[more] == ">" or lines[more].startswith("> ")):
                more += 1
            command = "\n".join(line[2:] for line in lines[start:more])
            prints = "\n".join(lines[more:end]).strip("\n")
            yield Step(first + more - 1, command, prints, needs=needs)


def begins(page: str) -> str:
    found = BEGINS.match(page)
    return found[1] if found else "folder"


def run(page: str, first: Path | None = None) -> Iterator[tuple[Step, str | None]]:
    """Follow a page in a new folder: each step with what it printed, None for a step whose needs are not there.

    Programs are looked for in the folder `first` before all others.
    """
    with tempfile.TemporaryDirectory(prefix="ada") as folder:  # short: `grade` cuts long paths to the terminal's width
        home = Path(folder).resolve()
        place = home / "course" if begins(page) == "clone" else home
        if begins(page) == "clone":
            _clone(place)
        environment = _environment(home)
        if first:
            environment["PATH"] = os.pathsep.join([str(first), environment["PATH"]])
        is_there = _needs(environment)
        for step in steps(page):
            if not is_there(step.needs):
                yield step, None
            elif step.file.startswith(QUOTED):
                yield step, ""
            elif step.file:
                _write(place / step.file, step.text)
                yield step, ""
            else:
                printed, place = _command(step.text, place, environment)
                yield step, printed.replace(str(home), HOME).strip("\n")


def drift(step: Step, printed: str) -> str:
    """How what a command printed differs from its page; empty if it does not."""
    expected, found = plain(step.prints), plain(printed)
    if re.fullmatch(_pattern(expected), found + "\n"):
        return ""
    lines = difflib.unified_diff(expected.split("\n"), found.split("\n"), "the page", "grade", lineterm="")
    return f"line {step.line}: $ {step.text}\n" + "\n".join(lines)


def plain(text: str) -> str:
    """A text without what differs from run to run."""
    for pattern, by in NOISE:
        text = pattern.sub(by, text)
    return text


def _pattern(expected: str) -> str:
    """What the expected text matches, each of its lines with an end."""
    lines = expected.split("\n")
    return "".join("(?:.*\n)*?" if line == "…" else ".*".join(map(re.escape, line.split("…"))) + "\n" for line in lines)


def _clone(place: Path) -> None:
    for name in CLONED:
        source, to = ROOT / name, place / name
        to.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, to, ignore=shutil.ignore_patterns("__pycache__", "*.bak"))
        else:
            shutil.copyfile(source, to)


def _environment(home: Path) -> dict[str, str]:
    """A new user's: nothing remembered, no colours, 80 columns."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    kept = {name: os.environ[name] for name in ("LANG", "TMPDIR", "VIRTUAL_ENV", "SYSTEMROOT") if name in os.environ}
    return kept | {
        "PATH": path,
        "HOME": str(home),
        "XDG_DATA_HOME": str(home / ".local" / "share"),
        "COLUMNS": "80",
        "NO_COLOR": "1",
        "LC_ALL": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _needs(environment: dict[str, str]) -> Callable[[str], bool]:
    """Whether what a block needs is there; each command's help is read once."""
    known: dict[str, bool] = {"": True}

    def is_there(needs: str) -> bool:
        if "," in needs:
            return all(is_there(item.strip()) for item in needs.split(","))
        if needs.startswith("import "):
            return importlib.util.find_spec(needs.removeprefix("import ")) is not None
        if needs not in known:
            words = needs.split()
            options = [word for word in words if word.startswith("-")]
            command = [word for word in words if not word.startswith("-")]
            known[needs] = shutil.which(command[0], path=environment["PATH"]) is not None
            if known[needs] and len(words) > 1:
                run = subprocess.run(
                    [*command, "--help"], env=environment, capture_output=True, text=True, timeout=LIMIT
                )
                usage = f"Usage: {' '.join(command)} "
                known[needs] = run.stdout.startswith(usage) and all(option in run.stdout for option in options)
        return known[needs]

    return is_there


def _command(command: str, place: Path, environment: dict[str, str]) -> tuple[str, Path]:
    """What a shell prints for a command, standard error included, and the folder it is in afterwards."""
    with tempfile.NamedTemporaryFile("r") as where:
        script = f"{command}\nstatus=$?\npwd > {where.name}\nexit $status"
        ended = subprocess.run(
            ["bash", "-c", script], cwd=place, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=LIMIT,
        )  # fmt: skip
        return ended.stdout, Path(where.read().strip() or place)


def _write(path: Path, text: str) -> None:
    """Put a block into a file, as a reader would in an editor."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.suffix == ".py":
        text = edited(path.read_text(encoding="utf-8"), text)
    path.write_text(text, encoding="utf-8")


def edited(before: str, block: str) -> str:
    """A Python file with a block's definitions in the place of its own; new ones go before what follows them in the block."""
    lines, old, new = block.split("\n"), before.split("\n"), []
    there = {_name(node): node for node in ast.parse(before).body}
    changes = []
    for node in ast.parse(block).body:
        new.append(as_written(node, lines))
        if replaced := there.get(_name(node)):
            changes.append((replaced, "\n\n\n".join(new)))
            new = []
    for node, text in sorted(changes, key=lambda change: -change[0].lineno):
        old[first_line(node) - 1 : node.end_lineno] = text.split("\n")
    return "\n".join(old).rstrip("\n") + "\n" + "".join(f"\n\n{text}\n" for text in new)


def _name(node: ast.stmt) -> str:
    """What a statement binds; its own text where it binds no one name, so that equal imports are one."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return node.name
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    if isinstance(node, ast.ImportFrom):
        return f"from {node.module}"
    if isinstance(node, ast.Expr):
        return "the docstring"
    return ast.unparse(node)


def written(page: str) -> str:
    """A page with what its commands print now; what the page leaves out with … stays left out."""
    lines = page.split("\n")
    for step, printed in reversed([*run(page)]):
        if printed is None or step.file or not drift(step, printed):
            continue
        indent = re.match(" *", lines[step.line - 1])[0]
        after = step.line
        while not lines[after].startswith((f"{indent}$ ", f"{indent}```")):
            after += 1
        lines[step.line : after] = [(indent + line).rstrip() for line in plain_ends(printed).split("\n") if printed]
    return "\n".join(lines)


def plain_ends(text: str) -> str:
    return NOISE[-1][0].sub("", text)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("pages", nargs="*", type=Path, default=sorted(PAGES.glob("*.md")))
    parser.add_argument("--write", action="store_true")
    wanted = parser.parse_args()
    status = 0
    for path in wanted.pages:
        page = path.read_text(encoding="utf-8")
        if wanted.write:
            path.write_text(written(page), encoding="utf-8")
            continue
        drifted = [drift(step, printed) for step, printed in run(page) if printed is not None]
        for text in filter(None, drifted):
            status = 1
            print(f"{path}, {text}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
