"""The control plane's end of the channel to the supervisor: the configuration first, then questions and answers."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import structlog

from control_layer.contract.frames import FrameReader, frame
from control_layer.contract.supervision import (
    ChildMessage,
    Collect,
    NotSimulated,
    Ready,
    Retire,
    Sample,
    Simulate,
    Simulated,
    Stats,
    Waiting,
    decode_supervisor,
    encode,
)

__all__ = ["Supervision", "first_frame"]

_log = structlog.get_logger(__name__)
_SIMULATE_SECONDS = 40.0
"""More than the supervisor takes to find out that it does not start."""


def first_frame(channel: socket.socket) -> bytes:
    """The frame that a supervisor sends first. Raises `EOFError`."""
    frames = FrameReader()
    while data := channel.recv(1):  # no more than the frame: what follows is read by the loop
        if payloads := frames.feed(data):
            return payloads[0]
    raise EOFError("the supervisor closed the channel before it sent a configuration")


class Supervision:
    """One child's conversation with its supervisor."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._writer: asyncio.StreamWriter | None = None
        self._serving = False
        self._simulating: asyncio.Future[Simulated | NotSimulated] | None = None

    def ready(self) -> None:
        """Says that we serve."""
        self._serving = True
        self._send(Ready())

    def waiting(self, reason: str) -> None:
        """Says what we cannot serve without."""
        self._send(Waiting(reason))

    async def simulate(self, wanted: bool) -> Simulated | NotSimulated:
        """Has the simulated provider run on this host, or no longer. To be asked one at a time."""
        if self._writer is None or self._writer.is_closing():
            return NotSimulated("the supervisor of this host is not there; start the instance anew")
        self._simulating = asyncio.get_running_loop().create_future()
        self._send(Simulate(wanted))
        try:
            async with asyncio.timeout(_SIMULATE_SECONDS):
                return await self._simulating
        except TimeoutError:
            return NotSimulated("the supervisor of this host does not answer; try again, or start the instance anew")
        finally:
            self._simulating = None

    async def run(self, samples: Callable[[], list[Sample]], retire: Callable[[], None]) -> None:
        """Answers questions until the supervisor is gone; calls `retire` when this host is about to end."""
        reader, self._writer = await asyncio.open_connection(sock=self._channel)
        try:
            if self._serving:
                self._send(Ready())
            frames = FrameReader()
            while data := await reader.read(65536):
                for payload in frames.feed(data):
                    match decode_supervisor(payload):
                        case Collect(number):
                            self._send(Stats(number, samples()))
                        case Retire():
                            retire()
                        case Simulated() | NotSimulated() as answer:
                            if self._simulating is not None and not self._simulating.done():
                                self._simulating.set_result(answer)
            _log.warning("supervisor_gone")
        except ConnectionError:
            _log.warning("supervisor_gone")  # one that was killed says no goodbye
        finally:
            self._writer.close()

    def _send(self, message: ChildMessage) -> None:
        if self._writer is not None:
            self._writer.write(frame(encode(message)))
