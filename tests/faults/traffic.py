"""Traffic that goes on while things are killed, and keeps what came of each call."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass, field

import httpx
from tests.faults.target import Target, chat

__all__ = ["Call", "Traffic"]

_CLIENTS = 12


@dataclass(slots=True, frozen=True)
class Call:
    """How one call ended. `status` is `None` where its connection failed."""

    began: float
    ended: float
    status: int | None
    request_id: str | None
    detail: str


@dataclass(slots=True)
class Traffic:
    """Clients that call without a pause, half of them streaming, from `__enter__` to `__exit__`."""

    target: Target
    model: str
    calls: list[Call] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Traffic:
        self._thread = threading.Thread(target=asyncio.run, args=(self._run(),))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Lets the calls under way end, and begins no other."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    @property
    def failures(self) -> list[Call]:
        """Calls that brought no whole, successful answer."""
        return [call for call in self.calls if call.status != 200]

    def succeeded_since(self, moment: float) -> int:
        """How many calls that began after `moment` succeeded."""
        return sum(1 for call in self.calls if call.status == 200 and call.began >= moment)

    async def _run(self) -> None:
        limits = httpx.Limits(max_connections=_CLIENTS, max_keepalive_connections=_CLIENTS)
        async with (
            httpx.AsyncClient(headers=self.target.headers, timeout=60.0, limits=limits) as client,
            asyncio.TaskGroup() as clients,
        ):
            for number in range(_CLIENTS):
                clients.create_task(self._call_again_and_again(client, stream=number % 2 == 0))

    async def _call_again_and_again(self, client: httpx.AsyncClient, *, stream: bool) -> None:
        body = chat(self.model, "a question", stream=stream)
        while not self._stop.is_set():
            began = time.monotonic()
            status: int | None = None
            request_id, detail = None, ""
            try:
                answer = await client.post(f"{self.target.base_url}/chat/completions", json=body)
            except httpx.HTTPError as error:
                detail = repr(error)
            else:
                request_id, status = answer.headers.get("x-request-id"), answer.status_code
                whole = "[DONE]" in answer.text if stream else answer.text.endswith("}")
                if status != 200 or not whole:
                    detail, status = answer.text[-300:], status if status != 200 else 599
            self.calls.append(Call(began, time.monotonic(), status, request_id, detail))
