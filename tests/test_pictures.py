import io
import os
import re
import struct
import subprocess
import sys
import time
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from loaded_script import load_script
from PIL import Image, ImageFile

from geofer.bare_pictures import bare_picture
from geofer.errors import DataError, printable
from geofer.pictures import is_animation, picture_digest, read_picture

picture_bombs, fuzz_pictures = (load_script(f"benchmarks/{name}") for name in ("picture_bombs", "fuzz_pictures"))
BOMBS = picture_bombs.bombs()

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


def read_within_limits(files: dict[str, bytes], folder: Path) -> dict[str, tuple[str, float]]:
    """What became of each file in a process of its own, and how long that took; it may have 100 MB more than before."""
    for name, data in files.items():
        (folder / name).write_bytes(data)
    script = (
        "import sys, pathlib, resource, time\n"
        "from geofer.errors import DataError\n"
        "from geofer.pictures import read_picture\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "before = peak()\n"
        "for path in map(pathlib.Path, sys.argv[1:]):\n"
        "    began = time.process_time()\n"
        "    try: outcome = 'x'.join(map(str, read_picture(path).shape))\n"
        "    except DataError as error: assert path.name in str(error); outcome = 'refused'\n"
        "    print(path.name, outcome, time.process_time() - began)\n"
        "print(peak() - before)\n"
    )
    paths = [folder / name for name in files]
    command = [sys.executable, "-W", "ignore", "-c", script, *paths]
    *lines, growth = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    assert int(growth) < 100_000, "kilobytes"
    return {name: (outcome, float(took)) for name, outcome, took in map(str.split, lines)}


def test_bombs_cost_nothing(tmp_path):
    files = BOMBS
    outcomes = read_within_limits(files, tmp_path)
    assert outcomes.keys() == files.keys()
    assert {outcome for outcome, _ in outcomes.values()} <= {"refused", "32x48x3", "30x48x3", *LARGER.values()}
    for name, shape in LARGER.items():
        assert outcomes[name][0] == shape
    for name in files:
        if any(part in name for part in ("header.", "short", "scans", "tile", "jpeg-", "missing", "none", "deltas")):
            assert outcomes[name][0] == "refused", name
    assert max(took for _, took in outcomes.values()) < 3


LARGER = {"odd-highest.ppm": "1000x1000x3", "digits.ppm": "800x800x3"}
"""Pictures of a bomb that are more than the small one, and are read."""


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("exif-headers.jpg", encoded(SCENE, "JPEG")),
        ("exif-overlapping.jpg", encoded(SCENE, "JPEG")),
        ("text.png", encoded(SCENE, "PNG")),
        ("frames.gif", encoded(SCENE, "GIF")),
        ("frames.webp", encoded(SCENE, "PNG")),
        ("exif-loop.tif", encoded(SCENE[..., 0], "PNG")),
    ],
)
def test_what_is_beside_a_bomb_is_read_as_ever(name, plain):
    np.testing.assert_array_equal(read(BOMBS[name]), read(plain))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "BMP"])
def test_files_larger_than_any_picture_are_not_read(kind, tmp_path):
    """Sparse files of 4 GiB that take next to nothing on the disk."""
    paths = picture_bombs.sparse_files(tmp_path)
    path = next(path for path in paths if path.suffix == f".{kind.lower()}")
    tracemalloc.start()
    with pytest.raises(DataError, match=r"the file has 4294967296 bytes; at most \d+ are read"):
        read_picture(path)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_damaged_files_of_every_format_stay_within_limits(tmp_path, monkeypatch):
    """A few of those of ``benchmarks/fuzz_pictures.py``, with its own limits: 3 s and 300 MB each."""
    monkeypatch.chdir(tmp_path)
    outcome = fuzz_pictures.fuzz(fuzz_pictures.mutations(600, seed=1), seconds=3, megabytes=300)
    assert outcome["findings"] == {}
    assert outcome["read"] > 50
    assert outcome["refused"] > 200


