"""How good a generator's faces are, as plain data that fits into files and tables."""

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from geofer.metrics.pair_means import Estimate
from geofer.names import in_cell

PAIR_MEASURES = (
    "landmark_error",
    "landmark_error_inner",
    "landmark_failures",
    "ssim",
    "psnr",
    "l1",
    "expression_accuracy",
    "identity_distance",
)
"""What is averaged over pairs, of x'."""

REAL_MEASURES = (
    "real_landmark_error",
    "real_landmark_error_inner",
    "real_landmark_failures",
    "real_expression_accuracy",
    "real_identity_distance",
)
"""The same of the true x^t in the place of x': what a perfect generator reaches."""

SET_MEASURES = ("impostor_distance", "kid", "kid_identity", "diversity", "diversity_identity")
"""What all faces have together."""


@dataclass(frozen=True)
class SynthesisReport:
    """What `geofer.metrics.SynthesisMetrics` found; docs/synthesis-metrics.md defines every measure.

    Attributes:
        values: Each measure by its name; NaN where it was not measured, and as the interval of `SET_MEASURES`.
        pairs: Number of pairs (x, x^t).
        subjects: Number of people.
    """

    values: Mapping[str, Estimate]
    pairs: int
    subjects: int

    def __getitem__(self, name: str) -> float:
        """The mean of one measure.

        Raises:
            KeyError: There is no such measure.
        """
        return self.values[name].mean

    @property
    def identity_similarity(self) -> float:
        """How far x' has come from a impostor to the person: 0 as far as other people, 1 the very same embedding."""
        return 1 - self["identity_distance"] / self["impostor_distance"]

    def row(self) -> dict[str, float]:
        """One flat row: every mean by its name, its interval as ``…_low`` and ``…_high``, and the counts."""
        row: dict[str, float] = {"pairs": self.pairs, "subjects": self.subjects}
        for name, value in self.values.items():
            row[name] = value.mean
            if name not in SET_MEASURES:
                row |= {f"{name}_low": value.low, f"{name}_high": value.high}
        return {**row, "identity_similarity": self.identity_similarity}

    def to_dict(self) -> dict[str, Any]:
        """Numbers and strings, ready for strict JSON: None stands for NaN, and the PSNR of equal pictures is "inf"."""
        return {name: value if math.isfinite(value) else _WORDS[str(value)] for name, value in self.row().items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`.

        Raises:
            KeyError: If a measure is missing.
            ValueError: If something is no number.
        """

        def number(name: str) -> float:
            return math.nan if data[name] is None else float(data[name])

        values = {
            name: Estimate(number(name), number(f"{name}_low"), number(f"{name}_high"))
            for name in PAIR_MEASURES + REAL_MEASURES
        }
        values |= {name: Estimate(number(name)) for name in SET_MEASURES}
        return cls(values, int(data["pairs"]), int(data["subjects"]))


_WORDS = {"nan": None, "inf": "inf", "-inf": "-inf"}


def synthesis_csv(reports: Mapping[str, SynthesisReport]) -> str:
    """Reports as CSV, one row each.

    Args:
        reports: Name of each generator and its report; at least one. A measure that was not taken is an empty cell.
    """
    text = io.StringIO()
    rows = {name: report.row() for name, report in reports.items()}
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["generator", *next(iter(rows.values()))])
    for name, row in rows.items():
        writer.writerow([in_cell(name), *("" if math.isnan(value) else f"{value:.6g}" for value in row.values())])
    return text.getvalue()
