"""Correct answers written another way: each keeps every point. `<exercise>__<how>`."""

import math

import torch
from torch import nn
from torch.nn import functional as F


def elbo__negative_loss(logits, x, mean, log_var, beta=1.0):
    """As programs have it: a loss of two sums over the batch, divided by its size, with the sign changed."""
    reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    divergence = -0.5 * torch.sum(1 + log_var - mean.pow(2) - log_var.exp())
    return -(reconstruction + beta * divergence) / x.shape[0]


def elbo__distributions(logits, x, mean, log_var, beta=1.0):
    likelihood = torch.distributions.Bernoulli(logits=logits).log_prob(x).flatten(1).sum(1)
    code = torch.distributions.Normal(mean, torch.exp(log_var / 2))
    prior = torch.distributions.Normal(torch.zeros_like(mean), torch.ones_like(mean))
    return torch.mean(likelihood - beta * torch.distributions.kl_divergence(code, prior).sum(-1))


def elbo__log_sigmoid(logits, x, mean, log_var, beta=1.0):
    likelihood = (x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)).sum() / len(x)
    return likelihood - beta * 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum() / len(x)


def elbo__softplus(logits, x, mean, log_var, beta=1.0):
    axes = tuple(range(1, x.dim()))
    likelihood = (x * logits - F.softplus(logits)).sum(axes)
    return (likelihood - 0.5 * beta * (mean.square() + torch.exp(log_var) - log_var - 1).sum(1)).mean()


def coupling_forward__by_columns(x, net, mask):
    """Only the features that change are computed."""
    log_scale, shift = net(x * mask)
    y = x.clone()
    y[:, ~mask] = x[:, ~mask] * torch.exp(log_scale[:, ~mask]) + shift[:, ~mask]
    return y, log_scale[:, ~mask].sum(dim=1)


def coupling_forward__by_numbers(x, net, mask):
    """As RealNVP has it: the mask is a number, 1 or 0."""
    kept = mask.to(x.dtype)
    log_scale, shift = net(kept * x)
    y = kept * x + (1 - kept) * (x * torch.exp(log_scale) + shift)
    return y, ((1 - kept) * log_scale).sum(-1)


def coupling_forward__row_by_row(x, net, mask):
    scales, shifts = net(torch.where(mask, x, torch.zeros_like(x)))
    rows = [torch.where(mask, row, s.exp() * row + m) for row, s, m in zip(x, scales, shifts, strict=True)]
    return torch.stack(rows), torch.stack([s.masked_select(~mask).sum() for s in scales])


def coupling_inverse__by_columns(y, net, mask):
    log_scale, shift = net(y * mask)
    x = y.clone()
    x[:, ~mask] = (y[:, ~mask] - shift[:, ~mask]) / torch.exp(log_scale[:, ~mask])
    return x


def coupling_inverse__by_numbers(y, net, mask):
    kept = mask.to(y.dtype)
    log_scale, shift = net(kept * y)
    return kept * y + (1 - kept) * (y - shift) * torch.exp(-log_scale)


def coupling_inverse__where(y, net, mask):
    log_scale, shift = net(y.masked_fill(~mask, 0.0))
    return torch.where(mask, y, (y - shift) / log_scale.exp())


def flow_matching_pair__from_the_start(x0, x1, t):
    velocity = x1 - x0
    return x0 + t[(...,) + (None,) * (x0.ndim - 1)] * velocity, velocity


def flow_matching_pair__lerp(x0, x1, t):
    weight = t.view([len(t)] + [1] * (x0.dim() - 1)).expand_as(x0)
    return torch.lerp(x0, x1, weight), torch.sub(x1, x0)


def flow_matching_pair__example_by_example(x0, x1, t):
    points = [(1 - s) * a + s * b for a, b, s in zip(x0, x1, t, strict=True)]
    return torch.stack(points), torch.stack([b - a for a, b in zip(x0, x1, strict=True)])


def flow_matching_loss__functional(model, x0, x1, t):
    s = t.reshape([-1] + [1] * (x0.dim() - 1))
    return F.mse_loss(model(torch.lerp(x0, x1, s.expand_as(x0)), t), x1 - x0)


def flow_matching_loss__by_sums(model, x0, x1, t):
    s = t.unflatten(0, (-1, *[1] * (x0.dim() - 1)))
    error = model(x0 + s * (x1 - x0), t) - x1 + x0
    return error.square().sum() / error.numel()


