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
        generator_steps: Steps of E and G for each one of the discriminators.
        end_to_end: Whether C teaches G (λ3). False is the row No_E2E of Table VIII: G is trained first and C after it.

    Examples:
        >>> Schedule(classifier_start=-1)
        Traceback (most recent call last):
            ...
        geofer.errors.ConfigError: schedule.classifier_start is -1; choose a number 0 or more.
    """

    warmup: int = 1000
    adversarial_ramp: int = 1000
    synthetic_start: int = 2000
    synthetic_ramp: int = 4000
    generator_stop: int | None = None
    classifier_start: int = 0
    generator_steps: int = 1
    end_to_end: bool = True

    def __post_init__(self) -> None:
        """Refuse numbers out of their range, and a schedule that contradicts itself.

        Raises:
            ConfigError: It says which settings, and what they must be.
        """
        low = {field.name: 0 for field in fields(self) if field.name != "end_to_end"}
        check_ranges("schedule", self, low={**low, "generator_steps": 1})
        start, stop = self.classifier_start, self.generator_stop
        if stop is not None and start > stop:
            raise ConfigError(
                f"schedule.classifier_start ({start}) comes after schedule.generator_stop ({stop}): nothing would "
                "learn in between. Make it at most that."
            )
        if not self.end_to_end and start != stop:
            raise ConfigError(
                "With schedule.end_to_end: false the classifier is trained after the generator: set "
                f"schedule.generator_stop and schedule.classifier_start to the same batch; they are {stop} and {start}."
            )

    def adversarial(self, step: int) -> float:
        """Share in [0, 1] of λ1, λ2 and λ3 at a batch."""
        return _ramp(step, self.warmup, self.adversarial_ramp)

    def synthetic(self, step: int) -> float:
        """Share in [0, 1] of the synthetic faces at a batch."""
        return _ramp(step, self.synthetic_start, self.synthetic_ramp)

    def generator_batches(self, batches: float) -> float:
        """How many of the training's batches E and G learn from."""
        return batches if self.generator_stop is None else min(batches, self.generator_stop)

    def discriminator_batches(self, batches: float) -> float:
        """How many of the training's batches the discriminators learn from: none of the warm-up."""
        return max(0, self.generator_batches(batches) - self.warmup)

    def classifier_batches(self, batches: float) -> float:
        """How many of the training's batches C learns from."""
        return max(0, batches - self.classifier_start)

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
