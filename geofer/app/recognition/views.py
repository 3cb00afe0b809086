"""What a recognizer looks at, one after the other: pictures, and the frames of videos and cameras."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from geofer.errors import DataError
from geofer.pictures import read_picture
from geofer.videos import VideoFrame, read_camera, read_video


@dataclass(frozen=True, eq=False)
class View:
    """A picture or a frame, or what was wrong with it.

    Attributes:
        name: Of the file; of a camera, its number and when it began.
        pixels: ``(H, W, 3)`` uint8 RGB; None if there are none.
        frame: The frame that it is; None for a picture.
        error: Why there are no pixels. That of a video comes behind its last frame.
        modified: When the file was last changed, see `last_change`; None of what is no file.
    """

    name: str
    pixels: NDArray[np.uint8] | None = None
    frame: VideoFrame | None = None
    error: str | None = None
    modified: str | None = None


def picture_views(path: Path) -> Iterator[View]:
    """The only one of a picture, read when it is asked for."""
    modified = last_change(path)
    try:
        yield View(str(path), read_picture(path), modified=modified)
    except DataError as error:
        yield View(str(path), error=str(error), modified=modified)


def last_change(path: Path) -> str | None:
    """When a file was last changed, in UTC to a microsecond; None if it is not there."""
    try:
        seconds = path.stat().st_mtime_ns / 1e9
    except OSError:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")


def video_views(path: Path, every: float = 0.0, first: int = 0) -> Iterator[View]:
    """One a frame, as `geofer.videos.read_video` chooses and orders them, and one more if something was wrong."""
    modified = last_change(path)
    try:
        for frame in read_video(path, every=every, first=first):
            yield View(str(path), frame.pixels, frame, modified=modified)
    except DataError as error:
        yield View(str(path), error=str(error), modified=modified)


def camera_name(device: int | str) -> str:
    """What the views of a camera that begins now are called; it also does for a file."""
    return f"camera-{Path(str(device)).name}-{datetime.now():%Y%m%d-%H%M%S}"


def camera_views(device: int | str, every: float = 0.0, name: str = "camera") -> Iterator[View]:
    """One a frame.

    Raises:
        DataError: There is no such camera, or it stops.
    """
    for frame in read_camera(device, every=every):
        yield View(name, frame.pixels, frame)
