"""How the answers of this unit are judged: cases, checks and the mistakes that people really make."""

from functools import partial

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from grader.exercise import Exercise, Mistake, agrees, edit

ALLOWS = ("numpy", "torch")


# What the second half of the unit shares


def _float32(array):
    """The array in single precision, as PyTorch's tensors are."""
    return np.asarray(array, np.float32)


def slope_of(loss_of, gradient_in=(), **inputs):
    """The loss, or its gradient in the named inputs, all of which require one; where a loss does not reach, it is zero."""
    if not gradient_in:
        return loss_of(**inputs)
    leaves = {name: inputs[name].requires_grad_() for name in gradient_in}
    loss = loss_of(**inputs) + sum(0 * leaf.sum() for leaf in leaves.values())
    found = torch.autograd.grad(loss, list(leaves.values()))
    return {f"gradient in {name}": grad for name, grad in zip(leaves, found, strict=True)}


def _kept_lengths(draw, N, T):
    """A mask with a stretch of kept tokens in each row, of any length and place; the first rows differ in length."""
    mask = np.zeros((N, T), bool)
    for n in range(N):
        length = int(draw.integers(1, T + 1)) if n > 1 or T < 3 else (1, T - 1)[n]
        start = int(draw.integers(0, T - length + 1))
        mask[n, start : start + length] = True
    return mask


def _off_the_kink(log_ratio, clip):
    """Log-ratios, none so near to 1 ± clip that rounding could carry it over: those are moved outwards."""
    for kink in (1 - clip, 1 + clip):
        near = np.abs(np.exp(log_ratio) - kink) < 0.01
        log_ratio = np.where(near, log_ratio + np.sign(log_ratio) * 0.03, log_ratio)
    return log_ratio


def _not_zero(values):
    """Values with at least a twentieth of size, so that none is zero."""
    return np.where(values < 0, values - 0.05, values + 0.05)


def _drawn_tokens(draw, N=4, T=6, size=0.4, clip=None, far=-2.0, every=False):
    """Log-probabilities of tokens near `far`, now and when they were drawn, and which of them count.

    `size` is how far the two are apart; masked places hold what no mean should see.
    """
    mask = np.ones((N, T), bool) if every else _kept_lengths(draw, N, T)
    log_ratio = _off_the_kink(size * draw(N, T), 0.2 if clip is None else clip)
    log_ratio = np.where(mask, log_ratio, 3.0 * draw.signs(N, T) + 0.5 * draw(N, T))
    old = _float32(far - np.abs(draw(N, T)))
    inputs = {"log_probs": _float32(old + log_ratio), "old_log_probs": old, "mask": mask}
    return inputs if clip is None else inputs | {"clip": clip}


# ppo_clip_loss


def _ppo_case(draw, gradient_in=(), sign=0, **sizes):
    inputs = _drawn_tokens(draw, **sizes)
    advantages = _not_zero(draw(*inputs["mask"].shape))
    if sign:
        advantages = sign * np.abs(advantages)
    inputs["advantages"] = _float32(np.where(inputs["mask"], advantages, 5.0 * advantages))
    return inputs | ({"gradient_in": list(gradient_in)} if gradient_in else {})


_PPO_CONSTANTS = ("log_probs", "old_log_probs", "advantages")
_PPO_GAIN = "torch.minimum(ratio * advantages, ratio.clamp(1 - clip, 1 + clip) * advantages)"



def _ppo_over_all(log_probs, old_log_probs, advantages, mask, clip=0.2):
    ratio = (log_probs - old_log_probs.detach()).exp()
    advantages = advantages.detach()
    gain = torch.minimum(ratio * advantages, ratio.clamp(1 - clip, 1 + clip) * advantages)
    return -(gain * mask).mean()


def _ppo_by_rows(log_probs, old_log_probs, advantages, mask, clip=0.2):
    ratio = (log_probs - old_log_probs.detach()).exp()
    advantages = advantages.detach()
    gain = torch.minimum(ratio * advantages, ratio.clamp(1 - clip, 1 + clip) * advantages)
    return -((gain * mask).sum(1) / mask.sum(1)).mean()


