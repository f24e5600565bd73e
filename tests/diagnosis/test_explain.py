"""What is said of a wrong answer that no author has foreseen; and, as important, where nothing is said."""

import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import ROOT, keys_of

from grader.course.course import Course
from grader.diagnosis.explain import explain, only_locates
from grader.diagnosis.explain_overflow import OF_OTHERS, OF_SOFTMAX
from grader.diagnosis.explain_sizes import axis_sizes
from grader.judging.compare import difference
from grader.key import CheckKey, ExerciseKey, Question
from grader.nest import mapped, numeric_leaves

COURSE = Course(ROOT)
EXERCISES = [(unit, name) for unit in COURSE.units for name in COURSE.solutions(unit).exercises]
SIZES = [{"N": 5, "D": 4, "M": 3}, {"N": 3, "D": 2, "M": 7}, {"N": 6, "D": 4, "M": 3}]


def exercise(expected, inputs=None, shapes=None, returns=("y",), labels=None):
    """A key whose questions have these answers and inputs."""
    inputs = inputs or [{} for _ in expected]
    labels = labels or [f"case {i}" for i in range(len(expected))]
    questions = [
        Question(label, given, answer, [tolerance(leaf) for _, leaf in numeric_leaves(answer)], {})
        for label, given, answer in zip(labels, inputs, expected, strict=True)
    ]
    count = len(questions)
    checks = [CheckKey("is right", 1, "agrees", [[i] for i in range(count)], [None] * count, {})]
    return ExerciseKey("f", 1, ["x"], shapes or {}, list(returns), "", "", "", [], questions, checks, [])


def tolerance(leaf):
    leaf = np.asarray(leaf)
    return 1e-12 * float(np.abs(leaf[np.isfinite(leaf)]).max(initial=1e-3)) if leaf.dtype.kind in "fc" else 0.0


def evidence(key, answers):
    return [
        SimpleNamespace(question=question, answer=answer, is_right=is_right(question, answer))
        for question, answer in zip(key.questions, answers, strict=True)
    ]


def is_right(question, answer):
    return answer is not None and difference(answer, question.expected, question.tolerance) is None


def said(expected, answers, **about):
    key = exercise(expected, **about)
    return explain(key, evidence(key, answers))


def draws(*shapes, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape) for shape in shapes]


def layers(sizes=SIZES, seed=0):
    """Inputs of a linear layer, and expected answers of the shape of x."""
    rng = np.random.default_rng(seed)
    inputs = [{"x": rng.standard_normal((s["N"], s["D"])), "W": rng.standard_normal((s["D"], s["M"]))} for s in sizes]
    return inputs, [rng.standard_normal(given["x"].shape) for given in inputs]


LAYER = {"x": ["N", "D"], "W": ["D", "M"]}


def sized(factor, sizes=SIZES, shapes=LAYER):
    inputs, expected = layers(sizes)
    answers = [factor(s) * e for s, e in zip(sizes, expected, strict=True)]
    return said(expected, answers, inputs=inputs, shapes=shapes)


# --- factors


def test_a_sum_for_a_mean_is_named_by_the_batch():
    assert (
        sized(lambda s: s["N"])
        == "Your answer is N times too large, where N is the batch size: a sum instead of a mean?"
    )


def test_a_mean_for_a_sum_is_named_by_the_batch():
    assert (
        sized(lambda s: 1 / s["N"])
        == "Your answer is N times too small, where N is the batch size: a mean instead of a sum?"
    )


def test_a_root_is_named():
    assert sized(lambda s: np.sqrt(s["D"])) == "Your answer is √D times too large, where D is the last axis of x."


def test_a_product_of_two_sizes_is_named():
    assert sized(lambda s: s["N"] * s["M"]) == "Your answer is N·M times too large: a sum instead of a mean?"


def test_a_variance_divided_by_the_wrong_count_is_named():
    text = "Your answer is N/(N − 1) times too small, where N is the batch size: should the divisor be N − 1?"
    assert sized(lambda s: (s["N"] - 1) / s["N"]) == text


def test_the_size_explains_why_a_batch_of_one_is_right():
    sizes = [{"N": 5, "D": 4, "M": 3}, {"N": 1, "D": 4, "M": 3}]
    assert sized(lambda s: s["N"], sizes).startswith("Your answer is N times too large")


def test_an_ellipsis_hides_no_name():
    shapes = {"x": ["...", "D"], "W": ["D", "…"]}
    assert "√D times too small" in sized(lambda s: s["D"] ** -0.5, shapes=shapes)


FACTORS = {
    "is s times what is expected: is s multiplied in once too often": lambda s: s,
    "is 1/s times what is expected: is a factor of s missing": lambda s: 1 / s,
    "is -s times what is expected: is the sign wrong, and is s multiplied in": lambda s: -s,
    "is s² times what is expected: is s multiplied in where it divides?": lambda s: s**2,
    "is 1/s² times what is expected: is s divided by where it is a factor?": lambda s: s**-2,
    "is √s times what is expected: is s written where its root is meant": np.sqrt,
    "is (1 - s) times what is expected": lambda s: 1 - s,
    "is 1/(1 - s) times what is expected": lambda s: 1 / (1 - s),
}


