"""What the tests of this folder run in two processes: ``fit_worker.py FOLDER MODE``."""

import os
import signal
import sys
import time
from pathlib import Path

import torch
from adversarial_game import AdversarialGame, Data, trainer_in
from cartoon_faces import EXPRESSIONS, CartoonFaces
from lightning import Callback, Trainer, seed_everything
from narrow_method import EVERYTHING

from geofer.callbacks import Watchdog
from geofer.modules import GeometryGuidedFER

FOLDER, MODE = Path(sys.argv[1]), sys.argv[2]
RANK = int(os.environ.get("LOCAL_RANK", "0"))
STRATEGY = "ddp_find_unused_parameters_true"


class Accident(Callback):
    """Lets something happen to the second process in the sixth batch; both say who and where they are."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        if (trainer.current_epoch, batch_idx) != (1, 1):
            return
        (FOLDER / f"pid-{trainer.global_rank}").write_text(str(os.getpid()))
        if trainer.global_rank == 1:
            if self.kind == "raises":
                raise ValueError("an accident")
            if self.kind == "dies":
                os.kill(os.getpid(), signal.SIGKILL)
            if self.kind == "hangs":
                time.sleep(600)
            if self.kind == "signal":
                os.kill(os.getpid(), signal.SIGTERM)


def trainer(name: str, *callbacks: Callback, **options) -> Trainer:
    return trainer_in(FOLDER / name, callbacks=callbacks, devices=2, strategy=STRATEGY, **options)


def fit(trainer: Trainer, seed: int = 7, ckpt_path: Path | None = None, **options) -> AdversarialGame:
    seed_everything(seed, verbose=False)
    module = AdversarialGame(**options)
    trainer.fit(module, datamodule=Data(num_workers=2), ckpt_path=ckpt_path)
    return module


def fit_method(trainer: Trainer, seed: int = 7, ckpt_path: Path | None = None) -> GeometryGuidedFER:
    seed_everything(seed, verbose=False)
    module = GeometryGuidedFER(EXPRESSIONS, 32, **EVERYTHING)
    trainer.fit(module, datamodule=CartoonFaces(people=4, takes=4, batch_size=16), ckpt_path=ckpt_path)
    return module


def keep(name: str, module: AdversarialGame) -> None:
    torch.save(
        {"weights": module.state_dict(), "seen": module.seen, "validated": module.validated},
        FOLDER / f"{name}-{module.global_rank}.pt",
    )


if MODE == "fit":
    keep("equal", fit(trainer("equal"), noise=False, batch_norm=False))
    keep("whole", fit(trainer("whole")))
    fit(trainer("epoch", max_epochs=2))
    keep("epoch", fit(trainer("epoch"), 99, FOLDER / "epoch" / "checkpoints" / "last.ckpt"))
    try:
        fit(trainer("signal", Accident("signal")))
    except SystemExit:
        keep("signal", fit(trainer("signal"), 99, FOLDER / "signal" / "checkpoints" / "last.ckpt"))
elif MODE == "method":
    for name, accident in (("whole", "none"), ("stopped", "signal")):
        try:
            module = fit_method(trainer(name, Accident(accident)))
        except SystemExit:
            module = fit_method(trainer(name), 99, FOLDER / name / "checkpoints" / "last.ckpt")
        torch.save(module.state_dict(), FOLDER / f"{name}-{RANK}.pt")
else:
    run = trainer("run", Accident(MODE))
    watchdog = next(callback for callback in run.callbacks if isinstance(callback, Watchdog))
    watchdog.timeout, watchdog.grace = float(sys.argv[3]), 1.0
    fit(run)
