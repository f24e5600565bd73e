"""Open a sandbox: a fork server, or a fresh interpreter for each worker on systems that cannot fork."""

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
    """Start a fork server, or a `Spawner` on systems without fork; setting GRADE_SPAWN selects the latter anywhere.

    SandboxError if the system cannot isolate submissions at level `least` or a stronger one.
    """
    if hasattr(os, "fork") and not os.environ.get("GRADE_SPAWN"):
        return Sandbox(limits, strongest, least, packages)
    if least != WEAKEST:
        raise SandboxError(f"this system cannot hold submissions by {least}; only by {WEAKEST}")
    from grader.sandbox.spawn import Spawner

    return Spawner(limits, packages)
