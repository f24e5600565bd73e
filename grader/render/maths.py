r"""LaTeX in Markdown as Unicode text that reads well in a terminal: `$\sqrt{d_k}$` becomes √dₖ.

It consists of a tokeniser and a parser that knows operator precedence, so that a fraction gets parentheses only where
it needs them. It knows the commands that handouts use and refuses all others by name.
"""

import re
import unicodedata
from collections.abc import Iterator

from grader.render.pieces import ATOM, POWER, Piece, join, numerator, script, with_scripts, wrap
from grader.render.symbols import (
    ACCENTS,
    BLACKBOARD,
    ESCAPED,
    FONTS,
    SCRIPTS,
    SILENT,
    SUPERSCRIPTS,
    SYMBOLS,
    WORDS,
)

MAX_DEPTH = 40  # of nesting: deeper than any readable formula, far below Python's recursion limit

SEGMENT = re.compile(
    r"""(?P<code> ^[ ]{0,3}(?P<fence>`{3,}|~{3,})[^\n]*\n .*? (?: ^[ ]{0,3}(?P=fence)[`~]*[ ]*$ | \Z )
                | (?<!`)(?P<ticks>`+)(?!`) (?: (?!\n[ ]*\n). )+? (?<!`)(?P=ticks)(?!`)
                | \\. )
      | \$\$ (?P<display> (?: \\. | [^\\$] )+ ) \$\$
      | \$ (?P<inline> (?![\s$]) (?: \\. | (?!\n[ ]*\n)[^\\$] )+ (?<!\s) ) \$ (?!\d)""",
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|\s+|:=|.", re.DOTALL)


def plain(markdown: str) -> str:
    """Markdown with its LaTeX converted to Unicode text; ValueError names an unknown command.

    A display formula on lines of its own is indented by four spaces. Code, escapes and other Markdown stay as they are.
    """
    out = ""
    for kind, text in segments(markdown):
        indent = "    " if kind == "display" and out[-1:] in ("", "\n") else ""
        out += text if kind == "text" else indent + formula(text)
    return out


def segments(markdown: str) -> Iterator[tuple[str, str]]:
    """Split Markdown into ("text" | "inline" | "display", content); code and escapes belong to the text."""
    done = 0
    for match in SEGMENT.finditer(markdown):
        if match["code"] is None:
            yield "text", markdown[done : match.start()]
            yield ("inline", match["inline"]) if match["display"] is None else ("display", match["display"].strip())
            done = match.end()
    yield "text", markdown[done:]


def formula(latex: str) -> str:
    """One formula, without its dollars, as Unicode text."""
    return unicodedata.normalize("NFC", join(_Parser(latex).sequence(""), tight=False))


class _Parser:
    """A recursive descent parser over the tokens; every method consumes what it returns."""

    def __init__(self, latex: str):
        self.latex = latex.strip()
        self.tokens = TOKEN.findall(re.sub(r"(\s|\\(no)?limits(?![A-Za-z]))+(?=[\^_'])", "", self.latex))
        self.at = self.depth = 0

    def fail(self, what: str) -> ValueError:
        return ValueError(f"{what} in the formula {self.latex[:80]}")

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def sequence(self, end: str) -> list[Piece]:
        """The pieces up to the token `end`, which is consumed, too."""
        pieces: list[Piece] = []
        while (token := self.peek()) != end:
            if not token:
                raise self.fail(f"no {end} closes a group")
            pieces.extend(self.scripted())
        self.at += bool(end)
        return pieces

    def scripted(self) -> list[Piece]:
        """The next pieces, joined into one if they have a subscript or superscript."""
        pieces = [] if self.peek() in SCRIPTS else self.piece()
        scripts: dict[str, list[Piece]] = {}
        while (token := self.peek()) in SCRIPTS:
            self.at += 1
            name = SCRIPTS[token]
            if token == "'":
                scripts[name] = [*scripts.get(name, []), Piece("′")]
            elif name in scripts:
                raise self.fail(f"a second {token}")
            else:
                scripts[name] = self.argument()
        return [with_scripts(pieces, **scripts)] if scripts else pieces

    def argument(self) -> list[Piece]:
        """One token or one braced group."""
        while self.peek().isspace():
            self.at += 1
        token = self.peek()
        if not token:
            raise self.fail("something is missing at the end")
        if token[0].isdigit():  # without braces, LaTeX takes only the 1 of 12
            self.tokens[self.at : self.at + 1] = token
        return self.piece()

    def piece(self) -> list[Piece]:
        """The piece that starts with the next token: a symbol, a group, or a command with its arguments."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.fail(f"groups nest deeper than {MAX_DEPTH}")
        token = self.peek()
        self.at += 1
        if token in SILENT:
            if token in (r"\left", r"\right") and self.peek() == ".":
                self.at += 1
            pieces = []
        elif token in SYMBOLS:
            pieces = [Piece(*SYMBOLS[token])]
        elif token.startswith("\\"):
            pieces = self.command(token)
        elif token in ("}", "&"):
            raise self.fail(f"{token} stands alone")
        else:
            pieces = self.sequence("}") if token == "{" else [Piece(" ", "space") if token.isspace() else Piece(token)]
        self.depth -= 1
        return pieces

    def command(self, name: str) -> list[Piece]:
        if name in (r"\frac", r"\tfrac", r"\dfrac"):
            over, under = self.argument(), self.argument()
            return [Piece(f"{numerator(over)}/{wrap(under, POWER)}", "fraction")]
        if name == r"\sqrt":
            index = self.optional()
            return [Piece(f"{script(index, SUPERSCRIPTS, '')}√{wrap(self.argument(), ATOM)}", "power")]
        if name in WORDS:
            return self.word("name" if name == r"\operatorname" else "word")
        if name in ACCENTS:
            text = join(self.argument(), tight=True)
            return [Piece(text + ACCENTS[name] if len(text) == 1 else f"{name[1:]}({text})")]
        if name == r"\mathbb":
            return [Piece(BLACKBOARD.get(p.text, p.text), p.kind) for p in self.argument()]
        if name in FONTS:
            return self.argument()
        raise self.fail(f"unknown command {name}")

    def optional(self) -> list[Piece]:
        r"""The optional argument in brackets, such as the 3 of \sqrt[3], if there is one."""
        if self.peek() != "[":
            return []
        self.at += 1
        return self.sequence("]")

    def word(self, kind: str) -> list[Piece]:
        r"""The argument of \text and similar commands: letters make a word, anything else is maths."""
        self.at += self.peek() == "*"
        rest = self.tokens[self.at :]
        if rest[:1] == ["{"] and "}" in rest:
            inside = rest[1 : rest.index("}")]
            text = "".join(ESCAPED.get(token, token) for token in inside)
            if not re.search(r"[\\{^]", text):
                self.at += len(inside) + 2
                return [Piece(text, "prefix" if text == "d" else kind if len(text) > 1 else "atom")]
        return self.argument()
