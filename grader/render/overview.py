"""Where a student stands: the course's units in order, what is done, and what to do next."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from rich.console import Console
from rich.text import Text

from grader.render.terminal import ASCII_GLYPHS, WIDTH, glyphs_of, next_step
from grader.report import UNJUDGED, ExerciseReport, Report, Status
from grader.text import inert, one_line

BAR = 20
WIDEST = 120  # columns; the theme of each unit is shown if there is room
THEME = 36  # columns that a theme needs at least
BEGUN = 4  # started exercises that are named; more would hide what is next


def render_overview(
    reports: Sequence[tuple[str, Report]],
    console: Console,
    here: Path | None = None,
    needs: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> None:
    """Print a line for each (title, report), the total, started exercises and the next step; paths are from `here`.

    `needs` are, for a unit, those to do before it; a newcomer is shown the way through them.
    """
    names = max((len(report.unit) for _, report in reports), default=0)
    for title, report in reports:
        console.print(_line(title, report, names, console), soft_wrap=True)
    points, most = sum(r.points for _, r in reports), sum(r.max_points for _, r in reports)
    done = sum(_done(report) for _, report in reports)
    console.print()
    total = Text(f"{points} of {most} points", "bold green" if points == most else "bold")
    exercises = sum(len(report.exercises) for _, report in reports)
    console.print(total.append(f"   {done} of {exercises} exercises are right", "not bold dim"))
    begun = [exercise for _, report in reports for exercise in report.exercises if _is_begun(exercise)]
    if begun:
        named = ", ".join(f"{item.id} {item.points}/{item.max_points}" for item in begun[:BEGUN])
        more = f" and {len(begun) - BEGUN} more" if len(begun) > BEGUN else ""
        console.print(Text("In progress: ", "bold").append(named + more), width=min(console.width, WIDTH))
    is_new = not begun and not points
    for line in _next(reports, is_new, here):
        console.print(line, soft_wrap=True)
    if is_new and needs:
        arrow = " -> " if glyphs_of(console) is ASCII_GLYPHS else " → "
        order = arrow.join(", ".join(row) for row in _rows([report.unit for _, report in reports], needs))
        console.print()
        console.print(Text("Order: ", "bold").append(order, "not bold dim"), width=min(console.width, WIDTH))


def _line(title: str, report: Report, names: int, console: Console) -> Text:
    glyphs, done = glyphs_of(console), _done(report)
    filled = BAR * report.points // max(report.max_points, 1)
    if report.points and not filled:
        filled = 1  # even one point shows
    is_begun = done or any(map(_is_begun, report.exercises))
    mark = glyphs["passed"] if report.is_perfect else glyphs["open"]
    line = Text(f"{mark} ", "green" if report.is_perfect else "dim")
    line.append(report.unit.ljust(names), "bold" if is_begun else "").append("  ")
    line.append(glyphs["bar"] * filled, "green").append(glyphs["rest"] * (BAR - filled), "dim")
    line.append(f"  {report.points:>3}/{report.max_points:<3}")
    line.append(f"  {done:>2} of {len(report.exercises):>2} exercises", "dim")
    theme = title.partition(": ")[2]
    if theme and len(line) + THEME <= min(console.width, WIDEST):
        line.append(f"   {one_line(theme, WIDEST)}", "dim italic")
    line.truncate(min(console.width, WIDEST), overflow="ellipsis")
    return line


def _next(reports: Sequence[tuple[str, Report]], is_new: bool, here: Path | None) -> Iterator[Text]:
    """The most helpful next command; for a newcomer, the commands from reading to checking."""
    report = next((report for _, report in reports if not report.is_perfect), None)
    if report is None:
        yield Text("Every exercise of the course is right.", "green")
        return
    command = next_step(report.exercises)
    steps = [(command, "")]
    if is_new:
        name = command.split()[-1]
        steps = [(command, "read the exercise"), (_file(report, here), "write your answer there")]
        steps.append((f"grade {name}", "see what is right and what is wrong"))
    wide = max(len(step) for step, _ in steps)
    for number, (step, why) in enumerate(steps):
        line = Text("      " if number else "Next: ", "bold").append(step.ljust(wide) if why else step, "not bold")
        yield line.append(f"   {why}" if why else "", "not bold dim")


def _rows(units: Sequence[str], needs: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """The units in the order in which they can be done, those of which none needs the other in one row.

    Units are in teaching order, so that what a unit needs stands before it.
    """
    steps: dict[str, int] = {}
    for unit in units:
        steps[unit] = 1 + max((steps[name] for name in needs.get(unit, ()) if name in steps), default=0)
    return [[unit for unit in units if steps[unit] == step] for step in sorted({*steps.values()})]


def _file(report: Report, here: Path | None) -> str:
    path = Path(report.submission)
    return inert(str(path.relative_to(here) if here and path.is_relative_to(here) else path))


def _done(report: Report) -> int:
    return sum(exercise.status is Status.PASSED for exercise in report.exercises)


def _is_begun(exercise: ExerciseReport) -> bool:
    return exercise.status is not Status.PASSED and exercise.status not in UNJUDGED
