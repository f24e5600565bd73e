"""Whether a text for students gives a solution away: a piece of a reference, a mistake, an oracle or a rewrite.

Secret texts are cut into runs of tokens in two forms: as written, and with all of the author's own names replaced by
one, so that a copy that was renamed, rewrapped or commented out still matches. A text leaks if it shares a run with a
secret text and that run is not also in the stubs, which students get anyway.
"""

import ast
import html
import json
import keyword
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from grader import key as keys
from grader.course.reference_text import stub_module
from grader.course.unit import Unit
from grader.exercise import Edit
from grader.frozen import frozen

AS_WRITTEN = 14  # tokens; a difference quotient in a formula has 13
RENAMED = 24  # tokens; more, because without names more code looks alike
WHOLE = 5  # tokens of a whole function body, without names: `return x * factor` has 4 and could be anything
SHORTEST = 20  # characters of a line that does not occur in a text by chance
TOKEN = re.compile(r"[^\W\d]\w*|\d[\w.]*|[^\w\s]")
COMMENT = re.compile(r"#.*")
FENCED = re.compile(r"^```\w*\n(.*?)^```", re.DOTALL | re.MULTILINE)
LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")  # with its end, as Python's grammar counts lines
NO_SPACE = re.compile(r"[^\f\t]")
TAG = re.compile(r"<[^<>]*>")
SILENT = {"#", "\\", "$"}  # marks of comments, escapes and formulas, which are ignored
# Names that are not the author's own, so a copy keeps them.
SPOKEN = frozenset([*keyword.kwlist, "np", "self", "len", "range", "sum", "zip", "enumerate"])


@frozen
class Leak:
    """`where` is the released file and the part of it, `what` the part of the solution shown, `text` its beginning."""

    where: str
    what: str
    text: str

    def __str__(self) -> str:
        return f"{self.where} holds a piece of {self.what}: {self.text}"


@dataclass
class Secrets:
    """What students must not get, as runs of tokens and as lines, each with its origin."""

    runs: dict[tuple[str, ...], str] = field(default_factory=dict)
    lines: dict[str, str] = field(default_factory=dict)
    bodies: dict[tuple[str, ...], str] = field(default_factory=dict)
    _told: dict[str, tuple[str, str] | None] = field(default_factory=dict, repr=False, compare=False)

    def find(self, text: str) -> tuple[str, str] | None:
        """(what, its beginning) of the first secret that a text contains; None if it contains none.

        What is to be released is searched before it is written and as it lies there: the same text is searched once.
        """
        if text not in self._told:
            self._told[text] = self._found(text)
        return self._told[text]

    def _found(self, text: str) -> tuple[str, str] | None:
        for version in (text, COMMENT.sub("", text)):
            for line in version.splitlines():
                if what := self.lines.get(_tight(line)):
                    return what, line.strip()
            written = tokens(version)
            for form, size in ((written, AS_WRITTEN), (renamed(written), RENAMED)):
                for start, run in runs(form, size):
                    if what := self.runs.get(run):
                        return what, " ".join(written[start : start + size])
        for body in _functions_in(text):
            if what := self.bodies.get(tuple(renamed(tokens(body)))):
                return what, " ".join(body.split())[:80]
        return None


def secrets(units: Iterable[Unit]) -> Secrets:
    """What the solutions of units contain and their stubs do not."""
    found, public = Secrets(), Secrets()
    for unit in units:
        for what, text in _secret_texts(unit):
            _collect(found, what, text)
        for text in _public_texts(unit):
            _collect(public, "", text)
    return Secrets(*(_without(getattr(found, part), getattr(public, part)) for part in ("runs", "lines", "bodies")))


def _without(found: dict, public: dict) -> dict:
    return {piece: what for piece, what in found.items() if piece not in public}


def leaks(files: Mapping[str, bytes], secret: Secrets) -> list[Leak]:
    """Every part of the files that contains a secret."""
    parts = ((where, text) for name, content in files.items() for where, text in texts_of(name, content))
    return [Leak(where, *found) for where, text in parts if (found := secret.find(text))]


def texts_of(name: str, content: bytes) -> Iterator[tuple[str, str]]:
    """(where, text) of everything readable in a released file: cells and outputs, a key's texts, or the whole text."""
    if content.startswith(keys.MAGIC):
        yield from _key_texts(name, content)
        return
    text = content.decode("utf-8", "replace")
    if name.endswith(".ipynb"):
        try:
            yield from ((f"{name}, {where}", text) for where, text in _notebook_texts(json.loads(text)))
            return
        except (ValueError, TypeError, KeyError, AttributeError):
            pass  # if it is not a notebook, it is read as text
    yield name, text
    if "<" in text:
        yield name, html.unescape(TAG.sub("", text))


def tokens(text: str) -> list[str]:
    return [token for token in TOKEN.findall(text) if token not in SILENT]


def renamed(written: list[str]) -> list[str]:
    """The tokens with every name replaced by one, except Python's own and those after a dot."""
    before = ["", *written]
    return [
        token if not (token[0].isalpha() or token[0] == "_") or token in SPOKEN or was == "." else "_"
        for token, was in zip(written, before, strict=False)
    ]


def runs(form: list[str], size: int) -> Iterator[tuple[int, tuple[str, ...]]]:
    for start in range(len(form) - size + 1):
        yield start, tuple(form[start : start + size])


