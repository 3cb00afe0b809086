"""`geofer synthesize`: from a picture and a checkpoint to the pictures that are asked for."""

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_generator import classifier_alone, full_method

from geofer.app.synthesis.generation import beyond_training, find_source, load_generator, synthesize, way_between
from geofer.app.synthesis.target_geometry import (
    expression_blendshapes,
    placed_in_crop,
    posed_landmarks,
    tight_landmarks,
)
from geofer.cli import main
from geofer.errors import CheckpointError, DataError
from geofer.faces import normalize_image, normalize_landmarks
from geofer.landmarks import Faces
from geofer.videos import read_video


class Told:
    """Finds the faces that it is told."""

    def __init__(self, *landmarks):
        self.faces = Faces.from_landmarks(np.array(landmarks)) if landmarks else Faces.none()

    def detect(self, images, names=()):
        return [self.faces] * len(images)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return full_method(tmp_path_factory.mktemp("full") / "best.ckpt")


@pytest.fixture
def photo(rendered_pictures, tmp_path):
    """A rendered person's file, and its landmarks in a table beside it."""
    face = rendered_pictures[0]
    Image.fromarray(face.pixels).save(tmp_path / "face.png")
    other = next(picture for picture in rendered_pictures if picture.expression == "surprise")
    Image.fromarray(other.pixels).save(tmp_path / "other.png")
    columns = ",".join(f"{axis}{point}" for point in range(68) for axis in "xy")
    rows = [
        f"{name}," + ",".join(map(str, points.ravel()))
        for name, points in (
            ("face.png", face.landmarks),
            ("other.png", other.landmarks),
            ("two.png", face.landmarks),
            ("two.png", face.landmarks / 2),
        )
    ]
    (tmp_path / "landmarks.csv").write_text(f"file,{columns}\n" + "\n".join(rows) + "\n")
    Image.fromarray(face.pixels).save(tmp_path / "two.png")
    Image.fromarray(face.pixels).save(tmp_path / "empty.png")
    return tmp_path


def run(photo, checkpoint, *arguments, face="face.png"):
    given = [str(photo / face), "--checkpoint", str(checkpoint), "--precomputed", str(photo / "landmarks.csv")]
    return main(["synthesize", *given, *map(str, arguments)])


def test_the_face_is_cropped_as_in_training(photo, rendered_pictures):
    truth = rendered_pictures[0]
    found = find_source(photo / "face.png", Told(truth.landmarks / 3, truth.landmarks), 64)
    assert found.crop.shape == (64, 64, 3)
    assert found.others == 1
    low, high = found.landmarks.min(0), found.landmarks.max(0)
    assert (high - low).max() == pytest.approx(2 / 1.12, abs=1e-4)
    assert found.pose[0] == pytest.approx(truth.yaw, abs=6)
    side = np.ptp(truth.landmarks, axis=0).max() * 1.12
    left, top = (truth.landmarks.min(0) + truth.landmarks.max(0) - side) / 2 + 0.5
    whole = Image.fromarray(truth.pixels).crop((round(left), round(top), round(left + side), round(top + side)))
    apart = np.abs(np.asarray(whole.resize((64, 64), Image.Resampling.BOX), float) - found.crop).mean()
    assert apart < 12


def test_synthesis_is_that_of_the_averaged_generator(photo, checkpoint, rendered_pictures):
    model = load_generator(checkpoint)
    face = find_source(photo / "face.png", Told(rendered_pictures[0].landmarks), 64)
    targets = way_between(face.landmarks, posed_landmarks(expression_blendshapes("fear", 4), 20), 3)
    made = synthesize(model, face, targets)
    assert made.shape == (3, 64, 64, 3)
    with torch.no_grad():
        image = normalize_image(torch.from_numpy(face.crop).permute(2, 0, 1))[None]
        expected = model.averaged.eval()(image, torch.from_numpy(face.landmarks)[None], torch.from_numpy(targets[2:]))
    np.testing.assert_allclose(made[2], (expected.image[0].permute(1, 2, 0) + 1) * 127.5, atol=0.6)
    assert (made[0] != made[2]).any()


