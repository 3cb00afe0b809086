"""What a training gained on faces that it never saw: the test faces, before it and after it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning import LightningModule, Trainer
from lightning.pytorch import Callback
from numpy.typing import NDArray

from geofer.callbacks.run_checkpoint import RunCheckpoint
from geofer.checkpoints import read_checkpoint
from geofer.metrics.paired import paired_difference
from geofer.modules.recognition import RecognitionModule
from geofer.paths import written_whole

GAIN = "gain.json"


class Gain(Callback):
    """Counts the test faces that are recognized by the first weights and by the best checkpoint, and compares the two.

    For a fine-tuning, whose first weights recognize already. The test faces choose nothing. The numbers are printed
    when the fit ends, and written into ``gain.json`` of the run's folder. Of several processes nothing is told.

    Attributes:
        before: ``(N,)`` whether the first weights recognized each test face; None before they were asked.
    """

    def __init__(self) -> None:
        self.before: NDArray[np.bool_] | None = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Ask the first weights; those of a run that goes on were asked when it began."""
        if self.before is None:
            self.before = _recognized(trainer, pl_module)

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Ask the best checkpoint, tell, and leave the weights as they are."""
        best = next((c.best_model_path for c in _checkpoints(trainer) if c.monitor), "")
        if self.before is None or not len(self.before) or not best or not isinstance(pl_module, RecognitionModule):
            return
        last = {name: value.clone() for name, value in pl_module.state_dict().items()}
        pl_module.load_state_dict(read_checkpoint(best)["state_dict"])
        after = _recognized(trainer, pl_module)
        pl_module.load_state_dict(last)
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        subject = data.faces("test").table.subject
        found = paired_difference(self.before, after, subject)
        start = pl_module.init_from or "the first weights"
        known = len(pl_module.initial_expressions), len(pl_module.expressions)
        print(
            f"On {found.faces} test faces, which chose nothing: {found.first:.1%} right before the training ({start}), "
            f"{found.second:.1%} after it. Gain {100 * found.difference:+.1f} points, "
            f"95 % interval {100 * found.low:+.1f} to {100 * found.high:+.1f}."
            + (f" The first weights knew {known[0]} of the {known[1]} expressions." if known[0] < known[1] else "")
        )
        told = {**found._asdict(), "start": pl_module.init_from, "known_before": list(pl_module.initial_expressions)}
        with written_whole(Path(trainer.default_root_dir, GAIN)) as file:
            file.write(json.dumps(told, indent=2).encode())

    def state_dict(self) -> dict[str, Any]:
        """What the first weights recognized."""
        return {"before": None if self.before is None else self.before.tolist()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up a run that goes on."""
        before = state_dict.get("before")
        self.before = np.array(before, bool) if isinstance(before, list) else None


def _checkpoints(trainer: Trainer) -> list[RunCheckpoint]:
    return [callback for callback in trainer.checkpoint_callbacks if isinstance(callback, RunCheckpoint)]


@torch.inference_mode()
def _recognized(trainer: Trainer, module: LightningModule) -> NDArray[np.bool_]:
    """``(N,)`` whether each test face is recognized; none in several processes or without a geofer module."""
    data: Any = trainer.datamodule  # type: ignore[attr-defined]
    if trainer.world_size > 1 or data is None or not isinstance(module, RecognitionModule):
        return np.zeros(0, bool)
    if not len(data.faces("test")):
        print("No face is left for a test, so what the training gained cannot be told.")
        return np.zeros(0, bool)
    modes = {part: part.training for part in module.modules()}
    module.eval()
    right = []
    for batch in data.test_dataloader():
        moved = trainer.strategy.batch_to_device(batch)  # with the data module's hooks
        right.append((module.classify(moved).logits.argmax(1) == moved["expression"]).cpu().numpy())
    for part, training in modes.items():
        part.training = training
    return np.concatenate(right)
