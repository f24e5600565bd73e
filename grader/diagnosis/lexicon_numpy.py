"""What exceptions of NumPy mean, and those of Python that arrays and numbers meet: rows of the lexicon."""

NAMED_TWICE = "An axis is named twice, perhaps once counted from the front and once from the end. Name each axis once."
ALIGNED = "Axes are lined up from the right, and must be equally long there, or 1."

NUMPY: tuple[tuple[str, str, str], ...] = (
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
        r"duplicate value in 'axis'|repeated axis",
        "",
        NAMED_TWICE,
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
        r"(?i)\bsingular\b",
        "",
        "The matrix at that line is singular. If the one that you were given is not, was a row lost on the way? `A[i], A[j] = A[j], A[i]` swaps views and writes one row twice; `A[[i, j]] = A[[j, i]]` swaps copies.",
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
        r"axis (-?\d+) is out of bounds for array of dimension (\d+)",
        "",
        "That array has {1} axes, and the count begins at 0: there is no axis {0}. Is the count off by one, or has an "
        "axis been lost on the way?",
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
        r"indexing arrays could not be broadcast together with shapes (\(.*?\)) (\(.*?\))",
        "",
        "Index arrays between one pair of brackets are taken together, entry by entry, and {0} does not go with {1}. "
        "Is one of them for another axis, or one entry too long?",
    ),
    (
        r"remapped shapes \[original->remapped\]: (\(.*?\))->\S* (\(.*?\))->",
        r"einsum",
        "np.einsum gets shapes {0} and {1}, and one of its letters stands for axes of different lengths. Write the letters "
        "under each shape, one by one.",
    ),
    (
        r"too many subscripts for operand (\d+)",
        "",
        "Operand {0} of np.einsum, counted from 0, has fewer axes than letters.",
    ),
    (
        r"operand has more dimensions than subscripts given in einstein sum",
        "",
        "An operand of np.einsum has more axes than letters. Give each axis a letter, or write `...` for the others.",
    ),
    (
        r"output subscript '(\w)' which never appeared in an input",
        "",
        "The letter {0} stands behind `->`, and no operand of np.einsum has it.",
    ),
    (
        r"array is not broadcastable to correct shape",
        "",
        "What is added has another shape than the places that the indices choose: compare the two shapes.",
    ),
    (
        r"does not have enough dimensions \(has 0",
        "",
        "On one side of `@` there is a single number, or something that is no array, such as a function. A number multiplies "
        "with `*`; a function must be called.",
    ),
    (
        r"negative dimensions are not allowed",
        "",
        "The length of an axis is negative there. Is it a difference the wrong way round?",
    ),
    (
        r"expected a sequence of integers or a single integer",
        "",
        "That is the place of a shape, which is made of whole numbers. Are the arguments in the right order? "
        "rng.normal(mean, deviation, shape)",
    ),
    (
        r"only integer scalar arrays can be converted to a scalar index",
        "",
        "A count or an index is one whole number, and this is an array. Is its length meant, len(x) or x.shape[0]?",
    ),
    (
        r"invalid index to scalar variable",
        "",
        "A single number has no entries to take. Has an axis been lost on the way, or is there one index too many?",
    ),
    (
        r"too many indices for array: array is (\d+)-dimensional, but (\d+) were indexed",
        "",
        "{1} indices, and the array has {0} axes. Has an axis been lost on the way?",
    ),
    (
        r"out of bounds for (u?int\d+)",
        "",
        "{0} does not hold that number: it has a smallest and a largest one. Compute with int64, or with floats.",
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
        r"'([\w.]+)' object is not callable",
        "",
        "A value of type {0} is called like a function: is one name used for two things, or is an operator missing before the bracket?",
    ),
)
