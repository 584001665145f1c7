"""S18: memory stays flat under a long mix of requests, errors and clients that leave.

`python -m tests.faults.soak --requests 1000000` is the scenario's own length; the test suite runs a short one.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import psutil
from tests.faults.target import FAILING, SLOW_STREAM, SMALL, Target, chat, target

__all__ = ["Soak", "resident_bytes", "soak"]

_CLIENTS = 16
_ANSWER_SECONDS = 60.0
_EVERY = {"left": 50, "streamed": 10, "failing": 25, "refused": 20, "malformed": 30}
"""One request in so many is of that kind; the others are small and blocking."""


@dataclass(slots=True)
class Soak:
    """What came of it. Memory is resident bytes by process, after the warm-up and at the end."""

    requests: int = 0
    unexpected: list[str] = field(default_factory=list)
    seconds: float = 0.0
    warm: dict[str, int] = field(default_factory=dict)
    end: dict[str, int] = field(default_factory=dict)

    @property
    def grown(self) -> dict[str, int]:
        """Bytes that each process has grown by since the warm-up."""
        return {name: size - self.warm.get(name, 0) for name, size in self.end.items()}


@dataclass(frozen=True, slots=True)
class _Kind:
    request: bytes
    status: int
    leaves: bool = False


def resident_bytes(pid: int) -> dict[str, int]:
    """Resident bytes of our processes below `pid`, the supervisor's own included; Postgres has its own bounds."""
    sizes: dict[str, int] = {}
    numbers = itertools.count()
    for process in (psutil.Process(pid), *psutil.Process(pid).children()):
        with contextlib.suppress(psutil.Error):
            words = process.cmdline()
            module = words[words.index("-m") + 1] if "-m" in words else ""
            if module == "control_layer.gateway":
                module = f"{module}-{next(numbers)}"
            if module:
                sizes[module] = process.memory_info().rss
    return sizes


def soak(tortured: Target, *, requests: int, warm_up: int) -> Soak:
    """Sends that many requests, and `warm_up` before them that do not count."""
    result = Soak()
    asyncio.run(_send(tortured, Soak(), warm_up))
    result.warm = _memory(tortured)
    began = time.monotonic()
    asyncio.run(_send(tortured, result, requests))
    result.seconds = time.monotonic() - began
    result.end = _memory(tortured)
    return result


def _memory(tortured: Target) -> dict[str, int]:
    return {} if tortured.instance is None else resident_bytes(tortured.instance.process.pid)


async def _send(tortured: Target, result: Soak, requests: int) -> None:
    numbers = iter(range(requests))
    kinds = _kinds(tortured)
    async with asyncio.TaskGroup() as clients:
        for _ in range(_CLIENTS):
            clients.create_task(_client(tortured, kinds, numbers, result))


async def _client(tortured: Target, kinds: dict[str, _Kind], numbers: Iterator[int], result: Soak) -> None:
    where = urlsplit(tortured.base_url)
    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None
    for number in numbers:
        kind = kinds[next((name for name, every in _EVERY.items() if number % every == 0), "small")]
        if reader is None or writer is None or writer.is_closing():
            reader, writer = await asyncio.open_connection(where.hostname, where.port)
        async with asyncio.timeout(_ANSWER_SECONDS):
            writer.write(kind.request)
            status, keeps = await _answer(reader, leaves=kind.leaves)
        result.requests += 1
        if status != kind.status:
            result.unexpected.append(f"{status} instead of {kind.status}")
        if not keeps:
            writer.close()
    if writer is not None:
        writer.close()


async def _answer(reader: asyncio.StreamReader, *, leaves: bool) -> tuple[int, bool]:
    """The status, and whether the connection may be used again."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status = int(head.split(b" ", 2)[1])
    if leaves:
        await reader.readline()
        return status, False
    if b"transfer-encoding: chunked" in head:
        while size := int(await reader.readline(), 16):
            await reader.readexactly(size + 2)
        await reader.readline()
    else:
        await reader.readexactly(int(head.partition(b"content-length: ")[2].split(b"\r\n", 1)[0]))
    return status, b"connection: close" not in head


def _kinds(tortured: Target) -> dict[str, _Kind]:
    good = f"Bearer {tortured.key}"

    def post(body: bytes, authorization: str = good) -> bytes:
        where = urlsplit(tortured.base_url)
        head = (
            f"POST {where.path}/chat/completions HTTP/1.1\r\nhost: {where.netloc}\r\nauthorization: {authorization}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    def encoded(model: str, *, stream: bool = False) -> bytes:
        return json.dumps(chat(model, "x" * 500, stream=stream)).encode()

    return {
        "small": _Kind(post(encoded(SMALL)), 200),
        "streamed": _Kind(post(encoded(SMALL, stream=True)), 200),
        "left": _Kind(post(encoded(SLOW_STREAM, stream=True)), 200, leaves=True),
        "failing": _Kind(post(encoded(FAILING)), 500),
        "refused": _Kind(post(encoded(SMALL), "Bearer sk-nobody"), 401),
        "malformed": _Kind(post(b'{"model": '), 400),
    }


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description=__doc__)
    parser.add_argument("--requests", type=int, default=1_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as directory, target(Path(directory)) as tortured:
        result = soak(tortured, requests=options.requests, warm_up=max(options.requests // 10, 5000))
    print(f"{result.requests} requests in {result.seconds:.0f} s, unexpected: {len(result.unexpected)}")
    for name, size in result.end.items():
        print(f"{name}: {size / 2**20:.1f} MB, grown by {result.grown[name] / 2**20:.1f} MB since the warm-up")


if __name__ == "__main__":
    main()
