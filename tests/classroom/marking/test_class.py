"""`grade class` as a teacher types it: marked, stopped, killed, gone on with, compared, written out."""

import csv
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import warm
from conftest import RIGHT, ROOT, TOY, weekly
from postgres_server import emptied

from grader.classroom.marking.store import Store, records

GRADE = str(Path(sys.executable).with_name("grade"))
HOSTILE = ROOT / "tests" / "hostile"
SOURCES = {
    "right": (RIGHT, 10),
    "adds": (RIGHT.replace("x * factor", "x + factor"), 7),  # one entry still moves one entry
    "columns": (RIGHT.replace("axis=1", "axis=0"), 7),
    "variance": (RIGHT.replace("np.sqrt(((x - mean) ** 2).mean())", "((x - mean) ** 2).mean()"), 7),
    "stub": ("def scale(x, factor=2.0):\n    raise NotImplementedError\n", 0),
    "no python": ("def (", 0),
    "exit": ((HOSTILE / "c04_exit_at_import.py").read_text(), 0),
    "kill all": ((HOSTILE / "c09_everything_killed.py").read_text(), None),
    "segfault": ((HOSTILE / "d18_segfault.py").read_text(), None),
}


@pytest.fixture
def course(tmp_path: Path) -> Path:
    shutil.copytree(TOY, tmp_path / "course")
    return tmp_path / "course"


@pytest.fixture
def classroom(tmp_path: Path) -> Path:
    """A class of one submission of each kind."""
    return hand_in(tmp_path / "handed in", {name: source for name, (source, _) in SOURCES.items()})


def hand_in(folder: Path, sources: dict[str, str]) -> Path:
    for name, source in sources.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "toy.py").write_text(source)
    return folder


@pytest.fixture
def grade(tmp_path: Path, course: Path) -> Callable[..., subprocess.CompletedProcess]:
    def run(*arguments: object, status: int | None = 0, **more) -> subprocess.CompletedProcess:
        one = () if "--jobs" in arguments or "--scheduler" in arguments else ("--jobs", 1)  # a dozen files need no two
        done = warm.run(warm.GRADE, command(course, *arguments, *one)[1:], tmp_path, **more)
        if status is not None:
            assert done.returncode == status, done.stderr
        return done

    return run


def command(course: Path, *arguments: object) -> list[str]:
    return [GRADE, "class", *map(str, arguments), "--course", str(course), "--timeout", "2"]


@pytest.fixture(params=["sqlite", "postgres"])
def db(request, tmp_path) -> str:
    """An empty store that several graders may share."""
    return str(tmp_path / "shared.db") if request.param == "sqlite" else emptied(request.getfixturevalue("postgres"))


def stored(store: Path | str) -> list[dict]:
    """Every record with its report, but for seconds, which no two runs share."""
    with Store(str(store), is_new=False) as opened:
        from grader.classroom.gradebooks.exports import to_data

        return [timeless(to_data(record)) for record in records(opened)]


def timeless(data: dict) -> dict:
    text = re.sub(r'"seconds": [\d.e-]+', '"seconds": 0', json.dumps(data))
    return json.loads(re.sub(r"after \d[\d.]* s", "after s", text))


def replaced(store: Path | str) -> int:
    """How many records were ever written over."""
    with Store(str(store), is_new=False) as opened:
        return opened.database.execute("SELECT count(*) FROM history")[0][0]


def test_a_class_gets_the_scores_it_earned(grade, classroom, tmp_path):
    done = grade(classroom, "--seed", 7)
    found = {record["student"]: record for record in stored(tmp_path / "class.db")}
    assert set(found) == set(SOURCES)
    for name, (_, points) in SOURCES.items():
        if points is not None:
            assert found[name]["points"] == points, name
    assert all(record["report"]["isolation"] in ("namespaces", "landlock") for record in found.values())
    assert "9 students, toy: 9 to mark." in done.stderr
    assert re.search(r"9/9  .*  toy  \d+/10", done.stderr)
    assert done.stdout == ""


