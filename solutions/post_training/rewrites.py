"""Correct answers written another way: each keeps every point. `<exercise>__<how>`."""

import numpy as np
import torch
from torch import nn
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


# ppo_clip_loss


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


# kl_estimates


def kl_estimates__plain(log_probs, ref_log_probs):
    """As Schulman writes them, from the ratio's logarithm."""
    log_ratio = ref_log_probs.detach() - log_probs
    ratio = torch.exp(log_ratio)
    return -log_ratio, 0.5 * log_ratio.square(), (ratio - 1) - log_ratio


def kl_estimates__from_the_policy(log_probs, ref_log_probs):
    k1 = log_probs - ref_log_probs
    return [k1, k1 * k1 / 2, torch.exp(-k1) + k1 - 1]


# group_advantages


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


# grpo_loss


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


# distillation_loss


def distillation_loss__functional(student, teacher, labels, temperature, alpha):
    """As most tutorials have it."""
    soft = F.kl_div(
        F.log_softmax(student / temperature, dim=-1),
        F.softmax(teacher.detach() / temperature, dim=-1),
        reduction="batchmean",
    )
    return soft * (alpha * temperature * temperature) + F.cross_entropy(student, labels) * (1.0 - alpha)


def distillation_loss__log_target(student, teacher, labels, temperature, alpha):
    wanted, found = (F.log_softmax(logits / temperature, dim=1) for logits in (teacher, student))
    soft = F.kl_div(found, wanted, reduction="none", log_target=True).sum(1)
    hard = F.nll_loss(F.log_softmax(student, dim=1), labels, reduction="none")
    return (alpha * temperature**2 * soft + (1 - alpha) * hard).mean()


def distillation_loss__cross_entropies(student, teacher, labels, temperature, alpha):
    """The KL as a cross-entropy less an entropy, with logsumexp."""
    s, t = student / temperature, teacher / temperature
    wanted = t.softmax(1)
    cross = torch.logsumexp(s, 1) - (wanted * s).sum(1)
    entropy = torch.logsumexp(t, 1) - (wanted * t).sum(1)
    hard = torch.logsumexp(student, 1) - student.gather(1, labels.unsqueeze(1)).squeeze(1)
    return alpha * temperature**2 * (cross - entropy).mean() + (1 - alpha) * hard.mean()


# LoRALinear


