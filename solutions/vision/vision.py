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
    layers = [
        (96, 11, 4, 0),
        (None, 3, 2, 0),
        (256, 5, 1, 2),
        (None, 3, 2, 0),
        (384, 3, 1, 1),
        (384, 3, 1, 1),
        (256, 3, 1, 1),
        (None, 3, 2, 0),
    ]
    shapes, channels = [], 3
    for filters, kernel, stride, padding in layers:
        channels = filters or channels  # a pool keeps the channels
        size = (size + 2 * padding - kernel) // stride + 1
        shapes.append((channels, size, size))
    return shapes


class BasicBlock(nn.Module):
    """The basic block of a ResNet: two convolutions, and a shortcut past them.

    `conv1` (stride `stride`) and `conv2` are 3 × 3 with padding 1 and no bias, `bn1` and `bn2` are nn.BatchNorm2d.
    `shortcut` is Sequential(1 × 1 convolution with stride `stride` and no bias, nn.BatchNorm2d) where the block changes
    the shape of its input; where it does not, an nn.Sequential or nn.Identity without parameters.
    """

    def __init__(self, in_channels, channels, stride=1):
        """`channels` are those of both convolutions and of the output."""
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.shortcut = nn.Sequential()
        if stride != 1 or in_channels != channels:
            self.shortcut.append(nn.Conv2d(in_channels, channels, 1, stride, bias=False))
            self.shortcut.append(nn.BatchNorm2d(channels))

    def forward(self, x):
        """x (N, in_channels, H, W) -> out (N, channels, OH, OW)

        out = relu(bn2(conv2(relu(bn1(conv1(x))))) + shortcut(x)); OH and OW are H and W over the stride, rounded up.
        """
        out = self.bn1(self.conv1(x)).relu()
        out = self.bn2(self.conv2(out))
        return (out + self.shortcut(x)).relu()


def _two_convolutions(in_channels, channels):
    """What a U-Net does at each size: twice a 3 × 3 convolution that keeps the size, batch norm and relu."""
    return nn.Sequential(
        nn.Conv2d(in_channels, channels, 3, padding=1, bias=False),
        nn.BatchNorm2d(channels),
        nn.ReLU(),
        nn.Conv2d(channels, channels, 3, padding=1, bias=False),
        nn.BatchNorm2d(channels),
        nn.ReLU(),
    )


class UNet(nn.Module):
    """A U-Net with two levels: down to a quarter of the size, up again, and skip connections across.

    On the way down there are `width` channels at full size, 2 · width at half and 4 · width at a quarter. On the way up
    the maps are enlarged and, at half and at full size, concatenated with the maps of that size from the way down. The
    convolutions keep the size. Choose the rest yourself: how to enlarge, and whether to use batch norm.
    """

    def __init__(self, in_channels, num_classes, width):
        """`width` is the number of channels at full size."""
        super().__init__()
        self.down_full = _two_convolutions(in_channels, width)
        self.down_half = _two_convolutions(width, 2 * width)
        self.bottom = _two_convolutions(2 * width, 4 * width)
        self.enlarge_to_half = nn.ConvTranspose2d(4 * width, 2 * width, 2, stride=2)
        self.up_half = _two_convolutions(4 * width, 2 * width)
        self.enlarge_to_full = nn.ConvTranspose2d(2 * width, width, 2, stride=2)
        self.up_full = _two_convolutions(2 * width, width)
        self.classify = nn.Conv2d(width, num_classes, 1)
        self.pool = nn.MaxPool2d(2)

    def forward(self, x):
        """x (N, in_channels, H, W) -> logits (N, num_classes, H, W)

        H and W are multiples of 4.
        """
        full = self.down_full(x)
        half = self.down_half(self.pool(full))
        quarter = self.bottom(self.pool(half))
        up = self.up_half(torch.cat([half, self.enlarge_to_half(quarter)], dim=1))
        up = self.up_full(torch.cat([full, self.enlarge_to_full(up)], dim=1))
        return self.classify(up)


def box_iou(a, b):
    """Intersection over union of every box of a with every box of b.

    a (N, 4), b (M, 4) -> iou (N, M)

    A box is x1, y1, x2, y2: two opposite corners, x1 < x2 and y1 < y2, in continuous coordinates, so that its area is
    (x2 − x1)(y2 − y1). Boxes that do not meet have an IoU of 0.
    """
    top_left = torch.maximum(a[:, None, :2], b[:, :2])
    bottom_right = torch.minimum(a[:, None, 2:], b[:, 2:])
    intersection = (bottom_right - top_left).clamp(min=0).prod(dim=-1)
    area_a, area_b = ((box[:, 2:] - box[:, :2]).prod(dim=-1) for box in (a, b))
    return intersection / (area_a[:, None] + area_b - intersection)


