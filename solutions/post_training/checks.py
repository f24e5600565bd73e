"""How the answers of this unit are judged: cases, checks and the mistakes that people really make."""

from functools import partial

import numpy as np
import torch
from torch.nn import functional as F

from grader.exercise import Exercise, Mistake, agrees, edit, moves

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
            edit(
                "(prompt_lengths[:, None] <= position) & (position < lengths[:, None])", "position < lengths[:, None]"
            ),
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
            edit(
                "(prompt_lengths[:, None] <= position) & (position < lengths[:, None])",
                "(prompt_lengths[:, None] > position) | (position >= lengths[:, None])",
            ),
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


def _hidden_nan(values, mask, dim=None):
    count = mask.sum(dim)
    return torch.where(count > 0, (values * mask).sum(dim) / count, 0)


def _dim_zero_is_none(values, mask, dim=None):
    dim = dim or None
    return (values * mask).sum(dim) / mask.sum(dim).clamp(min=1)


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
            _hidden_nan,
        ),
        Mistake(
            "mean_of_row_means",
            "Without `dim` you average each row, and then the rows. All kept values must weigh the same, those of long rows too.",
            _mean_of_row_means,
        ),
        Mistake(
            "inverted",
            "You average what must be left out. The mask is True for the values that count.",
            edit(
                "(values * mask).sum(dim)\n    return total / mask.sum(dim)",
                "(values * ~mask).sum(dim)\n    return total / (~mask).sum(dim)",
            ),
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
            _dim_zero_is_none,
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
            edit(
                f"reward_model_loss({BOTH_REWARDS})",
                "beta * reward_model_loss(chosen - ref_chosen, rejected - ref_rejected)",
            ),
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
            edit(BOTH_REWARDS, "0.1 * (chosen - ref_chosen), 0.1 * (rejected - ref_rejected)"),
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
            edit(
                BOTH_REWARDS,
                "beta * (chosen - ref_chosen).exp(), beta * (rejected - ref_rejected).exp()",
            ),
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
            edit(
                "following = rewards[:, t] + gamma * following * ~dones[:, t]\n        returns[:, t] = following",
                "following = rewards[:, t] + gamma * following * ~dones[:, t]\n        returns[:, t] = gamma * following",
            ),
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
            edit(
                "rewards[:, t] + gamma * following * ~dones[:, t]", "(rewards[:, t] + gamma * following) * ~dones[:, t]"
            ),
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
            edit(
                "return advantages, advantages + values",
                "return (advantages - advantages.mean()) / (advantages.std() + 1e-8), advantages + values",
            ),
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
            edit(
                "masked_mean(advantages.detach() * log_probs, mask)", "(advantages.detach() * log_probs * mask).mean()"
            ),
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
            edit(
                "masked_mean(advantages.detach() * log_probs, mask)", "(advantages.detach() * log_probs * mask).sum()"
            ),
        ),
        Mistake(
            "sums_of_rows",
            "You sum over each row and average the rows. Divide by the number of kept tokens of the whole batch.",
            edit(
                "masked_mean(advantages.detach() * log_probs, mask)",
                "(advantages.detach() * log_probs * mask).sum(1).mean()",
            ),
        ),
        Mistake(
            "mean_of_row_means",
            "You average each row, and then the rows. Every kept token of the batch counts the same, those of long rows too.",
            edit(
                "masked_mean(advantages.detach() * log_probs, mask)",
                "masked_mean(advantages.detach() * log_probs, mask, 1).mean()",
            ),
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
            edit(
                "masked_mean(advantages.detach() * log_probs, mask)",
                "masked_mean(advantages.detach(), mask) * masked_mean(log_probs, mask)",
            ),
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
