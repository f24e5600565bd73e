"""The layers that isolate a worker, strongest level first, and the escape attempts that test them.

    namespaces  its own users, processes, mounts, network and IPC; it sees a read-only view of the interpreter and the
                allowed packages; and all that follows
    landlock    the kernel refuses every file outside that view; and all that follows
    seccomp     no sockets, no processes, no look into another process; and all that follows
    process     a process of its own with limits on time, memory, files: protection against accidents only

The fork server prepares what all workers share, once; each worker shuts itself in and then tries to get out. Whichever
of the attempts succeeds, the level does not hold, and the grader's side goes on with the next.
"""

import contextlib
import os
import signal
import socket
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from grader.sandbox.walls.cgroups import Groups
from grader.sandbox.walls.limits import Limits, apply
from grader.sandbox.walls.users import Users

try:
    import fcntl
except ImportError:  # Windows, where no level needs it
    fcntl = None  # type: ignore[assignment]

NOBODY_ELSE = Users()
IS_LINUX = sys.platform.startswith("linux")
TMP_SIZE = "size={written},nr_inodes={files},mode=700,uid={user},gid={user}"


@dataclass
class Ground:
    """What the fork server has prepared for its workers. `own` is a file that a worker must not be able to read."""

    level: str
    home: str
    own: str
    work: str = "/tmp"  # in namespaces, where each worker's own folder is mounted
    users: Users = NOBODY_ELSE  # one for each worker, if there are any
    rights: tuple[int, ...] = ()  # that such a user needs to read what its grader can
    groups: Groups | None = None  # one for each worker, where the system lets them be made
    rules: int = -1  # Landlock's, where all workers share them
    pid_namespace: int = -1
    memory_map: int = -1
    address_space: int = 0
    workers: int = 0  # that have been forked
    alive: int = 0
    is_root: bool = False  # the fork server, before it entered a namespace

    @property
    def counts_threads(self) -> bool:
        """Whether the kernel does: of root's it counts none, unless workers are other users or have control groups."""
        return bool(not self.is_root or self.users.count or self.groups)


def prepare(level: str, home: str, packages: tuple[str, ...]) -> Ground:
    """Shut the fork server in as far as its workers share it. Raises OSError, KeyError or ValueError where it cannot."""
    ground = Ground(level, home, os.path.abspath(__file__), is_root=hasattr(os, "getuid") and os.getuid() == 0)
    if not IS_LINUX:
        if level != "process":
            raise OSError("only Linux has it")
        return ground
    from grader.sandbox.walls import cgroups, kernel, syscalls, users, view

    if level != "process":
        syscalls.program(1)  # KeyError on a machine whose system calls are not listed
    if groups := cgroups.delegated(Path("/proc/self/cgroup").read_text()):
        ground.groups = replace(groups, folder=_above(groups.folder))
    if level != "namespaces":
        ground.users = users.spare(os.getuid(), Path("/proc/self/uid_map").read_text())
    if level in ("seccomp", "process") and not ground.users.count:
        return ground  # no view, and nobody else who would have to read what the grader can
    seen = view.measure(packages)
    ground.rights = users.needed_rights((*seen.folders, *seen.packages), level == "namespaces")
    if level == "landlock":
        ground.rules = _above(kernel.landlock_rules((*seen.readable, *view.DEVICES), (home, "/dev/null")))
    if level == "namespaces":
        ground.users = _enter_namespaces()
        ground.memory_map = os.open("/proc/self/statm", os.O_RDONLY)
        ground.pid_namespace = os.open("/proc/self/ns/pid", os.O_RDONLY)
        if any(path.startswith("/tmp/") for path in (*seen.folders, *seen.packages)):
            ground.work = "/scratch"  # a virtual environment below /tmp must stay in sight
        _build_root(home, seen, ground.work)
    return ground


def _above(descriptor: int) -> int:
    """The same descriptor above the few numbers that a worker takes for its own."""
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 64)
    os.close(descriptor)
    return moved


def fork(ground: Ground) -> int:
    """os.fork(), into a process namespace of its own where the level has one."""
    ground.workers += 1
    if ground.level != "namespaces":
        return os.fork()
    from grader.sandbox.walls import kernel

    # read here: a worker has no /proc, and it forks with what this process has
    ground.address_space = int(os.pread(ground.memory_map, 100, 0).split()[0]) * os.sysconf("SC_PAGE_SIZE")
    kernel.unshare(kernel.CLONE_NEWPID)  # for the next child, not for this process
    try:
        return os.fork()
    finally:
        with contextlib.suppress(OSError):  # in the child there is no way back, and no need
            kernel.setns(ground.pid_namespace, kernel.CLONE_NEWPID)


