"""A report for people: as a terminal table, CSV or Markdown, and back from a run's folder."""

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from geofer.errors import DataError, printable
from geofer.metrics.pose_expression import POSE_STEP
from geofer.metrics.report import RecognitionReport
from geofer.paths import AnyPath, as_path
from geofer.ranges import check_choice

if TYPE_CHECKING:
    from rich.table import Table

AVERAGE = "average"


def report_path(run_folder: AnyPath, split: str) -> Path:
    """Where a run keeps the report of one split (``val`` or ``test``)."""
    return as_path(run_folder) / f"{split}_metrics.json"


def load_report(run_folder: AnyPath, split: str = "test") -> RecognitionReport:
    """Reads the report that a run left behind.

    Args:
        run_folder: The run's folder.
        split: ``val`` or ``test``.

    Raises:
        DataError: If there is none, or the file is damaged.
        ConfigError: There is no such split.
    """
    check_choice("split", split, ("val", "test"))
    run_folder = as_path(run_folder)
    path = report_path(run_folder, split)
    try:
        return RecognitionReport.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise DataError(f"{run_folder} holds no {path.name}: evaluate the run first, with `geofer test`.") from None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise DataError(f"{path} is no report of geofer ({reason}): evaluate the run again.") from error


def pose_name(yaw: float, pitch: float) -> str:
    """A pose as the paper prints it: ``-45, +0``; ``unknown`` if both angles are NaN, ``+30, ?`` if one is.

    Examples:
        >>> pose_name(-45, 0), pose_name(math.nan, math.nan)
        ('-45, +0', 'unknown')
    """
    if math.isnan(yaw) and math.isnan(pitch):
        return "unknown"
    return ", ".join("?" if math.isnan(angle) else f"{angle:+.0f}" for angle in (yaw, pitch))


def pose_header(report: RecognitionReport) -> str:
    """What stands above the names of the poses."""
    return "yaw, pitch" if report.pose_step == POSE_STEP else f"yaw, pitch ± {report.pose_step / 2:g}"


def percent(value: float) -> str:
    """A share as a percentage with two digits, as in the paper; ``–`` where there is none.

    Examples:
        >>> percent(0.7143), percent(math.nan)
        ('71.43', '–')
    """
    return "–" if math.isnan(value) else f"{100 * value:.2f}"


def interval(report: RecognitionReport) -> str:
    """Accuracy with its interval over subjects, in percent: ``71.43 [66.10, 76.29]``."""
    return f"{percent(report.accuracy)} [{percent(report.accuracy_low)}, {percent(report.accuracy_high)}]"


def accuracy_rows(report: RecognitionReport) -> list[tuple[str, list[float]]]:
    """The pose × expression table with its means: a name and K + 1 shares for each row, the averages last."""
    rows = [
        (pose_name(yaw, pitch), [*cells, mean])
        for (yaw, pitch), cells, mean in zip(report.poses, report.table.tolist(), report.pose_means, strict=True)
    ]
    return [*rows, (AVERAGE, [*report.expression_means.tolist(), report.corner])]


def report_csv(report: RecognitionReport) -> str:
    """The pose × expression table in percent as CSV: columns yaw, pitch, every expression, average.

    The last row is named ``average`` and has no pitch; a cell without a face is empty, and so is an unknown angle.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["yaw", "pitch", *report.expressions, AVERAGE])
    poses = [["" if math.isnan(angle) else f"{angle:.0f}" for angle in pose] for pose in report.poses]
    names = [*poses, [AVERAGE, ""]]
    for name, (_, cells) in zip(names, accuracy_rows(report), strict=True):
        writer.writerow([*name, *("" if math.isnan(cell) else f"{100 * cell:.2f}" for cell in cells)])
    return text.getvalue()


def report_markdown(report: RecognitionReport) -> str:
    """The pose × expression table in percent as a Markdown table."""
    lines = [
        [pose_header(report), *report.expressions, AVERAGE],
        ["---", *["---:"] * (len(report.expressions) + 1)],
        *([name, *map(percent, cells)] for name, cells in accuracy_rows(report)),
    ]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def report_table(report: RecognitionReport, title: str | None = None) -> "Table":
    """The pose × expression table in percent for the terminal, best average in each direction in bold."""
    caption = f"accuracy {interval(report)} % (95 % over {report.subjects} subjects) · {report.faces} faces"
    for subset in report.subsets:
        caption += f"\n{printable(subset.tag)}: accuracy {percent(subset.accuracy)} % of {subset.total} faces"
    table = _table([pose_header(report), *report.expressions, AVERAGE], title, caption)
    rows = accuracy_rows(report)
    best = max(cells[-1] for _, cells in rows[:-1])
    for name, cells in rows[:-1]:
        shown = [*map(percent, cells)]
        if cells[-1] == best:
            shown[-1] = f"[bold]{shown[-1]}[/bold]"
        table.add_row(name, *shown)
    table.add_section()
    means = rows[-1][1][:-1]
    best = max(mean for mean in means if not math.isnan(mean))
    shown = [f"[bold]{percent(mean)}[/bold]" if mean == best else percent(mean) for mean in means]
    table.add_row(AVERAGE, *shown, f"[bold]{percent(rows[-1][1][-1])}[/bold]")
    return table


def comparison_table(reports: Mapping[str, RecognitionReport]) -> "Table":
    """Several runs beside each other, a column a run: accuracy with its interval, scores, accuracy by expression.

    Args:
        reports: Name of each run and its report; all over the same expressions.

    Raises:
        DataError: If the runs tell different expressions apart.
    """
    from rich.text import Text

    runs = list(reports.values())
    expressions = runs[0].expressions
    if any(report.expressions != expressions for report in runs):
        found = "; ".join(f"{name}: {', '.join(report.expressions)}" for name, report in reports.items())
        raise DataError(f"These runs tell different expressions apart and cannot be compared ({found}).")
    table = _table(["percent", *reports], caption="the interval is 95 % over subjects")
    scalars = [report.scalars() for report in runs]
    table.add_row("[bold]accuracy[/bold]", *(f"[bold]{percent(report.accuracy)}[/bold]" for report in runs))
    table.add_row("interval", *(f"{percent(run.accuracy_low)}–{percent(run.accuracy_high)}" for run in runs))
    for key in ("balanced_accuracy", "macro_f1", "calibration_error"):
        table.add_row(key.replace("_", " "), *(percent(values[key]) for values in scalars))
    counted = [{subset.tag: subset.accuracy for subset in report.subsets} for report in runs]
    for tag in dict.fromkeys(tag for subsets in counted for tag in subsets):
        table.add_row(Text(printable(tag)), *(percent(subsets.get(tag, math.nan)) for subsets in counted))
    table.add_section()
    for label, name in enumerate(expressions):
        table.add_row(Text(name), *(percent(report.expression_means[label]) for report in runs))
    return table


def _table(columns: Sequence[str], title: str | None = None, caption: str | None = None) -> "Table":
    """An empty table, narrow enough for the paper's seven expressions on 80 columns; numbers stand to the right."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    told = [None if text is None else escape(text) for text in (title, caption)]
    table = Table(title=told[0], caption=told[1], box=box.SIMPLE_HEAD, padding=0, title_style="bold")
    table.add_column(columns[0], no_wrap=True)
    for name in columns[1:]:
        table.add_column(escape(printable(name)), justify="right", overflow="fold")
    return table
