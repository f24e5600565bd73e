"""The browser of the tests: one that its machine has ended costs no test but its own."""

import os
import signal

import browser
import leftovers
import pytest

pytestmark = pytest.mark.skipif(bool(browser.missing()), reason=browser.missing() or "there is a browser")


def test_a_browser_that_has_ended_is_told_from_a_page_that_fails_and_another_takes_its_place(tmp_path):
    page = tmp_path / "page.html"
    page.write_text("<title>here</title>")
    before = leftovers.descendants(os.getpid())
    with browser.chromium() as chrome:
        with pytest.raises(RuntimeError, match="javascript error") as failed:
            chrome.run("throw new Error('the page')")
        assert not isinstance(failed.value, browser.BrowserGoneError)
        for pid in leftovers.descendants(os.getpid()) - before:
            if "chromedriver" not in leftovers.command(pid):
                os.kill(pid, signal.SIGKILL)
        with pytest.raises(browser.BrowserGoneError):
            chrome.open(page)
        chrome.blank()
        chrome.open(page)
        assert chrome.run("return document.title") == "here"
