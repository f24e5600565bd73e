"""How the answers of this unit are judged: cases, checks and the mistakes that people really make."""

from functools import partial

import numpy as np
import torch
from torch.nn import functional as F

from grader.exercise import (
    Exercise,
    Mistake,
    agrees,
    edit,
    everywhere,
    follow,
    moves,
    reaches,
    redrawn,
    returns,
    swapped,
)

ALLOWS = ("numpy", "torch")

FAR = 1000.0  # logits of this size overflow exp, which ends near 88 in single precision


def single(array):
    """The array in single precision, as PyTorch's tensors are."""
    return np.asarray(array, np.float32)


def asked_gradient(inputs, gradient):
    return inputs | ({"gradient": True} if gradient else {})


# The bound of a variational autoencoder


def bounded_below(elbo, logits, x, mean, log_var, gradient=False, **beta):
    """-> bound

    With gradient the answer is the gradients in logits, mean and log_var; those of a bound that is detached are zero. The
    pixels get none: they are data.
    """
    if not gradient:
        return elbo(logits, x, mean, log_var, **beta)
    leaves = {"logits": logits, "mean": mean, "log_var": log_var}
    for value in leaves.values():
        value.requires_grad_()
    bound = elbo(logits, x, mean, log_var, **beta) + sum(0 * value.sum() for value in leaves.values())
    found = torch.autograd.grad(bound, list(leaves.values()))
    return {f"gradient in {name}": grad for name, grad in zip(leaves, found, strict=True)}


def decoded(draw, N=3, shape=(2, 4, 5), Z=6, gradient=False, **beta):
    """Pixels of 0 and 1, what a decoder says of them, and the codes' means and log variances."""
    x = single(draw.uniform(0, 1, N, *shape) < 0.4)
    inputs = {
        "logits": single(1.5 * draw(N, *shape)),
        "x": x,
        "mean": single(draw(N, Z)),
        "log_var": single(draw(N, Z)),
    }
    return asked_gradient(inputs | beta, gradient)


def sure_pixels(draw, gradient=False):
    """Logits of ±1000, right and wrong."""
    logits = single([[FAR, -FAR, 0.5, FAR], [-FAR, FAR, -1.5, -FAR], [FAR, FAR, -FAR, -FAR]])
    x = single([[1, 0, 1, 0], [0, 0, 1, 1], [1, 0, 1, 0]])
    return decoded(draw, shape=(4,), gradient=gradient) | {"logits": logits, "x": x}


def log_vars_near(draw, offset, gradient=False):
    inputs = decoded(draw, shape=(4,), Z=3, gradient=gradient)
    return inputs | {"log_var": single(offset + draw(3, 3))}


SMALL = ("1e-5", "1e-6", "1e-7", "1e-8", "1e-9", "1e-10", "1e-12", "1e-15")  # what people write to keep a log finite
LIKELIHOOD = '-F.binary_cross_entropy_with_logits(logits, x, reduction="none")'

elbo = Exercise(
    points=5,
    torch=True,
    driver=bounded_below,
    cases={
        "three images, six features": decoded,
        "rows of pixels": partial(decoded, N=4, shape=(7,), Z=3),
        "one image, one feature": partial(decoded, N=1, Z=1),
        "beta of a quarter": partial(decoded, N=2, beta=0.25),
        "beta of four": partial(decoded, N=2, beta=4.0),
        "beta of zero": partial(decoded, N=2, beta=0.0),
        "logits of ±1000": sure_pixels,
        "variances near e⁴⁰": partial(log_vars_near, offset=40.0),
        "variances near e⁻⁴⁰": partial(log_vars_near, offset=-40.0),
        "the gradient": partial(decoded, beta=0.5, gradient=True),
        "the gradient at logits of ±1000": partial(sure_pixels, gradient=True),
        "the gradient at variances near e⁻⁴⁰": partial(log_vars_near, offset=-40.0, gradient=True),
    },
    checks=[
        agrees(
            2,
            "takes the divergence of the code from the log-likelihood, sums of an example, averaged over the examples",
            on=["three images, six features", "rows of pixels", "one image, one feature"],
        ),
        agrees(1, "weighs the divergence by beta", on=["beta of a quarter", "beta of four", "beta of zero"]),
        agrees(
            1,
            "is finite for a decoder that is very sure, and for variances that are huge or tiny",
            on=["logits of ±1000", "variances near e⁴⁰", "variances near e⁻⁴⁰"],
        ),
        agrees(
            1,
            "returns the right gradient for logits, means and log variances",
            on=["the gradient", "the gradient at logits of ±1000", "the gradient at variances near e⁻⁴⁰"],
        ),
    ],
    mistakes=[
        Mistake(
            "negative",
            "You return minus the bound, the loss that programs minimise. Here the bound itself is asked, to be maximised: better reconstructions make it larger.",
            edit("return (log", "return -(log"),
        ),
        Mistake(
            "divergence_added",
            "You add the divergence to the log-likelihood. It is a price: codes far from the prior make the bound smaller.",
            edit("sum(1) - beta", "sum(1) + beta"),
        ),
        Mistake(
            "likelihood_negated",
            "You add the cross-entropy with a plus sign, so that a decoder which believes the opposite has the better bound. The log-likelihood is never positive.",
            edit("= -F.binary", "= F.binary"),
        ),
        Mistake(
            "mean_over_pixels",
            "You average over the pixels, which weighs the divergence far too high. Pixels are independent given the code: their log-probabilities add up.",
            edit("log_likelihood.flatten(1).sum(1)", "log_likelihood.flatten(1).mean(1)"),
        ),
        Mistake(
            "mean_over_features",
            "You average the divergence over the code's features. Divergences of independent features add up.",
            edit("divergence.sum(1)", "divergence.mean(1)"),
        ),
        Mistake(
            "mean_over_everything",
            "You average over pixels and over features. Both are sums; only over the examples is an average taken.",
            returns("log_likelihood.mean() - beta * divergence.mean()"),
        ),
        Mistake(
            "summed_over_examples",
            "You sum over the examples, too, so a larger batch has a larger bound. Average over the examples.",
            edit("divergence.sum(1)).mean()", "divergence.sum(1)).sum()"),
        ),
        Mistake(
            "log_var_as_deviation",
            "You take log_var for the logarithm of the standard deviation. It is that of the variance.",
            edit("log_var.exp() - 1 - log_var", "(2 * log_var).exp() - 1 - 2 * log_var"),
        ),
        Mistake(
            "log_var_as_sigma",
            "You take log_var for the standard deviation itself. It is the logarithm of the variance, and may be negative.",
            edit("log_var.exp() - 1 - log_var", "log_var**2 - 1 - (log_var**2).log()"),
        ),
        Mistake(
            "half_missing",
            "You leave out the factor ½ of the divergence.",
            edit("0.5 * (mean", "1.0 * (mean"),
        ),
        Mistake(
            "beta_ignored",
            "You ignore beta.",
            edit("beta * divergence", "divergence"),
        ),
        Mistake(
            "beta_on_the_likelihood",
            "You weigh the log-likelihood by beta. It is the divergence that beta weighs.",
            returns("(beta * log_likelihood.flatten(1).sum(1) - divergence.sum(1)).mean()"),
        ),
        Mistake(
            "squared_error",
            "You take the squared error of the pixels' probabilities, which is another decoder's likelihood, a Gaussian one. Pixels here are 0 or 1: what is the logarithm of the probability that the decoder gives to the right one?",
            edit(LIKELIHOOD, "-((logits.sigmoid() - x) ** 2)"),
        ),
        Mistake(
            "ones_alone",
            "You count only the pixels that are 1. The decoder must be right about those that are 0, too.",
            edit(LIKELIHOOD, "x * F.logsigmoid(logits)"),
        ),
        Mistake(
            "unstable",
            "Your bound is not finite for large logits: the sigmoid rounds to 0 or 1, and you take the logarithm of 0. Work with the logits themselves.",
            edit(LIKELIHOOD, "x * logits.sigmoid().log() + (1 - x) * (1 - logits.sigmoid()).log()"),
        ),
        Mistake(
            "logs_cut_off",
            "PyTorch's loss for probabilities cuts its logarithms off at −100, where no gradient is left. PyTorch has a loss that takes the logits themselves.",
            edit(LIKELIHOOD, '-F.binary_cross_entropy(logits.sigmoid(), x, reduction="none")'),
        ),
        *(
            Mistake(
                f"logs_plus_{eps}",
                "You add a small number inside the logarithm. What is very wrong must cost much and have a gradient, and yours has neither: work with the logits themselves.",
                edit(
                    LIKELIHOOD, f"x * (logits.sigmoid() + {eps}).log() + (1 - x) * (1 - logits.sigmoid() + {eps}).log()"
                ),
            )
            for eps in SMALL
        ),
    ],
    hints=[
        "A pixel is 1 with probability σ(logit). What is the logarithm of the probability of a pixel that is 0, in terms of the logit?",
        "PyTorch's cross-entropy for logits is minus that logarithm, and averages over everything unless it is told not to.",
        "The divergence is that of vae_kl, before it is averaged. Which of the two terms does a large beta make more important?",
    ],
)


