"""Whether the exercises that `[builds_on]` of course.toml names are there, each before the one that builds on it."""

from collections.abc import Mapping
from pathlib import Path

from grader.course.reference_text import definitions
from grader.course.unit import Unit, UnitError
from grader.errors import did_you_mean


def check_links(unit: Unit, builds_on: Mapping[str, tuple[str, ...]]) -> None:
    """UnitError at the first entry of a unit that names what is no exercise before it; `builds_on` is by `unit.exercise`."""
    own = list(unit.all_exercises)
    for name, earlier in builds_on.items():
        of, _, exercise = name.partition(".")
        if of != unit.name:
            continue
        if exercise not in own:
            raise UnitError(
                f"course.toml says what {name} builds on, which is no exercise{did_you_mean(exercise, own, f'{of}.')}"
            )
        before = own[: own.index(exercise)]
        for item in earlier:
            other, _, part = item.partition(".")
            known = before if other == of else _written(unit.folder.parent / other)
            if part not in known:
                raise UnitError(
                    f"course.toml says that {name} builds on {item}, which is no exercise before it"
                    f"{did_you_mean(part, known, f'{other}.')}"
                )


def _written(folder: Path) -> list[str]:
    """The functions and classes of another unit's reference; none if it is not there."""
    try:
        return list(definitions((folder / f"{folder.name}.py").read_text(encoding="utf-8")))
    except (OSError, ValueError, SyntaxError):
        return []
