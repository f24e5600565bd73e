"""How good a training run's predictions are, by standard metrics. Pure functions of arrays, called by the grader."""

from collections.abc import Callable

import numpy as np

from grader.frozen import frozen


@frozen
class Metric:
    """A measure of predictions: `measure(predictions, truth)` computes it, `name` names it, `form` formats it.

    `advice(predictions, truth)` is a sentence for predictions that are not good enough, where they show why; else empty.
    """

    name: str
    measure: Callable[[np.ndarray, np.ndarray], float]
    form: str = "{:.3g}"
    advice: Callable[[np.ndarray, np.ndarray], str] = lambda predictions, truth: ""

    def text(self, value: float) -> str:
        return self.form.format(value)


def accuracy(predictions: np.ndarray, truth: np.ndarray) -> float:
    """The share of predictions that equal the truth."""
    return float((predictions == truth).mean())


def mean_squared_error(predictions: np.ndarray, truth: np.ndarray) -> float:
    return float(np.square(predictions.astype(float) - truth).mean())


def relative_rmse(predictions: np.ndarray, truth: np.ndarray) -> float:
    """The root mean squared error divided by that of always predicting the mean of the truth."""
    return float(np.sqrt(mean_squared_error(predictions, truth) / truth.astype(float).var()))


def missing_offset(predictions: np.ndarray, truth: np.ndarray) -> str:
    """A sentence for predictions that are worse than the mean of the truth, and of which one number added to all makes better ones."""
    if not relative_rmse(predictions, truth) > 1:
        return ""
    worse = "Always predicting the mean does better than these predictions."
    shift = float(truth.mean() - predictions.astype(float).mean())
    if not relative_rmse(predictions + shift, truth) < 1:
        return worse
    return f"{worse} With {shift:.3g} added to each, they would be better than the mean: is the offset (the intercept) left out?"


def mean_iou(predictions: np.ndarray, truth: np.ndarray) -> float:
    """Intersection over union of each class's pixels, averaged over the classes that occur."""
    shares = []
    for label in np.unique(np.concatenate([predictions.ravel(), truth.ravel()])):
        yours, right = predictions == label, truth == label
        shares.append((yours & right).sum() / (yours | right).sum())
    return float(np.mean(shares))


def energy_distance(samples: np.ndarray, truth: np.ndarray) -> float:
    """The distance between the laws of two samples (rows of features), √(2E|x−y| − E|x−x'| − E|y−y'|); 0 for one law.

    Székely and Rizzo, "Energy statistics" (2013). The expectations within a sample skip pairs of a point with itself.
    """
    (x, y), (n, m) = (samples.astype(float), truth.astype(float)), (len(samples), len(truth))
    within = _apart(x, x) * n / (n - 1) + _apart(y, y) * m / (m - 1)
    return float(np.sqrt(max(2 * _apart(x, y) - within, 0.0)))


def squared_energy_distance(samples: np.ndarray, truth: np.ndarray) -> float:
    """2E|x−y| − E|x−x'| − E|y−y'|, with means over all pairs, those of a point with itself among them.

    So it is never negative, and of two samples of one law a little above 0.
    """
    x, y = samples.astype(float), truth.astype(float)
    return 2 * _apart(x, y) - _apart(x, x) - _apart(y, y)


def _apart(a: np.ndarray, b: np.ndarray) -> float:
    """The mean distance between a row of a and one of b; a hundred rows at a time, as the table of all may be large."""
    rows = [np.sqrt(np.square(a[i : i + 100, None] - b).sum(axis=-1)).sum() for i in range(0, len(a), 100)]
    return float(sum(rows) / (len(a) * len(b)))


def relative_cross_entropy(predictions: np.ndarray, truth: np.ndarray) -> float:
    """The cross entropy of a model, relative to that of the law which made the data: 1 is as good as can be.

    Both are given as logarithms of the probabilities of the same tokens.
    """
    return float(predictions.astype(float).mean() / truth.astype(float).mean())


def seen_before(predictions: np.ndarray, truth: np.ndarray) -> str:
    """A sentence for probabilities that are higher than those of the law which made the data."""
    if not relative_cross_entropy(predictions, truth) < 1:
        return ""
    return (
        "Nothing predicts better than the law that made the data, unless it has seen what it predicts: "
        "can a token see those after it?"
    )


def goals_reached(predictions: np.ndarray, truth: np.ndarray) -> float:
    """The share of cells, in corridors (rows), from which a walk ends at the goal behind the last one.

    Given are the actions that are taken in the cells and those that lead on; every other leads back. So a walk reaches the
    goal if it is led on where it begins and in each cell behind that.
    """
    leads_on = predictions == truth
    return float(np.logical_and.accumulate(leads_on[..., ::-1], axis=-1).mean())


def turned_back(predictions: np.ndarray, truth: np.ndarray) -> str:
    """A sentence that says where walks turn back."""
    if (wrong := np.argwhere(predictions != truth)).size == 0:
        return ""
    if predictions.min() == predictions.max():
        return "The same action is taken in every cell, and which one leads on differs from cell to cell."
    row = wrong[wrong[:, 0] == wrong[-1, 0]]
    cells = [int(column) for _, column in row]
    where = f"cell {cells[0]}" if len(cells) == 1 else f"the cells {', '.join(map(str, cells[:-1]))} and {cells[-1]}"
    return f"In corridor {wrong[-1, 0] + 1} walks turn back in {where}."


METRICS = {
    "accuracy": Metric("accuracy", accuracy, "{:.1%}"),
    "mean_squared_error": Metric("mean squared error", mean_squared_error),
    "relative_rmse": Metric(
        "root mean squared error, relative to predicting the mean,", relative_rmse, advice=missing_offset
    ),
    "mean_iou": Metric("mean intersection over union", mean_iou),
    "relative_cross_entropy": Metric(
        "cross entropy, relative to that of the law itself,", relative_cross_entropy, "{:.1%}", seen_before
    ),
    "goals_reached": Metric("share of starts that reach the goal", goals_reached, "{:.1%}", turned_back),
    "energy_distance": Metric("energy distance to real samples", energy_distance),
    "squared_energy_distance": Metric("energy distance (squared) to real samples", squared_energy_distance),
}
