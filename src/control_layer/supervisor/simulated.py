"""The simulated provider as a child: for `--demo`, or since somebody wanted it, until its endpoint is deleted.

Where it listens and its key are kept in a file, so that its endpoint is right after the next start, too. The socket is
ours: what comes while it is dead waits for the next one.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import secrets
import socket
import sys
import time
from pathlib import Path

import msgspec
import structlog

from control_layer.contract.supervision import NotSimulated, Simulate, Simulated
from control_layer.data_directory import write_secret
from control_layer.supervisor.errors import CannotStart
from control_layer.supervisor.process import child_environment
from control_layer.supervisor.restarts import Restarts

__all__ = ["SimulatedProvider"]

_log = structlog.get_logger(__name__)
_HOST = "127.0.0.1"
_BACKLOG = 4096
_KEY_BYTES = 32
_START_SECONDS = 20.0
_END_SECONDS = 5.0


class _Remembered(msgspec.Struct, frozen=True):
    """What its file holds, as JSON."""

    port: int
    key: str


class SimulatedProvider:
    """The one of this host. It gets its key on standard input, and ends when that closes: with us, however we end."""

    def __init__(self, file: Path) -> None:
        self.where: Simulated | None = None
        """`None` while nobody wants it."""
        self._file = file
        self._listener: socket.socket | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._changing = asyncio.Lock()
        self._restarts = Restarts(time.monotonic, random.random, first=0.1, last=10.0)

    @property
    def is_remembered(self) -> bool:
        """Whether it ran when the last instance ended."""
        return self._file.exists()

    async def answer(self, question: Simulate) -> Simulated | NotSimulated:
        """Has it run, or no longer, as the control plane wants."""
        if not question.wanted:
            await self._forget()
            return NotSimulated("it was ended")
        try:
            return await self.start()
        except CannotStart as error:
            _log.error("simulated_provider_not_started", error=str(error))
            return NotSimulated("it does not start; the messages of this instance say why")

    async def start(self) -> Simulated:
        """Starts it on loopback where it does not run, where it was before unless somebody has taken that port.

        Raises `CannotStart`.
        """
        async with self._changing:
            if self.where is None:
                try:
                    self.where = await self._started()
                except (TimeoutError, ValueError, KeyError, OSError) as error:
                    await self._end_process()
                    why = f"the simulated provider does not start ({error}); its message is above"
                    raise CannotStart(why) from error
                self._keeping = asyncio.create_task(self._keep(self.where.key), name="keep-simulated")
            return self.where

    async def end(self) -> None:
        """Ends it; the next start finds it as it was."""
        async with self._changing:
            if self._keeping is not None:
                self._keeping.cancel()
                await asyncio.wait([self._keeping])
                self._keeping = None
            await self._end_process()
            if self._listener is not None:
                self._listener.close()
                self._listener = None
            self.where = None

    async def _forget(self) -> None:
        await self.end()
        with contextlib.suppress(OSError):  # the next start asks again whether anybody wants it
            self._file.unlink(missing_ok=True)

    async def _started(self) -> Simulated:
        before = self._remembered()
        key = secrets.token_urlsafe(_KEY_BYTES) if before is None else before.key
        if self._listener is None:
            self._listener = _listen(0 if before is None else before.port)
        remembered = _Remembered(port=self._listener.getsockname()[1], key=key)
        if remembered != before:
            write_secret(self._file, msgspec.json.encode(remembered).decode())
        return Simulated(url=await self._launch(key), key=key)

    def _remembered(self) -> _Remembered | None:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=_Remembered)
        except (OSError, msgspec.MsgspecError):
            return None

    async def _launch(self, key: str) -> str:
        """Its base URL. Raises `TimeoutError`, `ValueError`, `KeyError` and OSError."""
        assert self._listener is not None
        fd = self._listener.fileno()
        process = self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-P", "-m", "control_layer.simulator", "--listen-fd", str(fd), "--api-key", "-", "--until-stdin-closes"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            pass_fds=(fd,),
            env=child_environment(os.environ),
            start_new_session=True,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{key}\n".encode())
        async with asyncio.timeout(_START_SECONDS):
            url = str(msgspec.json.decode(await process.stdout.readline())["url"])
        self._restarts.started()
        return url

    async def _keep(self, key: str) -> None:
        """Starts it again whenever it died. Ends by cancellation only."""
        while True:
            assert self._process is not None
            code = await self._process.wait()
            delay = self._restarts.died()
            _log.error("simulated_provider_died", exit_code=code, restart_seconds=round(delay, 2))
            await asyncio.sleep(delay)
            try:
                await self._launch(key)
            except (TimeoutError, ValueError, KeyError, OSError) as error:
                _log.error("simulated_provider_not_started", error=str(error))
                await self._end_process()

    async def _end_process(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            async with asyncio.timeout(_END_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def _listen(port: int) -> socket.socket:
    """A socket at `port`, or anywhere where that is taken. Raises OSError."""
    if port:
        with contextlib.suppress(OSError):
            return socket.create_server((_HOST, port), backlog=_BACKLOG)
    return socket.create_server((_HOST, 0), backlog=_BACKLOG)
