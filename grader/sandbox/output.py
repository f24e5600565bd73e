"""Read what a worker prints without blocking: from a pipe, or with a thread where pipes cannot be polled."""

import contextlib
import os
import queue
import threading
from typing import BinaryIO

CHUNK = 1 << 16
ON_ITS_WAY = 0.005  # seconds by which printed output may arrive after an answer that was sent later


class Pipe:
    """The reading end of a pipe, for systems where pipes and sockets can be polled together."""

    def __init__(self, descriptor: int):
        self.descriptor = descriptor
        os.set_blocking(descriptor, False)

    def read(self) -> bytes | None:
        """The next bytes; None if there are none now, empty at the end."""
        try:
            return os.read(self.descriptor, CHUNK)
        except BlockingIOError:
            return None

    def close(self) -> None:
        os.close(self.descriptor)


class Pumped:
    """A pipe that a thread reads, for systems whose pipes can neither be polled nor read without blocking.

    The queue is bounded: a worker that prints too much is blocked and takes no memory here.
    """

    descriptor = -1

    def __init__(self, stream: BinaryIO):
        self._parts: queue.Queue[bytes] = queue.Queue(64)
        self._stream = stream
        self._is_closed = False
        threading.Thread(target=self._pump, daemon=True).start()

    def read(self) -> bytes | None:
        """The next bytes; None if there are none now, empty at the end."""
        try:
            return self._parts.get(timeout=ON_ITS_WAY)
        except queue.Empty:
            return None

    def close(self) -> None:
        self._is_closed = True
        with contextlib.suppress(queue.Empty):
            while True:
                self._parts.get_nowait()  # so that a thread waiting for room can go on and end

    def _pump(self) -> None:
        with contextlib.suppress(OSError, ValueError), self._stream:
            while part := os.read(self._stream.fileno(), CHUNK):
                if self._is_closed:
                    return
                self._parts.put(part)
        self._parts.put(b"")
