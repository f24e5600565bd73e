"""How the answers of this unit are judged: cases, checks and the mistakes that people really make."""

from functools import partial

import numpy as np

from grader.exercise import Exercise, Mistake, agrees, edit, everywhere, keeps, moves, reaches, returns, slopes, swapped

ALLOWS = ("numpy",)


# Errors of predictions


def predictions(draw, N=7, size=1.0):
    """Targets away from 0, and predictions that miss them to both sides."""
    y_true = size * (2.0 + draw.uniform(0, 3, N)) * draw.signs(N)
    return {"y_true": y_true, "y_pred": y_true + size * draw(N)}


def errors_that_cancel(draw):
    """The errors add up to 0, and none of them is 0."""
    inputs = predictions(draw, N=8)
    errors = draw.uniform(0.5, 2, 4)
    return inputs | {"y_pred": inputs["y_true"] + np.concatenate([errors, -errors])[draw.permutation(8)]}


def perfect(draw):
    y_true = predictions(draw, N=5)["y_true"]
    return {"y_true": y_true, "y_pred": y_true.copy()}


def one_far_off(draw):
    inputs = predictions(draw, N=9)
    inputs["y_pred"][4] += 100.0
    return inputs


SEVEN, CANCEL, ALONE, PERFECT = "seven predictions", "errors that cancel", "a single prediction", "no error at all"
OUTLIER, LARGE = "one prediction far off", "targets in the thousands"
ERRORS = {
    SEVEN: predictions,
    CANCEL: errors_that_cancel,
    OUTLIER: one_far_off,
    LARGE: partial(predictions, N=6, size=1000.0),
    ALONE: partial(predictions, N=1),
    PERFECT: perfect,
}

SMALL = ("1e-5", "1e-6", "1e-7", "1e-8", "1e-9", "1e-10", "1e-12", "1e-15")  # what people write to keep a log finite

mean_absolute_error = Exercise(
    points=3,
    cases=ERRORS,
    checks=[
        agrees(2, "averages the absolute values of the errors", on=[SEVEN, CANCEL]),
        agrees(1, "is right for large errors, a single error and no error", on=[OUTLIER, LARGE, ALONE, PERFECT]),
    ],
    mistakes=[
        Mistake(
            "signed",
            "You average errors with their signs, so an error that is too high cancels one that is too low. Only their sizes count.",
            edit("np.abs(y_true - y_pred)", "(y_true - y_pred)"),
        ),
        Mistake(
            "absolute_value_of_mean",
            "You average the errors first and drop the sign afterwards. By then they have already cancelled: drop it first.",
            edit("np.abs(y_true - y_pred).mean()", "np.abs((y_true - y_pred).mean())"),
        ),
        Mistake(
            "summed",
            "You add the errors up, so twice the data would give twice the error. Take their mean.",
            edit(".mean()", ".sum()"),
        ),
        Mistake(
            "squared",
            "You square the errors, so large errors dominate. Here each error counts in proportion to its size.",
            edit("np.abs(y_true - y_pred)", "((y_true - y_pred) ** 2)"),
        ),
        Mistake(
            "median",
            "You return the median of the errors' sizes. Return the mean, which also counts how far off the worst errors are.",
            edit("np.abs(y_true - y_pred).mean()", "np.median(np.abs(y_true - y_pred))"),
        ),
        Mistake(
            "relative",
            "You divide each error by its target, which gives the mean absolute percentage error. Here the error keeps the unit of y.",
            edit("np.abs(y_true - y_pred).mean()", "np.abs((y_true - y_pred) / y_true).mean()"),
        ),
        Mistake(
            "rounded_down",
            "You divide with //, which rounds down to a whole number. Use /.",
            edit("np.abs(y_true - y_pred).mean()", "np.abs(y_true - y_pred).sum() // len(y_true)"),
        ),
    ],
    hints=[
        "One prediction is 2 too high and one is 2 too low. What should the answer be?",
        "What do you have to do to each error before the mean is taken?",
    ],
)

root_mean_squared_error = Exercise(
    points=3,
    cases=ERRORS,
    checks=[
        agrees(2, "is the root of the mean of the squared errors", on=[SEVEN, CANCEL]),
        agrees(1, "is right for large errors, a single error and no error", on=[OUTLIER, LARGE, ALONE, PERFECT]),
    ],
    mistakes=[
        Mistake(
            "no_root",
            "You stop at the mean squared error, whose unit is that of y². The root brings back the unit of y.",
            edit("np.sqrt(np.mean((y_true - y_pred) ** 2))", "np.mean((y_true - y_pred) ** 2)"),
        ),
        Mistake(
            "root_of_the_sum",
            "You take the root of the sum, which grows with the number of examples. Divide by N before you take the root.",
            edit("np.mean(", "np.sum("),
        ),
        Mistake(
            "mean_outside_the_root",
            "You divide by N after the root. Take the mean of the squares first; the root is the last step.",
            edit("np.sqrt(np.mean((y_true - y_pred) ** 2))", "np.sqrt(np.sum((y_true - y_pred) ** 2)) / len(y_true)"),
        ),
        Mistake(
            "root_of_each",
            "You take the root of each square, which is the size of the error, so you get the mean absolute error. Take the mean first, then the root.",
            swapped("np.sqrt", "np.mean"),
        ),
        Mistake(
            "standard_deviation",
            "You return the standard deviation of the errors. It subtracts their mean first, so predictions that are all too high look perfect.",
            edit("np.sqrt(np.mean((y_true - y_pred) ** 2))", "np.std(y_true - y_pred)"),
        ),
        Mistake(
            "halved",
            "You halve the mean. Some losses have a ½ to simplify the gradient; this measure has none.",
            edit("np.mean((y_true - y_pred) ** 2)", "np.mean((y_true - y_pred) ** 2) / 2"),
        ),
        Mistake(
            "rounded_down",
            "You divide with //, which rounds down to a whole number. Use /.",
            edit("np.mean((y_true - y_pred) ** 2)", "((y_true - y_pred) ** 2).sum() // len(y_true)"),
        ),
    ],
    hints=[
        "The name lists three operations, and the last one is done first. Which order is that?",
        "If every prediction is off by 3, what must the answer be for ten examples, and for a thousand?",
    ],
)


