"""Correct answers written another way: each keeps every point. `<exercise>__<how>`."""

import math
import struct
from fractions import Fraction
from functools import reduce

import numpy as np

# Numbers in a few bits


def quantize_affine__rounded_after_the_shift(x, bits=8):
    lo, hi = np.minimum(0, np.min(x)), np.maximum(0, np.max(x))
    scale = (hi - lo) / float((1 << bits) - 1)
    if scale == 0:
        scale = 1.0
    zero_point = int(np.rint(-lo / scale))
    return np.rint(x / scale + zero_point).clip(0, (1 << bits) - 1).astype(np.int64), scale, zero_point


def quantize_affine__loops(x, bits=8):
    values = [0.0, *x.ravel().tolist()]
    span = max(values) - min(values)
    scale = span / (2**bits - 1) if span else 1.0
    zero_point = math.floor(-min(values) / scale + 0.5)
    q = [min(max(round(value / scale) + zero_point, 0), 2**bits - 1) for value in values[1:]]
    return np.array(q, dtype=np.int16).reshape(x.shape), scale, np.int64(zero_point)


def dequantize__wider_integers(q, scale, zero_point):
    return scale * np.subtract(q, zero_point, dtype=np.int64)


def dequantize__multiplied_out(q, scale, zero_point):
    return q * np.float64(scale) - zero_point * scale


def dequantize__a_table(q, scale, zero_point):
    """What each integer stands for, looked up."""
    first = int(q.min())
    table = np.array([(i - zero_point) * scale for i in range(first, int(q.max()) + 1)])
    return table[q.astype(int) - first]


def quantize_per_channel__channel_first(W, axis, bits=8):
    channels = np.moveaxis(W, axis, 0)
    rows = channels.reshape(len(channels), -1)
    scales = np.maximum(rows.max(1), -rows.min(1)) / (2 ** (bits - 1) - 1)
    scales[scales == 0] = 1
    q = np.rint(rows / scales[:, None]).astype(int)
    return np.moveaxis(q.reshape(channels.shape), 0, axis), scales


def quantize_per_channel__one_at_a_time(W, axis, bits=8):
    limit = 2 ** (bits - 1) - 1
    q, scales = np.zeros(W.shape, np.int32), []
    for i in range(W.shape[axis]):
        place = (slice(None),) * axis + (i,)
        scales.append(abs(W[place]).max() / limit or 1.0)
        q[place] = np.clip(np.round(W[place] / scales[-1]), -limit, limit)
    return q, np.array(scales)


def int8_matmul__dequantised_first(qx, scale_x, zero_x, qw, scales_w):
    return ((qx.astype(float) - zero_x) * scale_x) @ (qw * scales_w)


def int8_matmul__zero_point_taken_off_the_sums(qx, scale_x, zero_x, qw, scales_w):
    """As kernels do it: integers as they are, and each column's sum times the zero point taken off."""
    sums = np.matmul(qx, qw, dtype=np.int64)
    return (sums - zero_x * qw.sum(axis=0, dtype=np.int64)) * (scale_x * scales_w)


def int8_matmul__loops(qx, scale_x, zero_x, qw, scales_w):
    out = np.empty((len(qx), qw.shape[1]))
    for n, row in enumerate(qx.tolist()):
        for m, column in enumerate(qw.T.tolist()):
            out[n, m] = sum((a - zero_x) * b for a, b in zip(row, column, strict=True)) * scale_x * scales_w[m]
    return out


def pack_int4__sixteens(w, group):
    """Even rows, and sixteen times the odd ones."""
    scales = np.abs(w.reshape(-1, group, w.shape[1])).max(1) / 7
    scales += scales == 0
    stored = np.rint(w / np.repeat(scales, group, axis=0)).astype(int) + 8
    return (stored[::2] + 16 * stored[1::2]).astype(np.uint8), scales


