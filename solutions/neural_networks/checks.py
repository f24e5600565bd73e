"""How the answers of this unit are judged: cases, checks and the mistakes that people really make."""

from functools import partial
from itertools import pairwise

import numpy as np

from grader.exercise import (
    Exercise,
    Mistake,
    agrees,
    bounded,
    distributed,
    edit,
    everywhere,
    grows,
    keeps,
    moves,
    normal,
    redrawn,
    returns,
    seeded,
    uniform,
)

ALLOWS = ("numpy",)


# Activations


def entries(draw, *shape):
    """As many of either sign as can be."""
    size = int(np.prod(shape))
    signs = np.where(np.arange(size) % 2, 1.0, -1.0)[draw.permutation(size)]
    return {"x": (signs * (0.1 + np.abs(draw(size)))).reshape(shape)}


def far_entries(draw):
    """Zeros and ordinary entries beside some where exp overflows, squares of exp do, or nothing is left of exp."""
    far = [0.0, 0.0, 6.0, -6.0, 40.0, -40.0, 400.0, -400.0, 1000.0, -1000.0]
    x = np.concatenate([far, entries(draw, 5)["x"].ravel()])[draw.permutation(15)]
    return {"x": x.reshape(3, 5)}


BATCH, SHAPES, FAR = "four examples of five", ["three axes", "a vector", "a single entry"], "entries up to ±1000"
ELEMENTWISE = {
    BATCH: lambda draw: entries(draw, 4, 5),
    "a vector": lambda draw: entries(draw, 6),
    "three axes": lambda draw: entries(draw, 2, 3, 4),
    "a single entry": lambda draw: entries(draw, 1, 1),
    FAR: far_entries,
}


def elementwise(points, claim):
    """Value, shape and far entries; the first is worth what the others leave."""
    return [
        agrees(points - 2, claim, on=BATCH),
        agrees(1, "works elementwise on arrays of any shape", on=SHAPES),
        agrees(1, "is right and finite for entries up to ±1000", on=FAR),
    ]


SMALL = ("1e-5", "1e-6", "1e-7", "1e-8", "1e-9", "1e-10", "1e-12", "1e-15")  # what people write to keep a log finite
SMALL_IN_SUMS = SMALL[:5]  # of a sum above 1, less is lost in the rounding

sigmoid = Exercise(
    points=4,
    forbids=["a ready-made activation"],
    cases=ELEMENTWISE,
    checks=elementwise(4, "is 1 / (1 + exp(−x))"),
    mistakes=[
        Mistake(
            "falling",
            "Your sigmoid falls from 1 to 0. It must rise: look at the sign in the exponent.",
            edit("x >= 0", "x < 0"),
        ),
        Mistake(
            "overflow_far_right",
            "At x = 1000 your exponential overflows, and inf / inf is nan. Write the sigmoid so that no exp gets a large positive number.",
            returns("np.exp(x) / (1.0 + np.exp(x))"),
        ),
        Mistake(
            "overflow_far_left",
            "At x = -1000 your exponential overflows, and inf / inf is nan. Write the sigmoid so that no exp gets a large positive number.",
            returns("1.0 - np.exp(-x) / (1.0 + np.exp(-x))"),
        ),
        Mistake(
            "parentheses",
            "You compute 1 / 1 + exp(-x): the division comes before the sum. Put parentheses around the denominator.",
            returns("1.0 / 1.0 + np.exp(-x)"),
        ),
        Mistake(
            "twice_as_steep",
            "Your function is twice as steep as the sigmoid. If you use tanh, take it at half of x.",
            returns("(1.0 + np.tanh(x)) / 2.0"),
        ),
        Mistake(
            "tanh",
            "You return tanh, which runs from -1 to 1. The sigmoid runs from 0 to 1.",
            returns("np.tanh(x)"),
        ),
        Mistake(
            "slope",
            "You return the derivative of the sigmoid, which is ¼ at 0. The sigmoid itself is ½ there.",
            returns("e / (1.0 + e) ** 2"),
        ),
        Mistake(
            "rounded_down",
            "You divide with //, which rounds down to a whole number, so nearly every answer is 0. Use /.",
            returns("1.0 // (1.0 + np.exp(-x))"),
        ),
    ],
    hints=[
        "What is the sigmoid at 0, at 1000 and at -1000? Which exp in your code gets a large positive number?",
        "Multiply numerator and denominator by exp(x). For which x is that form safe, and for which x is the first form safe?",
    ],
)

tanh = Exercise(
    points=3,
    cases=ELEMENTWISE,
    checks=elementwise(3, "is the hyperbolic tangent"),
    mistakes=[
        Mistake(
            "overflow",
            "At ±1000 your exponentials overflow, and inf / inf is nan. NumPy has a tanh that does not.",
            edit("np.tanh(x)", "(np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))"),
        ),
        Mistake(
            "overflow_far_right",
            "At x = 1000 your exponential overflows, and inf / inf is nan; at -1000 your formula is right. NumPy has a tanh that is safe on both sides.",
            edit("np.tanh(x)", "(np.exp(2.0 * x) - 1.0) / (np.exp(2.0 * x) + 1.0)"),
        ),
        Mistake(
            "hyperbolic_sine",
            "You return the hyperbolic sine, half the difference of two exponentials. Divide it by the hyperbolic cosine, half their sum.",
            edit("np.tanh(x)", "np.sinh(x)"),
        ),
        Mistake(
            "upside_down",
            "Your fraction is upside down: you divide the sum of the exponentials by their difference. tanh is 0 at 0 and stays between -1 and 1.",
            edit("np.tanh(x)", "1.0 / np.tanh(x)"),
        ),
        Mistake(
            "half_as_steep",
            "Your function is half as steep as tanh. If you use the sigmoid, take it at twice x.",
            edit("np.tanh(x)", "np.tanh(x / 2.0)"),
        ),
        Mistake(
            "circular",
            "You return the tangent of an angle. The hyperbolic tangent stays between -1 and 1.",
            edit("np.tanh(x)", "np.tan(x)"),
        ),
        Mistake(
            "slope",
            "You return the derivative of tanh, which is 1 at 0. tanh itself is 0 there.",
            edit("np.tanh(x)", "1.0 - np.tanh(x) ** 2"),
        ),
        Mistake(
            "rounded_down",
            "You divide with //, which rounds down to a whole number. Use /.",
            edit("np.tanh(x)", "(np.exp(x) - np.exp(-x)) // (np.exp(x) + np.exp(-x))"),
        ),
    ],
    hints=[
        "What is tanh at 0, at 1000 and at -1000? Which of these does your formula get wrong?",
        "Which hyperbolic functions does NumPy have?",
    ],
)

relu = Exercise(
    points=3,
    forbids=["a ready-made activation"],
    cases=ELEMENTWISE,
    checks=elementwise(3, "keeps what is positive, and makes the rest 0"),
    mistakes=[
        Mistake(
            "mask",
            "You return a mask of ones and zeros that says where x is positive. Positive entries must keep their value.",
            edit("np.maximum(x, 0.0)", "np.where(x > 0, 1.0, 0.0)"),
        ),
        Mistake(
            "positives_only",
            "You return only the positive entries. The others must stay in their places, as zeros.",
            edit("np.maximum(x, 0.0)", "x[x > 0]"),
        ),
        Mistake(
            "largest_along_an_axis",
            "You take the largest entry along axis 0: NumPy reads your 0 as an axis. It has another function for the elementwise maximum of two arrays.",
            edit("np.maximum(x, 0.0)", "np.max(x, 0)"),
        ),
        Mistake(
            "wrong_side",
            "You keep the negative entries. The relu keeps the positive ones.",
            edit("np.maximum", "np.minimum"),
        ),
        Mistake(
            "absolute_value",
            "You take the absolute value, so negative entries become positive. They must become 0.",
            edit("np.maximum(x, 0.0)", "np.abs(x)"),
        ),
        Mistake(
            "leaky",
            "You multiply negative entries by 0.01. That is the leaky relu; the plain relu makes them 0.",
            edit("0.0", "0.01 * x"),
        ),
        Mistake(
            "soft",
            "You return softplus, log(1 + exp(x)), which is a smooth approximation. The relu itself has a kink at 0.",
            edit("np.maximum(x, 0.0)", "np.logaddexp(x, 0.0)"),
        ),
    ],
    hints=[
        "What are the outputs for -2, for 0 and for 3?",
        "How do you take the larger of two numbers for every entry at once, without a loop and without changing x?",
    ],
)

