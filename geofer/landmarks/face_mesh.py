"""MediaPipe's face mesh of 478 vertices, and the 68 iBUG points on it."""

import numpy as np
from numpy.typing import NDArray

MESH_VERTICES = 478

MESH_LANDMARKS = (
    (162, 127, 0.5),
    (227, 111, 0.4),
    (123, 137, 0.4),
    (213, 132, 0.4),
    (138, 192, 0.2),
    (169, 136, 0.4),
    (149, 149, 0.0),
    (148, 176, 0.1),
    (152, 152, 0.0),
    (377, 400, 0.1),
    (378, 378, 0.0),
    (394, 365, 0.4),
    (367, 416, 0.2),
    (433, 361, 0.4),
    (352, 366, 0.4),
    (447, 340, 0.4),
    (389, 356, 0.5),
    (70, 46, 0.3),
    (105, 46, 0.1),
    (65, 105, 0.4),
    (65, 107, 0.3),
    (55, 107, 0.2),
    (285, 336, 0.2),
    (295, 336, 0.3),
    (295, 334, 0.4),
    (334, 276, 0.1),
    (300, 276, 0.3),
    (168, 168, 0.0),
    (197, 197, 0.0),
    (195, 4, 0.2),
    (4, 2, 0.4),
    (75, 98, 0.3),
    (97, 97, 0.0),
    (2, 164, 0.5),
    (326, 326, 0.0),
    (305, 327, 0.3),
    (33, 33, 0.0),
    (160, 157, 0.1),
    (159, 173, 0.3),
    (133, 158, 0.2),
    (145, 112, 0.2),
    (144, 144, 0.0),
    (362, 385, 0.2),
    (386, 398, 0.3),
    (387, 384, 0.1),
    (263, 263, 0.0),
    (373, 373, 0.0),
    (374, 341, 0.2),
    (61, 61, 0.0),
    (73, 40, 0.3),
    (37, 11, 0.3),
    (11, 11, 0.0),
    (267, 11, 0.3),
    (303, 270, 0.3),
    (291, 291, 0.0),
    (405, 404, 0.5),
    (314, 17, 0.2),
    (17, 17, 0.0),
    (84, 17, 0.2),
    (181, 180, 0.5),
    (96, 96, 0.0),
    (82, 82, 0.0),
    (13, 16, 0.1),
    (312, 312, 0.0),
    (325, 325, 0.0),
    (317, 317, 0.0),
    (14, 17, 0.1),
    (87, 87, 0.0),
)
"""Where each iBUG point lies: two vertices, and the share of the second in their blend.

No vertex is exactly an iBUG point. These are nearest on average to the true points of rendered people between yaw -30
and +30; ``tools/derive_mesh_landmarks.py`` found them, and docs/landmark-accuracy.md states what is left of the error.
"""

BLENDSHAPES = (
    "_neutral",
    *("browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight"),
    *("cheekPuff", "cheekSquintLeft", "cheekSquintRight"),
    *("eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight", "eyeLookInLeft", "eyeLookInRight"),
    *("eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight", "eyeSquintLeft", "eyeSquintRight"),
    *("eyeWideLeft", "eyeWideRight"),
    *("jawForward", "jawLeft", "jawOpen", "jawRight"),
    *("mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft"),
    *("mouthFrownRight", "mouthFunnel", "mouthLeft", "mouthLowerDownLeft"),
    *("mouthLowerDownRight", "mouthPressLeft", "mouthPressRight", "mouthPucker"),
    *("mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower"),
    *("mouthShrugUpper", "mouthSmileLeft", "mouthSmileRight", "mouthStretchLeft"),
    *("mouthStretchRight", "mouthUpperUpLeft", "mouthUpperUpRight"),
    *("noseSneerLeft", "noseSneerRight"),
)
"""Names of MediaPipe's 52 scores of blendshapes, in their order; the first says how little the face moves."""


def _other_side(name: str) -> str:
    for side, other in (("Left", "Right"), ("Right", "Left")):
        if name.endswith(side):
            return name.removesuffix(side) + other
    return name


MIRRORED_BLENDSHAPES = tuple(BLENDSHAPES.index(_other_side(name)) for name in BLENDSHAPES)
"""``scores[..., MIRRORED_BLENDSHAPES]`` are those of a picture that was flipped left to right."""

_FIRST, _SECOND, _SHARE = (np.array(column) for column in zip(*MESH_LANDMARKS, strict=True))


def mesh_to_landmarks(mesh: NDArray[np.float32]) -> NDArray[np.float32]:
    """The iBUG points of meshes.

    Args:
        mesh: ``(..., 478, 2)`` vertices, in any unit.

    Returns:
        ``(..., 68, 2)``, in the same unit.
    """
    share = _SHARE[:, None].astype(np.float32)
    return np.asarray((1 - share) * mesh[..., _FIRST, :] + share * mesh[..., _SECOND, :])
