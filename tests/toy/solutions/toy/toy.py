"""Toy: three small exercises for the grader's own tests."""

import numpy as np


def scale(x, factor=2.0):
    """Multiply every entry by a factor.

    x (N, D), factor -> y (N, D)
    """
    return x * factor


def row_sums(x):
    """Add up each row.

    x (N, D) -> sums (N,)
    """
    return np.sum(x, axis=1)


def mean_and_spread(x):
    """The mean of a vector and its standard deviation.

    x (D,) -> mean, spread
    """
    mean = x.mean()
    return mean, np.sqrt(((x - mean) ** 2).mean())