def _ppo_ratio_of_probabilities(log_probs, old_log_probs, advantages, mask, clip=0.2):
    ratio = log_probs.exp() / old_log_probs.detach().exp()
    advantages = advantages.detach()
    gain = torch.minimum(ratio * advantages, ratio.clamp(1 - clip, 1 + clip) * advantages)
    return -gain[mask].mean()


ppo_clip_loss = Exercise(
    points=7,
    torch=True,
    driver=slope_of,
    cases={
        "four answers of up to six tokens": _ppo_case,
        "a single token": partial(_ppo_case, N=1, T=1),
        "all tokens kept": partial(_ppo_case, N=3, T=5, every=True),
        "advantages above zero": partial(_ppo_case, N=5, T=7, sign=1, size=0.6),
        "advantages below zero": partial(_ppo_case, N=5, T=7, sign=-1, size=0.6),
        "ratios far from 1": partial(_ppo_case, N=3, T=8, size=1.5),
        "a wide clip": partial(_ppo_case, N=5, T=4, clip=0.5, size=0.7),
        "a narrow clip": partial(_ppo_case, N=4, T=5, clip=0.05),
        "log-probabilities near -1000": partial(_ppo_case, far=-1000.0),
        "the gradient": partial(_ppo_case, N=3, T=7, gradient_in=["log_probs"]),
        "the gradient, ratios far from 1": partial(_ppo_case, N=5, T=4, size=1.2, gradient_in=["log_probs"]),
        "old ones and advantages that require a gradient": partial(_ppo_case, N=4, T=5, gradient_in=_PPO_CONSTANTS),
    },
    checks=[
        agrees(
            2,
            "takes the smaller of the two gains, token by token, whatever the advantage's sign",
            on=["a single token", "all tokens kept", "advantages above zero", "advantages below zero"],
        ),
        agrees(
            1,
            "averages over the kept tokens of the whole batch",
            on=["four answers of up to six tokens", "ratios far from 1"],
        ),
        agrees(1, "clips at 1 ± clip, whatever the clip", on=["a wide clip", "a narrow clip"]),
        agrees(1, "knows the ratio of two probabilities that are too small to be represented", on="log-probabilities near -1000"),
        agrees(1, "returns the right gradient for every token", on=["the gradient", "the gradient, ratios far from 1"]),
        agrees(
            1,
            "passes a gradient to the new log-probabilities, and none to the old ones and the advantages",
            on="old ones and advantages that require a gradient",
        ),
    ],
    mistakes=[
        Mistake(
            "maximum",
            "You take the larger of the two gains. PPO is cautious: it counts the smaller one, so that a gain ends where the ratio has gone far, and a loss does not.",
            edit("torch.minimum(", "torch.maximum(", of="_clipped_gain"),
        ),
        Mistake(
            "clipped_alone",
            "You count the clipped gain alone. Then a token that has gone the wrong way gets no gradient to come back: compare with the gain that is not clipped.",
            edit(_PPO_GAIN, "ratio.clamp(1 - clip, 1 + clip) * advantages", of="_clipped_gain"),
        ),
        Mistake(
            "not_clipped",
            "You do not clip at all. That is the loss of importance sampling, and nothing keeps the policy near the one that has drawn the tokens.",
            edit(_PPO_GAIN, "ratio * advantages", of="_clipped_gain"),
        ),
        Mistake(
            "smaller_ratio",
            "You take the smaller of ratio and clipped ratio, and then multiply by the advantage. For an advantage below zero that is the larger product: compare the products.",
            edit(_PPO_GAIN, "torch.minimum(ratio, ratio.clamp(1 - clip, 1 + clip)) * advantages", of="_clipped_gain"),
        ),
        Mistake(
            "clipped_above_alone",
            "You clip the ratio above 1 + clip only. For an advantage below zero it is the other end that ends the gain.",
            edit("ratio.clamp(1 - clip, 1 + clip)", "ratio.clamp(max=1 + clip)", of="_clipped_gain"),
        ),
        Mistake(
            "logarithm_clipped",
            "You clip the logarithm of the ratio to ± clip. It is the ratio that is clipped, to 1 ± clip.",
            edit("ratio.clamp(1 - clip, 1 + clip)", "(log_probs - old).clamp(-clip, clip).exp()", of="_clipped_gain"),
        ),
        Mistake(
            "no_exponential",
            "You use the difference of the log-probabilities as the ratio. It is the ratio's logarithm.",
            edit("(log_probs - old).exp()", "(log_probs - old)", of="_clipped_gain"),
        ),
        Mistake(
            "ratio_reversed",
            "Your ratio is upside down: it is the new probability divided by the old one, and grows with what is trained.",
            edit("(log_probs - old).exp()", "(old - log_probs).exp()", of="_clipped_gain"),
        ),
        Mistake(
            "ratio_of_probabilities",
            "You divide two probabilities, which are both 0 for long or unlikely answers. Subtract their logarithms first.",
            _ppo_ratio_of_probabilities,
        ),
        Mistake(
            "sign",
            "You return the gain, and an optimiser would make it small. The loss is minus that.",
            edit("return -_clipped_gain", "return _clipped_gain"),
        ),
        Mistake(
            "summed",
            "You sum over the kept tokens. The loss is their mean, so that long batches do not take longer steps.",
            edit("[mask].mean()", "[mask].sum()"),
        ),
        Mistake(
            "divided_by_all",
            "You leave out the masked tokens, but divide by the number of all. Divide by the number of kept tokens.",
            _ppo_over_all,
        ),
        Mistake(
            "mask_ignored",
            "You average over masked tokens, too. Those of the prompt and of the padding were not chosen by the policy.",
            edit("[mask].mean()", ".mean()"),
        ),
        Mistake(
            "mask_inverted",
            "Your mask is inverted: you average over the tokens that do not count.",
            edit("[mask].mean()", "[~mask].sum() / mask.sum()"),
        ),
        Mistake(
            "mean_of_row_means",
            "You average each row and then the rows, so that a token of a short answer weighs more. Here all kept tokens of the batch weigh the same.",
            _ppo_by_rows,
        ),
        Mistake(
            "old_not_constant",
            "Your values are right, but a gradient reaches the old log-probabilities. They are what the policy was, a constant.",
            edit("old, advantages = old.detach(), advantages.detach()", "advantages = advantages.detach()", of="_clipped_gain"),
        ),
        Mistake(
            "advantages_not_constant",
            "Your values are right, but a gradient reaches the advantages. They say how good a token was; the policy's loss must not change them.",
            edit("old, advantages = old.detach(), advantages.detach()", "old = old.detach()", of="_clipped_gain"),
        ),
        Mistake(
            "detached",
            "Your loss is right, but no gradient comes back to the log-probabilities: something between them and the loss is detached.",
            edit("(log_probs - old).exp()", "(log_probs - old).exp().detach()", of="_clipped_gain"),
        ),
    ],
    hints=[
        "For an advantage above zero, from which ratio on should a token gain no more? And for one below zero?",
        "Compute both gains for every token, then choose between them. Which one is the cautious choice?",
        "Which of the inputs come from the past? The library's detach makes a constant of a tensor.",
    ],
)


