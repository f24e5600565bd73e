"""Invariants of the whole that no single module's tests show; tests/hostile/README.md has the list of all of them.

Where it can be done, a test has a twin that takes the layer away and sees the promise broken.
"""

import csv
import getpass
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import writers
from conftest import RIGHT, ROOT, TOY, by_name, weekly
from test_class import command, hand_in, timeless
from test_hostile import EXERCISES, HONEST, LEVELS, ROWS, Row, left_alive, only, submit
from writers import OLD, WRITERS, killed_at_every_line

from grader.classroom.gradebooks.exports import to_data
from grader.classroom.marking import pool
from grader.classroom.marking.store import Store, Terms, records
from grader.compiling.compile import compile_key
from grader.course.course import Course
from grader.grading import exercise_report, grade
from grader.key import Key, from_bytes, to_bytes
from grader.record import Outcome, Record
from grader.report import Status, to_json
from grader.sandbox.server import Sandbox
from grader.sandbox.walls.limits import Limits
from grader.submission import Submission
from grader.version import __version__

GRADE = str(Path(sys.executable).with_name("grade"))


def row(name: str) -> Row:
    return next(row for row in ROWS if row.name == name)


# 4: the grader's process never unpickles, imports, evaluates or parses what a student made.

WATCHED = """
import os, sys
sys.path[:0] = {places!r}
sys.argv[:] = ["grade"]
import test_hostile
from grader.classroom.reading import similarity, similarity_page
from grader.classroom.reading.tokens import code_of
from grader.compiling.compile import compile_key
from grader.course.course import Course
from grader.render import formats
from grader.submission import Submission, read
from datetime import UTC, datetime
ROWS = [row for row in test_hostile.ROWS if row.seconds <= 1 and "timeout" not in row.status and row.outcome != "any"]
key = compile_key(Course(test_hostile.TOY).solutions("toy"), 5)
FILES = {{row.file for row in ROWS}} | {{"a.py"}}
MARKS = ["def row_sums", "def \\uff52ow_sums", "PWNED"]
seen, watching = [], False


def hook(event, arguments):
    if not watching:
        return
    if event.startswith(("pickle.", "os.exec", "os.system", "os.posix_spawn", "ctypes.dlopen")):
        seen.append((event, repr(arguments)[:200]))
    elif event == "compile":
        source, name = arguments
        text = source.decode("utf-8", "replace") if isinstance(source, bytes) else source if isinstance(source, str) else ""
        if any(mark in text for mark in MARKS) or os.path.basename(str(name)) in FILES:
            seen.append((event, str(name), text[:80]))
    elif event == "exec":
        name = arguments[0].co_filename
        if not name.startswith(("<frozen", "<string>", sys.base_prefix, sys.prefix, {root!r}, *SITES)) or os.path.basename(name) in FILES:
            seen.append((event, name))
    elif event == "import" and arguments[0] in ("evil", "submission", "toy", "scipy", "torch"):
        seen.append((event, arguments[0]))


import numpy
SITES = (os.path.dirname(os.path.dirname(numpy.__file__)), os.path.dirname(os.__file__))
sys.addaudithook(hook)
around = formats.Surroundings({{}}, datetime(2026, 11, 25, tzinfo=UTC), "f00d")
with test_hostile.only("namespaces") as sandbox:
    for row in ROWS{some}:
        watching = True
        report = test_hostile.submit(row, key, sandbox)
        test_hostile.text_of(report)
        for form in formats.FORMATS:
            if form != "text":
                formats.write(form, [("Toy", report)], around)
        code_of(row.content)
        {extra}
        watching = False
    watching = True
    sources = {{row.name: row.content for row in ROWS}}
    pairs = similarity.alike(sources, "", ["row_sums"])
    similarity_page.render(pairs, sources, "toy")
    watching = False
print(len(ROWS), len(set(seen)))
for item in sorted(set(seen), key=repr)[:20]:
    print(ascii(item))
"""


