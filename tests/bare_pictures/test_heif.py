"""AVIF whose frames are others than its boxes tell: the decoder would believe the frames."""

import io
import re
import struct

import numpy as np
import pytest
from loaded_script import load_script
from PIL import Image

from geofer.bare_pictures import DamagedPictureError, TooManyPixelsError, bare_picture
from geofer.bare_pictures.av1 import frames_of
from geofer.errors import DataError
from geofer.pictures import read_picture

SIZE = struct.pack(">4sIII", b"ispe", 0, 48, 32)
fuzz_pictures = load_script("benchmarks/fuzz_pictures")


@pytest.fixture(scope="module")
def seeds():
    return {name: data for name, data in fuzz_pictures.seeds().items() if "avif" in name}


def bits(text):
    """Bytes of a unit that holds a sequence header, given as bits; a letter after a number repeats it so often."""
    text = "".join(text.split())
    data = int(text.ljust(-(-len(text) // 8) * 8, "0"), 2).to_bytes(-(-len(text) // 8), "big")
    return b"\x12\x00\x0a" + bytes((len(data),)) + data


def binary(number, digits):
    return format(number, f"0{digits}b")


def sized(width, height, digits=16):
    """How a header tells of a size."""
    return 2 * binary(digits - 1, 4) + binary(width - 1, digits) + binary(height - 1, digits)


REDUCED = "000 1 1 01000"
PLAIN = "000 0 0 0 0 00000" + binary(0, 12) + "01000 0"
TIMED = (
    "000 0 0 1" + binary(1, 32) * 2 + "1 0001011" + "1 00100" + binary(1, 32) + "00000 00000" + "1 00001"
    "" + 2 * (binary(0, 12) + "01001 1" + "1" + "00001" * 2 + "0" + "1 0011")
)


@pytest.mark.parametrize(
    ("header", "largest"),
    [(REDUCED, (300, 200)), (PLAIN, (1 << 16, 1 << 16)), (TIMED, (1 << 16, 1 << 16))],
    ids=["reduced", "plain", "timed"],
)
def test_sizes_of_frames_are_those_of_the_header(header, largest):
    assert list(frames_of(bits(header + sized(300, 200)))) == [((300, 200), largest)]
    both = bits(REDUCED + sized(300, 200)) + bits(REDUCED + sized(16384, 5, 15))
    assert [size for size, _ in frames_of(both)] == [(300, 200), (16384, 5)]


@pytest.mark.parametrize(
    "stream", [b"", b"\x12\x00", b"\x0a\x0b\x00", b"\x0a\xff", b"\x0a\x02\x1f\xf7", b"\x0a" + b"\xff" * 9]
)
def test_a_stream_that_is_cut_off_has_no_size(stream):
    with pytest.raises((DamagedPictureError, IndexError)):
        list(frames_of(stream))


def test_a_header_of_endless_zeros_costs_nothing():
    endless = "000 0 0 1" + binary(1, 32) * 2 + "1"
    unit = b"\x0a\xff\xff\x3f" + bits(endless)[4:] + bytes((1 << 20) - 1)
    with pytest.raises(DamagedPictureError, match="cut off"):
        list(frames_of(unit[: 4 + (1 << 20) - 1]))


def told_smaller(data, width=24, height=16):
    return re.sub(rb"(ispe\0\0\0\0).{8}", lambda found: found[1] + struct.pack(">II", width, height), data, flags=re.S)


def header_of(data):
    """Where the sequence header of a file begins, behind the byte with its length."""
    return data.index(b"\x12\x00\x0a") + 4


def with_header(data, header):
    """The file with another sequence header, which is no longer than its own."""
    place = header_of(data)
    changed = bits(header)[4:]
    assert len(changed) <= data[place - 1]
    return data[:place] + changed + data[place + len(changed) :]


def test_frames_are_as_large_as_the_boxes_tell(seeds):
    for name in ("avif", "avif-alpha"):
        with pytest.raises(DamagedPictureError, match="has a frame of 48 × 32 pixels, of which its boxes do not tell"):
            bare_picture(told_smaller(seeds[name]), "AVIF", 10_000)
    huge = with_header(seeds["avif"], REDUCED + sized(16384, 16384, 14))
    with pytest.raises(TooManyPixelsError, match="16384 × 16384"):
        bare_picture(told_smaller(huge, 16384, 16384), "AVIF", 10_000)
    with pytest.raises(DamagedPictureError, match="has a frame of 16384 × 16384"):
        bare_picture(huge, "AVIF", 10_000)
    with pytest.raises(TooManyPixelsError, match="its frames can have 65536 × 65536"):
        bare_picture(with_header(seeds["avif"], PLAIN + sized(48, 32)), "AVIF", 10_000)


def test_all_frames_together_are_bounded(seeds):
    bare_picture(seeds["avif-alpha"], "AVIF", 48 * 32)
    header = header_of(seeds["avif"]) - 4
    end = header_of(seeds["avif"]) + seeds["avif"][header_of(seeds["avif"]) - 1]
    again = seeds["avif"][header:end]
    data = seeds["avif"]
    place = data.index(b"mdat") - 4
    (size,) = struct.unpack_from(">I", data, place)
    longer = data[:place] + struct.pack(">I", size + 3 * len(again)) + data[place + 4 : header] + again * 3
    longer += data[header:]
    item = data.index(b"iloc") + 4 + 4 + 2 + 2 + 2 + 2 + 2 + 4
    (length,) = struct.unpack_from(">I", data, item)
    assert header + length == len(data), "its one item is the last of the file"
    longer = longer[:item] + struct.pack(">I", length + 3 * len(again)) + longer[item + 4 :]
    with pytest.raises(TooManyPixelsError, match="its frames have 6144 pixels together"):
        bare_picture(longer, "AVIF", 48 * 32)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (b"av01Color", b"av02Color", "has no picture"),
        (b"\x12\x00\x0a", b"\x12\x00\x22", "cut off"),
        (b"iloc", b"iloX", "cut off"),
        (b"meta", b"metX", "has 0 boxes meta"),
        (b"hdlr", b"iloc", "two boxes iloc"),
    ],
)
def test_what_cannot_be_looked_at_is_refused(seeds, old, new, told):
    assert old in seeds["avif"]
    with pytest.raises(DamagedPictureError, match=told):
        bare_picture(seeds["avif"].replace(old, new, 1), "AVIF", 10_000)


def test_pictures_of_several_kinds_are_read(seeds):
    expected = np.asarray(Image.open(io.BytesIO(seeds["avif"])).convert("RGB").transpose(Image.Transpose.ROTATE_270))
    assert np.abs(read_picture(io.BytesIO(seeds["avif"])).astype(int) - expected).mean() < 40
    assert read_picture(io.BytesIO(seeds["avif-alpha"])).shape == (32, 48, 3)
    moving = Image.open(io.BytesIO(seeds["avif-animated"]))
    np.testing.assert_array_equal(read_picture(io.BytesIO(seeds["avif-animated"])), np.asarray(moving.convert("RGB")))
    with pytest.raises(DataError, match="of which its boxes do not tell"):
        read_picture(io.BytesIO(told_smaller(seeds["avif"])))
