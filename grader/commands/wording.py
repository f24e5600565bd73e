"""Click's own sentences, made fit for a terminal."""

import contextlib
from collections.abc import Iterator

import click


@contextlib.contextmanager
def inert_errors() -> Iterator[None]:
    """What Click says of a wrong argument holds the argument, and a file's name may be a student's."""
    try:
        yield
    except click.ClickException as error:
        from grader.text import inert  # not needed where all is well

        error.message = inert(error.message)
        raise
