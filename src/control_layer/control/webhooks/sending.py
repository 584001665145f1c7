"""One attempt: a POST to the very address that was checked, bounded in time, redirects not followed.

The answer's body is not read: nothing in it matters, and nobody learns from it what stands behind a firewall.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import httpx

from control_layer import __version__
from control_layer.control.webhooks.address import ForbiddenAddress, addresses_of

__all__ = ["Attempt", "Sender"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """How it went."""

    status: int | None
    error: str | None
    milliseconds: int

    @property
    def delivered(self) -> bool:
        """Whether the receiver says that it has the message."""
        return self.status is not None and 200 <= self.status < 300


class Sender:
    """Trusts the system's certificate authorities and those of `ca_file`. Keeps no connection."""

    def __init__(self, *, timeout_seconds: float, allow_private: bool, ca_file: Path | None) -> None:
        self._timeout = timeout_seconds
        self._allow_private = allow_private
        self._ca_file = ca_file
        self._trust: ssl.SSLContext | None = None

    async def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> Attempt:
        """Never raises for what the receiver or the way to it does."""
        began = time.monotonic()
        status, error = None, None
        try:
            if self._trust is None:
                self._trust = await asyncio.to_thread(self._load_trust)
            async with asyncio.timeout(self._timeout):
                status = await self._posted(url, body, headers, self._trust)
        except TimeoutError:
            error = f"no answer within {self._timeout:g} seconds"
        except ForbiddenAddress as refusal:
            error = str(refusal)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as failure:
            error = _explained(failure)
        return Attempt(status, error, round((time.monotonic() - began) * 1000))

    async def _posted(self, url: str, body: bytes, headers: Mapping[str, str], trust: ssl.SSLContext) -> int:
        split = urlsplit(url)
        host, port = split.hostname or "", split.port or (443 if split.scheme == "https" else 80)
        fields = {
            **headers,
            "host": split.netloc,
            "content-type": "application/json",
            "user-agent": f"control-layer/{__version__}",
        }
        addresses = await addresses_of(host, port, allow_private=self._allow_private)
        async with httpx.AsyncClient(verify=trust, timeout=None, trust_env=False) as client:  # noqa: S113 - bounded
            for index, address in enumerate(addresses, 1):
                place = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
                target = urlunsplit((split.scheme, place, split.path, split.query, ""))
                try:
                    request = client.stream(
                        "POST", target, content=body, headers=fields, extensions={"sni_hostname": host}
                    )
                    async with request as response:
                        return response.status_code
                except httpx.ConnectError:
                    if index == len(addresses):
                        raise
        raise OSError("the name stands for no address")

    def _load_trust(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self._ca_file is not None:
            context.load_verify_locations(cafile=self._ca_file.expanduser())
        return context


def _explained(error: BaseException) -> str:
    """The innermost cause in plain words; nothing of the URL, which may be a secret."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    match error:
        case socket.gaierror():
            return "the host's name cannot be resolved"
        case ConnectionRefusedError():
            return "the connection was refused"
        case ssl.SSLCertVerificationError():
            return f"the TLS certificate is not trusted: {error.verify_message}"
        case ssl.SSLError():
            return f"TLS failed ({error.reason})"
        case _:
            return f"no answer: {type(error).__name__}"
