"""Single keys from a terminal, without Enter and without echo; nothing where there is no terminal."""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import TextIO


class Keyboard:
    """`descriptor` can be waited for; -1 where there is none."""

    def __init__(self, descriptor: int = -1):
        self.descriptor = descriptor

    def pressed(self) -> str:
        """The keys pressed since the last time. Call it when the descriptor can be read, or where there is none."""
        if sys.platform == "win32" and self.descriptor == -2:
            import msvcrt

            keys = ""
            while msvcrt.kbhit():
                keys += msvcrt.getwch()
            return keys
        return os.read(self.descriptor, 64).decode("utf-8", "replace") if self.descriptor >= 0 else ""


@contextlib.contextmanager
def keys_of(stream: TextIO) -> Iterator[Keyboard]:
    """The keyboard behind a stream, which gets its old ways back at the end."""
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
