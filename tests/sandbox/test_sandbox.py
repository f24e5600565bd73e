"""What a worker holds and can reach: nothing of the grader's, and limits that end it."""

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import RIGHT, TOY, by_name
from leftovers import is_alive

from grader.compiling.compile import compile_key
from grader.course.course import Course
from grader.grading import grade
from grader.report import Status
from grader.sandbox import wire
from grader.sandbox.server import Sandbox
from grader.sandbox.walls.levels import LEVELS
from grader.sandbox.walls.limits import Limits
from grader.sandbox.worker import Worker, WorkerEnded
from grader.submission import Submission

# Looks for markers from inside: every readable mapping of its own memory, its environment, command line, open
# descriptors and what they lead to. The markers come split, or the searcher would find its own needle.
SEARCH = """
import numpy as np

def row_sums(x):
    import glob, os, re
    found = []
    for line in open("/proc/self/maps"):
        span, rights, *_, = line.split()
        if "r" not in rights or "[v" in line:
            continue
        low, high = (int(part, 16) for part in span.split("-"))
        if high - low > 1 << 30:
            continue
        with open("/proc/self/mem", "rb") as memory:
            try:
                memory.seek(low)
                text = memory.read(high - low)
            except OSError:
                continue
        for number, (first, second) in enumerate(PARTS):
            # needle and haystack are both in memory here: count places where the halves are joined, less our own
            found += [number] * len(re.findall(re.escape(first) + b"(?=" + re.escape(second) + b")", text))
    places = [repr(dict(os.environ)).encode(), open("/proc/self/cmdline", "rb").read()]
    for fd in os.listdir("/proc/self/fd"):
        try:
            places.append(os.readlink(f"/proc/self/fd/{fd}").encode())
            if int(fd) > 3:
                places.append(os.pread(int(fd), 1 << 20, 0))
        except OSError:
            pass
    for path in glob.glob(os.getcwd() + "/**", recursive=True):
        if os.path.isfile(path):
            places.append(open(path, "rb").read())
    for number, (first, second) in enumerate(PARTS):
        found += [100 + number] * sum(first + second in place for place in places)
    print("FOUND", sorted(set(found)), "FDS", sorted(map(int, os.listdir("/proc/self/fd"))))
    return np.sum(x, axis=1)
"""


def planted(folder: Path, marker: str) -> Course:
    """A toy course with the marker in its reference, mistakes, sentences, hints and handout."""
    target = folder / "solutions" / "toy"
    target.mkdir(parents=True)
    for file in (TOY / "solutions" / "toy").iterdir():
        if file.is_file():
            text = file.read_text(encoding="utf-8")
            text = text.replace("np.sum(x, axis=1)", f'np.sum(x, axis=1) + 0 * len("{marker}")')
            text = text.replace("These are means", f"{marker} These are means").replace("$s_n", f"{marker} $s_n")
            target.joinpath(file.name).write_text(text, encoding="utf-8")
    (folder / "solutions" / "course.toml").write_text('units = ["toy"]\n')
    return Course(folder)


def split(marker: bytes) -> tuple[bytes, bytes]:
    half = len(marker) // 2
    return marker[:half], marker[half:]


def test_nothing_of_the_grader_is_in_the_worker(tmp_path):
    marker = "marker" + os.urandom(12).hex()
    seed = int.from_bytes(os.urandom(12), "big")
    with Sandbox(Limits(seconds=60), strongest="seccomp") as sandbox:  # the strongest level that has a /proc to search
        unit = planted(tmp_path, marker).solutions("toy")
        key = compile_key(unit, seed)
        row_sums = key.exercise("row_sums")
        question = row_sums.questions[0]
        expected, wrong = question.expected.tobytes(), question.mistakes["means"].tobytes()
        needles = [
            marker.encode(),
            str(seed).encode(),
            seed.to_bytes(12, "little"),
            expected[:24],
            wrong[:24],
            b"adds up each row",
        ]
        source = f"PARTS = {[split(needle) for needle in needles]!r}\n" + SEARCH
        report = by_name(grade(Submission("toy.py", source.encode()), key, sandbox, only=["row_sums"]))
    printed = report["row_sums"].printed
    first = printed.splitlines()[0]
    assert first.startswith("FOUND "), printed
    # The answer itself is computed by the student's own code only after the search: nothing may be found before.
    assert first.startswith("FOUND []"), first
    assert report["row_sums"].points == 3


