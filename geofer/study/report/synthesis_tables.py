"""How good the synthetic faces of each row of a study are: one table, a column a measure."""

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import mean

from geofer.metrics.synthesis_report import SynthesisReport

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
