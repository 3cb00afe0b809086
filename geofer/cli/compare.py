"""``geofer compare A B``: two tested models on the same faces, and whether one is better."""

import math
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from geofer.callbacks.predictions import read_predictions
from geofer.cli.parsers import compare_parser
from geofer.cli.runs import CONFIG
from geofer.configurations import read_settings
from geofer.errors import ConfigError, DataError, printable
from geofer.metrics.paired import PairedDifference, paired_difference, sign_flip_test
from geofer.metrics.tables import load_report, percent, pose_name

FACES = ("subject", "yaw", "pitch", "expression")
"""What tells whether two tests saw the same faces."""


UNKNOWN = 999.0
"""Stands for an angle that is NaN, which equals nothing, not even itself; it comes last."""


class TestedRun(NamedTuple):
    """What a run's test left behind; N faces, always in the same order.

    Attributes:
        expressions: Names of the K expressions.
        step: Degrees between two poses of its report.
        faces: ``(N, 4)`` float64, the columns of `FACES`.
        correct: ``(N,)`` whether each face was recognized.
    """

    expressions: tuple[str, ...]
    step: int
    faces: NDArray[np.float64]
    correct: NDArray[np.bool_]


def compare(arguments: Sequence[str]) -> None:
    """Print two models beside each other, and the interval and the test of their difference.

    Raises:
        ConfigError: The command line is wrong.
        CheckpointError: A model that is to be tested is damaged, or does not fit the data.
        DataError: A run is not tested, or they were tested on different faces.
    """
    parser = compare_parser()
    given, more = parser.parse_known_args(list(arguments))
    if more and given.config is None:
        parser.error(f"unrecognized arguments: {' '.join(more)}")
    first, second = _both(given.first, given.second, given.config, more)
    subject, yaw, pitch, label = first.faces.T
    everything = paired_difference(first.correct, second.correct, subject)
    chance = sign_flip_test(first.correct, second.correct, subject)
    table = Table(
        "percent",
        *(
            escape(f"{printable(path.name or path)} ({side})")
            for path, side in ((given.first, "A"), (given.second, "B"))
        ),
        "B - A",
        "95 %",
        "faces",
        box=box.SIMPLE_HEAD,
        title=escape(f"A: {printable(given.first)}\nB: {printable(given.second)}"),
        caption=f"p = {chance:.2g}: two-sided sign-flip permutation test over {everything.subjects} people\n"
        "every face weighs the same; intervals: paired bootstrap over people\n"
        "of many rows, some exclude 0 by chance",
    )
    for column in table.columns[1:]:
        column.justify = "right"
    table.add_row("[bold]all faces[/bold]", *_cells(everything))
    table.add_section()
    for number, name in enumerate(first.expressions):
        _add_row(table, name, label == number, first, second)
    table.add_section()
    poses = [_near(yaw, first.step), _near(pitch, first.step)]
    for row in sorted(set(zip(*poses, strict=True))):
        shown = [math.nan if angle == UNKNOWN else angle for angle in row]
        _add_row(table, pose_name(*shown), (poses[0] == row[0]) & (poses[1] == row[1]), first, second)
    Console().print(table)


def _both(first: Path, second: Path, config: Path | None, options: Sequence[str]) -> tuple[TestedRun, TestedRun]:
    """What the tests of two runs found; or of two models on the data of ``config``."""
    if config is None:
        runs = _tested(first), _tested(second)
        _check_same_expressions(first, runs[0], second, runs[1])
        _check_same_faces(first, runs[0], second, runs[1])
        return runs
    from geofer.cli.evaluate import evaluate_model

    with TemporaryDirectory() as folder:
        found = []
        for side, model in (("A", first), ("B", second)):
            evaluate_model(str(model), config, Path(folder, side), options)
            found.append(_tested(Path(folder, side)))
    _check_same_expressions(first, found[0], second, found[1])
    return found[0], found[1]


def _tested(run: Path) -> TestedRun:
    if run.is_file():
        raise DataError(
            f"{run} is a file: name the folder of a tested run, or with --config the data to test both models on."
        )
    report = load_report(run)
    table = {name: values.numpy() for name, values in read_predictions(run, report.expressions).items()}
    faces = np.stack([table[name].astype(np.float64) for name in FACES], axis=1)
    order = np.lexsort(faces.T[::-1])
    correct = table["probabilities"].argmax(axis=1) == table["expression"]
    return TestedRun(report.expressions, report.pose_step, faces[order], correct[order])


def _check_same_expressions(first_run: Path, first: TestedRun, second_run: Path, second: TestedRun) -> None:
    if first.expressions != second.expressions:
        raise DataError(
            f"{first_run} tells {', '.join(first.expressions)} apart, {second_run} {', '.join(second.expressions)}; "
            "only runs with the same expressions can be compared."
        )


def _check_same_faces(first_run: Path, first: TestedRun, second_run: Path, second: TestedRun) -> None:
    reason = _different_data(first_run, second_run)
    if reason is None and not np.array_equal(first.faces, second.faces, equal_nan=True):
        seen = (f"{len(run.faces)} faces of {len(np.unique(run.faces[:, 0]))} people" for run in (first, second))
        reason = " and ".join(seen) + ", not the same people, poses and expressions"
    if reason is not None:
        raise DataError(
            f"{first_run} and {second_run} were tested on different faces ({reason}). Test both with the same data "
            "settings, and compare again."
        )


def _different_data(first_run: Path, second_run: Path) -> str | None:
    """How the data of two runs differ though the tables of their faces may look alike; None if nothing says so."""
    first, second = _data_settings(first_run), _data_settings(second_run)
    kinds = [str(data.get("class_path")) for data in (first, second)]
    if not first or not second:
        return None
    if kinds[0] != kinds[1]:
        return " and ".join(kind.rpartition(".")[2] for kind in kinds)
    seeds = [data.get("init_args", {}).get("seed") for data in (first, second)]
    if kinds[0].endswith(".RenderedFaces") and seeds[0] != seeds[1]:
        return f"people rendered with the seeds {seeds[0]} and {seeds[1]}"
    return None


def _data_settings(run: Path) -> dict[str, Any]:
    try:
        settings: dict[str, Any] = read_settings(run / CONFIG)["data"]
    except FileNotFoundError:
        return {}
    except (ConfigError, KeyError, TypeError) as error:
        raise DataError(f"{run / CONFIG} is no configuration of a run ({type(error).__name__}).") from error
    return settings


def _near(angle: NDArray[np.float64], step: int) -> NDArray[np.float64]:
    """The nearest multiples of ``step`` degrees; `UNKNOWN` for NaN."""
    return np.nan_to_num(step * np.round(angle / step) + 0.0, nan=UNKNOWN)


def _add_row(table: Table, name: str, chosen: NDArray[np.bool_], first: TestedRun, second: TestedRun) -> None:
    if chosen.any():
        people = first.faces[chosen, 0]
        table.add_row(escape(name), *_cells(paired_difference(first.correct[chosen], second.correct[chosen], people)))


def _cells(pair: PairedDifference) -> list[str]:
    unknown = math.isnan(pair.low)
    interval = "–" if unknown else f"{100 * pair.low:+.2f} to {100 * pair.high:+.2f}"
    return [percent(pair.first), percent(pair.second), f"{100 * pair.difference:+.2f}", interval, str(pair.faces)]
