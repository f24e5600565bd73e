"""Headless Chromium by the W3C's WebDriver protocol, which is JSON over HTTP: no package needed, Debian's chromium is."""

import base64
import contextlib
import json
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
]

KEYS = {
    "Control": "\ue009",
    "Enter": "\ue007",
    "Escape": "\ue00c",
    "Shift": "\ue008",
    "Tab": "\ue004",
}  # as WebDriver names them

# What leaves no machine. The last three are Chromium's own pages, which it may still load when the first of ours is opened.
LOCAL = ("file:", "data:", "blob:", "about:", "chrome:", "chrome-untrusted:", "devtools:")


def missing() -> str:
    """Why there is no browser here, or empty."""
    absent = [name for name in ("chromium", "chromedriver") if not shutil.which(name)]
    return f"needs Debian's packages chromium and chromium-driver ({' and '.join(absent)} missing)" if absent else ""


class BrowserGoneError(RuntimeError):
    """The browser has ended by itself, which says nothing of the page."""


@dataclass
class Browser:
    """One page at a time. `session` is the address of the driver's session, and `begin` gives that of a new one."""

    session: str
    begin: Callable[[], str]

    def ask(self, path: str, data: dict[str, Any] | None = None, method: str = "POST", seconds: float = 120) -> Any:
        return _ask(f"{self.session}/{path}", {} if data is None else data, method, seconds)

    def open(self, page: Path | str) -> None:
        self.ask("url", {"url": page.resolve().as_uri() if isinstance(page, Path) else page})

    def blank(self, origin: str = "") -> None:
        """Show an empty page and forget what a site has stored.

        Where the browser has ended, as it may on a machine short of memory, or does not get done with forgetting, a new
        one begins, which knows nothing.
        """
        try:
            self.open("about:blank")
            if origin:
                self.cdp("Storage.clearDataForOrigin", seconds=20, origin=origin, storageTypes="all")
                self.cdp("Network.clearBrowserCache", seconds=20)
        except (BrowserGoneError, TimeoutError):
            self.end()
            self.session = self.begin()

    def end(self) -> None:
        """Close it, if it still hears."""
        with contextlib.suppress(BrowserGoneError, TimeoutError):
            _ask(self.session, {}, "DELETE", seconds=20)

    def run(self, script: str, *args: Any) -> Any:
        """What a script returns in the page."""
        return self.ask("execute/sync", {"script": script, "args": list(args)})

    def cdp(self, command: str, seconds: float = 120, **params: Any) -> Any:
        """A command of Chromium's own protocol."""
        return self.ask("goog/cdp/execute", {"cmd": command, "params": params}, seconds=seconds)

    def click(self, css: str) -> None:
        self.ask(f"element/{self._element(css)}/click")

    def write(self, css: str, text: str) -> None:
        self.ask(f"element/{self._element(css)}/value", {"text": text})

    def press(self, *keys: str) -> None:
        """Keys held down together, in order, as the keyboard sends them to what has the focus: "Control", "Enter"."""
        values = [KEYS.get(key, key) for key in keys]
        actions = [{"type": "keyDown", "value": value} for value in values]
        actions += [{"type": "keyUp", "value": value} for value in reversed(values)]
        self.ask("actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def _element(self, css: str) -> str:
        return next(iter(self.ask("element", {"using": "css selector", "value": css}).values()))

    def log(self, kind: str) -> list[dict[str, Any]]:
        """What was logged since the last call: `browser` for the console, `performance` for requests and the like."""
        return self.ask("se/log", {"type": kind})

    def requests(self) -> list[str]:
        """The addresses beyond files that were asked for since the last call, blocked ones too."""
        messages = [json.loads(entry["message"])["message"] for entry in self.log("performance")]
        asked = [item["params"]["request"]["url"] for item in messages if item["method"] == "Network.requestWillBeSent"]
        return [address for address in asked if not address.startswith(LOCAL)]

    def look(self, width: int, height: int, dark: bool = False) -> None:
        """The size of the screen, and whether its owner likes the dark."""
        self.cdp(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.cdp("Emulation.setEmulatedMedia", features=[scheme])

    def shoot(self, to: Path, whole: bool = True) -> None:
        """A picture of the page, all of it or what fits the screen."""
        png = self.cdp("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        to.write_bytes(base64.b64decode(png["data"]))

    def print(self, to: Path) -> None:
        """The page as PDF."""
        pdf = self.cdp(
            "Page.printToPDF", printBackground=True, preferCSSPageSize=True, paperWidth=8.27, paperHeight=11.69
        )
        to.write_bytes(base64.b64decode(pdf["data"]))


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """A browser of its own, with a profile of its own; both are gone at the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profiles:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        driver = subprocess.Popen(["chromedriver", f"--port={port}"], **quiet)
        try:
            address = f"http://127.0.0.1:{port}"
            _await(f"{address}/status")
            browser = Browser("", lambda: _session(address, tempfile.mkdtemp(dir=profiles)))
            browser.session = browser.begin()
            try:
                yield browser
            finally:
                browser.end()
        finally:
            driver.terminate()
            driver.wait()


def _session(driver: str, profile: str) -> str:
    """The address of a new session, which is a new browser."""
    options = {
        "args": [*ARGUMENTS, f"--user-data-dir={profile}", "about:blank"],
        "binary": shutil.which("chromium"),
    }
    wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}
    session = _ask(f"{driver}/session", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]
    return f"{driver}/session/{session}"


def _await(address: str) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError):
            urllib.request.urlopen(address, timeout=5).close()
            return
        time.sleep(0.05)
    raise RuntimeError(f"chromedriver does not answer at {address}")


def _ask(address: str, data: dict[str, Any], method: str = "POST", seconds: float = 120) -> Any:
    content = json.dumps(data).encode() if method == "POST" else None
    request = urllib.request.Request(address, content, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=seconds) as reply:
            return json.load(reply)["value"]
    except urllib.error.HTTPError as error:
        why = json.load(error)["value"]
        is_gone = why["error"] == "invalid session id" or why["message"].startswith("tab crashed")
        raise (BrowserGoneError if is_gone else RuntimeError)(why["message"]) from None
