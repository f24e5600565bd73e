"""The class report's page and the students' feedback, in a real browser where there is one."""

import http.server
import json
import random
import re
import threading
from dataclasses import replace

import pytest
from browser import chromium, missing
from make_class import ODD_NAMES, make_class, names

from grader.classroom.reading import class_page, feedback, pages
from grader.classroom.reading import statistics as figures
from grader.classroom.reading.looks import needs_a_look
from grader.errors import GraderError
from grader.record import Outcome, Record
from grader.report import CheckReport, ExerciseReport, Finding, Report, Status

needs_browser = pytest.mark.skipif(bool(missing()), reason=missing() or "there is a browser")
EVIL = [
    *ODD_NAMES,
    "</script><script>document.title='PWNED'</script>",
    "<img src=http://127.0.0.1:9/x onerror=\"document.title='PWNED'\">",
    "\" onmouseover=\"document.title='PWNED'\" x=\"",
    "<!--<script>",
    "javascript:document.title='PWNED'",
    "+cmd|' /C calc'!A0",
    "\u2028\u2029]]>",
]  # fmt: skip


@pytest.fixture(scope="module")
def records():
    """Forty students, six of them with odd names, over two units."""
    return make_class(["linear_algebra", "probability"], [*names(34, random.Random(4)), *ODD_NAMES], 4)


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture
def opened(browser, records, tmp_path):
    """The browser with the class's page in it."""
    return show(browser, class_page.render(records, "A course"), tmp_path)


def show(browser, text, folder):
    file = folder / "page.html"
    file.write_text(text, encoding="utf-8")
    browser.blank()
    browser.look(1280, 900)
    browser.log("performance")
    browser.log("browser")
    browser.open(file)
    return browser


def column(browser, number):
    """The texts of a column of the students' table, of the rows that are shown."""
    script = """return [...document.querySelectorAll("#students-table tbody tr")].filter(row => !row.hidden)
        .map(row => row.cells[arguments[0]].textContent)"""
    return browser.run(script, number)


def heading(number):
    return f"#students-table thead th:nth-child({number + 1}) button"


@needs_browser
def test_a_click_on_a_heading_sorts_and_another_turns_the_order(opened, records):
    points = [
        str(sum(r.points for r in items)) if any(r.report for r in items) else "–"
        for items in figures.by_student(records).values()
    ]
    numbers = sorted(int(text) for text in points if text != "–")
    absent = ["–"] * points.count("–")
    opened.click(heading(1))
    assert column(opened, 1) == [*map(str, numbers), *absent]
    opened.click(heading(1))
    assert column(opened, 1) == [*map(str, reversed(numbers)), *absent]
    sorts = "return [...document.querySelectorAll('#students-table th')].map(cell => cell.getAttribute('aria-sort'))"
    assert opened.run(sorts)[:3] == [None, "descending", None]
    opened.click(heading(0))
    plain = [name for name in column(opened, 0) if name.isascii() and name[0].isalpha() and "," in name]
    assert plain == sorted(plain)
    assert len(plain) > 20


@needs_browser
def test_the_table_filters_by_name_by_kind_and_by_mistake(opened, records):
    by_student = figures.by_student(records)
    wanted = next(student for student in by_student if student.startswith("S"))
    opened.write("#find", wanted[:4].upper())
    assert sorted(column(opened, 0)) == sorted(
        student for student in by_student if wanted[:4].lower() in student.lower()
    )
    opened.run("const box = document.getElementById('find'); box.value = ''; box.dispatchEvent(new Event('input'))")
    opened.click("#which option[value=look]")
    assert len(column(opened, 0)) == len({look.student for look in needs_a_look(records)})
    assert "" not in column(opened, 6)
    opened.click("#which option[value=all]")
    first = figures.named_mistakes(records)[0]
    opened.click("#mistakes button[data-set]")
    assert len(column(opened, 0)) == len(first.students)
    assert opened.run("return document.getElementById('chip').textContent").startswith(first.sentence[:40])
    assert opened.run("return document.getElementById('count').textContent") == f"{len(first.students)} of 40 students"
    opened.click("#chip")
    assert len(column(opened, 0)) == 40


