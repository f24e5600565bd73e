"""How the answers of this unit are judged: cases, checks and the mistakes that people really make."""

from functools import partial

import numpy as np
import torch

from grader.exercise import (
    Exercise,
    Mistake,
    agrees,
    device,
    edit,
    keeps,
    load,
    moves,
    reaches,
    redrawn,
    report,
    returns,
    swapped,
)

ALLOWS = ("numpy", "torch")

FAR = 1000.0  # scores of this size overflow exp, which ends near 709


def naive_softmax(scores):
    """Softmax as many write it: right for small scores, inf/inf or 0/0 for large ones."""
    e = np.exp(scores)
    return e / e.sum(axis=-1, keepdims=True)


NAIVE = "(np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True))"  # the same, to stand in a reference

# What goes wrong in the weights of scaled dot-product attention goes wrong wherever they are used.
MASK_IGNORED = Mistake(
    "mask_ignored",
    "You ignore the mask. Where it is False a key must get weight 0: which score makes exp vanish?",
    edit("if mask is not None:", "if False:", of="_weights"),
)
MASK_INVERTED = Mistake(
    "mask_inverted",
    "You invert the mask. True means that a query may attend.",
    edit("np.where(mask, scores, -np.inf)", "np.where(mask, -np.inf, scores)", of="_weights"),
)
BLIND_NAN = Mistake(
    "blind_nan",
    "You return nan for a query that may attend to nothing: its scores are all -inf, and -inf minus their maximum is nan. Such a row must be all zeros.",
    edit("np.where(np.isfinite(top), top, 0.0)", "top", of="softmax"),
)
BLIND_UNIFORM = Mistake(
    "blind_uniform",
    "You return the mean of all values for a query that may attend to nothing: if all scores are the same large negative number, the softmax is uniform. Such a row must be all zeros.",
    edit("-np.inf", "-1e9", of="_weights"),
)
UNSTABLE = Mistake(
    "unstable",
    "Your softmax overflows for large scores. A softmax does not change if every score of a row is lowered by the same number: choose a number for which exp is at most 1.",
    edit("softmax(scores)", NAIVE, of="_weights"),
)
UNSCALED = Mistake(
    "unscaled",
    "You do not divide the scores by √d. Their variance grows with d, and the softmax saturates: scale them first.",
    edit(" / np.sqrt(q.shape[-1])", "", of="_weights"),
)


def queries(draw, lead=(2,), Tq=4, Tk=5, d=3, dv=6, size=1.0):
    """Queries, keys and values; all sizes differ, so that no axis can pass for another."""
    return {"q": size * draw(*lead, Tq, d), "k": draw(*lead, Tk, d), "v": draw(*lead, Tk, dv)}


def masked(draw, **sizes):
    """A random mask in which every query may attend to its first key, and one query alone to the second key."""
    inputs = queries(draw, **sizes)
    mask = draw.uniform(0, 1, *inputs["q"].shape[:-1], inputs["k"].shape[-2]) < 0.6
    mask[..., 0], mask[..., 1], mask[..., 2, 1] = True, False, True
    return inputs | {"mask": mask}


def one_mask_for_all(draw, **sizes):
    """The mask of the first sequence, without a batch axis."""
    inputs = masked(draw, **sizes)
    return inputs | {"mask": inputs["mask"][0]}


def hidden_keys(draw, **sizes):
    """Some keys are padding: no query may attend to them."""
    inputs = queries(draw, **sizes)
    mask = np.ones((len(inputs["k"]), 1, inputs["k"].shape[-2]), bool)
    mask[0, 0, 3:], mask[1, 0, 2:] = False, False
    return inputs | {"mask": mask}


def blind_query(draw):
    """One query may attend to nothing."""
    inputs = masked(draw)
    inputs["mask"][0, 2] = False
    return inputs


def far_scores(draw, **sizes):
    """All scores of a query lie near 1000 or near -1000, but near one another: the softmax is an ordinary one."""
    inputs = queries(draw, **sizes)
    inputs["q"][..., -1] = draw.signs(*inputs["q"].shape[:-1])
    inputs["k"][..., -1] = FAR * np.sqrt(inputs["k"].shape[-1])
    return inputs


def hidden_key_ahead(draw):
    """Keys that nobody may attend to would win by hundreds."""
    inputs = hidden_keys(draw)
    return inputs | {"k": np.where(inputs["mask"].swapaxes(-1, -2), 1, FAR) * inputs["k"]}


# The second key and its value, which one query alone may attend to.
another_second_key = redrawn(k=np.s_[..., 1, :], v=np.s_[..., 1, :])


def attend_masked_after_softmax(q, k, v, mask=None):
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    weights = naive_softmax(scores - scores.max(axis=-1, keepdims=True))
    return (weights if mask is None else weights * mask) @ v


NUMBER_OF_KEYS = (
    "You divide the scores by the root of the number of keys. Divide by √d, the root of the length of a query."
)
MULTIPLIED = "You multiply the scores by the mask, so a hidden key has the score 0, and exp(0) is 1. A hidden key needs a score for which exp is 0."
MULTIPLY = edit("np.where(mask, scores, -np.inf)", "scores * mask", of="_weights")
MASK_MULTIPLIED = Mistake("mask_multiplied", MULTIPLIED, MULTIPLY)
OF_KEYS = Mistake("scaled_by_number_of_keys", NUMBER_OF_KEYS, edit("q.shape[-1]", "k.shape[-2]", of="_weights"))
OF_QUERIES = Mistake(
    "scaled_by_number_of_queries",
    "You divide the scores by the root of the number of queries. Divide by √d, the root of the length of a query.",
    edit("q.shape[-1]", "q.shape[-2]", of="_weights"),
)
OF_TOKENS = Mistake(
    "scaled_by_number_of_tokens",
    "You divide the scores by the root of the number of tokens. Divide by √d, the root of the length of a query.",
    edit("q.shape[-1]", "q.shape[-2]", of="_weights"),
)
BLIND_UNMASKED = Mistake(
    "blind_unmasked",
    "You add a large negative number to hidden scores. For a query that may attend to nothing it is added to all of them, and cancels in the softmax. Such a row must be all zeros.",
    edit("np.where(mask, scores, -np.inf)", "scores + np.where(mask, 0.0, -1e9)", of="_weights"),
)

scaled_dot_product_attention = Exercise(
    points=10,
    forbids=["a ready-made attention"],
    cases={
        "four queries, five keys": queries,
        "a single query and key": partial(queries, Tq=1, Tk=1),
        "batch and heads": partial(queries, lead=(2, 3)),
        "one sequence, no batch": partial(queries, lead=()),
        "a mask": masked,
        "one mask for the whole batch": one_mask_for_all,
        "padded keys": hidden_keys,
        "a fully masked row": blind_query,
        "scores near ±1000": far_scores,
        "scores thousands apart": partial(queries, size=FAR),
        "a hidden key far ahead": hidden_key_ahead,
        "as many queries as keys, and as wide as the values": partial(queries, Tq=5, Tk=5, d=4, dv=4),
    },
    checks=[
        agrees(
            4,
            "mixes the values by softmax(q·kᵀ/√d)",
            on=[
                "four queries, five keys",
                "a single query and key",
                "batch and heads",
                "one sequence, no batch",
                "as many queries as keys, and as wide as the values",
            ],
        ),
        agrees(
            2, "gives weight 0 where the mask is False", on=["a mask", "one mask for the whole batch", "padded keys"]
        ),
        moves(2, "changing a key changes only the queries that may attend to it", another_second_key, on="a mask"),
        agrees(1, "gives zeros for a query that may attend to nothing", on="a fully masked row"),
        agrees(
            1,
            "is right and finite for scores near ±1000, masked or not",
            on=["scores near ±1000", "scores thousands apart", "a hidden key far ahead"],
        ),
    ],
    mistakes=[
        UNSCALED,
        Mistake(
            "scaled_by_d",
            "You divide the scores by d instead of √d. A dot product of d terms has a standard deviation of √d.",
            edit("np.sqrt(q.shape[-1])", "q.shape[-1]", of="_weights"),
        ),
        Mistake(
            "softmax_over_queries",
            "You take the softmax over the queries. Each query distributes its attention over the keys: its row sums to one.",
            edit("softmax(scores)", "softmax(scores.swapaxes(-1, -2)).swapaxes(-1, -2)", of="_weights"),
        ),
        Mistake(
            "keys_reshaped",
            "You reshape the keys to (d, Tk) instead of transposing them. After a reshape, the columns are no longer keys.",
            edit("k.swapaxes(-1, -2)", "k.reshape(*k.shape[:-2], k.shape[-1], k.shape[-2])", of="_weights"),
        ),
        MASK_IGNORED,
        MASK_INVERTED,
        Mistake(
            "masked_after_softmax",
            "You mask the weights after the softmax, so a row no longer sums to one. Mask the scores before the softmax.",
            attend_masked_after_softmax,
        ),
        BLIND_NAN,
        BLIND_UNIFORM,
        UNSTABLE,
        OF_KEYS,
        OF_QUERIES,
        MASK_MULTIPLIED,
        BLIND_UNMASKED,
    ],
    hints=[
        "How large does a dot product of two random vectors of length d typically get, and what does softmax do then?",
        "Write it in four steps: scores, scale, mask, softmax. Which axis of the scores runs over the keys?",
        "What must the score of a masked key be so that it gets weight 0 and the other weights still sum to one?",
    ],
)


def upstream(case, **sizes):
    """A case of the forward, and a gradient that arrives from above."""

    def with_dout(draw):
        inputs = case(draw, **sizes)
        return {"dout": draw(*inputs["q"].shape[:-1], inputs["v"].shape[-1])} | inputs

    return with_dout


SOFTMAX_BACKWARD = "dscores = weights * (dweights - (weights * dweights).sum(axis=-1, keepdims=True))"

UNMASKED = ["four queries, five keys", "a single query and key", "batch and heads", "one sequence, no batch"]

MASKED = ["a mask", "one mask for the whole batch", "padded keys"]

