"""Answers to optimization as one writes them in JAX: compiled as a whole, slices that a number of the data chooses."""

from functools import partial

import jax
import jax.numpy as jnp


@jax.jit
def l1_penalty(W, strength):
    return strength * jnp.abs(W).sum(), strength * jnp.sign(W)


@partial(jax.jit, static_argnums=1)
def _cropped(image, size, corner):
    return jax.lax.dynamic_slice(image, (0, *corner), size)


def random_flip_crop(images, padding, rng):
    N, C, H, W = images.shape
    flip = rng.random(N) < 0.5
    corners = rng.integers(0, 2 * padding + 1, (N, 2))
    flipped = jnp.where(flip[:, None, None, None], images[..., ::-1], images)
    padded = jnp.pad(flipped, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    return jnp.stack([_cropped(image, (C, H, W), tuple(corner)) for image, corner in zip(padded, corners, strict=True)])
