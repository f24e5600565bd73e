"""Loaded once, the page works without its server; a new build comes whole or not at all, and no answer is lost by it."""

import contextlib
import json
import shutil
import time
from functools import partial

import pytest
from browser import chromium, missing
from conftest import ROOT
from driving import Student
from fake_site import build, finish
from serving import SUB, serving

from grader.course.course import Course

pytest.importorskip("latex2mathml", reason="latex2mathml is not installed; the extra `web` brings it")
pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "there is a browser")
COURSE = Course(ROOT)
FIRST, SECOND = (exercise.name for exercise in COURSE.key("linear_algebra").exercises[:2])
PLACE = f"linear_algebra/{FIRST}"
CACHES = "return caches.keys()"
NEW_STUB = "document.querySelector('.editor .cm-content')?.cmTile.view.state.doc.toString().includes('one_more')"
UNKEPT = "units/probability.json"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("built")
    build(COURSE, ["linear_algebra", "probability"], folder)
    return folder


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("served")) as server:
        yield server


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture
def student(browser, built, served):
    """Somebody whose browser has never seen the page, and a site of their own."""
    if not served.server:
        served.start()
    shutil.rmtree(served.folder / SUB, ignore_errors=True)
    shutil.copytree(built, served.folder / SUB)
    browser.blank(served.origin)
    student = Student(browser, served.address)
    student.served = served
    return student


def publish(student, change) -> str:
    """Change the site's files as a new release does; returns its build."""
    site = student.served.folder / SUB
    change(site)
    finish(site, json.loads((site / "site.json").read_text(encoding="utf-8")))
    return json.loads((site / "site.json").read_text(encoding="utf-8"))["build"]


def new_stub(site) -> None:
    """The second exercise has another docstring, and there is a third function."""
    path = site / "units" / "linear_algebra.json"
    unit = json.loads(path.read_text(encoding="utf-8"))
    unit["stub"] = unit["stub"].replace(f"def {SECOND}(", f"def {SECOND}(new, ") + "\n\ndef one_more(x):\n    pass\n"
    path.write_text(json.dumps(unit), encoding="utf-8")
    new_style(site)


