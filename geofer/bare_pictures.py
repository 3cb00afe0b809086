"""A picture's file without what its pixels do not need, so that no decoder parses the rest.

Exif, XMP, profiles, comments, texts, thumbnails and further pictures can be made to cost minutes and gigabytes: ten
megabytes of repeated Exif headers keep Pillow busy for six minutes before it looks at a pixel. Here each file is taken
apart by its format's own framing, and a file of the same format is put together from the parts that hold the pixels of
its first picture. Of the metadata only the orientation is read. Every walk has a bounded number of steps.

A file that lacks pixels is an error. Some decoders fill them in and say nothing: a JPEG whose scan ends early comes
back half gray, and a TIFF with a short strip of JPEG shows whatever was in memory before.
"""

import re
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_PARTS = 200_000
"""Most chunks, segments or blocks of a file. A PNG of 50 million pixels has about 40,000."""

MAX_METADATA = 1 << 20
"""Bytes of Exif or XMP that are looked through for the orientation, once they are unpacked."""

MAX_SIDE = 32_766
"""Pixels of a side. MediaPipe ends the process when it sees a longer one."""

COMPRESSED = frozenset({"AVIF", "GIF", "HEIF", "JPEG", "PNG", "WEBP"})
"""Formats whose files are smaller than their pixels."""

STARTS = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
}

AVIF_BRANDS = frozenset({b"avif", b"avis"})
HEIC_BRANDS = frozenset({b"heic", b"heim", b"heis", b"heix", b"hevc", b"hevx", b"mif1", b"msf1"})
"""What a file of the HEIF family says that it is; with the last two it may also be AVIF."""


class DamagedPictureError(ValueError):
    """A file that breaks its format's rules, lacks pixels, or is made to be costly. The message says how."""


class TooManyPixelsError(DamagedPictureError):
    """A picture that is larger than what is read."""


@dataclass(frozen=True)
class BarePicture:
    """What is left of a file.

    Attributes:
        kind: Its format, by Pillow's names.
        data: A file of the same format that holds one picture and no metadata.
        orientation: 1 to 8, as Exif counts: how the picture is turned upright.
        other_ground: The same picture as a file whose decoder fills in other values where pixels are missing. None if
            it is known that none are.
        only_if_gray: Whether pixels can only be missing if the last block of the picture is middle gray.
        frame: ``(left, top, right, bottom)`` of the part that the file has pixels for; None if it is the whole.
        check_rows: Goes through all pixels, and raises DamagedPictureError if rows are missing. Need be called only if
            the last row is zero, as it is if it is missing. None if it is known that none are.
    """

    kind: str
    data: bytes
    orientation: int = 1
    other_ground: bytes | None = None
    only_if_gray: bool = False
    frame: tuple[int, int, int, int] | None = None
    check_rows: Callable[[], None] | None = None


def format_of(head: bytes) -> str | None:
    """The format of a file, by Pillow's names; None if it is none of those that are read.

    Args:
        head: At least its first 12 bytes. Of the HEIF family more are better, as some files tell the format further on.
    """
    if head[4:8] == b"ftyp":
        brands = {head[place : place + 4] for place in range(8, min(len(head), int.from_bytes(head[:4], "big")), 4)}
        return "AVIF" if brands & AVIF_BRANDS else "HEIF" if brands & HEIC_BRANDS else None
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[:1] == b"P" and head[1:2] in (b"1", b"2", b"3", b"4", b"5", b"6") and head[2:3].isspace():
        return "PPM"
    return next((kind for start, kind in STARTS.items() if head.startswith(start)), None)


def largest_file(kind: str, max_pixels: int) -> int:
    """Bytes of the largest file to read: 3 a pixel of formats that compress, 8 of others, and a megabyte."""
    return max_pixels * (3 if kind in COMPRESSED else 8) + (1 << 20)


