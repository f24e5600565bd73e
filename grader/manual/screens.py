"""The manual's pictures: terminals as SVG, by Rich, from what `grade` prints; pages as PNG, in a headless Chromium.

    python grader/manual/screens.py [NAME…]     writes them to grader/manual/pages/pictures; look at them, then commit

The tests do not compare them, because fonts and browsers differ. Pages need chromium and chromium-driver.
"""

import contextlib
import fcntl
import io
import os
import pty
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TO = Path(__file__).parent / "pages" / "pictures"
SAMPLE = ROOT / "tests" / "samples" / "attention.py"
SECONDS = 60  # for a screen to show what is waited for
COLUMNS = 84
UNIT = "assignments/linear_algebra/linear_algebra.py"
MAIN_SCREEN = "\x1b[H"  # what a drawing of --watch begins with

# A font of the reader's own: Rich's SVG would fetch one.
FORMAT = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: {char_height}px;
  line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def finding(home: Path) -> str:
    """The README's example: two classic mistakes."""
    shutil.copyfile(SAMPLE, home / "attention.py")
    shown = printed(["grade", "attention.py", "--course", str(ROOT)], home)
    return terminal("grade attention.py", cut(shown, "attention.scaled_dot_product_attention  ", 6))


def right(home: Path) -> str:
    """A student's exercise that passes."""
    course = solved(home)
    shown = printed(["grade", "linear_algebra.vector_norm"], course)
    return terminal("grade linear_algebra.vector_norm", shown)


def watch(home: Path) -> str:
    """--watch, with one exercise done and one that is wrong."""
    course = solved(home)
    path = course / UNIT
    stub = "    # YOUR CODE HERE\n    raise NotImplementedError\n\n\ndef matrix_multiply"
    wrong = "    return x @ y / vector_norm(x)\n\n\ndef matrix_multiply"
    path.write_text(path.read_text().replace(stub, wrong), encoding="utf-8")
    return terminal(
        "grade linear_algebra --watch", last_screen(["grade", "linear_algebra", "--watch"], course, "h hint")
    )


def map_of_errors(home: Path) -> str:
    """--plot's own picture of a causal mask without its diagonal."""
    (home / "attention.py").write_text(
        "import numpy as np\n\n\ndef causal_mask(T):\n    return np.tril(np.ones((T, T), dtype=bool), -1)\n"
    )
    printed(["grade", "attention.py", "--course", str(ROOT), "--plot", "pictures"], home)
    return (home / "pictures" / "attention.causal_mask.svg").read_text(encoding="utf-8")


def badge(home: Path) -> str:
    return printed(["grade", str(SAMPLE), "--format", "badge"], ROOT, colours=False)


def report(home: Path) -> bytes:
    """The HTML report of the README's example."""
    shutil.copyfile(SAMPLE, home / "attention.py")
    printed(["grade", "attention.py", "--course", str(ROOT), "--format", "html", "-o", "report.html"], home)
    return page(home / "report.html", 900, 900)


def class_page(home: Path) -> bytes:
    """The class report of a made-up class."""
    sys.path.insert(0, str(ROOT / "tests"))
    from make_class import make_class, names

    from grader.classroom.reading.class_page import render

    students = names(40, random.Random(1))
    path = home / "class.html"
    path.write_text(render(make_class(["attention"], students, 1), "Class report"), encoding="utf-8")
    return page(path, 1000, 1000)


PICTURES: dict[str, Callable[[Path], str | bytes]] = {
    "finding.svg": finding,
    "right.svg": right,
    "watch.svg": watch,
    "map.svg": map_of_errors,
    "badge.svg": badge,
    "report.png": report,
    "class.png": class_page,
}


