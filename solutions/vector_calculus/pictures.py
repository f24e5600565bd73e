"""Pictures of vector calculus."""

import numpy as np

from grader.authoring.pictures import BLUE, GREY, INK, OCHRE, RED, arrow, label, panels


def gradient_field(reference):
    """Level lines of a function with its gradients, which stand on them at right angles; a curve with its tangents."""
    figure, (field, curve) = panels(2, height=3.1, widths=(11, 10))

    def f(x):
        return 0.5 * x[0] ** 2 + x[1] ** 2 + 0.6 * np.sin(2 * x[0]) * x[1]

    across, up = np.meshgrid(np.linspace(-2.2, 2.2, 45), np.linspace(-1.6, 1.6, 37))
    field.contour(across, up, f([across, up]), levels=[0.05, 0.3, 0.8, 1.5, 2.4, 3.5], colors=GREY, linewidths=0.7)
    for x in np.linspace(-1.8, 1.8, 7):
        for y in np.linspace(-1.2, 1.2, 5):
            slope = reference.gradient(f, np.array([x, y]))
            arrow(field, (x, y), (x + 0.13 * slope[0], y + 0.13 * slope[1]), BLUE, linewidth=0.9, mutation_scale=7)
    field.set(aspect="equal", xlim=(-2.2, 2.2), ylim=(-1.6, 1.6), xticks=[-2, 0, 2], yticks=[-1, 0, 1])
    field.set_xlabel("$x_1$")
    field.set_ylabel("$x_2$", rotation=0, labelpad=8)
    field.set_title(r"level lines of $f$, and $\nabla f$")
    _tangents(curve, reference)
    return figure


def step_size(reference):
    """The error of a central difference against its step, on logarithmic axes: it falls, and then rises again."""
    figure, (axes,) = panels(1, height=2.7)
    steps = 10.0 ** np.arange(-13, 0.01, 0.25)

    def error(slope):
        return np.maximum([abs(slope(h) - np.cos(1.0)) for h in steps], 1e-14)

    forward = error(lambda h: (np.sin(1.0 + h) - np.sin(1.0)) / h)
    central = error(lambda h: reference.derivative(np.sin, 1.0, h))
    axes.loglog(steps, forward, color=OCHRE, linewidth=1.2)
    axes.loglog(steps, central, color=BLUE)
    axes.axvline(1e-5, color=GREY, linewidth=0.7, linestyle=(0, (3, 3)))
    label(axes, 1.5e-5, 3e-13, "default $h$", GREY, ha="left")
    label(axes, 3e-3, 1e-8, "central", BLUE, ha="left")
    label(axes, 4e-6, 6e-5, "one-sided", OCHRE, ha="right")
    label(axes, 2e-12, 2e-8, "rounding", INK, fontsize=9, ha="left")
    label(axes, 6e-3, 4e-11, "curvature", INK, fontsize=9, ha="left")
    axes.set(xlim=(1e-13, 1.3), ylim=(1e-13, 1), xlabel="step $h$")
    axes.set_xticks([1e-12, 1e-9, 1e-6, 1e-3, 1])
    axes.set_yticks([1e-12, 1e-8, 1e-4, 1])
    axes.minorticks_off()
    axes.set_title(r"error of the slope of $\sin x$ at $x = 1$")
    return figure


def _tangents(axes, reference):
    def F(t):
        return np.array([np.cos(t), np.sin(2 * t)])

    t = np.linspace(0, 2 * np.pi, 140)
    axes.plot(*F(t), color=INK, linewidth=1.1)
    for at in (0.35, 1.25, 2.6, 4.1, 5.6):
        start, velocity = F(at), reference.tangent(F, at)
        axes.plot(*start, "o", color=RED, markersize=3.5)
        arrow(axes, start, start + 0.42 * velocity, RED, linewidth=1.2, mutation_scale=9)
    axes.set(aspect="equal", xlim=(-1.65, 1.65), ylim=(-1.75, 1.75), xticks=[-1, 0, 1], yticks=[-1, 0, 1])
    axes.set_xlabel("$F_1$")
    axes.set_ylabel("$F_2$", rotation=0, labelpad=8)
    axes.set_title("a curve, and its velocity")
