"""A line of the student's file as `file:line`: plain text that editors recognise, a link in terminals with links."""

import os
from collections.abc import Mapping
from pathlib import Path

from rich.text import Text

from grader.frozen import frozen
from grader.report import ExerciseReport
from grader.text import one_line

KNOWS_LINKS = ("iTerm.app", "WezTerm", "ghostty", "rio", "Hyper")  # VS Code recognises file:line by itself
OLDEST = {"VTE_VERSION": 5000, "KONSOLE_VERSION": 201200}  # the first versions that support links


@frozen
class Places:
    """How to write places: relative to the folder `here`, and whether as links."""

    here: str = ""
    links: bool = False

    def of(self, submission: str, exercise: ExerciseReport) -> Text:
        """The place of an exercise's error; empty if it is not known."""
        lines = (check.finding.line for check in exercise.checks if check.finding)
        line = next(filter(None, lines), 0) or exercise.line
        if not line:
            return Text()
        path = submission
        if self.here and os.path.isabs(path) and path.startswith(self.here.rstrip(os.sep) + os.sep):
            path = os.path.relpath(path, self.here)
        text = Text(f"{one_line(path, 200)}:{line}", "dim")
        if self.links:
            text.stylize(f"link {Path(os.path.abspath(os.path.join(self.here, submission))).as_uri()}")
        return text


PLAIN = Places()


def knows_links(environment: Mapping[str, str]) -> bool:
    """Whether the terminal is known to support OSC 8 links; False inside a multiplexer, which may not."""
    if environment.get("TMUX") or environment.get("STY") or environment.get("TERM") == "dumb":
        return False
    if environment.get("TERM_PROGRAM") in KNOWS_LINKS or environment.get("TERM") in ("xterm-kitty", "xterm-ghostty"):
        return True
    for name, oldest in OLDEST.items():
        version = environment.get(name, "")
        if version.isdigit() and int(version) >= oldest:
            return True
    return bool(environment.get("KITTY_WINDOW_ID") or environment.get("WT_SESSION"))
