"""Measure from outside what a worker writes to files, where no size-limited file system bounds it."""

import os
from dataclasses import dataclass

from grader.sandbox.walls.limits import Limits


@dataclass(frozen=True)
class Meter:
    """Measures one worker: `pid` is its process number on this machine, `folder` the folder in which it may write."""

    pid: int
    folder: str
    limits: Limits

    def excess(self) -> str:
        """A clause if the worker has written too much; empty if it has not or the system does not tell."""
        if self._written() > self.limits.written:
            return f"it wrote more than {self.limits.written >> 20} MB to files"
        if self._has_too_many():
            return f"it made more than {self.limits.files:,} files"
        return ""

    def _written(self) -> int:
        """Bytes written: the larger of the kernel's counts for write calls, less what may be printed, and for pages."""
        try:
            with open(f"/proc/{self.pid}/io") as file:
                counts = dict(line.split(": ") for line in file.read().splitlines())
        except (OSError, ValueError):
            return 0
        return max(int(counts["wchar"]) - self.limits.output_flood, int(counts["write_bytes"]))

    def _has_too_many(self) -> bool:
        """Whether the folder holds more files and folders than allowed; counting stops there."""
        left, waiting = self.limits.files, [self.folder]
        while waiting and left >= 0:
            try:
                with os.scandir(waiting.pop()) as entries:
                    for entry in entries:
                        left -= 1
                        if left < 0:
                            break
                        if entry.is_dir(follow_symlinks=False):
                            waiting.append(entry.path)
            except OSError:
                continue  # it has just gone, or the worker closed it; the next look sees it
        return left < 0
