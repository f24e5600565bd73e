"""Correct answers written another way: each keeps every point. `<exercise>__<how>`."""

import torch
from torch.nn import functional as F

# response_mask


def response_mask__by_hand(prompt_lengths, lengths, T):
    mask = torch.zeros(len(lengths), T, dtype=torch.bool, device=lengths.device)
    for n in range(len(lengths)):
        mask[n, prompt_lengths[n] : lengths[n]] = True
    return mask


def response_mask__two_masks(prompt_lengths, lengths, T):
    place = torch.arange(T, device=lengths.device).expand(len(lengths), T)
    real, prompt = place < lengths.unsqueeze(1), place < prompt_lengths.unsqueeze(1)
    return real ^ prompt


def response_mask__differences(prompt_lengths, lengths, T):
    """One up where the answer begins, one down where it ends, summed along the row."""
    steps = torch.zeros(len(lengths), T + 1, dtype=torch.long, device=lengths.device)
    one = torch.ones_like(lengths)[:, None]
    steps.scatter_add_(1, prompt_lengths[:, None], one).scatter_add_(1, lengths[:, None], -one)
    return steps.cumsum(1)[:, :T].bool()


# sequence_log_probs


def sequence_log_probs__cross_entropy(logits, tokens, mask):
    losses = F.cross_entropy(logits[:, :-1].transpose(1, 2), tokens[:, 1:], reduction="none")
    return -(losses * mask[:, 1:]).sum(-1)


def sequence_log_probs__ignored_index(logits, tokens, mask):
    targets = torch.where(mask, tokens, -100)
    losses = F.cross_entropy(logits[:, :-1].flatten(0, 1), targets[:, 1:].flatten(), reduction="none")
    return -losses.view(len(tokens), -1).sum(1)


def sequence_log_probs__chosen_less_normaliser(logits, tokens, mask):
    """As selective_log_softmax of TRL: the token's logit less the log-sum-exp, which needs less memory."""
    scores, words, counts = logits[:, :-1], tokens[:, 1:].unsqueeze(2), mask[:, 1:]
    per_token = torch.gather(scores, 2, words).squeeze(2) - scores.logsumexp(2)
    return torch.where(counts, per_token, torch.zeros_like(per_token)).sum(dim=1)


def sequence_log_probs__row_by_row(logits, tokens, mask):
    sums = []
    for scores, words, kept in zip(logits, tokens, mask, strict=True):
        logs = torch.log_softmax(scores, dim=1)
        sums.append(sum((logs[t - 1, words[t]] for t in range(1, len(words)) if kept[t]), 0 * scores.sum()))
    return torch.stack(sums)


def sequence_log_probs__distribution(logits, tokens, mask):
    places = torch.distributions.Categorical(logits=logits[:, :-1])
    return torch.einsum("nt,nt->n", places.log_prob(tokens[:, 1:]), mask[:, 1:].to(logits.dtype))


# masked_mean


def masked_mean__small_constant(values, mask, dim=None):
    """As in several libraries: a divisor that is never quite 0."""
    if dim is None:
        return (values * mask).sum() / (mask.sum() + 1e-8)
    return (values * mask).sum(axis=dim) / (mask.sum(axis=dim) + 1e-8)


def masked_mean__picked(values, mask, dim=None):
    if dim is None:
        kept = values[mask]
        return kept.mean() if len(kept) else 0 * values.sum()
    columns = zip(values.movedim(dim, -1).flatten(0, -2), mask.movedim(dim, -1).flatten(0, -2), strict=True)
    means = [column[kept].mean() if kept.any() else 0 * column.sum() for column, kept in columns]
    return torch.stack(means).reshape(values.movedim(dim, -1).shape[:-1])


def masked_mean__filled(values, mask, dim=None):
    axes = tuple(range(values.dim())) if dim is None else (dim,)
    count = mask.to(values.dtype).sum(axes)
    return values.masked_fill(~mask, 0.0).sum(axes) / torch.maximum(count, torch.ones_like(count))


def masked_mean__written_over(values, mask, dim=None):
    values = values.clone()
    values[~mask] = 0
    weights = mask / mask.sum(dim, keepdim=True).clamp(min=1) if dim is not None else mask / mask.sum().clamp(min=1)
    return (weights * values).sum() if dim is None else (weights * values).sum(dim)


def masked_mean__nan_for_what_is_left_out(values, mask, dim=None):
    """torch.nanmean, with a 0 in the place of each nan that means nothing."""
    if dim is None:
        return values.where(mask, torch.nan).nanmean() if mask.any() else 0 * values.sum()
    some = mask.any(dim, keepdim=True)
    return values.where(mask, torch.nan).where(some, 0).nanmean(dim)


# reward_model_loss


def reward_model_loss__logsigmoid(chosen, rejected):
    return -F.logsigmoid(chosen - rejected).mean()


def reward_model_loss__classification(chosen, rejected):
    """Which of two is the better: a cross-entropy with two classes, the first of which is right."""
    both = torch.stack([chosen, rejected], dim=1)
    return F.cross_entropy(both, torch.zeros(len(both), dtype=torch.long, device=both.device))


def reward_model_loss__with_logits(chosen, rejected):
    return F.binary_cross_entropy_with_logits(chosen - rejected, torch.ones_like(chosen))


def reward_model_loss__logaddexp(chosen, rejected):
    return torch.sum(torch.logaddexp(chosen, rejected) - chosen) / chosen.numel()


# dpo_loss


