"""A mistake is said as a small change of the reference: in every place, of two pieces, of the answer, in two places."""

import pytest

from grader.course.edited_text import mutate
from grader.course.reference_text import SourceError, run_text
from grader.exercise import Edit, edit, everywhere, returns, swapped

TEXT = '''import numpy as np


def spread(x, weights):
    """The mean and the deviation of each column; σ², the mean square, first."""
    mean = np.sum(weights * x, axis=0) / np.sum(weights, axis=0)
    σ2, low = np.mean((x - mean) ** 2, axis=0), 0.0
    return mean - low, np.sqrt(σ2)


def halved(x):
    def half():
        return x / 2

    return (
        half()
        + 0.0  # in two lines
    )


class Kept:
    def now(self):
        return self


def told(x):
    print(x)
'''


def of(change: Edit, name: str = "spread") -> str:
    """The text with a change, without what surrounds it: only the lines that differ."""
    lines = mutate(TEXT, name, change).split("\n")
    return "\n".join(line.strip() for line in lines if line not in TEXT.split("\n"))


def test_everywhere_changes_all_places_of_one_function():
    changed = mutate(TEXT, "spread", everywhere("axis=0", "axis=1"))
    assert changed == TEXT.replace("axis=0", "axis=1")


def test_everywhere_is_for_more_places_than_one():
    for text, count in (("np.sqrt", 1), ("axis=1", 0)):
        with pytest.raises(SourceError) as refused:
            mutate(TEXT, "spread", everywhere(text, "x"))
        assert str(refused.value) == (
            f"spread: {text!r} occurs {count} times in spread; `everywhere` needs it twice at least, "
            "and `edit` is for what stands there once"
        )


@pytest.mark.parametrize("pieces", [("mean - low", "np.sqrt(σ2)"), ("np.sqrt(σ2)", "mean - low")])
def test_two_pieces_are_swapped_in_whatever_order_they_are_named(pieces):
    assert of(swapped(*pieces)) == "return np.sqrt(σ2), mean - low"


@pytest.mark.parametrize(
    ("pieces", "message"),
    [
        (("axis=0", "mean - low"), "spread: 'axis=0' occurs 3 times in spread; `swapped` needs each exactly once"),
        (("mean - low", "up"), "'up' occurs 0 times"),
        (("mean - low", "- low, np"), "spread: 'mean - low' and '- low, np' overlap in spread, and cannot be swapped"),
        (("mean - low", "- low,"), "overlap"),
        (("mean - low", "mean - low"), "overlap"),
    ],
)
def test_what_cannot_be_swapped_is_refused(pieces, message):
    with pytest.raises(SourceError) as refused:
        mutate(TEXT, "spread", swapped(*pieces))
    assert message in str(refused.value)


def test_an_answer_takes_the_place_of_what_the_last_line_returns():
    assert of(returns("σ2, mean")) == "return σ2, mean"


def test_an_answer_may_hold_the_one_that_is_there():
    assert of(returns("np.stack(…)")) == "return np.stack((mean - low, np.sqrt(σ2)))"
    assert of(returns("… / 2", of="halved"), "halved").startswith("(half()")


def test_what_holds_the_answer_binds_it_first():
    """As many lines as the reference has it in, its sum is halved as a whole."""
    mutant = run_text(mutate(TEXT, "halved", returns("2 * … ** 2")), "mutant", "mutant.py")
    assert mutant.halved(3.0) == 4.5


@pytest.mark.parametrize("name", ["told", "Kept"])
def test_only_what_ends_with_a_return_has_another_answer(name):
    with pytest.raises(SourceError) as refused:
        mutate(TEXT, name, returns("1"))
    assert f"{name} does not end with a return of something; say with `edit` what changes" in str(refused.value)


def test_a_mistake_may_be_made_in_two_places():
    change = edit("weights * x", "x").then("np.sum(weights, axis=0)", "len(x)")
    assert of(change) == "mean = np.sum(x, axis=0) / len(x)"


def test_the_second_place_is_looked_for_in_what_the_first_has_left():
    assert of(edit("mean - low", "low").then("return low", "return 0.0")) == "return 0.0, np.sqrt(σ2)"
    with pytest.raises(SourceError, match="'mean - low' occurs 0 times in spread"):
        mutate(TEXT, "spread", edit("mean - low", "low").then("mean - low", "mean"))


def test_all_places_of_a_change_are_in_one_function():
    change = everywhere("axis=0", "0", of="spread").then("np.sqrt", "")
    assert mutate(TEXT, "told", change) == TEXT.replace("axis=0", "0").replace("np.sqrt", "")
