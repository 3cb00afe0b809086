"""Tables IV and VII, their upper parts: the classical baselines, on features of the same faces.

Table IV prints five numbers for each of them below six headings. They are the accuracies of the five poses, so their
means are taken here, as in `geofer.study.backbones`. Table VII's are means over the expressions.
"""

from collections.abc import Mapping

from geofer.study.classical_rows import classical, measure
from geofer.study.design import Row, Study, unchanged


def _rows(full: float, papers: Mapping[str, float]) -> tuple[Row, ...]:
    """The full method and the baselines, with the accuracies that the paper prints."""
    baselines = (Row(name.lower(), name, classical(name), paper, measure) for name, paper in papers.items())
    return (Row("full", "full method", unchanged, full), *baselines)


CLASSICAL = Study(
    name="classical",
    title="Classical methods on hand-crafted features",
    source="Table IV (Multi-PIE)",
    reference="full",
    rows=_rows(
        92.09,
        {
            "kNN": 76.16,
            "LDA": 87.73,
            "LPP": 87.84,
            "D-GPLVM": 87.17,
            "GPLRF": 86.94,
            "GMLDA": 86.72,
            "GMLPP": 87.75,
            "MvDA": 87.83,
            "DS-GPLVM": 90.60,
        },
    ),
)

CLASSICAL_IN_THE_WILD = Study(
    name="classical-in-the-wild",
    title="Classical methods on pictures from films",
    source="Table VII (BU-3DFE to SFEW, which configs/data/bu3dfe-to-sfew.yaml asks for)",
    reference="full",
    rows=_rows(27.24, {"MvDA": 22.70, "GMLDA": 19.99, "GMLPP": 22.80, "DS-GPLVM": 24.70}),
)
