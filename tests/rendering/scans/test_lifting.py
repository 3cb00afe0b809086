"""Landmarks of a frontal picture, laid onto the scan, are the head's own from every side."""

import numpy as np
import pytest
from scan_trees import head_scan, write_scan

from geofer.errors import DataError
from geofer.rendering.scans.lifting import lift_landmarks
from geofer.rendering.scans.views import PosedScan
from geofer.rendering.scans.vrml import read_vrml

YAWS, PITCHES = np.array([(yaw, pitch) for pitch in (-30, -15, 0, 15, 30) for yaw in range(-45, 46, 15)], np.float32).T
SIZE = 512


@pytest.fixture(scope="module", params=[(6, "surprise"), (3, "happiness"), (5, "anger")])
def marked(request, tmp_path_factory):
    """A scan, its true landmarks, and its frontal view."""
    root = tmp_path_factory.mktemp("scan")
    written = head_scan(*request.param)
    scan = PosedScan(read_vrml(write_scan(root / "F0001_HA04WH_F3D.wrl", written), root))
    front = scan.views(np.zeros(1, np.float32), np.zeros(1, np.float32), scan.extent)
    return scan, scan.points[written.landmarks], front


def errors(scan, lifted, true):
    """``(35, 68)`` distances over that of the outer corners of the eyes, seen from the front."""
    views = scan.views(YAWS, PITCHES, true)
    front = scan.pixels(true, views, SIZE)[17]
    return np.linalg.norm(scan.pixels(lifted, views, SIZE) - scan.pixels(true, views, SIZE), axis=-1) / np.linalg.norm(
        front[36] - front[45]
    )


def test_exact_landmarks_come_back_from_every_side(marked):
    scan, true, front = marked
    lifted = lift_landmarks(scan, scan.pixels(true, front, SIZE)[0], front, SIZE)
    found = errors(scan, lifted, true)
    assert found.mean(1).max() < 0.02
    assert np.quantile(found, 0.95) < 0.06
    assert found.max() < 0.15  # the jaw's ends, by the ears, where the surface leaves the line of sight


def test_landmarks_beside_an_edge_are_not_read_off_what_lies_behind(marked):
    scan, true, front = marked
    pixels = scan.pixels(true, front, SIZE)[0]
    between_eyes = np.linalg.norm(pixels[36] - pixels[45])
    noise = np.random.default_rng(0).normal(0, 0.02 * between_eyes, pixels.shape).astype(np.float32)
    found = errors(scan, lift_landmarks(scan, pixels + noise, front, SIZE), true)
    seen = np.linalg.norm(noise, axis=1).mean() / between_eyes
    assert found.mean() < 1.5 * seen
    assert found.max() < 0.25


def test_lifted_points_lie_on_the_surface(marked):
    scan, true, front = marked
    lifted = lift_landmarks(scan, scan.pixels(true, front, SIZE)[0], front, SIZE)
    assert np.linalg.norm(scan.extent[:, None] - lifted, axis=-1).min(0).max() < 0.01


def test_points_that_form_no_face(marked):
    scan, _, front = marked
    with pytest.raises(DataError, match="do not form a face"):
        lift_landmarks(scan, np.full((68, 2), np.nan, np.float32), front, SIZE)
    with pytest.raises(DataError, match="do not form a face"):
        lift_landmarks(scan, np.full((68, 2), 200, np.float32), front, SIZE)
