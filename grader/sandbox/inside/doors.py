"""Wrappers around what exercises forbid: installed before a submission loads, closed while such an exercise is asked.

A door is a wrapper that calls the original while it is open and raises while it is shut. Functions are replaced
wherever NumPy or PyTorch holds them; `@` and the methods of arrays in the type itself. So a forbidden call is refused
under any name, from any code, and through any reference taken earlier. Calls that a library makes internally are let
through, unless the library function is just another way to the forbidden operation.

Doors live in the submission's own process, so code that searches for the function behind a door can find it.
"""

import functools
import importlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any

import numpy as np

from grader.sandbox.inside import locks, paths
from grader.sandbox.inside.ideas import IDEAS, harmless, idea_of, parts_of_names, written_out

MATMUL = ("__matmul__", "__rmatmul__", "__imatmul__")  # the methods behind `@`
NUMPY = os.path.dirname(np.__file__) + os.sep
CARRIERS = (
    "vectorize.",
    "apply_along_axis",
    "apply_over_axes",
    "fromfunction",
)  # these call a function that they are given
CARRYING = tuple(NUMPY + folder + os.sep for folder in ("matrixlib", "ma"))  # array types whose product calls NumPy's
OF_UFUNCS = ("nin", "nout", "nargs", "ntypes", "types", "identity", "signature")
LOCKABLE = ("numpy", "math", "torch")  # whose own code needs none of what it is locked out from
UNDER_THE_DOOR = ("ctypes.", "gc.get_")  # audit events: calling C by address, searching for objects


class ForbiddenOperation(RuntimeError):
    """The submission used an operation that the exercise forbids; the message is its name."""


@dataclass(frozen=True)
class Rule:
    """What is refused while an exercise is asked: `names` maps a door's key to the operation's name, `parts` are parts
    of names in PyTorch, `passes` the code of NumPy that may use forbidden operations (None: all of it)."""

    names: dict[Any, str]
    parts: tuple[str, ...]
    passes: frozenset[CodeType] | None


@dataclass
class Doors:
    """All doors of a process. `shut` is the rule of the exercise being asked (None: all doors are open), `met` is the
    first operation that was refused, `before` are the original attributes, `after` the doors that take their places for a while.

    `lock` keeps the originals from being called except through a door.
    """

    shut: Rule | None = None
    met: str = ""
    before: list[tuple[Any, str, Any]] = field(default_factory=list)
    after: list[tuple[Any, str, Any]] = field(default_factory=list)
    lock: locks.Lock = field(default_factory=lambda: locks.Lock([]))


def learn() -> None:
    """Find all operations behind the ideas once; a fork server does it on behalf of all its workers."""
    with suppress(ImportError):
        importlib.import_module("numpy.linalg.lapack_lite")  # loaded later, it would be without doors
    for name, idea in IDEAS.items():
        paths.places([name])
        for path in idea.harmless:
            _code(path)


def hang(forbids: Sequence[str]) -> Doors:
    """Install doors for everything that any exercise of a unit forbids. They stay: a process has one submission."""
    doors = Doors()
    learn()
    _hang_in_modules(doors, forbids)
    listed = written_out(forbids)
    methods = {name: vars(np.ndarray)[name] for name in [*(MATMUL if "@" in listed else ()), *paths.methods(forbids)]}
    locks.put(np.ndarray, {name: _door(doors, method, name) for name, method in methods.items()})
    if names := [path for path in paths.functions(forbids).values() if path.startswith("torch.")]:
        _hang_in_torch(doors, {path.rpartition(".")[2] for path in names})
    if "@" in listed:
        _hang_in_arrays(doors)
    behind = [value for owner, _, value in doors.before if str(getattr(owner, "__name__", "")).startswith(LOCKABLE)]
    inner = [getattr(value, "_implementation", None) for value in behind]
    doors.lock = locks.lock_of([*behind, *inner, *methods.values()])
    if any(path == "@" or path.startswith("numpy") for path in listed):
        _listen(doors)
    return doors


@contextmanager
def refused(forbids: Sequence[str], doors: Doors | None = None) -> Iterator[None]:
    """A context in which forbidden operations raise ForbiddenOperation; its end raises it again if it was caught.

    Without `doors`, as in an author's own process, doors for functions and classes are installed while it lasts.
    """
    if not forbids:
        yield
        return
    own = doors or _for_a_while(tuple(forbids))
    if doors is None:
        _set(own.after)
    own.shut, own.met = _rule(tuple(forbids)), ""
    locks.shut(own.lock)
    try:
        yield
    except ForbiddenOperation:
        raise
    except BaseException:
        if own.met:
            raise ForbiddenOperation(own.met) from None
        raise
    finally:
        own.shut = None
        locks.open_up(own.lock)
        if doors is None:
            _set(reversed(own.before))
    if own.met:
        raise ForbiddenOperation(own.met)


@functools.cache
def _for_a_while(forbids: tuple[str, ...]) -> Doors:
    """Doors that are there only while a question is asked, as `after` has them; making them takes longer than most questions."""
    doors = Doors()
    _hang_in_modules(doors, forbids)
    doors.after = [(owner, name, vars(owner)[name]) for owner, name, _ in doors.before]
    _set(reversed(doors.before))
    return doors


def _set(attributes: Iterable[tuple[Any, str, Any]]) -> None:
    for owner, name, value in attributes:
        setattr(owner, name, value)


def shown(path: str) -> str:
    """A path as students write it: `np.linalg.solve` for `numpy.linalg.solve`."""
    return path.replace("numpy", "np", 1)


