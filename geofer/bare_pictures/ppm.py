"""PPM and its kin: a header in letters, and values in bytes, bits or digits."""

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geofer.bare_pictures.picture import BarePicture, DamagedPictureError, check_pixels

MAX_TEXT = 16 << 20
"""Bytes of a PPM that is written in digits."""

PPM_HEADER = 4096
PPM_NUMBER = re.compile(rb"(?:\s|#[^\r\n]*[\r\n])*+([0-9]{1,10})(?=\s)")
COMMENT = re.compile(rb"#[^\r\n]*[\r\n]?")


def bare_ppm(data: bytes, max_pixels: int) -> BarePicture:
    """Written anew with one byte a value; files of other kinds Pillow decodes value by value."""
    kind, bits = data[:2], data[:2] in (b"P1", b"P4")
    (width, height, highest), place = _ppm_header(data, 2 if bits else 3)
    check_pixels(width, height, max_pixels)
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
