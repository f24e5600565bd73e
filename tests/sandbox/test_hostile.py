"""Hostile and awkward submissions, each with the outcome it must get, at every level that promises it.

tests/hostile/ holds one file for each. Its first lines say what it is:

    # row: A10                              in the table of attacks
    # attack: a socket of every address family
    # outcome: zero                         of row_sums: zero, full, a number of points, or any
    # status: error                         optional; several are allowed
    # says: Operation not permitted         optional; words of a finding
    # from: landlock                        optional; the weakest level that promises all this (default: process)
    # never: NET-OPEN                       optional; what it prints where it succeeds
    # needs: CAP_MKNOD                      optional; a right of root's without which it fails anywhere
    # seconds: 0.5                          optional; the limit (default: 1)
    # budget: 3                             optional; how many limits it may take: one to load, one to answer

Files that cannot start with such lines are made here, in MADE.
"""

import codecs
import contextlib
import fcntl
import io
import json
import math
import os
import re
import secrets
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

import pytest
from conftest import ROOT, TOY, by_name
from test_sandbox import descendants

from grader.compiling.compile import compile_key
from grader.course.unit import Unit
from grader.grading import grade
from grader.key import Key
from grader.render import terminal
from grader.report import Report, Status, to_json
from grader.sandbox import server
from grader.sandbox.server import Sandbox, SandboxError
from grader.sandbox.walls.levels import LEVELS
from grader.sandbox.walls.limits import Limits
from grader.submission import Submission, SubmissionError, read

FOLDER = ROOT / "tests" / "hostile"
EXERCISES = ["toy.scale", "toy.row_sums", "toy.mean_and_spread"]
MAX_POINTS = 3
SECONDS = 1.0
SLACK = 3.0  # seconds beyond the budget: one is promised, the rest is for a busy machine
REPORT_SIZE = 20_000  # characters of one report's JSON: a finding is a sentence or two
LISTENERS = [f"\0grade-hostile-{number}" for number in range(8)]  # the first free one, for tests in parallel
TOUCHES = re.compile(  # what a file names that can leave something on the machine, or reach what others run
    rb"/|\b(?:os|io|sys|socket|subprocess|ctypes|mmap|signal|threading|multiprocessing|concurrent|tempfile|shutil|pathlib"
    rb"|resource|open|tofile|save|savez|savetxt|memmap|dump|touch|system|exec|eval|__import__|import_module)\b"
)
CANARY = bytearray(b"the canary of ")  # joined at run time, so that it is in memory once
CANARY += b"the grader's process"
ROUNDS = int(os.environ.get("GRADE_HOSTILE_SUBMISSIONS", "300"))  # of the long loop; 1000 is the full proof


@dataclass(frozen=True)
class Row:
    """One hostile submission and what it must get."""

    name: str
    content: bytes
    row: str
    attack: str
    outcome: str
    status: tuple[str, ...] = ()
    says: str = ""
    weakest: str = "process"
    never: tuple[str, ...] = ()
    needs: str = ""
    seconds: float = SECONDS
    budget: int = 2
    file: str = "toy.py"

    @property
    def levels(self) -> tuple[str, ...]:
        """The levels that promise the outcome, strongest first."""
        return LEVELS[: LEVELS.index(self.weakest) + 1]

    @property
    def is_quiet(self) -> bool:
        """Whether it computes and does nothing else, so that it can run beside others."""
        return not TOUCHES.search(self.content)


def from_file(path: Path) -> Row:
    """A file of the corpus and what its header says; ValueError for a header of another form."""
    content = path.read_bytes()
    head = {}
    for line in content.decode().splitlines():
        if not line.startswith("# ") or ": " not in line:
            break
        key, _, text = line[2:].partition(": ")
        if key not in (
            "row",
            "attack",
            "outcome",
            "status",
            "says",
            "from",
            "never",
            "needs",
            "seconds",
            "budget",
            "exercise",
        ):
            break
        head[key] = text.strip()
    return Row(
        name=path.stem,
        content=content,
        row=head["row"],
        attack=head["attack"],
        outcome=head["outcome"],
        status=tuple(head.get("status", "").split()),
        says=head.get("says", ""),
        weakest=head.get("from", "process"),
        never=tuple(head.get("never", "").split()),
        needs=head.get("needs", ""),
        seconds=float(head.get("seconds", SECONDS)),
        budget=int(head.get("budget", 2)),
    )


