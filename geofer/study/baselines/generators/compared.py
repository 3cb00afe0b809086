"""What the compared generators share: their networks' sizes, and how the terms of their losses add up."""

from abc import abstractmethod

import torch
from torch import Tensor

from geofer.errors import ConfigError
from geofer.faces import PairBatch
from geofer.modules.generative import GenerativeModule, Losses
from geofer.modules.losses import geometry_loss
from geofer.networks.discriminators import DiscriminatorConfig
from geofer.networks.synthesizer import GeneratorConfig, Synthesis

OF_OURS_ALONE = {
    "discriminator": ("patches", "condition"),
    "losses": ("region_weight", "reconstruction_target"),
    "schedule": ("end_to_end",),
}
"""Settings of `geofer.modules.GeometryGuidedFER` that no compared generator has."""

Terms = dict[str, tuple[float, Tensor]]
"""Terms of a loss by name: what each weighs, and its value."""


class ComparedGenerator(GenerativeModule):
    """A generator whose loss is a sum of terms; a subclass builds the networks and names the terms."""

    def _build(self, generator: GeneratorConfig, discriminator: DiscriminatorConfig) -> None:
        given = {"discriminator": discriminator, "losses": self.loss_config, "schedule": self.schedule}
        for section, config in given.items():
            for name in OF_OURS_ALONE.get(section, ()):
                if getattr(config, name) != getattr(type(config)(), name):
                    raise ConfigError(f"{type(self).__name__} has no {section}.{name}; leave it out.")
        self._build_networks(generator, discriminator.width)

    @abstractmethod
    def _build_networks(self, generator: GeneratorConfig, width: int) -> None:
        """Set ``synthesizer`` and the discriminators; ``width`` is that of the discriminator of pictures."""

    def _own_terms(self, batch: PairBatch, synthesis: Synthesis) -> Terms:
        """What the generator learns from by itself. All have E, which must give the landmarks back (Eq. 9)."""
        return {"geo": (self.loss_config.geometry, geometry_loss(synthesis.reconstruction, batch["target_landmarks"]))}

    @abstractmethod
    def _judged_terms(self, batch: PairBatch, synthesis: Synthesis) -> Terms:
        """What the discriminators tell the generator; the schedule lets it rise."""

    def _generator_loss(self, batch: PairBatch, synthesis: Synthesis, strength: float) -> tuple[Tensor, Losses]:
        terms = self._own_terms(batch, synthesis)
        if strength > 0:
            judged = self._judged_terms(batch, synthesis)
            terms |= {name: (strength * weight, loss) for name, (weight, loss) in judged.items()}
        total = torch.stack([weight * loss for weight, loss in terms.values()]).sum()
        return total, {name: loss for name, (_, loss) in terms.items()}