def bare_picture(data: bytes, kind: str, max_pixels: int) -> BarePicture:
    """Takes a file apart.

    Args:
        data: The whole file.
        kind: What `format_of` says of it.
        max_pixels: Pictures that say that they have more are refused.

    Raises:
        DamagedPictureError: It breaks the rules of its format, lacks pixels, or is made to be costly.
    """
    try:
        return BARE[kind](data, max_pixels)
    except (struct.error, IndexError) as error:
        raise DamagedPictureError("it is cut off") from error


def _check_pixels(width: int, height: int, max_pixels: int, what: str = "it has") -> None:
    if width < 1 or height < 1:
        raise DamagedPictureError(f"{what} {width} × {height} pixels")
    if width * height > max_pixels:
        raise TooManyPixelsError(f"{what} {width} × {height} pixels; at most {max_pixels} are read")
    if max(width, height) > MAX_SIDE:
        raise DamagedPictureError(f"{what} {width} × {height} pixels; a side has at most {MAX_SIDE}")


def _check_parts(number: int) -> None:
    if number > MAX_PARTS:
        raise DamagedPictureError(f"it has more than {MAX_PARTS} parts")


# The orientation

ORIENTATION = 0x0112
EXIF, XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"


def _orientation(exif: bytes | None, xmp: bytes | None) -> int:
    """What the first Exif and the first XMP data of a file tell; Exif comes first. Further ones are not looked at."""
    told = exif_orientation(exif) if exif else None
    return told or (xmp_orientation(xmp) if xmp else None) or 1


def exif_orientation(exif: bytes) -> int | None:
    """The orientation that Exif data tell, with or without the header before them; None if they tell none."""
    exif = exif.removeprefix(EXIF)[:MAX_METADATA]
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None:
        return None
    try:
        (place,) = struct.unpack_from(f"{order}I", exif, 4)
        (entries,) = struct.unpack_from(f"{order}H", exif, place)
        for entry in range(place + 2, place + 2 + 12 * entries, 12):
            tag, kind = struct.unpack_from(f"{order}HH", exif, entry)
            if tag == ORIENTATION:
                form = {1: "B", 3: "H", 4: "I"}.get(kind, "H")
                return _known(struct.unpack_from(order + form, exif, entry + 8)[0])
    except struct.error:  # they are damaged, the picture need not be
        pass
    return None


def xmp_orientation(xmp: bytes) -> int | None:
    """The orientation that XMP data tell; None if they tell none."""
    found = re.search(rb'tiff:Orientation(?:="|>)([0-9])', xmp[:MAX_METADATA])
    return _known(int(found[1])) if found else None


def _known(orientation: int) -> int | None:
    return orientation if 1 <= orientation <= 8 else None


# JPEG

SOS, EOI, APP0, APP1, APP14 = 0xDA, 0xD9, 0xE0, 0xE1, 0xEE
SINGLE = frozenset({0x01, 0xD8, *range(0xD0, 0xD8)})
"""Markers without a segment behind them, apart from the end."""

FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
PROGRESSIVE = 0xC2
READ_FRAMES = frozenset({0xC0, 0xC1, PROGRESSIVE})
"""Huffman-coded, baseline or progressive; of the others, no decoder tells whether pixels are missing."""

NEEDED = frozenset({*READ_FRAMES, 0xC4, SOS, 0xDB, 0xDC, 0xDD})
"""Frames, tables, scans, lines, restart intervals."""

COLORS_SAID = {APP0: b"JFIF\0", APP14: b"Adobe"}
"""Beginnings of the segments that say which colors the components are."""

MARKER = re.compile(rb"\xff([^\x00\xff])")
SCAN_END = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
RESTART = re.compile(rb"\xff[\xd0-\xd7]")

FEW_SCANS, MANY_SCANS, MAX_SCANNED = 20, 500, 500_000_000
"""How often a JPEG may go over its pixels, at any size and at all; pixels of all scans together in between.

Progressive ones commonly have 10 scans.
"""

FILLER = bytes(1 + 37 * number % 250 for number in range(64))
"""What the other ground has at the end of each scan, and behind one more restart marker.

A decoder that has all its pixels skips it.
"""


