"""One LightningDataModule per data set, over one store of faces."""

from geofer.datamodules.affect_net import AffectNet
from geofer.datamodules.base import FaceDataModule, FaceStore
from geofer.datamodules.bu3dfe import BU3DFE
from geofer.datamodules.ck_plus import CKPlus
from geofer.datamodules.cross_data_set import CrossDataSet
from geofer.datamodules.face_table import FaceTable
from geofer.datamodules.fer2013 import FER2013
from geofer.datamodules.jaffe import JAFFE
from geofer.datamodules.kdef import KDEF
from geofer.datamodules.multi_pie import MultiPIE
from geofer.datamodules.prepared_faces import PreparedFaces
from geofer.datamodules.raf_db import RAFDB
from geofer.datamodules.rafd import RaFD
from geofer.datamodules.rendered_faces import RenderedFaces
from geofer.datamodules.sfew import SFEW
from geofer.datamodules.store import FaceDataset, FaceLabels, ShardedPictures

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
    "FaceDataModule",
    "FaceDataset",
    "FaceLabels",
    "FaceStore",
    "FaceTable",
    "MultiPIE",
    "PreparedFaces",
    "RaFD",
    "RenderedFaces",
    "ShardedPictures",
]
