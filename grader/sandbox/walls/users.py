"""A separate user for each worker, where possible, because the kernel counts threads per user and never counts root's.

Root uses user numbers that no system assigns. Any other user has spare numbers in a user namespace, if an administrator
has assigned subordinate ones (/etc/subuid, /etc/subgid) and the tools of the package uidmap are installed. Otherwise
workers run as the grader's user.
"""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

NOBODY = 65534  # the number of the grader's user in a namespace
FIRST = 1_900_000_000  # in a range that systemd's table of users and groups lists as unused
SPAN = 1 << 16
INSIDE = 100_000  # the first number for workers in a namespace
READ_EVERYTHING = 2  # CAP_DAC_READ_SEARCH

Lines = tuple[tuple[int, int, int], ...]  # of a uid_map: first number inside, first outside, how many


@dataclass(frozen=True)
class Users:
    """The `count` user and group numbers for workers, starting at `first`. A count of 0 means that there are none."""

    first: int = 0
    count: int = 0

    def of(self, number: int) -> int:
        """The user for a worker with this process number; 0 if it keeps the grader's user."""
        return self.first + number % self.count if self.count else 0


def spare(uid: int, mapped: str) -> Users:
    """The numbers that root can use without a namespace, given the text of /proc/self/uid_map; none for others."""
    if uid != 0:
        return Users()
    ranges = [tuple(map(int, line.split())) for line in mapped.splitlines()]
    for first, _, count in ranges:
        if first <= FIRST and first + count >= FIRST + SPAN:
            return Users(FIRST, SPAN)
    first, _, count = max(ranges, key=lambda line: line[2])  # in a container: the last of the numbers it was given
    return Users(first + count - count // 2, count // 2) if count > 2 else Users()


def subordinate(text: str, uid: int, name: str) -> Users:
    """The first range that the text of /etc/subuid or /etc/subgid assigns to a user, listed by number or name."""
    for line in text.splitlines():
        owner, _, span = line.partition(":")
        first, _, count = span.partition(":")
        if owner in (str(uid), name) and first.isdigit() and count.strip().isdigit() and int(count) > 0:
            return Users(int(first), min(int(count), SPAN))
    return Users()


@dataclass(frozen=True)
class Mapper:
    """A process that stays outside a user namespace and maps the numbers of the one that enters it, as only it may do.

    `child` is 0 where there are no numbers for workers: then the one that entered maps itself. `uid` and `gid` are those from
    before, as the namespace no longer knows them.
    """

    uid: int
    gid: int
    count: int = 0
    child: int = 0
    enter: int = -1

    def map(self) -> Users:
        """To be called in the new namespace: the workers' numbers, as the namespace calls them, if there are any."""
        if self.child:
            with open(self.enter, "wb", buffering=0) as entered:
                entered.write(b".")
            _, status = os.waitpid(self.child, 0)
            if status == 0:
                return Users(INSIDE, self.count)
        _map_itself(self.uid, self.gid)
        return Users()


def stand_by() -> Mapper:
    """Start what maps, while this process is small: a fork copies the tables of all that a process holds."""
    uid, gid, pid = os.getuid(), os.getgid(), os.getpid()
    outside = _outside(uid)
    if not (count := min(users.count for users in outside)):
        return Mapper(uid, gid)
    entered, enter = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(enter)
        done = os.read(entered, 1) and _is_mapped(pid, uid, gid, outside)  # nothing to read: it ended before it entered
        os._exit(0 if done else 1)
    os.close(entered)
    return Mapper(uid, gid, count, child, enter)


def _map_itself(uid: int, gid: int) -> None:
    """Map only its own user and group, which a process may do for itself."""
    for file, text in (("setgroups", "deny"), ("uid_map", f"{NOBODY} {uid} 1"), ("gid_map", f"{NOBODY} {gid} 1")):
        Path(f"/proc/self/{file}").write_text(text)


def _outside(uid: int) -> tuple[Users, Users]:
    """The user and group numbers outside that can be mapped into a namespace."""
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
    """Map the grader's user and the workers' numbers into a process's new namespace; whether that worked."""
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
    """Let newuidmap or newgidmap write the map: they have the privilege, and check /etc/subuid themselves."""
    import subprocess  # late: it is the slowest import here

    numbers = [str(number) for line in lines for number in line]
    try:
        subprocess.run([f"new{kind}map", str(pid), *numbers], check=True, capture_output=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def become(user: int) -> None:
    """Change to this user and group, with no other groups. Capabilities stay until they are dropped."""
    from grader.sandbox.walls import kernel

    kernel.keep_capabilities()
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    kernel.be_dumpable()  # its /proc entries belong to it again


def needed_rights(paths: tuple[str, ...], is_open_above: bool) -> tuple[int, ...]:
    """The capabilities that another user needs to read these folders; none if everybody can read them.

    `is_open_above` means that the folders above them are accessible, as in a root built for the workers.
    """
    wanted = dict.fromkeys(paths, 0o005)
    wanted |= {file: 0o004 for name in ("os", "numpy") if (file := getattr(sys.modules.get(name), "__file__", ""))}
    if not is_open_above:
        wanted |= {str(folder): 0o001 for path in paths for folder in Path(path).parents}
    is_closed = any(os.stat(path).st_mode & mode != mode for path, mode in wanted.items())
    return (READ_EVERYTHING,) if is_closed else ()
