"""The store of a class run: every grade written whole or not at all, by any number of graders at once.

A record belongs to a student and a unit. Its fingerprint is a hash of everything it depends on: the submission, the
key, the versions of course and engine, and the time limit. Replaced records are kept in the table `history`.
"""

import contextlib
import hashlib
import json
import os
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from enum import Enum, auto

from grader.classroom.intake.roster import Student
from grader.classroom.marking.alive import born, is_alive, machine
from grader.classroom.marking.database import Database, StoreError
from grader.classroom.marking.enrolled import from_text, joined, to_text
from grader.frozen import frozen
from grader.passwords import Address
from grader.record import Outcome, Record
from grader.report import from_json

SCHEMA = "1"
COLUMNS = "student, unit, outcome, max_points, points, note, fingerprint, terms, report, written"
RECORD = """(
    student TEXT NOT NULL, unit TEXT NOT NULL, outcome TEXT NOT NULL, max_points INTEGER NOT NULL,
    points INTEGER NOT NULL, note TEXT NOT NULL, fingerprint TEXT NOT NULL, terms TEXT NOT NULL, report TEXT,
    written TEXT NOT NULL"""
TABLES = (
    "CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    f"CREATE TABLE IF NOT EXISTS records {RECORD}, PRIMARY KEY (student, unit))",
    f"CREATE TABLE IF NOT EXISTS proposals {RECORD}, PRIMARY KEY (student, unit))",
    f"CREATE TABLE IF NOT EXISTS history {RECORD})",
    "CREATE TABLE IF NOT EXISTS students (student TEXT PRIMARY KEY, place INTEGER NOT NULL, others TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS keys (name TEXT PRIMARY KEY, content BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS claims (student TEXT NOT NULL, unit TEXT NOT NULL, grader TEXT NOT NULL,"
    " PRIMARY KEY (student, unit))",
    "CREATE TABLE IF NOT EXISTS graders (grader TEXT PRIMARY KEY, machine TEXT NOT NULL, pid INTEGER NOT NULL,"
    " born TEXT NOT NULL, beat DOUBLE PRECISION NOT NULL)",
)


@frozen
class Terms:
    """What a grade depends on besides the submission."""

    key: str
    course: str
    engine: str
    seconds: float

    def to_json(self, sha256: str) -> str:
        return json.dumps(vars(self) | {"sha256": sha256}, sort_keys=True)


@frozen
class Line:
    """A stored record without its report."""

    outcome: Outcome
    points: int
    fingerprint: str
    terms: str


class Claim(Enum):
    OURS = auto()
    DONE = auto()
    THEIRS = auto()


def fingerprint(terms: str) -> str:
    return hashlib.sha256(terms.encode()).hexdigest()


