"""Which system calls workers really make, and which of them the filter refuses: `python tests/sandbox/walls/seen_calls.py [COMMAND …]`.

Run by hand, with strace installed, when the list in grader/sandbox/walls/syscalls.py is looked at again. Without a command the course's
solutions are graded, with PyTorch and the training runs. It prints each call with its count, a star where it is not on the list,
and, of calls that are allowed by their arguments, the commands.
"""

import collections
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))
from grader.sandbox.walls import syscalls  # noqa: E402

SHUT_IN = "prctl(PR_SET_SECCOMP"  # from here on a process is a worker
CALL = re.compile(r"^(\w+)\((.*)")
COMMANDS = {"fcntl": 1, "ioctl": 1, "prctl": 0, "arch_prctl": 0, "mmap": 3}
STRACE = ("strace", "-ff", "-qq", "--signal=none")


def main(command: list[str]) -> int:
    """Run a command under strace and print what its workers called."""
    seen: collections.Counter[tuple[str, str]] = collections.Counter()
    refused: collections.Counter[str] = collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([*STRACE, "-o", f"{folder}/trace", *command], cwd=ROOT, check=False)
        for path in Path(folder).iterdir():
            for line in worker_s_part(path.read_text(errors="replace")):
                if found := CALL.match(line):
                    name, arguments = found.groups()
                    place = COMMANDS.get(name)
                    seen[name, arguments.split(", ")[place].split(")")[0] if place is not None else ""] += 1
                    refused[name] += "EPERM" in line or "ENOSYS" in line
    listed = {*syscalls.ALLOWED, *COMMANDS, "clone", "kill", "tgkill", "prlimit64"}
    for (name, argument), count in sorted(seen.items()):
        print(f"{count:9}  {' ' if name in listed else '*'} {name} {argument}")
    for name, count in sorted(refused.items()):
        if count:
            print(f"{count:9}  refused  {name}")
    return 0 if seen else 1


def worker_s_part(text: str) -> list[str]:
    """The lines that a worker or a thread of one wrote; none of the grader's and the fork server's."""
    if SHUT_IN in text:
        return text[text.index(SHUT_IN) :].splitlines()[1:]
    return [] if any(word in text for word in ("execve(", "unshare(", "mount(")) else text.splitlines()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or [sys.executable, "cli.py", "solutions"]))
