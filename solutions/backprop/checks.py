"""How the answers of this unit are judged: cases, checks and the mistakes that people really make."""

import itertools
from collections import deque
from functools import partial

import numpy as np

from grader.exercise import (
    Exercise,
    Mistake,
    agrees,
    edit,
    follow,
    keeps,
    moves,
    orders,
    reaches,
    redrawn,
    returns,
    slopes,
)

ALLOWS = ("numpy",)


# Elementwise functions


def entries(draw, *shape, upstream=1.0):
    """Inputs of both signs, none nearer to 0 than 0.1, and an upstream gradient."""
    size = int(np.prod(shape))
    signs = np.where(np.arange(size) % 2, -1.0, 1.0)[draw.permutation(size)]
    x = signs * (0.1 + np.abs(draw(size)))
    return {"dout": upstream * draw(*shape), "x": x.reshape(shape)}


def far_entries(draw):
    """Ordinary entries beside some where exp overflows, squares of exp do, or a slope is all but 0."""
    far = [6.0, -6.0, 40.0, -40.0, 400.0, -400.0, 1000.0, -1000.0]
    x = np.concatenate([far, entries(draw, 7)["x"]])[draw.permutation(15)]
    return {"dout": draw(3, 5), "x": x.reshape(3, 5)}


BATCH, SHAPES, FAR = "four examples of five", ["a vector", "three axes", "a single entry"], "entries up to ±1000"
LARGE = "a large upstream gradient"
ELEMENTWISE = {
    BATCH: lambda draw: entries(draw, 4, 5),
    LARGE: lambda draw: entries(draw, 3, 6, upstream=1000.0),
    "a vector": lambda draw: entries(draw, 6),
    "three axes": lambda draw: entries(draw, 2, 3, 4),
    "a single entry": lambda draw: entries(draw, 1, 1),
    FAR: far_entries,
}

SMALL = ("1e-5", "1e-6", "1e-7", "1e-8", "1e-9", "1e-10", "1e-12", "1e-15")  # what people write to keep a log finite

sigmoid_backward = Exercise(
    points=4,
    forbids=["automatic differentiation"],
    cases=ELEMENTWISE,
    checks=[
        agrees(2, "scales dout by the slope of the sigmoid at x", on=[BATCH, LARGE]),
        agrees(1, "works elementwise on arrays of any shape", on=SHAPES),
        agrees(1, "is right and finite for x up to ±1000", on=FAR),
    ],
    mistakes=[
        Mistake(
            "no_upstream",
            "You return the sigmoid's own slope and leave out dout: the chain rule multiplies the two.",
            edit("return dout * s", "return s"),
        ),
        Mistake(
            "output_for_input",
            "You treat x as if it were the sigmoid's output. x is the input: apply the sigmoid to it first.",
            edit("s = _sigmoid(x)", "s = x"),
        ),
        Mistake(
            "sigmoid_of_dout",
            "You evaluate the slope at dout and multiply by x: you have swapped the two. Take the slope at x, the input of the forward pass.",
            edit("s = _sigmoid(x)\n    return dout * s", "s = _sigmoid(dout)\n    return x * s"),
        ),
        Mistake(
            "half_a_slope",
            "You multiply dout by the sigmoid itself. The slope of the sigmoid has one more factor, so that it is near 0 far out on both sides.",
            edit(" * (1.0 - s)", ""),
        ),
        Mistake(
            "overflow_far_right",
            "At x = 1000 your exponential overflows, and inf / inf is nan. Write the sigmoid so that no exp gets a large positive number.",
            edit("s = _sigmoid(x)", "s = np.exp(x) / (1.0 + np.exp(x))"),
        ),
        Mistake(
            "overflow_far_left",
            "At x = -1000 your exponential overflows, and inf / inf is nan. Write the slope in terms of a stable sigmoid, or use that the slope is the same at x and -x.",
            edit("return dout * s * (1.0 - s)", "return dout * np.exp(-x) / (1.0 + np.exp(-x)) ** 2"),
        ),
    ],
    hints=[
        "How can the slope of the sigmoid be written with nothing but the sigmoid's own value?",
        "Where is the slope largest, and what is it for x = 1000? Does any exp in your code get a large positive number?",
    ],
)

tanh_backward = Exercise(
    points=3,
    forbids=["automatic differentiation"],
    cases=ELEMENTWISE,
    checks=[
        agrees(1, "scales dout by the slope of tanh at x", on=[BATCH, LARGE]),
        agrees(1, "works elementwise on arrays of any shape", on=SHAPES),
        agrees(1, "is right and finite for x up to ±1000", on=FAR),
    ],
    mistakes=[
        Mistake(
            "no_upstream",
            "You return tanh's own slope and leave out dout: the chain rule multiplies the two.",
            edit("return dout * (1.0 - t**2)", "return 1.0 - t**2"),
        ),
        Mistake(
            "output_for_input",
            "You treat x as if it were tanh's output. x is the input: apply tanh to it first.",
            edit("t = np.tanh(x)", "t = x"),
        ),
        Mistake(
            "tanh_of_dout",
            "You take the tanh of dout. Take the slope at x, the input of the forward pass, and multiply dout by it.",
            edit("t = np.tanh(x)", "t = np.tanh(dout)"),
        ),
        Mistake(
            "no_square",
            "You subtract tanh itself from 1. Which power of tanh makes the slope the same at x and at -x?",
            edit("t**2", "t"),
        ),
        Mistake(
            "overflow",
            "At x = ±1000 your exponentials overflow, and inf / inf is nan. NumPy has a tanh that does not.",
            edit("t = np.tanh(x)", "t = (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))"),
        ),
    ],
    hints=[
        "How can the slope of tanh be written with nothing but tanh's own value?",
        "What is the slope at 0, and far out on either side? Check that your formula gives these three values.",
    ],
)

relu_backward = Exercise(
    points=3,
    forbids=["automatic differentiation"],
    cases=ELEMENTWISE,
    checks=[
        agrees(2, "passes dout on where x is positive, and nowhere else", on=[BATCH, LARGE, FAR]),
        agrees(1, "works elementwise on arrays of any shape", on=SHAPES),
    ],
    mistakes=[
        Mistake(
            "no_upstream",
            "You return relu's own slope, ones and zeros, and leave out dout: the chain rule multiplies the two.",
            edit("np.where(x > 0, dout, 0.0)", "np.where(x > 0, 1.0, 0.0)"),
        ),
        Mistake(
            "mask_of_dout",
            "You decide by the sign of dout. Decide by the sign of x: it says which entries the forward pass let through.",
            edit("x > 0", "dout > 0"),
        ),
        Mistake(
            "times_the_output",
            "You multiply dout by relu's output. Multiply it by relu's slope, which is 1 for every positive x, however large.",
            edit("np.where(x > 0, dout, 0.0)", "dout * np.maximum(x, 0.0)"),
        ),
        Mistake(
            "always_one",
            "You pass dout on everywhere. Do you check whether relu's output is at least 0? It always is: check the sign of x.",
            edit("x > 0", "np.maximum(x, 0.0) >= 0"),
        ),
        Mistake(
            "inverted",
            "You pass dout on where x is negative. There relu's output is always 0, so its slope is 0.",
            edit("x > 0", "x < 0"),
        ),
    ],
    hints=[
        "If x grows a little, by how much does max(0, x) grow: for a positive x, for a negative one?",
        "Which entries of dout reach dx unchanged, and what happens to the others? Do not change dout itself.",
    ],
)

TANH_FORMULA = """u = np.sqrt(2.0 / np.pi) * (x + 0.044715 * x**3)
    below = (1.0 + np.tanh(u)) / 2.0
    density = 0.5 * (1.0 - np.tanh(u) ** 2) * np.sqrt(2.0 / np.pi) * (1.0 + 3 * 0.044715 * x**2)
"""

