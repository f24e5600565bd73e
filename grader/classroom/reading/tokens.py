"""Split Python code into tokens that renaming and reformatting do not change, for comparing submissions.

The text is untrusted and may not parse, so one regular expression splits it in linear time; a parser could fail on deep
nesting. Names and literals lose their spelling; comments, docstrings and layout are removed.
"""

import io
import json
import keyword
import re
import tokenize
from collections.abc import Collection, Iterator
from typing import NamedTuple

MAX_TOKENS = 20_000  # of a submission: a unit's reference has 4,000
STRING = (  # every form ends at the latest at the end of its line or of the text, so none backtracks
    r"[rRbBuUfF]{0,2}(?:"
    r'"""(?:[^\\]|\\.?)*?(?:"""|\Z)'
    r"|'''(?:[^\\]|\\.?)*?(?:'''|\Z)"
    r'|"(?:[^"\\\n]|\\.?)*"?'
    r"|'(?:[^'\\\n]|\\.?)*'?)"
)
TOKEN = re.compile(
    r"(?P<comment>\#[^\n]*)"
    r"|(?P<newline>\n)"
    r"|(?P<blank>[ \t\r\f]+|\\\n)"
    rf"|(?P<string>{STRING})"
    r"|(?P<number>(?:\d|\.\d)[\w.]*)"
    r"|(?P<name>[^\W\d]\w*)"
    r"|(?P<mark>\*\*=?|//=?|<<=?|>>=?|:=|->|[-+*/%@&|^=!<>]=|.)",
    re.DOTALL,
)
KEPT = frozenset(keyword.kwlist)
FOR_IPYTHON = re.compile(r"^\s*[%!?].*")


class Token(NamedTuple):
    """A normalised token and its line, from 1."""

    text: str
    line: int


def code_of(source: bytes) -> str:
    """The text of a submission; for a notebook, its code cells one after another. Empty if it cannot be read."""
    text = _decoded(source)
    if not text.lstrip().startswith("{"):
        return text
    try:
        cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
        lines = "\n".join("".join(cell["source"]) for cell in cells).split("\n")
    except (ValueError, KeyError, TypeError, RecursionError):
        return text
    return "\n".join(FOR_IPYTHON.sub("", line) for line in lines)


def _decoded(source: bytes) -> str:
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
    except (SyntaxError, LookupError):
        encoding = "utf-8"
    return source.decode(encoding, "replace").replace("\r\n", "\n").replace("\r", "\n")


def functions(text: str, wanted: Collection[str]) -> dict[str, list[Token]]:
    """The tokens in each wanted top-level function or class; if a name is defined twice, of the last definition."""
    found: dict[str, list[Token]] = {}
    for name, pieces in _blocks(text):
        if name in wanted:
            found[name] = _body(pieces)
    return found


class Piece(NamedTuple):
    """One match of the expression: its kind, its spelling, its line, and whether it is at the start of a line."""

    kind: str
    text: str
    line: int
    is_at_margin: bool


def _pieces(text: str) -> Iterator[Piece]:
    line, margin = 1, 0
    for match in TOKEN.finditer(text):
        kind, spelt = match.lastgroup or "", match[0]
        yield Piece(kind, spelt, line, match.start() == margin)
        if kind in ("newline", "string", "blank") and (breaks := spelt.count("\n")):
            line += breaks
            margin = match.end() if kind == "newline" else -1  # a line that a string or a backslash goes on in has none


def _blocks(text: str) -> Iterator[tuple[str, list[Piece]]]:
    """(name, the pieces after it) of each top-level function or class, up to the next top-level statement."""
    name, block, waits = "", [], False
    for piece in _pieces(text):
        if (
            piece.is_at_margin
            and piece.kind in ("name", "string", "number", "mark")
            and piece.text not in (")", "]", "}")
        ):
            if name:
                yield name, block
            name, block, waits = "", [], piece.text in ("def", "async", "class")
        elif waits and piece.kind == "name" and piece.text != "def":
            name, waits = piece.text, False
        elif name:
            block.append(piece)
    if name:
        yield name, block


def _body(block: list[Piece]) -> list[Token]:
    """The tokens after the signature, without docstrings and other strings that are statements."""
    tokens: list[Token] = []
    depth, is_signature, begins = 0, True, True
    for piece in block:
        if piece.kind == "newline":
            begins = depth <= 0 or begins
        if piece.kind in ("comment", "blank", "newline"):
            continue
        depth += (piece.text in ("(", "[", "{")) - (piece.text in (")", "]", "}"))
        if is_signature:
            is_signature = not (piece.text == ":" and depth == 0)
            continue
        if not (piece.kind == "string" and begins):
            begins = False
            tokens.append(Token(_normal(piece.kind, piece.text, tokens), piece.line))
        if len(tokens) >= MAX_TOKENS:
            break
    return tokens


def _normal(kind: str, text: str, before: list[Token]) -> str:
    """A token's normalised spelling, which renaming does not change; names after a dot, such as NumPy's, stay."""
    if kind == "string":
        return "'"
    if kind == "number":
        return "0"
    if kind == "name" and text not in KEPT and not (before and before[-1].text == "."):
        return "n"
    return text