# kl_estimates


def kl_asked(kl_estimates, log_probs, ref_log_probs, dout=None):
    """-> k1 (N, T), k2 (N, T), k3 (N, T)

    With dout the answer is three gradients in log_probs instead: of the sum of dout · k1, and of k2 and k3.
    """
    if dout is None:
        return kl_estimates(log_probs, ref_log_probs)
    log_probs = log_probs.requires_grad_()
    estimates = kl_estimates(log_probs, ref_log_probs)
    return {
        f"gradient of {name}": torch.autograd.grad(
            (estimate * dout).sum() + 0 * log_probs.sum(), log_probs, retain_graph=True
        )[0]
        for name, estimate in zip(("k1", "k2", "k3"), estimates, strict=True)
    }


def expected(kl_estimates, logits, ref_logits):
    """-> mean_of_k1 (N,), mean_of_k3 (N,)

    Their mean over all tokens, each as often as the policy draws it: the divergence itself.
    """
    log_probs, ref_log_probs = logits.log_softmax(-1), ref_logits.log_softmax(-1)
    k1, _, k3 = kl_estimates(log_probs, ref_log_probs)
    return (log_probs.exp() * k1).sum(-1), (log_probs.exp() * k3).sum(-1)


def _kl_case(draw, N=4, T=6, size=0.5, far=-2.0, gradient=False):
    ref = _float32(far - np.abs(draw(N, T)))
    inputs = {"log_probs": _float32(ref + size * _not_zero(draw(N, T))), "ref_log_probs": ref}
    return inputs | ({"dout": _float32(draw(N, T))} if gradient else {})


