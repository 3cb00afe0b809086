import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from geofer.datamodules.preparation.rendering import RenderCache
from geofer.errors import ConfigError, DataError
from geofer.rendering import RenderSpec

SPEC = RenderSpec(subjects=3, expressions=("happiness", "neutral"), poses="multipie", views=1)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    cache = RenderCache(tmp_path_factory.mktemp("cache"), SPEC)
    cache.prepare(workers=1)
    return cache


def contents(cache):
    return {path.name: path.read_bytes() for path in cache.folder.glob("*.npy")}


def test_holds_everybody_with_their_truth(cache):
    for subject in range(3):
        truth, pictures = cache.load(subject)
        assert pictures.shape == (2, 64, 64, 3)
        assert truth["expression"].tolist() == [0, 1]
        assert truth["level"].tolist() == [4, 0]
        assert truth["landmarks"].shape == (2, 68, 2)
        assert truth["blendshapes"].shape == (2, 52)
        assert {"phenotype/gender", "phenotype/age"} <= truth.keys()
    assert not list(cache.folder.glob("*.part"))


def test_two_processes_render_what_one_renders(cache, tmp_path):
    other = RenderCache(tmp_path, SPEC)
    other.prepare(workers=2)
    assert contents(other) == contents(cache)


def test_goes_on_where_it_was_stopped_and_mends_what_is_damaged(cache):
    before = contents(cache)
    cache.folder.joinpath("subject-00000.npz").unlink()  # as after a kill: the truth is written last
    cache.folder.joinpath("subject-00002.npy.abc.part").write_bytes(b"half")
    damaged = cache.folder / "subject-00001.npy"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"\x07")
    untouched = cache.folder.joinpath("subject-00002.npz").stat().st_mtime_ns
    cache.prepare(workers=1)
    assert contents(cache) == before
    assert cache.folder.joinpath("subject-00002.npz").stat().st_mtime_ns == untouched
    assert not list(cache.folder.glob("*.part"))


def test_no_flipped_bit_is_read_as_something_else(cache, tmp_path):
    """Whatever the damage does to NumPy's and zip's headers: the person is rendered again, or nothing is lost."""
    copy = RenderCache(tmp_path, SPEC)
    copy.folder.mkdir()
    names = ("subject-00000.npy", "subject-00000.npz")
    for name in names:
        copy.folder.joinpath(name).write_bytes(cache.folder.joinpath(name).read_bytes())
    truth, pictures = cache.load(0)
    random, mended = np.random.default_rng(0), 0
    for name in names:
        path = copy.folder / name
        whole = path.read_bytes()
        header = range(0, 1024, 3) if name.endswith("npy") else range(8 * len(whole) - 8000, 8 * len(whole), 7)
        for bit in (*header, *random.integers(0, 8 * len(whole), 100)):
            flipped = bytearray(whole)
            flipped[bit // 8] ^= 1 << (bit % 8)
            path.write_bytes(flipped)
            if 0 in copy.missing():
                mended += 1
                continue
            found, seen = copy.load(0)
            assert all(np.array_equal(found[key], value) for key, value in truth.items())
            assert np.asarray(seen).tobytes() == np.asarray(pictures).tobytes()
        path.write_bytes(whole)
    assert mended > 500
    assert 0 not in copy.missing()


def test_two_commands_at_the_same_time_render_one_after_the_other(cache, tmp_path):
    spec = replace(SPEC, subjects=2)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: RenderCache(tmp_path, spec).prepare(workers=1), range(2)))
    made = RenderCache(tmp_path, spec)
    assert made.missing() == []
    for name in ("subject-00000.npy", "subject-00001.npy"):
        assert made.folder.joinpath(name).read_bytes() == cache.folder.joinpath(name).read_bytes()


def test_more_people_go_into_the_same_folder_and_other_pictures_into_another(tmp_path):
    folder = RenderCache(tmp_path, SPEC).folder
    assert RenderCache(tmp_path, replace(SPEC, subjects=50)).folder == folder
    others = [replace(SPEC, image_size=96), replace(SPEC, seed=1), replace(SPEC, camera=True)]
    assert len({folder, *(RenderCache(tmp_path, spec).folder for spec in others)}) == 4


@pytest.mark.parametrize("harm", ["missing", "cut", "other size"])
def test_reading_what_is_damaged_says_what_to_do(cache, tmp_path, harm):
    broken = RenderCache(tmp_path, SPEC)
    broken.folder.mkdir()
    for name in ("subject-00000.npy", "subject-00000.npz"):
        broken.folder.joinpath(name).write_bytes(cache.folder.joinpath(name).read_bytes())
    match harm:
        case "missing":
            broken.folder.joinpath("subject-00000.npy").unlink()
        case "cut":
            os.truncate(broken.folder / "subject-00000.npz", 500)
        case "other size":
            np.save(broken.folder / "subject-00000.npy", np.zeros((2, 32, 32, 3), np.uint8))
    with pytest.raises(DataError, match=r"person 0 in .* is missing or damaged .*Run `geofer prepare`"):
        broken.load(0)


def test_a_place_that_cannot_be_written(tmp_path):
    occupied = tmp_path / "file"
    occupied.touch()
    with pytest.raises(ConfigError, match=r"file/rendered-.* cannot be written to: File exists"):
        RenderCache(occupied, SPEC).prepare(workers=1)
