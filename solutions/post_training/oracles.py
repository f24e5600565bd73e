"""Independent truth for this unit: loops in double precision, SciPy, and what theory says. Read by `grade dev check` alone."""

import math

import numpy as np
from scipy.signal import lfilter
from scipy.special import expit, log_expit, log_softmax

# Masks and sums over them


def response_mask(prompt_lengths, lengths, T):
    mask = np.zeros((len(lengths), T), bool)
    for n, (start, end) in enumerate(zip(prompt_lengths.tolist(), lengths.tolist(), strict=True)):
        for t in range(start, end):
            mask[n, t] = True
    return mask


def sequence_log_probs(logits, tokens, mask, dout=None):
    """Token by token; the slope of a log-probability is one at the token less the softmax."""
    sums, grad = np.zeros(len(tokens)), np.zeros(logits.shape)
    for n, t in np.ndindex(*tokens.shape):
        if t and mask[n, t]:
            logs = log_softmax(logits[n, t - 1].astype(float))
            sums[n] += logs[tokens[n, t]]
            grad[n, t - 1] -= np.exp(logs)
            grad[n, t - 1, tokens[n, t]] += 1
    return sums if dout is None else {"gradient in logits": grad * dout[:, None, None]}


def masked_mean(values, mask, dim=None, dout=None):
    """Every mean has a list of the places that it is over."""
    removed = range(values.ndim) if dim is None else [dim % values.ndim]
    left = [axis for axis in range(values.ndim) if axis not in removed]
    places = {index: [] for index in np.ndindex(*(values.shape[axis] for axis in left))}
    for index in np.ndindex(*values.shape):
        if mask[index]:
            places[tuple(index[axis] for axis in left)].append(index)
    means, grad = np.zeros([values.shape[axis] for axis in left]), np.zeros(values.shape)
    for index, kept in places.items():
        if kept:
            means[index] = math.fsum(float(values[place]) for place in kept) / len(kept)
            for place in kept:
                grad[place] = (1.0 if dout is None else dout[index]) / len(kept)
    return means if dout is None else {"gradient in values": grad}


# Losses of preferences: −log σ as SciPy has it, and its slope −σ(−x)


def reward_model_loss(chosen, rejected, gradient=False):
    margin = chosen.astype(float) - rejected.astype(float)
    if not gradient:
        return np.asarray(-log_expit(margin).mean())
    slope = expit(-margin) / len(margin)
    return {"gradient in chosen": -slope, "gradient in rejected": slope}


def dpo_loss(chosen, rejected, ref_chosen, ref_rejected, beta=0.1, gradient=False):
    """Pair by pair, log(1 + e⁻ˣ) written so that nothing overflows."""
    losses, slopes = [], []
    for c, r, c0, r0 in zip(*(a.tolist() for a in (chosen, rejected, ref_chosen, ref_rejected)), strict=True):
        x = beta * ((c - r) - (c0 - r0))
        losses.append(math.log1p(math.exp(-abs(x))) + max(-x, 0.0))
        odds = math.exp(-abs(x))
        slopes.append(-beta * (odds if x > 0 else 1.0) / (1 + odds) / len(chosen))
    if not gradient:
        return np.asarray(math.fsum(losses) / len(losses))
    return {"gradient in chosen": np.array(slopes), "gradient in rejected": -np.array(slopes)}


# Returns and advantages: a walk is cut into episodes first


def episodes(dones):
    """The (row, start, stop, is over) of each stretch between two ends."""
    for n, row in enumerate(dones):
        stops = [*(np.flatnonzero(row) + 1).tolist(), len(row)]
        for start, stop in zip([0, *stops], stops, strict=False):
            if start < stop:
                yield n, start, stop, bool(row[stop - 1])


def discounted_returns(rewards, dones, gamma):
    """A filter with one pole, as signal processing has it, that runs through each episode from its end."""
    found = np.zeros(rewards.shape)
    for n, start, stop, _ in episodes(dones):
        found[n, start:stop] = lfilter([1.0], [1.0, -gamma], rewards[n, start:stop][::-1].astype(float))[::-1]
    return found


def gae(rewards, values, next_value, dones, gamma=0.99, lam=0.95):
    """The paper's other form: an average of the n-step advantages, with weights (1 − lam) · lamⁿ⁻¹ and the rest for the last."""
    advantages = np.zeros(rewards.shape)
    for n, start, stop, over in episodes(dones):
        expected = [float(v) for v in values[n, start:stop]] + [0.0 if over else float(next_value[n])]
        earned = rewards[n, start:stop].astype(float)
        for t in range(stop - start):
            ahead = [
                math.fsum(gamma**k * earned[t + k] for k in range(steps)) + gamma**steps * expected[t + steps]
                for steps in range(1, stop - start - t + 1)
            ]
            weights = [(1 - lam) * lam**k for k in range(len(ahead) - 1)] + [lam ** (len(ahead) - 1)]
            average = math.fsum(w * a for w, a in zip(weights, ahead, strict=True))
            advantages[n, start + t] = average - expected[t]
    return advantages, advantages + values.astype(float)


def returns_above_advantages(values, **inputs):
    return values.astype(float)


# The policy's gradient


def policy_gradient_loss(log_probs, advantages, mask, gradient=False):
    kept = [index for index in np.ndindex(*mask.shape) if mask[index]]
    if not gradient:
        gains = (float(log_probs[index]) * float(advantages[index]) for index in kept)
        return np.asarray(-math.fsum(gains) / len(kept))
    slope = np.zeros(mask.shape)
    for index in kept:
        slope[index] = -float(advantages[index]) / len(kept)
    return {"gradient in log_probs": slope, "gradient in advantages": np.zeros(mask.shape)}


def taught_policy(scores, arms, payoffs, mask):
    """By the exact expected reward, p · payoff + (1 − p) · other: its slope is p (1 − p) times what one arm pays more."""
    p = expit(float(scores[0]) - float(scores[1]))
    slope = p * (1 - p) * (float(payoffs[0]) - float(payoffs[1]))
    return np.array([-slope, slope])
