"""Which face is meant, and what a detector's failure costs."""

import numpy as np
import pytest

from geofer.datamodules.preparation import detection
from geofer.datamodules.preparation.config import Preparation
from geofer.datamodules.preparation.detection import choose_face, find_faces
from geofer.datamodules.preparation.records import FaceRecord, Picture
from geofer.errors import DataError, GeoferError
from geofer.landmarks import Faces

BOXES = np.array([(0, 0, 10, 10), (20, 0, 60, 40), (30, 10, 50, 30)], np.float32)


def found(boxes=BOXES) -> Faces:
    """Faces with these boxes, whose landmarks fill them."""
    grid = np.random.default_rng(0).uniform(0, 1, (68, 2))
    grid[0], grid[1] = 0, 1
    landmarks = boxes[:, None, :2] + grid * (boxes[:, None, 2:] - boxes[:, None, :2])
    return Faces(boxes, np.linspace(1, 0.5, len(boxes)), landmarks, np.zeros((len(boxes), 3), np.float32))


def test_without_a_label_the_largest_face_is_meant():
    assert choose_face(found(), None, None) == 1


@pytest.mark.parametrize(
    ("box", "face"), [((1, 1, 9, 12), 0), ((22, 2, 58, 38), 1), ((31, 9, 52, 31), 2), ((9, 9, 26, 20), 1)]
)
def test_with_a_label_the_face_that_overlaps_it_most_is_meant(box, face):
    assert choose_face(found(), box, None) == face
    corners = np.array([box[:2], box[2:]], np.float32)
    landmarks = np.concatenate((corners, np.repeat(corners.mean(0)[None], 66, axis=0)))
    assert choose_face(found(), None, landmarks) == face


def test_a_box_counts_more_than_landmarks():
    landmarks = np.random.default_rng(0).uniform(0, 10, (68, 2)).astype(np.float32)
    assert choose_face(found(), (31, 9, 52, 31), landmarks) == 2


def test_no_face_where_the_label_says_is_no_face():
    with pytest.raises(DataError, match="3 face"):
        choose_face(found(), (70, 70, 90, 90), None)
    with pytest.raises(DataError, match="No face was found"):
        choose_face(found(BOXES[:0]), None, None)


class DarkFails:
    """Finds one face in each picture, and breaks on pictures that are black."""

    def detect(self, images, names=()):
        if any(not image.any() for image in images):
            raise RuntimeError("too dark")
        return [found(np.array([(5, 5, 45, 45)], np.float32)) for _ in images]


def read(records):
    pictures = []
    for record in records:
        value = int(record.file)
        pictures.append(DataError("gone") if value == 99 else Picture(np.full((50, 50, 3), value, np.uint8)))
    return pictures


@pytest.fixture
def dark_fails(monkeypatch):
    monkeypatch.setattr(detection, "build_detector", lambda name, **options: DarkFails())
    detection._detector.cache_clear()
    yield Preparation(detector="dark-fails", crop="paper")
    detection._detector.cache_clear()


def records(*values) -> list[FaceRecord]:
    return [FaceRecord(str(value), "fear", yaw=30.0) for value in values]


def test_a_picture_that_breaks_the_detector_spoils_no_other(dark_fails):
    faces, skipped = find_faces(records(*range(1, 20), 0, 99, 7), 100, read, dark_fails, 32)
    assert [face.found.slot for face in faces] == [*range(100, 119), 121]
    assert [face.crop[0, 0, 0] for face in faces] == [*range(1, 20), 7]
    assert [(skip.file, skip.reason) for skip in skipped] == [
        ("0", "The detector dark-fails failed: too dark"),
        ("99", "gone"),
    ]
    assert faces[0].found.record.yaw == 30
    assert faces[0].found.record.pitch == 0
    np.testing.assert_allclose(faces[0].landmarks[:2], [(-0.1, -0.1), (31.9, 31.9)], atol=0.5)


def test_a_label_elsewhere_is_skipped(dark_fails):
    (record,) = records(5)
    faces, skipped = find_faces(
        [FaceRecord("5", "fear", box=(46.0, 46.0, 49.0, 49.0)), record], 0, read, dark_fails, 32
    )
    assert len(faces) == 1
    assert "none where the data set's label says" in skipped[0].reason


def test_a_detector_that_is_not_there_stops_everything():
    with pytest.raises(GeoferError, match="mediapip"):
        find_faces(records(1), 0, read, Preparation(detector="mediapip"), 32)
