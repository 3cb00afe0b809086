from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from small_recognizers import picture_recognizer
from video_files import cut_off, write_video

import geofer
from geofer.app.models.model_file import ModelDescription
from geofer.app.recognition.recognizer import Recognizer
from geofer.app.recognition.views import View
from geofer.errors import ConfigError, DataError
from geofer.faces import normalize_image
from geofer.landmarks import Faces
from geofer.landmarks.alignment import alignment_for
from geofer.landmarks.mean_head import MEAN_HEAD
from geofer.rendering import RenderSpec, render_subject

skimage_data = pytest.importorskip("skimage.data")


@pytest.fixture(scope="module")
def astronaut() -> np.ndarray:
    """A smiling woman, 512 × 512."""
    return skimage_data.astronaut()


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return geofer.load()


def test_a_photograph_of_a_smile(recognizer, astronaut):
    (face,) = recognizer(astronaut)
    assert face.expression == "happiness"
    assert face.probabilities["happiness"] > 0.5
    assert sum(face.probabilities.values()) == pytest.approx(1, abs=1e-5)
    assert list(face.probabilities) == ["anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"]
    left, top, right, bottom = face.box
    assert 150 < left < 200 < right < 300
    assert 50 < top < 100 < bottom < 220
    assert face.landmarks.shape == (68, 2)
    assert abs(face.yaw) < 15
    assert face.reliability == recognizer.description.reliability.at(face.yaw, face.pitch)


def test_all_forms_of_a_picture_give_the_same(recognizer, astronaut, tmp_path):
    path = tmp_path / "face.png"
    Image.fromarray(astronaut).save(path)
    pixels = torch.from_numpy(astronaut).permute(2, 0, 1)
    forms = [astronaut, path, str(path), Image.fromarray(astronaut), pixels, pixels / 255, (pixels / 255).half()]
    results = recognizer(forms)
    assert len(results) == len(forms)
    several = recognizer(torch.stack([pixels, pixels.flip(2)]))
    for (face,) in [*results, several[0]]:
        assert dict(face.probabilities) == pytest.approx(dict(results[0][0].probabilities), abs=1e-5)
    assert several[1][0].roll == pytest.approx(-several[0][0].roll, abs=3)


def test_a_picture_without_a_face_has_none(recognizer):
    assert recognizer(np.full((80, 80, 3), 127, np.uint8)) == []


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        ("https://example.org/face.jpg", "is an address"),
        (Path("nowhere.jpg"), "nowhere.jpg"),
        (np.zeros((8, 8, 5), np.uint8), r"shape \(8, 8, 5\)"),
        (torch.zeros(2, 8, 8), r"\(2, 8, 8\).*give \(3, H, W\)"),
        (normalize_image(torch.tensor([0, 255, 99]).repeat(3, 8, 1)), r"from -1 to 1 is no picture; .*\(x \+ 1\) / 2"),
        (torch.full((3, 8, 8), 255.0), r"from 255 to 255 is no picture; .* x / 255"),
        (torch.full((3, 8, 8), torch.nan), r"from nan to nan is no picture; give values in \[0, 1\]"),
    ],
)
def test_what_is_no_picture_is_refused(recognizer, picture, message):
    with pytest.raises(DataError, match=message):
        recognizer(picture)


class TwoFaces:
    """A detector that always sees the same two faces."""

    def __init__(self, blendshapes: np.ndarray | None = None) -> None:
        points = np.array(MEAN_HEAD)[:, :2] * (0.2, -0.2) + np.array([[[40, 40]], [[80, 50]]])
        self.faces = Faces.from_landmarks(points, blendshapes=blendshapes)

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
    faces = Recognizer(Watcher(), description, detector, batch_size=1)(picture)
    assert [len(batch) for batch in seen] == [1, 1]
    for number, face in enumerate(faces):
        crop = alignment_for("tight", None, detector.faces.landmarks[number], picture.shape, 32).apply(picture)
        expected = torch.from_numpy(crop).permute(2, 0, 1) / 127.5 - 1
        torch.testing.assert_close(seen[number][0], expected)
        shares = expected.mean(dim=(1, 2)).softmax(0)
        assert list(face.probabilities.values()) == pytest.approx(shares.tolist(), abs=1e-6)
        assert face.reliability is None


class BarDetector:
    """Sees as many faces as a picture's first value says, each somewhere else."""

    def detect(self, images, names=()):
        spread = np.random.default_rng(0).uniform(0, 40, (9, 68, 2))
        return [
            Faces.from_landmarks(spread[: image[0, 0, 0]] + np.arange(image[0, 0, 0])[:, None, None])
            for image in images
        ]


