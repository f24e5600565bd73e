"""`@frozen`: what `dataclass(frozen=True)` makes, in a fifth of the time.

The standard decorator compiles six functions for each class, which takes most of a millisecond, and a command that a student
waits for makes sixty classes. Here `__init__` alone is compiled; the others are shared.
"""

from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from operator import attrgetter
from reprlib import recursive_repr
from typing import Any, TypeVar, dataclass_transform

Made = TypeVar("Made")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[Made]) -> type[Made]:
    """A dataclass whose fields cannot be set anew; what the class itself defines stays.

    >>> @frozen
    ... class Point:
    ...     x: float
    ...     y: float = 0.0
    >>> Point(1.0)
    Point(x=1.0, y=0.0)
    """
    cls.__doc__ = cls.__doc__ or cls.__name__  # else one is made of the signature, which is slow
    own = set(vars(cls))
    made = dataclass(init=False, repr=False, eq=False)(cls)
    parts = fields(made)
    made.__init__ = _init(made, parts)
    made.__setattr__, made.__delattr__ = _refuse_to_set, _refuse_to_delete
    compared = _values([part.name for part in parts if part.compare])
    hashed = _values([part.name for part in parts if (part.compare if part.hash is None else part.hash)])

    def eq(self: Any, other: Any) -> bool:
        return compared(self) == compared(other) if other.__class__ is self.__class__ else NotImplemented

    shared = {"__eq__": eq, "__hash__": lambda self: hash(hashed(self)), "__repr__": _repr}
    for name in shared.keys() - own:
        setattr(made, name, shared[name])
    return made


def _init(made: type, parts: Sequence[Field]) -> Callable[..., None]:
    """`__init__` with a parameter for each field, which a signature shows."""
    known: dict[str, Any] = {"MISSING": MISSING, "put": object.__setattr__}
    parameters, body = [], []
    for part in parts:
        name, value = part.name, part.name
        if part.default_factory is not MISSING:
            known[f"make_{name}"] = part.default_factory
            value = f"make_{name}() if {name} is MISSING else {name}"
        known[f"default_{name}"] = part.default
        has_default = part.default is not MISSING or part.default_factory is not MISSING
        parameters.append(f"{name}=default_{name}" if has_default else name)
        body.append(f"put(self, {name!r}, {value})")
    if hasattr(made, "__post_init__"):
        body.append("self.__post_init__()")
    exec(f"def __init__(self, {', '.join(parameters)}):\n " + "\n ".join(body or ["pass"]), known)
    found = known["__init__"]
    found.__qualname__ = f"{made.__qualname__}.__init__"
    return found


def _values(names: Sequence[str]) -> Callable[[Any], tuple]:
    """What gives an object's fields of these names, as a tuple: two of these are equal where an array or a nan is the same one."""
    if len(names) == 1:
        only = attrgetter(names[0])
        return lambda made: (only(made),)
    return attrgetter(*names) if names else lambda _: ()


@recursive_repr()
def _repr(self: Any) -> str:
    shown = ", ".join(f"{part.name}={getattr(self, part.name)!r}" for part in fields(self) if part.repr)
    return f"{type(self).__qualname__}({shown})"


def _refuse_to_set(self: Any, name: str, value: Any) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: Any, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")
