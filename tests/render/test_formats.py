"""Every format is read back by a real parser, with hostile names, messages and prints in it, and says what the report says."""

import json
import os
import re
import shutil
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest
import xmlschema
from conftest import RIGHT, ROOT, by_name, first_finding
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from test_report import REPORTS, TEXT

from grader.render import formats, github, html, markdown
from grader.report import CheckReport, ExerciseReport, Finding, Report, Status, to_json
from grader.version import __version__

XSD = xmlschema.XMLSchema(Path(__file__).parents[1] / "schemas" / "xunit2.xsd")
TOKEN = "f00dfeed"
AROUND = formats.Surroundings(
    {
        "CLASSROOM": "deep",
        "ASSIGNMENT": "attention",
        "SUBMISSION_TAG": "submit/2026-11-25T09-00-00Z-a1b2c3d",
        "COMMIT_URL": "https://forge.example/c",
        "RELEASE_URL": "https://forge.example/r",
    },
    datetime(2026, 11, 25, 9, 0, 1, tzinfo=UTC),
    TOKEN,
)
HOSTILE = [
    "<script>alert(1)</script>",
    "]]>",
    "]]><x/>",
    '" onload="x',
    "' x='",
    "&lt;&#0;",
    "=cmd()",
    "@teacher",
    "https://evil.example/x",
    "![x](//evil.example/y)",
    "[x](javascript:alert(1))",
    "```\n# big\n",
    "`",
    "|",
    "\n\n<img src=//evil.example>",
    "\n::error file=x::y\n",
    f"\n::{TOKEN}x::\n",
    "[[ATTACHMENT|/etc/passwd]]",
    "\ufffe",
    "%0A::error::x",
    "- item\n1. one\n# head\n",
    "<!--",
    "$x$",
    "***",
]
TEXTS = st.lists(st.sampled_from(HOSTILE) | TEXT, max_size=5).map("".join)
FINDINGS = st.builds(
    Finding, st.just("value"), TEXTS.filter(bool), TEXTS, st.sampled_from(["", "named"]), st.integers(0, 99)
)
STATES = st.sampled_from([Status.PASSED, Status.FAILED, Status.SKIPPED])
CHECKS = st.builds(CheckReport, TEXTS, STATES, st.integers(0, 9), st.integers(0, 9), st.none() | FINDINGS)
EXERCISES = st.builds(
    ExerciseReport,
    st.from_regex(r"\A[a-z]{1,9}\.[a-z_]{1,20}\Z"),
    st.sampled_from(Status),
    st.integers(0, 9),
    st.integers(0, 9),
    st.just(0.25),
    st.lists(CHECKS, min_size=1, max_size=3).map(tuple),
    TEXTS,
    line=st.integers(0, 99),
)
HOSTILES = st.builds(
    Report,
    TEXTS,
    st.just("0" * 64),
    st.just("toy"),
    st.just("toy-1"),
    st.sampled_from(["namespaces", "process"]),
    st.just(1.5),
    st.lists(EXERCISES, max_size=3).map(tuple),
)
GRADED = st.lists(st.tuples(st.just("Toy"), HOSTILES | REPORTS), min_size=1, max_size=3)
hostile = settings(max_examples=int(os.environ.get("GRADE_FUZZ", "30")), deadline=None)


def written(form: str, graded: formats.Graded) -> str:
    text = formats.write(form, graded, AROUND)
    text.encode("utf-8")  # no lone surrogate is left
    odd = {char for char in text if unicodedata.category(char)[0] == "C" or char in "\u2028\u2029"}
    own = {"\u200e"} if form == "html" else set()  # behind words from right to left; see grader.text.in_order
    assert odd <= {"\n", "\t"} | own
    return text