@needs_browser
def test_the_columns_are_units_or_one_unit_s_exercises(opened, records):
    headings = "return [...document.querySelectorAll('#students-table th')].map(cell => cell.textContent)"
    assert opened.run(headings) == ["Student", "Points", "Share", "linear_algebra", "probability", "Seconds", "Look"]
    opened.click("#view option[value='1']")
    report = next(record.report for record in records if record.unit == "probability" and record.report)
    assert opened.run(headings)[3:-2] == [str(number + 1) for number in range(len(report.exercises))]
    student = next(
        record
        for record in records
        if record.unit == "probability" and record.report and record.points and record.student[0].isalpha()
    )
    cells = "return [...document.querySelectorAll('#students-table tbody tr')].map(row => [...row.cells].map(cell => cell.textContent))"
    row = next(row for row in opened.run(cells) if row[0] == pages.one_line(student.student, 80))
    shown = ["·" if item.status is Status.MISSING else str(item.points) for item in student.report.exercises]
    assert row[3:-2] == shown


def evil_class():
    """Every text that a class could bring is one that a page might obey."""
    records = []
    for number, text in enumerate(EVIL * 2):
        finding = Finding("exception", text, text, text[:20])
        checks = (CheckReport(text, Status.FAILED, 0, 3, finding),)
        items = [
            ExerciseReport(f"u.{name}", Status(status), 0, 3, 0.1, checks, text)
            for name, status in [("a", "failed"), ("b", "crash")]
        ]
        report = Report(text, "0" * 64, "u", text, text, 0.1, tuple(items))
        records.append(Record(f"{text}{number // len(EVIL) or ''}", "u", Outcome.GRADED, 6, report, text))
    return [*records, Record(EVIL[0] + "absent", "u", Outcome.ABSENT, 6, note=EVIL[1])]


class Canary(http.server.BaseHTTPRequestHandler):
    """Counts who comes."""

    def do_GET(self):
        self.server.seen.append(self.path)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *words):
        pass


@pytest.fixture
def canary():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Canary) as server:
        server.seen = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def plain(report, title):
    """A renderer of reports that makes text inert and does no more."""
    claims = "".join(pages.text(item.checks[0].claim) for item in report.exercises)
    return f"<h2>{pages.text(title)}</h2>{claims}"


def sites():
    records = evil_class()
    yield "class report", class_page.render(records, EVIL[0], EVIL[1])
    mine = [replace(record, student=EVIL[0]) for record in records]
    yield "feedback", feedback.render(EVIL[0], mine, EVIL[0], {"u": EVIL[2]}, plain)


@needs_browser
def test_the_canary_sings_where_nothing_forbids_it(browser, canary, tmp_path):
    """What the next test relies on: a page without our policy does reach it."""
    show(browser, f'<img src="http://127.0.0.1:{canary.server_port}/img">', tmp_path)
    # the page says that it is loaded before a busy machine has fetched its pictures
    browser.run("return document.querySelector('img').decode().catch(() => 'no picture, but an answer')")
    assert canary.seen == ["/img"]


@needs_browser
@pytest.mark.parametrize(("name", "text"), list(sites()), ids=lambda value: value if len(value) < 40 else "")
def test_no_text_of_a_student_runs_and_no_request_leaves_the_page(browser, canary, tmp_path, name, text):
    show(browser, text, tmp_path)
    title = pages.one_line(EVIL[0]) + (": feedback" if name == "feedback" else "")
    assert browser.run("return document.title") == title
    hidden = (
        "return document.querySelectorAll('script:not([type]), img, iframe, object, [onmouseover], [onerror]').length"
    )
    assert browser.run(hidden) == (name == "class report")  # the page's own script
    if name == "class report":
        assert len(column(browser, 0)) == len(EVIL) * 2 + 1
        browser.click("#mistakes button[data-set]")
        browser.click("#chip")
    assert browser.requests() == []
    assert browser.log("browser") == []
    # and what slipped through would still not reach anything: the policy forbids it
    address = f"http://127.0.0.1:{canary.server_port}/"
    attempt = """
        const said = [];
        document.addEventListener('securitypolicyviolation', event => said.push(event.effectiveDirective));
        const element = document.createElement('div');
        element.innerHTML = `<img src="${arguments[0]}img"><iframe src="${arguments[0]}frame"></iframe><b onclick="window.ran = 1">x</b>`;
        document.body.append(element);
        element.querySelector('b').click();
        const script = document.createElement('script');
        script.textContent = 'window.ran = 2';
        document.body.append(script);
        fetch(arguments[0] + 'fetch').catch(() => {});
        return new Promise(done => setTimeout(() => done([said.sort(), window.ran || 0]), 300));
    """
    said, ran = browser.run(attempt, address)
    assert ran == 0
    assert {"connect-src", "frame-src", "img-src"} <= set(said)
    assert any(directive.startswith("script-src") for directive in said)
    assert canary.seen == []


