"""The page with an engine that plays: nothing that was written is lost, nothing that was printed runs, nothing leaves the site."""

import io
import re
import zipfile

import pytest
from browser import chromium, missing
from conftest import ROOT
from driving import Student
from fake_site import build
from serving import SUB, serving

from grader.classroom.intake.archives import entries
from grader.course.course import Course

pytest.importorskip("latex2mathml", reason="latex2mathml is not installed; the extra `web` brings it")
pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "there is a browser")
COURSE, UNITS = Course(ROOT), ["probability", "attention"]
MASK, PAGES = (
    "attention/causal_mask",
    ["", "attention", "attention/positional_encoding", "attention/EncoderBlock", "gone/gone"],
)
FIRST = COURSE.key("probability").exercises[0].name
FILES = """const found = []; for (const each of arguments[0]) found.push(new File([Uint8Array.from(each[1])], each[0]));
    const input = document.getElementById("import"), transfer = new DataTransfer();
    for (const file of found) transfer.items.add(file);
    input.files = transfer.files; input.dispatchEvent(new Event("change"))"""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    build(COURSE, UNITS, folder / SUB)
    with serving(folder) as server:
        yield server


@pytest.fixture(scope="module")
def browser(served):
    with chromium() as found:
        yield found


@pytest.fixture
def student(browser, served):
    """Somebody whose browser has never seen the page."""
    browser.blank(served.origin)
    browser.look(1280, 900)
    browser.log("browser")
    browser.log("performance")
    return Student(browser, served.address)


def test_what_was_just_typed_is_there_after_a_reload(student):
    student.go(MASK)
    student.answer("causal_mask", "return 'one'")
    text = student.written()
    student.reload(MASK)  # before the moment has passed after which a change is written
    assert student.written() == text
    student.saved()
    student.browser.open("about:blank")
    student.go(MASK)
    assert student.written() == text


def test_ctrl_enter_checks_and_the_report_says_what_the_engine_said(student):
    student.go("attention/positional_encoding")
    student.answer("positional_encoding", 'WRONG; print("hello")')
    student.browser.press("Control", "Enter")
    student.until("document.querySelector('.verdict-place').childElementCount")
    report = student.text(".verdict-place")
    for words in (
        "has sines in even and cosines in odd columns",
        "out[0, 1] is -0.15, expected -0.63; all 48 entries differ (case: four queries)",
        "You divide the scores by d instead of √d.",
        "the same cause as above",
        "encoding (3 × 4): |yours − expected|; wrong: column 2",
        "1  · · ▒ ·",
        "hello",
    ):
        assert words in report
    assert "0 of 4 points" in student.text("#live")
    assert "✗" in student.run("return document.querySelector('#outline [aria-current]').textContent")
    student.answer("rotary_embedding", "RIGHT")
    student.click("rotary_embedding →")
    student.until("document.querySelector('h1').textContent === 'rotary_embedding'")
    assert "Right. 7 of 7 points." in student.check()
    student.reload("attention/rotary_embedding")
    student.go("attention")
    assert "7/7" in student.text(".exercises")
    student.go()
    assert f"7 of {COURSE.key('attention').max_points} points, 1 exercise right" in student.text(".units")


