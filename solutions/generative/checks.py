"""How the answers of this unit are judged: cases, checks and the mistakes that people really make."""

from functools import partial

import numpy as np
import torch
from torch.nn import functional as F

from grader.exercise import (
    Exercise,
    Mistake,
    agrees,
    device,
    edit,
    everywhere,
    moves,
    reaches,
    redrawn,
    report,
    returns,
)

ALLOWS = ("numpy", "torch")

FAR = 1000.0  # logits of this size overflow exp, which ends near 88 in single precision


def single(array):
    """The array in single precision, as PyTorch's tensors are."""
    return np.asarray(array, np.float32)


def differentiated(loss_of, gradient=False, **inputs):
    """The loss, or its gradient in each input of floats; a loss that is detached has gradient zero."""
    if not gradient:
        return loss_of(**inputs)
    leaves = {
        name: value.requires_grad_()
        for name, value in inputs.items()
        if torch.is_tensor(value) and value.is_floating_point()
    }
    loss = loss_of(**inputs) + sum(0 * value.sum() for value in leaves.values())
    found = torch.autograd.grad(loss, list(leaves.values()))
    return {f"gradient in {name}": grad for name, grad in zip(leaves, found, strict=True)}


# Generative adversarial networks


def judged(draw, N=4, M=6, size=1.0, gradient=False, column=False):
    """Logits for real and for fake examples, not equally many."""
    real, fake = single(size * (draw(N) + 0.5)), single(size * (draw(M) - 0.5))
    if column:
        real, fake = real[:, None], fake[:, None]
    return {"real_logits": real, "fake_logits": fake} | ({"gradient": True} if gradient else {})


def sure(draw, gradient=False):
    """Logits of ±1000, right and wrong."""
    inputs = judged(draw, gradient=gradient)
    return inputs | {
        "real_logits": single([FAR, -FAR, 0.5, FAR]),
        "fake_logits": single([-FAR, FAR, 0.25, -FAR, -FAR, 1.0]),
    }


def only_fake(case, **sizes):
    """The same, without the real logits."""

    def drawn(draw):
        return {name: value for name, value in case(draw, **sizes).items() if name != "real_logits"}

    return drawn


SMALL = ("1e-5", "1e-6", "1e-7", "1e-8", "1e-9", "1e-10", "1e-12", "1e-15")  # what people write to keep a log finite
EPS_IN_LOG = "You add a small number inside the logarithm. What is very wrong must cost much and have a gradient, and yours has neither: work with the scores themselves."
CUT_OFF = "PyTorch's loss for probabilities cuts its logarithms off at −100, where no gradient is left. PyTorch has a loss that takes the logits themselves."


def _discriminator_loss_with(eps):
    def wrong(real_logits, fake_logits):
        real, fake = real_logits.sigmoid(), fake_logits.sigmoid()
        return -(real + float(eps)).log().mean() - (1 - fake + float(eps)).log().mean()

    return wrong


def _generator_loss_with(eps):
    return lambda fake_logits: -(fake_logits.sigmoid() + float(eps)).log().mean()


gan_discriminator_loss = Exercise(
    points=5,
    torch=True,
    driver=differentiated,
    cases={
        "four real, six fake": judged,
        "one real, one fake": partial(judged, N=1, M=1),
        "a column of logits": partial(judged, column=True),
        "logits of ±1000": sure,
        "the gradient": partial(judged, gradient=True),
        "the gradient at logits of ±1000": partial(sure, gradient=True),
    },
    checks=[
        agrees(
            2,
            "adds the mean loss on real examples and the mean loss on fake ones",
            on=["four real, six fake", "one real, one fake", "a column of logits"],
        ),
        agrees(1, "is finite for a discriminator that is very sure", on="logits of ±1000"),
        agrees(2, "returns the right gradient for every logit", on=["the gradient", "the gradient at logits of ±1000"]),
    ],
    mistakes=[
        Mistake(
            "halved",
            "You average the two means. Add them.",
            returns("… / 2"),
        ),
        Mistake(
            "swapped",
            "You swap real and fake: your loss rewards a discriminator for calling real examples fake. Which logits should be large?",
            returns("F.softplus(real_logits).mean() + F.softplus(-fake_logits).mean()"),
        ),
        Mistake(
            "all_real",
            "Your loss asks the discriminator to call the fake examples real, too. Their target is 0.",
            edit("F.softplus(fake_logits)", "F.softplus(-fake_logits)"),
        ),
        Mistake(
            "real_alone",
            "You ignore the fake logits, so a discriminator that calls everything real has no loss.",
            edit(" + F.softplus(fake_logits).mean()", ""),
        ),
        Mistake(
            "pooled",
            "You average over real and fake examples together. Take a mean of each kind, so that both count equally.",
            lambda real_logits, fake_logits: 2 * F.softplus(torch.cat([-real_logits, fake_logits])).mean(),
        ),
        Mistake(
            "unstable",
            "Your loss is not finite for large logits: the sigmoid rounds to 0 or 1, and you take the logarithm of 0. Work with the logits themselves.",
            returns("-real_logits.sigmoid().log().mean() - (1 - fake_logits.sigmoid()).log().mean()"),
        ),
        Mistake(
            "logs_cut_off",
            CUT_OFF,
            lambda real_logits, fake_logits: (
                F.binary_cross_entropy(real_logits.sigmoid(), torch.ones_like(real_logits))
                + F.binary_cross_entropy(fake_logits.sigmoid(), torch.zeros_like(fake_logits))
            ),
        ),
        *(Mistake(f"logs_plus_{eps}", EPS_IN_LOG, _discriminator_loss_with(eps)) for eps in SMALL),
        Mistake(
            "sign",
            "Your loss is negative: you take the mean of the logarithms themselves. The loss is minus that.",
            returns("-F.softplus(-real_logits).mean() - F.softplus(fake_logits).mean()"),
        ),
    ],
    hints=[
        "What is −log σ(x) for x = 0, and what does it approach for a large x and for a very negative x?",
        "How is 1 − σ(x) written with σ alone? Then both terms are the same function of a logit.",
        "PyTorch has log(1 + exp(x)) as one function that does not overflow.",
    ],
)

gan_generator_loss = Exercise(
    points=4,
    torch=True,
    driver=differentiated,
    cases={
        "six fake": only_fake(judged),
        "one fake": only_fake(judged, M=1),
        "a column of logits": only_fake(judged, column=True),
        "logits of ±1000": only_fake(sure),
        "the gradient": only_fake(judged, gradient=True),
        "the gradient at logits of ±1000": only_fake(sure, gradient=True),
    },
    checks=[
        agrees(
            1,
            "returns the mean of −log σ over the fake logits",
            on=["six fake", "one fake", "a column of logits"],
        ),
        agrees(1, "is finite where the discriminator is sure", on="logits of ±1000"),
        agrees(
            2,
            "passes a gradient even where the discriminator is sure that an example is fake",
            on=["the gradient", "the gradient at logits of ±1000"],
        ),
    ],
    mistakes=[
        Mistake(
            "saturating",
            "You minimise the mean of log(1 − σ), the saturating form: where the discriminator is sure, its gradient vanishes. The non-saturating form has its largest gradient there.",
            edit("F.softplus(-fake_logits)", "-F.softplus(fake_logits)"),
        ),
        Mistake(
            "discriminators_side",
            "You return the discriminator's loss on fake examples. The generator wants the opposite.",
            edit("softplus(-fake_logits)", "softplus(fake_logits)"),
        ),
        Mistake("sum", "You sum over the examples. The loss is their mean.", edit(".mean()", ".sum()")),
        Mistake(
            "not_negated",
            "Your loss is negative, so it rewards the generator for fakes that are recognised. Check the sign in front of the log.",
            edit("return F", "return -F"),
        ),
        Mistake(
            "unstable",
            "Your loss is not finite for large negative logits: the sigmoid rounds to 0, and its log is infinite. Work with the logits themselves.",
            lambda fake_logits: -fake_logits.sigmoid().log().mean(),
        ),
        Mistake(
            "logs_cut_off",
            CUT_OFF,
            lambda fake_logits: F.binary_cross_entropy(fake_logits.sigmoid(), torch.ones_like(fake_logits)),
        ),
        *(Mistake(f"log_plus_{eps}", EPS_IN_LOG, _generator_loss_with(eps)) for eps in SMALL),
    ],
    hints=[
        "Which probability does the generator want the discriminator to give to its examples?",
        "The generator's loss on fake examples is the same function as the discriminator's loss on which examples?",
    ],
)


