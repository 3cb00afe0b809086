"""A scan is seen from where it was asked for, as it looks."""

from dataclasses import replace

import numpy as np
import pytest
from scan_trees import head_scan, sheet_scan, write_scan

from geofer.rendering.scans.mesh import Scan
from geofer.rendering.scans.views import PosedScan
from geofer.rendering.scans.vrml import read_vrml

YAWS, PITCHES = np.array([(yaw, pitch) for pitch in (-30, -15, 0, 15, 30) for yaw in range(-45, 46, 15)], np.float32).T
SIZE = 96
NOSE, CHIN, BRIDGE = 30, 8, 27


@pytest.fixture(scope="module")
def face(tmp_path_factory):
    """A head's scan, its landmarks on it, and the 35 views around them."""
    root = tmp_path_factory.mktemp("scan")
    written = head_scan(3)
    scan = PosedScan(read_vrml(write_scan(root / "F0001_HA04WH_F3D.wrl", written), root))
    landmarks = scan.points[written.landmarks]
    return scan, landmarks, scan.views(YAWS, PITCHES, landmarks)


def flat(colors=None, **texture):
    """A square of two triangles that faces the camera, 100 mm wide."""
    vertices = np.array([(-50, -50, 0), (50, -50, 0), (50, 50, 0), (-50, 50, 0)], np.float64)
    return PosedScan(Scan(vertices, np.array([(0, 1, 2), (0, 2, 3)], np.int32), colors=colors, **texture))


def whole(scan, yaw=0.0, pitch=0.0):
    return scan.views(np.array([yaw], np.float32), np.array([pitch], np.float32), scan.extent)


def test_yaw_turns_the_nose_to_the_right_and_pitch_looks_up(face):
    scan, landmarks, views = face
    pixels = scan.pixels(landmarks, views, SIZE).reshape(5, 7, 68, 2)
    aside = pixels[..., NOSE, 0] - pixels[..., [36, 45], 0].mean(-1)
    assert (np.diff(aside, axis=1) > 1).all()
    assert (aside[2, :3] < -4).all()
    assert (aside[2, 4:] > 4).all()
    above_chin = pixels[..., CHIN, 1] - pixels[..., NOSE, 1]
    bridge_above = pixels[..., NOSE, 1] - pixels[..., BRIDGE, 1]
    assert (np.diff(bridge_above / above_chin, axis=0) < 0).all()  # the nose's ridge shortens as the face looks up


def test_every_view_shows_the_face_inside_its_tight_crop(face):
    scan, landmarks, views = face
    pictures, pixels = scan.draw(views, SIZE), scan.pixels(landmarks, views, SIZE)
    assert pictures.shape == (35, SIZE, SIZE, 3)
    wall = round(0.21 ** (1 / 2.2) * 255)
    covered = (np.abs(pictures.astype(int) - wall).max(-1) > 8).mean((1, 2))
    assert (covered > 0.45).all()
    extent = np.ptp(pixels, axis=1).max(1)
    np.testing.assert_allclose(extent, SIZE / 1.12, rtol=1e-4)
    np.testing.assert_allclose((pixels.min(1) + pixels.max(1)) / 2, (SIZE - 1) / 2, atol=1e-3)


def test_the_front_looks_like_the_texture(face):
    scan, _, _ = face
    view = whole(scan)
    picture = scan.draw(view, 256)[0].astype(int)
    texture = head_scan(3).texture.astype(int)
    vertices = np.flatnonzero(head_scan(3).vertices[:, 2] > 0)  # the front, which the texture was taken of
    pixels = np.rint(scan.pixels(scan.points[vertices], view, 256)[0]).astype(int)
    places = head_scan(3).texture_points[vertices] * (1, -1) * 512 + (-0.5, 511.5)
    x, y = np.rint(places).astype(int).T
    difference = np.abs(picture[pixels[:, 1], pixels[:, 0]] - texture[y, x]).max(1)
    assert np.median(difference) <= 8


