"""Geometry-guided pose-invariant facial expression recognition.

`load` gives a recognizer for pictures and videos, `render` a labeled face, and `synthesize` a face with another
expression. The data modules and LightningModules are those of `geofer.datamodules` and `geofer.modules`.

Names are fetched when they are first used: importing geofer imports neither torch nor Lightning.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from geofer.version import __version__

if TYPE_CHECKING:
    from geofer.app.recognition.recognized_face import RecognizedFace
    from geofer.app.recognition.recognizer import Recognizer, load
    from geofer.app.recognition.sample import sample
    from geofer.app.synthesis.picture_synthesis import synthesize
    from geofer.datamodules import (
        BU3DFE,
        FER2013,
        JAFFE,
        KDEF,
        RAFDB,
        SFEW,
        AffectNet,
        CKPlus,
        CrossDataSet,
        FaceTable,
        MixedFaces,
        MultiPIE,
        PreparedFaces,
        RaFD,
        RenderedFaces,
    )
    from geofer.modules import ExpressionClassifier, GeometryGuidedFER
    from geofer.rendering.portrait import render

__all__ = [
    "BU3DFE",
    "FER2013",
    "JAFFE",
    "KDEF",
    "RAFDB",
    "SFEW",
    "AffectNet",
    "CKPlus",
    "CrossDataSet",
    "ExpressionClassifier",
    "FaceTable",
    "GeometryGuidedFER",
    "MixedFaces",
    "MultiPIE",
    "PreparedFaces",
    "RaFD",
    "RecognizedFace",
    "Recognizer",
    "RenderedFaces",
    "__version__",
    "load",
    "render",
    "sample",
    "synthesize",
]

_HOMES = {
    "RecognizedFace": "geofer.app.recognition.recognized_face",
    **dict.fromkeys(("Recognizer", "load"), "geofer.app.recognition.recognizer"),
    **dict.fromkeys(("ExpressionClassifier", "GeometryGuidedFER"), "geofer.modules"),
    "render": "geofer.rendering.portrait",
    "sample": "geofer.app.recognition.sample",
    "synthesize": "geofer.app.synthesis.picture_synthesis",
}


def __getattr__(name: str) -> object:
    """A public name, from the module that it lives in; those that are not listed are data modules."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES.get(name, "geofer.datamodules")), name)


def __dir__() -> list[str]:
    """The public names, for completion."""
    return sorted(__all__)
