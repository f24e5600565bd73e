"""A few more questions: a function that remembers, draws from elsewhere, leaves an argument out, or cuts the gradient off."""

from dataclasses import replace

import numpy as np
import pytest

from grader.answer import Answer
from grader.diagnosis.explain_factors import ASKS
from grader.diagnosis.lexicon_torch import CUT
from grader.grading.judge import decide
from grader.grading.probes import AGAIN, DRAWN, EITHER, KEPT
from grader.judging.reactions import changed, reacts
from grader.key import CheckKey, ExerciseKey, Question
from grader.report import Finding, Status
from grader.sandbox.wire import Seeded

RNG = np.random.default_rng(0)


def momentum_step(x, rate):
    return x * (1 + rate) - rate


QUESTIONS = [
    Question(f"case {n}", {"x": x, "rate": rate}, momentum_step(x, rate), [1e-12], {})
    for n, (x, rate) in enumerate([(RNG.standard_normal(4), 0.9), (RNG.standard_normal(3), 0.5)])
]
CHECKS = [CheckKey(f"claim {n}", 2, "agrees", [[n]], [None], {}) for n in range(2)]
KEY = ExerciseKey("f", 4, ["x", "rate"], {}, ["y"], "", "", "", [], QUESTIONS, CHECKS, [], reacts={"x": 0, "rate": 0})


def graded(function, key=KEY, fresh=None):
    """The report on a function that is asked in this process; `fresh` makes the one that a fresh process has."""

    def asker(asked):
        def ask(question):
            try:
                return Answer(asked(**question.inputs))
            except ValueError as error:
                return Answer(finding=Finding("exception", f"{error} (case: {question.label})"), status=Status.ERROR)

        return ask

    return decide(key, asker(function), "toy", lambda question: asker((fresh or (lambda: function))())(question))


def hints(report):
    return {check.finding.hint for check in report.checks if check.finding}


def remembering():
    """A function that adds what it was asked before, as one does with a default of []."""
    kept = []

    def step(x, rate):
        kept.append(x.sum())
        return momentum_step(x, rate) + sum(kept[:-1])

    return step


def test_a_function_that_remembers_an_earlier_call_is_told_so():
    report = graded(remembering(), fresh=remembering)
    assert hints(report) == {KEPT}


def test_one_that_is_wrong_in_a_fresh_process_too_is_told_what_is_certain():
    def drawing(x, rate):
        return momentum_step(x, rate) + np.random.default_rng().standard_normal()

    assert hints(graded(drawing)) == {EITHER}


def test_one_that_raises_since_an_earlier_call_is_told_so():
    def started(shapes=()):
        seen = list(shapes)

        def step(x, rate):
            seen.append(x.shape)
            if x.shape != seen[0]:
                raise ValueError("operands could not be broadcast")
            return momentum_step(x, rate) * len(seen)

        return step

    assert hints(graded(started(), fresh=started)) == {KEPT}


def test_numbers_from_elsewhere_are_told_where_a_generator_is_passed_in():
    questions = [replace(question, inputs=question.inputs | {"rng": Seeded(1)}) for question in QUESTIONS]
    elsewhere = np.random.default_rng(5)
    report = graded(lambda x, rate, rng: x + elsewhere.standard_normal(), replace(KEY, questions=questions))
    assert hints(report) == {DRAWN.format("rng")}


def test_an_argument_that_does_nothing_is_named():
    report = graded(lambda x, rate: momentum_step(x, 0.9))
    assert [check.points for check in report.checks] == [2, 0]
    (hint,) = hints(report)
    assert "stays the same whatever rate is: is a constant written where it is meant?" in hint