# Counting what was right


def classes(draw, N=20, K=3):
    """Labels in which each class occurs, and every confusion of the first two classes more than once."""
    y_true, y_pred = draw.integers(0, K, N), draw.integers(0, K, N)
    y_true[:K], y_pred[:K] = np.arange(K), np.arange(K)
    y_true[K : K + 5], y_pred[K : K + 5] = [0, 0, 0, 1, 1], [1, 1, 1, 0, 0]
    order = draw.permutation(N)
    return {"y_true": y_true[order], "y_pred": y_pred[order], "num_classes": K}


def last_class_never_occurs(draw):
    return classes(draw, N=15, K=4) | {"num_classes": 6}


def one_example(draw):
    label = int(draw.integers(0, 3))
    return {"y_true": np.array([label]), "y_pred": np.array([label + 1]), "num_classes": 5}


def all_right(draw):
    inputs = classes(draw, N=12, K=4)
    return inputs | {"y_pred": inputs["y_true"].copy()}


def another_prediction(inputs, draw):
    """The first example is taken for the next class."""
    y_pred = inputs["y_pred"].copy()
    y_pred[0] = (y_pred[0] + 1) % inputs["num_classes"]
    return inputs | {"y_pred": y_pred}


confusion_matrix = Exercise(
    points=4,
    cases={
        "three classes": classes,
        "seven classes": partial(classes, N=40, K=7),
        "two classes": partial(classes, N=9, K=2),
        "classes that never occur": last_class_never_occurs,
        "a single example": one_example,
        "all predicted right": all_right,
    },
    checks=[
        agrees(
            2, "counts true class i, predicted class j at [i, j]", on=["three classes", "seven classes", "two classes"]
        ),
        agrees(
            1,
            "has a row and a column for every class, seen or not",
            on=["classes that never occur", "a single example", "all predicted right"],
        ),
        keeps(
            1,
            "adds up, in each row, to the number of examples of that class",
            measure="sum",
            change=another_prediction,
            axis=1,
            on=["three classes", "seven classes"],
        ),
    ],
    mistakes=[
        Mistake(
            "transposed",
            "Your rows are the predicted classes. Here, rows are the true classes, and columns the predicted ones.",
            edit("(y_true, y_pred), 1)", "(y_pred, y_true), 1)"),
        ),
        Mistake(
            "counted_once",
            "You count a pair of classes that occurs several times only once. Indexing with arrays and += writes each cell only once; look for NumPy's way to add at repeated indices, or loop.",
            edit("np.add.at(matrix, (y_true, y_pred), 1)", "matrix[y_true, y_pred] += 1"),
        ),
        Mistake(
            "classes_from_the_data",
            "You take the number of classes from the labels that occur. A class may be missing from a small test set, and still has a row and a column.",
            edit("np.zeros((num_classes, num_classes)", "np.zeros((max(y_true.max(), y_pred.max()) + 1,) * 2"),
        ),
        Mistake(
            "only_right_ones",
            "You count only the right predictions. The entries off the diagonal, the confusions, are the point of this matrix.",
            edit("np.add.at(matrix, (y_true, y_pred), 1)", "np.add.at(matrix, (y_true, y_true), y_true == y_pred)"),
        ),
        Mistake(
            "normalised",
            "You divide each row by its sum. Return the counts themselves, as integers.",
            edit("return matrix", "return matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)"),
        ),
    ],
    hints=[
        "Each example adds 1 to a single cell of the matrix. Which row, and which column?",
        "What should happen when the same pair of classes comes a second time? Try two equal pairs.",
    ],
)


def outcomes(draw, tp, fp, fn, tn):
    """Labels with the given number of each outcome, in drawn order."""
    y_true = np.repeat([1, 0, 1, 0], [tp, fp, fn, tn])
    y_pred = np.repeat([1, 1, 0, 0], [tp, fp, fn, tn])
    order = draw.permutation(len(y_true))
    return {"y_true": y_true[order], "y_pred": y_pred[order]}


def drawn_outcomes(draw, tp=(6, 10), fp=(2, 4), fn=(4, 6), tn=(11, 15)):
    return outcomes(draw, *(int(draw.integers(low, high)) for low, high in (tp, fp, fn, tn)))


def a_false_alarm(inputs, draw):
    """One of the negatives that were seen as such is now predicted positive."""
    y_pred = inputs["y_pred"].copy()
    y_pred[np.flatnonzero((inputs["y_true"] == 0) & (y_pred == 0))[0]] = 1
    return inputs | {"y_pred": y_pred}


def a_miss(inputs, draw):
    """One of the positives that were found is now predicted negative."""
    y_pred = inputs["y_pred"].copy()
    y_pred[np.flatnonzero((inputs["y_true"] == 1) & (y_pred == 1))[0]] = 0
    return inputs | {"y_pred": y_pred}


FEW_ALARMS, MANY_ALARMS, MOSTLY_NEGATIVE = (
    "more misses than false alarms",
    "more false alarms than misses",
    "few positives",
)
NONE_PREDICTED, NONE_POSITIVE = "nothing is predicted positive", "nothing is positive"
NONE_NEGATIVE, NOTHING_FOUND = "nothing is negative", "no positive is found"
QUIET = "nothing is positive, nothing is predicted so"

