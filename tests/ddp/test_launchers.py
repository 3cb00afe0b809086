"""Two processes that torchrun or SLURM starts, as docs/clusters.md says."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
import yaml
from documented_pages import blocks

pytestmark = [pytest.mark.ddp, pytest.mark.slow]

TESTS = Path(__file__).parents[1]
EPOCH = 32 * 3 * 3 // (2 * 16)  # steps: people, expressions and yaws by two batches of sixteen
SRUN = """#!{python}
# Starts the tasks of a job on this machine, passes SIGTERM on to them, and ends with the highest of their codes.
import os, signal, subprocess, sys

def start(number):
    machine, place = divmod(number, int(os.environ["SLURM_NTASKS_PER_NODE"]))
    who = {{"SLURM_PROCID": str(number), "SLURM_LOCALID": str(place), "SLURM_NODEID": str(machine)}}
    return subprocess.Popen(sys.argv[1:], env={{**os.environ, **who}})

tasks = [start(number) for number in range(int(os.environ["SLURM_NTASKS"]))]
signal.signal(signal.SIGTERM, lambda *_: [task.send_signal(signal.SIGTERM) for task in tasks])
open("srun.pid", "w").write(str(os.getpid()))
sys.exit(max(task.wait() for task in tasks))
"""
SCONTROL = """#!/bin/sh
echo "$@" >> scontrol.log
"""
GEOFER = """#!/bin/sh
exec {python} -m geofer "$@"
"""


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    """A folder with the configuration of a small classifier on cartoon faces, for two processes."""
    classifier = {"backbone": "small_resnet", "pretrained": False, "backbone_arguments": {"widths": [4, 8]}}
    config = {
        "model": {"class_path": "geofer.modules.ExpressionClassifier", "init_args": {"classifier": classifier}},
        "data": {"class_path": "folded_cartoons.FoldedCartoons", "init_args": {"people": 32, "folds": None}},
        "trainer": {
            **{"accelerator": "cpu", "devices": 2, "strategy": "ddp_find_unused_parameters_true"},
            **{"max_epochs": 3, "enable_model_summary": False, "enable_progress_bar": False},
        },
    }
    tmp_path.joinpath("two.yaml").write_text(yaml.safe_dump(config))
    return tmp_path


def environment(**more: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in ("LOCAL_RANK", "RANK", "WORLD_SIZE")}
    return {**inherited, "PYTHONPATH": str(TESTS / "helpers"), "OMP_NUM_THREADS": "1", **more}


def torchrun(workplace: Path, command: str, *options: str) -> subprocess.Popen[str]:
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", "--master_port", "29561"]
    command = [
        *launcher,
        "-m",
        "geofer",
        command,
        "--config",
        "two.yaml",
        "--trainer.default_root_dir",
        "runs/two",
        *options,
    ]
    return subprocess.Popen(
        command, cwd=workplace, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def finished(process: subprocess.Popen[str]) -> str:
    output, _ = process.communicate(timeout=240)
    assert process.returncode == 0, output
    return output


def slurm_script(options: str) -> str:
    """The page's script, with other configurations."""
    (block,) = [block for block in blocks("docs/clusters.md") if block.language == "bash"]
    configs = "--config experiment/paper-224 --config trainer/ddp"
    assert configs in block.text
    return block.text.replace(configs, f"--config two.yaml {options}")


