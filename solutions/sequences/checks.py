"""How the answers of this unit are judged: cases, checks and the mistakes that people really make."""

from functools import partial

import numpy as np
import torch

from grader.exercise import Exercise, Mistake, agrees, device, edit, moves, reaches, redrawn, report, returns, swapped

ALLOWS = ("numpy", "torch")

FAR = 1000.0  # what is this large overflows exp, which ends near 709

OVERFLOWING_SIGMOID = edit("np.where(x >= 0, 1.0, e) / (1.0 + e)", "np.exp(x) / (1.0 + np.exp(x))", of="_sigmoid")
OVERFLOW = Mistake(
    "overflow",
    "At inputs of 1000 your sigmoid is inf / inf, which is nan. Write the sigmoid so that no exp gets a large positive number, or so that an infinite exp is in the denominator only.",
    OVERFLOWING_SIGMOID,
)


# Tokens


def spelled(draw, text, pair="ab"):
    """A text's letters as token ids: large integers, a new one for each letter."""
    letters = sorted(set(text) | set(pair))
    numbers = draw.permutation(30_000)[: len(letters) + 1].tolist()
    ids = dict(zip(letters, numbers, strict=False))
    return {
        "ids": [ids[letter] for letter in text],
        "pair": tuple(ids[letter] for letter in pair),
        "new_id": numbers[-1],
    }


def many_ids(draw, T=60, V=4):
    """A long list of few different tokens, and a pair that stands somewhere in it."""
    ids = draw.integers(0, V, T)
    ids[[20, 21, 22, 41, 42, 43]] = [1, 2, 1, 0, 1, 2]
    return {"ids": (300 + ids).tolist(), "pair": (301, 302), "new_id": 400}


def merge_from_the_right(ids, pair, new_id):
    merged, i = [], len(ids) - 1
    while i >= 0:
        if i > 0 and (ids[i - 1], ids[i]) == pair:
            merged.append(new_id)
            i -= 2
        else:
            merged.append(ids[i])
            i -= 1
    return merged[::-1]


def merge_the_first_alone(ids, pair, new_id):
    for i in range(len(ids) - 1):
        if (ids[i], ids[i + 1]) == pair:
            return [*ids[:i], new_id, *ids[i + 2 :]]
    return list(ids)


PAIR_FOUND = "tuple(ids[i : i + 2]) == tuple(pair)"

SMALL = ("1e-5", "1e-6", "1e-7", "1e-8", "1e-9", "1e-10", "1e-12", "1e-15")  # what people write to keep a log finite

tokenize_bpe_merge = Exercise(
    points=5,
    cases={
        "a pair that occurs three times": lambda draw: spelled(draw, "cabdbaabccabd"),
        "sixty tokens": many_ids,
        "a run of three": lambda draw: spelled(draw, "caaabc", "aa"),
        "runs of four and five": lambda draw: spelled(draw, "aaaabcaaaaab", "aa"),
        "a pair at both ends": lambda draw: spelled(draw, "abcacbbcab"),
        "nothing but the pair": lambda draw: spelled(draw, "ab"),
        "nothing to merge": lambda draw: spelled(draw, "cbacbda"),
        "a single token": lambda draw: spelled(draw, "a"),
    },
    checks=[
        agrees(
            2,
            "replaces every occurrence of the pair, and nothing else",
            on=["a pair that occurs three times", "sixty tokens"],
        ),
        agrees(
            2, "merges from left to right, and uses each token once", on=["a run of three", "runs of four and five"]
        ),
        agrees(
            1,
            "handles both ends, and keeps tokens that cannot be merged",
            on=["a pair at both ends", "nothing but the pair", "nothing to merge", "a single token"],
        ),
    ],
    mistakes=[
        Mistake(
            "merged_tokens_stay",
            "After a merge you continue at the second token of the pair. That token is used up: skip it.",
            edit("i += 2", "i += 1"),
        ),
        Mistake(
            "last_token_lost",
            "You drop the last token. The last token has no right neighbour, but it stays if it is not part of a merge.",
            edit("while i < len(ids):", "while i < len(ids) - 1:"),
        ),
        Mistake(
            "from_the_right",
            "You merge from the right. In a, a, a the first two tokens become one, not the last two.",
            merge_from_the_right,
        ),
        Mistake(
            "first_alone",
            "You merge the first occurrence and stop. One merge of byte-pair encoding replaces every occurrence.",
            merge_the_first_alone,
        ),
        Mistake(
            "either_order",
            "You merge the two tokens in either order. A pair is ordered: its first token must come first in the list.",
            edit(PAIR_FOUND, "tuple(sorted(ids[i : i + 2])) == tuple(sorted(pair))"),
        ),
        Mistake(
            "first_token_kept",
            "You keep the first token of the pair in front of the new one. The new token replaces both.",
            edit("merged.append(new_id)", "merged.extend([ids[i], new_id])"),
        ),
    ],
    hints=[
        "After a merge, how many tokens have you read: one or two? And where you do not merge?",
        "A for loop steps by one each time. Which loop lets you choose the step?",
        "At the last position, what can you compare the token with? Try a list of one token.",
    ],
)


def lookup(draw, *shape, V=9, D=4):
    return {"ids": draw.integers(0, V, *shape), "table": draw(V, D)}


def spread_lookup(draw):
    """Both the first and the last row of the table are asked for."""
    inputs = lookup(draw, 2, 5)
    inputs["ids"][0, 1], inputs["ids"][1, 3] = 0, 8
    return inputs


def another_row(inputs, draw):
    """The vector of one token that occurs becomes another."""
    table = inputs["table"].copy()
    table[inputs["ids"].flat[0]] = draw(table.shape[1])
    return inputs | {"table": table}


embedding = Exercise(
    points=3,
    cases={
        "two sequences of five": spread_lookup,
        "one sequence": lambda draw: lookup(draw, 6),
        "three axes": lambda draw: lookup(draw, 2, 3, 4, V=7, D=5),
        "a single token": lambda draw: lookup(draw, 1, V=5, D=3),
        "vectors of length one": lambda draw: lookup(draw, 3, 4, V=6, D=1),
        "the same token again and again": lambda draw: lookup(draw, 2, 6, V=8, D=3) | {"ids": np.full((2, 6), 5)},
    },
    checks=[
        agrees(1, "returns each token's vector at the token's position", on=["two sequences of five", "one sequence"]),
        agrees(
            1,
            "keeps the shape of ids, whatever it is, and adds one axis",
            on=["three axes", "a single token", "vectors of length one", "the same token again and again"],
        ),
        moves(
            1,
            "changing one token's vector changes the output wherever that token occurs, and nowhere else",
            another_row,
            on=["two sequences of five", "three axes"],
        ),
    ],
    mistakes=[
        Mistake(
            "from_one",
            "You take the row before each id. Ids count from 0, like the rows of an array.",
            edit("table[ids]", "table[ids - 1]"),
        ),
        Mistake(
            "flat_table",
            "You take single numbers from the table, as if it were one long vector. An id selects a whole row: along which axis must you index?",
            edit("table[ids]", "np.take(table, ids)"),
        ),
        Mistake(
            "flat_ids",
            "You return one long list of vectors. Keep the axes of ids: out has all of them, and one more.",
            edit("table[ids]", "table[ids.reshape(-1)]"),
        ),
        Mistake(
            "scaled",
            "You multiply the vectors by √D. Some transformers scale their embeddings like this, but a look-up returns the rows unchanged.",
            edit("table[ids]", "table[ids] * np.sqrt(table.shape[1])"),
        ),
        Mistake(
            "averaged",
            "You average the vectors over the tokens, as a bag of words does. Each token keeps its own vector.",
            edit("table[ids]", "table[ids].mean(axis=-2)"),
        ),
    ],
    hints=[
        "What does NumPy return if you index an array with an array of integers?",
        "Which shape does the answer have if ids has shape (2, 5) and the table has shape (9, 4)?",
    ],
)


def looked_up(draw, *shape, V=9, D=4, upstream=1.0):
    return {"dout": upstream * draw(*shape, D)} | lookup(draw, *shape, V=V, D=D)


def each_once(draw):
    """No token occurs twice, one never, and the last row does."""
    inputs = looked_up(draw, 2, 4)
    inputs["ids"] = np.append(draw.permutation(8)[:7], 8).reshape(2, 4)
    return inputs


def repeated(draw):
    """Every token occurs at least twice; the table's last rows are not used."""
    inputs = looked_up(draw, 3, 4, V=10, D=5)
    inputs["ids"] = np.tile(draw.permutation(7)[:6], 2)[draw.permutation(12)].reshape(3, 4)
    return inputs


