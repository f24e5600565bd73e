"""Correct answers written another way: each keeps every point. `<exercise>__<how>`."""

import itertools

import torch
from torch import nn
from torch.nn import functional as F


def alexnet_shapes__with_layers(size=227):
    """The layers themselves, on a picture of zeros with nothing in it."""
    net = [nn.Conv2d(3, 96, 11, 4), nn.MaxPool2d(3, 2), nn.Conv2d(96, 256, 5, 1, 2), nn.MaxPool2d(3, 2)]
    net += [
        nn.Conv2d(256, 384, 3, 1, 1),
        nn.Conv2d(384, 384, 3, 1, 1),
        nn.Conv2d(384, 256, 3, 1, 1),
        nn.MaxPool2d(3, 2),
    ]
    x = torch.zeros(1, 3, size, size, device="meta")
    shapes = []
    for layer in net:
        x = layer.to("meta")(x)
        shapes.append(x.shape[1:])
    return shapes


def alexnet_shapes__one_by_one(size=227):
    a = 1 + (size - 11) // 4
    b = 1 + (a - 3) // 2
    c = 1 + (b - 3) // 2
    d = 1 + (c - 3) // 2
    channels, sides = (96, 96, 256, 256, 384, 384, 256, 256), (a, b, b, c, c, c, c, d)
    return [[C, H, H] for C, H in zip(channels, sides, strict=True)]


class BasicBlock__functional(nn.Module):
    """Functions in place of methods; an Identity where nothing is projected."""

    def __init__(self, in_channels, channels, stride=1):
        super().__init__()
        changes = stride > 1 or channels != in_channels
        self.shortcut = (
            nn.Sequential(
                nn.Conv2d(in_channels, channels, kernel_size=1, stride=stride, bias=False), nn.BatchNorm2d(channels)
            )
            if changes
            else nn.Identity()
        )
        self.bn1, self.bn2 = nn.BatchNorm2d(channels), nn.BatchNorm2d(channels)
        self.conv1 = nn.Conv2d(
            in_channels, channels, kernel_size=(3, 3), stride=stride, padding="same" if stride == 1 else 1, bias=False
        )
        self.conv2 = nn.Conv2d(channels, channels, kernel_size=3, padding="same", bias=False)

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        y = self.bn2(self.conv2(y))
        y = y + self.shortcut(x)
        return F.relu(y, inplace=True)


def _plain(i, o):
    return nn.Sequential(
        nn.Conv2d(i, o, 3, padding=1), nn.ReLU(inplace=True), nn.Conv2d(o, o, 3, padding=1), nn.ReLU(inplace=True)
    )


