"""Optimization: optimisers, regularisation, normalisation.

How to turn gradients into a trained network: how far to step, how to regularise, and how to keep activations at a scale
at which learning works.
"""

import numpy as np


def sgd_step(w, dw, lr):
    """One step of gradient descent.

    w (...), dw (...), lr -> new_w (...)

    dw is the gradient of the loss with respect to w; the step goes against it, scaled by lr. Do not change the old w.
    """
    return w - lr * dw


def momentum_step(w, dw, state, lr, momentum=0.9):
    """One step with momentum, which accumulates past gradients.

    w (...), dw (...), state, lr -> new_w (...), new_state

    The velocity is v = momentum · v + dw, starting at 0, and the new w is w − lr · v. lr may differ from step to step, and
    scales the whole velocity. `state` is whatever you need to remember: None at the first step, and after that what
    you returned the last time. Do not change w or dw.
    """
    velocity = 0.0 if state is None else state
    velocity = momentum * velocity + dw
    return w - lr * velocity, velocity


def nesterov_step(w, dw, state, lr, momentum=0.9):
    """One step with Nesterov's momentum, which looks one step ahead.

    w (...), dw (...), state, lr -> new_w (...), new_state

    The velocity is v = momentum · v + dw, starting at 0, and the new w is w − lr · (dw + momentum · v), with the new v.
    lr may differ from step to step. `state` is None at the first step, and after that what you returned the last time.
    """
    velocity = 0.0 if state is None else state
    velocity = momentum * velocity + dw
    return w - lr * (dw + momentum * velocity), velocity


def rmsprop_step(w, dw, state, lr, decay=0.99, eps=1e-8):
    """One step of RMSprop, which divides each weight's gradient by its usual size.

    w (...), dw (...), state, lr -> new_w (...), new_state

    s = decay · s + (1 − decay) · dw² is a running average, entry by entry. It starts at 0 and is not corrected for that.
    The gradient is divided by √s + eps, with eps outside the root. `state` is None at the first step, and after that
    what you returned the last time.
    """
    square = 0.0 if state is None else state
    square = decay * square + (1.0 - decay) * dw**2
    return w - lr * dw / (np.sqrt(square) + eps), square


