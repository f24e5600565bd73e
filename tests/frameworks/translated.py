"""A unit's reference, translated into another library: `np` becomes the library's own module, inputs its arrays.

That is what many students do first, and it is right wherever the library has NumPy's functions and nothing is changed in
place. What cannot be said so is written by hand in the folders beside this file.
"""

import ast
from dataclasses import dataclass
from pathlib import Path

BESIDE = Path(__file__).parent
HEAD = """
import functools
import numpy

{imports}


def _given(value):
    if isinstance(value, numpy.ndarray):
        return {array}(value)
    if isinstance(value, dict):
        return {{key: _given(item) for key, item in value.items()}}
    return type(value)(map(_given, value)) if type(value) in (list, tuple) else value


def _converting(function):
    @functools.wraps(function)
    def converted(*args, **named):
        return function(*map(_given, args), **_given(named))

    return converted


"""


@dataclass(frozen=True)
class Library:
    """How a library is said in place of NumPy: its imports, the function that makes its arrays of NumPy's, and which of NumPy's
    methods its arrays lack, so that the function of that name is called."""

    name: str
    imports: str
    array: str
    lacks: tuple[str, ...] = ()


JAX = Library("jax", "import jax.numpy as np", "np.asarray")
TENSORFLOW = Library(
    "tensorflow",
    "import tensorflow.experimental.numpy as np\n\nnp.experimental_enable_numpy_behavior()",
    "np.asarray",
    ("sum", "var", "swapaxes", "transpose"),
)
# Nothing is translated into these, which have few of NumPy's names.
KERAS = Library("keras", "from keras import ops", "ops.convert_to_tensor")
MLX = Library("mlx", "import mlx.core as mx", "mx.array")


@dataclass
class _Functions(ast.NodeTransformer):
    """Calls of methods that a library's arrays lack become calls of its functions: np.sum(x, axis=0) for x.sum(axis=0)."""

    lacks: tuple[str, ...]

    def visit_Call(self, node: ast.Call) -> ast.Call:
        self.generic_visit(node)
        match node.func:
            case ast.Attribute(ast.Name("np"), _):
                return node
            case ast.Attribute(value, name) if name in self.lacks:
                args = [ast.Tuple(node.args, ast.Load())] if name == "transpose" and len(node.args) > 1 else node.args
                function = ast.Attribute(ast.Name("np", ast.Load()), name, ast.Load())
                return ast.Call(function, [value, *args], node.keywords)
        return node


def by_hand(unit: str, library: Library) -> ast.Module:
    """The functions of a unit that are written by hand for a library."""
    return ast.parse((BESIDE / f"in_{library.name}" / f"{unit}.py").read_text(encoding="utf-8"))


def names(module: ast.Module) -> set[str]:
    """The functions that a module defines."""
    return {node.name for node in module.body if isinstance(node, ast.FunctionDef)}


def translated(text: str, library: Library, instead: ast.Module) -> str:
    """The text of a submission: a reference's, with the functions of `instead` in their place."""
    reference, own, kept = ast.parse(text), names(instead), []
    for node in reference.body:
        if isinstance(node, ast.Import | ast.ImportFrom) and "numpy" in ast.unparse(node):
            continue
        if getattr(node, "name", "") in own:
            continue
        node = _Functions(library.lacks).visit(node)
        if isinstance(node, ast.FunctionDef):
            node.decorator_list.insert(0, ast.Name("_converting", ast.Load()))
        kept.append(ast.unparse(node))
    head = HEAD.format(imports=library.imports, array=library.array)
    return head + "\n\n\n".join(kept) + "\n\n\n" + ast.unparse(instead) + "\n"
