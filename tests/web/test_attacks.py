"""What a student's code can reach in a browser: nothing of the site's storage, no address, no other worker, and no answer."""

import contextlib
import functools
import hashlib
import http.server
import json
import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import browser
import pytest
from conftest import RIGHT, TOY
from sweep import write_site

from grader.course.course import Course
from grader.releases.pyodide import runtime
from grader.releases.web_site import ROOM, policy

PYODIDE = os.environ.get("GRADE_PYODIDE", "")
WHY = browser.missing() or ("" if PYODIDE else "needs GRADE_PYODIDE, the folder of Pyodide's files")
pytestmark = [pytest.mark.skipif(bool(WHY), reason=WHY), pytest.mark.xdist_group("browser")]
PAGE = """<!doctype html><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="POLICY"><body><script type="module" src="attacked.js"></script>"""
SCRIPT = """
import { Engine } from "./engine/engine.js";
const site = await (await fetch("site.json")).json();
indexedDB.open("work").onupgradeneeded = ({ target }) => target.result.createObjectStore("answers");
window.engine = new Engine({ base: new URL("./", location.href), site });
window.heard = [];
new BroadcastChannel("page").onmessage = ({ data }) => window.heard.push(data);
addEventListener("message", ({ data }) => typeof data === "string" && window.heard.push(data));
window.state = await engine.start().then(() => "ready", (error) => String(error));
"""
# The bridge has no name any more; who searches all objects finds it, and with it what JavaScript is left.
REACHED = """
import gc
world = next(each for each in gc.get_objects() if type(each).__name__ == "JsFinder").jsproxies["js"]
def tried(work):
    try:
        return "got " + str(work())[:200]
    except BaseException as error:
        return "refused: " + str(error)[:200]
"""
REFUSED = {
    "fetch": "world.fetch('/site.json')",
    "fetch of the prototype's": "world.Object.getPrototypeOf(world.Object.getPrototypeOf(world)).fetch.call(world, '/site.json')",
    "XMLHttpRequest": "world.XMLHttpRequest.new()",
    "WebSocket": "world.WebSocket.new('ws://127.0.0.1/')",
    "importScripts": "world.importScripts('/engine/judge.js')",
    "indexedDB": "world.indexedDB.open('work')",
    "caches": "world.caches.keys()",
    "BroadcastChannel": "world.BroadcastChannel.new('page').postMessage('here')",
    "Worker": "world.Worker.new('/engine/judge.js')",
    "storage": "world.navigator.storage",
    "eval": "world.eval('1 + 1')",
    "Function": "world.Function('return 1')()",
    "postMessage": "world.postMessage('here')",
    "close": "world.close()",
}


# What the frame refuses by itself, where nothing has been taken away from the worker.
HELD = {
    "XMLHttpRequest": "sent(ADDRESS)",
    "importScripts": "world.importScripts(ADDRESS)",
    "indexedDB": "world.indexedDB.open('work')",
    "Worker": "world.Worker.new(ADDRESS)",
    "eval": "world.eval('1 + 1')",
}
UNHEARD = (
    "world.fetch(ADDRESS)",
    "world.WebSocket.new(ADDRESS.replace('http', 'ws'))",
    "world.BroadcastChannel.new('page').postMessage('here')",
    "world.postMessage('here')",
)
SENT = """
def sent(address):
    request = world.XMLHttpRequest.new()
    request.open("GET", address, False)
    request.send()
    return request.status
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[browser.Browser]:
    with attacked(tmp_path_factory.mktemp("course"), tmp_path_factory.mktemp("site")) as found:
        yield found


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[browser.Browser]:
    """A page in which nothing is taken away from a student's worker."""
    with attacked(
        tmp_path / "course",
        tmp_path / "site",
        lambda text: re.sub(rb"const TAKEN = \[.*?\];", b"const TAKEN = [];", text, flags=re.DOTALL),
    ) as found:
        yield found