def watched(extra: str, some: str = "") -> list[str]:
    places = [str(Path(__file__).parent), str(ROOT / "tests"), str(ROOT)]
    script = WATCHED.format(places=places, root=str(ROOT), extra=extra, some=some)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=300, cwd=ROOT)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout.splitlines()


def test_the_graders_process_runs_parses_and_unpickles_nothing_of_a_student_s():
    """Invariant 4, under an audit hook: the corpus graded, rendered in every format, and compared for likeness."""
    count, *seen = watched("")
    assert seen == [], seen
    assert int(count.split()[0]) > 90


@pytest.mark.parametrize(
    "extra",
    [
        "import ast; ast.parse('def row_sums(x): pass')",
        "exec(compile('1', 'toy.py', 'exec'))",
        "import pickle; pickle.loads(pickle.dumps(Submission))",
    ],
    ids=["parses", "runs", "unpickles"],
)
def test_the_hook_sees_it_where_it_is_done(extra):
    assert len(watched(extra, "[:2]")) > 1


# 5, 7, 24, 26, 29: a class.

SAMPLE = [
    "c04_exit_at_import",
    "c02_forged_message",
    "d18_segfault",
    "b29_wrecked_state",
    "c09_parent_killed",
    "a11_leaves_the_input_behind",
]


def marked(submissions: list[bytes], key: Key, least: str = "landlock") -> list[dict]:
    """What one grader of a class run makes of submissions in that order: their reports, but for seconds."""
    jobs = [pool.Job(f"student {n}", "toy", Submission("toy.py", source)) for n, source in enumerate(submissions)]
    waiting = list(reversed(jobs))
    how = pool.How({"toy": to_bytes(key)}, 1.0, least)
    found = {}
    for answer in pool.run(lambda: waiting.pop() if waiting else None, how, 1, lambda: False):
        if answer:
            found[answer[0].student] = timeless(json.loads(answer[1]))
    return [found[job.student] for job in jobs]


@pytest.fixture(scope="module")
def honest() -> list[bytes]:
    """Eleven students who differ."""
    wrong = RIGHT.replace("axis=1", "axis=0"), RIGHT.replace("x * factor", "x + factor"), HONEST.decode()
    return [(wrong[n % 3] if n % 2 else RIGHT).encode() + f"\n# {n}\n".encode() for n in range(11)]


@pytest.fixture(scope="module")
def alone(honest, toy_key) -> list[dict]:
    """Their reports where nobody hostile is in the class."""
    return marked(honest, toy_key)


@pytest.mark.parametrize(
    "name", [name if name in ("c04_exit_at_import", "c09_parent_killed") else weekly(name) for name in SAMPLE]
)
def test_a_hostile_submission_at_any_place_of_a_class_changes_no_other_record(name, honest, alone, toy_key):
    """Invariant 5: beside it, the eleven others get what they get without it, byte for byte but for seconds."""
    hostile = row(name).content
    order: list[bytes] = []
    for place in range(0, 12, 3):  # each grader goes on from class to class: one run has it at four places
        order += [*honest[:place], hostile, *honest[place:]]
    reports = marked(order, toy_key)
    for place in range(0, 12, 3):
        mine, reports = reports[:12], reports[12:]
        theirs = mine.pop(place)
        assert mine == alone
        assert [item["id"] for item in theirs["exercises"]] == EXERCISES


def test_without_isolation_a_hostile_submission_does_change_the_others(toy_key):
    """The twin: what one leaves behind is there for the next, where nothing keeps it from that."""
    content, printed = row("a11_leaves_the_input_behind").content, []
    try:
        with only("process") as sandbox:
            for _ in range(2):
                report = grade(Submission("toy.py", content), toy_key, sandbox)
                printed.append(by_name(report)["row_sums"].printed)
    finally:
        for place in ("/tmp", "/dev/shm"):
            Path(place, ".hostile-left").unlink(missing_ok=True)
    assert "PERSISTED" not in printed[0]
    assert "PERSISTED" in printed[1]


