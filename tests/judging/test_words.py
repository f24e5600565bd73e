"""Every word of the vocabulary beyond a plain call, in the real worker: what is right, and what must fail."""

import textwrap
from dataclasses import replace

import numpy as np
import pytest
from conftest import TOY, by_name, first_finding

from grader.authoring.proof import prove
from grader.compiling.compile import compile_exercise, compile_key
from grader.course.reference_text import definitions
from grader.course.unit import Unit
from grader.grading import grade
from grader.key import from_bytes, to_bytes
from grader.sandbox.inside.call import call
from grader.sandbox.inside.way import Way
from grader.sandbox.wire import Opaque
from grader.submission import Submission

UNIT = Unit("words", TOY / "solutions" / "words")
KEY = from_bytes(to_bytes(compile_key(UNIT, 7)))
RIGHT = UNIT.text


@pytest.fixture
def ask(sandbox):
    """Grade one exercise of the right file with its body replaced, and lines put on top."""

    def run(name, body, head="", tail=""):
        source = definitions(RIGHT)[name]
        signature = source.body.split("\n", 1)[0]
        body = textwrap.indent(textwrap.dedent(body).strip("\n"), "    ")
        text = head + RIGHT.replace(source.body, f"{signature}\n{body}\n") + tail
        return by_name(grade(Submission("words.py", text.encode()), KEY, sandbox, [name]))[name]

    return run


@pytest.mark.parametrize("name", UNIT.exercises)
def test_the_new_words_hold_every_rule(name):
    assert prove(UNIT, name, range(2)).failures == []


def test_the_reference_and_every_rewrite_keep_their_points_in_the_sandbox(sandbox):
    assert grade(Submission("words.py", RIGHT.encode()), KEY, sandbox).is_perfect
    rewrites = UNIT.rewrites_text
    aliases = "".join(f"{name.split('__')[0]} = {name}\n" for name in definitions(rewrites) if "__" in name)
    report = grade(Submission("rewrites.py", (rewrites + aliases).encode()), KEY, sandbox)
    assert report.is_perfect, [first_finding(e) for e in report.exercises if e.status != "passed"]


def test_a_key_of_random_numbers_is_small():
    assert len(to_bytes(KEY)) < 200_000


# Drivers


def test_a_driver_lets_parameters_have_other_names(sandbox):
    text = RIGHT.replace("def slope(f, x, h=1e-5):", "def slope(g, at, step=1e-5):\n    f, x, h = g, at, step")
    assert by_name(grade(Submission("words.py", text.encode()), KEY, sandbox, ["slope"]))["slope"].points == 3


def test_behind_a_driver_an_exception_shows_the_students_own_line(ask):
    message = first_finding(ask("slope", "return (f(x + h) - f(x - h)) / (2 * step)")).message
    assert message.startswith("NameError: name 'step' is not defined at line ")
    assert "`return (f(x + h) - f(x - h)) / (2 * step)` (case: a cubic)" in message
    assert "driver" not in message


def test_an_exception_in_a_function_that_the_driver_built_is_at_the_students_line(ask):
    message = first_finding(ask("slope", "return f('one')")).message
    assert "`return f('one')` (case: a cubic)" in message


def test_behind_a_driver_a_changed_input_is_found(ask):
    exercise = ask(
        "momentum", "state = dw if state is None else momentum * state + dw\nw -= lr * state\nreturn w, state"
    )
    finding = first_finding(exercise)
    assert (exercise.points, finding.kind) == (exercise.max_points - 1, "mutated")
    assert finding.message == "your function changes its input w (case: three steps)"


def test_what_the_driver_cannot_use_is_told_without_its_traceback(ask):
    exercise = ask("momentum", "return None")
    finding = first_finding(exercise)
    assert (exercise.status, exercise.points) == ("error", 0)
    assert finding.message == (
        "what your code returns cannot be used as the exercise asks: "
        "TypeError: cannot unpack non-iterable NoneType object (case: three steps)"
    )
    assert finding.hint == "Return what the stub's docstring says, in its order."


def test_what_a_driver_says_itself_stands_alone(ask):
    finding = first_finding(ask("momentum", "return np.zeros(1), None"))
    assert finding.message == "w has an entry for each of dw's, and yours has shape (1,) (case: three steps)"
    assert finding.hint == ""