def uneven_upstream(draw):
    """Gradients of very different sizes meet in one row."""
    inputs = repeated(draw)
    return inputs | {"dout": inputs["dout"] * 10.0 ** draw.integers(-3, 4, 3, 4, 1)}


another_first_upstream = redrawn(dout=np.s_[0, 0])


embedding_backward = Exercise(
    points=5,
    forbids=["automatic differentiation"],
    cases={
        "each token at most once": each_once,
        "repeated tokens": repeated,
        "the same token again and again": lambda draw: looked_up(draw, 2, 3, V=6) | {"ids": np.full((2, 3), 4)},
        "large and small gradients": uneven_upstream,
        "one sequence": lambda draw: looked_up(draw, 8, V=5, D=3),
        "three axes": lambda draw: looked_up(draw, 2, 3, 4, V=7, D=5),
        "a single token": lambda draw: looked_up(draw, 1, V=4, D=3),
        "vectors of length one": lambda draw: looked_up(draw, 2, 5, V=6, D=1),
    },
    checks=[
        agrees(1, "gives each row of the table the gradient of its token", on="each token at most once"),
        agrees(
            2,
            "adds up the gradients of a token that occurs again",
            on=["repeated tokens", "the same token again and again", "large and small gradients"],
        ),
        agrees(
            1,
            "accepts ids of any shape",
            on=["one sequence", "three axes", "a single token", "vectors of length one"],
        ),
        moves(
            1,
            "passes the gradient of one position to the row of its token, and to no other",
            another_first_upstream,
            on=["each token at most once", "repeated tokens"],
        ),
    ],
    mistakes=[
        Mistake(
            "repeats_lost",
            "You keep only the last gradient of a token that occurs twice: += with an array of indices reads all rows first and writes them afterwards. NumPy has an add that counts repeats.",
            edit("np.add.at(dtable, ids, dout)", "dtable[ids] += dout"),
        ),
        Mistake(
            "averaged_over_repeats",
            "You divide by how often a token occurs. All its positions use the same row, so their gradients add up.",
            returns("dtable / np.maximum(np.bincount(ids.ravel(), minlength=len(table)), 1)[:, None]"),
        ),
        Mistake(
            "averaged_over_tokens",
            "You divide by the number of tokens. Sum instead: if the loss is a mean, dout already contains the division.",
            edit("return dtable", "return dtable / ids.size"),
        ),
        Mistake(
            "started_from_the_table",
            "You add the gradients to the table's own values. Start from zeros: only the shape of the table matters.",
            edit("np.zeros_like(table)", "table.copy()"),
        ),
        Mistake(
            "used_rows_only",
            "You return one row for each token that occurs. A gradient has the shape of its parameter: unused rows are zero.",
            edit("return dtable", "return dtable[np.unique(ids)]"),
        ),
        Mistake(
            "cut_at_the_largest_id",
            "Your gradient ends at the largest id that occurs. It needs a row for every row of the table.",
            edit("return dtable", "return dtable[: ids.max() + 1]"),
        ),
    ],
    hints=[
        "If a token occurs at three positions, how many terms of the loss depend on its row?",
        "What does a[[0, 0]] += 1 do to a[0]? Try it.",
        "NumPy's ufuncs have a method for sums into places that may repeat. A loop over the positions will do, too.",
    ],
)


def sentence(draw, T, window, V=1000):
    """Different tokens, so that every pair says where it comes from."""
    return {"tokens": draw.permutation(V)[:T].tolist(), "window": window}


def repeated_sentence(draw):
    """Equal tokens stand next to each other and two apart."""
    a, b, c = draw.permutation(1000)[:3].tolist()
    return {"tokens": [a, a, b, a, c, c, b], "window": 2}


def pairs_of(tokens, neighbours):
    return [(center, tokens[j]) for i, center in enumerate(tokens) for j in neighbours(i) if 0 <= j < len(tokens)]


PLACES = "range(max(0, i - window), min(len(tokens), i + window + 1))"

skipgram_pairs = Exercise(
    points=5,
    words={"pairs[#]": "pair {}", "pairs[#][0]": "the center of pair {}", "pairs[#][1]": "the context of pair {}"},
    cases={
        "six tokens, window 2": lambda draw: sentence(draw, 6, 2),
        "nine tokens, window 3": lambda draw: sentence(draw, 9, 3),
        "window 1": lambda draw: sentence(draw, 5, 1),
        "repeated tokens": repeated_sentence,
        "a window wider than the text": lambda draw: sentence(draw, 4, 7),
        "two tokens": lambda draw: sentence(draw, 2, 2),
        "a single token": lambda draw: sentence(draw, 1, 2),
    },
    checks=[
        agrees(
            3,
            "lists (center, context) for every position in the window, in order",
            on=["six tokens, window 2", "nine tokens, window 3", "window 1"],
        ),
        agrees(1, "leaves out the center's position, but keeps equal tokens elsewhere", on="repeated tokens"),
        agrees(
            1,
            "cuts the window off at the text's ends",
            on=["a window wider than the text", "two tokens", "a single token"],
        ),
    ],
    mistakes=[
        Mistake(
            "center_included",
            "You pair each token with itself. The center's own position is not a context.",
            edit("if j != i:", "if True:"),
        ),
        Mistake(
            "equals_left_out",
            "You leave out contexts that are equal to their center. A word may occur near itself: only the position must differ.",
            edit("if j != i:", "if tokens[j] != center:"),
        ),
        Mistake(
            "right_end_missing",
            "You miss the last context on the right: range stops before its end.",
            edit("i + window + 1", "i + window"),
        ),
        Mistake(
            "right_only",
            "You look only to the right. The window reaches equally far to the left.",
            edit("max(0, i - window)", "i"),
        ),
        Mistake(
            "wraps_around",
            "At the start of the text your window wraps around to the end: a negative index counts from the end.",
            lambda tokens, window: [
                (center, tokens[j])
                for i, center in enumerate(tokens)
                for j in range(i - window, i + window + 1)
                if j != i and -len(tokens) <= j < len(tokens)
            ],
        ),
        Mistake(
            "context_first",
            "You swap center and context in each pair. The center comes first.",
            edit("(center, tokens[j])", "(tokens[j], center)"),
        ),
        Mistake(
            "near_ones_first",
            "Your pairs are right, but not in order: contexts go from left to right, not from near to far.",
            lambda tokens, window: pairs_of(
                tokens, lambda i: [i + sign * d for d in range(1, window + 1) for sign in (-1, 1)]
            ),
        ),
        Mistake(
            "half_a_window",
            "You split the window between both sides. It reaches `window` positions to each side.",
            edit(PLACES, "range(max(0, i - window // 2), min(len(tokens), i + window // 2 + 1))"),
        ),
    ],
    hints=[
        "If the text were endless on both sides, which positions would be contexts of position i?",
        "And which of these positions exist? What does Python return for tokens[-1]?",
        "What must a context not share with its center: the token, or the position?",
    ],
)


def sampled(draw, D=5, S=4, size=0.7):
    return {"center": draw(D), "context": size * draw(D), "negatives": size * draw(S, D)}


def repeated_negatives(draw):
    """A negative occurs twice, and the true context is among the negatives, too."""
    inputs = sampled(draw, D=4, S=5)
    inputs["negatives"][3] = inputs["negatives"][1]
    inputs["negatives"][4] = inputs["context"]
    return inputs


def far_sampled(draw, sign=-1.0):
    """Dot products near 1000 and -1000 beside ordinary ones."""
    inputs = sampled(draw)
    inputs["center"][-1] = 1.0
    inputs["context"][-1] = sign * FAR
    inputs["negatives"][:2, -1] = FAR, -FAR
    return inputs


another_first_negative = redrawn(negatives=0)


def sampled_mean(center, context, negatives):
    """The loss with the mean over the negatives, and its gradients."""
    positive, negative = 1 / (1 + np.exp(context @ center)), 1 / (1 + np.exp(-negatives @ center)) / len(negatives)
    loss = np.logaddexp(0, -context @ center) + np.logaddexp(0, negatives @ center).mean()
    dcenter = negative @ negatives - positive * context
    return loss, dcenter, -positive * center, np.outer(negative, center)


LOSS = "np.logaddexp(0.0, -positive) + np.logaddexp(0.0, negative).sum()"

NEGATIVES = ["four negatives", "more negatives than features"]

