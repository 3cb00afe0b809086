"""dlib's embedding tells people apart, also in small pictures, and says what is missing."""

import sys

import numpy as np
import pytest
import torch

from geofer.errors import DataError, PluginError
from geofer.faces import normalize_landmarks
from geofer.metrics import DlibEmbedding, face_embedding


@pytest.fixture(scope="module")
def embedding():
    return DlibEmbedding()


def faces_of(pictures, size):
    large = torch.stack([torch.from_numpy(picture.pixels) for picture in pictures]).permute(0, 3, 1, 2)
    small = torch.nn.functional.interpolate(large.float(), size=(size, size), mode="bilinear", antialias=True)
    landmarks = torch.from_numpy(np.stack([picture.landmarks for picture in pictures]))
    return small.round().byte(), normalize_landmarks(landmarks, 160)


def test_people_are_told_apart_at_64_pixels(embedding, rendered_pictures):
    two_of_each = [picture for person in range(4) for picture in rendered_pictures[14 * person :: 9][:2]]
    faces = embedding(*faces_of(two_of_each, 64))
    assert faces.shape == (8, 128)
    away = torch.cdist(faces, faces)
    same = torch.arange(8) // 2
    impostors = away[same[:, None] != same]
    assert [picture.subject for picture in two_of_each] == same.tolist()
    assert away[::2, 1::2].diagonal().max() < impostors.mean()
    assert away[::2, 1::2].diagonal().mean() < 0.8 * impostors.mean()


def test_the_same_face_is_embedded_once(embedding, rendered_pictures):
    image, landmarks = faces_of(rendered_pictures[:1], 64)
    first = embedding(image, landmarks)
    known = len(embedding._known)
    assert embedding(image.repeat(2, 1, 1, 1), landmarks.repeat(2, 1, 1)).equal(first.repeat(2, 1))
    assert len(embedding._known) == known
    assert not embedding(255 - image, landmarks).equal(first)


def test_no_faces(embedding):
    assert embedding(torch.empty(0, 3, 64, 64, dtype=torch.uint8), torch.empty(0, 68, 2)).shape == (0, 128)


def test_what_is_missing_is_named(tmp_path, monkeypatch):
    with pytest.raises(DataError, match=r"nowhere\.dat: there are no such weights"):
        DlibEmbedding(tmp_path / "nowhere.dat")
    tmp_path.joinpath("other.dat").write_bytes(b"not dlib's")
    with pytest.raises(DataError, match=r"other\.dat has the SHA-256 .* not 55533b28"):
        DlibEmbedding(tmp_path / "other.dat")
    monkeypatch.setattr(face_embedding, "FILE", "another.dat")
    with pytest.raises(PluginError, match=r"no weights .*another\.dat.*geofer\[identity\]"):
        DlibEmbedding()
    monkeypatch.setitem(sys.modules, "dlib", None)
    with pytest.raises(PluginError, match=r"dlib.*cannot be imported.*geofer\[identity\]"):
        DlibEmbedding()