@pytest.mark.parametrize(("returned", "is_drivers"), [(np.zeros(3), True), (np.zeros(2), False)])
def test_an_error_inside_what_the_driver_calls_is_the_driver_s(returned, is_drivers):
    driver = "def stack(student, x):\n    return np.stack([student(x=x), np.zeros(2)])\n"
    reply = call([lambda x: returned], {"x": 1.0}, Way(["x"], driver))
    if is_drivers:
        assert reply["error"]["in_driver"]
    else:
        assert reply["value"].shape == (2, 2)


def test_an_error_of_the_call_s_is_not_the_driver_s():
    reply = call([lambda: 0.0], {"x": 1.0}, Way(["x"], "def ask(student, x):\n    return student(x=x)\n"))
    assert reply["error"]["in_driver"] is False


def test_a_wrong_signature_behind_a_driver_is_told_as_one(sandbox):
    text = RIGHT.replace("def slope(f, x, h=1e-5):", "def slope():")
    finding = first_finding(by_name(grade(Submission("words.py", text.encode()), KEY, sandbox, ["slope"]))["slope"])
    assert finding.message.startswith(
        "your code cannot be called with the stub's arguments: slope() takes 0 positional arguments but 2 were"
    )


def test_the_state_is_handed_back_and_wrong_steps_are_named(ask):
    exercise = ask("momentum", "return w - lr * dw, None")
    assert exercise.points == 0
    assert first_finding(exercise).mistake == "forgets"
    assert first_finding(exercise).message.startswith("w[1][")


# Tolerances that are stated


def test_a_stated_tolerance_takes_the_place_of_the_measured_margin(monkeypatch):
    unit = Unit("words", TOY / "solutions" / "words")
    monkeypatch.setitem(unit.exercises, "slope", replace(unit.exercises["slope"], tolerance=1e-6))
    for question in compile_exercise(unit, "slope", 7).questions:
        (tolerance,) = question.tolerance
        assert 1e-6 <= tolerance / max(1, abs(question.expected)) <= 2e-6  # rounded up to one digit


def test_a_stated_tolerance_below_the_noise_is_lifted_out_of_it(monkeypatch):
    unit = Unit("words", TOY / "solutions" / "words")
    monkeypatch.setitem(unit.exercises, "slope", replace(unit.exercises["slope"], tolerance=1e-15))
    stated, measured = compile_exercise(unit, "slope", 7), compile_exercise(UNIT, "slope", 7)
    for ours, theirs in zip(stated.questions, measured.questions, strict=True):
        assert 0 < 50 * ours.tolerance[0] <= theirs.tolerance[0]


def test_whole_numbers_are_exact_whatever_tolerance_is_stated(monkeypatch):
    unit = Unit("words", TOY / "solutions" / "words")
    monkeypatch.setitem(unit.exercises, "halves", replace(unit.exercises["halves"], tolerance=1e-6))
    assert {t for q in compile_exercise(unit, "halves", 7).questions for t in q.tolerance} == {0.0}


# Exceptions that are right


@pytest.mark.parametrize(
    ("body", "points", "words"),
    [
        (
            "return np.zeros((2, 2)) if abs(det) < 1e-9 else right",
            3,
            "your function returns an array of shape (2, 2), but",
        ),
        ("if det == 0:\n    return None\nreturn right", 3, "your function returns None, but it must raise LinAlgError"),
        ("if det == 0:\n    raise ValueError('flat')\nreturn right", 3, "ValueError: flat at line"),
        ("if det == 0:\n    raise NotImplementedError\nreturn right", 3, "not written yet"),
        ("if det == 0:\n    raise np.linalg.LinAlgError('flat')\nreturn right", 4, ""),
        ("raise np.linalg.LinAlgError('always')", 0, "LinAlgError: always"),
        ("raise NotImplementedError", 0, "not written yet"),
    ],
)
def test_an_exception_can_be_the_right_answer(ask, body, points, words):
    lines = "a, b, c, d = A.ravel()\ndet = a * d - b * c\nwith np.errstate(all='ignore'):\n    right = np.array([[d, -b], [-c, a]]) / det\n"
    exercise = ask("reciprocal", lines + body)
    assert exercise.points == points
    if words:
        assert words in first_finding(exercise).message