@pytest.mark.parametrize("words", FACTORS)
def test_a_factor_that_comes_of_an_argument_is_told_by_its_name(words):
    given = [{"s": s, "flag": True} for s in (0.3, 1.7, 0.45)]
    expected = draws((3, 4), (2, 5), (4, 4))
    answers = [FACTORS[words](inputs["s"]) * y for inputs, y in zip(given, expected, strict=True)]
    assert said(expected, answers, inputs=given).startswith(f"Your answer {words}")
    alike = [{"s": 0.3}] * 3  # the same number everywhere may come from anywhere
    assert (
        "s " not in said(expected, [FACTORS[words](0.3) * y for y in expected], inputs=alike).split("factor")[0].split()
    )


def test_of_two_arguments_that_a_factor_may_come_of_neither_is_told():
    given = [{"s": s, "r": s} for s in (0.3, 1.7, 0.45)]
    expected = draws((3, 4), (2, 5), (4, 4))
    answers = [inputs["s"] * y for inputs, y in zip(given, expected, strict=True)]
    assert "times what" not in said(expected, answers, inputs=given)


def test_without_names_a_varying_factor_is_shown_as_it_varies():
    text = "Your answer is right but for a factor that depends on the case (5, 3, 6): "
    assert sized(lambda s: s["N"], shapes={}).startswith(text)


def test_two_sizes_that_are_always_equal_are_not_told_apart():
    assert sized(lambda s: s["N"], [{"N": n, "D": n, "M": 3} for n in (4, 6)]) == ""


def test_a_size_that_never_varies_is_not_named_nor_taken_for_a_constant():
    sizes = [{"N": 5, "D": 4, "M": 3}, {"N": 5, "D": 2, "M": 7}]
    assert sized(lambda s: s["N"], sizes) == ""
    assert sized(lambda s: 1 / s["N"], sizes) == ""


@pytest.mark.parametrize("factor", [12, 20, 2])
def test_one_case_does_not_tell_a_constant_from_a_product_or_a_root(factor):
    assert sized(lambda s: factor, SIZES[:1]) == ""
    assert sized(lambda s: 7, SIZES[:1]) == "Your answer is exactly 7 times too large in every entry."


def test_a_size_must_explain_the_right_cases_too():
    inputs, expected = layers()
    answers = [5 * expected[0], 3 * expected[1], expected[2]]
    assert not re.search("[NDM] times", said(expected, answers, inputs=inputs, shapes=LAYER))


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (2, "is exactly 2 times too large in every entry."),
        (0.5, "is exactly 2 times too small in every entry."),
        (-1, "has the wrong sign."),
        (-2, "is exactly -2 times what is expected in every entry."),
        (-0.5, "is exactly -1/2 times what is expected in every entry."),
    ],
)
def test_a_constant_factor_is_named(factor, words):
    assert sized(lambda s: factor) == f"Your answer {words}"


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (2 / 3, "is exactly 2/3 times what is expected in every entry."),
        (-7 / 4, "is exactly -7/4 times what is expected in every entry."),
        (np.sqrt(2), "is √2 times what is expected in every entry."),
        (1 / np.sqrt(2 * np.pi), "is 1/√(2π) times what is expected in every entry."),
        (2 * np.pi, "is 2π times what is expected in every entry."),
        (-1 / (2 * np.pi), "is -1/(2π) times what is expected in every entry."),
        (
            1 / np.log(2),
            "is 1/log 2 times what is expected in every entry: is one logarithm natural, and the other one",
        ),
        (0.3721, "is 0.3721 times what is expected in every entry."),
    ],
)
def test_a_factor_that_is_no_whole_number_is_named(factor, words):
    assert sized(lambda s: factor).startswith(f"Your answer {words}")


def test_a_number_that_is_read_off_two_values_explains_nothing():
    expected = [np.array(0.7), np.array(1.3)]
    assert said(expected, [0.3721 * e for e in expected]) == ""
    assert said(expected, [2 / 3 * e for e in expected]).startswith("Your answer is exactly 2/3 times")


def test_doubled_here_and_tripled_there_is_a_factor_that_depends_on_the_case():
    expected = draws((5, 3), (4, 7))
    text = said(expected, [2 * expected[0], 3 * expected[1]])
    assert text.startswith(
        "Your answer is right but for a factor that depends on the case (2, 3): is a division by a sum"
    )


@pytest.mark.parametrize("alike", [(), (1,)])
def test_rows_that_are_not_normalised_are_told(alike):
    """Of two cases in which rows have factors of their own, and of one in which all rows have the same."""
    expected = draws((5, 3), (4, 7))
    answers = [e * (2.5 if n in alike else np.arange(2.0, 2 + len(e))[:, None]) for n, e in enumerate(expected)]
    assert said(expected, answers).startswith("Your answer is right but for a factor of its own in each row")


def test_rows_too_short_to_show_a_factor_are_not_told():
    (expected,) = draws((40, 2))
    assert said([expected], [expected * np.arange(2.0, 42)[:, None]]) == ""


def test_a_single_number_that_is_doubled_may_be_chance():
    assert said([np.array(0.7)], [np.array(1.4)]) == ""


