"""JPEG: segments with a marker before each, and scans of pixels."""

import re
import struct
from collections.abc import Iterator
from itertools import count, islice

from geofer.bare_pictures.orientation import EXIF, XMP, orientation_of
from geofer.bare_pictures.picture import MAX_PARTS, BarePicture, DamagedPictureError, check_parts, check_pixels

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


def bare_jpeg(data: bytes, max_pixels: int) -> BarePicture:
    """A JPEG without the segments that its pixels do not need."""
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
            check_parts(restarts)
            filled = RESTART.sub(lambda restart: FILLER + restart[0], scan) if found else scan
            other += filled, FILLER, bytes((0xFF, 0xD0 + found % 8)), FILLER
    if not scans or not pixels:
        raise DamagedPictureError("it is cut off")
    whole, ground = (b"".join([*pieces, end]) for pieces in (parts, other))
    return BarePicture("JPEG", whole, orientation_of(exif, xmp), ground, only_if_gray=not restarts and not progressive)


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Each marker with its segment, and, of scans, the pixels behind it."""
    place = 2
    for number in count():
        check_parts(number)
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
    check_pixels(width, height, max_pixels)
    return int(width * height)
