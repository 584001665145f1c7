"""The public sockets. The supervisor holds them for its whole life, so that none is ever closed between two workers."""

from __future__ import annotations

import contextlib
import errno
import socket

from control_layer.supervisor.errors import CannotStart

__all__ = ["listen"]

_BACKLOG = 4096


def listen(host: str, port: int, *, setting: str) -> list[socket.socket]:
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
    try:
        for family, kind, protocol, _, address in dict.fromkeys(found):
            bound = sockets[0].getsockname()[1] if sockets else port
            sock = socket.socket(family, kind, protocol)
            sockets.append(sock)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.bind((address[0], bound, *address[2:]))
            sock.listen(_BACKLOG)
            sock.setblocking(False)
    except OSError as error:
        for sock in sockets:
            with contextlib.suppress(OSError):
                sock.close()
        raise CannotStart(_explained(error, host, port, setting)) from error
    return sockets


def _explained(error: OSError, host: str, port: int, setting: str) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"port {port} on {host} is taken by another program; stop it, or choose another with '{setting}'"
        case errno.EACCES:
            return f"port {port} needs privileges that this account lacks; choose one from 1024 up with '{setting}'"
        case errno.EADDRNOTAVAIL:
            return f"the address {host} does not belong to this machine; change 'host'"
    return f"{host}:{port} cannot be listened on: {error.strerror}"
