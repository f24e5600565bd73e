"""Post-training: preferences, rewards, adapters.

A language model that has read a lot can go on with any text, but it answers no question yet. Post-training makes an
assistant of it: people say which of two answers is better, or a reward says how good one is, and the model is moved
towards what is liked. Most of it works with small changes of a large model, and in small pieces of a large batch.

Everything is PyTorch, float32 in and out. Lengths and ids of tokens are int64. A mask is boolean, and True marks what
counts. Losses are tensors without axes through which gradients flow.
"""

import copy

import torch
from torch import nn
from torch.nn import functional as F


def response_mask(prompt_lengths, lengths, T):
    """Which tokens of padded rows belong to the answer: neither those of the prompt nor the padding.

    prompt_lengths (N,), lengths (N,), T -> mask (N, T)

    Row n holds the prompt first, then the answer, then padding up to T. lengths[n] counts prompt and answer together,
    so that token t is kept where prompt_lengths[n] ≤ t < lengths[n]. 0 ≤ prompt_length ≤ length ≤ T; a row may have no
    answer. Boolean.
    """
    position = torch.arange(T, device=lengths.device)
    return (prompt_lengths[:, None] <= position) & (position < lengths[:, None])


def sequence_log_probs(logits, tokens, mask):
    """The log-probability that a language model gives to each answer: the sum over the answer's tokens.

    logits (N, T, V), tokens (N, T), mask (N, T) -> log_probs (N,)

    logits[:, t] predicts tokens[:, t + 1], which is kept where mask[:, t + 1]; mask[:, 0] counts for nothing, as nothing
    predicts the first token. T ≥ 2. Tokens are valid ids everywhere, padding too. A row without kept targets gives 0.
    """
    targets = tokens[:, 1:, None]
    per_token = logits[:, :-1].log_softmax(-1).gather(-1, targets)[..., 0]
    return (per_token * mask[:, 1:]).sum(1)


def masked_mean(values, mask, dim=None):
    """The mean of the values that a mask keeps, over everything or along one axis.

    values (...), mask (...) -> mean (...)

    mask has the shape of values. `dim` is one integer, negative too, whose axis is removed, or None: then all kept values
    weigh the same, in whatever row they stand. Where nothing is kept the mean is 0, and so is its gradient.
    """
    total = (values * mask).sum(dim)
    return total / mask.sum(dim).clamp(min=1)


def reward_model_loss(chosen, rejected):
    """The loss of a reward model: of two answers, the one that people have chosen should get the higher reward.

    chosen (N,), rejected (N,) -> loss

    By Bradley and Terry the chosen answer wins with probability σ(chosen − rejected). The loss is the mean of minus its
    logarithm, for rewards of any size.
    """
    return F.softplus(rejected - chosen).mean()


def dpo_loss(chosen, rejected, ref_chosen, ref_rejected, beta=0.1):
    """Direct preference optimisation: the loss of a language model that learns from preferences without a reward model.

    chosen (N,), rejected (N,), ref_chosen (N,), ref_rejected (N,), beta -> loss

    All four are log-probabilities of whole answers: of the chosen and the rejected one, by the model that learns and by
    the reference that it started from. The model's own reward of an answer is

        reward = beta · (log-probability − the reference's)

    and the loss is the mean of −log σ(the chosen answer's reward − the rejected one's), for differences of any size. The
    reference's log-probabilities arrive without a gradient.
    """
    return reward_model_loss(beta * (chosen - ref_chosen), beta * (rejected - ref_rejected))


def discounted_returns(rewards, dones, gamma):
    """What each step leads to: its own reward, and all later ones of its episode, discounted by their delay.

    rewards (N, T), dones (N, T), gamma -> returns (N, T)

    returns_t = rewards_t + gamma · returns_(t+1), where nothing is carried over the end of an episode: dones is boolean
    and True at an episode's last step. After the last column nothing comes.
    """
    returns = torch.empty_like(rewards)
    following = torch.zeros_like(rewards[:, 0])
    for t in reversed(range(rewards.shape[1])):
        following = rewards[:, t] + gamma * following * ~dones[:, t]
        returns[:, t] = following
    return returns


def gae(rewards, values, next_value, dones, gamma=0.99, lam=0.95):
    """Generalised advantage estimation: how much better each step turned out than the critic had expected.

    rewards (N, T), values (N, T), next_value (N,), dones (N, T) -> advantages (N, T), returns (N, T)

    With δ_t = rewards_t + gamma · values_(t+1) − values_t, the advantage of step t is

        δ_t + gamma · lam · δ_(t+1) + (gamma · lam)² · δ_(t+2) + …

    up to the end of the episode. dones is boolean and True at an episode's last step: neither a value nor an advantage
    is carried over it. next_value is the value after the last column. returns = advantages + values.
    """
    goes_on = ~dones
    values_after = torch.cat([values[:, 1:], next_value[:, None]], dim=1)
    delta = rewards + gamma * values_after * goes_on - values
    advantages = torch.empty_like(delta)
    later = torch.zeros_like(next_value)
    for t in reversed(range(delta.shape[1])):
        later = delta[:, t] + gamma * lam * later * goes_on[:, t]
        advantages[:, t] = later
    return advantages, advantages + values


def policy_gradient_loss(log_probs, advantages, mask):
    """REINFORCE: the loss whose gradient makes actions with a positive advantage likelier, and the others less likely.

    log_probs (N, T), advantages (N, T), mask (N, T) -> loss

    The mean of −advantage · log-probability over the kept tokens of the whole batch. The advantages are constants: no
    gradient reaches them, even where they require one. Every row keeps at least one token.
    """
    return -masked_mean(advantages.detach() * log_probs, mask)


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
