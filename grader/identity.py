"""Values by the very object that they belong to, whatever it equals."""

from typing import Generic, TypeVar

Owner = TypeVar("Owner")
Value = TypeVar("Value")


class ByIdentity(Generic[Owner, Value]):
    """A mapping from objects, not from what they equal; each object is kept as long as its value.

    A plain dict by `id(object)` forgets the object, and a later one at the same address gets the value of the first.

    >>> ages = ByIdentity()
    >>> ages[first := [1]] = 7
    >>> first in ages, [1] in ages
    (True, False)
    """

    def __init__(self) -> None:
        self._held: dict[int, tuple[Owner, Value]] = {}

    def __contains__(self, owner: Owner) -> bool:
        return id(owner) in self._held

    def __getitem__(self, owner: Owner) -> Value:
        return self._held[id(owner)][1]

    def __setitem__(self, owner: Owner, value: Value) -> None:
        self._held[id(owner)] = owner, value

    def pop(self, owner: Owner) -> Value:
        return self._held.pop(id(owner))[1]

    def clear(self) -> None:
        self._held.clear()

    def values(self) -> list[Value]:
        return [value for _, value in self._held.values()]
