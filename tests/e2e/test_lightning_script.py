"""The ``lightning`` command without lightning-sdk, with it, and after it was installed later: real installs."""

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PIP = [sys.executable, "-m", "pip"]
OFFLINE = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
SDK = {
    "pyproject.toml": """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "lightning-sdk"
version = "1.0"

[project.scripts]
lightning = "stand_in_sdk:main"

[tool.hatch.build.targets.wheel]
include = ["stand_in_sdk.py"]
""",
    "stand_in_sdk.py": "import sys\n\n\ndef main():\n    print('lightning-sdk got', *sys.argv[1:])\n",
}


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Wheels of geofer and of a stand-in for lightning-sdk, which has a ``lightning`` script too."""
    sources = tmp_path_factory.mktemp("lightning-sdk")
    for name, text in SDK.items():
        sources.joinpath(name).write_text(text)
    wheels = tmp_path_factory.mktemp("wheels")
    subprocess.run([*PIP, "wheel", *OFFLINE, "--wheel-dir", wheels, ROOT, sources], check=True)
    return {path.name.partition("-")[0]: path for path in wheels.iterdir()}


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """A fresh environment that sees the packages of this one, but not their scripts."""
    folder = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    site.joinpath("outer.pth").write_text(sysconfig.get_path("purelib"))
    return folder


def install(environment: Path, wheel: Path) -> None:
    python = environment / "bin" / "python"
    subprocess.run([*PIP, "--python", python, "install", *OFFLINE, "--ignore-installed", wheel], check=True)


def lightning(environment: Path, *arguments: str) -> tuple[int, str]:
    script = environment / "bin" / "lightning"
    done = subprocess.run([script, *arguments], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_without_lightning_sdk(environment: Path, wheels: dict[str, Path]) -> None:
    install(environment, wheels["geofer"])
    code, output = lightning(environment, "fit", "--config", "missing.yaml")
    assert (code, "missing.yaml" in output) == (2, True)
    code, output = lightning(environment, "login")
    assert (code, "pip install lightning-sdk" in output) == (2, True)
    assert lightning(environment, "--help")[0] == 0


def test_lightning_sdk_first_then_geofer(environment: Path, wheels: dict[str, Path]) -> None:
    install(environment, wheels["lightning_sdk"])
    install(environment, wheels["geofer"])
    assert lightning(environment, "login", "--now") == (0, "lightning-sdk got login --now\n")
    code, output = lightning(environment, "fit", "--config", "missing.yaml")
    assert (code, "missing.yaml" in output) == (2, True)


def test_lightning_sdk_installed_later_takes_the_name_back(environment: Path, wheels: dict[str, Path]) -> None:
    install(environment, wheels["geofer"])
    install(environment, wheels["lightning_sdk"])
    assert lightning(environment, "fit") == (0, "lightning-sdk got fit\n")
    done = subprocess.run([environment / "bin" / "geofer", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("geofer ")
