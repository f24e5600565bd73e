"""What is typed for `grade class adjust` and `grade class appeal`, as frozen records."""

import getpass
from pathlib import Path

from grader.frozen import frozen
from grader.passwords import Address


@frozen
class Wish:
    """The options of the command line."""

    student: str | None
    target: str | None
    points: str | None
    comment: str | None
    hold: bool
    excuse: bool
    due: str | None
    table: Path | None
    undo: tuple[int, ...]
    by: str
    why: str
    yes: bool
    db: Address


@frozen
class Question:
    """The options of the command line."""

    student: str
    exercise: str
    output: Path | None
    timeout: float
    isolation: str
    db: Address


def login() -> str:
    """The name under which somebody is logged in, empty where the system does not say."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