def flow_matching_loss__no_gradient_in_the_target(model, x0, x1, t):
    with torch.no_grad():
        x_t, velocity = _on_the_way(x0, x1, t)
    return torch.mean(torch.square(velocity - model(x_t, t)))


def _on_the_way(x0, x1, t):
    s = t.reshape(-1, *[1] * (x0.dim() - 1))
    return (1 - s) * x0 + s * x1, x1 - x0


def euler_sample__linspace(model, x0, steps):
    x = x0.clone()
    for time in torch.linspace(0, 1, steps + 1, device=x0.device)[:-1]:
        x += model(x, time.expand(len(x))) * (1 / steps)
    return x


def euler_sample__recursive(model, x0, steps):
    def after(i):
        if i == 0:
            return x0
        x = after(i - 1)
        return x + (1.0 / steps) * model(x, torch.ones(x.shape[0], device=x.device) * ((i - 1) / steps))

    with torch.inference_mode():
        return after(steps)


def euler_sample__time_adds_up(model, x0, steps):
    x, t = x0, x0.new_zeros(len(x0))
    for _ in range(steps):
        x, t = x + model(x, t) / steps, t + 1 / steps
    return x


def ddim_step__cumprod(model, x, t, t_prev, noise, betas, eta=0.0):
    """As programs have it: a table of all ᾱ, with a 1 for the finished example."""
    bars = torch.cat([torch.ones(1, device=betas.device), torch.cumprod(1 - betas, 0)])
    now, before = bars[t + 1], bars[t_prev + 1]
    eps = model(x, torch.tensor([t] * x.shape[0], device=x.device))
    x0 = x / torch.sqrt(now) - torch.sqrt(1 / now - 1) * eps
    sigma = eta * torch.sqrt((1 - before) / (1 - now)) * torch.sqrt(1 - now / before)
    return torch.sqrt(before) * x0 + torch.sqrt(1 - before - sigma**2) * eps + sigma * noise


def ddim_step__by_floats(model, x, t, t_prev, noise, betas, eta=0.0):
    now = math.prod((1 - betas[: t + 1].double()).tolist())
    before = math.prod((1 - betas[: t_prev + 1].double()).tolist())
    estimate = model(x, torch.ones(len(x), dtype=torch.long, device=x.device) * t)
    clean = (x - math.sqrt(1 - now) * estimate) / math.sqrt(now)
    sigma = eta * math.sqrt((1 - before) / (1 - now) * (1 - now / before))
    return math.sqrt(before) * clean + math.sqrt(1 - before - sigma**2) * estimate + sigma * noise


def ddim_step__one_factor_for_x(model, x, t, t_prev, noise, betas, eta=0.0):
    """x and the model's noise with a factor each, as in deterministic samplers."""
    logs = torch.log1p(-betas.double())
    now, before = logs[: t + 1].sum().exp(), logs[: t_prev + 1].sum().exp()
    with torch.no_grad():
        estimate = model(x, torch.full(x.shape[:1], t, dtype=torch.int64, device=x.device))
    sigma = eta * ((1 - before) / (1 - now) * (1 - now / before)).clamp(min=0).sqrt()
    ratio = (before / now).sqrt()
    along = (1 - before - sigma**2).clamp(min=0).sqrt() - ratio * (1 - now).sqrt()
    return ratio.float() * x + along.float() * estimate + sigma * noise


def guided_noise__one_call(model, x, t, condition, null, scale):
    """Both estimates from one batch of twice the size."""
    both = model(torch.cat([x, x]), torch.cat([t, t]), torch.cat([null, condition]))
    without, with_it = both.chunk(2)
    return without + scale * (with_it - without)


def guided_noise__weighted_mean(model, x, t, condition, null, scale):
    return (1 - scale) * model(x, t, null) + scale * model(x, t, condition)


def guided_noise__lerp(model, x, t, condition, null, scale):
    return torch.lerp(model(x, t, null), model(x, t, condition), scale)


def cosine_alpha_bar__by_hand(steps, s=0.008):
    def f(i):
        return math.cos((i / steps + s) / (1 + s) * math.pi / 2) ** 2

    return torch.tensor([f(i) / f(0) for i in range(1, steps + 1)], dtype=torch.float32)


def cosine_alpha_bar__linspace(steps, s=0.008):
    f = torch.linspace(0, 1, steps + 1, dtype=torch.float64).add(s).mul(math.pi / 2 / (1 + s)).cos().square()
    return (f / f[0])[1:].float()


