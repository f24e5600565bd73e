"""The only way to make a console. Everything printed on it is shown as text: no markup, no control characters.

Titles, claims and hints are a course's, names and prints a student's. Who prints something may forget what they are: a control
character, a mark that turns the order of reading, or a word of markup reaches no terminal from here.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook
from rich.segment import Segment

from grader.text import tame


def tame_console(**how: Any) -> Console:
    """A console of Rich's, made `how` it is told, without markup, emoji codes, and guesses of what is a link or a number."""
    console = Console(markup=False, emoji=False, highlight=False, **how)
    console.push_render_hook(_Taming())
    return console


class _Taming(RenderHook):
    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [_Tame(item) for item in renderables]


class _Tame:
    """What is printed, with its texts tame; what Rich itself tells the terminal is left alone."""

    def __init__(self, inner: ConsoleRenderable):
        self.inner = inner

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        return _tamed(console.render(self.inner, options))


def _tamed(segments: Iterable[Segment]) -> Iterator[Segment]:
    for segment in segments:
        text = segment.text if segment.control else tame(segment.text)
        yield segment if text is segment.text else Segment(text, segment.style)
