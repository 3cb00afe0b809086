import io
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image
from video_files import CODECS, RATE, cut_off, number_of, numbered_frames, write_video

from geofer.errors import ConfigError, DataError
from geofer.videos import VideoFrame, is_video, read_camera, read_video


def kept_frames(frames: Iterable[VideoFrame]) -> tuple[list[VideoFrame], str]:
    """The frames that come, and what is said behind the last one."""
    kept = []
    try:
        for frame in frames:
            kept.append(frame)
    except DataError as error:
        return kept, str(error)
    return kept, ""


@pytest.mark.parametrize("suffix", [*CODECS, ".gif"])
def test_every_kind_of_file_gives_all_frames_with_their_times(tmp_path, suffix):
    frames, message = kept_frames(read_video(write_video(tmp_path / f"clip{suffix}", numbered_frames(20))))
    assert message == ""
    assert [frame.number for frame in frames] == list(range(20))
    assert [frame.time for frame in frames] == pytest.approx([number / RATE for number in range(20)], abs=2e-3)
    assert [number_of(frame.pixels) for frame in frames] == pytest.approx(list(range(20)), abs=0.5)
    assert {frame.pixels.shape for frame in frames} == {(120, 160, 3)}
    assert frames[0].pixels.dtype == np.uint8
    assert frames[0].duration == pytest.approx(2, abs=0.15)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_frames_that_come_irregularly_keep_their_times(tmp_path, suffix):
    times = [0, 0.05, 0.4, 1.25, 1.3, 3.0]
    path = write_video(tmp_path / f"clip{suffix}", numbered_frames(6), times)
    assert [frame.time for frame in read_video(path)] == pytest.approx(times, abs=2e-3)


@pytest.mark.parametrize("rotation", [90, 180, -90])
def test_videos_of_telephones_are_turned_upright(tmp_path, rotation):
    path = write_video(tmp_path / "clip.mp4", numbered_frames(2), rotation=rotation)
    frame = next(read_video(path))
    theirs = cv2.VideoCapture(str(path)).read()[1][:, :, ::-1]
    assert frame.pixels.shape == theirs.shape == ((120, 160, 3) if rotation == 180 else (160, 120, 3))
    assert np.abs(frame.pixels.astype(int) - theirs).mean() < 2
    assert np.abs(np.rot90(frame.pixels, 2).astype(int) - theirs).mean() > 20


def test_oblong_pixels_become_square(tmp_path):
    path = write_video(tmp_path / "clip.mp4", numbered_frames(1), aspect=Fraction(16, 11))
    assert next(read_video(path)).pixels.shape == (120, 233, 3)


def test_one_frame_of_each_span_of_time(tmp_path):
    path = write_video(tmp_path / "clip.mp4", numbered_frames(20))
    assert [frame.number for frame in read_video(path, every=0.5)] == [0, 5, 10, 15]
    assert [frame.number for frame in read_video(path, every=0.25)] == [0, 3, 5, 8, 10, 13, 15, 18]
    assert [frame.number for frame in read_video(path, every=0.5, first=6)] == [10, 15]
    assert [number_of(frame.pixels) for frame in read_video(path, first=18)] == pytest.approx([18, 19], abs=0.5)
    with pytest.raises(ConfigError, match="every -1 seconds"):
        next(read_video(path, every=-1))


@pytest.mark.parametrize("suffix", [*CODECS, ".gif"])
def test_a_truncated_video_gives_what_is_there_and_says_so(tmp_path, suffix):
    path = cut_off(write_video(tmp_path / f"clip{suffix}", numbered_frames(30)))
    frames, message = kept_frames(read_video(path))
    assert 8 < len(frames) < 25
    assert [number_of(frame.pixels) for frame in frames] == pytest.approx(list(range(len(frames))), abs=0.6)
    assert "was cut off: it ends after" in message or "is damaged: 1 of its parts cannot be decoded" in message
    assert f"cut-off-clip{suffix}" in message


