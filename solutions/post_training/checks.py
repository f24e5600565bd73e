"""How the answers of this unit are judged: cases, checks and the mistakes that people really make."""

from functools import partial

import numpy as np
import torch
from torch.nn import functional as F

from grader.exercise import Exercise, Mistake, agrees, device, edit, everywhere, load, moves, reaches, report, returns

ALLOWS = ("numpy", "torch")


# What the first exercises share: a driver for values and gradients, masks, and what people write to keep a log finite.


def answered_or_sloped(answer_of, gradient=False, dout=None, **inputs):
    """The answer, or its gradient in each input of floats, those of a reference model left out.

    Of an answer with axes it is the gradient of Σ dout · answer. What is detached has gradient zero. The inputs come as
    what a model made, not as its parameters, so that they may be written to.
    """
    if not gradient and dout is None:
        return answer_of(**inputs)
    leaves = {
        name: value.requires_grad_()
        for name, value in inputs.items()
        if torch.is_tensor(value) and value.is_floating_point() and not name.startswith("ref_")
    }
    answer = answer_of(**inputs | {name: leaf.clone() for name, leaf in leaves.items()})
    total = (answer if dout is None else answer * dout).sum() + sum(0 * leaf.sum() for leaf in leaves.values())
    found = torch.autograd.grad(total, list(leaves.values()))
    return {f"gradient in {name}": grad for name, grad in zip(leaves, found, strict=True)}


def in_single(array):
    """The array in single precision, as PyTorch's tensors are."""
    return np.asarray(array, np.float32)


def from_to(starts, ends, T):
    """A mask (N, T) that keeps of each row what lies between two places, the second not included."""
    place = np.arange(T)
    return (np.asarray(starts)[:, None] <= place) & (place < np.asarray(ends)[:, None])


WAYS_TO_BE_TINY = ("1e-5", "1e-6", "1e-7", "1e-8", "1e-9", "1e-10", "1e-12", "1e-15")
TINY_IN_LOG = "You add a small number inside the logarithm. What is very wrong must cost much and have a gradient, and yours has neither: work with the {} themselves."
LOG_OF_SIGMOID = "Your loss is not finite where the two are far apart: an exponential overflows, or a sigmoid rounds to 0 and you take its logarithm. PyTorch has the logarithm of the sigmoid as one function."
LOG_CUT_OFF = "PyTorch's loss for probabilities cuts its logarithms off at −100, where no gradient is left. PyTorch has a loss that takes the logits themselves."


# response_mask


def asked_and_answered(draw, N=3, T=8):
    """Rows with a prompt, an answer of at least two tokens, and padding."""
    prompts = draw.integers(1, 4, N)
    lengths = prompts + draw.integers(2, 4, N)
    prompts[0], lengths[0] = 2, 5  # so that rows differ
    return {"prompt_lengths": prompts, "lengths": lengths, "T": T}


def bare_rows(draw, T=6):
    """No prompt, no answer, no padding, nothing at all, a prompt that fills the row, an answer that does."""
    prompts, lengths = [0, 3, 2, 0, T, 0], [4, 3, T, 0, T, T]
    order = draw.permutation(len(prompts))
    return {"prompt_lengths": np.array(prompts)[order], "lengths": np.array(lengths)[order], "T": T}


response_mask = Exercise(
    points=3,
    torch=True,
    cases={
        "three rows": asked_and_answered,
        "more rows than tokens": partial(asked_and_answered, N=11),
        "a single row": partial(asked_and_answered, N=1),
        "rows without a prompt, an answer or padding": bare_rows,
    },
    checks=[
        agrees(
            2,
            "keeps the tokens from the end of the prompt to the end of the answer",
            on=["three rows", "more rows than tokens", "a single row"],
        ),
        agrees(
            1,
            "is right for rows without a prompt, without an answer or without padding",
            on="rows without a prompt, an answer or padding",
        ),
    ],
    mistakes=[
        Mistake(
            "prompt_counted",
            "You keep the prompt, too. The model is not to be praised or blamed for what it was asked.",
            returns("position < lengths[:, None]"),
        ),
        Mistake(
            "padding_counted",
            "You keep the padding, too: the answer ends where the row's length is reached.",
            edit(" & (position < lengths[:, None])", ""),
        ),
        Mistake(
            "first_lost",
            "You lose the first token of the answer. Places are counted from 0: where is the first one after a prompt of three tokens?",
            edit("prompt_lengths[:, None] <= position", "prompt_lengths[:, None] < position"),
        ),
        Mistake(
            "last_lost",
            "You lose the last token of the answer, the one at the place length − 1. It says that the answer ends here, and a model that never learns it does not stop.",
            edit("position < lengths[:, None]", "position < lengths[:, None] - 1"),
        ),
        Mistake(
            "one_too_many",
            "You keep the first token of the padding, too: places are counted from 0, so that the last real token stands at length − 1.",
            edit("position < lengths[:, None]", "position <= lengths[:, None]"),
        ),
        Mistake(
            "last_of_the_prompt_counted",
            "You keep the last token of the prompt, too. Places are counted from 0: where is the first one after a prompt of three tokens?",
            edit("prompt_lengths[:, None] <= position", "prompt_lengths[:, None] <= position + 1"),
        ),
        Mistake(
            "shifted",
            "Your mask is one place too early: it marks the scores that predict the answer. Mark the answer's tokens themselves; the shift is left to whoever compares scores with tokens.",
            edit("torch.arange(T, device=lengths.device)", "torch.arange(T, device=lengths.device) + 1"),
        ),
        Mistake(
            "length_of_the_answer",
            "You take the length as that of the answer alone. It counts the prompt and the answer together.",
            edit("position < lengths[:, None]", "position < prompt_lengths[:, None] + lengths[:, None]"),
        ),
        Mistake(
            "first_row_for_all",
            "You take the first row's prompt length for all rows. Each row has its own.",
            edit("prompt_lengths[:, None] <=", "prompt_lengths[:1, None] <="),
        ),
        Mistake(
            "padded_in_front",
            "You take the padding to stand in front. It stands on the right, behind the answer.",
            lambda prompt_lengths, lengths, T: torch.arange(T) >= (T - lengths + prompt_lengths)[:, None],
        ),
        Mistake(
            "inverted",
            "Your mask marks what must be left out. Here True marks what counts: the answer.",
            returns("(prompt_lengths[:, None] > position) | (position >= lengths[:, None])"),
        ),
    ],
    hints=[
        "Write down the mask of one row with T = 6, a prompt of two tokens and a length of five.",
        "Token t is compared with two numbers of its row. Which shapes must places and lengths have, so that the result is (N, T)?",
    ],
)


# sequence_log_probs


def scored(draw, N=3, T=6, V=5, size=1.0, starts=(1, 2, 4), ends=(4, 6, 5), dout=False):
    """Rows of tokens with a model's logits; an answer of each is kept, and no two are of one length."""
    inputs = {
        "logits": in_single(size * draw(N, T, V)),
        "tokens": draw.integers(0, V, N, T),
        "mask": from_to(starts[:N], ends[:N], T),
    }
    return inputs | ({"dout": in_single(draw(N))} if dout else {})


def with_gaps(draw, dout=False):
    """Kept here and there, the first token too, and never the same."""
    inputs = scored(draw, N=4, T=7, starts=(0,) * 4, ends=(7,) * 4, dout=dout)
    inputs["mask"] = draw.uniform(0, 1, 4, 7) < 0.5
    inputs["mask"][0, :3] = True, False, True
    inputs["mask"][1, :3] = False, True, True
    return inputs


def rows_without(draw, dout=False):
    """Of the second row nothing is kept, of the third the first token alone, which nothing predicts."""
    return scored(draw, starts=(1, 0, 0), ends=(4, 0, 1), dout=dout)


def far_scored(draw, dout=False):
    """Logits between −1000 and 1000, so far from one another that a softmax is 0 but for one of them."""
    levels = np.array([-1000, -600, -50, 300, 950]) + draw.uniform(0, 50, 3, 6, 5)
    logits = np.take_along_axis(levels, np.argsort(draw(3, 6, 5)), axis=-1)
    return scored(draw, dout=dout) | {"logits": in_single(logits)}


def _log_probs_with(tiny):
    def wrong(logits, tokens, mask):
        p = (logits[:, :-1].softmax(-1) + float(tiny)).log().gather(-1, tokens[:, 1:, None])[..., 0]
        return (p * mask[:, 1:]).sum(1)

    return wrong


sequence_log_probs = Exercise(
    points=6,
    torch=True,
    driver=answered_or_sloped,
    cases={
        "three answers": scored,
        "a single answer": partial(scored, N=1),
        "rows of two tokens": partial(scored, T=2, V=4, starts=(1, 1, 1), ends=(2, 2, 2)),
        "a mask with gaps": with_gaps,
        "rows without kept targets": rows_without,
        "logits between −1000 and 1000": far_scored,
        "the gradient": partial(scored, dout=True),
        "the gradient for a mask with gaps": partial(with_gaps, dout=True),
        "the gradient for rows without kept targets": partial(rows_without, dout=True),
        "the gradient for logits between −1000 and 1000": partial(far_scored, dout=True),
    },
    checks=[
        agrees(
            2,
            "sums the log-probabilities of an answer's tokens, each by the scores one place before it",
            on=["three answers", "a single answer", "rows of two tokens"],
        ),
        agrees(
            1,
            "counts the kept targets and nothing else, and gives 0 where there are none",
            on=["a mask with gaps", "rows without kept targets"],
        ),
        agrees(1, "is finite for logits between −1000 and 1000", on="logits between −1000 and 1000"),
        agrees(
            2,
            "returns the right gradient for every logit",
            on=[
                "the gradient",
                "the gradient for a mask with gaps",
                "the gradient for rows without kept targets",
                "the gradient for logits between −1000 and 1000",
            ],
        ),
    ],
    mistakes=[
        Mistake(
            "mean",
            "You average over the kept tokens. The log-probability of a sequence is the sum: probabilities multiply, so that a longer answer is less likely.",
            edit("* mask[:, 1:]).sum(1)", "* mask[:, 1:]).sum(1) / mask[:, 1:].sum(1).clamp(min=1)"),
        ),
        Mistake(
            "not_shifted",
            "You compare the scores at t with the token at t, which the model has just read. The scores at t predict the token after it.",
            lambda logits, tokens, mask: (logits.log_softmax(-1).gather(-1, tokens[..., None])[..., 0] * mask).sum(1),
        ),
        Mistake(
            "shifted_back",
            "You compare the scores at t with the token before t. The scores at t predict the token after t.",
            lambda logits, tokens, mask: (
                logits[:, 1:].log_softmax(-1).gather(-1, tokens[:, :-1, None])[..., 0] * mask[:, :-1]
            ).sum(1),
        ),
        Mistake(
            "mask_not_shifted",
            "You shift the tokens against the scores, but not the mask. It marks tokens, so it goes with the targets.",
            edit("* mask[:, 1:]", "* mask[:, :-1]"),
        ),
        Mistake(
            "mask_shifted_twice",
            "You lose the first target of each answer: your mask is shifted once too often.",
            edit("* mask[:, 1:]", "* (mask[:, 1:] & mask[:, :-1])"),
        ),
        Mistake(
            "inverted",
            "You sum over what must be left out. The mask is True for the targets that count.",
            edit("* mask[:, 1:]", "* ~mask[:, 1:]"),
        ),
        Mistake(
            "mask_ignored",
            "You ignore the mask: prompt and padding count, too.",
            edit("(per_token * mask[:, 1:])", "per_token"),
        ),
        Mistake(
            "logits_as_they_are",
            "You sum the logits of the tokens. They become log-probabilities by a log-softmax over the vocabulary.",
            edit(".log_softmax(-1)", ""),
        ),
        Mistake(
            "probabilities_summed",
            "You sum probabilities. Along a sequence they multiply, and it is their logarithms that add up.",
            edit(".log_softmax(-1)", ".softmax(-1)"),
        ),
        Mistake(
            "probability_of_the_sequence",
            "You return the probability of the answer. Its logarithm is asked; for an answer of a few hundred tokens the probability itself rounds to 0.",
            edit("(per_token * mask[:, 1:]).sum(1)", "(per_token * mask[:, 1:]).sum(1).exp()"),
        ),
        Mistake(
            "negative",
            "You return minus the log-probability, the loss of language modelling. Here likelier answers get the larger number.",
            edit("return (", "return -("),
        ),
        Mistake(
            "softmax_over_time",
            "Your softmax runs over the places of a row. At each place the probabilities of all tokens of the vocabulary sum to 1.",
            edit(".log_softmax(-1)", ".log_softmax(1)"),
        ),
        Mistake(
            "detached",
            "Your log-probabilities are right, but pass no gradient back: something between them and the logits is detached.",
            edit("logits[:, :-1]", "logits[:, :-1].detach()"),
        ),
        Mistake(
            "unstable",
            "Your log-probabilities are not finite for large logits: a probability rounds to 0, and you take its logarithm. Do both in one step.",
            edit(".log_softmax(-1)", ".softmax(-1).log()"),
        ),
        *(
            Mistake(f"log_of_p_plus_{tiny}", TINY_IN_LOG.format("logits"), _log_probs_with(tiny))
            for tiny in WAYS_TO_BE_TINY
        ),
    ],
    hints=[
        "Which token is predicted by the scores at place 0? Which scores predict nothing?",
        "Of T − 1 rows of V log-probabilities you need one each, that of the target. PyTorch has a function that picks along an axis by index.",
        "The mask marks tokens. Of which tokens have you got log-probabilities, and what does the mask say of these?",
    ],
)


