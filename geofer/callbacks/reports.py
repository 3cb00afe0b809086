"""Keeps what validation and test found: in the run folder, and with the loggers."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint

from geofer.callbacks.loggers import Cell, log_image, log_table, takes_pictures
from geofer.callbacks.report_figures import accuracy_figure, confusion_figure, pixels
from geofer.errors import CheckpointError
from geofer.figures import save_figure
from geofer.metrics.report import RecognitionReport
from geofer.metrics.tables import AVERAGE, accuracy_rows, pose_header, report_csv, report_path
from geofer.modules.recognition import RecognitionModule
from geofer.paths import written_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Reports(Callback):
    """Writes the report of the best validation, and of a test.

    The run folder gets, for ``val`` and ``test`` alike, ``…_metrics.json``, ``…_pose_expression.csv`` and ``.png``, and
    ``…_confusion.png``, each written whole; loggers that can get the table, the confusion matrix and both pictures.
    During a fit the best validation is the one that chooses ``best.ckpt``. Its numbers are on disk as soon as they are
    known, its pictures when the fit ends.
    """

    def __init__(self) -> None:
        self._best: tuple[float, RecognitionReport] | None = None

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keep the report if it is the best so far, or if it was asked for by ``geofer validate``."""
        report = _report(pl_module, "val")
        if trainer.sanity_checking or report is None:
            return
        if trainer.state.fn == "validate":
            self._finish(trainer, "val", report)
            return
        score = _score(trainer)
        if self._best is None or score > self._best[0]:
            self._best = score, report
            if _writes(trainer):
                write_numbers(_folder(trainer), "val", report)

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw the best validation."""
        if self._best is not None:
            self._finish(trainer, "val", self._best[1])

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keep the test."""
        report = _report(pl_module, "test")
        if report is not None:
            self._finish(trainer, "test", report)

    def state_dict(self) -> dict[str, Any]:
        """The best validation so far, so that a resumed fit goes on comparing with it."""
        return {} if self._best is None else {"score": self._best[0], "report": self._best[1].to_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """The inverse of `state_dict`."""
        if not state_dict:
            return
        try:
            self._best = float(state_dict["score"]), RecognitionReport.from_dict(state_dict["report"])
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
            raise CheckpointError(f"The checkpoint's report of its best epoch is damaged ({error}).") from error

    def _finish(self, trainer: Trainer, split: str, report: RecognitionReport) -> None:
        if not _writes(trainer):
            return
        folder = _folder(trainer)
        write_numbers(folder, split, report)
        for name, figure in write_figures(folder, split, report).items():
            if takes_pictures(trainer):
                log_image(trainer, f"{split}/{name}_picture", pixels(figure))
        columns = [pose_header(report), *report.expressions, AVERAGE]
        rows: list[list[Cell]] = [[name, *(100 * cell for cell in cells)] for name, cells in accuracy_rows(report)]
        log_table(trainer, f"{split}/pose_expression", columns, rows)
        counts: list[list[Cell]] = [
            [name, *row] for name, row in zip(report.expressions, report.confusion.tolist(), strict=True)
        ]
        log_table(trainer, f"{split}/confusion", ["true", *report.expressions], counts)


def write_numbers(folder: Path, split: str, report: RecognitionReport) -> None:
    """Writes ``<split>_metrics.json`` and ``<split>_pose_expression.csv``."""
    with written_whole(report_path(folder, split)) as file:
        file.write(json.dumps(report.to_dict(), indent=2, allow_nan=False).encode())
    with written_whole(folder / f"{split}_pose_expression.csv") as file:
        file.write(report_csv(report).encode())


def write_figures(folder: Path, split: str, report: RecognitionReport) -> dict[str, "Figure"]:
    """Writes ``<split>_pose_expression.png`` and ``<split>_confusion.png``, and returns both figures."""
    title = {"val": "Validation", "test": "Test"}[split]
    figures = {"pose_expression": accuracy_figure(report, title), "confusion": confusion_figure(report, title)}
    for name, figure in figures.items():
        save_figure(figure, folder / f"{split}_{name}.png")
    return figures


def _report(pl_module: LightningModule, split: str) -> RecognitionReport | None:
    return pl_module.reports.get(split) if isinstance(pl_module, RecognitionModule) else None


def _writes(trainer: Trainer) -> bool:
    """Whether this process writes files: the first one, unless it only tries the code out."""
    return trainer.is_global_zero and not getattr(trainer, "fast_dev_run", False)


def _folder(trainer: Trainer) -> Path:
    folder = Path(trainer.default_root_dir)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _score(trainer: Trainer) -> float:
    """What ``best.ckpt`` is chosen by, turned so that more is better; the accuracy where nothing chooses."""
    choosers = [found for found in trainer.checkpoint_callbacks if isinstance(found, ModelCheckpoint) and found.monitor]
    chooser = min(choosers, key=lambda found: found.filename != "best", default=None)
    if chooser is None or chooser.monitor is None:
        return float(trainer.callback_metrics["val/accuracy"])
    score = float(trainer.callback_metrics[chooser.monitor])
    return score if chooser.mode == "max" else -score