negative_sampling = Exercise(
    points=8,
    forbids=["automatic differentiation"],
    cases={
        "four negatives": sampled,
        "more negatives than features": partial(sampled, D=3, S=7),
        "a single negative": partial(sampled, D=6, S=1),
        "a single feature": partial(sampled, D=1, S=3),
        "repeated negatives": repeated_negatives,
        "a context at -1000": far_sampled,
        "a context at 1000": partial(far_sampled, sign=1.0),
    },
    checks=[
        agrees(1, "returns the loss", on=NEGATIVES, part="loss"),
        agrees(1, "returns dcenter, with a term from every pair", on=NEGATIVES, part="dcenter"),
        agrees(1, "returns dcontext", on=NEGATIVES, part="dcontext"),
        agrees(1, "returns dnegatives, with a row for each negative", on=NEGATIVES, part="dnegatives"),
        agrees(
            1,
            "counts each negative, once for each time that it is listed",
            on=["a single negative", "a single feature", "repeated negatives"],
        ),
        moves(
            1,
            "changing a negative changes the loss, dcenter and its own row of dnegatives only",
            another_first_negative,
            on="four negatives",
        ),
        agrees(2, "is right and finite for dot products near ±1000", on=["a context at -1000", "a context at 1000"]),
    ],
    mistakes=[
        Mistake(
            "mean_over_negatives",
            "You average over the negatives. This loss sums over them.",
            sampled_mean,
        ),
        Mistake(
            "negatives_not_in_loss",
            "You leave the negatives out of the loss. Without them, it would be lowest with all vectors long and equal.",
            edit(LOSS, "np.logaddexp(0.0, -positive)"),
        ),
        Mistake(
            "negatives_pulled",
            "Your loss treats the negatives like the context and rewards their large dot products. Dot products with negatives should be small.",
            edit("np.logaddexp(0.0, negative)", "np.logaddexp(0.0, -negative)"),
        ),
        Mistake(
            "dcenter_without_negatives",
            "You leave the negatives out of dcenter. The center's vector is in each of their dot products, too.",
            edit(" + dnegative @ negatives", ""),
        ),
        Mistake(
            "outside_for_center",
            "Your dcontext points along the context itself. The gradient of a dot product with respect to one vector is the other vector.",
            edit("dpositive * center", "dpositive * context"),
        ),
        Mistake(
            "scores_for_sigmoids",
            "You weight the negatives in dcenter by their dot products. The slope of the loss with respect to a dot product is between 0 and 1: it is a sigmoid.",
            edit("dnegative @ negatives", "negative @ negatives"),
        ),
        Mistake(
            "uphill",
            "Your gradients all have the wrong sign: they point in the direction in which the loss falls. A gradient points uphill.",
            edit("-_sigmoid(-positive), _sigmoid(negative)", "_sigmoid(-positive), -_sigmoid(negative)"),
        ),
        Mistake(
            "log_of_zero",
            "Your loss is inf where a dot product is large on the wrong side: the sigmoid rounds to 0 before you take the log. Combine log and sigmoid on paper, and use logaddexp.",
            edit(LOSS, "-np.log(1 / (1 + np.exp(-positive))) - np.log(1 / (1 + np.exp(negative))).sum()"),
        ),
        *(
            Mistake(
                f"log_of_sigmoid_plus_{eps}",
                "You add a small number inside the logarithm, so a dot product far on the wrong side costs too little. Combine log and sigmoid on paper.",
                edit(LOSS, f"-np.log(_sigmoid(positive) + {eps}) - np.log(_sigmoid(-negative) + {eps}).sum()"),
            )
            for eps in SMALL
        ),
    ],
    hints=[
        "What is the slope of -log σ(x)? It is simpler than you would expect, and between -1 and 0.",
        "In how many of the dot products does center appear, and in how many does each negative appear?",
        "Write -log σ(x) as log(1 + exp(-x)). Which function of NumPy adds two numbers that are given by their logs?",
    ],
)


# Recurrent networks


def cell(draw, N=3, D=5, H=4, blocks=1):
    """An input, an old state and a cell's weights; all sizes differ, so that no axis can pass for another."""
    return {
        "x": draw(N, D),
        "h": draw(N, H),
        "Wx": draw(D, blocks * H) * D**-0.5,
        "Wh": draw(H, blocks * H) * H**-0.5,
        "b": draw(blocks * H) * 0.5,
    }


def run(draw, N=3, T=6, D=5, H=4, blocks=1):
    """Like `cell`, with whole sequences."""
    inputs = cell(draw, N, D, H, blocks)
    return {"x": draw(N, T, D), "h0": inputs["h"], **{name: inputs[name] for name in ("Wx", "Wh", "b")}}


def saturated(case, blocks=1, bias="b"):
    """Biases carry one unit's gates to 1000, one's to -1000, one's to either, and leave the others as they are."""

    def far(draw):
        inputs = case(draw)
        b = inputs[bias].reshape(blocks, -1)
        b[:, 0], b[:, 1], b[:, 2] = FAR, -FAR, FAR * draw.signs(blocks)
        return inputs

    return far


def upstream(case, *names):
    """A case's inputs, and before them gradients of the loss in what the function answers."""

    def backward(draw, **sizes):
        inputs = case(draw, **sizes)
        shape = (*inputs["x"].shape[:-1], len(inputs["Wh"]))
        return {name: draw(*shape) for name in names} | inputs

    return backward


def another_first_row(name):
    """The first example gets another row of one input."""

    def change(inputs, draw):
        array = inputs[name].copy()
        array[0] = draw(*array.shape[1:])
        return inputs | {name: array}

    return change


another_future = redrawn(x=np.s_[:, 3:])


another_third_step = redrawn(dout=np.s_[:, 2])


MAIN, WIDE, NARROW = "three examples", "more units than features", "one feature, one unit"
EQUAL = "as many units as features"
ONE, SATURATED = "a single example", "sums near ±1000"


def cells(case, far):
    """The cases of a cell."""
    return {
        MAIN: case,
        WIDE: partial(case, N=4, D=2, H=6),
        EQUAL: partial(case, N=2, D=4, H=4),
        ONE: partial(case, N=1),
        NARROW: partial(case, N=5, D=1, H=1),
        SATURATED: far,
    }


NO_TANH = Mistake(
    "no_tanh",
    "You leave out the tanh. Without it a step is linear, and so are a hundred steps.",
    edit("np.tanh(x @ Wx + h @ Wh + b)", "x @ Wx + h @ Wh + b", of="rnn_step"),
)

rnn_step = Exercise(
    points=4,
    cases=cells(cell, saturated(cell)),
    checks=[
        agrees(2, "computes the new state from the input, the old state and the bias", on=[MAIN, WIDE, EQUAL]),
        agrees(1, "is right and finite for inputs of ±1000 to tanh", on=SATURATED),
        agrees(1, "returns the right shapes for a single example and a single unit", on=[ONE, NARROW]),
    ],
    mistakes=[
        NO_TANH,
        Mistake(
            "state_ignored",
            "You ignore the old state, so the network has no memory. The old state enters through Wh.",
            edit("return np.tanh(x @ Wx + h @ Wh + b)", "return np.tanh(x @ Wx + b)"),
        ),
        Mistake(
            "bias_ignored",
            "You leave out the bias.",
            edit("return np.tanh(x @ Wx + h @ Wh + b)", "return np.tanh(x @ Wx + h @ Wh)"),
        ),
        Mistake(
            "Wh_transposed",
            "You multiply the state by the transpose of Wh. Wh is square, so the shapes do not show this mistake; multiply as with Wx.",
            edit("h @ Wh + b", "h @ Wh.T + b"),
        ),
        Mistake(
            "two_tanhs",
            "You take the tanh of each part and add them. Take one tanh, of the whole sum, so that the state stays within ±1.",
            edit("np.tanh(x @ Wx + h @ Wh + b)", "np.tanh(x @ Wx + b) + np.tanh(h @ Wh)"),
        ),
        Mistake(
            "sigmoid",
            "You use the sigmoid, whose values lie between 0 and 1. This cell uses tanh, whose values may be negative.",
            edit("np.tanh(x @ Wx + h @ Wh + b)", "_sigmoid(x @ Wx + h @ Wh + b)"),
        ),
        Mistake(
            "overflow",
            "At ±1000 your exponentials overflow, and inf / inf is nan. NumPy has a tanh that does not.",
            edit(
                "return np.tanh(x @ Wx + h @ Wh + b)",
                "a = x @ Wx + h @ Wh + b\n    return (np.exp(a) - np.exp(-a)) / (np.exp(a) + np.exp(-a))",
            ),
        ),
    ],
    hints=[
        "There are two linear layers here, one for the input and one for the old state. Which shape does each of their outputs have?",
        "What keeps a state within bounds, however many steps are taken?",
    ],
)

