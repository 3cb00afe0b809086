"""Checkpoints: written whole or not at all, verified before they are read, and never trusted to run code."""

import pickletools
import re
import struct
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import torch
from lightning import LightningModule
from lightning.pytorch.plugins.io import CheckpointIO
from torch import Tensor

from geofer.errors import AssumptionWarning, CheckpointError, LeakError, NonFiniteError, printable
from geofer.paths import PARTIAL_SUFFIX, written_whole
from geofer.schema import SchemaError, read, shown

PROVENANCE = "geofer_provenance"
"""Entry of a checkpoint that tells what it was trained on, as `geofer.faces.FaceSource.provenance` gives it, by which
geofer and from which seed. Older checkpoints have none."""

WHOLE = "none"
"""The crop rule of faces that were taken as they are: maybe they had been cropped before, and nothing says how."""

MOST_TENSORS, MOST_VALUES = 20_000, 500_000
"""Tensors in a checkpoint, those of its optimizers among them; and values of all kinds. The largest networks of timm
have 3,000 tensors, four times as many with an optimizer."""

DEEPEST = 32
"""Lists in lists in lists; Lightning's own entries are nested six deep."""

KINDS = {"hyper_parameters": dict, "callbacks": dict, "loops": dict, "optimizer_states": list, "lr_schedulers": list}
"""What Lightning's own entries of a checkpoint are."""

REBUILT = re.compile(r"collections OrderedDict|torch\._utils _rebuild_tensor_v2|torch (?!Typed|Untyped)\w+Storage")
"""All that a checkpoint's pickle may name: what torch writes for a dictionary, a tensor, and a tensor's numbers."""


def read_checkpoint(path: str | Path, *, mapped: bool = False) -> dict[str, Any]:
    """Reads a checkpoint that nobody has vouched for, onto the CPU.

    The checksum of every record is verified first, since torch itself loads a file with flipped bits in silence. Then
    only tensors and plain data are unpickled; anything that could run code, import a module, or is larger than a
    checkpoint can be, is refused before.

    Args:
        path: A file on this machine.
        mapped: Leave the numbers of tensors in the file until they are looked at, for a caller who copies some of
            them at once: weights alone are a third of what a training run needs.

    Returns:
        The checkpoint, with at least ``state_dict``, whose numbers are all finite: dictionaries, lists, tuples,
        numbers, texts and dense tensors.

    Raises:
        CheckpointError: The file is missing, remote, damaged, holds more than plain data, or is something else.
    """
    name = printable(path)
    if re.match(r"[a-z0-9+.-]+://", str(path), re.IGNORECASE):
        raise CheckpointError(
            f"{name} is not a file on this machine; download it, check where it is from, and try again."
        )
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(f"{name}: there is no such checkpoint file.")
    if path.suffix == ".safetensors":
        raise CheckpointError(f"{name} is a model file to recognize with; name a checkpoint (.ckpt) of a training run.")
    try:
        _verify_records(path)
    except CheckpointError as error:
        raise CheckpointError(f"{name} {error}; it was not loaded.") from error
    except Exception as error:  # zipfile raises a dozen different types for a damaged file
        raise CheckpointError(f"{name} is damaged or no checkpoint ({error}); use another one.") from error
    held = _load(path, mmap=mapped)
    try:
        checkpoint = _Plain().value(held, "", 0)
    except (SchemaError, RuntimeError) as error:
        raise CheckpointError(f"{name} is no checkpoint of a training run: {error}.") from error
    weights = checkpoint.get("state_dict") if isinstance(checkpoint, dict) else None
    if not isinstance(weights, dict) or not all(isinstance(value, Tensor) for value in weights.values()):
        raise CheckpointError(f"{name} holds no state_dict; it is not a checkpoint of a training run.")
    for entry, kind in KINDS.items():
        if entry in checkpoint and not isinstance(checkpoint[entry], kind):
            raise CheckpointError(
                f"{name} is no checkpoint of a training run: its {entry} is {shown(checkpoint[entry])}."
            )
    stored = {value.untyped_storage().data_ptr(): value.untyped_storage().nbytes() for value in weights.values()}
    if sum(value.nbytes for value in weights.values()) > 2 * sum(stored.values()):  # a few may be tied
        raise CheckpointError(f"{name} cannot be used: its weights are the same numbers many times over.")
    if broken := [key for key, value in weights.items() if not all_finite([value])]:
        raise CheckpointError(
            f"{name} cannot be used: {len(broken)} of its weights are NaN or infinite, first {printable(broken[0])}."
        )
    return dict(checkpoint)


def _verify_records(path: Path) -> None:
    """Looks through the records of a zip file, and compares each with its checksum.

    Raises:
        ValueError: It is no file that torch wrote; or whatever `zipfile` raises.
    """
    _check_count(path)
    with ZipFile(path) as archive:
        records = archive.infolist()
        for record in records:
            if record.compress_type != ZIP_STORED:
                raise ValueError(f"record {printable(record.filename)} is compressed, which torch never does")
        names = {record.filename for record in records}
        if len(names) < len(records) or archive.comment or min(record.header_offset for record in records) != 0:
            raise ValueError("its records overlap, or something stands before or behind them")
        if (broken := archive.testzip()) is not None:
            raise ValueError(f"record {printable(broken)} does not match its checksum")
        pickles = [record for record in records if record.filename.endswith("data.pkl")]
        if len(pickles) != 1:
            raise ValueError(f"it has {len(pickles)} records data.pkl")
        _check_pickle(archive, pickles[0])


