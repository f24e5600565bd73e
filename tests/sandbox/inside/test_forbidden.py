"""What is forbidden is refused where the call arrives, by whatever trick; what is written out keeps every point.

tests/hostile/forbidden/ holds a file for each trick, an answer to linear_algebra.matrix_multiply. Its first lines are
`# row:`, `# attack:` and, where nothing is left of the trick without the doors, `# twin: none`.
"""

import json
import os
import subprocess
import sys
import textwrap
from dataclasses import replace

import pytest
from conftest import ROOT, by_name, first_finding

from grader.grading import grade
from grader.key import from_bytes
from grader.sandbox.inside.ideas import IDEAS
from grader.sandbox.inside.paths import functions
from grader.submission import Submission

KEY = from_bytes((ROOT / "assignments/linear_algebra/key").read_bytes())
FREE = replace(KEY, exercises=[replace(exercise, forbids=[]) for exercise in KEY.exercises])
FILES = sorted((ROOT / "tests/hostile/forbidden").glob("*.py"))
TWINS = [file for file in FILES if "# twin: none" not in file.read_text()]


def answered(content: bytes, key, sandbox, name="matrix_multiply"):
    return by_name(grade(Submission("linear_algebra.py", content), key, sandbox, [name]))[name]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_trick_earns_nothing(file, sandbox):
    exercise = answered(file.read_bytes(), KEY, sandbox)
    assert exercise.points == 0
    assert exercise.status == "forbidden" or file.stem.startswith("f10")  # these get hold of it, and it is locked


@pytest.mark.parametrize("file", TWINS, ids=lambda file: file.stem)
def test_the_trick_works_where_nothing_is_forbidden(file, sandbox):
    assert answered(file.read_bytes(), FREE, sandbox).points == 3


WRITTEN_OUT = {
    "three loops": "C = np.zeros((len(A), B.shape[1]))\nfor i in range(len(A)):\n    for j in range(B.shape[1]):\n        for k in range(len(B)):\n            C[i, j] += A[i, k] * B[k, j]\nreturn C",
    "a sum of each pair": "return np.array([[np.sum(row * column) for column in B.T] for row in A])",
    "a sum of outer products": "return sum(np.outer(A[:, k], B[k]) for k in range(len(B)))",
    "broadcasting": "return (A[:, :, None] * B).sum(axis=1)",
    "a comprehension": "return np.array([[sum(x * y for x, y in zip(r, c)) for c in zip(*B)] for r in A])",
    "an exact sum": "import math\nreturn np.array([[math.fsum(x * y for x, y in zip(r, c)) for c in B.T] for r in A])",
    "the standard library": "from functools import reduce\nimport operator\nreturn np.array([[reduce(operator.add, map(operator.mul, r, c)) for c in B.T] for r in A])",
    "a reduction": "return np.add.reduce(np.multiply(A[:, :, None], B), axis=1)",
    "one's own along an axis": "return np.apply_along_axis(lambda r: (r[:, None] * B).sum(0), 1, A)",
    "one's own, vectorised": "return np.vectorize(lambda r, c: (r * c).sum(), signature='(k),(k)->()')(A[:, None], B.T[None])",
    "norms beside it": "np.linalg.norm(A), np.linalg.norm(A, axis=1)\nreturn (A[:, :, None] * B).sum(axis=1)",
    "a tuple with names": "from collections import namedtuple\nP = namedtuple('P', 'a b')\np = P(A, B)\nreturn (p.a[:, :, None] * p.b).sum(axis=1)",
    "the trace of an outer product": "return np.trace(np.multiply.outer(A, B), axis1=1, axis2=2)",
    "a running sum": "return np.cumsum(A[:, :, None] * B, axis=1)[:, -1]",
    "threads": "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(2) as pool:\n    return np.array(list(pool.map(lambda r: (r[:, None] * B).sum(0), A)))",
}  # fmt: skip


@pytest.mark.parametrize("body", WRITTEN_OUT.values(), ids=WRITTEN_OUT)
def test_what_is_written_out_keeps_every_point(body, sandbox):
    text = "import numpy as np\n\n\ndef matrix_multiply(A, B):\n" + textwrap.indent(body, "    ") + "\n"
    exercise = answered(text.encode(), KEY, sandbox)
    assert exercise.points == 3, first_finding(exercise)


def test_another_exercise_of_the_file_may_use_it_before_and_after(sandbox):
    report = grade(Submission("l.py", (ROOT / "solutions/linear_algebra/linear_algebra.py").read_bytes()), KEY, sandbox)
    assert report.is_perfect


