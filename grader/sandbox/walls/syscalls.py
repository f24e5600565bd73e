"""The seccomp filter of a worker: which system calls it may make, with which commands, by architecture.

It is a list of what is allowed: the calls that array computations, Python's start-up and imports, threads and private
files need. Every other call fails with EPERM, so that Python raises PermissionError; a call newer than this list fails
with ENOSYS, so that the C library falls back as it does on an older kernel. `tests/sandbox/walls/seen_calls.py` shows
which calls the course really makes, and `tests/sandbox/walls/test_syscalls.py` compares the numbers with the kernel's
own tables.

The filter is assembled here and not by libseccomp, whose Python binding has had no release since 2021, needs a C
library that many machines lack, and takes 10 ms to compile what is assembled here in less than one; the list of numbers
would be as long. It is one layer of several, and the only one that also works where files cannot be hidden.
"""

import errno
import functools
import os
import struct

# name: (x86_64, aarch64); None where an architecture has no such call. From the kernel's tables of system calls.
MEMORY = {
    "brk": (12, 214),
    "munmap": (11, 215),
    "mremap": (25, 216),
    "mprotect": (10, 226),
    "madvise": (28, 233),
    "mincore": (27, 232),
    "msync": (26, 227),
    "membarrier": (324, 283),
    "get_mempolicy": (239, 236),
}
FILES = {  # other layers decide what can be opened; no links, modes, owners, times, locks, queues or devices
    "read": (0, 63),
    "write": (1, 64),
    "readv": (19, 65),
    "writev": (20, 66),
    "pread64": (17, 67),
    "pwrite64": (18, 68),
    "preadv": (295, 69),
    "pwritev": (296, 70),
    "open": (2, None),
    "openat": (257, 56),
    "creat": (85, None),
    "close": (3, 57),
    "close_range": (436, 436),
    "dup": (32, 23),
    "dup2": (33, None),
    "dup3": (292, 24),
    "lseek": (8, 62),
    "stat": (4, None),
    "fstat": (5, 80),
    "lstat": (6, None),
    "newfstatat": (262, 79),
    "statx": (332, 291),
    "statfs": (137, 43),
    "fstatfs": (138, 44),
    "access": (21, None),
    "faccessat": (269, 48),
    "faccessat2": (439, 439),
    "readlink": (89, None),
    "readlinkat": (267, 78),
    "getdents": (78, None),
    "getdents64": (217, 61),
    "getcwd": (79, 17),
    "chdir": (80, 49),
    "fchdir": (81, 50),
    "mkdir": (83, None),
    "mkdirat": (258, 34),
    "rmdir": (84, None),
    "unlink": (87, None),
    "unlinkat": (263, 35),
    "rename": (82, None),
    "renameat": (264, 38),
    "renameat2": (316, 276),
    "truncate": (76, 45),
    "ftruncate": (77, 46),
    "fsync": (74, 82),
    "fdatasync": (75, 83),
    "fadvise64": (221, 223),
    "umask": (95, 166),
    "poll": (7, None),
    "ppoll": (271, 73),
    "select": (23, None),
    "pselect6": (270, 72),
}
CHANNEL = {"sendto": (44, 206), "recvfrom": (45, 207), "shutdown": (48, 210)}  # on the one socket that the worker has
THREADS = {
    "futex": (202, 98),
    "set_robust_list": (273, 99),
    "rseq": (334, 293),
    "set_tid_address": (218, 96),
    "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123),
    "sched_getscheduler": (145, 120),
    "sched_getparam": (143, 121),
    "sched_get_priority_max": (146, 125),
    "sched_get_priority_min": (147, 126),
    "exit": (60, 93),
    "exit_group": (231, 94),
}
ITSELF = {  # questions about the process itself and the time, and changes to itself
    "getpid": (39, 172),
    "gettid": (186, 178),
    "getppid": (110, 173),
    "getuid": (102, 174),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getegid": (108, 177),
    "getresuid": (118, 148),
    "getresgid": (120, 150),
    "getgroups": (115, 158),
    "getpgrp": (111, None),
    "getpgid": (121, 155),
    "getsid": (124, 156),
    "getpriority": (140, 141),
    "capget": (125, 90),
    "uname": (63, 160),
    "sysinfo": (99, 179),
    "times": (100, 153),
    "getrusage": (98, 165),
    "getrlimit": (97, 163),
    "setrlimit": (160, 164),  # only downwards: it has no capability to raise a limit
    "getcpu": (309, 168),
    "getrandom": (318, 278),
    "time": (201, None),
    "gettimeofday": (96, 169),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "nanosleep": (35, 101),
    "alarm": (37, None),
    "getitimer": (36, 102),
    "setitimer": (38, 103),
    "pause": (34, None),
    "restart_syscall": (219, 128),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "rt_sigpending": (127, 136),
    "rt_sigsuspend": (130, 133),
    "rt_sigtimedwait": (128, 137),
    "sigaltstack": (131, 132),
}
ALLOWED = MEMORY | FILES | CHANNEL | THREADS | ITSELF
# What an accelerator's driver needs in addition; only for a worker that uses one.
DEVICE = {
    "eventfd2": (290, 19),
    "pipe2": (293, 59),
    "memfd_create": (319, 279),
    "mlock": (149, 228),
    "munlock": (150, 229),
    "mbind": (237, 235),
    "set_mempolicy": (238, 237),
    "epoll_create1": (291, 20),
    "epoll_ctl": (233, 21),
    "epoll_wait": (232, None),
    "epoll_pwait": (281, 22),
}