def test_scalars_of_several_cases_count_together():
    expected = [np.array(0.7), np.array(1.3)]
    assert said(expected, [2 * e for e in expected]).startswith("Your answer is exactly 2 times")


def test_sizes_that_contradict_each_other_have_no_name():
    inputs = {"x": np.zeros((5, 4)), "y": np.zeros((5, 3)), "n": 7}
    shapes = {"x": ["N", "D"], "y": ["N", "D"], "n": ["K"], "z": ["Q"]}
    assert axis_sizes(shapes, inputs) == {"N": 5}


# --- arguments that are handed back


def test_an_argument_that_is_handed_back_is_named():
    inputs, expected = layers()
    text = "Your answer is x, just as it was given: what is to be done to it?"
    assert said(expected, [given["x"] for given in inputs], inputs=inputs) == text
    assert said(expected, [given["W"] for given in inputs], inputs=inputs) == text.replace("x,", "W,")
    assert "just as it was given" not in said(expected, [given["x"] + 1e-9 for given in inputs], inputs=inputs)


def test_a_part_that_is_an_argument_is_named_in_every_step_too():
    inputs, expected = layers()
    steps = [(np.stack([right, right + 1]), right) for right in expected]
    answers = [(np.stack([given["x"]] * 2), right) for given, right in zip(inputs, expected, strict=True)]
    text = said(steps, answers, inputs=inputs, returns=["w", "v"])
    assert text == "v is right; w is x, just as it was given: what is to be done to it?"


def test_two_arguments_of_the_same_values_are_not_told_apart():
    inputs, expected = layers()
    both = [{"x": given["x"], "y": given["x"].copy()} for given in inputs]
    assert "just as it was given" not in said(expected, [given["x"] for given in both], inputs=both)


def test_two_numbers_may_be_an_argument_by_chance():
    inputs = [{"n": 2}, {"n": 3}]
    assert said([np.array(0.7), np.array(1.9)], [np.array(2.0), np.array(3.0)], inputs=inputs) == ""


# --- sums and means


@pytest.mark.parametrize(
    ("reduce", "words"),
    [
        (lambda e: e.mean(), "is the mean of the right answer over all its entries"),
        (lambda e: e.sum(axis=0), "is the sum of the right answer over axis 0"),
        (lambda e: e.mean(axis=1), "is the mean of the right answer over axis 1"),
        (lambda e: e.mean(axis=(1, 2)), "is the mean of the right answer over axes (1, 2)"),
    ],
)
def test_an_axis_too_many_that_was_summed_is_named(reduce, words):
    expected = draws((5, 3, 2), (4, 7, 3))
    assert said(expected, [reduce(e) for e in expected]) == f"Your answer {words}: which axes are to stay?"


def test_an_axis_that_was_lost_otherwise_is_told_by_the_shape():
    expected = draws((5, 3, 2), (4, 7, 3))
    assert said(expected, [e.max(axis=1) for e in expected]).startswith("Your answer lacks axis 1 of what is expected")


def test_a_number_where_an_array_without_entries_is_right_warns_of_nothing(recwarn):
    assert said([np.zeros((0, 3)), np.ones((2, 3))], [np.array(1.0), np.array(2.0)]) == ""
    assert not recwarn.list


def test_what_a_wrong_case_shows_is_looked_for_in_a_right_one_of_another_form_too(recwarn):
    """Of fewer axes, and without entries."""
    (wide,) = draws((4, 3, 2))
    for right in (np.zeros(3), np.zeros((0, 3, 2)), np.zeros((3, 0))):
        assert "the mean of the right answer over axes (1, 2)" in said([wide, right], [wide.mean(axis=(1, 2)), right])
        scaled = wide * np.arange(2.0, 6)[:, None, None]
        assert "in each row" not in said([wide, right], [scaled, right])
    (rows,) = draws((4, 5))
    text = said([rows, np.zeros((3, 0))], [rows * np.arange(2.0, 6)[:, None], np.zeros((3, 0))])
    assert "a factor of its own in each row" in text
    assert not recwarn.list


# --- terms, offsets, truth values


def with_bias(times):
    rng = np.random.default_rng(3)
    inputs = [{"x": rng.standard_normal((n, 4)), "b": rng.standard_normal(3)} for n in (5, 6)]
    expected = [rng.standard_normal((n, 3)) for n in (5, 6)]
    return said(expected, [e + times * given["b"] for e, given in zip(expected, inputs, strict=True)], inputs=inputs)


COMPLEX = [draw + 1j * turned for draw, turned in zip(draws((5,), (2, 3)), draws((5,), (2, 3), seed=1), strict=True)]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda z: 2.0 * z, "is exactly 2 times too large in every entry"),
        (lambda z: -z, "has the wrong sign"),
        (np.conj, "is the complex conjugate of the right one"),
        (lambda z: 1j * z, ""),
        (lambda z: z.imag + 1j * z.real, ""),
    ],
)
def test_complex_answers_are_explained_by_both_their_parts(change, words):
    assert said(COMPLEX, [change(z) for z in COMPLEX]).removesuffix(".").endswith(words)
    assert bool(said(COMPLEX, [change(z) for z in COMPLEX])) == bool(words)