gelu = Exercise(
    points=4,
    forbids=["a ready-made activation"],
    cases=ELEMENTWISE,
    checks=elementwise(4, "is x·Φ(x), exactly"),
    mistakes=[
        Mistake(
            "tanh_formula",
            "You use the tanh formula, which only approximates gelu. Compute the exact gelu with erf.",
            edit("erf(x / np.sqrt(2.0))", "np.tanh(np.sqrt(2.0 / np.pi) * (x + 0.044715 * x**3))"),
        ),
        Mistake(
            "sigmoid_formula",
            "You use x times the sigmoid of 1.702·x, which only approximates gelu. Compute the exact gelu with erf.",
            edit("(1.0 + erf(x / np.sqrt(2.0))) / 2.0", "(1.0 + np.tanh(0.851 * x)) / 2.0"),
        ),
        Mistake(
            "silu",
            "You multiply x by its sigmoid, which gives SiLU, or swish. Gelu multiplies x by the normal distribution function Φ.",
            edit("(1.0 + erf(x / np.sqrt(2.0))) / 2.0", "(1.0 + np.tanh(x / 2.0)) / 2.0"),
        ),
        Mistake(
            "erf_without_root_two",
            "You take erf of x itself. erf belongs to a normal distribution of variance ½: for Φ, divide x by √2 first.",
            edit("erf(x / np.sqrt(2.0))", "erf(x)"),
        ),
        Mistake(
            "gate_alone",
            "You return Φ(x) alone, which is only the gate. Multiply x by it.",
            edit("return x * below", "return below"),
        ),
        Mistake(
            "not_halved",
            "Your answer is twice as large as gelu: 1 + erf runs from 0 to 2, but Φ is a probability and runs from 0 to 1.",
            edit(" / 2.0\n", "\n"),
        ),
        Mistake(
            "erf_for_phi",
            "You multiply x by erf, which runs from -1 to 1, so negative entries turn positive. The factor Φ runs from 0 to 1.",
            edit("(1.0 + erf(x / np.sqrt(2.0))) / 2.0", "erf(x / np.sqrt(2.0))"),
        ),
        Mistake(
            "tanh_formula_not_halved",
            "You use the formula with tanh, which only approximates gelu, and leave out its factor ½. Compute the exact gelu with erf.",
            edit("(1.0 + erf(x / np.sqrt(2.0))) / 2.0", "1.0 + np.tanh(np.sqrt(2.0 / np.pi) * (x + 0.044715 * x**3))"),
        ),
        Mistake(
            "erf_without_root_two_not_halved",
            "You take erf of x itself, and leave out the factor ½. Φ is a probability: divide x by √2 inside, and halve outside.",
            edit("(1.0 + erf(x / np.sqrt(2.0))) / 2.0", "1.0 + erf(x)"),
        ),
        Mistake(
            "rounded_down",
            "You halve with //, which rounds down to a whole number. Use /.",
            edit("(1.0 + erf(x / np.sqrt(2.0))) / 2.0", "(1.0 + erf(x / np.sqrt(2.0))) // 2.0"),
        ),
    ],
    hints=[
        "What is Φ at 0, at 1000 and at -1000, and what must gelu be there?",
        "The error function runs from -1 to 1. How do you shift and scale it so that it runs from 0 to 1?",
    ],
)

SLOPES = ["a slope of 0.25", "a slope of 0.9", "the default slope, given"]

leaky_relu = Exercise(
    points=4,
    forbids=["a ready-made activation"],
    cases=ELEMENTWISE
    | {
        "a slope of 0.25": lambda draw: entries(draw, 3, 4) | {"slope": 0.25},
        "a slope of 0.9": lambda draw: entries(draw, 5) | {"slope": 0.9},
        "the default slope, given": lambda draw: entries(draw, 2, 5) | {"slope": 0.01},
        "a slope of 0": lambda draw: entries(draw, 3, 5) | {"slope": 0.0},
    },
    checks=[
        agrees(1, "multiplies negative entries by 0.01 by default", on=[BATCH, FAR]),
        agrees(1, "works elementwise on arrays of any shape", on=SHAPES),
        agrees(1, "uses the given slope", on=SLOPES),
        agrees(1, "is the plain relu for a slope of 0", on="a slope of 0"),
    ],
    mistakes=[
        Mistake(
            "slope_ignored",
            "You always use the slope 0.01. That is only the default.",
            edit("slope * x", "0.01 * x"),
        ),
        Mistake(
            "nothing_leaks",
            "You set negative entries to 0. The leaky relu multiplies them by a small slope instead.",
            edit("slope * x", "0.0"),
        ),
        Mistake(
            "slope_added",
            "You add the slope to negative entries. Multiply them by it.",
            edit("slope * x", "slope + x"),
        ),
        Mistake(
            "floor_at_slope",
            "You use the slope as a lower bound for the entries. Negative entries must be multiplied by it.",
            edit("np.where(x > 0, x, slope * x)", "np.maximum(x, slope)"),
        ),
        Mistake(
            "sign_lost",
            "You turn negative entries positive. They must shrink, but stay negative.",
            edit("slope * x", "slope * np.abs(x)"),
        ),
        Mistake(
            "slope_of_zero_refused",
            "You treat a slope of 0 as if no slope were given: in Python both 0 and None are false. Put the default into the signature.",
            edit("slope * x", "(slope or 0.01) * x"),
        ),
        Mistake(
            "derivative",
            "You return the derivative, 1 or the small slope. Return the value of the function.",
            edit("x, slope * x", "1.0, slope"),
        ),
    ],
    hints=[
        "With a slope of 0.1, what are the outputs for 3 and for -3?",
        "How can you choose elementwise between x and a multiple of x?",
    ],
)


# Softmax


def logits_of(*shape):
    return lambda draw: {"x": draw(*shape)}


def far_logits(draw, N=5, K=4):
    """A row near 1000, one near -1000, one with both ends, two ordinary ones."""
    x = draw(N, K)
    x[0] += 1000.0
    x[1] -= 1000.0
    x[2] += 1000.0 * np.array([1.0, -1.0, 1.0, -1.0])[draw.permutation(K)]
    return x


another_row = redrawn(x=0)


CLASSES = ["three axes", "a vector", "a single row", "a single class"]
SOFTMAX = {
    "four rows of three": logits_of(4, 3),
    "three rows of six": logits_of(3, 6),
    "three axes": logits_of(2, 3, 4),
    "a single row": logits_of(1, 5),
    "a vector": logits_of(5),
    "a single class": logits_of(2, 1),
    "logits near ±1000": lambda draw: {"x": far_logits(draw)},
}
SHIFTED_BY_THE_BATCH = "You subtract the largest logit of the whole array, and a row far below it underflows to zeros. Each row needs its own maximum."

softmax = Exercise(
    points=6,
    forbids=["a ready-made activation"],
    cases=SOFTMAX,
    checks=[
        agrees(2, "turns every row of logits into probabilities", on=["four rows of three", "three rows of six"]),
        agrees(2, "treats the last axis as the classes, however many axes come before it", on=CLASSES),
        agrees(1, "is right and finite for logits near ±1000", on="logits near ±1000"),
        keeps(
            1,
            "every row adds up to 1",
            measure="sum",
            change=another_row,
            on=["four rows of three", "three axes"],
        ),
    ],
    mistakes=[
        Mistake(
            "unstable",
            "At logits of ±1000 your softmax is nan: exp overflows, or a whole row becomes 0. Shift each row first, which does not change the probabilities.",
            edit("x - x.max(axis=-1, keepdims=True)", "x"),
        ),
        Mistake(
            "shifted_by_the_batch",
            SHIFTED_BY_THE_BATCH,
            edit("x.max(axis=-1, keepdims=True)", "x.max()"),
        ),
        Mistake(
            "over_first_axis",
            "You take the softmax over the first axis, the examples. The classes are on the last axis.",
            everywhere("axis=-1, keepdims=True", "axis=0"),
        ),
        Mistake(
            "over_second_axis",
            "You take the softmax over axis 1, which is the last axis only for a matrix. Count axes from the end.",
            everywhere("axis=-1", "axis=1"),
        ),
        Mistake(
            "over_everything",
            "You normalise over the whole array, so all entries together add up to one. Each row is its own distribution.",
            edit("e.sum(axis=-1, keepdims=True)", "e.sum()"),
        ),
        Mistake(
            "not_normalised",
            "You stop at the exponentials: divide each row by its sum.",
            edit("return e / e.sum(axis=-1, keepdims=True)", "return e"),
        ),
        Mistake(
            "not_exponentiated",
            "You divide the logits by their sum. Logits may be negative, so your probabilities may be, too: take exponentials first.",
            edit("e = np.exp(x - x.max(axis=-1, keepdims=True))", "e = x"),
        ),
        Mistake(
            "logarithm",
            "You return the logarithm of the softmax. Return the probabilities themselves.",
            returns("np.log(e) - np.log(e.sum(axis=-1, keepdims=True))"),
        ),
        *(
            Mistake(
                f"sum_plus_{eps}",
                "You add a small number to the sum below the line, so your rows do not add up to 1. After the shift the sum is at least 1, and needs no help.",
                edit("e.sum(axis=-1, keepdims=True)", f"(e.sum(axis=-1, keepdims=True) + {eps})"),
            )
            for eps in SMALL_IN_SUMS
        ),
        Mistake(
            "rounded_down",
            "You divide with //, which rounds down to a whole number. Use /.",
            edit("e / e.sum", "e // e.sum"),
        ),
        Mistake(
            "shifted_by_the_smallest",
            "You subtract the smallest logit of each row, so the largest still overflows. Subtract the largest.",
            edit("x.max(", "x.min("),
        ),
        Mistake(
            "divided_by_the_largest",
            "You divide each row by its largest logit. That changes the probabilities; subtracting it does not.",
            edit("x - x.max(axis=-1, keepdims=True)", "x / x.max(axis=-1, keepdims=True)"),
        ),
    ],
    hints=[
        "What must every row add up to, and along which axis is that?",
        "What happens to the probabilities if all logits of a row grow by 5? Use it to keep exp from overflowing.",
    ],
)

