"""Scripts of the repository as modules, so that tests can call their parts."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

REPOSITORY = Path(__file__).parents[2]
TRAINING = REPOSITORY / "training"
sys.path += [str(REPOSITORY / name) for name in ("training", "benchmarks")]  # scripts import each other


def load_script(path: str) -> ModuleType:
    """A script such as ``training/translation``, registered under its own name."""
    name = Path(path).name
    spec = spec_from_file_location(name, REPOSITORY / f"{path}.py")
    assert spec is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
