"""A handout as HTML that a page may include: formulas as MathML, pictures inside, and nothing that a browser would run.

Markdown may come as an author writes it, `$…$`, or as students get it on GitHub, $`…`$. The extra `web` brings what
this needs. Pages refuse styles in attributes (their Content Security Policy has no `unsafe-inline`), so there are classes.
"""

import base64
import re
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from grader.errors import CourseError, GraderError
from grader.releases.web_formula import mathml
from grader.render.maths import formula, segments

OPEN, CLOSE = "\ue000", "\ue001"  # around a formula's number, where Markdown is read; private characters of Unicode
MARK = re.compile(f"{OPEN}(\\d+){CLOSE}")
FENCED = re.compile(r"^(?P<indent> *)```math\n(?P<latex>.*?)\n *```$", re.DOTALL | re.MULTILINE)
FIGURE = re.compile(r"<p>(<img [^>]*>)</p>\s*<p><em>(.*?)</em></p>", re.DOTALL)
QUAD = re.compile(r"\\qquad(?![A-Za-z])")
OPENS = re.compile(r"(?<!\\)\{|\\(?:left|begin)(?![A-Za-z])")
CLOSES = re.compile(r"(?<!\\)\}|\\(?:right|end)(?![A-Za-z])")
HEAD = re.compile(r"\A# [^\n]*\n")
TABLE = re.compile(r"^\| exercise \| points \|.*", re.DOTALL | re.MULTILINE)
NAME = re.compile(r"[\w-][\w.-]*\.(svg|png)")
SIZE = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')
KINDS = {"left", "center", "right"}  # where a table's column stands
LONGEST = 4 << 20  # bytes of a picture


def html(text: str, folder: Path) -> str:
    """A piece of a handout as HTML. `folder` has its pictures.

    CourseError for a formula that cannot be shown and for a picture that is not there; GraderError without the libraries.
    """
    found: list[tuple[str, str]] = []
    marked = "".join(piece if kind == "text" else _mark(found, kind, piece) for kind, piece in segments(_plain(text)))
    try:
        page = _parser(found, folder).render(marked)
    except ValueError as error:
        raise CourseError(f"{folder}: {error}") from None
    return FIGURE.sub(r"<figure>\1<figcaption>\2</figcaption></figure>", page)


def introduction(readme: str) -> str:
    """What stands in a unit's README.md between its title and the table of its exercises, in Markdown."""
    return TABLE.sub("", HEAD.sub("", readme)).strip()


def _plain(text: str) -> str:
    """Formulas in GitHub's form become `$…$` and `$$…$$`."""
    text = text.replace(OPEN, "").replace(CLOSE, "").replace("\r\n", "\n")
    text = FENCED.sub(lambda found: f"{found['indent']}$${found['latex']}$$", text)
    return re.sub(r"\$`([^`\n]+|[^`]+?)`\$", lambda found: f"${found[1]}$", text)


def _mark(found: list[tuple[str, str]], kind: str, latex: str) -> str:
    found.append((kind, latex))
    return f"{OPEN}{len(found) - 1}{CLOSE}"


def _parser(found: list[tuple[str, str]], folder: Path) -> Any:
    """A reader of Markdown that lets no HTML through and puts each formula in its place."""
    try:
        from markdown_it import MarkdownIt
    except ImportError:
        raise GraderError(
            "handouts become pages with markdown-it-py, which is not installed; pip install 'deep-grade[web]'"
        ) from None
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    rules = parser.renderer.rules

    def put(piece: re.Match[str]) -> str:
        kind, latex = found[int(piece[1])]
        return displayed(latex) if kind == "display" else mathml(latex, is_display=False)

    def said(piece: re.Match[str]) -> str:
        return formula(found[int(piece[1])][1])

    def wide(tag: str) -> str:
        return f'<div class="scrolls">{tag}' if tag == "<table>\n" else f"{tag}</div>"

    rules["text"] = lambda tokens, at, *_: MARK.sub(put, escape(tokens[at].content))
    rules["code_inline"] = lambda tokens, at, *_: f"<code>{escape(MARK.sub(said, tokens[at].content))}</code>"
    rules["fence"] = lambda tokens, at, *_: code(tokens[at].content, tokens[at].info.strip())
    rules["code_block"] = lambda tokens, at, *_: code(tokens[at].content, "")
    rules["image"] = lambda tokens, at, *_: _picture(tokens[at], folder, said)
    rules["link_open"] = lambda tokens, at, *_: _link(tokens[at])
    rules["link_close"] = lambda tokens, at, *_: "</a>"
    rules["table_open"] = lambda *_: wide("<table>\n")
    rules["table_close"] = lambda *_: wide("</table>\n")
    for cell in ("th", "td"):
        rules[f"{cell}_open"] = lambda tokens, at, *_: _cell(tokens[at])
    return parser


