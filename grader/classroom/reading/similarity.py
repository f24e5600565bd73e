"""Pairs of submissions that are alike beyond what stubs and common answers explain: a prompt to look, never a verdict.

Winnowing (Schleimer, Wilkerson, Aiken 2003) over the tokens of each exercise's function or class: of every WINDOW
hashes of K_GRAM tokens in a row the least is kept, so that any common run of K_GRAM + WINDOW − 1 tokens is found,
however functions are ordered and names chosen. Hashes that the stubs have, or more than a share of the class, tell
nothing and are left out.
"""

import zlib
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from itertools import combinations

from grader.classroom.reading.tokens import Token, code_of, functions
from grader.frozen import frozen

K_GRAM = 12  # shorter runs are NumPy's idioms: x - x.max(axis=-1, keepdims=True) has 14 tokens
WINDOW = 4
COMMON = 0.05  # of the class; code that so many share is an obvious way to write it
FEW = 3  # at least so many, because in a small class three may have copied
LEAST_SHARED = 15  # fingerprints, about 50 consecutive tokens; short functions have few ways to be written
LEAST_SCORE = 0.3  # over all exercises; independently written code reaches 0.07
ONE_SCORE = 0.6  # within one exercise; independently written code reaches 0.41


@frozen
class Match:
    """Matching lines of an exercise's function in both texts, each as (first, last), counted from 1."""

    exercise: str
    left: tuple[int, int]
    right: tuple[int, int]


@frozen
class Pair:
    """Two similar submissions. `score` is the share of the shorter one's uncommon fingerprints that both have.

    `exercises` are the exercises that are similar by themselves, each with its own score.
    """

    left: str
    right: str
    score: float
    shared: int
    exercises: tuple[tuple[str, float], ...]
    matches: tuple[Match, ...]


@frozen
class Prints:
    """A submission's fingerprints: (exercise, hash) -> first and last line of the first occurrence."""

    lines: dict[tuple[str, int], tuple[int, int]]


def alike(sources: Mapping[str, bytes], stubs: str, exercises: Collection[str], common: float = COMMON) -> list[Pair]:
    """The pairs of students whose work on a unit's exercises is similar; those who share most come first.

    `sources` are the files by student; `common` is the share of the class above which a fingerprint tells nothing. Code
    outside the exercises' own functions is not compared.
    """
    prints = {student: fingerprints(code_of(source), exercises) for student, source in sources.items()}
    telling = _telling(prints, fingerprints(stubs, exercises), max(FEW, int(common * len(sources))))
    sizes: Counter[str] = Counter()
    sizes_of_one: Counter[tuple[str, str]] = Counter()
    shared: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)  # by exercise
    for (exercise, _), students in telling.items():
        sizes.update(students)
        sizes_of_one.update((student, exercise) for student in students)
        for pair in combinations(students, 2):
            shared[pair][exercise] += 1
    found = []
    for (left, right), counts in shared.items():
        count = counts.total()
        score = count / min(sizes[left], sizes[right])
        ones = {name: n / min(sizes_of_one[left, name], sizes_of_one[right, name]) for name, n in counts.items()}
        alone = tuple((name, one) for name, one in ones.items() if one >= ONE_SCORE and counts[name] >= LEAST_SHARED)
        if count >= LEAST_SHARED and (alone or score >= LEAST_SCORE):
            both = [key for key in prints[left].lines if key in telling and key in prints[right].lines]
            found.append(Pair(left, right, score, count, alone, _matches(both, prints[left], prints[right])))
    return sorted(found, key=lambda pair: (-pair.shared, -pair.score))


def same(sources: Mapping[str, bytes], stubs: str, exercises: Collection[str]) -> list[list[str]]:
    """The groups of students whose work on a unit is equal but for names, numbers and layout, the largest first.

    A few short functions that many write alike are no such group: it takes as much code as a pair does.
    """
    given = fingerprints(stubs, exercises).lines.keys()
    groups: dict[frozenset[tuple[str, int]], list[str]] = defaultdict(list)
    for student, source in sources.items():
        mine = frozenset(fingerprints(code_of(source), exercises).lines.keys() - given)
        if len(mine) >= LEAST_SHARED:
            groups[mine].append(student)
    return sorted((group for group in groups.values() if len(group) > 2), key=lambda group: (-len(group), group))


def _telling(prints: Mapping[str, Prints], given: Prints, most: int) -> dict[tuple[str, int], list[str]]:
    """The students who have each fingerprint, for those that are not in the stubs and that at most `most` have."""
    holders: dict[tuple[str, int], list[str]] = defaultdict(list)
    for student, mine in prints.items():
        for key in mine.lines:
            if key not in given.lines:
                holders[key].append(student)
    return {key: students for key, students in holders.items() if len(students) <= most}


def fingerprints(text: str, exercises: Collection[str]) -> Prints:
    """The fingerprints of a text's functions."""
    lines: dict[tuple[str, int], tuple[int, int]] = {}
    for name, tokens in functions(text, exercises).items():
        for at, value in winnow(_hashes(tokens)):
            lines.setdefault((name, value), (tokens[at].line, tokens[at + K_GRAM - 1].line))
    return Prints(lines)


def _hashes(tokens: Sequence[Token]) -> list[int]:
    texts = [token.text for token in tokens]
    return [zlib.crc32(" ".join(texts[at : at + K_GRAM]).encode()) for at in range(len(texts) - K_GRAM + 1)]


def winnow(hashes: Sequence[int], window: int = WINDOW) -> list[tuple[int, int]]:
    """(index, hash) of the smallest hash in every window, the rightmost of equal ones, without duplicates."""
    if not hashes:
        return []
    kept: dict[int, int] = {}
    for start in range(max(len(hashes) - window + 1, 1)):
        end = min(start + window, len(hashes))
        place = min(range(start, end), key=lambda at: (hashes[at], -at))
        kept[place] = hashes[place]
    return list(kept.items())


def _matches(both: Sequence[tuple[str, int]], left: Prints, right: Prints) -> tuple[Match, ...]:
    """Matches of lines, joined from shared fingerprints that overlap or touch in both texts."""
    spots = sorted((name, left.lines[name, value], right.lines[name, value]) for name, value in both)
    runs: list[Match] = []
    for name, ours, theirs in spots:
        last = runs[-1] if runs else None
        if last and last.exercise == name and _touch(last.left, ours) and _touch(last.right, theirs):
            runs[-1] = Match(name, _joined(last.left, ours), _joined(last.right, theirs))
        else:
            runs.append(Match(name, ours, theirs))
    return tuple(runs)


def _touch(a: tuple[int, int], b: tuple[int, int]) -> bool:
    return b[0] <= a[1] + 1 and a[0] <= b[1] + 1


def _joined(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    return min(a[0], b[0]), max(a[1], b[1])
