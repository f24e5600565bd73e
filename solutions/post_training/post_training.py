"""After pre-training: preferences, rewards and adapters.

A model that has read much text completes it. To make it answer, it is shown which of two answers people prefer, it is paid
for answers that are right, and it is changed by few numbers at a time.

Everything is PyTorch, float32 in and out. Losses are tensors without axes through which gradients flow. A mask is boolean,
and True means that a token counts.
"""

import copy

import torch
from torch import nn
from torch.nn import functional as F


def masked_mean(values, mask, dim=None):
    """STAND-IN for the first half of the unit."""
    return values[mask].mean()


def gae(rewards, values, next_value, dones, gamma=0.99, lam=0.95):
    """STAND-IN for the first half of the unit."""
    after = torch.cat([values[:, 1:], next_value[:, None]], dim=1)
    errors = rewards + gamma * after * ~dones - values
    advantages, later = torch.zeros_like(rewards), 0.0
    for t in reversed(range(rewards.shape[1])):
        later = errors[:, t] + gamma * lam * ~dones[:, t] * later
        advantages[:, t] = later
    return advantages, advantages + values


# ---- the last eight


def _clipped_gain(log_probs, old, advantages, clip):
    """What each token gains: the smaller of ratio · A and clamp(ratio, 1 ± clip) · A; old and A are constants."""
    old, advantages = old.detach(), advantages.detach()
    ratio = (log_probs - old).exp()
    return torch.minimum(ratio * advantages, ratio.clamp(1 - clip, 1 + clip) * advantages)


def ppo_clip_loss(log_probs, old_log_probs, advantages, mask, clip=0.2):
    """PPO's loss: like the policy gradient's, but a token gains no more once its probability has changed enough.

    log_probs (N, T), old_log_probs (N, T), advantages (N, T), mask (N, T), clip -> loss

    The ratio exp(log_prob − old_log_prob) says how many times likelier the policy has made a token since it was drawn. A
    token's gain is the smaller of ratio · A and clamp(ratio, 1 − clip, 1 + clip) · A, A being its advantage. The loss is
    minus the mean gain of all kept tokens of the batch. Old log-probabilities and advantages are constants: no gradient
    reaches them, even where they require one.
    """
    return -_clipped_gain(log_probs, old_log_probs, advantages, clip)[mask].mean()


def kl_estimates(log_probs, ref_log_probs):
    """How far the policy has moved from the reference, KL(policy ‖ reference), estimated from single tokens in three ways.

    log_probs (N, T), ref_log_probs (N, T) -> k1 (N, T), k2 (N, T), k3 (N, T)

    The tokens were drawn by the policy. With r = ref_log_prob − log_prob, the estimates of a token are k1 = −r, k2 = r²/2
    and k3 = eʳ − 1 − r.
    """
    r = ref_log_probs - log_probs
    return -r, r**2 / 2, r.expm1() - r


def group_advantages(rewards, eps=1e-6, normalize=True):
    """How much better each answer is than the other answers to the same prompt.

    rewards (P, G), eps, normalize -> advantages (P, G)

    Row p has the rewards of G answers to prompt p. From each its row's mean is taken off; if `normalize`, it is then
    divided by std + eps, with the row's standard deviation as of a sample (its squares divided by G − 1).
    """
    centred = rewards - rewards.mean(dim=1, keepdim=True)
    return centred / (rewards.std(dim=1, keepdim=True) + eps) if normalize else centred


def grpo_loss(log_probs, old, ref, advantages, mask, clip=0.2, beta=0.04, reduce="sequence"):
    """GRPO's loss: PPO's clipped term with one advantage for a whole answer, and a price for leaving the reference.

    log_probs (N, T), old (N, T), ref (N, T), advantages (N,), mask (N, T), clip, beta, reduce -> loss

    A token's loss is minus its gain, as in `ppo_clip_loss`, plus beta times its k3, as in `kl_estimates`; row n's
    advantage is that of all its tokens. With reduce "sequence" each row is averaged over its kept tokens, then the rows
    are averaged; with "token" all kept tokens are averaged at once. old, ref and advantages are constants: no gradient
    reaches them, even where they require one.
    """
    gain = _clipped_gain(log_probs, old, advantages[:, None], clip)
    _, _, k3 = kl_estimates(log_probs, ref.detach())
    losses = torch.where(mask, beta * k3 - gain, 0.0)
    if reduce == "token":
        return losses.sum() / mask.sum()
    return (losses.sum(dim=1) / mask.sum(dim=1)).mean()


def distillation_loss(student, teacher, labels, temperature, alpha):
    """A small model learns from a large one: from its probabilities, and from the labels as well.

    student (N, K), teacher (N, K), labels (N,), temperature, alpha -> loss

    student and teacher are logits. At the temperature τ, probabilities are softmax(logits / τ). The loss is
    alpha · τ² · KL(teacher ‖ student) at the temperature, plus (1 − alpha) times the cross-entropy of the student with the
    labels, at temperature 1. The KL is summed over classes; both terms are averaged over the N examples.
    """
    wanted = (teacher / temperature).log_softmax(dim=1)
    found = (student / temperature).log_softmax(dim=1)
    soft = (wanted.exp() * (wanted - found)).sum(dim=1).mean()
    hard = F.cross_entropy(student, labels)
    return alpha * temperature**2 * soft + (1 - alpha) * hard