def test_a_missing_term_is_named():
    assert with_bias(-1) == "Your answer is off by exactly -b: is b missing?"


def test_a_doubled_term_is_named():
    assert with_bias(1) == "Your answer is off by exactly +b: is b added once too often?"


def test_a_term_of_the_wrong_sign_is_named():
    assert with_bias(-2) == "Your answer is off by exactly -2·b: does b have the wrong sign?"


def test_two_inputs_that_are_the_same_are_not_told_apart():
    (b, expected) = draws((3,), (5, 3))
    assert said([expected], [expected - b], inputs=[{"b": b, "c": b.copy()}]) == ""


def test_half_a_term_is_not_named():
    assert with_bias(0.5) == ""


def test_inverted_truth_values_are_named():
    masks = [np.tri(5, dtype=bool), np.tri(7, dtype=bool)]
    assert "is inverted" in said(masks, [~mask for mask in masks])


def test_a_few_truth_values_may_be_chance():
    assert said([np.array([True, False, False])], [np.array([False, True, True])]) == ""


def test_whole_numbers_off_by_one_are_named():
    expected = [np.array([3, 1, 4, 1, 5]), np.array([9, 2, 6])]
    assert said(expected, [e + 1 for e in expected]) == "Your answer is exactly 1 too large in every entry."
    assert said(expected, [e - 2 for e in expected]) == "Your answer is exactly 2 too small in every entry."


def test_nan_where_whole_numbers_are_asked_is_survived():
    assert said([np.arange(8)], [np.full(8, np.nan)]) == ""


# --- precision and type


def test_float32_answers_are_named():
    expected = draws((5, 3), (4, 7))
    text = "Your answer is float32: right to 7 digits, where float64 is expected."
    assert said(expected, [e.astype(np.float32) for e in expected]) == text


def test_float16_answers_are_named():
    expected = draws((5, 3))
    assert "is float16" in said(expected, [e.astype(np.float16) for e in expected])


def test_float32_on_the_way_is_named():
    expected = draws((5, 3), (4, 7))
    answers = [e.astype(np.float32).astype(float) for e in expected]
    assert (
        said(expected, answers)
        == "Your answer is right to about 7 digits only: is something computed in float32 on the way?"
    )


def test_a_small_error_of_another_kind_is_not_called_float32():
    expected = draws((5, 3), (4, 7))
    assert said(expected, [e * (1 + 1e-7) for e in expected]) == ""
    assert said(expected, [np.round(e, 7) for e in expected]) == ""


def test_rounded_to_whole_numbers_is_not_called_float32():
    expected = [np.arange(8.0) + 1e-7 * draws((8,))[0]]
    assert said(expected, [np.round(expected[0])]) == ""


def test_right_values_of_another_type_are_named():
    labels = [np.array([2, 0, 1, 1, 0, 2])]
    assert (
        said(labels, [labels[0].astype(float)])
        == "Your answer has the right values, but as float64 where integer is expected."
    )


def test_decimals_cut_off_are_named():
    expected = [10 * draws((5, 3))[0]]
    text = "Your answer is int64, so everything after the decimal point is cut off."
    assert said(expected, [expected[0].astype(np.int64)]) == text


# --- other places


def test_a_transpose_is_named_whatever_its_shape():
    for expected in (draws((5, 3), (2, 7)), draws((4, 4), (3, 3))):
        assert said(expected, [e.T for e in expected]) == "Your answer is transposed."


def test_symmetric_answers_are_not_called_transposed():
    expected = [e + e.T for e in draws((4, 4), (3, 3))]
    assert said(expected, [e.T + 1e-3 * n for e, n in zip(expected, draws((4, 4), (3, 3), seed=1), strict=True)]) == ""


def test_permuted_axes_are_named():
    expected = draws((2, 3, 4), (5, 2, 3))
    text = "Your answer has the last two axes swapped."
    assert said(expected, [e.swapaxes(1, 2) for e in expected]) == text
    text = "Your answer has the axes in another order: (2, 0, 1)."
    assert said(expected, [e.transpose(2, 0, 1) for e in expected]) == text


def test_axes_are_counted_from_the_end_where_cases_differ_in_them():
    expected = draws((2, 3, 4), (5, 2), (2, 3, 5, 4))
    text = "Your answer has the last two axes swapped."
    assert said(expected, [e.swapaxes(-1, -2) for e in expected]) == text


def test_what_has_no_second_axis_need_not_show_that_axes_are_swapped():
    expected = draws((2, 3, 4), (5,), (5, 2))
    text = "Your answer has the last two axes swapped."
    assert said(expected, [e.swapaxes(-1, -2) if e.ndim > 1 else e for e in expected]) == text


@pytest.mark.parametrize("axis", [0, 1])
def test_a_reversed_axis_is_named(axis):
    expected = draws((5, 3), (4, 7))
    assert said(expected, [np.flip(e, axis) for e in expected]) == f"Your answer is reversed along axis {axis}."


@pytest.mark.parametrize(("step", "word"), [(1, "late"), (-1, "early")])
def test_a_shift_by_one_is_named(step, word):
    expected = draws((5,), (7,))
    text = f"Your answer is shifted by one: each entry is one place too {word}."
    assert said(expected, [np.roll(e, step) for e in expected]) == text