# Coupling layers


def coupled(coupling_forward, W, V, c, x, mask, dy=None, dlog=None):
    """-> y (N, D), log_det (N,)

    net is a network with one hidden layer. With dy and dlog the answer is the gradients of Σ dy·y + Σ dlog·log_det in x
    and in the network's weights; those of what is detached are zero.
    """
    leaves = {"x": x, "net's first weight": W, "net's second weight": V}
    if dy is not None:
        for value in leaves.values():
            value.requires_grad_()

    def net(h):
        if h.shape != x.shape:
            raise ValueError(f"net(h) is asked with h {tuple(x.shape)}, all features, not {tuple(h.shape)}")
        return torch.tanh(h @ W + c) @ V[:, : x.shape[1]], torch.tanh(h @ W - c) @ V[:, x.shape[1] :]

    found = coupling_forward(x, net, mask)
    if dy is None:
        return found
    y, log_det = found
    total = (dy * y).sum() + (dlog * log_det).sum() + sum(0 * value.sum() for value in leaves.values())
    grads = torch.autograd.grad(total, list(leaves.values()))
    return {f"gradient in {name}": grad for name, grad in zip(leaves, grads, strict=True)}


def coupling(draw, N=5, D=4, passes=2, H=6, gradient=False):
    """Features of which some pass, at places of their own, and a network that tells log scales and shifts of all."""
    mask = np.zeros(D, bool)
    mask[draw.permutation(D)[:passes]] = True
    layers = {"W": single(draw(D, H)), "V": single(0.6 * draw(H, 2 * D)), "c": single(draw(H))}
    inputs = layers | {"x": single(1.5 * draw(N, D)), "mask": mask}
    return inputs | ({"dy": single(draw(N, D)), "dlog": single(draw(N))} if gradient else {})


def another_that_changes(inputs, draw):
    """A feature that does not pass has another value."""
    x = inputs["x"].copy()
    x[:, np.flatnonzero(~inputs["mask"])[0]] += single(2.0 + draw.uniform(0, 1, len(x)))
    return inputs | {"x": x}


SIZES = ["five examples", "one example", "two features"]
MASKS = ["one of six features passes", "all but one feature pass", "as many features as examples"]


_COUPLING_SWAPPED = Mistake(
    "shift_and_scale_swapped",
    "You take the network's first output for the shift and its second for log_scale.",
    edit("log_scale, shift = (", "shift, log_scale = ("),
)

coupling_forward = Exercise(
    points=4,
    torch=True,
    driver=coupled,
    cases={
        "five examples": coupling,
        "one example": partial(coupling, N=1, D=5),
        "two features": partial(coupling, N=3, D=2, passes=1),
        "one of six features passes": partial(coupling, N=3, D=6, passes=1),
        "all but one feature pass": partial(coupling, N=4, D=6, passes=5),
        "as many features as examples": partial(coupling, N=4, D=4),
        "the gradient": partial(coupling, gradient=True),
        "the gradient where one feature passes": partial(coupling, N=3, D=5, passes=1, gradient=True),
    },
    checks=[
        agrees(1, "passes some features, and scales and shifts the others", on=[*SIZES, *MASKS], part="y"),
        agrees(1, "returns the log-determinant of each example's Jacobian", on=[*SIZES, *MASKS], part="log_det"),
        moves(
            1,
            "a feature that does not pass changes itself alone: neither the other features nor the log-determinant",
            another_that_changes,
            on="five examples",
        ),
        agrees(
            1,
            "passes the right gradients to x and to the network",
            on=["the gradient", "the gradient where one feature passes"],
        ),
    ],
    mistakes=[
        Mistake(
            "mask_inverted",
            "You change the features that must pass: where mask is True, y is x.",
            everywhere("where(mask", "where(~mask"),
        ),
        Mistake(
            "conditioned_on_all",
            "Your network sees all of x. It must see only the features that pass, or the layer cannot be inverted: they are all that is known on the way back.",
            edit("net(torch.where(mask, x, 0.0))", "net(x)"),
        ),
        Mistake(
            "conditioned_on_the_others",
            "Your network sees the features that are changed. It must see those that pass, since these are still there on the way back.",
            edit("torch.where(mask, x, 0.0)", "torch.where(mask, 0.0, x)"),
        ),
        Mistake(
            "no_exponential",
            "You multiply by log_scale itself. The scale is its exponential, which is never 0.",
            returns("torch.where(mask, x, x * log_scale + shift), log_scale.sum(1)"),
        ),
        Mistake(
            "shifted_first",
            "You shift before you scale. Scale x first, then add the shift.",
            edit("x * log_scale.exp() + shift", "(x + shift) * log_scale.exp()"),
        ),
        Mistake(
            "divided",
            "You divide by the scale. That is the way back; here x is multiplied by it.",
            edit("x * log_scale.exp()", "x * (-log_scale).exp()"),
        ),
        _COUPLING_SWAPPED,
        Mistake(
            "log_det_negative",
            "Your log-determinant has the wrong sign: it is that of the way back. A layer that stretches has a positive one.",
            edit("shift, log_scale.sum(1)", "shift, -log_scale.sum(1)"),
        ),
        Mistake(
            "log_det_averaged",
            "You average log_scale over the features. The determinant is a product over the features, and its logarithm a sum.",
            edit("log_scale.sum(1)", "log_scale.mean(1)"),
        ),
        Mistake(
            "scales_summed",
            "You sum the scales. The determinant is their product; its logarithm is the sum of their logarithms.",
            edit("log_scale.sum(1)", "torch.where(mask, 0.0, log_scale.exp()).sum(1)"),
        ),
        Mistake(
            "determinant",
            "You return the determinant itself. Its logarithm is asked.",
            edit("log_scale.sum(1)", "log_scale.sum(1).exp()"),
        ),
        Mistake(
            "log_det_of_all",
            "Your log-determinant counts the features that pass, too. They are not scaled: what the network says there does not count.",
            returns("x * log_scale.exp() + shift, net(torch.where(mask, x, 0.0))[0].sum(1)"),
        ),
        Mistake(
            "log_det_of_the_batch",
            "Your log-determinant is one number for the whole batch. Each example has its own.",
            edit("log_scale.sum(1)", "log_scale.sum().expand(len(x))"),
        ),
    ],
    hints=[
        "What does the layer know on the way back? Only that may decide about scale and shift.",
        "Which number must log_scale be, and which must shift be, so that the formula leaves a feature as it is?",
        "The Jacobian is triangular if the features that pass come first. What is the determinant of such a matrix?",
    ],
)


def uncoupled(coupling_inverse, W, V, c, y, mask, dx=None):
    """-> x (N, D)

    net is a network with one hidden layer. With dx the answer is the gradients of Σ dx·x in y and in the network's
    weights; those of what is detached are zero.
    """
    leaves = {"y": y, "net's first weight": W, "net's second weight": V}
    if dx is not None:
        for value in leaves.values():
            value.requires_grad_()

    def net(h):
        if h.shape != y.shape:
            raise ValueError(f"net(h) is asked with h {tuple(y.shape)}, all features, not {tuple(h.shape)}")
        return torch.tanh(h @ W + c) @ V[:, : y.shape[1]], torch.tanh(h @ W - c) @ V[:, y.shape[1] :]

    x = coupling_inverse(y, net, mask)
    if dx is None:
        return x
    total = (dx * x).sum() + sum(0 * value.sum() for value in leaves.values())
    grads = torch.autograd.grad(total, list(leaves.values()))
    return {f"gradient in {name}": grad for name, grad in zip(leaves, grads, strict=True)}


def uncoupling(draw, gradient=False, **sizes):
    inputs = coupling(draw, **sizes)
    inputs["y"] = inputs.pop("x")
    return inputs | ({"dx": single(draw(*inputs["y"].shape))} if gradient else {})


