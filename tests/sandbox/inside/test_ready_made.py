"""What an exercise is about is refused in every framework that its unit allows, by whatever name it is reached."""

import importlib.util
import os
import re
import subprocess
import sys
import textwrap

import pytest
from conftest import ROOT, by_name, first_finding

from grader.compiling.compile import compile_key
from grader.course.unit import Unit
from grader.grading import grade
from grader.sandbox.frameworks import FRAMEWORKS
from grader.sandbox.inside.ideas import IDEAS, within_reach
from grader.submission import Submission

HERE = [name for name in FRAMEWORKS if name != "numpy" and importlib.util.find_spec(name)]
needs_jax = pytest.mark.skipif("jax" not in HERE, reason="JAX is not installed: pip install 'deep-grade[jax]'")
SLOPE = "jax.grad(lambda x: jnp.maximum(x, 0).sum())"
BACKWARD = {
    "by its name": f"return dout * {SLOPE}(x)",
    "under another name": "from jax import grad as g\nreturn dout * g(lambda x: jnp.maximum(x, 0).sum())(x)",
    "by a name in a string": "return dout * getattr(jax, 'grad')(lambda x: jnp.maximum(x, 0).sum())(x)",
    "by a computed name": "return dout * getattr(jax, 'gr' + 'ad')(lambda x: jnp.maximum(x, 0).sum())(x)",
    "imported by a computed name": "import importlib\nreturn dout * importlib.import_module('ja' + 'x').grad(lambda x: jnp.maximum(x, 0).sum())(x)",
    "in reverse": "return jax.vjp(lambda x: jnp.maximum(x, 0), x)[1](dout)[0]",
    "forwards": "return jax.jvp(lambda x: jnp.maximum(x, 0), (x,), (dout,))[1]",
    "as a linear map": "return getattr(jax, 'linear' + 'ize')(lambda x: jnp.maximum(x, 0), x)[1](dout)",
    "by the library's own copy": "from jax._src import api\nreturn dout * api.grad(lambda x: jnp.maximum(x, 0).sum())(x)",
    "by its own copy, found by a computed name": "import importlib\napi = importlib.import_module('jax._src' + '.api')\nreturn dout * api.grad(lambda x: jnp.maximum(x, 0).sum())(x)",
    "compiled": "return dout * jax.jit(vars(jax)['gr' + 'ad'](lambda x: jnp.maximum(x, 0).sum()))(x)",
    "caught": "try:\n    return dout * getattr(jax, 'gr' + 'ad')(lambda x: jnp.maximum(x, 0).sum())(x)\nexcept Exception:\n    return dout * (x > 0)",
}  # fmt: skip
PRODUCT = {
    "dot": "return jnp.dot(A, B)",
    "an operator": "return jnp.asarray(A) @ jnp.asarray(B)",
    "a method by a computed name": "return getattr(jnp.asarray(A), '__mat' + 'mul__')(jnp.asarray(B))",
    "einsum by a computed name": "return getattr(jnp, 'ein' + 'sum')('ij,jk->ik', A, B)",
    "beneath it": "return jax.lax.dot_general(A, B, (((1,), (0,)), ((), ())))",
    "mapped": "return getattr(jax, 'vmap')(getattr(jnp, 'do' + 't'), (0, None))(A, B)",
    "a copy beneath": "import importlib\nreturn importlib.import_module('jax._src.lax' + '.lax').dot(jnp.asarray(A), jnp.asarray(B))",
    "SciPy's, which JAX loads": "from scipy.linalg.blas import dgemm\nreturn dgemm(1.0, A, B)",
}  # fmt: skip
WRITTEN_OUT = "return (jnp.asarray(A)[:, :, None] * jnp.asarray(B)).sum(axis=1)"


def some(ways: dict[str, str | tuple[str, ...]], *often: str) -> list:
    """All ways once a week, those named on every push."""
    given = {name: way if isinstance(way, tuple) else (way,) for name, way in ways.items()}
    return [
        pytest.param(*way, id=name, marks=() if name in often else pytest.mark.weekly) for name, way in given.items()
    ]


