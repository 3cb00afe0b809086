"""``geofer export CHECKPOINT --output FILE``: a trained recogniser in a form to carry away."""

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from torch import nn

from geofer.app.checkpoint_model import from_checkpoint
from geofer.app.model_file import ModelDescription, load_model, save_model
from geofer.cli.runs import checkpoint_file
from geofer.cli.verb_parser import VerbParser
from geofer.errors import ConfigError
from geofer.landmarks.alignment import CropRule
from geofer.paths import written_whole

FORMATS = (".safetensors", ".onnx", ".pt2")


def export(arguments: Sequence[str]) -> None:
    """Write a recogniser as a model file, for ONNX Runtime, or for `torch.export.load`.

    Raises:
        ConfigError: The command line is wrong, or an extra is missing.
        CheckpointError: The checkpoint cannot be used, or the export is not the same network.
        DataError: The faces for ``--int8`` cannot be read.
    """
    given = _parser().parse_args(list(arguments))
    if given.output.suffix not in FORMATS:
        raise ConfigError(f"--output {given.output} must end in {', '.join(FORMATS)}; that chooses the format.")
    if given.int8 and given.output.suffix != ".onnx":
        raise ConfigError("--int8 is for ONNX: let --output end in .onnx.")
    network, description = _recogniser(given)
    if given.int8:
        _write_int8(given, network, description)
    else:
        _write(given.output, network, description)
    if given.card:
        _write_card(given.output, description)


def _recogniser(given: Namespace) -> tuple[nn.Module, ModelDescription]:
    path = checkpoint_file(given.checkpoint, "best") if given.checkpoint.is_dir() else given.checkpoint
    if path.suffix == ".ckpt":
        return from_checkpoint(path, given.crop or "tight")
    if given.crop:
        raise ConfigError("--crop is for checkpoints of runs; a model file knows its own.")
    return load_model(path)


def _write(output: Path, network: nn.Module, description: ModelDescription) -> None:
    if output.suffix == ".safetensors":
        save_model(output, network, description)
        print(f"{output}: load it with geofer.load or geofer recognize --checkpoint.")
        return
    if output.suffix == ".onnx":
        from geofer.app.onnx_export import export_onnx as write
    else:
        from geofer.app.torch_export import export_torch as write
    difference = write(output, network, description)
    print(f"{output}: probabilities differ from PyTorch's by at most {difference:.1e} on random inputs.")


def _write_int8(given: Namespace, network: nn.Module, description: ModelDescription) -> None:
    from geofer.app.calibration_faces import read_cropped_faces
    from geofer.app.int8 import check_can_quantise, export_int8

    check_can_quantise(description)
    faces, labels = read_cropped_faces(given.int8, description)
    loss = export_int8(given.output, network, description, faces, labels)
    print(
        f"{given.output}: on {loss.faces} faces that did not choose the scales, {loss.agreement:.1%} get the same "
        f"expression as before; a probability changes by up to {loss.largest_difference:.2g}."
    )
    if loss.accuracy is not None:
        print(f"Accuracy on them: {loss.accuracy_before:.1%} before, {loss.accuracy:.1%} with 8 bits.")


def _write_card(output: Path, description: ModelDescription) -> None:
    from geofer.app.model_card import model_card

    card = output.with_suffix(".md")
    with written_whole(card) as file:
        file.write(model_card(description, output.name).encode())
    print(f"{card}: its model card.")


def _parser() -> VerbParser:
    parser = VerbParser("export", "Write a trained recogniser in a form to carry away.")
    parser.add_argument(
        "checkpoint", type=Path, metavar="CHECKPOINT", help="a model file, a checkpoint of a run, or a run's folder"
    )
    parser.add_argument("--output", type=Path, required=True, help=f"the file; it ends in {', '.join(FORMATS)}")
    parser.add_argument("--crop", choices=get_args(CropRule), help="how a run's faces were cropped; tight unless named")
    parser.add_argument(
        "--int8",
        type=Path,
        metavar="FOLDER_OF_FACES",
        help="quantise to 8 bits; every other of these cropped faces chooses the scales, the rest measure the loss",
    )
    parser.add_argument("--card", action="store_true", help="write a model card beside the file, ending in .md")
    return parser
