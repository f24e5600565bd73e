"""Values survive the wire; anything else than a frame is refused, whatever the bytes."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from grader.nest import mapped
from grader.sandbox import wire

ARRAYS = hnp.arrays(
    st.sampled_from(["?", "i1", "i4", "i8", "u1", "u8", "f2", "f4", "f8", ">f8", ">i4", "c16"]),
    hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.complex_numbers()
    | st.text()
    | ARRAYS
    | st.integers(0, 2**63 - 1).map(wire.Seeded)
)
TREES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text() | st.integers() | st.tuples(st.integers(), st.text()), inner, max_size=4)
    ),
    max_leaves=12,
)


def check_refused_or_data(frame: bytes) -> None:
    """The frame raises WireError, or holds data that survives another round."""
    try:
        tree = wire.decode(frame)
    except wire.WireError:
        return
    assert wire.same(wire.decode(wire.encode(tree)), tree)


def native(tree):
    """The tree with its arrays in this machine's byte order, which is how they come back."""

    def of_leaf(leaf):
        is_ordered = isinstance(leaf, np.ndarray) and leaf.dtype.kind in "iufc"
        return leaf.astype(leaf.dtype.newbyteorder("<")) if is_ordered else leaf

    return mapped(of_leaf, tree)


@settings(max_examples=300, deadline=None)
@given(TREES)
def test_every_tree_survives(tree):
    back = wire.decode(wire.encode(tree))
    assert wire.same(back, native(tree))


@settings(max_examples=300, deadline=None)
@given(TREES, st.lists(st.text()))
def test_what_is_encoded_already_is_put_beside_something_else(tree, names):
    more = {"changed": names}
    assert wire.beside("value", wire.encode(tree), more) == wire.encode({"value": tree} | more)


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=400))
def test_random_bytes_are_refused_and_nothing_else_happens(content):
    with pytest.raises(wire.WireError):
        wire.decode(content)


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=200), st.binary(max_size=64))
def test_random_bytes_behind_an_honest_prefix_never_raise_anything_else(header, body):
    frame = wire.PREFIX.pack(wire.MAGIC, len(header), len(body)) + header + body
    check_refused_or_data(frame)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from(["<f8", "nan"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("adfotr?"), inner, max_size=2),
    max_leaves=12,
)


@settings(max_examples=500, deadline=None)
@given(JSON, st.binary(max_size=64))
def test_random_headers_never_raise_anything_else(header, body):
    text = json.dumps(header).encode()
    check_refused_or_data(wire.PREFIX.pack(wire.MAGIC, len(text), len(body)) + text + body)


@settings(max_examples=200, deadline=None)
@given(TREES, st.data())
def test_a_flipped_byte_is_refused_or_read_as_other_data(tree, data):
    frame = bytearray(wire.encode(tree))
    place = data.draw(st.integers(0, len(frame) - 1))
    frame[place] ^= data.draw(st.integers(1, 255))
    check_refused_or_data(bytes(frame))


@pytest.mark.parametrize(
    "value",
    [object(), {1, 2}, lambda: 0, np.array([object()]), np.ma.masked_array([1.0]), np.matrix([1.0]), np.array(["x"])],
)
def test_what_is_no_data_is_refused_or_opaque(value):
    with pytest.raises(wire.WireError):
        wire.encode(value)
    back = wire.decode(wire.encode((value, 1), opaque=True))
    assert isinstance(back[0], wire.Opaque)
    assert back[1] == 1


def test_a_huge_array_is_refused_before_it_is_copied():
    huge = np.broadcast_to(1.0, (1 << 20, 1 << 30))
    assert wire.decode(wire.encode(huge, opaque=True)) == wire.Opaque(
        "array of shape (1048576, 1073741824), which is too large"
    )


def test_deep_nests_are_refused_on_both_sides():
    deep = []
    for _ in range(wire.MAX_DEPTH + 2):
        deep = [deep]
    with pytest.raises(wire.WireError, match="nested deeper"):
        wire.encode(deep)
    text = json.dumps(deep).encode()
    with pytest.raises(wire.WireError, match="nested deeper"):
        wire.decode(wire.PREFIX.pack(wire.MAGIC, len(text), 0) + text)


def test_an_answer_is_a_copy_that_can_be_written():
    array = np.arange(3.0)
    back = wire.decode(wire.encode(array))
    back[0] = 7
    assert array[0] == 0


def test_materialise_gives_fresh_copies_and_generators_in_the_same_state():
    tree = {"x": np.zeros(2), "rng": wire.Seeded(5), "params": [(np.ones(1), 2)]}
    first, second = wire.materialise(tree), wire.materialise(tree)
    first["x"][0] = 9
    first["params"][0][0][0] = 9
    assert tree["x"][0] == 0
    assert second["params"][0][0][0] == 1
    assert first["rng"].random() == second["rng"].random() == np.random.default_rng(5).random()


def test_nan_is_the_same_as_nan_and_types_count():
    assert wire.same([math.nan, np.array([math.nan])], [math.nan, np.array([math.nan])])
    assert not wire.same([1], (1,))
    assert not wire.same(1, 1.0)
    assert not wire.same(np.zeros(2), np.zeros(2, np.float32))
    assert not wire.same(np.zeros((2, 1)), np.zeros(2))
