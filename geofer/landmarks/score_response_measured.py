"""How MediaPipe's scores of a photograph move with blendshapes: measured on photographs that were made to act.

Photographs of 17 neutral faces were warped by the moves of the rendered head's blendshapes, so that real skin,
brows and lips moved, and MediaPipe scored the 1,938 results. Scores saturate, so what is told here is by how much a
score's logit rises. Warping makes no wrinkles, uncovers no eye and opens no mouth (a dark one was painted); rolled lips
come out badly; and the rendered head's strongest action may be weaker or stronger than a person's.

``training/measure_score_response.py`` makes such tables on any photographs; those behind these belong to others.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from geofer.landmarks.face_mesh import BLENDSHAPES

SIDES = ("Left", "Right")

EDGE = 1e-5
"""Scores are drawn to within this of 0 and 1 before their logit is taken. Many a score stays far below a hundredth, and
tells something all the same: MediaPipe's of a lowered lip corner, for one."""

STRENGTH = 1.3
"""How strongly people show an expression beside rendered people, at the median: smiles of photographs score so."""

# fmt: off
RISES = {
    "browDown": {"browInnerUp": -1.9, "browOuterUp": -1.8, "browDown": 1.7, "eyeSquint": 0.6, "eyeBlink": 0.5,
        "eyeWide": -0.5},
    "browInnerUp": {"browInnerUp": 1.7, "browDown": -0.3, "eyeSquint": -0.3, "mouthFrown": 0.3, "mouthStretch": 0.3},
    "browOuterUp": {"browOuterUp": 1.6, "browDown": -1.4, "jawOpen": 0.3, "mouthFrown": -0.3, "mouthPucker": 0.3,
        "mouthStretch": -0.3, "mouthUpperUp": 0.3},
    "cheekPuff": {"mouthSmile": -0.9, "mouthUpperUp": -0.8, "mouthPucker": 0.6, "mouthStretch": -0.4,
        "mouthFrown": -0.3, "mouthShrugUpper": -0.3},
    "cheekSquint": {"mouthUpperUp": -0.6, "mouthSmile": -0.5, "browInnerUp": -0.4, "eyeSquint": 0.4, "mouthClose": 0.4,
        "browDown": 0.3, "browOuterUp": -0.3, "eyeWide": -0.3, "jawForward": -0.3, "mouthDimple": -0.3,
        "mouthLowerDown": -0.3, "mouthPress": -0.3, "mouthPucker": 0.3, "mouthShrugLower": 0.3, "mouthStretch": -0.3},
    "eyeBlink": {"browInnerUp": 1.0, "browDown": -0.9, "browOuterUp": 0.7, "mouthSmile": 0.6, "eyeSquint": -0.5,
        "jawOpen": -0.3, "mouthDimple": 0.3, "mouthLowerDown": -0.3},
    "eyeSquint": {"browDown": 1.1, "browInnerUp": -1.1, "mouthClose": 1.1, "mouthUpperUp": -1.1, "browOuterUp": -1.0,
        "eyeSquint": 0.9, "eyeWide": -0.9, "jawOpen": 0.9, "eyeBlink": 0.8, "mouthRollLower": 0.8,
        "mouthRollUpper": 0.8, "mouthShrugUpper": -0.7, "mouthPucker": -0.6, "mouthFunnel": -0.4, "mouthSmile": -0.4,
        "jaw": 0.3},
    "eyeWide": {"eyeBlink": -1.1, "eyeWide": 0.9, "eyeSquint": -0.6, "browDown": 0.3},
    "jawForward": {"mouthDimple": -0.4, "jawOpen": -0.3, "mouthFrown": 0.3, "mouthRollLower": 0.3, "mouthSmile": -0.3},
    "jawOpen": {"mouthLowerDown": 5.8, "jawOpen": 5.4, "mouthUpperUp": 2.7, "mouthShrugLower": -2.5, "mouthFunnel": 2.4,
        "cheekPuff": 2.3, "jaw": 2.3, "jawForward": 1.9, "mouthFrown": 1.6, "mouthClose": 1.2, "mouthDimple": 1.2,
        "mouthPress": -1.0, "mouthRollLower": -1.0, "mouthSmile": -0.8, "mouth": -0.7, "browInnerUp": 0.6,
        "eyeWide": 0.5, "eyeBlink": -0.4, "browDown": -0.3, "browOuterUp": 0.3, "mouthRollUpper": -0.3,
        "noseSneer": 0.3},
    "mouthDimple": {"mouthSmile": 4.3, "mouthStretch": 2.4, "mouthPucker": -2.3, "mouthUpperUp": 2.3, "mouthFrown": 1.2,
        "cheekPuff": 0.9, "mouthFunnel": -0.9, "mouthRollUpper": 0.9, "mouthShrugLower": 0.9, "browDown": -0.7,
        "mouthLowerDown": 0.7, "mouthPress": 0.6, "browInnerUp": 0.5, "browOuterUp": 0.5, "jawForward": 0.5,
        "mouthClose": -0.5, "mouthRollLower": 0.5, "eyeWide": 0.4, "jaw": -0.4, "mouth": -0.3},
    "mouthFrown": {"mouthSmile": -3.4, "mouthFrown": 3.3, "mouthDimple": -1.2, "mouthShrugLower": 1.1,
        "mouthRollLower": 1.0, "mouthShrugUpper": 0.7, "mouthPress": -0.6, "jawForward": -0.4, "jaw": 0.4,
        "jawOpen": 0.4, "mouthFunnel": -0.4, "browDown": 0.3, "browInnerUp": -0.3, "mouthPucker": 0.3,
        "mouthRollUpper": 0.3, "mouthStretch": 0.3},
    "mouthFunnel": {"mouthStretch": -2.4, "mouthFrown": -2.2, "mouthSmile": -2.2, "mouthPucker": 1.3, "jawOpen": 1.1,
        "mouthFunnel": 1.1, "mouthLowerDown": 1.1, "mouthDimple": 0.9, "mouthShrugLower": -0.9, "mouthClose": 0.7,
        "mouthUpperUp": -0.7, "jaw": 0.6, "browInnerUp": 0.4, "mouth": 0.3, "mouthRollUpper": 0.3},
    "mouthLowerDown": {"mouthLowerDown": 2.8, "mouthShrugLower": -1.9, "jawOpen": 1.7, "mouthUpperUp": 1.6,
        "mouthFunnel": 1.4, "jawForward": 1.3, "cheekPuff": 1.0, "mouthClose": 0.9, "jaw": 0.7, "mouthRollUpper": 0.4,
        "mouth": -0.3, "mouthShrugUpper": -0.3},
    "mouthPress": {"mouthSmile": 3.3, "mouthUpperUp": 2.5, "mouthLowerDown": 1.3, "mouthRollLower": -1.3,
        "browDown": -1.0, "browOuterUp": 1.0, "jawForward": 0.9, "mouthClose": -0.9, "mouthStretch": 0.9,
        "mouthFunnel": 0.8, "eyeWide": 0.7, "mouthRollUpper": -0.7, "browInnerUp": 0.6, "cheekPuff": 0.6,
        "eyeBlink": -0.5, "mouthShrugLower": -0.5, "eyeSquint": -0.4, "mouthDimple": 0.3, "mouthPress": -0.3},
    "mouthPucker": {"mouthSmile": -2.4, "mouthStretch": -2.1, "mouthFrown": -1.8, "mouthPucker": 1.1, "mouthClose": 0.7,
        "mouthDimple": 0.7, "mouthUpperUp": -0.7, "jawForward": -0.5, "jawOpen": 0.5, "mouthRollLower": 0.5,
        "mouth": 0.4, "mouthRollUpper": 0.4, "cheekPuff": -0.3, "jaw": 0.3, "mouthFunnel": 0.3},
    "mouthRollLower": {"mouthUpperUp": -1.1, "mouthFunnel": -0.6, "mouthRollLower": 0.5, "mouthShrugUpper": -0.5,
        "mouthLowerDown": -0.4, "mouthPress": 0.4, "mouthPucker": -0.4, "mouthRollUpper": 0.4},
    "mouthRollUpper": {"mouthUpperUp": -1.1, "mouthFunnel": -0.6, "mouthRollLower": 0.5, "mouthShrugUpper": -0.5,
        "mouthLowerDown": -0.4, "mouthPress": 0.4, "mouthPucker": -0.4, "mouthRollUpper": 0.4},
    "mouthShrugLower": {"mouthShrugLower": 1.3, "mouthLowerDown": -0.8, "mouthShrugUpper": 0.8, "mouthFrown": 0.7,
        "mouthFunnel": -0.6, "jawForward": -0.5, "mouthUpperUp": 0.5, "jawOpen": -0.4, "jaw": -0.3, "mouthClose": -0.3,
        "mouthRollLower": 0.3},
    "mouthShrugUpper": {"mouthShrugLower": 0.5, "mouthFrown": 0.3, "mouthLowerDown": -0.3, "mouthShrugUpper": 0.3},
    "mouthSmile": {"mouthSmile": 4.7, "mouthUpperUp": 2.6, "mouthStretch": 1.4, "mouthLowerDown": 1.1, "cheekPuff": 1.0,
        "jawForward": 1.0, "mouthFrown": -1.0, "mouthRollUpper": 0.9, "mouthPress": 0.7, "browDown": 0.5,
        "browInnerUp": 0.5, "eyeBlink": 0.5, "mouthClose": -0.5, "mouthDimple": 0.5, "mouthRollLower": -0.5,
        "jawOpen": -0.4, "mouthFunnel": 0.4, "mouthShrugUpper": -0.4, "jaw": -0.3, "mouth": 0.3, "mouthPucker": -0.3},
    "mouthStretch": {"mouthFrown": 2.8, "mouthStretch": 2.4, "mouthDimple": -0.8, "mouthPucker": -0.8,
        "jawForward": 0.6, "mouthClose": -0.5, "mouth": -0.5, "jawOpen": -0.4, "mouthLowerDown": 0.4,
        "mouthRollLower": 0.4, "mouthUpperUp": 0.4, "browDown": 0.3, "browInnerUp": -0.3, "mouthFunnel": -0.3},
    "mouthUpperUp": {"mouthUpperUp": 2.8, "mouthShrugUpper": 1.0, "mouthLowerDown": 0.7, "mouthSmile": 0.7,
        "mouthFunnel": 0.6, "mouthClose": -0.5, "mouthRollLower": -0.5, "mouthRollUpper": -0.5, "mouthPress": -0.4,
        "cheekPuff": 0.3, "jawForward": 0.3, "mouthPucker": 0.3},
    "noseSneer": {"browInnerUp": -1.6, "browDown": 0.7, "browOuterUp": -0.4, "mouthSmile": 0.3},
}
# fmt: on
"""Action of both sides → score → rise of its logit when the rendered head fully shows the action. Ridge regression;
rises below 0.25 are left out. What smiling does was corrected by 14 photographs of smiles, halfway; what lids do is the
mean of what warps tell and of what MediaPipe scores rendered faces, of 250 people."""