def _kl_laws(draw, N=3, V=5):
    """Scores of all tokens under the policy and under the reference."""
    return {"logits": _float32(draw(N, V)), "ref_logits": _float32(draw(N, V))}


_KL_VALUES = [
    "four answers of six tokens",
    "a single token",
    "a policy that has gone far",
    "log-probabilities near -1000",
]

kl_estimates = Exercise(
    points=5,
    torch=True,
    driver=kl_asked,
    words={"mean_of_k1": "the mean of k1", "mean_of_k3": "the mean of k3"},
    cases={
        "four answers of six tokens": _kl_case,
        "a single token": partial(_kl_case, N=1, T=1),
        "a policy that has gone far": partial(_kl_case, N=3, T=7, size=2.0),
        "log-probabilities near -1000": partial(_kl_case, N=5, T=3, far=-1000.0),
        "the gradients": partial(_kl_case, N=3, T=5, gradient=True),
        "every token of three laws": _kl_laws,
    },
    checks=[
        agrees(1, "returns k1, the difference itself", part="k1", on=_KL_VALUES),
        agrees(1, "returns k2, half its square", part="k2", on=_KL_VALUES),
        agrees(1, "returns k3, which is never below zero", part="k3", on=_KL_VALUES),
        agrees(
            1,
            "estimates the divergence: the means of k1 and k3 over the policy's tokens are KL(policy ‖ reference)",
            on="every token of three laws",
            driver=expected,
        ),
        agrees(1, "passes the right gradient through each of the three", on="the gradients"),
    ],
    mistakes=[
        Mistake(
            "reversed",
            "You take r the other way round. r is the reference's log-probability minus the policy's.",
            edit("r = ref_log_probs - log_probs", "r = log_probs - ref_log_probs"),
        ),
        Mistake(
            "k1_sign",
            "Your k1 has the wrong sign. Its mean over the policy's own tokens is a divergence, which is never below zero.",
            edit("return -r,", "return r,"),
        ),
        Mistake(
            "k1_absolute",
            "You take the absolute value for k1. A single k1 may well be below zero; its mean is not.",
            edit("return -r,", "return r.abs(),"),
        ),
        Mistake("k2_not_halved", "Your k2 is twice too large: it is half the square.", edit("r**2 / 2", "r**2")),
        Mistake(
            "k3_without_one",
            "Your k3 is not zero where policy and reference agree: a constant is missing.",
            edit("r.expm1() - r", "r.exp() - r"),
        ),
        Mistake(
            "k3_reversed",
            "Your k3 has the ratio upside down: it is the reference's probability divided by the policy's.",
            edit("r.expm1() - r", "(-r).expm1() + r"),
        ),
        Mistake(
            "k3_sign_of_r",
            "Your k3 adds r where it subtracts it. Then it may be below zero, and its slope is not zero where policy and reference agree.",
            edit("r.expm1() - r", "r.expm1() + r"),
        ),
        Mistake(
            "k3_without_r",
            "Your k3 lacks its linear term. Without it, the estimate may be below zero, and its mean is zero.",
            edit("r.expm1() - r", "r.expm1()"),
        ),
        Mistake(
            "order",
            "You return the three estimates in another order: k1, then k2, then k3.",
            edit("-r, r**2 / 2, r.expm1() - r", "-r, r.expm1() - r, r**2 / 2"),
        ),
        Mistake(
            "averaged",
            "You average over the tokens. Each estimate has a number for every token, as masks come later.",
            edit("-r, r**2 / 2, r.expm1() - r", "(-r).mean(), (r**2 / 2).mean(), (r.expm1() - r).mean()"),
        ),
        Mistake(
            "detached",
            "Your values are right, but no gradient comes back to the log-probabilities. A penalty that has no gradient changes nothing.",
            edit("r = ref_log_probs - log_probs", "r = ref_log_probs - log_probs.detach()"),
        ),
    ],
    hints=[
        "What are the three estimates where policy and reference agree, and which of them can be below zero?",
        "If the policy finds a token likelier than the reference does, what is the sign of r, and what that of k1?",
    ],
)


