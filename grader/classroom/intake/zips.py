"""Read a zip archive member by member: a bad directory entry or a bad member costs that member only."""

import bz2
import copy
import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO

from grader.classroom.intake.codepages import read_name
from grader.classroom.intake.members import ArchiveDamage, Member, MemberDamage, damage, parts_of, too_many

LINE = b"PK\x01\x02"  # the start of a member's entry in the central directory
HEAD = 46
OWN_HEAD = 30  # bytes of the header in front of a member
UTF_8 = 0x08  # "the name is UTF-8", in the second byte of the flags
VERSION = struct.pack("<H", 20)
OLD = 0xFFFF_FFFF  # a size or an offset whose value is in the extra field
PIECE = 4096  # packed bytes that zipfile unpacks at once; LZMA may make 30 MB of them


def members(file: BinaryIO, headers: int) -> Iterator[Member]:
    """Every file of a zip, in its order; ArchiveDamage if it is not a zip or has more than `headers` entries."""
    try:
        directory = _Directory(file)
        archive = zipfile.ZipFile(directory)
        directory.heads = {info.header_offset for info in archive.infolist()}
    except Exception as error:  # on hostile bytes, zipfile raises almost any exception
        raise damage(error) from None
    if len(archive.infolist()) > headers:
        raise ArchiveDamage(too_many(headers))
    for info in archive.infolist():
        name, page = _name(info)
        if name.endswith(("/", "\\")) or (not name and not info.file_size):
            continue  # a folder; some tools write an entry without a name for the root
        path, problem = parts_of(name)
        yield Member(name, path, problem or _problem(info), page, partial(_content, archive, info))


def _name(info: zipfile.ZipInfo) -> tuple[str, str]:
    """A member's name and its code page: from Info-ZIP's extra field, else UTF-8 if it is valid, else guessed."""
    raw = info.orig_filename.encode("cp437")  # because `_Directory` makes zipfile decode all names so
    extra = info.extra
    while len(extra) >= 4:
        kind, size = struct.unpack("<HH", extra[:4])
        body, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == 0x7075 and len(body) > 5 and body[0] == 1 and body[1:5] == struct.pack("<I", zlib.crc32(raw)):
            return body[5:].decode("utf-8", "replace"), ""
    return read_name(raw)


def _problem(info: zipfile.ZipInfo) -> str:
    if info.flag_bits & 1:
        return "it is encrypted"
    if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
        return "it is a link or a device, and neither is followed"
    return ""


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int) -> bytes:
    try:
        if info.compress_type == zipfile.ZIP_BZIP2:
            return _of_bzip2(archive, info, limit)
        whole = bytearray()
        with archive.open(info) as stream:
            while len(whole) <= limit and (piece := stream.read1(PIECE)):
                whole += piece
        return bytes(whole[: limit + 1])
    except Exception as error:
        if damage(error).may_pass:
            raise damage(error) from None
        raise MemberDamage("it is damaged") from None


def _of_bzip2(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int) -> bytes:
    """Unpack a bzip2 member up to the limit; zipfile would unpack all of it, up to a million times the packed size."""
    packed = copy.copy(info)
    packed.compress_type, packed.file_size = zipfile.ZIP_STORED, info.compress_size
    del packed.CRC  # it is the CRC of the unpacked bytes
    with archive.open(packed) as stream:
        content = bz2.BZ2Decompressor().decompress(stream.read(2 * limit), limit + 1)
    if len(content) <= limit and (len(content), zlib.crc32(content)) != (info.file_size, info.CRC):
        raise MemberDamage
    return content


class _Directory:
    """A zip file with its directory repaired where zipfile would refuse all of it: flags, versions, extra fields.

    `heads` are where the members' own headers start, once the directory was read. Their flags are cleared as the
    directory's are, because zipfile compares the two names, each as its flag says.
    """

    def __init__(self, file: BinaryIO):
        self.seek, self.tell, self.file = file.seek, file.tell, file
        self.heads: set[int] | None = None

    def read(self, size: int = -1) -> bytes:
        is_head = self.heads is not None and size == OWN_HEAD and self.file.tell() in self.heads
        content = self.file.read(size)
        if is_head and len(content) == OWN_HEAD:
            return content[:7] + bytes([content[7] & ~UTF_8]) + content[8:]
        return mended(content) if self.heads is None and content.startswith(LINE) else content

    def seekable(self) -> bool:
        return True


def mended(directory: bytes) -> bytes:
    """Change a central directory so that names count as bytes, not as UTF-8, and zipfile accepts every entry."""
    lines, at = bytearray(directory), 0
    while lines[at : at + 4] == LINE and at + HEAD <= len(lines):
        lines[at + 6 : at + 8] = VERSION
        lines[at + 9] &= ~UTF_8
        name, extra, comment = struct.unpack_from("<HHH", lines, at + 28)
        start = at + HEAD + name
        wide = [*struct.unpack_from("<II", lines, at + 20), *struct.unpack_from("<I", lines, at + 42)].count(OLD)
        if not _is_sound(bytes(lines[start : start + extra]), wide) and 4 <= extra <= len(lines) - start:
            lines[start : start + 4] = struct.pack("<HH", 0xCAFE, extra - 4)  # an unknown field, which is ignored
        at = start + extra + comment
    return bytes(lines)


def _is_sound(extra: bytes, wide: int) -> bool:
    """Whether an extra field is well-formed and has the `wide` 64-bit numbers that its entry refers to."""
    fields = io.BytesIO(extra)
    while len(head := fields.read(4)) == 4:
        kind, size = struct.unpack("<HH", head)
        if len(fields.read(size)) < size or (kind == 1 and size < 8 * wide):
            return False
    return True
