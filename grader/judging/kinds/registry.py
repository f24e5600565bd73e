"""All kinds of checks by name, and what a key's check means: a key holds a kind as text and its options as a dict."""

from collections.abc import Sequence
from functools import cache
from importlib import import_module
from typing import Any

from grader.judging.kinds.kind import Kind
from grader.key import CheckKey, ExerciseKey, Key, KeyFileError, Question
from grader.report import Finding
from grader.typed import build

# One line for each: the name of its file.
NAMES = (
    "agrees",
    "moves",
    "keeps",
    "slopes",
    "orders",
    "raises",
    "distributed",
    "categorical",
    "seeded",
    "grows",
    "bounded",
    "reaches",
)


@cache
def named(name: str) -> Kind:
    """The kind of one of the NAMES. Its file is loaded when it is first asked for: a unit's key has three or four kinds."""
    return import_module(f"grader.judging.kinds.{name}").KIND


def kind_of(check: CheckKey) -> Kind:
    """A check's kind; KeyFileError for one that this version does not know."""
    if check.kind not in NAMES:
        text = f"the key has a check of the kind {check.kind!r}, which this version of the grader does not know"
        raise KeyFileError(f"{text}; make it again with `grade dev build`")
    return named(check.kind)


def options_of(check: CheckKey) -> Any:
    """A check's options, of the type that its kind names; KeyFileError where they are not its kind's."""
    kind = kind_of(check)
    try:
        return build(kind.options, check.options)
    except ValueError as error:
        text = f"the key is damaged ({check.kind}: {error})"
        raise KeyFileError(f"{text}; make it again with `grade dev build`") from None


def decide(
    check: CheckKey, answers: list, questions: list[Question], names: Sequence[str], facts: Any
) -> Finding | None:
    """Decide a check for one case: a finding, or None where its claim holds.

    `answers` are those to the case's `questions`, `names` what their parts are called; `facts` are the check's of this case.
    """
    return kind_of(check).decide(answers, questions, names, facts, options_of(check))


def is_run(exercise: ExerciseKey) -> bool:
    """Whether something is trained, which is judged by what was learned."""
    return any(kind_of(check).trains for check in exercise.checks)


def known(key: Key, name: str) -> Key:
    """The key, all of whose checks this version can decide; KeyFileError, with the file's name, where it is not so."""
    try:
        for exercise in key.exercises:
            for check in exercise.checks:
                options_of(check)
    except KeyFileError as error:
        raise KeyFileError(f"{name}: {error}") from None
    return key
