"""The faces of several generators beside each other and the truth, after the style of Fig. 7 and 8 of the paper."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from geofer.callbacks.face_sheet import FaceSheet
from geofer.study.measures.measured import Pictures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FACE = 0.55  # inches
LABEL = 2.2
HEAD = 0.5
GAP = 0.12


def generators_figure(
    rows: Mapping[str, Pictures], poses: Sequence[str], expressions: Sequence[str], shown: Sequence[int]
) -> "Figure":
    """The true faces of one person, and below each other those of the generators; expressions and poses are columns.

    Args:
        rows: Title of each generator and its faces, all of the same person.
        poses: Names of the P poses.
        expressions: Names of the K expressions.
        shown: Which of the poses.
    """
    truth = next(iter(rows.values())).real
    lines = {"true faces": truth, **{title: pictures.synthetic for title, pictures in rows.items()}}
    columns = len(expressions)
    width = LABEL + len(shown) * (columns * FACE + GAP)
    sheet = FaceSheet(width, HEAD + len(lines) * FACE + 0.1)
    for block, pose in enumerate(shown):
        left = LABEL + block * (columns * FACE + GAP)
        sheet.text(poses[pose], left, 0.16, fontsize=8, fontweight="bold", va="center")
        for column, name in enumerate(expressions):
            sheet.text(name, left + (column + 0.5) * FACE, 0.4, fontsize=6.5, ha="center", va="center")
        for line, faces in enumerate(lines.values()):
            for column in range(columns):
                sheet.picture(faces[pose, column], left + column * FACE, HEAD + line * FACE, 0.97 * FACE)
    _label(sheet, list(lines), HEAD)
    return sheet.figure


def strips_figure(rows: Mapping[str, Pictures]) -> "Figure":
    """Landmarks from one expression to another, and below each other the faces that the generators make of them.

    Args:
        rows: Title of each generator and its faces, all of the same person; T > 0.
    """
    landmarks = next(iter(rows.values())).landmarks
    sheet = FaceSheet(LABEL + len(landmarks) * FACE + 0.1, (len(rows) + 1) * FACE + 0.2)
    for step, points in enumerate(landmarks):
        x = LABEL + step * FACE
        sheet.landmarks(points, x, 0.1, 0.97 * FACE)
        for line, pictures in enumerate(rows.values(), start=1):
            sheet.picture(pictures.strip[step], x, 0.1 + line * FACE, 0.97 * FACE)
    _label(sheet, ["landmarks", *rows], 0.1)
    return sheet.figure


def _label(sheet: FaceSheet, names: Sequence[str], top: float) -> None:
    for line, name in enumerate(names):
        sheet.text(name, LABEL - 0.08, top + (line + 0.5) * FACE, fontsize=7, ha="right", va="center")
