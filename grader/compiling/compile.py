"""Compile a unit's solutions, with a seed, into a key. Only this room runs references and mistakes for grading."""

import zlib
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

import numpy as np

from grader.answer import Ask
from grader.compiling.allowed import frameworks
from grader.compiling.questions import Questions
from grader.compiling.reacting import reactions
from grader.course.author_code import authored, called, returned, sendable
from grader.course.unit import Unit, UnitError
from grader.exercise import Check, Draw, Exercise, Inputs
from grader.judging.kinds.kind import as_data
from grader.judging.kinds.registry import decide, kind_of
from grader.judging.part_words import EVERY
from grader.key import CheckKey, ExerciseKey, Key, MistakeKey, Question, make
from grader.nest import is_numeric, leaves, mapped
from grader.report import Finding

DRAWS = 20  # one in hundreds needs a second
FAIRER = 3  # draws to get rid of a claim that zeros or ones meet; if they always do, the author is told by the proof


def compile_key(unit: Unit, seed: int | Callable[[str], int], only: Collection[str] = ()) -> Key:
    """The unit's key for a seed, or for a seed of each exercise by its name.

    Raises whatever a reference raises: a reference must answer every case.
    """
    names = [name for name in unit.exercises if not only or name in only]
    seeds = {name: seed(name) if callable(seed) else seed for name in names}
    exercises = [compile_exercise(unit, name, seeds[name]) for name in names]
    return make(unit.name, unit.title, list(unit.allows), exercises)


def compile_exercise(unit: Unit, name: str, seed: int) -> ExerciseKey:
    """The exercise's key. Where chance gives the reference itself a case that does not show what a check claims, all are
    drawn anew: a right answer must not lose a point because an attention looks elsewhere, or a relu is dead; nor is a loss
    that happens to be 1 to give its point to whoever returns 1."""
    return compile_with_mistakes(unit, name, seed)[0]


def compile_with_mistakes(unit: Unit, name: str, seed: int) -> tuple[ExerciseKey, dict[str, Ask]]:
    """The exercise's key, and what asks each of its mistakes: whatever is in the key was asked, and is not asked again."""
    for turn in range(DRAWS):
        key, mistakes = _drawn_key(unit, name, seed, turn)
        lost = _lost_by_the_reference(key)
        if not lost and (turn >= FAIRER or not _is_met_by_a_constant(key)):
            return key, mistakes
    raise UnitError(
        f"{name}: with none of {DRAWS} draws does the reference's own answer show what a check claims, {lost}; draw a case, or "
        "write a change, in which it does. What no change may move is a case of its own, asked with `agrees`"
    )


def _lost_by_the_reference(key: ExerciseKey) -> str:
    """A check's claim that the reference's own answers do not meet, and why; empty where all of them are met."""
    for check in key.checks:
        if kind_of(check).is_of_answers and (found := _finding(key, check, lambda question: question.expected)):
            return f"{check.claim}: {found.message}"
    return ""


def _is_met_by_a_constant(key: ExerciseKey) -> bool:
    """Whether zeros, or ones, meet a claim whose right answers are floats; what a driver counts or finds true is none."""
    for check in (check for check in key.checks if kind_of(check).compares):
        if all(_is_of_floats(key.questions[number].expected) for group in check.groups for number in group):
            for value in (0.0, 1.0):
                if not _finding(key, check, lambda question, value=value: _filled(question.expected, value)):
                    return True
    return False


def _finding(key: ExerciseKey, check: CheckKey, answer: Callable[[Question], Any]) -> Finding | None:
    """The first thing that is wrong for a check with what `answer` gives to its questions; None where its claim is met."""
    for group, facts in zip(check.groups, check.facts, strict=True):
        questions = [key.questions[number] for number in group]
        if found := decide(check, list(map(answer, questions)), questions, key.returns_of(check), facts):
            return found
    return None


def _is_of_floats(tree: Any) -> bool:
    found = leaves(tree)
    return bool(found) and all(is_numeric(leaf) and np.asarray(leaf).dtype.kind == "f" for _, leaf in found)


def _filled(tree: Any, value: float) -> Any:
    """One number in every place of an answer, in its form."""
    return mapped(lambda leaf: np.full_like(leaf, value), tree)


def _drawn_key(unit: Unit, name: str, seed: int, turn: int) -> tuple[ExerciseKey, dict[str, Ask]]:
    np.random.seed(0)  # a mistake may draw from NumPy's own generator; the key must come out the same all the same
    exercise, source, book = unit.exercises[name], unit.source(name), _asked(unit, name, (seed, turn))
    checks = [_compile_check(check, book, unit, (seed, turn)) for check in exercise.checks]
    key = ExerciseKey(
        name=name,
        points=exercise.points,
        parameters=source.parameters,
        shapes=source.shapes,
        returns=unit.returns(name),
        summary=source.summary,
        stub="\n\n".join(unit.source(stub).stub for stub in unit.stubs_of(name)),
        handout=unit.handout(name),
        hints=list(exercise.hints),
        questions=book.questions,
        checks=checks,
        mistakes=[MistakeKey(mistake.name, mistake.sentence) for mistake in exercise.mistakes],
        driver=unit.driver(name),
        torch=exercise.torch,
        pieces=list(exercise.pieces or [name]),
        seconds=exercise.seconds,
        signs=unit.signs(name),
        forbids=book.forbids,
        band=unit.bands.get(name, []),
        words=_words(exercise, book.inputs),
        frameworks=frameworks(unit, name),
        reacts={} if exercise.is_run else reactions(book.asked(""), book.questions),
    )
    return key, book.mistakes


