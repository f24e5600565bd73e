"""A handout as HTML for the web page."""

from html import escape
from pathlib import Path


def html(text: str, folder: Path) -> str:
    """A handout's Markdown as HTML; pictures are found in `folder`. Everything in it is escaped."""
    return f"<pre>{escape(text)}</pre>"
