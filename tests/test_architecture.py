"""What docs/architecture.md promises, read from the syntax trees: which way imports point, and every name in it."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import geofer

PACKAGE = Path(geofer.__file__).parent
TESTS = Path(__file__).parent
SCRIPTS = [TESTS.parent / name for name in ("benchmarks", "experiments", "tools", "training")]
HELPERS = {path.stem: path.parent for place in (TESTS / "helpers", *SCRIPTS) for path in place.glob("*.py")}
PAGE = (TESTS.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
PACKAGES = {path.parent.relative_to(PACKAGE).as_posix().replace("/", ".") for path in PACKAGE.rglob("*/__init__.py")}
FLOORS = [line.strip().split(", ") for line in re.findall(r"^    [\w.]+(?:, [\w.]+)*$", PAGE, re.MULTILINE)]
HEIGHT = {name: -number for number, names in enumerate(FLOORS) for name in names}
APART = [{"modules", "networks"}, {"datamodules", "rendering"}]


def name_of(path: Path) -> str:
    """The module's name below geofer; that of a package is its ``__init__``'s."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def home(module: str) -> str:
    """The line of the drawing that a module belongs to: its package, or itself if it lies directly in geofer."""
    return module if module in PACKAGES else module.rpartition(".")[0] or module


def named(node: ast.AST) -> Iterator[str]:
    """What a statement imports, with dots; ``import_module`` of a constant, too."""
    match node:
        case ast.ImportFrom():
            assert node.level == 0, "imports name the whole path"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        case ast.Import():
            yield from (alias.name for alias in node.names)
        case ast.Call(func=ast.Name(id="import_module"), args=[ast.Constant(value=str() as name), *_]):
            yield name


@cache
def imported(module: str) -> frozenset[str]:
    """The modules of geofer that a module imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        for name in named(node):
            if name.partition(".")[0] == "geofer":
                inner = name.partition(".")[2] or "__init__"
                found.add(inner if inner in MODULES else inner.rpartition(".")[0] or "__init__")
    return frozenset(found - {module})


@cache
def reached(module: str) -> frozenset[str]:
    """Itself, and what comes with it if it is the ``__init__`` of a package."""
    inside = imported(module) if module in PACKAGES else ()
    return frozenset({module}).union(*(reached(name) for name in inside))


def test_every_package_is_in_the_drawing_once():
    drawn = [name for names in FLOORS for name in names]
    assert sorted(drawn) == sorted({home(module) for module in MODULES.keys() - PACKAGES})
    table = " ".join(re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE))
    for name in set(drawn) - {"__init__", "__main__", "study.baselines.generators", "study.baselines.subspace"}:
        place = f"{name}.py" if name not in PACKAGES else f"{name.replace('.', '/')}/"
        assert f"`{place}`" in table or name == "rendering.scans", f"{place} is in no row of the table"


def test_imports_point_down():
    wrong = []
    for module in MODULES:
        for name in imported(module):
            if module.startswith(f"{name}."):
                wrong.append(f"{module} imports the package that it lies in, {name}: name the file")
            elif not name.startswith(f"{module}."):  # a package names what lies in it
                others = {home(each) for each in reached(name)} - {home(module)}
                above = [other for other in others if HEIGHT[other] >= HEIGHT[home(module)]]
                wrong += [f"{module} imports {name}, and {other} is not below it" for other in above]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("some", "others"), [APART, APART[::-1]])
def test_what_learns_and_what_makes_faces_know_nothing_of_each_other(some, others):
    for module in MODULES:
        if module.partition(".")[0] in some:
            assert not {name.partition(".")[0] for name in imported(module)} & others, module


@pytest.mark.parametrize("depth", [1, 2, 3, 9])
def test_nothing_imports_what_imports_it(depth):
    """Of packages, whatever is inside them, down to single modules."""
    graph = defaultdict(set)
    for module in MODULES.keys() - PACKAGES:
        for name in frozenset().union(*map(reached, imported(module))) - PACKAGES:
            here, there = (".".join(each.split(".")[:depth]) for each in (module, name))
            if here != there:
                graph[here].add(there)
    found = {start: _beyond(graph, start) for start in tuple(graph)}
    assert not [name for name, beyond in found.items() if name in beyond]


def _beyond(graph, start) -> set[str]:
    seen, waiting = set(), [start]
    while waiting:
        for name in graph.get(waiting.pop(), ()):
            if name not in seen:
                seen.add(name)
                waiting.append(name)
    return seen


NAMES = set(re.findall(r"`([a-z_]+(?:\.\w+)+)`", PAGE)) - {"trainer.datamodule"}


@pytest.mark.parametrize("name", sorted(name for name in NAMES if not name.endswith(".py")))
def test_every_name_of_the_page_is_in_the_code(name):
    module = next(end for end in _prefixes(name) if end in MODULES)
    scope = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    for part in name.removeprefix(module).strip(".").split("."):
        inside = [node for node in scope.body if getattr(node, "name", None) == part]
        assert inside, f"{module} has no {part}"
        scope = inside[-1]


def _prefixes(name: str) -> Iterator[str]:
    while name:
        yield name
        name = name.rpartition(".")[0]


@cache
def bound(module: str) -> frozenset[str]:
    """The names at the top of a module, and those that its type checker sees."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    names = set()
    for node in (inner for top in tree.body for inner in (top.body if isinstance(top, ast.If) else [top])):
        match node:
            case ast.Import() | ast.ImportFrom():
                names |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
            case ast.FunctionDef() | ast.ClassDef():
                names.add(node.name)
            case ast.Assign() | ast.AnnAssign():
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names |= {part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)}
    return frozenset(names)


def is_there(name: str) -> bool:
    """Whether geofer has a module, or a module's name, of this path."""
    module, _, last = name.rpartition(".")
    module = module or "__init__"
    return name in {"", *MODULES} or (module in MODULES and last in bound(module))


def test_what_tests_and_scripts_import_is_there():
    """Few of the scripts run in a test, so a name that has moved would be missed when somebody needs one."""
    wrong = []
    for path in (path for place in (TESTS, *SCRIPTS) for path in sorted(place.rglob("*.py"))):
        text = path.read_text(encoding="utf-8")
        for name in (name for node in ast.walk(ast.parse(text)) for name in named(node)):
            top, _, inner = name.partition(".")
            if top == "geofer" and not is_there(inner):
                wrong.append(f"{path.name}: {name}")
            elif path.parent in SCRIPTS and HELPERS.get(top, path.parent) != path.parent:
                place = "".join(f' / "{part}"' for part in HELPERS[top].relative_to(TESTS.parent).parts)
                wrong += [] if f"parents[1]{place})" in text else [f"{path.name}: {top}, which lies in {HELPERS[top]}"]
    assert not wrong, "\n".join(wrong)


def test_the_tests_mirror_the_package():
    folders = {path.parent.relative_to(TESTS).as_posix().replace("/", ".") for path in TESTS.rglob("test_*.py")}
    beside = {".", "ddp", "e2e", "experiments", "training", "tools", "benchmarks"}
    assert folders - beside <= PACKAGES
