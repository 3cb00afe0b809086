"""Fixtures for all tests."""

from collections.abc import Callable
from pathlib import Path

import pytest


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
