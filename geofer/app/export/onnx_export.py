"""A recognizer in ONNX, which runs wherever ONNX Runtime does: without geofer, and without PyTorch."""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor, nn

from geofer.app.export.exported_program import check_same_probabilities, exported_program
from geofer.app.models.model_file import ModelDescription
from geofer.errors import CheckpointError, ConfigError
from geofer.paths import AnyPath, as_path, written_whole
from geofer.weight_files import HEADER

PACKAGES = ("onnx", "onnxruntime", "onnxscript")

PROBABILITIES = "probabilities"
"""Name of the graph's output, ``(B, K)``."""


def export_onnx(path: AnyPath, network: nn.Module, description: ModelDescription) -> float:
    """Writes ``path`` once ONNX Runtime is known to give the probabilities that PyTorch gives.

    Inputs are called as in `ModelDescription.inputs`; the output is ``probabilities``. The first axis of each, called
    ``batch``, may have any size. The metadata's entry ``geofer`` is the description of the model file, as JSON.

    Args:
        path: The file, commonly ``….onnx``.
        network: As `geofer.app.models.model_file.load_model` returns it.
        description: What it is.

    Returns:
        The largest difference of a probability from PyTorch's, on random inputs.

    Raises:
        CheckpointError: The network cannot be exported, or the export differs; no file is written.
        ConfigError: The extra ``onnx`` is not installed.
    """
    model = onnx_bytes(network, description)
    difference = check_same_probabilities(network, description, onnx_runner(model))
    path = as_path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as file:
        file.write(model)
    return difference


def onnx_bytes(network: nn.Module, description: ModelDescription) -> bytes:
    """The ONNX model, with the description in its metadata.

    Raises:
        CheckpointError: The network cannot be exported.
        ConfigError: The extra ``onnx`` is not installed.
    """
    check_onnx_installed()
    program = exported_program(network, description)
    first, *others = description.inputs  # the others have the same batch, and to name it twice is warned of
    try:
        exported = torch.onnx.export(
            program,
            dynamo=True,
            input_names=description.inputs,
            output_names=[PROBABILITIES],
            dynamic_shapes={first: {0: "batch"}, **dict.fromkeys(others)},
            verbose=False,
        )
    except Exception as error:  # an operator that ONNX lacks shows up in many ways
        raise CheckpointError(f"This network cannot be exported to ONNX: {error}") from error
    if exported is None:
        raise CheckpointError("This network cannot be exported to ONNX.")
    model: Any = exported.model_proto
    for node in model.graph.node:
        node.ClearField("metadata_props")  # how torch came to each step
    entry = model.metadata_props.add()
    entry.key, entry.value = HEADER, description.to_json()
    return bytes(model.SerializeToString())


def onnx_runner(model: bytes) -> Callable[[Sequence[Tensor]], Tensor]:
    """From inputs, in the order of the model's, to probabilities ``(B, K)`` by ONNX Runtime on the CPU.

    Raises:
        ConfigError: The extra ``onnx`` is not installed.
    """
    check_onnx_installed()
    from onnxruntime import InferenceSession

    session = InferenceSession(model, providers=["CPUExecutionProvider"])
    names = [entry.name for entry in session.get_inputs()]

    def run(inputs: Sequence[Tensor]) -> Tensor:
        fed = {name: value.numpy() for name, value in zip(names, inputs, strict=True)}
        return torch.from_numpy(session.run([PROBABILITIES], fed)[0])

    return run


def check_onnx_installed() -> None:
    """Raises ConfigError unless the extra ``onnx`` is installed."""
    if missing := [package for package in PACKAGES if find_spec(package) is None]:
        raise ConfigError(f"ONNX needs {', '.join(missing)}, not installed here: pip install 'geofer[onnx]'.")