def example(**changes) -> Report:
    """A report with one exercise of each kind, in a file with lines."""
    bad = Finding("value", "y[0] is 1, expected 2", "You forgot the square.", "no_square", 0)
    raised = Finding("exception", "NameError: name 'z' is not defined at line 9: `return z`", line=9)
    exercises = (
        ExerciseReport("toy.a", Status.PASSED, 2, 2, 0.1, (CheckReport("is right", Status.PASSED, 2, 2),), line=1),
        ExerciseReport(
            "toy.b",
            Status.FAILED,
            1,
            3,
            0.2,
            (CheckReport("squares", Status.FAILED, 0, 2, bad), CheckReport("keeps", Status.PASSED, 1, 1)),
            "hello\n::error::me\n",
            line=4,
        ),
        ExerciseReport(
            "toy.c",
            Status.ERROR,
            0,
            2,
            0.3,
            (CheckReport("returns", Status.FAILED, 0, 1, raised), CheckReport("stays", Status.SKIPPED, 0, 1)),
            line=8,
        ),
        ExerciseReport(
            "toy.d",
            Status.MISSING,
            0,
            1,
            0.0,
            (CheckReport("is there", Status.FAILED, 0, 1, Finding("missing", "not written yet")),),
        ),
    )
    whole = {"submission": "./my/toy.py", "sha256": "0" * 64, "unit": "toy", "key": "toy-1", "isolation": "namespaces"}
    return Report(**(whole | {"seconds": 0.6, "exercises": exercises} | changes))


GRADED_EXAMPLE = [("Toy", example())]


# Annotations need a line; the JSON form of the report stays as it was.


def test_a_finding_knows_its_line_and_the_json_form_does_not_show_it(mark):
    source = RIGHT.replace("def row_sums(x):", "def row_sums(x):\n    if x.ndim:\n        return nothing\n")
    assert source != RIGHT
    report = mark(source)
    exercise = by_name(report)["row_sums"]
    finding = first_finding(exercise)
    lines = source.splitlines()
    assert lines[exercise.line - 1].startswith("def row_sums")
    assert "return nothing" in lines[finding.line - 1]
    assert '"line"' not in json.dumps(to_json(report))


def test_a_syntax_error_and_a_notebook_know_what_they_can_of_lines(mark):
    report = mark("import numpy as np\n\ndef row_sums(x:\n    return x\n")
    assert {finding.line for finding in _findings(report)} >= {3}
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    cells = [cell | {"source": "def row_sums(x):\n    return nothing\n"}]
    notebook = json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    report = mark(notebook, "toy.ipynb")
    assert {exercise.line for exercise in report.exercises} == {0}
    assert {finding.line for finding in _findings(report)} == {0}


def _findings(report: Report) -> list[Finding]:
    return [check.finding for exercise in report.exercises for check in exercise.checks if check.finding]


# JUnit


def gitlab_reads(text: str) -> dict[tuple[str, str], tuple[str, str]]:
    """As GitLab's parser does: (suite, name) -> (status, output); of cases with the same name, the first."""
    cases: dict[tuple[str, str], tuple[str, str]] = {}
    for case in ET.fromstring(text).iter("testcase"):
        found = [(tag, case.find(tag)) for tag in ("failure", "error", "skipped")]
        status, child = next(((tag, child) for tag, child in found if child is not None), ("success", None))
        output = (child.text or child.get("message") or "") if child is not None else ""
        cases.setdefault((case.get("classname"), case.get("name")), (status, output))
    return cases


@hostile
@given(GRADED)
def test_junit_is_valid_and_says_every_claim_once(graded):
    text = written("junit", graded)
    XSD.validate(text)
    checks = [check for _, report in graded for exercise in report.exercises for check in exercise.checks]
    names = [case.get("name") for case in ET.fromstring(text).iter("testcase")]
    assert len(names) == len(set(names)) == len(checks) == len(gitlab_reads(text))
    assert "[[ATTACHMENT" not in "".join(out.text or "" for out in ET.fromstring(text).iter("system-out"))


def test_junit_says_what_gitlab_shows_and_holds_the_points():
    text = written("junit", GRADED_EXAMPLE)
    assert gitlab_reads(text) == {
        ("toy.a", "a: is right"): ("success", ""),
        ("toy.b", "b: squares"): ("failure", "y[0] is 1, expected 2\n→ You forgot the square."),
        ("toy.b", "b: keeps"): ("success", ""),
        ("toy.c", "c: returns"): ("failure", "NameError: name 'z' is not defined at line 9: `return z`"),
        ("toy.c", "c: stays"): ("skipped", "not asked"),
        ("toy.d", "d: is there"): ("failure", "not written yet"),
    }
    root = ET.fromstring(text)
    properties = {item.get("name"): item.get("value") for item in root.findall("testsuite[2]/properties/property")}
    assert (properties["points"], properties["max_points"], properties["points of b: squares"]) == ("1", "3", "0/2")
    assert (root.get("tests"), root.get("failures"), root.get("time")) == ("6", "3", "0.600")
    assert root.find("testsuite[2]").get("file") == "my/toy.py"


