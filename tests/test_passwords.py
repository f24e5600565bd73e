"""A password that came with an address is on no screen and in no file, however it was written."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import warm
from conftest import RIGHT
from test_class import command, course, grade, hand_in, stored  # noqa: F401  two are fixtures

from grader.classroom.marking.database import Database, StoreError
from grader.commands.support import LAST_ERROR, keep_error
from grader.files import data_folder
from grader.passwords import Address, without_passwords

# ruff: noqa: F811  (pytest finds fixtures by the names of arguments)

GRADE = str(Path(sys.executable).with_name("grade"))
WITH_PASSWORD = {
    "user": "postgresql://teacher:S3CRET@127.0.0.1:1/grades",
    "short scheme": "postgres://teacher:S3CRET@127.0.0.1:1/grades",
    "capitals": "POSTGRESQL://teacher:S3CRET@127.0.0.1:1/grades",
    "of SQLAlchemy": "postgresql+psycopg://teacher:S3CRET@127.0.0.1:1/grades",
    "no user": "postgresql://:S3CRET@127.0.0.1:1/grades",
    "query": "postgresql://127.0.0.1:1/grades?user=teacher&password=S3CRET",
    "twice": "postgresql://teacher:S3CRET@127.0.0.1:1/grades?password=S3CRET",
    "TLS key": "postgresql://127.0.0.1:1/grades?sslpassword=S3CRET&user=teacher",
    "encoded": "postgresql://teacher:S3%43RET@127.0.0.1:1/grades",
    "encoded name": "postgresql://127.0.0.1:1/grades?user=teacher&p%61ssword=S3CRET",
    "with @": "postgresql://teacher:x@S3CRET@127.0.0.1:1/grades",
    "with /": "postgresql://teacher:x/S3CRET@127.0.0.1:1/grades",
    "with ?": "postgresql://teacher:S3CRET?S3CRET@127.0.0.1:1/grades",
    "with a space": "postgresql://teacher:x S3CRET@127.0.0.1:1/grades",
    "bad escape": "postgresql://teacher:%S3CRET@127.0.0.1:1/grades",
    "IPv6": "postgresql://teacher:S3CRET@[::1]:1/grades",
    "two hosts": "postgresql://teacher:S3CRET@127.0.0.1:1,127.0.0.1:2/grades",
    "bad port": "postgresql://teacher:S3CRET@127.0.0.1:port/grades",
    "bad option": "postgresql://teacher:S3CRET@127.0.0.1:1/grades?no=S3CRET&password=S3CRET",
    "words": "host=127.0.0.1 port=1 user=teacher password=S3CRET dbname=grades",
    "quoted words": "host=127.0.0.1 port=1 password = 'x S3CRET' dbname=grades",
    "escaped words": r"host=127.0.0.1 port=1 password='x\'S3CRET' dbname=grades",
    "broken words": "host=127.0.0.1 port=1 password='S3CRET dbname=grades",
    "no scheme": "teacher:S3CRET@127.0.0.1/grades",
    "misspelt": "postgresql:/teacher:S3CRET@127.0.0.1:1/grades",
    "another server's": "mysql://teacher:S3CRET@127.0.0.1:1/grades",
}
every_address = pytest.mark.parametrize("address", WITH_PASSWORD.values(), ids=WITH_PASSWORD)


@every_address
def test_an_address_prints_without_its_password(address):
    one = Address(address)
    for shown in (str(one), repr(one), f"{one}", f"cannot open {one}", repr({"db": one})):
        assert "S3CRET" not in shown
    assert "S3CRET" in " ".join(one.secrets)
    assert "S3CRET" not in one.without(f"could not open {address}: {' '.join(one.secrets)}")


@every_address
def test_an_error_of_a_store_says_nothing_of_its_password(address, tmp_path, monkeypatch):
    pytest.importorskip("psycopg")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreError) as caught:
        Database(address)
    assert "S3CRET" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []  # an address is no file's name


def run(tmp_path: Path, *words: object) -> subprocess.CompletedProcess:
    environment = os.environ | {"XDG_DATA_HOME": str(tmp_path / "data"), "HOME": str(tmp_path / "home")}
    return warm.run(warm.GRADE, words, tmp_path, environment)


def places(tmp_path: Path, *ended: subprocess.CompletedProcess) -> list[str]:
    """Where the password is."""
    found = ["the screen" for done in ended if "S3CRET" in done.stdout + done.stderr]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    return found + [path.name for path in files if "S3CRET" in path.name or b"S3CRET" in path.read_bytes()]


@every_address
def test_the_last_error_is_kept_without_the_password(address, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    why = f"cannot open {address} ({' '.join(Address(address).secrets)})"
    for words in (["--db", address], [f"--db={address}"]):
        for error in (StoreError(why), RuntimeError(why)):
            keep_error(["class", "in", *words], error)
            assert places(tmp_path) == []
            (kept,) = tmp_path.rglob(LAST_ERROR)
            assert "class in --db" in kept.read_text()


@pytest.mark.parametrize("kind", ["twice", "query", "with a space", "words", "misspelt"])
def test_no_screen_and_no_file_of_a_failed_run_has_the_password(course, tmp_path, kind):
    address = WITH_PASSWORD[kind]
    hand_in(tmp_path / "in", {"alice": RIGHT})
    done = run(tmp_path, "class", "in", "--course", course, "--db", address)
    report = run(tmp_path, "doctor", "--report", "doctor.txt")
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("Error: ") == 1
    assert places(tmp_path, done, report) == []
    assert "class in" in (tmp_path / "doctor.txt").read_text()


@pytest.mark.parametrize(
    "words",
    [
        ("class", "in", "--seed", WITH_PASSWORD["user"]),
        ("class", "in", "--seed", WITH_PASSWORD["with a space"]),
        ("class", "in", "--unit", WITH_PASSWORD["user"]),
        ("class", "in", f"--dbb={WITH_PASSWORD['user']}"),
        ("class", WITH_PASSWORD["user"]),
        ("class", "in", "--csv", WITH_PASSWORD["user"]),
        ("class", "in", "--nbgrader", WITH_PASSWORD["user"]),
        ("class", "in", "--nbgrader", "nosuch://teacher:S3CRET@x/y"),
        ("class", "in", "--scheduler", "tcp://teacher:S3CRET@127.0.0.1:1"),
        (WITH_PASSWORD["user"],),
        ("hint", WITH_PASSWORD["query"]),
        ("https://example.org/submissions?token=S3CRET&page=2",),
        ("https://S3CRET@example.org/submissions",),
    ],
    ids=lambda words: " ".join(words)[:40],
)
def test_a_password_in_the_wrong_place_is_not_told_either(course, tmp_path, words):
    hand_in(tmp_path / "in", {"alice": RIGHT})
    more = ("--course", course) if words[0] in ("class", "hint") else ()
    done = run(tmp_path, *words, *more)
    assert done.returncode == 2, done.stderr
    assert places(tmp_path, done) == []


def test_a_report_leaves_out_what_an_older_grader_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    data_folder().mkdir(parents=True)
    (data_folder() / LAST_ERROR).write_text(f"grade class in --db {WITH_PASSWORD['user']}\n")
    run(tmp_path, "doctor", "--report", "doctor.txt")
    assert "--db postgresql://teacher:***@127.0.0.1:1/grades" in (tmp_path / "doctor.txt").read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc to see what ps shows")
def test_the_arguments_that_others_see_lose_the_password(course, tmp_path, postgres):
    folder = hand_in(tmp_path / "in", {f"student {n}": "import time\ntime.sleep(1)\n" + RIGHT for n in range(4)})
    address = postgres.replace(":secret@", ":S3CRET@")
    process = subprocess.Popen(
        command(course, folder, "--db", address, "--jobs", 1), cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    told = process.stderr.readline()
    seen = Path(f"/proc/{process.pid}/cmdline").read_bytes()
    told += process.stderr.read()
    assert process.wait(60) == 0, told
    assert b"S3CRET" not in seen
    assert b"grader:******@127.0.0.1" in seen
    assert "S3CRET" not in told


@pytest.mark.parametrize(
    "address",
    ["class.db", "./host=db", "a folder/class@2026.db", "postgresql://teacher@h:5432/grades", r"C:\a@b\class.db",
     "host=h dbname=grades user=teacher", "postgresql://[::1]:5432/grades?sslmode=require&passfile=/x/y"],
)  # fmt: skip
def test_an_address_without_a_password_is_shown_as_it_is(address):
    one = Address(address)
    assert str(one) == address
    assert one.secrets == ()
    assert one.is_file or one.is_postgres


@pytest.mark.parametrize(
    "text",
    [
        "token = tokens[0]",
        "the password is wrong for user teacher",
        "in line 3: x = key[1] and a@b.org",
        "see https://example.org:8080/page?unit=attention",
        "grade class in --db class.db --column 'attention=Homework 3 (1234)'",
    ],
)
def test_a_sentence_without_a_password_stays_as_it_is(text):
    assert without_passwords(text) == text


def test_a_store_by_words_is_one_on_postgresql(grade, tmp_path, postgres):
    port = postgres.rpartition(":")[2].partition("/")[0]
    from postgres_server import emptied

    emptied(postgres)
    words = f"host=127.0.0.1 port={port} user=grader password=S3CRET dbname=postgres"
    done = grade(hand_in(tmp_path / "in", {"alice": RIGHT}), "--db", words)
    assert f"1 record in host=127.0.0.1 port={port} user=grader password=*** dbname=postgres" in done.stderr
    assert [record["points"] for record in stored(words)] == [10]
    emptied(postgres)