DB_MEAN = "You average db over the examples. Sum instead: the incoming gradient already contains the 1/N."
DB_2D = "Your db has an extra axis of length 1. A gradient has the shape of its parameter."

TANH_OVERFLOWS = Mistake(
    "overflow",
    "At ±1000 your exponentials overflow, in the tanh or in its slope, and inf / inf is nan. NumPy has a tanh that does not.",
    edit(
        "return np.tanh(x @ Wx + h @ Wh + b)",
        "a = x @ Wx + h @ Wh + b\n    return (np.exp(a) - np.exp(-a)) / (np.exp(a) + np.exp(-a))",
        of="rnn_step",
    ),
)

rnn_step_backward = Exercise(
    points=6,
    forbids=["automatic differentiation"],
    cases=cells(upstream(cell, "dh_next"), upstream(saturated(cell), "dh_next")),
    checks=[
        agrees(1, "returns dx and dh", on=[MAIN, WIDE, EQUAL], part=["dx", "dh"]),
        agrees(1, "returns dWx and dWh", on=[MAIN, WIDE, EQUAL], part=["dWx", "dWh"]),
        agrees(1, "returns db", on=[MAIN, WIDE, EQUAL], part="db"),
        agrees(1, "returns the right shapes for a single example and a single unit", on=[ONE, NARROW]),
        agrees(1, "passes no gradient back through a saturated unit", on=SATURATED),
        moves(
            1,
            "changing dh_next of one example changes only that example's dx and dh, and the gradients of all three parameters",
            another_first_row("dh_next"),
            on=MAIN,
        ),
    ],
    mistakes=[
        Mistake(
            "tanh_skipped",
            "You go back through the two linear layers, but not through the tanh. Multiply dh_next by the slope of tanh first.",
            edit("dh_next * (1.0 - h_next**2)", "dh_next"),
        ),
        Mistake(
            "no_upstream",
            "You use the slope of tanh, but leave out dh_next. The chain rule multiplies the two.",
            edit("dh_next * (1.0 - h_next**2)", "1.0 - h_next**2"),
        ),
        Mistake(
            "slope_at_upstream",
            "You take the slope of tanh at dh_next. Take it at the sum that goes into tanh in the forward pass.",
            edit("1.0 - h_next**2", "1.0 - np.tanh(dh_next) ** 2"),
        ),
        Mistake(
            "slope_from_old_state",
            "You compute the slope from the old state h. The output of this tanh is the new state: compute it again.",
            edit("1.0 - h_next**2", "1.0 - h**2"),
        ),
        Mistake(
            "slope_of_the_sum",
            "You compute the slope as if the input of tanh were its output.",
            edit("1.0 - h_next**2", "1.0 - (x @ Wx + h @ Wh + b) ** 2"),
        ),
        Mistake(
            "Wh_not_transposed",
            "You multiply by Wh without transposing it. Wh is square, so the shapes do not show this mistake; compare with dx, where they do.",
            edit("da @ Wh.T", "da @ Wh"),
        ),
        Mistake("db_mean", DB_MEAN, edit("da.sum(axis=0)", "da.mean(axis=0)")),
        Mistake("db_kept_2d", DB_2D, edit("da.sum(axis=0)", "da.sum(axis=0, keepdims=True)")),
        TANH_OVERFLOWS,
    ],
    hints=[
        "Give the sum that goes into tanh a name. What is its gradient, if dh_next is the gradient of tanh's output?",
        "From there it is a linear layer, twice. What were the gradients of x @ W + b?",
        "How can you write the slope of tanh with nothing but its value, the new state?",
    ],
)


LONG, MIXED, ONE_STEP = "forty steps", "two sequences of nine", "a single step"


def runs(case, far):
    """The cases of a network that reads whole sequences."""
    return {
        MAIN: case,
        MIXED: partial(case, N=2, T=9, D=3, H=7),
        EQUAL: partial(case, N=2, T=3, D=4, H=4),
        LONG: partial(case, N=2, T=40, D=3, H=5),
        ONE: partial(case, N=1),
        ONE_STEP: partial(case, T=1),
        NARROW: partial(case, N=4, T=5, D=1, H=1),
        SATURATED: far,
    }


rnn = Exercise(
    points=6,
    cases=runs(run, saturated(run)),
    checks=[
        agrees(3, "carries the state from h0 through every step", on=[MAIN, MIXED, LONG, EQUAL]),
        moves(1, "does not let the future change the past", another_future, on=MAIN),
        agrees(
            1, "returns every axis for a single example, a single step and a single unit", on=[ONE, ONE_STEP, NARROW]
        ),
        agrees(1, "is right and finite for inputs of ±1000 to tanh", on=SATURATED),
    ],
    mistakes=[
        Mistake(
            "state_not_carried",
            "You start every step from h0. A step must start from the state after the previous step.",
            edit("states[-1]", "h0"),
        ),
        Mistake(
            "h0_ignored",
            "You start from zeros, whatever h0 is. The first step must start from it.",
            edit("states = [h0]", "states = [np.zeros_like(h0)]"),
        ),
        Mistake(
            "one_step_late",
            "You return the state before each step, so your answer begins with h0. Return the state after each step.",
            edit("states[1:]", "states[:-1]"),
        ),
        Mistake(
            "h0_included",
            "You return T + 1 states. h0 is not part of the answer.",
            edit("states[1:]", "states"),
        ),
        Mistake(
            "last_state_only",
            "You return only the state after the last step. Return the states after all steps.",
            edit("np.stack(states[1:], axis=1)", "states[-1]"),
        ),
        Mistake(
            "time_first",
            "You return time as the first axis. Here the batch comes first: (N, T, H).",
            edit("axis=1", "axis=0"),
        ),
        Mistake(
            "backwards",
            "You read the sequence from the end to the start. The first step reads x[:, 0].",
            edit("range(x.shape[1])", "reversed(range(x.shape[1]))"),
        ),
        NO_TANH,
        TANH_OVERFLOWS,
    ],
    hints=[
        "What does a step need besides its input? Where does that come from in the first step, and in all others?",
        "Which axis of x is time? What is the shape of one step's input?",
    ],
)


rnn_backward = Exercise(
    points=9,
    forbids=["automatic differentiation"],
    cases=runs(upstream(run, "dout"), upstream(saturated(run), "dout")),
    checks=[
        agrees(2, "returns dx and dh0", on=[MAIN, MIXED, LONG, EQUAL], part=["dx", "dh0"]),
        agrees(1, "returns dWx and dWh, added up over the steps", on=[MAIN, MIXED, LONG, EQUAL], part=["dWx", "dWh"]),
        agrees(1, "returns db, added up over the steps", on=[MAIN, MIXED, LONG, EQUAL], part="db"),
        agrees(
            2, "returns every axis for a single example, a single step and a single unit", on=[ONE, ONE_STEP, NARROW]
        ),
        moves(
            2,
            "passes the gradient of a step back to that step and earlier ones, never to later ones",
            another_third_step,
            on=MAIN,
        ),
        agrees(1, "passes no gradient back through a saturated unit", on=SATURATED),
    ],
    mistakes=[
        Mistake(
            "no_recurrence",
            "You do not pass the gradient back through time. The state after a step also feeds the next step, and the gradient from there is missing.",
            edit("dout[:, t] + dh", "dout[:, t]"),
        ),
        Mistake(
            "last_dout_only",
            "You use only the dout of the last step. Add the dout of each step at that step.",
            edit("dout[:, t] + dh", "dh + (dout[:, t] if t == x.shape[1] - 1 else 0.0)"),
        ),
        Mistake(
            "weights_overwritten",
            "You overwrite dWx, dWh and db in every step, so only the first step counts. All steps share the weights, so their gradients add up.",
            edit(
                "dWx += step[2]\n        dWh += step[3]\n        db += step[4]",
                "dWx, dWh, db = step[2:]",
            ),
        ),
        Mistake(
            "state_after_the_step",
            "You give each step's backward pass the state after the step. It needs the state before the step, which is h0 for the first step.",
            edit("before[:, t]", "h[:, t]"),
        ),
        Mistake(
            "zeros_before",
            "In the backward pass you let the first step start from zeros. It starts from h0.",
            edit("[h0[:, None], h[:, :-1]]", "[0 * h0[:, None], h[:, :-1]]"),
        ),
        Mistake(
            "dh_added_up",
            "You add up the gradients of the state over all steps. The gradient that a step passes back already contains the one that it received: replace it.",
            edit("dx[:, t], dh = step[:2]", "dx[:, t], dh = step[0], dh + step[1]"),
        ),
        Mistake(
            "forwards",
            "You go through the steps from first to last. The backward pass starts at the last step.",
            edit("reversed(range(x.shape[1]))", "range(x.shape[1])"),
        ),
        Mistake(
            "mean_over_time",
            "You divide dWx, dWh and db by the number of steps. Sum instead: if the loss is a mean, dout already contains the division.",
            edit("return dx, dh, dWx, dWh, db", "return dx, dh, dWx / x.shape[1], dWh / x.shape[1], db / x.shape[1]"),
        ),
        TANH_OVERFLOWS,
        Mistake(
            "last_state_first",
            "At the first step you take the last state for the one before: index −1 wraps around to the end. Before the first step the state is h0.",
            edit("[h0[:, None], h[:, :-1]]", "[h[:, -1:], h[:, :-1]]"),
        ),
    ],
    hints=[
        "The state after step t is used twice: in the loss and in step t+1. What is its gradient, then?",
        "For which step is the gradient of the state known from the start, without any other step?",
        "Every step uses the same Wx, Wh and b. What does that mean for their gradients?",
    ],
)


