"""The simulated provider as a child, for `--demo`."""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
import time

import structlog

from control_layer.supervisor.errors import CannotStart
from control_layer.supervisor.process import child_environment
from control_layer.supervisor.restarts import Restarts

__all__ = ["SimulatedProvider"]

_log = structlog.get_logger(__name__)
_START_SECONDS = 20.0
_END_SECONDS = 5.0


class SimulatedProvider:
    """It gets its key on standard input, and ends when that closes: with us, however we end."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._process: asyncio.subprocess.Process | None = None
        self._port = 0
        self._restarts = Restarts(time.monotonic, random.random, first=0.1, last=10.0)

    async def start(self) -> str:
        """Starts it on loopback, again on the same port; returns its base URL. Raises `CannotStart`."""
        try:
            process = self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-P", "-m", "control_layer.simulator", "--port", str(self._port)),
                *("--api-key", "-", "--until-stdin-closes"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env=child_environment(os.environ),
                start_new_session=True,
            )
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(f"{self._key}\n".encode())
            async with asyncio.timeout(_START_SECONDS):
                told = json.loads(await process.stdout.readline())
            self._port = int(told["port"])
            self._restarts.started()
            return str(told["url"])
        except (TimeoutError, ValueError, KeyError, OSError) as error:
            await self.end()
            raise CannotStart(f"the simulated provider does not start ({error}); its message is above") from error

    async def keep(self) -> None:
        """Starts it again whenever it died. Ends by cancellation only."""
        while True:
            assert self._process is not None
            code = await self._process.wait()
            delay = self._restarts.died()
            _log.error("simulated_provider_died", exit_code=code, restart_seconds=round(delay, 2))
            await asyncio.sleep(delay)
            try:
                await self.start()
            except CannotStart as error:
                _log.error("simulated_provider_not_started", error=str(error))

    async def end(self) -> None:
        """Ends it."""
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
