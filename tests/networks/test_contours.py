"""Contour maps, regions and warping, on points whose answer is known."""

import pytest
import torch

from geofer.faces import INNER_LIP, LEFT_EYE, OUTER_LIP, RIGHT_EYE
from geofer.networks.contours import CONTOURS, draw_contours, fill_polygon, weigh_regions


def spread(batch=1):
    """Landmarks on three rows, wide apart, none beyond ±0.8."""
    points = torch.stack([torch.linspace(-0.8, 0.8, 68), torch.tensor([-0.6, 0.0, 0.6]).repeat(23)[:68]], dim=-1)
    return points.repeat(batch, 1, 1)


def test_a_straight_contour_is_about_one_along_the_line_and_zero_away_from_it():
    landmarks = torch.full((1, 68, 2), 5.0)  # everything else is far outside
    landmarks[0, :17] = torch.stack([torch.linspace(-0.8, 0.8, 17), torch.full((17,), 1 / 64)], dim=-1)
    jaw = draw_contours(landmarks, 64)[0, list(CONTOURS).index("jaw")]
    assert torch.allclose(jaw[32, 12:52], torch.ones(40), atol=0.1)
    assert jaw[:26].max() < 1e-3
    assert jaw[39:].max() < 1e-3


def test_contours_close_where_they_should():
    square = torch.tensor([[-0.1, -0.1], [0.0, -0.1], [0.1, -0.1], [0.1, 0.1], [0.0, 0.1], [-0.1, 0.1]])
    landmarks = torch.full((1, 68, 2), 5.0)
    landmarks[0, RIGHT_EYE] = square
    landmarks[0, 27:31] = square[:4]
    maps = dict(zip(CONTOURS, draw_contours(landmarks, 64)[0], strict=True))
    left_edge = 28  # x = -0.1
    assert maps["eyes"][32, left_edge] > 0.5
    assert maps["nose"][32, left_edge] < 0.01


def test_contours_ignore_how_far_apart_landmarks_are():
    landmarks = torch.full((1, 68, 2), 5.0)
    landmarks[0, INNER_LIP] = 0.0
    landmarks[0, OUTER_LIP] = torch.stack(
        [torch.cos(torch.arange(12) * 0.5236), torch.sin(torch.arange(12) * 0.5236)]
    ).T
    maps = draw_contours(landmarks * 0.6, 64)[0]
    assert maps[4].max() < 1.3
    assert maps[5].max() < 1e-6  # a contour of no length is invisible


def test_regions_weigh_mouth_and_eyes_and_leave_the_rest():
    landmarks = torch.zeros(1, 68, 2)
    landmarks[0, 17:27] = torch.tensor([-0.3, -0.5])
    landmarks[0, RIGHT_EYE] = torch.tensor([-0.3, -0.3])
    landmarks[0, LEFT_EYE] = torch.tensor([0.3, -0.3])
    landmarks[0, 48:] = torch.tensor([[-0.2, 0.5], [0.2, 0.5]]).repeat(10, 1)
    weight = weigh_regions(landmarks, 64, 5.0)[0, 0]
    row, column = (round(((v + 1) * 64 - 1) / 2) for v in (0.5, 0.0))
    assert weight[row, column] > 4
    assert weight[18, 22] > 4
    assert abs(weight[2, 2] - 1) < 1e-3
    assert abs(weight[60, 60] - 1) < 1e-3


def test_a_polygon_covers_its_area():
    corners = torch.tensor([[[-0.5, -0.5], [0.3, -0.4], [0.6, 0.5], [-0.2, 0.3]]])
    x, y = corners[0].T
    area = 0.5 * (x * y.roll(-1) - y * x.roll(-1)).sum().abs() * 16**2
    filled = fill_polygon(corners, 32)
    assert filled.sum() == pytest.approx(float(area), rel=0.01)
    assert filled[0, 0, 16, 16] == pytest.approx(1)
    assert filled[0, 0, 2, 2] == 0
    assert torch.allclose(fill_polygon(corners.flip(1), 32), filled, atol=1e-5)
    assert fill_polygon(corners[:, [0, 1, 1, 0]], 32).max() < 1e-5  # lips that touch