attention_backward = Exercise(
    points=10,
    forbids=["automatic differentiation"],
    cases={
        "four queries, five keys": upstream(queries),
        "a single query and key": upstream(queries, Tq=1, Tk=1),
        "batch and heads": upstream(queries, lead=(2, 3)),
        "one sequence, no batch": upstream(queries, lead=()),
        "a mask": upstream(masked),
        "one mask for the whole batch": upstream(one_mask_for_all),
        "padded keys": upstream(hidden_keys),
        "a fully masked row": upstream(blind_query),
        "scores near ±1000": upstream(far_scores),
    },
    checks=[
        agrees(2, "returns dq", on=UNMASKED, part="dq"),
        agrees(2, "returns dk", on=UNMASKED, part="dk"),
        agrees(1, "returns dv", on=UNMASKED, part="dv"),
        agrees(1, "passes no gradient to dq and dk where the mask is False", on=MASKED, part=["dq", "dk"]),
        agrees(1, "passes no gradient to dv from queries that may not attend to it", on=MASKED, part="dv"),
        moves(
            1,
            "changing a masked key does not change the gradient of a query",
            another_second_key,
            on="a mask",
        ),
        agrees(1, "gives zeros for a query that may attend to nothing", on="a fully masked row"),
        agrees(1, "is right and finite for scores near ±1000", on="scores near ±1000"),
    ],
    mistakes=[
        Mistake(
            "scale_forgotten",
            "Your dq and dk are √d times too large. The forward pass divides the scores by √d, so the backward pass divides their gradient by √d, too.",
            edit("dscores / np.sqrt(q.shape[-1])", "dscores"),
        ),
        Mistake(
            "jacobian_diagonal",
            "You treat the softmax as if each weight depended on its own score alone. Raising one score lowers all the other "
            "weights: the Jacobian has entries off the diagonal.",
            edit(SOFTMAX_BACKWARD, "dscores = weights * (1 - weights) * dweights"),
        ),
        Mistake(
            "softmax_skipped",
            "You use the gradient of the weights as the gradient of the scores. The softmax between them has a Jacobian.",
            edit(SOFTMAX_BACKWARD, "dscores = dweights"),
        ),
        Mistake(
            "plain_sum",
            "In the backward pass of the softmax you subtract the plain sum of the gradients. Subtract their sum weighted by the attention weights.",
            edit("(weights * dweights).sum", "dweights.sum"),
        ),
        Mistake(
            "sum_over_queries",
            "In the backward pass of the softmax you sum over the queries. Sum over the keys, as the softmax does.",
            edit("sum(axis=-1, keepdims=True)", "sum(axis=-2, keepdims=True)"),
        ),
        MASK_IGNORED,
        BLIND_NAN,
        UNSTABLE,
        OF_KEYS,
        OF_QUERIES,
        MASK_MULTIPLIED,
    ],
    hints=[
        "Go back through the forward pass one step at a time: which four steps lead from q, k and v to out?",
        "The softmax of one row, p, has the Jacobian diag(p) − p·pᵀ. What is that times a vector, without building a matrix?",
        "Let the shapes guide you: with dweights of shape (Tq, Tk), which products have the shapes of q, k and v?",
    ],
)


causal_mask = Exercise(
    points=3,
    cases={
        "a few tokens": lambda draw: {"T": int(draw.integers(4, 8))},
        "a single token": lambda draw: {"T": 1},
        "a long sequence": lambda draw: {"T": int(draw.integers(40, 60))},
    },
    checks=[
        agrees(2, "lets a token attend to itself and to earlier tokens only", on=["a few tokens", "a long sequence"]),
        agrees(1, "lets a single token attend to itself", on=["a single token", "a few tokens"]),
    ],
    mistakes=[
        Mistake(
            "inverted",
            'Your mask marks what must be hidden. Here True means "may attend", as in PyTorch\'s scaled_dot_product_attention.',
            edit("np.tril(np.ones((T, T), dtype=bool))", "~np.tril(np.ones((T, T), dtype=bool))"),
        ),
        Mistake(
            "diagonal_hidden",
            "You exclude the diagonal, so a token cannot attend to itself and the first token sees nothing. A token may attend to itself.",
            edit("dtype=bool)", "dtype=bool), k=-1"),
        ),
        Mistake(
            "transposed",
            "You return the transpose: your mask shows the future and hides the past. Rows are queries and columns are keys.",
            edit("np.tril", "np.triu"),
        ),
        Mistake(
            "additive",
            'Your mask is made to be added to scores, with 0 and -inf. This course\'s masks are boolean: True means "may attend".',
            lambda T: np.where(np.tril(np.ones((T, T), bool)), 0.0, -np.inf),
        ),
    ],
    hints=[
        "Write the mask for three tokens by hand: what may the first token see, and what the last?",
        "Entry (t, s) says whether query t may attend to key s: which comparison of t and s is that?",
    ],
)


def lengths_below(draw, N=3, T=6):
    """Lengths that differ from one another, all between 1 and T - 1."""
    return {"lengths": 1 + draw.permutation(T - 1)[:N], "T": T}


padding_mask = Exercise(
    points=3,
    cases={
        "three sequences": lengths_below,
        "more sequences than tokens": lambda draw: {
            "lengths": draw.permutation(7)[[0, 1, 2, 3, 4, 5, 6, 1, 2]] % 6,
            "T": 5,
        },
        "a batch of one": partial(lengths_below, N=1, T=4),
        "an empty and a full sequence": lambda draw: {"lengths": np.array([0, 5, int(draw.integers(1, 5))]), "T": 5},
    },
    checks=[
        agrees(2, "marks as many leading tokens as each sequence has", on=["three sequences", "a batch of one"]),
        agrees(
            1,
            "is right for many sequences, an empty one and a full one",
            on=["more sequences than tokens", "an empty and a full sequence"],
        ),
    ],
    mistakes=[
        Mistake(
            "one_too_many",
            "Your mask lets one token too many through. Positions start at 0, so the last real position is length − 1.",
            edit("np.arange(T) <", "np.arange(T) <="),
        ),
        Mistake(
            "inverted",
            'Your mask marks the padding. Here True means "may attend": the real tokens.',
            edit("np.arange(T) <", "np.arange(T) >="),
        ),
        Mistake(
            "padded_in_front",
            "Your mask assumes that the padding comes first. The real tokens come first.",
            edit("np.arange(T) <", "T - 1 - np.arange(T) <"),
        ),
        Mistake(
            "no_query_axis",
            "Your mask has shape (N, T). It needs an axis of length 1 for the queries, or it lines up with the wrong axis of the scores.",
            edit("lengths[:, None, None]", "lengths[:, None]"),
        ),
        Mistake(
            "queries_masked",
            "Your mask has shape (N, T, 1), so it hides queries. Hide keys, which are the last axis.",
            edit("np.arange(T) < lengths[:, None, None]", "np.arange(T)[:, None] < lengths[:, None, None]"),
        ),
    ],
    hints=[
        "For one sequence of length 3 in a batch padded to 5: which positions are real?",
        "A comparison broadcasts: which shapes must positions and lengths have, so that the result is (N, 1, T)?",
    ],
)


def aligned(draw, N=3, T=5, Dq=4, Dk=6, A=7, dv=2):
    """A query for each sequence and the network that compares it with the keys."""
    return {
        "query": draw(N, Dq),
        "keys": draw(N, T, Dk),
        "values": draw(N, T, dv),
        "Wq": draw(Dq, A) * Dq**-0.5,
        "Wk": draw(Dk, A) * Dk**-0.5,
        "v": draw(A),
    }


def far_aligned(draw):
    """One hidden unit is 1 or -1 for a whole sequence, and carries its scores to ±1000."""
    inputs = aligned(draw)
    inputs["query"][:, -1] = draw.signs(3)
    inputs["Wq"][:, -1], inputs["Wk"][:, -1] = 0, 0
    inputs["Wq"][-1, -1] = 20  # tanh(20) is 1 to the last bit
    inputs["v"][-1] = FAR
    return inputs


another_first_query = redrawn(query=0)


def _mixture(scores, values):
    weights = naive_softmax(scores)
    return np.einsum("nt,ntv->nv", weights, values), weights


additive_attention = Exercise(
    points=7,
    forbids=["a ready-made attention"],
    cases={
        "three queries, five keys": aligned,
        "a longer sequence": partial(aligned, N=2, T=9),
        "a batch of one": partial(aligned, N=1),
        "a single key": partial(aligned, T=1),
        "scores near ±1000": far_aligned,
        "values as wide as the query": partial(aligned, Dq=4, dv=4),
    },
    checks=[
        agrees(
            3,
            "scores each key by v · tanh(query·Wq + key·Wk)",
            on=["three queries, five keys", "a longer sequence", "values as wide as the query"],
        ),
        keeps(1, "gives weights that sum to one", "sum", another_first_query, part=1, on="three queries, five keys"),
        moves(
            1,
            "changing a query changes only the weights of its own sequence",
            another_first_query,
            on="a longer sequence",
        ),
        agrees(
            1, "returns the right shapes for a batch of one and a single key", on=["a batch of one", "a single key"]
        ),
        agrees(1, "is right and finite for scores near ±1000", on="scores near ±1000"),
    ],
    mistakes=[
        Mistake(
            "no_tanh",
            "You leave out the tanh. Without it the query adds the same number to each score of its sequence, and the softmax cancels that: the query would have no effect.",
            edit("np.tanh((query @ Wq)[:, None, :] + keys @ Wk)", "(query @ Wq)[:, None, :] + keys @ Wk"),
        ),
        Mistake(
            "tanh_of_the_score",
            "You apply the tanh to the score. Apply it to the hidden units, before the product with v.",
            lambda query, keys, values, Wq, Wk, v: _mixture(np.tanh(((query @ Wq)[:, None] + keys @ Wk) @ v), values),
        ),
        Mistake(
            "scaled",
            "You divide the scores by the root of the number of hidden units. Dot products are scaled like this, the additive score is not.",
            edit("hidden @ v", "hidden @ v / np.sqrt(len(v))"),
        ),
        Mistake(
            "softmax_over_batch",
            "You take the softmax over the batch. Each sequence distributes its attention over its own positions.",
            edit("softmax(scores)", "softmax(scores.T).T"),
        ),
        Mistake(
            "mean_of_values",
            "You divide the context by the number of positions. The weights already sum to one.",
            edit("(weights[:, None, :] @ values)[:, 0, :]", "(weights[:, :, None] * values).mean(axis=1)"),
        ),
        Mistake(
            "swapped_answers",
            "You return the weights before the context. The context comes first.",
            edit("return context, weights", "return weights, context"),
        ),
        Mistake(
            "unstable",
            UNSTABLE.sentence,
            edit("softmax(scores)", NAIVE),
        ),
    ],
    hints=[
        "What are the shapes of query·Wq and of keys·Wk, and which axis is missing before they can be added?",
        "In which order do the three things happen: the sum, the tanh, and the product with v?",
    ],
)