def _asked(unit: Unit, name: str, seed: tuple[int, int]) -> Questions:
    """The exercise's cases, drawn and asked."""
    exercise, book = unit.exercises[name], Questions(unit, name)
    errors = _errors(exercise)
    for label, case in exercise.cases.items():
        inputs = _drawn(case, Draw(_rng(seed, unit.name, name, label)), f"{name}: case {label!r}", unit)
        if exercise.is_run:
            book.add_run(label, inputs)
        elif not exercise.is_asked(label):
            book.inputs[label] = inputs
        elif label in errors:
            book.add_raising(label, inputs, errors[label])
        else:
            book.add(label, inputs)
    return book


def _words(exercise: Exercise, inputs: dict[str, Inputs]) -> dict[str, dict[str, str]]:
    """What parts of the answers are, by a case's label where it depends on the inputs."""
    if not callable(exercise.words):
        return {EVERY: dict(exercise.words)} if exercise.words else {}
    return {label: words for label, given in inputs.items() if (words := dict(exercise.words(given)))}


def _errors(exercise: Exercise) -> dict[str, str]:
    """The exception that is the right answer to a case, by its label."""
    asked = [check for check in exercise.checks if not check.driver]
    return {label: error for check in asked if (error := check.kind.error(check.options)) for label in check.on}


def _drawn(case: Callable[[Draw], Inputs], draw: Draw, which: str, unit: Unit) -> Inputs:
    """A case's inputs; UnitError where it raises, returns none or what is no data, or takes its data from a package that is not here."""
    try:
        with authored(f"{which} raises ", unit.folder):
            return sendable(returned(case(draw), None, case, which), which)
    except ImportError as error:
        text = f"{which} takes its data from {error.name}, which is not installed; install the extra `author`"
        raise UnitError(text) from None


def _compile_check(check: Check, book: Questions, unit: Unit, seed: tuple[int, int]) -> CheckKey:
    groups, facts = [], []
    driver, returns = unit.driver(book.name, check), unit.returns(book.name, check if check.driver else None)
    options = _placed(check, book.name, returns)
    for label in book.exercise.cases_of(check):
        inputs, numbers = book.inputs[label], (seed, book.unit, book.name, label, check.claim)
        known = None if driver or book.driver else dict.fromkeys([*inputs, *book.parameters])
        group = [_first_question(check, label, book, driver)]
        for change in check.changes:
            what = f"{book.name}: the change {called(change)} of {check.claim!r}"
            with authored(f"{what} raises ", unit.folder):
                changed = returned(change(inputs, Draw(_rng(*numbers))), known, change, what)
            group.append(book.add(label, changed, with_mistakes=False, driver=driver))
        groups.append(group)
        with authored(f"{book.name}: {check.claim!r}, given a case's inputs as one dict, raises ", unit.folder):
            facts.append(check.facts(inputs, Draw(_rng(*numbers))) if check.facts else None)
        if check.kind.trace:
            book.trace(check.kind, group, returns, facts[-1], options)
    own = returns if driver else []
    return CheckKey(check.claim, check.points, check.kind.name, groups, facts, as_data(options), own)


def _first_question(check: Check, label: str, book: Questions, driver: str) -> int:
    """The number of a case's own question: the one that all checks share, or another for a driver of the check's own."""
    if not driver:
        return book.numbers[label]
    if error := check.kind.error(check.options):
        return book.add_raising(label, book.inputs[label], error, driver)
    return book.add(label, book.inputs[label], driver=driver)


def _placed(check: Check, exercise: str, returns: list[str]) -> Any:
    """The check's options, with the place of each part for its name."""
    places = {name: place for place, name in enumerate(returns)} | {place: place for place in range(len(returns))}

    def place(part: Any) -> Any:
        if isinstance(part, tuple):
            return tuple(map(place, part))
        if part is not None and (part not in places or len(returns) < 2):
            known = ", ".join(returns)
            raise UnitError(f"{exercise}: {check.claim!r} is of the part {part!r}, and the parts are {known}")
        return places.get(part)

    return replace(check.options, **{name: place(getattr(check.options, name)) for name in check.kind.parts})


def _rng(seed: tuple[int, int], *names: str) -> np.random.Generator:
    """Random numbers of their own for each case, so that adding one changes no other; `seed` is a key's and a turn's."""
    first, turn = seed
    return np.random.default_rng([first, *(zlib.crc32(name.encode()) for name in names), *([turn] if turn else [])])