FORMULAS = ["=HYPERLINK(1)", "+1", "@SUM(1)", "-2+3", "a,b", 'q"uote', "plain"]


@pytest.fixture(scope="module")
def marked_class(tmp_path_factory) -> Path:
    """A class with a roster: hostile work, odd names, nothing handed in, nothing readable."""
    folder = tmp_path_factory.mktemp("class")
    shutil.copytree(TOY, folder / "course")
    sources = {name: row(name).content.decode() for name in SAMPLE if name != "c09_parent_killed"}
    sources |= (
        {"wrong": RIGHT.replace("np.sum(", "np.mean(")}
        | dict.fromkeys(FORMULAS, RIGHT)
        | {"syntax": "def (", "\tx,\n=1": RIGHT}
    )
    hand_in(folder / "in", sources)
    (folder / "in" / "picture").mkdir()
    (folder / "in" / "picture" / "toy.pdf").write_text("%PDF")
    with open(folder / "roster.csv", "w", newline="") as file:
        csv.writer(file).writerows([["student_id"], *([name] for name in [*sources, "picture", "nobody"])])
    more = ["--roster", "roster.csv", "--seed", "77", "--csv", "out.csv", "--unit", "toy"]
    done = subprocess.run(command(folder / "course", "in", *more), cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_student_and_exercise_has_one_status_of_the_closed_set(marked_class):
    """Invariant 7."""
    with Store(str(marked_class / "class.db"), is_new=False) as store:
        found = list(records(store))
    with open(marked_class / "roster.csv", newline="") as file:
        roster = [line[0] for line in list(csv.reader(file))[1:]]
    assert len(found) == len({record.student for record in found}) == len(roster)
    for record in found:
        if record.outcome is Outcome.GRADED:
            assert [item.id for item in record.report.exercises] == EXERCISES
            assert all(isinstance(item.status, Status) for item in record.report.exercises)
            for item in record.report.exercises:
                assert (item.status is Status.PASSED) == (item.points == item.max_points)
        else:
            assert record.outcome in (Outcome.ABSENT, Outcome.UNREADABLE)
            assert record.points == 0
    assert sorted(str(r.outcome) for r in found if r.student in ("nobody", "picture")) == ["absent", "unreadable"]


def test_rows_and_columns_of_a_table_depend_on_roster_and_exercises_only(marked_class):
    """Invariant 29: no name, message or path makes a row, a column or a formula."""
    with open(marked_class / "out.csv", newline="") as file:
        rows = list(csv.reader(file))
    with open(marked_class / "roster.csv", newline="") as file:
        assert len(rows) == len(list(csv.reader(file)))
    assert {len(line) for line in rows} == {len(rows[0])}
    assert rows[0][-3:] == EXERCISES
    cells = [cell for line in rows[1:] for cell in line]
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []


def test_a_record_replayed_from_seed_key_and_submission_is_the_same(marked_class):
    """Invariant 24: with the key compiled again from the seed, which is the one in the store; with no other seed's."""
    folder = marked_class
    with Store(str(folder / "class.db"), is_new=False) as store:
        found = [record for record in records(store) if record.report]
        seed = int(store.once("seed", "0"))
        terms = {who: json.loads(line.terms) for who, line in store.lines().items()}
        (kept,) = store.database.execute("SELECT content FROM keys")
    again = compile_key(Course(folder / "course").solutions("toy"), seed)
    assert seed == 77
    assert from_bytes(bytes(kept[0])).id == again.id
    files = {Submission("", path.read_bytes()).sha256: path for path in (folder / "in").rglob("toy.py")}
    other = compile_key(Course(folder / "course").solutions("toy"), seed + 1)
    differ = set()
    for record in found:
        term = terms[record.student, "toy"]
        assert (term["key"], term["engine"]) == (again.id, __version__)
        submission = Submission(record.report.submission, files[term["sha256"]].read_bytes())
        with Sandbox(Limits(seconds=term["seconds"])) as sandbox:
            replayed, elsewhere = (timeless(to_json(grade(submission, key, sandbox))) for key in (again, other))
        assert replayed == timeless(to_json(record.report)), record.student
        if replayed["exercises"] != elsewhere["exercises"]:
            differ.add(record.student)
    assert "wrong" in differ


BROKEN = {
    "a worker that ends at once": "server.START = 'raise SystemExit(9)'",
    "an interpreter that is no Python": "server.sys = type('sys', (), {'executable': '/bin/false', 'platform': 'linux'})",
    "a fork server that dies after the first worker": (
        "fork = server.Sandbox._fork\n"
        "def once(self):\n    worker = fork(self)\n    self._process.kill()\n    self._process.wait()\n    return worker\n"
        "server.Sandbox._fork = once"
    ),
    "a comparison that raises": (
        "from dataclasses import replace\nfrom grader.judging.kinds import registry\nright = registry.named\n"
        "registry.named = lambda name: replace(right(name), decide=lambda *rest: 1 / 0)"
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_fault_of_ours_is_status_3_and_nobody_s_zero(what, tmp_path):
    """Invariant 26. Who answered before the fork server died has the points that were earned: then nothing is amiss."""
    (tmp_path / "toy.py").write_text(RIGHT)
    script = (
        f"import sys\nsys.path.insert(0, {str(ROOT)!r})\nfrom grader.sandbox import server\n{BROKEN[what]}\n"
        f"sys.argv = ['grade', 'toy.py', '--course', {str(TOY)!r}, '--seed', '3', '--format', 'json']\nimport cli\ncli.main()"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    found = [item["status"] for item in json.loads(done.stdout)["exercises"]] if done.stdout else ["grader_error"]
    assert set(found) <= {"grader_error", "passed"}
    is_whole = what == "a fork server that dies after the first worker" and set(found) == {"passed"}
    assert done.returncode == (0 if is_whole else 3), done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_report_that_cannot_be_written_is_no_zero_either(tmp_path):
    (tmp_path / "toy.py").write_text(RIGHT)
    with open("/dev/full", "w") as full:
        arguments = [GRADE, "toy.py", "--course", str(TOY), "--seed", "3", "--format", "json"]
        done = subprocess.run(arguments, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 3
    assert "No points are lost" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_class_run_with_a_broken_worker_records_nobody(tmp_path, honest, toy_key, monkeypatch):
    monkeypatch.setattr(exercise_report, "decide", lambda *rest, **more: 1 / 0)
    with Sandbox(Limits(seconds=2)) as sandbox:
        report = grade(Submission("toy.py", honest[0]), toy_key, sandbox)
    assert report.is_our_fault
    assert {exercise.status for exercise in report.exercises} == {Status.GRADER_ERROR}


# 17: what a submission used up is free again.


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", ["d11_disk", "d12_files", "d12_deep_folders"])
def test_the_disk_that_a_submission_filled_is_free_again(name, level, toy_key):
    if level not in row(name).levels:
        pytest.skip("this level does not promise it")
    with only(level) as sandbox:
        submit(row(name), toy_key, sandbox)
        assert left_alive(sandbox) == []
        assert list(Path(sandbox._home.name).rglob("*")) == []


# 22: a reader sees the old or the new complete version, wherever the writer died.


def seen_of(write: Callable[[Path], None], path: Path) -> tuple[int, set[str]]:
    """How many lines a writer has, and what a reader saw where it died at each: in a small process, whose forks are quick."""
    command = [sys.executable, writers.__file__, write.__name__, str(path)]
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert run.returncode == 0, run.stderr
    lines, *seen = run.stdout.split()
    return int(lines), set(seen)


@pytest.mark.parametrize("write", WRITERS)
def test_a_file_is_the_old_or_the_new_one_wherever_the_writer_dies(write, tmp_path):
    lines, seen = seen_of(write, tmp_path / "out")
    assert lines > 3
    assert seen == {"old", "new"}


def test_a_file_written_in_place_would_be_seen_in_half(tmp_path):
    assert "other" in seen_of(writers.in_place, tmp_path / "out")[1]


@pytest.mark.parametrize("write", WRITERS)
def test_a_full_disk_leaves_the_old_file_and_nothing_beside_it(write, tmp_path):
    """A limit on the file's size stands for the disk: the write fails in the middle, with an error from the kernel."""
    import resource

    path = tmp_path / "out"
    path.write_text(OLD)
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        try:
            write(path)
        except ValueError as error:  # a GraderError, which is one
            os._exit(7 if "cannot write" in str(error) else 8)
        except OSError:
            os._exit(6)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert path.read_text() == OLD
    assert [item.name for item in tmp_path.iterdir()] == ["out"]
    assert code == 7


def test_the_store_is_the_old_or_the_new_one_wherever_a_grader_dies(tmp_path, toy_key, sandbox):
    path = str(tmp_path / "class.db")
    report = grade(Submission("toy.py", RIGHT.encode()), toy_key, sandbox)
    text, terms = pool.as_text(report), Terms("k", "c", "e", 1.0).to_json("00")
    with Store(path) as store:
        store.claim("alice", "toy", "x")
        store.put(Record("alice", "toy", Outcome.GRADED, 10, report, "old"), terms, text)
    seen = set()

    def write() -> None:
        with Store(path) as store:
            store.claim("alice", "toy", "y")
            store.put(Record("alice", "toy", Outcome.GRADED, 10, report, "new"), terms.replace("k", "l"), text)

    def check() -> None:
        with Store(path) as store:
            store.join()
            store.database.execute("DELETE FROM claims")
            (found,) = [to_data(record) for record in records(store)]
            seen.add(found["note"])
            assert store.database.execute("PRAGMA integrity_check") == [("ok",)]
            if found["note"] == "new":
                store.claim("alice", "toy", "x")
                store.put(Record("alice", "toy", Outcome.GRADED, 10, report, "old"), terms, text)

    assert killed_at_every_line(write, check, 5) > 50
    assert seen == {"old", "new"}


# 27: what reaches a terminal.

EVIL = "\x1b[2J\x1b]52;c;UFdO\x07\x9b31mPWN\u202e\u2066\u2028[red]x[/] [/nope]\x1b[31mPWN\x08\x0e"
LOUD = f"""import numpy as np


class Boom(Exception):
    pass


Boom.__name__ = {EVIL!r}
print({EVIL!r})


def scale(x, factor=2.0):
    print({EVIL!r}, flush=True)
    return {{{EVIL!r}: x}}


def row_sums(x):
    raise Boom({EVIL!r})


def mean_and_spread(x):
    return type({EVIL!r}, (), {{}})()
"""
OURS = re.compile(  # Rich's: colours, and of a line that changes also cursor, lines and the carriage return
    r"\x1b\[[0-9;]*m|\x1b\[\?25[lh]|\x1b\[1?A|\x1b\[2K|\r"
)
NAME = "t\x1b[2J\x9b[red]\u202e\u2028\x07\x1b[31mPWN.py"
COMMANDS = {
    "check": ["NAME", "--unit", "toy"],
    "a file that is not there": ["gone-NAME"],
    "a unit that is not there": ["toy.py", "--unit", "NAME"],
    "a key that is not there": ["toy.py", "--key", "NAME"],
    "a format that is not there": ["toy.py", "--format", "NAME"],
    "an output that cannot be": ["toy.py", "-o", "none/NAME"],
    "an option that is not there": ["--NAME"],
    "hint": ["hint", "toy.NAME"],
    "explain": ["explain", "toy.NAME"],
    "reset": ["reset", "toy.NAME"],
    "doctor": ["doctor", "NAME"],
    "dev": ["dev", "NAME"],
    "release": ["release", "NAME"],
    "class": ["class", "in", "--unit", "toy", "--summary", "--alike", "alike.html", "--db", "class.db"],
    "class of nobody": ["class", "NAME"],
    "class with a roster": ["class", "in", "--roster", "NAME"],
    "class with a column": ["class", "--db", "NAME", "--csv", "x.csv"],
}


def on_a_terminal(arguments: list[str], folder: Path) -> str:
    """All that a command sends to a terminal."""
    ours, theirs = pty.openpty()
    around = os.environ | {"TERM": "xterm-256color", "COLUMNS": "100"}
    process = subprocess.Popen([GRADE, *arguments], cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs, env=around)
    os.close(theirs)
    seen, end = b"", time.monotonic() + 90
    while time.monotonic() < end:
        if not select.select([ours], [], [], 1)[0]:
            continue
        try:
            part = os.read(ours, 1 << 16)
        except OSError:
            break
        if not part:
            break
        seen += part
    process.wait(30)
    os.close(ours)
    return seen.decode("utf-8", "surrogateescape")


def obeyed(text: str) -> set[str]:
    """What of a text a terminal would obey that is neither a new line nor our own."""
    import unicodedata

    rest = OURS.sub("", text)
    odd = {char for char in rest if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")} - {"\n", "\t"}
    return odd | ({"a colour of the student's"} if re.search(r"\x1b\[31mPWN", text) else set())


@pytest.fixture(scope="module")
def loud(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("loud")
    for name in ("toy.py", NAME):
        (folder / name).write_text(LOUD)
    hand_in(folder / "in", {"a": LOUD, NAME.replace(".py", ""): LOUD, "b" + NAME: RIGHT})
    return folder


@pytest.mark.parametrize("name", [*COMMANDS, "json", "junit", "github", "markdown", "html", "check50", "codequality"])
def test_no_control_byte_of_a_student_s_reaches_the_terminal(name, loud):
    """Invariant 27: every command under a pseudoterminal, with names, prints and errors that would be obeyed."""
    words = COMMANDS.get(name, ["toy.py", "--format", name])
    arguments = [word.replace("NAME", NAME) for word in words]
    takes_course = words[0] not in ("dev", "release", "--NAME")
    text = on_a_terminal([*arguments, *(["--course", str(TOY)] if takes_course else [])], loud)
    assert text.strip()
    assert obeyed(text) == set(), ascii(text)
    assert "Traceback" not in text


def test_a_terminal_would_have_obeyed_it():
    assert len(obeyed(EVIL)) > 6
    assert obeyed("\x1b[31mred\x1b[0m\n\x1b[2K\r") == set()


# 31: nothing of this machine in a report.


def test_no_report_names_a_path_a_user_or_a_line_of_the_grader(toy_key):
    """Invariant 31, over the whole corpus at the strongest level; what the students themselves print is theirs."""
    private = [str(ROOT), str(Path.home()) + "/", "/home/", "Traceback", "grader/", "call.py", "child.py", "<driver>"]
    private += [name for name in (getpass.getuser(), socket.gethostname()) if len(name) > 4]
    with only(LEVELS[0]) as sandbox:
        for item in ROWS:
            if "timeout" in item.status:
                continue
            data = to_json(submit(item, toy_key, sandbox, min(item.seconds, 1.0)))
            text = json.dumps(data | {"isolation": ""}, ensure_ascii=False)
            assert not [word for word in private if word in text], item.name


RAISES = HONEST.decode().replace(
    "return np.sum(x, axis=1)", "import traceback\n    raise OSError(__file__, traceback.format_stack())"
)


def test_a_student_who_asks_for_the_stack_sees_no_path_of_the_host(toy_key):
    with only(LEVELS[0]) as sandbox:
        report = grade(Submission(str(ROOT / "private" / "toy.py"), RAISES.encode()), toy_key, sandbox)
    row_sums = report.exercises[1]
    message = row_sums.checks[0].finding.message
    assert "toy.py" in message
    assert "private" not in message
