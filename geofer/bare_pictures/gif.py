"""GIF: blocks of sub-blocks."""

import struct
from collections.abc import Iterator
from itertools import count

from geofer.bare_pictures.picture import BarePicture, DamagedPictureError, check_parts, check_pixels

IMAGE, EXTENSION, CONTROL = 0x2C, 0x21, 0xF9


def bare_gif(data: bytes, max_pixels: int) -> BarePicture:
    """The first picture of a GIF, without comments and further pictures."""
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
    check_pixels(columns, rows, max_pixels)
    check_pixels(max(width, left + columns), max(height, top + rows), max_pixels)
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
        check_parts(next(steps))
        start, kind = place, data[place]
        if kind == EXTENSION:
            kind, body = CONTROL if data[place + 1] == CONTROL else EXTENSION, place + 2
        elif kind == IMAGE:
            body = _after_palette(data, place + 9) + 1
        else:
            return
        place = body
        while data[place]:
            check_parts(next(steps))
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
