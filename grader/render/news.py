"""A few lines below a report on what is new since last time: what passed, what changed, a streak, what is next."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from grader.practice.progress import News
from grader.render.terminal import WIDTH, indented

MANY = 5  # names in a row; more are only counted


def render_news(found: Sequence[News], console: Console, next_exercise: str | None, other_way: str = "") -> None:
    """Print the news of one or more reports. `next_exercise` is empty at the end of the course, None to omit it.

    `other_way` is an exercise that has just passed and that can be written in another way.
    """
    width = min(console.width, WIDTH)
    passed = [name for item in found for name in item.passed]
    changed = [name for item in found for name in item.changed]
    days = max((item.streak for item in found), default=0)
    if passed:
        told = Text("New: ", "bold green").append(_listed(passed))
        if days > 1:
            told.append(f"   ({days} days in a row with something new)", "dim")
        console.print(indented(told, 0, width))
    if changed:
        console.print(indented(Text("Changed since it passed: ", "bold").append(_listed(changed)), 0, width))
    if other_way:
        console.print(
            Text("Another way to write it: ", "bold").append(f"grade explain {other_way}", "not bold"), soft_wrap=True
        )
    if next_exercise:
        console.print(Text("Next: ", "bold").append(f"grade explain {next_exercise}"), soft_wrap=True)
    elif next_exercise == "":
        console.print(Text("You have passed every exercise of the course.", "bold green"))


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:MANY])
    return f"{shown} and {len(names) - MANY} more" if len(names) > MANY else shown
