"""What is said of an exercise, in words that every form of a report shares; `told` gives them as plain lines."""

import re
from collections.abc import Iterator

from grader.judging.error_maps import says_more
from grader.render.curves import sparkline
from grader.render.map_text import SHADES, caption, cells, legend
from grader.report import UNJUDGED, CheckReport, ErrorMap, ExerciseReport, Finding, Status
from grader.text import inert, one_line

GLYPHS = {"passed": "✓", "failed": "✗", "open": "·", "hint": "→", "bar": "━", "rest": "─"}
WORDS = {
    Status.ERROR: "stopped by an exception",
    Status.TIMEOUT: "took too long",
    Status.MEMORY: "asked for too much memory",
    Status.CRASH: "ended its process",
    Status.FORBIDDEN: "uses what the unit does not allow",
    Status.UNREADABLE: "cannot be read",
    Status.SKIPPED: "skipped",
    Status.PENDING: "pending, not lost",
    Status.GRADER_ERROR: "the grader's own fault; your points are safe",
}
SAME_CAUSE = "the same cause as above"
NUMBER = re.compile(r"\d+")
PRINTED = "your code printed:"
MAX_PRINTED_LINES = 6
LONGEST = 400  # characters of a line that was printed
WIDEST_CURVE = 80


def told(exercise: ExerciseReport) -> list[str]:
    """The lines below an exercise's own, as a terminal without an edge shows them; a word or two where that is all."""
    if not has_details(exercise):
        return [word] if (word := word_of(exercise)) else []
    lines: list[str] = []
    hints: set[str] = set()
    is_mapped = False
    for check in exercise.checks:
        lines.append(f"  {glyph(check.status)} {claim(check)}  {check.points}/{check.max_points}")
        if not (finding := check.finding):
            continue
        lines.append(f"        {inert(finding.message)}")
        if hint := finding.hint:
            lines.append(f"      {GLYPHS['hint']} {SAME_CAUSE if is_told(finding, hints) else inert(hint)}")
        if finding.map and not is_mapped and says_more(finding.map):
            lines += _map(finding.map)
            is_mapped = True  # one picture per exercise: further ones mostly show the same mistake
    return [*lines, *_curve(exercise), *_printed(exercise)]


def is_told(finding: Finding, above: set[str]) -> bool:
    """Whether a finding's hint was told above, or that of an exception of the same line with other numbers; it is now."""
    is_of_a_line = finding.kind == "exception" and finding.line
    cause = f"{finding.line}: {NUMBER.sub('#', finding.hint)}" if is_of_a_line else finding.hint
    is_again = cause in above
    above.add(cause)
    return is_again


def claim(check: CheckReport) -> str:
    return inert(check.claim) + ("  (not asked)" if check.status is Status.SKIPPED else "")


def word_of(exercise: ExerciseReport) -> str:
    """A few words on how an exercise ended, if its points and claims do not say it; else empty."""
    finding = next((check.finding for check in exercise.checks if check.finding), None)
    if exercise.status is not Status.MISSING:
        is_waiting = finding and exercise.status in UNJUDGED
        return one_line(finding.message, 100) if is_waiting else WORDS.get(exercise.status, "")
    word = one_line(finding.message, 100) if finding else "not written yet"
    if word == f"your file does not define {exercise.id.partition('.')[2]}":  # the name is on the same line already
        return "not defined yet"
    return "not written yet" if word.startswith("not written yet") else word


def has_details(exercise: ExerciseReport) -> bool:
    """Whether there is more to report than that the exercise is right or not written yet."""
    is_plain = exercise.status in (Status.PASSED, *UNJUDGED)
    return not is_plain and any(check.finding for check in exercise.checks)


def glyph(status: Status, glyphs: dict[str, str] = GLYPHS) -> str:
    """The mark in front of an exercise or a claim."""
    if status is Status.PASSED:
        return glyphs["passed"]
    return glyphs["open" if status in UNJUDGED else "failed"]


def _map(found: ErrorMap) -> Iterator[str]:
    yield f"        {caption(found)}"
    for number, row in cells(found, SHADES):
        yield f"        {number}{' '.join(mark for mark, _ in row)}"
    yield f"              {legend(found, SHADES)}"


def _curve(exercise: ExerciseReport) -> Iterator[str]:
    if line := sparkline(exercise.curve, WIDEST_CURVE):
        yield f"    loss {line}"


def _printed(exercise: ExerciseReport) -> Iterator[str]:
    lines = [one_line(line, LONGEST) for line in exercise.printed.splitlines()[: MAX_PRINTED_LINES + 1]]
    if any(lines):
        yield f"    {PRINTED}"
        yield from (f"        {line}" for line in lines[:MAX_PRINTED_LINES])
        yield from ["        …"][: len(lines) - MAX_PRINTED_LINES]
