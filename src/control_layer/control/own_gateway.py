"""This host's own gateways, asked by the control plane as any client would: in its own name or in a person's."""

from __future__ import annotations

import asyncio
import re
import ssl
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from pathlib import Path

import httpx

from control_layer import __version__
from control_layer.contract.explanation import EXPLAIN_FIELD
from control_layer.control.api_keys.secret import KeySecret
from control_layer.control.config import GatewayAddress

__all__ = ["AnswerTooLarge", "BrokenAnswer", "GatewayAnswer", "GatewayCaller", "GatewayUnreachable", "OwnGateway"]

_CONNECT_SECONDS = 5.0
MAX_ANSWER_BYTES = 1024 * 1024
_FIRST_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


class GatewayUnreachable(Exception):
    """No gateway of ours took the request: that says nothing about any model. The message says why."""


class BrokenAnswer(Exception):
    """The request was taken, but no whole answer came of it; the message says why."""


class AnswerTooLarge(BrokenAnswer):
    """The answer would be no smaller the next time."""


@dataclass(frozen=True, slots=True)
class GatewayCaller:
    """In whose name the gateway is asked, by something other than a probe."""

    key: KeySecret
    request_id: str
    """Goes into the request log as the client's own id."""
    completion_window: str | None = None
    """What a batch was promised, which decides its price."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayAnswer:
    """A whole answer."""

    status: int
    body: bytes
    seconds: float
    """From the request to the end of the answer."""
    request_id: str | None
    """The id of its row in the request log."""


class OwnGateway:
    """Makes a connection for each request: a worker that is about to leave is not asked once more."""

    def __init__(self, address: GatewayAddress | None, key: KeySecret) -> None:
        self._address = address
        self._key = key
        self._trust: ssl.SSLContext | None = None
        self._streaming: httpx.AsyncHTTPTransport | None = None

    async def ask(
        self,
        method: str,
        target: str,
        *,
        body: bytes | None,
        model: str,
        timeout_seconds: float,
        caller: GatewayCaller | None = None,
        explains: str | None = None,
        max_answer_bytes: int = MAX_ANSWER_BYTES,
    ) -> GatewayAnswer:
        """What the gateway answers. `target` is a path with its query; `model` names the model where no body does.
        It is asked with the system key, as a probe, unless there is a `caller`. `explains` is the id of a key: what
        would be done with its request is told, and nothing is done.

        Raises `GatewayUnreachable` and `BrokenAnswer`.
        """
        address = self._address_of_one()
        trust = await self._verification(address)
        headers = [
            (b"authorization", f"Bearer {(self._key if caller is None else caller.key).text}".encode()),
            (b"user-agent", f"control-layer-{'probe' if caller is None else 'batch'}/{__version__}".encode()),
            (b"accept", b"application/json"),
            (b"content-type", b"application/json") if body is not None else (b"x-model", model.encode()),
        ]
        if explains is not None:
            headers.append((EXPLAIN_FIELD.encode(), explains.encode()))
        if caller is not None:
            headers.append((b"x-request-id", caller.request_id.encode()))
            if caller.completion_window is not None:
                headers.append((b"x-control-layer-completion-window", caller.completion_window.encode()))
        request = httpx.Request(
            method,
            _base(address) + target,
            headers=headers,
            content=body,
            extensions={"timeout": {"connect": _CONNECT_SECONDS}},
        )
        transport = httpx.AsyncHTTPTransport(verify=trust)  # as it is: no proxy of the environment stands in between
        started = time.monotonic()
        try:
            async with asyncio.timeout(timeout_seconds), transport:
                response = await transport.handle_async_request(request)
                content = await _content(response, max_answer_bytes)
        except TimeoutError:
            raise BrokenAnswer(f"No answer within {timeout_seconds:g} seconds") from None
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise GatewayUnreachable(f"The gateway at {_base(address)} cannot be reached: {_reason(error)}") from error
        except httpx.HTTPError as error:
            raise BrokenAnswer(f"The answer broke off: {_reason(error)}") from error
        if response.status_code == 401 and caller is None:  # its own: a provider that refuses our credential is a 502
            raise GatewayUnreachable("The gateway does not know the system key yet; try again in a moment")
        return GatewayAnswer(
            status=response.status_code,
            body=content,
            seconds=time.monotonic() - started,
            request_id=response.headers.get("x-request-id"),
        )

    async def stream(
        self,
        method: str,
        target: bytes,
        *,
        fields: Sequence[tuple[bytes, bytes]],
        body: AsyncIterator[bytes] | None,
        caller: GatewayCaller,
    ) -> httpx.Response:
        """The answer as soon as it begins; whoever asked reads it and closes it. It takes as long as it takes.

        `target` goes out as it is. `fields` are the caller's own but for their credential.
        Raises `GatewayUnreachable`, `BrokenAnswer`, and what `body` raises.
        """
        address = self._address_of_one()
        if self._streaming is None:
            trust = await self._verification(address)
            limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
            self._streaming = httpx.AsyncHTTPTransport(verify=trust, limits=limits, trust_env=False)
        request = httpx.Request(
            method,
            _base(address),
            headers=[
                *fields,
                (b"authorization", f"Bearer {caller.key.text}".encode()),
                (b"x-request-id", caller.request_id.encode()),
            ],
            content=body,
            extensions={"timeout": {"connect": _CONNECT_SECONDS}, "target": target},
        )
        try:
            return await self._streaming.handle_async_request(request)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise GatewayUnreachable(f"The gateway at {_base(address)} cannot be reached: {_reason(error)}") from error
        except httpx.HTTPError as error:
            raise BrokenAnswer(f"There was no answer: {_reason(error)}") from error

    def _address_of_one(self) -> GatewayAddress:
        if self._address is None:
            raise GatewayUnreachable("This control plane has no gateway of its own")
        return self._address

    async def _verification(self, address: GatewayAddress) -> ssl.SSLContext | bool:
        """What httpx takes as `verify`. Raises `GatewayUnreachable`."""
        return await asyncio.to_thread(self._trusted, address.certificate) if address.certificate else False

    def _trusted(self, certificate: str) -> ssl.SSLContext:
        """Trust in exactly the certificate the gateways were configured with; they are called by address, not by name.

        Raises `GatewayUnreachable`.
        """
        if self._trust is None:
            try:
                own = _FIRST_CERTIFICATE.search(Path(certificate).read_text())
                if own is None:
                    raise GatewayUnreachable(f"{certificate} holds no certificate")
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                context.check_hostname = False
                context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
                context.load_verify_locations(cadata=own[0])
            except (OSError, ValueError) as error:
                raise GatewayUnreachable(f"{certificate} cannot be read: {error}") from error
            self._trust = context
        return self._trust


async def _content(response: httpx.Response, max_bytes: int) -> bytes:
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > max_bytes:
            raise AnswerTooLarge(f"HTTP {response.status_code} - The answer is larger than {max_bytes} bytes")
    return bytes(content)


def _base(address: GatewayAddress) -> str:
    host = f"[{address.host}]" if isinstance(ip_address(address.host), IPv6Address) else address.host
    return f"{'https' if address.certificate else 'http'}://{host}:{address.port}"


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
