"""Independent truth for this unit: loops over single numbers in double precision, NumPy and SciPy.

Read by `grade dev check` alone.
"""

import math
import statistics

import numpy as np
from scipy import special, stats

# The last eight


def _with_gradients(gradient_in, value, slope, inputs):
    """The value, or its slope in log_probs and zero in what else a gradient is asked of."""
    if not gradient_in:
        return np.asarray(value)
    zeros = {f"gradient in {name}": np.zeros(inputs[name].shape) for name in gradient_in}
    return zeros | {"gradient in log_probs": slope}


def _gain(new, old, advantage, clip):
    """(what a token gains, its slope in the new log-probability), by the sign of the advantage."""
    ratio = math.exp(float(new) - float(old))
    if advantage > 0:
        is_at_its_end = ratio > 1 + clip
    else:
        is_at_its_end = ratio < 1 - clip
    if is_at_its_end:
        return (1 + clip if advantage > 0 else 1 - clip) * float(advantage), 0.0
    return ratio * float(advantage), ratio * float(advantage)


def ppo_clip_loss(log_probs, old_log_probs, advantages, mask, clip=0.2, gradient_in=()):
    kept = list(zip(*np.nonzero(mask), strict=True))
    value, slope = 0.0, np.zeros(mask.shape)
    for place in kept:
        gain, along = _gain(log_probs[place], old_log_probs[place], advantages[place], clip)
        value -= gain / len(kept)
        slope[place] = -along / len(kept)
    inputs = {"log_probs": log_probs, "old_log_probs": old_log_probs, "advantages": advantages}
    return _with_gradients(gradient_in, value, slope, inputs)


def kl_estimates(log_probs, ref_log_probs, dout=None):
    """With x the ratio of the two probabilities: −log x, (log x)²/2 and x − 1 − log x, number by number."""
    logs = ref_log_probs.astype(float) - log_probs.astype(float)
    if dout is None:
        each = [(-log, log * log / 2, math.exp(log) - 1 - log) for log in logs.ravel().tolist()]
        return tuple(np.array(column).reshape(logs.shape) for column in zip(*each, strict=True))
    dout = dout.astype(float)
    return {
        "gradient of k1": dout,
        "gradient of k2": -dout * logs,
        "gradient of k3": dout * (1 - np.exp(logs)),
    }


def expected(logits, ref_logits):
    """The divergences themselves, by SciPy's relative entropy."""
    found = np.array(
        [stats.entropy(p, q) for p, q in zip(*(special.softmax(a.astype(float), -1) for a in (logits, ref_logits)), strict=True)]
    )
    return found, found


def group_advantages(rewards, eps=1e-6, normalize=True):
    rows = []
    for group in rewards.astype(float).tolist():
        mean = statistics.fmean(group)
        size = statistics.stdev(group) + eps if normalize else 1.0
        rows.append([(reward - mean) / size for reward in group])
    return np.array(rows)


def grpo_loss(log_probs, old, ref, advantages, mask, clip=0.2, beta=0.04, reduce="sequence", gradient_in=()):
    """Token by token: the weight of each is 1 in all, or 1 in its row and in the number of rows."""
    value, slope = 0.0, np.zeros(mask.shape)
    for n, t in zip(*np.nonzero(mask), strict=True):
        weight = 1 / mask.sum() if reduce == "token" else 1 / (mask[n].sum() * len(mask))
        gain, along = _gain(log_probs[n, t], old[n, t], advantages[n], clip)
        log = float(ref[n, t]) - float(log_probs[n, t])
        value += weight * (beta * (math.exp(log) - 1 - log) - gain)
        slope[n, t] = weight * (beta * (1 - math.exp(log)) - along)
    inputs = {"log_probs": log_probs, "old": old, "ref": ref, "advantages": advantages}
    return _with_gradients(gradient_in, value, slope, inputs)
