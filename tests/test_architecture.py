"""The one-way imports that docs/architecture.md promises, read from the syntax trees."""

import ast
from pathlib import Path

import pytest

import geofer

PACKAGE = Path(geofer.__file__).parent
FLOORS = [
    {"faces", "errors"},
    {"plugins", "paths", "figures", "pictures", "bare_pictures", "videos"},
    {"backbones", "rendering", "metrics", "landmarks"},
    {"modules", "datamodules", "callbacks", "checkpoints"},
    {"app"},
    {"cli", "study"},
]
FLOOR = {room: height for height, rooms in enumerate(FLOORS) for room in rooms}
APART = {frozenset({"modules", "datamodules"}), frozenset({"modules", "rendering"})}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("geofer."):
            names.add(node.module.split(".")[1])
        elif isinstance(node, ast.ImportFrom) and node.module == "geofer":
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.Import):
            names.update(alias.name.split(".")[1] for alias in node.names if alias.name.startswith("geofer."))
    return names & FLOOR.keys()


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path):
    room = room_of(path)
    if room not in FLOOR:
        pytest.fail(f"{path.name} is in no room that docs/architecture.md names") if room[0] != "_" else None
        return
    for other in imported_rooms(path) - {room}:
        assert FLOOR[other] <= FLOOR[room], f"{room} imports {other}, which stands above it"
        assert frozenset({room, other}) not in APART, f"{room} must not import {other}"
