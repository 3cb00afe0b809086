"""What the face does in each emotion: tables of published blendshape prototypes, as data.

Three tables, each readable beside its source:

* `BLENDSHAPES_OF_UNIT` translates the action units (AUs) of the Facial Action Coding System into Anny's blendshapes;
  `PRESSED_LIPS` does so better for two of them.
* `PROTOTYPES` lists combinations of AUs for each emotion: the prototypes and major variants that Ekman, Friesen and
  Hager predict (FACS Investigator's Guide, 2002; EMFACS rests on the same table), and some of what Du, Tao and Martinez
  saw ("Compound facial expressions of emotion", PNAS 111, 2014, table 1). The share of each is set such that single AUs
  occur about as often as in the latter: 51 % of happy faces raise the cheeks (AU 6), 66 % of surprised ones the lids.
* `CONFUSED_WITH` says which second emotion leaks into a face: the errors that human judges make, in round
  numbers.
"""

from dataclasses import dataclass
from typing import Literal

BLENDSHAPES_OF_UNIT: dict[int, dict[str, float]] = {
    1: {"browInnerUp": 1.0},  # inner brow raiser
    2: {"browOuterUpLeft": 1.0, "browOuterUpRight": 1.0},  # outer brow raiser
    4: {"browDownLeft": 1.0, "browDownRight": 1.0},  # brow lowerer
    5: {"eyeWideLeft": 1.0, "eyeWideRight": 1.0},  # upper lid raiser
    6: {"cheekSquintLeft": 1.0, "cheekSquintRight": 1.0, "eyeSquintLeft": 0.4, "eyeSquintRight": 0.4},  # cheek raiser
    7: {"eyeSquintLeft": 1.0, "eyeSquintRight": 1.0},  # lid tightener
    9: {"noseSneerLeft": 1.0, "noseSneerRight": 1.0, "browDownLeft": 0.2, "browDownRight": 0.2},  # nose wrinkler
    10: {"mouthUpperUpLeft": 0.9, "mouthUpperUpRight": 0.9, "noseSneerLeft": 0.2, "noseSneerRight": 0.2},  # upper lip
    11: {"noseSneerLeft": 0.25, "noseSneerRight": 0.25},  # nasolabial deepener
    12: {
        "mouthSmileLeft": 1.0,
        "mouthSmileRight": 1.0,
        "mouthUpperUpLeft": 0.25,
        "mouthUpperUpRight": 0.25,
        "mouthLowerDownLeft": 0.25,
        "mouthLowerDownRight": 0.25,
    },  # lip corner puller; Anny's lifts the lower lip over the teeth
    14: {"mouthDimpleLeft": 1.0, "mouthDimpleRight": 1.0},  # dimpler
    15: {"mouthFrownLeft": 1.0, "mouthFrownRight": 1.0},  # lip corner depressor
    16: {"mouthLowerDownLeft": 1.0, "mouthLowerDownRight": 1.0},  # lower lip depressor
    17: {"mouthShrugLower": 1.0, "mouthShrugUpper": 0.4},  # chin raiser
    18: {"mouthPucker": 1.0},  # lip pucker
    20: {"mouthStretchLeft": 1.0, "mouthStretchRight": 1.0},  # lip stretcher
    22: {"mouthFunnel": 1.0},  # lip funneler
    23: {"mouthPressLeft": 0.6, "mouthPressRight": 0.6, "mouthRollLower": 0.3, "mouthRollUpper": 0.3},  # lip tightener
    24: {"mouthPressLeft": 1.0, "mouthPressRight": 1.0},  # lip pressor
    25: {"mouthLowerDownLeft": 0.5, "mouthLowerDownRight": 0.5, "mouthUpperUpLeft": 0.5, "mouthUpperUpRight": 0.5},
    26: {"jawOpen": 0.5},  # jaw drop
    27: {"jawOpen": 0.8},  # mouth stretch
    28: {"mouthRollLower": 1.0, "mouthRollUpper": 1.0},  # lip suck
    29: {"jawForward": 1.0},  # jaw thrust
    34: {"cheekPuff": 1.0},  # puff
    41: {"eyeBlinkLeft": 0.45, "eyeBlinkRight": 0.45},  # lids droop
    43: {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0},  # eyes closing
    64: {
        "eyeLookDownLeft": 1.0,
        "eyeLookDownRight": 1.0,
        "eyeBlinkLeft": 0.25,
        "eyeBlinkRight": 0.25,
    },  # gaze down; the lids follow
}
"""AU → Anny's blendshapes at full intensity. An AU 25 parts the lips without the jaw."""

Lips = Literal["drawn", "pressed"]
"""How lips are tightened and pressed: as in `BLENDSHAPES_OF_UNIT`, or as in `PRESSED_LIPS`."""

PRESSED_LIPS: dict[int, dict[str, float]] = {
    23: {"mouthRollLower": 0.5, "mouthRollUpper": 0.5, "mouthPucker": 0.25},  # lip tightener
    24: {"mouthRollLower": 0.8, "mouthRollUpper": 0.8, "mouthPressLeft": 0.2, "mouthPressRight": 0.2},  # lip pressor
}
"""AUs 23 and 24 by lips that roll in and grow thin: Anny's `mouthPress` draws their corners apart, as a smile does."""


