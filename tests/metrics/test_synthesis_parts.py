"""Every measure of synthetic faces against an independent implementation or a slow loop."""

import math

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torchmetrics.image.kid import KernelInceptionDistance

from geofer.faces import denormalize_landmarks, normalize_landmarks
from geofer.landmarks import Faces, build_detector
from geofer.metrics.diversity import RelativeDiversity
from geofer.metrics.enlarging import LARGE, enlarge
from geofer.metrics.image_similarity import image_similarity
from geofer.metrics.impostors import ImpostorDistance
from geofer.metrics.kernel_distance import KernelDistance
from geofer.metrics.landmark_error import find_landmarks, landmark_error
from geofer.metrics.pair_means import PairMeans, mean_over_subjects


def chance(seed=0):
    return torch.Generator().manual_seed(seed)


def pictures(count, size=32, seed=0):
    """Soft random pictures, so that windows have structure."""
    coarse = torch.rand(count, 3, 8, 8, generator=chance(seed)) * 255
    return torch.nn.functional.interpolate(coarse, size=(size, size), mode="bilinear").round().byte()


def test_similarity_equals_scikit_image():
    image, truth = pictures(4), pictures(4, seed=1)
    measured = image_similarity(image, truth)
    for i in range(4):
        a, b = (x[i].permute(1, 2, 0).numpy() for x in (image, truth))
        settings = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
        ssim = structural_similarity(b, a, data_range=255, channel_axis=2, **settings)
        assert measured["ssim"][i].item() == pytest.approx(ssim, abs=1e-4)
        assert measured["psnr"][i].item() == pytest.approx(peak_signal_noise_ratio(b, a, data_range=255), abs=1e-3)
        assert measured["l1"][i].item() == pytest.approx(np.abs(a.astype(float) - b).mean() / 255, abs=1e-6)


def test_a_picture_is_most_similar_to_itself():
    measured = image_similarity(pictures(1), pictures(1))
    assert {name: value.tolist() for name, value in measured.items()} == {"ssim": [1], "psnr": [math.inf], "l1": [0]}


def test_landmark_error_is_in_units_of_the_distance_between_the_eyes():
    truth = torch.rand(3, 68, 2, generator=chance())
    found = truth + torch.tensor([0.03, 0.04])  # 0.05 away, each
    found[1, :17] += 100  # the jaw is nowhere
    found[2] = torch.nan
    errors = landmark_error(found, truth)
    eyes = [math.dist(face[36], face[45]) for face in truth.tolist()]
    assert errors["landmark_error"][0].item() == pytest.approx(0.05 / eyes[0], rel=1e-4)
    assert errors["landmark_error"][1] > 10
    assert errors["landmark_error_inner"][1].item() == pytest.approx(0.05 / eyes[1], rel=1e-4)
    assert errors["landmark_failures"].tolist() == [0, 0, 1]
    assert errors["landmark_error"].isnan().tolist() == [False, False, True]


class BrightestSpot:
    """Sees a face whose 68 points all lie on the brightest pixel; none in a picture that is dark."""

    def detect(self, images, names=()):
        spots = [np.unravel_index(image.sum(2).argmax(), image.shape[:2]) for image in images]
        return [
            Faces.from_landmarks(np.tile((x, y), (1, 68, 1))) if image.max() > 50 else Faces.none()
            for image, (y, x) in zip(images, spots, strict=True)
        ]


@pytest.mark.parametrize("size", [64, 300])
def test_points_are_those_of_the_picture_before_it_was_enlarged(size):
    image = torch.zeros(3, 3, size, size, dtype=torch.uint8)
    spots = torch.tensor([[10, 20], [40, 7]])  # x, y
    for face, (x, y) in enumerate(spots):
        image[face, :, y, x] = 255
    found = find_landmarks(BrightestSpot(), image)
    pixels = denormalize_landmarks(found, size)
    assert (pixels[:2] - spots[:, None]).abs().max() < 0.51  # half a pixel
    assert found[2].isnan().all()


def test_a_detector_sees_faces_of_64_pixels(rendered_pictures):
    frontal = [picture for picture in rendered_pictures if picture.yaw == 0][:4]
    large = torch.stack([torch.from_numpy(picture.pixels) for picture in frontal]).permute(0, 3, 1, 2)
    small = torch.nn.functional.interpolate(large.float(), size=(64, 64), mode="bilinear", antialias=True)
    truth = normalize_landmarks(torch.from_numpy(np.stack([picture.landmarks for picture in frontal])), 160)
    errors = landmark_error(find_landmarks(build_detector("mediapipe"), small.round().byte()), truth)
    assert errors["landmark_failures"].sum() == 0
    assert errors["landmark_error_inner"].max() < 0.12


def test_only_small_pictures_are_enlarged():
    assert enlarge(pictures(1, 64)).shape == (1, 3, LARGE, LARGE)
    large = pictures(1, 300)
    assert enlarge(large) is large


