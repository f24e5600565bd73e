"""Independent truth for this unit: loops over single numbers, or PyTorch's own layers in float64. Read by `grade dev check` alone."""

import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(1)


def alexnet_shapes(size=227):
    """PyTorch's own layers, asked for shapes alone."""
    layers = [
        nn.Conv2d(3, 96, 11, 4),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(96, 256, 5, padding="same"),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(256, 384, 3, padding="same"),
        nn.Conv2d(384, 384, 3, padding="same"),
        nn.Conv2d(384, 256, 3, padding="same"),
        nn.MaxPool2d(3, 2),
    ]
    x, shapes = torch.empty(1, 3, size, size, device="meta"), []
    for layer in layers:
        x = layer.to("meta")(x)
        shapes.append(tuple(x.shape[1:]))
    return shapes


def BasicBlock(in_channels, channels, weights, x, training, stride=None, dout=None):
    """Functions of PyTorch in float64; batch norm is written out."""
    w = {name: torch.from_numpy(np.asarray(value, float)) for name, value in weights.items()}
    x, by = torch.from_numpy(x.astype(float)).requires_grad_(), stride or 1
    w["conv1.weight"].requires_grad_()

    def normed(h, name):
        if training:
            mean, var = h.mean((0, 2, 3)), h.var((0, 2, 3), unbiased=False)
        else:
            mean, var = w[f"{name}.running_mean"], w[f"{name}.running_var"]
        mean, var, gamma, beta = (a[:, None, None] for a in (mean, var, w[f"{name}.weight"], w[f"{name}.bias"]))
        return gamma * (h - mean) / torch.sqrt(var + 1e-5) + beta

    h = normed(F.conv2d(x, w["conv1.weight"], None, by, 1), "bn1").clamp(min=0)
    h = normed(F.conv2d(h, w["conv2.weight"], None, 1, 1), "bn2")
    if "shortcut.0.weight" in w:
        kernel = w["shortcut.0.weight"][:, :, 0, 0]
        beside = normed(torch.einsum("fc,nchw->nfhw", kernel, x[:, :, ::by, ::by]), "shortcut.1")
    else:
        beside = x
    out = torch.clamp(h + beside, min=0)
    if dout is None:
        return out.detach().numpy()
    return tuple(
        g.numpy() for g in torch.autograd.grad(out, [x, w["conv1.weight"]], torch.from_numpy(dout.astype(float)))
    )


def UNet(ask, in_channels, num_classes, width, seed, sizes=()):
    """What the text asks for."""
    return {
        "shapes": {f"shape for {(n, in_channels, h, w)}": (n, num_classes, h, w) for n, h, w in sizes},
        "widths": {f"channels at {size} size": width * 2**i for i, size in enumerate(("full", "half", "quarter"))},
        "full": {"is concatenated": True, "reaches the output": True},
        "half": {"is concatenated": True, "reaches full size": True},
        "gradients": {"every layer's weights are parameters": True, "parameters without a gradient": 0},
        "learns": {"loss after 60 steps is below 0.2": True},
    }[ask]


def box_iou(a, b):
    return np.array([[_iou(one.tolist(), other.tolist()) for other in b] for one in a])


def _iou(a, b):
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    return width * height / (sum(areas) - width * height)


def nms(boxes, scores, threshold):
    """A box is kept if none that is kept and has a higher score overlaps it too much."""
    kept = []
    for i in sorted(range(len(scores)), key=lambda i: -float(scores[i])):
        if all(_iou(boxes[i].tolist(), boxes[k].tolist()) <= threshold for k in kept):
            kept.append(i)
    return np.array(kept, np.int64)


def yolo_decode(prediction, anchors, stride):
    N, channels, H, W = prediction.shape
    A = len(anchors)
    K = channels // A - 5
    boxes, scores = np.zeros((N, A * H * W, 4)), np.zeros((N, A * H * W, K))
    for n, a, i, j in np.ndindex(N, A, H, W):
        tx, ty, tw, th, objectness, *classes = prediction[n, a * (5 + K) : (a + 1) * (5 + K), i, j].tolist()
        x, y = (_sigmoid(tx) + j) * stride, (_sigmoid(ty) + i) * stride
        w, h = float(anchors[a, 0]) * math.exp(tw), float(anchors[a, 1]) * math.exp(th)
        here = (a * H + i) * W + j
        boxes[n, here] = [x - w / 2, y - h / 2, x + w / 2, y + h / 2]
        scores[n, here] = [_sigmoid(objectness) * _sigmoid(score) for score in classes]
    return boxes, scores


def _sigmoid(z):
    return 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))


def dice_loss(logits, target, eps=1.0):
    """NumPy in float64, with the quotient rule for the gradient."""
    N = len(logits)
    axes = tuple(range(1, logits.ndim))
    z, t = logits.astype(float), target.astype(float)
    p = np.where(z >= 0, 1 / (1 + np.exp(-np.abs(z))), np.exp(-np.abs(z)) / (1 + np.exp(-np.abs(z))))
    top = 2 * (p * t).sum(axes, keepdims=True) + eps
    bottom = (p + t).sum(axes, keepdims=True) + eps
    slope = -(2 * t * bottom - top) / bottom**2 * p * (1 - p) / N
    return np.float64(np.mean(1 - top / bottom)), slope


def freeze_backbone(kind, head, frozen):
    """Written by hand from the models' definitions in the driver."""
    names = {
        "plain": [
            "backbone.0.weight",
            "backbone.0.bias",
            "backbone.2.weight",
            "backbone.2.bias",
            "head.weight",
            "head.bias",
        ],
        "deep head": ["features.0.weight", "features.0.bias", "features.1.weight", "features.1.bias"]
        + ["classifier.0.weight", "classifier.0.bias", "classifier.2.weight", "classifier.2.bias"],
        "own parameter": ["scale", "body.weight", "body.bias", "fc.weight", "fc.bias"],
        "alike": ["head2.weight", "head2.bias", "body.head.weight", "body.head.bias", "body.overhead.weight"]
        + ["body.overhead.bias", "head.weight", "head.bias"],
    }[kind]
    return {name: name.split(".")[0] == head for name in names}


def grad_cam(activations, gradients):
    """Place by place in float64, summed without rounding."""
    N, C, H, W = activations.shape
    cam = np.zeros((N, H, W))
    for n in range(N):
        weights = [math.fsum(gradients[n, c].ravel().tolist()) / (H * W) for c in range(C)]
        for i, j in np.ndindex(H, W):
            total = math.fsum(weights[c] * float(activations[n, c, i, j]) for c in range(C))
            cam[n, i, j] = max(total, 0.0)
    return cam
