"""Remember how the exercises in a student's own files went, and report what is new since the last run."""

import sys
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from grader.course.course import Course
from grader.course.other_ways import other_ways
from grader.files import data_folder
from grader.key import Key, load_index
from grader.practice.fingerprints import of_exercises, of_submission
from grader.practice.progress import News, Progress, file_of, graded, news, update
from grader.render.news import render_news
from grader.render.terminal import make_console
from grader.report import Report
from grader.submission import Submission

Done = tuple[Submission, Key, Report]


def record(course: Course | None, done: Sequence[Done], tell: bool) -> None:
    """Remember the reports on files that lie in the course's own folder, and `tell` the student what is new."""
    own = [item for item in done if course and is_own(course, item[0], item[2].unit)]
    if not course or not own:
        return
    found, after = [], Progress()
    for handed_in, key, report in own:
        item, after, notice = remember(course, handed_in, key, report, datetime.now())
        found.append(item)
        if notice and tell:
            print(notice, file=sys.stderr)
    if tell:
        is_done = all(report.is_perfect for *_, report in done)
        following = next_exercise(course, after, own[-1][2].unit) if is_done else None
        render_news(found, make_console(), following, _with_other_ways(course, found) if is_done else "")


def _with_other_ways(course: Course, found: Sequence[News]) -> str:
    """The one exercise that is new, if there is another way to write it to be read now; else nothing."""
    new = [name for item in found for name in item.passed]
    unit, _, exercise = new[0].partition(".") if len(new) == 1 else ("", "", "")
    return new[0] if exercise and other_ways(course.root / "solutions" / unit, exercise) else ""


def remember(
    course: Course, handed_in: Submission, key: Key, report: Report, now: datetime
) -> tuple[News, Progress, str]:
    """Record one report; returns (what is new, the progress now, a notice)."""
    prints = {f"{key.unit}.{name}": value or handed_in.sha256 for name, value in _hashes(handed_in, key).items()}
    path = file_of(data_folder(), course.root)
    before, after, notice = update(path, course.root, partial(graded, report=report, prints=prints, now=now))
    return news(before, after, report, prints, now.date()), after, notice


def _hashes(handed_in: Submission, key: Key) -> dict[str, str]:
    """The hash of each exercise's code, including exercises that were not loaded, which may have changed, too."""
    found = of_submission(handed_in)
    return found | of_exercises(found, key.exercises)


def is_own(course: Course, handed_in: Submission, unit: str) -> bool:
    """Whether a file is the student's own copy: it lies where the course has it."""
    return Path(handed_in.name).resolve().parent == course.assignment(unit).resolve().parent


def next_exercise(course: Course, progress: Progress, unit: str) -> str:
    """The first exercise that has not passed, from a unit on, then from the first unit; empty if all have passed."""
    start = course.units.index(unit) if unit in course.units else 0
    for name in [*course.units[start:], *course.units[:start]]:
        if not course.key_path(name).exists():
            continue
        for exercise in load_index(course.key_path(name)).names:
            if not progress.of(f"{name}.{exercise}").passed:
                return f"{name}.{exercise}"
    return ""
