"""What a mail says, and the message it becomes (RFC 5322): plain text, and the same as simple HTML."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import make_msgid, parseaddr
from html import escape

__all__ = ["Letter", "Link", "UnusableAddress", "compose", "domain_of"]


_ATOMS = re.compile(r"[^\s\x00-\x1f\x7f-\x9f()<>\[\]:;@\\,\".]+(\.[^\s\x00-\x1f\x7f-\x9f()<>\[\]:;@\\,\".]+)*")
"""A dot-atom (RFC 5322, 3.2.3; RFC 6531 for what is beyond ASCII): what addresses look like that people have."""


class UnusableAddress(ValueError):
    """No mail can be sent to what stands in the account."""


@dataclass(frozen=True, slots=True)
class Link:
    """A paragraph of its own that can be clicked on. Its URL may be a secret."""

    url: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail to one person."""

    kind: str
    """What the log calls it."""
    to: str = field(repr=False)
    subject: str
    paragraphs: tuple[str | Link, ...] = field(repr=False)


def compose(letter: Letter, sender: str, now: datetime) -> EmailMessage:
    """The message. `sender` is one address, with or without a name. Raises `UnusableAddress`.

    No text can add a field or a recipient: the address must be one, and the library refuses line breaks in fields.
    """
    message = EmailMessage()
    message["From"] = sender
    message["To"] = _address(letter.to)
    message["Subject"] = " ".join(letter.subject.split())
    message["Date"] = now
    message["Message-ID"] = make_msgid(domain=domain_of(sender))
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no reply by machines
    message.set_content("\n\n".join(_plain(part) for part in letter.paragraphs) + "\n")
    html = "\n".join(f"<p>{_html(part)}</p>" for part in letter.paragraphs)
    message.add_alternative(f"<!doctype html>\n<html><body>\n{html}\n</body></html>\n", subtype="html")
    return message


def domain_of(sender: str) -> str:
    """The domain of an address, with or without a name before it."""
    return parseaddr(sender)[1].rpartition("@")[2] or "localhost"


def _address(text: str) -> Address:
    username, _, domain = text.partition("@")
    if not _ATOMS.fullmatch(username) or not _ATOMS.fullmatch(domain):
        raise UnusableAddress("the account's e-mail address is none that a mail can be sent to")
    return Address(username=username, domain=domain)


def _plain(part: str | Link) -> str:
    return part.url if isinstance(part, Link) else part


def _html(part: str | Link) -> str:
    if isinstance(part, Link):
        return f'<a href="{escape(part.url)}">{escape(part.url)}</a>'
    return escape(part)
