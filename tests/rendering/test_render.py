"""`geofer.render`: one labeled face in one call."""

import numpy as np
import pytest

import geofer
from geofer.errors import ConfigError
from geofer.faces import EXPRESSIONS

SIZE = 96


@pytest.fixture(scope="module")
def neutral():
    return geofer.render("neutral", size=SIZE, seed=3)


def test_a_picture_follows_from_its_arguments(neutral):
    assert (neutral.shape, neutral.dtype) == ((SIZE, SIZE, 3), np.uint8)
    np.testing.assert_array_equal(geofer.render("neutral", size=SIZE, seed=3), neutral)
    np.testing.assert_array_equal(geofer.render("neutral", 1, size=np.int64(SIZE), seed=np.int32(3)), neutral)
    shown = [geofer.render(name, yaw=np.float32(0), size=SIZE, seed=3) for name in EXPRESSIONS]
    assert len({picture.tobytes() for picture in shown}) == len(EXPRESSIONS)
    assert geofer.render("neutral", size=SIZE, seed=4).tobytes() != neutral.tobytes()


def test_a_stronger_level_is_further_from_the_neutral_face(neutral):
    slight, strong = (geofer.render("happiness", level, size=SIZE, seed=3) for level in (1, 4))
    assert 0 < np.abs(slight - neutral.astype(float)).sum() < np.abs(strong - neutral.astype(float)).sum()


def test_a_leaning_head_is_the_picture_turned(neutral):
    """Where both show the head: a quarter turn moves the middle of the picture as `np.rot90` does."""
    leaning = geofer.render("neutral", size=SIZE, seed=3, roll=90)
    middle = slice(SIZE // 3, 2 * SIZE // 3)
    turned = {times: np.rot90(neutral, times)[middle, middle].astype(float) for times in range(4)}
    distance = {times: np.abs(leaning[middle, middle] - picture).mean() for times, picture in turned.items()}
    assert min(distance, key=distance.__getitem__) == 3  # to the image's right


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"expression": "joy"}, "expression is 'joy'; choose anger, disgust"),
        ({"expression": "suprise"}, r"Did you mean surprise\?"),
        ({"level": 5}, "level is 5; choose 1, 2, 3 or 4"),
        ({"yaw": 91}, "yaw is 91; choose a number from -90 to 90"),
        ({"pitch": float("nan")}, "pitch is nan; choose a number from -60 to 60"),
        ({"roll": float("inf")}, "roll is inf"),
        ({"size": 32}, "size is 32; choose a number from 64 to 1024"),
        ({"seed": -1}, "seed is -1; choose a number 0 or more"),
    ],
)
def test_what_cannot_be_rendered_is_told(arguments, message):
    with pytest.raises(ConfigError, match=message):
        geofer.render(**{"expression": "neutral", **arguments})
