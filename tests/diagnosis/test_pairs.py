"""Two mistakes at once are told where exactly one pair gives every answer."""

from dataclasses import replace

import numpy as np

from grader.diagnosis.diagnose import diagnose
from grader.diagnosis.evidence import Evidence, weighed
from grader.diagnosis.pairs import BOTH, two_mistakes
from grader.key import CheckKey, ExerciseKey, MistakeKey, Question

SENTENCES = {
    "no_bias": "The bias is missing.",
    "halved": "You halve it.",
    "flipped": "It is flipped.",
    "squared": "It is squared.",
}
SIZES = [(5, 3), (4, 3), (6, 2)]


def key():
    rng = np.random.default_rng(0)
    questions = []
    for n, d in SIZES:
        x, w, b = rng.standard_normal((n, d)), rng.standard_normal((n, d)), rng.standard_normal(d)
        right = x * w + b
        wrong = {"no_bias": x * w, "halved": right / 2, "flipped": x * w[::-1] + b, "squared": x**2 * w + b}
        questions.append(Question(f"{n} by {d}", {"x": x}, right, [1e-12], wrong))
    checks = [CheckKey("is right", 1, "agrees", [[n]], [None], {}) for n in range(len(questions))]
    listed = [MistakeKey(name, sentence) for name, sentence in SENTENCES.items()]
    return ExerciseKey("f", 3, ["x"], {"x": ["N", "D"]}, ["y"], "", "", "", [], questions, checks, listed)


def said(function, is_partly_right=False, exercise=None):
    """What is said where each answer is `function` of a question: its right answer, and those of its mistakes."""
    exercise = exercise or key()
    answers = [function(question.expected, question.mistakes) for question in exercise.questions]
    items = [Evidence(q, a, np.array_equal(a, q.expected), a) for q, a in zip(exercise.questions, answers, strict=True)]
    return two_mistakes(exercise, weighed([items])[0], is_partly_right)


def test_two_terms_add_up():
    text = said(lambda right, wrong: wrong["no_bias"] + wrong["flipped"] - right)
    assert text == f"{BOTH} The bias is missing. It is flipped."


def test_two_factors_multiply():
    assert said(lambda right, wrong: wrong["squared"] / 2) == f"{BOTH} You halve it. It is squared."


def test_a_sign_a_size_or_a_transpose_beside_a_listed_mistake():
    assert said(lambda right, wrong: -wrong["no_bias"]) == "The bias is missing. Besides, the sign is wrong."
    assert said(lambda right, wrong: wrong["flipped"].T) == "It is flipped. Besides, it is transposed."
    assert said(lambda right, wrong: len(right) * wrong["no_bias"]).startswith(
        "The bias is missing. Besides, it is N times too large"
    )


def test_nothing_is_said_of_noise_of_one_mistake_alone_or_of_one_case():
    rng = np.random.default_rng(1)
    assert said(lambda right, wrong: rng.standard_normal(right.shape)) == ""
    assert said(lambda right, wrong: right) == ""
    one = key()
    one = replace(one, questions=one.questions[:1], checks=one.checks[:1])
    assert said(lambda right, wrong: -wrong["no_bias"], exercise=one) == ""
    assert said(lambda right, wrong: -wrong["no_bias"], is_partly_right=True, exercise=one) != ""


def test_nothing_is_said_where_two_pairs_fit():
    exercise = key()
    twin = [replace(q, mistakes=q.mistakes | {"twin": q.mistakes["no_bias"]}) for q in exercise.questions]
    exercise = replace(exercise, questions=twin, mistakes=[*exercise.mistakes, MistakeKey("twin", "Another name.")])
    assert said(lambda right, wrong: -wrong["no_bias"], exercise=exercise) == ""


def test_nothing_is_said_where_two_mistakes_undo_each_other():
    """An answer that is nearly right is not one that was turned round twice."""
    exercise = key()
    turned = [replace(q, mistakes=q.mistakes | {"turned": q.expected.T}) for q in exercise.questions]
    exercise = replace(exercise, questions=turned, mistakes=[*exercise.mistakes, MistakeKey("turned", "It is turned.")])
    assert said(lambda right, wrong: right + 5e-11, exercise=exercise) == ""
    assert said(lambda right, wrong: -right.T, exercise=exercise) == "It is turned. Besides, the sign is wrong."


def test_behind_an_argument_that_is_handed_back_no_two_mistakes_are_looked_for():
    """As where steps of 0.1 and of 0.9 of what is right add up to none at all."""
    rng = np.random.default_rng(2)
    starts, moves = rng.standard_normal((3, 5)), rng.standard_normal((3, 5))
    questions = [
        Question(f"{n}", {"w": w}, w - move, [1e-12], {"tenth": w - 0.1 * move, "rest": w - 0.9 * move})
        for n, (w, move) in enumerate(zip(starts, moves, strict=True))
    ]
    listed = [MistakeKey("tenth", "A tenth."), MistakeKey("rest", "The rest.")]
    exercise = replace(key(), parameters=["w"], shapes={}, questions=questions, mistakes=listed)
    items = weighed([[Evidence(question, question.inputs["w"], False, question.inputs["w"]) for question in questions]])
    assert two_mistakes(exercise, items[0], is_partly_right=False) == f"{BOTH} A tenth. The rest."
    assert diagnose(exercise, items[0]).text == "Your answer is w, just as it was given: what is to be done to it?"


def test_answers_that_are_no_arrays_are_pairs_of_nothing():
    """Truth values, whole numbers and zeros of Python's own: nothing is divided by them."""
    questions = [
        Question(f"{n}", {"x": float(n)}, {"is on": False, "count": 0, "y": float(n)}, [1e-12], {
            "no_bias": {"is on": True, "count": 1, "y": 2.0 * n}, "halved": {"is on": False, "count": 0, "y": n / 2}
        })
        for n in (1, 2, 3)
    ]  # fmt: skip
    exercise = replace(
        key(), questions=questions, checks=[CheckKey("", 1, "agrees", [[n]], [None], {}) for n in range(3)]
    )
    assert said(lambda right, wrong: right | {"y": 7.5}, exercise=exercise) == ""