def test_a_shift_that_fills_up_with_zeros_is_named():
    expected = draws((5, 3), (6, 4))
    answers = [np.concatenate([np.zeros((1, e.shape[1])), e[:-1]]) for e in expected]
    text = "Your answer is shifted by one along axis 0: each entry is one place too late."
    assert said(expected, answers) == text


def test_a_wrong_first_entry_is_not_called_a_shift():
    expected = [np.ones(6) * 3.5, np.ones(5) * 2.5]
    assert "shift" not in said(expected, [np.concatenate([[0.0], e[1:]]) for e in expected])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda e: e[1:], "lacks the first entry along axis 0."),
        (lambda e: e[:, :-1], "lacks the last entry along axis 1."),
        (lambda e: np.pad(e, ((1, 0), (0, 0))), "has one entry too many at the start along axis 0."),
        (lambda e: np.pad(e, ((0, 0), (0, 1))), "has one entry too many at the end along axis 1."),
    ],
)
def test_a_dropped_or_an_extra_end_is_named(change, words):
    expected = draws((5, 3), (6, 4))
    assert said(expected, [change(e) for e in expected]) == f"Your answer {words}"


def test_reversed_and_shifted_are_the_same_for_two_and_then_neither_is_said():
    expected = draws((2, 5), (2, 7))
    text = "Your answer has the right entries in another order along axis 0."
    assert said(expected, [e[::-1] for e in expected]) == text


def test_permuted_entries_are_named():
    expected = draws((5, 8), (3, 8))
    order = [0, 1, 4, 5, 2, 3, 6, 7]
    text = "Your answer has the right entries in another order along axis 1."
    assert said(expected, [e[:, order] for e in expected]) == text


# --- other shapes, and what was not added up


def test_a_kept_axis_is_named():
    expected = draws((3,), (7,))
    text = "Your answer has the right values, but shape (1, 3) where (3,) is expected."
    assert said(expected, [e[None] for e in expected]) == text


def test_a_squeezed_axis_is_named():
    expected = draws((3, 1), (1, 7))
    text = "Your answer has the right values, but shape (3,) where (3, 1) is expected."
    assert said(expected, [e.ravel() for e in expected]) == text


def test_copies_are_named():
    expected = draws((3,), (7,))
    answers = [np.tile(e, (n, 1)) for e, n in zip(expected, (5, 1), strict=True)]
    text = "Your answer has the right values, but repeated: shape (5, 3) where (3,) is expected."
    assert said(expected, answers) == text


def test_values_that_are_not_repeated_are_named():
    rows = draws((3,), (7,))
    expected = [np.tile(row, (5, 1)) for row in rows]
    text = "Your answer has the right values, but not repeated along an axis: shape (3,) where (5, 3) is expected."
    assert said(expected, rows) == text


@pytest.mark.parametrize("how", ["sum", "mean"])
def test_a_reduction_not_done_is_named(how):
    answers = draws((5, 3), (4, 7))
    expected = [getattr(a, how)(0) for a in answers]
    text = f"Your answer has an extra axis: the {how} over axis 0 is right."
    assert said(expected, answers) == text


def test_a_loss_for_each_example_is_named():
    answers = draws((5,), (4,))
    text = "Your answer has extra axes: the mean over all its entries is right."
    assert said([np.asarray(a.mean()) for a in answers], answers) == text


def softmax(x, axis):
    e = np.exp(x)
    return e / e.sum(axis=axis, keepdims=True)


@pytest.mark.parametrize(("axis", "place"), [(0, "along axis 0"), (None, "over all entries")])
def test_a_softmax_over_another_axis_is_named(axis, place):
    x = draws((5, 3), (4, 7))
    text = f"Your answer sums to one {place} instead of along the last axis: is the softmax over the wrong axis?"
    assert said([softmax(a, -1) for a in x], [softmax(a, axis) for a in x]) == text


def test_a_transposed_softmax_is_called_transposed():
    expected = [softmax(a, -1) for a in draws((5, 5), (4, 4))]
    assert said(expected, [e.T for e in expected]) == "Your answer is transposed."


# --- several parts


def gradients(seed=0):
    rng = np.random.default_rng(seed)
    return [tuple(rng.standard_normal(s) for s in ((n, d), (d, m), (m,))) for n, d, m in ((5, 4, 3), (3, 2, 7))]


NAMES = ("dx", "dW", "db")


def test_right_parts_are_named_before_the_wrong_one():
    expected = gradients()
    answers = [(dx, dW, db[None]) for dx, dW, db in expected]
    text = "dx and dW are right; db has the right values, but shape (1, 3) where (3,) is expected."
    assert said(expected, answers, returns=NAMES) == text


def test_parts_with_one_explanation_share_a_sentence():
    expected = gradients()
    answers = [(dx, -dW, -db) for dx, dW, db in expected]
    assert said(expected, answers, returns=NAMES) == "dx is right; dW and db have the wrong sign."


def test_parts_with_two_explanations_get_a_sentence_each():
    expected = gradients()
    answers = [(dx, dW.T, 2 * db) for dx, dW, db in expected]
    text = "dx is right; dW is transposed. db is exactly 2 times too large in every entry."
    assert said(expected, answers, returns=NAMES) == text