def shut_in(ground: Ground, budget: Limits, parent: int) -> None:
    """Put this worker under its level's layers, limits first. Raises where a layer cannot be had."""
    if not IS_LINUX:
        os.chdir(_own_folder(ground.home))
        return apply(budget)
    from grader.sandbox.walls import kernel, syscalls, users

    # In namespaces each is the first process of its own: its number tells nothing.
    user = ground.users.of(ground.workers if ground.level == "namespaces" else os.getpid())
    if ground.groups:
        ground.groups.enter(ground.workers, budget)
    work = _enter_folder(ground, budget, user)
    if user:
        users.become(user)
    kernel.die_with_parent(signal.SIGKILL)  # after the change of user, which would undo it
    if os.getppid() not in (parent, 0):  # 0 in a process namespace, which ends with its parent
        os._exit(1)  # it ended before that
    apply(budget, ground.address_space, _tasks_before(ground))
    if ground.level != "process":
        kernel.no_new_privileges()
        if ground.level == "landlock":
            kernel.landlock(ground.rules)
        if ground.level != "seccomp" and kernel.landlock_version():  # one layer more: what this worker alone may write
            kernel.landlock(kernel.landlock_rules(["/"], [work, "/dev/null"]))
        kernel.drop_capabilities(ground.rights if user else ())  # devices, priorities, limits, other users' files
        kernel.install_filter(syscalls.program(os.getpid(), budget.has_device))
    elif user:
        kernel.drop_capabilities(ground.rights)


def _enter_folder(ground: Ground, budget: Limits, user: int) -> str:
    """Make the folder that a worker may write in, its user's own, and go there."""
    if ground.level != "namespaces":
        folder = _own_folder(ground.home)
        if user:
            os.chown(folder, user, user)
        os.chdir(folder)
        return folder
    from grader.sandbox.walls import kernel

    kernel.unshare(kernel.CLONE_NEWNS | kernel.CLONE_NEWIPC)
    owner = user or os.getuid()
    size = TMP_SIZE.format(written=budget.written, files=budget.files, user=owner)
    kernel.mount("tmpfs", ground.work, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC, size)
    os.chdir(ground.work)
    return ground.work


def _tasks_before(ground: Ground) -> int | None:
    """What the kernel counts for a worker's user before it starts a thread; None where that must be looked up."""
    if ground.users.count:
        return 0
    if ground.level == "namespaces":  # counted for itself: the fork server's two processes, and its workers
        return 2 + ground.alive
    return None


def clear(ground: Ground, pid: int) -> None:
    """Take a worker's folder away, with whatever it left there: deep trees, odd rights, links."""
    if ground.level == "namespaces":
        return
    folder = os.path.join(ground.home, str(pid))
    with contextlib.suppress(OSError):
        os.rmdir(folder)  # most leave nothing
        return
    if os.path.lexists(folder):
        import subprocess  # for the rare submission that leaves something behind

        for command in (["chmod", "-R", "u+rwx"], ["rm", "-rf"]):  # neither follows links, nor minds depth
            subprocess.run([*command, "--", folder], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _own_folder(home: str) -> str:
    folder = os.path.join(home, str(os.getpid()))
    os.mkdir(folder, 0o700)
    return folder


def _enter_namespaces() -> Users:
    """Go on as the first process of new namespaces; the users that its workers can be."""
    from grader.sandbox.walls import kernel, users

    shared = kernel.CLONE_NEWNS | kernel.CLONE_NEWNET | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS
    with users.mapping() as found:
        kernel.unshare(kernel.CLONE_NEWUSER | kernel.CLONE_NEWPID | shared)
    socket.sethostname("sandbox")
    # The process namespace is for children: go on in one, as its first process. When it ends, so does every worker.
    if pid := os.fork():
        os.closerange(3, 256)
        os.waitpid(pid, 0)
        os._exit(0)
    kernel.die_with_parent(signal.SIGKILL)
    return found[0] if found else NOBODY_ELSE


def _build_root(home: str, seen, work: str) -> None:
    """A root of its own: a small tmpfs with the view bound into it, all read-only, and an empty folder to work in."""
    from grader.sandbox.walls import kernel, view

    kernel.mount(None, "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount("tmpfs", home, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "size=1m,mode=755")
    for folder in (*seen.folders, *seen.hidden, *seen.packages):
        target = home + folder
        os.makedirs(target, exist_ok=True)
        if folder in seen.hidden:
            kernel.mount("tmpfs", target, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "size=64k,mode=755")
        else:
            kernel.mount(folder, target, None, kernel.MS_BIND | kernel.MS_REC)
    os.mkdir(home + "/dev")
    for device in view.DEVICES:
        with open(home + device, "w"):
            pass
        kernel.mount(device, home + device, None, kernel.MS_BIND)
    os.makedirs(home + work, exist_ok=True)
    _link_libraries(home)
    kernel.make_read_only(home)
    kernel.change_root(home)


def _link_libraries(home: str) -> None:
    """Where /lib and its like are links, as on most systems, make the same links: a late dlopen() goes by them."""
    for name in ("lib", "lib64", "usr/lib64"):
        if os.path.islink(f"/{name}") and not os.path.lexists(f"{home}/{name}"):
            os.makedirs(os.path.dirname(f"{home}/{name}"), exist_ok=True)
            os.symlink(os.readlink(f"/{name}"), f"{home}/{name}")
