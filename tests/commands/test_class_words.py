"""`grade class adjust`, `history` and `appeal` as a teacher types them, and folders that are called so."""

import json
import os
from io import StringIO

import pytest
from click.testing import CliRunner
from rich.console import Console
from test_decisions import marked

from cli import grade
from grader.classroom.intake.roster import Student
from grader.classroom.marking.decisions import every, standing
from grader.classroom.marking.kept_files import keep
from grader.classroom.marking.store import Store, Terms
from grader.commands.class_options import Options
from grader.commands.extending import extend
from grader.errors import GraderError
from grader.key import to_bytes
from grader.record import Outcome, Record
from grader.report import to_json
from grader.submission import Submission

SOURCE = b"def scale(x, factor=2.0):\n    return x + factor  # <\x1b[31mred\n"


@pytest.fixture
def class_db(mark, toy_key, tmp_path, monkeypatch):
    """A store with a class in it, in the current directory."""
    monkeypatch.chdir(tmp_path)
    with marked(Store("class.db"), mark(SOURCE)) as store:
        store.enrol([Student("ann", ("Participant 5", "Able, Ann"), "Ann Able")])
        store.key("toy", lambda: to_bytes(toy_key))
        keep(store, Submission("in/ann/toy.py", SOURCE))
    return "class.db"


def run(*words: str) -> str:
    """What a command prints; what goes wrong is raised as in the console script."""
    done = CliRunner().invoke(grade, ["class", *words], catch_exceptions=True)
    if isinstance(done.exception, GraderError):
        raise done.exception
    assert done.exception is None or done.exit_code == 2, done.output
    return done.output


def test_a_decision_is_made_listed_seen_in_the_past_and_taken_back(class_db):
    assert "   1  ann: 2 points for toy.scale, by Ada: seen\n" in run(
        "adjust", "Ann Able", "toy.scale", "--points", "2", "--by", "Ada", "--why", "seen"
    )
    assert "1 decision stands in class.db." in run("adjust")
    told = run("history", "ann able")
    assert told.startswith("Ann Able (ann)  times in UTC\n")
    assert "2 of 10 points count (1 by the grader)" in told
    assert "2 points for toy.scale, by Ada: seen (decision 1)" in told
    assert "key toy-1, course 1, grader 0.1.0" in told
    run("adjust", "--undo", "1", "--by", "Eve", "--why", "no")
    assert "0 decisions stand" in run("adjust")
    assert "decision 1 is taken back, by Eve: no" in run("history", "ann")
    with Store(class_db) as store:
        assert len(every(store)) == 2


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["adjust", "ann", "toy"], "say what is decided"),
        (["adjust", "--hold", "--why", "x"], "name the student and the unit"),
        (
            ["adjust", "zoe", "toy", "--hold", "--why", "x"],
            "no one student of the class is called zoe; there is ann, bob",
        ),
        (["adjust", "ann", "tou", "--hold", "--why", "x"], "the class has no unit tou; did you mean toy?"),
        (["adjust", "ann", "toy", "--from", "t.csv", "--why", "x"], "name one student, or a table"),
        (["adjust", "--from", "t.csv", "--why", "x"], "cannot read the decisions t.csv"),
        (["adjust", "--db", "no.db"], "there is no store no.db"),
        (["history", "zoe"], "no one student"),
        (["appeal", "ann", "toy"], "name one exercise, such as toy.scale"),
        (["appeal", "dil", "toy.scale"], "dil has no grade for toy: the record is absent"),
        (["appeal", "ann", "toy.scale", "-o", "class.db"], "would be overwritten"),
    ],
)
def test_wrong_use_is_one_sentence(class_db, words, sentence):
    with pytest.raises(GraderError) as error:
        run(*words)
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


def test_a_table_with_a_stranger_decides_nothing(class_db, tmp_path):
    (tmp_path / "t.csv").write_text("student,hold\nann,x\nzoe,x\n")
    with pytest.raises(GraderError, match="names nobody of the class: zoe; nothing was decided"):
        run("adjust", "--from", "t.csv", "--why", "x")
    assert "0 decisions stand" in run("adjust")


def test_an_appeal_is_one_page_for_staff_with_all_that_decided(mark, toy_key, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    report = mark(SOURCE)
    terms = Terms(toy_key.id, "1", "0.1.0", 10.0).to_json(report.sha256)
    with Store("class.db") as store:
        store.enrol([Student("ann", (), "Ann Able")])
        store.key("toy", lambda: to_bytes(toy_key))
        keep(store, Submission("in/ann/toy.py", SOURCE))
        store.put(Record("ann", "toy", Outcome.GRADED, 10, report), terms, None)
        store.database.execute("UPDATE records SET report = ?", (json.dumps(to_json(report)),))
    told = run("appeal", "ann", "toy.scale", "--isolation", "process", "-o", "a.html")
    assert told.startswith("Ann Able (ann), toy.scale\n")
    assert "1 of 4 points by the grader, 1 count." in told
    assert "it comes out as it was recorded" in told
    assert "expected" in told
    page = (tmp_path / "a.html").read_text()
    assert os.stat("a.html").st_mode & 0o077 == 0
    assert "Ann Able (ann)</p>" in page
    assert "grade class appeal ann toy.scale --db class.db" in page
    assert "return x + factor  # &lt;" in page
    assert "\x1b" not in page
    assert "Do not give it to students" in page


def test_a_table_of_extensions_in_every_runs_command_decides_once_and_never_against_a_person(class_db, tmp_path):
    table = tmp_path / "ext.csv"
    table.write_text("student,unit,due\nann,toy,2026-11-22\nbob,toy,2026-11-22\nzoe,toy,2026-11-22\n")
    console, options = Console(file=StringIO()), Options(extensions=table)
    with Store(class_db) as store:
        extend(store, ["toy"], options, console)
        run("adjust", "ann", "toy", "--due", "2026-11-25", "--by", "Ada", "--why", "ill")
        run("adjust", "--undo", "2", "--by", "Ada", "--why", "no")
        extend(store, ["toy"], options, console)
        assert {who: [one.value for one in those] for (who, _), those in standing(every(store)).items()} == {
            "ann": ["2026-11-25"],
        }
        table.write_text("student,unit,due\nbob,toy,2026-11-23\n")
        extend(store, ["toy"], options, console)
        assert [one.value for one in standing(every(store))["bob", "toy"]] == ["2026-11-23"]
        table.write_text("student,hold\nbob,x\n")
        with pytest.raises(GraderError, match="decides more than due dates"):
            extend(store, ["toy"], options, console)
    said = console.file.getvalue()
    assert "2 due dates of single students noted from" in said
    assert "2 due dates in" in said
    assert "changed by hand since; that stays" in said
    assert "has due dates of nobody here: zoe" in said


def test_a_folder_called_like_a_word_is_named_by_its_path(class_db, tmp_path):
    os.mkdir("adjust")
    assert "write `grade class ./adjust`" in run("adjust")
    with pytest.raises(GraderError, match="adjust"):  # it is taken as what was handed in, and holds nothing
        run("./adjust", "--isolation", "process")
    assert "decide by hand" in run("--help")