def slow_kid(real, synthetic):
    """The average of Gretton et al.'s h over all two pairs, one pair at a time."""
    n, size = real.shape

    def kernel(a, b):
        return (float(a @ b) / size + 1) ** 3

    return np.mean(
        [
            kernel(real[i], real[j])
            + kernel(synthetic[i], synthetic[j])
            - kernel(real[i], synthetic[j])
            - kernel(real[j], synthetic[i])
            for i in range(n)
            for j in range(n)
            if i != j
        ]
    )


@pytest.mark.filterwarnings("ignore:Metric `Kernel Inception Distance`")
def test_kernel_distance_equals_a_loop_and_torchmetrics():
    real, synthetic = (torch.randn(40, 6, generator=chance(seed)) + seed for seed in (0, 1))
    distance = KernelDistance(6)
    for part in torch.arange(40).split(15):
        distance.update(real[part], synthetic[part])
    scale = real.square().mean().sqrt()
    assert distance.compute() == pytest.approx(
        slow_kid((real / scale).double(), (synthetic / scale).double()), abs=1e-6
    )
    theirs = KernelInceptionDistance(feature=torch.nn.Identity(), subsets=1, subset_size=40)
    theirs.update(real / scale, real=True)
    theirs.update(synthetic / scale, real=False)
    assert distance.compute() == pytest.approx(theirs.compute()[0].item(), rel=0.02)  # they count pairs, too


def test_kernel_distance_of_real_faces_from_themselves_is_zero():
    distance = KernelDistance(6)
    distance.update(*torch.randn(1, 20, 6, generator=chance()).expand(2, -1, -1))
    assert distance.compute() == pytest.approx(0, abs=1e-12)


def test_kernel_distance_does_not_depend_on_the_unit_and_is_small_for_the_same_distribution():
    real, same, other = torch.randn(3, 300, 8, generator=chance()).unbind()
    values = []
    for factor, faces in ((1, same), (50, same), (1, other + 1)):
        distance = KernelDistance(8)
        distance.update(factor * real, factor * faces)
        values.append(distance.compute())
    assert values[0] == pytest.approx(values[1], abs=1e-6)
    assert abs(values[0]) < 0.05 < 1 < values[2]


def test_impostors_are_all_other_people():
    inputs, targets = torch.randn(2, 9, 4, generator=chance()).unbind()
    subject = torch.tensor([3, 3, 3, 3, 7, 7, 7, 8, 8])
    metric = ImpostorDistance(4)
    for part in torch.arange(9).split(4):
        metric.update(inputs[part], targets[part], subject[part])
    expected = [math.dist(inputs[i], targets[j]) for i in range(9) for j in range(9) if subject[i] != subject[j]]
    assert metric.compute() == pytest.approx(np.mean(expected), rel=1e-6)
    metric.reset()
    metric.update(inputs[:4], targets[:4], subject[:4])
    assert math.isnan(metric.compute())


def test_diversity_is_one_for_real_faces_and_zero_if_all_look_the_same():
    real = pictures(5)
    for synthetic, expected in ((real, 1), (real[:1].expand(5, -1, -1, -1), 0), (torch.full_like(real, 7), 0)):
        metric = RelativeDiversity(p=1)
        metric.update(real, synthetic)
        assert metric.compute() == pytest.approx(expected)
    halved = RelativeDiversity(p=2)
    halved.update(real.float(), real.float() / 2)
    assert halved.compute() == pytest.approx(0.5)


def test_means_ignore_what_is_missing_and_intervals_are_over_people():
    rng = np.random.default_rng(0)
    subject = np.repeat(np.arange(10), 20)
    values = np.where(rng.random(200) < 0.1, np.nan, subject + rng.normal(size=200))
    estimate = mean_over_subjects(values, subject)
    assert estimate.mean == pytest.approx(np.nanmean(values))
    of_people = np.std([np.nanmean(values[subject == person]) for person in range(10)]) / math.sqrt(10)
    assert (estimate.high - estimate.low) / (2 * 1.96) == pytest.approx(of_people, rel=0.15)
    assert math.isnan(mean_over_subjects(np.full(3, np.nan), np.arange(3)).mean)
    assert mean_over_subjects(np.array([1, np.inf]), np.arange(2)) == (math.inf,) * 3


def test_columns_that_a_batch_lacks_are_missing():
    means = PairMeans(("a", "b"))
    means.update({"a": torch.tensor([1.0, 2.0])}, torch.tensor([0, 1]))
    means.update({"a": torch.tensor([6.0]), "b": torch.tensor([5.0])}, torch.tensor([1]))
    values, pairs, subjects = means.compute()
    assert (values["a"].mean, values["b"].mean, pairs, subjects) == (3, 5, 3, 2)
