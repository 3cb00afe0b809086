"""Stops a run in the step in which something becomes NaN or infinite."""

from collections.abc import Iterable, Mapping

from lightning import Callback, LightningModule, Trainer
from torch import Tensor

from geofer.checkpoints import all_finite
from geofer.errors import NonFiniteError


class NonFiniteGuard(Callback):
    """Ends training with `NonFiniteError` in the step in which a loss or a weight is NaN or infinite.

    A gradient that is not finite makes the weights so in the same step, unless gradient scaling leaves the step out,
    which is none of our business; so one pass over the trained weights is enough. Nothing is written before the check:
    it runs at the end of each step, before callbacks that save.

    Args:
        every_n_steps: How often to look. On a GPU looking waits for the step to end; a checkpoint never holds such
            weights in any case.
    """

    def __init__(self, every_n_steps: int = 1) -> None:
        self.every_n_steps = every_n_steps

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: object, batch: object, batch_idx: int
    ) -> None:
        """Looks at the losses that ``training_step`` returned, and at all trained weights.

        Raises:
            NonFiniteError: One of them is not finite.
        """
        if batch_idx % self.every_n_steps:
            return
        losses = dict(_losses(outputs))
        weights = [parameter for parameter in pl_module.parameters() if parameter.requires_grad]
        if not all_finite([*losses.values(), *weights]):
            raise NonFiniteError(_diagnosis(trainer, pl_module, losses, batch_idx))


def _losses(outputs: object) -> Iterable[tuple[str, Tensor]]:
    """The tensors in what ``training_step`` returned, by name."""
    if isinstance(outputs, Tensor):
        yield "loss", outputs
    elif isinstance(outputs, Mapping):
        yield from ((str(name), value) for name, value in outputs.items() if isinstance(value, Tensor))


def _diagnosis(trainer: Trainer, module: LightningModule, losses: dict[str, Tensor], batch_idx: int) -> str:
    """What broke, where, and what to do about it."""
    logged = {name: value for name, value in trainer.callback_metrics.items() if name.startswith("train/")}
    weights = dict(module.named_parameters())
    gradients = {name: weight.grad for name, weight in weights.items() if weight.grad is not None}
    found = [
        f"{kind} {', '.join(broken)}"
        for kind, broken in (
            ("losses", _broken(logged | losses)),
            ("gradients of", _networks(_broken(gradients))),
            ("weights of", _networks(_broken(weights))),
        )
        if broken
    ]
    return (
        f"NaN or infinite values in epoch {trainer.current_epoch}, batch {batch_idx}: {'; '.join(found)}. "
        "Checkpoints written before are good. Resume from the last one with a lower learning rate, "
        "gradient clipping, or bf16-mixed instead of 16-mixed precision."
    )


def _broken(values: Mapping[str, Tensor]) -> list[str]:
    return [name for name, value in values.items() if not all_finite([value])]


def _networks(names: Iterable[str]) -> list[str]:
    """The networks that these parameters belong to, each once."""
    return list(dict.fromkeys(name.partition(".")[0] for name in names))
