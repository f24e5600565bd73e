"""The layers that isolate a worker, strongest level first, and the escape attempts that test them.

    namespaces  user, process, mount, network and IPC namespaces; a read-only view of the interpreter and the allowed
                packages; and everything below
    landlock    the kernel refuses every file outside that view; and everything below
    seccomp     no sockets, no new processes, no access to other processes; and everything below
    process     a separate process with limits on time, memory and files: protection against accidents only

The fork server prepares once what all workers share; each worker isolates itself and then tries to escape. If any
attempt succeeds, the level does not hold, and the grader tries the next one.
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
from grader.sandbox.walls.users import Mapper, Users

try:
    import fcntl
except ImportError:  # Windows, where no isolation level needs it
    fcntl = None  # type: ignore[assignment]

NOBODY_ELSE = Users()
IS_LINUX = sys.platform.startswith("linux")
TMP_SIZE = "size={written},nr_inodes={files},mode=700,uid={user},gid={user}"


@dataclass
class Ground:
    """What the fork server has prepared for its workers. `own` is a file that no worker may be able to read."""

    level: str
    home: str
    own: str
    work: str = "/tmp"  # in namespaces, the mount point of each worker's own folder
    users: Users = NOBODY_ELSE  # a user for each worker, if there are spare ones
    rights: tuple[int, ...] = ()  # capabilities such a user needs to read what the grader can
    groups: Groups | None = None  # a control group for each worker, if they are delegated
    rules: int = -1  # the descriptor of the Landlock ruleset that all workers share
    pid_namespace: int = -1
    memory_map: int = -1
    address_space: int = 0
    workers: int = 0  # how many have been forked
    alive: int = 0
    is_root: bool = False  # whether the fork server ran as root before it entered a namespace

    @property
    def counts_threads(self) -> bool:
        """Whether the kernel counts a worker's threads: not root's, unless workers have other users or cgroups."""
        return bool(not self.is_root or self.users.count or self.groups)


def stand_by(level: str) -> Mapper | None:
    """What `prepare` needs of a process that has loaded nothing yet. Raises OSError or ValueError where it cannot."""
    if level != "namespaces" or not IS_LINUX:
        return None
    from grader.sandbox.walls import users

    return users.stand_by()


def prepare(level: str, home: str, packages: tuple[str, ...], mapper: Mapper | None) -> Ground:
    """Set up the isolation that all workers share. OSError, KeyError or ValueError if the level cannot be had."""
    ground = Ground(level, home, os.path.abspath(__file__), is_root=hasattr(os, "getuid") and os.getuid() == 0)
    if not IS_LINUX:
        if level != "process":
            raise OSError("only Linux has it")
        return ground
    from grader.sandbox.walls import cgroups, kernel, syscalls, users, view

    if level != "process":
        syscalls.program(1)  # KeyError on an architecture whose system calls are not listed
    if groups := cgroups.delegated(Path("/proc/self/cgroup").read_text()):
        ground.groups = replace(groups, folder=_above(groups.folder))
    if level != "namespaces":
        ground.users = users.spare(os.getuid(), Path("/proc/self/uid_map").read_text())
    if level in ("seccomp", "process") and not ground.users.count:
        return ground  # no view, and no other user who must be able to read the packages
    seen = view.measure(packages)
    ground.rights = users.needed_rights((*seen.folders, *seen.packages), level == "namespaces")
    if level == "landlock":
        ground.rules = _above(kernel.landlock_rules((*seen.readable, *view.DEVICES), (home, "/dev/null")))
    if level == "namespaces":
        ground.users = _enter_namespaces(mapper)
        ground.memory_map = os.open("/proc/self/statm", os.O_RDONLY)
        ground.pid_namespace = os.open("/proc/self/ns/pid", os.O_RDONLY)
        if any(path.startswith("/tmp/") for path in (*seen.folders, *seen.packages)):
            ground.work = "/scratch"  # a virtual environment below /tmp must stay visible
        _build_root(home, seen, ground.work)
    return ground


def _above(descriptor: int) -> int:
    """Move a descriptor above the few low numbers that a worker uses itself."""
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 64)
    os.close(descriptor)
    return moved


def fork(ground: Ground) -> int:
    """os.fork(), into a process namespace of its own if the level has one."""
    ground.workers += 1
    if ground.level != "namespaces":
        return os.fork()
    from grader.sandbox.walls import kernel

    # read here, because a worker has no /proc; it starts with this process's address space
    ground.address_space = int(os.pread(ground.memory_map, 100, 0).split()[0]) * os.sysconf("SC_PAGE_SIZE")
    kernel.unshare(kernel.CLONE_NEWPID)  # takes effect for the next child, not for this process
    try:
        return os.fork()
    finally:
        with contextlib.suppress(OSError):  # fails in the child, which need not go back
            kernel.setns(ground.pid_namespace, kernel.CLONE_NEWPID)


def shut_in(ground: Ground, budget: Limits, parent: int) -> None:
    """Put this worker under the layers of its level, limits first. Raises if a layer cannot be had."""
    if not IS_LINUX:
        os.chdir(_own_folder(ground.home))
        return apply(budget)
    from grader.sandbox.walls import kernel, syscalls, users

    # In namespaces every worker is process 1 of its own namespace, so its number cannot tell workers apart.
    user = ground.users.of(ground.workers if ground.level == "namespaces" else os.getpid())
    if ground.groups:
        ground.groups.enter(ground.workers, budget)
    work = _enter_folder(ground, budget, user)
    if user:
        users.become(user)
    kernel.die_with_parent(signal.SIGKILL)  # after changing the user, which would undo it
    if os.getppid() not in (parent, 0):  # 0 in a process namespace, which ends with its parent anyway
        os._exit(1)  # the parent has ended already
    apply(budget, ground.address_space, _tasks_before(ground))
    if ground.level != "process":
        kernel.no_new_privileges()
        if ground.level == "landlock":
            kernel.landlock(ground.rules)
        if (
            ground.level != "seccomp" and kernel.landlock_version()
        ):  # an extra layer: only this worker's folder is writable
            kernel.landlock(kernel.landlock_rules(["/"], [work, "/dev/null"]))
        kernel.drop_capabilities(ground.rights if user else ())  # no devices, priorities, limits or other users' files
        kernel.install_filter(syscalls.program(os.getpid(), budget.has_device))
    elif user:
        kernel.drop_capabilities(ground.rights)


def _enter_folder(ground: Ground, budget: Limits, user: int) -> str:
    """Create the folder in which a worker may write, owned by its user, and make it the current directory."""
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
    """How many tasks the kernel counts for a worker's user before it starts a thread; None: it must be looked up."""
    if ground.users.count:
        return 0
    if ground.level == "namespaces":  # counted separately: the fork server's two processes and its workers
        return 2 + ground.alive
    return None