def test_the_texture_stands_upright_and_is_averaged_in_linear_light():
    texture = np.zeros((2, 2, 3), np.uint8)
    texture[0, 0], texture[1, 1] = (255, 0, 0), (0, 255, 0)  # red top left, green bottom right
    corners = np.array([[(0, 0), (1, 0), (1, 1)], [(0, 0), (1, 1), (0, 1)]], np.float32)
    scan = flat(texture=texture, texture_points=corners)
    picture = scan.draw(whole(scan), 64)[0]
    assert picture[6, 6].tolist() == [255, 0, 0]
    assert picture[-7, -7].tolist() == [0, 255, 0]
    assert picture[6, -7].max() == picture[-7, 6].max() == 0
    center = picture[31:33, 31:33].mean((0, 1))
    np.testing.assert_allclose(center, [255 * 0.25 ** (1 / 2.2), 255 * 0.25 ** (1 / 2.2), 0], atol=4)


def test_colors_are_mixed_between_the_corners():
    corners = np.array([[(1, 0, 0), (0, 0, 1), (0, 0, 1)], [(1, 0, 0), (0, 0, 1), (1, 0, 0)]], np.float32)
    scan = flat(colors=corners)
    picture = scan.draw(whole(scan), 64)[0].astype(float)
    row = (picture[32] / 255) ** 2.2
    x = (np.arange(64) + 0.5 - 32) * 1.12 / 64 + 0.5
    inside = (x > 0.02) & (x < 0.98)
    np.testing.assert_allclose(row[inside, 2], x[inside], atol=0.02)
    np.testing.assert_allclose(row[inside, 0], 1 - x[inside], atol=0.02)


def test_plain_scans_are_lit_from_the_camera():
    scan = flat()
    facing, turned = (scan.draw(whole(scan, yaw), 64)[0, 32, 32].astype(float) for yaw in (0, 45))
    np.testing.assert_allclose(facing, np.array((0.80, 0.62, 0.54)) * 255, atol=1)
    light = 0.25 + 0.75 * np.cos(np.pi / 4)
    np.testing.assert_allclose(turned, facing * light ** (1 / 2.2), atol=1)


def test_vertices_of_no_triangle_do_not_count(tmp_path):
    scan = sheet_scan()
    stray = replace(
        scan,
        vertices=np.vstack((scan.vertices, [(5000, 0, 0)])),
        texture_points=np.vstack((scan.texture_points, [(0, 0)])),
    )
    plain, with_stray = (
        PosedScan(read_vrml(write_scan(tmp_path / f"{name}.wrl", shape), tmp_path))
        for name, shape in (("plain", scan), ("stray", stray))
    )
    np.testing.assert_array_equal(with_stray.draw(whole(with_stray), 64), plain.draw(whole(plain), 64))


def test_wider_pictures_show_the_same_in_their_middle(face):
    scan, landmarks, views = face
    wide = views.widened(1.5)
    np.testing.assert_allclose(scan.pixels(landmarks, wide, 144), scan.pixels(landmarks, views, 96) + 24, atol=1e-3)


def test_batches_are_joined_in_order(face, monkeypatch):
    scan, _, views = face
    at_once = scan.draw(views, 64)
    monkeypatch.setattr("geofer.rendering.scans.views._BATCH_SAMPLES", 4 * (64 * 3) ** 2)
    np.testing.assert_array_equal(scan.draw(views, 64), at_once)


def test_points_of_the_surface_are_where_they_are_seen(face):
    scan, _, _ = face
    view = whole(scan, 30, 15)
    surface = scan.surface(view, 64) @ view.rotations[0]
    distance = np.array([np.linalg.norm(scan.extent - point, axis=1).min() for point in surface[::97]])
    assert distance.max() < 0.012
    middle = surface[np.abs(scan.pixels(surface, view, 64)[0] - 31.5).max(1).argmin()]
    assert np.linalg.norm(scan.extent - middle, axis=1).min() < 0.004
