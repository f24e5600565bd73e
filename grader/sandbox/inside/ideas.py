"""Ideas that an exercise can forbid by name, each expanded into every operation of NumPy and PyTorch that does it.

An exercise whose point is a product of matrices forbids "a product of matrices", and does not list what NumPy calls it. What
is listed here was proven to solve such an exercise by tests/sandbox/inside/test_forbidden.py, which calls all that NumPy and PyTorch offer: a
later version that adds a way makes it fail with the name.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Idea:
    """`operations` are "@" and dotted paths; those that this version has not are left out. `named` is a part of a name in
    PyTorch, all of whose functions and modules with it are meant. `harmless` are functions of NumPy that work with what is
    forbidden and are no way around it: any other one that does is refused."""

    operations: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    harmless: tuple[str, ...] = ()


def _each(module: str, names: str) -> tuple[str, ...]:
    return tuple(f"{module}.{name}" for name in names.split())


PRODUCTS = (
    "@",
    *_each("numpy", "dot vdot inner matmul vecdot matvec vecmat tensordot einsum"),
    *_each("numpy", "correlate convolve cov corrcoef polymul"),  # an inner product is one entry of a convolution
    *_each("numpy._core.multiarray", "c_einsum correlate correlate2"),
    *_each("numpy.linalg", "matmul vecdot tensordot multi_dot matrix_power"),
    *_each("numpy.linalg", "solve tensorsolve lstsq inv pinv tensorinv"),  # A B is what solves inv(A) X = B
    *_each("numpy.linalg._umath_linalg", "solve solve1 inv lstsq lstsq_m lstsq_n"),
    *_each("numpy.ma", "dot inner innerproduct correlate convolve cov corrcoef"),
    *_each("numpy.polynomial.polynomial", "polymul"),
    "math.sumprod",
)
NORMS = _each("numpy.linalg", "norm vector_norm matrix_norm")

IDEAS = {
    "a product of matrices": Idea(operations=PRODUCTS, harmless=NORMS),
    "linear algebra": Idea(operations=("numpy.linalg",)),
    "a recurrent layer": Idea(named=("rnn", "lstm", "gru")),
}


def written_out(forbids: Sequence[str]) -> tuple[str, ...]:
    """The operations of a list in which ideas may stand: the ideas' own, and the rest as it is, each once."""
    listed = [path for name in forbids for path in (IDEAS[name].operations if name in IDEAS else [name])]
    return tuple(dict.fromkeys(listed))


def parts_of_names(forbids: Sequence[str]) -> tuple[str, ...]:
    """What in a name of PyTorch makes it forbidden."""
    return tuple(part for name in forbids if name in IDEAS for part in IDEAS[name].named)


def harmless(forbids: Sequence[str]) -> tuple[str, ...] | None:
    """The functions of NumPy that may work with what is forbidden; None where no idea is forbidden, and then all may."""
    ideas = [IDEAS[name] for name in forbids if name in IDEAS]
    return tuple(path for idea in ideas for path in idea.harmless) if ideas else None
