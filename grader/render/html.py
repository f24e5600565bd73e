"""The report as HTML: a self-contained page without scripts or requests, light or dark as the reader's system is.

`render_html` makes a whole page; `fragment` makes a part of one that has `STYLE`, for a notebook or a feedback page.
The words are the same as in the terminal. Everything that came from a submission is made inert, then escaped.
"""

from html import escape

from grader.judging.error_maps import says_more
from grader.render import maps
from grader.render.curves import svg
from grader.render.formats import Graded, Surroundings
from grader.render.plain_words import GLYPHS, MAX_PRINTED_LINES, SAME_CAUSE, has_details, is_told
from grader.render.rows import file_of, points_of, verdict
from grader.render.terminal import next_step, praise
from grader.report import UNJUDGED, CheckReport, ErrorMap, ExerciseReport, Report, Status
from grader.sandbox.walls.levels import STRONGEST
from grader.text import in_order, inert, one_line

# Text has a contrast of 4.5:1 against the background in both schemes. A fragment takes background and text colour from the
# page around it. The shades of a map go from the background to what stands out most on it.
LIGHT = """--right: #1a7f37; --wrong: #b42318; --open: #646b73; --line: #8886;
  --map-0: #eef1f4; --map-1: #fed976; --map-2: #fd8d3c; --map-3: #e31a1c; --map-4: #800026; --map-5: #000;"""
DARK = """--right: #4ac26b; --wrong: #ff8d7e; --open: #9aa4ae; --line: #8886;
  --map-0: #2b3138; --map-1: #6d4017; --map-2: #b5541c; --map-3: #f28e2c; --map-4: #ffe28f; --map-5: #fff;"""
# JupyterLab's own font inside JupyterLab; its rules for tables, lists and headings are overridden by more specific ones.
STYLE = (
    f".grade-report {{ {LIGHT} }}\n@media (prefers-color-scheme: dark) {{ .grade-report {{ {DARK} }} }}\n"
    + """\
.grade-report { font: var(--jp-content-font-size1, 16px)/1.5 var(--jp-content-font-family, system-ui, sans-serif);
  max-width: 46rem; overflow-wrap: anywhere; }
.grade-report h2 { display: flex; font-size: 1.3em; line-height: 1.3; margin: 1.2em 0 .4em; }
.grade-report h2 .points { margin-left: auto; padding-left: 1rem; }
.grade-report h3 { font: bold 1em/1.5 ui-monospace, monospace; margin: 1.5em 0 .25em; }
.grade-report table.asked { border-collapse: collapse; font-size: 1em; margin: .5em 0; table-layout: auto; width: 100%; }
.grade-report .asked td, .grade-report .asked th { border-bottom: 1px solid var(--line); font-weight: normal;
  max-width: none; padding: .25em .5em; text-align: left; vertical-align: baseline; white-space: normal; }
.grade-report .asked td:first-child { padding-left: 0; width: 1em; }
.grade-report .asked .id { overflow-wrap: break-word; }
.grade-report .asked td.dim { min-width: 6em; }
.grade-report .asked td.points { padding-right: 0; text-align: right; white-space: nowrap; }
.grade-report .points { font-variant-numeric: tabular-nums; white-space: nowrap; }
.grade-report ul.claims { list-style: none; margin: 0; padding: 0; }
.grade-report .claims li { margin: .5em 0; padding-left: 1.5em; }
.grade-report .claims li > .mark { float: left; margin-left: -1.5em; }
.grade-report p { margin: .15em 0; white-space: pre-line; }
.grade-report .hint { font-weight: bold; }
.grade-report .again, .grade-report .dim, .grade-report .open { color: var(--open); font-weight: normal; }
.grade-report .passed { color: var(--right); }
.grade-report .failed { color: var(--wrong); }
.grade-report pre { border-left: 3px solid var(--line); margin: .25em 0 0 1.5em; padding: .25em .75em;
  overflow-x: auto; }
.grade-report .curve { max-width: 30rem; }
.grade-report .curve svg { display: block; font-family: inherit; height: auto; max-width: 100%; }
.grade-report .bar { display: block; height: .3em; margin: .4em 0; max-width: 30rem; width: 100%; }
.grade-report table.shown { border-collapse: collapse; margin: .75em 0; }
.grade-report .shown td, .grade-report .shown th { border-bottom: 1px solid var(--line); overflow-wrap: normal;
  padding: .25em .75em .25em 0; text-align: left; vertical-align: baseline; }
.grade-report figure { margin: .75em 0; }
.grade-report .map { fill: currentColor; }
.grade-report .map .ground { fill: none; }
"""
    + "".join(f".grade-report .map .m{level} {{ fill: var(--map-{level}); }}\n" for level in range(6))
    + """\
.grade-report code, .grade-report pre, .grade-report .id { font-family: ui-monospace, monospace; font-size: .95em; }
"""
)

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
NAMES = {"passed": "right", "failed": "wrong", "open": "open"}  # for screen readers


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


