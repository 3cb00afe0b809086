"""Two processes with uneven shares answer what one process answers."""

import json

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from slow_metrics import EXPRESSIONS, answers_in_the_wild

from geofer.metrics import RecognitionMetrics

TAGS = ("pose>30", "pose>45")


def evaluate(rank, folder, faces_of_rank_0):
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/rendezvous", rank=rank, world_size=2)
    answers = answers_in_the_wild()
    metrics = RecognitionMetrics(EXPRESSIONS)
    indices = torch.arange(len(answers.expression))
    share = indices[:faces_of_rank_0] if rank == 0 else indices[faces_of_rank_0:]
    for part in share.split(40) if len(share) else ():
        metrics.update(*answers.rows(part))
    report = metrics.compute(TAGS)
    (folder / f"{rank}.json").write_text(json.dumps(report.to_dict()))
    dist.destroy_process_group()


@pytest.mark.ddp
@pytest.mark.filterwarnings("ignore:The ``compute`` method")
@pytest.mark.parametrize("faces_of_rank_0", [101, 0], ids=["uneven", "one process sees nothing"])
def test_two_processes_report_what_one_does(tmp_path, faces_of_rank_0):
    mp.spawn(evaluate, (tmp_path, faces_of_rank_0), nprocs=2)
    metrics = RecognitionMetrics(EXPRESSIONS)
    metrics.update(*answers_in_the_wild().rows(slice(None)))
    expected = metrics.compute(TAGS).to_dict()
    for rank in range(2):
        report = json.loads((tmp_path / f"{rank}.json").read_text())
        assert report.pop("calibration_error") == pytest.approx(expected["calibration_error"], abs=1e-12)
        assert report == {key: value for key, value in expected.items() if key != "calibration_error"}
