"""How well each row of a study recognizes each expression: one table as Tables VII and X, a column an expression."""

from collections.abc import Mapping

from geofer.metrics.confusion import balanced_accuracy, recalls
from geofer.metrics.report import RecognitionReport
from geofer.metrics.tables import percent


def expression_lines(rows: Mapping[str, RecognitionReport]) -> list[list[str]]:
    """The table's cells, its headings first: the share of an expression's faces that is recognized, in percent.

    Args:
        rows: Title of each row, and its seeds' report, see `geofer.study.report.row_tables.pooled`; all over the same
            expressions, at least one row.
    """
    expressions = next(iter(rows.values())).expressions
    return [["row", *expressions, "mean"]] + [[title, *_cells(report)] for title, report in rows.items()]


def _cells(report: RecognitionReport) -> list[str]:
    return [percent(share) for share in (*recalls(report.confusion), balanced_accuracy(report.confusion))]
