"""`grade doctor`: what this machine can do, and the command that fixes each shortcoming."""

import importlib.metadata
import os
import platform
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.text import Text

from grader.commands.courses import open_course, the_course
from grader.commands.support import write_report
from grader.frozen import frozen
from grader.render.terminal import WIDTH, indented, make_console
from grader.sandbox.server import Sandbox
from grader.sandbox.walls.limits import cores
from grader.version import __version__

HOLDS = {
    "namespaces": "submissions see the interpreter and the allowed packages and nothing else of this machine: no files, "
    "no network, no other process",
    "landlock": "the kernel refuses submissions every file but the interpreter's, and sockets and processes",
    "seccomp": "submissions have no sockets and start no processes, but they can read your files",
    "process": "submissions run in a process of their own with limits on time and memory, which guards against accidents "
    "only; do not mark strangers' code here",
}
UNCOUNTED = "a submission's threads are not limited: root is the only user here, and Linux does not count root's"
PACKAGES = ("numpy", "click", "rich", "torch", "nbgrader")
EXTRAS = ("torch", "nbgrader")


@frozen
class Line:
    """One line of the report: what was checked, the result, and how to fix it (empty if nothing is wrong)."""

    name: str
    text: str
    mend: str = ""


def doctor(sandbox: Sandbox, course_dir: str | None, report: str | None = None, code: Sequence[str] = ()) -> int:
    """Check the machine and print the result, or write it to a file for a teacher; returns the exit status.

    `code` are units whose files go into the report.
    """
    console = make_console()
    if report:
        found = open_course(course_dir)
        files = [the_course(course_dir).assignment(the_course(course_dir).resolve(unit)[0]) for unit in code]
        lines = [(line.name, line.text) for line in (*isolation(sandbox), *software(), *machine(), course(course_dir))]
        console.print(Text(write_report(report, lines, found and found.root, files, os.environ)), soft_wrap=True)
        return 0
    width = min(console.width, WIDTH)
    for line in (*isolation(sandbox), *software(), *machine(), course(course_dir)):
        console.print(indented(Text(line.text), 14, width, Text(line.name.ljust(12), "bold")))
        if line.mend:
            console.print(indented(Text(line.mend), 16, width, Text("→", "bold")))
    return 0


def isolation(sandbox: Sandbox) -> Iterator[Line]:
    """The isolation level that works, and for each stronger one why it does not work and what to do."""
    yield Line("isolation", f"{sandbox.level}: {HOLDS[sandbox.level]}")
    for level, reason in sandbox.reasons.items():
        yield Line("", f"not {level}: {reason}", mend(level, Path("/")))
    if not sandbox.counts_threads:
        yield Line(
            "",
            UNCOUNTED,
            "Run it as another user, or in a control group of its own; the manual's page on isolation says how.",
        )


def mend(level: str, root: Path) -> str:
    """What an administrator can do to make a level work. `root` is where the system's files are."""
    if not sys.platform.startswith("linux"):
        return "Mark on Linux, or in a Linux container or virtual machine; checking your own work is fine here."
    if level == "namespaces":
        if (root / ".dockerenv").exists() or (root / "run/.containerenv").exists():
            return "Start the container with --security-opt seccomp=unconfined --security-opt apparmor=unconfined."
        for setting, off, command in SETTINGS:
            if _read(root / "proc/sys" / setting) == off:
                return f"An administrator can allow it: sudo sysctl {command}"
        return "Ask an administrator whether user namespaces are switched off here."
    if level == "landlock":
        return "It takes Linux 5.13 or later, with landlock in the list of the boot parameter lsm=."
    return "It takes a kernel with seccomp filters, on x86_64 or aarch64."


SETTINGS = (
    ("user/max_user_namespaces", "0", "user.max_user_namespaces=15000"),
    ("kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone=1"),
    ("kernel/apparmor_restrict_unprivileged_userns", "1", "kernel.apparmor_restrict_unprivileged_userns=0"),
)


def software() -> Iterator[Line]:
    """Python, the packages, and CUDA if PyTorch is installed."""
    python = f"{platform.python_version()} ({platform.system()} {platform.release()}, {platform.machine()})"
    fits = (3, 11) <= sys.version_info[:2] <= (3, 13)
    yield Line("python", python, "" if fits else "The grader is tested on Python 3.11 to 3.13.")
    found = {name: _version(name) for name in PACKAGES}
    yield Line("packages", f"grader {__version__}, " + ", ".join(f"{name} {v}" for name, v in found.items() if v))
    for name in EXTRAS:
        if not found[name]:
            yield Line("", f"no {name}; NumPy units do not need it", _install(name))
    yield Line("cuda", _cuda() if found["torch"] else "not asked: that takes torch")


def _install(extra: str) -> str:
    """What installs an extra: from the clone that the grader lies in, or the package."""
    is_clone = (Path(__file__).parents[2] / "constraints.txt").is_file()
    return f"pip install -c constraints.txt -e '.[{extra}]'" if is_clone else f'pip install "deep-grade[{extra}]"'


def machine() -> Iterator[Line]:
    """Cores and memory."""
    yield Line("cores", str(cores()))
    meminfo = dict(line.split(":", 1) for line in _read(Path("/proc/meminfo")).splitlines() if ":" in line)
    if "MemAvailable" in meminfo:
        free, total = (int(meminfo[name].split()[0]) / 2**20 for name in ("MemAvailable", "MemTotal"))
        tight = "A worker may take 2 GB; close something, or expect `memory` findings." if free < 3 else ""
        yield Line("memory", f"{free:.1f} GB free of {total:.1f} GB", tight)


def course(course_dir: str | None) -> Line:
    found = open_course(course_dir)
    if found is None:
        return Line("course", "none here", "Go into a course's folder, or name it with --course DIR.")
    return Line("course", f"{found.root}: {', '.join(found.units)}")


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _cuda() -> str:
    import torch

    if not torch.cuda.is_available():
        return "not available to torch"
    names = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
    return ", ".join(names)


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
