"""The code that runs on a cluster node: it holds keys and grades what it is sent; each process has a fork server."""

import hashlib
import threading
from collections.abc import Sequence
from typing import Any

from grader.classroom.marking.pool import Job, as_text
from grader.grading import grade
from grader.key import from_bytes
from grader.sandbox.frameworks import FRAMEWORKS
from grader.sandbox.server import Sandbox, SandboxError, is_installed
from grader.sandbox.walls.limits import Limits
from grader.version import __version__

BROKEN = "!"  # starts an answer that is not a report: the sandbox has failed, for the reason that follows
EMPTY = "?"  # the answer of a node that does not have the key, for example after a restart

_here: dict[Any, Any] = {}  # this worker process's sandbox and keys, for one use at a time
_turn = threading.Lock()


def prepare(keys: Sequence[bytes], seconds: float, isolation: str, needs: Sequence[str]) -> tuple[str, str]:
    """Store the keys; returns (the grader's version here, why this node must not grade, or empty)."""
    if absent := [name for name in needs if not is_installed(name)]:
        return __version__, f"{FRAMEWORKS[absent[0]].called} is not installed there"
    try:
        with _turn:
            _sandbox(seconds, isolation)
            _here.setdefault("contents", {}).update((mark(content), content) for content in keys)
    except (SandboxError, OSError) as error:
        return __version__, str(error)
    return __version__, ""


def mark(content: bytes) -> str:
    """The hash that identifies a key, whose bytes are sent only once."""
    return hashlib.sha256(content).hexdigest()


def grade_there(job: Job, key: str, seconds: float, isolation: str) -> str:
    """Grade a submission: the report as JSON text, or BROKEN or EMPTY if the sandbox or the key is missing."""
    with _turn:
        if key not in _here.get("contents", {}):
            return EMPTY
        for is_last_try in (False, True):
            try:
                sandbox = _sandbox(seconds, isolation)
                return as_text(grade(job.submission, _key(key, job.unit), sandbox))
            except SandboxError as error:
                if broken := _here.pop("sandbox", None):
                    broken[1].close()
                if is_last_try:
                    return BROKEN + str(error)
    raise AssertionError


def _key(key: str, unit: str) -> Any:
    """A key, decoded when the first submission needs it, after the fork server has started."""
    read = _here.setdefault("keys", {})
    if key not in read:
        read[key] = from_bytes(_here["contents"][key], unit)
    return read[key]


def _sandbox(seconds: float, isolation: str) -> Sandbox:
    """This process's fork server for these parameters."""
    terms = (seconds, isolation)
    if _here.get("sandbox", (None,))[0] != terms:
        if old := _here.pop("sandbox", None):
            old[1].close()
        sandbox = Sandbox(Limits(seconds=seconds), least=isolation, spare=1)
        _ = sandbox.level  # raises now if the level does not hold
        _here["sandbox"] = (terms, sandbox)
    return _here["sandbox"][1]
