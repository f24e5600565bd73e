"""Text that came from a submission, made inert: it is shown, never obeyed."""

import re
import unicodedata

# What a terminal or a reader's eye could obey: controls (but newline and tab), bidi and other format marks,
# line and paragraph separators, surrogates, private use and unassigned code points.
_INERT = {"Cc", "Cf", "Zl", "Zp", "Cs", "Co", "Cn"}

# A line that a CI runner would obey: `::error::` for GitHub, `##vso[` and `##[` for Azure, wherever lines wrap.
_COMMANDS = re.compile(r"(?<=:)(?=:)|(?<=#)(?=#(?:vso)?\[)")


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
