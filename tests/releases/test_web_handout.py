"""A handout becomes a page: every formula is drawn, every picture is there, and nothing in it runs."""

import re
import sys
from html.parser import HTMLParser

import pytest
from conftest import ROOT

from grader.course.course import Course
from grader.errors import CourseError, GraderError
from grader.releases.web_formula import ELEMENTS, mathml
from grader.releases.web_handout import displayed, html, introduction
from grader.render.maths import segments

pytest.importorskip("latex2mathml", reason="latex2mathml is not installed; the extra `web` brings it")
COURSE = Course(ROOT)
TAGS = {
    *("a", "blockquote", "br", "code", "div", "em", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr"),
    *("img", "li", "ol", "p", "pre", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul"),
    *ELEMENTS,
}
ATTRIBUTES = {"alt", "class", "height", "href", "rel", "src", "start", "target", "width", "xmlns"}


class Page(HTMLParser):
    """What a browser would find: the elements, the addresses, and the text that is not code."""

    def __init__(self, text: str):
        super().__init__()
        self.found, self.addresses, self.prose, self.alone, self.within = [], [], "", 0, []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append(tag)
        assert tag in TAGS, tag
        for name, value in attrs:
            is_maths = tag in ELEMENTS
            assert is_maths or name in ATTRIBUTES, (tag, name)
            assert not name.startswith("on")
            assert name not in ("style", "srcset", "id", "name")
            if name in ("href", "src"):
                assert not is_maths
                self.addresses.append(value)
        if tag not in ("img", "br", "hr"):
            self.within.append(tag)

    def handle_endtag(self, tag):
        assert self.within.pop() == tag

    def handle_data(self, data):
        if not {"code", "pre"} & set(self.within):
            self.prose += data


@pytest.mark.parametrize("unit", COURSE.units)
def test_every_formula_and_every_picture_of_a_handout_is_on_the_page(unit):
    solutions, folder = COURSE.solutions(unit), COURSE.assignment(unit).parent
    written = [solutions.introduction, *(solutions.handout(name) for name in solutions.exercises)]
    formulas = [found for text in written for found in segments(text) if found[0] != "text"]
    count = sum(displayed(latex).count("<math ") if kind == "display" else 1 for kind, latex in formulas)
    given = (folder / "README.md").read_text(encoding="utf-8")
    for texts in (written, [given]):
        pages = [Page(html(text, folder)) for text in texts]
        assert sum(page.found.count("math") for page in pages) == count > 0
        assert sum(page.found.count("figure") for page in pages) == len(solutions.pictures) > 0
        for page in pages:
            assert page.within == []
            assert not re.search(r"[$\\\ue000\ue001]", page.prose)
            assert all(address.startswith(("data:image/svg+xml,", "https://")) for address in page.addresses)
    assert introduction(given)[:40] == solutions.introduction[:40]
    assert "| points |" not in introduction(given)


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script> <img src=x onerror=alert(1)> <b onclick=x>b</b>",
        "[a](javascript:alert(1)) [b](data:text/html,x) [c](vbscript:x) <javascript:alert(1)>",
        '[a](https://example.org/"onclick=alert(1)) [b](x \'title" onclick="x\')',
        r"$\text{<script>alert(1)</script>}$ $<script>$ $\text{&lt;img src=x onerror=x&gt;}$",
        "`$<script>$` and ```math\n<script>\n```\n",
        '```"><script>\n<script>\n```\n',
        "| a |\n|--:|\n| <script>alert(1)</script> |",
        "\ue0000\ue001 \ue0001\ue001 $x$",
        "&lt;script&gt; &#60;script&#62;",
    ],
)
def test_nothing_of_a_handout_is_run(text, tmp_path):
    page = Page(html(text, tmp_path))
    assert all(address.startswith("https://example.org/") for address in page.addresses)