def nms(boxes, scores, threshold):
    """Non-maximum suppression: of boxes that overlap, only the best is kept.

    boxes (N, 4), scores (N,), threshold -> kept (M,)

    The box with the highest score is kept, and every other whose IoU with it exceeds the threshold is dropped; then the
    best of the rest is kept, and so on. Returns the indices of the kept boxes, int64, by falling score. The scores are
    distinct. Without boxes the answer is empty.
    """
    left = scores.argsort(descending=True)
    kept = left[:0]
    while len(left):
        best, others = left[:1], left[1:]
        kept = torch.cat([kept, best])
        overlap = box_iou(boxes[best], boxes[others])[0]
        left = others[overlap <= threshold]
    return kept


def yolo_decode(prediction, anchors, stride):
    """Turn the output of YOLOv3's last layer into boxes and scores.

    prediction (N, C, H, W), anchors (A, 2), stride -> boxes (N, L, 4), scores (N, L, K)

    C = A·(5 + K) and L = A·H·W. Each anchor, a width and a height in pixels, has 5 + K consecutive channels: tx, ty, tw,
    th, objectness, and K classes. In the cell at (row, column) the box of an anchor has its centre at
    ((σ(tx) + column)·stride, (σ(ty) + row)·stride), and its size is (anchor_w·exp(tw), anchor_h·exp(th)). Boxes are
    returned as x1, y1, x2, y2; scores are σ(objectness)·σ(class). The order is by anchor, then row, then column.
    """
    N, _, H, W = prediction.shape
    prediction = prediction.reshape(N, len(anchors), -1, H, W).permute(0, 1, 3, 4, 2)
    tx, ty, tw, th, objectness = prediction[..., :5].unbind(dim=-1)
    column = torch.arange(W, device=prediction.device)
    row = torch.arange(H, device=prediction.device)[:, None]
    x = (tx.sigmoid() + column) * stride
    y = (ty.sigmoid() + row) * stride
    width = anchors[:, 0, None, None] * tw.exp()
    height = anchors[:, 1, None, None] * th.exp()
    boxes = torch.stack([x - width / 2, y - height / 2, x + width / 2, y + height / 2], dim=-1)
    scores = objectness.sigmoid()[..., None] * prediction[..., 5:].sigmoid()
    return boxes.flatten(1, 3), scores.flatten(1, 3)


def dice_loss(logits, target, eps=1.0):
    """The soft Dice loss: one minus the overlap of predicted and true masks.

    logits (N, ...), target (N, ...), eps -> loss

    With p = sigmoid(logits) and t = target, an example's loss is 1 − (2·Σpt + eps) / (Σp + Σt + eps), where the sums are
    over all that belongs to the example. Returns the mean over the examples, a 0-d tensor; gradients flow through it.
    The target is a float tensor of zeros and ones.
    """
    p, t = logits.sigmoid().flatten(1), target.flatten(1)
    overlap = 2 * (p * t).sum(dim=1)
    total = p.sum(dim=1) + t.sum(dim=1)
    return (1 - (overlap + eps) / (total + eps)).mean()


def freeze_backbone(model, head):
    """Freeze all parameters of a model except those of its head.

    model, head -> None

    `head` is the name of a direct submodule of the model. Afterwards its parameters require gradients, even if they did not
    before, and no other parameter of the model does. The model is changed in place.
    """
    model.requires_grad_(False)
    getattr(model, head).requires_grad_(True)


def finetune(model, images, labels):
    """Fine-tune a trained model on new classes, from only a few examples.

    model, images (N, 1, H, W), labels (N,) -> model

    `model.backbone` maps images to features (N, D), and was trained on other classes; `model.head` is an nn.Linear from the
    features to the logits of those classes. Return a model that maps images to logits of the new classes, numbered 0 to
    labels.max(). You may change and return the given model. The grader puts it into evaluation mode before it uses it.
    """
    num_classes = int(labels.max()) + 1
    model.head = nn.Linear(model.head.in_features, num_classes).to(images.device)
    freeze_backbone(model, "head")
    model.eval()  # so that the running statistics of batch norm stay those of the backbone's own training
    optimizer = torch.optim.Adam(model.head.parameters(), lr=0.02, weight_decay=1e-3)
    for _ in range(100):
        loss = nn.functional.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


def grad_cam(activations, gradients):
    """A map of where a convolutional network saw what speaks for a class.

    activations (N, C, H, W), gradients (N, C, H, W) -> map (N, H, W)

    `activations` are feature maps of a layer, `gradients` those of a class's logit in them. Each channel of an example
    is weighted with the mean of its gradients over H and W; the map is relu of the weighted sum over the channels. It is
    neither resized to the picture nor scaled.
    """
    weights = gradients.mean(dim=(2, 3), keepdim=True)
    return (weights * activations).sum(dim=1).relu()
