"""The comment that goes with points: those of each exercise, what lateness takes off, and what people decided."""

from grader.classroom.gradebooks.by_hand import for_student, how_late
from grader.classroom.gradebooks.exports import decimal
from grader.record import Record
from grader.text import inert, one_line

LONGEST = 4000  # characters of one person's words


def comment_of(record: Record) -> str:
    """Some lines of plain text for the student; what is held back has none of it."""
    if record.is_held:
        return ""
    said = [inert(for_student(one), LONGEST) for one in record.decided]
    if record.is_excused or not record.has_points:
        return "\n".join(said)
    lines = [f"{record.unit}: {decimal(record.points)} of {record.max_points} points{_parts(record)}."]
    if record.penalty:
        late = how_late(record)
        lines.append(
            f"{late[:1].upper()}{late[1:]}: that takes {decimal(record.penalty)} off, {decimal(record.points_left)} are left."
        )
    return "\n".join([*lines, *said])


def _parts(record: Record) -> str:
    """What each exercise earned; nothing where a person gave points for the whole."""
    if record.report is None or record.whole_by_hand is not None:
        return ""
    points = record.by_exercise()
    parts = [
        f"{one.id.partition('.')[2]} {decimal(points[one.id])} of {one.max_points}" for one in record.report.exercises
    ]
    return f" ({one_line(', '.join(parts), LONGEST)})"
