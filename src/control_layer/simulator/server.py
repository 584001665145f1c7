"""The simulated provider's server: shared state, a ledger of what was billed, and what tests may ask."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from typing import Any

from control_layer.simulator.exchange import SimulatedExchange
from control_layer.wire import Request, Responder, Server

__all__ = ["Simulator"]

_LEDGER_ROWS = 200_000


class Simulator:
    """One simulated provider. `GET /sim/stats` shows its counters, `POST /sim/reset` starts them anew."""

    def __init__(self, loop: asyncio.AbstractEventLoop, api_key: str | None = None) -> None:
        self.loop = loop
        self.api_key = api_key
        self.server = Server(self._accept, loop=loop)
        self.reset()

    def reset(self) -> None:
        """Forgets what was counted; requests under way are still open."""
        self.requests: Counter[str] = Counter()
        self.cancelled = 0
        self.completed = 0
        self.open = 0
        self.streamed_bytes = 0
        self.ledger: deque[tuple[str, str, dict[str, Any] | None]] = deque(maxlen=_LEDGER_ROWS)

    def _accept(self, request: Request, responder: Responder) -> SimulatedExchange:
        return SimulatedExchange(self, request, responder)

    def bill(self, request_id: str, model: str, usage: dict[str, Any] | None) -> None:
        """Notes what a request cost, as the provider sees it: also where the answer never arrived."""
        self.ledger.append((request_id, model, usage))

    def stats(self) -> dict[str, Any]:
        """Counts, open and cancelled answers, connections, and the ledger of what was billed."""
        return {
            "requests": dict(self.requests),
            "open": self.open,
            "completed": self.completed,
            "cancelled": self.cancelled,
            "connections": self.server.connections,
            "streamed_bytes": self.streamed_bytes,
            "ledger": [{"request_id": row[0], "model": row[1], "usage": row[2]} for row in self.ledger],
        }
