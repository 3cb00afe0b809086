"""Networks in another mode for a moment."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """The network in eval mode: no batch statistics, no dropout."""
    training = network.training
    network.eval()
    try:
        yield
    finally:
        network.train(training)


@contextmanager
def frozen_statistics(network: nn.Module, frozen: bool = True) -> Iterator[None]:
    """The network's running batch statistics stay as they are, while batches are still normalized with their own."""
    norms = [module for module in network.modules() if isinstance(module, _BatchNorm)] if frozen else []
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