class LoRALinear__functional(nn.Module):
    """As Microsoft's loralib has it: its own initialisation, and a layer that is copied."""

    def __init__(self, linear, rank, alpha):
        super().__init__()
        self.linear = nn.Linear(linear.in_features, linear.out_features, bias=linear.bias is not None)
        self.linear.load_state_dict(linear.state_dict())
        for parameter in self.linear.parameters():
            parameter.requires_grad = False
        self.rank, self.alpha = rank, alpha
        self.lora_A = nn.Parameter(torch.empty(rank, linear.in_features))
        self.lora_B = nn.Parameter(torch.empty(linear.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_A, a=5**0.5)
        nn.init.zeros_(self.lora_B)

    def forward(self, x):
        return self.linear(x) + F.linear(F.linear(x, self.lora_A), self.lora_B) * (self.alpha / self.rank)

    def merged(self):
        bias = self.linear.bias
        new = nn.Linear(self.linear.in_features, self.linear.out_features, bias=bias is not None)
        new.weight.data = self.linear.weight.data + self.alpha / self.rank * (self.lora_B.data @ self.lora_A.data)
        if bias is not None:
            new.bias.data = bias.data.clone()
        return new


class LoRALinear__einsum(nn.Module):
    """One effective weight for every call, and a scale that is a buffer."""

    def __init__(self, linear, rank, alpha):
        super().__init__()
        self.linear = linear
        self.linear.weight.requires_grad = False
        if self.linear.bias is not None:
            self.linear.bias.requires_grad = False
        self.lora_A = nn.Parameter(0.02 * torch.randn(rank, linear.weight.shape[1]))
        self.lora_B = nn.Parameter(torch.zeros(linear.weight.shape[0], rank))
        self.register_buffer("scale", torch.tensor(alpha / rank))

    def _weight(self):
        return self.linear.weight + self.scale * torch.einsum("mr,rd->md", self.lora_B, self.lora_A)

    def forward(self, x):
        return F.linear(x, self._weight(), self.linear.bias)

    @torch.no_grad()
    def merged(self):
        out_features, in_features = self.linear.weight.shape
        new = nn.utils.skip_init(nn.Linear, in_features, out_features, bias=self.linear.bias is not None)
        new.weight.copy_(self._weight())
        if self.linear.bias is not None:
            new.bias.copy_(self.linear.bias)
        return new


# accumulate_gradients


def accumulate_gradients__autograd(model, batches):
    """The gradients are asked for, and added by hand."""
    parameters = list(model.parameters())
    total = float(sum(mask.sum().item() for _, _, mask in batches))
    for inputs, targets, mask in batches:
        log_probs = model(inputs).log_softmax(-1).gather(-1, targets.unsqueeze(-1)).squeeze(-1)
        loss = -(log_probs * mask).sum() / total
        for parameter, grad in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
            parameter.grad = grad if parameter.grad is None else parameter.grad + grad


def accumulate_gradients__one_graph(model, batches):
    """All losses are put together before the one backward: right, though it keeps every graph."""
    losses = [F.cross_entropy(model(x)[mask], y[mask], reduction="none") for x, y, mask in batches]
    torch.cat(losses).mean().backward()


def accumulate_gradients__scaled_at_the_end(model, batches):
    """Sums first, divided when all are there; masked targets are ignored by their label."""
    count = 0
    for x, y, mask in batches:
        labels = torch.where(mask, y, torch.full_like(y, -100))
        F.cross_entropy(model(x).transpose(1, 2), labels, reduction="sum", ignore_index=-100).backward()
        count += int(mask.sum())
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.grad /= count
    return model


# corridor


def corridor__q_learning(step, rng):
    """Without PyTorch: a table of what each action is worth, learnt from one step at a time."""
    worth = np.zeros((10, 2))
    for _ in range(400):
        cells = rng.integers(0, 9, 32)
        explores = rng.random(32) < 0.5
        actions = np.where(explores, rng.integers(0, 2, 32), worth[cells].argmax(axis=1))
        after, rewards, dones = (value.numpy() for value in step(torch.from_numpy(cells), torch.from_numpy(actions)))
        target = rewards + 0.9 * ~dones * worth[after].max(axis=1)
        for cell, action, wanted in zip(cells, actions, target, strict=True):
            worth[cell, action] += 0.5 * (wanted - worth[cell, action])
    return lambda cells: worth[cells.numpy()]


def corridor__tries_both(step, rng):
    """Each action is tried once in each cell, and the one that leads on is kept."""
    cells = torch.arange(9)
    logits = torch.stack([step(cells, torch.full_like(cells, action))[0] - cells for action in (0, 1)], dim=1)
    return lambda asked: logits[asked].float()


def corridor__reinforce(step, rng):
    """A small network instead of a table, and the plain policy gradient, without the unit's pieces."""
    network = nn.Sequential(nn.Embedding(10, 16), nn.Tanh(), nn.Linear(16, 2))
    optimizer = torch.optim.Adam(network.parameters(), lr=0.05)
    for _ in range(60):
        cells, log_probs, rewards = torch.randint(0, 9, (64,)), [], []
        for _ in range(20):
            law = torch.distributions.Categorical(logits=network(cells))
            actions, is_there = law.sample(), cells == 9
            log_probs.append(law.log_prob(actions) * ~is_there)
            cells, reward, _ = step(cells, actions)
            rewards.append(reward)
        later, loss = torch.zeros(64), 0.0
        for log_prob, reward in zip(reversed(log_probs), reversed(rewards), strict=True):
            later = reward + 0.9 * later
            loss = loss - ((later - 0.3) * log_prob).sum() / 1000
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network


def corridor__actor_critic(step, rng):
    """PPO as it is mostly written: a critic, generalised advantages, several epochs for each batch."""
    actor, critic = nn.Embedding(10, 2), nn.Embedding(10, 1)
    nn.init.zeros_(actor.weight)
    nn.init.zeros_(critic.weight)
    optimizer = torch.optim.Adam([*actor.parameters(), *critic.parameters()], lr=0.1)
    N, T, gamma, lam = 64, 20, 0.9, 0.95
    for _ in range(30):
        now = torch.from_numpy(rng.integers(0, 9, N))
        cells, acts, pays, ends = [], [], [], []
        for _ in range(T):
            with torch.no_grad():
                action = torch.distributions.Categorical(logits=actor(now)).sample()
            cells.append(now)
            acts.append(action)
            now, pay, end = step(now, action)
            pays.append(pay)
            ends.append(end)
            now = torch.where(end, torch.from_numpy(rng.integers(0, 9, N)), now)  # who has arrived begins again
        with torch.no_grad():
            value = [critic(each)[:, 0] for each in [*cells, now]]
        advantage, advantages = torch.zeros(N), []
        for t in reversed(range(T)):
            error = pays[t] + gamma * value[t + 1] * ~ends[t] - value[t]
            advantage = error + gamma * lam * advantage * ~ends[t]
            advantages.insert(0, advantage)
        cells, acts, advantages, value = (torch.cat(each) for each in (cells, acts, advantages, value[:-1]))
        returns = advantages + value
        advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
        with torch.no_grad():
            old = actor(cells).log_softmax(1).gather(1, acts[:, None])[:, 0]
        for _ in range(4):
            log_probs = actor(cells).log_softmax(1)
            ratio = (log_probs.gather(1, acts[:, None])[:, 0] - old).exp()
            gain = torch.min(ratio * advantages, ratio.clamp(0.8, 1.2) * advantages).mean()
            bonus = -(log_probs.exp() * log_probs).sum(1).mean()
            loss = (critic(cells)[:, 0] - returns).square().mean() - gain - 0.01 * bonus
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return lambda asked: actor(asked).detach()