def fragment(report: Report, title: str, prompt: str = "") -> str:
    """One submission's report as a part of a page that has `STYLE` in a <style>.

    `prompt` goes before a command, as a notebook's `!` does.
    """
    score = f'<span class="points">{report.points}/{report.max_points}</span>'
    parts = [
        f"<h2><span>{_text(title)}</span>{score}</h2>",
        f'<p class="dim">{_text(file_of(report))}</p>',
        '<table class="asked">',
        *map(_exercise_row, report.exercises),
        "</table>",
        *(_details(exercise) for exercise in report.exercises if has_details(exercise)),
    ]
    if len(report.exercises) == 1 and not has_details(report.exercises[0]):
        parts.append(_curve(report.exercises[0]) + _printed(report.exercises[0]))
    if report.is_perfect:
        parts.append(f'<p class="passed">{praise(report)}</p>')
    else:
        parts.append(f"<p><b>Next:</b> <code>{_text(prompt + next_step(report.exercises))}</code></p>")
    if report.isolation != STRONGEST:
        parts.append(f'<p class="dim">Isolation: {_text(report.isolation)} only.</p>')
    return '<section class="grade-report">\n' + "\n".join(filter(None, parts)) + "\n</section>"


def _exercise_row(exercise: ExerciseReport) -> str:
    word = "" if exercise.status in (Status.PASSED, Status.FAILED) else verdict(exercise)
    name = _text(exercise.id.partition(".")[2]).replace("_", "_<wbr>")  # a long name may break there on a phone
    return (
        f'<tr><td>{_mark(exercise.status)}</td><th scope="row" class="id">{name}</th>'
        f'<td class="dim">{_text(word)}</td><td class="points">{exercise.points}/{exercise.max_points}</td></tr>'
    )


def _details(exercise: ExerciseReport) -> str:
    told: set[str] = set()
    drawn: list[ErrorMap] = []
    claims = "\n".join(_claim(check, told, drawn) for check in exercise.checks)
    score = f'<span class="dim">{exercise.points}/{exercise.max_points}</span>'
    head = f'<h3>{_text(exercise.id)} {score}</h3>\n<ul class="claims">'
    return f"{head}\n{claims}\n</ul>{_curve(exercise)}{_printed(exercise)}"


def _claim(check: CheckReport, told: set[str], drawn: list[ErrorMap]) -> str:
    """A claim with its finding; a hint and a picture that have been shown above are not repeated."""
    skipped = " (not asked)" if check.status is Status.SKIPPED else ""
    points = f'<span class="dim">{skipped} {check.points}/{check.max_points}</span>'
    item = f"<li>{_mark(check.status)}{_text(check.claim)} {points}"
    if finding := check.finding:
        item += f"\n<p>{_text(finding.message)}</p>"
        if finding.map and finding.map not in drawn and says_more(finding.map):
            item += f'\n<div class="curve">{maps.svg(finding.map)}</div>'
            drawn.append(finding.map)
        if hint := finding.hint:
            kind, words = ("hint again", SAME_CAUSE) if is_told(finding, told) else ("hint", hint)
            item += f'\n<p class="{kind}">{GLYPHS["hint"]} {_text(words)}</p>'
    return item + "</li>"


def _curve(exercise: ExerciseReport) -> str:
    """The loss curve of a training run; empty for any other exercise."""
    picture = svg(exercise.curve, f"loss of {exercise.id}", exercise.band)
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
    return escape(in_order(inert(text)))
