"""The faces of a video joined over its frames, and their probabilities smoothed along the way.

A face goes on with the track whose last box it overlaps most, by intersection over union; the pairs that overlap most
are joined first. Nothing predicts where a face moves, so one that jumps by its own width, or is not found for longer
than `LONGEST_GAP`, begins a new track, and two people who pass in front of each other may swap theirs.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from geofer.app.recognition.recognized_face import RecognizedFace
from geofer.app.recognition.views import View
from geofer.ranges import check_range

LEAST_OVERLAP = 0.3
"""Intersection over union of two boxes that may be of one face."""

LONGEST_GAP = 1.0
"""Seconds for which a face may be missing."""


@dataclass
class Track:
    """One face over time.

    Attributes:
        name: ``frame-face`` of where it began: it is the same wherever a table is gone on with before that frame.
        box: ``(4,)`` where it was seen last.
        time: When that was, in seconds.
        weight: Sum of the weights of all that it showed.
        probabilities: Their weighted mean.
    """

    name: str
    box: NDArray[np.float32]
    time: float
    weight: float
    probabilities: dict[str, float]

    def see(self, face: RecognizedFace, time: float, smooth: float) -> RecognizedFace:
        """Takes up a face, and tells what the track shows with it."""
        kept = self.weight * math.exp(-(time - self.time) / smooth) if smooth > 0 else 0.0
        self.weight = kept + 1
        self.probabilities = {
            name: (kept * self.probabilities.get(name, 0.0) + share) / self.weight
            for name, share in face.probabilities.items()
        }
        self.box, self.time = face.box, time
        return replace(face, probabilities=dict(self.probabilities), track=self.name)


def tracked(
    found: Iterable[tuple[View, list[RecognizedFace]]], smooth: float = 0.0
) -> Iterator[tuple[View, list[RecognizedFace]]]:
    """Gives the faces of videos and cameras their tracks; pictures stay as they are.

    Args:
        found: What `Recognizer.each` gives, the frames of a video in order.
        smooth: τ in seconds. The probabilities of a face become the mean of those of its track so far, in which what
            was seen t seconds before weighs ``exp(-t / τ)``; 0 leaves them as they are.

    Raises:
        ConfigError: τ is below 0.
    """
    check_range("smooth", smooth, 0)
    tracks: list[Track] = []
    name = ""
    for view, faces in found:
        if view.frame is None:
            yield view, faces
            continue
        if view.name != name:
            tracks, name = [], view.name
        time = view.frame.time
        tracks = [track for track in tracks if 0 <= time - track.time <= LONGEST_GAP]
        joined = _join(tracks, faces)
        shown = []
        for number, face in enumerate(faces):
            track = joined.get(number)
            if track is None:
                track = Track(f"{view.frame.number}-{number}", face.box, time, 0.0, {})
                tracks.append(track)
            shown.append(track.see(face, time, smooth))
        yield view, shown


def _join(tracks: Sequence[Track], faces: Sequence[RecognizedFace]) -> Mapping[int, Track]:
    """Number of a face → the track that it goes on with."""
    pairs = [
        (overlap(track.box, face.box), place, number)
        for place, track in enumerate(tracks)
        for number, face in enumerate(faces)
    ]
    joined: dict[int, Track] = {}
    taken: set[int] = set()
    for share, place, number in sorted(pairs, key=lambda pair: -pair[0]):
        if share >= LEAST_OVERLAP and place not in taken and number not in joined:
            joined[number] = tracks[place]
            taken.add(place)
    return joined


def overlap(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Intersection over union of two boxes, left, top, right, bottom, in [0, 1]."""
    sides = np.minimum(first[2:], second[2:]) - np.maximum(first[:2], second[:2])
    shared = float(np.prod(np.maximum(sides, 0)))
    both = float(np.prod(first[2:] - first[:2]) + np.prod(second[2:] - second[:2]))
    return shared / (both - shared) if both > shared else 0.0
