"""Which exercises a course has: all that its authors wrote, or those that course.toml or the words of a command name.

A unit can be given in parts. Whoever makes something of it, stubs, handouts, notebooks, keys, points, asks the narrowed unit
and sees the chosen exercises alone, so that what is released and what is marked say the same.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from grader.course.course import Course, CourseError
from grader.course.reference_text import uses
from grader.errors import did_you_mean
from grader.exercise import Exercise

if TYPE_CHECKING:
    from grader.course.settings import Settings


class ChoiceError(CourseError):
    """Exercises that cannot be chosen as asked; the message says what to name instead."""


def choose(course: Course, words: Sequence[str]) -> Course:
    """The course with the units and exercises that the words name (UNIT or UNIT.EXERCISE), in its own order.

    A unit that is named as a whole has the exercises that course.toml gives it.
    """
    wanted: dict[str, set[str]] = {}
    whole = set()
    for word in words:
        name, _, exercise = word.partition(".")
        unit = course.solutions(name)
        if not exercise:
            whole.add(name)
        elif exercise not in unit.exercises:
            raise ChoiceError(_unknown(name, exercise, unit.all_exercises, unit.only))
        wanted.setdefault(name, set()).add(exercise)
    settings = course.settings.of(tuple(wanted))
    chosen = {name: tuple(sorted(exercises)) for name, exercises in wanted.items() if name not in whole}
    narrowed = _narrowed(course, settings, chosen)
    for name in narrowed.units:
        narrowed.solutions(name).exercises  # noqa: B018  says at once what is missing
    return narrowed


def words_of(settings: "Settings") -> list[str]:
    """What `choose` takes, to make the same choice from a course that has everything."""
    return [
        word
        for unit in settings.units
        for word in [f"{unit}.{name}" for name in settings.exercises.get(unit, ())] or [unit]
    ]


def reminder(course: Course, chosen: Course) -> str:
    """How to mark a class that was given what is chosen, where course.toml does not say it; empty where it does."""
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


def _narrowed(course: Course, settings: "Settings", chosen: Mapping[str, tuple[str, ...]]) -> Course:
    """A course with these settings, and the exercises of a unit in the author's order; all of them are no choice."""
    exercises = dict(settings.exercises)
    for name, picked in chosen.items():
        known = list(course.solutions(name).exercises)
        exercises[name] = tuple(each for each in known if each in picked)
        if len(known) == len(picked) and name not in settings.exercises:
            del exercises[name]
    return Course(course.root, replace(settings, exercises=exercises).of(settings.units))


def pick(unit: str, only: Collection[str], exercises: Mapping[str, Exercise], text: str) -> dict[str, Exercise]:
    """The exercises of a unit that are chosen, in its order; ChoiceError for one that is none, or that lacks another.

    `text` is the reference's. An exercise whose function a chosen one builds on must be chosen, too: a student who was never
    asked for the one could not write the other as its handout says.
    """
    for name in only:
        if name not in exercises:
            raise ChoiceError(_unknown(unit, name, exercises))
    needed = builds_on(text, exercises)
    for name in (name for name in exercises if name in only):
        if gone := [other for other in exercises if other in needed[name] and other not in only]:
            listed = " and ".join(filter(None, [", ".join(gone[:-1]), gone[-1]]))
            raise ChoiceError(
                f"{unit}.{name} builds on {listed}, which {'is' if len(gone) == 1 else 'are'} left out; "
                f"choose {' '.join(f'{unit}.{other}' for other in gone)} too"
            )
    return {name: exercise for name, exercise in exercises.items() if name in only}


def builds_on(text: str, exercises: Mapping[str, Exercise]) -> dict[str, set[str]]:
    """For each exercise, the others that it needs: pieces of a run, and what its reference calls, however indirectly."""
    graph, found = uses(text), {}
    for name, exercise in exercises.items():
        reached, waiting = set(), ["", name, *exercise.pieces]
        while waiting:
            if (each := waiting.pop()) not in reached:
                reached.add(each)
                waiting += graph.get(each, ())
        found[name] = (reached & set(exercises)) - {name}
    return found


def _unknown(unit: str, exercise: str, exercises: Collection[str], only: Collection[str] = ()) -> str:
    if exercise in exercises:
        return f"{unit}.{exercise} is not among the exercises that course.toml gives {unit}; add it there, under [exercises]"
    known = [name for name in exercises if not only or name in only]
    return f"{unit} has no exercise {exercise!r}{did_you_mean(exercise, known, f'{unit}.')}"
