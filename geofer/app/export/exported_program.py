"""A recognizer's network as one graph from inputs to probabilities, which every kind of export starts from."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from geofer.app.models.model_file import ModelDescription
from geofer.errors import CheckpointError
from geofer.networks.classifier import Classifier
from geofer.networks.geometry_classifier import LANDMARKS_USED, NUM_BLENDSHAPES, GeometryClassifier
from geofer.networks.geometry_ensemble import GeometryEnsemble

TOLERANCE = 1e-4
"""Largest difference of a probability between an export and the network that it was made from."""

LOG_TOLERANCE = 1e-2
"""Largest difference of a probability's logarithm; a probability of almost 0 or 1 hides what differs before it."""

LEAST = 1e-30
"""Probabilities below count as this."""

CHECKED_BATCHES = (1, 5)
"""Batch sizes that an export is checked with; it was made with another one."""

TRACED_BATCH = 2


class ProbabilityNetwork(nn.Module):
    """A recognizer's network with the softmax behind it."""

    def __init__(self, network: nn.Module) -> None:
        """``network`` maps its inputs to logits."""
        super().__init__()
        self.network = network

    def forward(self, *inputs: Tensor) -> Tensor:
        """Inputs of the recognizer's kind to probabilities ``(B, K)``, in the order of the expressions."""
        probabilities: Tensor = self.network(*inputs).softmax(dim=1)
        return probabilities


def random_inputs(network: nn.Module, description: ModelDescription, batch: int) -> tuple[Tensor, ...]:
    """Inputs of the right shapes: ``(B, 3, S, S)`` in [-1, 1], landmarks ``(B, 68, 2)`` and blendshapes ``(B, 52)``.

    Those of geometry spread as the training faces' did, since others make all probabilities 0 or 1.
    """
    generator = torch.Generator().manual_seed(batch)
    side = description.image_size
    inputs = {"image": 2 * torch.rand(batch, 3, side, side, generator=generator) - 1}
    geometry = network.geometry_branch if isinstance(network, Classifier) else network
    geometry = geometry.members[0] if isinstance(geometry, GeometryEnsemble) else geometry
    if isinstance(geometry, GeometryClassifier):
        inputs["landmarks"], inputs["blendshapes"] = _random_geometry(geometry, batch, generator)
    return tuple(inputs[name] for name in description.inputs)


def _random_geometry(network: GeometryClassifier, batch: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    landmarks = torch.rand(batch, 68, 2, generator=generator)
    blendshapes = torch.rand(batch, NUM_BLENDSHAPES, generator=generator)
    noise = torch.randn(batch, len(network.mean), generator=generator)
    features = network.mean + network.std * noise
    if network.inputs != "landmarks":
        blendshapes = features[:, :NUM_BLENDSHAPES]
        blendshapes = blendshapes.sigmoid() if network.logit_eps else blendshapes
    if network.inputs != "blendshapes":
        landmarks[:, -LANDMARKS_USED:] = features[:, -2 * LANDMARKS_USED :].reshape(batch, LANDMARKS_USED, 2)
    return landmarks, blendshapes


def exported_program(network: nn.Module, description: ModelDescription) -> torch.export.ExportedProgram:
    """The graph from inputs to probabilities, for any batch size.

    Places in source files, which torch notes at each step, are removed: they tell the folders of this machine.

    Raises:
        CheckpointError: torch cannot turn the network into a graph.
    """
    inputs = random_inputs(network, description, TRACED_BATCH)
    batch = torch.export.Dim("batch", min=1)
    try:
        program = torch.export.export(
            ProbabilityNetwork(network).eval(), inputs, dynamic_shapes=(tuple({0: batch} for _ in inputs),)
        )
    except Exception as error:  # a network of a plugin can fail in any way
        raise CheckpointError(f"This network cannot be exported by torch: {error}") from error
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)
    return program


def check_same_probabilities(
    network: nn.Module, description: ModelDescription, exported: Callable[[Sequence[Tensor]], Tensor]
) -> float:
    """Compares an export with the network that it was made from, on random inputs of several batch sizes.

    Args:
        network: The network, which gives logits.
        description: What it is.
        exported: From inputs to probabilities ``(B, K)``.

    Returns:
        The largest difference of a probability.

    Raises:
        CheckpointError: It is above `TOLERANCE`, or that of the logarithms above `LOG_TOLERANCE`.
    """
    whole, largest = ProbabilityNetwork(network).eval(), 0.0
    for batch in CHECKED_BATCHES:
        inputs = random_inputs(network, description, batch)
        with torch.inference_mode():
            expected, found = whole(*inputs), exported(inputs)
            difference = float((expected - found).abs().max())
            logarithms = (expected.clamp_min(LEAST).log() - found.clamp_min(LEAST).log()).abs().max()
        if not (difference <= TOLERANCE and logarithms <= LOG_TOLERANCE):
            raise CheckpointError(
                f"The export gives probabilities that differ by {difference:.2g} from PyTorch's for {batch} inputs, "
                f"and their logarithms by {float(logarithms):.2g}; {TOLERANCE} and {LOG_TOLERANCE} are allowed. "
                "Nothing was written. Please report this backbone."
            )
        largest = max(largest, difference)
    return largest
