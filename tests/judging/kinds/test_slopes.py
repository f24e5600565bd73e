"""`slopes`: a gradient beside the student's own value."""

import numpy as np
import pytest
from asked import decided, question

from grader.judging.kinds.slopes import Options


def parabola(x, factor=2.0):
    return float((x**2).sum()), factor * x


@pytest.mark.parametrize(
    ("factor", "message"),
    [
        (2.0, None),
        (1.0, "along a random direction your value changes at a rate of 8.6, your gradient says 4.3 (case: a case)"),
        (np.nan, "gradient[0] is nan, expected 2; all 3 entries differ (case: a case)"),
    ],
)
def test_slopes_compares_the_gradient_with_the_students_own_value(factor, message):
    x, direction, h = np.array([1.0, 2.0, 3.0]), np.array([1.0, 0.15, 1.0]), 1e-5
    answers = [parabola(x, factor), parabola(x + h * direction, factor), parabola(x - h * direction, factor)]
    questions = [question(parabola(x))] * 3
    found = decided("slopes", answers, questions, ["loss", "gradient"], direction, Options(h))
    assert (found.message if found else None) == message


def test_a_constant_with_a_zero_gradient_has_no_slope_to_show():
    x = np.array([1.0, 2.0])
    found = decided("slopes", [(3.0, x * 0)] * 3, [question(parabola(x))] * 3, ["loss", "gradient"], x, Options(1e-5))
    assert found.message == "your gradient is zero, and your value does not change (case: a case)"


def test_what_is_0_but_for_rounding_is_said_as_0():
    """The value is 0.3 + 0.1 + 0.2 in three orders: it does not change, and its difference quotient is rounding alone."""
    x = np.array([1.0, 2.0])
    values = 0.3 + 0.1 + 0.2, (0.1 + 0.2) + 0.3, 0.1 + (0.2 + 0.3)
    assert values[1] != values[2]
    found = decided(
        "slopes", [(value, x) for value in values], [question(parabola(x))] * 3, ["loss", "gradient"], x, Options(1e-5)
    )
    assert (
        found.message
        == "along a random direction your value changes at a rate of 0, your gradient says 5 (case: a case)"
    )
