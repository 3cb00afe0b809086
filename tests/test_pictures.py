import io
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from geofer.errors import DataError, printable
from geofer.pictures import picture_digest, read_picture

SCENE = np.random.default_rng(0).integers(0, 256, (4, 6, 3), np.uint8).repeat(8, 0).repeat(8, 1)
"""A picture of (32, 48, 3) whose 8 × 8 blocks JPEG keeps almost as they are."""

TO_STORED = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: np.rot90(a, 2).transpose(1, 0, 2),
    8: lambda a: np.rot90(a, -1),
}
"""EXIF orientation → how a camera held that way stores the scene (tables of the EXIF standard, row and column 0)."""


def encoded(pixels: np.ndarray, kind: str, **options) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, kind, **options)
    return file.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, pixels: bytes = b"", *, bits: int = 8, color: int = 2, extra: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, 0)
    parts = chunk(b"IHDR", header), extra, chunk(b"IDAT", zlib.compress(pixels)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def read(data: bytes, **options) -> np.ndarray:
    return read_picture(io.BytesIO(data), **options)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", TO_STORED)
def test_pictures_are_turned_upright(orientation, kind):
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True}}.get(kind, {})
    picture = read(encoded(TO_STORED[orientation](SCENE), kind, exif=exif, **options))
    assert picture.shape == SCENE.shape
    np.testing.assert_allclose(picture.astype(int), SCENE, atol=4 if kind == "JPEG" else 0)


def test_plain_colors_arrive_unchanged_in_memory_that_can_be_written():
    picture = read(encoded(SCENE, "PNG"))
    assert picture.dtype == np.uint8
    assert picture.flags.writeable
    np.testing.assert_array_equal(picture, SCENE)


@pytest.mark.parametrize("mode", ["L", "1", "P"])
def test_gray_one_bit_and_palette(mode, tmp_path):
    picture = Image.fromarray(SCENE).convert(mode)
    picture.save(tmp_path / "a.png")
    expected = np.array(picture.convert("RGB"))
    if mode != "P":
        expected = np.array(picture).astype(np.uint8)[..., None].repeat(3, -1) * (255 if mode == "1" else 1)
    np.testing.assert_array_equal(read_picture(tmp_path / "a.png"), expected)


def test_what_is_transparent_shows_white():
    rgba = np.dstack((SCENE, np.full(SCENE.shape[:2], 255, np.uint8)))
    rgba[:8, :, 3], rgba[8:16, :, 3] = 0, 51
    picture = read(encoded(rgba, "PNG"))
    assert (picture[:8] == 255).all()
    np.testing.assert_allclose(picture[8:16], 0.2 * SCENE[8:16] + 0.8 * 255, atol=1)
    np.testing.assert_array_equal(picture[16:], SCENE[16:])

    gray = read(encoded(rgba[..., [0, 3]], "PNG"))
    np.testing.assert_array_equal(gray[16:], SCENE[16:, :, :1].repeat(3, -1))
    assert (gray[:8] == 255).all()


def test_transparent_color_of_a_palette_or_of_rgb():
    palette = Image.fromarray(np.array([[0, 1], [1, 2]], np.uint8), "P")
    palette.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    expected = [[[10, 20, 30], [255, 255, 255]], [[255, 255, 255], [70, 80, 90]]]
    for kind in ("PNG", "GIF"):
        file = io.BytesIO()
        palette.save(file, kind, transparency=1)
        assert read(file.getvalue()).tolist() == expected
    assert read(encoded(np.array(expected, np.uint8), "PNG", transparency=(10, 20, 30)))[0, 0].tolist() == [255] * 3


@pytest.mark.parametrize("color", [0, 2, 6])
def test_16_bits_are_scaled_not_clipped(color):
    channels = {0: 1, 2: 3, 6: 4}[color]
    ramp = np.arange(0, 65536, 257, dtype=">u2")
    pixels = np.full((256, channels), 65535, ">u2")
    pixels[:, : min(channels, 3)] = ramp[:, None]
    picture = read(png(256, 1, b"\0" + pixels.tobytes(), bits=16, color=color))
    assert picture.tolist() == [[[value] * 3 for value in range(256)]]


def test_16_bit_tiff():
    picture = read(encoded(np.array([[0, 256, 32768, 65535]], np.uint16), "TIFF"))
    assert picture[0, :, 0].tolist() == [0, 1, 128, 255]


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_pixels_without_a_known_range_are_refused(dtype):
    with pytest.raises(DataError, match="32-bit pixels"):
        read(encoded(np.ones((2, 2), dtype), "TIFF"))