def made(name: str, content: bytes, outcome: str, *status: str, says: str = "", never: str = "", file="toy.py") -> Row:
    row, _, attack = name.partition(" ")
    title = f"{row.lower()}_{attack.replace(' ', '_')}"
    return Row(title, content, row, attack, outcome, status, says, never=tuple(never.split()), file=file)


HONEST = b"import numpy as np\n\n\ndef row_sums(x):\n    return np.sum(x, axis=1)\n"
WRONG = HONEST.replace(b"np.sum(x, axis=1)", b"np.zeros(len(x))")


def notebook(*cells: str | dict, **more: object) -> bytes:
    """A notebook of code cells; a cell given as a dict is taken as it is."""
    code = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    whole = [cell if isinstance(cell, dict) else code | {"source": cell.splitlines(True)} for cell in cells]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": whole} | more).encode()


def code(source: bytes, **more: object) -> dict:
    return {"cell_type": "code", "metadata": {}, "outputs": [], "source": source.decode()} | more


SCRIPTS = [
    {"output_type": "display_data", "data": {kind: "<script>alert(1)</script>"}, "metadata": {}}
    for kind in ("application/javascript", "text/html", "image/svg+xml", "text/markdown")
]
TEST_CELL = {"nbgrader": {"grade_id": "row_sums", "grade": True, "points": 1e9, "locked": False}}
MAGIC = "!touch PWNED_MAGIC; echo PWNED_MAGIC\n%run evil.py\nget_ipython().system('echo PWNED_MAGIC')\n"


def notebooks() -> Iterator[Row]:
    def row(name: str, content: bytes, *rest: str, **more: str) -> Row:
        return made(name, content, *rest, **more, file="toy.ipynb")

    honest, wrong = HONEST.decode(), WRONG.decode()
    cheat = code(b"assert True", metadata=TEST_CELL)
    yield row("N1 scripts in the outputs", notebook(code(HONEST, outputs=SCRIPTS)), "full", never="<script>")
    yield row("N2 test cell worth a billion", notebook(wrong, cheat), "zero", "failed")
    yield row("N3 test cell deleted", notebook(wrong), "zero", "failed")
    yield row("N4 two cells of one id", notebook(code(HONEST, id="a"), code(HONEST, id="a")), "full")
    yield row("N9 second definition later", notebook(honest, wrong), "zero", "failed")
    show = (
        "from types import SimpleNamespace\nInteractiveShell = SimpleNamespace()\nInteractiveShell.showtraceback = None"
    )
    yield row("N5 tracebacks off", notebook(show, "def row_sums(x):\n    return 1 / 0"), "zero", "error")
    kernel = {"kernelspec": {"name": "../../evil", "language": "bash", "display_name": "evil"}}
    yield row("N6 kernel of its own", notebook(honest, metadata=kernel), "full")
    yield row("N7 commands", notebook(MAGIC, "%%bash\ntouch PWNED_MAGIC", honest), "full", never="PWNED")
    markdown = {"cell_type": "markdown", "metadata": {}, "source": honest}
    yield row("N8 cell type changed", notebook(markdown), "zero", "missing")
    yield row("N11 cut short", notebook(honest)[:-20], "zero", "unreadable", says="not a notebook of format 4")
    yield row("N11 brackets without end", b"[" * 100_000, "zero", "unreadable", says="not a notebook of format 4")
    yield row("N11 format 3", b'{"nbformat": 3, "worksheets": [{"cells": []}]}', "zero", "unreadable")
    yield row("N11 wrong types", b'{"cells": [{"cell_type": "code", "source": 3}]}', "zero", "unreadable")
    yield row("N11 cells of null", b'{"cells": [null, 1, "x"]}', "zero", "unreadable")
    yield row("N10 broken cell first", notebook("1 / 0", "def (", honest), "full")
    text = {"output_type": "stream", "name": "stdout", "text": "x" * 900_000}
    yield row("N12 large outputs", notebook(code(HONEST, outputs=[text])), "full")
    yield row("N13 a cell that asks", notebook("n = input('rows? ')", honest), "full")


