"""A student's feedback as one HTML page: claims, differences and diagnoses for every unit, and only this student's.

The page contains only what is in the student's reports, which contain nothing secret from the key. It runs no script
and fetches nothing.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from grader.classroom.gradebooks.by_hand import for_student, how_late, state
from grader.classroom.gradebooks.exports import decimal
from grader.classroom.reading import pages
from grader.classroom.reading.pages import text
from grader.classroom.reading.statistics import by_student, percent
from grader.errors import GraderError
from grader.record import Decision, Kind, Outcome, Record
from grader.report import Report

ABSENT = "Nothing was handed in for this unit."
UNREADABLE = "What was handed in could not be read, so nothing could be marked. Please hand it in again or ask."
OUR_FAULT = "The grader itself failed on a part of it. That costs no points; your teacher has been told."


def render(
    student: str,
    records: Sequence[Record],
    title: str,
    unit_titles: Mapping[str, str],
    fragment: Callable[[Report, str], str],
    style: str = "",
) -> str:
    """One student's page. `title` is the course's; `fragment` renders a report under a unit's title, with `style`."""
    name = next((record.name for record in records if record.name), "")
    who = f" · {text(student, 80)}" if name and name != student else ""
    out = [record for record in records if not record.is_held and not record.is_excused]  # the others do not count
    out = out if any(record.has_points for record in out) else []  # whether nothing is a zero, a person decides
    points, most = sum(record.points for record in out), sum(record.max_points for record in out)
    shown = f"{decimal(points)} <small>of {most}</small>" if out else "–"
    parts = [
        f'<header><h1>{text(name or student, 80)}</h1><p class="meta">{text(title)}{who}</p></header>',
        '<dl class="facts">'
        f"<div><dt>Points</dt><dd>{shown}</dd></div>"
        f"<div><dt>Share</dt><dd>{percent(points / most) if most else '–'}</dd></div>{_late(out)}</dl>",
    ]
    if len(records) > 1:
        rows = [_row(number, record, _title(record, unit_titles)) for number, record in enumerate(records)]
        parts.append(pages.section("Units", pages.table([("", "Unit"), ("num", "Points"), ("", "")], rows), "units"))
    for number, record in enumerate(records):
        parts.append(_unit(number, record, _title(record, unit_titles), fragment))
    page_style = pages.asset("pages.css") + pages.asset("feedback.css") + style
    return pages.document(f"{title}: feedback", "\n".join(parts), page_style, has_styled_parts=True)


def write_all(
    records: Iterable[Record],
    folder: Path,
    title: str,
    unit_titles: Mapping[str, str],
    fragment: Callable[[Report, str], str],
    style: str = "",
) -> dict[str, Path]:
    """Put each student's page into a folder; returns where each is. A page is written whole or not at all."""
    students = by_student(list(records))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GraderError(f"cannot make the folder {folder}: {error.strerror}") from None
    paths = {student: folder / name for student, name in file_names(students).items()}
    for student, mine in students.items():
        pages.write(paths[student], render(student, mine, title, unit_titles, fragment, style))
    return paths


def _late(records: Sequence[Record]) -> str:
    """What was lost by handing in late and what is left; empty if nothing was lost."""
    lost = sum(record.penalty for record in records)
    left = decimal(sum(record.points_left for record in records))
    return (
        f"<div><dt>Late</dt><dd>−{decimal(lost)}</dd></div><div><dt>Points left</dt><dd>{left}</dd></div>"
        if lost
        else ""
    )


def _title(record: Record, unit_titles: Mapping[str, str]) -> str:
    return unit_titles.get(record.unit, record.unit)


def _row(number: int, record: Record, title: str) -> str:
    words = {Outcome.ABSENT: "nothing was handed in", Outcome.UNREADABLE: "could not be read"}.get(record.outcome, "")
    words = {"held": "held back", "excused": "excused: it does not count", "by hand": "decided by hand"}.get(
        state(record), words
    )
    points = f'{decimal(record.points)} <span class="soft">of {record.max_points}</span>'
    points = "–" if record.is_held or record.is_excused or not record.has_points else points
    return (
        f'<tr><td><a href="#unit-{number}">{text(title)}</a></td>'
        f'<td class="num">{points}</td><td class="soft">{words}</td></tr>'
    )


def _unit(number: int, record: Record, title: str, fragment: Callable[[Report, str], str]) -> str:
    decided = _decided(record)
    if record.is_held:  # nothing of the result is on the page, not even in its source
        return f'<section id="unit-{number}"><h2>{text(title)}</h2>{decided}</section>'
    said = [record.note] if record.note else []
    if record.handed_in:
        said.append(_handed_in(record))
    note = "".join(f'<p class="note">{text(words)}</p>' for words in said)
    if record.report is None:
        words = ABSENT if record.outcome is Outcome.ABSENT else UNREADABLE
        return f'<section id="unit-{number}"><h2>{text(title)}</h2>{decided}<p>{words}</p>{note}</section>'
    if record.report.is_our_fault:
        note = f'<p class="note">{OUR_FAULT}</p>{note}'
    marked = f"Marked with key {text(record.report.key)} from the file with SHA-256 {text(record.report.sha256)}."
    body = fragment(record.report, title)
    return f'<section id="unit-{number}">{body}{decided}{note}<p class="note marked">{marked}</p></section>'


def _handed_in(record: Record) -> str:
    """When it was handed in, how late that was, and what it costs."""
    late = how_late(record)
    cost = f": that takes {decimal(record.penalty)} points off" if record.penalty else ""
    return f"Handed in {record.handed_in}, {late}{cost}." if late else f"Handed in {record.handed_in}."


def _decided(record: Record) -> str:
    """What people decided, and the points that count where these are not the machine's."""
    if not record.decided:
        return ""
    items = "".join(f"<li>{text(for_student(one), 2000)}</li>" for one in record.decided if _is_told(one, record))
    counts = ""
    if record.is_by_hand and not record.is_held:
        counts = f"<p><strong>{decimal(record.points)} of {record.max_points} points count.</strong> "
        counts += "What the grader found is shown as it was.</p>" if record.report else "</p>"
    return f'<div class="decided"><h3>Decided by hand</h3>{counts}<ul>{items}</ul></div>'


def _is_told(one: Decision, record: Record) -> bool:
    """Whether the student reads a decision now: of what is held back, the points are not out yet."""
    return not (record.is_held and one.kind is Kind.POINTS)


def file_names(students: Iterable[str]) -> dict[str, str]:
    """A file name for each student's page: readable, plain ASCII, and different for any two students."""
    names: dict[str, str] = {}
    for student in students:
        plain = unicodedata.normalize("NFKD", student).encode("ascii", "ignore").decode()
        slug = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-")[:40] or "student"
        # letters of other scripts are dropped above, so two names may become equal; the hash is of the whole name
        mark = hashlib.sha256(student.encode("utf-8", "surrogatepass")).hexdigest()[:10]
        names[student] = f"{slug}-{mark}.html"
    return names
