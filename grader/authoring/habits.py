"""What people do to a right function that makes it wrong in the same way everywhere: each habit, put into a reference.

An input that is changed in place, an eps of one's own, another generator than the one that was given, something that is kept
between calls, a constant where an argument is meant, a gradient that is cut off. What a student is told of each, `told` says;
the table of them all has no row in which nothing is said.
"""

import ast
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from grader.course.unit import Unit
from grader.frozen import frozen
from grader.key import ExerciseKey
from grader.nest import leaves
from grader.report import ExerciseReport, Finding
from grader.sandbox.wire import Seeded

EPS = 1e-8
WALK = """

import inspect as _inspect
def _walk(tree, change):
    if isinstance(tree, dict):
        return {name: _walk(part, change) for name, part in tree.items()}
    if isinstance(tree, (list, tuple)):
        return type(tree)(_walk(part, change) for part in tree)
    return change(tree)
def _is_array(it):
    return hasattr(it, "dtype") and hasattr(it, "shape") and it.ndim > 0
"""
OF_A_FUNCTION = """
_right = {name}
def {name}(*args, **named):
{before}
    out = _right(*args, **named)
{after}
    return out
"""
OF_A_CLASS = """
_right = {name}.forward
def _forward(self, *args, **named):
{before}
    out = _right(self, *args, **named)
{after}
    return out
{name}.forward = _forward
"""
DOUBLED = """
    def _double(it):
        if _is_array(it):
            it = it.data if hasattr(it, "requires_grad") else it
            if "bool" in str(it.dtype):
                it ^= True
            else:
                it *= 2
                it += 1
    _walk([list(args), named], _double)
"""
REMEMBERED = """
    _calls.append(1)
    def _more(it):
        kind = "f" if "float" in str(getattr(it, "dtype", type(it).__name__)) else "i"
        if type(it) is str or it is None:
            return it
        if type(it) is bool or "bool" in str(getattr(it, "dtype", "")):
            return it ^ True
        return it * (1 + 0.01 * (len(_calls) - 1)) if kind == "f" else it + (len(_calls) - 1)
    if len(_calls) > 1:
        try:
            out = _walk(out, _more)
        except TypeError:
            pass
"""
DETACHED = """
    out = _walk(out, lambda it: it.detach().requires_grad_(False) if hasattr(it, "detach") else it)
"""
OTHER_GENERATOR = """
    def _other(it):
        return {generator} if isinstance(it, np.random.Generator) else it
    args, named = _walk(list(args), _other), _walk(named, _other)
"""
CONSTANT = """
    _given = _inspect.signature(_right).bind(*args, **named)
    {change}
    args, named = _given.args, _given.kwargs
"""


@frozen
class Variant:
    """A habit in an exercise: the whole file, and words of which one is to be in what a student is told."""

    habit: str
    text: str
    words: tuple[str, ...]
    is_harmless: bool = False  # all points may be kept: where it changes no answer there is nothing to say


def variants(unit: Unit, name: str, key: ExerciseKey) -> Iterator[Variant]:
    """Every habit that an exercise can be written with. Training runs, which are judged by what they learn, have none."""
    text, is_class = unit.text, unit.source(name).is_class
    if is_class and "    def forward(self" not in unit.source(name).text:
        return

    def wrapped(before: str = "    pass", after: str = "    pass", around: str = "") -> str:
        form = OF_A_CLASS if is_class else OF_A_FUNCTION
        return text + WALK + around + form.format(name=name, before=before, after=after)

    given = [leaf for question in key.questions for _, leaf in leaves(question.inputs)]
    if any(isinstance(leaf, np.ndarray) and leaf.ndim and leaf.dtype.kind == "f" for leaf in given):
        yield Variant("in place", wrapped(after=DOUBLED), ("changes its input",), is_harmless=bool(key.driver))
    # of a driver's summary in words and counts, nothing shows what a number is; and what returns nothing is not spoiled so
    has_numbers = any(np.asarray(leaf).dtype.kind == "f" for q in key.questions for _, leaf in leaves(q.expected))
    returns = any(isinstance(node, ast.Return) and node.value for node in ast.walk(unit.source(name).node))
    shows_numbers = returns and (has_numbers or not key.driver)
    if shows_numbers:
        yield Variant("state", wrapped(after=REMEMBERED, around="_calls = []\n"), ("remembers", "two answers"))
    if any(isinstance(leaf, Seeded) for leaf in given):
        own = "_own = np.random.default_rng(1)\n"
        yield Variant("own generator", wrapped(OTHER_GENERATOR.format(generator="_own"), around=own), ("generator",))
        fixed = OTHER_GENERATOR.format(generator="np.random.default_rng(0)")
        yield Variant("fixed generator", wrapped(fixed), ("generator", "rng"))
    if shows_numbers and key.torch and any("grad" in key.way_of(question).driver for question in key.questions):
        yield Variant("cut gradient", wrapped(after=DETACHED), ("cut", "gradient"))
    if not is_class:
        yield from _constants(key, wrapped)
        if "h" not in key.parameters:  # below a difference quotient's line stands the small step itself
            counts = {argument for argument, value in key.questions[0].inputs.items() if type(value) is int}
            yield from _own_eps(text, name, counts)


