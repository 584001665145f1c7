"""A real mail server on loopback: it keeps what it takes, and can refuse."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session

USERNAME = "gateway"
PASSWORD = "the mail server's password"


@dataclass(slots=True)
class MailServer:
    """What it took, and what it says first."""

    taken: list[Envelope] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    logins: list[bool] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    """What it says to the next messages, instead of taking them."""
    port: int = 0

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        if self.answers:
            return self.answers.pop(0)
        self.taken.append(envelope)
        self.sessions.append(session)
        return "250 OK"

    def authenticate(self, server: Any, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        """Whether the login is right."""
        expected = LoginPassword(USERNAME.encode(), PASSWORD.encode())
        self.logins.append(data == expected)
        return AuthResult(success=data == expected, handled=False)


class _Listening(Controller):
    """On a port that is free."""

    def _trigger_server(self) -> None:
        # The library connects to the port that it was told; it was told to take any.
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@contextmanager
def mail_server(**options: Any) -> Iterator[MailServer]:
    """It runs in a thread of its own. `options` are those of aiosmtpd's `SMTP`."""
    server = MailServer()
    controller = _Listening(
        server, hostname="127.0.0.1", port=0, ready_timeout=30, authenticator=server.authenticate, **options
    )
    controller.start()
    try:
        server.port = controller.port
        yield server
    finally:
        controller.stop()


def server_tls(authority: Any, host: str = "127.0.0.1") -> ssl.SSLContext:
    """The server's side of TLS, with a certificate by `authority` (trustme) for `host`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(context)
    return context
