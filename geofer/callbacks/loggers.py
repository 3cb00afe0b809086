"""Pictures and tables for whichever loggers a run has.

Scalars take Lightning's own way. Pictures and tables go to Weights & Biases and to TensorBoard; the CSV logger holds
neither, and the run folder has them as files.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from lightning import Trainer
from lightning.pytorch.loggers import TensorBoardLogger, WandbLogger
from numpy.typing import NDArray

Cell = str | float | int


def takes_pictures(trainer: Trainer) -> bool:
    """Whether any of the run's loggers shows pictures."""
    return any(isinstance(logger, TensorBoardLogger | WandbLogger) for logger in trainer.loggers)


def log_image(trainer: Trainer, key: str, image: NDArray[np.uint8]) -> None:
    """Log a picture at the current step.

    Args:
        trainer: Whose loggers.
        key: Name, such as ``test/confusion``.
        image: ``(H, W, 3)`` uint8 RGB.
    """
    for logger in trainer.loggers:
        if isinstance(logger, WandbLogger):
            logger.log_image(key, [image], step=trainer.global_step)
        elif isinstance(logger, TensorBoardLogger):
            _tensorboard(logger).add_image(key, image, trainer.global_step, dataformats="HWC")


def log_table(trainer: Trainer, key: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
    """Log a table at the current step: a ``wandb.Table``, and Markdown text in TensorBoard.

    Args:
        trainer: Whose loggers.
        key: Name, such as ``test/pose_expression``.
        columns: Names of the columns.
        rows: Cells, as many in each row as there are columns; each column holds one type.
    """
    for logger in trainer.loggers:
        if isinstance(logger, WandbLogger):
            logger.log_table(key, list(columns), [list(row) for row in rows], step=trainer.global_step)
        elif isinstance(logger, TensorBoardLogger):
            _tensorboard(logger).add_text(key, _markdown(columns, rows), trainer.global_step)


def _tensorboard(logger: TensorBoardLogger) -> Any:  # noqa: ANN401 - the writer of whichever tensorboard is installed
    return logger.experiment


def _markdown(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
