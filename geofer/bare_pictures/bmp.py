"""BMP: a header, and rows."""

import struct

from geofer.bare_pictures.picture import BarePicture, DamagedPictureError, check_pixels

BMP_HEADERS = frozenset({12, 40, 52, 56, 64, 108, 124})
MAX_RUN_LENGTH_PIXELS = 4_000_000
"""Of a BMP whose pixels are written as runs, which Pillow decodes slowly."""


def bare_bmp(data: bytes, max_pixels: int) -> BarePicture:
    """A BMP as it is, once its header is one that Pillow reads."""
    (header,) = struct.unpack_from("<I", data, 14)
    if header not in BMP_HEADERS:
        raise DamagedPictureError("its header is damaged")
    width, height = struct.unpack_from("<HH" if header == 12 else "<ii", data, 18)
    compression = 0 if header == 12 else struct.unpack_from("<I", data, 30)[0]
    runs = compression in (1, 2)
    check_pixels(abs(width), abs(height), min(max_pixels, MAX_RUN_LENGTH_PIXELS) if runs else max_pixels)
    return BarePicture("BMP", data)
