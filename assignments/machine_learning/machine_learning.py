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
    # YOUR CODE HERE
    raise NotImplementedError


def root_mean_squared_error(y_true, y_pred):
    """How far predictions are off, where large errors count more.

    y_true (N,), y_pred (N,) -> error

    The root of the mean of (y_true − y_pred)² over the N examples; it has the unit of y.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def confusion_matrix(y_true, y_pred, num_classes):
    """Count how often each true class is predicted as each class.

    y_true (N,), y_pred (N,), num_classes -> matrix (K, K)

    matrix[i, j] is the number of examples of class i that were predicted as class j: rows are true, columns predicted.
    Labels are integers from 0 to K−1, and K is num_classes, whether or not every class occurs. The counts are integers.
    """
    # YOUR CODE HERE
    raise NotImplementedError


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
    # YOUR CODE HERE
    raise NotImplementedError


def train_test_split(X, y, test_fraction, rng):
    """Split the data at random into a training set and a test set.

    X (N, ...), y (N,), test_fraction, rng -> X_train (n, ...), X_test (m, ...), y_train (n,), y_test (m,)

    There are m = round(N · test_fraction) test rows; N · test_fraction never ends in exactly .5. Call rng.permutation(N)
    once: the first m indices of that order are the test rows, the others the training rows, both in the order of the
    permutation. Rows may have any shape and targets any dtype; both keep their shape and dtype.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def k_fold(n, k):
    """Split n examples into k folds, each of which is the test set once.

    n, k -> folds

    A list of k pairs (train_indices, test_indices), integers from 0 to n−1 in ascending order, as arrays or lists. The
    test sets are contiguous blocks in order that together cover all examples; their sizes differ by at most 1, and the
    larger ones come first. A fold's training set is every example outside its test set. 2 ≤ k ≤ n.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def linear_regression(X, y):
    """Least squares: the linear function of the features that fits the targets best.

    X (N, D), y (N,) -> weights (D+1,)

    weights[0] is the intercept w0, the others are the slopes w; together they minimise ‖y − X·w − w0‖², the sum of the
    squared errors. X with an intercept has full column rank, so that there is one answer.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def ridge_regression(X, y, penalty):
    """Linear regression with a penalty that keeps the slopes small.

    X (N, D), y (N,), penalty -> weights (D+1,)

    weights[0] is the intercept w0, the others are the slopes w; together they minimise
    ‖y − X·w − w0‖² + penalty·‖w‖². Both terms are sums, without ½ and without 1/N, and the intercept is not penalised.
    penalty ≥ 0; X with an intercept has full column rank.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def logistic_loss_and_gradient(w, X, y):
    """The loss of a logistic regression and its gradient.

    w (D,), X (N, D), y (N,) -> loss, gradient (D,)

    The logits are z = X·w, with no intercept added, and the probability of class 1 is σ(z) = 1 / (1 + exp(−z)). The
    loss is the mean over the N examples of −log σ(z) where y is 1 and of −log(1 − σ(z)) where y is 0; the gradient is
    that of this mean in w. y holds zeros and ones, integers or floats. Logits may be as far out as ±1000, where the
    loss is finite, too.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def kmeans_step(X, centers):
    """One round of k-means: assign each point to its nearest center, move each center to the mean of its points.

    X (N, D), centers (K, D) -> labels (N,), new_centers (K, D)

    labels[n] is the index of the center nearest to X[n] in Euclidean distance; of several equally near, the lowest index.
    A center without points stays where it is.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def house_prices(X_train, y_train, X_test):
    """Predict the prices of houses from the records of houses that were sold.

    X_train (N, D), y_train (N,), X_test (M, D) -> prices (M,)

    A row is a house, a column is a measurement, each in its own unit; y_train are prices. There are few houses and almost
    as many columns, and many of the columns say nearly the same. Choose any method. The root mean squared error on X_test
    must be at most 0.4 times that of always predicting the mean price.
    """
    # YOUR CODE HERE
    raise NotImplementedError
