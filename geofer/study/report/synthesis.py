"""Synthetic faces of the rows of a study: a table with a column a measure, and pictures as in Fig. 7 and 8."""

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import mean
from typing import TYPE_CHECKING

from geofer.callbacks.face_sheet import FaceSheet
from geofer.metrics.synthesis_report import SynthesisReport
from geofer.study.measures.runs import Pictures

if TYPE_CHECKING:
    from matplotlib.figure import Figure


Value = Callable[[SynthesisReport], float]


def _of(name: str, factor: float = 1.0) -> Value:
    return lambda report: factor * report[name]


def _real_similarity(report: SynthesisReport) -> float:
    return 1 - report["real_identity_distance"] / report["impostor_distance"]


COLUMNS: dict[str, tuple[int, Value, Value]] = {
    "landmark error, %": (2, _of("landmark_error_inner", 100), _of("real_landmark_error_inner", 100)),
    "no face found, %": (2, _of("landmark_failures", 100), _of("real_landmark_failures", 100)),
    "expression, %": (2, _of("expression_accuracy", 100), _of("real_expression_accuracy", 100)),
    "identity": (3, lambda report: report.identity_similarity, _real_similarity),
    "SSIM": (3, _of("ssim"), lambda _: 1.0),
    "PSNR, dB": (2, _of("psnr"), lambda _: math.inf),
    "L1, %": (2, _of("l1", 100), lambda _: 0.0),
    "KID": (3, _of("kid"), lambda _: 0.0),
    "diversity": (3, _of("diversity"), lambda _: 1.0),
}
"""Heading → digits, the value of x', and the value of the true x^t in its place."""

TRUTH = "true faces"

EXPLANATION = (
    "Pairs of two faces of one test person: the generator gives the first the landmarks of the second, which is the "
    "truth. Landmark error: of a detector's points but the jaw, as a share of the distance between the outer eye "
    "corners, over the faces that it finds. Expression: what a classifier sees that learned from real faces alone. "
    "Identity: 1 is the very same embedding, 0 as far away as other people. KID: in that classifier's features. "
    "Diversity: how much people with one geometry differ, over how much real ones do. The last row is what the true "
    "faces come to; means over seeds."
)


FACE, LABEL, HEAD, GAP = 0.55, 2.2, 0.5, 0.12
"""Of the figures, in inches: the side of a face, the width of the names, the height of the headings, and a gap."""


def synthesis_lines(rows: Mapping[str, Sequence[SynthesisReport]]) -> list[list[str]]:
    """The table's cells, its headings first, and the true faces last.

    Args:
        rows: Title of each row, and its report of each seed; at least one row.
    """
    lines = [["row", "seeds", *COLUMNS]]
    for title, reports in rows.items():
        values = [mean(value(report) for report in reports) for _, value, _ in COLUMNS.values()]
        lines.append([title, str(len(reports)), *_cells(values)])
    everything = [report for reports in rows.values() for report in reports]
    truth = [mean(real(report) for report in everything) for _, _, real in COLUMNS.values()]
    return [*lines, [TRUTH, "", *_cells(truth)]]


def _cells(values: Sequence[float]) -> list[str]:
    return [
        "–" if math.isnan(value) else "∞" if math.isinf(value) else f"{value:.{digits}f}"
        for value, (digits, _, _) in zip(values, COLUMNS.values(), strict=True)
    ]


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
