"""WebP: chunks of RIFF."""

import struct
from collections.abc import Iterator
from itertools import count

from geofer.bare_pictures.orientation import orientation_of
from geofer.bare_pictures.picture import BarePicture, DamagedPictureError, check_parts, check_pixels

WEBP_PIXELS = frozenset({b"VP8 ", b"VP8L", b"ANMF"})
WEBP_KEPT = frozenset({b"VP8X", b"ALPH", b"ANIM", *WEBP_PIXELS})
ALPHA_OR_ANIMATION = 0x12


def bare_webp(data: bytes, max_pixels: int) -> BarePicture:
    """The first picture of a WebP, without metadata."""
    parts: list[bytes] = []
    exif: bytes | None = None
    xmp: bytes | None = None
    complete = False
    for kind, content in _webp_chunks(data):
        if kind == b"EXIF":
            exif = exif or content
        elif kind == b"XMP ":
            xmp = xmp or content
        if not parts:
            check_pixels(*_webp_size(kind, content), max_pixels)
        if kind == b"VP8X":
            content = bytes((content[0] & ALPHA_OR_ANIMATION,)) + content[1:]
        if kind in WEBP_KEPT and not complete:
            parts.append(kind + struct.pack("<I", len(content)) + content + bytes(len(content) % 2))
        complete = complete or kind in WEBP_PIXELS
    if not complete:
        raise DamagedPictureError("it is cut off")
    body = b"WEBP" + b"".join(parts)
    return BarePicture("WEBP", b"RIFF" + struct.pack("<I", len(body)) + body, orientation_of(exif, xmp))


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    (length,) = struct.unpack_from("<I", data, 4)
    end = 8 + length
    if end > len(data):
        raise DamagedPictureError("it is cut off")
    place = 12
    for number in count():
        check_parts(number)
        if place >= end:
            return
        kind, size = struct.unpack_from("<4sI", data, place)
        content = data[place + 8 : place + 8 + size]
        if len(content) != size:
            raise DamagedPictureError("it is cut off")
        yield kind, content
        place += 8 + size + size % 2


def _webp_size(kind: bytes, content: bytes) -> tuple[int, int]:
    """Width and height, by the first chunk."""
    if kind == b"VP8X":
        low = struct.unpack_from("<HBHB", content, 4)
        return 1 + low[0] + (low[1] << 16), 1 + low[2] + (low[3] << 16)
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", content, 1)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", content, 6)
        return width & 0x3FFF, height & 0x3FFF
    raise DamagedPictureError("it begins with no picture")