coupling_inverse = Exercise(
    points=3,
    torch=True,
    driver=uncoupled,
    cases={
        "five examples": uncoupling,
        "one example": partial(uncoupling, N=1, D=5),
        "two features": partial(uncoupling, N=3, D=2, passes=1),
        "one of six features passes": partial(uncoupling, N=3, D=6, passes=1),
        "all but one feature pass": partial(uncoupling, N=4, D=6, passes=5),
        "as many features as examples": partial(uncoupling, N=4, D=4),
        "the gradient": partial(uncoupling, gradient=True),
        "the gradient where one feature passes": partial(uncoupling, N=3, D=5, passes=1, gradient=True),
    },
    checks=[
        agrees(2, "finds the x from which the layer made y", on=[*SIZES, *MASKS]),
        agrees(
            1,
            "passes the right gradients to y and to the network",
            on=["the gradient", "the gradient where one feature passes"],
        ),
    ],
    mistakes=[
        Mistake(
            "forward_again",
            "You go through the layer once more instead of back. Undo the shift, then the scaling.",
            edit("(y - shift) * (-log_scale).exp()", "y * log_scale.exp() + shift"),
        ),
        Mistake(
            "scaled_first",
            "You undo the scaling before the shift. The layer scales first and shifts last, so the way back begins with the shift.",
            edit("(y - shift) * (-log_scale).exp()", "y * (-log_scale).exp() - shift"),
        ),
        Mistake(
            "multiplied",
            "You multiply by the scale again. The way back divides by it.",
            edit("(-log_scale).exp()", "log_scale.exp()"),
        ),
        Mistake(
            "shift_added",
            "You add the shift again. The way back subtracts it.",
            edit("(y - shift)", "(y + shift)"),
        ),
        Mistake(
            "conditioned_on_all",
            "Your network sees all of y. On the way there it saw only the features that pass, and it must see the same now.",
            edit("net(torch.where(mask, y, 0.0))", "net(y)"),
        ),
        Mistake(
            "conditioned_on_the_others",
            "Your network sees the features that were changed. It must see those that passed: they are the same in x and in y.",
            edit("torch.where(mask, y, 0.0)", "torch.where(mask, 0.0, y)"),
        ),
        Mistake(
            "mask_inverted",
            "You change the features that passed: where mask is True, x is y.",
            everywhere("where(mask", "where(~mask"),
        ),
        Mistake(
            "no_exponential",
            "You divide by log_scale itself. The scale is its exponential.",
            edit("return (y - shift) * (-log_scale).exp()", "return torch.where(mask, y, (y - shift) / log_scale)"),
        ),
        _COUPLING_SWAPPED,
    ],
    hints=[
        "Solve y = x · exp(log_scale) + shift for x. Which features of x do you know already?",
        "The network sees the features that pass, and nothing else. Are they different in x and in y?",
    ],
)


# Flow matching: time 0 is noise, time 1 is data


def paths(draw, N=5, shape=(3,), t=None):
    """Noise, data that lie elsewhere, and a time for each example."""
    times = draw.uniform(0, 1, N) if t is None else np.full(N, t)
    return {"x0": single(draw(N, *shape)), "x1": single(1.0 + 2.0 * draw(N, *shape)), "t": single(times)}


def another_time(inputs, draw):
    """The last example is asked at another time."""
    t = inputs["t"].copy()
    t[-1] = t[-1] + 0.5 if t[-1] < 0.5 else t[-1] - 0.5
    return inputs | {"t": t}


def _time_by_column(x0, x1, t):
    if x0.dim() > 2 or x0.shape[0] != x0.shape[1]:  # elsewhere the shapes do not fit, and it is noticed
        t = t.reshape(-1, *[1] * (x0.dim() - 1))
    return (1 - t) * x0 + t * x1, x1 - x0


PATHS = ["five examples", "one example", "time 0", "time 1"]

flow_matching_pair = Exercise(
    points=4,
    torch=True,
    cases={
        "five examples": paths,
        "one example": partial(paths, N=1),
        "time 0": partial(paths, t=0.0),
        "time 1": partial(paths, t=1.0),
        "as many features as examples": partial(paths, N=4, shape=(4,)),
        "sequences": partial(paths, N=3, shape=(4, 2)),
        "images": partial(paths, N=3, shape=(2, 4, 5)),
    },
    checks=[
        agrees(1, "lies on the straight path from noise at time 0 to data at time 1", on=PATHS, part="x_t"),
        agrees(1, "returns the velocity of the path", on=PATHS, part="velocity"),
        agrees(
            1,
            "gives each example its own time, whatever its shape",
            on=["as many features as examples", "sequences", "images"],
        ),
        moves(
            1,
            "another time of one example moves that example's point, and no velocity",
            another_time,
            on="five examples",
        ),
    ],
    mistakes=[
        Mistake(
            "time_backwards",
            "Your path runs from data at time 0 to noise at time 1, as in some papers. Here noise is at time 0.",
            edit("return (1 - t) * x0 + t * x1, x1 - x0", "return t * x0 + (1 - t) * x1, x0 - x1"),
        ),
        Mistake(
            "point_backwards",
            "Your point runs from data at time 0 to noise at time 1, and your velocity the other way. Which of x0 and x1 must be left at t = 0?",
            edit("(1 - t) * x0 + t * x1", "t * x0 + (1 - t) * x1"),
        ),
        Mistake(
            "velocity_backwards",
            "Your velocity points from the data to the noise. Take the derivative of x_t in t.",
            edit("x1 - x0", "x0 - x1"),
        ),
        Mistake(
            "what_is_left",
            "You return the way that is left, x1 − x_t. The velocity is the derivative of x_t in t; on a straight path it is the same at all times.",
            edit("(1 - t) * x0 + t * x1, x1 - x0", "(1 - t) * x0 + t * x1, (1 - t) * (x1 - x0)"),
        ),
        Mistake(
            "way_so_far",
            "You return the way so far, x_t − x0. The velocity is the derivative of x_t in t; on a straight path it is the same at all times.",
            edit("(1 - t) * x0 + t * x1, x1 - x0", "(1 - t) * x0 + t * x1, t * (x1 - x0)"),
        ),
        Mistake(
            "roots",
            "You mix by the roots of 1 − t and t, as diffusion does to keep the variance. The straight path mixes by 1 − t and t themselves.",
            edit("(1 - t) * x0 + t * x1", "(1 - t).sqrt() * x0 + t.sqrt() * x1"),
        ),
        Mistake(
            "noise_kept",
            "Your point keeps all of the noise. At time 1 nothing of x0 may be left.",
            edit("(1 - t) * x0 + t * x1", "x0 + t * x1"),
        ),
        Mistake(
            "data_as_velocity",
            "You return the data as the velocity. A path also leaves where it begins.",
            edit("t * x1, x1 - x0", "t * x1, x1"),
        ),
        Mistake(
            "time_by_column",
            "Your times line up with the features, not with the examples. Each example has one time.",
            _time_by_column,
        ),
    ],
    hints=[
        "Where must x_t be at t = 0, and where at t = 1? What lies between, on a straight line?",
        "Which shape must one number for each example have so that it multiplies images of shape (N, C, H, W)?",
    ],
)


def velocity_guessed(flow_matching_loss, weight, pace, x0, x1, t, gradient=False):
    """-> loss

    The model is a layer that also feels the time. With gradient the answer is the gradients in its weight and its pace; of
    a loss that is detached they are zero.
    """
    weight, pace = weight.requires_grad_(), pace.requires_grad_()

    def model(x, t):
        if t.dtype != torch.float32 or t.shape != x.shape[:1]:
            raise ValueError(f"model(x, t) is asked with t float32 (N,), not {t.dtype} {tuple(t.shape)}")
        return torch.tanh(x.flatten(1) @ weight + t[:, None] * pace).reshape(x.shape)

    loss = flow_matching_loss(model, x0, x1, t)
    if not gradient:
        return loss
    grads = torch.autograd.grad(loss + 0 * weight.sum() + 0 * pace.sum(), [weight, pace])
    return {"gradient in the model's weight": grads[0], "gradient in the model's pace": grads[1]}


def with_model(draw, shape=(3,), gradient=False, **sizes):
    D = int(np.prod(shape))
    layer = {"weight": single(draw(D, D) / np.sqrt(D)), "pace": single(2.0 * draw(D))}
    return asked_gradient(layer | paths(draw, shape=shape, **sizes), gradient)


