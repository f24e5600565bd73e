from functools import partial

from grader.exercise import Exercise, Mistake, agrees, edit, moves

ALLOWS = ("numpy",)


def matrix(draw, N=3, D=5, **more):
    return dict(x=draw(N, D)) | more


scale = Exercise(
    points=4,
    cases={"the default factor": matrix, "a factor of 3": partial(matrix, factor=3.0), "one row": partial(matrix, N=1)},
    checks=[
        agrees(2, "doubles by default", on=["the default factor", "one row"]),
        agrees(1, "multiplies by any factor", on="a factor of 3"),
        moves(
            1,
            "one entry moves one entry",
            change=lambda inputs, draw: inputs | {"x": inputs["x"] + [[0, 0, 1.0, 0, 0]]},
            on="the default factor",
        ),
    ],
    mistakes=[
        Mistake("ignores_factor", "The factor is ignored: it is not always 2.", edit("x * factor", "x * 2.0")),
        Mistake("adds", "You add the factor, and it must multiply.", edit("x * factor", "x + factor")),
        Mistake("divides", "You divide by the factor, and it must multiply.", edit("x * factor", "x / factor")),
    ],
    hints=["What does a factor do?", "Think of broadcasting."],
)

row_sums = Exercise(
    points=3,
    cases={"three rows": matrix, "one row": partial(matrix, N=1)},
    checks=[agrees(2, "adds up each row", on="three rows"), agrees(1, "works for one row", on="one row")],
    mistakes=[
        Mistake("columns", "These are the sums of the columns.", edit("axis=1", "axis=0")),
        Mistake("means", "These are means: nothing is divided here.", edit("np.sum(", "np.mean(")),
        Mistake("kept", "The sums have shape (N, 1), and it must be (N,).", edit("axis=1", "axis=1, keepdims=True")),
    ],
    hints=["Which axis is a row's?", "Look at what keepdims does."],
)

mean_and_spread = Exercise(
    points=3,
    cases={"five numbers": lambda draw: dict(x=draw(5)), "far from zero": lambda draw: dict(x=1e3 + draw(7))},
    checks=[
        agrees(2, "returns mean and spread", on="five numbers"),
        agrees(1, "survives a large mean", on="far from zero"),
    ],
    mistakes=[
        Mistake(
            "variance",
            "The spread is the variance's root.",
            edit("np.sqrt(((x - mean) ** 2).mean())", "((x - mean) ** 2).mean()"),
        ),
        Mistake(
            "unbiased",
            "You divide by D - 1, and it must be D.",
            edit("((x - mean) ** 2).mean()", "((x - mean) ** 2).sum() / (len(x) - 1)"),
        ),
        Mistake("uncentred", "The mean is not subtracted.", edit("(x - mean) ** 2", "x**2")),
    ],
    hints=["What is the average distance from the mean?", "Square, average, root."],
)
