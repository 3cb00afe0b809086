"""Videos made for tests: each frame tells its number, and is noisy enough that the file has some length."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

CODECS = {
    ".mp4": "libx264",
    ".mkv": "libx264",
    ".mov": "mpeg4",
    ".webm": "libvpx",
    ".avi": "mpeg4",
    ".ts": "libx264",
    ".mpg": "mpeg2video",
    ".wmv": "wmv2",
    ".flv": "flv1",
}
RATE = 10


def numbered_frames(count: int, size: tuple[int, int] = (160, 120)) -> list[np.ndarray]:
    """Noise, with a gray square at the top left that is lighter by 7 from frame to frame."""
    noise = np.random.default_rng(0)
    frames = []
    for number in range(count):
        blocks = noise.integers(0, 256, (size[1] // 8 + 1, size[0] // 8 + 1, 3), np.uint8)
        frame = blocks.repeat(8, 0).repeat(8, 1)[: size[1], : size[0]].copy()
        frame[:48, :48] = 20 + 7 * number
        frames.append(frame)
    return frames


def number_of(pixels: np.ndarray) -> float:
    """The number that a frame shows."""
    return (pixels[8:40, 8:40].mean() - 20) / 7


def write_video(
    path: Path,
    frames: Sequence[np.ndarray],
    times: Sequence[float] | None = None,
    rotation: int = 0,
    aspect: Fraction | None = None,
) -> Path:
    """Frames at a rate of 10, or at their own times; a GIF by Pillow, others by FFmpeg."""
    times = [number / RATE for number in range(len(frames))] if times is None else times
    if path.suffix == ".gif":
        pictures = [Image.fromarray(frame) for frame in frames]
        pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=1000 // RATE, loop=0)
        return path
    options = {"movflags": "faststart"} if path.suffix in (".mp4", ".mov") else {}  # a truncated one keeps its index
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(CODECS[path.suffix], rate=RATE, options={"g": "5"})
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.bit_rate = 2_000_000
        stream.codec_context.thread_count = 1
        clock = Fraction(1, 1000) if path.suffix in (".mp4", ".mkv", ".webm") else Fraction(1, RATE)
        stream.codec_context.time_base = clock
        if rotation:
            stream.set_display_rotation(rotation)
        if aspect:
            stream.sample_aspect_ratio = aspect
        for pixels, seconds in zip(frames, times, strict=True):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.time_base, frame.pts = clock, round(seconds / clock)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def cut_off(path: Path, share: float = 0.6) -> Path:
    """A copy of a file that lacks its end."""
    content = path.read_bytes()
    shortened = path.with_name(f"cut-off-{path.name}")
    shortened.write_bytes(content[: int(share * len(content))])
    return shortened