@pytest.mark.parametrize(
    "latex",
    [r"\undefined{x}", r"\frac{1}", r"\left( x", r"x_1_2", r"\sqrt", "x^", r"\begin{cases} a"],
)
def test_a_formula_that_cannot_be_shown_is_named(latex, tmp_path):
    with pytest.raises(CourseError, match="a formula cannot be shown") as caught:
        html(f"before ${latex}$ after", tmp_path)
    assert latex in str(caught.value)
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize(
    ("latex", "parts"),
    [
        (r"a = b", 1),
        (r"a = b \qquad c = d", 2),
        (r"a \qquad b \qquad c", 3),
        (r"\qquad a", 1),
        (r"\left( a \qquad b \right) \qquad c", 2),
        (r"\frac{a \qquad b}{c}", 1),
        (r"\{ a \qquad b \}", 2),
        (r"\begin{cases} a & \qquad b \\ c & d \end{cases} \qquad e", 2),
    ],
)
def test_a_formula_may_break_where_its_author_left_room(latex, parts):
    shown = displayed(latex)
    assert shown.count("<math ") == parts
    assert shown.count('display="block"') == parts


@pytest.mark.parametrize("latex", [r"\href{javascript:alert(1)}{x}", r"\style{color:red}{x}", r"\class{x}{y}"])
def test_a_formula_brings_no_attribute_that_a_browser_acts_on(latex):
    assert not re.search("href|style|class|script", mathml(latex, is_display=False))


def test_upright_letters_are_a_word():
    assert "<mi>softmax</mi>" in mathml(r"\mathrm{softmax}(x)", is_display=False)
    assert "<mtext>d</mtext><mi>x</mi>" in mathml(r"\mathrm{d}x", is_display=False)
    assert "<mi>x</mi><mi>y</mi>" in mathml("xy", is_display=False)


def test_names_of_functions_are_no_operators_and_stand_apart_from_letters():
    def inside(latex: str) -> str:
        return mathml(latex, is_display=False).partition("<mrow>")[2].replace('<mspace width="0.167em" />', " ")

    assert inside(r"y \log p").startswith("<mi>y</mi> <mi>log</mi> <mi>p</mi>")
    assert inside(r"\max_k x").startswith("<msub><mi>max</mi><mi>k</mi></msub> <mi>x</mi>")
    assert inside(r"= \log(x)").startswith('<mo>=</mo><mi>log</mi><mo stretchy="false">(')
    assert inside(r"\operatorname{softmax}\left(x\right)").startswith("<mi>softmax</mi><mrow><mo")
    assert inside(r"-\infty").startswith("<mo>−</mo><mi>∞</mi>")


def test_a_minus_after_a_parenthesis_is_a_sign():
    assert '<mo form="prefix">−</mo><mn>1</mn>' in mathml("(-1)", is_display=False)
    assert "<mi>a</mi><mo>−</mo><mn>1</mn>" in mathml("a-1", is_display=False)
    assert "<mo>−</mo><mn>1</mn>" in mathml("(a)-1", is_display=False)


def test_a_formula_in_a_table_a_list_and_a_picture_s_caption_is_drawn(tmp_path):
    (tmp_path / "a.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 30"/>', encoding="utf-8")
    text = "| $|x|$ | b |\n|--:|---|\n| $a_b$ | $`c_d`$ |\n\n- one\n\n  ```math\n  e^2\n  ```\n\n![of $x$](a.svg)\n\n*With $y$.*\n"
    page = html(text, tmp_path)
    assert Page(page).found.count("math") == 5
    assert page.count("<tr>") == 2
    assert '<td class="right"><math' in page
    assert 'alt="of x" width="40" height="30"><figcaption>With <math' in page


@pytest.mark.parametrize("name", ["gone.svg", "../a.svg", "/etc/passwd", "https://example.org/x.png", "a.html"])
def test_a_picture_that_does_not_lie_beside_the_handout_is_refused(name, tmp_path):
    with pytest.raises(CourseError, match="picture"):
        html(f"![x]({name})", tmp_path)


@pytest.mark.parametrize("package", ["markdown_it", "latex2mathml.converter"])
def test_a_missing_library_is_one_sentence(package, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(GraderError, match=r"not installed; pip install 'deep-grade\[web\]'$"):
        html("some $x$", tmp_path)
