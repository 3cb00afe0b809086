import numpy as np
import pytest

from geofer.app.models.reliability import Reliability
from geofer.app.recognition.face_warnings import FEWEST_PIXELS, eye_distance, face_warning
from geofer.faces import LEFT_EYE, RIGHT_EYE

TESTED = Reliability((-50.0, 0.0, 50.0), (-25.0, 25.0), ((0.5, None),), ((9, 0),))


def face(pixels: float) -> np.ndarray:
    """Landmarks of which only the eyes matter, so many pixels apart."""
    points = np.zeros((68, 2), np.float32)
    points[RIGHT_EYE] = (100, 80)
    points[LEFT_EYE] = (100 + pixels * 0.6, 80 + pixels * 0.8)
    return points


@pytest.mark.parametrize(
    ("yaw", "pitch", "warning"),
    [
        (-20, 10, None),
        (-72.4, 10, "yaw -72° is outside -50° to +50°, where the recognizer was tested"),
        (50, 0, "yaw +50° is outside -50° to +50°, where the recognizer was tested"),
        (-20, 31, "pitch +31° is outside -25° to +25°, where the recognizer was tested"),
        (
            *(80, -40),
            "yaw +80° is outside -50° to +50° and pitch -40° is outside -25° to +25°, where the recognizer was tested",
        ),
        (20, 10, "no face near yaw +20°, pitch +10° was tested"),
        (float("nan"), 0, "yaw +nan° is outside -50° to +50°, where the recognizer was tested"),
    ],
)
def test_a_pose_that_was_not_tested_is_named_with_the_range(yaw, pitch, warning):
    assert face_warning(face(90), yaw, pitch, TESTED) == warning


def test_a_recognizer_that_was_not_tested_by_pose_warns_of_none():
    assert face_warning(face(90), 89, 0, None) is None


def test_a_small_face_is_told_with_its_pixels():
    assert face_warning(face(FEWEST_PIXELS + 0.1), -1, 0, TESTED) is None
    assert face_warning(face(7), -1, 0, TESTED) == f"only 7 pixels between the eyes, of {FEWEST_PIXELS:.0f} needed"
    assert "only 15 pixels" in str(face_warning(face(FEWEST_PIXELS - 0.1), -1, 0, TESTED))
    both = face_warning(face(7), -60, 0, TESTED)
    assert both is not None
    assert both.startswith("yaw -60° is outside -50° to +50°")
    assert both.endswith(f"; only 14 pixels between the eyes, of {FEWEST_PIXELS:.0f} needed")


def test_turned_eyes_are_as_far_apart_as_straight_ones():
    assert eye_distance(face(40), 0) == pytest.approx(40)
    for yaw in (-45, 45):
        assert eye_distance(face(40 * np.cos(np.radians(yaw))), yaw) == pytest.approx(40, rel=1e-5)
    assert eye_distance(face(10), 89) == pytest.approx(20)
