"""File names that are not UTF-8: decode them in the code page that gives the most plausible name."""

import re
import unicodedata
from collections.abc import Iterator, Sequence

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


def likeliest(raw: bytes, pages: Sequence[str]) -> str:
    """The code page that reads some words most plausibly, the first of several; empty if none reads them."""
    found = [(page, text) for text, page in _decoded(raw, pages)]
    return max(found, key=lambda each: likeness(each[1]))[0] if found else ""


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
        score -= 4 * sum(_is_capital_within(*three) for three in zip(word, word[1:], word[2:] + word[-1], strict=False))
    return score


def _is_capital_within(before: str, letter: str, after: str) -> bool:
    """Whether a letter that is not ASCII is a capital inside a word of small letters."""
    return letter.isupper() and not letter.isascii() and (before.islower() or after.islower())


def _script(letter: str) -> str:
    """The script of a letter: LATIN, CYRILLIC, GREEK, …; kana count as CJK, because words mix the two."""
    name = unicodedata.name(letter, "").partition(" ")[0]
    return "CJK" if name in ("HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA") else name


def _decoded(raw: bytes, pages: Sequence[str] = PAGES) -> Iterator[tuple[str, str]]:
    for page in pages:
        try:
            text = raw.decode(page)
        except UnicodeDecodeError:
            continue
        if text.isprintable():
            yield text, page
