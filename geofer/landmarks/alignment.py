"""From a face in a picture to a square crop, and back."""

from typing import Literal

CropRule = Literal["tight", "paper", "ibug-similarity", "none"]
"""How a face is cropped: ``tight`` is the square around the 68 points × 1.12, as rendered faces are cropped; ``paper``
the square around the detector's box; ``ibug-similarity`` brings eyes and mouth to a template by a similarity;
``none`` takes the whole picture."""
