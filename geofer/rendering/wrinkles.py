"""Which folds of the skin an expression throws, and how deep they are at an age."""

import numpy as np
from numpy.typing import NDArray

from geofer.rendering.expressions import HEAD_BLENDSHAPES

_FOLDS = (
    {"browInnerUp": 0.5, "browOuterUpLeft": 0.35, "browOuterUpRight": 0.35},
    {"browDownLeft": 0.5, "browDownRight": 0.5},
    {"noseSneerLeft": 0.5, "noseSneerRight": 0.5},
    {"cheekSquintLeft": 0.4, "cheekSquintRight": 0.4, "eyeSquintLeft": 0.2, "eyeSquintRight": 0.2},
)
"""Forehead lines, frown lines between the brows, lines across the nose's root, crow's feet: what deepens each."""


def fold_strengths(blendshapes: NDArray[np.float32], age: float) -> NDArray[np.float32]:
    """Strengths of the four kinds of folds.

    Args:
        blendshapes: ``(n, 52)``.
        age: 2/3 is a young adult, 1 is old; the old keep some folds at rest.

    Returns:
        ``(n, 4)``, about 0 to 1.
    """
    weights = np.zeros((len(HEAD_BLENDSHAPES), len(_FOLDS)), np.float32)
    for fold, causes in enumerate(_FOLDS):
        for name, weight in causes.items():
            weights[HEAD_BLENDSHAPES.index(name), fold] = weight
    old = float(np.clip((age - 0.62) / 0.3, 0, 1))
    strengths = (0.35 + 0.45 * old) * blendshapes @ weights + 0.22 * old * old
    return strengths.astype(np.float32)