def near(draw, N=3, T=9, D=4, dv=5, window=2.5, low=1.0, high=7.0):
    """Centers anywhere between two positions; the window may be any positive number."""
    query, keys, values = draw(N, D), draw(N, T, D), draw(N, T, dv)
    return {"query": query, "keys": keys, "values": values, "center": draw.uniform(low, high, N), "window": window}


def edge_on_a_position(draw):
    """Position 2 lies exactly on the window's edge."""
    return near(draw, window=2) | {"center": np.zeros(3)}


def far_near(draw):
    """The scores of a sequence lie near 1000 or near -1000."""
    inputs = near(draw)
    inputs["query"][:, -1] = draw.signs(3)
    inputs["keys"][..., -1] = FAR
    return inputs


def others_outside(inputs, draw):
    """Keys and values change outside every window, and in the first sequence everywhere."""
    keys, values = inputs["keys"], inputs["values"]
    change = np.abs(np.arange(keys.shape[1]) - inputs["center"][:, None]) > inputs["window"]
    change[0] = True
    change = change[..., None]
    return inputs | {
        "keys": np.where(change, draw(*keys.shape), keys),
        "values": np.where(change, draw(*values.shape), values),
    }


def _local_naive(query, keys, values, center, window):
    distance = np.arange(keys.shape[1]) - center[:, None]
    scores = np.where(np.abs(distance) <= window, np.einsum("nd,ntd->nt", query, keys), -np.inf)
    weights = naive_softmax(scores) * np.exp(-2 * (distance / window) ** 2)
    return np.einsum("nt,ntv->nv", weights, values), weights


LOCAL_SOFTMAX = "softmax(np.where(inside, scores, -np.inf))"

local_attention = Exercise(
    points=7,
    forbids=["a ready-made attention"],
    cases={
        "three sequences": near,
        "a narrow window": partial(near, N=2, window=0.75),
        "windows past both ends": lambda draw: (
            near(draw, N=4, window=3) | {"center": draw.uniform(-0.5, 1, 4) + np.array([0, 7.5, 0, 7.5])}
        ),
        "a window wider than the sequence": partial(near, window=20),
        "a position on the window's edge": edge_on_a_position,
        "a single sequence of one": partial(near, N=1, T=1, low=-1.0, high=1.0),
        "scores near ±1000": far_near,
        "values as wide as the query": partial(near, D=4, dv=4),
    },
    checks=[
        agrees(
            3,
            "weights positions by softmax and distance inside the window",
            on=["three sequences", "a narrow window", "values as wide as the query"],
        ),
        moves(1, "ignores positions outside the window", others_outside, on="three sequences"),
        agrees(
            1,
            "cuts the window off at the first and last position",
            on=["windows past both ends", "a window wider than the sequence"],
        ),
        agrees(
            1,
            "counts a position on the window's edge",
            on=["a position on the window's edge", "a single sequence of one"],
        ),
        agrees(1, "is right and finite for scores near ±1000", on="scores near ±1000"),
    ],
    mistakes=[
        Mistake(
            "no_distance",
            "You ignore the distance to the center inside the window. The weights fall off with the distance, like a Gaussian.",
            edit(f"{LOCAL_SOFTMAX} * near", LOCAL_SOFTMAX),
        ),
        Mistake(
            "normalised_again",
            "You normalise the weights again after the Gaussian. Here they are not normalised again, and sum to less than one.",
            edit(f"{LOCAL_SOFTMAX} * near", "softmax(np.where(inside, scores + np.log(near), -np.inf))"),
        ),
        Mistake(
            "sigma_is_window",
            "Your Gaussian is twice as wide as it should be: its σ is half the window.",
            edit("window / 2", "window"),
        ),
        Mistake(
            "no_half_in_exponent",
            "You leave out the factor 2 of 2σ² in the exponent of the Gaussian.",
            edit("(2 * sigma**2)", "sigma**2"),
        ),
        Mistake(
            "softmax_over_all",
            "You take the softmax over the whole sequence and apply the window afterwards. Positions outside the window must not take part in the softmax.",
            edit(f"{LOCAL_SOFTMAX} * near", "softmax(scores) * inside * near"),
        ),
        Mistake(
            "window_ignored",
            "You ignore the window. Outside the window the weights must be zero, however good the match.",
            edit(f"{LOCAL_SOFTMAX} * near", "softmax(scores) * near"),
        ),
        Mistake(
            "edge_left_out",
            "You leave out a position exactly on the edge of the window. The edge belongs to the window.",
            edit("<= window", "< window"),
        ),
        Mistake(
            "center_rounded",
            "You round the center to a whole position. The center is a real number: centre the window and the Gaussian on it without rounding.",
            edit("center[:, None]", "np.round(center)[:, None]"),
        ),
        Mistake(
            "scaled",
            "You divide the scores by √D. The dot products of this exercise are not scaled.",
            edit("(keys @ query[:, :, None])[..., 0]", "(keys @ query[:, :, None])[..., 0] / np.sqrt(keys.shape[-1])"),
        ),
        Mistake(
            "unstable",
            UNSTABLE.sentence,
            _local_naive,
        ),
    ],
    hints=[
        "Which positions are within the window of a center at 3.2, if the window is 1.5?",
        "Treat positions outside the window as masked: which score gives weight 0 in a softmax?",
        "The Gaussian comes last, and its σ is half the window. Is there anything left to do to the weights after it?",
    ],
)


def choices(draw, N=40, T=6, dv=3, size=1.0):
    """Many rows, so that no other way to draw can agree with all of them by luck."""
    return {"scores": size * draw(N, T), "values": draw(N, T, dv), "rng": draw.generator()}


def far_choices(draw):
    inputs = choices(draw, N=20, T=5)
    return inputs | {"scores": inputs["scores"] + FAR * draw.signs(20, 1)}


def another_half(inputs, draw):
    """In the first half of the rows one index becomes almost certain."""
    scores = inputs["scores"].copy()
    half = len(scores) // 2
    scores[np.arange(half), draw.integers(0, scores.shape[1], half)] += 50
    return inputs | {"scores": scores}


hard_attention = Exercise(
    points=5,
    cases={
        "forty rows": choices,
        "sure choices": partial(choices, N=7, T=4, size=FAR),
        "a single row": partial(choices, N=1, T=8, dv=2),
        "a single index": partial(choices, N=3, T=1),
        "scores near ±1000": far_choices,
    },
    checks=[
        agrees(2, "draws an index for each row, and returns the value at that index", on="forty rows"),
        moves(1, "changing the scores of one row changes only that row's draw", another_half, on="forty rows"),
        agrees(
            1, "returns the right shapes for a single row and a single index", on=["a single row", "a single index"]
        ),
        agrees(1, "is right and finite for scores near ±1000", on=["scores near ±1000", "sure choices"]),
    ],
    mistakes=[
        Mistake(
            "largest_score",
            "You take the index of the largest score. Hard attention draws an index at random: the largest score is only the likeliest.",
            edit("exceeds.argmax(axis=-1)", "scores.argmax(axis=-1)"),
        ),
        Mistake(
            "mean_of_values",
            "You return the weighted mean of all values, which is soft attention. Return the one value that is drawn.",
            edit("values[np.arange(len(values)), index]", "np.einsum('nt,ntv->nv', softmax(scores), values)"),
        ),
        Mistake(
            "one_draw_for_all",
            "You draw one random number for the whole batch. Draw one for each row.",
            edit("rng.random(len(scores))", "np.full(len(scores), rng.random())"),
        ),
        Mistake(
            "one_draw_per_entry",
            "You draw a random number for each entry of the scores. Draw one for each row: it determines the row's index.",
            edit("u[:, None]", "rng.random(scores.shape)"),
        ),
        Mistake(
            "no_softmax",
            "You add up the scores themselves. Turn them into probabilities with a softmax first.",
            edit("softmax(scores)", "scores"),
        ),
        Mistake(
            "index_before",
            "Your index is one too small. Return the first index whose cumulative probability exceeds u, not the last one whose probability does not.",
            edit("index = exceeds.argmax(axis=-1)", "index = np.maximum(exceeds.argmax(axis=-1) - 1, 0)"),
        ),
        Mistake(
            "uniform_draw",
            "You draw all indices with equal probability and ignore the scores.",
            edit("softmax(scores)", "np.full(scores.shape, 1 / scores.shape[1])"),
        ),
        Mistake(
            "unstable",
            UNSTABLE.sentence,
            edit("softmax(scores)", NAIVE),
        ),
    ],
    hints=[
        "A row's probabilities divide the interval from 0 to 1 into pieces. In which piece is u?",
        "Which running total tells where each piece ends, and how do you find the first end greater than u?",
    ],
)


def tokens(draw, N=2, T=5, D=7, d=3, dv=4):
    """Tokens and projections; all sizes differ, so that no axis can pass for another."""
    unit = D**-0.5  # keeps scores near 1, where softmax still responds
    return {"x": draw(N, T, D), "Wq": draw(D, d) * unit, "Wk": draw(D, d) * unit, "Wv": draw(D, dv) * unit}


def causal(case):
    def with_mask(draw):
        inputs = case(draw)
        T = inputs["x"].shape[1]
        return inputs | {"mask": np.arange(T) <= np.arange(T)[:, None]}

    return with_mask


def padded(case):
    """The last tokens of each sequence are padding, of other number in each; the mask is (N, 1, T)."""

    def with_mask(draw):
        inputs = case(draw)
        N, T, _ = inputs["x"].shape
        lengths = 1 + draw.permutation(T - 1)[:N]
        return inputs | {"mask": np.arange(T) < lengths[:, None, None]}

    return with_mask


def each_its_own(case, blind=False):
    """A random mask for each sequence in which each token sees the first; or nothing, if it is `blind`."""

    def with_mask(draw):
        inputs = case(draw)
        N, T, _ = inputs["x"].shape
        mask = draw.uniform(0, 1, N, T, T) < 0.5
        mask[..., 0], mask[..., -1] = True, False
        if blind:
            mask[0, 1] = False
            mask[-1, -1] = False
        return inputs | {"mask": mask}

    return with_mask


