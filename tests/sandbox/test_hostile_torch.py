"""Hostile submissions of a PyTorch unit, in the worker that trains: tests/hostile/torch/, headers as in test_hostile.py.

One line more in the header says whose points the outcome is: `# exercise: Affine` (a module that is asked one question)
or `fits` (a training run that uses Affine and squared_loss).
"""

import contextlib
import os
import re
import secrets
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import pytest
from conftest import ROOT, TOY, by_name, weekly
from test_hostile import CANARY, FOLDER, LEVELS, LISTING, SLACK, Row, alone, each, from_file, left_alive, only, traces  # noqa: F401

from grader.compiling.compile import compile_key
from grader.course.unit import Unit
from grader.grading import grade
from grader.key import Key
from grader.report import ExerciseReport, Status
from grader.sandbox.server import TRAINING, Sandbox, SandboxError
from grader.submission import Submission

pytest.importorskip("torch")

RUN = 2.0  # seconds for a training run; the toy's takes a tenth
EXERCISE = re.compile(r"^# exercise: (\w+)$", re.MULTILINE)
ROWS = tuple(map(from_file, sorted((FOLDER / "torch").glob("*.py"))))


def exercise_of(row: Row) -> str:
    return EXERCISE.search(row.content.decode()).group(1)


@pytest.fixture(scope="module")
def secret() -> Key:
    """A key that no submission can have been written for, with a shorter limit for its run."""
    key = compile_key(Unit("nets", TOY / "solutions" / "nets"), secrets.randbits(64))
    return replace(key, exercises=[replace(item, seconds=item.seconds and RUN) for item in key.exercises])


@pytest.fixture(scope="module")
def at() -> Iterator[Callable[[str], Sandbox]]:
    """The sandbox of a level, with PyTorch loaded, started when it is first asked for."""
    held: dict[str, Sandbox] = {}
    with contextlib.ExitStack() as stack:

        def sandbox(level: str) -> Sandbox:
            if level not in held:
                held[level] = stack.enter_context(only(level, 3))
                assert held[level].sibling(TRAINING).level == level
            return held[level]

        yield sandbox


def submit(row: Row, key: Key, sandbox: Sandbox) -> ExerciseReport:
    """The outcome of the one exercise, in a worker that has everything a training run needs."""
    trained = sandbox.sibling(TRAINING)
    trained.limits = replace(trained.limits, seconds=max(row.seconds, 1.5))
    name = exercise_of(row)
    # with `fits` among what is asked, all is asked in the training worker; by itself it waits for no piece
    report = grade(Submission("nets.py", row.content), key, trained, [name, "fits"])
    assert report.isolation == sandbox.level
    return by_name(report)[name]


def broken_promises(row: Row, exercise: ExerciseReport, key: Key, sandbox: Sandbox) -> list[str]:
    wanted = {"zero": 0, "full": exercise.max_points}[row.outcome]
    findings = [check.finding.message for check in exercise.checks if check.finding]
    broken = []
    if exercise.points != wanted:
        broken.append(f"earns {exercise.points} points, and it must be {wanted}: {findings}")
    if exercise.status is Status.GRADER_ERROR or (row.status and exercise.status not in row.status):
        broken.append(f"has status {exercise.status}: {findings}")
    if row.says and not any(row.says in message for message in findings):
        broken.append(f"does not say {row.says!r} but {findings}")
    return broken + [f"shows {marker}: {exercise.printed}" for marker in row.never if marker in exercise.printed]


@pytest.mark.parametrize(("row", "level"), each([(row, level) for row in ROWS for level in row.levels]))
def test_a_hostile_submission_with_pytorch_gets_what_it_must(row, level, secret, at, capfd):
    sandbox, canary = at(level), bytes(CANARY)
    before = traces(sandbox)
    start = time.monotonic()
    exercise = submit(row, secret, sandbox)
    assert time.monotonic() - start < 2 * max(row.seconds, 1.5) + RUN + SLACK
    assert broken_promises(row, exercise, secret, sandbox) == []
    assert left_alive(sandbox.sibling(TRAINING)) == []
    assert traces(sandbox) <= before
    assert bytes(CANARY) == canary
    assert not Path("/tmp/PWNED_BY_UNPICKLE").exists()
    assert capfd.readouterr() == ("", "")  # nothing of it on the grader's own channels, no warning of ours either