def test_cmyk_is_read_as_adobe_writes_it():
    """Adobe stores inks inverted and says so in a marker; files without it are rare, and read in the same way."""
    red = np.zeros((16, 16, 4), np.uint8)
    red[..., 1:3] = 255
    file = io.BytesIO()
    Image.fromarray(red, "CMYK").save(file, "JPEG", quality=100)
    marked = file.getvalue()
    np.testing.assert_allclose(read(marked).astype(int), [[[255, 0, 0]] * 16] * 16, atol=4)
    marker = marked.find(b"\xff\xee")
    unmarked = marked[:marker] + marked[marker + 2 + int.from_bytes(marked[marker + 2 : marker + 4]) :]
    np.testing.assert_array_equal(read(unmarked), read(marked))


def test_one_pixel():
    assert read(encoded(np.array([[[1, 2, 3]]], np.uint8), "PNG")).tolist() == [[[1, 2, 3]]]


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "WEBP", "PNG", "MPO"])
def test_the_first_of_several_pictures_is_read(kind):
    first, second = (Image.new("RGB", (16, 16), color) for color in ("red", "blue"))
    file = io.BytesIO()
    first.save(file, kind, save_all=True, append_images=[second])
    np.testing.assert_allclose(read(file.getvalue())[0, 0].astype(int), [255, 0, 0], atol=4)


def test_the_content_decides_not_the_name(tmp_path):
    (tmp_path / "a.jpg").write_bytes(encoded(SCENE, "PNG"))
    np.testing.assert_array_equal(read_picture(tmp_path / "a.jpg"), SCENE)
    (tmp_path / "b.png").write_text("no picture")
    with pytest.raises(DataError, match=r"b\.png is damaged, or no picture"):
        read_picture(tmp_path / "b.png")


def test_formats_that_start_other_programs_are_not_tried(tmp_path):
    (tmp_path / "a.png").write_bytes(encoded(SCENE, "EPS"))
    with pytest.raises(DataError, match="no picture in AVIF, BMP"):
        read_picture(tmp_path / "a.png")


@pytest.mark.parametrize("options", [{}, {"progressive": True}], ids=["baseline", "progressive"])
def test_a_truncated_jpeg_is_an_error_that_names_the_file(options, tmp_path):
    whole = encoded(SCENE, "JPEG", **options)
    path = tmp_path / "cut.jpg"
    for length in np.linspace(0, len(whole) - 3, 101).astype(int):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match=r"cut\.jpg"):
            read_picture(path)
    assert not ImageFile.LOAD_TRUNCATED_IMAGES


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP"])
def test_damaged_bytes_never_crash(kind):
    chance = np.random.default_rng(0)
    whole = np.frombuffer(encoded(SCENE, kind), np.uint8)
    outcomes = []
    for _ in range(200):
        damaged = whole.copy()
        places = chance.integers(0, len(whole), chance.integers(1, 6))
        damaged[places] = chance.integers(0, 256, len(places))
        try:
            picture = read(damaged.tobytes())
        except DataError:
            outcomes.append("error")
        else:
            assert picture.dtype == np.uint8
            assert picture.ndim == picture.shape[2] == 3
            outcomes.append("picture")
    if kind in ("PNG", "JPEG"):
        assert set(outcomes) == {"error", "picture"}


def test_size_limit_can_be_chosen():
    data = encoded(SCENE, "PNG")
    assert read(data, max_pixels=32 * 48).shape == SCENE.shape
    with pytest.raises(DataError, match=r"48 × 32 pixels; at most 1535"):
        read(data, max_pixels=32 * 48 - 1)


def huge_header(kind: str) -> bytes:
    """A file of a 16 × 16 picture whose header claims 50,000 × 50,000."""
    data = bytearray(encoded(np.zeros((16, 16), np.uint8), kind))
    place, form = {"JPEG": (data.find(b"\xff\xc0") + 5, ">HH"), "BMP": (18, "<ii"), "GIF": (6, "<HH")}[kind]
    struct.pack_into(form, data, place, 50_000, 50_000)
    return bytes(data)


