"""What each row of a study recognizes: by pose and expression as in Tables III, V, VII and X, confused as in Fig. 4."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from geofer.callbacks.report_figures import accuracy_figure, confusion_figure
from geofer.figures import save_figure
from geofer.metrics.confusion import balanced_accuracy, recalls
from geofer.metrics.report import RecognitionReport
from geofer.metrics.subsets import SubsetCounts
from geofer.metrics.tables import percent, report_csv, report_markdown
from geofer.paths import written_whole

POSE_EXPRESSION, CONFUSION = "pose_expression", "confusion"
FORMATS = ("csv", "md", "png")


def pooled(reports: Sequence[RecognitionReport]) -> RecognitionReport:
    """Several seeds of one row as one: their faces are counted together, so that shares are means over seeds.

    The interval and the calibration error are means over seeds, and `subjects` are those of the largest: seeds may
    test the same people. Where seeds differ in their ``pose_step``, all have the coarsest.

    Args:
        reports: At least one; all over the same K expressions.
    """
    first, step = reports[0], max(report.pose_step for report in reports)
    joined = np.concatenate([np.rint(report.poses / step) * step for report in reports])
    known = np.nan_to_num(joined, nan=np.inf)  # unlike NaN, infinity equals itself
    poses, rows = np.unique(known, axis=0, return_inverse=True)
    correct, total = np.zeros((2, len(poses), len(first.expressions)), np.int64)
    np.add.at(correct, rows.ravel(), np.concatenate([report.correct for report in reports]))
    np.add.at(total, rows.ravel(), np.concatenate([report.total for report in reports]))
    tags = dict.fromkeys(subset.tag for report in reports for subset in report.subsets)
    subsets = [[subset for report in reports for subset in report.subsets if subset.tag == tag] for tag in tags]
    return RecognitionReport(
        expressions=first.expressions,
        poses=np.where(np.isinf(poses), np.nan, poses),
        correct=correct,
        total=total,
        confusion=np.sum([report.confusion for report in reports], axis=0),
        calibration_error=float(np.mean([report.calibration_error for report in reports])),
        accuracy_low=float(np.mean([report.accuracy_low for report in reports])),
        accuracy_high=float(np.mean([report.accuracy_high for report in reports])),
        subjects=max(report.subjects for report in reports),
        pose_step=step,
        subsets=tuple(
            SubsetCounts(same[0].tag, sum(each.correct for each in same), sum(each.total for each in same))
            for same in subsets
        ),
    )


def confusion_csv(report: RecognitionReport) -> str:
    """The confusion matrix as CSV: numbers of faces, a line for each true expression."""
    lines = [["true", *report.expressions]]
    lines += [[name, *map(str, row)] for name, row in zip(report.expressions, report.confusion.tolist(), strict=True)]
    return "".join(f"{','.join(line)}\n" for line in lines)


def confusion_markdown(report: RecognitionReport) -> str:
    """The confusion matrix as a Markdown table: percent of the faces that truly show the expression."""
    shown = report.confusion.sum(1, keepdims=True)
    shares = np.where(shown > 0, report.confusion / np.maximum(shown, 1), np.nan).tolist()
    lines = [["true \\ found", *report.expressions], ["---", *["---:"] * len(report.expressions)]]
    lines += [[name, *map(percent, row)] for name, row in zip(report.expressions, shares, strict=True)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def write_row_tables(report: RecognitionReport, title: str, folder: Path) -> None:
    """Writes ``pose_expression`` and ``confusion`` as ``.csv``, ``.md`` and ``.png``.

    Pictures are only drawn if the tables have changed.

    Args:
        report: Of the row, see `pooled`.
        title: Of the row.
        folder: Where to write; it is made.
    """
    texts = {
        f"{POSE_EXPRESSION}.csv": report_csv(report),
        f"{POSE_EXPRESSION}.md": report_markdown(report),
        f"{CONFUSION}.csv": confusion_csv(report),
        f"{CONFUSION}.md": confusion_markdown(report),
    }
    if all(_holds(folder / name, text) for name, text in texts.items()):
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name, draw in ((POSE_EXPRESSION, accuracy_figure), (CONFUSION, confusion_figure)):
        save_figure(draw(report, title), folder / f"{name}.png")
    for name, text in texts.items():  # last, as they tell that the pictures are there
        with written_whole(folder / name) as file:
            file.write(text.encode())


def _holds(path: Path, text: str) -> bool:
    return path.exists() and path.read_bytes() == text.encode()


def expression_lines(rows: Mapping[str, RecognitionReport]) -> list[list[str]]:
    """The table's cells, its headings first: the share of an expression's faces that is recognized, in percent.

    Args:
        rows: Title of each row, and its seeds' report, see `geofer.study.report.rows.pooled`; all over the same
            expressions, at least one row.
    """
    expressions = next(iter(rows.values())).expressions
    return [["row", *expressions, "mean"]] + [[title, *_cells(report)] for title, report in rows.items()]


def _cells(report: RecognitionReport) -> list[str]:
    return [percent(share) for share in (*recalls(report.confusion), balanced_accuracy(report.confusion))]
