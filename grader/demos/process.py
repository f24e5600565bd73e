"""The process of a demo: the student's file is run, then the demo with what it defines.

What the demo shows goes to standard output as JSON, a piece a line; what is printed goes to standard error. Started as
`python -P -m grader.demos.process`, it reads one JSON object: the student's file and its bytes, and the demo's file.
"""

import json
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, TextIO

from grader.sandbox.inside.reading import read


class Show:
    """The last argument of a demo: each method shows one piece."""

    def __init__(self, channel: TextIO):
        self._channel = channel

    def text(self, text: str) -> None:
        self._send("text", text=str(text))

    def table(self, header: Sequence[Any], rows: Sequence[Sequence[Any]]) -> None:
        self._send("table", header=[*map(str, header)], rows=[[*map(str, row)] for row in rows])

    def curve(self, title: str, values: Sequence[float]) -> None:
        self._send("curve", title=str(title), values=[*map(float, values)])

    def frames(self, title: str, frames: Sequence[Any]) -> None:
        """Arrays or lists of points (n, 2), a frame each."""
        points = [[(round(float(x), 4), round(float(y), 4)) for x, y in frame] for frame in frames]
        self._send("frames", title=str(title), frames=points)

    def progress(self, done: int, of: int, what: str) -> None:
        self._send("progress", done=int(done), of=int(of), what=str(what))

    def stopped(self, why: str, file: str = "", line: int = 0) -> None:
        self._send("stopped", why=why, file=file, line=line)

    def _send(self, kind: str, **fields: Any) -> None:
        self._channel.write(json.dumps({"kind": kind, **fields}) + "\n")
        self._channel.flush()


def main() -> None:
    asked = json.load(sys.stdin)
    show = Show(os.fdopen(os.dup(1), "w", encoding="utf-8"))
    os.dup2(2, 1)  # whatever is printed goes the other way
    sys.path.append(str(Path(asked["file"]).parent))  # for modules of the student's own beside the file
    try:
        demo = _module(asked["demo"])
        exec(compile(Path(asked["demo"]).read_text(encoding="utf-8"), asked["demo"], "exec"), demo.__dict__)
        own = _own(asked["source"].encode("latin-1"), asked["file"], demo.NEEDS)
        demo.demo(own, Path(asked["demo"]).parent, show)
    except BaseException as error:  # SystemExit and KeyboardInterrupt may come from the student's code, too
        show.stopped(*_why(error, (asked["file"], asked["demo"])))
        sys.exit(1)


def _own(source: bytes, file: str, needs: Sequence[str]) -> SimpleNamespace:
    """What the student's file or notebook defines of some names.

    As where it is graded, a statement that fails takes nothing from the others, unless what is needed then is not there.
    """
    module, failed = _module(file), []
    for _, _, code in read(source, file, allows=()).statements:
        try:
            exec(code, module.__dict__)
        except BaseException as error:  # SystemExit, too
            failed.append(error)
    if failed and not set(needs) <= set(vars(module)):
        raise failed[0]
    return SimpleNamespace(**{name: getattr(module, name) for name in needs})


def _module(file: str) -> ModuleType:
    module = ModuleType(Path(file).stem)
    module.__file__ = file
    sys.modules[module.__name__] = module  # as dataclasses and pickle look for it
    return module


def _why(error: BaseException, files: Sequence[str]) -> tuple[str, str, int]:
    """(a sentence, the file, the line): the last place in the student's file or the demo's, where an error came from."""
    places = [(frame.filename, frame.lineno or 0) for frame in traceback.extract_tb(error.__traceback__)]
    own = [place for place in places if place[0] == files[0]] or [place for place in places if place[0] in files]
    if isinstance(error, SyntaxError) and error.filename in files:
        own = [(error.filename, error.lineno or 0)]
    text = " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")
    return (text, *own[-1]) if own else (text, "", 0)


if __name__ == "__main__":
    main()