classification_metrics = Exercise(
    points=7,
    cases={
        FEW_ALARMS: drawn_outcomes,
        MANY_ALARMS: partial(drawn_outcomes, tp=(8, 12), fp=(5, 8), fn=(1, 4), tn=(13, 17)),
        MOSTLY_NEGATIVE: partial(drawn_outcomes, tp=(1, 3), fp=(3, 5), fn=(5, 7), tn=(40, 50)),
        NONE_PREDICTED: partial(drawn_outcomes, tp=(0, 1), fp=(0, 1)),
        NONE_POSITIVE: partial(drawn_outcomes, tp=(0, 1), fn=(0, 1)),
        NONE_NEGATIVE: partial(drawn_outcomes, fp=(0, 1), tn=(0, 1)),
        NOTHING_FOUND: partial(drawn_outcomes, tp=(0, 1)),
        QUIET: partial(drawn_outcomes, tp=(0, 1), fp=(0, 1), fn=(0, 1)),
    },
    checks=[
        agrees(3, "returns the five metrics by name", on=[FEW_ALARMS, MANY_ALARMS, MOSTLY_NEGATIVE]),
        agrees(
            2,
            "gives 0.0 for what would be 0/0",
            on=[NONE_PREDICTED, NONE_POSITIVE, NONE_NEGATIVE, NOTHING_FOUND, QUIET],
        ),
        moves(1, "a false alarm lowers precision and specificity, but not recall", a_false_alarm, on=FEW_ALARMS),
        moves(1, "a miss lowers precision and recall, but not specificity", a_miss, on=MANY_ALARMS),
    ],
    mistakes=[
        Mistake(
            "precision_and_recall_swapped",
            "You swap precision and recall. Precision is a share of what is predicted positive, recall a share of what is positive.",
            swapped("tp + fp)", "tp + fn)"),
        ),
        Mistake(
            "false_positive_rate",
            "Your specificity is the false positive rate, the share of negatives with a false alarm. Specificity is the share without one.",
            edit('"specificity": _ratio(tn, tn + fp)', '"specificity": _ratio(fp, tn + fp)'),
        ),
        Mistake(
            "negative_predictive_value",
            "Your specificity divides by what was predicted negative. Divide by what is negative: it is the recall of class 0.",
            edit("_ratio(tn, tn + fp)", "_ratio(tn, tn + fn)"),
        ),
        Mistake(
            "plain_mean_for_f1",
            "Your f1 is the arithmetic mean of precision and recall. Use the harmonic mean, which stays low unless both are high.",
            edit("_ratio(2 * tp, 2 * tp + fp + fn)", "(_ratio(tp, tp + fp) + _ratio(tp, tp + fn)) / 2"),
        ),
        Mistake(
            "f1_without_two",
            "Your f1 is half of what it should be: if precision and recall are equal, their mean must be the same number.",
            edit("_ratio(2 * tp, 2 * tp + fp + fn)", "_ratio(2 * tp, 2 * tp + fp + fn) / 2"),
        ),
        Mistake(
            "accuracy_of_positives",
            "Your accuracy counts only the true positives. A negative that is predicted negative is right, too.",
            edit("tp + tn, tp + fp", "tp, tp + fp"),
        ),
        Mistake(
            "classes_swapped",
            "You take 0 for the positive class. The positives are the examples with label 1.",
            edit("return", "tp, fp, fn, tn = tn, fn, fp, tp\n    return"),
        ),
        Mistake(
            "nan_where_undefined",
            "You divide 0 by 0 and get nan, for instance where nothing is predicted positive. Such a metric is 0.0 here: check the denominator before you divide.",
            edit("float(part / whole) if whole else 0.0", "float(np.float64(part) / whole)", of="_ratio"),
        ),
        Mistake(
            "one_where_undefined",
            "You return 1.0 for a metric that would be 0/0. Libraries differ on that; here such a metric is 0.0.",
            edit("else 0.0", "else 1.0", of="_ratio"),
        ),
        Mistake(
            "eps_in_the_denominator",
            "You add a small number to the denominators. That avoids 0/0, but makes every metric a little wrong: treat 0/0 as a separate case.",
            edit("float(part / whole) if whole else 0.0", "float(part / (whole + 1e-8))", of="_ratio"),
        ),
        Mistake(
            "rounded_down",
            "You divide with //, which rounds down to a whole number: a share below 1 becomes 0. Use /.",
            edit("part / whole", "part // whole", of="_ratio"),
        ),
    ],
    hints=[
        "There are four outcomes: right and wrong, for each of the two labels. Can you count each of them?",
        "Which two of the four make up the predicted positives, which two the positives, which two the negatives?",
        "Which of your denominators can be 0, and what do you return then?",
    ],
)


# Dividing the data


def table(draw, N=11, test_fraction=0.3, shape=(3,), target=None):
    """Rows and targets, all different, so that each can be told from the others."""
    y = draw(N) if target is None else target(draw, N)
    return {"X": draw(N, *shape), "y": y, "test_fraction": test_fraction, "rng": draw.generator()}


def another_generator(inputs, draw):
    return inputs | {"rng": draw.generator()}


