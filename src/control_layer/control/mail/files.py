"""Mails kept as files, for development and for places without a mail server: one `.eml` each, for this user's eyes."""

from __future__ import annotations

import asyncio
import os
import uuid
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from pathlib import Path

from control_layer.control.mail.transport import MailDelayed

__all__ = ["FileTransport"]

_MAX_FILES = 1000
"""Beyond it the oldest go."""


class FileTransport:
    """Writes into one directory, which it makes with mode 0700; files have 0600."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def send(self, message: EmailMessage) -> None:
        to = str(message["To"])
        content = message.as_bytes(policy=policy.SMTP if to.isascii() else policy.SMTPUTF8)
        # At the moment of writing, whatever the message's own date: names are in the order of arrival.
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}Z-{uuid.uuid4()}.eml"
        try:
            await asyncio.to_thread(self._write, name, content)
        except OSError as error:
            raise MailDelayed(f"{self._directory} cannot be written ({error.strerror})") from error

    def _write(self, name: str, content: bytes) -> None:
        self._directory.mkdir(mode=0o700, exist_ok=True)
        fresh = self._directory / f".{name}.new"
        fd = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(content)
        fresh.rename(self._directory / name)
        for old in sorted(self._directory.glob("*.eml"))[:-_MAX_FILES]:
            old.unlink(missing_ok=True)
