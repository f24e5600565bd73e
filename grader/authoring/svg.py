"""A unit's pictures as SVG: drawn by its `pictures.py`, written so that a rebuild gives the same bytes.

Coordinates have one decimal and ids count from 1, so that neither rounding on another machine nor matplotlib's hashes
change the file. Text is drawn as outlines, so that no page needs the font.
"""

import hashlib
import io
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

from grader.authoring.handouts import illustrations
from grader.course.author_code import where
from grader.course.unit import Unit
from grader.errors import GraderError

LIMIT = 40_000  # bytes: a picture must not be larger than the text around it
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
GEOMETRY = re.compile(
    r'(?<= d=")[^"]+|(?<= points=")[^"]+|(?<=translate\()[^)]+|(?<= [xy]=")[^"]+|(?<=width=")[^"]+|(?<=height=")[^"]+'
)
PLACE = 0.2  # how far two coordinates may differ if both were rounded to a tenth of a point
REFERENCE = re.compile(r"(?<=url\(#)[^)]+|(?<=href=\"#)[^\"]+")
NAMES = {"": "http://www.w3.org/2000/svg", "xlink": "http://www.w3.org/1999/xlink"}
MADE = re.compile(r' data-drawn-by="([0-9a-f]+) ([^"]*)"')


class PictureError(GraderError):
    """A picture that cannot be drawn; the message says which and why."""


def pictures(unit: Unit) -> dict[str, bytes]:
    """The SVG of each of a unit's pictures, by file name."""
    if not unit.has_pictures:
        illustrations(unit)
        return {}
    try:
        import matplotlib
    except ImportError:
        raise PictureError(
            f"{unit.name} has pictures, which need matplotlib: pip install -c constraints.txt -e '.[author]'"
        ) from None
    from grader.authoring.pictures import STYLE

    illustrations(unit)
    mark = f"{digest(unit)} {matplotlib.__version__}"
    files = {}
    for name, draw in unit.pictures.items():
        with matplotlib.rc_context({**matplotlib.rcParamsDefault, **STYLE, "svg.hashsalt": name}):
            files[f"{name}.svg"] = _finished(_drawn(unit, name, draw), mark, draw.__doc__ or "")
        if (size := len(files[f"{name}.svg"])) > LIMIT:
            raise PictureError(f"{unit.name}'s picture {name} has {size} bytes; {LIMIT} are the most: draw less")
    return files


def alike(old: bytes, new: bytes) -> bool:
    """Whether two SVGs are the same picture: equal up to rounding, or drawn by the same code in another matplotlib."""
    if old == new:
        return True
    before, after = (MADE.search(text.decode(errors="replace")) for text in (old, new))
    if before and after and before[2] != after[2]:
        return before[1] == after[1]
    (skeleton, numbers), (other, others) = _split(old), _split(new)
    return skeleton == other and all(abs(a - b) <= PLACE for a, b in zip(numbers, others, strict=True))


def digest(unit: Unit) -> str:
    """A hash of the code that draws a unit's pictures: its pictures.py and the course's style."""
    style = Path(__file__).with_name("pictures.py").read_bytes()
    return hashlib.sha256(unit.pictures_text.encode() + style).hexdigest()[:16]


def _drawn(unit: Unit, name: str, draw: Callable) -> str:
    buffer = io.StringIO()
    try:
        figure = draw(unit.reference)
        for artist in (item for axes in figure.axes if not axes.axison for item in axes.get_children()):
            artist.set_clip_on(False)  # a diagram has no frame that could clip
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    except Exception as error:
        raise PictureError(
            f"{where(error, unit.folder, 'pictures.py')}: the picture {name} cannot be drawn: {type(error).__name__}: "
            f"{error}; it is a function that gets the unit's reference and returns a matplotlib figure"
        ) from error
    return buffer.getvalue()


def _finished(svg: str, mark: str, docstring: str) -> bytes:
    """An SVG in its final, reproducible form, with a title for screen readers."""
    for prefix, uri in NAMES.items():
        ElementTree.register_namespace(prefix, uri)
    root = ElementTree.fromstring(svg[svg.index("<svg") :])
    for metadata in root.findall(f"{{{NAMES['']}}}metadata"):
        root.remove(metadata)
    _without_idle_groups(root, set(REFERENCE.findall(svg)))
    title = ElementTree.Element(f"{{{NAMES['']}}}title")
    title.text = " ".join(docstring.split("\n\n")[0].split())
    root.insert(0, title)
    root.attrib = {"data-drawn-by": mark, "role": "img", **root.attrib}
    svg = GEOMETRY.sub(lambda found: NUMBER.sub(_rounded, found[0]), ElementTree.tostring(root, encoding="unicode"))
    svg = re.sub(r"(?<= d=\")[^\"]+", lambda found: re.sub(r"\s*([A-Za-z])\s*", r"\1", found[0]), svg)
    svg = _with_short_ids(svg)
    svg = re.sub(r' style="[^"]+', lambda found: re.sub(r"(?<=[:;]) +", "", found[0]), svg)
    return (re.sub(r">\s+<", ">\n<", svg) + "\n").encode()


def _without_idle_groups(item: ElementTree.Element, used: set[str]) -> None:
    """Dissolve groups that have only an id to which nothing refers."""
    children = []
    for child in item:
        _without_idle_groups(child, used)
        if child.get("id") not in used:
            child.attrib.pop("id", None)
        is_idle = child.tag.endswith("}g") and not child.attrib
        children += list(child) if is_idle else [child]
    item[:] = children


def _rounded(found: re.Match) -> str:
    text = f"{float(found[0]):.1f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _with_short_ids(svg: str) -> str:
    """Ids that count from 1 in order of appearance."""
    short = {name: f"p{number}" for number, name in enumerate(dict.fromkeys(re.findall(r' id="([^"]+)"', svg)), 1)}
    svg = re.sub(r' id="([^"]+)"', lambda found: f' id="{short[found[1]]}"', svg)
    return REFERENCE.sub(lambda found: short[found[0]], svg)


def _split(svg: bytes) -> tuple[str, list[float]]:
    """Everything but the coordinates, and the coordinates."""
    text, numbers = svg.decode(errors="replace"), []

    def taken(found: re.Match) -> str:
        numbers.extend(map(float, NUMBER.findall(found[0])))
        return NUMBER.sub("#", found[0])

    return GEOMETRY.sub(taken, text), numbers
