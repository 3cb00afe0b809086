"""The page under load: honest visitors, alone and beside hostile ones.

    python benchmarks/demo_load.py [--clients 50] [--seconds 60] [--pause 20] [--turns 2] [--seed 0] [--lead 5]

Starts ``geofer demo`` and lets 50 visitors use it for a minute, each with one picture after the other and about 20
seconds in between; then again beside five hostile ones, who do not pause: one floods the page with chunks, one uploads
pictures whose metadata are costly, one breaks off uploads, one sends requests letter by letter over 50 connections, one
uploads pictures of 30 million pixels. Then once more: on a machine that others use, short rounds tell more than
two long ones. Prints one JSON object: seconds from upload to answer of the honest visitors (median and 95th
percentile), how many answers they got and how many failed, the ratio of the 95th percentiles of each turn and of all
answers together, seconds of processor time of the server and of the processes that it starts, and their memory in MB.
Linux only, as it reads ``/proc``.
"""

import argparse
import asyncio
import contextlib
import io
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import numpy as np
from picture_bombs import SCENE, encoded, segment
from PIL import Image

EXAMPLES = sorted((Path(__file__).parents[1] / "geofer/app/demo/examples").glob("*.jpg"))
SLOW_CONNECTIONS = 50


@dataclass
class Visitors:
    """What happened in one phase."""

    address: str
    function: int
    seconds: list[float] = field(default_factory=list)
    failed: int = 0
    waiting: dict[int, float] = field(default_factory=dict)
    hostile: dict[str, int] = field(default_factory=dict)

    async def look(self, client: httpx.AsyncClient, picture: bytes, name: str) -> str:
        """Uploads a picture, and waits for the answer, also where the queue is full."""
        session = os.urandom(8).hex()
        uploaded = await client.post(f"{self.address}/gradio_api/upload", files={"files": (name, picture)})
        uploaded.raise_for_status()
        file = {"path": uploaded.json()[0], "meta": {"_type": "gradio.FileData"}}
        call = {"data": [file], "fn_index": self.function, "session_hash": session}
        while True:
            joined = await client.post(f"{self.address}/gradio_api/queue/join", json=call)
            if joined.status_code != 503:
                break
            await asyncio.sleep(0.5)
        joined.raise_for_status()
        where = f"{self.address}/gradio_api/queue/data?session_hash={session}"
        async with client.stream("GET", where) as events:
            async for line in events.aiter_lines():
                if line.startswith("data:") and (event := json.loads(line[5:]))["msg"] == "process_completed":
                    return str(event["output"]["data"][1])
        raise RuntimeError("no answer")

    async def honest(self, number: int, pause: float, chance: np.random.Generator) -> None:
        """A visitor who wants to know what the faces of pictures show."""
        async with httpx.AsyncClient(timeout=120) as client:
            await asyncio.sleep(float(chance.uniform(0, pause)))
            while True:
                began = self.waiting[number] = time.monotonic()
                try:
                    answer = await self.look(client, EXAMPLES[number % len(EXAMPLES)].read_bytes(), f"{number}.jpg")
                    self.failed += "expression" not in answer
                except (httpx.HTTPError, RuntimeError, KeyError):
                    self.failed += 1
                self.seconds.append(time.monotonic() - began)
                del self.waiting[number]
                await asyncio.sleep(float(chance.uniform(0.5, 1.5)) * pause)

    async def keep_doing(self, name: str, act: Callable[[], Awaitable[object]]) -> None:
        """Does something again and again, whatever comes of it."""
        while True:
            with contextlib.suppress(httpx.HTTPError, RuntimeError, OSError, KeyError, asyncio.IncompleteReadError):
                await act()
            self.hostile[name] = self.hostile.get(name, 0) + 1
            await asyncio.sleep(0.01)

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to the server."""
        place = urlsplit(self.address)
        return await asyncio.open_connection(place.hostname, place.port)

    async def flood(self) -> None:
        """Chunks without end; every other time beside a small length."""
        _, writer = await self.connect()
        length = b"Content-Length: 10\r\n" if self.hostile.get("floods", 0) % 2 else b""
        writer.write(self._head(b"Transfer-Encoding: chunked\r\n" + length))
        part = b"10000\r\n" + bytes(1 << 16) + b"\r\n"
        try:
            for _ in range(16_000):  # a gigabyte
                writer.write(part)
                await writer.drain()
        finally:
            writer.close()

    async def break_off(self) -> None:
        """The half of an upload."""
        _, writer = await self.connect()
        start = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\n'
        writer.write(self._head(b"Content-Length: 9000000\r\n") + start + bytes(1 << 20))
        try:
            await writer.drain()
            await asyncio.sleep(0.2)
        finally:
            writer.close()

    async def dawdle(self) -> None:
        """A request that comes letter by letter."""
        _, writer = await self.connect()
        try:
            for letter in b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 1000:
                writer.write(bytes((letter,)))
                await writer.drain()
                await asyncio.sleep(1)
        finally:
            writer.close()

    def _head(self, more: bytes) -> bytes:
        host = urlsplit(self.address).netloc.encode()
        form = b"Content-Type: multipart/form-data; boundary=b\r\n"
        return b"POST /gradio_api/upload HTTP/1.1\r\nHost: " + host + b"\r\n" + form + more + b"\r\n"

    async def upload_costly(self, picture: bytes) -> None:
        """A picture that takes long."""
        async with httpx.AsyncClient(timeout=120) as client:
            await self.look(client, picture, "a.png")

    def enemies(self) -> list[Awaitable[None]]:
        """All five."""
        plain = encoded(SCENE, "JPEG")
        bomb = plain[:2] + segment(0xE1, b"Exif\0\0" * 10_000) * 150 + plain[2:]
        file = io.BytesIO()
        Image.new("RGB", (6000, 4990), "gray").save(file, "PNG")
        return [
            self.keep_doing("floods", self.flood),
            self.keep_doing("metadata", lambda: self.upload_costly(bomb)),
            self.keep_doing("broken off", self.break_off),
            self.keep_doing("giants", lambda: self.upload_costly(file.getvalue())),
            *(self.keep_doing("dawdled", self.dawdle) for _ in range(SLOW_CONNECTIONS)),
        ]


def family(server: int) -> set[int]:
    """A process and all below it."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(status.parent.name)] = int(status.read_text().rpartition(")")[2].split()[1])
    found = {server}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def processor_seconds(server: int) -> tuple[float, float]:
    """Of a process, and of all below it, those that have ended among them."""
    ticks = dict.fromkeys(("own", "others"), 0)
    for process in family(server):
        with contextlib.suppress(OSError):
            told = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            own, ended = (sum(map(int, told[place : place + 2])) for place in (11, 13))
            ticks["own" if process == server else "others"] += own
            ticks["others"] += ended if process != server else 0
    a_second = os.sysconf("SC_CLK_TCK")
    return ticks["own"] / a_second, ticks["others"] / a_second


