"""The settings in `course.toml`, as frozen data: units, exercises, points, due dates, late policy, packages, limits.

title = "The mathematics of deep learning"
units = ["linear_algebra", "attention"]       # in teaching order
install = "pip install deep-grade"            # what a student types first
timezone = "Europe/Berlin"                    # where days begin and end; without it, where the due date is

[needs]                                       # of a unit, those to do before it
attention = ["linear_algebra"]

[builds_on.attention]                         # of an exercise, those that it builds on: of its unit, or UNIT.EXERCISE
self_attention = ["scaled_dot_product_attention", "neural_networks.linear"]

[exercises]                                   # of a unit that is given in parts, those that are
attention = ["self_attention"]

[points]                                      # where an exercise is to be worth another number than its author's
"attention.self_attention" = 12

[due]
attention = 2026-11-20T23:59:00+01:00         # a date alone is the end of that day; without an offset: in the time zone, else UTC

[late]
penalty = 10                                  # percent of the points lost for each day begun
days = 3                                      # after which nothing counts
grace_minutes = 15
slip_days = 2                                 # of all units together, each student's to use up

[packages]                                    # what submissions may import beside the standard library
attention = ["numpy"]

[limits]
seconds = 10                                  # an exercise; submission_seconds, memory_mb
"""

from collections.abc import Mapping
from dataclasses import field, replace
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from grader.course.late_policy import Late, zone_called
from grader.frozen import frozen

if TYPE_CHECKING:
    from grader.sandbox.walls.limits import Limits


@frozen
class Settings:
    """The content of one course.toml. `points` and `builds_on` are by `unit.exercise`; `needs`, `exercises`, `due` and `packages` are by unit.

    A unit that `exercises` does not name has all of its exercises. A limit of None is the engine's default.
    """

    title: str
    units: tuple[str, ...]
    install: str = "pip install deep-grade"
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    builds_on: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    exercises: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    points: Mapping[str, int] = field(default_factory=dict)
    due: Mapping[str, datetime] = field(default_factory=dict)
    late: Late = field(default_factory=Late)
    packages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    seconds: float | None = None
    submission_seconds: float | None = None
    memory_mb: int | None = None
    timezone: str = ""

    @property
    def zone(self) -> tzinfo | None:
        """The course's time zone, if it names one."""
        return zone_called(self.timezone)

    def limits(self, limits: "Limits") -> "Limits":
        """A worker's limits, with this course's values in place of the engine's defaults."""
        memory = {} if self.memory_mb is None else {"memory": self.memory_mb << 20}
        given = {"seconds": self.seconds, "submission_seconds": self.submission_seconds}
        return replace(limits, **memory, **{name: value for name, value in given.items() if value is not None})

    def points_of(self, unit: str) -> dict[str, int]:
        """The points of a unit's exercises for which the course overrides the author's, by exercise."""
        return {name.partition(".")[2]: value for name, value in self.points.items() if name.startswith(f"{unit}.")}

    def links(self, name: str) -> dict[str, list[str]]:
        """What the exercise `unit.exercise` builds on, and what builds on it, in words and by name; none that is not said."""
        later = [other for other, earlier in self.builds_on.items() if name in earlier]
        found = {"Builds on": [*self.builds_on.get(name, ())], "Leads to": later}
        return {words: names for words, names in found.items() if names}

    def of(self, units: tuple[str, ...]) -> "Settings":
        """These settings restricted to some units, without entries for exercises that are left out."""

        def has(name: str) -> bool:
            unit, _, exercise = name.partition(".")
            return unit in units and exercise in self.exercises.get(unit, (exercise,))

        def among(names: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(name for name in names if name in units)

        return replace(
            self,
            units=among(self.units),
            needs={name: kept for name, value in self.needs.items() if name in units and (kept := among(value))},
            builds_on={
                name: kept
                for name, value in self.builds_on.items()
                if has(name) and (kept := tuple(earlier for earlier in value if has(earlier)))
            },
            exercises={name: value for name, value in self.exercises.items() if name in units},
            points={name: value for name, value in self.points.items() if has(name)},
            due={name: value for name, value in self.due.items() if name in units},
            packages={name: value for name, value in self.packages.items() if name in units},
        )
