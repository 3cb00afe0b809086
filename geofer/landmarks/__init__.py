"""Landmark detectors, each a plugin of the group ``geofer.landmark_detectors``, and the head pose behind landmarks."""

from geofer.landmarks.build import build_detector
from geofer.landmarks.detector import Faces, LandmarkDetector
from geofer.landmarks.head_pose import head_pose

__all__ = ["Faces", "LandmarkDetector", "build_detector", "head_pose"]
