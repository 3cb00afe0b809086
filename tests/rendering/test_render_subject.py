import hashlib
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from geofer.faces import JAW, LEFT_EYE, NOSE_BRIDGE, OUTER_LIP, RIGHT_EYE
from geofer.rendering import HEAD_BLENDSHAPES, RenderSpec, render_subject

SMALL = RenderSpec(expressions=("anger", "happiness", "neutral"), poses="multipie", views=2)
FRONT = RenderSpec(poses="continuous", views=1, yaw_limit=0, pitch_limit=0, roll_jitter=0, image_size=128)


@pytest.fixture(scope="module")
def small():
    return render_subject(SMALL, 1)


@pytest.fixture(scope="module")
def grid():
    return render_subject(RenderSpec(expressions=("neutral",), roll_jitter=0, variation=0), 2)


def digest(subject) -> str:
    sums = hashlib.sha256()
    for field in fields(subject):
        value = getattr(subject, field.name)
        sums.update(repr(sorted(value.items())).encode() if isinstance(value, dict) else value.tobytes())
    return sums.hexdigest()


def test_shapes_and_types(small):
    n = 3 * 2
    assert small.images.shape == (n, 64, 64, 3)
    assert small.images.dtype == np.uint8
    assert small.landmarks.shape == (n, 68, 2)
    assert small.landmarks.dtype == np.float32
    assert small.visible.shape == (n, 68)
    assert small.visible.dtype == np.bool_
    assert small.blendshapes.shape == (n, len(HEAD_BLENDSHAPES))
    assert small.blendshapes.dtype == np.float32
    assert small.expression.tolist() == [0, 0, 1, 1, 2, 2]
    assert small.expression.dtype == np.int64
    assert small.level.tolist() == [4, 4, 4, 4, 0, 0]
    assert small.yaw.dtype == small.pitch.dtype == small.roll.dtype == np.float32
    assert len(set(small.yaw[:2].tolist())) == 2


def test_the_same_in_another_process(small):
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from test_render_subject import SMALL, digest, render_subject\n"
        "print(digest(render_subject(SMALL, 1)))"
    )
    folder = str(Path(__file__).parent)
    result = subprocess.run([sys.executable, "-c", code, folder], capture_output=True, text=True, check=True)
    assert result.stdout.split()[-1] == digest(small)


def test_who_somebody_is_depends_on_seed_and_number_alone(small):
    other = render_subject(replace(FRONT, subjects=7, expressions=("fear",), image_size=64, variation=0.5), 1)
    assert other.phenotype == small.phenotype
    assert render_subject(replace(FRONT, expressions=("fear",), image_size=64), 3).phenotype != small.phenotype


def test_an_expression_is_the_same_whatever_else_is_rendered(small):
    alone = render_subject(replace(SMALL, expressions=("happiness",)), 1)
    np.testing.assert_array_equal(alone.images, small.images[2:4])
    np.testing.assert_array_equal(alone.landmarks, small.landmarks[2:4])


def test_the_whole_grid_is_taken_without_views(grid):
    assert sorted(set(zip(grid.yaw.tolist(), grid.pitch.tolist(), strict=True))) == sorted(
        (yaw, pitch) for yaw in (-45, -30, -15, 0, 15, 30, 45) for pitch in (-30, -15, 0, 15, 30)
    )


def test_yaw_and_pitch_move_the_nose_as_agreed(grid):
    eyes = (grid.landmarks[:, RIGHT_EYE].mean(1) + grid.landmarks[:, LEFT_EYE].mean(1)) / 2
    tip = grid.landmarks[:, NOSE_BRIDGE][:, -1] - eyes
    level = grid.pitch == 0
    assert np.all(np.diff(tip[level][np.argsort(grid.yaw[level]), 0]) > 0)
    ahead = grid.yaw == 0
    assert np.all(np.diff(tip[ahead][np.argsort(grid.pitch[ahead]), 1]) < 0)  # y points down


def test_roll_leans_the_head_to_the_right():
    leaning = render_subject(replace(FRONT, expressions=("neutral",), roll_jitter=20.0, image_size=64), 0)
    right, left = leaning.landmarks[0, RIGHT_EYE].mean(0), leaning.landmarks[0, LEFT_EYE].mean(0)
    dx, dy = left - right  # the person's left eye is on the image's right, and sinks when the crown leans there
    assert np.degrees(np.arctan2(dy, dx)) == pytest.approx(leaning.roll[0], abs=4)


