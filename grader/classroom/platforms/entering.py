"""What every platform's gradebook is to us: an assignment with people, what stands there for each, and what is to stand there.

A platform is a small object with three verbs (`Platform`): one looks at all, one looks at one person again, one sends.
Which of the two wins where a person has written something there is decided in `planning`, for all platforms alike.
"""

import contextlib
import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Protocol

from grader.errors import GraderError
from grader.frozen import frozen


class PlatformError(GraderError):
    """Nothing more can be sent: the platform refused the token, or is set up in a way that cannot take points."""


class Unreachable(PlatformError):
    """The platform does not answer; the same command goes on later."""


class Declined(Exception):
    """The platform will not take this one entry; the others may go on. The message is inert and without secrets."""


class Unclear(Exception):
    """Whether an entry arrived is not known: no answer came in time, the connection was cut, or the server failed."""


@frozen
class Person:
    """Somebody in the platform's course: its own id, ids that a roster may have, and names that are no ids."""

    id: str
    ids: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


@frozen
class Standing:
    """What the platform has for a person: points (None if there are none), an excuse, the comments that it tells.

    `out_of` is 0 where points are those of the assignment.
    """

    points: float | None = None
    out_of: float = 0.0
    is_excused: bool = False
    comments: tuple[str, ...] = ()


@frozen
class Wanted:
    """What shall stand there: points out of a maximum, or an excuse; and a comment, empty if none is to be written."""

    points: float = 0.0
    out_of: float = 0.0
    is_excused: bool = False
    comment: str = ""


@frozen
class Assignment:
    """An assignment as the platform tells it. `out_of` is 0 where points of any maximum are taken.

    `standing` is by a person's id; it lacks those for whom the platform tells nothing.
    """

    place: str  # which one it is, the same in each run, without secrets
    title: str
    out_of: float
    people: tuple[Person, ...]
    standing: Mapping[str, Standing] = field(default_factory=dict)


class Platform(Protocol):
    """A platform's gradebook for one assignment. All verbs raise PlatformError or Unreachable; the last ones more."""

    name: str
    can_excuse: bool
    adds_comments: bool  # a comment stands beside earlier ones; elsewhere it replaces the one that was there
    is_prompt: bool  # what was sent can be seen there at once

    def look(self) -> Assignment: ...

    def standing(self, person: Person) -> Standing | None:
        """What is there now, None where the platform does not tell."""
        ...

    def send(self, person: Person, wanted: Wanted) -> None:
        """Enter it; returns when the platform has acknowledged it. Declined or Unclear if it has not."""
        ...


@contextlib.contextmanager
def understood(name: str) -> Iterator[None]:
    """A context that reads a platform's answer; PlatformError where the answer is of another form than its documentation says."""
    try:
        yield
    except GraderError:
        raise
    except (LookupError, TypeError, AttributeError, ValueError, ArithmeticError) as error:
        raise PlatformError(
            f"{name} answers in a form that is not known ({type(error).__name__}); is the address the one of {name}?"
        ) from None


def plain(comment: str) -> str:
    """A comment without the mark-up that a platform gives it back in, to compare it with what was sent."""
    without = re.sub(r"<[^<>]*>", " ", comment)
    return " ".join(html.unescape(without).split())
