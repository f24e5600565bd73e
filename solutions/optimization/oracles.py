"""Independent truth for this unit: PyTorch in float64, autograd and plain loops. Read by `grade dev check` alone."""

import math

import numpy as np
import torch
from torch.nn import functional as F

torch.set_num_threads(1)


def gradients(forward, dout, *inputs):
    """What autograd says of `forward`, a torch function, in each of its inputs."""
    leaves = [torch.from_numpy(a).requires_grad_() for a in inputs]
    return tuple(g.numpy() for g in torch.autograd.grad(forward(*leaves), leaves, torch.from_numpy(dout)))


def sgd_step(w, dw, lr):
    parameter = torch.nn.Parameter(torch.from_numpy(w.copy()))
    parameter.grad = torch.from_numpy(dw)
    torch.optim.SGD([parameter], lr=lr).step()
    return parameter.detach().numpy()


def run(optimiser, w, gradients, rates, **options):
    """The parameter after every step of one of torch's optimisers."""
    parameter = torch.nn.Parameter(torch.from_numpy(w.copy()))
    stepper = optimiser([parameter], lr=0.0, foreach=False, **options)
    seen = []
    for dw, lr in zip(gradients, rates, strict=True):
        stepper.param_groups[0]["lr"] = float(lr)
        parameter.grad = torch.from_numpy(dw.copy())
        stepper.step()
        seen.append(parameter.detach().numpy().copy())
    return seen


def momentum_step(w, gradients, rates, momentum=0.9):
    return run(torch.optim.SGD, w, gradients, rates, momentum=momentum)


def nesterov_step(w, gradients, rates, momentum=0.9):
    """Without momentum there is no look-ahead either, and torch refuses to be asked."""
    return run(torch.optim.SGD, w, gradients, rates, momentum=momentum, nesterov=momentum > 0)


def rmsprop_step(w, gradients, rates, decay=0.99, eps=1e-8):
    return run(torch.optim.RMSprop, w, gradients, rates, alpha=decay, eps=eps)


def adam_step(w, gradients, rates, beta1=0.9, beta2=0.999, eps=1e-8):
    return run(torch.optim.Adam, w, gradients, rates, betas=(beta1, beta2), eps=eps)


def adamw_step(w, gradients, rates, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
    return run(torch.optim.AdamW, w, gradients, rates, betas=(beta1, beta2), eps=eps, weight_decay=weight_decay)


def warmup_cosine(step, warmup, total, peak, floor=0.0):
    """The share of the way from floor to peak is the square of a quarter wave's sine."""
    if step <= warmup and warmup:
        return peak * (step / warmup)
    left = max(total - step, 0) / (total - warmup)
    return floor + (peak - floor) * math.sin(math.pi / 2 * left) ** 2


def clip_gradient_norm(grads, max_norm):
    norm = math.hypot(*(value for g in grads for value in g.ravel().tolist()))
    return [torch.from_numpy(g).mul(max_norm).div(norm).numpy() if norm > max_norm else g for g in grads]


def penalty(W, value):
    W = torch.from_numpy(W).requires_grad_()
    loss = value(W)
    loss.backward()
    return loss.item(), W.grad.numpy()


def l1_penalty(W, strength):
    return penalty(W, lambda W: strength * W.abs().sum())


def l2_penalty(W, strength):
    return penalty(W, lambda W: strength * W.square().sum() / 2)


def dropout(x, p, rng, training):
    if not training:
        return x
    kept = [value / (1 - p) if u >= p else 0.0 for value, u in zip(x.ravel(), rng.random(x.size), strict=True)]
    return np.array(kept).reshape(x.shape)


def dropout_backward(dout, mask, p):
    return gradients(lambda x: torch.where(torch.from_numpy(mask), x / (1 - p), 0.0), dout, np.ones_like(dout))[0]


def normalised(x, gamma, beta, eps):
    """Batch normalisation by the batch's own statistics."""
    return F.batch_norm(x, None, None, gamma, beta, training=True, eps=eps)


def batchnorm(x, gamma, beta, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    x, gamma, beta, mean, var = map(torch.from_numpy, (x, gamma, beta, running_mean, running_var))
    if not training:
        return F.batch_norm(x, mean, var, gamma, beta, eps=eps).numpy(), running_mean, running_var
    batch_var, batch_mean = torch.var_mean(x, dim=0, correction=0)
    # torch refuses a batch of one; in it nothing differs from the mean
    out = normalised(x, gamma, beta, eps) if len(x) > 1 else beta.expand(x.shape)
    return out.numpy(), mean.lerp(batch_mean, momentum).numpy(), var.lerp(batch_var, momentum).numpy()


def batchnorm_backward(dout, x, gamma, beta, eps=1e-5):
    if len(x) == 1:
        return np.zeros_like(x), np.zeros_like(gamma), dout[0]
    return gradients(lambda x, gamma, beta: normalised(x, gamma, beta, eps), dout, x, gamma, beta)


def layernorm(x, gamma, beta, eps=1e-5):
    x, gamma, beta = map(torch.from_numpy, (x, gamma, beta))
    return F.layer_norm(x, gamma.shape, gamma, beta, eps).numpy()


def layernorm_backward(dout, x, gamma, beta, eps=1e-5):
    return gradients(lambda x, gamma, beta: F.layer_norm(x, gamma.shape, gamma, beta, eps), dout, x, gamma, beta)


def label_smoothing_cross_entropy(logits, labels, smoothing):
    return F.cross_entropy(torch.from_numpy(logits), torch.from_numpy(labels), label_smoothing=smoothing).item()


def random_flip_crop(images, padding, rng):
    """Pixel by pixel: where in the image that came does this one lie?"""
    N, C, H, W = images.shape
    coins, corners = rng.random(N), rng.integers(0, 2 * padding + 1, (N, 2))
    out = np.zeros((N, C, H, W))
    for n, i, j in np.ndindex(N, H, W):
        row, column = i + int(corners[n, 0]) - padding, j + int(corners[n, 1]) - padding
        if 0 <= row < H and 0 <= column < W:
            out[n, :, i, j] = images[n, :, row, W - 1 - column if coins[n] < 0.5 else column]
    return out


def early_stopping(losses, patience):
    """The first record that is not beaten within the next `patience` epochs."""
    losses = losses.tolist()
    records = [e for e in range(len(losses)) if all(losses[e] < loss for loss in losses[:e])]
    for record, following in zip(records, [*records[1:], math.inf], strict=True):
        if following > record + patience:
            return record