# Variational autoencoders


def codes(draw, N=4, D=3, gradient=False):
    """Means and log variances of codes."""
    return {"mean": single(draw(N, D)), "log_var": single(draw(N, D))} | ({"gradient": True} if gradient else {})


def prior_codes(draw):
    """What the encoder says of nothing: the prior itself."""
    return {"mean": np.zeros((4, 3), np.float32), "log_var": np.zeros((4, 3), np.float32)}


def narrow(draw):
    """Codes with variances so small that a number which was added beside them is all that is left."""
    return codes(draw) | {"log_var": single(-40.0 + draw(4, 3))}


vae_kl = Exercise(
    points=5,
    torch=True,
    driver=differentiated,
    cases={
        "four codes of three features": codes,
        "one code": partial(codes, N=1),
        "one feature": partial(codes, D=1),
        "codes that are standard normal": prior_codes,
        "variances near e⁻⁴⁰": narrow,
        "the gradient": partial(codes, gradient=True),
    },
    checks=[
        agrees(
            2,
            "sums over features and averages over examples",
            on=["four codes of three features", "one code", "one feature"],
        ),
        agrees(
            1,
            "is zero for the prior, and finite where the variance is tiny",
            on=["codes that are standard normal", "variances near e⁻⁴⁰"],
        ),
        agrees(2, "returns the right gradient for means and log variances", on="the gradient"),
    ],
    mistakes=[
        Mistake(
            "averaged_over_features",
            "You average over the features. The divergences of independent features add up: sum over the features, and average over the examples only.",
            edit(".sum(1).mean()", ".mean()"),
        ),
        Mistake(
            "summed_over_examples",
            "You sum over the examples, too. Average over the examples.",
            edit(".sum(1).mean()", ".sum()"),
        ),
        Mistake(
            "half_missing",
            "You leave out the factor ½ in front of the sum.",
            edit("0.5 * (", "1.0 * ("),
        ),
        Mistake(
            "deviation_for_variance",
            "You use the standard deviation where the formula has the variance.",
            edit("log_var.exp()", "(0.5 * log_var).exp()"),
        ),
        Mistake(
            "log_var_as_sigma",
            "You use log_var as the standard deviation itself. It is the logarithm of the variance.",
            edit("log_var.exp() - 1 - log_var)", "log_var**2 - 1 - (log_var**2).log())"),
        ),
        Mistake(
            "negative",
            "Your divergence is negative, and a divergence never is. You return minus the KL, the term of the evidence lower bound.",
            edit("0.5 * (", "-0.5 * ("),
        ),
        Mistake(
            "one_forgotten",
            "Your divergence is not zero for the prior itself: you leave out a constant in each feature.",
            edit(" - 1 -", " -"),
        ),
        Mistake(
            "half_missing_and_averaged",
            "You leave out the factor ½, and average over the features, too. The divergences of independent features add up; average over the examples only.",
            edit(
                "0.5 * (mean**2 + log_var.exp() - 1 - log_var)\n    return per_feature.sum(1).mean()",
                "mean**2 + log_var.exp() - 1 - log_var\n    return per_feature.mean()",
            ),
        ),
        *(
            Mistake(
                f"log_of_variance_plus_{eps}",
                "You take the logarithm of the variance again, and add a small number to it. log_var is that logarithm already.",
                edit("- 1 - log_var)", f"- 1 - (log_var.exp() + {eps}).log())"),
            )
            for eps in SMALL
        ),
    ],
    hints=[
        "For which mean and variance must the divergence be zero? Does your formula give that?",
        "Write the formula with σ², then replace σ² by the exponential of log_var. What does log σ² become?",
    ],
)


def sampled(reparameterize, mean, log_var, noise, dout=None):
    """-> z (N, D)

    With dout the answer is the gradients in mean and log_var instead; those of a z that is detached are zero.
    """
    if dout is None:
        return reparameterize(mean, log_var, noise)
    mean, log_var = mean.requires_grad_(), log_var.requires_grad_()
    total = (reparameterize(mean, log_var, noise) * dout).sum() + 0 * mean.sum() + 0 * log_var.sum()
    grads = torch.autograd.grad(total, [mean, log_var])
    return {"gradient in mean": grads[0], "gradient in log_var": grads[1]}


def draws(draw, N=4, D=3, offset=0.0, gradient=False):
    inputs = dict(mean=single(draw(N, D)), log_var=single(offset + draw(N, D)), noise=single(draw(N, D)))
    return inputs | ({"dout": single(draw(N, D))} if gradient else {})


more_noise = redrawn(noise=0)


reparameterize = Exercise(
    points=4,
    torch=True,
    driver=sampled,
    cases={
        "four codes": draws,
        "one code": partial(draws, N=1),
        "variances near e⁴⁰": partial(draws, offset=40.0),
        "the gradient": partial(draws, gradient=True),
    },
    checks=[
        agrees(
            1, "scales the noise by the standard deviation and shifts it by the mean", on=["four codes", "one code"]
        ),
        agrees(1, "is finite where the variance is too large for single precision", on="variances near e⁴⁰"),
        moves(1, "changing the noise of one example changes that example only", more_noise, on="four codes"),
        agrees(1, "passes gradients to mean and variance", on="the gradient"),
    ],
    mistakes=[
        Mistake(
            "variance_for_deviation",
            "You scale the noise by the variance. Scale it by the standard deviation, the root of the variance.",
            edit("(0.5 * log_var).exp()", "log_var.exp()"),
        ),
        Mistake(
            "log_var_as_deviation",
            "You scale the noise by log_var itself. It is the logarithm of the variance, and may be negative.",
            edit("(0.5 * log_var).exp()", "log_var"),
        ),
        Mistake(
            "mean_forgotten",
            "You do not add the mean, so your draws are centred on zero.",
            edit("mean + (0.5", "0 * mean + (0.5"),
        ),
        Mistake(
            "no_noise",
            "You ignore the noise, so your result is not a random draw.",
            edit(" + (0.5 * log_var).exp() * noise", " + 0 * log_var"),
        ),
        Mistake(
            "detached",
            "Your values are right, but log_var gets no gradient: the standard deviation is detached.",
            edit("(0.5 * log_var).exp()", "(0.5 * log_var).exp().detach()"),
        ),
    ],
    hints=[
        "How do you turn a standard normal number into one with mean μ and standard deviation σ?",
        "If log_var is the logarithm of σ², what is the logarithm of σ?",
    ],
)


# Diffusion: steps are counted from 0


def schedule(draw, T):
    """Betas of a schedule that is not quite linear, so that no formula can stand for them."""
    return single(np.linspace(0.01, 0.2, T) * draw.uniform(0.8, 1.2, T))


