"""Courses that installed packages bring: `--course NAME` and `grade init DIR --course NAME` find them by their names.

A package says so with an entry point, whose value is the package with the folder `assignments/`:

[project.entry-points."deep_grade.courses"]
signals = "signals_course"

Nothing of a package is imported: a course is files. `grade dev course` writes a pyproject.toml that makes such a package.
"""

import importlib.util
from pathlib import Path

GROUP = "deep_grade.courses"


def packaged() -> dict[str, Path]:
    """The folders of the installed courses, by name; without those whose files are not there."""
    from importlib.metadata import entry_points  # loads a reader of mail, for which few wait gladly

    found = {}
    for point in entry_points(group=GROUP):
        for folder in _folders(point.value):
            if (folder / "assignments" / "course.toml").is_file():
                found[point.name] = folder
    return found


def _folders(package: str) -> list[Path]:
    """Where a package lies; nowhere if it is not installed, or no plain name, whose parents would have to be imported."""
    if not package.isidentifier():
        return []
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return []
    return [Path(place) for place in (spec and spec.submodule_search_locations) or ()]
