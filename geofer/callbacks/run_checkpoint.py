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

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes up the state of the run that goes on, but of its paths only those of files in its own folder.

        `ModelCheckpoint` deletes a former best file by the path that a checkpoint names.
        """
        paths = ("best_model_path", "kth_best_model_path", "last_model_path")
        kept = {"best_model_score": None, **{name: value for name, value in state_dict.items() if name not in paths}}
        kept |= {name: path if self._is_own(path := state_dict.get(name, "")) else "" for name in paths}
        models = state_dict.get("best_k_models")
        models = models if isinstance(models, dict) else {}
        super().load_state_dict(
            {**kept, "best_k_models": {name: models[name] for name in models if self._is_own(name)}}
        )

    def _is_own(self, path: object) -> bool:
        """Whether it is a path right in this callback's folder."""
        if not isinstance(path, str) or self.dirpath is None:
            return False
        return Path(path).parent == Path(self.dirpath) and Path(path).suffix == self.FILE_EXTENSION and ".." not in path

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
