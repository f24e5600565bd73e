"""A reference's text is edited into mutants: what an author writes as `edit`, `everywhere`, `swapped` or `returns`."""

import ast

from grader.course.reference_text import SourceError, definitions
from grader.exercise import Edit, Step

THERE = "…"  # in a new answer: the expression that is there


def mutate(text: str, exercise: str, change: Edit) -> str:
    """A module's text with one function or class edited; SourceError where a step does not find what it changes."""
    name = change.of or exercise
    source = definitions(text).get(name)
    if source is None:
        written = ", ".join(f"of={known!r}" for known in definitions(text))
        raise SourceError(
            f"{exercise}: the reference has no {name} to edit; say of what it is: edit(…, of=…), one of {written}"
        )
    first, last = source.span
    lines, body = text.split("\n"), source.body
    for step in change.steps:
        body = _HOW[step.how](body, step, f"{exercise}: ", name)
    return "\n".join([*lines[: first - 1], body, *lines[last:]])


def _once(body: str, step: Step, before: str, name: str) -> str:
    if (count := body.count(step.old)) != 1:
        raise SourceError(f"{before}{step.old!r} occurs {count} times in {name}; an edit needs it exactly once")
    return body.replace(step.old, step.new)


def _everywhere(body: str, step: Step, before: str, name: str) -> str:
    if (count := body.count(step.old)) < 2:
        raise SourceError(
            f"{before}{step.old!r} occurs {count} times in {name}; `everywhere` needs it twice at least, "
            "and `edit` is for what stands there once"
        )
    return body.replace(step.old, step.new)


def _swapped(body: str, step: Step, before: str, name: str) -> str:
    for piece in (step.old, step.new):
        if (count := body.count(piece)) != 1:
            raise SourceError(f"{before}{piece!r} occurs {count} times in {name}; `swapped` needs each exactly once")
    one, other = sorted((step.old, step.new), key=body.index)
    head, _, rest = body.partition(one)
    if other not in rest:
        raise SourceError(f"{before}{one!r} and {other!r} overlap in {name}, and cannot be swapped")
    between, _, tail = rest.partition(other)
    return head + other + between + one + tail


def _returned(body: str, step: Step, before: str, name: str) -> str:
    last = ast.parse(body).body[0].body[-1]
    if not isinstance(last, ast.Return) or last.value is None:
        raise SourceError(f"{before}{name} does not end with a return of something; say with `edit` what changes")
    begin, end = (
        _place(body, last.value.lineno, last.value.col_offset),
        _place(body, last.value.end_lineno, last.value.end_col_offset),
    )
    return body[:begin] + step.new.replace(THERE, f"({body[begin:end]})") + body[end:]


def _place(text: str, line: int, column: int) -> int:
    """Where a line and a column of `ast`, which counts bytes, are in a text."""
    lines = text.split("\n")
    return sum(len(each) + 1 for each in lines[: line - 1]) + len(lines[line - 1].encode()[:column].decode())


_HOW = {"edit": _once, "everywhere": _everywhere, "swapped": _swapped, "returns": _returned}
