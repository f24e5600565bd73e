"""The options of `grade class`, as one frozen record."""

from collections.abc import Sequence
from pathlib import Path

from grader.classroom.marking.access import PATIENCE
from grader.frozen import frozen
from grader.passwords import Address
from grader.sandbox.walls.levels import FOR_STRANGERS

STORE = Address("class.db")


@frozen
class Options:
    """The options of the command line with their defaults."""

    units: Sequence[str] = ()
    roster: Path | None = None
    times: Path | None = None
    extensions: Path | None = None
    db: Address = STORE
    seed: int | None = None
    jobs: int | None = None
    timeout: float = 10.0
    isolation: str = FOR_STRANGERS
    regrade: bool = False
    yes: bool = False
    look: bool = False
    csv_file: Path | None = None
    jsonl: Path | None = None
    parquet: Path | None = None
    canvas: Path | None = None
    moodle: Path | None = None
    columns: Sequence[str] = ()
    nbgrader: Address | None = None
    report: Path | None = None
    feedback: Path | None = None
    feedback_zip: Path | None = None
    summary: bool = False
    anonymous: bool = False
    alike: Path | None = None
    scheduler: str | None = None
    tls_ca_file: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    insecure_scheduler: bool = False
    patience: float = PATIENCE
    course_dir: str | None = None
