"""Text of any origin is inert: every text of a key and a course, through everything that shows it.

The hostile key has the hostile text in each field that is declared to hold text, found by its type; a field that is added is
among them by itself. Names that are code must be names: a key in which they are not is refused.
"""

import dataclasses
import html.parser
import io
import json
import re
import typing
import unicodedata
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import CliRunner
from conftest import ROOT
from markdown_it import MarkdownIt
from rich.text import Text

import cli
from grader import key as keys
from grader.course.settings_file import SettingsError, parse
from grader.errors import GraderError
from grader.grading.judge import Answer, judge
from grader.key import ExerciseKey, Index, Key, KeyFileError
from grader.notebook.magics import plain
from grader.render import formats
from grader.render.console import tame_console
from grader.render.overview import render_overview
from grader.render.terminal import make_console, render
from grader.report import Report, from_json, to_json
from grader.sandbox import wire
from grader.text import in_order, listed, tame
from grader.watching.screen import Screen
from grader.watching.session import Focus, Watched

HOSTILE = (
    "\x1b]0;owned\x07\x1b[2J\x9b31m\u202eevil\u2066\u200b\ud800\ue000\r\x08\x00"
    "<script>x</script><img src=x onerror=y>]]>--><b>"
    "[red]:boom:[/red] [x](javascript:y) ![i](http://h/i) @everyone #1 | `x` $x$\u2028"
)
WORD = HOSTILE.partition("\ud800")[0]
ORDERS = "\n::error::owned\n::set-output name=x::y\n##vso[task.complete]\n##[error]x\n"
REFUSED = {"ExerciseKey.name", "ExerciseKey.parameters", "ExerciseKey.pieces", "CheckKey.kind", "Index.unit"}
KEPT = REFUSED | {"Index.names", "Index.digests"}
AROUND = formats.Surroundings({}, datetime(2026, 11, 25, tzinfo=UTC), "f00d")


def texts(kind: type) -> Iterator[str]:
    """The fields that hold text, as `Class.field`, of a dataclass and those in it."""
    for part, declared in typing.get_type_hints(kind).items():
        yield from (f"{kind.__name__}.{part}" for _ in [0] if str in _inside(declared))
        for other in filter(dataclasses.is_dataclass, _inside(declared)):
            yield from texts(other)


def _inside(declared: Any) -> set[Any]:
    return {declared} | {item for part in typing.get_args(declared) for item in _inside(part)}


def hostile(item: Any, only: set[str], text: str = HOSTILE + ORDERS) -> Any:
    """A part of a key with its texts made hostile; `only` are the fields to touch."""
    hints, changed = typing.get_type_hints(type(item)), {}
    for part in dataclasses.fields(item):
        value, where = getattr(item, part.name), f"{type(item).__name__}.{part.name}"
        if isinstance(value, list) and value and dataclasses.is_dataclass(value[0]):
            changed[part.name] = [hostile(inner, only, text) for inner in value]
        elif where in only:
            changed[part.name] = _with(hints[part.name], value, text)
    return dataclasses.replace(item, **changed)


def _with(declared: Any, value: Any, text: str) -> Any:
    origin, inner = typing.get_origin(declared), typing.get_args(declared)
    if declared is str:
        return text + value
    if origin is list:
        return [_with(inner[0], item, text) for item in value] or ([text] if inner[0] is str else [])
    if origin is dict:
        return {_with(inner[0], name, text): _with(inner[1], item, text) for name, item in value.items()}
    return value


def written(exercises: list[ExerciseKey], unit: str, title: str, allows: list[str]) -> bytes:
    """A key's file that was not written by `to_bytes`: nothing was checked on the way."""
    frames = [wire.encode(dataclasses.asdict(exercise)) for exercise in exercises]
    packed = [zlib.compress(frame) for frame in frames]
    ends = [sum(map(len, packed[: n + 1])) for n in range(len(packed))]
    digests = [keys._digest(frame) for frame in frames]
    index = Index(unit, title, allows, [exercise.name for exercise in exercises], digests, ends)
    head = wire.encode({"schema": keys.SCHEMA} | dataclasses.asdict(index))
    return keys.MAGIC + keys._digest(head).encode() + head + b"".join(packed)


FIELDS = sorted({*texts(ExerciseKey), *texts(Index)})


@pytest.fixture(scope="module")
def evil(toy_key) -> bytes:
    """The toy unit's key, hostile in every text that is no name; its handouts hold what a handout may."""
    exercises = [hostile(exercise, set(FIELDS) - KEPT) for exercise in toy_key.exercises]
    exercises = [dataclasses.replace(one, driver="") for one in exercises]  # it is code, and runs in the sandbox alone
    return written(exercises, toy_key.unit, HOSTILE + toy_key.title, [HOSTILE])


@pytest.fixture(scope="module")
def evil_key(evil) -> Key:
    return keys.from_bytes(evil)


