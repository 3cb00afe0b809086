"""Faces of any size, pose and lean: RetinaFace sees them, and MediaPipe's mesh confirms which way up they are.

**Looking.** A glance at the whole picture, 128 pixels wide, shows large faces. The picture is looked at again, 640
pixels wide, and then as large as its smallest faces need, in tiles, until a look shows one large face alone; in
pictures of more than 640 pixels a glance is not enough to say so. Where nothing was found, the picture is looked at
with a border, and turned by quarter turns.

**Confirming.** RetinaFace also sees faces in upside-down ones, and puts the eyes where the mouth is. Each face's points
are therefore found a second time, by MediaPipe's mesh, and must agree with RetinaFace's. A face whose points do not is
looked at by itself, in four turns. The turn in which they agree counts, else the one in which RetinaFace is surest, if
it is sure of it there, too; else the face stays as it was first seen, as profiles without any margin do. Of faces of
which not both networks are sure, geofer's own must tell the points clearly.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from geofer.errors import ConfigError
from geofer.landmarks.alignment import Alignment
from geofer.landmarks.face_mesh_model import SIDE, FaceMeshModel
from geofer.landmarks.landmark_network import look_at
from geofer.landmarks.retinaface import RetinaFace
from geofer.landmarks.sightings import Sighting, lean_of, square_around

GLANCE = 128
"""Side of the first look's picture, in pixels."""

MIDDLE = 640
"""Longer side of the second look's picture."""

SMALL = 50.0
"""Pixels that a face must be high in the look that is to find it; of 40 one in five is missed."""

BIG = 300.0
"""Pixels above which a face in the second and third look does not count: an earlier look must see it. RetinaFace takes
many large animals for faces."""

TILE, TILE_OVERLAP = 1024, 320
"""Most pixels a side that are looked at at once, which bounds the memory, and how far such parts overlap."""

BORDER = 1.6
"""Side of the look at a tight crop over that of its picture."""

AROUND = 1.2
"""Side of the look at one face over the size of its box. Profiles are seen surely where they fill the look."""

LARGE = 0.35
"""A face as large as this share of the picture's smaller side is a portrait."""

POSSIBLE = 0.5
"""Least score of a box that the mesh is asked about."""

PRESENT = 0.5
"""How sure the network of the mesh must be that it sees a face."""

AGREEMENT = 0.06
"""Mean distance between RetinaFace's five points and the mesh's, over the box's size, up to which they agree. Over
FairFace, 88 % of upright faces are below it, and 1 % of those that lie or hang and were taken for upright."""

CLEAR_FIRST, CLEAR_ALONE, CLEAR_TWICE = 0.07, 0.05, 0.1
"""Most standard deviation of geofer's own points, their median over the face's size, in a face that not both RetinaFace
and the mesh are sure of: if RetinaFace is sure of it in the whole picture only, by itself only, or in both; or if the
mesh confirms it. In photographs of FairFace whose face the mesh does not confirm, 95 % are below the first, 77 % below
the second, and 98 % below the third."""

MESH_MARGIN = 1.46
"""Side of the mesh's crop over the larger side of RetinaFace's box. It is then 1.5 times as large as the mesh, as the
network expects."""

ASKEW = 15.0
"""Degrees by which the mesh may lean in its crop before it is fitted again."""

SAME = 0.4
"""Two faces whose middles are nearer than this share of the larger one's size are one."""

FIVE_OF_MESH = ((33, 133), (263, 362), (4,), (61,), (291,))
"""Vertices whose means are RetinaFace's five points."""


@dataclass(frozen=True)
class FoundFace:
    """A sighting and what the mesh says of it.

    Attributes:
        seen: The sighting.
        mesh: ``(478, 3)``, x and y in pixels of the mesh's crop, where the face is upright, and depth in the same unit.
        place: From the picture to that crop.
        presence: How sure the network of the mesh is, in [0, 1].
        distance: Between the sighting's points and the mesh's, over the face's size.
    """

    seen: Sighting
    mesh: NDArray[np.float64]
    place: Alignment
    presence: float
    distance: float

    @property
    def confirmed(self) -> bool:
        """Whether both see the same face in the same way up."""
        return self.presence >= PRESENT and self.distance <= AGREEMENT


