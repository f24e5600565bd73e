"""Machine learning: learning from data, before the networks.

A data set is a matrix X with one example per row, and a vector y with the target of each example. This unit fits models
to such data, and measures how far they can be trusted.
"""

import numpy as np


def mean_absolute_error(y_true, y_pred):
    """How far predictions are off, on average.

    y_true (N,), y_pred (N,) -> error

    The mean of |y_true − y_pred| over the N examples.
    """
    return np.abs(y_true - y_pred).mean()


def root_mean_squared_error(y_true, y_pred):
    """How far predictions are off, where large errors count more.

    y_true (N,), y_pred (N,) -> error

    The root of the mean of (y_true − y_pred)² over the N examples; it has the unit of y.
    """
    return np.sqrt(np.mean((y_true - y_pred) ** 2))


def confusion_matrix(y_true, y_pred, num_classes):
    """Count how often each true class is predicted as each class.

    y_true (N,), y_pred (N,), num_classes -> matrix (K, K)

    matrix[i, j] is the number of examples of class i that were predicted as class j: rows are true, columns predicted.
    Labels are integers from 0 to K−1, and K is num_classes, whether or not every class occurs. The counts are integers.
    """
    matrix = np.zeros((num_classes, num_classes), dtype=int)
    np.add.at(matrix, (y_true, y_pred), 1)
    return matrix


def _ratio(part, whole):
    return float(part / whole) if whole else 0.0


def classification_metrics(y_true, y_pred):
    """Five metrics of a binary classifier.

    y_true (N,), y_pred (N,) -> metrics

    Labels are the integers 0 and 1, and 1 is the positive class. `metrics` is a dict of floats:

        accuracy      share of the examples that were predicted right
        precision     share of the predicted positives that are positive
        recall        share of the positives that were predicted positive
        specificity   share of the negatives that were predicted negative
        f1            harmonic mean of precision and recall

    What would be 0/0 is 0.0: precision where nothing is predicted positive, recall where nothing is positive,
    specificity where nothing is negative, f1 where precision and recall are both 0.
    """
    tp = np.sum((y_true == 1) & (y_pred == 1))
    fp = np.sum((y_true == 0) & (y_pred == 1))
    fn = np.sum((y_true == 1) & (y_pred == 0))
    tn = np.sum((y_true == 0) & (y_pred == 0))
    return {
        "accuracy": _ratio(tp + tn, tp + fp + fn + tn),
        "precision": _ratio(tp, tp + fp),
        "recall": _ratio(tp, tp + fn),
        "specificity": _ratio(tn, tn + fp),
        "f1": _ratio(2 * tp, 2 * tp + fp + fn),
    }


def train_test_split(X, y, test_fraction, rng):
    """Split the data at random into a training set and a test set.

    X (N, ...), y (N,), test_fraction, rng -> X_train (n, ...), X_test (m, ...), y_train (n,), y_test (m,)

    There are m = round(N · test_fraction) test rows; N · test_fraction never ends in exactly .5. Call rng.permutation(N)
    once: the first m indices of that order are the test rows, the others the training rows, both in the order of the
    permutation. Rows may have any shape and targets any dtype; both keep their shape and dtype.
    """
    order = rng.permutation(len(X))
    m = round(len(X) * test_fraction)
    test, train = order[:m], order[m:]
    return X[train], X[test], y[train], y[test]


def k_fold(n, k):
    """Split n examples into k folds, each of which is the test set once.

    n, k -> folds

    A list of k pairs (train_indices, test_indices), integers from 0 to n−1 in ascending order, as arrays or lists. The
    test sets are contiguous blocks in order that together cover all examples; their sizes differ by at most 1, and the
    larger ones come first. A fold's training set is every example outside its test set. 2 ≤ k ≤ n.
    """
    indices = np.arange(n)
    return [(np.setdiff1d(indices, test), test) for test in np.array_split(indices, k)]