train_test_split = Exercise(
    points=6,
    cases={
        "eleven rows, 30 % for the test": table,  # 3.3 rows
        "thirteen rows, 35 % for the test": partial(table, N=13, test_fraction=0.35),  # 4.55 rows
        "a hundred rows, 29 % for the test": partial(table, N=100, test_fraction=0.29, shape=(2,)),
        "forty rows": partial(table, N=40, test_fraction=0.2, shape=(2,)),
        "more than half for the test": partial(table, N=9, test_fraction=0.7, shape=(4,)),
        "images": partial(table, N=7, test_fraction=0.25, shape=(2, 4, 5)),
        "a single feature, no axis for it": partial(table, N=8, test_fraction=0.4, shape=()),
        "integer labels": partial(table, N=12, test_fraction=0.4, target=lambda draw, N: draw.permutation(N) + 5),
        "true-or-false labels": partial(table, N=20, test_fraction=0.15, target=lambda draw, N: draw(N) > 0),
    },
    checks=[
        agrees(
            3,
            "splits rows and targets in the order of one rng.permutation, test rows first",
            on=["eleven rows, 30 % for the test", "forty rows", "more than half for the test"],
        ),
        agrees(
            1,
            "rounds the number of test rows",
            on=["thirteen rows, 35 % for the test", "a hundred rows, 29 % for the test"],
        ),
        agrees(
            1,
            "accepts rows of any shape, and targets of any type",
            on=["images", "a single feature, no axis for it", "integer labels", "true-or-false labels"],
        ),
        moves(1, "takes its order from rng", another_generator, on="forty rows"),
    ],
    mistakes=[
        Mistake(
            "test_last",
            "You take the test rows from the end of the shuffled order. Here, the first m rows of that order are the test rows.",
            edit("order[:m], order[m:]", "order[-m:], order[:-m]"),
        ),
        Mistake(
            "X_shuffled_alone",
            "You shuffle X and leave y in its old order, so rows get the targets of other rows. Use one order for both.",
            edit("y[train], y[test]", "y[m:], y[:m]"),
        ),
        Mistake(
            "shuffled_twice",
            "You draw one order for X and another for y, so rows get the targets of other rows. Use one order for both.",
            edit(
                "test, train = order[:m], order[m:]\n    return X[train], X[test], y[train], y[test]",
                "again = rng.permutation(len(X))\n    return X[order[m:]], X[order[:m]], y[again[m:]], y[again[:m]]",
            ),
        ),
        Mistake(
            "not_shuffled",
            "You take the rows in their given order. Data is often sorted, and then your test set contains only one kind of row: shuffle first.",
            edit("rng.permutation(len(X))", "np.arange(len(X))"),
        ),
        Mistake(
            "rounded_down",
            "You round the number of test rows down: 4.55 rows become 4. Round to the nearest whole number.",
            edit("round(len(X) * test_fraction)", "int(len(X) * test_fraction)"),
        ),
        Mistake(
            "rounded_up",
            "You round the number of test rows up: 3.3 rows become 4. Round to the nearest whole number.",
            edit("round(len(X) * test_fraction)", "int(np.ceil(len(X) * test_fraction))"),
        ),
        Mistake(
            "fraction_for_training",
            "You give test_fraction of the rows to the training set. test_fraction is the share of the test set.",
            edit("round(len(X) * test_fraction)", "len(X) - round(len(X) * test_fraction)"),
        ),
        Mistake(
            "pairs_together",
            "You return X_train, y_train, X_test, y_test. Return them in the order of scikit-learn: both parts of X first, then both of y.",
            edit("return X[train], X[test], y[train], y[test]", "return X[train], y[train], X[test], y[test]"),
        ),
        Mistake(
            "test_before_training",
            "You return the test part before the training part, both of X and of y. Training comes first in the answer.",
            edit("return X[train], X[test], y[train], y[test]", "return X[test], X[train], y[test], y[train]"),
        ),
        Mistake(
            "back_in_order",
            "You sort the drawn rows back into ascending order. Keep them in the order of the permutation.",
            edit("order[:m], order[m:]", "np.sort(order[:m]), np.sort(order[m:])"),
        ),
    ],
    hints=[
        "How must row i of X_train and entry i of y_train be related? How many shuffled orders does that need?",
        "An array may be indexed with an array of integers. What does the drawn order look like, and where do you cut it?",
    ],
)


def folds_of(k, low, high, rest):
    """n = k·q + rest examples, q drawn."""
    return lambda draw: {"n": k * int(draw.integers(low, high)) + rest, "k": k}


UNEVEN, ONE_MORE, ONE_LESS = (
    "four folds, two of them larger",
    "five folds, one of them larger",
    "six folds, one smaller",
)
EVEN, HALVES, ALL_BUT_ONE = "three equal folds", "two folds", "as many folds as examples"

k_fold = Exercise(
    points=5,
    words={
        "folds[#]": "fold {}",
        "folds[#][0]": "the training set of fold {}",
        "folds[#][1]": "the test set of fold {}",
    },
    cases={
        UNEVEN: folds_of(4, 2, 6, 2),
        ONE_MORE: folds_of(5, 2, 6, 1),
        ONE_LESS: folds_of(6, 2, 5, 5),
        EVEN: folds_of(3, 2, 7, 0),
        HALVES: folds_of(2, 3, 9, 1),
        ALL_BUT_ONE: lambda draw: (lambda n: {"n": n, "k": n})(int(draw.integers(5, 9))),
    },
    checks=[
        agrees(2, "makes equal folds, each with all other examples as its training set", on=EVEN),
        agrees(2, "spreads a remainder over the first folds", on=[UNEVEN, ONE_MORE, ONE_LESS]),
        agrees(1, "is right for two folds, and for one example per fold", on=[HALVES, ALL_BUT_ONE]),
    ],
    mistakes=[
        Mistake(
            "train_and_test_swapped",
            "Your pairs have the test set first. The training set comes first.",
            edit("(np.setdiff1d(indices, test), test)", "(test, np.setdiff1d(indices, test))"),
        ),
        Mistake(
            "remainder_dropped",
            "You drop the remainder of n divided by k: these examples are in none of your test sets. Every example must be tested once.",
            edit("np.array_split(indices, k)", "[indices[i * (n // k) : (i + 1) * (n // k)] for i in range(k)]"),
        ),
        Mistake(
            "remainder_in_the_last_fold",
            "Your last fold takes the whole remainder of n divided by k. Sizes may differ by at most 1: spread the remainder over the first folds.",
            edit(
                "np.array_split(indices, k)",
                "[indices[i * (n // k) : (i + 1) * (n // k) if i < k - 1 else n] for i in range(k)]",
            ),
        ),
        Mistake(
            "larger_folds_last",
            "Your larger folds come last. The sizes are right, but here the first folds are the larger ones.",
            edit("np.array_split(indices, k)", "[n - 1 - test[::-1] for test in np.array_split(indices, k)][::-1]"),
        ),
        Mistake(
            "every_kth",
            "Your folds take every k-th example. Here a fold is a contiguous block of examples.",
            edit("np.array_split(indices, k)", "[indices[i::k] for i in range(k)]"),
        ),
        Mistake(
            "only_what_came_before",
            "You train only on the examples before the fold, as with a time series. Here the training set is all other examples.",
            edit("np.setdiff1d(indices, test)", "indices[: test[0]]"),
        ),
        Mistake(
            "counted_from_one",
            "Your indices run from 1 to n. They index arrays, so they must start at 0.",
            edit("np.arange(n)", "np.arange(1, n + 1)"),
        ),
    ],
    hints=[
        "How many examples does each fold get when n is divided by k, and how many are left over? Who gets those?",
        "If you know where a fold starts and ends, what is its training set?",
    ],
)


