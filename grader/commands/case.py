"""`grade case EXERCISE [LABEL]`: a failing case as lines to paste into a Python session, or a debugger that stops there."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from grader import submission
from grader.commands.courses import the_course
from grader.commands.read import find_exercise
from grader.course.course import Course
from grader.errors import GraderError
from grader.files import NEW
from grader.grading import grade
from grader.judging.kinds.registry import is_run
from grader.key import ExerciseKey
from grader.report import CheckReport, ExerciseReport, Status
from grader.sandbox.server import Sandbox
from grader.scratch import Scratch
from grader.snippets import failing, first_failing, labels, snippet
from grader.text import inert

# What the debugger's process runs: the lines of the case, with the student's folder first on its path.
RUN = """\
import bdb, linecache, pdb, sys, traceback
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
text = open(sys.argv[2], encoding="utf-8").read()
linecache.cache["<case>"] = len(text), None, text.splitlines(True), "<case>"
try:
    exec(compile(text, "<case>", "exec"), {"__name__": "__main__"})
except bdb.BdbQuit:
    pass
except Exception:
    traceback.print_exc()
    pdb.post_mortem()
"""
DEBUGGING = "Your own code runs here, in your own shell and not in the sandbox: n next line, s step in, p NAME print, c go on, q quit."


def case(course_dir: str | None, name: str, label: str | None, debug: bool, sandbox: Sandbox) -> None:
    """Print the lines of a case, or start Python's debugger on them; GraderError for a label that the exercise does not have."""
    course, unit, exercise = find_exercise(the_course(course_dir), name)
    file, known = course.assignment(unit), labels(exercise)
    if label is not None and label not in known:
        cases = "; ".join(inert(each) for each in known)
        raise GraderError(f"{name} has no case {inert(label, 100)!r}; its cases: {cases}")
    told, said = None, ""
    if not is_run(exercise):
        label, told, said = _to_show(course, unit, exercise, label, sandbox)
    if said:
        print(said, file=sys.stderr)
    if debug and not is_run(exercise):
        sandbox.close()  # nothing of ours waits for it while somebody debugs
        print(DEBUGGING, file=sys.stderr, flush=True)
        _debug(snippet(exercise, label or known[0], unit, told=told, debug=True), file.parent)
    else:
        print(snippet(exercise, label or known[0], unit, os.path.relpath(file), told), end="")


def _to_show(
    course: Course, unit: str, exercise: ExerciseKey, label: str | None, sandbox: Sandbox
) -> tuple[str, CheckReport | None, str]:
    """(the label: the one that was asked for, or of the first case that fails; what is told of it; a sentence if nothing fails)."""
    report = _graded(course, unit, exercise, sandbox)
    if label is not None:
        return label, failing(exercise, report).get(label), ""
    found, told = first_failing(exercise, report)
    if told:
        return found, told, ""
    state = {
        Status.PASSED: "No case fails: this is the first.",
        Status.MISSING: f"{exercise.name} is not written yet: this is its first case.",
    }
    finding = next((check.finding for check in report.checks if check.finding), None)
    reason = f"No single case is to blame ({inert(finding.message, 300)}): this is the first." if finding else ""
    return found, None, state.get(report.status, reason)


def _graded(course: Course, unit: str, exercise: ExerciseKey, sandbox: Sandbox) -> ExerciseReport:
    sandbox.limits = course.settings.limits(sandbox.limits)
    file = course.assignment(unit)
    handed_in = submission.read(file, with_helpers=True)
    return grade(handed_in, course.key(unit, [exercise.name]), sandbox, [exercise.name]).exercises[0]


def _debug(text: str, folder: Path) -> None:
    """Run the lines in a Python of their own, which has the terminal until it ends."""
    with Scratch() as place:
        lines = Path(place) / "case.py"
        with os.fdopen(os.open(lines, NEW, 0o600), "wb") as out:
            out.write(text.encode())
        with _ctrl_c_is_for_the_debugger():
            subprocess.run([sys.executable, "-c", RUN, str(folder.resolve()), str(lines)], check=False)


@contextlib.contextmanager
def _ctrl_c_is_for_the_debugger() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, lambda *_: None)  # ignored here, but not in what is started
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