@dataclass(frozen=True)
class Variant:
    """One way to show an emotion.

    Attributes:
        fraction: Of performances that show it, over many people; the fractions of an emotion sum to 1.
        units: AU → intensity at level 4, in [0, 1] (FACS grade E is 1).
    """

    fraction: float
    units: dict[int, float]


PROTOTYPES: dict[str, tuple[Variant, ...]] = {
    "anger": (
        Variant(0.30, {4: 1.0, 5: 0.5, 7: 0.8, 24: 1.0}),
        Variant(0.34, {4: 1.0, 7: 0.9, 17: 0.8, 24: 0.9}),
        Variant(0.08, {4: 1.0, 5: 0.5, 7: 0.8, 17: 0.7, 23: 1.0}),
        Variant(0.16, {4: 1.0, 5: 0.6, 7: 0.7, 10: 0.6, 23: 0.6, 25: 0.8, 26: 0.5}),
        Variant(0.08, {4: 1.0, 5: 0.6, 7: 0.7, 10: 0.6, 22: 0.5, 23: 0.6, 25: 0.8, 26: 0.6}),
        Variant(0.04, {4: 0.9, 5: 0.6, 7: 0.7, 23: 0.9}),
    ),
    "disgust": (
        Variant(0.34, {9: 1.0, 10: 0.7, 17: 0.6}),
        Variant(0.26, {4: 0.6, 9: 1.0, 10: 0.4, 17: 0.7}),
        Variant(0.12, {10: 1.0, 16: 0.5, 25: 0.7}),
        Variant(0.10, {10: 0.9, 17: 0.8}),
        Variant(0.10, {7: 0.5, 9: 1.0, 24: 0.6}),
        Variant(0.08, {9: 1.0, 15: 0.5, 16: 0.5, 26: 0.5}),
    ),
    "fear": (
        Variant(0.24, {1: 1.0, 2: 0.6, 4: 0.7, 5: 1.0, 20: 1.0, 25: 0.8}),
        Variant(0.32, {1: 1.0, 4: 0.8, 20: 0.9, 25: 0.9}),
        Variant(0.16, {1: 1.0, 2: 0.6, 4: 0.6, 5: 1.0, 20: 0.7, 25: 0.6, 26: 0.8}),
        Variant(0.12, {1: 0.9, 2: 0.7, 4: 0.6, 5: 1.0, 25: 0.6, 26: 0.7}),
        Variant(0.10, {5: 1.0, 20: 1.0, 25: 0.7, 26: 0.4}),
        Variant(0.06, {1: 1.0, 2: 0.9, 5: 1.0, 25: 0.5}),
    ),
    "happiness": (
        Variant(0.36, {6: 0.9, 12: 1.0, 25: 0.9}),
        Variant(0.36, {12: 0.9, 25: 0.8}),
        Variant(0.10, {6: 1.0, 12: 1.0, 25: 0.8, 26: 0.8}),
        Variant(0.10, {12: 0.8}),
        Variant(0.08, {6: 0.8, 12: 0.8}),
    ),
    "sadness": (
        Variant(0.22, {1: 1.0, 4: 0.6, 15: 1.0, 17: 0.6, 41: 0.7}),
        Variant(0.22, {1: 1.0, 4: 0.5, 6: 0.5, 15: 0.9, 17: 0.5, 41: 0.4}),
        Variant(0.18, {4: 0.7, 15: 1.0, 17: 0.8, 41: 0.6}),
        Variant(0.14, {1: 0.9, 4: 0.7, 11: 0.6, 15: 0.8, 64: 0.4}),
        Variant(0.14, {6: 0.5, 15: 1.0, 17: 0.5, 64: 0.5}),
        Variant(0.10, {1: 1.0, 4: 0.5, 11: 0.6, 41: 0.6}),
    ),
    "surprise": (
        Variant(0.34, {1: 1.0, 2: 1.0, 5: 0.7, 25: 0.4, 26: 1.0}),
        Variant(0.34, {1: 0.9, 2: 0.9, 25: 0.4, 26: 0.9}),
        Variant(0.18, {1: 1.0, 2: 1.0, 5: 0.7, 25: 0.3, 27: 1.0}),
        Variant(0.07, {1: 1.0, 2: 1.0, 5: 0.7}),
        Variant(0.07, {5: 0.8, 25: 0.4, 26: 1.0}),
    ),
}
"""Emotion → its variants. The first one is the bare prototype, shown by everybody when nothing varies."""

CONFUSED_WITH: dict[str, dict[str, float]] = {
    "anger": {"disgust": 0.55, "sadness": 0.25, "fear": 0.10, "surprise": 0.10},
    "disgust": {"anger": 0.60, "sadness": 0.20, "fear": 0.10, "happiness": 0.10},
    "fear": {"surprise": 0.60, "sadness": 0.15, "disgust": 0.15, "anger": 0.10},
    "happiness": {"surprise": 0.60, "disgust": 0.20, "fear": 0.20},
    "neutral": {"sadness": 0.40, "anger": 0.30, "happiness": 0.15, "disgust": 0.10, "surprise": 0.05},
    "sadness": {"anger": 0.40, "disgust": 0.30, "fear": 0.30},
    "surprise": {"fear": 0.70, "happiness": 0.30},
}
"""Emotion → what leaks into it, with probabilities that sum to 1."""
