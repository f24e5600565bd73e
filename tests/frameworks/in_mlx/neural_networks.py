"""An answer to neural_networks as one writes it in MLX."""

import mlx.core as mx


def softmax_cross_entropy(logits, labels):
    logits, labels = mx.array(logits), mx.array(labels)
    shifted = logits - mx.max(logits, axis=1, keepdims=True)
    log_p = shifted - mx.log(mx.sum(mx.exp(shifted), axis=1, keepdims=True))
    return -mx.mean(log_p[mx.arange(len(labels)), labels])