def _bare_jpeg(data: bytes, max_pixels: int) -> BarePicture:
    parts, other = [data[:2]], [data[:2]]
    exif: bytes | None = None
    xmp: bytes | None = None
    pixels = scans = restarts = 0
    progressive = False
    end = b""  # where it is missing, Pillow says that the file is truncated
    for marker, segment, scan in _jpeg_segments(data):
        if marker == EOI:
            end = bytes((0xFF, EOI))
        if marker == APP1 and segment.startswith(EXIF):
            exif = exif or segment
        elif marker == APP1 and segment.startswith(XMP):
            xmp = xmp or segment
        if marker in FRAMES:
            pixels, progressive = _jpeg_pixels(marker, segment, pixels, max_pixels), marker == PROGRESSIVE
        if marker in NEEDED or (marker in COLORS_SAID and segment.startswith(COLORS_SAID[marker])):
            head = struct.pack(">BBH", 0xFF, marker, len(segment) + 2)
            parts += head, segment, scan
            other += head, segment
        if marker == SOS:
            scans += 1
            if scans > FEW_SCANS and (scans > MANY_SCANS or scans * pixels > MAX_SCANNED):
                raise DamagedPictureError(f"it goes over its {pixels} pixels more than {scans - 1} times")
            found = _restarts(scan)
            restarts += found
            _check_parts(restarts)
            filled = RESTART.sub(lambda restart: FILLER + restart[0], scan) if found else scan
            other += filled, FILLER, bytes((0xFF, 0xD0 + found % 8)), FILLER
    if not scans or not pixels:
        raise DamagedPictureError("it is cut off")
    whole, ground = (b"".join([*pieces, end]) for pieces in (parts, other))
    return BarePicture("JPEG", whole, _orientation(exif, xmp), ground, only_if_gray=not restarts and not progressive)


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Each marker with its segment, and, of scans, the pixels behind it."""
    place = 2
    for number in count():
        _check_parts(number)
        found = MARKER.search(data, place)
        if found is None:
            return
        if found[1][0] == EOI:
            yield EOI, b"", b""
            return
        marker, place = found[1][0], found.end()
        if marker in SINGLE:
            continue
        (length,) = struct.unpack_from(">H", data, place)
        segment = data[place + 2 : place + length]
        if len(segment) != length - 2:
            raise DamagedPictureError("it is cut off")
        place += length
        scan = b""
        if marker == SOS:
            end = SCAN_END.search(data, place)
            start, place = place, end.start() if end else len(data)
            scan = data[start:place].rstrip(b"\xff")
        yield marker, segment, scan


def _restarts(scan: bytes) -> int:
    """How many restart markers a scan has. They are counted from 0 to 7 and over again; where one lacks, pixels do."""
    number = -1
    for number, restart in enumerate(islice(RESTART.finditer(scan), MAX_PARTS + 1)):
        if restart[0][1] != 0xD0 + number % 8:
            raise DamagedPictureError("rows are missing")
    return number + 1


def _jpeg_pixels(marker: int, segment: bytes, known: int, max_pixels: int) -> int:
    if marker not in READ_FRAMES:
        raise DamagedPictureError("it is a JPEG that is coded arithmetically or without loss; save it as a usual one")
    if known:
        raise DamagedPictureError("it says twice how large it is")
    height, width = struct.unpack_from(">HH", segment, 1)
    _check_pixels(width, height, max_pixels)
    return int(width * height)


# PNG

PNG_KEPT = frozenset({b"IHDR", b"PLTE", b"tRNS"})
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""First column and row of each pass of an interlaced PNG, and how far the next ones are."""

XMP_KEY, RAW_EXIF_KEY = b"XML:com.adobe.xmp\0", b"Raw profile type exif\0"
"""The second is ImageMagick's."""


