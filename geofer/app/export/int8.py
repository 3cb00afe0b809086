"""A recognizer in ONNX with weights and activations of 8 bits: smaller, often faster, and a little less exact."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from geofer.app.export.onnx_export import check_onnx_installed, onnx_bytes, onnx_runner
from geofer.app.models.model_file import ModelDescription
from geofer.errors import ConfigError, DataError
from geofer.paths import AnyPath, as_path, written_whole

QUANTIZED = ("Conv", "Gemm", "MatMul")
"""Operators that compute in 8 bits; the softmax does not."""

BATCH = 32

LOSS = "geofer_int8"
"""Entry of the metadata with the `Int8Loss`, as JSON."""


@dataclass(frozen=True)
class Int8Loss:
    """What 8 bits cost, measured on faces that were not used to choose the scales.

    Attributes:
        faces: How many there were.
        agreement: Share that gets the same expression as before.
        largest_difference: Of a probability.
        accuracy: Share recognized by 8 bits; None if the expressions shown are unknown.
        accuracy_before: The same by floats.
    """

    faces: int
    agreement: float
    largest_difference: float
    accuracy: float | None
    accuracy_before: float | None


def export_int8(
    path: AnyPath, network: nn.Module, description: ModelDescription, faces: Tensor, labels: Tensor | None = None
) -> Int8Loss:
    """Writes ``path``, an ONNX model as of `geofer.app.export.onnx_export.export_onnx`, but quantized.

    Every other face chooses the scales of the activations; the rest measure what is lost.

    Args:
        path: The file, commonly ``….onnx``.
        network: Of a recognizer of pictures.
        description: What it is.
        faces: ``(N, 3, S, S)`` in [-1, 1], cropped as for training.
        labels: ``(N,)`` the expressions they show, as indices, if they are known.

    Raises:
        ConfigError: The extra ``onnx`` is not installed, or the recognizer looks at more than pixels.
        DataError: There are fewer than two faces.
        CheckpointError: The network cannot be exported.
    """
    check_can_quantize(description)
    path = as_path(path)
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static

    if len(faces) < 2:
        raise DataError("8 bits need two faces at least: some choose the scales, the others measure what is lost.")
    (name,) = description.inputs

    class Faces(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.batches: Iterator[Tensor] = iter(torch.split(faces[::2], BATCH))

        def get_next(self) -> dict[str, NDArray[np.float32]] | None:
            batch = next(self.batches, None)
            return None if batch is None else {name: batch.numpy()}

    exact = onnx_bytes(network, description)
    with TemporaryDirectory() as folder:
        before, after = Path(folder, "float.onnx"), Path(folder, "int8.onnx")
        before.write_bytes(exact)
        quantize_static(
            before,
            after,
            Faces(),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(QUANTIZED),
            per_channel=True,
        )
        model = after.read_bytes()
    loss = _loss(exact, model, faces[1::2], None if labels is None else labels[1::2])
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as file:
        file.write(_with_metadata(model, loss))
    return loss


def check_can_quantize(description: ModelDescription) -> None:
    """Raises ConfigError if the extra ``onnx`` is not installed, or the recognizer looks at more than pixels."""
    check_onnx_installed()
    if description.kind != "picture":
        raise ConfigError("8 bits are for recognizers of pictures; one of geometry is small and quick as it is.")
    if description.inputs != ("image",):
        raise ConfigError(
            f"8 bits are for recognizers of pixels alone: this one also takes {description.inputs[1]}, which the "
            "folder of cropped faces does not tell. Export it without --int8."
        )


def _loss(exact: bytes, quantized: bytes, faces: Tensor, labels: Tensor | None) -> Int8Loss:
    before, after = (_probabilities(model, faces) for model in (exact, quantized))
    expressions = [probabilities.argmax(1) for probabilities in (before, after)]
    right = [None if labels is None else float((found == labels).float().mean()) for found in expressions]
    return Int8Loss(
        faces=len(faces),
        agreement=float((expressions[0] == expressions[1]).float().mean()),
        largest_difference=float((before - after).abs().max()),
        accuracy=right[1],
        accuracy_before=right[0],
    )


def _probabilities(model: bytes, faces: Tensor) -> Tensor:
    run = onnx_runner(model)
    return torch.cat([run((batch,)) for batch in torch.split(faces, BATCH)])


def _with_metadata(model: bytes, loss: Int8Loss) -> bytes:
    """The model with what 8 bits cost in its metadata; the description is there already."""
    import onnx

    proto = onnx.load_from_string(model)
    entry = proto.metadata_props.add()
    entry.key, entry.value = LOSS, json.dumps(asdict(loss))
    return bytes(proto.SerializeToString())
