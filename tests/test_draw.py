"""A change of inputs draws a part of them anew, and leaves what the case has drawn."""

import numpy as np
import pytest

from grader.draw import Draw, redrawn


def draw():
    return Draw(np.random.default_rng(5))


def inputs():
    return {"x": np.zeros((3, 4)), "w": np.zeros((2, 3, 4), np.float32), "n": 3}


def test_the_part_at_an_index_is_drawn_anew():
    given = inputs()
    changed = redrawn(x=1)(given, draw())
    assert (changed["x"][1] == draw()(4)).all()
    assert not changed["x"][[0, 2]].any()
    assert not given["x"].any()
    assert changed["w"] is given["w"]


def test_three_dots_are_all_of_an_array():
    assert (redrawn(x=...)(inputs(), draw())["x"] == draw()(3, 4)).all()


def test_an_array_keeps_its_dtype():
    changed = redrawn(w=np.s_[:, -1])(inputs(), draw())["w"]
    assert changed.dtype == np.float32
    assert (changed[:, -1] == draw()(2, 4).astype(np.float32)).all()
    assert not changed[:, :-1].any()


def test_several_arrays_are_drawn_in_the_order_of_their_names():
    drawing, changed = draw(), redrawn(w=0, x=2)(inputs(), draw())
    assert (changed["w"][0] == drawing(3, 4).astype(np.float32)).all()
    assert (changed["x"][2] == drawing(4)).all()


@pytest.mark.parametrize(
    ("name", "told"),
    [("steps", "no steps to draw anew; there is x, w, n"), ("ww", "no ww to draw anew; did you mean w?")],
)
def test_an_input_that_is_not_there_is_told(name, told):
    with pytest.raises(ValueError, match="the inputs have") as refused:
        redrawn(**{name: 0})(inputs(), draw())
    assert told in str(refused.value)
