"""The exceptions that beginners meet, raised with the libraries that are installed: each gets a sentence of ours."""

import math
import re

import numpy as np
import pytest

from grader.diagnosis.lexicon import LEXICON, advice

A, B = np.ones((4, 5)), np.ones((3, 4))


class Number:
    """A class with one method, which is no good."""

    def without_self():
        pass


def bordered():
    padded = np.zeros((7, 7))
    padded[0:-0, 0:-0] = np.ones((7, 7))


def placed():
    place = np.zeros((2, 3))
    place[:] = A


def unpacked(count):
    if count == 3:
        _a, _b, _c = A.shape
    else:
        _a, _b = np.ones(3)


def too_late(is_known=False):
    if is_known:
        best = 0
    return best


def unpack(value):
    for _place, _entry in [value]:
        pass


def assign(value):
    value[0] = 1.0


def placed_at(x, y):
    return x, y


def in_place():
    counts = np.zeros(3, int)
    counts += 0.5


RAISING = {  # the call, the line that it stands for where that matters, and words of our sentence
    "a row lost in a swap": (lambda: np.linalg.solve(np.ones((3, 3)), np.ones(3)), "", "A[[i, j]] = A[[j, i]]"),
    "if of an array": (lambda: bool(A), "", "np.where"),
    "max of an array": (lambda: max(A, 0), "", "np.maximum"),
    "math.exp of an array": (lambda: math.exp(A), "", "np.exp for math.exp"),
    "float of an array": (lambda: float(np.ones(3)), "", "NumPy's function"),
    "an empty border": (bordered, "x[:, p:-p] = y", "`p:-p` means `0:0`"),
    "a place of another shape": (placed, "place[:] = A", "shape (4,5) is put into a place of shape (2,3)"),
    "shapes that do not go together": (lambda: A + B, "", "Shapes (4,5) and (3,4)"),
    "a product": (lambda: A @ A, "", "which has 5 entries, and the last but one of B, which has 4"),
    "np.dot": (lambda: np.dot(A, A), "", "product of (4,5) and (4,5)"),
    "an axis": (lambda: A.mean(axis=2), "", "has 2 axes, and the count begins at 0: there is no axis 2"),
    "an index": (lambda: A[:, -100], "", "Axis 1 has 5 entries, and the count begins at 0: there is no entry -100"),
    "a mask": (lambda: A[np.ones((3, 5), bool)], "", "A mask of 3 entries cannot choose among 4 along axis 0"),
    "reshape": (lambda: A.reshape(3, 7), "", "20 entries do not fill the shape (3,7)"),
    "concatenate": (lambda: np.concatenate([A, B]), "", "joined along one axis"),
    "stack": (lambda: np.stack([A, B]), "", "stacked must all have one shape"),
    "rows of different lengths": (lambda: np.array([[1], [1, 2]]), "", "rows of different lengths"),
    "a float index": (lambda: A[1.0], "", "`//` a whole number"),
    "float indices": (lambda: A[np.array([0.5])], "", ".astype(int)"),
    "range of a float": (lambda: range(2.0), "", "`//` a whole number"),
    "the largest of nothing": (lambda: np.zeros(0).max(), "x[1:1].max()", "largest or the smallest of nothing"),
    "an empty window": (lambda: np.zeros(0).max(), "x[i * size:i * size + stride].max()", "multiple of the stride"),
    "the older np.random": (lambda: np.random.default_rng(0).randn(3), "", "`randn` belongs to the older np.random"),
    "math.log of 0": (lambda: math.log(0), "", "numbers above 0"),
    "math.exp of 1000": (lambda: math.exp(1000), "", "np.exp gives inf"),
    "a list plus a number": (lambda: [1] + 1, "", "joins a list"),
    "the shape of a tuple": (lambda: (1, 2).shape, "", "a tuple, not an array"),
    "None": (lambda: None + 1, "", "is None"),
    "an entry of None": (lambda: None.shape, "", "is None"),
    "three names for two parts": (lambda: unpacked(3), "", "3 names on the left, and 2 parts"),
    "two names for three parts": (lambda: unpacked(2), "", "2 names on the left"),
    "fractions in place": (in_place, "", "array of whole numbers"),
    "np.zeros(3, 4)": (lambda: np.zeros(3, 4), "", "np.zeros((n, m))"),
    "index arrays": (lambda: A[np.arange(4), np.arange(3)], "", "(4,) does not go with (3,)"),
    "a letter of einsum": (
        lambda: np.einsum("ij,jk->ik", A, A),
        "np.einsum(…)",
        "gets shapes (4,5) and (4,5), and one of its letters",
    ),
    "too many letters": (lambda: np.einsum("ijk->i", A), "", "Operand 0 of np.einsum, counted from 0, has fewer axes"),
    "too few letters": (lambda: np.einsum("i->i", A), "", "has more axes than letters"),
    "a letter from nowhere": (lambda: np.einsum("ij->k", A), "", "The letter k stands behind `->`"),
    "np.add.at": (lambda: np.add.at(np.zeros((4, 5)), [0, 1], np.ones((2, 3))), "", "places that the indices choose"),
    "a product with a number": (lambda: A @ np.float64(2), "", "a single number, or something that is no array"),
    "a product with a function": (lambda: A @ len, "", "a function must be called"),
    "a negative length": (lambda: np.zeros((2, -1)), "", "length of an axis is negative"),
    "a shape of fractions": (
        lambda: np.random.default_rng(0).normal(0.0, (2, 3), np.float64(0.5)),
        "",
        "rng.normal(mean, deviation, shape)",
    ),
    "np.eye of an array": (lambda: np.eye(np.ones(3, int)), "", "Is its length meant"),
    "an entry of a number": (lambda: np.float64(1.0)[0], "", "A single number has no entries"),
    "too many indices": (lambda: A[0, 0, 0], "", "3 indices, and the array has 2 axes"),
    "below 0 without a sign": (lambda: np.ones(2, np.uint32) & -1, "", "uint32 does not hold that number"),
    "parts of a number": (lambda: unpack(np.float64(1.0)), "", "which has no parts"),
    "the length of a function": (lambda: len(len), "", "of type builtin_function_or_method"),
    "a loop over a number": (lambda: list(3), "", "`range(…)` missing"),
    "an entry of a function": (lambda: len[0], "", "is a function called with `( )`"),
    "an entry is set in a tuple": (lambda: assign((1, 2)), "", "A tuple cannot be changed"),
    "an axis twice": (lambda: A.sum((1, -1)), "", "named twice"),
    "a transpose with an axis twice": (lambda: A.transpose(1, 1), "", "Name each axis once"),
    "an entry is set in a number": (lambda: assign(2.0), "", "this is of type float"),
    "an entry too far": (lambda: [1, 2][2], "", "ends one below the length"),
    "nothing to take": (lambda: [].pop(), "", "Nothing is left there"),
    "the least of nothing": (lambda: min([]), "", "to choose from"),
    "an argument left out": (lambda: placed_at(1), "", "The call of placed_at leaves out 'y'"),
    "no self": (lambda: Number().without_self(1), "", "Does its `def` begin with self?"),
    "an argument too many": (lambda: placed_at(1, 2, 3), "", "3 arguments for a function that has 2"),
    "dim of NumPy": (lambda: A.sum(dim=0), "", "has no argument called dim"),
    "an argument twice": (lambda: placed_at(1, x=2), "", "x comes twice"),
    "1 / 0": (lambda: 1 / 0, "", "The divisor there is 0"),
    "a list times a fraction": (lambda: [1, 2] * 0.5, "", "np.array(x)"),
    "a list less a number": (lambda: [1, 2] - 1, "", "np.array(x)"),
    "a function times a number": (lambda: 2 * len, "", "call it, f(x)"),
    "an array is called": (lambda: A(1), "", "of type numpy.ndarray is called"),
    "a number is called": (lambda: getattr(A, "ndim")(), "", "of type int is called"),  # noqa: B009
    "no __add__": (lambda: Number() + Number(), "", "__add__"),
    "no __rmul__": (lambda: 2 * Number(), "", "__rmul__"),
    "no __neg__": (lambda: -Number(), "", "__neg__"),
    "np": (lambda: eval("np.exp(1)", {}), "", "Add `import numpy as np` at the top"),
    "math": (lambda: eval("math.exp(1)", {}), "", "Add `import math` at the top"),
    "F": (lambda: eval("F.relu(1)", {}), "", "Add `import torch.nn.functional as F`"),
    "nn": (lambda: eval("nn.Linear(1)", {}), "", "`from torch import nn`"),
    "a name of nothing": (lambda: eval("scores + 1", {}), "", "Nothing gives scores a value before that line"),
    "a value that comes too late": (too_late, "", "Give it a value first"),
    "no such function": (lambda: np.softmax(A), "", "There is no softmax in numpy"),
    "a tensor's method": (lambda: A.unsqueeze(0), "", "as to a PyTorch tensor?"),
    "a number's shape": (lambda: (2.0).shape, "", "What stands before .shape is no array"),
    "an attribute that nobody set": (
        lambda: Number().weights,
        "",
        "If that is a method, define it in the class; if not, does its __init__ set self.weights",
    ),
    "no __pow__": (lambda: Number() ** 2, "", "__pow__"),
}


