"""``geofer export MODEL``: a trained recognizer in a form for elsewhere, or on the Hugging Face Hub."""

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from torch import nn

from geofer.app.models.hub import push
from geofer.app.models.model_file import ModelDescription, save_model
from geofer.app.models.model_source import read_model
from geofer.cli.parsers import FORMATS, export_parser
from geofer.errors import ConfigError, printable
from geofer.paths import written_whole


def export(arguments: Sequence[str]) -> None:
    """Write a recognizer as a model file, for ONNX Runtime or for `torch.export.load`, or push it to the Hub.

    Raises:
        ConfigError: The command line is wrong, or an extra or the Hub's token is missing.
        CheckpointError: The checkpoint cannot be used, or the export is not the same network.
        DataError: The faces for ``--int8`` cannot be read.
        HubError: The Hub cannot be reached, or refuses.
    """
    given = export_parser().parse_args(list(arguments))
    _check_command_line(given)
    network, description = read_model(given.checkpoint, given.crop)
    if given.int8:
        _write_int8(given, network, description)
    elif given.output:
        _write(given.output, network, description)
    if given.card:
        _write_card(given.output, description, given.license)
    if given.push:
        _push(given, network, description)


def _check_command_line(given: Namespace) -> None:
    if given.output is None and given.push is None:
        raise ConfigError("Nothing to write: name --output, --push, or both.")
    if given.output is not None and given.output.suffix not in FORMATS:
        raise ConfigError(f"--output {given.output} must end in {', '.join(FORMATS)}; that chooses the format.")
    if given.output is None and (given.int8 or given.card):
        raise ConfigError("--int8 and --card belong to --output; a model that is pushed always has a card.")
    if given.int8 and given.output.suffix != ".onnx":
        raise ConfigError("--int8 is for ONNX: let --output end in .onnx.")
    if given.public and given.push is None:
        raise ConfigError("--public belongs to --push.")


def _write(output: Path, network: nn.Module, description: ModelDescription) -> None:
    if output.suffix == ".safetensors":
        save_model(output, network, description)
        print(f"{printable(output)}: load it with geofer.load or geofer recognize --model.")
        return
    if output.suffix == ".onnx":
        from geofer.app.export.onnx_export import export_onnx as write
    else:
        from geofer.app.export.torch_export import export_torch as write
    difference = write(output, network, description)
    print(f"{printable(output)}: probabilities differ from PyTorch's by at most {difference:.1e} on random inputs.")


def _write_int8(given: Namespace, network: nn.Module, description: ModelDescription) -> None:
    from geofer.app.export.calibration_faces import read_cropped_faces
    from geofer.app.export.int8 import check_can_quantize, export_int8

    check_can_quantize(description)
    faces, labels = read_cropped_faces(given.int8, description)
    loss = export_int8(given.output, network, description, faces, labels)
    print(
        f"{given.output}: on {loss.faces} faces that did not choose the scales, {loss.agreement:.1%} get the same "
        f"expression as before; a probability changes by up to {loss.largest_difference:.2g}."
    )
    if loss.accuracy is not None:
        print(f"Accuracy on them: {loss.accuracy_before:.1%} before, {loss.accuracy:.1%} with 8 bits.")


def _write_card(output: Path, description: ModelDescription, license_id: str | None) -> None:
    from geofer.app.models.model_card import model_card

    card = output.with_suffix(".md")
    with written_whole(card) as file:
        file.write(model_card(description, output.name, license_id).encode())
    print(f"{printable(card)}: its model card.")


def _push(given: Namespace, network: nn.Module, description: ModelDescription) -> None:
    address = push(given.push, network, description, private=not given.public, license_id=given.license)
    print(f"{address}\nLoad it with geofer.load({str(given.push)!r}) or geofer recognize --model {given.push}.")
    if given.license is None:
        print("Its card names no license, so nobody else may use it: --license names one, such as apache-2.0.")