@pytest.mark.parametrize("row", [row for row in ROWS if row.weakest != LEVELS[-1]], ids=lambda row: row.name)
def test_one_level_below_the_promise_does_not_hold_with_pytorch(row, secret, at):
    """So that each of these files would notice if its layer were gone."""
    sandbox = at(LEVELS[LEVELS.index(row.weakest) + 1])
    before = traces(sandbox)
    try:
        broken = broken_promises(row, submit(row, secret, sandbox), secret, sandbox)
    except (SandboxError, OSError) as error:
        broken = [f"the sandbox is gone: {error}"]
    left = [Path("/tmp/PWNED_BY_UNPICKLE"), Path("/dev/shm/.hostile-left")]
    broken += [f"left {path}" for path in left if path.exists()]
    for path in left:
        path.unlink(missing_ok=True)
    assert broken + sorted(traces(sandbox) - before)


LOADED = """
import sys
import numpy.random, torch
weight = torch.nn.Parameter(torch.zeros(1))
weight.softmax(-1).backward(torch.ones(1))
torch.optim.Adam([weight]).step()
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """What a plain Python has loaded, PyTorch's own dependencies among it, once something was trained in it."""
    done = subprocess.run([sys.executable, "-I", "-c", LOADED], capture_output=True, text=True, check=True)
    return set(done.stdout.split()) - set(sys.stdlib_module_names)


HONEST = (TOY / "solutions" / "nets" / "nets.py").read_text(encoding="utf-8")
IMPORTS = """
import importlib
import os
import sys

sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__name__ != "Gate"]
sys.path[:0] = [os.path.dirname(os.path.dirname(torch.__file__)), {folder!r}]
for name in {names!r}:
    try:
        importlib.import_module(name)
    except BaseException:
        continue
    print("IMPORTED", name)
"""


@pytest.mark.parametrize("level", ["namespaces", weekly("landlock")])
def test_beside_pytorch_only_what_it_has_loaded_itself_can_be_imported(level, secret, at, loaded):
    """Invariant 15: every installed distribution is tried with the gate off. What PyTorch depends on and has loaded is
    there, because it could not work without; nothing else is."""
    beside = {path.stem for path in Path(sysconfig.get_path("purelib")).iterdir() if path.suffix in ("", ".py")}
    names = sorted(
        name for name in {*metadata.packages_distributions(), *beside, "grader", "cli"} if name.isidentifier()
    )
    assert {"pytest", "click", "scipy", "torch", "hypothesis"} <= set(names)
    names = [name for name in names if name not in sys.stdlib_module_names and name != "__pycache__"]
    source = HONEST + IMPORTS.format(names=names, folder=str(ROOT))
    row = Row(
        "imports", (f"# exercise: Affine\n{source}").encode(), "A12", "every package there is", "full", seconds=60
    )
    printed = submit(row, secret, at(level)).printed.splitlines()
    imported = {line.split()[1] for line in printed if line.startswith("IMPORTED")}
    assert {"torch", "numpy"} <= imported
    assert imported <= loaded


def test_beside_pytorch_only_its_own_files_can_be_read(secret, at, loaded):
    """Invariant 13: every file that opens, from the root down, against a list of where they may lie."""
    site = {os.path.realpath(Path(find_spec(name).origin).parents[1]) for name in ("torch", "numpy")}
    packages = [f"{folder}/{top}{end}" for folder in site for top in sorted(loaded) for end in ("/", ".libs/")]
    stdlib = [os.path.realpath(sysconfig.get_path(name)) + "/" for name in ("stdlib", "platstdlib")]
    system = [os.path.realpath(folder) + "/" for folder in ("/lib", "/usr/lib", "/lib64", "/usr/lib64")]
    beside = os.path.realpath(os.path.join(sys.base_prefix, "lib")) + "/"
    devices = ["/dev/null", "/dev/zero", "/dev/urandom"]
    listing = LISTING.format(allowed=[*stdlib, *packages, *system, beside, *devices], packages=packages)
    source = f"# exercise: Affine\n{HONEST}\n{listing}\nprint('SEEN', SEEN)\n"
    row = Row("listing", source.encode(), "A1", "a walk from the root", "full", seconds=60)
    printed = submit(row, secret, at("namespaces")).printed.splitlines()
    assert [line for line in printed if line.startswith("OUTSIDE")] == []
    assert int(printed[-1].split()[1]) > 2000  # it did walk