def gated(draw, **sizes):
    inputs = cell(draw, blocks=3, **sizes)
    bx = inputs.pop("b")
    return inputs | {"bx": bx, "bh": draw(len(bx))}


GRU_GATES = """r = _sigmoid(xr + hr)
    z = _sigmoid(xz + hz)
    n = np.tanh(xn + r * hn)
"""

gru_cell = Exercise(
    points=7,
    cases=cells(gated, saturated(gated, 3, "bx")),
    checks=[
        agrees(4, "mixes the old state and a new one with its gates", on=[MAIN, WIDE, EQUAL]),
        agrees(1, "returns the right shapes for a single example and a single unit", on=[ONE, NARROW]),
        agrees(1, "is right and finite for inputs of ±1000 to the gates", on=SATURATED),
        moves(1, "changing one example's state changes that example only", another_first_row("h"), on=MAIN),
    ],
    mistakes=[
        Mistake(
            "update_swapped",
            "You invert the update gate. Where z is 1 the old state stays. Textbooks differ on this; here it is as in PyTorch.",
            edit("(1.0 - z) * n + z * h", "z * n + (1.0 - z) * h"),
        ),
        Mistake(
            "reset_before_product",
            "You apply the reset gate before you multiply the state by the weights. Here the product comes first, and r multiplies the result.",
            edit(
                GRU_GATES,
                """r = _sigmoid(xr + hr)
    z = _sigmoid(xz + hz)
    H = h.shape[1]
    n = np.tanh(xn + (r * h) @ Wh[:, 2 * H :] + bh[2 * H :])
""",
            ),
        ),
        Mistake(
            "bias_not_reset",
            "Your r does not multiply the bias. It multiplies everything that comes from the old state: the product and its bias.",
            edit("np.tanh(xn + r * hn)", "np.tanh(xn + r * (hn - bh[-h.shape[1] :]) + bh[-h.shape[1] :])"),
        ),
        Mistake(
            "reset_forgotten",
            "You leave out the reset gate. It decides how much of the old state the new state uses.",
            edit("np.tanh(xn + r * hn)", "np.tanh(xn + hn)"),
        ),
        Mistake(
            "blocks_z_r_n",
            "You use the first block as the update gate. Here the order is r, z, n.",
            edit(
                GRU_GATES,
                GRU_GATES.replace("xr + hr", "xz + hz", 1).replace("z = _sigmoid(xz + hz)", "z = _sigmoid(xr + hr)"),
            ),
        ),
        Mistake(
            "bh_ignored",
            "You ignore bh. There are two biases here, because r multiplies one of them and not the other.",
            edit("h @ Wh + bh", "h @ Wh"),
        ),
        Mistake(
            "sigmoid_for_tanh",
            "You apply a sigmoid to the new state. It is not a gate: its values are between -1 and 1.",
            edit("np.tanh(xn + r * hn)", "_sigmoid(xn + r * hn)"),
        ),
        OVERFLOW,
    ],
    hints=[
        "Compute x·Wx + bx and h·Wh + bh first, and keep them separate: which of the three blocks can you add directly?",
        "What should be left of the old state where z is 1, and where z is 0?",
    ],
)


def memory(draw, **sizes):
    inputs = cell(draw, blocks=4, **sizes)
    return inputs | {"c": draw(*inputs["h"].shape)}


def far_memory(draw):
    """Gates near ±1000, and one example's cell state is as far out."""
    inputs = saturated(memory, 4)(draw)
    inputs["c"][0] *= FAR
    return inputs


BLOCKS_I_F_O_G = Mistake(
    "blocks_i_f_o_g",
    "You use the third block as the output gate. Here the order is i, f, g, o: the block with the tanh comes third.",
    edit("i, f, g, o = np.split", "i, f, o, g = np.split", of="_gates"),
)
BLOCKS_F_I_G_O = Mistake(
    "blocks_f_i_g_o",
    "You use the first block as the forget gate. Here the order is i, f, g, o.",
    edit("i, f, g, o = np.split", "f, i, g, o = np.split", of="_gates"),
)
SIGMOID_FOR_TANH = Mistake(
    "sigmoid_for_tanh",
    "You apply a sigmoid to g, as to the three gates. g is the new content of the cell and may be negative: use tanh.",
    edit("np.tanh(g)", "_sigmoid(g)", of="_gates"),
)

lstm_cell = Exercise(
    points=7,
    cases=cells(memory, far_memory),
    checks=[
        agrees(4, "updates the cell state and computes the hidden state with its gates", on=[MAIN, WIDE, EQUAL]),
        agrees(1, "returns the right shapes for a single example and a single unit", on=[ONE, NARROW]),
        agrees(1, "is right and finite for inputs of ±1000 to the gates", on=SATURATED),
        moves(1, "changing one example's cell state changes that example only", another_first_row("c"), on=MAIN),
    ],
    mistakes=[
        BLOCKS_I_F_O_G,
        BLOCKS_F_I_G_O,
        SIGMOID_FOR_TANH,
        Mistake(
            "cell_shown_as_it_is",
            "You leave out the tanh between the cell state and the output gate.",
            edit("h_next = o * np.tanh(c_next)", "h_next = o * c_next"),
        ),
        Mistake(
            "old_cell_shown",
            "You compute the hidden state from the old cell state. Update the cell state first.",
            edit("np.tanh(c_next)", "np.tanh(c)"),
        ),
        Mistake(
            "added_not_gated",
            "You add the input gate to g. A gate multiplies: it says how much of g is written.",
            edit("f * c + i * g\n", "f * c + (i + g)\n"),
        ),
        Mistake(
            "forget_bias_of_one",
            "You add 1 to the input of the forget gate. Some implementations do, to help training; here the bias b is all there is.",
            edit("_sigmoid(f)", "_sigmoid(f + 1.0)", of="_gates"),
        ),
        Mistake(
            "cell_first",
            "You return the cell state before the hidden state.",
            edit("return h_next, c_next", "return c_next, h_next"),
        ),
        OVERFLOW,
    ],
    hints=[
        "All four blocks come from one sum of two products. How do you cut an array into four along its last axis?",
        "Which of i, f, g and o say how much to let through, and which one is the content?",
    ],
)


DGATES = """di = dc * g * i * (1.0 - i)
    df = dc * c * f * (1.0 - f)
    dg = dc * i * (1.0 - g**2)
    do = dh_next * shown * o * (1.0 - o)
"""

