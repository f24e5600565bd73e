"""Vision: the architectures that convolutions are for.

Networks that say what is in a picture, where it is, and which pixels belong to it; and how to reuse what a network has
learned. Everything is written in PyTorch: tensors are float32, images are (N, C, H, W).
"""

import torch
from torch import nn


def alexnet_shapes(size=227):
    """The shapes of AlexNet's feature maps, layer by layer.

    size -> shapes

    A list of eight tuples (C, H, W), one for each convolution and each pooling layer in order, for a square picture of
    `size` pixels with three colours: conv 96/11/4/0, pool 3/2, conv 256/5/1/2, pool 3/2, conv 384/3/1/1, conv 384/3/1/1,
    conv 256/3/1/1, pool 3/2 (channels / kernel / stride / padding; a pool has a kernel and a stride, and no padding).
    """
    # YOUR CODE HERE
    raise NotImplementedError


class BasicBlock(nn.Module):
    """The basic block of a ResNet: two convolutions, and a shortcut past them.

    `conv1` (stride `stride`) and `conv2` are 3 × 3 with padding 1 and no bias, `bn1` and `bn2` are nn.BatchNorm2d.
    `shortcut` is Sequential(1 × 1 convolution with stride `stride` and no bias, nn.BatchNorm2d) where the block changes
    the shape of its input; where it does not, an nn.Sequential or nn.Identity without parameters.
    """

    def __init__(self, in_channels, channels, stride=1):
        """`channels` are those of both convolutions and of the output."""
        # YOUR CODE HERE
        raise NotImplementedError

    def forward(self, x):
        """x (N, in_channels, H, W) -> out (N, channels, OH, OW)

        out = relu(bn2(conv2(relu(bn1(conv1(x))))) + shortcut(x)); OH and OW are H and W over the stride, rounded up.
        """
        # YOUR CODE HERE
        raise NotImplementedError


class UNet(nn.Module):
    """A U-Net with two levels: down to a quarter of the size, up again, and skip connections across.

    On the way down there are `width` channels at full size, 2 · width at half and 4 · width at a quarter. On the way up
    the maps are enlarged and, at half and at full size, concatenated with the maps of that size from the way down. The
    convolutions keep the size. Choose the rest yourself: how to enlarge, and whether to use batch norm.
    """

    def __init__(self, in_channels, num_classes, width):
        """`width` is the number of channels at full size."""
        # YOUR CODE HERE
        raise NotImplementedError

    def forward(self, x):
        """x (N, in_channels, H, W) -> logits (N, num_classes, H, W)

        H and W are multiples of 4.
        """
        # YOUR CODE HERE
        raise NotImplementedError


def box_iou(a, b):
    """Intersection over union of every box of a with every box of b.

    a (N, 4), b (M, 4) -> iou (N, M)

    A box is x1, y1, x2, y2: two opposite corners, x1 < x2 and y1 < y2, in continuous coordinates, so that its area is
    (x2 − x1)(y2 − y1). Boxes that do not meet have an IoU of 0.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def nms(boxes, scores, threshold):
    """Non-maximum suppression: of boxes that overlap, only the best is kept.

    boxes (N, 4), scores (N,), threshold -> kept (M,)

    The box with the highest score is kept, and every other whose IoU with it exceeds the threshold is dropped; then the
    best of the rest is kept, and so on. Returns the indices of the kept boxes, int64, by falling score. The scores are
    distinct. Without boxes the answer is empty.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def yolo_decode(prediction, anchors, stride):
    """Turn the output of YOLOv3's last layer into boxes and scores.

    prediction (N, C, H, W), anchors (A, 2), stride -> boxes (N, L, 4), scores (N, L, K)

    C = A·(5 + K) and L = A·H·W. Each anchor, a width and a height in pixels, has 5 + K consecutive channels: tx, ty, tw,
    th, objectness, and K classes. In the cell at (row, column) the box of an anchor has its centre at
    ((σ(tx) + column)·stride, (σ(ty) + row)·stride), and its size is (anchor_w·exp(tw), anchor_h·exp(th)). Boxes are
    returned as x1, y1, x2, y2; scores are σ(objectness)·σ(class). The order is by anchor, then row, then column.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def dice_loss(logits, target, eps=1.0):
    """The soft Dice loss: one minus the overlap of predicted and true masks.

    logits (N, ...), target (N, ...), eps -> loss

    With p = sigmoid(logits) and t = target, an example's loss is 1 − (2·Σpt + eps) / (Σp + Σt + eps), where the sums are
    over all that belongs to the example. Returns the mean over the examples, a 0-d tensor; gradients flow through it.
    The target is a float tensor of zeros and ones.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def freeze_backbone(model, head):
    """Freeze all parameters of a model except those of its head.

    model, head -> None

    `head` is the name of a direct submodule of the model. Afterwards its parameters require gradients, even if they did not
    before, and no other parameter of the model does. The model is changed in place.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def finetune(model, images, labels):
    """Fine-tune a trained model on new classes, from only a few examples.

    model, images (N, 1, H, W), labels (N,) -> model

    `model.backbone` maps images to features (N, D), and was trained on other classes; `model.head` is an nn.Linear from the
    features to the logits of those classes. Return a model that maps images to logits of the new classes, numbered 0 to
    labels.max(). You may change and return the given model. The grader puts it into evaluation mode before it uses it.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def grad_cam(activations, gradients):
    """A map of where a convolutional network saw what speaks for a class.

    activations (N, C, H, W), gradients (N, C, H, W) -> map (N, H, W)

    `activations` are feature maps of a layer, `gradients` those of a class's logit in them. Each channel of an example
    is weighted with the mean of its gradients over H and W; the map is relu of the weighted sum over the channels. It is
    neither resized to the picture nor scaled.
    """
    # YOUR CODE HERE
    raise NotImplementedError
