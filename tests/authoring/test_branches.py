"""Several functions go through one calculation, of which what comes before their first call is done once."""

import os

import pytest

from grader.authoring.branches import branched


def test_what_comes_before_the_first_call_is_done_once_and_each_function_goes_on_alone():
    begun = []

    def calculate(function):
        begun.append(function)
        seen = [len(begun)]
        for step in range(3):
            seen.append(function(step, by=seen))
        return seen, len(begun)

    def adding(step, by):
        return step + sum(by)

    def forgetting(step, by):
        by.clear()
        return step

    functions = {"adds": adding, "forgets": forgetting, "adds again": adding}
    found = branched(functions, calculate)
    assert found == {"adds": ([1, 1, 3, 7], 1), "forgets": ([2], 1), "adds again": ([1, 1, 3, 7], 1)}
    assert len(begun) == 1


def test_functions_that_nobody_calls_come_to_the_same():
    assert branched({"one": len, "other": max}, lambda function: 3) == {"one": 3, "other": 3}
    assert branched({}, lambda function: 3) == {}


def test_what_a_child_cannot_send_is_calculated_again():
    here = os.getpid()
    found = branched({"one": lambda: lambda: os.getpid(), "other": lambda: 2}, lambda function: function())
    assert found["one"]() == here
    assert found["other"] == 2


def test_a_calculation_that_fails_says_so():
    def raising():
        raise ZeroDivisionError("no")

    with pytest.raises(ZeroDivisionError, match="no"):
        branched({"fails": raising, "holds": lambda: 1}, lambda function: function())
    with pytest.raises(ZeroDivisionError, match="no"):
        branched({"holds": lambda: 1, "fails": raising}, lambda function: function())
