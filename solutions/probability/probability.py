"""Probability: uncertain numbers, how to learn from them, and how to measure information.

Rows of X are examples, columns are features. A distribution over K outcomes is an array whose last axis has length K:
its entries are at least 0 and add up to 1. Logarithms are natural, so that information is counted in nats.
"""

import numpy as np


def _times_log(p, q):
    """p·log q, entry by entry; 0 where p = 0, whatever q is."""
    with np.errstate(divide="ignore"):  # log 0 is -inf, as it should be
        return p * np.log(np.where(p > 0, q, 1.0))


def covariance(X, ddof=1):
    """The covariance matrix of the features of a data set: how they vary together.

    X (N, D), ddof -> cov (D, D)

    Entry (i, j) is the sum over the examples of (x_i − mean_i)·(x_j − mean_j), divided by N − ddof: the sample covariance
    for ddof = 1, the mean product for ddof = 0. N is larger than ddof. A single feature gives shape (1, 1). The features
    may lie far from zero.
    """
    centred = X - X.mean(axis=0)
    return centred.T @ centred / (len(X) - ddof)


def gaussian_log_density(X, mean, cov):
    """Log density of a multivariate normal distribution at each of N points.

    X (N, D), mean (D,), cov (D, D) -> log_density (N,)

    The density is exp(−½·(x − mean)ᵀ·cov⁻¹·(x − mean)) / √((2π)ᴰ·det cov). Return its logarithm, which is finite even where
    the density, or the determinant, is too large or too small for a float. The covariance is symmetric and invertible.
    """
    D = len(mean)
    offset = X - mean
    _, log_det = np.linalg.slogdet(cov)
    squared_distance = (offset * np.linalg.solve(cov, offset.T).T).sum(axis=1)
    return -0.5 * (squared_distance + log_det + D * np.log(2.0 * np.pi))


def gaussian_mle(X):
    """The normal distribution under which the data are the most likely.

    X (N, D) -> mean (D,), cov (D, D)

    Both are the maximum-likelihood estimates. A single feature gives shapes (1,) and (1, 1); a single example has a
    covariance of zeros.
    """
    mean = X.mean(axis=0)
    centred = X - mean
    cov = centred.T @ centred / len(X)
    return mean, cov


def bayes_posterior(prior, likelihood):
    """How probable each of K hypotheses is after an observation, separately for each of N observations.

    prior (K,), likelihood (N, K) -> posterior (N, K)

    likelihood[n, k] is the probability or the density of observation n if hypothesis k is true: a row need not add up to
    1, a row of the posterior does. Entries may be 0, but no observation is impossible under every hypothesis that has a
    prior above 0.
    """
    joint = prior * likelihood
    evidence = joint.sum(axis=-1, keepdims=True)
    return joint / evidence


def entropy(p):
    """How uncertain a distribution is, in nats.

    p (..., K) -> entropy (...)

    −Σ p·log p over the last axis, where an outcome of probability 0 counts 0. One distribution of shape (K,) gives one
    number.
    """
    return -_times_log(p, p).sum(axis=-1)


def kl_divergence(p, q):
    """Kullback-Leibler divergence KL(p‖q): the extra surprise, in nats, of expecting q when outcomes follow p.

    p (..., K), q (..., K) -> divergence (...)

    KL(p‖q) = Σ p·log(p / q) over the last axis. An outcome with p = 0 counts 0, even if q = 0 there. If q = 0 for an
    outcome with p > 0, the divergence is inf. One pair of distributions of shape (K,) gives one number.
    """
    return (_times_log(p, p) - _times_log(p, q)).sum(axis=-1)


def cross_entropy(p, q):
    """The average surprise, in nats, of expecting q when outcomes follow p.

    p (..., K), q (..., K) -> cross_entropy (...)

    −Σ p·log q over the last axis. An outcome with p = 0 counts 0, even if q = 0 there. If q = 0 for an outcome with
    p > 0, the cross-entropy is inf. One pair of distributions of shape (K,) gives one number.
    """
    return -_times_log(p, q).sum(axis=-1)


def log_sum_exp(x, axis=-1):
    """Logarithm of the sum of exponentials along an axis, for numbers of any size.

    x (...), axis -> out (...)

    log Σ exp(x). `axis` is one integer, counted from the end if it is negative; it is missing in the result. Entries of
    x are finite, and may be as far out as ±1000, where exp is inf or 0.
    """
    top = x.max(axis=axis, keepdims=True)
    return np.log(np.exp(x - top).sum(axis=axis)) + top.squeeze(axis)


def bias_variance(predictions, target):
    """Split the error of a kind of model into squared bias and variance.

    predictions (R, N), target (N,) -> bias_squared, variance

    Row r holds what model r, trained on a data set of its own, predicts for the same N examples. For each example, the
    bias is the mean prediction of the R models minus the target, and the variance is that of the R predictions around
    their mean, with ddof = 0. Squared bias and variance are each averaged over the N examples, so that together they are
    the mean squared error. The numbers may lie far from zero.
    """
    mean = predictions.mean(axis=0)
    bias_squared = ((mean - target) ** 2).mean()
    variance = ((predictions - mean) ** 2).mean()
    return bias_squared, variance