linear_beta_schedule = Exercise(
    points=4,
    torch=True,
    cases={
        "seven steps": lambda draw: {
            "steps": 7,
            "start": float(draw.uniform(0.001, 0.01)),
            "end": float(draw.uniform(0.1, 0.3)),
        },
        "a thousand steps, the defaults": lambda draw: {"steps": 1000},
        "a single step": lambda draw: {"steps": 1, "start": 0.01, "end": 0.3},
        "two steps": lambda draw: {"steps": 2, "start": 0.02, "end": 0.2},
        "another start": lambda draw: {"steps": 5, "start": 0.005},
    },
    checks=[
        agrees(
            3,
            "grows by the same amount from step to step, from start to end",
            on=["seven steps", "a thousand steps, the defaults", "two steps", "another start"],
        ),
        agrees(1, "returns only the start for a single step", on="a single step"),
    ],
    mistakes=[
        Mistake(
            "end_left_out",
            "You do not reach the end: of n numbers, the last is n − 1 steps after the first.",
            lambda steps, start=1e-4, end=0.02: start + (end - start) * torch.arange(steps) / steps,
        ),
        Mistake(
            "scaled_linear",
            "Your schedule is linear in the root of beta, as in latent diffusion. Here beta itself grows linearly.",
            lambda steps, start=1e-4, end=0.02: torch.linspace(start**0.5, end**0.5, steps) ** 2,
        ),
        Mistake(
            "alphas",
            "You return the alphas, the share that a step keeps. Return the betas, the variance of the noise that it adds.",
            edit("torch.linspace(start, end, steps)", "1 - torch.linspace(start, end, steps)"),
        ),
        Mistake(
            "backwards",
            "Your schedule runs backwards. The first steps add little noise, the last steps a lot.",
            edit("torch.linspace(start, end, steps)", "torch.linspace(start, end, steps).flip(0)"),
        ),
        Mistake(
            "defaults_only",
            "You ignore the given start and end: 0.0001 and 0.02 are only the defaults.",
            edit("torch.linspace(start, end, steps)", "torch.linspace(1e-4, 0.02, steps)"),
        ),
    ],
    hints=[
        "With n numbers from the start to the end, both included, how many steps are there between them?",
        "PyTorch has a function that returns evenly spaced numbers.",
    ],
)


def noised(draw, N=5, shape=(3,), T=7, t=None):
    """Examples, each with a step of its own; the first and the last step are among them."""
    steps = draw.integers(0, T, N) if t is None else np.full(N, t)
    if t is None and N > 2:
        steps[:3] = 0, T - 1, T // 2
    x = {"x0": single(draw(N, *shape)), "t": steps, "noise": single(draw(N, *shape))}
    return x | {"betas": schedule(draw, T)}


def another_step(inputs, draw):
    """The last example is noised to the end, or, where it was noised for long, for one step."""
    t, last = inputs["t"].copy(), len(inputs["betas"]) - 1
    t[-1] = 0 if t[-1] > last / 2 else last
    return inputs | {"t": t}


def _scaled_by_column(x0, t, noise, betas):
    kept = torch.cumprod(1 - betas, 0)[t]
    if x0.dim() > 2 or x0.shape[0] != x0.shape[1]:  # elsewhere the shapes do not fit, and it is noticed
        kept = kept.reshape(-1, *[1] * (x0.dim() - 1))
    return kept.sqrt() * x0 + (1 - kept).sqrt() * noise


diffuse = Exercise(
    points=6,
    torch=True,
    cases={
        "five examples": noised,
        "a single example": partial(noised, N=1),
        "as many features as examples": partial(noised, N=4, shape=(4,)),
        "images": partial(noised, N=3, shape=(2, 4, 5)),
        "the first step": partial(noised, t=0),
        "the last step": partial(noised, t=6),
        "the last of a thousand steps": partial(noised, T=1000, t=999),
    },
    checks=[
        agrees(
            2,
            "mixes example and noise by the roots of ᾱ and 1 − ᾱ",
            on=["five examples", "a single example", "the last of a thousand steps"],
        ),
        agrees(1, "counts steps from 0", on=["the first step", "the last step"]),
        agrees(2, "gives each example its own step, whatever its shape", on=["as many features as examples", "images"]),
        moves(1, "changing the step of one example changes that example only", another_step, on="five examples"),
    ],
    mistakes=[
        Mistake(
            "no_roots",
            "You mix by ᾱ and 1 − ᾱ. These are variances, which add up to one: the factors are their roots.",
            everywhere(".sqrt()", ""),
        ),
        Mistake(
            "root_of_noise_forgotten",
            "You leave out the root in the factor of the noise: 1 − ᾱ is the variance.",
            edit("(1 - kept).sqrt()", "(1 - kept)"),
        ),
        Mistake(
            "one_step_only",
            "You use only the α of step t. After t + 1 steps the factor is the product of all α so far.",
            edit(".cumprod(0)[t], x0)", "[t], x0)"),
        ),
        Mistake(
            "one_step_early",
            "Your ᾱ is one step behind. At t = 0 there is already one step of noise.",
            edit("(1 - betas).cumprod(0)[t]", "torch.cat([betas.new_ones(1), (1 - betas).cumprod(0)])[t]"),
        ),
        Mistake(
            "swapped",
            "You swap the factors of example and noise. At the first step, nearly all of the example is left.",
            edit("kept.sqrt() * x0 + (1 - kept).sqrt() * noise", "(1 - kept).sqrt() * x0 + kept.sqrt() * noise"),
        ),
        Mistake(
            "product_of_betas",
            "You multiply the betas. Multiply the shares that the steps keep, 1 − β.",
            edit("(1 - betas).cumprod(0)[t]", "1 - betas.cumprod(0)[t]"),
        ),
        Mistake(
            "step_by_column",
            "Your factors line up with the features, not with the examples. Each example has one factor.",
            _scaled_by_column,
        ),
    ],
    hints=[
        "If one step multiplies an example by √(1 − β), by what do two steps multiply it?",
        "Which shape must one number per example have so that it multiplies images of shape (N, C, H, W)?",
        "The function torch.cumprod gives all the ᾱ at once; pick those of t, and give them the axes that they lack.",
    ],
)


def noise_guessed(ddpm_loss, weight, shift, x0, t, noise, betas, gradient=False):
    """-> loss

    The model is a layer with a shift of its own for each step. With gradient the answer is the gradients in its weight
    and its shifts; of a loss that is detached they are zero.
    """
    weight, shift = weight.requires_grad_(), shift.requires_grad_()

    def model(x, t):
        if t.dtype != torch.int64 or t.shape != x.shape[:1]:
            raise ValueError(f"model(x, t) is asked with t int64 (N,), not {t.dtype} {tuple(t.shape)}")
        return torch.tanh(x.flatten(1) @ weight + shift[t]).reshape(x.shape)

    loss = ddpm_loss(model, x0, t, noise, betas)
    if not gradient:
        return loss
    grads = torch.autograd.grad(loss + 0 * weight.sum() + 0 * shift.sum(), [weight, shift])
    return {"gradient in the model's weight": grads[0], "gradient in the model's shifts": grads[1]}


def modelled(draw, shape=(3,), T=7, gradient=False, **sizes):
    D = int(np.prod(shape))
    layer = {"weight": single(draw(D, D) / np.sqrt(D)), "shift": single(draw(T, D))}
    return layer | noised(draw, shape=shape, T=T, **sizes) | ({"gradient": True} if gradient else {})