def far_tokens(case, heads=1):
    """Two features carry the scores of each token to 1000 or -1000, in every head."""

    def with_offset(draw):
        inputs = case(draw)
        x, Wq, Wk = inputs["x"], inputs["Wq"], inputs["Wk"]
        d = Wq.shape[1] // heads
        x[..., 0], x[..., 1] = 1, draw.signs(*x.shape[:-1])
        for last in range(d - 1, heads * d, d):
            Wq[:, last], Wk[:, last] = 0, 0
            Wq[1, last], Wk[0, last] = 1, FAR * np.sqrt(d)
        return inputs

    return with_offset


another_third_token = redrawn(x=np.s_[:, 2])


FUTURE = "under a causal mask, changing a token changes only itself and later tokens"

self_attention = Exercise(
    points=8,
    forbids=["a ready-made attention"],
    cases={
        "five tokens": tokens,
        "a single token": partial(tokens, T=1),
        "a batch of one": partial(tokens, N=1, T=6),
        "a causal mask": causal(partial(tokens, T=6)),
        "padded sequences": padded(partial(tokens, N=3)),
        "a mask for each sequence": each_its_own(tokens),
        "a fully masked row": each_its_own(tokens, blind=True),
        "scores near ±1000": far_tokens(tokens),
        "as wide as before": partial(tokens, D=6, d=6, dv=6),
    },
    checks=[
        agrees(
            3,
            "lets every token attend to every other by softmax(q·kᵀ/√d)",
            on=["five tokens", "a single token", "a batch of one", "as wide as before"],
        ),
        agrees(
            2,
            "gives weight 0 where the mask is False",
            on=["a causal mask", "padded sequences", "a mask for each sequence"],
        ),
        moves(1, FUTURE, another_third_token, on="a causal mask"),
        agrees(1, "gives zeros for a token that may attend to nothing", on="a fully masked row"),
        agrees(1, "is right and finite for scores near ±1000", on="scores near ±1000"),
    ],
    mistakes=[
        UNSCALED,
        Mistake(
            "scaled_by_token_width",
            "You divide the scores by √D, with the width of the tokens. Use the length of a query, d, which the projection determines.",
            edit("x @ Wq,", "x @ Wq * np.sqrt(Wq.shape[1] / Wq.shape[0]),"),
        ),
        Mistake(
            "queries_and_keys_swapped",
            "You swap the projections of queries and keys: your queries use Wk and your keys Wq.",
            edit("x @ Wq, x @ Wk,", "x @ Wk, x @ Wq,"),
        ),
        Mistake(
            "queries_as_keys",
            "You project the keys with Wq, like the queries. Keys have their own projection.",
            edit("x @ Wq, x @ Wk,", "x @ Wq, x @ Wq,"),
        ),
        Mistake(
            "values_not_projected",
            "You mix the tokens themselves. Mix the values, which have their own projection.",
            edit("x @ Wv", "x"),
        ),
        MASK_IGNORED,
        MASK_INVERTED,
        BLIND_NAN,
        BLIND_UNIFORM,
        UNSTABLE,
        OF_TOKENS,
        MASK_MULTIPLIED,
        BLIND_UNMASKED,
    ],
    hints=[
        "Where do the queries, keys and values come from when there is only x?",
        "You have written an attention for queries, keys and values already: can this one call it?",
    ],
)


def heads(draw, N=3, T=5, D=8, H=2, d=3, dv=2, M=7):
    """Tokens and the projections of H heads, with queries of length d and values of length dv."""
    x, Wq, Wk, Wv = draw(N, T, D), draw(D, H * d), draw(D, H * d), draw(D, H * dv)
    unit = D**-0.5  # keeps scores near 1, where softmax still responds
    return {
        "x": x,
        "Wq": Wq * unit,
        "Wk": Wk * unit,
        "Wv": Wv * unit,
        "Wo": draw(H * dv, M) * (H * dv) ** -0.5,
        "num_heads": H,
    }


square = partial(heads, D=6, H=2, d=3, dv=3, M=6)
JOIN = "heads.transpose(0, 2, 1, 3)"
CALL = "scaled_dot_product_attention(q, k, v, mask)"

AS_HEADS = """q, k, v = (_split_heads(x @ W, num_heads) for W in (Wq, Wk, Wv))
    if mask is not None:
        mask = mask[..., None, :, :]
    heads = scaled_dot_product_attention(q, k, v, mask)
    joined = heads.transpose(0, 2, 1, 3)"""

multi_head_attention = Exercise(
    points=10,
    forbids=["a ready-made attention"],
    cases={
        "two heads": square,
        "three heads": partial(square, N=2, D=12, H=3, d=4, dv=4, M=12),
        "one head": partial(square, H=1, D=4, d=4, dv=4, M=4),
        "a single token": partial(square, T=1),
        "widths of their own": heads,
        "three heads, widths of their own": partial(heads, N=1, D=5, H=3, d=4, dv=2),
        "a causal mask": causal(partial(heads, T=6, N=2, H=3, D=9)),
        "as many sequences as heads": padded(partial(heads, N=2)),
        "padded sequences": padded(heads),
        "a mask for each sequence": each_its_own(heads),
        "a fully masked row": each_its_own(heads, blind=True),
        "scores near ±1000": far_tokens(heads, heads=2),
    },
    checks=[
        agrees(
            3,
            "joins the outputs of the heads, each in its own columns",
            on=["two heads", "three heads", "one head", "a single token"],
        ),
        agrees(
            2,
            "accepts different widths for queries, values and outputs",
            on=["widths of their own", "three heads, widths of their own"],
        ),
        agrees(
            2,
            "gives weight 0 where the mask is False, in every head",
            on=["a causal mask", "padded sequences", "as many sequences as heads", "a mask for each sequence"],
        ),
        moves(1, FUTURE, another_third_token, on="a causal mask"),
        agrees(1, "gives zeros for a token that may attend to nothing", on="a fully masked row"),
        agrees(1, "is right and finite for scores near ±1000", on="scores near ±1000"),
    ],
    mistakes=[
        Mistake(
            "split_by_reshape_alone",
            "You split the rows into heads, not the columns: a reshape to (N, heads, T, d) mixes tokens. Split the last axis, then move the new axis.",
            returns("x.reshape(N, num_heads, T, width // num_heads)", of="_split_heads"),
        ),
        Mistake(
            "joined_by_reshape_alone",
            "You join the heads without moving the token axis back in front of the head axis, so a row contains different tokens of one head.",
            edit(JOIN, "heads"),
        ),
        Mistake(
            "heads_interleaved",
            "Your heads take every num_heads-th column. A head is a block of consecutive columns.",
            returns("x.reshape(N, T, width // num_heads, num_heads).transpose(0, 3, 1, 2)", of="_split_heads"),
        ),
        Mistake(
            "one_wide_head",
            "You use one wide head, so num_heads has no effect. Each head has its own scores and softmax.",
            edit(
                "for W in (Wq, Wk, Wv))",
                "for W in (Wq, Wk, Wv))\n    num_heads = 1\n    q, k, v = (_split_heads(x @ W, 1) for W in (Wq, Wk, Wv))",
            ),
        ),
        Mistake(
            "scaled_by_all_heads",
            "You divide the scores by the root of the width of all heads together. The dot product of one head has only d terms.",
            edit(CALL, "scaled_dot_product_attention(q / np.sqrt(num_heads), k, v, mask)"),
        ),
        Mistake(
            "scaled_by_token_width",
            "You use D/num_heads as the length of a head's queries. It is the number of columns of Wq divided by num_heads.",
            edit(CALL, "scaled_dot_product_attention(q * np.sqrt(Wq.shape[1] / len(Wq)), k, v, mask)"),
        ),
        UNSCALED,
        Mistake(
            "no_output_projection",
            "You return the joined heads without the output projection Wo, which mixes the heads.",
            edit("joined @ Wo", "joined"),
        ),
        Mistake(
            "mask_meets_the_heads",
            "Your mask's batch axis lines up with the head axis of the scores. Give the mask an axis of length 1 where the heads are.",
            edit("mask[..., None, :, :]", "mask"),
        ),
        MASK_IGNORED,
        MASK_INVERTED,
        BLIND_NAN,
        BLIND_UNIFORM,
        UNSTABLE,
        OF_TOKENS,
        MASK_MULTIPLIED,
        BLIND_UNMASKED,
        Mistake(
            "heads_strided",
            "You split and join so that a head has every num_heads-th column. A head is a block of consecutive columns.",
            edit(
                AS_HEADS,
                AS_HEADS.replace(
                    "_split_heads(x @ W, num_heads)",
                    "(x @ W).reshape(*x.shape[:2], -1, num_heads).transpose(0, 3, 1, 2)",
                ).replace("transpose(0, 2, 1, 3)", "transpose(0, 2, 3, 1)"),
            ),
        ),
        Mistake(
            "reshaped_without_transpose",
            "You split and join by reshapes alone, which mix tokens and features. Split the last axis and move the new axis in front of the tokens; at the end, move it back.",
            edit(
                AS_HEADS,
                AS_HEADS.replace(
                    "_split_heads(x @ W, num_heads)", "(x @ W).reshape(len(x), num_heads, x.shape[1], -1)"
                ).replace("heads.transpose(0, 2, 1, 3)", "heads"),
            ),
        ),
    ],
    hints=[
        "Which columns of x·Wq belong to head 0, and which reshape and transpose make (N, heads, T, d) of them?",
        "On the way back, which two axes must be next to each other before a reshape can join them?",
        "The scores now have four axes. With which of them does a mask of shape (N, 1, T) line up?",
    ],
)


def positions(draw, T=(9, 14), D=(3, 5)):
    """More positions than columns; D is even."""
    return {"T": int(draw.integers(*T)), "D": 2 * int(draw.integers(*D))}


def _waves(T, D, exponent=None, first=0):
    i = np.arange(0, D, 2)
    return np.arange(first, T + first)[:, None] / 10000.0 ** (i / D if exponent is None else exponent)


def _interleaved(even, odd):
    return np.stack([even, odd], axis=-1).reshape(len(even), -1)


