"""What is said of an answer that is right in some entries, and of one of which only the shape is known to be wrong."""

import numpy as np
import pytest
from test_explain import draws, said

SHAPES = [(4, 6), (3, 8)]


def told(change, shapes=SHAPES):
    expected = draws(*shapes)
    return said(expected, [change(array.copy()) for array in expected])


def every_second(array, value):
    array[..., ::2] = value(array[..., ::2])
    return array


def test_a_sign_that_is_wrong_in_some_entries_is_told():
    text = "Your answer has the wrong sign in some entries; the others are right."
    assert told(lambda y: every_second(y, np.negative)) == text


@pytest.mark.parametrize(("factor", "words"), [(2.0, "2"), (0.25, "1/4"), (-3.0, "-3"), (-0.5, "-1/2")])
def test_a_factor_in_some_entries_is_told(factor, words):
    text = f"Your answer is exactly {words} times what is expected in some entries; the others are right."
    assert told(lambda y: every_second(y, lambda part: factor * part)) == text


@pytest.mark.parametrize("factor", [1.37, 40.0])
def test_a_factor_in_some_entries_that_no_formula_has_is_not_told(factor):
    assert told(lambda y: every_second(y, lambda part: factor * part)) == ""


@pytest.mark.parametrize(("number", "asks"), [(0.0, ": is something left out there?"), (-1.0, ".")])
def test_one_number_in_all_wrong_entries_is_told(number, asks):
    text = told(lambda y: every_second(y, lambda part: number))
    assert text == f"Your answer is {number:g} in every wrong entry, and right in the others{asks}"


def test_entries_that_have_nothing_in_common_are_passed_over():
    noise = np.random.default_rng(1).standard_normal(100)
    assert told(lambda y: every_second(y, lambda part: part + noise[: part.size].reshape(part.shape))) == ""


def test_a_factor_of_all_entries_but_zeros_is_not_called_one_of_some():
    expected = draws(*SHAPES)
    for array in expected:
        array[:, 0] = 0.0
    assert "some entries" not in said(expected, [3.0 * array for array in expected])


def rectified(seed, shape=(5, 6)):
    return np.maximum(np.random.default_rng(seed).standard_normal(shape), 0.0)


def test_a_number_that_stands_where_another_one_is_due_is_told():
    expected = [rectified(0), rectified(1)]
    text = "Your answer is right but where 0 is expected: -1 stands there."
    assert said(expected, [np.where(array > 0, array, -1.0) for array in expected]) == text


def test_what_stands_there_is_shown_only_where_it_is_one_number():
    expected = [rectified(0), rectified(1)]
    answers = [np.where(y > 0, y, np.arange(1.0, 31.0).reshape(y.shape)) for y in expected]
    assert said(expected, answers) == "Your answer is right but where 0 is expected."


def test_a_number_that_is_right_in_another_case_is_not_called_the_trouble():
    expected = [rectified(0), rectified(1), rectified(2)]
    answers = [np.where(expected[0] > 0, expected[0], -1.0), *expected[1:]]
    text = "Your answer is right but where 0 is expected: -1 stands there. Right everywhere but in the case 'case 0'."
    assert said(expected, answers) == text


def test_a_single_wrong_entry_has_nothing_in_common_with_others():
    def changed(array):
        array[0, 0] = 3.0
        return array

    assert told(changed) == ""


def test_nan_in_some_entries_is_none_of_these():
    assert "wrong entry" not in told(lambda y: every_second(y, lambda part: np.nan))


def of_shapes(expected, yours):
    """What is said where no values agree."""
    return said(draws(*expected), draws(*yours, seed=1))


@pytest.mark.parametrize(
    ("expected", "yours", "words"),
    [
        ([(5,), (4,)], [(5, 3), (4, 2)], "has an axis too many, axis 1: is a sum, a mean or a choice missing there?"),
        ([(5,)], [(2, 3, 5)], "has 2 axes too many, axes 0 and 1: is a sum, a mean or a choice missing there?"),
        (
            [(), ()],
            [(5, 5), (3, 3)],
            "is an array where one number is expected: is a sum, a mean or a product missing?",
        ),
        (
            [(6, 3), (5, 3)],
            [(3,), (3,)],
            "lacks axis 0 of what is expected: is a sum, a mean or a choice one too many there",
        ),
        ([(2, 4, 9), (2, 3, 8)], [(2, 4, 10), (2, 3, 9)], "is one entry longer than expected along axis 2."),
        ([(2, 4, 9), (2, 3, 8)], [(2, 3, 9), (2, 2, 8)], "is one entry shorter than expected along axis 1."),
    ],
)
def test_a_shape_tells_which_axis_is_wrong(expected, yours, words):
    assert of_shapes(expected, yours).startswith(f"Your answer {words}")


