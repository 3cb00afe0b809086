import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from skimage.transform import SimilarityTransform

from geofer.errors import DataError
from geofer.faces import LEFT_EYE, MIRRORED_LANDMARKS, RIGHT_EYE, denormalize_landmarks, normalize_landmarks
from geofer.landmarks.alignment import TEMPLATE, Alignment, alignment_for
from geofer.rendering import RenderSpec, render_subject

RULES = ("tight", "fer2013", "paper", "ibug-similarity", "none")
BOX = (20.0, 30.0, 60.0, 90.0)


def face(seed: int = 0) -> np.ndarray:
    """68 points that lie roughly as a face's do, in a picture of 120 × 100 pixels."""
    points = np.random.default_rng(seed).uniform(25, 75, (68, 2))
    points[RIGHT_EYE], points[LEFT_EYE], points[[48, 54]] = (40, 40), (60, 42), [(41, 65), (60, 66)]
    return points


def align(rule, points=None, *, box=BOX, shape=(120, 100, 3), size=64) -> Alignment:
    return alignment_for(rule, box, face() if points is None else points, shape, size)


@pytest.fixture(scope="module")
def loose_and_tight():
    """The same four pictures of one person, as the whole head and as the renderer's tight crop."""
    common = {"subjects": 1, "expressions": ("happiness", "surprise"), "poses": "continuous", "views": 2, "seed": 3}
    loose = RenderSpec(**common, crop="loose", image_size=192)
    tight = RenderSpec(**common, crop="tight", image_size=64)
    return render_subject(loose, 0), render_subject(tight, 0)


def test_tight_is_the_renderers_own_crop(loose_and_tight):
    loose, tight = loose_and_tight
    for picture, points, crop, truth in zip(loose.images, loose.landmarks, tight.images, tight.landmarks, strict=True):
        alignment = align("tight", points, box=None, shape=picture.shape)
        np.testing.assert_allclose(alignment.to_crop(points), truth, atol=1e-3)
        off_by_one = Alignment(alignment.matrix + np.eye(3)[2] * [[1], [0]], 64)
        difference, worse = (np.abs(each.apply(picture).astype(int) - crop).mean() for each in (alignment, off_by_one))
        assert difference < 3
        assert worse > 1.5 * difference


def test_fer2013_is_the_renderers_crop_of_that_name():
    common = {"subjects": 1, "expressions": ("happiness",), "poses": "continuous", "views": 3, "seed": 3}
    loose, framed = (
        render_subject(RenderSpec(**common, crop=crop, image_size=size), 0)
        for crop, size in (("loose", 192), ("fer2013", 48))
    )
    for points, truth, shape in zip(loose.landmarks, framed.landmarks, [(192, 192)] * 3, strict=True):
        np.testing.assert_allclose(align("fer2013", points, shape=shape, size=48).to_crop(points), truth, atol=1e-3)
        assert 45 < np.ptp(truth, axis=0).max() * 1.225 < 51, "as large as in the average picture of FER2013"


def test_paper_is_the_square_around_the_box():
    corners = align("paper").to_crop([(10, 30), (70, 30), (70, 90), (10, 90)])
    np.testing.assert_allclose(corners, [(-0.5, -0.5), (63.5, -0.5), (63.5, 63.5), (-0.5, 63.5)])