def tiff_of_one_tile(side: int) -> bytes:
    """A picture of 10 × 10 pixels inside one tile of ``side`` × ``side``."""
    data = zlib.compress(bytes(side * side), 1)
    fields = {256: 10, 257: 10, 258: 8, 259: 8, 262: 1, 277: 1, 322: side, 323: side, 324: 0, 325: len(data)}
    fields[324] = 8 + 2 + 12 * len(fields) + 4
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in fields.items())
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(fields)) + entries + bytes(4) + data


def jpeg_of_many_scans(repeats: int) -> bytes:
    whole = encoded(np.zeros((2000, 2000), np.uint8), "JPEG", progressive=True)
    return whole[:-2] + whole[whole.rfind(b"\xff\xda") : -2] * repeats + b"\xff\xd9"


def test_bombs_are_refused_before_they_are_decoded(tmp_path):
    pixel, much = b"\0" + bytes(3), zlib.compress(bytes(100_000_000))
    some = zlib.compress(bytes(900_000))
    many = b"".join(chunk(b"zTXt", b"k%d\0\0" % i + some) for i in range(200))
    bombs = {
        "header.png": png(50_000, 50_000),
        "pixels.png": png(8000, 8000, bytes(8000 * 1001), bits=1, color=0),
        "text.png": png(1, 1, pixel, extra=chunk(b"zTXt", b"k\0\0" + much)),
        "texts.png": png(1, 1, pixel, extra=many),
        "profile.png": png(1, 1, pixel, extra=chunk(b"iCCP", b"k\0\0" + much)),
        "header.jpg": huge_header("JPEG"),
        "scans.jpg": jpeg_of_many_scans(2000),
        "header.bmp": huge_header("BMP"),
        "header.gif": huge_header("GIF"),
        "header.ppm": b"P6 50000 50000 255\n",
        "header.webp": b"RIFF\x1e\0\0\0WEBPVP8L\x12\0\0\0/" + b"\xff" * 4 + bytes(13),  # 16,384 × 16,384
        "tile.tif": tiff_of_one_tile(10_000),
    }
    for name, data in bombs.items():
        (tmp_path / name).write_bytes(data)
        assert len(data) < 1_000_000
    script = (
        "import sys, pathlib, resource\n"
        "from geofer.errors import DataError\n"
        "from geofer.pictures import read_picture\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "before = peak()\n"
        "for path in map(pathlib.Path, sys.argv[1:]):\n"
        "    try: print('decoded', path.name, read_picture(path).shape)\n"
        "    except DataError as error: assert path.name in str(error)\n"
        "print(peak() - before)\n"
    )
    child = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script, *(tmp_path / name for name in bombs)],
        capture_output=True,
        text=True,
        check=True,
    )
    *decoded, growth = child.stdout.splitlines()
    assert not decoded
    assert int(growth) < 100_000, "kilobytes"


def test_links_and_dots_that_lead_out_of_the_root(tmp_path):
    root = tmp_path / "faces"
    root.mkdir()
    (tmp_path / "secret.png").write_bytes(encoded(SCENE, "PNG"))
    (root / "real.png").write_bytes(encoded(SCENE, "PNG"))
    (root / "out.png").symlink_to(tmp_path / "secret.png")
    (root / "in.png").symlink_to("real.png")
    (root / "folder").symlink_to(tmp_path)
    for name in ("out.png", "../secret.png", "folder/secret.png", str(tmp_path / "secret.png")):
        with pytest.raises(DataError, match="leads out of"):
            read_picture(root / name, root=root)
    assert read_picture(root / "in.png", root=root).shape == SCENE.shape
    (tmp_path / "alias").symlink_to(root)
    assert read_picture(tmp_path / "alias" / "real.png", root=tmp_path / "alias").shape == SCENE.shape


def test_what_is_not_a_regular_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "zeros.png").symlink_to("/dev/zero")
    for path in (tmp_path / "pipe.png", tmp_path / "zeros.png", tmp_path, Path("/dev/zero")):
        with pytest.raises(DataError, match="is not a regular file"):
            read_picture(path)


def test_missing_files_and_impossible_names(tmp_path):
    (tmp_path / "loop.png").symlink_to("loop.png")
    (tmp_path / "gone.png").symlink_to("nowhere.png")
    for name in ("missing.png", "gone.png"):
        with pytest.raises(DataError, match=rf"{name} does not exist"):
            read_picture(tmp_path / name)
    for name in ("loop.png", "a\0b.png", "x" * 300):
        with pytest.raises(DataError):
            read_picture(tmp_path / name, root=tmp_path)


