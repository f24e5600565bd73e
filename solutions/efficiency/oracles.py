"""Independent truth for this unit: other libraries, exact fractions, or loops over single numbers. Read by `grade dev check` alone."""

import struct
from fractions import Fraction

import numpy as np
import torch
from scipy import stats

torch.set_num_threads(1)


# Numbers in a few bits: exact fractions, entry by entry, for all that is rounded.


def _each(change, x):
    """A function of one number, for every entry; whole numbers come back."""
    return np.array([change(entry) for entry in x.ravel().tolist()]).reshape(x.shape)


def quantize_affine(x, bits=8):
    lo = min([Fraction(0), *map(Fraction, x.ravel().tolist())])
    hi = max([Fraction(0), *map(Fraction, x.ravel().tolist())])
    step = (hi - lo) / (2**bits - 1) or Fraction(1)
    zero_point = round(-lo / step)
    q = _each(lambda entry: min(max(round(Fraction(entry) / step) + zero_point, 0), 2**bits - 1), x)
    return q, float(step), zero_point


def dequantize(q, scale, zero_point):
    """PyTorch's own difference, of 64-bit integers."""
    return ((torch.from_numpy(q).long() - zero_point).double() * scale).numpy()


def quantize_per_channel(W, axis, bits=8):
    limit = 2 ** (bits - 1) - 1
    steps = [
        Fraction(max(map(abs, channel.ravel().tolist()))) / limit or Fraction(1) for channel in np.moveaxis(W, axis, 0)
    ]
    q = [
        _each(lambda w, step=step: round(Fraction(w) / step), c)
        for step, c in zip(steps, np.moveaxis(W, axis, 0), strict=True)
    ]
    return np.moveaxis(np.array(q), 0, axis), np.array([float(step) for step in steps])


def int8_matmul(qx, scale_x, zero_x, qw, scales_w):
    """PyTorch's product of the numbers themselves."""
    x = (torch.from_numpy(qx).double() - zero_x) * scale_x
    return (x @ (torch.from_numpy(qw).double() * torch.from_numpy(scales_w))).numpy()


def pack_int4(w, group):
    """Each byte by itself, of the two rows that it holds."""
    D, M = w.shape
    step = {}
    for g in range(D // group):
        for m in range(M):
            largest = max(abs(w[d, m].item()) for d in range(g * group, (g + 1) * group))
            step[g, m] = Fraction(largest) / 7 or Fraction(1)

    def stored(d, m):
        return round(Fraction(w[d, m].item()) / step[d // group, m]) + 8

    packed = [[int(f"{stored(2 * i + 1, m):04b}{stored(2 * i, m):04b}", 2) for m in range(M)] for i in range(D // 2)]
    return np.array(packed), np.array([[float(step[g, m]) for m in range(M)] for g in range(D // group)])


def fake_quantize_backward(dout, x, scale, zero_point, low, high):
    """PyTorch's autograd through its own function."""
    x = torch.from_numpy(x).requires_grad_()
    out = torch.fake_quantize_per_tensor_affine(x, scale, zero_point, low, high)
    return torch.autograd.grad(out, x, torch.from_numpy(dout))[0].numpy()


# Numbers in sixteen bits


def to_bfloat16(x):
    """PyTorch's own type."""
    numbers = [struct.unpack("f", struct.pack("I", bits))[0] for bits in x.ravel().tolist()]
    return torch.tensor(numbers, dtype=torch.float32).bfloat16().double().numpy().reshape(x.shape)


def loss_scale_step(grads, scale, good_steps, growth=2.0, backoff=0.5, interval=2000):
    """PyTorch's own scaler, whose scales are float32, which holds these; the division is done apart, in float64."""
    scaler = torch.amp.GradScaler(
        "cpu", init_scale=scale, growth_factor=growth, backoff_factor=backoff, growth_interval=interval
    )
    parameters = [torch.zeros(g.shape, dtype=torch.float64, requires_grad=True) for g in grads]
    optimizer = torch.optim.SGD(parameters, lr=1.0)
    scaler.scale(torch.zeros(()))  # makes its state
    scaler._growth_tracker.fill_(good_steps)
    for parameter, grad in zip(parameters, grads, strict=True):
        parameter.grad = torch.from_numpy(grad.copy())
    scaler.step(optimizer)
    scaler.update()
    is_lost = all(not parameter.any() for parameter in parameters) and not all(not grad.any() for grad in grads)
    unscaled = None if is_lost else [np.vectorize(lambda entry: float(entry) / scale)(grad) for grad in grads]
    return unscaled, scaler.get_scale(), int(scaler._growth_tracker)


# Fewer weights, and how many there should be


def prune_magnitude(W, sparsity):
    """How many weights are smaller, for each weight."""
    sizes = [abs(w) for w in W.ravel().tolist()]
    count = round(Fraction(sparsity) * len(sizes))
    return np.array([sum(other < size for other in sizes) >= count for size in sizes]).reshape(W.shape)


def power_law_fit(x, y):
    """SciPy's regression, to the base 2."""
    line = stats.linregress(np.log2(x), np.log2(y))
    return float(2.0**line.intercept), -float(line.slope)


# Memory


def checkpointed_backward(x, dout, weights, every):
    """PyTorch's autograd through the whole network."""
    inside = torch.from_numpy(x).requires_grad_()
    weights = [None if W is None else torch.from_numpy(W).requires_grad_() for W in weights]
    out = inside
    for W in weights:
        out = out + torch.sin(out) if W is None else torch.tanh(out @ W)
    out.backward(torch.from_numpy(dout))
    dparams = [None if W is None else {"W": W.grad.numpy()} for W in weights]
    return inside.grad.numpy(), dparams, False, False, False


def kv_cache_bytes(layers, dim, heads, kv_heads, tokens, batch, bytes_per_value=2):
    """The numbers of one token in one layer, added up over all of them."""
    of_a_token = sum(len(range(0, dim, heads)) * bytes_per_value for _ in ("key", "value") for _ in range(kv_heads))
    return sum(of_a_token * tokens for _ in range(layers) for _ in range(batch))