def test_an_argument_that_does_nothing_is_named_in_place_of_a_guess_at_the_factor_that_comes_of_it():
    """Without `scale` an answer is right but for a factor in each case, of which it is asked whether a division is missing."""
    given = [{"x": RNG.standard_normal(4), "scale": scale} for scale in (0.37, 1.9, 2.3)]
    questions = [Question(f"{n}", inputs, inputs["x"] * inputs["scale"], [1e-9], {}) for n, inputs in enumerate(given)]
    checks = [CheckKey(f"claim {n}", 1, "agrees", [[n]], [None], {}) for n in range(3)]
    key = replace(
        KEY, points=3, parameters=["x", "scale"], questions=questions, checks=checks, reacts={"x": 0, "scale": 0}
    )
    (hint,) = hints(graded(lambda x, scale: 1.3 * x, key))
    assert hint == "Your answer stays the same whatever scale is: is a constant written where it is meant?"
    (hint,) = hints(graded(lambda x, scale: x * (1 + scale) ** 3, key))
    assert ASKS in hint


@pytest.mark.parametrize("value", [[np.arange(3)], {"mask": np.array([True, False, True]), "W": np.ones(2)}])
def test_labels_and_masks_that_do_nothing_are_named(value):
    """A sum of squares that leaves out what it is handed beside x."""
    given = [
        {"x": RNG.standard_normal(3), **({"more": value} if isinstance(value, dict) else {"more": value[0]})}
        for _ in range(2)
    ]

    def right(x, more):
        parts = more.values() if isinstance(more, dict) else [more]
        return x * sum(np.arange(len(part)) @ part for part in parts)

    questions = [Question(f"{n}", inputs, right(**inputs), [1e-9], {}) for n, inputs in enumerate(given)]
    key = replace(KEY, parameters=["x", "more"], questions=questions, reacts={"x": 0, "more": 0})
    (hint,) = hints(graded(lambda x, more: np.cos(x), key))
    assert hint.endswith("Your answer stays the same whatever more is: is it left out?")


SLOPE = 'def slope(f, x, h=1e-5):\n    """f, x, h -> slope"""\n    raise NotImplementedError'


def of_a_built_function(stub, answer):
    """What is said of slopes of a·x³ + b, which a driver builds from a and b."""
    given = [{"a": a, "b": 0.5, "x": x, "h": h} for a, x, h in ((1.5, 0.7, 0.1), (-0.8, 1.3, 0.2), (0.4, -2.1, 0.3))]

    def slope(a, b, x, h):
        return (a * (x + h) ** 3 - a * (x - h) ** 3) / (2 * h)

    questions = [Question(f"{n}", inputs, slope(**inputs), [1e-9], {}) for n, inputs in enumerate(given)]
    checks = [CheckKey(f"claim {n}", 1, "agrees", [[n]], [None], {}) for n in range(3)]
    exercise = replace(KEY, points=3, parameters=["f", "x", "h"], questions=questions, checks=checks, stub=stub)
    (hint,) = hints(graded(answer, replace(exercise, reacts={"a": 0, "x": 0, "h": 0})))
    return hint


def test_of_what_a_driver_builds_from_inputs_the_whole_is_named_not_they():
    assert "whatever f and h are: are they left out?" in of_a_built_function(SLOPE, lambda a, b, x, h: np.cos(x))
    assert "whatever h is: " in of_a_built_function(SLOPE, lambda a, b, x, h: 3 * a * x**2)


def test_what_no_parameter_tells_of_is_not_named():
    """Of two functions that are handed over it is not known which of them is left out."""
    two = SLOPE.replace("f, x", "f, g, x")
    assert "whatever h is: " in of_a_built_function(two, lambda a, b, x, h: np.cos(x))
    assert of_a_built_function(two, lambda a, b, x, h: np.cos(x) + h) == ""


def test_an_argument_that_is_small_beside_the_answer_is_not_called_unused():
    text = " ".join(hints(graded(lambda x, rate: x + 1e7 * np.arange(len(x)))))
    assert "whatever rate is" in text
    assert "x" not in text.partition("whatever")[2].partition(" is")[0]


def test_of_an_answer_without_a_finite_number_no_argument_is_called_unused():
    answers = {4: np.array([np.nan, np.inf, np.nan, -np.inf]), 3: np.full(3, np.nan)}
    assert not any(
        "whatever x" in hint or "whatever rate" in hint for hint in hints(graded(lambda x, rate: answers[len(x)]))
    )