def asked(unit: str, exercise: str, parameters: str, body: str, sandbox, package: str = "jax", before: str = ""):
    key = compile_key(Unit(unit, ROOT / "solutions" / unit, packages=("numpy", package)), 0, [exercise])
    text = f"{before}\n\ndef {exercise}({parameters}):\n" + textwrap.indent(body, "    ") + "\n"
    return by_name(grade(Submission(f"{unit}.py", text.encode()), key, sandbox))[exercise]


IMPORTS = "import jax\nimport jax.numpy as jnp\n"


@needs_jax
@pytest.mark.parametrize("body", some(BACKWARD, "under another name", "by a computed name", "caught"))
def test_a_derivative_that_jax_takes_is_no_backward(body, sandbox):
    exercise = asked("backprop", "relu_backward", "dout, x", body, sandbox, before=IMPORTS)
    assert (exercise.status, exercise.points) == ("forbidden", 0)
    assert "which this exercise forbids" in first_finding(exercise).message


@needs_jax
def test_a_derivative_taken_when_the_file_is_loaded_is_seen_where_it_is_used(sandbox):
    before = IMPORTS + "slope = jax.jit(jax.grad(lambda x: jnp.maximum(x, 0).sum()))\n"
    exercise = asked("backprop", "relu_backward", "dout, x", "return dout * slope(x)", sandbox, before=before)
    assert (exercise.status, exercise.points) == ("forbidden", 0)
    assert first_finding(exercise).message.startswith("line 3 uses jax.grad")


@needs_jax
def test_a_backward_that_is_written_keeps_every_point(sandbox):
    body = "return jnp.where(jnp.asarray(x) > 0, jnp.asarray(dout), 0.0)"
    exercise = asked("backprop", "relu_backward", "dout, x", body, sandbox, before=IMPORTS)
    assert exercise.status == "passed", first_finding(exercise)


@needs_jax
@pytest.mark.parametrize("body", some(PRODUCT, "an operator", "mapped"))
def test_a_product_of_jax_is_a_product(body, sandbox):
    exercise = asked("linear_algebra", "matrix_multiply", "A, B", body, sandbox, before=IMPORTS)
    assert (exercise.status, exercise.points) == ("forbidden", 0)


@needs_jax
def test_a_product_written_out_in_jax_keeps_every_point(sandbox):
    exercise = asked("linear_algebra", "matrix_multiply", "A, B", WRITTEN_OUT, sandbox, before=IMPORTS)
    assert exercise.status == "passed", first_finding(exercise)


# For each idea of which JAX has something ready-made beside derivatives and products: an exercise, and an answer that takes it.
READY_MADE = {
    "linear algebra": ("linear_algebra", "solve", "A, b", "return jnp.linalg.solve(A, b)"),
    "a ready-made activation": ("neural_networks", "softmax", "x, axis=-1", "return jax.nn.softmax(x, axis)"),
    "a ready-made loss": ("neural_networks", "softmax_cross_entropy", "logits, labels", "return -jax.nn.log_softmax(logits)[jnp.arange(len(labels)), labels].mean()"),
    "a one-hot encoding": ("neural_networks", "one_hot", "labels, classes", "return jax.nn.one_hot(labels, classes)"),
    "a ready-made initialisation": ("neural_networks", "xavier_uniform", "fan_in, fan_out, rng", "return jax.nn.initializers.glorot_uniform()(jax.random.key(0), (fan_in, fan_out))"),
    "a ready-made normalisation": ("optimization", "layernorm", "x, gamma, beta, eps=1e-5", "return jax.nn.standardize(x, epsilon=eps) * gamma + beta"),
    "a ready-made attention": ("attention", "scaled_dot_product_attention", "q, k, v, mask=None", "return jax.nn.dot_product_attention(q, k, v, mask=mask)"),
    "a ready-made optimiser": ("optimization", "sgd_step", "w, dw, lr", "begin, step, end = optimizers.sgd(lr)\nreturn end(step(0, dw, begin(w)))"),
}  # fmt: skip


