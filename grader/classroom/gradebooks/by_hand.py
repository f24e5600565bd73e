"""Decisions by people in words, for tables, terminals and pages."""

from collections.abc import Iterable

from grader.record import Decision, Kind, Record


def what(one: Decision) -> str:
    """What was decided, without by whom: `7 points for attention.softmax`."""
    match one.kind:
        case Kind.POINTS:
            return f"{one.value} point{'s' * (one.value != '1')} for {'all of ' * (not one.exercise)}{one.target}"
        case Kind.COMMENT:
            return f"a comment on {one.target}: {one.value}"
        case Kind.HOLD:
            return f"{one.unit} is held back"
        case Kind.EXCUSE:
            return f"excused from {one.unit}"
        case Kind.DUE:
            return f"{one.unit} is due {one.value}"
        case Kind.UNDO:
            return f"decision {one.value} is taken back"


def sentence(one: Decision) -> str:
    """What was decided, by whom and why, for staff."""
    return f"{what(one)}, by {one.by}" + (f": {one.why}" if one.why else "")


def for_student(one: Decision) -> str:
    """What the student reads of a decision. Why something is held back is for staff alone."""
    if one.kind is Kind.COMMENT:
        on = f" on {one.exercise}" if one.exercise else ""
        return f"{one.by}{on}: {one.value}"
    if one.kind is Kind.HOLD:
        return f"{one.by} holds the result back. It is not final; ask, if you want to know why."
    mine = {Kind.EXCUSE: "Excused: this does not count for you", Kind.DUE: f"Due for you on {one.value}"}
    return f"{mine.get(one.kind, what(one))}: decided by {one.by}" + (f" ({one.why})." if one.why else ".")


def state(record: Record) -> str:
    """`held`, `excused`, `by hand`, or empty: the strongest that a person decided about a record."""
    if record.is_held:
        return "held"
    if record.is_excused:
        return "excused"
    return "by hand" if record.is_by_hand else ""


def listed(decisions: Iterable[Decision]) -> str:
    """Decisions in one cell of a table."""
    return "; ".join(map(sentence, decisions))


def how_late(record: Record) -> str:
    """`2 days late, with 1 slip day`; empty for what came in time."""
    if not record.days_late:
        return ""
    slips = record.slip_days
    with_slips = f", with {slips} slip day{'s' * (slips != 1)}" if slips else ""
    return f"{record.days_late} day{'s' * (record.days_late != 1)} late{with_slips}"
