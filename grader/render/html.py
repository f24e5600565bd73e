"""The report as HTML: a page that needs nothing else (no scripts, no requests), light or dark as the reader's system is.

`render_html` is a whole page; `fragment` a part of one, to be shown under `STYLE`, in a notebook or a class's feedback.
The words are the terminal's. Everything that came from a submission is made inert, then escaped.
"""

from html import escape

from grader.maps import says_more
from grader.render import maps
from grader.render.curves import svg
from grader.render.formats import Graded, Surroundings
from grader.render.rows import file_of, points_of, verdict
from grader.render.terminal import GLYPHS, MAX_PRINTED_LINES, SAME_CAUSE, STRONGEST, has_details, next_step, praise
from grader.report import UNJUDGED, CheckReport, ExerciseReport, Report, Status
from grader.text import inert, one_line

# Colours have 4.5:1 against both a white and a near-black ground in their own scheme. A fragment takes ground and letters
# from the page that it stands in.
STYLE = """\
.grade-report { --right: #1a7f37; --wrong: #b42318; --open: #646b73; --line: #8886;
  font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; overflow-wrap: anywhere; }
@media (prefers-color-scheme: dark) { .grade-report { --right: #4ac26b; --wrong: #ff8d7e; --open: #9aa4ae; } }
.grade-report h2 { display: flex; gap: 1rem; justify-content: space-between; font-size: 1.3rem; margin: 1.5rem 0 .5rem; }
.grade-report h3 { font: bold 1rem/1.5 ui-monospace, monospace; margin: 1.5rem 0 .25rem; }
.grade-report table { border-collapse: collapse; width: 100%; }
.grade-report td, .grade-report th { border-bottom: 1px solid var(--line); padding: .25rem .5rem; text-align: left;
  font-weight: normal; }
.grade-report .points { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.grade-report ul { list-style: none; margin: 0; padding: 0; }
.grade-report li { margin: .5rem 0; padding-left: 1.5rem; }
.grade-report li > .mark { float: left; margin-left: -1.5rem; }
.grade-report p { margin: .15rem 0; white-space: pre-line; }
.grade-report .hint { font-weight: bold; }
.grade-report .again, .grade-report .dim, .grade-report .open { color: var(--open); font-weight: normal; }
.grade-report .passed { color: var(--right); }
.grade-report .failed { color: var(--wrong); }
.grade-report pre { border-left: 3px solid var(--line); margin: .25rem 0 0 1.5rem; padding: .25rem .75rem;
  overflow-x: auto; }
.grade-report .curve { max-width: 30rem; }
.grade-report code, .grade-report pre, .grade-report .id { font-family: ui-monospace, monospace; font-size: .95em; }
"""

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ background: #fff; color: #1f2328; margin: 2rem auto; max-width: 46rem; padding: 0 1rem; }}
@media (prefers-color-scheme: dark) {{ body {{ background: #15181c; color: #e6e9ec; }} }}
{style}</style>
</head>
<body>
{body}
</body>
</html>
"""

CLASSES = {Status.PASSED: "passed"} | dict.fromkeys(UNJUDGED, "open")
NAMES = {"passed": "right", "failed": "wrong", "open": "open"}  # for those who hear the page


def write(graded: Graded, surroundings: Surroundings) -> str:
    """One page for all reports."""
    if len(graded) == 1:
        title, report = graded[0]
        return render_html(report, title)
    points, most = points_of(graded)
    total = f'<p class="grade-report"><b>{points} of {most} points</b></p>\n'
    return page(f"{points} of {most} points", total + "\n".join(fragment(report, title) for title, report in graded))


def render_html(report: Report, title: str) -> str:
    """One submission's report as a whole page."""
    return page(f"{title}: {report.points}/{report.max_points}", fragment(report, title))


def page(title: str, body: str) -> str:
    """A page around fragments; `title` is text, `body` is HTML."""
    return PAGE.format(title=_text(title), style=STYLE, body=body)


def fragment(report: Report, title: str) -> str:
    """One submission's report as a part of a page that has `STYLE` in a <style>."""
    score = f'<span class="points">{report.points}/{report.max_points}</span>'
    parts = [
        f"<h2><span>{_text(title)}</span>{score}</h2>",
        f'<p class="dim">{_text(file_of(report))}</p>',
        "<table>",
        *map(_exercise_row, report.exercises),
        "</table>",
        *(_details(exercise) for exercise in report.exercises if has_details(exercise)),
    ]
    if len(report.exercises) == 1 and not has_details(report.exercises[0]):
        parts.append(_curve(report.exercises[0]) + _printed(report.exercises[0]))
    if report.is_perfect:
        parts.append(f'<p class="passed">{praise(report)}</p>')
    else:
        parts.append(f"<p><b>Next:</b> <code>{_text(next_step(report.exercises))}</code></p>")
    if report.isolation != STRONGEST:
        parts.append(f'<p class="dim">Isolation: {_text(report.isolation)} only.</p>')
    return '<section class="grade-report">\n' + "\n".join(filter(None, parts)) + "\n</section>"


def _exercise_row(exercise: ExerciseReport) -> str:
    word = "" if exercise.status in (Status.PASSED, Status.FAILED) else verdict(exercise)
    return (
        f'<tr><td>{_mark(exercise.status)}</td><th scope="row" class="id">{_text(exercise.id.partition(".")[2])}</th>'
        f'<td class="dim">{_text(word)}</td><td class="points">{exercise.points}/{exercise.max_points}</td></tr>'
    )


def _details(exercise: ExerciseReport) -> str:
    told: set[str] = set()
    claims = "\n".join(_claim(check, told) for check in exercise.checks)
    score = f'<span class="dim">{exercise.points}/{exercise.max_points}</span>'
    return f"<h3>{_text(exercise.id)} {score}</h3>\n<ul>\n{claims}\n</ul>{_curve(exercise)}{_printed(exercise)}"


def _claim(check: CheckReport, told: set[str]) -> str:
    skipped = " (not asked)" if check.status is Status.SKIPPED else ""
    points = f'<span class="dim">{skipped} {check.points}/{check.max_points}</span>'
    item = f"<li>{_mark(check.status)}{_text(check.claim)} {points}"
    if finding := check.finding:
        item += f"\n<p>{_text(finding.message)}</p>"
        if finding.map and says_more(finding.map):
            item += f'\n<div class="curve">{maps.svg(finding.map)}</div>'
        if hint := finding.hint:
            kind, words = ("hint again", SAME_CAUSE) if hint in told else ("hint", hint)
            item += f'\n<p class="{kind}">{GLYPHS["hint"]} {_text(words)}</p>'
            told.add(hint)
    return item + "</li>"


def _curve(exercise: ExerciseReport) -> str:
    """How a training run's loss went."""
    picture = svg(exercise.curve, f"loss of {exercise.id}")
    return f'\n<div class="curve">{picture}</div>' if picture else ""


def _printed(exercise: ExerciseReport) -> str:
    lines = [one_line(line) for line in exercise.printed.splitlines()[: MAX_PRINTED_LINES + 1]]
    if not any(lines):
        return ""
    shown = [*lines[:MAX_PRINTED_LINES], *(["…"] if len(lines) > MAX_PRINTED_LINES else [])]
    return f'\n<p class="dim">your code printed:</p>\n<pre>{_text(chr(10).join(shown))}</pre>'


def _mark(status: Status) -> str:
    kind = CLASSES.get(status, "failed")
    return f'<span class="mark {kind}" role="img" aria-label="{NAMES[kind]}">{GLYPHS[kind]}</span>'


def _text(text: str) -> str:
    return escape(inert(text))
