"""Faces that the generator learns from: photographs, found and cropped once, and rendered people."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geofer.app.synthesis.generation import find_source
from geofer.datamodules import RenderedFaces
from geofer.errors import DataError
from geofer.faces import EXPRESSIONS
from geofer.landmarks import build_detector
from geofer.paths import written_whole

SIZE = 128
"""Side of the crops in pixels."""


_KEPT = ("images", "landmarks", "names", "subject")
"""What is kept of photographs."""


class FaceArrays(NamedTuple):
    """Faces in memory.

    Attributes:
        images: ``(N, 128, 128, 3)`` uint8 RGB.
        landmarks: ``(N, 68, 2)`` float32 in [-1, 1] of the crop.
        names: ``(N,)`` of the pictures.
        subject: ``(N,)`` int64, one number a person.
        expression: ``(N,)`` int64, their places among `geofer.faces.EXPRESSIONS`; -1 where nobody knows.
    """

    images: NDArray[np.uint8]
    landmarks: NDArray[np.float32]
    names: NDArray[np.str_]
    subject: NDArray[np.int64]
    expression: NDArray[np.int64]

    def of(self, chosen: NDArray[np.bool_]) -> "FaceArrays":
        """Some of them."""
        return FaceArrays(*(part[chosen] for part in self))


def photographs(folder: Path, files: list[str], cache: Path) -> FaceArrays:
    """The largest face of each picture, in the tight crop; each picture counts as a person of its own.

    Args:
        folder: Of the pictures.
        files: Relative to it.
        cache: An ``.npz`` file, where the faces are kept.
    """
    if not cache.is_file():
        detector = build_detector("mediapipe")
        found = []
        for number, file in enumerate(files):
            try:
                face = find_source(folder / file, detector, SIZE)
            except DataError:
                continue
            found.append((face.crop, face.landmarks, file, number))
            if len(found) % 500 == 0:
                print(f"{cache.stem}: {len(found)} faces in {number + 1} of {len(files)} pictures", flush=True)
        cache.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(cache) as stream:
            np.savez(stream, **dict(zip(_KEPT, map(np.array, zip(*found, strict=True)), strict=True)))
    with np.load(cache, allow_pickle=False) as held:
        return FaceArrays(*(held[name] for name in _KEPT), np.full(len(held["names"]), -1))


def fairface(data: Path, split: str, cache: Path, count: int) -> FaceArrays:
    """The first pictures of FairFace's ``train`` or ``val``, in the layout that it comes in."""
    files = sorted((data / "FairFace" / split).glob("*.jpg"), key=lambda path: int(path.stem))[:count]
    return photographs(data / "FairFace", [f"{split}/{path.name}" for path in files], cache / f"fairface-{split}.npz")


def london(data: Path, cache: Path) -> FaceArrays:
    """The London Set: the first three digits of a name are the person; 03 at its end is a neutral face, 08 a smile."""
    files = sorted(path.name for path in (data / "London").glob("*.jpg"))
    faces = photographs(data / "London", files, cache / "london.npz")
    smiling, neutral = EXPRESSIONS.index("happiness"), EXPRESSIONS.index("neutral")
    return faces._replace(
        subject=np.array([int(name[:3]) for name in faces.names]),
        expression=np.array([smiling if name.endswith("_08.jpg") else neutral for name in faces.names]),
    )


def rendered_people(people: int, cache: Path, seed: int) -> RenderedFaces:
    """Rendered people in one session each: every expression at every level, twice, from anywhere within ±60°.

    ``people`` are trained on; of 8 more the sheets show some. Others to test on have another seed.
    """
    return RenderedFaces(
        train_subjects=people,
        val_subjects=8,
        test_subjects=0,
        levels=(1, 2, 3, 4),
        poses="continuous",
        views=2,
        yaw_limit=60,
        pitch_limit=25,
        image_size=SIZE,
        lips="pressed",
        seed=seed,
        root=cache,
        render_workers=1,
    )


def rendered_arrays(people: RenderedFaces) -> tuple[FaceArrays, FaceArrays]:
    """The rendered people to train on, and those to look at."""
    store = people.open_store()
    count = len(store.split)
    images = store.pictures.gather(np.arange(count))
    names = np.full(count, "")
    table = store.table
    faces = FaceArrays(
        images,
        np.asarray(table.landmarks, np.float32),
        names,
        np.asarray(table.subject),
        np.asarray(table.expression, np.int64),
    )
    return faces.of(store.split == "train"), faces.of(store.split == "val")
