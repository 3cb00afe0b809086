"""Scans are read as they were written; what cannot be read is named, with what is wrong."""

import numpy as np
import pytest
from PIL import Image
from scan_trees import head_scan, sheet_scan, write_scan

from geofer.errors import DataError
from geofer.rendering.scans.vrml import read_vrml

POINTS = "0 0 0, 100 0 0, 100 100 0, 0 100 0"
COORD = f"coord Coordinate {{ point [ {POINTS} ] }}"


@pytest.fixture
def read(tmp_path):
    """Reads a file with these fields of its IndexedFaceSet."""

    def read(fields, before="#VRML V2.0 utf8\n"):
        path = tmp_path / "F0001_AN04WH_F3D.wrl"
        path.write_bytes(f"{before}Shape {{ geometry IndexedFaceSet {{ {fields} }} }}".encode())
        return read_vrml(path, tmp_path)

    return read


@pytest.fixture
def picture(tmp_path):
    """A texture whose left half is red, beside the file and of its name."""
    pixels = np.zeros((4, 8, 3), np.uint8)
    pixels[:, :4, 0] = 255
    Image.fromarray(pixels).save(tmp_path / "F0001_AN04WH_F3D.bmp")
    return pixels


def test_a_scan_is_read_as_it_was_written(tmp_path):
    written = head_scan(3)
    scan = read_vrml(write_scan(tmp_path / "F0001" / "F0001_HA04WH_F3D.wrl", written), tmp_path)
    np.testing.assert_array_equal(scan.vertices, written.vertices)
    np.testing.assert_array_equal(scan.triangles, written.triangles)
    np.testing.assert_array_equal(scan.texture, written.texture)
    np.testing.assert_array_equal(scan.texture_points, written.texture_points[written.triangles].astype(np.float32))
    assert scan.colors is None


@pytest.mark.parametrize(
    "fields",
    [
        f"{COORD} coordIndex [ 0, 1, 2, -1, 0, 2, 3, -1 ]",
        f"coordIndex [0 1 2 -1 0 2 3] {COORD}",
        f"{COORD}\r\ncoordIndex\r\n[\r\n0,1,2,-1,\r\n# 0, 1, 2, -1 ]\r\n0,2,3,-1,\r\n]",
        f"{COORD} coordIndex [ 0, 1, 2, 3, -1 ]",
        "coord DEF Face Coordinate{point[0 0 0 100 0 0 1e2 +100. 0 0 100 0]}coordIndex[0 1 2 -1 0 2 3 -1]",
    ],
    ids=["plain", "other order, not closed", "lines and comments", "a square", "dense"],
)
def test_forms_that_mean_the_same(read, fields):
    scan = read(fields)
    assert scan.triangles.tolist() == [[0, 1, 2], [0, 2, 3]]
    assert scan.vertices.tolist() == [[0, 0, 0], [100, 0, 0], [100, 100, 0], [0, 100, 0]]
    assert scan.texture is scan.texture_points is scan.colors is None


def test_headers_may_be_long_and_hold_anything(read):
    header = '#VRML V2.0 utf8\n# point [ 1 2 3 ]\nWorldInfo { info [ "point [ 1", "}" ] title "a \\" [" }\n' * 40
    assert len(read(f"{COORD} coordIndex [ 0, 1, 2, -1 ]", before=header).triangles) == 1


def test_larger_polygons_become_fans(read):
    points = ", ".join(f"{100 * np.cos(a)} {100 * np.sin(a)} 0" for a in np.arange(6))
    scan = read(f"coord Coordinate {{ point [ {points} ] }} coordIndex [ 5,0,1,-1, 0,1,2,3,4,-1, 0,1,-1, 2,-1 ]")
    assert scan.triangles.tolist() == [[5, 0, 1], [0, 1, 2], [0, 2, 3], [0, 3, 4]]


def test_faces_that_are_wound_clockwise_are_turned(read):
    scan = read(f"{COORD} coordIndex [ 2, 1, 0, -1, 3, 2, 0, -1 ] color Color {{ color [ 1 0 0 0 1 0 0 0 1 1 1 1 ] }}")
    assert scan.triangles.tolist() == [[0, 1, 2], [0, 2, 3]]
    assert scan.colors[0].tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]


