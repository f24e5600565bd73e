"""Ideas that an exercise can forbid by name, each expanded into every operation of a framework that does it.

An exercise that is about multiplying matrices forbids "a product of matrices" instead of listing every NumPy function
that does it. tests/sandbox/inside/test_forbidden.py calls everything that NumPy and PyTorch offer to prove that these
lists are complete: if a later version adds another way, it fails and names it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from grader.sandbox.frameworks import brought
from grader.sandbox.inside import ready_made
from grader.sandbox.inside.ready_made import each


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


PRODUCTS = (
    "@",
    *each("numpy", "dot vdot inner matmul vecdot matvec vecmat tensordot einsum"),
    *each("numpy", "correlate convolve cov corrcoef polymul"),  # a single entry of a convolution is an inner product
    *each("numpy._core.multiarray", "c_einsum correlate correlate2"),
    *each("numpy.linalg", "matmul vecdot tensordot multi_dot matrix_power"),
    *each("numpy.linalg", "solve tensorsolve lstsq inv pinv tensorinv"),  # the solution of inv(A) X = B is A B
    *each("numpy.linalg._umath_linalg", "solve solve1 inv lstsq lstsq_m lstsq_n"),
    *each("numpy.ma", "dot inner innerproduct correlate convolve cov corrcoef"),
    *each("numpy.polynomial.polynomial", "polymul"),
    "math.sumprod",
    *ready_made.JAX_PRODUCTS,
    *ready_made.TORCH_PRODUCTS,
    *ready_made.OTHER_PRODUCTS,
)
NORMS = each("numpy.linalg", "norm vector_norm matrix_norm")

IDEAS = {
    "a product of matrices": Idea(operations=PRODUCTS, harmless=NORMS),
    "linear algebra": Idea(operations=("numpy.linalg", *ready_made.LINEAR_ALGEBRA)),
    "a recurrent layer": Idea(named=("rnn", "lstm", "gru")),
    "automatic differentiation": Idea(operations=ready_made.DERIVATIVES),
    "a ready-made activation": Idea(operations=ready_made.ACTIVATIONS),
    "a ready-made loss": Idea(operations=(*ready_made.LOSSES, *ready_made.ACTIVATIONS)),
    "a one-hot encoding": Idea(operations=ready_made.ONE_HOT),
    "a ready-made initialisation": Idea(operations=ready_made.INITIALISATIONS),
    "a ready-made normalisation": Idea(operations=ready_made.NORMALISATIONS),
    "a ready-made attention": Idea(operations=ready_made.ATTENTION),
    "a ready-made optimiser": Idea(operations=ready_made.OPTIMISERS),
}


def within_reach(forbids: Sequence[str], packages: Collection[str]) -> list[str]:
    """Those of a list that answers written with these packages could use at all: of an idea that neither a package has, nor what
    is loaded with it, nothing is left to forbid. What is named by itself, and what PyTorch's names contain, stays.

    >>> within_reach(["automatic differentiation", "numpy.fft"], ["numpy"])
    ['numpy.fft']
    """
    reached = brought(packages)

    def reaches(name: str) -> bool:
        idea = IDEAS.get(name)
        return idea is None or bool(idea.named) or any(path.partition(".")[0] in reached for path in idea.operations)

    return [name for name in forbids if reaches(name)]


def idea_of(path: str) -> str:
    """The first idea that an operation belongs to; empty for one of its own."""
    return next((name for name, idea in IDEAS.items() if path in idea.operations), "")


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
