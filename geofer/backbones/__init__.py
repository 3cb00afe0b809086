"""Classifier trunks, each a plugin: ``(B, 3, H, W)`` pictures to ``(B, num_features)`` features."""

from geofer.backbones.build import Backbone, build_backbone

__all__ = ["Backbone", "build_backbone"]
