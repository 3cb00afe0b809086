"""How few pixels may a face have? The same faces, ever smaller: how many are found, and how many recognized as before.

    python experiments/face_size.py --people 20

Renders people whom no constant of geofer was derived from, at 256 px, in seven strong expressions from about the front,
and takes the astronaut of scikit-image, which is a photograph; shrinks them until so many pixels lie between the
centers of the eyes; and has the recognizer look bundled with geofer. "as before" is the share of faces with the
expression that was found in the largest picture, "right" that with the true one, both of all faces.
"""

import argparse

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console
from rich.table import Table

import geofer
from geofer.app.recognition.face_warnings import eye_distance
from geofer.app.recognition.recognized_face import RecognizedFace
from geofer.faces import EXPRESSIONS
from geofer.rendering import RenderSpec, render_subject

DISTANCES = (64, 48, 32, 24, 20, 16, 14, 12, 10, 8, 6)
SEED = 4711


def main() -> None:
    """Prints a table of distances between the eyes."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--people", type=int, default=20)
    options = parser.parse_args()
    spec = RenderSpec(poses="multipie", views=1, image_size=256, crop="loose", seed=SEED)
    pictures, truth = [], []
    for number in range(options.people):
        person = render_subject(spec, number)
        pictures += list(person.images)
        truth += [EXPRESSIONS[label] for label in person.expression]
    recognizer = geofer.load()

    def look(picture: NDArray[np.uint8]) -> RecognizedFace | None:
        return next(iter(recognizer.recognize(picture)), None)

    largest = [look(picture) for picture in pictures]
    seen = [number for number, face in enumerate(largest) if face]
    table = Table("pixels between the eyes", "found", "as before", "right", "the astronaut", box=None)
    photograph = _astronaut()
    for distance in DISTANCES:
        small = [look(_shrunk(pictures[number], largest[number], distance)) for number in seen]
        found = [face is not None for face in small]
        same = [
            face and face.expression == largest[number].expression for number, face in zip(seen, small, strict=True)
        ]
        right = [face and face.expression == truth[number] for number, face in zip(seen, small, strict=True)]
        shares = [f"{np.mean([bool(value) for value in values]):.0%}" for values in (found, same, right)]
        astronaut = look(_shrunk(photograph, look(photograph), distance))
        said = f"{astronaut.expression} {astronaut.probabilities[astronaut.expression]:.0%}" if astronaut else "–"
        table.add_row(str(distance), *shares, said)
    Console().print(f"{len(seen)} of {len(pictures)} faces are found in the largest pictures")
    Console().print(table)


def _astronaut() -> NDArray[np.uint8]:
    from skimage.data import astronaut

    picture: NDArray[np.uint8] = astronaut()[:300, 80:380]
    return picture


def _shrunk(picture: NDArray[np.uint8], face: RecognizedFace | None, distance: float) -> NDArray[np.uint8]:
    """The picture at a size at which so many pixels lie between the eyes of the face."""
    assert face is not None
    scale = distance / eye_distance(face.landmarks, face.yaw)
    size = [max(1, round(side * scale)) for side in (picture.shape[1], picture.shape[0])]
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))


if __name__ == "__main__":
    main()
