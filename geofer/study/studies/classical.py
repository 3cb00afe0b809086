"""Table IV, its upper part: the classical baselines, on features of the same faces.

Table IV prints five numbers for each of them below six headings. They are the accuracies of the five poses, so their
means are taken here, as in `geofer.study.studies.backbones`.
"""

from geofer.study.baselines.classical_rows import classical, measure
from geofer.study.design import Row, Study
from geofer.study.protocols import MULTI_PIE
from geofer.study.settings import unchanged

PAPER = {
    "kNN": 76.16,
    "LDA": 87.73,
    "LPP": 87.84,
    "D-GPLVM": 87.17,
    "GPLRF": 86.94,
    "GMLDA": 86.72,
    "GMLPP": 87.75,
    "MvDA": 87.83,
    "DS-GPLVM": 90.60,
}

CLASSICAL = Study(
    name="classical",
    title="Classical methods on hand-crafted features",
    source="Table IV (Multi-PIE)",
    protocol=MULTI_PIE,
    reference="full",
    rows=(
        Row("full", "full method", unchanged, 92.09),
        *(Row(name.lower(), name, classical(name), paper, measure) for name, paper in PAPER.items()),
    ),
)
