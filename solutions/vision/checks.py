"""How the answers of this unit are judged: cases, checks and the mistakes that people really make."""

from functools import partial

import numpy as np
import torch
from torch import nn

from grader.exercise import (
    Exercise,
    Mistake,
    agrees,
    device,
    edit,
    load,
    moves,
    reaches,
    redrawn,
    report,
    returns,
    swapped,
)

ALLOWS = ("numpy", "torch")

torch.set_num_threads(1)

FAR = 1000.0  # logits of this size overflow exp in float32, which ends near 88


def single(array):
    """The array in single precision, as PyTorch's tensors are."""
    return np.asarray(array, np.float32)


# alexnet_shapes


def picture_size(draw, low=150, high=400):
    return {"size": int(draw.integers(low, high))}


def leaving_a_remainder(draw):
    """A size for which the first convolution leaves three pixels over, so that a smaller kernel shows, and every pool one."""

    def remainders(size):
        left, size = [(size - 11) % 4], (size - 11) // 4 + 1
        for _ in range(3):
            left, size = [*left, (size - 3) % 2], (size - 3) // 2 + 1
        return left

    return {"size": int(draw.permutation([size for size in range(100, 400) if remainders(size) == [3, 1, 1, 1]])[0])}


# What the answer's parts are, in the order of the layers.
LAYERS = (
    "first convolution",
    "first pooling",
    "second convolution",
    "second pooling",
    "third convolution",
    "fourth convolution",
    "fifth convolution",
    "third pooling",
)
LAYER_WORDS = {f"shapes[{i}]": f"the output of the {layer}" for i, layer in enumerate(LAYERS)} | {
    f"shapes[{i}][{axis}]": f"the {what} of the output of the {layer}"
    for i, layer in enumerate(LAYERS)
    for axis, what in enumerate(("number of channels", "height", "width"))
}

alexnet_shapes = Exercise(
    points=3,
    words=LAYER_WORDS,
    torch=True,  # not for tensors: whoever builds the layers and asks them is right, too
    cases={
        "the size of the paper, by default": lambda draw: {},
        "the size of the paper": lambda draw: {"size": 227},
        "224 pixels": lambda draw: {"size": 224},
        "another size": picture_size,
        "a size that leaves a remainder everywhere": leaving_a_remainder,
        "the smallest size": lambda draw: {"size": 67},
    },
    checks=[
        agrees(
            1,
            "follows a picture of 227 × 227 through all eight layers",
            on=["the size of the paper, by default", "the size of the paper"],
        ),
        agrees(1, "is right for a picture of another size", on=["another size", "the smallest size"]),
        agrees(
            1,
            "drops pixels that a layer's last step does not cover",
            on=["224 pixels", "a size that leaves a remainder everywhere"],
        ),
    ],
    mistakes=[
        Mistake(
            "rounded_up",
            "You round the number of steps up. A step that would move the kernel past the edge does not count.",
            edit("(size + 2 * padding - kernel) // stride", "-(-(size + 2 * padding - kernel) // stride)"),
        ),
        Mistake(
            "padded_once",
            "You count the padding once. It is on both sides of the map.",
            edit("2 * padding", "padding"),
        ),
        Mistake(
            "first_place_forgotten",
            "Your maps are one too small. The position before the first step counts, too.",
            edit("// stride + 1", "// stride"),
        ),
        Mistake(
            "pool_of_two",
            "You use pooling windows of 2 × 2 pixels. AlexNet's windows overlap: they are 3 × 3, two pixels apart.",
            edit("channels = filters or channels", "channels, kernel = filters or channels, kernel if filters else 2"),
        ),
        Mistake(
            "channels_last",
            "You put the channels last. In PyTorch they come first: (C, H, W).",
            edit("(channels, size, size)", "(size, size, channels)"),
        ),
        Mistake(
            "size_ignored",
            "You ignore `size`: your shapes are always those of a 227 × 227 picture.",
            edit("shapes, channels = [], 3", "shapes, channels, size = [], 3, 227"),
        ),
        Mistake(
            "pools_left_out",
            "You list only the convolutions. The pooling layers make maps, too.",
            edit("shapes.append((channels, size, size))", "shapes += [(channels, size, size)] if filters else []"),
        ),
    ],
    hints=[
        "How often does a kernel of size 11 fit on 227 pixels if it moves by 4?",
        "Which of kernel, stride and padding can tell you the size after a layer, and which layers change the channels?",
    ],
)


# BasicBlock


def norm_weights(draw, name, channels):
    return {
        f"{name}.weight": single(draw.uniform(0.5, 1.5, channels)),
        f"{name}.bias": single(0.5 * draw(channels)),
        f"{name}.running_mean": single(0.5 * draw(channels)),
        f"{name}.running_var": single(draw.uniform(0.1, 2.0, channels)),
        f"{name}.num_batches_tracked": np.array(7),
    }


def kernel_weights(draw, name, filters, channels, size):
    return {f"{name}.weight": single(draw(filters, channels, size, size) / np.sqrt(channels * size * size))}


def block_weights(draw, in_channels, channels, stride):
    weights = kernel_weights(draw, "conv1", channels, in_channels, 3) | norm_weights(draw, "bn1", channels)
    weights |= kernel_weights(draw, "conv2", channels, channels, 3) | norm_weights(draw, "bn2", channels)
    if stride != 1 or in_channels != channels:
        weights |= kernel_weights(draw, "shortcut.0", channels, in_channels, 1)
        weights |= norm_weights(draw, "shortcut.1", channels)
    return weights


def through_block(BasicBlock, in_channels, channels, weights, x, training, stride=None, dout=None):
    """-> out (N, channels, OH, OW)

    With dout the answer is the gradients in x and in the first convolution's weights instead.
    """
    block = BasicBlock(in_channels, channels) if stride is None else BasicBlock(in_channels, channels, stride)
    block = load(block, weights).to(device).train(training)
    if dout is None:
        return block(x)
    x = x.requires_grad_()
    block(x).backward(dout)
    return x.grad, block.conv1.weight.grad


