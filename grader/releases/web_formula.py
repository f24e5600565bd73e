r"""A formula in LaTeX as MathML, which browsers draw and screen readers read.

latex2mathml passes on what it does not know, and any attribute that LaTeX can name. So its elements are looked at one by one:
what is not mathematics is refused, and attributes that browsers act on do not arrive.
"""

import html
import re
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
# What latex2mathml lacks, in words that it has.
KNOWN = (
    (re.compile(r"\\(arg|sgn|diag|tr)(?![A-Za-z])"), r"\\operatorname{\1}"),
    (re.compile(r"\\operatorname\*"), r"\\operatorname"),
    (re.compile(r"\\mathrm\{([A-Za-z])\}"), r"\\text{\1}"),  # it sets a single letter in italics
)
NEGATIVE = {"negativethinmathspace": "-0.167em"}  # a word that today's browsers no longer know
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
    _join(element)


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
