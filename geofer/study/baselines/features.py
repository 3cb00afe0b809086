"""What the classical baselines see of a face: texture (LBP, LGBP, HOG, SIFT) or landmarks, as plain vectors."""

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from geofer.errors import DataError
from geofer.faces import LEFT_EYE, NUM_LANDMARKS, RIGHT_EYE
from geofer.study.extra import need

LBP_LABELS = 59
"""Uniform patterns of eight neighbors: 58 with at most two changes around the circle, and one for all others."""

GABOR_WAVELENGTHS, GABOR_ANGLES = (4, 7, 12), 4
"""Of `lgbp_features`: pixels of a wave, and directions."""

SIFT_GRID, SIFT_NUMBERS = 8, 128
"""Patches along each side, and numbers of a descriptor."""

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in gray (ITU-R BT.601)."""


def gray(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Color pictures ``(N, H, W, 3)`` to gray ones ``(N, H, W)``."""
    return np.asarray(np.rint(np.asarray(pictures) @ LUMA), np.uint8)


def lbp_features(faces: NDArray[np.uint8], grid: int = 8) -> NDArray[np.float64]:
    """Histograms of uniform local binary patterns, one a cell of a grid (Ahonen, Hadid & Pietikäinen, TPAMI 2006).

    A pixel's pattern tells which of eight points around it, at distance 1, are at least as bright as the pixel, so that
    it does not change with brightness and contrast.

    Args:
        faces: ``(N, H, W)`` gray pictures of aligned faces, at least ``grid`` pixels high and wide.
        grid: Cells along each side; where the side is no multiple of it, cells differ by a pixel.

    Returns:
        ``(N, grid · grid · 59)``, cells row by row; each histogram sums to 1.

    Raises:
        DataError: The pictures are not gray uint8 pictures, or smaller than the grid.
        ConfigError: scikit-image is not installed.
    """
    _check_gray(faces, grid)
    local_binary_pattern = need("skimage.feature").local_binary_pattern
    height, width = faces.shape[1:]
    rows, columns = np.arange(height) * grid // height, np.arange(width) * grid // width
    cells = grid * rows[:, None] + columns
    features = np.empty((len(faces), grid * grid, LBP_LABELS))
    for face, histograms in zip(faces, features, strict=True):
        labels = local_binary_pattern(face, P=8, R=1, method="nri_uniform").astype(int)
        counts = np.bincount((LBP_LABELS * cells + labels).ravel(), minlength=histograms.size)
        histograms[:] = counts.reshape(histograms.shape)
    features /= np.bincount(cells.ravel())[:, None]
    return features.reshape(len(faces), -1)


def hog_features(faces: NDArray[np.uint8], grid: int = 8, orientations: int = 8) -> NDArray[np.float64]:
    """Histograms of oriented gradients over a grid, normalized over 2 × 2 cells (Dalal & Triggs, CVPR 2005).

    Args:
        faces: ``(N, H, W)`` gray pictures of aligned faces; pixels beyond a multiple of ``grid`` are left out.
        grid: Cells along each side, at least 2.
        orientations: Bins over 180°.

    Returns:
        ``(N, (grid - 1)² · 4 · orientations)``.

    Raises:
        DataError: The pictures are not gray uint8 pictures, or smaller than the grid.
        ConfigError: scikit-image is not installed.
    """
    _check_gray(faces, grid)
    hog = need("skimage.feature").hog
    side = np.array(faces.shape[1:]) // grid
    height, width = grid * side
    return np.stack(
        [
            hog(face, orientations, pixels_per_cell=side, cells_per_block=(2, 2), block_norm="L2-Hys")
            for face in faces[:, :height, :width]
        ]
    )


