"""Answers to optimization as one writes them in TensorFlow."""

import tensorflow as tf


def random_flip_crop(images, padding, rng):
    N, _, H, W = images.shape
    flip = rng.random(N) < 0.5
    corners = rng.integers(0, 2 * padding + 1, (N, 2))
    flipped = tf.where(flip[:, None, None, None], tf.reverse(images, [3]), images)
    padded = tf.pad(flipped, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    return tf.stack([padded[n, :, row : row + H, column : column + W] for n, (row, column) in enumerate(corners)])
