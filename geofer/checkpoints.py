"""Checkpoints: written whole or not at all, verified before they are read, and never trusted to run code."""

import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, ZipFile

import torch
from lightning import LightningModule
from lightning.pytorch.plugins.io import CheckpointIO
from torch import Tensor

from geofer.errors import AssumptionWarning, CheckpointError, LeakError, NonFiniteError
from geofer.paths import PARTIAL_SUFFIX, written_whole

PROVENANCE = "geofer_provenance"
"""Entry of a checkpoint that tells what it was trained on, as `geofer.faces.FaceSource.provenance` gives it, by which
geofer and from which seed. Older checkpoints have none."""

WHOLE = "none"
"""The crop rule of faces that were taken as they are: maybe they had been cropped before, and nothing says how."""

MapLocation = torch.device | str | Callable[..., Any] | dict[str, str] | None


def read_checkpoint(path: str | Path, map_location: MapLocation = "cpu") -> dict[str, Any]:
    """Reads a checkpoint that nobody has vouched for.

    The checksum of every record is verified first, since torch itself loads a file with flipped bits in silence. Then
    only tensors and plain data are unpickled; anything that could run code is refused.

    Args:
        path: A file on this machine.
        map_location: Where tensors go, as in `torch.load`.

    Returns:
        The checkpoint, with at least ``state_dict``.

    Raises:
        CheckpointError: The file is missing, remote, damaged, holds more than plain data, or is something else.
    """
    if re.match(r"[a-z0-9+.-]+://", str(path), re.IGNORECASE):
        raise CheckpointError(
            f"{path} is not a file on this machine; download it, check where it is from, and try again."
        )
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(f"{path}: there is no such checkpoint file.")
    if path.suffix == ".safetensors":
        raise CheckpointError(f"{path} is a model file to recognize with; name a checkpoint (.ckpt) of a training run.")
    try:
        _verify_records(path)
    except Exception as error:  # zipfile raises a dozen different types for a damaged file
        raise CheckpointError(f"{path} is damaged or no checkpoint ({error}); use another one.") from error
    checkpoint = _load(path, map_location)
    if not isinstance(checkpoint, dict) or not isinstance(checkpoint.get("state_dict"), Mapping):
        raise CheckpointError(f"{path} holds no state_dict; it is not a checkpoint of a training run.")
    return checkpoint


def _verify_records(path: Path) -> None:
    """Compares each record of a zip file with its checksum; raises whatever `zipfile` does, or ValueError."""
    with ZipFile(path) as archive:
        for record in archive.infolist():
            if record.compress_type != ZIP_STORED:
                raise ValueError(f"record {record.filename} is compressed, which torch never does")
        if (broken := archive.testzip()) is not None:
            raise ValueError(f"record {broken} does not match its checksum")


def _load(path: Path, map_location: MapLocation, *, mmap: bool = False) -> object:
    """`torch.load` for tensors and plain data alone."""
    try:
        return torch.load(path, map_location=map_location, weights_only=True, mmap=mmap)
    except Exception as error:  # the unpickler meets whatever the file asks for
        found = re.search(r"(?:GLOBAL|function|class) ([\w.]+)", str(error))
        raise CheckpointError(
            f"{path} holds more than tensors and plain data ({found[1] if found else type(error).__name__}), "
            "which could run code; it was not loaded."
        ) from error


class AtomicCheckpointIO(CheckpointIO):
    """Lightning's door to checkpoint files, for ``Trainer(plugins=[AtomicCheckpointIO()])``.

    A file appears under its name only when it is complete, on the disk and known to load; until then, and after a kill
    or on a full disk, the previous one stays. Weights and optimizers that are not finite are never written.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: object = None) -> None:
        """Writes a checkpoint.

        Args:
            checkpoint: What Lightning collected.
            path: Where to; its folder is made when missing.
            storage_options: Not supported.

        Raises:
            NonFiniteError: A weight, or a number of an optimizer's state, is NaN or infinite.
            CheckpointError: The file cannot be written, or the checkpoint holds more than tensors and plain data.
        """
        if storage_options is not None:
            raise TypeError("AtomicCheckpointIO has no storage options.")
        path = Path(path)
        weights = {name: value for name, value in checkpoint["state_dict"].items() if isinstance(value, Tensor)}
        broken = [name for name, value in weights.items() if not all_finite([value])]
        if broken:
            raise NonFiniteError(
                f"{path} was not written, since {len(broken)} weights are NaN or infinite, first {broken[0]}; "
                "go on from the previous checkpoint with a lower learning rate."
            )
        if not all_finite(list(_tensors(checkpoint.get("optimizer_states", [])))):
            raise NonFiniteError(
                f"{path} was not written, since an optimizer's state is NaN or infinite: gradients grew too large. "
                "Go on from the previous checkpoint with a lower learning rate, or clip gradients."
            )
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            for stale in path.parent.glob(f"*.ckpt*{PARTIAL_SUFFIX}"):
                stale.unlink()
            with written_whole(path) as file:
                torch.save(checkpoint, file)
                file.flush()
                _load(Path(file.name), "cpu", mmap=True)
        except (OSError, RuntimeError) as error:
            reason = error.__context__ if isinstance(error.__context__, OSError) else error  # torch hides the disk's
            raise CheckpointError(
                f"{path} could not be written ({reason}); free some space or choose another folder. "
                "The previous checkpoint is as it was."
            ) from error

    def load_checkpoint(
        self, path: str | Path, map_location: MapLocation = "cpu", weights_only: bool | None = None
    ) -> dict[str, Any]:
        """Reads a checkpoint with `read_checkpoint`, whatever ``weights_only`` says."""
        return read_checkpoint(path, map_location or "cpu")

    def remove_checkpoint(self, path: str | Path) -> None:
        """Deletes a checkpoint, if it is there."""
        Path(path).unlink(missing_ok=True)


def _tensors(value: object) -> Iterator[Tensor]:
    """All tensors in nested lists and dictionaries."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from _tensors(part)