def block_case(draw, in_channels=4, channels=4, stride=None, N=3, H=6, W=9, training=False, gradient=False):
    """Everything that a block is asked with; the sides are such that a stride of 2 or 3 leaves a remainder."""
    by = stride or 1
    inputs = dict(
        in_channels=in_channels,
        channels=channels,
        weights=block_weights(draw, in_channels, channels, by),
        x=single(draw(N, in_channels, H, W)),
        training=training,
    )
    if stride:
        inputs["stride"] = stride
    if gradient:
        inputs["dout"] = single(draw(N, channels, (H - 1) // by + 1, (W - 1) // by + 1))
    return inputs


another_first_image = redrawn(x=0)


class StrideInSecond(nn.Module):
    """A basic block whose second convolution takes the stride."""

    def __init__(self, in_channels, channels, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.shortcut = nn.Sequential()
        if stride != 1 or in_channels != channels:
            self.shortcut.append(nn.Conv2d(in_channels, channels, 1, stride, bias=False))
            self.shortcut.append(nn.BatchNorm2d(channels))

    def forward(self, x):
        out = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(out)) + self.shortcut(x))


BasicBlock = Exercise(
    points=8,
    words={"out[0]": "the gradient in x", "out[1]": "the gradient in conv1.weight"},
    torch=True,
    driver=through_block,
    cases={
        "the shape kept": block_case,
        "one image": partial(block_case, N=1),
        "a stride of 2": partial(block_case, stride=2),
        "more channels": partial(block_case, channels=7),
        "fewer channels": partial(block_case, channels=3, stride=1),
        "more channels and a stride of 2": partial(block_case, in_channels=3, channels=5, stride=2),
        "a stride of 3": partial(block_case, channels=6, stride=3, H=8, W=5),
        "training": partial(block_case, training=True),
        "training, with a projection": partial(block_case, channels=5, stride=2, training=True),
        "the gradients": partial(block_case, gradient=True),
        "the gradients, with a projection": partial(block_case, channels=6, stride=2, training=True, gradient=True),
    },
    checks=[
        agrees(2, "adds its input to the output of two convolutions", on=["the shape kept", "one image"]),
        agrees(
            2,
            "projects its input where the shape changes",
            on=["a stride of 2", "more channels", "fewer channels", "more channels and a stride of 2", "a stride of 3"],
        ),
        agrees(
            1, "normalises by the batch's own statistics in training", on=["training", "training, with a projection"]
        ),
        moves(
            1,
            "in evaluation, changing one image changes no other image's output",
            another_first_image,
            on=["the shape kept", "a stride of 2"],
        ),
        agrees(2, "passes gradients through both paths", on=["the gradients", "the gradients, with a projection"]),
    ],
    mistakes=[
        Mistake(
            "shortcut_forgotten",
            "Your block does not add its input. The shortcut is what makes it a residual block.",
            edit("(out + self.shortcut(x)).relu()", "out.relu()"),
        ),
        Mistake(
            "relu_before_the_sum",
            "You apply the last relu before you add the shortcut. Apply it after the sum.",
            edit("(out + self.shortcut(x)).relu()", "out.relu() + self.shortcut(x)"),
        ),
        Mistake(
            "no_last_relu",
            "You leave out the last relu, so your output has negative entries. Apply a relu to the sum.",
            edit("(out + self.shortcut(x)).relu()", "out + self.shortcut(x)"),
        ),
        Mistake(
            "no_first_relu",
            "You put no relu between the two convolutions, so they are one linear map.",
            edit("self.bn1(self.conv1(x)).relu()", "self.bn1(self.conv1(x))"),
        ),
        Mistake(
            "second_norm_forgotten",
            "You do not normalise the second convolution: `bn2` is never used.",
            edit("self.bn2(self.conv2(out))", "self.conv2(out)"),
        ),
        Mistake(
            "first_norm_twice",
            "You use the same batch norm twice. Each convolution has its own.",
            edit("self.bn2(self.conv2(out))", "self.bn1(self.conv2(out))"),
        ),
        Mistake(
            "stride_in_second",
            "You give the stride to the second convolution. In this course, as in PyTorch, the first convolution has it.",
            StrideInSecond,
        ),
        Mistake(
            "projects_for_channels_alone",
            "You project only where the number of channels changes. A stride changes the shape, too.",
            edit("if stride != 1 or in_channels != channels:", "if in_channels != channels:"),
        ),
        Mistake(
            "projection_not_normalised",
            "Your projection is a convolution without a batch norm. It has its own batch norm, `shortcut.1`.",
            edit("self.shortcut.append(nn.BatchNorm2d(channels))", "pass"),
        ),
        Mistake(
            "shortcut_detached",
            "Your shortcut passes no gradient back: something on it is detached.",
            edit("self.shortcut(x)).relu()", "self.shortcut(x).detach()).relu()"),
        ),
    ],
    hints=[
        "Which two tensors does the block add, and which shape must both have?",
        "For which channels and strides does the input have a different shape from the output?",
        "Count the relus. How many are there, and which one comes last?",
    ],
)


# UNet: there are many right ones, so that properties are asked for and not numbers.


def inspected(UNet, ask, in_channels, num_classes, width, seed, sizes=()):
    """-> found

    How the skips are found: every tensor of half, or of quarter size, is set to zero as it is made, and so nothing gets
    past that size but what a skip carries. Two pictures are shown, and what differs has been carried.
    """
    from torch.overrides import TorchFunctionMode

    levels = {(16, 24): "full", (8, 12): "half", (4, 6): "quarter"}

    class Watch(TorchFunctionMode):
        def __init__(self, dark):
            super().__init__()
            self.dark, self.joined, self.channels = dark, {"full": [], "half": [], "quarter": []}, []
            self.weights = []

        def __torch_function__(self, function, types, args=(), kwargs=None):
            called = getattr(function, "__name__", "")
            if called in ("cat", "concat", "concatenate", "hstack", "stack"):
                parts = args[0] if args else kwargs["tensors"]
                self.joined[levels.get(tuple(parts[0].shape[2:]), "quarter")] += [part.clone() for part in parts]
            out = function(*args, **(kwargs or {}))
            if isinstance(out, torch.Tensor) and out.dim() == 4 and tuple(out.shape[2:]) in levels:
                level = levels[tuple(out.shape[2:])]
                if "conv" in called:
                    self.channels.append((level, out.shape[1]))
                    self.weights.append(args[1] if len(args) > 1 else kwargs["weight"])
                if level in self.dark:
                    out.zero_()
            return out

    def watched(dark):
        runs = []
        for x in torch.randn(2, 2, in_channels, 16, 24, generator=torch.Generator().manual_seed(seed)):
            with torch.no_grad(), Watch(dark) as watch:
                out = model(x.to(device)).clone()
            runs.append((watch, out))
        return runs

    def differ(pairs):
        return [not torch.equal(a, b) for a, b in pairs]

    torch.manual_seed(seed)
    model = UNet(in_channels, num_classes, width).to(device)
    if ask == "shapes":
        model.eval()
        pictures = [torch.randn(n, in_channels, h, w).to(device) for n, h, w in sizes]
        return {f"shape for {tuple(x.shape)}": tuple(model(x).shape) for x in pictures}
    if ask == "widths":
        model.eval()
        channels = watched(())[0][0].channels
        asked = {"full": width, "half": 2 * width, "quarter": 4 * width}
        return {
            f"channels at {level} size": n
            if (level, n) in channels
            else max([c for at, c in channels if at == level] or [0])
            for level, n in asked.items()
        }
    if ask == "full":
        model.eval()
        (first, out), (_, other) = watched(("half", "quarter"))
        return {"is concatenated": len(first.joined["full"]) > 1, "reaches the output": any(differ([(out, other)]))}
    if ask == "half":
        model.eval()
        (bright, _), (bright_too, _) = watched(())
        (first, out), (second, other) = watched(("quarter",))
        live = differ(zip(bright.joined["full"], bright_too.joined["full"], strict=True))
        felt = differ(zip(first.joined["full"], second.joined["full"], strict=True)) or differ([(out, other)])
        lost = [was and not still for was, still in zip(live, felt, strict=False)]
        return {"is concatenated": len(first.joined["half"]) > 1, "reaches full size": any(felt) and not any(lost)}
    if ask == "gradients":
        x = torch.randn(3, in_channels, 16, 24).to(device)
        (model(x) * torch.randn(3, num_classes, 16, 24).to(device)).sum().backward()
        grads = [p.grad for p in model.parameters()]
        # a bias before a batch norm has a gradient of zero by right
        unmoved = [g is None or (g.dim() > 1 and not g.any()) for g in grads]
        own = {id(p) for p in model.parameters()}
        used = [w for w in watched(())[0][0].weights if w.is_leaf and w.requires_grad]
        return {
            "every layer's weights are parameters": bool(own) and all(id(w) in own for w in used),
            "parameters without a gradient": sum(unmoved),
        }
    rows, columns = torch.meshgrid(torch.arange(16.0), torch.arange(16.0), indexing="ij")
    labels = torch.stack([(rows - 5) ** 2 + (columns - 6) ** 2 < 14, abs(rows - 9) + abs(columns - 10) < 5]).long()
    x = torch.stack([labels.float()] * in_channels, 1)
    x = (x + 0.2 * torch.randn(x.shape)).to(device)
    labels = labels.to(device)
    for start in range(4):  # a network without a batch norm is born with dead relus now and then: it may begin anew
        if start:
            torch.manual_seed(seed + start)
            model = UNet(in_channels, num_classes, width).to(device)
        moments = [(p, torch.zeros_like(p), torch.zeros_like(p)) for p in model.parameters()]
        for step in range(1, 61):  # Adam by hand: PyTorch's own takes seconds to load
            model.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(x), labels)
            loss.backward()
            with torch.no_grad():
                for p, m, v in moments:
                    g = torch.zeros_like(p) if p.grad is None else p.grad
                    m.lerp_(g, 0.1)
                    v.lerp_(g * g, 0.001)
                    p -= 0.01 * (m / (1 - 0.9**step)) / ((v / (1 - 0.999**step)).sqrt() + 1e-8)
        if loss < 0.2:
            break
    return {"loss after 60 steps is below 0.2": bool(loss < 0.2)}


def question(draw, ask, in_channels=(1, 4), num_classes=(2, 6), width=(4, 9), sizes=()):
    return dict(
        ask=ask,
        in_channels=int(draw.integers(*in_channels)),
        num_classes=int(draw.integers(*num_classes)),
        width=int(draw.integers(*width)),
        seed=int(draw.integers(0, 2**31)),
        **({"sizes": sizes} if sizes else {}),
    )


class AddedSkips(nn.Module):
    """A network of the same form whose skips are added."""

    def __init__(self, in_channels, num_classes, width):
        super().__init__()

        def two(i, o):
            return nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.ReLU(), nn.Conv2d(o, o, 3, padding=1), nn.ReLU())

        self.a, self.b, self.c = two(in_channels, width), two(width, 2 * width), two(2 * width, 4 * width)
        self.up1, self.d1 = nn.ConvTranspose2d(4 * width, 2 * width, 2, 2), two(2 * width, 2 * width)
        self.up2, self.d2 = nn.ConvTranspose2d(2 * width, width, 2, 2), two(width, width)
        self.out = nn.Conv2d(width, num_classes, 1)

    def forward(self, x):
        a = self.a(x)
        b = self.b(nn.functional.max_pool2d(a, 2))
        c = self.c(nn.functional.max_pool2d(b, 2))
        b = self.d1(b + self.up1(c))
        return self.out(self.d2(a + self.up2(b)))


