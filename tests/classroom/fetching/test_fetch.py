"""A class's repositories are brought here as they were at a moment, as data, and one run marks them all."""

import csv
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import warm
from code_host import TOKEN, CodeHost
from conftest import RIGHT, TOY
from loopback import faultless

HALF = RIGHT.replace("np.sum(x, axis=1)", "np.sum(x, axis=0)")
STUB = "def scale(x, factor=2.0):\n    raise NotImplementedError\n"
WHEN = {"stub": "2026-11-01T10:00:00Z", "half": "2026-11-20T10:00:00Z", "right": "2026-11-22T10:00:00Z"}
CALM = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "GITHUB_", "CI_", "GRADE_"))}
DUE = "2026-11-20T23:59:00+01:00"


def grade(*words: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess:
    return warm.run(warm.GRADE, words, cwd, CALM | environment)


UNUSED = CodeHost()  # where nothing is asked
UNUSED.url = "https://unused.example"


def git(folder: Path, *words: str, **environment: str) -> str:
    who = ["-c", "user.name=s", "-c", "user.email=s@school.example", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *who, *words], cwd=folder, env=CALM | environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def commit(folder: Path, text: str, when: str) -> str:
    """Commit a text as a repository's toy.py; returns the commit."""
    (folder / "assignments" / "toy").mkdir(parents=True, exist_ok=True)
    (folder / "assignments" / "toy" / "toy.py").write_text(text, encoding="utf-8")
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "--message=Work", GIT_COMMITTER_DATE=when, GIT_AUTHOR_DATE=when)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def ada(tmp_path) -> tuple[Path, CodeHost]:
    """A repository with three pushes (its commits say that all were made in time), and what a host tells of it."""
    folder = tmp_path / "server" / "school" / "ada.git"
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    told = [(commit(folder, text, WHEN["stub"]), WHEN[name], "main") for name, text in
            (("stub", STUB), ("half", HALF), ("right", RIGHT))]  # fmt: skip
    return folder, CodeHost(pushed={"school/ada": told[::-1]})


@pytest.fixture
def course(tmp_path) -> Path:
    shutil.copytree(TOY / "solutions", tmp_path / "course" / "solutions", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "course" / "solutions" / "course.toml").write_text(
        f'title = "Toys"\nunits = ["toy", "words"]\n[due]\ntoy = {DUE}\nwords = 2026-11-25\n'
    )
    return tmp_path / "course"


def fetch(tmp_path: Path, there: CodeHost, *words: str, listing: str = "school/ada\n", token: str = TOKEN):
    (tmp_path / "repositories.txt").write_text(listing, encoding="utf-8")
    place = ["--server", (tmp_path / "server").as_uri(), "--api", there.url]
    command = ["class", "fetch", "repositories.txt", "--to", "class", "--times", "times.csv", "--course", "course"]
    return grade(*command, *place, *words, cwd=tmp_path, STUDENTS_TOKEN=token)


def text_of(folder: Path) -> str:
    (file,) = folder.rglob("toy.py")
    return file.read_text(encoding="utf-8")


def times(tmp_path: Path) -> dict[str, str]:
    rows = csv.DictReader((tmp_path / "times.csv").read_text().splitlines())
    return {row["unit"]: row["time"] for row in rows}


@pytest.mark.parametrize("kind", ["github", "gitlab"])
def test_the_state_at_the_due_date_is_that_of_the_push_whatever_commits_say(tmp_path, ada, course, kind):
    with faultless(ada[1]) as there:
        done = fetch(tmp_path, there, "--due", "--host", kind, "--unit", "toy")
    assert done.returncode == 0, done.stderr
    assert text_of(tmp_path / "class" / "school__ada") == HALF
    assert times(tmp_path) == {"toy": "2026-11-20T10:00:00+00:00"}
    assert "1/1  school__ada  1 file, push of 2026-11-20T10:00+00:00" in done.stderr
    assert TOKEN not in done.stderr + done.stdout


def test_units_of_several_due_dates_are_each_there_once_as_they_were(tmp_path, ada, course):
    folder, there = ada
    (folder / "words.py").write_text("words = 1\n")
    (folder / "mine.py").write_text("HELP = 1\n")
    last = commit(folder, RIGHT, WHEN["stub"])
    there.pushed["school/ada"].insert(0, (last, "2026-11-24T10:00:00Z", "main"))
    with faultless(there):
        assert fetch(tmp_path, there, "--due").returncode == 0
    found = {path.relative_to(tmp_path / "class").as_posix() for path in (tmp_path / "class").rglob("*.py")}
    assert found == {
        "school__ada/toy/assignments/toy/toy.py", "school__ada/words/words.py", "school__ada/words/mine.py",
    }  # fmt: skip
    assert text_of(tmp_path / "class") == HALF
    assert times(tmp_path) == {"toy": "2026-11-20T10:00:00+00:00", "words": "2026-11-24T10:00:00+00:00"}


