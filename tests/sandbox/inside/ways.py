"""Go through what NumPy and the standard library's mathematics offer, and print which of it solves an exercise and which is let through.

    python ways.py IDEA [OPERATION NOT COVERED ...]

Run as a process of its own, as the doors that it hangs stay. It prints JSON: {"solve": [names], "passes": [names]}.
"""

import contextlib
import functools
import io
import json
import math
import operator
import pkgutil
import signal
import statistics
import sys
import warnings
from dataclasses import replace

import numpy as np

from grader.sandbox.inside import doors, ideas

RNG = np.random.default_rng(3)
N, K, M = 3, 4, 5
A, B = RNG.standard_normal((N, K)), RNG.standard_normal((K, M))
S, V = RNG.standard_normal((K, K)) + 3 * np.eye(K), RNG.standard_normal(K)
INVERSE, BLOCKS = np.linalg.inv(S), np.zeros((N + K + M,) * 2)
BLOCKS[:N, N : N + K], BLOCKS[N : N + K, N + K :] = A, B
FOLDERS = (
    "numpy",
    "numpy.linalg",
    "numpy.fft",
    "numpy.ma",
    "numpy.lib",
    "numpy.polynomial",
    "numpy.strings",
    "numpy.rec",
)
PRIVATE = ("numpy._core.multiarray", "numpy._core.umath", "numpy._core._multiarray_umath", "numpy._core.numeric",
           "numpy._core.einsumfunc", "numpy.linalg._linalg", "numpy.linalg._umath_linalg")  # fmt: skip
LONGEST = 0.5  # seconds: a few functions loop for ever over what they were not made for
LEFT_OUT = (
    "set",
    "save",
    "test",
    "fromfile",
    "memmap",
    "load",
    "show",
    "info",
    "_",
    "get_handler",
    "runs",
    "open",
    "flatten_inplace",
)


def every_pair(f, *more):
    return np.array([[np.asarray(f(row, column, *more)).item() for column in B.T] for row in A])


def convolved(f, *more):
    return np.array([[np.asarray(getattr(c := f(r, b[::-1], *more), "coef", c)).ravel()[-K] for b in B.T] for r in A])


PRODUCT = {
    "A, B": lambda f: f(A, B),
    "A, B.T": lambda f: f(A, B.T),
    "B.T, A.T": lambda f: f(B.T, A.T).T,
    "A, B.T turned": lambda f: f(A, B.T).T,
    "A, B, 1": lambda f: f(A, B, 1),
    "[A, B]": lambda f: f([A, B]),
    "ij,jk": lambda f: f("ij,jk", A, B),
    "indices": lambda f: f(A, [0, 1], B, [1, 2]),
    "rows and columns": lambda f: f(A[:, None, :], B.T[None]),
    "each row": lambda f: f(A[:, None, :], B),
    "every pair": every_pair,
    "every pair, valid": lambda f: every_pair(f, "valid"),
    "every pair, 0": lambda f: every_pair(f, 0),
    "one entry of a convolution": convolved,
    "the square of blocks": lambda f: f(BLOCKS, 2)[:N, N + K :],
    "the covariance of opposites": lambda f: f(np.hstack([A, -A]), np.hstack([B.T, -B.T]))[:N, N:] * (2 * K - 1) / 2,
    "along an axis": lambda f: np.apply_along_axis(f, 1, A, B),
    "the inverse's solution": lambda f: f(INVERSE, B),
    "the inverse's solution, first": lambda f: f(INVERSE, B)[0],
    "the inverse's least squares": lambda f: f(INVERSE, B, -1)[0],
}
PRODUCT_OF_S = {"the inverse's inverse": lambda f: f(INVERSE), "the inverse's power": lambda f: f(INVERSE, -1)}


def times_v(inverse):
    return (np.asarray(inverse) * V).sum(axis=1)


