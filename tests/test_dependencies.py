"""No dependency may be older than the fix of an advisory that concerns geofer; the lock file holds what CI installs."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[1]

FIXED_IN = {
    "torch": ("2.10", "CVE-2025-32434, CVE-2026-24747: torch.load ran code, weights_only or not"),
    "lightning": ("2.6.6", "CVE-2026-31221, CVE-2026-58659: code in checkpoints; 2.6.2 and 2.6.3 were malware"),
    "timm": ("1.0.25", "create_model(checkpoint_path=…) unpickled whatever the file held"),
    "pillow": (
        "12.3",
        "writes beyond the heap, bombs; GHSA-q45j-58j2-45rg is fixed in 13, which gradio does not allow",
    ),
    "opencv-contrib-python": ("4.12", "CVE-2025-53644: an uninitialized pointer in the reader of JPEG"),
    "filelock": ("3.20.3", "CVE-2025-68146, CVE-2026-22701: followed links"),
    "onnx": ("1.21", "CVE-2026-27489, CVE-2026-28500, CVE-2026-34445: paths of external data, hub, attributes"),
    "ray": ("2.54", "CVE-2025-62593, CVE-2026-27482: web pages could reach the dashboard"),
    "jsonargparse": ("4.53", "before, a configuration could import any module"),
}
"""The one table of advisories: distribution → the version that fixes it, and what it is about."""


def _declared() -> dict[str, list[Requirement]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    texts = [*project["dependencies"], *(text for extra in project["optional-dependencies"].values() for text in extra)]
    declared: dict[str, list[Requirement]] = {}
    for requirement in map(Requirement, texts):
        declared.setdefault(requirement.name.lower(), []).append(requirement)
    return declared


@pytest.mark.parametrize("name", FIXED_IN)
def test_lower_bounds_are_above_the_advisories(name):
    version, about = FIXED_IN[name]
    for requirement in _declared()[name]:
        floors = [Version(part.version) for part in requirement.specifier if part.operator in (">=", "==")]
        assert floors, f"{name} has no lower bound: {about}"
        assert max(floors) >= Version(version), about


def test_each_lower_bound_says_its_advisory():
    lines = (ROOT / "pyproject.toml").read_text()
    for name, (_, about) in FIXED_IN.items():
        for advisory in re.findall(r"(?:CVE-\d{4}|GHSA)[\w-]+", about):
            assert advisory in lines or advisory.removeprefix("CVE-2026") in lines, f"{name}: {advisory}"


def test_the_lock_file_has_hashes_and_satisfies_every_bound():
    text = (ROOT / "requirements-ci.txt").read_text()
    blocks = re.split(r"\n(?=\S)", "\n".join(line for line in text.splitlines() if not line.startswith("#")))
    locked = {}
    for block in filter(str.strip, blocks):
        name, version = re.match(r"\s*([\w.-]+)(?:\[[\w,-]+\])?==([^ ;\\]+)", block).groups()
        assert "--hash=sha256:" in block, f"{name} has no hash"
        locked[name.lower().replace("_", "-")] = Version(version)
    wrong = [
        f"{requirement} ({locked.get(name.replace('_', '-'), 'none')} is locked)"
        for name, requirements in _declared().items()
        for requirement in requirements
        if name != "geofer" and locked.get(name.replace("_", "-")) not in requirement.specifier
    ]
    assert not wrong, f"renew requirements-ci.txt as its first lines say; pyproject.toml wants {', '.join(wrong)}"


def test_the_continuous_integration_installs_what_is_locked():
    assert "\nmake setup LOCKED=1\n" in (ROOT / ".ci" / "run").read_text()
    told = subprocess.run(
        ["make", "--dry-run", "--always-make", "setup", "LOCKED=1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    installs = [line for line in told.stdout.splitlines() if " install " in line]
    assert len(installs) == 2
    assert "--require-hashes --requirement requirements-ci.txt" in installs[0]
    assert "--no-deps --no-build-isolation" in installs[1]


def test_notice_names_every_file_of_the_wheel():
    """Each file by its path or by its folder's; code is geofer's own."""
    notice = re.split(r"[\s,]+", (ROOT / "NOTICE").read_text())
    files = [Path(file.distribution_path) for file in WheelBuilder(str(ROOT)).recurse_included_files()]
    bundled = [file for file in files if file.suffix != ".py"]
    assert any(file.parts[:2] == ("geofer", "configs") for file in bundled)
    named = [
        file
        for file in bundled
        if file.as_posix() in notice or any(f"{folder.as_posix()}/" in notice for folder in file.parents)
    ]
    assert named == bundled
    assert "geofer/" not in notice