def test_a_truncated_video_without_its_index_is_one_message(tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(write_video(tmp_path / "whole.mov", numbered_frames(10)).read_bytes().replace(b"moov", b"zzzz"))
    with pytest.raises(DataError, match=r"clip\.mp4 is damaged, was cut off, or is no video"):
        next(read_video(path))


def test_damage_in_the_middle_costs_only_what_is_damaged(tmp_path):
    path = write_video(tmp_path / "clip.mp4", numbered_frames(30))
    with av.open(str(path)) as container:
        fifteenth = list(container.demux())[14]
        position, size, seconds = fifteenth.pos, fifteenth.size, float(fifteenth.pts * fifteenth.time_base)
    content = bytearray(path.read_bytes())
    content[position : position + size] = b"\xff" * size
    path.write_bytes(content)
    frames, message = kept_frames(read_video(path))
    assert len(frames) == 29
    assert round(seconds * RATE) not in [round(frame.time * RATE) for frame in frames]
    assert [number_of(frame.pixels) for frame in frames[:10]] == pytest.approx(list(range(10)), abs=0.5)
    assert number_of(frames[-1].pixels) == pytest.approx(29, abs=0.5)
    assert frames[-1].time == pytest.approx(2.9, abs=2e-3)
    assert "is damaged: 1 of its parts cannot be decoded, the first after 1." in message


def missing_codec(folder: Path) -> Path:
    path = write_video(folder / "clip.mp4", numbered_frames(2))
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzz1"))
    return path


def text(folder: Path) -> Path:
    folder.joinpath("clip.mp4").write_text("This is no video, whatever it is called.\n" * 40)
    return folder / "clip.mp4"


def playlist(folder: Path) -> Path:
    """Which FFmpeg would follow to another file."""
    write_video(folder / "secret.ts", numbered_frames(2))
    folder.joinpath("clip.m3u8").write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsecret.ts\n#EXT-X-ENDLIST\n")
    return folder / "clip.m3u8"


def no_frames(folder: Path) -> Path:
    with av.open(str(folder / "clip.avi"), "w") as container:
        stream = container.add_stream("mpeg4", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        container.start_encoding()
    return folder / "clip.avi"


def nothing(folder: Path) -> Path:
    folder.joinpath("clip.webm").touch()
    return folder / "clip.webm"


def sound(folder: Path) -> Path:
    with av.open(str(folder / "clip.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return folder / "clip.mp4"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (missing_codec, "codec that this FFmpeg does not know"),
        (text, "is no video"),
        (playlist, "is no video"),
        (no_frames, "holds no frames|is no video"),
        (nothing, "is no video"),
        (sound, "holds no moving pictures"),
        (lambda folder: folder, "is not a regular file"),
        (lambda folder: folder / "nowhere.mp4", "does not exist"),
    ],
    ids=["codec", "text", "playlist", "no frames", "nothing", "sound", "folder", "missing"],
)
def test_what_is_no_video_is_one_message(tmp_path, make, message, capfd):
    with pytest.raises(DataError, match=message):
        next(read_video(make(tmp_path)))
    assert capfd.readouterr() == ("", "")


def test_frames_that_are_too_large_are_refused_before_they_are_decoded(tmp_path):
    path = write_video(tmp_path / "clip.mp4", numbered_frames(2))
    assert next(read_video(path, max_pixels=160 * 120)).pixels.shape == (120, 160, 3)
    with pytest.raises(DataError, match="160 × 120 pixels; at most 19199"):
        next(read_video(path, max_pixels=160 * 120 - 1))


def test_transparency_is_laid_on_white(tmp_path):
    path = tmp_path / "clip.gif"
    pictures = []
    for left in (0, 8):
        picture = Image.new("RGBA", (32, 32), (0, 0, 0, 0))
        picture.paste((255, 0, 0, 255), (left, 0, left + 16, 16))
        pictures.append(picture)
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=100, disposal=2)
    frame = next(read_video(path))
    assert tuple(frame.pixels[2, 2]) == (255, 0, 0)
    assert tuple(frame.pixels[30, 30]) == (255, 255, 255)


def test_a_gif_is_a_video_if_it_moves(tmp_path):
    moving = write_video(tmp_path / "moving.gif", numbered_frames(2))
    still = write_video(tmp_path / "still.gif", numbered_frames(1))
    assert is_video(moving)
    assert not is_video(still)
    assert not is_video(tmp_path / "nowhere.gif")
    assert is_video(tmp_path / "A.MP4")
    assert not is_video(tmp_path / "a.png")


def test_a_camera_that_is_not_there_is_one_message(capfd):
    with pytest.raises(DataError, match="There is no camera 97"):
        next(read_camera(97))
    assert capfd.readouterr() == ("", "")


def test_a_camera_gives_frames_until_it_stops(tmp_path):
    """OpenCV reads a file as it reads a camera."""
    path = write_video(tmp_path / "clip.avi", numbered_frames(6))
    frames, message = kept_frames(read_camera(str(path)))
    assert "gives no more pictures" in message
    assert [frame.number for frame in frames] == list(range(6))
    assert [number_of(frame.pixels) for frame in frames] == pytest.approx(list(range(6)), abs=0.5)
    times = [frame.time for frame in frames]
    assert times == sorted(times)
    assert 0 <= times[0] < times[-1] < 60
    assert [frame.number for frame in kept_frames(read_camera(str(path), every=60))[0]] == [0]


def test_a_later_frame_of_another_shape_is_refused_before_it_is_scaled(tmp_path):
    """All frames get the width of the first: a wide one and then a tall one would become a huge square."""
    path = tmp_path / "a.avi"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=10)
        stream.width, stream.height, stream.pix_fmt = 4096, 64, "yuvj420p"
        for number, size in enumerate([(4096, 64), (64, 4096)]):
            file = io.BytesIO()
            Image.new("RGB", size).save(file, "JPEG", subsampling=2)
            packet = av.Packet(file.getvalue())
            packet.stream, packet.pts, packet.dts, packet.time_base = stream, number, number, Fraction(1, 10)
            container.mux(packet)
    frames = read_video(path, max_pixels=300_000)
    assert next(frames).pixels.shape == (64, 4096, 3)
    with pytest.raises(DataError, match=r"a\.avi has frames of 4096 × 4096 pixels; at most 300000"):
        list(frames)
