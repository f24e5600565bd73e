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
POSTGRES = re.compile(r"postgres(ql)?://")  # SQLAlchemy would use psycopg2 for it; users mean PostgreSQL


class GradebookError(GraderError):
    """A gradebook cannot be opened, read or written; the message says which, without its password."""


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
    """Open a gradebook by its URL or its file; GradebookError if that fails."""
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
    """A context that turns a database error into one sentence."""
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
    """A time as nbgrader stores it: in UTC, without a zone."""
    return moment.astimezone(UTC).replace(tzinfo=None)


@contextlib.contextmanager
def calm() -> Iterator[None]:
    """Suppress SQLAlchemy's harmless warnings about the order in which nbgrader adds rows."""
    from sqlalchemy.exc import SAWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)
        yield


def quiet() -> logging.Logger:
    """A logger without output; the record's note says what was unusual."""
    log = logging.getLogger("grader.nbgrader")
    log.addHandler(logging.NullHandler())
    log.propagate = False
    return log


@contextlib.contextmanager
def _tool_on_path(folder: Path) -> Iterator[None]:
    """A context with nbgrader's folder on the PATH: it creates a gradebook by running `alembic`, which lies there."""
    before = os.environ.get("PATH", "")
    os.environ["PATH"] = f"{folder}{os.pathsep}{before}"
    try:
        yield
    except FileNotFoundError as error:
        raise GradebookError(f"nbgrader cannot make a gradebook: {error.filename} is not installed beside it") from None
    finally:
        os.environ["PATH"] = before
