"""The class report in a terminal: the headlines of its page as text."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.text import Text

from grader.classroom.reading import statistics as figures
from grader.classroom.reading.called import called
from grader.classroom.reading.looks import Look, needs_a_look
from grader.classroom.reading.statistics import Distribution, ExerciseFigures, NamedMistake, percent
from grader.record import Record
from grader.render.terminal import WIDTH, glyphs_of, indented
from grader.text import one_line

BAR = 30
MAX_MISTAKES, MAX_RETEACH, MAX_LOOKS = 8, 5, 15


def render(records: Sequence[Record], title: str, console: Console) -> None:
    """Print a class's report; the page says more."""
    width = min(console.width, WIDTH)
    exercises, mistakes = figures.exercise_figures(records), figures.named_mistakes(records)
    spread = figures.distribution(records)
    by_student = figures.by_student(records)
    handed = sum(any(record.report for record in items) for items in by_student.values())
    console.print(Text(one_line(title), "bold"))
    line = f"{handed} of {len(by_student)} students handed in"
    if spread.quartiles:
        line += f"; median {percent(spread.median)}, mean {percent(spread.mean)} of the points"
    console.print(Text(line), width=width)
    _bins(spread, console)
    _exercises(exercises, width, console)
    _reteach(figures.reteach(exercises, mistakes), width, console)
    _mistakes(mistakes, width, console)
    _looks(needs_a_look(records), called(records), console)


def _heading(words: str, console: Console, below: str = "") -> None:
    console.print()
    console.print(Text(words, "bold").append(f"  {below}" if below else "", "not bold dim"), soft_wrap=True)


def _rest(count: int, console: Console) -> None:
    if count > 0:
        console.print(Text(f"  and {count} more", "dim"))


def _bins(spread: Distribution, console: Console) -> None:
    if not spread.shares:
        return
    bar, most, step = glyphs_of(console)["bar"], max(spread.bins), 100 // figures.BINS
    _heading("Distribution", console)
    for index, count in enumerate(spread.bins):
        line = Text(f"  {index * step:>3} to {(index + 1) * step:>3} %  ", "dim")
        console.print(
            line.append(bar * round(BAR * count / most), "blue not dim").append(f" {count}", "not dim"), soft_wrap=True
        )


def _exercises(items: Sequence[ExerciseFigures], width: int, console: Console) -> None:
    if not items:
        return
    is_one = len(figures.units_of(items)) == 1  # then its name in every line says nothing
    names = [one_line(item.id.partition(".")[2] if is_one else item.id, max(width - 46, 16) - 2) for item in items]
    longest = max(map(len, names))
    _heading("Exercises".ljust(longest + 3), console, " mean points   difficulty   discrimination")
    for item, name in zip(items, names, strict=True):
        points = "–" if item.mean is None else f"{item.mean:.1f}"
        line = Text("  ").append(name.ljust(longest)).append(f"  {points:>5} of {item.max_points:<3}")
        line.append(f"  {_number(item.difficulty):>10}   {_number(item.discrimination):>14}")
        console.print(line, soft_wrap=True)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _reteach(items: Sequence[figures.Reteach], width: int, console: Console) -> None:
    if not items:
        return
    _heading("Worth teaching again", console, "the costliest first")
    for item in items[:MAX_RETEACH]:
        console.print(Text(f"  {one_line(item.exercise)}"), soft_wrap=True)
        for reason in item.reasons:
            console.print(indented(Text(one_line(reason), "dim"), 4, width))
    _rest(len(items) - MAX_RETEACH, console)


def _mistakes(items: Sequence[NamedMistake], width: int, console: Console) -> None:
    if not items:
        return
    _heading("Mistakes with a name", console, "of those who wrote the exercise")
    for item in items[:MAX_MISTAKES]:
        console.print(indented(Text(one_line(item.sentence)), 9, width, Text(percent(item.share).rjust(6))))
        where = f"{one_line(item.exercise)}, {len(item.students)} of {item.tried}"
        console.print(indented(Text(where, "dim"), 9, width))
    _rest(len(items) - MAX_MISTAKES, console)


def _looks(items: Sequence[Look], names: Mapping[str, str], console: Console) -> None:
    if not items:
        return
    _heading("Needs a look", console, "the worst first")
    for item in items[:MAX_LOOKS]:
        line = Text("  ").append(one_line(names[item.student], 40)).append(f"  {one_line(item.unit)}: ", "dim")
        line.append("; ".join(reason.words for reason in item.reasons))
        console.print(line, soft_wrap=True)
    _rest(len(items) - MAX_LOOKS, console)
