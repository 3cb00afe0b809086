"""What ``geofer recognize`` does once its command line is understood."""

import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from glob import glob
from itertools import chain
from pathlib import Path

from geofer.app.recognition.annotation import AnnotatedCopies
from geofer.app.recognition.recognizer import Recognizer, load
from geofer.app.recognition.result_table import Row, TableWriter, columns, rows, table_writer
from geofer.app.recognition.sample import sample
from geofer.app.recognition.tracks import tracked
from geofer.app.recognition.views import View, camera_name, camera_views, last_change, picture_views, video_views
from geofer.errors import ConfigError, DataError, printable
from geofer.paths import counted_by_ending, shortened
from geofer.pictures import is_picture_file
from geofer.videos import SUFFIXES as VIDEO_SUFFIXES
from geofer.videos import import_av, is_video


@dataclass(frozen=True)
class Source:
    """A file or a camera.

    Attributes:
        name: Of its views.
        views: What the recognizer is to look at.
        first: Number of the first frame whose rows are missing in the table.
        copy: Where the drawn copy goes, if there is to be one.
        live: Whether it goes on until it is stopped.
    """

    name: str
    views: Iterator[View]
    first: int = 0
    copy: Path | None = None
    live: bool = False


def recognize_files(options: Namespace) -> None:
    """Recognize the faces of all that is named, into a table or onto the terminal.

    Args:
        options: Of `geofer.cli.recognize.recognize`.

    Raises:
        ConfigError: An extra that a video needs is not installed, or a copy could overwrite a picture.
        CheckpointError: The model cannot be used.
        DataError: There is nothing to look at, nothing of it could be recognized, or the camera stopped.
    """
    if options.sample:
        options.paths.append(str(sample()))
    left_out: list[Path] = []
    files = list(dict.fromkeys(find_files(options.paths, options.recursive, left_out)))
    copies = copy_paths(files, options.annotate) if options.annotate else {}
    if any(map(is_video, files)) or (options.annotate and options.camera is not None):
        import_av()
    recognizer = load(
        options.model,
        detector=options.detector,
        device=options.device,
        batch_size=options.batch_size,
        bf16=options.bf16,
    )
    names = columns(recognizer.description.expressions)
    modified = {str(file): last_change(file) for file in files}
    model = recognizer.fingerprint + (f" smoothed over {options.smooth:g} s" if options.smooth else "")
    written = table_writer(options.output, names, model, modified) if options.output else nullcontext()
    with written as table:
        if options.camera is not None:
            sources = [_camera(options)]
        else:
            listed = [_source(file, options.every, copies.get(file), table) for file in files]
            sources = [source for source in listed if source]
            if len(sources) < len(files):
                print(f"{len(files) - len(sources)} of {len(files)} files are in {printable(options.output)} already.")
            if table and table.stale:
                print(f"{table.stale} of them were changed since they were recognized, and are looked at again.")
        try:
            _recognize(recognizer, sources, table, options.output, model, options.smooth)
        finally:
            if left_out:
                print(
                    f"{len(left_out)} other files of these folders are neither pictures nor videos: "
                    f"{counted_by_ending(left_out)}.",
                    file=sys.stderr,
                )


def find_files(paths: Sequence[str], recursive: bool, left_out: list[Path]) -> Iterator[Path]:
    """The pictures and videos that files, folders and patterns name, in order.

    Args:
        paths: What is named.
        recursive: Whether folders of folders count.
        left_out: Gets the other files of folders, but for hidden ones.

    Raises:
        DataError: A path or pattern names nothing.
    """
    for name in paths:
        if "://" in name:
            raise DataError(f"{printable(name)} is an address; save the file on this machine first.")
        path = Path(name)
        if path.is_dir():
            inside = path.rglob("*") if recursive else path.iterdir()
            there = sorted(file for file in inside if file.is_file() and not file.name.startswith("."))
            found = [file for file in there if _is_meant(file)]
            left_out += [file for file in there if not _is_meant(file)]
        else:
            found = [path] if path.is_file() else [Path(file) for file in sorted(glob(name, recursive=True))]
        if not found:
            raise DataError(
                f"{printable(name)}: there is no such picture or video, and no folder with pictures or videos."
            )
        yield from found


def _is_meant(file: Path) -> bool:
    """Whether a folder's file is meant; one that is named is, whatever it is called."""
    return file.suffix.lower() in VIDEO_SUFFIXES or is_picture_file(file)


