"""Answers to backprop as one writes them in JAX: at[].add, jit, vmap and scan; every derivative by hand."""

import jax
import jax.numpy as jnp


def erf(x):
    return jax.scipy.special.erf(jnp.asarray(x))


@jax.jit
def relu_backward(dout, x):
    return jnp.where(x > 0, dout, 0.0)


@jax.jit
def softmax_backward(dout, x):
    p = jnp.exp(x - x.max(axis=-1, keepdims=True))
    p = p / p.sum(axis=-1, keepdims=True)
    return p * (dout - (dout * p).sum(axis=-1, keepdims=True))


def softmax_cross_entropy_backward(logits, labels):
    logits, labels = jnp.asarray(logits), jnp.asarray(labels)
    shifted = jnp.exp(logits - logits.max(axis=1, keepdims=True))
    p = shifted / shifted.sum(axis=1, keepdims=True)
    return p.at[jnp.arange(len(labels)), labels].add(-1.0) / len(labels)


def saliency(forward, backward, x, labels):
    scores = jnp.asarray(forward(x))
    dout = jnp.zeros(scores.shape).at[jnp.arange(len(labels)), jnp.asarray(labels)].set(1.0)
    return jnp.abs(jnp.asarray(backward(dout, x)))


def integrated_gradients(gradient, x, baseline, steps):
    way = jnp.asarray(x) - jnp.asarray(baseline)
    midpoints = (jnp.arange(steps) + 0.5) / steps
    gradients = jnp.stack([jnp.asarray(gradient(baseline + t * way)) for t in midpoints])
    return way * gradients.mean(axis=0)
