"""An external check, asked for a person who tries it. Gateways ask by their own means."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import httpx
import msgspec

from control_layer.contract.guardrails import Question, Verdict

__all__ = ["NoVerdict", "ask"]

_MOST_BYTES = 16 * 1024 * 1024


class NoVerdict(Exception):
    """The service cannot be asked, or does not answer with a verdict; says why."""


async def ask(
    url: str, secret: str | None, question: Question, *, timeout_seconds: float, ca_file: Path | None
) -> Verdict:
    """What the service says, in that many seconds. Raises `NoVerdict`."""
    headers = {"content-type": "application/json"}
    if secret is not None:
        headers["authorization"] = f"Bearer {secret}"
    try:
        trust = await asyncio.to_thread(_trust, ca_file) if url.startswith("https:") else False
        async with (
            asyncio.timeout(timeout_seconds),
            httpx.AsyncClient(verify=trust, timeout=None) as client,  # noqa: S113 - bounded as a whole
            client.stream("POST", url, content=msgspec.json.encode(question), headers=headers) as answer,
        ):
            if answer.status_code != 200:
                raise NoVerdict(f"status {answer.status_code}")
            body = bytearray()
            async for piece in answer.aiter_bytes():
                body += piece
                if len(body) > _MOST_BYTES:
                    raise NoVerdict("its answer is too long")
        return msgspec.json.decode(body, type=Verdict)
    except TimeoutError:
        raise NoVerdict(f"no answer within {timeout_seconds:g} s") from None
    except msgspec.MsgspecError as error:
        raise NoVerdict(f"its answer is no verdict: {error}") from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        raise NoVerdict(f"it cannot be reached: {type(error).__name__}") from error


def _trust(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(cafile=ca_file)
    return context
