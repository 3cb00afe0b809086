"""What ``geofer predict`` and ``geofer test`` leave behind of every face: one row a face."""

import csv
import io
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer
from torch import Tensor

from geofer.errors import DataError
from geofer.names import in_cell
from geofer.paths import AnyPath, as_path, written_whole

COLUMNS = ("subject", "yaw", "pitch", "tags", "expression", "prediction")
PREDICTIONS, TEST_PREDICTIONS = "predictions", "test_predictions"


class PredictionTable(Callback):
    """Writes ``predictions.csv`` (predict) or ``test_predictions.csv`` (test) into the run folder.

    Columns: subject, pose, tags with ``;`` between them, true and predicted expression, and the probability of each
    expression with all its digits.
    With several processes each writes the faces it saw, the second one into ``predictions-1.csv`` and so on. A file
    appears when it is complete.
    """

    def __init__(self) -> None:
        self._files = ExitStack()
        self._text: io.TextIOWrapper | None = None

    def on_predict_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Opens ``predictions.csv``."""
        self._start(trainer, pl_module, PREDICTIONS)

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Opens ``test_predictions.csv``, unless the code is only tried out."""
        if not getattr(trainer, "fast_dev_run", False):
            self._start(trainer, pl_module, TEST_PREDICTIONS)

    def on_predict_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401 - Lightning declares it so
        batch: Any,  # noqa: ANN401
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Writes the rows of a batch."""
        if self._text is None:
            return
        names = _names(pl_module)
        columns = {name: values.tolist() for name, values in outputs.items()}
        for name in ("expression", "prediction"):
            columns[name] = [names[label] for label in columns[name]]
        tags = getattr(getattr(trainer, "datamodule", None), "tags", ())
        bits = columns.get("tags", [0] * len(columns["subject"]))
        columns["tags"] = [in_cell(";".join(tag for bit, tag in enumerate(tags) if word >> bit & 1)) for word in bits]
        writer = csv.writer(self._text)
        for *row, shares in zip(*(columns[name] for name in (*COLUMNS, "probabilities")), strict=True):
            writer.writerow([*row, *(f"{share:.9g}" for share in shares)])  # a float32 has nine digits

    on_test_batch_end = on_predict_batch_end

    def on_predict_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Closes the file; of a test, before `geofer.callbacks.reports.Reports` writes what says that it is done."""
        if self._text is not None:
            self._text.detach()
            self._text = None
            self._files.close()

    on_test_epoch_end = on_predict_epoch_end

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Removes the incomplete file."""
        self._text = None
        self._files.__exit__(type(exception), exception, exception.__traceback__)

    def _start(self, trainer: Trainer, pl_module: LightningModule, name: str) -> None:
        folder = Path(trainer.default_root_dir)
        folder.mkdir(parents=True, exist_ok=True)
        if trainer.is_global_zero:
            for earlier in folder.glob(f"{name}*.csv"):
                earlier.unlink()  # there may have been more processes
        rank = f"-{trainer.global_rank}" if trainer.global_rank else ""
        file = self._files.enter_context(written_whole(folder / f"{name}{rank}.csv"))
        self._text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        csv.writer(self._text).writerow([*COLUMNS, *_names(pl_module)])


def read_predictions(folder: AnyPath, expressions: Sequence[str], tags: Sequence[str] = ()) -> dict[str, Tensor]:
    """The faces of a finished test, of all its processes.

    Args:
        folder: The run's folder.
        expressions: Names of the K expressions, in the order of their labels.
        tags: Names of the evaluation subsets to tell apart, in the order of their bits.

    Returns:
        ``probabilities`` ``(N, K)``, and ``expression``, ``subject``, ``yaw``, ``pitch`` and ``tags``, each ``(N,)``.

    Raises:
        DataError: There are none, or the file is damaged or of other expressions.
    """
    folder = as_path(folder)
    rows: list[list[str]] = []
    for path in sorted(folder.glob(f"{TEST_PREDICTIONS}*.csv")):
        with path.open(newline="", encoding="utf-8", errors="replace") as file:
            header, *body = [*csv.reader(file)] or [[]]
        if header != [*COLUMNS, *expressions] or any(len(row) != len(header) for row in body):
            raise DataError(f"{path} is no table of {', '.join(expressions)}: test the run again.")
        rows += body
    if not rows:
        raise DataError(f"{folder} holds no {TEST_PREDICTIONS}.csv: test the run with `geofer test`.")
    try:
        return _columns(rows, expressions, {tag: 1 << place for place, tag in enumerate(tags)})
    except ValueError as error:
        raise DataError(f"{folder / TEST_PREDICTIONS}.csv is damaged ({error}): test the run again.") from error


def _columns(rows: list[list[str]], expressions: Sequence[str], bit: dict[str, int]) -> dict[str, Tensor]:
    subject, yaw, pitch, tagged, expression, _, *shares = zip(*rows, strict=True)
    return {
        "probabilities": torch.tensor([[float(share) for share in column] for column in shares]).T,
        "expression": torch.tensor([expressions.index(name) for name in expression]),
        "subject": torch.tensor([int(number) for number in subject]),
        "yaw": torch.tensor([float(degrees) for degrees in yaw]),
        "pitch": torch.tensor([float(degrees) for degrees in pitch]),
        "tags": torch.tensor([sum(bit.get(tag, 0) for tag in cell.removeprefix("'").split(";")) for cell in tagged]),
    }


def _names(pl_module: LightningModule) -> Sequence[str]:
    names: Sequence[str] = pl_module.expressions  # type: ignore[assignment]
    return names