positional_encoding = Exercise(
    points=4,
    cases={
        "a short sequence": positions,
        "a long sequence": partial(positions, T=(80, 120), D=(12, 16)),
        "more columns than positions": partial(positions, T=(3, 6), D=(8, 11)),
        "two columns": partial(positions, D=(1, 2)),
        "a single position": partial(positions, T=(1, 2), D=(2, 5)),
    },
    checks=[
        agrees(
            3,
            "has sines in even and cosines in odd columns, with a lower frequency in each pair",
            on=["a short sequence", "a long sequence", "more columns than positions"],
        ),
        agrees(
            1, "advances the first pair by one radian per position, from 0", on=["two columns", "a single position"]
        ),
    ],
    mistakes=[
        Mistake(
            "exponent_doubled",
            "Your frequencies fall twice as fast as they should: the even column number is 2i already.",
            edit("np.arange(0, D, 2) / D", "2 * np.arange(0, D, 2) / D"),
        ),
        Mistake(
            "integer_division",
            "Your columns all have the same frequency, because an integer division makes the exponent 0.",
            edit("np.arange(0, D, 2) / D", "np.arange(0, D, 2) // D"),
        ),
        Mistake(
            "cosine_with_own_index",
            "Your cosines have different frequencies from the sines next to them. The two columns of a pair share one frequency.",
            lambda T, D: _interleaved(np.sin(_waves(T, D)), np.cos(_waves(T, D, np.arange(1, D, 2) / D))),
        ),
        Mistake(
            "halves",
            "Your sines fill the left half and your cosines the right. They alternate: sine, cosine, sine, cosine.",
            lambda T, D: np.concatenate([np.sin(_waves(T, D)), np.cos(_waves(T, D))], axis=1),
        ),
        Mistake(
            "sine_and_cosine_swapped",
            "You put the cosines in the even columns. Position 0 begins with sin 0 = 0.",
            lambda T, D: _interleaved(np.cos(_waves(T, D)), np.sin(_waves(T, D))),
        ),
        Mistake(
            "multiplied",
            "Your frequencies grow from pair to pair, because you multiply the position by the power of 10000. Divide by it.",
            edit("position / 10000.0", "position * 10000.0"),
        ),
        Mistake(
            "from_one",
            "You count positions from 1. They start at 0.",
            edit("np.arange(T)", "np.arange(1, T + 1)"),
        ),
    ],
    hints=[
        "What are the first three entries of column 0, and of column 1?",
        "For D = 6 there are three frequencies. Which exponent of 10000 belongs to each?",
    ],
)


def turned(draw, lead=(3,), T=5, D=6, size=1.0, **base):
    return {"x": size * draw(*lead, T, D)} | base


def another_base(inputs, draw):
    return inputs | {"base": float(draw.uniform(30, 60))}


def _turns(x, base, first=0):
    T, D = x.shape[-2:]
    return np.arange(first, T + first)[:, None] * base ** (-np.arange(0, D, 2) / D)


def _rotary_halves(x, base=10000.0):
    cos, sin = np.cos(_turns(x, base)), np.sin(_turns(x, base))
    a, b = np.split(x, 2, axis=-1)
    return np.concatenate([a * cos - b * sin, a * sin + b * cos], axis=-1)


def _rotary_counting_heads(x, base=10000.0):
    """Positions along axis 1, which is the tokens' axis only where there is one axis before it."""
    angle = _turns(x, base) if x.ndim != 4 else _turns(x[:, :, 0], base)[:, None]
    a, b, cos, sin = x[..., 0::2], x[..., 1::2], np.cos(angle), np.sin(angle)
    return np.stack([a * cos - b * sin, a * sin + b * cos], axis=-1).reshape(x.shape)


rotary_embedding = Exercise(
    points=7,
    cases={
        "three sequences": turned,
        "batch and heads": partial(turned, lead=(2, 3), T=4, D=8),
        "one sequence, no batch": partial(turned, lead=(), T=7, D=4),
        "another base": partial(turned, T=8, base=100.0),
        "the usual base, given": partial(turned, lead=(2,), D=10, base=10000.0),
        "two features": partial(turned, D=2),
        "a single token": partial(turned, T=1),
        "large features": partial(turned, lead=(2,), size=FAR),
    },
    checks=[
        agrees(
            3,
            "rotates pair i of token t by the angle t·base^(−2i/D)",
            on=["three sequences", "batch and heads", "one sequence, no batch", "large features"],
        ),
        agrees(1, "uses the given base", on=["another base", "the usual base, given"]),
        keeps(1, "keeps the length of every token", "norm", another_base, on=["three sequences", "batch and heads"]),
        moves(
            1,
            "changing the base changes everything but the first token and the first pair",
            another_base,
            on="three sequences",
        ),
        agrees(1, "leaves a single token as it is, and rotates a single pair", on=["a single token", "two features"]),
    ],
    mistakes=[
        Mistake(
            "halves",
            "You pair feature i with feature i + D/2. In this course pairs are neighbours: (0, 1), (2, 3) and so on.",
            _rotary_halves,
        ),
        Mistake(
            "turned_backwards",
            "You rotate clockwise, which is the wrong direction: check the signs of the two sines.",
            edit("np.sin(angle)", "-np.sin(angle)"),
        ),
        Mistake(
            "not_crossed",
            "You multiply the same feature by cosine and sine. In a rotation each new feature depends on both old ones.",
            returns("x * np.repeat(cos, 2, axis=-1) + x * np.repeat(sin, 2, axis=-1)"),
        ),
        Mistake(
            "from_one",
            "You count positions from 1. They start at 0, so that the first token stays as it is.",
            edit("np.arange(T)", "np.arange(1, T + 1)"),
        ),
        Mistake(
            "base_ignored",
            "You ignore the given base and always use 10000, which is only the default.",
            edit("base ** (", "10000.0 ** ("),
        ),
        Mistake(
            "exponent_doubled",
            "Your frequencies fall twice as fast as they should: the even feature number is 2i already.",
            edit("-np.arange(0, D, 2)", "-2 * np.arange(0, D, 2)"),
        ),
        Mistake(
            "heads_counted",
            "You count positions along the heads when there are batch and head axes. The token axis is the last but one, whatever comes before it.",
            _rotary_counting_heads,
        ),
    ],
    hints=[
        "Where does a rotation by the angle θ take the point (1, 0), and where the point (0, 1)?",
        "Which shape does the array of all angles have, and with which axes of x must it broadcast?",
    ],
)

# Linear attention


def own_tokens(draw, lead=(2,), T=5, d=3, dv=4, size=1.0):
    """As many queries as keys."""
    return queries(draw, lead, T, T, d, dv, size)


def within_thirty(draw, lead=(3,), T=6, d=4, dv=2):
    """Features of all sizes from exp(−30) to 31; in the first sequence all of them are tiny."""
    given = own_tokens(draw, lead, T, d, dv)
    for name in ("q", "k"):
        given[name] = draw.uniform(-30.0, 30.0, *lead, T, d)
        given[name][0] = draw.uniform(-30.0, -20.0, T, d)
    return given


def another_last(inputs, draw):
    changed = {name: array.copy() for name, array in inputs.items()}
    for array in changed.values():
        array[..., -1, :] = 1.0 - array[..., -1, :]
    return changed


def attended_by_softmax(q, k, v):
    """Causal softmax attention with PyTorch's scale."""
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    scores = np.where(np.tri(q.shape[-2], dtype=bool), scores, -np.inf)
    return naive_softmax(scores - scores.max(axis=-1, keepdims=True)) @ v


PAST = "np.cumsum(k[..., :, None] * v[..., None, :], axis=-3)"
OVER = " / (q * total).sum(axis=-1, keepdims=True)"

linear_attention = Exercise(
    points=6,
    forbids=["a ready-made attention"],
    cases={
        "two sequences": own_tokens,
        "axes of one size": partial(own_tokens, lead=(3,), T=3, d=3, dv=3),
        "batch and heads": partial(own_tokens, lead=(2, 3), T=4, d=5, dv=2),
        "no leading axis": partial(own_tokens, lead=(), T=7, d=2, dv=3),
        "a single token": partial(own_tokens, T=1),
        "a single feature": partial(own_tokens, d=1, dv=1),
        "entries within ±30": within_thirty,
    },
    checks=[
        agrees(3, "mixes the values of the past by the products of features", on=["two sequences", "axes of one size"]),
        moves(1, "does not let a later token be felt by an earlier one", another_last, on="two sequences"),
        agrees(
            1,
            "works for any leading axes, for a single token and a single feature",
            on=["batch and heads", "no leading axis", "a single token", "a single feature"],
        ),
        agrees(1, "is right for entries within ±30", on="entries within ±30"),
    ],
    mistakes=[
        Mistake(
            "no_normaliser",
            "You return the weighted sums. Divide them by the sum of the weights, so that the weights add up to 1.",
            edit(OVER, ""),
        ),
        Mistake(
            "future_seen",
            "Every token sees the whole sequence. A token sees itself and those before it: both sums end there.",
            edit(
                f"{PAST}\n    total = np.cumsum(k, axis=-2)",
                "np.sum(k[..., :, None] * v[..., None, :], axis=-3, keepdims=True)\n    total = k.sum(axis=-2, keepdims=True)",
            ),
        ),
        Mistake(
            "normalised_by_the_future",
            "You divide by the sum over the whole sequence, later tokens included. The sum of the weights ends where the mixture ends.",
            edit("np.cumsum(k, axis=-2)", "k.sum(axis=-2, keepdims=True)"),
        ),
        Mistake(
            "itself_left_out",
            "Your mixture leaves out the token itself. It sees its own value, too.",
            edit(PAST, f"{PAST} - k[..., :, None] * v[..., None, :]"),
        ),
        Mistake(
            "values_changed",
            "You apply the feature map to the values. It makes weights of queries and keys; values are mixed as they are.",
            edit("v[..., None, :]", "_positive(v)[..., None, :]"),
        ),
        Mistake(
            "queries_unchanged",
            "You leave the queries as they are, so weights may be negative. Both queries and keys go through the feature map.",
            edit("q, k = _positive(q), _positive(k)", "k = _positive(k)"),
        ),
        Mistake(
            "elu_alone",
            "Your features are those of elu, which is negative below 0. Add the 1 that makes them positive.",
            returns("… - 1.0", of="_positive"),
        ),
        Mistake(
            "one_taken_off_and_added",
            "You compute exp(x) − 1 and add 1 again, which rounds a small feature away. Below 0 the feature is exp(x) itself.",
            returns("np.where(x > 0, x, np.exp(np.minimum(x, 0.0)) - 1.0) + 1.0", of="_positive"),
        ),
        Mistake(
            "relu_features",
            "Your features are 0 where an entry is negative. Below 0 they fall like an exponential.",
            returns("np.where(x > 0, x + 1.0, 0.0)", of="_positive"),
        ),
        Mistake(
            "exponential",
            "You take the exponential on both sides of 0. Above 0 the feature is a straight line.",
            returns("np.exp(x)", of="_positive"),
        ),
        Mistake(
            "scaled",
            "You divide the queries by √d. Here nothing is scaled: there is no softmax that could saturate.",
            edit("_positive(q)", "_positive(q / np.sqrt(q.shape[-1]))"),
        ),
        *(
            Mistake(
                f"plus_{eps}",
                "You add a small number to the sum of the weights. Where all weights are tiny it is larger than they are; none is needed.",
                edit(OVER, f" / ((q * total).sum(axis=-1, keepdims=True) + {eps})"),
            )
            for eps in ("1e-6", "1e-8", "1e-12")
        ),
        Mistake(
            "softmax",
            "You use the softmax of the scores. Here a weight is a product of features, which is what makes the sums possible.",
            attended_by_softmax,
        ),
    ],
    hints=[
        "Write out the numerator for one token and pull the query's features out of the sum. What is left, and how does it change from one token to the next?",
        "A mask of T × T weights is right, too. Which rows of it are divided by what?",
    ],
)


