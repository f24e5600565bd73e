"""Find an nbgrader course's configuration and open its gradebook: SQLite, or PostgreSQL by its URL."""

import contextlib
import importlib.util
import logging
import os
import re
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from grader.errors import GraderError
from grader.passwords import Address

CONFIG = "nbgrader_config.py"
POSTGRES = re.compile(r"postgres(ql)?://")  # which SQLAlchemy takes for psycopg2, and its users for PostgreSQL


class GradebookError(GraderError):
    """A gradebook that cannot be opened, read or written; the message says which, and never with its password."""


def course_of(folder: Path) -> tuple[Any, Any]:
    """(configuration, CourseDirectory) of an nbgrader course, from its own nbgrader_config.py."""
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config.loader import PyFileConfigLoader

    config = PyFileConfigLoader(CONFIG, path=str(folder.absolute())).load_config()
    coursedir = CourseDirectory(config=config)
    coursedir.root = str(folder.absolute())
    return config, coursedir


@contextlib.contextmanager
def gradebook_of(folder: Path) -> Iterator[Any]:
    """The gradebook of a course's folder."""
    _, coursedir = course_of(folder)
    with opened(coursedir.db_url, coursedir.course_id) as gradebook:
        yield gradebook


@contextlib.contextmanager
def opened(url: str, *course: str) -> Iterator[Any]:
    """A gradebook by its URL, or by its file; GradebookError where there is no way in."""
    try:
        import nbgrader
        from nbgrader.api import Gradebook
    except ImportError:
        raise GradebookError(
            "nbgrader's gradebook needs nbgrader; install it with `pip install 'deep-grade[nbgrader]'`"
        ) from None
    if "://" not in url:
        url = f"sqlite:///{url}"
    if POSTGRES.match(url) and not importlib.util.find_spec("psycopg2"):
        url = POSTGRES.sub("postgresql+psycopg://", url)
    with _said(Address(url)), calm():
        with _tool_on_path(Path(nbgrader.__file__).parents[4] / "bin"):
            gradebook = Gradebook(url, *course)
        with gradebook:
            yield gradebook


@contextlib.contextmanager
def _said(shown: Address) -> Iterator[None]:
    """A database's error as one sentence."""
    from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, NoSuchModuleError

    try:
        yield
    except ModuleNotFoundError as error:
        raise GradebookError(
            f"the gradebook {shown} needs {error.name}, which is not installed; for PostgreSQL: "
            "`pip install 'deep-grade[postgres]'`"
        ) from None
    except (DBAPIError, ArgumentError, NoSuchModuleError) as error:
        why = " ".join(shown.without(str(getattr(error, "orig", None) or error)).split()).rstrip(".")
        advice = "nothing was lost that was in it" if isinstance(error, DataError) else "is its address right?"
        raise GradebookError(f"the gradebook {shown} cannot be used ({why}); {advice}") from None


def utc(moment: datetime) -> datetime:
    """A moment as nbgrader keeps it: in UTC, without saying so."""
    return moment.astimezone(UTC).replace(tzinfo=None)


@contextlib.contextmanager
def calm() -> Iterator[None]:
    """SQLAlchemy warns of the order in which nbgrader adds its rows; they are all there in the end."""
    from sqlalchemy.exc import SAWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)
        yield


def quiet() -> logging.Logger:
    """A log that nobody reads: what was odd is in the record's note, in our own words."""
    log = logging.getLogger("grader.nbgrader")
    log.addHandler(logging.NullHandler())
    log.propagate = False
    return log


@contextlib.contextmanager
def _tool_on_path(folder: Path) -> Iterator[None]:
    """nbgrader makes a gradebook by running `alembic`, which lies beside it, also where that is not on the PATH."""
    before = os.environ.get("PATH", "")
    os.environ["PATH"] = f"{folder}{os.pathsep}{before}"
    try:
        yield
    except FileNotFoundError as error:
        raise GradebookError(f"nbgrader cannot make a gradebook: {error.filename} is not installed beside it") from None
    finally:
        os.environ["PATH"] = before
