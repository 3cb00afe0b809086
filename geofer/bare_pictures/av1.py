"""AV1: how large the frames of a stream can be, by its sequence headers (AV1 Bitstream Specification, 5.3 to 5.5)."""

from collections.abc import Iterator
from typing import NamedTuple

from geofer.bare_pictures.picture import DamagedPictureError, check_parts

SEQUENCE_HEADER = 1
EXTENDED, SIZED = 0x04, 0x02
"""Flags in the first byte of a unit: another byte follows, and so does its size."""


LONGEST = 512
"""Bytes of a sequence header that are looked at; one of 32 operating points has fewer."""


class Frames(NamedTuple):
    """What one sequence header says of the frames behind it.

    Attributes:
        size: Width and height in pixels.
        largest: The largest width and height that a frame can give itself in another way; of most pictures, ``size``.
    """

    size: tuple[int, int]
    largest: tuple[int, int]


def frames_of(stream: bytes) -> Iterator[Frames]:
    """What each sequence header of a stream says.

    Raises:
        DamagedPictureError: There is none, or the stream is cut off.
    """
    place = found = parts = 0
    while place < len(stream):
        check_parts(parts := parts + 1)
        head = stream[place]
        place += 2 if head & EXTENDED else 1
        size = len(stream) - place
        if head & SIZED:
            size, place = _leb128(stream, place)
        if size < 0 or place + size > len(stream):
            raise DamagedPictureError("it is cut off")
        if head >> 3 & 15 == SEQUENCE_HEADER:
            found += 1
            yield _frames(_Bits(stream[place : place + min(size, LONGEST)]))
        place += size
    if not found:
        raise DamagedPictureError("it is cut off")


def _leb128(data: bytes, place: int) -> tuple[int, int]:
    """A number, seven bits a byte, the lowest first; and what comes behind it."""
    value = 0
    for shift in range(0, 56, 7):
        value |= (data[place] & 127) << shift
        place += 1
        if data[place - 1] < 128:
            return value, place
    raise DamagedPictureError("it is damaged")


class _Bits:
    """Numbers of so many bits each, the highest bit first."""

    def __init__(self, data: bytes) -> None:
        self._left, self._bits = 8 * len(data), int.from_bytes(data, "big")

    def take(self, bits: int) -> int:
        self._left -= bits
        if self._left < 0:
            raise DamagedPictureError("it is cut off")
        return self._bits >> self._left & ((1 << bits) - 1)


def _frames(bits: _Bits) -> Frames:
    bits.take(3 + 1)
    still = bits.take(1)  # a reduced header: there is one frame, which has this size
    if still:
        bits.take(5)
    else:
        _skip_timing(bits)
    of_width, of_height = bits.take(4) + 1, bits.take(4) + 1
    size = bits.take(of_width) + 1, bits.take(of_height) + 1
    return Frames(size, size if still else (1 << of_width, 1 << of_height))


def _skip_timing(bits: _Bits) -> None:
    delay = 0
    if bits.take(1):  # timing
        bits.take(64)
        if bits.take(1):
            zeros = 0
            while not bits.take(1):
                zeros += 1
            bits.take(zeros if zeros < 32 else 0)
        if bits.take(1):  # a decoder model
            delay = bits.take(5) + 1
            bits.take(32 + 5 + 5)
    displayed = bits.take(1)
    for _ in range(bits.take(5) + 1):
        bits.take(12)
        if bits.take(5) > 7:
            bits.take(1)
        if delay and bits.take(1):
            bits.take(2 * delay + 1)
        if displayed and bits.take(1):
            bits.take(4)
