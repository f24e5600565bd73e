"""Make text of any origin inert: it is displayed, and never interpreted by a terminal or a page.

What is read from a file of somebody's (a key, a course, a report that was stored) is made `tame` as it is read, so that whoever
shows it can forget nothing; `inert` and `one_line` cut it to what is shown, and are for what came from a submission.
"""

import re
import unicodedata

# What a terminal or a reader's eye could obey: controls (but newline and tab), bidi and other format marks,
# line and paragraph separators, surrogates, private use and unassigned code points.
_INERT = {"Cc", "Cf", "Zl", "Zp", "Cs", "Co", "Cn"}

# A line that a CI runner would obey: `::error::` for GitHub, `##vso[` and `##[` for Azure, wherever lines wrap.
_COMMANDS = re.compile(r"(?<=:)(?=:)|(?<=#)(?=#(?:vso)?\[)")

# In a text that may hold code, where a slice has two colons, too: those lines alone which a runner knows, `::name key=value::`.
_LINES = re.compile(r"(?<=:)(?=:[A-Za-z][\w-]*(?: [^\n]{0,400}?)?::)|(?<=#)(?=#(?:vso)?\[)")


def tame(text: str) -> str:
    """The text, of any length, with everything that is not plainly printable written as its escape; lines and code stay."""
    if not text.replace("\n", "").replace("\t", "").isprintable():
        text = "".join(map(_shown, text))
    return _LINES.sub(" ", text) if "::" in text or "##" in text else text


def inert(text: str, limit: int = 2000) -> str:
    """The text with everything that is not plainly printable written as its escape, cut at `limit` characters."""
    text = str(text)
    cut = _COMMANDS.sub(" ", text[:limit])
    if not cut.isascii() or re.search(r"[\x00-\x08\x0b-\x1f\x7f]", cut):
        cut = "".join(_shown(char) for char in cut)
    return cut + (" …" if len(text) > limit else "")


def one_line(text: str, limit: int = 300) -> str:
    """The text on one line: inert, white space folded."""
    return inert(" ".join(str(text)[: 4 * limit].split()), limit)


def _shown(char: str) -> str:
    if char in "\n\t" or unicodedata.category(char) not in _INERT:
        return char
    return char.encode("unicode_escape").decode("ascii")
