"""The mutation operators: each is named after what it changes, and yields the replacements of one syntax node."""

import ast
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass

AXES = (0, 1, -1, -2)

ARITHMETIC = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.MatMult: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
COMPARISONS = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
ORDERED = (
    ast.Sub,
    ast.Div,
    ast.FloorDiv,
    ast.Mod,
    ast.Pow,
    ast.MatMult,
)  # operators that are not commutative
PAIRS = ("max min", "maximum minimum", "argmax argmin", "any all", "floor ceil", "triu tril", "sum mean", "std var")
COUNTERPARTS = {a: b for pair in PAIRS for a, b in (pair.split(), pair.split()[::-1])}
COUNTERPARTS |= {"sin": "cos", "cos": "sin", "zeros": "ones", "zeros_like": "ones_like", "ones": "zeros"}


@dataclass
class Scope:
    """What an operator knows about the function that contains a node."""

    parameters: dict[str, ast.expr | None]  # with their defaults
    modules: set[str]
    bound: set[str]  # names that already have a value, so that dropping an assignment raises no NameError


def arithmetic(node: ast.AST, scope: Scope) -> Iterator[ast.AST]:
    if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in ARITHMETIC:
        yield _with(node, op=ARITHMETIC[type(node.op)]())
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Invert | ast.Not):
        yield node.operand


def comparison(node: ast.AST, scope: Scope) -> Iterator[ast.AST]:
    for i, op in enumerate(node.ops if isinstance(node, ast.Compare) else ()):
        for other in COMPARISONS[type(op)]:
            yield _with(node, ops=[*node.ops[:i], other(), *node.ops[i + 1 :]])


def term(node: ast.AST, scope: Scope) -> Iterator[ast.AST]:
    """A sum without one of its terms, a product without one of its factors."""
    if isinstance(node, ast.BinOp):
        yield from (node.left, node.right)
    if isinstance(node, ast.BoolOp):
        yield from node.values


def wrapper(node: ast.AST, scope: Scope) -> Iterator[ast.AST]:
    """What is inside a call: x for np.sqrt(x), for x.copy() and for x.T; x for x[a:b]."""
    if isinstance(node, ast.Call):
        root = node.func
        while isinstance(root, ast.Attribute):
            root = root.value
        if isinstance(node.func, ast.Attribute) and not (isinstance(root, ast.Name) and root.id in scope.modules):
            yield node.func.value
        elif node.args and not isinstance(node.args[0], ast.Starred):
            yield node.args[0]
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield node.value
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and _integer(node.slice) is None:
        yield node.value


def axis(node: ast.AST, scope: Scope) -> Iterator[ast.AST]:
    if not isinstance(node, ast.keyword) or node.arg != "axis":
        return
    value = node.value
    if (number := _integer(value)) is not None:
        yield from (_with(node, value=_number(other)) for other in AXES if other != number)
    for i in range(len(value.elts)) if isinstance(value, ast.Tuple) else ():
        yield _with(node, value=_with(value, elts=[*value.elts[:i], *value.elts[i + 1 :]]))


def keyword(node: ast.AST, scope: Scope) -> Iterator[ast.AST]:
    """A call without one of its keyword arguments: keepdims, ddof, axis, where."""
    if isinstance(node, ast.Call):
        for i in range(len(node.keywords)):
            yield _with(node, keywords=[*node.keywords[:i], *node.keywords[i + 1 :]])


def order(node: ast.AST, scope: Scope) -> Iterator[ast.AST]:
    """Two arguments, two parts of a tuple or two operands in each other's place."""
    if isinstance(node, ast.Call):
        yield from (_with(node, args=args) for args in _swapped(node.args))
    if isinstance(node, ast.Tuple | ast.List):
        yield from (_with(node, elts=elts) for elts in _swapped(node.elts))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ORDERED):
        yield _with(node, left=node.right, right=node.left)


def constant(node: ast.AST, scope: Scope) -> Iterator[ast.AST]:
    value = node.value if isinstance(node, ast.Constant) else None
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int | float):
        others = (value + 1, value - 1, -value, type(value)(0), type(value)(1), 2 * value)
        yield from map(_number, dict.fromkeys(other for other in others if other != value))


