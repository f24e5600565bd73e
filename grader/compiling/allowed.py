"""What answers to an exercise may be written with, by its unit's packages, and what is forbidden in that."""

from grader.course.unit import Unit, UnitError
from grader.sandbox.frameworks import at_odds, besides_numpy
from grader.sandbox.inside.ideas import within_reach

OWN = ("numpy", "math", "@")  # what every answer can use


def frameworks(unit: Unit, name: str) -> list[str]:
    """The packages besides NumPy; none for an exercise that takes tensors. UnitError for two that do not go together."""
    exercises = unit.all_exercises
    found = besides_numpy(unit.allows, any(each.torch for each in exercises.values()))
    if pair := at_odds(found):
        raise UnitError(
            f"{unit.name} allows {pair[0]} and {pair[1]}, which hang when one file imports both; allow one of them in "
            "[packages] of course.toml"
        )
    return [] if exercises[name].torch else found


def forbidden(unit: Unit, name: str) -> list[str]:
    """What the exercise forbids, as far as an answer could use it: a unit of NumPy alone has no derivatives to forbid."""
    exercise = unit.all_exercises[name]
    return within_reach(exercise.forbids, (*OWN, *frameworks(unit, name), *(["torch"] if exercise.torch else ())))
