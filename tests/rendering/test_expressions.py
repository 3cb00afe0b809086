import numpy as np
import pytest

from geofer.errors import ConfigError
from geofer.faces import EXPRESSIONS
from geofer.rendering.expressions import HEAD_BLENDSHAPES, LEVELS, UNITS, sample_blendshapes, sample_style
from geofer.rendering.prototypes import BLENDSHAPES_OF_UNIT, CONFUSED_WITH, PRESSED_LIPS, PROTOTYPES

SIGNATURES = {
    "anger": {"browDownLeft", "browDownRight", "mouthPressLeft", "mouthPressRight"},
    "disgust": {"noseSneerLeft", "noseSneerRight"},
    "fear": {"browInnerUp", "eyeWideLeft", "eyeWideRight", "mouthStretchLeft", "mouthStretchRight"},
    "happiness": {"mouthSmileLeft", "mouthSmileRight"},
    "sadness": {"browInnerUp", "mouthFrownLeft", "mouthFrownRight"},
    "surprise": {"browInnerUp", "browOuterUpLeft", "browOuterUpRight"},
}
EMOTIONS = tuple(SIGNATURES)

OBSERVED = {
    "anger": {4: None, 7: None, 24: None, 10: 0.26, 17: 0.52, 23: 0.29},
    "disgust": {9: None, 10: None, 17: None, 4: 0.31, 24: 0.26},
    "fear": {1: None, 4: None, 20: None, 25: None, 2: 0.57, 5: 0.63, 26: 0.33},
    "happiness": {12: None, 25: None, 6: 0.51},
    "sadness": {4: None, 15: None, 1: 0.60, 6: 0.50, 11: 0.26, 17: 0.67},
    "surprise": {1: None, 2: None, 25: None, 26: None, 5: 0.66},
}
"""Share of 230 posers who show a unit (Du, Tao and Martinez 2014, table 1); None stands for their "over 70 %"."""


def perform(expression, level=4, variation=1.0, person=0, moment=0, lips="drawn"):
    style = sample_style(np.random.default_rng(person), variation, lips)
    return sample_blendshapes(expression, level, style, np.random.default_rng(moment), variation)


def test_blendshapes_are_annys_in_its_order():
    from anny.models.facial_actions import FACIAL_ACTION_LABELS

    assert list(HEAD_BLENDSHAPES) == FACIAL_ACTION_LABELS


def test_units_translate_to_known_blendshapes_on_both_sides():
    for unit, blendshapes in (*BLENDSHAPES_OF_UNIT.items(), *PRESSED_LIPS.items()):
        assert set(blendshapes) <= set(HEAD_BLENDSHAPES), unit
        assert all(0 < weight <= 1 for weight in blendshapes.values()), unit
        for name, weight in blendshapes.items():
            assert blendshapes.get(name.replace("Left", "Right"), weight) == weight, unit


def test_probabilities_sum_to_one():
    for name in EMOTIONS:
        assert sum(variant.fraction for variant in PROTOTYPES[name]) == pytest.approx(1), name
    for name in EXPRESSIONS:
        assert sum(CONFUSED_WITH[name].values()) == pytest.approx(1), name
        assert name not in CONFUSED_WITH[name]
        assert set(CONFUSED_WITH[name]) <= set(EMOTIONS), "a neutral face cannot leak"


def test_units_are_about_as_frequent_as_in_real_posed_faces():
    for expression, observed in OBSERVED.items():
        for unit, frequency in observed.items():
            shown = sum(v.fraction for v in PROTOTYPES[expression] if {unit, 27 if unit == 26 else unit} & set(v.units))
            if frequency is None:
                assert shown > 0.6, (expression, unit)
            else:
                assert abs(shown - frequency) < 0.17, (expression, unit)


def test_variants_use_known_units():
    assert set(PROTOTYPES) == set(EMOTIONS) == set(EXPRESSIONS) - {"neutral"}
    for variants in PROTOTYPES.values():
        for variant in variants:
            assert set(variant.units) <= set(UNITS)
            assert all(0 < strength <= 1 for strength in variant.units.values())


@pytest.mark.parametrize("expression", EMOTIONS)
def test_signature_dominates_the_bare_prototype(expression):
    blendshapes = dict(zip(HEAD_BLENDSHAPES, perform(expression, variation=0), strict=True))
    weakest = min(blendshapes[name] for name in SIGNATURES[expression])
    assert weakest >= 0.9
    assert all(strength <= weakest for name, strength in blendshapes.items() if name not in SIGNATURES[expression])


