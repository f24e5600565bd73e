"""Resolve a dotted path of NumPy or a framework, and find the same object under other names: aliases, methods, modules."""

import functools
import math
import sys
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from grader.sandbox.frameworks import FRAMEWORKS
from grader.sandbox.inside.ideas import parts_of_names, written_out

ALSO_OF = (list, dict, set, str)  # if these have a method of the same name, the text does not show whose it is
LAYERS = ("torch.nn", "torch.ao.nn")  # where PyTorch's layers are defined
OWN_WAYS = ("@", "numpy", "math.")  # of these, every loaded module is looked through


def operation_exists(path: str) -> bool:
    """Whether a path leads to a function, class or module of NumPy, or of PyTorch if that is loaded."""
    return look_up(path) is not None


def functions(forbids: Sequence[str]) -> dict[int, str]:
    """The forbidden functions and classes, with ideas expanded: a path for each object's id."""
    found: dict[int, str] = {}
    for name in forbids:
        for key, path in _functions(name).items():
            found.setdefault(key, path)
    return found


@functools.cache
def _functions(forbidden: str) -> dict[int, str]:
    """The functions that one entry stands for; cached, so that a fork server can prepare it for its workers."""
    found: dict[int, str] = {}
    for path in written_out([forbidden]):
        value = look_up(path)
        if isinstance(value, ModuleType):
            found |= {id(function): name for name, function in _functions_of(path)}
        elif callable(value):
            found.setdefault(id(value), path)
            found.setdefault(
                id(getattr(value, "_implementation", value)), path
            )  # the function behind NumPy's dispatcher
    for path, value in _named_in_torch(parts_of_names([forbidden])):
        found.setdefault(id(value), path)
    return found


def _functions_of(package: str) -> Iterator[tuple[str, Any]]:
    """The functions that a module and its private submodules define themselves; no classes, nothing imported."""
    for module in _modules(package):
        for name, value in vars(module).items():
            own = str(getattr(value, "__module__", "") or "").startswith(package) or isinstance(value, np.ufunc)
            if callable(value) and own and not isinstance(value, type) and getattr(np, name, None) is not value:
                yield f"{package}.{name}", value


def _named_in_torch(parts: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """PyTorch's functions and layers whose names contain one of the parts, the shortest path first."""
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
    """(module, name, object) of the forbidden functions, in every loaded module of NumPy and under every name.

    For PyTorch they are looked for in the modules of layers and in those on the way to a forbidden path or to its
    definition: torch and torch.nn for torch.nn.LSTM. For other frameworks, only in those on the way, since their own modules
    call what students may not.
    """
    return list({(id(place[0]), place[1]): place for name in forbids for place in _places(name)}.values())


@functools.cache
def _places(forbidden: str) -> list[tuple[ModuleType, str, Any]]:
    listed = written_out([forbidden])
    found = _functions(forbidden)
    modules = [*_modules("numpy"), math] if any(path.startswith(("numpy", "math")) for path in listed) else []
    if parts_of_names([forbidden]) and "torch" in sys.modules:
        modules += [sys.modules["torch"], *_modules(*LAYERS)]
    modules += [module for path in listed if not path.startswith(OWN_WAYS) for module in _leading_to(path)]
    return [
        (module, name, value)
        for module in {id(module): module for module in modules}.values()
        for name, value in list(vars(module).items())
        if id(value) in found
    ]


def _leading_to(path: str) -> Iterator[ModuleType]:
    """The modules on a path, and in PyTorch those on the path to the module that defines its object."""
    defined = str(getattr(look_up(path), "__module__", "")) if path.startswith("torch.") else ""
    for parts in (path.split(".")[:-1], defined.split(".")):
        names = [".".join(parts[:length]) for length in range(1, len(parts) + 1)]
        yield from (sys.modules[name] for name in names if isinstance(sys.modules.get(name), ModuleType))


def look_up(path: str) -> Any:
    """The object at a dotted path of NumPy, math or a framework that is loaded; None if there is none.

    Nothing is imported for it, so the content of a module that is not loaded is not found.
    """
    first, *rest = path.split(".")
    value = {"numpy": np, "math": math}.get(first) or (sys.modules.get(first) if first in FRAMEWORKS else None)
    for number, name in enumerate(rest, 2):
        is_late = isinstance(value, ModuleType) and name not in vars(
            value
        )  # a module's __getattr__ might import something
        value = sys.modules.get(".".join([first, *rest][:number])) if is_late else getattr(value, name, None)
    return value


def methods(forbids: Sequence[str]) -> list[str]:
    """The array methods that are forbidden functions under another name: `a.dot(b)` for `np.dot(a, b)`."""
    names = [path.removeprefix("numpy.") for path in written_out(forbids) if path.startswith("numpy.")]
    return [name for name in names if hasattr(np.ndarray, name) and not any(hasattr(kind, name) for kind in ALSO_OF)]
