"""Where a run keeps its checkpoints."""

from pathlib import Path
from typing import Any, Literal, get_args

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.utilities import rank_zero_warn

from geofer.ranges import check_choice

Mode = Literal["min", "max"]


class RunCheckpoint(ModelCheckpoint):
    """One file in ``checkpoints`` of the run folder, overwritten whenever there is a newer or better one.

    Args:
        filename: Its name without ``.ckpt``.
        monitor: Logged value that decides, of the validation subjects; None keeps the latest epoch.
        mode: Whether the largest or the smallest value is best.
    """

    def __init__(self, filename: str, monitor: str | None = None, mode: Mode = "max") -> None:
        check_choice("mode", mode, get_args(Mode))
        super().__init__(
            filename=filename,
            monitor=monitor,
            mode=mode,
            enable_version_counter=False,
            save_on_train_epoch_end=None if monitor else True,
        )

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Finds the run folder, wherever loggers write."""
        self.dirpath = str(Path(trainer.default_root_dir, "checkpoints").absolute())
        super().setup(trainer, pl_module, stage)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Say so if the training ended before anything was validated: then there is no best checkpoint to test."""
        super().on_train_end(trainer, pl_module)
        running: Any = trainer
        if self.monitor and not self.best_model_path and not running.fast_dev_run:
            rank_zero_warn(
                f"The training ended before its first validation, so there is no checkpoint {self.filename}. Train "
                "longer, validate more often (--trainer.check_val_every_n_epoch), or test the last one with "
                "--ckpt_path last."
            )
