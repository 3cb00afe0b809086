"""From records to faces: read the picture, find its faces, choose one, and crop it.

**Several faces in one picture**: where the data set gives a box or landmarks, it is the face that overlaps them most
(by intersection over union, and at least a little); else the largest one. A box also says where to look: in it and a
margin around it first, and in the whole picture only if there is no face.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import isnan

import numpy as np
from numpy.typing import NDArray

from geofer.datamodules.preparation.config import Preparation
from geofer.datamodules.preparation.index import FoundFace
from geofer.datamodules.preparation.records import FaceRecord, Picture, PictureReader
from geofer.errors import DataError, printable
from geofer.landmarks import Faces, LandmarkDetector, build_detector, head_pose
from geofer.landmarks.alignment import alignment_for
from geofer.pictures import picture_digest

BATCH = 16
"""Pictures that one process holds at a time."""

WITHOUT_DETECTOR = "none"

MARGIN = 0.5
"""How much of its larger side a labeled box is enlarged by on each side before the detector looks there."""


@dataclass(frozen=True)
class CroppedFace:
    """A face, ready to be kept.

    Attributes:
        found: Its row in the index.
        crop: ``(S, S, 3)`` uint8 RGB.
        landmarks: ``(68, 2)`` float32 in pixels of the crop.
        blendshapes: ``(52,)`` float32 blendshapes; None if the detector does not tell.
    """

    found: FoundFace
    crop: NDArray[np.uint8]
    landmarks: NDArray[np.float32]
    blendshapes: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class Skipped:
    """A picture without a usable face.

    Attributes:
        file: The name of its record.
        reason: What was wrong.
    """

    file: str
    reason: str


def find_faces(
    records: Sequence[FaceRecord], first_slot: int, reader: PictureReader, preparation: Preparation, image_size: int
) -> tuple[list[CroppedFace], list[Skipped]]:
    """Finds and crops the face of each record.

    Args:
        records: What the data set says about each picture.
        first_slot: Number of the first of them.
        reader: How the pictures are read.
        preparation: How faces are found and cropped.
        image_size: Side of the crops in pixels.

    Returns:
        The faces and what had none, both in the order of ``records``.

    Raises:
        DataError: A picture has no usable face, and ``preparation.on_error`` is ``raise``; it names the file.
        GeoferError: The detector cannot be built.
    """
    faces, skipped = [], []
    for start in range(0, len(records), BATCH):
        part = records[start : start + BATCH]
        pictures = reader(part)
        found = _detect(part, pictures, preparation)
        for place, (record, picture, candidates) in enumerate(zip(part, pictures, found, strict=True)):
            try:
                if isinstance(picture, DataError):
                    raise picture
                faces.append(_crop(record, first_slot + start + place, picture, candidates, preparation, image_size))
            except DataError as error:
                if preparation.on_error == "raise":
                    raise DataError(f"{printable(record.name)}: {error}") from error
                skipped.append(Skipped(record.name, str(error)))
    return faces, skipped


def detector_of(preparation: Preparation) -> LandmarkDetector:
    """The detector that a preparation names, built once a process."""
    return _detector(preparation.detector, json.dumps(preparation.detector_options, sort_keys=True))


@cache
def _detector(name: str, options: str) -> LandmarkDetector:
    return build_detector(name, **json.loads(options))


def _detect(
    records: Sequence[FaceRecord], pictures: Sequence[Picture | DataError], preparation: Preparation
) -> list[Faces | DataError]:
    """The faces of each picture; none where it could not be read. Landmarks that reading brought along stand."""
    found: list[Faces | DataError] = [Faces.none() for _ in pictures]
    unknown = []
    for place, picture in enumerate(pictures):
        if isinstance(picture, Picture):
            if picture.landmarks is not None or preparation.detector == WITHOUT_DETECTOR:
                known = _landmarks(records[place], picture)
                whole = known is None and preparation.crop == "none"
                found[place] = whole_picture(picture.pixels) if whole else _labeled_face(records[place], known)
            else:
                unknown.append(place)
    if not unknown:
        return found
    detector = detector_of(preparation)
    guided = not getattr(detector, "looks_up_names", False)

    def look(places: list[int]) -> list[Faces]:
        """What the detector sees where labels say, and in whole pictures where that is nothing."""
        images = {place: picture.pixels for place in places if isinstance(picture := pictures[place], Picture)}
        seen: dict[int, Faces] = {}
        boxes = {place: box for place in places if guided and (box := records[place].box) is not None}
        if boxes:
            corners = {place: _around_label(box, images[place].shape) for place, box in boxes.items()}
            parts = [images[place][top:bottom, left:right] for place, (left, top, right, bottom) in corners.items()]
            for place, faces in zip(boxes, detector.detect(parts), strict=True):
                if len(faces):
                    seen[place] = faces.shifted(corners[place][:2])
        rest = [place for place in places if place not in seen]
        if rest:
            whole = detector.detect([images[place] for place in rest], [records[place].name for place in rest])
            seen |= dict(zip(rest, whole, strict=True))
        return [seen[place] for place in places]

    def detect(places: list[int]) -> None:
        """All at once; if that fails, one by one, so that a picture the detector chokes on spoils no other."""
        try:
            answers = look(places)
        except Exception as error:
            if len(places) == 1:
                found[places[0]] = DataError(f"The detector {preparation.detector} failed: {error}")
                return
            for place in places:
                detect([place])
            return
        for place, answer in zip(places, answers, strict=True):
            found[place] = answer

    detect(unknown)
    return found


def _around_label(box: tuple[float, float, float, float], shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """The part of a picture to look for a labeled face in, left, top, right, bottom; all of it if that is outside."""
    margin = MARGIN * max(box[2] - box[0], box[3] - box[1])
    low = [max(0, int(side - margin)) for side in box[:2]]
    high = [min(limit, int(np.ceil(side + margin)) + 1) for side, limit in zip(box[2:], shape[1::-1], strict=True)]
    if not (low[0] < high[0] and low[1] < high[1]):
        return 0, 0, shape[1], shape[0]
    return low[0], low[1], high[0], high[1]


def _crop(
    record: FaceRecord,
    slot: int,
    picture: Picture,
    candidates: Faces | DataError,
    preparation: Preparation,
    image_size: int,
) -> CroppedFace:
    if isinstance(candidates, DataError):
        raise candidates
    face = choose_face(candidates, record.box, _landmarks(record, picture))
    box, landmarks = candidates.boxes[face], candidates.landmarks[face]
    unknown = preparation.detector == WITHOUT_DETECTOR and preparation.crop == "none" and np.isnan(landmarks).all()
    if not unknown and not np.isfinite(landmarks).all():
        raise DataError("Landmarks are NaN or infinite.")
    alignment = alignment_for(preparation.crop, box, landmarks, picture.pixels.shape[:2], image_size)
    pose = candidates.poses[face]
    yaw, pitch, roll = np.where(np.isnan(pose), head_pose(landmarks), pose).tolist()
    return CroppedFace(
        found=FoundFace(
            record=replace(
                record,
                yaw=yaw if isnan(record.yaw) else record.yaw,
                pitch=pitch if isnan(record.pitch) else record.pitch,
            ),
            slot=slot,
            roll=roll,
            box=tuple(box.tolist()),
            score=float(candidates.scores[face]),
            digest=picture_digest(picture.pixels),
            alignment=alignment.matrix,
            landmarks=landmarks,
        ),
        crop=alignment.apply(picture.pixels),
        landmarks=alignment.to_crop(landmarks).astype(np.float32),
        blendshapes=candidates.blendshapes[face] if candidates.blendshapes is not None else None,
    )


def choose_face(
    faces: Faces, box: tuple[float, float, float, float] | None, landmarks: NDArray[np.float32] | None
) -> int:
    """Which of the faces that were found in a picture is the one that the data set means.

    Args:
        faces: What the detector found.
        box: The labeled face, left, top, right, bottom in pixels; None if there is none.
        landmarks: ``(68, 2)`` of the labeled face in pixels; they count where there is no box.

    Returns:
        Its number in ``faces``.

    Raises:
        DataError: There is no face, or none where the label says.
    """
    if len(faces) == 0:
        raise DataError("No face was found.")
    boxes = faces.boxes.astype(np.float64)
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    if box is None and landmarks is not None:
        box = tuple(_around(landmarks).tolist())
    if box is None:
        return int(areas.argmax())
    label = np.asarray(box, np.float64)
    sides = np.minimum(boxes[:, 2:], label[2:]) - np.maximum(boxes[:, :2], label[:2])
    common = np.prod(sides.clip(min=0), axis=1)
    if not common.any():
        raise DataError(f"{len(faces)} face(s) were found, but none where the data set's label says.")
    return int((common / (areas + np.prod(label[2:] - label[:2]) - common)).argmax())


def _landmarks(record: FaceRecord, picture: Picture | DataError) -> NDArray[np.float32] | None:
    """What the record or the reading of its picture says."""
    return picture.landmarks if isinstance(picture, Picture) and picture.landmarks is not None else record.landmarks


def _around(landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.concatenate((landmarks.min(axis=0), landmarks.max(axis=0)))


def whole_picture(pixels: NDArray[np.uint8]) -> Faces:
    """A face that fills its picture, and of whose landmarks and pose nothing is known: they are NaN."""
    height, width = pixels.shape[:2]
    return Faces.from_landmarks(np.full((1, 68, 2), np.nan), boxes=[(-0.5, -0.5, width - 0.5, height - 0.5)])


def _labeled_face(record: FaceRecord, landmarks: NDArray[np.float32] | None) -> Faces | DataError:
    """What the data set says, as if a detector had found it."""
    if landmarks is None:
        return DataError(
            "The data set gives no landmarks for it; choose a detector, or crop: none if its pictures are crops."
        )
    if landmarks.shape != (68, 2):
        return DataError(f"The data set gives {len(landmarks)} landmarks, not the 68 of iBUG.")
    box = record.box if record.box is not None else _around(landmarks)
    return Faces.from_landmarks(landmarks[None], boxes=np.asarray(box)[None])
