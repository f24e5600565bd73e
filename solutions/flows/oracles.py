"""Independent truth for this unit, in double precision: PyTorch's distributions, derivatives by machine, loops, other formulas.

Read by `grade dev check` alone.
"""

import math
from functools import partial

import numpy as np
import torch
from scipy.spatial.distance import cdist
from torch.distributions import Bernoulli, Normal, kl_divergence


def double(*arrays):
    return [torch.from_numpy(np.asarray(a, float)) for a in arrays]


def slopes(total, **leaves):
    """The gradient of a number in each of its tensors, by name."""
    found = torch.autograd.grad(total, list(leaves.values()), materialize_grads=True, allow_unused=True)
    return {f"gradient in {name}": grad.numpy() for name, grad in zip(leaves, found, strict=True)}


def elbo(logits, x, mean, log_var, beta=1.0, gradient=False):
    """By PyTorch's distributions; the gradients by hand: x − σ, −βμ and −β(σ² − 1)/2, over N."""
    logits, x, mean, log_var = double(logits, x, mean, log_var)
    N = len(x)
    if gradient:
        return {
            "gradient in logits": ((x - 1 / (1 + np.exp(-logits.clamp(-700, 700)))) / N).numpy(),
            "gradient in mean": (-beta * mean / N).numpy(),
            "gradient in log_var": (-beta * np.expm1(log_var) / (2 * N)).numpy(),
        }
    likelihoods = Bernoulli(logits=logits, validate_args=False).log_prob(x).reshape(N, -1).sum(1)
    code = Normal(mean, (log_var / 2).exp())
    return (likelihoods - beta * kl_divergence(code, Normal(0.0, 1.0)).sum(1)).mean().numpy()


def network(W, V, c):
    """The coupling layer's network, for one example."""

    def net(h):
        D = len(h)
        return torch.tanh(h @ W + c) @ V[:, :D], torch.tanh(h @ W - c) @ V[:, D:]

    return net


def coupled_row(x, net, mask):
    """One example, feature by feature."""
    h = torch.stack([value if passes else 0 * value for value, passes in zip(x, mask, strict=True)])
    scales, shifts = net(h)
    return torch.stack([x[d] if mask[d] else shifts[d] + x[d] * torch.exp(scales[d]) for d in range(len(x))])


def coupling_forward(W, V, c, x, mask, dy=None, dlog=None):
    """The log-determinant is that of the Jacobian by machine."""
    W, V, c, x = double(W, V, c, x)
    leaves = {"x": x, "net's first weight": W, "net's second weight": V}
    for value in leaves.values():
        value.requires_grad_()
    net = network(W, V, c)
    y = torch.stack([coupled_row(row, net, mask) for row in x])
    jacobians = [
        torch.autograd.functional.jacobian(lambda row: coupled_row(row, net, mask), row, create_graph=True) for row in x
    ]
    log_det = torch.stack([torch.linalg.slogdet(jacobian).logabsdet for jacobian in jacobians])
    if dy is None:
        return y.detach().numpy(), log_det.detach().numpy()
    dy, dlog = double(dy, dlog)
    return slopes((dy * y).sum() + (dlog * log_det).sum(), **leaves)


def coupling_inverse(W, V, c, y, mask, dx=None):
    """Feature by feature; the two directions are each other's inverse, which the last line holds against it."""
    W, V, c, y = double(W, V, c, y)
    leaves = {"y": y, "net's first weight": W, "net's second weight": V}
    for value in leaves.values():
        value.requires_grad_()
    net, rows = network(W, V, c), []
    for row in y:
        scales, shifts = net(torch.where(torch.from_numpy(mask), row, 0.0))
        rows.append(
            torch.stack([row[d] if mask[d] else (row[d] - shifts[d]) / torch.exp(scales[d]) for d in range(len(row))])
        )
    x = torch.stack(rows)
    if dx is not None:
        return slopes((double(dx)[0] * x).sum(), **leaves)
    assert torch.allclose(torch.stack([coupled_row(row, net, mask) for row in x]), y)
    return x.detach().numpy()


def flow_matching_pair(x0, x1, t):
    """The velocity is the derivative of the path in t, by machine."""
    rows = []
    for start, end, time in zip(*double(x0, x1, t), strict=True):
        rows.append(torch.func.jvp(partial(torch.lerp, start, end), (time,), (torch.ones_like(time),)))
    return tuple(torch.stack(part).numpy() for part in zip(*rows, strict=True))


def field(weight, pace):
    """The velocity of one example, of any shape, as NumPy has it."""
    weight, pace = np.asarray(weight, float), np.asarray(pace, float)
    return lambda x, t: np.tanh(x.ravel() @ weight + t * pace).reshape(x.shape)


