"""`email.*`: how mails leave."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from control_layer.settings.section import Duration, Section

__all__ = ["Email", "Smtp"]

_ADDRESS = r"[^\s<>@,;:\"()\[\]\\]+@[^\s<>@,;:\"()\[\]\\]+"
_SENDER = re.compile(rf'{_ADDRESS}|("[^"\\]*" *|[^<>@,;:"()\[\]\\]*)<{_ADDRESS}>')
_PORTS = {"starttls": 587, "tls": 465, "none": 25}


def _one_address(text: str) -> str:
    if not text.isprintable() or not _SENDER.fullmatch(text):
        raise ValueError("write one address, such as Control Layer <no-reply@example.org>")
    return text


class Smtp(Section):
    """The mail server."""

    host: str | None = None
    """Its name; the certificate must be for it."""
    port: int | None = Field(None, ge=1, le=65535)
    """`None`: 587 with `starttls`, 465 with `tls`, 25 with `none`."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """`starttls` and `tls` send nothing without TLS; `none` sends all in clear."""
    username: str | None = None
    """Who signs in there; by default nobody does."""
    password: SecretStr | None = None
    """Their password; sent over TLS only."""
    ca_bundle: Path | None = None
    """Extra certificate authorities for it, in PEM."""
    timeout: Annotated[Duration, Field(gt=timedelta(0), le=timedelta(minutes=1))] = timedelta(seconds=10)
    """The longest wait for each of its answers."""

    @property
    def port_in_use(self) -> int:
        """The port, with the default of the kind of security."""
        return self.port if self.port is not None else _PORTS[self.security]


class Email(Section):
    """Mails to people, such as links that set a new password."""

    transport: Literal["file", "smtp"] = "file"
    """`file` keeps each mail in the data directory's `mail`; `smtp` hands it to a server."""
    sender: Annotated[str, AfterValidator(_one_address)] = "Control Layer <no-reply@localhost>"
    """Whom mails come from."""
    smtp: Smtp = Smtp()
    """The mail server."""