SOLUTION = {
    "A, b": lambda f: f(S, V),
    "A, b, first": lambda f: f(S, V)[0],
    "A, b, least squares": lambda f: f(S, V, -1)[0],
    "A, b as a column": lambda f: f(S, V[:, None])[:, 0],
    "the inverse": lambda f: times_v(f(S)),
    "the power -1": lambda f: times_v(f(S, -1)),
    "the inverse as a tensor": lambda f: times_v(f(S, 1)),
}
ALL = {
    "a product of matrices": [(PRODUCT, (A[:, :, None] * B).sum(1)), (PRODUCT, (S[:, :, None] * B).sum(1)), (PRODUCT_OF_S, S)],
    "linear algebra": [(SOLUTION, np.linalg.solve(S, V))],
}  # fmt: skip


def offered():
    """(name, function) of all that can be called; what is looked up is what is there now."""
    for name in dir(np.ndarray):
        if callable(getattr(np.ndarray, name)) and (name.startswith("__") or not name.startswith("_")):
            yield f"ndarray.{name}", getattr(np.ndarray, name)  # the private ones change an array's shape in place
    for kind in (np.matrix, np.ma.MaskedArray, np.poly1d, np.polynomial.Polynomial):
        for name in ("__mul__", "__matmul__", "__pow__", "__rmul__", "__rmatmul__", "dot", "getI"):
            if hasattr(kind, name):
                yield f"{kind.__name__}.{name}", functools.partial(of_kind, kind, name)
    for module in modules():
        for name, value in list(vars(module).items()):
            if callable(value) and not isinstance(value, type) and not name.startswith(LEFT_OUT):
                yield f"{module.__name__}.{name}", value


def of_kind(kind, name, *values):
    return np.asarray(
        getattr(kind(values[0]), name)(*[kind(v) if isinstance(v, np.ndarray) else v for v in values[1:]])
    )


def modules():
    names = set(FOLDERS) | set(PRIVATE)
    for folder in ("numpy.lib", "numpy.polynomial", "numpy.ma", "numpy.linalg"):
        package = sys.modules[folder]
        names |= {
            f"{folder}.{found.name}" for found in pkgutil.iter_modules(package.__path__) if "test" not in found.name
        }
    for name in sorted(names):
        with contextlib.suppress(ImportError):
            __import__(name)
            yield sys.modules[name]
    yield from (math, operator, statistics)


def too_long(*_):
    raise TimeoutError


def copies(function, way):
    """A way's answer, on arrays that a function may change without harm to the next."""
    kept = [(array, array.copy()) for array in (A, B, S, V, INVERSE, BLOCKS)]
    signal.setitimer(signal.ITIMER_REAL, LONGEST)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            return np.asarray(way(function), float)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for array, before in kept:
            array[...] = before


def solves(function, way, right):
    try:
        answer = copies(function, way)
    except Exception:
        return False
    return answer.shape == right.shape and bool(np.allclose(answer, right))


def passes(function, way, idea, hung):
    try:
        with doors.refused([idea], hung):
            copies(function, way)
    except (doors.ForbiddenOperation, TypeError):  # TypeError: it is locked, under a name that has no door
        return False
    return True


def main(idea, *uncovered):
    signal.signal(signal.SIGALRM, too_long)
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    if uncovered:
        known = ideas.IDEAS[idea]
        left = tuple(path for path in known.operations if path not in uncovered)
        ideas.IDEAS[idea] = replace(known, operations=left)
    found = {
        (name, how): (way, right)
        for name, function in offered()
        for ways, right in ALL[idea]
        for how, way in ways.items()
        if solves(function, way, right)
    }
    hung = doors.hang([idea])
    now = dict(offered())
    let = sorted({f"{name} ({how})" for (name, how), (way, _) in found.items() if passes(now[name], way, idea, hung)})
    print(json.dumps({"solve": sorted({name for name, _ in found}), "passes": let}))


main(*sys.argv[1:])