flow_matching_loss = Exercise(
    points=4,
    torch=True,
    driver=velocity_guessed,
    cases={
        "five examples": with_model,
        "one example": partial(with_model, N=1),
        "as many features as examples": partial(with_model, N=4, shape=(4,)),
        "images": partial(with_model, N=3, shape=(2, 3, 2)),
        "the gradient": partial(with_model, gradient=True),
        "the gradient for images": partial(with_model, N=3, shape=(2, 3, 2), gradient=True),
    },
    checks=[
        agrees(
            2,
            "compares the velocity with the model's estimate on the way",
            on=["five examples", "one example", "as many features as examples"],
        ),
        agrees(1, "averages over every element, of images too", on="images"),
        agrees(1, "trains the model: its gradient is right", on=["the gradient", "the gradient for images"]),
    ],
    mistakes=[
        Mistake(
            "asked_at_the_data",
            "You show the data to the model. It must estimate the velocity where the path is at time t.",
            edit("((model(x_t, t)", "((model(x1, t)"),
        ),
        Mistake(
            "asked_at_the_noise",
            "You show the noise to the model. It must estimate the velocity where the path is at time t.",
            edit("((model(x_t, t)", "((model(x0, t)"),
        ),
        Mistake(
            "wants_data",
            "You compare the model's estimate with the data. It estimates the velocity.",
            edit("- velocity)", "- x1)"),
        ),
        Mistake(
            "wants_noise",
            "You compare the model's estimate with the noise, as diffusion does. It estimates the velocity.",
            edit("- velocity)", "- x0)"),
        ),
        Mistake(
            "wants_the_way_back",
            "You compare the model's estimate with the velocity from data to noise.",
            edit("- velocity)", "+ velocity)"),
        ),
        Mistake(
            "path_backwards",
            "You ask the model on a path that runs from data to noise. At time 0 there is noise.",
            edit("(1 - t) * x0 + t * x1", "t * x0 + (1 - t) * x1", of="flow_matching_pair"),
        ),
        Mistake(
            "summed",
            "You sum over the features of an example. The loss is the mean over every element.",
            edit("** 2).mean()", "** 2).flatten(1).sum(1).mean()"),
        ),
        Mistake(
            "absolute",
            "You average absolute errors. The loss is the mean of the squared errors.",
            edit("((model(x_t, t) - velocity) ** 2)", "(model(x_t, t) - velocity).abs()"),
        ),
        Mistake(
            "time_hidden",
            "Your model always sees the same time. It gets the time of each example.",
            edit("((model(x_t, t)", "((model(x_t, torch.zeros_like(t))"),
        ),
        Mistake(
            "detached",
            "Your loss is right, but passes no gradient back: something between the model and the loss is detached.",
            edit("((model(x_t, t)", "((model(x_t, t).detach()"),
        ),
    ],
    hints=[
        "Where is the model asked, and what must it say there? The exercise before this one returns both.",
        "Which shape has the time when it comes to you, and which does the model want?",
    ],
)


def flowed(euler_sample, weight, pace, x0, steps):
    """-> x (N, ...)

    The model is a layer that also feels the time.
    """

    def model(x, t):
        if not torch.is_tensor(t) or t.dtype != torch.float32 or t.shape != x.shape[:1]:
            raise ValueError("model(x, t) is asked with t float32 (N,), the time of each example")
        return torch.tanh(x.flatten(1) @ weight + t[:, None] * pace).reshape(x.shape) + 0.5

    return euler_sample(model, x0, steps)


def sampling(draw, steps=7, shape=(3,), N=5):
    D = int(np.prod(shape))
    layer = {"weight": single(1.5 * draw(D, D) / np.sqrt(D)), "pace": single(3.0 * draw(D))}
    return layer | {"x0": single(draw(N, *shape)), "steps": steps}


another_start = redrawn(x0=0)


def _euler(model, x0, steps, time, size=None, sign=1):
    """Steps at the times that a function of i gives."""
    x = x0
    for i in range(steps):
        t = torch.full((len(x),), float(time(i)), device=x.device)
        x = x + sign * model(x, t) / (size or steps)
    return x


euler_sample = Exercise(
    points=5,
    torch=True,
    driver=flowed,
    cases={
        "seven steps": sampling,
        "a single step": partial(sampling, steps=1),
        "two steps": partial(sampling, steps=2),
        "fifty steps": partial(sampling, steps=50, N=2),
        "one example": partial(sampling, steps=5, N=1),
        "images": partial(sampling, steps=4, N=3, shape=(2, 3, 2)),
        "as many features as examples": partial(sampling, steps=3, N=4, shape=(4,)),
    },
    checks=[
        agrees(
            3,
            "steps along the model's velocity from time 0 to time 1",
            on=["seven steps", "two steps", "fifty steps", "one example"],
        ),
        agrees(
            1,
            "takes one step of the whole way, and moves images too",
            on=["a single step", "images", "as many features as examples"],
        ),
        moves(1, "where one example begins is felt by that example only", another_start, on="seven steps"),
    ],
    mistakes=[
        Mistake(
            "one_step_too_many",
            "You take one step too many, and go beyond time 1. How many steps of 1/steps are there from 0 to 1?",
            lambda model, x0, steps: _euler(model, x0, steps + 1, lambda i: i / steps, steps),
        ),
        Mistake(
            "one_step_too_few",
            "You take one step too few, and stop before time 1. How many steps of 1/steps are there from 0 to 1?",
            lambda model, x0, steps: _euler(model, x0, steps - 1, lambda i: i / steps, steps),
        ),
        Mistake(
            "time_of_the_end",
            "You ask the model for the time at which a step ends. Euler's method asks where the step begins, and when it begins.",
            edit("i / steps, device", "(i + 1) / steps, device"),
        ),
        Mistake(
            "time_of_the_middle",
            "You ask the model for the time in the middle of a step. Euler's method asks where the step begins, and when it begins.",
            edit("i / steps, device", "(i + 0.5) / steps, device"),
        ),
        Mistake(
            "times_to_one",
            "Your times reach 1 in the last step, as linspace(0, 1, steps) does. The last step begins at 1 − 1/steps, and ends at 1.",
            lambda model, x0, steps: _euler(model, x0, steps, lambda i: i / max(steps - 1, 1)),
        ),
        Mistake(
            "from_one_to_zero",
            "You go from time 1 to time 0, as diffusion does. Here noise is at time 0 and data at time 1.",
            lambda model, x0, steps: _euler(model, x0, steps, lambda i: 1 - i / steps, sign=-1),
        ),
        Mistake(
            "time_backwards",
            "Your time runs from 1 to 0 while your points run from noise to data.",
            lambda model, x0, steps: _euler(model, x0, steps, lambda i: 1 - i / steps),
        ),
        Mistake(
            "backwards",
            "You step against the velocity, away from the data.",
            edit("x = x + model", "x = x - model"),
        ),
        Mistake(
            "whole_steps",
            "You add the whole velocity in each step. A step lasts 1/steps.",
            edit("model(x, t) / steps", "model(x, t)"),
        ),
        Mistake(
            "asked_at_the_start",
            "You ask the model at x0 again and again. It must be asked where the points are by now.",
            edit("model(x, t)", "model(x0, t)"),
        ),
        Mistake(
            "always_from_the_start",
            "You begin each step at x0 again, so only the last one is left.",
            edit("x = x + model", "x = x0 + model"),
        ),
        Mistake(
            "time_stands_still",
            "Your time is 0 in every step. Step i begins at i/steps.",
            edit("i / steps, device", "0.0, device"),
        ),
        Mistake(
            "number_of_the_step",
            "You give the model the number of the step. It wants the time, from 0 to 1.",
            edit("i / steps, device", "float(i), device"),
        ),
    ],
    hints=[
        "With four steps, at which times does each begin? Does any begin at 1?",
        "The model wants a time for each example, as a tensor. What do all of them have in common?",
    ],
)


# Diffusion that is fast and obedient: steps are counted from 0


def skipped(ddim_step, weight, shift, x, t, t_prev, noise, betas, **eta):
    """-> x (N, ...)

    The model is a layer with a shift of its own for each step.
    """

    def model(x, t):
        if not torch.is_tensor(t) or t.dtype != torch.int64 or t.shape != x.shape[:1]:
            raise ValueError("model(x, t) is asked with t int64 (N,), a step for each example")
        return torch.tanh(x.flatten(1) @ weight + shift[t]).reshape(x.shape)

    return ddim_step(model, x, t, t_prev, noise, betas, **eta)