def off_by_one(node: ast.AST, scope: Scope) -> Iterator[ast.AST]:
    """The ends of slices and ranges, one further or one nearer."""
    if isinstance(node, ast.Slice):
        for end, missing in (("lower", ast.Constant(1)), ("upper", _number(-1))):
            old = getattr(node, end)
            if old is None:
                yield _with(node, **{end: missing})
            elif not isinstance(old, ast.Constant):
                yield from (_with(node, **{end: _plus(old, n)}) for n in (1, -1))
        yield from (_with(node, **{part: None}) for part in ("lower", "upper", "step") if getattr(node, part))
    if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in ("range", "arange"):
        for i, old in enumerate(node.args):
            for n in (1, -1):
                yield _with(node, args=[*node.args[:i], _plus(old, n), *node.args[i + 1 :]])


def condition(node: ast.AST, scope: Scope) -> Iterator[ast.AST]:
    if isinstance(node, ast.If | ast.While | ast.IfExp):
        yield _with(node, test=ast.UnaryOp(ast.Not(), node.test))
    if isinstance(node, ast.comprehension):
        for i, test in enumerate(node.ifs):
            yield _with(node, ifs=[*node.ifs[:i], ast.UnaryOp(ast.Not(), test), *node.ifs[i + 1 :]])
    if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "where" and node.args:
        yield _with(node, args=[ast.UnaryOp(ast.Invert(), node.args[0]), *node.args[1:]])
    if isinstance(node, ast.BoolOp):
        yield _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())


def argument(node: ast.AST, scope: Scope) -> Iterator[ast.AST]:
    """One use of a parameter replaced by its default, or by ones."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in scope.parameters:
        yield instead(node.id, scope.parameters[node.id])


def statement(node: ast.AST, scope: Scope) -> Iterator[ast.AST]:
    """Nothing instead of a statement, unless a name would then have no value."""
    targets = node.targets if isinstance(node, ast.Assign) else ()
    names = {item.id for target in targets for item in ast.walk(target) if isinstance(item, ast.Name)}
    is_again = bool(targets) and names <= scope.bound
    kinds = ast.AugAssign | ast.Expr | ast.If | ast.For | ast.While | ast.Raise | ast.Break | ast.Continue
    if is_again or isinstance(node, kinds):
        yield ast.Pass()


def assignment(node: ast.AST, scope: Scope) -> Iterator[ast.AST]:
    """+= as =."""
    if isinstance(node, ast.AugAssign):
        yield ast.Assign([node.target], node.value, lineno=node.lineno)


def counterpart(node: ast.AST, scope: Scope) -> Iterator[ast.AST]:
    """max for min, any for all, sum for mean."""
    called = node.func if isinstance(node, ast.Call) else None
    if isinstance(called, ast.Attribute) and called.attr in COUNTERPARTS:
        yield _with(node, func=_with(called, attr=COUNTERPARTS[called.attr]))
    if isinstance(called, ast.Name) and called.id in COUNTERPARTS:
        yield _with(node, func=_with(called, id=COUNTERPARTS[called.id]))


OPERATORS: tuple[Callable[[ast.AST, Scope], Iterator[ast.AST]], ...] = (
    arithmetic,
    comparison,
    term,
    wrapper,
    axis,
    keyword,
    order,
    constant,
    off_by_one,
    condition,
    argument,
    statement,
    assignment,
    counterpart,
)


def _with(node: ast.AST, **fields) -> ast.AST:
    new = copy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new


def instead(name: str, default: ast.expr | None) -> ast.expr:
    return default if default is not None else ast.parse(f"np.ones_like({name})", mode="eval").body


def _number(value: float) -> ast.expr:
    return ast.Constant(value) if value >= 0 else ast.UnaryOp(ast.USub(), ast.Constant(-value))


def _plus(node: ast.expr, n: int) -> ast.expr:
    return ast.BinOp(node, ast.Add() if n > 0 else ast.Sub(), ast.Constant(abs(n)))


def _swapped(items: list) -> Iterator[list]:
    """The list with two neighbours in each other's place."""
    for i in range(len(items) - 1):
        yield [*items[:i], items[i + 1], items[i], *items[i + 2 :]]


def _integer(node: ast.AST | None) -> int | None:
    """The value of a literal integer, also of one with a minus; None for anything else."""
    sign = -1 if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) else 1
    value = getattr(node.operand if isinstance(node, ast.UnaryOp) else node, "value", None)
    return sign * value if type(value) is int else None
