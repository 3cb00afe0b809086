import pytest

from geofer.faces import EXPRESSIONS
from geofer.rendering.expressions import HEAD_BLENDSHAPES, expression_blendshapes
from geofer.rendering.wrinkles import FOLDS, fold_strengths

YOUNG, OLD = 0.62, 0.92


def folds(expression: str, age: float = YOUNG) -> dict[str, float]:
    strengths = fold_strengths(expression_blendshapes(expression, 4)[None], age)
    return dict(zip(FOLDS, strengths[0].tolist(), strict=True))


def test_every_cause_is_a_blendshape():
    stems = {name.removesuffix("Left").removesuffix("Right") for name in HEAD_BLENDSHAPES}
    assert {cause for causes in FOLDS.values() for cause in causes} <= stems


@pytest.mark.parametrize(
    ("expression", "deepest"),
    [
        ("anger", "frown"),
        ("disgust", "nasolabial"),
        ("fear", "inner forehead"),
        ("happiness", "nasolabial"),
        ("sadness", "mouth's corners"),
        ("surprise", "forehead"),
    ],
)
def test_each_expression_has_its_deepest_folds(expression, deepest):
    strengths = folds(expression)
    assert strengths[deepest] >= 0.95 * max(strengths.values())
    assert strengths[deepest] > 0.5


def test_only_disgust_wrinkles_the_nose_and_only_a_smile_the_eyes_corners():
    nose, feet = ({name: folds(name)[fold] for name in EXPRESSIONS} for fold in ("nose", "crow's feet"))
    assert max(nose, key=nose.__getitem__) == "disgust"
    assert nose.pop("disgust") > 0.5 > 0.1 > max(nose.values())
    assert feet["happiness"] > 0.5 > 0.2 > max(feet[name] for name in EXPRESSIONS if name != "happiness")


def test_a_young_face_at_rest_is_smooth_and_an_old_one_is_not():
    assert max(folds("neutral").values()) == 0
    assert min(folds("neutral", OLD).values()) > 0.1
    assert folds("anger", OLD)["frown"] > folds("anger")["frown"]
