"""What a demo shows, one piece after another, and the lines of JSON in which its process sends them."""

import json
from collections.abc import Mapping

from grader.frozen import frozen
from grader.report import Step
from grader.typed import build

LONGEST = 1 << 20  # bytes of one piece; a page of text is 4 KB
MOST_FRAMES, MOST_POINTS = 60, 400  # of a moving picture, and of each of its frames
FURTHEST = 1e6  # from 0 that a point may be


@frozen
class Text:
    """A paragraph, or what the student's functions have written."""

    text: str


@frozen
class Table:
    """A row of names above rows of texts; every row has as many."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        if any(len(row) != len(self.header) for row in self.rows):
            raise ValueError("a row of a table has more or fewer texts than its header")


@frozen
class Curve:
    """How a number goes, such as a reward from update to update."""

    title: str
    values: tuple[float, ...]

    @property
    def steps(self) -> list[Step]:
        """The values as a training run tells its own, which is how curves are drawn."""
        return [Step(number, len(self.values), value) for number, value in enumerate(self.values, 1)]


@frozen
class Frames:
    """Points in a plane that move: each frame holds the points (x, y) of one moment."""

    title: str
    frames: tuple[tuple[tuple[float, float], ...], ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.frames) <= MOST_FRAMES or any(len(frame) > MOST_POINTS for frame in self.frames):
            raise ValueError(
                f"a moving picture of other than 1 to {MOST_FRAMES} frames of {MOST_POINTS} points at most"
            )
        if not all(abs(number) <= FURTHEST for frame in self.frames for point in frame for number in point):
            raise ValueError("a moving picture with a point that is nowhere in it")


@frozen
class Progress:
    """How far something is that takes a while."""

    done: int
    of: int
    what: str


@frozen
class Printed:
    """What was printed while the demo ran, by the student's code or the demo's."""

    text: str


@frozen
class Stopped:
    """Why the demo went no further: what is to be said, and where in a file it happened, if anywhere."""

    why: str
    file: str = ""
    line: int = 0


Shown = Text | Table | Curve | Frames | Progress | Printed | Stopped
KINDS: Mapping[str, type] = {kind.__name__.lower(): kind for kind in (Text, Table, Curve, Frames, Progress, Stopped)}


def read(line: bytes) -> Shown:
    """The piece that a line holds; ValueError for anything else, since what runs there may write what it likes."""
    if len(line) > LONGEST:
        raise ValueError(f"a piece of more than {LONGEST} bytes")
    try:
        tree = json.loads(line)
    except RecursionError:
        raise ValueError("no JSON that can be read") from None
    if not isinstance(tree, dict) or not isinstance(tree.get("kind"), str) or tree["kind"] not in KINDS:
        raise ValueError("no piece of a demo")
    return build(KINDS[tree["kind"]], tree)
