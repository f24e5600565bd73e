"""Correct answers written another way: each keeps every point. `<exercise>__<how>`."""

import torch
from torch import nn
from torch.nn import functional as F

# The last eight


def ppo_clip_loss__maximum_of_losses(log_probs, old_log_probs, advantages, mask, clip=0.2):
    """As in Stable Baselines and in TRL: the larger of two losses, and a mask of floats."""
    advantages, weight = advantages.detach(), mask.float()
    ratio = torch.exp(log_probs - old_log_probs.detach())
    plain = -advantages * ratio
    clipped = -advantages * torch.clamp(ratio, 1.0 - clip, 1.0 + clip)
    return (torch.max(plain, clipped) * weight).sum() / weight.sum()


def ppo_clip_loss__by_sign(log_probs, old_log_probs, advantages, mask, clip=0.2):
    with torch.no_grad():
        limit = torch.where(advantages > 0, (1 + clip) * advantages, (1 - clip) * advantages)
        advantages, old = advantages.clone(), old_log_probs.clone()
    gain = torch.exp(log_probs - old) * advantages
    kept = torch.where(gain < limit, gain, limit)[mask]
    return -kept.sum() / kept.numel()


def ppo_clip_loss__loops(log_probs, old_log_probs, advantages, mask, clip=0.2):
    gains = []
    for n in range(mask.shape[0]):
        for t in range(mask.shape[1]):
            if mask[n, t]:
                advantage = advantages[n, t].item()
                ratio = (log_probs[n, t] - old_log_probs[n, t].item()).exp()
                gains.append(min(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage))
    return -torch.stack(gains).mean()


def kl_estimates__plain(log_probs, ref_log_probs):
    """As Schulman writes them, from the ratio's logarithm."""
    log_ratio = ref_log_probs.detach() - log_probs
    ratio = torch.exp(log_ratio)
    return -log_ratio, 0.5 * log_ratio.square(), (ratio - 1) - log_ratio


def kl_estimates__from_the_policy(log_probs, ref_log_probs):
    k1 = log_probs - ref_log_probs
    return [k1, k1 * k1 / 2, torch.exp(-k1) + k1 - 1]


def group_advantages__var_mean(rewards, eps=1e-6, normalize=True):
    var, mean = torch.var_mean(rewards, dim=-1, keepdim=True)
    advantages = rewards - mean
    if normalize:
        advantages = advantages / (var**0.5 + eps)
    return advantages


def group_advantages__flat(rewards, eps=1e-6, normalize=True):
    """As TRL has it: one row of all answers, and means that are repeated for each."""
    flat, G = rewards.flatten(), rewards.shape[1]
    means = rewards.mean(1).repeat_interleave(G)
    found = flat - means
    if normalize:
        found = found / (rewards.std(1).repeat_interleave(G) + eps)
    return found.view_as(rewards)


def group_advantages__loops(rewards, eps=1e-6, normalize=True):
    rows = []
    for group in rewards:
        centred = group - group.sum() / len(group)
        spread = (centred.square().sum() / (len(group) - 1)).sqrt()
        rows.append(centred / (spread + eps) if normalize else centred)
    return torch.stack(rows)


def grpo_loss__as_trl(log_probs, old, ref, advantages, mask, clip=0.2, beta=0.04, reduce="sequence"):
    weight = mask.to(log_probs.dtype)
    advantages = advantages.detach().unsqueeze(1)
    ratio = torch.exp(log_probs - old.detach())
    loss = -torch.min(ratio * advantages, torch.clamp(ratio, 1 - clip, 1 + clip) * advantages)
    if beta != 0.0:
        away = ref.detach() - log_probs
        loss = loss + beta * (torch.exp(away) - away - 1)
    if reduce == "sequence":
        return ((loss * weight).sum(-1) / weight.sum(-1)).mean()
    return (loss * weight).sum() / weight.sum()


def grpo_loss__row_by_row(log_probs, old, ref, advantages, mask, clip=0.2, beta=0.04, reduce="sequence"):
    old, ref, advantages = (a.detach() for a in (old, ref, advantages))
    rows = []
    for n, keep in enumerate(mask):
        new, before, base, advantage = log_probs[n][keep], old[n][keep], ref[n][keep], advantages[n]
        ratio = (new - before).exp()
        bound = 1 + clip if advantage > 0 else 1 - clip
        gain = torch.minimum(ratio * advantage, bound * advantage)
        rows.append(beta * (torch.expm1(base - new) - (base - new)) - gain)
    if reduce == "token":
        return torch.cat(rows).mean()
    return sum(row.mean() for row in rows) / len(rows)