def test_like_takes_the_other_faces_geometry(photo, checkpoint, rendered_pictures):
    assert run(photo, checkpoint, "--like", photo / "other.png", "--output", photo / "made.png") == 0
    model = load_generator(checkpoint)
    face = find_source(photo / "face.png", Told(rendered_pictures[0].landmarks), 64)
    other = next(picture for picture in rendered_pictures if picture.expression == "surprise").landmarks
    low, high = other.min(0), other.max(0)
    side, middle = (high - low).max() * 1.12, (low + high) / 2
    target = ((other - middle) / side * 2).astype(np.float32)
    np.testing.assert_array_equal(np.asarray(Image.open(photo / "made.png")), synthesize(model, face, target[None])[0])


def test_controls_write_all_pictures(photo, checkpoint, capsys):
    outputs = ["--output", photo / "a.jpg", "--strip", photo / "s.png", "--grid", photo / "g.png"]
    controls = ["--expression", "happiness", "--level", 3, "--blendshape", "jawOpen=0.6", "--yaw", -30, "--pitch", 10]
    assert run(photo, checkpoint, *controls, *outputs) == 0
    assert Image.open(photo / "a.jpg").size == (64, 64)
    assert all(min(Image.open(photo / name).size) > 200 for name in ("s.png", "g.png"))
    assert capsys.readouterr().err == ""


def test_an_animation_goes_there_and_back(photo, checkpoint):
    assert run(photo, checkpoint, "--expression", "surprise", "--strip", photo / "way.gif") == 0
    with Image.open(photo / "way.gif") as animation:
        assert animation.size == (256, 256)
        assert animation.n_frames == 46  # there in 24, and back between the two ends


def test_a_video_is_the_same_way(photo, checkpoint):
    assert run(photo, checkpoint, "--expression", "surprise", "--strip", photo / "way.mp4") == 0
    assert run(photo, checkpoint, "--expression", "surprise", "--strip", photo / "way.gif") == 0
    frames = list(read_video(photo / "way.mp4"))
    assert [frame.time for frame in frames] == pytest.approx([0.06 * number for number in range(46)], abs=1e-3)
    with Image.open(photo / "way.gif") as animation:
        for number in (0, 23, 40):
            animation.seek(number)
            drawn = np.asarray(animation.convert("RGB"), int)
            assert np.abs(frames[number].pixels.astype(int) - drawn).mean() < 8


def test_a_file_of_landmarks_is_a_target(photo, checkpoint, rendered_pictures):
    truth = rendered_pictures[0].landmarks
    np.save(photo / "points.npy", truth + 7)
    assert run(photo, checkpoint, "--landmarks", photo / "points.npy", "--output", photo / "same.png") == 0
    model, face = load_generator(checkpoint), find_source(photo / "face.png", Told(truth), 64)
    own = synthesize(model, face, face.landmarks[None])[0]
    assert np.abs(np.asarray(Image.open(photo / "same.png"), int) - own).max() <= 2


@pytest.mark.parametrize("crop", ["tight", "paper", "ibug-similarity", "none"])
def test_a_targets_place_in_the_crop_is_the_faces(photo, rendered_pictures, crop):
    """A face's own geometry, wherever it is read from, lies where the face lies, by whatever rule it was cropped."""
    truth = rendered_pictures[0].landmarks
    face = find_source(photo / "face.png", Told(truth), 64, crop)
    own = tight_landmarks(truth.astype(np.float64) * 0.7 + 5)
    np.testing.assert_allclose(placed_in_crop(own, face.landmarks, crop), face.landmarks, atol=2e-3)


def test_faces_are_cropped_as_the_generators_were(photo, rendered_pictures, tmp_path, capsys):
    whole = full_method(tmp_path / "whole.ckpt", crop="none")
    arguments = ["--landmarks", photo / "points.npy", "--output", photo / "same.png"]
    np.save(photo / "points.npy", rendered_pictures[0].landmarks)
    assert run(photo, whole, *arguments) == 0
    assert "pictures taken whole" in capsys.readouterr().err
    face = find_source(photo / "face.png", Told(rendered_pictures[0].landmarks), 64, "none")
    own = synthesize(load_generator(whole, "none"), face, face.landmarks[None])[0]
    assert np.abs(np.asarray(Image.open(photo / "same.png"), int) - own).max() <= 2
    loose = full_method(tmp_path / "loose.ckpt", crop="loose")
    assert run(photo, loose, *arguments) == 1
    assert "the rule loose, which shows the whole head" in capsys.readouterr().err
    assert run(photo, whole, *arguments, "--crop", "paper") == 0
    assert run(photo, full_method(tmp_path / "paper.ckpt", crop="paper"), *arguments, "--crop", "tight") == 1
    assert "cropped by the rule paper, not by tight" in capsys.readouterr().err


