import numpy as np
import pytest
from PIL import Image

from geofer.landmarks import Faces, build_detector
from geofer.landmarks.tiled_detector import TiledDetector

skimage_data = pytest.importorskip("skimage.data")


class Rectangles:
    """Sees white rectangles whose larger side is at least a tenth of what it looks at; draws no landmarks in them."""

    def __init__(self, boxes: list[tuple[int, int, int, int]]) -> None:
        self.boxes, self.looks = boxes, 0

    def picture(self, height: int, width: int) -> np.ndarray:
        """Pixels that hold their own place, so that a part knows which one it is."""
        rows, columns = np.mgrid[:height, :width]
        return np.stack((rows // 256, rows % 256, columns % 256), axis=2).astype(np.uint8)

    def detect(self, images, names=()):
        return [self._look(image) for image in images]

    def _look(self, image: np.ndarray) -> Faces:
        self.looks += 1
        top, left = int(image[0, 0, 0]) * 256 + int(image[0, 0, 1]), int(image[0, 0, 2])
        height, width = image.shape[:2]
        found = []
        for x0, y0, x1, y1 in self.boxes:
            cut = np.clip((x0 - left, y0 - top, x1 - left, y1 - top), 0, (width, height, width, height))
            size = max(cut[2] - cut[0], cut[3] - cut[1])
            if min(cut[2] - cut[0], cut[3] - cut[1]) > 5 and size >= 0.15 * max(height, width):
                found.append(cut)
        points = [np.linspace(box[:2], box[2:], 68) for box in found]
        return Faces.from_landmarks(np.reshape(points, (-1, 68, 2)), np.reshape(found, (-1, 4)))


def found(boxes: list[tuple[int, int, int, int]], height: int = 240, width: int = 240) -> tuple[list, int]:
    detector = Rectangles(boxes)
    (faces,) = TiledDetector(detector).detect([detector.picture(height, width)])
    return [tuple(map(int, box)) for box in faces.boxes], detector.looks


def test_small_faces_are_found_once_and_in_their_place():
    boxes = [(10, 10, 40, 38), (200, 20, 230, 49), (105, 110, 135, 139), (190, 200, 217, 228)]
    assert all(max(x1 - x0, y1 - y0) < 0.15 * 240 for x0, y0, x1, y1 in boxes)
    seen, looks = found(boxes)
    assert sorted(seen) == sorted(boxes)
    assert looks == 5


def test_a_face_that_a_part_cuts_is_taken_whole():
    wide = (60, 100, 140, 150)  # parts are 160 wide and start at 0 and 80
    assert found([wide, (200, 200, 230, 230)])[0] == [wide, (200, 200, 230, 230)]


def test_a_portrait_is_looked_at_once():
    assert found([(40, 40, 200, 220), (5, 5, 30, 30)]) == ([(40, 40, 200, 220)], 1)


def test_a_long_picture_has_two_parts():
    assert found([(0, 180, 20, 208)], height=240, width=100) == ([(0, 180, 20, 208)], 3)


def test_nothing_is_found_where_there_is_nothing():
    assert found([])[0] == []


def test_mediapipe_finds_the_face_that_it_misses_in_the_whole_picture():
    person = Image.fromarray(skimage_data.astronaut()).crop((100, 0, 350, 300))
    picture = Image.new("RGB", (1000, 800), (90, 110, 130))
    picture.paste(person, (20, 20))
    detector = build_detector("mediapipe")
    assert len(detector.detect([np.asarray(picture)])[0]) == 0
    (faces,) = TiledDetector(detector).detect([np.asarray(picture)])
    (alone,) = detector.detect([np.asarray(person)])
    assert len(faces) == len(alone) == 1
    assert np.abs(faces.landmarks - 20 - alone.landmarks).max() < 8
    assert faces.blendshapes is not None
    assert faces.blendshapes.shape == (1, 52)