def test_the_search_finds_what_is_there():
    """The test above can fail: a marker in the submission itself is found by the same search."""
    needle = b"marker-that-is-really-in-here"
    source = f"PARTS = {[split(needle)]!r}\nPLANTED = {needle!r}\n" + SEARCH
    with Sandbox(Limits(seconds=60), strongest="seccomp") as sandbox:  # the strongest level that has a /proc to search
        key = compile_key(Course(TOY).solutions("toy"), 0)
        report = by_name(grade(Submission("toy.py", source.encode()), key, sandbox, only=["row_sums"]))
    assert report["row_sums"].printed.startswith("FOUND [0]")


@pytest.mark.parametrize("level", LEVELS)
def test_a_worker_has_four_descriptors_and_a_bare_environment(toy_key, level):
    body = (
        "    import os\n    def is_open(fd):\n        try: return bool(os.fstat(fd))\n        except OSError: return False\n"
        "    print([fd for fd in range(256) if is_open(fd)], sorted(os.environ))\n    return np.sum(x, axis=1)"
    )
    with Sandbox(strongest=level) as sandbox:
        source = RIGHT.replace("    return np.sum(x, axis=1)", body).encode()
        report = by_name(grade(Submission("toy.py", source), toy_key, sandbox))["row_sums"]
        assert sandbox.level == level
    assert report.points == 3
    threads = "'MKL_NUM_THREADS', 'OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS'"
    assert report.printed.splitlines()[0] == f"[0, 1, 2, 3] ['LANG', {threads}, 'PATH', 'VECLIB_MAXIMUM_THREADS']"


@pytest.mark.parametrize("level", LEVELS)
def test_no_process_is_left_when_the_grader_is_killed(tmp_path, level):
    """kill -9 on the grader: the fork server hangs up on its workers and ends."""
    script = tmp_path / "run.py"
    script.write_text(
        "import sys\nimport numpy as np\nfrom grader.sandbox.server import Sandbox\n"
        f"sandbox = Sandbox(strongest={level!r})\nworker = sandbox.worker()\n"
        "source = np.frombuffer(b'while True: pass', np.uint8)\n"
        "worker.ask({'op': 'read', 'file': 'a.py', 'source': source, 'allows': []}, 9)\n"
        "worker.send({'op': 'run', 'skip': [], 'wanted': []})\n"
        "print(sandbox._process.pid, sandbox.level, flush=True)\nworker.receive(99)\nworker.receive(99)\n"
    )
    process = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    pid, held = process.stdout.readline().split()
    pids = descendants(int(pid))
    assert held == level
    assert len(pids) == (3 if level == "namespaces" else 2)  # fork server (and its first process), worker
    process.kill()
    process.wait()
    process.stdout.close()
    assert not still_running(pids)