def test_pressed_lips_roll_in_where_drawn_ones_are_pulled_apart():
    drawn, pressed = (
        dict(zip(HEAD_BLENDSHAPES, perform("anger", variation=0, lips=lips), strict=True))
        for lips in ("drawn", "pressed")
    )
    assert (drawn["mouthPressLeft"], drawn["mouthRollLower"]) == (1, 0)
    assert pressed["mouthPressLeft"] == pytest.approx(0.2)
    assert pressed["mouthRollLower"] == pressed["mouthRollUpper"] == pytest.approx(0.8)
    lips = {"mouthPressLeft", "mouthPressRight", "mouthRollLower", "mouthRollUpper"}
    assert all(drawn[name] == pressed[name] for name in drawn if name not in lips)


@pytest.mark.parametrize("expression", ["fear", "happiness", "sadness", "surprise"])
def test_how_lips_press_changes_nothing_of_expressions_that_do_not_press_them(expression):
    drawn, pressed = (perform(expression, variation=0, lips=lips) for lips in ("drawn", "pressed"))
    np.testing.assert_array_equal(drawn, pressed)


def test_without_variation_everybody_is_alike_and_symmetric():
    mirror = [
        HEAD_BLENDSHAPES.index(n.replace("Left", "R?").replace("Right", "Left").replace("R?", "Right"))
        for n in HEAD_BLENDSHAPES
    ]
    for expression in EXPRESSIONS:
        blendshapes = perform(expression, variation=0, person=1, moment=2)
        np.testing.assert_array_equal(blendshapes, perform(expression, variation=0, person=3, moment=4))
        np.testing.assert_array_equal(blendshapes, blendshapes[mirror])
    assert not perform("neutral", variation=0).any()


def test_a_style_of_average_gains_and_no_habits_at_variation_zero():
    style = sample_style(np.random.default_rng(0), 0)
    np.testing.assert_array_equal(style.gains, np.ones(len(UNITS)))
    assert not style.resting.any()
    assert style.dominance == 0


@pytest.mark.parametrize("variation", [0, 1])
@pytest.mark.parametrize("expression", EMOTIONS)
def test_a_higher_level_strengthens_the_same_act(expression, variation):
    for moment in range(10):
        acts = np.stack([perform(expression, 1 + i, variation, moment=moment) for i in range(len(LEVELS))])
        assert (np.diff(acts, axis=0) >= -1e-6).all()
        assert acts[3].sum() > acts[0].sum() + 0.3


def test_the_neutral_face_ignores_the_level():
    np.testing.assert_array_equal(perform("neutral", 1), perform("neutral", 4))


def test_same_chance_same_act():
    np.testing.assert_array_equal(perform("fear"), perform("fear"))
    assert (perform("fear") != perform("fear", moment=1)).any()
    assert (perform("fear") != perform("fear", person=1)).any()


@pytest.mark.parametrize("variation", [0, 1, 3])
def test_blendshapes_stay_in_range(variation):
    for moment in range(200):
        blendshapes = perform(EXPRESSIONS[moment % 7], 4, variation, person=moment, moment=moment)
        assert blendshapes.dtype == np.float32
        assert blendshapes.shape == (52,)
        assert blendshapes.min() >= 0
        assert blendshapes.max() <= 1


def test_people_have_styles():
    def distance(first, second):
        return np.mean([np.abs(perform(e, person=a, moment=m) - perform(e, person=b, moment=m + 100)).mean()
                        for e in EMOTIONS for a, b, m in zip(first, second, range(40), strict=True)])  # fmt: skip

    people = np.arange(40)
    assert distance(people, people) < 0.9 * distance(people, np.roll(people, 1))


def test_both_eyes_look_the_same_way():
    place = HEAD_BLENDSHAPES.index
    for moment in range(50):
        blendshapes = perform("neutral", moment=moment)
        assert blendshapes[place("eyeLookInLeft")] == pytest.approx(blendshapes[place("eyeLookOutRight")], abs=1e-6)
        assert blendshapes[place("eyeLookOutLeft")] * blendshapes[place("eyeLookInLeft")] == 0


@pytest.mark.parametrize(("expression", "level"), [("contempt", 4), ("anger", 0), ("anger", 5)])
def test_unknown_expressions_and_levels_are_refused(expression, level):
    with pytest.raises(ConfigError, match="choose"):
        perform(expression, level)
