"""How a message leaves: the ways there are (`files`, `smtp`), and how they fail."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Protocol

__all__ = ["MailDelayed", "MailRefused", "Transport"]


class MailRefused(Exception):
    """It will never be taken as it is. The message holds nothing of the mail."""


class MailDelayed(Exception):
    """It was not taken this time. The message holds nothing of the mail."""


class Transport(Protocol):
    """One way out."""

    async def send(self, message: EmailMessage) -> None:
        """Returns once somebody else has the message. Raises `MailRefused`, `MailDelayed`."""
        ...
