"""A detector that never saw a rendered face finds them, and puts the landmarks where the truth has them."""

import numpy as np
import pytest

from geofer.landmarks import build_detector
from geofer.rendering import RenderSpec, render_subject

SUBJECTS = range(8)


@pytest.fixture(scope="module")
def detected():
    """Per picture: yaw, and dlib's 68 points with the true ones, or None where dlib saw no face."""
    detector = build_detector("dlib")
    spec = RenderSpec(poses="multipie", views=2, image_size=192, crop="loose", roll_jitter=0.0)
    results = []
    for index in SUBJECTS:
        faces = render_subject(spec, index)
        found = detector.detect(list(faces.images))
        points = [answer.landmarks[0] if len(answer) else None for answer in found]
        results += zip(faces.yaw, points, faces.landmarks, strict=True)
    return results


def test_nineteen_of_twenty_faces_are_found(detected):
    found = np.mean([points is not None for _, points, _ in detected])
    assert len(detected) == 112
    assert found >= 0.95


def test_landmarks_of_frontal_faces_agree(detected):
    errors = [
        np.linalg.norm(points - truth, axis=-1).mean() / np.linalg.norm(truth[36] - truth[45])
        for yaw, points, truth in detected
        if points is not None and yaw == 0
    ]
    assert len(errors) > 15
    assert np.mean(errors) <= 0.06