MADE = (
    made("E1 a byte order mark", codecs.BOM_UTF8 + HONEST, "full"),
    made("E2 latin-1", b"# -*- coding: latin-1 -*-\n# caf\xe9\n" + HONEST, "full"),
    made("E3 CRLF and no last newline", HONEST.rstrip().replace(b"\n", b"\r\n"), "full"),
    made("E4 UTF-16", HONEST.decode().encode("utf-16"), "zero", "unreadable", says="UTF-16; save it as UTF-8"),
    made("E5 NUL bytes", HONEST[:9] + b"\0" + HONEST[9:], "zero", "unreadable", says="byte 9 of the file is NUL"),
    made("E5 not the declared encoding", b"# caf\xe9\n" + HONEST, "zero", "unreadable", says="as UTF-8"),
    made("E22 nothing", b"", "zero", "missing"),
    made("E22 a byte order mark alone", codecs.BOM_UTF8, "zero", "missing"),
    made("E22 a program", b"\x7fELF\x02\x01\x01" + bytes(64) + HONEST, "zero", "unreadable", says="NUL"),
    made("E16 bidi in a comment", "# \u202e\u2066 esrever \u2069\n".encode() + HONEST, "full"),
    made("E17 a line of 64 KiB", b"X = '" + b"x" * 65536 + b"'\n" + HONEST, "full"),
    made("D23 a deep expression", HONEST.replace(b"np.sum", b"-" * 20000 + b"np.sum"), "zero", "unreadable", "error"),
    made("D23 a deep nest", HONEST + b"y = " + b"(" * 5000 + b")" * 5000 + b"\n", "full"),
    *notebooks(),
)
ROWS = (*map(from_file, sorted(FOLDER.glob("*.py"))), *MADE)


def each(rows: list[tuple[Row, str]]) -> list:
    """(row, level) pairs as parameters; between the strongest and the weakest level of a row's, they are for every week."""

    def marks(row: Row, level: str) -> list:
        return [pytest.mark.weekly] if level in row.levels[1:-1] else []

    return [pytest.param(row, level, id=f"{row.name}-{level}", marks=marks(row, level)) for row, level in rows]


@pytest.fixture(scope="module", autouse=True)
def swept() -> Iterator[None]:
    """What an attack leaves behind where its layer is taken away on purpose does not stay on the machine."""
    yield
    for place in ("/tmp", "/dev/shm"):
        Path(place, ".hostile-left").unlink(missing_ok=True)


@pytest.fixture(scope="module")
def secret(toy: Unit) -> Key:
    """A key that no submission can have been written for."""
    return compile_key(toy, secrets.randbits(64))


@pytest.fixture(scope="module")
def at() -> Iterator[Callable[[str], Sandbox]]:
    """The sandbox of a level, started when it is first asked for."""
    held: dict[str, Sandbox] = {}
    with contextlib.ExitStack() as stack:

        def sandbox(level: str) -> Sandbox:
            if level not in held:
                held[level] = stack.enter_context(only(level))
            return held[level]

        yield sandbox


@contextlib.contextmanager
def only(level: str, seconds: float = SECONDS) -> Iterator[Sandbox]:
    """A sandbox of exactly this level; where the machine does not have it, the test is skipped."""
    sandbox = Sandbox(Limits(seconds=seconds), strongest=level, least=level)
    try:
        assert sandbox.level == level
    except SandboxError as error:
        pytest.skip(f"this machine does not have the level {level}: {error}")
    try:
        yield sandbox
    finally:
        with contextlib.suppress(OSError):
            sandbox.close()


