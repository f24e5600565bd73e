"""Read single keys from a terminal, without Enter and without echo; reads nothing if there is no terminal."""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import TextIO


class Keyboard:
    """A source of key presses. `descriptor` can be passed to `select`; -1 if there is none."""

    def __init__(self, descriptor: int = -1):
        self.descriptor = descriptor

    def pressed(self) -> str:
        """The keys pressed since the last call. Call it when the descriptor is readable, or if there is none."""
        if sys.platform == "win32" and self.descriptor == -2:
            import msvcrt

            keys = ""
            while msvcrt.kbhit():
                keys += msvcrt.getwch()
            return keys
        return os.read(self.descriptor, 64).decode("utf-8", "replace") if self.descriptor >= 0 else ""


@contextlib.contextmanager
def keys_of(stream: TextIO) -> Iterator[Keyboard]:
    """A context manager: the keyboard behind a stream. The terminal's settings are restored at the end."""
    if not stream.isatty():
        yield Keyboard()
        return
    if sys.platform == "win32":
        yield Keyboard(-2)
        return
    import termios
    import tty

    descriptor = stream.fileno()
    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor)
    try:
        yield Keyboard(descriptor)
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
