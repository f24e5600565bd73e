"""How the answers of this unit are judged: cases, checks and the mistakes that people really make."""

from functools import partial

import numpy as np

from grader.exercise import Exercise, Mistake, agrees, edit, returns, swapped

ALLOWS = ("numpy",)


# Numbers in a few bits. Entries are drawn from continuous laws, so that none lies half-way between two integers.


def _affine(draw, shape=(3, 4), shift=0.4, size=1.0, **bits):
    """Entries of both signs whose range is not symmetric: the zero point is no half."""
    return {"x": size * (shift + draw(*shape))} | bits


def _affine_one_side(draw, sign, shape=(3, 5)):
    """Entries far from 0, all on one side of it."""
    return {"x": sign * draw.uniform(1.0, 2.0, *shape)}


def _affine_alike(draw):
    return {"x": np.full((2, 3), float(draw.signs()) * draw.uniform(1.0, 2.0))}


def _affine_own_range(x, bits=8):
    most = 2**bits - 1
    lo, hi = x.min(), x.max()
    scale = (hi - lo) / most if hi > lo else 1.0
    zero_point = min(max(round(-lo / scale), 0), most)
    return np.clip(np.round(x / scale) + zero_point, 0, most).astype(int), scale, zero_point


def _affine_symmetric(x, bits=8):
    most = 2 ** (bits - 1) - 1
    scale = np.abs(x).max() / most if x.any() else 1.0
    return np.round(x / scale).astype(int), scale, 0


def _affine_from_lo(x, bits=8):
    lo, hi = min(x.min(), 0.0), max(x.max(), 0.0)
    scale = (hi - lo) / (2**bits - 1) if hi > lo else 1.0
    return np.round((x - lo) / scale).astype(int), scale, lo


_AFFINE_RANGE = "lo, hi, most = min(x.min(), 0.0), max(x.max(), 0.0), 2**bits - 1"
_AFFINE_Q = "np.clip(np.round(x / scale) + zero_point, 0, most)"
_AFFINE_BOTH = ["twelve numbers", "a vector", "four axes", "numbers in the thousands", "numbers near a thousandth"]

quantize_affine = Exercise(
    points=6,
    cases={
        "twelve numbers": _affine,
        "a vector": partial(_affine, shape=(9,), shift=-0.3),
        "four axes": partial(_affine, shape=(2, 3, 2, 3)),
        "numbers in the thousands": partial(_affine, shape=(4, 5), size=3000.0),
        "numbers near a thousandth": partial(_affine, shape=(2, 7), shift=-0.4, size=1e-3),
        "all above 0": partial(_affine_one_side, sign=1.0),
        "all below 0": partial(_affine_one_side, sign=-1.0),
        "a single number": lambda draw: {"x": draw.signs(1) * draw.uniform(1.0, 3.0, 1)},
        "one number everywhere": _affine_alike,
        "four bits": partial(_affine, shape=(4, 6), bits=4),
        "three bits": partial(_affine, shape=(15,), shift=-0.5, bits=3),
        "two bits": partial(_affine, shape=(3, 6), bits=2),
        "nothing but zeros": lambda draw: {"x": np.zeros((2, 4)), "bits": int(draw.integers(2, 9))},
    },
    checks=[
        agrees(2, "returns q, the integers", on=_AFFINE_BOTH, part="q"),
        agrees(1, "returns scale, the step between two integers", on=_AFFINE_BOTH, part="scale"),
        agrees(1, "returns zero_point, the integer of 0", on=_AFFINE_BOTH, part="zero_point"),
        agrees(
            1,
            "has 0 in its range where all entries are on one side of it",
            on=["all above 0", "all below 0", "a single number", "one number everywhere"],
        ),
        agrees(
            1,
            "takes fewer bits, and nothing but zeros",
            on=["four bits", "three bits", "two bits", "nothing but zeros"],
        ),
    ],
    mistakes=[
        Mistake(
            "range_without_zero",
            "Your range goes from the smallest to the largest entry, and 0 may lie outside of it. It must hold 0, which has to be an integer exactly: padding, relu and masks make many zeros.",
            _affine_own_range,
        ),
        Mistake(
            "truncated",
            "You cut off the fraction, which errs by up to a whole step, and always towards 0. Round to the nearest integer.",
            edit("np.round(x / scale)", "np.trunc(x / scale)"),
        ),
        Mistake(
            "clipped_before_the_shift",
            "You clip before you add the zero point, so that everything below 0 is lost. The limits 0 and 2^bits − 1 are those of q.",
            edit(_AFFINE_Q, "np.clip(np.round(x / scale), 0, most) + zero_point"),
        ),
        Mistake(
            "not_shifted",
            "You do not add the zero point to q, so that everything below 0 is lost. The integer of 0 is the zero point.",
            edit(_AFFINE_Q, "np.clip(np.round(x / scale), 0, most)"),
        ),
        Mistake(
            "one_step_too_many",
            "You divide the range into 2^bits steps. There are 2^bits integers, and between them one step fewer.",
            edit("(hi - lo) / most", "(hi - lo) / 2**bits"),
        ),
        Mistake(
            "zero_point_upside_down",
            "Your zero point has the wrong sign. 0 lies above lo, by −lo/scale steps.",
            edit("round(-lo / scale)", "round(lo / scale)"),
        ),
        Mistake(
            "always_eight_bits",
            "You always use eight bits, which is only the default. The number of bits is given.",
            edit(_AFFINE_RANGE, f"bits = 8\n    {_AFFINE_RANGE}"),
        ),
        Mistake(
            "symmetric",
            "Your scale is symmetric around 0. Here lo becomes 0 and hi becomes 2^bits − 1, wherever they are, and the zero point says where 0 has gone.",
            _affine_symmetric,
        ),
        Mistake(
            "signed",
            "Your integers begin at −2^(bits−1). Here they go from 0 to 2^bits − 1.",
            returns("q.astype(int) - 2 ** (bits - 1), scale, zero_point - 2 ** (bits - 1)"),
        ),
        Mistake(
            "lo_for_zero_point",
            "You return lo in place of the zero point. The zero point is an integer: that of 0.",
            _affine_from_lo,
        ),
    ],
    hints=[
        "Which numbers should become 0 and 2^bits − 1, if all entries are between 2 and 5?",
        "How many steps of length scale lie between lo and 0?",
        "What is the scale of an array whose range has no length?",
    ],
)