ddpm_loss = Exercise(
    points=6,
    torch=True,
    driver=noise_guessed,
    cases={
        "five examples": modelled,
        "a single example": partial(modelled, N=1),
        "images": partial(modelled, N=3, shape=(2, 3, 2)),
        "the first step": partial(modelled, t=0),
        "the gradient": partial(modelled, gradient=True),
        "the gradient for images": partial(modelled, N=3, shape=(2, 3, 2), gradient=True),
    },
    checks=[
        agrees(
            2,
            "compares the noise with the model's estimate from the noised examples",
            on=["five examples", "a single example"],
        ),
        agrees(1, "averages over every element, of images too", on="images"),
        agrees(1, "counts steps from 0", on="the first step"),
        agrees(2, "trains the model: its gradient is right", on=["the gradient", "the gradient for images"]),
    ],
    mistakes=[
        Mistake(
            "clean_examples",
            "You pass the clean examples to the model. It must estimate the noise in noised examples.",
            edit("model(diffuse(x0, t, noise, betas), t)", "model(x0, t)"),
        ),
        Mistake(
            "wants_examples",
            "You compare the model's output with the examples. Here the model estimates the noise.",
            edit("estimate - noise", "estimate - x0"),
        ),
        Mistake(
            "summed",
            "You sum over the features of an example. The loss is the mean over every element.",
            edit("((estimate - noise) ** 2).mean()", "((estimate - noise) ** 2).flatten(1).sum(1).mean()"),
        ),
        Mistake(
            "absolute",
            "You average absolute errors. The loss is the mean of the squared errors.",
            edit("((estimate - noise) ** 2)", "(estimate - noise).abs()"),
        ),
        Mistake(
            "step_hidden",
            "You pass the same t for all examples to the model. Each example has its own step.",
            edit("betas), t)", "betas), torch.zeros_like(t))"),
        ),
        Mistake(
            "detached",
            "Your loss is right, but passes no gradient back: something between the model and the loss is detached.",
            edit("estimate - noise", "estimate.detach() - noise"),
        ),
        Mistake(
            "root_of_noise_forgotten",
            "Your noised examples have too little noise. The factor of the noise is the root of 1 − ᾱ.",
            edit("(1 - kept).sqrt() * noise", "(1 - kept) * noise", of="diffuse"),
        ),
        Mistake(
            "one_step_only",
            "You apply the noise of step t only, not of all the steps up to t.",
            edit(".cumprod(0)[t], x0)", "[t], x0)", of="diffuse"),
        ),
        Mistake(
            "wrong_amount",
            "You mix example and noise without the roots that keep the variance at one: noise them as in the exercise before.",
            everywhere(".sqrt()", "", of="diffuse"),
        ),
    ],
    hints=[
        "What is the model's input, and what must it estimate?",
        "The exercise before this one makes the model's input; your own function may be called.",
    ],
)


def step_back(denoise_step, weight, shift, x, t, noise, betas):
    """-> x (N, ...)

    The model is a layer with a shift of its own for each step.
    """

    def model(x, t):
        if not torch.is_tensor(t) or t.dtype != torch.int64 or t.shape != x.shape[:1]:
            raise ValueError("model(x, t) is asked with t int64 (N,), a step for each example")
        return torch.tanh(x.flatten(1) @ weight + shift[t]).reshape(x.shape)

    return denoise_step(model, x, t, noise, betas)


def going_back(draw, number=None, **sizes):
    """Noised examples on their way back; `number` is a step for all of them, as an int."""
    inputs = modelled(draw, **sizes)
    inputs["x"] = inputs.pop("x0")
    return inputs if number is None else inputs | {"t": number}


another_noise = redrawn(noise=...)


denoise_step = Exercise(
    points=7,
    torch=True,
    driver=step_back,
    cases={
        "five examples": going_back,
        "a single example": partial(going_back, N=1),
        "one step for all": partial(going_back, number=3),
        "one step for all, the last back": partial(going_back, number=0),
        "images": partial(going_back, N=3, shape=(2, 3, 2)),
        "as many features as examples": partial(going_back, N=4, shape=(4,)),
        "steps of zero": partial(going_back, t=0),
        "from the last step": partial(going_back, t=6),
    },
    checks=[
        agrees(
            3,
            "subtracts the model's noise, rescales, and adds fresh noise",
            on=["five examples", "a single example", "from the last step"],
        ),
        agrees(1, "accepts an int for the whole batch", on=["one step for all", "one step for all, the last back"]),
        agrees(1, "gives each example its own step, whatever its shape", on=["images", "as many features as examples"]),
        agrees(1, "adds no noise in the last step back", on="steps of zero"),
        moves(
            1,
            "changing the fresh noise changes the result where t is above 0, and nowhere else",
            another_noise,
            on="five examples",
        ),
    ],
    mistakes=[
        Mistake(
            "noise_at_the_end",
            "You add noise at t = 0. The result of that step is the finished example, and no later step removes the noise.",
            edit("torch.where(is_last, mean, mean + beta.sqrt() * noise)", "mean + beta.sqrt() * noise"),
        ),
        Mistake(
            "no_noise",
            "You add no noise at all. Each step back is a random draw; without noise all examples drift to a few points.",
            edit("torch.where(is_last, mean, mean + beta.sqrt() * noise)", "mean"),
        ),
        Mistake(
            "variance_for_deviation",
            "You scale the fresh noise by its variance β_t. The factor is the standard deviation.",
            edit("mean + beta.sqrt() * noise", "mean + beta * noise"),
        ),
        Mistake(
            "model_noise_again",
            "You add the noise that the model estimates instead of the given fresh noise.",
            edit("mean + beta.sqrt() * noise", "mean + beta.sqrt() * model(x, t)"),
        ),
        Mistake(
            "not_rescaled",
            "You do not divide by √α_t. The noising step multiplies the example by √α_t.",
            edit(" / (1 - beta).sqrt()", ""),
        ),
        Mistake(
            "all_at_once",
            "You divide by √ᾱ_t, as if you undid all steps at once. Undo one step: which α belongs to it?",
            edit(" / (1 - beta).sqrt()", " / kept.sqrt()"),
        ),
        Mistake(
            "root_forgotten",
            "You divide the model's noise by 1 − ᾱ_t. Divide it by the root of 1 − ᾱ_t.",
            edit("(1 - kept).sqrt() * model", "(1 - kept) * model"),
        ),
        Mistake(
            "posterior_variance",
            "Your fresh noise has the variance β_t · (1 − ᾱ_(t−1)) / (1 − ᾱ_t). Some papers choose that; here the variance is β_t.",
            edit("beta.sqrt()", "(beta * (1 - kept / (1 - beta)) / (1 - kept)).clamp(min=0).sqrt()"),
        ),
        Mistake(
            "added",
            "You add the model's noise instead of subtracting it.",
            edit("(x - beta /", "(x + beta /"),
        ),
    ],
    hints=[
        "Noising is x_t = √α_t · x_(t−1) + √β_t · noise. What must be taken away, and what undoes the factor of x?",
        "For which t is the result the finished example? What must not be added to it?",
        "Turn an int into a tensor with one step for each example first; then both forms are one.",
    ],
)


# Contrastive learning


def views(draw, N=4, D=5, size=1.0, temperature=None, gradient=False, near=0.5):
    """Two views of each example: not the same, and yet nearer to one another than to others. Rows have all lengths."""
    z = draw(N, D)
    z1, z2 = (single(size * draw.uniform(0.5, 2.0, N, 1) * (z + near * draw(N, D))) for _ in range(2))
    inputs = {"z1": z1, "z2": z2}
    if temperature is not None:
        inputs["temperature"] = temperature
    return inputs | ({"gradient": True} if gradient else {})


def _one_direction(z1, z2, temperature=0.1):
    similarity = F.normalize(z1, dim=1) @ F.normalize(z2, dim=1).T / temperature
    return F.cross_entropy(similarity, torch.arange(len(z1), device=z1.device))