# Calls with a command among their arguments: (call, index of the argument, commands that are allowed).
FCNTL, IOCTL, PRCTL, ARCH_PRCTL = (72, 25), (16, 29), (157, 167), (158, None)
COMMANDS = (
    (FCNTL, 1, (0, 1, 2, 3, 1030)),  # duplicate, read and set flags; no owner, signal, lease, lock or pipe size
    (
        IOCTL,
        1,
        (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451),
    ),  # is it a terminal, its size, how much, FIONBIO, F(N)IOCLEX
    (PRCTL, 0, (3, 15, 16, 0x53564D41)),  # dumpable read, a thread's name, the name of a mapping
    (ARCH_PRCTL, 0, (0x1021, 0x1022, 0x1023)),  # permission to use the processor's matrix unit, for oneDNN
)
SIGNALLING = (0x5452, 0x8901, 0x8902, 0x5410, 0x5412)  # ioctl: FIOASYNC, FIOSETOWN, SIOCSPGRP, TIOCSPGRP, TIOCSTI

CLONE, CLONE3, KILL, TGKILL, PRLIMIT, MMAP = (56, 220), (435, 435), (62, 129), (234, 131), (302, 261), (9, 222)
MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column above, AUDIT_ARCH
CLONE_THREAD, F_SETFL, O_ASYNC, MAP_SHARED, NO_FILE = 0x00010000, 4, 0x2000, 0x01, 0xFFFFFFFF
X32 = 0x40000000  # on x86_64, calls of the x32 interface have this bit and their own numbers
ITSELF_HERE = 0x7E57ED01  # a placeholder for the process number; larger than any real one
YOUNGEST = 448  # process_mrelease of Linux 5.15, the newest call that this list knows

# struct seccomp_data: nr at 0, arch at 4, arguments from 16, 8 bytes each, the low half first.
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, KILL_PROCESS, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
REFUSE, UNKNOWN = ERRNO | errno.EPERM, ERRNO | errno.ENOSYS


def program(pid: int, has_device: bool = False, machine: str | None = None) -> bytes:
    """The filter for the process `pid`, an array of struct sock_filter. KeyError on an unknown architecture.

    `has_device` also allows what an accelerator's driver needs: its own ioctl commands, and memory shared with the
    device.
    """
    return _program(has_device, machine or os.uname().machine).replace(
        struct.pack("<I", ITSELF_HERE), struct.pack("<I", pid)
    )


