from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import geofer
from geofer.app.model_file import ModelDescription
from geofer.app.recogniser import Recogniser
from geofer.errors import ConfigError, DataError
from geofer.faces import normalise_image
from geofer.landmarks import Faces
from geofer.landmarks.alignment import alignment_for

skimage_data = pytest.importorskip("skimage.data")


@pytest.fixture(scope="module")
def astronaut() -> np.ndarray:
    """A smiling woman, 512 × 512."""
    return skimage_data.astronaut()


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    return geofer.load()


def test_a_photograph_of_a_smile(recogniser, astronaut):
    (face,) = recogniser(astronaut)
    assert face.expression == "happiness"
    assert face.probabilities["happiness"] > 0.5
    assert sum(face.probabilities.values()) == pytest.approx(1, abs=1e-5)
    assert list(face.probabilities) == ["anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"]
    left, top, right, bottom = face.box
    assert 150 < left < 200 < right < 300
    assert 50 < top < 100 < bottom < 220
    assert face.landmarks.shape == (68, 2)
    assert abs(face.yaw) < 15
    assert face.reliability == recogniser.description.reliability.at(face.yaw, face.pitch)


def test_all_forms_of_a_picture_give_the_same(recogniser, astronaut, tmp_path):
    path = tmp_path / "face.png"
    Image.fromarray(astronaut).save(path)
    pixels = torch.from_numpy(astronaut).permute(2, 0, 1)
    forms = [astronaut, path, str(path), Image.fromarray(astronaut), pixels, normalise_image(pixels)]
    results = recogniser(forms)
    assert len(results) == len(forms)
    for (face,) in results:
        assert dict(face.probabilities) == pytest.approx(dict(results[0][0].probabilities), abs=1e-5)


def test_a_picture_without_a_face_has_none(recogniser):
    assert recogniser(np.full((80, 80, 3), 127, np.uint8)) == []


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        ("https://example.org/face.jpg", "is an address"),
        (Path("nowhere.jpg"), "nowhere.jpg"),
        (np.zeros((8, 8), np.uint8), r"shape \(8, 8\)"),
        (np.zeros((8, 8, 3)), "float64"),
        (torch.zeros(1, 8, 8), r"\(1, 8, 8\).*give \(3, H, W\)"),
    ],
)
def test_what_is_no_picture_is_refused(recogniser, picture, message):
    with pytest.raises(DataError, match=message):
        recogniser(picture)


class TwoFaces:
    """A detector that always sees the same two faces."""

    def __init__(self, blendshapes: np.ndarray | None = None) -> None:
        points = np.random.default_rng(0).uniform(20, 60, (2, 68, 2))
        self.faces = Faces.from_landmarks(points + np.array([[[0, 0]], [[40, 10]]]), blendshapes=blendshapes)

    def detect(self, images, names=()):
        return [self.faces for _ in images]


def test_a_classifier_of_pictures_sees_the_crop_that_training_sees():
    seen = []

    class Watcher(torch.nn.Module):
        def forward(self, image):
            seen.append(image)
            return image.mean(dim=(2, 3))

    description = ModelDescription("picture", ("r", "g", "b"), {}, crop="tight", image_size=32)
    detector = TwoFaces()
    picture = np.random.default_rng(1).integers(0, 256, (120, 130, 3), np.uint8)
    faces = Recogniser(Watcher(), description, detector, batch_size=1)(picture)
    assert [len(batch) for batch in seen] == [1, 1]
    for number, face in enumerate(faces):
        crop = alignment_for("tight", None, detector.faces.landmarks[number], picture.shape, 32).apply(picture)
        expected = torch.from_numpy(crop).permute(2, 0, 1) / 127.5 - 1
        torch.testing.assert_close(seen[number][0], expected)
        shares = expected.mean(dim=(1, 2)).softmax(0)
        assert list(face.probabilities.values()) == pytest.approx(shares.tolist(), abs=1e-6)
        assert face.reliability is None


def test_facial_actions_need_a_detector_that_tells_them(recogniser):
    blind = Recogniser(recogniser._network, recogniser.description, TwoFaces())
    with pytest.raises(ConfigError, match="take mediapipe"):
        blind(np.zeros((99, 99, 3), np.uint8))


def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(ConfigError, match="'nonsense' cannot be used"):
        geofer.load(device="nonsense")