@needs_browser
def test_a_thousand_students_are_all_there(browser, tmp_path):
    """The time is in the benchmarks; here, that every row and cell is."""
    records = a_thousand()
    show(browser, class_page.render(records, "A course"), tmp_path)
    assert len(column(browser, 0)) == 1000
    assert browser.run("return document.querySelectorAll('#students-table td.cell').length") == 10_000


def a_thousand(seed=0):
    """A thousand students of linear_algebra's ten exercises; the reports are of forty files that the engine marked."""
    few = [record for record in make_class(["linear_algebra"], names(40, random.Random(seed)), seed) if record.report]
    return [
        replace(few[number % len(few)], student=name) for number, name in enumerate(names(1000, random.Random(seed)))
    ]


@needs_browser
@pytest.mark.parametrize("width", [390, 768, 1280])
@pytest.mark.parametrize("is_dark", [False, True])
def test_the_page_fits_its_screen_light_and_dark(opened, width, is_dark):
    opened.look(width, 900, is_dark)
    assert opened.run("return document.documentElement.scrollWidth") <= width
    ground = opened.run("return getComputedStyle(document.body).backgroundColor")
    lightness = sum(map(int, re.findall(r"\d+", ground)[:3])) / 3
    assert (lightness < 60) == is_dark
    assert opened.run("return getComputedStyle(document.querySelector('h1')).color") != ground


@needs_browser
def test_a_name_of_one_long_word_fits_a_phone(browser, tmp_path):
    name = "Wijngaardenvandervelde" * 4
    mine = [Record("a", "u", Outcome.ABSENT, 5, name=name)]
    for page in (
        feedback.render("a", mine, "A course", {}, lambda report, title: ""),
        class_page.render(mine, "A course"),
    ):
        show(browser, page, tmp_path)
        browser.look(390, 844)
        assert browser.run("return document.documentElement.scrollWidth") <= 390


