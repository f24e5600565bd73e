"""Where a student stands: every unit, its points, and what is next."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from grader.render.terminal import WIDTH, glyphs_of, next_step
from grader.report import Report, Status

BAR = 20


def render_overview(reports: Sequence[tuple[str, Report]], console: Console) -> None:
    """One line for each (title, report), the total, and the next step."""
    glyphs = glyphs_of(console)
    width = min(console.width, WIDTH)
    names = max((len(report.unit) for _, report in reports), default=0)
    for _, report in reports:
        done = sum(exercise.status is Status.PASSED for exercise in report.exercises)
        filled = round(BAR * report.points / max(report.max_points, 1))
        line = Text("  ").append(report.unit.ljust(names), "bold" if done else "").append("  ")
        line.append(glyphs["bar"] * filled, "green").append(glyphs["bar"] * (BAR - filled), "dim")
        line.append(f"  {report.points:>3}/{report.max_points:<3}")
        line.append(f"  {done} of {len(report.exercises)} exercises", "dim")
        line.truncate(width)
        console.print(line, soft_wrap=True)
    points, most = sum(r.points for _, r in reports), sum(r.max_points for _, r in reports)
    console.print()
    console.print(Text(f"{points} of {most} points", "bold"))
    for _, report in reports:
        if not report.is_perfect:
            console.print(Text("Next: ", "bold").append(next_step(report.exercises)), soft_wrap=True)
            break