def test_a_students_own_due_date_goes_before_the_courses(tmp_path, ada, course):
    (tmp_path / "extensions.csv").write_text("student,unit,due\nschool__ada,toy,2026-11-22\n")
    with faultless(ada[1]) as there:
        done = fetch(tmp_path, there, "--due", "--unit", "toy", "--extensions", "extensions.csv")
    assert done.returncode == 0, done.stderr
    assert text_of(tmp_path / "class") == RIGHT


def test_a_plain_server_is_read_by_the_commits_and_says_so(tmp_path, ada, course):
    commit(ada[0], STUB + "# late\n", "2026-11-23T10:00:00Z")
    done = fetch(tmp_path, UNUSED, "--until", "2026-11-22", "--host", "git")
    assert done.returncode == 0, done.stderr
    assert text_of(tmp_path / "class") == RIGHT
    assert "students' computers set" in done.stderr


def test_before_the_first_push_nothing_was_there(tmp_path, ada, course):
    with faultless(ada[1]) as there:
        done = fetch(tmp_path, there, "--until", "2026-10-01")
    assert (done.returncode, times(tmp_path)) == (0, {})
    assert "nothing was there yet at that time" in done.stderr
    assert not list((tmp_path / "class").rglob("*.py"))


def test_only_python_and_notebooks_are_taken_and_no_link_filter_or_submodule(tmp_path, ada, course):
    folder, there = ada
    (folder / "notes.ipynb").write_text("{}")
    (folder / "data.bin").write_bytes(b"\0" * 100)
    (folder / "passwd.py").symlink_to("/etc/passwd")
    (folder / ".hidden").mkdir()
    (folder / ".hidden" / "x.py").write_text("")
    (folder / ".gitattributes").write_text("*.py filter=evil\n")
    (folder / ".gitmodules").write_text('[submodule "x"]\n\tpath = x\n\turl = /etc\n')
    git(folder, "add", "--all", "--force")
    git(folder, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},x")
    git(folder, "config", "filter.evil.smudge", f"touch {tmp_path}/run; cat")
    git(folder, "commit", "--quiet", "--message=All", GIT_COMMITTER_DATE=WHEN["stub"])
    there.pushed["school/ada"].insert(0, (git(folder, "rev-parse", "HEAD"), WHEN["right"], "main"))
    with faultless(there):
        assert fetch(tmp_path, there).returncode == 0
    found = sorted(path.name for path in (tmp_path / "class").rglob("*") if path.is_file())
    assert found == [".fetched.json", ".fetched.json.lock", "notes.ipynb", "toy.py"]
    assert not (tmp_path / "run").exists()


def test_what_cannot_be_read_is_told_and_costs_nobody_else(tmp_path, ada, course):
    (tmp_path / "server" / "school" / "empty.git").mkdir()
    git(tmp_path / "server" / "school" / "empty.git", "init", "--quiet", "--bare")
    with faultless(ada[1]) as there:
        done = fetch(tmp_path, there, listing="school/gone\nschool/ada\nschool/empty\n")
    assert done.returncode == 1
    assert text_of(tmp_path / "class") == RIGHT
    assert "school/empty: nothing was pushed to it yet" in done.stderr
    assert "school/gone: git says" in done.stderr
    assert "1 of 3 repositories are in class" in done.stderr
    assert "Not here: " in done.stderr


def test_a_refused_token_takes_nothing_away(tmp_path, ada, course):
    with faultless(ada[1]) as there:
        assert fetch(tmp_path, there).returncode == 0
        done = fetch(tmp_path, there, token="old-token")
    assert done.returncode == 1
    assert "refuses the token" in done.stderr
    assert "old-token" not in done.stderr
    assert text_of(tmp_path / "class") == RIGHT
    assert times(tmp_path)["toy"] == "2026-11-22T10:00:00+00:00"


def test_fetching_again_brings_what_is_new_and_leaves_what_somebody_changed(tmp_path, ada, course):
    folder, there = ada
    (folder / "extra.py").write_text("EXTRA = 1\n")
    (folder / "gone.py").write_text("GONE = 1\n")
    first = commit(folder, RIGHT, WHEN["stub"])
    there.pushed["school/ada"].insert(0, (first, "2026-11-24T10:00:00Z", "main"))
    with faultless(there):
        assert fetch(tmp_path, there).returncode == 0
        mine = tmp_path / "class" / "school__ada" / "extra.py"
        mine.write_text("EXTRA = 'looked at'\n")
        (tmp_path / "class" / "school__ada" / "note.txt").write_text("mine")
        (folder / "gone.py").unlink()
        (folder / "extra.py").write_text("EXTRA = 2\n")
        second = commit(folder, HALF, WHEN["stub"])
        there.pushed["school/ada"].insert(0, (second, "2026-11-25T10:00:00Z", "main"))
        done = fetch(tmp_path, there)
    assert done.returncode == 0
    assert "changed by hand, so left as it is: extra.py" in done.stderr
    assert (mine.read_text(), text_of(tmp_path / "class")) == ("EXTRA = 'looked at'\n", HALF)
    assert (tmp_path / "class" / "school__ada" / "note.txt").read_text() == "mine"
    assert not (tmp_path / "class" / "school__ada" / "gone.py").exists()


