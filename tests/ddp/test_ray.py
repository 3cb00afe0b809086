"""Long jobs on a Ray cluster of two machines, both of them this one, of which one is killed in the middle."""

import csv
import io
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import geofer.cli.recognize_files
import geofer.cli.study
from geofer.cli import main
from geofer.datamodules import RenderedFaces
from geofer.errors import DataError, GeoferError
from geofer.faces import EXPRESSIONS
from geofer.ray_cluster import RayCluster
from geofer.rendering.portrait import render

pytest.importorskip("ray", reason="Ray is not installed")
pytestmark = [pytest.mark.ddp, pytest.mark.slow]


@pytest.fixture(scope="module")
def cluster() -> Iterator[object]:
    """A cluster with one machine of one core; here, too, one thread computes, since more of them round otherwise."""
    from ray.cluster_utils import Cluster

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patched.setenv("OMP_NUM_THREADS", "1")
        made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        yield made
        made.shutdown()
    torch.set_num_threads(threads)


@pytest.fixture
def second(cluster) -> Iterator[Callable[[], None]]:
    """A second machine of one core; what is given here kills it, with all that it does, and without a word."""
    import psutil

    machine = cluster.add_node(num_cpus=1)

    def kill() -> None:
        raylet = psutil.Process(machine.all_processes["raylet"][0].process.pid)
        for process in [raylet, *raylet.children(recursive=True)]:
            process.kill()
        cluster.remove_node(machine, allow_graceful=False)

    yield kill
    if machine in cluster.worker_nodes:
        cluster.remove_node(machine)


def killed_once(condition: Callable[[], bool], kill: Callable[[], None]) -> threading.Thread:
    """Kills as soon as the condition holds; the thread to wait for."""

    def wait() -> None:
        deadline = time.monotonic() + 120
        while not condition() and time.monotonic() < deadline:
            time.sleep(0.02)
        kill()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def files(folder: Path) -> dict[str, bytes]:
    """All that a folder holds; locks are of a moment."""
    found = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "lock")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def test_a_lost_machine_s_part_is_done_again(cluster, second, tmp_path):
    def note(job: int) -> int:
        import ray

        here = ray.get_runtime_context().get_node_id()
        tmp_path.joinpath(f"{job}-{here}").touch()
        while not tmp_path.joinpath("go").exists():
            time.sleep(0.02)
        return job * job

    def both_busy() -> bool:
        return len({path.name.split("-")[1] for path in tmp_path.glob("*-*")}) == 2

    def kill() -> None:
        second()
        tmp_path.joinpath("go").touch()

    killer = killed_once(both_busy, kill)
    assert sorted(RayCluster(cluster.address).work_through(note, range(5))) == [0, 1, 4, 9, 16]
    killer.join()
    begun = [path.name.split("-")[0] for path in tmp_path.glob("*-*")]
    assert len(begun) == 6, "the part that the lost machine had begun was begun twice, and no other"
    assert set(begun) == set("01234")


def test_a_worker_that_keeps_dying_is_told(cluster, tmp_path):
    def die(job: int) -> None:
        with tmp_path.joinpath("tries").open("a") as file:
            file.write(".")
        os._exit(1)

    with pytest.raises(GeoferError, match="lost 4 times"):
        list(RayCluster(cluster.address).work_through(die, [0]))
    assert len(tmp_path.joinpath("tries").read_text()) == 4


def test_an_error_arrives_as_it_was_raised(cluster):
    def fail(job: int) -> None:
        raise DataError(f"{job} cannot be read.")

    with pytest.raises(DataError, match=r"^0 cannot be read\.$"):
        list(RayCluster(cluster.address).work_through(fail, [0]))


def test_what_the_work_keeps_is_there_for_the_next_part(cluster):
    class Counts:
        calls = 0

        def __call__(self, job: int) -> int:
            self.calls += 1
            return self.calls

    assert sorted(RayCluster(cluster.address).work_through(Counts(), range(3))) == [1, 2, 3]


