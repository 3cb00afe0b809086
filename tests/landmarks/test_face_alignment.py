"""The adapter to face-alignment: real networks with random weights; its own weights cannot be shipped."""

import hashlib
from pathlib import Path

import face_alignment
import numpy as np
import pytest
import skimage.data
import torch

from geofer.errors import DataError
from geofer.landmarks import build_detector
from geofer.landmarks.face_alignment_detector import WEIGHTS, check_weights, find_faces, to_faces


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where torch.hub keeps weights, empty."""
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    tmp_path.joinpath("checkpoints").mkdir()
    return tmp_path / "checkpoints"


class Untrained(face_alignment.FaceAlignment):
    """The package with its dlib boxes and a network of random weights."""

    def _load_native(self, network_name, network_size, device, dtype):
        return face_alignment.api.FAN(network_size).eval()


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    with pytest.warns(UserWarning, match="deprecated"):
        return Untrained(
            face_alignment.LandmarksType.TWO_D,
            device="cpu",
            face_detector="dlib",
            flip_input=False,
            compile=False,
        )


def test_missing_weights_are_refused_before_anything_is_fetched(folder):
    with pytest.raises(DataError, match=r"2DFAN4-11f355bf06\.pth\.tar of face-alignment are missing.*download: true"):
        build_detector("face_alignment")


def test_weights_are_checked_against_their_name(folder):
    content = b"weights"
    digits = hashlib.sha256(content).hexdigest()[:10]
    folder.joinpath(f"net-{digits}.pth.tar").write_bytes(content)
    check_weights(f"https://nowhere.example/net-{digits}.pth.tar", download=False)
    folder.joinpath(f"net-{digits}.pth.tar").write_bytes(b"damaged")
    with pytest.raises(DataError, match=rf"net-{digits}\.pth\.tar is damaged"):
        check_weights(f"https://nowhere.example/net-{digits}.pth.tar", download=True)
    check_weights("https://nowhere.example/other-0123456789.pth", download=True)


@pytest.mark.slow  # the package compiles its functions first
def test_the_packages_answer_becomes_faces(network):
    faces = find_faces(network, skimage.data.astronaut()[20:240, 120:340])
    assert faces.landmarks.shape == (1, 68, 2)
    assert faces.scores.tolist() == [1]
    left, top, right, bottom = faces.boxes[0]
    assert 40 < left < 80 < 120 < right < 170
    assert 40 < top < 80 < 120 < bottom < 170


@pytest.mark.slow
def test_rows_of_s3fd_hold_the_score(network):
    """S3FD answers with rows of five numbers, where dlib has four."""
    rows = [np.array([60.0, 50, 150, 140, 0.7]), np.array([50.0, 50, 160, 160, 0.9])]
    picture = np.full((200, 200, 3), 90, np.uint8)
    faces = to_faces(*network.get_landmarks_from_image(picture, detected_faces=rows, return_bboxes=True))
    np.testing.assert_allclose(faces.scores, [0.9, 0.7])
    np.testing.assert_allclose(faces.boxes, [[50, 50, 160, 160], [60, 50, 150, 140]])


@pytest.mark.parametrize("shape", [(0, 0, 3), (120, 120, 3)])
def test_no_face(network, shape, recwarn):
    assert len(find_faces(network, np.full(shape, 90, np.uint8))) == 0
    assert not recwarn.list


@pytest.mark.slow
def test_a_photograph():
    cache = Path(torch.hub.get_dir(), "checkpoints")
    if missing := [address for address in WEIGHTS if not cache.joinpath(address.rpartition("/")[2]).is_file()]:
        pytest.skip(f"the weights of face-alignment are not on this machine: {', '.join(missing)}")
    (faces,) = build_detector("face_alignment").detect([skimage.data.astronaut()])
    reference = build_detector("dlib").detect([skimage.data.astronaut()])[0].landmarks[0]
    eyes = np.linalg.norm(reference[36] - reference[45])
    assert np.linalg.norm(faces.landmarks[0] - reference, axis=1).mean() < 0.06 * eyes
