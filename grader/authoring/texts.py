"""What an author wrote, as it stands: mistakes, hints, rewrites, forbidden operations and the handout's examples."""

import ast
import re
from collections.abc import Iterator

from grader.authoring.examples import wrong_examples
from grader.course.reference_text import definitions
from grader.course.unit import Unit
from grader.sandbox.inside.ideas import IDEAS
from grader.sandbox.inside.operations import first_use, names_of
from grader.sandbox.inside.paths import operation_exists


def wrong_texts(unit: Unit, name: str) -> Iterator[tuple[int, str]]:
    """(rule, sentence) for each rule that what the author wrote breaks, before anything is drawn."""
    yield from _sentences(unit, name)
    yield from _operations(unit, name)
    for sentence in wrong_examples(unit, name):
        yield 7, f"{unit.folder / 'handout.md'}: {sentence}"


def _sentences(unit: Unit, name: str) -> Iterator[tuple[int, str]]:
    exercise = unit.exercises[name]
    if len(exercise.mistakes) < 3:
        yield 5, f"{len(exercise.mistakes)} mistakes; at least three that people really make"
    if not 2 <= len(exercise.hints) <= 3:
        yield 5, f"{len(exercise.hints)} hints; two or three, from question to pointer"
    if not unit.rewritten(name) and not exercise.is_run:
        yield 4, f"rewrites.py has no {name}__<how>"
    for text in [*(mistake.sentence for mistake in exercise.mistakes), *exercise.hints]:
        if not text.rstrip().endswith((".", "?", "!")) or not text[:1].isupper():
            yield 5, f"not a sentence: {text!r}"
        if given := _gives_away(text, unit.source(name).body):
            yield 5, f"{text!r} gives a line of the reference away: {given}"


def _operations(unit: Unit, name: str) -> Iterator[tuple[int, str]]:
    """Where the reference or a rewrite uses what the exercise forbids."""
    forbids = unit.exercises[name].forbids
    if unknown := [path for path in forbids if path != "@" and not (path in IDEAS or operation_exists(path))]:
        yield 1, f"it forbids what does not exist: {', '.join(unknown)}"
    pieces = unit.exercises[name].pieces or [name]
    texts = [(1, unit.text, piece) for piece in pieces]
    if unit.rewritten(name):
        rewrites = unit.rewrites_text
        texts += [(4, rewrites, known) for known in definitions(rewrites) if known.split("__")[0] in pieces]
    for rule, text, function in texts:
        if use := first_use(names_of(ast.parse(text)), function, forbids):
            yield rule, f"{function} uses {use[1]} in line {use[0]}, which the exercise forbids"


def _gives_away(text: str, body: str) -> str:
    """A line of the reference's code that a text contains literally; empty if there is none."""
    squeezed = "".join(text.split())
    for line in re.sub('""".*?"""', "", body, flags=re.DOTALL).splitlines()[1:]:
        code = line.split("#")[0].strip().removeprefix("return ").split(" = ")[-1]
        if len(code) >= 12 and "".join(code.split()) in squeezed:
            return code
    return ""
