"""Independent truth for this unit: loops over single numbers in double precision, NumPy and SciPy.

Read by `grade dev check` alone.
"""

import math
import statistics

import numpy as np
from scipy import special, stats

# The last eight


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
