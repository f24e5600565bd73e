"""File names that are not UTF-8: decode them in the code page that gives the most plausible name."""

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

# The code pages of zip tools on Windows and DOS, more likely ones first: of equally plausible readings, the first counts.
PAGES = ("cp850", "cp1252", "cp437", "cp1250", "cp852", "cp1251", "cp866", "shift_jis", "gb18030", "euc_kr", "big5")
COMMON = frozenset("äöüßàâæçéèêëîïôœùûáíóúñãõåøčřšžýěłąęśćńżźőűıığş")  # letters in European names
WORD = re.compile(r"[^\W\d_]+")


def read_name(raw: bytes) -> tuple[str, str]:
    """(a name as text, the code page in which it was decoded), which is empty for UTF-8."""
    try:
        return raw.decode("utf-8"), ""
    except UnicodeDecodeError:
        found = list(_decoded(raw))
    if not found:
        return raw.decode("utf-8", "backslashreplace"), "?"
    return max(found, key=lambda each: likeness(each[0]))  # the first of the best


def other_readings(text: str, page: str) -> list[str]:
    """How a name that was decoded in one code page reads in the others."""
    try:
        return [other for other, _ in _decoded(text.encode(page)) if other != text]
    except (UnicodeEncodeError, LookupError):
        return []


def likeness(text: str) -> float:
    """How plausible a text is as a name: common letters count for it; symbols, mixed scripts and mixed case against."""
    score = 0.0
    for sign in text:
        if not sign.isascii() and not sign.isalpha():
            score -= 4
    for word in WORD.findall(text):
        scripts = {_script(letter) for letter in word}
        foreign = [letter for letter in word if not letter.isascii()]
        score += sum(2 if letter.lower() in COMMON else 1 for letter in foreign)
        is_overdone = scripts == {"LATIN"} and len(word) > 2 and 2 * len(foreign) > len(word)
        if len(scripts) > 1 or is_overdone:
            score -= 4 * len(foreign)
        score -= 4 * sum(a.islower() and b.isupper() and not b.isascii() for a, b in pairwise(word))
    return score


def _script(letter: str) -> str:
    """The script of a letter: LATIN, CYRILLIC, GREEK, …; kana count as CJK, because words mix the two."""
    name = unicodedata.name(letter, "").partition(" ")[0]
    return "CJK" if name in ("HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA") else name


def _decoded(raw: bytes) -> Iterator[tuple[str, str]]:
    for page in PAGES:
        try:
            text = raw.decode(page)
        except UnicodeDecodeError:
            continue
        if text.isprintable():
            yield text, page