def test_the_far_side_of_a_turned_face_is_hidden(grid):
    right, left = grid.visible[:, JAW][:, :7].mean(1), grid.visible[:, JAW][:, -7:].mean(1)
    assert left[grid.yaw == 45].mean() < 0.35 < 0.6 < right[grid.yaw == 45].mean()
    assert right[grid.yaw == -45].mean() < 0.35 < 0.6 < left[grid.yaw == -45].mean()


def test_the_tight_crop_holds_every_landmark(grid):
    assert grid.landmarks.min() > 1
    assert grid.landmarks.max() < 62


def test_landmarks_lie_on_what_they_name():
    subject = render_subject(replace(FRONT, expressions=("neutral",), variation=0), 0)
    image, points = subject.images[0].astype(float), subject.landmarks[0]

    def color(center, reach=2):
        x, y = np.round(center).astype(int)
        return image[y - reach : y + reach + 1, x - reach : x + reach + 1].reshape(-1, 3).mean(0)

    skin = color(points[30] + (18, 10))
    for eye in (RIGHT_EYE, LEFT_EYE):
        assert color(points[eye].mean(0)).sum() < 0.75 * skin.sum()  # iris and pupil
    lips = color(points[[51, 62]].mean(0), reach=1)
    assert lips[0] / lips[1] > 1.08 * skin[0] / skin[1]  # redder than skin
    assert np.abs(image[5, 3] - skin).sum() > 40  # the wall behind


def test_stronger_levels_move_further():
    levels = render_subject(replace(FRONT, expressions=("happiness", "neutral"), levels=(1, 2, 3, 4), variation=0), 0)
    lips = levels.landmarks[:, OUTER_LIP]
    widths = lips[:, 6, 0] - lips[:, 0, 0]
    assert np.all(np.diff(np.concatenate((widths[-1:], widths[:-1]))) > 0)
    assert levels.level.tolist() == [1, 2, 3, 4, 0]


def test_an_angry_mouth_is_narrower_where_lips_press_than_where_they_are_drawn_apart():
    drawn, pressed = (
        render_subject(replace(FRONT, expressions=("anger", "neutral"), lips=lips, variation=0), 1)
        for lips in ("drawn", "pressed")
    )
    angry, calm = 0, 1
    widths = [np.ptp(person.landmarks[angry][OUTER_LIP][:, 0]) for person in (drawn, pressed)]
    assert widths[1] < 0.95 * widths[0]
    np.testing.assert_array_equal(drawn.images[calm], pressed.images[calm])


def test_light_and_wall_belong_to_the_session():
    session = render_subject(replace(FRONT, crop="loose", views=3, expressions=("neutral",)), 0).images[:, 2, 2]
    assert len(np.unique(session, axis=0)) == 1
    pictures = render_subject(replace(FRONT, crop="loose", views=3, expressions=("neutral",), scene="picture"), 0)
    assert len(np.unique(pictures.images[:, 2, 2], axis=0)) == 3


def test_the_loose_crop_shows_more():
    tight, loose = (
        render_subject(replace(FRONT, expressions=("neutral",), crop=crop), 0) for crop in ("tight", "loose")
    )
    assert np.ptp(loose.landmarks[0], axis=0).max() < 0.8 * np.ptp(tight.landmarks[0], axis=0).max()


def test_the_camera_adds_noise_and_nothing_else(small):
    taken = render_subject(replace(SMALL, camera=True), 1)
    difference = np.abs(taken.images.astype(int) - small.images).mean((1, 2, 3))
    assert np.all((difference > 0.3) & (difference < 20))
    np.testing.assert_array_equal(taken.landmarks, small.landmarks)


def test_the_closed_mouth_hides_the_teeth():
    spec = replace(FRONT, expressions=("neutral",), variation=0, image_size=224)
    for person in range(4):
        subject = render_subject(spec, person)
        chin = subject.landmarks[0, [57, 8]].mean(0).round().astype(int)
        patch = subject.images[0, chin[1] - 4 : chin[1] + 5, chin[0] - 12 : chin[0] + 13].astype(float)
        assert np.ptp(patch, axis=(0, 1)).max() < 90  # in each color: no white tooth in the skin of the chin


def test_a_broad_smile_shows_the_upper_teeth_and_a_face_at_rest_does_not():
    spec = replace(FRONT, expressions=("happiness", "neutral"), variation=0, image_size=224)
    for person in range(6):
        subject = render_subject(spec, person)
        redness = []
        for image, points in zip(subject.images.astype(float), subject.landmarks, strict=True):
            x, y = (points[62] * 0.6 + points[66] * 0.4).round().astype(int)
            red, green, _ = image[y - 1 : y + 2, x - 6 : x + 7].mean((0, 1))
            redness.append(red / green)
        smile, rest = redness
        assert smile < 1.15 < rest
