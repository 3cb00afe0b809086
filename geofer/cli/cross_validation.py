"""``geofer cross-validate``: train and test every fold, and pool the faces of all folds into one report.

A fold that was tested is never run again, and one that was interrupted goes on from its last checkpoint; so the same
command, run again, finishes what is missing. With several processes each runs this, in step.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from lightning.pytorch.utilities import rank_zero_only
from rich import get_console

from geofer.callbacks.predictions import read_predictions
from geofer.callbacks.reports import write_figures, write_numbers
from geofer.cli.parsers import cross_validation_parser
from geofer.cli.runs import CHECKPOINTS, CONFIG, RUNS
from geofer.cli.trainer import read_command, run_name, run_trainer
from geofer.datamodules.leaks import check_apart
from geofer.datamodules.splits import check_folds
from geofer.errors import ConfigError, DataError
from geofer.metrics.recognition import RecognitionMetrics
from geofer.metrics.report import RecognitionReport
from geofer.metrics.tables import load_report, report_path, report_table
from geofer.names import in_cell
from geofer.paths import written_whole


def cross_validate(arguments: Sequence[str]) -> None:
    """Run all folds that are not tested yet, then report on all.

    The folds lie in ``fold-0``, ``fold-1``, … of the run's folder: ``trainer.default_root_dir``, or
    ``runs/<name of the configuration>-cross-validation``.

    Raises:
        ConfigError: The command line or a configuration file is wrong, the data set has no folds, or the folder holds
            something else.
        LeakError: A subject was tested in two folds.
        DataError: A subject was tested in none.
    """
    parser = cross_validation_parser()
    if not arguments:
        parser.print_help()
        return
    own, given = parser.parse_known_args(arguments)
    command = read_command(given)
    config, options = command.config, command.config.data.init_args
    if not {"folds", "fold"} <= vars(options).keys():
        raise ConfigError(f"{config.data.class_path} has no options `folds` and `fold`: it cannot be cross-validated.")
    folds = own.folds if own.folds is not None else options.folds or 5
    check_folds(folds, 0)
    run = Path(config.trainer.default_root_dir or RUNS / f"{run_name(config)}-cross-validation")
    options.folds, config.trainer.default_root_dir = folds, None
    _claim(run, command.configuration())
    folders = [run / f"fold-{fold}" for fold in range(folds)]
    missing = {fold: _checkpoint(folder) for fold, folder in enumerate(folders) if not _tested(folder)}
    for fold, checkpoint in missing.items():
        here = [*given, f"--data.folds={folds}", f"--data.fold={fold}", f"--trainer.default_root_dir={folders[fold]}"]
        run_trainer(["fit", *here, *checkpoint])
        run_trainer(["test", *here])
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()  # what follows is one process's
    if getattr(rank_zero_only, "rank", 0) == 0:
        data = read_command([*given, f"--data.folds={folds}", "--data.fold=0"]).datamodule
        everybody = frozenset(data.open_store().table.subject.tolist())
        get_console().print(report_table(pool(run, folders, everybody), f"{folds} folds pooled"))
        accuracy = [100 * load_report(folder).accuracy for folder in folders]
        print(
            f"Accuracy of the folds: {np.mean(accuracy):.2f} ± {np.std(accuracy, ddof=1):.2f} %. The run lies in {run}."
        )


def pool(run: Path, folders: Sequence[Path], everybody: frozenset[int]) -> RecognitionReport:
    """Counts the faces that were tested in all folds as if they were one test, and writes its report.

    The run's folder gets the files that ``geofer test`` leaves, and ``folds.csv``: the numbers of each fold, their
    mean and standard deviation (of a sample), and those of the pooled faces, in percent.

    Args:
        run: Where to write.
        folders: Of the tested folds.
        everybody: Numbers of all subjects.

    Raises:
        LeakError: A subject was tested in two folds.
        DataError: A subject was tested in none, or a fold's results are missing or damaged.
    """
    reports = [load_report(folder) for folder in folders]
    tags = tuple(dict.fromkeys(subset.tag for report in reports for subset in report.subsets))
    parts = [read_predictions(folder, reports[0].expressions, tags) for folder in folders]
    subject = torch.cat([part["subject"] for part in parts]).numpy()
    fold = np.repeat([folder.name for folder in folders], [len(part["subject"]) for part in parts])
    check_apart("subject", subject, fold, lambda rows: subject[rows].tolist())
    if untested := sorted(everybody.symmetric_difference(subject.tolist())):
        raise DataError(
            f"The folds in {run} and the data set differ in {len(untested)} subjects, such as number {untested[0]}: "
            "the data set has changed since. Cross-validate again in another folder."
        )
    metrics = RecognitionMetrics(reports[0].expressions)
    for part in parts:
        metrics.update(**part)
    pooled = metrics.compute(tags)
    write_numbers(run, "test", pooled)
    write_figures(run, "test", pooled)
    with written_whole(run / "folds.csv") as file:
        file.write(folds_csv(dict(zip([folder.name for folder in folders], reports, strict=True)), pooled).encode())
    return pooled


def folds_csv(folds: Mapping[str, RecognitionReport], pooled: RecognitionReport) -> str:
    """The numbers of each fold, their mean and standard deviation (of a sample), and those of the pooled faces.

    A number that a fold does not have, such as that of a tag of none of its faces, is empty, and so is its mean.
    """
    names = list(pooled.scalars())
    values = np.array([[report.scalars().get(name, np.nan) for name in names] for report in folds.values()])
    rows: list[tuple[str, int | str, int | str, Iterable[float]]] = [
        *(
            (name, report.faces, report.subjects, row)
            for (name, report), row in zip(folds.items(), values, strict=True)
        ),
        ("mean", "", "", values.mean(axis=0)),
        ("standard deviation", "", "", values.std(axis=0, ddof=1)),
        ("pooled", pooled.faces, pooled.subjects, pooled.scalars().values()),
    ]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["fold", "faces", "subjects", *names])
    for *labels, numbers in rows:
        writer.writerow(
            [
                in_cell(str(labels[0])),
                *labels[1:],
                *("" if np.isnan(value) else f"{100 * value:.2f}" for value in numbers),
            ]
        )
    return text.getvalue()


def _claim(run: Path, configuration: str) -> None:
    """Writes the configuration into the run's folder, or makes sure that it is the one that lies there."""
    path = run / CONFIG
    if not path.exists():
        run.mkdir(parents=True, exist_ok=True)
        with written_whole(path) as file:
            file.write(configuration.encode())
    elif path.read_text() != configuration:
        raise ConfigError(
            f"{run} holds a run with another configuration. Choose another folder with --trainer.default_root_dir, or "
            "remove this one."
        )


def _tested(folder: Path) -> bool:
    return report_path(folder, "test").exists()


def _checkpoint(folder: Path) -> list[str]:
    """Arguments with which ``fit`` goes on where it stopped; none if it left no checkpoint, and starts anew."""
    if (folder / CHECKPOINTS / "last.ckpt").exists():
        return ["--ckpt_path", "last"]
    (folder / CONFIG).unlink(missing_ok=True)
    return []
