"""Independent truth for this unit: exact fractions, plain loops and PyTorch. Read by `grade dev check` alone."""

import math
from collections import Counter
from fractions import Fraction

import numpy as np
import torch
from torch.nn import functional as F

torch.set_num_threads(1)


def mean_absolute_error(y_true, y_pred):
    return math.fsum(abs(a - b) for a, b in zip(y_true.tolist(), y_pred.tolist(), strict=True)) / len(y_true)


def root_mean_squared_error(y_true, y_pred):
    return math.dist(y_true.tolist(), y_pred.tolist()) / math.sqrt(len(y_true))


def confusion_matrix(y_true, y_pred, num_classes):
    counts = Counter(zip(y_true.tolist(), y_pred.tolist(), strict=True))
    return np.array([[counts[i, j] for j in range(num_classes)] for i in range(num_classes)])


def classification_metrics(y_true, y_pred):
    """In exact fractions; f1 as the harmonic mean that it is."""
    pairs = list(zip(y_true.tolist(), y_pred.tolist(), strict=True))

    def share(of, among):
        chosen = [pair for pair in pairs if among(*pair)]
        return Fraction(sum(of(*pair) for pair in chosen), len(chosen)) if chosen else Fraction(0)

    precision = share(lambda true, said: true == 1, lambda true, said: said == 1)
    recall = share(lambda true, said: said == 1, lambda true, said: true == 1)
    metrics = {
        "accuracy": share(lambda true, said: true == said, lambda true, said: True),
        "precision": precision,
        "recall": recall,
        "specificity": share(lambda true, said: said == 0, lambda true, said: true == 0),
        "f1": 2 / (1 / precision + 1 / recall) if precision and recall else Fraction(0),
    }
    return {name: float(value) for name, value in metrics.items()}


def train_test_split(X, y, test_fraction, rng):
    order = rng.permutation(len(X)).tolist()
    m = math.floor(Fraction(len(X)) * Fraction(test_fraction).limit_denominator(1000) + Fraction(1, 2))
    parts = order[m:], order[:m]
    return tuple(np.stack([source[i] for i in part]) for source in (X, y) for part in parts)


def k_fold(n, k):
    folds, start = [], 0
    for left in range(k, 0, -1):
        end = start + math.ceil((n - start) / left)  # what is left, shared out among the folds that are left
        train = [i for i in range(n) if i < start or i >= end]
        folds.append((np.array(train), np.array(range(start, end))))
        start = end
    return folds


def exact_solution(A, b):
    """Gauss and Jordan in fractions: no rounding until the end."""
    rows = [[*row, value] for row, value in zip(A, b, strict=True)]
    for i in range(len(rows)):
        pivot = next(r for r in range(i, len(rows)) if rows[r][i])
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [value / rows[i][i] for value in rows[i]]
        for r in range(len(rows)):
            if r != i:
                rows[r] = [value - rows[r][i] * head for value, head in zip(rows[r], rows[i], strict=True)]
    return np.array([float(row[-1]) for row in rows])


def ridge_regression(X, y, penalty):
    """Where the exact gradient of the objective vanishes."""
    examples = [[Fraction(1), *map(Fraction, row)] for row in X.tolist()]
    targets = [Fraction(value) for value in y.tolist()]
    width = len(examples[0])
    normal = [[sum(row[i] * row[j] for row in examples) for j in range(width)] for i in range(width)]
    for i in range(1, width):
        normal[i][i] += Fraction(penalty)
    return exact_solution(
        normal, [sum(row[i] * t for row, t in zip(examples, targets, strict=True)) for i in range(width)]
    )


def linear_regression(X, y):
    return ridge_regression(X, y, 0)


def logistic_loss_and_gradient(w, X, y):
    w = torch.from_numpy(w).requires_grad_()
    loss = F.binary_cross_entropy_with_logits(torch.from_numpy(X) @ w, torch.from_numpy(y.astype(float)))
    loss.backward()
    return loss.item(), w.grad.numpy()


def kmeans_step(X, centers):
    """Squared distances in exact fractions, means from exact sums."""
    points, heads = ([[Fraction(v) for v in row] for row in array.tolist()] for array in (X, centers))
    clusters = {k: [] for k in range(len(heads))}
    labels = []
    for point in points:
        squares = [sum((a - b) ** 2 for a, b in zip(point, head, strict=True)) for head in heads]
        labels.append(squares.index(min(squares)))
        clusters[labels[-1]].append(point)
    moved = [
        [sum(column) / len(cluster) for column in zip(*cluster, strict=True)] if cluster else heads[k]
        for k, cluster in clusters.items()
    ]
    return np.array(labels), np.array([[float(v) for v in head] for head in moved])
