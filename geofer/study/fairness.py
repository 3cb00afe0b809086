"""Whether everybody is recognized equally well: accuracy by gender, age and ancestry of the rendered people."""

from collections.abc import Mapping

import numpy as np
from torch import Tensor

from geofer.datamodules import FaceDataModule, RenderedFaces
from geofer.metrics.groups import GroupAccuracy, accuracy_by_group

AGES = {"adult": 0.69, "middle-aged": 0.76, "old": 1.0}
"""Upper ends of the age groups on the head model's scale, where 2/3 is a young adult and 1 old: about a third each."""

ANCESTRIES = ("african", "asian", "caucasian")


def groups_of(phenotype: Mapping[str, float]) -> dict[str, str]:
    """Which groups a rendered person is in.

    Args:
        phenotype: As `geofer.datamodules.RenderedFaces.phenotype` tells it.

    Returns:
        ``gender``, ``age`` and ``ancestry``; of mixed ancestries, which most people have, the largest share.
    """
    return {
        "gender": "female" if phenotype["gender"] > 0.5 else "male",
        "age": next(name for name, end in AGES.items() if phenotype["age"] <= end),
        "ancestry": max(ANCESTRIES, key=lambda name: phenotype[name]),
    }


def fairness(
    predictions: Mapping[str, Tensor], phenotypes: Mapping[int, Mapping[str, float]]
) -> tuple[GroupAccuracy, ...]:
    """Accuracy by gender, age group and ancestry.

    Args:
        predictions: As `geofer.callbacks.predictions.read_predictions` gives them.
        phenotypes: Of each subject.
    """
    subject = predictions["subject"].numpy()
    correct = (predictions["probabilities"].argmax(1) == predictions["expression"]).numpy()
    groups = {person: groups_of(phenotypes[person]) for person in np.unique(subject).tolist()}
    return tuple(
        group
        for factor in ("gender", "age", "ancestry")
        for group in accuracy_by_group(
            factor, [groups[person][factor] for person in subject.tolist()], correct, subject
        )
    )


def fairness_on(datamodule: FaceDataModule, predictions: Mapping[str, Tensor]) -> tuple[GroupAccuracy, ...]:
    """Accuracy by group where the data module knows whom it shows, as rendered faces do; nothing elsewhere.

    Args:
        datamodule: Whose test faces were predicted.
        predictions: As for `fairness`.
    """
    if not isinstance(datamodule, RenderedFaces):
        return ()
    people = np.unique(predictions["subject"].numpy()).tolist()
    return fairness(predictions, {person: datamodule.phenotype(person) for person in people})
