"""`@frozen` makes what `dataclass(frozen=True)` makes: each fact is held against a class of the standard decorator's."""

import copy
import inspect
import pickle
from dataclasses import FrozenInstanceError, asdict, dataclass, field, fields, replace
from functools import cached_property
from typing import Any

import pytest

from grader.frozen import frozen


class Body:
    """What both classes are made of."""

    name: str
    points: int = 3
    labels: list[str] = field(default_factory=list)
    note: Any = field(default=None, compare=False, repr=False)
    settings: dict = field(default_factory=dict, hash=False)

    def __post_init__(self):
        object.__setattr__(self, "name", self.name.strip())

    @cached_property
    def twice(self) -> int:
        return 2 * self.points


def made(decorator) -> type:
    return decorator(type("Body", (), {name: value for name, value in vars(Body).items() if name != "__dict__"}))


STANDARD, OURS = made(dataclass(frozen=True)), made(frozen)


@frozen
class Kept:
    """Of this module, so that it can be pickled."""

    value: int
    more: tuple = ()


@frozen
class Empty:
    pass


@frozen
class WithItsOwn:
    value: int

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 7

    def __repr__(self) -> str:
        return "its own"


def test_it_is_made_and_shown_alike():
    for values in ((" a ",), ("a", 4), ("a", 4, ["b"], "hidden", {"c": 1})):
        assert repr(OURS(*values)) == repr(STANDARD(*values))
        assert asdict(OURS(*values)) == asdict(STANDARD(*values))
    assert inspect.signature(OURS).parameters.keys() == inspect.signature(STANDARD).parameters.keys()
    assert [part.name for part in fields(OURS)] == [part.name for part in fields(STANDARD)]
    assert OURS.__match_args__ == STANDARD.__match_args__


def test_each_has_a_default_of_its_own():
    assert OURS("a").labels == []
    assert OURS("a").labels is not OURS("a").labels


@pytest.mark.parametrize("wrong", [(), ("a", 1, [], None, {}, "one too many")])
def test_wrong_arguments_are_refused(wrong):
    with pytest.raises(TypeError):
        OURS(*wrong)
    with pytest.raises(TypeError):
        OURS("a", unknown=1)


def test_nothing_can_be_set_or_deleted():
    one = OURS("a")
    for change in (lambda: setattr(one, "name", "b"), lambda: setattr(one, "other", 1), lambda: delattr(one, "name")):
        with pytest.raises(FrozenInstanceError):
            change()
    assert one == OURS("a")
    assert one.twice == 6


@pytest.mark.parametrize("kind", [STANDARD, OURS], ids=["standard", "ours"])
def test_it_is_equal_where_all_that_counts_is(kind):
    assert kind("a", note=1) == kind("a", note=2)
    assert kind("a") != kind("b")
    assert kind("a", settings={"c": 1}) != kind("a")
    assert kind("a") != "a"
    assert kind("a").__eq__("a") is NotImplemented
    assert kind("a", labels=()).__hash__() == kind("a", labels=(), note=2, settings={"c": 1}).__hash__()
    assert kind("a", labels=()).__hash__() != kind("b", labels=()).__hash__()


def test_two_classes_with_equal_fields_differ():
    assert made(frozen)("a") != OURS("a")


def test_it_is_replaced_copied_and_sent():
    one = Kept(1, ([2],))
    assert replace(one, value=3) == Kept(3, ([2],))
    assert pickle.loads(pickle.dumps(one)) == one == copy.copy(one)
    assert copy.deepcopy(one).more[0] is not one.more[0]


def test_one_that_holds_itself_can_be_shown():
    one = Kept(1, ([],))
    one.more[0].append(one)
    assert "..." in repr(one)


def test_a_class_without_fields_or_docstring():
    assert Empty() == Empty()
    assert hash(Empty()) == hash(Empty())
    assert repr(Empty()) == "Empty()"


def test_what_the_class_defines_stays():
    assert WithItsOwn(1) == WithItsOwn(2)
    assert hash(WithItsOwn(1)) == 7
    assert repr(WithItsOwn(1)) == "its own"


def test_what_is_the_same_object_is_equal_although_it_is_not_equal_to_itself():
    for decorator in (dataclass(frozen=True), frozen):
        One = decorator(type("One", (), {"__annotations__": {"value": float}}))
        Two = decorator(type("Two", (), {"__annotations__": {"value": float, "other": int}}))
        nan = float("nan")
        assert One(nan) == One(nan)
        assert Two(nan, 1) == Two(nan, 1)
        assert hash(One(2.0)) == hash((2.0,))
