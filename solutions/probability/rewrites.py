"""Correct answers written another way: each keeps every point. `<exercise>__<how>`."""

import math

import numpy as np

LOG_2PI = math.log(2 * math.pi)


def covariance__numpy_s_own(X, ddof=1):
    return np.atleast_2d(np.cov(X, rowvar=False, ddof=ddof))


def covariance__loops(X, ddof=1):
    N, D = X.shape
    means = [sum(X[:, i]) / N for i in range(D)]
    cov = np.zeros((D, D))
    for i in range(D):
        for j in range(i, D):
            cov[i, j] = sum((x[i] - means[i]) * (x[j] - means[j]) for x in X) / (N - ddof)
            cov[j, i] = cov[i, j]
    return cov


def covariance__outer_products(X, ddof=1):
    shifted = X - X[0]  # any fixed point takes most of the offset away
    mean = np.mean(shifted, axis=0)
    total = np.einsum("ni,nj->ij", shifted, shifted) - len(X) * np.outer(mean, mean)
    return total / (len(X) - ddof)


def gaussian_log_density__cholesky(X, mean, cov):
    L = np.linalg.cholesky(cov)
    white = np.linalg.solve(L, (X - mean).T)
    half_log_det = np.sum(np.log(np.diagonal(L)))
    return -np.sum(white**2, axis=0) / 2 - half_log_det - len(mean) / 2 * LOG_2PI


def gaussian_log_density__eigenvectors(X, mean, cov):
    variances, directions = np.linalg.eigh(cov)
    along = (X - mean) @ directions
    return sum(-0.5 * (along[:, i] ** 2 / v + math.log(v) + LOG_2PI) for i, v in enumerate(variances))


def gaussian_log_density__point_by_point(X, mean, cov):
    precision = np.linalg.inv(cov)
    constant = np.linalg.slogdet(2 * np.pi * cov)[1]
    return np.array([-0.5 * ((x - mean) @ precision @ (x - mean) + constant) for x in X])


def gaussian_mle__numpy_s_own(X):
    return [np.average(X, axis=0), np.cov(X.T, bias=True).reshape(X.shape[1], X.shape[1])]


def gaussian_mle__loops(X):
    N, D = X.shape
    mean = np.zeros(D)
    for x in X:
        mean += x / N
    cov = np.zeros((D, D))
    for x in X:
        cov += np.outer(x - mean, x - mean)
    return mean, cov / N


def bayes_posterior__loops(prior, likelihood):
    posterior = np.zeros_like(likelihood)
    for n, row in enumerate(likelihood):
        joint = [prior[k] * row[k] for k in range(len(prior))]
        for k, value in enumerate(joint):
            posterior[n, k] = value / sum(joint)
    return posterior


def bayes_posterior__logarithms(prior, likelihood):
    with np.errstate(divide="ignore"):
        log_joint = np.log(prior) + np.log(likelihood)
    return np.exp(log_joint - np.logaddexp.reduce(log_joint, axis=1)[:, None])


def entropy__loops(p):
    out = np.zeros(p.shape[:-1])
    for index in np.ndindex(*out.shape):
        out[index] = -sum(value * math.log(value) for value in p[index] if value > 0)
    return out


def entropy__logs_where_positive(p):
    logs = np.log(p, out=np.zeros(p.shape), where=p > 0)
    return np.einsum("...k,...k->...", p, -logs)


def kl_divergence__loops(p, q):
    out = np.zeros(p.shape[:-1])
    for index in np.ndindex(*out.shape):
        for a, b in zip(p[index], q[index], strict=True):
            if a > 0:
                out[index] += a * math.log(a / b) if b > 0 else math.inf
    return out


def kl_divergence__masked_ratio(p, q):
    ratio = np.divide(p, q, out=np.full(p.shape, np.inf), where=q > 0)
    ratio[p == 0] = 1
    return np.sum(p * np.log(ratio), axis=-1)


def cross_entropy__loops(p, q):
    out = np.zeros(p.shape[:-1])
    for index in np.ndindex(*out.shape):
        pairs = zip(p[index], q[index], strict=True)
        out[index] = sum(-a * math.log(b) if b > 0 else math.inf for a, b in pairs if a > 0)
    return out


def cross_entropy__cleared_nan(p, q):
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = -p * np.log(q)
    terms[p == 0] = 0  # 0 · inf is nan
    return terms.sum(-1)


def log_sum_exp__logaddexp(x, axis=-1):
    return np.logaddexp.reduce(x, axis=axis)


def log_sum_exp__axis_moved_to_the_end(x, axis=-1):
    rows = np.moveaxis(x, axis, -1)
    out = np.empty(rows.shape[:-1])
    for index in np.ndindex(*out.shape):
        top = max(rows[index])
        out[index] = top + math.log(math.fsum(math.exp(value - top) for value in rows[index]))
    return out


def bias_variance__loops(predictions, target):
    R, N = predictions.shape
    bias_squared = variance = 0.0
    for n in range(N):
        mean = sum(predictions[:, n]) / R
        bias_squared += (mean - target[n]) ** 2 / N
        variance += sum((value - mean) ** 2 for value in predictions[:, n]) / R / N
    return bias_squared, variance


def bias_variance__errors_first(predictions, target):
    errors = predictions - target
    bias = errors.mean(axis=0)
    return [np.mean(bias**2), np.var(errors, axis=0).mean()]


def bias_variance__mean_and_var(predictions, target):
    return np.mean((predictions.mean(axis=0) - target) ** 2), predictions.var(axis=0).mean()


def gaussian_log_density__slogdet(X, mean, cov):
    offset = X - mean
    squares = np.sum(offset * np.linalg.solve(cov, offset.T).T, axis=1)
    return -0.5 * (squares + np.linalg.slogdet(2 * np.pi * cov)[1])
