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
    # YOUR CODE HERE
    raise NotImplementedError


def sequence_log_probs(logits, tokens, mask):
    """The log-probability that a language model gives to each answer: the sum over the answer's tokens.

    logits (N, T, V), tokens (N, T), mask (N, T) -> log_probs (N,)

    logits[:, t] predicts tokens[:, t + 1], which is kept where mask[:, t + 1]; mask[:, 0] counts for nothing, as nothing
    predicts the first token. T ≥ 2. Tokens are valid ids everywhere, padding too. A row without kept targets gives 0.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def masked_mean(values, mask, dim=None):
    """The mean of the values that a mask keeps, over everything or along one axis.

    values (...), mask (...) -> mean (...)

    mask has the shape of values. `dim` is one integer, negative too, whose axis is removed, or None: then all kept values
    weigh the same, in whatever row they stand. Where nothing is kept the mean is 0, and so is its gradient.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def reward_model_loss(chosen, rejected):
    """The loss of a reward model: of two answers, the one that people have chosen should get the higher reward.

    chosen (N,), rejected (N,) -> loss

    By Bradley and Terry the chosen answer wins with probability σ(chosen − rejected). The loss is the mean of minus its
    logarithm, for rewards of any size.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def dpo_loss(chosen, rejected, ref_chosen, ref_rejected, beta=0.1):
    """Direct preference optimisation: the loss of a language model that learns from preferences without a reward model.

    chosen (N,), rejected (N,), ref_chosen (N,), ref_rejected (N,), beta -> loss

    All four are log-probabilities of whole answers: of the chosen and the rejected one, by the model that learns and by
    the reference that it started from. The model's own reward of an answer is

        reward = beta · (log-probability − the reference's)

    and the loss is the mean of −log σ(the chosen answer's reward − the rejected one's), for differences of any size. The
    reference's log-probabilities arrive without a gradient.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def discounted_returns(rewards, dones, gamma):
    """What each step leads to: its own reward, and all later ones of its episode, discounted by their delay.

    rewards (N, T), dones (N, T), gamma -> returns (N, T)

    returns_t = rewards_t + gamma · returns_(t+1), where nothing is carried over the end of an episode: dones is boolean
    and True at an episode's last step. After the last column nothing comes.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def gae(rewards, values, next_value, dones, gamma=0.99, lam=0.95):
    """Generalised advantage estimation: how much better each step turned out than the critic had expected.

    rewards (N, T), values (N, T), next_value (N,), dones (N, T) -> advantages (N, T), returns (N, T)

    With δ_t = rewards_t + gamma · values_(t+1) − values_t, the advantage of step t is

        δ_t + gamma · lam · δ_(t+1) + (gamma · lam)² · δ_(t+2) + …

    up to the end of the episode. dones is boolean and True at an episode's last step: neither a value nor an advantage
    is carried over it. next_value is the value after the last column. returns = advantages + values.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def policy_gradient_loss(log_probs, advantages, mask):
    """REINFORCE: the loss whose gradient makes actions with a positive advantage likelier, and the others less likely.

    log_probs (N, T), advantages (N, T), mask (N, T) -> loss

    The mean of −advantage · log-probability over the kept tokens of the whole batch. The advantages are constants: no
    gradient reaches them, even where they require one. Every row keeps at least one token.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def ppo_clip_loss(log_probs, old_log_probs, advantages, mask, clip=0.2):
    """PPO's loss: like the policy gradient's, but a token gains no more once its probability has changed enough.

    log_probs (N, T), old_log_probs (N, T), advantages (N, T), mask (N, T), clip -> loss

    The ratio exp(log_prob − old_log_prob) says how many times likelier the policy has made a token since it was drawn. A
    token's gain is the smaller of ratio · A and clamp(ratio, 1 − clip, 1 + clip) · A, A being its advantage. The loss is
    minus the mean gain of all kept tokens of the batch. Old log-probabilities and advantages are constants: no gradient
    reaches them, even where they require one.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def kl_estimates(log_probs, ref_log_probs):
    """How far the policy has moved from the reference, KL(policy ‖ reference), estimated from single tokens in three ways.

    log_probs (N, T), ref_log_probs (N, T) -> k1 (N, T), k2 (N, T), k3 (N, T)

    The tokens were drawn by the policy. With r = ref_log_prob − log_prob, the estimates of a token are k1 = −r, k2 = r²/2
    and k3 = eʳ − 1 − r.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def group_advantages(rewards, eps=1e-6, normalize=True):
    """How much better each answer is than the other answers to the same prompt.

    rewards (P, G), eps, normalize -> advantages (P, G)

    Row p has the rewards of G answers to prompt p. From each its row's mean is taken off; if `normalize`, it is then
    divided by std + eps, with the row's standard deviation as of a sample (its squares divided by G − 1).
    """
    # YOUR CODE HERE
    raise NotImplementedError


def grpo_loss(log_probs, old, ref, advantages, mask, clip=0.2, beta=0.04, reduce="sequence"):
    """GRPO's loss: PPO's clipped term with one advantage for a whole answer, and a price for leaving the reference.

    log_probs (N, T), old (N, T), ref (N, T), advantages (N,), mask (N, T), clip, beta, reduce -> loss

    A token's loss is minus its gain, as in `ppo_clip_loss`, plus beta times its k3, as in `kl_estimates`; row n's
    advantage is that of all its tokens. With reduce "sequence" each row is averaged over its kept tokens, then the rows
    are averaged; with "token" all kept tokens are averaged at once. old, ref and advantages are constants: no gradient
    reaches them, even where they require one.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def distillation_loss(student, teacher, labels, temperature, alpha):
    """A small model learns from a large one: from its probabilities, and from the labels as well.

    student (N, K), teacher (N, K), labels (N,), temperature, alpha -> loss

    student and teacher are logits. At the temperature τ, probabilities are softmax(logits / τ). The loss is
    alpha · τ² · KL(teacher ‖ student) at the temperature, plus (1 − alpha) times the cross-entropy of the student with the
    labels, at temperature 1. The KL is summed over classes; both terms are averaged over the N examples.
    """
    # YOUR CODE HERE
    raise NotImplementedError


class LoRALinear(nn.Module):
    """A linear layer that is fine-tuned by a product of two thin matrices, while its own weights stay as they are.

    `linear` is the given layer (or a copy of it), `lora_A` (rank, in) and `lora_B` (out, rank) are nn.Parameters, and the
    only ones that require a gradient. At first lora_B is zero and lora_A is random, so that the layer begins as the given
    one does, and yet can learn.
    """

    def __init__(self, linear, rank, alpha):
        """linear is an nn.Linear with or without a bias; rank ≥ 1; alpha > 0, what the adapter is scaled by, is divided by rank."""
        # YOUR CODE HERE
        raise NotImplementedError

    def forward(self, x):
        """x (…, in) -> out (…, out)

        linear(x) + alpha / rank · (x · lora_Aᵀ) · lora_Bᵀ
        """
        # YOUR CODE HERE
        raise NotImplementedError

    def merged(self):
        """-> a new nn.Linear that gives the same output

        It has a bias if `linear` has one. It shares no memory with this module, which stays as it is, and it is made from
        what the two factors are at the time of the call.
        """
        # YOUR CODE HERE
        raise NotImplementedError


def accumulate_gradients(model, batches):
    """The gradient of one large batch from small ones, which fit into memory one after another.

    model, batches -> nothing; each p.grad of the model is set

    batches is a list of (inputs, targets, mask); targets and mask are (n, T), and n and T differ from batch to batch.
    `model(inputs)` gives logits (n, T, V), those at each place for the target of the same place: nothing is shifted.
    Afterwards each parameter's grad is the gradient of the mean cross-entropy over all kept targets of all batches, as if
    they were one batch. Before, it is None. The parameters stay as they are.
    """
    # YOUR CODE HERE
    raise NotImplementedError


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
    # YOUR CODE HERE
    raise NotImplementedError
