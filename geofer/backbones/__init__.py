"""Classifier trunks, each a plugin: ``(B, 3, H, W)`` pictures to ``(B, num_features)`` features."""

from geofer.backbones.build import Backbone, build_backbone
from geofer.backbones.file_arguments import read_backbone_arguments
from geofer.schema import from_files

__all__ = ["Backbone", "build_backbone", "from_files", "read_backbone_arguments"]