@pytest.fixture(scope="module", autouse=True)
def listener() -> Iterator[None]:
    """A datagram socket with a name of the host's, for what must not reach it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as host:
        for name in LISTENERS:
            with contextlib.suppress(OSError):
                host.bind(name)
                break
        yield


def submit(row: Row, key: Key, sandbox: Sandbox, seconds: float | None = None) -> Report:
    sandbox.limits = replace(sandbox.limits, seconds=seconds or row.seconds)
    return grade(Submission(row.file, row.content), key, sandbox)


def text_of(report: Report) -> str:
    """All that a reader can get of a report: as JSON, on a terminal, and the prints."""
    shown = io.StringIO()
    terminal.render(report, "Toy", terminal.make_console(shown))
    printed = [exercise.printed for exercise in report.exercises]
    return "\n".join([json.dumps(to_json(report), ensure_ascii=False), shown.getvalue(), *printed])


def points_of(row: Row) -> int | None:
    """What row_sums must earn; None where that is left to chance."""
    words = {"zero": 0, "full": MAX_POINTS, "any": None}
    return words[row.outcome] if row.outcome in words else int(row.outcome)


def broken_promises(row: Row, report: Report) -> list[str]:
    """In which ways a report is not what its row asks for; empty where all is well."""
    exercise, text = by_name(report)["row_sums"], text_of(report)
    wanted = points_of(row)
    findings = [check.finding.message for check in exercise.checks if check.finding]
    broken = []
    if wanted is not None and exercise.points != wanted:
        broken.append(f"earns {exercise.points} points, and it must be {wanted}: {findings}")
    if row.status and exercise.status not in row.status:
        broken.append(f"has status {exercise.status}: {findings}")
    if row.says and not any(row.says in message for message in findings):
        broken.append(f"does not say {row.says!r} but {findings}")
    broken += [f"shows {marker}: {exercise.printed}" for marker in row.never if marker in text]
    return broken + misformed(report)


def misformed(report: Report) -> list[str]:
    """What no report may have, whatever was submitted."""
    broken = []
    if [exercise.id for exercise in report.exercises] != EXERCISES:
        broken.append(f"has the exercises {[exercise.id for exercise in report.exercises]}")
    for exercise in report.exercises:
        if not isinstance(exercise.status, Status) or exercise.status is Status.GRADER_ERROR:
            broken.append(f"{exercise.id} is {exercise.status}: {exercise.checks[0].finding}")
        if not 0 <= exercise.points <= exercise.max_points:
            broken.append(f"{exercise.id} earns {exercise.points} of {exercise.max_points}")
    data = json.dumps(to_json(report))
    if len(data) > REPORT_SIZE:
        broken.append(f"has a report of {len(data)} characters")
    shown = io.StringIO()
    terminal.render(report, "Toy", terminal.make_console(shown))
    obeyed = {char for char in shown.getvalue() if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}} - {
        "\n"
    }
    return broken + [f"sends {char!a} to the terminal" for char in obeyed]


@pytest.fixture(autouse=True)
def alone(request: pytest.FixtureRequest) -> Iterator[None]:
    """One at a time over all of pytest's processes: what one leaves on the machine is not to be taken for another's.

    Those that leave nothing go side by side.
    """
    row = getattr(request.node, "callspec", None) and request.node.callspec.params.get("row")
    with open(Path(tempfile.gettempdir()) / "hostile.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_SH if row and row.is_quiet else fcntl.LOCK_EX)
        yield


def traces(sandbox: Sandbox) -> set[str]:
    """Files that a submission may have left where others would find them."""
    found = set()
    for folder in (Path("/tmp"), Path("/var/tmp"), Path("/dev/shm"), Path.cwd(), ROOT, FOLDER, ROOT / "tests"):
        with contextlib.suppress(OSError):
            found |= {str(path) for path in folder.iterdir() if is_ours(path.name)}
    if sandbox.level == "namespaces":
        found |= {str(path) for path in Path(sandbox._home.name).rglob("*")}
    return found


def is_ours(name: str) -> bool:
    """Whether a file is one that this corpus would leave; others come and go on a machine in use."""
    return "hostile" in name or name.startswith(("core", "results", "sitecustomize", "score.txt", "PWNED"))


def left_alive(sandbox: Sandbox, seconds: float = 2) -> list[int]:
    """Processes of the sandbox beside its own: none, when a submission has been graded."""
    own = 2 if sandbox.level == "namespaces" else 1
    deadline = time.monotonic() + seconds
    while len(found := descendants(sandbox._process.pid)) > own and time.monotonic() < deadline:
        time.sleep(0.02)
    return found[own:]


@pytest.mark.parametrize(("row", "level"), each([(row, level) for row in ROWS for level in row.levels]))
def test_a_hostile_submission_gets_what_it_must(row, level, secret, at, capfd, record_property):
    sandbox, canary = at(level), bytes(CANARY)
    before = traces(sandbox)
    start = time.monotonic()
    report = submit(row, secret, sandbox)
    over = time.monotonic() - start - row.budget * row.seconds
    record_property("over", f"{over:.3f}")
    assert broken_promises(row, report) == []
    assert over < SLACK
    assert left_alive(sandbox) == []
    assert traces(sandbox) <= before
    assert bytes(CANARY) == canary
    seen = "".join(capfd.readouterr())
    assert not [marker for marker in row.never if marker in seen]


@pytest.fixture(scope="module")
def others(toy) -> list[Key]:
    """Two keys that no run before this one had."""
    return [compile_key(toy, secrets.randbits(64), ["row_sums"]) for _ in range(2)]


@pytest.mark.parametrize(("row", "level"), each([(row, LEVELS[0]) for row in ROWS if row.outcome != "any"]))
def test_the_outcome_is_the_same_for_other_seeds_and_a_second_time(row, level, others, at):
    """Twice in one sandbox, where what the first run left could be found by the second."""
    seconds = min(row.seconds, 0.4) if row.status == ("timeout",) and row.outcome == "zero" else row.seconds
    for key in others:
        start = time.monotonic()
        exercise = submit(row, key, at(level), seconds).exercises[0]
        assert time.monotonic() - start < row.budget * seconds + SLACK
        assert exercise.points == points_of(row)
        assert not [marker for marker in row.never if marker in exercise.printed]


def test_what_chance_gives_it_gives_again(secret, at):
    row = next(row for row in ROWS if row.name == "h01_chance")
    assert len({by_name(submit(row, secret, at(LEVELS[0])))["row_sums"].points for _ in range(16)}) == 1


def has(capability: str) -> bool:
    """Whether this process has one of root's rights, see capabilities(7), or is "a plain user" without them."""
    if capability == "a plain user":
        return os.geteuid() != 0
    number = {"CAP_SYS_RESOURCE": 24, "CAP_MKNOD": 27}[capability]
    held = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapEff"))
    return bool(int(held.split()[1], 16) >> number & 1)