def test_a_link_in_the_place_of_a_file_is_left_and_told(tmp_path, ada, course):
    with faultless(ada[1]) as there:
        assert fetch(tmp_path, there).returncode == 0
        (tmp_path / "victim").write_text("mine")
        (target,) = (tmp_path / "class").rglob("toy.py")
        target.unlink()
        target.symlink_to(tmp_path / "victim")
        done = fetch(tmp_path, there)
    assert "changed by hand, so left as it is: assignments/toy/toy.py" in done.stderr
    assert (tmp_path / "victim").read_text() == "mine"
    assert target.is_symlink()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--until", "soon"], "'soon' is no time"),
        (["--until", "2026-11-20", "--due"], "both say when"),
        (["--extensions", "repositories.txt"], "--extensions goes with --due"),
        (["--unit", "toys"], "the course has no unit toys"),
        (["--server", "http://git.school.example"], "it begins with https://"),
        (["--to", "course"], "nothing in it was fetched"),
        (["--token-file", "nothing.txt"], "cannot read the token in nothing.txt"),
    ],
)
def test_wrong_usage_is_a_sentence(tmp_path, course, words, sentence):
    done = fetch(tmp_path, UNUSED, *words)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_token_that_others_can_read_is_not_used(tmp_path, course):
    """As `grade class push` has it: a token's file is one thing, whichever command reads it."""
    (tmp_path / "token").write_text("one-two-three")
    (tmp_path / "token").chmod(0o640)
    done = fetch(tmp_path, UNUSED, "--token-file", "token")
    assert done.returncode == 2
    assert "others can read the token in token" in done.stderr
    assert "one-two-three" not in done.stderr


def test_one_run_marks_what_was_fetched_with_released_keys_and_the_courses_due_dates(tmp_path, ada, course):
    with faultless(ada[1]) as there:
        assert fetch(tmp_path, there, "--unit", "toy").returncode == 0
    keys = grade("release", "keys", "toy", "--to", "keys", "--course", "course", cwd=tmp_path, GRADE_SEED="8315")
    assert keys.returncode == 0, keys.stderr
    shutil.rmtree(course)
    command = ["class", "class", "--course", "keys", "--times", "times.csv", "--jsonl", "records.jsonl", "--jobs", "1"]
    for _ in range(2):
        done = grade(*command, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    (record,) = map(json.loads, (tmp_path / "records.jsonl").read_text().splitlines())
    assert (record["student"], record["unit"], record["points"], record["days_late"]) == ("school__ada", "toy", 10, 2)
    assert "1 graded" in done.stderr


def test_of_an_untouched_notebook_and_a_solved_file_the_file_is_marked(tmp_path, ada, course):
    stubs = course / "assignments" / "toy"
    stubs.mkdir(parents=True)
    (course / "assignments" / "course.toml").write_text('title = "Toys"\nunits = ["toy"]\n')
    (stubs / "toy.ipynb").write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    shutil.copy(stubs / "toy.ipynb", ada[0] / "assignments" / "toy" / "toy.ipynb")
    (ada[0] / "old").mkdir()
    (ada[0] / "old" / "toy.py").write_text(STUB)
    head = commit(ada[0], RIGHT, WHEN["stub"])
    ada[1].pushed["school/ada"].insert(0, (head, WHEN["right"], "main"))
    with faultless(ada[1]) as there:
        assert fetch(tmp_path, there, "--unit", "toy").returncode == 0
    grade("release", "keys", "toy", "--to", "keys", "--course", "course", cwd=tmp_path, GRADE_SEED="8315")
    done = grade("class", "class", "--course", "keys", "--csv", "points.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (row,) = csv.DictReader((tmp_path / "points.csv").read_text().splitlines())
    assert (row["points"], row["outcome"]) == ("10", "graded")


def test_a_class_is_not_marked_with_the_key_that_students_have(tmp_path, ada, course):
    with faultless(ada[1]) as there:
        assert fetch(tmp_path, there, "--unit", "toy").returncode == 0
    grade("release", "keys", "toy", "--to", "keys", "--course", "course", cwd=tmp_path, GRADE_SEED="0")
    (tmp_path / "keys" / "assignments" / "toy" / "toy.py").write_text(STUB)
    done = grade("class", "class", "--course", "keys", cwd=tmp_path)
    assert done.returncode == 2
    assert "is the students' own, so they know its questions" in done.stderr
