"""How long a student waits for the web page, in headless Chromium: `python tests/benchmarks/web_page.py SITE` of a released site.

The promises: the first load at most 10 MB compressed, a check in a moment. The lines are Chromium's own presets: what its
tools call Fast 4G and Slow 4G. They are held by the server, because Chromium's throttle does not reach workers; its throttle of
the processor slows the page's own thread, not the workers in which Python runs.
"""

import gzip
import sys
import threading
import time
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "web")]

from browser import chromium, missing  # noqa: E402
from driving import Student  # noqa: E402
from serving import Quiet  # noqa: E402

LINES = {"no limit": (0, 0.0, 1), "Fast 4G": (1_012_500, 0.165, 1), "Slow 4G, CPU ÷ 4": (180_000, 0.5625, 4)}
PIECE = 16 << 10
BODY = "return np.tril(np.ones((T, T), bool))"


class Line:
    """Bytes a second that all answers share, and seconds before each begins."""

    def __init__(self, rate: int, latency: float):
        self.rate, self.latency, self.sent, self.free = rate, latency, 0, 0.0
        self.lock = threading.Lock()

    def send(self, out, content: bytes) -> None:
        time.sleep(self.latency)
        for start in range(0, len(content), PIECE):
            piece = content[start : start + PIECE]
            with self.lock:
                self.sent += len(piece)
                self.free = max(self.free, time.monotonic()) + (len(piece) / self.rate if self.rate else 0)
                wait = self.free - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            out.write(piece)


class Handler(Quiet):
    """Files as a host sends them: compressed where that makes them smaller."""

    packed: dict[Path, tuple[bytes, bool]] = {}  # noqa: RUF012  of all requests

    def __init__(self, *args, line: Line, **options):
        self.line = line
        super().__init__(*args, **options)

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() else path
        if not path.is_file():
            self.send_error(404)
            return
        content, is_packed = self.packed.setdefault(path, pack(path))
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Length", str(len(content)))
        if is_packed:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.line.send(self.wfile, content)


def pack(path: Path) -> tuple[bytes, bool]:
    content = path.read_bytes()
    packed = gzip.compress(content, 6)
    return (packed, True) if len(packed) < 0.95 * len(content) else (content, False)


def visit(student: Student, line: Line, slower: int) -> list[str]:
    """Seconds until the exercise is shown, Python is ready and its first check is there; megabytes that came."""
    start, before = time.monotonic(), line.sent
    student.browser.cdp("Emulation.setCPUThrottlingRate", rate=slower)
    student.browser.open("about:blank")
    student.browser.open(f"{student.address}#/attention/causal_mask")
    student.until("document.body.dataset.screen === 'exercise'", seconds=120)
    shown = time.monotonic() - start
    if BODY not in student.written():
        student.answer("causal_mask", BODY)
    student.until("document.querySelector('.status').innerText === ''", seconds=300)
    ready, came = time.monotonic() - start, line.sent - before
    checks = []
    for _ in range(5):
        at = time.monotonic()
        student.check(120)
        checks.append(time.monotonic() - at)
    return [
        f"{shown:.1f} s",
        f"{ready:.1f} s",
        f"{checks[0]:.2f} s",
        f"{sorted(checks[1:])[1]:.2f} s",
        f"{came / 1e6:.2f} MB",
    ]


def main(site: Path) -> None:
    print("| line | visit | shown | Python ready | first check | a check | came |\n|---|---|--:|--:|--:|--:|--:|")
    for name, (rate, latency, slower) in LINES.items():
        line = Line(rate, latency)
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(site), line=line))
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with chromium() as browser:
            student = Student(browser, f"http://127.0.0.1:{server.server_address[1]}/")
            for which in ("first", "second"):
                print("|", " | ".join([name, which, *visit(student, line, slower)]), "|", flush=True)
        server.shutdown()


if __name__ == "__main__":
    if missing() or len(sys.argv) != 2:
        sys.exit(missing() or __doc__.splitlines()[0])
    main(Path(sys.argv[1]))
