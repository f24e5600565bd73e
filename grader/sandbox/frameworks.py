"""The packages that a unit's answers may be written with, besides Python's own: one entry says all that is known of each.

`course.toml` allows them by name, unit by unit; the fork server loads those that a submission mentions; what comes from one of
them is an answer like a NumPy array. A framework that is not here is refused where it is allowed, with a sentence.
"""

import importlib
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Framework:
    """One array library: `name` is what a submission imports and course.toml says, `called` what people say.

    `loads` are the modules imported before a worker is forked, so that no worker waits for them. None of them may compute on
    import: threads do not survive a fork, and whoever waits for one then waits for ever. `homes` are the packages in which its
    arrays' types are defined, where that is not `name` itself. `environment` is set for its workers. `is_single` says that its
    numbers have 32 bits unless somebody asks for more. `extra` installs it with the grader. `allowance` is how many times as long
    an exercise may take: who compiles does so for each operation, and again for each shape of each case. `excludes` are packages
    that hang when they are loaded into one process with it.
    """

    name: str
    called: str
    loads: tuple[str, ...] = ()
    homes: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    is_single: bool = False
    extra: str = ""
    allowance: int = 1
    excludes: tuple[str, ...] = ()


TENSORFLOW = {
    "CUDA_VISIBLE_DEVICES": "-1",  # else it looks for accelerators, which a worker cannot see
    "TF_CPP_MIN_LOG_LEVEL": "3",  # what it says of itself would stand in the student's output
    "TF_ENABLE_ONEDNN_OPTS": "0",  # sums in the same order on every machine
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
}
FRAMEWORKS = {
    framework.name: framework
    for framework in (
        Framework("numpy", "NumPy", loads=("numpy.random",)),  # NumPy loads it lazily; once here, not in every worker
        Framework("torch", "PyTorch", is_single=True, extra="torch"),
        Framework(
            "jax",
            "JAX",
            loads=(
                *("jax.lax", "jax.nn", "jax.numpy", "jax.random", "jax.scipy.special", "scipy.linalg"),
                *(
                    "jax.scipy.linalg",
                    "jax.example_libraries.optimizers",
                ),  # what is forbidden of them must be there by then
            ),
            homes=("jax", "jaxlib"),
            environment={
                "JAX_ENABLE_X64": "1",  # else float64 inputs become float32 without a word
                "JAX_PLATFORMS": "cpu",  # else it looks for accelerators, which a worker cannot see
                "XLA_PYTHON_CLIENT_PREALLOCATE": "false",  # no three quarters of a device's memory at once
                "NPROC": "1",  # one thread to compute with, as for every other library here
                "MALLOC_ARENA_MAX": "2",  # its dozen threads would each reserve 64 MB of a worker's address space
            },
            extra="jax",
            allowance=4,  # 40 ms for an operation, a second or two for an exercise, ten for one that has many shapes
        ),
        Framework(
            "tensorflow",
            "TensorFlow",
            loads=("tensorflow",),
            environment=TENSORFLOW,
            is_single=True,
            extra="tensorflow",
            allowance=2,
            excludes=("torch",),
        ),
        Framework(
            "keras",
            "Keras",
            loads=("tensorflow", "keras"),
            homes=("keras", "tensorflow"),
            environment=TENSORFLOW
            | {"KERAS_BACKEND": "tensorflow", "KERAS_HOME": "/dev/null/none"},  # it makes a folder
            is_single=True,
            extra="tensorflow",
            allowance=2,
            excludes=("torch",),
        ),
        Framework(
            "mlx",
            "MLX",
            loads=("mlx.core", "mlx.nn", "mlx.optimizers"),
            environment={"MLX_DISABLE_COMPILE": "1"},  # else it tries a compiler, which a worker has not
            is_single=True,
            extra="mlx",
        ),
        Framework("array_api_strict", "array-api-strict", loads=("array_api_strict",), extra="array-api"),
        Framework("autograd", "Autograd", loads=("autograd", "autograd.numpy"), extra="autograd"),
        Framework("scipy", "SciPy", loads=("scipy.special", "scipy.linalg"), extra="author"),
    )
}


def besides_numpy(allows: Sequence[str], takes_torch: bool) -> list[str]:
    """The packages with which answers to a unit's NumPy exercises may be written, too.

    That a unit allows PyTorch says nothing here where some of its exercises take tensors: it is allowed for theirs.
    """
    without = ("numpy", "torch") if takes_torch else ("numpy",)
    return [name for name in allows if name in FRAMEWORKS and name not in without]


def at_odds(packages: Sequence[str]) -> tuple[str, str] | None:
    """Two of the packages that cannot be loaded into one process; None where all can.

    >>> at_odds(["jax", "keras", "torch"])
    ('keras', 'torch')
    """
    pairs = ((name, other) for name in packages for other in FRAMEWORKS[name].excludes if other in packages)
    return next(pairs, None)


def _known(packages: Iterable[str]) -> list[Framework]:
    return [FRAMEWORKS[name] for name in packages if name in FRAMEWORKS]


def environment(packages: Sequence[str]) -> dict[str, str]:
    """What a fork server's environment has for its packages besides what all have.

    >>> environment(["numpy", "jax"])["JAX_ENABLE_X64"]
    '1'
    """
    return {name: value for framework in _known(packages) for name, value in framework.environment.items()}


def homes(packages: Sequence[str]) -> frozenset[str]:
    """The packages that define the arrays of those named; NumPy's own need no second look.

    >>> sorted(homes(["numpy", "jax"]))
    ['jax', 'jaxlib']
    """
    known = _known(name for name in packages if name != "numpy")
    return frozenset(home for framework in known for home in framework.homes or (framework.name,))


def brought(packages: Iterable[str]) -> frozenset[str]:
    """The packages that an answer can import where these are allowed: themselves, and what is loaded with them.

    >>> sorted(brought(["numpy", "keras"]))
    ['keras', 'numpy', 'tensorflow']
    """
    known = list(packages)
    loaded = {module.partition(".")[0] for framework in _known(known) for module in framework.loads}
    return frozenset(loaded.union(known))


def allowance(packages: Sequence[str]) -> int:
    """How many times as long an exercise may take in a worker with these packages.

    >>> allowance(["numpy"]), allowance(["numpy", "jax"])
    (1, 4)
    """
    return max((framework.allowance for framework in _known(packages)), default=1)


def load(packages: Sequence[str]) -> None:
    """Import what workers with these packages will need."""
    for framework in _known(packages):
        for module in framework.loads:
            importlib.import_module(module)
    if "tensorflow" in sys.modules:
        # TensorFlow looks for further kernels once, beside its own program, whose name it reads in /proc/self/cmdline; where a
        # worker would do so, which sees no /proc, it aborts. This looks without starting a thread.
        kernels = importlib.import_module("tensorflow.python.framework.kernels")
        kernels.get_registered_kernels_for_op("Add")
