"""A unit of which a class gets only some exercises: check that these can be given without the others.

One exercise may build on another: its reference calls the other's function, or its training run uses it as a piece.
"""

from collections.abc import Collection, Mapping

from grader.course.reference_text import uses
from grader.errors import CourseError, did_you_mean
from grader.exercise import Exercise


def pick(unit: str, only: Collection[str], exercises: Mapping[str, Exercise], text: str) -> dict[str, Exercise]:
    """The chosen exercises of a unit, in its order; CourseError for an unknown one or one that needs another.

    `text` is the source of the reference. If a chosen exercise builds on another, that one must be chosen, too: a
    student who never wrote it could not write the first as its handout says.
    """
    for name in only:
        if name not in exercises:
            raise CourseError(unknown(unit, name, exercises))
    needed = builds_on(text, exercises)
    for name in (name for name in exercises if name in only):
        if gone := [other for other in exercises if other in needed[name] and other not in only]:
            listed = " and ".join(filter(None, [", ".join(gone[:-1]), gone[-1]]))
            raise CourseError(
                f"{unit}.{name} builds on {listed}, which {'is' if len(gone) == 1 else 'are'} left out; "
                f"choose {' '.join(f'{unit}.{other}' for other in gone)} too"
            )
    return {name: exercise for name, exercise in exercises.items() if name in only}


def builds_on(text: str, exercises: Mapping[str, Exercise]) -> dict[str, set[str]]:
    """For each exercise the others that it needs: pieces of its run, and what its reference calls, also indirectly."""
    graph, found = uses(text), {}
    for name, exercise in exercises.items():
        reached, waiting = set(), ["", name, *exercise.pieces]
        while waiting:
            if (each := waiting.pop()) not in reached:
                reached.add(each)
                waiting += graph.get(each, ())
        found[name] = (reached & set(exercises)) - {name}
    return found


def unknown(unit: str, exercise: str, exercises: Collection[str], only: Collection[str] = ()) -> str:
    if exercise in exercises:
        return f"{unit}.{exercise} is not among the exercises that course.toml gives {unit}; add it there, under [exercises]"
    known = [name for name in exercises if not only or name in only]
    return f"{unit} has no exercise {exercise!r}{did_you_mean(exercise, known, f'{unit}.')}"
