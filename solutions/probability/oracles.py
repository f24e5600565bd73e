"""Independent truth for this unit: exact fractions, SciPy, PyTorch. Read by `grade dev check` alone."""

import math
from fractions import Fraction

import numpy as np
import torch
from scipy import special, stats

torch.set_num_threads(1)


def exact(array):
    """The numbers of a 2-d array as fractions, a list of columns."""
    return [[Fraction(value) for value in column] for column in array.T.tolist()]


def scatter(columns, divisor):
    """Mean-free products of all pairs of columns, exactly, over the divisor."""
    centred = [[value - sum(column) / len(column) for value in column] for column in columns]
    return np.array(
        [[float(sum(a * b for a, b in zip(one, two, strict=True)) / divisor) for two in centred] for one in centred]
    )


def covariance(X, ddof=1):
    return scatter(exact(X), len(X) - ddof)


def gaussian_log_density(X, mean, cov):
    """PyTorch's distribution, after a change of units that brings the variances near 1."""
    unit = math.sqrt(np.trace(cov) / len(cov))
    normal = torch.distributions.MultivariateNormal(torch.from_numpy(mean / unit), torch.from_numpy(cov / unit**2))
    return normal.log_prob(torch.from_numpy(X / unit)).numpy() - len(mean) * math.log(unit)


def gaussian_mle(X):
    columns = exact(X)
    return np.array([float(sum(column) / len(X)) for column in columns]), scatter(columns, len(X))


def bayes_posterior(prior, likelihood):
    posterior = []
    for row in likelihood.tolist():
        joint = [Fraction(a) * Fraction(b) for a, b in zip(prior.tolist(), row, strict=True)]
        posterior.append([float(value / sum(joint)) for value in joint])
    return np.array(posterior)


def entropy(p):
    return special.entr(p).sum(-1)


def kl_divergence(p, q):
    return special.rel_entr(p, q).sum(-1)


def cross_entropy(p, q):
    """Entropy and divergence added up, as SciPy's statistics have them."""
    with np.errstate(invalid="ignore"):
        return stats.entropy(p, axis=-1) + stats.entropy(p, q, axis=-1)


def log_sum_exp(x, axis=-1):
    return torch.logsumexp(torch.from_numpy(x), axis).numpy()


def bias_variance(predictions, target):
    bias_squared, variance = [], []
    for column, right in zip(exact(predictions), target.tolist(), strict=True):
        mean = sum(column) / len(column)
        bias_squared.append((mean - Fraction(right)) ** 2)
        variance.append(sum((value - mean) ** 2 for value in column) / len(column))
    return float(sum(bias_squared) / len(target)), float(sum(variance) / len(target))
