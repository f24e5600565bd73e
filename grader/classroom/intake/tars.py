"""Read a tar archive once, front to back. At a broken header it stops and says so: no data after it is trusted."""

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO

from grader.classroom.intake.codepages import read_name
from grader.classroom.intake.members import ArchiveDamage, Member, damage, parts_of, too_many

MAX_HEADER = 1 << 20  # bytes of a long name or a pax header, which tarfile reads at once
AFTER_THE_END = 100  # reads that tarfile may make after the end; an honest archive causes three
LONG = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)


def members(file: BinaryIO, headers: int, most: int) -> Iterator[Member]:
    """Every file of a tar with any compression, in its order; ArchiveDamage if it cannot be read further.

    It may have at most `headers` entries, folders included, and unpack to at most `most` bytes, kept or not.
    """
    try:
        stream = _Metered(_plain(file), most)
        how = {"tarinfo": _Header, "encoding": "utf-8", "errors": "surrogateescape", "bufsize": 1 << 16}
        archive = tarfile.open(fileobj=stream, mode="r|", **how)  # noqa: SIM115  whoever opened the file closes it
    except Exception as error:  # a decoder of hostile bytes
        raise damage(error) from None
    for _ in range(headers):
        try:
            info = archive.next()
            archive.members = []  # otherwise it would keep millions of empty ones
        except Exception as error:
            raise damage(error) from None
        if info is None:
            return
        if info.isdir():
            continue
        name, page = read_name(info.name.encode("utf-8", "surrogateescape"))
        path, problem = parts_of(name)
        if not info.isreg():
            problem = problem or "it is a link or a device, and neither is followed"
        elif info.is_sparse:
            problem = problem or "it is a sparse file"
        yield Member(name, path, problem, page, partial(_content, archive, info))
    raise ArchiveDamage(too_many(headers))


def _content(archive: tarfile.TarFile, info: tarfile.TarInfo, limit: int) -> bytes:
    try:
        with archive.extractfile(info) as stream:
            return stream.read(limit + 1)
    except Exception as error:
        raise damage(error) from None


class _Header(tarfile.TarInfo):
    """A member's header. tarfile takes a broken one for the archive's end, and trusts the length of sparse maps."""

    is_sparse = False

    @classmethod
    def frombuf(cls, buf, encoding, errors):
        try:
            header = super().frombuf(buf, encoding, errors)
        except (tarfile.TruncatedHeaderError, tarfile.InvalidHeaderError):
            raise ArchiveDamage from None
        if header.size < 0 or (header.type in LONG and header.size > MAX_HEADER):
            raise ArchiveDamage
        return header

    def _proc_sparse(self, archive):
        _, goes_on, _ = self._sparse_structs
        while goes_on:
            goes_on = archive.fileobj.read(tarfile.BLOCKSIZE)[504]
        self.is_sparse, self.offset_data = True, archive.fileobj.tell()
        archive.offset = self.offset_data + self._block(self.size)
        return self

    def _proc_gnusparse_10(self, header, *_):
        header.is_sparse = True


def _plain(raw: BinaryIO) -> BinaryIO:
    """Decompress a tar; its first bytes, not its name, decide how."""
    start = raw.read(6)
    raw.seek(0)
    for magic, module in ((b"\x1f\x8b", gzip), (b"BZh", bz2), (b"\xfd7zXZ\0", lzma)):
        if start.startswith(magic):
            return module.open(raw)
    return raw


class _Metered(io.RawIOBase):
    """A stream against archive bombs: it gives at most `most` bytes, and stops tarfile from reading after the end."""

    def __init__(self, stream: BinaryIO, most: int):
        self.stream, self.room, self.most, self.over = stream, most, most, 0

    def read(self, size: int = -1) -> bytes:
        content = self.stream.read(size)
        self.room -= len(content)
        self.over += not content
        if self.over > AFTER_THE_END:  # it looks for the rest of a member that claims to be larger than the archive
            raise ArchiveDamage
        if self.room < 0:
            raise ArchiveDamage(f"it unpacks to more than {self.most >> 20} MB")
        return content
