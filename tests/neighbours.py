"""A temporary directory full of folders of other people, and graders that work beside them.

    python tests/neighbours.py GRADE COURSE FILE [RUNS [AT_ONCE]]

runs `grade FILE` there, again and again, some at once, and tells whether anything of theirs was touched.
"""

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from grader import scratch

ROOT = Path(__file__).resolve().parents[1]
OTHERS = (1, 1234, 65534)  # users, where root plants
NAMES = ("grade-course", "grade-class-notes", "grade-nodes-a", "grade-zz81kq0q", ".grade-zz81kq0q", "deep-grade-thesis")
FORM = f"{scratch.PREFIX}{{:08}}"


def plant(place: Path) -> None:
    """Folders that look more or less like a grader's, and are none; each holds `work/work.txt`."""
    behind_a_link = _folder(place / "behind a link")
    left(place, behind_a_link)  # first: whoever makes a folder sweeps
    for name in NAMES:
        _folder(place / name)
    numbers = iter(range(100))
    made = lambda: _folder(place / FORM.format(next(numbers)))  # noqa: E731
    made()  # no marker
    for said in (b"", b"\0" * 5000, b"deep-grade-00000000\n1\nhost\n"):
        (made() / scratch.MARKER).write_bytes(said)
    (made() / f"{scratch.MARKER}.new").write_bytes(b"")  # half made
    (made() / scratch.MARKER).mkdir()
    os.mkfifo(made() / scratch.MARKER)
    marked(made()).chmod(0o755)
    os.link(marked(made()) / scratch.MARKER, place / "a second name")
    linked = marked(made())
    (linked / scratch.MARKER).rename(place / "a marker elsewhere")
    (linked / scratch.MARKER).symlink_to(place / "a marker elsewhere")
    marked(made()).rename(place / FORM.format(next(numbers)))  # a folder that somebody keeps under another name
    restored = marked(made())  # from a backup
    shutil.copytree(restored, place / "copy", symlinks=True)
    shutil.rmtree(restored)
    (place / "copy").rename(restored)
    link = place / FORM.format(next(numbers))
    marked(behind_a_link, link.name)
    link.symlink_to(behind_a_link)
    if os.geteuid() == 0:
        for user in OTHERS:
            for is_whole in (True, False):
                theirs = marked(made())
                os.chown(theirs, user, user)
                os.chown(theirs / scratch.MARKER, *(user, user) if is_whole else (0, 0))
            os.chown(marked(made()) / scratch.MARKER, user, user)


def left(place: Path, victim: Path) -> Path:
    """What a killed grader left: it holds links to a folder of somebody else's, and deep folders without rights."""
    code = "import os, sys; from grader.scratch import Scratch; held = Scratch(sys.argv[1]); print(held.name, flush=True); os._exit(9)"
    run = subprocess.run([sys.executable, "-c", code, str(place)], capture_output=True, text=True, check=False)
    folder = Path(run.stdout.strip())
    (folder / "link").symlink_to(victim)
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "a" / "link").symlink_to(victim / "work")
    (folder / "a" / "b" / "file").write_text("")
    (folder / "a" / "b").chmod(0)
    (folder / "a").chmod(0)
    return folder.parent


def marked(folder: Path, name: str = "") -> Path:
    """Put the very marker into a folder that a grader would."""
    (folder / scratch.MARKER).write_bytes(scratch._claim(folder.stat(), name or folder.name))
    (folder / scratch.MARKER).chmod(0o600)
    return folder


def _folder(folder: Path) -> Path:
    (folder / "work").mkdir(parents=True)
    (folder / "work" / "work.txt").write_text("somebody's work")
    folder.chmod(0o700)
    for path in (folder / "work" / "work.txt", folder / "work", folder):
        os.utime(path, (1e9, 1e9))
    return folder


def seen(place: Path) -> dict[str, tuple]:
    """All that is below a folder: kind, owner, rights, times, content."""
    found = {}
    for path in sorted(place.rglob("*")):
        with contextlib.suppress(FileNotFoundError):  # a grader's, that has ended meanwhile
            at = path.lstat()
            said = os.readlink(path) if path.is_symlink() else ""
            said = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() and not said else said
            found[str(path.relative_to(place))] = (at.st_mode, at.st_uid, at.st_gid, at.st_mtime_ns, at.st_ino, said)
    return found


def main(grade: str, course: str, file: str, runs: str = "100", at_once: str = "10") -> int:
    with tempfile.TemporaryDirectory() as home:
        place, data = Path(home) / "tmp", Path(home) / "data"
        for folder in (place, data):
            folder.mkdir()
            folder.chmod(0o1777)  # as /tmp is: GRADE may run as another user
        os.chmod(home, 0o755)
        plant(place)
        before = seen(place)
        ours = {name for name in before if Path(name).parts[0] == left_of(before)}
        command = [grade, file, "--course", course, "--no-train"]
        environment = os.environ | {"TMPDIR": str(place), "XDG_DATA_HOME": str(data)}

        def run(_: int) -> int:
            return subprocess.run(command, env=environment, capture_output=True, check=False).returncode

        with ThreadPoolExecutor(int(at_once)) as pool:
            statuses = list(pool.map(run, range(int(runs))))
        after = seen(place)
        changed = [name for name in before if name not in ours and before[name] != after.get(name)]
        print(f"user {os.geteuid()}, {len(statuses)} runs, {at_once} at once, exit statuses {sorted(set(statuses))}")
        print(f"{len(before) - len(ours)} paths of others, {len(changed)} touched: {changed[:5]}")
        print(
            f"of a killed grader's {len(ours)} paths {len(ours & after.keys())} are left; new: {after.keys() - before.keys()}"
        )
        return bool(changed or ours & after.keys() or after.keys() - before.keys())


def left_of(found: dict[str, tuple]) -> str:
    """The folder that a killed grader left: the one whose name nobody has chosen."""
    (name,) = {
        top for top in (Path(name).parts[0] for name in found) if scratch.NAME.fullmatch(top) and not top[11:].isdigit()
    }
    return name


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
