"""The tab that recognizes: a picture in, its faces with expressions, head poses and reliability out."""

from collections.abc import Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

from geofer.app.demo.aside import Aside, is_large
from geofer.app.demo.decoding import PictureDecoder
from geofer.app.demo.face_cards import face_cards, notice
from geofer.app.demo.picture_input import LOOKED_AT_ONCE, picture_input
from geofer.app.demo.time_limit import TimeLimit
from geofer.app.recognition.annotation import annotated
from geofer.app.recognition.recognized_face import RecognizedFace
from geofer.app.recognition.recognizer import Recognizer, load
from geofer.errors import GeoferError

SHOWN_SIDE = 1280
"""Pixels of the longer side of the picture that is sent back."""

NOTHING_YET = "Choose a picture, take one with the camera, or try an example."
NO_FACE = "No face was found. Take a picture in which the face is larger, lit from the front and not cut off."


Looked = tuple[NDArray[np.uint8], list[RecognizedFace]]
"""The picture with its faces marked, and the faces."""


class RecognizeTab:
    """The faces of a picture, and the components around them."""

    def __init__(self, recognizer: Recognizer, decoder: PictureDecoder, limit: TimeLimit, aside: Aside[Looked]) -> None:
        """Decode and recognize with those.

        Args:
            recognizer: For small pictures.
            decoder: For all.
            limit: Of the time that a small one takes.
            aside: For large pictures; its work is `look_with`.
        """
        self._recognizer, self._decoder, self._limit, self._aside = recognizer, decoder, limit, aside

    def build(self) -> None:
        """Puts the tab's components into the page that is being built."""
        import gradio as gr

        with gr.Row():
            with gr.Column(elem_classes="given"):
                picture = picture_input(360)
            with gr.Column():
                drawn = gr.Image(
                    label="Faces",
                    format="jpeg",
                    interactive=False,
                    visible=False,
                    buttons=["fullscreen"],
                    height=360,
                    elem_id="drawn",
                )
                answer = gr.HTML(notice(NOTHING_YET), elem_id="answer")
        picture.change(
            self.answer,
            picture,
            [drawn, answer],
            preprocess=False,
            api_visibility="private",
            show_progress="minimal",
            concurrency_limit=LOOKED_AT_ONCE,
        )

    def answer(self, upload: Mapping[str, object] | None) -> tuple[object, str]:
        """What the page shows for a picture: the picture with its faces marked, and a card for each."""
        import gradio as gr

        hidden = gr.update(value=None, visible=False)
        if upload is None:
            return hidden, notice(NOTHING_YET)
        try:
            drawn, faces = self._look(self._decoder.decode(str(upload["path"])))
        except GeoferError as error:
            return hidden, notice(str(error), "error")
        if not faces:
            return hidden, notice(NO_FACE, "warning")
        return gr.update(value=drawn, visible=True), face_cards(faces)

    def _look(self, pixels: NDArray[np.uint8]) -> Looked:
        if is_large(pixels):
            return self._aside.run(pixels)
        return self._limit.run(look, self._recognizer, pixels)


def look(recognizer: Recognizer, pixels: NDArray[np.uint8]) -> Looked:
    """Recognizes the faces of ``(H, W, 3)`` pixels, and marks them."""
    faces = recognizer.recognize(pixels)
    drawn = annotated(pixels, faces)
    drawn.thumbnail((SHOWN_SIDE, SHOWN_SIDE))
    return np.asarray(drawn), faces


_loaded = cache(load)


def look_with(model: str | None, detector: str, device: str, pixels: NDArray[np.uint8]) -> Looked:
    """Likewise, in a process of its own, which loads the recognizer with the first picture."""
    return look(_loaded(model, detector=detector, device=device), pixels)
