"""Draws the two contact sheets of docs/rendered-faces.md: people × expressions, and one person from 35 poses.

Run ``python tools/contact_sheet.py docs/images``.
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from geofer.rendering import RenderedSubject, RenderSpec, render_subject

SEEN, HIDDEN = (60, 230, 90), (235, 70, 60)


def people_by_expression(people: int = 8, size: int = 160) -> Image.Image:
    """One row a person, one column an expression, at intensity 4, seen from the front."""
    spec = RenderSpec(image_size=size, poses="continuous", views=1, yaw_limit=8, pitch_limit=5)
    rows = [np.hstack(list(render_subject(spec, person).images)) for person in range(people)]
    return Image.fromarray(np.vstack(rows))


def person_by_pose(person: int = 9, size: int = 160) -> Image.Image:
    """One person at yaw −45 to 45 (columns) and pitch −30 to 30 (rows), with the landmarks drawn."""
    spec = RenderSpec(image_size=size, expressions=("surprise",), roll_jitter=0)
    subject = render_subject(spec, person)
    pictures = [with_landmarks(subject, number) for number in np.lexsort((subject.yaw, subject.pitch))[::-1]]
    rows = [np.hstack(pictures[start : start + 7][::-1]) for start in range(0, 35, 7)]
    return Image.fromarray(np.vstack(rows))


def with_landmarks(subject: RenderedSubject, number: int) -> NDArray[np.uint8]:
    """One picture with its landmarks: green where the camera sees them, red where they are hidden."""
    picture = Image.fromarray(subject.images[number])
    draw = ImageDraw.Draw(picture)
    for (x, y), seen in zip(subject.landmarks[number], subject.visible[number], strict=True):
        draw.ellipse((x - 1, y - 1, x + 1, y + 1), fill=SEEN if seen else HIDDEN)
    return np.asarray(picture)


def main() -> None:
    """Writes both sheets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the two JPEG files go")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    people_by_expression().save(folder / "rendered-people.jpg", quality=82)
    person_by_pose().save(folder / "rendered-poses.jpg", quality=82)


if __name__ == "__main__":
    main()
