"""What a student does in the page, for any browser that can `open` an address, `run` a script and `press` a key with Ctrl."""

import time
from typing import Any

# The editor's own object: what CodeMirror keeps at its element.
VIEW = "const view = document.querySelector(arguments[0] + ' .cm-content').cmTile.view;"


class Student:
    """Somebody before a browser. `browser` is tests/browser.py's or firefox.py's."""

    def __init__(self, browser: Any, address: str):
        self.browser, self.address = browser, address

    def run(self, script: str, *args: Any) -> Any:
        """What a script returns in the page; a promise is waited for."""
        return self.browser.run(script, *args)

    def until(self, condition: str, *args: Any, seconds: float = 60) -> Any:
        """Wait for an expression to be true in the page."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := self.run(f"return {condition}", *args):
                return found
            time.sleep(0.05)
        raise AssertionError(f"not in {seconds} s: {condition} {args}; the page says: {self.text('body')[:2000]}")

    def go(self, place: str = "") -> None:
        """Open a place of the page and wait until it is shown."""
        self.browser.open("about:blank")
        self.browser.open(f"{self.address}#/{place}")
        self.shown(place)

    def shown(self, place: str) -> None:
        kind = ("overview", "unit", "exercise")[len([part for part in place.split("/") if part])]
        self.until("document.body.dataset.screen === arguments[0]", kind)

    def reload(self, place: str) -> None:
        """Load the page anew, at a place."""
        script = "document.body.dataset.before = 'a reload'; location.hash = arguments[0]; location.reload()"
        self.run(script, f"#/{place}")
        self.until("!document.body?.dataset.before")  # what is pressed in the page before is lost with it
        self.shown(place)

    def text(self, css: str) -> str:
        return self.run("return document.querySelector(arguments[0])?.innerText ?? ''", css)

    def click(self, words: str, within: str = "body") -> None:
        """Press the button or follow the link that says these words, or begins with them."""
        script = """
            const all = [...document.querySelectorAll(arguments[1] + " :is(button, a, summary)")].filter(each => each.checkVisibility());
            const found = all.find(each => each.textContent.trim() === arguments[0]) ?? all.find(each => each.textContent.trim().startsWith(arguments[0]));
            found?.click();
            return Boolean(found)"""
        assert self.run(script, words, within), f"no button {words!r} in {self.text(within)[:1000]}"

    def written(self, css: str = ".editor") -> str:
        return self.run(f"{VIEW} return view.state.doc.toString()", css)

    def write(self, text: str, css: str = ".editor") -> None:
        """Put a text in the editor's place, as a paste does."""
        self.run(
            f"""{VIEW} view.focus();
            view.dispatch({{selection: {{anchor: 0, head: view.state.doc.length}}}});
            document.execCommand("insertText", false, arguments[1]);
            if (view.state.doc.toString() !== arguments[1])
                view.dispatch({{changes: {{from: 0, to: view.state.doc.length, insert: arguments[1]}}, userEvent: "input.paste"}})""",
            css,
            text,
        )

    def answer(self, name: str, body: str) -> None:
        """Write the body of a function, in place of what its stub raises."""
        text = self.written()
        start = text.index("raise NotImplementedError", text.index(f"def {name}("))
        self.write(text[:start] + body + text[start + len("raise NotImplementedError") :])

    def check(self, seconds: float = 20) -> str:
        """Press Check and give the report's text."""
        self.run("document.querySelector('.verdict-place').replaceChildren()")
        self.click("Check", ".toolbar")
        self.until("document.querySelector('.verdict-place').childElementCount", seconds=seconds)
        self.until("!document.querySelector('.verdict-place').ariaBusy", seconds=seconds)
        return self.text(".verdict-place")

    def saved(self) -> None:
        """Wait until what was written is in the browser's storage."""
        self.until("document.getElementById('saved').textContent.startsWith('Saved')")
        time.sleep(0.4)

    def settled(self) -> None:
        """Wait until the page is kept for working offline."""
        self.until("Boolean(navigator.serviceWorker.controller)")
        script = "return (async () => { for (const name of await caches.keys()) if (await (await caches.open(name)).match(arguments[0])) return true; return false })()"
        end = time.monotonic() + 30
        while not self.run(script, f"{self.address}site.json"):
            assert time.monotonic() < end
            time.sleep(0.05)
