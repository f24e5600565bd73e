"""What exceptions of Python, NumPy and PyTorch mean to somebody who meets them for the first time, as one table.

Each row has the words by which an exception is known, what the line that raised it must hold (empty for any line), and our
sentence, in which `{0}`, `{1}`, … are what the brackets of the first have caught: the shapes, the sizes, the names that met.
The first row that fits is taken. The tests raise each of them with the libraries that are installed.
"""

import re

OPERATORS = {
    "+": "add",
    "-": "sub",
    "*": "mul",
    "/": "truediv",
    "//": "floordiv",
    "@": "matmul",
    "** or pow()": "pow",
    "**": "pow",
}
PLAIN = {
    "int",
    "float",
    "bool",
    "complex",
    "str",
    "list",
    "tuple",
    "dict",
    "set",
    "function",
    "builtin_function_or_method",
}
NUMBERS = {"int", "float", "numpy.float64", "numpy.ndarray"}
CUT = (
    "No gradient can come back from your answer: `.item()`, `.detach()`, `.data`, `.numpy()`, `float(…)` and "
    "`torch.tensor(…)` cut it off from what it was computed from. Compute with torch's tensors all the way."
)
ALIGNED = "Axes are lined up from the right, and must be equally long there, or 1."

LEXICON: tuple[tuple[str, str, str], ...] = (
    (
        r"truth value of an array|Boolean value of Tensor",
        "",
        "`if`, `and`, `max(…)` and `min(…)` ask the array one question, and each entry has its own answer. Choose entry "
        "by entry: np.where, np.maximum, a mask.",
    ),
    (
        r"only (?:0-dimensional|length-1|size-1) arrays can be converted",
        "",
        "The functions of `math`, and `float(…)`, take one number, and this is an array. NumPy's function of the same "
        "name, np.exp for math.exp, takes every entry.",
    ),
    (
        r"could not broadcast input array from shape (\(.*?\)) into shape (\([^)]*\b0\b[^)]*\))",
        r"-\s*\w+\s*[\],]",
        "The slice on the left is empty, {1}: with p = 0, `p:-p` means `0:0`. Count from the other side, `p:p + n`, or "
        "treat a padding of 0 by itself.",
    ),
    (
        r"could not broadcast input array from shape (\(.*?\)) into shape (\(.*?\))",
        "",
        "An array of shape {0} is put into a place of shape {1}.",
    ),
    (
        r"operands could not be broadcast together with shapes (\(.*?\)) (\(.*?\))",
        "",
        f"Shapes {{0}} and {{1}} do not go together. {ALIGNED} Does a sum, a mean or a maximum need keepdims=True, or is "
        "it taken along another axis?",
    ),
    (
        r"size of tensor a \((\d+)\) must match the size of tensor b \((\d+)\) at non-singleton dimension (\d+)",
        "",
        f"Along axis {{2}} one tensor has {{0}} entries, the other {{1}}. {ALIGNED} Does one number for each example need "
        "axes of length 1 behind it: reshape, unsqueeze, keepdim=True?",
    ),
    (
        r"core dimension \d.*\(size (\d+) is different from (\d+)\)",
        "",
        "A product `A @ B` adds along the last axis of A, which has {1} entries, and the last but one of B, which has {0}. "
        "Is one of them to be transposed, or are they in the wrong order?",
    ),
    (
        r"shapes (\(.*?\)) and (\(.*?\)) not aligned",
        "",
        "A product of {0} and {1}: the last axis of the first must be as long as the last but one of the second. Is one "
        "of them to be transposed, or are they in the wrong order?",
    ),
    (
        r"mat1 and mat2 shapes cannot be multiplied \((\d+)x(\d+) and (\d+)x(\d+)\)",
        "",
        "A product of ({0}, {1}) and ({2}, {3}): {1} and {2} must be equal. Is one of them to be transposed, or is a layer "
        "as wide as it should be?",
    ),
    (
        r"axis (-?\d+) is out of bounds for array of dimension (\d+)",
        "",
        "That array has {1} axes, and the count begins at 0: there is no axis {0}. Is the count off by one, or has an "
        "axis been lost on the way?",
    ),
    (
        r"Dimension out of range \(expected to be in range of \[-?\d+, (-?\d+)\], but got (-?\d+)\)",
        "",
        "The axes of that tensor are counted from 0 to {0}: there is no axis {1}. Is the count off by one, or has an axis "
        "been lost on the way?",
    ),
    (
        r"index (-?\d+) is out of bounds for axis (\d+) with size (\d+)",
        "",
        "Axis {1} has {2} entries, and the count begins at 0: there is no entry {0}. Is the axis the right one, and is "
        "each number an index at all, or one that only marks a place?",
    ),
    (
        r"boolean index did not match indexed array along axis (\d+); size of axis is (\d+) but size of corresponding boolean axis is (\d+)",
        "",
        "A mask of {2} entries cannot choose among {1} along axis {0}: it was made for another array, or along another axis.",
    ),
    (
        r"cannot reshape array of size (\d+) into shape (\(.*?\))",
        "",
        "{0} entries do not fill the shape {1}: the lengths of its axes must multiply to {0}.",
    ),
    (
        r"shape '(\[.*?\])' is invalid for input of size (\d+)",
        "",
        "{1} entries do not fill the shape {0}: the lengths of its axes must multiply to {1}.",
    ),
    (
        r"concatenation axis must match exactly|Sizes of tensors must match except in dimension",
        "",
        "What is joined along one axis must be equally long along all others. Is it the right axis?",
    ),
    (
        r"all input arrays must have the same shape|stack expects each tensor to be equal size",
        "",
        "What is stacked must all have one shape. To join pieces of different lengths, concatenate them.",
    ),
    (
        r"setting an array element with a sequence",
        "",
        "An entry of an array is one number, and here it gets several: rows of different lengths, or a whole array in one "
        "place.",
    ),
    (
        r"only integers, slices",
        "",
        "An index is a whole number: `/` gives a float even where nothing is left over, `//` a whole number.",
    ),
    (
        r"arrays used as indices must be of integer|tensors used as indices must be long",
        "",
        "Indices are whole numbers, and these are floats: .astype(int) or .long() makes them so, if that is what they are.",
    ),
    (
        r"cannot be interpreted as an integer",
        "",
        "A count or a length is a whole number: `/` gives a float even where nothing is left over, `//` a whole number.",
    ),
    (
        r"zero-size array to reduction operation",
        r"stride|size|window|kernel",
        "A window that is cut out there is empty. Does it begin at a multiple of the stride, and end its size later, not "
        "the other way round?",
    ),
    (
        r"zero-size array to reduction operation",
        "",
        "The array there is empty, and nothing is the largest or the smallest of nothing. Where does the slice begin and end?",
    ),
    (
        r"Generator' object has no attribute '(\w+)'",
        "",
        "`{0}` belongs to the older np.random. A generator has rng.standard_normal and rng.normal, rng.random, "
        "rng.integers, rng.permutation, each with the shape as one argument.",
    ),
    (
        r"math domain error",
        "",
        "math.log takes numbers above 0, math.sqrt none below 0. NumPy's functions give -inf or nan there instead.",
    ),
    (
        r"math range error|Result too large",
        "",
        "The number is too large: above 709 math.exp raises, where np.exp gives inf. Find the form in which what is "
        "exponentiated is never far above 0.",
    ),
    (
        r"does not require grad and does not have a grad_fn|Can't call numpy\(\) on Tensor that requires grad",
        "",
        CUT,
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
    (
        r"can only concatenate (list|tuple) ",
        "",
        "`+` joins a {0} to another, and adds no numbers: make an array of it first. Or is one of several answers of a "
        "function meant?",
    ),
    (
        r"'(list|tuple)' object has no attribute '(?:shape|T|sum|mean|dtype|ndim|size)'",
        "",
        "That is a {0}, not an array. Is one of several answers of a function meant, or is np.array(…) missing?",
    ),
    (
        r"'NoneType'",
        "",
        "Something on that line is None: a function that returns nothing, or an argument that may be None and is None here?",
    ),
    (
        r"not enough values to unpack \(expected (?:at least )?(\d+), got (\d+)\)",
        "",
        "There are {0} names on the left, and {1} parts on the right. Print its shape, or its length.",
    ),
    (
        r"too many values to unpack \(expected (\d+)",
        "",
        "There are {0} names on the left, and more parts on the right. Print its shape, or its length.",
    ),
    (
        r"Cannot cast ufunc '\w+' output from dtype\('float",
        "",
        "An array of whole numbers cannot take fractions in place: begin with one of floats, or write `x = x + y`.",
    ),
    (
        r"Cannot interpret '(.*?)' as a data type",
        "",
        "np.zeros and np.ones take the shape as one argument, in brackets of its own: np.zeros((n, m)).",
    ),
    (
        r"'(\w+)' object is not callable",
        "",
        "A value of type {0} is called like a function: is one name used for two things, or is an operator missing before the bracket?",
    ),
)


def advice(message: str, line: str = "") -> str:
    """What an exception means, by its message and the line of code that raised it; empty where the table has nothing."""
    for pattern, on_line, sentence in LEXICON:
        if (found := re.search(pattern, message)) and re.search(on_line, line):
            return sentence.format(*found.groups())
    return _missing_method(message)


def _missing_method(message: str) -> str:
    """What to define, where an operator meets a class of the student's own; empty for anything else."""
    if found := re.search(r"unsupported operand type\(s\) for (.+?)=?: '([\w.]+)' and '([\w.]+)'", message):
        operator, left, right = found.groups()
        own = [name for name in (left, right) if name not in PLAIN and "." not in name and name != "Tensor"]
        if operator in OPERATORS and own:
            is_reflected = left in NUMBERS
            method = f"__{'r' if is_reflected else ''}{OPERATORS[operator]}__"
            return f"`{left} {operator[:2].strip()} {right}` asks {own[0]} for the method {method}, and it has none that takes this."
    if found := re.search(r"bad operand type for unary (.): '(\w+)'", message):
        method = {"-": "__neg__", "+": "__pos__", "~": "__invert__"}[found[1]]
        return f"`{found[1]}x` asks {found[2]} for the method {method}, and it has none."
    return ""
