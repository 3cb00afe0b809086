"""Every study by its name."""

from geofer.study.ablations import ABLATIONS
from geofer.study.backbones import BACKBONES
from geofer.study.classical import CLASSICAL
from geofer.study.comparisons import GENERATORS, ONE_SHOT
from geofer.study.curves import FEWER_PEOPLE, LANDMARK_NOISE, SYNTHETIC_FACES
from geofer.study.in_the_wild import IN_THE_WILD

STUDIES = {
    study.name: study
    for study in (
        ABLATIONS,
        BACKBONES,
        CLASSICAL,
        IN_THE_WILD,
        LANDMARK_NOISE,
        SYNTHETIC_FACES,
        FEWER_PEOPLE,
        GENERATORS,
        ONE_SHOT,
    )
}
