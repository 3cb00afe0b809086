"""AVIF and HEIC: boxes in boxes, and items of which they tell where they lie."""

import re
import struct
from collections.abc import Iterator
from itertools import count

from geofer.bare_pictures.av1 import frames_of
from geofer.bare_pictures.picture import BarePicture, DamagedPictureError, TooManyPixelsError, check_parts, check_pixels

METADATA_ITEM = re.compile(rb"(infe[\x02\x03].{3}(?:.{4}|.{6}))(?:Exif|mime)", re.DOTALL)
"""The box that says that a part of the file is Exif or XMP; numbers of parts have two or four bytes."""

EXTENT = re.compile(rb"\0\0\0\x14ispe\0\0\0\0(.{8})", re.DOTALL)
"""The box with a width and a height."""

MOST_FRAMES = 3
"""How many times the largest number of pixels all frames may have together: colors, transparency, a gain map."""


def bare_heif(data: bytes, max_pixels: int) -> BarePicture:
    """A HEIC file whose metadata stay where they are, as parts of an unknown kind.

    How to turn the picture is no part of them. Frames that are larger than the boxes say are refused by libheif.
    """
    _sizes(data, max_pixels)
    return BarePicture("HEIF", METADATA_ITEM.sub(rb"\1skip", data))


def bare_avif(data: bytes, max_pixels: int) -> BarePicture:
    """An AVIF file, likewise; of an animation its still picture, which is the first.

    Its frames must be as large as the boxes say. The decoder makes them as large as they say themselves, 268 million
    pixels in a file of 2 kB, before it scales them down to what the boxes say.
    """
    boxes = _sizes(data, max_pixels)
    total = 0
    for item in _av1_items(data):
        for frames in frames_of(item):
            if frames.size not in boxes:
                raise DamagedPictureError(f"it has a frame of {_shown(frames.size)}, of which its boxes do not tell")
            check_pixels(*frames.largest, max_pixels, "its frames can have")
            total += frames.largest[0] * frames.largest[1]
    if not total:
        raise DamagedPictureError("it has no picture")
    if total > MOST_FRAMES * max_pixels:
        raise TooManyPixelsError(
            f"its frames have {total} pixels together; at most {MOST_FRAMES * max_pixels} are read"
        )
    still = data[:8] + b"avif" + data[12:]  # the brand avis would make the decoder read tracks
    return BarePicture("AVIF", METADATA_ITEM.sub(rb"\1skip", still))


def _shown(size: tuple[int, int]) -> str:
    return f"{size[0]} × {size[1]} pixels"


def _sizes(data: bytes, max_pixels: int) -> set[tuple[int, int]]:
    """Every width and height that the file tells of."""
    found = set()
    for number, extent in enumerate(EXTENT.finditer(data)):
        check_parts(number)
        width, height = struct.unpack(">II", extent[1])
        check_pixels(width, height, max_pixels)
        found.add((width, height))
    return found


def _av1_items(data: bytes) -> Iterator[bytes]:
    """The coded data of every item of the kind AV1."""
    metas = [inside for kind, inside in _boxes(data) if kind == b"meta"]
    if len(metas) != 1:
        raise DamagedPictureError(f"it has {len(metas)} boxes meta")
    inner: dict[bytes, bytes] = {}
    for kind, inside in _boxes(metas[0][4:]):
        if kind in (b"iinf", b"iloc", b"idat") and kind in inner:
            raise DamagedPictureError(f"it has two boxes {kind.decode()}")
        inner[kind] = inside
    av1 = set(_items_of_kind(inner.get(b"iinf", b""), b"av01"))
    looked_at = 0
    for item, parts in _places(inner.get(b"iloc", b"")):
        if item not in av1:
            continue
        pieces = []
        for in_idat, offset, length in parts:
            whole = inner.get(b"idat", b"") if in_idat else data
            if offset + length > len(whole):
                raise DamagedPictureError("it is cut off")
            pieces.append(whole[offset : offset + length])
            looked_at += length
            if looked_at > 4 * len(data):
                raise DamagedPictureError("its items overlap")
        av1.remove(item)
        yield b"".join(pieces)
    if av1:
        raise DamagedPictureError("it is cut off")


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of each box."""
    place = 0
    for number in count():
        check_parts(number)
        if place >= len(data):
            return
        size, kind = struct.unpack_from(">I4s", data, place)
        head = 8
        if size == 1:
            (size,), head = struct.unpack_from(">Q", data, place + 8), 16
        size = size or len(data) - place
        if size < head or place + size > len(data):
            raise DamagedPictureError("it is cut off")
        yield kind, data[place + head : place + size]
        place += size


def _items_of_kind(iinf: bytes, wanted: bytes) -> Iterator[int]:
    """Numbers of the items that are of a kind."""
    for kind, entry in _boxes(iinf[6 if iinf[:1] == b"\0" else 8 :]):
        if kind == b"infe" and entry[:1] in (b"\2", b"\3"):
            number, _, found = struct.unpack_from(">HH4s" if entry[0] == 2 else ">IH4s", entry, 4)
            if found == wanted:
                yield number


def _places(iloc: bytes) -> Iterator[tuple[int, list[tuple[bool, int, int]]]]:
    """Each item with its parts: whether they lie in the box ``idat``, where, and how many bytes they have."""
    version, sizes = iloc[0], struct.unpack_from(">H", iloc, 4)[0]
    of_offset, of_length, of_base, of_index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    place = 6

    def number(size: int) -> int:
        nonlocal place
        if place + size > len(iloc):
            raise DamagedPictureError("it is cut off")
        place += size
        return int.from_bytes(iloc[place - size : place], "big")

    steps = count()
    for _ in range(number(4 if version == 2 else 2)):
        item = number(4 if version == 2 else 2)
        method = number(2) & 15 if version else 0
        if number(2) or method > 1:
            raise DamagedPictureError("its pixels lie elsewhere")
        base, parts = number(of_base), []
        for _ in range(number(2)):
            check_parts(next(steps))
            number(of_index if version else 0)
            offset = base + number(of_offset)
            parts.append((method == 1, offset, number(of_length)))
        yield item, parts