gelu_backward = Exercise(
    points=5,
    forbids=["automatic differentiation"],
    cases=ELEMENTWISE,
    checks=[
        agrees(3, "scales dout by the slope of the exact gelu at x", on=[BATCH, LARGE]),
        agrees(1, "works elementwise on arrays of any shape", on=SHAPES),
        agrees(1, "is right and finite for x up to ±1000", on=FAR),
    ],
    mistakes=[
        Mistake(
            "gate_held_still",
            "Your slope is Φ(x) alone. x appears twice in x·Φ(x), so the product rule has a second term.",
            edit(" + x * density", ""),
        ),
        Mistake(
            "second_term_alone",
            "Your slope is x·Φ'(x) alone. x appears twice in x·Φ(x), so the product rule has another term.",
            edit("below + x * density", "x * density"),
        ),
        Mistake(
            "density_not_normalised",
            "Your derivative of Φ lacks its normalising constant. The derivative of Φ is the normal density, whose area is 1.",
            edit(" / np.sqrt(2.0 * np.pi)", ""),
        ),
        Mistake(
            "erf_without_root_two",
            "You take erf of x itself. erf belongs to a normal distribution of variance ½: for Φ, divide x by √2 first.",
            edit("erf(x / np.sqrt(2.0))", "erf(x)"),
        ),
        Mistake(
            "density_without_x",
            "You add Φ(x) and its derivative. In the product rule that derivative has a factor x.",
            edit(" + x * density", " + density"),
        ),
        Mistake(
            "tanh_formula",
            "You return the slope of the tanh formula, which only approximates gelu. Differentiate the exact gelu, with erf.",
            edit(
                "below = (1.0 + erf(x / np.sqrt(2.0))) / 2.0\n    density = np.exp(-(x**2) / 2.0) / np.sqrt(2.0 * np.pi)\n",
                TANH_FORMULA,
            ),
        ),
        Mistake(
            "no_upstream",
            "You return gelu's own slope and leave out dout: the chain rule multiplies the two.",
            edit("return dout * (below + x * density)", "return below + x * density"),
        ),
    ],
    hints=[
        "In how many places does x appear in x·Φ(x)? Which rule gives the derivative of such a product?",
        "What is the derivative of a distribution function? What is it for the standard normal?",
    ],
)


# Layers and losses


def layer(draw, N=5, D=4, M=3, upstream=1.0):
    """A linear layer and an upstream gradient; all sizes differ, so that no axis can pass for another."""
    return {"dout": upstream * draw(N, M), "x": draw(N, D), "W": draw(D, M), "b": draw(M)}


def uneven_layer(draw):
    """Examples and features of very different sizes."""
    inputs = layer(draw, N=6, D=3, M=2)
    inputs["x"] *= np.array([1000.0, 1.0, 0.001])
    inputs["dout"][[0, 1]] *= np.array([[1000.0], [0.001]])
    return inputs


other_upstream = redrawn(dout=0)


LAYERS = ["five examples", "more outputs than inputs", "as many outputs as inputs", "large and small entries"]

linear_backward = Exercise(
    points=6,
    forbids=["automatic differentiation"],
    cases={
        "five examples": layer,
        "a single example": partial(layer, N=1),
        "one feature in, one out": partial(layer, D=1, M=1),
        "more outputs than inputs": partial(layer, N=3, D=2, M=7),
        "large and small entries": uneven_layer,
        "as many outputs as inputs": partial(layer, N=3, D=5, M=5),
    },
    checks=[
        agrees(2, "returns dx, the gradient with respect to the input", on=LAYERS, part="dx"),
        agrees(1, "returns dW, added up over the examples", on=LAYERS, part="dW"),
        agrees(1, "returns db, added up over the examples", on=LAYERS, part="db"),
        agrees(
            1,
            "returns the right shapes for a batch of one and for a single feature",
            on=["a single example", "one feature in, one out"],
        ),
        moves(
            1,
            "changing dout of one example changes only that example's dx, and both dW and db",
            change=other_upstream,
            on="five examples",
        ),
    ],
    mistakes=[
        Mistake(
            "db_mean",
            "You average db over the examples. Sum instead: dout already contains the 1/N.",
            edit("dout.sum(axis=0)", "dout.mean(axis=0)"),
        ),
        Mistake(
            "dW_mean",
            "You divide dW by N. Sum over the examples instead: dout already contains the 1/N.",
            edit("x.T @ dout", "x.T @ dout / len(x)"),
        ),
        Mistake(
            "db_kept_2d",
            "Your db has shape (1, M), but b has shape (M,): a gradient has the shape of its parameter.",
            edit("dout.sum(axis=0)", "dout.sum(axis=0, keepdims=True)"),
        ),
        Mistake(
            "db_over_outputs",
            "You sum db over the outputs. Each output has its own bias, which all N examples share: sum over the examples.",
            edit("dout.sum(axis=0)", "dout.sum(axis=1)"),
        ),
        Mistake(
            "dW_transposed",
            "You return the transpose of dW. W has shape (D, M), so its gradient has shape (D, M), too.",
            edit("dW = x.T @ dout", "dW = dout.T @ x"),
        ),
        Mistake(
            "weights_first",
            "You return dW, db, dx. Return the gradients in the order of the layer's inputs: x, W, b.",
            edit("return dx, dW, db", "return dW, db, dx"),
        ),
        Mistake(
            "all_averaged",
            "You average dW and db over the examples. Sum instead: the incoming gradient already contains the 1/N.",
            edit("dW = x.T @ dout\n    db = dout.sum(axis=0)", "dW = x.T @ dout / len(x)\n    db = dout.mean(axis=0)"),
        ),
    ],
    hints=[
        "Write out one entry: how much does y[n, m] change when W[d, m] grows a little, and for which n does it change?",
        "Let the shapes guide you: which product of dout and W has the shape of x, and which product of x and dout has the shape of W?",
        "Which axis of dout runs over the examples that share one bias? That is the axis to sum over.",
    ],
)


def guesses(draw, *shape):
    return {"prediction": draw(*shape), "target": draw(*shape)}


def far_guesses(draw):
    """Errors from a millionth to a million beside each other, some targets far from 0 themselves."""
    inputs = guesses(draw, 3, 4)
    inputs["prediction"] *= 10.0 ** draw.integers(-6, 7, 3, 4)
    inputs["target"][0] += 1000.0
    return inputs


mean_squared_error_backward = Exercise(
    points=3,
    forbids=["automatic differentiation"],
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
            "returns the gradient of the mean over all elements",
            on=["four examples of three", "large and small errors"],
        ),
        agrees(
            1,
            "averages over every axis, whatever the shape",
            on=["one number per example", "a vector", "a single example", "three axes"],
        ),
    ],
    mistakes=[
        Mistake(
            "mean_over_examples",
            "You divide by the number of examples. The loss is the mean over all elements: divide by the number of elements.",
            edit("prediction.size", "len(prediction)"),
        ),
        Mistake(
            "not_averaged",
            "You return the gradient of the sum of the squared errors. The loss is their mean.",
            edit(" / prediction.size", ""),
        ),
        Mistake(
            "no_factor_two",
            "You leave out the factor 2 from the square. The loss has no ½ in front to cancel it.",
            edit("return 2.0 * ", "return "),
        ),
        Mistake(
            "sign",
            "Your gradient has the wrong sign. Where the prediction is too high, a higher prediction raises the loss.",
            edit("2.0 * (prediction - target)", "2.0 * (target - prediction)"),
        ),
        Mistake(
            "absolute_error",
            "You return the sign of each error. That is the slope of the absolute error, not of the squared error.",
            edit("2.0 * (prediction - target)", "np.sign(prediction - target)"),
        ),
        Mistake(
            "sign_and_not_averaged",
            "Your gradient has the wrong sign, and is not averaged. The loss rises with a prediction above its target, and it is a mean over every element.",
            edit("2.0 * (prediction - target) / prediction.size", "2.0 * (target - prediction)"),
        ),
        Mistake(
            "neither_two_nor_mean",
            "You return the error alone. The square brings a factor 2, and the mean a factor of 1 over the number of elements.",
            edit("2.0 * (prediction - target) / prediction.size", "prediction - target"),
        ),
    ],
    hints=[
        "How many terms does the mean have, and how much does one of them change when its prediction grows a little?",
        "Check the size: with a single number the loss is (p - t)². What is its derivative with respect to p?",
    ],
)


def distribution(draw, *shape):
    return {"dout": draw(*shape), "x": draw(*shape)}


def far_logits(draw, N=5, K=4):
    """A row near 1000, one near -1000, one with both, ordinary ones: never all of them saturated."""
    x = draw(N, K)
    x[0] += 1000.0
    x[1] -= 1000.0
    x[2] += 1000.0 * np.array([1.0, -1.0, 1.0, -1.0])[draw.permutation(K)]
    return x


