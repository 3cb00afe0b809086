import numpy as np
import pytest

from geofer.faces import MIRRORED_LANDMARKS
from geofer.landmarks import head_pose
from geofer.landmarks.head_pose import rotation_angles
from geofer.landmarks.mean_head import MEAN_HEAD
from geofer.rendering.camera import head_rotation, project_points
from geofer.rendering.expressions import sample_blendshapes, sample_style
from geofer.rendering.head import load_head
from geofer.rendering.identity import sample_identity
from geofer.rendering.landmarks import LANDMARK_VERTICES

PEOPLE = 12


def seen(points, yaw, pitch, roll, distance=1.2):
    """Pixels ``(n, 68, 2)`` of points ``(n, 68, 3)`` in meters, 500 a meter, with y down."""
    angles = (np.full(len(points), angle, np.float32) for angle in (yaw, pitch, roll))
    flat = project_points(np.asarray(points, np.float32), head_rotation(*angles), distance)
    return flat * (600, -600) + (40, 300)


@pytest.fixture(scope="module")
def people():
    """Landmarks ``(12, 68, 3)`` in meters of people at rest."""
    head = load_head()
    points = head.index_of(np.array(LANDMARK_VERTICES))
    return np.stack([head.neutral(sample_identity(np.random.default_rng((9, i))))[points] for i in range(PEOPLE)])


def test_angles_invert_the_renderers_rotation():
    angles = np.random.default_rng(0).uniform((-89, -170, -170), (89, 170, 170), (50, 3)).astype(np.float32)
    np.testing.assert_allclose(rotation_angles(head_rotation(*angles.T)), angles, atol=0.01)


def test_the_mean_head_is_the_renderers(people):
    mean = np.array(MEAN_HEAD)
    np.testing.assert_allclose(mean[list(MIRRORED_LANDMARKS)] * (-1, 1, 1), mean, atol=0.11)
    assert np.abs(1000 * people.mean(0) - mean).max() < 6, "millimeters; run tools/derive_mean_head.py again"


@pytest.mark.parametrize("yaw", [-75, -45, 0, 30, 60])
@pytest.mark.parametrize("pitch", [-40, 0, 25])
@pytest.mark.parametrize("roll", [-30, 0, 170])
def test_the_mean_heads_own_pose_is_exact(yaw, pitch, roll):
    pixels = seen(np.array(MEAN_HEAD)[None] / 1000, yaw, pitch, roll)
    np.testing.assert_allclose(head_pose(pixels), [[yaw, pitch, roll]], atol=0.2)


@pytest.mark.parametrize(("yaw", "pitch"), [(0, 0), (-45, 0), (45, 0), (30, 30), (-30, -30), (0, 30), (0, -30)])
def test_pose_of_people_from_their_true_landmarks(people, yaw, pitch):
    poses = head_pose(seen(people, yaw, pitch, 0))
    assert poses.shape == (PEOPLE, 3)
    error = np.abs(poses - (yaw, pitch, 0)).mean(0)
    assert (error < (3, 6, 1.5)).all(), error


def test_expressions_hardly_turn_the_head():
    head, rng = load_head(), np.random.default_rng(3)
    points = head.index_of(np.array(LANDMARK_VERTICES))
    blendshapes = np.stack(
        [sample_blendshapes(name, 4, sample_style(rng), rng) for name in ("surprise", "happiness", "disgust", "anger")]
    )
    identity = sample_identity(rng)
    rest = head_pose(seen(head.neutral(identity)[None, points], 20, 0, 0))
    moved = head_pose(seen(head.vertices(identity, blendshapes)[:, points], 20, 0, 0))
    assert (np.abs(moved - rest).max(0) < (2, 4, 1)).all()


def test_place_scale_and_distance_of_the_face_matter_little(people):
    pixels = seen(people, 25, -10, 5)
    np.testing.assert_allclose(head_pose(3 * pixels + 1000), head_pose(pixels), atol=0.01)
    near, far = (head_pose(seen(people, 25, -10, 5, distance)) for distance in (0.8, 1.6))
    assert np.abs(near - far).max() < 4


def test_shapes_of_one_face_and_of_none(people):
    pixels = seen(people, 25, -10, 5)
    np.testing.assert_array_equal(head_pose(pixels[3]), head_pose(pixels)[3])
    assert head_pose(np.zeros((0, 68, 2))).shape == (0, 3)


def test_points_without_a_pose_give_nan_and_leave_the_others_alone(people):
    pixels = seen(people, 25, -10, 5)
    lost = pixels.copy()
    lost[0, 30] = np.nan
    lost[1, 40] = np.inf
    lost[2] = 7.0
    poses = head_pose(lost)
    assert np.isnan(poses[:3]).all()
    np.testing.assert_array_equal(poses[3:], head_pose(pixels)[3:])


def test_points_on_a_line_or_at_random_do_not_crash():
    line = np.linspace(0, 100, 68)
    assert head_pose(np.stack((line, line), axis=1)).shape == (3,)
    assert head_pose(np.random.default_rng(0).uniform(0, 100, (20, 68, 2))).shape == (20, 3)