@needs_jax
@pytest.mark.parametrize(("idea", "unit", "exercise", "parameters", "body"), [(idea, *asks) for idea, asks in READY_MADE.items()], ids=READY_MADE)  # fmt: skip
@pytest.mark.parametrize("hidden", [False, pytest.param(True, marks=pytest.mark.weekly)], ids=["by its name", "by a computed name"])  # fmt: skip
def test_what_an_exercise_is_to_make_is_not_taken_ready_made(idea, unit, exercise, parameters, body, hidden, sandbox):
    before = IMPORTS + "from jax.example_libraries import optimizers\n"
    taken = re.search(r"(?:jax\.nn\.(?:initializers\.)?|linalg\.|optimizers\.)(\w+)", body)[1]
    if hidden:  # jax.nn.softmax becomes getattr(jax.nn, "s" + "oftmax")
        body = re.sub(
            r"(jax\.nn(?:\.initializers)?|jnp\.linalg|optimizers)\.(\w)(\w*)", r"getattr(\1, '\2' + '\3')", body
        )
    got = asked(unit, exercise, parameters, body, sandbox, before=before)
    assert (got.status, got.points) == ("forbidden", 0)
    assert re.search(rf"uses [\w.]*\.{taken}, which this exercise forbids", first_finding(got).message)


@needs_jax
def test_each_idea_that_jax_has_is_among_them():
    of_jax = {name for name, idea in IDEAS.items() if any(path.startswith("jax.") for path in idea.operations)}
    assert of_jax - {"automatic differentiation", "a product of matrices"} == set(READY_MADE)


@needs_jax
def test_a_layer_may_use_the_activation_that_it_is_not_about(sandbox):
    body = "w = jax.nn.softmax(jnp.where(mask, q @ k.swapaxes(-1, -2) / jnp.sqrt(q.shape[-1]), -jnp.inf) if mask is not None else q @ k.swapaxes(-1, -2) / jnp.sqrt(q.shape[-1]))\nreturn w @ v, w"
    got = asked("attention", "scaled_dot_product_attention", "q, k, v, mask=None", body, sandbox, before=IMPORTS)
    assert got.status != "forbidden"


TORCH = "import torch\nimport torch.nn.functional as F\n"
TORCH_BACKWARD = {
    "backward": "x = torch.from_numpy(x).requires_grad_()\n(x.relu() * torch.from_numpy(dout)).sum().backward()\nreturn x.grad",
    "grad": "x = torch.from_numpy(x).requires_grad_()\nreturn torch.autograd.grad(x.relu(), x, torch.from_numpy(dout))[0]",
    "func": "return torch.func.vjp(torch.relu, torch.from_numpy(x))[1](torch.from_numpy(dout))[0]",
    "forwards": "return torch.func.jvp(torch.relu, (torch.from_numpy(x),), (torch.from_numpy(dout),))[1]",
    "by a computed name": "x = torch.from_numpy(x).requires_grad_()\ngetattr((x.relu() * torch.from_numpy(dout)).sum(), 'back' + 'ward')()\nreturn x.grad",
}  # fmt: skip


@pytest.mark.parametrize("body", some(TORCH_BACKWARD, "backward", "forwards"))
def test_a_derivative_that_pytorch_takes_is_no_backward(body, sandbox):
    exercise = asked("backprop", "relu_backward", "dout, x", body, sandbox, "torch", before=TORCH)
    assert (exercise.status, exercise.points) == ("forbidden", 0)


