"""Two processes with uneven shares of the pairs report what one process reports; and the report as plain data."""

import csv
import io
import json
import math

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from geofer.errors import DataError
from geofer.metrics import SynthesisMetrics, SynthesisReport
from geofer.metrics.synthesis_report import PAIR_MEASURES, synthesis_csv

PAIRS = 30


def random_pairs():
    """Everything that `SynthesisMetrics.update` wants; the third face was not found."""
    chance = torch.Generator().manual_seed(0)

    def faces(shift):
        found = torch.rand(PAIRS, 68, 2, generator=chance)
        found[2] = torch.nan
        return {
            "image": torch.randint(0, 256, (PAIRS, 3, 16, 16), generator=chance, dtype=torch.uint8),
            "landmarks": found,
            "logits": torch.randn(PAIRS, 3, generator=chance),
            "features": torch.randn(PAIRS, 5, generator=chance) + shift,
            "embedding": torch.randn(PAIRS, 4, generator=chance) + shift,
        }

    return {
        "synthetic": faces(1),
        "real": faces(0),
        "landmarks": torch.rand(PAIRS, 68, 2, generator=chance),
        "expression": torch.randint(3, (PAIRS,), generator=chance),
        "subject": torch.randint(6, (PAIRS,), generator=chance),
        "inputs": torch.randn(PAIRS, 4, generator=chance),
    }


def part(values, rows):
    return {name: part(value, rows) if isinstance(value, dict) else value[rows] for name, value in values.items()}


def report_of(rows, size=8):
    metrics = SynthesisMetrics(features=5, embedding=4)
    pairs = random_pairs()
    for some in torch.arange(PAIRS)[rows].split(size):
        if len(some):
            metrics.update(**part(pairs, some))
            metrics.update_diversity(part(pairs["synthetic"], some), part(pairs["real"], some))
    return metrics.compute()


def evaluate(rank, folder, shares_of_rank_0):
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/rendezvous", rank=rank, world_size=2)
    for pairs in shares_of_rank_0:
        report = report_of(slice(pairs) if rank == 0 else slice(pairs, None))
        (folder / f"{rank}-{pairs}.json").write_text(json.dumps(report.to_dict(), allow_nan=False))
    dist.destroy_process_group()


@pytest.mark.ddp
@pytest.mark.filterwarnings("ignore:The ``compute`` method")
def test_two_processes_report_what_one_does(tmp_path):
    mp.spawn(evaluate, (tmp_path, [16, 0]), nprocs=2)  # whole batches of uneven shares; none
    expected = report_of(slice(None)).to_dict()
    files = list(tmp_path.glob("*.json"))
    assert len(files) == 4
    for file in files:
        report = json.loads(file.read_text())
        assert report == {name: pytest.approx(value, abs=1e-6) for name, value in expected.items()}


def test_report_survives_json_and_becomes_a_row():
    report = report_of(slice(None))
    again = SynthesisReport.from_dict(json.loads(json.dumps(report.to_dict(), allow_nan=False)))
    assert again == report
    assert report["landmark_failures"] == pytest.approx(1 / PAIRS)
    assert report.values["ssim"].low < report["ssim"] < report.values["ssim"].high
    (row,) = csv.DictReader(io.StringIO(synthesis_csv({"ours": report})))
    assert row["generator"] == "ours"
    assert float(row["kid"]) == pytest.approx(report["kid"], rel=1e-5)
    assert {f"{name}_low" for name in PAIR_MEASURES} <= row.keys()


@pytest.mark.filterwarnings("ignore:The ``compute`` method of metric RelativeDiversity")
def test_what_was_not_measured_is_no_number():
    pairs = {name: value for name, value in random_pairs().items() if name != "inputs"}
    pairs["real"]["image"] = pairs["synthetic"]["image"]
    metrics = SynthesisMetrics(features=5)
    metrics.update(**pairs)
    data = metrics.compute().to_dict()
    assert data["psnr"] == "inf"
    assert {name for name, value in data.items() if value is None and "_low" not in name and "_high" not in name} == {
        *("identity_distance", "real_identity_distance", "impostor_distance", "identity_similarity"),
        *("kid_identity", "diversity", "diversity_identity"),
    }
    assert math.isnan(SynthesisReport.from_dict(data)["kid_identity"])
    assert SynthesisReport.from_dict(data)["psnr"] == math.inf
    metrics.reset()
    with pytest.warns(UserWarning, match="called before"), pytest.raises(DataError, match="no pairs of faces"):
        metrics.compute()
