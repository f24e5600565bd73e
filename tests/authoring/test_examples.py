"""What stands below a worked example is what the reference answers, to as many digits as are printed."""

import pytest

from grader.authoring.examples import alike, differences, shown


@pytest.mark.parametrize(
    ("want", "got", "is_alike"),
    [
        ("0.96", "0.9599", True),
        ("0.96", "0.9499", False),
        ("array([[1., 2.]])", "array([[1., 2. ]])", True),
        ("array([1., 2.])", "array([1., 3.])", False),
        ("(5.0, 4.0)", "(5.0, -4.0)", False),
        ("[1, 2]", "[1, 2, 3]", False),
    ],
)
def test_printed_digits_count(want, got, is_alike):
    assert alike(want, got) == is_alike


def test_a_wrong_number_in_a_handout_is_found():
    assert differences(">>> 2 * x\n4.0\n", {"x": 2.0}) == []
    assert differences(">>> 2 * x\n4.1\n", {"x": 2.0}) == ["2 * x gives 4.0, and the handout says 4.1"]


def test_an_example_that_raises_is_told():
    assert differences(">>> y\n4.0\n", {}) == ["y raises NameError: name 'y' is not defined"]


def test_complex_answers_are_shown_with_both_parts():
    assert shown(1.23456 - 2j) == "(1.2346-2j)"