class ThinAtTheBottom(nn.Module):
    """A U-Net whose channels do not double the second time."""

    def __init__(self, in_channels, num_classes, width):
        super().__init__()

        def two(i, o):
            return nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.ReLU(), nn.Conv2d(o, o, 3, padding=1), nn.ReLU())

        self.a, self.b, self.c = two(in_channels, width), two(width, 2 * width), two(2 * width, 2 * width)
        self.d1, self.d2 = two(4 * width, 2 * width), two(3 * width, width)
        self.out = nn.Conv2d(width, num_classes, 1)

    def forward(self, x):
        a = self.a(x)
        b = self.b(nn.functional.max_pool2d(a, 2))
        c = self.c(nn.functional.max_pool2d(b, 2))
        b = self.d1(torch.cat([b, nn.functional.interpolate(c, scale_factor=2)], 1))
        return self.out(self.d2(torch.cat([a, nn.functional.interpolate(b, scale_factor=2)], 1)))


JOIN_HALF = "torch.cat([half, self.enlarge_to_half(quarter)], dim=1)"
JOIN_FULL = "torch.cat([full, self.enlarge_to_full(up)], dim=1)"

# Narrower networks without a batch norm are sometimes born with a layer whose relus are all dead.
LIVELY = (14, 17)

PLAIN_LIST = "Some of your layers are in a plain list or dict, where the module does not see them: they are none of its parameters, and no optimizer trains them. PyTorch has a list for modules."

UNet = Exercise(
    points=8,
    words={
        "'is concatenated'": "whether the skip is concatenated",
        "'reaches the output'": "whether the skip at full size reaches the output",
        "'reaches full size'": "whether the skip at half size reaches the full size",
        '"every layer\'s weights are parameters"': "whether every layer's weights are parameters",
        "'parameters without a gradient'": "the number of parameters without a gradient",
        "'loss after 60 steps is below 0.2'": "whether the loss after 60 steps is below 0.2",
    },
    torch=True,
    driver=inspected,
    cases={
        "pictures of many sizes": partial(question, ask="shapes", sizes=[(2, 16, 24), (1, 20, 12), (3, 8, 8)]),
        "one class, three colours": partial(
            question, ask="shapes", in_channels=(3, 4), num_classes=(1, 2), sizes=[(1, 12, 16)]
        ),
        "channels": partial(question, ask="widths"),
        "the skip at full size": partial(question, ask="full", width=LIVELY),
        "the skip at half size": partial(question, ask="half", width=LIVELY),
        "gradients": partial(question, ask="gradients", width=LIVELY),
        "a tiny example": partial(question, ask="learns", num_classes=(3, 4), width=(8, 9)),
    },
    checks=[
        agrees(
            2,
            "returns a logit per class for every pixel, for pictures of any size",
            on=["pictures of many sizes", "one class, three colours"],
        ),
        agrees(1, "has width, 2 · width and 4 · width channels at full, half and a quarter of the size", on="channels"),
        agrees(1, "concatenates the maps of full size, so that they reach the output", on="the skip at full size"),
        agrees(1, "concatenates the maps of half size, so that they reach full size", on="the skip at half size"),
        agrees(1, "has the weights of every layer as parameters, and passes gradients to all of them", on="gradients"),
        agrees(2, "can memorise two small masks", on="a tiny example"),
    ],
    mistakes=[
        Mistake(
            "no_full_skip",
            "You leave out the skip connection at full size: everything that you concatenate there comes from below.",
            edit(JOIN_FULL, "self.enlarge_to_full(up).repeat(1, 2, 1, 1)"),
        ),
        Mistake(
            "no_half_skip",
            "You leave out the skip connection at half size: everything that you concatenate there comes from below.",
            edit(JOIN_HALF, "self.enlarge_to_half(quarter).repeat(1, 2, 1, 1)"),
        ),
        Mistake(
            "skips_from_below",
            "You concatenate the enlarged maps with themselves. The other half must come from the way down.",
            edit(
                "up = self.up_half(" + JOIN_HALF + ")\n        up = self.up_full(" + JOIN_FULL + ")",
                "up = self.enlarge_to_half(quarter)\n        up = self.enlarge_to_full(self.up_half(torch.cat([up, up], 1)))\n"
                "        up = self.up_full(torch.cat([up, up], 1))",
            ),
        ),
        Mistake(
            "skips_added",
            "You add the skip connections. A U-Net concatenates them: the next convolution learns what to use of each.",
            AddedSkips,
        ),
        Mistake(
            "softmax_inside",
            "Your network ends in a softmax, and the loss applies another, so the loss can never come near zero. Return logits.",
            edit("return self.classify(up)", "return self.classify(up).softmax(1)"),
        ),
        Mistake(
            "detached",
            "Some of your parameters get no gradient. Is something detached, or is a layer created but never used?",
            edit("self.enlarge_to_half(quarter)", "self.enlarge_to_half(quarter.detach())"),
        ),
        Mistake(
            "thin_at_the_bottom",
            "Your map at a quarter of the size has too few channels. Double the channels each time the size halves.",
            ThinAtTheBottom,
        ),
        Mistake(
            "half_size_out",
            "Your output is smaller than the picture. You need as many steps up as steps down.",
            edit("return self.classify(up)", "return self.classify(self.pool(up))"),
        ),
        Mistake(
            "layers_in_a_plain_list",
            PLAIN_LIST,
            edit(
                "self.pool = nn.MaxPool2d(2)",
                "self.pool = nn.MaxPool2d(2)\n        for name in [name for name in self._modules if name != 'classify']:\n            self.__dict__[name] = self._modules.pop(name)",
            ),
        ),
        Mistake(
            "some_layers_in_a_plain_list",
            PLAIN_LIST,
            edit("MaxPool2d(2)", "MaxPool2d(2)\n        self.__dict__['down_full'] = self._modules.pop('down_full')"),
        ),
    ],
    hints=[
        "Which maps of the way down have the same height and width as the maps that you have just enlarged?",
        "How many channels come into a convolution that follows a concatenation?",
        "What is the last layer, if the loss is a cross-entropy with logits?",
    ],
)


# box_iou and nms


def some_boxes(draw, n, center=0.0, spread=3.0, size=(2.0, 8.0)):
    """Boxes around one place, so that most of them meet."""
    middle, half = center + spread * draw(n, 2), draw.uniform(*size, n, 2) / 2
    return single(np.concatenate([middle - half, middle + half], axis=1))


def two_sets(draw, N=5, M=3, **how):
    return {"a": some_boxes(draw, N, **how), "b": some_boxes(draw, M, **how)}


def apart(draw):
    """Boxes that are apart on both axes, on one axis, or not at all."""
    x, y = draw.uniform(-5, 5, 2)
    a = np.array([[0, 0, 4, 3]]) + [x, y, x, y]
    shift = np.array([[9, 8], [-7, -9], [9, 0.5], [-1, 7], [6, -8], [1.5, -1]])
    b = a + np.concatenate([shift, shift], axis=1) + draw.uniform(-0.3, 0.3, 6, 1)
    return {"a": single(a), "b": single(b)}


def inside(draw):
    """A large box, a small one within it, and the large one again."""
    outer = np.array([[-6.0, -5.0, 7.0, 8.0]]) + draw.uniform(-1, 1, 1, 4)
    inner = np.array([[-2.0, -1.0, 3.0, 1.5]]) + draw.uniform(-0.5, 0.5, 1, 4)
    return {"a": single(outer), "b": single(np.concatenate([inner, outer]))}


def another_first_box(inputs, draw):
    a = inputs["a"].copy()
    a[0] = inputs["b"][0] + np.array([-0.5, 0.25, 0.75, 1.0], np.float32)
    return inputs | {"a": a}


