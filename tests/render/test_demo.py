"""A demo in a terminal, in a log and as a page: the same pieces, and nothing in them that is obeyed."""

import io
import xml.etree.ElementTree as ElementTree

from grader.demos.shown import Curve, Frames, Printed, Progress, Stopped, Table, Text
from grader.render.console import tame_console
from grader.render.demo_page import fragment
from grader.render.demo_terminal import printing
from grader.render.html import page

PIECES = [
    Text("One <b>two</b> [bold]three[/bold]"),
    Table(("", "size"), (("int8 <i>", "1 KB"),)),
    Progress(1, 4, "training <model>"),
    Progress(4, 4, "training <model>"),
    Curve("reward <r>", (1.0, 2.0, 3.0)),
    Frames("noise <n>", (((-1.0, 0.0), (1.0, 0.0)), ((0.0, 0.0), (0.0, 0.0)), ((0.0, -1.0), (0.0, 1.0)))),
    Printed("<script>alert(1)</script>"),
    Stopped("ValueError: <x>", "/home/me/toy.py", 3),
]


def shown(**how) -> str:
    out = io.StringIO()
    with printing(tame_console(file=out, width=80, **how)) as show:
        for piece in PIECES:
            show(piece)
    return out.getvalue()


def test_a_log_gets_each_piece_in_plain_lines_and_no_bar():
    text = shown(force_terminal=False)
    for words in (
        "One <b>two</b> [bold]three[/bold]",
        "int8 <i>  1 KB",
        "reward <r>",
        "3, 3 steps",
        "noise <n>",
        "3 of 3",
        "<script>",
    ):
        assert words in text
    assert "It stopped: ValueError: <x> (toy.py, line 3)" in text
    assert "training" not in text
    assert "\x1b" not in text


def test_a_terminal_gets_a_bar_while_something_takes_its_time():
    assert "training <model>" in shown(force_terminal=True)


def test_a_page_shows_texts_as_texts():
    html = page("<title>", fragment("<title>", PIECES))
    assert "<script>" not in html
    assert "<i>" not in html
    assert "<b>two" not in html
    assert "3 steps" in html
    assert "training" not in html
    ElementTree.fromstring(html[html.index("<section") : html.index("</section>") + len("</section>")])
