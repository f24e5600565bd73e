"""A control group for each worker, where the system delegates one to the grader: the kernel limits and counts its use.

`systemd-run --user --scope -p Delegate=yes grade class …` delegates one: systemd marks the group's folder with an
extended attribute and leaves its content to the processes in it. A group without the mark is not touched. Linux does
not allow processes in a group that has controllers for its children, so the grader first moves into a subgroup of its
own. Sources: the kernel's admin-guide/cgroup-v2, systemd's CGROUP_DELEGATION.
"""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from grader.sandbox.walls.limits import Limits

MOUNTED = "/sys/fs/cgroup"
MARKS = ("user.delegate", "trusted.delegate")  # written by a user's systemd and by root's
OWN = "grader"  # the subgroup for the processes that were in the group before
CONTROLLERS = ("memory", "pids")


@dataclass(frozen=True)
class Groups:
    """The folder (an open descriptor) for the groups of a fork server's workers, whose names start with `prefix`."""

    folder: int
    prefix: str

    def enter(self, number: int, limits: Limits) -> None:
        """Create the group for worker `number`, set its limits, and move this process into it. Raises OSError."""
        name = f"{self.prefix}-{number}"
        os.mkdir(name, dir_fd=self.folder)
        self._write(f"{name}/pids.max", str(limits.threads))
        if limits.memory:
            self._write(f"{name}/memory.max", str(limits.memory))
            with contextlib.suppress(OSError):  # kernels without swap accounting lack the file
                self._write(f"{name}/memory.swap.max", "0")
        self._write(f"{name}/cgroup.procs", "0")

    def leave(self, number: int) -> bool:
        """Remove the group of a worker that has ended; returns whether the kernel killed it for its memory."""
        name, was_short = f"{self.prefix}-{number}", False
        with contextlib.suppress(OSError, ValueError):
            events = dict(line.split() for line in self._read(f"{name}/memory.events").splitlines())
            was_short = int(events["oom_kill"]) > 0
        with contextlib.suppress(OSError):
            os.rmdir(name, dir_fd=self.folder)
        return was_short

    def _write(self, file: str, text: str) -> None:
        descriptor = os.open(file, os.O_WRONLY | os.O_CLOEXEC, dir_fd=self.folder)
        try:
            os.write(descriptor, text.encode())
        finally:
            os.close(descriptor)

    def _read(self, file: str) -> str:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self.folder)
        try:
            return os.read(descriptor, 1 << 12).decode()
        finally:
            os.close(descriptor)


def delegated(membership: str, mounted: str = MOUNTED) -> Groups | None:
    """The groups that this process may create, given the text of /proc/self/cgroup; None if none is delegated."""
    path = next((line[3:] for line in membership.splitlines() if line.startswith("0::/")), None)
    if path is None:
        return None
    folder = Path(mounted + path)
    if folder.name == OWN and not _is_marked(folder):
        folder = folder.parent
    try:
        if not _is_marked(folder) or not set(CONTROLLERS) <= set((folder / "cgroup.controllers").read_text().split()):
            return None
        _make_room(folder)
        return Groups(os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC), f"worker-{os.getpid()}")
    except OSError:  # not usable after all; the other layers remain
        return None


def _is_marked(folder: Path) -> bool:
    for mark in MARKS:
        with contextlib.suppress(OSError, AttributeError):  # no such attribute, or no attributes at all
            if os.getxattr(folder, mark) == b"1":
                return True
    return False


def _make_room(folder: Path) -> None:
    """Move all processes of a group into a subgroup, and enable the controllers for its subgroups."""
    (folder / OWN).mkdir(exist_ok=True)
    for pid in (folder / "cgroup.procs").read_text().split():
        with contextlib.suppress(ProcessLookupError):  # it has ended
            (folder / OWN / "cgroup.procs").write_text(pid)
    (folder / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in CONTROLLERS))