# Linear models


def houses(draw, N=20, D=3, offset=4.0, noise=0.5, scales=None):
    """Targets that are nearly linear in the features, far from 0; no direction of the features is nearly constant."""
    while True:
        X = draw(N, D) + draw.uniform(-2, 2, D)
        if np.linalg.cond(np.hstack([np.ones((N, 1)), X])) < 30:  # the normal equations square it, and are a right way
            break
    y = offset + X @ draw(D) + noise * draw(N)
    return {"X": X if scales is None else X * scales, "y": y}


def another_level(inputs, draw):
    """All targets rise by the same amount."""
    return inputs | {"y": inputs["y"] + 3.0}


HOUSES, ONE_FEATURE, SIX_FEATURES = "twenty rows, three features", "a single feature", "six features"
SCALES = "features of very different size"
LINEAR = {
    HOUSES: houses,
    ONE_FEATURE: partial(houses, N=8, D=1),
    SIX_FEATURES: partial(houses, N=30, D=6, offset=-7.0),
    SCALES: partial(houses, N=15, D=2, scales=np.array([100.0, 0.01])),
}

linear_regression = Exercise(
    points=5,
    cases=LINEAR
    | {
        "no noise": partial(houses, N=10, D=4, noise=0.0),
        "as many rows as weights": partial(houses, N=4, D=3),
    },
    checks=[
        agrees(3, "finds the intercept and the slopes of least squares", on=[HOUSES, SIX_FEATURES, ONE_FEATURE]),
        agrees(
            1,
            "is right for an exact fit and for features of any size",
            on=["no noise", "as many rows as weights", SCALES],
        ),
        moves(1, "when all targets rise, the intercept rises and no slope changes", another_level, on=HOUSES),
    ],
    mistakes=[
        Mistake(
            "no_intercept",
            "You return a weight for each feature and no intercept, so your function must pass through the origin.",
            edit("_with_intercept(X)", "X"),
        ),
        Mistake(
            "intercept_always_zero",
            "Your intercept is always 0. Give the model a feature that is 1 in every row: its weight is the intercept.",
            returns("np.concatenate([[0.0], np.linalg.lstsq(X, y, rcond=None)[0]])"),
        ),
        Mistake(
            "intercept_last",
            "Your intercept comes last. The values are right; put it first.",
            edit("np.hstack([np.ones((len(X), 1)), X])", "np.hstack([X, np.ones((len(X), 1))])", of="_with_intercept"),
        ),
        Mistake(
            "mean_for_intercept",
            "Your slopes are right, but your intercept is the mean of y. That is the intercept only if every feature has mean 0.",
            returns("np.concatenate([[y.mean()], np.linalg.lstsq(_with_intercept(X), y, rcond=None)[0][1:]])"),
        ),
        Mistake(
            "y_centred_alone",
            "You subtract the mean of y and fit the rest without an intercept. The features have means, too: centre both, or add a column of ones.",
            lambda X, y: np.concatenate([[y.mean()], np.linalg.lstsq(X, y - y.mean(), rcond=None)[0]]),
        ),
        Mistake(
            "standardised",
            "Your weights belong to standardised features. Return the weights for X as it is given.",
            lambda X, y: np.concatenate(
                [
                    [y.mean()],
                    np.linalg.lstsq((X - X.mean(axis=0)) / X.std(axis=0), y - y.mean(), rcond=None)[0],
                ]
            ),
        ),
        Mistake(
            "a_little_ridge",
            "You add a small number to the diagonal before you solve, which is ridge regression and makes the weights a little too small. Here nothing needs to be added.",
            lambda X, y: (lambda A: np.linalg.solve(A.T @ A + 1e-6 * np.eye(A.shape[1]), A.T @ y))(
                np.hstack([np.ones((len(X), 1)), X])
            ),
        ),
    ],
    hints=[
        "A feature that is 1 in every row: what would its weight be?",
        "At the minimum the gradient of the squared error is 0. Which system of linear equations is that?",
        "NumPy's linalg solves such systems, and least squares themselves.",
    ],
)


def penalised(draw, penalty=2.5, **sizes):
    return houses(draw, **sizes) | {"penalty": penalty}


ridge_regression = Exercise(
    points=6,
    cases={
        HOUSES: penalised,
        ONE_FEATURE: partial(penalised, N=8, D=1, penalty=0.7),
        SIX_FEATURES: partial(penalised, N=30, D=6, offset=-7.0, penalty=12.0),
        "targets far from 0": partial(penalised, N=12, D=2, offset=300.0, penalty=4.0),
        "no penalty": partial(penalised, N=10, D=4, penalty=0.0),
        "a very strong penalty": partial(penalised, N=14, D=3, penalty=1e4),
    },
    checks=[
        agrees(3, "minimises the squared errors plus the penalty", on=[HOUSES, SIX_FEATURES, ONE_FEATURE]),
        agrees(1, "leaves the intercept free", on=["targets far from 0", "a very strong penalty"]),
        agrees(1, "is least squares where the penalty is 0", on="no penalty"),
        moves(1, "when all targets rise, the intercept rises and no slope changes", another_level, on=HOUSES),
    ],
    mistakes=[
        Mistake(
            "intercept_penalised",
            "You penalise the intercept together with the slopes, which pulls it towards 0. The penalty is for the slopes only.",
            edit("shrink[0, 0] = 0.0", "pass"),
        ),
        Mistake(
            "penalty_ignored",
            "You return the weights of ordinary least squares, whatever the penalty.",
            edit("penalty * np.eye", "0.0 * np.eye"),
        ),
        Mistake(
            "penalty_times_n",
            "Your penalty is N times too strong: you average the squared errors, but not the penalty. Here, both are sums.",
            edit("penalty * np.eye", "len(X) * penalty * np.eye"),
        ),
        Mistake(
            "penalty_over_n",
            "You divide the penalty by N. Here the squared errors are summed, so the penalty is not divided.",
            edit("penalty * np.eye", "penalty / len(X) * np.eye"),
        ),
        Mistake(
            "penalty_halved",
            "Your penalty is half as strong as it should be: one of the two terms has a factor ½ or 2 that the other lacks.",
            edit("penalty * np.eye", "penalty / 2 * np.eye"),
        ),
        Mistake(
            "penalty_squared",
            "You square the penalty. If you add rows to X to express the penalty, they must contain its square root.",
            edit("penalty * np.eye", "penalty**2 * np.eye"),
        ),
        Mistake(
            "wrong_entry_spared",
            "You exempt the last weight from the penalty. The intercept is the first weight.",
            edit("shrink[0, 0]", "shrink[-1, -1]"),
        ),
        Mistake(
            "no_intercept",
            "You return a weight for each feature and no intercept.",
            lambda X, y, penalty: np.linalg.solve(X.T @ X + penalty * np.eye(X.shape[1]), X.T @ y),
        ),
    ],
    hints=[
        "At the minimum the gradient is 0. What does the penalty add to the equations of least squares, and to which of them?",
        "If you double a strong penalty again and again, what do the slopes tend to, and what does the intercept tend to?",
    ],
)