@functools.cache
def _program(has_device: bool, machine: str) -> bytes:
    """The filter with ITSELF_HERE in place of the process number; cached, so that a fork server can prepare it."""
    column, architecture = MACHINES[machine]
    code = [
        _step(LOAD, ARCHITECTURE),
        _step(EQUAL, architecture, 1, 0),
        _step(RETURN, KILL_PROCESS),
        _step(LOAD, NUMBER),
        _step(AT_LEAST, X32, 0, 1),
        _step(RETURN, KILL_PROCESS),
        _step(AT_LEAST, YOUNGEST + 1, 0, 1),
        _step(RETURN, UNKNOWN),
        # A filter cannot see the flags of clone3; given ENOSYS, glibc falls back to clone.
        _step(EQUAL, CLONE3[column], 0, 1),
        _step(RETURN, UNKNOWN),
    ]
    allowed = (ALLOWED | (DEVICE if has_device else {})).values()
    code += _search(_runs(sorted(numbers[column] for numbers in allowed if numbers[column] is not None)))
    for call, steps in _conditions(has_device):
        if call[column] is not None:
            code += [_step(EQUAL, call[column], 0, len(steps) + 1), *steps, _step(RETURN, REFUSE)]
    return b"".join([*code, _step(RETURN, REFUSE)])


def _runs(numbers: list[int]) -> list[tuple[int, int]]:
    """Sorted numbers as runs of consecutive ones: (first, last)."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs


def _search(runs: list[tuple[int, int]]) -> list[bytes]:
    """Steps that return ALLOW for a number in one of the runs and else continue: a binary search."""
    if len(runs) == 1:
        first, last = runs[0]
        return [_step(AT_LEAST, first, 0, 2), _step(AT_LEAST, last + 1, 1, 0), _step(RETURN, ALLOW)]
    middle = len(runs) // 2
    below, above = _search(runs[:middle]), _search(runs[middle:])
    return [_step(AT_LEAST, runs[middle][0], len(below), 0), *below, *above]


def _conditions(has_device: bool) -> list[tuple[tuple[int, int | None], list[bytes]]]:
    """Calls that are allowed with certain arguments only: (numbers, steps that return ALLOW for these arguments)."""
    # A clone with CLONE_THREAD starts a thread; any other would start a process.
    found = [(CLONE, [_load(0), _step(ANY_BIT, CLONE_THREAD, 0, 1), _step(RETURN, ALLOW)])]
    # Signals only to itself, for abort() and raise(); limits only of itself.
    found += [
        (call, [_load(0), *_allow(value)]) for call, value in ((KILL, ITSELF_HERE), (TGKILL, ITSELF_HERE), (PRLIMIT, 0))
    ]
    # Writes to a shared file mapping escape every count of written bytes; private and anonymous mappings are only memory.
    shared = [_load(3), _step(ANY_BIT, MAP_SHARED, 1, 0), _step(RETURN, ALLOW), _load(4), *_allow(NO_FILE)]
    found.append((MMAP, [_step(RETURN, ALLOW)] if has_device else shared))
    for call, argument, commands in COMMANDS:
        steps = [_load(argument), *_allow(*commands)]
        if call == IOCTL and has_device:  # a driver has hundreds of commands of its own
            steps = [_load(argument), *_each(REFUSE, SIGNALLING), _step(RETURN, ALLOW)]
        if call == FCNTL:  # a descriptor's flags, except the one that makes the kernel send signals
            flags = [_load(2), _step(ANY_BIT, O_ASYNC, 0, 1), _step(RETURN, REFUSE), _step(RETURN, ALLOW)]
            steps[1:1] = [_step(EQUAL, F_SETFL, 0, len(flags)), *flags]
        found.append((call, steps))
    return found


def _allow(*values: int) -> list[bytes]:
    return _each(ALLOW, values)


def _each(verdict: int, values: tuple[int, ...]) -> list[bytes]:
    """Steps that return the verdict if the loaded value is one of these."""
    return [step for value in values for step in (_step(EQUAL, value, 0, 1), _step(RETURN, verdict))]


def _load(argument: int) -> bytes:
    """Load the low half of an argument, the only half that the kernel uses in all calls here."""
    return _step(LOAD, ARGUMENTS + 8 * argument)


def _step(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("<HBBI", code, yes, no, value)
