"""Headless Firefox by WebDriver BiDi, which it speaks by itself: Debian's firefox-esr and the package websocket-client are enough."""

import contextlib
import itertools
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from browser import KEYS

PREFERENCES = {
    "app.update.disabledForTesting": True,
    "browser.download.folderList": 2,
    "browser.download.useDownloadDir": True,
    "browser.helperApps.neverAsk.saveToDisk": "application/zip,text/x-python,application/octet-stream",
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "remote.active-protocols": 1,
    "toolkit.telemetry.enabled": False,
}
SAID = "WebDriver BiDi listening on "


def missing() -> str:
    """Why there is no browser here, or empty."""
    if not any(map(shutil.which, ("firefox-esr", "firefox"))):
        return "needs Debian's package firefox-esr"
    try:
        import websocket  # noqa: F401
    except ImportError:
        return "needs the package websocket-client"
    return ""


class Firefox:
    """One page at a time, with the words of tests/browser.py's Browser that the page's tests use."""

    def __init__(self, socket: Any, downloads: Path):
        self.socket, self.downloads, self.numbers = socket, downloads, itertools.count(1)
        self.ask("session.new", capabilities={})
        self.context = self.ask("browsingContext.getTree")["contexts"][0]["context"]

    def ask(self, method: str, **params: Any) -> Any:
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            reply = json.loads(self.socket.recv())
            if reply.get("id") == number:
                if reply["type"] == "error":
                    raise RuntimeError(f"{method}: {reply['message']}")
                return reply["result"]

    def open(self, page: str) -> None:
        self.ask("browsingContext.navigate", context=self.context, url=page, wait="complete")

    def run(self, script: str, *args: Any) -> Any:
        """What a script returns in the page; a promise is waited for."""
        function = f"async (given) => JSON.stringify((await (function () {{ {script} }}).apply(null, JSON.parse(given))) ?? null)"
        given = [{"type": "string", "value": json.dumps(args)}]
        found = self.ask(
            "script.callFunction",
            functionDeclaration=function,
            awaitPromise=True,
            target={"context": self.context},
            arguments=given,
        )
        if found["type"] == "exception":
            raise RuntimeError(found["exceptionDetails"]["text"])
        return json.loads(found["result"]["value"])

    def press(self, *keys: str) -> None:
        """Keys held down together, in order, as the keyboard sends them to what has the focus: "Control", "Enter"."""
        values = [KEYS.get(key, key) for key in keys]
        actions = [{"type": "keyDown", "value": value} for value in values]
        actions += [{"type": "keyUp", "value": value} for value in reversed(values)]
        keyboard = {"type": "key", "id": "keyboard", "actions": actions}
        self.ask("input.performActions", context=self.context, actions=[keyboard])


@contextlib.contextmanager
def firefox() -> Iterator[Firefox]:
    """A browser of its own, with a profile of its own; both are gone at the end."""
    import websocket

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        profile, downloads = Path(folder, "profile"), Path(folder, "downloads")
        profile.mkdir()
        downloads.mkdir()
        wanted = PREFERENCES | {"browser.download.dir": str(downloads)}
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in wanted.items()]
        (profile / "user.js").write_text("\n".join(lines), encoding="utf-8")
        program = shutil.which("firefox-esr") or shutil.which("firefox")
        command = [program, "--headless", "--no-remote", "--profile", str(profile), "--remote-debugging-port", "0"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            address = next(line.partition(SAID)[2].strip() for line in process.stderr if SAID in line)
            socket = websocket.create_connection(f"{address}/session", suppress_origin=True, timeout=120)
            try:
                yield Firefox(socket, downloads)
            finally:
                socket.close()
        finally:
            process.terminate()
            process.wait()
            process.stderr.close()
