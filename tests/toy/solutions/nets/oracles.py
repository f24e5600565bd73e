import numpy as np


def Affine(weights, x):
    return x.astype(float) @ weights["layer.weight"].astype(float).T + weights["layer.bias"]


def squared_loss(prediction, target):
    error = prediction.astype(float) - target
    return float(np.square(error).sum() / error.size), 2 * error / error.size