# Modules: given weights are loaded by name, so that every right module gives the same numbers.


def single(array):
    """The array in single precision, as PyTorch's tensors are."""
    return np.asarray(array, np.float32)


def linear(draw, name, inputs, outputs):
    """Weights and biases of an nn.Linear, by name, of a size that keeps its outputs near 1."""
    return {
        f"{name}.weight": single(draw(outputs, inputs) / np.sqrt(inputs)),
        f"{name}.bias": single(0.5 * draw(outputs)),
    }


def attention_weights(draw, dim, prefix=""):
    layers = [linear(draw, f"{prefix}{name}", dim, dim) for name in ("query", "key", "value", "out")]
    return {name: array for layer in layers for name, array in layer.items()}


def attended(MultiHeadAttention, dim, heads, weights, x, context=None, mask=None, dout=None):
    """-> out (N, Tq, dim)

    With dout the answer is the gradient in x instead.
    """
    module = load(MultiHeadAttention(dim, heads), weights)
    if dout is None:
        return module(x, context, mask)
    x = x.requires_grad_()
    module(x, context, mask).backward(dout)
    return x.grad


def module_case(draw, dim=12, heads=3, N=2, Tq=5, Tk=None, mask=None, gradient=False):
    """Tokens for a module; `mask` is "causal", "padding", "each its own" or "blind", where one query sees nothing."""
    inputs = dict(dim=dim, heads=heads, weights=attention_weights(draw, dim), x=single(draw(N, Tq, dim)))
    if Tk:
        inputs["context"] = single(draw(N, Tk, dim))
    keys = Tk or Tq
    if mask == "causal":
        inputs["mask"] = np.tril(np.ones((Tq, Tq), bool))
    elif mask == "padding":
        inputs["mask"] = np.arange(keys) < np.array([keys - 2, keys])[:, None, None]
    elif mask:
        allowed = draw.uniform(0, 1, N, Tq, keys) < 0.6
        allowed[..., 0] = True
        if mask == "blind":
            allowed[0, 1] = False
        inputs["mask"] = allowed
    if gradient:
        inputs["dout"] = single(draw(N, Tq, dim))
    return inputs


another_last_token = redrawn(x=np.s_[:, -1])


SPLIT_FEATURES = "x.unflatten(-1, (self.heads, -1)).transpose(1, 2)"
JOIN_AND_SPLIT = f'''return self.out((weights @ v).transpose(1, 2).flatten(2))

    def _split(self, x):
        """(N, T, dim) to (N, heads, T, dim / heads)"""
        return {SPLIT_FEATURES}'''

MultiHeadAttention = Exercise(
    points=8,
    torch=True,
    driver=attended,
    cases={
        "three heads": module_case,
        "one head": partial(module_case, heads=1),
        "a single token": partial(module_case, Tq=1),
        "a context of another length": partial(module_case, Tk=4),
        "a causal mask": partial(module_case, mask="causal"),
        "padded keys": partial(module_case, mask="padding"),
        "padded keys of a context": partial(module_case, mask="padding", Tk=7),
        "a mask for each query": partial(module_case, mask="each its own"),
        "a query that sees nothing": partial(module_case, mask="blind"),
        "the gradient": partial(module_case, gradient=True),
        "the gradient past a query that sees nothing": partial(module_case, mask="blind", gradient=True),
    },
    checks=[
        agrees(
            3,
            "gives each head its block of features and mixes by `out`",
            on=["three heads", "one head", "a single token"],
        ),
        agrees(1, "takes keys and values from a context", on="a context of another length"),
        agrees(
            1,
            "accepts every form of mask",
            on=["a causal mask", "padded keys", "padded keys of a context", "a mask for each query"],
        ),
        moves(
            1,
            "under a causal mask, changing a token changes only itself and later tokens",
            another_last_token,
            on="a causal mask",
        ),
        agrees(1, "passes gradients back, and none from masked keys", on=["the gradient"]),
        agrees(
            1,
            "gives zeros and zero gradients for a query that may attend to nothing",
            on=["a query that sees nothing", "the gradient past a query that sees nothing"],
        ),
    ],
    mistakes=[
        Mistake(
            "scaled_by_dim",
            "You divide the scores by √dim. The queries of a head have dim / heads features: scale by their number.",
            edit("q.shape[-1] ** 0.5", "x.shape[-1] ** 0.5", of="MultiHeadAttention"),
        ),
        Mistake(
            "unscaled",
            "You do not scale the scores. Divide them by the root of the number of features of a head.",
            edit(" / q.shape[-1] ** 0.5", "", of="MultiHeadAttention"),
        ),
        Mistake(
            "heads_interleaved",
            "Your heads take interleaved features. A head is a block of consecutive features.",
            edit(
                "x.unflatten(-1, (self.heads, -1)).transpose(1, 2)",
                "x.unflatten(-1, (-1, self.heads)).permute(0, 3, 1, 2)",
            ),
        ),
        Mistake(
            "context_ignored",
            "You ignore the context. Keys and values come from the context where there is one.",
            edit("context = x if context is None else context", "context = x"),
        ),
        Mistake(
            "mask_ignored",
            "You ignore the mask. Where it is False a key must get weight 0.",
            edit("if mask is None:", "if True:"),
        ),
        Mistake(
            "mask_inverted",
            "You invert the mask. True means that a query may attend.",
            edit("mask = mask[..., None, :, :]", "mask = ~mask[..., None, :, :]"),
        ),
        Mistake(
            "blind_uniform",
            "You return the mean of all values for a query that may attend to nothing. Its row of weights must be zero.",
            edit(".softmax(-1) * mask", ".softmax(-1)"),
        ),
        Mistake(
            "out_forgotten",
            "You join the heads, but do not apply `out`, which mixes them.",
            edit("self.out((weights @ v).transpose(1, 2).flatten(2))", "(weights @ v).transpose(1, 2).flatten(2)"),
        ),
        Mistake(
            "detached",
            "Your module passes no gradient back. Is something detached, or turned into a NumPy array?",
            edit("(weights @ v)", "(weights @ v).detach()"),
        ),
        Mistake(
            "split_by_reshape_alone",
            "You split the tokens into heads, not the features: a reshape to (N, heads, T, d) mixes tokens. Split the last axis, then move the new axis.",
            edit(SPLIT_FEATURES, "x.reshape(len(x), self.heads, x.shape[1], -1)"),
        ),
        Mistake(
            "joined_by_reshape_alone",
            "You join the heads without moving the axis of the tokens back in front of theirs, so a row has different tokens of one head.",
            edit("self.out((weights @ v).transpose(1, 2).flatten(2))", "self.out((weights @ v).reshape(x.shape))"),
        ),
        Mistake(
            "reshaped_without_transpose",
            "You split and join by reshapes alone, which mix tokens and features. Split the last axis and move the new axis in front of the tokens; at the end, move it back.",
            edit(
                JOIN_AND_SPLIT,
                JOIN_AND_SPLIT.replace(SPLIT_FEATURES, "x.reshape(len(x), self.heads, x.shape[1], -1)").replace(
                    "(weights @ v).transpose(1, 2).flatten(2)", "(weights @ v).reshape(x.shape)"
                ),
            ),
        ),
        Mistake(
            "heads_strided",
            "You split and join so that a head has every second or third feature. A head is a block of consecutive features.",
            edit(
                JOIN_AND_SPLIT,
                JOIN_AND_SPLIT.replace(SPLIT_FEATURES, "x.unflatten(-1, (-1, self.heads)).permute(0, 3, 1, 2)").replace(
                    "transpose(1, 2).flatten(2)", "permute(0, 2, 3, 1).flatten(2)"
                ),
            ),
        ),
        Mistake("scaled_by_number_of_keys", NUMBER_OF_KEYS, edit("/ q.shape[-1] ** 0.5", "/ k.shape[-2] ** 0.5")),
        Mistake(
            "mask_multiplied",
            MULTIPLIED,
            edit(
                "scores.masked_fill(~mask, torch.finfo(scores.dtype).min).softmax(-1) * mask",
                "(scores * mask).softmax(-1)",
            ),
        ),
        Mistake(
            "masked_after_softmax",
            "You mask after the softmax, so the weights of a row no longer add up to 1. Mask the scores.",
            edit(".masked_fill(~mask, torch.finfo(scores.dtype).min)", ""),
        ),
        Mistake(
            "blind_nan",
            "Your answer is nan for a query that may attend to nothing: a softmax of nothing but -inf has no value. Its input of `out` is zero.",
            edit("torch.finfo(scores.dtype).min", "-torch.inf").then(".softmax(-1) * mask", ".softmax(-1)"),
        ),
    ],
    hints=[
        "Which shape do the queries have when the heads are their own axis, in front of the tokens?",
        "Where does a mask of shape (N, Tq, Tk) need one more axis so that it is the same for all heads?",
        "A softmax over scores that are all equally low is uniform. By what can you multiply it afterwards, for a query that may attend to nothing?",
    ],
)


# Blocks: two or three parts, each with a norm before it and a sum after it.


def norm(draw, name, dim):
    """Weights and biases of an nn.LayerNorm, by name; not ones and zeros, so that each norm is felt."""
    return {f"{name}.weight": single(1 + 0.4 * draw(dim)), f"{name}.bias": single(0.4 * draw(dim))}


