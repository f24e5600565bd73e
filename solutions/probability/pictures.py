"""Pictures of probability."""

import numpy as np

from grader.authoring.pictures import BLUE, GREY, INK, OCHRE, RED, label, panels


def gaussian(reference):
    """Points, with level lines of the normal density that fits them best: turned and stretched as the cloud is."""
    figure, (bell,) = panels(1, height=3.2)
    rng = np.random.default_rng(5)
    X = rng.standard_normal((60, 2)) @ np.array([[1.1, 0.7], [0.0, 0.6]])
    mean, cov = reference.gaussian_mle(X)
    across, up = np.meshgrid(np.linspace(-3.6, 3.6, 61), np.linspace(-3.0, 3.0, 51))
    points = np.stack([across.ravel(), up.ravel()], axis=1)
    height = reference.gaussian_log_density(points, mean, cov).reshape(across.shape)
    top = reference.gaussian_log_density(mean[None], mean, cov)[0]
    bell.contour(
        across, up, height - top, levels=[-4.5, -2, -0.5], colors=[BLUE], linewidths=[0.8, 1.1, 1.5], linestyles="solid"
    )
    bell.plot(*X.T, "o", color=GREY, markersize=2.6, markeredgewidth=0)
    bell.plot(*mean, "+", color=RED, markersize=9, markeredgewidth=1.4)
    for distance, place in ((1, (0.30, 0.92)), (2, (0.72, 1.68)), (3, (1.10, 2.44))):
        label(bell, *place, str(distance), BLUE, fontsize=9)
    bell.set(aspect="equal", xlim=(-3.6, 3.6), ylim=(-3.0, 3.0), xticks=[-2, 0, 2], yticks=[-2, 0, 2])
    bell.set_xlabel("$x_1$")
    bell.set_ylabel("$x_2$", rotation=0, labelpad=8)
    bell.set_title("a fitted normal distribution")
    return figure


def coin(reference):
    """Entropy of a coin, and cross-entropy with a belief: a straight line that touches the curve where the two agree."""
    figure, (axes,) = panels(1, height=3.0)
    p = np.linspace(0, 1, 101)
    truth = np.stack([p, 1 - p], axis=1)
    belief = np.array([0.25, 0.75])
    axes.plot(p, reference.entropy(truth), color=BLUE)
    axes.plot(p, reference.cross_entropy(truth, np.broadcast_to(belief, truth.shape)), color=OCHRE)
    at = np.array([[0.75, 0.25]])
    low, high = reference.entropy(at)[0], reference.cross_entropy(at, belief[None])[0]
    axes.plot([0.75, 0.75], [low, high], color=RED, linewidth=1.4)
    axes.plot([0.25], reference.entropy(belief[None]), "o", color=INK, markersize=4)
    axes.text(0.775, (low + high) / 2, r"$\mathrm{KL}(p \Vert q)$", color=RED, va="center")
    axes.text(0.50, 0.60, "$H(p)$", color=BLUE, ha="center")
    axes.text(0.50, 0.95, "$H(p, q)$", color=OCHRE, ha="center")
    axes.text(0.27, 0.46, "$p = q$", color=INK, ha="left")
    axes.set(xlim=(0, 1.06), ylim=(0, 1.45), xticks=[0, 0.25, 0.5, 0.75, 1], yticks=[0, 0.5, 1])
    axes.set_xticklabels(["0", "¼", "½", "¾", "1"])
    axes.set_xlabel("probability of heads, $p$")
    axes.set_title("nats of surprise, if you believe in $q = ¼$")
    return figure