def logistic(draw, N=12, D=4, dtype=float):
    """Logits of ordinary size, and both labels."""
    y = draw.integers(0, 2, N)
    y[:2] = [0, 1]
    return {"w": draw(D), "X": draw(N, D), "y": y[draw.permutation(N)].astype(dtype)}


def alone(label):
    return lambda draw: {"w": draw(3), "X": draw(1, 3), "y": np.array([label])}


def far_logits(draw):
    """Logits of ±1000 and ±40 with each label, so that some examples are right and some wrong, and ordinary ones."""
    inputs = logistic(draw, N=14, D=3)
    z = np.concatenate([np.repeat([1000.0, -1000.0, 40.0, -40.0], 2), draw(6)])
    inputs["w"][2] = 2.0
    inputs["X"][:, 2] = (z - inputs["X"][:, :2] @ inputs["w"][:2]) / 2.0
    inputs["y"][:8] = [0, 1] * 4
    return inputs


def logistic_clipped(w, X, y):
    p = np.clip(1.0 / (1.0 + np.exp(-X @ w)), 1e-12, 1 - 1e-12)
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)), X.T @ (p - y) / len(y)


def logistic_of_probabilities(w, X, y):
    e = np.exp(-np.abs(X @ w))
    p = np.where(X @ w >= 0, 1.0, e) / (1.0 + e)
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)), X.T @ (p - y) / len(y)


def logistic_of_exponentials(w, X, y):
    """The usual formulas; the loss with a log of its own, so that only exp can overflow."""
    z = X @ w
    return np.mean(np.log(1.0 + np.exp(z)) - y * z), X.T @ (np.exp(z) / (1.0 + np.exp(z)) - y) / len(y)


logistic_loss_and_gradient = Exercise(
    points=8,
    forbids=["automatic differentiation"],
    cases={
        "twelve examples": logistic,
        "labels as integers": partial(logistic, N=9, D=5, dtype=int),
        "a single feature": partial(logistic, N=7, D=1),
        "one example of class 1": alone(1.0),
        "one example of class 0": alone(0.0),
        "one example, label as an integer": alone(1),
        "logits up to ±1000": far_logits,
    },
    checks=[
        agrees(4, "returns the mean loss and its gradient", on=["twelve examples", "labels as integers"]),
        agrees(
            1,
            "is right for one feature and for one example",
            on=[
                "a single feature",
                "one example of class 1",
                "one example of class 0",
                "one example, label as an integer",
            ],
        ),
        slopes(1, "the gradient is the slope of your own loss", of="w", on=["twelve examples", "labels as integers"]),
        agrees(2, "is right and finite for logits up to ±1000", on="logits up to ±1000"),
    ],
    mistakes=[
        Mistake(
            "summed",
            "Your loss and gradient are sums over the examples, and so N times too large. Return those of the mean.",
            edit("np.mean(", "np.sum(").then(" / len(y)", ""),
        ),
        Mistake(
            "gradient_summed",
            "Your loss is a mean, but your gradient is that of the sum: it is N times too large.",
            edit(" / len(y)", ""),
        ),
        Mistake(
            "uphill",
            "Your gradient has the wrong sign: it points in the direction in which the loss falls. A gradient points uphill.",
            edit("(_sigmoid(z) - y)", "(y - _sigmoid(z))"),
        ),
        Mistake(
            "log_likelihood",
            "You return the mean log likelihood and its gradient. The loss is the negative of the log likelihood.",
            edit("return loss, gradient", "return -loss, -gradient"),
        ),
        Mistake(
            "squared_error_gradient",
            "Your gradient contains the derivative of the sigmoid, as for a squared error. In this loss the logarithm cancels that derivative.",
            edit("(_sigmoid(z) - y)", "((_sigmoid(z) - y) * _sigmoid(z) * (1.0 - _sigmoid(z)))"),
        ),
        Mistake(
            "labels_plus_minus_one",
            "You use the formula for labels −1 and 1. Here the labels are 0 and 1, and for label 0 your loss does not depend on the logit.",
            edit(
                "loss = np.mean(np.logaddexp(0.0, z) - y * z)\n    gradient = X.T @ (_sigmoid(z) - y) / len(y)",
                "loss = np.mean(np.logaddexp(0.0, -y * z))\n    gradient = -X.T @ (y * _sigmoid(-y * z)) / len(y)",
            ),
        ),
        Mistake(
            "only_class_one",
            "Your loss counts only the examples with label 1. Those with label 0 have their own term.",
            edit("np.logaddexp(0.0, z) - y * z", "y * np.logaddexp(0.0, -z)"),
        ),
        Mistake(
            "overflow",
            "At logits of 1000 your exponential overflows to inf. Write the loss and the sigmoid so that no exp gets a large positive number.",
            logistic_of_exponentials,
        ),
        Mistake(
            "log_of_zero",
            "Your probabilities round to 0 and 1, and their logarithm is infinite or, times 0, nan. Work with the logits: combine the log and the exp on paper.",
            logistic_of_probabilities,
        ),
        Mistake(
            "clipped",
            "You clip the probabilities to keep the log finite, so all large errors cost the same. The true loss at a logit of 1000 is 1000.",
            logistic_clipped,
        ),
        Mistake(
            "sign_and_not_averaged",
            "Your loss is right, but the gradient is −N times what it should be: subtract y from the probabilities, and divide by the number of examples.",
            edit("X.T @ (_sigmoid(z) - y) / len(y)", "X.T @ (y - _sigmoid(z))"),
        ),
        *(
            Mistake(
                f"logs_plus_{eps}",
                "You add a small number inside the logarithms, so all large errors cost the same. The true loss at a logit of 1000 is 1000.",
                edit(
                    "np.mean(np.logaddexp(0.0, z) - y * z)",
                    f"-np.mean(y * np.log(_sigmoid(z) + {eps}) + (1 - y) * np.log(1 - _sigmoid(z) + {eps}))",
                ),
            )
            for eps in SMALL
        ),
    ],
    hints=[
        "Write −log σ(z) with one log and one exp. What does it approach for large z, and for very negative z?",
        "How do −log σ(z) and −log(1 − σ(z)) differ? Subtract one from the other.",
        "Differentiate the loss of one example with respect to its logit: the result is very simple. How does a logit change with w?",
    ],
)


