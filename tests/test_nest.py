"""A nest is walked, changed and compared the same way everywhere: by `grader.nest`, whose promises these are."""

import ast
import doctest
from collections import OrderedDict, namedtuple

import numpy as np
import pytest
from conftest import ROOT
from house import House
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from grader import nest
from grader.judging.compare import difference
from grader.nest import FormError, at, leaves, mapped, numeric_leaves, same_parts, subscripts
from grader.sandbox import wire

ARRAYS = hnp.arrays(np.float64, hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3))
TEXTS = st.text(max_size=3)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | ARRAYS | st.integers(0, 9).map(wire.Seeded)
KEYS = TEXTS | st.integers() | st.tuples(st.integers(), TEXTS)


def nests(of):
    """Nests of these leaves; now and then a leaf, or a dict, a list or a tuple that is empty."""
    return st.recursive(
        of,
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.lists(inner, max_size=4).map(tuple)
            | st.dictionaries(KEYS, inner, max_size=4)
        ),
        max_leaves=12,
    )


NESTS = nests(LEAVES)
ENOUGH = settings(max_examples=60, deadline=None)


def one(value):
    return 1


def beside(*parts):
    """The leaves of one place, told by which objects they are, as a leaf."""
    return str(list(map(id, parts)))


def types(tree):
    """The types of a nest's containers and the order of its keys, leaves left out: its form, found another way."""
    if isinstance(tree, dict):
        return dict, [(key, types(part)) for key, part in tree.items()]
    return (type(tree), [types(part) for part in tree]) if isinstance(tree, list | tuple) else None


# --- leaves and paths


@ENOUGH
@given(NESTS)
def test_each_leaf_lies_where_its_path_leads(tree):
    for path, leaf in leaves(tree):
        assert at(tree, path) is leaf
        assert not isinstance(leaf, dict | list | tuple)


@ENOUGH
@given(NESTS)
def test_no_leaf_is_left_out_and_none_comes_twice(tree):
    paths = [path for path, _ in leaves(tree)]
    assert len(set(paths)) == len(paths)
    seen = []
    mapped(seen.append, tree)
    assert list(map(id, seen)) == [id(leaf) for _, leaf in leaves(tree)]


@ENOUGH
@given(NESTS)
def test_a_leaf_of_a_part_is_a_leaf_of_the_whole(tree):
    ways = [("a",), ("b", 0)]
    found = [(path, id(leaf)) for path, leaf in leaves({"a": tree, "b": (tree,)})]
    assert found == [(way + path, id(leaf)) for way in ways for path, leaf in leaves(tree)]


@ENOUGH
@given(LEAVES)
def test_a_leaf_is_its_own_only_leaf(leaf):
    ((path, found),) = leaves(leaf)
    assert path == ()
    assert found is leaf


@ENOUGH
@given(st.recursive(st.sampled_from([[], (), {}]), lambda inner: st.lists(inner, min_size=1, max_size=3)))
def test_what_holds_nothing_has_no_leaves_and_stays_what_it_is(tree):
    assert leaves(tree) == []
    assert wire.same(mapped(one, tree), tree)


@ENOUGH
@given(TEXTS)
def test_a_text_is_one_leaf_however_long(text):
    assert leaves([text]) == [((0,), text)]
    assert numeric_leaves([text]) == []


@ENOUGH
@given(NESTS)
def test_numeric_leaves_are_those_that_have_a_size_to_measure(tree):
    """As `difference` sees it: it wants one tolerance for each of them, no more and no less."""
    numeric = numeric_leaves(tree)
    assert [path for path, _ in numeric] == [
        path for path, leaf in leaves(tree) if isinstance(leaf, np.ndarray | float | int)
    ]
    tolerances = iter([0.0] * len(numeric))
    assert difference(tree, tree, tolerances) is None
    assert list(tolerances) == []


@ENOUGH
@given(NESTS)
def test_subscripts_lead_python_where_the_path_leads(tree):
    for path, leaf in leaves(tree):
        assert eval("tree" + subscripts(path), {"tree": tree}) is leaf


@pytest.mark.parametrize(
    ("tree", "path", "error"),
    [({"a": 1}, ("b",), KeyError), ([1], (1,), IndexError), ((1,), ("a",), TypeError), (1.5, (0,), TypeError)],
)
def test_a_path_that_leads_nowhere_is_refused_as_python_refuses_it(tree, path, error):
    with pytest.raises(error):
        at(tree, path)


# --- mapping and zipping


