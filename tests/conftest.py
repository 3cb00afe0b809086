"""Fixtures for all tests."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from picture_trees import RenderedPicture

from geofer.faces import EXPRESSIONS
from geofer.paths import cache_folder


@pytest.fixture(scope="session")
def rendered_pictures(pytestconfig: pytest.Config) -> list[RenderedPicture]:
    """Four people with seven expressions, each seen from two of five yaws; kept between sessions."""
    from geofer.datamodules.preparation.rendering import RenderCache
    from geofer.rendering.spec import RenderSpec

    spec = RenderSpec(subjects=4, poses="multipie", views=2, image_size=160, crop="loose", seed=7)
    folder = pytestconfig.cache.mkdir("geofer")
    cache = RenderCache(folder, spec)
    with FileLock(folder / "lock"):  # sessions that run side by side render once
        cache.prepare(workers=1)
    people = [(subject, *cache.load(subject)) for subject in range(spec.subjects)]
    return [
        RenderedPicture(
            pixels=np.array(images[row]),
            expression=EXPRESSIONS[truth["expression"][row]],
            subject=subject,
            yaw=float(truth["yaw"][row]),
            pitch=float(truth["pitch"][row]),
            landmarks=truth["landmarks"][row],
        )
        for subject, truth, images in people
        for row in range(len(images))
    ]


@pytest.fixture(scope="session")
def geofer_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache for commands, with nothing in it but the reduced head, which takes ten seconds or more to make."""
    from geofer.rendering.head import load_head

    load_head()
    folder = tmp_path_factory.mktemp("cache")
    for head in cache_folder().glob("head-*.npz"):
        shutil.copy(head, folder)
    return folder


@pytest.fixture
def install_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Leaves behind what an installer would: a module named after the distribution, and metadata with entry points."""
    site = tmp_path / "site-packages"
    site.mkdir()
    monkeypatch.syspath_prepend(site)

    def install(distribution: str, entries: str, source: str = "", group: str = "geofer.backbones") -> None:
        module = distribution.replace("-", "_")
        site.joinpath(f"{module}.py").write_text(source)
        metadata = site / f"{module}-1.5.dist-info"
        metadata.mkdir()
        metadata.joinpath("METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.5\n")
        metadata.joinpath("entry_points.txt").write_text(f"[{group}]\n{entries}\n")

    return install
