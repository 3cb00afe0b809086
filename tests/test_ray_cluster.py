"""What is asked of a Ray cluster before there is one; tests/ddp/test_ray.py has one."""

import sys

import pytest
from listed_faces import ListedFaces

from geofer.cli import main
from geofer.datamodules import RenderedFaces
from geofer.datamodules.preparation.config import Preparation
from geofer.datamodules.preparation.records import FaceRecord
from geofer.errors import ConfigError
from geofer.ray_cluster import RayCluster


def test_a_missing_ray_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigError, match=r"geofer\[ray\]"):
        list(RayCluster().work_through(abs, [1]))


@pytest.mark.parametrize("settings", [{"cpus": 0}, {"gpus": -1}])
def test_a_part_needs_a_core(settings):
    with pytest.raises(ConfigError, match="1 core or more"):
        RayCluster(**settings)


@pytest.mark.parametrize("made", [RenderedFaces, Preparation])
def test_an_address_belongs_to_ray(made):
    assert made(engine="ray", address="head:6379").cluster == RayCluster("head:6379")
    assert made().cluster is None
    with pytest.raises(ConfigError, match="belongs to the engine ray"):
        made(address="head:6379")


def test_as_many_parts_wait_as_are_worked_on():
    machines = {"CPU": 16.0, "GPU": 3.0}
    waiting = [
        RayCluster(cpus=c, gpus=g)._parts_at_a_time(machines) for c, g in ((1, 0), (4, 0), (1, 1), (1, 0.5), (32, 0))
    ]
    assert waiting == [32, 8, 6, 12, 2]


def test_a_camera_is_no_part(capsys):
    assert main(["recognize", "--camera", "0", "--engine", "ray"]) == 2
    assert "leave --engine ray out" in capsys.readouterr().err


def test_where_faces_are_found_does_not_name_their_folder(tmp_path):
    """Caches are the same, whoever made them."""
    tmp_path.joinpath("set").mkdir()
    tmp_path.joinpath("set", "a.png").touch()
    listed = [FaceRecord("a.png", "anger")]
    here, there = (
        ListedFaces(tmp_path / "set", listed, preparation=how) for how in ({}, {"engine": "ray", "workers": None})
    )
    assert here.folder == there.folder
