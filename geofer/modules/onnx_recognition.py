"""Anybody's classifier of faces as an ONNX file, where models are tested: on the faces of a data module."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from geofer.errors import CheckpointError, ConfigError, printable
from geofer.faces import FaceBatch
from geofer.modules.recognition import RecognitionModule
from geofer.networks.classifier import ClassifierOutput

LUMINANCE = (0.299, 0.587, 0.114)
"""What red, green and blue count for in a gray picture (ITU-R BT.601)."""


class OnnxRecognition(RecognitionModule):
    """Tests the network of an ONNX file; it is not trained.

    The file must hold its weights itself: nothing outside it is opened. Its only input is a batch of pictures; its
    first output has a row for each with a number for each class, probabilities or logits.
    """

    def __init__(
        self,
        expressions: Sequence[str],
        image_size: int,
        file: str,
        classes: Sequence[str] = (),
        size: int | None = None,
        mean: Sequence[float] = (0.5,),
        std: Sequence[float] = (0.5,),
    ) -> None:
        """Open the file.

        Args:
            expressions: Names of the expressions to test, in the order of their labels.
            image_size: Side of the data's pictures in pixels.
            file: The ONNX file.
            classes: Names of the network's classes, in the order of its outputs; those that are not among the
                expressions are left out.
            size: Side of the pictures that the network takes; None asks the file.
            mean: Is subtracted from pixels in [0, 1]; one number, or one for each of red, green and blue.
            std: They are divided by it then.

        Raises:
            ConfigError: onnxruntime is not installed, or an expression is none of the classes.
            CheckpointError: The file is missing, damaged, refers to other files, or is no such network.
        """
        super().__init__(expressions, image_size, nn.Identity())
        if missing := [name for name in expressions if name not in classes]:
            raise ConfigError(
                f"{printable(file)} tells no {' or '.join(missing)} apart, as --classes are {', '.join(classes)}. Name "
                "the others with --data.expressions."
            )
        self._columns = [list(classes).index(name) for name in expressions]
        self._session, shape = _opened(Path(file))
        self._channels_last = shape[3] in (1, 3) and shape[1] not in (1, 3)
        self._channels = shape[3] if self._channels_last else shape[1]
        side = shape[1] if self._channels_last else shape[2]
        self._side = size or (side if isinstance(side, int) else 0)
        if self._channels not in (1, 3) or self._side < 1:
            raise CheckpointError(
                f"{printable(file)} takes an input of shape {shape}; name its pictures' side with --size, and see that "
                "it has one channel or three."
            )
        self._scale = torch.tensor(mean), torch.tensor(std)
        self._classes = len(classes)

    def classify(self, batch: FaceBatch) -> ClassifierOutput:
        """What the network says of a batch.

        Raises:
            CheckpointError: It cannot be run on such pictures, or has another number of classes.
        """
        name = self._session.get_inputs()[0].name
        try:
            told = self._session.run(None, {name: self._pictures(batch["image"])})[0]
        except Exception as error:  # it has no class of its own for what a graph does not take
            raise CheckpointError(f"The ONNX network cannot be run: {printable(str(error))[:500]}") from error
        answers = torch.from_numpy(np.asarray(told, np.float32)).to(batch["image"].device).flatten(1)
        if answers.shape[1] != self._classes:
            raise CheckpointError(
                f"The ONNX network tells {answers.shape[1]} classes apart, and --classes names {self._classes}."
            )
        shares = bool((answers >= 0).all()) and bool(((answers.sum(1) - 1).abs() < 1e-3).all())
        logits = answers.clamp_min(1e-12).log() if shares else answers
        return ClassifierOutput(logits[:, self._columns], None)

    def _pictures(self, image: Tensor) -> Any:  # noqa: ANN401 - an array
        """The batch's pictures as the network takes them."""
        side = (self._side, self._side)
        pixels = image.float().cpu() / 2 + 0.5
        if pixels.shape[-2:] != side:
            pixels = F.interpolate(pixels, side, mode="bilinear", antialias=True, align_corners=False)
        if self._channels == 1:
            pixels = (pixels * torch.tensor(LUMINANCE)[:, None, None]).sum(1, keepdim=True)
        mean, std = self._scale
        pixels = (pixels - mean[:, None, None]) / std[:, None, None]
        return (pixels.permute(0, 2, 3, 1) if self._channels_last else pixels).contiguous().numpy()


def _opened(path: Path) -> tuple[Any, list[Any]]:
    """A session of the file alone, on one thread of the CPU, and the shape of its input."""
    try:
        import onnx
        import onnxruntime
    except ImportError as error:
        raise ConfigError("ONNX files need the extra `onnx`: pip install 'geofer[onnx]'.") from error
    if not path.is_file():
        raise CheckpointError(f"{printable(path)}: there is no such file.")
    data = path.read_bytes()
    try:
        outside = [*_outside(onnx.load_model_from_string(data))]
    except Exception as error:  # protobuf's own
        raise CheckpointError(f"{printable(path)} is damaged, or no ONNX file.") from error
    if outside:
        raise CheckpointError(
            f"{printable(path)} keeps {len(outside)} of its weights in other files, which are not opened. Save it as "
            "one file: onnx.save(onnx.load('…'), 'one.onnx')."
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 4
    options.add_session_config_entry("session.load_model_format", "ONNX")  # and not what was not looked through
    try:
        session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # it has classes for some
        raise CheckpointError(f"{printable(path)} cannot be run: {printable(str(error))[:500]}") from error
    inputs = session.get_inputs()
    if len(inputs) != 1 or len(inputs[0].shape) != 4:
        told = ", ".join(f"{one.name} {one.shape}" for one in inputs)
        raise CheckpointError(f"{printable(path)} takes {printable(told)}; it should take one batch of pictures.")
    return session, list(inputs[0].shape)


def _outside(message: Any) -> Iterator[str]:  # noqa: ANN401 - onnx has no types
    """The names of all tensors that are kept elsewhere, wherever in a model they stand: also in its functions."""
    from google.protobuf.message import Message

    if getattr(message, "external_data", ()) or getattr(message, "data_location", 0):
        yield message.name
    for field, value in message.ListFields():
        if field.message_type is not None:
            for inner in (value,) if isinstance(value, Message) else value:
                yield from _outside(inner)