# masked_mean


def kept_of(draw, shape=(3, 5), dim=None, mask=None, far=1.0, dout=False):
    """Values and a mask that keeps about half of them, of each row and each column another number."""
    values = in_single(0.5 + draw(*shape))
    if mask is None:
        mask = draw.uniform(0, 1, *shape) < 0.5
        mask.flat[:: max(mask.size - 2, 1)] = True  # the first and one of the last, so that something is kept
        mask.flat[1] = False
    values = np.where(mask, values, in_single(far) * values)
    inputs = {"values": values, "mask": mask} | ({} if dim is None else {"dim": dim})
    if not dout:
        return inputs
    left = [size for axis, size in enumerate(shape) if dim is not None and axis != dim % len(shape)]
    return inputs | {"dout": in_single(draw.uniform(0.5, 1.5, *left) * draw.signs(*left))}


def prefixes(draw, dim=None, dout=False):
    """As of a batch of answers: three rows of one, four and six tokens, and one of nothing."""
    return kept_of(draw, (4, 6), dim, from_to([0] * 4, [1, 4, 0, 6], 6), dout=dout)


def nothing_kept(draw, dout=False):
    return kept_of(draw, (2, 3), mask=np.zeros((2, 3), bool), dout=dout)


def with_zeros(draw):
    """Kept values of which some are 0, as a reward or a hinge often is."""
    inputs = prefixes(draw)
    inputs["values"][1, 1:3] = 0
    inputs["values"][3, ::2] = 0
    return inputs


def _mean_of_row_means(values, mask, dim=None):
    if dim is not None or values.dim() == 1:
        return (values * mask).sum(dim) / mask.sum(dim).clamp(min=1)
    return ((values * mask).sum(-1) / mask.sum(-1).clamp(min=1)).mean()


masked_mean = Exercise(
    points=4,
    torch=True,
    driver=answered_or_sloped,
    cases={
        "a table": kept_of,
        "rows of several lengths": prefixes,
        "a vector": partial(kept_of, shape=(7,)),
        "kept values that are 0": with_zeros,
        "large values where nothing is kept": partial(kept_of, far=1000.0),
        "along the last axis": partial(kept_of, dim=-1),
        "along the first axis": partial(kept_of, dim=0),
        "along the middle one of three axes": partial(kept_of, shape=(2, 4, 3), dim=1),
        "along the middle one, counted from the end": partial(kept_of, shape=(3, 5, 2), dim=-2),
        "a row with nothing": partial(prefixes, dim=1),
        "nothing at all": nothing_kept,
        "the gradient": partial(kept_of, dout=True),
        "the gradient along an axis": partial(kept_of, dim=0, dout=True),
        "the gradient where a row has nothing": partial(prefixes, dim=-1, dout=True),
        "the gradient where nothing is kept": partial(nothing_kept, dout=True),
    },
    checks=[
        agrees(
            1,
            "gives all kept values the same weight, and others none",
            on=[
                "a table",
                "rows of several lengths",
                "a vector",
                "kept values that are 0",
                "large values where nothing is kept",
            ],
        ),
        agrees(
            1,
            "averages along one axis where it is told to",
            on=[
                "along the last axis",
                "along the first axis",
                "along the middle one of three axes",
                "along the middle one, counted from the end",
            ],
        ),
        agrees(1, "is 0, not nan, where nothing is kept", on=["a row with nothing", "nothing at all"]),
        agrees(
            1,
            "returns the right gradient, which is 0 where nothing is kept",
            on=[
                "the gradient",
                "the gradient along an axis",
                "the gradient where a row has nothing",
                "the gradient where nothing is kept",
            ],
        ),
    ],
    mistakes=[
        Mistake(
            "divided_by_all",
            "You leave values out of the sum, but count them in the divisor. Divide by the number of values that are kept.",
            edit("mask.sum(dim)", "torch.ones_like(mask).sum(dim)"),
        ),
        Mistake(
            "nan_where_nothing_is_kept",
            "Where nothing is kept you divide 0 by 0, which is nan. The mean of nothing is 0 here: what must the divisor be at least?",
            edit(".clamp(min=1)", ""),
        ),
        Mistake(
            "nan_of_torch_masked",
            "Where nothing is kept your mean is nan: torch.masked says that there is no mean of nothing. Here it is 0, so that a row without an answer does no harm.",
            lambda values, mask, dim=None: torch.masked.mean(values, dim, mask=mask),
        ),
        Mistake(
            "nan_hidden",
            "You divide by 0 first, and replace the nan afterwards. It comes back in the gradient, as the chain rule multiplies by it: never divide by 0 in the first place.",
            returns("torch.where(mask.sum(dim) > 0, total / mask.sum(dim), 0)"),
        ),
        Mistake(
            "mean_of_row_means",
            "Without `dim` you average each row, and then the rows. All kept values must weigh the same, those of long rows too.",
            _mean_of_row_means,
        ),
        Mistake(
            "inverted",
            "You average what must be left out. The mask is True for the values that count.",
            edit("values * mask", "values * ~mask").then("mask.sum(dim)", "(~mask).sum(dim)"),
        ),
        Mistake(
            "mask_ignored",
            "You ignore the mask: all values count.",
            edit(
                "total = (values * mask).sum(dim)\n    return total / mask.sum(dim).clamp(min=1)",
                "return values.mean(dim)",
            ),
        ),
        Mistake(
            "sum",
            "You return the sum of the kept values. Divide it by their number.",
            edit(" / mask.sum(dim).clamp(min=1)", ""),
        ),
        Mistake(
            "dim_zero_is_none",
            "You take dim = 0 as if there were none: in Python 0 is false. Compare with None.",
            edit("total =", "dim = dim or None\n    total ="),
        ),
        Mistake(
            "dim_ignored",
            "You ignore `dim`, and average over everything.",
            edit(
                "total = (values * mask).sum(dim)\n    return total / mask.sum(dim).clamp(min=1)",
                "return (values * mask).sum() / mask.sum().clamp(min=1)",
            ),
        ),
        Mistake(
            "zeros_not_counted",
            "You count the values that are not 0. A kept value may well be 0, and it counts: count what the mask keeps.",
            edit("mask.sum(dim).clamp", "(values * mask != 0).sum(dim).clamp"),
        ),
        Mistake(
            "one_added",
            "You add 1 to the number of kept values, so that every mean is too small. Only a count of 0 needs help.",
            edit("mask.sum(dim).clamp(min=1)", "(mask.sum(dim) + 1)"),
        ),
        Mistake(
            "detached",
            "Your mean is right, but passes no gradient back: something between it and the values is detached.",
            edit("values * mask", "values.detach() * mask"),
        ),
    ],
    hints=[
        "What is the mean of [2, 5, 3] if the mask keeps the first and the last? Which sum and which number is that?",
        "A boolean tensor can be multiplied and summed. What is the sum of a mask?",
        "Where nothing is kept the sum is 0 already. By which number may it be divided there?",
    ],
)


# reward_model_loss


def rewarded(draw, N=5, size=1.0, level=0.0, gradient=False):
    """Rewards of chosen and of rejected answers; in most pairs the chosen one has the higher, and not in the last of several."""
    chosen, rejected = level + size * (draw(N) + 0.7), level + size * draw(N)
    if N > 1:
        rejected[-1] = chosen[-1] + size * float(draw.uniform(0.5, 1.5))
    return {"chosen": in_single(chosen), "rejected": in_single(rejected)} | ({"gradient": True} if gradient else {})


def far_rewarded(draw, gradient=False):
    """Rewards of ±1000, right and wrong, and pairs of which both are high or low."""
    inputs, near = rewarded(draw, gradient=gradient), float(draw.uniform(-1, 1))
    return inputs | {
        "chosen": in_single([1000, -1000, -1000, 1000, near]),
        "rejected": in_single([-1000, 1000, -1001.5, 998.5, near + 0.4]),
    }


def _reward_loss_with(tiny):
    return lambda chosen, rejected: -((chosen - rejected).sigmoid() + float(tiny)).log().mean()


reward_model_loss = Exercise(
    points=4,
    torch=True,
    driver=answered_or_sloped,
    cases={
        "five pairs": rewarded,
        "a single pair": partial(rewarded, N=1),
        "high rewards": partial(rewarded, level=20.0),
        "rewards of ±1000": far_rewarded,
        "the gradient": partial(rewarded, gradient=True),
        "the gradient at rewards of ±1000": partial(far_rewarded, gradient=True),
    },
    checks=[
        agrees(
            2,
            "is the mean of −log σ of what the chosen answer's reward is above the other's",
            on=["five pairs", "a single pair", "high rewards"],
        ),
        agrees(1, "is finite for rewards that are far apart", on="rewards of ±1000"),
        agrees(
            1,
            "returns the right gradient for both rewards",
            on=["the gradient", "the gradient at rewards of ±1000"],
        ),
    ],
    mistakes=[
        Mistake(
            "swapped",
            "Your loss falls as the rejected answer's reward rises. For which of the two should a high reward be cheap?",
            edit("rejected - chosen", "chosen - rejected"),
        ),
        Mistake(
            "not_negated",
            "Your loss is negative, and minimising it would unlearn the preferences: check the sign in front of the logarithm.",
            edit("return F", "return -F"),
        ),
        Mistake(
            "probability",
            "You leave out the logarithm. A sigmoid is flat where the model is very wrong, so that the worst pairs would teach it nothing.",
            edit("F.softplus(rejected - chosen).mean()", "-(chosen - rejected).sigmoid().mean()"),
        ),
        Mistake(
            "probability_of_the_other",
            "You return the probability that the rejected answer wins. The loss is minus the logarithm of the probability that the chosen one does.",
            edit("F.softplus(rejected - chosen)", "(rejected - chosen).sigmoid()"),
        ),
        Mistake(
            "two_classifications",
            "You ask for a high reward of one answer and a low reward of the other, each by itself. Only their difference counts: people have compared two answers, and not said how good they are.",
            edit("F.softplus(rejected - chosen)", "(F.softplus(-chosen) + F.softplus(rejected))"),
        ),
        Mistake(
            "hinge",
            "You return a hinge loss, with a margin of 1. By Bradley and Terry's model the loss is −log σ of the difference, which never quite stops pushing.",
            edit("F.softplus(rejected - chosen)", "(1 - chosen + rejected).relu()"),
        ),
        Mistake(
            "relu",
            "You count only pairs in the wrong order. A pair that is just in the right order must still cost something.",
            edit("F.softplus(rejected - chosen)", "(rejected - chosen).relu()"),
        ),
        Mistake(
            "squared",
            "You square the probability's distance from 1. The loss is minus the logarithm of the probability.",
            edit("F.softplus(rejected - chosen)", "((1 - (chosen - rejected).sigmoid()) ** 2)"),
        ),
        Mistake("sum", "You sum over the pairs. The loss is their mean.", edit(".mean()", ".sum()")),
        Mistake(
            "not_averaged",
            "You return a loss for each pair. The loss is one number, their mean.",
            edit(".mean()", ""),
        ),
        Mistake(
            "mean_inside",
            "You average the differences first, so that one pair's large margin makes up for another pair in the wrong order. Each pair has its own logarithm; average those.",
            edit("F.softplus(rejected - chosen).mean()", "F.softplus((rejected - chosen).mean())"),
        ),
        Mistake(
            "unstable",
            LOG_OF_SIGMOID,
            edit("F.softplus(rejected - chosen).mean()", "-(chosen - rejected).sigmoid().log().mean()"),
        ),
        Mistake(
            "exponentials",
            "You divide exp of one reward by the sum of both. For large rewards that is inf / inf: it depends on their difference alone, so work with that.",
            edit("F.softplus(rejected - chosen)", "-(chosen.exp() / (chosen.exp() + rejected.exp())).log()"),
        ),
        Mistake(
            "log_cut_off",
            LOG_CUT_OFF,
            lambda chosen, rejected: F.binary_cross_entropy((chosen - rejected).sigmoid(), torch.ones_like(chosen)),
        ),
        Mistake(
            "rejected_is_constant",
            "No gradient reaches the rejected answer's reward. The model gives both, and learns from both.",
            edit("rejected - chosen", "rejected.detach() - chosen"),
        ),
        Mistake(
            "detached",
            "Your loss is right, but passes no gradient back: something between it and the rewards is detached.",
            edit("(rejected - chosen)", "(rejected - chosen).detach()"),
        ),
        *(
            Mistake(f"log_plus_{tiny}", TINY_IN_LOG.format("rewards"), _reward_loss_with(tiny))
            for tiny in WAYS_TO_BE_TINY
        ),
    ],
    hints=[
        "What does the loss cost where both rewards are equal, and what where the chosen one is far higher or far lower?",
        "Written with an exponential, −log σ(x) is log(1 + exp(−x)). Which function of PyTorch computes it without overflow?",
    ],
)


