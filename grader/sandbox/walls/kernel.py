"""Linux system calls that Python 3.11 has no name for, each a small function that raises OSError. Sources: the man pages
unshare(2), mount(2), mount_setattr(2), pivot_root(2), prctl(2), capset(2), landlock(7), seccomp(2)."""

import ctypes
import os
import struct
from collections.abc import Iterable

LIBC = ctypes.CDLL(None, use_errno=True)

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
MNT_DETACH = 2
MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID = 1, 2
AT_FDCWD, AT_RECURSIVE = -100, 0x8000
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_KEEPCAPS, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 4, 8, 22, 38
SECCOMP_MODE_FILTER = 2
CAPABILITY_VERSION_3 = 0x20080522

# The same numbers on all supported architectures: these calls were added after the tables were unified.
SYS_MOUNT_SETATTR, SYS_LANDLOCK_CREATE, SYS_LANDLOCK_ADD, SYS_LANDLOCK_RESTRICT = 442, 444, 445, 446
SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
SYS_CAPSET = {"x86_64": 126, "aarch64": 91}

# Landlock's access rights for files, by bit, and the interface version that introduced each group.
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
ACCESS_OF_ABI = {1: (1 << 13) - 1, 2: 1 << 13, 3: 1 << 14, 5: 1 << 15}
READ = READ_FILE | READ_DIR
NET_ALL, SCOPE_ALL = 0b11, 0b11


def unshare(flags: int) -> None:
    _check("unshare", LIBC.unshare(flags))


def setns(fd: int, kind: int) -> None:
    _check("setns", LIBC.setns(fd, kind))


def mount(source: str | None, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    encoded = (text.encode() if text is not None else None for text in (source, target, kind))
    _check(f"mount {target}", LIBC.mount(*encoded, ctypes.c_ulong(flags), data.encode() if data else None))


def make_read_only(target: str) -> None:
    """Make the mount at `target` and all mounts below it read-only, and their set-uid bits ineffective."""
    attributes = struct.pack("<QQQQ", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, 0, 0, 0)
    arguments = (AT_FDCWD, target.encode(), AT_RECURSIVE, attributes, ctypes.c_size_t(len(attributes)))
    _check("mount_setattr", LIBC.syscall(SYS_MOUNT_SETATTR, *arguments))


def change_root(root: str) -> None:
    """Make `root` the root of this process and unmount the old one."""
    os.chdir(root)
    _check("pivot_root", LIBC.syscall(SYS_PIVOT_ROOT[os.uname().machine], b".", b"."))
    _check("umount2", LIBC.umount2(b".", MNT_DETACH))
    os.chdir("/")


def no_new_privileges() -> None:
    _check("prctl", LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))


def die_with_parent(signal: int) -> None:
    _check("prctl", LIBC.prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0))


def keep_capabilities() -> None:
    """Keep root's capabilities across the next change of user; call `drop_capabilities` afterwards."""
    _check("prctl", LIBC.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0))


def be_dumpable() -> None:
    """Give this process's /proc entries back to its user; needed after a change of user."""
    _check("prctl", LIBC.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0))


def drop_capabilities(keep: Iterable[int] = ()) -> None:
    """Drop all capabilities except those in `keep`, given by their numbers (below 32)."""
    header, kept = struct.pack("<Ii", CAPABILITY_VERSION_3, 0), sum(1 << number for number in keep)
    data = struct.pack("<6I", kept, kept, 0, 0, 0, 0)  # effective, permitted, inheritable; then those above 31
    _check("capset", LIBC.syscall(SYS_CAPSET[os.uname().machine], header, data))


def install_filter(program: bytes) -> None:
    """Install a seccomp filter (an array of struct sock_filter) on this process, irrevocably."""
    buffer = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    _check("seccomp", LIBC.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header, 0, 0))


def landlock_version() -> int:
    """The kernel's Landlock interface version; 0 if it has no Landlock."""
    return max(LIBC.syscall(SYS_LANDLOCK_CREATE, None, ctypes.c_size_t(0), 1), 0)


def landlock_rules(readable: Iterable[str], writable: Iterable[str]) -> int:
    """Create a Landlock ruleset and return its descriptor: read below some paths, read and write below others.

    All other files are refused, and so are TCP and signals to outside processes if the kernel supports that.
    """
    version = landlock_version()
    if not version:
        raise OSError("this kernel has no Landlock")
    everything = sum(bits for since, bits in ACCESS_OF_ABI.items() if since <= version)
    attributes = struct.pack("<QQQ", everything, NET_ALL, SCOPE_ALL)[: 8 if version < 4 else 16 if version < 6 else 24]
    rules = LIBC.syscall(SYS_LANDLOCK_CREATE, attributes, ctypes.c_size_t(len(attributes)), 0)
    _check("landlock_create_ruleset", rules)
    for path in readable:
        _allow(rules, path, READ)
    for path in writable:
        _allow(rules, path, everything & ~EXECUTE)
    return rules


def landlock(rules: int) -> None:
    """Apply a ruleset to this process, irrevocably. Call `no_new_privileges` first."""
    _check("landlock_restrict_self", LIBC.syscall(SYS_LANDLOCK_RESTRICT, rules, 0))


def _allow(rules: int, path: str, rights: int) -> None:
    fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not os.path.isdir(path):
            rights &= WRITE_FILE | READ_FILE
        rule = struct.pack("<Qi", rights, fd)
        _check(f"landlock_add_rule {path}", LIBC.syscall(SYS_LANDLOCK_ADD, rules, 1, rule, 0))
    finally:
        os.close(fd)


def _check(what: str, result: int) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
