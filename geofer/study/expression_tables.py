"""How well each row of a study recognises each expression: one table as Tables VII and X, a column an expression."""

import math
from collections.abc import Mapping

import numpy as np

from geofer.metrics.report import RecognitionReport


def expression_lines(rows: Mapping[str, RecognitionReport]) -> list[list[str]]:
    """The table's cells, its headings first: the share of an expression's faces that is recognised, in percent.

    Args:
        rows: Title of each row, and its seeds' report, see `geofer.study.row_tables.pooled`; all over the same
            expressions, at least one row.
    """
    expressions = next(iter(rows.values())).expressions
    return [["row", *expressions, "mean"]] + [[title, *_cells(report)] for title, report in rows.items()]


def _cells(report: RecognitionReport) -> list[str]:
    shown = report.confusion.sum(1)
    recalls = 100 * np.where(shown > 0, report.confusion.diagonal() / np.maximum(shown, 1), np.nan)
    return ["–" if math.isnan(value) else f"{value:.2f}" for value in (*recalls, np.nanmean(recalls))]