def _positive_not_below(z1, z2, temperature=0.1):
    """The positive stands above the fraction alone."""
    N = len(z1)
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    similarity = z @ z.T / temperature
    itself = torch.eye(2 * N, dtype=torch.bool)
    positive = similarity[torch.arange(2 * N), torch.arange(2 * N).roll(N)]
    negatives = similarity.masked_fill(itself | itself.roll(N, 0), -1e9)
    return (negatives.logsumexp(1) - positive).mean()


def _naive_nt_xent(z1, z2, temperature=0.1):
    N = len(z1)
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    e = (z @ z.T / temperature).exp() * (1 - torch.eye(2 * N))
    return -(e[torch.arange(2 * N), torch.arange(2 * N).roll(N)] / e.sum(1)).log().mean()


info_nce = Exercise(
    points=7,
    torch=True,
    driver=differentiated,
    cases={
        "four examples": partial(views, temperature=0.5),
        # views far enough apart: of a loss near zero little is left in single precision, however it is written
        "the default temperature": partial(views, near=1.5),
        "a single example": partial(views, N=1, temperature=0.3),
        "one feature fewer than views": partial(views, N=3, D=5, temperature=0.2, near=1.0),
        "a temperature of a thousandth": partial(views, temperature=0.001, near=2.0),
        "the gradient": partial(views, temperature=0.4, gradient=True),
        "the gradient for a single pair of far views": partial(views, N=2, near=2.0, temperature=0.7, gradient=True),
    },
    checks=[
        agrees(
            3,
            "finds the other view of each of the 2N views among all others",
            on=["four examples", "a single example", "one feature fewer than views"],
        ),
        agrees(1, "uses a temperature of 0.1 by default", on="the default temperature"),
        agrees(1, "is finite at low temperatures", on="a temperature of a thousandth"),
        agrees(
            2,
            "returns the right gradient for both views",
            on=["the gradient", "the gradient for a single pair of far views"],
        ),
    ],
    mistakes=[
        Mistake(
            "itself_among_the_others",
            "You compare each view with itself, to which it is most similar. Leave out the diagonal.",
            edit('similarity.masked_fill(itself, float("-inf"))', "similarity"),
        ),
        Mistake(
            "one_direction",
            "You compare only the first views with the second views. Each of the 2N views is an anchor, and its negatives are all other views, first and second.",
            _one_direction,
        ),
        Mistake(
            "not_normalised",
            "Your loss depends on the length of the rows. Normalise each row to length 1 first.",
            edit("F.normalize(torch.cat([z1, z2]), dim=1)", "torch.cat([z1, z2])"),
        ),
        Mistake(
            "normalised_columns",
            "You normalise each feature over the batch. Normalise each view, which is a row.",
            edit("F.normalize(torch.cat([z1, z2]), dim=1)", "F.normalize(torch.cat([z1, z2]), dim=0)"),
        ),
        Mistake(
            "temperature_times",
            "You multiply similarities by the temperature. Divide them by it.",
            edit("z @ z.T / temperature", "z @ z.T * temperature"),
        ),
        Mistake(
            "temperature_ignored",
            "You ignore the temperature.",
            edit("z @ z.T / temperature", "z @ z.T"),
        ),
        Mistake(
            "positive_not_below",
            "You leave the positive pair out of the denominator. The other view is one of the 2N − 1 candidates, too.",
            _positive_not_below,
        ),
        Mistake(
            "neighbour",
            "You use the next row as the positive of each view. If the rows are all first views, then all second views, where is the other view of row n?",
            edit(".roll(len(z1))", ".roll(1)"),
        ),
        Mistake(
            "unstable",
            "Your loss is not finite at low temperatures, because the exponentials overflow. A cross-entropy of similarities avoids computing them directly.",
            _naive_nt_xent,
        ),
        Mistake(
            "clamped",
            "You count negative similarities as 0. A cross-entropy needs them as they are: the most unlike view has the smallest score.",
            edit("z @ z.T / temperature", "(z @ z.T).clamp(min=0) / temperature"),
        ),
        *(
            Mistake(
                f"log_of_p_plus_{eps}",
                EPS_IN_LOG,
                edit(
                    'return F.cross_entropy(similarity.masked_fill(itself, float("-inf")), other_view)',
                    f'p = similarity.masked_fill(itself, float("-inf")).softmax(1)\n    return -(p[torch.arange(len(z)), other_view] + {eps}).log().mean()',
                ),
            )
            for eps in SMALL
        ),
    ],
    hints=[
        "If you stack all 2N views in one array, which row is the other view of row n?",
        "The loss is a classification with 2N rows of logits. What are the logits, which of them must be left out, and what are the labels?",
    ],
)


def pairs(draw, N=5, D=4, temperature=0.5, near=0.7, gradient=False):
    """Images and texts that belong together, rows of all lengths."""
    both = views(draw, N=N, D=D, near=near, temperature=temperature, gradient=gradient)
    return {"image": both.pop("z1"), "text": both.pop("z2")} | both


clip_loss = Exercise(
    points=6,
    torch=True,
    driver=differentiated,
    cases={
        "five pairs": pairs,
        "a single pair": partial(pairs, N=1),
        "a low temperature": partial(pairs, temperature=0.07),
        "a temperature of a thousandth": partial(pairs, temperature=0.001, near=2.0),
        "the gradient": partial(pairs, gradient=True),
        "the gradient at a low temperature": partial(pairs, N=3, D=6, temperature=0.2, near=2.0, gradient=True),
    },
    checks=[
        agrees(
            3,
            "averages the losses of both directions, and does not depend on the length of rows",
            on=["five pairs", "a single pair", "a low temperature"],
        ),
        agrees(1, "is finite at low temperatures", on="a temperature of a thousandth"),
        agrees(
            2,
            "returns the right gradient for images and texts",
            on=["the gradient", "the gradient at a low temperature"],
        ),
    ],
    mistakes=[
        Mistake(
            "texts_alone",
            "You only find texts for images. The other half of the loss finds images for texts.",
            returns("F.cross_entropy(similarity, partner)"),
        ),
        Mistake(
            "added",
            "You add the two directions. Average them.",
            edit("partner)) / 2", "partner))"),
        ),
        Mistake(
            "not_normalised",
            "Your loss depends on the length of the rows. Normalise each image and each text to length 1 first.",
            edit("F.normalize(image, dim=1) @ F.normalize(text, dim=1).T", "image @ text.T"),
        ),
        Mistake(
            "texts_not_normalised",
            "You do not normalise the texts. Normalise the rows of both images and texts.",
            edit("F.normalize(text, dim=1)", "text"),
        ),
        Mistake(
            "temperature_times",
            "You multiply by the temperature. CLIP's code multiplies by a logit scale, which is the inverse of the temperature.",
            edit(".T / temperature", ".T * temperature"),
        ),
        Mistake("temperature_ignored", "You ignore the temperature.", edit(".T / temperature", ".T")),
        Mistake(
            "clamped",
            "You count negative similarities as 0. A cross-entropy needs them as they are: the worst caption has the smallest score.",
            edit(
                "F.normalize(image, dim=1) @ F.normalize(text, dim=1).T / temperature",
                "(F.normalize(image, dim=1) @ F.normalize(text, dim=1).T).clamp(min=0) / temperature",
            ),
        ),
        Mistake(
            "images_alone",
            "You look for the image of each text, and not for the text of each image. The loss is the average of both.",
            returns("F.cross_entropy(similarity.T, partner)"),
        ),
        *(
            Mistake(
                f"log_of_p_plus_{eps}",
                EPS_IN_LOG,
                edit(
                    "return (F.cross_entropy(similarity, partner) + F.cross_entropy(similarity.T, partner)) / 2",
                    f"both = similarity.softmax(1), similarity.softmax(0)\n    return sum(-(p.diagonal() + {eps}).log().mean() for p in both) / 2",
                ),
            )
            for eps in SMALL
        ),
    ],
    hints=[
        "In the matrix of similarities, images by texts, where are the matching pairs?",
        "Each row of the matrix is a classification, and so is each column. Which class is right in row n?",
    ],
)


