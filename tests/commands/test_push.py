"""`grade class push` as a teacher types it: what it says, what it sends, and that no token is ever told."""

import logging
import os
import re
import sqlite3
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from fake_canvas import FakeCanvas
from fake_moodle import FakeMoodle
from loopback import TOKEN, serving
from test_decisions import DECIDED, marked

from cli import grade
from grader.classroom.marking.decisions import decide
from grader.classroom.marking.lateness import note
from grader.classroom.marking.store import Store
from grader.classroom.platforms.entering import Person
from grader.classroom.platforms.platform_settings import people_of, read_settings
from grader.course.settings_file import parse
from grader.errors import GraderError
from grader.record import Kind

PEOPLE = [
    {"id": 101, "name": "Ann", "username": "ann", "sis_user_id": "ann", "idnumber": "ann"},
    {"id": 102, "name": "Bob", "username": "bob", "sis_user_id": "bob", "idnumber": "bob"},
    {"id": 103, "name": "Cem", "username": "cem", "sis_user_id": "cem", "idnumber": "cem"},
]


@pytest.fixture
def class_db(mark, tmp_path, monkeypatch):
    """A class in the current directory: ann, bob and cem handed in (4 of 10 points), dil did not."""
    monkeypatch.chdir(tmp_path)
    with marked(Store("class.db"), mark("def scale(x, factor=2.0):\n    return x * factor\n")):
        pass
    return tmp_path


@pytest.fixture(params=["canvas", "moodle"])
def there(request, class_db, monkeypatch):
    fake = FakeCanvas(PEOPLE) if request.param == "canvas" else FakeMoodle(PEOPLE)
    with serving(fake):
        number = 34 if request.param == "canvas" else 345
        (class_db / "platforms.toml").write_text(
            f'[{request.param}]\nurl = "{fake.url}/"\ncourse = 12\nassignments = {{ toy = {number} }}\n'
        )
        monkeypatch.setenv(f"GRADE_{request.param.upper()}_TOKEN", f" {TOKEN}\n")
        fake.kind = request.param
        yield fake
    assert fake.faults == []


def run(*words: str, status: int | None = 0) -> str:
    """What a command prints; what goes wrong is raised as in the console script."""
    done = CliRunner().invoke(grade, ["class", "push", *words, "--settings", "platforms.toml"], catch_exceptions=True)
    if isinstance(done.exception, GraderError):
        raise done.exception
    assert status in (None, done.exit_code), done.output
    return done.output


def test_a_look_says_what_would_be_sent_and_sends_nothing(there):
    told = run(there.kind, "--look")
    assert told.startswith(f"platforms.toml: {there.kind} at {there.url}\n")  # before a token goes there
    assert re.search(r"^toy → (Canvas|Moodle): Homework 3, out of 20; ", told, re.MULTILINE)
    assert "1 have nothing to enter: nothing readable was handed in" in told
    assert "  ann  – → 8  new\n  bob  – → 8  new\n  cem  – → 8  new\n3 would be sent. Nothing was.\n" in told
    assert there.writes() == []
    with Store("class.db") as store:
        assert not store.database.has_table("entries_sent")


def test_points_are_entered_and_the_same_command_again_sends_nothing(there):
    told = run(there.kind)
    assert "1/3  ann  – → 8  new\n2/3  bob  – → 8  new\n3/3  cem  – → 8  new\n3 entered.\n" in told
    assert "0 entered, 3 stood there already." in run(there.kind, "toy")
    assert len(there.writes()) == 3


def test_what_people_decided_is_entered_and_what_is_held_is_not(there):
    with Store("class.db") as store:
        decide(store, DECIDED)  # ann has 2.5 more, bob is held back, cem excused, dil has 7 points though nothing came
    told = run(there.kind, "--comments", status=1)
    assert "ann  – → 13  new, with a comment" in told
    assert "1 held back: bob." in told
    assert "1 not found there: dil." in told
    assert ("cem  – → excused  excused" in told) == (there.kind == "canvas")
    assert ("1 excused, which this platform cannot be told: enter that by hand: cem." in told) == (
        there.kind == "moodle"
    )
    said = " ".join(call.body.decode() for call in there.writes())
    assert "row_sums+2.5+of+3" in said
    assert "%3Dwell+done" in said
    assert "toy%3A+6.5+of+10+points" in said