def _bare_png(data: bytes, max_pixels: int) -> BarePicture:
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
    return BarePicture("PNG", b"".join(parts), _orientation(exif or raw, xmp), check_rows=check_rows)


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Kind and content of each chunk, and the chunk as it stands there."""
    place = 8
    for number in count():
        _check_parts(number)
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
    _check_pixels(width, height, max_pixels)
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


# GIF

IMAGE, EXTENSION, CONTROL = 0x2C, 0x21, 0xF9


def _bare_gif(data: bytes, max_pixels: int) -> BarePicture:
    transparent, start, end = None, 0, 0
    for kind, first, last, body in _gif_blocks(data):
        if kind == CONTROL:
            control = data[body + 1 : body + 5]
            transparent = control[3] if control[0] & 1 else None
        elif kind == IMAGE:
            start, end = first, last
            break
    if not end:
        raise DamagedPictureError("it is cut off")
    width, height = struct.unpack_from("<HH", data, 6)
    left, top, columns, rows = struct.unpack_from("<HHHH", data, start + 1)
    _check_pixels(columns, rows, max_pixels)
    _check_pixels(max(width, left + columns), max(height, top + rows), max_pixels)
    screen, picture = data[: _after_palette(data, 10)], data[start:end] + b";"
    ground = b"" if transparent is None else _gif_control(transparent)
    other = _gif_control(1 if transparent is None else transparent ^ 1)
    frame = left, top, left + columns, top + rows
    return BarePicture("GIF", screen + ground + picture, 1, screen + other + picture, frame=frame)


def _gif_control(transparent: int) -> bytes:
    """A block that makes a color transparent; a decoder fills the ground with it, too."""
    return bytes((EXTENSION, CONTROL, 4, 1, 0, 0, transparent, 0))


def _gif_blocks(data: bytes) -> Iterator[tuple[int, int, int, int]]:
    """`IMAGE`, `CONTROL` or `EXTENSION`, where the block starts and ends, and where its sub-blocks begin."""
    steps = count()
    place = _after_palette(data, 10)
    while place < len(data):
        _check_parts(next(steps))
        start, kind = place, data[place]
        if kind == EXTENSION:
            kind, body = CONTROL if data[place + 1] == CONTROL else EXTENSION, place + 2
        elif kind == IMAGE:
            body = _after_palette(data, place + 9) + 1
        else:
            return
        place = body
        while data[place]:
            _check_parts(next(steps))
            place += 1 + data[place]
        place += 1
        yield kind, start, place, body


def _after_palette(data: bytes, flags: int) -> int:
    """Where the colors end that flags announce: of the screen, which has two bytes more, or of an image."""
    first = flags + (3 if flags == 10 else 1)
    return first + (3 << (data[flags] & 7) + 1 if data[flags] & 0x80 else 0)


def gif_moves(data: bytes) -> bool:
    """Whether a GIF holds more than one picture, as far as it can be told.

    Args:
        data: The file, or its beginning.
    """
    pictures = 0
    try:
        for kind, *_ in _gif_blocks(data):
            pictures += kind == IMAGE
            if pictures > 1:
                return True
    except (IndexError, DamagedPictureError):
        pass
    return False


# WebP

WEBP_PIXELS = frozenset({b"VP8 ", b"VP8L", b"ANMF"})
WEBP_KEPT = frozenset({b"VP8X", b"ALPH", b"ANIM", *WEBP_PIXELS})
ALPHA_OR_ANIMATION = 0x12


def _bare_webp(data: bytes, max_pixels: int) -> BarePicture:
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
            _check_pixels(*_webp_size(kind, content), max_pixels)
        if kind == b"VP8X":
            content = bytes((content[0] & ALPHA_OR_ANIMATION,)) + content[1:]
        if kind in WEBP_KEPT and not complete:
            parts.append(kind + struct.pack("<I", len(content)) + content + bytes(len(content) % 2))
        complete = complete or kind in WEBP_PIXELS
    if not complete:
        raise DamagedPictureError("it is cut off")
    body = b"WEBP" + b"".join(parts)
    return BarePicture("WEBP", b"RIFF" + struct.pack("<I", len(body)) + body, _orientation(exif, xmp))


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    (length,) = struct.unpack_from("<I", data, 4)
    end = 8 + length
    if end > len(data):
        raise DamagedPictureError("it is cut off")
    place = 12
    for number in count():
        _check_parts(number)
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


# TIFF

TIFF_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
TIFF_WHOLE = {1: "B", 3: "H", 4: "I", 16: "Q"}
WIDTH, LENGTH, BITS, COMPRESSION, STRIPS, SAMPLES, ROWS, STRIP_BYTES, PLANAR = (
    256,
    257,
    258,
    259,
    273,
    277,
    278,
    279,
    284,
)
TILE_WIDTH, TILE_LENGTH, TILES, TILE_BYTES, XMP_TAG, COLORS = 322, 323, 324, 325, 700, 320
TIFF_KEPT = {
    **dict.fromkeys((WIDTH, LENGTH, COMPRESSION, SAMPLES, ROWS, PLANAR, TILE_WIDTH, TILE_LENGTH), 1),
    **dict.fromkeys((STRIPS, STRIP_BYTES, TILES, TILE_BYTES), MAX_PARTS // 2),
    **{BITS: 6, 262: 1, 266: 1, 317: 1, COLORS: 3 << 16, 332: 1, 338: 6, 339: 6, 530: 2},
}
"""Tags that decoding needs, and how many values of each there can be."""

READ_COMPRESSIONS = frozenset({1, 5, 8, 32773, 32946})
"""None, LZW, Deflate (twice) and PackBits: those whose decoders report a strip that is too short."""


@dataclass(frozen=True)
class _Tag:
    kind: int
    entry: bytes
    values: tuple[int, ...]


def _bare_tiff(data: bytes, max_pixels: int) -> BarePicture:
    order, big = "<" if data[:2] == b"II" else ">", data[2:4] in (b"+\0", b"\0+")
    tags: dict[int, _Tag] = {}
    exif: int | None = None
    xmp: int | None = None
    for tag, kind, number, entry, content in _tiff_entries(data, order, big):
        if tag == ORIENTATION and kind == 3 and number == 1:
            exif = _known(struct.unpack_from(f"{order}H", content)[0])
        elif tag == XMP_TAG:
            xmp = xmp_orientation(content)
        elif tag in TIFF_KEPT:
            if tag in tags or number > TIFF_KEPT[tag]:
                raise DamagedPictureError(f"tag {tag} is there twice, or has {number} values")
            form = TIFF_WHOLE.get(kind)
            tags[tag] = _Tag(kind, entry, struct.unpack(f"{order}{number}{form}", content) if form else ())
    _check_tiff({tag: found.values for tag, found in tags.items()}, len(data), max_pixels)
    kept = b"".join(found.entry for _, found in sorted(tags.items()))
    place = len(data) + len(data) % 2
    header = struct.pack(f"{order}HHQ", 8, 0, place) if big else struct.pack(f"{order}I", place)
    entries = struct.pack(f"{order}{'Q' if big else 'H'}", len(tags))
    body = data[4 + len(header) :] + bytes(len(data) % 2)
    return BarePicture("TIFF", b"".join((data[:4], header, body, entries, kept, bytes(8))), exif or xmp or 1)


def _tiff_entries(data: bytes, order: str, big: bool) -> Iterator[tuple[int, int, int, bytes, bytes]]:
    """Tag, kind, number of values, the entry as it stands there, and the values of each entry of the first picture."""
    head, form, inline = (f"{order}Q", f"{order}HHQ", 8) if big else (f"{order}I", f"{order}HHI", 4)
    (place,) = struct.unpack_from(head, data, 8 if big else 4)
    (entries,) = struct.unpack_from(f"{order}{'Q' if big else 'H'}", data, place)
    _check_parts(entries)
    place += 8 if big else 2
    length = struct.calcsize(form) + inline
    for start in range(place, place + entries * length, length):
        tag, kind, number = struct.unpack_from(form, data, start)
        if tag not in TIFF_KEPT and tag not in (ORIENTATION, XMP_TAG):
            continue
        size, content = TIFF_SIZES.get(kind, 0) * number, start + length - inline
        if size > inline:
            (content,) = struct.unpack_from(head, data, content)
        if content + size > len(data) or not size:
            raise DamagedPictureError("it is cut off")
        yield tag, kind, number, data[start : start + length], data[content : content + min(size, MAX_TIFF_VALUES)]


MAX_TIFF_VALUES = 8 * MAX_PARTS
"""Bytes of the values of one tag that are looked at."""


def _check_tiff(tags: dict[int, tuple[int, ...]], size: int, max_pixels: int) -> None:
    """Whether the strips or tiles are those that the picture needs: with fewer, rows would be missing.

    Args:
        tags: Values by tag.
        size: Bytes of the file.
        max_pixels: As for `bare_picture`.
    """

    def one(tag: int, otherwise: int = 0) -> int:
        return (tags.get(tag) or (otherwise,))[0]

    compression = one(COMPRESSION, 1)
    if compression in (6, 7):
        raise DamagedPictureError("it is a TIFF that holds JPEG, whose missing rows go unseen; save it as JPEG or PNG")
    if compression not in READ_COMPRESSIONS:
        raise DamagedPictureError(
            f"it is a TIFF with compression {compression}, of which missing rows go unseen; save it as PNG"
        )
    width, height = one(WIDTH), one(LENGTH)
    _check_pixels(width, height, max_pixels)
    planes = one(SAMPLES, 1) if one(PLANAR, 1) == 2 else 1
    tiled = TILES in tags
    if tiled:
        across, down = one(TILE_WIDTH), one(TILE_LENGTH)
        _check_pixels(across, down, max_pixels, "it has tiles of")
    else:
        across, down = width, min(one(ROWS, height) or height, height)
    columns, rows = -(-width // across), -(-height // down)
    if columns * across * rows * down > 2 * max_pixels:
        raise DamagedPictureError("its tiles are far larger than the picture")
    places, sizes = tags.get(TILES if tiled else STRIPS, ()), tags.get(TILE_BYTES if tiled else STRIP_BYTES, ())
    if len(places) != columns * rows * planes or len(sizes) not in (0, len(places)):
        raise DamagedPictureError(f"it has {len(places)} strips or tiles in the place of {columns * rows * planes}")
    if compression == 1:  # the sizes that it tells are not looked at then
        bits = sum(tags.get(BITS, (1,))) if planes == 1 else max(tags.get(BITS, (1,)))
        bits *= one(SAMPLES, 1) if planes == 1 and len(tags.get(BITS, ())) < 2 else 1
        sizes = tuple(
            -(-across * bits // 8) * (down if tiled else min(down, height - number % rows * down))
            for number in range(len(places))
        )
    if any(map(lambda place, bytes_: place + bytes_ > size, places, sizes)):
        raise DamagedPictureError("it is cut off")


# BMP and PPM

BMP_HEADERS = frozenset({12, 40, 52, 56, 64, 108, 124})
MAX_RUN_LENGTH_PIXELS = 4_000_000
"""Of a BMP whose pixels are written as runs, which Pillow decodes slowly."""


def _bare_bmp(data: bytes, max_pixels: int) -> BarePicture:
    (header,) = struct.unpack_from("<I", data, 14)
    if header not in BMP_HEADERS:
        raise DamagedPictureError("its header is damaged")
    width, height = struct.unpack_from("<HH" if header == 12 else "<ii", data, 18)
    compression = 0 if header == 12 else struct.unpack_from("<I", data, 30)[0]
    runs = compression in (1, 2)
    _check_pixels(abs(width), abs(height), min(max_pixels, MAX_RUN_LENGTH_PIXELS) if runs else max_pixels)
    return BarePicture("BMP", data)


MAX_TEXT = 16 << 20
"""Bytes of a PPM that is written in digits."""

PPM_HEADER = 4096
PPM_NUMBER = re.compile(rb"(?:\s|#[^\r\n]*[\r\n])*+([0-9]{1,10})(?=\s)")
COMMENT = re.compile(rb"#[^\r\n]*[\r\n]?")


def _bare_ppm(data: bytes, max_pixels: int) -> BarePicture:
    """Written anew with one byte a value; files of other kinds Pillow decodes value by value."""
    kind, bits = data[:2], data[:2] in (b"P1", b"P4")
    (width, height, highest), place = _ppm_header(data, 2 if bits else 3)
    _check_pixels(width, height, max_pixels)
    if not 0 < highest < 65536:
        raise DamagedPictureError("its header is damaged")
    colors = 3 if kind in (b"P3", b"P6") else 1
    numbers: NDArray[Any]
    if kind == b"P4":
        stride = -(-width // 8)
        rows = np.frombuffer(data[place : place + stride * height], np.uint8)
        numbers = np.unpackbits(rows[: len(rows) // stride * stride].reshape(-1, stride), axis=1, count=width).ravel()
    elif kind in (b"P5", b"P6"):
        form = np.dtype(np.uint8 if highest < 256 else ">u2")
        numbers = np.frombuffer(data, form, (len(data) - place) // form.itemsize, place)
    else:
        numbers = _ppm_text(data[place:], bits)
    numbers = numbers[: width * height * colors]
    if len(numbers) < width * height * colors:
        raise DamagedPictureError("rows are missing")
    levels = np.round(np.arange(highest + 1) / highest * 255).astype(np.uint8)
    levels = 255 - levels if bits else levels
    pixels = numbers if highest == 255 and numbers.dtype == np.uint8 else levels[np.clip(numbers, 0, highest)]
    return BarePicture("PPM", b"P%d %d %d 255\n" % (6 if colors == 3 else 5, width, height) + pixels.tobytes())


def _ppm_header(data: bytes, numbers: int) -> tuple[list[int], int]:
    """Width, height, and the highest value, 1 where the kind has none; and where the pixels begin: a blank further."""
    fields, place = [], 2
    for _ in range(numbers):
        found = PPM_NUMBER.match(data, place, PPM_HEADER)
        if found is None:
            raise DamagedPictureError("its header is damaged")
        fields.append(int(found[1]))
        place = found.end()
    return [*fields, 1][:3], place + 1


def _ppm_text(text: bytes, bits: bool) -> NDArray[np.integer[Any]]:
    if len(text) > MAX_TEXT:
        raise DamagedPictureError(f"it is written in digits, and has more than {MAX_TEXT} bytes")
    text = COMMENT.sub(b" ", text)
    if not re.fullmatch(rb"[01\s]*" if bits else rb"[0-9\s]*", text):
        raise DamagedPictureError("its pixels are damaged")
    if bits:
        return np.frombuffer(b"".join(text.split()), np.uint8) - ord("0")
    return np.fromstring(text, np.int64, sep=" ")


# AVIF and HEIC

METADATA_ITEM = re.compile(rb"(infe[\x02\x03].{3}(?:.{4}|.{6}))(?:Exif|mime)", re.DOTALL)
"""The box that says that a part of the file is Exif or XMP; numbers of parts have two or four bytes."""

EXTENT = re.compile(rb"\0\0\0\x14ispe\0\0\0\0(.{8})", re.DOTALL)
"""The box with a width and a height."""


def _bare_heif(kind: str, data: bytes, max_pixels: int) -> BarePicture:
    """Metadata stay where they are, as parts of an unknown kind. How to turn the picture is no part of them."""
    for number, extent in enumerate(EXTENT.finditer(data)):
        _check_parts(number)
        width, height = struct.unpack(">II", extent[1])
        _check_pixels(width, height, max_pixels)
    return BarePicture(kind, METADATA_ITEM.sub(rb"\1skip", data))


BARE: dict[str, Callable[[bytes, int], BarePicture]] = {
    "AVIF": partial(_bare_heif, "AVIF"),
    "BMP": _bare_bmp,
    "GIF": _bare_gif,
    "HEIF": partial(_bare_heif, "HEIF"),
    "JPEG": _bare_jpeg,
    "PNG": _bare_png,
    "PPM": _bare_ppm,
    "TIFF": _bare_tiff,
    "WEBP": _bare_webp,
}
