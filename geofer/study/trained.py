"""The networks and the data of a finished run, from its folder."""

from pathlib import Path
from pkgutil import resolve_name

import yaml

from geofer.checkpoints import read_checkpoint
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
    name = read_checkpoint(run / CHECKPOINT).get("hyper_parameters", {}).get("_class_path")
    kind = resolve_name(name) if isinstance(name, str) and name.startswith("geofer.") else None
    if not (isinstance(kind, type) and issubclass(kind, RecognitionModule)):
        raise CheckpointError(f"{run / CHECKPOINT} holds no model of geofer: remove the run, and train it again.")
    data = datamodule_of(yaml.safe_load((run / CONFIG).read_text(encoding="utf-8"))["data"])
    data.prepare_data()
    data.setup("test")
    return kind.load_from_checkpoint(run / CHECKPOINT, map_location="cpu").eval(), data
