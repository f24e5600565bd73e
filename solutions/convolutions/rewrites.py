"""Correct answers written another way: each keeps every point. `<exercise>__<how>`."""

import itertools

import numpy as np

BOTH_AXES = (2, 3)


def bordered(x, p):
    """A copy in the middle of an array of zeros."""
    N, C, H, W = x.shape
    out = np.zeros((N, C, H + 2 * p, W + 2 * p))
    out[:, :, p : p + H, p : p + W] = x
    return out


def places(size, kernel, stride):
    """Where a kernel may start along an axis."""
    return range(0, size - kernel + 1, stride)


def conv_output_size__count_the_places(size, kernel, stride=1, padding=0, dilation=1):
    starts = range(-padding, size + padding, stride)
    return sum(start + dilation * (kernel - 1) < size + padding for start in starts)


def conv_output_size__as_in_the_manual(size, kernel, stride=1, padding=0, dilation=1):
    return int(np.floor((size + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1))


def conv1d__loops(x, w, b, stride=1, padding=0):
    (N, C, L), (F, _, K) = x.shape, w.shape
    starts = range(-padding, L + padding - K + 1, stride)
    out = np.zeros((N, F, len(starts)))
    for n, f, (i, start) in itertools.product(range(N), range(F), enumerate(starts)):
        out[n, f, i] = b[f]
        for c, k in itertools.product(range(C), range(K)):
            if 0 <= start + k < L:
                out[n, f, i] += w[f, c, k] * x[n, c, start + k]
    return out


def conv1d__numpy_correlate(x, w, b, stride=1, padding=0):
    x = np.concatenate([np.zeros((*x.shape[:2], padding)), x, np.zeros((*x.shape[:2], padding))], axis=-1)
    rows = [
        [sum(np.correlate(signal, kernel, "valid") for signal, kernel in zip(example, kernels, strict=True))]
        for example in x
        for kernels in w
    ]
    out = np.array(rows).reshape(len(x), len(w), -1)[..., ::stride]
    return out + b.reshape(1, -1, 1)


def conv2d__matrix_product(x, w, b, stride=1, padding=0, dilation=1):
    F, C, KH, KW = w.shape
    p = bordered(x, padding)
    N, _, H, W = p.shape
    rows, columns = places(H, dilation * (KH - 1) + 1, stride), places(W, dilation * (KW - 1) + 1, stride)
    row = np.add.outer(dilation * np.arange(KH), np.array(rows))
    column = np.add.outer(dilation * np.arange(KW), np.array(columns))
    patches = p[:, :, row[:, None, :, None], column[None, :, None, :]]
    out = w.reshape(F, -1) @ patches.reshape(N, C * KH * KW, -1) + b[:, None]
    return out.reshape(N, F, len(rows), len(columns))


def conv2d__window_by_window(x, w, b, stride=1, padding=0, dilation=1):
    spread = np.zeros((*w.shape[:2], *(dilation * (k - 1) + 1 for k in w.shape[2:])))
    spread[:, :, ::dilation, ::dilation] = w
    p = np.pad(x, [(0, 0), (0, 0), (padding, padding), (padding, padding)])
    rows, columns = (list(places(p.shape[a], spread.shape[a], stride)) for a in BOTH_AXES)
    out = np.empty((len(x), len(w), len(rows), len(columns)))
    for n in range(len(x)):
        for i, top in enumerate(rows):
            for j, left in enumerate(columns):
                window = p[n, :, top : top + spread.shape[2], left : left + spread.shape[3]]
                out[n, :, i, j] = (window * spread).sum(axis=(1, 2, 3)) + b
    return out


def conv2d__entry_by_entry_of_the_kernel(x, w, b, stride=1, padding=0, dilation=1):
    p = bordered(x, padding)
    OH, OW = ((p.shape[a] - dilation * (w.shape[a] - 1) - 1) // stride + 1 for a in BOTH_AXES)
    out = np.broadcast_to(b[:, None, None], (len(x), len(w), OH, OW)).copy()
    for u in range(w.shape[2]):
        for v in range(w.shape[3]):
            seen = p[:, :, u * dilation :, v * dilation :][:, :, ::stride, ::stride][:, :, :OH, :OW]
            out += np.tensordot(w[:, :, u, v], seen, axes=(1, 1)).swapaxes(0, 1)
    return out


def conv2d_backward__window_by_window(dout, x, w, b, stride=1, padding=0):
    p = bordered(x, padding)
    dp, dw, db = np.zeros(p.shape), np.zeros(w.shape), np.zeros(b.shape)
    KH, KW = w.shape[2:]
    for n, i, j in np.ndindex(len(x), *dout.shape[2:]):
        window = (n, slice(None), slice(i * stride, i * stride + KH), slice(j * stride, j * stride + KW))
        for f in range(len(w)):
            g = dout[n, f, i, j]
            dp[window] += g * w[f]
            dw[f] += g * p[window]
            db[f] += g
    return [dp[:, :, padding : dp.shape[2] - padding, padding : dp.shape[3] - padding], dw, db]


def conv2d_backward__two_more_convolutions(dout, x, w, b, stride=1, padding=0):
    (F, C, KH, KW), (N, _, H, W) = w.shape, x.shape
    # room for every place at stride 1; the places that a stride left out send back nothing
    spread = np.zeros((N, F, H + 2 * padding - KH + 1, W + 2 * padding - KW + 1))
    spread[:, :, ::stride, ::stride] = dout
    nothing = np.zeros(C)
    p = np.pad(x, ((0, 0), (0, 0), (padding,) * 2, (padding,) * 2))
    dw = conv2d__matrix_product(p.swapaxes(0, 1), spread.swapaxes(0, 1), np.zeros(F)).swapaxes(0, 1)
    flipped = w[:, :, ::-1, ::-1].swapaxes(0, 1)
    wide = np.pad(spread, ((0, 0), (0, 0), (KH - 1, KH - 1), (KW - 1, KW - 1)))
    dp = conv2d__window_by_window(wide, flipped, nothing)
    return dp[:, :, padding : padding + H, padding : padding + W], dw, np.einsum("nfij->f", dout)


def conv2d_backward__columns(dout, x, w, b, stride=1, padding=0):
    (N, C, H, W), (F, _, KH, KW) = x.shape, w.shape
    # a number for each pixel of the padded image, and which number stands where in the columns
    number = np.arange(C * (H + 2 * padding) * (W + 2 * padding)).reshape(1, C, H + 2 * padding, W + 2 * padding)
    where = im2col__loops(number, (KH, KW), stride)[0].astype(int)
    p = bordered(x, padding).reshape(N, -1)
    g = dout.reshape(N, F, -1)
    dw = sum(g[n] @ p[n][where].T for n in range(N))
    dp = np.zeros_like(p)
    for n in range(N):
        np.add.at(dp[n], where, w.reshape(F, -1).T @ g[n])
    dp = dp.reshape(N, *number.shape[1:])
    return dp[:, :, padding:, padding:][:, :, :H, :W], dw.reshape(w.shape), g.sum(2).sum(0)


def im2col__loops(x, kernel, stride=1, padding=0):
    KH, KW = kernel
    p = bordered(x, padding)
    windows = [
        p[:, :, i : i + KH, j : j + KW].reshape(len(x), -1)
        for i in places(p.shape[2], KH, stride)
        for j in places(p.shape[3], KW, stride)
    ]
    return np.stack(windows, axis=-1)


def im2col__row_by_row(x, kernel, stride=1, padding=0):
    p = np.pad(x, [(0, 0)] * 2 + [(padding, padding)] * 2)
    H, W = p.shape[2:]
    rows = []
    for c in range(x.shape[1]):
        for u in range(kernel[0]):
            for v in range(kernel[1]):
                seen = p[:, c, u : H - kernel[0] + u + 1 : stride, v : W - kernel[1] + v + 1 : stride]
                rows.append(seen.reshape(len(x), -1))
    return np.array(rows).transpose(1, 0, 2)


def max_pool2d__loops(x, size, stride):
    N, C, H, W = x.shape
    rows, columns = places(H, size, stride), places(W, size, stride)
    out = np.full((N, C, len(rows), len(columns)), -np.inf)
    for n, c, (i, top), (j, left) in itertools.product(range(N), range(C), enumerate(rows), enumerate(columns)):
        for u, v in np.ndindex(size, size):
            out[n, c, i, j] = max(out[n, c, i, j], x[n, c, top + u, left + v])
    return out


def max_pool2d__rows_then_columns(x, size, stride):
    tall = np.stack([x[:, :, i : i + size].max(axis=2) for i in places(x.shape[2], size, stride)], axis=2)
    return np.stack([tall[..., j : j + size].max(axis=3) for j in places(x.shape[3], size, stride)], axis=3)


def avg_pool2d__running_sums(x, size, stride):
    total = np.pad(x, ((0, 0), (0, 0), (1, 0), (1, 0))).cumsum(axis=2).cumsum(axis=3)
    tall = total[:, :, size:] - total[:, :, :-size]
    boxes = tall[..., size:] - tall[..., :-size]
    return boxes[:, :, ::stride, ::stride] / size**2


def avg_pool2d__shifted_images(x, size, stride):
    last_row, last_column = x.shape[2] - size, x.shape[3] - size
    shifted = [
        x[:, :, u : u + last_row + 1 : stride, v : v + last_column + 1 : stride] / size / size
        for u, v in np.ndindex(size, size)
    ]
    return sum(shifted)


def max_pool2d_backward__loops(dout, x, size, stride):
    dx = np.zeros(x.shape)
    for n, c, i, j in np.ndindex(dout.shape):
        top, left = i * stride, j * stride
        window = x[n, c, top : top + size, left : left + size]
        u, v = np.unravel_index(window.argmax(), window.shape)
        dx[n, c, top + u, left + v] += dout[n, c, i, j]
    return dx


def max_pool2d_backward__masks(dout, x, size, stride):
    OH, OW = dout.shape[2:]
    shifts = list(np.ndindex(size, size))
    seen = [(..., slice(u, u + stride * OH, stride), slice(v, v + stride * OW, stride)) for u, v in shifts]
    top = np.max([x[place] for place in seen], axis=0)
    dx, is_free = np.zeros(x.shape), np.ones(dout.shape, bool)
    for place in seen:
        takes = is_free & (x[place] == top)
        dx[place] += np.where(takes, dout, 0)
        is_free &= ~takes
    return dx


def global_avg_pool__matrix_product(x):
    N, C, H, W = x.shape
    return x.reshape(N, C, H * W) @ np.full(H * W, 1 / (H * W))


def global_avg_pool__loops(x):
    return np.array([[sum(channel.ravel().tolist()) / channel.size for channel in example] for example in x])


def conv_transpose2d__pixel_by_pixel(x, w, b, stride=1, padding=0):
    (N, C, H, W), (_, F, KH, KW) = x.shape, w.shape
    out = np.zeros((N, F, (H - 1) * stride + KH, (W - 1) * stride + KW))
    out += b.reshape(F, 1, 1)
    for n, c, i, j in np.ndindex(N, C, H, W):
        out[n, :, i * stride : i * stride + KH, j * stride : j * stride + KW] += x[n, c, i, j] * w[c]
    return out[:, :, padding : out.shape[2] - padding, padding : out.shape[3] - padding]


def conv_transpose2d__convolution_of_a_spread_image(x, w, b, stride=1, padding=0):
    (N, C, H, W), (_, _, KH, KW) = x.shape, w.shape
    spread = np.zeros((N, C, (H - 1) * stride + 1, (W - 1) * stride + 1))
    spread[:, :, ::stride, ::stride] = x
    wide = np.pad(spread, ((0, 0), (0, 0), (KH - 1, KH - 1), (KW - 1, KW - 1)))
    out = conv2d__matrix_product(wide, np.flip(w, BOTH_AXES).swapaxes(0, 1), b)
    return out[:, :, padding : out.shape[2] - padding, padding : out.shape[3] - padding]


def depthwise_separable__one_full_convolution(x, depthwise, pointwise):
    KH, KW = depthwise.shape[1:]
    w = pointwise[:, :, None, None] * depthwise[None]
    wide = np.pad(x, [(0, 0), (0, 0), (KH // 2, KH // 2), (KW // 2, KW // 2)])
    return conv2d__window_by_window(wide, w, np.zeros(len(w)))


def depthwise_separable__shifted_images(x, depthwise, pointwise):
    (H, W), (KH, KW) = x.shape[2:], depthwise.shape[1:]
    wide = np.pad(x, [(0, 0), (0, 0), (KH // 2, KH // 2), (KW // 2, KW // 2)])
    filtered = np.zeros(x.shape)
    for u, v in np.ndindex(KH, KW):
        filtered += depthwise[:, u, v, None, None] * wide[:, :, u : u + H, v : v + W]
    return np.moveaxis(np.tensordot(filtered, pointwise, axes=([1], [1])), -1, 1)


def receptive_field__from_the_output(layers):
    width = 1
    for kernel, stride in layers[::-1]:
        width = (width - 1) * stride + kernel
    return width


def receptive_field__sum_of_products(layers):
    strides = [stride for _, stride in layers]
    return 1 + int(sum((kernel - 1) * np.prod(strides[:i], dtype=int) for i, (kernel, _) in enumerate(layers)))


def residual_block__shifted_images(x, w1, w2):
    def relu(z):
        return z * (z > 0)

    def same(z, w):
        H, W = z.shape[2:]
        p = bordered(z, 1)
        parts = [np.einsum("fc,nchw->nfhw", w[..., u, v], p[..., u : u + H, v : v + W]) for u, v in np.ndindex(3, 3)]
        return np.sum(parts, axis=0)

    return relu(same(relu(same(x, w1)), w2) + x)


def residual_block__matrix_products(x, w1, w2):
    N, C, H, W = x.shape
    h = w1.reshape(len(w1), -1) @ im2col__loops(x, (3, 3), padding=1)
    h[h < 0] = 0
    columns = im2col__row_by_row(h.reshape(N, -1, H, W), (3, 3), padding=1)
    out = (w2.reshape(C, -1) @ columns).reshape(x.shape) + x
    return np.where(out > 0, out, 0)
