"""The simulated provider as a child, for `--demo`."""

from __future__ import annotations

import asyncio
import json
import os
import sys

from control_layer.supervisor.errors import CannotStart
from control_layer.supervisor.process import child_environment

__all__ = ["SimulatedProvider"]

_START_SECONDS = 20.0
_END_SECONDS = 5.0


class SimulatedProvider:
    """It gets its key on standard input, and ends when that closes: with us, however we end."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, port: int = 0) -> str:
        """Starts it on loopback; returns its base URL. Raises `CannotStart`."""
        try:
            process = self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "control_layer.simulator", "--port", str(port), "--api-key", "-", "--until-stdin-closes"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env=child_environment(os.environ),
                start_new_session=True,
            )
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(f"{self._key}\n".encode())
            async with asyncio.timeout(_START_SECONDS):
                line = await process.stdout.readline()
            return str(json.loads(line)["url"])
        except (TimeoutError, ValueError, KeyError, OSError) as error:
            await self.end()
            raise CannotStart(f"the simulated provider does not start ({error}); its message is above") from error

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    async def exited(self) -> int:
        """Waits for its end."""
        assert self._process is not None
        return await self._process.wait()

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
