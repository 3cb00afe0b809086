"""The networks and the data of a finished run, from its folder."""

from pathlib import Path

from geofer.configurations import read_settings
from geofer.datamodules import FaceDataModule
from geofer.errors import CheckpointError
from geofer.modules.recognition import RecognitionModule
from geofer.study.data import datamodule_of

CHECKPOINT = Path("checkpoints", "best.ckpt")
CONFIG = "config.yaml"


def is_kept(run: Path) -> bool:
    """Whether a run's folder still holds what `load_trained` needs."""
    return (run / CHECKPOINT).is_file() and (run / CONFIG).is_file()


def load_trained(run: Path) -> tuple[RecognitionModule, FaceDataModule]:
    """The best model of a run, in eval mode on the CPU, and its data module, prepared and open for a test.

    Args:
        run: Folder of a run of ``geofer fit``.

    Raises:
        CheckpointError: There is no checkpoint, it is damaged, or it is of no model of geofer.
        DataError: The data cannot be prepared.
    """
    try:
        model = RecognitionModule.load_from_checkpoint(run / CHECKPOINT).eval()
    except CheckpointError as error:
        raise CheckpointError(f"{error} Remove the run, and train it again.") from error
    data = datamodule_of(read_settings(run / CONFIG)["data"])
    data.prepare_data()
    data.setup("test")
    return model, data