def skipping(draw, t=7, t_prev=3, N=5, shape=(3,), T=10, last=0.4, **eta):
    """Noised examples on their way back, and betas of a schedule that no formula can stand for."""
    D = int(np.prod(shape))
    betas = single(np.linspace(0.02, last, T) * draw.uniform(0.8, 1.2, T))
    layer = {"weight": single(draw(D, D) / np.sqrt(D)), "shift": single(draw(T, D))}
    x = {"x": single(1.5 * draw(N, *shape)), "noise": single(draw(N, *shape)), "betas": betas}
    return layer | x | {"t": t, "t_prev": t_prev} | eta


def long_schedule(draw, **steps):
    """A thousand steps, of which hardly anything of an example survives: ᾱ falls to 0.011."""
    inputs = skipping(draw, T=1000, **steps)
    return inputs | {"betas": single(np.linspace(1e-4, 0.0089, 1000))}


another_noise = redrawn(noise=...)


WITHOUT = [
    "four steps at once",
    "one step",
    "one example",
    "from the last of a thousand steps to the middle",
    "to step 0",
]

ddim_step = Exercise(
    points=8,
    torch=True,
    driver=skipped,
    cases={
        "four steps at once": skipping,
        "one step": partial(skipping, t=5, t_prev=4, eta=0.0),
        "one example": partial(skipping, t=9, t_prev=2, N=1),
        "from the last of a thousand steps to the middle": partial(long_schedule, t=999, t_prev=480, N=2),
        "images": partial(skipping, t=6, t_prev=2, N=3, shape=(2, 3, 2), eta=0.5),
        "as many features as examples": partial(skipping, t=6, t_prev=3, N=4, shape=(4,), eta=0.7),
        "eta of one, one step": partial(skipping, t=5, t_prev=4, eta=1.0),
        "eta of one, four steps at once": partial(skipping, eta=1.0),
        "eta of a half": partial(skipping, t=8, t_prev=5, eta=0.5),
        "to step 0": partial(skipping, t=4, t_prev=0, N=3),
        "to step 0, eta of one": partial(skipping, t=2, t_prev=0, N=3, eta=1.0),
        "to the finished example": partial(skipping, t=4, t_prev=-1),
        "to the finished example, eta of one": partial(skipping, t=3, t_prev=-1, eta=1.0),
        "from step 0": partial(skipping, t=0, t_prev=-1, eta=0.5),
    },
    checks=[
        agrees(3, "without eta, goes to an earlier step along the model's noise", on=WITHOUT),
        agrees(
            2,
            "with eta, replaces a part of the model's noise by fresh noise",
            on=["eta of one, one step", "eta of one, four steps at once", "eta of a half", "to step 0, eta of one"],
        ),
        agrees(
            1,
            "returns the estimated example where t_prev is −1",
            on=["to the finished example", "to the finished example, eta of one", "from step 0"],
        ),
        agrees(1, "moves images as it moves rows", on=["images", "as many features as examples"]),
        moves(1, "feels the fresh noise where eta is not 0", another_noise, on="eta of a half"),
    ],
    mistakes=[
        Mistake(
            "last_step_wraps",
            "You look up ᾱ at t_prev = −1, and a negative index counts from the end: that is the last step's. Where nothing is noised, ᾱ is 1.",
            edit("(1 - betas[: t_prev + 1]).prod()", "(1 - betas).cumprod(0)[t_prev]"),
        ),
        Mistake(
            "last_step_clamped",
            "You take the ᾱ of step 0 for t_prev = −1. At step 0 there is noise already; for the finished example, ᾱ is 1.",
            edit("betas[: t_prev + 1]", "betas[: max(t_prev, 0) + 1]"),
        ),
        Mistake(
            "step_0_as_finished",
            "You take step 0 for the finished example. There is noise at step 0; only at t_prev = −1 is ᾱ 1.",
            edit("betas[: t_prev + 1]", "betas[: t_prev + (t_prev > 0)]"),
        ),
        Mistake(
            "always_the_step_before",
            "You go one step back, whatever t_prev says. DDIM skips steps.",
            edit("betas[: t_prev + 1]", "betas[:t]"),
        ),
        Mistake(
            "one_step_early",
            "Your ᾱ are one step behind. At step 0 there is noise already: the product runs to t, with t in it.",
            edit("betas[: t + 1]", "betas[:t]").then("betas[: t_prev + 1]", "betas[: max(t_prev, 0)]"),
        ),
        Mistake(
            "one_step_only",
            "You use 1 − β of a step alone. ᾱ is the product of these over all steps so far.",
            edit(
                "(1 - betas[: t + 1]).prod(), (1 - betas[: t_prev + 1]).prod()",
                "1 - betas[t], 1 - betas[t_prev] if t_prev >= 0 else betas.new_ones(())",
            ),
        ),
        Mistake(
            "direction_too_long",
            "You add fresh noise, but keep all of the model's noise: then the variance is too large. What the fresh noise has of it, σ², is missing from the other.",
            edit("(1 - before - variance)", "(1 - before)"),
        ),
        Mistake(
            "eta_ignored",
            "You ignore eta, and never add fresh noise.",
            edit("variance = eta**2 *", "variance = 0 *"),
        ),
        Mistake(
            "eta_of_one",
            "You ignore eta, and add fresh noise as if it were 1.",
            edit("variance = eta**2 *", "variance = 1 *"),
        ),
        Mistake(
            "eta_not_squared",
            "You multiply the variance by eta. It is the standard deviation σ that eta multiplies, so the variance gets its square.",
            edit("eta**2 *", "eta *"),
        ),
        Mistake(
            "variance_for_deviation",
            "You scale the fresh noise by its variance σ². The factor is σ.",
            edit("variance.sqrt() * noise", "variance * noise"),
        ),
        Mistake(
            "fresh_noise_as_direction",
            "You swap the model's noise and the fresh noise. The model's points along the path, and has the larger factor.",
            returns("before.sqrt() * clean + (1 - before - variance).sqrt() * noise + variance.sqrt() * estimate"),
        ),
        Mistake(
            "clipped",
            "You clip the estimated example to −1 … 1, as programs for images do. Here it is left as it is.",
            edit("/ now.sqrt()\n", "/ now.sqrt()\n    clean = clean.clamp(-1, 1)\n"),
        ),
        Mistake(
            "not_rescaled",
            "You do not divide by √ᾱ when you estimate the example. Noising has multiplied it by that.",
            edit(" / now.sqrt()", ""),
        ),
        Mistake(
            "roots_forgotten",
            "You scale the model's noise by 1 − ᾱ. That is its variance; the factor is the root.",
            edit("(1 - now).sqrt() * estimate", "(1 - now) * estimate"),
        ),
        Mistake(
            "noise_of_t",
            "You noise the estimated example with the amount of step t again. The result belongs to t_prev.",
            edit("(1 - before - variance).sqrt() * estimate", "(1 - now - variance).clamp(min=0).sqrt() * estimate"),
        ),
        Mistake(
            "estimate_alone",
            "You return the estimated example for every t_prev. It is noised again, to the amount of step t_prev.",
            returns("clean"),
        ),
        Mistake(
            "wants_examples",
            "You take the model's output for the example. It estimates the noise.",
            edit("clean = (x - (1 - now).sqrt() * estimate) / now.sqrt()", "clean = estimate"),
        ),
        Mistake(
            "variance_of_the_step",
            "Your σ² has β_t where 1 − ᾱ / ᾱ_prev must stand. The two are the same only for neighbours.",
            edit("(1 - now / before)", "betas[t]"),
        ),
    ],
    hints=[
        "From x and the noise in it, which example does the model believe in? Noise that one to the amount of t_prev, but with which noise?",
        "Of how many numbers is ᾱ_prev the product for t_prev = 2, for 0, and for −1? What is a product of no numbers?",
        "The variances of the two noises add up to 1 − ᾱ_prev. Which part is fresh?",
    ],
)


def guided(guided_noise, weight, shift, taste, x, t, condition, null, scale):
    """-> noise (N, ...)

    The model is a layer with a shift of its own for each step and for each condition.
    """

    def model(x, t, c):
        for name, value in (("t", t), ("c", c)):
            if not torch.is_tensor(value) or value.dtype != torch.int64 or value.shape != x.shape[:1]:
                raise ValueError(f"model(x, t, c) is asked with {name} int64 (N,), one for each example")
        return torch.tanh(x.flatten(1) @ weight + shift[t] + taste[c]).reshape(x.shape)

    return guided_noise(model, x, t, condition, null, scale)


