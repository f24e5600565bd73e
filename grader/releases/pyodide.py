"""Pyodide, the Python of web pages: one version, whose files are known by their hashes wherever they come from."""

import hashlib
import json
from pathlib import Path
from urllib.parse import urlsplit

from grader.errors import GraderError
from grader.frozen import frozen

VERSION = "0.27.7"
CDN = f"https://cdn.jsdelivr.net/pyodide/v{VERSION}/full/"
LOCAL = "pyodide/"  # where a site has its own copy
NUMPY = "numpy-2.0.2-cp312-cp312-pyodide_2024_0_wasm32.whl"
# From the npm package of this version, whose pyodide-lock.json has the hash of NumPy's wheel: bytes, and SHA-256.
FILES = {
    "pyodide.js": (14913, "b4cb23a53aba19c221659b9fb40a2f18281d685691dc06647fb0afd0681baf98"),
    "pyodide.asm.js": (1255688, "6b4c90de5b7172873f04f21884d0e9d2274e305fe32116558fe3e4fbe3618d51"),
    "pyodide.asm.wasm": (10105545, "a50dd1843f805a0b7c45b61037ee0d7b26dfe85efe0e18ef95a34ad24e401f5f"),
    "python_stdlib.zip": (2360737, "16611534726e5d8ac2bd8f926410b2dcb8d6f49aa24913463533b457a2115c16"),
    NUMPY: (3061133, "ebb61241d962b98b21597d7ce43b67668a6d5bab3acec4fbe958657320d7cd08"),
}
INFO = {
    "abi_version": "2024_0",
    "arch": "wasm32",
    "platform": "emscripten_3_1_58",
    "python": "3.12.7",
    "version": VERSION,
}
NOTICE = f"""\
Pyodide {VERSION}, under the Mozilla Public License 2.0; its source is at https://github.com/pyodide/pyodide.
It contains CPython 3.12.7, under the license of the Python Software Foundation: https://docs.python.org/3.12/license.html.
{NUMPY} is NumPy 2.0.2, under the BSD license that it contains: https://numpy.org.
These files are as they were published; nothing in them was changed.
"""


@frozen
class Runtime:
    """Where a site takes Pyodide from: an address, or the files that it has itself."""

    base: str
    files: dict[str, bytes]

    @property
    def origin(self) -> str:
        """What a page's policy must allow besides the site; empty where it is the site."""
        parts = urlsplit(self.base)
        return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""

    def described(self) -> dict:
        """What the page needs to know of it, as JSON data. The lock file that Pyodide wants lists no package to load."""
        files = [{"path": name, "sha256": digest, "bytes": size} for name, (size, digest) in FILES.items()]
        return {
            "version": VERSION,
            "base": self.base,
            "files": files,
            "numpy": NUMPY,
            "lock": json.dumps({"info": INFO, "packages": {}}),
        }


def runtime(source: str) -> Runtime:
    """The runtime that an option names, an address or a folder; GraderError where it cannot be used."""
    if "://" in source:
        if (
            not source.startswith(("https://", "http://"))
            or not urlsplit(source).netloc
            or '"' in source
            or " " in source
        ):
            raise GraderError(f"{source!r} is no address of a folder, such as {CDN}")
        return Runtime(source.rstrip("/") + "/", {})
    folder = Path(source)
    if not folder.is_dir():
        raise GraderError(f"{source} is no folder; name one with the files of Pyodide {VERSION}, or an address")
    return Runtime(
        LOCAL, {f"{LOCAL}{name}": _read(folder / name) for name in FILES} | {f"{LOCAL}NOTICE.txt": NOTICE.encode()}
    )


def _read(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        words = f"it takes {', '.join(FILES)} of Pyodide {VERSION}"
        raise GraderError(f"cannot read {path}: {error.strerror}; {words}") from None
    if hashlib.sha256(content).hexdigest() != FILES[path.name][1]:
        raise GraderError(f"{path} is not the file of Pyodide {VERSION}; take its release of that version")
    return content
