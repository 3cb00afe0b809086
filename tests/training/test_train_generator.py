"""The script behind the bundled generator: the pairs that it learns from, and one step of learning."""

import numpy as np
import pytest
import torch
from loaded_script import load_script

from geofer.landmarks.mean_head import MEAN_HEAD


@pytest.fixture(scope="module")
def faces():
    return load_script("training/generator_faces")


@pytest.fixture(scope="module")
def plane():
    return load_script("training/plane_warp")


@pytest.fixture(scope="module")
def critics():
    return load_script("training/generator_critics")


@pytest.fixture(scope="module")
def script(faces, plane, critics):
    return load_script("training/train_generator")


@pytest.fixture(scope="module")
def average():
    """(68, 2), the average face from the front."""
    points = np.array(MEAN_HEAD, np.float32)
    return np.stack([points[:, 0], -points[:, 1] - 30], axis=1) * 0.009


@pytest.fixture(scope="module")
def some(faces, average):
    """Twelve faces of four people, each in the person's own gray."""
    chance = np.random.default_rng(0)
    subject = np.repeat(np.arange(4), 3)
    images = np.broadcast_to((60 + 40 * subject)[:, None, None, None], (12, 128, 128, 3)).astype(np.uint8)
    landmarks = (average + 0.01 * chance.standard_normal((12, 68, 2))).astype(np.float32)
    return faces.FaceArrays(images, landmarks, np.full(12, "a.jpg"), subject, np.arange(12) % 3)


def test_pairs_are_of_one_person_and_photographs_are_to_be_restored(script, some):
    pairs = next(script.Faces(some, some, some, seed=0).batches(64, 16))
    assert pairs.image.shape == pairs.target_image.shape == (16, 3, 64, 64)
    people = slice(0, 9)  # eight rendered, and one of London
    assert torch.equal(pairs.image[people], pairs.target_image[people])  # one gray a person
    assert not torch.equal(pairs.landmarks[people], pairs.target_landmarks[people])
    restored = pairs.target_image[9:]
    assert (restored == restored[:, :1, :1, :1]).all()
    assert (pairs.image[9:] - restored).abs().mean() < 0.05  # gray warped away is gray


def test_a_plane_warp_moves_landmarks_to_others(plane, average):
    landmarks = torch.from_numpy(average)[None]
    image = torch.rand(1, 3, 64, 64)
    assert torch.allclose(plane.warp_plane(image, landmarks, landmarks), image, atol=1e-4)
    moved = plane.warp_plane(image, landmarks, landmarks + torch.tensor([0.25, 0.0]))
    assert (moved[..., 8:] - image[..., :-8]).abs().mean() < 0.05


def test_crops_are_squares_around_points(critics):
    ramp = (torch.arange(64) + 0.5).expand(1, 1, 64, 64)
    points = torch.tensor([[[-0.5, 0.0], [0.0, 0.25]]])
    crop = critics.crop_around(ramp, points)
    assert crop.shape == (1, 1, 32, 32)
    assert crop.mean() == pytest.approx((1 - 0.25) * 32, abs=0.1)  # the middle of the two
    assert crop.max() - crop.min() == pytest.approx(0.6 * 32 * 31 / 32, abs=0.2)


def test_a_step_tells_every_term_and_how_strongly_it_pulls(script, some, monkeypatch):
    monkeypatch.setattr(script, "Perceptual", lambda: lambda image, target: (image - target).square().mean())
    monkeypatch.setattr(script, "CONFIG", script.GeneratorConfig(width=8, unet=True))
    torch.manual_seed(0)
    training = script.Training(64)
    pairs = next(script.Faces(some, some, some, seed=0).batches(64, 4))
    training.rate(0.5, 100)
    assert training.optimizers[0].param_groups[0]["lr"] == pytest.approx(script.RATE / 2)
    losses = training.step(pairs, passed=0.9, batch=0, report=True)
    assert {
        "rec",
        "edges",
        "perceptual",
        "geo",
        "adv",
        "matching",
        "expression",
        "d_att",
        "c",
        "norm/rec",
        "norm/adv",
    } <= losses.keys()
    assert all(np.isfinite(value) for value in losses.values())
    larger = script.Training(128)
    larger.load(training.state())
    name = "generator.levels.0.look.weight"
    assert torch.equal(larger.average.state_dict()[name], training.average.state_dict()[name])
    assert torch.equal(larger.expressions.head.weight, training.expressions.head.weight)


def test_c_learns_only_from_faces_whose_expression_is_known_and_is_no_target_of_g(critics):
    torch.manual_seed(0)
    c = critics.ExpressionFeatures()
    faces, labels = torch.rand(4, 3, 64, 64), torch.tensor([0, -1, 3, -1])
    with torch.no_grad():
        assert c.learn(faces, labels) == pytest.approx(float(c.learn(faces[::2], labels[::2])), abs=1e-4)
    assert c(faces, faces) == 0
    made = faces.flip(0).requires_grad_()
    before = {name: value.clone() for name, value in c.state_dict().items()}
    c(made, faces).backward()
    assert made.grad is not None
    assert made.grad.abs().sum() > 0
    assert all(torch.equal(value, before[name]) for name, value in c.state_dict().items())  # no statistics of x'