NEUTRAL_LOGITS = {
    "browDown": (-2.7, 2.7),
    "browInnerUp": (-5.1, 2.6),
    "browOuterUp": (-3.9, 2.4),
    "cheekPuff": (-9.8, 0.9),
    "cheekSquint": (-11.5, 0.0),
    "eyeBlink": (-2.3, 0.9),
    "eyeSquint": (-0.2, 0.9),
    "eyeWide": (-5.0, 0.8),
    "jawForward": (-9.2, 1.2),
    "jaw": (-7.7, 1.1),
    "jawOpen": (-5.0, 1.8),
    "mouthClose": (-6.5, 1.8),
    "mouthDimple": (-4.5, 1.2),
    "mouthFrown": (-7.3, 2.2),
    "mouthFunnel": (-7.4, 2.1),
    "mouth": (-6.9, 1.3),
    "mouthLowerDown": (-7.6, 1.8),
    "mouthPress": (-2.3, 1.5),
    "mouthPucker": (-5.8, 2.7),
    "mouthRollLower": (-4.2, 2.4),
    "mouthRollUpper": (-4.5, 2.5),
    "mouthShrugLower": (-3.6, 2.5),
    "mouthShrugUpper": (-4.3, 1.1),
    "mouthSmile": (-2.9, 2.5),
    "mouthStretch": (-4.9, 1.5),
    "mouthUpperUp": (-7.3, 2.1),
    "noseSneer": (-11.4, 0.1),
}
"""Mean and deviation of the scores' logits over 17 photographs of neutral faces, both sides together. Those left out
say where somebody looks."""