def guiding(draw, scale=3.0, N=5, shape=(3,), T=7, K=6, null=None):
    """Conditions 0 to K − 1, of which each example has one, and one that stands for none: the last, or another for each."""
    D = int(np.prod(shape))
    layer = {"weight": single(draw(D, D) / np.sqrt(D)), "shift": single(draw(T, D)), "taste": single(draw(K, D))}
    condition = draw.integers(0, K - 2, N)
    none = np.full(N, K - 1) if null is None else draw.integers(K - 2, K, N)
    inputs = {"x": single(draw(N, *shape)), "t": draw.integers(0, T, N), "condition": condition, "null": none}
    return layer | inputs | {"scale": scale}


guided_noise = Exercise(
    points=4,
    torch=True,
    driver=guided,
    cases={
        "scale of three": guiding,
        "scale of seven and a half": partial(guiding, scale=7.5, N=4),
        "scale of a half": partial(guiding, scale=0.5),
        "one example": partial(guiding, scale=2.0, N=1),
        "scale of one": partial(guiding, scale=1.0),
        "scale of zero": partial(guiding, scale=0.0),
        "images": partial(guiding, scale=4.0, N=3, shape=(2, 3, 2)),
        "as many features as examples": partial(guiding, scale=2.5, N=4, shape=(4,), null="each"),
    },
    checks=[
        agrees(
            2,
            "goes from the estimate without a condition towards the one with it, and beyond",
            on=["scale of three", "scale of seven and a half", "scale of a half", "one example"],
        ),
        agrees(
            1,
            "is the estimate with the condition for a scale of 1, and the one without for 0",
            on=["scale of one", "scale of zero"],
        ),
        agrees(
            1, "gives each example its own condition, whatever its shape", on=["images", "as many features as examples"]
        ),
    ],
    mistakes=[
        Mistake(
            "one_more",
            "Your scale is one too large, as if you began at the estimate with the condition: with (1 + w)·ε(condition) − w·ε(null), as some papers write it, w = 0 is the plain estimate. Here that is a scale of 1.",
            edit("return without + scale", "return without + (1 + scale)"),
        ),
        Mistake(
            "swapped",
            "You swap the two estimates, and go from the condition towards nothing in particular.",
            lambda model, x, t, condition, null, scale: (
                model(x, t, condition) + scale * (model(x, t, null) - model(x, t, condition))
            ),
        ),
        Mistake(
            "sign",
            "You go away from the condition. The difference is that of the estimate with it, less the one without.",
            edit("(model(x, t, condition) - without)", "(without - model(x, t, condition))"),
        ),
        Mistake(
            "difference_alone",
            "You return the scaled difference alone, without the estimate that it is added to.",
            edit("return without + scale", "return scale"),
        ),
        Mistake(
            "condition_scaled_alone",
            "You scale the estimate with the condition, and then take the other one away whole. The difference is what is scaled.",
            lambda model, x, t, condition, null, scale: scale * model(x, t, condition) - model(x, t, null),
        ),
        Mistake(
            "summed",
            "You add the scaled estimate to the one without a condition. Add the scaled difference of the two.",
            edit("(model(x, t, condition) - without)", "model(x, t, condition)"),
        ),
        Mistake(
            "no_guidance",
            "You return the estimate with the condition, whatever the scale.",
            edit("without + scale * (model(x, t, condition) - without)", "model(x, t, condition)"),
        ),
        Mistake(
            "condition_forgotten",
            "You ask the model twice for nothing in particular, so their difference is zero.",
            edit("model(x, t, condition)", "model(x, t, null)"),
        ),
    ],
    hints=[
        "What must come out for a scale of 0, and what for a scale of 1?",
        "The model is asked twice, and only its last argument differs. A scale of 2 goes twice as far as which way?",
    ],
)


COSINE = "torch.cos((i / steps + s) / (1 + s) * torch.pi / 2) ** 2"

cosine_alpha_bar = Exercise(
    points=3,
    torch=True,
    cases={
        "seven steps": lambda draw: {"steps": 7},
        "a thousand steps": lambda draw: {"steps": 1000},
        "two steps": lambda draw: {"steps": 2},
        "another offset": lambda draw: {"steps": 5, "s": float(draw.uniform(0.1, 0.4))},
        "no offset": lambda draw: {"steps": 6, "s": 0.0},
    },
    checks=[
        agrees(
            2,
            "falls along a squared cosine, from a little below 1 to 0 in the last step",
            on=["seven steps", "a thousand steps", "two steps"],
        ),
        agrees(1, "uses the given offset", on=["another offset", "no offset"]),
    ],
    mistakes=[
        Mistake(
            "not_divided",
            "You do not divide by f(0), so that not all of an example is there before the first step.",
            edit("f[1:] / f[0]", "f[1:]"),
        ),
        Mistake(
            "one_step_early",
            "Your schedule begins with f(0) / f(0) = 1, before any step. After the first step, i is 1.",
            edit("f[1:] / f[0]", "f[:-1] / f[0]"),
        ),
        Mistake(
            "one_too_many",
            "You return steps + 1 numbers. The first, f(0) / f(0) = 1, belongs to no step.",
            edit("f[1:] / f[0]", "f / f[0]"),
        ),
        *(
            Mistake(
                name,
                "You return the betas, the variances that the steps add. ᾱ itself is asked.",
                edit("f[1:] / f[0]", f"(1 - f[1:] / f[:-1]){cut}"),
            )
            for name, cut in {
                "betas": "",
                "betas_cut_off": ".clamp(max=0.999)",
                "betas_cut_off_twice": ".clamp(0.0001, 0.9999)",
            }.items()
        ),
        Mistake(
            "not_squared",
            "You leave out the square of the cosine. The cosine is the root of ᾱ, the factor of the example.",
            edit(COSINE, "torch.cos((i / steps + s) / (1 + s) * torch.pi / 2)"),
        ),
        Mistake(
            "sine",
            "You return the share of noise, a squared sine. ᾱ is what is left of the example, and falls.",
            edit("f[1:] / f[0]", "1 - f[1:] / f[0]"),
        ),
        Mistake(
            "whole_turn",
            "Your cosine goes to π. It goes to π/2, where it is 0.",
            edit(" * torch.pi / 2", " * torch.pi"),
        ),
        Mistake(
            "offset_ignored",
            "You ignore the given offset s: 0.008 is only the default.",
            edit("((i / steps + s) / (1 + s) *", "((i / steps + 0.008) / (1 + 0.008) *"),
        ),
        Mistake(
            "no_offset",
            "You leave out the offset s.",
            edit("((i / steps + s) / (1 + s) *", "((i / steps) *"),
        ),
        Mistake(
            "offset_not_divided",
            "You add the offset but do not divide by 1 + s, so that the cosine is negative in the end.",
            edit(" / (1 + s) *", " *"),
        ),
        Mistake(
            "evenly_from_zero_to_one",
            "You take steps times from 0 to 1, both included. Step i of n ends at i/n: the first at 1/n, the last at 1.",
            edit("i = torch.arange(steps + 1)", "i = torch.cat([torch.zeros(1), torch.linspace(0, steps, steps)])"),
        ),
    ],
    hints=[
        "Write down f(0), f(1) and f(2) for two steps and s = 0. Which of them are returned, and divided by what?",
        "PyTorch's cosine works on a whole row of numbers: which i do you need, f(0) among them?",
    ],
)


# Codes and tokens


def quantized(vector_quantize, z, codebook, dout=None, of="", **beta):
    """-> quantized (N, D), indices (N,), loss

    With `of` the answer is the gradients in z and in the codebook, of the loss or of Σ dout·quantized, with what they belong
    to; those of what is detached are zero.
    """
    if not of:
        return vector_quantize(z, codebook, **beta)
    z, codebook = z.requires_grad_(), codebook.requires_grad_()
    codes, _, loss = vector_quantize(z, codebook, **beta)
    total = (loss if of == "loss" else (dout * codes).sum()) + 0 * z.sum() + 0 * codebook.sum()
    grads = torch.autograd.grad(total, [z, codebook])
    return {
        f"value of {of}": loss if of == "loss" else codes,
        "gradient in z": grads[0],
        "gradient in the codebook": grads[1],
    }


