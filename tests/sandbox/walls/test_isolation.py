"""On a machine that lacks a layer, grading goes on with what is left and says so, or refuses where it was told to."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from conftest import ROOT
from test_sandbox import ask_raw, descendants, still_running

from grader.commands.doctor import mend
from grader.sandbox import control
from grader.sandbox.server import Sandbox
from grader.sandbox.walls import syscalls, users
from grader.sandbox.walls.levels import LEVELS

# A machine without a layer, as a filter makes it: these calls fail for everything that is started from here.
WITHOUT = {
    "namespaces": (272, None),  # unshare
    "landlock": (444, None),  # landlock_create_ruleset
    "seccomp": (157, 22),  # prctl(PR_SET_SECCOMP)
}
LACKING = f"""
import errno, json, sys
sys.path.insert(0, {str(ROOT)!r})
from grader.sandbox.walls import kernel, syscalls as s
def lacking(calls):
    code = [s._step(s.LOAD, s.NUMBER)]
    for number, argument in calls:
        if argument is None:
            code += [s._step(s.EQUAL, number, 0, 1), s._step(s.RETURN, s.ERRNO | errno.EPERM)]
        else:
            code += [s._step(s.EQUAL, number, 0, 4), s._step(s.LOAD, s.ARGUMENTS), s._step(s.EQUAL, argument, 0, 1),
                     s._step(s.RETURN, s.ERRNO | errno.EPERM), s._step(s.RETURN, s.ALLOW)]
    kernel.no_new_privileges()
    kernel.install_filter(b"".join([*code, s._step(s.RETURN, s.ALLOW)]))
"""

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or syscalls.MACHINES.get("x86_64") is None, reason="the layers are Linux's"
)


def lacking(levels: list[str], code: str) -> subprocess.CompletedProcess:
    calls = [WITHOUT[level] for level in levels]
    script = f"{LACKING}\nlacking({calls!r})\n{code}"
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("missing", "held"),
    [
        ([], "namespaces"),
        (["namespaces"], "landlock"),
        (["landlock"], "namespaces"),
        (["namespaces", "landlock"], "seccomp"),
        (["namespaces", "landlock", "seccomp"], "process"),
    ],
)
def test_the_strongest_level_that_the_machine_has_is_taken(missing, held):
    code = """
from grader.sandbox.server import Sandbox
with Sandbox() as sandbox:
    print(json.dumps([sandbox.level, sandbox.reasons]))
"""
    result = lacking(missing, code)
    assert result.returncode == 0, result.stderr
    level, reasons = json.loads(result.stdout)
    assert level == held
    if missing != ["landlock"]:  # with namespaces, Landlock is one layer more and not missed
        assert list(reasons) == missing
        assert all(reasons.values())


def grade_lacking(missing: list[str], *arguments: str) -> subprocess.CompletedProcess:
    return lacking(missing, f"sys.argv = ['grade', *{list(arguments)!r}]\nimport cli\ncli.main()")


def test_a_weaker_level_is_told_in_the_report_and_costs_no_points():
    reference = str(ROOT / "solutions" / "backprop" / "backprop.py")
    result = grade_lacking(["namespaces"], reference, "--format", "json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["isolation"] == "landlock"
    text = grade_lacking(["namespaces", "landlock"], reference).stdout
    assert "Isolation: seccomp only; `grade doctor` says why and what to do." in text


def test_grading_below_the_level_that_was_asked_for_is_refused():
    reference = str(ROOT / "solutions" / "backprop" / "backprop.py")
    result = grade_lacking(["namespaces"], reference, "--isolation", "namespaces")
    assert result.returncode == 3
    assert "\nError: isolation by namespaces does not work here (" in f"\n{result.stderr}"
    assert "Traceback" not in result.stderr


def test_doctor_says_what_holds_why_not_more_and_what_to_do():
    result = grade_lacking(["namespaces"], "doctor")
    assert result.returncode == 0, result.stderr
    assert "landlock: the kernel refuses submissions every file" in result.stdout
    assert "not namespaces: [Errno 1] unshare: Operation not" in result.stdout
    assert "→" in result.stdout
    assert "python" in result.stdout


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("proc/sys/user/max_user_namespaces", "0", "sudo sysctl user.max_user_namespaces=15000"),
        ("proc/sys/kernel/unprivileged_userns_clone", "0", "sudo sysctl kernel.unprivileged_userns_clone=1"),
        ("proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", "apparmor_restrict_unprivileged_userns=0"),
        (".dockerenv", "", "--security-opt seccomp=unconfined"),
        ("etc/other", "", "Ask an administrator"),
    ],
)
def test_the_cure_fits_the_machine(tmp_path: Path, file, text, words):
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    assert words in mend("namespaces", tmp_path)


def test_a_package_below_tmp_stays_in_sight():
    """A virtual environment may lie anywhere, also where a worker would have its own folder."""
    import numpy

    folder = tempfile.mkdtemp(dir="/tmp")
    try:
        shutil.copytree(Path(numpy.__file__).parent, f"{folder}/numpy")
        libraries = Path(numpy.__file__).parents[1] / "numpy.libs"
        if libraries.is_dir():
            shutil.copytree(libraries, f"{folder}/numpy.libs")
        code = (
            f"sys.path.insert(0, {folder!r})\n"
            f"sys.argv = ['grade', {str(ROOT / 'solutions' / 'machine_learning' / 'machine_learning.py')!r}]\n"
            "import cli\ncli.main()"
        )
        result = lacking([], code)
        assert result.returncode == 0, result.stdout + result.stderr
    finally:
        shutil.rmtree(folder)


def test_a_level_at_which_the_fork_server_breaks_is_passed_over():
    """Not an error that was foreseen, but any end of the fork server while it gets ready."""
    code = """
