"""Independent truth for this unit: loops in double precision, SciPy, and what theory says. Read by `grade dev check` alone."""

import math
import statistics

import numpy as np
from scipy import special, stats
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


# Losses of policies, groups and adapters


def _with_gradients(gradient_in, value, slope, inputs):
    """The value, or its slope in the first of gradient_in and zero in all others."""
    if not gradient_in:
        return np.asarray(value)
    zeros = {f"gradient in {name}": np.zeros(inputs[name].shape) for name in gradient_in}
    return zeros | {f"gradient in {gradient_in[0]}": slope}


def _gain(new, old, advantage, clip):
    """(what a token gains, its slope in the new log-probability), by the sign of the advantage."""
    ratio = math.exp(float(new) - float(old))
    is_at_its_end = ratio > 1 + clip if advantage > 0 else ratio < 1 - clip
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
        [
            stats.entropy(p, q)
            for p, q in zip(*(special.softmax(a.astype(float), -1) for a in (logits, ref_logits)), strict=True)
        ]
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


def distillation_loss(student, teacher, labels, temperature, alpha, gradient_in=()):
    """By SciPy's softmax and relative entropy; the gradient by hand: differences of probabilities."""
    student, teacher = student.astype(float), teacher.astype(float)
    N, K = student.shape
    wanted, found = special.log_softmax(teacher / temperature, 1), special.log_softmax(student / temperature, 1)
    soft = sum(math.exp(w) * (w - f) for w, f in zip(wanted.ravel().tolist(), found.ravel().tolist(), strict=True)) / N
    hard = -special.log_softmax(student, 1)[np.arange(N), labels].mean()
    slope = alpha * temperature * (np.exp(found) - np.exp(wanted)) / N
    slope += (1 - alpha) * (special.softmax(student, 1) - np.eye(K)[labels]) / N
    value = alpha * temperature**2 * soft + (1 - alpha) * hard
    return _with_gradients(gradient_in, value, slope, {"student": student})


def _merged_weight(weight, lora_A, lora_B, alpha):
    """The weight plus a sum of outer products, one for each rank."""
    change = sum(np.outer(lora_B[:, r].astype(float), lora_A[r].astype(float)) for r in range(len(lora_A)))
    return weight.astype(float) + alpha / len(lora_A) * change


def LoRALinear(weight, lora_A, lora_B, alpha, x, bias=None, dout=None):
    """One layer with merged weights; its weight's gradient G goes on to the factors as scale · Bᵀ G and scale · G Aᵀ."""
    merged = _merged_weight(weight, lora_A, lora_B, alpha)
    if dout is None:
        return x.astype(float) @ merged.T + (0 if bias is None else bias.astype(float))
    G = dout.reshape(-1, len(weight)).T.astype(float) @ x.reshape(-1, weight.shape[1])
    scale, zeros = alpha / len(lora_A), [np.zeros(weight.shape), *([] if bias is None else [np.zeros(bias.shape)])]
    return [dout.astype(float) @ merged, scale * lora_B.T @ G, scale * G @ lora_A.T, *zeros, *zeros]


def begun(weight, bias, rank, alpha, x):
    return {
        "answer to whether the output is the given layer's": True,
        "number of entries of lora_B other than zero": 0,
        "rank of lora_A": rank,
        "number of weights that require a gradient": rank * sum(weight.shape),
    }


def merged_once(weight, lora_A, lora_B, alpha, x, bias=None):
    merged = _merged_weight(weight, lora_A, lora_B, alpha)
    out = LoRALinear(weight, lora_A, lora_B, alpha, x, bias)
    return merged, bias is not None, np.zeros(len(weight)) if bias is None else bias.astype(float), out


def merged_again(weight, bias, lora_A, lora_B, new_A, new_B, alpha, x):
    first = LoRALinear(weight, lora_A, lora_B, alpha, x, bias)
    return first, LoRALinear(weight, new_A, new_B, alpha, x, bias), first


def accumulate_gradients(embedding, weight, bias, batches, rate=None):
    """One batch of all kept tokens; the slope of a cross-entropy is the softmax less one at the target."""
    inputs = np.concatenate([tokens[mask] for tokens, _, mask in batches])
    targets = np.concatenate([wanted[mask] for _, wanted, mask in batches])
    embedding, weight, bias = (a.astype(float) for a in (embedding, weight, bias))
    h = np.tanh(embedding[inputs])
    slope = (special.softmax(h @ weight.T + bias, 1) - np.eye(len(bias))[targets]) / len(targets)
    grad = np.zeros(embedding.shape)
    np.add.at(grad, inputs, (slope @ weight) * (1 - h**2))
    found = {"the embedding": grad, "the layer's weight": slope.T @ h, "the layer's bias": slope.sum(0)}
    if rate is None:
        return {f"gradient in {name}": value for name, value in found.items()}
    before = zip(found.items(), (embedding, weight, bias), strict=True)
    return {f"{name} after a step": value - rate * along for (name, along), value in before}