def replace(path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def new_style(site) -> None:
    with (site / "page.css").open("a", encoding="utf-8") as file:
        file.write("/* new */")


def kept_whole(student) -> None:
    student.click("Keep all units")
    student.until("document.body.innerText.includes('The whole course is kept')")


def test_all_that_was_kept_works_without_the_server(student):
    student.go()
    student.settled()
    kept_whole(student)
    student.served.stop()
    student.reload("")
    student.run("location.hash = arguments[0]", f"#/{PLACE}")
    student.shown(PLACE)
    student.answer(FIRST, "RIGHT")
    assert "Right." in student.check()
    assert student.run(CACHES) == [
        f"deep-grade {student.address} {student.run('return fetch(`site.json`).then(r => r.json())')['build']}"
    ]


def test_a_unit_that_never_came_is_said_to_be_missing(student):
    student.go()
    student.settled()
    student.served.stop()
    student.reload("")
    student.run("location.hash = '#/probability'")
    student.until(
        "document.querySelector('h1').textContent.includes('could not be loaded') || document.querySelector('h1').textContent.includes('offline')"
    )


def test_a_new_build_comes_when_it_is_asked_for_and_keeps_every_answer(student):
    student.go(PLACE)
    student.settled()
    student.answer(FIRST, "return 'mine'")
    student.saved()
    build_name = publish(student, new_stub)
    student.reload(PLACE)
    student.until("document.querySelector('#notices').innerText.includes('new version')")
    assert "one_more" not in student.written()  # until then the old one, all of it
    assert not student.run("return fetch('page.css').then(r => r.text())").endswith("/* new */")
    student.click("Reload", "#notices")
    student.until("document.querySelector('#notices').innerText.includes('Your answers were kept')")
    text = student.written()
    assert "return 'mine'" in text
    assert f"def {SECOND}(new, " in text
    assert text.endswith("def one_more(x):\n    pass\n")
    assert student.run("return fetch('page.css').then(r => r.text())").endswith("/* new */")
    assert student.run(CACHES) == [f"deep-grade {student.address} {build_name}"]
    student.click("Undo", "#notices")
    student.until(
        "!document.querySelector('.editor .cm-content').cmTile.view.state.doc.toString().includes('one_more')"
    )


def test_half_a_new_build_changes_nothing(student):
    student.go(PLACE)
    student.settled()
    student.until("caches.match('units/linear_algebra.json').then(Boolean)")  # units are kept once Python is ready
    build_name = publish(student, new_stub)
    css = student.served.folder / SUB / "page.css"
    whole = css.read_bytes()
    css.write_bytes(whole[:-5])  # it is still on its way to the server
    student.reload(PLACE)
    time.sleep(1.5)
    assert "new version" not in student.text("#notices")
    assert "one_more" not in student.written()
    css.write_bytes(whole)
    student.reload(PLACE)
    student.until("document.querySelector('#notices').innerText.includes('new version')")
    student.click("Reload", "#notices")
    student.until(NEW_STUB)
    assert student.run(CACHES) == [f"deep-grade {student.address} {build_name}"]


@contextlib.contextmanager
def new_build_while_the_old_one_loads(student):
    """Reload is pressed for a new build, the one that is given, while the old one's worker waits for a file."""
    student.go(PLACE)
    student.settled()
    student.until("caches.match(arguments[0]).then(Boolean)", UNKEPT)
    build_name = publish(student, new_stub)
    student.reload(PLACE)
    student.until("document.querySelector('#notices').innerText.includes('new version')")
    forget = "for (const name of await caches.keys()) if (!name.endsWith(arguments[1])) await (await caches.open(name)).delete(arguments[0])"
    student.run(f"return (async () => {{ {forget} }})()", UNKEPT, build_name)
    with student.served.slowly(UNKEPT):
        student.run("navigator.serviceWorker.controller.postMessage({ do: 'complete' })")
        student.click("Reload", "#notices")
        yield build_name


def test_a_new_build_does_not_wait_for_what_the_old_one_still_loads(student):
    with new_build_while_the_old_one_loads(student) as build_name:
        student.until(NEW_STUB)
        assert student.run(CACHES) == [f"deep-grade {student.address} {build_name}"]


def test_a_new_build_that_cannot_take_over_says_so_and_may_be_asked_for_again(student):
    worker = student.served.folder / SUB / "service_worker.js"
    replace(worker, "downloads.abort()", "null")
    publish(student, lambda site: None)
    with new_build_while_the_old_one_loads(student):
        student.until("document.querySelector('#notices').innerText.includes('could not take over yet')")
        assert not student.run(f"return {NEW_STUB}")
    student.click("Reload", "#notices")
    student.until(NEW_STUB)


def prefixed(name: str, lines: str):
    """A change of the site: some lines before all others of a file."""

    def change(site):
        (site / name).write_text(lines + (site / name).read_text(encoding="utf-8"), encoding="utf-8")

    return change


def test_nothing_is_asked_of_a_worker_that_is_to_go(student):
    """It would begin again, and Chromium does not let the new one take over before it has rested for a while."""
    start = "async start(onprogress) {"
    late = "await new Promise((resolve) => { globalThis.pythonComes = resolve; });"
    publish(student, lambda site: replace(site / "engine" / "engine.js", start, start + late))
    student.go(PLACE)
    student.until("Boolean(navigator.serviceWorker.controller)")
    publish(student, new_style)
    student.reload(PLACE)
    student.until("document.querySelector('#notices').innerText.includes('new version')")
    student.run("""
        const asked = (globalThis.asked = []);
        ServiceWorker.prototype.postMessage = (message) => asked.push(message.do);""")
    student.click("Reload", "#notices")
    student.run("pythonComes()")
    student.until("document.querySelector('.status').innerText === ''")
    assert student.run("return asked") == ["take over"]


def test_a_new_build_is_offered_though_the_browser_does_not_tell_that_it_is_whole(student):
    """As Chromium may do where a page begins while a build comes: its worker stays "installing", and no event says otherwise."""
    deaf = """
        Object.defineProperty(ServiceWorker.prototype, "state", { get: () => "installing" });
        ServiceWorker.prototype.addEventListener = () => {};"""
    publish(student, prefixed("offline.js", deaf))
    student.go(PLACE)
    student.settled()
    publish(student, new_style)
    student.reload(PLACE)
    student.until("document.querySelector('#notices').innerText.includes('new version')", seconds=20)


@contextlib.contextmanager
def no_room(student):
    """A browser whose disk is full."""
    set_quota = partial(student.browser.cdp, "Storage.overrideQuotaForOrigin", origin=student.served.origin)
    set_quota(quotaSize=1)
    try:
        yield
    finally:
        set_quota()


def test_where_there_is_no_room_left_the_page_works_and_says_what_is_not_saved(student):
    student.go(PLACE)
    student.settled()
    student.until("caches.match(arguments[0]).then(Boolean)", UNKEPT)
    student.run("return caches.keys().then(async ([name]) => (await caches.open(name)).delete(arguments[0]))", UNKEPT)
    with no_room(student):
        student.answer(FIRST, "return 'mine'")
        student.until("document.getElementById('saved').textContent === 'Not saved'")
        assert "could not be saved (this browser has no room left)" in student.text("#notices")
        student.run("location.hash = '#/probability'")
        student.shown("probability")
        assert "could not be" not in student.text("h1")
    student.run("location.hash = arguments[0]", f"#/{PLACE}")
    student.shown(PLACE)
    student.answer(SECOND, "return 'mine, too'")
    student.saved()
    assert "could not be saved" not in student.text("#notices")
    student.reload(PLACE)
    assert "return 'mine, too'" in student.written()


def test_a_first_visit_to_half_a_build_works_and_keeps_nothing(student):
    publish(student, new_stub)
    (student.served.folder / SUB / "icon.svg").write_text("<svg/>", encoding="utf-8")
    student.go(PLACE)
    student.answer(FIRST, "RIGHT")
    assert "Right." in student.check()
    assert not student.run("return Boolean(navigator.serviceWorker.controller)")


def test_a_new_stub_leaves_what_was_written_letter_for_letter(student):
    student.go()
    renewed = """return import("./pieces.js").then(({ renewed }) => renewed(...arguments[0]))"""
    old = '"""Title."""\n\nimport numpy as np\n\n\ndef a(x):\n    raise NotImplementedError\n\n\ndef b(x):\n    """B."""\n    raise NotImplementedError\n'
    new = '"""Title."""\n\nimport numpy as np\nimport math\n\n\ndef a(x, y):\n    raise NotImplementedError\n\n\ndef b(x):\n    """Better."""\n    raise NotImplementedError\n\n\n@cache\nclass C:\n    pass\n'
    cases = {
        old: new,
        old.replace(
            "def a(x):\n    raise NotImplementedError", "def a(x):\n    '''\ndef b(x):\n'''\n    return x  # mine"
        ): new.replace(
            "def a(x, y):\n    raise NotImplementedError", "def a(x):\n    '''\ndef b(x):\n'''\n    return x  # mine"
        ),
        "def b(x):\n    return (\n": "def b(x):\n    return (\n\n\n@cache\nclass C:\n    pass\n",
        "": "@cache\nclass C:\n    pass\n",
    }
    for text, expected in cases.items():
        assert student.run(renewed, [text, old, new]) == expected
