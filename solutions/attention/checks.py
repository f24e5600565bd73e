"""How the answers of this unit are judged: cases, checks and the mistakes that people really make."""

from functools import partial

import numpy as np

from grader.exercise import Exercise, Mistake, agrees, edit, moves

ALLOWS = ("numpy",)


def queries(draw, lead=(2,), Tq=4, Tk=5, d=3, dv=6, size=1.0):
    """Queries, keys and values; all sizes differ, so that no axis can pass for another."""
    return dict(q=size * draw(*lead, Tq, d), k=draw(*lead, Tk, d), v=draw(*lead, Tk, dv))


def masked(draw, **sizes):
    """A random mask in which every query may attend to its first key at least."""
    inputs = queries(draw, **sizes)
    mask = draw.uniform(0, 1, *inputs["q"].shape[:-1], inputs["k"].shape[-2]) < 0.6
    mask[..., 0] = True
    return inputs | dict(mask=mask)


def blind_query(draw):
    """One query may attend to nothing."""
    inputs = masked(draw)
    inputs["mask"][0, 2] = False
    return inputs


def other_hidden_values(inputs, draw):
    """Keys and values change where no query of the sequence may look."""
    hidden = ~inputs["mask"].any(axis=-2)[..., None]
    k, v = inputs["k"], inputs["v"]
    return inputs | dict(k=np.where(hidden, draw(*k.shape), k), v=np.where(hidden, draw(*v.shape), v))


scaled_dot_product_attention = Exercise(
    points=8,
    cases={
        "four queries, five keys": queries,
        "a single query and key": partial(queries, Tq=1, Tk=1),
        "batch and heads": partial(queries, lead=(2, 3)),
        "one sequence, no batch": partial(queries, lead=()),
        "a mask": masked,
        "a fully masked row": blind_query,
        "scores near ±1000": partial(queries, size=1000.0),
    },
    checks=[
        agrees(
            4,
            "mixes the values by softmax(q·kᵀ/√d)",
            on=["four queries, five keys", "a single query and key", "batch and heads", "one sequence, no batch"],
        ),
        agrees(2, "gives weight 0 where the mask is False", on="a mask"),
        agrees(1, "gives zeros for a query that may attend to nothing", on="a fully masked row"),
        agrees(1, "survives scores near ±1000", on="scores near ±1000"),
    ],
    mistakes=[
        Mistake(
            "unscaled",
            "The scores are not divided by √d: their variance grows with d, and the softmax saturates. Scale them first.",
            edit(" / np.sqrt(q.shape[-1])", ""),
        ),
        Mistake(
            "scaled_by_d",
            "You divide the scores by d, and it must be √d: a dot product of d terms has a standard deviation of √d.",
            edit("np.sqrt(q.shape[-1])", "q.shape[-1]"),
        ),
        Mistake(
            "mask_inverted",
            "Your mask works the wrong way round: True means that a query may attend.",
            edit("np.where(mask, scores, -np.inf)", "np.where(mask, -np.inf, scores)"),
        ),
    ],
    hints=[
        "How large does a dot product of two random vectors of length d typically get, and what does softmax do then?",
        "Write it in four steps: scores, scale, mask, softmax. Which axis of the scores counts the keys?",
    ],
)