def test_several_faces_and_far_poses_are_told(photo, checkpoint, capsys):
    arguments = ["--yaw", 70, "--output", photo / "a.png"]
    assert run(photo, checkpoint, *arguments, face="two.png") == 0
    told = capsys.readouterr().err
    assert "two.png shows 2 faces; the largest one is taken" in told
    assert "yaw +70°" in told
    assert "±45°" in told
    assert beyond_training(posed_landmarks(np.zeros(52, np.float32), 45, 0)) is None
    assert beyond_training(posed_landmarks(np.zeros(52, np.float32), 0, 40)) is not None


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--output", "a.png"], 2, "There is no target"),
        (["--output", "a.png", "--like", "b.png", "--yaw", "3"], 2, "several targets"),
        (["--output", "a.tiff", "--yaw", "3"], 2, "must end with .png"),
        (["--output", "gone/a.png", "--yaw", "3"], 2, "does not exist"),
        (["--output", "a.png", "--blendshape", "jawOpen"], 2, "jawOpen=0.6"),
        (["--output", "a.png", "--expression", "fear", "--level", "5"], 2, "no level 5"),
        (["--output", "a.png", "--expression", "joy"], 2, "invalid choice"),
        (["--unknown"], 2, "--unknown"),
    ],
)
def test_wrong_command_lines(photo, checkpoint, capsys, monkeypatch, arguments, code, message):
    monkeypatch.chdir(photo)
    assert run(photo, checkpoint, *arguments) == code
    told = capsys.readouterr().err
    assert message in told
    assert "Traceback" not in told
    assert not (photo / "a.png").exists()


def test_a_picture_without_a_face_is_named(photo, checkpoint, capsys):
    assert run(photo, checkpoint, "--yaw", 10, "--output", photo / "a.png", face="empty.png") == 1
    assert "empty.png: No face was found" in capsys.readouterr().err
    with pytest.raises(DataError, match=r"gone\.png does not exist"):
        find_source(photo / "gone.png", Told(), 64)


def test_a_classifier_has_no_generator(tmp_path):
    path = classifier_alone(tmp_path / "best.ckpt")
    with pytest.raises(CheckpointError, match=r"is ExpressionClassifier.*no generator"):
        load_generator(path)
    with pytest.raises(CheckpointError, match="no such checkpoint"):
        load_generator(tmp_path / "gone.ckpt")


def test_a_runs_folder_means_its_best_checkpoint(photo, checkpoint, tmp_path):
    folder = tmp_path / "run" / "checkpoints"
    folder.mkdir(parents=True)
    (folder / "best.ckpt").write_bytes(checkpoint.read_bytes())
    assert run(photo, tmp_path / "run", "--yaw", 10, "--output", photo / "a.png") == 0
    assert (photo / "a.png").is_file()


def test_landmarks_of_the_crop_agree_with_the_shared_normalization(rendered_pictures, photo):
    truth = rendered_pictures[0].landmarks
    face = find_source(photo / "face.png", Told(truth), 160, "none")
    np.testing.assert_allclose(face.landmarks, normalize_landmarks(torch.from_numpy(truth), 160), atol=1e-5)


def test_without_a_checkpoint_the_bundled_generator_is_taken(photo, capsys, monkeypatch):
    monkeypatch.chdir(photo)
    arguments = ["--precomputed", "landmarks.csv", "--expression", "happiness", "--yaw", "-20"]
    assert main(["synthesize", "face.png", *arguments]) == 0
    assert "goes to face-synthetic.png" in capsys.readouterr().err
    assert Image.open("face-synthetic.png").size == (128, 128)
    assert main(["synthesize", "face.png", *arguments, "--checkpoint", "people", "--output", "named.png"]) == 0
    same = [np.asarray(Image.open(name)) for name in ("face-synthetic.png", "named.png")]
    np.testing.assert_array_equal(*same)