box_iou = Exercise(
    points=5,
    torch=True,
    cases={
        "five boxes and three": two_sets,
        "two boxes and six": partial(two_sets, N=2, M=6),
        "one pair": partial(two_sets, N=1, M=1, spread=0.5),
        "boxes apart": apart,
        "a box inside another": inside,
        "boxes as in a photo": partial(two_sets, N=4, M=7, center=400.0, spread=60.0, size=(50.0, 300.0)),
    },
    checks=[
        agrees(
            2,
            "compares every box of a with every box of b",
            on=["five boxes and three", "two boxes and six", "one pair", "boxes as in a photo"],
        ),
        agrees(1, "gives 0 for boxes that do not overlap", on="boxes apart"),
        agrees(
            1, "gives the ratio of areas for a box inside another, and 1 for the same box", on="a box inside another"
        ),
        moves(1, "moving a box changes only its own row", another_first_box, on="five boxes and three"),
    ],
    mistakes=[
        Mistake(
            "not_clamped",
            "You give boxes that are apart on both axes an overlap: the product of two negative sides. Count a negative side as 0.",
            edit(".clamp(min=0)", ""),
        ),
        Mistake(
            "overlap_counted_twice",
            "Your union is the sum of both areas, which counts the intersection twice.",
            edit("area_b - intersection", "area_b"),
        ),
        Mistake(
            "inclusive_pixels",
            "You add 1 to every side, as for whole pixels. Here coordinates are continuous: a side is x2 − x1.",
            lambda a, b: _iou_of(a, b, extra=1.0),
        ),
        Mistake(
            "width_and_height",
            "You read the last two numbers as width and height. They are the coordinates of the opposite corner.",
            lambda a, b: _iou_of(*(torch.cat([box[:, :2], box[:, :2] + box[:, 2:]], 1) for box in (a, b))),
        ),
        Mistake(
            "over_the_smaller",
            "You divide by the smaller area. IoU divides by the union of both.",
            edit("(area_a[:, None] + area_b - intersection)", "torch.minimum(area_a[:, None], area_b)"),
        ),
        Mistake(
            "transposed",
            "You return the transpose: your rows belong to the boxes of b. Row i belongs to box i of a.",
            lambda a, b: _iou_of(b, a),
        ),
        Mistake(
            "corners_swapped",
            "You swap minimum and maximum: the intersection of two boxes begins at the larger of the two left edges.",
            lambda a, b: _iou_of(a, b, larger=torch.minimum, smaller=torch.maximum),
        ),
        Mistake(
            "sides_added",
            "You add the sides of a box for its area. An area is width times height.",
            edit(".prod(dim=-1) for box", ".sum(dim=-1) for box"),
        ),
        Mistake(
            "sides_of_the_intersection_added",
            "You add the sides of the intersection. Its area is width times height.",
            edit(".clamp(min=0).prod(dim=-1)", ".clamp(min=0).sum(dim=-1)"),
        ),
        Mistake(
            "all_sides_added",
            "You add sides where you should multiply them, for all three areas. An area is width times height.",
            lambda a, b: _iou_of(a, b, product=torch.sum),
        ),
        Mistake(
            "area_clamped",
            "You count a negative product of the sides as 0, but two negative sides have a positive one. Count each negative side as 0.",
            edit(".clamp(min=0).prod(dim=-1)", ".prod(dim=-1).clamp(min=0)"),
        ),
        Mistake(
            "left_edge_of_both",
            "Your intersection begins at the smaller of the two left and of the two upper edges. It begins where both boxes have begun.",
            edit("torch.maximum(a[:, None, :2], b[:, :2])", "torch.minimum(a[:, None, :2], b[:, :2])"),
        ),
        Mistake(
            "right_edge_of_both",
            "Your intersection ends at the larger of the two right and of the two lower edges. It ends where the first of the boxes ends.",
            edit("torch.minimum(a[:, None, 2:], b[:, 2:])", "torch.maximum(a[:, None, 2:], b[:, 2:])"),
        ),
        Mistake(
            "xs_before_ys",
            "You read a box as x1, x2, y1, y2. It is x1, y1, x2, y2: a corner, then the opposite corner.",
            lambda a, b: _iou_of(a[:, [0, 2, 1, 3]], b[:, [0, 2, 1, 3]]),
        ),
        Mistake(
            "over_the_first",
            "You divide by the area of the box of a. IoU divides by the union of both.",
            edit("(area_a[:, None] + area_b - intersection)", "(area_a[:, None] + 0 * area_b)"),
        ),
    ],
    hints=[
        "Where does the overlap of two intervals begin, and where does it end?",
        "Which shape does `a[:, None]` have, and with which axes of b does it broadcast?",
        "What is the product of two sides that are both negative?",
    ],
)


def _iou_of(a, b, extra=0.0, larger=torch.maximum, smaller=torch.minimum, product=torch.prod):
    def area(box):
        return product(box[:, 2:] - box[:, :2] + extra, -1)

    sides = smaller(a[:, None, 2:], b[:, 2:]) - larger(a[:, None, :2], b[:, :2]) + extra
    shared = product(sides.clamp(min=0), -1)
    return shared / (area(a)[:, None] + area(b) - shared)


def _overlaps(boxes):
    corner = np.maximum(boxes[:, None, :2], boxes[:, :2]), np.minimum(boxes[:, None, 2:], boxes[:, 2:])
    shared = np.clip(corner[1] - corner[0], 0, None).prod(-1)
    area = (boxes[:, 2:] - boxes[:, :2]).prod(-1)
    return shared / (area[:, None] + area - shared)


def crowds(draw, n=14, crowds=4, threshold=None):
    """Boxes around a few places. No overlap is so near to the threshold that rounding could decide."""
    threshold = float(draw.uniform(0.3, 0.5)) if threshold is None else threshold
    while True:
        place = 12.0 * draw(crowds, 2)[np.arange(n) % crowds]
        middle, half = place + 0.9 * draw(n, 2), draw.uniform(4.0, 7.0, n, 2) / 2
        boxes = single(np.concatenate([middle - half, middle + half], axis=1))
        overlaps = _overlaps(boxes.astype(float))[np.triu_indices(n, 1)]
        if (abs(overlaps - threshold) > 1e-3).all() and (overlaps > threshold).any():
            return {"boxes": boxes, "scores": _distinct(draw, n), "threshold": threshold}


def _distinct(draw, n):
    return single((draw.permutation(n) + draw.uniform(0.1, 0.9, n)) / n)


def chain(draw):
    """Each box suppresses the next: the second is dropped, so that it cannot drop the third."""
    x, y = draw.uniform(-20, 20, 2)
    left = x + 4.0 * np.arange(5)
    boxes = np.stack([left, np.full(5, y), left + 10.0, np.full(5, y + 10.0)], axis=1)
    order = draw.permutation(5)
    scores = np.sort(draw.uniform(0.0, 0.19, 5) + 0.2 * np.arange(5))[::-1]
    return {"boxes": single(boxes[order]), "scores": single(scores[order]), "threshold": 0.3}


def on_the_threshold(draw):
    """The second box covers exactly half of the first, the third a little more."""
    x, y = draw.integers(-20, 20, 2)
    boxes = np.array([[0, 0, 8, 8], [0, 0, 8, 4], [0, 0, 8, 5], [20, 0, 24, 8]]) + [x, y, x, y]
    scores = np.sort(draw.uniform(0.0, 0.2, 4) + 0.25 * np.array([3, 2, 1, 0]))[::-1]
    order = draw.permutation(4)
    return {"boxes": single(boxes[order]), "scores": single(scores[order]), "threshold": 0.5}


def given_twice(draw):
    """No overlap exceeds 1, not even that of a box with its copy."""
    boxes = np.repeat(draw.integers(0, 20, 3, 1, 2) + np.array([[0, 0], [9, 7]]), 2, axis=0).reshape(6, 4)
    return {"boxes": single(boxes), "scores": single(draw.permutation(6) / 8 + 0.2), "threshold": 1.0}


def two_apart(draw):
    """The second has the higher score."""
    boxes = np.array([[0, 0, 4, 3], [6, 5, 9, 9]]) + draw.uniform(-1, 1, 2, 1)
    return {"boxes": single(boxes), "scores": single(draw.uniform(0.1, 0.4, 2) + [0, 0.5]), "threshold": 0.4}


def no_boxes(draw):
    return {"boxes": single(np.zeros((0, 4))), "scores": single(np.zeros(0)), "threshold": 0.5}


def _nms_at_once(boxes, scores, threshold):
    """Drops every box that any better box overlaps, whether that one is kept or not."""
    order = scores.argsort(descending=True)
    overlap = _iou_of(boxes[order], boxes[order]).triu(1)
    return order[(overlap <= threshold).all(0)]


def _nms_in_order_of_score(boxes, scores, threshold, descending=True):
    order = scores.argsort(descending=descending)
    kept = []
    for i in order.tolist():
        if all(float(_iou_of(boxes[i : i + 1], boxes[k : k + 1])) <= threshold for k in kept):
            kept.append(i)
    return torch.tensor(kept, dtype=torch.int64)


def _one_round(boxes, scores, threshold):
    order = scores.argsort(descending=True)
    overlap = _iou_of(boxes[order[:1]], boxes[order])[0] if len(order) else scores
    return order[(overlap <= threshold) | (torch.arange(len(order)) == 0)]


def _places(boxes, scores, threshold):
    """Places in the sorted list instead of indices."""
    order = scores.argsort(descending=True)
    return _nms_in_order_of_score(boxes[order], scores[order], threshold)