softmax_backward = Exercise(
    points=7,
    forbids=["automatic differentiation"],
    cases={
        "four rows of three": lambda draw: distribution(draw, 4, 3),
        "three rows of six": lambda draw: distribution(draw, 3, 6),
        "a single row": lambda draw: distribution(draw, 1, 5),
        "one vector": lambda draw: distribution(draw, 5),
        "batch and time": lambda draw: distribution(draw, 2, 3, 4),
        "logits near ±1000": lambda draw: {"dout": draw(5, 4), "x": far_logits(draw)},
    },
    checks=[
        agrees(3, "applies the Jacobian of the softmax to every row", on=["four rows of three", "three rows of six"]),
        agrees(
            2,
            "treats the last axis as the classes, however many axes come before it",
            on=["a single row", "one vector", "batch and time"],
        ),
        agrees(1, "is right and finite for logits near ±1000", on="logits near ±1000"),
        keeps(
            1,
            "dx adds up to 0 in every row, because shifting all logits equally changes nothing",
            measure="sum",
            change=redrawn(dout=...),
            on=["four rows of three", "batch and time"],
        ),
    ],
    mistakes=[
        Mistake(
            "diagonal_only",
            "You use p·(1 - p), the diagonal of the Jacobian. A logit also changes the other outputs of its row: those terms are missing.",
            edit("(dout - (p * dout).sum(axis=-1, keepdims=True))", "(1.0 - p) * dout"),
        ),
        Mistake(
            "normaliser_held_still",
            "You multiply dout by the softmax and stop. The denominator depends on every logit, too: the term from its derivative is missing.",
            edit("(dout - (p * dout).sum(axis=-1, keepdims=True))", "dout"),
        ),
        Mistake(
            "sum_over_all_rows",
            "You sum over all rows. Each row is its own distribution: sum over the last axis only, and keep that axis for broadcasting.",
            edit("(p * dout).sum(axis=-1, keepdims=True)", "(p * dout).sum()"),
        ),
        Mistake(
            "output_for_input",
            "You treat x as if it were the softmax's output. x holds the logits: apply the softmax to it first.",
            edit("p = _softmax(x)", "p = x"),
        ),
        Mistake(
            "softmax_over_first_axis",
            "You take the softmax over the first axis, the examples. The classes are on the last axis.",
            edit("p = _softmax(x)", "p = np.exp(x - x.max(axis=0)) / np.exp(x - x.max(axis=0)).sum(axis=0)"),
        ),
        Mistake(
            "unstable",
            "At logits of ±1000 your softmax is nan: exp overflows, or a whole row becomes 0. Shift each row first, which does not change the probabilities.",
            edit("x - x.max(axis=-1, keepdims=True)", "x", of="_softmax"),
        ),
        Mistake(
            "shifted_by_the_batch",
            "You subtract the largest logit of the whole batch, and a row far below it becomes 0 / 0. Each row needs its own maximum.",
            edit("x.max(axis=-1, keepdims=True)", "x.max()", of="_softmax"),
        ),
        Mistake(
            "no_outer_factor",
            "You subtract the row's sum of p·dout from dout, and forget to multiply the difference by p.",
            returns("dout - (p * dout).sum(axis=-1, keepdims=True)"),
        ),
    ],
    hints=[
        "If one logit grows, its own probability rises. What happens to the others of that row, and how much in all?",
        "Write the Jacobian for j = k and for j ≠ k. Then take dout times it: which part of the result is the same for every k?",
    ],
)


def classified(draw, N=5, K=3):
    return {"logits": draw(N, K), "labels": draw.integers(0, K, N)}


def repeated_labels(draw):
    """Every example of the same class, but for one."""
    first, second = draw.permutation(4)[:2]
    labels = np.full(6, first)
    labels[1] = second
    return {"logits": draw(6, 4), "labels": labels}


other_logits = redrawn(logits=0)


softmax_cross_entropy_backward = Exercise(
    points=6,
    forbids=["automatic differentiation"],
    cases={
        "five examples, three classes": classified,
        "more classes than examples": partial(classified, N=3, K=7),
        "the same label again and again": repeated_labels,
        "a single example": partial(classified, N=1, K=4),
        "two classes": partial(classified, N=4, K=2),
        "logits near ±1000": lambda draw: {"logits": far_logits(draw), "labels": draw.integers(0, 4, 5)},
    },
    checks=[
        agrees(
            3,
            "returns the gradient of the mean loss with respect to the logits",
            on=["five examples, three classes", "more classes than examples", "the same label again and again"],
        ),
        agrees(1, "is right for a single example and for two classes", on=["a single example", "two classes"]),
        agrees(1, "is right and finite for logits near ±1000", on="logits near ±1000"),
        keeps(
            1,
            "adds up to 0 in every row: what the true class gains, the others lose",
            measure="sum",
            change=other_logits,
            on=["five examples, three classes", "more classes than examples"],
        ),
    ],
    mistakes=[
        Mistake(
            "not_averaged",
            "You return the gradient of the summed loss, which is N times too large. The loss is the mean over the examples.",
            edit("return dlogits / len(labels)", "return dlogits"),
        ),
        Mistake(
            "mean_over_everything",
            "You divide by N·K. The mean is over the N examples only: each has one loss, however many classes there are.",
            edit("dlogits / len(labels)", "dlogits / logits.size"),
        ),
        Mistake(
            "sign",
            "Your gradient has the wrong sign: a step against the gradient must raise the logit of the true class.",
            edit("return dlogits / len(labels)", "return -dlogits / len(labels)"),
        ),
        Mistake(
            "true_class_minus_one",
            "You set the entry of the true class to -1. That entry contains the probability of the class, too: if the class is already certain, the gradient is 0.",
            edit("labels] -= 1.0", "labels] = -1.0"),
        ),
        Mistake(
            "whole_columns",
            "You subtract in whole columns, for every example. Change one entry in each row: index rows and labels together.",
            edit("dlogits[np.arange(len(labels)), labels]", "dlogits[:, labels]"),
        ),
        Mistake(
            "one_term_averaged",
            "You divide only one of the two terms by N. The mean is over the whole difference.",
            edit(
                "labels] -= 1.0\n    return dlogits / len(labels)", "labels] -= 1.0 / len(labels)\n    return dlogits"
            ),
        ),
        Mistake(
            "unstable",
            "At logits of ±1000 your softmax is nan: exp overflows, or a whole row becomes 0. Shift each row first, which does not change the probabilities.",
            edit("x - x.max(axis=-1, keepdims=True)", "x", of="_softmax"),
        ),
        Mistake(
            "sign_and_not_averaged",
            "Your gradient is −N times what it should be: subtract the labels from the probabilities, not the other way round, and divide by the number of examples, as the loss is a mean.",
            edit("return dlogits / len(labels)", "return -dlogits"),
        ),
        Mistake(
            "once_for_every_class",
            "You subtract the 1 of the true class once for each class. Subtract it once for each example.",
            edit("-= 1.0", "-= logits.shape[1]"),
        ),
        Mistake(
            "true_class_forgotten",
            "You return the probabilities. For the true class, 1 has to be subtracted.",
            edit("-= 1.0", "-= 0.0"),
        ),
        Mistake(
            "one_hot_alone",
            "You subtract the labels from the logits. Subtract them from the probabilities.",
            edit("dlogits = _softmax(logits)", "dlogits = logits.copy()"),
        ),
    ],
    hints=[
        "Write the loss of one example as log Σ exp(z) - z[label]. What is the derivative of each part with respect to one of the logits?",
        "What does a row of the gradient add up to? And what is that row if the network is certain and right?",
        "Every example has one entry that differs from the rest of its row: which index pairs name these entries?",
    ],
)


# A whole network


def network(draw, N=5, sizes=(4, 6, 3)):
    """A network at a usual initialisation, biases and all; every size differs from its neighbours."""
    params = [(draw(D, M) / np.sqrt(D), draw(M)) for D, M in itertools.pairwise(sizes)]
    return {"x": draw(N, sizes[0]), "labels": draw.integers(0, sizes[-1], N), "params": params}


def clear_of_kinks(draw):
    """A network in which no relu's input is near 0, so that a small step keeps every relu on its side."""
    while True:
        inputs = network(draw, N=3)
        (W, b), _ = inputs["params"]
        if np.abs(inputs["x"] @ W + b).min() > 0.01:  # a hundred times what the steps of `slopes` move it
            return inputs


def certain_network(draw):
    """Logits near ±1000, some of them tied; every class is somebody's label, so the largest losses are near 2000."""
    inputs = network(draw, N=6)
    W, b = inputs["params"][-1]
    inputs["params"][-1] = (W, b + np.array([1000.0, 1000.0, -1000.0])[draw.permutation(3)])
    inputs["labels"] = np.array([0, 1, 2, 0, 1, 2])[draw.permutation(6)]
    return inputs


def examples_far_apart(draw):
    """One example's logits are all near -1000, another's near 1000: no maximum over the batch will do for both."""
    inputs = network(draw, N=4, sizes=(5, 3))
    inputs["x"][:, 0] = np.array([1000.0, -1000.0, 0.0, 1.0])[draw.permutation(4)]
    W, _ = inputs["params"][0]
    W[0] = 1.0
    return inputs