# GitHub

COMMAND = re.compile(r"^::(\w[\w-]*)(?: ([^:]*))?::(.*)$")


def runner_reads(text: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """The commands that GitHub's runner would obey, with stop-commands honoured: (name, properties, message)."""
    stopped = None
    for line in re.split(r"\r\n|\r|\n", text):
        if stopped:
            stopped = None if line.strip() == f"::{stopped}::" else stopped
        elif found := COMMAND.match(line.strip()):
            name, properties, message = found.groups()
            if name == "stop-commands":
                stopped = message
                continue
            pairs = [item.split("=", 1) for item in (properties or "").split(",") if item]
            yield name, {key: _unescaped(value) for key, value in pairs}, _unescaped(message)
        else:
            assert "##[" not in line
    assert stopped is None


def _unescaped(text: str) -> str:
    for code, char in (("%0A", "\n"), ("%0D", "\r"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, char)
    return text


@hostile
@given(GRADED)
def test_github_obeys_our_annotations_only(graded):
    commands = list(runner_reads(written("github", graded)))
    annotations = [item for item in commands if item[0] in ("error", "warning")]
    assert [item[0] for item in commands[len(annotations) :]] == ["notice"]
    assert len(annotations) <= 8
    exercises = {exercise.id for _, report in graded for exercise in report.exercises}
    for _, properties, _ in annotations:
        assert set(properties) <= {"file", "line", "title"}
        assert properties["title"].split()[0] in exercises


def test_github_annotates_the_students_file_and_line_the_known_cause_first():
    commands = list(runner_reads(written("github", GRADED_EXAMPLE)))
    assert commands == [
        (
            "error",
            {"file": "my/toy.py", "line": "4", "title": "toy.b  1/3"},
            "y[0] is 1, expected 2\n→ You forgot the square.",
        ),
        (
            "error",
            {"file": "my/toy.py", "line": "9", "title": "toy.c  0/2"},
            "NameError: name 'z' is not defined at line 9: `return z`",
        ),
        ("notice", {"title": "Points"}, "3/8"),
    ]


def test_github_shows_eight_annotations_of_many():
    exercise = example().exercises[2]
    named = example().exercises[1]
    report = example(exercises=(*[exercise] * 20, named))
    shown = [item for item in runner_reads(written("github", [("Toy", report)])) if item[0] == "error"]
    assert len(shown) == 8
    assert shown[0][1]["title"].startswith("toy.b")


def test_github_is_given_outputs_and_a_summary_that_can_be_uploaded():
    appended = dict(
        formats.appended(
            "github",
            GRADED_EXAMPLE,
            formats.Surroundings({"GITHUB_STEP_SUMMARY": "s", "GITHUB_OUTPUT": "o"}, AROUND.now, TOKEN),
        )
    )
    assert appended["o"] == "points=3\nmax_points=8\nstatus=failed\n"
    assert "| ✗ | b | 1/3 |" in appended["s"]
    assert dict(formats.appended("github", GRADED_EXAMPLE, AROUND)) == {}
    many = [("Toy", example(exercises=example().exercises * 2500))]
    assert len(github.summary(many).encode()) < 2**20
    assert dict(formats.appended("junit", GRADED_EXAMPLE, AROUND)) == {}


# Gradescope, Classroom 50, code quality, check50: their documented forms as schemas

STRING, NUMBER = {"type": "string"}, {"type": "number", "minimum": 0}
INTEGER = {"type": "integer", "minimum": 0}
VISIBILITY = {"enum": ["visible", "hidden", "after_due_date", "after_published"]}
OUTPUT = {"enum": ["text", "html", "simple_format", "md", "ansi"]}


def closed(required: dict, optional: dict | None = None) -> dict:
    properties = required | (optional or {})
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(required),
        "additionalProperties": False,
    }


GRADESCOPE = closed(
    {
        "tests": {
            "type": "array",
            "items": closed(
                {
                    "score": NUMBER,
                    "max_score": NUMBER,
                    "status": {"enum": ["passed", "failed"]},
                    "name": STRING,
                    "number": {"type": "string", "pattern": r"^\d+\.\d+$"},
                    "output": STRING,
                },
                {"tags": {"type": "array", "items": STRING}, "visibility": VISIBILITY, "output_format": OUTPUT},
            ),
        }
    },
    {
        "score": NUMBER,
        "execution_time": NUMBER,
        "output": STRING,
        "output_format": OUTPUT,
        "test_output_format": OUTPUT,
        "test_name_format": OUTPUT,
        "visibility": VISIBILITY,
        "stdout_visibility": VISIBILITY,
        "extra_data": {"type": "object"},
    },
)
CLASSROOM50 = closed(
    {
        "schema": {"const": "classroom50/result/v1"},
        "datetime": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"},
        "score": INTEGER,
        "max-score": INTEGER,
        "tests": {
            "type": "array",
            "items": closed(
                {"test-name": STRING, "passed": {"type": "boolean"}, "score": INTEGER, "max-score": INTEGER},
                {"message": STRING},
            ),
        },
    }
    | dict.fromkeys(["classroom", "assignment", "submission", "commit", "release", "review"], STRING),
    {"graded_at": STRING},
)
QUALITY = {
    "type": "array",
    "items": closed(
        {
            "description": STRING,
            "check_name": STRING,
            "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": closed(
                {"path": STRING, "lines": closed({"begin": {"type": "integer", "minimum": 1}})},
            ),
        }
    ),
}
CHECK50 = closed(
    {
        "slug": STRING,
        "version": STRING,
        "results": {
            "type": "array",
            "items": closed(
                {
                    "name": STRING,
                    "description": STRING,
                    "passed": {"type": ["boolean", "null"]},
                    "log": {"type": "array", "items": STRING},
                    "cause": {
                        "anyOf": [
                            {"type": "null"},
                            closed({"rationale": STRING, "help": {"type": ["string", "null"]}}),
                        ]
                    },
                    "data": {"type": "object"},
                    "dependency": {"type": ["string", "null"]},
                }
            ),
        },
    }
)
SCHEMAS = {"gradescope": GRADESCOPE, "classroom50": CLASSROOM50, "codequality": QUALITY, "check50": CHECK50}


@pytest.mark.parametrize("form", SCHEMAS)
@hostile
@given(graded=GRADED)
def test_json_formats_have_their_platforms_form_and_inert_strings(form, graded):
    data = json.loads(written(form, graded))
    jsonschema.validate(data, SCHEMAS[form])
    for text in _strings(data):
        assert all(unicodedata.category(char)[0] != "C" or char in "\n\t" for char in text)
        assert not re.search(r"^\s*(::|##\[|##vso\[)", text, re.MULTILINE)


def _strings(data) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, list | dict):
        for item in data.values() if isinstance(data, dict) else data:
            yield from _strings(item)


