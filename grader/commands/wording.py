"""Make Click's error messages safe to print: what they quote is made inert and loses its passwords."""

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
