"""A wrong function is asked with one argument changed: where that makes it right, it is said which one, and how."""

import re
from dataclasses import replace

import numpy as np
import pytest

from grader.answer import Answer
from grader.grading.judge import decide
from grader.grading.probe import Probe
from grader.grading.what_if import what_if
from grader.key import CheckKey, ExerciseKey, Question
from grader.report import Finding, Status

RNG = np.random.default_rng(4)
GIVEN = [
    {
        "x": RNG.standard_normal((3, 3)),
        "y": RNG.standard_normal((3, 3)),
        "p": RNG.uniform(0.1, 0.9, 3),
        "s": s,
        "k": k,
        "mask": RNG.random((3, 3)) < 0.5,
    }
    for s, k in ((0.3, 2), (0.7, 4), (1.6, 3))
]


def right(x, y, p, s, k, mask):
    return (x @ np.tanh(y) * s + np.abs(x - 2 * y + 0.3) * np.exp(p) * k) * np.where(mask, 1.0, 2.0)


def exercise(function=right, given=GIVEN):
    questions = [Question(f"case {n}", inputs, function(**inputs), [1e-9], {}) for n, inputs in enumerate(given)]
    checks = [CheckKey(f"claim {n}", 1, "agrees", [[n]], [None], {}) for n in range(len(given))]
    return ExerciseKey("f", len(given), list(given[0]), {}, ["out"], "", "", "", [], questions, checks, [])


def said(wrong, key=None, names=None):
    """The sentence on a wrong function; what it raises is a finding, as in a worker."""
    key = key or exercise()

    def ask(question):
        try:
            with np.errstate(all="ignore"):
                return Answer(wrong(**question.inputs))
        except (ValueError, IndexError) as error:
            return Answer(finding=Finding("exception", str(error)), status=Status.ERROR)

    return what_if(key, names or key.parameters, Probe(ask, ask, ask, lambda questions: None))


def changed(**changes):
    """The right function with an argument changed before it is used."""
    return lambda **given: right(
        **{name: changes.get(name, lambda value: value)(value) for name, value in given.items()}
    )


WRONG = {
    "-x": changed(x=np.negative),
    "1/s": changed(s=lambda s: 1 / s),
    "1 - p": changed(p=lambda p: 1 - p),
    "√p": changed(p=np.square),
    "p²": changed(p=np.sqrt),
    "log(p)": changed(p=np.exp),
    "exp(p)": changed(p=np.log),
    "2·y": changed(y=lambda y: y / 2),
    "y/2": changed(y=lambda y: 2 * y),
    "k + 1": changed(k=lambda k: k - 1),
    "k - 1": changed(k=lambda k: k + 1),
    "~mask": changed(mask=np.logical_not),
    "xᵀ": changed(x=np.transpose),
}


@pytest.mark.parametrize("shown", WRONG)
def test_the_change_that_makes_it_right_is_told(shown):
    (name,) = [name for name in GIVEN[0] if re.search(rf"(?<![a-z]){name}(?![a-z])", shown)]
    assert said(WRONG[shown]).startswith(f"With {shown} in place of {name}, your answer is right: ")


def test_two_arguments_that_stand_in_each_other_s_place_are_told():
    swapped = said(lambda x, y, **given: right(x=y, y=x, **given))
    assert swapped.startswith("With x and y in each other's place, your answer is right: ")


def test_an_absolute_value_that_is_forgotten_is_told():
    key = exercise(lambda x, y, **given: np.sqrt(np.abs(x)) @ y)
    assert said(lambda x, y, **given: np.sqrt(x) @ y if (x >= 0).all() else x, key).startswith("With |x| in place of x")


def test_two_signs_of_which_either_may_be_wrong_are_told_together():
    key = exercise(lambda x, y, **given: np.abs(x - y))
    text = "With -x in place of x, or -y in place of y, your answer is right: "
    assert said(lambda x, y, **given: np.abs(x + y), key).startswith(text)


def test_two_changes_that_come_to_the_same_are_one():
    """Of numbers that are all negative, the absolute value is the one with the other sign."""
    given = [one | {"p": -one["p"]} for one in GIVEN]
    text = said(changed(p=np.negative), exercise(given=given))
    assert text == "With -p in place of p, your answer is right: is a sign wrong, or a minimum taken for a maximum?"


def test_what_no_change_makes_right_is_passed_over():
    assert said(lambda **given: right(**given) + 1.0) == ""
    assert said(lambda x, y, **given: x @ y) == ""


def test_what_several_kinds_of_change_make_right_is_passed_over():
    """Of a product of three, the sign of any may be wrong; a function of the sum is right for both in each other's place."""
    key = exercise(lambda x, y, s, **given: np.tanh(x) * y * s)
    assert said(lambda x, y, s, **given: -np.tanh(x) * y * s, key) == ""


def test_a_change_that_makes_some_cases_right_and_spoils_others_is_passed_over():
    def wrong(x, s, **given):
        return right(x=-x if s == 0.3 else x, s=s, **given)

    assert said(wrong) == ""


def test_one_case_tells_nothing_nor_do_answers_that_are_all_alike():
    assert said(WRONG["-x"], exercise(given=GIVEN[:1])) == ""
    assert said(WRONG["-x"], exercise(lambda **given: np.zeros(3))) == ""


def test_where_a_case_raises_nothing_is_said():
    def wrong(s, **given):
        if s == 0.7:
            raise ValueError("no")
        return right(s=s, x=-given.pop("x"), **given)

    assert said(wrong) == ""


def test_an_argument_that_the_student_does_not_have_is_not_changed():
    assert said(WRONG["-x"], names=["y", "s"]) == ""


def test_a_function_that_does_not_come_back_is_asked_no_further():
    asked = []

    def ask(question):
        asked.append(question)
        return Answer(finding=Finding("timeout", "late"), status=Status.TIMEOUT, is_final=True)

    known = exercise()
    probe = Probe(lambda question: Answer(np.zeros((3, 3))), ask, ask, lambda questions: None)
    assert what_if(known, known.parameters, probe) == ""
    assert len(asked) == 1


def test_it_stands_in_the_report_where_nothing_else_is_known():
    key = exercise()
    report = decide(key, lambda q: Answer(WRONG["-x"](**q.inputs)), "toy", lambda q: Answer(WRONG["-x"](**q.inputs)))
    assert {check.finding.hint for check in report.checks} == {
        "With -x in place of x, your answer is right: is a sign wrong, or a minimum taken for a maximum?"
    }


def test_what_is_explained_is_not_asked_again():
    key = exercise()
    asked = []

    def ask(question):
        asked.append(question)
        return Answer(2 * right(**question.inputs))

    report = decide(key, ask, "toy", ask)
    assert all("exactly 2 times too large" in check.finding.hint for check in report.checks)
    assert len(asked) <= 3 + 3  # each once, and what the other probes ask


def test_inputs_stay_as_they_are():
    given = [
        {name: np.copy(value) if isinstance(value, np.ndarray) else value for name, value in one.items()}
        for one in GIVEN
    ]
    said(lambda **given: right(**given) + 1.0, replace(exercise()))
    assert all(np.array_equal(one[name], other[name]) for one, other in zip(given, GIVEN, strict=True) for name in one)