def _constants(key: ExerciseKey, wrapped: Callable[..., str]) -> Iterator[Variant]:
    """A number that is meant to be given, written into the function: the one of the first question."""
    first = key.questions[key.checks[0].groups[0][0]].inputs
    for argument in key.reacts:
        value = first.get(argument)
        if argument not in key.parameters or (argument in first and type(value) not in (int, float, bool, str)):
            continue
        change = f"_given.arguments[{argument!r}] = {value!r}"
        if argument not in first:
            change = f"_given.arguments.pop({argument!r}, None)"
        yield Variant(f"constant for {argument}", wrapped(CONSTANT.format(change=change)), (argument,))


def _own_eps(text: str, name: str, counts: set[str]) -> Iterator[Variant]:
    """An eps in every logarithm, below every line, or in every root of a function."""
    for habit, changes in (("eps in logs", _in_logs), ("eps below lines", _below_lines)):
        tree = ast.parse(text)
        function = next(node for node in tree.body if getattr(node, "name", "") == name)
        count = sum(changes(node, counts) for node in ast.walk(function))
        if count:
            words = ("small constant", "eps", "epsilon", "constant of your own")
            yield Variant(habit, ast.unparse(ast.fix_missing_locations(tree)), words, is_harmless=True)


def _in_logs(node: ast.AST, counts: set[str]) -> bool:
    is_log = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "log"
    if is_log and node.args:
        node.args[0] = ast.BinOp(node.args[0], ast.Add(), ast.Constant(EPS))
    return is_log


def _below_lines(node: ast.AST, counts: set[str]) -> bool:
    is_line = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and not _is_count(node.right, counts)
    if is_line:
        node.right = ast.BinOp(node.right, ast.Add(), ast.Constant(EPS))
    return is_line


def _is_count(node: ast.expr, counts: set[str]) -> bool:
    """Whether nobody would add an eps: a number, a length, a size, an argument that is a whole number."""
    words = {"len", "shape", "size", "numel", "prod", *counts}
    names = {getattr(part, "id", getattr(part, "attr", "")) for part in ast.walk(node)}
    return isinstance(node, ast.Constant) or bool(words & names) or not (names - {"np", "math", "torch"})


def told(report: ExerciseReport, variant: Variant) -> str:
    """ "" where a habit is told as it should be, or does no harm; else what is wrong with what is said."""
    findings = [check.finding for check in report.checks if check.finding]
    if not findings:
        return "" if variant.is_harmless else "keeps every point"
    if any(word in sentence(finding) for finding in findings for word in variant.words):
        return ""
    if any(finding.mistake for finding in findings):
        return ""
    said = next((finding.hint for finding in findings if finding.hint), "")
    return f"only: {said}" if said else f"nothing but: {findings[0].message}"


def sentence(finding: Finding) -> str:
    """All that is said of a finding."""
    return " ".join([finding.message, finding.hint, finding.mistake])


@frozen
class Row:
    """One line of the table: an exercise, a habit, what it earns, what is said first, and what is wrong with that."""

    exercise: str
    habit: str
    points: str
    said: str
    fault: str = ""


def row(report: ExerciseReport, variant: Variant) -> Row:
    findings = [check.finding for check in report.checks if check.finding]
    said = next((finding.hint or finding.message for finding in findings), "keeps every point: it changes no answer")
    points = f"{report.points}/{report.max_points}"
    return Row(report.id, variant.habit, points, said, told(report, variant))


def table(rows: Sequence[Row]) -> str:
    """The table as Markdown."""
    lines = ["| exercise | habit | points | what is said |", "|---|---|---|---|"]
    return "\n".join(
        [
            *lines,
            *(
                f"| {each.exercise} | {each.habit} | {each.points} | {each.fault and '**' + each.fault + '** '}{each.said} |"
                for each in rows
            ),
        ]
    )
