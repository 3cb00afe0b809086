"""What accompanies a run: pictures, tables, guards."""

from lightning import Callback

from geofer.callbacks.gain import Gain
from geofer.callbacks.guards import NonFiniteGuard
from geofer.callbacks.memory import KeptMemory
from geofer.callbacks.random_state import RandomStates
from geofer.callbacks.resume_by_steps import ResumeBySteps
from geofer.callbacks.run_checkpoint import RunCheckpoint
from geofer.callbacks.stop_signal import StopSignal
from geofer.callbacks.watchdog import Watchdog

__all__ = [
    "Gain",
    "KeptMemory",
    "NonFiniteGuard",
    "RandomStates",
    "ResumeBySteps",
    "RunCheckpoint",
    "StopSignal",
    "Watchdog",
    "default_callbacks",
]


def default_callbacks() -> list[Callback]:
    """What every training run has, beside the checkpoint plugin `geofer.checkpoints.AtomicCheckpointIO`."""
    return [
        KeptMemory(),
        NonFiniteGuard(),
        RandomStates(),
        ResumeBySteps(),
        Watchdog(),
        StopSignal(),
        RunCheckpoint("best", monitor="val/accuracy"),
        RunCheckpoint("last"),
    ]
