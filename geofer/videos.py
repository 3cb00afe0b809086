"""The one reader of videos and cameras: frame by frame, upright, each with its time.

Videos are decoded by PyAV, since it tells the true time of each frame, which codec is missing, and whether a frame
is damaged or the file ends too early; the reader in OpenCV, which geofer has anyway, just stops there. OpenCV does
read the cameras: they have numbers there, on every system. Only formats that hold their pictures themselves are tried
(a playlist would open other files).

Frames become what `geofer.pictures` makes of pictures, and are turned upright and widened as the file says (cameras
held upright, oblong pixels).
"""

import math
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from geofer.errors import ConfigError, DataError, printable
from geofer.paths import AnyPath, as_path
from geofer.pictures import MAX_PIXELS, is_animation, to_rgb

if TYPE_CHECKING:
    from av import VideoFrame as DecodedFrame
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

SUFFIXES = (
    *(".3gp", ".avi", ".flv", ".gif", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4"),
    *(".mpeg", ".mpg", ".mts", ".ogv", ".ts", ".webm", ".wmv"),
)
"""How files of videos end; a ``.gif`` is one if it moves."""

FORMATS = ("asf", "avi", "flv", "gif", "matroska", "mov", "mpeg", "mpegts", "ogg")
"""What is read, by FFmpeg's names; the content decides, not the file name."""

EARLY = 0.5
"""Seconds that a video may end before its file says so; nobody counts the last frame in the same way."""


@dataclass(frozen=True, eq=False)
class VideoFrame:
    """One frame.

    Attributes:
        number: How many frames came before it.
        time: Seconds since the video began.
        pixels: ``(H, W, 3)`` uint8 RGB, upright.
        duration: Seconds that the whole video lasts, as its file says; None if nothing says so.
    """

    number: int
    time: float
    pixels: NDArray[np.uint8]
    duration: float | None = None


def is_video(path: AnyPath) -> bool:
    """Whether a file is to be read as a video, by its name; of a GIF, whether it moves."""
    path = as_path(path)
    suffix = path.suffix.lower()
    return suffix in SUFFIXES and (suffix != ".gif" or is_animation(path))


def read_video(
    path: AnyPath, *, every: float = 0.0, first: int = 0, max_pixels: int = MAX_PIXELS
) -> Iterator[VideoFrame]:
    """The frames of a video, in the order in which they are shown.

    What is damaged is left out, and told when the video is through.

    Args:
        path: The file.
        every: Seconds; only the first frame of each such span is given. 0 gives all.
        first: Number of the first frame wanted.
        max_pixels: Videos with larger frames are refused before they are decoded.

    Raises:
        DataError: The file is missing, no video, of a codec that is not there, or too large; or, after the last frame,
            it is damaged or cut off.
        ConfigError: PyAV is not installed.
    """
    av = import_av()
    path = as_path(path)
    name = printable(path)
    if not path.is_file():
        raise DataError(f"{name} is not a regular file." if path.exists() else f"{name} does not exist.")
    options = {"format_whitelist": ",".join(FORMATS), "protocol_whitelist": "file"}
    try:
        with av.open(os.path.abspath(path), options=options, metadata_errors="replace") as container:
            yield from _frames(container, path, _Sampler(every), first, max_pixels)
    except av.error.FFmpegError as error:
        raise DataError(f"{name} is damaged, was cut off, or is no video: {error.strerror}.") from error


def import_av() -> Any:  # noqa: ANN401 - it is a module
    """PyAV, which is optional.

    Raises:
        ConfigError: It is not installed.
    """
    try:
        import av
    except ImportError as error:
        raise ConfigError("Videos are read by PyAV, which is not installed: pip install 'geofer[video]'.") from error
    return av


class _Sampler:
    """Chooses the first frame of each span of time."""

    def __init__(self, every: float) -> None:
        if not (every >= 0 and math.isfinite(every)):
            raise ConfigError(f"A frame every {every:g} seconds cannot be; give a positive number, or 0 for all.")
        self._every, self._span = every, -1

    def takes(self, seconds: float) -> bool:
        """Whether the frame at this time is wanted; times ascend."""
        if not self._every:
            return True
        span = math.floor(seconds / self._every + 1e-6)
        new, self._span = span > self._span, max(span, self._span)
        return new


@dataclass
class _Progress:
    """How far a video was read.

    Attributes:
        end: Seconds at which the last packet of any stream ends.
        damaged: Seconds at which something could not be decoded, one entry each.
    """

    end: float = 0.0
    damaged: list[float] = field(default_factory=list)


def _frames(
    container: "InputContainer", path: Path, sampler: _Sampler, first: int, max_pixels: int
) -> Iterator[VideoFrame]:
    stream = _moving_pictures(container, printable(path), max_pixels)
    width = _shown_width(stream)
    start, duration = _seconds(container.start_time), _seconds(container.duration) or None
    read = _Progress()
    number = -1
    for number, frame in enumerate(_decoded(container, stream, start, read)):
        time = number / float(stream.average_rate or 1) if frame.time is None else max(frame.time - start, 0.0)
        if sampler.takes(time) and number >= first:
            _check_size(width, frame.height, max_pixels, printable(path))  # it may differ from the first
            yield VideoFrame(number, time, _upright(frame, width), duration)
    _check_whole(container, stream, path, read, number + 1)


def _seconds(units: int | None) -> float:
    """From the unit of a container."""
    return (units or 0) / 1_000_000


def _moving_pictures(container: "InputContainer", name: str, max_pixels: int) -> "VideoStream":
    """The stream to decode, ready for it."""
    from av.stream import Disposition
    from av.video.stream import VideoStream

    stream = container.streams.best("video")
    if not isinstance(stream, VideoStream) or stream.disposition & Disposition.attached_pic:
        raise DataError(f"{name} holds no moving pictures.")
    decoder = stream.codec_context
    if decoder is None:
        raise DataError(
            f"{name} is of a codec that this FFmpeg does not know; make another file of it, such as by "
            "`ffmpeg -i FILE -c:v libx264 new.mp4`."
        )
    _check_size(_shown_width(stream), decoder.height, max_pixels, name)
    decoder.options = {"max_pixels": str(2 * max_pixels)}  # a later frame may be larger; decoders round sizes up
    decoder.thread_count = 1  # several lose other frames of a damaged file each time; faces take longer than decoding
    return stream


def _shown_width(stream: "VideoStream") -> int:
    """Of the frames, once their pixels are square."""
    return max(1, round(stream.codec_context.width * (stream.sample_aspect_ratio or Fraction(1))))


def _check_size(width: int, height: int, max_pixels: int, name: str) -> None:
    if width * height > max_pixels:
        raise DataError(f"{name} has frames of {width} × {height} pixels; at most {max_pixels} are read.")


def _decoded(
    container: "InputContainer", stream: "VideoStream", start: float, read: _Progress
) -> Iterator["DecodedFrame"]:
    """The frames that are whole; what else there is goes into ``read``."""
    from av.error import FFmpegError

    try:
        for packet in container.demux():  # of all streams, since the longest of them makes the duration
            if packet.pts is not None and packet.time_base is not None:
                read.end = max(read.end, float((packet.pts + (packet.duration or 0)) * packet.time_base) - start)
            if packet.stream is stream:
                yield from _whole_frames(stream, packet, read)
    except FFmpegError:
        read.damaged.append(read.end)


def _whole_frames(stream: "VideoStream", packet: "Packet[Any]", read: _Progress) -> Iterator["DecodedFrame"]:
    from av.error import FFmpegError

    if packet.is_corrupt:  # as the last one of a truncated file, which may decode all the same
        read.damaged.append(read.end)
    try:
        frames = stream.decode(packet)
    except FFmpegError:
        if not packet.is_corrupt:
            read.damaged.append(read.end)
        return
    for frame in frames:
        if frame.is_corrupt:
            read.damaged.append(read.end)
        else:
            yield frame


def _upright(frame: "DecodedFrame", width: int) -> NDArray[np.uint8]:
    if any(component.is_alpha for component in frame.format.components):
        pixels = np.array(to_rgb(Image.fromarray(frame.to_ndarray(format="rgba", width=width))))
    else:
        pixels = frame.to_ndarray(format="rgb24", width=width)
    return np.ascontiguousarray(np.rot90(pixels, round(frame.rotation / 90)))


def _check_whole(container: "InputContainer", stream: "VideoStream", path: Path, read: _Progress, frames: int) -> None:
    """Raises DataError if something of the video is missing."""
    name = printable(path)
    rate = float(stream.average_rate or 1)
    promised = _seconds(container.duration)
    if container.format.name == "avi":  # there FFmpeg measures the duration at the end of the file
        promised = max(promised, stream.frames / rate)
    if read.end < promised - max(EARLY, 2.5 / rate):
        raise DataError(f"{name} was cut off: it ends after {read.end:.1f} of {promised:.1f} seconds.")
    if container.format.name == "gif" and not _ends_as_gif(path):
        raise DataError(f"{name} was cut off: it ends after {read.end:.1f} seconds.")
    if read.damaged:
        count, first = len(read.damaged), read.damaged[0]
        raise DataError(
            f"{name} is damaged: {count} of its parts cannot be decoded, the first after {first:.1f} seconds."
        )
    if not frames:
        raise DataError(f"{name} holds no frames.")


def _ends_as_gif(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-min(path.stat().st_size, 64), os.SEEK_END)
        return file.read().rstrip(b"\0").endswith(b";")


def read_camera(device: int | str, *, every: float = 0.0) -> Iterator[VideoFrame]:
    """What a camera sees, until the caller has enough; frames that come while the caller is busy may be lost.

    Args:
        device: Number of the camera, 0 for the first; or the path of one, such as ``/dev/video0``.
        every: Seconds between frames, at least.

    Raises:
        DataError: There is no such camera, or it stops.
    """
    import cv2

    sampler = _Sampler(every)
    level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # a missing camera fills the terminal
    camera = cv2.VideoCapture(device)
    cv2.utils.logging.setLogLevel(level)
    try:
        if not camera.isOpened():
            raise DataError(f"There is no camera {device}, or another program uses it, or it may not be used.")
        camera.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # what is shown shall be of now
        start, number = time.monotonic(), 0
        while True:
            seen, picture = camera.read()
            if not seen:
                raise DataError(f"The camera {device} gives no more pictures.")
            seconds = time.monotonic() - start
            if sampler.takes(seconds):
                yield VideoFrame(number, seconds, np.ascontiguousarray(picture[:, :, ::-1], np.uint8))
            number += 1
    finally:
        camera.release()
