"""PNG: chunks, of which those of the first picture's pixels are one zlib stream."""

import struct
import zlib
from collections.abc import Iterator
from functools import partial
from itertools import count

from geofer.bare_pictures.orientation import MAX_METADATA, orientation_of
from geofer.bare_pictures.picture import BarePicture, DamagedPictureError, check_parts, check_pixels

PNG_KEPT = frozenset({b"IHDR", b"PLTE", b"tRNS"})
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""First column and row of each pass of an interlaced PNG, and how far the next ones are."""

XMP_KEY, RAW_EXIF_KEY = b"XML:com.adobe.xmp\0", b"Raw profile type exif\0"
"""The second is ImageMagick's."""


def bare_png(data: bytes, max_pixels: int) -> BarePicture:
    """The first picture of a PNG, without texts, profiles and animation."""
    parts = [data[:8]]
    packed: list[bytes] = []
    rows = 0
    exif: bytes | None = None
    raw: bytes | None = None
    xmp: bytes | None = None
    after = interlaced = False
    for kind, content, whole in _png_chunks(data):
        if kind == b"IHDR":
            rows, interlaced = _png_bytes(content, max_pixels), content[12] != 0
        if kind in PNG_KEPT and not packed:
            parts.append(whole)
        elif kind == b"IDAT" and not after:
            packed.append(content)
        elif kind == b"eXIf":
            exif = exif or content
        elif kind == b"iTXt" and content.startswith(XMP_KEY) and xmp is None:
            xmp = _international_text(content.removeprefix(XMP_KEY))
        elif kind in (b"tEXt", b"zTXt") and content.startswith(RAW_EXIF_KEY) and raw is None:
            text = content.removeprefix(RAW_EXIF_KEY)
            raw = _raw_exif(text if kind == b"tEXt" else _unpacked(text[1:]))
        after = bool(packed) and kind != b"IDAT"
    pixels = b"".join(packed)
    if not rows:
        raise DamagedPictureError("it is cut off")
    parts += _png_chunk(b"IDAT", pixels), _png_chunk(b"IEND", b"")
    if interlaced:
        _check_inflated(pixels, rows)
    check_rows = None if interlaced else partial(_check_inflated, pixels, rows)
    return BarePicture("PNG", b"".join(parts), orientation_of(exif or raw, xmp), check_rows=check_rows)


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Kind and content of each chunk, and the chunk as it stands there."""
    place = 8
    for number in count():
        check_parts(number)
        if place == len(data):
            return
        length, kind = struct.unpack_from(">I4s", data, place)
        whole = data[place : place + length + 12]
        if len(whole) != length + 12:
            raise DamagedPictureError("it is cut off")
        yield kind, whole[8:-4], whole
        if kind == b"IEND":
            return
        place += length + 12


def _png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content), kind) + content + struct.pack(">I", zlib.crc32(content, zlib.crc32(kind)))


def _png_bytes(header: bytes, max_pixels: int) -> int:
    """Bytes of all rows of a picture, each with one for its filter."""
    width, height, depth, color, _, _, interlaced = struct.unpack(">IIBBBBB", header[:13])
    check_pixels(width, height, max_pixels)
    if color not in CHANNELS or depth not in (1, 2, 4, 8, 16):
        raise DamagedPictureError("its header is damaged")
    passes = ADAM7 if interlaced else ((0, 0, 1, 1),)
    total = 0
    for left, top, across, down in passes:
        columns, rows = -(-(width - left) // across), -(-(height - top) // down)
        if columns > 0 and rows > 0:
            total += rows * (1 + -(-columns * depth * CHANNELS[color] // 8))
    return total


def _check_inflated(packed: bytes, wanted: int) -> None:
    """Raises DamagedPictureError if less comes out of a zlib stream."""
    stream, size = zlib.decompressobj(), 0
    try:
        while size < wanted:
            got = len(stream.decompress(packed, 1 << 20))
            size, packed = size + got, stream.unconsumed_tail
            if not got:
                raise DamagedPictureError("rows are missing")
    except zlib.error as error:
        raise DamagedPictureError("its pixels are damaged") from error


def _unpacked(packed: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(packed, MAX_METADATA)
    except zlib.error:
        return b""


def _international_text(text: bytes) -> bytes:
    """The text of an iTXt chunk, behind its key: packed or not, a method, a language, the key translated."""
    *_, content = text[2:].split(b"\0", 2)
    return _unpacked(content) if text[:1] == b"\1" else content


def _raw_exif(text: bytes) -> bytes:
    """Exif data that are written in hexadecimal digits, below three lines of their own."""
    digits = b"".join(text[: 2 * MAX_METADATA].split(b"\n", 3)[3:]).replace(b"\n", b"")
    try:
        return bytes.fromhex(digits.decode("ascii"))
    except ValueError:
        return b""
