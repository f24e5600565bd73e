"""The manual's commands print what its pages say, and its pages ask nobody for anything."""

import io
import os
import re
import subprocess
import sys
import zipfile
from inspect import get_annotations
from pathlib import Path
from xml.etree import ElementTree

import browser
import pytest
import warm
from conftest import ROOT

import grader.exercise
from grader.draw import Draw
from grader.exercise import Edit
from grader.judging.kinds.keeps import MEASURES
from grader.judging.metrics import METRICS
from grader.manual.follow import PAGES, QUOTED, Step, begins, drift, edited, plain, run, steps, written

MANUAL = ROOT / "grader" / "manual"
READ = sorted(PAGES.glob("*.md"))
LARGEST = 60_000  # bytes of a picture: a page is to open at once on a slow line


def weekly_if_long(path: Path):
    """Half a minute of releases, keys and frameworks, each of which the tests of its room make on every push."""
    return pytest.param(path, marks=pytest.mark.weekly if path.stem in ("platforms", "frameworks") else ())


@pytest.mark.parametrize("path", [*map(weekly_if_long, READ)], ids=lambda path: path.stem)
def test_the_commands_of_a_page_print_what_it_says(path, tmp_path):
    page, grade = path.read_text(encoding="utf-8"), warm.command(tmp_path, beside=("torch",))
    drifted = [drift(step, printed) for step, printed in run(page, grade.parent) if printed is not None]
    told = "\n\n".join(filter(None, drifted))
    assert not told, f"{path}\n{told}\n\nIf grade is right: python -m grader.manual.follow --write {path}"


@pytest.mark.parametrize("path", READ, ids=lambda path: path.stem)
def test_a_page_says_who_it_is_for_and_what_they_will_have(path):
    lead = re.search(r"^# [^\n]+\n\n(.+?)\n\n", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert lead, path
    assert re.match(r"\*For .+\.\*", lead[1]), lead[1]
    assert re.search(r"[Aa]t\s+(?:its|the)\s+end", lead[1]), lead[1]


def test_every_word_of_the_command_line_is_in_the_manual():
    told = "\n".join(path.read_text(encoding="utf-8") for path in READ)
    usage = subprocess.run([_grade(), "--help"], capture_output=True, text=True, check=True).stdout
    words = re.findall(r"^  (\w\S*)  ", usage.partition("Commands:")[2], re.MULTILINE)
    assert len(words) >= 7
    assert [word for word in words if f"grade {word}" not in told] == []


def test_what_is_shown_of_the_second_course_stands_in_it():
    """A page that quotes the course quotes what every push proves; `…` marks lines left out."""
    shown = [step for path in READ for step in steps(path.read_text(encoding="utf-8")) if step.file.startswith(QUOTED)]
    assert len(shown) >= 5
    for step in shown:
        text = (ROOT / step.file).read_text(encoding="utf-8")
        for part in step.text.split("…\n"):
            assert part.strip("\n") in text, f"line {step.line}: {step.file} has no\n{part}"


def test_an_author_finds_what_a_case_can_draw_and_by_what_a_run_is_measured():
    page = (PAGES / "exercise.md").read_text(encoding="utf-8")
    drawn = [name for name, value in vars(Draw).items() if callable(value) and not name.startswith("_")]
    assert [name for name in drawn if f"`draw.{name}(" not in page] == []
    assert [name for name in (*METRICS, *MEASURES) if f"`{name}`" not in page and f'`"{name}"`' not in page] == []


def test_an_author_finds_every_way_to_say_a_mistake():
    """Each with an example that is an edit, and the word for a change of inputs."""
    page = (PAGES / "exercise.md").read_text(encoding="utf-8")
    words = [
        name
        for name, value in vars(grader.exercise).items()
        if callable(value) and get_annotations(value).get("return") is Edit
    ]
    assert {"edit", "everywhere", "swapped", "returns"} <= set(words)
    examples = re.findall(r"^\| [^|]* \| (?:.*?)`((?:edit|everywhere|swapped|returns)\(.*?\))`", page, re.MULTILINE)
    assert all(isinstance(eval(example, vars(grader.exercise)), Edit) for example in examples)
    assert {example.partition("(")[0] for example in examples} == set(words)
    assert "`redrawn(x=0)`" in page


# The runner


def page_of(*lines: str) -> str:
    return "\n".join(["# A page", "", "```console", *lines, "```", ""])


def told(page: str) -> list[str]:
    return [drift(step, printed) for step, printed in run(page) if printed is not None]


def test_what_has_drifted_is_told_with_its_line():
    found = told(page_of("$ echo one", "one", "$ echo two", "zwei"))
    assert found[0] == ""
    assert found[1].splitlines()[0] == "line 6: $ echo two"
    assert "-zwei" in found[1]
    assert "+two" in found[1]


def test_output_that_a_page_does_not_show_is_drift():
    (found,) = told(page_of("$ echo one; echo two >&2", "one"))
    assert "+two" in found


@pytest.mark.parametrize(
    ("expected", "printed", "same"),
    [
        ("a\n…\nd", "a\nb\nc\nd", True),
        ("a\n…\nd", "a\nd", True),
        ("a\n…", "a\nb", True),
        ("…\nd", "a\nd", True),
        ("a … d", "a b c d", True),
        ("a … d", "a b\nc d", False),
        ("a", "a\nb", False),
        ("took 3 ms", "took 12.5 s", True),
        ("3 points", "4 points", False),
        ("a.c", "abc", False),
        ("a" * 64, "b" * 64, True),
        ("", "", True),
        ("", "a", False),
    ],
)
def test_dots_stand_for_what_is_left_out(expected, printed, same):
    assert (drift(Step(1, "x", expected), printed) == "") is same


def test_a_page_is_run_in_one_place_by_a_new_user():
    page = page_of(
        "$ pwd", "/home/ada", "$ mkdir in && cd in", "$ pwd; cat", "/home/ada/in", "$ echo $HOME", "/home/ada"
    )
    assert told(page) == ["", "", "", ""]


def test_a_page_may_begin_in_a_clone_and_change_nothing_in_ours():
    page = "---\nbegins: clone\n---\n" + page_of(
        "$ ls solutions/course.toml && rm -r solutions", "solutions/course.toml"
    )
    assert begins(page) == "clone"
    assert told(page) == [""]
    assert (ROOT / "solutions" / "course.toml").exists()


def test_steps_that_need_what_is_not_there_are_left_out():
    block = "<!-- needs: {} -->\n```console\n$ echo here\nhere\n```\n"
    needs = [
        "grade hint",
        "grade check --seed",
        "bash",
        "grade release nothing",
        "grade check --never",
        "no-such-program",
        "import numpy",
        "import no_such_package",
    ]
    page = "".join(block.format(item) for item in needs)
    assert [printed for _, printed in run(page)] == ["here", "here", "here", None, None, None, "here", None]


def test_a_titled_block_is_written_as_a_reader_would():
    before = "import numpy as np\n\nLIMIT = 3\n\n\ndef one():\n    return 1\n\n\ndef two():\n    return 2  # kept\n"
    block = "def zero():\n    return 0\n\n\ndef one():\n    return 11\n\n\nLIMIT = 4\n\n\ndef three():\n    return 3\n"
    zero_and_one = "def zero():\n    return 0\n\n\ndef one():\n    return 11\n"
    after = before.replace("= 3", "= 4").replace("def one():\n    return 1\n", zero_and_one)
    assert edited(before, block) == after + "\n\ndef three():\n    return 3\n"


def test_a_command_may_go_on():
    assert told(page_of("$ cat << END", "> one", ">", "> END", "one", "", "$ echo two", "two")) == ["", ""]


def test_writing_puts_down_what_is_printed_and_leaves_the_rest():
    page = page_of("$ echo one", "$ echo 1; echo 2", "1", "…", "$ echo two", "zwei", "drei") + "The end.\n"
    assert written(page) == page_of("$ echo one", "one", "$ echo 1; echo 2", "1", "…", "$ echo two", "two") + (
        "The end.\n"
    )


def test_every_console_block_is_found():
    for path in READ:
        page = path.read_text(encoding="utf-8")
        commands = [step for step in steps(page) if not step.file]
        assert len(commands) == len(re.findall(r"^ *\$ ", page, re.MULTILINE)), path
    assert plain("took 0.31 s") == plain("took 28 ms")


# The site


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    pytest.importorskip("material", reason="needs pip install -e '.[docs]'")
    to = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "-f", str(MANUAL / "mkdocs.yml"), "--strict", "-d", str(to)]
    built = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"})
    assert built.returncode == 0, built.stderr
    return to


