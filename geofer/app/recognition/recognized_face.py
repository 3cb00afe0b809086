"""What a recognizer says of one face."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class RecognizedFace:
    """One face of a picture.

    Attributes:
        box: ``(4,)`` left, top, right, bottom in pixels.
        landmarks: ``(68, 2)`` iBUG points in pixels.
        yaw: Degrees; positive turns the nose to the picture's right. The yaw of `geofer.faces`.
        pitch: Degrees; positive looks up. The pitch of `geofer.faces`.
        roll: Degrees; positive leans the top of the head to the picture's right.
        probabilities: Of each expression, by its name; they sum to 1.
        reliability: Share of faces at such a pose that the recognizer got right when it was tested; None where it
            never was.
        warning: Why the result may be worthless: a head pose that was not tested, too few pixels, or landmarks that
            were estimated.
        track: In a video, which face it goes on with, see `geofer.app.recognition.tracks`; None of a picture.
    """

    box: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    yaw: float
    pitch: float
    roll: float
    probabilities: Mapping[str, float]
    reliability: float | None
    warning: str | None = None
    track: str | None = None

    @property
    def expression(self) -> str:
        """The most probable one."""
        return max(self.probabilities, key=self.probabilities.__getitem__)

    def to_dict(self) -> dict[str, Any]:
        """The face as plain data, which `json.dumps` takes.

        Returns:
            ``expression``; ``probabilities``; ``box``, four numbers; ``landmarks``, 68 times two; ``yaw``, ``pitch``
            and ``roll`` in degrees, None if unknown; ``reliability``; ``warning``; ``track``.
        """
        return {
            "expression": self.expression,
            "probabilities": {name: float(share) for name, share in self.probabilities.items()},
            "box": np.asarray(self.box, np.float64).round(3).tolist(),
            "landmarks": np.asarray(self.landmarks, np.float64).round(3).tolist(),
            **{name: _known(getattr(self, name)) for name in ("yaw", "pitch", "roll")},
            "reliability": None if self.reliability is None else float(self.reliability),
            "warning": self.warning,
            "track": self.track,
        }


def _known(angle: float) -> float | None:
    return None if np.isnan(angle) else float(angle)