def test_rendered_faces_are_the_same_byte_for_byte(cluster, second, tmp_path):
    few = {"train_subjects": 3, "val_subjects": 1, "test_subjects": 1, "views": 1, "image_size": 48}
    few |= {"expressions": ("anger", "surprise")}
    alone = RenderedFaces(**few, root=tmp_path / "alone", render_workers=1)
    alone.prepare_data()
    joined = RenderedFaces(**few, root=tmp_path / "joined", engine="ray", address=cluster.address)
    killer = killed_once(lambda: any(joined.cache.folder.glob("*.npz")), second)
    joined.prepare_data()
    killer.join()
    assert files(tmp_path / "joined") == files(tmp_path / "alone")
    assert not joined.cache.missing()


def test_prepared_faces_are_the_same_byte_for_byte(cluster, second, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pixels = np.random.default_rng(0).integers(0, 255, (300, 12, 12, 3), np.uint8)
    for number, picture in enumerate(pixels):
        path = tmp_path / "pictures" / ("anger", "surprise")[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(path)
    how = ["prepare", "pictures", "--detector", "none", "--crop", "none", "--image_size", "16"]
    assert main([*how, "--output", "alone", "--workers", "1"]) == 0
    assert main([*how, "--output", "joined", "--engine", "ray", "--address", cluster.address]) == 0
    assert files(tmp_path / "joined") == files(tmp_path / "alone")


def test_a_recognized_folder_is_the_same_table_byte_for_byte(cluster, second, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(geofer.cli.recognize_files, "PICTURES", 2)
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, expression in enumerate(("anger", "surprise", "happiness")):
        for copy in range(3):
            Image.fromarray(render(expression, size=160)).save(folder / f"{number}{copy}.png")
    folder.joinpath("broken.png").write_text("no picture")
    how = ["recognize", "pictures", "--batch-size", "2", "--output"]
    ray = ["--engine", "ray", "--address", cluster.address]
    assert main([*how, "alone.csv"]) == 0
    assert main([*how, "joined.csv", *ray, "--annotate", "drawn"]) == 0
    whole = Path("alone.csv").read_bytes()
    assert Path("joined.csv").read_bytes() == whole
    assert len(list(Path("drawn").iterdir())) == 9
    lines = whole.splitlines(keepends=True)
    Path("joined.csv").write_bytes(b"".join(lines[:4]) + lines[4][:20])
    assert main([*how, "joined.csv", *ray]) == 0
    assert "3 of 10 files are in joined.csv already" in capsys.readouterr().out
    begun, resumed = (list(csv.reader(io.StringIO(text.decode()))) for text in (whole, Path("joined.csv").read_bytes()))
    assert resumed[:4] == begun[:4]
    assert [row[0] for row in resumed] == [row[0] for row in begun]
    for one, other in zip(resumed[4:-1], begun[4:-1], strict=True):  # other batches of faces, other last digits
        numbers = [number for number, name in enumerate(begun[0]) if name in EXPRESSIONS]
        assert [float(one[n]) for n in numbers] == pytest.approx([float(other[n]) for n in numbers], abs=5e-6)


def test_rows_of_a_study_are_the_same(cluster, second, tmp_path, geofer_cache, monkeypatch, capsys):
    monkeypatch.setenv("GEOFER_CACHE", str(geofer_cache))
    monkeypatch.chdir(tmp_path)
    how = ["study", "synthetic-faces", "--budget", "smoke", "--rows", "0n", "1n", "--output"]
    joined = tmp_path / "joined" / "study"
    killer = killed_once(lambda: len(list(joined.glob("runs/*/config.yaml"))) == 2, second)
    assert main([*how, str(joined), "--engine", "ray", "--address", cluster.address]) == 0
    killer.join()
    assert "synthetic-faces: 1n, seed 0: accuracy" in capsys.readouterr().out
    assert main([*how, "alone/study", "--jobs", "2"]) == 0
    results = files(tmp_path / "alone" / "study" / "results")
    assert len(results) == 2
    assert files(joined / "results") == results