LOSS_AND_START = """loss = -_log_softmax(logits)[np.arange(len(labels)), labels].mean()
    dout = softmax_cross_entropy_backward(logits, labels)
"""
SUMMED = """loss = -_log_softmax(logits)[np.arange(len(labels)), labels].sum()
    dout = softmax_cross_entropy_backward(logits, labels) * len(labels)
"""
UNSTABLE = """p = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    loss = -np.log(p[np.arange(len(labels)), labels]).mean()
    dout = (p - np.eye(p.shape[1])[labels]) / len(labels)
"""

mlp_loss_and_gradients = Exercise(
    points=10,
    forbids=["automatic differentiation"],
    words={
        "gradients[#]": "the gradients of layer {}",
        "gradients[#][0]": "dW of layer {}",
        "gradients[#][1]": "db of layer {}",
    },
    cases={
        "two layers": network,
        "three layers": partial(network, N=7, sizes=(3, 6, 5, 4)),
        "four layers": partial(network, N=3, sizes=(2, 5, 4, 6, 3)),
        "a single layer": partial(network, N=4, sizes=(5, 3)),
        "a single example": partial(network, N=1, sizes=(3, 5, 4)),
        "away from the kinks": clear_of_kinks,
        "logits near ±1000": certain_network,
        "examples far apart": examples_far_apart,
        "layers that keep their width": partial(network, N=6, sizes=(4, 4, 4)),
    },
    checks=[
        agrees(
            1,
            "returns the mean loss",
            on=["two layers", "three layers", "four layers", "layers that keep their width"],
            part="loss",
        ),
        agrees(
            4,
            "returns every layer's (dW, db)",
            on=["two layers", "three layers", "four layers", "layers that keep their width"],
            part="gradients",
        ),
        agrees(2, "is right for a single layer and a single example", on=["a single layer", "a single example"]),
        agrees(1, "is right and finite for logits near ±1000", on=["logits near ±1000", "examples far apart"]),
        slopes(2, "the gradients are the slope of your own loss", of="params", on="away from the kinks"),
    ],
    mistakes=[
        Mistake(
            "relu_backward_missing",
            "You leave out the relus in the backward pass. Where a hidden unit was off, no gradient may pass.",
            edit("relu_backward(dh, h)", "dh"),
        ),
        Mistake(
            "mask_of_gradient",
            "Your relus pass on the positive entries of the gradient. What counts is which units were on in the forward pass.",
            edit("relu_backward(dh, h)", "relu_backward(dh, dh)"),
        ),
        Mistake(
            "relu_on_logits",
            "You put a relu after the last layer as well. The last layer outputs the logits, which may be negative.",
            edit("logits = inputs[-1] @ W + b", "logits = np.maximum(0.0, inputs[-1] @ W + b)"),
        ),
        Mistake(
            "last_layer_first",
            "You return the gradients in the order of the backward pass, last layer first. Return them in the order of params.",
            edit("gradients[::-1]", "gradients"),
        ),
        Mistake(
            "summed",
            "Your loss and gradients are sums over the examples, and so N times too large. Return those of the mean.",
            edit(LOSS_AND_START, SUMMED),
        ),
        Mistake(
            "gradient_not_averaged",
            "Your loss is the mean over the examples, but your gradients are those of the sum: they are N times too large.",
            edit("dlogits / len(labels)", "dlogits", of="softmax_cross_entropy_backward"),
        ),
        Mistake(
            "log_of_zero",
            "Your loss is inf where the probability of the true class rounds to 0. Do not take the log of a softmax: compute the log-softmax directly.",
            edit("_log_softmax(logits)", "np.log(_softmax(logits))"),
        ),
        Mistake(
            "unstable",
            "At logits of ±1000 your softmax is nan: exp overflows. Shift each row first, which does not change the probabilities.",
            edit(LOSS_AND_START, UNSTABLE),
        ),
        *(
            Mistake(
                f"log_of_p_plus_{eps}",
                "You add a small number inside the logarithm, so the loss of a tiny probability is bounded. Compute the log-softmax from the logits.",
                edit("_log_softmax(logits)", f"np.log(_softmax(logits) + {eps})"),
            )
            for eps in SMALL
        ),
        Mistake(
            "sign_of_the_gradients",
            "Your loss is right, but your gradients point the other way: the probabilities come first, and the labels are subtracted.",
            edit("softmax_cross_entropy_backward(", "-softmax_cross_entropy_backward("),
        ),
        Mistake(
            "sign_and_not_averaged",
            "Your gradients are −N times what they should be: subtract the labels from the probabilities, and divide by the number of examples, as the loss is a mean.",
            edit("softmax_cross_entropy_backward(", "-len(x) * softmax_cross_entropy_backward("),
        ),
    ],
    hints=[
        "What does each layer need in the backward pass that only the forward pass computes? Keep it in a list.",
        "Go through the layers in reverse with one running dout. What happens to dout at a linear layer, and at a relu?",
        "Where does dout start? You have written that gradient already, and it has the 1/N in it.",
    ],
)


# Graphs: each is written as {number: [parents]} with the root named, and given other names when it is drawn


def named(draw, structure, root, words):
    """The graph under drawn names. Neither the dict's order nor that of the names is a valid one, nor its reverse."""
    pool = [chr(ord("a") + i) for i in range(26)] if words else list(range(2, 2 + 2 * len(structure)))
    others = [node for node in structure if node != root]
    names = sorted(pool[i] for i in draw.permutation(len(pool))[: len(structure)])
    shuffled = [others[i] for i in draw.permutation(len(others))]
    called = dict(zip(_second(root, shuffled), names, strict=True))
    listed = _second(root, others[::-1])
    return {"graph": {called[node]: [called[p] for p in structure[node]] for node in listed}, "root": called[root]}


def _second(root, others):
    """Root in the second place: a valid order has it last, the reverse of one has it first."""
    return [*others[:1], root, *others[1:]]


DIAMOND = {0: [], 1: [0], 2: [0], 3: [1, 2]}
# Node 2 uses 0 and its child 1, node 4 uses 2 and its child 3, once in each order: breadth first and pre-order fail on
# one of them, whichever way round they take the parents.
SKIPS = {0: [], 1: [0], 2: [0, 1], 3: [2], 4: [3, 2]}
SQUARED = {0: [], 1: [0, 0], 2: [], 3: [1, 2, 1]}
# Around a root of 4: 5 and 6 were computed from it, 7 and 8 have nothing to do with it, 9 shares a parent with it.
AROUND = {0: [], 1: [], 2: [0, 1], 3: [1], 4: [3, 2], 5: [4, 0], 6: [5, 4], 7: [], 8: [7], 9: [0, 7]}
ALONE = {0: []}


def chain(n):
    return {i: [i - 1] if i else [] for i in range(n)}


def random_graph(draw):
    """Nine nodes, each of the one before and any other one, or of that one twice: one long path and many short cuts."""
    structure = {0: []}
    for node in range(1, 9):
        parents = [node - 1, int(draw.integers(0, node))]
        structure[node] = [parents[i] for i in draw.permutation(2)]
    return named(draw, structure, 8, words=False)


def graph_of(structure, root, words=False):
    return lambda draw: named(draw, structure, root, words)


def ancestry(inputs):
    """The members of a right answer, and the pairs whose order counts."""
    graph, members, frontier = inputs["graph"], [inputs["root"]], [inputs["root"]]
    while frontier:
        for parent in graph[frontier.pop()]:
            if parent not in members:
                members.append(parent)
                frontier.append(parent)
    return members, [(parent, child) for child in members for parent in graph[child]]


def breadth_first(graph, root):
    order, queue = [root], deque([root])
    while queue:
        for parent in graph[queue.popleft()]:
            if parent not in order:
                order.append(parent)
                queue.append(parent)
    return order[::-1]


def pre_order(graph, root):
    order, stack = [], [root]
    while stack:
        node = stack.pop()
        if node not in order:
            order.append(node)
            stack.extend(reversed(graph[node]))
    return order[::-1]


