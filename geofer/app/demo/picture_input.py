"""Where a picture comes into the page: from a file, the clipboard, the camera, or a rendered example."""

from typing import TYPE_CHECKING

from geofer.app.demo.uploads import EXAMPLES

if TYPE_CHECKING:
    import gradio as gr

LOOKED_AT_ONCE = 16
"""Pictures that are on their way at the same time, so that a slow one does not keep the others waiting."""


def picture_input(height: int, prefix: str = "") -> "gr.Image":
    """Puts the picture and the examples below it into the page that is being built.

    Args:
        height: Of the picture, in pixels.
        prefix: Of the two elements' names, ``picture`` and ``examples``.
    """
    import gradio as gr

    picture = gr.Image(
        label="Picture",
        sources=["upload", "webcam", "clipboard"],
        type="filepath",
        image_mode=None,
        buttons=[],
        height=height,
        elem_id=f"{prefix}picture",
    )
    gr.Examples([[str(file)] for file in EXAMPLES], picture, label="Rendered people", elem_id=f"{prefix}examples")
    return picture
