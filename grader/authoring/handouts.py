r"""A unit's README.md: what it teaches, and for each exercise why it matters, what to write and what is checked.

GitHub renders less LaTeX than a notebook does, and `$` only between spaces. So formulas are written in GitHub's other
form, $`…`$ and ```math, in which Markdown is not interpreted; \operatorname, which GitHub refuses, becomes \mathrm.
"""

import re
from itertools import pairwise

from grader.course.demo_files import has_demo
from grader.course.unit import Unit, UnitError
from grader.render.maths import segments

PICTURE = re.compile(r"^!\[(?P<alt>[^\]]*)\]\((?P<file>[\w.-]+)\)\n\n(?P<caption>\*(?:.|\n(?!\n))+)", re.MULTILINE)
MARKS = re.compile(r"(`[^`|]+`)|([\\`*_\[\]<>|$~#])")  # code, and characters that are special in Markdown


def readme(unit: Unit) -> str:
    """The Markdown of a unit's handout. It contains no reference, no mistake and no hint."""
    parts = [f"# {escaped(unit.title)}", _github(unit, "", unit.introduction), _table(unit), _how(unit)]
    for name in unit.exercises:
        parts += _section(unit, name)
    return "\n\n".join(part for part in parts if part) + "\n"


def illustrations(unit: Unit) -> list[str]:
    """The files of the pictures in handout.md; UnitError if one has no caption or no function that draws it."""
    texts = [unit.introduction, *(unit.handout(name) for name in unit.exercises)]
    shown = [found["file"] for text in texts for found in PICTURE.finditer(text)]
    if sum(text.count("![") for text in texts) != len(shown):
        raise UnitError(
            f"{unit.folder / 'handout.md'}: a picture stands in a paragraph of its own, ![what is seen](name.svg), "
            "and the next paragraph is its caption, in *italics*"
        )
    drawn = [f"{name}.svg" for name in unit.pictures]
    if sorted(shown) != sorted(drawn):
        raise UnitError(
            f"{unit.folder / 'handout.md'} shows {', '.join(shown) or 'no pictures'}, "
            f"and pictures.py draws {', '.join(drawn) or 'none'}; each is shown once"
        )
    return shown


def github(markdown: str) -> str:
    """Markdown with formulas in GitHub's form; ValueError for one that touches a letter or digit, which it ignores."""
    pieces, out = [*segments(markdown), ("text", "")], ""
    for (kind, text), (_, after) in pairwise(pieces):
        if kind == "text":
            out += text
            continue
        if kind == "inline" and (re.search(r"\w\Z", out) or re.match(r"\w", after)):
            raise ValueError(f"GitHub renders no formula that touches a letter or a digit: put a space beside ${text}$")
        latex = _allowed(text)
        out += f"$`{' '.join(latex.split())}`$" if kind == "inline" else _display(latex, out, after)
    return out


def escaped(text: str) -> str:
    """Plain text as Markdown that shows it literally, except for code in backticks."""
    return MARKS.sub(lambda found: found[1] or f"\\{found[2]}", text)


def points(number: int) -> str:
    return f"{number} point" + ("" if number == 1 else "s")


def _section(unit: Unit, name: str) -> list[str]:
    exercise, source = unit.exercises[name], unit.source(name)
    claims = [f"- {escaped(check.claim)} ({points(check.points)})" for check in exercise.checks]
    target = f"{unit.name}.{name}"
    return [
        f"## {name}",
        _github(unit, name, unit.handout(name)),
        "\n\n".join(f"```python\n{unit.source(stub).outline}\n```" for stub in unit.stubs_of(name)),
        f"**What is checked** ({points(exercise.points)}): your {'training run' if exercise.is_run else source.kind}",
        "\n".join(claims),
        f"**Cases:** {escaped('; '.join(exercise.cases))}.",
        f"Check it with `grade {target}`; if you are stuck, `grade hint {target}` gives you a hint.",
    ]


def _table(unit: Unit) -> str:
    rows = ["| exercise | points | what it does |", "|---|--:|---|"]
    for name, exercise in unit.exercises.items():
        summary = escaped(unit.source(name).docstring.splitlines()[0])
        rows.append(f"| [`{name}`](#{name}) | {exercise.points} | {summary} |")
    return "\n".join(rows)


def _how(unit: Unit) -> str:
    total = sum(exercise.points for exercise in unit.exercises.values())
    return (
        f"Together they are worth {points(total)}. Write your answers in `{unit.name}.py` and check them all with "
        f"`grade {unit.name}`, or write them in the notebook, save it, and check it with `grade {unit.name}.ipynb`."
        + (f" `grade demo {unit.name}` shows what they make together." if has_demo(unit) else "")
    )


def _github(unit: Unit, name: str, markdown: str) -> str:
    try:
        return github(markdown)
    except ValueError as error:
        raise UnitError(f"{unit.folder / 'handout.md'}, {name or 'introduction'}: {error}") from None


def _allowed(latex: str) -> str:
    """The formula with only the commands that GitHub allows, and without characters that look like HTML."""
    latex = re.sub(r"\\operatorname\*?(?![A-Za-z])", r"\\mathrm", latex)
    return latex.replace("<", r"\lt ").replace(">", r"\gt ")


def _display(latex: str, before: str, after: str) -> str:
    """A display formula on lines of its own, indented like the line on which it begins."""
    indent = before[before.rfind("\n") + 1 :]
    if indent.strip():  # a formula in the middle of a line gets its own
        return f"\n\n```math\n{latex}\n```\n" + ("" if after.startswith("\n") else "\n")
    lines = ["```math", *latex.splitlines(), "```"]
    return f"\n{indent}".join(lines) + ("" if after.startswith("\n") or not after else "\n")
