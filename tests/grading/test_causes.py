"""A claim by itself names a mistake only where the exercise's other answers allow it, or where it shows it by itself."""

import numpy as np

from grader.answer import Answer
from grader.grading.judge import judge
from grader.judging.kinds.moves import FELT
from grader.key import CheckKey, ExerciseKey, MistakeKey, Question

RNG = np.random.default_rng(0)
RIGHT = [RNG.standard_normal(5) for _ in range(4)]
SENTENCE = "You double it."


def named(answers, groups, wrong=range(4), right=RIGHT, doubled=lambda answer: 2 * answer, options=None):
    """For each claim whether the mistake is named; it doubles the right answers `wrong`, claims have `groups` of cases."""
    parts = len(right[0]) if isinstance(right[0], tuple) else 1
    questions = [
        Question(f"case {n}", {"n": n}, one, [1e-12] * parts, {"doubled": doubled(one)} if n in wrong else {})
        for n, one in enumerate(right)
    ]
    checks = [
        CheckKey(f"claim {n}", 1, "agrees", [[q] for q in group], [None] * len(group), options or {})
        for n, group in enumerate(groups)
    ]
    mistakes = [MistakeKey("doubled", SENTENCE)]
    names = ["y", "z"][:parts]
    key = ExerciseKey("f", len(checks), ["n"], {}, names, "", "", "", [], questions, checks, mistakes)
    report = judge(key, lambda question: Answer(answers[question.inputs["n"]]), "toy")
    return [bool(check.finding and check.finding.mistake) for check in report.checks]


def test_a_mistake_that_every_answer_bears_out_is_named_everywhere():
    assert named([2 * right for right in RIGHT], [[0, 1], [2], [3]]) == [True, True, True]


def test_one_case_does_not_name_a_mistake_that_has_other_answers_elsewhere():
    """As with one point between two centers, of which the farthest is also the one with the larger sum."""
    answers = [RIGHT[0], RIGHT[1] + 1, RIGHT[2] ** 2, 2 * RIGHT[3]]
    assert named(answers, [[0], [1], [2], [3]]) == [False, False, False, False]
    assert named(answers, [[0], [1], [2], [3]], wrong=[3]) == [False, False, False, True]


def test_two_cases_of_a_claim_show_it_beside_another_mistake():
    answers = [RIGHT[0], RIGHT[1] + 1, 2 * RIGHT[2], 2 * RIGHT[3]]
    assert named(answers, [[0], [1], [2, 3]]) == [False, False, True]


def named_in_the_first_of_two_parts(first, groups):
    """As `named`, for claims about the first of two arrays, of which the second is wrong in a way of its own."""
    right = [(one, -one) for one in RIGHT]
    answers = [(one, other + 1) for one, (_, other) in zip(first, right, strict=True)]
    return named(
        answers, groups, right=right, doubled=lambda answer: (2 * answer[0], answer[1]), options={"parts": [0]}
    )


def test_a_part_names_a_mistake_that_it_bears_out_in_all_cases():
    answers = [2 * right for right in RIGHT]
    assert named_in_the_first_of_two_parts(answers, [[0, 1], [2, 3]]) == [True, True]


def test_one_case_of_a_part_does_not_name_a_mistake_that_this_part_contradicts_elsewhere():
    answers = [RIGHT[0], RIGHT[1] + 1, RIGHT[2] ** 2, 2 * RIGHT[3]]
    assert named_in_the_first_of_two_parts(answers, [[0], [1], [2], [3]]) == [False, False, False, False]


def asked_of_a_move(answer):
    """The hint of a claim that an entry moves alone, beside one of values; the mistake doubles all."""
    before, after = np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 9.0])
    questions = [
        Question(f"case {n}", {"x": x}, x, [1e-12], {"doubled": 2 * x})
        for n, x in enumerate([before, after, before + 4])
    ]
    checks = [
        CheckKey("is right", 1, "agrees", [[0], [2]], [None, None], {}),
        CheckKey("moves alone", 1, "moves", [[0, 1]], [None], {}),
    ]
    key = ExerciseKey("f", 2, ["x"], {}, ["y"], "", "", "", [], questions, checks, [MistakeKey("doubled", SENTENCE)])
    report = judge(key, lambda question: Answer(answer(question.inputs["x"])), "toy")
    return report.checks[1].finding.hint


def test_where_a_change_is_felt_elsewhere_it_is_asked_whether_an_axis_is_wrong():
    assert asked_of_a_move(lambda x: x / x.sum()) == FELT


def test_that_is_not_asked_where_a_mistake_is_known():
    assert asked_of_a_move(lambda x: 2 * x + (1e-9 * x.sum() if x[2] == 9 else 0.0)) == ""


def test_two_cases_of_a_part_show_it_beside_another_mistake():
    answers = [RIGHT[0], RIGHT[1] + 1, 2 * RIGHT[2], 2 * RIGHT[3]]
    assert named_in_the_first_of_two_parts(answers, [[0], [1], [2, 3]]) == [False, False, True]