log_softmax = Exercise(
    points=5,
    forbids=["a ready-made activation"],
    cases=SOFTMAX,
    checks=[
        agrees(2, "is the logarithm of every row's softmax", on=["four rows of three", "three rows of six"]),
        agrees(1, "treats the last axis as the classes, however many axes come before it", on=CLASSES),
        agrees(2, "is right and finite for logits near ±1000", on="logits near ±1000"),
    ],
    mistakes=[
        Mistake(
            "log_of_softmax",
            "You take the logarithm of a probability that has underflowed to 0, and get -inf. Take the logarithm of the formula on paper first.",
            returns("np.log(np.exp(shifted) / np.exp(shifted).sum(axis=-1, keepdims=True))"),
        ),
        Mistake(
            "unstable",
            "At logits of ±1000 the sum of your exponentials is inf or 0, so its logarithm is infinite. Shift each row first, which does not change the result.",
            edit("x - x.max(axis=-1, keepdims=True)", "x"),
        ),
        Mistake(
            "small_number_added",
            "You add a small number inside the logarithm. That keeps the logarithm finite, but makes it wrong wherever a probability is small.",
            returns("np.log(np.exp(shifted) / np.exp(shifted).sum(axis=-1, keepdims=True) + 1e-8)"),
        ),
        Mistake(
            "shifted_by_the_batch",
            SHIFTED_BY_THE_BATCH,
            edit("x.max(axis=-1, keepdims=True)", "x.max()"),
        ),
        Mistake(
            "shifted_once",
            "You shift the logits inside the sum, but not the logit in front of it, so the shift does not cancel.",
            edit("return shifted -", "return x -"),
        ),
        Mistake(
            "over_first_axis",
            "You sum over the first axis, the examples. The classes are on the last axis.",
            everywhere("axis=-1, keepdims=True", "axis=0"),
        ),
        Mistake(
            "over_everything",
            "You sum over the whole array. Each row is its own distribution.",
            edit("np.exp(shifted).sum(axis=-1, keepdims=True)", "np.exp(shifted).sum()"),
        ),
        Mistake(
            "probabilities",
            "You return the softmax itself instead of its logarithm.",
            edit("return shifted - np.log(", "return np.exp(shifted) / ("),
        ),
        Mistake(
            "no_logarithm_of_the_sum",
            "You subtract the sum of the exponentials. Subtract the logarithm of that sum.",
            edit("np.log(np.exp(shifted).sum(axis=-1, keepdims=True))", "np.exp(shifted).sum(axis=-1, keepdims=True)"),
        ),
        *(
            Mistake(
                f"log_of_p_plus_{eps}",
                "You add a small number inside the logarithm. That keeps the logarithm finite, but makes it wrong wherever a probability is small.",
                edit(
                    "return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))",
                    f"return np.log(np.exp(shifted) / np.exp(shifted).sum(axis=-1, keepdims=True) + {eps})",
                ),
            )
            for eps in SMALL
            if eps != "1e-8"
        ),
        *(
            Mistake(
                f"log_of_sum_plus_{eps}",
                "You add a small number to the sum inside the logarithm. After the shift the sum is at least 1, and needs no help.",
                edit(
                    "np.log(np.exp(shifted).sum(axis=-1, keepdims=True))",
                    f"np.log(np.exp(shifted).sum(axis=-1, keepdims=True) + {eps})",
                ),
            )
            for eps in SMALL_IN_SUMS
        ),
    ],
    hints=[
        "Take the logarithm of exp(x_k) / Σ exp(x_j) on paper. What becomes of the fraction, and of the first exp?",
        "Which number can you subtract from all logits of a row without changing the result? Choose it so that the sum of exponentials is at least 1.",
    ],
)


# Layers


def layer(draw, N=5, D=4, M=3):
    """All sizes differ, so that no axis can pass for another."""
    return {"x": draw(N, D), "W": draw(D, M), "b": draw(M)}


def uneven_layer(draw):
    """Features and biases of very different sizes."""
    inputs = layer(draw, N=4, D=3, M=5)
    inputs["x"] *= np.array([1000.0, 1.0, 0.001])
    inputs["b"] *= np.array([1000.0, 0.001, 1.0, 100.0, 10.0])
    return inputs


linear = Exercise(
    points=4,
    cases={
        "five examples": layer,
        "more outputs than inputs": partial(layer, N=3, D=2, M=7),
        "a single example": partial(layer, N=1),
        "one feature in, one out": partial(layer, D=1, M=1),
        "large and small entries": uneven_layer,
        "as many outputs as inputs": partial(layer, N=3, D=5, M=5),
    },
    checks=[
        agrees(
            2,
            "multiplies by the weights and adds the bias",
            on=["five examples", "more outputs than inputs", "as many outputs as inputs", "large and small entries"],
        ),
        agrees(
            1,
            "returns the right shape for one example and for one feature",
            on=["a single example", "one feature in, one out"],
        ),
        moves(1, "changing one example changes only its own row", another_row, on="five examples"),
    ],
    mistakes=[
        Mistake(
            "no_bias",
            "You leave out the bias. Each output has a bias, which is the same for all examples.",
            edit("W + b", "W"),
        ),
        Mistake(
            "bias_subtracted",
            "You subtract the bias instead of adding it.",
            edit("W + b", "W - b"),
        ),
        Mistake(
            "bias_in_the_weights",
            "You add the bias to the weights, so the inputs multiply it. Add the bias to each output once.",
            edit("x @ W + b", "x @ (W + b)"),
        ),
        Mistake(
            "biases_added_up",
            "You add the sum of all biases to every output. Each output has its own bias.",
            edit("W + b", "W + b.sum()"),
        ),
        Mistake(
            "features_first",
            "You return the examples as columns, in shape (M, N). Here examples are rows.",
            edit("x @ W + b", "W.T @ x.T + b[:, None]"),
        ),
        Mistake(
            "weights_reshaped",
            "You treat W as if its shape were (M, D), as PyTorch stores it. Here W is (D, M): nothing needs to be reshaped or transposed.",
            edit("x @ W + b", "x @ W.reshape(W.shape[::-1]).T + b"),
        ),
        Mistake(
            "relu_added",
            "You cut off the outputs at 0, as a relu does. The linear layer has no activation.",
            edit("x @ W + b", "np.maximum(x @ W + b, 0.0)"),
        ),
    ],
    hints=[
        "Of two arrays of shapes (N, D) and (D, M), which product has shape (N, M)?",
        "The bias has shape (M,). How does NumPy broadcast it against (N, M), and is that what you want?",
    ],
)


# Losses


def guesses(draw, *shape):
    return {"prediction": draw(*shape), "target": draw(*shape)}


def far_guesses(draw):
    """Errors from a millionth to a hundred thousand beside each other, some targets far from 0 themselves."""
    inputs = guesses(draw, 3, 4)
    inputs["prediction"] *= 10.0 ** (draw.permutation(12) - 6.0).reshape(3, 4)
    inputs["target"][0] += 1000.0
    return inputs


