"""What all formats share: what is left of a file, and what is wrong with one."""

from collections.abc import Callable
from dataclasses import dataclass

MAX_PARTS = 200_000
"""Most chunks, segments or blocks of a file. A PNG of 50 million pixels has about 40,000."""

MAX_SIDE = 32_766
"""Pixels of a side. MediaPipe ends the process when it sees a longer one."""


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


def check_pixels(width: int, height: int, max_pixels: int, what: str = "it has") -> None:
    """Refuses a picture that has no pixels, or more than are read."""
    if width < 1 or height < 1:
        raise DamagedPictureError(f"{what} {width} × {height} pixels")
    if width * height > max_pixels:
        raise TooManyPixelsError(f"{what} {width} × {height} pixels; at most {max_pixels} are read")
    if max(width, height) > MAX_SIDE:
        raise DamagedPictureError(f"{what} {width} × {height} pixels; a side has at most {MAX_SIDE}")


def check_parts(number: int) -> None:
    """Refuses a file that has more parts than any picture needs."""
    if number > MAX_PARTS:
        raise DamagedPictureError(f"it has more than {MAX_PARTS} parts")
