"""How fast faces are rendered: images a second at 64 and 224 px, with one and two processes.

Run ``python benchmarks/render.py``. Seven expressions from five views each; the first person warms up and is not
counted. CPU time repeats on a shared machine, wall time does not.
"""

import argparse
import multiprocessing
import os
import time

from geofer.rendering import RenderSpec, render_subject


def render_people(spec: RenderSpec, first: int, barrier) -> tuple[float, float, int]:
    """Wall seconds, CPU seconds and pictures of ``spec.subjects`` people, from number ``first``."""
    render_subject(spec, first)
    barrier.wait()
    wall, cpu = time.perf_counter(), time.process_time()
    pictures = sum(len(render_subject(spec, first + number).images) for number in range(1, spec.subjects + 1))
    return time.perf_counter() - wall, time.process_time() - cpu, pictures


def measure(spec: RenderSpec, processes: int) -> tuple[float, float]:
    """Images a second of wall time over all processes, and of CPU time of one."""
    with multiprocessing.Manager() as manager, multiprocessing.get_context("spawn").Pool(processes) as pool:
        barrier = manager.Barrier(processes)
        runs = pool.starmap(render_people, [(spec, 1000 * number, barrier) for number in range(processes)], chunksize=1)
    walls, cpus, pictures = zip(*runs, strict=True)
    return sum(pictures) / max(walls), sum(pictures) / sum(cpus)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=6, help="people per process and setting")
    people = parser.parse_args().people
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    print(f"{'px':>4} {'processes':>9} {'images/s':>9} {'images per CPU second':>22}")
    for size in (64, 224):
        spec = RenderSpec(subjects=people, views=5, image_size=size)
        for processes in (1, 2):
            wall, cpu = measure(spec, processes)
            print(f"{size:>4} {processes:>9} {wall:>9.1f} {cpu:>22.1f}")


if __name__ == "__main__":
    main()