def message_of(call):
    with pytest.raises(Exception) as raised:  # noqa: PT011
        call()
    return str(raised.value)


@pytest.mark.parametrize(("call", "line", "words"), RAISING.values(), ids=RAISING)
def test_an_exception_of_numpy_or_python_gets_a_sentence(call, line, words):
    assert words in advice(message_of(call), line)


def test_where_numpy_says_what_became_of_a_name_nothing_is_added():
    assert advice(message_of(lambda: np.float(1)).replace("\n", " ")) == ""


def of_torch():
    """The same of PyTorch: {name: (the call, words of our sentence)}."""
    torch = pytest.importorskip("torch")
    T, U, leaf = torch.ones(4, 5), torch.ones(3, 4), torch.ones(2, requires_grad=True)

    def changed_in_place():
        y = leaf.exp()
        y += 1
        y.sum().backward()

    def twice():
        y = (leaf * 2).sum()
        y.backward()
        y.backward()

    class Plain(torch.nn.Module):
        def __init__(self):
            self.layer = torch.nn.Linear(2, 2)

    return {
        "if": (lambda: bool(T), "np.where"),
        "sizes": (lambda: T + U, "Along axis 1 one tensor has 5 entries, the other 4"),
        "a product": (lambda: T @ T, "A product of (4, 5) and (4, 5)"),
        "an axis": (lambda: T.mean(2), "from 0 to 1: there is no axis 2"),
        "numpy": (lambda: leaf.numpy(), "No gradient can come back"),
        "a cut graph": (lambda: torch.ones(2).sum().backward(), "No gradient can come back"),
        "an axis twice": (lambda: T.mean((1, -1)), "An axis is named twice"),
        "a mask of numbers": (lambda: T.masked_fill(torch.ones(4, 5), 0.0), "give it dtype=torch.bool"),
        "gather": (lambda: T.gather(1, torch.zeros(4, dtype=torch.int64)), "an axis of length 1 there"),
        "item": (lambda: T.item(), "this tensor has 20"),
        "view": (lambda: T.view(3, 7), "20 entries do not fill the shape [3, 7]"),
        "view of a transpose": (lambda: torch.ones(3, 4).T.view(12), "reshape copies"),
        "put into another's column": (
            lambda: torch.ones(1, 4)[:, 0].__setitem__(slice(None), torch.ones(5)),
            "shape [5] is put into, or expanded to, shape [1]",
        ),
        "expanded": (lambda: U.expand(4, 4), "shape [3, 4] is put into, or expanded to, shape [4, 4]"),
        "cat": (lambda: torch.cat([T, U]), "joined along one axis"),
        "stack": (lambda: torch.stack([T, U]), "stacked must all have one shape"),
        "in place": (changed_in_place, "`x = x + y`"),
        "in place in a leaf": (lambda: leaf.add_(1), "`x = x + y`"),
        "backward twice": (twice, "Compute the loss anew"),
        "backward of a vector": (lambda: (leaf * 2).backward(), "A loss is one number"),
        "a mask for numbers": (lambda: torch.nn.Linear(3, 4)(torch.ones(2, 3, dtype=torch.bool)), "Pass it by keyword"),
        "two precisions": (lambda: T @ torch.ones(5, 2).double(), "Tensors of float and of double meet"),
        "the mean of whole numbers": (lambda: torch.ones(2, dtype=torch.int64).mean(), ".float() first"),
        "a number": (lambda: torch.exp(1.0), "math.exp"),
        "an array": (lambda: torch.exp(np.ones(3)), "compute with torch all the way"),
        "float indices": (lambda: T[torch.ones(2)], ".long()"),
        "no super().__init__()": (Plain, "super().__init__()"),
        "an array's method": (lambda: T.astype(int), ".astype is .to there"),
        "max along an axis": (lambda: torch.max(T, 1) - T, "take .values"),
    }


def test_an_exception_of_pytorch_gets_a_sentence():
    for name, (call, words) in of_torch().items():
        assert words in advice(message_of(call)), name


def test_no_row_of_the_table_is_out_of_use():
    """Each is raised by the libraries that are installed, so that a new version whose words differ is noticed."""
    raised = [(message_of(call), line) for call, line, _ in RAISING.values()]
    raised += [(message_of(call), "") for call, _ in of_torch().values()]
    seen = {
        next((row for row in LEXICON if re.search(row[0], m) and re.search(row[1], line)), None) for m, line in raised
    }
    assert [row[0] for row in LEXICON if row not in seen] == []


def test_one_entry_is_not_called_1_entries():
    text = advice(message_of(lambda: np.ones((2, 1)) @ np.ones((3, 4))))
    assert "which has 1 entry, and the last but one of B, which has 3" in text


def test_what_the_table_does_not_have_is_passed_over():
    assert advice("") == advice("invalid literal for int() with base 10: 'x'") == ""
    assert advice("unsupported operand type(s) for -: 'str' and 'int'") == ""
