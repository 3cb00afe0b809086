"""One LightningDataModule per data set, over one store of faces."""

from geofer.datamodules.base import FaceDataModule, FaceStore
from geofer.datamodules.datasets.affect_net import AffectNet
from geofer.datamodules.datasets.bu3dfe import BU3DFE
from geofer.datamodules.datasets.ck_plus import CKPlus
from geofer.datamodules.datasets.cross_data_set import CrossDataSet
from geofer.datamodules.datasets.face_table import FaceTable
from geofer.datamodules.datasets.fer2013 import FER2013
from geofer.datamodules.datasets.jaffe import JAFFE
from geofer.datamodules.datasets.kdef import KDEF
from geofer.datamodules.datasets.mixed_faces import MixedFaces
from geofer.datamodules.datasets.multi_pie import MultiPIE
from geofer.datamodules.datasets.prepared_faces import PreparedFaces
from geofer.datamodules.datasets.raf_db import RAFDB
from geofer.datamodules.datasets.rafd import RaFD
from geofer.datamodules.datasets.rendered_faces import RenderedFaces
from geofer.datamodules.datasets.sfew import SFEW
from geofer.datamodules.face_dataset import FaceDataset, FaceLabels, ShardedPictures
from geofer.datamodules.layouts.picture_faces import PictureFaces

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
    "MixedFaces",
    "MultiPIE",
    "PictureFaces",
    "PreparedFaces",
    "RaFD",
    "RenderedFaces",
    "ShardedPictures",
]
