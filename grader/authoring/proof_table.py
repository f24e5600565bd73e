"""The results of a proof as Markdown: a table row for each unit and, folded away, a row for each exercise."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from grader.authoring.proof import Proof

COLUMNS = ("points", "cases", "claims", "mistakes", "survivors")


def markdown(proofs: Sequence[Proof], seeds: int) -> str:
    """The tables as Markdown, ready to paste into a document."""
    parts = [[unit, list(group)] for unit, group in groupby(proofs, lambda proof: proof.exercise.partition(".")[0])]
    total = _sums(proofs)
    lines = [f"{len(proofs)} exercises on {_count(seeds, 'seed')}; survivors are mistakes that kept every point.", ""]
    lines += _head("unit", "exercises", *COLUMNS)
    lines += [_row(unit, len(group), *_sums(group)) for unit, group in parts]
    lines += [_row("**together**", *(f"**{number}**" for number in (len(proofs), *total))), ""]
    lines += ["<details>", "<summary>Each exercise</summary>", ""]
    lines += _head("exercise", *COLUMNS, "rewrites", "seeds", "tolerance", "rewrites use", "nearest mistake")
    lines += map(_exercise, proofs)
    return "\n".join([*lines, "", "</details>"])


def _exercise(proof: Proof) -> str:
    """A table row; a training run has its bar instead of a tolerance, and extreme scores instead of distances."""
    near = f"{proof.nearest:.0e} tol" if proof.nearest < float("inf") else "another form"
    measured = (f"{proof.tolerance:.0e}", f"{proof.used:.1%}", near) if proof.tolerance else ("exact", "", near)
    if proof.scores:
        measured = proof.scores.bar, proof.scores.worst, proof.scores.best
    mark = " ✗" if proof.failures else ""
    return _row(f"`{proof.exercise}`{mark}", *_sums([proof]), proof.rewrites, proof.seeds, *measured)


def _sums(proofs: Sequence[Proof]) -> tuple[int, ...]:
    rows = [(p.points, p.cases, p.claims, p.mistakes, len(p.survivors)) for p in proofs]
    return tuple(map(sum, zip(*rows, strict=True)))


def _head(first: str, *others: str) -> Iterator[str]:
    yield _row(first, *others)
    yield "|".join(["", "---", *["--:"] * len(others), ""])


def _row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _count(number: int, word: str) -> str:
    return f"{number} {word}" + ("" if number == 1 else "s")