ENCODED = [
    *(("JPEG", options) for options in ({}, {"progressive": True}, {"mode": "L"}, {"mode": "CMYK"})),
    ("JPEG", {"restart_marker_blocks": 1}),
    *(("PNG", options) for options in ({}, {"mode": "L"}, {"mode": "P"})),
    *(("WEBP", options) for options in ({}, {"lossless": True}, {"mode": "RGBA"})),
    *(("TIFF", {"compression": name}) for name in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits")),
    *(
        (kind, {"mode": mode})
        for kind, mode in (("GIF", "P"), ("BMP", "RGB"), ("PPM", "RGB"), ("PPM", "L"), ("PPM", "1"))
    ),
]


def encoded_in(mode: str, kind: str, **options) -> bytes:
    file = io.BytesIO()
    Image.fromarray(SCENE).convert(mode).save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize(("kind", "options"), ENCODED, ids=str)
def test_a_part_of_a_file_is_the_whole_picture_or_an_error(kind, options):
    whole = encoded_in(**{"mode": "RGB", "kind": kind, **options})
    expected = read(whole)
    refused = 0
    for length in np.linspace(0, len(whole) - 1, 60).astype(int):
        try:
            picture = read(whole[:length])
        except DataError:
            refused += 1
        else:
            np.testing.assert_array_equal(picture, expected)
    assert refused > 55


def with_early_end(kind: str) -> bytes:
    """A file that has the pixels of some of its rows only, and otherwise keeps every rule of its format."""
    if kind.startswith("JPEG"):
        progressive = "progressive" in kind
        options = {"restart_marker_blocks": 1} if "restarts" in kind else {}
        whole = encoded_in("CMYK" if "cmyk" in kind else "RGB", "JPEG", progressive=progressive, **options)
        scan = whole.find(b"\xff\xda") if progressive else whole.rfind(b"\xff\xda")
        end = re.compile(rb"\xff[^\0\xd0-\xd7]").search(whole, scan + 20).start()
        return whole[: (scan + end) // 2 + 8] + whole[end:]
    if kind == "PNG":
        return png(48, 32, bytes(range(145)) * 20)
    if kind == "PNG interlaced":
        header = chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 1))
        return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 60)) + chunk(b"IEND", b"")
    if kind == "GIF":
        return BOMBS["short.gif"]
    if kind == "WEBP":
        whole = encoded(SCENE, "WEBP", quality=95)
        body = whole[20 : 20 + (len(whole) - 20) // 4 * 2]
        return b"RIFF" + struct.pack("<I", len(body) + 12) + b"WEBPVP8 " + struct.pack("<I", len(body)) + body
    if kind == "TIFF strips":
        return BOMBS["strips-missing.tif"]
    if kind == "TIFF deflate":
        whole = encoded_in("L", "TIFF", compression="tiff_adobe_deflate")
        packed = zlib.compress(zlib.decompress(whole[8:])[: 48 * 20])
        changed = whole[:8] + packed + whole[8 + len(packed) :]
        assert len(changed) == len(whole)
        return changed
    return BOMBS[kind]


@pytest.mark.parametrize(
    "kind",
    [
        *("JPEG", "JPEG progressive", "JPEG restarts", "JPEG cmyk", "PNG", "PNG interlaced", "GIF", "WEBP"),
        *("TIFF strips", "TIFF deflate", "runs-short.bmp", "short.ppm", "short.pbm"),
    ],
)
def test_missing_rows_are_an_error(kind):
    with pytest.raises(DataError):
        read(with_early_end(kind))


@pytest.mark.parametrize("name", ["jpeg-short.tif", "jpeg-tables.tif", "jpeg-old.tif"])
def test_jpeg_in_tiff_is_refused_by_name(name):
    """Its missing rows show what was in memory before, such as the picture of somebody else (GHSA-q45j-58j2-45rg)."""
    with pytest.raises(DataError, match="TIFF that holds JPEG"):
        read(BOMBS[name])
    with pytest.raises(DataError, match="TIFF with compression 4"):
        read(BOMBS["fax-short.tif"])


def test_middle_gray_is_no_missing_row():
    """Missing blocks of a JPEG are middle gray, so that pictures which end so are looked at twice."""
    for mode in ("RGB", "L"):
        for size in ((48, 32), (33, 17), (1, 1)):
            file = io.BytesIO()
            Image.new(mode, size, 128 if mode == "L" else (128, 128, 128)).save(file, "JPEG")
            assert (read(file.getvalue()) == 128).all()
    assert not read(png(48, 32, bytes(145 * 32))).any()


def test_sides_that_mediapipe_cannot_take_are_refused():
    """It would end the process."""
    wide = encoded(np.zeros((1, 33_000), np.uint8), "PNG")
    with pytest.raises(DataError, match="a side has at most 32766"):
        read(wide)


def test_orientation_of_every_place_that_tells_it():
    """XMP, and Exif as ImageMagick writes it into a PNG."""
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    exif = Image.Exif()
    exif[0x0112] = 6
    raw = exif.tobytes().removeprefix(b"Exif\0\0")
    profile = b"\nexif\n%8d\n%s\n" % (len(raw), raw.hex().encode())
    stored = TO_STORED[6](SCENE)
    whole = encoded(stored, "PNG")
    for extra in (
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp),
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(xmp)),
        chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(profile)),
        chunk(b"tEXt", b"Raw profile type exif\0" + profile),
    ):
        np.testing.assert_array_equal(read(whole[:33] + extra + whole[33:]), SCENE)
    jpeg = encoded(stored, "JPEG", quality=100, subsampling=0, xmp=xmp)
    np.testing.assert_allclose(read(jpeg).astype(int), SCENE, atol=4)
    np.testing.assert_array_equal(read(encoded(stored, "WEBP", lossless=True, xmp=xmp)), SCENE)


