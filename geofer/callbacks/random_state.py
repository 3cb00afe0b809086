"""The state of every random number generator, handed from the run that stops to the one that goes on."""

import random
from typing import Any

import numpy as np
import torch
from lightning import Callback, LightningModule, Trainer

State = dict[str, Any]


class RandomStates(Callback):
    """Gives each process random numbers of its own, and lets a resumed run draw what the stopped one would have.

    The states of Python's, NumPy's and torch's generators (CPU and GPUs) of all processes travel in the checkpoint, as
    plain data. After a change of the number of processes the stored states have no meaning; each process then starts
    from its seed.
    """

    def __init__(self) -> None:
        self._loaded: list[State] | None = None

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Restores this process's states; in a fresh run, seeds each process but the first with seed + rank."""
        states, self._loaded = self._loaded, None
        if states is not None and len(states) == trainer.world_size:
            _restore(states[trainer.global_rank])
        elif trainer.global_rank > 0:
            seed = (torch.initial_seed() + trainer.global_rank) % 2**32
            torch.manual_seed(seed)
            random.seed(seed)
            np.random.seed(seed)  # noqa: NPY002 - it is the global generator that others draw from

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Adds the states of all processes; every process takes part."""
        states: list[State] = [_current()]
        if trainer.world_size > 1:
            states = [{} for _ in range(trainer.world_size)]
            torch.distributed.all_gather_object(states, _current())
        checkpoint["random_states"] = states

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Keeps the states until training starts."""
        self._loaded = checkpoint.get("random_states")


def _current() -> State:
    """States of this process's generators, as tensors, numbers and strings."""
    algorithm, keys, *position = np.random.get_state(legacy=True)  # noqa: NPY002
    return {
        "python": random.getstate(),
        "numpy": (algorithm, torch.from_numpy(np.asarray(keys, dtype=np.int64)), *position),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def _restore(state: State) -> None:
    """The inverse of `_current`."""
    random.setstate(state["python"])
    algorithm, keys, *position = state["numpy"]
    np.random.set_state((algorithm, keys.numpy().astype(np.uint32), *position))  # noqa: NPY002
    torch.set_rng_state(state["torch"])
    if len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(state["cuda"])
