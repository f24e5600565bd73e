r"""A formula in LaTeX as MathML, which browsers draw and screen readers read.

latex2mathml passes on what it does not know, and any attribute that LaTeX can name. So its elements are looked at one by one:
what is not mathematics is refused, and attributes that browsers act on do not arrive.
"""

import html
import re
from itertools import pairwise
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from grader.errors import GraderError

# An element and how many parts it has; None for any number.
ELEMENTS = dict.fromkeys(("math", "mrow", "mtable", "mtr", "mtd", "mstyle", "msqrt", "mpadded", "mphantom")) | {
    **dict.fromkeys(("mi", "mn", "mo", "mtext", "mspace"), 0),
    **dict.fromkeys(("mfrac", "msub", "msup", "munder", "mover", "mroot"), 2),
    **dict.fromkeys(("msubsup", "munderover"), 3),
}
ATTRIBUTES = {
    *("accent", "columnalign", "display", "displaystyle", "fence", "form", "linethickness", "mathvariant", "maxsize"),
    *("minsize", "movablelimits", "scriptlevel", "separator", "stretchy", "width"),
}
SCRIPTED = ("msub", "msup", "msubsup", "munder", "mover", "munderover")
# What latex2mathml lacks, in words that it has.
KNOWN = (
    (re.compile(r"\\(arg|sgn|diag|tr)(?![A-Za-z])"), r"\\operatorname{\1}"),
    (re.compile(r"\\operatorname\*"), r"\\operatorname"),
    (re.compile(r"\\mathrm\{([A-Za-z])\}"), r"\\text{\1}"),  # it sets a single letter in italics
)
NEGATIVE = {"negativethinmathspace": "-0.167em"}  # a word that today's browsers no longer know
FUNCTIONS = {"cos", "cosh", "exp", "ln", "log", "sin", "sinh", "tan", "tanh"}  # what it sets as a name of some letters
FUNCTION = "function"  # marks, while an element is looked at, the name of a function, with or without an index
OPENING = ("(", "[", "{", "|", "‖", "⟨", "⌊", "⌈")
CLOSING = (")", "]", "}", "|", "‖", "⟩", "⌋", "⌉", "!")
SIGNS = ("−", "+", "±")
THIN = "0.167em"
NAMESPACE = "http://www.w3.org/1998/Math/MathML"


def mathml(latex: str, is_display: bool) -> str:
    """One formula as a <math> element; ValueError names a formula that cannot be shown. GraderError without latex2mathml."""
    try:
        from latex2mathml.converter import convert_to_element
    except ImportError:
        raise GraderError(
            "formulas become pages with latex2mathml, which is not installed; pip install 'deep-grade[web]'"
        ) from None
    text = latex
    for pattern, instead in KNOWN:
        text = pattern.sub(instead, text)
    try:
        tree = convert_to_element(text, display="block" if is_display else "inline")
        _clean(tree)
        for element in tree.iter():
            element.attrib.pop(FUNCTION, None)
    except Exception as error:  # it raises whatever a formula makes it meet
        reason = f"{error}" or type(error).__name__.removesuffix("Error")
        raise ValueError(f"a formula cannot be shown ({reason}): {' '.join(latex.split())[:120]}") from None
    tree.set("xmlns", NAMESPACE)
    return ElementTree.tostring(tree, "unicode")


def _clean(element: Element) -> None:
    """Leave of an element and what it holds only what is mathematics; ValueError for anything else."""
    if element.tag not in ELEMENTS:
        raise ValueError(f"<{element.tag}> is no mathematics")
    parts = ELEMENTS[element.tag]
    if parts is not None and len(element) != parts:
        raise ValueError(f"{element.tag} has {len(element)} parts, not {parts}")
    element.text = html.unescape(element.text or "")
    element.tail = None
    if "\\" in element.text:
        raise ValueError(f"unknown command {element.text}")
    kept = {name: NEGATIVE.get(value, value) for name, value in element.items() if name in ATTRIBUTES}
    element.attrib.clear()
    element.attrib.update(kept)
    for child in element:
        _clean(child)
    _name(element)
    _join(element)
    _space(element)


def _name(element: Element) -> None:
    """Names are no operators, round which a browser would put wide spaces: max, ∞. A colon is one."""
    text, base = element.text or "", element[0] if len(element) else None
    if element.tag == "mo" and (text == "∞" or (len(text) > 1 and text.isalpha())):
        element.tag = "mi"
        element.attrib.clear()
        element.attrib.update({} if text == "∞" else {FUNCTION: ""})
    elif element.tag == "mi" and text == ":":
        element.tag = "mo"
    elif (element.tag == "mi" and text in FUNCTIONS) or (
        element.tag in SCRIPTED and base is not None and FUNCTION in base.attrib
    ):
        element.set(FUNCTION, "")


def _space(element: Element) -> None:
    """A thin space between the name of a function and what stands beside it, but for signs and parentheses: y log p."""
    children = list(element) if element.tag in ("mrow", "math") else []
    spaced: list[Element] = []
    for left, right in pairwise(children):
        spaced.append(left)
        if left.tag == "mo" and right.tag == "mo" and right.text in SIGNS and left.text not in CLOSING:
            right.set("form", "prefix")  # a sign, not a difference: (−1), = −x
        is_before = FUNCTION in left.attrib and not _opens(right)
        is_after = FUNCTION in right.attrib and left.tag not in ("mo", "mspace") and not is_before
        if (is_before and right.tag != "mo") or is_after:
            spaced.append(Element("mspace", width=THIN))
    if spaced:
        element[:] = [*spaced, children[-1]]


def _opens(element: Element) -> bool:
    """Whether an element begins with an opening parenthesis."""
    while element.tag == "mrow" and len(element):
        element = element[0]
    return (element.text or "") in OPENING


def _join(element: Element) -> None:
    r"""Upright letters that stand together become one word: \mathrm{softmax} is read as a word, not spelled."""
    if element.tag not in ("mrow", "math"):
        return
    previous: Element | None = None
    for child in list(element):
        is_letter = child.tag == "mi" and child.get("mathvariant") == "normal" and (child.text or "").isalpha()
        if is_letter and previous is not None:
            previous.text = f"{previous.text}{child.text}"
            previous.attrib.pop("mathvariant", None)  # a word is upright anyway
            element.remove(child)
        else:
            previous = child if is_letter else None
