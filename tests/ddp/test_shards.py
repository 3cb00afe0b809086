"""Shards of faces that two processes read at the same time, from a folder and from an object store of this machine."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from listed_faces import ListedFaces, write_listed

pytest.importorskip("litdata")
pytestmark = [pytest.mark.ddp, pytest.mark.slow]

WORKER = Path(__file__).with_name("shards_worker.py")
FACES_A_SHARD = 3


@pytest.fixture
def faces(tmp_path, rendered_pictures, monkeypatch):
    """Faces in shards of three, but for the last one."""
    crop = 64 * 64 * 3
    monkeypatch.setattr("geofer.datamodules.preparation.shards.SHARD_BYTES", FACES_A_SHARD * (crop + 64))
    root = tmp_path / "set"
    data = ListedFaces(root, write_listed(root, rendered_pictures[::4]), preparation={"cache": "litdata"})
    data.prepare_data()
    data.setup("fit")
    shards = [path.stat().st_size // crop for path in sorted(data.folder.glob("shards/chunk-*"))]
    assert len(shards) > 2
    assert shards[-1] != shards[0]
    return data


def read_by_two(address: str, out: Path, port: int, **environment: str) -> list[dict[str, np.ndarray]]:
    """What each of two processes has read of the training faces."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", "--master_port", str(port)]
    done = subprocess.run(
        [*launcher, str(WORKER), address, "train", str(out)],
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return [dict(np.load(out / f"{rank}.npz")) for rank in range(2)]


def assert_all_there(read: list[dict[str, np.ndarray]], data: ListedFaces) -> None:
    split = data.faces("train")
    for rank, part in enumerate(read):
        wanted = split.batch(np.arange(rank, len(split), 2), np.random.default_rng(0))
        assert len(part["image"]) == len(wanted["image"]) > 0
        for name, values in part.items():
            assert np.array_equal(values, wanted[name].numpy()), name


def test_two_processes_read_a_folder(faces, tmp_path):
    assert_all_there(read_by_two(str(faces.folder), tmp_path, 29563), faces)


def test_two_processes_read_an_object_store(faces, tmp_path):
    server = pytest.importorskip("moto.server").ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    keys = {"AWS_ACCESS_KEY_ID": "somebody", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}
    place = {**keys, "AWS_ENDPOINT_URL": f"http://{host}:{port}", "HOME": str(tmp_path)}
    try:
        import boto3

        store = boto3.client(
            "s3",
            endpoint_url=place["AWS_ENDPOINT_URL"],
            aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
            region_name=keys["AWS_DEFAULT_REGION"],
        )
        store.create_bucket(Bucket="bucket")
        for path in faces.folder.rglob("*"):
            if path.is_file():
                store.upload_file(str(path), "bucket", f"faces/{path.relative_to(faces.folder).as_posix()}")
        assert_all_there(read_by_two("s3://bucket/faces", tmp_path, 29565, **place), faces)
    finally:
        server.stop()