def descendants(pid: int) -> list[int]:
    """A process and all that came from it, as far as /proc tells."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found = [pid]
    for known in found:
        found += [child for child, parent in parents.items() if parent == known]
    return found


def still_running(pids: list[int], seconds: float = 10) -> list[int]:
    deadline = time.monotonic() + seconds
    while (running := [pid for pid in pids if is_alive(pid)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return running


FORKS = RIGHT.replace(
    "    return np.sum(x, axis=1)",
    "    import os\n    pid = os.fork()\n    if not pid:\n        while True: pass\n    print(pid)\n    return np.sum(x, axis=1)",
)


def test_what_a_submission_forks_dies_with_it(toy_key):
    """Where processes can be started at all: at the weakest level."""
    with Sandbox(strongest="process") as sandbox:
        report = by_name(grade(Submission("toy.py", FORKS.encode()), toy_key, sandbox))
    pids = [int(pid) for pid in report["row_sums"].printed.split()]
    assert pids
    assert not still_running(pids, 1)


def test_no_process_can_be_started(mark):
    report = by_name(mark(FORKS))
    assert report["row_sums"].status is Status.ERROR
    assert "PermissionError" in report["row_sums"].checks[0].finding.message
    assert (
        report["row_sums"]
        .checks[0]
        .finding.hint.startswith("While it is graded, your code has no network, starts no processes")
    )
    assert report["scale"].points == 4


def test_a_child_that_answers_too_is_no_second_answer(toy_key):
    body = "    import os\n    os.fork()\n    return np.sum(x, axis=1) + 1"
    source = RIGHT.replace("    return np.sum(x, axis=1)", body).encode()
    with Sandbox(strongest="process") as sandbox:
        report = by_name(grade(Submission("toy.py", source), toy_key, sandbox))
    assert report["row_sums"].points == 0
    assert report["scale"].points == 4


def ask_raw(sandbox: Sandbox, code: str, seconds: float = 3) -> tuple[Worker, object]:
    worker = sandbox.worker()
    source = np.frombuffer(code.encode(), np.uint8)
    worker.ask({"op": "read", "file": "a.py", "source": source, "allows": ["numpy"]}, seconds)
    worker.send({"op": "run", "skip": [], "wanted": []})
    return worker, worker.receive(seconds)


def drain(worker: Worker) -> None:
    while True:
        worker.receive(2)


@pytest.mark.parametrize(
    "frame",
    [
        b"\0" * 64,
        wire.PREFIX.pack(wire.MAGIC, 1 << 31, 0),
        wire.PREFIX.pack(wire.MAGIC, 8, 1 << 62),
        wire.PREFIX.pack(wire.MAGIC, 4, 0) + b"[[[[",
        wire.PREFIX.pack(wire.MAGIC, 1 << 20, 0) + b"[" * (1 << 20),
        wire.PREFIX.pack(wire.MAGIC, 17, 0) + b'{"a":["|V9",[1]]}',
        wire.PREFIX.pack(wire.MAGIC, 22, 0) + b'{"a":["<f8",[9999999]]}'[:22],
    ],
)
def test_hostile_frames_end_the_worker_and_nothing_else(sandbox, frame):
    code = f"import os\nos.write(3, {frame!r})\nimport time\ntime.sleep(9)"
    worker, reply = ask_raw(sandbox, code)
    with pytest.raises(WorkerEnded):
        drain(worker)
    assert not worker.is_alive
    assert isinstance(reply, dict)


def test_a_right_answer_with_a_forged_frame_before_it_scores_by_the_bytes_alone(mark):
    """A frame forged in the worker is taken for the answer: it earns what its arrays earn."""
    forged = wire.encode({"value": np.zeros(3), "changed": []})
    body = f"    import os\n    os.write(3, {forged!r})\n    return np.sum(x, axis=1)"
    report = by_name(mark(RIGHT.replace("    return np.sum(x, axis=1)", body)))
    assert report["row_sums"].points == 0


@pytest.mark.parametrize(
    "reply",
    [
        {"value": 1.0},
        {"error": 3},
        {"error": {"type": 1, "bases": 2, "message": 3, "frames": 4}},
        [1, 2],
        None,
        {},
        {"changed": 1, "value": 2},
    ],
)
def test_replies_of_another_form_are_a_crash_and_never_our_fault(mark, reply):
    forged = wire.encode(reply)
    body = f"    import os\n    os.write(3, {forged!r})\n    return np.sum(x, axis=1)"
    report = by_name(mark(RIGHT.replace("    return np.sum(x, axis=1)", body)))
    assert report["row_sums"].points == 0
    assert report["row_sums"].status is not Status.GRADER_ERROR
    assert report["scale"].points == 4
    assert report["mean_and_spread"].points == 3


def test_memory_beyond_the_limit_is_refused_and_below_it_granted(mark):
    body = (
        "    if len(x) == 1: np.ones(40_000_000_000 // 8)\n    np.ones(200_000_000 // 8)\n    return np.sum(x, axis=1)"
    )
    report = by_name(mark(RIGHT.replace("    return np.sum(x, axis=1)", body)))
    assert report["row_sums"].points == 2
    assert report["row_sums"].status is Status.MEMORY


def test_a_file_beyond_the_limit_is_refused():
    source = RIGHT.replace(
        "    return np.sum(x, axis=1)",
        "    with open('big', 'wb') as file:\n        for _ in range(64): file.write(b'0' * (1 << 20))\n    return np.sum(x, axis=1)",
    )
    with Sandbox() as sandbox:
        key = compile_key(Course(TOY).solutions("toy"), 0)
        report = by_name(grade(Submission("toy.py", source.encode()), key, sandbox))
        home = Path(sandbox._home.name)
        assert list(home.iterdir()) == []  # what it wrote was in memory of its own
    assert "File too large" in report["row_sums"].checks[0].finding.message
    assert not home.exists()


def test_a_cell_of_one_exercise_can_use_the_whole_budget_and_no_more(toy_key):
    slow = RIGHT.replace(
        "    return np.sum(x, axis=1)", "    import time\n    time.sleep(0.7)\n    return np.sum(x, axis=1)"
    )
    with Sandbox(Limits(seconds=1)) as sandbox:
        start = time.monotonic()
        report = by_name(grade(Submission("toy.py", slow.encode()), toy_key, sandbox))
        assert time.monotonic() - start < 5
    assert report["row_sums"].status is Status.TIMEOUT
    assert [check.status for check in report["row_sums"].checks] == ["passed", "failed"]
