"""Copies of pictures and videos with what was recognized drawn onto them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from geofer.app.recognition.recognized_face import RecognizedFace
from geofer.app.recognition.views import View
from geofer.paths import written_whole
from geofer.videos import import_av

COLOR, DARK = (255, 208, 64), (24, 24, 24)

TICKS = 90_000
"""Units of a video's clock in a second; the customary frame rates are whole numbers of them."""


def annotated(pixels: NDArray[np.uint8], faces: Sequence[RecognizedFace]) -> Image.Image:
    """A copy of a picture with each face's box, landmarks, expression and head pose.

    Args:
        pixels: ``(H, W, 3)`` RGB.
        faces: What a recognizer found in it.

    Returns:
        As large as the picture.
    """
    image = Image.fromarray(pixels)
    draw = ImageDraw.Draw(image)
    for face in faces:
        left, top, right, bottom = map(float, face.box)
        unit = max((right - left) / 100, 0.5)  # a hundredth of the face
        draw.rectangle((left, top, right, bottom), outline=COLOR, width=max(1, round(unit)))
        for x, y in face.landmarks.tolist():
            draw.ellipse((x - unit, y - unit, x + unit, y + unit), fill=COLOR)
        text = f"{face.expression} {face.probabilities[face.expression]:.0%}  {face.yaw:+.0f}° {face.pitch:+.0f}°"
        font = ImageFont.load_default(max(10.0, 9 * unit))
        place = draw.textbbox((left, top), text, font=font, anchor="lb" if top > 12 * unit else "lt")
        draw.rectangle(place, fill=DARK)
        draw.text((left, top), text, COLOR, font=font, anchor="lb" if top > 12 * unit else "lt")
    return image


class VideoFile:
    """An MP4 file in H.264 that grows by a frame at a time.

    Frames are as large as the first one, and the last one is shown as long as the one before it. The last row or
    column of an odd side is doubled, since the colors of H.264 lie two pixels apart.
    """

    def __init__(self, file: IO[bytes], size: tuple[int, int]) -> None:
        """Begin in ``file``, with frames of this width and height.

        Raises:
            ConfigError: PyAV is not installed.
        """
        self._av = import_av()
        self._size, self._last, self._shown = size, -1, TICKS // 30
        self._container = self._av.open(file, "w", format="mp4")
        options = {"preset": "veryfast", "crf": "20", "bf": "0"}  # without B-frames, the last one comes last
        self._stream = self._container.add_stream("libx264", rate=30, options=options)
        self._stream.width, self._stream.height = (side + side % 2 for side in size)
        self._stream.pix_fmt = "yuv420p"  # which all players know
        self._stream.codec_context.time_base = Fraction(1, TICKS)

    def add(self, image: Image.Image, seconds: float) -> None:
        """Show this picture from then on."""
        pixels = np.asarray(image if image.size == self._size else image.resize(self._size))
        height, width = pixels.shape[:2]
        pixels = np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        frame = self._av.VideoFrame.from_ndarray(pixels, format="rgb24")
        frame.pts = max(round(seconds * TICKS), self._last + 1)
        frame.time_base = Fraction(1, TICKS)
        if self._last >= 0:
            self._shown = frame.pts - self._last
        self._last = frame.pts
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Write what is still to be written."""
        packets = self._stream.encode(None)
        for packet in packets[-1:]:
            packet.duration = self._shown
        self._container.mux(packets)
        self._container.close()


@contextmanager
def video_file(path: Path, size: tuple[int, int]) -> Iterator[VideoFile]:
    """A video that appears at ``path`` once it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as file:
        video = VideoFile(file, size)
        try:
            yield video
        finally:
            video.close()


class AnnotatedCopies:
    """Draws pictures into files, and frames that follow each other into videos.

    A video whose last frame was not drawn, for an error, is not kept.
    """

    def __init__(self, paths: Mapping[str, Path]) -> None:
        """``paths`` says where the copy of each view's name goes; others get none."""
        self._paths = paths
        self._name = ""
        self._video: VideoFile | None = None
        self._open = ExitStack()

    def __enter__(self) -> Self:
        """Nothing is written yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the last video."""
        self._open.__exit__(kind, error, trace)

    def draw(self, view: View, faces: Sequence[RecognizedFace]) -> None:
        """A picture, if it has faces; or the next frame of a video, in any case.

        Raises:
            ConfigError: PyAV is not installed.
        """
        path = self._paths.get(view.name)
        if path is None or view.pixels is None:
            return
        if view.frame is None:
            if faces:
                path.parent.mkdir(parents=True, exist_ok=True)
                with written_whole(path) as file:
                    annotated(view.pixels, faces).save(file, format="PNG")
            return
        if self._video is None or self._name != view.name:
            self._open.close()
            height, width = view.pixels.shape[:2]
            self._video = self._open.enter_context(video_file(path, (width, height)))
            self._name = view.name
        self._video.add(annotated(view.pixels, faces), view.frame.time)
