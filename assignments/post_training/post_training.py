"""Post-training: preferences, rewards, adapters.

A language model that has read a lot can go on with any text, but it answers no question yet. Post-training makes an
assistant of it: people say which of two answers is better, or a reward says how good one is, and the model is moved
towards what is liked. Most of it works with small changes of a large model, and in small pieces of a large batch.

Everything is PyTorch, float32 in and out. Lengths and ids of tokens are int64. A mask is boolean, and True marks what
counts. Losses are tensors without axes through which gradients flow.
"""

import torch
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
