"""A data set that is told what it holds, with rendered faces as its pictures."""

from pathlib import Path

from picture_trees import RenderedPicture, write_picture

from geofer.datamodules.layouts.picture_faces import PictureFaces
from geofer.datamodules.preparation.config import Preparation
from geofer.datamodules.preparation.records import FaceRecord
from geofer.faces import EXPRESSIONS


class ListedFaces(PictureFaces):
    VOCABULARY = EXPRESSIONS

    def __init__(self, root: Path, listed: list[FaceRecord], preparation: dict | None = None, **common) -> None:
        how = {"detector": "none", "folder": root.parent / "cache", "workers": 1} | (preparation or {})
        super().__init__(root, preparation=Preparation(**how), **({"batch_size": 4} | common))
        self.listed = listed

    def records(self):
        return iter(self.listed)


def write_listed(root: Path, rendered: list[RenderedPicture]) -> list[FaceRecord]:
    """Every rendered face as a PNG file, with its true landmarks."""
    return [
        FaceRecord(
            file=write_picture(root / f"p{face.subject}" / f"{number:03d}.png", face.pixels)
            .relative_to(root)
            .as_posix(),
            expression=face.expression,
            subject=f"p{face.subject}",
            yaw=face.yaw,
            pitch=0.0,
            landmarks=face.landmarks,
        )
        for number, face in enumerate(rendered)
    ]
