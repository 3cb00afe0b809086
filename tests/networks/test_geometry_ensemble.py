import pytest
import torch

from geofer.errors import ConfigError
from geofer.networks.geometry_classifier import GeometryClassifier
from geofer.networks.geometry_ensemble import GeometryEnsemble, geometry_network

LANDMARKS = torch.rand(5, 68, 2, generator=torch.Generator().manual_seed(0))
HEAD_BLENDSHAPES = torch.rand(5, 52, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("inputs", ["blendshapes", "both"])
def test_the_mean_probability_of_the_members_counts(inputs):
    torch.manual_seed(0)
    ensemble = GeometryEnsemble(7, [{"inputs": inputs, "logit_eps": 1e-5}, {"inputs": inputs, "hidden": 3}]).eval()
    one, other = (member(LANDMARKS, HEAD_BLENDSHAPES).softmax(1) for member in ensemble.members)
    logarithms = ensemble(LANDMARKS, HEAD_BLENDSHAPES)
    torch.testing.assert_close(logarithms.exp(), (one + other) / 2)
    torch.testing.assert_close(ensemble.classify(ensemble.features(LANDMARKS, HEAD_BLENDSHAPES)), logarithms)
    assert ensemble.inputs == inputs


def test_members_that_are_sure_leave_no_probability_infinitely_small():
    ensemble = GeometryEnsemble(2, [{"hidden": 0}, {"hidden": 0}]).eval()
    with torch.no_grad():
        for member in ensemble.members:
            member.layers[-1].weight.fill_(0)
            member.layers[-1].bias.copy_(torch.tensor([500.0, -500.0]))
    assert ensemble(LANDMARKS, HEAD_BLENDSHAPES).isfinite().all()


def test_members_look_at_the_same():
    with pytest.raises(ConfigError, match="look at blendshapes and landmarks; name one or more"):
        GeometryEnsemble(7, [{"inputs": "blendshapes"}, {"inputs": "landmarks"}])
    with pytest.raises(ConfigError, match="look at nothing"):
        GeometryEnsemble(7, [])


def test_without_members_one_classifier_is_built():
    single = geometry_network(7, inputs="landmarks", hidden=3)
    assert isinstance(single, GeometryClassifier)
    assert single.inputs == "landmarks"
    assert isinstance(geometry_network(7, [{}]), GeometryEnsemble)