@pytest.mark.parametrize(
    ("expected", "yours"),
    [
        ([(3,), (4,)], [(3, 3), (4, 4)]),  # either axis
        ([(3,), (4,)], [(5, 7), (6, 8)]),  # neither
        ([(2, 9), (3, 8)], [(2, 10), (3, 7)]),  # longer here, shorter there
        ([(2, 9)], [(2, 10)]),  # once may be anything
        ([(2, 9), (3, 8)], [(3, 9), (3, 9)]),  # another axis each time
        ([(5,), (4,)], [(), ()]),
    ],
)
def test_a_shape_that_may_have_come_about_in_several_ways_is_passed_over(expected, yours):
    assert of_shapes(expected, yours) == ""


def test_twice_as_much_is_told_though_an_axis_has_two_entries_as_long_as_other_axes_vary():
    inputs = [{"a": np.ones(n), "c": np.ones(2)} for n in (3, 5, 4)]
    expected = draws((), (), ())
    text = "Your answer is exactly 2 times too small in every entry."
    assert said(expected, [y / 2 for y in expected], inputs=inputs) == text
    alike = [{"a": np.ones(3), "c": np.ones(2)}] * 3
    assert said(expected, [y / 2 for y in expected], inputs=alike) == ""


def test_whose_length_an_axis_has_is_told_where_another_is_expected():
    given = [{"x": np.ones(shape), "k": k} for shape, k in (((4, 6), 2), ((5, 3), 4))]
    wide, tall, of_k = (
        [draws(shape)[0] for shape in shapes] for shapes in (((2, 6), (2, 3)), ((2, 4), (2, 5)), ((2, 2), (2, 4)))
    )
    text = "Your answer has the length of axis 0 of x along axis 1, where the length of axis 1 of x is expected."
    assert said(wide, tall, inputs=given) == text
    text = "Your answer has the length k along axis 1, where the length of axis 1 of x is expected."
    assert said(wide, of_k, inputs=given) == text
    assert said(of_k, tall, inputs=given).endswith("of axis 0 of x along axis 1, where the length k is expected.")
    assert said(wide[:1] * 2, tall[:1] * 2, inputs=given[:1] * 2) == ""  # once may be chance
    assert said(wide, [draws((2, 9))[0], draws((2, 8))[0]], inputs=given) == ""


def of_axes(axes, names=("x",)):
    """What is said of means over these axes, where those over the last two are due."""
    inputs = [dict.fromkeys(names, array) for array in draws((2, 3, 4, 5), (6, 3, 7, 5))]
    expected = [given["x"].mean((2, 3)) for given in inputs]
    return said(expected, [given["x"].mean(axes) for given in inputs], inputs=inputs)


@pytest.mark.parametrize(
    ("axes", "left"),
    [((0, 3), "axes 1 and 2"), ((1, 3), "axes 0 and 2"), ((0, 1), "axes 2 and 3"), ((1, 2), "axes 0 and 3")],
)
def test_the_axes_of_an_input_that_are_left_are_told_where_others_are_to_be(axes, left):
    text = f"Your answer has {left} of x left, where axes 0 and 1 are to be: is a sum, a mean or a choice along another axis?"
    assert of_axes(axes) == text


def test_of_two_inputs_of_one_shape_it_is_not_guessed_whose_axes_are_left():
    assert of_axes((0, 3), names=("x", "y")) == ""


@pytest.mark.parametrize("shapes", [[(4,), (3,)], [(4,), (1,), (5,)]])
def test_a_vector_that_meets_itself_as_a_column_is_told_by_its_diagonal(shapes):
    rights, lefts = draws(*shapes), [np.arange(*shape) ** 2.0 for shape in shapes]
    expected = [left + right for left, right in zip(lefts, rights, strict=True)]
    crossed = [left[:, None] + right for left, right in zip(lefts, rights, strict=True)]
    assert said(expected, crossed).startswith(
        "Your answer is n by n where n numbers are expected, and right on its diagonal"
    )
    assert said(expected, [table + 1.0 for table in crossed]) == ""


def test_where_keepdims_leaves_an_axis_in_some_cases_and_makes_a_table_in_others_one_thing_is_said():
    """log Σ exp with a maximum that keeps its axis, over the last axis and over the first."""
    expected = draws((4,), (3,), (5,))
    answers = [expected[0][:, None] + np.zeros(4), expected[1][None, :], expected[2][:, None] + np.zeros(5)]
    assert "every entry meets every other one" in said(expected, answers)
    assert "every entry" not in said(expected, [y[None, :] for y in expected])
