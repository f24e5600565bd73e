"""`orders`: any order that respects the pairs."""

import numpy as np
import pytest
from asked import decided, question

FACTS = (["a", "b", "c", 4], [("a", "b"), ("a", "c"), ("c", 4)])
ORDER = question(["a", "b", "c", 4])


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (["a", "b", "c", 4], None),
        (("a", "c", 4, "b"), None),
        (["a", "c", "b", np.array(4)], None),
        (["b", "a", "c", 4], "'b' comes before 'a' in your list, expected after it (case: a case)"),
        (["a", "b", 4], "'c' is missing from your list, expected once (case: a case)"),
        (["a", "b", "b", "c", 4], "'b' is in your list 2 times, expected once (case: a case)"),
        (["a", "b", "c", 4, "d"], "'d' is in your list, but it does not belong there (case: a case)"),
        (
            [4, "c", "b", "a"],
            "'b' comes before 'a' in your list, expected after it; reversed, your list is right (case: a case)",
        ),
        (["a", "b", "c", "4"], "4 is missing from your list, expected once (case: a case)"),
        (["a", ["b"], "b", "c", 4], "['b'] is in your list, but it does not belong there (case: a case)"),
        (None, "order is None, expected 4 values (case: a case)"),
        (np.zeros(4), "order is an array of shape (4,), expected 4 values (case: a case)"),
        ({"a": 1}, "order is a dict, expected 4 values (case: a case)"),
    ],
)
def test_orders_takes_any_order_that_respects_the_pairs(answer, message):
    found = decided("orders", [answer], [ORDER], ["order"], FACTS)
    assert (found.message if found else None) == message


def test_orders_takes_whole_numbers_as_an_array():
    facts = ([3, 1, 2], [(3, 1)])
    assert decided("orders", [np.array([3, 2, 1])], [question([3, 1, 2])], ["order"], facts) is None
    found = decided("orders", [np.array([1, 2, 3])], [question([3, 1, 2])], ["order"], facts)
    assert found.message == "1 comes before 3 in your list, expected after it (case: a case)"
