"""References are cut by position: what students get, what mistakes change, and what the shape line says."""

import ast

import pytest

from grader.authoring.mutants import mutants
from grader.course.edited_text import mutate
from grader.course.reference_text import BODY, SourceError, definitions, run_text, stub_module
from grader.exercise import edit

MODULE = '''"""A unit.

Its conventions.
"""

import functools

import numpy as np

EPS = 1e-5


def softmax(x):
    """Given to students."""
    return np.exp(x) / np.exp(x).sum()


# A comment that belongs to the exercise.
# It has two lines.
@functools.cache
@functools.wraps(softmax)
def decorated(
    x,  # the logits
    axis=-1,
):
    """One line, and the body starts below.

    x (N, D) -> y (N, D)
    """

    def inner(y):
        """Nested, and no exercise."""
        return y * 2

    secret = inner(x)
    return secret


def _private(x):
    return x + 41


def short(x, scale=2.0):
    """A one-line docstring."""
    return scale * x  # the answer
'''
EXERCISES = ["decorated", "short"]


@pytest.fixture
def stubs():
    return stub_module(MODULE, EXERCISES)


def test_a_stub_module_is_python_and_raises(stubs):
    module = run_text(stubs.replace("@functools.cache\n@functools.wraps(softmax)\n", ""), "stubs", "stubs.py")
    for name in EXERCISES:
        with pytest.raises(NotImplementedError):
            getattr(module, name)(1.0)


def test_a_stub_is_signature_docstring_and_two_lines():
    assert (
        definitions(MODULE)["short"].stub == f'def short(x, scale=2.0):\n    """A one-line docstring."""\n    {BODY}\n'
    )


def test_decorators_signatures_docstrings_and_comments_survive(stubs):
    block = MODULE[MODULE.index("# A comment that") : MODULE.index("\n    def inner")]
    assert block.rstrip() + f"\n    {BODY}\n" in stubs


def test_bodies_and_private_functions_do_not_survive(stubs):
    for text in ("inner", "secret", "the answer", "_private", "41"):
        assert text not in stubs


def test_everything_else_stays_as_it_is(stubs):
    for text in (MODULE[: MODULE.index("# A comment")], "EPS = 1e-5", "return np.exp(x) / np.exp(x).sum()"):
        assert text in stubs
    assert stubs.endswith("raise NotImplementedError\n")
    assert "\n\n\n\n" not in stubs


def test_only_top_level_functions_are_found():
    assert list(definitions(MODULE)) == ["softmax", "decorated", "_private", "short"]


def test_cutting_a_stub_again_changes_nothing(stubs):
    assert stub_module(stubs, EXERCISES) == stubs


def test_stubs_of_a_file_without_a_last_newline():
    text = 'def f(x):\n    """One."""\n    return x'
    assert stub_module(text, ["f"]) == f'def f(x):\n    """One."""\n    {BODY}\n'


def test_an_exercise_without_a_docstring_is_refused():
    with pytest.raises(SourceError, match="f has no docstring"):
        stub_module("def f(x):\n    return x\n", ["f"])


def test_a_signature_is_written_on_one_line():
    assert definitions(MODULE)["decorated"].signature == "decorated(x, axis=-1)"
    assert definitions(MODULE)["decorated"].parameters == ["x", "axis"]


def test_a_summary_is_signature_and_docstring():
    assert definitions(MODULE)["short"].summary == "def short(x, scale=2.0)\n\nA one-line docstring.\n"


def shape_line(line, parameters="x, W, mask=None, p=2"):
    return definitions(f'def f({parameters}):\n    """One line.\n\n    {line}\n\n    More words.\n    """\n')["f"]


@pytest.mark.parametrize(
    ("line", "shapes", "returns"),
    [
        ("x (N, D), W (D, M) -> y (N, M)", {"x": ["N", "D"], "W": ["D", "M"]}, ["y"]),
        (
            "x (..., Tq, d), mask (..., Tq, Tk) -> out (..., Tq, d)",
            {"x": ["...", "Tq", "d"], "mask": ["...", "Tq", "Tk"]},
            ["out"],
        ),
        ("x (N, D), W (D, M) -> dx (N, D), dW (D, M)", {"x": ["N", "D"], "W": ["D", "M"]}, ["dx", "dW"]),
        ("x (D,), p -> norm", {"x": ["D"]}, ["norm"]),
        ("x (N, D) -> loss, dx (N, D)", {"x": ["N", "D"]}, ["loss", "dx"]),
        ("x (), W () -> y ()", {"x": [], "W": []}, ["y"]),
        ("unknown (N,), x (D,) -> y", {"x": ["D"]}, ["y"]),
        ("x (N, C·K, 2·H + 1) -> cols (N, (C·K), L)", {"x": ["N", "C·K", "2·H + 1"]}, ["cols"]),
        ("-> sums (M,), slope", {}, ["sums", "slope"]),
        ("no arrow here (N,)", {}, []),
    ],
)
def test_the_shape_line_names_axes_and_answers(line, shapes, returns):
    source = shape_line(line)
    assert source.shapes == shapes
    assert source.returns == returns