def test_a_stub_does_not_pass_where_any_exception_would_do():
    (check,) = [check for check in KEY.exercise("reciprocal").checks if check.kind == "raises"]
    assert KEY.exercise("reciprocal").questions[check.groups[0][0]].expected == Opaque("LinAlgError")
    from grader.grading.judge import Answer, judge
    from grader.report import Finding, Status

    check.options["error"] = "RuntimeError"  # a base of NotImplementedError
    try:
        stub = Answer(finding=Finding("missing", "not written yet"), status=Status.MISSING)
        assert judge(KEY.exercise("reciprocal"), lambda question: stub, "words").points == 0
    finally:
        check.options["error"] = "LinAlgError"


# Signs that are free


@pytest.mark.parametrize(
    ("returned", "points", "words"),
    [
        ("scores, axes", 2, ""),
        ("-scores, -axes", 2, ""),
        ("scores * [1, -1, 1], axes * [[1], [-1], [1]]", 2, ""),
        ("-scores, axes", 0, "all 15 entries differ"),
        ("scores * [1, -1, 1], axes", 0, "5 of 15 entries differ"),
        ("scores, -abs(axes)", 0, "entries differ"),
        ("scores[:, ::-1], axes[::-1]", 0, ""),
        ("[scores, axes, axes]", 0, "has 3 values, expected 2 values"),
        ("np.zeros((2, 3))", 0, "is an array of shape (2, 3), expected 2 values (scores, axes)"),
    ],
)
def test_rows_and_columns_turn_together(ask, returned, points, words):
    svd = "centred = X - X.mean(axis=0)\naxes = np.linalg.svd(centred)[2][:k]\nscores = centred @ axes.T\nreturn "
    exercise = ask("directions", svd + returned)
    assert exercise.points == points
    if words:
        assert words in first_finding(exercise).message


def test_a_mistake_is_named_whatever_its_sign(ask):
    values = "values, vectors = np.linalg.eigh(A)\nreturn "
    assert ask("leading", values + "values[-1], -vectors[:, -1]").points == 2
    assert first_finding(ask("leading", values + "values[-1], -2 * vectors[:, -1]")).mistake == "long"
    assert first_finding(ask("leading", values + "values[0], -vectors[:, 0]")).mistake == "smallest"


# Forbidden operations

LOOP = "C = np.zeros((len(A), B.shape[1]))\nfor i in range(len(A)):\n    for j in range(B.shape[1]):\n        C[i, j] = {}\nreturn C"

FORBIDDEN = {
    "the operator": ("", "return A @ B", "@"),
    "in place": ("", "A = A.copy()\nA @= B\nreturn A", "@"),
    "dot": ("", "return np.dot(A, B)", "np.dot"),
    "the method": ("", "return A.dot(B)", "the method dot"),
    "the method by its string": ("", "return getattr(A, 'dot')(B)", "the method dot"),
    "the operator's method": ("", "return A.__matmul__(B)", "the method __matmul__"),
    "the operator's function": ("import operator\n", "return operator.matmul(A, B)", "operator.matmul"),
    "another name for NumPy": ("import numpy\n", "return numpy.einsum('ij,jk', A, B)", "numpy.einsum"),
    "a function's other name": ("from numpy import matmul as times\n", "return times(A, B)", "times"),
    "a star": ("from numpy import *\n", "return inner(A, B.T)", "inner"),
    "a module's other name": ("import numpy.linalg as la\n", "return la.multi_dot([A, B])", "la.multi_dot"),
    "an import inside": ("", "from numpy import dot\nreturn dot(A, B)", "dot"),
    "a helper": ("def helper(A, B):\n    return A @ B\n\n", "return helper(A, B)", "@"),
    "a helper's helper": ("def one(A, B):\n    return A @ B\ntwo = lambda *a: one(*a)\n", "return two(A, B)", "@"),
    "a name at the top": ("import numpy as np\nproduct = np.dot\n", "return product(A, B)", "np.dot"),
    "a class": ("class M:\n    def __init__(self, a): self.a = a\n    def by(self, b): return self.a @ b\n", "return M(A).by(B)", "@"),
    "a comprehension": ("", "return np.array([[row @ column for column in B.T] for row in A])", "@"),
    "NumPy's core": ("", "return np._core.multiarray.c_einsum('ij,jk', A, B)", "np._core.multiarray.c_einsum"),
    "a string that runs": ("", "return eval('A @ B')", "eval"),
}  # fmt: skip


