"""Asks the identity provider: within a deadline, for an answer of bounded size, at the very address that was named.

Redirects are not followed: they would take credentials along.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from control_layer import __version__

__all__ = ["Answer", "NoAnswer", "ProviderHttp"]

_DEADLINE_SECONDS = 10.0
_MAX_BYTES = 1024 * 1024
"""A discovery document or a key set is a few kilobytes; a token with very many groups some tens."""


class NoAnswer(Exception):
    """What kept us from an answer, for the log. Holds no secret."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the provider said."""

    status: int
    body: bytes


class ProviderHttp:
    """A client without state but its trust: the system's certificate authorities and those of `ca_file`."""

    def __init__(self, ca_file: Path | None) -> None:
        self._ca_file = ca_file
        self._trust: ssl.SSLContext | None = None

    async def get(self, url: str, *, bearer: str | None = None) -> Answer:
        """Raises `NoAnswer`."""
        return await self._send("GET", url, {} if bearer is None else {"authorization": f"Bearer {bearer}"}, None)

    async def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        """Sends a form. Raises `NoAnswer`."""
        return await self._send("POST", url, headers, form)

    async def _send(self, method: str, url: str, headers: Mapping[str, str], form: Mapping[str, str] | None) -> Answer:
        fields = {
            **headers,
            "accept": "application/json",
            "accept-encoding": "identity",
            "user-agent": f"control-layer/{__version__}",
        }
        place = "{0.scheme}://{0.netloc}{0.path}".format(urlsplit(url))
        try:
            if self._trust is None:
                self._trust = await asyncio.to_thread(self._load_trust)
            async with (
                asyncio.timeout(_DEADLINE_SECONDS),
                httpx.AsyncClient(verify=self._trust, timeout=None) as client,  # noqa: S113 - bounded as a whole
                client.stream(method, url, headers=fields, data=form) as response,
            ):
                return Answer(response.status_code, await _body(response, place))
        except TimeoutError:
            raise NoAnswer(f"{place} did not answer within {_DEADLINE_SECONDS:g} seconds") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            raise NoAnswer(f"{place} cannot be reached: {str(error) or type(error).__name__}") from error

    def _load_trust(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self._ca_file is not None:
            context.load_verify_locations(cafile=self._ca_file.expanduser())
        return context


async def _body(response: httpx.Response, place: str) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > _MAX_BYTES:
            raise NoAnswer(f"the answer of {place} is larger than {_MAX_BYTES} bytes")
    return bytes(body)