def test_the_numbers_are_those_that_a_gradebook_gets(class_db, monkeypatch):
    """With points by hand and lateness, to the digit as `--canvas` writes them."""
    fake = FakeCanvas([*PEOPLE, {"id": 104, "name": "Dil", "sis_user_id": "dil"}], 7.0)
    late = "units = ['toy']\n[due]\ntoy = 2026-11-20T12:00:00Z\n[late]\npenalty = 17\n"
    with Store("class.db") as store:
        decide(store, [one for one in DECIDED if one.kind in (Kind.POINTS, Kind.EXCUSE)])
        note(store, parse(late), {"toy": {"bob": datetime.fromisoformat("2026-11-21T13:00:00+00:00")}})
    rows = "".join(f"{one['name']},{one['id']},{one['sis_user_id']},s,\n" for one in fake.people)
    (class_db / "book.csv").write_text(f"Student,ID,SIS User ID,Section,toy (1)\n    Points Possible,,,,7\n{rows}")
    assert CliRunner().invoke(grade, ["class", "--canvas", "book.csv"]).exit_code == 0
    lines = (class_db / "book.csv").read_text().splitlines()[2:]
    written = {int(line.split(",")[1]): line.rpartition(",")[2] for line in lines}
    with serving(fake):
        (class_db / "platforms.toml").write_text(
            f'[canvas]\nurl = "{fake.url}"\ncourse = 12\nassignments = {{ toy = 34 }}\n'
        )
        monkeypatch.setenv("GRADE_CANVAS_TOKEN", TOKEN)
        run("canvas")
    assert {
        one: "EX" if there["excused"] else f"{there['score']:g}" for one, there in fake.submissions.items()
    } == written
    assert written == {101: "4.55", 102: "1.85", 103: "EX", 104: "4.9"}


def test_what_a_person_wrote_there_is_named_and_left(there):
    run(there.kind)
    if there.kind == "canvas":
        there.submissions[101] |= {"score": 1.0, "entered_score": 1.0}
    else:
        there.grades[101] = 1.0
    assert "ann  1 → 8  kept" in run(there.kind, "--look", status=1)
    told = run(there.kind, status=1)
    assert "1 left as a person wrote them there (--yes overwrites that): ann." in told
    assert "1/1  ann  1 → 8  overwritten" in run(there.kind, "--yes")


