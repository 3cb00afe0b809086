"""CMU Multi-PIE, whose protocol is five-fold cross validation over people."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args

from lightning.pytorch.utilities import rank_zero_info

from geofer.datamodules.layouts.label_lists import expression_of, read_rows
from geofer.datamodules.layouts.layout import report
from geofer.datamodules.layouts.picture_faces import PictureFaces
from geofer.datamodules.preparation.records import FaceRecord
from geofer.errors import ConfigError, DataError
from geofer.paths import AnyPath
from geofer.ranges import check_choice

YAWS = {
    **{"11_0": -90.0, "12_0": -75.0, "09_0": -60.0, "08_0": -45.0, "13_0": -30.0, "14_0": -15.0, "05_1": 0.0},
    **{"05_0": 15.0, "04_1": 30.0, "19_0": 45.0, "20_0": 60.0, "01_0": 75.0, "24_0": 90.0},
}
"""Degrees by camera. Which side is positive is a convention, and published toolboxes disagree: here it is 24_0's."""

ABOVE = ("08_1", "19_1")
"""Cameras that hang above the subject and have no place among the yaws."""

PAPER_CAMERAS = ("13_0", "14_0", "05_1", "05_0", "04_1")
CODES = {
    **{"01_01": "neutral", "01_02": "smile"},
    **{"02_01": "neutral", "02_02": "surprise", "02_03": "squint"},
    **{"03_01": "neutral", "03_02": "smile", "03_03": "disgust"},
    **{"04_01": "neutral", "04_02": "neutral", "04_03": "scream"},
}
"""Expressions by session and recording."""

NAME = re.compile(r"(\d{3})_(0[1-4])_(0[1-3])_(\d{2})(\d)_(\d{2})\.png")
SUBJECT_LIST = Path("meta", "subject_list.txt")


Recordings = Literal["first", "all"]


class MultiPIE(PictureFaces):
    """Multi-PIE: 337 people in up to four sessions, before 13 cameras at once, 15° apart, under 20 lights.

    R. Gross, I. Matthews, J. Cohn, T. Kanade and S. Baker, Multi-PIE, Image and Vision Computing 2010. The protocol of
    the paper (Section IV-A): five cameras from -30° to +30°, six expressions, 270 people, 1,531 pictures a camera and
    7,655 in all, five-fold cross validation in which nobody is in two folds. It does not say which 270 people, which
    light, and which of several recordings of one expression; the defaults take everybody without flash, and the first.
    ``docs/protocols.md`` says what speaks for that. ``geofer cross-validate`` runs all folds.

    ``root`` holds ``data/session01/multiview/001/01/05_1/001_01_01_051_00.png`` and so on. Where it also holds
    ``meta/subject_list.txt``, sessions that this list names and that have no picture are warned of.

    Args:
        root: The data set's folder.
        cameras: Which of `YAWS`.
        illuminations: Which lights: 00 and 19 are without flash, 01 to 18 with one flash each.
        recordings: Of an expression that a person shows several times (a smile in two sessions, neutral in up to five
            recordings) the ``first``, or ``all``.
        folds: Folds of the cross validation.
        **common: See `PictureFaces`.

    Raises:
        ConfigError: There is no such camera or light.
    """

    VOCABULARY = ("neutral", "disgust", "surprise", "smile", "scream", "squint")

    def __init__(
        self,
        root: AnyPath,
        *,
        cameras: tuple[str, ...] = PAPER_CAMERAS,
        illuminations: tuple[str, ...] = ("00",),
        recordings: Recordings = "first",
        folds: int | None = 5,
        **common: Any,  # noqa: ANN401 - PictureFaces has the types
    ) -> None:
        super().__init__(root, folds=folds, **common)
        if hanging := set(cameras) & set(ABOVE):
            raise ConfigError(f"Cameras {', '.join(sorted(hanging))} hang above the subject: they show no yaw.")
        lights = tuple(f"{number:02d}" for number in range(20))
        for kind, chosen, known in (("camera", cameras, tuple(YAWS)), ("illumination", illuminations, lights)):
            if not chosen:
                raise ConfigError(f"Choose at least one {kind} of Multi-PIE.")
            if unknown := [name for name in chosen if name not in known]:
                raise ConfigError(f"Multi-PIE has no {kind} {unknown[0]!r}; it has {', '.join(known)}.")
        self.cameras = tuple(cameras)
        self.illuminations = tuple(illuminations)
        check_choice("recordings", recordings, get_args(Recordings))
        self.recordings = recordings

    def prepare_data(self) -> None:
        """See `PictureFaces.prepare_data`; tells how many pictures there are beside the paper's."""
        super().prepare_data()
        count = self._listing.count
        rank_zero_info(
            f"Multi-PIE: {count:,} pictures, {count / len(self.cameras):,.0f} a camera. (The paper: 7,655 of 270 "
            "people, 1,531 a camera.)"
        )

    def records(self) -> Iterator[FaceRecord]:
        """See `PictureFaces.records`."""
        first: dict[tuple[str, str], tuple[str, str]] = {}
        sessions: set[tuple[str, str]] = set()
        for file, (subject, session, recording, camera) in self._pictures():
            sessions.add((subject, session))
            expression = expression_of(CODES, f"{session}_{recording}", f"{self.root / file}")
            this = session, recording
            if self.recordings == "first" and first.setdefault((subject, expression), this) != this:
                continue
            yield FaceRecord(file=file, expression=expression, subject=subject, yaw=YAWS[camera], pitch=0.0)
        self._report_missing(sessions)

    def _pictures(self) -> list[tuple[str, tuple[str, str, str, str]]]:
        """Files of the chosen cameras and lights with subject, session, recording and camera, in that order."""
        data = "data/" if (self.root / "data").is_dir() else ""
        pattern = f"{data}session0[1-4]/multiview/*/*/CAMERA/*_LIGHT.png"
        found = []
        for camera in self.cameras:
            for light in self.illuminations:
                for path in self.root.glob(pattern.replace("CAMERA", camera).replace("LIGHT", light)):
                    match = NAME.fullmatch(path.name)
                    folders = path.parts[-6][-2:], *path.parts[-4:-1]
                    if not match or (match[2], match[1], match[3], f"{match[4]}_{match[5]}") != folders:
                        raise DataError(f"{path}: the file's name does not fit the folders that it lies in.")
                    found.append((path.relative_to(self.root).as_posix(), (match[1], match[2], match[3], camera)))
        if not found:
            raise DataError(
                f"Multi-PIE: there is no file data/session01/multiview/001/01/{self.cameras[0]}/001_01_01_"
                f"{self.cameras[0].replace('_', '')}_{self.illuminations[0]}.png or the like under {self.root}. Set "
                "data.init_args.root to the folder that holds data."
            )
        return sorted(found, key=lambda picture: (picture[1], picture[0]))

    def _report_missing(self, sessions: set[tuple[str, str]]) -> None:
        """Warns of sessions that the list of subjects names, and that have no picture."""
        path = self.root / SUBJECT_LIST
        if not path.exists():
            return
        missing = []
        for line, cells in read_rows(path, " "):
            if len(cells) != 7 or not cells[0].isdecimal():
                raise DataError(f"{path}, line {line}: {' '.join(cells)!r} is not like '001 1980 Male 1 0 0 1'.")
            subject = f"{int(cells[0]):03d}"
            listed = [f"{number:02d}" for number, took_part in enumerate(cells[3:], start=1) if took_part == "1"]
            missing += [f"{subject} in session {name}" for name in listed if (subject, name) not in sessions]
        report(f"Multi-PIE: {SUBJECT_LIST} names people who have no picture under {self.root}", missing)
