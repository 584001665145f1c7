"""One child process and the channel to it.

The child inherits one end of a socket pair; its configuration is the first frame, so that no secret stands in an
argument list or an environment. When the channel closes, the other side is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Collection, Mapping

import msgspec
import structlog

from control_layer.contract.frames import FrameReader, FrameTooLarge, frame
from control_layer.contract.supervision import (
    Collect,
    NotSimulated,
    Ready,
    Retire,
    Simulate,
    Simulated,
    Stats,
    Waiting,
    decode_child,
    encode,
)
from control_layer.settings_sources import PREFIX

__all__ = ["Answer", "Process", "child_environment"]

_log = structlog.get_logger(__name__)
_READ_BYTES = 65536
_SECRETS = ("DATABASE_URL", "DATABASE_REPLICA_URL", "SECRET_KEY")
_PULSE_SECONDS = 5.0
_SILENCE_SECONDS = 30.0
_MAX_SILENCES = 2
"""One silence may be our own: when we were the ones who were stopped, its deadline passes before its answer is read."""
_LAST_WORDS_SECONDS = 1.0

Answer = Callable[[Simulate], Awaitable[Simulated | NotSimulated]]


def child_environment(environment: Mapping[str, str], withheld: Collection[str] = ()) -> dict[str, str]:
    """What children get of our environment: nothing of our settings, which hold secrets and come over the channel.

    `withheld` are upper-case names of more that the child does not need from there.
    """
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith(PREFIX) and name not in _SECRETS and name.upper() not in withheld
    }


class Process:
    """A running child. `ready` is set once it serves, `exited` once it has ended."""

    def __init__(
        self, name: str, process: asyncio.subprocess.Process, channel: socket.socket, answer: Answer | None
    ) -> None:
        self.name = name
        self.started_at = time.time()
        """Unix seconds."""
        self.ready = asyncio.Event()
        self.exited = asyncio.Event()
        self.exit_code: int | None = None
        self.waiting_for: str | None = None
        """What the child says it cannot start without, such as an answer of the database's."""
        self.last_stats: Stats | None = None
        """What it said last of its metrics; a gateway says it once more before it ends."""
        self._process = process
        self._channel = channel
        self._writer: asyncio.StreamWriter | None = None
        self._number = 0
        self._answer = answer
        self._answering: set[asyncio.Task[None]] = set()
        self._asked: dict[int, asyncio.Future[Stats]] = {}
        self._listening = asyncio.create_task(self._listen(), name=f"listen-{name}")
        self._watching = asyncio.create_task(self._watch(), name=f"watch-{name}")
        self._reaping = asyncio.create_task(self._reap(), name=f"reap-{name}")

    @classmethod
    async def start(
        cls,
        name: str,
        module: str,
        config: msgspec.Struct,
        *,
        inherited: tuple[int, ...] = (),
        withheld: Collection[str] = (),
        answer: Answer | None = None,
    ) -> Process:
        """Starts `python -m module FD` and sends it its configuration; `answer` is for what it asks. Raises OSError.

        It runs in a session of its own: Ctrl-C on the terminal is for the supervisor.
        """
        ours, theirs = socket.socketpair()
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-P", "-m", module, str(theirs.fileno())),  # -P: nothing is imported from where we happen to stand
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=(theirs.fileno(), *inherited),
                env=child_environment(os.environ, withheld),
                start_new_session=True,
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        ours.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_sendall(ours, frame(msgspec.msgpack.encode(config)))
        except BaseException:
            ours.close()  # it ends without a configuration
            raise
        return cls(name, process, ours, answer)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def collect(self, deadline_seconds: float) -> Stats | None:
        """The child's metrics, or `None` where it does not answer in time."""
        writer = self._writer
        if writer is None or writer.is_closing():
            return None
        self._number += 1
        number = self._number
        answer: asyncio.Future[Stats] = asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        try:
            writer.write(frame(encode(Collect(number))))
            async with asyncio.timeout(deadline_seconds):
                stats = await answer
        except (TimeoutError, OSError):
            return None
        else:
            return stats
        finally:
            self._asked.pop(number, None)

    def retire(self) -> None:
        """Lets it begin nothing more of its own accord; it goes on answering."""
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(frame(encode(Retire())))

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal, where there is still somebody to take it."""
        if not self.exited.is_set():
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def end(self, grace_seconds: float) -> None:
        """Asks it to end; after the grace it is killed. Returns when it is gone."""
        self.signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(grace_seconds):
                await self.exited.wait()
        except TimeoutError:
            _log.warning("child_killed", child=self.name, pid=self.pid, grace_seconds=grace_seconds)
            self.signal(signal.SIGKILL)
            await self.exited.wait()

    async def _reap(self) -> None:
        self.exit_code = await self._process.wait()
        self._watching.cancel()
        # What it said last may still be on its way to us.
        await asyncio.wait([self._listening], timeout=_LAST_WORDS_SECONDS)
        self.exited.set()

    async def _watch(self) -> None:
        """Asks a serving child now and then: its counts are kept in case it dies, and one that hangs is killed."""
        await self.ready.wait()
        silences = 0
        while True:
            await asyncio.sleep(_PULSE_SECONDS)
            silences = 0 if await self.collect(_SILENCE_SECONDS) is not None else silences + 1
            if silences >= _MAX_SILENCES:
                _log.error("child_hangs", child=self.name, pid=self.pid, silent_seconds=silences * _SILENCE_SECONDS)
                self.signal(signal.SIGKILL)
                return

    async def _listen(self) -> None:
        try:
            reader, self._writer = await asyncio.open_connection(sock=self._channel)
            frames = FrameReader()
            while data := await reader.read(_READ_BYTES):
                for payload in frames.feed(data):
                    self._said(payload)
        except (OSError, FrameTooLarge, msgspec.MsgspecError) as error:
            _log.warning("child_channel_broken", child=self.name, error=str(error) or type(error).__name__)
        finally:
            if self._writer is not None:
                self._writer.close()
                self._writer = None
            for answer in self._asked.values():
                if not answer.done():
                    answer.set_exception(ConnectionResetError(f"{self.name} closed its channel"))

    def _said(self, payload: bytes) -> None:
        match decode_child(payload):
            case Ready():
                self.waiting_for = None
                self.ready.set()
            case Waiting(reason):
                self.waiting_for = reason
            case Simulate() as question:
                answering = asyncio.create_task(self._reply(question), name=f"answer-{self.name}")
                self._answering.add(answering)
                answering.add_done_callback(self._answering.discard)
            case Stats(number) as stats:
                self.last_stats = stats
                answer = self._asked.get(number)
                if answer is not None and not answer.done():
                    answer.set_result(stats)

    async def _reply(self, question: Simulate) -> None:
        if self._answer is None:
            return
        answer = await self._answer(question)
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(frame(encode(answer)))