def test_corners_have_their_own_places_in_the_texture(read, picture):
    texture = "texCoord TextureCoordinate { point [ 0 0, 1 0, 1 1, 0 1, .5 .5 ] }"
    shared = read(f"{COORD} coordIndex [ 0, 1, 2, -1 ] {texture}")
    assert shared.texture_points.tolist() == [[[0, 0], [1, 0], [1, 1]]]
    np.testing.assert_array_equal(shared.texture, picture)
    own = read(f"{COORD} coordIndex [ 0, 1, 2, -1 ] {texture} texCoordIndex [ 4, 3, 0, -1 ]")
    assert own.texture_points.tolist() == [[[0.5, 0.5], [0, 1], [0, 0]]]


@pytest.mark.parametrize("url", ['"maps/skin.png"', '[ "maps/skin.png", "other.png" ]', r'"maps\\skin.png"'])
def test_the_file_names_its_texture(read, tmp_path, url):
    (tmp_path / "maps").mkdir()
    Image.new("RGB", (3, 2), "blue").save(tmp_path / "maps" / "skin.png")
    look = f"texture ImageTexture {{ url {url} }} texCoord TextureCoordinate {{ point [ 0 0, 1 0, 1 1, 0 1 ] }}"
    assert read(f"{look} {COORD} coordIndex [ 0, 1, 2, -1 ]").texture.shape == (2, 3, 3)


def test_colors_count_where_there_is_no_texture(read, picture):
    colors = "color Color { color [ 1 0 0, 0 1 0, 0 0 1, 2 -1 .5 ] } colorIndex [ 3, 1, 0, -1 ]"
    scan = read(f"{COORD} coordIndex [ 0, 1, 2, -1 ] {colors}")  # the picture is there, its coordinates are not
    assert scan.texture is None
    assert scan.colors.tolist() == [[[1, 0, 0.5], [0, 1, 0], [1, 0, 0]]]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("", r"no complete list `point \[ … \]`"),
        (f"coord Coordinate {{ point [ {POINTS}", r"no complete list `point \[ … \]`"),
        ("coord Coordinate { point [ ] } coordIndex [ 0, 1, 2, -1 ]", r"no complete list `point \[ … \]`"),
        (COORD, r"no complete list `coordIndex \[ … \]`"),
        (f"{COORD} {COORD} coordIndex [ 0, 1, 2, -1 ]", "2 lists `point`, so more than one surface"),
        ("coord Coordinate { point [ 0 0 ] } coordIndex [ 0 ]", "`point` holds 2 numbers, which is no multiple of 3"),
        ("coord Coordinate { point [ 0 x 0 ] } coordIndex [ 0 ]", "`point` holds what is no number .*'x'"),
        ("coord Coordinate { point [ 0 nan 0 ] } coordIndex [ 0 ]", "`point` holds numbers that are not finite"),
        ("coord Coordinate { point [ 0 1e999 0 ] } coordIndex [ 0 ]", "`point` holds numbers that are not finite"),
        (f"{COORD} coordIndex [ 0, 1, 4, -1 ]", "`coordIndex` holds 4, but there are 4 to choose from, from 0 on"),
        (f"{COORD} coordIndex [ 0, 1, -2, -1 ]", "`coordIndex` holds -2"),
        (f"{COORD} coordIndex [ 0, 1.5, 2, -1 ]", "`coordIndex` holds what is no index .*1.5"),
        (f"{COORD} coordIndex [ 0, {10**30}, 2, -1 ]", "`coordIndex` holds what is no index"),
        (f"{COORD} coordIndex [ 0, 1, -1 ]", "`coordIndex` makes 0 triangles"),
        (f"{COORD} coordIndex [ {'0, 1, 2, 0, 1, 2, -1, ' * 262_145}]", "`coordIndex` makes 1,048,580 triangles"),
        ("coord Coordinate { point [ 0 0 0 .1 0 0 0 .1 0 ] } coordIndex [ 0, 1, 2, -1 ]", "it is 0.1 mm large"),
        ("coord Coordinate { point [ 0 0 0 1e9 0 0 0 1 0 ] } coordIndex [ 0, 1, 2, -1 ]", r"it is 1e\+09 mm large"),
        (
            f"{COORD} coordIndex [ 0, 1, 2, -1 ] color Color {{ color [ 1 1 1 ] }}",
            "`colorIndex` holds 2, but there are 1",
        ),
    ],
)
def test_what_cannot_be_read_is_named(read, fields, message):
    with pytest.raises(DataError, match=rf"F0001_AN04WH_F3D\.wrl is not a scan that can be read: .*{message}"):
        read(fields)


