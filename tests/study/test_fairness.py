"""Who is in which group, and how well each group is recognized."""

from collections import Counter

import numpy as np
import pytest
import torch

from geofer.datamodules import RenderedFaces
from geofer.rendering.identity import sample_identity
from geofer.study.fairness import fairness, groups_of


def test_groups_of_people_are_about_equally_large():
    chance = np.random.default_rng(0)
    people = [groups_of(sample_identity(chance).phenotypes) for _ in range(600)]
    for factor, names in {
        "gender": {"female", "male"},
        "age": {"adult", "middle-aged", "old"},
        "ancestry": {"african", "asian", "caucasian"},
    }.items():
        counts = Counter(groups[factor] for groups in people)
        assert counts.keys() == names
        assert min(counts.values()) > 0.8 * 600 / len(names)


def test_fairness_on_rendered_people(tmp_path):
    data = RenderedFaces(
        train_subjects=0, val_subjects=0, test_subjects=5, expressions=("anger",), poses="multipie", views=1,
        root=tmp_path, render_workers=1,
    )  # fmt: skip
    data.prepare_data()
    phenotypes = {person: data.phenotype(person) for person in range(5)}
    for person, phenotype in phenotypes.items():
        assert phenotype["african"] + phenotype["asian"] + phenotype["caucasian"] == pytest.approx(1, abs=1e-6)
        assert 0.6 < phenotype["age"] <= 1, person
    right = torch.tensor([1, 1, 0, 1, 0])
    predictions = {
        "probabilities": torch.eye(2)[right],
        "expression": torch.ones(5, dtype=torch.int64),
        "subject": torch.arange(5),
    }
    groups = {(group.factor, group.level): group for group in fairness(predictions, phenotypes)}
    for factor in ("gender", "age", "ancestry"):
        assert sum(group.faces for (name, _), group in groups.items() if name == factor) == 5
    women = [person for person in range(5) if phenotypes[person]["gender"] > 0.5]
    assert 0 < len(women) < 5
    assert groups["gender", "female"].accuracy == pytest.approx(right[women].float().mean().item())