@needs_browser
def test_the_page_prints_all_students_and_no_controls(opened, tmp_path):
    opened.cdp("Emulation.setEmulatedMedia", media="print")
    try:
        assert opened.run("return getComputedStyle(document.querySelector('.controls')).display") == "none"
        assert (
            opened.run("return getComputedStyle(document.querySelector('#students-table thead')).display")
            == "table-header-group"
        )
        assert opened.run("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    finally:
        opened.cdp("Emulation.setEmulatedMedia", media="")
    opened.print(tmp_path / "page.pdf")
    content = (tmp_path / "page.pdf").read_bytes()
    assert content.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", content)) > 2


def test_data_ends_no_script_whatever_it_holds():
    text = pages.embedded({"name": "</script><!--<script>&\u2028"})
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == {"name": "</script><!--<script>&\u2028"}


@pytest.mark.parametrize(("name", "text"), list(sites()), ids=lambda value: value if len(value) < 40 else "")
def test_no_text_is_markup_and_no_mark_of_direction_survives(name, text):
    assert not set("\u202e\u202c\x1b\0\u2028\u2029") & set(text)
    assert "<img" not in text
    assert text.count("<script") == (2 if name == "class report" else 0)
    assert "http://" not in re.sub(r"&lt;.*?&gt;|HYPERLINK\(.*?\)|\\u003c.*?\\u003e", "", text)


def test_a_class_of_nobody_has_a_page():
    for records in ([], [Record("a", "u", Outcome.ABSENT, 5)]):
        text = class_page.render(records, "A course")
        assert "Nothing stands out" in text
        assert "nan" not in text.lower().replace("name", "")


def test_headlines_are_the_figures(records):
    text = class_page.render(records, "A course", "marked today")
    spread, first = figures.distribution(records), figures.named_mistakes(records)[0]
    assert f"<dd>{figures.percent(spread.median)}</dd>" in text
    assert f"{len(first.students)} of {first.tried}" in text
    assert pages.text(first.sentence) in text
    for item in figures.exercise_figures(records):
        assert f"{item.full} full, {item.part} part, {item.none} none, {item.asked - item.tried} not written" in text


def test_feedback_is_of_one_student_and_says_what_became_of_each_unit(records):
    student = next(record.student for record in records if record.points and record.student[0].isalpha())
    mine = [
        *figures.by_student(records)[student],
        Record(student, "attention", Outcome.ABSENT, 7),
        Record(student, "v", Outcome.UNREADABLE, 3, note="a link"),
    ]
    asked = []

    def fragment(report, title):
        asked.append((report.unit, title))
        return "<p>the report</p>"

    text = feedback.render(student, mine, "A course", {"probability": "Probability"}, fragment, ".x{}")
    assert ("probability", "Probability") in asked
    assert feedback.ABSENT in text
    assert feedback.UNREADABLE in text
    assert "a link" in text
    points, most = sum(record.points for record in mine), sum(record.max_points for record in mine)
    assert f"<dd>{points} <small>of {most}</small></dd>" in text
    assert ".x{}" in text
    others = {record.student for record in records} - {student} - set(ODD_NAMES)
    assert not [other for other in others if other in text]


@pytest.mark.parametrize("outcome", [Outcome.ABSENT, Outcome.UNREADABLE])
def test_where_nothing_was_marked_no_zero_is_told(outcome):
    """Whether that is a zero, a person decides."""
    mine = [Record("a", "u", outcome, 5), Record("a", "v", outcome, 5)]
    text = feedback.render("a", mine, "A course", {}, lambda report, title: "")
    assert "<dd>–</dd></div><div><dt>Share</dt><dd>–</dd>" in text
    assert " of 5" not in text


def test_feedback_s_reports_are_shown_by_the_renderer_of_pages(records):
    renderer = pytest.importorskip("grader.render.html", reason="reports have no HTML form here")
    student = next(record.student for record in records if record.points and record.student[0].isalpha())
    mine = figures.by_student(records)[student]
    text = feedback.render(student, mine, "A course", {}, renderer.fragment, renderer.STYLE)
    claims = [
        check.claim
        for record in mine
        if record.report
        for item in record.report.exercises
        for check in item.checks
        if check.finding and item.status is Status.FAILED
    ]
    assert claims
    assert all(pages.text(claim) in text for claim in claims)


def test_files_of_feedback_have_safe_names_that_differ():
    students = [*EVIL, "../../etc/passwd", "李", "王", "a b", "a-b", "A B", "", ".", "CON", "x" * 500]
    found = feedback.file_names(students)
    assert len({name.lower() for name in found.values()}) == len(set(students))
    assert all(re.fullmatch(r"[A-Za-z0-9-]{1,60}\.html", name) for name in found.values())


def test_pages_are_written_whole_or_not_at_all(records, tmp_path):
    class_page.write(records, tmp_path / "report.html", "A course")
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == class_page.render(records, "A course")
    written = feedback.write_all(records, tmp_path / "feedback" / "all", "A course", {}, plain)
    assert set(written) == {record.student for record in records}
    assert sorted(file.name for file in (tmp_path / "feedback" / "all").iterdir()) == sorted(
        file.name for file in written.values()
    )
    (tmp_path / "taken").mkdir()
    (tmp_path / "file").write_text("")
    for attempt in (
        lambda: class_page.write(records, tmp_path / "taken"),
        lambda: class_page.write(records, tmp_path / "nowhere" / "report.html"),
        lambda: feedback.write_all(records, tmp_path / "file", "A course", {}, plain),
    ):
        with pytest.raises(GraderError, match=r"cannot (write|make)"):
            attempt()
    assert sorted(item.name for item in tmp_path.iterdir()) == ["feedback", "file", "report.html", "taken"]
