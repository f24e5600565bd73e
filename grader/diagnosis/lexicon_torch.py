"""What exceptions of PyTorch mean: rows of the lexicon."""

from grader.diagnosis.lexicon_numpy import ALIGNED, NAMED_TWICE

CUT = (
    "No gradient can come back from your answer: `.item()`, `.detach()`, `.data`, `.numpy()`, `float(…)` and "
    "`torch.tensor(…)` cut it off from what it was computed from. Compute with torch's tensors all the way."
)

TORCH: tuple[tuple[str, str, str], ...] = (
    (
        r"size of tensor a \((\d+)\) must match the size of tensor b \((\d+)\) at non-singleton dimension (\d+)",
        "",
        f"Along axis {{2}} one tensor has {{0}} entries, the other {{1}}. {ALIGNED} Does one number for each example need "
        "axes of length 1 behind it: reshape, unsqueeze, keepdim=True?",
    ),
    (
        r"The expanded size of the tensor .* Target sizes: (\[.*?\])\.\s+Tensor sizes: (\[.*?\])",
        "",
        "A tensor of shape {1} is put into, or expanded to, shape {0}: from the right, each of its axes must be as long as the "
        "one there, or 1.",
    ),
    (
        r"mat1 and mat2 shapes cannot be multiplied \((\d+)x(\d+) and (\d+)x(\d+)\)",
        "",
        "A product of ({0}, {1}) and ({2}, {3}): {1} and {2} must be equal. Is one of them to be transposed, or is a layer "
        "as wide as it should be?",
    ),
    (
        r"Dimension out of range \(expected to be in range of \[-?\d+, (-?\d+)\], but got (-?\d+)\)",
        "",
        "The axes of that tensor are counted from 0 to {0}: there is no axis {1}. Is the count off by one, or has an axis "
        "been lost on the way?",
    ),
    (
        r"dim \d+ appears multiple times in the list of dims",
        "",
        NAMED_TWICE,
    ),
    (
        r"masked_fill_? only supports boolean masks",
        "",
        "A mask holds True and False: give it dtype=torch.bool, or compare, as in mask == 0.",
    ),
    (
        r"shape '(\[.*?\])' is invalid for input of size (\d+)",
        "",
        "{1} entries do not fill the shape {0}: the lengths of its axes must multiply to {1}.",
    ),
    (
        r"does not require grad and does not have a grad_fn|Can't call numpy\(\) on Tensor that requires grad",
        "",
        CUT,
    ),
    (
        r"Index tensor must have the same number of dimensions as input tensor",
        "",
        "gather picks along one axis, by an index with as many axes as what it picks from. To pick one entry for each "
        "index, give the index an axis of length 1 there, and take that axis off what you get.",
    ),
    (
        r"a Tensor with (\d+) elements cannot be converted to Scalar",
        "",
        "`.item()` and `float(…)` take one number, and this tensor has {0}. Is a sum or a mean missing?",
    ),
    (
        r"modified by an inplace operation|leaf Variable that requires grad is being used in an in-place",
        "",
        "The gradient needs that value as it was: write `x = x + y`, not `x += y`, and no assignment into a part of it.",
    ),
    (
        r"backward through the graph a second time",
        "",
        "What backward needs is gone after the first time. Compute the loss anew in each step.",
    ),
    (
        r"grad can be implicitly created only for scalar",
        "",
        "A loss is one number, and this has an axis left. Is a sum or a mean missing?",
    ),
    (
        r"must have the same dtype, but got:? (?:Bool|bool) and|must have the same dtype, but got:? \w+ (?:and|!=) (?:Bool|bool)",
        "",
        "A mask stands where numbers are due: it was passed as another argument. Pass it by keyword, mask=…",
    ),
    (
        r"(?:to|must) have the same dtype, but got:? (\w+) (?:!=|and) (\w+)",
        "",
        "Tensors of {0} and of {1} meet: make the new one with the dtype of what came in, torch.zeros_like(x) or dtype=x.dtype.",
    ),
    (
        r"could not infer output dtype.*Got: (\w+)",
        "",
        "A mean of whole numbers ({0}) or of a mask is not defined: .float() first.",
    ),
    (
        r"(\w+)\(\): argument '\w+' \(position 1\) must be Tensor, not numpy.ndarray",
        "",
        "torch.{0} takes a tensor, and this is a NumPy array: compute with torch all the way.",
    ),
    (
        r"(\w+)\(\): argument '\w+' \(position 1\) must be Tensor, not (\w+)",
        "",
        "torch.{0} takes a tensor, and this is a plain {1}: use `math` for a number, as in math.{0}.",
    ),
    (
        r"before Module.__init__\(\) call",
        "",
        "A module begins its __init__ with super().__init__().",
    ),
    (
        r"view size is not compatible",
        "",
        "After a transpose the entries are no longer in order in memory: reshape copies them where it must, view does not.",
    ),
    (
        r"torch.return_types.(\w+)",
        "",
        "torch.{0} along an axis returns two things, values and indices: take .values.",
    ),
)
