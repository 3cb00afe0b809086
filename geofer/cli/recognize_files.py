"""What ``geofer recognize`` does once its command line is understood."""

import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from glob import glob
from itertools import chain
from pathlib import Path

from geofer.app.recognition.annotation import AnnotatedCopies
from geofer.app.recognition.recognizer import Recognizer, load
from geofer.app.recognition.result_table import Row, TableWriter, columns, rows, table_writer
from geofer.app.recognition.sample import sample
from geofer.app.recognition.tracks import tracked
from geofer.app.recognition.views import View, camera_name, camera_views, last_change, picture_views, video_views
from geofer.cli.engine_options import chosen_cluster
from geofer.errors import ConfigError, DataError, printable
from geofer.paths import counted_by_ending, shortened
from geofer.pictures import is_picture_file
from geofer.ray_cluster import RayCluster
from geofer.videos import SUFFIXES as VIDEO_SUFFIXES
from geofer.videos import import_av, is_video

PICTURES = 64
"""Of a part of the work, at least; a video is a part by itself. No batch of faces reaches over the end of a part, so
the parts come to the same results wherever they are worked on."""


@dataclass(frozen=True)
class Source:
    """A file or a camera.

    Attributes:
        name: Of its views; the path of a file.
        every: Seconds from one frame to the next.
        first: Number of the first frame whose rows are missing in the table.
        copy: Where the drawn copy goes, if there is to be one.
        camera: Which camera it is, which goes on until it is stopped; None for a file.
    """

    name: str
    every: float = 0.0
    first: int = 0
    copy: Path | None = None
    camera: int | str | None = None

    def views(self) -> Iterator[View]:
        """What the recognizer is to look at."""
        if self.camera is not None:
            return camera_views(self.camera, self.every, self.name)
        file = Path(self.name)
        if is_video(file):
            return video_views(file, self.every, first=0 if self.copy else self.first)
        return picture_views(file)


@dataclass(frozen=True)
class Looked:
    """What was seen in one picture or frame.

    Attributes:
        name: Of its source.
        rows: For the table; none of a frame whose rows are there.
        faces: Whether it has a face.
        error: Whether something was wrong with it.
        share: How much of its source is done, in [0, 1).
    """

    name: str
    rows: Sequence[Row]
    faces: bool
    error: bool
    share: float


@dataclass(frozen=True)
class Part:
    """Sources that are looked at one after the other, in one process.

    Attributes:
        number: Of the part, from 0.
        sources: What is looked at.
    """

    number: int
    sources: Sequence[Source]


@dataclass(frozen=True)
class PartWork:
    """Looks at the sources of a part; it is sent to the workers of a cluster.

    Attributes:
        recognizer: Who looks.
        model: What rows say of it.
        smooth: Seconds over which probabilities in videos are smoothed.
    """

    recognizer: Recognizer
    model: str
    smooth: float

    def __call__(self, part: Part) -> tuple[int, list[Looked]]:
        """The number of a part, and what was seen in it."""
        seen: list[Looked] = []
        self.look(part.sources, seen.append)
        return part.number, seen

    def look(self, sources: Sequence[Source], tell: Callable[[Looked], None]) -> None:
        """Looks at sources in their order, draws their copies, and tells of each picture and frame at once.

        Raises:
            DataError: A camera stopped.
        """
        named = {source.name: source for source in sources}
        copies = {source.name: source.copy for source in sources if source.copy}
        live = any(source.camera is not None for source in sources)
        views = chain.from_iterable(source.views() for source in sources)
        stopped: DataError | None = None
        with AnnotatedCopies(copies) as drawn:
            try:
                for view, faces in tracked(self.recognizer.each(views, at_once=live), self.smooth):
                    drawn.draw(view, faces)
                    frame, first = view.frame, named[view.name].first
                    new = frame is None or frame.number >= first
                    share = frame.time / frame.duration if frame and frame.duration else 0.0
                    found = rows(view, faces, self.model) if new else []
                    tell(Looked(view.name, found, bool(faces or first), bool(view.error), min(share, 1)))
            except KeyboardInterrupt:
                if not live:
                    raise
            except DataError as error:  # the copy of what was seen before it stays
                stopped = error
        if stopped:
            raise stopped


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
    cluster = _cluster(options)
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
            work = PartWork(recognizer, model, options.smooth)
            _recognize(work, sources, max(PICTURES, options.batch_size), table, options.output, cluster)
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
    if first and copy and copy.exists():  # it is only there once it is whole
        copy = None
    return Source(str(file), every, first, copy)