nms = Exercise(
    points=6,
    torch=True,
    cases={
        "four crowds": crowds,
        "two crowds and a high threshold": partial(crowds, n=11, crowds=2, threshold=0.7),
        "three crowds and a low threshold": partial(crowds, n=9, crowds=3, threshold=0.1),
        "two boxes apart": two_apart,
        "a chain": chain,
        "an overlap of exactly the threshold": on_the_threshold,
        "a threshold of 1 and boxes given twice": given_twice,
        "no boxes": no_boxes,
    },
    checks=[
        agrees(
            3,
            "keeps the best box of each crowd, by descending score",
            on=["four crowds", "two crowds and a high threshold", "three crowds and a low threshold"],
        ),
        agrees(1, "does not let a dropped box suppress others", on="a chain"),
        agrees(
            1,
            "keeps a box whose overlap is exactly the threshold",
            on=["an overlap of exactly the threshold", "a threshold of 1 and boxes given twice"],
        ),
        agrees(
            1, "keeps boxes that do not overlap, and accepts an empty set of boxes", on=["two boxes apart", "no boxes"]
        ),
    ],
    mistakes=[
        Mistake(
            "dropped_boxes_drop_others",
            "You let a dropped box suppress others. Only kept boxes suppress others.",
            _nms_at_once,
        ),
        Mistake(
            "worst_first",
            "You begin with the lowest score. Keep the box with the highest score of each crowd.",
            edit("descending=True", "descending=False"),
        ),
        Mistake(
            "far_boxes_dropped",
            "You drop the boxes that overlap little and keep those that overlap a lot. Do the opposite.",
            edit("others[overlap <= threshold]", "others[overlap > threshold]"),
        ),
        Mistake(
            "dropped_at_the_threshold",
            "You drop a box whose overlap is exactly the threshold. Drop a box only if its overlap exceeds the threshold.",
            edit("overlap <= threshold", "overlap < threshold"),
        ),
        Mistake(
            "threshold_ignored",
            "You ignore the threshold and always use 0.5.",
            edit("overlap <= threshold", "overlap <= 0.5"),
        ),
        Mistake(
            "sorted_by_index",
            "You return the indices in the order of the boxes. Return them by descending score.",
            lambda boxes, scores, threshold: _nms_in_order_of_score(boxes, scores, threshold).sort().values,
        ),
        Mistake(
            "places_in_the_sorted_list",
            "You return positions in your sorted list. Return indices of the boxes as they are given.",
            _places,
        ),
        Mistake(
            "scores_ignored",
            "You process the boxes in their given order. Begin with the highest score.",
            edit("scores.argsort(descending=True)", "torch.arange(len(scores), device=scores.device)"),
        ),
        Mistake(
            "one_each",
            "You compare only the best box with the others and stop there. Continue with the best of the remaining boxes.",
            _one_round,
        ),
    ],
    hints=[
        "Which box is kept for certain, whatever the others are?",
        "Once that box is kept, which of the others can you drop, and what do you do with the rest?",
        "What does your loop do when there are no boxes at all?",
    ],
)


# yolo_decode


def raw_output(draw, N=2, A=3, K=4, H=3, W=5, stride=16, size=1.0):
    """A last layer's output; H and W, A and K differ, so that none can pass for another."""
    return {
        "prediction": single(size * draw(N, A * (5 + K), H, W)),
        "anchors": single(draw.uniform(10, 90, A, 2)),
        "stride": stride,
    }


def sure(draw):
    """Logits of ±1000 for centre, objectness and classes: a naive sigmoid overflows, in float32 from 89 on."""
    inputs = raw_output(draw, A=2, K=3, H=2, W=4)
    prediction = inputs["prediction"].reshape(2, 2, 8, 2, 4)
    prediction[:, :, [0, 1, 4, 5, 6, 7]] *= FAR
    return inputs | {"prediction": single(prediction.reshape(2, 16, 2, 4))}


another_first_cell = redrawn(prediction=np.s_[:, :, 0, 0])


LAID_OUT = "reshape(N, len(anchors), -1, H, W).permute(0, 1, 3, 4, 2)"

yolo_decode = Exercise(
    points=7,
    torch=True,
    cases={
        "three anchors": raw_output,
        "one anchor, one class": partial(raw_output, A=1, K=1, H=4, W=2),
        "one picture, more rows than columns": partial(raw_output, N=1, A=2, K=3, H=6, W=2, stride=8),
        "a single cell": partial(raw_output, A=2, K=5, H=1, W=1, stride=32),
        "another stride": partial(raw_output, A=2, K=2, H=2, W=3, stride=13),
        "very sure": sure,
    },
    checks=[
        agrees(
            4,
            "returns the box and the scores of every anchor of every cell, in order",
            on=["three anchors", "one picture, more rows than columns", "a single cell"],
        ),
        agrees(
            1, "is right for another stride, and for a single anchor", on=["another stride", "one anchor, one class"]
        ),
        agrees(1, "is finite where the network is very sure", on="very sure"),
        moves(1, "changing a cell changes only its own boxes and scores", another_first_cell, on="three anchors"),
    ],
    mistakes=[
        Mistake(
            "not_squashed",
            "You leave out the sigmoid of tx and ty, so centres fall outside their cells. Apply it before you add the position of the cell.",
            edit("x = (tx.sigmoid() + column)", "x = (tx + column)"),
        ),
        Mistake(
            "rows_and_columns_swapped",
            "You add the row to x and the column to y. x grows along the columns.",
            swapped("column =", "row ="),
        ),
        Mistake(
            "half_a_cell_off",
            "You add half a cell to the centres. σ(tx) already says where in its cell a centre is.",
            edit("(tx.sigmoid() + column) * stride", "(tx.sigmoid() + column + 0.5) * stride"),
        ),
        Mistake(
            "center_not_scaled",
            "Your centres are in units of cells. Multiply them by the stride to get pixels.",
            edit("y = (ty.sigmoid() + row) * stride", "y = ty.sigmoid() + row"),
        ),
        Mistake(
            "anchors_scaled",
            "You multiply the anchors by the stride. They are already in pixels.",
            lambda prediction, anchors, stride: _decoded(prediction, anchors * stride, stride),
        ),
        Mistake(
            "center_and_size",
            "You return centre and size. Return corners: x1, y1, x2, y2.",
            edit("x - width / 2, y - height / 2, x + width / 2, y + height / 2", "x, y, width, height"),
        ),
        Mistake(
            "center_as_corner",
            "You use the centre as the top left corner. The corner is half a width and half a height away from the centre.",
            edit("x - width / 2, y - height / 2, x + width / 2, y + height / 2", "x, y, x + width, y + height"),
        ),
        Mistake(
            "objectness_left_out",
            "You leave the objectness out of the scores. A cell without an object must get a low score.",
            edit("objectness.sigmoid()[..., None] * prediction[..., 5:].sigmoid()", "prediction[..., 5:].sigmoid()"),
        ),
        Mistake(
            "softmax_over_classes",
            "You take a softmax over the classes. In YOLOv3 each class has its own sigmoid, because an object can belong to two classes.",
            edit("prediction[..., 5:].sigmoid()", "prediction[..., 5:].softmax(-1)"),
        ),
        Mistake(
            "cell_before_anchor",
            "You order the boxes by row, column, anchor. Order them by anchor first, then row, then column.",
            lambda prediction, anchors, stride: _decoded(prediction, anchors, stride, cells_first=True),
        ),
        Mistake(
            "channels_interleaved",
            "You split the channels into 5 + K groups of anchors. Each anchor has 5 + K consecutive channels.",
            edit(LAID_OUT, "reshape(N, -1, len(anchors), H, W).permute(0, 2, 3, 4, 1)"),
        ),
        Mistake(
            "reshaped_without_moving",
            "Your reshape mixes channels and cells. Move the channel axis to the end before you flatten the cells.",
            edit(LAID_OUT, "reshape(N, len(anchors), H, W, -1)"),
        ),
    ],
    hints=[
        "Which shape splits A·(5 + K) channels into an axis of anchors and an axis of 5 + K numbers?",
        "With which axis must the grid of columns line up, and with which axis the grid of rows?",
        "Which of the five numbers go through a sigmoid, and which through exp?",
    ],
)


def _decoded(prediction, anchors, stride, cells_first=False):
    N, _, H, W = prediction.shape
    p = prediction.reshape(N, len(anchors), -1, H, W)
    grid = torch.stack(torch.meshgrid(torch.arange(W), torch.arange(H), indexing="xy")).to(prediction.device)
    center = (p[:, :, :2].sigmoid() + grid) * stride
    half = anchors[:, :, None, None] * p[:, :, 2:4].exp() / 2
    boxes, scores = torch.cat([center - half, center + half], 2), p[:, :, 4:5].sigmoid() * p[:, :, 5:].sigmoid()
    order = (0, 3, 4, 1, 2) if cells_first else (0, 1, 3, 4, 2)
    return tuple(part.permute(order).reshape(N, -1, part.shape[2]) for part in (boxes, scores))


