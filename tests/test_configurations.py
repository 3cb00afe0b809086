"""Configurations are code, but they import no module of Python, fetch nothing, and do not unfold without end."""

from pathlib import Path

import pytest
import yaml

from geofer.cli import main
from geofer.configurations import MOST_ENTRIES, read_settings
from geofer.errors import ConfigError

DATA = {"class_path": "geofer.datamodules.RenderedFaces", "init_args": {"image_size": 32}}


def written(path: Path, **entries: object) -> str:
    settings = {"data": DATA, "model": {"class_path": "geofer.modules.ExpressionClassifier"}, **entries}
    path.write_text(yaml.safe_dump(settings))
    return str(path)


@pytest.mark.parametrize(
    ("part", "path"),
    [
        ("data", "os.system"),
        ("data", "subprocess.Popen"),
        ("data", "shutil.os.system"),
        ("data", "geofer.paths.os.system"),
        ("model", "webbrowser.open"),
        ("model", "antigravity.webbrowser"),
        ("trainer", "runpy.run_path"),
        ("optimizer", "os.system"),
    ],
)
def test_modules_of_python_are_never_named(tmp_path, capsys, monkeypatch, part, path):
    marker = tmp_path / "ran"
    monkeypatch.setenv("BROWSER", f"touch {marker}")
    call = {"class_path": path, "init_args": {"command": f"touch {marker}"}}
    entries = {part: call}
    if part == "trainer":
        entries = {"trainer": {"callbacks": [call]}}
    if part == "optimizer":
        model = {
            "class_path": "geofer.modules.ExpressionClassifier",
            "init_args": {"classifier_optimization": {"optimizer": call}},
        }
        entries = {"model": model}
    config = written(tmp_path / "config.yaml", **entries)
    for command in ("prepare", "fit"):
        if command == "fit" or part == "data":
            assert main([command, "--config", config]) == 2
            assert "denied" in (told := capsys.readouterr().err) or "not allowed" in told, told
    assert not marker.exists()


def test_addresses_are_refused(tmp_path, capsys):
    for name in ("http://127.0.0.1:9/c.yaml", "s3://bucket/c.yaml", "file:///etc/passwd"):
        for option in (["--config", name], [f"--config={name}"]):
            assert main(["fit", *option]) == 2
            assert f"{name} is an address" in capsys.readouterr().err
    config = written(tmp_path / "config.yaml", data="http://127.0.0.1:9/c.yaml")
    assert main(["fit", "--config", config]) == 2


def test_aliases_do_not_unfold_without_end(tmp_path):
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    bomb = tmp_path / "bomb.yaml"
    bomb.write_text("\n".join(lines))
    with pytest.raises(ConfigError, match=rf"bomb\.yaml is no YAML: it has more than {MOST_ENTRIES} settings"):
        read_settings(bomb)
    assert main(["fit", "--config", str(bomb)]) == 2
    bomb.write_text("a: &a [*a]")
    with pytest.raises(ConfigError, match="is no YAML"):
        read_settings(bomb)
    bomb.write_text("[" * 5000)
    with pytest.raises(ConfigError, match="is no YAML"):
        read_settings(bomb)
    bomb.write_text("# " + "x" * 1_000_001)
    with pytest.raises(ConfigError, match="has more than 1000000 bytes"):
        read_settings(bomb)
    bomb.write_text("a: &a {b: 1}\nc: *a\nd: *a")
    assert read_settings(bomb)["d"] == {"b": 1}
