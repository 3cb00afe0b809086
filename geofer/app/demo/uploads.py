"""Pictures that a visitor hands to the page."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from geofer.pictures import read_picture

MAX_PIXELS = 30_000_000
"""More than telephones take, and what is still quick to look through."""

EXAMPLES = sorted(Path(__file__).with_name("examples").glob("*.jpg"))
"""Rendered people; ``tools/demo_examples.py`` makes them."""


def uploaded_picture(upload: Mapping[str, object]) -> NDArray[np.uint8]:
    """The picture of an upload, read as every other, and by nobody before.

    Args:
        upload: What Gradio tells of it; ``path`` is the file, which Gradio has found to be an upload.

    Returns:
        ``(H, W, 3)`` uint8 RGB.

    Raises:
        DataError: It is no picture, damaged or too large; the message does not name the file, which is Gradio's.
    """
    with Path(str(upload["path"])).open("rb") as file:
        return read_picture(file, max_pixels=MAX_PIXELS)