@pytest.fixture(scope="module")
def evil_report(evil_key) -> Report:
    """A report whose findings, hints, prints and names are hostile, too."""

    def ask(question):
        answers = [{HOSTILE: 1.0}, wire.Opaque(HOSTILE), [HOSTILE], question.expected]
        return Answer(answers[len(question.label) % 4], printed=HOSTILE + ORDERS, changed=[HOSTILE])

    exercises = [judge(exercise, ask, "toy") for exercise in evil_key.exercises]
    return Report(HOSTILE + "/toy.py", "0" * 64, "toy", evil_key.id, HOSTILE, 0.1, tuple(exercises))


def assert_inert(shown: str) -> None:
    """Nothing in it is an order to a terminal, a reader's eye or a runner of CI."""
    odd = {char for char in shown if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")} - {"\n", "\t"}
    assert odd == set()
    shown.encode("utf-8")
    for line in shown.splitlines():
        assert not re.match(r"\s*(::[a-z-]+.*::|##\[|##vso\[)", line), line


@pytest.mark.parametrize("field", FIELDS)
def test_every_text_of_a_key_is_tame_once_it_is_read_or_the_key_is_refused(toy_key, field):
    if field.startswith("Index."):
        names = {"Index.unit": HOSTILE if field == "Index.unit" else "toy"}
        content = written(toy_key.exercises, names["Index.unit"], HOSTILE, [HOSTILE])
    else:
        content = written([hostile(one, {field}) for one in toy_key.exercises], "toy", "Toy", ["numpy"])
    if field in REFUSED:
        with pytest.raises(KeyFileError) as caught:
            keys.from_bytes(content)
        assert_inert(str(caught.value))
        return
    key = keys.from_bytes(content)
    for text in _all_texts(key):
        assert tame(text) == text
        assert_inert(text)


def _all_texts(item: Any) -> Iterator[str]:
    for part in dataclasses.fields(item):
        value, declared = getattr(item, part.name), typing.get_type_hints(type(item))[part.name]
        waiting = [value] if Any not in _inside(declared) else []
        while waiting:
            one = waiting.pop()
            if isinstance(one, str):
                yield one
            elif isinstance(one, dict):
                waiting += [*one, *one.values()]
            elif isinstance(one, list):
                waiting += one
            elif dataclasses.is_dataclass(one):
                yield from _all_texts(one)


def test_a_key_that_is_made_has_tame_texts_too(toy_key, evil_key):
    """One of a secret seed is never read from a file."""
    exercises = [hostile(exercise, set(FIELDS) - KEPT) for exercise in toy_key.exercises]
    made = keys.make("toy", HOSTILE, ["numpy"], [dataclasses.replace(one, driver="") for one in exercises])
    assert made.exercises[0].checks == evil_key.exercises[0].checks
    for text in _all_texts(made):
        assert_inert(text)


@pytest.mark.parametrize("form", [form for form in formats.FORMATS if form != "text"])
def test_every_format_shows_hostile_texts_as_text(form, evil_key, evil_report):
    graded = [(evil_key.title, evil_report), (HOSTILE, dataclasses.replace(evil_report, submission=HOSTILE))]
    shown = formats.write(form, graded, AROUND)
    if form == "github":  # its own orders: all that stands outside of the fence is a percent-encoded annotation
        fence = f"::stop-commands::{AROUND.token}"
        assert shown.startswith(fence)
        log, _, after = shown.removeprefix(fence).partition(f"::{AROUND.token}::\n")
        assert_inert(log)
        assert all(re.fullmatch(r"::(error|warning|notice) [^\n]*", line) for line in after.splitlines())
        shown = ""
    for text in _strings(json.loads(shown)) if form in JSON else [shown]:
        assert_inert(text)
    if form == "html":
        assert_no_elements(shown)
    if form == "markdown":
        assert_no_elements(MarkdownIt("gfm-like", {"linkify": False}).render(shown))


JSON = ("json", "gradescope", "check50", "classroom50", "codequality")


def _strings(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    for item in [*data, *data.values()] if isinstance(data, dict) else data if isinstance(data, list) else []:
        yield from _strings(item)


def assert_no_elements(page: str) -> None:
    """No element of the page is the hostile text's."""

    class Elements(html.parser.HTMLParser):
        def handle_starttag(self, tag: str, attrs: list) -> None:
            assert tag not in ("script", "img", "a", "iframe"), (tag, attrs)
            assert not any(name.startswith("on") for name, _ in attrs)

    Elements().feed(page)


def test_every_screen_shows_hostile_texts_as_text(evil_key, evil_report, tmp_path):
    file = io.StringIO()
    console = make_console(file)
    render(evil_report, evil_key.title, console)
    render_overview([(evil_key.title, evil_report)], console)
    for part in (evil_key.title, evil_report.exercises[0].checks[0].claim):
        console.print(part)
        console.print(Text(part))
    assert_inert(file.getvalue())
    assert_inert(plain(evil_key.title, evil_report))


def test_the_watching_screen_obeys_no_text(evil_key, evil_report, tmp_path):
    watched = Watched(tmp_path / "toy.py", evil_key)
    watched.reports = {one.id.partition(".")[2]: one for one in evil_report.exercises}
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    like = tame_console(file=io.StringIO(), color_system=None)
    for exercise in evil_key.exercises:
        Screen(stream, like).draw([watched], Focus(0, exercise.name, hints=1), Text(HOSTILE))
    shown = re.sub(r"\x1b\[[0-9;]*[HKJm]", "", stream.buffer.getvalue().decode())
    assert_inert(shown)
    assert "\x1b]" not in shown


def test_no_console_is_made_in_another_way():
    """So that a new screen cannot forget it."""
    files = [path for path in (ROOT / "grader").rglob("*.py") if re.search(r"\bConsole\(", path.read_text())]
    assert sorted(path.relative_to(ROOT).as_posix() for path in files) == [
        "grader/manual/screens.py",
        "grader/render/console.py",
    ]


def test_a_console_tells_text_from_what_is_said_to_the_terminal():
    file = io.StringIO()
    console = tame_console(file=file, force_terminal=True, color_system="standard")
    console.print(Text("\x1b[2Jx", "bold"))
    assert file.getvalue() == "\x1b[1m\\x1b[2Jx\x1b[0m\n"


@pytest.mark.parametrize(
    "words", [["toy"], ["hint", "toy.scale"], ["explain", "toy.scale"], ["reset", "toy.scale"], []]
)
def test_every_command_shows_a_hostile_key_as_text(words, evil, toy_course, monkeypatch):
    (toy_course / "assignments" / "toy" / "key").write_bytes(evil)
    monkeypatch.chdir(toy_course)
    done = CliRunner().invoke(cli.grade, words, catch_exceptions=True)
    assert done.exit_code in (0, 1, 2), done.exception
    assert done.exception is None or isinstance(done.exception, SystemExit | GraderError), repr(done.exception)
    assert_inert(done.output)
    assert words[:1] == ["reset"] or not words or "evil" in done.output


def test_texts_of_a_course_are_tame():
    settings = parse(f"title = {json.dumps(WORD)}\ninstall = {json.dumps(WORD)}\nunits = []\n")
    assert_inert(settings.title + settings.install)
    assert "evil" in settings.title


@pytest.mark.parametrize(
    "line", ["X = 1", 'units = ["X"]', "[due]\nX = 1", "[points]\nX = 1", 'late = "X"', "[packages]\na = ['X']"]
)
def test_what_is_wrong_with_a_course_is_told_in_tame_words(line):
    name = json.dumps("\x1b[2J\u202e::error::x")
    text = ("" if line.startswith("units") else 'units = ["a"]\n') + re.sub("['\"]?X['\"]?", lambda _: name, line)
    with pytest.raises(SettingsError) as caught:
        parse(text, f"{HOSTILE}/course.toml")
    assert_inert(str(caught.value))


def test_a_stored_report_is_tame_when_it_is_read(evil_report):
    data = json.loads(json.dumps(to_json(evil_report)))
    data["exercises"][0]["checks"][0]["claim"] = HOSTILE
    data["submission"] = HOSTILE
    back = from_json(data)
    assert_inert(back.submission + back.exercises[0].checks[0].claim)


def test_what_is_plain_stays_as_it_is():
    """Code in a hint, formulas, other scripts: no text of the course is changed by being read."""
    for text in ("x[::2] and y[::-1, ::k]", "## Shapes\n\tx @ W.T / √d", "Größe “ok” 中文 🙂", "a::b", "C:\\::x::"[:6]):
        assert tame(text) == text
    for name in sorted(path.parent.name for path in (ROOT / "assignments").glob("*/key")):
        content = (ROOT / "assignments" / name / "key").read_bytes()
        assert keys.to_bytes(keys.from_bytes(content)) == content


def test_of_many_names_the_first_are_told_and_how_many_more_there_are():
    assert [listed([], 2), listed(["a", "b"], 2), listed(["a", "b", "c", "d"], 2)] == ["", "a, b", "a, b and 2 more"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("حسنمحمد_707_9070_words.py", "حسنمحمد|_707_9070_words.py"),
        ("محمد حسن (5007): late", "محمد حسن| (5007): late"),
        ("handed in שלום-12 and כן", "handed in שלום|-12 and כן"),
        ("محمد-علي كريم", "محمد-علي كريم"),
        ("מִיכָל 3", "מִיכָל| 3"),
        ("Ana 小明 7 शर्मा 7 Ünï", "Ana 小明 7 शर्मा 7 Ünï"),
    ],
)
def test_digits_behind_an_arabic_name_stay_where_they_are_written(text, shown):
    """By the Unicode Bidirectional Algorithm, rule W2, they would be drawn before it, the last group first."""
    assert in_order(text) == shown.replace("|", "\u200e")