# dpo_loss


def preferred(draw, N=4, apart=4.0, beta=None, gradient=False):
    """Log-probabilities of whole answers, by a model and by the reference that it started from."""
    ref_chosen, ref_rejected = in_single(-40 + 8 * draw(N)), in_single(-44 + 8 * draw(N))
    up, down = draw(N) + 0.4, draw(N) - 0.3
    if N > 1:  # the last of several pairs has gone the wrong way
        down[-1] = up[-1] + float(draw.uniform(0.5, 1.5))
    inputs = {
        "chosen": in_single(ref_chosen + apart * up),
        "rejected": in_single(ref_rejected + apart * down),
        "ref_chosen": ref_chosen,
        "ref_rejected": ref_rejected,
    }
    return inputs | ({} if beta is None else {"beta": beta}) | ({"gradient": True} if gradient else {})


def at_the_start(draw):
    """The model is still the reference."""
    inputs = preferred(draw, beta=0.5)
    return inputs | {"chosen": inputs["ref_chosen"].copy(), "rejected": inputs["ref_rejected"].copy()}


def far_from_the_reference(draw, gradient=False):
    """Long answers, whose log-probabilities have moved by hundreds, in both directions: beta times that is up to ±1000."""
    shift = in_single([490, -490, 3, -250]) + in_single(draw(4))
    ref_chosen, ref_rejected = in_single(-700 + 40 * draw(4)), in_single(-900 + 40 * draw(4))
    inputs = {"chosen": ref_chosen + shift, "rejected": ref_rejected - shift}
    inputs |= {"ref_chosen": ref_chosen, "ref_rejected": ref_rejected, "beta": 1.0}
    return inputs | ({"gradient": True} if gradient else {})


def _dpo_of(loss_of):
    """A mistake that is a loss of the margin (N,) and beta."""

    def wrong(chosen, rejected, ref_chosen, ref_rejected, beta=0.1):
        return loss_of((chosen - ref_chosen) - (rejected - ref_rejected), beta)

    return wrong


def _dpo_with(tiny):
    return _dpo_of(lambda margin, beta: -((beta * margin).sigmoid() + float(tiny)).log().mean())


BOTH_REWARDS = "beta * (chosen - ref_chosen), beta * (rejected - ref_rejected)"

dpo_loss = Exercise(
    points=6,
    torch=True,
    driver=answered_or_sloped,
    cases={
        "four pairs": partial(preferred, beta=0.3),
        "a single pair": partial(preferred, N=1, beta=0.2),
        "a model that is still the reference": at_the_start,
        "the default beta": preferred,
        "a beta of one half": partial(preferred, beta=0.5),
        "far from the reference": far_from_the_reference,
        "the gradient": partial(preferred, beta=0.4, gradient=True),
        "the gradient for the default beta": partial(preferred, N=3, gradient=True),
        "the gradient far from the reference": partial(far_from_the_reference, gradient=True),
    },
    checks=[
        agrees(
            2,
            "compares how far both answers have moved from the reference",
            on=["four pairs", "a single pair", "a model that is still the reference"],
        ),
        agrees(1, "multiplies that by beta, 0.1 by default", on=["the default beta", "a beta of one half"]),
        agrees(1, "is finite for a model that has moved far", on="far from the reference"),
        agrees(
            2,
            "returns the right gradient for both answers",
            on=["the gradient", "the gradient for the default beta", "the gradient far from the reference"],
        ),
    ],
    mistakes=[
        Mistake(
            "no_reference",
            "You leave out the reference. An answer's reward is how much likelier it has become: without the reference a long answer is bad because it is long.",
            edit(BOTH_REWARDS, "beta * chosen, beta * rejected"),
        ),
        Mistake(
            "reference_added",
            "The reference counts with the wrong sign. A model that prefers the chosen answer just as the reference does has learned nothing yet.",
            edit(BOTH_REWARDS, "beta * (chosen + ref_chosen), beta * (rejected + ref_rejected)"),
        ),
        Mistake(
            "rejected_without_reference",
            "You compare the chosen answer with the reference, but not the rejected one.",
            edit(BOTH_REWARDS, "beta * (chosen - ref_chosen), beta * rejected"),
        ),
        Mistake(
            "chosen_alone",
            "You leave the rejected answer out: your model learns that everything which people choose is good, and not what it is better than.",
            edit(BOTH_REWARDS, "beta * (chosen - ref_chosen), torch.zeros_like(rejected)"),
        ),
        Mistake(
            "swapped",
            "Your loss falls as the rejected answer becomes likelier. For which of the two should it be cheap to move up?",
            edit(BOTH_REWARDS, "beta * (rejected - ref_rejected), beta * (chosen - ref_chosen)"),
        ),
        Mistake(
            "beta_outside",
            "You multiply the loss by beta. It belongs inside, where it says how large a reward each step away from the reference is.",
            returns("beta * reward_model_loss(chosen - ref_chosen, rejected - ref_rejected)"),
        ),
        Mistake(
            "beta_divides",
            "You divide by beta. A small beta makes small rewards, so that the model may go far from the reference before the loss is content.",
            edit(BOTH_REWARDS, "(chosen - ref_chosen) / beta, (rejected - ref_rejected) / beta"),
        ),
        Mistake(
            "beta_left_out",
            "You leave beta out.",
            edit(BOTH_REWARDS, "chosen - ref_chosen, rejected - ref_rejected"),
        ),
        Mistake(
            "beta_always_the_default",
            "You always use 0.1. That is only the default: use the given beta.",
            everywhere("beta *", "0.1 *"),
        ),
        Mistake(
            "not_negated",
            "Your loss is negative, and minimising it would unlearn the preferences: check the sign in front of the logarithm.",
            edit("return reward", "return -reward"),
        ),
        Mistake(
            "probability",
            "You leave out the logarithm. A sigmoid is flat where the model is very wrong, so that the worst pairs would teach it nothing.",
            _dpo_of(lambda margin, beta: -(beta * margin).sigmoid().mean()),
        ),
        Mistake(
            "ratios_not_logs",
            "You turn the log-ratios into ratios before you compare them. The reward is beta times the logarithm of the ratio.",
            returns("reward_model_loss(beta * (chosen - ref_chosen).exp(), beta * (rejected - ref_rejected).exp())"),
        ),
        Mistake(
            "hinge",
            "You return a hinge loss, max(0, 1 − beta · margin), that of SLiC. DPO's loss is −log σ(beta · margin).",
            _dpo_of(lambda margin, beta: (1 - beta * margin).relu().mean()),
        ),
        Mistake(
            "squared",
            "You return IPO's loss, which squares the margin's distance from 1/(2·beta). DPO's is −log σ(beta · margin).",
            _dpo_of(lambda margin, beta: ((margin - 1 / (2 * beta)) ** 2).mean()),
        ),
        Mistake(
            "sum", "You sum over the pairs. The loss is their mean.", edit(".mean()", ".sum()", of="reward_model_loss")
        ),
        Mistake(
            "not_averaged",
            "You return a loss for each pair. The loss is one number, their mean.",
            edit(".mean()", "", of="reward_model_loss"),
        ),
        Mistake(
            "mean_inside",
            "You average the margins first, so that one pair's large margin makes up for another pair in the wrong order. Each pair has its own logarithm; average those.",
            _dpo_of(lambda margin, beta: F.softplus(-(beta * margin).mean())),
        ),
        Mistake(
            "unstable",
            LOG_OF_SIGMOID,
            _dpo_of(lambda margin, beta: -(beta * margin).sigmoid().log().mean()),
        ),
        Mistake(
            "log_cut_off",
            LOG_CUT_OFF,
            _dpo_of(lambda margin, beta: F.binary_cross_entropy((beta * margin).sigmoid(), torch.ones_like(margin))),
        ),
        Mistake(
            "rejected_is_constant",
            "No gradient reaches the rejected answer's log-probability. Only the reference is a constant: the model learns from both answers.",
            edit("(rejected - ref_rejected)", "(rejected - ref_rejected).detach()"),
        ),
        Mistake(
            "detached",
            "Your loss is right, but passes no gradient back. The rewards are detached where a program logs them, not where it learns from them.",
            edit(BOTH_REWARDS, "beta * (chosen - ref_chosen).detach(), beta * (rejected - ref_rejected).detach()"),
        ),
        *(
            Mistake(f"log_plus_{tiny}", TINY_IN_LOG.format("log-probabilities"), _dpo_with(tiny))
            for tiny in WAYS_TO_BE_TINY
        ),
    ],
    hints=[
        "What is the loss of a model that is still the reference, whatever the answers?",
        "If beta times (log-probability − reference's) is an answer's reward, which loss of this unit is it?",
    ],
)


# discounted_returns


def walked(draw, N=3, T=6, gamma=0.8, ends=((0, 2), (2, 1), (2, 4))):
    """Rewards of walks that go on side by side; `ends` has the places (row, step) at which an episode is over."""
    dones = np.zeros((N, T), bool)
    for n, t in ends:
        if n < N and t < T:
            dones[n, t] = True
    return {"rewards": in_single(draw(N, T) + draw.signs(N, T)), "dones": dones, "gamma": gamma}


def ends_of_all_kinds(draw):
    """An episode after every step, an end in the last column, two episodes of one step in a row."""
    return walked(draw, N=3, T=5, ends=[(0, t) for t in range(5)] + [(1, 4), (2, 1), (2, 2)])


def paid_at_the_end(draw):
    """A reward on reaching the goal and no other: the walk of which all of reinforcement learning is about."""
    inputs = walked(draw, N=2, T=7, gamma=0.9, ends=[(0, 4), (1, 2)])
    paid = in_single(np.where(inputs["dones"], draw.uniform(0.5, 2.0, 2, 7), 0))
    return inputs | {"rewards": paid}


def walked_for_long(draw):
    return walked(draw, N=2, T=200, gamma=0.5, ends=[(1, 60)])


def another_last_reward(inputs, draw):
    """The last rewards change."""
    rewards = inputs["rewards"].copy()
    rewards[:, -1] += in_single(3 + draw.uniform(0, 1, len(rewards)))
    return inputs | {"rewards": rewards}


def _powers_of(gamma, rewards):
    return gamma ** torch.arange(rewards.shape[1], device=rewards.device)


def _scaled_by_powers(rewards, dones, gamma):
    """The sum from the right of γᵗ · reward, divided by γᵗ; row by row and episode by episode."""
    weighted, out = rewards * _powers_of(gamma, rewards), torch.zeros_like(rewards)
    for n, t in np.ndindex(*rewards.shape):
        ends = [s for s in range(t, rewards.shape[1]) if dones[n, s]] or [rewards.shape[1] - 1]
        out[n, t] = weighted[n, t : ends[0] + 1].sum() / gamma**t if gamma else rewards[n, t]
    return out


