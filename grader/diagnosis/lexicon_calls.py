"""What exceptions of Python say of a line's own calls, brackets and loops: rows of the lexicon, for lines of the student's own."""

CALLS: tuple[tuple[str, str, str], ...] = (
    (
        r"cannot unpack non-iterable ([\w.]+) object",
        "",
        "There are several names on the left, and one value of type {0}, which has no parts. In a loop, `enumerate(x)` gives a "
        "count and an entry each time, `zip(x, y)` an entry of each.",
    ),
    (
        r"object of type '([\w.]+)' has no len\(\)",
        "",
        "len(…) counts the entries of an array or a list, and this is of type {0}. Are the arguments of a call in the right order?",
    ),
    (
        r"'([\w.]+)' object is not iterable|iteration over a 0-d array",
        "",
        "A loop goes over the entries of an array or a list, and this is one value. Is `range(…)` missing around a count?",
    ),
    (
        r"'tuple' object does not support item assignment",
        "",
        "A tuple cannot be changed. To fill entry by entry, make an array first, such as np.zeros((n, m)).",
    ),
    (
        r"'([\w.]+)' object (?:is not subscriptable|does not support item assignment)",
        "",
        "Brackets `[ ]` take entries of an array or a list, and this is of type {0}. What was it meant to be, and is a function "
        "called with `( )`?",
    ),
    (
        r"(?:list|tuple|string) (?:assignment )?index out of range",
        "",
        "There are not that many entries: the count begins at 0 and ends one below the length. `x[-1]` is the last one.",
    ),
    (
        r"pop from (?:an )?empty (list|set|deque)|pop from an empty (deque)|(min|max)\(\) (?:arg|iterable argument) is (?:an )?empty",
        "",
        "Nothing is left there to take or to choose from. Where does what is searched begin and end?",
    ),
    (
        r"([\w.]+)\(\) missing \d+ required (?:positional|keyword-only) arguments?: (.+)",
        "",
        "The call of {0} leaves out {1}.",
    ),
    (
        r"\b\w+\.\w+\(\) takes (?:from \d+ to )?(\d+) positional arguments? but (\d+) (?:was|were) given",
        "",
        "{1} arguments for a method that has {0}; the object itself counts as the first. Does its `def` begin with self?",
    ),
    (
        r"takes (?:from \d+ to )?(\d+) positional arguments? but (\d+) (?:was|were) given",
        "",
        "{1} arguments for a function that has {0}. Is another function meant, or do some belong into one tuple?",
    ),
    (
        r"([\w.]+)\(\) got an unexpected keyword argument '(\w+)'",
        "",
        "{0} has no argument called {1}. NumPy says axis and keepdims, PyTorch dim and keepdim.",
    ),
    (
        r"([\w.]+)\(\) got multiple values for argument '(\w+)'",
        "",
        "{1} comes twice: by its place and by its name.",
    ),
    (
        r"division by zero|modulo by zero|float modulo",
        "",
        "The divisor there is 0. Is it a count of nothing, or a whole number that `//` or int(…) has cut to 0?",
    ),
    (
        r"can't multiply sequence by non-int|unsupported operand type\(s\) for .+'(?:list|tuple)'",
        "",
        "A list or a tuple does not compute: make an array of it, np.array(x), or take one of its parts.",
    ),
    (
        r"unsupported operand type\(s\) for .+'(?:function|builtin_function_or_method|method|numpy.ufunc)'",
        "",
        "A function stands there where its value is meant: call it, f(x).",
    ),
)
