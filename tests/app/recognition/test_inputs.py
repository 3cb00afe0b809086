"""One picture, in whatever form somebody has it, becomes the same pixels; what is no picture is refused in words."""

import io
from collections import deque
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from geofer.app.recognition.inputs import read_any, several
from geofer.errors import DataError
from geofer.pictures import read_picture


@pytest.fixture
def pixels() -> np.ndarray:
    """``(24, 40, 3)``, different at each edge, so that every turn shows."""
    picture = np.random.default_rng(0).integers(0, 256, (24, 40, 3), np.uint8)
    picture[:8, :8] = (255, 0, 0)
    return picture


def encoded(pixels: np.ndarray, orientation: int = 1, kind: str = "PNG") -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, exif=exif)
    return file.getvalue()


TURNS = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: np.rot90(upright, 2),
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.transpose(1, 0, 2),
    6: lambda upright: np.rot90(upright, 1),
    7: lambda upright: np.rot90(upright, 2).transpose(1, 0, 2),
    8: lambda upright: np.rot90(upright, 3),
}
"""EXIF orientation → how the stored pixels lie."""


@pytest.mark.parametrize("orientation", TURNS)
def test_every_form_of_a_file_is_turned_upright_once(orientation, pixels, tmp_path):
    content = encoded(np.ascontiguousarray(TURNS[orientation](pixels)), orientation)
    path = tmp_path / "turned.png"
    path.write_bytes(content)
    opened, converted = Image.open(path), Image.open(path).convert("RGB")
    forms = [path, str(path), content, bytearray(content), memoryview(content), io.BytesIO(content), opened, converted]
    for form in forms:
        np.testing.assert_array_equal(read_any(form)[0], pixels)
    with path.open("rb") as file:
        np.testing.assert_array_equal(read_any(file)[0], pixels)
    from PIL import ImageOps

    np.testing.assert_array_equal(read_any(ImageOps.exif_transpose(Image.open(path)))[0], pixels)  # not twice


def test_arrays_and_tensors(pixels):
    gray = pixels[..., 0]
    alpha = np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])
    rgb = torch.from_numpy(pixels).permute(2, 0, 1)
    for form in (pixels, pixels.astype(int), pixels / 255, (pixels / 255).astype(np.float32), alpha, rgb, rgb / 255):
        np.testing.assert_array_equal(read_any(form)[0], pixels)
    assert np.abs(read_any((rgb / 255).bfloat16())[0].astype(int) - pixels).max() <= 1  # it has 8 bits of precision
    three = np.repeat(gray[..., None], 3, axis=2)
    for form in (gray, gray[..., None], gray / 255, torch.from_numpy(gray), torch.from_numpy(gray)[None]):
        np.testing.assert_array_equal(read_any(form)[0], three)
    np.testing.assert_array_equal(read_any(gray > 99)[0][..., 0], np.where(gray > 99, 255, 0))
    alpha[..., 3] = 0
    assert (read_any(alpha)[0] == 255).all()  # laid on white
    assert (read_any(torch.from_numpy(alpha).permute(2, 0, 1))[0] == 255).all()
    leaf = (rgb / 255).requires_grad_()
    np.testing.assert_array_equal(read_any(leaf)[0], pixels)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "YCbCr", "HSV", "I;16"])
def test_pillows_modes_are_read_as_from_a_file(mode, pixels, tmp_path):
    picture = Image.fromarray(pixels)
    if mode == "I;16":
        picture = Image.fromarray(pixels[..., 0].astype(np.uint16) * 257)
    elif mode != "RGB":
        picture = picture.convert(mode)
    found = read_any(picture)[0]
    assert found.shape == pixels.shape
    if mode in ("1", "L", "LA", "P", "RGBA", "I;16"):
        picture.save(tmp_path / "same.png")
        np.testing.assert_array_equal(found, read_picture(tmp_path / "same.png"))


def test_what_has_several_pictures(pixels):
    pandas = pytest.importorskip("pandas")
    batch = torch.from_numpy(pixels).permute(2, 0, 1).expand(3, -1, -1, -1)
    forms = [
        [pixels] * 3,
        (pixels,) * 3,
        deque([pixels] * 3),
        (pixels for _ in range(3)),
        np.stack([pixels] * 3),
        batch,
        {"image": batch, "expression": torch.zeros(3)},
        pandas.Series([pixels] * 3),
    ]
    for form in forms:
        found = [read_any(picture)[0] for picture in several(form)]
        assert len(found) == 3
        np.testing.assert_array_equal(found[1], pixels)
    names = [list(several(form)) for form in (pandas.Series(["a.png", "b.png"]), np.array(["a.png", "b.png"]))]
    assert names == [["a.png", "b.png"]] * 2
    for single in (pixels, pixels[..., 0], batch[0], "a.png", Path("a.png"), b"", io.BytesIO(), Image.new("L", (2, 2))):
        assert several(single) is None


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (3, "No picture can be read from an object of type int; give a path, bytes"),
        (None, "from an object of type NoneType"),
        (b"no picture", "damaged, or no picture"),
        (io.StringIO("text"), "open as text; open it as bytes, with the mode 'rb'"),
        (Image.new("I", (8, 8)), "holds 32-bit pixels"),
        (Image.new("F", (8, 8)), "holds 32-bit pixels"),
        (np.zeros((3, 8, 9), np.uint8), r"An array of shape \(3, 8, 9\) and uint8 .* transpose it by \(1, 2, 0\)"),
        (np.zeros((8, 8, 2), np.uint8), r"shape \(8, 8, 2\)"),
        (np.zeros((0, 8, 3), np.uint8), "is no picture"),
        (np.full((8, 8, 3), 300), "from 300 to 300 is no picture; give uint8"),
        (np.full((8, 8, 3), -1.0), r"from -1 to -1 is no picture; give values in \[0, 1\]"),
        (np.full((8, 8, 3), np.nan), "from nan to nan is no picture"),
        (np.full((8, 8, 3), 1j), "complex128 is no picture"),
        (torch.zeros(8, 8, 3), r"A tensor of shape \(8, 8, 3\)"),
    ],
)
def test_what_is_no_picture_is_refused(picture, message):
    with pytest.raises(DataError, match=message):
        read_any(picture)


def test_a_closed_picture_and_a_damaged_one_are_refused(pixels, tmp_path):
    path = tmp_path / "cut.png"
    path.write_bytes(encoded(pixels)[:200])
    with pytest.raises(DataError, match="The picture cannot be read"):
        read_any(Image.open(path))
    path.write_bytes(encoded(pixels))
    picture = Image.open(path)
    picture.close()
    with pytest.raises(DataError, match="The picture cannot be read"):
        read_any(picture)


def test_tables_and_dictionaries_are_refused():
    pandas = pytest.importorskip("pandas")
    with pytest.raises(DataError, match="name the column"):
        several(pandas.DataFrame({"file": ["a.png"]}))
    with pytest.raises(DataError, match="has its pictures under 'image'"):
        several({"pixels": 3})
