"""A picture with what was recognized drawn onto it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from geofer.app.recognition.recognizer import RecognizedFace

COLOR, DARK = (255, 208, 64), (24, 24, 24)


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