topological_order = Exercise(
    points=6,
    cases={
        "a diamond": graph_of(DIAMOND, 3),
        "nodes with names": graph_of(DIAMOND, 3, words=True),
        "skip connections": graph_of(SKIPS, 4),
        "skip connections, nodes with names": graph_of(SKIPS, 4, words=True),
        "nine nodes": random_graph,
        "nodes that root does not need": graph_of(AROUND, 4),
        "a node used twice": graph_of(SQUARED, 3),
        "a single node": graph_of(ALONE, 0),
        "a chain of 400 nodes": graph_of(chain(400), 399),
    },
    checks=[
        orders(
            3,
            "lists every parent before its child, and root last",
            ancestry,
            on=[
                "a diamond",
                "nodes with names",
                "skip connections",
                "skip connections, nodes with names",
                "nine nodes",
            ],
        ),
        orders(1, "leaves out nodes that root was not computed from", ancestry, on="nodes that root does not need"),
        orders(1, "lists a node once, however often it is used", ancestry, on=["a node used twice", "a single node"]),
        orders(1, "follows a chain of 400 nodes to its start", ancestry, on="a chain of 400 nodes"),
    ],
    mistakes=[
        Mistake(
            "reversed",
            "You return the reverse order, root first. That is the order of the backward pass; here, parents come before their children.",
            edit("return order", "return order[::-1]"),
        ),
        Mistake(
            "pre_order",
            "You list a node when you first meet it. Another of its children may come later: list a node only after all of its parents.",
            pre_order,
        ),
        Mistake(
            "breadth_first",
            "You go through the graph level by level. A node may be near root along one path and far along another, and the longer path counts.",
            breadth_first,
        ),
        Mistake(
            "everything",
            "You list the whole graph. Only root and what it was computed from belong in the list: start at root and follow the parents.",
            edit("[(root, False)]", "[(node, False) for node in reversed(graph)]"),
        ),
        Mistake(
            "shared_nodes_repeated",
            "You list a node that is used more than once several times. Remember which nodes you have already visited.",
            edit("elif node not in seen:", "else:"),
        ),
        Mistake(
            "one_level",
            "You list root's parents and stop there. The parents have parents, too.",
            lambda graph, root: [*graph[root], root],
        ),
    ],
    hints=[
        "When may a node go into the list: when you first meet it, or when all of its parents are in it?",
        "Think of a function that visits a node: it first visits the parents. What must it remember, so that a shared node is visited once?",
    ],
)


# Value: expressions as programs. A step is (operation, operands): an int is the number of a node, a float is a number.


def evaluate(Value, leaves, program, backward):
    """-> numbers (K)

    The data of all nodes, or the gradients of the leaves.
    """
    nodes = [Value(leaf) for leaf in leaves]
    for op, *operands in program:
        given = [nodes[item] if isinstance(item, int) else item for item in operands]
        if op == "+":
            made = given[0] + given[1]
        elif op == "-":
            made = given[0] - given[1]
        elif op == "*":
            made = given[0] * given[1]
        elif op == "/":
            made = given[0] / given[1]
        elif op == "**":
            made = given[0] ** given[1]
        elif op == "neg":
            made = -given[0]
        else:
            made = getattr(given[0], op)()
        nodes.append(made)
    if not backward:
        return [node.data for node in nodes]
    nodes[-1].backward()
    return [leaf.grad for leaf in nodes[: len(leaves)]]


def positive(draw, n):
    """Numbers between 1/2 and 2: a division or a logarithm of them is harmless, and none is 1 to the digit."""
    return [float(number) for number in draw.uniform(0.5, 2.0, n)]


def expression(program, n=3, backward=True, leaves=positive):
    return lambda draw: dict(leaves=leaves(draw, n), program=program, backward=backward)


ARITHMETIC = [("*", 0, 1), ("+", 3, 2), ("-", 4, 0), ("/", 5, 1), ("neg", 6), ("**", 7, 3.0)]
FUNCTIONS = [("tanh", 0), ("exp", 1), ("*", 3, 4), ("log", 2), ("+", 5, 6), ("exp", 7)]
NUMBERS = [
    ("+", 2.5, 0),
    ("*", 1.5, 2),
    ("-", 4.0, 3),
    ("/", 2.0, 4),
    ("+", 5, 3.0),
    ("*", 6, 0.5),
    ("-", 7, 1.5),
    ("/", 8, 2.5),
    ("*", 9, 1),
    ("neg", 0),
    ("+", 11, 0.25),  # a negative first term
    ("+", 10, 12),
]
TWICE = [("*", 0, 0), ("*", 2, 0), ("+", 3, 1)]
DIAMOND = [("*", 0, 1), ("tanh", 2), ("exp", 2), ("*", 3, 4), ("+", 5, 2), ("*", 6, 3)]
DEEP = [("*" if number % 2 else "+", number + 1, 0.5 if number % 2 else 1) for number in range(300)]


def both_sides_of_zero(draw, n):
    """Numbers of both signs, none near 0, where the slope of a relu jumps, and none above 1, so that it cannot jump there."""
    signs = [1.0, -1.0, *draw.signs(n - 2)]
    return [float(sign * size) for sign, size in zip(signs, draw.uniform(0.5, 0.95, n), strict=True)]


RELUS = [("relu", 0), ("relu", 1), ("+", 2, 3), ("*", 4, 0), ("neg", 5), ("relu", 6), ("+", 5, 7), ("+", 8, 3)]


def random_program(draw):
    """Fourteen sums, products and tangents of any earlier nodes; the last step joins them all."""
    program, n = [], 4
    for number in range(n, n + 14):
        op = ("+", "*", "tanh")[int(draw.integers(0, 3))]
        operands = [int(i) for i in draw.integers(max(0, number - 5), number, 1 if op == "tanh" else 2)]
        program += [(op, *operands)]
    last = n + len(program) - 1
    for number in range(n):
        program += [("+" if number % 2 else "*", last + number, number)]
    return dict(leaves=positive(draw, n), program=[("tanh", 0), *shifted(program, n)], backward=True)


def shifted(program, n):
    """A program that finds one more node before its own first."""
    return [(op, *(item + 1 if item >= n else item for item in operands)) for op, *operands in program]


SIGN = "float(({0} > 0) - ({0} < 0))"
SUMS = '''return _made(self.data + _number(other), (self, 1.0), (other, 1.0))

    def __radd__(self, other):
        """other + self, where other is a number"""
        return self + other

    def __neg__(self):
        """-self"""
        return _made(-self.data, (self, -1.0))

    def __sub__(self, other):
        """self - other"""
        return self + -other

    def __rsub__(self, other):
        """other - self, where other is a number"""
        return -self + other'''

LONGEST = 40  # letters of an expression that somebody reads


def parts_of_an_expression(inputs):
    """What the numbers are: the data of a node, or the gradient of a leaf, called a, b, c; each node as its operation."""
    leaves = [chr(ord("a") + i) for i in range(len(inputs["leaves"]))]
    texts = list(leaves)
    for number, (op, *operands) in enumerate(inputs["program"], 1):
        given = [texts[item] if isinstance(item, int) else str(item) for item in operands]
        text = (
            f"-{given[0]}" if op == "neg" else f"{op}({given[0]})" if len(given) == 1 else f"({f' {op} '.join(given)})"
        )
        texts.append(text if len(text) <= LONGEST else f"step {number} ({op})")
    if inputs["backward"]:
        return {f"numbers[{i}]": f"the gradient of {leaf} in {texts[-1]}" for i, leaf in enumerate(leaves)}
    return {f"numbers[{i}]": f"the data of {text}" for i, text in enumerate(texts)}


