"""Generative models: learning distributions and representations.

A generative model learns to draw new examples like those that it has seen: by a game of two networks, by a code with a
prior, or by removing noise step by step. Related methods learn representations from pictures and texts without labels.

Everything is PyTorch, float32 in and out. Losses are tensors without axes through which gradients flow. Steps of
diffusion are counted from 0, which is the first step of noising.
"""

import numpy as np
import torch
from torch.nn import functional as F


def gan_discriminator_loss(real_logits, fake_logits):
    """The discriminator's loss: real examples should get large logits, fake ones small logits.

    real_logits (N,), fake_logits (M,) -> loss

    The discriminator believes with probability σ(logit) that an example is real. The loss is the mean of −log σ over
    the real logits plus the mean of −log(1 − σ) over the fake ones, not halved. Logits may also be (N, 1) and (M, 1).
    """
    # YOUR CODE HERE
    raise NotImplementedError


def gan_generator_loss(fake_logits):
    """The generator's loss, in the non-saturating form.

    fake_logits (M,) -> loss

    The mean of −log σ(logit), where σ(logit) is the discriminator's probability that a generated example is real.
    Logits may also be (M, 1).
    """
    # YOUR CODE HERE
    raise NotImplementedError


def vae_kl(mean, log_var):
    """How far the codes' normal distributions are from the standard normal: the KL divergence, in nats.

    mean (N, D), log_var (N, D) -> kl

    Example n has the distribution N(mean[n], diag(exp(log_var[n]))). Summed over the features, averaged over the
    examples.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def reparameterize(mean, log_var, noise):
    """A draw from a normal distribution, written so that gradients reach its mean and its variance.

    mean (N, D), log_var (N, D), noise (N, D) -> z (N, D)

    The noise is standard normal; z has the given mean and the variance exp(log_var).
    """
    # YOUR CODE HERE
    raise NotImplementedError


def linear_beta_schedule(steps, start=1e-4, end=0.02):
    """How much noise each step of a diffusion adds: variances that grow linearly.

    steps, start, end -> betas (steps,)

    The first is `start`, the last is `end`; a single step has `start`. float32.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def diffuse(x0, t, noise, betas):
    """Examples after t + 1 steps of noising, in one go.

    x0 (N, ...), t (N,), noise (N, ...), betas (T,) -> x_t (N, ...)

    x_t = √ᾱ_t · x0 + √(1 − ᾱ_t) · noise, where ᾱ_t is the product of 1 − β_s for s = 0 to t. Each example has a step
    t of its own, int64 from 0 to T − 1. x0 and noise have the same shape: (N, D), or (N, C, H, W).
    """
    # YOUR CODE HERE
    raise NotImplementedError


def ddpm_loss(model, x0, t, noise, betas):
    """The loss of a diffusion model: how well it estimates the noise in noised examples.

    model, x0 (N, ...), t (N,), noise (N, ...), betas (T,) -> loss

    The examples are noised to step t as in `diffuse`. `model(x_t, t)` returns its estimate of the noise, in the shape
    of x_t. The loss is the mean squared error over every element.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def denoise_step(model, x, t, noise, betas):
    """One step back: from x at step t to the step before it, as in ancestral sampling.

    model, x (N, ...), t (N,), noise (N, ...), betas (T,) -> x (N, ...)

    With α_t = 1 − β_t and ᾱ_t the product of α_s for s = 0 to t, the result is

        (x − β_t / √(1 − ᾱ_t) · model(x, t)) / √α_t + √β_t · noise

    without noise where t = 0. t is int64 (N,), or an int for all examples; the model always gets int64 (N,).
    """
    # YOUR CODE HERE
    raise NotImplementedError


def info_nce(z1, z2, temperature=0.1):
    """SimCLR's contrastive loss, NT-Xent: find the other view of the same example among all views of the batch.

    z1 (N, D), z2 (N, D) -> loss

    Rows are normalised to length 1. Similarities are dot products divided by the temperature. Each of the 2N views is
    an anchor once: the loss is the cross-entropy of finding its other view among the 2N − 1 other views, averaged over
    the anchors.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def clip_loss(image, text, temperature):
    """CLIP's contrastive loss: find the caption of each image, and the image of each caption.

    image (N, D), text (N, D) -> loss

    Row n of both belongs together. Rows are normalised to length 1, similarities are dot products divided by the
    temperature, and the loss is the average of two mean cross-entropies: of texts for each image, and of images for
    each text.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def mask_patches(x, patch, ratio, rng):
    """Cut images into patches and hide most of them: what is left for a masked autoencoder to see.

    x (N, C, H, W), patch, ratio, rng -> visible (N, kept, C·patch²), indices (N, kept)

    `patch` divides H and W, and the L = H·W / patch² patches are numbered row by row. A patch is flattened with its
    channels first, then its rows, then its columns. Draw noise = rng.random((N, L)), with rng a NumPy generator. The
    round((1 − ratio) · L) patches of an image with the smallest noise stay visible. indices says which, int64 and
    ascending, and the visible patches are in that order.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def caption_teacher_forcing_loss(logits, tokens, pad):
    """Teacher forcing: the loss of predicting each next word of a caption from all the right words before it.

    logits (N, T, V), tokens (N, T), pad -> loss

    logits[:, t] predicts tokens[:, t + 1]. Cross-entropy, averaged over all targets of the batch that are not `pad`;
    there is at least one.
    """
    # YOUR CODE HERE
    raise NotImplementedError