@pytest.mark.parametrize(("head", "body", "operation"), FORBIDDEN.values(), ids=FORBIDDEN)
def test_a_forbidden_operation_is_found_before_anything_runs(ask, head, body, operation):
    exercise = ask("multiply", body, head)
    finding = first_finding(exercise)
    assert (exercise.status, finding.kind, exercise.points) == ("forbidden", "forbidden", 0)
    assert finding.message.endswith(f" uses {operation}, which this exercise forbids")
    line = int(finding.message.split()[1])
    assert operation.split(".")[-1].removeprefix("the method ") in (head + RIGHT + body).replace(
        "__matmul__", "@ __matmul__"
    )
    assert line > 0


def test_the_line_of_a_forbidden_operation_is_the_students(sandbox):
    text = "import numpy as np\n\n\ndef multiply(A, B):\n    # np.dot\n    C = A\n    return np.dot(C, B)\n"
    report = by_name(grade(Submission("words.py", text.encode()), KEY, sandbox, ["multiply"]))
    assert first_finding(report["multiply"]).message == "line 7 uses np.dot, which this exercise forbids"


HIDDEN = {
    "a string in two parts": ("", "return getattr(np, 'do' + 't')(A, B)", "np.dot"),
    "a module by its string": ("", "return vars(np)['lin' + 'alg'].multi_dot([A, B])", "np.linalg.multi_dot"),
    "the core by its string": ("", "return getattr(np, '_co' + 're').multiarray.matmul(A, B)", "np.matmul"),
    "the matrix class": ("", "return np.asarray(np.asmatrix(A) * np.asmatrix(B))", "np.dot"),
    "a method in two parts": ("", "return getattr(A, 'do' + 't')(B)", "the method dot"),
    "an import by its string": ("import importlib\n", "return importlib.import_module('numpy').matmul(A, B)", "np.matmul"),
}  # fmt: skip


@pytest.mark.parametrize(("head", "body", "operation"), HIDDEN.values(), ids=HIDDEN)
def test_a_hidden_forbidden_operation_is_refused_when_it_runs(ask, head, body, operation):
    exercise = ask("multiply", body, head)
    finding = first_finding(exercise)
    assert (exercise.status, finding.kind, exercise.points) == ("forbidden", "forbidden", 0)
    assert finding.message.endswith(f" uses {operation}, which this exercise forbids")


FREE = {
    "a name of one's own": ("def dot(a, b):\n    return (a * b).sum()\n\n", LOOP.format("dot(A[i], B[:, j])")),
    "a local variable": ("from numpy import dot\n", LOOP.format("sum(A[i] * B[:, j])").replace("C", "dot")),
    "a parameter": ("", "def cell(dot, einsum):\n    return (dot * einsum).sum()\n" + LOOP.format("cell(A[i], B[:, j])")),
    "a comment and a string": ("", "# A @ B, np.dot(A, B)\n'np.dot and @'\n" + LOOP.format("sum(A[i] * B[:, j])")),
    "one's own method": (
        "class Vector:\n    def __init__(self, a): self.a = a\n    def dot(self, b): return (self.a * b).sum()\n",
        LOOP.format("Vector(A[i]).dot(B[:, j])"),
    ),
    "what another function uses": ("def unused(A, B):\n    return A @ B\n", LOOP.format("sum(A[i] * B[:, j])")),
    "NumPy's own use": ("", "np.cov(A)\nnp.linalg.norm(A)\n" + LOOP.format("sum(A[i] * B[:, j])")),
    "an import alone": ("from numpy import dot, matmul\nimport numpy.linalg as la\n", LOOP.format("sum(A[i] * B[:, j])")),
}  # fmt: skip


