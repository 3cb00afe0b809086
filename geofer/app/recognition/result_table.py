"""What a recognizer said of many pictures and frames, one row a face, written as it goes."""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any

from geofer.app.recognition.recognized_face import RecognizedFace
from geofer.app.recognition.views import View
from geofer.errors import ConfigError, DataError, printable
from geofer.names import in_cell
from geofer.paths import AnyPath, as_path, written_whole

Row = dict[str, Any]

FORMATS = (".csv", ".jsonl", ".parquet")

ORIGIN = ("model", "modified")
"""Columns that tell whether a row still holds: who recognized the face, and when the file was changed before."""


def columns(expressions: Sequence[str]) -> list[str]:
    """Names of the columns, in order; the same for pictures and videos, so that their tables can be joined."""
    place = ["file", "frame", "time", "face", "track", "x0", "y0", "x1", "y1"]
    return [*place, "expression", *expressions, "yaw", "pitch", "roll", "reliability", "warning", "error", *ORIGIN]


def rows(view: View, faces: Sequence[RecognizedFace], model: str | None = None) -> list[Row]:
    """One row a face, or one that says that there is none.

    Args:
        view: What was looked at.
        faces: What was recognized.
        model: By whom, see `Recognizer.fingerprint`.
    """
    frame = view.frame
    origin = {"model": model, "modified": view.modified}
    place: Row = {
        "file": view.name,
        "frame": frame.number if frame else None,
        "time": round(frame.time, 3) if frame else None,
    }
    if not faces:
        return [{**place, "error": view.error or "no face was found", **origin}]
    return [
        {
            **place,
            "face": number,
            "track": face.track,
            **dict(zip(("x0", "y0", "x1", "y1"), (round(float(edge), 1) for edge in face.box), strict=True)),
            "expression": face.expression,
            **{name: round(share, 6) for name, share in face.probabilities.items()},
            "yaw": round(face.yaw, 1),
            "pitch": round(face.pitch, 1),
            "roll": round(face.roll, 1),
            "reliability": face.reliability,
            "warning": face.warning,
            **origin,
        }
        for number, face in enumerate(faces)
    ]