@pytest.mark.parametrize("how", ["np.asarray(np.asmatrix(A).I).dot(b)", "getattr(np.linalg, 'so' + 'lve')(A, b)"])
def test_linear_algebra_is_refused_by_whatever_it_is_reached(how, sandbox):
    text = f"import numpy as np\n\n\ndef solve(A, b):\n    return {how}\n"
    exercise = answered(text.encode(), KEY, sandbox, "solve")
    assert (exercise.status, exercise.points) == ("forbidden", 0)


# All that NumPy and PyTorch offer


def ways(*arguments: str) -> dict:
    """What tests/sandbox/inside/ways.py found: the doors that it hangs stay, so it is a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    script = [sys.executable, str(ROOT / "tests/sandbox/inside/ways.py"), *arguments]
    ran = subprocess.run(script, capture_output=True, text=True, env=environment, check=True, cwd=ROOT)
    return json.loads(ran.stdout.splitlines()[-1])


KNOWN = {
    "a product of matrices": {"numpy.dot", "numpy.einsum", "numpy.cov", "numpy.linalg.inv", "ndarray.__matmul__", "matrix.__mul__", "numpy.ma.dot"},
    "linear algebra": {"numpy.linalg.solve", "numpy.linalg.tensorsolve", "matrix.getI", "numpy.linalg._umath_linalg.solve1"},
}  # fmt: skip


@pytest.mark.parametrize("idea", KNOWN)
def test_everything_of_numpy_that_solves_an_exercise_is_refused_in_it(idea):
    found = ways(idea)
    assert KNOWN[idea] <= set(found["solve"])
    assert found["passes"] == [], "add these to the idea in grader/sandbox/inside/ideas.py"


def test_a_function_that_an_idea_does_not_cover_is_told_by_its_name():
    assert "numpy.vecdot (every pair)" in ways("a product of matrices", "numpy.vecdot")["passes"]


def steps_of(torch) -> set[str]:
    """The operators of PyTorch that take a state from the step before, which their schemas call hx, and say nothing of gradients."""
    schemas = [schema for schema in torch._C._jit_get_all_schemas() if schema.name.startswith("aten::")]
    found = {s.name.removeprefix("aten::") for s in schemas if any(argument.name == "hx" for argument in s.arguments)}
    return {name for name in found if hasattr(torch, name)}


def layers_of(torch) -> set[str]:
    """The modules of PyTorch whose last output moves with the first input and with no later one, and the cells with a state."""

    def first(answer):
        return answer[0] if isinstance(answer, tuple) else answer

    def remembers(layer, x) -> bool:
        late, early = x.clone(), x.clone()
        late[:, -1] += 1
        early[:, 0] += 1
        out, of_late, of_early = (first(layer(value)) for value in (x, late, early))
        same = torch.allclose(out[:, :-1], of_late[:, :-1])
        return same and out.shape == (2, 5, 3) and not torch.allclose(out[:, -1], of_early[:, -1])

    def has_state(cell, x) -> bool:
        states = [value if "LSTM" not in type(cell).__name__ else (value, value) for value in torch.eye(2, 3)[:, None]]
        one, other = (first(cell(x[:1, 0], state)) for state in states)
        return one.shape == (1, 3) and not torch.equal(one, other)

    tries = [
        lambda kind, x: remembers(kind(2, 3, batch_first=True), x),
        lambda kind, x: remembers(kind(2, 3), x),
        lambda kind, x: has_state(kind(2, 3), x),
    ]

    def works(call, kind) -> bool:
        try:
            return all(call(kind, x) for x in inputs)
        except Exception:
            return False

    # several: whatever scales its numbers by the largest may look like a memory with one of them
    inputs = torch.randn(5, 2, 5, 2, generator=torch.Generator().manual_seed(0))
    spaces = [torch.nn, torch.nn.quantizable, torch.nn.quantized, torch.nn.quantized.dynamic]
    kinds = [(name, value) for space in spaces for name, value in vars(space).items() if isinstance(value, type)]
    return {name for name, kind in kinds if any(works(call, kind) for call in tries)}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("of", "known"), [(steps_of, {"lstm", "gru_cell", "rnn_tanh"}), (layers_of, {"LSTM", "GRU", "RNN", "LSTMCell"})]
)
def test_everything_of_pytorch_that_remembers_is_a_recurrent_layer(of, known):
    found = of(pytest.importorskip("torch"))
    assert known <= found
    covered = {path.rpartition(".")[2] for path in functions(["a recurrent layer"]).values()}
    assert found <= covered, "add a part of these names to the idea in grader/sandbox/inside/ideas.py"


def test_an_idea_has_operations_that_are_here():
    for name in IDEAS:
        if name != "a recurrent layer":
            assert functions([name])
