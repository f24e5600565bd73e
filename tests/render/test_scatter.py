"""Moving points: where they stand in lines of Braille and of ASCII, and what of them a page shows when nothing moves."""

import re
import xml.etree.ElementTree as ElementTree

from hypothesis import given
from hypothesis import strategies as st

from grader.render.scatter import Window, dotted, moving, strip, window

UNIT = Window(0.0, 0.0, 1.0)
CORNERS = [(-0.99, 0.99), (0.99, 0.99), (-0.99, -0.99), (0.99, -0.99)]
FINITE = st.floats(-1e6, 1e6)
FRAMES = st.lists(st.lists(st.tuples(FINITE, FINITE), max_size=20), min_size=1, max_size=5)


def test_a_corner_is_the_corner_s_dot():
    """Left and up first, as Unicode numbers the dots of a cell: 1 is upper left, 4 upper right, 7 and 8 are the lowest."""
    lines = dotted(CORNERS, UNIT, 4)
    assert [line[0] + line[-1] for line in lines] == ["\u2801\u2808", "\u2840\u2880"]
    assert [line[1:-1] for line in lines] == ["\u2800\u2800"] * 2


def test_ascii_shows_how_many_stand_together():
    assert dotted([*CORNERS, CORNERS[0]], UNIT, 4, is_ascii=True) == [":  .", ".  ."]


def test_what_is_out_of_sight_is_left_out():
    assert dotted([(1.0, 0.0), (5.0, 5.0), (0.0, -1.1)], UNIT, 2, is_ascii=True) == ["  "]


def test_all_of_the_last_frame_is_seen_though_noise_reaches_far():
    noise = [(0.01 * n, 0.0) for n in range(1000)] + [(1e5, -1e5)]
    seen = window([noise, [(-3.0, 4.0)]])
    assert all(0 < share < 1 for share in seen.place((-3.0, 4.0)))
    assert seen.half < 10


@given(FRAMES)
def test_the_first_a_middle_and_the_last_stand_beside_one_another(frames):
    for is_ascii in (False, True):
        lines = strip(frames, 60, is_ascii)
        assert max(map(len, lines)) <= 60
        assert (
            lines[-1].split()
            == " ".join(f"{n + 1} of {len(frames)}" for n in sorted({0, len(frames) // 2, len(frames) - 1})).split()
        )


@given(FRAMES)
def test_a_page_shows_the_last_frame_where_motion_is_unwelcome(frames):
    html = moving(frames, "<b>")
    tree = ElementTree.fromstring(html)
    paths = [item for item in tree.iter() if item.tag.endswith("path")]
    assert len(paths) == len(frames)
    assert [path.get("class") for path in paths] == ["frame"] * (len(frames) - 1) + ["frame last"]
    assert [len(re.findall("h0", path.get("d"))) for path in paths] == [len(frame) for frame in frames]
    assert "prefers-reduced-motion:reduce" in html
