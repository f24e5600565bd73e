"""A mistake is named where the answers bear it out: not from zeros, not from nan, not from one case by itself."""

from dataclasses import replace

import numpy as np
import pytest

from grader.diagnosis.diagnose import constant, named_mistake
from grader.diagnosis.evidence import Evidence, weighed
from grader.diagnosis.explain_given import is_returned
from grader.key import CheckKey, ExerciseKey, MistakeKey, Question

MISTAKE = MistakeKey("unscaled", "You leave the scale out.")


def question(label, expected, wrong):
    return Question(label, {}, expected, [1e-12], {} if wrong is None else {"unscaled": wrong})


def key(questions):
    check = CheckKey("is right", 1, "agrees", [[n] for n in range(len(questions))], [None] * len(questions), {})
    return ExerciseKey("f", 1, ["x"], {}, ["y"], "", "", "", [], questions, [check], [MISTAKE])


def name_of(cases, is_partly_right=False):
    """The mistake's name or "" for cases: (the right answer, the mistake's or None, the student's)."""
    questions = [question(f"case {n}", right, wrong) for n, (right, wrong, _) in enumerate(cases)]
    items = [
        Evidence(asked, given, given is not None and np.array_equal(given, asked.expected), given)
        for asked, (_, _, given) in zip(questions, cases, strict=True)
    ]
    found = named_mistake(key(questions), weighed([items])[0], is_partly_right)
    return found.mistake if found else ""


def draws(count, shape=(4,), seed=0):
    return list(np.random.default_rng(seed).standard_normal((count, *shape)))


def test_two_telling_cases_bear_a_name_out():
    first, second = draws(2)
    assert name_of([(first / 2, first, first), (second / 2, second, second)]) == "unscaled"


def test_one_case_by_itself_does_not_but_beside_a_right_one_or_a_claim_that_is_met_it_does():
    first, second = draws(2)
    assert name_of([(first / 2, first, first)]) == ""
    assert name_of([(first / 2, first, first)], is_partly_right=True) == "unscaled"
    assert name_of([(first / 2, first, first), (second, None, second)]) == "unscaled"


@pytest.mark.parametrize("value", [0.0, 1.0, np.nan, np.inf])
@pytest.mark.parametrize("is_partly_right", [False, True])
def test_one_number_everywhere_bears_no_name_out(value, is_partly_right):
    same = np.full(4, value)
    cases = [(right, same, same) for right in draws(3)]
    assert name_of(cases, is_partly_right) == ""


def test_nan_does_beside_a_right_case_but_not_by_itself():
    first, second = draws(2)
    nan = np.full(4, np.nan)
    assert name_of([(first, None, first), (second, nan, nan)]) == "unscaled"
    assert name_of([(first, first / 2, first / 2), (second, nan, nan)]) == ""


def test_single_numbers_tell_something_where_they_differ_from_case_to_case():
    def loss(value):
        return np.float64(value)

    assert name_of([(loss(1.0), loss(2.0), loss(2.0)), (loss(1.5), loss(3.0), loss(3.0))]) == "unscaled"
    assert name_of([(loss(1.0), loss(2.0), loss(2.0)), (loss(1.5), loss(2.0), loss(2.0))]) == ""


def said_of(answers):
    items = [
        Evidence(question("a", right, None), given, False, given)
        for right, given in zip(draws(len(answers)), answers, strict=True)
    ]
    found = constant(items)
    return found.text if found else ""


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([np.zeros(4), np.zeros((2, 3))], "is 0 in every entry"),
        ([np.float64(1), np.float64(1)], "is 1 in every entry"),
        ([np.full(4, np.nan), np.full(4, np.inf)], "is never a finite number"),
        ([np.zeros(4, bool), np.zeros(4, bool)], "is False in every entry"),
    ],
)
def test_an_answer_that_is_one_number_everywhere_is_told_just_that(answers, words):
    assert words in said_of(answers)


def test_a_number_here_and_nan_there_are_not_one_number_everywhere():
    assert said_of([np.full(3, np.nan), np.float64(3.5)]) == ""


def test_an_answer_that_is_not_is_told_nothing_of_the_kind():
    first, second = draws(2)
    assert said_of([first, second]) == said_of([first]) == said_of([np.zeros(4), np.ones(4)]) == ""
    assert said_of([np.array([0.0, np.nan]), np.array([0.0, np.nan])]) == ""  # a mask of 0 and nan is a pattern


def test_a_function_that_raises_where_the_mistake_does_agrees_with_it():
    (first,) = draws(1)
    questions = [question("a", first / 2, first), replace(question("b", first, first), mistakes={"unscaled": None})]
    items = [Evidence(questions[0], first, False, first), Evidence(questions[1], None, False)]
    assert named_mistake(key(questions), weighed([items])[0]).mistake == "unscaled"


@pytest.mark.filterwarnings("error")
def test_a_number_beyond_single_precision_is_no_argument():
    """It is held against arrays of single precision as it is, and not made one, which overflows."""
    asked = Question("a case", {"x": np.array(2.0, np.float32)}, np.array(8.0, np.float32), [1e-3], {})
    assert not is_returned([Evidence(asked, 3.5e38, False)])