def all_finite(tensors: list[Tensor]) -> bool:
    """Whether no element is NaN or infinite; integers always are finite. Waits for the device once."""
    floating = [tensor.detach() for tensor in tensors if tensor.is_floating_point() and tensor.numel()]
    if not floating:
        return True
    norms = torch._foreach_norm(floating)  # ten times as fast as a look at each element, but squares may overflow
    if bool(torch.stack([norm.float().to(floating[0].device) for norm in norms]).isfinite().all()):
        return True
    return all(bool(tensor.isfinite().all()) for tensor in floating)


def provenance_of(checkpoint: Mapping[str, Any]) -> dict[str, Any]:
    """What a checkpoint says of its training, see `PROVENANCE`; empty if it says nothing.

    Raises:
        CheckpointError: The entry is something else.
    """
    known = checkpoint.get(PROVENANCE) or {}
    if not isinstance(known, Mapping):
        raise CheckpointError(f"The checkpoint's entry {PROVENANCE} is a {type(known).__name__}; it is damaged.")
    return dict(known)


def check_fits(checkpoint: Mapping[str, Any], module: LightningModule) -> None:
    """Compares a checkpoint with the module that shall take it, before anything is loaded.

    Args:
        checkpoint: As `read_checkpoint` returns it.
        module: Its hyperparameters name ``expressions`` and ``image_size``.

    Raises:
        CheckpointError: Class names, their order, the image size, or the shape of a network differ.
    """
    stored = checkpoint.get("hyper_parameters", {})
    for name, meaning in (("expressions", "classes"), ("image_size", "image size")):
        theirs, ours = _listed(stored.get(name)), _listed(module.hparams.get(name))
        if name in stored and theirs != ours:
            raise CheckpointError(
                f"The checkpoint was trained with the {meaning} {theirs}, but this run has {ours}; "
                "use the same data settings, or train anew."
            )
    loaded, own = _shapes(checkpoint["state_dict"]), _shapes(module.state_dict())
    differing = sorted(name for name in loaded | own if loaded.get(name) != own.get(name))
    if differing and module.strict_loading:
        name = differing[0]
        raise CheckpointError(
            f"{len(differing)} weights of the checkpoint do not fit this model, first {name}: shape "
            f"{loaded.get(name, 'absent')} there, {own.get(name, 'absent')} here; "
            "use the model settings that it was trained with."
        )


def check_trained_elsewhere(trained: Mapping[str, Any], tested: Mapping[str, Any]) -> None:
    """Refuses to test every face of a folder that a model was trained on, by its name: no more is known of it.

    Args:
        trained: What the model was trained on, as `geofer.faces.FaceSource.provenance` tells it; may be empty.
        tested: What it shall be tested on, likewise.

    Raises:
        LeakError: Both name a folder of one name.
    """
    if same := _roots(trained.get("arguments")) & _roots(tested.get("arguments")):
        raise LeakError(
            f"This model was trained on faces of a folder {', '.join(sorted(same))}, and a test of all faces there "
            "would show it some that it knows. Leave out data.all_for_test, or rename the folder if it is another."
        )


def _roots(arguments: object) -> set[str]:
    """The name of every folder that a data module's arguments name, its sources' among them."""
    if not isinstance(arguments, Mapping):
        return set()
    own = {root} if isinstance(root := arguments.get("root"), str) else set()
    return own.union(*map(_roots, arguments.values()))


def check_same_crop(trained: str | None, crop: str | None) -> None:
    """Compares how the faces were cropped that a checkpoint was trained on with those that it shall see.

    Args:
        trained: The rule of the faces that it was trained on; None if it is not known.
        crop: The rule of the faces that it shall see; None if it is not known.

    Raises:
        CheckpointError: Both are known and differ; faces that were taken as they are only cause a warning.
    """
    if trained is None or crop is None or trained == crop:
        return
    if WHOLE in (trained, crop):
        warnings.warn(
            f"The checkpoint was trained on faces cropped by the rule {trained!r}, and these were cropped by {crop!r}: "
            "fine if the pictures taken whole had been cropped by the other rule before, wrong otherwise.",
            AssumptionWarning,
            stacklevel=2,
        )
        return
    raise CheckpointError(
        f"The checkpoint was trained on faces cropped by the rule {trained!r}, but these are cropped by {crop!r}; "
        "choose the same crop in the data settings, or train anew."
    )


def _listed(value: object) -> str:
    """A setting as it reads in a message; a list and a tuple are the same."""
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _shapes(state: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in state.items() if isinstance(value, Tensor)}