@pytest.mark.parametrize("name", [b"two\nlines.png", b"caf\xe9.png", b"\xff\xfe.png"])
def test_odd_names_are_read_and_named_safely(name, tmp_path):
    path = tmp_path / os.fsdecode(name)
    path.write_bytes(encoded(SCENE, "PNG"))
    np.testing.assert_array_equal(read_picture(path, root=tmp_path), SCENE)
    path.write_bytes(encoded(SCENE, "PNG")[:60])
    with pytest.raises(DataError) as caught:
        read_picture(path, root=tmp_path)
    message = str(caught.value)
    assert "\n" not in message
    assert repr(os.fsdecode(name))[1:-1] in message
    message.encode()


def test_printable_leaves_ordinary_names_alone():
    assert printable(Path("Fotos/Zoë 1.png")) == "Fotos/Zoë 1.png"
    assert printable("a\nb\udcff\u202e") == r"'a\nb\udcff\u202e'"


def test_open_files_are_read_and_left_open(tmp_path):
    (tmp_path / "a.png").write_bytes(encoded(SCENE, "PNG"))
    with (tmp_path / "a.png").open("rb") as file:
        np.testing.assert_array_equal(read_picture(file), SCENE)
        assert not file.closed
    with pytest.raises(DataError, match="The picture is damaged"):
        read(b"text")


def test_digest_is_of_the_pixels_not_of_the_file():
    turned = Image.Exif()
    turned[0x0112] = 6
    files = encoded(SCENE, "PNG"), encoded(SCENE, "BMP"), encoded(TO_STORED[6](SCENE), "TIFF", exif=turned)
    digests = {picture_digest(read(data)) for data in files}
    assert len(digests) == 1
    assert picture_digest(SCENE[::-1][::-1]) in digests, "whatever the layout in memory"
    changed = SCENE.copy()
    changed[0, 0, 0] ^= 1
    blank = np.zeros((4, 6, 3), np.uint8)
    others = {picture_digest(other) for other in (changed, blank, blank.reshape(6, 4, 3), SCENE.transpose(1, 0, 2))}
    assert len(others - digests) == 4


def test_files_of_a_folder_that_are_meant(tmp_path):
    from geofer.pictures import is_picture_file

    content = {"a.JFIF": "JPEG", "b.jpe": "JPEG", "c.pgm": "PPM", "d.avif": "AVIF", "e": "PNG", ".f.png": "PNG"}
    for name, kind in content.items():
        Image.new("L", (20, 20)).save(tmp_path / name, kind)
    for name in ("LICENSE", "notes.txt", "g.jpg"):
        (tmp_path / name).write_text("no picture")
    (tmp_path / "folder").mkdir()
    meant = sorted(path.name for path in tmp_path.iterdir() if is_picture_file(path))
    assert meant == ["a.JFIF", "b.jpe", "c.pgm", "d.avif", "e", "g.jpg"]  # by its ending, it is meant


def test_avif_is_read(tmp_path):
    pixels = np.zeros((32, 48, 3), np.uint8)
    pixels[:, 24:] = 200
    Image.fromarray(pixels).save(tmp_path / "a.avif", quality=95)
    assert np.abs(read_picture(tmp_path / "a.avif").astype(int) - pixels).mean() < 3


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99)


def test_heic_without_its_package_names_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    monkeypatch.setattr("geofer.pictures.find_spec", lambda name: None)
    for brand in (b"heic", b"heix", b"hevc", b"mif1"):
        (tmp_path / "a.heic").write_bytes(HEIC.replace(b"ftypheic", b"ftyp" + brand))
        with pytest.raises(DataError, match=r"a\.heic is a HEIC picture, which needs pillow-heif: pip"):
            read_picture(tmp_path / "a.heic")


def test_heic_is_read_where_its_package_is(tmp_path):
    pillow_heif = pytest.importorskip("pillow_heif")
    pixels = np.zeros((32, 48, 3), np.uint8)
    pixels[:, 24:] = 200
    pillow_heif.from_pillow(Image.fromarray(pixels)).save(tmp_path / "a.heic", quality=95)
    assert np.abs(read_picture(tmp_path / "a.heic").astype(int) - pixels).mean() < 4
    (tmp_path / "a.heic").write_bytes(HEIC)
    with pytest.raises(DataError, match=r"a\.heic"):
        read_picture(tmp_path / "a.heic")
