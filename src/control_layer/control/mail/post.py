"""The post office: a letter is written out, carried, and carried again where it was not taken."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import structlog

from control_layer.control.mail.files import FileTransport
from control_layer.control.mail.letter import Letter, UnusableAddress, compose
from control_layer.control.mail.smtp import SmtpTransport
from control_layer.control.mail.transport import MailDelayed, MailRefused, Transport
from control_layer.settings import Email

__all__ = ["Post", "open_post"]

_log = structlog.get_logger(__name__)
_PAUSES_SECONDS = (1.0, 5.0, 30.0)


class Post:
    """Sends letters in the instance's name."""

    def __init__(self, sender: str, transport: Transport, pauses_seconds: Sequence[float] = _PAUSES_SECONDS) -> None:
        self._sender = sender
        self._transport = transport
        self._pauses = pauses_seconds

    async def send(self, letter: Letter, now: datetime) -> None:
        """One try. Raises `UnusableAddress`, `MailRefused`, `MailDelayed`."""
        await self._transport.send(compose(letter, self._sender, now))

    async def deliver(self, letter: Letter, now: datetime) -> bool:
        """Whether somebody took it in the end. Where nobody did, the log says why, and nothing of what it says."""
        try:
            message = compose(letter, self._sender, now)
        except UnusableAddress as error:
            _log.warning("mail_not_sent", kind=letter.kind, reason=str(error))
            return False
        for pause in (*self._pauses, None):
            try:
                await self._transport.send(message)
            except MailDelayed as error:
                if pause is not None:
                    _log.warning("mail_delayed", kind=letter.kind, reason=str(error), retry_seconds=pause)
                    await asyncio.sleep(pause)
                    continue
                _log.error("mail_not_sent", kind=letter.kind, reason=str(error))
            except MailRefused as error:
                _log.error("mail_not_sent", kind=letter.kind, reason=str(error))
            else:
                return True
            break
        return False


def open_post(settings: Email, directory: Path) -> Post:
    """The configured way. `directory` is for files. Raises `OSError` for certificates that cannot be used."""
    transport: Transport
    transport = SmtpTransport(settings.smtp) if settings.transport == "smtp" else FileTransport(directory)
    return Post(settings.sender, transport)