def clear(ground: Ground, pid: int) -> None:
    """Remove a worker's folder with whatever it left there: deep trees, odd permissions, links."""
    if ground.level == "namespaces":
        return
    folder = os.path.join(ground.home, str(pid))
    with contextlib.suppress(OSError):
        os.rmdir(folder)  # most workers leave nothing
        return
    if os.path.lexists(folder):
        import subprocess  # only for the rare submission that leaves something behind

        for command in (["chmod", "-R", "u+rwx"], ["rm", "-rf"]):  # neither follows links or fails on deep trees
            subprocess.run([*command, "--", folder], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _own_folder(home: str) -> str:
    folder = os.path.join(home, str(os.getpid()))
    os.mkdir(folder, 0o700)
    return folder


def _enter_namespaces(mapper: Mapper) -> Users:
    """Continue as the first process in new namespaces; returns the users that workers can run as."""
    from grader.sandbox.walls import kernel

    shared = kernel.CLONE_NEWNS | kernel.CLONE_NEWNET | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS
    kernel.unshare(kernel.CLONE_NEWUSER | kernel.CLONE_NEWPID | shared)
    found = mapper.map()
    socket.sethostname("sandbox")
    # A new process namespace only applies to children, so continue in a child: process 1, whose end kills every worker.
    if pid := os.fork():
        os.closerange(3, 256)
        os.waitpid(pid, 0)
        os._exit(0)
    kernel.die_with_parent(signal.SIGKILL)
    return found


def _build_root(home: str, seen, work: str) -> None:
    """Build and enter a new root: a small tmpfs with the view bind-mounted read-only, and an empty folder for work."""
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
    """Recreate links such as /lib, which most systems have, because a later dlopen() uses them."""
    for name in ("lib", "lib64", "usr/lib64"):
        if os.path.islink(f"/{name}") and not os.path.lexists(f"{home}/{name}"):
            os.makedirs(os.path.dirname(f"{home}/{name}"), exist_ok=True)
            os.symlink(os.readlink(f"/{name}"), f"{home}/{name}")