from grader.sandbox import server
server.START = server.START.replace("main(int(control)", "level == 'namespaces' and sys.exit(1); main(int(control)")
with server.Sandbox() as sandbox:
    print(json.dumps([sandbox.level, sandbox.reasons]))
"""
    result = lacking([], code)
    assert json.loads(result.stdout) == ["landlock", {"namespaces": "it ended before it was ready"}], result.stderr


def reason_with(change: str, level: str) -> str:
    """Why a level does not hold when the fork server's code is changed by a line."""
    code = f"""
from grader.sandbox import server
server.START = server.START.replace("main(int(control)", {change!r} + "; main(int(control)")
with server.Sandbox(strongest={level!r}, least={level!r}) as sandbox:
    try:
        print(sandbox.level)
    except server.SandboxError as error:
        print(error)
"""
    result = lacking([], code)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize(
    ("change", "level", "escapes"),
    [
        (
            "from grader.sandbox.walls import syscalls; import struct; "
            "syscalls.program = lambda *_: struct.pack('<HBBI', 6, 0, 0, 0x7FFF0000)",
            "seccomp",
            [
                "open a socket",
                "start a process",
                "hold a lease on a file",
                "have the kernel signal another process",
                "keep memory in a file of no name",
                "outlive the fork server",
            ],
        ),
        (
            "from grader.sandbox.walls import isolation, limits; import resource, dataclasses; "
            "isolation.apply = lambda budget, *more: limits.apply(dataclasses.replace(budget, threads=900), *more)",
            "namespaces",
            ["start 65 threads"],
        ),
    ],
)
def test_a_worker_that_could_break_out_says_how_before_it_reads_anything(change, level, escapes):
    """Each layer taken away in the fork server's own code: the attempts see it, and the level does not hold."""
    reason = reason_with(change, level)
    assert [what for what in escapes if what not in reason] == []


@pytest.mark.skipif(os.getuid() != 0, reason="root alone has numbers to give")
@pytest.mark.parametrize("level", LEVELS)
def test_a_worker_of_root_s_is_a_user_of_its_own(level):
    seen = []
    with Sandbox(strongest=level, least=level) as sandbox:
        for _ in range(2):
            worker, _ = ask_raw(sandbox, "import os\nprint(os.getresuid(), os.getresgid(), os.getgroups())")
            while "at" in worker.receive(3):
                pass
            seen.append(worker.printed())
            worker.close()
    assert len(set(seen)) == 2
    assert not any("(0," in said or " 0" in said for said in seen), seen


@pytest.mark.parametrize(
    ("mapped", "first", "count"),
    [
        ("         0          0 4294967295\n", 1_900_000_000, 1 << 16),
        ("         0     100000      65536\n", 32768, 32768),  # a container with its own users
        ("         0       1000          1\n", 0, 0),  # one that has root alone
    ],
)
def test_root_takes_numbers_that_its_machine_has_and_nobody_is(mapped, first, count):
    found = users.spare(0, mapped)
    assert (found.first, found.count) == (first, count)
    assert users.spare(1000, mapped) == users.Users()
    numbers = {found.of(pid) for pid in range(1, 100_000)}
    assert numbers == ({0} if not count else set(range(first, first + count)))


def test_subordinate_numbers_are_a_user_s_by_name_or_number():
    text = "ann:100000:65536\n1001:231072:65536\nbob:300000:10\nodd:x:y\nempty:5:0\n\n:::\n"
    assert users.subordinate(text, 1000, "ann") == users.Users(100000, 65536)
    assert users.subordinate(text, 1001, "cem") == users.Users(231072, 65536)
    assert users.subordinate(text, 1002, "bob") == users.Users(300000, 10)
    for name in ("odd", "empty", "nobody", ""):
        assert users.subordinate(text, 7, name) == users.Users()


@pytest.mark.parametrize("level", LEVELS)
def test_a_stopped_fork_server_is_a_timeout_and_not_a_wait(level, monkeypatch):
    """Whoever stopped it: it is ended and started again, and the next worker answers."""
    monkeypatch.setattr(control, "REPLY_SECONDS", 1)
    with Sandbox(strongest=level, least=level) as sandbox:
        first, _ = ask_raw(sandbox, "x = 1")
        family = descendants(sandbox._process.pid)
        for pid in family[:-1]:
            os.kill(pid, signal.SIGSTOP)
        start = time.monotonic()
        first.close()
        second, reply = ask_raw(sandbox, "x = 1")
        assert time.monotonic() - start < 15
        assert reply == {"at": 0, "line": 1}
        second.close()
        assert not still_running(family)


@pytest.mark.parametrize("level", LEVELS)
def test_a_worker_does_not_outlive_its_fork_server_and_the_next_one_has_a_new(level):
    with Sandbox(strongest=level, least=level) as sandbox:
        ask_raw(sandbox, "while True: pass")
        family = descendants(sandbox._process.pid)
        sandbox._process.kill()
        assert not still_running(family)
        _, reply = ask_raw(sandbox, "x = 1")
        assert reply == {"at": 0, "line": 1}


@pytest.mark.skipif(os.getuid() != 0, reason="it makes root the only user that there is")
def test_where_threads_cannot_be_counted_doctor_says_so_and_grading_goes_on():
    reference = str(ROOT / "solutions" / "backprop" / "backprop.py")
    alone = ["unshare", "--user", "--map-root-user", sys.executable, str(ROOT / "cli.py")]
    told = subprocess.run([*alone, "doctor"], capture_output=True, text=True, timeout=60)
    assert told.returncode == 0, told.stderr
    assert "a submission's threads are not limited: root is the only user here" in " ".join(told.stdout.split())
    assert subprocess.run([*alone, reference, "--no-train"], capture_output=True, timeout=60).returncode == 0
