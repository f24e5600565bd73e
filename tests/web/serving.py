"""A plain static file server, as any host is, on a port of its own."""

import contextlib
import functools
import http.server
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

SUB = "some/where"  # sites seldom have a host of their own


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Python's own, without a line for each request; what `slow` names does not come as long as it is there."""

    slow: ClassVar[set[str]] = set()

    def do_GET(self):
        while self.path.split("?")[0].removeprefix(f"/{SUB}/") in self.slow:
            time.sleep(0.05)
        super().do_GET()

    def end_headers(self):
        # else a browser asks for some files again and for some not, by their age
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, *args):
        pass


class Server:
    """Serves a folder, may be away for a while, and comes back on the same port."""

    def __init__(self, folder: Path):
        self.folder, self.port, self.server = folder, 0, None
        self.start()

    def start(self) -> None:
        handler = functools.partial(Quiet, directory=str(self.folder))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @contextlib.contextmanager
    def slowly(self, *paths: str) -> Iterator[None]:
        """Within it, these files of the site are on their way and do not arrive."""
        Quiet.slow = set(paths)
        try:
            yield
        finally:
            Quiet.slow = set()

    def stop(self) -> None:
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def address(self) -> str:
        return f"{self.origin}/{SUB}/"


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[Server]:
    server = Server(folder)
    try:
        yield server
    finally:
        server.stop()