class FaceFinder:
    """Finds faces with RetinaFace and fits MediaPipe's mesh to each.

    Args:
        mesh: The networks of the mesh.
        smallest: Height in pixels of the smallest faces to look for. Twice as much takes a quarter of the time in large
            pictures.
        min_confidence: RetinaFace's least score of a face that the mesh does not confirm, in [0, 1].

    Raises:
        DataError: RetinaFace's model is another one.
        ConfigError: A number is out of its range.
    """

    def __init__(self, mesh: FaceMeshModel, smallest: float, min_confidence: float) -> None:
        if not smallest >= 1 or not POSSIBLE <= min_confidence <= 1:
            raise ConfigError(
                f"retinaface, geofer: smallest is {smallest} and min_confidence is {min_confidence}; choose 1 pixel or "
                f"more, and a number from {POSSIBLE} to 1."
            )
        self._smallest, self._sure, self._mesh = smallest, min_confidence, mesh
        self._boxes = RetinaFace()

    def find(self, image: NDArray[np.uint8]) -> list[FoundFace]:
        """Each face of a picture once, confirmed or sure.

        Args:
            image: ``(H, W, 3)`` uint8 RGB; H and W are 1 or more.
        """
        height, width = image.shape[:2]
        found: list[FoundFace] = []
        for number, look in enumerate(self._looks(image)):
            found = self._merged(image, found, look)
            large = [fit.seen.size >= LARGE * min(height, width) for fit in found if self._counts(fit)]
            if large == [True] and (number > 0 or max(height, width) <= MIDDLE):
                break
        if not any(self._counts(fit) for fit in found):
            for look in self._second_looks(image):
                found = self._merged(image, found, look)
        return [fit for fit in (self._upright(image, fit) for fit in found) if fit is not None]

    def _looks(self, image: NDArray[np.uint8]) -> Iterator[list[Sighting]]:
        """From the quickest look to the closest."""
        longest = max(image.shape[:2])
        closest = SMALL / self._smallest * longest
        yield self._glance(image, _whole(image))
        if closest > GLANCE:
            yield self._scan(image, min(MIDDLE, closest) / longest)
        if closest > MIDDLE:
            yield self._scan(image, closest / longest)

    def _second_looks(self, image: NDArray[np.uint8]) -> Iterator[list[Sighting]]:
        """Where nothing was found: with a border, and in the other three ways up."""
        yield self._glance(image, _whole(image, BORDER))
        for quarter in (1, 2, 3):
            yield self._glance(image, _whole(image, 1.0, quarter))

    def _glance(self, image: NDArray[np.uint8], place: Alignment) -> list[Sighting]:
        """What one square part of a picture shows."""
        seen = self._boxes.find(place.apply(image), POSSIBLE)
        scale = 1 / np.sqrt(np.linalg.det(place.matrix[:, :2]))
        middles = place.to_picture((seen.boxes[:, :2] + seen.boxes[:, 2:]) / 2)
        sizes = scale * (seen.boxes[:, 2:] - seen.boxes[:, :2]).max(axis=1, initial=0)
        rows = zip(middles, sizes.tolist(), seen.scores.tolist(), place.to_picture(seen.points), strict=True)
        return [Sighting(*row) for row in rows]

    def _scan(self, image: NDArray[np.uint8], scale: float) -> list[Sighting]:
        """What a picture shows at another scale, tile by tile."""
        import cv2

        size = [max(1, round(scale * side)) for side in image.shape[1::-1]]
        smooth = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        scaled = np.asarray(cv2.resize(image, size, interpolation=smooth), np.uint8)
        zoom = np.array(size) / image.shape[1::-1]
        found = []
        for top, left in ((y, x) for y in _starts(size[1]) for x in _starts(size[0])):
            part = scaled[top : top + TILE, left : left + TILE]
            rest = [(0, -side % 32) for side in part.shape[:2]]
            seen = self._boxes.find(np.pad(part, (*rest, (0, 0)), mode="edge"), POSSIBLE)
            corners, points = (
                np.add(places, (left + 0.5, top + 0.5)) / zoom - 0.5
                for places in (seen.boxes.reshape(-1, 2, 2), seen.points)
            )
            sizes = np.ptp(corners, axis=1).max(axis=1, initial=0)
            rows = zip(corners.mean(axis=1), sizes.tolist(), seen.scores.tolist(), points, strict=True)
            found += [Sighting(*row) for row in rows if scale * row[1] <= BIG]
        return found

    def _merged(self, image: NDArray[np.uint8], found: list[FoundFace], look: list[Sighting]) -> list[FoundFace]:
        """Each face once: of two sightings of one, the larger, and of two of about the same size, the surer."""
        known = {id(fit.seen): fit for fit in found}
        together = [fit.seen for fit in found] + look
        kept: list[Sighting] = []
        for seen in sorted(together, key=lambda seen: (-round(np.log(seen.size) / np.log(1.5)), -seen.score)):
            if all(np.linalg.norm(seen.middle - other.middle) >= SAME * max(seen.size, other.size) for other in kept):
                kept.append(seen)
        return [known[id(seen)] if id(seen) in known else self._fitted(image, seen) for seen in kept]

    def _counts(self, fit: FoundFace) -> bool:
        return fit.confirmed or fit.seen.score >= self._sure

    def _fitted(self, image: NDArray[np.uint8], seen: Sighting) -> FoundFace:
        return self._fitted_at(
            image, seen, square_around(seen.middle, MESH_MARGIN * seen.size, lean_of(seen.points), SIDE)
        )

    def _fitted_at(self, image: NDArray[np.uint8], seen: Sighting, place: Alignment) -> FoundFace:
        mesh, presence = self._mesh.fit(image, place)
        away = place.to_picture(five_points_of_mesh(mesh)) - seen.points
        return FoundFace(seen, mesh, place, presence, float(np.linalg.norm(away, axis=1).mean() / seen.size))

    def _upright(self, image: NDArray[np.uint8], first: FoundFace) -> FoundFace | None:
        """The same face in the right way up, if it is seen surely and clearly enough."""
        fit = first
        if not first.confirmed:
            ways = [way for quarter in range(4) for way in self._seen_alone(image, first.seen, quarter)]
            fit = min(filter(self._counts, ways), key=_doubt, default=first)
        if not self._clear(image, first, fit):
            return None
        askew = np.degrees(lean_of(five_points_of_mesh(fit.mesh)))
        if fit.presence >= PRESENT and abs(askew) > ASKEW:
            points = fit.place.to_picture(five_points_of_mesh(fit.mesh))
            again = self._fitted(image, replace(fit.seen, points=points))
            fit = again if again.presence >= PRESENT else fit
        return fit

    def _clear(self, image: NDArray[np.uint8], first: FoundFace, fit: FoundFace) -> bool:
        """Whether geofer's own network tells the points as clearly as it must where the others are not sure."""
        if fit.confirmed and fit.seen.score >= self._sure:
            return True
        alone = fit is not first
        if fit.confirmed or (alone and self._counts(first)):
            limit = CLEAR_TWICE
        elif alone:
            limit = CLEAR_ALONE
        else:
            limit = CLEAR_FIRST if self._counts(first) else 0.0
        return _unsureness(image, fit.seen) <= limit

    def _seen_alone(self, image: NDArray[np.uint8], seen: Sighting, quarter: int) -> list[FoundFace]:
        """The face of a sighting, looked at by itself and turned, if it is still seen."""
        place = square_around(seen.middle, AROUND * seen.size, quarter * np.pi / 2, GLANCE)
        near = [
            again
            for again in self._glance(image, place)
            if np.linalg.norm(again.middle - seen.middle) < SAME * seen.size
        ]
        return [self._fitted(image, again) for again in sorted(near, key=lambda again: -again.score)[:1]]