def _as_one_row(rewards, dones, gamma):
    out, following = torch.zeros(rewards.numel()), 0.0
    for i in reversed(range(rewards.numel())):
        following = rewards.flatten()[i] + gamma * following * ~dones.flatten()[i]
        out[i] = following
    return out.reshape(rewards.shape)


discounted_returns = Exercise(
    points=4,
    torch=True,
    cases={
        "three walks without an end": partial(walked, ends=()),
        "a single walk": partial(walked, N=1, T=5, ends=()),
        "three walks": walked,
        "ends of all kinds": ends_of_all_kinds,
        "a reward at the end": paid_at_the_end,
        "no discount": partial(walked, gamma=1.0),
        "the next reward alone": partial(walked, gamma=0.0),
        "two hundred steps": walked_for_long,
    },
    checks=[
        agrees(
            1,
            "adds up later rewards by their delay, the own one undiscounted",
            on=["three walks without an end", "a single walk", "no discount", "the next reward alone"],
        ),
        agrees(
            1,
            "carries nothing over the end of an episode",
            on=["three walks", "ends of all kinds", "a reward at the end"],
        ),
        moves(
            1,
            "lets a reward be felt by all earlier steps of its episode, and by no others",
            change=another_last_reward,
            on=["three walks", "a single walk"],
        ),
        agrees(1, "is as right after two hundred steps", on="two hundred steps"),
    ],
    mistakes=[
        Mistake(
            "over_the_end",
            "You carry returns over the end of an episode: a step is paid for what happened in the next episode, with which it has nothing to do.",
            edit(" * ~dones[:, t]", ""),
        ),
        Mistake(
            "undiscounted",
            "You do not discount: a later reward counts less, by one factor of gamma for each step of delay.",
            edit("gamma * following", "following"),
        ),
        Mistake(
            "own_reward_discounted",
            "You discount a step's own reward. It comes without delay, and counts in full.",
            edit("= following", "= gamma * following"),
        ),
        Mistake(
            "own_reward_left_out",
            "You leave out a step's own reward, and begin with the next one.",
            edit("returns[:, t] = following", "returns[:, t] = following - rewards[:, t]"),
        ),
        Mistake(
            "cut_one_step_early",
            "You cut before the last step of an episode, so that what it earns reaches no other step. dones is True at the last step, and that still belongs to its episode.",
            edit("~dones[:, t]", "(~dones[:, t + 1] if t + 1 < rewards.shape[1] else 1)"),
        ),
        Mistake(
            "last_reward_lost",
            "You lose the reward of the last step of each episode, which is often the only one. The end stops what comes after it.",
            edit("rewards[:, t] + gamma * following", "(rewards[:, t] + gamma * following)"),
        ),
        Mistake(
            "discounted_to_the_start",
            "You weigh each reward by gamma to the power of its place in the row. What counts is how long after the step it comes.",
            edit("return returns", "return returns * gamma ** torch.arange(rewards.shape[1])"),
        ),
        Mistake(
            "whole_return_for_all",
            "You give every step the return of its row's first step. A step cannot change what was earned before it.",
            edit("return returns", "return returns[:, :1].expand_as(rewards).clone()"),
        ),
        Mistake(
            "forwards",
            "You add up the past: your sum runs from left to right. What a step leads to comes after it.",
            edit("reversed(range(rewards.shape[1]))", "range(rewards.shape[1])"),
        ),
        Mistake(
            "back_to_front",
            "Your returns stand in the reverse order: they are computed from the last step to the first, and must be turned round.",
            edit("return returns", "return returns.flip(1)"),
        ),
        Mistake(
            "rows_joined",
            "You go through all rows as one: a row begins with what the next row has earned. Rows are different walks.",
            _as_one_row,
        ),
        Mistake(
            "standardised",
            "You subtract the mean and divide by the standard deviation. That may help training, but it is a step of its own; the returns are asked.",
            edit("return returns", "return (returns - returns.mean()) / (returns.std() + 1e-8)"),
        ),
        Mistake(
            "divided_by_powers",
            "You multiply by powers of gamma and divide by them again. After many steps a power rounds to 0, and you divide by it: go backwards, step by step, instead.",
            _scaled_by_powers,
        ),
    ],
    hints=[
        "Write down the return of the last step. How does that of the step before follow from it?",
        "What stands to the right of an episode's last step, and what must become of it there?",
    ],
)


# gae


def criticised(draw, N=3, T=6, ends=((0, 2), (2, 1), (2, 4)), **factors):
    """Walks with a critic's values, which are far enough from 0 that a bootstrap shows."""
    walks = walked(draw, N=N, T=T, ends=ends)
    values = in_single(1.5 + draw(N, T))
    inputs = {"rewards": walks["rewards"], "values": values, "next_value": in_single(2.0 + draw(N))}
    return inputs | {"dones": walks["dones"]} | factors


def criticised_ends(draw):
    """An episode after every step, an end in the last column, two episodes of one step in a row."""
    ends = [(0, t) for t in range(5)] + [(1, 4), (2, 1), (2, 2)]
    return criticised(draw, N=3, T=5, ends=ends, gamma=0.9, lam=0.8)


def another_next_value(inputs, draw):
    return inputs | {"next_value": inputs["next_value"] + in_single(1 + draw.uniform(0, 1, len(inputs["next_value"])))}


def returns_above_advantages(gae, **inputs):
    """-> difference (N, T)

    What the returns have more than the advantages: the critic's values.
    """
    both = gae(**inputs)
    if not isinstance(both, tuple | list) or len(both) != 2:
        raise ValueError("two tensors are asked for, advantages and returns")
    advantages, returns = both
    return returns - advantages


def _gae_with(delta_of, later_of=None, done_of=lambda dones: dones):
    """A mistake in δ, in what is carried on, or in where an episode ends."""

    def wrong(rewards, values, next_value, dones, gamma=0.99, lam=0.95):
        after, goes_on = torch.cat([values[:, 1:], next_value[:, None]], 1), (~done_of(dones)).to(rewards.dtype)
        delta = delta_of(rewards, values, after, goes_on, gamma)
        factor = later_of(goes_on, gamma, lam) if later_of else gamma * lam * goes_on
        columns, later = [], 0.0
        for t in reversed(range(rewards.shape[1])):
            later = delta[:, t] + factor[:, t] * later
            columns.insert(0, later)
        advantages = torch.stack(columns, 1)
        return advantages, advantages + values

    return wrong


def _right_delta(rewards, values, after, goes_on, gamma):
    return rewards + gamma * after * goes_on - values


def _one_step_late(dones):
    return torch.cat([torch.zeros_like(dones[:, :1]), dones[:, :-1]], 1)


def _one_step_early(dones):
    return torch.cat([dones[:, 1:], torch.zeros_like(dones[:, :1])], 1)


def _returns_as(returns_of):
    """A mistake in the returns alone; `returns_of` gets advantages, rewards, values and what follows them."""

    def wrong(rewards, values, next_value, dones, gamma=0.99, lam=0.95):
        after, goes_on = torch.cat([values[:, 1:], next_value[:, None]], 1), ~dones
        advantages, later = torch.empty_like(rewards), torch.zeros_like(next_value)
        for t in reversed(range(rewards.shape[1])):
            delta = rewards[:, t] + gamma * after[:, t] * goes_on[:, t] - values[:, t]
            later = delta + gamma * lam * later * goes_on[:, t]
            advantages[:, t] = later
        return advantages, returns_of(advantages, rewards, values, after * goes_on, gamma)

    return wrong


gae = Exercise(
    points=8,
    torch=True,
    cases={
        "three walks without an end": partial(criticised, ends=(), gamma=0.9, lam=0.8),
        "a single walk": partial(criticised, N=1, T=5, ends=(), gamma=0.8, lam=0.6),
        "a single step": partial(criticised, N=4, T=1, ends=((1, 0),), gamma=0.9, lam=0.7),
        "three walks": partial(criticised, gamma=0.9, lam=0.8),
        "ends of all kinds": criticised_ends,
        "lam = 0": partial(criticised, gamma=0.9, lam=0.0),
        "lam = 1": partial(criticised, gamma=0.9, lam=1.0),
        "neither discounted": partial(criticised, gamma=1.0, lam=1.0),
        "the defaults": partial(criticised, T=9),
    },
    checks=[
        agrees(
            2,
            "sums the surprises of this step and of all later ones, by powers of gamma · lam",
            on=["three walks without an end", "a single walk"],
            part="advantages",
        ),
        agrees(
            2,
            "carries neither values nor advantages over the end of an episode",
            on=["three walks", "ends of all kinds", "a single step"],
            part="advantages",
        ),
        agrees(
            1,
            "is one step's surprise for lam = 0, and what was earned above the value for lam = 1",
            on=["lam = 0", "lam = 1", "neither discounted"],
            part="advantages",
        ),
        agrees(1, "discounts by 0.99 and 0.95 by default", on="the defaults", part="advantages"),
        moves(
            1,
            "lets the value after the last column be felt back to the last end, and no further",
            change=another_next_value,
            on=["three walks", "ends of all kinds"],
        ),
        agrees(
            1,
            "returns what the critic should have said: advantages plus values",
            on=["three walks", "a single walk"],
            driver=returns_above_advantages,
        ),
    ],
    mistakes=[
        Mistake(
            "bootstraps_over_the_end",
            "At the end of an episode you add the value of what comes next, which is the start of another episode. After the end nothing is to be expected.",
            edit(" * goes_on - values", " - values"),
        ),
        Mistake(
            "sum_not_cut",
            "You carry advantages over the end of an episode: a step is blamed for what went wrong in the next one.",
            edit(" * later * goes_on[:, t]", " * later"),
        ),
        Mistake(
            "ends_ignored",
            "You ignore where episodes end. Neither a value nor an advantage may be carried over an end.",
            edit("~dones", "torch.ones_like(dones)"),
        ),
        Mistake(
            "ends_one_step_late",
            "Your ends come one step late. dones is True at the last step of an episode; in some programs the mark stands at the first step of the next one.",
            _gae_with(_right_delta, done_of=_one_step_late),
        ),
        Mistake(
            "ends_one_step_early",
            "Your ends come one step early: at step t you look at the mark of step t + 1, as programs do whose mark stands at an episode's first step. Here it stands at the last.",
            _gae_with(_right_delta, done_of=_one_step_early),
        ),
        Mistake(
            "nothing_after_the_last_column",
            "You take the value after the last column to be 0. The walk is not over there, only your view of it: that is what `next_value` is for.",
            edit("next_value[:, None]", "0 * next_value[:, None]"),
        ),
        Mistake(
            "last_value_again",
            "After the last column you take the last value once more. `next_value` is the value there.",
            edit("next_value[:, None]", "values[:, -1:]"),
        ),
        Mistake(
            "last_column_left_out",
            "You never set the last column, or set it to 0: it has its own surprise, for which `next_value` is given.",
            edit(
                "return advantages, advantages + values",
                "advantages[:, -1] = 0\n    return advantages, advantages + values",
            ),
        ),
        Mistake(
            "lam_alone",
            "You carry advantages on by lam alone. What is a step later is discounted, too: by gamma · lam.",
            edit("gamma * lam * later", "lam * later"),
        ),
        Mistake(
            "lam_left_out",
            "You carry advantages on by gamma alone, as if lam were 1.",
            edit("gamma * lam * later", "gamma * later"),
        ),
        Mistake(
            "one_step_only",
            "You return the surprise of each step alone, as if lam were 0: add those of the later steps.",
            edit("gamma * lam * later * goes_on[:, t]", "0 * later"),
        ),
        Mistake(
            "next_value_not_discounted",
            "You do not discount the value of the next step. It is a step away, so gamma belongs to it.",
            edit("gamma * values_after", "values_after"),
        ),
        Mistake(
            "value_not_subtracted",
            "You never subtract the value of the step itself: an advantage is what came out above what was expected.",
            edit(" * goes_on - values", " * goes_on"),
        ),
        Mistake(
            "value_added",
            "You add the value of the step itself. Subtract it: an advantage is what came out above what was expected.",
            edit(" * goes_on - values", " * goes_on + values"),
        ),
        Mistake(
            "own_value_bootstrapped",
            "In δ you use the step's own value twice. What is discounted and added is the value of the next step.",
            edit("gamma * values_after", "gamma * values"),
        ),
        Mistake(
            "value_kept_at_the_end",
            "At the last step of an episode you do not subtract its value. The end takes away what comes after it; what was expected of the step stays.",
            _gae_with(lambda rewards, values, after, goes_on, gamma: rewards + goes_on * (gamma * after - values)),
        ),
        Mistake(
            "forwards",
            "Your sum runs from left to right, so that a step is praised for what came before it. Go backwards.",
            edit("reversed(range(delta.shape[1]))", "range(delta.shape[1])"),
        ),
        Mistake(
            "standardised",
            "You subtract the mean and divide by the standard deviation. PPO does so later, with each batch; the advantages as they are make the returns.",
            returns("(advantages - advantages.mean()) / (advantages.std() + 1e-8), advantages + values"),
        ),
        Mistake(
            "swapped",
            "You return the two the other way round: advantages first, then returns.",
            edit("return advantages, advantages + values", "return advantages + values, advantages"),
        ),
        Mistake(
            "returns_without_values",
            "You subtract the values from the advantages. An advantage is a return above the value, so that the return is found by adding.",
            _returns_as(lambda advantages, rewards, values, after, gamma: advantages - values),
        ),
        Mistake(
            "returns_of_one_step",
            "Your returns look one step ahead: reward and discounted value. Those of this exercise are advantages + values, which look as far as the advantages do.",
            _returns_as(lambda advantages, rewards, values, after, gamma: rewards + gamma * after),
        ),
        Mistake(
            "returns_from_the_next_values",
            "You add the value of the next step to the advantages. The return of a step is its advantage above its own value.",
            _returns_as(lambda advantages, rewards, values, after, gamma: advantages + after),
        ),
        Mistake(
            "returns_from_the_rewards",
            "You add the rewards to the advantages. The return of a step is its advantage above its value.",
            _returns_as(lambda advantages, rewards, values, after, gamma: advantages + rewards),
        ),
    ],
    hints=[
        "What does the critic expect before step t, and what may it expect after it? δ is the difference, with the reward between them.",
        "Write the advantage of step t with that of step t + 1 in it. Which factor stands before it, and what becomes of it at an end?",
        "Two things must stop at an end: which terms of the formula belong to the step after it?",
    ],
)


