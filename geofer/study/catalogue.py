"""Every study by its name."""

from geofer.study.ablations import ABLATIONS
from geofer.study.backbones import BACKBONES
from geofer.study.classical import CLASSICAL, CLASSICAL_IN_THE_WILD
from geofer.study.comparisons import GENERATORS, ONE_SHOT
from geofer.study.curves import FEWER_PEOPLE, LANDMARK_NOISE, SYNTHETIC_FACES

STUDIES = {
    study.name: study
    for study in (
        ABLATIONS,
        BACKBONES,
        CLASSICAL,
        CLASSICAL_IN_THE_WILD,
        LANDMARK_NOISE,
        SYNTHETIC_FACES,
        FEWER_PEOPLE,
        GENERATORS,
        ONE_SHOT,
    )
}
