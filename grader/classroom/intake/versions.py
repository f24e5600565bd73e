"""Which of several files is the newest, by their names: `_v2`, `(2)`, `-10`, `final`, `old`.

Names decide only where they count in one way. `attention_v2` and `attention (1)` do not say which is newer, and neither
does a copy: then a person has to choose.
"""

import re
from collections.abc import Sequence
from dataclasses import field
from itertools import permutations

from grader.frozen import frozen

# What follows a name and counts versions, one piece at a time from the end.
PIECE = re.compile(
    r"(?P<paren>\s*\((?P<n>\d{1,14})\))$|[-_. ]+(?:(?P<v>v|ver|version|versuch|attempt)[-_. ]*(?P<vn>\d{1,4})|(?P<dn>\d{1,14})"
    r"|(?P<final>final|finale|finished|done|abgabe|submission|new|neu|fixed|corrected|latest|newest)[-_. ]*(?P<fn>\d{1,4})?"
    r"|(?P<old>old|alt|draft|entwurf|backup|bak|wip|orig|original|first)[-_. ]*(?P<on>\d{1,4})?"
    r"|(?P<copy>copy|kopie|copie|copia))$",
    re.IGNORECASE,
)
BEFORE = re.compile(r"^(?:copy of|kopie von|copie de|copia de)[-_ ]+", re.IGNORECASE)
WAYS = ("v", "dash", "paren")  # of counting, the author's own first


@frozen
class Version:
    """What a name says of its version. `rank` is -1 for a draft, 1 for a final one; `counts` are by way of counting."""

    base: str
    rank: int = 0
    counts: dict[str, tuple[int, ...]] = field(default_factory=dict)
    is_copy: bool = False


def version(stem: str) -> Version:
    """The version that a file's name without its suffix says."""
    base, rank, counts, is_copy = stem, 0, {}, False
    while match := PIECE.search(base):
        if not base[: match.start()].strip("-_. "):
            break
        if match["paren"]:
            counts.setdefault("paren", (int(match["n"]),))
        elif match["v"]:
            counts.setdefault("v", (int(match["vn"]),))
        elif match["dn"]:
            counts["dash"] = (int(match["dn"]), *counts.get("dash", ()))
        elif match["copy"]:
            is_copy = True
        else:
            rank = 1 if match["final"] and rank >= 0 else -1
            if number := match["fn"] or match["on"]:
                counts.setdefault("v", (int(number),))
        base = base[: match.start()]
    if before := BEFORE.match(base):
        base, is_copy = base[before.end() :], True
    dash = counts.get("dash", ())
    if len(dash) == 3 and dash[2] > 31:  # a date with the day first
        counts["dash"] = dash[::-1]
    return Version(base, rank, counts, is_copy)


def plain(stem: str) -> str:
    """A file's name without its suffix and without what counts versions: `attention` for `attention (1)` and `attention_v2`."""
    return version(stem).base


def is_newer(one: str, other: str) -> bool:
    """Whether a name says that its file is newer than the other's; False if nothing decides."""
    a, b = version(one), version(other)
    if a.base.casefold() != b.base.casefold() or a.is_copy != b.is_copy:
        return False
    if a.rank != b.rank:
        return a.rank > b.rank
    for place, way in enumerate(WAYS):
        mine, theirs = a.counts.get(way), b.counts.get(way)
        if mine == theirs:
            continue
        if mine is not None and theirs is not None:
            return len(mine) == len(theirs) and mine > theirs
        rest = (b if theirs is None else a).counts  # does the one that does not count so count in another way?
        return theirs is None and not any(rest.get(later) is not None for later in WAYS[place + 1 :])
    return False


def newest(stems: Sequence[str]) -> list[int]:
    """Where the names are to which none is newer: one if the names decide, several if they do not."""
    older = {two for one, two in permutations(range(len(stems)), 2) if is_newer(stems[one], stems[two])}
    return [at for at in range(len(stems)) if at not in older]
