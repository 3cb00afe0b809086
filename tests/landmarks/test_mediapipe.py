"""What MediaPipe tells beyond the contract, and how the 68 points lie on its mesh."""

import subprocess
import sys

import numpy as np
import pytest
import skimage.data

from geofer.errors import ConfigError
from geofer.faces import JAW, MIRRORED_LANDMARKS
from geofer.landmarks import build_detector
from geofer.landmarks.face_mesh import (
    BLENDSHAPES,
    MESH_LANDMARKS,
    MESH_VERTICES,
    MIRRORED_BLENDSHAPES,
    mesh_to_landmarks,
)
from geofer.rendering import HEAD_BLENDSHAPES


@pytest.fixture(scope="module")
def detector():
    return build_detector("mediapipe")


def test_a_mapped_point_is_the_blend_that_the_table_says():
    mesh = np.random.default_rng(0).uniform(size=(2, 3, MESH_VERTICES, 2)).astype(np.float32)
    points = mesh_to_landmarks(mesh)
    assert points.shape == (2, 3, 68, 2)
    first, second, share = MESH_LANDMARKS[40]
    np.testing.assert_allclose(
        points[..., 40, :], (1 - share) * mesh[..., first, :] + share * mesh[..., second, :], atol=1e-6
    )


def test_the_table_is_symmetrical(detector):
    """On a face and its mirror image, so that nobody's asymmetry matters."""
    face = skimage.data.astronaut()
    plain, mirrored = (detector.meshes(image)[0] for image in (face, face[:, ::-1]))
    mirrored = mirrored * (-1, 1) + (face.shape[1] - 1, 0)
    points, twins = (mesh_to_landmarks(mesh.astype(np.float32)) for mesh in (plain, mirrored))
    assert np.abs(twins[list(MIRRORED_LANDMARKS)] - points).mean() < 1.5


GROUPS = {"jaw": JAW, "brows": slice(17, 27), "nose": slice(27, 36), "eyes": slice(36, 48), "mouth": slice(48, 68)}
LIMITS = {"jaw": 0.10, "brows": 0.08, "nose": 0.06, "eyes": 0.04, "mouth": 0.05}


def test_every_group_of_points_lies_near_the_truth(detector, rendered_pictures):
    errors = []
    for picture in rendered_pictures:
        (faces,) = detector.detect([picture.pixels])
        if len(faces):
            away = np.linalg.norm(faces.landmarks[0] - picture.landmarks, axis=-1)
            errors.append(away / np.linalg.norm(picture.landmarks[36] - picture.landmarks[45]))
    mean = np.mean(errors, axis=0)
    assert {group: mean[points].mean() < LIMITS[group] for group, points in GROUPS.items()} == dict.fromkeys(
        GROUPS, True
    ), {group: mean[points].mean() for group, points in GROUPS.items()}


def test_blendshapes_have_the_models_own_names(detector):
    seen = detector._look(skimage.data.astronaut())
    assert tuple(action.category_name for action in seen.face_blendshapes[0]) == BLENDSHAPES


def test_blendshapes_are_the_rendered_heads_blendshapes():
    assert set(BLENDSHAPES) ^ set(HEAD_BLENDSHAPES) == {"_neutral", "tongueOut"}


def test_blendshapes_see_a_smile(detector):
    (faces,) = detector.detect([skimage.data.astronaut()])
    assert faces.blendshapes.shape == (1, 52)
    assert ((faces.blendshapes >= 0) & (faces.blendshapes <= 1)).all()
    assert faces.blendshapes[0, BLENDSHAPES.index("mouthSmileLeft")] > 0.6
    assert faces.blendshapes[0, BLENDSHAPES.index("jawOpen")] < 0.3


def test_head_matrices_turn_as_the_head_does(detector, rendered_pictures):
    turned = [picture for picture in rendered_pictures if abs(picture.yaw) == 30]
    for picture, faces in zip(turned, detector.detect([picture.pixels for picture in turned]), strict=True):
        if len(faces):
            yaw = np.degrees(np.arctan2(faces.head_matrices[0, 0, 2], faces.head_matrices[0, 2, 2]))
            assert yaw == pytest.approx(picture.yaw, abs=15)


def test_no_face_has_no_blendshapes(detector):
    (faces,) = detector.detect([np.zeros((99, 99, 3), np.uint8)])
    assert faces.blendshapes.shape == (0, 52)
    assert faces.head_matrices.shape == (0, 4, 4)


def test_max_faces_limits_them():
    face = skimage.data.astronaut()[20:240, 120:340]
    (faces,) = build_detector("mediapipe", max_faces=1).detect([np.concatenate((face, face), axis=1)])
    assert len(faces) == 1


@pytest.mark.parametrize("options", [{"max_faces": 0}, {"min_confidence": 1.5}])
def test_numbers_out_of_range_are_refused(options):
    with pytest.raises(ConfigError, match=next(iter(options))):
        build_detector("mediapipe", **options)


def test_it_writes_nothing_to_standard_error_even_when_it_outlives_the_interpreter():
    code = (
        "from geofer.landmarks import build_detector; import numpy as np\n"
        "detector = build_detector('mediapipe'); print(len(detector.detect([np.zeros((64, 64, 3), np.uint8)])))"
    )
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert (ran.stdout, ran.stderr) == ("1\n", "")


def astronaut_beside(picture):
    """Two faces in one picture."""
    astronaut = skimage.data.astronaut()[:260, 100:360]
    side = min(260, *picture.pixels.shape[:2])
    other = np.zeros_like(astronaut)
    other[:side, :side] = picture.pixels[:side, :side]
    return np.concatenate((astronaut, other), axis=1)


def test_blendshapes_are_the_mean_of_the_picture_and_its_mirror_image(detector, rendered_pictures):
    once, names = build_detector("mediapipe", mirrored=False), list(MIRRORED_BLENDSHAPES)
    image = astronaut_beside(rendered_pictures[0])
    (both,), (plain,), (turned,) = (
        by.detect([seen]) for by, seen in zip((detector, once, once), (image, image, image[:, ::-1]), strict=True)
    )
    assert len(both) == len(plain) == len(turned) == 2
    order, across = plain.boxes[:, 0].argsort(), (-turned.boxes[:, 0]).argsort()
    expected = (plain.blendshapes[order] + turned.blendshapes[across][:, names]) / 2
    np.testing.assert_allclose(both.blendshapes[both.boxes[:, 0].argsort()], expected, atol=1e-5)
    assert np.abs(expected - plain.blendshapes[order]).max() > 0.02
    np.testing.assert_array_equal(both.landmarks, plain.landmarks)


def test_left_and_right_are_treated_alike(detector):
    face = skimage.data.astronaut()
    (plain,), (turned,) = (detector.detect([image]) for image in (face, face[:, ::-1]))
    np.testing.assert_allclose(turned.blendshapes[:, list(MIRRORED_BLENDSHAPES)], plain.blendshapes, atol=1e-5)
