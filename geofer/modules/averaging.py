"""Averages of weights over time, and of batch statistics over processes."""

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


@torch.no_grad()
def update_average(average: nn.Module, network: nn.Module, decay: float, updates: int) -> None:
    """Move the average a step towards the network: ``average = d · average + (1 - d) · network``.

    Args:
        average: A copy of the network, changed in place; its batch statistics are averaged as well.
        network: What is trained.
        decay: d in [0, 1); early on it is smaller, ``(1 + updates) / (10 + updates)``, to forget the random start.
        updates: How often the average was updated before.
    """
    decay = min(decay, (1 + updates) / (10 + updates))
    pairs = [
        (mean, value)
        for mean, value in zip(average.state_dict().values(), network.state_dict().values(), strict=True)
        if mean.is_floating_point()
    ]
    means, values = zip(*pairs, strict=True)
    torch._foreach_lerp_(list(means), list(values), 1 - decay)


@torch.no_grad()
def average_statistics(module: nn.Module) -> None:
    """Give all processes the mean of their running batch statistics, in place; collective.

    Distributed training synchronizes gradients only: each process's running means and variances drift apart. Other
    buffers are constants, the same everywhere, and stay untouched.
    """
    norms = [layer for layer in module.modules() if isinstance(layer, _BatchNorm)]
    statistics = [buffer for norm in norms for buffer in (norm.running_mean, norm.running_var)]
    buffers: list[Tensor] = [buffer for buffer in statistics if buffer is not None]
    if not buffers:
        return
    together = torch.cat([buffer.flatten().float() for buffer in buffers])
    torch.distributed.all_reduce(together)
    together /= torch.distributed.get_world_size()
    for buffer, mean in zip(buffers, torch.split(together, [buffer.numel() for buffer in buffers]), strict=True):
        buffer.copy_(mean.view_as(buffer))