def test_gradescope_shows_each_claim_with_its_points():
    data = json.loads(written("gradescope", GRADED_EXAMPLE))
    assert data["score"] == 3 == sum(item["score"] for item in data["tests"])
    assert sum(item["max_score"] for item in data["tests"]) == 8
    second = data["tests"][1]
    assert (second["name"], second["number"], second["status"]) == ("b: squares", "2.1", "failed")
    assert second["output"].startswith("y[0] is 1, expected 2\n→ You forgot the square.\nyour code printed:\nhello")
    assert data["extra_data"]["reports"][0]["key"] == "toy-1"
    assert data["stdout_visibility"] == "hidden"


def test_classroom50_is_told_whose_result_it_is_in_whole_points():
    data = json.loads(written("classroom50", GRADED_EXAMPLE))
    assert (data["classroom"], data["assignment"], data["review"]) == ("deep", "attention", "https://forge.example/c")
    assert (data["score"], data["max-score"], data["datetime"]) == (3, 8, "2026-11-25T09:00:01Z")
    assert [item["passed"] for item in data["tests"]] == [True, False, True, False, False, False]


def test_code_quality_names_the_path_and_line_of_what_was_begun():
    issues = json.loads(written("codequality", GRADED_EXAMPLE))
    places = [(item["location"]["path"], item["location"]["lines"]["begin"], item["severity"]) for item in issues]
    assert places == [("my/toy.py", 4, "major"), ("my/toy.py", 9, "critical")]
    again = json.loads(written("codequality", [("Toy", example(seconds=9.0))]))
    assert [item["fingerprint"] for item in again] == [item["fingerprint"] for item in issues]
    assert len({item["fingerprint"] for item in issues}) == 2