def _with_intercept(X):
    """A column of ones in front: the intercept is the weight of a feature that is always 1."""
    return np.hstack([np.ones((len(X), 1)), X])


def linear_regression(X, y):
    """Least squares: the linear function of the features that fits the targets best.

    X (N, D), y (N,) -> weights (D+1,)

    weights[0] is the intercept w0, the others are the slopes w; together they minimise ‖y − X·w − w0‖², the sum of the
    squared errors. X with an intercept has full column rank, so that there is one answer.
    """
    return np.linalg.lstsq(_with_intercept(X), y, rcond=None)[0]


def ridge_regression(X, y, penalty):
    """Linear regression with a penalty that keeps the slopes small.

    X (N, D), y (N,), penalty -> weights (D+1,)

    weights[0] is the intercept w0, the others are the slopes w; together they minimise
    ‖y − X·w − w0‖² + penalty·‖w‖². Both terms are sums, without ½ and without 1/N, and the intercept is not penalised.
    penalty ≥ 0; X with an intercept has full column rank.
    """
    A = _with_intercept(X)
    shrink = penalty * np.eye(A.shape[1])
    shrink[0, 0] = 0.0
    return np.linalg.solve(A.T @ A + shrink, A.T @ y)


def _sigmoid(z):
    e = np.exp(-np.abs(z))  # at most 1, whatever the sign of z
    return np.where(z >= 0, 1.0, e) / (1.0 + e)


def logistic_loss_and_gradient(w, X, y):
    """The loss of a logistic regression and its gradient.

    w (D,), X (N, D), y (N,) -> loss, gradient (D,)

    The logits are z = X·w, with no intercept added, and the probability of class 1 is σ(z) = 1 / (1 + exp(−z)). The
    loss is the mean over the N examples of −log σ(z) where y is 1 and of −log(1 − σ(z)) where y is 0; the gradient is
    that of this mean in w. y holds zeros and ones, integers or floats. Logits may be as far out as ±1000, where the
    loss is finite, too.
    """
    z = X @ w
    loss = np.mean(np.logaddexp(0.0, z) - y * z)
    gradient = X.T @ (_sigmoid(z) - y) / len(y)
    return loss, gradient


def kmeans_step(X, centers):
    """One round of k-means: assign each point to its nearest center, move each center to the mean of its points.

    X (N, D), centers (K, D) -> labels (N,), new_centers (K, D)

    labels[n] is the index of the center nearest to X[n] in Euclidean distance; of several equally near, the lowest index.
    A center without points stays where it is.
    """
    distances = ((X[:, None, :] - centers) ** 2).sum(axis=-1)
    labels = distances.argmin(axis=1)
    new_centers = centers.copy()
    for k in np.unique(labels):
        new_centers[k] = X[labels == k].mean(axis=0)
    return labels, new_centers


def _predicted(weights, X):
    """What a linear model says of each row; its intercept is the first weight."""
    return weights[0] + X @ weights[1:]


def house_prices(X_train, y_train, X_test):
    """Predict the prices of houses from the records of houses that were sold.

    X_train (N, D), y_train (N,), X_test (M, D) -> prices (M,)

    A row is a house, a column is a measurement, each in its own unit; y_train are prices. There are few houses and almost
    as many columns, and many of the columns say nearly the same. Choose any method. The root mean squared error on X_test
    must be at most 0.4 times that of always predicting the mean price.
    """
    mean, std = X_train.mean(axis=0), X_train.std(axis=0)
    Z_train, Z_test = (X_train - mean) / std, (X_test - mean) / std
    folds = k_fold(len(y_train), 8)

    def held_back_error(penalty):
        errors = []
        for train, test in folds:
            weights = ridge_regression(Z_train[train], y_train[train], penalty)
            errors.append(root_mean_squared_error(y_train[test], _predicted(weights, Z_train[test])))
        return np.mean(errors)

    penalty = min(10.0 ** np.arange(-3, 5), key=held_back_error)
    return _predicted(ridge_regression(Z_train, y_train, penalty), Z_test)
