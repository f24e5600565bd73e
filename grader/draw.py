"""Random numbers for cases, all from one generator that is seeded with the key's seed."""

from collections.abc import Callable
from typing import Any

import numpy as np

from grader.errors import did_you_mean
from grader.frozen import frozen
from grader.nest import mapped
from grader.sandbox.wire import Seeded

Inputs = dict[str, Any]  # the inputs of one question, by parameter name


@frozen
class Draw:
    """Random numbers for one case: `draw(3, 5)` is a standard normal array of shape (3, 5).

    def tokens(draw, T=5, D=7):
        return dict(x=draw(T, D), mask=draw.signs(T), keep=draw.uniform(0, 1, T))
    """

    rng: "np.random.Generator"  # as text: NumPy loads its generators when they are first named, and who only judges needs none

    def __call__(self, *shape: int) -> np.ndarray:
        return self.rng.standard_normal(shape)

    def uniform(self, low: float, high: float, *shape: int) -> np.ndarray:
        return self.rng.uniform(low, high, shape)

    def integers(self, low: int, high: int, *shape: int) -> np.ndarray:
        """int64 integers from `low` to `high - 1`: `draw.integers(0, 10, 3, 5)` are digits of shape (3, 5)."""
        return self.rng.integers(low, high, shape)

    def signs(self, *shape: int) -> np.ndarray:
        """An array of -1.0 and 1.0, both equally likely."""
        return self.rng.choice([-1.0, 1.0], shape)

    def permutation(self, n: int) -> np.ndarray:
        return self.rng.permutation(n)

    def generator(self) -> Seeded:
        """A NumPy Generator as an input, for functions that draw; every call gets a fresh one in the same state."""
        return Seeded(int(self.rng.integers(2**63)))


def redrawn(**places: Any) -> Callable[[Inputs, Draw], Inputs]:
    """A change of a case's inputs, for `moves` and `keeps`: of each named array the part at an index is drawn anew, standard
    normal; `...` is all of it.

    moves(1, "lets the first example be felt", change=redrawn(x=0))
    moves(1, "lets the last token be felt", change=redrawn(k=np.s_[:, -1], v=np.s_[:, -1]))
    """

    def redrawn_inputs(inputs: Inputs, draw: Draw) -> Inputs:
        changed = {}
        for name, place in places.items():
            if name not in inputs:
                raise ValueError(f"the inputs have no {name} to draw anew{did_you_mean(name, [*inputs])}")
            changed[name] = inputs[name].copy()
            changed[name][place] = draw(*changed[name][place].shape)
        return inputs | changed

    return redrawn_inputs


def like(tree: Any, draw: Draw) -> Any:
    """The same nest with a standard normal array in the place of each of its arrays."""
    return mapped(lambda array: draw(*array.shape), tree)


def plus(tree: Any, h: float, direction: Any) -> Any:
    """tree + h · direction, array by array."""
    return mapped(lambda array, part: array + h * part, tree, direction)