# group_advantages


def _rewards_case(draw, P=4, G=6, offset=0.0, size=1.0, **options):
    return {"rewards": _float32(offset + size * draw(P, G))} | options


def _right_or_wrong(draw, P=5, G=8, equal=0, **options):
    """Rewards of 0 and 1; in the first group all are `equal`, in all others both occur."""
    rewards = draw.integers(0, 2, P, G)
    rewards[:, 0], rewards[:, 1] = 0, 1
    rewards[0] = equal
    return {"rewards": _float32(rewards)} | options


group_advantages = Exercise(
    points=5,
    torch=True,
    cases={
        "four prompts, six answers each": _rewards_case,
        "three prompts, two answers each": partial(_rewards_case, P=3, G=2),
        "one prompt": partial(_rewards_case, P=1, G=5),
        "as many prompts as answers": partial(_rewards_case, P=4, G=4),
        "prompts of different difficulty": lambda draw: {
            "rewards": _float32(draw(5, 3) * np.array([[0.1], [1.0], [3.0], [10.0], [0.5]]) + 4.0 * draw(5, 1))
        },
        "a group in which all are wrong": _right_or_wrong,
        # an eps of 1e-6 would be no larger than what a rounding error of such rewards makes of their deviation
        "a group in which all are right": partial(_right_or_wrong, G=7, equal=1, eps=0.01),
        "an eps that is felt": partial(_rewards_case, P=3, G=5, size=0.3, eps=0.25),
        "not normalised": partial(_rewards_case, P=5, G=4, offset=2.0, normalize=False),
        "not normalised, rewards of 0 and 1": partial(_right_or_wrong, equal=1, normalize=False),
    },
    checks=[
        agrees(
            2,
            "compares each answer with the others to its prompt, in units of their standard deviation",
            on=[
                "four prompts, six answers each",
                "three prompts, two answers each",
                "one prompt",
                "as many prompts as answers",
                "prompts of different difficulty",
            ],
        ),
        agrees(1, "gives zero to a group in which all are right or all are wrong", on=["a group in which all are wrong", "a group in which all are right"]),
        agrees(
            1,
            "subtracts the mean alone where it is asked not to normalise",
            on=["not normalised", "not normalised, rewards of 0 and 1"],
        ),
        agrees(1, "adds eps to the standard deviation", on="an eps that is felt"),
    ],
    mistakes=[
        Mistake(
            "over_the_batch",
            "You subtract and divide by what you took over the whole batch. An answer is compared with the other answers to the same prompt.",
            lambda rewards, eps=1e-6, normalize=True: (
                (rewards - rewards.mean()) / (rewards.std() + eps) if normalize else rewards - rewards.mean()
            ),
        ),
        Mistake(
            "batch_std",
            "You divide by the standard deviation of the whole batch. Each group has its own.",
            edit("rewards.std(dim=1, keepdim=True)", "rewards.std()"),
        ),
        Mistake(
            "down_the_columns",
            "You take means and deviations down the columns. A row is a group: the answers to one prompt.",
            edit(
                "centred = rewards - rewards.mean(dim=1, keepdim=True)\n    return centred / (rewards.std(dim=1, keepdim=True) + eps)",
                "centred = rewards - rewards.mean(dim=0, keepdim=True)\n    return centred / (rewards.std(dim=0, correction=1 if len(rewards) > 1 else 0, keepdim=True) + eps)",
            ),
        ),
        Mistake(
            "ddof_0",
            "You divide the squares by G. The rewards are a sample, and their standard deviation has G − 1 there.",
            edit("rewards.std(dim=1, keepdim=True)", "rewards.std(dim=1, keepdim=True, correction=0)"),
        ),
        Mistake(
            "never_divided",
            "You never divide by the standard deviation. That is asked only where normalize is False.",
            edit(" / (rewards.std(dim=1, keepdim=True) + eps) if normalize else centred", ""),
        ),
        Mistake(
            "always_divided",
            "You divide by the standard deviation even where normalize is False.",
            edit(" if normalize else centred", ""),
        ),
        Mistake(
            "variance",
            "You divide by the variance. Divide by its root, so that the advantages have no unit.",
            edit("rewards.std(", "rewards.var("),
        ),
        Mistake(
            "not_centred",
            "You do not subtract the group's mean, so that every right answer is praised and none is blamed.",
            edit("centred = rewards - rewards.mean(dim=1, keepdim=True)", "centred = rewards"),
        ),
        Mistake(
            "eps_under_the_root",
            "You add eps to the variance, under the root. It is added to the standard deviation.",
            edit(
                "(rewards.std(dim=1, keepdim=True) + eps)",
                "(rewards.var(dim=1, keepdim=True) + eps).sqrt()",
            ),
        ),
        Mistake(
            "eps_ignored",
            "You have a small number of your own in the place of eps. The one that is given counts.",
            edit("+ eps)", "+ 1e-6)"),
        ),
        Mistake(
            "no_eps",
            "You add no eps, so that a group in which all rewards are equal gives 0 divided by 0.",
            edit("(rewards.std(dim=1, keepdim=True) + eps)", "rewards.std(dim=1, keepdim=True)"),
        ),
        Mistake(
            "leave_one_out",
            "You compare each answer with the mean of the others, leaving itself out. That is RLOO; here its own reward is in the mean.",
            edit(
                "rewards - rewards.mean(dim=1, keepdim=True)",
                "(rewards - rewards.mean(dim=1, keepdim=True)) * rewards.shape[1] / (rewards.shape[1] - 1)",
            ),
        ),
    ],
    hints=[
        "Along which axis do the answers to one prompt lie, and which shape must their mean have to be subtracted?",
        "What does the library's standard deviation divide by, unless it is told otherwise?",
    ],
)


