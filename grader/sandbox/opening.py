"""The sandbox that this system can have."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from grader.sandbox.server import NUMPY, Sandbox, SandboxError
from grader.sandbox.walls.levels import STRONGEST, WEAKEST
from grader.sandbox.walls.limits import Limits

if TYPE_CHECKING:
    from grader.sandbox.spawn import Spawner


def open_sandbox(
    limits: Limits | None = None,
    strongest: str = STRONGEST,
    least: str = WEAKEST,
    packages: Sequence[str] = NUMPY,
) -> "Sandbox | Spawner":
    """A fork server, or a fresh interpreter for each worker where there is no fork; GRADE_SPAWN tries that elsewhere.

    SandboxError where the system cannot hold submissions by at least `least`.
    """
    if hasattr(os, "fork") and not os.environ.get("GRADE_SPAWN"):
        return Sandbox(limits, strongest, least, packages)
    if least != WEAKEST:
        raise SandboxError(f"this system cannot hold submissions by {least}; only by {WEAKEST}")
    from grader.sandbox.spawn import Spawner

    return Spawner(limits, packages)
