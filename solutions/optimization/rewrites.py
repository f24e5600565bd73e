"""Correct answers written another way: each keeps every point. `<exercise>__<how>`."""

import math

import numpy as np


def sgd_step__add_the_negative(w, dw, lr):
    step = np.multiply(dw, -lr)
    return np.add(w, step)


def sgd_step__on_a_copy(w, dw, lr):
    new = w.copy()
    new -= dw * lr
    return new


def momentum_step__state_in_place(w, dw, state, lr, momentum=0.9):
    if state is None:
        state = np.zeros_like(w)
    state *= momentum
    state += dw
    return w - lr * state, state


def momentum_step__all_gradients(w, dw, state, lr, momentum=0.9):
    past = [*(state or []), dw]
    new = w.copy()
    for age, gradient in enumerate(reversed(past)):
        new -= lr * momentum**age * gradient
    return new, past


def nesterov_step__state_in_place(w, dw, state, lr, momentum=0.9):
    state = {"v": np.zeros(w.shape)} if state is None else state
    state["v"] *= momentum
    state["v"] += dw
    return w - lr * dw - lr * momentum * state["v"], state


def nesterov_step__old_velocity(w, dw, state, lr, momentum=0.9):
    old = np.zeros_like(dw) if state is None else state
    step = (1 + momentum) * dw + momentum**2 * old
    return w - step * lr, old * momentum + dw


def rmsprop_step__state_in_place(w, dw, state, lr, decay=0.99, eps=1e-8):
    if state is None:
        state = np.zeros_like(w)
    state += (1 - decay) * (dw * dw - state)
    return w - np.divide(dw, eps + state**0.5) * lr, state


def rmsprop_step__all_gradients(w, dw, state, lr, decay=0.99, eps=1e-8):
    past = (state or ()) + (dw,)
    ages = np.arange(len(past))[::-1]
    mean = (1 - decay) * np.tensordot(float(decay) ** ages, np.square(past), axes=1)
    rate = lr / (np.sqrt(mean) + eps)
    return w - rate * dw, past


