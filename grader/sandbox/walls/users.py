"""A separate user for each worker, where possible, because the kernel counts threads per user and never counts root's.

Root takes numbers that no system gives to anybody. Anybody else has them in a user namespace, if an administrator gave
them subordinate numbers (/etc/subuid, /etc/subgid) and the tools of the package uidmap are there. Where there are none, a
worker stays the user that its grader is.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

NOBODY = 65534  # what the grader's user is called in a namespace
FIRST = 1_900_000_000  # in the range that systemd's table of users and groups calls unused
SPAN = 1 << 16
INSIDE = 100_000  # where the workers' numbers begin in a namespace
READ_EVERYTHING = 2  # CAP_DAC_READ_SEARCH

Lines = tuple[tuple[int, int, int], ...]  # of a map: first number inside, first outside, how many


@dataclass(frozen=True)
class Users:
    """Numbers for workers, from `first` on, `count` of them: users and groups alike. None is 0 of them."""

    first: int = 0
    count: int = 0

    def of(self, number: int) -> int:
        """The user of a worker with this process number; 0 where it stays who it is."""
        return self.first + number % self.count if self.count else 0


def spare(uid: int, mapped: str) -> Users:
    """The numbers that this user may take without a namespace, by /proc/self/uid_map: root's alone."""
    if uid != 0:
        return Users()
    ranges = [tuple(map(int, line.split())) for line in mapped.splitlines()]
    for first, _, count in ranges:
        if first <= FIRST and first + count >= FIRST + SPAN:
            return Users(FIRST, SPAN)
    first, _, count = max(ranges, key=lambda line: line[2])  # a container's: the last of those that it was given
    return Users(first + count - count // 2, count // 2) if count > 2 else Users()


def subordinate(text: str, uid: int, name: str) -> Users:
    """The first range that /etc/subuid or /etc/subgid gives a user, by number or name."""
    for line in text.splitlines():
        owner, _, span = line.partition(":")
        first, _, count = span.partition(":")
        if owner in (str(uid), name) and first.isdigit() and count.strip().isdigit() and int(count) > 0:
            return Users(int(first), min(int(count), SPAN))
    return Users()


@contextlib.contextmanager
def mapping() -> Iterator[list[Users]]:
    """Around the entry into a user namespace: a process that stays outside maps its numbers, as only it may do.

    On leaving, the list holds the workers' numbers, as the namespace calls them, if there are any.
    """
    uid, gid, pid, found = os.getuid(), os.getgid(), os.getpid(), []
    outside = _outside(uid)
    if not min(users.count for users in outside):
        yield found
        return _map_itself(uid, gid)
    entered, enter = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(enter)
        done = os.read(entered, 1) and _is_mapped(pid, uid, gid, outside)
        os._exit(0 if done else 1)
    os.close(entered)
    try:
        yield found
        os.write(enter, b".")
    finally:
        os.close(enter)
        _, status = os.waitpid(child, 0)
    if status == 0:
        found.append(Users(INSIDE, min(users.count for users in outside)))
    else:
        _map_itself(uid, gid)


def _map_itself(uid: int, gid: int) -> None:
    """The one user and group that a process may map for itself: its own."""
    for file, text in (("setgroups", "deny"), ("uid_map", f"{NOBODY} {uid} 1"), ("gid_map", f"{NOBODY} {gid} 1")):
        Path(f"/proc/self/{file}").write_text(text)


def _outside(uid: int) -> tuple[Users, Users]:
    """The users and groups that can be mapped into a namespace."""
    if uid == 0:
        return tuple(spare(0, Path(f"/proc/self/{kind}_map").read_text()) for kind in ("uid", "gid"))
    import pwd

    found = []
    for file in ("/etc/subuid", "/etc/subgid"):
        try:
            found.append(subordinate(Path(file).read_text(), uid, pwd.getpwuid(uid).pw_name))
        except (OSError, KeyError, UnicodeDecodeError):
            found.append(Users())
    return tuple(found)


def _is_mapped(pid: int, uid: int, gid: int, outside: tuple[Users, Users]) -> bool:
    """Give a process's new namespace its two ranges: the grader's user, and the workers'. Whether that could be done."""
    count = min(users.count for users in outside)
    for kind, own, users in zip(("uid", "gid"), (uid, gid), outside, strict=True):
        lines = (NOBODY, own, 1), (INSIDE, users.first, count)
        if not (_write_map(pid, kind, lines) if uid == 0 else _call_tool(pid, kind, lines)):
            return False
    return True


def _write_map(pid: int, kind: str, lines: Lines) -> bool:
    try:
        Path(f"/proc/{pid}/{kind}_map").write_text("".join("{} {} {}\n".format(*line) for line in lines))
    except OSError:
        return False
    return True


def _call_tool(pid: int, kind: str, lines: Lines) -> bool:
    """Have newuidmap or newgidmap do it: they have the right that a user lacks, and look into /etc/subuid themselves."""
    import subprocess  # takes longer to load than all else here

    numbers = [str(number) for line in lines for number in line]
    try:
        subprocess.run([f"new{kind}map", str(pid), *numbers], check=True, capture_output=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def become(user: int) -> None:
    """Be this user and group, with no other group. Rights of root's stay until they are dropped."""
    from grader.sandbox.walls import kernel

    kernel.keep_capabilities()
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    kernel.be_dumpable()  # its own /proc is its own again


def needed_rights(paths: tuple[str, ...], is_open_above: bool) -> tuple[int, ...]:
    """What another user needs to read these folders and what lies in them: no right, where everybody may.

    `is_open_above` is for a root of its own, in which the folders above these are everybody's.
    """
    wanted = dict.fromkeys(paths, 0o005)
    wanted |= {file: 0o004 for name in ("os", "numpy") if (file := getattr(sys.modules.get(name), "__file__", ""))}
    if not is_open_above:
        wanted |= {str(folder): 0o001 for path in paths for folder in Path(path).parents}
    is_closed = any(os.stat(path).st_mode & mode != mode for path, mode in wanted.items())
    return (READ_EVERYTHING,) if is_closed else ()