# policy_gradient_loss


def acted(draw, N=3, T=6, lengths=(4, 6, 1), gradient=False):
    """Log-probabilities of actions with their advantages, in rows of several lengths."""
    inputs = {
        "log_probs": in_single(-0.1 - np.abs(draw(N, T))),
        "advantages": in_single(draw(N, T) + 0.5 * draw.signs(N, T)),
        "mask": from_to([0] * N, lengths[:N], T),
    }
    return inputs | ({"gradient": True} if gradient else {})


def acted_here_and_there(draw, gradient=False):
    inputs = acted(draw, N=4, T=5, lengths=(5,) * 4, gradient=gradient)
    kept = draw.uniform(0, 1, 4, 5) < 0.5
    kept[:, 0], kept[:, 1], kept[0, 1:3] = False, True, True
    return inputs | {"mask": kept}


def acted_once(draw):
    return acted(draw, N=1, T=4, lengths=(1,))


def two_arms(draw, plays=(3, 9), T=5):
    """A bandit's two arms, played exactly as often as the policy plays them, in rows with padding.

    The policy has two scores; of twelve plays three are of the first arm, and so is its probability a quarter.
    """
    arms = draw.permutation(sum(plays)) >= plays[0]
    rows = -(-len(arms) // (T - 1))
    mask = from_to([0] * rows, [T - 1] * rows, T)
    table = np.zeros((rows, T), np.int64)
    table[mask] = arms
    scores = in_single(np.log(plays) + float(draw.uniform(-1, 1)))
    return {"scores": scores, "arms": table, "payoffs": in_single([0.5, -1.0] + 0.5 * draw(2)), "mask": mask}


def taught_policy(policy_gradient_loss, scores, arms, payoffs, mask):
    """-> slope (2,)

    What the loss does to a policy that is a softmax of two scores: its gradient in them. An advantage is what the arm
    pays above what the policy earns on average, computed from the same scores.
    """
    scores = scores.requires_grad_()
    log_policy = scores.log_softmax(0)
    advantages = payoffs - (log_policy.exp() * payoffs).sum()
    loss = policy_gradient_loss(log_policy[arms], advantages[arms], mask)
    (slope,) = torch.autograd.grad(loss + 0 * scores.sum(), scores)
    return slope


def _scaled(advantages, among):
    return (advantages - among.mean()) / (among.std() + 1e-8)


def _weighted_by(weights_of):
    """A mistake in what the log-probabilities are multiplied by."""
    return lambda log_probs, advantages, mask: -(weights_of(advantages, mask) * log_probs)[mask].mean()


STANDARDISED = {
    "with_padding": lambda advantages, mask: _scaled(advantages.detach(), advantages.detach()),
    "with_padding_and_gradient": lambda advantages, mask: _scaled(advantages, advantages),
    "where_kept": lambda advantages, mask: _scaled(advantages.detach(), advantages.detach()[mask]),
}


policy_gradient_loss = Exercise(
    points=5,
    torch=True,
    driver=answered_or_sloped,
    cases={
        "three rows": acted,
        "a single row": partial(acted, N=1, lengths=(4,)),
        "nothing left out": partial(acted, N=2, T=5, lengths=(5, 5)),
        "a mask with gaps": acted_here_and_there,
        "a single action": acted_once,
        "the gradient": partial(acted, gradient=True),
        "the gradient for a mask with gaps": partial(acted_here_and_there, gradient=True),
        "two arms": two_arms,
    },
    checks=[
        agrees(
            2,
            "is the mean of −advantage · log-probability over all kept tokens",
            on=["three rows", "a single row", "nothing left out", "a mask with gaps", "a single action"],
        ),
        agrees(
            2,
            "gives kept log-probabilities the right gradient, and the advantages none",
            on=["the gradient", "the gradient for a mask with gaps"],
        ),
        agrees(
            1,
            "moves a policy of two arms as its expected reward does",
            on="two arms",
            driver=taught_policy,
        ),
    ],
    mistakes=[
        Mistake(
            "sign",
            "Your loss has the wrong sign: a step downhill makes bad actions likelier. What is minimised is minus the gain.",
            edit("return -", "return "),
        ),
        Mistake(
            "gradient_through_the_advantages",
            "Your loss sends a gradient into the advantages. They say how good the actions were, and are constants here: a critic has a loss of its own.",
            edit("advantages.detach()", "advantages"),
        ),
        Mistake(
            "divided_by_all",
            "You leave padding out of the sum, but count it in the divisor. Divide by the number of kept tokens.",
            returns("-(advantages.detach() * log_probs * mask).mean()"),
        ),
        Mistake(
            "mask_ignored",
            "You ignore the mask: padding counts, too.",
            edit("masked_mean(advantages.detach() * log_probs, mask)", "(advantages.detach() * log_probs).mean()"),
        ),
        Mistake(
            "inverted",
            "You average over what must be left out. The mask is True for the tokens that count.",
            edit("log_probs, mask)", "log_probs, ~mask)"),
        ),
        Mistake(
            "sum",
            "You sum over the kept tokens. The loss is their mean.",
            returns("-(advantages.detach() * log_probs * mask).sum()"),
        ),
        Mistake(
            "sums_of_rows",
            "You sum over each row and average the rows. Divide by the number of kept tokens of the whole batch.",
            returns("-(advantages.detach() * log_probs * mask).sum(1).mean()"),
        ),
        Mistake(
            "mean_of_row_means",
            "You average each row, and then the rows. Every kept token of the batch counts the same, those of long rows too.",
            returns("-masked_mean(advantages.detach() * log_probs, mask, 1).mean()"),
        ),
        Mistake(
            "probabilities",
            "You weigh probabilities. The gradient of an expectation, estimated from draws, is that of the log-probabilities: what is likely is drawn often already.",
            edit("* log_probs", "* log_probs.exp()"),
        ),
        Mistake(
            "advantages_left_out",
            "You leave the advantages out, so that the policy imitates whatever it has done.",
            edit("advantages.detach() * log_probs", "log_probs"),
        ),
        Mistake(
            "good_actions_alone",
            "You count positive advantages alone. What went worse than expected must become less likely.",
            edit("advantages.detach()", "advantages.detach().relu()"),
        ),
        *(
            Mistake(
                f"standardised_{how}",
                "You subtract the advantages' mean and divide by their standard deviation. Some programs do that first, with a whole batch; here they count as they are, and as constants.",
                _weighted_by(weights_of),
            )
            for how, weights_of in STANDARDISED.items()
        ),
        Mistake(
            "mean_advantage",
            "You multiply two means. Each action has its own advantage: multiply first, then average.",
            returns("-masked_mean(advantages.detach(), mask) * masked_mean(log_probs, mask)"),
        ),
        Mistake(
            "detached",
            "Your loss is right, but passes no gradient back: the log-probabilities are detached, and they are what the policy learns by.",
            edit("* log_probs", "* log_probs.detach()"),
        ),
    ],
    hints=[
        "An optimiser makes the loss smaller. What must happen to the log-probability of an action with a positive advantage?",
        "Of the two factors one comes from the policy that learns, the other from a judgement of what it did. Through which may a gradient pass?",
        "The mean over what a mask keeps is an exercise of this unit; your own function may be called.",
    ],
)


# What the second half shares: gradients by name, lengths of answers, and log-probabilities away from every kink


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
    old = in_single(far - np.abs(draw(N, T)))
    inputs = {"log_probs": in_single(old + log_ratio), "old_log_probs": old, "mask": mask}
    return inputs if clip is None else inputs | {"clip": clip}


# ppo_clip_loss


def _ppo_case(draw, gradient_in=(), sign=0, **sizes):
    inputs = _drawn_tokens(draw, **sizes)
    advantages = _not_zero(draw(*inputs["mask"].shape))
    if sign:
        advantages = sign * np.abs(advantages)
    inputs["advantages"] = in_single(np.where(inputs["mask"], advantages, 5.0 * advantages))
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


def _ppo_whitened(log_probs, old_log_probs, advantages, mask, clip=0.2):
    kept = advantages.detach()[mask]
    kept = (kept - kept.mean()) / (kept.std(correction=0) + 1e-8)
    ratio = (log_probs - old_log_probs.detach()).exp()[mask]
    return -torch.minimum(ratio * kept, ratio.clamp(1 - clip, 1 + clip) * kept).mean()


_PPO_SMALLER_RATIO = Mistake(
    "smaller_ratio",
    "You take the smaller of ratio and clipped ratio, and then multiply by the advantage. For an advantage below zero that is the larger product: compare the products.",
    edit(_PPO_GAIN, "torch.minimum(ratio, ratio.clamp(1 - clip, 1 + clip)) * advantages", of="_clipped_gain"),
)
_PPO_OLD_NOT_CONSTANT = Mistake(
    "old_not_constant",
    "Your values are right, but a gradient reaches the old log-probabilities. They are what the policy was, a constant.",
    edit(
        "old, advantages = old.detach(), advantages.detach()",
        "advantages = advantages.detach()",
        of="_clipped_gain",
    ),
)

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
        agrees(
            1,
            "knows the ratio of two probabilities that are too small to be represented",
            on="log-probabilities near -1000",
        ),
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
            returns("ratio.clamp(1 - clip, 1 + clip) * advantages", of="_clipped_gain"),
        ),
        Mistake(
            "not_clipped",
            "You do not clip at all. That is the loss of importance sampling, and nothing keeps the policy near the one that has drawn the tokens.",
            returns("ratio * advantages", of="_clipped_gain"),
        ),
        _PPO_SMALLER_RATIO,
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
            "advantages_normalised",
            "You normalise the advantages of the batch. Many programs do so before they call the loss; here they count as they come.",
            _ppo_whitened,
        ),
        Mistake(
            "no_constants",
            "Your values are right, but gradients reach the old log-probabilities and the advantages. Both are constants: what is trained is what the policy does now.",
            edit("old, advantages = old.detach(), advantages.detach()", "pass", of="_clipped_gain"),
        ),
        _PPO_OLD_NOT_CONSTANT,
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
    ref = in_single(far - np.abs(draw(N, T)))
    inputs = {"log_probs": in_single(ref + size * _not_zero(draw(N, T))), "ref_log_probs": ref}
    return inputs | ({"dout": in_single(draw(N, T))} if gradient else {})