def test_several_arguments_that_do_nothing_stand_in_one_sentence():
    questions = [replace(question, inputs=question.inputs | {"b": np.ones(2)}) for question in QUESTIONS]
    key = replace(KEY, questions=questions, reacts={"x": 0, "rate": 0, "b": 0})
    (hint,) = hints(graded(lambda x, rate, b: 3 * x, key))
    assert "stays the same whatever rate and b are: are they left out?" in hint


def test_a_generator_that_does_nothing_is_named():
    questions = [replace(question, inputs=question.inputs | {"rng": Seeded(1)}) for question in QUESTIONS]
    key = replace(KEY, questions=questions, reacts={"x": 0, "rng": 0})
    (hint,) = hints(graded(lambda x, rate, rng: x + np.random.default_rng(0).standard_normal(), key))
    assert "whatever rng is: draw every number from it" in hint


def test_of_the_only_argument_that_counts_it_is_said_where_an_answer_is_right():
    questions = [Question(f"{n}", {"T": n}, np.arange(n), [0.0], {}) for n in (3, 5)]
    key = replace(KEY, parameters=["T"], questions=questions, reacts={"T": 0})
    (hint,) = hints(graded(lambda T: np.arange(3), key))
    assert "whatever T is: is a constant written where it is meant?" in hint
    assert not any("whatever T is:" in hint for hint in hints(graded(lambda T: np.arange(4), key)))


def test_a_wrong_function_that_uses_its_arguments_and_forgets_is_told_none_of_it():
    text = " ".join(hints(graded(lambda x, rate: x * np.exp(x) * (1 + rate))))
    assert not any(words in text for words in ("whatever", "remembers", "twice"))


def test_a_right_function_is_asked_once_more_and_keeps_its_points():
    asked = []
    report = graded(lambda x, rate: asked.append(rate) or momentum_step(x, rate))
    assert (report.points, asked) == (4, [0.9, 0.5, 0.9])


def test_what_is_right_once_and_not_at_the_end_costs_the_first_claim():
    def worn_out(count=0):
        calls = []

        def step(x, rate):
            calls.append(1)
            return momentum_step(x, rate) * (1 if len(calls) < 3 else 2)

        return step

    report = graded(worn_out(), fresh=worn_out)
    assert (report.status, report.points) == ("failed", 2)
    assert report.checks[0].finding.message.startswith(AGAIN)
    assert report.checks[0].finding.hint == KEPT


def test_a_gradient_that_never_comes_back_is_told():
    expected = {"loss": np.float32(1.5), "gradient in x": np.ones(3, np.float32)}
    question = Question("a", {"x": np.ones(3, np.float32)}, expected, [1e-5, 1e-5], {})
    key = replace(KEY, points=2, questions=[question], checks=CHECKS[:1], torch=True, reacts={})
    assert hints(graded(lambda x: expected | {"gradient in x": np.zeros(3, np.float32)}, key)) == {CUT}
    assert CUT not in hints(graded(lambda x: expected | {"gradient in x": np.full(3, 2, np.float32)}, key))


def test_a_gradient_that_comes_back_in_one_case_is_not_called_cut_in_another():
    """As of a hinge, which is flat where all is well."""
    wanted = [{"gradient in x": np.full(3, n + 1, np.float32)} for n in range(2)]
    questions = [Question(f"case {n}", {"x": n}, answer, [1e-6], {}) for n, answer in enumerate(wanted)]
    key = replace(KEY, questions=questions, torch=True, reacts={})
    assert hints(graded(lambda x: {"gradient in x": np.zeros(3, np.float32)}, key)) == {CUT}
    assert CUT not in hints(graded(lambda x: {"gradient in x": np.full(3, 3 * x, np.float32)}, key))


def test_where_one_of_two_gradients_comes_back_the_other_one_is_named():
    expected = {"gradient in x": np.ones(3, np.float32), "gradient in y": np.ones(3, np.float32)}
    question = Question("a", {"x": np.ones(3, np.float32)}, expected, [1e-5, 1e-5], {})
    key = replace(KEY, points=2, questions=[question], checks=CHECKS[:1], torch=True, reacts={})
    (hint,) = hints(graded(lambda x: expected | {"gradient in y": np.zeros(3, np.float32)}, key))
    assert "The gradient in y is 0 everywhere" in hint or "'gradient in y' is 0 everywhere" in hint
    assert CUT not in hint


