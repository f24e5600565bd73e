"""How the answers of this unit are judged: cases, checks and the mistakes that people really make."""

from functools import partial

import numpy as np

from grader.exercise import Exercise, Mistake, agrees, edit, moves, reaches, redrawn, returns

ALLOWS = ("numpy",)


def places(size, kernel, stride=1, padding=0, dilation=1):
    """In how many places a kernel fits."""
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def another_pixel(inputs, draw):
    """The middle pixel of the first image changes, in all its channels."""
    x = inputs["x"].copy()
    x[0, :, x.shape[2] // 2, x.shape[3] // 2] = draw(x.shape[1])
    return inputs | {"x": x}


# Sizes


def size_of(draw, fits, stride=1, padding=0, dilation=1, left=0, kernels=(3, 8), **given):
    """An image in which the kernel fits more than `fits` times, with `left` pixels that the stride cannot reach."""
    kernel = int(draw.integers(*kernels))
    steps = int(draw.integers(fits, fits + 10))
    size = dilation * (kernel - 1) + 1 + stride * steps + left - 2 * padding
    return {"size": size, "kernel": kernel} | given


def same_size(draw):
    kernel = 2 * int(draw.integers(1, 5)) + 1
    return {"size": int(draw.integers(20, 40)), "kernel": kernel, "padding": kernel // 2}


def whole_image(draw):
    """The padded image is as large as the kernel."""
    size = int(draw.integers(5, 10))
    return {"size": size, "kernel": size + 4, "padding": 2}


def all_options(draw, left):
    return size_of(draw, 20, 3, 2, 2, left) | {"stride": 3, "padding": 2, "dilation": 2}


conv_output_size = Exercise(
    points=4,
    cases={
        "a kernel and no more": partial(size_of, fits=20),
        "a 1×1 kernel": partial(size_of, fits=20, kernels=(1, 2)),
        "a kernel as large as the padded image": whole_image,
        "padding of 2": lambda draw: size_of(draw, 20, padding=2, kernels=(6, 9)) | {"padding": 2},
        "padding that keeps the size": same_size,
        "a stride of 2 that comes out even": lambda draw: size_of(draw, 20, 2) | {"stride": 2},
        "a stride of 3 with 1 pixel left over": lambda draw: size_of(draw, 20, 3, left=1) | {"stride": 3},
        "a stride of 3 with 2 pixels left over": lambda draw: size_of(draw, 20, 3, left=2) | {"stride": 3},
        "a dilation of 2": lambda draw: size_of(draw, 20, dilation=2) | {"dilation": 2},
        "stride, padding and dilation": partial(all_options, left=0),
        "stride, padding and dilation, 1 pixel left over": partial(all_options, left=1),
    },
    checks=[
        agrees(
            1,
            "counts the positions where a kernel fits",
            on=["a kernel and no more", "a 1×1 kernel", "a kernel as large as the padded image"],
        ),
        agrees(1, "counts the padding on both sides", on=["padding of 2", "padding that keeps the size"]),
        agrees(
            1,
            "moves by the stride, and leaves out positions where the kernel does not fit",
            on=[
                "a stride of 2 that comes out even",
                "a stride of 3 with 1 pixel left over",
                "a stride of 3 with 2 pixels left over",
            ],
        ),
        agrees(
            1,
            "uses the dilation",
            on=["a dilation of 2", "stride, padding and dilation", "stride, padding and dilation, 1 pixel left over"],
        ),
    ],
    mistakes=[
        Mistake(
            "first_place_forgotten",
            "You count the steps between positions. There is one more position than there are steps: the starting position.",
            edit("// stride + 1", "// stride"),
        ),
        Mistake(
            "padding_once",
            "You add the padding once. It is on both sides of the image.",
            edit("2 * padding", "padding"),
        ),
        Mistake(
            "one_inside",
            "You add the 1 before you divide. The 1 is the starting position of the kernel, which the stride does not divide.",
            edit("- span) // stride + 1", "- span + 1) // stride"),
        ),
        Mistake(
            "rounded_up",
            "You round up. A position where the kernel would stick out of the image does not count.",
            edit("return (size + 2 * padding - span) // stride", "return -((span - size - 2 * padding) // stride)"),
        ),
        Mistake(
            "not_an_integer",
            "You do not return an integer. The answer counts positions: use the division that rounds down.",
            edit(" // stride", " / stride"),
        ),
        Mistake(
            "dilation_ignored",
            "You ignore the dilation. Count the pixels from the first entry of a dilated kernel to its last.",
            edit("dilation * (kernel - 1) + 1", "kernel"),
        ),
        Mistake(
            "dilation_of_every_entry",
            "You multiply the whole kernel by the dilation. Only the steps between its entries grow, and there is one fewer of those.",
            edit("dilation * (kernel - 1) + 1", "dilation * kernel"),
        ),
        Mistake(
            "rounded",
            "You round to the nearest integer, so a position counts at which part of the kernel sticks out. Cut off what is left over.",
            edit("(size + 2 * padding - span) // stride + 1", "round((size + 2 * padding - span) / stride + 1)"),
        ),
        Mistake(
            "stride_ignored",
            "You ignore the stride. With a stride of 2, only every second position counts.",
            edit(" // stride", ""),
        ),
    ],
    hints=[
        "How far can a kernel of size 3 move in a row of 10 pixels, and how many positions does it have on the way?",
        "Draw a kernel of size 2 on five pixels, with a stride of 2. What happens at the last step, where the kernel no longer fits?",
        "How many pixels does a kernel of size 3 span if its entries are 2 pixels apart?",
    ],
)


# Kernels that slide


def signals(draw, N=2, C=3, L=9, F=5, K=4, **options):
    """Signals and kernels; all sizes differ, so that no axis can pass for another."""
    unit = (C * K) ** -0.5  # keeps the outputs near 1
    return {"x": draw(N, C, L), "w": unit * draw(F, C, K), "b": draw(F)} | options


def another_sample(inputs, draw):
    """The middle sample of the first signal changes, in all its channels."""
    x = inputs["x"].copy()
    x[0, :, x.shape[2] // 2] = draw(x.shape[1])
    return inputs | {"x": x}


BORDER_AT_ZERO = "You write the image between p and -p, and -0 is 0: without padding that slice is empty. Slice from p by the size of the image."
IN_A_SLICE = """padded = np.zeros((*x.shape[:2], x.shape[2] + 2 * rows, x.shape[3] + 2 * columns))
    padded[:, :, rows:-rows, columns:-columns] = x
    return padded"""
REFUSED = "You refuse sizes at which the stride leaves something over. Leave out what does not fill a whole window."

conv1d = Exercise(
    points=6,
    cases={
        "two signals": signals,
        "a batch of one, one channel": partial(signals, N=1, C=1, K=3, F=2),
        "a kernel of one sample": partial(signals, L=6, K=1),
        "a kernel as long as the signal": partial(signals, L=4, K=4),
        "padding 2": partial(signals, L=6, K=3, padding=2),
        "a kernel as long as the padded signal": partial(signals, L=4, K=6, padding=1),
        "stride 2": partial(signals, L=10, stride=2),
        "stride 3, samples left over": partial(signals, L=12, stride=3),
        "stride 2 and padding 2": partial(signals, L=8, K=3, stride=2, padding=2),
        "as many channels out as in, as long as before": partial(signals, L=7, C=3, F=3, K=5, padding=2),
    },
    checks=[
        agrees(
            2,
            "adds up kernel times window over all channels, plus the bias",
            on=[
                "two signals",
                "a batch of one, one channel",
                "a kernel of one sample",
                "a kernel as long as the signal",
            ],
        ),
        agrees(
            1,
            "pads both ends with zeros",
            on=["padding 2", "a kernel as long as the padded signal", "as many channels out as in, as long as before"],
        ),
        agrees(1, "moves the window by the stride", on=["stride 2", "stride 3, samples left over"]),
        agrees(1, "uses stride and padding together", on="stride 2 and padding 2"),
        moves(
            1,
            "changing a sample changes exactly the outputs whose window contains it",
            another_sample,
            on=["two signals", "stride 3, samples left over"],
        ),
    ],
    mistakes=[
        Mistake(
            "flipped",
            "You flip the kernel, as convolution in signal processing does. Here the first entry of the kernel multiplies the first sample of the window.",
            edit("windows, w)", "windows, w[:, :, ::-1])"),
        ),
        Mistake(
            "no_bias",
            "You leave out the bias. Each output channel f has its own bias b[f], the same at every position.",
            edit(" + b[:, None]", ""),
        ),
        Mistake(
            "bias_for_each_channel",
            "You add the bias once for each input channel. Add it once per output, after the sum over the channels.",
            edit(" + b[:, None]", " + x.shape[1] * b[:, None]"),
        ),
        Mistake(
            "last_channel_alone",
            "You keep only the last input channel: each channel overwrites the ones before. Add the channels up.",
            edit("windows, w)", "windows[:, -1:], w[:, -1:])"),
        ),
        Mistake(
            "steps_of_one",
            "You return the right number of outputs, but your windows are one sample apart. The window of output i starts at i times the stride.",
            edit("[:, :, ::stride]", "[:, :, : (padded.shape[2] - w.shape[2]) // stride + 1]"),
        ),
        Mistake(
            "padded_in_front",
            "You pad only the start of the signal. Pad both ends with zeros.",
            edit("(padding, padding)", "(padding, 0)"),
        ),
        Mistake(
            "border_slice_at_zero",
            BORDER_AT_ZERO,
            edit(
                "padded = np.pad(x, ((0, 0), (0, 0), (padding, padding)))",
                "padded = np.zeros((*x.shape[:2], x.shape[2] + 2 * padding))\n    padded[:, :, padding:-padding] = x",
            ),
        ),
        Mistake(
            "left_over_refused",
            REFUSED,
            edit("    windows =", "    assert (padded.shape[2] - w.shape[2]) % stride == 0\n    windows ="),
        ),
        Mistake(
            "stride_ignored",
            "You ignore the stride: your windows are one sample apart, and there are too many of them.",
            edit("[:, :, ::stride]", ""),
        ),
        Mistake(
            "padding_ignored",
            "You ignore the padding. Put zeros at both ends of the signal first.",
            edit("(padding, padding)", "(0, 0)"),
        ),
    ],
    hints=[
        "Which samples does output i depend on? Start without padding, with a stride of 1 and one channel.",
        "Once the padded signal exists, padding needs no further thought. What does the stride do to the start of window i?",
        "The channels of the input are added up, and each output channel has a kernel for every one of them.",
    ],
)


def images(draw, N=2, C=3, H=7, W=9, F=5, K=(4, 2), **options):
    """Images and kernels; no two axes that could be confused have the same size."""
    unit = (C * K[0] * K[1]) ** -0.5  # keeps the outputs near 1
    return {"x": draw(N, C, H, W), "w": unit * draw(F, C, *K), "b": draw(F)} | options


def conv2d_width_from_height(x, w, b, stride=1, padding=0, dilation=1):
    p = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    KH, KW = w.shape[2:]
    OH = places(x.shape[2], KH, stride, padding, dilation)
    out = np.zeros((len(x), len(w), OH, OH))
    for i, j in np.ndindex(OH, OH):
        top, left = i * stride, j * stride
        window = p[
            :, :, top : top + dilation * (KH - 1) + 1 : dilation, left : left + dilation * (KW - 1) + 1 : dilation
        ]
        out[:, :, i, j] = np.einsum("ncuv,fcuv->nf", window, w) + b
    return out


conv2d = Exercise(
    points=8,
    cases={
        "two images": images,
        "a tall image": partial(images, H=8, W=5, K=(3, 2)),
        "a batch of one, one channel": partial(images, N=1, C=1, H=5, W=8, F=2, K=(3, 3)),
        "a 1×1 kernel": partial(images, H=4, W=6, K=(1, 1)),
        "a kernel as large as the image": partial(images, H=3, W=4, K=(3, 4)),
        "padding 2": partial(images, H=4, W=6, K=(3, 2), padding=2),
        "a 1×1 kernel and padding 2": partial(images, H=3, W=4, K=(1, 1), padding=2),
        "a kernel as large as the padded image": partial(images, H=2, W=4, K=(4, 6), padding=1),
        "stride 2": partial(images, H=7, W=12, K=(3, 2), stride=2),
        "stride 3, pixels left over": partial(images, H=8, W=12, K=(3, 2), stride=3),
        "dilation 2": partial(images, H=8, W=9, K=(3, 2), dilation=2),
        "stride, padding and dilation": partial(images, H=7, W=11, K=(3, 2), stride=2, padding=2, dilation=3),
        "as many channels out as in, as large as before": partial(images, C=3, F=3, H=5, W=6, K=(3, 3), padding=1),
    },
    checks=[
        agrees(
            3,
            "adds up kernel times window over all channels, plus the bias",
            on=[
                "two images",
                "a tall image",
                "a batch of one, one channel",
                "a 1×1 kernel",
                "a kernel as large as the image",
            ],
        ),
        agrees(
            1,
            "surrounds the image with zeros",
            on=[
                "padding 2",
                "a 1×1 kernel and padding 2",
                "a kernel as large as the padded image",
                "as many channels out as in, as large as before",
            ],
        ),
        agrees(1, "moves the window by the stride, down and across", on=["stride 2", "stride 3, pixels left over"]),
        agrees(1, "uses the dilation", on="dilation 2"),
        agrees(1, "uses stride, padding and dilation together", on="stride, padding and dilation"),
        moves(
            1,
            "changing a pixel changes exactly the outputs whose window contains it",
            another_pixel,
            on=["two images", "stride 2", "dilation 2"],
        ),
    ],
    mistakes=[
        Mistake(
            "flipped",
            "You rotate the kernel by 180°. Here its top left entry multiplies the top left pixel of the window.",
            edit("windows, w)", "windows, w[:, :, ::-1, ::-1])"),
        ),
        Mistake(
            "no_bias",
            "You leave out the bias. Each output channel f has its own bias b[f], the same at every position.",
            edit(" + b[:, None, None]", ""),
        ),
        Mistake(
            "last_channel_alone",
            "You keep only the last input channel: each channel overwrites the ones before. Add the channels up.",
            edit("windows, w)", "windows[:, -1:], w[:, -1:])"),
        ),
        Mistake(
            "width_from_height",
            "You return as many columns as rows. Compute the number of columns from the width of the image and of the kernel.",
            conv2d_width_from_height,
        ),
        Mistake(
            "steps_of_one",
            "Your output has the right size, but your windows are one pixel apart. Window (i, j) starts at the stride times i and j.",
            edit(
                "    return",
                "    (OH, OW), every = windows.shape[2:4], _windows(_pad(x, padding, padding), w.shape[2:], 1, dilation)\n"
                "    windows = every[:, :, :OH, :OW]\n"
                "    return",
            ),
        ),
        Mistake(
            "dilation_ignored",
            "You ignore the dilation. Neighbouring entries of the kernel multiply pixels that are `dilation` apart.",
            edit("stride, dilation)", "stride)"),
        ),
        Mistake(
            "padded_on_two_sides",
            "You pad only at the top and on the left. Pad all four sides with zeros.",
            edit("(rows, rows), (columns, columns)", "(rows, 0), (columns, 0)", of="_pad"),
        ),
        Mistake(
            "border_slice_at_zero",
            BORDER_AT_ZERO,
            edit("return np.pad(x, ((0, 0), (0, 0), (rows, rows), (columns, columns)))", IN_A_SLICE, of="_pad"),
        ),
        Mistake(
            "left_over_refused",
            REFUSED,
            edit(
                "    windows =",
                "    assert all((side + 2 * padding - dilation * (k - 1) - 1) % stride == 0 for side, k in zip(x.shape[2:], w.shape[2:]))\n    windows =",
            ),
        ),
        Mistake(
            "flipped_and_no_bias",
            "You rotate the kernel by 180° and leave out the bias. The kernel is used as it stands, and each output channel f has its own bias b[f].",
            edit("windows, w) + b[:, None, None]", "windows, w[:, :, ::-1, ::-1])"),
        ),
        Mistake(
            "stride_ignored",
            "You ignore the stride: your windows are one pixel apart, and there are too many of them.",
            edit("stride, dilation)", "1, dilation)"),
        ),
        Mistake(
            "padding_ignored",
            "You ignore the padding. Surround the image with zeros first.",
            edit("_pad(x, padding, padding)", "x"),
        ),
    ],
    hints=[
        "Which pixels does output (i, j) look at? Start without padding, with a stride of 1 and no dilation.",
        "Make the padded image first. Then find the top left corner of window (i, j), and how many rows and columns it spans.",
        "Loops over positions, kernel entries or channels are all fine. Which of these loops must add up what they compute?",
    ],
)


def upstream(draw, N=2, C=3, H=7, W=9, F=5, K=(4, 2), stride=1, padding=0, size=1.0):
    """Images, kernels and an upstream gradient; options are passed on only if they are not the defaults."""
    options = {"stride": stride} if stride != 1 else {}
    options |= {"padding": padding} if padding else {}
    dout = size * draw(N, F, places(H, K[0], stride, padding), places(W, K[1], stride, padding))
    return {"dout": dout} | images(draw, N, C, H, W, F, K, **options)


other_upstream = redrawn(dout=0)


OVERLAPPING = ["two images", "a tall image", "a large upstream gradient"]

conv2d_backward = Exercise(
    points=10,
    forbids=["automatic differentiation"],
    cases={
        "two images": upstream,
        "a tall image": partial(upstream, H=8, W=5, K=(3, 2)),
        "a large upstream gradient": partial(upstream, H=5, W=6, K=(2, 3), size=1000.0),
        "a batch of one, one channel": partial(upstream, N=1, C=1, H=5, W=8, F=2, K=(3, 3)),
        "a 1×1 kernel": partial(upstream, H=4, W=6, K=(1, 1)),
        "a kernel as large as the image": partial(upstream, H=3, W=4, K=(3, 4)),
        "padding 1": partial(upstream, H=5, W=7, K=(3, 3), padding=1),
        "padding 2": partial(upstream, H=4, W=6, K=(3, 2), padding=2),
        "a 1×1 kernel and padding 2": partial(upstream, H=3, W=4, K=(1, 1), padding=2),
        "stride 2": partial(upstream, H=7, W=12, K=(3, 2), stride=2),
        "stride 3, pixels left over": partial(upstream, H=8, W=12, K=(3, 2), stride=3),
        "stride 2 and padding 2": partial(upstream, H=6, W=9, K=(4, 3), stride=2, padding=2),
    },
    checks=[
        agrees(2, "returns dx, summed over all windows that contain a pixel", on=OVERLAPPING, part="dx"),
        agrees(1, "returns dw, summed over all positions and images", on=OVERLAPPING, part="dw"),
        agrees(1, "returns db, summed over all positions and images", on=OVERLAPPING, part="db"),
        agrees(
            1,
            "returns the right shapes for a batch of one, and for the smallest and the largest kernel",
            on=["a batch of one, one channel", "a 1×1 kernel", "a kernel as large as the image"],
        ),
        agrees(
            1,
            "gives the border of zeros no gradient, in dx and dw",
            on=["padding 1", "padding 2", "a 1×1 kernel and padding 2"],
            part=["dx", "dw"],
        ),
        agrees(1, "uses the stride in dx", on=["stride 2", "stride 3, pixels left over"], part="dx"),
        agrees(1, "uses the stride in dw", on=["stride 2", "stride 3, pixels left over"], part="dw"),
        agrees(1, "uses stride and padding together, in dx and dw", on="stride 2 and padding 2", part=["dx", "dw"]),
        moves(
            1,
            "changing dout of one image changes only that image's dx, and both dw and db",
            other_upstream,
            on=["two images", "padding 1"],
        ),
    ],
    mistakes=[
        Mistake(
            "crop_at_zero",
            "Your dx is empty where the padding is 0, because a slice that ends at -0 ends at 0. Slice from the start of the image by its size instead.",
            edit("padding : padding + H, padding : padding + W", "padding:-padding, padding:-padding"),
        ),
        Mistake(
            "crop_of_one",
            "You cut a border of one pixel off dx, whatever the padding. Cut off as much as was added.",
            edit("padding : padding + H, padding : padding + W", "1:-1, 1:-1"),
        ),
        Mistake(
            "dx_overwritten",
            "You overwrite dx where windows overlap. A pixel gets a gradient from every window that contains it: add them up.",
            edit("] += np", "] = np"),
        ),
        Mistake(
            "dx_last_filter",
            "Your dx contains only the last output channel. Every filter uses the pixel, so their gradients add up.",
            edit("dout, w[:, :, u, v]", "dout[:, -1:], w[-1:, :, u, v]"),
        ),
        Mistake(
            "dx_flipped",
            "You flip the kernel in dx. A pixel gets its gradient through the kernel entry that multiplies it in the forward pass.",
            edit("dout, w[:, :, u, v]", "dout, w[:, :, KH - 1 - u, KW - 1 - v]"),
        ),
        Mistake(
            "dw_last_image",
            "Your dw contains only the last image. All images share the kernels, so their gradients add up.",
            edit("dout, padded[:, :, rows, columns]", "dout[-1:], padded[-1:, :, rows, columns]"),
        ),
        Mistake(
            "averaged",
            "You divide dw and db by N. Sum instead: if the loss is a mean, dout already contains the 1/N.",
            edit("return dx, dw, db", "return dx, dw / len(x), db / len(x)"),
        ),
        Mistake(
            "db_mean",
            "You average db. The bias is added at every position of every image, so its gradient is a sum over all of them.",
            edit("dout.sum(axis=(0, 2, 3))", "dout.mean(axis=(0, 2, 3))"),
        ),
        Mistake(
            "stride_ignored",
            "You ignore the stride in the backward pass. Neighbouring windows are as far apart as the stride.",
            edit("u + stride * OH, stride", "u + OH").then("v + stride * OW, stride", "v + OW"),
        ),
        Mistake(
            "dx_starts_as_x",
            "You add the gradients to a copy of x. x has no place in its own gradient: start from zeros.",
            edit("np.zeros_like(padded), np.zeros_like(w)", "padded.copy(), np.zeros_like(w)"),
        ),
        Mistake(
            "dw_averaged_alone",
            "You average dw over the images. The loss gets a share from each image, and these shares add up.",
            edit("dout, padded[:, :, rows, columns])", "dout, padded[:, :, rows, columns]) / len(x)"),
        ),
    ],
    hints=[
        "Take one output and one of the products in its sum. Which gradient does this product give to the weight, and which to the pixel?",
        "A weight is used at every position of every image, and a pixel in several windows. What happens to the gradients that meet in one weight or one pixel?",
        "Work on the padded image throughout, and cut off the border at the very end. What does your slice do when the padding is 0?",
    ],
)


def to_columns(draw, kernel=(4, 2), N=2, C=3, H=7, W=9, **options):
    return {"x": draw(N, C, H, W), "kernel": kernel} | options


im2col = Exercise(
    points=6,
    cases={
        "two images": to_columns,
        "a tall image": partial(to_columns, H=6, W=4, kernel=(2, 3)),
        "a batch of one, one channel": partial(to_columns, N=1, C=1, H=4, W=6, kernel=(3, 2)),
        "a 1×1 kernel": partial(to_columns, H=3, W=4, kernel=(1, 1)),
        "a kernel as large as the image": partial(to_columns, H=3, W=4, kernel=(3, 4)),
        "stride 2": partial(to_columns, H=7, W=10, kernel=(3, 2), stride=2),
        "stride 3, pixels left over": partial(to_columns, H=8, W=12, kernel=(3, 2), stride=3),
        "padding 2": partial(to_columns, H=3, W=5, kernel=(3, 2), padding=2),
        "a kernel as large as the padded image": partial(to_columns, H=2, W=4, kernel=(4, 6), padding=1),
        "stride 2 and padding 2": partial(to_columns, H=5, W=8, kernel=(2, 3), stride=2, padding=2),
    },
    checks=[
        agrees(2, "writes every window as a column, in order", on=["two images", "a tall image"]),
        agrees(
            1,
            "returns three axes for a batch of one, one channel, and the smallest and the largest kernel",
            on=["a batch of one, one channel", "a 1×1 kernel", "a kernel as large as the image"],
        ),
        agrees(1, "moves the window by the stride", on=["stride 2", "stride 3, pixels left over"]),
        agrees(
            1,
            "reads zeros around the image",
            on=["padding 2", "a kernel as large as the padded image", "stride 2 and padding 2"],
        ),
        moves(
            1,
            "changing a pixel changes one entry in the column of each window that contains it",
            another_pixel,
            on=["two images", "stride 2"],
        ),
    ],
    mistakes=[
        Mistake(
            "reshaped_alone",
            "You reshape without reordering the axes first. A reshape keeps the order in memory: channel, kernel row and kernel column must come before the position.",
            edit("windows.transpose(0, 1, 4, 5, 2, 3)", "windows"),
        ),
        Mistake(
            "channels_last",
            "Your columns have the channels last. All of channel 0 comes first, then all of channel 1.",
            edit("transpose(0, 1, 4, 5, 2, 3)", "transpose(0, 4, 5, 1, 2, 3)"),
        ),
        Mistake(
            "windows_top_to_bottom",
            "You number the windows from top to bottom first. Number them left to right, then top to bottom.",
            edit("transpose(0, 1, 4, 5, 2, 3)", "transpose(0, 1, 4, 5, 3, 2)"),
        ),
        Mistake(
            "pixels_top_to_bottom",
            "You read each window column by column. Read it row by row.",
            edit("transpose(0, 1, 4, 5, 2, 3)", "transpose(0, 1, 5, 4, 2, 3)"),
        ),
        Mistake(
            "windows_as_rows",
            "You return the windows as rows. Each window must be a column.",
            edit("OH * OW)", "OH * OW).swapaxes(1, 2)"),
        ),
        Mistake(
            "images_side_by_side",
            "You write the windows of all images into one matrix. The batch keeps its own axis, which is the first.",
            returns("windows.transpose(1, 4, 5, 2, 3, 0).reshape(C * KH * KW, OH * OW * N)"),
        ),
        Mistake(
            "kernel_swapped",
            "You read the kernel's size as (KW, KH). It is (KH, KW): rows come first.",
            edit("kernel, stride)", "kernel[::-1], stride)"),
        ),
        Mistake(
            "border_slice_at_zero",
            BORDER_AT_ZERO,
            edit("return np.pad(x, ((0, 0), (0, 0), (rows, rows), (columns, columns)))", IN_A_SLICE, of="_pad"),
        ),
        Mistake(
            "left_over_refused",
            REFUSED,
            edit(
                "    windows =",
                "    assert all((side + 2 * padding - k) % stride == 0 for side, k in zip(x.shape[2:], kernel))\n    windows =",
            ),
        ),
        Mistake(
            "stride_ignored",
            "You ignore the stride: your windows are one pixel apart, and there are too many columns.",
            edit("kernel, stride)", "kernel, 1)"),
        ),
    ],
    hints=[
        "What does the first column hold, and what the second? Write both out for a 3 × 3 image and a 2 × 2 kernel.",
        "With loops: cut out one window, flatten it, and put it in its column. What is the column number of window (i, j)?",
        "With strides: which of the six axes N, C, OH, OW, KH, KW belong to the rows of the result, and in which order?",
    ],
)


# Pooling


def pool(draw, size=2, stride=2, N=2, C=3, H=6, W=8):
    return {"x": draw(N, C, H, W), "size": size, "stride": stride}


def negative(draw):
    return {"x": -0.1 - np.abs(draw(2, 3, 4, 6)), "size": 2, "stride": 2}


def pooled(reduce, x, size, stride, rows, columns):
    """Pool window by window, with a given number of rows and columns; windows end where the image does."""
    out = np.empty((*x.shape[:2], rows, columns))
    for i, j in np.ndindex(rows, columns):
        top, left = i * stride, j * stride
        out[:, :, i, j] = reduce(x[:, :, top : top + size, left : left + size], axis=(2, 3))
    return out


def keep_the_edge(reduce):
    def wrong(x, size, stride):
        return pooled(reduce, x, size, stride, *(-((size - side) // stride) + 1 for side in x.shape[2:]))

    return wrong


def width_from_height(reduce):
    def wrong(x, size, stride):
        OH = places(x.shape[2], size, stride)
        return pooled(reduce, x, size, stride, OH, OH)

    return wrong


def steps_of_one(reduce):
    def wrong(x, size, stride):
        return pooled(reduce, x, size, 1, *(places(side, size, stride) for side in x.shape[2:]))

    return wrong


POOLS = {
    "windows of two": pool,
    "a batch of one, one channel": partial(pool, N=1, C=1, H=4, W=6),
    "one window for the whole image": partial(pool, size=3, stride=1, H=3, W=3),
    "windows that overlap": partial(pool, size=3, stride=2, H=7, W=9),
    "windows that overlap, stride 1": partial(pool, size=3, stride=1, H=5, W=6),
    "gaps between the windows": partial(pool, size=2, stride=3, H=8, W=13),
    "windows of one pixel, stride 2": partial(pool, size=1, stride=2, H=5, W=9),
    "windows of one pixel, stride 1": partial(pool, size=1, stride=1, H=4, W=5),
    "pixels left over": partial(pool, H=7, W=9),
    "pixels left over, windows of three": partial(pool, size=3, stride=3, H=8, W=11),
}
STEPS = [
    "windows that overlap",
    "windows that overlap, stride 1",
    "gaps between the windows",
    "windows of one pixel, stride 2",
    "windows of one pixel, stride 1",
]
RAGGED = ["pixels left over", "pixels left over, windows of three"]

STRIDE_IGNORED = "You move the window by its own size. Move it by the stride: windows may overlap, or leave gaps."
EDGE_KEPT = "You also pool the pixels left over at the edge. Leave out windows that do not fit."
SQUARE = "You return as many columns as rows. Compute the number of columns from the width of the image."
STEPS_OF_ONE = "Your output has the right size, but your windows are one pixel apart. Window (i, j) starts at the stride times i and j."


def pooling_mistakes(reduce):
    """What goes wrong with sizes and strides, whatever is taken of a window."""

    def rounded(x, size, stride):
        return pooled(reduce, x, size, stride, *(round((side - size) / stride + 1) for side in x.shape[2:]))

    def swapped_in_the_windows(x, size, stride):
        return pooled(reduce, x, stride, size, *(places(side, size, stride) for side in x.shape[2:]))

    def swapped(x, size, stride):
        return pooled(reduce, x, stride, size, *(places(side, stride, size) for side in x.shape[2:]))

    def stride_of_two(x, size, stride):
        return pooled(reduce, x, size, 2, *(places(side, size, 2) for side in x.shape[2:]))

    return [
        Mistake(
            "rounded",
            "You round the number of windows to the nearest integer. Round down: what does not fill a whole window is left out.",
            rounded,
        ),
        Mistake(
            "swapped_in_the_windows",
            "You have the right number of windows, but size and stride are swapped where you cut them out: a window starts at a multiple of the stride.",
            swapped_in_the_windows,
        ),
        Mistake(
            "size_and_stride_swapped",
            "You swap size and stride. A window is `size` pixels wide, and the next one starts `stride` pixels further.",
            swapped,
        ),
        Mistake("stride_of_two", "You always move by two pixels. Move by the given stride.", stride_of_two),
    ]


max_pool2d = Exercise(
    points=5,
    cases=POOLS | {"a tall image": partial(pool, H=8, W=4), "every pixel negative": negative},
    checks=[
        agrees(
            2,
            "keeps the largest value of every window",
            on=["windows of two", "a batch of one, one channel", "a tall image", "one window for the whole image"],
        ),
        agrees(1, "keeps the largest value where all are negative", on="every pixel negative"),
        agrees(1, "moves by the stride, whatever the size of the window", on=STEPS),
        agrees(1, "leaves out pixels that do not fill a whole window", on=RAGGED),
    ],
    mistakes=[
        Mistake(
            "never_below_zero",
            "You start the maximum from 0, so 0 wins where all pixels of a window are negative. Start from one of the pixels.",
            edit(".max(axis=(4, 5))", ".max(axis=(4, 5), initial=0.0)"),
        ),
        Mistake("stride_ignored", STRIDE_IGNORED, edit("stride).max", "size).max")),
        Mistake("edge_kept", EDGE_KEPT, keep_the_edge(np.max)),
        Mistake("width_from_height", SQUARE, width_from_height(np.max)),
        Mistake("steps_of_one", STEPS_OF_ONE, steps_of_one(np.max)),
        Mistake(
            "channels_pooled",
            "You take the maximum over the channels as well. Pool each channel separately.",
            edit(".max(axis=(4, 5))", ".max(axis=(1, 4, 5))"),
        ),
        Mistake(
            "maximum_over_everything",
            "You take the maximum over all images and channels of the batch. Each channel of each image has its own.",
            edit(".max(axis=(4, 5))", ".max(axis=(0, 1, 4, 5))[None, None] + np.zeros((*x.shape[:2], 1, 1))"),
        ),
        Mistake(
            "images_pooled",
            "You take the maximum over the images as well. Pool each image separately.",
            edit(".max(axis=(4, 5))", ".max(axis=(0, 4, 5))[None] + np.zeros((len(x), 1, 1, 1))"),
        ),
        *pooling_mistakes(np.max),
    ],
    hints=[
        "Where does window (i, j) start, and where does it end? The start depends on the stride, the end on the size as well.",
        "How many windows fit? You have written that formula, in the first exercise of this unit.",
    ],
)

avg_pool2d = Exercise(
    points=4,
    cases=POOLS,
    checks=[
        agrees(
            2,
            "returns the mean of every window",
            on=["windows of two", "a batch of one, one channel", "one window for the whole image"],
        ),
        agrees(1, "moves by the stride, whatever the size of the window", on=STEPS),
        agrees(1, "leaves out pixels that do not fill a whole window", on=RAGGED),
    ],
    mistakes=[
        Mistake(
            "not_divided",
            "You sum each window without dividing. Divide by the number of pixels to get the mean.",
            edit(".mean(", ".sum("),
        ),
        Mistake(
            "divided_by_side",
            "You divide by the side length of the window. Divide by the number of pixels in the window.",
            edit(".mean(axis=(4, 5))", ".sum(axis=(4, 5)) / size"),
        ),
        Mistake(
            "maximum",
            "You keep the largest value of each window, which is max pooling. Return the mean.",
            edit(".mean(", ".max("),
        ),
        Mistake("stride_ignored", STRIDE_IGNORED, edit("stride).mean", "size).mean")),
        Mistake("edge_kept", EDGE_KEPT, keep_the_edge(np.mean)),
        Mistake("width_from_height", SQUARE, width_from_height(np.mean)),
        Mistake("steps_of_one", STEPS_OF_ONE, steps_of_one(np.mean)),
        Mistake(
            "rounded_down",
            "You divide with //, which rounds the mean down to a whole number. Use /.",
            edit(".mean(axis=(4, 5))", ".sum(axis=(4, 5)) // size**2"),
        ),
        Mistake(
            "mean_over_everything",
            "You average over all images and channels of the batch. Each channel of each image has its own mean.",
            edit(".mean(axis=(4, 5))", ".mean(axis=(0, 1, 4, 5))[None, None] + np.zeros((*x.shape[:2], 1, 1))"),
        ),
        *pooling_mistakes(np.mean),
    ],
    hints=[
        "How many pixels does a window have, and what does each contribute to the mean?",
        "Where does window (i, j) start? The stride decides that, not the size of the window.",
    ],
)


def unpool(draw, **sizes):
    inputs = pool(draw, **sizes)
    N, C, H, W = inputs["x"].shape
    size, stride = inputs["size"], inputs["stride"]
    return {"dout": draw(N, C, places(H, size, stride), places(W, size, stride))} | inputs


def after_a_relu(draw, **sizes):
    """Most pixels are 0, so that in some windows all of them are: a tie that rounding cannot break."""
    inputs = unpool(draw, **sizes)
    return inputs | {"x": np.maximum(0.0, inputs["x"] - 0.5)}


def below_zero(draw, **sizes):
    """The largest pixel of a window is 0, and mostly there are several of them."""
    inputs = unpool(draw, **sizes)
    return inputs | {"x": np.minimum(0.0, inputs["x"])}


def unpooled(share, x, dout, size, stride, step=None, assign=False):
    """Send dout back window by window; `share` says which part of it each pixel of a window gets."""
    dx = np.zeros_like(x)
    step = step or stride
    for n, c, i, j in np.ndindex(dout.shape):
        place = (n, c, slice(i * step, i * step + size), slice(j * step, j * step + size))
        part = share(x[place]) * dout[n, c, i, j]
        dx[place] = part if assign else dx[place] + part
    return dx


def first_maximum(window):
    return (np.arange(window.size) == window.argmax()).reshape(window.shape)


def last_maximum(window):
    return (np.arange(window.size) == window.size - 1 - window.ravel()[::-1].argmax()).reshape(window.shape)


def every_maximum(window):
    return window == window.max()


max_pool2d_backward = Exercise(
    points=7,
    forbids=["automatic differentiation"],
    cases={
        "windows of two": unpool,
        "a tall image": partial(unpool, H=8, W=4),
        "a batch of one, one channel": partial(unpool, N=1, C=1, H=4, W=6),
        "one window for the whole image": partial(unpool, size=3, stride=1, H=3, W=3),
        "gaps between the windows": partial(unpool, size=2, stride=3, H=8, W=13),
        "pixels left over": partial(unpool, H=7, W=9),
        "windows that overlap": partial(unpool, size=3, stride=2, H=7, W=9),
        "windows that overlap, stride 1": partial(unpool, size=3, stride=1, H=5, W=6),
        "windows of zeros, as after a relu": after_a_relu,
        "ties in windows that overlap": partial(below_zero, size=3, stride=2, H=7, W=9),
    },
    checks=[
        agrees(
            3,
            "passes dout to the pixel that is the maximum, and nothing to the others",
            on=["windows of two", "a tall image", "a batch of one, one channel", "one window for the whole image"],
        ),
        agrees(
            1,
            "gives no gradient to pixels outside every window",
            on=["gaps between the windows", "pixels left over"],
        ),
        agrees(
            2,
            "adds up the gradients of a pixel in overlapping windows",
            on=["windows that overlap", "windows that overlap, stride 1"],
        ),
        agrees(
            1,
            "passes dout to the first maximum of a tie only",
            on=["windows of zeros, as after a relu", "ties in windows that overlap"],
        ),
    ],
    mistakes=[
        Mistake(
            "overwritten",
            "You overwrite the gradient of a pixel that is the maximum of two windows. Add the gradients up.",
            edit(
                "np.add.at(dx, (n, c, i * stride + first // size, j * stride + first % size), dout)",
                "dx[n, c, i * stride + first // size, j * stride + first % size] = dout",
            ),
        ),
        Mistake(
            "window_overwritten",
            "You write a whole window of dx at a time, and its zeros overwrite gradients of earlier windows. Add to dx instead.",
            lambda dout, x, size, stride: unpooled(first_maximum, x, dout, size, stride, assign=True),
        ),
        Mistake(
            "every_maximum",
            "In a tie, you give the whole gradient to every pixel that equals the maximum. Give it only to the first of them.",
            lambda dout, x, size, stride: unpooled(every_maximum, x, dout, size, stride),
        ),
        Mistake(
            "tie_shared",
            "In a tie, you split the gradient among the pixels. Give all of it to the first of them.",
            lambda dout, x, size, stride: unpooled(
                lambda window: every_maximum(window) / every_maximum(window).sum(), x, dout, size, stride
            ),
        ),
        Mistake(
            "last_maximum",
            "In a tie, you give the gradient to the last of the largest pixels. Give it to the first: a later pixel must be strictly larger to replace it.",
            lambda dout, x, size, stride: unpooled(last_maximum, x, dout, size, stride),
        ),
        Mistake(
            "no_upstream",
            "You return a mask of the maximum and leave out dout: the chain rule multiplies the two.",
            edit("first % size), dout)", "first % size), 1.0)"),
        ),
        Mistake(
            "as_for_the_mean",
            "You give every pixel of a window the same share of the gradient. That is the gradient of the mean; the maximum depends on one pixel only.",
            lambda dout, x, size, stride: unpooled(
                lambda window: np.full(window.shape, 1 / window.size), x, dout, size, stride
            ),
        ),
        Mistake(
            "stride_ignored",
            "You place window (i, j) at the window's size times i and j. It starts at the stride times i and j, as in the forward pass.",
            lambda dout, x, size, stride: unpooled(first_maximum, x, dout, size, stride, step=size),
        ),
        Mistake("steps_of_one", STEPS_OF_ONE, edit("n, c, i, j = np.ogrid", "stride = 1\n    n, c, i, j = np.ogrid")),
    ],
    hints=[
        "If a pixel of a window grows a little, does the output change? For which pixel does it?",
        "What if one pixel is the maximum of two windows? Which rule applies to the gradient of a number that is used twice?",
        "NumPy has a function that finds the index of the maximum. Which of several equal entries does it return?",
    ],
)


def maps(draw, N=2, C=3, H=4, W=5, shift=0.0):
    return {"x": shift + draw(N, C, H, W)}


global_avg_pool = Exercise(
    points=3,
    cases={
        "two images": maps,
        "a tall image": partial(maps, H=7, W=2),
        "means far from 0": partial(maps, shift=100.0),
        "a batch of one": partial(maps, N=1),
        "one channel": partial(maps, C=1),
        "one pixel": partial(maps, H=1, W=1),
    },
    checks=[
        agrees(
            2, "returns the mean of each channel of each image", on=["two images", "a tall image", "means far from 0"]
        ),
        agrees(
            1,
            "returns both axes for a batch of one, one channel and one pixel",
            on=["a batch of one", "one channel", "one pixel"],
        ),
    ],
    mistakes=[
        Mistake(
            "axes_kept",
            "Your values are right, but you keep two axes of length 1. The answer has shape (N, C), ready for a linear layer.",
            edit("axis=(2, 3)", "axis=(2, 3), keepdims=True"),
        ),
        Mistake(
            "not_divided",
            "You sum the pixels without dividing. Divide by the number of pixels to get the mean.",
            edit("x.mean(", "x.sum("),
        ),
        Mistake(
            "maximum",
            "You keep the largest pixel of each channel, which is global max pooling. Return the mean.",
            edit("x.mean(", "x.max("),
        ),
        Mistake(
            "over_the_batch",
            "You average over the images as well. Each image has its own mean for each channel.",
            edit("axis=(2, 3)", "axis=(0, 2, 3)"),
        ),
        Mistake(
            "over_the_channels",
            "You average over the channels. Average over rows and columns; the channels stay.",
            edit("axis=(2, 3)", "axis=1"),
        ),
        Mistake(
            "rows_alone",
            "You average over the rows, but keep the columns. Average over both: one number is left for each channel.",
            edit("axis=(2, 3)", "axis=2"),
        ),
        Mistake(
            "rounded_down",
            "You divide with //, which rounds the mean down to a whole number. Use /.",
            edit("x.mean(axis=(2, 3))", "x.sum(axis=(2, 3)) // (x.shape[2] * x.shape[3])"),
        ),
    ],
    hints=[
        "Which of the four axes are gone in the answer, and which stay?",
        "NumPy's mean takes several axes at once.",
    ],
)


# Larger pieces


def prints(draw, N=2, C=3, H=4, W=6, F=5, K=(3, 4), **options):
    """Small images, and kernels to print onto larger ones: input channels come first."""
    unit = (C * K[0] * K[1]) ** -0.5 * 2
    return {"x": draw(N, C, H, W), "w": unit * draw(C, F, *K), "b": draw(F)} | options


def conv_transpose2d_bias_in_every_print(x, w, b, stride=1, padding=0):
    (N, _, H, W), (_, F, KH, KW) = x.shape, w.shape
    height, width = (H - 1) * stride + KH, (W - 1) * stride + KW
    out = np.zeros((N, F, height, width))
    for i, j in np.ndindex(H, W):
        block = np.einsum("nc,cfuv->nfuv", x[:, :, i, j], w) + b[:, None, None]
        out[:, :, i * stride : i * stride + KH, j * stride : j * stride + KW] += block
    return out[:, :, padding : height - padding, padding : width - padding]


conv_transpose2d = Exercise(
    points=8,
    cases={
        "two images": prints,
        "a batch of one, one channel": partial(prints, N=1, C=1, H=3, W=4, F=2, K=(2, 3)),
        "a single pixel": partial(prints, H=1, W=1),
        "stride 2": partial(prints, H=3, W=4, stride=2),
        "stride 3, kernels that do not touch": partial(prints, H=3, W=4, K=(2, 1), stride=3),
        "a 1×1 kernel, stride 2": partial(prints, H=3, W=4, K=(1, 1), stride=2),
        "padding 1": partial(prints, H=3, W=5, padding=1),
        "padding 2": partial(prints, H=5, W=7, padding=2),
        "twice the size": partial(prints, H=3, W=4, K=(4, 4), stride=2, padding=1),
        "stride 3 and padding 2": partial(prints, H=3, W=4, K=(5, 4), stride=3, padding=2),
        "a 1×1 kernel, as many channels out as in": partial(prints, C=3, F=3, H=4, W=5, K=(1, 1)),
    },
    checks=[
        agrees(
            3,
            "adds up the scaled kernels of all pixels and channels, plus the bias",
            on=[
                "two images",
                "a batch of one, one channel",
                "a single pixel",
                "a 1×1 kernel, as many channels out as in",
            ],
        ),
        agrees(
            2,
            "places the kernels a stride apart",
            on=["stride 2", "stride 3, kernels that do not touch", "a 1×1 kernel, stride 2"],
        ),
        agrees(1, "cuts off the padding", on=["padding 1", "padding 2"]),
        agrees(1, "uses stride and padding together", on=["twice the size", "stride 3 and padding 2"]),
        moves(
            1,
            "changing a pixel changes the outputs under its own kernel, and no others",
            another_pixel,
            on=["two images", "stride 2"],
        ),
    ],
    mistakes=[
        Mistake(
            "crop_at_zero",
            "Your output is empty where the padding is 0, because a slice that ends at -0 ends at 0. Compute the end of the slice from the front.",
            edit("padding : height - padding, padding : width - padding", "padding:-padding, padding:-padding"),
        ),
        Mistake(
            "overwritten",
            "You overwrite the output where the kernels of two pixels overlap. Add them up.",
            edit("] += prints", "] = prints"),
        ),
        Mistake(
            "flipped",
            "You rotate the kernel by 180°. For a single pixel of 1 the output must be the kernel itself.",
            edit("w[:, :, u, v]", "w[:, :, KH - 1 - u, KW - 1 - v]"),
        ),
        Mistake(
            "padding_added",
            "You add the padding to the output. In a transposed convolution, padding makes the output smaller.",
            edit("out[:, :, padding : height - padding, padding : width - padding]", "_pad(out, padding, padding)"),
        ),
        Mistake(
            "no_bias",
            "You leave out the bias. Each output channel f has its own bias b[f], on every pixel, even where no kernel reaches.",
            edit(" + b[:, None, None]", ""),
        ),
        Mistake(
            "bias_in_every_print",
            "You add the bias with each kernel, so it counts as often as kernels overlap. Add it once, at the end.",
            conv_transpose2d_bias_in_every_print,
        ),
        Mistake(
            "prints_one_apart",
            "You print the kernels one pixel apart. The print of pixel (i, j) starts at the stride times i and j.",
            edit("u + stride * H : stride", "u + H").then("v + stride * W : stride", "v + W"),
        ),
    ],
    hints=[
        "What is the output for an image of one pixel, and for two pixels side by side?",
        "How large is the output before the padding is cut off? Look at the corner that the last pixel reaches.",
        "What does your slice do when the padding is 0?",
    ],
)


def separable(draw, N=2, C=3, H=6, W=8, F=4, K=(3, 3)):
    unit = (K[0] * K[1]) ** -0.5
    return {"x": draw(N, C, H, W), "depthwise": unit * draw(C, *K), "pointwise": draw(F, C)}


depthwise_separable = Exercise(
    points=6,
    cases={
        "two images": separable,
        "one output channel": partial(separable, C=5, F=1),
        "more channels out than in": partial(separable, C=2, F=7, H=3, W=4),
        "a batch of one, one channel": partial(separable, N=1, C=1, F=3, H=4, W=5),
        "a 1×1 kernel": partial(separable, H=3, W=5, K=(1, 1)),
        "a kernel larger than the image": partial(separable, H=2, W=3, K=(5, 5)),
        "a wide kernel": partial(separable, K=(3, 5)),
        "a kernel of one column": partial(separable, K=(5, 1)),
        "as many channels out as in": partial(separable, C=4, F=4, H=5, W=7),
    },
    checks=[
        agrees(
            3,
            "filters each channel with its own kernel, then mixes the channels",
            on=["two images", "one output channel", "more channels out than in", "as many channels out as in"],
        ),
        agrees(
            1,
            "works for one channel, and for the smallest and very large kernels",
            on=["a batch of one, one channel", "a 1×1 kernel", "a kernel larger than the image"],
        ),
        agrees(1, "keeps the size for kernels that are not square", on=["a wide kernel", "a kernel of one column"]),
        moves(
            1,
            "changing a pixel changes outputs as far as its kernel reaches, and no further",
            another_pixel,
            on=["two images", "a wide kernel"],
        ),
    ],
    mistakes=[
        Mistake(
            "one_kernel_for_all",
            "You filter every channel with the first kernel. Each channel has its own kernel.",
            edit("windows, depthwise)", "windows, np.broadcast_to(depthwise[:1], depthwise.shape))"),
        ),
        Mistake(
            "channels_mixed_twice",
            "You already add up the channels in the first step, as an ordinary convolution does. The first step keeps the channels separate.",
            edit(
                'np.einsum("ncijuv,cuv->ncij", windows, depthwise)',
                'np.repeat(np.einsum("ncijuv,cuv->nij", windows, depthwise)[:, None], len(depthwise), axis=1)',
            ),
        ),
        Mistake(
            "flipped",
            "You rotate the kernels by 180°. The top left entry of a kernel multiplies the top left pixel of the window.",
            edit("windows, depthwise)", "windows, depthwise[:, ::-1, ::-1])"),
        ),
        Mistake(
            "relu_between",
            "You apply a relu between the two steps. Some networks do; here, there is nothing between them.",
            edit('einsum("ncij,fc->nfij", filtered,', 'einsum("ncij,fc->nfij", np.maximum(0.0, filtered),'),
        ),
        Mistake(
            "padding_from_height",
            "You compute the padding of the columns from the kernel's height. Use its width: the two may differ.",
            edit("KH // 2, KW // 2", "KH // 2, KH // 2"),
        ),
        Mistake(
            "no_padding",
            "You do not pad the image, so your output is smaller than the image. Surround it with zeros first, half a kernel on each side.",
            edit("KH // 2, KW // 2", "0, 0"),
        ),
        Mistake(
            "border_slice_at_zero",
            BORDER_AT_ZERO,
            edit("return np.pad(x, ((0, 0), (0, 0), (rows, rows), (columns, columns)))", IN_A_SLICE, of="_pad"),
        ),
    ],
    hints=[
        "How many channels does the first step make from each input channel, and does it ever use two channels at once?",
        "The second step is a matrix product at each pixel. Which axis does it sum over?",
        "How far does a kernel of size 5 reach to either side of its centre? Answer separately for the rows and the columns.",
    ],
)


def stack(draw, *strides):
    """Layers with the given strides; their kernels are 2, 3, 4 and so on, in a drawn order."""
    kernels = 2 + draw.permutation(len(strides))
    return {"layers": [(int(kernel), stride) for kernel, stride in zip(kernels, strides, strict=True)]}


def stack_of(*strides):
    return lambda draw: stack(draw, *strides)


def with_a_1x1(draw):
    (a, _), (b, _) = stack(draw, 1, 1)["layers"]
    return {"layers": [(a + 1, 1), (1, 2), (b + 1, 1)]}


receptive_field = Exercise(
    points=4,
    cases={
        "three layers of stride 1": stack_of(1, 1, 1),
        "seven layers of stride 1": stack_of(1, 1, 1, 1, 1, 1, 1),
        "a stride of 2 in the middle": stack_of(1, 2, 1),
        "strides of 2 and 3": stack_of(2, 3, 1, 1),
        "convolutions and poolings": stack_of(2, 2, 1, 2, 1, 2),
        "a stride in the last layer": stack_of(1, 1, 3),
        "a single layer of stride 2": lambda draw: {"layers": [(int(draw.integers(3, 9)), 2)]},
        "a 1×1 convolution of stride 2": with_a_1x1,
        "no layers": lambda draw: {"layers": []},
    },
    checks=[
        agrees(1, "adds up layers of stride 1", on=["three layers of stride 1", "seven layers of stride 1"]),
        agrees(
            2,
            "multiplies each layer's reach by the strides before it",
            on=["a stride of 2 in the middle", "strides of 2 and 3", "convolutions and poolings"],
        ),
        agrees(
            1,
            "is right for single layers, a stride in the last layer, 1×1 kernels and no layers",
            on=[
                "a single layer of stride 2",
                "a stride in the last layer",
                "a 1×1 convolution of stride 2",
                "no layers",
            ],
        ),
    ],
    mistakes=[
        Mistake(
            "strides_ignored",
            "You ignore the strides. After a stride of 2, neighbours are 2 pixels apart, and the next kernel reaches twice as far.",
            edit("step *= stride", "step = 1"),
        ),
        Mistake(
            "own_stride",
            "You count a layer's own stride in its own reach. A stride moves the windows apart without widening them: it affects later layers only.",
            edit("(kernel - 1) * step", "(kernel - 1) * step * stride"),
        ),
        Mistake(
            "strides_added",
            "You add up the strides. After strides of 2 and 3, neighbours are 6 pixels apart: strides multiply.",
            edit("step *= stride", "step += stride - 1"),
        ),
        Mistake(
            "last_stride_alone",
            "You use only the stride of the previous layer. The strides of all earlier layers count.",
            edit("step *= stride", "step = stride"),
        ),
        Mistake(
            "whole_kernels",
            "You add the whole kernel size at each layer. One entry of the kernel covers a pixel that is already in view.",
            edit("(kernel - 1) * step", "kernel * step"),
        ),
        Mistake(
            "from_the_output",
            "You go through the layers from the output to the input, with a rule for the other direction. The first layer of the list is next to the image.",
            edit("in layers:", "in reversed(layers):"),
        ),
        Mistake(
            "nothing_to_start_with",
            "You start the width from 0. Without any layer, one output sees one pixel.",
            edit("width, step = 1, 1", "width, step = 0, 1"),
        ),
        Mistake(
            "own_stride_alone",
            "You multiply a layer's reach by its own stride. What counts is the product of the strides of all layers before it.",
            edit("(kernel - 1) * step", "(kernel - 1) * stride"),
        ),
    ],
    hints=[
        "Two 3×3 convolutions in a row: how many pixels of a row does one output see? By how many does the second layer widen the view?",
        "Keep two numbers as you go through the layers: how wide the view is, and how far apart two neighbouring outputs are.",
    ],
)


def block(draw, N=2, C=3, M=4, H=5, W=6):
    return {
        "x": draw(N, C, H, W),
        "w1": (9 * C) ** -0.5 * 2 * draw(M, C, 3, 3),
        "w2": (9 * M) ** -0.5 * 2 * draw(C, M, 3, 3),
    }


def idle_block(draw):
    """The second kernels are zero, as some networks start."""
    inputs = block(draw)
    return inputs | {"w2": np.zeros_like(inputs["w2"])}


residual_block = Exercise(
    points=7,
    cases={
        "two images": block,
        "fewer channels inside": partial(block, C=5, M=2, H=4, W=7),
        "second kernels of zero": idle_block,
        "a batch of one, one channel": partial(block, N=1, C=1, M=3),
        "a single row": partial(block, H=1, W=5),
        "a single pixel": partial(block, H=1, W=1),
        "a larger image": partial(block, H=8, W=9),
    },
    checks=[
        agrees(4, "returns relu(x + conv(relu(conv(x))))", on=["two images", "fewer channels inside"]),
        agrees(1, "returns relu(x) when the second kernels are zero", on="second kernels of zero"),
        agrees(
            1,
            "returns the right shape for a batch of one, a single row and a single pixel",
            on=["a batch of one, one channel", "a single row", "a single pixel"],
        ),
        moves(
            1,
            "changing a pixel changes outputs up to two pixels away, and no further",
            another_pixel,
            on="a larger image",
        ),
    ],
    mistakes=[
        Mistake(
            "no_skip",
            "You leave out the shortcut. Add x to the output of the convolutions.",
            edit("x + change", "change"),
        ),
        Mistake(
            "added_after_relu",
            "You add x after the last relu. Add it before, so that the relu applies to the sum.",
            edit("np.maximum(0.0, x + change)", "x + np.maximum(0.0, change)"),
        ),
        Mistake(
            "relu_after_each",
            "You apply a relu to the second convolution before you add x, so the block can only raise its input. Add first.",
            edit("x + change", "x + np.maximum(0.0, change)"),
        ),
        Mistake(
            "no_last_relu",
            "You leave out the last relu, which applies to the sum.",
            edit("np.maximum(0.0, x + change)", "x + change"),
        ),
        Mistake(
            "no_inner_relu",
            "You put no relu between the two convolutions. Without it they are one linear map, equivalent to a single larger kernel.",
            edit(
                "np.maximum(0.0, conv2d(x, w1, np.zeros(len(w1)), padding=1))",
                "conv2d(x, w1, np.zeros(len(w1)), padding=1)",
            ),
        ),
        Mistake(
            "relu_first",
            "You apply a relu to x before the first convolution. Some later networks do; here the first convolution gets x itself.",
            edit("conv2d(x, w1,", "conv2d(np.maximum(0.0, x), w1,"),
        ),
        Mistake(
            "flipped",
            "You rotate the kernels by 180°. The top left entry of a kernel multiplies the top left pixel of the window.",
            edit("windows, w)", "windows, w[:, :, ::-1, ::-1])", of="conv2d"),
        ),
    ],
    hints=[
        "Which of your functions does most of the work? Which padding keeps the size, and which bias is no bias?",
        "Count the relus: where does the formula have them, and does x enter the sum before or after the last one?",
    ],
)


# A training run: handwritten digits


def handwritten(draw, N=1000, M=600):
    """scikit-learn's digits, each moved by up to a pixel to a side; as many as M are held back.

    The left and the right column are all but empty, so that hardly any ink is lost. Pixels are 0 to 16, a byte each.
    """
    from sklearn.datasets import load_digits  # when a key is compiled, and never after

    images, labels = load_digits(return_X_y=True)
    chosen = draw.permutation(len(images))[: N + M]
    padded = np.pad(images[chosen].astype(np.uint8).reshape(-1, 8, 8), ((0, 0), (0, 0), (1, 1)))
    first = draw.integers(0, 3, N + M)
    moved = np.stack([image[:, column : column + 8] for image, column in zip(padded, first, strict=True)])
    seen, held = moved[:N, None], moved[N:, None]
    return dict(pixels=seen, labels=labels[chosen[:N]], rng=draw.generator(), held_back=held, truth=labels[chosen[N:]])


def read_digits(digits, pixels, labels, rng, held_back):
    """-> digits (M)"""
    predict = digits(pixels / 16, labels, rng)
    return predict(held_back / 16)


def nearest_mean(images, labels, rng):
    means = np.stack([images[labels == digit].mean(axis=0) for digit in range(10)])
    return lambda images: np.square(images[:, None] - means).sum(axis=(2, 3, 4)).argmin(axis=1)


def commonest(images, labels, rng):
    return lambda images: np.full(len(images), np.bincount(labels).argmax())


digits = Exercise(
    points=6,
    driver=read_digits,
    seconds=40,
    cases={"1000 digits, moved to a side": handwritten},
    checks=[reaches(6, "labels at least 95 % of new digits correctly", "accuracy", at_least=0.95)],
    mistakes=[
        Mistake(
            "linear",
            "You train a linear model on the pixels. What a pixel means depends on where the digit is in the image.",
            edit(
                """features = np.maximum(kernels @ columns + bias, 0)
        return""",
                """features = np.zeros((len(images), F, places))
        features.reshape(len(images), -1)[:, :64] = images.reshape(len(images), -1)
        return""",
            ),
        ),
        Mistake(
            "too_short",
            "You stop training long before the loss is low.",
            edit("B, steps = 48, 5, 64, 1500", "B, steps = 48, 5, 64, 40"),
        ),
        Mistake("uphill", "You step along the gradient, so the loss rises.", edit("w -= lr", "w += lr", of="_adam")),
        Mistake(
            "labels_of_other_images",
            "You draw images and labels independently, so each image gets the label of another.",
            edit("np.eye(10)[labels[batch]]", "np.eye(10)[labels[rng.permutation(batch)]]"),
        ),
        Mistake(
            "no_relu_at_prediction",
            "You leave out the relu when you predict, but use it in training.",
            edit(
                "return lambda images: forward(images)[-1].argmax(axis=1)",
                """return lambda images: (
        (params[0] @ im2col(images, (K, K), stride=2, padding=2) + params[1]).reshape(len(images), -1) @ params[2]
        + params[3]
    ).argmax(axis=1)""",
            ),
        ),
        Mistake("means", "You compare each image with the mean image of each digit, which is blurred.", nearest_mean),
        Mistake("constant", "You predict the most common digit for every image.", commonest),
    ],
    hints=[
        "A convolution, a relu and a linear layer on the result: which of your functions compute these, and their gradients?",
        "You may shift the training images yourself. How many different images can you make from a thousand?",
        "Is the loss near log 10 at the start, and does it fall? If it falls and the digits are still wrong, what does prediction do differently?",
    ],
)