def test_a_part_without_an_explanation_is_named_beside_those_that_have_one():
    expected, noise = gradients(), gradients(1)
    answers = [(dx, -dW, n[2]) for (dx, dW, db), n in zip(expected, noise, strict=True)]
    assert said(expected, answers, returns=NAMES) == "dx is right; dW has the wrong sign. db is wrong, too."
    answers = [(n[0], -dW, n[2]) for (dx, dW, db), n in zip(expected, noise, strict=True)]
    assert said(expected, answers, returns=NAMES) == "dW has the wrong sign. dx and db are wrong, too."
    answers = [(n[0], dW, n[2]) for (dx, dW, db), n in zip(expected, noise, strict=True)]
    assert said(expected, answers, returns=NAMES) == "dW is right, dx and db are not."


def test_a_sentence_that_says_only_where_is_known_as_one():
    expected, others = gradients(), gradients(1)
    of_dx = [(dx, other[1], other[2]) for (dx, _, _), other in zip(expected, others, strict=True)]
    assert only_locates(said(expected, of_dx, returns=NAMES))
    assert only_locates(edge(noise))
    assert only_locates("")
    signs = [(other[0], -dW, other[2]) for (_, dW, _), other in zip(expected, others, strict=True)]
    assert not only_locates(said(expected, signs, returns=NAMES))
    assert not only_locates(edge(np.negative))


def test_one_cause_of_all_parts_is_said_of_each_also_where_it_could_be_told_otherwise():
    """Of a gradient that is v itself, twice as much is v once too often as well; a part of one entry alone tells nothing."""
    given = [{"v": array} for array in draws((4, 3), (2, 5))]
    expected = [(2.0 * inputs["v"] - 1.0, inputs["v"], np.ones(1)) for inputs in given]
    answers = [tuple(2 * part for part in parts) for parts in expected]
    text = "dx, dW and db are exactly 2 times too large in every entry."
    assert said(expected, answers, returns=NAMES, inputs=given) == text


def test_swapped_answers_are_named():
    expected = gradients()
    answers = [(dx, db, dW) for dx, dW, db in expected]
    assert said(expected, answers, returns=NAMES) == "dW and db are swapped."


def test_rotated_answers_are_named():
    expected = gradients()
    answers = [(dW, db, dx) for dx, dW, db in expected]
    assert (
        said(expected, answers, returns=NAMES)
        == "You return dW, db and dx, in this order; the right order is dx, dW and db."
    )


def test_a_nest_of_parameters_is_named_part_by_part():
    rng = np.random.default_rng(0)
    expected = [
        (np.array(rng.standard_normal()), [(rng.standard_normal((d, 3)), rng.standard_normal(3)) for d in depth])
        for depth in ((4, 3), (5, 3, 3))
    ]
    halved = [(loss, [(dW / 2, db) for dW, db in layers]) for loss, layers in expected]
    names = "loss, gradients[0][1], gradients[1][1] and gradients[2][1] are right"
    text = said(expected, halved, returns=("loss", "gradients"))
    assert text.startswith(
        f"{names}; gradients[0][0], gradients[1][0] and gradients[2][0] are exactly 2 times too small"
    )
    negated = [(loss, [(-dW, -db) for dW, db in layers]) for loss, layers in expected]
    assert said(expected, negated, returns=("loss", "gradients")) == "loss is right; gradients have the wrong sign."


def test_a_size_that_one_part_shows_is_named_for_all():
    """The last layer is there in one case only, where N = 6 might as well be a 6."""
    rng = np.random.default_rng(0)
    inputs = [{"x": rng.standard_normal((n, 4))} for n in (5, 6)]
    expected = [[rng.standard_normal((4, 3)) for _ in range(depth)] for depth in (1, 2)]
    answers = [[len(given["x"]) * dW for dW in layers] for given, layers in zip(inputs, expected, strict=True)]
    text = said(expected, answers, inputs=inputs, shapes={"x": ["N", "D"]}, returns=("gradients",))
    assert text == "Your answer is N times too large, where N is the batch size: a sum instead of a mean?"


def test_an_answer_of_another_form_is_not_explained():
    expected = gradients()
    for form in (lambda a: a[:2], lambda a: a[0], lambda a: [*a, a[0]], lambda a: "text", lambda a: (a[0], None, a[2])):
        assert said(expected, [form(answer) for answer in expected], returns=NAMES) == ""


def test_a_part_that_some_cases_ask_for_alone_goes_by_its_name():
    expected = [np.arange(12.0), (np.arange(5.0), 3), (np.arange(7.0), 2)]
    answers = [np.arange(12.0) ** 2, (np.arange(5.0) ** 3, 3), (np.arange(7.0) ** 2, 2)]
    assert said(expected, answers, returns=["tokens", "excess"]).startswith("excess is right, tokens are not.")


def test_names_that_do_not_fit_the_answer_are_survived():
    expected = gradients()
    for names in ((), ("dx", "dW"), ("grads",)):
        assert "sign" in said(expected, [tuple(-part for part in answer) for answer in expected], returns=names)


# --- only some cases


LABELS = ["five tokens", "a mask", "a fully masked row", "scores near ±1000"]