@ENOUGH
@given(NESTS)
def test_unchanged_leaves_make_an_equal_nest_of_new_containers(tree):
    same = mapped(lambda leaf: leaf, tree)
    assert types(same) == types(tree)
    assert [(path, id(leaf)) for path, leaf in leaves(same)] == [(path, id(leaf)) for path, leaf in leaves(tree)]
    old, new = ({id(part) for _, part in _parts(each) if isinstance(part, dict | list)} for each in (tree, same))
    assert not old & new


@ENOUGH
@given(NESTS)
def test_a_nest_of_a_leaf_for_each_leaf_has_the_form_of_the_first(tree):
    ones = mapped(one, tree)
    assert types(ones) == types(tree)
    assert leaves(ones) == [(path, 1) for path, _ in leaves(tree)]


@ENOUGH
@given(NESTS)
def test_one_change_after_the_other_is_both_at_once(tree):
    twice = mapped(lambda leaf: (repr(leaf) + "!").upper(), tree)
    assert mapped(str.upper, mapped(lambda leaf: repr(leaf) + "!", tree)) == twice


@ENOUGH
@given(NESTS, st.data())
def test_several_nests_are_changed_leaf_by_leaf_whatever_the_order_of_their_keys(tree, data):
    other = _shuffled(mapped(lambda leaf: object(), tree), data)
    together = mapped(beside, tree, other)
    assert types(together) == types(tree)
    assert leaves(together) == [(path, beside(leaf, at(other, path))) for path, leaf in leaves(tree)]


def _shuffled(tree, data):
    """A nest of the same form: the keys of its dicts in another order, tuples for its lists and lists for its tuples."""
    if isinstance(tree, dict):
        return {key: _shuffled(tree[key], data) for key in data.draw(st.permutations(list(tree)))}
    if isinstance(tree, list | tuple):
        return (list if isinstance(tree, tuple) else tuple)(_shuffled(part, data) for part in tree)
    return tree


@ENOUGH
@given(NESTS, st.data())
def test_a_nest_of_another_form_is_refused_with_the_place(tree, data):
    place = data.draw(st.sampled_from([path for path, _ in _parts(tree)]))
    other = _exchanged(tree, place, data)
    with pytest.raises(FormError, match="do not divide alike") as refused:
        mapped(beside, tree, other)
    assert str(refused.value).endswith(f"at nest{subscripts(place)}")
    with pytest.raises(FormError):
        mapped(beside, other, tree)


def _parts(tree, path=()):
    """Every part of a nest, containers among them, with its path."""
    yield path, tree
    for key, part in tree.items() if isinstance(tree, dict) else enumerate(tree) if types(tree) else ():
        yield from _parts(part, (*path, key))


def _exchanged(tree, place, data):
    """The nest with the part at a place exchanged for one that divides otherwise."""
    if place:
        first, *rest = place
        parts = dict(tree) if isinstance(tree, dict) else list(tree)
        parts[first] = _exchanged(tree[first], rest, data)
        return parts if isinstance(tree, dict) else type(tree)(parts)
    if isinstance(tree, dict):
        missing = {(key if n else "another"): part for n, (key, part) in enumerate(tree.items())}
        return data.draw(st.sampled_from([1.5, list(tree.values()), tree | {"one more": 1}, [tree], missing or []]))
    if isinstance(tree, list | tuple):
        return data.draw(st.sampled_from([1.5, [*tree, 1], [[], *tree], dict(enumerate(tree))]))
    return data.draw(st.sampled_from([[tree], (), {}, {"a": tree}]))


@ENOUGH
@given(NESTS, NESTS)
def test_two_nests_divide_alike_or_not_whichever_comes_first(tree, other):
    """All the way down it is what `mapped` asks."""
    assert same_parts(tree, other) == same_parts(other, tree)
    alike = types(mapped(one, _sorted(tree))) == types(mapped(one, _sorted(other)))
    try:
        mapped(beside, tree, other)
        assert alike
    except FormError:
        assert not alike


def _sorted(tree):
    """The nest with its keys in order and lists for its tuples."""
    if isinstance(tree, dict):
        return {key: _sorted(tree[key]) for key in sorted(tree, key=repr)}
    return [_sorted(part) for part in tree] if isinstance(tree, list | tuple) else tree


