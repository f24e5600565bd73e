"""How the answers of this unit are judged: cases, checks and the mistakes that people really make."""

from functools import partial

from grader.exercise import Exercise, Mistake, agrees, edit

ALLOWS = ("numpy",)


def layer(draw, N=5, D=4, M=3):
    """A linear layer and an upstream gradient; all sizes differ, so that no axis can pass for another."""
    return dict(dout=draw(N, M), x=draw(N, D), W=draw(D, M), b=draw(M))


linear_backward = Exercise(
    points=6,
    cases={
        "five examples": layer,
        "a single example": partial(layer, N=1),
        "one feature in, one out": partial(layer, D=1, M=1),
        "more outputs than inputs": partial(layer, N=3, D=2, M=7),
    },
    checks=[
        agrees(4, "returns dx, dW and db", on=["five examples", "more outputs than inputs"]),
        agrees(2, "keeps every shape for a batch of one and a single feature", on=["a single example", "one feature in, one out"]),
    ],
    mistakes=[
        Mistake(
            "db_mean",
            "Your db is the mean over the examples, and it must be the sum: the 1/N is already in dout.",
            edit("dout.sum(axis=0)", "dout.mean(axis=0)"),
        ),
        Mistake(
            "dW_mean",
            "Your dW is divided by N: the loss has averaged already, so the examples' gradients just add up.",
            edit("x.T @ dout", "x.T @ dout / len(x)"),
        ),
        Mistake(
            "db_kept_2d",
            "Your db has shape (1, M), but b has shape (M,): a gradient has the shape of its parameter.",
            edit("dout.sum(axis=0)", "dout.sum(axis=0, keepdims=True)"),
        ),
    ],
    hints=[
        "Write out one entry: how much does y[n, m] change when W[d, m] grows a little, and which n feel it?",
        "Let the shapes lead: which product of dout and W has the shape of x, and which of x and dout that of W?",
    ],
)