# A fork server whose workers stay the user that the grader is, and do not try what that lets root do.
ONE_USER = """
from grader.sandbox.walls import attempts, users
users.spare, attempts.escapes = lambda *_: users.Users(), lambda *_: []
"""


@pytest.mark.parametrize("row", [row for row in ROWS if row.weakest != LEVELS[-1]], ids=lambda row: row.name)
def test_one_level_below_the_promise_does_not_hold(row, secret, monkeypatch):
    """So that each of these files would notice if its layer were gone; for root, a worker's own user is one layer more."""
    monkeypatch.setattr(server, "START", server.START.replace("\nmain(", f"{ONE_USER}\nmain("))
    if row.needs and not has(row.needs):
        pytest.skip(f"an attack for those who have {row.needs}")
    below, canary = LEVELS[LEVELS.index(row.weakest) + 1], bytes(CANARY)
    with only(below, row.seconds) as sandbox:
        first = sandbox._process
        try:
            broken = [problem for _ in range(2) for problem in broken_promises(row, submit(row, secret, sandbox))]
            # A server that was ended is started again, and what it says then may well be right.
            broken += ["the fork server was ended"] * (sandbox._process is not first or first.poll() is not None)
        except (SandboxError, OSError) as error:
            broken = [f"the sandbox is gone: {error}"]
    broken += ["the canary has changed"] * (bytes(CANARY) != canary)
    CANARY[:] = canary
    assert broken


PUBLIC = """import numpy as np

KNOWN = {known!r}


def row_sums(x):
    return np.array(KNOWN.get(repr(x.tolist()), [0.0] * len(x)))
"""


