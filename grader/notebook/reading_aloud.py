"""In a notebook, `hint("attention.causal_mask")` and `explain("attention.causal_mask")` say what `grade hint` and `grade explain` do."""

from pathlib import Path

from grader.course.other_ways import other_ways
from grader.errors import CourseError
from grader.key import ExerciseKey
from grader.notebook.magics import Place, place_of
from grader.practice.hints import next_hint
from grader.practice.progress import has_passed


class Words:
    """Text for display in a notebook: Markdown, or as it is in a front end without."""

    def __init__(self, text: str):
        self.text = text

    def _repr_markdown_(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text


def hint(name: str, step: int | None = None, course: str | None = None) -> Words:
    """One hint for an exercise, and one that says more each time; `step` 1 is the first.

    `course` is the folder of the course, by default the one around the notebook.
    """
    place, exercise = _exercise(name, course)
    name, most = f"{place.key.unit}.{exercise.name}", len(exercise.hints)
    step = next_hint(place.root, name, step, most)
    more = f'one more: `hint("{name}")`' if step < most else f'the handout: `explain("{name}")`'
    return Words(f"{exercise.hints[step - 1]}\n\n*hint {step} of {most}; {more}*")


def explain(name: str, course: str | None = None) -> Words:
    """An exercise's signature, handout and claims, with the points of each, and the exercises that it builds on.

    After a pass there are all its hints and, where the course's solutions are, other ways to write it.
    """
    place, exercise = _exercise(name, course)
    links = place.settings.links(f"{place.key.unit}.{exercise.name}") if place.settings else {}
    linked = "".join(f"\n\n*{words}: {', '.join(names)}*" for words, names in links.items())
    signature, _, rest = exercise.summary.partition("\n")
    claims = "\n".join(f"- {check.claim} *({check.points})*" for check in exercise.checks)
    return Words(
        f"**{place.key.unit}.{exercise.name}**, {exercise.points} points\n\n```python\n{signature}\n```\n\n{rest.strip()}\n\n"
        f"{exercise.handout.strip()}\n\n**What is checked**\n\n{claims}{linked}{_looked_back(place, exercise)}"
    )


def _looked_back(place: Place, exercise: ExerciseKey) -> str:
    """What somebody may read who has found an answer; empty before that."""
    if not has_passed(place.root, f"{place.key.unit}.{exercise.name}"):
        return ""
    hints = "\n".join(f"{number}. {hint}" for number, hint in enumerate(exercise.hints, 1))
    ways = other_ways(place.root / "solutions" / place.key.unit, exercise.name)
    shown = (f"\n\n**Another way to write it: {how}**\n\n```python\n{text}\n```" for how, text in ways.items())
    return f"\n\n**You have passed it. Its hints**\n\n{hints}{''.join(shown)}"


def _exercise(name: str, course: str | None) -> tuple[Place, ExerciseKey]:
    place = place_of(name, Path(course) if course else None)
    if len(place.only) != 1:
        names = ", ".join(exercise.name for exercise in place.key.exercises)
        raise CourseError(f"{name} is a unit; name one of its exercises, as {place.key.unit}.NAME: {names}")
    return place, place.key.exercise(place.only[0])
