"""A picture's file without what its pixels do not need, so that no decoder parses the rest.

Exif, XMP, profiles, comments, texts, thumbnails and further pictures can be made to cost minutes and gigabytes: ten
megabytes of repeated Exif headers keep Pillow busy for six minutes before it looks at a pixel. Here each file is taken
apart by its format's own framing, and a file of the same format is put together from the parts that hold the pixels of
its first picture. Of the metadata only the orientation is read. Every walk has a bounded number of steps.

A file that lacks pixels is an error. Some decoders fill them in and say nothing: a JPEG whose scan ends early comes
back half gray, and a TIFF with a short strip of JPEG shows whatever was in memory before.
"""

import struct
from collections.abc import Callable

from geofer.bare_pictures.bmp import bare_bmp
from geofer.bare_pictures.gif import bare_gif, gif_moves
from geofer.bare_pictures.heif import bare_avif, bare_heif
from geofer.bare_pictures.jpeg import bare_jpeg
from geofer.bare_pictures.picture import MAX_SIDE, BarePicture, DamagedPictureError, TooManyPixelsError
from geofer.bare_pictures.png import bare_png
from geofer.bare_pictures.ppm import bare_ppm
from geofer.bare_pictures.tiff import bare_tiff
from geofer.bare_pictures.webp import bare_webp

__all__ = [
    "MAX_SIDE",
    "BarePicture",
    "DamagedPictureError",
    "TooManyPixelsError",
    "bare_picture",
    "format_of",
    "gif_moves",
    "largest_file",
]

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

BARE: dict[str, Callable[[bytes, int], BarePicture]] = {
    "AVIF": bare_avif,
    "BMP": bare_bmp,
    "GIF": bare_gif,
    "HEIF": bare_heif,
    "JPEG": bare_jpeg,
    "PNG": bare_png,
    "PPM": bare_ppm,
    "TIFF": bare_tiff,
    "WEBP": bare_webp,
}


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