Value = Exercise(
    points=8,
    forbids=["automatic differentiation"],
    words=parts_of_an_expression,
    driver=evaluate,
    cases={
        "arithmetic": expression(ARITHMETIC, backward=False),
        "functions": expression(FUNCTIONS, backward=False),
        "numbers on either side": expression(NUMBERS, n=2, backward=False),
        "relus": expression(RELUS, n=2, leaves=both_sides_of_zero, backward=False),
        "gradients of arithmetic": expression(ARITHMETIC),
        "gradients of functions": expression(FUNCTIONS),
        "gradients past numbers": expression(NUMBERS, n=2),
        "gradients of relus": expression(RELUS, n=2, leaves=both_sides_of_zero),
        "a value used twice": expression(TWICE, n=2),
        "a diamond": expression(DIAMOND, n=2),
        "a random graph": random_program,
        "a chain of 300 nodes": expression(DEEP, n=2),
    },
    checks=[
        agrees(1, "computes + − * / ** and neg", on="arithmetic"),
        agrees(1, "computes relu, tanh, exp and log", on=["functions", "relus"]),
        agrees(
            1, "accepts a number on either side of an operator", on=["numbers on either side", "gradients past numbers"]
        ),
        agrees(
            2,
            "finds the gradients of every operation",
            on=["gradients of arithmetic", "gradients of functions", "gradients of relus"],
        ),
        agrees(1, "adds up the gradients of a value that is used twice", on="a value used twice"),
        agrees(1, "passes a gradient on only when it is complete", on=["a diamond", "a random graph"]),
        agrees(1, "runs backward through a chain of 300 nodes", on="a chain of 300 nodes"),
    ],
    mistakes=[
        Mistake(
            "overwritten",
            "You overwrite the gradient of a value that is used twice. Both paths to the result count: add their gradients up.",
            edit("parent.grad += value.grad * slope", "parent.grad = value.grad * slope"),
        ),
        Mistake(
            "passed_on_early",
            "You pass the gradient of a value on before it is complete. Everything that was computed from the value must be handled first.",
            edit("reversed(topological_order(graph, self))", "graph"),
        ),
        Mistake(
            "upstream_dropped",
            "You add the slope of the operation alone. The chain rule multiplies it by the gradient of the operation's result.",
            edit("value.grad * slope", "slope"),
        ),
        Mistake(
            "nothing_flows",
            "Your gradients are all 0. The last value's is its derivative with respect to itself, and from there each value, the last one first, passes its own on to what it was made from: which of these is missing?",
            edit("self.grad = 1.0", "pass"),
        ),
        Mistake(
            "divisor_sign",
            "Your gradient of a divisor has the wrong sign: for positive numbers, a quotient falls when its divisor grows.",
            edit("-self.data / _number(other) ** 2", "self.data / _number(other) ** 2"),
        ),
        Mistake(
            "power_rule",
            "Your slope of a power keeps the exponent. Differentiation lowers the exponent by one.",
            edit("(exponent - 1)", "exponent"),
        ),
        Mistake(
            "tanh_of_input",
            "You compute the slope of tanh from its input. The formula that you use needs the output of tanh.",
            edit("1 - t**2", "1 - self.data**2"),
        ),
        Mistake(
            "swapped_difference",
            "You compute a number minus a value as the value minus the number.",
            edit("return -self + other", "return self - other"),
        ),
        Mistake(
            "swapped_quotient",
            "You compute a number divided by a value as the value divided by the number.",
            edit("return Value(other) / self", "return self / other"),
        ),
        Mistake(
            "relu_open",
            "Your relu passes on every gradient. Where its input is negative, its output does not depend on the input.",
            edit("float(self.data > 0)", "1.0"),
        ),
        *(
            Mistake(
                name,
                "Your gradient of + is the sign of the number. A sum grows as fast as each of its terms, whatever their signs.",
                edit(
                    SUMS, SUMS.replace("(self, 1.0), (other, 1.0)", slopes).replace("return -self + other", difference)
                ),
            )
            for name, slopes, difference in (
                ("sign_as_slope_of_a_sum", f"(self, {SIGN.format('self.data')}), (other, 1.0)", "return -self + other"),
                (
                    "sign_as_slope_of_a_term",
                    f"(self, {SIGN.format('self.data')}), (other, 1.0)",
                    "return Value(other) + -self",
                ),
                (
                    "signs_as_slopes_of_a_sum",
                    f"(self, {SIGN.format('self.data')}), (other, {SIGN.format('_number(other)')})",
                    "return -self + other",
                ),
            )
        ),
        Mistake(
            "other_term_forgotten",
            "Your + passes its gradient to the left term only. Both terms get it.",
            edit("(self, 1.0), (other, 1.0)", "(self, 1.0)"),
        ),
    ],
    hints=[
        "What must a result remember about its operands, so that it can send them their share of the gradient later?",
        "In backward, which values may pass their gradient on first? The exercise before this one puts them in order.",
        "Let each result keep pairs of an operand and the slope with respect to it. Then backward is two loops, the same for all operations.",
    ],
)


# Gradients in the input: a network whose weights stay, and an input that is asked about


def looked_at(saliency, W1, b1, W2, b2, x, labels):
    """-> saliency (N, ...)

    The network is a tanh layer and a linear one; its input is taken as one row for each example, whatever its shape.
    """

    def forward(x):
        return np.tanh(x.reshape(len(x), -1) @ W1 + b1) @ W2 + b2

    def backward(dout, x):
        h = np.tanh(x.reshape(len(x), -1) @ W1 + b1)
        return ((dout @ W2.T * (1 - h**2)) @ W1.T).reshape(x.shape)

    return saliency(forward, backward, x, labels)


def seen(draw, *shape, H=7, K=5):
    """A network and a batch of inputs of this shape, labels as they come."""
    N, D = shape[0], int(np.prod(shape[1:]))
    W1, b1, W2, b2 = draw(D, H) / D**0.5, draw(H), draw(H, K), draw(K)
    return dict(W1=W1, b1=b1, W2=W2, b2=b2, x=draw(*shape), labels=draw.integers(0, K, N))


def unlikely(draw, N=4, D=6, K=5):
    """Every label is of the class that the network likes least, and sure of another."""
    given = seen(draw, N, D, K=K)
    given["W2"] = 6 * given["W2"]
    logits = np.tanh(given["x"] @ given["W1"] + given["b1"]) @ given["W2"] + given["b2"]
    return given | dict(labels=logits.argmin(axis=1))


saliency = Exercise(
    points=3,
    forbids=["automatic differentiation"],
    driver=looked_at,
    cases={
        "four rows": lambda draw: seen(draw, 4, 6),
        "three pictures": lambda draw: seen(draw, 3, 2, 4, 5),
        "as many rows as features and classes": lambda draw: seen(draw, 5, 5),
        "labels that the network likes least": unlikely,
        "a single row": lambda draw: seen(draw, 1, 7, K=3),
        "a single feature": lambda draw: seen(draw, 3, 1, K=2),
    },
    checks=[
        agrees(
            1,
            "is the size of the slope of each example's own logit",
            on=["four rows", "as many rows as features and classes", "a single row", "a single feature"],
        ),
        agrees(1, "keeps the shape of pictures, channels too", on="three pictures"),
        agrees(1, "asks for the label's logit, however unlikely", on="labels that the network likes least"),
    ],
    mistakes=[
        Mistake(
            "of_the_loss",
            "You start from the gradient of the cross-entropy, in which all classes take part. Asked is the slope of one logit.",
            edit(
                "dout = np.zeros_like(forward(x))\n    dout[np.arange(len(labels)), labels] = 1.0",
                "dout = softmax_cross_entropy_backward(forward(x), labels)",
            ),
        ),
        Mistake(
            "signed",
            "You keep the sign of the gradient. Saliency is about how strongly a number counts, either way.",
            edit("np.abs(backward(dout, x))", "backward(dout, x)"),
        ),
        Mistake(
            "of_the_likeliest",
            "You take the logit of the class that the network likes best. Asked is that of the label.",
            edit("labels] = 1.0", "forward(x).argmax(axis=1)] = 1.0"),
        ),
        Mistake(
            "all_logits",
            "You add up the slopes of all logits. Only the label's logit has an upstream gradient.",
            edit("np.zeros_like", "np.ones_like"),
        ),
        Mistake(
            "one_label_for_all",
            "You ask for every label's logit in every example. Each example has one label of its own.",
            edit("dout[np.arange(len(labels)), labels]", "dout[:, labels]"),
        ),
        Mistake(
            "scaled",
            "You scale the map so that its largest entry is 1. That is for showing it: return the slopes themselves.",
            edit("np.abs(backward(dout, x))", "np.abs(backward(dout, x)) / np.abs(backward(dout, x)).max()"),
        ),
        Mistake(
            "averaged",
            "You divide by the number of examples. A loss is averaged over a batch, and a logit belongs to one example.",
            edit("labels] = 1.0", "labels] = 1.0 / len(labels)"),
        ),
        Mistake(
            "times_input",
            "You multiply the gradient by the input. That is another method: return the size of the gradient alone.",
            edit("np.abs(backward(dout, x))", "np.abs(x * backward(dout, x))"),
        ),
        Mistake(
            "largest_over_channels",
            "You take the largest entry over the second axis. The answer is like x, with a number for each of its entries.",
            edit("np.abs(backward(dout, x))", "np.abs(backward(dout, x)).max(axis=1)"),
        ),
    ],
    hints=[
        "The function `backward` gives the gradient of a weighted sum of all logits. Which weights leave only the label's logit of each example?",
        "Which shape has dout, and how many of its entries are not 0?",
    ],
)


def attributed(integrated_gradients, a, W, b, c, x, baseline, steps):
    """-> attributions (D,)"""

    def gradient(point):
        if point.shape != x.shape:
            raise ValueError(f"gradient takes one point of shape {x.shape} a call, and it got {point.shape}")
        return (a * np.cos(W @ point + b)) @ W + np.exp(c @ point) * c

    return integrated_gradients(gradient, x, baseline, steps)


