"""Choose which exercises a course has: all that its authors wrote, or those named in course.toml or on a command line.

A class can be given only part of a unit. Everything that is made from the unit (stubs, handouts, notebooks, keys,
points) is made from the narrowed unit, which has only the chosen exercises, so that what is released and what is marked
agree.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from grader.course.course import Course
from grader.course.part import unknown
from grader.course.settings import Settings
from grader.errors import CourseError


def choose(course: Course, words: Sequence[str]) -> Course:
    """A course with only the units and exercises that the words name (UNIT or UNIT.EXERCISE), in the course's order.

    A unit that is named as a whole has the exercises that course.toml gives it, by default all.
    """
    wanted: dict[str, set[str]] = {}
    whole = set()
    for word in words:
        name, _, exercise = word.partition(".")
        if not exercise:
            _there(course, name)
            whole.add(name)
        elif exercise not in (known := exercises_of(course, name)):
            unit = course.solutions(name) if course.has_solutions(name) else None
            raise CourseError(unknown(name, exercise, unit.all_exercises if unit else known, unit.only if unit else ()))
        wanted.setdefault(name, set()).add(exercise)
    settings = course.settings.of(tuple(wanted))
    chosen = {name: tuple(sorted(exercises)) for name, exercises in wanted.items() if name not in whole}
    narrowed = _narrowed(course, settings, chosen)
    for name in narrowed.settings.exercises:
        exercises_of(narrowed, name)  # raises now if something is missing
    return narrowed


def words_of(settings: Settings) -> list[str]:
    """The words with which `choose` makes the same choice from the complete course."""
    return [
        word
        for unit in settings.units
        for word in [f"{unit}.{name}" for name in settings.exercises.get(unit, ())] or [unit]
    ]


def reminder(course: Course, chosen: Course) -> str:
    """A sentence on how to mark a class that got the chosen exercises; empty if course.toml makes the same choice."""
    parts = {
        unit: names for unit, names in chosen.settings.exercises.items() if names != course.settings.exercises.get(unit)
    }
    if not parts:
        return ""
    units = " ".join(f"--unit {word}" for word in words_of(chosen.settings))
    table = "; ".join(f"{unit} = {json.dumps(names)}" for unit, names in parts.items())
    return (
        f"Mark it by the same exercises: grade class HANDED_IN {units}; or keep the choice in solutions/course.toml, "
        f"where every command finds it, under [exercises]: {table}"
    )


def _narrowed(course: Course, settings: Settings, chosen: Mapping[str, tuple[str, ...]]) -> Course:
    """The course with these settings and only the chosen exercises, in the author's order.

    A unit of which every exercise is chosen, and which course.toml does not narrow, is not listed as narrowed.
    """
    exercises = dict(settings.exercises)
    for name, picked in chosen.items():
        known = exercises_of(course, name)
        exercises[name] = tuple(each for each in known if each in picked)
        if len(known) == len(picked) and name not in settings.exercises:
            del exercises[name]
    return Course(course.root, replace(settings, exercises=exercises).of(settings.units))


def _there(course: Course, unit: str) -> None:
    """CourseError where there is no such unit. What is in it is not read: that may import PyTorch, which takes seconds."""
    if not course.key_path(unit).is_file():
        course.solutions(unit)


def exercises_of(course: Course, unit: str) -> list[str]:
    """The exercises of a unit that its author wrote; those of its key, where a course has keys and no solutions."""
    if course.key_path(unit).is_file() and not course.has_solutions(unit):
        return course.exercises(unit)
    return list(course.solutions(unit).exercises)