def edge(change, which=(2,), inputs=None, name="f"):
    expected = draws((5, 3), (4, 7), (2, 6), (3, 4))
    answers = [change(e) if i in which else e for i, e in enumerate(expected)]
    key = replace(exercise(expected, inputs=inputs, labels=LABELS), name=name)
    return explain(key, evidence(key, answers))


def noise(e):
    return e + np.random.default_rng(9).standard_normal(e.shape)


def test_the_one_wrong_case_is_named():
    assert edge(noise) == "Right everywhere but in the case 'a fully masked row'."


def test_two_wrong_cases_of_four_are_named():
    assert edge(noise, (1, 2)) == "Right everywhere but in the cases 'a mask' and 'a fully masked row'."


def test_mostly_wrong_is_no_edge_case():
    assert edge(noise, (0, 1, 2)) == ""


def test_an_explanation_comes_before_its_case():
    assert edge(np.negative) == "Your answer has the wrong sign. Right everywhere but in the case 'a fully masked row'."


def test_an_explanation_of_most_cases_names_the_right_one():
    assert edge(np.negative, (0, 1, 2)) == "Your answer has the wrong sign. Right only in the case 'scores near ±1000'."


def test_nothing_is_right_everywhere_before_everything_was_asked():
    key = exercise(draws((5, 3), (4, 7), (2, 6)))
    asked = evidence(key, [q.expected if i else noise(q.expected) for i, q in enumerate(key.questions)])
    assert explain(key, asked).startswith("Right everywhere but in the case 'case 0'")
    assert explain(key, asked[:2]) == ""


def test_nothing_is_right_everywhere_where_another_claim_is_not_met():
    key = exercise(draws((5, 3), (4, 7), (2, 6)))
    asked = evidence(key, [q.expected if i else noise(q.expected) for i, q in enumerate(key.questions)])
    assert explain(key, asked, also_wrong={"case 0"}).startswith("Right everywhere but in the case 'case 0'")
    assert explain(key, asked, also_wrong={"another"}) == ""


def test_nan_in_an_edge_case_is_named_without_a_guess():
    assert edge(lambda e: e * np.nan) == "Right everywhere but in the case 'a fully masked row', where nan appears."


def test_overflow_is_named_where_large_inputs_tell_the_cases_apart():
    inputs = [{"x": size * draws((5, 3))[0]} for size in (1, 1, 1, 1000)]
    where = "Right everywhere but in the case 'scores near ±1000', where nan appears: an overflow? "
    assert edge(lambda e: e * np.nan, (3,), inputs, "softmax") == f"{where}{OF_SOFTMAX}."
    assert edge(lambda e: e * np.nan, (3,), inputs, "tanh") == f"{where}{OF_OTHERS}."
    assert edge(lambda e: e + np.inf, (3,), inputs).endswith("where inf appears.")
    inputs[0] = {"x": 1000 * inputs[0]["x"]}
    assert "overflow" not in edge(lambda e: e * np.nan, (3,), inputs)


def test_wrong_values_beside_nan_are_not_blamed_on_it():
    expected = draws((5, 3), (4, 7), (2, 6), (3, 4), (4, 4))
    answers = [expected[0] * np.nan, noise(expected[1]), *expected[2:]]
    assert said(expected, answers) == "Right everywhere but in the cases 'case 0' and 'case 1'."


# --- silence


def test_a_right_submission_is_not_explained():
    expected = draws((5, 3), (4, 7))
    assert said(expected, expected) == ""


def test_random_answers_are_not_explained():
    for seed in range(300):
        expected = [*draws((5, 3), (4, 7), (1, 1), (2, 2), seed=seed), np.array(0.5)]
        answers = [np.random.default_rng([seed, 1]).standard_normal(e.shape) for e in expected]
        assert said(expected, answers) == ""


@pytest.mark.parametrize("high", [2, 3, 10])
def test_random_whole_numbers_are_not_explained(high):
    for seed in range(300):
        rng = np.random.default_rng([seed, high])
        expected = [rng.integers(0, high, shape) for shape in ((5,), (4, 3), ())]
        answers = [rng.integers(0, high, np.shape(e)) for e in expected]
        assert first_word(expected, answers) in ("", "Right")


def first_word(expected, answers):
    return said(expected, answers).partition(" ")[0]


def test_random_truth_values_are_not_explained():
    for seed in range(300):
        rng = np.random.default_rng(seed)
        expected, answers = ([rng.random(shape) < 0.5 for shape in ((5,), (4, 3), (4, 4))] for _ in range(2))
        assert said(expected, answers) == ""


@pytest.mark.parametrize("kind", ["float64", "int64", "bool"])
def test_random_shapes_are_not_explained(kind):
    for seed in range(300):
        rng = np.random.default_rng(seed)
        shapes = [rng.integers(1, 5, rng.integers(1, 4)) for _ in range(6)]
        drawn = [rng.standard_normal(shape) * 3 for shape in shapes]
        drawn = [array > 0 if kind == "bool" else array.astype(kind) for array in drawn]
        assert first_word(drawn[:3], drawn[3:]) in ("", "Right")


