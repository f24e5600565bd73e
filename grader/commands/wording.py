"""The words of errors: what Click quotes is made inert and loses its passwords; a word that is nearly a command is told so."""

import contextlib
from collections.abc import Iterator, Sequence

import click


@contextlib.contextmanager
def inert_errors(typed: Sequence[str]) -> Iterator[None]:
    """What Click says of a wrong argument holds the argument, which may hold a password, and a file's name may be a student's.

    `typed` are the words of the command line.
    """
    try:
        yield
    except click.ClickException as error:
        from grader.passwords import without_passwords  # not needed where all is well
        from grader.text import inert

        error.message = inert(without_passwords(error.message, typed))
        raise


def or_a_command(message: str, typed: Sequence[str], commands: Sequence[str]) -> str:
    """An error's sentence; where a word that is no unit is nearly a command, that command is what was meant."""
    first = typed[0] if typed else ""
    if not message.startswith(f"there is no unit {first!r};"):
        return message
    import difflib

    near = difflib.get_close_matches(first, commands, 1, 0.7)
    return f"there is no unit or command {first!r}; did you mean `grade {near[0]}`?" if near else message
