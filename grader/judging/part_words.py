"""The parts of an answer in an author's words: not `numbers[4]`, but what it is, "the gradient of b in a·b + c".

Findings name parts as Python does; what is shown to a student goes through `in_words`. A driver's own keys, such as "gradient
in x", are words already.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from grader.key import ExerciseKey
from grader.report import ExerciseReport, Finding

EVERY = ""  # the case of words that hold in every case
CASE = re.compile(r"\(case: (.*)\)$", re.DOTALL)
BEGINS = re.compile(r"(?:^|(?<=[.?!] ))(?:the|entry) ")  # a sentence, with words in the place of a name
ARTICLE = re.compile(r"(?:the|a|an|every|each|whether|all) ")


def in_words(report: ExerciseReport, exercise: ExerciseKey) -> ExerciseReport:
    """The report with its findings in an author's words."""
    if not any(check.finding for check in report.checks):
        return report
    keys = set(_spoken_keys(exercise))
    if not exercise.words and not keys:
        return report

    def worded(finding: Finding) -> Finding:
        found = CASE.search(finding.message)
        words = exercise.words.get(EVERY, {}) | (exercise.words.get(found[1], {}) if found else {})
        change = spoken(words, keys)
        part = finding.map and replace(finding.map, part=change(finding.map.part))
        return replace(finding, message=change(finding.message), hint=_sentences(change(finding.hint)), map=part)

    checks = (replace(check, finding=worded(check.finding)) if check.finding else check for check in report.checks)
    return replace(report, checks=tuple(checks))


def spoken(words: Mapping[str, str], keys: set[str]) -> Callable[[str], str]:
    """What puts words into a text: `words` by a part as Python names it, `#` for any place; `keys` of a driver's dicts.

    >>> spoken({"w[#]": "w after step {}"}, {"gradient in x"})("w[2][0, 1] is 3; 'gradient in x' is not")
    'entry [0, 1] of w after step 3 is 3; the gradient in x is not'
    """
    patterns = [(_pattern(part), text) for part, text in sorted(words.items(), key=lambda pair: -len(pair[0]))]
    own = [key for key in sorted(keys, key=len, reverse=True) if repr(key) not in words]
    patterns += [(_pattern(repr(key)), key if ARTICLE.match(key) else f"the {key}") for key in own]

    def change(text: str) -> str:
        for pattern, told in patterns:
            text = pattern.sub(lambda found, told=told: _told(found, told), text)
        return text

    return change


@lru_cache(512)
def _pattern(part: str) -> re.Pattern:
    """A part's name in a text, with the entry of an array behind it."""
    text = re.escape(part).replace(r"\['\#'\]", r"\['([^']*)'\]").replace(r"\[\#\]", r"\[(\d+)\]")
    before = "" if part.startswith(("'", '"')) else r"(?<![\w\]])"
    return re.compile(before + text + r"(?P<entry>(?:\[[\d, ]+\])+)?")


def _sentences(hint: str) -> str:
    """A hint whose sentences begin with a capital where a part's name has become words."""
    return BEGINS.sub(lambda found: found[0].capitalize(), hint)


def _told(found: re.Match, told: str) -> str:
    places = (str(int(place) + 1) if place.isdigit() else place for place in found.groups()[:-1])
    entry = f"entry {found['entry']} of " if found["entry"] else ""
    return entry + told.format(*places)


def _spoken_keys(exercise: ExerciseKey) -> Iterator[str]:
    """The keys of a driver's answers that are words."""
    if any(exercise.way_of(question).driver for question in exercise.questions):
        for question in exercise.questions:
            yield from _keys(question.expected)


def _keys(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        yield from (key for key in tree if isinstance(key, str) and " " in key)
    for part in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list | tuple) else ():
        yield from _keys(part)