def near_codes(draw, N=7, D=3, K=5, offset=0.0, of="", **beta):
    """Vectors and codes of all lengths; no vector is about as near to a second code."""
    codebook = draw(K, D) * draw.uniform(0.5, 2.5, K, 1)
    z = np.array([_near_one(draw, codebook) for _ in range(N)])
    inputs = {"z": single(offset + z), "codebook": single(offset + codebook)} | beta
    return inputs | ({"of": of} if of else {}) | ({"dout": single(draw(N, D))} if of == "quantized" else {})


def _near_one(draw, codebook):
    while True:
        z = codebook[int(draw.integers(0, len(codebook)))] + 0.6 * draw(codebook.shape[1])
        distances = np.sort(np.square(codebook - z).sum(axis=1))
        if len(codebook) == 1 or distances[1] - distances[0] > 0.05:
            return z


def two_ways_of_being_near(draw):
    """Each of two vectors has a code that is off in one entry, and one that is a little off in all four: the first is nearer to
    the former and the second to the latter, by the sum of squares alone."""
    z = np.stack([draw(4), 9.0 + draw(4)])
    entry, signs = draw.integers(0, 4, 2), np.sign(draw(2, 4))
    alone = np.stack([length * np.eye(4)[k] for length, k in zip((1.2, 1.6), entry, strict=True)])
    spread = signs * np.array([[0.7], [0.75]])
    codebook = np.concatenate([z + alone, z + spread])[draw.permutation(4)]
    return {"z": single(z), "codebook": single(codebook)}


VECTORS = ["seven vectors, five codes", "one vector", "a single code", "far from zero"]
STRAIGHT = "z + (code - z).detach()"

vector_quantize = Exercise(
    points=6,
    torch=True,
    driver=quantized,
    cases={
        "seven vectors, five codes": near_codes,
        "one vector": partial(near_codes, N=1, K=4),
        "a single code": partial(near_codes, N=4, K=1),
        "far from zero": partial(near_codes, N=6, D=2, K=4, offset=20.0),
        "as many vectors as codes and features": partial(near_codes, N=4, D=4, K=4),
        "off in one entry, or in all": two_ways_of_being_near,
        "beta of one": partial(near_codes, beta=1.0),
        "beta of zero": partial(near_codes, beta=0.0),
        "the gradient of the vectors": partial(near_codes, of="quantized"),
        "the gradient of the loss": partial(near_codes, of="loss"),
        "the gradient of the loss, beta of two": partial(near_codes, N=5, of="loss", beta=2.0),
    },
    checks=[
        agrees(
            1,
            "finds the nearest code",
            on=[*VECTORS, "as many vectors as codes and features", "off in one entry, or in all"],
            part="indices",
        ),
        agrees(
            1,
            "replaces each vector by its code",
            on=[*VECTORS, "as many vectors as codes and features"],
            part="quantized",
        ),
        agrees(
            1,
            "pays for the distance, once for the code and beta times for the vector",
            on=["seven vectors, five codes", "one vector", "a single code", "beta of one", "beta of zero"],
            part="loss",
        ),
        agrees(1, "hands the gradient straight through to z", on="the gradient of the vectors"),
        agrees(
            2,
            "pulls codes to their vectors, and vectors to their codes beta times as hard",
            on=["the gradient of the loss", "the gradient of the loss, beta of two"],
        ),
    ],
    mistakes=[
        Mistake(
            "not_straight_through",
            "You return the codes themselves, so that the gradient goes to the codebook and nothing of it to z. Choosing the nearest has no derivative: let the gradient pass as if nothing had been replaced.",
            edit(STRAIGHT, "code"),
        ),
        Mistake(
            "straight_to_the_codebook",
            "You stop the gradient on the wrong side: your result has the values of z, and its gradient goes to the codebook.",
            edit(STRAIGHT, "code + (z - code).detach()"),
        ),
        Mistake(
            "both_get_it",
            "Your gradient goes to z and to the codebook. Stop it for everything that you add to z.",
            edit(STRAIGHT, "z + code - z.detach()"),
        ),
        Mistake(
            "beta_on_the_codebook",
            "You stop the gradients on the wrong sides, so that beta weighs the pull on the codes. It weighs the commitment, the pull on z.",
            swapped("code, z.detach()", "z, code.detach()"),
        ),
        Mistake(
            "nothing_stopped",
            "You stop no gradient in the loss, so that both terms pull on both sides. In each, one side is seen as a constant.",
            edit(
                "F.mse_loss(code, z.detach()) + beta * F.mse_loss(z, code.detach())",
                "(1 + beta) * F.mse_loss(code, z)",
            ),
        ),
        Mistake(
            "codes_alone",
            "Your loss pulls codes to their vectors only. The second term makes the vectors stay near their codes.",
            edit(" + beta * F.mse_loss(z, code.detach())", ""),
        ),
        Mistake(
            "vectors_alone",
            "Your loss pulls vectors to their codes only, and the codebook learns nothing.",
            edit("F.mse_loss(code, z.detach()) + beta", "beta"),
        ),
        Mistake(
            "beta_ignored",
            "You ignore beta.",
            edit("+ beta * F.mse_loss(z", "+ F.mse_loss(z"),
        ),
        Mistake(
            "summed",
            "You sum over the features of a vector. The loss is the mean over all elements.",
            edit(
                "F.mse_loss(code, z.detach()) + beta * F.mse_loss(z, code.detach())",
                "z.shape[1] * (F.mse_loss(code, z.detach()) + beta * F.mse_loss(z, code.detach()))",
            ),
        ),
        Mistake(
            "most_alike",
            "You take the code with the largest dot product, or leave the length of the codes out of the distance, which favours long codes. Take the one at the smallest distance.",
            edit("((z[:, None] - codebook) ** 2).sum(2).argmin(1)", "(z @ codebook.T).argmax(1)"),
        ),
        Mistake(
            "farthest",
            "You take the farthest code. Take the nearest.",
            edit("argmin(1)", "argmax(1)"),
        ),
        Mistake(
            "sum_of_absolutes",
            "You add up absolute differences. The Euclidean distance has squares.",
            edit("((z[:, None] - codebook) ** 2)", "(z[:, None] - codebook).abs()"),
        ),
        Mistake(
            "nearest_vector",
            "You look for the vector that is nearest to a code. Each vector looks for its code.",
            lambda z, codebook, beta=0.25: _nearest_vector(z, codebook, beta),
        ),
    ],
    hints=[
        "Which shape has the difference of every vector to every code? Over which axis do you sum, and over which do you search?",
        "To return the value of one tensor and hand the gradient to another: add to the other something whose gradient is stopped.",
        "Of which side does the first term of the loss pull, and which side does it see as a constant?",
    ],
)


def _nearest_vector(z, codebook, beta=0.25):
    distances = ((z[:, None] - codebook) ** 2).sum(2)
    indices = distances.argmin(0)[torch.arange(len(z)) % len(codebook)] % len(codebook)
    code = codebook[indices]
    return z + (code - z).detach(), indices, F.mse_loss(code, z.detach()) + beta * F.mse_loss(z, code.detach())


def embedded(patch_embedding, images, W, b, patch, cls, positions, dout=None):
    """-> tokens (N, 1 + L, D)

    With dout the answer is the gradients of Σ dout·tokens in what the layer learns; those of what is detached are zero.
    """
    if dout is None:
        return patch_embedding(images, W, b, patch, cls, positions)
    leaves = {"W": W, "b": b, "cls": cls, "positions": positions}
    for value in leaves.values():
        value.requires_grad_()
    tokens = patch_embedding(images, W, b, patch, cls, positions)
    total = (dout * tokens).sum() + sum(0 * value.sum() for value in leaves.values())
    grads = torch.autograd.grad(total, list(leaves.values()))
    return {f"gradient in {name}": grad for name, grad in zip(leaves, grads, strict=True)}


def photos(draw, N=2, C=3, H=4, W=6, patch=2, D=5, gradient=False):
    L, inside = H * W // patch**2, C * patch**2
    inputs = {
        "images": single(draw(N, C, H, W)),
        "W": single(draw(inside, D) / np.sqrt(inside)),
        "b": single(draw(D)),
        "patch": patch,
        "cls": single(draw(D)),
        "positions": single(draw(1 + L, D)),
    }
    return inputs | ({"dout": single(draw(N, 1 + L, D))} if gradient else {})


def another_patch(inputs, draw):
    """The patch at the right end of the first row shows something else."""
    images, patch = inputs["images"].copy(), inputs["patch"]
    images[..., :patch, -patch:] = single(draw(*images.shape[:2], patch, patch))
    return inputs | {"images": images}


