"""Ctrl-C ends a command with its status and a word, wherever it comes: while imports are made, and while the command works."""

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator

STOPPED = 130  # the exit status of a command that Ctrl-C ended
COMMANDS = ("grade", "cli")  # what starts it: the installed script, or the module


def ends_at_once() -> Callable[[], None]:
    """From now on Ctrl-C ends the process without a word, until what is returned is called: for the time of its imports.

    Nothing happens where the process is not the `grade` command, where Ctrl-C is ignored or has a handler, or in another
    thread than the main one.
    """
    is_command = os.path.splitext(os.path.basename(sys.argv[0]))[0] in COMMANDS
    if not is_command or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        return lambda: None
    try:
        signal.signal(signal.SIGINT, lambda *_: os._exit(STOPPED))
    except ValueError:
        return lambda: None

    def undo() -> None:
        signal.signal(signal.SIGINT, Interrupted())

    return undo


class Interrupted:
    """A handler that raises KeyboardInterrupt as Python's own does, and remembers that it has come.

    Python may make another error of one that comes in an import: `from … import` in C raises TypeError then.
    """

    has_come = False

    def __call__(self, number: int, frame: object) -> None:
        self.has_come = True
        signal.default_int_handler(number, frame)


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """A part of a command that click runs; Ctrl-C there is told, and ends it with STOPPED."""
    try:
        yield
    except (KeyboardInterrupt, TypeError, SystemError) as error:
        handler = signal.getsignal(signal.SIGINT)
        if not isinstance(error, KeyboardInterrupt) and not (isinstance(handler, Interrupted) and handler.has_come):
            raise
        import click

        click.echo("Stopped.", err=True)
        raise click.exceptions.Exit(STOPPED) from None