def _kl_laws(draw, N=3, V=5):
    """Scores of all tokens under the policy and under the reference."""
    return {"logits": in_single(draw(N, V)), "ref_logits": in_single(draw(N, V))}


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
    return {"rewards": in_single(offset + size * draw(P, G))} | options


def _right_or_wrong(draw, P=5, G=8, equal=0, **options):
    """Rewards of 0 and 1; in the first group all are `equal`, in all others both occur."""
    rewards = draw.integers(0, 2, P, G)
    rewards[:, 0], rewards[:, 1] = 0, 1
    rewards[0] = equal
    return {"rewards": in_single(rewards)} | options


group_advantages = Exercise(
    points=5,
    torch=True,
    cases={
        "four prompts, six answers each": _rewards_case,
        "three prompts, two answers each": partial(_rewards_case, P=3, G=2),
        "one prompt": partial(_rewards_case, P=1, G=5),
        "as many prompts as answers": partial(_rewards_case, P=4, G=4),
        "prompts of different difficulty": lambda draw: {
            "rewards": in_single(draw(5, 3) * np.array([[0.1], [1.0], [3.0], [10.0], [0.5]]) + 4.0 * draw(5, 1))
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
        agrees(
            1,
            "gives zero to a group in which all are right or all are wrong",
            on=["a group in which all are wrong", "a group in which all are right"],
        ),
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
            everywhere("dim=1, keepdim=True", ""),
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
            returns("centred / (rewards.var(dim=1, keepdim=True) + eps).sqrt() if normalize else centred"),
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
    inputs["ref"] = in_single(inputs["log_probs"] + apart)
    inputs["advantages"] = in_single(_not_zero(draw(N)))
    return inputs | dict(options or {}) | ({"gradient_in": list(gradient_in)} if gradient_in else {})


_BY_TOKEN = {"reduce": "token"}
_GRPO_CONSTANTS = ("log_probs", "old", "ref", "advantages")
_GRPO_LOSSES = "losses = torch.where(mask, beta * k3 - gain, 0.0)"
_GRPO_ROWS = "(losses.sum(dim=1) / mask.sum(dim=1)).mean()"
_GRPO_VALUES = ["four answers of up to six tokens", "a single token", "as many answers as tokens", "a dear KL"]


def _grpo_without_constants(log_probs, old, ref, advantages, mask, clip=0.2, beta=0.04, reduce="sequence"):
    ratio, r = (log_probs - old).exp(), ref - log_probs
    bounded = ratio.clamp(1 - clip, 1 + clip)
    gain = torch.minimum(ratio * advantages[:, None], bounded * advantages[:, None])
    losses = torch.where(mask, beta * (r.exp() - 1 - r) - gain, 0.0)
    return losses.sum() / mask.sum() if reduce == "token" else (losses.sum(1) / mask.sum(1)).mean()


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
        agrees(
            1,
            'averages over all kept tokens where reduce is "token"',
            on=["tokens averaged", "tokens averaged, a dear KL"],
        ),
        agrees(1, "has PPO's clipped gain alone where the KL costs nothing", on=["no price for the KL", "a wide clip"]),
        agrees(
            1, "knows ratios of probabilities that are too small to be represented", on="log-probabilities near -1000"
        ),
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
            'You average each answer first even where reduce is "token". There, all kept tokens weigh the same.',
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
            edit("beta * k3", "beta * (k3.mean(dim=1, keepdim=True) if reduce != 'token' else k3.mean())"),
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
            returns("ratio * advantages", of="_clipped_gain"),
        ),
        _PPO_SMALLER_RATIO,
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
            edit("losses.sum() / mask.sum()", "losses.mean()").then(
                "(losses.sum(dim=1) / mask.sum(dim=1))", "losses.mean(dim=1)"
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
            "no_constants",
            "Your values are right, but gradients reach the old policy, the reference and the advantages. All three are constants.",
            _grpo_without_constants,
        ),
        Mistake(
            "old_and_advantages_not_constant",
            "Your values are right, but gradients reach the old log-probabilities and the advantages. Both are constants.",
            edit("old, advantages = old.detach(), advantages.detach()", "pass", of="_clipped_gain"),
        ),
        Mistake(
            "reference_not_constant",
            "Your values are right, but a gradient reaches the reference. It is what the model was before, a constant.",
            edit("ref.detach()", "ref"),
        ),
        _PPO_OLD_NOT_CONSTANT,
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


# distillation_loss


def _taught(draw, N=4, K=5, temperature=2.0, alpha=0.5, size=1.5, gradient=False):
    """Logits of a student and of its teacher, which agree in part; the label is often what the teacher finds likeliest."""
    teacher = size * draw(N, K)
    student = 0.5 * teacher + 0.6 * size * draw(N, K)
    labels = np.where(draw.uniform(0, 1, N) < 0.6, teacher.argmax(1), draw.integers(0, K, N))
    inputs = {"student": in_single(student), "teacher": in_single(teacher), "labels": labels}
    inputs |= {"temperature": temperature, "alpha": alpha}
    return inputs | ({"gradient_in": ["student"]} if gradient else {})


def _sure_of_it(draw, gradient=False):
    """Logits of ±1000: student and teacher are sure, of the same class and of different ones."""
    student = FAR_LOGIT * np.array([[1, -1, -1, 0.5], [-1, 1, 0.25, -1], [0.002, -1, 0.001, -0.001]])
    teacher = FAR_LOGIT * np.array([[1, -1, -1, 0.5], [1, -1, -0.5, -1], [0.001, 0.002, -1, 0.0]])
    inputs = {"student": in_single(student), "teacher": in_single(teacher), "labels": np.array([0, 2, 1])}
    inputs |= {"temperature": 2.0, "alpha": 0.3}
    return inputs | ({"gradient_in": ["student"]} if gradient else {})


FAR_LOGIT = 1000.0  # exp ends near 88 in single precision
_DISTIL_KL = "soft = (wanted.exp() * (wanted - found)).sum(dim=1).mean()"


def _distilled_naively(student, teacher, labels, temperature, alpha):
    p, q = ((logits / temperature).softmax(1) for logits in (teacher, student))
    soft = (p * (p / q).log()).sum(1).mean()
    return (
        alpha * temperature**2 * soft - (1 - alpha) * student.softmax(1)[torch.arange(len(labels)), labels].log().mean()
    )


distillation_loss = Exercise(
    points=6,
    torch=True,
    driver=slope_of,
    cases={
        "four examples of five classes": _taught,
        "a single example": partial(_taught, N=1, K=3, temperature=3.0),
        "two classes": partial(_taught, N=5, K=2, temperature=1.5, alpha=0.7),
        "temperature 1": partial(_taught, N=3, K=6, temperature=1.0),
        "a temperature below 1": partial(_taught, N=3, K=4, temperature=0.5),
        "a high temperature": partial(_taught, N=3, K=7, temperature=8.0, size=4.0),
        "the teacher alone": partial(_taught, N=6, K=4, temperature=4.0, alpha=1.0, size=3.0),
        "the labels alone": partial(_taught, N=6, K=4, temperature=4.0, alpha=0.0),
        "logits of ±1000": _sure_of_it,
        "the gradient": partial(_taught, N=3, K=5, temperature=3.0, alpha=0.6, size=2.0, gradient=True),
        "the gradient at logits of ±1000": partial(_sure_of_it, gradient=True),
    },
    checks=[
        agrees(
            2,
            "adds what the teacher teaches, and what the labels do, in the given shares",
            on=["four examples of five classes", "a single example", "two classes", "temperature 1"],
        ),
        agrees(
            1,
            "is KL(teacher ‖ student) times the temperature squared where only the teacher counts",
            on=["the teacher alone", "a high temperature", "a temperature below 1"],
        ),
        agrees(1, "is the cross-entropy at temperature 1 where only the labels count", on="the labels alone"),
        agrees(1, "is finite where student and teacher are very sure", on="logits of ±1000"),
        agrees(
            1,
            "returns the right gradient for every logit of the student",
            on=["the gradient", "the gradient at logits of ±1000"],
        ),
    ],
    mistakes=[
        Mistake(
            "temperature_not_squared_back",
            "You leave out the factor temperature². The gradient of the soft term shrinks by that much, and the shares would change with the temperature.",
            edit("alpha * temperature**2 * soft", "alpha * soft"),
        ),
        Mistake(
            "temperature_once",
            "You multiply by the temperature once. The gradient of the soft term shrinks by its square.",
            edit("temperature**2", "temperature"),
        ),
        Mistake(
            "kl_reversed",
            "Your KL is the other way round. The teacher's probabilities weigh the logarithms: what the teacher finds likely must be likely for the student.",
            edit(_DISTIL_KL, "soft = (found.exp() * (found - wanted)).sum(dim=1).mean()"),
        ),
        Mistake(
            "probabilities_for_logarithms",
            "You give the student's probabilities to a function that expects their logarithms.",
            edit(
                _DISTIL_KL,
                'soft = F.kl_div(found.exp(), wanted.exp(), reduction="batchmean")',
            ),
        ),
        Mistake(
            "cross_entropy_for_kl",
            "Your soft term is the cross-entropy with the teacher's probabilities, and is not zero for a student that has learnt everything. The KL has the teacher's entropy taken off.",
            edit("(wanted - found)", "(-found)"),
        ),
        Mistake(
            "averaged_over_classes",
            "You average the KL over the classes, too. A divergence is a sum over them, and the mean is over the examples alone.",
            edit(".sum(dim=1).mean()", ".mean()"),
        ),
        Mistake(
            "summed_over_examples",
            "You sum the KL over the examples. Both terms are averages over them.",
            edit(".sum(dim=1).mean()", ".sum()"),
        ),
        Mistake(
            "shares_swapped",
            "You swap the shares: alpha is the teacher's.",
            returns("(1 - alpha) * temperature**2 * soft + alpha * hard"),
        ),
        Mistake(
            "labels_at_the_temperature",
            "You take the cross-entropy with the labels at the temperature. It is taken at temperature 1, as the student will be used.",
            edit("cross_entropy(student, labels)", "cross_entropy(student / temperature, labels)"),
        ),
        Mistake(
            "teacher_at_1",
            "You divide the student's logits alone by the temperature. The teacher's are divided as well.",
            edit("(teacher / temperature)", "(teacher / 1)"),
        ),
        Mistake(
            "no_temperature",
            "You do not divide the logits by the temperature.",
            edit("(teacher / temperature)", "teacher").then("(student / temperature)", "student"),
        ),
        Mistake(
            "multiplied_by_the_temperature",
            "You multiply the logits by the temperature. They are divided by it: a high temperature makes all classes more alike.",
            edit("teacher / temperature", "teacher * temperature").then(
                "student / temperature", "student * temperature"
            ),
        ),
        Mistake(
            "whole_loss_scaled",
            "You multiply both terms by temperature². The cross-entropy with the labels knows no temperature.",
            returns("temperature**2 * (alpha * soft + (1 - alpha) * hard)"),
        ),
        Mistake(
            "unstable",
            "Your loss is not finite for large logits: a probability rounds to 0, and its logarithm is infinite. Take the logarithm of the softmax in one step.",
            _distilled_naively,
        ),
        Mistake(
            "soft_detached",
            "Your loss is right, but no gradient comes back from the teacher's term.",
            edit("alpha * temperature**2 * soft", "alpha * temperature**2 * soft.detach()"),
        ),
    ],
    hints=[
        "At which temperature is each of the two terms taken?",
        "Which of the two distributions weighs the logarithms in KL(teacher ‖ student)?",
        "Over what is a divergence summed, over what is it averaged? Read what the library's function does unless it is told.",
    ],
)


# LoRALinear


def adapted(LoRALinear, weight, lora_A, lora_B, alpha, x, bias=None, dout=None):
    """-> out (…, M)

    The layer that is adapted has the given weights; then the two factors are set. With dout the answer is the gradients
    instead: in x, in the two factors, and in the layer's own weights, which get none.
    """
    linear = load(
        torch.nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None),
        {"weight": weight} | ({} if bias is None else {"bias": bias}),
    ).to(device)
    module = LoRALinear(linear, len(lora_A), alpha).to(device)
    load(module, module.state_dict() | {"lora_A": lora_A, "lora_B": lora_B})
    if dout is None:
        return module(x)
    x = x.requires_grad_()
    module(x).backward(dout)
    found = [x, module.lora_A, module.lora_B, *module.linear.parameters(), *linear.parameters()]
    return [torch.zeros_like(each) if each.grad is None else each.grad for each in found]


def begun(LoRALinear, weight, bias, rank, alpha, x):
    """What a new module gives before anything is set, and what of it can learn."""
    linear = load(torch.nn.Linear(weight.shape[1], weight.shape[0]), {"weight": weight, "bias": bias}).to(device)
    module = LoRALinear(linear, rank, alpha).to(device)
    return {
        "answer to whether the output is the given layer's": bool(torch.allclose(module(x), linear(x), atol=1e-5)),
        "number of entries of lora_B other than zero": int((module.lora_B != 0).sum()),
        "rank of lora_A": int(torch.linalg.matrix_rank(module.lora_A)),
        "number of weights that require a gradient": sum(p.numel() for p in module.parameters() if p.requires_grad),
    }


def merged_once(LoRALinear, weight, lora_A, lora_B, alpha, x, bias=None):
    """-> weight (M, D), has_bias, bias (M,), out (…, M)

    What merged() returns, and what it gives for x.
    """
    linear = load(
        torch.nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None),
        {"weight": weight} | ({} if bias is None else {"bias": bias}),
    ).to(device)
    module = LoRALinear(linear, len(lora_A), alpha).to(device)
    load(module, module.state_dict() | {"lora_A": lora_A, "lora_B": lora_B})
    torch.manual_seed(0)  # so that a layer that is left as it was made is known again
    merged = module.merged()
    if not isinstance(merged, torch.nn.Linear):
        raise TypeError(f"merged() is asked to return an nn.Linear, not a {type(merged).__name__}")
    merged = merged.to(device)
    has_bias = merged.bias is not None
    return merged.weight, has_bias, merged.bias if has_bias else torch.zeros(len(merged.weight)), merged(x)


