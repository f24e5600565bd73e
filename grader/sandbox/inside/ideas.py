"""Ideas that an exercise can forbid by name, each expanded into every operation of NumPy and PyTorch that does it.

An exercise that is about multiplying matrices forbids "a product of matrices" instead of listing every NumPy function
that does it. tests/sandbox/inside/test_forbidden.py calls everything that NumPy and PyTorch offer to prove that these
lists are complete: if a later version adds another way, it fails and names it.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Idea:
    """What an idea covers.

    `operations` are "@" and dotted paths; paths that the installed version lacks are ignored. `named` are parts of
    names: every PyTorch function and module with such a part is covered. `harmless` are NumPy functions that use a
    forbidden operation internally without being a way around it; any other function that does so is refused.
    """

    operations: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    harmless: tuple[str, ...] = ()


def _each(module: str, names: str) -> tuple[str, ...]:
    return tuple(f"{module}.{name}" for name in names.split())


PRODUCTS = (
    "@",
    *_each("numpy", "dot vdot inner matmul vecdot matvec vecmat tensordot einsum"),
    *_each("numpy", "correlate convolve cov corrcoef polymul"),  # a single entry of a convolution is an inner product
    *_each("numpy._core.multiarray", "c_einsum correlate correlate2"),
    *_each("numpy.linalg", "matmul vecdot tensordot multi_dot matrix_power"),
    *_each("numpy.linalg", "solve tensorsolve lstsq inv pinv tensorinv"),  # the solution of inv(A) X = B is A B
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
    """A list with each idea replaced by its operations, without duplicates."""
    listed = [path for name in forbids for path in (IDEAS[name].operations if name in IDEAS else [name])]
    return tuple(dict.fromkeys(listed))


def parts_of_names(forbids: Sequence[str]) -> tuple[str, ...]:
    """The parts of names that make a PyTorch function forbidden."""
    return tuple(part for name in forbids if name in IDEAS for part in IDEAS[name].named)


def harmless(forbids: Sequence[str]) -> tuple[str, ...] | None:
    """The NumPy functions that may use forbidden operations internally; None (all may) if the list has no idea."""
    ideas = [IDEAS[name] for name in forbids if name in IDEAS]
    return tuple(path for idea in ideas for path in idea.harmless) if ideas else None
