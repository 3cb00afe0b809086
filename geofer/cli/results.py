"""``geofer report``: what finished runs came to."""

from collections.abc import Sequence
from os.path import commonpath, relpath
from pathlib import Path

from rich.console import Console

from geofer.errors import printable
from geofer.metrics.tables import comparison_table, load_report, report_table


def print_results(runs: Sequence[Path]) -> None:
    """Print the pose × expression table of each run, all runs side by side, and where their pictures lie.

    Raises:
        DataError: A folder holds no finished test, or the runs tell different expressions apart.
    """
    reports = {run: load_report(run) for run in runs}
    console = Console()
    for run, report in reports.items():
        console.print(report_table(report, title=printable(run)))
    if len(reports) > 1:
        parent = commonpath(reports)  # says nothing in a comparison
        console.print(comparison_table({relpath(run, parent): report for run, report in reports.items()}))
    for run in runs:
        if pictures := sorted(run.rglob("*.png")):
            names = (printable(path.relative_to(run)) for path in pictures)
            console.print(f"Pictures of {printable(run)}:", *names, sep="\n  ", markup=False)
