"""What ``geofer predict`` leaves behind: one row a face."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from lightning import Callback, LightningModule, Trainer
from torch import Tensor

COLUMNS = ("subject", "pan", "tilt", "expression", "prediction")


class PredictionTable(Callback):
    """Writes ``predictions.csv`` into the run folder: subject, pose, true and predicted expression, probabilities.

    With several processes each writes the faces it saw, the second one into ``predictions-1.csv`` and so on.
    """

    def __init__(self) -> None:
        self._file: TextIO | None = None

    def on_predict_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Opens the file."""
        names: Sequence[str] = pl_module.expressions  # type: ignore[assignment]
        rank = f"-{trainer.global_rank}" if trainer.global_rank else ""
        path = Path(trainer.default_root_dir, f"predictions{rank}.csv")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("w", newline="", encoding="utf-8")
        csv.writer(self._file).writerow([*COLUMNS, *names])

    def on_predict_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: dict[str, Tensor],
        batch: Any,  # noqa: ANN401 - Lightning declares it so
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Writes the rows of a batch."""
        names: Sequence[str] = pl_module.expressions  # type: ignore[assignment]
        columns = {name: values.tolist() for name, values in outputs.items()}
        for name in ("expression", "prediction"):
            columns[name] = [names[label] for label in columns[name]]
        writer = csv.writer(self._file)  # type: ignore[arg-type]
        for *row, shares in zip(*(columns[name] for name in (*COLUMNS, "probabilities")), strict=True):
            writer.writerow([*row, *(f"{share:.4f}" for share in shares)])

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Closes the file."""
        if self._file is not None:
            self._file.close()
            self._file = None