def test_the_public_example_known_by_heart_earns_nothing_where_inputs_are_fresh(toy_key, secret, at):
    """B28: the public key is open to everybody, and marks are given for another one."""
    questions = toy_key.exercise("row_sums").questions
    known = {repr(question.inputs["x"].tolist()): question.expected.tolist() for question in questions}
    source = PUBLIC.format(known=known).encode()
    row = Row("b28", source, "B28", "the public answers by heart", "zero")
    assert by_name(submit(row, toy_key, at(LEVELS[0])))["row_sums"].points == MAX_POINTS
    assert by_name(submit(row, secret, at(LEVELS[0])))["row_sums"].points == 0


@pytest.mark.parametrize("level", LEVELS)
def test_a_graded_run_looks_like_a_public_one_from_inside(level, toy_key, secret):
    """B31: two sandboxes, as a student's run and a class's would be; what must differ by its nature is left out."""
    row = next(row for row in ROWS if row.name == "b31_test_mode")
    seen = []
    for key in (toy_key, secret):
        with only(level) as sandbox:
            printed = by_name(submit(row, key, sandbox))["row_sums"].printed.splitlines()
            # a folder for each worker, by its number, in a home of the sandbox's own
            own = re.compile(re.escape(sandbox._home.name) + r"(/\d+)?")
            lines = [own.sub("HOME", line) for line in dict.fromkeys(printed)]
        apart = () if level == "namespaces" else ("pid", "parent", "user")
        seen.append([line for line in lines if not line.startswith(apart)])
    assert len(seen[0]) >= 8
    assert seen[0] == seen[1]


IMPORTS = """import importlib
import os
import sys

import numpy as np

NAMES = {names!r}


def row_sums(x):
    sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__name__ != "Gate"]
    sys.path[:0] = [os.path.dirname(os.path.dirname(np.__file__)), {folder!r}]
    for name in NAMES:
        try:
            importlib.import_module(name)
        except BaseException:
            continue
        print("IMPORTED", name)
    return np.zeros(len(x))
"""


@pytest.mark.parametrize("level", ["namespaces", "landlock"])
def test_no_other_package_of_the_machine_can_be_imported(level, secret, at):
    """Invariant 15, with the gate off: what is not the standard library or NumPy is not there."""
    beside = {path.stem for path in Path(sysconfig.get_path("purelib")).iterdir() if path.suffix in ("", ".py")}
    names = {*metadata.packages_distributions(), *beside, "grader", "cli"}
    names = sorted(
        name for name in names - {"numpy", "__pycache__"} - set(sys.stdlib_module_names) if name.isidentifier()
    )
    assert {"pytest", "click", "scipy", "grader"} <= set(names)
    source = IMPORTS.format(names=["json", *names], folder=str(ROOT)).encode()
    row = Row("imports", source, "A12", "every package there is", "zero", seconds=30)
    printed = by_name(submit(row, secret, at(level)))["row_sums"].printed
    assert set(printed.splitlines()) == {"IMPORTED json"}


LISTING = """import os
import sys

import numpy as np

SEEN = 0
for folder, _, files in os.walk("/"):
    for name in files:
        path = os.path.join(folder, name)
        try:
            os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
        except OSError:
            continue
        SEEN += 1
        real = os.path.realpath(path)
        allowed = any(real.startswith(root) for root in {allowed!r})
        package = "-packages/" in real and not any(real.startswith(root) for root in {packages!r})
        if not allowed or package:
            print("OUTSIDE", path)


def row_sums(x):
    print("SEEN", SEEN)
    return np.zeros(len(x))
"""


def test_all_that_can_be_read_is_the_interpreter_numpy_and_their_libraries(secret, at):
    """Invariant 13: every file that opens, from the root down, against a list of where they may lie."""
    import numpy as np

    numpy = os.path.realpath(os.path.dirname(np.__file__))
    packages = [numpy + "/", numpy + ".libs/"]
    stdlib = [os.path.realpath(sysconfig.get_path(name)) + "/" for name in ("stdlib", "platstdlib")]
    system = [os.path.realpath(folder) + "/" for folder in ("/lib", "/usr/lib", "/lib64", "/usr/lib64")]
    beside = os.path.realpath(os.path.join(sys.base_prefix, "lib")) + "/"  # libpython, where it is shared
    devices = ["/dev/null", "/dev/zero", "/dev/urandom"]
    source = LISTING.format(allowed=[*stdlib, *packages, *system, beside, *devices], packages=packages).encode()
    row = Row("listing", source, "A1", "a walk from the root", "zero", seconds=60)
    printed = by_name(submit(row, secret, at("namespaces")))["row_sums"].printed.splitlines()
    outside = [line for line in printed if line.startswith("OUTSIDE")]
    assert outside == []
    assert int(printed[-1].split()[1]) > 500  # it did walk


