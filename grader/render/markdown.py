"""The report as Markdown: a table of the exercises, then what is wrong. Text is escaped, so none of it is markup.

What a platform would turn into a link or a mention by itself (an address, @name, #12) is written as code, where it
stays text.
"""

import re

from grader.render.formats import Graded, Surroundings
from grader.render.plain_words import GLYPHS, MAX_PRINTED_LINES, SAME_CAUSE, has_details, is_told
from grader.render.rows import file_of, points_of, verdict
from grader.render.terminal import next_step, praise
from grader.report import UNJUDGED, CheckReport, ExerciseReport, Report, Status
from grader.text import one_line

MARKUP = re.compile(r"([\\`*\[\]<>|~&$]|(?<![^\W_])_|_(?![^\W_]))")
STARTS = re.compile(
    r"^([-+=#]|\d+(?=[.)]))"
)  # special only at the start of a line, where it begins a list or a heading
LIVE = re.compile(  # one side by side with another is one piece, as two code spans that meet are one with ticks in it
    r"(?:[\w.+-]+://\S+|www\.\S+|mailto:\S+|[\w.+-]*@\w[\w.-]*|#\w+|(?<=:)\w+(?=:))+", re.IGNORECASE
)


def write(graded: Graded, surroundings: Surroundings) -> str:
    """One document for all reports."""
    return "\n\n".join(blocks(graded)) + "\n"


def blocks(graded: Graded) -> list[str]:
    """The document's blocks, each complete in itself, the most important first."""
    points, most = points_of(graded)
    total = [f"**{points} of {most} points**"] if len(graded) > 1 else []
    heads = [_head(title, report, named=len(graded) > 1) for title, report in graded]
    wrong = [exercise for _, report in graded for exercise in report.exercises if has_details(exercise)]
    return total + heads + [_details(exercise) for exercise in wrong] + [_end(graded)]


def _head(title: str, report: Report, named: bool) -> str:
    name = f"\n\n{code(file_of(report))}" if named else ""
    lines = [f"## {escaped(title)}: {report.points}/{report.max_points}{name}", ""]
    lines += ["| | exercise | points | |", "|---|---|--:|---|"]
    for exercise in report.exercises:
        score = f"{exercise.points}/{exercise.max_points}"
        word = "" if exercise.status in (Status.PASSED, Status.FAILED) else escaped(verdict(exercise))
        lines.append(f"| {_glyph(exercise.status)} | {escaped(exercise.id.partition('.')[2])} | {score} | {word} |")
    return "\n".join(lines)


def _details(exercise: ExerciseReport) -> str:
    lines = [f"### {escaped(exercise.id)}: {exercise.points}/{exercise.max_points}", ""]
    told: set[str] = set()
    for check in exercise.checks:
        lines += _claim(check, told)
    printed = [one_line(line) for line in exercise.printed.splitlines()[: MAX_PRINTED_LINES + 1]]
    if any(printed):
        shown = [*printed[:MAX_PRINTED_LINES], *(["…"] if len(printed) > MAX_PRINTED_LINES else [])]
        lines += ["", "your code printed:", "", *fenced(shown)]
    return "\n".join(lines)


def _claim(check: CheckReport, told: set[str]) -> list[str]:
    """A list item for the claim, and below it the finding and its hint."""
    skipped = " (not asked)" if check.status is Status.SKIPPED else ""
    lines = [f"- {_glyph(check.status)} {escaped(check.claim)}{skipped}  {check.points}/{check.max_points}"]
    if finding := check.finding:
        lines += ["", f"  {escaped(finding.message)}"]
        if hint := finding.hint:
            lines += ["", f"  → {SAME_CAUSE if is_told(finding, told) else f'**{escaped(hint)}**'}"]
        lines.append("")
    return lines


def _end(graded: Graded) -> str:
    for _, report in graded:
        if not report.is_perfect:
            return f"Next: {code(next_step(report.exercises))}"
    return praise(graded[0][1]) if graded else ""


def _glyph(status: Status) -> str:
    return GLYPHS["passed" if status is Status.PASSED else "open" if status in UNJUDGED else "failed"]


def escaped(text: str) -> str:
    """The text on one line, escaped so that Markdown shows it literally."""
    text, out, done = one_line(text, 2000), "", 0
    for match in LIVE.finditer(text):
        out += MARKUP.sub(r"\\\1", text[done : match.start()]) + code(match[0])
        done = match.end()
    out += MARKUP.sub(r"\\\1", text[done:])
    return STARTS.sub(lambda start: f"{start[0]}\\" if start[0].isdigit() else f"\\{start[0]}", out)


def code(text: str) -> str:
    """The text as a code span that may stand in a table, so without bars."""
    text = one_line(text, 2000).replace("|", "∣")
    ticks = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{pad}{text}{pad}{ticks}" if text else ""


def fenced(lines: list[str]) -> list[str]:
    """Lines as a fenced code block, whatever they contain."""
    fence = "`" * max(3, 1 + max((len(run) for line in lines for run in re.findall("`+", line)), default=0))
    return [f"{fence}text", *lines, fence]
