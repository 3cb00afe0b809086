"""No file of the package can run code that it finds in data; read from the syntax trees."""

import ast
from pathlib import Path

import pytest

import geofer

PACKAGE = Path(geofer.__file__).parent
MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
CALLS = {
    *("eval", "exec", "compile", "__import__"),
    *("os.system", "os.popen"),
    *("yaml.load", "yaml.full_load", "yaml.unsafe_load"),
    *("torch.hub.load", "torch.hub.load_state_dict_from_url"),
}


def name_of(node: ast.expr) -> str:
    """The dotted name of what is called, as far as it is one."""
    if isinstance(node, ast.Attribute):
        return f"{name_of(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def given(call: ast.Call, keyword: str) -> object:
    """The constant that a call gives for a keyword; None if it gives none."""
    values = [argument.value for argument in call.keywords if argument.arg == keyword]
    return values[0].value if values and isinstance(values[0], ast.Constant) else None


def dangers(source: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [f"import {alias.name}" for alias in node.names if alias.name.partition(".")[0] in MODULES]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in MODULES:
            found.append(f"from {node.module}")
        elif isinstance(node, ast.Call):
            name = name_of(node.func)
            if name in CALLS or name.endswith(".extractall"):
                found.append(f"{name}()")
            if name == "torch.load" and given(node, "weights_only") is not True:
                found.append("torch.load without weights_only=True")
            if name.rpartition(".")[2] == "load" and given(node, "allow_pickle"):
                found.append("numpy load with allow_pickle")
            if given(node, "shell"):
                found.append(f"{name}(shell=True)")
    return found


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_danger(path):
    assert dangers(path.read_text()) == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from pickle import loads",
        "eval(text)",
        "exec(text)",
        "yaml.load(text)",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "np.load(path, allow_pickle=True)",
        "archive.extractall(folder)",
        "subprocess.run(command, shell=True)",
    ],
)
def test_the_test_sees_it(source):
    assert dangers(source)


def test_what_is_safe_passes():
    assert dangers("torch.load(path, weights_only=True); np.load(path); model.eval(); re.compile(r'x')") == []
