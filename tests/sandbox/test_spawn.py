"""Workers on systems that cannot fork: the same verdicts from a fresh interpreter for each, forced here to be tried."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from conftest import RIGHT, ROOT, by_name, first_finding

from grader.grading import grade
from grader.report import Report, Status
from grader.sandbox.spawn import Spawner
from grader.sandbox.walls.limits import Limits
from grader.submission import Submission

# What Windows has not, and what Python's own subprocess does not need here.
WITHOUT = """
import os, select, signal, socket, subprocess, sys
for name in ("fcntl", "resource", "termios", "tty", "pwd", "grp"):
    sys.modules[name] = None
for module, names in ((os, ("fork", "getuid", "setsid", "O_NONBLOCK", "sched_getaffinity")),
                      (select, ("poll",)), (socket, ("send_fds", "recv_fds")), (signal, ("SIGXCPU",))):
    for name in names:
        if hasattr(module, name):
            delattr(module, name)
"""


NEEDS_SIGNALS = pytest.mark.skipif(sys.platform == "win32", reason="signals and process groups are POSIX's")


@pytest.fixture(scope="module", params=["waited for", "pumped"])
def spawner(request) -> Iterator[Spawner]:
    with Spawner(Limits(seconds=3, output_flood=1 << 20, answer=1 << 20), pumps=request.param == "pumped") as spawner:
        yield spawner


@pytest.fixture
def spawned(toy_key, spawner):
    def run(source: str) -> Report:
        return grade(Submission("toy.py", source.encode()), toy_key, spawner)

    return run


def scale(body: str) -> str:
    return RIGHT.replace("return x * factor", body)


def test_a_right_file_earns_every_point_and_the_report_names_the_level(spawned):
    report = spawned(RIGHT)
    assert (report.points, report.isolation) == (10, "process")


def test_what_is_printed_is_shown(spawned):
    assert "here I am" in by_name(spawned(scale("print('here I am'); return x * factor")))["scale"].printed


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ("return 1 / 0", Status.ERROR, "ZeroDivisionError"),
        ("while True: pass", Status.TIMEOUT, "no answer after 3 s"),
        ("import os; os._exit(7)", Status.CRASH, "exit status 7"),
        pytest.param("import os; os.kill(os.getpid(), 11)", Status.CRASH, "SIGSEGV", marks=NEEDS_SIGNALS),
        ("import os\n    while True: os.write(1, b'x' * 65536)", Status.CRASH, "it printed more than 1 MB"),
        ("return np.zeros(200_000)", Status.MEMORY, "its answer has"),
        ("import os; os.write(3, b'junk' * 100) or os.close(3)\n    return x", None, ""),
    ],
    ids=["exception", "loop", "exit", "signal", "flood", "answer", "descriptors"],
)
def test_one_exercise_pays_for_what_it_does_and_its_neighbours_do_not(spawned, body, status, words):
    found = by_name(spawned(scale(body)))
    if status:
        assert words in first_finding(found["scale"]).message
        assert found["scale"].status in (status, Status.CRASH)
    assert found["scale"].points == 0
    assert found["row_sums"].status is Status.PASSED
    assert found["mean_and_spread"].status is Status.PASSED


@NEEDS_SIGNALS
def test_no_process_and_no_folder_is_left(toy_key):
    spawner = Spawner(Limits(seconds=3))
    grade(Submission("toy.py", RIGHT.encode()), toy_key, spawner)
    pids, home = [process.pid for process in spawner._alive.values()], spawner._home.name
    spawner.close()
    assert not os.path.exists(home)
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@NEEDS_SIGNALS  # Windows itself is the better try
def test_a_student_grades_where_nothing_can_be_forked(toy_course):
    (toy_course / "assignments" / "toy" / "toy.py").write_text(RIGHT)
    code = WITHOUT + "import cli; sys.argv[1:] = ['toy']; cli.main()"
    run = subprocess.run([sys.executable, "-c", code], cwd=toy_course, capture_output=True, text=True,
                         env={"PYTHONPATH": str(ROOT), "HOME": str(toy_course), "PATH": ""}, timeout=120)  # fmt: skip
    assert (run.returncode, run.stderr) == (0, "")
    assert "All points." in run.stdout


def test_a_class_is_not_marked_where_its_code_cannot_be_held(toy_course):
    code = WITHOUT + "import cli; sys.argv[1:] = ['class', '.']; cli.main()"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run([sys.executable, "-c", code], cwd=toy_course, capture_output=True, text=True, env=environment)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith("Error: marking a class runs other people's code")
    assert not (toy_course / "class.db").exists()


@NEEDS_SIGNALS
def test_what_a_spawned_worker_loads_needs_none_of_it_either():
    code = WITHOUT + "import grader.sandbox.inside.spawned, grader.commands.watch, grader.commands.doctor"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=120)


def test_a_level_that_this_system_has_not_is_refused(toy_course, run_grade):
    result = run_grade("toy", "--isolation", "seccomp", cwd=toy_course, GRADE_SPAWN="1")
    assert result.returncode == 3
    assert "this system cannot hold submissions by seccomp; only by process" in result.stderr
    assert "process" in run_grade("doctor", cwd=toy_course, GRADE_SPAWN="1").stdout