def merged_again(LoRALinear, weight, bias, lora_A, lora_B, new_A, new_B, alpha, x):
    """-> after (N, M), again (N, M), first (N, M)

    merged() is called, and what it has returned is changed; after is what the module then gives. The factors are set anew:
    again is what a second merged() gives, and first what the first one gives, with its change taken back.
    """
    linear = load(torch.nn.Linear(weight.shape[1], weight.shape[0]), {"weight": weight, "bias": bias}).to(device)
    module = LoRALinear(linear, len(lora_A), alpha).to(device)
    load(module, module.state_dict() | {"lora_A": lora_A, "lora_B": lora_B})
    first = module.merged().to(device)
    kept = [parameter.detach().clone() for parameter in first.parameters()]
    with torch.no_grad():
        for parameter in first.parameters():
            parameter.add_(1.0)
        after = module(x)
        for parameter, value in zip(first.parameters(), kept, strict=True):
            parameter.copy_(value)
        module.lora_A.copy_(new_A)
        module.lora_B.copy_(new_B)
        return after, module.merged().to(device)(x), first(x)


def _adapter(draw, D=5, M=4, rank=2, lead=(3,), alpha=3.0, bias=True, gradient=False):
    """A layer's weights, the two factors, and inputs with any number of leading axes; all sizes differ."""
    inputs = {"weight": in_single(draw(M, D) / np.sqrt(D))} | ({"bias": in_single(draw(M))} if bias else {})
    inputs |= {"lora_A": in_single(draw(rank, D) / np.sqrt(D)), "lora_B": in_single(draw(M, rank)), "alpha": alpha}
    inputs |= {"x": in_single(draw(*lead, D))}
    return inputs | ({"dout": in_single(draw(*lead, M))} if gradient else {})


def _new_adapter(draw, D=7, M=4, rank=3, N=5, alpha=6.0):
    inputs = {"weight": in_single(draw(M, D)), "bias": in_single(draw(M)), "rank": rank, "alpha": alpha}
    return inputs | {"x": in_single(draw(N, D))}


def _two_adapters(draw, D=5, M=4, rank=2, N=3, alpha=3.0):
    inputs = _adapter(draw, D, M, rank, (N,), alpha)
    return inputs | {"new_A": in_single(draw(rank, D)), "new_B": in_single(draw(M, rank))}


def _adapter_words(inputs):
    """What the gradients are of."""
    layer = ["weight", "bias"] if "bias" in inputs else ["weight"]
    names = [
        "x",
        "lora_A",
        "lora_B",
        *(f"linear.{name}" for name in layer),
        *(f"the given layer's {name}" for name in layer),
    ]
    return {f"out[{place}]": f"the gradient in {name}" for place, name in enumerate(names)} if "dout" in inputs else {}


_LORA_FREEZE = "self.linear = linear.requires_grad_(False)"
_LORA_B = "self.lora_B = nn.Parameter(torch.zeros(linear.out_features, rank))"
_LORA_MERGED = """merged = copy.deepcopy(self.linear)
        with torch.no_grad():
            merged.weight += self.scale * self.lora_B @ self.lora_A
        return merged"""

LoRALinear = Exercise(
    points=8,
    torch=True,
    driver=adapted,
    words=_adapter_words,
    cases={
        "three examples": _adapter,
        "a single vector": partial(_adapter, D=6, M=3, lead=(), alpha=1.0),
        "sequences": partial(_adapter, D=3, M=5, rank=2, lead=(2, 4), alpha=0.5),
        "no bias": partial(_adapter, D=4, M=6, rank=3, bias=False),
        "rank 1": partial(_adapter, D=4, M=7, rank=1, alpha=2.0),
        "a rank above both sizes": partial(_adapter, D=3, M=2, rank=5, lead=(4,), alpha=8.0),
        "as many inputs as outputs": partial(_adapter, D=4, M=4, rank=3, alpha=16),
        "the gradients": partial(_adapter, D=6, M=4, rank=2, lead=(3,), gradient=True),
        "the gradients, no bias": partial(_adapter, D=3, M=5, rank=2, lead=(2, 4), bias=False, gradient=True),
        "a new module": _new_adapter,
        "a new module of rank 1": partial(_new_adapter, D=4, M=6, rank=1),
        "factors that change": _two_adapters,
    },
    checks=[
        agrees(
            2,
            "adds alpha / rank times what goes through the two factors",
            on=[
                "three examples",
                "a single vector",
                "sequences",
                "no bias",
                "rank 1",
                "a rank above both sizes",
                "as many inputs as outputs",
            ],
        ),
        agrees(
            2,
            "begins as the given layer does, and has two factors to learn, and nothing else",
            on=["a new module", "a new module of rank 1"],
            driver=begun,
        ),
        agrees(
            1,
            "passes gradients back to its input and its factors, and none to the layer's own weights",
            on=["the gradients", "the gradients, no bias"],
        ),
        agrees(
            2,
            "merges into one layer that gives the same",
            on=["three examples", "sequences", "no bias", "rank 1", "as many inputs as outputs"],
            driver=merged_once,
        ),
        agrees(
            1,
            "shares nothing with the layer that it is merged into, which is made of the factors' present values",
            on="factors that change",
            driver=merged_again,
        ),
    ],
    mistakes=[
        Mistake(
            "not_divided_by_rank",
            "You do not divide alpha by the rank, so that a higher rank means a larger change.",
            edit("self.scale = alpha / rank", "self.scale = alpha"),
        ),
        Mistake(
            "not_scaled",
            "You do not scale what goes through the factors.",
            edit("self.scale = alpha / rank", "self.scale = 1.0"),
        ),
        Mistake(
            "divided_by_the_root",
            "You divide alpha by the root of the rank. That is another method, rsLoRA; here it is the rank itself.",
            edit("self.scale = alpha / rank", "self.scale = alpha / rank**0.5"),
        ),
        Mistake(
            "both_zero",
            "Both of your factors begin at zero, and then neither ever gets a gradient. One of them is random.",
            edit(
                "torch.randn(rank, linear.in_features) / linear.in_features**0.5",
                "torch.zeros(rank, linear.in_features)",
            ),
        ),
        Mistake(
            "both_random",
            "Both of your factors begin at random, so that the model is another one before it has learnt anything. lora_B begins at zero.",
            edit("torch.zeros(linear.out_features, rank)", "torch.randn(linear.out_features, rank)"),
        ),
        Mistake(
            "other_factor_zero",
            "You begin with lora_A at zero and lora_B at random. It is the other way round.",
            edit(
                "self.lora_A = nn.Parameter(torch.randn(rank, linear.in_features) / linear.in_features**0.5)\n        "
                + _LORA_B,
                "self.lora_A = nn.Parameter(torch.zeros(rank, linear.in_features))\n        "
                "self.lora_B = nn.Parameter(torch.randn(linear.out_features, rank))",
            ),
        ),
        Mistake(
            "all_ones",
            "All entries of your lora_A are the same, so that its rows get the same gradients for ever and the rank stays 1. Draw them at random.",
            edit("torch.randn(rank, linear.in_features)", "torch.ones(rank, linear.in_features)"),
        ),
        Mistake(
            "layer_trained",
            "The layer's own weights still require a gradient. They stay as they are; only the factors learn.",
            edit(_LORA_FREEZE, "self.linear = linear"),
        ),
        Mistake(
            "bias_trained",
            "The layer's bias still requires a gradient. It stays as it is, like the weight.",
            edit(_LORA_FREEZE, "self.linear = linear\n        linear.weight.requires_grad_(False)"),
        ),
        Mistake(
            "given_layer_left_out",
            "You give what goes through the factors alone. It is added to what the layer gives.",
            edit("return self.linear(x) + self.scale", "return self.scale"),
        ),
        Mistake(
            "output_detached",
            "What your layer gives is detached, so that no gradient comes back through it to what lies before it.",
            edit("return self.linear(x) +", "return self.linear(x).detach() +"),
        ),
        Mistake(
            "merged_without_the_scale",
            "You merge the product of the factors without its scale.",
            edit("merged.weight += self.scale * self.lora_B", "merged.weight += self.lora_B"),
        ),
        Mistake(
            "merged_without_the_bias",
            "The layer that you merge into has lost its bias.",
            edit(
                _LORA_MERGED,
                "merged = nn.Linear(self.linear.in_features, self.linear.out_features, bias=False)\n"
                "        with torch.no_grad():\n"
                "            merged.weight.copy_(self.linear.weight + self.scale * self.lora_B @ self.lora_A)\n"
                "        return merged",
            ),
        ),
        Mistake(
            "merged_with_another_bias",
            "The bias of the layer that you merge into is a fresh one. Copy that of the given layer, if it has one.",
            edit(
                _LORA_MERGED,
                "merged = nn.Linear(self.linear.in_features, self.linear.out_features, self.linear.bias is not None)\n"
                "        with torch.no_grad():\n"
                "            merged.weight.copy_(self.linear.weight + self.scale * self.lora_B @ self.lora_A)\n"
                "        return merged",
            ),
        ),
        Mistake(
            "merged_always_with_a_bias",
            "The layer that you merge into has a bias even where the given layer has none.",
            edit(
                "return merged",
                "if merged.bias is None:\n            merged.bias = nn.Parameter(torch.zeros(merged.out_features))\n        return merged",
            ),
        ),
        Mistake(
            "merged_in_place",
            "You merge into the module's own layer. It must stay as it is: next time the change would be added twice.",
            edit("merged = copy.deepcopy(self.linear)", "merged = self.linear"),
        ),
        Mistake(
            "merged_bias_shared",
            "The layer that you merge into shares its bias with the module, so that training the one changes the other.",
            edit("return merged", "merged.bias = self.linear.bias\n        return merged"),
        ),
        Mistake(
            "merged_once_and_kept",
            "You keep what you have merged once. The factors may have changed since: make it anew at every call.",
            edit(
                "merged = copy.deepcopy(self.linear)",
                "if hasattr(self, '_kept'):\n            return copy.deepcopy(self._kept[0])\n        merged = copy.deepcopy(self.linear)\n        self._kept = [merged]",
            ),
        ),
        Mistake(
            "merged_nothing",
            "You return the layer as it was given, without the factors.",
            edit("merged.weight += self.scale * self.lora_B @ self.lora_A", "pass"),
        ),
    ],
    hints=[
        "What must be zero at first so that nothing changes, and what must not be so that something can?",
        "The two factors make a matrix of the weight's shape. In which order are they multiplied for it?",
        "Which methods copy a module, and which only give it another name?",
    ],
)


