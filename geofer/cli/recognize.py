"""``geofer recognize PATH…``: the expressions of the faces in pictures."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from glob import glob
from pathlib import Path

from geofer.app.recogniser import RecognisedFace, Recogniser, load
from geofer.app.result_table import Row, columns, failure, rows, table_writer
from geofer.cli.verb_parser import VerbParser
from geofer.errors import ConfigError, DataError, printable
from geofer.pictures import SUFFIXES


def recognize(arguments: Sequence[str]) -> None:
    """Recognise the faces of all pictures named, into a table or onto the terminal.

    Raises:
        ConfigError: The command line is wrong.
        CheckpointError: The model cannot be used.
        DataError: There are no pictures, or none of them could be read.
    """
    options = _parser().parse_args(arguments)
    pictures = list(dict.fromkeys(find_pictures(options.paths, options.recursive)))
    copies = copy_paths(pictures, options.annotate) if options.annotate else {}
    recogniser = load(options.checkpoint, detector=options.detector, device=options.device, bf16=options.bf16)
    names = columns(recogniser.description.expressions)
    written = table_writer(options.output, names) if options.output else nullcontext()
    failed = 0
    with written as table:
        missing = [picture for picture in pictures if table is None or str(picture) not in table.done]
        if len(missing) < len(pictures):
            print(f"{len(pictures) - len(missing)} of {len(pictures)} pictures are in {options.output} already.")
        for picture in _with_progress(missing):
            found = _rows(recogniser, picture, copies.get(picture))
            failed += "face" not in found[0]
            if table is None:
                _print(found)
            else:
                table.write(found)
    if missing and failed == len(missing):
        raise DataError(f"Nothing was recognised; {options.output or 'the lines above'} tells why for each picture.")
    if failed:
        print(f"{failed} of {len(missing)} pictures have no face or could not be read.", file=sys.stderr)


def find_pictures(paths: Sequence[str], recursive: bool) -> Iterator[Path]:
    """The pictures that files, folders and patterns name, in order.

    Raises:
        DataError: A path or pattern names nothing.
    """
    for name in paths:
        if "://" in name:
            raise DataError(f"{printable(name)} is an address; save the picture on this machine first.")
        path = Path(name)
        if path.is_dir():
            inside = path.rglob("*") if recursive else path.iterdir()
            found = sorted(file for file in inside if _is_picture(file))
        else:
            found = [path] if path.is_file() else [Path(file) for file in sorted(glob(name, recursive=True))]
        if not found:
            raise DataError(f"{printable(name)}: there is no such picture, and no folder with pictures.")
        yield from found


def _is_picture(file: Path) -> bool:
    """Whether a folder's file is meant; one that is named is, whatever it is called."""
    return file.suffix.lower() in SUFFIXES and not file.name.startswith(".") and file.is_file()


def copy_paths(pictures: Sequence[Path], folder: Path) -> dict[Path, Path]:
    """Where the drawn copy of each picture goes; pictures of one name in several folders are numbered.

    Raises:
        ConfigError: The folder holds one of the pictures, which a copy could overwrite.
    """
    if folder.resolve() in {picture.resolve().parent for picture in pictures}:
        raise ConfigError(f"--annotate {printable(folder)}: the pictures themselves are there. Choose another folder.")
    taken: set[str] = set()
    copies = {}
    for picture in dict.fromkeys(pictures):
        name, number = picture.stem, 1
        while name.lower() in taken:  # some file systems do not tell A from a
            number += 1
            name = f"{picture.stem}-{number}"
        taken.add(name.lower())
        copies[picture] = folder / f"{name}.png"
    return copies


def _rows(recogniser: Recogniser, picture: Path, copy: Path | None) -> list[Row]:
    try:
        faces = recogniser.recognise(picture)
    except DataError as error:
        return [failure(str(picture), str(error))]
    if copy and faces:
        _annotate(picture, faces, copy)
    return rows(str(picture), faces)


def _annotate(picture: Path, faces: Sequence[RecognisedFace], copy: Path) -> None:
    from geofer.app.annotation import annotated

    copy.parent.mkdir(parents=True, exist_ok=True)
    annotated(picture, faces).save(copy)


def _with_progress(pictures: Sequence[Path]) -> Iterator[Path]:
    from rich.console import Console
    from rich.progress import track

    yield from track(pictures, "Recognising", console=Console(stderr=True), disable=len(pictures) < 2)


def _print(found: Sequence[Row]) -> None:
    """A few words on each face."""
    for row in found:
        if row["error"]:
            print(f"{row['file']}: {row['error']}")
            continue
        known = row["reliability"]
        trust = "no test at this pose" if known is None else f"right in {known:.0%} of tests at this pose"
        print(
            f"{row['file']} face {row['face']}: {row['expression']} {row[row['expression']]:.0%}, "
            f"yaw {row['yaw']:+.0f}°, pitch {row['pitch']:+.0f}°, roll {row['roll']:+.0f}° ({trust})"
        )


def _parser() -> VerbParser:
    parser = VerbParser("recognize", "Recognise the expressions of the faces in pictures.")
    parser.add_argument("paths", nargs="+", metavar="PATH", help="pictures, folders of pictures, or patterns")
    parser.add_argument("--checkpoint", type=Path, help="a model file, or a checkpoint of a run; else geofer's own")
    parser.add_argument(
        "--output", type=Path, help="a table: .csv or .jsonl, which grow and are gone on with, or .parquet"
    )
    parser.add_argument("--annotate", type=Path, metavar="FOLDER", help="put copies there, with faces drawn")
    parser.add_argument("--detector", default="mediapipe", help="landmark detector; see geofer plugins")
    parser.add_argument("--device", default="cpu", help="where the network runs, such as cuda")
    parser.add_argument("--bf16", action="store_true", help="compute in bfloat16")
    parser.add_argument("--recursive", action="store_true", help="look into folders of folders, too")
    return parser