def pack_int4__bit_by_bit(w, group):
    D, M = w.shape
    packed, scales = np.zeros((D // 2, M), np.uint8), np.ones((D // group, M))
    for m in range(M):
        for g in range(D // group):
            rows = slice(g * group, g * group + group)
            if w[rows, m].any():
                scales[g, m] = max(abs(value) for value in w[rows, m]) / 7
            for d in range(rows.start, rows.stop):
                code = round(w[d, m] / scales[g, m]) + 8
                packed[d // 2, m] |= code << (4 if d % 2 else 0)
    return packed, scales


def pack_int4__packbits(w, group):
    """The four bits of each integer, joined by NumPy."""
    D, M = w.shape
    scales = np.array([np.abs(w[i : i + group]).max(axis=0) for i in range(0, D, group)]) / 7
    scales[scales == 0] = 1
    stored = (np.round(w / scales.repeat(group, 0)) + 8).astype(np.uint8)
    bits = (stored.reshape(D // 2, 2, M)[:, ::-1, None] >> np.array([3, 2, 1, 0], np.uint8)[:, None]) & 1
    return np.packbits(bits.reshape(D // 2, 8, M), axis=1)[:, 0], scales


def fake_quantize_backward__what_clip_leaves(dout, x, scale, zero_point, low, high):
    q = np.rint(x / scale + zero_point)
    return dout * (np.clip(q, low, high) == q)


def fake_quantize_backward__ends_in_x(dout, x, scale, zero_point, low, high):
    """The ends half a step further out, as numbers like x."""
    dx = dout.copy()
    dx[(x < (low - zero_point - 0.5) * scale) | (x > (high - zero_point + 0.5) * scale)] = 0
    return dx


# Numbers in sixteen bits


def to_bfloat16__upper_halves(x):
    """The upper half as a number of its own, raised where the lower half is above half-way, or at it and the upper one odd."""
    halves = np.ascontiguousarray(x).view(np.uint16).reshape(*x.shape, 2).astype(np.uint32)
    lower, upper = halves[..., 0], halves[..., 1]
    upper = upper + ((lower > 0x8000) | ((lower == 0x8000) & (upper % 2 == 1)))
    return (upper.astype(np.uint32) << 16).view(np.float32)


def to_bfloat16__by_the_exponent(x):
    """No bits at all: in steps of 2^(exponent − 7), rounded half to even. In float64, which will do."""
    fraction, exponent = np.frexp(x.astype(float))
    return np.ldexp(np.round(fraction * 2**8), exponent - 8)


def to_bfloat16__entry_by_entry(x):
    out = np.empty(x.shape, np.float32)
    for place, value in np.ndenumerate(x):
        (bits,) = struct.unpack("<I", struct.pack("<f", value))
        high, low = divmod(bits, 1 << 16)
        if low > 1 << 15 or (low == 1 << 15 and high & 1):
            high += 1
        out[place] = struct.unpack("<f", struct.pack("<I", high << 16))[0]
    return out


def loss_scale_step__one_row(grads, scale, good_steps, growth=2.0, backoff=0.5, interval=2000):
    flat = np.concatenate([g.ravel() for g in grads])
    if np.isnan(flat).any() or np.isinf(flat).any():
        return (None, backoff * scale, 0)
    count = (good_steps + 1) % interval
    return [g * (1 / scale) for g in grads], scale * (growth if count == 0 else 1), count


def loss_scale_step__by_the_sum(grads, scale, good_steps, growth=2.0, backoff=0.5, interval=2000):
    """A sum is finite only if all of its terms are."""
    new, good = [], good_steps + 1
    for g in grads:
        if not math.isfinite(g.sum()):
            return None, scale * backoff, 0
        new.append(np.divide(g, scale))
    if good >= interval:
        scale, good = scale * growth, 0
    return tuple(new), scale, good


# Fewer weights, and how many there should be


def prune_magnitude__ranks(W, sparsity):
    rank = np.abs(W).ravel().argsort().argsort()
    return (rank >= int(np.round(sparsity * W.size))).reshape(W.shape)


def prune_magnitude__threshold(W, sparsity):
    """All that is larger than the largest weight that goes."""
    count = math.floor(sparsity * W.size + 0.5)
    return np.abs(W) > (np.partition(abs(W), count - 1, axis=None)[count - 1] if count else -1)


def power_law_fit__polyfit(x, y):
    slope, intercept = np.polyfit(np.log(x), np.log(y), 1)
    return np.exp(intercept), -slope


def power_law_fit__normal_equations(x, y):
    """To the base 2, and around the middle of the x."""
    middle = np.log2(x).mean()
    A = np.stack([np.ones(len(x)), middle - np.log2(x)], axis=1)
    height, b = np.linalg.solve(A.T @ A, A.T @ np.log2(y))
    return 2 ** (height + b * middle), b


def power_law_fit__lstsq(x, y):
    A = np.column_stack([np.ones_like(x), -np.log10(x)])
    (log_a, b), *_ = np.linalg.lstsq(A, np.log10(y), rcond=None)
    return [10**log_a, b]


def power_law_fit__sums(x, y):
    u, v = [math.log(a) for a in x.tolist()], [math.log(a) for a in y.tolist()]
    mu, mv = math.fsum(u) / len(u), math.fsum(v) / len(v)
    b = -math.fsum((p - mu) * (q - mv) for p, q in zip(u, v, strict=True)) / math.fsum((p - mu) ** 2 for p in u)
    return math.exp(mv + b * mu), b


# Memory


def checkpointed_backward__a_dict(layers, x, dout, every):
    """Kept inputs by their place; the last layer is never run forward."""
    kept = {0: x}
    for i in range(len(layers) - 1):
        x = layers[i][0](x)
        if (i + 1) % every == 0:
            kept[i + 1] = x
    found = [None] * len(layers)
    for start in sorted(kept, reverse=True):
        end = min(start + every, len(layers))
        inputs = [kept.pop(start)]
        for i in range(start, end - 1):
            inputs.append(layers[i][0](inputs[-1]))
        for i in range(end - 1, start - 1, -1):
            dout, found[i] = layers[i][1](dout, inputs[i - start])
    return dout, found


def checkpointed_backward__recursive(layers, x, dout, every):
    """A segment runs to its end, hands that on, and runs again when the rest has come back."""
    if not layers:
        return dout, []
    segment, rest = layers[:every], layers[every:]
    if rest:
        dout, found = checkpointed_backward__recursive(
            rest, reduce(lambda h, layer: layer[0](h), segment, x), dout, every
        )
    else:
        found = []
    inputs = [x]
    for forward, _ in segment[:-1]:
        inputs.append(forward(inputs[-1]))
    own = []
    for layer, h in zip(segment[::-1], inputs[::-1], strict=True):
        dout, of_layer = layer[1](dout, h)
        own.insert(0, of_layer)
    return dout, own + found


def checkpointed_backward__tuples(layers, x, dout, every):
    """All inputs and outputs of the way forward are made, but only some are kept; a tuple of dparams."""
    n, kept = len(layers), []
    for i, (forward, _) in enumerate(layers):
        kept.append(x if i % every == 0 else None)
        x = forward(x)
    del x
    dparams = ()
    for i in range(n - 1, -1, -1):
        if i == n - 1 or (i + 1) % every == 0:  # a segment's last layer: make its inputs
            for j in range(i - i % every + 1, i + 1):
                kept[j] = layers[j - 1][0](kept[j - 1])
        dout, of_layer = layers[i][1](dout, kept[i])
        kept[i] = None
        dparams = (of_layer, *dparams)
    return dout, dparams


def kv_cache_bytes__step_by_step(layers, dim, heads, kv_heads, tokens, batch, bytes_per_value=2):
    head = int(dim / heads)
    of_a_token = 2 * kv_heads * head * bytes_per_value
    return layers * of_a_token * tokens * batch


def kv_cache_bytes__shapes(layers, dim, heads, kv_heads, tokens, batch, bytes_per_value=2):
    return math.prod([2, layers, batch, kv_heads, tokens, dim // heads, bytes_per_value])


def kv_cache_bytes__share_of_all_heads(layers, dim, heads, kv_heads, tokens, batch, bytes_per_value=2):
    """The cache of multi-head attention, and the share of it that is left."""
    return int(Fraction(kv_heads, heads) * (2 * layers * batch * tokens * dim * bytes_per_value))
