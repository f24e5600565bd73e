"""Answers to attention as one writes them in JAX: vmap over heads, at[].set in place of a change."""

import jax
import jax.numpy as jnp


def hard_attention(scores, values, rng):
    u = jnp.asarray(rng.random(len(scores)))
    exceeds = jnp.cumsum(jax.nn.softmax(jnp.asarray(scores)), axis=-1) > u[:, None]
    index = exceeds.at[:, -1].set(True).argmax(axis=-1)
    return jnp.asarray(values)[jnp.arange(len(values)), index], index


def positional_encoding(T, D):
    angle = jnp.arange(T)[:, None] / 10000.0 ** (jnp.arange(0, D, 2) / D)
    return jnp.stack([jnp.sin(angle), jnp.cos(angle)], axis=-1).reshape(T, D)


def rotary_embedding(x, base=10000.0):
    x = jnp.asarray(x)
    T, D = x.shape[-2:]
    angle = jnp.arange(T)[:, None] * base ** (-jnp.arange(0, D, 2) / D)
    cos, sin = jnp.cos(angle), jnp.sin(angle)
    a, b = x[..., 0::2], x[..., 1::2]
    return jnp.zeros_like(x).at[..., 0::2].set(a * cos - b * sin).at[..., 1::2].set(a * sin + b * cos)