# Clusters


def nearest(X, centers):
    return np.argmin([((X - center) ** 2).sum(axis=1) for center in centers], axis=0)


def cloud(draw, N=30, D=2, K=3):
    """Points without much order, drawn until the labels depend on how distance is measured and when it is."""
    while True:
        X, centers = draw(N, D), draw(K, D)
        labels = nearest(X, centers)
        if len(np.unique(labels)) < K:
            continue
        after = nearest(X, np.stack([X[labels == k].mean(axis=0) for k in range(K)]))
        by_sums = np.argmin([np.abs(X - center).sum(axis=1) for center in centers], axis=0)
        if (after != labels).any() and (D == 1 or (by_sums != labels).any()):
            return {"X": X, "centers": centers}


def islands(draw, N=12, D=3, K=4):
    """Groups of points far from one another, each around a center."""
    homes = 10.0 * np.eye(K, D) + 10.0 * np.arange(K)[:, None]
    X = homes[np.arange(N) % K] + draw.uniform(-1, 1, N, D)
    return {"X": X[draw.permutation(N)], "centers": homes + draw.uniform(-1, 1, K, D)}


def lonely_centers(draw):
    """Two of the centers are so far away that no point joins them."""
    inputs = cloud(draw, N=15, D=3, K=3)
    far = 50.0 + draw(2, 3)
    return inputs | {"centers": np.insert(inputs["centers"], [1, 3], far, axis=0)}


def ties(draw):
    """Some points are as far from center 1 as from center 2, and so far that no rounding of a center breaks the tie."""
    half_way = np.stack([1000.0 * draw.signs(6), np.zeros(6)], axis=1)
    elsewhere = [np.array([0.0, y]) + 0.1 * draw(3, 2) for y in (-40.0, -2.0, 2.0)]
    X = np.concatenate([half_way, *elsewhere])
    return {"X": X[draw.permutation(len(X))], "centers": np.array([[0.0, -40.0], [0.0, 1.0], [0.0, -1.0]])}


def a_step_aside(inputs, draw):
    """The first point moves, but not far enough to reach another island."""
    X = inputs["X"].copy()
    X[0] += 0.5
    return inputs | {"X": X}


def online(X, centers):
    """Each point moves its center at once, before the next point looks for one."""
    centers, labels, counts = centers.copy(), [], np.zeros(len(centers))
    for x in X:
        labels.append(int(((centers - x) ** 2).sum(axis=1).argmin()))
        counts[labels[-1]] += 1
        centers[labels[-1]] += (x - centers[labels[-1]]) / counts[labels[-1]]
    return np.array(labels), centers


MEAN = "new_centers[k] = X[labels == k].mean(axis=0)"


def beside_centers(draw, K=5, D=3):
    """As many points as centers, each beside one: what is nearest to a center is not what a point is nearest to."""
    centers = 4.0 * draw(K, D) + 10.0 * np.eye(K, D)
    return {"X": np.roll(centers, 2, axis=0) + 0.2 * draw(K, D), "centers": centers}


NEAREST_POINTS = "You look for the nearest point of each center. Each point needs its nearest center: there are N labels, one for each row of X."


def nearest_points(X, centers):
    labels = ((X[:, None, :] - centers) ** 2).sum(axis=-1).argmin(axis=0)
    new_centers = centers.copy()
    for k in range(len(centers)):
        if (labels == k).any():
            new_centers[k] = X[labels == k].mean(axis=0)
    return labels, new_centers


