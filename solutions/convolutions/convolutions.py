"""Convolutions: a few weights, slid over a whole image.

Images are (N, C, H, W): N examples of C channels, each H rows by W columns. A kernel looks at one small window of all the
channels at a time, with the same weights at every position. It is not flipped: what deep learning calls a convolution is
a cross-correlation. F is the number of output channels; OH and OW are the rows and columns of the output.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def _pad(x, rows, columns):
    """A border of zeros: so many rows above and below, so many columns on the left and on the right."""
    return np.pad(x, ((0, 0), (0, 0), (rows, rows), (columns, columns)))


def _windows(x, kernel, stride, dilation=1):
    """All the windows of an image, without copying it: (N, C, H, W) becomes (N, C, OH, OW, KH, KW)."""
    KH, KW = kernel
    span = dilation * (KH - 1) + 1, dilation * (KW - 1) + 1
    every = sliding_window_view(x, span, axis=(2, 3))
    return every[:, :, ::stride, ::stride, ::dilation, ::dilation]


def conv_output_size(size, kernel, stride=1, padding=0, dilation=1):
    """The number of positions at which a kernel fits along one axis of an image.

    size, kernel, stride, padding, dilation -> count

    All are integers, and so is the answer. There are `padding` zeros on either side of the `size` pixels. The kernel moves
    by `stride` pixels at a time, from the first position; a position where part of it would stick out does not count.
    Neighbouring entries of a dilated kernel are `dilation` pixels apart. There is room for at least one position.
    """
    span = dilation * (kernel - 1) + 1
    return (size + 2 * padding - span) // stride + 1


def conv1d(x, w, b, stride=1, padding=0):
    """Slide a kernel along a signal.

    x (N, C, L), w (F, C, K), b (F,), stride, padding -> out (N, F, OL)

    out[n, f, i] = b[f] + Σ_c Σ_k w[f, c, k]·p[n, c, i·stride + k], where p is x with `padding` zeros added at either
    end of each signal. The kernel is not flipped. OL is the number of places where the whole kernel fits.
    """
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding)))
    windows = sliding_window_view(padded, w.shape[2], axis=2)[:, :, ::stride]
    return np.einsum("ncik,fck->nfi", windows, w) + b[:, None]


def conv2d(x, w, b, stride=1, padding=0, dilation=1):
    """Slide a kernel over an image.

    x (N, C, H, W), w (F, C, KH, KW), b (F,), stride, padding, dilation -> out (N, F, OH, OW)

    out[n, f, i, j] = b[f] + Σ_c Σ_u Σ_v w[f, c, u, v]·p[n, c, i·stride + u·dilation, j·stride + v·dilation], where p is
    x with a border of `padding` zeros on all four sides. The kernel is not flipped. stride, padding and dilation are
    integers, the same for rows and columns. OH and OW count the places where the whole kernel fits.
    """
    windows = _windows(_pad(x, padding, padding), w.shape[2:], stride, dilation)
    return np.einsum("ncijuv,fcuv->nfij", windows, w) + b[:, None, None]


def conv2d_backward(dout, x, w, b, stride=1, padding=0):
    """Gradients of a convolution with respect to the image, the kernels and the biases.

    dout (N, F, OH, OW), x (N, C, H, W), w (F, C, KH, KW), b (F,), stride, padding -> dx, dw, db

    The forward pass is conv2d with dilation 1; dout is the gradient of the loss with respect to its output. Each gradient
    has the shape of its input. A pixel that is in no window has gradient 0.
    """
    H, W = x.shape[2:]
    KH, KW = w.shape[2:]
    OH, OW = dout.shape[2:]
    padded = _pad(x, padding, padding)
    dpadded, dw = np.zeros_like(padded), np.zeros_like(w)
    for u in range(KH):
        for v in range(KW):  # rows and columns: of the pixels that w[:, :, u, v] meets on its way over the image
            rows, columns = slice(u, u + stride * OH, stride), slice(v, v + stride * OW, stride)
            dw[:, :, u, v] = np.einsum("nfij,ncij->fc", dout, padded[:, :, rows, columns])
            dpadded[:, :, rows, columns] += np.einsum("nfij,fc->ncij", dout, w[:, :, u, v])
    dx = dpadded[:, :, padding : padding + H, padding : padding + W]
    db = dout.sum(axis=(0, 2, 3))
    return dx, dw, db


def im2col(x, kernel, stride=1, padding=0):
    """Write each window of an image as a column, so that a convolution becomes a matrix product.

    x (N, C, H, W), kernel, stride, padding -> columns (N, C·KH·KW, OH·OW)

    `kernel` is a pair, (KH, KW). A column holds one window: all of channel 0, row by row, then all of channel 1, and so
    on. The columns are ordered as the windows are read: left to right, then top to bottom. `padding` zeros surround the
    image on all four sides.
    """
    windows = _windows(_pad(x, padding, padding), kernel, stride)
    N, C, OH, OW, KH, KW = windows.shape
    return windows.transpose(0, 1, 4, 5, 2, 3).reshape(N, C * KH * KW, OH * OW)


def max_pool2d(x, size, stride):
    """Keep the largest value of each window.

    x (N, C, H, W), size, stride -> out (N, C, OH, OW)

    A window is size × size pixels of one channel; the next one starts `stride` pixels further. Windows may overlap, and
    there may be gaps between them. There is no padding: leave out pixels at the right or at the bottom that do not fill a
    whole window.
    """
    return _windows(x, (size, size), stride).max(axis=(4, 5))


def avg_pool2d(x, size, stride):
    """Average each window.

    x (N, C, H, W), size, stride -> out (N, C, OH, OW)

    A window is size × size pixels of one channel; the next one starts `stride` pixels further. Windows may overlap, and
    there may be gaps between them. There is no padding: leave out pixels at the right or at the bottom that do not fill a
    whole window.
    """
    return _windows(x, (size, size), stride).mean(axis=(4, 5))


def max_pool2d_backward(dout, x, size, stride):
    """Gradient of max pooling with respect to the image.

    dout (N, C, OH, OW), x (N, C, H, W), size, stride -> dx (N, C, H, W)

    The forward pass is max_pool2d; dout is the gradient of the loss with respect to its output. Where several pixels of a
    window are the largest, the first of them is the maximum, row by row from the top and from the left. Windows may overlap.
    """
    n, c, i, j = np.ogrid[tuple(slice(axis) for axis in dout.shape)]
    flat = _windows(x, (size, size), stride).reshape(*dout.shape, size * size)
    first = flat.argmax(axis=-1)
    dx = np.zeros_like(x)
    # add.at, as a pixel may be the maximum of more than one window
    np.add.at(dx, (n, c, i * stride + first // size, j * stride + first % size), dout)
    return dx


def global_avg_pool(x):
    """Average each channel over the whole image.

    x (N, C, H, W) -> out (N, C)
    """
    return x.mean(axis=(2, 3))


def conv_transpose2d(x, w, b, stride=1, padding=0):
    """Transposed convolution: each pixel adds a scaled copy of the kernel to a larger image.

    x (N, C, H, W), w (C, F, KH, KW), b (F,), stride, padding -> out (N, F, OH, OW)

    Pixel (i, j) of channel c adds x[n, c, i, j]·w[c, f] to the KH × KW pixels of output channel f whose top left corner
    is (i·stride, j·stride); where these overlap, they add up. Then `padding` rows and columns are cut off on all four
    sides, so that OH = (H − 1)·stride + KH − 2·padding, and OW likewise. Last, b[f] is added once to every remaining pixel.
    Note the order of the axes of w: input channels come first.
    """
    N, _, H, W = x.shape
    _, F, KH, KW = w.shape
    height, width = (H - 1) * stride + KH, (W - 1) * stride + KW
    out = np.zeros((N, F, height, width))
    for u in range(KH):
        for v in range(KW):
            prints = np.einsum("ncij,cf->nfij", x, w[:, :, u, v])
            out[:, :, u : u + stride * H : stride, v : v + stride * W : stride] += prints
    return out[:, :, padding : height - padding, padding : width - padding] + b[:, None, None]


def depthwise_separable(x, depthwise, pointwise):
    """A convolution in two cheap steps: filter each channel separately, then mix the channels at each pixel.

    x (N, C, H, W), depthwise (C, KH, KW), pointwise (F, C) -> out (N, F, H, W)

    First, channel c is filtered with its own kernel depthwise[c], with stride 1 and a border of zeros that keeps the size
    H × W. KH and KW are odd, and may differ. Then pointwise maps the C values of each pixel to F. There is no bias, and
    nothing between the two steps. The kernels are not flipped.
    """
    KH, KW = depthwise.shape[1:]
    windows = _windows(_pad(x, KH // 2, KW // 2), (KH, KW), stride=1)
    filtered = np.einsum("ncijuv,cuv->ncij", windows, depthwise)
    return np.einsum("ncij,fc->nfij", filtered, pointwise)


def receptive_field(layers):
    """The receptive field of a stack of layers: how many input pixels, along one axis, one output depends on.

    layers [(kernel, stride), ...] -> width

    `layers` is a list of pairs of integers, from the input to the output; a layer is a convolution or a pooling. The
    answer is an integer: the number of pixels from the first to the last that affect the output, including any in between
    that a stride skips. With no layers the answer is 1. The image is large enough for its edges not to matter.
    """
    width, step = 1, 1  # step: how far apart, in pixels of the input, two neighbouring outputs are
    for kernel, stride in layers:
        width += (kernel - 1) * step
        step *= stride
    return width


def residual_block(x, w1, w2):
    """A residual block: two convolutions that learn what to add to their input.

    x (N, C, H, W), w1 (M, C, 3, 3), w2 (C, M, 3, 3) -> out (N, C, H, W)

    out = relu(x + conv(relu(conv(x, w1)), w2)), where relu(z) = max(0, z). Both convolutions have a 3 × 3 kernel, a
    stride of 1, a border of one zero, so that the size stays the same, and no bias.
    """
    hidden = np.maximum(0.0, conv2d(x, w1, np.zeros(len(w1)), padding=1))
    change = conv2d(hidden, w2, np.zeros(len(w2)), padding=1)
    return np.maximum(0.0, x + change)


def digits(images, labels, rng):
    """Train a small convolutional network on images of handwritten digits; returns a function that reads new ones.

    images (N, 1, 8, 8), labels (N,), rng -> predict

    `predict(images)` takes images (M, 1, 8, 8) and returns their digits (M,), integers from 0 to 9. Pixels are from 0,
    paper, to 1, ink. Every image has been moved by up to one pixel to the left or to the right. Choose any method: the
    pieces are in this file. Draw random numbers from `rng`.
    """
    F, K, B, steps = 48, 5, 64, 1500
    places = 4 * 4  # of a kernel that moves by two pixels
    params = [
        rng.normal(0, np.sqrt(2 / K**2), (F, K * K)),
        np.zeros((F, 1)),
        rng.normal(0, np.sqrt(1 / (F * places)), (F * places, 10)),
        np.zeros(10),
    ]
    moments = [(np.zeros_like(p), np.zeros_like(p)) for p in params]

    def forward(images):
        kernels, bias, W, b = params
        columns = im2col(images, (K, K), stride=2, padding=2)
        features = np.maximum(kernels @ columns + bias, 0)
        return columns, features, features.reshape(len(images), -1) @ W + b

    for step in range(1, steps + 1):
        batch = rng.integers(0, len(images), B)
        columns, features, logits = forward(_moved(images[batch], rng.integers(-1, 2, B)))
        dlogits = (_softmax(logits) - np.eye(10)[labels[batch]]) / B
        dfeatures = (dlogits @ params[2].T).reshape(features.shape) * (features > 0)
        gradients = [
            (dfeatures @ columns.swapaxes(1, 2)).sum(axis=0),
            dfeatures.sum(axis=(0, 2))[:, None],
            features.reshape(B, -1).T @ dlogits,
            dlogits.sum(axis=0),
        ]
        lr = 0.005 * min(1, 2 * (1 - step / steps))
        for p, dp, (m, v) in zip(params, gradients, moments, strict=True):
            _adam(p, dp, m, v, step, lr)

    return lambda images: forward(images)[-1].argmax(axis=1)


def _moved(images, columns):
    """Each image moved to the right by so many columns, which may be negative; paper comes in from the other side."""
    padded = np.pad(images, ((0, 0), (0, 0), (0, 0), (1, 1)))
    return np.stack([image[..., 1 - by : 9 - by] for image, by in zip(padded, columns, strict=True)])


def _softmax(logits):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def _adam(w, dw, m, v, step, lr):
    """One step of Adam; the weights and their moments m and v are changed in place."""
    m += 0.1 * (dw - m)
    v += 0.001 * (dw**2 - v)
    w -= lr * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