def test_random_parts_are_not_explained():
    for seed in range(300):
        assert said(gradients(seed), gradients(seed + 1000), returns=NAMES) == ""


def test_zeros_trigger_nothing():
    zeros = [np.zeros((5, 3)), np.zeros((4, 7))]
    for change in (lambda e: e[None], lambda e: e.T, lambda e: e + 1, lambda e: e.sum(), lambda e: e[1:]):
        assert said(zeros, [change(e) for e in zeros]) == ""


def test_all_zero_answers_are_not_explained():
    expected = draws((5, 3), (4, 7))
    assert said(expected, [0 * e for e in expected]) == ""


def test_one_exception_leaves_two_wrong_answers_to_explain():
    expected = draws((5, 3), (4, 7), (2, 6))
    assert said(expected, [None, -expected[1], -expected[2]]) == "Your answer has the wrong sign."
    assert said(expected, [None, expected[1], -expected[2]]) == ""
    assert said(expected, [None, None, None]) == ""


def test_claims_of_equal_strength_silence_each_other():
    odd = [np.array([-2.0, -1.0, 0.0, 1.0, 2.0]), np.array([-7.0, 3.0, -3.0, 7.0])]
    assert said(odd, [-e for e in odd]) == ""


def test_what_other_rules_judge_is_not_explained():
    key = exercise([[1, 2, 3, 4, 5, 6, 7]])
    key = replace(key, checks=[replace(key.checks[0], kind="orders")])
    assert explain(key, evidence(key, [[7, 6, 5, 4, 3, 2, 1]])) == ""


KINDS = ["float64", "float32", "float16", "longdouble", "complex128", "int64", "uint64", "int8", "bool"]


def test_no_answer_is_too_strange_to_be_survived():
    changes = [
        lambda a: a,
        lambda a: a.T,
        lambda a: a[None],
        lambda a: np.asarray(a.sum()),
        lambda a: a[:0],
        lambda a: a * np.nan,
        lambda a: a[::-1],
        lambda a: np.tile(a, (3, 1, 1, 1, 1, 1)),
        lambda a: a.tolist(),
        lambda a: None,
        lambda a: {"a": a},
    ]
    for seed in range(300):
        rng = np.random.default_rng(seed)
        shapes = [rng.integers(0, 4, rng.integers(1, 4)) for _ in range(4)]
        kind = rng.choice(["float64", "int64", "bool"])
        expected = [(3 * rng.standard_normal(shape)).astype(kind) for shape in shapes]
        change = changes[seed % len(changes)]
        answers = [change(e.astype(KINDS[seed % len(KINDS)]) if rng.random() < 0.7 else e) for e in expected]
        for i in range(4):
            answers[i] = expected[i] if rng.random() < 0.3 else answers[i]
        assert isinstance(said(expected, answers), str)


def test_text_and_numbers_among_the_answers_are_survived():
    expected = [("a", 1.5, {"b": True, "c": [2, 3]}), ("b", 2.5, {"b": False, "c": [4, 1]})]
    doubled = [(name, 2 * x, rest) for name, x, rest in expected]
    names = ("name", "x", "rest")
    assert said(expected, doubled, returns=names) == "rest is right; x is exactly 2 times too large in every entry."
    assert said(expected, [("c", *rest) for _, *rest in expected], returns=names) == ""


# --- real exercises


def changed(answer, change):
    """An answer with each of its floats changed."""
    return mapped(lambda leaf: change(np.asarray(leaf)) if np.asarray(leaf).dtype.kind == "f" else leaf, answer)


def swapped(leaf):
    return leaf.swapaxes(-1, -2) if leaf.ndim > 1 else leaf


CHANGES = {
    "doubled": (lambda leaf: 2 * leaf, "exactly 2 times too large"),
    "negated": (np.negative, "the wrong sign"),
    "float32": (lambda leaf: leaf.astype(np.float32), "(is|are) float32"),
    "transposed": (swapped, "transposed|last two axes|the right values, but shape"),
}


@pytest.mark.parametrize("how", CHANGES)
@pytest.mark.parametrize(("unit", "name"), EXERCISES)
def test_a_known_change_of_a_real_answer_is_named_or_nothing_is(unit, name, how):
    change, words = CHANGES[how]
    for key in keys_of(unit, name):
        text = explain(key, evidence(key, [changed(question.expected, change) for question in key.questions]))
        for sentence in re.split(r"(?<=[.?]) ", text):
            facts_only = re.fullmatch(r"Right (everywhere but|only) in .*|[^;]* right, [^;]* (is|are) not\.", sentence)
            assert not sentence or facts_only or re.search(words, sentence), text


def test_what_is_right_to_three_digits_is_asked_for_a_small_constant_and_nothing_else_is():
    near, far = draws((4, 5), (3, 5))
    rng = np.random.default_rng(1)
    few = [answer * (1 + 5e-4 * rng.random(answer.shape)) for answer in (near, far)]
    assert "small constant of your own" in said([near, far], few)
    for factor in (5e-3, 1.0):
        off = [answer * (1 + factor * rng.random(answer.shape)) for answer in (near, far)]
        assert "small constant" not in said([near, far], off)
    assert "small constant" not in said([near, far], [few[0], far + rng.standard_normal(far.shape)])