def test_an_unchanged_submission_is_not_graded_again_and_a_changed_one_is(grade, classroom, tmp_path):
    grade(classroom)
    before = stored(tmp_path / "class.db")
    assert "0 to mark" in grade(classroom).stderr
    assert stored(tmp_path / "class.db") == before
    assert replaced(tmp_path / "class.db") == 0
    (classroom / "stub" / "toy.py").write_text(RIGHT)
    assert "1 to mark" in grade(classroom).stderr
    after = {record["student"]: record["points"] for record in stored(tmp_path / "class.db")}
    assert after["stub"] == 10
    assert replaced(tmp_path / "class.db") == 1


def test_a_roster_gives_everyone_one_record(grade, classroom, tmp_path):
    (tmp_path / "roster.csv").write_text("student_id\nright\nnobody\n")
    (classroom / "pdf").mkdir()
    (classroom / "pdf" / "essay.pdf").write_text("%PDF")
    done = grade(classroom, "--roster", "roster.csv")
    assert "11 records in class.db: 9 graded, 1 absent, 1 unreadable." in done.stderr
    outcomes = {record["student"]: record["outcome"] for record in stored(tmp_path / "class.db")}
    assert outcomes == dict.fromkeys(SOURCES, "graded") | {"nobody": "absent", "pdf": "unreadable"}


def test_a_grade_is_not_lost_to_a_download_without_the_file(grade, classroom, tmp_path):
    grade(classroom)
    shutil.rmtree(classroom / "right")
    (classroom / "right").mkdir()
    grade(classroom)
    assert {record["student"]: record["points"] for record in stored(tmp_path / "class.db")}["right"] == 10


def repaired(course: Path) -> None:
    """Correct an exercise: from now on, row sums are means."""
    file = course / "solutions" / "toy" / "toy.py"
    file.write_text(file.read_text().replace("np.sum(x, axis=1)", "np.mean(x, axis=1)"))
    checks = course / "solutions" / "toy" / "checks.py"
    checks.write_text(checks.read_text().replace('edit("np.sum(", "np.mean(")', 'edit("np.mean(", "np.sum(")'))


@pytest.mark.parametrize("db", ["sqlite", weekly("postgres")], indirect=True)
def test_a_corrected_exercise_shows_whose_points_change_before_they_do(grade, course, tmp_path, db):
    means = RIGHT.replace("np.sum(x, axis=1)", "np.mean(x, axis=1)")
    folder = hand_in(tmp_path / "in", {"sums": RIGHT, "means": means, "stub": SOURCES["stub"][0]})
    grade(folder, "--db", db)
    before = stored(db)
    repaired(course)
    told = grade(folder, "--db", db).stderr
    assert "0 to mark" in told
    assert "3 records are stale: the questions and the exercises changed" in told
    assert stored(db) == before

    declined = grade(folder, "--db", db, "--regrade", input="n\n", status=1).stderr
    assert "3 graded again; the points of 2 change." in declined
    assert "sums  toy  10 → 7  (-3)" in declined
    assert "means  toy  7 → 10  (+3)" in declined
    assert stored(db) == before

    accepted = grade(folder, "--db", db, "--regrade", input="y\n").stderr
    assert "/3  " not in accepted  # nothing is graded again
    points = {record["student"]: record["points"] for record in stored(db)}
    assert points == {"sums": 7, "means": 10, "stub": 0}
    assert replaced(db) == 3
    assert "Nothing is stale" in grade(folder, "--db", db, "--regrade").stderr


def test_another_seed_is_another_class_unless_it_is_asked_for(grade, classroom, tmp_path):
    grade(classroom, "--seed", 1)
    done = grade(classroom, "--seed", 2, status=2)
    assert "was marked with another seed; leave --seed out" in done.stderr
    assert "the points of 0 change" in grade(classroom, "--seed", 2, "--regrade", "--yes").stderr


def test_a_broken_reference_marks_nobody(grade, course, classroom, tmp_path):
    file = course / "solutions" / "toy" / "toy.py"
    file.write_text(
        file.read_text() + "\n\ndef scale(x, factor=2.0):\n    return np.random.default_rng().normal(size=3)\n"
    )
    done = grade(classroom, status=None)
    assert done.returncode in (2, 3)
    assert "Traceback" not in done.stderr
    assert stored(tmp_path / "class.db") == []