def adam_step(w, dw, state, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    """One step of Adam: momentum, a scale for every weight, and a correction for the start.

    w (...), dw (...), state, lr -> new_w (...), new_state

    m and v are running averages of dw and of dw², with beta1 and beta2, and both start at 0. In step t, counted from 1,
    m is divided by 1 − beta1ᵗ and v by 1 − beta2ᵗ, which gives m̂ and v̂. The step is lr · m̂ / (√v̂ + eps). `state` is
    None at the first step, and after that what you returned the last time.
    """
    t, m, v = (0, 0.0, 0.0) if state is None else state
    t = t + 1
    m = beta1 * m + (1.0 - beta1) * dw
    v = beta2 * v + (1.0 - beta2) * dw**2
    m_hat = m / (1.0 - beta1**t)
    v_hat = v / (1.0 - beta2**t)
    return w - lr * m_hat / (np.sqrt(v_hat) + eps), (t, m, v)


def adamw_step(w, dw, state, lr, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
    """One step of Adam with decoupled weight decay.

    w (...), dw (...), state, lr -> new_w (...), new_state

    The step is that of Adam (see adam_step) with dw alone. In addition, the weights lose lr · weight_decay · w, with the
    old w. `state` is None at the first step, and after that what you returned the last time.
    """
    new_w, state = adam_step(w, dw, state, lr, beta1, beta2, eps)
    return new_w - lr * weight_decay * w, state


def warmup_cosine(step, warmup, total, peak, floor=0.0):
    """The learning rate at a step: a linear warm-up, then a cosine decay.

    step, warmup, total, peak, floor -> lr

    It rises linearly from 0 at step 0 to peak at step `warmup`, then falls along a cosine, which reaches floor at
    step `total`, and stays at floor from there on. Steps are integers from 0, and total > warmup ≥ 0; without a
    warm-up, step 0 is at the peak.
    """
    if step < warmup:
        return peak * step / warmup
    if step >= total:
        return floor
    progress = (step - warmup) / (total - warmup)
    return floor + (peak - floor) * (1.0 + np.cos(np.pi * progress)) / 2.0


def clip_gradient_norm(grads, max_norm):
    """Shorten a gradient that is too long, and keep its direction.

    grads [(...), ...], max_norm -> clipped

    The norm is that of all the arrays' entries together, as if they were one long vector. If it is above max_norm,
    every array is multiplied by max_norm / norm; otherwise they stay as they are. `clipped` is a list of arrays.
    """
    norm = np.sqrt(sum(np.sum(g**2) for g in grads))
    if norm <= max_norm:
        return list(grads)
    return [g * (max_norm / norm) for g in grads]


def l1_penalty(W, strength):
    """The L1 penalty, which drives many weights to exactly 0, and its gradient.

    W (...), strength -> penalty, gradient (...)

    The penalty is strength · Σ|W|, over every entry. Where an entry is exactly 0, its gradient is 0.
    """
    return strength * np.abs(W).sum(), strength * np.sign(W)


def l2_penalty(W, strength):
    """The L2 penalty, which keeps all weights small, and its gradient.

    W (...), strength -> penalty, gradient (...)

    The penalty is strength/2 · ΣW², over every entry.
    """
    return strength / 2.0 * np.sum(W**2), strength * W


def dropout(x, p, rng, training):
    """Set a random part of the activations to 0, so that no unit relies on another.

    x (...), p, rng, training -> out (...)

    Each entry is dropped, which means set to 0, with probability p, and those that are kept are divided by 1 − p, so
    that the expected value does not change. Keep where rng.random(x.shape) >= p, one call for the whole array. With
    training=False the answer is x, and nothing is drawn. 0 ≤ p < 1.
    """
    if not training:
        return x
    mask = rng.random(x.shape) >= p
    return x * mask / (1.0 - p)


def dropout_backward(dout, mask, p):
    """Gradient of dropout with respect to its input.

    dout (...), mask (...), p -> dx (...)

    mask is the boolean mask of the forward pass, True where an entry was kept. p is the probability of dropping an entry,
    and the forward pass is inverted dropout, which divides the kept entries by 1 − p.
    """
    return dout * mask / (1.0 - p)


def batchnorm(x, gamma, beta, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    """Batch normalisation: give each feature mean 0 and variance 1 over the batch, then scale and shift it.

    x (N, D), gamma (D,), beta (D,), running_mean (D,), running_var (D,), training -> out, new_mean, new_var

    out = gamma · (x − mean) / √(var + eps) + beta. In training, mean and var are those of each feature over the N
    examples, and the new running statistics are (1 − momentum) · running + momentum · batch. Otherwise mean and var are the
    running statistics, which are returned unchanged. Every variance is the biased one, which divides by N.
    """
    if training:
        mean, var = x.mean(axis=0), x.var(axis=0)
        running_mean = (1.0 - momentum) * running_mean + momentum * mean
        running_var = (1.0 - momentum) * running_var + momentum * var
    else:
        mean, var = running_mean, running_var
    out = gamma * (x - mean) / np.sqrt(var + eps) + beta
    return out, running_mean, running_var


def batchnorm_backward(dout, x, gamma, beta, eps=1e-5):
    """Gradients of batch normalisation in training.

    dout (N, D), x (N, D), gamma (D,), beta (D,) -> dx (N, D), dgamma (D,), dbeta (D,)

    The forward is out = gamma · (x − mean) / √(var + eps) + beta, with mean and biased variance of each feature over
    the N examples. Both depend on every example of the batch.
    """
    std = np.sqrt(x.var(axis=0) + eps)
    x_hat = (x - x.mean(axis=0)) / std
    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_hat).sum(axis=0)
    dx_hat = dout * gamma
    dx = (dx_hat - dx_hat.mean(axis=0) - x_hat * (dx_hat * x_hat).mean(axis=0)) / std
    return dx, dgamma, dbeta


def layernorm(x, gamma, beta, eps=1e-5):
    """Layer normalisation: give each example mean 0 and variance 1 over its features, then scale and shift each feature.

    x (..., D), gamma (D,), beta (D,) -> out (..., D)

    out = gamma · (x − mean) / √(var + eps) + beta, with mean and biased variance, which divides by D, over the last
    axis.
    """
    mean, var = x.mean(axis=-1, keepdims=True), x.var(axis=-1, keepdims=True)
    return gamma * (x - mean) / np.sqrt(var + eps) + beta


def layernorm_backward(dout, x, gamma, beta, eps=1e-5):
    """Gradients of layer normalisation.

    dout (..., D), x (..., D), gamma (D,), beta (D,) -> dx (..., D), dgamma (D,), dbeta (D,)

    The forward is out = gamma · (x − mean) / √(var + eps) + beta, with mean and biased variance over the last axis.
    All positions along the leading axes share gamma and beta; there may be any number of leading axes, or none.
    """
    leading = tuple(range(x.ndim - 1))
    std = np.sqrt(x.var(axis=-1, keepdims=True) + eps)
    x_hat = (x - x.mean(axis=-1, keepdims=True)) / std
    dbeta = dout.sum(axis=leading)
    dgamma = (dout * x_hat).sum(axis=leading)
    dx_hat = dout * gamma
    dx = (dx_hat - dx_hat.mean(axis=-1, keepdims=True) - x_hat * (dx_hat * x_hat).mean(axis=-1, keepdims=True)) / std
    return dx, dgamma, dbeta


def _log_softmax(x):
    shifted = x - x.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def label_smoothing_cross_entropy(logits, labels, smoothing):
    """Cross-entropy with a smoothed target.

    logits (N, K), labels (N,), smoothing -> loss

    The target of an example is (1 − smoothing) · onehot + smoothing/K: a part of the probability is spread evenly
    over all K classes, the true one among them. The loss is the mean over the N examples of −Σ target ·
    log(softmax(logits)). Labels are integers, 0 ≤ smoothing ≤ 1, and logits may be as far out as ±1000.
    """
    log_p = _log_softmax(logits)
    of_label = log_p[np.arange(len(labels)), labels]
    return -np.mean((1.0 - smoothing) * of_label + smoothing * log_p.mean(axis=-1))


def random_flip_crop(images, padding, rng):
    """Data augmentation: flip and shift images at random.

    images (N, C, H, W), padding, rng -> out (N, C, H, W)

    First, an image is flipped left to right where rng.random(N) < 0.5. Then each image is padded with `padding` zeros on
    all four sides, and a window of the original size is cropped, whose top left corner is (row, column) = rng.integers(0,
    2·padding + 1, (N, 2))[n]. Call rng twice, in this order.
    """
    N, _, H, W = images.shape
    flip = rng.random(N) < 0.5
    corners = rng.integers(0, 2 * padding + 1, (N, 2))
    flipped = np.where(flip[:, None, None, None], images[..., ::-1], images)
    padded = np.pad(flipped, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    out = np.empty_like(images)
    for n, (row, column) in enumerate(corners):
        out[n] = padded[n, :, row : row + H, column : column + W]
    return out


def early_stopping(losses, patience):
    """Early stopping: which epoch's weights to keep.

    losses (E,), patience -> epoch

    losses[e] is the validation loss after epoch e. An improvement is a loss strictly below the best so far; the first
    epoch is one. Training stops as soon as `patience` epochs in a row have brought none, and sees no later loss. The
    answer is the index, from 0, of the best epoch that it has seen. patience ≥ 1.
    """
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        elif epoch - best >= patience:
            break
    return best
