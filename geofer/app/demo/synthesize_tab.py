"""The tab that synthesizes: a picture's face with another expression and pose, beside its own."""

from collections.abc import Mapping
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from geofer.app.demo.aside import Aside, is_large
from geofer.app.demo.controls import STEPS, TO_EXPRESSION, Target, controls, targets_on_the_way
from geofer.app.demo.decoding import PictureDecoder
from geofer.app.demo.face_cards import notice
from geofer.app.demo.picture_input import LOOKED_AT_ONCE, picture_input
from geofer.app.demo.player import SCRIPT, player
from geofer.app.demo.shown_errors import shown_errors
from geofer.app.demo.time_limit import TimeLimit
from geofer.app.synthesis.generation import (
    LARGEST_PITCH,
    LARGEST_YAW,
    FaceGenerator,
    SourceFace,
    beyond_training,
    largest_face,
    synthesize,
    way_between,
)
from geofer.app.synthesis.target_geometry import moved_landmarks, placed_in_crop
from geofer.errors import GeoferError
from geofer.faces import CropRule
from geofer.landmarks import build_detector

SHOWN_SIDE = 256
"""Least side in pixels of the pictures that are shown, which small faces are enlarged to."""

NOTHING_YET = "Choose a picture, take one with the camera, or try an example; its largest face is taken."
REAL_PEOPLE = "Synthetic faces of real people are still pictures of them: ask before you make any."


class SynthesizeTab:
    """Faces that a generator makes, and the components around them."""

    def __init__(
        self, generator: FaceGenerator, detector: str, decoder: PictureDecoder, limit: TimeLimit, seconds: float
    ) -> None:
        """Synthesize with those.

        Args:
            generator: Makes the faces.
            detector: Name of the landmark detector that finds the face of a picture.
            decoder: For all pictures.
            limit: Of the time that is taken in this process.
            seconds: That a large picture may take.
        """
        self._generator, self._decoder, self._limit = generator, decoder, limit
        self._find = partial(find, detector, generator.image_size, generator.provenance["crop"])
        self.aside = Aside(self._find, seconds)

    def build(self) -> None:
        """Puts the tab's components into the page that is being built."""
        import gradio as gr

        face = gr.State(None)
        with gr.Row():
            with gr.Column(elem_classes="given"):
                picture = picture_input(300, "source-")
                told = gr.HTML(notice(NOTHING_YET), elem_id="source-notice")
            with gr.Column():
                with gr.Row(elem_id="faces-side-by-side"):
                    shown: dict[str, Any] = {"format": "webp", "interactive": False, "buttons": [], "min_width": 120}
                    own = gr.Image(label="The face", elem_id="own-face", **shown)
                    made = gr.Image(label="Synthetic", elem_id="synthetic-face", **shown)
                given = controls()
                screen = gr.HTML(js_on_load=SCRIPT.read_text(encoding="utf-8"), elem_id="screen")
        gr.Markdown(REAL_PEOPLE, elem_id="hint")
        inputs = [face, *given.values()]
        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        slow: dict[str, Any] = {"api_visibility": "private", "show_progress": "minimal"}
        shown_first = [face, own, given.yaw, given.pitch]
        picture.change(
            self.find, picture, shown_first, preprocess=False, concurrency_limit=LOOKED_AT_ONCE, **slow
        ).then(self.draw, inputs, [made, told], **quiet)
        for control in given.values():
            control.input(self.draw, inputs, [made, told], trigger_mode="always_last", **quiet)
        given.play.click(self.play, [given.way, *inputs], screen, **slow)

    def find(self, upload: Mapping[str, object] | None) -> tuple[SourceFace | str | None, object, object, object]:
        """The largest face of a picture, or why there is none; and its own pose, which the controls start from."""
        import gradio as gr

        if upload is None:
            return None, None, gr.skip(), gr.skip()
        try:
            pixels = self._decoder.decode(str(upload["path"]))
            face = self.aside.run(pixels) if is_large(pixels) else self._limit.run(self._find, pixels)
        except GeoferError as error:
            return str(error), None, gr.skip(), gr.skip()
        yaw, pitch, _ = face.pose
        return face, enlarged(face.crop), _within(yaw, LARGEST_YAW), _within(pitch, LARGEST_PITCH)

    def draw(self, face: SourceFace | str | None, *values: Any) -> tuple[NDArray[np.uint8] | None, str]:  # noqa: ANN401
        """The face as the controls say, and what is to be said of it."""
        if not isinstance(face, SourceFace):
            return None, notice(face, "error") if face else notice(NOTHING_YET)
        geometry = self._geometry(face, Target.of(*values))
        with shown_errors():
            picture = self._limit.run(synthesize, self._generator, face, geometry[None])[0]
        said = [notice(f"The picture shows {face.others + 1} faces; the largest one is taken.")] if face.others else []
        if (unusual := beyond_training(geometry)) is not None:
            said.append(notice(f"{unusual[0].upper()}{unusual[1:]}.", "warning"))
        return enlarged(picture), "".join(said)

    def play(self, way: str, face: SourceFace | str | None, *values: Any) -> str:  # noqa: ANN401
        """A player of the face on the way from its own geometry to what the controls say, or around that."""
        if not isinstance(face, SourceFace):
            return notice(NOTHING_YET)
        end = Target.of(*values)
        if way == TO_EXPRESSION:
            geometries = way_between(face.landmarks, self._geometry(face, end), STEPS)
        else:
            geometries = np.stack([self._geometry(face, target) for target in targets_on_the_way(way, end)])
        with shown_errors():
            pictures = self._limit.run(synthesize, self._generator, face, geometries)
        return player(map(enlarged, pictures), way)

    def _geometry(self, face: SourceFace, target: Target) -> NDArray[np.float32]:
        """``(68, 2)``: the face's own shape, as the controls move and turn it."""
        points = moved_landmarks(face.landmarks, target.blendshapes, target.yaw, target.pitch)
        return placed_in_crop(points, face.landmarks, self._generator.provenance["crop"])


_detector = cache(build_detector)


def find(detector: str, size: int, crop: CropRule, pixels: NDArray[np.uint8]) -> SourceFace:
    """The largest face of ``(H, W, 3)`` pixels, cropped to ``size`` pixels a side."""
    faces = _detector(detector).detect([pixels], ["The picture"])[0]
    return largest_face(pixels, faces, size, crop)


def _within(angle: float, most: int) -> int:
    """The nearest whole number of degrees that a slider reaches."""
    return max(-most, min(most, round(angle)))


def enlarged(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A square picture, at least `SHOWN_SIDE` pixels wide."""
    side = picture.shape[0] * -(-SHOWN_SIDE // picture.shape[0])
    return np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.LANCZOS))
