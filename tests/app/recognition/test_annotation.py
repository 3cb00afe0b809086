from pathlib import Path

import numpy as np
import pytest
from video_files import number_of, numbered_frames

from geofer.app.recognition.annotation import AnnotatedCopies
from geofer.app.recognition.views import View
from geofer.videos import VideoFrame, read_video


def views(name: str, frames: list[np.ndarray], rate: float = 10) -> list[View]:
    moments = [VideoFrame(number, number / rate, pixels) for number, pixels in enumerate(frames)]
    return [View(name, frame.pixels, frame) for frame in moments]


def test_each_video_has_a_file_of_its_own(tmp_path):
    paths = {name: tmp_path / "drawn" / f"{name}.mp4" for name in "ab"}
    with AnnotatedCopies(paths) as copies:
        for view in [
            *views("a", numbered_frames(4)),
            *views("b", numbered_frames(3), 7),
            *views("c", numbered_frames(2)),
        ]:
            copies.draw(view, [])
    assert sorted(path.name for path in tmp_path.joinpath("drawn").iterdir()) == ["a.mp4", "b.mp4"]
    assert [frame.time for frame in read_video(paths["a"])] == pytest.approx([0, 0.1, 0.2, 0.3], abs=1e-4)
    assert [frame.time for frame in read_video(paths["b"])] == pytest.approx([0, 1 / 7, 2 / 7], abs=1e-4)
    assert [next(read_video(path)).duration for path in paths.values()] == pytest.approx([0.4, 3 / 7], abs=2e-3)
    assert [number_of(frame.pixels) for frame in read_video(paths["a"])] == pytest.approx([0, 1, 2, 3], abs=0.5)


def test_odd_sides_grow_by_a_pixel_and_later_frames_have_the_size_of_the_first(tmp_path):
    path = tmp_path / "a.mp4"
    with AnnotatedCopies({"a": path}) as copies:
        for view in views("a", [*numbered_frames(2, (161, 121)), *numbered_frames(1, (80, 60))]):
            copies.draw(view, [])
    assert [frame.pixels.shape for frame in read_video(path)] == [(122, 162, 3)] * 3


def test_a_video_that_an_error_ended_is_not_kept(tmp_path):
    def interrupted(path: Path) -> None:
        with AnnotatedCopies({"a": path}) as copies:
            copies.draw(views("a", numbered_frames(1))[0], [])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted(tmp_path / "a.mp4")
    assert list(tmp_path.iterdir()) == []
