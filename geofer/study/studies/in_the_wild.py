"""Table VII: training on one data set, and a test on another, which looks different.

The paper trains on BU-3DFE and tests on SFEW, frames of films; ``data/bu3dfe-to-sfew`` names these.
Whoever has neither gets a license-free twin: other rendered people, seen by a camera with noise, blur and compression
from anywhere, in changing light and before changing backgrounds, and less expressive than those who were trained on.
"""

from copy import deepcopy

from geofer.errors import ConfigError
from geofer.study.baselines.classical_rows import classical, measure
from geofer.study.data import CROSS_DATA_SET, RENDERED_FACES, is_of
from geofer.study.design import Quoted, Row, Study
from geofer.study.protocols import SFEW
from geofer.study.settings import Change, Settings, both, classifier_alone, unchanged
from geofer.study.studies.backbones import resnet50_alone

LOOKS_DIFFERENT = {"poses": "continuous", "scene": "picture", "camera": True, "levels": [3]}
"""What the rendered faces that are tested on have in place of the settings of those that are trained on."""


def across(settings: Settings) -> Settings:
    """The same training, but a test on faces of another kind; settings that name two data sets are left as they are.

    Raises:
        ConfigError: The settings name one data set, and it is not rendered.
    """
    data = settings["data"]
    if is_of(data, CROSS_DATA_SET):
        return settings
    if not is_of(data, RENDERED_FACES):
        raise ConfigError(
            f"This study tests on another data set than it trains on, but {data['class_path']} is one. Name two with "
            f"data.class_path: geofer.datamodules.{CROSS_DATA_SET}, as data/bu3dfe-to-sfew does."
        )
    target = deepcopy(data)
    target["init_args"] |= {"train_subjects": 0, "val_subjects": 0, **LOOKS_DIFFERENT}
    two = {"source": deepcopy(data), "target": target, "train_faces": "train"}
    return {**settings, "data": {"class_path": f"geofer.datamodules.{CROSS_DATA_SET}", "init_args": two}}


def _row(name: str, title: str, change: Change, paper: float | None = None) -> Row:
    return Row(name, title, both(across, change), paper)


IN_THE_WILD = Study(
    name="in-the-wild",
    title="Trained on one data set, tested on another",
    source="Table VII (BU-3DFE to SFEW, which data/bu3dfe-to-sfew asks for); means over expressions",
    protocol=SFEW,
    score="mean recall",
    reference="full",
    rows=(
        _row("full", "full method", unchanged, 27.24),
        _row("no-syn-fi", "No_SynFI: no synthetic faces", classifier_alone),
        _row("resnet50", "ResNet50 alone", resnet50_alone),
        *(
            Row(name.lower(), title, both(across, classical(name)), paper, measure)
            for name, title, paper in (
                ("MvDA", "MvDA", 22.70),
                ("GMLDA", "GMLDA", 19.99),
                ("GMLPP", "GMLPP", 22.80),
                ("DS-GPLVM", "DS-PLVM (DS-GPLVM in Table IV)", 24.70),
            )
        ),
    ),
    quoted=(
        Quoted(
            "Baseline of SFEW's makers",
            18.90,
            "PHOG and LPQ features with an SVM that is trained and tested on SFEW itself, between its two sets; so it "
            "is no method of one data set tested on another.",
        ),
    ),
)
