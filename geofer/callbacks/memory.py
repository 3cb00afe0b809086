"""On a CPU, memory that a step has freed stays with the process, since the next step needs as much again.

The C library of Linux gives blocks of 32 MB and more back to the system as soon as they are freed, and the system then
clears every page of the next one. For so large a tensor that takes longer than to compute what is in it: a step at
128 px is some 6 % faster without it (`benchmarks/training_step.py` with and without `keep_freed_memory`).
"""

import ctypes
import sys

from lightning import Callback
from lightning.pytorch import LightningModule, Trainer

MMAP_MAX = -4
"""`mallopt(3)`: how many blocks may be mapped on their own."""

TRIM_THRESHOLD = -1
"""`mallopt(3)`: so many free bytes at the heap's end are given back."""


def keep_freed_memory() -> None:
    """Tells glibc not to give freed memory back to the system, for the rest of the process; elsewhere does nothing."""
    if sys.platform == "linux" and (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)) is not None:
        mallopt(MMAP_MAX, 0)
        mallopt(TRIM_THRESHOLD, 2**31 - 1)


class KeptMemory(Callback):
    """Calls `keep_freed_memory` in a training that computes on the CPU."""

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Before anything is trained."""
        if stage == "fit" and trainer.strategy.root_device.type == "cpu":
            keep_freed_memory()