class Store:
    """One class's records. Opening it creates it if it may be new, and registers this process as a grader."""

    def __init__(self, address: Address | str, is_new: bool = True):
        self.database = Database(address, is_new)
        self.grader = secrets.token_hex(8)
        if is_new or self.database.is_postgres:
            self._make()
        self._check()

    def close(self) -> None:
        self.database.close()

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *exception: object) -> None:
        with contextlib.suppress(StoreError):
            self.leave()
        self.close()

    # values that are recorded once

    def once(self, name: str, value: str) -> str:
        """The value stored under a name; if there is none, store this one."""
        self._write("INSERT INTO meta VALUES (?, ?) ON CONFLICT DO NOTHING", (name, value))
        return self.database.execute("SELECT value FROM meta WHERE name = ?", (name,))[0][0]

    def replace_once(self, name: str, value: str) -> None:
        self._write("UPDATE meta SET value = ? WHERE name = ?", (value, name))

    def noted(self, name: str) -> str:
        """The value stored under a name, empty if there is none."""
        return next((value for (value,) in self.database.execute("SELECT value FROM meta WHERE name = ?", (name,))), "")

    def key(self, name: str, make: Callable[[], bytes]) -> bytes:
        """A key's bytes under a name, made on the first call; concurrent graders get the same ones."""
        query = "SELECT content FROM keys WHERE name = ?"
        if not (found := self.database.execute(query, (name,))):
            self._write("INSERT INTO keys VALUES (?, ?) ON CONFLICT DO NOTHING", (name, make()))
            found = self.database.execute(query, (name,))
        return bytes(found[0][0])

    def enrol(self, students: Sequence[Student]) -> None:
        """Store the class's students in order, with all names that a gradebook may have for them.

        What an earlier roster said of them stays where this one says nothing.
        """
        with self.database.transaction():
            known = {student.id: student for student in self.students()}
            for place, student in enumerate(students):
                self.database.execute(
                    "INSERT INTO students VALUES (?, ?, ?) ON CONFLICT (student) DO UPDATE"
                    " SET place = excluded.place, others = excluded.others",
                    (student.id, place, to_text(joined(known.get(student.id), student))),
                )

    def students(self) -> list[Student]:
        rows = self.database.execute("SELECT student, others FROM students ORDER BY place, student")
        return [from_text(student, others) for student, others in rows]

    # records

    def lines(self, table: str = "records") -> dict[tuple[str, str], Line]:
        rows = self.database.execute(f"SELECT student, unit, outcome, points, fingerprint, terms FROM {table}")
        return {(student, unit): Line(Outcome(outcome), *rest) for student, unit, outcome, *rest in rows}

    def put(self, record: Record, terms: str, report: str | None = None, table: str = "records") -> bool:
        """Write a record and release its claim in one step; False if another grader has taken over the claim meanwhile.

        `report` is the report's JSON text, which is stored unchanged.
        """
        with self.database.transaction():
            if report is not None:
                mine = "DELETE FROM claims WHERE student = ? AND unit = ? AND grader = ? RETURNING unit"
                if not self.database.execute(mine, (record.student, record.unit, self.grader)):
                    return False
            self._replace(table, record, terms, report)
        return True

    def accept(self) -> int:
        """Turn all proposals into records in one transaction; returns how many."""
        with self.database.transaction():
            (count,) = self.database.execute("SELECT count(*) FROM proposals")[0]
            whose = "WHERE (student, unit) IN (SELECT student, unit FROM proposals)"
            self.database.execute(f"INSERT INTO history SELECT {COLUMNS} FROM records {whose}")
            self.database.execute(f"DELETE FROM records {whose}")
            self.database.execute(f"INSERT INTO records SELECT {COLUMNS} FROM proposals")
            self.database.execute("DELETE FROM proposals")
        return count

    def forget_proposals(self, still: Iterable[tuple[str, str]]) -> None:
        """Delete the proposals for submissions that no longer need regrading."""
        keep = set(still)
        with self.database.transaction():
            for student, unit in self.lines("proposals"):
                if (student, unit) not in keep:
                    self.database.execute("DELETE FROM proposals WHERE student = ? AND unit = ?", (student, unit))

    def _replace(self, table: str, record: Record, terms: str, report: str | None) -> None:
        where = (record.student, record.unit)
        if table == "records":
            old = f"INSERT INTO history SELECT {COLUMNS} FROM records WHERE student = ? AND unit = ?"
            self.database.execute(old, where)
        self.database.execute(f"DELETE FROM {table} WHERE student = ? AND unit = ?", where)
        row = (
            *where,
            str(record.outcome),
            record.max_points,
            record.points,
            record.note,
            fingerprint(terms),
            terms,
            report,
            datetime.now(UTC).isoformat(timespec="seconds"),
        )
        self.database.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)

    # several graders at once

    def claim(self, student: str, unit: str, mark: str, table: str = "records") -> Claim:
        """Claim a submission for this process, unless it is done or another grader has it."""
        with self.database.transaction():
            taken = self.database.execute(
                "INSERT INTO claims VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING unit",
                (student, unit, self.grader),
            )
            if not taken:
                return Claim.THEIRS
            done = f"SELECT 1 FROM {table} WHERE student = ? AND unit = ? AND fingerprint = ?"
            if not self.database.execute(done, (student, unit, mark)):
                return Claim.OURS
            self.database.execute("DELETE FROM claims WHERE student = ? AND unit = ?", (student, unit))
        return Claim.DONE

    def join(self) -> None:
        """Record a heartbeat of this process; call it every few seconds."""
        self._write(
            "INSERT INTO graders VALUES (?, ?, ?, ?, ?) ON CONFLICT (grader) DO UPDATE SET beat = excluded.beat",
            (self.grader, machine(), os.getpid(), born(os.getpid()), time.time()),
        )

    def leave(self) -> None:
        """Release all claims of this process."""
        with self.database.transaction():
            self._bury(self.grader)

    def bury(self) -> int:
        """Release the claims of dead graders; returns how many other graders are alive."""
        others = self.database.execute("SELECT grader, machine, pid, born, beat FROM graders")
        alive = 0
        for grader, *who in others:
            if grader != self.grader:
                if is_alive(*who):
                    alive += 1
                else:
                    with self.database.transaction():
                        self._bury(grader)
        return alive

    def _bury(self, grader: str) -> None:
        self.database.execute("DELETE FROM claims WHERE grader = ?", (grader,))
        self.database.execute("DELETE FROM graders WHERE grader = ?", (grader,))

    def _write(self, statement: str, values: Sequence) -> None:
        with self.database.transaction():
            self.database.execute(statement, values)

    def _make(self) -> None:
        with self.database.transaction():
            if self.database.is_postgres:  # creating the same table concurrently would fail
                self.database.execute("SELECT pg_advisory_xact_lock(8315)")
            for table in TABLES:
                self.database.execute(table)
            self.database.execute("INSERT INTO meta VALUES ('schema', ?) ON CONFLICT DO NOTHING", (SCHEMA,))

    def _check(self) -> None:
        if self.noted("schema") != SCHEMA:
            raise StoreError(f"{self.database.name} was written by another version of the grader; name another store")


def records(store: Store) -> Iterator[Record]:
    """All records, ordered by student as in the class, then by unit name; one at a time in memory."""
    query = (
        "SELECT r.student, s.others, r.unit, r.outcome, r.max_points, r.note, r.report FROM records r"
        " LEFT JOIN students s ON s.student = r.student ORDER BY s.place, r.student, r.unit"
    )
    with contextlib.closing(store.database.each(query)) as rows:
        for student, said, unit, outcome, max_points, note, report in rows:
            try:
                whole = from_json(json.loads(report)) if report else None
                name = from_text(student, said).name if said else ""
                yield Record(student, unit, Outcome(outcome), max_points, whole, note, name=name)
            except (TypeError, ValueError, RecursionError) as error:
                where = f"{student}, {unit}, in {store.database.name}"
                raise StoreError(f"the record of {where} is damaged ({error})") from None
