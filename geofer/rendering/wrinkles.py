"""Which folds of the skin an expression throws, and how deep they are at an age."""

import numpy as np
from numpy.typing import NDArray

from geofer.rendering.expressions import HEAD_BLENDSHAPES

FOLDS: dict[str, dict[str, float]] = {
    "forehead": {"browOuterUp": 1.0},
    "inner forehead": {"browInnerUp": 1.0},
    "frown": {"browDown": 1.0, "noseSneer": 0.3},
    "nose": {"noseSneer": 1.0},
    "crow's feet": {"cheekSquint": 0.8, "eyeSquint": 0.3},
    "nasolabial": {"noseSneer": 0.8, "mouthUpperUp": 0.6, "mouthSmile": 0.6, "cheekSquint": 0.2},
    "lower lid": {"cheekSquint": 0.6, "eyeSquint": 0.6, "noseSneer": 0.3},
    "chin": {"mouthShrugLower": 1.0},
    "mouth's corners": {"mouthFrown": 1.0, "mouthDimple": 0.4, "mouthStretch": 0.4},
}
"""Fold → blendshapes, without their sides, that deepen it. `geofer.rendering.paint.relief` draws them in this order."""

_YOUNG, _OLD = 0.62, 0.3
"""Age at which skin is smoothest, and how much older it is when folds are deepest."""


def fold_strengths(blendshapes: NDArray[np.float32], age: float) -> NDArray[np.float32]:
    """Strengths of `FOLDS`.

    Args:
        blendshapes: ``(n, 52)``.
        age: 2/3 is a young adult, 1 is old; the old keep some folds at rest.

    Returns:
        ``(n, 9)``, about 0 to 1.
    """
    weights = np.zeros((len(HEAD_BLENDSHAPES), len(FOLDS)), np.float32)
    for fold, causes in enumerate(FOLDS.values()):
        for number, name in enumerate(HEAD_BLENDSHAPES):
            stem = name.removesuffix("Left").removesuffix("Right")
            weights[number, fold] = causes.get(stem, 0.0) / (1 if stem == name else 2)
    old = float(np.clip((age - _YOUNG) / _OLD, 0, 1))
    strengths = (0.65 + 0.35 * old) * blendshapes @ weights + 0.2 * old * old
    return np.minimum(strengths, 1.5).astype(np.float32)
