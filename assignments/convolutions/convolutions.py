"""Convolutions: a few weights, slid over a whole image.

Images are (N, C, H, W): N examples of C channels, each H rows by W columns. A kernel looks at one small window of all the
channels at a time, with the same weights at every position. It is not flipped: what deep learning calls a convolution is
a cross-correlation. F is the number of output channels; OH and OW are the rows and columns of the output.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def conv_output_size(size, kernel, stride=1, padding=0, dilation=1):
    """The number of positions at which a kernel fits along one axis of an image.

    size, kernel, stride, padding, dilation -> count

    All are integers, and so is the answer. There are `padding` zeros on either side of the `size` pixels. The kernel moves
    by `stride` pixels at a time, from the first position; a position where part of it would stick out does not count.
    Neighbouring entries of a dilated kernel are `dilation` pixels apart. There is room for at least one position.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def conv1d(x, w, b, stride=1, padding=0):
    """Slide a kernel along a signal.

    x (N, C, L), w (F, C, K), b (F,), stride, padding -> out (N, F, OL)

    out[n, f, i] = b[f] + Σ_c Σ_k w[f, c, k]·p[n, c, i·stride + k], where p is x with `padding` zeros added at either
    end of each signal. The kernel is not flipped. OL is the number of places where the whole kernel fits.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def conv2d(x, w, b, stride=1, padding=0, dilation=1):
    """Slide a kernel over an image.

    x (N, C, H, W), w (F, C, KH, KW), b (F,), stride, padding, dilation -> out (N, F, OH, OW)

    out[n, f, i, j] = b[f] + Σ_c Σ_u Σ_v w[f, c, u, v]·p[n, c, i·stride + u·dilation, j·stride + v·dilation], where p is
    x with a border of `padding` zeros on all four sides. The kernel is not flipped. stride, padding and dilation are
    integers, the same for rows and columns. OH and OW count the places where the whole kernel fits.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def conv2d_backward(dout, x, w, b, stride=1, padding=0):
    """Gradients of a convolution with respect to the image, the kernels and the biases.

    dout (N, F, OH, OW), x (N, C, H, W), w (F, C, KH, KW), b (F,), stride, padding -> dx, dw, db

    The forward pass is conv2d with dilation 1; dout is the gradient of the loss with respect to its output. Each gradient
    has the shape of its input. A pixel that is in no window has gradient 0.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def im2col(x, kernel, stride=1, padding=0):
    """Write each window of an image as a column, so that a convolution becomes a matrix product.

    x (N, C, H, W), kernel, stride, padding -> columns (N, C·KH·KW, OH·OW)

    `kernel` is a pair, (KH, KW). A column holds one window: all of channel 0, row by row, then all of channel 1, and so
    on. The columns are ordered as the windows are read: left to right, then top to bottom. `padding` zeros surround the
    image on all four sides.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def max_pool2d(x, size, stride):
    """Keep the largest value of each window.

    x (N, C, H, W), size, stride -> out (N, C, OH, OW)

    A window is size × size pixels of one channel; the next one starts `stride` pixels further. Windows may overlap, and
    there may be gaps between them. There is no padding: leave out pixels at the right or at the bottom that do not fill a
    whole window.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def avg_pool2d(x, size, stride):
    """Average each window.

    x (N, C, H, W), size, stride -> out (N, C, OH, OW)

    A window is size × size pixels of one channel; the next one starts `stride` pixels further. Windows may overlap, and
    there may be gaps between them. There is no padding: leave out pixels at the right or at the bottom that do not fill a
    whole window.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def max_pool2d_backward(dout, x, size, stride):
    """Gradient of max pooling with respect to the image.

    dout (N, C, OH, OW), x (N, C, H, W), size, stride -> dx (N, C, H, W)

    The forward pass is max_pool2d; dout is the gradient of the loss with respect to its output. Where several pixels of a
    window are the largest, the first of them is the maximum, row by row from the top and from the left. Windows may overlap.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def global_avg_pool(x):
    """Average each channel over the whole image.

    x (N, C, H, W) -> out (N, C)
    """
    # YOUR CODE HERE
    raise NotImplementedError


def conv_transpose2d(x, w, b, stride=1, padding=0):
    """Transposed convolution: each pixel adds a scaled copy of the kernel to a larger image.

    x (N, C, H, W), w (C, F, KH, KW), b (F,), stride, padding -> out (N, F, OH, OW)

    Pixel (i, j) of channel c adds x[n, c, i, j]·w[c, f] to the KH × KW pixels of output channel f whose top left corner
    is (i·stride, j·stride); where these overlap, they add up. Then `padding` rows and columns are cut off on all four
    sides, so that OH = (H − 1)·stride + KH − 2·padding, and OW likewise. Last, b[f] is added once to every remaining pixel.
    Note the order of the axes of w: input channels come first.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def depthwise_separable(x, depthwise, pointwise):
    """A convolution in two cheap steps: filter each channel separately, then mix the channels at each pixel.

    x (N, C, H, W), depthwise (C, KH, KW), pointwise (F, C) -> out (N, F, H, W)

    First, channel c is filtered with its own kernel depthwise[c], with stride 1 and a border of zeros that keeps the size
    H × W. KH and KW are odd, and may differ. Then pointwise maps the C values of each pixel to F. There is no bias, and
    nothing between the two steps. The kernels are not flipped.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def receptive_field(layers):
    """The receptive field of a stack of layers: how many input pixels, along one axis, one output depends on.

    layers [(kernel, stride), ...] -> width

    `layers` is a list of pairs of integers, from the input to the output; a layer is a convolution or a pooling. The
    answer is an integer: the number of pixels from the first to the last that affect the output, including any in between
    that a stride skips. With no layers the answer is 1. The image is large enough for its edges not to matter.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def residual_block(x, w1, w2):
    """A residual block: two convolutions that learn what to add to their input.

    x (N, C, H, W), w1 (M, C, 3, 3), w2 (C, M, 3, 3) -> out (N, C, H, W)

    out = relu(x + conv(relu(conv(x, w1)), w2)), where relu(z) = max(0, z). Both convolutions have a 3 × 3 kernel, a
    stride of 1, a border of one zero, so that the size stays the same, and no bias.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def digits(images, labels, rng):
    """Train a small convolutional network on images of handwritten digits; returns a function that reads new ones.

    images (N, 1, 8, 8), labels (N,), rng -> predict

    `predict(images)` takes images (M, 1, 8, 8) and returns their digits (M,), integers from 0 to 9. Pixels are from 0,
    paper, to 1, ink. Every image has been moved by up to one pixel to the left or to the right. Choose any method: the
    pieces are in this file. Draw random numbers from `rng`.
    """
    # YOUR CODE HERE
    raise NotImplementedError