lstm_cell_backward = Exercise(
    points=10,
    forbids=["automatic differentiation"],
    cases=cells(upstream(memory, "dh_next", "dc_next"), upstream(far_memory, "dh_next", "dc_next")),
    checks=[
        agrees(2, "returns dx and dh", on=[MAIN, WIDE, EQUAL], part=["dx", "dh"]),
        agrees(1, "returns dc", on=[MAIN, WIDE, EQUAL], part="dc"),
        agrees(1, "returns dWx and dWh", on=[MAIN, WIDE, EQUAL], part=["dWx", "dWh"]),
        agrees(1, "returns db", on=[MAIN, WIDE, EQUAL], part="db"),
        agrees(2, "returns the right shapes for a single example and a single unit", on=[ONE, NARROW]),
        agrees(1, "is right and finite for inputs of ±1000 to the gates", on=SATURATED),
        moves(
            2,
            "changing dc_next of one example changes only that example's gradients and all weights but the output gate's",
            another_first_row("dc_next"),
            on=MAIN,
        ),
    ],
    mistakes=[
        Mistake(
            "dc_next_ignored",
            "You ignore dc_next. It adds to the gradient that reaches the new cell state through h_next.",
            edit("dc = dc_next + dh_next * o", "dc = dh_next * o"),
        ),
        Mistake(
            "one_way_only",
            "Only dc_next reaches your cell state. The gradient that comes from h_next, through the output gate and tanh, is missing.",
            edit("dc = dc_next + dh_next * o * (1.0 - shown**2)", "dc = dc_next"),
        ),
        Mistake(
            "tanh_of_cell_skipped",
            "You leave out the slope of tanh between h_next and the cell state.",
            edit("dh_next * o * (1.0 - shown**2)", "dh_next * o"),
        ),
        Mistake(
            "dc_next_not_gated",
            "You leave the forget gate out of dc. The forward pass multiplies the old cell state by it, so its gradient gets the same factor.",
            edit("dc * f, x.T", "dc, x.T"),
        ),
        Mistake(
            "gate_slopes_forgotten",
            "You leave out the slopes of the gates' sigmoids and tanh. Multiply by them before you go back through the weights.",
            edit(DGATES, "di, df, dg, do = dc * g, dc * c, dc * i, dh_next * shown\n"),
        ),
        Mistake(
            "blocks_i_f_o_g",
            "You join the gradients of the gates in the wrong order. The order of the gates is i, f, g, o.",
            edit("[di, df, dg, do]", "[di, df, do, dg]"),
        ),
        Mistake(
            "new_cell_forgotten",
            "You use the new cell state in the gradient of the forget gate. The gate multiplies the old cell state.",
            edit("df = dc * c * f", "df = dc * (f * c + i * g) * f"),
        ),
        Mistake("db_mean", DB_MEAN, edit("da.sum(axis=0)", "da.mean(axis=0)")),
        OVERFLOW,
    ],
    hints=[
        "Run the forward pass again and name every part of it. Along how many paths does the new cell state reach the loss?",
        "Once you have the whole gradient of the new cell state, what are the gradients of i, f, g and c?",
        "Which slope belongs to each gate? Then the four gradients, joined, go back through the two linear layers at once.",
    ],
)


def remembered(draw, **sizes):
    inputs = run(draw, blocks=4, **sizes)
    return inputs | {"c0": draw(*inputs["h0"].shape)}


lstm = Exercise(
    points=7,
    words={"state[0]": "the last hidden state", "state[1]": "the last cell state"},
    cases=runs(remembered, saturated(remembered, 4)),
    checks=[
        agrees(3, "carries both states from step to step", on=[MAIN, MIXED, LONG, EQUAL]),
        moves(1, "does not let the future change the past", another_future, on=MAIN),
        agrees(
            2, "returns every axis for a single example, a single step and a single unit", on=[ONE, ONE_STEP, NARROW]
        ),
        agrees(1, "is right and finite for inputs of ±1000 to the gates", on=SATURATED),
    ],
    mistakes=[
        Mistake(
            "cell_not_carried",
            "You start every step from the cell state c0. Carry the cell state from step to step, like the hidden state.",
            edit("lstm_cell(x[:, t], h, c,", "lstm_cell(x[:, t], h, c0,"),
        ),
        Mistake(
            "hidden_not_carried",
            "You start every step from the hidden state h0. A step must start from the state after the previous step.",
            edit("lstm_cell(x[:, t], h, c,", "lstm_cell(x[:, t], h0, c,"),
        ),
        Mistake(
            "starts_ignored",
            "You start from zeros, whatever h0 and c0 are. The first step must start from them.",
            edit("h, c = h0, c0", "h, c = np.zeros_like(h0), np.zeros_like(c0)"),
        ),
        Mistake(
            "cells_put_out",
            "You return the cell states as outputs. The output of a step is its hidden state.",
            edit("outputs.append(h)", "outputs.append(c)"),
        ),
        Mistake(
            "state_swapped",
            "You return the last state as (c, h). The order is (h, c).",
            edit("axis=1), (h, c)", "axis=1), (c, h)"),
        ),
        Mistake(
            "three_answers",
            "You return three values. Return two: the outputs, and the pair of the last hidden and cell state.",
            edit("np.stack(outputs, axis=1), (h, c)", "np.stack(outputs, axis=1), h, c"),
        ),
        Mistake(
            "time_first",
            "You return time as the first axis of the outputs. Here the batch comes first: (N, T, H).",
            edit("axis=1", "axis=0"),
        ),
        BLOCKS_I_F_O_G,
        OVERFLOW,
    ],
    hints=[
        "How many states does a step need? Where do they come from in the first step, and in all others?",
        "Which of the two states is the output of every step? And for which step do you return the other?",
    ],
)


# State spaces: A and delta are drawn so that |delta·A| lies between 0.001 and 50, whatever their own sizes


def _logarithmic(draw, low, high, *shape):
    """Numbers of all sizes between low and high alike."""
    return np.exp(draw.uniform(np.log(low), np.log(high), *shape))


def flowing(draw, N=2, T=5, D=3, S=4, pace=(0.2, 2.0), steps=(0.2, 1.5)):
    """A state space; its states forget at different paces, and its steps differ in length."""
    return dict(A=-_logarithmic(draw, *pace, D, S), B=draw(N, T, S), delta=_logarithmic(draw, *steps, N, T, D))


def scanned(draw, N=2, T=5, D=3, S=4, **paces):
    flow = flowing(draw, N, T, D, S, **paces)
    x = draw(N, T, D)
    return dict(x=x, delta=flow["delta"], A=flow["A"], B=flow["B"], C=draw(N, T, S))


def all_forgotten(draw):
    """So many steps that a product of what is kept in each is smaller than any float."""
    while True:
        given = scanned(draw, N=1, T=200, D=2, S=3, pace=(0.5, 5.0), steps=(0.3, 9.0))
        if (given["delta"].sum(axis=1)[..., None] * given["A"]).min() < -800.0:  # exp(-745) is 0
            return given


def of_one_size(drawn, draw):
    """Every axis has three places, so that none can be told by its length."""
    return drawn(draw, N=3, T=3, D=3, S=3)


WIDE = dict(pace=(0.04, 5.0), steps=(0.03, 9.9))  # products from 0.001 to 50
HELD = "(A_bar - 1.0) / A * B[:, :, None, :]"
BRIEF, SHORT, EVERY_PACE = "a single step of one example", "a single channel and state", "steps of every length"

ssm_discretize = Exercise(
    points=5,
    cases={
        "two examples": flowing,
        "axes of one size": partial(of_one_size, flowing),
        BRIEF: partial(flowing, N=1, T=1),
        SHORT: partial(flowing, D=1, S=1),
        EVERY_PACE: partial(flowing, N=3, T=6, **WIDE),
    },
    checks=[
        agrees(
            2,
            "lets each state forget as fast as its channel's step says",
            on=["two examples", "axes of one size"],
            part="A_bar",
        ),
        agrees(
            2,
            "lets in what flows in while x is held",
            on=["two examples", "axes of one size"],
            part="B_bar",
        ),
        agrees(1, "has all four axes, and is right for steps of every length", on=[BRIEF, SHORT, EVERY_PACE]),
    ],
    mistakes=[
        Mistake(
            "euler",
            "You let in delta·B, as Euler's rule does. While x is held the state forgets, too: zero-order hold counts that.",
            edit(HELD, "delta[..., None] * B[:, :, None, :] + 0 * A"),
        ),
        Mistake(
            "no_exponential",
            "You take 1 + delta·A for the exponential. That is its beginning only, and turns negative for long steps.",
            edit("np.exp(delta[..., None] * A)", "1.0 + delta[..., None] * A"),
        ),
        Mistake(
            "step_twice",
            "You multiply B_bar by delta once more. The length of the step is in A_bar already.",
            edit(HELD, f"delta[..., None] * {HELD}"),
        ),
        Mistake(
            "divided_by_the_step",
            "You divide by delta·A, and delta does not come back as a factor. Divide by A alone.",
            edit("/ A *", "/ (delta[..., None] * A) *"),
        ),
        Mistake(
            "grows",
            "Your states grow: A_bar is above 1. A is negative as it is given; do not turn its sign.",
            edit("np.exp(delta[..., None] * A)", "np.exp(-delta[..., None] * A)"),
        ),
        Mistake(
            "one_not_taken_off",
            "You divide A_bar itself by A. The state begins at 0, and so must the integral: a step of no length lets nothing in.",
            edit("(A_bar - 1.0)", "A_bar"),
        ),
        Mistake(
            "multiplied",
            "You multiply by A where the integral of exp(t·A) divides by it.",
            edit("/ A *", "* A *"),
        ),
        Mistake(
            "bilinear",
            "You discretize by the bilinear rule, (1 + delta·A/2)/(1 − delta·A/2). Asked is zero-order hold, which is exact for an x that is held.",
            edit(
                "np.exp(delta[..., None] * A)",
                "(1.0 + delta[..., None] * A / 2) / (1.0 - delta[..., None] * A / 2)",
            ),
        ),
        Mistake(
            "B_alone",
            "You return B_bar without B: the answer must say what comes in for each x, not how long it is held.",
            edit(" * B[:, :, None, :]", ""),
        ),
        Mistake(
            "swapped",
            "You return B_bar first. A_bar comes before it.",
            edit("return A_bar, B_bar", "return B_bar, A_bar"),
        ),
    ],
    hints=[
        "Which shapes must delta, A and B have, so that together they give one number for each example, step, channel and state?",
        "With x held, dh/dt = A·h + B·x is an equation in one unknown for each state. Which function solves it, and what is it after the time delta if h begins at 0?",
    ],
)