class TableWriter:
    """Writes rows, all those of a picture or frame at once.

    CSV and JSON lines grow as it goes, and a later writer goes on behind the last whole row; Parquet is written when
    the writer is closed.

    Attributes:
        stale: How many files had rows from before they were changed; these rows are gone.
    """

    def __init__(
        self, path: Path, names: Sequence[str], files: ExitStack, model: str | None, modified: Mapping[str, str | None]
    ) -> None:
        """Open the table; ``files`` closes it.

        Raises:
            ConfigError: The file's name has none of the known endings.
            DataError: The file is another table, or has rows of another model.
        """
        self._suffix = path.suffix.lower()
        if self._suffix not in FORMATS:
            raise ConfigError(f"{printable(path)}: a table ends in {', '.join(FORMATS)}.")
        self._names = list(names)
        self._kept: list[Row] = []
        self.stale = 0
        self._last: dict[str, int | None] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: IO[bytes] | None = None
        if self._suffix == ".parquet":
            files.callback(self._write_parquet, path)
            return
        if path.exists():
            self._last = _last_frames(self._without_stale(path, self._read(path), model, modified))
        self._file = files.enter_context(path.open("ab", buffering=0))  # those of one picture are one write, or none
        if not path.stat().st_size:
            self._file.write(self._header())

    def next_frame(self, file: str) -> int | None:
        """Which frame of a file an earlier writer did not come to: 0 if none was written, None if all were.

        A video is known to be finished only if an error ended it.
        """
        known = in_cell(file)
        if known not in self._last:
            return 0
        last = self._last[known]
        return None if last is None else last + 1

    def write(self, picture: Sequence[Row]) -> None:
        """Adds the rows of one picture or frame; names and messages as cells may hold them, in each format the same."""
        picture = [
            {name: in_cell(value) if isinstance(value, str) else value for name, value in row.items()}
            for row in picture
        ]
        if self._file is None:
            self._kept.extend(picture)
            return
        self._file.write(self._lines(picture))

    def _header(self) -> bytes:
        text = io.StringIO()
        if self._suffix == ".csv":
            csv.writer(text).writerow(self._names)
        return text.getvalue().encode()

    def _lines(self, found: Sequence[Row]) -> bytes:
        text = io.StringIO()
        if self._suffix == ".csv":
            csv.DictWriter(text, self._names).writerows(found)
        else:
            text.writelines(json.dumps({name: row.get(name) for name in self._names}) + "\n" for row in found)
        return text.getvalue().encode()

    def _without_stale(
        self, path: Path, found: list[Row], model: str | None, modified: Mapping[str, str | None]
    ) -> list[Row]:
        """The rows less those of files that were changed since, which are taken out of the table, too."""
        if others := {row["model"] for row in found} - {model}:
            raise DataError(
                f"{printable(path)} has rows of another model or detector ({printable(min(map(str, others)))}; this is "
                f"{model}). Choose another --output, or remove that table."
            )
        now = {in_cell(name): change for name, change in modified.items()}
        kept = [row for row in found if (row["modified"] or None) == now.get(row["file"], row["modified"] or None)]
        if len(kept) < len(found):
            with written_whole(path) as file:
                file.write(self._header() + self._lines(kept))
        self.stale = len({row["file"] for row in found}) - len({row["file"] for row in kept})
        return kept

    def _read(self, path: Path) -> list[Row]:
        """The rows of an earlier writer; half a row at the end, left by a kill, is cut off."""
        raw = path.read_bytes()
        whole = raw[: raw.rfind(b"\n") + 1]
        if whole != raw:
            with path.open("r+b") as file:
                file.truncate(len(whole))
        try:
            text = whole.decode("utf-8")
            if self._suffix == ".csv":
                reader = csv.DictReader(io.StringIO(text, newline=""))
                names, found = reader.fieldnames or [], list(reader)
            else:
                found = [json.loads(line) for line in text.splitlines()]
                names = list(found[0]) if found and isinstance(found[0], dict) else []
            if not all(isinstance(row, dict) and row.keys() == set(names) for row in found):
                raise ValueError("its rows differ")
        except (ValueError, RecursionError, csv.Error) as error:
            reason = printable(error)[:200]
            raise DataError(f"{printable(path)} is no table of geofer ({reason}). Choose another --output.") from error
        if text and list(names) != self._names:
            raise DataError(f"{printable(path)} is another table, with other columns. Choose another --output.")
        if not all(map(_is_row, found)):
            raise DataError(f"{printable(path)} has rows that geofer does not write. Choose another --output.")
        return found

    def _write_parquet(self, path: Path) -> None:
        import pyarrow
        from pyarrow import parquet

        data = {name: [row.get(name) for row in self._kept] for name in self._names}
        with written_whole(path) as file:
            parquet.write_table(pyarrow.table(data), file)


def _is_row(row: Row) -> bool:
    """Whether the entries that are looked at are what a writer makes of them; a CSV file has texts alone."""
    texts = all(row[name] is None or isinstance(row[name], str) for name in ("file", *ORIGIN))
    return texts and re.fullmatch(r"\d{0,15}|None", str(row["frame"]), re.ASCII) is not None


def _last_frames(found: Sequence[Row]) -> dict[str, int | None]:
    """Number of the last frame of each file; None for pictures, and for videos behind whose end an error stands."""
    last: dict[str, int | None] = {}
    for row in found:
        frame = row["frame"]
        last[row["file"]] = None if frame in (None, "") else int(frame)
    return last


@contextmanager
def table_writer(
    path: AnyPath,
    names: Sequence[str],
    model: str | None = None,
    modified: Mapping[str, str | None] = MappingProxyType({}),
) -> Iterator[TableWriter]:
    """A `TableWriter`, closed at the end, also after an interrupt.

    Args:
        path: The table.
        names: Of its columns, see `columns`.
        model: Whose rows it gets; a table with rows of another one is refused.
        modified: Name of each file that will be looked at → when it was changed; its older rows are dropped.
    """
    with ExitStack() as files:
        yield TableWriter(as_path(path), names, files, model, modified)