def _embedded_with(order, images, W, b, patch, cls, positions):
    """Patches with their axes in some order; images are (N, C, rows, patch, columns, patch)."""
    N, C, height, width = images.shape
    cut = images.reshape(N, C, height // patch, patch, width // patch, patch).permute(*order).flatten(3).flatten(1, 2)
    return torch.cat([cls.expand(N, 1, -1), cut @ W + b], 1) + positions


TOKENS = "torch.cat([cls.expand(N, 1, -1), patches @ W + b], 1)"
ROW_MAJOR = "images.reshape(N, C, rows, patch, columns, patch).permute(0, 2, 4, 1, 3, 5).flatten(3).flatten(1, 2)"

patch_embedding = Exercise(
    points=5,
    torch=True,
    driver=embedded,
    cases={
        "two images": photos,
        "one image, one channel": partial(photos, N=1, C=1, H=6, W=4),
        "patches of three": partial(photos, N=3, C=2, H=6, W=9, patch=3, D=4),
        "a single patch": partial(photos, N=3, H=4, W=4, patch=4),
        "patches of one pixel": partial(photos, H=2, W=3, patch=1, D=4),
        "the gradient": partial(photos, gradient=True),
        "the gradient for patches of three": partial(photos, N=1, C=2, H=3, W=6, patch=3, gradient=True),
    },
    checks=[
        agrees(
            2,
            "makes a token of each patch, row by row, behind that of the class",
            on=["two images", "one image, one channel", "patches of three"],
        ),
        agrees(1, "takes patches of every size", on=["a single patch", "patches of one pixel"]),
        moves(1, "a patch that changes is felt in its own token alone", another_patch, on="two images"),
        agrees(
            1, "passes the right gradient to what it learns", on=["the gradient", "the gradient for patches of three"]
        ),
    ],
    mistakes=[
        Mistake(
            "channels_last",
            "You flatten patches with the channels last. Channels come first, then rows, then columns.",
            partial(_embedded_with, (0, 2, 4, 3, 5, 1)),
        ),
        Mistake(
            "columns_first",
            "You number the patches column by column. Number them row by row.",
            partial(_embedded_with, (0, 4, 2, 1, 3, 5)),
        ),
        Mistake(
            "patches_transposed",
            "You flatten each patch column by column. Within a channel its rows come first.",
            partial(_embedded_with, (0, 2, 4, 1, 5, 3)),
        ),
        Mistake(
            "reshaped",
            "You only reshape, which groups pixels that are neighbours in memory, not in a patch. Split the axes, then move them.",
            edit(ROW_MAJOR, "images.reshape(N, rows * columns, -1)"),
        ),
        Mistake(
            "cls_without_position",
            "You add no position to cls. Every token gets one, and the first belongs to cls.",
            edit(
                f"tokens = {TOKENS}\n    return tokens + positions",
                "tokens = patches @ W + b + positions[1:]\n    return torch.cat([cls.expand(N, 1, -1), tokens], 1)",
            ),
        ),
        Mistake(
            "positions_shifted",
            "You give the patches the positions from the first on, and cls the last one. The first position belongs to cls.",
            edit("tokens + positions", "tokens + positions.roll(1, 0)"),
        ),
        Mistake(
            "cls_last",
            "You put cls behind the patches. It comes first.",
            edit("[cls.expand(N, 1, -1), patches @ W + b]", "[patches @ W + b, cls.expand(N, 1, -1)]"),
        ),
        Mistake(
            "no_positions",
            "You leave out the positions, so that the tokens do not tell where in the image they were.",
            edit("return tokens + positions", "return tokens"),
        ),
        Mistake(
            "no_bias",
            "You leave out the bias b.",
            edit("patches @ W + b", "patches @ W"),
        ),
        Mistake(
            "bias_on_cls",
            "You add the bias to cls as well. cls is a token already, and no layer makes it.",
            edit(TOKENS, "torch.cat([cls.expand(N, 1, -1) + b, patches @ W + b], 1)"),
        ),
        Mistake(
            "no_cls",
            "Your sequence has the patches alone. cls comes first.",
            edit(f"tokens = {TOKENS}\n    return tokens + positions", "return patches @ W + b + positions[1:]"),
        ),
        Mistake(
            "detached",
            "Your tokens are right, but pass no gradient back: something on the way is detached.",
            edit("return tokens + positions", "return (tokens + positions).detach()"),
        ),
    ],
    hints=[
        "The patches are those of mask_patches, with none hidden. What has to be done to W when there are fewer patches?",
        "There is one cls, and every image needs it. Which shape must it have before it can be put in front?",
    ],
)


# A training run: the student's own pair, loss and sampler


def half_circles(draw, number):
    """Points on two interleaving half circles, as many on the one as on the other, with noise."""
    angle, up = draw.uniform(0, np.pi, number), draw.permutation(number) % 2
    x = np.where(up, np.cos(angle), 1 - np.cos(angle))
    y = np.where(up, np.sin(angle), 0.5 - np.sin(angle))
    points = np.stack([x, y], axis=1) + 0.05 * draw(number, 2)
    return single((points - [0.5, 0.25]) / [0.87, 0.5])  # mean 0 and variance 1, as networks like it


def moons(draw):
    """A thousand points to learn from; of twice as many, held back, the distance depends less on chance."""
    return {"data": half_circles(draw, 1000), "rng": draw.generator(), "truth": half_circles(draw, 2000)}


def drawn_moons(moons_flow, data, rng):
    """-> samples (2000, 2)"""
    with follow("flow_matching_loss"):  # who has another loop, or another loss, has no curve
        sample = moons_flow(data.clone(), rng)
    with torch.no_grad():
        points = sample(2000)
    known = {tuple(row) for row in data.tolist()}
    if any(tuple(row) in known for row in points.tolist()):
        raise ValueError("sample(n) draws new points, and some of yours are points of the data")
    return points


def _gaussian(data, rng):
    mean, root = data.mean(0), torch.linalg.cholesky(torch.cov(data.T))
    return lambda n: mean + torch.randn(n, 2, device=data.device) @ root.T


moons_flow = Exercise(
    points=5,
    torch=True,
    driver=drawn_moons,
    seconds=40,
    cases={"two moons": moons},
    checks=[
        reaches(
            5,
            "carries noise to two moons, to an energy distance of at most 0.015",
            "squared_energy_distance",
            at_most=0.015,
        )
    ],
    mistakes=[
        Mistake(
            "gaussian",
            "You draw from a normal distribution with the mean and the covariance of the data, which knows nothing of moons.",
            _gaussian,
        ),
        Mistake("noise", "You return noise, which nothing has carried anywhere.", edit("50)", "0)")),
        Mistake(
            "one_step",
            "You go the whole way in one step, which lands all points near the middle: the velocity at the start is an average over all that could become of it.",
            edit("50)", "1)"),
        ),
        Mistake(
            "too_short", "You stop training long before the loss is low.", edit("range(1, steps + 1)", "range(1, 11)")
        ),
        Mistake(
            "uphill", "You step along the gradient, so the loss rises.", edit("loss.backward()", "(-loss).backward()")
        ),
        Mistake(
            "place_hidden",
            "Your network does not see where a point is, so that all points go the same way.",
            edit("[x, t[:, None]]", "[0 * x, t[:, None]]"),
        ),
        Mistake(
            "velocity_backwards",
            "Your velocity points from the data to the noise, and the sampler carries the noise away from the data.",
            edit("x1 - x0", "x0 - x1", of="flow_matching_pair"),
        ),
        Mistake(
            "path_backwards",
            "Your path runs from data at time 0 to noise at time 1, and the sampler begins with noise at time 0.",
            edit("(1 - t) * x0 + t * x1", "t * x0 + (1 - t) * x1", of="flow_matching_pair"),
        ),
        Mistake(
            "time_backwards",
            "Your sampler tells the network the time backwards.",
            edit("i / steps, device", "1 - i / steps, device", of="euler_sample"),
        ),
        Mistake(
            "wants_data",
            "Your network learns to estimate the data, but the sampler uses it as a velocity.",
            edit("- velocity)", "- x1)", of="flow_matching_loss"),
        ),
    ],
    hints=[
        "The network sees a point and a time and tells a velocity: how many numbers go in, and how many come out?",
        "In each step, draw a batch of the data, as much noise, and a time for each pair. The loss does not go to 0: what can no network know?",
        "If the samples are blurred, train longer, and let the steps of the optimizer become smaller towards the end.",
    ],
)