NOISE = {
    "browDown": 0.9,
    "browInnerUp": 0.9,
    "browOuterUp": 0.7,
    "cheekPuff": 0.6,
    "cheekSquint": 0.1,
    "eyeBlink": 0.4,
    "eyeSquint": 0.4,
    "eyeWide": 0.5,
    "jawForward": 0.7,
    "jaw": 0.9,
    "jawOpen": 1.2,
    "mouthClose": 0.9,
    "mouthDimple": 0.9,
    "mouthFrown": 1.5,
    "mouthFunnel": 1.1,
    "mouth": 0.8,
    "mouthLowerDown": 1.3,
    "mouthPress": 0.9,
    "mouthPucker": 1.5,
    "mouthRollLower": 1.2,
    "mouthRollUpper": 1.2,
    "mouthShrugLower": 1.3,
    "mouthShrugUpper": 0.7,
    "mouthSmile": 1.7,
    "mouthStretch": 1.1,
    "mouthUpperUp": 1.7,
    "noseSneer": 0.1,
}
"""Deviation of what the rises leave unexplained of the logits."""


def neutral_logits() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and deviation of the logits of neutral photographs' scores, each ``(52,)``."""
    nothing = (float(logit(EDGE)), 0.0)
    pairs = [NEUTRAL_LOGITS.get(_split(name)[0], nothing) for name in BLENDSHAPES]
    mean, std = np.array(pairs, np.float32).T
    return mean, std


def noise() -> NDArray[np.float32]:
    """``(52,)``: deviation of the logits beside neutral face and blendshapes."""
    return np.array([NOISE.get(_split(name)[0], 0.0) for name in BLENDSHAPES], np.float32)


def logit_slopes() -> NDArray[np.float32]:
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
