"""Files that students might hand in: each unit's reference and stub, and a file for each mistake and each rewrite."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader.course.edited_text import mutate
from grader.course.reference_text import stub_module
from grader.course.unit import Unit
from grader.exercise import Edit


@dataclass(frozen=True)
class Sample:
    """A file and the exercises that are asked of it; `answers` says what it has of each, such as `mistake unscaled`."""

    name: str
    unit: str
    source: str
    exercises: tuple[str, ...]
    answers: tuple[str, ...] = ()


def samples(unit: Unit) -> Iterator[Sample]:
    """All files of a unit's exercises that take NumPy alone."""
    plain = tuple(name for name, exercise in unit.exercises.items() if not exercise.torch)
    if not plain:
        return
    yield Sample(f"{unit.name}: reference", unit.name, unit.text, plain)
    yield Sample(f"{unit.name}: stub", unit.name, stub_module(unit.text, unit.written), plain)
    checks = (unit.folder / "checks.py").read_text(encoding="utf-8")
    for name in plain:
        piece = (unit.exercises[name].pieces or [name])[0]
        for mistake in unit.exercises[name].mistakes:
            if isinstance(mistake.wrong, Edit):
                source = mutate(unit.text, name, mistake.wrong)
            else:
                source = f"{unit.text}\n\n{_other(checks, name, piece, mistake.name)}"
            yield Sample(
                f"{unit.name}.{name}: mistake {mistake.name}", unit.name, source, (name,), (f"mistake {mistake.name}",)
            )
    for name in plain:
        for piece in unit.exercises[name].pieces or [name]:
            for how in unit.rewritten(name):
                if f"def {piece}__{how}(" in unit.rewrites_text or f"class {piece}__{how}" in unit.rewrites_text:
                    source = f"{unit.text}\n\n{_definitions(unit.rewrites_text, piece, f'{piece}__{how}')}"
                    yield Sample(f"{unit.name}.{name}: rewrite {how}", unit.name, source, (name,), (f"rewrite {how}",))


def bundled(unit: Unit, chosen: Sequence[Sample]) -> Iterator[Sample]:
    """The same answers in fewer files: each file has of every exercise one answer at most, with all that it uses of its own."""
    left = [sample for sample in chosen if len(sample.exercises) == 1]
    yield from (sample for sample in chosen if len(sample.exercises) > 1)
    while left:
        taken = {sample.exercises[0]: sample for sample in reversed(left)}
        left = [sample for sample in left if taken[sample.exercises[0]] is not sample]
        source = unit.text
        for name, sample in taken.items():
            source += "".join(
                f"\n\n{_definitions(sample.source, piece, piece)}" for piece in unit.exercises[name].pieces or [name]
            )
        names = ", ".join(sample.name.partition(".")[2] for sample in taken.values())
        answers = tuple(answer for sample in taken.values() for answer in sample.answers)
        yield Sample(f"{unit.name}: {names}", unit.name, source, tuple(taken), answers)


def _other(text: str, exercise: str, name: str, mistake: str) -> str:
    """A definition of `name` by what checks.py has as an exercise's mistake: a function, or a call that makes one."""
    for node in ast.walk(ast.parse(text)):
        is_mistake = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Mistake"
        if is_mistake and ast.literal_eval(node.args[0]) == mistake and _is_of(text, exercise, node):
            return _definitions(text, name, ast.unparse(node.args[2]))
    raise LookupError(f"checks.py has no mistake {mistake} of {exercise}")


def _is_of(text: str, exercise: str, mistake: ast.Call) -> bool:
    """Whether a mistake stands in an exercise's definition, or in none."""
    inside = [
        name
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign) and node.lineno <= mistake.lineno <= (node.end_lineno or 0)
        for name in _bound(node)
    ]
    return exercise in inside or not any(name.islower() for name in inside)


def _definitions(text: str, name: str, value: str) -> str:
    """Bind `name` to an expression of a file, which finds what it uses of that file, and nothing there takes another's place."""
    tree = ast.parse(text)
    known = {each: node for node in tree.body for each in _bound(node)}
    found: dict[int, ast.stmt] = {}
    waiting = [item.id for item in ast.walk(ast.parse(value)) if isinstance(item, ast.Name)]
    while waiting:
        node = known.get(waiting.pop())
        if node is not None and id(node) not in found:
            found[id(node)] = node
            waiting += [item.id for item in ast.walk(node) if isinstance(item, ast.Name)]
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    ours = [node for node in imports if not ast.unparse(node).startswith(("from grader", "import torch", "from torch"))]
    body = [*ours, *(node for node in tree.body if id(node) in found)]
    inside = ast.parse("def _made():\n    pass").body[0]
    inside.body = [*body, ast.parse(f"return {value}").body[0]]
    whole = ast.unparse(ast.fix_missing_locations(inside))
    return f"{whole}\n{name} = _made()\n"


def _bound(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [item.id for target in node.targets for item in ast.walk(target) if isinstance(item, ast.Name)]
    return []