def _check_count(path: Path) -> None:
    """Refuses a file with too many records before the list of them is read, by what its last bytes say."""
    with path.open("rb") as file:
        file.seek(0, 2)
        size = file.tell()
        file.seek(max(0, size - 22))
        end = file.read()
        if len(end) < 22 or not end.startswith(b"PK\5\6"):
            raise ValueError("it is cut off, or no zip file")
        count, directory = struct.unpack("<HI", end[10:16])
        file.seek(max(0, size - 98))
        large = file.read(76)  # of large files: the same with longer numbers, and where that is
        if large[56:].startswith(b"PK\6\7"):
            count, directory = struct.unpack("<QQ", large[32:48])
    if count > MOST_TENSORS or directory > 256 * MOST_TENSORS:
        raise ValueError(f"it has {count} records; at most {MOST_TENSORS} are read")


def _check_pickle(archive: ZipFile, record: ZipInfo) -> None:
    """Refuses a pickle that names what no checkpoint needs, or makes too much, before torch unpickles it."""
    if record.file_size > 100 * MOST_VALUES:
        raise ValueError(f"its structure takes {record.file_size} bytes; at most {100 * MOST_VALUES} are read")
    data = archive.read(record)
    made = data.count(b"R")  # no opcode makes a tensor but this one; a letter R in a name counts, too
    if made > 3 * MOST_TENSORS:
        raise ValueError(f"it has more than {MOST_TENSORS} tensors")
    for operation, argument, _ in pickletools.genops(data):
        if operation.name == "GLOBAL" and not REBUILT.fullmatch(str(argument)):
            raise CheckpointError(_unsafe(str(argument).replace(" ", ".")))
        if operation.name in ("STACK_GLOBAL", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "EXT1", "EXT2", "EXT4"):
            raise CheckpointError(_unsafe(operation.name))


def _unsafe(what: str) -> str:
    return f"holds more than tensors and plain data ({printable(what)[:100]}), which could run code"


def _verify_saved(path: Path) -> None:
    """Refuses to have written what `read_checkpoint` would not read; checksums need no second look."""
    held = _load(path, mmap=True)
    try:
        with ZipFile(path) as archive:
            _check_pickle(
                archive, next(record for record in archive.infolist() if record.filename.endswith("data.pkl"))
            )
        _Plain().value(held, "", 0)
    except ValueError as error:
        raise CheckpointError(f"{printable(path.name)} would not load again: {error}.") from error


def _load(path: Path, *, mmap: bool = False) -> object:
    """`torch.load` for tensors and plain data alone."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)
    except Exception as error:  # the unpickler meets whatever the file asks for
        found = re.search(r"(?:GLOBAL|function|class) ([\w.]+)", str(error))
        raise CheckpointError(
            f"{printable(path)} {_unsafe(found[1] if found else type(error).__name__)}; it was not loaded."
        ) from error


class _Plain:
    """Copies what torch unpickled into plain containers, and refuses what is no plain data, too much or too deep."""

    def __init__(self) -> None:
        self._values = 0

    def value(self, held: object, where: str, depth: int) -> Any:  # noqa: ANN401
        self._values += 1
        if self._values > MOST_VALUES or depth > DEEPEST:
            raise SchemaError(f"{where} goes too far: {MOST_VALUES} values, nested {DEEPEST} deep, are the most")
        if held is None or isinstance(held, bool | int | float | str):
            return held
        if isinstance(held, Tensor):
            return self._dense(held, where)
        if isinstance(held, list):
            return [self.value(entry, where, depth + 1) for entry in held]
        if type(held) is tuple:
            return tuple(self.value(entry, where, depth + 1) for entry in held)
        if isinstance(held, dict):
            table = {}
            for key in held:  # by its own methods a dictionary might have lost some
                if not isinstance(key, str | int) or len(str(key)) > 1000:
                    raise SchemaError(f"{where} has a {type(key).__name__} for a name")
                inside = f"{where}.{printable(key)}" if depth < 3 else where
                table[key] = self.value(held[key], inside.removeprefix("."), depth + 1)
            return table
        raise SchemaError(f"{where} is a {type(held).__name__}")

    @staticmethod
    def _dense(tensor: Tensor, where: str) -> Tensor:
        """A tensor that has a number of its own for each element: no other takes only as much memory as it says."""
        dense = tensor.layout == torch.strided and not tensor.is_quantized and not tensor.is_complex()
        if not dense or tensor.device.type != "cpu":
            raise SchemaError(f"{where} is no dense tensor of numbers")
        needed = tensor.element_size() * tensor.numel()
        if needed > tensor.untyped_storage().nbytes():
            raise SchemaError(f"{where} is a tensor of {tensor.numel()} numbers that repeats a few")
        return tensor.detach()


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
                _verify_saved(Path(file.name))
        except (OSError, RuntimeError) as error:
            reason = error.__context__ if isinstance(error.__context__, OSError) else error  # torch hides the disk's
            raise CheckpointError(
                f"{path} could not be written ({reason}); free some space or choose another folder. "
                "The previous checkpoint is as it was."
            ) from error

    def load_checkpoint(
        self, path: str | Path, map_location: object = None, weights_only: bool | None = None
    ) -> dict[str, Any]:
        """Reads a checkpoint with `read_checkpoint`, onto the CPU, whatever the other arguments say."""
        return read_checkpoint(path)

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
    try:
        known: dict[str, Any] = read(dict[str, Any], checkpoint.get(PROVENANCE) or {}, PROVENANCE)
    except SchemaError as error:
        raise CheckpointError(f"The checkpoint's entry {error}; it is damaged.") from error
    return known


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
    text = ", ".join(map(str, value[:100])) if isinstance(value, list | tuple) else str(value)
    return text[:500]


def _shapes(state: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in state.items() if isinstance(value, Tensor)}
