"""Two processes with uneven shares answer what one process answers."""

import json

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from slow_metrics import EXPRESSIONS, answers_in_the_wild

from geofer.metrics import RecognitionMetrics

TAGS = ("pose>30", "pose>45")


def evaluate(rank, folder, shares_of_rank_0):
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/rendezvous", rank=rank, world_size=2)
    answers = answers_in_the_wild()
    indices = torch.arange(len(answers.expression))
    for faces in shares_of_rank_0:
        metrics = RecognitionMetrics(EXPRESSIONS)
        share = indices[:faces] if rank == 0 else indices[faces:]
        for part in share.split(40) if len(share) else ():
            metrics.update(*answers.rows(part))
        report = metrics.compute(TAGS)
        (folder / f"{rank}-{faces}.json").write_text(json.dumps(report.to_dict()))
    dist.destroy_process_group()


@pytest.mark.ddp
@pytest.mark.filterwarnings("ignore:The ``compute`` method")
def test_two_processes_report_what_one_does(tmp_path):
    mp.spawn(evaluate, (tmp_path, [101, 0]), nprocs=2)  # uneven shares; one process that sees nothing
    metrics = RecognitionMetrics(EXPRESSIONS)
    metrics.update(*answers_in_the_wild().rows(slice(None)))
    expected = metrics.compute(TAGS).to_dict()
    files = list(tmp_path.glob("*.json"))
    assert len(files) == 4
    for file in files:
        report = json.loads(file.read_text())
        assert report.pop("calibration_error") == pytest.approx(expected["calibration_error"], abs=1e-12)
        assert report == {key: value for key, value in expected.items() if key != "calibration_error"}
