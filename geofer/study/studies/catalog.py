"""Every study by its name."""

from geofer.study.studies.ablations import ABLATIONS
from geofer.study.studies.backbones import BACKBONES
from geofer.study.studies.bu3dfe import BU3DFE_METHODS
from geofer.study.studies.classical import CLASSICAL
from geofer.study.studies.comparisons import GENERATORS, ONE_SHOT
from geofer.study.studies.controls import CONTROLS
from geofer.study.studies.curves import FEWER_PEOPLE, LANDMARK_NOISE, SYNTHETIC_FACES
from geofer.study.studies.in_the_wild import IN_THE_WILD

STUDIES = {
    study.name: study
    for study in (
        ABLATIONS,
        BACKBONES,
        CLASSICAL,
        BU3DFE_METHODS,
        IN_THE_WILD,
        LANDMARK_NOISE,
        SYNTHETIC_FACES,
        FEWER_PEOPLE,
        GENERATORS,
        ONE_SHOT,
        CONTROLS,
    )
}