def _called(path: str) -> str:
    """What a forbidden operation is called: by its path, or by its idea where the path is a library's own affair."""
    return (idea_of(path) if "._" in path and not path.startswith("numpy") else "") or shown(path)


@functools.cache
def _rule(forbids: tuple[str, ...]) -> Rule:
    names: dict[Any, str] = {key: _called(path) for key, path in paths.functions(forbids).items()}
    names |= {name: f"the method {name}" for name in paths.methods(forbids)}
    names |= {name: "@" for name in MATMUL if "@" in written_out(forbids)}
    names |= {path.rpartition(".")[2]: path for path in names.values() if path.startswith("torch.")}
    let = harmless(forbids)
    codes = None if let is None else frozenset(filter(None, map(_code, let)))
    return Rule(names, parts_of_names(forbids), codes)


@functools.cache
def _code(path: str) -> CodeType | None:
    """The code object of a NumPy function that is written in Python; None for any other."""
    function = paths.look_up(path)
    return getattr(getattr(function, "_implementation", function), "__code__", None)


def _knock(doors: Doors, key: Any) -> None:
    """Called by a door that is shut: return if its caller may pass, else raise ForbiddenOperation."""
    rule = doors.shut
    if rule is None or key not in rule.names:
        return
    if said := _refusal(rule, rule.names[key], sys._getframe(2)):
        doors.met = doors.met or said
        raise ForbiddenOperation(said)


def _refusal(rule: Rule, name: str, frame: FrameType | None) -> str:
    """The name of what is refused to a calling frame: the operation or the NumPy function that wants it; "" if none."""
    inside: list[CodeType] = []
    while frame is not None and frame.f_code.co_filename.startswith(NUMPY):
        inside.append(frame.f_code)
        frame = frame.f_back
    if not inside:
        return name
    entry = inside[-1]
    carried = any(code.co_qualname.startswith(CARRIERS) or code.co_filename.startswith(CARRYING) for code in inside)
    if (rule.passes is None and not carried) or (rule.passes is not None and entry in rule.passes):
        return ""
    is_public = callable(getattr(np, entry.co_name, None)) and not carried
    return f"np.{entry.co_name}" if is_public else name


def _door(doors: Doors, original: Callable[..., Any], key: Any) -> Callable[..., Any]:
    """A wrapper that looks like a function, and asks before it calls it."""

    def door(*args: Any, **kwargs: Any) -> Any:
        if doors.shut is None:
            return original(*args, **kwargs)
        _knock(doors, key)
        with locks.opened(doors.lock):
            return original(*args, **kwargs)

    shows = (
        "__name__",
        "__qualname__",
        "__module__",
        "__doc__",
        *(OF_UFUNCS if isinstance(original, np.ufunc) else ()),
    )
    for name in shows:
        if (value := getattr(original, name, None)) is not None:
            setattr(door, name, value)
    return door


def _hang_in_modules(doors: Doors, forbids: Sequence[str]) -> None:
    made: dict[int, Any] = {}
    for module, name, value in paths.places(forbids):
        if isinstance(value, type):
            if id(value) not in made:
                made[id(value)] = _hang_in_class(doors, value)
            continue
        if id(value) not in made:
            made[id(value)] = _door(doors, value, id(value))
        doors.before.append((module, name, value))
        setattr(module, name, made[id(value)])


def _hang_in_class(doors: Doors, kind: type) -> type:
    """Put doors on a forbidden class: it can still be named and inherited from, but not instantiated or run."""
    for name in ("__init__", "forward"):
        if name in vars(kind):
            doors.before.append((kind, name, vars(kind)[name]))
            setattr(kind, name, _door(doors, vars(kind)[name], id(kind)))
    return kind


def _hang_in_torch(doors: Doors, names: set[str]) -> None:
    """Put doors on PyTorch's other copies of functions: those under `_C` and `_VF`, and the operators by name."""
    torch = sys.modules["torch"]
    found = torch._C._VariableFunctions
    static = {name: staticmethod(_door(doors, getattr(found, name), name)) for name in names if hasattr(found, name)}
    locks.put(type(found), static)
    for name in names:
        if callable(method := getattr(torch.Tensor, name, None)):
            setattr(torch.Tensor, name, _door(doors, method, name))
    for kind in (torch._ops.OpOverload, torch._ops.OpOverloadPacket):
        kind.__call__ = _operator_door(doors, kind.__call__)


def _hang_in_arrays(doors: Doors) -> None:
    """Put doors on `@` between JAX's arrays, where what was compiled for another exercise asks none of the functions, and MLX's."""
    for array in filter(None, map(paths.look_up, ("jax._src.array.ArrayImpl", "mlx.core.array"))):
        for name in MATMUL:
            if method := getattr(array, name, None):
                setattr(array, name, _door(doors, method, name))


def _operator_door(doors: Doors, original: Callable[..., Any]) -> Callable[..., Any]:
    def __call__(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        if doors.shut is not None:
            name = str(self.__name__).partition(".")[0]
            is_part = any(part in name for part in doors.shut.parts)
            _knock(doors, next(iter(doors.shut.names)) if is_part and name not in doors.shut.names else name)
        return original(self, *args, **kwargs)

    return __call__


def _listen(doors: Doors) -> None:
    """Add an audit hook that refuses calling C by address and searching for objects, which would bypass every door."""

    def heard(event: str, _: Any) -> None:
        if event.startswith(UNDER_THE_DOOR):
            doors.met = doors.met or event
            raise ForbiddenOperation(event)

    sys.addaudithook(heard)