def cosine_alpha_bar__double_angle(steps, s=0.008):
    i = torch.arange(1, steps + 1) / steps
    return (1 + torch.cos((i + s) / (1 + s) * math.pi)) / (1 + math.cos(s / (1 + s) * math.pi))


def vector_quantize__cdist(z, codebook, beta=0.25):
    distances = torch.cdist(z, codebook, compute_mode="donot_use_mm_for_euclid_dist")
    indices = distances.min(dim=1).indices
    code = F.embedding(indices, codebook)
    loss = (code - z.detach()).pow(2).mean() + beta * (z - code.detach()).pow(2).mean()
    return z + (code - z).detach(), indices, loss


def vector_quantize__squares(z, codebook, beta=0.25):
    """|z|² − 2z·c + |c|², as VQ-VAE's own code has it, and one-hot rows."""
    distances = (z**2).sum(1, keepdim=True) - 2 * z @ codebook.T + (codebook**2).sum(1)
    indices = distances.argmin(1)
    code = F.one_hot(indices, len(codebook)).to(z.dtype) @ codebook
    loss = F.mse_loss(code, z.detach()) + beta * F.mse_loss(code.detach(), z)
    return code.detach() + z - z.detach(), indices, loss


def vector_quantize__one_by_one(z, codebook, beta=0.25):
    indices = torch.stack([(codebook - row).norm(dim=1).argmin() for row in z])
    code = torch.stack([codebook[k] for k in indices.tolist()])
    pull, commitment = (code - z.detach()).square(), (z - code.detach()).square()
    return _Straight.apply(z, code), indices, (pull + beta * commitment).mean()


class _Straight(torch.autograd.Function):
    @staticmethod
    def forward(ctx, z, code):
        return code.clone()

    @staticmethod
    def backward(ctx, dout):
        return dout, None


def patch_embedding__unfold(images, W, b, patch, cls, positions):
    patches = F.unfold(images, patch, stride=patch).transpose(1, 2)
    tokens = F.linear(patches, W.T, b)
    return torch.cat([cls.repeat(len(images), 1, 1), tokens], dim=1) + positions


def patch_embedding__convolution(images, W, b, patch, cls, positions):
    """As vision transformers have it: a convolution whose stride is its kernel."""
    kernel = W.T.reshape(W.shape[1], images.shape[1], patch, patch)
    tokens = F.conv2d(images, kernel, b, stride=patch).flatten(2).mT
    return torch.cat([(cls + positions[0]).expand(len(images), 1, -1), tokens + positions[1:]], dim=1)


def patch_embedding__patch_by_patch(images, W, b, patch, cls, positions):
    _, _, height, width = images.shape
    corners = [(row, column) for row in range(0, height, patch) for column in range(0, width, patch)]
    tokens = [images[:, :, row : row + patch, column : column + patch].flatten(1) @ W + b for row, column in corners]
    first = cls[None].expand(len(images), -1)
    return torch.stack([first, *tokens], 1) + positions[None]


def moons_flow__with_waves_of_time(data, rng):
    """Without the exercises before it: a network that sees the time as waves, and Heun's steps."""
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    torch.manual_seed(int(rng.integers(2**31)))

    def normal(n):
        return torch.randn(n, 2, generator=generator).to(data.device)

    layers = nn.Linear(8, 64), nn.GELU(), nn.Linear(64, 64), nn.GELU(), nn.Linear(64, 2)
    network = nn.Sequential(*layers).to(data.device)
    lengths = torch.arange(1, 4, device=data.device) * math.pi / 2

    def velocity(x, t):
        return network(torch.cat([x, (t * lengths).sin(), (t * lengths).cos()], 1))

    optimizer = torch.optim.AdamW(network.parameters(), 4e-3, weight_decay=0.0)
    rates = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 4000)
    for _ in range(4000):
        x1, x0 = data[torch.randint(len(data), (256,), generator=generator).to(data.device)], normal(256)
        t = torch.rand(256, 1, generator=generator).to(data.device)
        loss = (velocity(x0 + t * (x1 - x0), t) - x1 + x0).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        rates.step()

    @torch.no_grad()
    def sample(n):
        x, h = normal(n), 1 / 25
        for i in range(25):
            now, after = (torch.full((n, 1), i * h + late, device=data.device) for late in (0, h))
            first = velocity(x, now)
            x = x + h / 2 * (first + velocity(x + h * first, after))
        return x

    return sample