def test_check50_tells_passed_failed_and_not_run():
    data = json.loads(written("check50", GRADED_EXAMPLE))
    assert [item["passed"] for item in data["results"]] == [True, False, True, False, None, False]
    cause = {"rationale": "y[0] is 1, expected 2", "help": "You forgot the square."}
    assert data["results"][1]["cause"] == cause
    assert data["results"][1]["log"] == ["hello", ": :error: :me"]
    assert (data["slug"], data["version"]) == ("toy", __version__)


# HTML and Markdown: what a browser and a renderer make of them


class Page(HTMLParser):
    """The tags, attributes and text of a page."""

    def __init__(self, text: str):
        super().__init__()
        self.tags, self.attributes, self.words, self.open = set(), [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes += attributes
        if tag not in ("meta", "wbr"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


TAGS = {
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "section",
    "h2",
    "h3",
    "span",
    "p",
    "table",
    "tr",
    "td",
    "th",
    "ul",
    "li",
    "pre",
    "code",
    "b",
    "wbr",
}


@hostile
@given(GRADED)
def test_a_page_holds_no_script_no_link_and_no_tag_of_a_submissions(graded):
    page = Page(written("html", graded))
    assert page.open == []
    assert page.tags <= TAGS
    names = {name for name, _ in page.attributes}
    assert names <= {"lang", "charset", "name", "content", "http-equiv", "class", "role", "aria-label", "scope"}


def test_a_page_needs_nothing_else_and_has_the_terminals_words():
    text = html.render_html(example(), "Toy <b>")
    assert not re.search(r"https?:|//|url\(|@import|src=|href=|<script", text)
    assert "prefers-color-scheme: dark" in text
    words = " ".join(" ".join(Page(text).words).split())
    for phrase in ("Toy <b>", "3/8", "You forgot the square.", "(not asked)", "not written yet", "grade hint toy.b"):
        assert phrase in words
    part = html.fragment(example(), "Toy")
    assert part.startswith('<section class="grade-report">')
    assert "<html" not in part
    assert "your code printed:" in part


@hostile
@given(GRADED)
def test_markdown_renders_to_our_own_markup_only(graded):
    page = MarkdownIt("gfm-like", {"linkify": False, "html": True}).render(written("markdown", graded))
    allowed = ["h2", "h3", "p", "strong", "code", "pre", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "hr"]
    assert Page(page).tags <= set(allowed) - {"hr"}


@hostile
@given(TEXTS)
def test_escaped_markdown_reads_as_the_text_it_was(text):
    from grader.text import one_line

    page = Page(MarkdownIt("commonmark").render("x " + markdown.escaped(text)))
    shown = " ".join("".join(page.words).split())
    # a bar outside of code looks like one and is none, so that it divides no table
    assert shown.replace("|", "∣") == " ".join(f"x {one_line(text, 2000)}".replace("|", "∣").split())
    assert page.tags <= {"p", "code"}
    assert page.attributes == []


def test_markdown_mentions_nobody_and_links_nowhere():
    out = markdown.escaped("ask @teacher at https://evil.example or www.evil.example about #12: x @ W")
    assert out == "ask `@teacher` at `https://evil.example` or `www.evil.example` about `#12`: x @ W"


def test_names_side_by_side_are_one_piece_of_code():
    page = Page(MarkdownIt("commonmark").render(markdown.escaped("x @ada@bob#12")))
    assert "".join(page.words).strip() == "x @ada@bob#12"


# Several files, and what no format leaves out


@pytest.mark.parametrize("form", sorted(formats.WRITERS))
def test_every_format_takes_several_files_and_none(form):
    several = [("Toy", example()), ("Toy", example(submission="other/toy.py"))]
    one, two = written(form, GRADED_EXAMPLE), written(form, several)
    assert one != two
    assert form == "badge" or "other/toy.py" in two
    written(form, [("Toy", example(exercises=()))])


def test_the_badge_shows_the_points():
    root = ET.fromstring(written("badge", GRADED_EXAMPLE))
    assert root.get("aria-label") == "points: 3/8"
    assert [item.text for item in root.iter("{http://www.w3.org/2000/svg}text")] == ["points", "3/8"]


# The command line


def grade(*args: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess:
    command = [sys.executable, str(ROOT / "cli.py"), *args]
    calm = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    return subprocess.run(command, cwd=cwd, env=calm | environment, capture_output=True, text=True, timeout=120)


SAMPLE = "tests/samples/attention.py"
SAID = f"Course: {ROOT}; --course DIR names another.\n"  # the sample lies in the course


def test_one_run_writes_several_formats(tmp_path):
    files = {form: tmp_path / f"report.{form}" for form in formats.WRITERS}
    wanted = [word for form, file in files.items() for word in ("--also", f"{form}={file}")]
    told = {"GITHUB_STEP_SUMMARY": str(tmp_path / "summary"), "GITHUB_OUTPUT": str(tmp_path / "output")}
    result = grade(SAMPLE, *wanted, **told)
    assert (result.returncode, result.stderr) == (1, SAID)
    assert "You divide the scores by d" in result.stdout
    assert all(file.stat().st_size for file in files.values())
    points = json.loads(files["json"].read_text())["points"]
    assert f"points={points}\n" in (tmp_path / "output").read_text()
    assert (tmp_path / "summary").read_text().startswith("## Attention")


def test_a_log_has_no_colour_no_cursor_games_and_no_trace():
    result = grade(SAMPLE, "--format", "github", FORCE_COLOR="1", TERM="xterm-256color")
    assert result.stderr == SAID
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f]", result.stdout)
    assert [name for name, _, _ in runner_reads(result.stdout)] == ["error", "error", "notice"]
    assert max(map(len, result.stdout.splitlines()[1:20])) <= 96


def test_fail_under_decides_the_status():
    points = json.loads(grade(SAMPLE, "--format", "json").stdout)["points"]
    assert grade(SAMPLE, "--fail-under", str(points)).returncode == 0
    assert grade(SAMPLE, "--fail-under", str(points + 1)).returncode == 1
    assert grade(SAMPLE, "--fail-under", "-1").returncode == 2


def test_a_misspelt_format_is_told_before_the_work(tmp_path):
    result = grade(SAMPLE, "--also", f"junti={tmp_path / 'x'}")
    assert result.returncode == 2
    assert "is not FORMAT=FILE; did you mean junit?" in result.stderr
    assert "for example --also junit=report.xml" in grade(SAMPLE, "--also", "junit").stderr
    unwritable = grade(SAMPLE, "--also", f"junit={tmp_path / 'no' / 'x.xml'}")
    assert unwritable.returncode == 2
    assert "cannot write" in unwritable.stderr


def test_an_expected_unit_is_found_in_a_folder_or_said_to_be_missing(tmp_path):
    (tmp_path / "deep" / "er").mkdir(parents=True)
    shutil.copy(ROOT / SAMPLE, tmp_path / "deep" / "er" / "attention.py")
    (tmp_path / "backprop.py").symlink_to(ROOT / "solutions" / "backprop" / "backprop.py")
    result = grade(str(tmp_path), "--expect", "attention", "--expect", "backprop", "--format", "json")
    first, second = json.loads(result.stdout)["reports"]
    assert first["points"] > 0
    assert (second["points"], second["exercises"][0]["status"]) == (0, "missing")
    assert second["exercises"][0]["checks"][0]["finding"]["message"].startswith("there is no backprop.py")
    assert "one folder" in grade("--expect", "attention").stderr
    assert "is not a folder" in grade(SAMPLE, "--expect", "attention").stderr