@pytest.mark.parametrize(("head", "body"), FREE.values(), ids=FREE)
def test_what_is_no_forbidden_operation_is_free(ask, head, body):
    exercise = ask("multiply", body, head)
    assert exercise.points == 2, first_finding(exercise)


def test_where_linear_algebra_is_forbidden_its_exception_is_not(ask):
    body = "raise np.linalg.LinAlgError('flat') if A[0, 0] * A[1, 1] == A[0, 1] * A[1, 0] else ValueError"
    assert "ValueError" in first_finding(ask("reciprocal", body)).message
    for body in ("return np.linalg.inv(A)", "from numpy.linalg import inv\nreturn inv(A)"):
        assert ask("reciprocal", body).status == "forbidden"
    alias = "from numpy.linalg import LinAlgError, solve\nla = np.linalg\n"
    right = RIGHT.split('"""', 2)[2].replace("np.linalg.LinAlgError", "LinAlgError")
    body = definitions(right)["reciprocal"].body.split('"""')[2]
    assert ask("reciprocal", body, "import numpy as np\n" + alias).points == 4


def test_a_saved_reference_to_linear_algebra_is_refused_too(ask):
    head = "import numpy as np\nSAVED = [getattr(np, 'lin' + 'alg').inv]\n"
    exercise = ask("reciprocal", "return SAVED[0](A)", head)
    assert (exercise.status, exercise.points) == ("forbidden", 0)


def test_other_exercises_may_use_what_one_forbids(sandbox):
    text = RIGHT.replace("return (A[:, :, None] * B).sum(axis=1)", "return A @ B")
    report = grade(Submission("words.py", text.encode()), KEY, sandbox)
    assert {e.id for e in report.exercises if e.status != "passed"} == {"words.multiply"}  # directions uses @ and svd


def test_a_notebook_is_told_its_cell(sandbox):
    import json

    cells = ["import numpy as np", "def multiply(A, B):\n    return A @ B"]
    notebook = {"cells": [{"cell_type": "code", "source": cell} for cell in cells]}
    report = grade(Submission("words.ipynb", json.dumps(notebook).encode()), KEY, sandbox, ["multiply"])
    assert first_finding(report.exercises[0]).message == "code cell 2, line 2 uses @, which this exercise forbids"


# Random numbers

A = "a = math.sqrt(6 / (fan_in + fan_out))\n"