def test_a_platform_that_goes_silent_is_told_and_the_same_command_goes_on(there, monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    there.trouble = ["", "fail", "fail", "fail"]
    told = run(there.kind, status=1)
    assert "1 entered, 2 are left." in told
    assert "does not answer" in told
    assert "the same command goes on with the rest" in told
    assert "2 entered, 1 stood there already." in run(there.kind)


def test_ctrl_c_ends_with_130_and_the_same_command_goes_on(there, monkeypatch):
    def stop(_seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", stop)
    there.trouble = ["", "lost"]
    told = run(there.kind, status=130)
    assert "1 entered, 2 are left." in told
    assert "Stopped. What was entered is in the store; the same command goes on with the rest." in told
    assert "1 entered, 2 stood there already." in run(there.kind)


def test_a_refused_token_is_status_2_after_what_was_entered_is_told(there):
    there.trouble = ["", "revoke"]
    with pytest.raises(GraderError, match="the token"):
        run(there.kind)
    there.revoked = False
    assert "2 entered, 1 stood there already." in run(there.kind)


@pytest.mark.parametrize("trouble", ["", "revoke", "fail", "busy"])
def test_the_token_is_in_no_output_no_store_no_log_and_no_traceback(there, trouble, caplog, monkeypatch):
    """Through the console script's own way of telling errors, with GRADE_DEBUG, and with a server that repeats the token."""
    there.trouble = [trouble, *[trouble] * 8 * (trouble == "fail")]
    import cli

    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    monkeypatch.setenv("GRADE_DEBUG", "1")
    monkeypatch.setattr(
        sys, "argv", ["grade", "class", "push", there.kind, "--settings", "platforms.toml", "--comments"]
    )
    caplog.set_level(logging.DEBUG)
    runner = CliRunner()
    with runner.isolation() as (out, err, both), pytest.raises(SystemExit):
        cli.main()
    told = both.getvalue() + out.getvalue() + err.getvalue() + caplog.text.encode()
    assert told
    assert TOKEN.encode() not in told
    kept = [path for path in [*Path().rglob("*"), *Path(os.environ["XDG_DATA_HOME"]).rglob("*")] if path.is_file()]
    assert [path for path in kept if TOKEN.encode() in path.read_bytes()] == []
    assert sqlite3.connect("class.db").execute("SELECT count(*) FROM entries_sent").fetchone()[0]


def test_a_token_in_a_file_is_taken_only_where_nobody_else_reads_it(there, class_db, monkeypatch):
    monkeypatch.delenv(f"GRADE_{there.kind.upper()}_TOKEN")
    file = class_db / "token"
    file.write_text(TOKEN + "\n")
    file.chmod(0o644)
    with pytest.raises(GraderError, match=r"others can read the token in token; .* `chmod 600`"):
        run(there.kind, "--token-file", "token")
    file.chmod(0o600)
    assert "3 entered." in run(there.kind, "--token-file", "token")
    file.write_text("two words")
    with pytest.raises(GraderError, match="the file token holds no token") as error:
        run(there.kind, "--token-file", "token")
    assert "two words" not in str(error.value)
    with pytest.raises(GraderError, match="there is no token: put it into the environment as GRADE_"):
        run(there.kind)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "canvas is not set up: there is no platforms.toml"),
        ("", r"canvas is not set up: platforms.toml has no table \[canvas\]"),
        ("[canvas", "is not TOML"),
        ("[cavnas]", r"unknown table \[cavnas\]; did you mean canvas\?"),
        ("[canvas]\ncourse = 1", "canvas needs an entry url"),
        ("[canvas]\nurl='http://lms.example.edu'\ncourse=1\nassignments={toy=1}", "has no TLS"),
        ("[canvas]\nurl='https://me:pw@lms.example.edu'\ncourse=1\nassignments={toy=1}", "leave it out"),
        ("[canvas]\nurl='lms.example.edu'\ncourse=1\nassignments={toy=1}", "must be an address such as"),
        ("[canvas]\nurl='https://[x'\ncourse=1\nassignments={toy=1}", "must be an address such as"),
        ("[canvas]\nurl='https://x:y/'\ncourse=1\nassignments={toy=1}", "must be an address such as"),
        ("[canvas]\nurl='https://lms.example.edu'\ncourse='../1'\nassignments={toy=1}", "must be the number"),
        ("[canvas]\nurl='https://lms.example.edu'\ncourse=1\nassignments={toy='x'}", "must be the number"),
        ("[canvas]\nurl='https://lms.example.edu'\ncourse=1\nassignments=3", "must name an assignment for a unit"),
        ("[canvas]\nurl='https://lms.example.edu'\ncourse=1\nassignments={toy=1}\ntoken='x'", "unknown entry token"),
    ],
)
def test_wrong_settings_are_one_sentence(class_db, text, sentence):
    if text is not None:
        (class_db / "platforms.toml").write_text(text)
    with pytest.raises(GraderError, match=sentence) as error:
        read_settings(Path("platforms.toml"), "canvas")
    assert "pw" not in str(error.value)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["UNIT"], "is not among the"),
        (["toy", "--key-file", "x"], "--key-file is for lti"),
        (["toy", "--db", "no.db"], "there is no store no.db"),
    ],
)
def test_wrong_use_is_one_sentence(there, words, sentence):
    with pytest.raises(GraderError, match=sentence):
        run(there.kind, *words)


def test_lti_takes_a_key_that_nobody_else_reads(class_db):
    (class_db / "platforms.toml").write_text(
        "[lti]\ntoken_url='https://lms.example.edu/token'\nclient_id='1'\nassignments={toy='https://lms.example.edu/34'}\n"
    )
    with pytest.raises(GraderError, match="name its file with --key-file"):
        run("lti")
    (class_db / "lti.pem").write_text("x")
    (class_db / "lti.pem").chmod(0o640)
    with pytest.raises(GraderError, match=r"others can read the key in lti\.pem"):
        run("lti", "--key-file", "lti.pem")
    (class_db / "lti.pem").chmod(0o600)
    with pytest.raises(GraderError, match="lti needs members, the address"):
        run("lti", "--key-file", "lti.pem")


def test_a_table_of_people_for_lti_names_them_by_any_column_of_a_roster(tmp_path):
    table = tmp_path / "people.csv"
    table.write_text("E-Mail;user_id\nann@x.edu;u-1\n;\nbob@x.edu;u-2\n")
    assert people_of(table) == (Person("u-1", ("ann@x.edu",)), Person("u-2", ("bob@x.edu",)))
    table.write_text("E-Mail;number\nann@x.edu;u-1\n")
    with pytest.raises(GraderError, match="needs a column user_id"):
        people_of(table)
