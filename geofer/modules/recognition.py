"""What every expression recognizer here has in common: the classifier, its evaluation, and what checkpoints hold."""

import inspect
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn, Self

import torch
from lightning import LightningModule
from torch import Tensor, nn
from torch.optim import Optimizer
from torchmetrics.classification import MulticlassAccuracy

from geofer.arguments import constructor_arguments, plain
from geofer.checkpoints import (
    PROVENANCE,
    check_fits,
    check_same_crop,
    check_trained_elsewhere,
    provenance_of,
    read_checkpoint,
)
from geofer.errors import CheckpointError, ConfigError, NonFiniteError, printable
from geofer.faces import FaceBatch, FaceSource
from geofer.metrics import RecognitionMetrics, RecognitionReport
from geofer.modules.averaging import average_statistics
from geofer.modules.initial_weights import initialize_from, read_initial_weights
from geofer.modules.optimization import Optimization
from geofer.modules.stored import INIT_FROM, check_weights, stored_arguments, stored_kind
from geofer.networks.classifier import Classifier, ClassifierOutput
from geofer.networks.geometry_branch import Geometry, geometry_of
from geofer.ranges import plain_number
from geofer.schema import check_expressions, shown
from geofer.version import __version__


class RecognitionModule(LightningModule):
    """Evaluates a classifier; subclasses train it.

    Attributes:
        expressions: Names of the K expressions, in the order of their labels.
        image_size: Side of the pictures in pixels.
        classifier: C.
        reports: The last `RecognitionReport` of ``"val"`` and of ``"test"``, set when their epoch ends.
        provenance: What it was trained on, see `geofer.checkpoints.PROVENANCE`; empty if that is not known.
        initial_expressions: Those that the weights it started from know, see ``init_from``.
    """

    def __init__(
        self,
        expressions: Sequence[str],
        image_size: int,
        classifier: nn.Module,
        init_from: str | None = None,
    ) -> None:
        """Take the classifier, and keep the subclass's arguments as hyperparameters.

        Args:
            expressions: Names of the K expressions, in the order of their labels.
            image_size: Side of the pictures in pixels.
            classifier: Maps pictures ``(B, 3, H, W)`` in [-1, 1] to logits ``(B, K)``; one that has a geometry branch
                is also given the geometry.
            init_from: Where ``fit`` takes the first weights from: the name of a bundled model, a model file or a
                checkpoint, see `geofer.modules.initial_weights`; None keeps those that the networks are built with.

        Raises:
            ConfigError: An argument of the subclass has no plain form, which a checkpoint needs.
        """
        super().__init__()
        check_expressions(expressions)
        self.save_hyperparameters(hyperparameters(self, constructor_arguments(self)))
        self.expressions = tuple(expressions)
        self.image_size = plain_number(image_size)
        self.classifier = classifier.to(memory_format=torch.channels_last)
        self.geometry: Geometry = classifier.geometry if isinstance(classifier, Classifier) else "none"
        self.metrics = nn.ModuleDict({split: RecognitionMetrics(self.expressions) for split in ("val", "test")})
        self.image_alone = nn.ModuleDict()
        if self.geometry != "none":
            for split in self.metrics:
                self.image_alone[split] = MulticlassAccuracy(len(self.expressions), average="micro")
        self.reports: dict[str, RecognitionReport] = {}
        self.provenance: dict[str, Any] = {}
        self.init_from = init_from
        self.initial_expressions: tuple[str, ...] = ()
        self._initial_names: frozenset[str] = frozenset()

    def setup(self, stage: str) -> None:
        """Take the first weights before a fit; a checkpoint that it resumes from replaces them.

        Raises:
            CheckpointError: ``init_from`` names what is missing, damaged or something else.
            ConfigError: Its networks are not those of this module.
        """
        if stage == "fit" and self.init_from is not None:
            initial = read_initial_weights(self.init_from)
            self._initial_names = initialize_from(self, self.expressions, initial)
            self.initial_expressions = tuple(name for name in self.expressions if name in initial.expressions)

    @classmethod
    def load_from_checkpoint(  # type: ignore[override]  # files that are open already cannot be verified
        cls,
        checkpoint_path: str | Path,
        map_location: torch.device | str | None = None,
        *,
        weights_only: bool | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> Self:
        """Build the module that a checkpoint holds, for predictions.

        Nothing that the file says is imported, called or fetched, see `geofer.modules.stored`. So the module has no
        optimizers; to train it, name them here, or resume with ``Trainer.fit(…, ckpt_path=…)``.

        Args:
            checkpoint_path: A file on this machine.
            map_location: Where the module goes; None leaves it on the CPU.
            weights_only: Lightning's argument; whatever it says, only weights and plain data are read.
            kwargs: Arguments of the module that take the place of those in the file.

        Raises:
            CheckpointError: The file is missing, remote, damaged, holds more than tensors and plain data, or is of
                another class than this one, or its weights are not those of what it says it is.
        """
        checkpoint = read_checkpoint(checkpoint_path)
        weights = checkpoint["state_dict"]
        try:
            kind, arguments = _stored(cls, checkpoint)
            arguments |= kwargs
            check_weights(weights, lambda: kind(**arguments))
            module: Self = kind(**arguments)
            module.on_load_checkpoint(checkpoint)
            module.load_state_dict(weights)
        except CheckpointError as error:
            raise CheckpointError(f"{printable(checkpoint_path)} cannot be used: {error}".rstrip(".") + ".") from error
        for name in inspect.signature(kind).parameters:
            if name.endswith("_optimization") and name not in kwargs:
                setattr(module, name, replace(getattr(module, name), optimizer=_no_optimizer))
                module.hparams.pop(name, None)
        if map_location is not None:
            module.to(map_location)
        return module

    def forward(self, image: Tensor, geometry: Tensor | None = None) -> Tensor:
        """Faces to logits ``(B, K)``.

        Args:
            image: ``(B, 3, H, W)`` in [-1, 1].
            geometry: What the classifier's geometry branch sees, if it has one; None lets the pixels decide alone.
        """
        logits: Tensor = self.classifier(image) if geometry is None else self.classifier(image, geometry)
        return logits

    def geometry_of(self, batch: FaceBatch, prefix: str = "") -> Tensor | None:
        """What the classifier's geometry branch sees of a batch, see `geofer.networks.geometry_branch.geometry_of`.

        Raises:
            DataError: The batch does not hold it.
        """
        return geometry_of(batch, self.geometry, prefix)

    def classify(self, batch: FaceBatch) -> ClassifierOutput:
        """What the classifier says of a batch by all that it looks at, and by the pixels alone if that is less.

        Raises:
            DataError: The batch does not hold what it looks at.
        """
        geometry = self.geometry_of(batch)
        if geometry is None or not isinstance(self.classifier, Classifier):
            return ClassifierOutput(self(batch["image"]), None)
        return self.classifier.outputs(batch["image"], geometry)

    def on_fit_start(self) -> None:
        """Tell a geometry branch what the geometries of the training faces are like.

        Raises:
            ConfigError: There is a geometry branch and no data module that knows them.
            DataError: The faces come without what it looks at.
        """
        if not isinstance(self.classifier, Classifier) or self.geometry == "none":
            return
        if "classifier.geometry_branch.mean" in self._initial_names:
            return  # it has learned with those of other faces
        source: FaceSource | None = getattr(self.trainer, "datamodule", None)
        if source is None:
            raise ConfigError(
                f"classifier.geometry: {self.geometry} needs a data module, which knows the training faces' geometry: "
                "fit with one, or set classifier.geometry: none."
            )
        known = geometry_of(vars(source.landmark_bank()), self.geometry)
        if known is not None:
            self.classifier.standardize_by(known)

    def validation_step(self, batch: FaceBatch, batch_idx: int) -> None:
        """Count a batch of the validation subjects."""
        self._evaluate("val", batch)

    def test_step(self, batch: FaceBatch, batch_idx: int) -> dict[str, Tensor]:
        """Count a batch of the test subjects.

        Returns:
            As `predict_step`.
        """
        return self._evaluate("test", batch)

    def on_validation_epoch_end(self) -> None:
        """Set ``reports["val"]`` and log its scalars as ``val/…``; of a geometry branch also ``val/accuracy_image``."""
        self._report("val")

    def on_test_epoch_end(self) -> None:
        """As after a validation, for ``test``."""
        self._report("test")

    def predict_step(self, batch: FaceBatch, batch_idx: int) -> dict[str, Tensor]:
        """Recognize a batch.

        Returns:
            ``probabilities`` ``(B, K)`` and ``prediction`` ``(B,)``, beside the batch's own ``expression``,
            ``subject``, ``yaw``, ``pitch`` and, if it has them, ``tags``, each ``(B,)``.
        """
        return self._recognized(batch, self.classify(batch))

    def _recognized(self, batch: FaceBatch, answers: ClassifierOutput) -> dict[str, Tensor]:
        probabilities = answers.logits.float().softmax(dim=1)
        faces = {
            "probabilities": probabilities,
            "prediction": probabilities.argmax(dim=1),
            "expression": batch["expression"],
            "subject": batch["subject"],
            "yaw": batch["yaw"],
            "pitch": batch["pitch"],
        }
        return {**faces, "tags": batch["tags"]} if "tags" in batch else faces

    def on_train_start(self) -> None:
        """Note what is trained on, for the checkpoints."""
        describe = getattr(getattr(self.trainer, "datamodule", None), "provenance", None)
        if describe is not None:
            seed = os.environ.get("PL_GLOBAL_SEED")  # where seed_everything leaves it
            self.provenance = {**describe(), "geofer": __version__, "seed": int(seed) if seed else None}
            if self.init_from is not None:
                self.provenance["init_from"] = Path(self.init_from).name

    def on_test_start(self) -> None:
        """Refuse to test every face of a folder that was trained on.

        Raises:
            LeakError: It is one.
        """
        source: Any = getattr(self.trainer, "datamodule", None)
        if getattr(source, "all_for_test", False):
            check_trained_elsewhere(self.provenance, source.provenance())

    def optimizations(self) -> list[Optimization]:
        """How each part learns, in the order of the optimizers; none of a module that is not trained."""
        return []

    def batches(self) -> float:
        """Batches of the whole training, all epochs together; infinite if nothing ends it."""
        return float(self.trainer.estimated_stepping_batches)

    def on_before_optimizer_step(self, optimizer: Optimizer) -> None:
        """Clip gradients: here, between backward and step, those of 16-mixed are no longer scaled."""
        for known, optimization in zip(self.trainer.optimizers, self.optimizations(), strict=True):
            if known is optimizer and optimization.gradient_clip is not None:
                norm = optimization.gradient_clip
                self.clip_gradients(optimizer, gradient_clip_val=norm, gradient_clip_algorithm="norm")

    def on_train_batch_end(self, *_: object) -> None:
        """Give all processes the same batch statistics: they would drift apart, and a checkpoint holds but one's."""
        if self.trainer.world_size > 1:
            average_statistics(self)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Say what was trained on. A loaded model needs no pretrained weights."""
        arguments = checkpoint[self.CHECKPOINT_HYPER_PARAMS_KEY]
        arguments["classifier"] = {**arguments["classifier"], "pretrained": False}
        checkpoint[PROVENANCE] = self.provenance

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Refuse a checkpoint of other expressions, another image size, another crop or other networks.

        Raises:
            CheckpointError: It says what differs.
        """
        check_fits(checkpoint, self)
        self.provenance = provenance_of(checkpoint)
        source = getattr(self._trainer, "datamodule", None)
        check_same_crop(self.provenance.get("crop"), getattr(source, "crop", None))

    def _logs(self, step: int) -> bool:
        """Whether the logger writes at this step: naming losses at every step would cost more than Lightning itself."""
        trainer: Any = self.trainer
        return bool((step + 1) % trainer.log_every_n_steps == 0)

    def _evaluate(self, split: str, batch: FaceBatch) -> dict[str, Tensor]:
        metrics: Any = self.metrics[split]
        answers = self.classify(batch)
        faces = self._recognized(batch, answers)
        probabilities = faces["probabilities"]
        if not probabilities.isfinite().all():
            raise NonFiniteError(
                f"The classifier's probabilities are NaN or infinite on the {split} faces: its weights or batch "
                "statistics are broken. Take an earlier checkpoint, or train again with a lower learning rate."
            )
        labels = (batch[name] for name in ("expression", "yaw", "pitch", "subject"))
        metrics.update(probabilities, *labels, batch.get("tags"))
        if answers.image_logits is not None:
            image_alone: Any = self.image_alone[split]
            image_alone.update(answers.image_logits, batch["expression"])
        return faces

    def _report(self, split: str) -> None:
        metrics: Any = self.metrics[split]
        report: RecognitionReport = metrics.compute(getattr(getattr(self.trainer, "datamodule", None), "tags", ()))
        metrics.reset()
        self.reports[split] = report
        scalars = report.scalars()
        if split in self.image_alone:
            image_alone: Any = self.image_alone[split]
            scalars["accuracy_image"] = float(image_alone.compute())
            image_alone.reset()
        self.log_dict({f"{split}/{name}": value for name, value in scalars.items()}, sync_dist=True)


def hyperparameters(module: RecognitionModule, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What a module was made with, as its checkpoints hold it.

    Args:
        module: The module.
        arguments: As `constructor_arguments` gives them.

    Returns:
        Numbers, text, lists and dictionaries, in the form from which ``load_from_checkpoint`` builds the module again.

    Raises:
        ConfigError: An argument that has no plain form.
    """
    kind = type(module)
    return {
        "class_path": f"{kind.__module__}.{kind.__qualname__}",
        **{name: plain(value, name) for name, value in arguments.items() if name != INIT_FROM},
    }


def _stored(cls: type[RecognitionModule], checkpoint: dict[str, Any]) -> tuple[type[Any], dict[str, Any]]:
    """The class that a checkpoint is loaded as, and its arguments; a class of others is known to its user alone."""
    held = checkpoint.get("hyper_parameters")
    if not isinstance(held, dict):
        raise CheckpointError("it does not say what it is")
    own = f"{cls.__module__}.{cls.__qualname__}"
    kind = cls if held.get("class_path") == own else stored_kind(held)
    if kind is None or not issubclass(kind, cls):
        raise CheckpointError(f"it holds {shown(held.get('class_path'))}, not {own}")
    return kind, stored_arguments(kind, held)


def _no_optimizer(parameters: object) -> NoReturn:
    raise ConfigError(
        "A model that was loaded from a checkpoint has no optimizers. To train it further, name them: "
        "load_from_checkpoint(…, classifier_optimization=…), or go on with the run by `geofer fit --ckpt_path last`."
    )
