"""The classical rows of Tables IV, VI and VII by the paper's names, ready to train on features of many views."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from geofer.faces import NUM_LANDMARKS
from geofer.study.baselines.subspace.ds_gplvm import DSGPLVM
from geofer.study.baselines.subspace.gma import GMLDA, GMLPP
from geofer.study.baselines.subspace.gsrrr import GroupSparseRegression
from geofer.study.baselines.subspace.latent_classes import DGPLVM, GPLRF
from geofer.study.baselines.subspace.lpp import LPP
from geofer.study.baselines.subspace.multi_view import AllViews, MultiViewClassifier, PerView
from geofer.study.baselines.subspace.mvda import MvDA
from geofer.study.baselines.subspace.sparse_codes import SparseCodeRegression
from geofer.study.baselines.subspace.supervectors import Supervectors

Features = Literal["lbp", "lgbp", "hog", "sift", "landmark-sift", "landmarks"]

LBP_CELLS = 64
"""Regions of `geofer.study.baselines.features.lbp_features`."""

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

HAND_CRAFTED = {
    "SVM": Baseline(
        lambda seed: PerView(make_pipeline(StandardScaler(), LinearSVC(C=1e-3, random_state=seed))),
        True,
        ("VI",),
        "lgbp",
    ),
    "LBP-GSRRR": Baseline(lambda seed: PerView(GroupSparseRegression(groups=LBP_CELLS)), True, ("VI",), "lbp"),
    "SIFT-GSRRR": Baseline(
        lambda seed: PerView(GroupSparseRegression(groups=NUM_LANDMARKS)), True, ("VI",), "landmark-sift"
    ),
    "super-vectors": Baseline(
        lambda seed: AllViews(make_pipeline(Supervectors(random_state=seed), LinearSVC(random_state=seed))),
        False,
        ("VI",),
        "sift",
    ),
    "sparse codes": Baseline(lambda seed: SparseCodeRegression(random_state=seed), False, ("VI",), "hog"),
}
"""Table VI's methods, each made for the features that it names."""
