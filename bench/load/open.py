"""An open loop: requests leave on time whatever became of the earlier ones, so that a stall is seen by all it met.

It waits in epoll and is woken by a timer of the kernel's, since the event loops' own timers count in
milliseconds, which is more than what is measured.
"""

from __future__ import annotations

import select
import signal
import socket
import time

from bench.load.job import Latencies, Open, Target
from bench.load.response import ResponseReader

__all__ = ["run_open"]

_LAST_ANSWER_SECONDS = 5.0
_SOON_SECONDS = 1e-6
"""The shortest time a timer can be set for."""


class _Connection:
    """One socket and the request that is under way on it."""

    __slots__ = ("due", "reader", "sock", "target")

    def __init__(self, target: int, port: int) -> None:
        self.target = target
        self.due = 0.0
        self.reader = ResponseReader()
        self.sock = socket.create_connection(("127.0.0.1", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class OpenLoop:
    """Targets in turn; a connection for each request under way, kept for later ones."""

    def __init__(self, job: Open) -> None:
        self._targets: tuple[Target, ...] = job.targets
        self._interval = 1.0 / (job.rate * len(job.targets))
        self._count = int(job.seconds * job.rate) * len(job.targets)
        self._poll = select.epoll()
        self._idle: list[list[_Connection]] = [[] for _ in job.targets]
        self._busy: dict[int, _Connection] = {}
        self._latencies: list[list[float]] = [[] for _ in job.targets]
        self._late: list[float] = []
        self._bad = 0

    def run(self) -> Latencies:
        """Runs it."""
        alarm, wake = socket.socketpair()
        alarm.setblocking(False)
        wake.setblocking(False)
        self._poll.register(alarm.fileno(), select.EPOLLIN)
        signal.signal(signal.SIGALRM, lambda *_: None)
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        begun = time.monotonic() + 0.1
        end = begun + self._count * self._interval + _LAST_ANSWER_SECONDS
        sent = 0
        due = begun
        armed = True
        signal.setitimer(signal.ITIMER_REAL, due - time.monotonic())
        while sent < self._count or self._busy:
            for fd, _ in self._poll.poll(1.0):
                if fd == alarm.fileno():
                    alarm.recv(4096)
                    armed = False
                else:
                    self._receive(fd)
            now = time.monotonic()
            if now > end:
                break
            while sent < self._count and (due := begun + sent * self._interval) <= now:
                self._send(sent % len(self._targets), due)
                sent += 1
            if sent < self._count and not armed:
                armed = True
                signal.setitimer(signal.ITIMER_REAL, max(due - time.monotonic(), _SOON_SECONDS))
        return Latencies(self._latencies, self._late, self._bad + len(self._busy))

    def _send(self, number: int, due: float) -> None:
        target = self._targets[number]
        idle = self._idle[number]
        if idle:
            connection = idle.pop()
        else:
            connection = _Connection(number, target.port)
            self._poll.register(connection.sock.fileno(), select.EPOLLIN)
        connection.due = due
        self._busy[connection.sock.fileno()] = connection
        connection.sock.sendall(target.request)
        self._late.append(time.monotonic() - due)

    def _receive(self, fd: int) -> None:
        connection = self._busy.get(fd)
        if connection is None:
            self._poll.unregister(fd)
            return
        try:
            data = connection.sock.recv(65536)
        except ConnectionResetError:
            data = b""
        if not data:
            self._poll.unregister(fd)
        elif not connection.reader.feed(data):
            return
        del self._busy[fd]
        if data and connection.reader.good:
            self._latencies[connection.target].append(time.monotonic() - connection.due)
        else:
            self._bad += 1
        if data:
            self._idle[connection.target].append(connection)


def run_open(job: Open) -> Latencies:
    """Runs it."""
    return OpenLoop(job).run()