@ENOUGH
@given(NESTS)
def test_sequences_are_changed_once_their_parts_are(tree):
    as_lists = mapped(lambda leaf: leaf, tree, sequence=list)
    assert not any(type(part) is tuple for _, part in _parts(as_lists))
    assert [path for path, _ in leaves(as_lists)] == [path for path, _ in leaves(tree)]
    seen = []
    mapped(one, tree, sequence=lambda parts: seen.append(parts) or 7)
    assert all(part == 7 or part == 1 or isinstance(part, dict) for parts in seen for part in parts)
    assert len(seen) == sum(isinstance(part, list | tuple) for _, part in _parts(tree))


def test_a_subclass_is_kept_for_sequences_and_left_for_dicts():
    class Row(list):
        pass

    assert type(mapped(one, Row([1, 2]))) is Row
    assert type(mapped(one, OrderedDict(a=1))) is dict
    assert leaves(OrderedDict(b=Row([1]), a=2)) == [(("b", 0), 1), (("a",), 2)]


def test_a_named_tuple_is_read_and_not_made():
    """It is no data on the wire either."""
    Fit = namedtuple("Fit", "slope offset")
    assert leaves(Fit(1, [2])) == [((0,), 1), ((1, 0), 2)]
    with pytest.raises(TypeError):
        mapped(one, Fit(1, [2]))


def test_an_array_without_axes_is_a_leaf_and_stays_one():
    (found,) = mapped(lambda leaf: leaf, (np.array(1.5),))
    assert type(found) is np.ndarray
    numbers = [np.array(1.5), np.float32(2), 3, True]
    assert numeric_leaves([*numbers, None, "4"]) == [((place,), number) for place, number in enumerate(numbers)]


def test_the_examples_are_true():
    failed, attempted = doctest.testmod(nest)
    assert attempted > 0
    assert failed == 0


# --- nobody else walks one by hand, but for these

BY_HAND = {
    "nest": "it is what the others use",
    "sandbox.wire": "it lies beside hostile code, imports nothing of ours and checks each type as it goes",
    "sandbox.inside.foreign._taken": "it lies beside hostile code, and a key may be of any type",
    "typed": "it reads by what a dataclass declares, not by what is there",
    "key._tree": "dataclasses, in lists: what they hold is left alone",
    "authoring.key_changes._data": "dataclasses, in lists: what they hold is left alone",
    "compiling.compile.place": "parts of an answer by name, in tuples",
    "compiling.questions._form": "a dict becomes one without keys",
    "judging.forms._is_only": "each list may be the value that is looked for, not leaves alone",
    "practice.fingerprints._write": "syntax trees",
    "authoring.mutants": "syntax trees",
    "authoring.examples.shown": "containers are printed with their brackets",
    "classroom.platforms.web_calls._message": "JSON of a platform's errors, of any form",
    "judging.part_words._keys": "the keys on the way are wanted, not the leaves",
    "snippets.literals.literal": "containers are written as Python writes them",
    "releases.leaks._strings": "JSON, where a list of lines is one text",
}
CONTAINERS = {"list", "tuple", "dict", "SEQUENCES"}


def walks(text):
    """The functions of a module that ask whether something is a list, a tuple or a dict, and call themselves."""
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    return [function.name for function in functions if _asks(function) and function.name in _names(function)]


def _asks(function):
    nodes = list(ast.walk(function))
    asked = [node.args[1:] for node in nodes if isinstance(node, ast.Call) and _names(node.func) == {"isinstance"}]
    asked += [node.comparators for node in nodes if isinstance(node, ast.Compare)]
    asked += [[node.cls] for node in nodes if isinstance(node, ast.MatchClass)]
    return any(_names(kind) & CONTAINERS for kinds in asked for kind in kinds)


def _names(node):
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def test_no_other_module_walks_a_nest_by_hand():
    house = House(ROOT)
    found = [f"{name}.{walk}" for name, path in house.files.items() for walk in walks(path.read_text(encoding="utf-8"))]
    known = tuple(f"grader.{name}." for name in BY_HAND)
    assert [name for name in found if not f"{name}.".startswith(known)] == []


@pytest.mark.parametrize(
    "asks",
    ["isinstance(x, list | tuple)", "isinstance(x, (dict, str))", "type(x) is tuple", "type(x) in (list, tuple)"],
)
def test_a_walk_by_hand_would_be_seen(asks):
    assert walks(f"def f(x):\n    return [f(part) for part in x] if {asks} else x") == ["f"]
    assert walks(f"def f(x):\n    return [g(part) for part in x] if {asks} else x") == []
    assert walks("def f(x):\n    return f(x[1:]) if isinstance(x, str) else list(x)") == []
