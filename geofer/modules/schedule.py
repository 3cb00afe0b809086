"""When each part of the method learns, and how strongly."""

from dataclasses import dataclass, fields

from geofer.errors import ConfigError
from geofer.ranges import check_ranges


@dataclass(frozen=True)
class Schedule:
    """Counts batches from the start of training.

    Attributes:
        warmup: During these, E and G learn to reconstruct alone: without it G can end up with one face for everybody.
        adversarial_ramp: Over as many after that, what the other networks tell G (λ1, λ2, λ3) rises to full weight.
        synthetic_start: Before it, C sees real faces only.
        synthetic_ramp: Over as many after that, the number of synthetic faces rises to its full value.
        generator_stop: From it on, E and G and the discriminators stay as they are; None never stops them.
        classifier_start: Before it, C does not learn.
    """

    warmup: int = 1000
    adversarial_ramp: int = 1000
    synthetic_start: int = 2000
    synthetic_ramp: int = 4000
    generator_stop: int | None = None
    classifier_start: int = 0

    def __post_init__(self) -> None:
        """Refuse numbers out of their range.

        Raises:
            ConfigError: It says which.
        """
        check_ranges("schedule", self, low={field.name: 0 for field in fields(self)})

    def check(self, end_to_end: bool) -> None:
        """Refuse a schedule that contradicts itself.

        Args:
            end_to_end: Whether the classifier teaches the generator; if not, they are trained one after the other.

        Raises:
            ConfigError: It says which settings, and what they must be.
        """
        start, stop = self.classifier_start, self.generator_stop
        if stop is not None and start > stop:
            raise ConfigError(
                f"schedule.classifier_start ({start}) comes after schedule.generator_stop ({stop}): nothing would "
                "learn in between. Make it at most that."
            )
        if not end_to_end and start != stop:
            raise ConfigError(
                "With end_to_end: false the classifier is trained after the generator: set schedule.generator_stop "
                f"and schedule.classifier_start to the same batch; they are {stop} and {start}."
            )

    def adversarial(self, step: int) -> float:
        """Share in [0, 1] of λ1, λ2 and λ3 at a batch."""
        return _ramp(step, self.warmup, self.adversarial_ramp)

    def synthetic(self, step: int) -> float:
        """Share in [0, 1] of the synthetic faces at a batch."""
        return _ramp(step, self.synthetic_start, self.synthetic_ramp)

    def trains_generator(self, step: int) -> bool:
        """Whether E, G and the discriminators learn from this batch."""
        return self.generator_stop is None or step < self.generator_stop

    def trains_classifier(self, step: int) -> bool:
        """Whether C learns from this batch."""
        return step >= self.classifier_start


def _ramp(step: int, start: int, length: int) -> float:
    if step < start:
        return 0.0
    return 1.0 if length <= 0 else min(1.0, (step - start + 1) / length)
