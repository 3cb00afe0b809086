"""`geofer.synthesize`: what ``geofer synthesize`` does, in one call."""

import io

import numpy as np
import pytest
from PIL import Image
from tiny_generator import classifier_alone, full_method

import geofer
from geofer.app.synthesis.generation import load_generator
from geofer.cli import main
from geofer.errors import AssumptionWarning, CheckpointError, ConfigError, DataError, PluginError
from geofer.landmarks import Faces


class Told:
    """Finds the faces that it is told."""

    def __init__(self, *landmarks):
        self.faces = Faces.from_landmarks(np.array(landmarks)) if landmarks else Faces.none()

    def detect(self, images, names=()):
        return [self.faces] * len(images)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    (folder / "checkpoints").mkdir()
    full_method(folder / "checkpoints" / "best.ckpt")
    return folder


@pytest.fixture
def face(rendered_pictures):
    return rendered_pictures[0]


def test_it_makes_what_the_command_makes(run, face, tmp_path):
    Image.fromarray(face.pixels).save(tmp_path / "face.png")
    columns = ",".join(f"{axis}{point}" for point in range(68) for axis in "xy")
    row = "face.png," + ",".join(map(str, face.landmarks.ravel()))
    (tmp_path / "found.csv").write_text(f"file,{columns}\n{row}\n")
    given = [str(tmp_path / "face.png"), "--checkpoint", str(run), "--precomputed", str(tmp_path / "found.csv")]
    wanted = ["--expression", "fear", "--level", "3", "--blendshape", "jawOpen=0.6", "--yaw", "20"]
    assert main(["synthesize", *given, *wanted, "--output", str(tmp_path / "made.png")]) == 0
    made = np.asarray(Image.open(tmp_path / "made.png"))
    settings = {"expression": "fear", "level": 3, "blendshapes": {"jawOpen": 0.6}, "yaw": np.float32(20)}
    content = io.BytesIO((tmp_path / "face.png").read_bytes())
    for picture in (tmp_path / "face.png", face.pixels, Image.fromarray(face.pixels), content):
        for generator in (run, str(run / "checkpoints" / "best.ckpt"), load_generator(run)):
            if picture is content:
                content.seek(0)
            own = geofer.synthesize(picture, generator, detector=Told(face.landmarks), **settings)
            assert (own.shape, own.dtype) == ((64, 64, 3), np.uint8)
            np.testing.assert_array_equal(own, made)


def test_the_target_may_be_a_picture_or_points(run, face, rendered_pictures, tmp_path):
    model = load_generator(run)
    other = rendered_pictures[-1]
    np.save(tmp_path / "points.npy", other.landmarks)
    made = [
        geofer.synthesize(face.pixels, model, detector=Told(face.landmarks), landmarks=points)
        for points in (other.landmarks, other.landmarks.tolist(), tmp_path / "points.npy", str(tmp_path / "points.npy"))
    ]
    like = geofer.synthesize(other.pixels, model, detector=Told(other.landmarks), like=other.pixels)
    own = geofer.synthesize(other.pixels, model, detector=Told(other.landmarks), landmarks=other.landmarks)
    for picture in made[1:]:
        np.testing.assert_array_equal(picture, made[0])
    assert np.abs(like.astype(int) - own).max() <= 1


def test_what_is_unusual_is_warned_of(run, face):
    model = load_generator(run)
    with pytest.warns(AssumptionWarning, match="shows 2 faces; the largest one is taken"):
        geofer.synthesize(face.pixels, model, detector=Told(face.landmarks / 3, face.landmarks), expression="fear")
    with pytest.warns(AssumptionWarning, match=r"turned by yaw \+\d\d°"):
        geofer.synthesize(face.pixels, model, detector=Told(face.landmarks), yaw=80)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({}, ConfigError, "Name one target: like, or landmarks, or some of expression"),
        ({"yaw": 3, "like": np.zeros((9, 9, 3), np.uint8)}, ConfigError, "Name one target"),
        ({"expression": "joy"}, ConfigError, "joy"),
        ({"expression": "fear", "level": 7}, ConfigError, "7"),
        ({"blendshapes": {"jawopen": 1}}, ConfigError, "Did you mean jawOpen"),
        ({"yaw": float("inf")}, ConfigError, "yaw is inf; choose a number from -90 to 90"),
        ({"pitch": 61}, ConfigError, "pitch is 61"),
        ({"landmarks": np.zeros((5, 2))}, DataError, r"must have the shape \(68, 2\); it is \(5, 2\)"),
        ({"yaw": 3, "detector": "medapipe"}, PluginError, "Did you mean mediapipe"),
        ({"yaw": 3, "detector": Told()}, DataError, "The picture: "),
    ],
)
def test_what_cannot_be_made_is_told(run, face, settings, error, message):
    with pytest.raises(error, match=message):
        geofer.synthesize(face.pixels, load_generator(run), **{"detector": Told(face.landmarks), **settings})


def test_a_model_without_a_generator_is_refused(face, tmp_path):
    with pytest.raises(CheckpointError, match="it has no generator"):
        geofer.synthesize(face.pixels, classifier_alone(tmp_path / "alone.ckpt"), yaw=3)
    with pytest.raises(CheckpointError, match="gone"):
        geofer.synthesize(face.pixels, tmp_path / "gone.ckpt", yaw=3)