def _doubt(way: FoundFace) -> tuple[bool, float]:
    """Less for the likelier way up."""
    return not way.confirmed, way.distance if way.confirmed else -way.seen.score


def _unsureness(image: NDArray[np.uint8], seen: Sighting) -> float:
    """Standard deviation of geofer's own points of a face, their median over the face's size."""
    return float(np.median(look_at(image, [seen]).landmark_std)) / seen.size


def _whole(image: NDArray[np.uint8], margin: float = 1.0, quarter: int = 0) -> Alignment:
    height, width = image.shape[:2]
    middle = np.array((width - 1, height - 1)) / 2
    return square_around(middle, margin * max(height, width), quarter * np.pi / 2, GLANCE)


def five_points_of_mesh(mesh: NDArray[np.float64]) -> NDArray[np.float64]:
    """RetinaFace's five points on a mesh, ``(478, 3)`` to ``(5, 2)``."""
    return np.stack([mesh[list(vertices), :2].mean(axis=0) for vertices in FIVE_OF_MESH])


def _starts(side: int) -> list[int]:
    """Where tiles of a side begin, as far apart as they may be."""
    count = 1 + max(0, -(-(side - TILE) // (TILE - TILE_OVERLAP)))
    return [round(place) for place in np.linspace(0, max(0, side - TILE), count)]
