"""The store: one record a hand-in whatever happens; the same on SQLite and on a real PostgreSQL server."""

import contextlib
import sqlite3
import stat
import subprocess
import sys
import threading

import pytest
from conftest import ROOT
from postgres_server import empty_store

from grader.classroom.intake.roster import Student
from grader.classroom.marking.database import Database, StoreError
from grader.classroom.marking.store import Claim, Store, Terms, fingerprint, records
from grader.files import begun
from grader.record import Outcome, Record
from grader.report import to_json

TERMS = Terms("toy-1", "c1", "0.1.0", 10.0).to_json("00")
MARK = fingerprint(TERMS)


@pytest.fixture(params=["sqlite", "postgres"])
def address(request, tmp_path) -> str:
    return empty_store(request, tmp_path)


@pytest.fixture
def report(mark):
    return mark("def scale(x, factor=2.0):\n    return x * factor\n")


def graded(report, student: str = "alice") -> Record:
    return Record(student, "toy", Outcome.GRADED, report.max_points, report)


def text(report) -> str:
    import json

    return json.dumps(to_json(report))


def write(store: Store, report, student: str = "alice", terms: str = TERMS, table: str = "records") -> bool:
    store.join()
    assert store.claim(student, "toy", fingerprint(terms), table) is Claim.OURS
    return store.put(graded(report, student), terms, text(report), table)


def test_a_record_comes_back_as_it_was(address, report):
    with Store(address) as store:
        store.enrol([Student("zoe"), Student("alice", ("Alice A", "17"))])
        assert write(store, report)
        store.put(Record("zoe", "toy", Outcome.ABSENT, 10, note="nothing"), "{}")
    with Store(address) as store:
        zoe, alice = records(store)  # in the order of the class
        assert zoe == Record("zoe", "toy", Outcome.ABSENT, 10, note="nothing")
        assert to_json(alice.report) == to_json(report)
        assert store.students() == [Student("zoe"), Student("alice", ("Alice A", "17"))]


def test_what_is_recorded_once_stays(address):
    with Store(address) as one, Store(address) as two:
        assert one.once("seed", "1") == "1"
        assert two.once("seed", "2") == "1"
        assert one.key("k", lambda: b"\0first") == b"\0first"
        assert two.key("k", lambda: b"second") == b"\0first"


def test_a_hand_in_is_one_graders_at_a_time(address, report):
    with Store(address) as one, Store(address) as two:
        one.join()
        two.join()
        assert one.claim("alice", "toy", MARK) is Claim.OURS
        assert two.claim("alice", "toy", MARK) is Claim.THEIRS
        assert one.put(graded(report), TERMS, text(report))
        assert two.claim("alice", "toy", MARK) is Claim.DONE
        other = Terms("toy-2", "c1", "0.1.0", 10.0).to_json("00")
        assert two.claim("alice", "toy", fingerprint(other)) is Claim.OURS


def test_who_lost_a_claim_writes_nothing(address, report):
    with Store(address) as one, Store(address) as two:
        one.join()
        assert one.claim("alice", "toy", MARK) is Claim.OURS
        one.leave()  # as if another had taken it for dead
        assert write(two, report)
        assert not one.put(graded(report), TERMS, text(report))
        assert len(list(records(two))) == 1