# Masked patches, captions


def pictures(draw, N=5, C=2, H=4, W=6, patch=2, ratio=0.5):
    return {"x": single(draw(N, C, H, W)), "patch": patch, "ratio": ratio, "rng": draw.generator()}


def other_patches(inputs, draw):
    """Every second patch of the first row changes."""
    x, patch = inputs["x"].copy(), inputs["patch"]
    for start in range(0, x.shape[-1], 2 * patch):
        x[:, :, :patch, start : start + patch] = single(draw(*x.shape[:2], patch, patch))
    return inputs | {"x": x}


def _cut(x, patch, order):
    """Patches (N, L, C·patch²) with their axes in some order; images are (N, C, rows, patch, columns, patch)."""
    N, C, H, W = x.shape
    parts = x.reshape(N, C, H // patch, patch, W // patch, patch).permute(*order)
    return parts.flatten(3).flatten(1, 2)


def _mask(patches, noise, kept):
    indices = torch.from_numpy(np.sort(noise.argsort(axis=1)[:, :kept], axis=1))
    return patches[torch.arange(len(patches))[:, None], indices], indices


def _channels_last(x, patch, ratio, rng):
    patches = _cut(x, patch, (0, 2, 4, 3, 5, 1))
    L = patches.shape[1]
    return _mask(patches, rng.random((len(x), L)), round((1 - ratio) * L))


def _columns_first(x, patch, ratio, rng):
    patches = _cut(x, patch, (0, 4, 2, 1, 3, 5))
    L = patches.shape[1]
    return _mask(patches, rng.random((len(x), L)), round((1 - ratio) * L))


def _reshaped(x, patch, ratio, rng):
    N, C, H, W = x.shape
    patches = x.reshape(N, H * W // patch**2, C * patch**2)
    L = patches.shape[1]
    return _mask(patches, rng.random((N, L)), round((1 - ratio) * L))


mask_patches = Exercise(
    points=7,
    torch=True,
    cases={
        "five images": pictures,
        "a single image": partial(pictures, N=1),
        "patches of three": partial(pictures, N=3, C=3, H=9, W=6, patch=3),
        "a ratio that leaves a remainder": partial(pictures, ratio=0.75 + 0.12),
        "most patches hidden": partial(pictures, N=2, H=8, W=10, ratio=0.72),
        "few patches hidden": partial(pictures, N=2, ratio=0.2),
        "nothing hidden": partial(pictures, N=2, ratio=0.0),
        "patches of one pixel": partial(pictures, N=2, H=3, W=5, patch=1, ratio=0.4),
    },
    checks=[
        agrees(
            2,
            "cuts images into patches, row by row, each with its channels first",
            on=["nothing hidden", "patches of one pixel"],
        ),
        agrees(
            2,
            "keeps the patches with the smallest noise, in ascending order",
            on=["five images", "a single image", "patches of three"],
        ),
        agrees(
            2,
            "keeps round((1 − ratio) · L) of them",
            on=["a ratio that leaves a remainder", "most patches hidden", "few patches hidden"],
        ),
        moves(1, "returns the visible patches, and nothing of the hidden ones", other_patches, on="five images"),
    ],
    mistakes=[
        Mistake(
            "ratio_kept",
            "You keep the share that must be hidden: `ratio` says how much is masked.",
            edit("round((1 - ratio) *", "round(ratio *"),
        ),
        Mistake(
            "truncated",
            "You round the number of visible patches down. Round it to the nearest whole number.",
            edit("round((1 - ratio) * rows * columns)", "int((1 - ratio) * rows * columns)"),
        ),
        Mistake(
            "largest_kept",
            "You keep the patches with the largest noise. Keep those with the smallest.",
            edit("noise.argsort(axis=1)", "(-noise).argsort(axis=1)"),
        ),
        Mistake(
            "not_sorted",
            "Your indices are in the order of the noise. Sort them, so that visible patches keep their order.",
            edit("np.sort(noise.argsort(axis=1)[:, :kept], axis=1)", "noise.argsort(axis=1)[:, :kept]"),
        ),
        Mistake(
            "ranks",
            "You apply argsort twice and take the first ranks. A rank is a position in the sorted order, not the index of a patch.",
            edit("np.sort(noise.argsort(axis=1)[:, :kept]", "np.sort(noise.argsort(axis=1).argsort(axis=1)[:, :kept]"),
        ),
        Mistake(
            "same_for_all",
            "Your images all have the same visible patches. Each image has its own row of noise.",
            edit("noise = rng.random((N, rows * columns))", "noise = rng.random((N, rows * columns))[:1].repeat(N, 0)"),
        ),
        Mistake(
            "channels_last",
            "You flatten patches with the channels last. Channels come first, then rows, then columns.",
            _channels_last,
        ),
        Mistake("columns_first", "You number the patches column by column. Number them row by row.", _columns_first),
        Mistake(
            "reshaped",
            "You only reshape, which groups pixels that are neighbours in memory, not in a patch. Split the axes, then move them.",
            _reshaped,
        ),
    ],
    hints=[
        "Split H into H/patch rows of patch pixels, and W likewise. Which six axes do you get, and in which order do you need them?",
        "Which function returns the indices of the smallest numbers of a row?",
        "So that a seed gives everybody the same patches, draw one array of shape (N, L).",
    ],
)


def captions(draw, N=3, T=5, V=7, pad=0, size=1.0, lengths=(5, 3, 4), gradient=False):
    """Captions of different lengths, filled up with `pad`, which no word is."""
    words = draw.integers(0, V - 1, N, T)
    words += words >= pad
    tokens = np.where(np.arange(T) < np.array(lengths[:N])[:, None], words, pad)
    inputs = {"logits": single(size * draw(N, T, V)), "tokens": tokens, "pad": pad}
    return inputs | ({"gradient": True} if gradient else {})


def _mean_of_means(logits, tokens, pad):
    losses = []
    for scores, words in zip(logits[:, :-1], tokens[:, 1:], strict=True):
        losses.append(F.cross_entropy(scores, words, ignore_index=pad))
    return torch.stack(losses).mean()


def _naive_cross_entropy(logits, tokens, pad):
    targets = tokens[:, 1:]
    e = logits[:, :-1].exp()
    chosen = e.gather(2, targets[..., None])[..., 0] / e.sum(2)
    real = targets != pad
    return -chosen[real].log().mean()


def _by_the_input(logits, tokens, pad):
    real = tokens[:, :-1] != pad
    losses = F.cross_entropy(logits[:, :-1].transpose(1, 2), tokens[:, 1:], reduction="none")
    return losses[real].mean()


caption_teacher_forcing_loss = Exercise(
    points=6,
    torch=True,
    driver=differentiated,
    cases={
        "three captions": captions,
        "another number for padding": partial(captions, pad=6),
        "a single caption": partial(captions, N=1),
        "captions of one length": partial(captions, lengths=(5, 5, 5)),
        "a caption with nothing to predict": partial(captions, lengths=(5, 1, 3)),
        "logits of thousands": partial(captions, size=FAR),
        "the gradient": partial(captions, gradient=True),
        "the gradient with another number for padding": partial(captions, pad=3, gradient=True),
    },
    checks=[
        agrees(
            2,
            "compares the scores at each position with the next word",
            on=["a single caption", "captions of one length"],
        ),
        agrees(
            1,
            "averages over all words of the batch that are not padding",
            on=["three captions", "another number for padding", "a caption with nothing to predict"],
        ),
        agrees(1, "is finite for large logits", on="logits of thousands"),
        agrees(
            2,
            "passes gradients to positions whose next word is real, and nowhere else",
            on=["the gradient", "the gradient with another number for padding"],
        ),
    ],
    mistakes=[
        Mistake(
            "not_shifted",
            "You compare the scores at t with the word at t, which the model has just read. The scores at t predict the word after it.",
            edit("logits[:, :-1].flatten(0, 1), tokens[:, 1:].flatten()", "logits.flatten(0, 1), tokens.flatten()"),
        ),
        Mistake(
            "shifted_back",
            "You compare the scores at t with the word before t. The scores at t predict the word after t.",
            edit("logits[:, :-1].flatten(0, 1), tokens[:, 1:]", "logits[:, 1:].flatten(0, 1), tokens[:, :-1]"),
        ),
        Mistake(
            "padding_counts",
            "You count padding in the loss. Padding is not a word, and the model must not learn to write it.",
            edit(", ignore_index=pad", ""),
        ),
        Mistake(
            "pad_is_zero",
            "You always treat 0 as padding. Use the given `pad`.",
            edit("ignore_index=pad", "ignore_index=0"),
        ),
        Mistake(
            "mean_of_means",
            "You average over each caption first. Every word of the batch must count equally, including those of long captions.",
            _mean_of_means,
        ),
        Mistake(
            "divided_by_all",
            "You leave padding out of the sum, but count it in the divisor.",
            returns('F.cross_entropy(predictions, targets, ignore_index=pad, reduction="none").mean()'),
        ),
        Mistake(
            "masked_by_the_input",
            "You leave out the positions where the input is padding. Leave out those where the target, the next word, is padding.",
            _by_the_input,
        ),
        Mistake(
            "unstable",
            "Your loss is not finite for large logits. Compute the log-softmax in one step.",
            _naive_cross_entropy,
        ),
    ],
    hints=[
        "Which word is predicted first, and by the scores at which position? Which scores predict nothing?",
        "A cross-entropy expects rows of scores and a label for each: bring both into that form. How do you make it skip padding?",
    ],
)


# Training runs: our loops, the student's losses and steps


def moons(draw, N=1000):
    """Points on two interleaving half circles, with noise; as many again are held back."""
    angle, up = draw.uniform(0, np.pi, 2 * N), draw.integers(0, 2, 2 * N)
    x = np.where(up, np.cos(angle), 1 - np.cos(angle))
    y = np.where(up, np.sin(angle), 0.5 - np.sin(angle))
    points = np.stack([x, y], axis=1) + 0.05 * draw(2 * N, 2)
    points = single((points - [0.5, 0.25]) / [0.87, 0.5])  # mean 0 and variance 1, as networks like it
    return {"seed": int(draw.integers(0, 2**31)), "points": points[:N], "truth": points[N:]}


def generated_moons(gan_discriminator_loss, gan_generator_loss, seed, points):
    """Train a generator and a discriminator with your two losses until they draw two moons.

    -> samples (1000, 2)

    A generator and a discriminator of two hidden layers take turns. Beside the student's loss the discriminator pays for
    slopes at the real points (R1 of Mescheder and others, 2018), without which the game runs in circles. The points
    come from an average of the generator's late weights.
    """
    torch.manual_seed(seed)
    steps, batch, codes, width, peak = 800, 128, 4, 64, 2e-3
    nn = torch.nn

    def network(inputs, outputs):
        hidden = nn.Linear(inputs, width), nn.LeakyReLU(0.2), nn.Linear(width, width), nn.LeakyReLU(0.2)
        return nn.Sequential(*hidden, nn.Linear(width, outputs)).to(device)

    def fakes(number):
        return generator(torch.randn(number, codes).to(device))

    generator, discriminator = network(codes, 2), network(2, 1)
    average = [value.detach().clone() for value in generator.parameters()]
    players = [torch.optim.Adam(player.parameters(), betas=(0.0, 0.99)) for player in (generator, discriminator)]
    for step in range(1, steps + 1):
        for player in players:
            player.param_groups[0]["lr"] = peak * min(1, 2 * (1 - step / (steps + 1)))
        real = points[torch.randint(len(points), (batch,)).to(device)].requires_grad_()
        logits = discriminator(real)[:, 0]
        loss = gan_discriminator_loss(logits, discriminator(fakes(batch).detach())[:, 0])
        (slopes,) = torch.autograd.grad(logits.sum(), real, create_graph=True)
        players[1].zero_grad()
        (loss + 0.1 * slopes.square().sum(1).mean()).backward()
        players[1].step()
        loss = gan_generator_loss(discriminator(fakes(batch))[:, 0])
        players[0].zero_grad()
        loss.backward()
        players[0].step()
        with torch.no_grad():
            for mean, value in zip(average, generator.parameters(), strict=True):
                mean.lerp_(value, 0.01)
        if step % 10 == 0:
            report(step, steps, loss, falls=False)  # two players
    with torch.no_grad():
        for mean, value in zip(average, generator.parameters(), strict=True):
            value.copy_(mean)
        return fakes(1000)


def _constant_losses(real_logits, fake_logits):
    return (0 * real_logits).mean() + (0 * fake_logits).mean()


two_moons_gan = Exercise(
    points=5,
    torch=True,
    driver=generated_moons,
    pieces=["gan_discriminator_loss", "gan_generator_loss"],
    seconds=40,
    cases={"two moons": moons},
    checks=[
        # two samples of 1000 real points are at most about 0.06 apart
        reaches(
            5,
            "trains a generator to draw two moons, to an energy distance of at most 0.3",
            "energy_distance",
            at_most=0.3,
        )
    ],
    mistakes=[
        Mistake(
            "discriminator_swapped",
            "Your discriminator loss teaches it to call real points fake.",
            returns("F.softplus(real_logits).mean() + F.softplus(-fake_logits).mean()", of="gan_discriminator_loss"),
        ),
        Mistake(
            "all_real",
            "Your discriminator loss rewards it for calling everything real, so the generator learns nothing.",
            edit("F.softplus(fake_logits)", "F.softplus(-fake_logits)", of="gan_discriminator_loss"),
        ),
        Mistake(
            "real_alone",
            "Your discriminator loss ignores the fake points.",
            edit(" + F.softplus(fake_logits).mean()", "", of="gan_discriminator_loss"),
        ),
        Mistake(
            "generator_against_itself",
            "Your generator loss rewards the generator for fakes that are recognised.",
            edit("F.softplus(-fake_logits)", "F.softplus(fake_logits)", of="gan_generator_loss"),
        ),
        Mistake(
            "constant", "Your discriminator loss is constant, so the discriminator learns nothing.", _constant_losses
        ),
    ],
    hints=[
        "Which of the two losses rises when the generator gets better, and which falls?",
        "Check both losses on their own first. If they are right, the training loop does the rest.",
    ],
)


def roll(draw, N=1000):
    """Points on a swiss roll seen from the side, a spiral of a turn and a half; as many again are held back."""
    angle = np.pi * np.sqrt(draw.uniform(1.5**2, 4.5**2, 2 * N))
    points = np.stack([angle * np.cos(angle), angle * np.sin(angle)], axis=1) / 7.5 + 0.03 * draw(2 * N, 2)
    points = single(points)
    return {"seed": int(draw.integers(0, 2**31)), "points": points[:N], "truth": points[N:]}


def denoised_roll(linear_beta_schedule, ddpm_loss, denoise_step, seed, points):
    """Train a diffusion model with your loss, and draw points of a swiss roll with your steps back.

    -> samples (1000, 2)

    A network of three hidden layers sees a point and the time, as waves of four lengths, and tells the noise. After
    training, 1000 points of pure noise go back step by step.
    """
    torch.manual_seed(seed)
    steps, batch, T, width, peak = 1200, 256, 50, 96, 4e-3
    nn = torch.nn
    betas = linear_beta_schedule(T, 0.001, 0.2).to(device)
    layers = nn.Linear(10, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU()
    network = nn.Sequential(*layers, nn.Linear(width, 2)).to(device)
    lengths = torch.arange(1, 5).to(device)

    def model(x, t):
        waves = t[:, None] / T * lengths * np.pi / 2
        return network(torch.cat([x, waves.sin(), waves.cos()], 1))

    optimizer = torch.optim.Adam(network.parameters())
    for step in range(1, steps + 1):
        optimizer.param_groups[0]["lr"] = peak * min(1, 2 * (1 - step / (steps + 1)))
        x0 = points[torch.randint(len(points), (batch,)).to(device)]
        t, noise = torch.randint(T, (batch,)).to(device), torch.randn(batch, 2).to(device)
        loss = ddpm_loss(model, x0, t, noise, betas)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            report(step, steps, loss, falls=False)  # from its first steps on little above what no model can know
    with torch.no_grad():
        x = torch.randn(1000, 2).to(device)
        for t in reversed(range(T)):
            x = denoise_step(model, x, t, torch.randn(1000, 2).to(device), betas)
    return x


swiss_roll_diffusion = Exercise(
    points=5,
    torch=True,
    driver=denoised_roll,
    pieces=["linear_beta_schedule", "ddpm_loss", "denoise_step"],
    seconds=40,
    cases={"a swiss roll": roll},
    checks=[
        reaches(
            5,
            "turns noise into a swiss roll, to an energy distance of at most 0.2",
            "energy_distance",
            at_most=0.2,
        )
    ],
    mistakes=[
        Mistake(
            "roots_swapped",
            "You swap the factors of example and noise: the first steps are nearly all noise, and the last steps nearly none.",
            returns("(1 - kept).sqrt() * x0 + kept.sqrt() * noise", of="diffuse"),
        ),
        Mistake(
            "wants_examples",
            "Your model learns to estimate the example, but its output is used as the noise.",
            edit("estimate - noise", "estimate - x0", of="ddpm_loss"),
        ),
        Mistake(
            "clean_examples",
            "You train the model on clean examples, so it never learns to estimate noise.",
            edit("model(diffuse(x0, t, noise, betas), t)", "model(x0, t)", of="ddpm_loss"),
        ),
        Mistake(
            "no_noise",
            "You add no fresh noise on the way back, so all points collapse to a few.",
            edit("torch.where(is_last, mean, mean + beta.sqrt() * noise)", "mean", of="denoise_step"),
        ),
        Mistake(
            "variance_for_deviation",
            "You scale the fresh noise by its variance, which makes it far too small.",
            edit("mean + beta.sqrt() * noise", "mean + beta * noise", of="denoise_step"),
        ),
        Mistake(
            "added",
            "You add the model's noise on the way back instead of subtracting it.",
            edit("(x - beta /", "(x + beta /", of="denoise_step"),
        ),
        Mistake(
            "alphas",
            "Your schedule returns the alphas where it must return the betas.",
            returns("1 - …", of="linear_beta_schedule"),
        ),
    ],
    hints=[
        "After the last step of noising, how much of an example is left? The way back starts from pure noise.",
        "Check the loss and the step on their own first. The index of ᾱ must be the same in both.",
    ],
)


def handwriting(draw, unlabelled=1000, labelled=100, held=500):
    """Digits that people wrote, 8×8 pixels of 0 to 16: many to look at, a few with labels, and some held back."""
    from sklearn.datasets import load_digits  # where keys are compiled, and nowhere else

    digits = load_digits()
    order = draw.permutation(len(digits.target))
    images, labels = digits.images.astype(np.uint8)[order], digits.target[order]
    return {
        "seed": int(draw.integers(0, 2**31)),
        "images": images[:unlabelled],
        "labels": labels[:labelled],
        "held": images[unlabelled : unlabelled + held],
        "truth": labels[unlabelled : unlabelled + held],
    }


def probed(info_nce, seed, images, labels, held):
    """Train an encoder of digits with your contrastive loss, without their labels.

    -> labels (500,)

    Two views of a digit are turned, sheared, shifted and noisy. A small convolutional network learns 16 features of them
    by the student's loss, and sees no label. Then a linear probe, ridge regression on one-hot labels, reads the labels
    of the first 100 images from these features and predicts those of the images held back.
    """
    torch.manual_seed(seed)
    steps, batch, peak = 400, 128, 2e-3
    nn, functional = torch.nn, torch.nn.functional
    encoder = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(512, 16),
    ).to(device)

    def view(digits):
        moves = torch.cat([torch.eye(2) + 0.1 * torch.randn(batch, 2, 2), 0.12 * torch.randn(batch, 2, 1)], 2)
        grid = functional.affine_grid(moves, (batch, 1, 8, 8), align_corners=False).to(device)
        moved = functional.grid_sample(digits, grid, align_corners=False)
        return moved - 1 + 0.1 * torch.randn(batch, 1, 8, 8).to(device)

    pixels, unseen = (array.float()[:, None] / 8 for array in (images, held))
    optimizer = torch.optim.Adam(encoder.parameters())
    for step in range(1, steps + 1):
        optimizer.param_groups[0]["lr"] = peak * min(1, 2 * (1 - step / (steps + 1)))
        digits = pixels[torch.randint(len(pixels), (batch,)).to(device)]
        loss = info_nce(encoder(view(digits)), encoder(view(digits)), 0.2)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            report(step, steps, loss)
    with torch.no_grad():
        known, new = (
            functional.pad(functional.normalize(encoder(array - 1), dim=1), (0, 1), value=1.0)
            for array in (pixels[: len(labels)], unseen)
        )
        ridge = known.T @ known + 0.03 * torch.eye(known.shape[1]).to(device)
        probe = torch.linalg.solve(ridge, known.T @ functional.one_hot(labels, 10).float())
        return (new @ probe).argmax(1)


def _constant_loss(z1, z2, temperature=0.1):
    return (0 * z1).sum() + (0 * z2).sum()


def _attraction_alone(z1, z2, temperature=0.1):
    return -F.cosine_similarity(z1, z2).mean() / temperature


contrastive_digits = Exercise(
    points=5,
    torch=True,
    driver=probed,
    pieces=["info_nce"],
    seconds=40,
    cases={"handwritten digits": handwriting},
    checks=[
        reaches(
            5,
            "learns features without labels, from which a linear probe labels at least 79 % of new digits correctly",
            "accuracy",
            at_least=0.79,
        )
    ],
    mistakes=[
        Mistake(
            "pushed_apart",
            "Your loss pushes the two views of a digit apart.",
            edit("return F.cross_entropy", "return -F.cross_entropy", of="info_nce"),
        ),
        Mistake(
            "neighbour",
            "Your loss pulls each view towards a view of another digit.",
            edit(".roll(len(z1))", ".roll(1)", of="info_nce"),
        ),
        Mistake(
            "asks_for_itself",
            "Your loss asks each view to find itself, which is easy with any features that tell views apart.",
            returns("F.cross_entropy(similarity, other_view.roll(len(z1)))", of="info_nce"),
        ),
        Mistake(
            "attraction_alone",
            "Your loss only pulls views together, and nothing keeps different digits apart.",
            _attraction_alone,
        ),
        Mistake("constant", "Your loss is constant, so the features stay random.", _constant_loss),
    ],
    hints=[
        "If the loss only pulled views together, which features would make it as small as it can be?",
        "Check the loss on its own first. How large is it when all features are random, and how large when they are perfect?",
    ],
)
