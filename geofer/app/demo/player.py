"""Pictures that follow one another, played in the page: play, pause, and a slider over them."""

import base64
import io
from collections.abc import Iterable
from html import escape
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SCRIPT = Path(__file__).with_name("player.js")
"""Runs once in the element that the player is put into."""


def player(pictures: Iterable[NDArray[np.uint8]], title: str) -> str:
    """A player, which starts at once and plays there and back.

    Args:
        pictures: ``(H, W, 3)`` uint8 RGB each, at least one.
        title: What they show.
    """
    frames = "".join(
        f'<img class="frame{" on" if number == 0 else ""}" src="{_data_url(picture)}" alt="">'
        for number, picture in enumerate(pictures)
    )
    last = frames.count("<img") - 1
    return (
        f'<div class="player" data-playing="yes"><div class="screen" role="img" aria-label="{escape(title)}">{frames}'
        '</div><div class="transport"><button type="button" class="toggle" aria-label="Pause"></button>'
        f'<input type="range" class="position" min="0" max="{last}" value="0" aria-label="Picture"></div></div>'
    )


def _data_url(picture: NDArray[np.uint8]) -> str:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, format="WEBP", quality=80)
    return f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}"
