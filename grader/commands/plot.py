"""`grade --plot DIR`: draw a report: a difference map for each wrong array, a loss curve for each training run."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from grader.files import cannot_write, write_whole
from grader.render import curves
from grader.render.maps import svg
from grader.report import ErrorMap, Report


def plot(reports: Sequence[Report], folder: str) -> str:
    """Write the pictures and return a sentence on them. Several submissions get a numbered folder each."""
    count = 0
    for number, report in enumerate(reports, 1):
        place = Path(folder) / str(number) if len(reports) > 1 else Path(folder)
        for name, picture in pictures_of(report):
            try:
                place.mkdir(parents=True, exist_ok=True)
                write_whole(place / f"{name}.svg", picture.encode(), is_lasting=False)
            except OSError as error:
                raise cannot_write(place / f"{name}.svg", error) from None
            count += 1
    if not count:
        return "No pictures: no array came back with wrong entries, and nothing was trained."
    return f"{count} picture{'s' * (count > 1)} in {folder}"


def pictures_of(report: Report) -> Iterator[tuple[str, str]]:
    """(name, SVG) of a report's wrong answers and of its training runs' curves."""
    for name, found in maps_of(report):
        yield name, svg(found)
    for exercise in report.exercises:
        if curve := curves.svg(exercise.curve, f"loss of {exercise.id}", exercise.band):
            yield f"{exercise.id}.loss", curve


def maps_of(report: Report) -> Iterator[tuple[str, ErrorMap]]:
    """(name, map) of a report's wrong answers: `attention.self_attention`, and with a number from the second on."""
    for exercise in report.exercises:
        found = [check.finding.map for check in exercise.checks if check.finding and check.finding.map]
        for number, item in enumerate(found, 1):
            yield exercise.id if number == 1 else f"{exercise.id}.{number}", item
