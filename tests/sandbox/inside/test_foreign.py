"""An answer may be any array: what a framework that the unit allows has made is taken as NumPy, with its dtype."""

import importlib.util
from dataclasses import replace

import numpy as np
import pytest
from conftest import TOY, by_name, first_finding

from grader.compiling.compile import compile_key
from grader.course.unit import Unit, UnitError
from grader.grading import grade, submission_report
from grader.sandbox.frameworks import FRAMEWORKS, besides_numpy
from grader.sandbox.inside.foreign import taken
from grader.sandbox.server import TORCH
from grader.sandbox.wire import Opaque
from grader.submission import Submission

FOLDER = TOY / "solutions/toy"
needs_jax = pytest.mark.skipif(not importlib.util.find_spec("jax"), reason="JAX is not installed: the extra `jax`")


def row_sums(body: str, sandbox, package: str):
    key = compile_key(Unit("toy", FOLDER, packages=("numpy", package)), 0, ["row_sums"])
    text = f"import numpy as np\nimport {package}\n\n\ndef row_sums(x):\n    {body}\n"
    return by_name(grade(Submission("toy.py", text.encode()), key, sandbox))["row_sums"]


ARRAYS = {
    "torch": "return torch.from_numpy(x).sum(1)",
    "jax": "return jax.numpy.asarray(x).sum(1)",
    "mlx": "import mlx.core as mx\n    return mx.compile(lambda x: mx.exp(0 * mx.sin(x)) * x)(mx.array(x)).sum(1)",
    "array_api_strict": "return array_api_strict.sum(array_api_strict.asarray(x), axis=1)",
    "autograd": "import autograd.numpy as ag\n    return ag.sum(x, axis=1)",
    "scipy": "return x.sum(1)",
}


@pytest.mark.parametrize("package", ARRAYS)
def test_an_array_of_a_package_that_the_unit_allows_is_an_answer(package, sandbox):
    if not importlib.util.find_spec(package):
        pytest.skip(f"{package} is not installed: the extra `{FRAMEWORKS[package].extra}`")
    got = row_sums(ARRAYS[package], sandbox, package)
    assert got.status == "passed", first_finding(got)


def test_a_tensor_that_records_its_history_is_an_answer_too(sandbox):
    assert row_sums("return torch.from_numpy(x).requires_grad_().sum(1)", sandbox, "torch").status == "passed"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("return torch.from_numpy(x).sum(1).bfloat16()", "a Tensor of torch.bfloat16 that NumPy cannot hold"),
        ("return torch.from_numpy(x).to_sparse()", "a Tensor of torch.float64 that NumPy cannot hold"),
        ("return torch.from_numpy(x).sum(1).half()", "float16"),
    ],
)
def test_what_numpy_cannot_hold_is_told_by_its_type(body, words, sandbox):
    assert words in first_finding(row_sums(body, sandbox, "torch")).message


@needs_jax
def test_a_short_float_of_jax_is_told_by_its_dtype(sandbox):
    got = first_finding(row_sums("return jax.numpy.asarray(x).sum(1).astype(jax.numpy.bfloat16)", sandbox, "jax"))
    assert "an array of dtype bfloat16" in got.message


@needs_jax
def test_numbers_of_jax_have_64_bits(sandbox):
    got = row_sums("return jax.numpy.zeros(len(x)) + jax.numpy.asarray(x).sum(1)", sandbox, "jax")
    assert got.status == "passed", first_finding(got)


OWN = "class Mine:\n        def __array__(self, *a, **k): return x.sum(1)\n    return Mine()"


def test_a_class_of_ones_own_is_no_array(sandbox):
    assert "a Mine" in first_finding(row_sums(OWN, sandbox, "torch")).message