def test_none_is_the_whole_picture_in_the_middle():
    alignment = align("none", box=None)
    np.testing.assert_allclose(alignment.corners, [(-10.5, -0.5), (109.5, -0.5), (109.5, 119.5), (-10.5, 119.5)])
    ends = normalize_landmarks(torch.from_numpy(alignment.to_crop([(49.5, -0.5), (49.5, 119.5)])), 64)
    np.testing.assert_allclose(ends, [(0, -1), (0, 1)], atol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_similarity_is_the_least_squares_one(seed):
    points = face(seed) + np.random.default_rng(seed).normal(0, 4, (68, 2))
    anchors = np.stack((points[RIGHT_EYE].mean(0), points[LEFT_EYE].mean(0), points[48], points[54]))
    target = denormalize_landmarks(torch.tensor(TEMPLATE, dtype=torch.float64), 64).numpy()
    reference = SimilarityTransform.from_estimate(anchors, target)
    np.testing.assert_allclose(align("ibug-similarity", points).matrix, reference.params[:2], atol=1e-9)


def test_similarity_undoes_rotation_and_keeps_handedness(loose_and_tight):
    points = loose_and_tight[0].landmarks[0].astype(float)
    upright = align("ibug-similarity", points, shape=(192, 192))
    turn = np.radians(140)
    turned = (points - 96) @ [(np.cos(turn), np.sin(turn)), (-np.sin(turn), np.cos(turn))] * 0.7 + 96
    again = align("ibug-similarity", turned, shape=(192, 192))
    np.testing.assert_allclose(again.to_crop(turned), upright.to_crop(points), atol=1e-9)
    mirrored = (points * (-1, 1) + (191, 0))[list(MIRRORED_LANDMARKS)]
    mirror = align("ibug-similarity", mirrored, shape=(192, 192)).to_crop(mirrored)
    np.testing.assert_allclose(mirror[list(MIRRORED_LANDMARKS)] * (-1, 1) + (63, 0), upright.to_crop(points), atol=1e-9)
    assert all(np.linalg.det(each.matrix[:, :2]) > 0 for each in (upright, again))


def test_eyes_and_mouth_of_rendered_faces_come_near_the_template(loose_and_tight):
    for points in loose_and_tight[0].landmarks:
        crop = align("ibug-similarity", points, shape=(192, 192)).to_crop(points)
        inside = normalize_landmarks(torch.from_numpy(crop), 64)
        eyes = inside[RIGHT_EYE].mean(0), inside[LEFT_EYE].mean(0)
        np.testing.assert_allclose(torch.stack((*eyes, inside[48], inside[54])), TEMPLATE, atol=0.2)
        assert inside[17:].abs().max() < 1, "brows to mouth are inside"


@given(
    rule=st.sampled_from(RULES),
    points=st.lists(st.floats(-200, 200), min_size=20, max_size=20),
    seed=st.integers(0, 99),
)
def test_results_can_be_drawn_on_the_original(rule, points, seed):
    alignment, points = align(rule, face(seed)), np.reshape(points, (2, 5, 2))
    np.testing.assert_allclose(alignment.to_picture(alignment.to_crop(points)), points, atol=1e-9)


def ramp(height: int, width: int) -> np.ndarray:
    """Red grows with x and green with y, so that a crop's colors say where they come from."""
    y, x = np.mgrid[:height, :width]
    return np.stack((x, y, np.zeros_like(x)), -1).astype(np.uint8)


@pytest.mark.parametrize("size", [24, 64, 150, 333])
@pytest.mark.parametrize("rule", ["tight", "paper", "ibug-similarity"])
def test_the_crop_shows_what_lies_under_it(rule, size):
    """Shrinking, keeping and enlarging, with rotation: every pixel comes from where `to_picture` says."""
    alignment = align(rule, 2 * face(), box=2 * np.array(BOX), shape=(240, 200), size=size)
    crop = alignment.apply(ramp(240, 200)).astype(float)
    places = alignment.to_picture(np.stack(np.meshgrid(np.arange(size), np.arange(size)), -1))
    inside = ((places > 5) & (places < (194, 234))).all(-1)
    assert inside.mean() > 0.5
    error = crop[inside][:, :2] - places[inside]
    assert np.abs(error).max() < 1.1, "rounded to whole colors twice"
    assert np.abs(error.mean(0)).max() < 0.15, "not shifted"


def test_beyond_the_picture_its_edge_is_repeated():
    picture = ramp(120, 100)
    crop = align("paper", box=(-40, 30, 20, 90), size=60).apply(picture)
    np.testing.assert_array_equal(crop[:, :40, 0], 0)
    np.testing.assert_allclose(crop[5:-5, :, 1], np.arange(30, 90)[5:-5, None].repeat(60, 1), atol=1)


@pytest.mark.parametrize("cells", [1, 2, 3, 7])
def test_shrinking_averages_instead_of_picking(cells):
    """A fine chequerboard turns gray; picking pixels would leave stripes."""
    y, x = np.mgrid[:840, :840] // cells
    board = np.repeat(((x + y) % 2 * 255).astype(np.uint8)[..., None], 3, -1)
    crop = align("none", shape=board.shape, size=840 // (16 * cells)).apply(board)
    assert np.abs(crop.astype(float) - 127.5).max() < 8


def test_shrinking_by_a_whole_number_is_the_plain_mean():
    picture = np.random.default_rng(0).integers(0, 256, (128, 128, 3), np.uint8)
    crop = align("none", shape=picture.shape, size=32).apply(picture)
    np.testing.assert_allclose(crop, picture.reshape(32, 4, 32, 4, 3).mean((1, 3)), atol=1.5)


def test_a_picture_of_the_crops_size_is_copied():
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    picture.flags.writeable = False
    np.testing.assert_array_equal(align("none", shape=picture.shape).apply(picture), picture)


@pytest.mark.parametrize("shape", [(1, 1), (2, 40_000), (40_000, 3)])
def test_extreme_pictures(shape):
    picture = np.full((*shape, 3), 77, np.uint8)
    assert (align("none", shape=shape, size=16).apply(picture) == 77).all()
    assert (align("paper", box=(-5, -5, 5, 5), shape=shape, size=16).apply(picture) == 77).all()


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (face()[:67], r"shape \(67, 2\), not \(68, 2\)"),
        (np.where(np.arange(136).reshape(68, 2) == 7, np.nan, face()), "not finite"),
        (np.full((68, 2), 30.0), "extend over 0 pixels"),
        (face() * 1e9, "extend over .* which no face does"),
        (face() + 500, "outside its picture of 100 × 120 pixels"),
    ],
)
@pytest.mark.parametrize("rule", ["tight", "ibug-similarity"])
def test_landmarks_that_cannot_be(rule, points, message):
    with pytest.raises(DataError, match=message):
        align(rule, points)


def test_what_a_rule_needs():
    collapsed = face()
    collapsed[36:] = 50
    with pytest.raises(DataError, match="do not lie as a face's"):
        align("ibug-similarity", collapsed)
    with pytest.raises(DataError, match="needs the box"):
        alignment_for("paper", None, face(), (120, 100), 64)
    with pytest.raises(DataError, match="needs the landmarks"):
        alignment_for("tight", BOX, None, (120, 100), 64)
    with pytest.raises(DataError, match="extend over 0 pixels"):
        align("paper", box=(30, 30, 30, 30))