def _coded(draw, low, high, kind, shape=(3, 4), zero_point=None, scale=None):
    """Integers of any type, over all of their range, and a zero point among them."""
    if zero_point is None:
        zero_point = int(draw.integers(low + (high - low) // 4, high - (high - low) // 4))
    q = draw.integers(low, high + 1, *shape).astype(kind)
    q.reshape(-1)[:2] = low, high  # on both sides of the zero point
    return {"q": q, "scale": scale or float(draw.uniform(0.01, 0.1)), "zero_point": zero_point}


dequantize = Exercise(
    points=2,
    cases={
        "wide integers": partial(_coded, low=0, high=255, kind=np.int64),
        "zero point 0": partial(_coded, low=-7, high=7, kind=np.int64, shape=(9,), zero_point=0),
        "four axes and a large scale": partial(_coded, low=0, high=15, kind=np.int64, shape=(2, 3, 2, 2), scale=700.0),
        "uint8": partial(_coded, low=0, high=255, kind=np.uint8, shape=(4, 5)),
        "uint8, zero point 255": partial(_coded, low=0, high=254, kind=np.uint8, shape=(7,), zero_point=255),
        "int8": partial(_coded, low=-128, high=127, kind=np.int8, shape=(2, 3, 4), zero_point=90),
        "int8, zero point −128": partial(_coded, low=-128, high=127, kind=np.int8, shape=(5, 3), zero_point=-128),
    },
    checks=[
        agrees(
            1,
            "subtracts the zero point and multiplies by the scale",
            on=["wide integers", "zero point 0", "four axes and a large scale"],
        ),
        agrees(
            1,
            "does not wrap round where eight bits are too few for the difference",
            on=["uint8", "uint8, zero point 255", "int8", "int8, zero point −128"],
        ),
    ],
    mistakes=[
        Mistake(
            "wrapped_round",
            "You subtract in eight bits, where 3 − 5 is 254. Give the integers a wider type first.",
            edit("q.astype(float) - zero_point", "q - zero_point"),
        ),
        Mistake(
            "zero_point_added",
            "You add the zero point. Quantising added it, so that it must be subtracted here.",
            edit("- zero_point", "+ zero_point"),
        ),
        Mistake(
            "divided",
            "You divide by the scale. Quantising divided by it: here you multiply.",
            edit(" * scale", " / scale"),
        ),
        Mistake(
            "scaled_first",
            "You scale first and subtract the zero point then. It is an integer like q: subtract it before you scale.",
            edit("(q.astype(float) - zero_point) * scale", "q.astype(float) * scale - zero_point"),
        ),
        Mistake(
            "no_zero_point",
            "You leave the zero point out. It is the integer that stands for 0, and must become 0 again.",
            edit("(q.astype(float) - zero_point)", "q.astype(float)"),
        ),
    ],
    hints=[
        "Which number does the integer zero_point stand for, and which one the integer after it?",
        "What is np.uint8(3) − np.uint8(5) in NumPy?",
    ],
)


def _channels(draw, shape, axis, **bits):
    """Channels of different sizes, so that no two have the same scale."""
    sizes = [-1 if i == axis else 1 for i in range(len(shape))]
    return {"W": draw(*shape) * np.exp(draw(shape[axis])).reshape(sizes), "axis": axis} | bits


def _channels_far(draw):
    """One channel is ten thousand times as large as another: with its scale that one would be all zeros."""
    inputs = _channels(draw, (4, 6), 0)
    inputs["W"] *= 10.0 ** np.arange(-2, 6, 2)[draw.permutation(4), None]
    return inputs


def _channels_silent(draw):
    inputs = _channels(draw, (3, 4, 2), 1)
    inputs["W"][:, 2] = 0.0
    return inputs


def _channels_below(draw):
    """In two channels everything is below 0."""
    inputs = _channels(draw, (5, 4), 1)
    inputs["W"][:, 1:3] = -draw.uniform(0.5, 2.0, 5, 2)
    return inputs


def _channels_of(how, full=False):
    """Weights as integers by another scale; `how` makes it of a channel's entries and of the number of bits."""

    def wrong(W, axis, bits=8):
        limit = 2 ** (bits - 1) - 1
        scales = np.array([how(np.take(W, i, axis), bits) for i in range(W.shape[axis])])
        shaped = scales.reshape([-1 if i == axis else 1 for i in range(W.ndim)])
        steps = np.round(np.divide(W, shaped, out=np.zeros_like(W), where=shaped > 0))
        return np.clip(steps, -limit - full, limit).astype(int), scales

    return wrong


_CHANNEL_LARGEST = "np.abs(W).max(axis=others, keepdims=True)"
_CHANNEL_ROUND = "np.round(W / scales)"
_CHANNEL_PLAIN = ["rows", "columns", "a square, by rows", "a square, by columns"]

quantize_per_channel = Exercise(
    points=5,
    cases={
        "rows": partial(_channels, shape=(4, 6), axis=0),
        "columns": partial(_channels, shape=(4, 7), axis=1),
        "a square, by rows": partial(_channels, shape=(5, 5), axis=0),
        "a square, by columns": partial(_channels, shape=(5, 5), axis=1),
        "filters of a convolution": partial(_channels, shape=(5, 2, 3, 3), axis=0),
        "the last of three axes": partial(_channels, shape=(2, 3, 4), axis=2),
        "the middle of three axes": partial(_channels, shape=(3, 4, 2), axis=1),
        "channels of a single weight": partial(_channels, shape=(4, 1), axis=0),
        "channels below 0": _channels_below,
        "a channel of zeros": _channels_silent,
        "channels of all sizes": _channels_far,
        "four bits": partial(_channels, shape=(3, 8), axis=0, bits=4),
        "two bits": partial(_channels, shape=(6, 4), axis=1, bits=2),
    },
    checks=[
        agrees(1, "returns scales, one for each channel", on=_CHANNEL_PLAIN, part="scales"),
        agrees(2, "returns q, the weights in steps of their own channel's scale", on=_CHANNEL_PLAIN, part="q"),
        agrees(
            1,
            "keeps the axis that is given, of two, three or four",
            on=[
                "filters of a convolution",
                "the last of three axes",
                "the middle of three axes",
                "four bits",
                "two bits",
            ],
        ),
        agrees(
            1,
            "is right for channels of zeros, below 0, or of any size",
            on=[
                "channels of a single weight",
                "channels below 0",
                "a channel of zeros",
                "channels of all sizes",
            ],
        ),
    ],
    mistakes=[
        Mistake(
            "other_axis",
            "You take the largest magnitude along the axis that should be kept. A channel is what lies at one index of this axis: go over all the others.",
            edit("if i != axis", "if i == axis"),
        ),
        Mistake(
            "one_scale_for_all",
            "You use one scale for the whole array. Each channel has its own, so that a large one does not spoil the others.",
            edit(_CHANNEL_LARGEST, f"np.full_like({_CHANNEL_LARGEST}, np.abs(W).max())"),
        ),
        Mistake(
            "one_step_too_many",
            "You divide the largest magnitude by 2^(bits−1), so that it would become 128 in eight bits, which int8 has not. Divide by one less, so that both signs reach equally far.",
            _channels_of(lambda w, bits: np.abs(w).max() / 2 ** (bits - 1) if w.any() else 1.0, full=True),
        ),
        Mistake(
            "largest_not_magnitude",
            "You scale by the largest weight of a channel, and one far below 0 falls out of the range. It is the largest magnitude that counts.",
            _channels_of(lambda w, bits: max(w.max(), 0.0) / (2 ** (bits - 1) - 1) or 1.0),
        ),
        Mistake(
            "from_smallest_to_largest",
            "You divide the distance from the smallest to the largest weight by 2^bits − 1. Without a zero point the range is symmetric, and its scale the largest magnitude divided by 2^(bits−1) − 1.",
            _channels_of(lambda w, bits: (w.max() - w.min()) / (2**bits - 1) or 1.0),
        ),
        Mistake(
            "truncated",
            "You cut off the fraction, which errs by up to a whole step, and always towards 0. Round to the nearest integer.",
            edit(_CHANNEL_ROUND, "np.trunc(W / scales)"),
        ),
        Mistake(
            "scales_in_the_way",
            "Your scales keep the axes of W, with length 1. Return one number for each channel, in one row.",
            edit("scales.ravel()", "scales"),
        ),
        Mistake(
            "zero_scale",
            "Your scale of a channel of zeros is 0, by which nothing can be divided. It is 1 there.",
            _channels_of(lambda w, bits: np.abs(w).max() / (2 ** (bits - 1) - 1)),
        ),
        Mistake(
            "always_eight_bits",
            "You always use eight bits, which is only the default. The number of bits is given.",
            edit("2 ** (bits - 1) - 1", "127"),
        ),
    ],
    hints=[
        "For W of shape (4, 6) and axis 0: how many scales are there, and over which axis is each maximum taken?",
        "Which axes does a maximum go over, if one of up to four axes is to be kept? NumPy takes a tuple of them.",
        "How do scales have to be shaped so that W can be divided by them?",
    ],
)


def _products(draw, N=3, D=5, M=4, near=False, zero_x=None):
    """Integers over all of their range, or `near` the zero point and 0, where sixteen bits are enough for the sums."""
    if zero_x is None:
        zero_x = int(draw.integers(90, 160))
    low, high = (zero_x - 25, zero_x + 26) if near else (0, 256)
    return {
        "qx": draw.integers(low, high, N, D).astype(np.uint8),
        "scale_x": float(draw.uniform(0.01, 0.05)),
        "zero_x": zero_x,
        "qw": draw.integers(-40, 41, D, M).astype(np.int8) if near else draw.integers(-127, 128, D, M).astype(np.int8),
        "scales_w": draw.uniform(0.001, 0.02, M),
    }


def _products_of_one_sign(draw):
    """All products have one sign, so that their sum grows to the end."""
    inputs = _products(draw, N=2, D=600, M=3, zero_x=3)
    inputs["qx"] = draw.integers(200, 256, 2, 600).astype(np.uint8)
    inputs["qw"] = draw.integers(100, 128, 600, 3).astype(np.int8)
    return inputs


_MATMUL_X = "(qx.astype(np.int32) - zero_x)"
_MATMUL_SUMS = "(qx.astype(np.int32) - zero_x) @ qw.astype(np.int32)"

int8_matmul = Exercise(
    points=6,
    cases={
        "three rows, four columns": partial(_products, near=True),
        "square": partial(_products, N=4, D=4, M=4, near=True),
        "one row": partial(_products, N=1, D=6, M=2, near=True),
        "one column": partial(_products, N=5, D=3, M=1, near=True),
        "zero point 0": partial(_products, N=2, D=7, M=3, zero_x=0),
        "zero point 255": partial(_products, N=4, D=3, M=2, zero_x=255),
        "all of their range": partial(_products, N=3, D=40, M=5),
        "six hundred products of one sign": _products_of_one_sign,
    },
    checks=[
        agrees(
            3,
            "multiplies the numbers that the integers stand for",
            on=["three rows, four columns", "square", "one row", "one column"],
        ),
        agrees(1, "takes any zero point", on=["zero point 0", "zero point 255"]),
        agrees(
            2,
            "does not wrap round where the sums are large",
            on=["all of their range", "six hundred products of one sign"],
        ),
    ],
    mistakes=[
        Mistake(
            "no_zero_point",
            "You leave the zero point out. The integer zero_x stands for 0, and every entry of qx is that much too large.",
            edit(_MATMUL_X, "qx.astype(np.int32)"),
        ),
        Mistake(
            "zero_point_added",
            "You add the zero point. Quantising added it, so that it must be subtracted here.",
            edit("- zero_x", "+ zero_x"),
        ),
        Mistake(
            "zero_point_once",
            "You subtract the zero point from each sum once. It stands in every product: with each weight of the column.",
            edit(_MATMUL_SUMS, "qx.astype(np.int32) @ qw.astype(np.int32) - zero_x"),
        ),
        Mistake(
            "wrapped_round",
            "You subtract the zero point in eight bits, where 3 − 5 is 254. Give the integers a wider type first.",
            edit(_MATMUL_X, "(qx - zero_x).astype(np.int32)"),
        ),
        Mistake(
            "read_as_signed",
            "You read qx as int8, so that everything above 127 becomes negative. It is uint8: go to a wider type, not to another one of eight bits.",
            edit("qx.astype(np.int32)", "qx.astype(np.int8).astype(np.int32)"),
        ),
        Mistake(
            "sums_in_sixteen_bits",
            "Your sums wrap round in 16 bits. NumPy multiplies uint8 or int16 with int8 in int16: give both a type of 32 bits or more.",
            edit(_MATMUL_SUMS, f"({_MATMUL_SUMS}).astype(np.int16)"),
        ),
        Mistake(
            "sums_in_eight_bits",
            "Your sums wrap round in eight bits. A product of two numbers of eight bits has 16, and a sum of many has more.",
            edit(_MATMUL_SUMS, f"({_MATMUL_SUMS}).astype(np.int8)"),
        ),
        Mistake(
            "scales_along_the_rows",
            "You multiply row n of the product by scales_w[n]. There is a scale for each column of qw, which is a column of the product.",
            returns("sums * scale_x * np.resize(scales_w, len(sums))[:, None]"),
        ),
        Mistake(
            "scales_along_the_sum",
            "You multiply row d of qw by scales_w[d]. There is a scale for each column of qw.",
            returns("((qx.astype(float) - zero_x) * scale_x) @ (qw * np.resize(scales_w, len(qw))[:, None])"),
        ),
        Mistake(
            "weights_not_scaled",
            "You leave scales_w out. The integers of the weights are multiples of their column's scale.",
            returns("sums * scale_x"),
        ),
        Mistake(
            "inputs_not_scaled",
            "You leave scale_x out. The integers of x are multiples of it.",
            returns("sums * scales_w"),
        ),
        Mistake(
            "one_scale",
            "You use the mean of scales_w for all columns. Each column has its own scale.",
            returns("sums * scale_x * scales_w.mean()"),
        ),
    ],
    hints=[
        "Which factors of the sum for row n and column m do not depend on d, so that they can wait until the end?",
        "How large can one product of two integers become, and the sum of a thousand of them? What does NumPy do when a type is too narrow?",
        "Which shape has scales_w, and how does it meet a product of shape (N, M)?",
    ],
)


def _nibbles(draw, D=8, M=3, group=4):
    """Groups of different sizes, so that no two have the same scale; all sizes differ."""
    sizes = np.exp(draw(D // group, M))
    return {"w": draw(D, M) * np.repeat(sizes, group, axis=0), "group": group}


def _nibbles_silent(draw):
    """A group of zeros between others."""
    inputs = _nibbles(draw, D=12, M=3)
    inputs["w"][4:8, 1] = 0.0
    return inputs


def _nibbles_far(draw):
    """Groups that are ten thousand times as large as their neighbours, in one column or the next."""
    inputs = _nibbles(draw, D=12, M=4, group=2)
    inputs["w"] *= np.repeat(10.0 ** draw.integers(-2, 3, 6, 4), 2, axis=0)
    return inputs


def _nibbles_at_the_ends(draw):
    """The largest magnitude of each group, 7, stands in the low half or in the high one, with either sign."""
    inputs = _nibbles(draw, D=8, M=4, group=2)
    inputs["w"] = np.sign(inputs["w"]) * draw.uniform(0.9, 1.0, 8, 4) * np.repeat(np.exp(draw(4, 4)), 2, axis=0)
    return inputs


_NIBBLES_LARGEST = "largest = np.abs(groups).max(axis=1)"
_NIBBLES_STORED = "(np.round(groups / scales[:, None]) + 8)"
_NIBBLES_JOINED = "stored[0::2] | (stored[1::2] << 4)"


_NIBBLES_PLAIN = ["eight rows in groups of four", "groups of two", "one group", "as many columns as rows", "one column"]

pack_int4 = Exercise(
    points=6,
    cases={
        "eight rows in groups of four": _nibbles,
        "groups of two": partial(_nibbles, D=10, M=4, group=2),
        "one group": partial(_nibbles, D=6, M=5, group=6),
        "as many columns as rows": partial(_nibbles, D=8, M=8),
        "one column": partial(_nibbles, D=12, M=1, group=6),
        "a group of zeros": _nibbles_silent,
        "groups of all sizes": _nibbles_far,
        "integers at both ends": _nibbles_at_the_ends,
    },
    checks=[
        agrees(2, "returns scales, one for each group of rows in each column", on=_NIBBLES_PLAIN, part="scales"),
        agrees(3, "returns packed, two rows to a byte", on=_NIBBLES_PLAIN, part="packed"),
        agrees(
            1,
            "is right for groups of zeros, of any size, and for integers at both ends",
            on=["a group of zeros", "groups of all sizes", "integers at both ends"],
        ),
    ],
    mistakes=[
        Mistake(
            "halves_swapped",
            "You put row 2i into the high half and row 2i + 1 into the low one. The even row is the low half.",
            swapped("stored[0::2]", "stored[1::2]"),
        ),
        Mistake(
            "far_rows_paired",
            "You pair row i with row i + D/2. The rows of one byte are neighbours: 2i and 2i + 1.",
            edit(_NIBBLES_JOINED, "stored[: D // 2] | (stored[D // 2 :] << 4)"),
        ),
        Mistake(
            "one_scale_for_all",
            "You use one scale for all weights. Each group of rows of each column has its own.",
            edit(_NIBBLES_LARGEST, "largest = np.full((D // group, M), np.abs(w).max())"),
        ),
        Mistake(
            "one_scale_for_a_column",
            "You use one scale for a whole column. Each group of its rows has its own.",
            edit(_NIBBLES_LARGEST, "largest = np.repeat(np.abs(w).max(axis=0)[None], D // group, axis=0)"),
        ),
        Mistake(
            "one_scale_for_a_group_of_rows",
            "You use one scale for all columns of a group. Each column has its own.",
            edit(_NIBBLES_LARGEST, "largest = np.repeat(np.abs(groups).max(axis=(1, 2))[:, None], M, axis=1)"),
        ),
        Mistake(
            "every_nth_row",
            "The rows that share a scale are not neighbours with you. Rows 0 to group − 1 are the first group, and so on.",
            edit("w.reshape(D // group, group, M)", "w.reshape(group, D // group, M).swapaxes(0, 1)"),
        ),
        Mistake(
            "divided_by_eight",
            "You divide the largest magnitude by 8, so that −8 comes up and 8 has no place. Divide by 7, so that both signs reach equally far.",
            edit("largest / 7", "largest / 8").then(
                "np.round(groups / scales[:, None])", "np.clip(np.round(groups / scales[:, None]), -8, 7)"
            ),
        ),
        Mistake(
            "two_s_complement",
            "You store negative integers as two's complement. Here 8 is added to each, so that −7 to 7 become 1 to 15.",
            edit("np.round(groups / scales[:, None]) + 8", "np.round(groups / scales[:, None]).astype(int) & 15"),
        ),
        Mistake(
            "seven_added",
            "You add 7 to the integers. It is 8, so that 0 is stored as 8.",
            edit(_NIBBLES_STORED, "(np.round(groups / scales[:, None]) + 7)"),
        ),
        Mistake(
            "truncated",
            "You cut off the fraction, which errs by up to a whole step. Round to the nearest integer.",
            edit("np.round(groups / scales[:, None])", "np.trunc(groups / scales[:, None])"),
        ),
        Mistake(
            "not_packed",
            "You return an integer of four bits in each byte. Two rows share a byte, so that packed has half as many rows as w.",
            edit(_NIBBLES_JOINED, "stored"),
        ),
        Mistake(
            "zero_scale",
            "Your scale of a group of zeros is 0, by which nothing can be divided. It is 1 there.",
            returns("stored[0::2] | (stored[1::2] << 4), largest / 7"),
        ),
    ],
    hints=[
        "Into which shape do you bring w, so that one axis is the rows of a group?",
        "Which byte holds 3 in its low half and 9 in its high half? What do shifting by four bits and `|` do?",
        "How do you take every second row, from the first one or from the second?",
    ],
)


def _faked(draw, low=-128, high=127, zero_point=10, shape=(4, 6), scale=0.05, beyond=0.5):
    """Entries inside the range and beyond both ends, none half-way between two integers."""
    middle, half = (low + high) / 2, (high - low) / 2
    steps = np.round(middle + (1 + beyond) * half * draw.uniform(-1, 1, *shape))
    return {
        "dout": draw(*shape),
        "x": scale * (steps - zero_point + draw.uniform(-0.4, 0.4, *shape)),
        "scale": scale,
        "zero_point": zero_point,
        "low": low,
        "high": high,
    }


def _faked_at_the_ends(draw, low=0, high=15, zero_point=6, scale=0.3):
    """Integers at the ends and beside them, in any order, from entries on either side of them."""
    inputs = _faked(draw, low, high, zero_point, (4, 6), scale)
    steps = np.resize([low - 1, low, low + 1, high - 1, high, high + 1], 24)[draw.permutation(24)]
    places = steps - zero_point + draw.signs(24) * draw.uniform(0.1, 0.4, 24)
    return inputs | {"x": scale * places.reshape(4, 6)}


_FAKED_Q = "np.round(x / scale) + zero_point"
_FAKED_INSIDE = "(low <= q) & (q <= high)"

fake_quantize_backward = Exercise(
    points=4,
    forbids=["automatic differentiation"],
    cases={
        "signed, eight bits": _faked,
        "unsigned, eight bits": partial(_faked, low=0, high=255, zero_point=100, shape=(5, 4), scale=0.02),
        "four bits and a large scale": partial(_faked, low=0, high=15, zero_point=3, shape=(2, 3, 4), scale=20.0),
        "one side clipped": partial(_faked, low=-128, high=1000, zero_point=0, shape=(24,)),
        "nothing clipped": partial(_faked, shape=(3, 5), beyond=-0.2),
        "at the ends, four bits": _faked_at_the_ends,
        "at the ends, signed": partial(_faked_at_the_ends, low=-8, high=7, zero_point=-2, scale=1.7),
    },
    checks=[
        agrees(
            2,
            "lets dout pass where nothing is clipped, and nothing elsewhere",
            on=["signed, eight bits", "unsigned, eight bits", "one side clipped", "nothing clipped"],
        ),
        agrees(
            2,
            "counts both ends to the range, with any scale and zero point",
            on=["at the ends, four bits", "at the ends, signed", "four bits and a large scale"],
        ),
    ],
    mistakes=[
        Mistake(
            "passes_everything",
            "You let all of dout pass. Where x was clipped, a small change of it changes nothing, and nothing may pass.",
            edit(f"np.where({_FAKED_INSIDE}, dout, 0.0)", "dout.copy()"),
        ),
        Mistake(
            "nothing_passes",
            "You return the true slope of rounding, which is 0: nothing could be learned from it. Straight through means as if nothing was rounded.",
            edit(f"np.where({_FAKED_INSIDE}, dout, 0.0)", "np.zeros_like(dout)"),
        ),
        Mistake(
            "divided_by_the_scale",
            "You divide by the scale. The forward divides by it and multiplies by it again: the slope is 1.",
            edit("dout, 0.0", "dout / scale, 0.0"),
        ),
        Mistake(
            "multiplied_by_the_scale",
            "You multiply by the scale. The forward divides by it and multiplies by it again: the slope is 1.",
            edit("dout, 0.0", "dout * scale, 0.0"),
        ),
        Mistake(
            "ends_excluded",
            "You leave out the ends of the range. What is rounded to low or high itself is not clipped.",
            edit(_FAKED_INSIDE, "(low < q) & (q < high)"),
        ),
        Mistake(
            "upper_end_excluded",
            "You leave out the upper end of the range. What is rounded to high itself is not clipped.",
            edit("q <= high", "q < high"),
        ),
        Mistake(
            "not_rounded",
            "You compare with the ends before you round. An entry a little beyond an end is still rounded to it, and not clipped.",
            edit(_FAKED_Q, "x / scale + zero_point"),
        ),
        Mistake(
            "no_zero_point",
            "You leave the zero point out. Add it before you look where the ends are.",
            edit(_FAKED_Q, "np.round(x / scale)"),
        ),
        Mistake(
            "x_itself",
            "You compare x itself with the ends. They are integers: compare the integer that x becomes.",
            edit(_FAKED_Q, "x"),
        ),
        Mistake(
            "inside_out",
            "You let dout pass where x is clipped. It passes where x is not.",
            edit(f"np.where({_FAKED_INSIDE}, dout, 0.0)", f"np.where({_FAKED_INSIDE}, 0.0, dout)"),
        ),
        Mistake(
            "clipped_above_only",
            "You look at the upper end only. The range has two.",
            edit(_FAKED_INSIDE, "q <= high"),
        ),
        Mistake(
            "slope_alone",
            "You return where the gradient passes, and not the gradient. Multiply by dout.",
            edit("dout, 0.0", "1.0, 0.0"),
        ),
    ],
    hints=[
        "Draw the forward: where is it a staircase, and where is it flat for good? What is the staircase's mean slope?",
        "Which integer does an entry become before it is clipped?",
    ],
)


# Numbers in sixteen bits. Cases draw the 32 bits themselves: what stands half-way must do so to the last of them.


def _bits(x):
    return np.asarray(x, np.float32).view(np.uint32)


def _sixteen(draw, shape=(4, 6), size=1.0):
    return {"x": _bits(size * draw(*shape))}


def _sixteen_upper(draw, *shape):
    """The upper halves of ordinary numbers of either sign: what bfloat16 holds."""
    return _bits(draw.signs(*shape) * np.exp(2 * draw(*shape))) & 0xFFFF0000


def _sixteen_ending(draw, endings, shape=(4, 6)):
    """Numbers whose lower halves are given ones, above upper halves that end in 0 and in 1."""
    upper = _sixteen_upper(draw, *shape).ravel() & 0xFFFE0000
    upper |= np.resize(np.array([0, 1], np.uint32), upper.size) << 16
    lower = np.resize(np.repeat(np.array(endings, np.uint32), 2), upper.size)
    return {"x": (upper | lower)[draw.permutation(upper.size)].reshape(shape)}


def _sixteen_carried(draw):
    """Fractions of nothing but ones: rounded up, they carry into the exponent."""
    exponent = draw.integers(120, 134, 12).astype(np.uint32) << 23
    sign = draw.integers(0, 2, 12).astype(np.uint32) << 31
    return {"x": (sign | exponent | 0x7F8000 | draw.integers(0, 2**15, 12).astype(np.uint32)).reshape(3, 4)}


def _sixteen_held(draw):
    """What bfloat16 holds already, zeros and powers of two among it, beside numbers that it does not."""
    x = _sixteen_upper(draw, 5, 4)
    x[0] = _bits([0.0, 1.0, -2.0, 0.5])
    x[1] = _bits(draw(4))
    return {"x": x}


def rounded(to_bfloat16, x):
    """Bits become float32 numbers, and the answer is looked at in float64, which holds them all.

    -> out (...)
    """
    out = np.asarray(to_bfloat16(x.view(np.float32)))
    return out.astype(np.float64) if out.dtype == np.float32 else out


_SIXTEEN_ROUNDED = "(bits + 0x7FFF + last) & 0xFFFF0000"

to_bfloat16 = Exercise(
    points=5,
    driver=rounded,
    cases={
        "ordinary numbers": _sixteen,
        "three axes, in the hundreds": partial(_sixteen, shape=(2, 3, 4), size=300.0),
        "a vector": partial(_sixteen, shape=(20,), size=1e-3),
        "half-way": partial(_sixteen_ending, endings=[0x8000]),
        "half-way, a vector": partial(_sixteen_ending, endings=[0x8000], shape=(16,)),
        "next to half-way": partial(_sixteen_ending, endings=[0x7FFF, 0x8001, 0x0001, 0xFFFF]),
        "a carry into the exponent": _sixteen_carried,
        "numbers that bfloat16 holds": _sixteen_held,
        "numbers near 10³⁸": lambda draw: {"x": _bits(draw.signs(3, 5) * draw.uniform(0.1, 1.0, 3, 5) * 1e38)},
        "numbers near 10⁻³⁷": lambda draw: {"x": _bits(draw.signs(3, 5) * draw.uniform(1.0, 10.0, 3, 5) * 1e-37)},
    },
    checks=[
        agrees(
            2,
            "rounds to the nearest number that bfloat16 holds",
            on=["ordinary numbers", "three axes, in the hundreds", "a vector", "next to half-way"],
        ),
        agrees(1, "rounds half-way numbers to the one whose last bit is 0", on=["half-way", "half-way, a vector"]),
        agrees(
            1,
            "carries into the exponent, and leaves alone what bfloat16 holds",
            on=["a carry into the exponent", "numbers that bfloat16 holds"],
        ),
        agrees(1, "keeps the range of float32", on=["numbers near 10³⁸", "numbers near 10⁻³⁷"]),
    ],
    mistakes=[
        Mistake(
            "truncated",
            "You cut off the lower 16 bits, which rounds every number towards 0. Round to the nearest.",
            edit(_SIXTEEN_ROUNDED, "bits & 0xFFFF0000"),
        ),
        Mistake(
            "half_way_up",
            "You round half-way numbers away from 0. Of the two that are as near, take the one whose last bit is 0: then half of them go up.",
            edit("0x7FFF + last", "0x8000"),
        ),
        Mistake(
            "half_way_down",
            "You round half-way numbers towards 0. Of the two that are as near, take the one whose last bit is 0: then half of them go up.",
            edit("0x7FFF + last", "0x7FFF"),
        ),
        Mistake(
            "half_way_to_odd",
            "You round half-way numbers to the one whose last bit is 1. It is the one with a 0.",
            edit("0x7FFF + last", "0x8000 - last"),
        ),
        Mistake(
            "float16",
            "You round to float16, which has a longer fraction and a far smaller range. bfloat16 has all of float32's exponents.",
            lambda x: np.where(np.abs(x) < 65504, x, np.sign(x) * np.inf).astype(np.float16).astype(np.float32),
        ),
        Mistake(
            "eight_bits_of_fraction",
            "You keep eight bits of the fraction. bfloat16 has seven: one for the sign, eight for the exponent, seven for the fraction.",
            lambda x: ((x.view(np.uint32) + 0x3FFF + ((x.view(np.uint32) >> 15) & 1)) & 0xFFFF8000).view(np.float32),
        ),
        Mistake(
            "always_up",
            "You round every number away from 0. Round to the nearest.",
            edit("0x7FFF + last", "0xFFFF"),
        ),
        Mistake(
            "bits_for_numbers",
            "You return the bits as integers. Read them as float32 again: `view` does so, in both directions.",
            edit("return rounded.view(np.float32)", "return rounded"),
        ),
    ],
    hints=[
        "NumPy's `view` shows the bits of an array as integers of the same width. Which of the 32 bits does bfloat16 keep?",
        "Which number must be added to the 32 bits so that bit 16 gains a carry exactly if the lower half is above half-way?",
        "At half-way itself the last bit that stays decides. How does it get into that sum?",
    ],
)


def _scaled(draw, good_steps=3, scale=2.0**12, shapes=((3, 4), (5,), (2, 3, 2)), **more):
    """Gradients that were scaled; an optional argument is given or left out."""
    return {"grads": [scale * draw(*shape) for shape in shapes], "scale": scale, "good_steps": good_steps} | more


def _overflown(draw, value, which=1, **more):
    """One entry of one array, in any place, is no finite number."""
    inputs = _scaled(draw, **more)
    entries = inputs["grads"][which].reshape(-1)
    entries[int(draw.integers(0, entries.size))] = value
    return inputs


def _overflown_both(draw):
    """inf and -inf, whose sum is nan; and all other gradients are 0."""
    inputs = _scaled(draw, shapes=((2, 3), (4,)))
    for grad in inputs["grads"]:
        grad[:] = 0.0
    inputs["grads"][1][:2] = np.inf, -np.inf
    return inputs


def _scaled_first_array(grads, scale, good_steps, growth=2.0, backoff=0.5, interval=2000):
    if not np.isfinite(grads[0]).all():
        return None, scale * backoff, 0
    good_steps += 1
    grows = good_steps == interval
    return [g / scale for g in grads], scale * growth if grows else scale, 0 if grows else good_steps


_SCALE_FINITE = "all(np.isfinite(g).all() for g in grads)"
_SCALE_BAD = [
    "an inf in the last array",
    "an inf in the first array",
    "a −inf",
    "a nan",
    "inf and −inf",
    "an inf where it would have grown",
    "another backoff",
]

loss_scale_step = Exercise(
    points=5,
    words={"unscaled[#]": "array {} of unscaled"},
    cases={
        "a good step": _scaled,
        "one array, no good step before": partial(_scaled, good_steps=0, scale=1000.0, shapes=((4, 3),)),
        "the last step before it grows": partial(_scaled, good_steps=5, interval=7),
        "many good steps": partial(_scaled, good_steps=1998, shapes=((2, 5), (3,))),
        "the step at which it grows": partial(_scaled, good_steps=6, interval=7),
        "after 2000 good steps": partial(_scaled, good_steps=1999, shapes=((2, 5), (3,))),
        "it grows in every step": partial(_scaled, good_steps=0, interval=1, growth=4.0, scale=8.0),
        "another growth": partial(_scaled, good_steps=2, interval=3, growth=1.5, scale=100.0),
        "an inf in the last array": partial(_overflown, value=np.inf, which=2),
        "an inf in the first array": partial(_overflown, value=np.inf, which=0),
        "a −inf": partial(_overflown, value=-np.inf),
        "a nan": partial(_overflown, value=np.nan),
        "inf and −inf": _overflown_both,
        "an inf where it would have grown": partial(_overflown, value=np.inf, good_steps=6, interval=7),
        "another backoff": partial(_overflown, value=np.nan, backoff=0.25, scale=24.0, good_steps=0),
    },
    checks=[
        agrees(
            2,
            "divides the gradients by the scale, and counts the step",
            on=[
                "a good step",
                "one array, no good step before",
                "the last step before it grows",
                "many good steps",
            ],
        ),
        agrees(
            1,
            "raises the scale after interval good steps, and begins to count anew",
            on=["the step at which it grows", "after 2000 good steps", "it grows in every step", "another growth"],
        ),
        agrees(2, "leaves out a step with inf or nan, lowers the scale, and begins to count anew", on=_SCALE_BAD),
    ],
    mistakes=[
        Mistake(
            "inf_let_through",
            "You look for nan only and let inf through. An overflow is inf first; nan is what becomes of it.",
            edit("np.isfinite(g).all()", "(g == g).all()"),
        ),
        Mistake(
            "nan_let_through",
            "You look for inf only and let nan through. Where two infinities meet, nan is all that is left.",
            edit("np.isfinite(g).all()", "not np.isinf(g).any()"),
        ),
        Mistake(
            "minus_inf_let_through",
            "You let −inf through. Gradients overflow in both directions.",
            edit("np.isfinite(g).all()", "(g < np.inf).all()"),
        ),
        Mistake(
            "first_array_only",
            "You look at the first array only. Any entry of any array spoils the step.",
            _scaled_first_array,
        ),
        Mistake(
            "any_good_array",
            "You keep the step if one of the arrays is finite. All of them must be.",
            edit(_SCALE_FINITE, "any(np.isfinite(g).all() for g in grads)"),
        ),
        Mistake(
            "count_kept_after_an_overflow",
            "You go on counting after an overflow. The scale grows after interval good steps in a row: begin again at 0.",
            edit("return None, scale * backoff, 0", "return None, scale * backoff, good_steps"),
        ),
        Mistake(
            "scale_kept_after_an_overflow",
            "You leave the scale as it is after an overflow, and the next step will overflow, too. Lower it.",
            edit("return None, scale * backoff, 0", "return None, scale, 0"),
        ),
        Mistake(
            "divided_after_an_overflow",
            "You divide by backoff after an overflow, which makes the scale larger still. Multiply by it.",
            edit("scale * backoff", "scale / backoff"),
        ),
        Mistake(
            "zeros_for_none",
            "After an overflow you return gradients of 0. With them an optimiser would still take a step, by its momentum: return None, so that the step is left out.",
            edit("return None, scale * backoff", "return [0 * np.ones_like(g) for g in grads], scale * backoff"),
        ),
        Mistake(
            "count_kept_when_it_grows",
            "You go on counting when the scale has grown. Begin again at 0, so that interval more good steps are needed.",
            edit("scale * growth, 0", "scale * growth, good_steps"),
        ),
        Mistake(
            "grows_in_every_step",
            "You raise the scale in every good step. It grows after interval of them in a row.",
            edit(
                "if good_steps == interval:\n        return unscaled, scale * growth, 0\n    return unscaled, scale, good_steps",
                "return unscaled, scale * growth, 0 if good_steps == interval else good_steps",
            ),
        ),
        Mistake(
            "grows_a_step_late",
            "Your scale does not grow in the step at which it should. That step counts, too: raise the count first, then look whether it has reached interval.",
            edit(
                "    good_steps += 1\n    if good_steps == interval:\n        return unscaled, scale * growth, 0\n    return unscaled, scale, good_steps",
                "    if good_steps == interval:\n        return unscaled, scale * growth, 0\n    return unscaled, scale, good_steps + 1",
            ),
        ),
        Mistake(
            "divided_by_the_new_scale",
            "You divide by the new scale. The gradients were made with the old one.",
            edit(
                "    unscaled = [g / scale for g in grads]\n    good_steps += 1",
                "    good_steps += 1\n    unscaled = [g / (scale * growth if good_steps == interval else scale) for g in grads]",
            ),
        ),
        Mistake(
            "multiplied",
            "You multiply the gradients by the scale. The loss was multiplied by it: divide.",
            edit("g / scale", "g * scale"),
        ),
        Mistake(
            "not_divided",
            "You return the gradients as they are. They are those of the loss times scale: divide.",
            edit("g / scale", "g * 1"),
        ),
    ],
    hints=[
        "For which numbers is np.isfinite False? All entries of all arrays have to be asked.",
        "With an interval of 3 and steps good, good, good, good: what is the count after each, and when does the scale rise?",
    ],
)


# Fewer weights, and how many there should be


def _pruned(draw, shape=(4, 6), sparsity=0.5):
    return {"W": draw(*shape), "sparsity": sparsity}


def _pruned_by_row_sizes(draw, sparsity=0.5):
    """Rows and columns of very different sizes: nearly all of some go, and nearly nothing of others."""
    inputs = _pruned(draw, (5, 8), sparsity)
    inputs["W"] *= np.exp(2 * draw.permutation(5))[:, None]
    return inputs


def _pruned_rows(W, sparsity):
    rows = np.abs(W).reshape(len(W), -1) if W.ndim > 1 else np.abs(W)[None]
    rank = rows.argsort(axis=1).argsort(axis=1)
    return (rank >= round(sparsity * rows.shape[1])).reshape(W.shape)


_PRUNE_SORTED = "np.argsort(np.abs(W), axis=None)"
_PRUNE_COUNT = "round(sparsity * W.size)"

prune_magnitude = Exercise(
    points=3,
    cases={
        "half of a matrix": _pruned,
        "a vector": partial(_pruned, shape=(15,), sparsity=0.4),
        "filters of a convolution": partial(_pruned, shape=(3, 2, 3, 3), sparsity=0.5),
        "rows of different sizes": _pruned_by_row_sizes,
        "most of rows of different sizes": partial(_pruned_by_row_sizes, sparsity=0.8),
        "a count that is rounded up": partial(_pruned, shape=(3, 3), sparsity=0.3),
        "a count that is rounded down": partial(_pruned, shape=(3, 7), sparsity=0.25),
        "a count that is all but whole": partial(_pruned, shape=(10, 10), sparsity=0.29),
        "nothing removed": partial(_pruned, sparsity=0.0),
        "everything removed": partial(_pruned, shape=(3, 4), sparsity=1.0),
    },
    checks=[
        agrees(
            1,
            "keeps the weights of largest magnitude",
            on=["half of a matrix", "a vector", "filters of a convolution"],
        ),
        agrees(
            1,
            "compares all weights of the array with one another",
            on=["rows of different sizes", "most of rows of different sizes"],
        ),
        agrees(
            1,
            "removes exactly as many as asked, none and all, too",
            on=[
                "a count that is rounded up",
                "a count that is rounded down",
                "a count that is all but whole",
                "nothing removed",
                "everything removed",
            ],
        ),
    ],
    mistakes=[
        Mistake(
            "by_value",
            "You remove the smallest values, which are those far below 0. A weight's size is its magnitude.",
            edit(_PRUNE_SORTED, "np.argsort(W, axis=None)"),
        ),
        Mistake(
            "largest_removed",
            "You remove the weights of largest magnitude. It is the smallest ones that can be spared.",
            edit(_PRUNE_SORTED, "np.argsort(-np.abs(W), axis=None)"),
        ),
        Mistake(
            "inverted",
            "Your mask is True where a weight is removed. It is True where one is kept.",
            edit("keep.reshape(W.shape)", "~keep.reshape(W.shape)"),
        ),
        Mistake(
            "count_cut_off",
            "You cut off the fraction of sparsity·size. Round it to the nearest whole number: 0.29·100 is 28.999999999999996.",
            edit(_PRUNE_COUNT, "int(sparsity * W.size)"),
        ),
        Mistake(
            "count_rounded_up",
            "You always round sparsity·size up. Round it to the nearest whole number.",
            edit(_PRUNE_COUNT, "int(np.ceil(sparsity * W.size))"),
        ),
        Mistake(
            "one_too_many",
            "You remove one weight too many. The threshold itself is a weight: is it kept?",
            edit(_PRUNE_COUNT, f"{_PRUNE_COUNT} + 1"),
        ),
        Mistake(
            "row_by_row",
            "You remove the same share of every row. All weights of the array are compared with one another.",
            _pruned_rows,
        ),
        Mistake(
            "share_kept",
            "You keep the share that should be removed. A sparsity of 0.9 leaves a tenth.",
            edit(_PRUNE_COUNT, "round((1 - sparsity) * W.size)"),
        ),
        Mistake(
            "share_of_the_largest",
            "You remove what is below sparsity times the largest magnitude. The sparsity is a share of the number of weights.",
            lambda W, sparsity: np.abs(W) > sparsity * np.abs(W).max(),
        ),
        Mistake(
            "pruned_weights",
            "You return the weights, with zeros. Return where they are kept, as booleans.",
            edit("keep.reshape(W.shape)", "np.where(keep.reshape(W.shape), W, 0.0)"),
        ),
    ],
    hints=[
        "How many weights are removed, as a whole number? Then: which ones?",
        "NumPy's argsort can sort all entries of an array as one row. What do you sort by?",
        "Why is a threshold that is one of the weights a little dangerous, and what does sparsity 1 do to it?",
    ],
)


def _law(draw, N=9, low=0.0, high=4.0, a=3.0, b=0.5, noise=0.15):
    """Points near a power law, in any order, x between e^low and e^high; errors of y are relative ones."""
    x = np.exp(draw.uniform(low, high, N))
    x[:2] = np.exp(low), np.exp(high)
    return {"x": x, "y": a * x**-b * np.exp(noise * draw(N))}


def _law_drawn(draw, **more):
    return _law(draw, a=float(draw.uniform(0.5, 5.0)), b=float(draw.uniform(0.3, 0.9)), **more)


def _law_by_steps(x, y):
    """Least squares of y itself, by Gauss–Newton steps from the straight line."""
    slope, intercept = np.polyfit(np.log(x), np.log(y), 1)
    size = np.exp(intercept)
    for _ in range(40):
        guess = size * x**slope
        slopes = np.stack([guess / size, guess * np.log(x)], axis=1)
        step = np.linalg.lstsq(slopes, y - guess, rcond=None)[0]
        size, slope = size + 0.5 * step[0], slope + 0.5 * step[1]
    return size, -slope


def _law_as_exponential(x, y):
    slope, intercept = np.polyfit(x, np.log(y), 1)
    return np.exp(intercept), -slope


def _law_base_ten(x, y):
    slope, intercept = np.polyfit(np.log10(x), np.log10(y), 1)
    return np.exp(intercept), -slope


def _law_from_the_ends(x, y):
    first, last = x.argmin(), x.argmax()
    b = np.log(y[first] / y[last]) / np.log(x[last] / x[first])
    return y[first] * x[first] ** b, b


def _law_backwards(x, y):
    """The line that takes the errors in x for those that count."""
    slope, intercept = np.polyfit(np.log(y), np.log(x), 1)
    return np.exp(-intercept / slope), -1 / slope


_LAW_PLAIN = ["nine points", "twenty points", "many sizes of y"]

power_law_fit = Exercise(
    points=4,
    cases={
        "nine points": _law_drawn,
        "twenty points": partial(_law_drawn, N=20, noise=0.2),
        "many sizes of y": partial(_law, N=12, high=5.0, a=20.0, b=1.8, noise=0.3),
        "a rising law": partial(_law, N=8, b=-0.7),
        "two points": partial(_law_drawn, N=2),
        "three points": partial(_law_drawn, N=3, noise=0.3),
        "models of 10⁶ to 10¹⁰ parameters": partial(
            _law, N=7, low=np.log(1e6), high=np.log(1e10), a=12.0, b=0.076, noise=0.02
        ),
        "x below 1": partial(_law_drawn, N=10, low=-7.0, high=-2.0),
    },
    checks=[
        agrees(1, "returns b, the exponent without its sign", on=_LAW_PLAIN, part="b"),
        agrees(1, "returns a, the factor", on=_LAW_PLAIN, part="a"),
        agrees(
            2,
            "fits laws that rise, few points, and x of any size",
            on=[
                "a rising law",
                "two points",
                "three points",
                "models of 10⁶ to 10¹⁰ parameters",
                "x below 1",
            ],
        ),
    ],
    mistakes=[
        Mistake(
            "errors_of_y",
            "You minimise the errors of y itself, and the few large y decide. Take logarithms first: there, a power law is a straight line, and errors are relative.",
            _law_by_steps,
        ),
        Mistake(
            "sign_of_b",
            "You return the slope of the line. The law has −b in its exponent: b is positive where y falls.",
            returns("np.exp(v.mean() - slope * u.mean()), slope"),
        ),
        Mistake(
            "log_of_a",
            "You return the line's intercept, which is log a. Undo the logarithm.",
            returns("v.mean() - slope * u.mean(), -slope"),
        ),
        Mistake(
            "two_bases",
            "You take logarithms to the base 10 and undo them with exp. Both must have one base.",
            _law_base_ten,
        ),
        Mistake(
            "exponential",
            "You fit an exponential: a straight line of log y over x. In a power law, x has a logarithm, too.",
            _law_as_exponential,
        ),
        Mistake(
            "ends_only",
            "You draw the line through the two outermost points. All points count, by least squares.",
            _law_from_the_ends,
        ),
        Mistake(
            "line_through_0",
            "Your slope is that of a line through 0. Subtract the means first: a line with an intercept goes through the point of the means.",
            edit("u - u.mean()", "u"),
        ),
        Mistake(
            "errors_of_x",
            "You fit log x as a function of log y. It is the errors of log y that are to be small.",
            _law_backwards,
        ),
        Mistake(
            "swapped",
            "You return b before a.",
            returns("-slope, np.exp(v.mean() - slope * u.mean())"),
        ),
    ],
    hints=[
        "What becomes of y = a·x^(−b) if you take the logarithm of both sides?",
        "Which line has the least squared errors, and through which point does it always go?",
    ],
)


# Memory


def _deep(draw, n=6, every=2, N=2, silent=(), widths=(3, 4, 2, 5)):
    """A network of n layers of changing widths; those in `silent` have no weights."""
    weights, width = [], widths[0]
    for i in range(n):
        new = widths[(i + 1) % len(widths)]
        weights.append(None if i in silent else 1.2 * draw(width, new) / np.sqrt(width))
        width = width if i in silent else new
    return {"x": draw(N, widths[0]), "dout": draw(N, width), "weights": weights, "every": every}


def counted(checkpointed_backward, x, dout, weights, every):
    """Layers tanh(x·W), or x + sin x where there are no weights; they count their calls and what is alive of their outputs.

    -> dx (N, D), dparams, forward_again, backward_again, held
    """
    import gc
    import weakref

    n, made = len(weights), []
    calls, most = {"forward": [0] * n, "backward": [0] * n}, [0]

    def layer(i, W):
        def forward(x):
            calls["forward"][i] += 1
            y = x + np.sin(x) if W is None else np.tanh(x @ W)
            made.append(weakref.ref(y))
            if alive() > limit:
                gc.collect()  # what only waits to be collected is not held
            most[0] = max(most[0], alive())
            return y

        def backward(dout, x):
            calls["backward"][i] += 1
            if W is None:
                return dout * (1 + np.cos(x)), None
            dz = dout * (1 - np.tanh(x @ W) ** 2)
            return dz @ W.T, {"W": x.T @ dz}

        return forward, backward

    def alive():
        return sum(ref() is not None for ref in made)

    limit = -(-n // every) + every + 2
    gc.freeze()  # what was there before is not looked through each time
    try:
        dx, dparams = checkpointed_backward([layer(i, W) for i, W in enumerate(weights)], x, dout, every)
    finally:
        gc.unfreeze()
    return dx, dparams, max(calls["forward"]) > 2, max(calls["backward"]) > 1, most[0] > limit


def _deep_plain(layers, x, dout, every):
    inputs = []
    for forward, _ in layers:
        inputs.append(x)
        x = forward(x)
    return _deep_back(layers, inputs, dout)


def _deep_back(layers, inputs, dout):
    dparams = []
    for (_, backward), x in zip(reversed(layers), reversed(inputs), strict=True):
        dout, of_layer = backward(dout, x)
        dparams.append(of_layer)
    return dout, dparams[::-1]


def _deep_from_the_start(layers, x, dout, every):
    dparams = []
    for i in reversed(range(len(layers))):
        h = x
        for forward, _ in layers[:i]:
            h = forward(h)
        dout, of_layer = layers[i][1](dout, h)
        dparams.append(of_layer)
    return dout, dparams[::-1]


def _deep_again_for_each(layers, x, dout, every):
    """From the kept input of the segment, but for each layer anew."""
    kept, h, dparams = [], x, []
    for i, (forward, _) in enumerate(layers):
        if i % every == 0:
            kept.append(h)
        h = forward(h)
    for i in reversed(range(len(layers))):
        h = kept[i // every]
        for forward, _ in layers[i - i % every : i]:
            h = forward(h)
        dout, of_layer = layers[i][1](dout, h)
        dparams.append(of_layer)
    return dout, dparams[::-1]


def _deep_outputs(layers, x, dout, every):
    """Each backward is handed its layer's output, where the shapes allow: what they do not, raises."""
    inputs = []
    for forward, _ in layers:
        x = forward(x)
        inputs.append(x)
    return _deep_back(layers, inputs, dout)


def _deep_same_dout(layers, x, dout, every):
    dparams = []
    for forward, backward in layers:
        dx, of_layer = backward(dout, x)
        dparams.append(of_layer)
        x = forward(x)
    return dx, dparams


def _deep_rest_dropped(layers, x, dout, every):
    whole = layers[: len(layers) // every * every]
    dx, dparams = _deep_plain(whole, x, dout, every) if whole else (dout, [])
    return dx, dparams + [None] * (len(layers) - len(whole))


_DEEP_PLAIN = ["six layers, two by two", "layers of one width", "nine layers, three by three", "layers without weights"]
_DEEP_LONG = ["sixteen layers, four by four", "thirty layers, three by three", "24 layers, ten by ten"]

checkpointed_backward = Exercise(
    points=8,
    forbids=["automatic differentiation"],
    driver=counted,
    words={
        "dparams[#]": "the dparams of layer {}",
        "dparams[#]['W']": "the gradient of W of layer {}",
        "forward_again": "whether a layer runs forward more than twice",
        "backward_again": "whether a layer runs backward more than once",
        "held": "whether more than ⌈n/every⌉ + every + 2 outputs are alive at once",
    },
    cases={
        "six layers, two by two": _deep,
        "layers of one width": partial(_deep, n=6, every=3, widths=(4,)),
        "nine layers, three by three": partial(_deep, n=9, every=3, N=3),
        "layers without weights": partial(_deep, n=8, every=4, silent=(1, 3, 4)),
        "a shorter segment at the end": partial(_deep, n=7, every=3),
        "a last segment of one layer": partial(_deep, n=5, every=2, silent=(2,)),
        "each layer a segment": partial(_deep, n=5, every=1),
        "one segment": partial(_deep, n=4, every=4),
        "every larger than n": partial(_deep, n=3, every=8),
        "a single layer": partial(_deep, n=1, every=2),
        "sixteen layers, four by four": partial(_deep, n=16, every=4),
        "thirty layers, three by three": partial(_deep, n=30, every=3, silent=(0, 10, 20)),
        "24 layers, ten by ten": partial(_deep, n=24, every=10),
    },
    checks=[
        agrees(2, "returns dx, the gradient in the network's input", on=_DEEP_PLAIN, part="dx"),
        agrees(2, "returns dparams, the first layer's first", on=_DEEP_PLAIN, part="dparams"),
        agrees(
            1,
            "takes any every: one that leaves a rest, 1, n or more",
            on=[
                "a shorter segment at the end",
                "a last segment of one layer",
                "each layer a segment",
                "one segment",
                "every larger than n",
                "a single layer",
            ],
            part=("dx", "dparams"),
        ),
        agrees(
            1,
            "is right with each layer run forward at most twice and backward once",
            on=_DEEP_LONG,
            part=("dx", "forward_again", "backward_again"),
        ),
        agrees(
            2,
            "is right while at most ⌈n/every⌉ + every + 2 outputs are alive",
            on=_DEEP_LONG,
            part=("dx", "held"),
        ),
    ],
    mistakes=[
        Mistake(
            "keeps_too_much",
            "Your gradients are right, but too many outputs are alive at once. On the way forward keep the input of every `every`-th layer only; and once a segment's way back is done, let go of what you made for it again.",
            _deep_plain,
        ),
        Mistake(
            "from_the_start",
            "You run the whole network again for each layer. Begin at the nearest kept input before it, and keep what a segment makes until its way back is done.",
            _deep_from_the_start,
        ),
        Mistake(
            "again_for_each_layer",
            "You run a segment again for each of its layers. Run it once, and keep its inputs until its way back is done.",
            _deep_again_for_each,
        ),
        Mistake(
            "outputs_for_inputs",
            "You hand each backward its layer's output. It wants the input.",
            _deep_outputs,
        ),
        Mistake(
            "dout_not_passed_on",
            "You hand the same dout to every layer. What a layer returns as dx is the dout of the one before it.",
            _deep_same_dout,
        ),
        Mistake(
            "last_layer_first",
            "Your dparams begin with those of the last layer. The way back meets it first, but the list begins with the first layer.",
            edit("dparams[::-1]", "dparams"),
        ),
        Mistake(
            "rest_dropped",
            "You leave out the last segment where it is shorter than the others. every need not divide the number of layers.",
            _deep_rest_dropped,
        ),
    ],
    hints=[
        "For six layers and every = 2: which inputs are kept, and what is made again from each?",
        "Which segment has its way back first, and what does the one before it need of it?",
        "Where in your code does the last reference to an array go, once nobody needs it?",
    ],
)


def _texts(draw, kv_heads=None, sharing=None, tokens=None, **given):
    """A model's sizes: each key head serves `sharing` query heads, and dim is a multiple of heads."""
    kv_heads = kv_heads or int(draw.integers(2, 5))
    heads = kv_heads * (sharing or int(draw.integers(2, 5)))
    return {
        "layers": int(draw.integers(2, 13)),
        "dim": heads * int(draw.integers(5, 40)),
        "heads": heads,
        "kv_heads": kv_heads,
        "tokens": tokens or int(draw.integers(50, 2000)),
        "batch": int(draw.integers(2, 9)),
    } | given


def _texts_real(draw):
    """The sizes of Llama 3 70B, with texts of 128 000 tokens."""
    sizes = {"layers": 80, "dim": 8192, "heads": 64, "kv_heads": 8, "tokens": 128_000}
    return sizes | {"batch": int(draw.integers(3, 100))}


_KV_HEAD = "(dim // heads)"

kv_cache_bytes = Exercise(
    points=2,
    cases={
        "a key head for every head": partial(_texts, sharing=1),
        "one token": partial(_texts, sharing=1, tokens=1),
        "a key head for several heads": _texts,
        "one key head for all": partial(_texts, kv_heads=1),
        "one byte a value": partial(_texts, bytes_per_value=1),
        "four bytes a value": partial(_texts, bytes_per_value=4),
        "many long texts": _texts_real,
    },
    checks=[
        agrees(1, "counts keys and values of all layers", on=["a key head for every head", "one token"]),
        agrees(
            1,
            "counts the heads that keys have, and the bytes that are given",
            on=[
                "a key head for several heads",
                "one key head for all",
                "one byte a value",
                "four bytes a value",
                "many long texts",
            ],
        ),
    ],
    mistakes=[
        Mistake(
            "keys_only",
            "You count the keys only. Each token has a value, too, of the same size.",
            edit("2 * layers", "layers"),
        ),
        Mistake(
            "query_heads",
            "You count all of dim for the keys of a token. Several query heads share a key: there are kv_heads of them, and each is as long as a query.",
            edit("kv_heads * (dim // heads)", "heads * (dim // heads)"),
        ),
        Mistake(
            "bits",
            "You count bits. A byte has eight of them, and bytes are asked.",
            edit("* bytes_per_value", "* bytes_per_value * 8"),
        ),
        Mistake(
            "whole_dim_for_each_head",
            "You give each head all of dim. The heads divide it among themselves.",
            edit(_KV_HEAD, "dim"),
        ),
        Mistake(
            "one_text",
            "You leave out the batch. Each text has a cache of its own.",
            edit(" * batch", ""),
        ),
        Mistake(
            "one_layer",
            "You count one layer. Each has keys and values of its own.",
            edit("2 * layers", "2"),
        ),
        Mistake(
            "two_bytes",
            "You always count two bytes for a number, which is only the default. Use the bytes that you are given.",
            edit("* bytes_per_value", "* 2"),
        ),
        Mistake(
            "float",
            "You return a float. A number of bytes is whole: `//` divides ints and gives an int.",
            edit(_KV_HEAD, "(dim / heads)"),
        ),
    ],
    hints=[
        "How many numbers does one token leave in one layer, keys and values together?",
        "How long is the key of one head, and how many heads have keys of their own?",
    ],
)