def another_end(inputs, draw):
    """The last two steps change, in all that comes in."""
    changed = {name: inputs[name].copy() for name in ("x", "delta", "B", "C")}
    for name, array in changed.items():
        array[:, -2:] *= 1.5 if name == "delta" else -0.5
    return inputs | changed


def scanned_by_products(x, delta, A, B, C):
    """All steps at once, divided by what has been forgotten since the start: it underflows."""
    kept = np.cumprod(np.exp(delta[..., None] * A), axis=1)
    comes_in = delta[..., None] * B[:, :, None, :] * x[..., None]
    return (kept * np.cumsum(comes_in / kept, axis=1) * C[:, :, None, :]).sum(axis=-1)


def scanned_late(x, delta, A, B, C):
    y = scanned_by_products(x, delta, A, B, C)
    h, late = np.zeros((len(x), *A.shape)), np.empty(y.shape)
    for t in range(x.shape[1]):
        late[:, t] = (h * C[:, t, None, :]).sum(axis=-1)
        step = delta[:, t, :, None]
        h = np.exp(step * A) * h + step * B[:, t, None, :] * x[:, t, :, None]
    return late


SCANNED = "step * B[:, t, None, :] * x[:, t, :, None]"

selective_scan = Exercise(
    points=7,
    cases={
        "two examples": scanned,
        "axes of one size": partial(of_one_size, scanned),
        "many states": partial(scanned, N=1, T=7, D=2, S=9),
        "a single example": partial(scanned, N=1, T=4),
        "a single step": partial(scanned, T=1),
        SHORT: partial(scanned, D=1, S=1),
        EVERY_PACE: partial(scanned, N=3, T=8, **WIDE),
        "two hundred steps": all_forgotten,
    },
    checks=[
        agrees(
            3,
            "carries every state from step to step, and reads it with C",
            on=["two examples", "axes of one size", "many states"],
        ),
        moves(1, "does not let the future change the past", another_end, on="two examples"),
        agrees(
            1,
            "returns every axis for a single example, step, channel and state",
            on=["a single example", "a single step", SHORT],
        ),
        agrees(1, "forgets slowly in some steps, and all but everything in others", on=EVERY_PACE),
        agrees(1, "is right and finite over two hundred steps", on="two hundred steps"),
    ],
    mistakes=[
        Mistake(
            "step_left_out",
            "You let in B·x, whatever the length of the step. What comes in is scaled with delta, too.",
            edit(SCANNED, "B[:, t, None, :] * x[:, t, :, None]"),
        ),
        Mistake(
            "grows",
            "Your states grow from step to step. A is negative as it is given; do not turn its sign.",
            edit("np.exp(step * A)", "np.exp(-step * A)"),
        ),
        Mistake(
            "one_step_late",
            "You read the state before x_t has come in. An output sees its own step.",
            scanned_late,
        ),
        Mistake(
            "held",
            "You scale what comes in by zero-order hold, (exp(delta·A) − 1)/A. Here it is Euler's rule, delta alone.",
            edit(SCANNED, "np.expm1(step * A) / A * B[:, t, None, :] * x[:, t, :, None]"),
        ),
        Mistake(
            "no_exponential",
            "You take 1 + delta·A for the exponential. That is its beginning only, and turns negative for long steps.",
            edit("np.exp(step * A)", "(1.0 + step * A)"),
        ),
        Mistake(
            "nothing_forgotten",
            "Your states forget nothing. Before anything new comes in, what is there shrinks by exp(delta·A).",
            edit("np.exp(step * A) * h", "h"),
        ),
        Mistake(
            "not_carried",
            "You start every step from 0. A step goes on from the states of the step before.",
            edit("np.exp(step * A) * h + ", ""),
        ),
        Mistake(
            "not_read",
            "You add up the states as they are. C says how much each of them counts in the output, at each step anew.",
            edit("(h * C[:, t, None, :])", "h"),
        ),
        Mistake(
            "C_of_the_first_step",
            "You read every step with the C of the first. C differs from step to step.",
            edit("C[:, t, None, :]", "C[:, 0, None, :]"),
        ),
        Mistake(
            "B_and_C_swapped",
            "You let in with C and read with B. It is the other way round.",
            swapped("B[:, t", "C[:, t"),
        ),
        Mistake(
            "skip",
            "You add x to the output. A skip connection belongs to the block around the scan.",
            edit("return y", "return y + x"),
        ),
        Mistake(
            "underflow",
            "You divide by the product of all that was kept since the start. After enough steps that is 0. Go step by step, or compare two steps by the difference of their exponents.",
            scanned_by_products,
        ),
    ],
    hints=[
        "How many numbers does one channel remember between two steps? Which shape has the memory of all examples and channels?",
        "In one step: what is kept, what comes in, and in which order is the state updated and read?",
    ],
)


# Judging a language model


def predicted(draw, *shape, V=7, size=1.0):
    return {"logits": size * draw(*shape, V), "targets": draw.integers(0, V, *shape)}


def padded(draw, ignore=-1, given=True):
    """The ends of two sequences are no text; the second is text to its end."""
    inputs = predicted(draw, 3, 5)
    inputs["targets"][0, 3:], inputs["targets"][2, 1:] = ignore, ignore
    inputs["targets"][1] = [1, 2, 6, 3, 5]
    return inputs | ({"ignore": ignore} if given else {})


def one_kept(draw):
    inputs = predicted(draw, 2, 4)
    targets = np.full((2, 4), -100)
    targets[1, 2] = inputs["targets"][1, 2]
    return {"logits": inputs["logits"], "targets": targets, "ignore": -100}


def far_predicted(draw, V=7):
    """Logits near 1000, near -1000 and both; one token comes so unexpected that its probability underflows."""
    inputs = predicted(draw, 3, 4, V=V)
    logits, targets = inputs["logits"], inputs["targets"]
    logits[0] += FAR
    logits[1] -= FAR
    signs = np.array([-FAR, FAR])[(np.arange(V) == targets[2][:, None]).astype(int)]
    logits[2] += signs
    logits[0, 1, targets[0, 1]] -= 900.0
    return inputs


def even_logits(draw):
    """All logits of a position are the same, another number for each."""
    inputs = predicted(draw, 2, 3, V=11)
    return inputs | {"logits": np.repeat(draw(2, 3, 1), 11, axis=-1)}


LOSSES = "losses = log_total - shifted["
IGNORING = ["padding marked -1, the default", "padding marked -100", "padding marked 0", "one position kept"]

