"""What `grade [TARGET]...` was asked for."""

from collections.abc import Sequence

from grader.frozen import frozen
from grader.sandbox.walls.levels import WEAKEST


@frozen
class Options:
    """The command line's options, with what they are where they are not given."""

    targets: Sequence[str] = ()  # units, exercises, files, folders; empty for the whole course
    unit: str | None = None
    seed: int | None = None
    key_file: str | None = None
    form: str = "text"
    output: str | None = None
    also: Sequence[str] = ()  # more formats to write, each as FORMAT=FILE
    expected: Sequence[str] = ()  # units to be found in the one target, a folder
    fail_under: int | None = None
    watch: bool = False
    plot: str | None = None
    timeout: float | None = None
    isolation: str = WEAKEST
    device: str = "auto"
    no_train: bool = False
    course_dir: str | None = None

    @property
    def runs_solutions(self) -> bool:
        """Whether references are run to draw the questions: a seed was given, and no key that holds them already."""
        return self.seed is not None and not self.key_file

    @property
    def practises(self) -> bool:
        """Whether the questions are the student's own to practise with: neither a seed nor a key was given."""
        return self.seed is None and not self.key_file
