"""Correct answers written another way: each keeps every point. `<exercise>__<how>`."""

import math
from itertools import accumulate

import numpy as np


def mean_absolute_error__python_sum(y_true, y_pred):
    return sum(abs(a - b) for a, b in zip(y_true, y_pred, strict=True)) / len(y_true)


def mean_absolute_error__norm(y_true, y_pred):
    return np.linalg.norm(y_pred - y_true, ord=1) / y_true.shape[0]


def root_mean_squared_error__norm(y_true, y_pred):
    return np.linalg.norm(y_pred - y_true) / math.sqrt(len(y_true))


def root_mean_squared_error__loop(y_true, y_pred):
    total = 0.0
    for a, b in zip(y_true.tolist(), y_pred.tolist(), strict=True):
        total += (a - b) ** 2
    return (total / len(y_true)) ** 0.5


def confusion_matrix__loop(y_true, y_pred, num_classes):
    matrix = np.zeros((num_classes, num_classes), dtype=np.int32)
    for i, j in zip(y_true, y_pred, strict=True):
        matrix[i, j] += 1
    return matrix


def confusion_matrix__bincount(y_true, y_pred, num_classes):
    cells = np.bincount(num_classes * y_true + y_pred, minlength=num_classes**2)
    return cells.reshape(num_classes, num_classes)


def confusion_matrix__product_of_one_hots(y_true, y_pred, num_classes):
    ones = np.eye(num_classes, dtype=int)
    return ones[y_true].T @ ones[y_pred]


def classification_metrics__loops_and_harmonic_mean(y_true, y_pred):
    counts = {(i, j): 0 for i in (0, 1) for j in (0, 1)}
    for pair in zip(y_true.tolist(), y_pred.tolist(), strict=True):
        counts[pair] += 1
    predicted, positive = counts[1, 1] + counts[0, 1], counts[1, 1] + counts[1, 0]
    negative = len(y_true) - positive
    precision = counts[1, 1] / predicted if predicted else 0.0
    recall = counts[1, 1] / positive if positive else 0.0
    return {
        "f1": 2 * precision * recall / (precision + recall) if precision + recall > 0 else 0.0,
        "specificity": counts[0, 0] / negative if negative else 0.0,
        "recall": recall,
        "precision": precision,
        "accuracy": (counts[0, 0] + counts[1, 1]) / len(y_true),
    }


def classification_metrics__means_of_slices(y_true, y_pred):
    """Each share is the mean of 0/1 answers among those that are asked; the mean of none is 0."""
    right = y_true == y_pred

    def share(among):
        return right[among].mean() if among.any() else 0.0

    precision, recall = share(y_pred == 1), share(y_true == 1)
    return dict(
        accuracy=right.mean(),
        precision=precision,
        recall=recall,
        specificity=share(y_true == 0),
        f1=0.0 if precision == 0 or recall == 0 else 2 / (1 / precision + 1 / recall),
    )


def train_test_split__row_by_row(X, y, test_fraction, rng):
    N = X.shape[0]
    order = list(rng.permutation(N))
    size = int(N * test_fraction + 0.5)
    parts = [order[size:], order[:size]]
    rows = [np.array([X[i] for i in part]) for part in parts]
    targets = [np.array([y[i] for i in part]) for part in parts]
    return [*rows, *targets]


def train_test_split__shuffle_all_then_cut(X, y, test_fraction, rng):
    order = rng.permutation(np.arange(len(y)))
    X, y = np.take(X, order, axis=0), np.take(y, order)
    m = int(np.rint(test_fraction * len(y)))
    return X[m:], X[:m], y[m:], y[:m]