def adam_step__dictionary_in_place(w, dw, state, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    if state is None:
        state = {"t": 0, "m": np.zeros(w.shape), "v": np.zeros(w.shape)}
    state["t"] += 1
    state["m"] *= beta1
    state["m"] += (1 - beta1) * dw
    state["v"] *= beta2
    state["v"] += (1 - beta2) * dw * dw
    root = np.sqrt(state["v"]) / math.sqrt(1 - beta2 ** state["t"])
    return w - lr / (1 - beta1 ** state["t"]) * state["m"] / (root + eps), state


def adam_step__weighted_means(w, dw, state, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    """What is corrected is a mean, with weights that fall off into the past and add up to 1."""
    past = [*(state or []), dw]

    def mean(values, beta):
        weights = [beta**age for age in range(len(values))][::-1]
        return sum(weight * value for weight, value in zip(weights, values, strict=True)) / sum(weights)

    return w - lr * mean(past, beta1) / (np.sqrt(mean([g**2 for g in past], beta2)) + eps), past


def adamw_step__shrinks_first(w, dw, state, lr, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
    first, second, t = state if state else (np.zeros_like(w), np.zeros_like(w), 1)
    first = first + (1 - beta1) * (dw - first)
    second = second + (1 - beta2) * (dw**2 - second)
    shrunk = w * (1 - lr * weight_decay)
    scale = np.sqrt(second / (1 - beta2**t)) + eps
    return shrunk - lr * (first / (1 - beta1**t)) / scale, (first, second, t + 1)


def adamw_step__running_powers(w, dw, state, lr, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
    """The powers of the betas are kept, so that no step is counted."""
    m, v, power1, power2 = [0, 0, 1, 1] if state is None else state
    m, power1 = beta1 * m + (1 - beta1) * dw, beta1 * power1
    v, power2 = beta2 * v + (1 - beta2) * dw**2, beta2 * power2
    direction = m / (1 - power1) / (np.sqrt(v / (1 - power2)) + eps)
    return w - lr * (direction + weight_decay * w), [m, v, power1, power2]


def warmup_cosine__one_expression(step, warmup, total, peak, floor=0.0):
    rising = step / warmup if warmup else 1.0
    progress = min(max(step - warmup, 0) / (total - warmup), 1.0)
    wave = 0.5 * (1 + math.cos(math.pi * progress))
    return rising * peak if step < warmup else wave * peak + (1 - wave) * floor


def warmup_cosine__squared_cosine(step, warmup, total, peak, floor=0.0):
    if warmup > 0 and step <= warmup:
        return peak / warmup * step
    angle = np.clip((step - warmup) / (total - warmup), 0, 1) * np.pi / 2
    return peak * np.cos(angle) ** 2 + floor * np.sin(angle) ** 2


def clip_gradient_norm__one_long_vector(grads, max_norm):
    norm = np.linalg.norm(np.concatenate([g.ravel() for g in grads]))
    scale = max_norm / norm if norm > max_norm else 1.0
    return [scale * g for g in grads]


def clip_gradient_norm__norm_of_norms(grads, max_norm):
    norms = np.array([np.linalg.norm(g) for g in grads])
    total = math.sqrt((norms * norms).sum())
    divisor = max(total / max_norm, 1.0)
    return tuple(g / divisor for g in grads)


def l1_penalty__where(W, strength):
    slope = np.where(W > 0, strength, np.where(W < 0, -strength, 0.0))
    return float((slope * W).sum()), slope


def l1_penalty__loop(W, strength):
    total, gradient = 0.0, np.zeros_like(W)
    for index, value in np.ndenumerate(W):
        total += strength * abs(value)
        gradient[index] = strength * ((value > 0) * 1 - (value < 0) * 1)
    return total, gradient


def l2_penalty__dot_product(W, strength):
    flat = W.reshape(-1)
    return 0.5 * strength * (flat @ flat), W * strength


def l2_penalty__norm(W, strength):
    return strength * np.linalg.norm(W.ravel()) ** 2 / 2, np.multiply(strength, W)


def dropout__scaled_mask(x, p, rng, training):
    if training:
        keep = 1 - p
        mask = (rng.random(x.shape) >= p) / keep
        x = x * mask
    return x


def dropout__where(x, p, rng, training):
    return np.where(rng.random(size=x.shape) < p, 0.0, x / (1 - p)) if training else x.copy()


def dropout_backward__indexing(dout, mask, p):
    dx = np.zeros(dout.shape)
    dx[mask] = dout[mask] / (1 - p)
    return dx


def dropout_backward__scale_first(dout, mask, p):
    scale = 1 / (1 - p)
    return np.where(mask, scale * dout, 0.0)


def batchnorm__feature_by_feature(x, gamma, beta, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    N, D = x.shape
    out, new_mean, new_var = np.zeros((N, D)), running_mean.copy(), running_var.copy()
    for d in range(D):
        mean, var = running_mean[d], running_var[d]
        if training:
            mean = sum(x[:, d]) / N
            var = sum((x[:, d] - mean) ** 2) / N
            new_mean[d] += momentum * (mean - running_mean[d])
            new_var[d] += momentum * (var - running_var[d])
        out[:, d] = (x[:, d] - mean) * (gamma[d] / math.sqrt(var + eps)) + beta[d]
    return out, new_mean, new_var


def batchnorm__einsum_of_centred(x, gamma, beta, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    if not training:
        return gamma * ((x - running_mean) * (running_var + eps) ** -0.5) + beta, running_mean, running_var
    mean = np.ones(len(x)) @ x / len(x)
    centred = x - mean
    var = np.einsum("nd,nd->d", centred, centred) / len(x)
    keep = 1 - momentum
    updated = [keep * old + momentum * new for old, new in ((running_mean, mean), (running_var, var))]
    return [gamma * centred * (var + eps) ** -0.5 + beta, *updated]


def batchnorm_backward__step_by_step(dout, x, gamma, beta, eps=1e-5):
    """Back through each line of the forward: the variance, then the mean, then x itself."""
    N = len(x)
    centred = x - x.mean(axis=0)
    inverse = 1 / np.sqrt((centred**2).mean(axis=0) + eps)
    dx_hat = dout * gamma
    dvar = np.sum(dx_hat * centred, axis=0) * -0.5 * inverse**3
    dmean = -np.sum(dx_hat, axis=0) * inverse
    dx = dx_hat * inverse + dvar * 2 * centred / N + dmean / N
    return [dx, np.sum(dout * centred * inverse, axis=0), np.sum(dout, axis=0)]


def batchnorm_backward__by_a_jacobian(dout, x, gamma, beta, eps=1e-5):
    """Feature by feature, with the Jacobian of the normalised values written out."""
    N, D = x.shape
    dx, dgamma = np.zeros((N, D)), np.zeros(D)
    for d in range(D):
        centred = x[:, d] - x[:, d].sum() / N
        std = math.sqrt(centred @ centred / N + eps)
        hat = centred / std
        jacobian = (np.eye(N) - 1 / N - np.outer(hat, hat) / N) / std
        dx[:, d] = gamma[d] * (jacobian.T @ dout[:, d])
        dgamma[d] = hat @ dout[:, d]
    return dx, dgamma, dout.sum(0)


def layernorm__row_by_row(x, gamma, beta, eps=1e-5):
    out = np.zeros(x.shape)
    for index in np.ndindex(x.shape[:-1]):
        row = x[index]
        mean = sum(row) / len(row)
        var = sum((value - mean) ** 2 for value in row) / len(row)
        out[index] = [g * (v - mean) / math.sqrt(var + eps) + b for v, g, b in zip(row, gamma, beta, strict=True)]
    return out


def layernorm__transposed(x, gamma, beta, eps=1e-5):
    centred = np.moveaxis(x, -1, 0) - np.mean(x, -1)
    std = np.sqrt(np.mean(np.square(centred), 0) + eps)
    return np.moveaxis(centred / std, 0, -1) * gamma + beta


def layernorm_backward__step_by_step(dout, x, gamma, beta, eps=1e-5):
    D = x.shape[-1]
    rows, upstream = x.reshape(-1, D), dout.reshape(-1, D)
    centred = rows - rows.mean(axis=1)[:, None]
    inverse = ((centred**2).sum(axis=1)[:, None] / D + eps) ** -0.5
    scaled = upstream * gamma
    dvar = (scaled * centred).sum(axis=1)[:, None] * -0.5 * inverse**3
    dmean = -(scaled * inverse).sum(axis=1)[:, None]
    dx = scaled * inverse + (2 * dvar * centred + dmean) / D
    return dx.reshape(x.shape), np.einsum("nd,nd->d", upstream, centred * inverse), np.ones(len(rows)) @ upstream


def layernorm_backward__by_a_jacobian(dout, x, gamma, beta, eps=1e-5):
    D = x.shape[-1]
    dx, dgamma, dbeta = np.zeros(x.shape), np.zeros(D), np.zeros(D)
    for index in np.ndindex(x.shape[:-1]):
        centred = x[index] - x[index].mean()
        std = math.sqrt(centred @ centred / D + eps)
        hat = centred / std
        dx[index] = (np.eye(D) - (1 + np.outer(hat, hat)) / D) @ (gamma * dout[index]) / std
        dgamma += hat * dout[index]
        dbeta += dout[index]
    return dx, dgamma, dbeta


def label_smoothing_cross_entropy__whole_target(logits, labels, smoothing):
    N, K = logits.shape
    target = np.full((N, K), smoothing / K)
    target[np.arange(N), labels] += 1 - smoothing
    log_p = logits - np.logaddexp.reduce(logits, axis=1)[:, None]
    return -(target * log_p).sum() / N


def label_smoothing_cross_entropy__one_hot_rows(logits, labels, smoothing):
    total = 0.0
    K = logits.shape[1]
    for row, label in zip(logits, labels, strict=True):
        top = row.max()
        log_sum = top + math.log(np.exp(row - top).sum())
        target = (1 - smoothing) * np.eye(K)[label] + smoothing / K
        total += log_sum - target @ row
    return total / len(labels)


def random_flip_crop__image_by_image(images, padding, rng):
    N, C, H, W = images.shape
    coins = rng.random(N)
    corners = rng.integers(0, 2 * padding + 1, (N, 2))
    out = []
    for image, coin, (r, c) in zip(images, coins, corners, strict=True):
        canvas = np.zeros((C, H + 2 * padding, W + 2 * padding))
        canvas[:, padding : padding + H, padding : padding + W] = image[:, :, ::-1] if coin < 0.5 else image
        out.append(canvas[:, r : r + H, c : c + W])
    return np.stack(out)


def random_flip_crop__index_arrays(images, padding, rng):
    N, C, H, W = images.shape
    flip = rng.random(N) < 0.5
    row, column = rng.integers(0, 2 * padding + 1, (N, 2)).T
    work = images.copy()
    work[flip] = np.flip(images[flip], axis=3)
    work = np.pad(work, [(0, 0), (0, 0), (padding, padding), (padding, padding)], mode="constant")
    n, c = np.arange(N)[:, None, None, None], np.arange(C)[:, None, None]
    rows = row[:, None] + np.arange(H)
    columns = column[:, None] + np.arange(W)
    return work[n, c, rows[:, None, :, None], columns[:, None, None, :]]


def early_stopping__counting_bad_epochs(losses, patience):
    best_loss, best_epoch, bad = math.inf, None, 0
    for epoch in range(len(losses)):
        if losses[epoch] < best_loss:
            best_loss, best_epoch, bad = losses[epoch], epoch, 0
        else:
            bad += 1
            if bad == patience:
                return best_epoch
    return best_epoch


def early_stopping__looking_ahead(losses, patience):
    """From one record to the next, as long as there is one within reach."""
    epoch = 0
    while True:
        ahead = losses[epoch + 1 : epoch + 1 + patience]
        better = np.flatnonzero(np.asarray(ahead) < losses[epoch])
        if better.size == 0:
            return epoch
        epoch += 1 + better[0]