def test_the_keyboard_reaches_everything_and_leaves_the_editor(student):
    student.go(MASK)
    student.run("document.activeElement.blur()")
    seen = []
    for _ in range(40):
        student.browser.press("Tab")
        seen.append(student.run("const at = document.activeElement; return at.ariaLabel ?? at.textContent.trim()"))
        if seen[-1].startswith("attention.py, Python"):
            student.browser.press("Escape")
        if seen[-1].startswith("Console"):
            break
    order = [
        "Skip to the content",
        "Exercises",
        "A course",
        "Handout of causal_mask",
        "← attention_backward",
        "Check",
        "Reset",
    ]
    assert set(order) <= set(seen), seen
    places = [seen.index(each) for each in order]
    assert places == sorted(places)
    assert [each for each in seen if each.startswith("attention.py, Python")]
    assert {"Export", "Hint (2)", "Console"} <= set(seen)
    student.browser.press("Enter")
    student.until("document.querySelector('details.scratch').open")
    outline = student.run("return getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"


def test_tab_indents_and_ctrl_z_takes_back(student):
    student.go(MASK)
    before = student.written()
    student.run("document.querySelector('.editor .cm-content').focus()")
    student.browser.press("Tab")
    assert student.written() == before.replace("def causal_mask", "    def causal_mask")
    student.browser.press("Control", "z")
    assert student.written() == before


def test_a_failing_case_is_shown_and_goes_into_the_console(student):
    student.go(MASK)
    student.answer("causal_mask", "WRONG")
    assert "Show the failing case" in student.check()
    student.click("Show the failing case")
    shown = student.until("document.querySelector('.snippet pre')?.innerText")
    assert shown.strip() == "# attention.causal_mask, case: four queries"
    student.click("Put it into the console")
    assert shown.strip() in student.written(".scratch")


def test_an_endless_loop_is_stopped_by_the_button_that_began_it(student):
    student.go(MASK)
    student.answer("causal_mask", "LOOP")
    student.click("Check", ".toolbar")
    student.until("document.querySelector('.toolbar .primary').textContent === 'Stop'")
    student.click("Stop", ".toolbar")
    student.until("document.querySelector('.status').innerText === 'Stopped.'")
    assert student.run("return document.querySelector('.toolbar .primary').textContent") == "Check"


def test_what_a_student_writes_and_prints_is_inert(student):
    evil = """<img src=x onerror="document.title='PWNED'"><script>document.title='PWNED'</script>"""
    student.go(MASK)
    student.answer("causal_mask", f'WRONG; print("{evil.replace(chr(34), "")}")')
    assert "<script>" in student.check()
    student.click("Console")
    student.write(evil, ".scratch")
    student.click("Run", ".scratch")
    student.until("document.querySelector('.output').innerText.includes('42')")
    assert student.run("return [document.title, document.querySelectorAll('main img[src=x]').length]") == [
        "causal_mask · Attention · A course",
        0,
    ]


def test_a_reset_touches_one_exercise_and_can_be_undone(student):
    student.go(MASK)
    student.answer("padding_mask", "return 'kept'")
    student.answer("causal_mask", "return 'gone'")
    text = student.written()
    student.click("Reset")
    student.until("document.querySelector('#notices .notice')")
    assert "'kept'" in student.written()
    assert "'gone'" not in student.written()
    student.click("Undo", "#notices")
    student.until(
        "document.querySelector('.editor .cm-content').cmTile.view.state.doc.toString() === arguments[0]", text
    )


def test_an_exercise_links_to_what_it_builds_on_and_to_what_builds_on_it(student):
    """Not to exercises of units that this page has not."""
    student.go("attention/scaled_dot_product_attention")
    css = "nav[aria-label='What belongs together']"
    links = COURSE.settings.links("attention.scaled_dot_product_attention")
    here = [name for names in links.values() for name in names if name.partition(".")[0] in UNITS]
    assert len(here) < sum(map(len, links.values()))
    shown = student.run("return [...document.querySelectorAll(`${arguments[0]} a`)].map(a => a.hash)", css)
    assert shown == [f"#/{name.replace('.', '/')}" for name in here]
    student.click("self_attention", css)
    student.until("document.querySelector('h1').textContent === 'self_attention'")
    assert "Builds on" in student.text(css)
    assert "scaled_dot_product_attention" in student.text(css)


def test_hints_come_one_by_one_and_are_remembered(student):
    hints = COURSE.key("attention").exercise("scaled_dot_product_attention").hints
    student.go("attention/scaled_dot_product_attention")
    assert student.text(".hints") == ""
    for number, hint in enumerate(hints, 1):
        student.click("Hint" if number == 1 else "One more hint")
        assert hint.split("`")[0] in student.text(".hints")
    student.reload("attention/scaled_dot_product_attention")
    student.until("document.querySelectorAll('.hints li').length === arguments[0]", len(hints))
    assert student.run("return document.querySelector('.hinting button').hidden")


def test_pytorch_is_said_to_be_needed_and_the_file_can_be_written_and_exported(student, tmp_path):
    student.browser.cdp("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    student.go("attention/EncoderBlock")
    assert "needs PyTorch" in student.text(".reading")
    assert student.run("return document.querySelector('.toolbar .primary').disabled")
    student.write(student.written() + "# mine, é√\n")
    student.saved()
    student.click("Export", ".toolbar")
    assert arrived(student, tmp_path / "attention.py").decode() == student.written()


def arrived(student, path) -> bytes:
    for _ in range(100):
        if path.exists() and path.stat().st_size:
            return path.read_bytes()
        student.run("return new Promise(resolve => setTimeout(resolve, 50))")
    raise AssertionError(f"{path.name} was not downloaded")


def test_all_files_go_out_as_a_zip_and_come_back(student, tmp_path):
    student.browser.cdp("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    texts = {}
    for place, name in ((MASK, "causal_mask"), (f"probability/{FIRST}", FIRST)):
        student.go(place)
        student.answer(name, "return 'é√'")
        student.saved()
        texts[place.split("/")[0] + ".py"] = student.written()
    student.go()
    student.click("Export all")
    content = arrived(student, tmp_path / "answers.zip")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name).decode() for name in archive.namelist()} == texts
    (handed_in := tmp_path / "class").mkdir()
    (handed_in / "alice.zip").write_bytes(content)
    found = {entry.name: entry.file.read(1 << 20) for entry in entries(handed_in, tmp_path)}
    assert {name: text.decode() for name, text in found.items()} == texts
    student.browser.cdp("Storage.clearDataForOrigin", origin=student.address.split("/some")[0], storageTypes="all")
    student.go()
    student.run(FILES, [["answers.zip", list(content)]])
    student.until("document.querySelector('#notices').innerText.includes('attention.py')")
    student.go(MASK)
    assert student.written() == texts["attention.py"]


def test_an_import_is_undone_and_what_cannot_be_taken_is_said(student):
    student.go(MASK)
    student.answer("causal_mask", "return 'before'")
    student.saved()
    before = student.written()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("answers/a_helper.py", "# of no unit")
        archive.writestr("answers/attention.py", "# imported\r\n" * 400)
        archive.writestr("__MACOSX/answers/._attention.py", b"\0\1")
        archive.writestr("notes.txt", "no")
    student.go()
    bad = [["other.py", [120]], ["probability.py", [255, 254]], ["a.zip", [1, 2, 3]], ["attention.ipynb", [123]]]
    student.run(FILES, [["mine.zip", list(packed.getvalue())], *bad])
    said = student.until("document.querySelector('.notice.warning')?.innerText")
    for words in ("other.py belongs to no unit", "is not in UTF-8", "no zip archive", "a notebook is checked with"):
        assert words in said
    assert "mine.zip: a_helper.py belongs to no unit" in said
    assert "other.py: other.py" not in said
    student.run("location.hash = '#/attention/causal_mask'")
    student.shown(MASK)
    assert student.written() == "# imported\n" * 400
    student.click("Undo", "#notices")
    student.until(
        "document.querySelector('.editor .cm-content').cmTile.view.state.doc.toString() === arguments[0]", before
    )


def test_another_tab_follows(student):
    student.go(MASK)
    first = student.browser.ask("window/new", {"type": "tab"})["handle"]
    handles = student.browser.ask("window/handles", method="GET")
    other = next(handle for handle in handles if handle != first)
    student.browser.ask("window", {"handle": first})
    student.go(MASK)
    student.answer("causal_mask", "return 'from the second tab'")
    student.saved()
    student.browser.ask("window", method="DELETE")
    student.browser.ask("window", {"handle": other})
    student.until(
        "document.querySelector('.editor .cm-content').cmTile.view.state.doc.toString().includes('from the second tab')"
    )
    assert "in another tab" in student.text("#notices")


def test_two_tabs_that_write_at_once_lose_neither_text(student):
    student.go(MASK)
    found = student.run("""return (async () => {
        const [{ Answers }, { openStorage }] = await Promise.all([import("./answers.js"), import("./storage.js")]);
        const open = async () => new Answers(await openStorage("two tabs"), "two tabs", async () => "stub");
        const [one, other] = [await (await open()).of("attention"), await (await open()).of("attention")];
        let asked = 0;
        other.addEventListener("conflict", () => asked++);
        one.write("of one"); other.write("of the other");
        await one.save(); await other.save();
        const stored = async () => (await one.storage.get("answers", "attention")).text;
        const copies = async () => (await one.storage.entries("past")).map(([, copy]) => copy.text);
        const before = [asked, await stored(), await copies()];
        await other.settle(true);
        return [...before, await stored(), await copies()];
    })()""")
    assert found == [1, "of one", ["of the other"], "of the other", ["of the other", "of one"]]


def test_where_storage_is_refused_the_page_says_so_and_exports(student, tmp_path):
    student.browser.cdp("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    refusing = "Object.defineProperty(window, 'indexedDB', {value: {open() { throw new Error('not here') }}})"
    number = student.browser.cdp("Page.addScriptToEvaluateOnNewDocument", source=refusing)["identifier"]
    try:
        student.go(MASK)
        assert "does not keep what you write here (not here)" in student.text("#notices")
        student.answer("causal_mask", "RIGHT")
        assert "Right." in student.check()
        student.click("Export", ".toolbar")
        assert b"RIGHT" in arrived(student, tmp_path / "attention.py")
    finally:
        student.browser.cdp("Page.removeScriptToEvaluateOnNewDocument", identifier=number)


@pytest.mark.parametrize("place", PAGES)
def test_a_screen_fits_every_width_asks_nobody_and_breaks_no_policy(student, place):
    student.go()
    student.run("location.hash = arguments[0]", f"#/{place}")
    student.until("!document.body.innerText.includes('Loading the course')")
    for width in (360, 480, 768, 999, 1000, 1280, 1499, 1500, 2560):
        student.browser.look(width, 800, dark=width % 2 == 0)
        assert student.run("return document.documentElement.scrollWidth") <= width, width
    assert [entry["message"] for entry in student.browser.log("browser")] == []
    assert [address for address in student.browser.requests() if not address.startswith(student.address)] == []
    assert student.run(
        "return [document.cookie, document.querySelectorAll('[style]:not(.cm-editor *), main style').length]"
    ) == ["", 0]


def test_a_long_report_scrolls_within_its_place_and_the_screen_does_not(student):
    student.go("attention/positional_encoding")
    student.answer("positional_encoding", "WRONG")
    student.check()
    student.click("As the terminal prints it")
    for height in (600, 900):
        student.browser.look(1280, height)
        assert (
            student.run("const { scrollHeight } = document.documentElement; return [scrollHeight, innerHeight]")
            == [height] * 2
        )


def test_a_phone_has_all_buttons_of_an_exercise_in_one_row(student):
    student.browser.look(360, 740)
    for name in ("causal_mask", "EncoderBlock"):
        student.go(f"attention/{name}")
        tops = "return [...document.querySelectorAll('.toolbar button')].map(each => each.getBoundingClientRect().top)"
        first, *others = student.run(tops)
        assert others == [first, first]


def test_every_sentence_of_a_handout_is_on_its_exercise_s_screen(student):
    student.go("attention/self_attention")
    shown = re.sub(r"\s+", " ", student.run("return document.querySelector('.handout').textContent"))
    assert "Every token attends to the tokens of its own sequence. 8 points" in student.text(".worth")
    handout = COURSE.key("attention").exercise("self_attention").handout
    for sentence in re.findall(r"(?m)^[A-Z][^$`*\n]{20,60}", handout):
        assert sentence.strip() in shown