mean_squared_error = Exercise(
    points=3,
    forbids=["a ready-made loss"],
    cases={
        "four examples of three": lambda draw: guesses(draw, 4, 3),
        "one number per example": lambda draw: guesses(draw, 5, 1),
        "a vector": lambda draw: guesses(draw, 6),
        "a single example": lambda draw: guesses(draw, 1, 3),
        "three axes": lambda draw: guesses(draw, 2, 3, 4),
        "large and small errors": far_guesses,
    },
    checks=[
        agrees(
            2,
            "is the mean of the squared errors over every element",
            on=["four examples of three", "large and small errors"],
        ),
        agrees(
            1,
            "averages over every axis, whatever the shape",
            on=["three axes", "one number per example", "a vector", "a single example"],
        ),
    ],
    mistakes=[
        Mistake(
            "halved",
            "You halve the loss. This loss has no ½ in front.",
            edit(".mean()", ".mean() / 2.0"),
        ),
        Mistake(
            "sum",
            "You return the sum of the squared errors. Return their mean.",
            edit(".mean()", ".sum()"),
        ),
        Mistake(
            "mean_over_examples",
            "You divide by the number of examples. Divide by the number of elements, along all axes.",
            edit(".mean()", ".sum() / len(prediction)"),
        ),
        Mistake(
            "one_loss_each",
            "You average over the last axis only. The loss is one number, the mean over all elements.",
            edit(".mean()", ".mean(axis=-1)"),
        ),
        Mistake(
            "root",
            "You take the root, which gives the root mean squared error. The mean squared error has no root.",
            edit("((prediction - target) ** 2).mean()", "((prediction - target) ** 2).mean() ** 0.5"),
        ),
        Mistake(
            "absolute_error",
            "You average the absolute errors. Square them.",
            edit("((prediction - target) ** 2)", "np.abs(prediction - target)"),
        ),
        Mistake(
            "squared_mean",
            "You average before you square, so errors of opposite sign cancel. Square each error first.",
            edit("((prediction - target) ** 2).mean()", "(prediction - target).mean() ** 2"),
        ),
        Mistake(
            "halved_and_summed",
            "You halve the sum of the squares. Return their mean, with no ½ in front.",
            edit("((prediction - target) ** 2).mean()", "((prediction - target) ** 2).sum() / 2.0"),
        ),
    ],
    hints=[
        "For predictions (1, 3) and targets (0, 0), what is the loss?",
        "By how many numbers do you divide if there are 4 examples with 3 outputs each?",
    ],
)


def yes_or_no(draw, *shape):
    """Labels 0 and 1, about as many of each, in any order."""
    size = int(np.prod(shape))
    target = (np.arange(size) % 2)[draw.permutation(size)].astype(float)
    return {"logits": 1.5 * draw(*shape), "target": target.reshape(shape)}


def soft_targets(draw):
    return {"logits": 1.5 * draw(4, 3), "target": draw.uniform(0.0, 1.0, 4, 3)}


def far_and_right(draw):
    """Logits up to ±1000 that are on the right side, beside some ordinary ones: the loss is small."""
    inputs = yes_or_no(draw, 4, 4)
    inputs["target"][:2] = [[1.0, 0.0, 1.0, 0.0], [1.0, 1.0, 0.0, 0.0]]
    inputs["logits"][:2] = [[1000.0, -1000.0, 40.0, -40.0], [800.0, 1000.0, -800.0, -1000.0]]
    return inputs


def far_and_wrong(draw):
    """Logits up to ±1000 on the wrong side, or with a target between: the loss is large, and finite."""
    inputs = yes_or_no(draw, 3, 4)
    inputs["target"][:2] = [[0.0, 1.0, 0.0, 1.0], [0.25, 0.75, 0.5, 0.5]]
    inputs["logits"][:2] = [[1000.0, -1000.0, 40.0, -40.0], [1000.0, -1000.0, 500.0, -500.0]]
    return inputs


WITH_SIGMOID = "p = 1.0 / (1.0 + np.exp(-logits))\n    "
SOFTPLUS = "softplus = np.maximum(logits, 0.0) + np.log1p(np.exp(-np.abs(logits)))  # log(1 + exp(z)), and no large exp\n    return (softplus - target * logits).mean()"

binary_cross_entropy_with_logits = Exercise(
    points=6,
    forbids=["a ready-made loss"],
    cases={
        "five labels": lambda draw: yes_or_no(draw, 5),
        "four examples of three": lambda draw: yes_or_no(draw, 4, 3),
        "one label per example": lambda draw: yes_or_no(draw, 6, 1),
        "three axes": lambda draw: yes_or_no(draw, 2, 3, 4),
        "a single label": lambda draw: yes_or_no(draw, 1),
        "targets between 0 and 1": soft_targets,
        "far logits, right side": far_and_right,
        "far logits, wrong side": far_and_wrong,
    },
    checks=[
        agrees(2, "is the mean cross-entropy of sigmoid(logits)", on=["four examples of three", "five labels"]),
        agrees(
            1,
            "averages over every axis, whatever the shape",
            on=["three axes", "one label per example", "a single label"],
        ),
        agrees(1, "treats a target between 0 and 1 as a probability", on="targets between 0 and 1"),
        agrees(1, "is finite for logits of ±1000 that are right", on="far logits, right side"),
        agrees(1, "is finite and large for logits of ±1000 that are wrong", on="far logits, wrong side"),
    ],
    mistakes=[
        Mistake(
            "unstable",
            "You take the logarithm of a sigmoid that has rounded to 0 or 1, and 0 times -inf is nan. Simplify the logarithm of the sigmoid on paper first.",
            edit(SOFTPLUS, WITH_SIGMOID + "return -(target * np.log(p) + (1.0 - target) * np.log(1.0 - p)).mean()"),
        ),
        Mistake(
            "clipped",
            "You clip the probability to keep its logarithm finite. A logit of 1000 on the wrong side must cost 1000; yours costs 16 and has no gradient.",
            edit(
                SOFTPLUS,
                WITH_SIGMOID
                + "p = np.clip(p, 1e-7, 1.0 - 1e-7)\n    return -(target * np.log(p) + (1.0 - target) * np.log(1.0 - p)).mean()",
            ),
        ),
        Mistake(
            "overflow",
            "Your loss is inf at a logit of 1000: exp overflows before you take the logarithm. On paper, split the large part off the logarithm as a separate term.",
            edit("np.maximum(logits, 0.0) + np.log1p(np.exp(-np.abs(logits)))", "np.log(1.0 + np.exp(logits))"),
        ),
        Mistake(
            "no_sigmoid",
            "You take logarithms of the logits themselves. Logits run from -∞ to ∞: the sigmoid turns them into probabilities.",
            edit(SOFTPLUS, "return -(target * np.log(logits) + (1.0 - target) * np.log(1.0 - logits)).mean()"),
        ),
        Mistake(
            "yes_only",
            "You count only the elements with target 1. Those with target 0 cost something, too: the term with 1 − t.",
            edit("(softplus - target * logits)", "(target * (softplus - logits))"),
        ),
        Mistake(
            "swapped",
            "You swap the two targets, so the loss rewards wrong answers: where the target is 1, a large logit must cost little.",
            edit("target * logits", "(1.0 - target) * logits"),
        ),
        Mistake(
            "sign",
            "Your loss is negative, because logarithms of probabilities are negative. The loss needs a minus sign in front.",
            edit("softplus - target * logits", "target * logits - softplus"),
        ),
        Mistake(
            "sum",
            "You return the sum over the elements. The loss is their mean.",
            edit(".mean()", ".sum()"),
        ),
        Mistake(
            "mean_over_examples",
            "You divide by the number of examples. Divide by the number of targets, along all axes.",
            edit(".mean()", ".sum() / len(logits)"),
        ),
        Mistake(
            "one_loss_each",
            "You return a loss for every element. Take their mean.",
            edit(".mean()", ""),
        ),
        *(
            Mistake(
                f"log_of_p_plus_{eps}",
                "You add a small number inside the logarithms. That keeps them finite, but a logit of 1000 on the wrong side must cost 1000: simplify the logarithm of the sigmoid on paper first.",
                edit(
                    SOFTPLUS,
                    WITH_SIGMOID
                    + f"return -(target * np.log(p + {eps}) + (1.0 - target) * np.log(1.0 - p + {eps})).mean()",
                ),
            )
            for eps in SMALL
        ),
        *(
            Mistake(
                f"clipped_at_{eps}",
                "You clip the probability to keep its logarithm finite. A logit of 1000 on the wrong side must cost 1000; a clipped one costs far less and has no gradient.",
                edit(
                    SOFTPLUS,
                    WITH_SIGMOID
                    + f"p = np.clip(p, {eps}, 1.0 - {eps})\n    return -(target * np.log(p) + (1.0 - target) * np.log(1.0 - p)).mean()",
                ),
            )
            for eps in SMALL[:-1]
            if eps != "1e-7"
        ),
    ],
    hints=[
        "Write −log σ(z) and −log(1 − σ(z)) as logarithms of a sum with one exponential. How do the two differ?",
        "Which exponential is at most 1, whatever the sign of z? Rewrite log(1 + exp(z)) so that it contains only that exponential.",
        "What should a logit of 1000 cost if the target is 0, and what if it is 1?",
    ],
)


def classified(draw, N=5, K=3):
    """Logits, and labels of at least two classes where there are two."""
    labels = draw.integers(0, K, N)
    labels[: min(N, K)] = draw.permutation(K)[: min(N, K)]
    return {"logits": draw(N, K), "labels": labels}


def narrow(draw, kind, N=6, K=4):
    """Labels in integers of another width."""
    inputs = classified(draw, N, K)
    return inputs | {"labels": inputs["labels"].astype(kind)}


