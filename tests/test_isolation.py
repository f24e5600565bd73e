"""On a machine that lacks a layer, grading goes on with what is left and says so, or refuses where it was told to."""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from conftest import ROOT

from grader.commands.doctor import mend
from grader.sandbox import syscalls

# A machine without a layer, as a filter makes it: these calls fail for everything that is started from here.
WITHOUT = {
    "namespaces": (272, None),  # unshare
    "landlock": (444, None),  # landlock_create_ruleset
    "seccomp": (157, 22),  # prctl(PR_SET_SECCOMP)
}
LACKING = f"""
import errno, json, sys
sys.path.insert(0, {str(ROOT)!r})
from grader.sandbox import kernel, syscalls as s
def lacking(calls):
    code = [s._step(s.LOAD, s.NUMBER)]
    for number, argument in calls:
        if argument is None:
            code += [s._step(s.EQUAL, number, 0, 1), s._step(s.RETURN, s.ERRNO | errno.EPERM)]
        else:
            code += [s._step(s.EQUAL, number, 0, 4), s._step(s.LOAD, s.ARGUMENT), s._step(s.EQUAL, argument, 0, 1),
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
    assert result.stderr.startswith("Error: isolation by namespaces does not work here (")
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


def test_every_refused_call_has_a_number_on_each_machine_or_none_by_intent():
    assert {name for name, numbers in syscalls.REFUSED.items() if numbers[1] is None} == {
        "fork",
        "vfork",
        "iopl",
        "ioperm",
        "modify_ldt",
        "chmod",
        "chown",
        "lchown",
        "utime",
        "utimes",
        "futimesat",
    }
    for column in (0, 1):
        numbers = [item[column] for item in syscalls.REFUSED.values() if item[column] is not None]
        assert len(numbers) == len(set(numbers))
    assert len(syscalls.program(1, "x86_64")) % 8 == 0
    assert syscalls.program(1, "aarch64") != syscalls.program(1, "x86_64")


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