def attribution(draw, D=5, K=4, steps=6, far=True):
    """A bent function, an input, and a baseline: somewhere, or at 0."""
    bent = dict(a=draw(K), W=draw(K, D), b=draw(K), c=draw(D) / (2 * D**0.5))
    return bent | dict(x=1 + draw(D), baseline=draw(D) - 1 if far else np.zeros(D), steps=steps)


MIDWAY = "midpoints = (np.arange(steps) + 0.5) / steps"
MEAN = "np.mean([gradient(baseline + t * way) for t in midpoints], axis=0)"

integrated_gradients = Exercise(
    points=4,
    forbids=["automatic differentiation"],
    driver=attributed,
    cases={
        "six steps": attribution,
        "from a baseline of zeros": partial(attribution, D=4, steps=7, far=False),
        "a single step": partial(attribution, D=3, steps=1),
        "a single number": partial(attribution, D=1, steps=3),
        "fifty steps": partial(attribution, D=6, steps=50),
    },
    checks=[
        agrees(2, "averages the gradient over the middles of the steps, and multiplies by the way", on="six steps"),
        agrees(1, "starts from the baseline, wherever it is", on=["from a baseline of zeros", "fifty steps"]),
        agrees(1, "is right for a single step and a single number", on=["a single step", "a single number"]),
    ],
    mistakes=[
        Mistake(
            "no_factor",
            "You return the mean gradient. Multiply it by how far each number has come from the baseline.",
            edit(f"return way * {MEAN}", f"return {MEAN}"),
        ),
        Mistake(
            "factor_x",
            "You multiply by x itself. What counts is how far x is from the baseline, and the baseline need not be 0.",
            edit("return way *", "return x *"),
        ),
        Mistake(
            "way_from_zero",
            "Your way starts at 0. It starts at the baseline.",
            edit("gradient(baseline + t * way)", "gradient(t * x)"),
        ),
        Mistake(
            "left_ends",
            "You take the gradient where each step begins. The midpoint rule takes it in the middle of each step.",
            edit(MIDWAY, "midpoints = np.arange(steps) / steps"),
        ),
        Mistake(
            "right_ends",
            "You take the gradient where each step ends. The midpoint rule takes it in the middle of each step.",
            edit(MIDWAY, "midpoints = (np.arange(steps) + 1) / steps"),
        ),
        Mistake(
            "both_ends",
            "Your points run from the baseline to x, both included. The midpoint rule takes one point in the middle of each step.",
            edit(MIDWAY, "midpoints = np.linspace(0, 1, steps)"),
        ),
        Mistake(
            "ends_of_all_steps",
            "You take the gradient at both ends of every step, at one point more than there are steps. The midpoint rule takes one point in the middle of each.",
            edit(MIDWAY, "midpoints = np.linspace(0, 1, steps + 1)"),
        ),
        Mistake(
            "trapezoids",
            "You average the gradients at the two ends of each step. That is the trapezoid rule: the midpoint rule takes one point in the middle of each step.",
            edit(
                MEAN,
                "np.mean([(gradient(baseline + t * way) + gradient(baseline + (t + 1 / steps) * way)) / 2 for t in np.arange(steps) / steps], axis=0)",
            ),
        ),
        Mistake(
            "added_up",
            "You add up the gradients. Divide by the number of steps, so that the answer does not grow with it.",
            edit("np.mean(", "np.sum("),
        ),
        Mistake(
            "at_x_alone",
            "You take the gradient at x alone. Average it over the whole way from the baseline.",
            edit(MEAN, "gradient(x)"),
        ),
        Mistake(
            "backwards",
            "Your way leads from x to the baseline, so all signs are turned: what raises the function must be positive.",
            edit(f"return way * {MEAN}", f"return -way * {MEAN}"),
        ),
        Mistake(
            "sizes",
            "You take absolute values. The signs belong to the answer: some numbers lower the function.",
            edit(f"return way * {MEAN}", f"return np.abs(way * {MEAN})"),
        ),
    ],
    hints=[
        "If a function of one number grows from f(a) to f(b), how does the mean of its slopes in between give that growth?",
        "Where are the middles of the steps if the way is cut into one step, into two, into three?",
    ],
)


def attacked(student, a, W, b, x, **more):
    """-> adversarial (...)

    The loss is a sum of waves in all entries of x, so its slopes change along the way.
    """

    def gradient(x):
        return ((a * np.cos(W @ x.ravel() + b)) @ W).reshape(x.shape)

    return student(gradient=gradient, x=x, **more)


def attack(draw, *shape, pace=3.0, between=(0.2, 0.8), **more):
    """Waves fast enough to turn within epsilon, and an input in the box."""
    D = int(np.prod(shape))
    waves = dict(a=1 + np.abs(draw(6)), W=pace * draw(6, D) / D**0.5, b=2 * draw(6))
    return waves | dict(x=draw.uniform(*between, *shape)) | more


