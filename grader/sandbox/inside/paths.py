"""Resolve a dotted path of NumPy or PyTorch, and find the same object under other names: aliases, methods, modules."""

import functools
import math
import sys
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from grader.sandbox.inside.ideas import parts_of_names, written_out

ALSO_OF = (list, dict, set, str)  # a method that these have, too, cannot be told from ndarray's by reading
LAYERS = ("torch.nn", "torch.ao.nn")  # where PyTorch's layers are defined


def operation_exists(path: str) -> bool:
    """Whether there is a function, a class or a module of that path, in NumPy or in PyTorch as far as it is loaded."""
    return look_up(path) is not None


def functions(forbids: Sequence[str]) -> dict[int, str]:
    """The forbidden functions and classes: the path of each by its id, ideas written out."""
    found: dict[int, str] = {}
    for name in forbids:
        for key, path in _functions(name).items():
            found.setdefault(key, path)
    return found


@functools.cache
def _functions(forbidden: str) -> dict[int, str]:
    """What one entry of a list stands for; kept, as a fork server can have it ready for its workers."""
    found: dict[int, str] = {}
    for path in written_out([forbidden]):
        value = look_up(path)
        if isinstance(value, ModuleType):
            found |= {id(function): name for name, function in _functions_of(path)}
        elif callable(value):
            found.setdefault(id(value), path)
            found.setdefault(id(getattr(value, "_implementation", value)), path)  # what NumPy calls if all are arrays
    for path, value in _named_in_torch(parts_of_names([forbidden])):
        found.setdefault(id(value), path)
    return found


def _functions_of(package: str) -> Iterator[tuple[str, Any]]:
    """A module's own functions and those of its private parts, not what it has from elsewhere, and no classes."""
    for module in _modules(package):
        for name, value in vars(module).items():
            own = str(getattr(value, "__module__", "") or "").startswith(package) or isinstance(value, np.ufunc)
            if callable(value) and own and not isinstance(value, type) and getattr(np, name, None) is not value:
                yield f"{package}.{name}", value


def _named_in_torch(parts: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """PyTorch's functions and layers whose names hold one of the parts, by the shortest path first."""
    if not parts or "torch" not in sys.modules:
        return
    for module in sorted([sys.modules["torch"], *_modules(*LAYERS)], key=lambda module: len(module.__name__)):
        for name, value in list(vars(module).items()):
            if callable(value) and any(part in name.lower() for part in parts):
                yield f"{module.__name__}.{name}", value


def _modules(*packages: str) -> list[ModuleType]:
    names = [name for name in sys.modules if any(name == top or name.startswith(f"{top}.") for top in packages)]
    return [sys.modules[name] for name in names if isinstance(sys.modules[name], ModuleType)]


def places(forbids: Sequence[str]) -> list[tuple[ModuleType, str, Any]]:
    """Where the forbidden functions are found: in every module of NumPy that is loaded, by whatever name.

    Of PyTorch it is the modules of layers and those that lead to a forbidden path, torch and torch.nn for
    torch.nn.LSTM, and to where it is defined.
    """
    return list({(id(place[0]), place[1]): place for name in forbids for place in _places(name)}.values())


@functools.cache
def _places(forbidden: str) -> list[tuple[ModuleType, str, Any]]:
    listed = written_out([forbidden])
    found = _functions(forbidden)
    modules = [*_modules("numpy"), math] if any(path.startswith(("numpy", "math")) for path in listed) else []
    if parts_of_names([forbidden]) and "torch" in sys.modules:
        modules += [sys.modules["torch"], *_modules(*LAYERS)]
    modules += [module for path in listed if path.startswith("torch.") for module in _leading_to(path)]
    return [
        (module, name, value)
        for module in {id(module): module for module in modules}.values()
        for name, value in list(vars(module).items())
        if id(value) in found
    ]


def _leading_to(path: str) -> Iterator[ModuleType]:
    """The modules on a path of PyTorch, and those on the path to where what it leads to is defined."""
    defined = str(getattr(look_up(path), "__module__", ""))
    for parts in (path.split(".")[:-1], defined.split(".")):
        names = [".".join(parts[:length]) for length in range(1, len(parts) + 1)]
        yield from (sys.modules[name] for name in names if isinstance(sys.modules.get(name), ModuleType))


def look_up(path: str) -> Any:
    """What a dotted path of NumPy, of PyTorch or of math leads to; None where it leads nowhere.

    Nothing is loaded for it: what a module that nobody has loaded has to offer is not there.
    """
    first, *rest = path.split(".")
    value = {"numpy": np, "torch": sys.modules.get("torch"), "math": math}.get(first)
    for number, name in enumerate(rest, 2):
        is_late = isinstance(value, ModuleType) and name not in vars(value)  # a module's __getattr__ may import
        value = sys.modules.get(".".join([first, *rest][:number])) if is_late else getattr(value, name, None)
    return value


def methods(forbids: Sequence[str]) -> list[str]:
    """Methods of arrays that are forbidden functions by another name: `a.dot(b)` for `np.dot(a, b)`."""
    names = [path.removeprefix("numpy.") for path in written_out(forbids) if path.startswith("numpy.")]
    return [name for name in names if hasattr(np.ndarray, name) and not any(hasattr(kind, name) for kind in ALSO_OF)]