def resident(server: int) -> float:
    """MB of a process and of all below it."""
    pages = 0
    for process in family(server):
        with contextlib.suppress(OSError):
            pages += int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def picture_function(address: str) -> int:
    """The number of the function that looks at a picture."""
    config = httpx.get(f"{address}/config", timeout=60).json()
    picture = next(part["id"] for part in config["components"] if part["props"].get("elem_id") == "picture")
    return int(next(fn["id"] for fn in config["dependencies"] if [picture, "change"] in map(list, fn["targets"])))


async def phase(address: str, server: int, options: argparse.Namespace, hostile: bool, turn: int) -> dict[str, object]:
    """One minute, with or without the hostile ones."""
    visitors = Visitors(address, picture_function(address))
    chance = np.random.default_rng((options.seed, turn))
    work: list[Awaitable[None]] = [visitors.honest(n, options.pause, chance) for n in range(options.clients)]
    tasks = [asyncio.ensure_future(one) for one in work + (visitors.enemies() if hostile else [])]
    await asyncio.sleep(options.lead)  # until what the last phase left is done
    visitors.seconds.clear()
    memory, before = [resident(server)], processor_seconds(server)
    for _ in range(options.seconds):
        await asyncio.sleep(1)
        memory.append(resident(server))
    own, others = (now - then for now, then in zip(processor_seconds(server), before, strict=True))
    answers, now = len(visitors.seconds), time.monotonic()
    visitors.seconds += [now - began for began in visitors.waiting.values()]  # who waits still counts
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    quarters = np.array_split(np.array(memory), 4)
    return {
        "hostile": visitors.hostile if hostile else None,
        "answers": answers,
        "waiting": len(visitors.waiting),
        "failed": visitors.failed,
        "p50": round(float(np.percentile(visitors.seconds, 50)), 2),
        "p95": round(float(np.percentile(visitors.seconds, 95)), 2),
        "processor_seconds": {"server": round(own, 1), "others": round(others, 1)},
        "seconds": [round(one, 3) for one in visitors.seconds],
        "megabytes": [round(float(np.median(quarter))) for quarter in quarters],
        "most_megabytes": round(max(memory)),
    }


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[tuple[str, int]]:
    """A page, until the block ends; its address and process."""
    command = [sys.executable, "-m", "geofer", "demo", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        found = re.search(r"http://\S+", process.stdout.readline())
        yield found[0], process.pid
    finally:
        process.terminate()
        process.wait(20)


async def measure(options: argparse.Namespace) -> dict[str, object]:
    """All turns."""
    async with running() as (address, server):
        async with httpx.AsyncClient(timeout=300) as client:  # loads what is loaded at first use
            for example in EXAMPLES:
                await Visitors(address, picture_function(address)).look(client, example.read_bytes(), "a.jpg")
        turns = []
        for turn in range(options.turns):
            alone = await phase(address, server, options, False, turn)
            beside = await phase(address, server, options, True, turn)
            turns.append({"alone": alone, "beside": beside, "ratio": round(beside["p95"] / alone["p95"], 2)})
            print(json.dumps(turns[-1]), file=sys.stderr, flush=True)
        load = os.getloadavg()[0]
    every = {name: np.concatenate([turn[name].pop("seconds") for turn in turns]) for name in ("alone", "beside")}
    p95 = {name: float(np.percentile(seconds, 95)) for name, seconds in every.items()}
    together = {name: round(value, 2) for name, value in p95.items()} | {
        "ratio": round(p95["beside"] / p95["alone"], 2)
    }
    return {**vars(options), "cores": os.cpu_count(), "load": round(load, 1), "turns": turns, "p95": together}


def main() -> None:
    """As this file's description says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--pause", type=float, default=20)
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--lead", type=int, default=5, help="seconds before a phase is measured (%(default)s)")
    print(json.dumps(asyncio.run(measure(parser.parse_args())), indent=1))


if __name__ == "__main__":
    main()