def far_and_labelled(draw):
    """Rows near ±1000; the label is the best class of one row with both ends, and the worst of another."""
    x = far_logits(draw, N=6)
    x[3] += 1000.0 * np.array([1.0, -1.0, -1.0, 1.0])[draw.permutation(4)]
    labels = draw.integers(0, 4, 6)
    labels[2], labels[3] = x[2].argmax(), x[3].argmin()
    return {"logits": x, "labels": labels}


def log_of_mean(logits, labels):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return -np.log(p[np.arange(len(labels)), labels].mean())


softmax_cross_entropy = Exercise(
    points=6,
    forbids=["a ready-made loss"],
    cases={
        "five examples, three classes": classified,
        "three examples, seven classes": partial(classified, N=3, K=7),
        "a single example": partial(classified, N=1, K=4),
        "a single class": partial(classified, N=3, K=1),
        "labels in int32": partial(narrow, kind=np.int32),
        "labels in uint8": partial(narrow, kind=np.uint8),
        "labels in int16": partial(narrow, kind=np.int16),
        "logits near ±1000": far_and_labelled,
    },
    checks=[
        agrees(
            3,
            "is the mean of −log p of the true class",
            on=["five examples, three classes", "three examples, seven classes"],
        ),
        agrees(
            1,
            "accepts labels of any integer dtype",
            on=["labels in int32", "labels in uint8", "labels in int16"],
        ),
        agrees(1, "is right for one example and for one class", on=["a single example", "a single class"]),
        agrees(1, "is right and finite for logits near ±1000", on="logits near ±1000"),
    ],
    mistakes=[
        Mistake(
            "unstable",
            "At logits of ±1000 your loss is inf or nan: exp overflows, or a whole row becomes 0. Shift each row first, which does not change the probabilities.",
            edit("x - x.max(axis=-1, keepdims=True)", "x", of="log_softmax"),
        ),
        Mistake(
            "small_number_added",
            "You add a small number inside the logarithm. A true class with a tiny probability must have a large loss, and yours is 18 at most: work with logarithms from the start.",
            edit("log_p = log_softmax(logits)", "log_p = np.log(softmax(logits) + 1e-8)"),
        ),
        Mistake(
            "log_of_softmax",
            "You take the logarithm of a probability that has underflowed to 0, and the loss is inf. Compute the log-softmax directly.",
            edit("log_p = log_softmax(logits)", "log_p = np.log(softmax(logits))"),
        ),
        Mistake(
            "shifted_by_the_batch",
            SHIFTED_BY_THE_BATCH,
            edit("x.max(axis=-1, keepdims=True)", "x.max()", of="log_softmax"),
        ),
        Mistake(
            "sum",
            "You return the sum over the examples. The loss is their mean.",
            returns("-log_p[np.arange(len(labels)), labels].sum()"),
        ),
        Mistake(
            "every_label_for_every_example",
            "You pick the labels of all examples in every row: indexing with a slice and a list of columns returns a whole matrix. Pair each row with its own label.",
            edit("[np.arange(len(labels)), labels]", "[:, labels]"),
        ),
        Mistake(
            "mean_over_classes",
            "You divide by N·K, as the mean of a product with one-hot labels does. There are only N examples: divide by N.",
            edit(".mean()", ".sum() / log_p.size"),
        ),
        Mistake(
            "no_softmax",
            "You take the logits themselves for logarithms of probabilities. They are any numbers: log_softmax first.",
            edit("log_p = log_softmax(logits)", "log_p = logits"),
        ),
        Mistake(
            "softmax_twice",
            "You take the softmax of a softmax. Use the logits as they are.",
            edit("log_softmax(logits)", "log_softmax(softmax(logits))"),
        ),
        Mistake(
            "log_of_mean",
            "You average the probabilities and then take the logarithm. Each example has its own −log p: average those.",
            log_of_mean,
        ),
        Mistake(
            "over_examples",
            "You take the softmax over the examples. Each row is a distribution over the classes.",
            edit("log_softmax(logits)", "log_softmax(logits.T).T"),
        ),
        Mistake(
            "sign",
            "Your loss is negative, because logarithms of probabilities are negative. The loss needs a minus sign in front.",
            edit("return -", "return "),
        ),
        Mistake(
            "one_loss_each",
            "You return a loss for every example. Take their mean.",
            edit(".mean()", ""),
        ),
        *(
            Mistake(
                f"log_of_p_plus_{eps}",
                "You add a small number inside the logarithm. A true class with a tiny probability must have a large loss, and yours is bounded: work with logarithms from the start.",
                edit("log_p = log_softmax(logits)", f"log_p = np.log(softmax(logits) + {eps})"),
            )
            for eps in SMALL
            if eps != "1e-8"
        ),
        *(
            Mistake(
                f"clipped_at_{eps}",
                "You clip the probability to keep its logarithm finite. A true class with a tiny probability must have a large loss, and yours is bounded: work with logarithms from the start.",
                edit("log_p = log_softmax(logits)", f"log_p = np.log(np.clip(softmax(logits), {eps}, 1.0))"),
            )
            for eps in SMALL[:-1]
        ),
        Mistake(
            "sign_and_log_of_softmax",
            "Your loss has the wrong sign, and where a probability has underflowed to 0 it is infinite. Compute the log-softmax directly, and mind the minus.",
            edit("log_p = log_softmax(logits)\n    return -", "log_p = np.log(softmax(logits))\n    return "),
        ),
    ],
    hints=[
        "Which one number of a row of log-probabilities counts, and how do you pick it in every row at once?",
        "What is the loss if all K logits of every row are equal? Check that yours is log K.",
    ],
)


def labelled(draw, N=5, K=4, missing=False, kind=np.int64):
    """Labels that repeat; the first example has not the first class; with `missing`, nobody has the last class."""
    used = K - missing
    labels = draw.integers(0, used, N)
    if used > 1:
        labels[0] = draw.integers(1, used)
    return {"labels": labels.astype(kind), "num_classes": K}


one_hot = Exercise(
    points=4,
    forbids=["a one-hot encoding"],
    cases={
        "five labels, four classes": labelled,
        "three labels, eight classes": partial(labelled, N=3, K=8),
        "a class that nobody has": partial(labelled, N=6, K=4, missing=True),
        "a single label": partial(labelled, N=1, K=5),
        "a single class": partial(labelled, N=3, K=1),
        "labels in int32": partial(labelled, N=7, kind=np.int32),
        "labels in uint8": partial(labelled, N=5, K=6, kind=np.uint8),
        "labels in int8": partial(labelled, N=4, K=3, kind=np.int8),
    },
    checks=[
        agrees(
            2,
            "has a single 1 in each row, in the column of the label",
            on=["five labels, four classes", "three labels, eight classes"],
        ),
        agrees(
            1,
            "has a column for every class, even one that no example has",
            on=["a class that nobody has", "a single label", "a single class"],
        ),
        agrees(1, "accepts labels of any integer dtype", on=["labels in int32", "labels in uint8", "labels in int8"]),
    ],
    mistakes=[
        Mistake(
            "integers",
            "You return integers. Return float64, because the rows are multiplied by probabilities later.",
            edit("np.zeros((len(labels), num_classes))", "np.zeros((len(labels), num_classes), int)"),
        ),
        Mistake(
            "booleans",
            "You return True and False. Return float64: 1.0 and 0.0.",
            edit("np.zeros((len(labels), num_classes))", "np.zeros((len(labels), num_classes), bool)"),
        ),
        Mistake(
            "from_one",
            "You count labels from 1. Label 0 belongs to the first column.",
            edit("labels] = 1.0", "labels.astype(int) - 1] = 1.0"),
        ),
        Mistake(
            "transposed",
            "You return the examples as columns, in shape (K, N). Here examples are rows.",
            edit("return out", "return out.T"),
        ),
        Mistake(
            "classes_counted",
            "You take the number of classes from the largest label. A class without examples needs a column, too: use num_classes.",
            edit("out = np.zeros((len(labels), num_classes))", "out = np.zeros((len(labels), int(labels.max()) + 1))"),
        ),
        Mistake(
            "every_label_in_every_row",
            "You mark the labels of all examples in every row: indexing with a slice and a list of columns selects a whole matrix. Pair each row with its own label.",
            edit("out[np.arange(len(labels)), labels]", "out[:, labels]"),
        ),
        Mistake(
            "one_cold",
            "You swap zeros and ones. The single 1 belongs in the column of the label.",
            edit("return out", "return 1.0 - out"),
        ),
    ],
    hints=[
        "Which shape does the answer have, and in which column of row n is the 1?",
        "How do you set one entry in every row at once? Or: what do the rows of an identity matrix look like?",
    ],
)


# A network


