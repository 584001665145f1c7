"""Making one connection: names resolved anew each time, addresses raced (RFC 8305), proxies passed, TLS begun.

The slow path of a pool; everything in it has the caller's deadline.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Callable
from typing import TypeVar

import aiohappyeyeballs

from control_layer.wire.errors import ConnectFailed
from control_layer.wire.origin import Origin
from control_layer.wire.proxy import Proxy

__all__ = ["connect"]

_RACE_DELAY_SECONDS = 0.25  # RFC 8305, 8: the recommended connection attempt delay
_MAX_PROXY_HEAD = 16 * 1024

P = TypeVar("P", bound=asyncio.Protocol)


async def connect(
    loop: asyncio.AbstractEventLoop,
    protocol: Callable[[], P],
    origin: Origin,
    tls: ssl.SSLContext | None,
    proxy: Proxy | None,
) -> P:
    """Connects and returns the protocol. Raises ConnectFailed with a reason an operator understands."""
    host = origin.host if proxy is None else proxy.host
    try:
        if origin.scheme == "unix":
            _, made = await loop.create_unix_connection(protocol, origin.host)
            return made
        sock = await _open(loop, host, origin.port if proxy is None else proxy.port)
        try:
            if proxy is not None and origin.scheme == "https":
                await _tunnel(loop, sock, origin, proxy)
            server_hostname = origin.host if tls is not None else None
            _, made = await loop.create_connection(protocol, sock=sock, ssl=tls, server_hostname=server_hostname)
        except BaseException:
            sock.close()
            raise
    except ssl.SSLCertVerificationError as error:
        raise ConnectFailed(f"the certificate of {origin.host} is not trusted: {error.verify_message}") from error
    except ssl.SSLError as error:
        raise ConnectFailed(f"TLS with {origin.host} failed: {error.reason or error}") from error
    except socket.gaierror as error:
        raise ConnectFailed(f"the name {host} cannot be resolved: {error.strerror}") from error
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)  # theirs does not say "refused"
        raise ConnectFailed(f"{host}: {reason}") from error
    except ValueError as error:  # what IDNA and ssl raise for impossible names
        raise ConnectFailed(f"{host!r} is no name of a host: {error}") from error
    return made


async def _open(loop: asyncio.AbstractEventLoop, host: str, port: int) -> socket.socket:
    addresses = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return await aiohappyeyeballs.start_connection(
        addresses, happy_eyeballs_delay=_RACE_DELAY_SECONDS, interleave=1, loop=loop
    )


async def _tunnel(loop: asyncio.AbstractEventLoop, sock: socket.socket, origin: Origin, proxy: Proxy) -> None:
    """CONNECT (RFC 9110, 9.3.6)."""
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    target = f"{host}:{origin.port}".encode()
    lines = [b"CONNECT %b HTTP/1.1" % target, b"host: %b" % target]
    if proxy.authorization is not None:
        lines.append(b"proxy-authorization: %b" % proxy.authorization)
    await loop.sock_sendall(sock, b"\r\n".join(lines) + b"\r\n\r\n")
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        # Byte by byte: nothing of what follows the head may be taken from the socket.
        data = await loop.sock_recv(sock, 1)
        if not data or len(head) > _MAX_PROXY_HEAD:
            raise ConnectFailed(f"the proxy {proxy.host} closed the connection instead of making a tunnel")
        head += data
    status = head.split(b" ", 2)[1:2]
    if not status or not status[0].startswith(b"2"):
        shown = head.split(b"\r\n", 1)[0].decode("latin-1")
        raise ConnectFailed(f"the proxy {proxy.host} refused a tunnel to {origin.host}: {shown}")