def test_killed_at_random_moments_it_goes_on_and_loses_and_repeats_nothing(grade, course, tmp_path, db):
    moments = int(os.environ.get("GRADE_KILLS", "2"))  # 12 every week, 50 in the benchmark
    kinds = [source for source, points in SOURCES.values() if points is not None]
    folder = hand_in(tmp_path / "in", {f"student {n}": kinds[n % len(kinds)] for n in range(24)})
    grade(folder, "--db", "calm.db", "--seed", 5)
    rng = random.Random(0)
    killed = 0
    while killed < moments:
        process = subprocess.Popen(
            command(course, folder, "--db", db, "--seed", 5), cwd=tmp_path, stderr=subprocess.DEVNULL
        )
        time.sleep(rng.uniform(0.1, 2.5))
        process.kill()
        killed += process.wait() == -signal.SIGKILL
        if process.returncode == 0:
            emptied(db)
    grade(folder, "--db", db, "--seed", 5)
    assert stored(db) == stored(tmp_path / "calm.db")
    assert replaced(db) == 0


def test_ctrl_c_finishes_what_is_in_hand_and_the_same_command_goes_on(grade, course, tmp_path):
    slow = "import time\ntime.sleep(0.3)\n" + RIGHT
    folder = hand_in(tmp_path / "in", {f"student {n:02}": slow for n in range(20)})
    process = subprocess.Popen(command(course, folder), cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if "3/20" in line:
            break
    process.send_signal(signal.SIGINT)
    rest = process.stderr.read()
    assert process.wait(60) == 130
    assert "the same command goes on" in rest
    marked = len(stored(tmp_path / "class.db"))
    assert 3 <= marked < 20
    assert f"{20 - marked} to mark" in grade(folder).stderr
    assert len(stored(tmp_path / "class.db")) == 20
    assert replaced(tmp_path / "class.db") == 0


def test_two_graders_at_once_share_the_work(course, tmp_path, db):
    folder = hand_in(tmp_path / "in", {f"student {n:02}": RIGHT for n in range(30)})
    both = [
        subprocess.Popen(
            command(course, folder, "--db", db, "--jobs", 1), cwd=tmp_path, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    told = [process.communicate(timeout=120)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    lines = [line for text in told for line in re.findall(r"student \d\d", text)]
    assert sorted(lines) == sorted(set(lines))
    assert len(lines) == 30
    assert [record["points"] for record in stored(db)] == [10] * 30
    assert replaced(db) == 0


def test_a_grader_process_that_dies_is_replaced(grade, course, tmp_path):
    slow = "import time\ntime.sleep(0.5)\n" + RIGHT
    folder = hand_in(tmp_path / "in", {f"student {n}": slow for n in range(6)})
    process = subprocess.Popen(command(course, folder, "--jobs", 1), cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if "1/6" in line:
            break
    for entry in Path("/proc").glob(f"{process.pid}/task/*/children"):
        for child in entry.read_text().split():
            os.kill(int(child), signal.SIGKILL)
    rest = process.stderr.read()
    assert process.wait(60) == 0, rest
    assert [record["points"] for record in stored(tmp_path / "class.db")] == [10] * 6


def in_a_namespace(script: str, tmp_path: Path, course: Path, folder: Path) -> subprocess.CompletedProcess:
    """Run a shell script that may mount; skips where the machine does not let it."""
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode:
        pytest.skip("this machine allows no user namespaces, so nothing can be mounted for the test")
    run = " ".join(f"'{part}'" for part in command(course, folder, "--db", "disk/class.db"))
    (tmp_path / "disk").mkdir(exist_ok=True)
    return subprocess.run(
        ["unshare", "-rm", "sh", "-c", script.replace("RUN", run)], cwd=tmp_path, capture_output=True, text=True
    )


def test_a_full_disk_is_told_and_room_lets_it_go_on(course, tmp_path):
    folder = hand_in(tmp_path / "in", {f"student {n:03}": RIGHT for n in range(60)})
    script = (
        "mount -t tmpfs -o size=300k none disk; RUN; echo first $?; "
        "mount -o remount,size=20m disk; RUN; echo second $?; cp disk/class.db* ."
    )
    done = in_a_namespace(script, tmp_path, course, folder)
    assert "first 2" in done.stdout, done.stderr
    assert "second 0" in done.stdout, done.stderr
    assert "make room on the disk, and the same command goes on" in done.stderr
    assert "Traceback" not in done.stderr
    marked = int(re.findall(r"(\d+) to mark", done.stderr)[1])
    assert 0 < marked < 60  # what was marked before was not marked again
    assert [record["points"] for record in stored(tmp_path / "class.db")] == [10] * 60
    assert replaced(tmp_path / "class.db") == 0


def test_a_read_only_store_is_told_and_its_records_stay(grade, course, tmp_path):
    folder = hand_in(tmp_path / "in", {"alice": RIGHT})
    (tmp_path / "disk").mkdir()
    grade(folder, "--db", "disk/class.db")
    hand_in(folder, {"bob": RIGHT})
    done = in_a_namespace("mount --bind -o ro disk disk; RUN; echo status $?", tmp_path, course, folder)
    assert "status 2" in done.stdout, done.stderr
    assert re.search(r"Error: the store disk/class.db cannot be used .* make it writable", done.stderr)
    assert [record["student"] for record in stored(tmp_path / "disk" / "class.db")] == ["alice"]


def test_a_table_without_formulas_and_lines_of_json(grade, tmp_path):
    folder = hand_in(tmp_path / "in", {"=HYPERLINK(1)": RIGHT, "+1": RIGHT, "\tx": RIGHT, "plain": RIGHT})
    grade(folder, "--csv", "out.csv", "--jsonl", "out.jsonl", "--parquet", "out.parquet")
    with open(tmp_path / "out.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert sorted(row["student"] for row in rows) == ["'\tx", "'+1", "'=HYPERLINK(1)", "plain"]
    assert {row["points"] for row in rows} == {"10"}
    assert {row["toy.scale"] for row in rows} == {"4"}
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert {line["student"] for line in lines} == {"=HYPERLINK(1)", "+1", "\tx", "plain"}
    assert all(line["report"]["schema"] == 1 for line in lines)
    pq = pytest.importorskip("pyarrow.parquet")
    table = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert len(table) == 12
    assert sum(row["points"] for row in table) == 40
    (tmp_path / "out.csv").unlink()
    grade("--csv", "out.csv")  # from the store alone
    assert (tmp_path / "out.csv").exists()


CANVAS = (
    '\ufeff"Student",ID,SIS User ID,SIS Login ID,Section,"Toy (55)",Other (56),Final Score\r\n'
    "    Points Possible,,,,,20,7,(read only)\r\n"
    '"Doe, Jane",101,s1,jane@x.edu,"A, ""early""",,3,"1,5"\r\n'
    '"Roe, Bob",102,s2,bob@x.edu,A,4,,\r\n'
    '"Poe, Eve",103,s3,eve@x.edu,A,EX,,'
)


def test_canvas_gets_its_own_file_back_with_one_column_filled(grade, tmp_path):
    folder = hand_in(tmp_path / "in", {"Jane Doe": RIGHT, "s2": SOURCES["adds"][0]})
    (tmp_path / "canvas.csv").write_text(CANVAS, encoding="utf-8", newline="")
    done = grade(folder, "--roster", "canvas.csv", "--canvas", "canvas.csv")
    expected = CANVAS.replace('"A, ""early""",,3', '"A, ""early""",20,3').replace("A,4,,", "A,14,,")
    assert (tmp_path / "canvas.csv").read_bytes() == expected.encode()
    assert "canvas.csv: filled in 2." in done.stderr
    told = grade("--canvas", "canvas.csv", "--column", "toy=Nope", status=2).stderr
    assert "no column called Nope; name it with --column UNIT=HEADER" in told


MOODLE = (
    "Identifier,Full name,Email address,Status,Grade,Maximum grade,Grade can be changed,Last modified (grade),"
    'Feedback comments\nParticipant 11,Jane Doe,jane@x.edu,Submitted,,100.00,Yes,-,"<p>a,\nb</p>"\n'
    "Participant 12,Bob Roe,bob@x.edu,Submitted,-,100.00,Yes,-,\n"
)


def test_moodle_gets_its_worksheet_back_with_the_grades_filled(grade, tmp_path):
    folder = tmp_path / "in"
    for name, source in {"Jane Doe_11": RIGHT, "Robert R_12": SOURCES["adds"][0], "Ann_13": RIGHT}.items():
        (folder / f"{name}_assignsubmission_file_").mkdir(parents=True)
        (folder / f"{name}_assignsubmission_file_" / "toy.py").write_text(source)
    (tmp_path / "moodle.csv").write_text(MOODLE, newline="")
    done = grade(folder, "--moodle", "moodle.csv")
    expected = MOODLE.replace("Submitted,,100", "Submitted,100,100").replace("Submitted,-,100", "Submitted,70,100")
    assert (tmp_path / "moodle.csv").read_bytes() == expected.encode()
    assert "filled in 2. No row for 1: Ann" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "there is no nowhere"),
        (["in", "--unit", "tou"], "did you mean toy?"),
        (["in", "--roster", "nobody.csv"], "cannot read the roster nobody.csv"),
        (["in", "--canvas", "in/alice/toy.py"], "is no gradebook of Canvas"),
        (["in", "--moodle", "in/alice/toy.py"], "is no grading worksheet of Moodle"),
        (["in", "--csv", "no/where.csv"], "cannot write no/where.csv: No such file"),
        (["--csv", "out.csv"], "there is no store class.db"),
    ],
)
def test_wrong_use_gets_one_sentence_and_status_2(grade, tmp_path, arguments, words):
    hand_in(tmp_path / "in", {"alice": RIGHT})
    done = grade(*arguments, status=2)
    assert words in done.stderr
    assert done.stderr.count("Error") == 1
    assert "Traceback" not in done.stderr


def test_below_landlock_it_refuses_unless_told(course, tmp_path, monkeypatch):
    from grader.classroom.marking import pool
    from grader.sandbox.server import SandboxError

    class Weak:
        def __init__(self, limits, least, spare):
            assert least == "landlock"
            raise SandboxError("isolation by landlock does not work here")

    class End:
        sent = b""

        def recv(self):
            return 1.0, "landlock"

        def send_bytes(self, content):
            End.sent = content

    monkeypatch.setattr(pool, "Sandbox", Weak)
    monkeypatch.setattr(pool, "Connection", lambda fd: End())
    pool.work(0, 0)
    assert End.sent == b"!isolation by landlock does not work here"


def test_nbgraders_gradebook_gets_the_points(grade, tmp_path):
    api = pytest.importorskip("nbgrader.api", reason="nbgrader is not installed")
    folder = hand_in(tmp_path / "in", {"alice": RIGHT, "bob": SOURCES["adds"][0]})
    (tmp_path / "roster.csv").write_text("student_id\nalice\nbob\ncarol\n")
    for _ in range(2):  # a second time changes nothing
        grade(folder, "--roster", "roster.csv", "--nbgrader", "gradebook.db")
    with api.Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}") as book:
        scores = {student["id"]: student["score"] for student in book.student_dicts()}
        assert scores == {"alice": 10, "bob": 7, "carol": 0}
        assert book.find_assignment("toy").max_score == 10


def test_a_terminal_gets_a_live_table(course, tmp_path):
    import pty

    folder = hand_in(tmp_path / "in", {f"student {n}": "import time\ntime.sleep(0.3)\n" + RIGHT for n in range(6)})
    ours, theirs = pty.openpty()
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": "90"}
    process = subprocess.Popen(
        command(course, folder), cwd=tmp_path, stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    )
    os.close(theirs)
    seen = b""
    while True:
        try:
            part = os.read(ours, 1 << 16)
        except OSError:
            break
        if not part:
            break
        seen += part
    assert process.wait() == 0
    text = re.sub(rb"\x1b\[[\d;?]*[A-Za-z]", b"", seen).decode()
    assert re.search(r"graded .* of 6", text)
    assert re.search(r"[\d.]+ a second", text)
    assert re.search(r"\d+ s left", text)


def test_the_class_report_and_what_is_alike_come_with_the_run(grade, classroom, tmp_path):
    hand_in(classroom, {"left": LONG, "right too": re.sub(r"\bspread\b", "width", LONG).replace("# why", "# because")})
    done = grade(classroom, "--report", "page.html", "--summary", "--alike", "alike.html", "--feedback", "pages")
    page, alike = (tmp_path / "page.html").read_text(), (tmp_path / "alike.html").read_text()
    assert f"{len(SOURCES) + 2} of {len(SOURCES) + 2} students handed in" in done.stdout
    assert "segfault  toy: ended its process" in done.stdout
    assert "default-src 'none'" in page
    assert "segfault" in page
    assert "left and right too" in alike
    assert "alike.html: 1 pair of" in done.stderr
    assert len(list((tmp_path / "pages").glob("*.html"))) == len(SOURCES) + 2
    (crashed,) = (tmp_path / "pages").glob("segfault-*.html")
    assert "SIGSEGV" in crashed.read_text()
    refused = grade("--alike", "again.html", status=2)
    assert "name the folder or the archive" in refused.stderr


LONG = (
    RIGHT
    + """

def mean_and_spread(x):
    total, count = 0.0, 0
    for row in x.reshape(-1, 1):  # why
        total, count = total + float(row[0]), count + 1
    spread = [(float(row[0]) - total / count) ** 2 for row in x.reshape(-1, 1)]
    return total / count, (sum(spread) / max(len(spread), 1)) ** 0.5 if spread[0] >= 0 else abs(spread[-1])
"""
)


@pytest.mark.parametrize("option", ["--csv", "--jsonl", "--parquet", "--report", "--alike"])
def test_no_table_takes_the_place_of_the_store_or_of_the_roster(option, grade, classroom, tmp_path):
    (tmp_path / "names.csv").write_text("student\nright\n")
    os.link(tmp_path / "names.csv", tmp_path / "same.csv")
    for file in ("new.db", "names.csv", "same.csv"):
        done = grade(classroom, "--db", "new.db", "--roster", "names.csv", option, file, status=2)
        assert f"{file} is read by this command and would be overwritten" in done.stderr
    assert (tmp_path / "names.csv").read_text() == "student\nright\n"
    assert not (tmp_path / "new.db").exists()


def test_what_cannot_be_read_is_named_and_changes_the_exit_status_and_everybody_else_is_marked(grade, tmp_path):
    names = ["ann", "link", "fifo", "large", "closed", "cem", "within"]
    folder = hand_in(tmp_path / "in", dict.fromkeys(names, RIGHT))
    for name in ("link", "fifo"):
        (folder / name / "toy.py").unlink()
    (folder / "link" / "toy.py").symlink_to(folder / "ann" / "toy.py")
    os.mkfifo(folder / "fifo" / "toy.py")
    (folder / "large" / "toy.py").write_bytes(b"#" * (2 << 20))
    (folder / "closed" / "toy.py").chmod(0)
    (folder / "within" / "mine").mkdir(mode=0)
    alone = (
        ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--inh-caps", "-all"] if not os.getuid() else []
    )
    arguments = [*alone, *command(tmp_path / "course", folder, "--csv", "points.csv")]
    done = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    with open(tmp_path / "points.csv", newline="") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    assert {name for name in names if rows[name]["outcome"] == "graded"} == {"ann", "cem", "within"}
    assert "5 could not be read; the next run tries again:" in done.stderr
    for name in ("link", "fifo", "large", "closed", "within"):
        assert re.search(rf"^  {name}/\S+: ", done.stderr, re.MULTILINE), done.stderr
    (folder / "closed" / "toy.py").chmod(0o600)
    again = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True)
    assert "7 students, toy: 1 to mark." in again.stderr
    shutil.rmtree(folder / "within" / "mine")


def test_one_unreadable_file_of_a_folder_does_not_cost_the_others_their_report(course, tmp_path):
    folder = hand_in(tmp_path / "in", dict.fromkeys(["ann", "bob"], RIGHT))
    (folder / "bob" / "toy.py").unlink()
    (folder / "bob" / "toy.py").symlink_to(folder / "ann" / "toy.py")
    arguments = [GRADE, str(folder), "--course", str(course), "--unit", "toy", "--seed", "1", "--format", "json"]
    done = subprocess.run(arguments, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    ann, bob = json.loads(done.stdout)["reports"]
    assert ann["points"] == ann["max_points"]
    assert {exercise["status"] for exercise in bob["exercises"]} == {"unreadable"}