def copy_paths(files: Sequence[Path], folder: Path) -> dict[Path, Path]:
    """Where the drawn copy of each file goes; files of one name in several folders are numbered.

    Raises:
        ConfigError: The folder holds one of the files, which a copy could overwrite.
    """
    if folder.resolve() in {file.resolve().parent for file in files}:
        raise ConfigError(f"--annotate {printable(folder)}: what is to be copied lies there. Choose another folder.")
    taken: set[str] = set()
    copies = {}
    for file in dict.fromkeys(files):
        ending = ".mp4" if is_video(file) else ".png"
        name, number = shortened(file.stem, ending), 1
        while name.lower() in taken:  # some file systems do not tell A from a
            number += 1
            name = shortened(file.stem, f"-{number}{ending}")
        taken.add(name.lower())
        copies[file] = folder / name
    return copies


def _source(file: Path, every: float, copy: Path | None, table: TableWriter | None) -> Source | None:
    """What of a file an earlier command has not come to; None if that is nothing."""
    first = table.next_frame(str(file)) if table else 0
    if first is None:
        return None
    if not is_video(file):
        return Source(str(file), picture_views(file), copy=copy)
    if first and copy and copy.exists():  # it is only there once it is whole
        copy = None
    return Source(str(file), video_views(file, every, first=0 if copy else first), first, copy)


def _camera(options: Namespace) -> Source:
    name = camera_name(options.camera)
    copy = options.annotate / f"{name}.mp4" if options.annotate else None
    return Source(name, camera_views(options.camera, options.every, name), copy=copy, live=True)


def _recognize(
    recognizer: Recognizer,
    sources: Sequence[Source],
    table: TableWriter | None,
    output: Path | None,
    model: str,
    smooth: float,
) -> None:
    named = {source.name: source for source in sources}
    copies = {source.name: source.copy for source in sources if source.copy}
    live = any(source.live for source in sources)
    with_faces, seen, broken = set(), set(), set()
    stopped = None
    with AnnotatedCopies(copies) as drawn, _progress(sources) as follow:
        views = map(follow, chain.from_iterable(source.views for source in sources))
        try:
            for view, faces in tracked(recognizer.each(views, at_once=live), smooth):
                drawn.draw(view, faces)
                seen.add(view.name)
                first = named[view.name].first
                if faces or first:
                    with_faces.add(view.name)
                if view.error:
                    broken.add(view.name)
                if view.frame is None or view.frame.number >= first:
                    (_print if table is None else table.write)(rows(view, faces, model))
        except KeyboardInterrupt:
            if not live:
                raise
        except DataError as error:
            stopped = error
    if stopped:
        raise stopped
    if seen and not with_faces:
        raise DataError(f"Nothing was recognized: see {printable(output) if output else 'the lines above'} for why.")
    if poor := (seen - with_faces) | broken:
        print(f"{len(poor)} of {len(seen)} files have no face or could not be read to their end.", file=sys.stderr)


@contextmanager
def _progress(sources: Sequence[Source]) -> Iterator[Callable[[View], View]]:
    """A bar on the terminal's standard error, moved by a function through which the views go."""
    from rich.console import Console
    from rich.progress import Progress

    position = {source.name: number for number, source in enumerate(sources)}
    few = all(source.live for source in sources) or (len(sources) == 1 and not is_video(Path(sources[0].name)))
    console, out = Console(stderr=True), sys.stdout.isatty()
    with Progress(console=console, disable=few, redirect_stdout=out) as progress:
        task = progress.add_task("Recognizing", total=len(sources))

        def follow(view: View) -> View:
            frame = view.frame
            share = frame.time / frame.duration if frame and frame.duration else 0
            progress.update(task, completed=position[view.name] + min(share, 1))
            return view

        yield follow
        progress.update(task, completed=len(sources))


def _print(found: Sequence[Row]) -> None:
    """A few words on each face."""
    for row in found:
        file = printable(row["file"])
        place = file if row["time"] is None else f"{file} {row['time']:.2f} s"
        if row.get("error"):
            told = printable(row["error"])
            print(told if told.startswith(file) else f"{place}: {told}")
            continue
        known, warning = row["reliability"], row["warning"]
        tested = [] if known is None else [f"right in {known:.0%} of tests at this pose"]
        trust = "; ".join([*tested, *([f"warning: {warning}"] if warning else [])]) or "no test at this pose"
        print(
            f"{place} face {row['face']}: {row['expression']} {row[row['expression']]:.0%}, "
            f"yaw {row['yaw']:+.0f}°, pitch {row['pitch']:+.0f}°, roll {row['roll']:+.0f}° ({trust})"
        )
