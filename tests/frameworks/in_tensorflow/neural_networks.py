"""Answers to neural_networks as one writes them in TensorFlow."""

# ruff: noqa: F821  names of the reference, which these functions join

import tensorflow as tf


def erf(x):
    return tf.math.erf(tf.convert_to_tensor(x))


def one_hot(labels, num_classes):
    return tf.cast(tf.equal(tf.cast(labels, tf.int64)[:, None], tf.range(num_classes, dtype=tf.int64)), tf.float64)


def message_passing(x, edges, W):
    messages = tf.gather(tf.matmul(x, W), edges[:, 0])
    return tf.math.unsorted_segment_sum(messages, edges[:, 1], len(x))


def vanishing_gradient(depth, width, activation, rng):
    bend, slope = _activation(activation)
    h = tf.convert_to_tensor(rng.standard_normal(width))[None, :]
    weights, slopes = [], []
    for _ in range(depth):
        weights.append(tf.convert_to_tensor(he_normal(width, width, rng)))
        h = bend(tf.matmul(h, weights[-1]))
        slopes.append(slope(h))
    norms, dh = [], tf.ones((1, width), tf.float64)
    for W, local in zip(reversed(weights), reversed(slopes), strict=True):
        dz = dh * local
        norms.append(float(tf.norm(dz)))
        dh = tf.matmul(dz, W, transpose_b=True)
    return norms[::-1]
