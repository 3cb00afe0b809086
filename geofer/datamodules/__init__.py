"""One LightningDataModule per data set, over one store of faces."""

from geofer.datamodules.base import FaceDataModule, FaceStore
from geofer.datamodules.rendered_faces import RenderedFaces
from geofer.datamodules.store import FaceDataset, FaceLabels, ShardedPictures

__all__ = ["FaceDataModule", "FaceDataset", "FaceLabels", "FaceStore", "RenderedFaces", "ShardedPictures"]
