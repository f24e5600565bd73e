"""Worked examples of handouts: what stands below `>>> softmax(np.array([1.0, 2.0]))` is what the reference answers.

A block of Python that begins with `>>>` is run with the unit's reference and with `np`, and its answers are compared to as many
digits as are printed.
"""

import doctest
import re
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from grader.course.author_code import reason
from grader.course.unit import Unit

BLOCK = re.compile(r"^```python\n(>>> .*?)^```$", re.MULTILINE | re.DOTALL)
DIGITS = re.compile(r"(?<![\w.])-?\d+(?:\.\d*)?(?:e[-+]?\d+)?")
DECIMALS = 4  # of what a handout prints


def wrong_examples(unit: Unit, name: str) -> Iterator[str]:
    """What is wrong in the worked examples of an exercise's section; nothing where all are right."""
    for block in BLOCK.findall(unit.handout(name)):
        yield from differences(block, {"np": np} | vars(unit.reference))


def differences(source: str, names: dict[str, Any]) -> list[str]:
    """What the answers of a block are, where they are not what stands below them."""
    found = []
    for example in doctest.DocTestParser().get_examples(source):
        typed, want = example.source.strip(), example.want.strip()
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                got = _answer(typed, names)
        except Exception as error:
            if type(error).__name__ not in want:
                found.append(f"{typed} raises {reason(error)}")
            continue
        if not alike(want, got):
            found.append(f"{typed} gives {got}, and the handout says {want}")
    return found


def alike(want: str, got: str) -> bool:
    """The same text but for white space, and the same numbers to as many decimals as were printed."""
    skeletons = ("".join(DIGITS.sub("#", text).split()) for text in (want, got))
    if len(set(skeletons)) > 1:
        return False
    for printed, number in zip(DIGITS.findall(want), DIGITS.findall(got), strict=True):
        decimals = len(printed.partition(".")[2])
        if abs(float(printed) - float(number)) > 0.5 * 10.0**-decimals * 1.001 + 0.5 * 10.0**-DECIMALS:
            return False
    return True


def _answer(typed: str, names: dict[str, Any]) -> str:
    """What a line answers, as it is printed; nothing for a statement."""
    try:
        code = compile(typed, "handout.md", "eval")
    except SyntaxError:
        exec(compile(typed, "handout.md", "exec"), names)
        return ""
    answer = eval(code, names)
    return "" if answer is None else shown(answer)


def shown(value: Any) -> str:
    """An answer as a handout prints it: NumPy's words, four decimals, and numbers as plain numbers."""
    if isinstance(value, tuple | list):
        inside = ", ".join(map(shown, value)) + ("," if isinstance(value, tuple) and len(value) == 1 else "")
        return f"({inside})" if isinstance(value, tuple) else f"[{inside}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {shown(item)}" for key, item in value.items()) + "}"
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return repr(round(value, DECIMALS))
    if isinstance(value, complex):
        return repr(complex(round(value.real, DECIMALS), round(value.imag, DECIMALS)))
    with np.printoptions(precision=DECIMALS, suppress=True):
        return repr(value)