def test_a_file_of_twelve_megabytes_is_refused_with_the_cap(tmp_path):
    """E23."""
    file = tmp_path / "toy.py"
    file.write_bytes(HONEST + b"#" * (12 << 20))
    with pytest.raises(SubmissionError, match="larger than 1 MB"):
        read(file)


SHADOWS = (
    "numpy",
    "json",
    "random",
    "conftest",
    "sitecustomize",
    "usercustomize",
    "grader",
    "click",
    "submission",
    "toy",
)


def test_what_lies_beside_a_submission_is_never_run(tmp_path):
    """I8, I9: the command itself, started in a folder of modules with names that are imported sooner or later."""
    for name in SHADOWS:
        (tmp_path / f"{name}.py").write_text("print('SHADOW'); raise SystemExit(9)\n")
    (tmp_path / "hostile.pth").write_text("import os; print('SHADOW')\n")
    (tmp_path / "toy.py").write_bytes(WRONG)
    innocent = compile(HONEST, str(tmp_path / "toy.py"), "exec")
    cached = tmp_path / "__pycache__" / f"toy.{sys.implementation.cache_tag}.pyc"
    cached.parent.mkdir()
    import importlib.util
    import marshal

    unchecked = (
        importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + bytes(8)
    )  # PEP 552: the source is not looked at
    cached.write_bytes(unchecked + marshal.dumps(innocent))
    command = [Path(sys.executable).with_name("grade"), "toy.py", "--course", TOY, "--seed", "7", "--format", "json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    report = json.loads(done.stdout)
    assert done.returncode == 1, done.stderr
    assert "SHADOW" not in done.stdout + done.stderr
    assert [item["points"] for item in report["exercises"] if item["id"] == "toy.row_sums"] == [0]


@dataclass(frozen=True)
class Size:
    """What a process holds."""

    descriptors: int
    threads: int
    memory: int  # bytes resident


def size_of(pid: int) -> Size:
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    memory = int(status["VmRSS"].split()[0]) << 10
    return Size(len(os.listdir(f"/proc/{pid}/fd")), int(status["Threads"]), memory)


GROWTH = 8 << 20  # bytes; 1000 submissions were measured to keep 0.4 MB


def test_the_grader_and_the_fork_server_do_not_grow(secret):
    """Invariant 18: the whole corpus again and again in one sandbox."""
    rows = [row for row in ROWS if row.outcome != "any" and (ROUNDS >= 1000 or "timeout" not in row.status)]
    rounds = max(math.ceil(ROUNDS / len(rows)), 2)
    with only(LEVELS[0]) as sandbox:
        sizes = []
        for _ in range(rounds):
            for row in rows:
                report = submit(row, secret, sandbox, min(row.seconds, 0.3))
                assert misformed(report) == [], row.name
            assert left_alive(sandbox) == []
            sizes.append([size_of(pid) for pid in (os.getpid(), *descendants(sandbox._process.pid))])
    for first, last in zip(sizes[0], sizes[-1], strict=True):
        assert (last.descriptors, last.threads) == (first.descriptors, first.threads)
        assert last.memory - first.memory < GROWTH


def test_every_row_of_the_table_that_is_about_one_file_is_here():
    """Which rows of the table there must be; those about archives, GPUs and gradebooks are others' to test."""
    wanted = [f"A{n}" for n in range(1, 16)] + [f"B{n}" for n in range(1, 35) if n != 28]
    wanted += [f"C{n}" for n in range(1, 16)] + [f"D{n}" for n in range(1, 29) if n not in (24, 25)]
    wanted += [f"E{n}" for n in range(1, 23)] + [f"G{n}" for n in range(1, 6)] + ["H1", "H2"]
    wanted += [f"N{n}" for n in range(1, 14)]
    have = {number for row in ROWS for number in row.row.split()}
    assert sorted(set(wanted) - have) == []