needs_mlx = pytest.mark.skipif("mlx" not in HERE, reason="MLX is not installed: the extra `mlx`")
IN_MLX = "import operator\nimport mlx.core as mx\nfrom mlx import nn, optimizers\nfrom mlx.nn import init\n"
OF_MLX = {
    "a product": ("linear_algebra", "matrix_multiply", "A, B", "return getattr(mx, 'mat' + 'mul')(mx.array(A), mx.array(B))"),
    "an operator": ("linear_algebra", "matrix_multiply", "A, B", "return operator.matmul(mx.array(A), mx.array(B))"),
    "a method": ("linear_algebra", "matrix_multiply", "A, B", "return getattr(mx.array(A), '__mat' + 'mul__')(mx.array(B))"),
    "linear algebra": ("linear_algebra", "solve", "A, b", "with mx.stream(mx.cpu):\n    return getattr(mx.linalg, 'so' + 'lve')(mx.array(A), mx.array(b))"),
    "a derivative": ("backprop", "relu_backward", "dout, x", "return getattr(mx, 'gr' + 'ad')(lambda x: (mx.maximum(x, 0) * mx.array(dout)).sum())(mx.array(x))"),
    "an activation": ("neural_networks", "softmax", "x", "return getattr(mx, 'soft' + 'max')(mx.array(x), -1)"),
    "a layer": ("neural_networks", "sigmoid", "x", "return getattr(nn, 'Sig' + 'moid')()(mx.array(x))"),
    "a loss": ("neural_networks", "softmax_cross_entropy", "logits, labels", "return getattr(nn.losses, 'cross_' + 'entropy')(mx.array(logits), mx.array(labels)).mean()"),
    "an initialisation": ("neural_networks", "xavier_uniform", "fan_in, fan_out, rng", "return getattr(init, 'glorot_' + 'uniform')()(mx.zeros((fan_in, fan_out)))"),
    "a normalisation": ("optimization", "layernorm", "x, gamma, beta, eps=1e-5", "return getattr(mx.fast, 'layer_' + 'norm')(mx.array(x), mx.array(gamma), mx.array(beta), eps)"),
    "an attention": ("attention", "scaled_dot_product_attention", "q, k, v, mask=None", "q, k, v = mx.array(q), mx.array(k), mx.array(v)\nreturn getattr(mx.fast, 'scaled_dot_' + 'product_attention')(q[None], k[None], v[None], scale=1.0)[0]"),
    "an optimiser": ("optimization", "sgd_step", "w, dw, lr", "return getattr(optimizers, 'S' + 'GD')(lr).apply_gradients({'w': mx.array(dw)}, {'w': mx.array(w)})['w']"),
}  # fmt: skip


@needs_mlx
@pytest.mark.parametrize(("unit", "exercise", "parameters", "body"), some(OF_MLX, "an operator", "a derivative", "an optimiser"))  # fmt: skip
def test_what_mlx_has_ready_made_is_refused_under_any_name(unit, exercise, parameters, body, sandbox):
    got = asked(unit, exercise, parameters, body, sandbox, "mlx", before=IN_MLX)
    assert (got.status, got.points) == ("forbidden", 0)


@needs_mlx
def test_a_product_written_out_in_mlx_keeps_every_point(sandbox):
    body = "return (mx.array(A)[:, :, None] * mx.array(B)).sum(axis=1)"
    exercise = asked("linear_algebra", "matrix_multiply", "A, B", body, sandbox, "mlx", before=IN_MLX)
    assert exercise.status == "passed", first_finding(exercise)


TAPES = {
    "by its name": "import tensorflow as tf",
    "under another name": "from tensorflow import GradientTape as T\n\n\nclass tf:\n    GradientTape = T\n    from tensorflow import Variable, nn, reduce_sum",
    "by a computed name": "import tensorflow\n\n\nclass tf:\n    GradientTape = getattr(tensorflow, 'Gradient' + 'Tape')\n    from tensorflow import Variable, nn, reduce_sum",
}  # fmt: skip


