"""What a dotted path of NumPy or PyTorch leads to, and where else the same is found: other names, methods, modules."""

import functools
import sys
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

import numpy as np

ALSO_OF = (list, dict, set, str)  # a method that these have, too, cannot be told from ndarray's by reading


def operation_exists(path: str) -> bool:
    """Whether there is a function, a class or a module of that path, in NumPy or in PyTorch as far as it is loaded."""
    return look_up(path) is not None


@functools.cache
def functions(forbids: tuple[str, ...]) -> dict[int, str]:
    """The forbidden functions and classes: the path of each by its id."""
    found: dict[int, str] = {}
    for path in forbids:
        value = look_up(path)
        if isinstance(value, ModuleType):
            found |= {id(function): name for name, function in _functions_of(path)}
        elif callable(value):
            found[id(value)] = path
    return found


def _functions_of(package: str) -> Iterator[tuple[str, Any]]:
    """A module's own functions and those of its private parts, not what it has from elsewhere, and no classes."""
    for module in _modules(package):
        for name, value in vars(module).items():
            own = str(getattr(value, "__module__", "") or "").startswith(package) or isinstance(value, np.ufunc)
            if callable(value) and own and not isinstance(value, type) and getattr(np, name, None) is not value:
                yield f"{package}.{name}", value


def _modules(*packages: str) -> list[ModuleType]:
    names = [name for name in sys.modules if any(name == top or name.startswith(f"{top}.") for top in packages)]
    return [sys.modules[name] for name in names if isinstance(sys.modules[name], ModuleType)]


@functools.cache
def places(forbids: tuple[str, ...]) -> list[tuple[ModuleType, str, Any]]:
    """Where the forbidden functions are found: in NumPy's own names, its core, and the modules that are forbidden.

    Other parts of NumPy keep theirs, so that np.cov may go on using np.dot. Of PyTorch it is the modules that lead to a
    forbidden path, torch and torch.nn for torch.nn.LSTM, and to where it is defined.
    """
    found = functions(forbids)
    packages = [path for path in forbids if isinstance(look_up(path), ModuleType)]
    modules = [np, np.linalg, *_modules("numpy._core", *packages), *_modules_of_torch(forbids)]
    return [
        (module, name, value)
        for module in {id(module): module for module in modules}.values()
        for name, value in vars(module).items()
        if id(value) in found
    ]


def _modules_of_torch(forbids: tuple[str, ...]) -> Iterator[ModuleType]:
    for path in forbids:
        if path.startswith("torch."):
            defined = str(getattr(look_up(path), "__module__", ""))
            for parts in (path.split(".")[:-1], defined.split(".")):
                names = [".".join(parts[:length]) for length in range(1, len(parts) + 1)]
                yield from (sys.modules[name] for name in names if isinstance(sys.modules.get(name), ModuleType))


def look_up(path: str) -> Any:
    """What a dotted path of NumPy or PyTorch leads to; None where it leads nowhere. PyTorch is not loaded for it."""
    first, *rest = path.split(".")
    top = {"numpy": np, "torch": sys.modules.get("torch")}.get(first)
    return functools.reduce(lambda value, name: getattr(value, name, None), rest, top)


def methods(forbids: Sequence[str]) -> list[str]:
    """Methods of arrays that are forbidden functions by another name: `a.dot(b)` for `np.dot(a, b)`."""
    names = [path.removeprefix("numpy.") for path in forbids if path.startswith("numpy.")]
    return [name for name in names if hasattr(np.ndarray, name) and not any(hasattr(kind, name) for kind in ALSO_OF)]