def flow_matching_loss(weight, pace, x0, x1, t, gradient=False):
    """Element by element; the gradients by the chain rule: 2(v̂ − v)(1 − v̂²) over all elements."""
    v, total, grads = field(weight, pace), 0.0, [np.zeros(weight.shape), np.zeros(pace.shape)]
    for start, end, time in zip(x0.astype(float), x1.astype(float), t.tolist(), strict=True):
        x = start + time * (end - start)
        estimate = v(x, time)
        error = (estimate - (end - start)).ravel()
        total += math.fsum(e * e for e in error) / x0.size
        back = 2 * error * (1 - estimate.ravel() ** 2) / x0.size
        grads[0] += np.outer(x.ravel(), back)
        grads[1] += time * back
    if gradient:
        return {"gradient in the model's weight": grads[0], "gradient in the model's pace": grads[1]}
    return np.asarray(total)


def euler_sample(weight, pace, x0, steps):
    """Example by example, with fractions for times."""
    v, rows = field(weight, pace), []
    for x in x0.astype(float):
        for i in range(steps):
            x = x + (v(x, i / steps) + 0.5) * (1 / steps)
        rows.append(x)
    return np.stack(rows)


def ddim_step(weight, shift, x, t, t_prev, noise, betas, eta=0.0):
    """As k-diffusion has it: divided by √ᾱ, an example has noise of the deviation s = √(1/ᾱ − 1) and is never shrunk.

    A step goes down to the deviation √(s_prev² − fresh²) along the noise, and adds fresh noise of the rest.
    """
    weight, shift, betas = (a.astype(float) for a in (weight, shift, betas))

    def deviation(step):
        return math.sqrt(1 / math.prod((1 - betas[: step + 1]).tolist()) - 1)

    now, before = deviation(t), deviation(t_prev)
    fresh = eta * before / now * math.sqrt(now**2 - before**2)
    down, rows = math.sqrt(before**2 - fresh**2), []
    for row, e in zip(x.astype(float), noise.astype(float), strict=True):
        direction = np.tanh(row.ravel() @ weight + shift[t]).reshape(row.shape)
        stretched = row * math.sqrt(1 + now**2) + (down - now) * direction + fresh * e
        rows.append(stretched / math.sqrt(1 + before**2))
    return np.stack(rows)


def guided_noise(weight, shift, taste, x, t, condition, null, scale):
    """A mean of the two estimates with weights 1 − scale and scale, example by example."""
    weight, shift, taste = (a.astype(float) for a in (weight, shift, taste))
    rows = []
    for row, step, *conditions in zip(x.astype(float), t, condition, null, strict=True):
        with_it, without = (
            np.tanh(row.ravel() @ weight + shift[step] + taste[c]).reshape(row.shape) for c in conditions
        )
        rows.append((1 - scale) * without + scale * with_it)
    return np.stack(rows)


def cosine_alpha_bar(steps, s=0.008):
    """cos² is (1 + cos of twice the angle)/2."""
    f = [(1 + math.cos((i / steps + s) / (1 + s) * math.pi)) / 2 for i in range(steps + 1)]
    return np.array([value / f[0] for value in f[1:]])


def vector_quantize(z, codebook, beta=0.25, dout=None, of=""):
    """SciPy's distances; the gradients by hand."""
    z, codebook = z.astype(float), codebook.astype(float)
    indices = cdist(z, codebook).argmin(1)
    code = np.stack([codebook[k] for k in indices.tolist()])
    error = math.fsum(((z - code) ** 2).ravel().tolist()) / z.size
    if not of:
        return code, indices, np.asarray((1 + beta) * error)
    pull, dcodebook = 2 * (z - code) / z.size, np.zeros(codebook.shape)
    if of == "quantized":
        return {"value of quantized": code, "gradient in z": dout.astype(float), "gradient in the codebook": dcodebook}
    for n, k in enumerate(indices.tolist()):
        dcodebook[k] -= pull[n]
    return {
        "value of loss": np.asarray((1 + beta) * error),
        "gradient in z": beta * pull,
        "gradient in the codebook": dcodebook,
    }


def patch_embedding(images, W, b, patch, cls, positions, dout=None):
    """A convolution with a stride of one patch, of which each filter is a column of W."""
    images, W, b, cls, positions = double(images, W, b, cls, positions)
    leaves = {"W": W, "b": b, "cls": cls, "positions": positions}
    for value in leaves.values():
        value.requires_grad_()
    filters = W.T.reshape(-1, images.shape[1], patch, patch)
    patches = torch.nn.functional.conv2d(images, filters, b, stride=patch).flatten(2).transpose(1, 2)
    tokens = torch.stack([torch.vstack([cls, *image]) + positions for image in patches])
    return tokens.detach().numpy() if dout is None else slopes((double(dout)[0] * tokens).sum(), **leaves)
