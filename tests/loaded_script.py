"""Scripts of the repository as modules, so that tests can call their parts."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

SCRIPTS, BENCHMARKS = (Path(__file__).parents[1] / name for name in ("scripts", "benchmarks"))
sys.path += [str(SCRIPTS), str(BENCHMARKS)]  # scripts import each other


def load_script(name: str, folder: Path = SCRIPTS) -> ModuleType:
    """The script ``<name>.py`` of a folder, registered under its name."""
    spec = spec_from_file_location(name, folder / f"{name}.py")
    assert spec is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
