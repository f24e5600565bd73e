"""A store's database connection: SQLite in WAL mode, or PostgreSQL; the same statements serve both."""

import contextlib
import errno
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from grader.errors import GraderError
from grader.files import begun
from grader.passwords import Address

CONNECTING = 10  # seconds to wait for a server that does not answer
PATIENCE = 60  # seconds to wait for another grader's transaction, which takes milliseconds
BESIDE = ("-journal", "-wal", "-shm")  # SQLite's own files
AGAIN = 0.01  # seconds after which a file that somebody else has is tried again
NOT_A_LINK = "name the store itself with --db, or remove the link"


class StoreError(GraderError):
    """The store cannot be read or written. Its content is unchanged."""


class Database:
    """Runs SQL statements with `?` for values; `transaction` groups several."""

    def __init__(self, address: Address | str, is_new: bool = True):
        self.address = address if isinstance(address, Address) else Address(address)
        self.is_postgres = self.address.is_postgres
        self.name = str(self.address)  # never a password
        if not self.is_postgres and not self.address.is_file:
            raise StoreError(
                f"the store {self.name} is neither a file nor on PostgreSQL; name a file, or postgresql://USER@HOST/NAME"
            )
        with self._said():
            self._connection = self._postgres() if self.is_postgres else self._sqlite(is_new)

    def execute(self, statement: str, values: Sequence[Any] = ()) -> list[tuple]:
        """Run a statement and return its rows, if any."""
        with self._said():
            if self.is_postgres:
                statement = statement.replace("?", "%s").replace("BLOB", "BYTEA")
                cursor = self._connection.execute(statement, values)
                return cursor.fetchall() if cursor.description else []
            return self._connection.execute(statement, values).fetchall()

    def has_table(self, name: str) -> bool:
        """Whether there is a table of this name; a store of an older version may lack one."""
        if self.is_postgres:
            return self.execute("SELECT to_regclass(?)", (name,)) != [(None,)]
        return bool(self.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,)))

    def each(self, statement: str, values: Sequence[Any] = ()) -> Iterator[tuple]:
        """The rows of a statement one by one, for results that are too large for memory."""
        with self._said():
            if self.is_postgres:
                with self._connection.transaction(), self._connection.cursor(name="each") as cursor:
                    yield from cursor.execute(statement.replace("?", "%s"), values)
            else:
                yield from self._connection.execute(statement, values)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """A context in which all statements take effect or none, even if the process is killed."""
        with self._said():
            if self.is_postgres:
                with self._connection.transaction():
                    yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self._connection.close()

    def _sqlite(self, is_new: bool) -> sqlite3.Connection:
        path = Path(self.address.whole)
        for name in (path, *(f"{path}{end}" for end in BESIDE)):
            if os.path.islink(name):
                raise StoreError(f"{name} is a link, and a store is not written through one; {NOT_A_LINK}")
        if not path.exists():
            if not is_new:
                raise StoreError(f"there is no store {path}; name the one that `grade class` wrote with --db")
            begun(path)  # readable by its owner only, because it holds the seed
        if not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
            if is_new:
                raise OSError(errno.EROFS, "it is read-only")
            # a read-only file: nothing can change it, so SQLite needs no files beside it
            return sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True, isolation_level=None)
        connection = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
        try:
            _patiently(connection, "PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")  # a reported grade is on the disk
        except BaseException:
            connection.close()
            raise
        return connection

    def _postgres(self) -> Any:
        try:
            import psycopg
        except ImportError:
            raise StoreError(
                "a PostgreSQL store needs psycopg; install it with `pip install 'deep-grade[postgres]'`"
            ) from None
        self._errors: tuple = (psycopg.Error,)
        found = {"connect_timeout": CONNECTING, **self._parts(psycopg)}
        return psycopg.connect(**found, autocommit=True)

    def _parts(self, psycopg: Any) -> dict[str, Any]:
        """The address in parts, as libpq parses it; refused if libpq sees a password that we would not hide."""
        try:
            parts = psycopg.conninfo.conninfo_to_dict(self.address.for_libpq())
        except psycopg.Error:  # its message may contain part of the password
            parts = {"password": ""}
        held = {value for name, value in parts.items() if name in ("password", "sslpassword")}
        if not held <= {*self.address.secrets} or "@" in str(parts.get("host")):
            raise StoreError(
                f"the store's address {self.name} cannot be read; in a URL, write %40 for @, %2F for / and %3F for ? of a "
                "password, or leave it to ~/.pgpass"
            )
        return parts

    @contextlib.contextmanager
    def _said(self) -> Iterator[None]:
        """A context that turns a database error into one sentence."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StoreError(self._sentence(error)) from error
        except Exception as error:
            if isinstance(error, getattr(self, "_errors", ())):
                raise StoreError(self._sentence(error)) from error
            raise

    def _sentence(self, error: Exception) -> str:
        text = " ".join(self.address.without(str(getattr(error, "strerror", None) or error)).split()).rstrip(".")
        advice = "the grades that were in it are still there"
        if "full" in text or "No space" in text:
            advice += "; make room on the disk, and the same command goes on"
        elif "readonly" in text or "read-only" in text.lower():
            advice += "; make it writable, or name another one with --db"
        elif "not a database" in text:
            advice = "name a store that `grade class` wrote, or a new file, with --db"
        elif "unable to open" in text or isinstance(error, OSError) or "connect" in text:
            advice = "name another one with --db"
        return f"the store {self.name} cannot be used ({text}); {advice}"


def _patiently(connection: sqlite3.Connection, statement: str) -> None:
    """Run a statement for which SQLite does not wait itself: it refuses another journal at once while anybody has the file."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            connection.execute(statement)
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(AGAIN)