# dice_loss


def lost(dice_loss, logits, target, **eps):
    """-> loss, dlogits"""
    logits = logits.requires_grad_()
    loss = dice_loss(logits, target, **eps)
    loss.backward()
    return loss, logits.grad


def masks(draw, shape=(3, 1, 5, 7), size=1.5, share=(0.15, 0.4, 0.7), **eps):
    """Logits and masks; the shares of true pixels differ from example to example."""
    chances = np.resize(share, shape[0]).reshape(-1, *[1] * (len(shape) - 1))
    return {"logits": single(size * draw(*shape)), "target": single(draw.uniform(0, 1, *shape) < chances)} | eps


def very_sure(draw):
    """Logits of ±1000, mostly on the right side."""
    inputs = masks(draw, shape=(2, 6, 4))
    right = np.where(draw.uniform(0, 1, 2, 6, 4) < 0.8, 1, -1) * (2 * inputs["target"] - 1)
    logits = right * draw.uniform(0.5, 1.5, 2, 6, 4) * FAR
    logits[:, 0] = draw(2, 4)  # some of which the gradient is not zero
    return inputs | {"logits": single(logits)}


def another_first_mask(inputs, draw):
    logits = inputs["logits"].copy()
    logits[0] = 1.5 * draw(*logits[0].shape)
    return inputs | {"logits": logits}


dice_loss = Exercise(
    points=6,
    torch=True,
    driver=lost,
    cases={
        "three masks": masks,
        "one mask": partial(masks, shape=(1, 1, 4, 6)),
        "without an axis of channels": partial(masks, shape=(4, 6, 3)),
        "several channels": partial(masks, shape=(2, 3, 4, 5)),
        "another eps": partial(masks, shape=(3, 1, 3, 4), eps=7.5),
        "the usual eps, given": partial(masks, shape=(3, 2, 5), eps=1.0),
        "nothing to find": partial(masks, shape=(2, 1, 5, 3), share=(0.0,)),
        "very sure": very_sure,
    },
    checks=[
        agrees(
            3,
            "returns the loss and its gradient for masks of any shape",
            on=["three masks", "one mask", "without an axis of channels", "several channels"],
        ),
        agrees(1, "uses the given eps", on=["another eps", "the usual eps, given"]),
        agrees(
            1,
            "is finite for an empty mask, and where the network is very sure",
            on=["nothing to find", "very sure"],
        ),
        moves(
            1,
            "changing one example changes only its own gradient",
            another_first_mask,
            on=["three masks", "several channels"],
        ),
    ],
    mistakes=[
        Mistake(
            "over_the_batch",
            "You sum over the whole batch, so examples with large masks dominate. Compute the loss of each example, then take the mean.",
            lambda logits, target, eps=1.0: _dice(logits, target, eps, lambda a: a.sum()),
        ),
        Mistake(
            "not_twice",
            "You leave out the factor 2 of the overlap. With it, a perfect mask has a loss of 0.",
            edit("2 * (p * t)", "(p * t)"),
        ),
        Mistake(
            "no_sigmoid",
            "You use the logits as probabilities. Apply a sigmoid first.",
            edit("logits.sigmoid().flatten(1)", "logits.flatten(1)"),
        ),
        Mistake(
            "hard",
            "You round the probabilities to 0 and 1. A step function passes no gradient: use the probabilities themselves.",
            edit("logits.sigmoid()", "logits.sigmoid().round()"),
        ),
        Mistake(
            "eps_below_alone",
            "You add eps to the denominator only. Add it to the numerator, too, so that two empty masks have a loss of 0.",
            edit("(overlap + eps)", "overlap"),
        ),
        Mistake(
            "squared",
            "You square the terms of the denominator. That is another form of the loss; here they are not squared.",
            edit("p.sum(dim=1) + t.sum(dim=1)", "(p * p).sum(dim=1) + (t * t).sum(dim=1)"),
        ),
        Mistake(
            "jaccard",
            "You divide by the union, which gives the Jaccard index. Dice divides by the sum of both masks.",
            lambda logits, target, eps=1.0: _jaccard(logits, target, eps),
        ),
        Mistake(
            "coefficient",
            "You return the Dice coefficient, which is 1 for a perfect mask. The loss must be 0 there.",
            edit("(1 - (overlap + eps) / (total + eps))", "((overlap + eps) / (total + eps))"),
        ),
        Mistake(
            "eps_ignored",
            "You ignore eps and always use 1, which is only the default.",
            lambda logits, target, eps=1.0: _dice(logits, target, 1.0, lambda a: a.flatten(1).sum(1)),
        ),
        Mistake(
            "channel_by_channel",
            "You compute a Dice loss for each channel and average. Sum over everything that belongs to an example.",
            lambda logits, target, eps=1.0: _dice(
                logits, target, eps, lambda a: a.sum((2, 3)) if a.dim() == 4 else a.flatten(1).sum(1)
            ),
        ),
        Mistake(
            "summed",
            "You sum the losses of the examples. Take their mean.",
            edit("(total + eps)).mean()", "(total + eps)).sum()"),
        ),
    ],
    hints=[
        "Which axes belong to one example, and how do you sum over all of them whatever their number?",
        "What are the overlap, the sum of probabilities and the size of the mask in the handout's example?",
    ],
)


def _dice(logits, target, eps, total):
    p = logits.sigmoid()
    return (1 - (2 * total(p * target) + eps) / (total(p) + total(target) + eps)).mean()


def _jaccard(logits, target, eps):
    p, t = logits.sigmoid().flatten(1), target.flatten(1)
    shared = (p * t).sum(1)
    return (1 - (shared + eps) / (p.sum(1) + t.sum(1) - shared + eps)).mean()


# freeze_backbone


def trainable(freeze_backbone, kind, head, frozen):
    """-> needs_gradient

    Which parameters of a model need gradients after the call, by name. The model is made here: one of four kinds, of which
    some parameters may be frozen beforehand.
    """
    from collections import OrderedDict

    nn = torch.nn

    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(1))
            self.body, self.fc = nn.Linear(3, 4), nn.Linear(4, 2)

    class Alike(nn.Module):
        def __init__(self):
            super().__init__()
            self.head2 = nn.Linear(4, 4)
            self.body = nn.ModuleDict({"head": nn.Linear(3, 4), "overhead": nn.Linear(4, 4)})
            self.head = nn.Linear(4, 2)

    if kind == "plain":
        backbone = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 6, 3), nn.Flatten())
        model = nn.Sequential(OrderedDict(backbone=backbone, head=nn.Linear(6, 3)))
    elif kind == "deep head":
        features = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
        classifier = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 2))
        model = nn.Sequential(OrderedDict(features=features, classifier=classifier))
    else:
        model = Scaled() if kind == "own parameter" else Alike()
    if frozen == "all":
        model.requires_grad_(False)
    elif frozen == "head":
        model.get_submodule(head).requires_grad_(False)
    freeze_backbone(model, head)
    return {name: parameter.requires_grad for name, parameter in model.named_parameters()}


def a_model(draw, kind, head, frozen=""):
    return {"kind": kind, "head": head, "frozen": frozen}


def _frozen_by_name(is_head):
    def freeze(model, head):
        for name, parameter in model.named_parameters():
            parameter.requires_grad = is_head(name, head)

    return freeze


def _children_alone(model, head):
    for name, child in model.named_children():
        child.requires_grad_(name == head)


def _modules_marked(model, head):
    for name, child in model.named_children():
        child.requires_grad = name == head


def _never_switched_on(model, head):
    for name, parameter in model.named_parameters():
        if not name.startswith(head + "."):
            parameter.requires_grad_(False)


def _first_layers_alone(model, head):
    model.requires_grad_(False)
    own = getattr(model, head)
    own = own[-1] if isinstance(own, nn.Sequential) else own
    own.requires_grad_(True)