def at_the_edges(draw, *shape, low, high, **more):
    """Some entries stand on an edge of the box, some near one."""
    given = attack(draw, *shape, between=(low, high), **more)
    x = given["x"]
    places = draw.permutation(x.size)
    x.flat[places[: x.size // 4]], x.flat[places[-(x.size // 4) :]] = low, high
    return given


UPHILL = "x + epsilon * np.sign(gradient(x))"
DOWNHILL = "You step against the gradient, which lowers the loss. An adversarial example is to raise it."
NO_SIGN = (
    "You step along the gradient as it is. Only the sign of each entry counts, so that every entry moves equally far."
)
LEAVES_THE_BOX = "Your answer leaves the box. Entries below low or above high are no pictures: take them back."
OWN_BOX = "You go back to between 0 and 1, whatever low and high are. Use those that are given."

fgsm = Exercise(
    points=3,
    forbids=["automatic differentiation"],
    driver=attacked,
    cases={
        "a row": lambda draw: attack(draw, 9, epsilon=0.1),
        "three rows": lambda draw: attack(draw, 3, 5, epsilon=0.05),
        "two pictures": lambda draw: attack(draw, 2, 3, 4, 5, epsilon=0.03),
        "small gradients": lambda draw: attack(draw, 4, 6, epsilon=0.08) | dict(a=1e-9 * (1 + np.abs(draw(6)))),
        "at the edges of the box": lambda draw: at_the_edges(draw, 4, 8, low=0.0, high=1.0, epsilon=0.2),
        "a box of another size": lambda draw: (
            at_the_edges(draw, 3, 7, low=-2.0, high=0.5, epsilon=0.7) | dict(low=-2.0, high=0.5)
        ),
        "a long step": lambda draw: attack(draw, 12, epsilon=3.0),
    },
    checks=[
        agrees(1, "moves every entry by epsilon, up the loss", on=["a row", "small gradients"]),
        agrees(1, "takes inputs of any shape", on=["three rows", "two pictures"]),
        agrees(
            1,
            "stays in the box that is given",
            on=["at the edges of the box", "a box of another size", "a long step"],
        ),
    ],
    mistakes=[
        Mistake("no_sign", NO_SIGN, edit("np.sign(gradient(x))", "gradient(x)")),
        Mistake("downhill", DOWNHILL, edit("x + epsilon", "x - epsilon")),
        Mistake("leaves_the_box", LEAVES_THE_BOX, edit(f"np.clip({UPHILL}, low, high)", UPHILL)),
        Mistake("own_box", OWN_BOX, edit(f"np.clip({UPHILL}, low, high)", f"np.clip({UPHILL}, 0.0, 1.0)")),
        Mistake(
            "unit_length",
            "You bring the gradient to length 1. Here no entry may move by more than epsilon, and each moves as far as it may.",
            edit("np.sign(gradient(x))", "gradient(x) / np.linalg.norm(gradient(x))"),
        ),
        Mistake(
            "largest_is_one",
            "You divide the gradient by its largest entry, so that all others move by less than epsilon. Each entry counts with its sign alone.",
            edit("np.sign(gradient(x))", "gradient(x) / np.abs(gradient(x)).max()"),
        ),
        Mistake(
            "step_clipped",
            "You clip the step and add it to x. It is the sum that must lie between low and high.",
            edit(f"np.clip({UPHILL}, low, high)", "x + np.clip(epsilon * np.sign(gradient(x)), low, high)"),
        ),
        Mistake(
            "step_alone",
            "You return the step alone. Add it to x.",
            edit(f"np.clip({UPHILL}, low, high)", "epsilon * np.sign(gradient(x))"),
        ),
    ],
    hints=[
        "If one entry may move by epsilon, which way must it go for the loss to rise, and does it matter how steep the loss is there?",
        "What must hold of every entry of the answer, whatever epsilon is?",
    ],
)


def back_at_the_end(gradient, x, epsilon, alpha, steps, low=0.0, high=1.0):
    adversarial = x
    for _ in range(steps):
        adversarial = adversarial + alpha * np.sign(gradient(adversarial))
    return np.clip(np.clip(adversarial, x - epsilon, x + epsilon), low, high)


def walked(inputs, is_boxed=True):
    """The signs of an attack's slopes, step by step, and where it ends; it may be let out of the box."""
    a, W, b, at = inputs["a"], inputs["W"], inputs["b"], inputs["x"]
    low, high = (inputs.get("low", 0.0), inputs.get("high", 1.0)) if is_boxed else (-np.inf, np.inf)
    ways = []
    for _ in range(inputs["steps"]):
        ways.append(np.sign((a * np.cos(W @ at.ravel() + b)) @ W).reshape(at.shape))
        near = np.clip(
            at + inputs["alpha"] * ways[-1], inputs["x"] - inputs["epsilon"], inputs["x"] + inputs["epsilon"]
        )
        at = np.clip(near, low, high)
    return ways, at


def along_a_line(inputs):
    """Where every step of the attack goes the same way, and a gradient taken at x would do."""
    ways, _ = walked(inputs)
    return all((way == ways[0]).all() for way in ways)


def stays_in_the_box(inputs):
    """Where the attack ends in the box by itself."""
    _, end = walked(inputs, is_boxed=False)
    return bool(((end >= inputs.get("low", 0.0)) & (end <= inputs.get("high", 1.0))).all())


def turning(drawn, within_a_step=False, out_of_the_box=False):
    """A case drawn again until the loss's slopes turn on the way, or even on the way of a single step; until the way leads
    out of the box."""

    def again(draw):
        while (
            along_a_line(given := drawn(draw))
            or (within_a_step and along_a_line(given | dict(alpha=given["alpha"] / given["steps"])))
            or (out_of_the_box and stays_in_the_box(given))
        ):
            pass
        return given

    return again


TAKEN_BACK = "np.clip(np.clip(stepped, x - epsilon, x + epsilon), low, high)"

pgd = Exercise(
    points=4,
    forbids=["automatic differentiation"],
    driver=attacked,
    cases={
        "five steps": turning(
            lambda draw: attack(draw, 8, pace=9.0, epsilon=0.15, alpha=0.04, steps=5), within_a_step=True
        ),
        "many steps for two pictures": turning(
            lambda draw: attack(draw, 2, 2, 3, 4, pace=12.0, epsilon=0.1, alpha=0.03, steps=12)
        ),
        "a single step": lambda draw: attack(draw, 3, 5, epsilon=0.2, alpha=0.07, steps=1),
        "a step longer than epsilon": turning(
            lambda draw: attack(draw, 3, 6, pace=12.0, epsilon=0.08, alpha=0.13, steps=4)
        ),
        "at the edges of the box": turning(
            lambda draw: at_the_edges(draw, 4, 6, low=0.0, high=1.0, pace=12.0, epsilon=0.25, alpha=0.07, steps=6),
            out_of_the_box=True,
        ),
        "a box of another size": turning(
            lambda draw: (
                at_the_edges(draw, 3, 7, low=-2.0, high=0.5, pace=5.0, epsilon=0.6, alpha=0.2, steps=6)
                | dict(low=-2.0, high=0.5)
            ),
            out_of_the_box=True,
        ),
    },
    checks=[
        agrees(
            2, "climbs in steps of alpha, each along the gradient where it stands", on=["five steps", "a single step"]
        ),
        agrees(
            1,
            "stays within epsilon of x after every step",
            on=["many steps for two pictures", "a step longer than epsilon"],
        ),
        agrees(1, "stays in the box after every step", on=["at the edges of the box", "a box of another size"]),
    ],
    mistakes=[
        Mistake("no_sign", NO_SIGN, edit("np.sign(gradient(adversarial))", "gradient(adversarial)")),
        Mistake("downhill", DOWNHILL, edit("adversarial + alpha", "adversarial - alpha")),
        Mistake(
            "gradient_at_x",
            "You take the gradient at x in every step. Take it where the step begins: on the way it turns.",
            edit("gradient(adversarial)", "gradient(x)"),
        ),
        Mistake(
            "leaves_the_ball",
            "You walk on beyond epsilon. After every step, each entry goes back to within epsilon of where x has it.",
            edit("np.clip(stepped, x - epsilon, x + epsilon)", "stepped"),
        ),
        Mistake("leaves_the_box", LEAVES_THE_BOX, edit(TAKEN_BACK, "np.clip(stepped, x - epsilon, x + epsilon)")),
        Mistake("own_box", OWN_BOX, edit(TAKEN_BACK, "np.clip(np.clip(stepped, x - epsilon, x + epsilon), 0.0, 1.0)")),
        Mistake(
            "around_the_last",
            "You keep each step within epsilon of where it begins, so the whole way may lead anywhere. Measure from x.",
            edit("x - epsilon, x + epsilon", "adversarial - epsilon, adversarial + epsilon"),
        ),
        Mistake(
            "back_at_the_end",
            "You go back to x and to the box only when all steps are done. Go back after each, so that the next begins where it may.",
            back_at_the_end,
        ),
        Mistake(
            "into_the_box_at_the_end",
            "You go back into the box only when all steps are done. Go back after each, so that the next begins where it may.",
            edit(
                "np.clip(np.clip(stepped, x - epsilon, x + epsilon), low, high)",
                "np.clip(stepped, x - epsilon, x + epsilon)",
            ).then("return adversarial", "return np.clip(adversarial, low, high)"),
        ),
        Mistake(
            "steps_of_epsilon",
            "Your steps are epsilon long. They are alpha long; epsilon is how far they may lead in all.",
            edit("alpha * np.sign", "epsilon * np.sign"),
        ),
        Mistake(
            "one_step",
            "You take a single step, however many are asked for. Go on from where each step has led.",
            edit("in range(steps)", "in range(1)"),
        ),
        Mistake(
            "alpha_shared_out",
            "You share alpha out among the steps. Each step is alpha long.",
            edit("alpha * np.sign", "alpha / steps * np.sign"),
        ),
    ],
    hints=[
        "What does one step of the exercise before this one do, and where does the next one begin?",
        "After a step, which two conditions must every entry meet, and which function of NumPy brings it back?",
    ],
)


# spirals


def arms(draw, n=100):
    """Points on three spiral arms, with noise in the angle; as many again are held back."""
    labels = np.repeat(np.arange(3), 2 * n)
    radius = draw.uniform(0.05, 1.0, len(labels))
    angle = 4.0 * radius + labels * 2 * np.pi / 3 + 0.15 * draw(len(labels))
    X = radius[:, None] * np.stack([np.sin(angle), np.cos(angle)], axis=1)
    order = draw.permutation(len(labels))
    seen, held = order[: 3 * n], order[3 * n :]
    return dict(X=X[seen], labels=labels[seen], rng=draw.generator(), X_held=X[held], truth=labels[held])


def predicted(spirals, X, labels, rng, X_held):
    """-> labels (M)"""
    with follow("mlp_loss_and_gradients"):  # who has another loop, or another loss, has no curve
        predict = spirals(X, labels, rng)
    return predict(X_held)


def nearest_mean(X, labels, rng):
    means = np.stack([X[labels == label].mean(axis=0) for label in range(3)])
    return lambda X: np.square(X[:, None] - means).sum(axis=-1).argmin(axis=1)


spirals = Exercise(
    points=5,
    driver=predicted,
    seconds=40,
    cases={"three spiral arms": arms},
    checks=[reaches(5, "labels at least 95 % of new points correctly", "accuracy", at_least=0.95)],
    mistakes=[
        Mistake(
            "linear",
            "You train a single layer, which can only separate classes by straight lines.",
            edit("[2, 64, 64, 3]", "[2, 3]"),
        ),
        Mistake("too_short", "You stop training long before the loss is low.", edit("range(1, 501)", "range(1, 16)")),
        Mistake("uphill", "You step along the gradient, so the loss rises.", edit("w - lr *", "w + lr *", of="_adam")),
        Mistake(
            "no_activation_at_prediction",
            "You leave out the relu when you predict, but use it in training.",
            edit("(np.maximum(h, 0) if number else h) @ W", "h @ W"),
        ),
        Mistake("means", "You label each point by the nearest class mean, which cannot follow the arms.", nearest_mean),
    ],
    hints=[
        "What kind of boundary does a network without a hidden layer draw between two classes? How wide must a hidden layer be to follow an arm?",
        "Start from weights of the right size, take a few hundred steps with all the data, and watch the loss.",
    ],
)
