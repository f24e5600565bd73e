"""`bounded`: one of the pairs of bounds holds for all numbers; of several answers one can be bounded alone."""

import numpy as np
import pytest
from asked import decided, question
from odd import ODD, near

from grader.authoring.proof import report_on
from grader.compiling.compile import compile_exercise
from grader.course.unit import Unit, UnitError
from grader.exercise import bounded
from grader.judging.kinds.bounded import Options, trace

LOW, HIGH = np.array([1.0, 10.0]), np.array([2.0, 20.0])
BOUNDS = [[LOW, HIGH], [-HIGH, -LOW]]
PAIR = question((np.zeros(3), [0.0, 0.0]))


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ([1.5, 15.0], None),
        ([-1.5, -15.0], None),
        ([1.5, 25.0], "norms[1] is 25, expected between 10 and 20 (case: a case)"),
        ([1.5, -15.0], "norms[1] is -15, expected between 10 and 20 (case: a case)"),
        ([1.5, np.nan], "norms[1] is nan, expected a finite number (case: a case)"),
        ([1.5], "norms have 1 value, expected 2 values (case: a case)"),
    ],
)
def test_one_pair_of_bounds_holds_for_all_numbers(answer, message):
    found = decided("bounded", [answer], [question([0.0, 0.0])], ["norms"], BOUNDS, Options())
    assert (found.message if found else None) == message


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((np.ones(3), [1.5, 15.0]), None),
        ((np.full(3, np.nan), [1.5, 15.0]), None),  # what is wrong with the others costs nothing here
        ((None, [1.5, 15.0]), None),
        ((np.ones(3), [1.5, 9.0]), "norms[1] is 9, expected between 10 and 20 (case: a case)"),
        ((np.ones(3), [np.inf, 15.0]), "norms[0] is inf, expected a finite number (case: a case)"),
        ((np.ones(3), [1.5, 15.0], 0), "the answer has 3 values, expected 2 values (x, norms) (case: a case)"),
        (None, "the answer is None, expected 2 values (x, norms) (case: a case)"),
    ],
)
def test_a_part_is_bounded_for_itself(answer, message):
    found = decided("bounded", [answer], [PAIR], ["x", "norms"], BOUNDS, Options(1))
    assert (found.message if found else None) == message


def test_a_single_number_is_bounded_as_a_list_of_one():
    bounds, asked = [[np.array([1.0]), np.array([2.0])]], [question((0.0, np.zeros(3)))]
    assert decided("bounded", [(1.5, np.ones(3))], asked, ["loss", "x"], bounds, Options(0)) is None
    found = decided("bounded", [(2.5, np.ones(3))], asked, ["loss", "x"], bounds, Options(0))
    assert found.message == "loss is 2.5, expected between 1 and 2 (case: a case)"


def test_a_trace_says_where_the_part_lies_and_nothing_of_the_others():
    traces = [trace([(x, [0.5, 15.0])], BOUNDS, Options(1)) for x in (np.zeros(3), None)]
    assert traces[0] == traces[1]
    assert traces[0] != trace([(np.zeros(3), [1.5, 15.0])], BOUNDS, Options(1))


@pytest.mark.filterwarnings("error")
def test_a_part_meets_every_odd_answer():
    answers = [*ODD.values(), *(make() for make in near(PAIR.expected).values())]
    for answer in answers:
        decided("bounded", [answer], [PAIR], ["x", "norms"], BOUNDS, Options(1))
        trace([answer], BOUNDS, Options(1))


CHECKS = """from grader.exercise import Exercise, bounded

drawn = Exercise(
    points=1,
    cases={"many": lambda draw: dict(n=10000, rng=draw.generator())},
    checks=[bounded(1, "has a mean near a half", lambda inputs: [(0.48, 0.52)], on="many", part=PART)],
    mistakes=[],
    hints=[],
)
"""
REFERENCE = '''"""Drawn."""


def drawn(n, rng):
    """Uniform numbers and their mean.

    n, rng -> x (n,), mean
    """
    x = rng.random(n)
    return x, x.mean()
'''


def unit(folder, part) -> Unit:
    for name, text in {
        "drawn.py": REFERENCE,
        "checks.py": CHECKS.replace("PART", repr(part)),
        "handout.md": "## drawn\n",
    }.items():
        (folder / name).write_text(text, encoding="utf-8")
    return Unit("drawn", folder)


@pytest.mark.parametrize("part", ["mean", 1])
def test_a_part_goes_by_name_or_by_place(tmp_path, part):
    made = unit(tmp_path, part)
    key = compile_exercise(made, "drawn", 0)
    assert key.checks[0].options == {"part": 1}
    assert report_on(made.pieces("drawn"), key, made).points == 1
    assert report_on([lambda n, rng: (None, rng.random(n).mean())], key, made).points == 1
    assert report_on([lambda n, rng: (rng.random(n), rng.random(n).sum())], key, made).points == 0


def test_a_part_that_there_is_not_is_told_with_those_there_are(tmp_path):
    with pytest.raises(UnitError, match="the parts are x, mean"):
        compile_exercise(unit(tmp_path, "median"), "drawn", 0)


def test_no_part_is_no_option_of_a_key():
    assert bounded(1, "is small", bounds=dict).options == Options()