def test_the_site_is_built_without_a_warning(site):
    assert {path.stem for path in READ} <= {path.stem for path in site.glob("*.html")}


@pytest.mark.skipif(bool(browser.missing()), reason=browser.missing() or "a browser is there")
def test_opening_a_page_asks_nobody_for_anything(site):
    with browser.chromium() as chrome:
        for path in READ:
            chrome.open(site / f"{path.stem}.html")
            assert chrome.requests() == [], path
            assert chrome.run("return document.querySelectorAll('article h1').length") == 1
            assert chrome.run("return [...document.images].filter(i => !i.naturalWidth).map(i => i.src)") == []


def test_pictures_are_light_used_and_made_by_the_script():
    from grader.manual.screens import PICTURES

    files = {path.name: path for path in (PAGES / "pictures").iterdir()}
    assert set(files) == set(PICTURES)
    assert {name: path.stat().st_size for name, path in files.items() if path.stat().st_size > LARGEST} == {}
    told = "\n".join(path.read_text(encoding="utf-8") for path in READ)
    assert [name for name in files if f"(pictures/{name})" not in told] == []
    for name, path in files.items():
        if name.endswith(".svg"):
            ElementTree.parse(path)
            assert not re.findall(r"(?:href|src)=.http|url\(.?http|@import", path.read_text(encoding="utf-8")), name


def test_the_wheel_that_platforms_get_holds_no_manual():
    from grader.releases import wheels

    with zipfile.ZipFile(io.BytesIO(wheels.own())) as wheel:
        names = wheel.namelist()
    assert "grader/course/course.py" in names
    assert [name for name in names if "manual" in name] == []


def _grade() -> str:
    return str(Path(sys.executable).parent / "grade")
