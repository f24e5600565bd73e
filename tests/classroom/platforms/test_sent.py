"""The log of what was sent says which entries on a platform are ours, on SQLite and PostgreSQL."""

import pytest
from postgres_server import empty_store

from grader.classroom.marking.store import Store
from grader.classroom.platforms.entering import Standing, Wanted, plain
from grader.classroom.platforms.sent import Ours, acknowledge, begin, drop, is_met, sent


@pytest.fixture(params=["sqlite", "postgres"])
def address(request, tmp_path) -> str:
    return empty_store(request, tmp_path)


def test_what_was_acknowledged_and_what_was_only_tried_since_are_told_apart(address):
    with Store(address) as store:
        assert sent(store, "here") == {}
        acknowledge(store, begin(store, "here", "ann", Wanted(1.5, 10, comment="Ünï")))
        acknowledge(store, begin(store, "here", "ann", Wanted(2.5, 10)))
        begin(store, "here", "ann", Wanted(is_excused=True))
        drop(store, begin(store, "here", "ann", Wanted(9)))
        begin(store, "there", "ann", Wanted(7))
    with Store(address) as store:  # another run
        assert sent(store, "here") == {"ann": Ours(Wanted(2.5, 10), (Wanted(is_excused=True),))}
        ours = sent(store, "here")["ann"]
        assert [ours.has(one) for one in (Standing(2.5), Standing(1.5), Standing(9), Standing(is_excused=True))] == [
            True, False, False, True,
        ]  # fmt: skip


def test_points_are_the_same_in_another_maximum_and_to_two_decimals():
    assert is_met(Wanted(7, 10), Standing(70, 100))
    assert is_met(Wanted(6.67, 10), Standing(6.6700001))
    assert not is_met(Wanted(6.67, 10), Standing(6.66))
    assert not is_met(Wanted(0, 10), Standing())
    assert not is_met(Wanted(0, 10), Standing(is_excused=True))


def test_a_comment_is_the_same_when_it_comes_back_with_mark_up():
    assert plain('<div class="text_to_html">a &amp; b<br />\n c</div>') == plain("a & b\nc")
