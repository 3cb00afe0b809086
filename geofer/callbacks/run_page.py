"""What finished runs came to, as one page for a browser: tables, curves, synthetic faces, confusion."""

import csv
import io
from collections.abc import Mapping, Sequence
from html import escape
from os.path import relpath
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import numpy as np
from rich.console import Console
from rich.table import Table

from geofer.errors import DataError, printable
from geofer.metrics.tables import comparison_table, load_report, report_table
from geofer.paths import AnyPath, as_path, written_whole
from geofer.schema import LONGEST_NAME

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PICTURES = {
    "interpolation": "From one expression to the other, of a person that the generator has not seen",
    "faces": "Synthetic faces",
    "confusion": "What each expression was taken for",
    "pose_expression": "Accuracy by head pose and expression",
}
"""What stands above the picture ``test_<name>.png`` of a run."""

STYLE = """
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem }
pre { overflow-x: auto; line-height: 1.3 }
img, svg { max-width: min(100%, 50rem); height: auto; background: white }
figure { margin: 1.5rem 0 }
"""


def write_page(path: AnyPath, runs: Mapping[str, AnyPath]) -> None:
    """Writes a page on one or more runs that `geofer test` has finished.

    The tables are those of ``geofer report``. Pictures stay in the runs' folders: the page links to them.

    Args:
        path: The page, which ends in ``.html``.
        runs: Name of each run → its folder.

    Raises:
        DataError: A folder holds no finished test, its logs are damaged, or the runs tell different expressions apart.
    """
    path = as_path(path)
    folders = {name: as_path(run) for name, run in runs.items()}
    reports = {name: load_report(run) for name, run in folders.items()}
    parts = []
    if len(reports) > 1:
        parts += ["<h2>Side by side</h2>", _html(comparison_table(reports))]
    for name, run in folders.items():
        parts += [f"<h2>{escape(printable(name))}</h2>", _html(report_table(reports[name]))]
        if curves := curves_figure(_logged(run)):
            parts.append(_svg(curves, "Loss and accuracy over the training"))
        for picture, title in PICTURES.items():
            if (shown := run / f"test_{picture}.png").is_file():
                address = quote(Path(relpath(shown, path.parent)).as_posix())
                parts.append(f'<figure><figcaption>{title}</figcaption><img src="{address}" alt="{title}"></figure>')
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><style>{STYLE}</style>'
    page = f"<!doctype html><html lang=en><head>{head}<title>geofer</title></head><body><h1>What was measured</h1>"
    with written_whole(path) as file:
        file.write("\n".join([page, *parts, "</body></html>\n"]).encode())


def curves_figure(logged: Mapping[str, Sequence[tuple[int, float]]]) -> "Figure | None":
    """Losses of a training and its validation accuracy over its batches.

    Args:
        logged: Name of each value → pairs of batch and value; those that begin with ``train/`` are losses.

    Returns:
        None where nothing was logged.
    """
    from matplotlib.figure import Figure

    losses = {name.removeprefix("train/"): points for name, points in logged.items() if name.startswith("train/")}
    accuracy = logged.get("val/accuracy", ())
    if not losses and not accuracy:
        return None
    figure = Figure(figsize=(10, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, points in losses.items():
        batches, values = np.array(points).T
        left.plot(batches, values, label=_as_it_is(name), linewidth=1)
    left.set(xlabel="batch", title="losses", yscale="log")
    if losses:
        left.legend(fontsize=7, ncols=2)
    if accuracy:
        batches, values = np.array(accuracy).T
        right.plot(batches, 100 * values, marker=".")
    right.set(xlabel="batch", title="validation accuracy in percent")
    return figure


def _as_it_is(name: str) -> str:
    """A name from a file as matplotlib shows it: on one line, and no formula between dollar signs."""
    return printable(name)[:LONGEST_NAME].replace("$", r"\$")


def _logged(run: Path) -> dict[str, list[tuple[int, float]]]:
    """What the CSV loggers of a run's fits wrote, by name; a fit that was resumed wrote several files.

    Raises:
        DataError: One of the files is damaged.
    """
    values: dict[str, list[tuple[int, float]]] = {}
    for file in sorted(run.glob("logs/version_*/metrics.csv")):
        try:
            with file.open(newline="", encoding="utf-8") as lines:
                for row in csv.DictReader(lines):
                    for name, text in row.items():
                        if name not in {"epoch", "step"} and text and row.get("step"):
                            values.setdefault(name, []).append((int(row["step"]), float(text)))
        except (OSError, ValueError, TypeError, csv.Error) as error:  # TypeError: a line has too many cells
            raise DataError(f"{printable(file)} is no log of geofer ({printable(error)[:200]}). Remove it.") from error
    return values


def _html(table: Table) -> str:
    console = Console(file=io.StringIO(), record=True, width=200)
    console.print(table)
    return console.export_html(inline_styles=True, code_format="<pre>{code}</pre>")


def _svg(figure: "Figure", title: str) -> str:
    text = io.StringIO()
    figure.savefig(text, format="svg")
    drawing = text.getvalue()
    return f"<figure><figcaption>{title}</figcaption>{drawing[drawing.index('<svg') :]}</figure>"