freeze_backbone = Exercise(
    points=4,
    words={"needs_gradient['#']": "whether {} needs a gradient"},
    torch=True,
    driver=trainable,
    cases={
        "a backbone and a head": partial(a_model, kind="plain", head="head"),
        "a head of several layers": partial(a_model, kind="deep head", head="classifier"),
        "a parameter of the model's own": partial(a_model, kind="own parameter", head="fc"),
        "names alike": partial(a_model, kind="alike", head="head"),
        "a head that comes frozen": partial(a_model, kind="plain", head="head", frozen="head"),
        "a head of several layers that comes frozen": partial(
            a_model, kind="deep head", head="classifier", frozen="head"
        ),
        "all frozen": partial(a_model, kind="deep head", head="classifier", frozen="all"),
        "the other part as the head": partial(a_model, kind="deep head", head="features"),
    },
    checks=[
        agrees(
            2,
            "freezes all but the parameters of the named submodule",
            on=["a backbone and a head", "a head of several layers", "the other part as the head"],
        ),
        agrees(
            1,
            "unfreezes a head that is frozen at the start",
            on=["a head that comes frozen", "a head of several layers that comes frozen", "all frozen"],
        ),
        agrees(
            1,
            "distinguishes the head from similar names, and freezes the model's own parameters",
            on=["names alike", "a parameter of the model's own"],
        ),
    ],
    mistakes=[
        Mistake(
            "not_switched_on",
            "You leave a head frozen that is frozen at the start. Make its parameters require gradients.",
            _never_switched_on,
        ),
        Mistake(
            "the_wrong_part",
            "You freeze the head and train the backbone. Freeze the backbone and train the head.",
            swapped("False", "True"),
        ),
        Mistake(
            "everything_frozen",
            "You freeze everything, so nothing is left to train. The head needs gradients.",
            edit("requires_grad_(True)", "requires_grad_(False)"),
        ),
        Mistake(
            "name_contains_head",
            "You look for the head's name anywhere in a parameter's name. `overhead` and `body.head` contain it, too.",
            _frozen_by_name(lambda name, head: head in name),
        ),
        Mistake(
            "name_starts_with_head",
            "You match every parameter whose name starts with `head`, which includes those of `head2`. The name of a submodule is followed by a dot.",
            _frozen_by_name(lambda name, head: name.startswith(head)),
        ),
        Mistake(
            "children_alone",
            "You leave the model's own parameters unchanged. A parameter may belong to the model itself and to none of its children.",
            _children_alone,
        ),
        Mistake(
            "nothing_changes",
            "Your function changes no parameter. `requires_grad` is an attribute of parameters: misspelt, or set on a module, it does nothing. `requires_grad_` is a method: call it, for an assignment only overwrites it.",
            _modules_marked,
        ),
        Mistake(
            "last_layer_alone",
            "You unfreeze only the last layer of the head. Train all of its layers.",
            _first_layers_alone,
        ),
        Mistake(
            "backbone_unchanged",
            "You switch on the head's gradients, but the backbone stays as it was. Is `requires_grad` misspelt there, or `requires_grad_` not called?",
            edit("model.requires_grad_(False)\n    ", ""),
        ),
    ],
    hints=[
        "What decides whether a parameter gets a gradient, and which method sets it for all parameters of a module at once?",
        "How do you get a submodule if you have its name as a string?",
    ],
)


# finetune

STROKE = 1.1  # half the width of a line, in pixels


def shape_of(kind, x, y, t):
    """Where a shape is, on coordinates from −1 to 1 with y downwards; t is half the width of a line."""
    box = (abs(x) <= 1) & (abs(y) <= 1)
    top, bottom, left, right = y <= -1 + 2 * t, y >= 1 - 2 * t, x <= -1 + 2 * t, x >= 1 - 2 * t
    rising, falling = abs(x + y) <= 1.4 * t, abs(x - y) <= 1.4 * t
    upright, level = abs(x) <= t, abs(y) <= t
    return {
        "disc": np.hypot(x, y) <= 1,
        "ring": (np.hypot(x, y) <= 1) & (np.hypot(x, y) >= 1 - 2 * t),
        "diamond": abs(x) + abs(y) <= 1.1,
        "triangle": box & (abs(x) <= (1 + y) / 2),
        "funnel": box & (abs(x) <= (1 - y) / 2),
        "frame": box & (top | bottom | left | right),
        "plus": box & (upright | level),
        "cross": box & (rising | falling),
        "slash": box & rising,
        "backslash": box & falling,
        "bar": box & level,
        "pole": box & upright,
        "L": box & (left | bottom),
        "T": box & (top | upright),
        "U": box & (left | right | bottom),
        "cap": box & (left | right | top),
        "H": box & (left | right | level),
    }[kind]


OLD = ("disc", "frame", "plus", "slash", "backslash", "bar", "pole", "L", "triangle", "U", "H", "diamond")
NEW = ("T", "ring", "cross", "funnel", "cap")


def pictures(draw, kinds, each, size=16):
    """Noisy pictures of shapes in any place and of any size, as bytes, and their labels; in a random order."""
    rows, columns = np.mgrid[:size, :size]
    labels = draw.permutation(len(kinds) * each) % len(kinds)
    images = np.zeros((len(labels), 1, size, size))
    for image, label in zip(images, labels, strict=True):
        radius = draw.uniform(3.5, 6.0)
        cy, cx = draw.uniform(radius, size - 1 - radius, 2)
        image[0] = draw.uniform(0.7, 1.3) * shape_of(
            kinds[label], (columns - cx) / radius, (rows - cy) / radius, STROKE / radius
        )
    return as_bytes(images + 0.25 * draw(*images.shape)), labels


def as_bytes(images):
    """Grey values from −2 to 2 in 64 steps, so that a key stays small."""
    return (np.clip(np.round(16 * images), -32, 31) + 32).astype(np.uint8)


def few_examples(draw, shots=5, old=50, held=40):
    """Old classes with many pictures, new ones with a few; as many pictures again of the new ones are held back."""
    old_images, old_labels = pictures(draw, OLD, old)
    images, labels = pictures(draw, NEW, shots)
    held_images, truth = pictures(draw, NEW, held)
    return dict(
        seed=int(draw.integers(0, 2**31)),
        old_images=old_images,
        old_labels=old_labels,
        images=images,
        labels=labels,
        held_images=held_images,
        truth=truth,
    )