def _camera(options: Namespace) -> Source:
    name = camera_name(options.camera)
    copy = options.annotate / f"{name}.mp4" if options.annotate else None
    return Source(name, options.every, copy=copy, camera=options.camera)


def _cluster(options: Namespace) -> RayCluster | None:
    """The machines that look at the files; each part has a GPU if the network runs on one."""
    cluster = chosen_cluster(options)
    if cluster is not None and options.camera is not None:
        raise ConfigError("A camera stands before this machine: leave --engine ray out.")
    return replace(cluster, gpus=1) if cluster and options.device.startswith("cuda") else cluster


def parts(sources: Sequence[Source], pictures: int) -> Iterator[Part]:
    """Sources in parts, in their order: so many pictures a part, and a video or camera by itself."""
    number, waiting = 0, list[Source]()
    for source in sources:
        alone = source.camera is not None or is_video(Path(source.name))
        if waiting and (alone or len(waiting) == pictures):
            yield Part(number, waiting)
            number, waiting = number + 1, []
        waiting.append(source)
        if alone:
            yield Part(number, waiting)
            number, waiting = number + 1, []
    if waiting:
        yield Part(number, waiting)


def _recognize(
    work: PartWork,
    sources: Sequence[Source],
    pictures: int,
    table: TableWriter | None,
    output: Path | None,
    cluster: RayCluster | None,
) -> None:
    with_faces, seen, broken = set(), set(), set()
    with _progress(sources) as advance:

        def tell(looked: Looked) -> None:
            advance(looked)
            seen.add(looked.name)
            if looked.faces:
                with_faces.add(looked.name)
            if looked.error:
                broken.add(looked.name)
            if looked.rows:
                (_print if table is None else table.write)(looked.rows)

        if cluster is None:
            for part in parts(sources, pictures):
                work.look(part.sources, tell)
        else:
            for looked in _in_order(cluster.work_through(work, parts(sources, pictures))):
                tell(looked)
    if seen and not with_faces:
        raise DataError(f"Nothing was recognized: see {printable(output) if output else 'the lines above'} for why.")
    if poor := (seen - with_faces) | broken:
        print(f"{len(poor)} of {len(seen)} files have no face or could not be read to their end.", file=sys.stderr)


def _in_order(found: Iterable[tuple[int, list[Looked]]]) -> Iterator[Looked]:
    """What was seen in all parts, part by part, though they come in any order."""
    waiting: dict[int, list[Looked]] = {}
    following = 0
    for number, seen in found:
        waiting[number] = seen
        while following in waiting:
            yield from waiting.pop(following)
            following += 1


@contextmanager
def _progress(sources: Sequence[Source]) -> Iterator[Callable[[Looked], None]]:
    """A bar on the terminal's standard error, moved by a function that is told what was seen."""
    from rich.console import Console
    from rich.progress import Progress

    position = {source.name: number for number, source in enumerate(sources)}
    live = any(source.camera is not None for source in sources)
    few = live or (len(sources) == 1 and not is_video(Path(sources[0].name)))
    console, out = Console(stderr=True), sys.stdout.isatty()
    with Progress(console=console, disable=few, redirect_stdout=out) as progress:
        task = progress.add_task("Recognizing", total=len(sources))
        yield lambda looked: progress.update(task, completed=position[looked.name] + looked.share)
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
