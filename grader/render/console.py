"""The only way to make a console. Everything printed on it is shown as text: no markup, no control characters.

Titles, claims and hints come from a course; names and printed output come from a student. Code that prints them on such
a console need not make them safe: no control character, bidirectional mark or markup in them reaches the terminal.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook
from rich.segment import Segment

from grader.text import tame


def tame_console(**how: Any) -> Console:
    """A Rich console with the given options, without markup, emoji codes, or automatic highlighting."""
    console = Console(markup=False, emoji=False, highlight=False, **how)
    console.push_render_hook(_Taming())
    return console


class _Taming(RenderHook):
    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [_Tame(item) for item in renderables]


class _Tame:
    """A renderable whose texts are made tame; Rich's own control sequences are left alone."""

    def __init__(self, inner: ConsoleRenderable):
        self.inner = inner

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        return _tamed(console.render(self.inner, options))


def _tamed(segments: Iterable[Segment]) -> Iterator[Segment]:
    for segment in segments:
        text = segment.text if segment.control else tame(segment.text)
        yield segment if text is segment.text else Segment(text, segment.style)
