"""How the answers of this unit are judged: cases, checks and the mistakes that people really make."""

from functools import partial

import numpy as np
import torch

from grader.exercise import Exercise, Mistake, agrees, device, edit, keeps, load, moves, reaches, report

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
    "Your answer does not feel the mask. Where it is False a key must get weight 0: think of the score that makes exp vanish.",
    edit("if mask is not None:", "if False:", of="_weights"),
)
MASK_INVERTED = Mistake(
    "mask_inverted",
    "Your mask works the wrong way round: True means that a query may attend.",
    edit("np.where(mask, scores, -np.inf)", "np.where(mask, -np.inf, scores)", of="_weights"),
)
BLIND_NAN = Mistake(
    "blind_nan",
    "A query that may attend to nothing gets nan: its scores are all -inf, and -inf minus their maximum is not a number. "
    "Such a row is all zeros.",
    edit("np.where(np.isfinite(top), top, 0.0)", "top", of="softmax"),
)
BLIND_UNIFORM = Mistake(
    "blind_uniform",
    "A query that may attend to nothing gets the mean of all values: if every score is the same large negative number, the "
    "softmax is uniform. Such a row is all zeros.",
    edit("-np.inf", "-1e9", of="_weights"),
)
UNSTABLE = Mistake(
    "unstable",
    "Your softmax overflows for large scores. A softmax does not change if every score of a row is lowered by the same "
    "number: choose one after which exp is at most 1.",
    edit("softmax(scores)", NAIVE, of="_weights"),
)
UNSCALED = Mistake(
    "unscaled",
    "The scores are not divided by √d: their variance grows with d, and the softmax saturates. Scale them first.",
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


def another_second_key(inputs, draw):
    """The second key and its value change, which one query alone may attend to."""
    k, v = inputs["k"].copy(), inputs["v"].copy()
    k[..., 1, :], v[..., 1, :] = draw(*k[..., 1, :].shape), draw(*v[..., 1, :].shape)
    return inputs | {"k": k, "v": v}


def attend_masked_after_softmax(q, k, v, mask=None):
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    weights = naive_softmax(scores - scores.max(axis=-1, keepdims=True))
    return (weights if mask is None else weights * mask) @ v


scaled_dot_product_attention = Exercise(
    points=10,
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
    },
    checks=[
        agrees(
            4,
            "mixes the values by softmax(q·kᵀ/√d)",
            on=["four queries, five keys", "a single query and key", "batch and heads", "one sequence, no batch"],
        ),
        agrees(
            2, "gives weight 0 where the mask is False", on=["a mask", "one mask for the whole batch", "padded keys"]
        ),
        moves(2, "lets a key be felt by those queries alone that may attend to it", another_second_key, on="a mask"),
        agrees(1, "gives zeros for a query that may attend to nothing", on="a fully masked row"),
        agrees(
            1,
            "survives scores near ±1000, seen or hidden",
            on=["scores near ±1000", "scores thousands apart", "a hidden key far ahead"],
        ),
    ],
    mistakes=[
        UNSCALED,
        Mistake(
            "scaled_by_d",
            "You divide the scores by d, and it must be √d: a dot product of d terms has a standard deviation of √d.",
            edit("np.sqrt(q.shape[-1])", "q.shape[-1]", of="_weights"),
        ),
        Mistake(
            "softmax_over_queries",
            "Your softmax runs over the queries. Each query shares its attention out among the keys: its own row sums to one.",
            edit("softmax(scores)", "softmax(scores.swapaxes(-1, -2)).swapaxes(-1, -2)", of="_weights"),
        ),
        Mistake(
            "keys_reshaped",
            "The keys are reshaped to (d, Tk), and they must be transposed: a reshape deals the numbers out anew, so that "
            "no column is a key any more.",
            edit("k.swapaxes(-1, -2)", "k.reshape(*k.shape[:-2], k.shape[-1], k.shape[-2])", of="_weights"),
        ),
        MASK_IGNORED,
        MASK_INVERTED,
        Mistake(
            "masked_after_softmax",
            "You mask the weights after the softmax, so that a row no longer sums to one. Hide a key before the softmax, "
            "in its score.",
            attend_masked_after_softmax,
        ),
        BLIND_NAN,
        BLIND_UNIFORM,
        UNSTABLE,
    ],
    hints=[
        "How large does a dot product of two random vectors of length d typically get, and what does softmax do then?",
        "Write it in four steps: scores, scale, mask, softmax. Which axis of the scores counts the keys?",
        "What must the score of a hidden key be, so that it gets no weight and leaves the other weights alone?",
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
        agrees(1, "sends dq and dk nothing from where the mask is False", on=MASKED, part=["dq", "dk"]),
        agrees(1, "sends dv nothing from queries that do not see it", on=MASKED, part="dv"),
        moves(
            1,
            "leaves the gradient of a query alone when a key changes that it cannot see",
            another_second_key,
            on="a mask",
        ),
        agrees(1, "gives zeros for a query that may attend to nothing", on="a fully masked row"),
        agrees(1, "survives scores near ±1000", on="scores near ±1000"),
    ],
    mistakes=[
        Mistake(
            "scale_forgotten",
            "Your dq and dk are too large by √d: the scores were divided by √d on the way forward, and so is their gradient on the "
            "way back.",
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
            "The gradient in the weights is used as the gradient in the scores: the softmax between them has a Jacobian.",
            edit(SOFTMAX_BACKWARD, "dscores = dweights"),
        ),
        Mistake(
            "plain_sum",
            "In the softmax's backward you subtract the plain sum of the gradients, and it must be their mean under the weights.",
            edit("(weights * dweights).sum", "dweights.sum"),
        ),
        Mistake(
            "sum_over_queries",
            "In the softmax's backward your sum runs over the queries, and it must run over the keys, as the softmax does.",
            edit("sum(axis=-1, keepdims=True)", "sum(axis=-2, keepdims=True)"),
        ),
        MASK_IGNORED,
        BLIND_NAN,
        UNSTABLE,
    ],
    hints=[
        "Go back through the forward one step at a time: which four steps lead from q, k and v to out?",
        "The softmax of one row, p, has the Jacobian diag(p) − p·pᵀ. What is that times a vector, without building a matrix?",
        "Let the shapes lead: with dweights of shape (Tq, Tk), which products have the shapes of q, k and v?",
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
        agrees(
            2, "lets a token see itself and what came before it, and no more", on=["a few tokens", "a long sequence"]
        ),
        agrees(1, "lets a single token see itself", on=["a single token", "a few tokens"]),
    ],
    mistakes=[
        Mistake(
            "inverted",
            'Your mask marks what must be hidden. Here True means "may attend", as in PyTorch\'s scaled_dot_product_attention.',
            edit("np.tril(np.ones((T, T), dtype=bool))", "~np.tril(np.ones((T, T), dtype=bool))"),
        ),
        Mistake(
            "diagonal_hidden",
            "A token cannot see itself in your mask, so that the first token sees nothing. The diagonal belongs to the past.",
            edit("dtype=bool)", "dtype=bool), k=-1"),
        ),
        Mistake(
            "transposed",
            "Your mask shows the future and hides the past: rows are for queries and columns for keys.",
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
        "Entry (t, s) says whether query t sees key s: which comparison of t and s is it?",
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
            "copes with many sequences, an empty and a full one",
            on=["more sequences than tokens", "an empty and a full sequence"],
        ),
    ],
    mistakes=[
        Mistake(
            "one_too_many",
            "Your mask lets one token too many through: positions start at 0, so that the last real one is length − 1.",
            edit("np.arange(T) <", "np.arange(T) <="),
        ),
        Mistake(
            "inverted",
            'Your mask marks the padding. Here True means "may attend": the real tokens.',
            edit("np.arange(T) <", "np.arange(T) >="),
        ),
        Mistake(
            "padded_in_front",
            "Your mask takes the padding to stand in front, but the real tokens come first.",
            edit("np.arange(T) <", "T - 1 - np.arange(T) <"),
        ),
        Mistake(
            "no_query_axis",
            "Your mask has shape (N, T). It needs an axis of length 1 for the queries, or it will line up with the wrong axis "
            "of the scores.",
            edit("lengths[:, None, None]", "lengths[:, None]"),
        ),
        Mistake(
            "queries_masked",
            "Your mask has shape (N, T, 1) and so hides queries. It is the keys that must be hidden: they are the last axis.",
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


def another_first_query(inputs, draw):
    query = inputs["query"].copy()
    query[0] = draw(*query[0].shape)
    return inputs | {"query": query}


def _mixture(scores, values):
    weights = naive_softmax(scores)
    return np.einsum("nt,ntv->nv", weights, values), weights


additive_attention = Exercise(
    points=7,
    cases={
        "three queries, five keys": aligned,
        "a longer sequence": partial(aligned, N=2, T=9),
        "a batch of one": partial(aligned, N=1),
        "a single key": partial(aligned, T=1),
        "scores near ±1000": far_aligned,
    },
    checks=[
        agrees(
            3, "scores each key by v · tanh(query·Wq + key·Wk)", on=["three queries, five keys", "a longer sequence"]
        ),
        keeps(1, "gives weights that sum to one", "sum", another_first_query, part=1, on="three queries, five keys"),
        moves(
            1,
            "lets a query change the weights of its own sequence, and no others",
            another_first_query,
            on="a longer sequence",
        ),
        agrees(1, "keeps every shape for a batch of one and a single key", on=["a batch of one", "a single key"]),
        agrees(1, "survives scores near ±1000", on="scores near ±1000"),
    ],
    mistakes=[
        Mistake(
            "no_tanh",
            "The tanh is missing. Without it the query adds the same number to each score of its sequence, and the softmax "
            "takes that away again: the query would have no say.",
            edit("np.tanh((query @ Wq)[:, None, :] + keys @ Wk)", "(query @ Wq)[:, None, :] + keys @ Wk"),
        ),
        Mistake(
            "tanh_of_the_score",
            "The tanh is taken of the score. It belongs inside, around the hidden units, before v weighs them.",
            lambda query, keys, values, Wq, Wk, v: _mixture(np.tanh(((query @ Wq)[:, None] + keys @ Wk) @ v), values),
        ),
        Mistake(
            "scaled",
            "You divide the scores by the root of their number of units, as dot products are. The additive score is not scaled.",
            edit("hidden @ v", "hidden @ v / np.sqrt(len(v))"),
        ),
        Mistake(
            "softmax_over_batch",
            "Your softmax runs over the batch. Each sequence shares its attention out among its own positions.",
            edit("softmax(scores)", "softmax(scores.T).T"),
        ),
        Mistake(
            "mean_of_values",
            "Your context is divided by the number of positions: the weights sum to one already.",
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
    },
    checks=[
        agrees(3, "weighs by softmax and distance inside the window", on=["three sequences", "a narrow window"]),
        moves(1, "does not feel what lies outside the window", others_outside, on="three sequences"),
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
        agrees(1, "survives scores near ±1000", on="scores near ±1000"),
    ],
    mistakes=[
        Mistake(
            "no_distance",
            "The distance to the center has no effect inside your window. Weights fall off with it, as a Gaussian.",
            edit(f"{LOCAL_SOFTMAX} * near", LOCAL_SOFTMAX),
        ),
        Mistake(
            "normalised_again",
            "You normalise the weights after the Gaussian. Here they stay as they are, and sum to less than one.",
            edit(f"{LOCAL_SOFTMAX} * near", "softmax(np.where(inside, scores + np.log(near), -np.inf))"),
        ),
        Mistake(
            "sigma_is_window",
            "Your Gaussian is twice as wide as it should be: its σ is half the window.",
            edit("window / 2", "window"),
        ),
        Mistake(
            "no_half_in_exponent",
            "In your Gaussian's exponent the factor 2 of 2σ² is missing.",
            edit("(2 * sigma**2)", "sigma**2"),
        ),
        Mistake(
            "softmax_over_all",
            "Your softmax runs over the whole sequence, and the window comes after it. Positions outside must not take a share.",
            edit(f"{LOCAL_SOFTMAX} * near", "softmax(scores) * inside * near"),
        ),
        Mistake(
            "window_ignored",
            "Your weights do not end at the window: outside it they are zero, however good the match.",
            edit(f"{LOCAL_SOFTMAX} * near", "softmax(scores) * near"),
        ),
        Mistake(
            "edge_left_out",
            "A position exactly on the edge of the window belongs to it.",
            edit("<= window", "< window"),
        ),
        Mistake(
            "center_rounded",
            "You round the center to a position. It is a real number, and the window and the Gaussian are centred on it as it is.",
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
        "Which positions lie within the window of a center at 3.2, if the window is 1.5?",
        "Treat what lies outside as a mask: which score gives weight 0 in a softmax?",
        "The Gaussian comes last, and its σ is half the window. What is left to be done to the weights after it?",
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
        agrees(2, "draws an index for each row, and takes its value", on="forty rows"),
        moves(1, "lets a row's scores decide that row's draw, and no other", another_half, on="forty rows"),
        agrees(1, "keeps every shape for a single row and a single index", on=["a single row", "a single index"]),
        agrees(1, "survives scores near ±1000", on=["scores near ±1000", "sure choices"]),
    ],
    mistakes=[
        Mistake(
            "largest_score",
            "You take the index of the largest score. Hard attention draws: the largest score is only the likeliest.",
            edit("exceeds.argmax(axis=-1)", "scores.argmax(axis=-1)"),
        ),
        Mistake(
            "mean_of_values",
            "Your context is the mixture of all values, which is soft attention. Here it is one value, the one that was drawn.",
            edit("values[np.arange(len(values)), index]", "np.einsum('nt,ntv->nv', softmax(scores), values)"),
        ),
        Mistake(
            "one_draw_for_all",
            "You draw one random number for the whole batch. Each row has its own.",
            edit("rng.random(len(scores))", "np.full(len(scores), rng.random())"),
        ),
        Mistake(
            "one_draw_per_entry",
            "You draw a random number for each entry of the scores. One for each row is enough, and it fixes the row's index.",
            edit("u[:, None]", "rng.random(scores.shape)"),
        ),
        Mistake(
            "no_softmax",
            "You add up the scores themselves. They become probabilities by a softmax first.",
            edit("softmax(scores)", "scores"),
        ),
        Mistake(
            "index_before",
            "Your index is one too small: it is the first whose cumulative probability exceeds u, not the last that does not.",
            edit("index = exceeds.argmax(axis=-1)", "index = np.maximum(exceeds.argmax(axis=-1) - 1, 0)"),
        ),
        Mistake(
            "uniform_draw",
            "All indices are equally likely in your draw: the scores have no say.",
            edit("softmax(scores)", "np.full(scores.shape, 1 / scores.shape[1])"),
        ),
        Mistake(
            "unstable",
            UNSTABLE.sentence,
            edit("softmax(scores)", NAIVE),
        ),
    ],
    hints=[
        "A row's probabilities cut the line from 0 to 1 into pieces. In which piece does u fall?",
        "Which running total tells where each piece ends, and how do you find the first end beyond u?",
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


def another_third_token(inputs, draw):
    x = inputs["x"].copy()
    x[:, 2] = draw(*x[:, 2].shape)
    return inputs | {"x": x}


FUTURE = "lets a token be felt by itself and by later ones under a causal mask: the future is hidden"

self_attention = Exercise(
    points=8,
    cases={
        "five tokens": tokens,
        "a single token": partial(tokens, T=1),
        "a batch of one": partial(tokens, N=1, T=6),
        "a causal mask": causal(partial(tokens, T=6)),
        "padded sequences": padded(partial(tokens, N=3)),
        "a mask for each sequence": each_its_own(tokens),
        "a fully masked row": each_its_own(tokens, blind=True),
        "scores near ±1000": far_tokens(tokens),
    },
    checks=[
        agrees(
            3,
            "lets every token attend to every other by softmax(q·kᵀ/√d)",
            on=["five tokens", "a single token", "a batch of one"],
        ),
        agrees(
            2,
            "gives weight 0 where the mask is False",
            on=["a causal mask", "padded sequences", "a mask for each sequence"],
        ),
        moves(1, FUTURE, another_third_token, on="a causal mask"),
        agrees(1, "gives zeros for a token that may attend to nothing", on="a fully masked row"),
        agrees(1, "survives scores near ±1000", on="scores near ±1000"),
    ],
    mistakes=[
        UNSCALED,
        Mistake(
            "scaled_by_token_width",
            "You divide the scores by √D, the tokens' width. It must be the length of a query, d, which the projection decides.",
            edit("x @ Wq,", "x @ Wq * np.sqrt(Wq.shape[1] / Wq.shape[0]),"),
        ),
        Mistake(
            "queries_and_keys_swapped",
            "Your queries are made by Wk and your keys by Wq, so that every token answers the question it should ask.",
            edit("x @ Wq, x @ Wk,", "x @ Wk, x @ Wq,"),
        ),
        Mistake(
            "queries_as_keys",
            "Your keys are made by Wq, as the queries are. Keys have a projection of their own.",
            edit("x @ Wq, x @ Wk,", "x @ Wq, x @ Wq,"),
        ),
        Mistake(
            "values_not_projected",
            "You mix the tokens themselves. What is mixed are the values, and they have a projection, too.",
            edit("x @ Wv", "x"),
        ),
        MASK_IGNORED,
        MASK_INVERTED,
        BLIND_NAN,
        BLIND_UNIFORM,
        UNSTABLE,
    ],
    hints=[
        "What is a query, a key and a value here, when there is nothing but x?",
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
SPLIT = "x.reshape(N, T, num_heads, width // num_heads).transpose(0, 2, 1, 3)"
JOIN = "heads.transpose(0, 2, 1, 3)"
CALL = "scaled_dot_product_attention(q, k, v, mask)"

multi_head_attention = Exercise(
    points=10,
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
            "joins what the heads find, each in its own columns",
            on=["two heads", "three heads", "one head", "a single token"],
        ),
        agrees(
            2,
            "lets queries, values and outputs have widths of their own",
            on=["widths of their own", "three heads, widths of their own"],
        ),
        agrees(
            2,
            "gives weight 0 where the mask is False, in every head",
            on=["a causal mask", "padded sequences", "as many sequences as heads", "a mask for each sequence"],
        ),
        moves(1, FUTURE, another_third_token, on="a causal mask"),
        agrees(1, "gives zeros for a token that may attend to nothing", on="a fully masked row"),
        agrees(1, "survives scores near ±1000", on="scores near ±1000"),
    ],
    mistakes=[
        Mistake(
            "split_by_reshape_alone",
            "Your heads are cut out of the rows, not the columns: a reshape to (N, heads, T, d) mixes tokens. Split the last "
            "axis, then move the new axis.",
            edit(SPLIT, "x.reshape(N, num_heads, T, width // num_heads)", of="_split_heads"),
        ),
        Mistake(
            "joined_by_reshape_alone",
            "The heads' outputs are joined without bringing the tokens' axis back in front of the heads': what one row holds "
            "are different tokens of one head.",
            edit(JOIN, "heads"),
        ),
        Mistake(
            "heads_interleaved",
            "Your heads take every num_heads-th column. They are blocks of consecutive columns.",
            edit(SPLIT, "x.reshape(N, T, width // num_heads, num_heads).transpose(0, 3, 1, 2)", of="_split_heads"),
        ),
        Mistake(
            "one_wide_head",
            "All heads attend as one: the number of heads has no effect. Each head has scores and a softmax of its own.",
            edit(
                "for W in (Wq, Wk, Wv))",
                "for W in (Wq, Wk, Wv))\n    num_heads = 1\n    q, k, v = (_split_heads(x @ W, 1) for W in (Wq, Wk, Wv))",
            ),
        ),
        Mistake(
            "scaled_by_all_heads",
            "The scores are divided by the root of all heads' columns together. Each head's dot product has only d terms of its own.",
            edit(CALL, "scaled_dot_product_attention(q / np.sqrt(num_heads), k, v, mask)"),
        ),
        Mistake(
            "scaled_by_token_width",
            "You take the length of a head's queries to be D/num_heads. It is the number of Wq's columns over num_heads.",
            edit(CALL, "scaled_dot_product_attention(q * np.sqrt(Wq.shape[1] / len(Wq)), k, v, mask)"),
        ),
        UNSCALED,
        Mistake(
            "no_output_projection",
            "The joined heads are returned as they are. Wo is still to come: it lets the heads speak to one another.",
            edit("joined @ Wo", "joined"),
        ),
        Mistake(
            "mask_meets_the_heads",
            "Your mask's batch axis meets the heads' axis of the scores. Give it an axis of length 1 where the heads are.",
            edit("mask[..., None, :, :]", "mask"),
        ),
        MASK_IGNORED,
        MASK_INVERTED,
        BLIND_NAN,
        BLIND_UNIFORM,
        UNSTABLE,
    ],
    hints=[
        "Which columns of x·Wq belong to head 0, and which reshape and transpose make (N, heads, T, d) of them?",
        "On the way back, which two axes must be next to each other before a reshape can join them?",
        "The scores have four axes now. On which of them does a mask of shape (N, 1, T) land?",
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
            "puts sines on even and cosines on odd columns, slower from pair to pair",
            on=["a short sequence", "a long sequence", "more columns than positions"],
        ),
        agrees(1, "turns the first pair by one radian a position, from 0", on=["two columns", "a single position"]),
    ],
    mistakes=[
        Mistake(
            "exponent_doubled",
            "Your frequencies fall twice as fast as they should: the even column number is 2i already.",
            edit("np.arange(0, D, 2) / D", "2 * np.arange(0, D, 2) / D"),
        ),
        Mistake(
            "integer_division",
            "All your columns have the same frequency: an integer division makes the exponent 0.",
            edit("np.arange(0, D, 2) / D", "np.arange(0, D, 2) // D"),
        ),
        Mistake(
            "cosine_with_own_index",
            "Your cosines have other frequencies than the sines beside them. The two columns of a pair share one.",
            lambda T, D: _interleaved(np.sin(_waves(T, D)), np.cos(_waves(T, D, np.arange(1, D, 2) / D))),
        ),
        Mistake(
            "halves",
            "Your sines fill the left half and your cosines the right. They alternate: sine, cosine, sine, cosine.",
            lambda T, D: np.concatenate([np.sin(_waves(T, D)), np.cos(_waves(T, D))], axis=1),
        ),
        Mistake(
            "sine_and_cosine_swapped",
            "Your cosines stand on the even columns. Position 0 begins with sin 0 = 0.",
            lambda T, D: _interleaved(np.cos(_waves(T, D)), np.sin(_waves(T, D))),
        ),
        Mistake(
            "multiplied",
            "Your waves get faster from pair to pair: the position is divided by the power of 10000, not multiplied.",
            edit("position / 10000.0", "position * 10000.0"),
        ),
        Mistake(
            "from_one",
            "Your positions start at 1, and they start at 0.",
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


def _rotary_not_crossed(x, base=10000.0):
    angle = np.repeat(_turns(x, base), 2, axis=-1)
    return x * np.cos(angle) + x * np.sin(angle)


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
            "turns pair i of token t by the angle t·base^(−2i/D)",
            on=["three sequences", "batch and heads", "one sequence, no batch", "large features"],
        ),
        agrees(1, "takes another base", on=["another base", "the usual base, given"]),
        keeps(1, "keeps the length of every token", "norm", another_base, on=["three sequences", "batch and heads"]),
        moves(
            1,
            "turns neither the first token nor the first pair otherwise when the base changes, but all the rest",
            another_base,
            on="three sequences",
        ),
        agrees(1, "leaves a single token as it is, and turns a single pair", on=["a single token", "two features"]),
    ],
    mistakes=[
        Mistake(
            "halves",
            "You pair feature i with feature i + D/2. In this course pairs are neighbours: (0, 1), (2, 3) and so on.",
            _rotary_halves,
        ),
        Mistake(
            "turned_backwards",
            "You turn the wrong way, clockwise: look at the signs of the two sines.",
            edit("np.sin(angle)", "-np.sin(angle)"),
        ),
        Mistake(
            "not_crossed",
            "Your cosine and sine multiply the same feature. In a rotation each new feature takes something of both.",
            _rotary_not_crossed,
        ),
        Mistake(
            "from_one",
            "Your positions start at 1. They start at 0, so that the first token stays as it is.",
            edit("np.arange(T)", "np.arange(1, T + 1)"),
        ),
        Mistake(
            "base_ignored",
            "Your angles do not depend on the base that is given: 10000 is only its default.",
            edit("base ** (", "10000.0 ** ("),
        ),
        Mistake(
            "exponent_doubled",
            "Your frequencies fall twice as fast as they should: the even feature number is 2i already.",
            edit("-np.arange(0, D, 2)", "-2 * np.arange(0, D, 2)"),
        ),
        Mistake(
            "heads_counted",
            "With batch and heads your positions count the heads. The tokens' axis is the last but one, whatever comes before it.",
            _rotary_counting_heads,
        ),
    ],
    hints=[
        "What does a rotation by the angle θ make of the point (1, 0), and what of (0, 1)?",
        "Which shape do all the angles have together, and with which axes of x must it broadcast?",
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


def another_last_token(inputs, draw):
    x = inputs["x"].copy()
    x[:, -1] = draw(*x[:, -1].shape)
    return inputs | {"x": x}


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
            "takes a mask of each form",
            on=["a causal mask", "padded keys", "padded keys of a context", "a mask for each query"],
        ),
        moves(
            1,
            "a token is felt by itself and later ones alone under a causal mask",
            another_last_token,
            on="a causal mask",
        ),
        agrees(1, "lets gradients through, and none from hidden keys", on=["the gradient"]),
        agrees(
            1,
            "gives zeros and zero gradients for a query that sees nothing",
            on=["a query that sees nothing", "the gradient past a query that sees nothing"],
        ),
    ],
    mistakes=[
        Mistake(
            "scaled_by_dim",
            "You divide the scores by √dim. A head's queries have dim / heads features, and it is their number that counts.",
            edit("q.shape[-1] ** 0.5", "x.shape[-1] ** 0.5", of="MultiHeadAttention"),
        ),
        Mistake(
            "unscaled",
            "The scores are not scaled: divide them by the root of the number of features of a head.",
            edit(" / q.shape[-1] ** 0.5", "", of="MultiHeadAttention"),
        ),
        Mistake(
            "heads_interleaved",
            "Your heads take every so-and-so-many-th feature. A head has a block of features that stand side by side.",
            edit(
                "x.unflatten(-1, (self.heads, -1)).transpose(1, 2)",
                "x.unflatten(-1, (-1, self.heads)).permute(0, 3, 1, 2)",
            ),
        ),
        Mistake(
            "context_ignored",
            "Your answer does not feel the context: keys and values come from it where there is one.",
            edit("context = x if context is None else context", "context = x"),
        ),
        Mistake(
            "mask_ignored",
            "Your answer does not feel the mask. Where it is False a key must get weight 0.",
            edit("if mask is None:", "if True:"),
        ),
        Mistake(
            "mask_inverted",
            "Your mask works the wrong way round: True means that a query may attend.",
            edit("mask = mask[..., None, :, :]", "mask = ~mask[..., None, :, :]"),
        ),
        Mistake(
            "blind_uniform",
            "A query that may attend to nothing gets the mean of all values. Its row of weights must be zero.",
            edit(".softmax(-1) * mask", ".softmax(-1)"),
        ),
        Mistake(
            "out_forgotten",
            "The heads are joined, and `out` is not applied: it is what mixes them.",
            edit("self.out((weights @ v).transpose(1, 2).flatten(2))", "(weights @ v).transpose(1, 2).flatten(2)"),
        ),
        Mistake(
            "detached",
            "No gradient comes back from your module. Something on the way is detached, or turned into an array.",
            edit("(weights @ v)", "(weights @ v).detach()"),
        ),
    ],
    hints=[
        "Which shape have the queries when the heads are an axis of their own, in front of the tokens?",
        "Where must a mask of shape (N, Tq, Tk) get one more axis, so that it is the same for all heads?",
        "A softmax over scores that are all equally low is uniform. What can you multiply it with afterwards, for a query that sees nothing?",
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


PRE_NORM = "Your block is post-norm: it normalises the sum. Here each part reads the normalised tokens, and its result is added to the tokens as they were."
NO_SKIP = "What a part finds replaces the tokens: it must be added to them, or what they were is lost and the gradient has no short way back."
DETACHED = "No gradient comes back from your block. Something on the way is detached, or turned into an array."
GELU = Mistake(
    "gelu",
    "Between the two linear layers you have another nonlinearity than ReLU, or none: the loaded weights were made for ReLU.",
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
            "adds to the tokens what attention, then the feed-forward network find in the normalised tokens",
            on=["three heads", "one head, narrow inside", "a single token"],
        ),
        agrees(1, "hands a mask of each form on", on=["a causal mask", "padded tokens", "a mask for each query"]),
        moves(
            1,
            "a token is felt by all others of its sequence, and by itself alone where it is padding",
            another_hidden_token,
            on="padded tokens",
        ),
        agrees(1, "lets the gradient back through both parts and past them", on="the gradient"),
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
            "You add what attention finds to the normalised tokens. It is the tokens as they came that go straight through.",
            edit(
                "x = x + self.attention(self.norm1(x), mask=mask)",
                "x = self.norm1(x)\n        x = x + self.attention(x, mask=mask)",
            ),
        ),
        Mistake(
            "norms_swapped",
            "Your two norms have changed places: `norm1` stands before attention, `norm2` before the feed-forward network.",
            edit(
                "self.norm1(x), mask=mask)\n        return x + self.feed_forward(self.norm2(x))",
                "self.norm2(x), mask=mask)\n        return x + self.feed_forward(self.norm1(x))",
            ),
        ),
        Mistake(
            "one_norm_for_both",
            "You normalise by `norm1` twice. The feed-forward network has a norm of its own.",
            edit("self.norm2(x)", "self.norm1(x)"),
        ),
        Mistake(
            "mask_ignored",
            "Your answer does not feel the mask: hand it on to the attention, by name, as its second argument is the context.",
            edit(", mask=mask)", ")"),
        ),
        GELU,
        Mistake(
            "side_by_side",
            "Both parts read the tokens as they came in. The feed-forward network comes second and reads what attention has added to.",
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
    ],
    hints=[
        "A block has two parts. What does each read, and where does what it finds go?",
        "Which x is normalised before the feed-forward network: the one that came in, or the one that attention has added to?",
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
            "adds to the tokens what self-attention, cross-attention and the feed-forward network find, in this order",
            on=["three heads", "one head, narrow inside", "a single token"],
        ),
        moves(
            1,
            "hides the future: a token is felt by itself and later ones, and by none before it",
            another_last_token,
            on="three heads",
        ),
        agrees(1, "takes a mask of the memory", on=["a padded memory", "a memory mask for each query"]),
        moves(
            1,
            "every token feels the memory, and none feels its padding",
            another_end_of_memory,
            on="a padded memory",
        ),
        agrees(
            2,
            "lets gradients back to the tokens and to the memory, from which the encoder learns",
            on=["the gradient", "the gradient of a padded memory"],
        ),
    ],
    mistakes=[
        Mistake(
            "future_visible",
            "Your self-attention has no causal mask: each token reads those that it is to predict. The block makes the mask itself.",
            edit("self.self_attention(self.norm1(x), mask=past)", "self.self_attention(self.norm1(x))"),
        ),
        Mistake(
            "only_future_visible",
            "Your causal mask is the wrong way round: a token may attend to itself and to those before it.",
            edit(".tril()", ".triu()"),
        ),
        Mistake(
            "itself_hidden",
            "Your causal mask hides a token from itself: its diagonal must be True.",
            edit(".tril()", ".tril(-1)"),
        ),
        Mistake(
            "memory_normed",
            "You normalise the memory. It comes in as it is to be read; the norm before cross-attention is of the tokens alone.",
            edit("self.norm2(x), memory, memory_mask", "self.norm2(x), self.norm2(memory), memory_mask"),
        ),
        Mistake(
            "memory_mask_ignored",
            "Your answer does not feel the memory's mask: the padding of what the encoder read is attended to.",
            edit("self.norm2(x), memory, memory_mask", "self.norm2(x), memory"),
        ),
        Mistake(
            "memory_unread",
            "Your answer does not feel the memory: in cross-attention keys and values come from it.",
            edit("self.norm2(x), memory, memory_mask", "self.norm2(x)"),
        ),
        Mistake(
            "cross_attention_first",
            "You look at the memory before you look back. Self-attention comes first, so that a token knows what it is asking for.",
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
            "No gradient reaches the memory, and so the encoder would never learn. Is it detached on its way?",
            edit("self.norm2(x), memory, memory_mask", "self.norm2(x), memory.detach(), memory_mask"),
        ),
    ],
    hints=[
        "Three parts, three norms, three sums: what does each part read, and from where do its keys and values come?",
        "Who makes the causal mask, and what is its size? What does memory_mask hide, and in which of the two attentions?",
        "Whatever is normalised is what asks. What is read in cross-attention was finished by the encoder.",
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
            "writes after each prompt the token that the model likes best, again and again",
            on=["two prompts", "a prompt of one token", "one step"],
        ),
        agrees(
            2,
            "does so without reading any token twice",
            on=["many steps, counted", "one prompt, counted"],
        ),
    ],
    mistakes=[
        Mistake(
            "no_cache",
            "Your tokens are right, and each step reads the whole text again. Keep the cache that the model returns, and feed it what is new.",
            edit("logits, cache = model(new, cache)", "logits, _ = model(tokens, None)"),
        ),
        Mistake(
            "prompt_again",
            "You hand over the cache and the whole text: the model reads as new what it remembers already. Feed it the new token alone.",
            edit("model(new, cache)", "model(tokens, cache)"),
        ),
        Mistake(
            "cache_dropped",
            "You feed the new token alone, and no cache with it: the model knows nothing of what came before.",
            edit("model(new, cache)", "model(new, None)"),
        ),
        Mistake(
            "cache_of_the_prompt",
            "You keep the cache of the prompt and forget those of the later steps: what the model wrote, it does not remember.",
            edit(
                "logits, cache = model(new, cache)", "logits, later = model(new, cache)\n        cache = cache or later"
            ),
        ),
        Mistake(
            "first_row",
            "You read the logits of the first of the new tokens. The next token is told by the last.",
            edit("logits[:, -1:]", "logits[:, :1]"),
        ),
        Mistake(
            "prompt_left_out",
            "You return what was written without the prompt: the answer begins with it.",
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
        "Of the logits of several new tokens, which row tells what comes next? Which shape must a new token have to be fed?",
    ],
)


# A training run: a small transformer reads a string and writes it backwards.

LETTERS, LENGTH = 10, 8


def strings(draw, M=200):
    """Random strings of letters, held back from training; there are 10⁸, of which a run sees some thousands."""
    held = draw.integers(0, LETTERS, M, LENGTH)
    return {"seed": int(draw.integers(0, 2**31)), "strings": held, "truth": held[:, ::-1].copy()}


def reversed_strings(EncoderBlock, DecoderBlock, seed, strings):
    """-> letters (M, L)

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
        reaches(5, "writes at least 99 % of the letters of new strings in the right place", "accuracy", at_least=0.99)
    ],
    mistakes=[
        # A decoder that sees the future is none: on one seed in seven it learns to reverse all the same.
        Mistake(
            "memory_unread",
            "The decoder never looks at what the encoder has read.",
            edit("self.norm2(x), memory, memory_mask", "self.norm2(x)", of="DecoderBlock"),
        ),
        Mistake(
            "memory_averaged",
            "The encoder gives every token the same vector, so that nobody can tell where a letter stood.",
            edit(
                "return x + self.feed_forward(self.norm2(x))",
                "return (x + self.feed_forward(self.norm2(x))).mean(1, keepdim=True).expand_as(x)",
                of="EncoderBlock",
            ),
        ),
        Mistake(
            "detached",
            "No gradient comes back through the decoder, and all that learns is the last layer.",
            edit(
                "return x + self.feed_forward(self.norm3(x))",
                "return (x + self.feed_forward(self.norm3(x))).detach()",
                of="DecoderBlock",
            ),
        ),
        Mistake(
            "constant",
            "The decoder answers the same whatever it is given.",
            edit("return x + self.feed_forward(self.norm3(x))", "return 0 * x", of="DecoderBlock"),
        ),
    ],
    hints=[
        "Are EncoderBlock and DecoderBlock both right? What is trained here is nothing but these two.",
        "If the loss falls and the strings come out wrong: what can the decoder see in training that it cannot see when it writes?",
    ],
)