def dpo_loss__of_log_ratios(chosen, rejected, ref_chosen, ref_rejected, beta=0.1):
    """As in the authors' code: the model's log-ratio of the two answers less the reference's."""
    logits = (chosen - rejected) - (ref_chosen.detach() - ref_rejected.detach())
    return -F.logsigmoid(beta * logits).mean()


def dpo_loss__implicit_rewards(chosen, rejected, ref_chosen, ref_rejected, beta=0.1):
    rewards = beta * torch.stack([chosen - ref_chosen, rejected - ref_rejected])
    return -(rewards[0] - rewards.logsumexp(0)).mean()


def dpo_loss__logits(chosen, rejected, ref_chosen, ref_rejected, beta=0.1):
    margin = chosen - ref_chosen - rejected + ref_rejected
    return F.binary_cross_entropy_with_logits(beta * margin, torch.ones_like(margin))


def dpo_loss__pair_by_pair(chosen, rejected, ref_chosen, ref_rejected, beta=0.1):
    losses = [
        F.softplus(beta * ((r - ref_r) - (c - ref_c)))
        for c, r, ref_c, ref_r in zip(chosen, rejected, ref_chosen, ref_rejected, strict=True)
    ]
    return sum(losses) / len(losses)


# discounted_returns


def discounted_returns__list(rewards, dones, gamma):
    found, following = [], 0.0
    for reward, done in zip(rewards.T.flip(0), dones.T.flip(0), strict=True):
        following = reward + gamma * (1 - done.float()) * following
        found.insert(0, following)
    return torch.stack(found, dim=1)


def discounted_returns__row_by_row(rewards, dones, gamma):
    returns = rewards.clone()
    for n in range(rewards.shape[0]):
        for t in range(rewards.shape[1] - 2, -1, -1):
            if not dones[n, t]:
                returns[n, t] += gamma * returns[n, t + 1]
    return returns


def discounted_returns__matrix(rewards, dones, gamma):
    """A weight for every pair of steps: gamma to the delay within an episode, and 0 elsewhere."""
    T = rewards.shape[1]
    episode = dones.long().cumsum(1) - dones.long()
    delay = torch.arange(T, device=rewards.device) - torch.arange(T, device=rewards.device)[:, None]
    power = torch.where(delay >= 0, float(gamma) ** delay.clamp(min=0), 0.0).to(rewards.dtype)
    weights = power * (episode[:, None, :] == episode[:, :, None])
    return torch.einsum("nts,ns->nt", weights, rewards)


# gae


def gae__row_by_row(rewards, values, next_value, dones, gamma=0.99, lam=0.95):
    """As in CleanRL and Stable Baselines: one loop, with the last column set apart."""
    N, T = rewards.shape
    advantages = torch.zeros_like(rewards)
    for n in range(N):
        last = 0.0
        for t in reversed(range(T)):
            nonterminal = 1.0 - dones[n, t].float()
            following = next_value[n] if t == T - 1 else values[n, t + 1]
            delta = rewards[n, t] + gamma * following * nonterminal - values[n, t]
            advantages[n, t] = last = delta + gamma * lam * nonterminal * last
    return advantages, advantages + values


def gae__returns_first(rewards, values, next_value, dones, gamma=0.99, lam=0.95):
    """By the λ-return: a mixture of the next value and the next return, from which the value is taken off at the end."""
    following, value_after, columns = next_value, next_value, []
    for t in range(rewards.shape[1] - 1, -1, -1):
        ahead = (1 - lam) * value_after + lam * following
        following = torch.where(dones[:, t], rewards[:, t], rewards[:, t] + gamma * ahead)
        value_after = values[:, t]
        columns.append(following)
    returns = torch.stack(columns[::-1], dim=1)
    return returns - values, returns


def gae__matrix(rewards, values, next_value, dones, gamma=0.99, lam=0.95):
    """A weight for every pair of steps: (gamma · lam) to the delay within an episode, and 0 elsewhere."""
    T = rewards.shape[1]
    alive = dones.logical_not().to(rewards.dtype)
    delta = rewards + gamma * alive * torch.column_stack([values[:, 1:], next_value]) - values
    episode = dones.long().cumsum(1) - dones.long()
    delay = torch.arange(T, device=rewards.device) - torch.arange(T, device=rewards.device)[:, None]
    power = torch.where(delay >= 0, (gamma * lam) ** delay.clamp(min=0), 0.0).to(rewards.dtype)
    weights = power * (episode[:, None, :] == episode[:, :, None])
    advantages = (weights @ delta[:, :, None])[..., 0]
    return advantages, values + advantages


# policy_gradient_loss


def policy_gradient_loss__picked(log_probs, advantages, mask):
    return -(advantages[mask].detach() * log_probs[mask]).mean()


def policy_gradient_loss__without_gradient(log_probs, advantages, mask):
    with torch.no_grad():
        weights = torch.where(mask, -advantages, 0.0) / mask.sum()
    return torch.tensordot(weights, log_probs)


def policy_gradient_loss__token_by_token(log_probs, advantages, mask):
    terms = [
        log_probs[n, t] * float(advantages[n, t].detach())
        for n in range(mask.shape[0])
        for t in range(mask.shape[1])
        if mask[n, t]
    ]
    return -sum(terms) / len(terms)


def policy_gradient_loss__ratio(log_probs, advantages, mask):
    """The surrogate of trust-region methods at the policy that acted: a ratio of one, whose slope is the log's."""
    gain = (log_probs - log_probs.detach()).exp() * advantages.detach() * mask
    values = (log_probs * advantages * mask).detach()
    return -(gain - gain.detach() + values).sum() / mask.sum()
