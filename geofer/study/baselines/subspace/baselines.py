"""The classical rows of Tables IV and VII by the paper's names, ready to train on features of many views."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from geofer.study.baselines.subspace.ds_gplvm import DSGPLVM
from geofer.study.baselines.subspace.gma import GMLDA, GMLPP
from geofer.study.baselines.subspace.latent_classes import DGPLVM, GPLRF
from geofer.study.baselines.subspace.lpp import LPP
from geofer.study.baselines.subspace.multi_view import MultiViewClassifier, PerView
from geofer.study.baselines.subspace.mvda import MvDA

Features = Literal["lbp", "hog", "landmarks"]

VARIANCE = 0.95
"""Share of the variance that principal components keep before a method of one view."""


@dataclass(frozen=True)
class Baseline:
    """A row of the tables.

    Attributes:
        build: From a seed to the untrained estimator.
        one_view: Whether it is a method of one view, of which each view gets its own.
        tables: Which of the paper's tables have it.
        features: What of `geofer.study.baselines.features` it sees unless told otherwise; the paper does not tell.
    """

    build: Callable[[int], MultiViewClassifier]
    one_view: bool
    tables: tuple[str, ...] = ("IV",)
    features: Features = "lbp"


def _nearest() -> KNeighborsClassifier:
    return KNeighborsClassifier(1)


BASELINES = {
    "kNN": Baseline(lambda seed: PerView(make_pipeline(PCA(VARIANCE), _nearest())), True),
    "LDA": Baseline(lambda seed: PerView(make_pipeline(PCA(VARIANCE), LinearDiscriminantAnalysis())), True),
    "LPP": Baseline(lambda seed: PerView(make_pipeline(PCA(VARIANCE), LPP(), _nearest())), True),
    "D-GPLVM": Baseline(
        lambda seed: PerView(make_pipeline(PCA(VARIANCE), DGPLVM(random_state=seed), _nearest())), True
    ),
    "GPLRF": Baseline(lambda seed: PerView(make_pipeline(PCA(VARIANCE), GPLRF(random_state=seed), _nearest())), True),
    "GMLDA": Baseline(lambda seed: GMLDA(), False, ("IV", "VII")),
    "GMLPP": Baseline(lambda seed: GMLPP(), False, ("IV", "VII")),
    "MvDA": Baseline(lambda seed: MvDA(), False, ("IV", "VII")),
    "DS-GPLVM": Baseline(lambda seed: DSGPLVM(random_state=seed), False, ("IV", "VII")),
}
"""The paper's name of a method → the row. All have the contract of `MultiViewClassifier`."""