def block_weights(draw, dim, hidden, attentions):
    """The parameters of a block by name, a norm before each attention and one before the feed-forward network."""
    weights = {}
    for number in range(1, len(attentions) + 2):
        weights |= norm(draw, f"norm{number}", dim)
    for attention in attentions:
        weights |= attention_weights(draw, dim, f"{attention}.")
    return weights | linear(draw, "feed_forward.0", dim, hidden) | linear(draw, "feed_forward.2", hidden, dim)


def encoded(EncoderBlock, dim, heads, hidden, weights, x, mask=None, dout=None):
    """-> out (N, T, dim)

    With dout the answer is the gradient in x instead.
    """
    block = load(EncoderBlock(dim, heads, hidden), weights)
    if dout is None:
        return block(x, mask)
    x = x.requires_grad_()
    block(x, mask).backward(dout)
    return x.grad


def encoder_case(draw, dim=12, heads=3, hidden=20, N=2, T=5, mask=None, gradient=False):
    """Tokens for an encoder's block, with a mask as in `module_case`."""
    inputs = dict(dim=dim, heads=heads, hidden=hidden, weights=block_weights(draw, dim, hidden, ["attention"]))
    given = module_case(draw, dim, heads, N, T, mask=mask, gradient=gradient)
    return inputs | {name: given[name] for name in ("x", "mask", "dout") if name in given}


def another_hidden_token(inputs, draw):
    """The last token of the first sequence changes, which nobody there may attend to, and that of the second, where all may."""
    return another_last_token(inputs, draw)


PRE_NORM = "Your block is post-norm: it normalises the sum. Here each part reads the normalised tokens, and its output is added to the tokens before the norm."
NO_SKIP = "You leave out a residual connection: the output of a part replaces the tokens. Add it to them, so that gradients have a direct path back."
DETACHED = "Your block passes no gradient back. Is something detached, or turned into a NumPy array?"
GELU = Mistake(
    "gelu",
    "You use a different nonlinearity from ReLU between the two linear layers, or none. The loaded weights were made for ReLU.",
    edit("nn.ReLU()", "nn.GELU()", of="_feed_forward"),
)

EncoderBlock = Exercise(
    points=6,
    torch=True,
    driver=encoded,
    cases={
        "three heads": encoder_case,
        "one head, narrow inside": partial(encoder_case, heads=1, hidden=7, T=4),
        "a single token": partial(encoder_case, T=1),
        "a causal mask": partial(encoder_case, mask="causal"),
        "padded tokens": partial(encoder_case, mask="padding"),
        "a mask for each query": partial(encoder_case, mask="each its own"),
        "the gradient": partial(encoder_case, gradient=True),
    },
    checks=[
        agrees(
            3,
            "adds the outputs of attention, then of the feed-forward network, each applied to the normalised tokens",
            on=["three heads", "one head, narrow inside", "a single token"],
        ),
        agrees(
            1,
            "passes every form of mask on to the attention",
            on=["a causal mask", "padded tokens", "a mask for each query"],
        ),
        moves(
            1,
            "changing a token changes its whole sequence, but only itself where it is padding",
            another_hidden_token,
            on="padded tokens",
        ),
        agrees(1, "passes the gradient back through both parts and along the residual connections", on="the gradient"),
    ],
    mistakes=[
        Mistake(
            "post_norm",
            PRE_NORM,
            edit(
                "x = x + self.attention(self.norm1(x), mask=mask)\n        return x + self.feed_forward(self.norm2(x))",
                "x = self.norm1(x + self.attention(x, mask=mask))\n        return self.norm2(x + self.feed_forward(x))",
            ),
        ),
        Mistake("no_skip_at_attention", NO_SKIP, edit("x = x + self.attention", "x = self.attention")),
        Mistake("no_skip_at_feed_forward", NO_SKIP, edit("return x + self.feed_forward", "return self.feed_forward")),
        Mistake(
            "skip_from_the_norm",
            "You add the output of attention to the normalised tokens. Add it to the tokens before the norm.",
            edit("x = x + self.attention(self.norm1(x),", "x = self.norm1(x)\n        x = x + self.attention(x,"),
        ),
        Mistake(
            "norms_swapped",
            "You swap the two norms. `norm1` comes before attention, `norm2` before the feed-forward network.",
            swapped("norm1(", "norm2("),
        ),
        Mistake(
            "one_norm_for_both",
            "You use `norm1` twice. The feed-forward network has its own norm.",
            edit("self.norm2(x)", "self.norm1(x)"),
        ),
        Mistake(
            "mask_ignored",
            "You do not pass the mask on to the attention. Pass it by name, because the second argument is the context.",
            edit(", mask=mask)", ")"),
        ),
        GELU,
        Mistake(
            "side_by_side",
            "You let both parts read the block's input. The feed-forward network comes second, and reads the tokens after attention.",
            edit(
                "x = x + self.attention(self.norm1(x), mask=mask)\n        return x + self.feed_forward(self.norm2(x))",
                "return x + self.attention(self.norm1(x), mask=mask) + self.feed_forward(self.norm2(x))",
            ),
        ),
        Mistake(
            "detached",
            DETACHED,
            edit(
                "return x + self.feed_forward(self.norm2(x))", "return (x + self.feed_forward(self.norm2(x))).detach()"
            ),
        ),
        Mistake(
            "mask_given_as_context",
            "You pass the mask in the place of the context. The attention takes tokens, a context and a mask, in this order: give the mask by its name.",
            edit("mask=mask)", "mask)"),
        ),
    ],
    hints=[
        "A block has two parts. What does each part read, and what is its output added to?",
        "Which x is normalised before the feed-forward network: the input of the block, or the tokens after attention?",
        "Do your layers have the names of the table? What is the second argument of your attention's forward?",
    ],
)


def decoded(DecoderBlock, dim, heads, hidden, weights, x, memory, memory_mask=None, dout=None):
    """-> out (N, T, dim)

    With dout the answer is the gradients in x and in the memory instead.
    """
    block = load(DecoderBlock(dim, heads, hidden), weights)
    if dout is None:
        return block(x, memory, memory_mask)
    x, memory = x.requires_grad_(), memory.requires_grad_()
    block(x, memory, memory_mask).backward(dout)
    return [x.grad, memory.grad]


def decoder_case(draw, dim=12, heads=3, hidden=20, N=2, T=5, S=4, mask=None, gradient=False):
    """Tokens and a memory for a decoder's block; `mask` is of the memory, as in `module_case`."""
    attentions = ["self_attention", "cross_attention"]
    inputs = dict(dim=dim, heads=heads, hidden=hidden, weights=block_weights(draw, dim, hidden, attentions))
    given = module_case(draw, dim, heads, N, T, S, mask=mask, gradient=gradient)
    inputs |= {"x": given["x"], "memory": given["context"]}
    if mask:
        inputs["memory_mask"] = given["mask"]
    return inputs | ({"dout": given["dout"]} if gradient else {})


def another_end_of_memory(inputs, draw):
    """The last place of each memory changes: padding in the first sequence, not in the second."""
    memory = inputs["memory"].copy()
    memory[:, -1] = 3 * draw(*memory[:, -1].shape)  # far enough that some head looks at it
    return inputs | {"memory": memory}


DecoderBlock = Exercise(
    points=8,
    words={"out[0]": "the gradient in x", "out[1]": "the gradient in memory"},
    torch=True,
    driver=decoded,
    cases={
        "three heads": decoder_case,
        "one head, narrow inside": partial(decoder_case, heads=1, hidden=7, T=4, S=6),
        "a single token": partial(decoder_case, T=1),
        "a padded memory": partial(decoder_case, S=7, mask="padding"),
        "a memory mask for each query": partial(decoder_case, mask="each its own"),
        "the gradient": partial(decoder_case, gradient=True),
        "the gradient of a padded memory": partial(decoder_case, S=7, mask="padding", gradient=True),
    },
    checks=[
        agrees(
            3,
            "adds the outputs of self-attention, cross-attention and the feed-forward network, in this order",
            on=["three heads", "one head, narrow inside", "a single token"],
        ),
        moves(
            1,
            "hides the future: changing a token changes only itself and later tokens",
            another_last_token,
            on="three heads",
        ),
        agrees(1, "uses the mask of the memory", on=["a padded memory", "a memory mask for each query"]),
        moves(
            1,
            "changing the memory changes every token, changing its padding changes none",
            another_end_of_memory,
            on="a padded memory",
        ),
        agrees(
            2,
            "passes gradients back to the tokens and to the memory, so that the encoder learns",
            on=["the gradient", "the gradient of a padded memory"],
        ),
    ],
    mistakes=[
        Mistake(
            "future_visible",
            "You use no causal mask in self-attention, so each token can read the tokens that it must predict. The block makes this mask itself.",
            edit("self.self_attention(self.norm1(x), mask=past)", "self.self_attention(self.norm1(x))"),
        ),
        Mistake(
            "only_future_visible",
            "Your causal mask shows the future and hides the past. A token may attend to itself and to earlier tokens.",
            edit(".tril()", ".triu()"),
        ),
        Mistake(
            "itself_hidden",
            "Your causal mask hides each token from itself. A token may attend to itself.",
            edit(".tril()", ".tril(-1)"),
        ),
        Mistake(
            "memory_normed",
            "You normalise the memory. The norm before cross-attention applies to the tokens only.",
            edit("self.norm2(x), memory, memory_mask", "self.norm2(x), self.norm2(memory), memory_mask"),
        ),
        Mistake(
            "memory_mask_ignored",
            "You ignore the memory's mask, so tokens attend to the padding of the memory.",
            edit("self.norm2(x), memory, memory_mask", "self.norm2(x), memory"),
        ),
        Mistake(
            "memory_unread",
            "You ignore the memory. In cross-attention, keys and values come from the memory.",
            edit("self.norm2(x), memory, memory_mask", "self.norm2(x)"),
        ),
        Mistake(
            "cross_attention_first",
            "You apply cross-attention before self-attention. Self-attention comes first.",
            edit(
                """x = x + self.self_attention(self.norm1(x), mask=past)
        x = x + self.cross_attention(self.norm2(x), memory, memory_mask)""",
                """x = x + self.cross_attention(self.norm2(x), memory, memory_mask)
        x = x + self.self_attention(self.norm1(x), mask=past)""",
            ),
        ),
        Mistake(
            "post_norm",
            PRE_NORM,
            edit(
                """x = x + self.self_attention(self.norm1(x), mask=past)
        x = x + self.cross_attention(self.norm2(x), memory, memory_mask)
        return x + self.feed_forward(self.norm3(x))""",
                """x = self.norm1(x + self.self_attention(x, mask=past))
        x = self.norm2(x + self.cross_attention(x, memory, memory_mask))
        return self.norm3(x + self.feed_forward(x))""",
            ),
        ),
        Mistake("no_skip_at_self_attention", NO_SKIP, edit("x = x + self.self_attention", "x = self.self_attention")),
        Mistake(
            "no_skip_at_cross_attention", NO_SKIP, edit("x = x + self.cross_attention", "x = self.cross_attention")
        ),
        GELU,
        Mistake(
            "memory_detached",
            "Your block passes no gradient to the memory, so the encoder would never learn. Is the memory detached?",
            edit("self.norm2(x), memory, memory_mask", "self.norm2(x), memory.detach(), memory_mask"),
        ),
    ],
    hints=[
        "Three parts, three norms, three sums: what does each part read, and from where do its keys and values come?",
        "Who makes the causal mask, and what is its size? What does memory_mask hide, and in which of the two attentions?",
        "The block normalises the tokens, which make the queries. The encoder has already processed the memory that cross-attention reads.",
    ],
)


