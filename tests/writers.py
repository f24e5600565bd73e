"""Each way in which the grader writes a file, killed at every line of Python in it: `python writers.py NAME PATH`.

It prints how many lines there are, and what a reader finds in the file after one of the deaths: old, new, or other.
"""

import itertools
import os
import sys
from collections.abc import Callable
from pathlib import Path

OLD, NEW = "old " * 50_000, "new " * 60_000


def in_place(path: Path) -> None:
    """How not to write it."""
    with open(path, "w") as file:
        for part in range(0, len(NEW), 4000):
            file.write(NEW[part : part + 4000])


def as_a_report(path: Path) -> None:
    from grader.commands.writing import destination

    with destination(str(path)) as file:
        for part in range(0, len(NEW), 4000):
            file.write(NEW[part : part + 4000])


def as_an_export(path: Path) -> None:
    from grader.classroom.gradebooks.exports import whole

    with whole(path) as file:
        for part in range(0, len(NEW), 4000):
            file.write(NEW[part : part + 4000])


def as_a_page(path: Path) -> None:
    from grader.classroom.reading import pages

    pages.write(path, NEW)


def as_a_key(path: Path) -> None:
    from grader.authoring import build

    build.write(path, NEW.encode())


WRITERS = (as_a_report, as_an_export, as_a_page, as_a_key)


def killed_at_every_line(write: Callable[[], None], check: Callable[[], None], step: int = 1) -> int:
    """Run `write` in children that die at the first, the second, … line of Python in it; `check` after each death.

    The last of them lives. Returns how many lines there were.
    """
    for number in itertools.count(1, step):
        pid = os.fork()
        if pid == 0:
            left = number

            def trace(frame, event, argument):
                nonlocal left
                if event == "line":
                    left -= 1
                    if left == 0:
                        os._exit(9)
                return trace

            sys.settrace(trace)
            try:
                write()
            finally:
                sys.settrace(None)
                os._exit(0)
        _, status = os.waitpid(pid, 0)
        check()
        if os.waitstatus_to_exitcode(status) == 0:
            return number
    raise AssertionError


def main(name: str, path: Path) -> None:
    write: Callable[[Path], None] = globals()[name]
    write(path)  # what it imports is imported before it is counted
    path.write_text(OLD)
    seen = set()

    def check() -> None:
        seen.add({OLD: "old", NEW: "new"}.get(path.read_text(), "other"))
        path.write_text(OLD)

    print(killed_at_every_line(lambda: write(path), check), *sorted(seen))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
