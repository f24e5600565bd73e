"""Archives of every kind, spoilt in every way: the students beside them stay marked, and nothing but GraderError comes out.

`run(random)` is one round; run as a program it goes on for some seconds: `python tests/classroom/intake/fuzz_archives.py 120 [SEED]`.
"""

import bz2
import gzip
import io
import lzma
import struct
import sys
import tarfile
import tempfile
import time
import warnings
import zipfile
from pathlib import Path
from random import Random

from grader.classroom.intake.intake import Intake, Units, take
from grader.errors import GraderError

UNITS = Units({"toy": ["scale", "row_sums", "mean_and_spread"]})
RIGHT = b"def scale(x, factor=2.0):\n    return x * factor\n"
NAMES = (
    "toy.py", "", "/", "//", ".", "..", "../toy.py", "/toy.py", "\\toy.py", "C:\\toy.py", "a/../toy.py", "toy.py/toy.py",
    "toy.py\0.txt", "TOY.PY", "toy.py.", "toy.py ", "CON", "NUL.py", "é/toy.py", "é/toy.py", "x" * 300 + ".py",
    "d/" * 200 + "toy.py", "bob/toy.py", "bob_7_assignsubmission_file_/toy.py", "submission_metadata.yml", "w.zip", "\x1b[31m.py",
)  # fmt: skip
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
PACKERS = (bytes, gzip.compress, bz2.compress, lzma.compress)
KINDS = (b"0", b"1", b"2", b"3", b"5", b"6", b"S", b"L", b"x", b"g", b"\0", b"7", b"Z")
WEIGHTY = (0, 1, 0x7F, 0x80, 0xFF)


def run(random: Random) -> None:
    """One spoilt archive of eve's beside bob's file, or of the whole class; AssertionError for a finding."""
    make = random.choice((a_zip, a_tar))
    content = spoilt(make(random), random)
    if make is a_tar:
        content = random.choice(PACKERS)(content)
        content = spoilt(content, random) if random.random() < 0.3 else content
    name = (
        random.choice((".zip", ".tar", ".tar.gz")) if random.random() < 0.1 else (".zip" if make is a_zip else ".tar")
    )
    with tempfile.TemporaryDirectory() as place:
        folder, scratch = Path(place, "in"), Path(place, "scratch")
        scratch.mkdir()
        (folder / "bob").mkdir(parents=True)
        (folder / "bob" / "toy.py").write_bytes(RIGHT)
        (folder / "eve").mkdir()
        (folder / "eve" / f"work{name}").write_bytes(content)
        found = take(folder, UNITS, scratch, only=["toy"])
        assert {item.student for item in found.hand_ins} == {"bob", "eve"}, [item.student for item in found.hand_ins]
        assert_bob_is_whole(found)
        assert [item.name for item in Path(place).iterdir() if item.name not in ("in", "scratch")] == []
        whole = Path(place, f"class{name}")
        whole.write_bytes(content)
        try:  # the same bytes as the archive of a class
            found = take(whole, UNITS, scratch, only=["toy"])
        except GraderError:
            return
        for item in found.hand_ins:
            assert item.outcome != "graded" or item.read()


def assert_bob_is_whole(found: Intake) -> None:
    (bob,) = (item for item in found.hand_ins if item.student == "bob")
    assert bob.outcome == "graded", (bob.problem, bob.note)
    assert bob.read().source == RIGHT


def a_zip(random: Random) -> bytes:
    content = io.BytesIO()
    with (
        warnings.catch_warnings(action="ignore"),
        zipfile.ZipFile(content, "w") as archive,
    ):  # of a name that is there twice
        for _ in range(random.randrange(6)):
            info = zipfile.ZipInfo("x")
            info.filename = name_of(random)
            info.external_attr = random.choice((0, 0o100644, 0o120777, 0o040755, 0o020666)) << 16
            info.extra = random.choice((b"", random.randbytes(random.randrange(9)), struct.pack("<HHQ", 1, 8, 7)))
            archive.writestr(info, body(random), random.choice(METHODS))
    return content.getvalue()


def a_tar(random: Random) -> bytes:
    content = io.BytesIO()
    how = random.choice((tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT))
    with tarfile.open(fileobj=content, mode="w", format=how) as archive:
        for _ in range(random.randrange(6)):
            data, info = body(random), tarfile.TarInfo(name_of(random))
            info.size, info.linkname, info.type = len(data), "/etc/passwd", random.choice(KINDS)
            info.mtime = random.choice((0, 1e9, 8**11 - 1))
            if how == tarfile.PAX_FORMAT and random.random() < 0.3:
                keys = ("GNU.sparse.major", "GNU.sparse.map", "GNU.sparse.size", "path", "size", "hdrcharset", "mtime")
                info.pax_headers = {random.choice(keys): random.choice(("1", "-1", "", "9" * 30, "0,5,9", "BINARY"))}
            try:
                archive.addfile(info, io.BytesIO(data))
            except (ValueError, UnicodeError):  # what this format cannot say
                continue
    return content.getvalue()


def name_of(random: Random) -> str:
    name = random.choice(NAMES)
    return name if random.random() < 0.7 else name.replace("toy", random.choice(("t\xf6y", "\u65e5\u672c", "toy")))


def body(random: Random) -> bytes:
    if random.random() < 0.02:
        return bytes(1_100_000)  # more than a submission may be
    return random.choice((RIGHT, b"", random.randbytes(random.randrange(2000)), b"PK\x01\x02" * 50))


def spoilt(content: bytes, random: Random) -> bytes:
    """Bits turned, numbers made weighty, pieces cut out, doubled, or moved; tar headers get a right sum again."""
    out = bytearray(content)
    for _ in range(random.choice((0, 1, 1, 2, 5, 40))):
        at, length = random.randrange(len(out) + 1), random.randrange(1, 40)
        what = random.randrange(6)
        if what == 0 and at < len(out):
            out[at] ^= 1 << random.randrange(8)
        elif what == 1:
            out[at : at + length] = bytes([random.choice(WEIGHTY)]) * len(out[at : at + length])
        elif what == 2:
            del out[at : at + random.choice((length, len(out)))]
        elif what == 3:
            out[at:at] = out[at : at + length]
        elif what == 4:
            out[at:at] = random.randbytes(length)
        elif starts := [i for i in range(len(out) - 3) if out[i : i + 2] == b"PK"]:
            out[(near := random.choice(starts) + random.randrange(46)) : near + 1] = bytes([random.choice(WEIGHTY)])
    if random.random() < 0.5:
        with_right_sums(out)
    return bytes(out)


def with_right_sums(tar: bytearray) -> None:
    """So that what is odd in a header is reached, and not only its broken sum."""
    for at in range(0, len(tar) - 511, 512):
        if tar[at + 257 : at + 262] == b"ustar":
            tar[at + 148 : at + 156] = b" " * 8
            tar[at + 148 : at + 156] = b"%06o\0 " % sum(tar[at : at + 512])


def main() -> None:
    seconds, seed = float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns()
    end, rounds = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        try:
            run(Random(f"{seed} {rounds}"))
        except BaseException:
            print(f"seed {seed}, round {rounds}")
            raise
        rounds += 1
    print(f"seed {seed}: {rounds} rounds, nothing found")


if __name__ == "__main__":
    main()
