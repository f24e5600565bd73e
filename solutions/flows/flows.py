"""Flows: transport, guidance, codes.

A flow carries noise to data along paths that can be followed, and often undone. Here are a bound to learn codes by, layers
that are inverted exactly, and a velocity that is learned and followed; then what makes diffusion fast and obedient, and two
ways to turn pictures into tokens.

Everything is PyTorch, float32 in and out. Losses are tensors without axes through which gradients flow. A flow's time runs
from 0, noise, to 1, data, and is a number; steps of diffusion are counted from 0, the first step of noising, and are ints.
"""

import torch
from torch import nn
from torch.nn import functional as F


def elbo(logits, x, mean, log_var, beta=1.0):
    """The evidence lower bound of a variational autoencoder, to be maximised.

    logits (N, ...), x (N, ...), mean (N, Z), log_var (N, Z), beta -> bound

    A pixel x is 0 or 1, and the decoder believes with probability σ(logit) that it is 1: Bernoulli. The code of example n
    has the distribution N(mean[n], diag(exp(log_var[n]))), and the prior is standard normal. The bound is

        log p(x) − beta · KL(code ‖ prior)

    with the log-likelihood summed over the pixels of an example and the divergence over its Z features, averaged over the
    examples. x is float32 and has no gradient.
    """
    log_likelihood = -F.binary_cross_entropy_with_logits(logits, x, reduction="none")
    divergence = 0.5 * (mean**2 + log_var.exp() - 1 - log_var)
    return (log_likelihood.flatten(1).sum(1) - beta * divergence.sum(1)).mean()


def coupling_forward(x, net, mask):
    """An affine coupling layer: some features pass, and say how the others are scaled and shifted.

    x (N, D), net, mask (D,) -> y (N, D), log_det (N,)

    mask is boolean, and features where it is True pass unchanged. `net(h)` gets h (N, D), which is x where mask is True and
    0 elsewhere, and returns log_scale and shift, both (N, D); they count only where mask is False. There,

        y = x · exp(log_scale) + shift

    log_det is the logarithm of the determinant of each example's Jacobian, the sum of its log_scale where mask is False.
    """
    log_scale, shift = (torch.where(mask, 0.0, out) for out in net(torch.where(mask, x, 0.0)))
    return x * log_scale.exp() + shift, log_scale.sum(1)


def coupling_inverse(y, net, mask):
    """The way back through an affine coupling layer.

    y (N, D), net, mask (D,) -> x (N, D)

    The x that `coupling_forward(x, net, mask)` maps to y. `net` is asked as on the way there, and need not be inverted.
    """
    log_scale, shift = (torch.where(mask, 0.0, out) for out in net(torch.where(mask, y, 0.0)))
    return (y - shift) * (-log_scale).exp()


def _like(values, x):
    """(N,) -> (N, 1, …, 1), with as many axes as x, so that each example gets its own value."""
    return values.reshape(-1, *[1] * (x.dim() - 1))


def flow_matching_pair(x0, x1, t):
    """A point on the straight path from noise to data, and the velocity there.

    x0 (N, ...), x1 (N, ...), t (N,) -> x_t (N, ...), velocity (N, ...)

    x0 is noise and x1 data, of the same shape: (N, D), or (N, C, H, W). Each example has a time of its own, float32 in
    [0, 1]. x_t = (1 − t) · x0 + t · x1, and the velocity is the derivative of x_t in t, x1 − x0.
    """
    t = _like(t, x0)
    return (1 - t) * x0 + t * x1, x1 - x0


def flow_matching_loss(model, x0, x1, t):
    """The loss of flow matching: how well a model estimates the velocity on the way from noise to data.

    model, x0 (N, ...), x1 (N, ...), t (N,) -> loss

    `model(x_t, t)` is asked at the points of `flow_matching_pair`, with t as it came, (N,), and returns its estimate of the
    velocity, in the shape of x_t. The loss is the mean squared error over every element.
    """
    x_t, velocity = flow_matching_pair(x0, x1, t)
    return ((model(x_t, t) - velocity) ** 2).mean()


def euler_sample(model, x0, steps):
    """From noise to data: follow a model's velocity from time 0 to time 1, in equal steps.

    model, x0 (N, ...), steps -> x (N, ...)

    Euler's method: x begins at x0, and for i = 0, …, steps − 1 it becomes x + model(x, i/steps) / steps. The model gets the
    time as float32 (N,), i/steps for each example. Gradients are not asked.
    """
    x = x0
    with torch.no_grad():
        for i in range(steps):
            t = torch.full((len(x),), i / steps, device=x.device)
            x = x + model(x, t) / steps
    return x