perplexity = Exercise(
    points=7,
    cases={
        "three sequences of five": lambda draw: predicted(draw, 3, 5),
        "one sequence": lambda draw: predicted(draw, 8, V=5),
        "three axes": lambda draw: predicted(draw, 2, 3, 4),
        "a single position": lambda draw: predicted(draw, 1),
        "-100 to ignore, and none there": lambda draw: predicted(draw, 3, 4) | {"ignore": -100},
        "the same logit for every token": even_logits,
        IGNORING[0]: partial(padded, given=False),
        IGNORING[2]: partial(padded, ignore=0),
        IGNORING[1]: partial(padded, ignore=-100),
        IGNORING[3]: one_kept,
        "logits near ±1000": far_predicted,
        "six hundred tokens": lambda draw: predicted(draw, 600, V=40),
    },
    checks=[
        agrees(
            2,
            "is exp of the mean of -log p over all positions",
            on=[
                "three sequences of five",
                "one sequence",
                "three axes",
                "a single position",
                "-100 to ignore, and none there",
            ],
        ),
        agrees(1, "is V where all V tokens have the same logit", on="the same logit for every token"),
        agrees(2, "leaves out the positions whose target is `ignore`", on=IGNORING),
        agrees(1, "is right and finite for logits near ±1000", on="logits near ±1000"),
        agrees(1, "is right for a text whose probability underflows", on="six hundred tokens"),
    ],
    mistakes=[
        Mistake(
            "no_exp",
            "You return the mean loss. The perplexity is its exponential: a number of tokens.",
            edit("np.exp(losses.mean())", "losses.mean()"),
        ),
        Mistake(
            "base_two",
            "You raise 2 to the power of the mean loss, but use the natural logarithm. Both must have the same base.",
            edit("np.exp(losses.mean())", "2.0 ** losses.mean()"),
        ),
        Mistake(
            "mean_of_exps",
            "You take exp of each loss and then the mean. The mean comes first: the perplexity is a geometric mean.",
            edit("np.exp(losses.mean())", "np.exp(losses).mean()"),
        ),
        Mistake(
            "divided_by_all",
            "You divide by the number of all positions. Ignored positions count neither in the sum nor in the number.",
            edit("losses.mean()", "losses.sum() / kept.size"),
        ),
        Mistake(
            "only_minus_one",
            "You leave out negative targets, whatever `ignore` is. It may be any integer, such as the id of a padding token.",
            edit("targets != ignore", "targets >= 0"),
        ),
        Mistake(
            "nothing_ignored",
            "You count the positions that should be ignored. A negative index raises no error: it picks the probability of the last token.",
            lambda logits, targets, ignore=-1: np.exp(
                -np.take_along_axis(
                    logits - np.logaddexp.reduce(logits, axis=-1)[..., None],
                    (targets % logits.shape[-1])[..., None],
                    axis=-1,
                ).mean()
            ),
        ),
        Mistake(
            "no_softmax",
            "You use the logits as log-probabilities. Apply a log-softmax over the last axis first.",
            edit(LOSSES, "losses = -logits["),
        ),
        Mistake(
            "unstable",
            "Your softmax overflows at logits near 1000, or becomes 0 / 0 near -1000. Shift the logits of each position first, which does not change the probabilities.",
            edit("logits - logits.max(axis=-1, keepdims=True)", "logits"),
        ),
        Mistake(
            "log_of_zero",
            "Your probabilities are right, but one is too small for a float, and the log of 0 is -inf. Compute the log-softmax directly, before anything underflows.",
            edit(LOSSES, "losses = -np.log(np.exp(shifted - log_total[:, None]))["),
        ),
        Mistake(
            "eps_in_log",
            "You add a small number inside the logarithm. That avoids the log of 0, but makes every answer a little wrong: compute the log-softmax directly.",
            edit(LOSSES, "losses = -np.log(1e-10 + np.exp(shifted - log_total[:, None]))["),
        ),
        Mistake(
            "product_of_probabilities",
            "You multiply the probabilities before you take the root. For a few hundred tokens the product underflows to 0: add logs instead.",
            edit("np.exp(losses.mean())", "np.prod(np.exp(-losses)) ** (-1.0 / len(losses))"),
        ),
        *(
            Mistake(
                f"log_of_p_plus_{eps}",
                "You add a small number inside the logarithm. That avoids the log of 0, but makes every answer a little wrong: compute the log-softmax directly.",
                edit(LOSSES, f"losses = -np.log({eps} + np.exp(shifted - log_total[:, None]))["),
            )
            for eps in SMALL
            if eps != "1e-10"
        ),
        Mistake(
            "minus_one_alone",
            "You leave out the targets of -1, whatever `ignore` is. Use the number that you are given.",
            edit("targets != ignore", "targets != -1"),
        ),
    ],
    hints=[
        "Which positions count? Pick them first, from the logits as well as from the targets.",
        "What is the log of a softmax, written without ever taking the softmax? Which shift keeps its exp small?",
        "If a model finds V tokens equally likely, what must the perplexity be? Check that your function returns it.",
    ],
)


# A training run: add two numbers that stand far apart


def sums(draw, M=500, T=50):
    """Sequences of random numbers, two of which are marked: one in each half. Their sums are held back."""
    numbers, marks = draw.uniform(0, 1, M, T), np.zeros((M, T))
    for half in (0, T // 2):
        marks[np.arange(M), half + draw.integers(0, T // 2, M)] = 1
    held = np.stack([numbers, marks], axis=-1).astype(np.float32)
    return {
        "seed": int(draw.integers(0, 2**31)),
        "sequences": held,
        "truth": (numbers * marks).sum(axis=1).astype(np.float32),
    }


def added(LSTM, seed, sequences):
    """Train your LSTM to add two marked numbers that are far apart in a sequence.

    -> sums (M)

    A linear layer reads the sum from the last output. Training begins with short sequences; whenever they are added
    well they grow, up to the length that is asked.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    longest, steps, hidden = sequences.shape[1], 400, 16
    lstm, read = LSTM(2, hidden).to(device), torch.nn.Linear(hidden, 1).to(device)
    parameters = [*lstm.parameters(), *read.parameters()]
    optimizer = torch.optim.Adam(parameters)

    def answered(x):
        outputs = lstm(x)
        return read((outputs[0] if isinstance(outputs, tuple) else outputs)[:, -1])[:, 0]

    T, recent = 4, 0.2
    for step in range(1, steps + 1):
        numbers, marks = rng.random((32, T)), np.zeros((32, T))
        for first, end in ((0, T // 2), (T // 2, T)):
            marks[np.arange(32), rng.integers(first, end, 32)] = 1
        x = torch.from_numpy(np.stack([numbers, marks], axis=-1).astype(np.float32)).to(device)
        wanted = torch.from_numpy((numbers * marks).sum(axis=1).astype(np.float32)).to(device)
        loss = torch.nn.functional.mse_loss(answered(x), wanted)
        optimizer.param_groups[0]["lr"] = 0.02 * min(1, 3 * (1 - step / steps))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        report(step, steps, loss)
        recent = 0.8 * recent + 0.2 * loss.item()
        T = min(T + 4, longest) if recent < 0.015 else T
    with torch.no_grad():
        return answered(sequences)


adding_problem = Exercise(
    points=6,
    torch=True,
    driver=added,
    pieces=["LSTM"],
    forbids=["a recurrent layer"],
    seconds=40,
    cases={"sequences of length 50": sums},
    checks=[
        reaches(
            6,
            "adds two numbers up to 49 steps apart with a mean squared error of at most 0.02",
            "mean_squared_error",
            at_most=0.02,
        )
    ],
    mistakes=[
        Mistake(
            "plain",
            "Your network is a plain tanh network: each step overwrites the state, and nothing is remembered for long.",
            edit(
                """c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()""",
                "h = g.tanh()",
                of="LSTM",
            ),
        ),
        Mistake(
            "detached",
            "Your outputs pass no gradient back, so only the layer that reads them is trained.",
            edit("return torch.stack(outputs, 1)", "return torch.stack(outputs, 1).detach()", of="LSTM"),
        ),
        Mistake(
            "time_reversed",
            "You return the outputs in the wrong order: the last output has seen a single step.",
            edit("torch.stack(outputs, 1)", "torch.stack(outputs[::-1], 1)", of="LSTM"),
        ),
        Mistake(
            "reads_one_step",
            "Your network computes every output from its own step alone, without a state.",
            edit("outputs.append(h)", "outputs.append(h)\n            h, c = 0 * h, 0 * c", of="LSTM"),
        ),
        Mistake(
            "constant",
            "You return the same outputs for every sequence.",
            edit("return torch.stack(outputs, 1)", "return 0 * torch.stack(outputs, 1)", of="LSTM"),
        ),
    ],
    hints=[
        "Your lstm_cell is in this file: which linear layers make its four gates from x and h?",
        "How does the memory c pass from step to step: do you add to it, and multiply it by the forget gate only?",
        "If the forget gate starts at one half, how much of a number is left in the memory after 50 steps?",
    ],
)
