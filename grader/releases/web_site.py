"""The course as a static site: a page in which students write and check, with nothing installed and no server behind it.

It is practice: the key is in the page, and who wants to can read it. What counts is graded elsewhere, from the same file.
"""

import base64
import hashlib
import json
import os
import re
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from grader.course.course import Course
from grader.errors import GraderError
from grader.files import cannot_write, write_whole
from grader.key import from_bytes
from grader.releases import web_engine, web_units
from grader.releases.leaks import Secrets, leaks
from grader.releases.pyodide import Runtime
from grader.releases.students import refuse_leaks
from grader.scratch import Scratch
from grader.version import __version__

SCHEMA = 1
PRACTICE = "Practice, not marks: what counts is graded from the file that you hand in."
SITE = "site.json"
ROOM = "engine/room.js"
POLICY = re.compile(rb'(<meta http-equiv="Content-Security-Policy" content=")[^"]*(")')
BASE = re.compile(r"/(?:[\w.~-]+/)*")
SCRIPTS = ("python.js", "judge.js", "student.js", "room.js")  # what the engine makes workers of
Tree = dict[str, bytes]


def tree(course: Course, runtime: Runtime, base: str = "/") -> Tree:
    """Every file of the site, by its path in it. GraderError for a `base` that is no path on a server."""
    if not BASE.fullmatch(base):
        raise GraderError(f"--base {base!r} is no path on a server: it begins and ends with a slash, such as /course/")
    found, units = _page(), []
    for name in course.units:
        data, key = web_units.shown(course.solutions(name), course.settings)
        path = f"units/{name}.json"
        found |= {path: _json(data), f"units/{name}.key": key}
        units.append(web_units.listed(from_bytes(key, name)) | {"path": path, "key": f"units/{name}.key"})
    found |= {"engine/judge.zip": web_engine.judge(), "engine/student.zip": web_engine.student(), **runtime.files}
    found = {
        name: _with_policy(content, found, runtime) if name.endswith(".html") else content
        for name, content in found.items()
    }
    listed = [_entry(name, content) for name, content in sorted(found.items())]
    engine = [entry for entry in listed if entry["path"] in _of_engine()]
    site = {
        "schema": SCHEMA,
        "version": __version__,
        "build": hashlib.sha256(_json(listed) + _json(runtime.described())).hexdigest()[:16],
        "title": course.settings.title,
        "practice": PRACTICE,
        "base": base,
        "pyodide": runtime.base,
        "runtime": runtime.described(),
        "numpy": runtime.described()["numpy"],
        "engine": {"files": engine, "room": _hash_of(found[ROOM])},
        "units": units,
        "files": listed,
    }
    return found | {SITE: _json(site)}


def policy(room: bytes, runtime: Runtime) -> str:
    """What the page may do: its own scripts, WebAssembly, a frame with one known script, and no address but its own and Pyodide's."""
    script = f"script-src 'self' 'wasm-unsafe-eval' '{_hash_of(room)}'"
    origin = f" {runtime.origin}" if runtime.origin else ""
    return (
        f"default-src 'self'; {script}; worker-src 'self' blob:; connect-src 'self'{origin}; img-src 'self' data:; "
        "style-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'"
    )


def release(course: Course, runtime: Runtime, to: Path, secret: Secrets, base: str = "/") -> list[str]:
    """Write the site into a new folder, or in the place of an earlier site; returns its paths.

    GraderError, and nothing written, if it would show a solution, or if the folder holds anything but an earlier site.
    """
    _refuse_strangers(to)
    found = tree(course, runtime, base)
    refuse_leaks(leaks(_for_students(found), secret))
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        _replace(to, found)
    except OSError as error:
        raise cannot_write(to, error, "what was there is as it was") from None
    return sorted(found)


def _for_students(found: Tree) -> Tree:
    """What comes from the course; the rest is the grader's own, the same for every course."""
    return {name: content for name, content in found.items() if name.startswith("units/") or name == SITE}


def _refuse_strangers(to: Path) -> None:
    """GraderError unless the folder is not there, is empty, or is a site as this wrote it, with no file of anybody's beside."""
    if to.is_symlink() or (to.exists() and not to.is_dir()):
        raise GraderError(f"{to} is there already and no folder; name a new one with --to")
    inside = {path.relative_to(to).as_posix(): path for path in to.rglob("*") if path.is_symlink() or not path.is_dir()}
    if not inside:
        return
    try:
        site = json.loads(inside[SITE].read_text(encoding="utf-8"))
        known = {entry["path"]: entry["sha256"] for entry in site["files"]} if site["schema"] == SCHEMA else {}
    except (OSError, KeyError, TypeError, ValueError):
        raise GraderError(f"{to} is there already and holds no site of ours; name a new folder with --to") from None
    strange = [
        name
        for name, path in inside.items()
        if name != SITE and (path.is_symlink() or hashlib.sha256(path.read_bytes()).hexdigest() != known.get(name))
    ]
    if strange:
        raise GraderError(
            f"{to} holds {', '.join(sorted(strange)[:5])}, which no release wrote as it is; move it away, or name a new folder"
        )


def _replace(to: Path, found: Tree) -> None:
    """Write all into a folder beside, which then takes the place of the old one; that goes with the scratch folder."""
    with Scratch(str(to.parent)) as place:
        fresh, old = Path(place) / "fresh", Path(place) / "old"
        for name, content in found.items():
            path = fresh / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, content, is_lasting=False)
        if not to.exists():
            os.rename(fresh, to)
            return
        os.rename(to, old)
        try:
            os.rename(fresh, to)
        except OSError:
            os.rename(old, to)
            raise


def _page() -> Tree:
    """The page's own files."""
    return dict(_below(files("grader.web") / "site", ""))


def _below(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for item in folder.iterdir():
        if item.is_dir():
            yield from _below(item, f"{prefix}{item.name}/")
        else:
            yield f"{prefix}{item.name}", item.read_bytes()


def _of_engine() -> set[str]:
    return {"engine/judge.zip", "engine/student.zip", *(f"engine/{name}" for name in SCRIPTS)}


def _with_policy(page: bytes, found: Tree, runtime: Runtime) -> bytes:
    """A page with the policy of this site in the place of its own."""
    text = policy(found[ROOM], runtime).encode()
    return POLICY.sub(lambda mark: mark[1] + text + mark[2], page)


def _hash_of(script: bytes) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(script).digest()).decode()


def _entry(name: str, content: bytes) -> dict[str, Any]:
    return {"path": name, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def _json(data: Any) -> bytes:
    return (json.dumps(data, ensure_ascii=False, separators=(",", ":")) + "\n").encode()
