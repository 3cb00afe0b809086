"""``geofer report RUN…``: what finished runs came to."""

from collections.abc import Sequence
from os.path import commonpath, relpath
from pathlib import Path

from rich.console import Console

from geofer.callbacks.run_page import write_page
from geofer.cli.parsers import report_parser
from geofer.errors import ConfigError, printable
from geofer.metrics.tables import comparison_table, load_report, report_table


def report(arguments: Sequence[str]) -> None:
    """Print the pose × expression table of each run, all runs side by side, and where their pictures lie.

    Raises:
        ConfigError: The command line is wrong.
        DataError: A folder holds no finished test, or the runs tell different expressions apart.
    """
    given = report_parser().parse_args(list(arguments))
    if given.output and given.output.suffix != ".html":
        raise ConfigError(f"--output is {printable(given.output)}; a page ends in .html.")
    runs: list[Path] = given.runs
    reports = {run: load_report(run) for run in runs}
    parent = commonpath(reports) if len(reports) > 1 else Path.cwd()  # says nothing in a comparison
    console = Console()
    for run, report in reports.items():
        console.print(report_table(report, title=printable(run)))
    if len(reports) > 1:
        console.print(comparison_table({relpath(run, parent): report for run, report in reports.items()}))
    for run in runs:
        if pictures := sorted(run.rglob("*.png")):
            names = (printable(path.relative_to(run)) for path in pictures)
            console.print(f"Pictures of {printable(run)}:", *names, sep="\n  ", markup=False)
    if given.output:
        write_page(given.output, {relpath(run, parent): run for run in runs})
        console.print(f"The page is {printable(given.output)}.", markup=False)
