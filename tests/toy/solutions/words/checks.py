from functools import partial

import numpy as np

from grader.exercise import (
    Exercise,
    Mistake,
    agrees,
    bounded,
    distributed,
    edit,
    grows,
    normal,
    raises,
    seeded,
    uniform,
)

LINALG = ["@", "numpy.dot", "numpy.matmul", "numpy.einsum", "numpy.inner", "numpy.vdot", "numpy.tensordot"]
HINTS = ["What is asked?", "Look at the formula."]


def of_a_cubic(student, coefficients, x, **h):
    def f(x):
        return np.polyval(coefficients, x)

    return student(f=f, x=x, **h)


slope = Exercise(
    points=3,
    driver=of_a_cubic,
    cases={
        "a cubic": lambda draw: dict(coefficients=draw(4), x=float(draw())),
        "a wide step": lambda draw: dict(coefficients=2 + abs(draw(4)), x=float(draw()), h=0.5),
    },
    checks=[agrees(2, "is the slope", on="a cubic"), agrees(1, "uses its h", on="a wide step")],
    mistakes=[
        Mistake("forward", "This looks ahead only.", edit("(f(x + h) - f(x - h)) / (2 * h)", "(f(x + h) - f(x)) / h")),
        Mistake("not_halved", "The two points are further apart than h.", edit("(2 * h)", "h")),
        Mistake("upside_down", "This has the wrong sign.", edit("f(x + h) - f(x - h)", "f(x - h) - f(x + h)")),
    ],
    hints=HINTS,
)


def three_steps(student, w, gradients, **more):
    """Hand the state back three times.

    w (D,), gradients (S, D) -> w (S, D)
    """
    state, seen = None, []
    for dw in gradients:
        w, state = student(w=w, dw=dw, state=state, **more)
        if w.shape != dw.shape:
            raise ValueError(f"w has an entry for each of dw's, and yours has shape {w.shape}")
        seen.append(w)
    return seen


def steps(draw, **more):
    return dict(w=draw(5), gradients=draw(3, 5), lr=0.1) | more


momentum = Exercise(
    points=3,
    driver=three_steps,
    cases={"three steps": steps, "another momentum": partial(steps, momentum=0.5)},
    checks=[agrees(2, "gathers speed", on="three steps"), agrees(1, "is as heavy as asked", on="another momentum")],
    mistakes=[
        Mistake("forgets", "The speed is forgotten at every step.", edit("momentum * state + dw", "dw")),
        Mistake("averages", "This is an average, and a sum is asked.", edit("+ dw", "+ (1 - momentum) * dw")),
        Mistake("climbs", "This goes up.", edit("w - lr", "w + lr")),
    ],
    hints=HINTS,
)


def regular(draw):
    return dict(A=draw(2, 2) + 3 * np.eye(2))


def singular(draw):
    row = draw.integers(1, 5, 2)
    return dict(A=np.array([row, 2 * row], float))


reciprocal = Exercise(
    points=4,
    cases={"a regular matrix": regular, "a singular matrix": singular},
    checks=[
        agrees(3, "inverts"),
        raises(
            1,
            "a singular matrix raises LinAlgError",
            "LinAlgError",
            unless=lambda inputs, draw: dict(A=inputs["A"] + np.eye(2)),
            on="a singular matrix",
        ),
    ],
    mistakes=[
        Mistake("no_check", "A singular matrix is inverted all the same.", edit("if det == 0:", "if det is None:")),
        Mistake("adjugate", "You leave out the determinant.", edit(" / det", "")),
        Mistake("value_error", "Another exception is asked.", edit("np.linalg.LinAlgError", "ValueError")),
    ],
    hints=HINTS,
    forbids=["numpy.linalg"],
)


def symmetric(draw, D=4):
    A = draw(D, D)
    return dict(A=A @ A.T + np.diag(np.arange(D) * 3.0))


leading = Exercise(
    points=2,
    cases={"four by four": symmetric},
    checks=[agrees(2, "finds the leading pair")],
    up_to_sign={"vector": "whole"},
    mistakes=[
        Mistake(
            "smallest",
            "This is the other end of the spectrum.",
            edit("values[-1], vectors[:, -1]", "values[0], vectors[:, 0]"),
        ),
        Mistake("row", "The vectors are columns.", edit("vectors[:, -1]", "vectors[-1]")),
        Mistake("long", "The vector is too long.", edit("vectors[:, -1]", "2 * vectors[:, -1]")),
    ],
    hints=HINTS,
)

directions = Exercise(
    points=2,
    cases={"three of five": lambda draw: dict(X=draw(9, 5) * [1, 2, 4, 8, 16], k=3)},
    checks=[agrees(2, "finds directions and scores")],
    up_to_sign={"axes": "rows", "scores": "columns"},
    mistakes=[
        Mistake("not_centred", "The mean is still in it.", edit("X - X.mean(axis=0)", "X - 1.0")),
        Mistake("apart", "Scores and axes must flip together.", edit(".T, axes[:k]", ".T, -axes[:k]")),
        Mistake(
            "last",
            "These are the smallest.",
            edit("centred @ axes[:k].T, axes[:k]", "centred @ axes[-k:].T, axes[-k:]"),
        ),
    ],
    hints=HINTS,
)

