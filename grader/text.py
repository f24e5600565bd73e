"""Make text of any origin inert: it is displayed, and never interpreted by a terminal or a page.

Text from a file (a key, a course, a stored report) is made `tame` when it is read, so that code which shows it cannot
forget to. `inert` and `one_line` also shorten the text; use them for anything that came from a submission.
"""

import re
import unicodedata
from collections.abc import Sequence

# What a terminal would act on or a reader misread: controls (except newline and tab), bidi and other format marks,
# line and paragraph separators, surrogates, private use and unassigned code points.
_INERT = {"Cc", "Cf", "Zl", "Zp", "Cs", "Co", "Cn"}

# What a CI runner takes for a command: `::error::` for GitHub, `##vso[` and `##[` for Azure, wherever lines wrap.
_COMMANDS = re.compile(r"(?<=:)(?=:)|(?<=#)(?=#(?:vso)?\[)")

# For text that may hold code, where a slice has two colons, too: only complete commands, `::name key=value::`.
_LINES = re.compile(r"(?<=:)(?=:[A-Za-z][\w-]*(?: [^\n]{0,400}?)?::)|(?<=#)(?=#(?:vso)?\[)")


def tame(text: str) -> str:
    r"""The text, not shortened, with every character that is not plainly printable replaced by its escape.

    >>> tame("red \x1b[31m")
    'red \\x1b[31m'

    Newlines and tabs stay, and so does code; a CI runner's commands are broken with a space.
    """
    if not text.replace("\n", "").replace("\t", "").isprintable():
        text = "".join(map(_shown, text))
    return _LINES.sub(" ", text) if "::" in text or "##" in text else text


def inert(text: str, limit: int = 2000) -> str:
    """The text with every character that is not plainly printable replaced by its escape, cut at `limit` characters."""
    text = str(text)
    cut = _COMMANDS.sub(" ", text[:limit])
    if not cut.isascii() or re.search(r"[\x00-\x08\x0b-\x1f\x7f]", cut):
        cut = "".join(_shown(char) for char in cut)
    return cut + (" …" if len(text) > limit else "")


def one_line(text: str, limit: int = 300) -> str:
    """The text on one line: inert, with each run of white space as one space."""
    return inert(" ".join(str(text)[: 4 * limit].split()), limit)


def listed(names: Sequence[str], most: int = 5) -> str:
    """The first of some names, and how many more there are."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def together(words: Sequence[str]) -> str:
    """Some words as a sentence has them: `a, b and c`."""
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)


def in_order(text: str) -> str:
    """A text whose words from right to left do not draw the digits and signs behind them to their other side.

    After Arabic letters digits count as Arabic, so that a page shows `x_70_90` with an Arabic x as `90_70_x`. A mark without
    a width stands behind such a word wherever something else than another such word follows.
    """
    if text.isascii() or all(char < "\u0590" for char in text):
        return text
    kinds = [unicodedata.bidirectional(char) for char in text]
    marks, last = [], 0  # places behind which a mark stands; the end of the last word from right to left
    for at, kind in enumerate(kinds):
        if kind in ("R", "AL"):
            last = at + 1
        elif kind == "NSM" and last == at:
            last += 1
        elif kind in ("L", "EN", "AN") and last:
            marks.append(last)
            last = 0
    for place in reversed(marks):
        text = f"{text[:place]}\u200e{text[place:]}"
    return text


def _shown(char: str) -> str:
    if char in "\n\t" or unicodedata.category(char) not in _INERT:
        return char
    return char.encode("unicode_escape").decode("ascii")