def test_an_argument_that_is_without_effect_in_one_case_only_is_not_called_unused():
    questions = [
        Question(f"case {n}", {"x": x, "rate": rate}, momentum_step(x, rate), [1e-12], {})
        for n, (x, rate) in enumerate([(np.ones(4), 0.9), (RNG.standard_normal(3), 0.5)])
    ]

    def hidden(x, rate):
        return 2 * x + rate * (x - 1)

    assert not any("whatever rate is" in hint for hint in hints(graded(hidden, replace(KEY, questions=questions))))


def test_of_one_number_whatever_comes_in_it_is_not_said_that_its_gradient_is_cut():
    given = [{"x": np.full(3, n, np.float32)} for n in range(3)]
    answers = [{"loss": np.float32(n + 2)} for n in range(2)] + [{"gradient in x": np.ones(3, np.float32)}]
    questions = [
        Question(f"{n}", x, right, [1e-5], {}) for n, (x, right) in enumerate(zip(given, answers, strict=True))
    ]
    checks = [CheckKey(f"claim {n}", 1, "agrees", [[n]], [None], {}) for n in range(3)]
    key = replace(KEY, points=3, questions=questions, checks=checks, torch=True, reacts={})

    def asked(of):
        return lambda x: {"loss": np.float32(of(x))} if x[0] < 2 else {"gradient in x": np.zeros(3, np.float32)}

    assert all("Your answer is 1 in every entry" in hint for hint in hints(graded(asked(lambda x: 1), key)))
    assert hints(graded(asked(lambda x: x[0] + 7), key)) == {CUT}


def test_of_one_number_whatever_comes_in_it_is_said_once():
    (hint,) = hints(graded(lambda x, rate: np.zeros(len(x)) * rate))
    assert "in every entry and every case" in hint
    assert "stays the same" not in hint


@pytest.mark.parametrize(
    "value",
    [
        *[True, 3, 0, 0.5, 0.0, 2j, 0j, np.arange(3.0), np.ones((2, 2), np.float32), np.array([1j, 2.0]), Seeded(4)],
        *[np.arange(3), np.eye(2, 3, dtype=bool), np.array([[1, 1], [1, 2]], np.uint8)],
    ],
)
def test_an_argument_is_changed_to_another_of_its_kind(value):
    other = changed(value)
    assert type(other) is type(value)
    assert np.any(other != value)


def test_whole_numbers_in_an_array_stay_those_that_they_were():
    """Another label, index or length might be none at all."""
    assert changed(np.array([[4, 0], [2, 7]])).tolist() == [[7, 2], [0, 4]]


def test_of_a_nest_the_floats_change_and_sizes_stay():
    other = changed({"W": np.ones(2), "shape": (2, 3), "more": [0.5, None, np.arange(2)]})
    assert other["W"].tolist() == [np.float64(0.6), np.float64(1.4)]
    assert (other["shape"], other["more"][:2], other["more"][2].tolist()) == ((2, 3), [0.25, None], [0, 1])


def test_an_answer_reacts_where_it_moves_by_more_than_rounding():
    assert reacts(np.float64(1), np.float64(2))
    assert not reacts(np.float64(1), np.float64(1 + 1e-9))


@pytest.mark.parametrize("value", [None, "relu", [1, 2], {"relu": "tanh"}, np.ones(3, int), np.inf, np.zeros(0)])
def test_what_only_an_author_could_change_is_left(value):
    assert changed(value) is None


def test_the_size_of_a_complex_answer_is_that_of_both_its_parts(recwarn):
    """What is lost beside an imaginary part of 1e9 is rounding, and nothing of it warns a student."""
    before = np.array([1e9j, 0.5])
    assert not reacts(before, before + 1e-9)
    assert reacts(before, 2 * before)
    assert not recwarn.list