@pytest.mark.parametrize(
    ("texture", "message"),
    [
        ("point [ 0 0 1 0 ] } texCoordIndex [ 0, 1, 2, -1 ]", "`texCoordIndex` holds 2, but there are 2"),
        ("point [ 0 0 1 0 1 1 ] } texCoordIndex [ 0, 1, -1 ]", "`texCoordIndex` have other numbers of corners"),
        ("point [ 0 0 1 0 1 ] }", "`texCoord point` holds 5 numbers, which is no multiple of 2"),
    ],
)
def test_a_texture_that_does_not_fit(read, picture, texture, message):
    with pytest.raises(DataError, match=message):
        read(f"{COORD} coordIndex [ 0, 1, 2, -1 ] texCoord TextureCoordinate {{ {texture}")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("lost.bmp", r"lost\.bmp does not exist"),
        ("../secret.bmp", "leads out of"),
        (r"..\\secret.bmp", "leads out of"),
        ("/etc/hostname", "leads out of"),
        ("a\0b.bmp", r"'.*a\\x00b\.bmp' cannot be read"),
        ("x" * 5000, "cannot be read"),
        ("F0001_AN04WH_F3D.wrl", "no picture"),
    ],
)
def test_a_texture_that_is_no_picture_inside_the_root(read, tmp_path, url, message):
    Image.new("RGB", (2, 2)).save(tmp_path.parent / "secret.bmp")
    look = f'texture ImageTexture {{ url "{url}" }} texCoord TextureCoordinate {{ point [ 0 0, 1 0, 1 1, 0 1 ] }}'
    with pytest.raises(DataError, match=message):
        read(f"{look} {COORD} coordIndex [ 0, 1, 2, -1 ]")


def test_files_that_are_none_of_the_data_set(tmp_path):
    root = tmp_path / "set"
    root.mkdir()
    (tmp_path / "outside.wrl").write_text("#VRML")
    (root / "link.wrl").symlink_to(tmp_path / "outside.wrl")
    with (root / "huge.wrl").open("wb") as file:
        file.truncate(64_000_001)
    for name, message in (("link", "leads out of"), ("huge", "more than 64,000,000 bytes"), ("lost", "is no file")):
        with pytest.raises(DataError, match=rf"{name}\.wrl.* {message}"):
            read_vrml(root / f"{name}.wrl", root)


def test_flipped_bytes_give_a_scan_or_an_error(tmp_path):
    whole = write_scan(tmp_path / "F0001_HA04WH_F3D.wrl", sheet_scan()).read_bytes()
    rng = np.random.default_rng(0)
    syntax = np.flatnonzero([byte in b'[]{}"#\\' for byte in whole])
    messages = []
    for trial in range(200):
        damaged = bytearray(whole)
        place = rng.choice(syntax) if trial % 2 else rng.integers(len(whole))
        damaged[place] ^= rng.integers(1, 256)
        path = tmp_path / "damaged.wrl"
        path.write_bytes(damaged)
        try:
            scan = read_vrml(path, tmp_path)
        except DataError as error:
            messages.append(str(error))
            continue
        assert np.isfinite(scan.vertices).all()
        assert 0 <= scan.triangles.min() <= scan.triangles.max() < len(scan.vertices)
    assert 60 < len(messages) < 190
    assert all(tmp_path.name in message for message in messages)
