import subprocess
import sys

import numpy as np
import pytest

from geofer.rendering.expressions import HEAD_BLENDSHAPES
from geofer.rendering.portrait import Portraits

NEUTRAL = np.zeros(len(HEAD_BLENDSHAPES), np.float32)
OPEN = np.where(np.array(HEAD_BLENDSHAPES) == "jawOpen", np.float32(1), NEUTRAL)


@pytest.fixture(scope="module")
def portraits():
    return Portraits()


def drawn(portraits, person, *poses, size=96):
    """One picture for each blendshapes, yaw and pitch."""
    blendshapes, yaw, pitch = zip(*poses, strict=True)
    sitter = portraits.sitter(person)
    return portraits.draw(sitter, np.stack(blendshapes), np.array(yaw, np.float32), np.array(pitch, np.float32), size)


def test_a_person_looks_the_same_again_and_unlike_others(portraits):
    first, second = (drawn(portraits, person, (NEUTRAL, 0, 0)) for person in (3, 4))
    assert first.shape == (1, 96, 96, 3)
    assert first.dtype == np.uint8
    assert (Portraits().sitter(3).camera == portraits.sitter(3).camera).all()
    assert (first == drawn(portraits, 3, (NEUTRAL, 0, 0))).all()
    assert np.abs(first.astype(int) - second).mean() > 10


def test_the_camera_stands_still(portraits):
    pictures = drawn(portraits, 0, (NEUTRAL, 0, 0), (NEUTRAL, -45, 30), (NEUTRAL, 45, -30), (OPEN, 0, 0)).astype(int)
    assert (pictures[:, 0] == pictures[0, 0]).all(), "the wall above the head, which no pose reaches"
    assert (pictures[:, :48, 0] == pictures[0, :48, 0]).all()
    assert (pictures[:, :48, -1] == pictures[0, :48, -1]).all()
    changed = np.abs(pictures[3] - pictures[0]).sum(axis=2) > 30
    rows = np.flatnonzero(changed.any(axis=1))
    assert changed.any()
    assert rows.min() > 40, "an open mouth changes the lower face only"


def test_a_detector_sees_the_pose_that_was_told(portraits):
    from geofer.landmarks import build_detector

    told = [(25, 0), (-25, 0), (0, 15), (0, -15)]
    pictures = drawn(portraits, 2, *((NEUTRAL, *pose) for pose in told), size=320)
    found = build_detector("mediapipe").detect(list(pictures), [str(pose) for pose in told])
    poses = np.array([faces.poses[0, :2] for faces in found])
    assert poses == pytest.approx(np.array(told), abs=12)
    assert np.sign(poses[:2, 0]).tolist() == [1, -1]
    assert poses[2, 1] > poses[3, 1] + 15


def test_nothing_is_printed_on_a_machine_without_a_gpu():
    """Warp's compiled part warns that there is no driver."""
    code = "import geofer; geofer.render('happiness', size=64)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout + done.stderr == ""
