import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from geofer.backbones import build_backbone, read_backbone_arguments
from geofer.errors import PluginError
from geofer.plugins import BACKBONES, LANDMARK_DETECTORS, list_plugins, load_plugin, plugin_names


def states() -> dict[tuple[str, str], str]:
    return {(plugin.name, plugin.distribution): plugin.state for plugin in list_plugins()}


def test_built_in_backbones_are_entry_points_of_geofer() -> None:
    built_in = [plugin for plugin in list_plugins() if plugin.distribution == "geofer" and plugin.kind == "backbone"]
    assert {plugin.name for plugin in built_in} >= {"small_resnet", "resnet18", "resnet50"}
    assert {plugin.state for plugin in built_in} == {"ok"}


def test_reading_names_imports_nothing_and_asking_for_one_imports_that_one(install_plugin: Callable[..., None]) -> None:
    install_plugin("lazy-one", "first = lazy_one:build", "build = dict")
    install_plugin("lazy-two", "second = lazy_two:build", "build = list")
    assert {"first", "second"} <= set(plugin_names(BACKBONES))
    assert not {"lazy_one", "lazy_two"} & set(sys.modules)
    assert load_plugin(BACKBONES, "first") is dict
    assert "lazy_two" not in sys.modules


def test_broken_plugin_fails_only_when_asked_for_and_is_listed_with_its_reason(
    install_plugin: Callable[..., None],
) -> None:
    install_plugin("broken-net", "broken = broken_net:build", "import a_library_that_is_not_there")
    install_plugin("good-net", "good = good_net:build", "build = dict")
    assert load_plugin(BACKBONES, "good") is dict
    with pytest.raises(PluginError, match=r"'broken' of broken-net 1\.5.*a_library_that_is_not_there"):
        load_plugin(BACKBONES, "broken")
    assert "a_library_that_is_not_there" in states()["broken", "broken-net"]
    assert states()["good", "good-net"] == "ok"


def test_missing_attribute_names_the_package(install_plugin: Callable[..., None]) -> None:
    install_plugin("hollow-net", "hollow = hollow_net:build")
    with pytest.raises(PluginError, match=r"hollow-net 1\.5.*'hollow_net:build'"):
        load_plugin(BACKBONES, "hollow")


def test_one_name_of_two_packages_is_an_error_that_names_both(install_plugin: Callable[..., None]) -> None:
    install_plugin("net-a", "same = net_a:build", "build = dict")
    install_plugin("net-b", "same = net_b:build", "build = list")
    with pytest.raises(PluginError, match=r"net-a 1\.5.*net-b 1\.5|net-b 1\.5.*net-a 1\.5"):
        load_plugin(BACKBONES, "same")
    assert "net-b" in states()["same", "net-a"]
    assert "net-a" in states()["same", "net-b"]


def test_plugin_never_shadows_a_built_in(install_plugin: Callable[..., None]) -> None:
    install_plugin("impostor", "resnet18 = impostor:build", "build = dict")
    assert load_plugin(BACKBONES, "resnet18") is not dict
    assert states()["resnet18", "impostor"] == "ignored: geofer has its own resnet18"
    assert states()["resnet18", "geofer"] == "ok"


def test_unknown_name_suggests_close_ones() -> None:
    with pytest.raises(PluginError, match=r"no backbone called 'smal_resnet'\. Did you mean small_resnet"):
        load_plugin(BACKBONES, "smal_resnet")


def test_groups_are_apart(install_plugin: Callable[..., None]) -> None:
    install_plugin("a-detector", "eagle = a_detector:build", "build = dict", group=LANDMARK_DETECTORS)
    assert "eagle" in plugin_names(LANDMARK_DETECTORS)
    assert "eagle" not in plugin_names(BACKBONES)
    assert [plugin.kind for plugin in list_plugins() if plugin.name == "eagle"] == ["landmark detector"]


def test_the_example_of_the_documentation_installs_and_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = Path(__file__).parents[1].joinpath("docs/plugins.md").read_text()
    files = dict(re.findall(r"^`([\w.]+)`:\n\n```\w+\n(.*?)^```$", page, re.MULTILINE | re.DOTALL))
    project, site = tmp_path / "project", tmp_path / "site"
    project.mkdir()
    for name in ("two_convs.py", "pyproject.toml"):
        project.joinpath(name).write_text(files[name])
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "--target", site, project], check=True)
    monkeypatch.syspath_prepend(site)
    (plugin,) = (plugin for plugin in list_plugins() if plugin.name == "two_convs")
    assert (plugin.distribution, plugin.version, plugin.state) == ("geofer-two-convs", "1.0", "ok")
    backbone = build_backbone("two_convs", width=16)
    assert backbone(torch.zeros(2, 3, 64, 64)).shape == (2, 16)
    assert read_backbone_arguments("two_convs", {"width": 16}) == {"width": 16}
    with pytest.raises(ValueError, match=r"width is 'x'"):
        read_backbone_arguments("two_convs", {"width": "x"})
    with pytest.raises(ValueError, match="weights may not come from a file; from a file are taken width"):
        read_backbone_arguments("two_convs", {"weights": "here.pt"})
