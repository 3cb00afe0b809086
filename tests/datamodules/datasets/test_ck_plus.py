import numpy as np
import pytest
from data_set_trees import touch

from geofer.datamodules.datasets.ck_plus import CKPlus
from geofer.errors import ConfigError, DataError
from geofer.faces import EXPRESSIONS

pytestmark = pytest.mark.filterwarnings("ignore:CK. has 327 labeled sequences")

POINTS = np.arange(136, dtype=np.float32).reshape(68, 2)


def plant(root, sequence="S005/001", frames=(1, 2, 3, 4), label="   3.0000000e+00\n", emotion="Emotion"):
    """One sequence in the set's own folders, with landmarks of every frame."""
    name = sequence.replace("/", "_")
    files = [f"{sequence}/{name}_{frame:08d}" for frame in frames]
    touch(root, *(f"cohn-kanade-images/{file}.png" for file in files), f"cohn-kanade-images/{sequence}/.DS_Store")
    touch(root, *(f"Landmarks/{file}_landmarks.txt" for file in files))
    for file in files:
        text = "".join(f"   {x:.7e}   {y:.7e}\n" for x, y in POINTS)
        root.joinpath(f"Landmarks/{file}_landmarks.txt").write_text(text)
    if label is not None:
        touch(root, f"{emotion}/{files[-1]}_emotion.txt")
        root.joinpath(f"{emotion}/{files[-1]}_emotion.txt").write_text(label)


def frames_of(data):
    return [(record.file.rpartition("/")[2], record.expression, record.subject) for record in data.records()]


def test_first_and_last_frame_of_labeled_sequences(tmp_path):
    plant(tmp_path)
    plant(tmp_path, "S005/002", label=None)
    plant(tmp_path, "S010/001", label="7\r\n")
    assert frames_of(CKPlus(tmp_path)) == [
        ("S005_001_00000001.png", "neutral", "S005"),
        ("S005_001_00000004.png", "disgust", "S005"),
        ("S010_001_00000001.png", "neutral", "S010"),
        ("S010_001_00000004.png", "surprise", "S010"),
    ]


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ({"peak_frames": 3}, {"1": "neutral", "2": "disgust", "3": "disgust", "4": "disgust"}),
        ({"peak_frames": 9}, {"1": "neutral", "2": "disgust", "3": "disgust", "4": "disgust"}),
        ({"peak_frames": 2, "neutral": False}, {"3": "disgust", "4": "disgust"}),
    ],
)
def test_more_of_a_sequence(arguments, shown, tmp_path):
    plant(tmp_path)
    assert {file[-5]: expression for file, expression, _ in frames_of(CKPlus(tmp_path, **arguments))} == shown


def test_a_sequence_of_one_frame_is_its_peak(tmp_path):
    plant(tmp_path, frames=(11,))
    assert frames_of(CKPlus(tmp_path)) == [("S005_001_00000011.png", "disgust", "S005")]


@pytest.mark.parametrize("emotion", ["emotion", "EMOTION", "Emotion_labels/Emotion"])
def test_the_folder_of_the_labels_may_be_called_anything(emotion, tmp_path):
    plant(tmp_path, emotion=emotion)
    assert len(frames_of(CKPlus(tmp_path))) == 2


def test_landmarks_are_those_of_the_frame(tmp_path):
    plant(tmp_path)
    tmp_path.joinpath("Landmarks/S005/001/S005_001_00000001_landmarks.txt").unlink()
    first, peak = CKPlus(tmp_path).records()
    assert first.landmarks is None
    np.testing.assert_array_equal(peak.landmarks, POINTS)


def test_67_landmarks(tmp_path):
    plant(tmp_path)
    path = tmp_path / "Landmarks/S005/001/S005_001_00000004_landmarks.txt"
    path.write_text("\n".join(path.read_text().splitlines()[:67]))
    with pytest.raises(DataError, match=r"S005_001_00000004_landmarks\.txt: 68 landmarks .* there are 134"):
        list(CKPlus(tmp_path).records())


@pytest.mark.parametrize(
    ("label", "message"), [("8\n", r"8\.0 is no label.*1\.0 \(anger\)"), ("", "holds ''"), ("\0\xff", "holds")]
)
def test_labels_that_are_none(label, message, tmp_path):
    plant(tmp_path, label=label)
    with pytest.raises(DataError, match=rf"(?s)S005_001_00000004_emotion\.txt.*{message}"):
        list(CKPlus(tmp_path).records())


def test_a_labeled_sequence_without_pictures_is_reported(tmp_path):
    plant(tmp_path)
    touch(tmp_path, "Emotion/S011/001/S011_001_00000009_emotion.txt")
    tmp_path.joinpath("Emotion/S011/001/S011_001_00000009_emotion.txt").write_text("1")
    with pytest.warns(UserWarning, match=r"without pictures are left out \(1\): 'Emotion/S011/001/S011_001"):
        assert len(list(CKPlus(tmp_path).records())) == 2


def test_what_is_missing_is_named(tmp_path):
    plant(tmp_path / "unlabelled", label=None)
    with pytest.raises(DataError, match=r"CK\+: no file named like S005_001_00000011_emotion\.txt"):
        list(CKPlus(tmp_path / "unlabelled").records())
    touch(tmp_path, "labels/S011_001_00000009_emotion.txt")
    with pytest.raises(DataError, match=r"CK\+: no file named like S005_001_00000011\.png"):
        list(CKPlus(tmp_path / "labels").records())


def test_settings(tmp_path):
    assert CKPlus(tmp_path).expressions == EXPRESSIONS
    assert CKPlus(tmp_path, expressions=("contempt", "anger")).expressions == ("contempt", "anger")
    with pytest.raises(ConfigError, match="peak_frames is 0"):
        CKPlus(tmp_path, peak_frames=0)


def test_a_part_of_the_set_is_noticed(tmp_path):
    plant(tmp_path)
    with pytest.warns(UserWarning, match=r"CK\+ has 327 labeled sequences; under .* there are 1"):
        list(CKPlus(tmp_path).records())