@pytest.mark.weekly
@pytest.mark.skipif(
    not importlib.util.find_spec("tensorflow"), reason="TensorFlow is not installed: the extra `tensorflow`"
)
@pytest.mark.parametrize("before", TAPES.values(), ids=TAPES)
def test_a_derivative_that_tensorflow_takes_is_no_backward(before, sandbox):
    body = "x = tf.Variable(x)\nwith tf.GradientTape() as tape:\n    loss = tf.reduce_sum(tf.nn.relu(x) * dout)\nreturn tape.gradient(loss, x)"
    exercise = asked("backprop", "relu_backward", "dout, x", body, sandbox, "tensorflow", before=before)
    assert (exercise.status, exercise.points) == ("forbidden", 0)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("return torch.softmax(torch.from_numpy(x), axis)", "forbidden"),
        ("return torch.from_numpy(x).softmax(axis)", "forbidden"),
        ("x = torch.from_numpy(x)\nz = torch.exp(x - x.amax(axis, True))\nreturn z / z.sum(axis, True)", "passed"),
    ],
)
def test_a_unit_of_numpy_may_allow_pytorch(body, status, sandbox):
    assert asked("neural_networks", "softmax", "x, axis=-1", body, sandbox, "torch", before=TORCH).status == status


def test_what_no_package_has_is_not_forbidden():
    assert within_reach(["automatic differentiation", "a product of matrices", "@"], ["numpy"]) == [
        "a product of matrices",
        "@",
    ]
    assert within_reach(["automatic differentiation"], ["numpy", "jax"]) == ["automatic differentiation"]


def test_what_is_loaded_with_a_package_is_within_reach():
    """Keras differentiates nothing itself, and brings TensorFlow, which does."""
    assert within_reach(["automatic differentiation"], ["numpy", "keras"]) == ["automatic differentiation"]


@needs_jax
@pytest.mark.parametrize(
    "body",
    [
        "import importlib\nreturn importlib.import_module('jax.scipy' + '.linalg').solve(A, b)",
        "import importlib\nlinalg = importlib.import_module('jax.scipy' + '.linalg')\nreturn linalg.lu_solve(linalg.lu_factor(A), b)",
    ],
    ids=["solve", "factors"],
)
def test_a_module_that_is_imported_late_is_no_way_round(body, sandbox):
    exercise = asked("linear_algebra", "solve", "A, b", body, sandbox, before=IMPORTS)
    assert (exercise.status, exercise.points) == ("forbidden", 0)


@needs_jax
def test_what_is_forbidden_of_jax_is_loaded_before_any_file():
    """But for what differentiates, which is refused beneath, whatever it is called."""
    listed = sorted({path for name, idea in IDEAS.items() for path in idea.operations if path.startswith("jax.") and name != "automatic differentiation"})  # fmt: skip
    script = (
        "import sys\nfrom grader.sandbox import frameworks\nfrom grader.sandbox.inside import paths\n"
        "frameworks.load(['jax'])\nprint(*[path for path in sys.argv[1:] if paths.look_up(path) is None])\n"
    )
    environment = {**os.environ, "JAX_PLATFORMS": "cpu"}
    ran = subprocess.run([sys.executable, "-c", script, *listed], capture_output=True, text=True, cwd=ROOT, env=environment, check=True)  # fmt: skip
    assert ran.stdout.split() == []


@pytest.mark.parametrize("package", [name for name in ("jax", "torch", "mlx") if name in HERE])
def test_the_names_are_those_of_the_version_that_is_installed(package):
    """In a process of its own: what is loaded here stays loaded."""
    listed = sorted({path for idea in IDEAS.values() for path in idea.operations if path.startswith(f"{package}.")})
    script = (
        "import sys, importlib\nfrom grader.sandbox import frameworks\nfrom grader.sandbox.inside import paths\n"
        "frameworks.load([sys.argv[1]])\nimportlib.import_module(sys.argv[1])\n"
        "for path in sys.argv[2:]:\n"
        "    module = path.rpartition('.')[0]\n"
        "    try: importlib.import_module(module)\n"
        "    except ImportError: pass\n"
        "    if paths.look_up(path) is None: print(path)\n"
    )
    environment = {**os.environ, "JAX_PLATFORMS": "cpu"}
    ran = subprocess.run([sys.executable, "-c", script, package, *listed], capture_output=True, text=True, cwd=ROOT, env=environment, check=True)  # fmt: skip
    assert ran.stdout.split() == []
    assert len(listed) > 40
