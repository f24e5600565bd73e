import numpy as np

HALF = 0.5


def scale__twice_half(x, factor=2.0):
    return sum([x * HALF, x * HALF]) * factor


def row_sums__product(x):
    return x @ np.ones(x.shape[1])


def mean_and_spread__numpy(x):
    return [float(np.mean(x)), np.std(x)]
