"""The sockets of an instance. The supervisor holds the public ones for its whole life, so that none is ever closed
between two workers.
"""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import socket
import sys

from control_layer.supervisor.errors import CannotStart

__all__ = ["PublicListeners", "listen"]

_BACKLOG = 4096
_SHARES_FAIRLY = sys.platform == "linux"
"""Elsewhere SO_REUSEPORT does not spread connections over its sockets."""
_NO_SUCH_ADDRESS = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


class PublicListeners:
    """A socket per worker and address, all on one port (SO_REUSEPORT).

    The kernel spreads connections over them by hash. Workers that share one socket race for it: of 64 connections that
    came at once, one of two workers took up to 61. A dead worker's socket keeps what waits in it for the next one.
    """

    def __init__(self, host: str, port: int) -> None:
        """Raises `CannotStart`."""
        self._host = host
        if _SHARES_FAIRLY and port:
            # A socket without the option shows whether the port is free; with it, another instance's would be joined.
            for probe in listen(host, port, setting="port"):
                probe.close()
        self._rows = [listen(host, port, setting="port", reuse_port=_SHARES_FAIRLY)]

    @property
    def port(self) -> int:
        """The port, also where a free one was asked for."""
        return int(self._rows[0][0].getsockname()[1])

    @property
    def nearest(self) -> tuple[str, int]:
        """An address and the port at which this host itself reaches the listeners: loopback where they listen there."""
        sock = self._rows[0][0]
        host, port = sock.getsockname()[:2]
        if ipaddress.ip_address(host).is_unspecified:
            host = "127.0.0.1" if sock.family == socket.AF_INET else "::1"
        return host, port

    def share(self, number: int, workers: int) -> list[int]:
        """Descriptors for one of so many workers: together they have every socket there is. Raises `CannotStart`."""
        if not _SHARES_FAIRLY:
            return [sock.fileno() for sock in self._rows[0]]
        while len(self._rows) < workers:
            self._rows.append(listen(self._host, self.port, setting="port", reuse_port=True))
        # More sockets than workers are left when their number went down; closing one would reset what waits in it.
        return [sock.fileno() for row in self._rows[number::workers] for sock in row]

    def close(self) -> None:
        """Closes our ends; workers that still serve have their own."""
        for row in self._rows:
            for sock in row:
                sock.close()


def listen(host: str, port: int, *, setting: str, reuse_port: bool = False) -> list[socket.socket]:
    """Sockets that listen at every address of `host`; port 0 takes a free one. Raises `CannotStart`.

    `setting` is the name of the key that holds the port, for the message.
    """
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as error:
        raise CannotStart(
            f"the address {host} is not known on this machine ({error.strerror}); change 'host'"
        ) from error
    sockets: list[socket.socket] = []
    missing: OSError | None = None
    try:
        for family, _, _, _, address in dict.fromkeys(found):
            bound = sockets[0].getsockname()[1] if sockets else port
            try:
                sockets.append(_listen_at(family, (address[0], bound, *address[2:]), reuse_port=reuse_port))
            except OSError as error:
                if error.errno not in _NO_SUCH_ADDRESS:
                    raise
                missing = error  # such as ::1 of localhost, where IPv6 is off
        if missing is not None and not sockets:
            raise missing
    except OSError as error:
        for sock in sockets:
            with contextlib.suppress(OSError):
                sock.close()
        raise CannotStart(_explained(error, host, port, setting)) from error
    return sockets


def _listen_at(family: int, address: tuple[object, ...], *, reuse_port: bool) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(address)
        sock.listen(_BACKLOG)
        sock.setblocking(False)
    except BaseException:
        sock.close()
        raise
    return sock


def _explained(error: OSError, host: str, port: int, setting: str) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"port {port} on {host} is taken by another program; stop it, or choose another with '{setting}'"
        case errno.EACCES:
            return f"port {port} needs privileges that this account lacks; choose one from 1024 up with '{setting}'"
        case errno.EADDRNOTAVAIL:
            return f"the address {host} does not belong to this machine; change 'host'"
    return f"{host}:{port} cannot be listened on: {error.strerror}"
