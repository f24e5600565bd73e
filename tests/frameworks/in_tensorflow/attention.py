"""Answers to attention as one writes them in TensorFlow."""

import tensorflow as tf


def causal_mask(T):
    return tf.cast(tf.linalg.band_part(tf.ones((T, T)), -1, 0), tf.bool)


def hard_attention(scores, values, rng):
    u = rng.random(len(scores))
    exceeds = tf.cumsum(tf.nn.softmax(scores), axis=-1) > u[:, None]
    last = tf.one_hot(tf.fill([len(scores)], scores.shape[1] - 1), scores.shape[1], True, False, dtype=tf.bool)
    index = tf.argmax(tf.cast(tf.logical_or(exceeds, last), tf.int64), axis=-1)
    return tf.gather(values, index, batch_dims=1), index


def positional_encoding(T, D):
    angle = tf.range(T, dtype=tf.float64)[:, None] / 10000.0 ** (tf.range(0, D, 2, dtype=tf.float64) / D)
    return tf.reshape(tf.stack([tf.sin(angle), tf.cos(angle)], axis=-1), (T, D))


def rotary_embedding(x, base=10000.0):
    x = tf.convert_to_tensor(x)
    T, D = x.shape[-2:]
    angle = tf.range(T, dtype=tf.float64)[:, None] * base ** (-tf.range(0, D, 2, dtype=tf.float64) / D)
    cos, sin = tf.cos(angle), tf.sin(angle)
    a, b = x[..., 0::2], x[..., 1::2]
    return tf.reshape(tf.stack([a * cos - b * sin, a * sin + b * cos], axis=-1), tf.shape(x))