def displayed(latex: str) -> str:
    r"""A formula on a line of its own; where `\qquad` parts it, and not within a bracket, a narrow screen may break it."""
    parts: list[str] = []
    for piece in QUAD.split(latex):
        if parts and len(OPENS.findall(parts[-1])) != len(CLOSES.findall(parts[-1])):
            parts[-1] += rf"\qquad{piece}"
        else:
            parts.append(piece)
    if len(parts) == 1:
        return mathml(latex, is_display=True)
    return f'<span class="formulas">{"".join(mathml(part, is_display=True) for part in parts if part.strip())}</span>'


def code(text: str, language: str) -> str:
    """A block of code; Python has its words marked by classes."""
    inside = escape(text)
    if language == "python":
        from pygments import highlight
        from pygments.formatters.html import HtmlFormatter
        from pygments.lexers.python import PythonConsoleLexer, PythonLexer

        lexer = PythonConsoleLexer() if text.startswith(">>>") else PythonLexer()
        inside = highlight(text, lexer, HtmlFormatter(nowrap=True))
    return f"<pre><code>{inside}</code></pre>\n"


def _link(token: Any) -> str:
    """A link out of the page, or within the handout, which has no places of its own on a page: that stays text."""
    address = token.attrGet("href") or ""
    if not re.match(r"https?://", address):
        return "<a>"
    return f'<a href="{escape(address)}" target="_blank" rel="noopener noreferrer">'


def _cell(token: Any) -> str:
    """A table's cell: markdown-it says by a style where it stands, which pages refuse."""
    kind = str(token.attrGet("style") or "").partition(":")[2]
    return f'<{token.tag} class="{kind}">' if kind in KINDS else f"<{token.tag}>"


def _picture(token: Any, folder: Path, said: Any) -> str:
    """A picture as data in the page: a browser runs nothing of a picture that stands in an <img>."""
    name = str(token.attrGet("src") or "")
    if not NAME.fullmatch(name):
        raise ValueError(f"a picture lies beside the handout, as .svg or .png, and {name[:80]!r} does not")
    try:
        content = (folder / name).read_bytes()
    except OSError as error:
        raise ValueError(f"the picture {name} cannot be read: {error.strerror}") from None
    if len(content) > LONGEST:
        raise ValueError(f"the picture {name} has {len(content):,} bytes, and a page takes {LONGEST:,}")
    alt = escape(MARK.sub(said, token.content))
    return f'<img src="{_data(name, content)}" alt="{alt}"{_size(name, content)}>'


def _data(name: str, content: bytes) -> str:
    if name.endswith(".svg"):  # as text it is half as large as in base64, once compressed
        return "data:image/svg+xml," + quote(content, safe=" /:;=,.()*!$?@'")
    return "data:image/png;base64," + base64.b64encode(content).decode("ascii")


def _size(name: str, content: bytes) -> str:
    """The width and height of a drawing, so that the page does not jump when it comes."""
    found = SIZE.search(content[:2000].decode("utf-8", "replace")) if name.endswith(".svg") else None
    return f' width="{float(found[1]):.0f}" height="{float(found[2]):.0f}"' if found else ""
