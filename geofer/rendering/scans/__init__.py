"""Three-dimensional scans of faces: read, marked with landmarks, and drawn from any side."""
