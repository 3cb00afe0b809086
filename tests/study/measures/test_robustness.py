"""Faces that are turned, covered, small or badly lit."""

from collections import Counter

import numpy as np
import pytest
import torch

from geofer.datamodules import FaceDataModule, FaceLabels, FaceStore, ShardedPictures
from geofer.modules import ClassifierConfig, ExpressionClassifier
from geofer.study.measures.robustness import (
    LEVELS,
    change_light,
    lower_resolution,
    measure_robustness,
    occlude,
    pose_curves,
)


def faces(count=6, size=32):
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.mark.parametrize("share", [0, 0.05, 0.25, 1])
def test_a_square_covers_its_share_where_it_should(share):
    image = faces()
    place = torch.tensor([[0, 0], [1, 1], [0.5, 0.5], [1, 0], [0.3, 0.8], [0, 1]])
    covered = occlude(image, share, place)
    changed = (covered != image).any(1)
    assert changed.float().mean((1, 2)).tolist() == pytest.approx([share] * 6, abs=0.02)
    assert (covered[changed[:, None].expand_as(image)] == 0).all()
    if 0 < share < 1:
        assert changed[0, 0, 0]
        assert changed[1, -1, -1]
        assert changed[3, 0, -1]
        assert changed[5, -1, 0]
        assert not changed[0, -1, -1]
    assert image.equal(faces())


def test_low_resolution_keeps_the_average_and_loses_detail():
    image = faces()
    assert lower_resolution(image, 32).equal(image)
    assert lower_resolution(image, 64).equal(image)
    details = [lower_resolution(image, side).std((2, 3)).mean() for side in (4, 8, 16, 32)]
    assert details == sorted(details)
    low = lower_resolution(image, 4)
    assert low.shape == image.shape
    assert low.mean((2, 3)).sub(image.mean((2, 3))).abs().max() < 0.08


def test_a_stop_is_twice_the_light():
    gray = torch.full((1, 3, 2, 2), -0.2)
    light = ((change_light(gray, 1) + 1) / (gray + 1)) ** 2.2
    assert light.flatten().tolist() == pytest.approx([2] * 12, rel=1e-5)
    assert change_light(gray, 0).equal(gray) or torch.allclose(change_light(gray, 0), gray)
    assert (change_light(gray, 10) == 1).all()
    assert (change_light(gray, -20) + 1).max() < 0.01
    assert torch.allclose(change_light(change_light(gray, -3), 3), gray, atol=1e-5)


class Squares(FaceDataModule):
    """Thirty people, each with a bright and a dark picture."""

    expressions = ("dark", "bright")
    image_size = 32

    def __init__(self):
        super().__init__(batch_size=4, num_workers=0, self_pairs=0.0, seed=0)

    def open_store(self):
        expression = np.tile([0, 1], 30)
        images = np.broadcast_to((60 + 120 * expression).astype(np.uint8)[:, None, None, None], (60, 32, 32, 3))
        zeros = np.zeros(60, np.float32)
        table = FaceLabels(expression, np.repeat(np.arange(30), 2), zeros, zeros, np.zeros((60, 68, 2), np.float32))
        return FaceStore(table, ShardedPictures([images]), np.full(60, "test"))


class Brightness(ExpressionClassifier):
    """Knows bright from dark pictures by their middle gray."""

    def forward(self, image):
        mean = image.mean((1, 2, 3))
        return torch.stack((-mean, mean), dim=1)


@pytest.fixture(scope="module")
def curves():
    config = ClassifierConfig("small_resnet", pretrained=False, hidden=4, backbone_arguments={"widths": [4]})
    return measure_robustness(Brightness(("dark", "bright"), 32, config), Squares(), batch_size=7)


def test_every_face_is_seen_at_every_level(curves):
    assert Counter(curve.factor for curve in curves) == {"occlusion": 6, "resolution": 5, "light": 7}
    assert [curve.level for curve in curves if curve.factor == "resolution"] == [8, 12, 16, 24, 32]
    assert {(curve.faces, curve.subjects) for curve in curves} == {(60, 30)}


def test_only_what_changes_the_brightness_confuses_this_classifier(curves):
    accuracy = {(curve.factor, curve.level): curve.accuracy for curve in curves}
    assert {accuracy["resolution", side] for side in (8, 12, 16, 24, 32)} == {1}
    assert {accuracy["occlusion", percent] for percent in LEVELS["occlusion"]} == {1}
    assert [accuracy["light", stops] for stops in LEVELS["light"]] == [
        np.mean([(value / 127.5 * 2 ** (stops / 2.2) > 1) == bright for value, bright in ((60, False), (180, True))])
        for stops in LEVELS["light"]
    ]
    assert accuracy["light", -4] == 0.5


def test_pose_curves_are_over_the_nearest_steps():
    angles = torch.tensor([-31.0, -28, 0, 3, 44, torch.nan])
    right = torch.tensor([1, 0, 1, 1, 0, 1])
    predictions = {
        "probabilities": torch.eye(2)[right],
        "expression": torch.ones(6, dtype=torch.int64),
        "subject": torch.arange(6),
        "yaw": angles,
        "pitch": torch.zeros(6),
    }
    found = [(curve.factor, curve.level, curve.accuracy, curve.faces) for curve in pose_curves(predictions)]
    assert found == [("yaw", -30, 0.5, 2), ("yaw", 0, 1, 2), ("yaw", 45, 0, 1), ("pitch", 0, pytest.approx(4 / 6), 6)]
