"""The filter lets through what is listed and nothing else: by an interpreter of its program, and by the kernel itself."""

import errno
import json
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from grader.sandbox.walls import syscalls
from grader.sandbox.walls.syscalls import ALLOW, ALLOWED, DEVICE, ERRNO, KILL_PROCESS, MACHINES

PID = 4321
HEADERS = {  # from Debian's linux-libc-dev
    "x86_64": (Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"), r"#define __NR_(\w+) (\d+)"),
    "aarch64": (Path("/usr/include/asm-generic/unistd.h"), r"#define __NR(?:3264)?_(\w+) (\d+)"),
}
CONDITIONAL = {
    "fcntl": syscalls.FCNTL,
    "ioctl": syscalls.IOCTL,
    "prctl": syscalls.PRCTL,
    "arch_prctl": syscalls.ARCH_PRCTL,
    "clone": syscalls.CLONE,
    "kill": syscalls.KILL,
    "tgkill": syscalls.TGKILL,
    "prlimit64": syscalls.PRLIMIT,
    "mmap": syscalls.MMAP,
}
REFUSED, UNKNOWN = ERRNO | errno.EPERM, ERRNO | errno.ENOSYS


def verdict(program: bytes, architecture: int, number: int, *arguments: int) -> int:
    """What a seccomp program says of a call: an interpreter of the five instructions that it is made of (BPF, LSF.txt)."""
    padded = [argument & (1 << 64) - 1 for argument in (*arguments, *[0] * 6)][:6]
    data = struct.pack("<iIQ6Q", number, architecture, 0, *padded)
    steps = list(struct.iter_unpack("<HBBI", program))
    place = loaded = 0
    while True:
        code, yes, no, value = steps[place]
        place += 1
        if code == 0x06:
            return value
        if code == 0x20:
            (loaded,) = struct.unpack_from("<I", data, value)
        else:
            is_so = {0x15: loaded == value, 0x35: loaded >= value, 0x45: bool(loaded & value)}[code]
            place += yes if is_so else no


@pytest.fixture(params=MACHINES)
def ask(request):
    """The verdict over a call by its numbers on one machine; None where it has no such call."""
    column, architecture = MACHINES[request.param]
    program = syscalls.program(PID, machine=request.param)

    def asked(numbers, *arguments):
        return verdict(program, architecture, numbers[column], *arguments) if numbers[column] is not None else None

    asked.machine, asked.column = request.param, column
    asked.raw = lambda number, *arguments: verdict(program, architecture, number, *arguments)
    return asked


def test_what_is_not_listed_is_refused_and_what_is_younger_is_unknown(ask):
    listed = {numbers[ask.column] for numbers in (ALLOWED | CONDITIONAL).values()}
    for number in range(1024):
        if number in listed:
            continue
        wanted = UNKNOWN if number > syscalls.YOUNGEST or number == syscalls.CLONE3[ask.column] else REFUSED
        assert ask.raw(number) == wanted, number
    assert all(ask(numbers) in (ALLOW, None) for numbers in ALLOWED.values())


def test_another_architecture_s_calls_end_the_worker():
    program = syscalls.program(PID, machine="x86_64")
    assert verdict(program, MACHINES["aarch64"][1], 63) == KILL_PROCESS
    assert verdict(program, 0x40000003, 4) == KILL_PROCESS  # i386, by int 0x80
    assert verdict(program, MACHINES["x86_64"][1], syscalls.X32 | 0) == KILL_PROCESS


def test_of_fcntl_only_descriptors_and_their_flags_are_allowed(ask):
    allowed = {command for command in range(1100) if ask(syscalls.FCNTL, 3, command, 0) == ALLOW}
    assert allowed == {0, 1, 2, 3, 4, 1030}  # F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC
    assert ask(syscalls.FCNTL, 3, 4, 0x800) == ALLOW  # O_NONBLOCK
    assert ask(syscalls.FCNTL, 3, 4, 0x800 | 0x2000) == REFUSED  # O_ASYNC
    assert ask(syscalls.FCNTL, 3, 1 << 32 | 8) == REFUSED  # F_SETOWN with a bit that the kernel does not look at


def test_of_ioctl_only_questions_about_a_terminal_and_flags_are_allowed(ask):
    groups = (0x5400, 0x5500, 0x8900, 0x4600, 0x0000)  # terminals and descriptors, sockets, devices
    commands = [group | number for group in groups for number in range(256)]
    allowed = {command for command in commands if ask(syscalls.IOCTL, 3, command) == ALLOW}
    assert allowed == {0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451}


def test_of_prctl_only_names_and_a_question_are_allowed(ask):
    allowed = {command for command in [*range(256), 0x53564D41] if ask(syscalls.PRCTL, command) == ALLOW}
    assert allowed == {3, 15, 16, 0x53564D41}


def test_a_process_may_start_threads_and_no_process_and_signal_itself_alone(ask):
    assert ask(syscalls.CLONE, 0x3D0F00) == ALLOW  # as glibc starts a thread
    assert ask(syscalls.CLONE, 0x1200011) == REFUSED  # as it forks
    for call in (syscalls.KILL, syscalls.TGKILL):
        assert ask(call, PID, 9) == ALLOW
        assert [ask(call, other, 9) for other in (0, 1, -1, PID + 1, -PID)] == [REFUSED] * 5
    assert ask(syscalls.PRLIMIT, 0) == ALLOW
    assert ask(syscalls.PRLIMIT, PID + 1) == REFUSED


def test_memory_is_shared_with_no_file(ask):
    shared, private, anonymous, none = 0x01, 0x02, 0x20, -1
    assert ask(syscalls.MMAP, 0, 4096, 3, private | anonymous, none) == ALLOW
    assert ask(syscalls.MMAP, 0, 4096, 1, private, 5) == ALLOW
    assert ask(syscalls.MMAP, 0, 4096, 3, shared | anonymous, none) == ALLOW
    assert ask(syscalls.MMAP, 0, 4096, 3, shared, 5) == REFUSED
    assert ask(syscalls.MMAP, 0, 4096, 3, 0x03, 5) == REFUSED  # MAP_SHARED_VALIDATE


def test_an_accelerator_s_driver_may_have_its_commands_but_no_signals():
    column, architecture = MACHINES["x86_64"]
    program = syscalls.program(PID, has_device=True, machine="x86_64")

    def said(numbers, *arguments):
        return verdict(program, architecture, numbers[column], *arguments)

    assert said(syscalls.IOCTL, 3, 0xC020462A) == ALLOW  # one of NVIDIA's
    assert {said(syscalls.IOCTL, 3, command) for command in syscalls.SIGNALLING} == {REFUSED}
    assert said(syscalls.MMAP, 0, 4096, 3, 0x01, 5) == ALLOW
    assert {said(numbers) for numbers in DEVICE.values()} == {ALLOW}
    assert said((41, 198)) == REFUSED  # a socket


def test_no_number_stands_twice(ask):
    numbers = [numbers[ask.column] for numbers in (ALLOWED | CONDITIONAL | DEVICE).values()]
    known = [number for number in numbers if number is not None]
    assert len(known) == len(set(known))


@pytest.mark.parametrize("machine", MACHINES)
def test_the_numbers_are_the_kernel_s(machine):
    path, form = HEADERS[machine]
    if not path.exists():
        pytest.skip(f"{path.name} of the kernel's headers is not here")
    table = {name: int(number) for name, number in re.findall(form, path.read_text())}
    table |= {"newfstatat": table.get("newfstatat", table.get("fstatat"))}
    for name, numbers in (ALLOWED | DEVICE | CONDITIONAL).items():
        assert table.get(name) == numbers[MACHINES[machine][0]], name


UPROBES = {335, 336}  # uretprobe and uprobe, which the kernel lets past every filter: to call them ends a process

SWEEP = f"""
import ctypes, json, os, sys
sys.path.insert(0, {str(ROOT)!r})
from grader.sandbox.walls import kernel, syscalls
column, _ = syscalls.MACHINES[os.uname().machine]
known = {{numbers[column] for numbers in syscalls.ALLOWED.values()}}
conditional = {{call[column] for call in {[list(numbers) for numbers in CONDITIONAL.values()]!r}}}
kernel.no_new_privileges()
kernel.install_filter(syscalls.program(os.getpid()))
libc, seen = ctypes.CDLL(None, use_errno=True), {{}}
for number in range(600):
    if number not in known | conditional | {UPROBES}:
        ctypes.set_errno(0)
        result = libc.syscall(number, -1, -1, -1, -1, -1, -1)  # arguments that no call does anything with
        seen[number] = ctypes.get_errno() if result < 0 else 0
print(json.dumps(seen))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the filter is Linux's")
def test_the_kernel_refuses_every_call_that_is_not_listed():
    result = subprocess.run([sys.executable, "-c", SWEEP], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    seen = json.loads(result.stdout)
    assert len(seen) > 400
    assert set(seen.values()) == {errno.EPERM, errno.ENOSYS}