def solved(home: Path) -> Path:
    """A student's folder with the first exercise written."""
    printed(["grade", "init", "maths"], home)
    path = home / "maths" / UNIT
    text = path.read_text(encoding="utf-8")
    answer = (ROOT / "solutions" / "linear_algebra" / "linear_algebra.py").read_text(encoding="utf-8")
    stub, done = (part[part.index("def vector_norm") : part.index("def cosine_similarity")] for part in (text, answer))
    path.write_text(text.replace(stub, done), encoding="utf-8")
    return home / "maths"


def environment(home: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return kept | {"PATH": path, "XDG_DATA_HOME": str(home / ".data"), "TERM": "xterm-256color"} | more


def printed(command: list[str], where: Path, colours: bool = True) -> str:
    """What a command prints, as a terminal gets it."""
    more = {"FORCE_COLOR": "1", "COLUMNS": str(COLUMNS)} if colours else {}
    done = subprocess.run(command, cwd=where, env=environment(where, **more), capture_output=True, text=True)
    if done.returncode > 1:
        raise SystemExit(done.stderr)
    return spelt(done.stdout)


def spelt(text: str) -> str:
    """A text with the folder of the picture's making as the manual spells it."""
    return re.sub(re.escape(tempfile.gettempdir()) + r"/ada\w{8}(?=/)", "/home/ada", text)


def last_screen(command: list[str], where: Path, awaited: str) -> str:
    """What a full-screen command shows on a terminal of its own, when it has shown what was awaited."""
    child, terminal_end = pty.fork()
    if child == 0:
        os.chdir(where)
        os.execvpe(command[0], command, environment(where))
    fcntl.ioctl(terminal_end, termios.TIOCSWINSZ, struct.pack("HHHH", 22, COLUMNS, 0, 0))
    shown, end = b"", time.monotonic() + SECONDS
    while awaited.encode() not in shown and time.monotonic() < end:
        shown += os.read(terminal_end, 1 << 16)
    os.write(terminal_end, b"q")
    with contextlib.suppress(OSError):
        while os.read(terminal_end, 1 << 16):
            pass
    os.waitpid(child, 0)
    screen = shown.decode().split(MAIN_SCREEN)[-1]
    return spelt(re.sub(r"\x1b\[[0-9;?]*[A-Zhl]", "", screen).replace("\r", ""))


def cut(text: str, start: str, lines: int) -> str:
    """Some lines of a text from the one that holds `start`."""
    found = text.split("\n")
    plain = [re.sub(r"\x1b\[[\d;]*m", "", line) for line in found]
    first = next(number for number, line in enumerate(plain) if line.startswith(start))
    return "\n".join(found[first : first + lines])


def terminal(command: str, text: str) -> str:
    """A terminal with a command and what it printed."""
    from rich.console import Console
    from rich.terminal_theme import SVG_EXPORT_THEME
    from rich.text import Text

    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.assemble(("$ ", "dim"), (command, "bold")))
    console.print(Text.from_ansi(text.rstrip("\n")), soft_wrap=True)
    svg = console.export_svg(title="", theme=SVG_EXPORT_THEME, code_format=FORMAT, unique_id="t")
    return "\n".join(line.rstrip() for line in svg.split("\n"))


def page(path: Path, width: int, height: int) -> bytes:
    """A page as a PNG of few colours."""
    sys.path.insert(0, str(ROOT / "tests"))
    import browser
    from PIL import Image

    shot = path.with_suffix(".png")
    with browser.chromium() as chrome:
        chrome.look(width, height)
        chrome.open(path)
        chrome.shoot(shot, whole=False)
    small = io.BytesIO()
    Image.open(shot).convert("RGB").quantize(32).save(small, "PNG", optimize=True)
    return small.getvalue()


def main() -> None:
    TO.mkdir(exist_ok=True)
    for name in sys.argv[1:] or PICTURES:
        with tempfile.TemporaryDirectory(prefix="ada") as home:
            content = PICTURES[name](Path(home))
        data = content if isinstance(content, bytes) else content.encode()
        (TO / name).write_bytes(data)
        print(f"{name}  {len(data) / 1000:.1f} kB")


if __name__ == "__main__":
    main()