def network(draw, N=5, sizes=(4, 6, 3), scale=1.0):
    """Weights that keep the sizes of activations, and biases that are not small beside them.

    The first two units of a hidden layer are each other's negatives: one of them is active, so that no input is ever lost.
    """
    params = [(scale * draw(D, M) / np.sqrt(D), scale * draw(M)) for D, M in pairwise(sizes)]
    for W, b in params[:-1]:
        W[:, 1], b[1] = -W[:, 0], -b[0]
    return {"x": draw(N, sizes[0]), "params": params}


def relu_between_and_before_bias(x, params):
    for number, (W, b) in enumerate(params):
        z = x @ W
        x = (np.maximum(z, 0.0) if number < len(params) - 1 else z) + b
    return x


def only_first_relu(x, params):
    for number, (W, b) in enumerate(params):
        x = x @ W + b
        x = np.maximum(x, 0.0) if number == 0 and len(params) > 1 else x
    return x


mlp = Exercise(
    points=6,
    cases={
        "two layers": network,
        "three layers": partial(network, N=6, sizes=(3, 7, 5, 4)),
        "five layers": partial(network, N=4, sizes=(2, 8, 7, 6, 5, 3)),
        "a single layer": partial(network, N=6, sizes=(3, 5)),
        "a single example": partial(network, N=1, sizes=(4, 6, 5, 3)),
        "one number in, one out": partial(network, N=6, sizes=(1, 8, 1)),
        "large weights": partial(network, N=6, sizes=(3, 6, 5), scale=100.0),
        "layers that keep their width": partial(network, N=6, sizes=(4, 4, 4)),
    },
    checks=[
        agrees(
            3,
            "runs two or more layers with a relu between them",
            on=["two layers", "three layers", "five layers", "layers that keep their width"],
        ),
        agrees(1, "is one linear layer where there is only one", on="a single layer"),
        agrees(
            1,
            "is right for one example, for one number in and out, and for large weights",
            on=["a single example", "one number in, one out", "large weights"],
        ),
        moves(1, "changing one example changes only its own row", another_row, on=["two layers", "three layers"]),
    ],
    mistakes=[
        Mistake(
            "relu_after_the_last",
            "You put a relu after the last layer, so the network can never output a negative number. The last layer has no relu.",
            edit("return linear(x, W, b)", "return relu(linear(x, W, b))"),
        ),
        Mistake(
            "no_relu",
            "You put no relu between the layers. Without it, any number of layers is one linear map.",
            edit("x = relu(linear(x, W, b))", "x = linear(x, W, b)"),
        ),
        Mistake(
            "relu_before_the_first",
            "You put a relu before the first layer. The relu goes between layers: after the first, not before it.",
            edit("*hidden, last = params", "*hidden, last = params\n    x = relu(x)"),
        ),
        Mistake(
            "first_relu_only",
            "You put a relu after the first layer only. There is one between any two layers.",
            only_first_relu,
        ),
        Mistake(
            "no_bias",
            "You leave out the biases. Each layer adds its own b.",
            edit("x @ W + b", "x @ W", of="linear"),
        ),
        Mistake(
            "bias_after_relu",
            "You add the bias after the relu. The bias belongs to the linear layer, before the relu.",
            relu_between_and_before_bias,
        ),
        Mistake(
            "last_layer_missing",
            "You stop before the last layer.",
            edit("return linear(x, W, b)", "return x"),
        ),
        Mistake(
            "tanh",
            "You use tanh between the layers. Use relu.",
            edit("x = relu(linear(x, W, b))", "x = np.tanh(linear(x, W, b))"),
        ),
        Mistake(
            "sigmoid",
            "You use the sigmoid between the layers. Use relu.",
            edit("x = relu(linear(x, W, b))", "x = sigmoid(linear(x, W, b))"),
        ),
    ],
    hints=[
        "With three layers, how many relus are there, and where?",
        "How can you treat the last layer differently from the others, so that a network of a single layer is right, too?",
    ],
)


# Graphs


def a_graph(draw, V=6, E=11, D=4, M=3):
    """Edges as they come, some of them more than once, some from a node to itself; the last node sends and gets nothing."""
    return {"x": draw(V, D), "edges": draw.integers(0, V - 1, E, 2), "W": draw(D, M)}


