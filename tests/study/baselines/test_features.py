"""Features of a face: against slow obvious loops, and what they must not depend on."""

import sys

import numpy as np
import pytest

from geofer.errors import ConfigError, DataError
from geofer.study.baselines.features import (
    LBP_LABELS,
    SIFT_NUMBERS,
    gray,
    hog_features,
    landmark_features,
    lbp_features,
    lgbp_features,
    sift_features,
)


@pytest.fixture(scope="module")
def faces(rendered_pictures):
    return gray(np.stack([picture.pixels[::2, ::2] for picture in rendered_pictures[:4]]))


def changes_around(bits):
    return sum(bits[i] != bits[i - 1] for i in range(8))


def slow_lbp(face, grid):
    """Eight neighbors on the circle of radius 1, diagonal ones interpolated, written as loops."""
    padded = np.pad(face.astype(float), 1)
    height, width = face.shape
    uniform = [bits for bits in np.ndindex(*(2,) * 8) if changes_around(bits) <= 2]
    histograms = {}
    for y, x in np.ndindex(height, width):
        bits = []
        for k in range(8):
            angle = 2 * np.pi * k / 8
            dy, dx = round(-np.sin(angle), 5), round(np.cos(angle), 5)
            top, left = int(np.floor(y + dy)), int(np.floor(x + dx))
            down, right = y + dy - top, x + dx - left
            patch = np.zeros((2, 2))
            for (i, j), weight in np.ndenumerate(np.outer((1 - down, down), (1 - right, right))):
                if weight > 0:
                    patch[i, j] = weight * padded[top + i + 1, left + j + 1]
            bits.append(int(patch.sum() >= face[y, x] - 1e-9))
        cell = (y * grid // height, x * grid // width)
        pattern = tuple(bits) if tuple(bits) in uniform else "other"
        histograms.setdefault(cell, {}).setdefault(pattern, 0)
        histograms[cell][pattern] += 1
    return histograms


def test_lbp_counts_the_patterns_of_each_cell(faces):
    face = faces[:1, 20:53, 20:50]  # no multiple of the grid
    cells = lbp_features(face, grid=3).reshape(3, 3, LBP_LABELS)
    for cell, counts in slow_lbp(face[0], grid=3).items():
        expected = np.sort(list(counts.values()))[::-1] / sum(counts.values())
        np.testing.assert_allclose(np.sort(cells[cell])[::-1][: len(expected)], expected, atol=0.02)
        np.testing.assert_allclose(cells[cell].sum(), 1)


def test_lbp_ignores_brightness_and_contrast(faces):
    dark = faces // 4 + 1
    np.testing.assert_allclose(lbp_features(3 * dark + 40), lbp_features(dark), atol=0.04)  # a rounded tie or two
    assert np.abs(lbp_features(3 * dark + 40) - lbp_features(dark)).mean() < 1e-5
    assert lbp_features(faces).shape == (4, 8 * 8 * 59)


def test_hog_of_a_vertical_edge_is_all_in_one_orientation():
    picture = np.zeros((1, 32, 32), np.uint8)
    picture[:, :, 16:] = 200
    blocks = hog_features(picture, grid=4, orientations=4).reshape(-1, 4)
    assert blocks[:, 0].sum() > 0
    assert blocks[:, 1:].sum() == pytest.approx(0)


def test_hog_tells_faces_apart_and_ignores_contrast(faces):
    features = hog_features(faces)
    assert features.shape == (4, 7 * 7 * 4 * 8)
    weak = hog_features((faces // 4) * 2)
    strong = hog_features((faces // 4) * 4)
    np.testing.assert_allclose(weak, strong, atol=1e-3)
    assert np.linalg.norm(features[0] - features[2]) > 10 * np.linalg.norm(weak[0] - strong[0])


def test_lgbp_has_histograms_of_each_filter_and_ignores_brightness(faces):
    found = lgbp_features(faces, grid=2)
    histograms = found.reshape(len(faces), 12, 4, LBP_LABELS)
    np.testing.assert_allclose(histograms.sum(3), 1)
    assert not np.allclose(histograms[:, 0], histograms[:, 1])
    darker = lgbp_features((faces // 2).astype(np.uint8), grid=2)
    assert np.abs(darker - found).mean() < np.abs(found[:1] - found[1:2]).mean()


def test_sift_around_a_point_is_what_lies_there(faces):
    grid = sift_features(faces).reshape(len(faces), 49, SIFT_NUMBERS)
    np.testing.assert_allclose(np.linalg.norm(grid, axis=2), 1)
    side = faces.shape[1]
    points = np.broadcast_to(np.array([[side / 8, side / 8], [side / 2, side / 2]]), (len(faces), 2, 2))
    around = sift_features(faces, points).reshape(len(faces), 2, SIFT_NUMBERS)
    np.testing.assert_allclose(around[:, 0], grid[:, 0])
    np.testing.assert_allclose(around[:, 1], grid[:, 24])
    far = sift_features(faces, points + 1000)  # points beyond the picture's edge are taken from its edge
    assert np.isfinite(far).all()


def test_landmark_features_keep_the_shape_alone(rendered_pictures):
    points = np.stack([picture.landmarks for picture in rendered_pictures[:6]])
    angle, scale, shift = 0.4, 3.5, (10, -7)
    turn = scale * np.array([(np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))])
    features = landmark_features(points)
    np.testing.assert_allclose(landmark_features(points @ turn.T + shift), features, atol=1e-6)
    shapes = features.reshape(-1, 68, 2)
    np.testing.assert_allclose(shapes.mean(1), 0, atol=1e-9)
    np.testing.assert_allclose((shapes**2).sum(2).mean(1), 1)
    np.testing.assert_allclose(shapes[:, 36:42, 1].mean(1), shapes[:, 42:48, 1].mean(1), atol=1e-9)
    assert (shapes[:, 42:48, 0].mean(1) > shapes[:, 36:42, 0].mean(1)).all()
    mirrored = points * (-1, 1)
    assert np.abs(landmark_features(mirrored) - features).max() > 0.1


def test_a_missing_package_is_named_with_its_extra(monkeypatch, faces):
    monkeypatch.setitem(sys.modules, "skimage.feature", None)
    with pytest.raises(ConfigError, match=r"need skimage.*pip install 'geofer\[study\]'"):
        hog_features(faces)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: lbp_features(np.zeros((2, 8, 8, 3), np.uint8)), "gray pictures"),
        (lambda: hog_features(np.zeros((2, 8, 8))), "float64"),
        (lambda: lbp_features(np.zeros((2, 4, 9), np.uint8)), "smaller than the grid of 8"),
        (lambda: landmark_features(np.zeros((2, 5, 2))), r"not \(N, 68, 2\)"),
        (lambda: landmark_features(np.zeros((2, 68, 2))), "face 0"),
        (lambda: landmark_features(np.full((1, 68, 2), np.nan)), "not finite"),
    ],
)
def test_wrong_input_is_named(call, message):
    with pytest.raises(DataError, match=message):
        call()