def _collect(into: Secrets, what: str, text: str) -> None:
    text = COMMENT.sub("", text)
    written = tokens(text)
    for form, size in ((written, AS_WRITTEN), (renamed(written), RENAMED)):
        into.runs.update({run: what for _, run in runs(form, size) if run not in into.runs})
    for line in text.splitlines():
        if len(tight := _tight(line)) >= SHORTEST:
            into.lines.setdefault(tight, what)
    whole = tuple(renamed(written))
    if len(whole) >= WHOLE:
        into.bodies.setdefault(whole, what)


def _tight(line: str) -> str:
    """A line without any white space."""
    return "".join(line.split())


def _secret_texts(unit: Unit) -> Iterator[tuple[str, str]]:
    """(what, text) of references, mistakes, oracles and rewrites, without docstrings, which are public in stubs."""
    for name, text in _bodies(unit.text):
        if name in unit.written or name.startswith("_"):
            yield f"the reference of {unit.name}.{name}", text
    for file, what in (("oracles.py", "the oracle"), ("rewrites.py", "a rewrite"), ("checks.py", "a mistake")):
        path = unit.folder / file
        bodies = list(_bodies(path.read_text(encoding="utf-8"))) if path.is_file() else []
        chosen = _wrong_functions(unit, dict(bodies)) if file == "checks.py" else dict(bodies)
        yield from ((f"{what} of {unit.name}, {name}", text) for name, text in bodies if name in chosen)
    for name, exercise in unit.exercises.items():
        for mistake in exercise.mistakes:
            if isinstance(mistake.wrong, Edit):
                what = f"the mistake {mistake.name} of {unit.name}.{name}"
                yield from ((what, step.new) for step in mistake.wrong.steps)


def _wrong_functions(unit: Unit, bodies: dict[str, str]) -> set[str]:
    """The functions of checks.py that are mistakes or used by mistakes; the others draw inputs and are public."""
    mistakes = [mistake.wrong for exercise in unit.exercises.values() for mistake in exercise.mistakes]
    waiting = [getattr(getattr(wrong, "func", wrong), "__name__", "") for wrong in mistakes]
    found: set[str] = set()
    while waiting:
        if (name := waiting.pop()) in bodies and name not in found:
            found.add(name)
            waiting += tokens(bodies[name])
    return found


def _public_texts(unit: Unit) -> Iterator[str]:
    """The public texts: stubs with the helpers that students get, and drivers, whose source is in the key."""
    stubs = stub_module(unit.text, unit.written)
    yield stubs
    yield from (text for _, text in _bodies(stubs))
    yield from (driver for name in unit.exercises for driver in unit.drivers(name))


def _bodies(text: str) -> Iterator[tuple[str, str]]:
    """(name, body without docstring) of each top-level function and each method of a module."""
    lines = LINE.findall(text)
    for node in ast.parse(text).body:
        inner = node.body if isinstance(node, ast.ClassDef) else [node]
        for function in inner:
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                body = function.body[1:] if ast.get_docstring(function) is not None else function.body
                yield node.name, "\n".join(_segment(lines, statement) for statement in body)


def _segment(lines: list[str], node: ast.stmt) -> str:
    """A statement as it is written, its first line padded: `ast.get_source_segment`, which cuts all the text into lines
    for each statement anew, and so takes half a minute for a course."""
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    start, end = lines[first].encode(), lines[last].encode()[: node.end_col_offset].decode()
    if first == last:
        return start[node.col_offset : node.end_col_offset].decode()
    padding = NO_SPACE.sub(" ", start[: node.col_offset].decode())
    return padding + start[node.col_offset :].decode() + "".join(lines[first + 1 : last]) + end


def _functions_in(text: str) -> Iterator[str]:
    """The bodies of the functions in a text that is Python, or in the Python between Markdown's fences."""
    for code in [text, *FENCED.findall(text)]:
        try:
            yield from (body for _, body in _bodies(code))
        except (SyntaxError, ValueError, RecursionError):
            continue


def _key_texts(name: str, content: bytes) -> Iterator[tuple[str, str]]:
    """All texts in a key that a student sees. Its drivers are public, and its arrays are numbers."""
    for exercise in keys.from_bytes(content, name).exercises:
        words = [exercise.summary, exercise.stub, exercise.handout, *exercise.hints]
        words += [check.claim for check in exercise.checks] + [mistake.sentence for mistake in exercise.mistakes]
        yield f"{name}, {exercise.name}", "\n".join(words)


def _notebook_texts(notebook: dict) -> Iterator[tuple[str, str]]:
    for number, cell in enumerate(notebook["cells"], 1):
        yield f"cell {number}", "".join(cell["source"])
        rest = {name: value for name, value in cell.items() if name != "source"}
        yield from ((f"cell {number}, {name}", text) for name, value in rest.items() for text in _strings(value))
    rest = {name: value for name, value in notebook.items() if name != "cells"}
    yield "its metadata", "\n".join(_strings(rest))


def _strings(tree: object) -> Iterator[str]:
    """The strings in JSON data; a list of lines counts as one text, HTML is given with and without its tags."""
    if isinstance(tree, str):
        yield tree
        if "<" in tree:
            yield html.unescape(TAG.sub("", tree))
    elif isinstance(tree, list) and tree and all(isinstance(item, str) for item in tree):
        yield from _strings("".join(tree))
    elif isinstance(tree, list):
        for item in tree:
            yield from _strings(item)
    elif isinstance(tree, dict):
        for name, item in tree.items():
            yield name
            yield from _strings(item)