# Writing with a cache


def written(greedy_decode_cached, weights, prompt, steps, is_counted=False):
    """-> tokens (N, T + steps), excess

    The model is one causal attention with positions, and it remembers keys and values. `excess` is how many tokens it
    was fed beyond the prompt once and each written token once; it is told where `is_counted` says so.
    """
    fed = []

    class Model(torch.nn.Module):
        def forward(self, tokens, cache=None):
            fed.append(tokens.numel())
            first = 0 if cache is None else cache[0].shape[1]
            places = torch.arange(first, first + tokens.shape[1], device=tokens.device)
            x = weights["token"][tokens] + weights["place"][places % len(weights["place"])]
            keys, values = x @ weights["key"], x @ weights["value"]
            if cache is not None:
                keys, values = (torch.cat(pair, 1) for pair in zip(cache, (keys, values), strict=True))
            scores = x @ weights["query"] @ keys.transpose(1, 2)
            past = torch.arange(keys.shape[1], device=tokens.device) <= places[:, None]
            shares = scores.masked_fill(~past, -1e9).softmax(-1)
            return shares @ values @ weights["logits"], (keys, values)

    tokens = greedy_decode_cached(Model(), prompt, steps)
    excess = max(0, sum(fed) - prompt.numel() - len(prompt) * steps)
    return [tokens, excess] if is_counted else tokens


def liked(weights, tokens):
    """The logits of that model for the token after the last, read in one go."""
    x = weights["token"][tokens] + weights["place"][: tokens.shape[1]]
    scores = (x[:, -1:] @ weights["query"]) @ (x @ weights["key"]).swapaxes(1, 2)
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return (shares / shares.sum(axis=-1, keepdims=True) @ x @ weights["value"] @ weights["logits"])[:, 0]


CLEAR = 0.02  # between the best and the second best logit: thousands of roundings of float32


def writer(draw, N=2, T=4, steps=6, V=11, d=6, **given):
    """A model and a prompt, drawn again until no choice of a token is a near thing."""
    while True:
        weights = {"token": single(draw(V, d)), "place": single(draw(40, d))}
        weights |= {name: single(draw(d, d)) for name in ("query", "key", "value")}
        weights["logits"] = single(draw(d, V))
        prompt = tokens = draw.integers(0, V, N, T)
        gaps = []
        for _ in range(steps):
            logits = np.sort(liked(weights, tokens), axis=-1)
            gaps.append((logits[:, -1] - logits[:, -2]).min())
            tokens = np.concatenate([tokens, liked(weights, tokens).argmax(axis=-1)[:, None]], axis=1)
        if min(gaps) > CLEAR:
            return dict(weights=weights, prompt=prompt, steps=steps) | given


greedy_decode_cached = Exercise(
    points=5,
    torch=True,
    driver=written,
    cases={
        "two prompts": writer,
        "a prompt of one token": partial(writer, T=1, steps=8),
        "one step": partial(writer, N=3, steps=1),
        "many steps, counted": partial(writer, N=3, T=5, steps=12, is_counted=True),
        "one prompt, counted": partial(writer, N=1, T=6, steps=7, is_counted=True),
    },
    checks=[
        agrees(
            3,
            "appends the model's most likely token to each prompt, again and again",
            on=["two prompts", "a prompt of one token", "one step"],
        ),
        agrees(
            2,
            "feeds no token to the model twice",
            on=["many steps, counted", "one prompt, counted"],
        ),
    ],
    mistakes=[
        Mistake(
            "no_cache",
            "Your tokens are right, but each step reads the whole text again. Keep the cache that the model returns, and feed only new tokens.",
            edit("logits, cache = model(new, cache)", "logits, _ = model(tokens, None)"),
        ),
        Mistake(
            "prompt_again",
            "You pass the cache and the whole text, so the model reads tokens again that are already in the cache. Feed only the new token.",
            edit("model(new, cache)", "model(tokens, cache)"),
        ),
        Mistake(
            "cache_dropped",
            "You feed the new token without the cache, so the model knows nothing of the tokens before it.",
            edit("model(new, cache)", "model(new, None)"),
        ),
        Mistake(
            "cache_of_the_prompt",
            "You always pass the cache of the prompt, and drop the caches of later steps. The model does not remember the tokens that it has written.",
            edit(
                "logits, cache = model(new, cache)", "logits, later = model(new, cache)\n        cache = cache or later"
            ),
        ),
        Mistake(
            "first_row",
            "You read the logits of the first of the new tokens. The last of them predicts the next token.",
            edit("logits[:, -1:]", "logits[:, :1]"),
        ),
        Mistake(
            "prompt_left_out",
            "You return the written tokens without the prompt. The answer begins with the prompt.",
            edit("return tokens", "return tokens[:, prompt.shape[1] :]"),
        ),
        Mistake(
            "one_short",
            "You write one token too few: there are `steps` of them after the prompt.",
            edit("range(steps)", "range(steps - 1)"),
        ),
    ],
    hints=[
        "Which tokens has the model not read yet, in the first step and in every later one?",
        "Of the logits of several new tokens, which row predicts the next token? Which shape must a new token have so that you can feed it?",
    ],
)


# A training run: a small transformer reads a string and writes it backwards.

LETTERS, LENGTH = 10, 8


def strings(draw, M=200):
    """Random strings of letters, held back from training; there are 10⁸, of which a run sees some thousands."""
    held = draw.integers(0, LETTERS, M, LENGTH)
    return {"seed": int(draw.integers(0, 2**31)), "strings": held, "truth": held[:, ::-1].copy()}


def reversed_strings(EncoderBlock, DecoderBlock, seed, strings):
    """Train a transformer of your blocks to write strings backwards.

    -> letters (M, L)

    The blocks stand between an embedding with sines and cosines for the places, and a linear layer for the letters. In
    training the decoder is given the right letters up to the one that it is asked for. Then it writes by itself: what
    is not written yet holds the start sign.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    letters, L, dim, steps = 10, strings.shape[1], 32, 300
    model = torch.nn.ModuleDict(
        {
            "embedding": torch.nn.Embedding(letters + 1, dim),
            "encoder": EncoderBlock(dim, 2, 64),
            "decoder": DecoderBlock(dim, 2, 64),
            "letter": torch.nn.Sequential(torch.nn.LayerNorm(dim), torch.nn.Linear(dim, letters)),
        }
    ).to(device)
    angles = torch.arange(L)[:, None] / 10000.0 ** (torch.arange(0, dim, 2) / dim)
    places = torch.stack([angles.sin(), angles.cos()], -1).flatten(1).to(device)

    def logits(source, written):
        memory = model["encoder"](model["embedding"](source) + places)
        return model["letter"](model["decoder"](model["embedding"](written) + places, memory))

    optimizer = torch.optim.Adam(model.parameters())
    for step in range(1, steps + 1):
        source = torch.from_numpy(rng.integers(0, letters, (64, L))).to(device)
        wanted = source.flip(1)
        written = torch.nn.functional.pad(wanted[:, :-1], (1, 0), value=letters)
        loss = torch.nn.functional.cross_entropy(logits(source, written).flatten(0, 1), wanted.flatten())
        optimizer.param_groups[0]["lr"] = 5e-3 * min(step / 30, 1, 2 * (1 - step / steps))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        report(step, steps, loss)
    written, found = torch.full_like(strings, letters), []
    with torch.no_grad():
        for t in range(L):
            found.append(logits(strings, written)[:, t].argmax(-1))
            written[:, t + 1 : t + 2] = found[-1][:, None]
    return torch.stack(found, 1)


reverse_sequence = Exercise(
    points=5,
    torch=True,
    driver=reversed_strings,
    pieces=["EncoderBlock", "DecoderBlock"],
    seconds=40,
    cases={"strings of eight letters": strings},
    checks=[
        reaches(
            5, "writes at least 99 % of the letters of new strings at the right position", "accuracy", at_least=0.99
        )
    ],
    mistakes=[
        # A decoder that sees the future is none: on one seed in seven it learns to reverse all the same.
        Mistake(
            "memory_unread",
            "Your decoder never attends to the memory.",
            edit("self.norm2(x), memory, memory_mask", "self.norm2(x)", of="DecoderBlock"),
        ),
        Mistake(
            "memory_averaged",
            "Your encoder gives every token the same vector, so the positions of the letters are lost.",
            edit(
                "return x + self.feed_forward(self.norm2(x))",
                "return (x + self.feed_forward(self.norm2(x))).mean(1, keepdim=True).expand_as(x)",
                of="EncoderBlock",
            ),
        ),
        Mistake(
            "detached",
            "Your decoder passes no gradient back, so only the last layer is trained.",
            edit(
                "return x + self.feed_forward(self.norm3(x))",
                "return (x + self.feed_forward(self.norm3(x))).detach()",
                of="DecoderBlock",
            ),
        ),
        Mistake(
            "constant",
            "Your decoder returns the same output for every input.",
            edit("return x + self.feed_forward(self.norm3(x))", "return 0 * x", of="DecoderBlock"),
        ),
    ],
    hints=[
        "Are EncoderBlock and DecoderBlock both right? This exercise trains nothing but these two.",
        "If the loss falls and the strings are still wrong: what can the decoder see in training that it cannot see when it writes?",
    ],
)
