"""Pictures of post-training."""

import numpy as np
import torch

from grader.authoring.pictures import BLUE, GREY, INK, OCHRE, RED, label, panels

PROMPT, CHOSEN, REJECTED = [0, 3, 1], [4, 2, 5, 6], [4, 6, 1, 2]  # both answers have tokens in common


def judged(reference):
    """What the unit is about: a preference moves two answers apart, and a reward reaches the steps that led to it."""
    figure, (left, right) = panels(2, height=3.1)
    _preference(reference, left)
    _reward(reference, right)
    return figure


def _preference(reference, panel):
    """A small model, in which each token has scores for the next one, learns from a single pair by `dpo_loss`."""
    rng, steps = np.random.default_rng(3), 120
    scores = torch.from_numpy(rng.standard_normal((7, 7)).astype(np.float32)).requires_grad_()
    tokens = torch.tensor([PROMPT + CHOSEN, PROMPT + REJECTED])
    lengths = torch.full((2,), tokens.shape[1])
    mask = reference.response_mask(torch.full((2,), len(PROMPT)), lengths, tokens.shape[1])
    start = reference.sequence_log_probs(scores[tokens], tokens, mask).detach()
    moved = []
    for _ in range(steps + 1):
        now = reference.sequence_log_probs(scores[tokens], tokens, mask)
        moved.append((now - start).tolist())
        (grad,) = torch.autograd.grad(reference.dpo_loss(now[:1], now[1:], start[:1], start[1:], beta=0.5), scores)
        scores = (scores - 0.3 * grad).detach().requires_grad_()
    for line, color, name, above in zip(
        np.array(moved).T, (BLUE, RED), ("chosen", "rejected"), (-0.6, 0.6), strict=True
    ):
        panel.plot(line, color=color)
        label(panel, steps, line[-1] + above, name, color, ha="right")
    panel.axhline(0, color=GREY, linewidth=0.6)
    label(panel, steps, 0.4, "reference", GREY, ha="right")
    panel.set(xlabel="step", xlim=(0, steps))
    panel.set_title("log-probability, less the reference's")


def _reward(reference, panel):
    """Two episodes of a critic that expects nothing; the first ends with a reward."""
    T, end = 14, 8
    rewards, dones = torch.zeros(1, T), torch.zeros(1, T, dtype=torch.bool)
    rewards[0, end], dones[0, end] = 1, True
    for lam, color, place in ((1.0, OCHRE, (2.6, 0.85)), (0.8, BLUE, (3.7, 0.45)), (0.5, RED, (4.4, 0.2))):
        line = reference.gae(rewards, torch.zeros(1, T), torch.zeros(1), dones, 0.95, lam)[0][0].numpy()
        panel.plot(line[: end + 1], "o-", color=color, markersize=3.5)
        panel.plot(range(end + 1, T), line[end + 1 :], "o-", color=GREY, markersize=3.5)
        label(panel, *place, f"$\\lambda = {lam:g}$", color)
    panel.axvline(end + 0.5, color=GREY, linewidth=0.8, linestyle=":")
    label(panel, end + 0.7, 0.95, "another episode", INK, ha="left", fontsize=9)
    panel.set(xlabel="step", ylim=(-0.05, 1.1), yticks=(0, 0.5, 1))
    panel.set_title("advantage of a step")