@pytest.mark.parametrize(
    ("inside", "status"), [("while True: pass", "timeout"), ("raise SystemExit", "error"), ("return self", "failed")]
)
def test_what_a_forged_array_does_costs_its_own_exercise_only(inside, status, sandbox, monkeypatch):
    with_torch = sandbox.sibling(TORCH)
    monkeypatch.setattr(with_torch, "limits", replace(with_torch.limits, seconds=1))
    body = f"Forged = type('Forged', (), {{'__module__': 'torch', '__array__': act}})\n    return Forged()\n\n\ndef act(self, *a, **k):\n    {inside}"
    key = compile_key(Unit("toy", FOLDER, packages=TORCH), 0)
    text = (FOLDER / "toy.py").read_text() + f"\n\nimport torch\n\n\ndef row_sums(x):\n    {body}\n"
    report = by_name(grade(Submission("toy.py", text.encode()), key, sandbox))
    others = {exercise.status for name, exercise in report.items() if name != "row_sums"}
    assert (report["row_sums"].status, others) == (status, {"passed"})


class Strange:
    """An array type of a package that knows DLPack alone."""

    __module__ = "strange.core"

    def __init__(self, values):
        self.values = np.asarray(values)

    def __dlpack__(self, **_):
        return self.values.__dlpack__()

    def __dlpack_device__(self):
        return self.values.__dlpack_device__()


def test_arrays_lie_in_nests_and_dlpack_will_do():
    found = taken({"a": (Strange([1.5]), [Strange([2]), "text"])}, {"strange"})
    assert found["a"][0].dtype == np.float64
    assert found["a"][1][0].tolist() == [2]
    assert found["a"][1][1] == "text"


def test_of_another_package_nothing_is_taken():
    assert isinstance(taken(Strange([1.5]), {"other"}), Strange)
    assert isinstance(taken(Strange(["text"]), {"strange"}), Opaque)


# What [packages] allows


def test_an_answer_may_be_numpy_where_a_framework_is_allowed(sandbox):
    key = compile_key(Unit("toy", FOLDER, packages=("numpy", "jax")), 0)
    assert grade(Submission("toy.py", (FOLDER / "toy.py").read_bytes()), key, sandbox).is_perfect


def test_a_framework_is_loaded_only_for_a_file_that_mentions_it():
    key = compile_key(Unit("toy", FOLDER, packages=("numpy", "torch")), 0, ["row_sums"])
    plain, with_torch = (
        Submission("toy.py", text) for text in (b"def row_sums(x): ...", b"import torch\ndef row_sums(x): ...")
    )

    def loaded(submission):
        return submission_report.needed(key.exercises[0], submission, key.exercises, submission_report.ON_CPU)

    assert (loaded(plain), loaded(with_torch)) == (("numpy",), ("numpy", "torch"))


def test_without_the_framework_a_file_that_imports_it_waits(sandbox, monkeypatch):
    monkeypatch.setattr(submission_report, "is_installed", lambda package: package != "jax")
    key = compile_key(Unit("toy", FOLDER, packages=("numpy", "jax")), 0, ["row_sums"])
    text = b"import jax.numpy as jnp\n\ndef row_sums(x):\n    return jnp.sum(x, 1)\n"
    (got,) = grade(Submission("toy.py", text), key, sandbox).exercises
    assert (got.status, first_finding(got).message) == ("pending", "your file imports JAX, which is not installed here")
    assert first_finding(got).hint == "Install the extra `jax`."


def test_what_the_unit_does_not_allow_is_still_refused(sandbox):
    key = compile_key(Unit("toy", FOLDER), 0, ["row_sums"])
    text = b"import jax.numpy as jnp\n\ndef row_sums(x):\n    return jnp.sum(x, 1)\n"
    (got,) = grade(Submission("toy.py", text), key, sandbox).exercises
    assert got.status == "forbidden"


def test_pytorch_is_the_tensors_own_where_a_unit_has_some():
    assert besides_numpy(("numpy", "torch", "jax"), takes_torch=True) == ["jax"]
    assert besides_numpy(("numpy", "torch", "jax"), takes_torch=False) == ["torch", "jax"]


def test_two_libraries_that_hang_together_are_not_allowed_together():
    with pytest.raises(UnitError, match="toy allows tensorflow and torch, which hang when one file imports both"):
        compile_key(Unit("toy", FOLDER, packages=("numpy", "tensorflow", "torch")), 0, ["row_sums"])
