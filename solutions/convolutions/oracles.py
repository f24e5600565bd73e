"""Independent truth for this unit: PyTorch in float64, and scalar loops. Read by `grade dev check` alone."""

import numpy as np
import torch
from torch.nn import functional as F

torch.set_num_threads(1)


def tensors(*arrays):
    return [torch.from_numpy(np.ascontiguousarray(a)) for a in arrays]


def conv_output_size(size, kernel, stride=1, padding=0, dilation=1):
    """What PyTorch makes of a signal of that size."""
    signal, w = torch.zeros(1, 1, size), torch.zeros(1, 1, kernel)
    return F.conv1d(signal, w, stride=stride, padding=padding, dilation=dilation).shape[-1]


def conv1d(x, w, b, stride=1, padding=0):
    return F.conv1d(*tensors(x, w, b), stride=stride, padding=padding).numpy()


def conv2d(x, w, b, stride=1, padding=0, dilation=1):
    return F.conv2d(*tensors(x, w, b), stride=stride, padding=padding, dilation=dilation).numpy()


def conv2d_backward(dout, x, w, b, stride=1, padding=0):
    inputs = [t.requires_grad_() for t in tensors(x, w, b)]
    out = F.conv2d(*inputs, stride=stride, padding=padding)
    return tuple(g.numpy() for g in torch.autograd.grad(out, inputs, *tensors(dout)))


def im2col(x, kernel, stride=1, padding=0):
    return F.unfold(*tensors(x), kernel, stride=stride, padding=padding).numpy()


def max_pool2d(x, size, stride):
    return F.max_pool2d(*tensors(x), size, stride).numpy()


def avg_pool2d(x, size, stride):
    return F.avg_pool2d(*tensors(x), size, stride).numpy()


def max_pool2d_backward(dout, x, size, stride):
    dx = np.zeros(x.shape)
    for n, c, i, j in np.ndindex(*dout.shape):
        best = None
        for u, v in np.ndindex(size, size):
            place = n, c, i * stride + u, j * stride + v
            if best is None or x[place] > x[best]:
                best = place
        dx[best] += dout[n, c, i, j]
    return dx


def global_avg_pool(x):
    return F.adaptive_avg_pool2d(*tensors(x), 1).numpy()[:, :, 0, 0]


def conv_transpose2d(x, w, b, stride=1, padding=0):
    return F.conv_transpose2d(*tensors(x, w, b), stride=stride, padding=padding).numpy()


def depthwise_separable(x, depthwise, pointwise):
    x, depthwise, pointwise = tensors(x, depthwise, pointwise)
    filtered = F.conv2d(x, depthwise[:, None], padding="same", groups=len(depthwise))
    return F.conv2d(filtered, pointwise[:, :, None, None]).numpy()


def receptive_field(layers):
    """Walk back from one output and collect the positions that it was computed from."""
    seen = {0}
    for kernel, stride in reversed(layers):
        seen = {position * stride + k for position in seen for k in range(kernel)}
    return max(seen) - min(seen) + 1


def residual_block(x, w1, w2):
    x, w1, w2 = tensors(x, w1, w2)
    return F.relu(x + F.conv2d(F.relu(F.conv2d(x, w1, padding=1)), w2, padding=1)).numpy()