# accumulate_gradients


def accumulated(accumulate_gradients, embedding, weight, bias, batches, rate=None):
    """The gradients that are left in a model that tells each token from the one at its place: an embedding, tanh, a layer.

    With rate the answer is the parameters after a step of that size along them.
    """
    V, D = embedding.shape
    model = torch.nn.Sequential(torch.nn.Embedding(V, D), torch.nn.Tanh(), torch.nn.Linear(D, len(bias)))
    model = load(model, {"0.weight": embedding, "2.weight": weight, "2.bias": bias}).to(device)
    accumulate_gradients(model, batches)
    words = ("the embedding", "the layer's weight", "the layer's bias")
    found = dict(zip(words, model.parameters(), strict=True))
    for word, parameter in found.items():
        if parameter.grad is None:
            raise ValueError(f"p.grad of {word} is still None after accumulate_gradients")
    if rate is None:
        return {f"gradient in {word}": parameter.grad for word, parameter in found.items()}
    return {f"{word} after a step": parameter - rate * parameter.grad for word, parameter in found.items()}


def _micro_batches(draw, sizes=((3, 4), (2, 5), (4, 2)), U=6, D=3, V=5, share=None, size=1.0, **options):
    """Batches of tokens and targets; of the first few tokens are kept, of the others many, so that no batch is like another."""
    batches = []
    for number, (n, T) in enumerate(sizes):
        kept = share if share is not None else (0.2, 0.9, 0.6)[number % 3]
        mask = draw.uniform(0, 1, n, T) < kept
        mask[draw.integers(0, n), draw.integers(0, T)] = True
        batches.append((draw.integers(0, U, n, T), draw.integers(0, V, n, T), mask))
    return {
        "embedding": in_single(draw(U, D)),
        "weight": in_single(size * draw(V, D)),
        "bias": in_single(draw(V)),
        "batches": batches,
    } | options


def _by_batch(weigh):
    """A wrong accumulate_gradients: `weigh(losses, mask, total, batches)` makes a batch's loss of the losses of its kept targets."""

    def wrong(model, batches):
        total = sum(mask.sum() for _, _, mask in batches)
        for inputs, targets, mask in batches:
            losses = F.cross_entropy(model(inputs)[mask], targets[mask], reduction="none")
            weigh(losses, mask, total, batches).backward()

    return wrong


def _accumulate_with_padding(model, batches):
    total = sum(targets.numel() for _, targets, _ in batches)
    for inputs, targets, _ in batches:
        (F.cross_entropy(model(inputs).flatten(0, 1), targets.flatten(), reduction="sum") / total).backward()


def _accumulate_naively(model, batches):
    total = sum(mask.sum() for _, _, mask in batches)
    for inputs, targets, mask in batches:
        chances = model(inputs)[mask].softmax(-1).gather(1, targets[mask][:, None])
        (-chances.log().sum() / total).backward()


_ACCUMULATE_LOSS = "(summed / total).backward()"

accumulate_gradients = Exercise(
    points=6,
    torch=True,
    driver=accumulated,
    cases={
        "three batches": _micro_batches,
        "two batches, one of a single target": partial(_micro_batches, sizes=((1, 1), (3, 6))),
        "five batches": partial(_micro_batches, sizes=((2, 3), (1, 7), (3, 2), (2, 5), (4, 1)), U=7, D=4, V=3),
        "one batch": partial(_micro_batches, sizes=((4, 5),), share=0.5),
        "batches of one size, all targets kept": partial(_micro_batches, sizes=((3, 4),) * 4, share=1.0),
        "logits of ±1000": partial(_micro_batches, size=1000.0, share=0.8),
        "a step": partial(_micro_batches, sizes=((2, 4), (3, 3)), rate=0.5),
    },
    checks=[
        agrees(
            2,
            "adds up the gradients of all batches to that of the mean over all their targets",
            on=["batches of one size, all targets kept", "one batch"],
        ),
        agrees(
            2,
            "weighs every kept target the same, in whichever batch it is",
            on=["three batches", "two batches, one of a single target", "five batches"],
        ),
        agrees(1, "is finite for a model that is very sure", on="logits of ±1000"),
        agrees(1, "leaves the parameters where they are, for the optimiser to take its step", on="a step"),
    ],
    mistakes=[
        Mistake(
            "divided_by_batches",
            "You average each batch and then the batches, so that a target in a small batch weighs more. Count the kept targets of all batches first.",
            _by_batch(lambda losses, mask, total, batches: losses.mean() / len(batches)),
        ),
        Mistake(
            "not_divided",
            "You add up the means of the batches, so that the gradient grows with their number.",
            _by_batch(lambda losses, mask, total, batches: losses.mean()),
        ),
        Mistake(
            "summed",
            "You sum over the targets. The gradient is that of their mean.",
            edit(_ACCUMULATE_LOSS, "summed.backward()"),
        ),
        Mistake(
            "last_batch_alone",
            "You keep the gradient of the last batch alone: what came before it is set to zero.",
            edit("    " + _ACCUMULATE_LOSS, "    model.zero_grad()\n        " + _ACCUMULATE_LOSS),
        ),
        Mistake(
            "first_batch_alone",
            "You return in the loop, after the first batch.",
            edit(_ACCUMULATE_LOSS, _ACCUMULATE_LOSS + "\n        return"),
        ),
        Mistake(
            "divided_by_all_tokens",
            "You leave out the masked targets, but divide by the number of all. Divide by the number of kept ones.",
            edit("mask.sum() for", "mask.numel() for"),
        ),
        Mistake(
            "mask_ignored",
            "You count masked targets, too.",
            _accumulate_with_padding,
        ),
        Mistake(
            "mask_inverted",
            "Your mask is inverted: you count the targets that are masked.",
            everywhere("mask]", "~mask]"),
        ),
        Mistake(
            "shifted",
            "You shift the targets by one place. Here they are already shifted: the logits at a place are for the target of the same place.",
            edit("targets[mask]", "targets.roll(-1, dims=1)[mask]"),
        ),
        Mistake(
            "stepped",
            "You take a step, and the parameters change. Leave that to the optimiser.",
            edit(".backward()", ".backward()\n    torch.optim.SGD(model.parameters(), lr=0.05).step()"),
        ),
        Mistake(
            "stepped_at_every_batch",
            "You take a step after each batch, so that the next one sees another model. The parameters stay as they are.",
            edit(".backward()", ".backward()\n        torch.optim.SGD(model.parameters(), lr=0.1).step()"),
        ),
        Mistake(
            "gradient_clipped",
            "You clip the gradient. It is asked as it is.",
            edit(".backward()", ".backward()\n    nn.utils.clip_grad_norm_(model.parameters(), 0.05)"),
        ),
        Mistake(
            "unstable",
            "Your gradient is not finite for large logits: a probability rounds to 0, and its logarithm is infinite. Work with the logits themselves.",
            _accumulate_naively,
        ),
    ],
    hints=[
        "What does backward do with a gradient that is already there?",
        "If one batch keeps two targets and the other twenty, how much should each batch weigh?",
        "What must you know before the first batch, and where can it be found?",
    ],
)


# A training run: the student's policy finds its way along two corridors


def _corridors(draw, C=2):
    """In each corridor the action that leads on, for the cells 0 to 8; each of the two leads on in four cells or five."""
    ahead = np.stack([(draw.permutation(9) + c) % 2 for c in range(C)])
    return {"seed": int(draw.integers(0, 2**31)), "rng": draw.generator(), "ahead": ahead, "truth": ahead}


def found_out(corridor, seed, rng, ahead):
    """Train your policy in one corridor and then in another, and ask it for the way in every cell.

    -> actions (C, 9)

    Row c of ahead has the action that leads on in corridor c, for the cells 0 to 8. The loss of the curve is the number of
    steps that walkers take for each time that one of them reaches the goal: about 5 where they know the way.
    """
    torch.manual_seed(seed)
    calls, taken, arrived, loss = 0, 0, 0, np.nan

    def steps_in(leads_on):
        def step(cells, actions):
            nonlocal calls, taken, arrived, loss
            cells, actions = torch.as_tensor(cells).cpu(), torch.as_tensor(actions).cpu()
            is_whole = not (cells.is_floating_point() or actions.is_floating_point())
            if not is_whole or cells.shape != actions.shape:
                raise ValueError("step(cells, actions) is asked with whole numbers, as many actions as cells")
            if ((cells < 0) | (cells > 9)).any() or ((actions != 0) & (actions != 1)).any():
                raise ValueError("step(cells, actions) is asked with cells 0 to 9 and actions 0 or 1")
            cells, was_there = cells.long(), cells == 9
            is_on = actions == leads_on[cells.clamp(max=8)]
            after = torch.where(was_there, cells, (cells + torch.where(is_on, 1, -1)).clamp(min=0))
            dones = after == 9
            rewards = (dones & ~was_there).float()
            calls, taken, arrived = calls + 1, taken + int((~was_there).sum()), arrived + int(rewards.sum())
            if taken >= 2000 and arrived:
                taken, arrived, loss = 0, 0, taken / arrived
                report(calls, 0, loss, falls=False)  # how many steps there will be, only the student knows
            return after, rewards, dones

        return step

    cells, found = torch.arange(9), []
    for leads_on in torch.as_tensor(ahead).cpu():
        policy = corridor(steps_in(leads_on), rng)
        if not callable(policy):
            raise TypeError(f"corridor is asked to return a function, policy(cells), not a {type(policy).__name__}")
        logits = torch.as_tensor(policy(cells)).detach().cpu()
        if logits.shape != (9, 2) or logits.isnan().any():
            raise ValueError(
                f"policy(cells) is asked for logits (N, 2), without nan; for nine cells it gives {tuple(logits.shape)}"
            )
        found.append(logits.argmax(1))
    if np.isfinite(loss):
        report(calls, calls, loss, falls=False)
    return torch.stack(found)


def _never_trained(step, rng):
    table = torch.from_numpy(rng.standard_normal((10, 2)))
    return lambda cells: table[cells]


corridor = Exercise(
    points=5,
    torch=True,
    driver=found_out,
    seconds=40,
    cases={"two corridors": _corridors},
    checks=[
        reaches(
            5,
            "trains a policy that reaches the goal from at least 95 % of the starts",
            "goals_reached",
            at_least=0.95,
        )
    ],
    mistakes=[
        Mistake(
            "one_way",
            "Your policy takes the same action in every cell. Which one leads on differs from cell to cell.",
            edit("logits.detach()[cells]", "logits.detach().mean(dim=0).expand(len(cells), 2)"),
        ),
        Mistake("never_trained", "Your policy is never trained.", _never_trained),
        Mistake(
            "uphill",
            "You make the gain small where it should be large, so that the policy learns to stay away from the goal.",
            edit("old, advantages, mask)", "old, -advantages, mask)"),
        ),
        Mistake(
            "own_reward_alone",
            "A step is credited with its own reward alone, and only the last step of a walk has one. What comes later counts, too.",
            edit("gamma=0.9)", "gamma=0.0)"),
        ),
        Mistake(
            "learns_for_the_next_cell",
            "You learn for the cell to which an action has led. An action is chosen in the cell before it.",
            edit("cells = cells[:, :-1]", "cells = cells[:, 1:]"),
        ),
        Mistake(
            "learns_after_the_end",
            "You learn from the steps after a walk has arrived. Those before it are what counts.",
            edit("cells[:, :-1] < 9", "cells[:, :-1] == 9", of="_walks"),
        ),
        Mistake(
            "actions_swapped",
            "Your policy gives its logits in the wrong order: the first is that of action 0.",
            edit("logits.detach()[cells]", "logits.detach()[cells].flip(1)"),
        ),
    ],
    hints=[
        "At first, which walks reach the goal at all? What do the cells near the goal learn from them, and what those far from it, later?",
        "Let many walks begin in many cells at once, draw the actions from the policy, and look at how often the goal is reached.",
        "How is a step credited with a reward that comes ten steps later, and by which of the exercises before this one?",
    ],
)
