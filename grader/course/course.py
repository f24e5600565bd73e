"""A course: a folder with `assignments/` and `solutions/`. Lists its units in teaching order and finds them by name."""

import stat
from collections.abc import Collection
from dataclasses import field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from grader.course.settings import Settings
from grader.course.settings_file import load as load_settings
from grader.errors import CourseError, did_you_mean
from grader.frozen import frozen
from grader.judging.kinds.registry import known
from grader.key import Key, load, load_index

if TYPE_CHECKING:
    from grader.course.unit import Unit


@frozen
class Course:
    """The folder `root` holds `assignments/`, and for authors `solutions/`. `chosen` replaces what course.toml says."""

    root: Path
    chosen: Settings | None = field(default=None, hash=False)

    @cached_property
    def settings(self) -> Settings:
        """The settings in course.toml: that of solutions/ if there is one, since the built copy may be older."""
        if self.chosen:
            return self.chosen
        for folder in ("solutions", "assignments"):
            path = self.root / folder / "course.toml"
            if path.is_file():
                return load_settings(path)
        raise CourseError(f"{self.root} is not a course: it has no assignments/course.toml; name one with --course DIR")

    @property
    def units(self) -> list[str]:
        """The names of the units, in teaching order."""
        return list(self.settings.units)

    def assignment(self, unit: str) -> Path:
        """The student's file of a unit."""
        return self.root / "assignments" / unit / f"{unit}.py"

    def key_path(self, unit: str) -> Path:
        return self.root / "assignments" / unit / "key"

    def key(self, unit: str, only: Collection[str] = ()) -> Key:
        """The public key beside the stubs. `only` names the exercises to load; by default all that the course has."""
        path = self.key_path(self._known_unit(unit))
        return known(load(path, only or self.settings.exercises.get(unit, ())), str(path))

    def exercises(self, unit: str) -> list[str]:
        """The names of a unit's exercises that course.toml chooses, in the order of its key."""
        names, only = load_index(self.key_path(self._known_unit(unit))).names, self.settings.exercises.get(unit, ())
        return [name for name in names if name in only or not only]

    def has_solutions(self, unit: str) -> bool:
        """Whether the unit is here as its author wrote it."""
        return (self.root / "solutions" / self._known_unit(unit)).is_dir()

    def solutions(self, unit: str) -> "Unit":
        """The unit as its author wrote it; CourseError in a student's folder, which has no solutions."""
        folder = self.root / "solutions" / self._known_unit(unit)
        if not folder.is_dir():
            raise CourseError(f"{folder} does not exist: this needs the course's solutions")
        from grader.course.unit import Unit  # for authors; grading a key needs none of it

        settings = self.settings
        only = settings.exercises.get(unit, ())
        return Unit(unit, folder, settings.points_of(unit), settings.packages.get(unit), only)

    def resolve(self, name: str) -> tuple[str, str]:
        """(unit, exercise) for `attention.self_attention`, (unit, "") for `attention`; CourseError for other names.

        An exercise's name will do alone, where only one unit has it, and the name of a function or class that it asks for.
        """
        unit, _, exercise = name.partition(".")
        if unit not in self.units and not exercise and (found := self._exercise_of(name)):
            return found
        self._known_unit(unit)
        if exercise and exercise not in (exercises := self.exercises(unit)):
            if found := self._with_piece(unit, exercise):
                return unit, found
            raise CourseError(f"{unit} has no exercise {exercise!r}{did_you_mean(exercise, exercises, unit + '.')}")
        return unit, exercise

    def _exercise_of(self, name: str) -> tuple[str, str] | None:
        """The one unit's exercise of a name, or that asks for what has the name; None without one. CourseError for several."""
        built = [unit for unit in self.units if name.isidentifier() and self.key_path(unit).is_file()]
        found = [(unit, name) for unit in built if name in self.exercises(unit)]
        found = found or [(unit, asks) for unit in built if (asks := self._with_piece(unit, name))]
        if len(found) > 1:
            raise CourseError(f"{name} is in several units: say {' or '.join('.'.join(pair) for pair in found)}")
        return found[0] if found else None

    def _with_piece(self, unit: str, name: str) -> str:
        """The first exercise that asks for a function or class of a name besides its own; empty without one."""
        try:  # a key is read only where the name is one at all: to misspell a word is not to take long
            if f" {name}" not in self.assignment(unit).read_text(encoding="utf-8", errors="replace"):
                return ""
        except OSError:
            return ""
        return next((exercise.name for exercise in self.key(unit).exercises if name in exercise.pieces), "")

    def _known_unit(self, unit: str) -> str:
        if unit not in self.units:
            raise CourseError(f"there is no unit {unit!r}{self._instead(unit)}")
        return unit

    def _instead(self, name: str) -> str:
        """The end of an error's sentence: the unit or exercise that an unknown name may have meant."""
        import difflib  # late, as in `did_you_mean`

        if not difflib.get_close_matches(name, self.units, 1):
            built = [unit for unit in self.units if self.key_path(unit).is_file()]
            known = {exercise: f"{unit}.{exercise}" for unit in built for exercise in self.exercises(unit)}
            if near := difflib.get_close_matches(name, known, 1, 0.75):
                return f"; did you mean {known[near[0]]}?"
        return did_you_mean(name, self.units)


def find(start: Path) -> Course | None:
    """The course that a folder belongs to: the folder itself or the nearest one above it that is a course; else None.

    A folder in which every user may create files, such as /tmp, is never a course.
    """
    return next(
        (Course(folder) for folder in (start, *start.parents) if is_course(folder) and not _is_public(folder)), None
    )


def is_course(folder: Path) -> bool:
    """Whether a folder has a course.toml below assignments/ or solutions/."""
    return any((folder / part / "course.toml").is_file() for part in ("assignments", "solutions"))


def _is_public(folder: Path) -> bool:
    """Whether every user may create files in a folder and delete only their own (world-writable and sticky)."""
    mode = folder.stat().st_mode
    return bool(mode & stat.S_ISVTX and mode & stat.S_IWOTH)
