"""What is small costs one point: an input changed in place, a small constant in the way. The mathematics keeps the rest."""

from dataclasses import replace

import numpy as np

from grader.answer import Answer
from grader.grading.judge import decide, judge
from grader.key import CheckKey, ExerciseKey, Question

RNG = np.random.default_rng(0)
POINTS = (3, 2, 1)
QUESTIONS = [
    Question(f"case {n}", {"x": RNG.standard_normal(4)}, RNG.standard_normal(4), [1e-12], {}) for n in range(3)
]
KEY = ExerciseKey(
    "f",
    sum(POINTS),
    ["x"],
    {},
    ["y"],
    "",
    "",
    "",
    [],
    QUESTIONS,
    [CheckKey(f"claim {n}", points, "agrees", [[n]], [None], {}) for n, points in enumerate(POINTS)],
    [],
)


def points(answer, key=KEY):
    report = judge(key, answer, "toy")
    return [check.points for check in report.checks], report


def right(question, **how):
    return Answer(question.expected, **how)


def test_an_input_changed_in_every_case_costs_one_point():
    earned, report = points(lambda question: right(question, changed=["x"]))
    assert earned == [2, 2, 1]
    assert [check.finding.kind for check in report.checks if check.finding] == ["mutated"]
    assert report.status == "failed"


def test_an_input_changed_in_one_case_costs_one_point_of_its_claim():
    assert points(lambda question: right(question, changed=["x"] if question.label == "case 1" else []))[0] == [3, 1, 1]


def test_what_is_wrong_costs_its_claim_and_the_change_one_point_beside():
    def ask(question):
        return (
            right(question, changed=["x"]) if question.label != "case 0" else Answer(-question.expected, changed=["x"])
        )

    assert points(ask)[0] == [0, 1, 1]


def test_behind_a_driver_the_mathematics_is_judged_on_copies():
    """Of two steps the second is wrong because of what the first has changed."""
    key = replace(KEY, pieces=["f"], driver="def twice(f, x):\n    return f(f(x))\n")

    def ask(question):
        is_copied = "deepcopy" in question.driver
        return right(question) if is_copied else Answer(question.expected + 1, changed=["x"])

    assert points(ask, key)[0] == [2, 2, 1]
    assert points(lambda question: Answer(question.expected + 1, changed=["x"]), key)[0] == [0, 0, 0]


def test_each_question_that_is_asked_on_copies_gets_its_own_answer():
    """They are made for the asking and gone after it, so that one may come to lie where another has lain."""
    questions = [
        Question(f"case {n}", {"x": RNG.standard_normal(4)}, RNG.standard_normal(4), [1e-12], {}) for n in range(400)
    ]
    checks = [CheckKey(f"claim {n}", 1, "agrees", [[n]], [None], {}) for n in range(400)]
    driver = "def twice(f, x):\n    return f(f(x))\n"
    key = replace(KEY, points=400, pieces=["f"], driver=driver, questions=questions, checks=checks)
    copied = []

    def ask(question):
        if "deepcopy" not in question.driver:
            return Answer(question.expected + 1, changed=["x"])
        copied.append(question.label)
        return right(question)

    report = decide(key, ask, "toy")
    assert copied == [question.label for question in questions]
    assert [check.points for check in report.checks] == [0] + [1] * 399


def test_an_answer_right_to_five_digits_keeps_all_but_one_point_of_each_claim():
    earned, report = points(lambda question: Answer(question.expected * (1 + 1e-8)))
    assert earned == [2, 1, 0]
    assert all("small constant" in check.finding.hint for check in report.checks)


def test_one_case_right_to_five_digits_does_not_excuse_another():
    check = CheckKey("all of it", 6, "agrees", [[0], [1], [2]], [None] * 3, {})
    key = replace(KEY, checks=[check])
    assert points(lambda question: Answer(question.expected * (1 + 1e-8)), key)[0] == [5]
    assert points(lambda q: Answer(q.expected * (1 + (1e-8 if q.label == "case 0" else 1e-2))), key)[0] == [0]