class LoRALinear(nn.Module):
    """A linear layer that is fine-tuned by a product of two thin matrices, while its own weights stay as they are.

    `linear` is the given layer (or a copy of it), `lora_A` (rank, in) and `lora_B` (out, rank) are nn.Parameters, and the
    only ones that require a gradient. At first lora_B is zero and lora_A is random, so that the layer begins as the given
    one does, and yet can learn.
    """

    def __init__(self, linear, rank, alpha):
        """linear is an nn.Linear with or without a bias; rank ≥ 1; alpha > 0, what the adapter is scaled by, is divided by rank."""
        super().__init__()
        self.linear = linear.requires_grad_(False)
        self.scale = alpha / rank
        self.lora_A = nn.Parameter(torch.randn(rank, linear.in_features) / linear.in_features**0.5)
        self.lora_B = nn.Parameter(torch.zeros(linear.out_features, rank))

    def forward(self, x):
        """x (…, in) -> out (…, out)

        linear(x) + alpha / rank · (x · lora_Aᵀ) · lora_Bᵀ
        """
        return self.linear(x) + self.scale * (x @ self.lora_A.T) @ self.lora_B.T

    def merged(self):
        """-> a new nn.Linear that gives the same output

        It has a bias if `linear` has one. It shares no memory with this module, which stays as it is, and it is made from
        what the two factors are at the time of the call.
        """
        merged = copy.deepcopy(self.linear)
        with torch.no_grad():
            merged.weight += self.scale * self.lora_B @ self.lora_A
        return merged


def accumulate_gradients(model, batches):
    """The gradient of one large batch from small ones, which fit into memory one after another.

    model, batches -> nothing; each p.grad of the model is set

    batches is a list of (inputs, targets, mask); targets and mask are (n, T), and n and T differ from batch to batch.
    `model(inputs)` gives logits (n, T, V), those at each place for the target of the same place: nothing is shifted.
    Afterwards each parameter's grad is the gradient of the mean cross-entropy over all kept targets of all batches, as if
    they were one batch. Before, it is None. The parameters stay as they are.
    """
    total = sum(mask.sum() for _, _, mask in batches)
    for inputs, targets, mask in batches:
        summed = F.cross_entropy(model(inputs)[mask], targets[mask], reduction="sum")
        (summed / total).backward()


def corridor(step, rng):
    """Train a policy that finds its way along a corridor of ten cells to the last one; returns the policy.

    step, rng -> policy

    `step(cells, actions)` takes int64 (N,) each, the cells 0 to 9 of N walkers and their actions, 0 or 1. It returns the
    cells where they come to, int64, the rewards, float32, and whether each has arrived, boolean; all are (N,). In every
    cell one action leads on and the other leads back (in cell 0 it stays), and which one differs from cell to cell. The
    goal is cell 9: reaching it is paid 1, and nothing else is paid. Who is there stays there. Walks may begin anywhere.

    `policy(cells)` takes cells (N,), int64, and returns logits (N, 2): the walker takes the action with the larger one.
    Choose any method: the pieces are in this file. Draw random numbers from `rng`, a NumPy generator, or from PyTorch's,
    which is seeded. All tensors are on the CPU.
    """
    logits, values = torch.zeros(10, 2, requires_grad=True), torch.zeros(10, requires_grad=True)  # for each cell
    optimizer = torch.optim.Adam([logits, values], lr=0.1)
    for _ in range(40):
        cells, actions, rewards, dones, mask = _walks(step, logits.detach(), rng)
        before = values.detach()
        advantages, returns = gae(rewards, before[cells[:, :-1]], before[cells[:, -1]], dones, gamma=0.9)
        cells = cells[:, :-1]
        old = _log_probs(logits, cells, actions).detach()
        for _ in range(3):
            loss = ppo_clip_loss(_log_probs(logits, cells, actions), old, advantages, mask)
            loss = loss + masked_mean((values[cells] - returns) ** 2, mask)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return lambda cells: logits.detach()[cells]


def _log_probs(logits, cells, actions):
    """The log-probability of each action in its cell: (N, T)"""
    return logits[cells].log_softmax(dim=-1).gather(-1, actions[..., None])[..., 0]


def _walks(step, logits, rng, N=64, T=20):
    """N walks of T steps from random cells: cells (N, T + 1), and actions, rewards, dones and a mask, (N, T) each.

    The mask keeps the steps until a walk arrives.
    """
    cells, actions, rewards, dones = [torch.from_numpy(rng.integers(0, 9, N))], [], [], []
    for _ in range(T):
        chance = logits[cells[-1]].softmax(dim=-1)[:, 1]
        actions.append((torch.from_numpy(rng.random(N)) < chance).long())
        for column, found in zip((cells, rewards, dones), step(cells[-1], actions[-1]), strict=True):
            column.append(found)
    cells, actions, rewards, dones = (torch.stack(column, dim=1) for column in (cells, actions, rewards, dones))
    return cells, actions, rewards, dones, cells[:, :-1] < 9