def transferred(finetune, seed, old_images, old_labels, images, labels, held_images):
    """-> labels (M)

    The backbone is trained here on the old classes; that is not what is graded, so it reports no loss.
    """
    from collections import OrderedDict

    nn = torch.nn

    def layer(i, o):
        return [nn.Conv2d(i, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU()]

    def grey(images):
        return (images.float() - 32) / 16

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    maps = [*layer(1, 16), nn.MaxPool2d(2), *layer(16, 32), nn.MaxPool2d(2), *layer(32, 64)]
    backbone = nn.Sequential(*maps, nn.AdaptiveMaxPool2d(1), nn.Flatten())
    model = nn.Sequential(OrderedDict(backbone=backbone, head=nn.Linear(64, int(old_labels.max()) + 1))).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
    for _ in range(200):
        chosen = torch.randint(len(old_images), (64,)).to(device)
        moved = torch.roll(grey(old_images[chosen]), torch.randint(-2, 3, (2,)).tolist(), (2, 3))
        loss = nn.functional.cross_entropy(model(moved), old_labels[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    optimizer.zero_grad()
    model = finetune(model, grey(images), labels)
    model.eval()
    with torch.no_grad():
        return model(grey(held_images)).argmax(1)


def _from_nothing(model):
    for module in model.modules():
        if hasattr(module, "reset_parameters"):
            module.reset_parameters()
    return model


def _trained_whole(model, images, labels, lr=0.003):
    model.head = nn.Linear(model.head.in_features, int(labels.max()) + 1).to(images.device)
    model.train()
    optimizer = torch.optim.Adam(model.parameters(), lr)
    for _ in range(100):
        loss = nn.functional.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


def _optimizer_first(model, images, labels):
    optimizer = torch.optim.Adam(model.head.parameters(), lr=0.02)
    model.head = nn.Linear(model.head.in_features, int(labels.max()) + 1).to(images.device)
    for _ in range(100):
        loss = nn.functional.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


def _always_the_same(model, images, labels):
    model.head = nn.Linear(model.head.in_features, int(labels.max()) + 1).to(images.device)
    nn.init.zeros_(model.head.weight)
    return model


finetune = Exercise(
    points=5,
    torch=True,
    driver=transferred,
    seconds=40,
    cases={"five new shapes, five pictures of each": few_examples},
    checks=[reaches(5, "labels at least 85 % of new pictures correctly", "accuracy", at_least=0.85)],
    mistakes=[
        Mistake(
            "from_nothing",
            "You reset the backbone to random weights, and so few pictures cannot train it.",
            lambda model, images, labels: _trained_whole(_from_nothing(model), images, labels),
        ),
        Mistake(
            "steps_too_large",
            "You train the whole network with steps so large that the backbone forgets what it has learned.",
            lambda model, images, labels: _trained_whole(model, images, labels, lr=0.3),
        ),
        Mistake(
            "optimizer_of_the_old_head",
            "You create the optimizer before the new head, so it updates the parameters of the old head.",
            _optimizer_first,
        ),
        Mistake(
            "uphill", "You step along the gradient, so the loss rises.", edit("loss.backward()", "(-loss).backward()")
        ),
        Mistake("too_short", "You stop training before the head has learned anything.", edit("range(100)", "range(1)")),
        Mistake("gives_one_class", "Your model predicts the same class for every picture.", _always_the_same),
    ],
    hints=[
        "Which part of the given model knows nothing of the new classes, and which shape must its replacement have?",
        "Which parameters does your optimizer update, and do they exist when you create it?",
        "With five pictures per class, how many parameters can you train without overfitting?",
    ],
)


# grad_cam


def feature_maps(draw, N=2, C=5, H=3, W=4):
    """Feature maps, and gradients whose channels differ: some speak for the class, some against it."""
    lean = draw.signs(N, C, 1, 1) * draw.uniform(0.3, 1.5, N, C, 1, 1)
    return {"activations": single(draw(N, C, H, W)), "gradients": single(lean + draw(N, C, H, W))}


def against(draw):
    """In the first example all channels are active and speak against the class, in the second all speak for it."""
    size = draw.uniform(0.2, 1.5, 2, 2, 4, 3, 5)
    size[1, 0] *= -1
    return {"activations": single(size[0]), "gradients": single(size[1])}


def another_first_example(inputs, draw):
    return {name: np.concatenate([single(2 * draw(1, *maps.shape[1:])), maps[1:]]) for name, maps in inputs.items()}


WEIGHTED = "(weights * activations).sum(dim=1).relu()"

grad_cam = Exercise(
    points=4,
    torch=True,
    cases={
        "two examples": feature_maps,
        "as many examples as channels, rows and columns": partial(feature_maps, N=4, C=4, H=4, W=4),
        "many channels": partial(feature_maps, N=3, C=17, H=2, W=5),
        "a single channel": partial(feature_maps, N=3, C=1, H=4, W=2),
        "maps of one place": partial(feature_maps, N=2, C=6, H=1, W=1),
        "a single example": partial(feature_maps, N=1, C=3, H=5, W=2),
        "all against the class": against,
    },
    checks=[
        agrees(
            2,
            "weights each channel with the mean of its gradients, and adds up",
            on=["two examples", "as many examples as channels, rows and columns", "many channels"],
        ),
        agrees(1, "shows only what speaks for the class", on=["all against the class", "a single channel"]),
        moves(
            1,
            "makes each example's map from its own maps alone",
            another_first_example,
            on=["two examples", "a single example", "maps of one place"],
        ),
    ],
    mistakes=[
        Mistake(
            "place_by_place",
            "You multiply each activation by the gradient of its own place. Average the gradients over all places first: a channel has one weight.",
            edit("gradients.mean(dim=(2, 3), keepdim=True)", "gradients"),
        ),
        Mistake(
            "no_relu",
            "Your map has negative entries, where the network saw what speaks against the class. Only what speaks for it is shown.",
            edit(".relu()", ""),
        ),
        Mistake(
            "relu_before_the_sum",
            "You drop what is negative in each channel, and add up the rest. What speaks against the class must first be set off against what speaks for it.",
            returns("(weights * activations).relu().sum(dim=1)"),
        ),
        Mistake(
            "weights_cut_off",
            "You drop channels with negative weights. They count in the sum; relu comes after it.",
            edit("keepdim=True)", "keepdim=True).relu()"),
        ),
        Mistake(
            "sizes",
            "You take the absolute value. What speaks against the class must not look like what speaks for it.",
            edit(".relu()", ".abs()"),
        ),
        Mistake(
            "summed_over_places",
            "You add up a channel's gradients. Take their mean, so that the weight does not grow with the map.",
            edit("gradients.mean(", "gradients.sum("),
        ),
        Mistake(
            "averaged_over_channels",
            "You average over the channels. Their weighted maps add up.",
            edit("(weights * activations).sum(", "(weights * activations).mean("),
        ),
        Mistake(
            "swapped",
            "You weight the gradients with the means of the activations. The map shows activations: it is the gradients that are averaged.",
            edit("gradients.mean", "activations.mean").then("weights * activations", "weights * gradients"),
        ),
        Mistake(
            "scaled",
            "You scale each map so that its largest entry is 1. That is for showing it: return the sums themselves.",
            edit(
                f"return {WEIGHTED}",
                f"cam = {WEIGHTED}\n    return cam / (cam.amax(dim=(1, 2), keepdim=True) + 1e-8)",
            ),
        ),
        Mistake(
            "scaled_together",
            "You divide by the largest entry of all maps. That is for showing them: return the sums themselves.",
            edit(f"return {WEIGHTED}", f"cam = {WEIGHTED}\n    return cam / cam.max()"),
        ),
        Mistake(
            "weights_over_the_batch",
            "You average the gradients over the examples, too. Each example has weights of its own.",
            edit("dim=(2, 3)", "dim=(0, 2, 3)"),
        ),
    ],
    hints=[
        "Which one number says how much a whole channel matters to the class, and which shape do these numbers have so that they meet the activations?",
        "Over which axis do the weighted maps add up, and what becomes of places where the sum is negative?",
    ],
)


# segment


def scenes(draw, n, size=24):
    """Noisy pictures with a disc and a cross, each brighter or darker than the ground, and their masks: 0, 1, 2."""
    rows, columns = np.mgrid[:size, :size]
    images, labels = 0.15 * draw(n, 1, size, size), np.zeros((n, size, size), np.uint8)
    for image, mask in zip(images, labels, strict=True):
        places = 6 + 12 * draw.permutation(2)
        for kind, place in zip((1, 2), places, strict=True):
            radius = draw.uniform(3.5, 5.5)
            cy, cx = draw.uniform(radius, size - 1 - radius), place + draw.uniform(-0.4, 0.4)
            y, x = abs(rows - cy), abs(columns - cx)
            is_cross = (np.maximum(x, y) <= radius) & (np.minimum(x, y) <= 1)
            here = np.hypot(x, y) <= 0.9 * radius if kind == 1 else is_cross
            mask[here] = kind
            image[0, here] += draw.signs() * draw.uniform(0.7, 1.3)
    return as_bytes(images), labels


def discs_and_crosses(draw, seen=80, held=40):
    images, masks = scenes(draw, seen)
    held_images, truth = scenes(draw, held)
    seed = int(draw.integers(0, 2**31))
    return dict(seed=seed, images=images, masks=masks, held_images=held_images, truth=truth.astype(np.int64))


def segmented(UNet, seed, images, masks, held_images):
    """Train your UNet to find discs and crosses in noisy pictures, pixel by pixel.

    -> labels (M, H, W)
    """

    def grey(images):
        return (images.float() - 32) / 16

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    model = UNet(1, 3, 8).to(device)
    optimizer = torch.optim.Adam(model.parameters())
    images, masks, steps = grey(images), masks.long(), 400
    for step in range(1, steps + 1):
        chosen = torch.randint(len(images), (8,)).to(device)
        loss = torch.nn.functional.cross_entropy(model(images[chosen]), masks[chosen])
        optimizer.param_groups[0]["lr"] = 0.01 * min(10 * step / steps, 1, 2 * (1 - step / (steps + 1)))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)  # a first step too long leaves relus dead
        optimizer.step()
        report(step, steps, loss.item())
    model.eval()
    with torch.no_grad():
        return model(grey(held_images)).argmax(1)


class Constant(nn.Module):
    """The same logits everywhere."""

    def __init__(self, in_channels, num_classes, width):
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(num_classes))

    def forward(self, x):
        return self.logits[:, None, None].expand(len(x), -1, *x.shape[2:])


segment = Exercise(
    points=5,
    torch=True,
    driver=segmented,
    pieces=["UNet"],
    seconds=40,
    cases={"discs and crosses": discs_and_crosses},
    checks=[reaches(5, "finds discs and crosses with a mean IoU of at least 0.85", "mean_iou", at_least=0.85)],
    mistakes=[
        Mistake(
            "answers_by_the_picture",
            "Your network averages the map before it classifies, so all pixels of a picture get the same logits.",
            edit("classify(up)", "classify(up.mean((2, 3), keepdim=True)).expand(-1, -1, *x.shape[2:])", of="UNet"),
        ),
        Mistake(
            "detached",
            "Your network is detached before the last layer, so no other layer gets a gradient.",
            edit("self.classify(up)", "self.classify(up.detach())", of="UNet"),
        ),
        Mistake("gives_one_class", "Your network gives every pixel the same logits.", Constant),
    ],
    hints=[
        "Does your UNet learn the tiny example of its own exercise? Look there first.",
        "What can a network predict for a pixel without its surroundings, and what without its exact position?",
    ],
)