kmeans_step = Exercise(
    points=7,
    cases={
        "as many points as centers": beside_centers,
        "thirty points, three centers": cloud,
        "four islands": islands,
        "five features": partial(cloud, N=40, D=5, K=4),
        "a single feature": partial(cloud, N=9, D=1, K=2),
        "a single center": lambda draw: {"X": draw(6, 3), "centers": draw(1, 3)},
        "a single point": lambda draw: {"X": draw(1, 3), "centers": draw(4, 3)},
        "centers that no point joins": lonely_centers,
        "points as near to one center as to another": ties,
    },
    checks=[
        agrees(
            3,
            "assigns each point to its nearest center, and moves each center to the mean of its points",
            on=[
                "as many points as centers",
                "thirty points, three centers",
                "four islands",
                "five features",
                "a single feature",
            ],
        ),
        agrees(1, "is right for a single point or center", on=["a single center", "a single point"]),
        agrees(1, "leaves a center where it is if no point is assigned to it", on="centers that no point joins"),
        agrees(1, "breaks ties in favour of the lowest index", on="points as near to one center as to another"),
        moves(1, "moving a point a little moves its own center, and no other", a_step_aside, on="four islands"),
    ],
    mistakes=[
        Mistake(
            "nan_for_empty",
            "Your empty center becomes nan, because the mean of no points is 0/0. A center without points stays where it is.",
            edit(
                f"for k in np.unique(labels):\n        {MEAN}",
                "for k in range(len(centers)):\n        new_centers[k] = X[labels == k].sum(axis=0) / (labels == k).sum()",
            ),
        ),
        Mistake(
            "zero_for_empty",
            "Your empty center jumps to the origin. A center without points stays where it is: start from the old centers.",
            edit("centers.copy()", "np.zeros_like(centers)"),
        ),
        Mistake(
            "empty_dropped",
            "You drop a center without points, so you return fewer centers than you got. Such a center stays where it is.",
            edit("return labels, new_centers", "return labels, new_centers[np.unique(labels)]"),
        ),
        Mistake(
            "manhattan",
            "You measure distance by adding up absolute differences. Euclidean distance adds up squares.",
            edit("((X[:, None, :] - centers) ** 2)", "np.abs(X[:, None, :] - centers)"),
        ),
        Mistake(
            "differences_not_squared",
            "You add up the differences themselves, and those below zero take away from the others. Square them first.",
            edit("((X[:, None, :] - centers) ** 2)", "(X[:, None, :] - centers)"),
        ),
        Mistake(
            "center_term_forgotten",
            "You compare points and centers by their dot product alone, so a long center wins too often. The squared length of the center is part of the distance.",
            edit("((X[:, None, :] - centers) ** 2).sum(axis=-1)", "-(X @ centers.T)"),
        ),
        Mistake(
            "highest_index",
            "Between two equally near centers you choose the one with the highest index. Choose the lowest.",
            edit("distances.argmin(axis=1)", "len(centers) - 1 - distances[:, ::-1].argmin(axis=1)"),
        ),
        Mistake(
            "labels_after_the_move",
            "You compute the labels from the moved centers. Return the labels that you used for the means.",
            returns("((X[:, None, :] - new_centers) ** 2).sum(axis=-1).argmin(axis=1), new_centers"),
        ),
        Mistake(
            "one_point_at_a_time",
            "You move a center as soon as a point is assigned to it. First assign all points, then move all centers.",
            online,
        ),
        Mistake(
            "divided_by_all",
            "You divide each cluster's sum by the number of all points. Divide it by the number of points in that cluster.",
            edit("X[labels == k].mean(axis=0)", "X[labels == k].sum(axis=0) / len(X)"),
        ),
        Mistake(
            "centers_not_moved",
            "You return the centers unmoved. Each center moves to the mean of the points assigned to it.",
            edit(MEAN, "pass"),
        ),
        Mistake(
            "nearest_point_of_each_center",
            NEAREST_POINTS,
            edit("distances.argmin(axis=1)", "distances.argmin(axis=0)"),
        ),
        Mistake(
            "farthest",
            "You assign each point to the farthest center. Find where the distance is smallest.",
            edit("distances.argmin(", "distances.argmax("),
        ),
        Mistake("nearest_point_of_each_center_alone", NEAREST_POINTS, nearest_points),
    ],
    hints=[
        "With X as (N, 1, D) and centers as (K, D), what is the shape of their difference, and over which axis do you add?",
        "Which points belong to center k? What happens to their mean if there are none?",
        "Do you assign all points before you move the first center?",
    ],
)


# A training run: many columns, few houses


def sold_houses(draw, N=80, M=400, D=76, qualities=4):
    """A few qualities of a house make its price and show in every column; prices of other houses are held back."""
    house = draw(N + M, qualities)
    X = house @ draw(qualities, D) + 0.8 * draw(N + M, D)
    X = np.float16(X + draw.uniform(2, 6, D)).astype(float)  # three digits, as one measures, and a key that is small
    X *= 2.0 ** draw.integers(-6, 14, D)  # units: shares, metres, years, square feet
    worth = draw(qualities)
    y = 4e5 + 1e5 * (house @ worth / np.linalg.norm(worth) + 0.2 * draw(N + M))
    return dict(X_train=X[:N], y_train=y[:N], X_test=X[N:], truth=y[N:])


def price_of_the_nearest(X_train, y_train, X_test):
    Z, others = (X / X_train.std(axis=0) for X in (X_train, X_test))
    return y_train[np.square(others[:, None] - Z).sum(axis=-1).argmin(axis=1)]


house_prices = Exercise(
    points=5,
    seconds=40,
    cases={"400 houses, learned from 80": sold_houses},
    checks=[
        reaches(
            5,
            "predicts the prices of new houses with at most 0.4 times the error of always predicting the mean",
            "relative_rmse",
            at_most=0.4,
        )
    ],
    mistakes=[
        Mistake(
            "least_squares",
            "You fit without a penalty, so the weights follow the noise in 80 houses.",
            returns("_predicted(linear_regression(Z_train, y_train), Z_test)"),
        ),
        Mistake(
            "penalty_chosen_in_training",
            "You choose the penalty by the error on the rows that the model was fitted to, where the smallest penalty always wins.",
            everywhere("test]", "train]"),
        ),
        Mistake(
            "penalty_far_too_large",
            "Your penalty is so strong that it leaves no slope: every house costs about the mean.",
            edit("10.0 ** np.arange(-3, 5)", "[1e5]"),
        ),
        Mistake(
            "not_standardised_at_prediction",
            "You train on standardised columns, but predict from raw ones.",
            returns("_predicted(ridge_regression(Z_train, y_train, penalty), X_test)"),
        ),
        Mistake(
            "no_intercept",
            "You leave out the intercept, so the mean price is missing from every prediction.",
            edit("return weights[0] + X", "return X", of="_predicted"),
        ),
        Mistake(
            "nearest",
            "You return the price of the nearest house. In 76 columns even the nearest house is far away.",
            price_of_the_nearest,
        ),
        Mistake(
            "mean",
            "You predict the mean price for every house.",
            lambda X_train, y_train, X_test: np.full(len(X_test), y_train.mean()),
        ),
    ],
    hints=[
        "What does least squares do with 76 columns and 80 houses? Which of your functions keeps the weights small?",
        "One penalty for all columns is fair only if they are measured in the same unit. What can you divide each of them by?",
        "How can you tell which penalty is good without looking at X_test? You have written a function that splits the training rows into folds.",
    ],
)
