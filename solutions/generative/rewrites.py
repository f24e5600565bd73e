"""Correct answers written another way: each keeps every point. `<exercise>__<how>`."""

import numpy as np
import torch
from torch.nn import functional as F


def gan_discriminator_loss__cross_entropy(real_logits, fake_logits):
    real = F.binary_cross_entropy_with_logits(real_logits, torch.ones_like(real_logits))
    fake = F.binary_cross_entropy_with_logits(fake_logits, torch.zeros_like(fake_logits))
    return real + fake


def gan_generator_loss__cross_entropy(fake_logits):
    return F.binary_cross_entropy_with_logits(fake_logits, torch.ones_like(fake_logits))


def vae_kl__distributions(mean, log_var):
    """KL of factors, from means and the entropy of a normal."""
    cross = 0.5 * (torch.exp(log_var) + torch.square(mean))
    entropy = 0.5 * (1 + log_var)
    return torch.sum(cross - entropy) / mean.shape[0]


def reparameterize__addcmul(mean, log_var, noise):
    return torch.addcmul(mean, torch.exp(log_var / 2), noise)


def linear_beta_schedule__by_hand(steps, start=1e-4, end=0.02):
    gap = (end - start) / (steps - 1) if steps > 1 else 0.0
    return torch.tensor([start + gap * i for i in range(steps)], dtype=torch.float32)


def linear_beta_schedule__by_numpy(steps, start=1e-4, end=0.02):
    return torch.from_numpy(np.linspace(start, end, steps)).float()


def diffuse__by_hand(x0, t, noise, betas):
    rows = []
    for n in range(len(x0)):
        kept = torch.prod(1 - betas[: t[n] + 1])
        rows.append(kept**0.5 * x0[n] + (1 - kept) ** 0.5 * noise[n])
    return torch.stack(rows)


def diffuse__exponential_of_logs(x0, t, noise, betas):
    logs = torch.log1p(-betas).cumsum(0)[t].view([len(x0)] + [1] * (x0.ndim - 1))
    return (logs / 2).exp() * x0 + torch.sqrt(-torch.expm1(logs)) * noise


def ddpm_loss__by_hand(model, x0, t, noise, betas):
    kept = torch.cumprod(1 - betas, 0).gather(0, t).reshape([-1] + [1] * (x0.ndim - 1))
    guess = model(torch.sqrt(kept) * x0 + torch.sqrt(1 - kept) * noise, t)
    return F.mse_loss(guess, noise)


def denoise_step__by_hand(model, x, t, noise, betas):
    if isinstance(t, int):
        t = torch.full((x.shape[0],), t, dtype=torch.long, device=x.device)
    alphas = 1 - betas
    shape = [-1] + [1] * (x.ndim - 1)
    alpha, bar = alphas[t].view(shape), torch.cumprod(alphas, 0)[t].view(shape)
    guess = model(x, t)
    mean = alpha**-0.5 * (x - (1 - alpha) * (1 - bar) ** -0.5 * guess)
    fresh = noise * (t > 0).view(shape)
    return mean + (1 - alpha) ** 0.5 * fresh


def info_nce__four_tables(z1, z2, temperature=0.1):
    """The 2N × 2N table as four of N × N; a large negative number stands for minus infinity."""
    a, b = z1 / z1.norm(dim=1, keepdim=True), z2 / z2.norm(dim=1, keepdim=True)
    far = 1e9 * torch.eye(len(a), dtype=a.dtype, device=a.device)
    ab = a @ b.T / temperature
    labels = torch.arange(len(a), device=a.device)
    first = F.cross_entropy(torch.cat([ab, a @ a.T / temperature - far], 1), labels)
    second = F.cross_entropy(torch.cat([ab.T, b @ b.T / temperature - far], 1), labels)
    return 0.5 * (first + second)


def info_nce__by_hand(z1, z2, temperature=0.1):
    z = torch.cat([F.normalize(z1), F.normalize(z2)])
    similarity = torch.einsum("id,jd->ij", z, z).div(temperature)
    n = len(z)
    others = similarity[~torch.eye(n, dtype=torch.bool, device=z.device)].view(n, n - 1)
    positive = (z[: n // 2] * z[n // 2 :]).sum(1) / temperature
    return (others.logsumexp(1) - positive.repeat(2)).mean()


def clip_loss__diagonals(image, text, temperature):
    a, b = (x / x.square().sum(1, keepdim=True).sqrt() for x in (image, text))
    table = (a @ b.t()) / temperature
    by_text, by_image = table.log_softmax(1).diagonal(), table.log_softmax(0).diagonal()
    return -(by_text.mean() + by_image.mean()) * 0.5


def mask_patches__unfold(x, patch, ratio, rng):
    patches = F.unfold(x, patch, stride=patch).transpose(1, 2)
    N, L, D = patches.shape
    noise = torch.as_tensor(rng.random((N, L)), device=x.device)
    kept = round(L * (1 - ratio))
    indices = noise.topk(kept, dim=1, largest=False).indices.sort(dim=1).values
    return patches.gather(1, indices[:, :, None].expand(-1, -1, D)), indices


def caption_teacher_forcing_loss__picked(logits, tokens, pad):
    real = tokens[:, 1:] != pad
    scores = torch.log_softmax(logits[:, :-1], -1)[real]
    words = tokens[:, 1:][real]
    return -scores[torch.arange(len(words), device=words.device), words].mean()


def caption_teacher_forcing_loss__weighted(logits, tokens, pad):
    losses = F.cross_entropy(logits[:, :-1].transpose(1, 2), tokens[:, 1:], reduction="none")
    weight = (tokens[:, 1:] != pad).to(losses.dtype)
    return (losses * weight).sum() / weight.sum()


def vae_kl__torch_distributions(mean, log_var):
    code = torch.distributions.Normal(mean, torch.exp(0.5 * log_var))
    return torch.distributions.kl_divergence(code, torch.distributions.Normal(0.0, 1.0)).sum(-1).mean()


def reparameterize__root_of_the_variance(mean, log_var, noise):
    return mean + log_var.exp().sqrt() * noise


def ddpm_loss__functional(model, x0, t, noise, betas):
    kept = torch.cumprod(1 - betas, 0)[t].reshape(-1, *[1] * (x0.dim() - 1))
    return F.mse_loss(model(kept.sqrt() * x0 + (1 - kept).sqrt() * noise, t), noise)


def gan_generator_loss__logsigmoid(fake_logits):
    return -F.logsigmoid(fake_logits).mean()


def info_nce__functional_cosine(z1, z2, temperature=0.1):
    z = torch.cat([z1, z2])
    similarity = F.cosine_similarity(z[:, None], z[None], dim=-1) / temperature
    similarity = similarity.masked_fill(torch.eye(len(z), dtype=torch.bool, device=z.device), -torch.inf)
    return F.cross_entropy(similarity, torch.arange(len(z), device=z.device).roll(len(z1)))


def clip_loss__functional_cosine(image, text, temperature):
    logits = F.cosine_similarity(image[:, None], text[None], dim=-1) / temperature
    labels = torch.arange(len(image), device=image.device)
    return 0.5 * F.cross_entropy(logits, labels) + 0.5 * F.cross_entropy(logits.T, labels)