def test_without_a_docstring_there_are_no_shapes():
    source = definitions("def f(x):\n    return x\n")["f"]
    assert (source.shapes, source.returns, source.docstring) == ({}, [], "")


def test_an_edit_changes_one_function_and_nothing_else():
    mutant = mutate(MODULE, "short", edit("scale * x", "x"))
    assert mutant == MODULE.replace("scale * x", "x")
    assert run_text(mutant, "mutant", "mutant.py").short(3.0) == 3.0


def test_an_edit_may_be_of_another_function():
    assert mutate(MODULE, "short", edit("x + 41", "x", of="_private")) == MODULE.replace("x + 41", "x")


def test_an_edit_may_span_and_add_lines():
    mutant = mutate(MODULE, "short", edit("return scale * x", "y = scale * x\n    return y"))
    assert run_text(mutant, "mutant", "mutant.py").short(3.0) == 6.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (edit("not there", ""), "short: 'not there' occurs 0 times in short; an edit needs it exactly once"),
        (edit("x", "y"), "occurs 2 times in short"),
        (edit("x + 41", ""), "occurs 0 times in short"),
        (
            edit("x", "y", of="nobody"),
            "short: the reference has no nobody to edit; say of what it is: edit(…, of=…), one of of='softmax', ",
        ),
    ],
)
def test_an_edit_that_does_not_fit_is_refused(change, message):
    with pytest.raises(SourceError) as refused:
        mutate(MODULE, "short", change)
    assert message in str(refused.value)


def test_a_mutant_keeps_the_lines_of_all_other_functions():
    mutant = definitions(mutate(MODULE, "short", edit("scale * x", "x")))
    for name, source in definitions(MODULE).items():
        if name != "short":
            assert ast.dump(mutant[name].node) == ast.dump(source.node)


def test_comments_above_private_functions_and_private_classes_are_cut():
    text = (
        '# the trick\ndef _f(x):\n    return x\n\n\nclass _C:\n    y = 1\n\n\ndef g(x):\n    """G."""\n    return x\n'
    )
    assert stub_module(text, ["g"]).strip() == f'def g(x):\n    """G."""\n    {BODY}'


CLASS = """
class Counter(list):
    \"\"\"Counts.

    start ()
    \"\"\"

    kind = "own"

    def __init__(self, start, step=1):
        \"\"\"Begin at `start`.\"\"\"
        self.now = start
        self.step = step

    def _advance(self):
        \"\"\"One step.\"\"\"
        self.now += self.step

    def next(self, times=1):
        \"\"\"The number after the last, `times` over.\"\"\"
        self._advance()
        return self.now
"""


def test_a_class_is_cut_to_its_head_and_the_methods_that_have_a_docstring():
    expected = f'''class Counter(list):
    """Counts.

    start ()
    """

    def __init__(self, start, step=1):
        """Begin at `start`."""
        {BODY.replace("    ", " " * 8)}

    def next(self, times=1):
        """The number after the last, `times` over."""
        {BODY.replace("    ", " " * 8)}
'''
    assert definitions(CLASS)["Counter"].stub == expected
    assert stub_module(CLASS, ["Counter"]).strip() == expected.strip()


def test_a_class_is_called_as_its_objects_are_made():
    source = definitions(CLASS)["Counter"]
    assert source.signature == "Counter(start, step=1)"
    assert source.parameters == ["start", "step"]
    assert source.summary.startswith("class Counter(start, step=1)\n\nCounts.")
    assert "next(times=1)\n    The number after the last" in source.summary
    assert "_advance" not in source.summary


def test_a_class_without_a_maker_is_called_with_nothing():
    assert definitions("class Empty:\n    pass\n")["Empty"].signature == "Empty()"


def test_a_class_can_be_edited_into_a_mutant():
    mutant = mutate(CLASS, "Counter", edit("self.now += self.step", "self.now += 1"))
    assert "self.now += 1\n" in mutant


def test_a_class_whose_maker_has_no_docstring_has_no_stub():
    source = definitions('class Net:\n    """A net."""\n\n    def __init__(self, n):\n        self.n = n\n')["Net"]
    with pytest.raises(SourceError, match=r"Net\.__init__ has no docstring"):
        source.stub  # noqa: B018


def test_a_mutant_changes_no_tree_that_others_read():
    text = "def half(x):\n    return x / 2\n"
    before = ast.dump(definitions(text)["half"].node)
    changing = mutants(text, "half")
    next(changing)  # and it is not asked for the next one, which would put things right
    assert ast.dump(definitions(text)["half"].node) == before