def test_many_graders_at_once_grade_everything_once(address, report):
    names = [f"student {n}" for n in range(40)]
    written: list[str] = []

    def grader() -> None:
        with Store(address) as store:
            store.join()
            for name in names:
                if store.claim(name, "toy", MARK) is Claim.OURS:
                    assert store.put(graded(report, name), TERMS, text(report))
                    written.append(name)

    with Store(address) as store:
        threads = [threading.Thread(target=grader) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(written) == sorted(names)
        assert sorted(record.student for record in records(store)) == sorted(names)
        assert store.database.execute("SELECT count(*) FROM history") == [(0,)]


DIES = """
import os, signal, sys
from grader.classroom.marking.store import Store
store = Store(sys.argv[1])
store.join()
store.claim("alice", "toy", "m")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_new_store_is_waited_for_while_another_grader_begins_it(tmp_path):
    """SQLite refuses the change to a journal of its own at once, however long a connection would wait."""
    path = tmp_path / "new.db"
    begun(path)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        ends = threading.Timer(0.3, other.execute, ["COMMIT"])
        ends.start()
        with contextlib.closing(Database(str(path))) as database:
            assert database.execute("PRAGMA journal_mode") == [("wal",)]
        ends.join()


def test_a_store_that_another_program_keeps_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("grader.classroom.marking.database.PATIENCE", 0.1)
    path = tmp_path / "new.db"
    begun(path)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="database is locked"):
            Database(str(path))


def test_a_dead_graders_claims_are_free_at_once(address):
    subprocess.run([sys.executable, "-c", DIES, address], cwd=ROOT)
    with Store(address) as store:
        assert store.claim("alice", "toy", "m") is Claim.THEIRS
        assert store.bury() == 0
        assert store.claim("alice", "toy", "m") is Claim.OURS


def test_a_grader_elsewhere_is_alive_as_long_as_it_says_so(address):
    with Store(address) as store:
        import time

        for name, beat in (("fresh", time.time()), ("silent", time.time() - 3600)):
            store._write("INSERT INTO graders VALUES (?, 'another machine', 1, '', ?)", (name, beat))
            store._write("INSERT INTO claims VALUES (?, 'toy', ?)", (name, name))
        assert store.bury() == 1
        assert store.claim("fresh", "toy", "m") is Claim.THEIRS
        assert store.claim("silent", "toy", "m") is Claim.OURS


def test_proposals_change_records_all_at_once_and_keep_the_old_ones(address, report):
    other = Terms("toy-2", "c1", "0.1.0", 10.0).to_json("00")
    with Store(address) as store:
        write(store, report)
        write(store, report, "bob")
        write(store, report, terms=other, table="proposals")
        assert store.lines()["alice", "toy"].terms == TERMS
        assert store.accept() == 1
        assert store.lines()["alice", "toy"].terms == other
        assert store.lines()["bob", "toy"].terms == TERMS
        assert store.database.execute("SELECT student, terms FROM history") == [("alice", TERMS)]
        assert store.lines("proposals") == {}


def test_proposals_that_nobody_needs_are_dropped(address, report):
    with Store(address) as store:
        write(store, report, table="proposals")
        write(store, report, "bob", table="proposals")
        store.forget_proposals([("bob", "toy")])
        assert list(store.lines("proposals")) == [("bob", "toy")]


def test_hostile_names_are_data(address, report):
    names = ["'; DROP TABLE records; --", "\x1b[31m", "=1+1", "%s", "?", "Ω‮", "\\x00"]
    with Store(address) as store:
        for name in names:
            write(store, report, name)
        assert sorted(record.student for record in records(store)) == sorted(names)


def test_a_store_holds_a_secret_and_is_its_owners_alone(tmp_path):
    with Store(str(tmp_path / "class.db")) as store:
        store.once("seed", "1")
        for file in tmp_path.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, file


def test_a_store_of_another_version_is_left_alone(address):
    with Store(address) as store:
        store._write("UPDATE meta SET value = ?", ("999",))
    with pytest.raises(StoreError, match="another version of the grader"):
        Store(address)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"this is a text, and no database at all" * 9, "not a database"), (None, "there is no store")],
)
def test_what_is_no_store_is_told_so(tmp_path, content, words):
    if content is not None:
        (tmp_path / "class.db").write_bytes(content)
    with pytest.raises(StoreError, match=words):
        Store(str(tmp_path / "class.db"), is_new=False)
    if content is not None:
        assert (tmp_path / "class.db").read_bytes() == content


def test_a_folder_that_does_not_exist_is_told_so(tmp_path):
    with pytest.raises(StoreError, match="No such file"):
        Store(str(tmp_path / "nowhere" / "class.db"))


def test_a_server_that_is_not_there_is_told_so_without_the_password():
    pytest.importorskip("psycopg")
    with pytest.raises(StoreError, match="cannot be used") as caught:
        Store("postgresql://grader:hunter2@127.0.0.1:1/none")
    assert "hunter2" not in str(caught.value)


def test_a_full_disk_is_told_and_the_old_records_are_still_there(tmp_path, report):
    path = tmp_path / "class.db"
    with Store(str(path)) as store:
        write(store, report)
        (pages,) = store.database.execute("PRAGMA page_count")[0]
        store.database.execute(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(StoreError, match=r"disk is full.*make room"):
            store.enrol([Student(f"student {n}" * 50) for n in range(100)])
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with Store(str(path)) as store:
        assert [record.student for record in records(store)] == ["alice"]
        assert store.students() == []
