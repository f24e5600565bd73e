"""Answers to neural_networks as one writes them in JAX, where the reference changes an array in place or leaves NumPy."""

import jax
import jax.numpy as jnp


def erf(x):
    return jax.scipy.special.erf(jnp.asarray(x))


@jax.jit
def leaky_relu(x, slope=0.01):
    return jnp.where(x > 0, x, slope * x)


@jax.jit
def log_softmax(x):
    shifted = x - x.max(axis=-1, keepdims=True)
    return shifted - jnp.log(jnp.exp(shifted).sum(axis=-1, keepdims=True))


@jax.jit
def linear(x, W, b):
    return jax.vmap(lambda column, bias: x @ column + bias, in_axes=(1, 0), out_axes=-1)(W, b)


def one_hot(labels, num_classes):
    return jnp.zeros((len(labels), num_classes)).at[jnp.arange(len(labels)), jnp.asarray(labels)].set(1.0)


def message_passing(x, edges, W):
    edges = jnp.asarray(edges)
    messages = (jnp.asarray(x) @ jnp.asarray(W))[edges[:, 0]]
    return jnp.zeros((len(x), W.shape[1])).at[edges[:, 1]].add(messages)