SAMPLES = {
    "another sampler": ("start", A + "return (rng.random((fan_out, fan_in)) * 2 - 1).T * a", 4, ""),
    "integers of the generator": ("start", A + "return (rng.integers(0, 2**53, (fan_in, fan_out)) / 2**52 - 1) * a", 4, ""),
    "normal": ("start", A + "return rng.normal(0, a / math.sqrt(3), (fan_in, fan_out))", 1, "beyond ["),
    "narrow": ("start", A + "return rng.uniform(-a, a, (fan_in, fan_out)) / math.sqrt(2)", 1, "a standard deviation of"),
    "shifted": ("start", A + "return rng.uniform(0, a, (fan_in, fan_out))", 1, "has a mean of"),
    "one row for all": ("start", A + "return np.tile(rng.uniform(-a, a, fan_out), (fan_in, 1))", 1, "repeats the same"),
    "mirrored rows": (
        "start",
        A + "half = rng.uniform(-a, a, (fan_in // 2 + 1, fan_out))\nreturn np.concatenate([half, -half])[:fan_in]",
        1,
        "has rows that depend on each other",
    ),
    "no generator": ("start", A + "return np.random.default_rng(1).uniform(-a, a, (fan_in, fan_out))", 3, "another random generator gives the same numbers"),
    "the global generator": ("start", A + "return np.random.uniform(-a, a, (fan_in, fan_out))", 3, "the same random generator gives other numbers"),
    "transposed": ("start", A + "return rng.uniform(-a, a, (fan_out, fan_in))", 0, "W has shape (150, 400), expected (400, 150)"),
    "single precision": ("start", A + "return rng.uniform(-a, a, (fan_in, fan_out)).astype(np.float32)", 0, "W is float32"),
    "nan": ("start", A + "return rng.uniform(-a, a, (fan_in, fan_out)) * np.nan", 0, "nan"),
    "truncated at 3": (
        "start_normal",
        "x = rng.standard_normal((fan_in, fan_out))\nreturn np.where(abs(x) > 3, rng.uniform(-3, 3, x.shape), x) * math.sqrt(2 / fan_in)",
        1,
        "are its tails cut off?",
    ),
    "swapped fans": ("start_normal", "return rng.normal(0, math.sqrt(2 / fan_out), (fan_in, fan_out))", 1, "a standard deviation"),
    "a Laplace law": ("start_normal", "return rng.laplace(0, 1 / math.sqrt(fan_in), (fan_in, fan_out))", 1, ""),
    "Box and Muller": (
        "start_normal",
        "u, v = 1 - rng.random((fan_in, fan_out)), rng.random((fan_in, fan_out))\n"
        "return np.sqrt(-4 / fan_in * np.log(u)) * np.sin(2 * np.pi * v)",
        4,
        "",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("name", "body", "points", "words"), SAMPLES.values(), ids=SAMPLES)
def test_a_sample_is_judged_by_itself(ask, name, body, points, words):
    exercise = ask(name, body)
    assert exercise.points == points
    if points < 4:
        assert words in first_finding(exercise).message


@pytest.mark.parametrize(
    ("body", "points", "words"),
    [
        (
            "n = rng.random(depth)\nreturn list((1e-9 if is_fading else 1e-3) ** (1 - np.arange(depth) / depth) * (1 + n))",
            3,
            "norms[3] is ",
        ),
        ("return list(1.0 + rng.random(depth))", 1, "with the inputs changed, the last of norms is "),
        (
            "return list(1e-9 ** (1 - np.arange(depth) / depth) * (1 + rng.random(depth)))",
            1,
            "expected at most 1e+06 times",
        ),
        ("return [1.0] * depth", 0, ""),
        ("return list(-rng.random(depth))", 1, "norms must hold positive numbers"),
        ("return list(rng.random(depth + 1))", 0, "norms have 21 values, expected 20 values"),
    ],
)
def test_a_list_grows_where_it_must_and_only_there(ask, body, points, words):
    exercise = ask("fading", body)
    assert exercise.points == points
    assert words in first_finding(exercise).message


@pytest.mark.parametrize(
    ("body", "clause"),
    [
        ("return list(0.2 ** np.arange(depth)[::-1])", ""),
        ("return list(3.0 ** np.arange(1, depth + 1)[::-1])", ""),
        ("return list(0.5 ** np.arange(depth)[::-1])", "norms[2] is 0.5, expected between 0.01 and 0.3"),
        ("return [27.0, 20.0, 0.2, 0.5]", "norms[1] is 20, expected between 0.001 and 0.09"),
        ("return [0.01, np.nan, 0.1, 1.0]", "norms[1] is nan, expected a finite number"),
        ("return [10**400, 10, 10, 10]", "norms[0] is "),
        ("return [0.7, 0.9, 1.0]", "norms have 3 values, expected 4 values"),
    ],
)
def test_numbers_lie_between_bounds_all_of_one_pair(ask, body, clause):
    check = next(check for check in ask("fading", body).checks if check.claim.startswith("falls or grows"))
    assert (check.points == 1) is (not clause)
    assert not clause or clause in check.finding.message


# Whole numbers


@pytest.mark.parametrize(
    ("body", "points"),
    [
        ("return [list(range(0, n, 2)), list(range(1, n, 2))]", 1),
        ("return (tuple(range(0, n, 2)), np.arange(1, n, 2).astype(np.int32))", 1),
        ("return [[np.int64(i) for i in range(0, n, 2)], list(range(1, n, 2))]", 1),
        ("return [[float(i) for i in range(0, n, 2)], list(range(1, n, 2))]", 0),
        ("return [[True, 2, 4, 6, 8], [1, 3, 5, 7]]", 0),
        ("return [[0, 2, 4, 6], [1, 3, 5, 7]]", 0),
        ("return [[[0], [2], [4], [6], [8]], [1, 3, 5, 7]]", 0),
    ],
)
def test_a_list_of_whole_numbers_is_an_array_of_them(ask, body, points):
    assert ask("halves", body).points == points