def test_faces_of_several_pictures_are_classified_together_as_they_are_singly():
    _, description = picture_recognizer()
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 64 * 64, 3))
    sizes = []
    network.register_forward_hook(lambda module, inputs, output: sizes.append(len(inputs[0])))
    recognizer = Recognizer(network, description, BarDetector(), batch_size=4)
    pictures = list(np.random.default_rng(2).integers(0, 256, (7, 60, 70, 3), np.uint8))
    for picture, count in zip(pictures, (1, 0, 2, 3, 0, 0, 1), strict=True):
        picture[0, 0, 0] = count
    together = recognizer(pictures)
    assert sizes == [4, 2, 1]
    assert [len(faces) for faces in together] == [1, 0, 2, 3, 0, 0, 1]
    for picture, faces in zip(pictures, together, strict=True):
        singly = recognizer(picture)
        for face, single in zip(faces, singly, strict=True):
            assert dict(face.probabilities) == pytest.approx(dict(single.probabilities), abs=1e-5)
            np.testing.assert_array_equal(face.landmarks, single.landmarks)
    assert len({round(face.probabilities["anger"], 6) for faces in together for face in faces}) == 7


def test_pictures_without_faces_do_not_wait_for_ever():
    network, description = picture_recognizer()
    recognizer = Recognizer(network, description, BarDetector(), batch_size=3)
    taken = []

    def views():
        for number in range(7):
            taken.append(number)
            yield View(str(number), np.zeros((20, 20, 3), np.uint8))

    names = (view.name for view, _ in recognizer.each(views()))
    assert next(names) == "0"
    assert taken == [0, 1, 2]
    assert list(names) == ["1", "2", "3", "4", "5", "6"]
    taken.clear()
    assert next(recognizer.each(views(), at_once=True))[0].name == "0"
    assert taken == [0]


def test_a_batch_size_of_none_is_refused():
    with pytest.raises(ConfigError, match="batch size is 0"):
        geofer.load(batch_size=0)


def test_a_tiny_face_comes_with_a_warning(recognizer, astronaut):
    (large,) = recognizer(astronaut)
    assert large.warning is None
    face = Image.fromarray(astronaut[:260, 100:360]).resize((50, 50))
    (small,) = recognizer(face)
    assert "pixels between the eyes" in small.warning


def test_a_face_turned_beyond_the_tested_poses_comes_with_a_warning(recognizer):
    spec = RenderSpec(
        expressions=("neutral",), poses="continuous", views=8, yaw_limit=80, pitch_limit=5, image_size=192
    )
    person = render_subject(replace(spec, crop="loose", seed=5), 0)
    warnings = {}
    for picture, yaw in zip(person.images, person.yaw, strict=True):
        (face,) = recognizer(np.asarray(picture))
        warnings[float(yaw)] = face.warning
        assert (face.warning is None) == (face.reliability is not None)
    assert {yaw for yaw, warning in warnings.items() if warning} == {yaw for yaw in warnings if abs(yaw) > 50} != set()
    assert "° is outside -50° to +50°, where the recognizer was tested" in next(filter(None, warnings.values()))


def test_a_video_is_a_series_of_frames_with_faces(recognizer, astronaut, tmp_path):
    head = astronaut[:260, 100:360]
    path = write_video(tmp_path / "clip.mp4", [head, np.full_like(head, 90), head, head[:, ::-1]])
    seen = list(recognizer.video(path))
    assert [frame.time for frame, _ in seen] == pytest.approx([0, 0.1, 0.2, 0.3], abs=2e-3)
    assert [len(faces) for _, faces in seen] == [1, 0, 1, 1]
    assert all(face.expression == "happiness" for _, faces in seen for face in faces)
    assert seen[0][0].pixels.shape == head.shape
    assert [frame.number for frame, _ in recognizer.video(str(path), every=0.2)] == [0, 2]


def test_a_truncated_video_gives_its_frames_before_the_error(recognizer, tmp_path):
    path = cut_off(
        write_video(tmp_path / "clip.mkv", list(np.random.default_rng(0).integers(0, 256, (20, 64, 64, 3), np.uint8)))
    )
    numbers: list[int] = []
    with pytest.raises(DataError, match="cut off"):
        numbers.extend(frame.number for frame, _ in recognizer.video(path))
    assert 5 < len(numbers) < 18
    assert numbers == list(range(len(numbers)))


def test_a_camera_that_is_not_there_is_refused(recognizer):
    with pytest.raises(DataError, match="There is no camera 97"):
        next(recognizer.camera(97))


def test_blendshapes_alone_need_a_detector_that_tells_them():
    blind = geofer.load("rendered", detector=TwoFaces())
    with pytest.raises(ConfigError, match="take retinaface"):
        blind(np.zeros((99, 99, 3), np.uint8))


def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(ConfigError, match="'nonsense' cannot be used"):
        geofer.load(device="nonsense")
