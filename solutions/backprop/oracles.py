"""Independent truth for this unit: PyTorch's autograd in float64. Read by `grade dev check` alone."""

import torch


def gradients(forward, dout, *inputs):
    """What autograd says of `forward`, a torch function, in each of its inputs."""
    leaves = [torch.from_numpy(a).requires_grad_() for a in inputs]
    return tuple(g.numpy() for g in torch.autograd.grad(forward(*leaves), leaves, torch.from_numpy(dout)))


def linear_backward(dout, x, W, b):
    return gradients(lambda x, W, b: torch.nn.functional.linear(x, W.T, b), dout, x, W, b)