def one_way(draw, V=6, **sizes):
    """Every edge leads to a node of a higher number, and comes once."""
    given = a_graph(draw, V, **sizes)
    pairs = np.argwhere(np.triu(np.ones((V, V)), 1))
    return given | {"edges": pairs[draw.permutation(len(pairs))[: len(pairs) // 2]]}


def repeated(draw, V=5, **sizes):
    """Three edges two and three times over, and loops."""
    given = a_graph(draw, V, **sizes)
    some = np.array([[0, 1], [2, 1], [3, 0], [2, 2], [4, 3]])
    return given | {"edges": some[draw.permutation(5)[[0, 1, 1, 2, 2, 2, 3, 4, 0, 2]]]}


def another_first_node(inputs, draw):
    x = inputs["x"].copy()
    x[0] = 2 * draw(x.shape[1])
    return inputs | {"x": x}


ADDED_UP = "np.add.at(out, edges[:, 1], (x @ W)[edges[:, 0]])"

message_passing = Exercise(
    points=4,
    cases={
        "edges one way": one_way,
        "a wider answer": partial(one_way, V=7, D=2, M=5),
        "edges that come twice, and loops": repeated,
        "many edges": partial(a_graph, V=4, E=30),
        "a node that nothing reaches": partial(a_graph, V=9, E=4, D=3, M=2),
        "a single edge": partial(a_graph, V=3, E=1, D=1, M=1),
    },
    checks=[
        agrees(1, "adds up what comes in over each node's edges", on=["edges one way", "a wider answer"]),
        moves(1, "lets a node be felt only where its edges lead", another_first_node, on="edges one way"),
        agrees(
            1,
            "counts every edge, also one that comes twice or leads back",
            on=["edges that come twice, and loops", "many edges"],
        ),
        agrees(1, "gives 0 to a node that nothing reaches", on=["a node that nothing reaches", "a single edge"]),
    ],
    mistakes=[
        Mistake(
            "reversed",
            "Your messages run against the edges. A row is (from, to): what is at its first node goes to its second.",
            edit(ADDED_UP, "np.add.at(out, edges[:, 0], (x @ W)[edges[:, 1]])"),
        ),
        Mistake(
            "both_ways",
            "Your messages go both ways. An edge leads from its first node to its second, and not back.",
            edit(ADDED_UP, f"{ADDED_UP}\n    np.add.at(out, edges[:, 0], (x @ W)[edges[:, 1]])"),
        ),
        Mistake(
            "last_one_counts",
            "Only one message arrives at each node. Where an index comes twice, += with an array of indices adds once: the last message replaces the others.",
            edit(ADDED_UP, "out[edges[:, 1]] += (x @ W)[edges[:, 0]]"),
        ),
        Mistake(
            "averaged",
            "You take the mean of what comes in. The messages add up.",
            edit("return out", "return out / np.maximum(1, np.bincount(edges[:, 1], minlength=len(x)))[:, None]"),
        ),
        Mistake(
            "itself_added",
            "You add each node's own features. A node hears itself only over an edge that leads back to it.",
            edit("return out", "return out + x @ W"),
        ),
        Mistake(
            "each_pair_once",
            "You count each pair of nodes once. An edge that comes twice brings its message twice.",
            edit("out = np", "edges = np.unique(edges, axis=0)\n    out = np"),
        ),
        Mistake(
            "loops_left_out",
            "You leave out edges from a node to itself. They count like any other.",
            edit("out = np", "edges = edges[edges[:, 0] != edges[:, 1]]\n    out = np"),
        ),
        Mistake(
            "activated",
            "You apply a relu. Asked are the sums alone.",
            edit("return out", "return np.maximum(out, 0.0)"),
        ),
        Mistake(
            "own_features_sent",
            "Each message holds what is at the edge's end. It brings what is at its beginning.",
            edit("(x @ W)[edges[:, 0]]", "(x @ W)[edges[:, 1]]"),
        ),
    ],
    hints=[
        "Which rows of x, one for each edge, hold what is sent, and to which rows of the answer does it go?",
        "What does out[indices] += values do where an index comes twice? NumPy has another function for that; a loop over edges is right, too.",
    ],
)


def neighbourhood(draw, V=6, D=4, M=3, density=0.5):
    """A network of neighbours whose degrees differ: the first node knows everybody but the last, and the last the one before it alone."""
    upper = np.triu(draw.uniform(0, 1, V, V) < density, 1)
    if V > 3:
        upper[0, 1:-1], upper[:, -1] = True, False
        upper[-2, -1] = True
    return {"x": draw(V, D), "adjacency": (upper | upper.T).astype(float), "W": draw(D, M), "b": draw(M)}


def with_hermits(draw, V=6, **sizes):
    """Two nodes without neighbours."""
    given = neighbourhood(draw, V, **sizes)
    given["adjacency"][[1, -1]] = 0.0
    given["adjacency"][:, [1, -1]] = 0.0
    return given


LINKED = "adjacency + np.eye(len(adjacency))"
SHARED = "linked / np.sqrt(degrees[:, None] * degrees)"

gcn_layer = Exercise(
    points=4,
    cases={
        "six nodes": neighbourhood,
        "a wider answer": partial(neighbourhood, V=8, D=2, M=5, density=0.2),
        "as many nodes as features": partial(neighbourhood, V=4, D=4, M=4),
        "nodes without neighbours": with_hermits,
        "a single node": partial(neighbourhood, V=1, D=3, M=2),
        "a pair": partial(neighbourhood, V=2, D=1, M=1, density=1.0),
    },
    checks=[
        agrees(
            2,
            "shares features between neighbours, each divided by the roots of both degrees",
            on=["six nodes", "a wider answer", "as many nodes as features"],
        ),
        moves(
            1,
            "lets a node be felt by itself and its neighbours alone",
            another_first_node,
            on=["nodes without neighbours", "six nodes"],
        ),
        agrees(
            1,
            "is right for nodes without neighbours, and for one node or two",
            on=["nodes without neighbours", "a single node", "a pair"],
        ),
    ],
    mistakes=[
        Mistake(
            "degrees_of_A",
            "You take the degrees of A, where a node without neighbours has degree 0. Take those of A + I: each node is linked to itself.",
            edit("linked.sum(axis=1)", "adjacency.sum(axis=1)"),
        ),
        Mistake(
            "row_normalised",
            "You divide each row by its own degree. The degrees of both ends count, each with its square root.",
            edit(SHARED, "linked / degrees[:, None]"),
        ),
        Mistake(
            "column_normalised",
            "You divide each column by its own degree. The degrees of both ends count, each with its square root.",
            edit(SHARED, "linked / degrees"),
        ),
        Mistake(
            "no_self_loops",
            "A node hears its neighbours and not itself. Link each node to itself first.",
            edit(f"linked = {LINKED}", "linked = adjacency"),
        ),
        Mistake(
            "not_normalised",
            "You add up the neighbours' features as they are, so that nodes with many neighbours get large ones. Divide by the roots of both degrees.",
            edit(SHARED, "linked"),
        ),
        Mistake(
            "no_roots",
            "You divide by both degrees themselves. Each counts with its square root, so that together they make one degree.",
            edit("np.sqrt(degrees[:, None] * degrees)", "(degrees[:, None] * degrees)"),
        ),
        Mistake(
            "bias_shared",
            "You add the bias before the features are shared, so it is scaled by the degrees. It comes last.",
            edit("linear(shares @ x, W, b)", "shares @ linear(x, W, b)"),
        ),
        Mistake(
            "activated",
            "You apply a relu. Asked is the layer without its activation.",
            edit("return linear(shares @ x, W, b)", "return np.maximum(linear(shares @ x, W, b), 0.0)"),
        ),
        Mistake(
            "multiplied_by_degrees",
            "You multiply by the roots of the degrees. Divide by them: the more neighbours, the less each of them counts.",
            edit(SHARED, "linked * np.sqrt(degrees[:, None] * degrees)"),
        ),
    ],
    hints=[
        "Of which matrix are the degrees taken, and what is then the smallest degree that a node can have?",
        "What does a diagonal matrix do to the rows of a matrix on its right, and to the columns of one on its left? Neither needs to be written as a matrix.",
    ],
)


# Initialisation


def fans(draw, fan_in, fan_out):
    return {"fan_in": fan_in, "fan_out": fan_out, "rng": draw.generator()}


# Of 60 000 entries the law shows clearly; of a few, the shape does.
LAYERS = {
    "400 inputs, 150 outputs": partial(fans, fan_in=400, fan_out=150),
    "three inputs, two outputs": partial(fans, fan_in=3, fan_out=2),
    "one input, four outputs": partial(fans, fan_in=1, fan_out=4),
}
LARGE = "400 inputs, 150 outputs"

OWN_SEED = "You draw from a generator that you seed yourself, so every layer gets the same numbers. Draw from the rng that is passed in."
GLOBAL_RANDOMNESS = "You draw from your own or the global random generator, so a run cannot be repeated. Draw only from the rng that is passed in."


def xavier_from(inputs):
    bound = np.sqrt(6.0 / (inputs["fan_in"] + inputs["fan_out"]))
    return uniform(-bound, bound)


xavier_uniform = Exercise(
    points=4,
    forbids=["a ready-made initialisation"],
    cases=LAYERS,
    checks=[
        distributed(
            3,
            "draws each weight from the uniform distribution between ±√(6 / (fan_in + fan_out))",
            xavier_from,
            on=list(LAYERS),
        ),
        seeded(1, "draws its random numbers from rng alone", on=LARGE),
    ],
    mistakes=[
        Mistake(
            "normal",
            "You draw from a normal distribution of the right variance. Draw from a uniform distribution, whose bounds no weight exceeds.",
            returns("rng.normal(0.0, bound / np.sqrt(3.0), (fan_in, fan_out))"),
        ),
        Mistake(
            "deviation_as_bound",
            "You use √(2 / (fan_in + fan_out)) as the bound, but that is the standard deviation. The bound of a uniform distribution is larger than its standard deviation.",
            edit("6.0 / (fan_in + fan_out)", "2.0 / (fan_in + fan_out)"),
        ),
        Mistake(
            "fan_in_alone",
            "Your bound depends on fan_in alone. It must keep both signals and gradients at scale, so both fans count.",
            edit("6.0 / (fan_in + fan_out)", "3.0 / fan_in"),
        ),
        Mistake(
            "no_root",
            "You leave out the root. A variance is a square; the bound is not.",
            edit("np.sqrt(6.0 / (fan_in + fan_out))", "6.0 / (fan_in + fan_out)"),
        ),
        Mistake(
            "positive_only",
            "You draw only positive weights. The distribution runs from minus the bound to the bound.",
            edit("(-bound, bound,", "(0.0, bound,"),
        ),
        Mistake(
            "not_scaled",
            "You draw weights between -1 and 1, however large the layer is. With many inputs the sums grow: scale the bound by the fans.",
            everywhere("bound,", "1.0,"),
        ),
        Mistake(
            "rows_repeated",
            "You draw one row and use it for every input. Equal weights get equal gradients and stay equal: draw each entry independently.",
            returns("np.tile(rng.uniform(-bound, bound, fan_out), (fan_in, 1))"),
        ),
        Mistake(
            "own_seed",
            OWN_SEED,
            returns("np.random.default_rng(0).uniform(-bound, bound, (fan_in, fan_out))"),
        ),
        Mistake(
            "global_randomness",
            GLOBAL_RANDOMNESS,
            returns("np.random.default_rng().uniform(-bound, bound, (fan_in, fan_out))"),
        ),
    ],
    hints=[
        "What is the variance of a uniform distribution between −a and a? Which a gives 2 / (fan_in + fan_out)?",
        "Which method of a NumPy Generator draws a whole array from a uniform distribution?",
    ],
)


def he_from(inputs):
    return normal(0.0, np.sqrt(2.0 / inputs["fan_in"]))


def truncated(fan_in, fan_out, rng):
    """Drawn again where it is beyond two standard deviations, and stretched to the variance asked."""
    x = rng.standard_normal((fan_in, fan_out))
    while (far := np.abs(x) > 2.0).any():
        x[far] = rng.standard_normal(int(far.sum()))
    return x / 0.8796256610342398 * np.sqrt(2.0 / fan_in)  # the standard deviation of a normal law cut off at ±2


he_normal = Exercise(
    points=4,
    forbids=["a ready-made initialisation"],
    cases=LAYERS,
    checks=[
        distributed(
            3, "draws each weight from the normal distribution of variance 2 / fan_in", he_from, on=list(LAYERS)
        ),
        seeded(1, "draws its random numbers from rng alone", on=LARGE),
    ],
    mistakes=[
        Mistake(
            "variance_as_deviation",
            "You pass the variance where NumPy expects the standard deviation, which is the root of the variance.",
            edit("np.sqrt(2.0 / fan_in)", "2.0 / fan_in"),
        ),
        Mistake(
            "one_over_fan_in",
            "Your variance is 1 / fan_in. A relu sets about half of the inputs to 0, and a factor 2 makes up for that.",
            edit("2.0 / fan_in", "1.0 / fan_in"),
        ),
        Mistake(
            "fan_out",
            "Your variance depends on fan_out. A unit sums over its inputs, so the variance depends on fan_in.",
            edit("2.0 / fan_in", "2.0 / fan_out"),
        ),
        Mistake(
            "both_fans",
            "Your variance is that of Xavier initialisation, with both fans. He initialisation uses fan_in alone.",
            edit("2.0 / fan_in", "2.0 / (fan_in + fan_out)"),
        ),
        Mistake(
            "uniform",
            "You draw from a uniform distribution of the right variance. Draw from a normal distribution.",
            returns("rng.uniform(-np.sqrt(3.0) * std, np.sqrt(3.0) * std, (fan_in, fan_out))"),
        ),
        Mistake(
            "truncated",
            "You truncate the tails of the normal distribution, as some libraries do. Draw from the plain normal distribution.",
            truncated,
        ),
        Mistake(
            "not_scaled",
            "You draw standard normal weights, however large the layer is. With many inputs the sums grow: scale the weights by fan_in.",
            returns("rng.standard_normal((fan_in, fan_out))"),
        ),
        Mistake("own_seed", OWN_SEED, returns("np.random.default_rng(0).normal(0.0, std, (fan_in, fan_out))")),
        Mistake(
            "global_randomness",
            GLOBAL_RANDOMNESS,
            returns("np.random.default_rng().normal(0.0, std, (fan_in, fan_out))"),
        ),
    ],
    hints=[
        "What is the second argument of NumPy's normal distribution, the variance or the standard deviation?",
        "If fan_in inputs of mean square 1 are multiplied by weights of variance v and added up, what is the variance of the sum?",
    ],
)


def depths(draw, depth, width, activation, **more):
    return {"depth": depth, "width": width, "activation": activation, "rng": draw.generator()} | more


def with_sigmoids(inputs, draw):
    return inputs | {"activation": "sigmoid"}


DEEP = {"twenty layers of 50 relus": partial(depths, depth=20, width=50, activation="relu")}
SHALLOW = {
    "seven layers of tanh": partial(depths, depth=7, width=30, activation="tanh"),
    "five layers of sigmoids": partial(depths, depth=5, width=20, activation="sigmoid"),
    "four layers of relus": partial(depths, depth=4, width=40, activation="relu"),
    "a single layer of tanh": partial(depths, depth=1, width=20, activation="tanh"),
}

MANY = {
    "sixty networks of five layers of relus": partial(depths, depth=5, width=50, activation="relu", networks=60),
    "sixty networks of five layers of tanh": partial(depths, depth=5, width=60, activation="tanh", networks=60),
    "sixty networks of five layers of sigmoids": partial(depths, depth=5, width=50, activation="sigmoid", networks=60),
}
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(100)  # for means over a standard normal number


def of_many(vanishing_gradient, depth, width, activation, rng, networks=1):
    """-> norms (depth,)"""
    if networks == 1:
        return vanishing_gradient(depth, width, activation, rng)
    norms = [vanishing_gradient(depth, width, activation, rng) for _ in range(networks)]
    return list(np.sqrt(np.mean(np.square(norms), axis=0)))


def mean_squares_of_relus(depth, width, gain):
    """The mean of norms² for relus, where a layer's weights have variance gain / width.

    The loss is S = dz·z at every layer, as a network of relus is homogeneous. So the gradient in the activations h below has
    the part S / |h| along h, which passes the slopes whole; the rest is noise of norm² gain·|dz|², of which they pass half.
    Of k layers further down (gain/2)ᵏ·width·(1/2 + k/π) is left.
    """
    k = np.arange(depth)[::-1]
    return (gain / 2) ** k * width * (0.5 + k / np.pi)


def mean_squares(depth, width, gain, bend, slope):
    """The mean of norms² for an activation whose slope is even, so that what comes back is noise of norm² gain·|dz|².

    With z normal of variance q, the slopes pass the mean of slope(z)²; the layer above has q = gain·mean of bend(z)².
    """
    mean = partial(np.average, weights=WEIGHTS)
    q, passed = gain, []
    for _ in range(depth):
        z = np.sqrt(q) * NODES
        passed.append(mean(slope(z) ** 2))
        q = gain * mean(bend(z) ** 2)
    return width / gain * np.cumprod(gain * np.array(passed[::-1]))[::-1]


def around_the_theory(inputs):
    """Bounds for weights of variance 2/width, as he_normal draws them, and of 1/width, as xavier_uniform does.

    The slack is seven standard deviations of the logarithm of sixty networks' root mean square, and its mean beside them, which
    is not 0 as a width of 50 is not infinite; the wider ones deviate less. With k layers above, relus have a mean of 0.000 and a
    deviation of 0.009 at k = 0, -0.030 and 0.037 at k = 4; tanh, the wider of the other two, has 0.003 and 0.006 at k = 0, 0.004 and
    0.016 at k = 1, 0.017 and 0.042 at k = 4 (of 18,000 networks). A gradient of relus that goes back through W in the place of its
    transpose is 0.25 too small at k = 1, 0.63 at k = 4; one that takes
    tanh's slope at tanh(z) is 0.073 too large at k = 0 with a deviation of 0.003, 0.47 at k = 4.
    """
    depth, width, activation = inputs["depth"], inputs["width"], inputs["activation"]
    k = np.arange(depth)[::-1]
    slack = np.exp(0.1 + 0.07 * k if activation == "relu" else 0.05 + 0.1 * k**0.75)
    pairs = []
    for gain in (2.0, 1.0):
        size = np.sqrt(
            mean_squares_of_relus(depth, width, gain)
            if activation == "relu"
            else mean_squares(depth, width, gain, *SMOOTH[activation])
        )
        pairs.append((size / slack, size * slack))
    return pairs


SMOOTH = {
    "tanh": (np.tanh, lambda z: 1 / np.cosh(z) ** 2),
    "sigmoid": (lambda z: 0.5 + np.tanh(z / 2) / 2, lambda z: 0.25 / np.cosh(z / 2) ** 2),
}

vanishing_gradient = Exercise(
    points=6,
    words={"norms[#]": "the norm in layer {}"},
    cases=DEEP | SHALLOW | MANY,
    driver=of_many,
    checks=[
        grows(
            3,
            "with sigmoids the gradient shrinks by more than 10⁶ through twenty layers, with relus it does not",
            by=1e6,
            change=with_sigmoids,
            on=list(DEEP),
        ),
        bounded(
            2,
            "over many networks, each layer's norm is as large as the theory of wide networks says",
            around_the_theory,
            on=list(MANY),
        ),
        seeded(
            1,
            "returns one finite norm per layer for every activation, and draws its random numbers from rng alone",
            on=list(SHALLOW),
        ),
    ],
    mistakes=[
        Mistake(
            "no_slope",
            "You leave out the activations in the backward pass. Each activation multiplies the gradient by its derivative, which is at most ¼ for a sigmoid.",
            edit("dz = dh * local", "dz = dh"),
        ),
        Mistake(
            "last_layer_first",
            "You list the norms from the last layer to the first, as the backward pass finds them. The first layer comes first.",
            edit("norms[::-1]", "norms"),
        ),
        Mistake(
            "weights_not_transposed",
            "You multiply the gradient by W in the backward pass, where it must be the transpose of W. With square layers the shapes do not show this mistake.",
            edit("dh = dz @ W.T", "dh = dz @ W"),
        ),
        Mistake(
            "slope_of_the_output",
            "You compute the derivative of tanh at tanh(z) instead of z. With the activation h = tanh(z), which power of h do you subtract from 1?",
            edit("lambda h: 1.0 - h**2", "lambda h: 1.0 - tanh(h) ** 2", of="_activation"),
        ),
        Mistake(
            "sigmoid_slope_for_all",
            "You use the derivative of the sigmoid for every activation, so even a relu network's gradient vanishes.",
            edit("np.where(h > 0, 1.0, 0.0)", "sigmoid(h) * (1.0 - sigmoid(h))", of="_activation"),
        ),
        Mistake(
            "weights_not_scaled",
            "You draw standard normal weights, whatever the width. Then sigmoids saturate and relus explode: draw the weights with xavier_uniform or he_normal.",
            edit("he_normal(width, width, rng)", "rng.standard_normal((width, width))"),
        ),
        Mistake(
            "input_counted",
            "You return one norm too many: the gradient with respect to the network's input belongs to no layer.",
            edit("return norms[::-1]", "return [float(np.linalg.norm(dh)), *norms[::-1]]"),
        ),
        Mistake(
            "last_layer_missing",
            "You return one norm too few: the last layer has an activation and its own gradient, like every other layer.",
            edit("return norms[::-1]", "return norms[:0:-1]"),
        ),
        Mistake(
            "own_seed",
            "You draw from a generator that you seed yourself. Draw from the rng that is passed in.",
            edit("h = rng", "rng = np.random.default_rng(0)\n    h = rng"),
        ),
        Mistake(
            "global_randomness",
            GLOBAL_RANDOMNESS,
            edit("h = rng.standard_normal(width)", "rng = np.random\n    h = rng.standard_normal(width)"),
        ),
    ],
    hints=[
        "By what does a layer's backward pass multiply the gradient, for its activation and for its weights?",
        "What must the forward pass keep so that the backward pass can use it? In which order does it use it?",
        "What is the largest derivative of a sigmoid? To which power does it enter after twenty layers?",
    ],
)
