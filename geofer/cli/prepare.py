"""``geofer prepare FOLDER``: somebody's own pictures, without a configuration file."""

from collections.abc import Sequence
from pathlib import Path

from jsonargparse import ArgumentError, ArgumentParser

import geofer.cli.path_options  # noqa: F401 - it tells jsonargparse of a type
from geofer.cli.mistakes import describe_mistake
from geofer.datamodules.datasets.face_table import FaceTable
from geofer.datamodules.preparation.config import Preparation
from geofer.datamodules.preparation.index import FaceIndex
from geofer.datamodules.preparation.run import REPORT
from geofer.errors import ConfigError, DataError, printable
from geofer.faces import EXPRESSIONS


def parser() -> ArgumentParser:
    """The command line of ``geofer prepare FOLDER``."""
    parser = ArgumentParser(
        prog="geofer prepare",
        description="Find, crop and keep the faces of your own pictures. `geofer prepare --config FILE` makes the data "
        "of a configuration instead.",
        exit_on_error=False,
    )
    parser.add_argument("pictures", type=Path, help="a tree of class folders, or a .csv or .parquet table of pictures")
    parser.add_argument(
        "--expressions",
        type=tuple[str, ...],
        default=EXPRESSIONS,
        help="names of the expressions, in their labels' order",
    )
    parser.add_argument(
        "--labels",
        type=dict[str, str] | str | None,
        default=None,
        help="what numbers in the table or the folders' names stand for: raf-db, affectnet, fer2013, ferplus or kdef "
        "for the numbering of that set, or a mapping such as '{0: anger, 1: happiness}'",
    )
    parser.add_argument(
        "--output", type=Path | None, default=None, help="where the faces are kept, if not in the cache"
    )
    parser.add_argument("--image_size", type=int, default=64, help="side of the crops in pixels")
    parser.add_class_arguments(Preparation, skip={"folder"})
    return parser


def prepare_pictures(arguments: Sequence[str]) -> None:
    """Prepare what the command line names, and say where it lies.

    Raises:
        ConfigError: The command line is wrong.
        DataError: The pictures are not laid out as `FaceTable` reads them, or most of them have no usable face.
    """
    try:
        given = parser().parse_args(list(arguments)).as_dict()
    except ArgumentError as error:
        raise ConfigError(describe_mistake(str(error))) from error
    options = ("pictures", "output", "expressions", "labels", "image_size")
    pictures, output, expressions, labels, size = (given.pop(name) for name in options)
    if not pictures.exists():
        raise DataError(f"There is no {pictures}. Name a tree of class folders, or a .csv or .parquet table.")
    table = pictures.name if pictures.is_file() else None
    faces = FaceTable(
        pictures.parent if table else pictures,
        table=table,
        expressions=expressions,
        image_size=size,
        labels=labels,
        preparation=Preparation(**given, folder=output),
    )
    faces.prepare_data()
    print(f"Index:  {printable(faces.folder / FaceIndex.NAME)}\nReport: {printable(faces.folder / REPORT)}")
    print(f"Train:  geofer fit --config CONFIG --data PreparedFaces --data.root {printable(faces.folder)}")