def _normed(i, o):
    return nn.Sequential(
        nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(inplace=True),
        nn.Conv2d(o, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(inplace=True),
    )  # fmt: skip


class UNet__bilinear(nn.Module):
    """Enlarged by interpolation, so that channels add up at the concatenation; batch norm after biases; skips last."""

    def __init__(self, in_channels, num_classes, width):
        super().__init__()
        self.inc, self.down1, self.down2 = (
            _normed(in_channels, width),
            nn.Sequential(nn.MaxPool2d(2), _normed(width, width * 2)),
            nn.Sequential(nn.MaxPool2d(2), _normed(width * 2, width * 4)),
        )
        self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
        self.conv1, self.conv2 = _normed(width * 6, width * 2), _normed(width * 3, width)
        self.outc = nn.Conv2d(width, num_classes, 1)

    def forward(self, x):
        x1 = self.inc(x)
        x2 = self.down1(x1)
        x3 = self.down2(x2)
        x = self.conv1(torch.concat((self.up(x3), x2), 1))
        x = self.conv2(torch.hstack((self.up(x), x1)))
        return self.outc(x)


class UNet__no_batch_norm(nn.Module):
    """Transposed convolutions that overlap, average pooling, biases and no batch norm; layers in lists."""

    def __init__(self, in_channels, num_classes, width):
        super().__init__()
        w = [in_channels, width, 2 * width, 4 * width]
        self.encoder = nn.ModuleList(_plain(i, o) for i, o in itertools.pairwise(w))
        self.enlarge = nn.ModuleList(nn.ConvTranspose2d(2 * o, o, 4, stride=2, padding=1) for o in (2 * width, width))
        self.decoder = nn.ModuleList(_plain(2 * o, o) for o in (2 * width, width))
        self.head = nn.Conv2d(width, num_classes, kernel_size=3, padding=1)

    def forward(self, x):
        crossing = []
        for depth, stage in enumerate(self.encoder):
            x = stage(F.avg_pool2d(x, 2) if depth else x)
            crossing.append(x)
        for enlarge, stage, beside in zip(self.enlarge, self.decoder, crossing[-2::-1], strict=True):
            x = stage(torch.cat([enlarge(x), beside], dim=-3))
        return self.head(x)


class UNet__strided(nn.Module):
    """Goes down by convolutions with a stride and up by nearest neighbours and a convolution; group norm."""

    def __init__(self, in_channels, num_classes, width):
        super().__init__()

        def two(i, o, stride=1):
            layers = [nn.Conv2d(i, o, 3, stride, 1), nn.GroupNorm(1, o), nn.LeakyReLU(0.1)]
            return nn.Sequential(*layers, nn.Conv2d(o, o, 3, 1, 1), nn.GroupNorm(1, o), nn.LeakyReLU(0.1))

        self.first, self.second, self.third = (
            two(in_channels, width),
            two(width, 2 * width, 2),
            two(2 * width, 4 * width, 2),
        )
        self.reduce_half, self.reduce_full = nn.Conv2d(4 * width, 2 * width, 1), nn.Conv2d(2 * width, width, 1)
        self.to_half, self.to_full = two(4 * width, 2 * width), two(2 * width, width)
        self.logits = nn.Conv2d(width, num_classes, 1)

    def forward(self, x):
        full = self.first(x)
        half = self.second(full)
        up = F.interpolate(self.reduce_half(self.third(half)), scale_factor=2)
        up = self.to_half(torch.cat([half, up], 1))
        up = F.interpolate(self.reduce_full(up), size=x.shape[-2:])
        return self.logits(self.to_full(torch.cat([full, up], 1)))


def box_iou__one_pair_at_a_time(a, b):
    iou = torch.zeros(len(a), len(b), dtype=a.dtype)
    for i, (x1, y1, x2, y2) in enumerate(a):
        for j, (u1, v1, u2, v2) in enumerate(b):
            w, h = torch.min(x2, u2) - torch.max(x1, u1), torch.min(y2, v2) - torch.max(y1, v1)
            if w > 0 and h > 0:
                iou[i, j] = w * h / ((x2 - x1) * (y2 - y1) + (u2 - u1) * (v2 - v1) - w * h)
    return iou


def box_iou__by_coordinates(a, b):
    ax1, ay1, ax2, ay2 = a.unsqueeze(1).unbind(-1)
    bx1, by1, bx2, by2 = b.unsqueeze(0).unbind(-1)
    shared = F.relu(torch.min(ax2, bx2) - torch.max(ax1, bx1)) * F.relu(torch.min(ay2, by2) - torch.max(ay1, by1))
    return shared / ((ax2 - ax1) * (ay2 - ay1) + (bx2 - bx1) * (by2 - by1) - shared)


def nms__flags(boxes, scores, threshold):
    """All overlaps beforehand, and a flag for each box."""
    overlap = box_iou__by_coordinates(boxes, boxes)
    is_dropped, kept = torch.zeros(len(boxes), dtype=torch.bool), []
    for i in torch.sort(scores, descending=True).indices:
        if not is_dropped[i]:
            kept.append(int(i))
            is_dropped |= overlap[i] > threshold
    return torch.tensor(kept, dtype=torch.long)


def nms__take_the_best(boxes, scores, threshold):
    """Scores of what is kept or dropped become minus infinity."""
    scores, kept = scores.clone(), []
    while len(scores) and scores.max() > -torch.inf:
        best = scores.argmax()
        kept.append(best)
        overlap = box_iou__by_coordinates(boxes[best][None], boxes)[0]
        scores[overlap > threshold] = -torch.inf
        scores[best] = -torch.inf
    return torch.stack(kept) if kept else torch.zeros(0, dtype=torch.int64)


def yolo_decode__grid_of_both(prediction, anchors, stride):
    N, channels, H, W = prediction.shape
    A = len(anchors)
    p = prediction.view(N, A, channels // A, H * W).transpose(2, 3).reshape(N, A * H * W, -1)
    cell = torch.cartesian_prod(torch.arange(H), torch.arange(W)).flip(1).repeat(A, 1)
    center = stride * torch.sigmoid(p[..., 0:2]) + stride * cell
    size = anchors.repeat_interleave(H * W, dim=0) * torch.exp(p[..., 2:4])
    corners = torch.cat((center - 0.5 * size, center + 0.5 * size), dim=2)
    return [corners, torch.sigmoid(p[..., 5:]) * torch.sigmoid(p[..., 4:5])]


def yolo_decode__one_anchor_at_a_time(prediction, anchors, stride):
    N, _, H, W = prediction.shape
    boxes, scores = [], []
    for part, (w, h) in zip(prediction.chunk(len(anchors), 1), anchors, strict=True):
        x = (part[:, 0].sigmoid() + torch.arange(W).view(1, 1, W)) * stride
        y = (part[:, 1].sigmoid() + torch.arange(H).view(1, H, 1)) * stride
        w, h = w * part[:, 2].exp() / 2, h * part[:, 3].exp() / 2
        boxes.append(torch.stack([x - w, y - h, x + w, y + h], 3).view(N, H * W, 4))
        scores.append((part[:, 4:5].sigmoid() * part[:, 5:].sigmoid()).flatten(2).mT)
    return torch.cat(boxes, 1), torch.cat(scores, 1)


def dice_loss__example_by_example(logits, target, eps=1.0):
    losses = []
    for z, t in zip(logits, target, strict=True):
        p = torch.sigmoid(z)
        losses.append(1 - (2 * torch.sum(p * t) + eps) / (p.sum() + t.sum() + eps))
    return sum(losses) / len(losses)


def dice_loss__what_is_missing(logits, target, eps=1.0):
    """One minus the ratio is the ratio of what the masks do not share: Σp(1−t) + Σt(1−p)."""
    axes = tuple(range(1, logits.dim()))
    p = torch.sigmoid(logits)
    apart = (p * (1 - target)).sum(axes) + (torch.sigmoid(-logits) * target).sum(axes)
    return (apart / (p.sum(axes) + target.sum(axes) + eps)).mean()


def freeze_backbone__by_name(model, head):
    for name, parameter in model.named_parameters():
        parameter.requires_grad = name.split(".")[0] == head
    return model


def freeze_backbone__by_identity(model, head):
    own = {id(parameter) for parameter in dict(model.named_children())[head].parameters()}
    for parameter in model.parameters():
        parameter.requires_grad_(id(parameter) in own)


def finetune__features_once(model, images, labels):
    """The features are computed once, and only the head sees them."""
    model.eval()
    with torch.no_grad():
        features = model.backbone(images)
    head = nn.Linear(features.shape[1], int(labels.max()) + 1).to(images.device)
    optimizer = torch.optim.AdamW(head.parameters(), lr=0.02, weight_decay=0.1)
    for _ in range(150):
        loss = F.cross_entropy(head(features), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return nn.Sequential(model.backbone, head)


def finetune__all_of_it_gently(model, images, labels):
    """The head first, then the backbone with small steps."""
    model.head = nn.Linear(model.head.in_features, len(set(labels.tolist()))).to(images.device)
    model.eval()
    groups = [{"params": model.head.parameters(), "lr": 0.02}, {"params": model.backbone.parameters(), "lr": 1e-4}]
    optimizer = torch.optim.AdamW(groups)
    for _ in range(80):
        optimizer.zero_grad()
        F.cross_entropy(model(images), labels).backward()
        optimizer.step()
    return model


def grad_cam__einsum(activations, gradients):
    return torch.einsum("nchw,nc->nhw", activations, gradients.flatten(2).mean(-1)).clamp(min=0)


def grad_cam__pooled_and_convolved(activations, gradients):
    """PyTorch's own pooling makes the weights, and a convolution with one kernel for each example the map."""
    weights = F.adaptive_avg_pool2d(gradients, 1)
    N, C, H, W = activations.shape
    return F.relu(F.conv2d(activations.reshape(1, N * C, H, W), weights.reshape(N, C, 1, 1), groups=N)[0])


def grad_cam__loops(activations, gradients):
    maps = []
    for channels, slopes in zip(activations, gradients, strict=True):
        total = torch.zeros_like(channels[0])
        for channel, slope in zip(channels, slopes, strict=True):
            total += slope.sum() / slope.numel() * channel
        maps.append(torch.where(total > 0, total, torch.zeros_like(total)))
    return torch.stack(maps)
