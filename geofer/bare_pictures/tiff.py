"""TIFF: tables of tags, which tell where strips or tiles of pixels lie."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from geofer.bare_pictures.orientation import ORIENTATION, known, xmp_orientation
from geofer.bare_pictures.picture import MAX_PARTS, BarePicture, DamagedPictureError, check_parts, check_pixels

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


def bare_tiff(data: bytes, max_pixels: int) -> BarePicture:
    """The first picture of a TIFF, behind a table of the tags that decoding needs."""
    order, big = "<" if data[:2] == b"II" else ">", data[2:4] in (b"+\0", b"\0+")
    tags: dict[int, _Tag] = {}
    exif: int | None = None
    xmp: int | None = None
    for tag, kind, number, entry, content in _tiff_entries(data, order, big):
        if tag == ORIENTATION and kind == 3 and number == 1:
            exif = known(struct.unpack_from(f"{order}H", content)[0])
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
    check_parts(entries)
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
    check_pixels(width, height, max_pixels)
    planes = one(SAMPLES, 1) if one(PLANAR, 1) == 2 else 1
    tiled = TILES in tags
    if tiled:
        across, down = one(TILE_WIDTH), one(TILE_LENGTH)
        check_pixels(across, down, max_pixels, "it has tiles of")
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