def ddim_step(model, x, t, t_prev, noise, betas, eta=0.0):
    """A step of DDIM: from x at step t of a diffusion to an earlier step, which need not be the one before.

    model, x (N, ...), t, t_prev, noise (N, ...), betas (T,), eta -> x (N, ...)

    t and t_prev are ints for the whole batch, −1 ≤ t_prev < t. ᾱ is the product of 1 − β_s for s = 0 to t, and ᾱ_prev
    that to t_prev; t_prev = −1 is the finished example, where ᾱ_prev = 1. `model(x, t)` gets t as int64 (N,) and estimates
    the noise ε. With

        x̂0 = (x − √(1 − ᾱ) · ε) / √ᾱ        not clipped
        σ² = eta² · (1 − ᾱ_prev) / (1 − ᾱ) · (1 − ᾱ / ᾱ_prev)

    the result is √ᾱ_prev · x̂0 + √(1 − ᾱ_prev − σ²) · ε + σ · noise. Gradients are not asked.
    """
    now, before = (1 - betas[: t + 1]).prod(), (1 - betas[: t_prev + 1]).prod()  # a product of nothing is 1
    estimate = model(x, torch.full((len(x),), t, device=x.device))
    clean = (x - (1 - now).sqrt() * estimate) / now.sqrt()
    variance = eta**2 * (1 - before) / (1 - now) * (1 - now / before)
    return before.sqrt() * clean + (1 - before - variance).sqrt() * estimate + variance.sqrt() * noise


def guided_noise(model, x, t, condition, null, scale):
    """Classifier-free guidance: away from what a model says of nothing in particular, towards what it says of a condition.

    model, x (N, ...), t (N,), condition (N,), null (N,), scale -> noise (N, ...)

    `model(x, t, c)` estimates the noise in x under the conditions c. With ε(c) for its estimate, the result is

        ε(null) + scale · (ε(condition) − ε(null))

    t, condition and null are int64 (N,). A scale of 0 leaves the condition out, a scale of 1 is the model's own estimate,
    and larger ones exaggerate. Gradients are not asked.
    """
    without = model(x, t, null)
    return without + scale * (model(x, t, condition) - without)


def cosine_alpha_bar(steps, s=0.008):
    """The cosine schedule of a diffusion: how much of an example's variance is left after each step.

    steps, s -> alpha_bar (steps,)

    f(i) / f(0) for i = 1, …, steps, where f(i) = cos²((i / steps + s) / (1 + s) · π/2). float32; nothing is clipped, so that
    the last is 0 up to rounding.
    """
    i = torch.arange(steps + 1)
    f = torch.cos((i / steps + s) / (1 + s) * torch.pi / 2) ** 2
    return f[1:] / f[0]


def vector_quantize(z, codebook, beta=0.25):
    """Vector quantisation: each vector is replaced by the nearest one of a codebook, and both learn.

    z (N, D), codebook (K, D), beta -> quantized (N, D), indices (N,), loss

    indices says which code is nearest by Euclidean distance. quantized has the values of these codes; its gradient goes to z
    unchanged and not to the codebook (the straight-through estimator). With sg(·) for what is seen as a constant,

        loss = mean (code − sg(z))² + beta · mean (z − sg(code))²

    where the means are over all N·D elements.
    """
    indices = ((z[:, None] - codebook) ** 2).sum(2).argmin(1)
    code = codebook[indices]
    loss = F.mse_loss(code, z.detach()) + beta * F.mse_loss(z, code.detach())
    return z + (code - z).detach(), indices, loss


def patch_embedding(images, W, b, patch, cls, positions):
    """The first layer of a vision transformer: an image becomes a sequence of tokens.

    images (N, C, H, W), W (C·patch², D), b (D,), patch, cls (D,), positions (1 + L, D) -> tokens (N, 1 + L, D)

    `patch` divides H and W, and the L = H·W / patch² patches are numbered row by row. A patch is flattened with its channels
    first, then its rows, then its columns, and a linear layer makes a token of it. cls is a token of its own, the same for
    every image, and comes first. Every token gets its position added, cls too.
    """
    N, C, height, width = images.shape
    rows, columns = height // patch, width // patch
    patches = images.reshape(N, C, rows, patch, columns, patch).permute(0, 2, 4, 1, 3, 5).flatten(3).flatten(1, 2)
    tokens = torch.cat([cls.expand(N, 1, -1), patches @ W + b], 1)
    return tokens + positions


def moons_flow(data, rng):
    """Train a flow that carries noise to two moons; returns a function that draws new points of them.

    data (M, 2), rng -> sample

    `sample(n)` returns n new points, float32 (n, 2), none of which is one of the data. Choose any method: the pair, the loss and the
    sampler are in this file. Seed PyTorch with a number from `rng`, a NumPy generator.
    """
    torch.manual_seed(int(rng.integers(2**31)))
    steps, batch, width, peak = 4000, 256, 64, 1e-2
    layers = nn.Linear(3, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 2)
    network = nn.Sequential(*layers).to(data.device)

    def model(x, t):
        return network(torch.cat([x, t[:, None]], 1))

    optimizer = torch.optim.Adam(network.parameters())
    for step in range(1, steps + 1):
        optimizer.param_groups[0]["lr"] = peak * min(1, 2 * (1 - step / (steps + 1)))
        x1 = data[torch.randint(len(data), (batch,), device=data.device)]
        loss = flow_matching_loss(model, torch.randn_like(x1), x1, torch.rand(batch, device=data.device))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return lambda n: euler_sample(model, torch.randn(n, 2, device=data.device), 50)