@pytest.mark.parametrize("kind", ["P1", "P2", "P3", "P5 odd", "P6 odd", "P5 16", "P6 16"])
def test_every_kind_of_ppm(kind):
    """Read as their values say, whatever the highest is; of 16 bits, too."""
    gray = np.arange(12, dtype=np.int64).reshape(3, 4) * 18
    text = b"# made by hand\n" + b" ".join(b"%d" % value for value in gray.ravel()) + b"\n"
    shown = np.round(gray / 200 * 255)
    files = {
        "P1": (b"P1\n# c\n4 3\n" + b"0110 1#x\n001 1010", 255 * (1 - np.array([0, 1, 1, 0, 1, 0, 0, 1, 1, 0, 1, 0]))),
        "P2": (b"P2 4 3 200\n" + text, shown),
        "P3": (b"P3 4 1 200\n" + text, shown),
        "P5 odd": (b"P5 4 3 200\n" + gray.astype(np.uint8).tobytes(), shown),
        "P6 odd": (b"P6 4 1 200\n" + gray.astype(np.uint8).tobytes(), shown),
        "P5 16": (b"P5 4 3 51200\n" + (gray * 256).astype(">u2").tobytes(), shown),
        "P6 16": (b"P6 4 1 51200\n" + (gray * 256).astype(">u2").tobytes(), shown),
    }
    data, expected = files[kind]
    picture = read(data)
    color = kind[:2] in ("P3", "P6")
    np.testing.assert_array_equal((picture if color else picture[..., 0]).ravel(), expected.ravel())


def test_formats_can_be_narrowed():
    assert read(encoded(SCENE, "PNG"), formats=("PNG",)).shape == SCENE.shape
    with pytest.raises(DataError, match="no picture in JPEG, PNG format"):
        read(encoded(SCENE, "GIF"), formats=("JPEG", "PNG"))


def test_animations_are_told_without_parsing_what_is_costly(tmp_path):
    first, second = (Image.new("RGB", (16, 16), color) for color in ("red", "blue"))
    first.save(tmp_path / "moves.gif", save_all=True, append_images=[second])
    first.save(tmp_path / "still.gif")
    first.save(tmp_path / "a.png")
    os.mkfifo(tmp_path / "pipe.gif")
    (tmp_path / "bomb.gif").write_bytes(BOMBS["comment-small.gif"])
    assert [is_animation(tmp_path / name) for name in ("moves.gif", "still.gif", "a.png", "no.gif", "pipe.gif")] == [
        *(True, False, False, False, False)
    ]
    began = time.process_time()
    assert not is_animation(tmp_path / "bomb.gif")
    assert time.process_time() - began < 3


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


def test_metadata_of_avif_are_not_parsed():
    scene = np.zeros((48, 96, 3), np.uint8)
    scene[:24, :48] = 200
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "A description"
    file = io.BytesIO()
    Image.fromarray(scene).save(file, "AVIF", quality=95, exif=exif, xmp=b"<x:xmpmeta/>")
    with Image.open(file) as whole:
        assert whole.getexif()[0x010E] == "A description"
        assert "xmp" in whole.info
    with Image.open(io.BytesIO(bare_picture(file.getvalue(), "AVIF", 10_000).data)) as bare:
        assert dict(bare.getexif()) == {0x0112: 6}  # the file says outside Exif how it is turned
        assert "xmp" not in bare.info
    assert np.abs(read_picture(file).astype(int) - np.rot90(scene, -1)).mean() < 3
    with pytest.raises(DataError, match="96 × 48 pixels; at most 100 are read"):
        read_picture(file, max_pixels=100)
    with pytest.raises(DataError, match="cut off"):
        read_picture(io.BytesIO(file.getvalue()[:-20]))


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
