"""The last thing a run prints: its accuracy by pose and expression, and where the files lie."""

from pathlib import Path

from lightning import Callback, LightningModule, Trainer

from geofer.callbacks.predictions import PREDICTIONS
from geofer.errors import printable
from geofer.metrics.report import RecognitionReport
from geofer.metrics.tables import load_report, report_path, report_table

ONE_ANSWER = (
    "Every face was taken for {}: nothing was learned. Train for longer or at a smaller learning rate; a wide backbone "
    "that starts from scratch wants --model.classifier.normalize true."
)

SUFFIXES = (".yaml", ".json", ".csv", ".png", ".ckpt")


class Summary(Callback):
    """Prints the report that `geofer.callbacks.reports.Reports` wrote, when a fit, a validation or a test ends.

    After a prediction it says where the table of `geofer.callbacks.predictions.PredictionTable` lies.

    It stands after the callbacks that write files, so that it can list them.
    """

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Print the best validation."""
        self._print(trainer, "val", "Best validation")

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Print the validation that ``geofer validate`` ran."""
        if trainer.state.fn == "validate":
            self._print(trainer, "val", "Validation")

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Print the test."""
        self._print(trainer, "test", "Test")

    def on_predict_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Say where the predictions are."""
        from rich import get_console

        path = Path(trainer.default_root_dir, f"{PREDICTIONS}.csv")
        if trainer.is_global_zero and path.exists():
            get_console().print(f"The predictions: {printable(path)}", highlight=False, markup=False, soft_wrap=True)

    def _print(self, trainer: Trainer, split: str, title: str) -> None:
        folder = Path(trainer.default_root_dir)
        if (
            trainer.is_global_zero
            and not getattr(trainer, "fast_dev_run", False)
            and report_path(folder, split).exists()
        ):
            print_summary(load_report(folder, split), folder, title)


def print_summary(report: RecognitionReport, folder: Path, title: str) -> None:
    """Prints a report, and the files of its run.

    Args:
        report: What was found.
        folder: The run's folder.
        title: Of the table.
    """
    from rich import get_console
    from rich.markup import escape

    console = get_console()
    console.print(report_table(report, title))
    if report.only_answer is not None:
        console.print(ONE_ANSWER.format(report.only_answer), highlight=False, markup=False, soft_wrap=True)
    console.print(f"The run lies in [bold]{escape(printable(folder))}[/bold]:", highlight=False, soft_wrap=True)
    for path in run_files(folder):
        console.print(f"  {escape(printable(path))}", highlight=False, soft_wrap=True)


def run_files(folder: Path) -> list[Path]:
    """The run's configuration, reports, pictures and checkpoints, relative to its folder."""
    found = (path for path in folder.rglob("*") if path.suffix in SUFFIXES and path.is_file())
    return sorted(path.relative_to(folder) for path in found if "wandb" not in path.parts)
