"""Random numbers for cases, all from one generator that is seeded with the key's seed."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.sandbox.wire import Seeded

Inputs = dict[str, Any]  # of one question, by name


@dataclass(frozen=True)
class Draw:
    """Random numbers for one case; `draw(3, 5)` is a standard normal array of shape (3, 5)."""

    rng: np.random.Generator

    def __call__(self, *shape: int) -> np.ndarray:
        return self.rng.standard_normal(shape)

    def uniform(self, low: float, high: float, *shape: int) -> np.ndarray:
        return self.rng.uniform(low, high, shape)

    def integers(self, low: int, high: int, *shape: int) -> np.ndarray:
        """Integers from low to high - 1, int64."""
        return self.rng.integers(low, high, shape)

    def signs(self, *shape: int) -> np.ndarray:
        """-1.0 or 1.0, each as likely."""
        return self.rng.choice([-1.0, 1.0], shape)

    def permutation(self, n: int) -> np.ndarray:
        return self.rng.permutation(n)

    def generator(self) -> Seeded:
        """A random generator to pass to the student's function, in the same state at every call."""
        return Seeded(int(self.rng.integers(2**63)))


def like(tree: Any, draw: Draw) -> Any:
    """A standard normal array in place of each array of a nest."""
    if isinstance(tree, np.ndarray):
        return draw(*tree.shape)
    return type(tree)(like(item, draw) for item in tree)


def plus(tree: Any, h: float, direction: Any) -> Any:
    """tree + h · direction, array by array."""
    if isinstance(tree, np.ndarray):
        return tree + h * direction
    return type(tree)(plus(item, h, part) for item, part in zip(tree, direction, strict=True))
