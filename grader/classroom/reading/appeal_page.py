"""An appeal as one HTML page: the submission, the questions that decided, what was answered, and how to see it again."""

import shlex
from collections.abc import Callable, Sequence

from grader.classroom.gradebooks.by_hand import sentence
from grader.classroom.marking.appeals import Appeal, Asked, Decided
from grader.classroom.reading import pages
from grader.classroom.reading.pages import lines, text
from grader.report import Report, Status
from grader.submission import Submission

LONGEST = 200_000  # characters of a file that are shown
SECRET = "For staff: it shows answers that the questions of the class expect. Do not give it to students before the course ends."


def render(
    appeal: Appeal, student: str, fragment: Callable[[Report, str], str], style: str, again: Sequence[str]
) -> str:
    """The page. `student` is what they are called, `again` are the words of the command that shows it again."""
    record, exercise = appeal.record, appeal.recorded.id
    same = (
        "Asked again, every check comes out as it was recorded."
        if appeal.is_same
        else (
            "Asked again, it comes out differently from what was recorded: "
            f"{appeal.recorded.points} points then, {appeal.again.points} now. The record is as it was."
        )
    )
    decisions = "".join(f"<li>{text(sentence(one), 2000)}</li>" for one in record.decided)
    counts = record.by_exercise().get(exercise, 0)
    head = (
        f'<header><h1>{text(exercise)}</h1><p class="meta">{text(student, 200)}</p></header>'
        f'<p class="note">{SECRET}</p><p>{same}</p>'
        f"<p>{appeal.recorded.points} of {appeal.recorded.max_points} points by the grader, {counts:g} count.</p>"
        + (f"<ul>{decisions}</ul>" if decisions else "")
        + f"<p>To see it again:</p><pre>{lines(shlex.join(again))}</pre>"
    )
    parts = [head]
    for one in appeal.decided:
        parts.append(_check(one))
    parts.append(pages.section("What was handed in", _files(appeal.submission), "file"))
    page_style = pages.asset("pages.css") + pages.asset("feedback.css") + style
    return pages.document(f"Appeal: {exercise}", "\n".join(parts), page_style, has_styled_parts=True)


def _check(one: Decided) -> str:
    check = one.check
    title = f"{text(check.claim)} <small>{check.points} of {check.max_points}</small>"
    said = ""
    if check.finding:
        hint = f"<p>{text(check.finding.hint, 1000)}</p>" if check.finding.hint else ""
        said = f"<p>{text(check.finding.message, 1000)}</p>{hint}"
    if check.status is Status.SKIPPED and not one.questions:
        said += "<p>It was not asked.</p>"
    return f"<section><h2>{title}</h2>{said}{''.join(map(_question, one.questions))}</section>"


def _question(one: Asked) -> str:
    return (
        f"<h3>{text(one.label)}</h3><p>Asked with</p><pre>{lines(one.inputs)}</pre>"
        f"<p>Expected</p><pre>{lines(one.expected)}</pre><p>Answered</p><pre>{lines(one.answered)}</pre>"
    )


def _files(submission: Submission) -> str:
    files = [(submission.name, submission.source), *((f"{name}.py", source) for name, source in submission.helpers)]
    return "".join(
        f'<p class="note">{text(name)}</p><pre>{lines(source.decode("utf-8", "replace"), LONGEST)}</pre>'
        for name, source in files
    )