def k_fold__running_sizes(n, k):
    sizes = [n // k + (i < n % k) for i in range(k)]
    ends = list(accumulate(sizes))
    folds = []
    for start, end in zip([0, *ends], ends, strict=False):
        train = [*range(start), *range(end, n)]
        folds.append((train, list(range(start, end))))
    return folds


def k_fold__masks(n, k):
    fold = np.sort(np.arange(n) % k)
    return [[np.flatnonzero(fold != i).astype(np.int32), np.flatnonzero(fold == i)] for i in range(k)]


def linear_regression__normal_equations(X, y):
    A = np.column_stack((np.ones(X.shape[0]), X))
    return np.linalg.solve(A.T @ A, A.T @ y)


def linear_regression__centred(X, y):
    """The best function passes through the mean of the data, so the slopes can be found around it."""
    w = np.linalg.pinv(X - X.mean(axis=0)) @ (y - y.mean())
    return np.append(y.mean() - X.mean(axis=0) @ w, w)


def linear_regression__qr(X, y):
    Q, R = np.linalg.qr(np.c_[np.ones(len(X)), X])
    return np.linalg.inv(R) @ (Q.T @ y)


def ridge_regression__centred(X, y, penalty):
    """The free intercept takes up the means; what is left is ridge without one."""
    mean = X.mean(axis=0)
    Z = X - mean
    w = np.linalg.inv(Z.T @ Z + np.diag(np.full(X.shape[1], penalty))) @ Z.T @ (y - y.mean())
    return np.r_[y.mean() - w @ mean, w]


def ridge_regression__rows_that_ask_for_zero(X, y, penalty):
    """Least squares with one more row a slope, whose target is 0 and whose error is √penalty·w."""
    N, D = X.shape
    A = np.zeros((N + D, D + 1))
    A[:N, 0], A[:N, 1:], A[N:, 1:] = 1.0, X, math.sqrt(penalty) * np.eye(D)
    return np.linalg.lstsq(A, np.concatenate([y, np.zeros(D)]), rcond=None)[0]


def logistic_loss_and_gradient__by_margins(w, X, y):
    sign = np.where(y == 1, 1.0, -1.0)
    margin = sign * np.dot(X, w)
    small = np.exp(-np.abs(margin))
    loss = np.mean(np.maximum(-margin, 0.0) + np.log1p(small))
    wrong = np.where(margin > 0, small, 1.0) / (1.0 + small)  # the probability of the other class
    return loss, -np.einsum("n,nd->d", sign * wrong, X) / X.shape[0]


def logistic_loss_and_gradient__example_by_example(w, X, y):
    loss, gradient = 0.0, np.zeros(len(w))
    for x, label in zip(X, y, strict=True):
        z = float(x @ w)
        loss += max(z, 0.0) - label * z + math.log1p(math.exp(-abs(z)))
        p = 1 / (1 + math.exp(-z)) if z > 0 else math.exp(z) / (1 + math.exp(z))
        gradient += (p - label) * x
    return loss / len(y), gradient / len(y)


def logistic_loss_and_gradient__tanh(w, X, y):
    z = X.dot(w)
    p = 0.5 * (1.0 + np.tanh(z / 2))
    losses = np.where(y == 1, np.logaddexp(0, -z), np.logaddexp(0, z))
    return losses.mean(), ((p - y)[:, None] * X).mean(axis=0)


def kmeans_step__point_by_point(X, centers):
    K, D = centers.shape
    labels, sums, counts = [], np.zeros((K, D)), [0] * K
    for x in X:
        distances = [math.sqrt(sum((a - b) ** 2 for a, b in zip(x, center, strict=True))) for center in centers]
        k = distances.index(min(distances))
        labels.append(k)
        sums[k] += x
        counts[k] += 1
    moved = [sums[k] / counts[k] if counts[k] else centers[k] for k in range(K)]
    return np.array(labels, dtype=np.int32), np.array(moved)


def kmeans_step__expanded_square_and_one_hots(X, centers):
    """|x − c|² = |x|² − 2 x·c + |c|², and the first term is the same for all centers."""
    labels = np.argmin((centers**2).sum(axis=1) - 2 * X @ centers.T, axis=1)
    members = np.eye(len(centers))[labels]
    counts = members.sum(axis=0)[:, None]
    means = members.T @ X / np.maximum(counts, 1)
    return labels, np.where(counts > 0, means, centers)


def kmeans_step__norms(X, centers):
    labels = np.linalg.norm(X[:, None] - centers[None], axis=2).argmin(axis=1)
    return labels, np.stack([X[labels == k].mean(0) if (labels == k).any() else c for k, c in enumerate(centers)])
