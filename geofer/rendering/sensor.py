"""What a camera adds to a picture: blur, noise and JPEG compression."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter


def photograph(images: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Pictures as a camera would store them; strengths are drawn for each picture.

    Blur has a standard deviation of up to 0.4 % of the side, noise of up to 4 % of white (less in the lights), and
    JPEG a quality of 40 to 95.

    Args:
        images: ``(n, H, W, 3)``.
        rng: Source of chance.
    """
    stored = np.empty_like(images)
    for number, image in enumerate(images):
        blur = rng.uniform(0, 0.004) * image.shape[0]
        smooth = np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(blur)), np.float32)
        noise = rng.standard_normal(image.shape, np.float32) * rng.uniform(0, 0.04) * (255 - 0.5 * smooth)
        noisy = np.clip(smooth + noise + 0.5, 0, 255).astype(np.uint8)
        file = io.BytesIO()
        Image.fromarray(noisy).save(file, "JPEG", quality=int(rng.integers(40, 96)))
        with Image.open(file) as compressed:
            stored[number] = np.asarray(compressed.convert("RGB"))
    return stored
