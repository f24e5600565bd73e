"""Pictures of machine learning."""

import numpy as np

from grader.authoring.pictures import BLUE, GREY, INK, OCHRE, RED, arrow, label, panels

NOISE = 0.25


def overfitting(reference):
    """Error on the training data and on new data against the degree of a polynomial; and three of the polynomials."""
    rng = np.random.default_rng(4)
    x, new = np.linspace(-1, 1, 14) + 0.04 * rng.standard_normal(14), np.linspace(-0.97, 0.97, 200)
    y, truth = np.sin(3 * x) + NOISE * rng.standard_normal(len(x)), np.sin(3 * new)
    figure, (fits, errors) = panels(2, height=3.0, widths=(1, 1))
    degrees, train, test = range(1, 11), [], []
    for degree in degrees:
        w = reference.linear_regression(_powers(x, degree), y)
        predict = np.column_stack([np.ones_like(new), _powers(new, degree)]) @ w
        train.append(reference.root_mean_squared_error(y, np.column_stack([np.ones_like(x), _powers(x, degree)]) @ w))
        noisy = truth + NOISE * rng.standard_normal(len(new))
        test.append(reference.root_mean_squared_error(noisy, predict))
        if degree in (1, 3, 10):
            color = {1: OCHRE, 3: BLUE, 10: RED}[degree]
            fits.plot(new, predict, color=color, linewidth=1.8 if degree == 3 else 1.1)
    fits.plot(x, y, "o", color=INK, markersize=3.5, markeredgewidth=0)
    label(fits, 0.98, 1.22, "1", OCHRE, ha="left")
    label(fits, 0.98, 0.25, "3", BLUE, ha="left")
    fits.set(xlim=(-1.05, 1.15), ylim=(-1.9, 1.9), xticks=[-1, 0, 1], yticks=[-1, 0, 1], xlabel="$x$")
    fits.set_title("polynomials of degree 1, 3 and 10")
    errors.plot(degrees, train, "o-", color=GREY, markersize=3)
    errors.plot(degrees, test, "o-", color=INK, markersize=3)
    errors.axhline(NOISE, color=GREY, linewidth=0.7, linestyle=(0, (3, 3)))
    label(errors, 6.6, 0.08, "on the training data", GREY)
    label(errors, 4.6, 0.66, "on new data", INK)
    label(errors, 1.0, NOISE - 0.045, "noise", GREY, fontsize=9, ha="left")
    errors.set(xlim=(0.6, 10.4), ylim=(0, 0.95), xticks=[1, 3, 5, 7, 10], yticks=[0, 0.5], xlabel="degree")
    errors.set_title("root mean squared error")
    return figure


def kmeans(reference):
    """Two steps of k-means: points in the colour of their center, and the way that each center goes."""
    rng = np.random.default_rng(1)
    places = np.array([[-2.0, -0.8], [0.4, 1.1], [2.3, -0.7]])
    X = np.concatenate([place + 0.55 * rng.standard_normal((16, 2)) for place in places])
    centers = np.array([[-0.6, 1.6], [0.5, -0.6], [1.2, 0.4]])
    figure, axes = panels(3, height=1.9)
    for step, panel in enumerate(axes):
        labels, moved = reference.kmeans_step(X, centers)
        for k, color in enumerate((BLUE, OCHRE, RED)):
            panel.plot(*X[labels == k].T, "o", color=color, markersize=3, markeredgewidth=0, alpha=0.65)
            panel.plot(*centers[k], "o", color=color, markersize=8, markerfacecolor="none", markeredgewidth=1.4)
            if np.abs(moved[k] - centers[k]).max() > 0.15:
                arrow(panel, centers[k], moved[k], color, mutation_scale=9)
        panel.set(aspect="equal", xlim=(-3.6, 3.8), ylim=(-2.4, 2.7), xticks=[], yticks=[])
        panel.spines[["left", "bottom"]].set_visible(False)
        panel.set_title(f"step {step + 1}")
        centers = moved
    return figure


def _powers(x, degree):
    return x[:, None] ** np.arange(1, degree + 1)
