"""How many bytes a container says it has: the one sign of truncation that needs no decoding.

A file cut between two packets decodes without complaint. MP4 boxes, RIFF (AVI) and Matroska state
their own length, so a cut shows; MPEG program and transport streams do not, and a clean cut through
one cannot be told from a shorter video.
"""

import io
from pathlib import Path
from typing import BinaryIO

_FIRST_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
"""What MP4 begins with, and QuickTime files from before there was ftyp."""
_NEEDED_BOXES = (b"ftyp", b"moov", b"mdat", b"moof")
"""Boxes that frames depend on. What reaches beyond the file's end and is none of them loses
nothing: a box of another kind, or bytes that some program put behind the last box."""
_OPEN_LENGTH = 2**32 - 1  # RIFF's, where a recording was never closed
_SEGMENT = b"\x18\x53\x80\x67"  # Matroska's top-level element (RFC 9559, section 5.1)
_EBML = b"\x1a\x45\xdf\xa3"  # the header before it (RFC 8794, section 11.2)


def missing_bytes(source: Path | str | bytes) -> int:
    """Bytes that the container promises beyond the end of the file; 0 if none, or unknown."""
    if isinstance(source, bytes):
        return _missing(io.BytesIO(source), len(source))
    with open(source, "rb") as file:
        return _missing(file, Path(source).stat().st_size)


def _missing(file: BinaryIO, size: int) -> int:
    head = file.read(12)
    if head[:4] == b"RIFF":
        length = int.from_bytes(head[4:8], "little")
        promised = 0 if length == _OPEN_LENGTH else 8 + length
    elif head[:4] == _EBML:
        promised = _end_of_segment(file)
    elif head[4:8] in _FIRST_BOXES:
        promised = _end_of_boxes(file, size)
    else:
        return 0
    return max(promised - size, 0)


def _end_of_boxes(file: BinaryIO, size: int) -> int:
    """End of the last top-level MP4 box that is needed (ISO 14496-12, section 4.2)."""
    at = 0
    while at < size:
        file.seek(at)
        head = file.read(16)
        length = int.from_bytes(head[:4], "big")
        if length == 1:  # a 64-bit length follows
            length = int.from_bytes(head[8:16], "big")
        # 0: the box reaches to the end of the file, whatever that is.
        if length < 8 or (at + length > size and head[4:8] not in _NEEDED_BOXES):
            return at
        at += length
    return at


def _end_of_segment(file: BinaryIO) -> int:
    """End of the Matroska segment; 0 where its length was left open (live recordings)."""
    at = 0
    for _ in range(2):  # the EBML header, then the segment
        file.seek(at)
        kind = file.read(4)
        length, width = _variable_length(file.read(8))
        if length is None:
            return 0
        at += 4 + width + length
        if kind == _SEGMENT:
            return at
    return 0


def _variable_length(data: bytes) -> tuple[int | None, int]:
    """An EBML length and the bytes it takes; None for "unknown" (RFC 8794, section 6)."""
    width = 9 - data[0].bit_length() if data and data[0] else 0
    if not width or len(data) < width:
        return None, 0
    value = int.from_bytes(data[:width], "big") & ((1 << 7 * width) - 1)
    return (None if value == (1 << 7 * width) - 1 else value), width