def lgbp_features(faces: NDArray[np.uint8], grid: int = 4) -> NDArray[np.float64]:
    """Local binary patterns of the magnitudes of Gabor filters (Zhang et al., ICCV 2005; Moore & Bowden 2011).

    Args:
        faces: ``(N, H, W)`` gray pictures of aligned faces.
        grid: Cells along each side.

    Returns:
        ``(N, filters · grid² · 59)``, filter by filter as `lbp_features` has them.

    Raises:
        DataError: The pictures are not gray uint8 pictures, or smaller than the grid.
        ConfigError: scikit-image is not installed.
    """
    _check_gray(faces, grid)
    responses = []
    for wavelength in GABOR_WAVELENGTHS:
        for angle in np.arange(GABOR_ANGLES) * np.pi / GABOR_ANGLES:
            even, odd = (
                cv2.getGaborKernel((2 * wavelength + 1,) * 2, 0.5 * wavelength, angle, wavelength, 1.0, phase)
                for phase in (0.0, np.pi / 2)
            )
            magnitudes = [
                np.hypot(*(cv2.filter2D(face.astype(np.float32), -1, kernel - kernel.mean()) for kernel in (even, odd)))
                for face in faces
            ]
            strongest = [max(float(magnitude.max()), 1e-6) for magnitude in magnitudes]
            scaled = [255 * magnitude / most for magnitude, most in zip(magnitudes, strongest, strict=True)]
            responses.append(lbp_features(np.rint(np.stack(scaled)).astype(np.uint8), grid))
    return np.concatenate(responses, axis=1)


def sift_features(faces: NDArray[np.uint8], points: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """SIFT descriptors (Lowe 2004) of patches, upright and of one size: of a grid, or around given points.

    Args:
        faces: ``(N, H, W)`` gray pictures of aligned faces.
        points: ``(N, P, 2)`` pixels; None takes a grid of `SIFT_GRID` points along each side.

    Returns:
        ``(N, P · 128)``, point by point, each descriptor of length 1 after the root of its numbers was taken.

    Raises:
        DataError: The pictures are not gray uint8 pictures, or smaller than the grid.
    """
    _check_gray(faces, SIFT_GRID)
    height, width = faces.shape[1:]
    patch = max(height, width) / SIFT_GRID
    if points is None:
        x, y = np.meshgrid(*(np.arange(1, SIFT_GRID) * side / SIFT_GRID for side in (width, height)))
        points = np.broadcast_to(np.stack((x.ravel(), y.ravel()), axis=1), (len(faces), x.size, 2))
    inside = np.clip(points, 0, (width - 1, height - 1))
    extractor = cv2.SIFT_create()  # type: ignore[attr-defined]  # its types lack it
    found = np.empty((len(faces), inside.shape[1], SIFT_NUMBERS))
    for face, places, descriptors in zip(faces, inside, found, strict=True):
        keypoints = [cv2.KeyPoint(float(x), float(y), patch, 0.0) for x, y in places]
        descriptors[:] = extractor.compute(face, keypoints)[1]
    found /= np.maximum(found.sum(2, keepdims=True), 1e-12)
    return np.sqrt(found).reshape(len(faces), -1)


def landmark_features(landmarks: ArrayLike) -> NDArray[np.float64]:
    """The 68 points freed of place, size and roll: centered, with the eyes level, at a root mean square distance of 1.

    Args:
        landmarks: ``(N, 68, 2)`` iBUG points, in any unit.

    Returns:
        ``(N, 136)``: x and y of the first point, of the second, and so on.

    Raises:
        DataError: The points are not 68 a face, are not finite, or fall together.
    """
    points = np.asarray(landmarks, np.float64)
    if points.ndim != 3 or points.shape[1:] != (NUM_LANDMARKS, 2):
        raise DataError(f"Landmarks have shape {points.shape}, not (N, {NUM_LANDMARKS}, 2).")
    centered = (points - points.mean(1, keepdims=True)) @ (1, 1j)  # in the complex plane a turn is a factor
    eyes = centered[:, LEFT_EYE].mean(1) - centered[:, RIGHT_EYE].mean(1)
    size = np.sqrt(np.mean(np.abs(centered) ** 2, axis=1))
    sound = np.isfinite(size) & (np.abs(eyes) > 1e-6 * size)
    if not sound.all():
        raise DataError(f"The landmarks of face {sound.argmin()} are not finite, or its eyes lie at one point.")
    shape = centered * (np.conj(eyes) / (np.abs(eyes) * size))[:, None]
    return np.stack((shape.real, shape.imag), axis=2).reshape(len(points), -1)


def _check_gray(faces: NDArray[np.uint8], grid: int) -> None:
    if faces.dtype != np.uint8 or faces.ndim != 3:
        raise DataError(f"Faces are {faces.dtype} of shape {faces.shape}, not gray pictures (N, H, W) of uint8.")
    if min(faces.shape[1:]) < grid:
        raise DataError(f"Faces of {faces.shape[2]} × {faces.shape[1]} pixels are smaller than the grid of {grid}.")
