"""Self-contained HTML pages: they fetch nothing, and no text from a student becomes markup or script.

The Content-Security-Policy allows the page's own style and script by their hashes and nothing else: no other script
runs, no attribute holds one, and no request leaves the page, whatever text finds its way into it.
"""

import base64
import hashlib
import html
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from grader.files import cannot_write, write_whole
from grader.text import in_order, inert, one_line

HERE = Path(__file__).parent


def text(value: str, limit: int = 300) -> str:
    """Any text as content or attribute of an element, on one line."""
    return html.escape(in_order(one_line(value, limit)))


def lines(value: str, limit: int = 4000) -> str:
    """Any text that keeps its lines, for a `pre`."""
    return html.escape(in_order(inert(value, limit)))


def asset(name: str) -> str:
    """A style sheet or a script that lies beside this module."""
    return (HERE / name).read_text(encoding="utf-8")


def document(
    title: str, body: str, style: str, script: str = "", data: Any = None, has_styled_parts: bool = False
) -> str:
    """The whole page. `body` is markup already; `data` is what the script finds in the element `data`.

    `has_styled_parts` lets elements carry a style of their own, where the body comes from a renderer that writes such.
    """
    scripts = _hash(script) if script else "'none'"
    styles = "'unsafe-inline'" if has_styled_parts else _hash(style)
    policy = "; ".join(
        [
            "default-src 'none'",
            f"style-src {styles}",
            f"script-src {scripts}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    parts = [
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        '<meta name="referrer" content="no-referrer">',
        f"<title>{text(title)}</title>",
        f"<style>{style}</style>",
        "</head>",
        "<body>",
        body,
    ]
    if data is not None:
        parts.append(f'<script type="application/json" id="data">{embedded(data)}</script>')
    if script:
        parts.append(f"<script>{script}</script>")
    return "\n".join([*parts, "</body>", "</html>", ""])


def write(path: Path, page: str) -> None:
    """Put a page there, whole or not at all; GraderError where that cannot be."""
    try:
        write_whole(path, page.encode(), is_lasting=False)  # made again from the store
    except OSError as error:
        raise cannot_write(path, error, "name a file in a folder that you may write to") from None


def embedded(data: Any) -> str:
    """JSON that ends no script element and opens none, whatever its strings hold."""
    plain = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    return plain.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def section(title: str, body: str, name: str, note: str = "") -> str:
    """A section with its heading and, below it, one sentence on what it shows."""
    below = f'<p class="note">{note}</p>' if note else ""
    return f'<section id="{name}"><h2>{title}</h2>{below}{body}</section>'


def table(columns: list[tuple[str, str]], rows: list[str], kind: str = "") -> str:
    """A table that scrolls in its own box where the screen is narrow; `columns` are (class, heading)."""
    head = "".join(f'<th scope="col" class="{css}">{heading}</th>' for css, heading in columns)
    return (
        f'<div class="scroll"><table class="{kind}"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def some(items: list, count: int, row: Callable[[Any], str], columns: list[tuple[str, str]], kind: str = "") -> str:
    """A table of the first `count` items, and how many more there are."""
    shown = table(columns, [row(item) for item in items[:count]], kind)
    rest = len(items) - count
    return shown + (f'<p class="note">and {rest} more</p>' if rest > 0 else "")


def _hash(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
