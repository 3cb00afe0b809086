"""Whether a face has the geometry that it should have, in the eyes of a landmark detector."""

import torch
from torch import Tensor

from geofer.faces import JAW, LEFT_EYE_OUTER, NUM_LANDMARKS, RIGHT_EYE_OUTER, normalize_landmarks
from geofer.landmarks.detector import LandmarkDetector
from geofer.metrics.enlarging import enlarge

INNER = slice(JAW.stop, NUM_LANDMARKS)
"""All points but the jaw, whose meaning differs between detectors on turned heads."""


def find_landmarks(detector: LandmarkDetector, image: Tensor) -> Tensor:
    """The points of the surest face in each picture, which is enlarged first.

    Args:
        detector: Any landmark detector.
        image: ``(B, 3, S, S)`` uint8.

    Returns:
        ``(B, 68, 2)`` float32 in [-1, 1] of the picture, NaN where no face was found; on the pictures' device.
    """
    large = enlarge(image)
    found = torch.full((len(image), NUM_LANDMARKS, 2), torch.nan)
    answers = detector.detect(list(large.permute(0, 2, 3, 1).cpu().numpy()))
    for points, faces in zip(found, answers, strict=True):
        if len(faces):
            points.copy_(normalize_landmarks(torch.from_numpy(faces.landmarks[0]), large.shape[-1]))
    return found.to(image.device)


def landmark_error(found: Tensor, truth: Tensor) -> dict[str, Tensor]:
    """Mean distance of the points from the true ones, over that between the outer corners of the eyes (NME).

    The eyes' distance is that in the picture, which shrinks as the head turns.

    Args:
        found: ``(B, 68, 2)`` in any unit, NaN where no face was found.
        truth: ``(B, 68, 2)`` in the same unit.

    Returns:
        ``landmark_error`` over the 68 points and ``landmark_error_inner`` over those without the jaw, NaN where no face
        was found, and ``landmark_failures``, 1 there and 0 elsewhere; each ``(B,)``.
    """
    eyes = torch.linalg.vector_norm(truth[:, RIGHT_EYE_OUTER] - truth[:, LEFT_EYE_OUTER], dim=1)
    away = torch.linalg.vector_norm(found - truth, dim=2) / eyes[:, None]
    error = away.mean(1)
    return {
        "landmark_error": error,
        "landmark_error_inner": away[:, INNER].mean(1),
        "landmark_failures": error.isnan().to(error.dtype),
    }