@contextlib.contextmanager
def attacked(
    root: Path, site: Path, changed: Callable[[bytes], bytes] = lambda text: text
) -> Iterator[browser.Browser]:
    """The toy course's page in a browser, its engine ready."""
    shutil.copytree(TOY / "solutions", root / "solutions", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "assignments").mkdir()
    shutil.copy(root / "solutions" / "course.toml", root / "assignments" / "course.toml")
    write_site(Course(root), site, Path(PYODIDE))
    before = (site / "engine" / "student.js").read_bytes()
    after = changed(before)
    (site / "engine" / "student.js").write_bytes(after)
    listed = (site / "site.json").read_text().replace(*(hashlib.sha256(text).hexdigest() for text in (before, after)))
    (site / "site.json").write_text(listed)
    rule = policy((site / ROOM).read_bytes(), runtime(PYODIDE))
    (site / "attacked.html").write_text(PAGE.replace("POLICY", rule))
    (site / "attacked.js").write_text(SCRIPT)
    Quiet.asked.clear()
    with served(site) as address, browser.chromium() as found:
        found.open(f"{address}attacked.html")
        assert until(lambda: found.run("return window.state")) == "ready"
        yield found


class served:
    """A folder on a plain static server, as long as it lasts."""

    def __init__(self, folder: Path):
        handler = functools.partial(Quiet, directory=str(folder))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)

    def __enter__(self) -> str:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_port}/"

    def __exit__(self, *exception: object) -> None:
        self.server.shutdown()
        self.server.server_close()


class Quiet(http.server.SimpleHTTPRequestHandler):
    asked: ClassVar[list[str]] = []

    def log_message(self, *words: object) -> None:
        self.asked.append(str(self.path))


def until(look: Callable[[], Any], seconds: float = 120) -> Any:
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.1)
    return found


def asked(page: browser.Browser, call: str, *args: Any) -> dict[str, Any]:
    page.run(
        f"window.done = null; engine.{call}.then((r) => (window.done = r), (e) => (window.done = {{ failed: String(e) }}))",
        *args,
    )
    return until(lambda: page.run("return window.done"))


def tried_out(page: browser.Browser, code: str) -> str:
    found = asked(page, "run('toy', arguments[0], arguments[1])", RIGHT, code)
    assert not found.get("error"), found
    return found["printed"]


def test_what_is_reached_by_searching_is_a_worker_of_no_site(page):
    found = tried_out(page, f"{REACHED}\nprint(world.origin, str(world.location)[:10], world.isSecureContext)")
    assert found == "null blob:null/ False\n"


def test_every_way_out_is_refused(page):
    page.requests()
    page.run("window.heard.length = 0")
    lines = "".join(f"print({name!r}, '|', tried(lambda: {code}))\n" for name, code in REFUSED.items())
    told = dict(line.split(" | ", 1) for line in tried_out(page, REACHED + lines).splitlines())
    assert set(told) == set(REFUSED)
    assert {name: what for name, what in told.items() if not what.startswith("refused: ")} == {}
    time.sleep(0.5)
    assert page.run("return window.heard") == []
    assert [each for each in page.requests() if "judge.js" in each or "ws:" in each] == []


@pytest.mark.weekly
def test_the_frame_refuses_by_itself_what_is_also_taken_away(bare):
    address = bare.run("return location.origin") + "/units/toy.key?reached"
    lines = "".join(f"print({name!r}, '|', tried(lambda: {code}))\n" for name, code in HELD.items())
    lines += "".join(f"tried(lambda: {code})\n" for code in UNHEARD)
    told = dict(
        line.split(" | ", 1) for line in tried_out(bare, f"{REACHED}{SENT}ADDRESS = {address!r}\n{lines}").splitlines()
    )
    assert {name: what for name, what in told.items() if not what.startswith("refused: ")} == {}
    assert set(told) == set(HELD)
    time.sleep(1)
    assert bare.run("return window.heard") == []
    assert [path for path in Quiet.asked if "reached" in path] == []


def test_a_port_taken_from_its_prototype_earns_nothing(page):
    wrong = RIGHT.replace(
        "return np.sum(x, axis=1)", "world.MessagePort.prototype.postMessage = None; return np.zeros(len(x))"
    )
    found = asked(page, "check('toy', arguments[0], { exercises: ['row_sums'], seconds: 3 })", REACHED + wrong)
    (exercise,) = found["report"]["exercises"]
    assert exercise["points"] == 0, json.dumps(exercise)


def test_the_page_itself_stays_at_hand_while_code_loops(page):
    page.run(
        "window.done = null; engine.check('toy', arguments[0], { seconds: 2 }).then((r) => (window.done = r))",
        RIGHT.replace("return x * factor", "while True: pass"),
    )
    began = time.monotonic()
    assert page.run("return 1 + 1") == 2
    assert time.monotonic() - began < 2
    statuses = [each["status"] for each in until(lambda: page.run("return window.done"))["report"]["exercises"]]
    assert statuses == ["timeout", "passed", "passed"]
