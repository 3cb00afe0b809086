"""The networks and the data of a finished run, from its folder."""

from pathlib import Path

from geofer.configurations import read_settings
from geofer.datamodules import FaceDataModule
from geofer.errors import CheckpointError
from geofer.modules.recognition import RecognitionModule
from geofer.study.data import datamodule_of

CHECKPOINT = Path("checkpoints", "best.ckpt")
CONFIG = "config.yaml"
FIRST_FOLD = "fold-0"


def networks_of(run: Path) -> Path:
    """Where the networks of a run lie: its folder, or that of its first fold if it is a cross validation."""
    first = run / FIRST_FOLD
    return first if first.is_dir() else run


def is_kept(run: Path) -> bool:
    """Whether a run's folder still holds what `load_trained` needs."""
    place = networks_of(run)
    return (place / CHECKPOINT).is_file() and (place / CONFIG).is_file()


def load_trained(run: Path) -> tuple[RecognitionModule, FaceDataModule]:
    """The best model of a run, in eval mode on the CPU, and its data module, prepared and open for a test.

    Args:
        run: Folder of a run of ``geofer fit``, or of ``geofer cross-validate``, of which the first fold is loaded.

    Raises:
        CheckpointError: There is no checkpoint, it is damaged, or it is of no model of geofer.
        DataError: The data cannot be prepared.
    """
    place = networks_of(run)
    try:
        model = RecognitionModule.load_from_checkpoint(place / CHECKPOINT).eval()
    except CheckpointError as error:
        raise CheckpointError(f"{error} Remove the run, and train it again.") from error
    data = datamodule_of(read_settings(place / CONFIG)["data"])
    data.prepare_data()
    data.setup("test")
    return model, data
