"""The seccomp filter of a worker, assembled by hand: which system calls are refused, by architecture.

Everything that a computation with arrays needs is allowed. Refused (EPERM, so that Python raises PermissionError) is what
opens a channel, starts a process, looks into another, or changes the machine. It is one layer of several, and the
one that also holds where files cannot be hidden.
"""

import errno
import os
import struct

# name: (x86_64, aarch64); None where an architecture has no such call. From the kernel's syscall tables.
REFUSED = {
    "socket": (41, 198),  # of any family: a network namespace alone lets AF_VSOCK through
    "socketpair": (53, 199),  # its ends can send to any named socket
    "bind": (49, 200),
    "connect": (42, 203),
    "listen": (50, 201),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "kcmp": (312, 272),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "setsid": (112, 157),
    "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    "sched_setaffinity": (203, 122),
    "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
    "chmod": (90, None),  # Landlock does not look at rights, owners, times and attributes
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "setxattrat": (463, 463),
    "removexattrat": (466, 466),
    "setpgid": (109, 154),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "shmget": (29, 194),
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "fanotify_init": (300, 262),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "personality": (135, 92),
    "quotactl": (179, 60),
    "acct": (163, 89),
    "syslog": (103, 116),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "adjtimex": (159, 171),
    "clock_adjtime": (305, 266),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
}
FCNTL = (72, 25)
CLONE, CLONE3, KILL, TGKILL, PRLIMIT = (56, 220), (435, 435), (62, 129), (234, 131), (302, 261)
MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column above, AUDIT_ARCH
CLONE_THREAD = 0x00010000
X32 = 0x40000000  # on x86_64, calls of the x32 interface have this bit and their own numbers

# struct seccomp_data: nr at 0, arch at 4, arguments from 16, 8 bytes each, the low half first.
NUMBER, ARCHITECTURE, ARGUMENT = 0, 4, 16
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, KILL_PROCESS, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000


def program(pid: int, machine: str | None = None) -> bytes:
    """The filter for the process `pid`: an array of struct sock_filter. KeyError on an unknown machine."""
    column, architecture = MACHINES[machine or os.uname().machine]
    code = [
        _step(LOAD, ARCHITECTURE),
        _step(EQUAL, architecture, 1, 0),
        _step(RETURN, KILL_PROCESS),
        _step(LOAD, NUMBER),
        _step(AT_LEAST, X32, 0, 1),
        _step(RETURN, KILL_PROCESS),
    ]
    # glibc falls back from clone3, whose flags a filter cannot see, to clone when it is told that there is none.
    code += [_step(EQUAL, CLONE3[column], 0, 1), _step(RETURN, ERRNO | errno.ENOSYS)]
    # A new thread is a clone with CLONE_THREAD; any other would be a process.
    code += _if_argument(CLONE[column], ANY_BIT, CLONE_THREAD)
    # Signals to itself only: abort() and raise() are its own business.
    code += _if_argument(KILL[column], EQUAL, pid) + _if_argument(TGKILL[column], EQUAL, pid)
    # Its own limits may be read and lowered, not another process's.
    code += _if_argument(PRLIMIT[column], EQUAL, 0)
    # A descriptor can be told to send any signal to any process: fcntl(F_SETOWN), (F_SETSIG), (F_SETOWN_EX).
    code += _unless_command(FCNTL[column], (8, 10, 15))
    for numbers in REFUSED.values():
        if numbers[column] is not None:
            code += [_step(EQUAL, numbers[column], 0, 1), _step(RETURN, ERRNO | errno.EPERM)]
    return b"".join([*code, _step(RETURN, ALLOW)])


def _if_argument(number: int, test: int, value: int) -> list[bytes]:
    """For one call: allowed if the low half of its first argument passes the test, else refused."""
    return [
        _step(EQUAL, number, 0, 4),
        _step(LOAD, ARGUMENT),
        _step(test, value, 0, 1),
        _step(RETURN, ALLOW),
        _step(RETURN, ERRNO | errno.EPERM),
    ]


def _unless_command(number: int, commands: tuple[int, ...]) -> list[bytes]:
    """For one call: refused if the low half of its second argument is one of these."""
    tests = [_step(EQUAL, command, len(commands) - place, 0) for place, command in enumerate(commands)]
    return [
        _step(EQUAL, number, 0, len(tests) + 3),
        _step(LOAD, ARGUMENT + 8),
        *tests,
        _step(RETURN, ALLOW),
        _step(RETURN, ERRNO | errno.EPERM),
    ]


def _step(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("<HBBI", code, yes, no, value)