def slurm_job(workplace: Path, machines: int) -> dict[str, str]:
    """Variables of a job of two tasks, among whose programs are stand-ins for SLURM's."""
    tools = workplace / "bin"
    tools.mkdir()
    for name, text in {"srun": SRUN, "scontrol": SCONTROL, "geofer": GEOFER}.items():
        tools.joinpath(name).write_text(text.format(python=sys.executable))
        tools.joinpath(name).chmod(0o755)
    return {
        **{"SLURM_JOB_ID": "4711", "SLURM_JOB_NAME": "two", "SLURM_NTASKS": "2"},
        **{"SLURM_NTASKS_PER_NODE": str(2 // machines), "SLURM_NNODES": str(machines)},
        **{"SLURM_NODELIST": "localhost", "PATH": f"{tools}:{os.environ['PATH']}"},
    }


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 120
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert path.exists()


def steps(run: Path) -> int:
    return torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["global_step"]


def test_torchrun_trains_and_tests(workplace: Path) -> None:
    finished(torchrun(workplace, "fit"))
    run = workplace / "runs" / "two"
    assert steps(run) == 3 * EPOCH
    assert [path.name for path in workplace.joinpath("runs").iterdir()] == ["two"]
    output = finished(torchrun(workplace, "test"))
    assert output.count("18 faces") == 1


def test_torchrun_is_stopped_and_gone_on_with(workplace: Path) -> None:
    process = torchrun(workplace, "fit", "--trainer.max_epochs", "1000")
    run = workplace / "runs" / "two"
    wait_for(run / "checkpoints" / "last.ckpt")
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=120)
    assert process.returncode != 0
    assert "Stopped by a signal" in output, output
    stopped = steps(run)
    output = finished(
        torchrun(
            workplace,
            "fit",
            "--ckpt_path",
            "last",
            "--trainer.max_epochs",
            "1000",
            "--trainer.max_steps",
            str(stopped + 5),
        )
    )
    assert steps(run) == stopped + 5


def test_torchrun_trains_on_two_machines(workplace: Path) -> None:
    """As many launchers as machines, one process each; both are this one."""
    place = ["--nnodes", "2", "--nproc_per_node", "1", "--master_addr", "127.0.0.1", "--master_port", "29567"]
    fit = ["-m", "geofer", "fit", "--config", "two.yaml", "--trainer.default_root_dir", "runs/two"]
    here = ["--trainer.devices", "1", "--trainer.num_nodes", "2"]
    machines = [
        subprocess.Popen(
            [sys.executable, "-m", "torch.distributed.run", *place, "--node_rank", rank, *fit, *here],
            cwd=workplace,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in ("0", "1")
    ]
    for machine in machines:
        finished(machine)
    assert steps(workplace / "runs" / "two") == 3 * EPOCH


@pytest.mark.parametrize("machines", [1, 2])
def test_the_slurm_script_trains(workplace: Path, machines: int) -> None:
    """Two processes, on one machine or on two."""
    job = slurm_job(workplace, machines)
    workplace.joinpath("job.sh").write_text(slurm_script(f"--trainer.devices {2 // machines}"))
    finished(
        subprocess.Popen(
            ["bash", "job.sh"],
            cwd=workplace,
            env=environment(**job),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    )
    assert steps(workplace / "runs" / "two") == 3 * EPOCH


def test_the_slurm_script_puts_the_job_back_and_goes_on(workplace: Path) -> None:
    """With a stand-in for srun and scontrol: who starts the processes and sends the signal is all that is not SLURM."""
    job = slurm_job(workplace, 1)

    def start(epochs: int) -> subprocess.Popen[str]:
        workplace.joinpath("job.sh").write_text(slurm_script(f"--trainer.max_epochs {epochs}"))
        return subprocess.Popen(
            ["bash", "job.sh"],
            cwd=workplace,
            env=environment(**job),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    run = workplace / "runs" / "two"
    run.mkdir(parents=True)
    run.joinpath("config.yaml").write_text("of an attempt that ended before its first checkpoint")
    first = start(epochs=1000)
    wait_for(run / "checkpoints" / "last.ckpt")
    os.kill(int(workplace.joinpath("srun.pid").read_text()), signal.SIGTERM)
    output, _ = first.communicate(timeout=120)
    assert first.returncode == 143, output
    assert workplace.joinpath("scontrol.log").read_text() == "requeue 4711\n"
    stopped = steps(run)
    epochs = stopped // EPOCH + 2
    output = finished(start(epochs))
    assert steps(run) == EPOCH * epochs
    assert workplace.joinpath("scontrol.log").read_text() == "requeue 4711\n"