# grpo_loss


def _grpo_case(draw, gradient_in=(), options=None, **sizes):
    inputs = _drawn_tokens(draw, **sizes)
    inputs["old"] = inputs.pop("old_log_probs")
    N, T = inputs["mask"].shape
    apart = np.where(inputs["mask"], 0.5 * _not_zero(draw(N, T)), 2.0 * draw.signs(N, T) + 0.3 * draw(N, T))
    inputs["ref"] = _float32(inputs["log_probs"] + apart)
    inputs["advantages"] = _float32(_not_zero(draw(N)))
    return inputs | dict(options or {}) | ({"gradient_in": list(gradient_in)} if gradient_in else {})


_BY_TOKEN = {"reduce": "token"}
_GRPO_CONSTANTS = ("log_probs", "old", "ref", "advantages")
_GRPO_LOSSES = "losses = torch.where(mask, beta * k3 - gain, 0.0)"
_GRPO_ROWS = "(losses.sum(dim=1) / mask.sum(dim=1)).mean()"
_GRPO_VALUES = ["four answers of up to six tokens", "a single token", "as many answers as tokens", "a dear KL"]

grpo_loss = Exercise(
    points=8,
    torch=True,
    driver=slope_of,
    cases={
        "four answers of up to six tokens": _grpo_case,
        "a single token": partial(_grpo_case, N=1, T=1),
        "as many answers as tokens": partial(_grpo_case, N=5, T=5),
        "a dear KL": partial(_grpo_case, N=3, T=7, options={"beta": 2.0}),
        "no price for the KL": partial(_grpo_case, N=3, T=8, size=0.7, options={"beta": 0.0}),
        "a wide clip": partial(_grpo_case, N=5, T=4, clip=0.5, size=0.8),
        "tokens averaged": partial(_grpo_case, N=4, T=7, options=_BY_TOKEN),
        "tokens averaged, a dear KL": partial(_grpo_case, N=3, T=9, options=_BY_TOKEN | {"beta": 1.5}),
        "log-probabilities near -1000": partial(_grpo_case, N=3, T=5, far=-1000.0),
        "the gradient": partial(_grpo_case, N=3, T=6, options={"beta": 0.5}, gradient_in=["log_probs"]),
        "the gradient, tokens averaged": partial(
            _grpo_case, N=4, T=5, options=_BY_TOKEN | {"beta": 0.5}, gradient_in=["log_probs"]
        ),
        "constants that require a gradient": partial(
            _grpo_case, N=4, T=6, options={"beta": 0.5}, gradient_in=_GRPO_CONSTANTS
        ),
    },
    checks=[
        agrees(2, "averages each answer over its kept tokens, then the answers", on=_GRPO_VALUES),
        agrees(1, "averages over all kept tokens where reduce is \"token\"", on=["tokens averaged", "tokens averaged, a dear KL"]),
        agrees(1, "has PPO's clipped gain alone where the KL costs nothing", on=["no price for the KL", "a wide clip"]),
        agrees(1, "knows ratios of probabilities that are too small to be represented", on="log-probabilities near -1000"),
        agrees(2, "returns the right gradient for every token", on=["the gradient", "the gradient, tokens averaged"]),
        agrees(
            1,
            "passes a gradient to the new log-probabilities, and none to what is constant",
            on="constants that require a gradient",
        ),
    ],
    mistakes=[
        Mistake(
            "token_mean",
            "You average over all tokens of the batch where each answer is to be averaged first. So long answers weigh more.",
            edit('if reduce == "token":', "if True:"),
        ),
        Mistake(
            "sequence_mean",
            "You average each answer first even where reduce is \"token\". There, all kept tokens weigh the same.",
            edit('if reduce == "token":', "if False:"),
        ),
        Mistake(
            "kl_reversed",
            "Your KL has the ratio upside down: r is the reference's log-probability minus the policy's.",
            edit("kl_estimates(log_probs, ref.detach())", "kl_estimates(ref.detach(), log_probs)"),
        ),
        Mistake(
            "kl_subtracted",
            "You subtract the KL from the loss, so that leaving the reference is rewarded. It is a price: add it.",
            edit("beta * k3 - gain", "-beta * k3 - gain"),
        ),
        Mistake(
            "k1_for_k3",
            "You take k1 for the KL, the difference itself. Here it is k3.",
            edit("_, _, k3 = kl_estimates", "k3, _, _ = kl_estimates"),
        ),
        Mistake(
            "k2_for_k3",
            "You take k2 for the KL, half the square. Here it is k3.",
            edit("_, _, k3 = kl_estimates", "_, k3, _ = kl_estimates"),
        ),
        Mistake(
            "kl_with_the_old",
            "You measure the KL from the old policy. It is measured from the reference, with which the training began.",
            edit("kl_estimates(log_probs, ref.detach())", "kl_estimates(log_probs, old.detach())"),
        ),
        Mistake(
            "kl_over_padding",
            "You average the KL over masked tokens, too. It counts kept tokens only, as the gain does.",
            edit(
                _GRPO_LOSSES,
                "losses = torch.where(mask, beta * (k3.mean(dim=1, keepdim=True) if reduce != 'token' else k3.mean()) - gain, 0.0)",
            ),
        ),
        Mistake(
            "no_kl",
            "You leave out the KL, so that nothing keeps the policy near the reference.",
            edit("beta * k3 - gain", "-gain"),
        ),
        Mistake(
            "kl_detached",
            "Your loss is right, but the KL passes no gradient: it costs, and cannot be made cheaper.",
            edit("beta * k3 - gain", "beta * k3.detach() - gain"),
        ),
        Mistake(
            "gain_added",
            "You add the gain to the loss, so that what is praised becomes rarer. The loss has minus the gain.",
            edit("beta * k3 - gain", "beta * k3 + gain"),
        ),
        Mistake(
            "maximum",
            "You take the larger of the two gains. PPO is cautious: it counts the smaller one.",
            edit("torch.minimum(", "torch.maximum(", of="_clipped_gain"),
        ),
        Mistake(
            "not_clipped",
            "You do not clip the ratio. Compare each token's gain with the one at the clipped ratio, and count the smaller one.",
            edit(_PPO_GAIN, "ratio * advantages", of="_clipped_gain"),
        ),
        Mistake(
            "smaller_ratio",
            "You take the smaller of ratio and clipped ratio, and then multiply by the advantage. For an advantage below zero that is the larger product: compare the products.",
            edit(_PPO_GAIN, "torch.minimum(ratio, ratio.clamp(1 - clip, 1 + clip)) * advantages", of="_clipped_gain"),
        ),
        Mistake(
            "advantage_by_column",
            "Your advantages line up with the tokens, not with the answers. All tokens of row n have the advantage n.",
            edit(
                "advantages[:, None]",
                "(advantages if log_probs.shape[0] == log_probs.shape[1] else advantages[:, None])",
            ),
        ),
        Mistake(
            "divided_by_all",
            "You divide by the number of all tokens of a row, or of the batch. Divide by the number of kept ones.",
            edit(
                "return losses.sum() / mask.sum()\n    return " + _GRPO_ROWS,
                "return losses.mean()\n    return losses.mean(dim=1).mean()",
            ),
        ),
        Mistake(
            "summed_over_an_answer",
            "You sum over the tokens of an answer. Average over its kept tokens.",
            edit("return " + _GRPO_ROWS, "return losses.sum(dim=1).mean()"),
        ),
        Mistake(
            "mask_ignored",
            "You average over masked tokens, too. Those of the prompt and of the padding were not chosen by the policy.",
            edit(
                _GRPO_LOSSES,
                "losses, mask = beta * k3 - gain, torch.ones_like(mask)",
            ),
        ),
        Mistake(
            "reference_not_constant",
            "Your values are right, but a gradient reaches the reference. It is what the model was before, a constant.",
            edit("ref.detach()", "ref"),
        ),
        Mistake(
            "old_not_constant",
            "Your values are right, but a gradient reaches the old log-probabilities. They are what the policy was, a constant.",
            edit("old, advantages = old.detach(), advantages.detach()", "advantages = advantages.detach()", of="_clipped_gain"),
        ),
        Mistake(
            "advantages_not_constant",
            "Your values are right, but a gradient reaches the advantages, which are constants here.",
            edit("old, advantages = old.detach(), advantages.detach()", "old = old.detach()", of="_clipped_gain"),
        ),
    ],
    hints=[
        "Two of the exercises before this one make what a token costs. Which shape must the advantages have for that?",
        "In what order are tokens and answers averaged, and by which number is each divided?",
        "Which of the inputs are constants? Which part of the KL is not?",
    ],
)