multiply = Exercise(
    points=2,
    cases={"two matrices": lambda draw: dict(A=draw(3, 4), B=draw(4, 5))},
    checks=[agrees(2, "multiplies")],
    mistakes=[
        Mistake("mean", "This is a mean, and a sum is asked.", edit(".sum(", ".mean(")),
        Mistake("turned", "This is transposed.", edit(".sum(axis=1)", ".sum(axis=1).T")),
        Mistake("other_axis", "This adds up the wrong axis.", edit("axis=1", "axis=2")),
    ],
    hints=HINTS,
    forbids=[*LINALG, "numpy.linalg.multi_dot"],
)


def layer(draw, fan_in, fan_out):
    return dict(fan_in=fan_in, fan_out=fan_out, rng=draw.generator())


def glorot(inputs):
    a = np.sqrt(6 / (inputs["fan_in"] + inputs["fan_out"]))
    return uniform(-a, a)


LAYERS = {
    "a large layer": partial(layer, fan_in=400, fan_out=150),
    "a small layer": partial(layer, fan_in=3, fan_out=2),
}

start = Exercise(
    points=4,
    cases=LAYERS,
    checks=[
        distributed(3, "draws from the uniform law", law=glorot, on=list(LAYERS)),
        seeded(1, "draws from the generator that is passed in", on="a large layer"),
    ],
    mistakes=[
        Mistake(
            "normal",
            "This law is normal.",
            edit("rng.uniform(-a, a, (fan_in, fan_out))", "rng.standard_normal((fan_in, fan_out)) * a / np.sqrt(3)"),
        ),
        Mistake("wide", "The law is too wide.", edit("6 / (fan_in + fan_out)", "12 / (fan_in + fan_out)")),
        Mistake(
            "ignores_rng",
            "You draw from a generator of your own.",
            edit("rng.uniform", "np.random.default_rng(3).uniform"),
        ),
        Mistake("turned", "The weights are transposed.", edit("-a, a, (fan_in, fan_out)", "-a, a, (fan_out, fan_in)")),
    ],
    hints=HINTS,
)

start_normal = Exercise(
    points=4,
    cases=LAYERS,
    checks=[
        distributed(
            3, "draws from the normal law", law=lambda inputs: normal(0, np.sqrt(2 / inputs["fan_in"])), on=list(LAYERS)
        ),
        seeded(1, "draws from the generator that is passed in", on="a large layer"),
    ],
    mistakes=[
        Mistake(
            "uniform",
            "This law is uniform.",
            edit("rng.standard_normal((fan_in, fan_out))", "rng.uniform(-1, 1, (fan_in, fan_out)) * math.sqrt(3)"),
        ),
        Mistake("one_over", "The variance is too small.", edit("2 / fan_in", "1 / fan_in")),
        Mistake("fan_out", "The other fan counts.", edit("2 / fan_in", "2 / fan_out")),
        Mistake(
            "truncated",
            "The tails are cut off.",
            edit("rng.standard_normal((fan_in, fan_out))", "_truncated(rng, (fan_in, fan_out))"),
        ),
        Mistake(
            "fresh_rng", "Each call draws other numbers.", edit("rng.standard", "np.random.default_rng().standard")
        ),
    ],
    hints=HINTS,
)


def with_fading(inputs, draw):
    return inputs | {"is_fading": True}


def either_way(inputs):
    k = np.arange(inputs["depth"])[::-1]
    return [(0.1 ** (k + 1), 0.3**k), (2.0 ** (k + 1), 4.0 ** (k + 1))]


fading = Exercise(
    points=4,
    cases={
        "twenty layers": lambda draw: dict(depth=20, is_fading=False, rng=draw.generator()),
        "four layers": lambda draw: dict(depth=4, is_fading=True, rng=draw.generator()),
    },
    checks=[
        grows(
            2,
            "fades by more than 10⁶ where it fades, and not where it does not",
            by=1e6,
            change=with_fading,
            on="twenty layers",
        ),
        bounded(1, "falls or grows by half at least in each layer", either_way, on="four layers"),
        seeded(1, "takes its numbers from rng", on="twenty layers"),
    ],
    mistakes=[
        Mistake("reversed", "The first layer comes first.", edit("norms[::-1]", "norms")),
        Mistake("always", "Not every layer fades.", edit(" if is_fading else rng.uniform(0.8, 1.2)", "")),
        Mistake("never", "Some layers fade.", edit("rng.uniform(0.1, 0.3) if is_fading else ", "")),
        Mistake(
            "own_rng",
            "You make a generator of your own.",
            edit("norms, norm = [], 1.0", "norms, norm, rng = [], 1.0, np.random.default_rng(1)"),
        ),
    ],
    hints=HINTS,
)

halves = Exercise(
    points=1,
    cases={"nine": lambda draw: dict(n=9)},
    checks=[agrees(1, "splits")],
    mistakes=[
        Mistake(
            "swapped",
            "The even ones come first.",
            edit("[np.arange(0, n, 2), np.arange(1, n, 2)]", "[np.arange(1, n, 2), np.arange(0, n, 2)]"),
        ),
        Mistake("late", "These begin too late.", edit("np.arange(0, n", "np.arange(2, n")),
        Mistake("joined", "Two lists are asked.", edit("[np.arange(0, n, 2), np.arange(1, n, 2)]", "np.arange(n)")),
    ],
    hints=HINTS,
)
