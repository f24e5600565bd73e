"""What a run of `grade [TARGET]...` grades with: the sandbox, the course and its limits, the keys, where training runs."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from grader.commands.check_options import Options
from grader.commands.courses import settle
from grader.commands.fresh_keys import fresh_key
from grader.commands.targets import Target, targets_of
from grader.course.course import Course
from grader.course.sides import NO_COURSE, Found
from grader.errors import CourseError
from grader.frozen import frozen
from grader.grading.training import Training
from grader.judging.kinds.registry import known
from grader.key import Key, load
from grader.sandbox.server import Sandbox


@frozen
class Setup:
    """What was asked for, and what there is to do it with."""

    options: Options
    sandbox: Sandbox
    found: Found | None  # the course; None where there is none
    training: Training

    @property
    def course(self) -> Course | None:
        return self.found and self.found.course

    def targets(self) -> list[Target]:
        """The files to grade; CourseError or GraderError where what was named is none, or is not there."""
        return targets_of(self.found, self.options)

    def key(self, unit: str, only: Sequence[str]) -> Key:
        """The key for some of a unit's exercises, empty for all: of the file, fresh from the seed, or the course's public one."""
        if self.options.key_file:
            return known(load(Path(self.options.key_file), only), self.options.key_file)
        if self.course is None:
            raise CourseError(NO_COURSE)
        if self.options.seed is not None:
            return fresh_key(self.course.solutions(unit), self.options.seed, only)
        return self.course.key(unit, only)


def set_up(options: Options, sandbox: Sandbox, device: str) -> Setup:
    """Find the course, and give the workers to come its limits; seconds that were asked for go before them.

    `device` is where training runs compute.
    """
    found = settle(options.course_dir, options.targets, options.seed)
    if found:
        sandbox.limits = found.course.settings.limits(sandbox.limits)
    if options.timeout is not None:
        sandbox.limits = replace(sandbox.limits, seconds=options.timeout)
    sandbox.ahead()  # while the key is read
    return Setup(options, sandbox, found, Training(not options.no_train, device))
