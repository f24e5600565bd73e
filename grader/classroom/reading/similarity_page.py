"""Similar submissions side by side on a page, with the matching passages marked, for a person to judge."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from grader.classroom.reading import pages
from grader.classroom.reading.pages import text
from grader.classroom.reading.similarity import Pair
from grader.classroom.reading.statistics import percent
from grader.classroom.reading.tokens import code_of

MAX_PAIRS = 50  # pairs on the page; nobody reads more, and the total is stated
AROUND = 3  # lines of context above and below a match
WIDE = 200  # characters shown of a line
WORDS = (
    "These pairs share longer runs of code than the stubs and common answers explain; names, numbers, comments and the order of "
    "functions were ignored. Alike is not copied: two may have worked together as they were allowed to, read the same "
    "book, or thought alike. The page asks you to look and to ask. It decides nothing, and no grade depends on it."
)


def render(
    pairs: Sequence[Pair],
    sources: Mapping[str, bytes],
    title: str,
    groups: Sequence[Sequence[str]] = (),
    names: Mapping[str, str] | None = None,
) -> str:
    """The page; `sources` are the files that were compared, by student, `names` what students are called.

    `groups` are students whose work is equal. One of each is among the pairs, for all.
    """
    names = dict(names or {}) or {student: student for student in sources}
    for group in groups:
        names[group[0]] += f" (and {len(group) - 1} equal)"
    sources = {names[student]: source for student, source in sources.items()}
    pairs = [replace(pair, left=names[pair.left], right=names[pair.right]) for pair in pairs]
    shown = pairs[:MAX_PAIRS]
    head = f'<header><h1>{text(title)}</h1><p class="meta">Submissions that are alike</p></header><p class="note words">{WORDS}</p>'
    columns = [("", "Pair"), ("num", "Alike"), ("num", "Pieces"), ("", "Exercises that are alike in themselves")]
    rows = [_row(number, pair) for number, pair in enumerate(shown, 1)]
    body = pages.table(columns, rows, "looks") if rows else "<p>No two submissions are alike beyond what is common.</p>"
    if len(pairs) > MAX_PAIRS:
        body += f'<p class="note">and {len(pairs) - MAX_PAIRS} more pairs, which share less</p>'
    note = "Alike: how much of the shorter one's uncommon code the other has, too. Who share most come first."
    parts = [head, *_groups(groups, names), pages.section("Pairs", body, "pairs", note)]
    lines = {student: code_of(source).split("\n") for student, source in sources.items() if _is_in(student, shown)}
    parts += [_pair(number, pair, lines) for number, pair in enumerate(shown, 1)]
    return pages.document(f"{title}: alike", "\n".join(parts), pages.asset("pages.css") + pages.asset("similarity.css"))


def _groups(groups: Sequence[Sequence[str]], names: Mapping[str, str]) -> list[str]:
    """A section with the students of each group; none where there are no groups."""
    rows = [
        f'<tr><td class="num">{len(group)}</td><td>{", ".join(text(names[student], 60) for student in group)}</td></tr>'
        for group in groups
    ]
    note = "Equal but for names, numbers, comments and layout. The first of each stands for all of them below."
    columns = [("num", "Students"), ("", "Who")]
    return [pages.section("The same work", pages.table(columns, rows, "looks"), "same", note)] if rows else []


def _is_in(student: str, pairs: Sequence[Pair]) -> bool:
    return any(student in (pair.left, pair.right) for pair in pairs)


def _row(number: int, pair: Pair) -> str:
    ones = ", ".join(f"{text(name)} {percent(score)}" for name, score in pair.exercises) or "–"
    names = f"{text(pair.left, 60)} and {text(pair.right, 60)}"
    return (
        f'<tr><td><a href="#pair-{number}">{names}</a></td><td class="num" data-name="Alike">{percent(pair.score)}</td>'
        f'<td class="num" data-name="Pieces">{pair.shared}</td><td class="soft">{ones}</td></tr>'
    )


def _pair(number: int, pair: Pair, lines: Mapping[str, Sequence[str]]) -> str:
    parts = []
    for exercise in dict.fromkeys(match.exercise for match in pair.matches):
        runs = [match for match in pair.matches if match.exercise == exercise]
        left = _side(lines[pair.left], [match.left for match in runs], pair.left)
        right = _side(lines[pair.right], [match.right for match in runs], pair.right)
        parts.append(f'<h3>{text(exercise)}</h3><div class="sides">{left}{right}</div>')
    heading = f"{text(pair.left, 60)} and {text(pair.right, 60)}"
    return pages.section(heading, "".join(parts), f"pair-{number}", f"{percent(pair.score)} alike")


def _side(lines: Sequence[str], runs: Sequence[tuple[int, int]], student: str) -> str:
    """One student's lines around the matches, with the matching lines marked; a line with dots stands for a gap."""
    marked = {line for first, last in runs for line in range(first, last + 1)}
    wanted = {near for line in marked for near in range(line - AROUND, line + AROUND + 1) if 0 < near <= len(lines)}
    parts, before = [], 0
    for line in sorted(wanted):
        if before and line > before + 1:
            parts.append('<span class="gap">⋯</span>')
        code = pages.lines(lines[line - 1].expandtabs(4), WIDE)
        kind = "alike" if line in marked else "near"
        parts.append(f'<span class="{kind}"><i>{line:>4}</i> {code}</span>')
        before = line
    return f"<figure><figcaption>{text(student, 60)}</figcaption><pre>{''.join(parts)}</pre></figure>"
